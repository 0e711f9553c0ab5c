from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.engine.records import Run
from sim.engine.state import Disposition
from sim.orchestration.relief import MOST_TOLD_S
from sim.outcomes.relief import jain, relief_outcome
from sim.scenario.model import Scenario
from tests.outcomes.made_up import cell, rows, run, scenario


def with_relief() -> Scenario:
    """The made-up centre with everything for long queues."""
    return scenario(watch={}, relief={"deflect": {}, "callback": {}, "message": {}, "meter": {}})


def one_run(contacts: dict[str, Any] | None = None, **counters: Any) -> Run:
    """A run whose only cell has these counts."""
    return run([cell(1, 0, 0, **counters)], made_in=with_relief(), contacts=contacts)


def test_without_relief_there_is_nothing_to_tell() -> None:
    """None, and not zeros."""
    assert relief_outcome([run([cell(1, 0, 0, queued=5)])]) is None


def test_an_open_promise_is_not_kept() -> None:
    """Of ten promises six are reached, five on time, one fails, three are open: 60 % reached, 50 % kept."""
    counts: dict[str, Any] = {
        "callbacks": 10.0,
        "called_back": 6.0,
        "callbacks_on_time": 5.0,
        "callbacks_failed": 1.0,
    }
    found = relief_outcome([one_run(**counts, callback_wait_s=6 * 900.0)])
    assert found is not None
    assert found.callbacks is not None

    assert 3.0 == found.callbacks.open.value
    assert (0.6, 0.5) == (found.callbacks.reached_share.value, found.callbacks.kept_share.value)
    assert 900.0 == found.callbacks.true_wait_s.value
    assert found.told is None
    assert found.deflections is None
    assert found.metering is None


def test_told_waits_against_true_ones() -> None:
    """Told 60, 120 and 0 s, truly 90, 90 and 10 s; a silent one and one who gave up are nobody's error."""
    found = relief_outcome(
        [
            one_run(
                rows(
                    5,
                    queue_s=np.zeros(5),
                    answer_s=np.array([90.0, 90.0, 10.0, 500.0, np.nan]),
                    told_s=np.array([60.0, 120.0, 0.0, 60.0, 60.0]),
                    ghost=[0, 0, 0, 1, 0],
                )
            )
        ]
    )
    assert found is not None
    assert found.told is not None

    assert 3.0 == found.told.contacts.value
    assert -10 / 3 == pytest.approx(found.told.bias_s.value)
    assert 70 / 190 == pytest.approx(found.told.error_share.value)
    assert 1 / 3 == pytest.approx(found.told.mape.value)  # of the two who waited 30 s or more
    assert found.told_callbacks is None


def test_more_than_half_an_hour_is_right_for_an_hour() -> None:
    """Who is told the most that is told, an endless wait included, is only wronged by a shorter one."""
    found = relief_outcome(
        [
            one_run(
                rows(
                    3,
                    queue_s=np.zeros(3),
                    answer_s=np.array([3600.0, 7200.0, MOST_TOLD_S - 600.0]),
                    told_s=np.array([math.inf, MOST_TOLD_S, math.inf]),
                    callback=[1, 1, 1],
                )
            )
        ]
    )
    assert found is not None
    assert found.told_callbacks is not None

    assert 200.0 == pytest.approx(found.told_callbacks.bias_s.value)


def test_self_service_was_a_success_when_nobody_is_back() -> None:
    """Four take it: two are helped; one of the others comes back, so three look like a success."""
    ok, lost = int(Disposition.DEFLECTED_OK), int(Disposition.DEFLECTED_LOST)
    contacts = rows(
        5,
        issue=[0, 1, 2, 3, 3],
        attempt=[1, 1, 1, 1, 2],
        arrive_s=np.array([0.0, 0.0, 0.0, 0.0, 3000.0]),
        queue_s=np.array([0.0, 0.0, 0.0, 0.0, 3000.0]),
        end_s=np.array([1.0, 1.0, 1.0, 1.0, 3100.0]),
        disposition=[ok, ok, lost, lost, int(Disposition.HUMAN_RESOLVED)],
    )
    found = relief_outcome([one_run(contacts, deflected=4, deflected_lost=2)])
    assert found is not None
    assert found.deflections is not None

    assert (0.75, 0.5) == (found.deflections.success.value, found.deflections.helped.value)
    assert 0.75 == found.deflections.censored_share.value  # the run is two hours long


def test_holds_are_counted_to_their_end() -> None:
    """Held 100 s and let in, 50 s and gave up, and to the end of the run; longest and fairness come from rows."""
    contacts = rows(
        3,
        queue_s=np.array([0.0, 0.0, 7000.0]),
        hold_s=np.array([0.0, 0.0, 7000.0]),
        joined_s=np.array([100.0, np.nan, np.nan]),
        end_s=np.array([400.0, 50.0, np.nan]),
        held=[1, 1, 1],
        segment=[0, 0, 0],
        handling=[2, 2, 3],
    )
    found = relief_outcome([one_run(contacts, held=3, held_s=350)])
    assert found is not None
    assert found.metering is not None

    metering = found.metering
    assert (200.0, 1.0) == (metering.longest_s.value, metering.fair_segments.value)
    assert 350 / 3 == pytest.approx(metering.mean_s.value)
    assert 1 / 3 == pytest.approx(metering.released_share.value)
    assert jain([75.0, 200.0]) == pytest.approx(metering.fair_handling.value)


def test_interval_mode_has_counts_alone() -> None:
    """Means remain, what needs a contact's row is unknown."""
    found = relief_outcome([one_run(held=3, held_s=330, deflected=4, deflected_lost=2, balked=2)])
    assert found is not None
    assert found.metering is not None
    assert found.deflections is not None

    assert (110.0, 0.5, 2.0) == (
        found.metering.mean_s.value,
        found.deflections.helped.value,
        found.balked.value,
    )
    assert math.isnan(found.metering.longest_s.value)
    assert math.isnan(found.deflections.success.value)


def test_jain_from_all_alike_to_one_alone() -> None:
    """1 for equals, 1/n for one who bears it alone; what is missing does not count."""
    assert 1.0 == jain([5.0, 5.0, 5.0])
    assert 0.25 == jain([8.0, 0.0, 0.0, 0.0])
    assert 1.0 == jain([3.0, math.nan])
    assert math.isnan(jain([]))

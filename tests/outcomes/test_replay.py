from __future__ import annotations

import math

import numpy as np
import pytest

from sim.demand.observed import Observed
from sim.engine.records import Run
from sim.engine.state import Disposition
from sim.outcomes.replay import MEASURED, replay
from tests.outcomes.made_up import cell, rows, run, scenario


def seen(within_s: float = 20.0) -> Observed:
    """A log of a whole day by half-hour in which four half-hours from 09:00 on were busy."""
    start_s = np.arange(48) * 1800.0

    def at_nine(*counts: float) -> np.ndarray:
        out = np.zeros(48)
        out[18:22] = counts
        return out

    return Observed(
        interval_s=1800.0,
        start_s=start_s,
        offered=at_nine(10, 20, 0, 4).astype(np.int64),
        answered=at_nine(8, 18, 0, 4).astype(np.int64),
        abandoned=at_nine(2, 2, 0, 0).astype(np.int64),
        waited=at_nine(5, 5, 0, 1).astype(np.int64),
        answered_within=at_nine(6, 9, 0, 4).astype(np.int64),
        answered_wait_s=at_nine(80, 360, 0, 4),
        within_s=within_s,
    )


def counted(replication: int, answered: int) -> Run:
    """Some answered of 12 in the first quarter-hour, 3 of 3 in the second."""
    both = scenario(queues={"voice": {}, "chat": {"answer_within": "20s"}}, incidents=())
    return run(
        [
            cell(0, 0, queued=12, answered=answered, abandoned=12 - answered, wait_answered_s=60.0, waited=6),
            cell(1, 0, queued=3, answered=3, answered_within=3),
        ],
        made_in=both,
        replication=replication,
    )


def test_quarter_hours_are_added_up_to_the_logs_half_hours() -> None:
    """Two of the run's intervals make one of the log's, local time against local time."""
    found = replay([counted(0, 9), counted(1, 12)], seen())

    assert MEASURED == tuple(figure.name for figure in found.figures)
    assert [0.0, 1800.0, 3600.0, 5400.0] == list(found.from_s)
    assert [10, 20, 0, 4] == list(found.figure("offered").observed)
    assert [15, 0, 0, 0] == list(found.figure("offered").median)
    assert 13.5 == found.figure("answered").median[0]
    assert (12.3, 14.7) == pytest.approx((found.figure("answered").low[0], found.figure("answered").high[0]))
    assert 34.0 == found.figure("offered").observed_total
    assert 120 / 27 == pytest.approx(found.figure("asa_s").simulated_total.value)
    assert 444 / 30 == pytest.approx(found.figure("asa_s").observed_total)
    assert 6 / 15 == found.figure("p_wait").median[0]
    assert 19 / 34 == pytest.approx(found.figure("served_within").observed_total)


def test_what_never_happened_is_not_a_number() -> None:
    """No contact, no wait, on either side."""
    found = replay([counted(0, 9)], seen())

    assert math.isnan(found.figure("asa_s").observed[2])
    assert math.isnan(found.figure("asa_s").median[2])


def test_rows_allow_any_threshold() -> None:
    """Served within the log's 60 s, whatever the scenario's own threshold is."""
    one = run(
        [],
        contacts=rows(
            4,
            queue=[0] * 4,
            queue_s=[10.0, 20.0, 1900.0, 1910.0],
            answer_s=[70.0, 81.0, 1900.0, math.nan],
            end_s=[100.0, 100.0, 2000.0, 1950.0],
            disposition=[Disposition.HUMAN_RESOLVED] * 3 + [Disposition.QUEUE_ABANDONED],
        ),
    )

    found = replay([one], seen(within_s=60.0))

    assert [0.5, 0.5] == list(found.figure("served_within").median[:2])
    assert [0, 1] == list(found.figure("abandoned").median[:2])
    assert [60.5, 0.0] == list(found.figure("asa_s").median[:2])
    assert 0.75 == found.figure("p_wait").simulated_total.value


def test_counts_alone_must_fit_the_log() -> None:
    """Another threshold, or intervals that do not add up, are refused without contact rows."""
    with pytest.raises(ValueError, match="threshold"):
        replay([counted(0, 9)], seen(within_s=60.0))
    odd = scenario(
        calendar={"from": "2026-03-02 09:00", "until": "2026-03-02 11:00", "interval": "20m"}, incidents=()
    )
    with pytest.raises(ValueError, match="do not add up"):
        replay([run([], made_in=odd)], seen())

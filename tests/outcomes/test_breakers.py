from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.engine.what import What
from sim.orchestration.breaker import Cause, State
from sim.outcomes.breakers import breaker_quality, faults, judged, true_incidents
from tests.outcomes.made_up import breaker_move, run, scenario

BEGINS_S, ENDS_S = 2100.0, 3300.0


def incident(
    begins_s: float = BEGINS_S, ends_s: float | None = ENDS_S, node: int = 0
) -> list[tuple[Any, ...]]:
    """Rows of an incident of the made-up scenario."""
    nan = np.nan
    rows: list[tuple[Any, ...]] = [(begins_s, int(What.INCIDENT_BEGINS), node, -1, -1, 0, nan, nan, nan)]
    if ends_s is not None:
        rows.append((ends_s, int(What.INCIDENT_ENDS), node, -1, -1, 0, nan, nan, nan))
    return rows


def opening(at_s: float, for_s: float = 30.0) -> list[tuple[Any, ...]]:
    """The breaker opens, cools down and closes again."""
    return [
        breaker_move(at_s, State.CLOSED, State.OPEN),
        breaker_move(at_s + for_s, State.OPEN, State.HALF_OPEN, Cause.COOLED),
        breaker_move(at_s + for_s + 5.0, State.HALF_OPEN, State.CLOSED, Cause.PROVED),
    ]


def by_time(*rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows of the control log in order."""
    return sorted((row for some in rows for row in some), key=lambda row: row[0])


def test_an_opening_during_a_fault_is_right() -> None:
    """It is late by the time since the onset, by effect; nothing is missed, nothing false."""
    found = judged(run([], control=by_time(incident(), opening(2112.0))))

    assert (1, 0, 0, 1, 0) == (found.openings, found.false_opens, found.flaps, found.faults, found.missed)
    assert {"down": [12.0]} == found.delays_s == found.open_delays_s


@pytest.mark.parametrize(("at_s", "false"), [(1500.0, 1), (3301.0, 0), (3359.0, 0), (3361.0, 1)])
def test_an_opening_without_a_fault_is_false(at_s: float, false: int) -> None:
    """Before the onset and later than the grace of a minute after the end."""
    found = judged(run([], control=by_time(incident(), opening(at_s))))

    assert false == found.false_opens
    assert false == found.missed  # the fault itself was not seen
    assert {} == found.delays_s


def test_a_fault_that_nobody_sees_is_missed() -> None:
    """A fault without a move is a miss; one that lasts to the end of the run is cut off there."""
    one = run([], control=incident(ends_s=None))

    assert 7200.0 == true_incidents(one)[0].until_s
    assert [(0, "down")] == [(fault.fleet, fault.effect) for fault in faults(one)]
    assert (1, 1) == (judged(one).faults, judged(one).missed)


def test_a_breaker_that_was_open_already_misses_nothing() -> None:
    """It has no delay either: it was no answer to this fault."""
    found = judged(run([], control=by_time(opening(2090.0, for_s=600.0), incident())))

    assert (0, 1) == (found.missed, found.false_opens)
    assert {} == found.delays_s


def test_opening_soon_after_closing_is_a_flap() -> None:
    """Back from half-open to open is no new opening; closing and opening within ten minutes is a flap."""
    probing = [
        breaker_move(2110.0, State.CLOSED, State.OPEN),
        breaker_move(2140.0, State.OPEN, State.HALF_OPEN, Cause.COOLED),
        breaker_move(2145.0, State.HALF_OPEN, State.OPEN, Cause.PROBES_FAILED),
        breaker_move(2205.0, State.OPEN, State.HALF_OPEN, Cause.COOLED),
        breaker_move(2210.0, State.HALF_OPEN, State.CLOSED, Cause.PROVED),
    ]
    found = judged(run([], control=by_time(incident(), probing, opening(2300.0), opening(3200.0))))

    assert (3, 1, 0) == (found.openings, found.flaps, found.false_opens)


def test_quality_is_sums_over_sums() -> None:
    """Two runs: three openings of which one is false, two faults of which one is missed, four breaker-hours."""
    a = run([], control=by_time(incident(), opening(2112.0), opening(6000.0)))
    b = run([], control=by_time(incident(), opening(60.0)), replication=1)

    found = breaker_quality([a, b])

    assert found is not None
    assert (1.5, 2 / 3) == (found.openings.value, found.false_share.value)
    assert 12.0 == found.false_per_day.value
    assert 0.5 == found.miss_share.value
    assert 0.0 == found.flaps_per_h.value
    assert (12.0, 1) == (found.detect_s["down"].value, found.detect_s["down"].replications)
    assert not math.isnan(found.false_share.half_width)


def test_without_breakers_nothing_is_judged() -> None:
    """A variant that has none, and one whose breakers never moved."""
    assert breaker_quality([run([], made_in=scenario(failover={"breakers": False}))]) is None

    still = breaker_quality([run([], control=incident())])
    assert still is not None
    assert math.isnan(still.false_share.value)
    assert 1.0 == still.miss_share.value

from __future__ import annotations

import math
from typing import Any

import pytest

from sim.engine.state import Handling
from sim.orchestration.breaker import State
from sim.outcomes.incidents import (
    backlog_peak,
    breaker_spans,
    damage_by_interval,
    harmed,
    hit_queues,
    incident_outcome,
    incident_outcomes,
    service_level_damage,
    spillover,
    state_share,
    time_to_detect,
    time_to_recover,
)
from tests.outcomes.made_up import breaker_move, cell, rows, run, scenario, steady_looks

# The incident of the base scenario: vendor.B, on which the chat fleet stands, is down from 09:35 (2100 s) to 09:55 (3300 s).
ONSET_S, OVER_S = 2100.0, 3300.0
CHAT = 1


def chat_day(levels: list[float]) -> list[Any]:
    """Ten chats an interval of which this share is answered in time, the others too late."""
    return [
        cell(k, CHAT, 1, queued=10, answered=10, answered_within=10 * level, harmed=10 - 10 * level)
        for k, level in enumerate(levels)
    ]


def test_detection_is_the_first_breaker_that_leaves_closed_on_the_node() -> None:
    """A move before onset, from half-open, or of no breaker at all is no detection."""
    one = run(
        [],
        control=[
            breaker_move(100.0, State.CLOSED, State.OPEN),
            breaker_move(200.0, State.HALF_OPEN, State.CLOSED),
            breaker_move(2142.5, State.CLOSED, State.OPEN),
            breaker_move(2172.5, State.OPEN, State.HALF_OPEN),
            breaker_move(2200.0, State.CLOSED, State.OPEN),
        ],
    )

    assert 42.5 == time_to_detect(one, one.scenario.incidents[0])
    assert math.isnan(time_to_detect(run([]), one.scenario.incidents[0]))


def test_detection_after_the_incident_is_none() -> None:
    """A breaker that trips when the vendor is up again did not see the incident."""
    one = run([], control=[breaker_move(OVER_S + 1.0, State.CLOSED, State.OPEN)])

    assert math.isnan(time_to_detect(one, one.scenario.incidents[0]))


def test_recovery_needs_two_intervals_in_a_row_after_the_incident() -> None:
    """Back at target at 10:00, below at 10:15, at target from 10:30 on: recovered at 10:45, 70 minutes after onset."""
    one = run(chat_day([1.0, 1.0, 0.2, 0.1, 0.9, 0.5, 0.9, 1.0]))

    assert 70 * 60.0 == time_to_recover(one, one.scenario.incidents[0], CHAT)
    assert 70 * 60.0 == time_to_recover(one, one.scenario.incidents[0])


def test_an_incident_that_nobody_felt_takes_no_time_to_recover_from() -> None:
    """Never below target from onset on: 0 s."""
    one = run(chat_day([0.1] + [1.0] * 7))

    assert 0.0 == time_to_recover(one, one.scenario.incidents[0], CHAT)


def test_no_recovery_within_the_run_is_not_a_number() -> None:
    """One last interval at target is not two."""
    one = run(chat_day([1.0, 1.0, 0.2, 0.1, 0.2, 0.2, 0.2, 1.0]))

    assert math.isnan(time_to_recover(one, one.scenario.incidents[0], CHAT))
    outcome = incident_outcome(one, 0)
    assert 8 + 9 + 8 + 8 + 8 == outcome.harmed
    assert math.isnan(outcome.recover_s)


def test_an_interval_in_which_people_only_waited_is_below_target() -> None:
    """Nobody answered, nobody gone, some waiting: that is no service; nobody there at all is no harm."""
    one = run(
        [
            cell(4, CHAT, 1, queued=3),
            cell(5, CHAT, 1, queued=3, answered=3, answered_within=3),
            cell(7, CHAT, 1, queued=3, answered=3, answered_within=3),
        ]
    )

    assert 5400.0 - ONSET_S == time_to_recover(one, one.scenario.incidents[0], CHAT)


def test_damage_counts_missing_shares_times_contacts() -> None:
    """Target 90 %: 20 of 100 in time cost 70 contacts, 95 of 100 none; voice has its own target of 80 %."""
    one = run(
        [
            cell(2, CHAT, 1, queued=100, answered=100, answered_within=20),
            cell(3, CHAT, 1, queued=100, answered=100, answered_within=95),
            cell(3, 0, 0, queued=50, answered=50, answered_within=30),
        ]
    )

    assert 70 + 10 == pytest.approx(service_level_damage(one))
    assert 70 == pytest.approx(service_level_damage(one, queues=(CHAT,)))
    assert 10 == pytest.approx(service_level_damage(one, window=(2700.0, 3600.0)))
    assert [0, 0, 70, 10, 0, 0, 0, 0] == pytest.approx(damage_by_interval(one))


def test_harm_is_that_of_the_window() -> None:
    """Whole intervals that overlap it, all queues and those lost on the way to one; without a window the whole run."""
    one = run(
        [
            cell(2, CHAT, 1, queued=100, harmed=7),
            cell(3, CHAT, 1, queued=100, answered=80, answered_within=70, harmed=28),
            cell(3, -1, 1, handling=Handling.ESCALATED, offered=2, dropped=2, harmed=2),
            cell(3, 0, 0, queued=10, answered=10, harmed=10),
        ]
    )

    assert 28 + 2 + 10 == harmed(one, (2700.0, 3600.0))
    assert 7 + 28 + 2 + 10 == harmed(one, (2600.0, 2701.0))
    assert 7 + 28 + 2 + 10 == harmed(one)
    assert 0 == harmed(one, (4500.0, 5400.0))


def test_the_backlog_is_the_highest_peak_of_the_window() -> None:
    """Peaks of the intervals from onset to recovery, of the hit queues."""
    base = scenario()
    one = run([], looks=steady_looks(base, peaks={1: (0, 99), 2: (3, 7), 3: (5, 20), 6: (0, 50)}))

    assert 20 == backlog_peak(one, (ONSET_S, 3600.0), (CHAT,))
    assert 25 == backlog_peak(one, (ONSET_S, 3600.0))
    assert 99 == backlog_peak(one)


def test_spillover_by_the_minute_from_rows_and_by_interval_from_counts() -> None:
    """Five in one minute and one in another: peak 5 a minute, two minutes; the counts know only the quarter-hour."""
    at_s = [2100.0, 2110.0, 2120.0, 2130.0, 2159.0, 2300.0, 2000.0]
    spilled = rows(7, handling=[int(Handling.SPILLED)] * 7, decide_s=at_s)
    counted = [cell(2, CHAT, 1, handling=Handling.SPILLED, offered=6, spilled=6)]

    assert (6.0, 5.0, 120.0) == spillover(run([], contacts=spilled), (ONSET_S, OVER_S))
    assert (6.0, pytest.approx(6 / 15), 900.0) == spillover(run(counted), (ONSET_S, OVER_S))


def test_outcomes_of_an_incident_hold_together() -> None:
    """Only the chat queue is hit; damage, harm and spillover are those from onset to recovery."""
    cells = [
        *chat_day([1.0, 1.0, 0.2, 0.1, 0.5, 1.0, 1.0, 0.1]),
        cell(2, CHAT, 1, handling=Handling.SPILLED, spilled=4),
    ]
    one = run(cells, control=[breaker_move(2160.0, State.CLOSED, State.OPEN)])

    (found,) = incident_outcomes(one)

    assert (CHAT,) == found.queues
    assert 60.0 == found.detect_s
    assert 5400.0 - ONSET_S == found.recover_s
    assert (found.recover_s,) == found.recover_by_queue_s
    assert 7 + 8 + 4 == pytest.approx(found.damage)
    assert 8 + 9 + 5 == found.harmed
    assert 4 == found.spilled


def test_an_incident_hits_those_who_share_the_people() -> None:
    """Chat's vendor is down: where the same people answer the phone, callers wait as well, and count."""
    together = scenario(people={"all": {"skills": ("voice", "chat"), "staffing": 30}})

    assert (1,) == hit_queues(scenario(), scenario().incidents[0])
    assert (0, 1) == hit_queues(together, together.incidents[0])


def test_an_incident_outside_the_run_has_no_outcome() -> None:
    """What begins after the end is not reported."""
    later = scenario(
        incidents=({"at": "2026-03-03 09:00", "node": "vendor.B", "effect": "down", "lasts": "1h"},)
    )

    assert [] == incident_outcomes(run([], made_in=later))


def test_breaker_states_are_stretches_that_fill_the_run() -> None:
    """From start to end without gaps, and as shares of time between edges."""
    one = run(
        [],
        control=[
            breaker_move(900.0, State.CLOSED, State.OPEN),
            breaker_move(1350.0, State.OPEN, State.HALF_OPEN),
            breaker_move(1800.0, State.HALF_OPEN, State.CLOSED),
        ],
    )

    spans = breaker_spans(one)
    share = state_share([one, run([])], 0, State.OPEN, one.scenario.calendar.interval_s * _edges(3))

    assert [(State.CLOSED, 0.0, 900.0), (State.OPEN, 900.0, 1350.0), (State.HALF_OPEN, 1350.0, 1800.0)] == [
        (span.state, span.from_s, span.until_s) for span in spans[:3]
    ]
    assert (State.CLOSED, 7200.0) == (spans[3].state, spans[3].until_s)
    assert [0.0, 0.25, 0.0] == list(share)


def _edges(n: int) -> Any:
    import numpy as np

    return np.arange(n + 1.0)

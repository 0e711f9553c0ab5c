from __future__ import annotations

import math

import numpy as np
import pytest

from sim.demand.floor_presence import presence
from sim.demand.log import LogContacts, Outcome
from sim.demand.observed import observed

Call = tuple[float, float, float, int, str]
"""arrive_s, wait_s (NaN: at once), service_s (NaN: hung up), server, class."""
GONE = math.nan


def contacts_of(*calls: Call, day: str = "2026-03-02") -> LogContacts:
    """Contacts of one day from a few calls, in order of arrival."""
    calls = tuple(sorted(calls))
    arrive_s, wait_s, service_s = (np.array([call[i] for call in calls], dtype=np.float64) for i in range(3))
    classes = ("", "sales", "support")
    n = len(calls)
    return LogContacts(
        day=np.full(n, np.datetime64(day, "D")),
        arrive_s=arrive_s,
        vru_s=np.full(n, math.nan),
        queued=~np.isnan(wait_s),
        wait_s=wait_s,
        outcome=np.where(np.isnan(service_s), Outcome.ABANDONED, Outcome.ANSWERED).astype(np.int64),
        service_s=service_s,
        service_start_s=np.full(n, math.nan),
        server=np.array([call[3] for call in calls], dtype=np.int64),
        servers=("", "S01", "S02", "S03"),
        intent=np.array([classes.index(call[4]) for call in calls], dtype=np.int64),
        intents=classes,
        segment=np.zeros(n, dtype=np.int64),
        segments=("",),
        customer=np.full(n, ""),
        line=np.arange(n),
    )


def test_idle_server_stays_on_the_floor_while_nobody_waits() -> None:
    """A gap of twenty minutes with an empty queue is idleness, not absence."""
    floor = presence(contacts_of((0.0, GONE, 100.0, 1, "sales"), (1300.0, GONE, 100.0, 1, "sales")))

    assert floor.times_s.tolist() == [0.0, 100.0, 1300.0, 1400.0]
    assert floor.agents.tolist() == [1, 1, 1, 0]
    assert floor.busy.tolist() == [1, 0, 1, 0]
    assert (floor.agent_hours, floor.busy_hours) == (1400 / 3600, 200 / 3600)


def test_server_who_lets_callers_wait_is_away_from_the_first_of_them_on() -> None:
    """Five minutes with somebody in the queue and no answer is a break: away until the next answer."""
    floor = presence(
        contacts_of(
            (0.0, GONE, 100.0, 1, "sales"),
            (400.0, 300.0, 50.0, 2, "sales"),
            (900.0, GONE, 100.0, 1, "sales"),
        )
    )

    assert floor.times_s.tolist() == [0.0, 100.0, 400.0, 700.0, 750.0, 900.0, 1000.0]
    assert floor.agents.tolist() == [1, 1, 0, 1, 0, 1, 0]
    assert floor.servers == 2


def test_callers_of_a_class_that_the_server_does_not_take_do_not_send_it_away() -> None:
    """A support queue says nothing about a server who answers sales alone."""
    floor = presence(
        contacts_of(
            (0.0, GONE, 100.0, 1, "sales"),
            (400.0, 300.0, 50.0, 2, "support"),
            (900.0, GONE, 100.0, 1, "sales"),
        )
    )

    assert floor.agents[np.searchsorted(floor.times_s, 500.0, side="right") - 1] == 1


def test_a_gap_beyond_the_limit_is_an_absence_even_with_an_empty_queue() -> None:
    """Nobody can tell what a server did in an hour without a caller; over half an hour counts as away."""
    floor = presence(contacts_of((0.0, GONE, 100.0, 1, "sales"), (3700.0, GONE, 100.0, 1, "sales")))

    assert floor.times_s.tolist() == [0.0, 100.0, 3700.0, 3800.0]
    assert floor.agents.tolist() == [1, 0, 1, 0]


def test_short_gap_with_a_queue_is_turnaround() -> None:
    """Ten seconds between two answers while somebody waits is wrap-up: on the floor, and among the turnarounds."""
    floor = presence(
        contacts_of(
            (0.0, GONE, 100.0, 1, "sales"), (50.0, 60.0, 100.0, 1, "sales"), (60.0, 300.0, GONE, 0, "sales")
        )
    )

    assert floor.turnaround_s.tolist() == [10.0]
    assert floor.agents.tolist() == [1, 1, 1, 0]


def test_overlapping_services_of_one_server_count_once() -> None:
    """A server whose log shows two contacts at a time is one person on the floor, busy once."""
    floor = presence(contacts_of((0.0, GONE, 500.0, 1, "sales"), (100.0, GONE, 100.0, 1, "sales")))

    assert floor.agents.tolist() == [1, 0]
    assert floor.busy.tolist() == [1, 0]


def test_means_by_interval_add_up_to_the_agent_hours() -> None:
    """Interval means are time averages of the step function."""
    floor = presence(contacts_of((500.0, GONE, 1000.0, 1, "sales"), (800.0, GONE, 200.0, 2, "sales")))
    agents, busy = floor.by_interval(900.0)

    assert agents[:2].tolist() == [pytest.approx((400 + 100) / 900), pytest.approx((600 + 100) / 900)]
    assert agents.sum() * 900 / 3600 == pytest.approx(floor.agent_hours)
    np.testing.assert_allclose(busy, agents)


def test_nobody_answered_gives_an_empty_floor() -> None:
    """A day of hang-ups alone proves nobody's presence."""
    floor = presence(contacts_of((0.0, 10.0, GONE, 0, "sales")))

    assert (floor.agents.tolist(), floor.servers, floor.agent_hours) == ([0], 0, 0.0)


def test_observed_counts_by_arrival_and_adds_up() -> None:
    """A contact counts in the interval of its arrival, whenever it was answered; counts of intervals add up."""
    table = observed(
        contacts_of(
            (10.0, GONE, 100.0, 1, "sales"),
            (1790.0, 61.0, 100.0, 1, "sales"),
            (1795.0, 60.0, 100.0, 2, "sales"),
            (1799.0, 100.0, GONE, 0, "sales"),
            (1800.0, 0.0, GONE, 0, "sales"),
            (86_401.0, 30.0, 100.0, 1, "sales"),
        )
    )

    assert table.offered[[0, 1, 47]].tolist() == [4, 1, 1]
    assert table.answered[[0, 1, 47]].tolist() == [3, 0, 1]
    assert table.abandoned[[0, 1, 47]].tolist() == [1, 1, 0]
    assert table.waited[[0, 1, 47]].tolist() == [3, 0, 1]
    assert table.answered_within[[0, 1, 47]].tolist() == [2, 0, 1]
    np.testing.assert_allclose(table.asa_s[[0, 1, 47]], [121 / 3, math.nan, 30.0])
    np.testing.assert_allclose(table.within_share[[0, 1]], [0.5, 0.0])
    total = table.total()
    assert (total.offered[0], total.abandoned[0], total.asa_s[0]) == (6, 2, 151 / 4)


def test_two_days_at_once_are_refused() -> None:
    """Presence and observations are of one day; days in one pot would add up callers who never met."""
    one, two = (
        contacts_of((0.0, GONE, 9.0, 1, "sales")),
        contacts_of((0.0, GONE, 9.0, 1, "sales"), day="2026-03-03"),
    )
    both = LogContacts(
        **{
            name: np.concatenate([getattr(one, name), getattr(two, name)])
            if isinstance(getattr(one, name), np.ndarray)
            else getattr(one, name)
            for name in LogContacts.__slots__
        }
    )
    with pytest.raises(ValueError, match="several days"):
        presence(both)
    with pytest.raises(ValueError, match="several days"):
        observed(both)
    with pytest.raises(ValueError, match="does not divide"):
        observed(one, interval_s=700.0)

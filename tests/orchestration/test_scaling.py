from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.orchestration.scaling import Cause, due, in_words, scalings, step


def one(sessions: int = 90, **policy: Any) -> Any:
    """One fleet that is on."""
    rows = scalings([sessions])
    rows["on"] = 1
    for name, value in policy.items():
        rows[name] = value
    return rows


class Fleet:
    """A fleet whose sessions follow the autoscaler and whose load is told."""

    def __init__(self, rows: Any, sessions: int) -> None:
        self.rows, self.sessions = rows, sessions
        self.moves: list[tuple[float, int]] = []

    def run(self, load: float, from_s: float, to_s: float, every_s: float = 5.0) -> None:
        for now_s in np.arange(from_s, to_s, every_s):
            self.look(min(self.sessions, round(load)), float(now_s))

    def look(self, active: int, now_s: float) -> None:
        step(self.rows, 0, active, self.sessions, now_s)
        sessions = due(self.rows, 0, now_s)
        if sessions >= 0:
            self.sessions = sessions
            self.moves.append((now_s, sessions))


def test_growth_is_ordered_at_once_and_there_after_the_warm_up() -> None:
    """90 of 90 sessions busy at a target of 70 %: ceil(90 / 0.7) = 129, 120 s later, and not a session is ordered twice."""
    rows = one()
    assert step(rows, 0, 90, 90, 0.0)
    assert (39, 39, 120.0) == (rows[0].ordered, rows[0].pending, rows[0].next_due_s)
    assert "90 active of 90 sessions (100%, target 70%)" == in_words(
        rows[0].cause, rows[0].part, rows[0].whole, rows[0].limit
    )
    assert not any(step(rows, 0, 90, 90, now_s) for now_s in np.arange(15.0, 120.0, 15.0))
    assert -1 == due(rows, 0, 119.9)
    assert 129 == due(rows, 0, 120.0)
    assert (0, math.inf, -1) == (rows[0].pending, rows[0].next_due_s, due(rows, 0, 999.0))


def test_a_look_happens_every_15_s_however_often_it_is_called() -> None:
    """The second call comes too soon."""
    rows = one()
    assert not step(rows, 0, 63, 90, 0.0)
    assert not step(rows, 0, 90, 90, 14.0)
    assert step(rows, 0, 90, 90, 15.0)


@pytest.mark.parametrize(("active", "moves"), [(57, False), (63, False), (69, False), (70, True)])
def test_a_ratio_within_10_percent_of_1_is_left_alone(active: int, moves: bool) -> None:
    """At 90 sessions and 70 % the band reaches from 57 to 69 active."""
    assert moves == step(one(), 0, active, 90, 0.0)


def test_shrinking_waits_for_the_largest_need_of_300_s() -> None:
    """A fleet of 180 whose load fell at 0 s to a third is cut after the last look that wanted more is 300 s past."""
    rows = one(180, at_least=90)
    fleet = Fleet(rows, 180)
    fleet.run(126, 0.0, 60.0)
    fleet.run(42, 60.0, 600.0)
    assert [(360.0, 90)] == fleet.moves
    assert (Cause.DOWN, -90) == (rows[0].cause, rows[0].ordered)


def test_a_peak_within_the_300_s_holds_the_sessions_up() -> None:
    """Load that returns every four minutes never loses them."""
    fleet = Fleet(one(180, at_least=10), 180)
    for k in range(20):
        fleet.run(126, 240.0 * k, 240.0 * k + 20.0)
        fleet.run(30, 240.0 * k + 20.0, 240.0 * (k + 1))
    assert [] == fleet.moves


def test_what_runs_at_the_start_is_kept_for_300_s() -> None:
    """An idle fleet is not cut at its first look."""
    fleet = Fleet(one(90, at_least=1), 90)
    fleet.run(0, 0.0, 1000.0)
    assert [(315.0, 1)] == fleet.moves


def test_growth_multiplies_by_1_over_the_target_for_each_warm_up_and_stops_at_the_quota() -> None:
    """Load without bound: 90, 129, 185, each 120 s and one look later; then the quota, and what it refused."""
    rows = one(90, quota=250)
    fleet = Fleet(rows, 90)
    fleet.run(1e6, 0.0, 2000.0)
    assert [129, 185, 250] == [sessions for _, sessions in fleet.moves]
    assert [120.0, 255.0, 390.0] == [at_s for at_s, _ in fleet.moves]
    assert (Cause.QUOTA, 358 - 250) == (rows[0].cause, rows[0].short_of)
    assert "265 sessions wanted, at most 250 to be had" == in_words(
        rows[0].cause, rows[0].part, rows[0].whole, rows[0].limit
    )


def test_each_order_has_its_own_due_time() -> None:
    """Load that climbs brings several orders under way; each lands 120 s after it was given."""
    rows = one(100, quota=1000)
    ordered = []
    for k, active in enumerate((80, 88, 96, 100)):
        if step(rows, 0, active, 100, 15.0 * k):
            ordered.append((15.0 * k + 120.0, int(rows[0].ordered)))
    landed, sessions = [], 100
    for now_s in range(60, 400):
        if (now := due(rows, 0, float(now_s))) >= 0:
            landed.append((float(now_s), now - sessions))
            sessions = now
    assert ordered == landed
    assert 143 == sessions


def test_more_orders_than_slots_lose_nothing() -> None:
    """The seventeenth joins the sixteenth, and comes later."""
    rows = one(100, quota=10_000, every_s=1.0, tolerance=0.0)
    for k in range(30):
        step(rows, 0, 75 + k, 100, float(k))
    assert 16 == rows[0].orders
    assert rows[0].pending == rows[0].order_adds.sum() == math.ceil(104 / 0.7) - 100
    assert math.ceil(104 / 0.7) == due(rows, 0, 1000.0)


def test_orders_not_yet_there_are_cancelled_first() -> None:
    """With a long warm-up and a short hold, what is under way goes before what runs."""
    rows = one(100, quota=1000, warm_up_s=600.0, hold_s=30.0, at_least=90)
    assert step(rows, 0, 100, 100, 0.0)
    assert not step(rows, 0, 63, 100, 15.0)
    assert not step(rows, 0, 56, 100, 30.0)
    assert step(rows, 0, 56, 100, 60.0)
    assert (-53, 0, 10, 60.0) == (rows[0].ordered, rows[0].pending, rows[0].fewer, rows[0].next_due_s)
    assert 90 == due(rows, 0, 60.0)
    assert (0, math.inf) == (rows[0].orders, rows[0].next_due_s)


def test_load_that_shakes_does_not_make_the_sessions_flap() -> None:
    """63 active ± 6 of 90 over 6 hours moves nothing: it is all inside the 10 % (no chance of failing)."""
    dice = np.random.default_rng(2301)
    fleet = Fleet(one(90, at_least=10), 90)
    for k in range(1440):
        fleet.look(int(dice.integers(57, 70)), 15.0 * k)
    assert [] == fleet.moves


def test_a_day_of_load_is_followed_within_its_bounds() -> None:
    """Sessions stay between `at_least` and the quota, books balance at every look, and load is met outside the warm-up."""
    rows = one(60, at_least=40, quota=200)
    fleet = Fleet(rows, 60)
    full = 0
    for k in range(5760):
        load = 80.0 - 55.0 * math.cos(2 * math.pi * k / 5760)
        fleet.look(min(fleet.sessions, round(load)), 15.0 * k)
        full += load > fleet.sessions
        r = rows[0]
        assert 40 <= fleet.sessions <= fleet.sessions + r.pending <= 200
        assert r.pending == r.order_adds[: r.orders].sum()
    assert 0 == full
    assert max(n for _, n in fleet.moves) == pytest.approx(135 / 0.7, rel=0.1)


def test_a_fleet_that_is_off_or_gone_is_left_alone() -> None:
    """Off: nothing. Without any session there is no utilisation to go by, and what must be there is ordered."""
    assert not step(one(on=0), 0, 90, 90, 0.0)
    rows = one(0, at_least=10, quota=20)
    assert step(rows, 0, 0, 0, 0.0)
    assert 10 == due(rows, 0, 120.0)

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from sim.orchestration.plans import (
    Action,
    Kind,
    Lever,
    PlanObservation,
    PlanPolicy,
    PlanState,
    Start,
    Stop,
    cover,
    next_due,
    step,
)

POLICY = PlanPolicy()
STEPS = 25
H = 3600.0

# The reference centre's ladder.
REPOINT = Lever("re-point", Kind.REPOINT, "frontline", 15, (60.0, 60.0))
BREAKS = Lever("move breaks", Kind.MOVE_BREAKS, "frontline", 12, (120.0, 300.0), 0.9, lasts_s=1800.0)
RECALL = Lever("recall off-phone", Kind.RECALL_OFF_PHONE, "frontline", 18, (300.0, 600.0), 0.75)
VTO = Lever("cancel time off", Kind.CANCEL_VTO, "frontline", 5, (600.0, 600.0), 0.8)
EXTEND = Lever(
    "extend shifts", Kind.EXTEND_SHIFT, "frontline", 37, accept_share=0.35, cost_per_h=1.5, lasts_s=2 * H, shift_ends_s=(5 * H,)
)  # fmt: skip
OVERTIME = Lever(
    "overtime", Kind.OVERTIME, "frontline", 40, (2700.0, 5400.0), 0.2, cost_per_h=1.5, lasts_s=4 * H
)
BCP = Lever(
    "outsourcer", Kind.BCP, "frontline", 30, (H, 4 * H), 1.0, cost_per_h=1.3, handle_factor=1.2, commitment_s=4 * H
)  # fmt: skip
LADDER = (REPOINT, BREAKS, RECALL, VTO, EXTEND, OVERTIME, BCP)


def short(people: float, *, lasts_s: float = 75 * 60.0, **more: object) -> PlanObservation:
    """The same number of people short for two hours."""
    return replace(PlanObservation((people,) * STEPS, lasts_s), **more)  # type: ignore[arg-type]


def started(actions: tuple[Action, ...]) -> dict[str, int]:
    """People asked, by lever."""
    return {action.lever.name: action.people for action in actions if isinstance(action, Start)}


def test_cheapest_and_fastest_first() -> None:
    """A small gap is met by the free levers, the one with the shortest lead first, and paid ones are left alone."""
    _, actions = step(PlanState(), short(12.0), LADDER, POLICY, 1000.0)

    assert {"re-point": 12} == started(actions)
    assert (1060.0, math.inf, 0.0) == (actions[0].from_s, actions[0].until_s, actions[0].cost)  # type: ignore[union-attr]
    assert (
        "12 asked, 12 expected in 1 min; 12 people short by then, service level 0% ahead" in actions[0].words
    )


def test_asks_for_as_many_as_have_to_be_asked() -> None:
    """Where three in four come, sixteen are asked for twelve; where handling takes longer, more are needed."""
    slow = replace(RECALL, handle_factor=1.2)

    assert {"recall off-phone": 16} == started(step(PlanState(), short(12.0), [RECALL], POLICY, 0.0)[1])
    assert {"recall off-phone": 16} == started(step(PlanState(), short(10.0), [slow], POLICY, 0.0)[1])
    assert {"recall off-phone": 18} == started(step(PlanState(), short(99.0), [RECALL], POLICY, 0.0)[1])


def test_least_cost_by_trying_everything() -> None:
    """Over 300 random ladders, the plan covers what can be covered and costs as much as the cheapest of all plans."""
    dice = np.random.default_rng(20260302)
    for _ in range(300):
        levers = [
            Lever(
                f"lever {k}", Kind.OVERTIME, "all", int(dice.integers(1, 5)), (float(lead), float(lead)),
                cost_per_h=float(dice.integers(0, 6)), commitment_s=H,
            )
            for k, lead in enumerate(dice.choice([0, 300, 600, 900], 4))
        ]  # fmt: skip
        need = [float(n) for n in np.cumsum(dice.integers(-1, 4, 5)).clip(0)]
        seen = PlanObservation(tuple(need), 0.0)
        found = cover(need, levers, seen, POLICY, 0.0, {})

        def there(people: tuple[int, ...], k: int, levers: list[Lever] = levers) -> int:
            return sum(n for n, lever in zip(people, levers, strict=True) if lever.lead_s[0] <= 300.0 * k)

        most = tuple(lever.people for lever in levers)
        reachable = [min(wanted, there(most, k)) for k, wanted in enumerate(need)]
        cheapest = min(
            sum(n * lever.cost_per_h for n, lever in zip(people, levers, strict=True))
            for people in itertools.product(*(range(n + 1) for n in most))
            if all(there(people, k) >= wanted for k, wanted in enumerate(reachable))
        )
        called = tuple(sum(p.people for p in found if p.lever is lever) for lever in levers)
        assert all(there(called, k) >= wanted for k, wanted in enumerate(reachable))
        assert cheapest == sum(n * lever.cost_per_h for n, lever in zip(called, levers, strict=True))


def test_covers_what_can_be_covered_where_people_leave_again() -> None:
    """With people who stay for a while only, whatever all levers together could cover at an instant is covered as long as they last."""
    dice = np.random.default_rng(3)
    for _ in range(200):
        levers = [
            Lever(
                f"lever {k}", Kind.MOVE_BREAKS, "all", 6, (300.0 * k, 300.0 * k), float(dice.choice([0.5, 0.75, 1.0])),
                cost_per_h=float(dice.integers(0, 4)), lasts_s=float(dice.choice([600.0, 1800.0, math.inf])),
            )
            for k in range(4)
        ]  # fmt: skip
        need = [float(n) for n in dice.integers(0, 8, 8)]
        found = cover(need, levers, PlanObservation(tuple(need), 9000.0), POLICY, 0.0, {})
        for lever in levers:
            assert sum(p.people for p in found if p.lever is lever) <= lever.people
        for k, wanted in enumerate(need):
            there = sum(
                p.people * p.lever.effect for p in found if p.from_s <= 300.0 * k < p.from_s + p.lever.lasts_s
            )
            unused = [
                lever
                for lever in levers
                if lever.lead_s[0] <= 300.0 * k
                and sum(p.people for p in found if p.lever is lever) < lever.people
            ]
            assert there >= wanted - 1e-9 or not unused


def test_nothing_beyond_the_expected_end() -> None:
    """What is short after the expected end of the fault is nobody's: a lever that would come later is not pulled."""
    assert {} == started(step(PlanState(), short(20.0, lasts_s=2000.0), [OVERTIME, BCP], POLICY, 0.0)[1])
    assert {"overtime": 40} == started(
        step(PlanState(), short(20.0, lasts_s=9000.0), [OVERTIME], POLICY, 0.0)[1]
    )


def test_waits_as_long_as_it_can() -> None:
    """A lever for a gap an hour ahead is pulled no earlier than its lead and one round of planning ask for."""
    gap = (0.0,) * 12 + (10.0,) * 13
    state, actions = step(PlanState(), PlanObservation(gap, 2 * H), [RECALL], POLICY, 0.0)
    assert () == actions
    assert 300.0 == next_due(state, POLICY, 0.0)
    pulled_s = math.nan
    for round_ in range(1, 12):
        now_s = 300.0 * round_
        later = gap[round_:] + (10.0,) * round_
        state, actions = step(state, PlanObservation(later, 2 * H), [RECALL], POLICY, now_s)
        if actions:
            pulled_s = now_s
            break

    assert 3600.0 - 450.0 - 300.0 <= pulled_s <= 3600.0 - 450.0


def test_not_for_noise() -> None:
    """Four points under target and seven percent more volume are noise; six points or nine percent are not."""
    quiet = short(9.0, service_level_low=0.76, volume_variance=0.07)

    assert (PlanState(), ()) == step(PlanState(), quiet, LADDER, POLICY, 0.0)
    assert started(step(PlanState(), replace(quiet, service_level_low=0.74), LADDER, POLICY, 0.0)[1])
    assert started(step(PlanState(), replace(quiet, volume_variance=0.09), LADDER, POLICY, 0.0)[1])


def test_spill_threshold_of_a_lever() -> None:
    """A lever with a threshold is pulled only while more than that spills."""
    lever = replace(RECALL, spill_over_per_min=5.0)

    assert {} == started(step(PlanState(), short(9.0, spill_per_min=5.0), [lever], POLICY, 0.0)[1])
    assert started(step(PlanState(), short(9.0, spill_per_min=5.1), [lever], POLICY, 0.0)[1])


def test_extended_shifts() -> None:
    """Shifts are extended only when asked half an hour before they end, and add people from then on."""
    late = short(5.0, lasts_s=3 * H)
    asked = [
        [
            a.from_s
            for a in step(PlanState(), late, [EXTEND], POLICY, 5 * H - before_s)[1]
            if isinstance(a, Start)
        ]
        for before_s in (1790.0, 1800.0)
    ]

    assert [[], [5 * H]] == asked


def test_same_people_are_asked_once() -> None:
    """Levers of one pool share its people, a second plan asks only those left, and a pool's limit holds."""
    one, two = replace(RECALL, pool="floor"), replace(VTO, pool="floor", people=18)
    state, first = step(PlanState(), short(10.0), [one, two], POLICY, 0.0)
    _, second = step(state, short(30.0), [one, two], POLICY, 300.0)

    assert {"recall off-phone": 14} == started(first)
    assert {"recall off-phone": 4} == started(second)
    assert {"recall off-phone": 3} == started(
        step(PlanState(), short(10.0, free={"floor": 3}), [one], POLICY, 0.0)[1]
    )


def test_answers_count() -> None:
    """Fewer yes than expected lead to a further call at the next plan; until the answers come what is expected counts."""
    state, _ = step(PlanState(), short(9.0), [RECALL, OVERTIME], POLICY, 0.0)

    assert () == step(state, short(9.0), [RECALL, OVERTIME], POLICY, 300.0)[1]
    assert {"recall off-phone": 4} == started(
        step(state, short(9.0, joined={1: 6}), [RECALL, OVERTIME], POLICY, 300.0)[1]
    )


def test_plans_at_once_when_much_more_is_short() -> None:
    """Between two plans nothing happens, unless many more people are short than were planned for."""
    state, _ = step(PlanState(), short(9.0), LADDER, POLICY, 0.0)

    assert (state, ()) == step(state, short(13.0), LADDER, POLICY, 60.0)
    assert started(step(state, short(15.0), LADDER, POLICY, 60.0)[1])


def test_unwinds_in_reverse_when_normal() -> None:
    """Once things are normal the calls end in reverse order; people who are paid for longer stay as long."""
    state, first = step(PlanState(), short(60.0, lasts_s=5 * H), LADDER, POLICY, 0.0)
    running = [call.lever.name for call in state.out]
    assert (
        set(started(first)) == set(running) >= {"re-point", "move breaks", "recall off-phone", "outsourcer"}
    )
    after, actions = step(state, short(0.0, recovered=True), LADDER, POLICY, 1500.0)

    assert running[::-1] == [action.lever.name for action in actions]
    assert all(isinstance(action, Stop) for action in actions)
    assert () == after.out
    assert math.inf == next_due(after, POLICY, 1500.0)
    (stop,) = (action for action in actions if action.lever is BCP)
    assert isinstance(stop, Stop)
    assert 9000.0 + 4 * H == stop.leave_s
    assert "paid until" in stop.words


def test_lets_the_last_go_when_the_others_are_enough() -> None:
    """When the need falls, the last call is let go after ten minutes, then the one before; not for a moment of calm."""
    state, _ = step(PlanState(), short(20.0, lasts_s=9000.0), [REPOINT, RECALL], POLICY, 0.0)
    assert ["re-point", "recall off-phone"] == [call.lever.name for call in state.out]
    stops: list[tuple[float, str]] = []
    for now_s in np.arange(300.0, 3000.0, 300.0):
        need = 20.0 if now_s == 600.0 else 10.0 if now_s < 1500.0 else 0.0
        state, actions = step(
            state, short(need, lasts_s=9000.0, service_level_low=0.8), [REPOINT, RECALL], POLICY, float(now_s)
        )
        stops += [(action.at_s, action.lever.name) for action in actions]

    assert [(1500.0, "recall off-phone"), (2100.0, "re-point")] == stops
    assert math.inf == next_due(state, POLICY, 3000.0)


def test_people_whose_time_is_over_go() -> None:
    """A moved break has to be taken: after half an hour its people go, and the controller asks to be woken for it."""
    gap, rarely = (9.0,) * 7 + (0.0,) * 18, replace(POLICY, replan_s=3000.0)
    state, _ = step(PlanState(), PlanObservation(gap, 9000.0), [BREAKS], rarely, 0.0)
    due_s = next_due(state, rarely, 0.0)
    _, actions = step(state, PlanObservation(gap[6:], 9000.0), [BREAKS], rarely, due_s)

    assert 210.0 + 1800.0 == due_s
    assert [Stop] == [type(action) for action in actions]


def test_far_levers_are_seen() -> None:
    """A lever slower than the gap reaches is judged by its last entry, if the fault is expected to last; leads can be feared."""
    long = short(10.0, lasts_s=3 * H)

    _, actions = step(PlanState(), long, [BCP], POLICY, 0.0)
    assert {"outsourcer": 12} == started(actions)
    assert [12 * 4 * 1.3] == pytest.approx([a.cost for a in actions if isinstance(a, Start)])
    assert {} == started(step(PlanState(), long, [BCP], replace(POLICY, lead_share=1.0), 0.0)[1])
    assert {} == started(step(PlanState(), short(10.0, lasts_s=2 * H), [BCP], POLICY, 0.0)[1])


@pytest.mark.parametrize("people", [0.0, -5.0])
def test_people_to_spare(people: float) -> None:
    """Nobody is called when nobody is short."""
    assert () == step(PlanState(), short(people), LADDER, POLICY, 0.0)[1]

"""Contingency plans (M39): which people to call when the AI fails, how many, and when to let them go again.

```text
need(h)  = people short at now + h, for as long as the fault is expected to last (its median), 0 after
plan     = the cheapest set of levers with Σ people(h) ≥ need(h) for every h that some lever can still reach
```

From the nearest instant to the furthest: what is short there is taken from the cheapest lever that can be in effect by then. Who is there
at one instant is there later too, so this is the least cost (a test compares with trying everything); where people come for a limited
time only, what turned out to be too much is taken off again, the dearest first.

A lever is pulled when its lead leaves no more time to wait for the next plan, not earlier: an outage that ends before has then cost
nothing. Plans are made anew every `replan_s`, and at once when much more is short than was planned for. People are asked; how many come is
the world's affair, and what is expected until they have answered is their usual share.

Nothing is started for noise: only when some interval ahead is projected more than five points under its target, or the volume is more than
eight percent off. The last lever pulled is let go first: all of them once things are normal again, one at a time when it was not needed for
`settle_s`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum


class Kind(Enum):
    RECALL_OFF_PHONE = "recall_off_phone"
    MOVE_BREAKS = "move_breaks"
    EXTEND_SHIFT = "extend_shift"
    OVERTIME = "overtime"
    BCP = "bcp"
    REPOINT = "repoint"
    CANCEL_VTO = "cancel_vto"


@dataclass(frozen=True, slots=True)
class Lever:
    """One way to have more people on the phones."""

    name: str
    kind: Kind
    group: str
    """Where they work."""
    people: int
    """Most that can be asked."""
    lead_s: tuple[float, float] = (0.0, 0.0)
    """From the call to the first effect, between these."""
    accept_share: float = 1.0
    """Of those asked."""
    cost_per_h: float = 0.0
    """Each person who comes, beyond what is paid anyway."""
    handle_factor: float = 1.0
    """Their handling time over that of the group; 1.2 for people who do this seldom."""
    lasts_s: float = math.inf
    """Longest time that they can stay."""
    commitment_s: float = 0.0
    """Paid for at least so long."""
    spill_over_per_min: float = 0.0
    """Pulled only while more than this spills to people."""
    pool: str = ""
    """Levers of one pool ask the same people; the lever's own name where empty."""
    shift_ends_s: tuple[float, ...] = ()
    """For `EXTEND_SHIFT`: when its people would go home, in order; they are extra from then on."""
    before_shift_end_s: float = 1800.0
    """They must be asked so long before."""

    @property
    def effect(self) -> float:
        """People of the group that one person asked is worth."""
        return self.accept_share / self.handle_factor

    @property
    def drawn_from(self) -> str:
        """Name of the pool."""
        return self.pool or self.name

    def lead_at(self, now_s: float, share: float = 0.5) -> float:
        """Time from a call now to its effect, at *share* of the way from the shortest to the longest; infinite where it is too late."""
        if self.kind is not Kind.EXTEND_SHIFT:
            return self.lead_s[0] + share * (self.lead_s[1] - self.lead_s[0])
        return (
            min(
                (at_s for at_s in self.shift_ends_s if at_s - now_s >= self.before_shift_end_s),
                default=math.inf,
            )
            - now_s
        )


@dataclass(frozen=True, slots=True)
class PlanPolicy:
    """When to plan, and what for."""

    step_s: float = 300.0
    """Between two entries of the gap."""
    replan_s: float = 300.0
    under_target: float = 0.05
    """Points under target of some interval ahead."""
    variance: float = 0.08
    """Volume off its forecast, share."""
    grown_people: float = 5.0
    """So many more people short than at the last plan: plan at once."""
    settle_s: float = 600.0
    """Not needed for so long: let go."""
    lead_share: float = 0.5
    """Leads are reckoned at so much of the way from their shortest to their longest: 0 hopes, 1 fears."""


@dataclass(frozen=True, slots=True)
class PlanObservation:
    """How things stand."""

    gap: tuple[float, ...]
    """People short now, `step_s` from now, and so on, up to two hours or so; levers not counted. Later is like the last entry."""
    lasts_p50_s: float
    """Median of what the fault will still last."""
    spill_per_min: float = math.inf
    service_level_low: float = 0.0
    """Lowest projected of all intervals ahead."""
    target: float = 0.8
    volume_variance: float = 0.0
    """Volume seen over volume expected, less 1."""
    recovered: bool = False
    joined: Mapping[int, int] = field(default_factory=dict)
    """By call: people who said yes; a call that is missing has not been answered."""
    free: Mapping[str, int] = field(default_factory=dict)
    """By pool: most that may be asked now (breaks not taken yet, donors whose queue can spare them); missing for no limit."""


@dataclass(frozen=True, slots=True)
class Start:
    """Ask people of a lever."""

    at_s: float
    call: int
    lever: Lever
    people: int
    """Asked."""
    expected: float
    """People of the group that this is expected to be worth."""
    from_s: float
    """When they are expected."""
    until_s: float
    """When they must go at the latest."""
    cost: float
    """Expected."""
    words: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Let the people of a call go, or do not let them come."""

    at_s: float
    call: int
    lever: Lever
    leave_s: float
    """Later than now where they are paid for longer: then they stay."""
    words: str


Action = Start | Stop


@dataclass(frozen=True, slots=True)
class PlanState:
    """Calls that are out, in the order in which they were made."""

    out: tuple[Start, ...] = ()
    calls: int = 0
    asked: Mapping[str, int] = field(default_factory=dict)
    """By pool, in this episode."""
    planned_s: float = math.nan
    """Last plan; NaN outside an episode."""
    planned_for: float = 0.0
    """Most people short at any instant in it."""
    spare_s: float = math.nan
    """Since when the last call has not been needed."""


@dataclass(frozen=True, slots=True)
class Portion:
    """So many people of a lever, in effect from `from_s` after now."""

    lever: Lever
    people: int
    from_s: float
    cost_per_head: float


def step(
    state: PlanState, seen: PlanObservation, levers: Sequence[Lever], policy: PlanPolicy, now_s: float
) -> tuple[PlanState, tuple[Action, ...]]:
    """Plan, call people, let them go.

    Call it when an estimate moved and when `next_due` says.
    """
    actions: list[Action] = []
    over = [call for call in state.out if now_s >= call.until_s]
    if over:
        actions += [_stop(call, now_s, "their time is over") for call in over]
        state = replace(state, out=tuple(call for call in state.out if now_s < call.until_s))
    if seen.recovered:
        actions += [_stop(call, now_s, "normal again") for call in reversed(state.out)]
        return PlanState(calls=state.calls), tuple(actions)
    if rests(state, seen.gap, policy, now_s):
        return state, tuple(actions)
    why = _trigger(seen, policy)
    if math.isnan(state.planned_s) and not why:
        return state, tuple(actions)
    need = _need(seen, levers, policy, now_s)
    peak = max(need, default=0.0)
    if _is_enough(state, peak, policy, now_s):
        return state, tuple(actions)
    covered = _covered(state.out, seen, policy, now_s, len(need))
    if why:
        short = [max(0.0, wanted - there) for wanted, there in zip(need, covered, strict=True)]
        due: dict[str, list[Portion]] = {}
        for portion in cover(short, levers, seen, policy, now_s, state.asked):
            # Not now if the next plan is early enough.
            if portion.from_s <= portion.lever.lead_at(now_s, policy.lead_share) + policy.replan_s:
                due.setdefault(portion.lever.name, []).append(portion)
        for portions in due.values():
            missing = short[round(portions[0].from_s / policy.step_s)]
            state, call = _start(state, portions, seen, policy, why, now_s, missing)
            actions.append(call)
    started = any(isinstance(action, Start) for action in actions)
    state, stopped = (
        _let_go(state, seen, need, policy, now_s) if not started else (replace(state, spare_s=math.nan), ())
    )
    actions += stopped
    if not why and not state.out:
        return PlanState(calls=state.calls), tuple(actions)
    return replace(state, planned_s=now_s, planned_for=peak), tuple(actions)


def rests(state: PlanState, gap: Sequence[float], policy: PlanPolicy, now_s: float) -> bool:
    """Whether nothing would come of a step with this gap, fleets being not normal again: most are asked for in vain.

    What is needed is part of the gap, and none of it is more than was planned for a short while ago; and nobody's time is over.
    """
    return _is_enough(state, max(gap, default=0.0), policy, now_s) and not any(
        now_s >= call.until_s for call in state.out
    )


def _is_enough(state: PlanState, people: float, policy: PlanPolicy, now_s: float) -> bool:
    # Outside an episode the last plan was at NaN.
    return now_s < state.planned_s + policy.replan_s and people <= state.planned_for + policy.grown_people


def next_due(state: PlanState, policy: PlanPolicy, now_s: float) -> float:
    """When to be asked again although nothing moves: the next plan, or the end of a call."""
    if math.isnan(state.planned_s):
        return math.inf
    ends_s = min((call.until_s for call in state.out), default=math.inf)
    return max(now_s, min(state.planned_s + policy.replan_s, ends_s))


def cover(
    short: Sequence[float],
    levers: Sequence[Lever],
    seen: PlanObservation,
    policy: PlanPolicy,
    now_s: float,
    asked: Mapping[str, int],
) -> tuple[Portion, ...]:
    """Cheapest people for what is short, as far as levers reach.

    Args:
        short: People short at now, now + `step_s` and so on.
        levers: All there are, in the order of the ladder, which settles ties.
        seen: Spill, expected rest, limits of the pools.
        policy: Length of a step.
        now_s: Now.
        asked: People asked before, by pool.
    """
    if max(short, default=0.0) <= 1e-9:
        return ()
    most: dict[str, int] = {}
    for lever in levers:
        most[lever.drawn_from] = max(most.get(lever.drawn_from, 0), lever.people)
    left = {
        lever.drawn_from: min(
            most[lever.drawn_from] - asked.get(lever.drawn_from, 0),
            seen.free.get(lever.drawn_from, lever.people),
        )
        for lever in levers
    }
    called = dict.fromkeys((lever.name for lever in levers), 0)
    there = [0.0] * len(short)
    portions: list[Portion] = []
    at_hand = [
        (lever.lead_at(now_s, policy.lead_share), place, lever, lever.effect)
        for place, lever in enumerate(levers)
        if lever.effect > 0.0 and seen.spill_per_min > lever.spill_over_per_min
    ]
    for k, wanted in enumerate(short):
        if wanted - there[k] <= 1e-9:
            continue
        at_s = k * policy.step_s
        ladder = sorted(
            (_cost(lever, at_s, seen.lasts_p50_s), lead_s, place, lever, effect)
            for lead_s, place, lever, effect in at_hand
            if lead_s <= at_s
        )
        for cost, _, _, lever, effect in ladder:
            missing = wanted - there[k]
            if missing <= 1e-9:
                break
            people = min(
                left[lever.drawn_from],
                lever.people - called[lever.name],
                math.ceil(missing / effect - 1e-9),
            )
            if people <= 0:
                continue
            portions.append(Portion(lever, people, at_s, cost))
            left[lever.drawn_from] -= people
            called[lever.name] += people
            for j in _reach(portions[-1], len(short), policy):
                there[j] += people * effect
    return _trimmed(portions, short, there, policy)


def _trimmed(
    portions: list[Portion], short: Sequence[float], there: list[float], policy: PlanPolicy
) -> tuple[Portion, ...]:
    """Take off what later portions have made superfluous, the dearest first."""
    for place in sorted(range(len(portions)), key=lambda i: (-portions[i].cost_per_head, -i)):
        portion = portions[place]
        reach = _reach(portion, len(short), policy)
        spare = min((there[j] - short[j] for j in reach if short[j] > 0.0), default=math.inf)
        off = min(portion.people, math.floor(spare / portion.lever.effect + 1e-9)) if spare > 0.0 else 0
        if off > 0:
            portions[place] = replace(portion, people=portion.people - off)
            for j in reach:
                there[j] -= off * portion.lever.effect
    return tuple(portion for portion in portions if portion.people > 0)


def _reach(portion: Portion, steps: int, policy: PlanPolicy) -> range:
    """Places of the plan at which the people of a portion are there."""
    first = round(portion.from_s / policy.step_s)
    if math.isinf(portion.lever.lasts_s):
        return range(first, steps)
    return range(first, min(steps, first + max(1, math.floor(portion.lever.lasts_s / policy.step_s))))


def _cost(lever: Lever, from_s: float, until_s: float) -> float:
    """Of the worth of one person of the group, from an instant to the expected end."""
    hours = max(lever.commitment_s, min(lever.lasts_s, max(0.0, until_s - from_s))) / 3600.0
    return lever.cost_per_h * hours * lever.handle_factor


def _trigger(seen: PlanObservation, policy: PlanPolicy) -> str:
    """Why to act, in words; empty when it would be for noise."""
    under = seen.target - seen.service_level_low
    if under > policy.under_target + 1e-9:
        return f"service level {seen.service_level_low:.0%} ahead, target {seen.target:.0%}"
    if abs(seen.volume_variance) > policy.variance + 1e-9:
        return f"volume {seen.volume_variance:+.0%} off its forecast"
    return ""


def _start(
    state: PlanState,
    portions: Sequence[Portion],
    seen: PlanObservation,
    policy: PlanPolicy,
    why: str,
    now_s: float,
    short: float,
) -> tuple[PlanState, Start]:
    """Call the people of one lever, all its portions at once."""
    lever = portions[0].lever
    people = sum(portion.people for portion in portions)
    from_s = now_s + lever.lead_at(now_s, policy.lead_share)
    expected = people * lever.effect
    words = (
        f"{lever.name}: {people} asked, {expected:.0f} expected in {(from_s - now_s) / 60.0:.0f} min; "
        f"{short:.0f} people short by then, {why}; fault expected to last {seen.lasts_p50_s / 60.0:.0f} min more"
    )
    call = Start(
        at_s=now_s,
        call=state.calls + 1,
        lever=lever,
        people=people,
        expected=expected,
        from_s=from_s,
        until_s=from_s + lever.lasts_s,
        cost=sum(portion.people * lever.effect * portion.cost_per_head for portion in portions),
        words=words,
    )
    asked = {**state.asked, lever.drawn_from: state.asked.get(lever.drawn_from, 0) + people}
    return replace(state, out=(*state.out, call), calls=call.call, asked=asked), call


def _need(seen: PlanObservation, levers: Sequence[Lever], policy: PlanPolicy, now_s: float) -> list[float]:
    """People short by step, far enough ahead for the slowest lever."""
    leads = [lever.lead_at(now_s, policy.lead_share) for lever in levers]
    reach_s = max((lead_s for lead_s in leads if lead_s < math.inf), default=0.0)
    beyond = math.ceil(min(reach_s, seen.lasts_p50_s) / policy.step_s) + 1 - len(seen.gap)
    gap = (*seen.gap, *seen.gap[-1:] * max(0, beyond))
    lasting = max(0, math.floor(min(len(gap), seen.lasts_p50_s / policy.step_s)) + 1)
    return [*gap[:lasting], *[0.0] * (len(gap) - lasting)]


def _stop(call: Start, now_s: float, why: str) -> Stop:
    leave_s = max(now_s, call.from_s + call.lever.commitment_s if call.lever.commitment_s else now_s)
    paid = f"; paid until {(leave_s - now_s) / 60.0:.0f} min from now" if leave_s > now_s else ""
    return Stop(now_s, call.call, call.lever, leave_s, f"{call.lever.name}: {why}{paid}")


def _covered(
    calls: Sequence[Start], seen: PlanObservation, policy: PlanPolicy, now_s: float, steps: int
) -> list[float]:
    """People of the group that calls are worth by step, by the answers where there are any."""
    there = [0.0] * steps
    for call in calls:
        worth = (
            seen.joined[call.call] / call.lever.handle_factor if call.call in seen.joined else call.expected
        )
        first = max(0, math.ceil((call.from_s - now_s) / policy.step_s))
        end = math.ceil(min(steps, (call.until_s - now_s) / policy.step_s))
        for k in range(first, end):
            there[k] += worth
    return there


def _let_go(
    state: PlanState, seen: PlanObservation, need: Sequence[float], policy: PlanPolicy, now_s: float
) -> tuple[PlanState, tuple[Stop, ...]]:
    """Let the last call go when the ones before have been enough for a while."""
    if not state.out:
        return replace(state, spare_s=math.nan), ()
    *others, last = state.out
    there = _covered(others, seen, policy, now_s, len(need))
    enough = all(people >= wanted - 1e-9 for people, wanted in zip(there, need, strict=True))
    if not enough:
        return state if math.isnan(state.spare_s) else replace(state, spare_s=math.nan), ()
    if math.isnan(state.spare_s):
        return replace(state, spare_s=now_s), ()
    if now_s < state.spare_s + policy.settle_s:
        return state, ()
    words = f"not needed for {(now_s - state.spare_s) / 60.0:.0f} min"
    pool = last.lever.drawn_from
    back = {**state.asked, pool: state.asked[pool] - last.people}  # they can be asked again
    return replace(state, out=tuple(others), spare_s=now_s, asked=back), (_stop(last, now_s, words),)

"""Breakers of what fleets stand on (M25): when all endpoints of a provider fail, one of them probes for all.

Without them every fleet on a sick node cools down, probes and opens again by itself: as many probes as fleets, every round of them paid
with customers, and fleets that come back one by one into a node that is still sick. A parent

- opens when its fleets' breakers are open (or half-open) in a share of at least `share`, and two of them;
- then opens those that are not, lets one go on cooling down and probing (the *scout*, the one that would be the next to probe), and
  keeps the others open, whatever their cool-down says;
- closes when the scout has closed or come back degraded (so does any other that was probing already): those kept open go half-open at
  once and prove themselves;
- takes the next fleet as scout when this one has not come back after `scout_s`: it may be sick for reasons of its own.

A parent under a wider one that is open has nothing to say: the wider one holds its fleets. What an operator has set is left alone and not
counted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sim.orchestration.breaker import State

COUNTED = frozenset({State.CLOSED, State.DEGRADED, State.OPEN, State.HALF_OPEN})
"""States in which a breaker follows its rules."""
BACK = frozenset({State.CLOSED, State.DEGRADED})
FAILING = frozenset({State.OPEN, State.HALF_OPEN})


@dataclass(frozen=True, slots=True)
class ParentPolicy:
    """Numbers of the parents."""

    nodes: Mapping[str, tuple[str, ...]]
    """Node with a breaker to the fleets that stand on it."""
    share: float = 1.0
    """Of a node's fleets, open or half-open."""
    scout_s: float = 600.0
    """So long one fleet probes for all, then the next."""


@dataclass(frozen=True, slots=True)
class ParentObservation:
    """Breakers as they stand."""

    states: Mapping[str, State]
    until_s: Mapping[str, float]
    """When each would next move by itself, infinite for never."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A node's breaker that is open."""

    fleets: tuple[str, ...]
    """Held by it, the scout included."""
    scout: str
    since_s: float
    """Since when this scout probes."""


@dataclass(frozen=True, slots=True)
class ParentState:
    """Nodes whose breaker is open."""

    opened: Mapping[str, Opened] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OpenParent:
    """Open what is not open yet."""

    node: str
    others: tuple[str, ...]
    """All but the scout."""
    failing: int
    of: int
    words: str


@dataclass(frozen=True, slots=True)
class NextScout:
    """Let another fleet probe at once."""

    node: str
    scout: str
    words: str


@dataclass(frozen=True, slots=True)
class CloseParent:
    """Let those who were held prove themselves."""

    node: str
    released: tuple[str, ...]
    words: str


Action = OpenParent | NextScout | CloseParent


def step(
    state: ParentState, seen: ParentObservation, policy: ParentPolicy, now_s: float
) -> tuple[ParentState, tuple[Action, ...]]:
    """Look at the breakers: open a node's, change its scout, close it."""
    opened = dict(state.opened)
    actions: list[Action] = []
    for node, one in state.opened.items():
        waiting = tuple(f for f in one.fleets if f != one.scout and seen.states[f] is State.OPEN)
        back = [f for f in one.fleets if seen.states[f] in BACK]
        if back:
            del opened[node]
            words = (
                f"{back[0]} has proved itself, {now_s - one.since_s:.0f} s after {one.scout} began to probe"
            )
            actions.append(CloseParent(node, waiting, words))
        elif seen.states[one.scout] not in COUNTED or now_s >= one.since_s + policy.scout_s:
            theirs = seen.states[one.scout] not in COUNTED
            if not waiting:
                if theirs:
                    del opened[node]
                    actions.append(CloseParent(node, (), f"operators have all of {', '.join(one.fleets)}"))
                else:
                    opened[node] = replace(one, since_s=now_s)
                continue
            scout = _after(one.fleets, one.scout, waiting)
            why = "is an operator's" if theirs else f"is not back after {policy.scout_s:.0f} s"
            actions.append(NextScout(node, scout, f"{one.scout} {why}; {scout} probes for all"))
            opened[node] = replace(one, scout=scout, since_s=now_s)
    for node, fleets in sorted(policy.nodes.items(), key=lambda item: (-len(item[1]), item[0])):
        if any(set(fleets) <= set(one.fleets) for one in opened.values()):
            continue
        counted = [fleet for fleet in fleets if seen.states[fleet] in COUNTED]
        failing = [fleet for fleet in counted if seen.states[fleet] in FAILING]
        if len(failing) < 2 or len(failing) < policy.share * len(counted):
            continue
        narrower = [other for other, one in opened.items() if set(one.fleets) < set(fleets)]
        scout = min(failing, key=lambda fleet: (seen.states[fleet] is State.OPEN, seen.until_s[fleet]))
        for other in narrower:
            del opened[other]
            actions.append(CloseParent(other, (), f"{node} below it takes over"))
        words = f"{len(failing)} of {len(counted)} fleets on it are open; {scout} probes for all"
        others = tuple(fleet for fleet in counted if fleet != scout)
        actions.append(OpenParent(node, others, len(failing), len(counted), words))
        opened[node] = Opened(tuple(counted), scout, now_s)
    return ParentState(opened), tuple(actions)


def held(state: ParentState) -> frozenset[str]:
    """Fleets that are not to probe: while their breaker is open, it stays so."""
    return frozenset(f for one in state.opened.values() for f in one.fleets if f != one.scout)


def next_due(state: ParentState, policy: ParentPolicy) -> float:
    """When to be asked again although nothing moves."""
    return min((one.since_s + policy.scout_s for one in state.opened.values()), default=math.inf)


def _after(fleets: Sequence[str], scout: str, among: Sequence[str]) -> str:
    """The first of *among* behind *scout* in the order of *fleets*, round and round."""
    at = fleets.index(scout)
    return next(fleet for fleet in (*fleets[at + 1 :], *fleets[:at]) if fleet in among)

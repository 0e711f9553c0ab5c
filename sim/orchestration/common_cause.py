"""One fault behind several (M33): which node that they all stand on has failed, and how sure that is.

Everything stands on something: a fleet on its vendor, the vendor on a provider of language models, that on a cloud region, that on an
edge network. When two or more endpoints show symptoms within `window_s` of each other, each node they share is weighed against "several
faults, by chance at the same time":

```text
P(node down in the window)      = β · endpoints · q, spread evenly over the shared nodes    q = faults of one endpoint in the window
P(endpoint trips | node down)   = trips,  warns likewise,  silent e^{−since first symptom / notice_s}, never under 1 − trips − warns
P(endpoint trips | node sound)  = q · trips + false_trips,  warns likewise
```

A healthy endpoint under a node speaks against it, the more the longer it stays healthy; one without data says nothing. Nodes with the
same endpoints above them cannot be told apart: they are weighed together, and the lowest is named.

A node that is declared down is opened with everything on it, watchers included: their judgement is suspended, since they may be blind
rather than right. A wider node that explains later symptoms takes the place of a narrower one. All endpoints healthy again: retracted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum


class Verdict(Enum):
    """What a breaker's window says of one endpoint; no data is not health."""

    NODATA = "no data"
    OK = "healthy"
    WARN = "warning"
    TRIP = "tripped"

    # Looked up in sets at every look, and there is one object of each.
    __hash__ = object.__hash__


# By a name of its own: to fetch a member from its class takes Python 3.11 longer than to compare two.
_NODATA = Verdict.NODATA
_SICK = frozenset({Verdict.WARN, Verdict.TRIP})


@dataclass(frozen=True, slots=True)
class Graph:
    """What stands on what."""

    stands_on: Mapping[str, tuple[str, ...]]
    """Endpoint, watcher or node to the nodes right under it; a node that nothing is under needs no entry."""
    fleets: tuple[str, ...]
    """Endpoints whose verdicts are read."""
    watchers: tuple[str, ...] = ()
    """Scorers and the like: their own judgement depends on what they stand on."""

    def under(self, name: str) -> frozenset[str]:
        """All nodes that *name* stands on, near and far.

        Raises:
            ValueError: The graph has a circle through *name*.
        """
        found: set[str] = set()
        ahead = list(self.stands_on.get(name, ()))
        while ahead:
            node = ahead.pop()
            if node not in found:
                found.add(node)
                ahead += self.stands_on.get(node, ())
        if name in found:
            raise ValueError(f"{name} stands on itself")
        return frozenset(found)

    def on(self, node: str) -> tuple[str, ...]:
        """Fleets that stand on *node*."""
        return tuple(fleet for fleet in self.fleets if node in self.under(fleet))

    def watching_from(self, node: str) -> tuple[str, ...]:
        """Watchers that stand on *node*."""
        return tuple(watcher for watcher in self.watchers if node in self.under(watcher))

    def shared(self) -> dict[frozenset[str], tuple[str, ...]]:
        """Sets of two or more fleets that stand on the same nodes, to those nodes, the lowest first."""
        groups: dict[frozenset[str], list[str]] = {}
        for node in sorted(set().union(*(self.under(fleet) for fleet in self.fleets))):
            fleets = frozenset(self.on(node))
            if len(fleets) >= 2:
                groups.setdefault(fleets, []).append(node)
        # The lowest is the one that stands on the others.
        return {
            fleets: tuple(sorted(nodes, key=lambda node: (-len(self.under(node)), node)))
            for fleets, nodes in groups.items()
        }


@dataclass(frozen=True, slots=True)
class CommonCausePolicy:
    """Numbers of the detector."""

    window_s: float = 120.0
    """Symptoms within this of each other may be one fault."""
    declare_at: float = 0.9
    """Posterior from which a node is opened."""
    prior: float = 0.035
    """β: share of all faults that have a cause in common."""
    faults_per_week: float = 1.3
    """Of one endpoint, its own and shared; a provider's incidents run at 1.0 to 1.6."""
    per_endpoint: Mapping[str, float] = field(default_factory=dict)
    """Faults a week of endpoints that differ."""
    trips: float = 0.60
    """P(tripped | node down), once there was time to notice."""
    warns: float = 0.35
    """P(warning | node down)."""
    false_trips: float = 1e-4
    """P(tripped in a window) without any fault."""
    false_warns: float = 1e-3
    notice_s: float = 15.0
    """Mean time until an endpoint on a failed node shows it."""
    look_s: float = 5.0
    """How often an undecided case is weighed again."""

    def fault_share(self, endpoint: str) -> float:
        """q: P(this endpoint develops a fault within a window)."""
        return self.per_endpoint.get(endpoint, self.faults_per_week) * self.window_s / (7.0 * 86400.0)


@dataclass(frozen=True, slots=True)
class CommonCauseObservation:
    """Verdicts as they stand; an endpoint that is missing has no data."""

    verdicts: Mapping[str, Verdict]


@dataclass(frozen=True, slots=True)
class CommonCauseState:
    """Since when each endpoint has had symptoms, and which nodes are declared down."""

    raised_s: Mapping[str, float] = field(default_factory=dict)
    declared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenAncestor:
    """Open the breaker of a node: nothing on it is a way out."""

    at_s: float
    node: str
    fleets: tuple[str, ...]
    watchers: tuple[str, ...]
    """Judgement to suspend."""
    posterior: float
    first_s: float
    """First symptom of the case."""
    words: str


@dataclass(frozen=True, slots=True)
class CloseAncestor:
    """Take the declaration back."""

    at_s: float
    node: str
    fleets: tuple[str, ...]
    watchers: tuple[str, ...]
    words: str


Action = OpenAncestor | CloseAncestor


def step(
    state: CommonCauseState,
    seen: CommonCauseObservation,
    graph: Graph,
    policy: CommonCausePolicy,
    now_s: float,
) -> tuple[CommonCauseState, tuple[Action, ...]]:
    """Look at the verdicts: declare a node down, widen a declaration, take one back."""
    sick = {
        fleet: state.raised_s.get(fleet, now_s)
        for fleet in graph.fleets
        if (verdict := seen.verdicts.get(fleet, _NODATA)) in _SICK
        # Silence after symptoms is not recovery.
        or (verdict is _NODATA and fleet in state.raised_s)
    }
    state = replace(state, raised_s=sick)
    actions: list[Action] = []
    for node in state.declared:
        fleets = graph.on(node)
        if all(seen.verdicts.get(fleet, Verdict.NODATA) is Verdict.OK for fleet in fleets):
            words = f"all of {', '.join(fleets)} healthy again"
            actions.append(CloseAncestor(now_s, node, fleets, graph.watching_from(node), words))
            state = replace(state, declared=tuple(other for other in state.declared if other != node))
    case = _case(sick, policy, now_s)
    if len(case) < 2:
        return state, tuple(actions)
    best, posterior = _best(posteriors(case, seen.verdicts, graph, policy, now_s))
    if posterior < policy.declare_at:
        return state, tuple(actions)
    node, fleets = graph.shared()[best][0], tuple(fleet for fleet in graph.fleets if fleet in best)
    if any(best <= frozenset(graph.on(other)) for other in state.declared):
        return state, tuple(actions)
    for other in state.declared:
        if frozenset(graph.on(other)) < best:
            words = f"{node} below it explains more"
            actions.append(CloseAncestor(now_s, other, graph.on(other), graph.watching_from(other), words))
            state = replace(state, declared=tuple(kept for kept in state.declared if kept != other))
    symptoms = ", ".join(f"{fleet} {seen.verdicts.get(fleet, Verdict.NODATA).value}" for fleet in fleets)
    first_s = min(case.values())
    words = f"{symptoms} within {max(case.values()) - first_s:.0f} s: {node} {posterior:.0%} ≥ {policy.declare_at:.0%}"
    if watchers := graph.watching_from(node):
        words += f"; {', '.join(watchers)} stands on it too, and its judgement of sessions is suspended"
    actions.append(OpenAncestor(now_s, node, fleets, graph.watching_from(node), posterior, first_s, words))
    return replace(state, declared=(*state.declared, node)), tuple(actions)


def next_due(state: CommonCauseState, policy: CommonCausePolicy, now_s: float) -> float:
    """When to be asked again although nothing moves: while endpoints that might speak for or against are still silent."""
    case = _case(state.raised_s, policy, now_s)
    if len(case) < 2 or now_s + policy.look_s > max(case.values()) + policy.window_s:
        return math.inf
    return now_s + policy.look_s


def is_settled(state: CommonCauseState, policy: CommonCausePolicy, now_s: float) -> bool:
    """Whether the same verdicts will lead to nothing later: there are no two symptoms that belong together."""
    return len(_case(state.raised_s, policy, now_s)) < 2


def posteriors(
    case: Mapping[str, float],
    verdicts: Mapping[str, Verdict],
    graph: Graph,
    policy: CommonCausePolicy,
    now_s: float,
) -> dict[frozenset[str], float]:
    """Posterior of each set of fleets with nodes in common; what is missing to 1 is several faults by chance.

    Args:
        case: Endpoints with symptoms that belong together, to when each began.
        verdicts: By endpoint.
        graph: What stands on what.
        policy: Numbers of the detector.
        now_s: Now.
    """
    since_s = now_s - min(case.values())
    shared = graph.shared()
    nodes = sum(len(group) for group in shared.values())
    anyone = sum(policy.fault_share(fleet) for fleet in graph.fleets)

    def likelihood(fleet: str, *, down: bool) -> float:
        verdict = verdicts.get(fleet, Verdict.NODATA)
        if verdict is Verdict.NODATA or (verdict is not Verdict.OK and fleet not in case):
            return 1.0  # sick for long, or silent: says nothing about the last minutes
        q = policy.fault_share(fleet)
        if verdict is Verdict.TRIP:
            return policy.trips if down else q * policy.trips + policy.false_trips
        if verdict is Verdict.WARN:
            return policy.warns if down else q * policy.warns + policy.false_warns
        late = math.exp(-since_s / policy.notice_s)
        return max(late, 1.0 - policy.trips - policy.warns) if down else 1.0

    def weight(below: frozenset[str]) -> float:
        return math.prod(likelihood(fleet, down=fleet in below) for fleet in graph.fleets)

    weights = {
        fleets: policy.prior * anyone * len(group) / nodes * weight(fleets)
        for fleets, group in shared.items()
    }
    whole = sum(weights.values()) + (1.0 - policy.prior * anyone) * weight(frozenset())
    return {fleets: each / whole for fleets, each in weights.items()}


def _case(sick: Mapping[str, float], policy: CommonCausePolicy, now_s: float) -> dict[str, float]:
    """Symptoms that began within the window of the last one, as long as that one is fresh."""
    last_s = max(sick.values(), default=-math.inf)
    if now_s - last_s > policy.window_s:
        return {}
    return {fleet: at_s for fleet, at_s in sick.items() if last_s - at_s <= policy.window_s}


def _best(found: Mapping[frozenset[str], float]) -> tuple[frozenset[str], float]:
    """The most likely set, the smaller one when two are equally so."""
    return max(found.items(), key=lambda item: (item[1], -len(item[0])), default=(frozenset(), 0.0))

"""What an AI failure puts on the people (M31): contacts a minute, a burst at once, Erlangs, people short, now and up to an hour ahead.

```text
ΔH     = Σ λ · (contained normally − contained as things stand)      contacts a minute
burst  = θ · sessions under way at fleets that have just closed their door    once
people = required(all human contacts a minute, their mean handling time), gap = people − available
```

How much is contained follows from where contacts can go: own fleet if its breaker, its level and its sessions allow, then the fleets of
the fallback chain, each up to what its sessions carry (Erlang B), then people. The normal day is worked out in the same way, so that a
fleet which is always a little full is not taken for a failure.

A planner's inputs only: expected arrivals, shares, handling times; nothing that only the plant knows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from statistics import NormalDist

OPEN_DOOR = frozenset({"closed", "disabled", "metrics_only"})
SIMPLE_ONLY = frozenset({"degraded"})
SHUT = frozenset({"open", "half_open", "forced_open"})
"""Names of breaker states by what they let in; the probes of a half-open one are too few to count."""

_Z80 = NormalDist().inv_cdf(0.9)


@dataclass(frozen=True, slots=True)
class Stream:
    """What a planner expects of one intent in one channel."""

    intent: str
    channel: str
    per_min: tuple[float, ...]
    """Expected arrivals a minute, by interval of the plan."""
    direct_handle_s: float
    """Handling time of a person where the AI never engaged."""
    escalated_handle_s: float = 0.0
    """Handling time of a person after the AI."""
    fleet: str = ""
    """Takes the AI's share; empty where everything goes to people."""
    ai_share: float = 0.0
    """Share that is routed to the AI on a normal day."""
    containment: Mapping[str, float] | None = None
    """Share that ends with the AI on a normal day, by fleet."""
    session_s: float = 0.0
    """Mean time an AI session lasts."""
    fallback: tuple[str, ...] = ()
    """Fleets that are tried after the first, in order."""
    risk: int = 0
    """0 low, 1 medium, 2 high."""
    capability: float = 1.0
    is_simple: bool = True
    """Still routed to a degraded fleet."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """One AI fleet as the orchestrator sees it."""

    sessions: int
    """Most sessions at once, as capped now."""
    state: str = "closed"
    since_s: float = 0.0
    """When the breaker moved last."""
    level: int = 0
    """Of graceful degradation."""
    active: int = 0
    containment_drop: float = 0.0
    """Points of containment below normal, as seen; 0.07 is seven points."""
    sessions_normal: int = -1
    """Most sessions at once on a normal day; −1 for the same as now."""
    away: tuple[tuple[float, float], ...] = ()
    """Announced pauses, from and until, seconds: nothing is let in then, whatever its state is now."""


@dataclass(frozen=True, slots=True)
class ImpactPolicy:
    """How the estimate is made; the spreads are assumptions until a run has measured them."""

    every_s: float = 900.0
    """Length of an interval of the plan."""
    from_s: float = 0.0
    """Start of the first one."""
    ahead_s: tuple[float, ...] = (0.0, 900.0, 1800.0, 3600.0)
    """Horizons that are published; a plan wants them in steps of five minutes up to two hours."""
    burst_share: float = 0.3
    """θ: share of the sessions under way that ask for a person at a shock."""
    burst_within_s: float = 300.0
    """A fleet that closed its door longer ago than this has had its burst."""
    stays_share: float = 1.0
    """Share of the spilled who neither balk nor accept to be sent elsewhere before they reach a person."""
    forecast_cv: float = 0.08
    """Error of the volume forecast for the next minutes, standard deviation over mean."""
    forecast_cv_growth_per_h: float = 1.0
    """Its variance grows by this share of itself for each hour ahead."""
    window_min: float = 15.0
    """The estimate is held against counts over so many minutes, which scatter by themselves."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """The estimate for one horizon, as long as things stand as they do."""

    ahead_s: float
    p10_per_min: float
    p50_per_min: float
    p90_per_min: float
    human_per_min: float
    """All contacts that need a person, the normal ones included."""
    handle_s: float
    """Their mean handling time."""
    erlangs: float
    """Work added."""
    required: int
    available: float
    gap: float
    """People short; below zero people to spare."""


@dataclass(frozen=True, slots=True)
class Impact:
    """What the failure puts on the people."""

    at_s: float
    ahead: tuple[Ahead, ...]
    burst: float
    """Sessions under way that ask for a person, once; not part of the arrivals a minute."""
    words: str


@dataclass(frozen=True, slots=True)
class _Flow:
    contained_per_min: float
    human_per_min: float
    erlangs: float


@dataclass(frozen=True, slots=True)
class Worked:
    """What earlier estimates have worked out: fleets stand in few ways, and an estimate is asked for whenever one of them moves.

    Runs in several threads may share one: entries are looked up and put in, each at one stroke, and are the same whoever makes them.
    """

    flows: dict[tuple[Hashable, ...], _Flow] = field(default_factory=dict)
    ahead: dict[tuple[Hashable, ...], Ahead] = field(default_factory=dict)

    def make_room(self) -> None:
        """Forget everything when there is much of it."""
        if len(self.flows) + len(self.ahead) > MOST_WORKED:
            self.flows.clear()
            self.ahead.clear()


MOST_WORKED = 50_000
"""Numbers kept to be looked up; some ten megabytes."""


def multiplier(ai_share: float, containment: float) -> float:
    """How many times the usual contacts reach people when the AI vanishes: 1/(1 − s·c).

    Raises:
        ValueError: A share is not in [0, 1].
    """
    if not (0.0 <= ai_share <= 1.0 and 0.0 <= containment <= 1.0):
        raise ValueError(f"ai_share {ai_share} and containment {containment} must be shares")
    contained = ai_share * containment
    return 1.0 / (1.0 - contained) if contained < 1.0 else math.inf


def carried_erlangs(load_erlangs: float, sessions: int) -> float:
    """Work that a fleet with a hard cap carries, by Erlang B: what finds it full goes elsewhere."""
    if load_erlangs <= 0.0 or sessions <= 0:
        return 0.0
    blocked = 1.0
    for n in range(1, sessions + 1):
        blocked = load_erlangs * blocked / (n + load_erlangs * blocked)
    return load_erlangs * (1.0 - blocked)


def is_away(pauses: Sequence[tuple[float, float]], at_s: float) -> bool:
    """Whether an instant lies in one of the pauses (from, until)."""
    return any(from_s <= at_s < until_s for from_s, until_s in pauses)


def never(level: int, risk: int, capability: float, containment: float) -> bool:  # noqa: ARG001
    """No level sheds anything: the rule where graceful degradation is off."""
    return False


def estimate(
    streams: Sequence[Stream],
    fleets: Mapping[str, Fleet],
    available: Sequence[float],
    required: Callable[[float, float], int],
    policy: ImpactPolicy,
    now_s: float,
    sheds: Callable[[int, int, float, float], bool] = never,
    worked: Worked | None = None,
) -> Impact:
    """What the failure puts on the people, for every horizon of the policy.

    Args:
        streams: Expected arrivals of everything that people or AI handle.
        fleets: As they stand, by name.
        available: People at each horizon as the plan has them, same length as `policy.ahead_s`.
        required: People for (contacts a second, handling time in seconds), Erlang A's inverse at the service target.
        policy: How.
        now_s: Now.
        sheds: Whether (level, risk, capability, containment) keeps an intent from the AI.
        worked: What earlier calls with the same *streams*, *required* and *sheds* worked out, and policies that differ in `ahead_s` alone.

    Raises:
        ValueError: Lengths differ, or a state is not a breaker's.
    """
    if len(available) != len(policy.ahead_s):
        raise ValueError(f"available has {len(available)} entries, and must have {len(policy.ahead_s)}")
    for name, fleet in fleets.items():
        if fleet.state not in OPEN_DOOR | SIMPLE_ONLY | SHUT:
            raise ValueError(f"fleet {name}: {fleet.state} is no state of a breaker")
    normal = {
        name: Fleet(fleet.sessions if fleet.sessions_normal < 0 else fleet.sessions_normal)
        for name, fleet in fleets.items()
    }
    worked = worked or Worked()
    worked.make_room()
    usual, as_is = _standing(normal), _standing(fleets)
    needed = cache(required)
    ahead = []
    for ahead_s, people in zip(policy.ahead_s, available, strict=True):
        k = max(0, math.floor((now_s + ahead_s - policy.from_s) / policy.every_s))
        away = frozenset(name for name, fleet in fleets.items() if is_away(fleet.away, now_s + ahead_s))
        then, stand = fleets, as_is
        if away:
            then = {name: replace(f, state="open") if name in away else f for name, f in fleets.items()}
            stand = _standing(then)
        key = (k, ahead_s, people, usual, stand)
        found = worked.ahead.get(key)
        if found is None:
            flows = (
                _looked_up(worked, streams, normal, usual, k, never),
                _looked_up(worked, streams, then, stand, k, sheds),
            )
            found = worked.ahead[key] = _compared(*flows, ahead_s, people, needed, policy)
        ahead.append(found)
    burst = policy.burst_share * sum(
        fleet.active
        for fleet in fleets.values()
        if fleet.state in SHUT and now_s - fleet.since_s <= policy.burst_within_s
    )
    now = ahead[0]
    words = (
        f"human volume {now.p50_per_min:+.1f}/min ({now.p10_per_min:+.1f} to {now.p90_per_min:+.1f}), "
        f"{now.erlangs:+.0f} Erlangs, {burst:.0f} at once; {now.required} people needed, {now.available:.0f} there"
    )
    return Impact(now_s, tuple(ahead), burst, words)


def _standing(fleets: Mapping[str, Fleet]) -> tuple[Hashable, ...]:
    """All of the fleets that a flow rests on."""
    return tuple((name, f.sessions, f.state, f.level, f.containment_drop) for name, f in fleets.items())


def _looked_up(
    worked: Worked,
    streams: Sequence[Stream],
    fleets: Mapping[str, Fleet],
    standing: tuple[Hashable, ...],
    interval: int,
    sheds: Callable[[int, int, float, float], bool],
) -> _Flow:
    """The flow of one interval, worked out once: several horizons fall into it, and many estimates."""
    key = (interval, sheds is never, standing)
    flow = worked.flows.get(key)
    if flow is None:
        flow = worked.flows[key] = _flow(streams, fleets, interval, sheds)
    return flow


def _compared(
    usual: _Flow,
    as_is: _Flow,
    ahead_s: float,
    available: float,
    required: Callable[[float, float], int],
    policy: ImpactPolicy,
) -> Ahead:
    spilled = usual.contained_per_min - as_is.contained_per_min
    stays = policy.stays_share if spilled > 0.0 else 1.0
    p50 = spilled * stays
    # Error of the forecast, and the scatter of a count around its mean.
    cv = policy.forecast_cv * math.sqrt(1.0 + policy.forecast_cv_growth_per_h * ahead_s / 3600.0)
    spread = _Z80 * math.sqrt((cv * p50) ** 2 + abs(p50) / policy.window_min)
    p10, p90 = p50 - spread, p50 + spread
    if p50 >= 0.0:
        p10 = max(0.0, p10)
    erlangs = (as_is.erlangs - usual.erlangs) * stays
    human = usual.human_per_min + p50
    work = usual.erlangs + erlangs
    handle_s = 60.0 * work / human if human > 0.0 else 0.0
    people = required(human / 60.0, handle_s) if human > 0.0 else 0
    return Ahead(ahead_s, p10, p50, p90, human, handle_s, erlangs, people, available, people - available)


def _flow(
    streams: Sequence[Stream],
    fleets: Mapping[str, Fleet],
    interval: int,
    sheds: Callable[[int, int, float, float], bool],
) -> _Flow:
    """Where everything ends up in one interval. First come first: whoever is at home in a fleet finds it before those sent on."""
    offered = [stream.per_min[min(interval, len(stream.per_min) - 1)] for stream in streams]
    left = [rate * stream.ai_share for rate, stream in zip(offered, streams, strict=True)]
    contained = [0.0] * len(streams)
    escalated = [0.0] * len(streams)
    load = dict.fromkeys(fleets, 0.0)
    chains = [((stream.fleet, *stream.fallback) if stream.fleet else ()) for stream in streams]
    for place in range(max((len(chain) for chain in chains), default=0)):
        asking: dict[str, list[int]] = {}
        for i, chain in enumerate(chains):
            if place < len(chain) and left[i] > 0.0 and _lets_in(fleets, chain[place], streams[i], sheds):
                asking.setdefault(chain[place], []).append(i)
        for name, who in asking.items():
            fleet = fleets[name]
            more = sum(left[i] * streams[i].session_s / 60.0 for i in who)
            took = 1.0
            if more > 0.0:
                before = carried_erlangs(load[name], fleet.sessions)
                took = (carried_erlangs(load[name] + more, fleet.sessions) - before) / more
            load[name] += more
            for i in who:
                taken = left[i] * took
                usual = (streams[i].containment or {}).get(name, 0.0)
                kept = taken * max(0.0, usual - fleet.containment_drop)
                contained[i] += kept
                escalated[i] += taken - kept
                left[i] -= taken
    erlangs = 0.0
    for rate, stream, kept, sent_on in zip(offered, streams, contained, escalated, strict=True):
        direct = rate - kept - sent_on
        erlangs += (direct * stream.direct_handle_s + sent_on * stream.escalated_handle_s) / 60.0
    return _Flow(sum(contained), sum(offered) - sum(contained), erlangs)


def _lets_in(
    fleets: Mapping[str, Fleet], name: str, stream: Stream, sheds: Callable[[int, int, float, float], bool]
) -> bool:
    fleet = fleets[name]
    if fleet.state in SHUT or (fleet.state in SIMPLE_ONLY and not stream.is_simple):
        return False
    seen = (stream.containment or {}).get(name, 0.0) - fleet.containment_drop
    return not sheds(fleet.level, stream.risk, stream.capability, seen)

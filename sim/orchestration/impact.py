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
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.orchestration.flow import flows

OPEN_DOOR = frozenset({"closed", "disabled", "metrics_only"})
SIMPLE_ONLY = frozenset({"degraded"})
SHUT = frozenset({"open", "half_open", "forced_open"})
"""Names of breaker states by what they let in; the probes of a half-open one are too few to count."""
_STATES = OPEN_DOOR | SIMPLE_ONLY | SHUT

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
    level: int = 0
    """Of graceful degradation."""
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
class Interval:
    """The estimate for one interval of the plan, as long as things stand as they do: all of it that does not rest on how far off it is."""

    p50_per_min: float
    human_per_min: float
    handle_s: float
    erlangs: float
    required: int


class Ahead(NamedTuple):
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


class Impact(NamedTuple):
    """What the failure puts on the people."""

    at_s: float
    ahead: tuple[Ahead, ...]
    burst: float
    """Sessions under way that ask for a person, once; not part of the arrivals a minute."""

    @property
    def words(self) -> str:
        """The nearest horizon in words; few estimates are ever read out."""
        now = self.ahead[0]
        when = f"in {now.ahead_s / 60.0:.0f} min " if now.ahead_s > 0.0 else ""
        return (
            f"{when}human volume {now.p50_per_min:+.1f}/min ({now.p10_per_min:+.1f} to {now.p90_per_min:+.1f}), "
            f"{now.erlangs:+.0f} Erlangs, {self.burst:.0f} at once; {now.required} people needed, {now.available:.0f} there"
        )


@dataclass(frozen=True, slots=True)
class _Flow:
    contained_per_min: float
    human_per_min: float
    erlangs: float


@dataclass(frozen=True, slots=True)
class _Table:
    """The streams as arrays, one row each."""

    per_min: NDArray[np.float64]
    ai_share: NDArray[np.float64]
    session_s: NDArray[np.float64]
    direct_s: NDArray[np.float64]
    escalated_s: NDArray[np.float64]
    chain: NDArray[np.int64]
    doors: dict[tuple[Hashable, ...], tuple[NDArray[np.float64], NDArray[np.bool_]]] = field(
        default_factory=dict
    )
    """What a fleet in some state does with them."""


def _table(streams: Sequence[Stream], fleets: Sequence[str]) -> _Table:
    intervals = max((len(stream.per_min) for stream in streams), default=1)
    chains = [((stream.fleet, *stream.fallback) if stream.fleet else ()) for stream in streams]
    places = max((len(chain) for chain in chains), default=0)
    per_min = [stream.per_min + stream.per_min[-1:] * (intervals - len(stream.per_min)) for stream in streams]
    chain = [[fleets.index(name) for name in chain] + [-1] * (places - len(chain)) for chain in chains]

    def column(name: str) -> NDArray[np.float64]:
        return np.array([getattr(stream, name) for stream in streams], dtype=np.float64)

    return _Table(
        per_min=np.array(per_min, dtype=np.float64).reshape(len(streams), intervals),
        ai_share=column("ai_share"),
        session_s=column("session_s"),
        direct_s=column("direct_handle_s"),
        escalated_s=column("escalated_handle_s"),
        chain=np.array(chain, dtype=np.int64).reshape(len(streams), places),
    )


@dataclass(slots=True)
class Worked:
    """What earlier estimates have worked out: fleets stand in few ways, and an estimate is asked for whenever one of them moves.

    Runs in several threads may share one: entries are looked up and put in, each at one stroke, and are the same whoever makes them.
    """

    usual: dict[tuple[Hashable, ...], dict[int, _Flow]] = field(default_factory=dict)
    """Flows of a normal day, by how the fleets stand on it, then by interval."""
    paused: dict[tuple[Hashable, ...], Stand] = field(default_factory=dict)
    """Fleets in announced pauses."""
    kept: dict[tuple[Hashable, ...], Any] = field(default_factory=dict)
    """What callers made of estimates, by all that it rests on."""
    tables: dict[tuple[str, ...], _Table] = field(default_factory=dict)
    """By names of the fleets."""
    entries: int = 0
    """Intervals worked out, of all fleets as they stood."""

    def make_room(self) -> None:
        """Forget everything when there is much of it."""
        if self.entries + 3 * len(self.kept) > MOST_WORKED:
            self.usual.clear()
            self.paused.clear()
            self.kept.clear()
            self.entries = 0


MOST_WORKED = 100_000
"""Entries kept to be looked up."""


def multiplier(ai_share: float, containment: float) -> float:
    """How many times the usual contacts reach people when the AI vanishes: 1/(1 − s·c).

    Raises:
        ValueError: A share is not in [0, 1].
    """
    if not (0.0 <= ai_share <= 1.0 and 0.0 <= containment <= 1.0):
        raise ValueError(f"ai_share {ai_share} and containment {containment} must be shares")
    contained = ai_share * containment
    return 1.0 / (1.0 - contained) if contained < 1.0 else math.inf


def is_away(pauses: Sequence[tuple[float, float]], at_s: float) -> bool:
    """Whether an instant lies in one of the pauses (from, until)."""
    return any(from_s <= at_s < until_s for from_s, until_s in pauses)


def never(level: int, risk: int, capability: float, containment: float) -> bool:  # noqa: ARG001
    """No level sheds anything: the rule where graceful degradation is off."""
    return False


def burst(closed: Iterable[tuple[float, int]], policy: ImpactPolicy, now_s: float) -> float:
    """Sessions under way that ask for a person at once, of fleets that closed their door (since when, sessions under way)."""
    return policy.burst_share * sum(
        active for since_s, active in closed if now_s - since_s <= policy.burst_within_s
    )


@dataclass(frozen=True, slots=True)
class Stand:
    """How fleets stand, ready for estimates: made once where many ask."""

    fleets: Mapping[str, Fleet]
    normal: Mapping[str, Fleet]
    """The same on a normal day."""
    key: tuple[Hashable, ...]
    """All that a flow rests on."""
    normal_key: tuple[Hashable, ...]
    worked_out: dict[int, Interval] = field(default_factory=dict)
    """What estimates have come to, by interval: they must be of the same streams, targets and rules."""


def stand(fleets: Mapping[str, Fleet]) -> Stand:
    """Fleets as they stand, by name.

    Raises:
        ValueError: A state is not a breaker's.
    """
    for name, fleet in fleets.items():
        if fleet.state not in _STATES:
            raise ValueError(f"fleet {name}: {fleet.state} is no state of a breaker")
    normal = {
        name: Fleet(fleet.sessions if fleet.sessions_normal < 0 else fleet.sessions_normal)
        for name, fleet in fleets.items()
    }
    return Stand(fleets, normal, _key(fleets), _key(normal))


def _key(fleets: Mapping[str, Fleet]) -> tuple[Hashable, ...]:
    return tuple([(name, f.sessions, f.state, f.level, f.containment_drop) for name, f in fleets.items()])


def outlook(
    streams: Sequence[Stream],
    stands: Stand,
    available: Sequence[float],
    required: Callable[[float, float], int],
    policy: ImpactPolicy,
    now_s: float,
    sheds: Callable[[int, int, float, float], bool] = never,
    worked: Worked | None = None,
) -> tuple[Ahead, ...]:
    """What the failure puts on the people, for every horizon of the policy; without the burst, which rests on the very second.

    Args:
        streams: Expected arrivals of everything that people or AI handle.
        stands: The fleets.
        available: People at each horizon as the plan has them, same length as `policy.ahead_s`.
        required: People for (contacts a second, handling time in seconds), Erlang A's inverse at the service target.
        policy: How.
        now_s: Now.
        sheds: Whether (level, risk, capability, containment) keeps an intent from the AI.
        worked: What earlier calls with the same *streams*, *required* and *sheds* worked out, and policies that differ in `ahead_s` alone.

    Raises:
        ValueError: Lengths differ.
    """
    if len(available) != len(policy.ahead_s):
        raise ValueError(f"available has {len(available)} entries, and must have {len(policy.ahead_s)}")
    worked = worked or Worked()
    pausing = any(fleet.away for fleet in stands.fleets.values())
    ahead = []
    for ahead_s, people in zip(policy.ahead_s, available, strict=True):
        k = max(0, math.floor((now_s + ahead_s - policy.from_s) / policy.every_s))
        then = _paused(stands, now_s + ahead_s, worked) if pausing else stands
        found = intervals(streams, then, (k,), required, policy, sheds, worked)[k]
        ahead.append(_ahead(found, ahead_s, people, policy))
    return tuple(ahead)


def _paused(stands: Stand, at_s: float, worked: Worked) -> Stand:
    """The fleets at an instant, as far as pauses are announced."""
    away = {name for name, fleet in stands.fleets.items() if is_away(fleet.away, at_s)}
    then = {
        name: replace(f, state="open" if name in away else f.state, away=())
        for name, f in stands.fleets.items()
    }
    key = _key(then)
    return worked.paused.setdefault(
        (stands.normal_key, key), Stand(then, stands.normal, key, stands.normal_key)
    )


def intervals(
    streams: Sequence[Stream],
    stands: Stand,
    places: Iterable[int],
    required: Callable[[float, float], int],
    policy: ImpactPolicy,
    sheds: Callable[[int, int, float, float], bool] = never,
    worked: Worked | None = None,
) -> dict[int, Interval]:
    """The estimate for these intervals of the plan, whatever pauses are announced; arguments as in `outlook`.

    Each is worked out once: as things stand against the same interval on a normal day.
    """
    known, wanted = stands.worked_out, tuple(places)
    if missing := [k for k in wanted if k not in known]:
        worked = worked or Worked()
        worked.make_room()
        worked.entries += len(missing)
        usual = worked.usual.setdefault(stands.normal_key, {})
        if new := [k for k in missing if k not in usual]:
            usual |= zip(new, _flows(worked, streams, stands.normal, new, never), strict=True)
        now = _flows(worked, streams, stands.fleets, missing, sheds)
        for k, as_is in zip(missing, now, strict=True):
            known[k] = _compared(usual[k], as_is, required, policy)
    return {k: known[k] for k in wanted}


def _compared(
    usual: _Flow, as_is: _Flow, required: Callable[[float, float], int], policy: ImpactPolicy
) -> Interval:
    spilled = usual.contained_per_min - as_is.contained_per_min
    stays = policy.stays_share if spilled > 0.0 else 1.0
    p50 = spilled * stays
    erlangs = (as_is.erlangs - usual.erlangs) * stays
    human = usual.human_per_min + p50
    work = usual.erlangs + erlangs
    handle_s = 60.0 * work / human if human > 0.0 else 0.0
    people = required(human / 60.0, handle_s) if human > 0.0 else 0
    return Interval(p50, human, handle_s, erlangs, people)


def _ahead(found: Interval, ahead_s: float, available: float, policy: ImpactPolicy) -> Ahead:
    p50 = found.p50_per_min
    # Error of the forecast, and the scatter of a count around its mean.
    cv = policy.forecast_cv * math.sqrt(1.0 + policy.forecast_cv_growth_per_h * ahead_s / 3600.0)
    spread = _Z80 * math.sqrt((cv * p50) ** 2 + abs(p50) / policy.window_min)
    p10, p90 = p50 - spread, p50 + spread
    if p50 >= 0.0:
        p10 = max(0.0, p10)
    return Ahead(
        ahead_s, p10, p50, p90, found.human_per_min, found.handle_s, found.erlangs, found.required, available,
        found.required - available,
    )  # fmt: skip


def _flows(
    worked: Worked,
    streams: Sequence[Stream],
    fleets: Mapping[str, Fleet],
    places: Sequence[int],
    sheds: Callable[[int, int, float, float], bool],
) -> list[_Flow]:
    """Where everything ends up in these intervals."""
    names = tuple(fleets)
    table = worked.tables.get(names)
    if table is None:
        table = worked.tables[names] = _table(streams, names)
    doors = [_door(table, streams, name, fleet, sheds) for name, fleet in fleets.items()]
    n = len(streams)
    found = np.empty((len(places), 3))
    flows(
        table.per_min,
        np.array(places, dtype=np.int64),
        table.ai_share,
        table.session_s,
        table.direct_s,
        table.escalated_s,
        table.chain,
        np.array([kept for kept, _ in doors]).reshape(len(fleets), n),
        np.array([lets_in for _, lets_in in doors]).reshape(len(fleets), n),
        np.array([fleet.sessions for fleet in fleets.values()], dtype=np.int64),
        np.empty((4, max(n, len(fleets)))),
        found,
    )
    return [_Flow(*row) for row in found.tolist()]


def _door(
    table: _Table,
    streams: Sequence[Stream],
    name: str,
    fleet: Fleet,
    sheds: Callable[[int, int, float, float], bool],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Of every stream, the share that a fleet contains as things stand, and whether it is let in."""
    key = (name, fleet.state, fleet.level, fleet.containment_drop, sheds is never)
    found = table.doors.get(key)
    if found is None:
        kept = [(stream.containment or {}).get(name, 0.0) - fleet.containment_drop for stream in streams]
        lets_in = [
            not (fleet.state in SHUT or (fleet.state in SIMPLE_ONLY and not stream.is_simple))
            and not sheds(fleet.level, stream.risk, stream.capability, seen)
            for stream, seen in zip(streams, kept, strict=True)
        ]
        found = table.doors[key] = np.array(kept, dtype=np.float64), np.array(lets_in, dtype=np.bool_)
    return found

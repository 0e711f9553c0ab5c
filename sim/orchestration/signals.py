"""What the orchestrator tells workforce management, and when (M38).

A scope is one fleet. Each scope sends one signal when

| | type |
|---|---|
| its breaker or its level moved; its sensors went dark or came back | STATE_CHANGE |
| it has been normal again for `recovered_after_s` | RECOVERED |
| a warning or a planned maintenance was handed in | EARLY_WARNING, PLANNED_MAINTENANCE |
| its throughput has been under 0.8 of the plan for a minute | THROUGHPUT_LOW |
| it is not normal and has said nothing for `every_s` | DURATION_UPDATE |

One more scope, of all fleets that are not normal together, sends VOLUME_IMPACT when the expected human volume is off by more than the
larger of 0.5/min and 10 % from what any signal said last.

Several reasons at one instant make one signal of the first type that holds. Every signal carries the whole picture, so that the newest
is enough; only a PLANNED_MAINTENANCE carries the human volume of its pause, and not that of now. At most one each `coalesce_s` a scope:
what comes too soon waits, and goes out with what came after it, from the first state to the last. Each signal supersedes the one before
in its scope. Numbers in `seq` grow without gaps, so a receiver sees a loss.

Sensors that are dark give confidence 0, not silence.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import numpy as np

from sim.orchestration.duration import Law, remaining
from sim.orchestration.impact import OPEN_DOOR, Ahead, Impact


class Type(Enum):
    """In the order in which they win when several hold."""

    RECOVERED = "RECOVERED"
    STATE_CHANGE = "STATE_CHANGE"
    EARLY_WARNING = "EARLY_WARNING"
    PLANNED_MAINTENANCE = "PLANNED_MAINTENANCE"
    THROUGHPUT_LOW = "THROUGHPUT_LOW"
    VOLUME_IMPACT = "VOLUME_IMPACT"
    DURATION_UPDATE = "DURATION_UPDATE"

    # Sets of these are made at every look, and there is one object of each.
    __hash__ = object.__hash__


_RANK = {kind: rank for rank, kind in enumerate(Type)}
# By a name of their own: to fetch a member from its class takes Python 3.11 longer than to compare two.
_RECOVERED, _MOVED, _WARNED, _PLANNED, _LOW, _IMPACT, _STILL = Type
_ESTIMATED = frozenset({_IMPACT, _STILL})
"""Their confidence is that of an estimate."""
NO_IMPACT = Impact(0.0, (Ahead(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0, 0.0, 0.0),), 0.0)
"""Carried where nothing was estimated."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Names of what a signal is about."""

    fleets: tuple[str, ...]
    intents: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()


class Signal(NamedTuple):
    """One message to workforce management."""

    signal_id: str
    at_s: float
    type: Type
    scope: Scope
    from_state: str
    to_state: str
    throughput_per_min: float
    threshold_per_min: float
    impact: Impact
    """On people: its first horizon is now, of a planned maintenance the pause's start."""
    expected_p50_s: float
    expected_p90_s: float
    confidence: float
    cause: str
    seq: int
    supersedes: str
    """Id of the signal before in this scope; empty for the first."""


@dataclass(frozen=True, slots=True)
class FleetSeen:
    """One fleet as the orchestrator sees it."""

    name: str
    state: str
    """Of its breaker, by name in lower case."""
    level: int = 0
    throughput_per_min: float = math.nan
    """Contacts it finished lately, over some minutes: a count over one minute would be low by chance. NaN when nothing is known."""
    plan_per_min: float = math.nan
    """Contacts it was planned to finish."""
    active: int = 0
    dark: bool = False
    """Its telemetry is missing."""
    cause: str = ""
    """Why it moved last, in words."""
    intents: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    posted_s: float = math.nan
    """Rest of the fault according to a status page; NaN when nothing is posted."""


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning to pass on, once."""

    fleet: str
    words: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Maintenance:
    """A planned pause to announce, once."""

    fleet: str
    from_s: float
    until_s: float
    words: str
    impact: Impact = NO_IMPACT
    """What it will put on the people as it begins."""


class SignalObservation(NamedTuple):
    """How things stand."""

    at_s: float
    fleets: tuple[FleetSeen, ...]
    impact: Impact | None = None
    """Latest estimate for all fleets together; None when nothing was estimated."""
    warnings: tuple[Warned, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()


@dataclass(frozen=True, slots=True)
class SignalPolicy:
    """When to speak."""

    low_throughput: float = 0.8
    """Share of the plan."""
    low_for_s: float = 60.0
    changed_per_min: float = 0.5
    changed_share: float = 0.10
    every_s: float = 300.0
    recovered_after_s: float = 120.0
    coalesce_s: float = 10.0
    acknowledge_within_s: float = 120.0
    """A signal without an answer goes to a person after this."""
    law: Law = field(default_factory=Law)
    confidence_seen: float = 0.95
    """Of what a breaker or a count says."""
    confidence_estimated: float = 0.80
    """Of volume and duration."""


class _Waiting(NamedTuple):
    """What has to be said in a scope and has not been."""

    types: frozenset[Type] = frozenset()
    words: tuple[str, ...] = ()
    from_state: str = ""
    confidence: float = math.nan
    pause: Maintenance | None = None


_NOTHING = _Waiting()


class _Told(NamedTuple):
    """What is known of a scope, and what was said of it."""

    fleet: FleetSeen
    """As it was seen last."""
    shown: str = ""
    """State and level of the last signal."""
    sent_s: float = -math.inf
    sent_id: str = ""
    abnormal_s: float = math.nan
    """Since when it has not been normal; NaN when it is and this was told."""
    normal_s: float = math.nan
    """Since when it has been normal again."""
    low_s: float = math.nan
    low_told: bool = False
    waiting: _Waiting = _NOTHING
    due_s: float = math.inf
    """When there is something to say although nothing moves; of what waits, when it goes out."""


_ALL_NORMAL = _Told(FleetSeen("", ""))


class SignalState(NamedTuple):
    """What was said so far."""

    scopes: Mapping[str, _Told] = MappingProxyType({})
    """By fleet."""
    volume: _Told = _ALL_NORMAL
    """Of all fleets together."""
    due_s: float = math.inf
    """When the first of them has something to say although nothing moves."""
    seq: int = 0
    impact_per_min: float = 0.0
    """ΔH of the last signal, p50."""
    announced: frozenset[tuple[str, float]] = frozenset()


def step(
    state: SignalState, seen: SignalObservation, policy: SignalPolicy, now_s: float
) -> tuple[SignalState, tuple[Signal, ...]]:
    """Say what there is to say.

    Call it when a breaker, a level or an estimate moved, when a warning came in, and when `next_due` says.

    Returns:
        State, and the signals to send, in order of `seq`.
    """
    if seen.warnings or seen.maintenance:
        about = {warned.fleet for warned in seen.warnings} | {pause.fleet for pause in seen.maintenance}
        if unknown := about - {fleet.name for fleet in seen.fleets}:
            raise ValueError(f"told of {', '.join(sorted(unknown))}, which is not among the fleets seen")
    scopes = dict(state.scopes)
    for fleet in seen.fleets:
        before = scopes.get(fleet.name)
        # Most are as they were, the very same object, and have nothing to say.
        if before is None or fleet is not before.fleet or now_s >= before.due_s:
            scopes[fleet.name] = _read(before, fleet, policy, now_s)
    announced = state.announced
    for warned in seen.warnings:
        here = scopes[warned.fleet]
        scopes[warned.fleet] = _told(here, _WARNED, warned.words, policy, warned.confidence)
    for pause in seen.maintenance:
        if (pause.fleet, pause.from_s) not in announced:
            announced |= {(pause.fleet, pause.from_s)}
            scopes[pause.fleet] = _told(scopes[pause.fleet], _PLANNED, pause.words, policy, 1.0, pause)
    per_min = seen.impact.ahead[0].p50_per_min if seen.impact else state.impact_per_min
    said_per_min = state.impact_per_min
    seq, due_s = state.seq, math.inf
    signals: list[Signal] = []
    for fleet in seen.fleets:
        here = scopes[fleet.name]
        if here.waiting.types and now_s >= here.sent_s + policy.coalesce_s:
            seq += 1
            signals.append(_signal(here, fleet, seen.impact, policy, now_s, seq))
            here = scopes[fleet.name] = _sent(here, signals[-1], policy)
            if signals[-1].type is not _PLANNED:
                said_per_min = per_min
        due_s = min(due_s, here.due_s)
    # A signal of a fleet has carried the present volume with it; otherwise it is told by itself.
    here = state.volume
    if abs(per_min - said_per_min) > max(policy.changed_per_min, policy.changed_share * abs(said_per_min)):
        # What is over has no end to wait for: only a volume that is still off takes the law of outages for its duration.
        over = abs(per_min) <= policy.changed_per_min
        words = (
            f"human volume back to normal, it was {said_per_min:+.1f}/min"
            if over
            else f"human volume {said_per_min:+.1f} → {per_min:+.1f}/min"
        )
        here = here._replace(
            waiting=_add(_NOTHING, _IMPACT, words, ""), due_s=here.sent_s + policy.coalesce_s
        )
        if now_s >= here.due_s:
            concerned = [f for f in seen.fleets if not math.isnan(scopes[f.name].abnormal_s)]
            # Off while every fleet is normal, as with hosts that are out: nobody knows for how long, so it begins now.
            begun_s = now_s if per_min > policy.changed_per_min else math.nan
            since_s = min((scopes[f.name].abnormal_s for f in concerned), default=begun_s)
            concerned = concerned or list(seen.fleets)
            seq += 1
            signal = _signal(
                here._replace(abnormal_s=math.nan if over else since_s),
                _together(concerned), seen.impact, policy, now_s, seq,
            )  # fmt: skip
            signals.append(signal._replace(scope=_scope(concerned)))
            here = _sent(here, signal, policy)
            said_per_min = per_min
    elif here.waiting.types:
        here = here._replace(waiting=_NOTHING, due_s=math.inf)
    return SignalState(scopes, here, min(due_s, here.due_s), seq, said_per_min, announced), tuple(signals)


def next_due(state: SignalState, policy: SignalPolicy, now_s: float) -> float:  # noqa: ARG001  as every controller's
    """When to be asked again although nothing moves; infinite when all is normal and said."""
    return max(now_s, state.due_s)


def overdue(
    signals: Iterable[Signal], acknowledged: frozenset[str], policy: SignalPolicy, now_s: float
) -> tuple[Signal, ...]:
    """Signals that nobody has acknowledged in time and that no later one supersedes: they go to a person."""
    sent = tuple(signals)
    past = {signal.supersedes for signal in sent}
    return tuple(
        signal
        for signal in sent
        if signal.signal_id not in acknowledged
        and signal.signal_id not in past
        and now_s - signal.at_s >= policy.acknowledge_within_s
    )


def in_words(signal: Signal) -> str:
    """The signal as one line."""
    return f"{signal.type.value}: {signal.cause}; {signal.impact.words}; may last {signal.expected_p50_s / 60.0:.0f} min"


class Instant(Protocol):
    """A `datetime` that knows its time zone."""

    def timestamp(self) -> float: ...

    def utcoffset(self) -> object | None: ...


def cloud_event(signal: Signal, source: str, started: Instant) -> dict[str, Any]:
    """The signal as a CloudEvents 1.0 message, ready for `json.dumps`.

    Args:
        signal: What to send.
        source: Who sends it, a URI reference such as `/blendsim/monday`.
        started: When second zero was, with a time zone.

    Raises:
        ValueError: *started* has no time zone.
    """
    if started.utcoffset() is None:
        raise ValueError(f"started is {started}, and must have a time zone")
    people = signal.impact.ahead[0]
    at_ms = round((started.timestamp() + signal.at_s) * 1000.0)
    return {
        "specversion": "1.0",
        "id": signal.signal_id,
        "source": source,
        "type": f"blendsim.signal.{signal.type.value.lower()}",
        "time": str(np.datetime_as_string(np.datetime64(at_ms, "ms"), timezone="UTC")),
        "datacontenttype": "application/json",
        "subject": ",".join(signal.scope.fleets),
        "data": {
            "signal_id": signal.signal_id,
            "ts": signal.at_s,
            "type": signal.type.value,
            "scope": {
                "fleets": list(signal.scope.fleets),
                "intents": list(signal.scope.intents),
                "channels": list(signal.scope.channels),
            },
            "from_state": signal.from_state or None,
            "to_state": signal.to_state or None,
            "throughput_per_min": _json(signal.throughput_per_min),
            "throughput_threshold": _json(signal.threshold_per_min),
            "human_impact_per_min": {
                "p10": people.p10_per_min,
                "p50": people.p50_per_min,
                "p90": people.p90_per_min,
            },
            "human_impact_erlangs": people.erlangs,
            "burst_inflight": signal.impact.burst,
            "expected_duration_s": {"p50": signal.expected_p50_s, "p90": signal.expected_p90_s},
            "confidence": signal.confidence,
            "cause": signal.cause,
            "seq": signal.seq,
            "supersedes": signal.supersedes or None,
        },
    }


def _read(before: _Told | None, fleet: FleetSeen, policy: SignalPolicy, now_s: float) -> _Told:
    """Compare a fleet with what was known of it, and note what has to be said."""
    here = before or _Told(FleetSeen(fleet.name, "closed"), shown=_shown("closed", 0))
    was = here.fleet
    moved = fleet.state != was.state or fleet.level != was.level
    # A sensor that is dark counts nothing: nothing is known, which is not nothing done.
    low = not fleet.dark and fleet.throughput_per_min < policy.low_throughput * fleet.plan_per_min
    low_s, low_told = here.low_s, here.low_told
    if now_s < here.due_s and not moved and fleet.dark == was.dark and low != math.isnan(low_s):
        return here._replace(fleet=fleet)
    waiting = here.waiting
    if moved:
        words = fleet.cause or f"{_shown(was.state, was.level)} → {_shown(fleet.state, fleet.level)}"
        waiting = _add(waiting, _MOVED, words, here.shown)
    if fleet.dark != was.dark:
        words = f"telemetry of {fleet.name} {'is missing' if fleet.dark else 'is back'}"
        waiting = _add(waiting, _MOVED, words, here.shown)
    normal = fleet.state in OPEN_DOOR and fleet.level == 0 and not fleet.dark
    abnormal_s, normal_s = here.abnormal_s, here.normal_s
    if not normal:
        abnormal_s, normal_s = (now_s if math.isnan(abnormal_s) else abnormal_s), math.nan
    elif not math.isnan(abnormal_s):
        normal_s = now_s if math.isnan(normal_s) else normal_s
        if _RECOVERED not in waiting.types and now_s >= normal_s + policy.recovered_after_s:
            words = f"normal for {now_s - normal_s:.0f} s after {normal_s - abnormal_s:.0f} s"
            waiting = _add(waiting, _RECOVERED, words, here.shown)
    if not low:
        low_s, low_told = math.nan, False
    elif math.isnan(low_s):
        low_s = now_s
    if low and not low_told and now_s >= low_s + policy.low_for_s:
        words = (
            f"throughput {fleet.throughput_per_min:.1f}/min under {policy.low_throughput:.0%} of "
            f"{fleet.plan_per_min:.1f}/min for {now_s - low_s:.0f} s"
        )
        waiting = _add(waiting, _LOW, words, here.shown)
        low_told = True
    if not normal and now_s >= here.sent_s + policy.every_s and not waiting.types:
        words = f"{_shown(fleet.state, fleet.level)} for {(now_s - abnormal_s) / 60.0:.0f} min"
        waiting = _add(waiting, _STILL, words, here.shown)
    return _Told(
        fleet=fleet,
        shown=here.shown,
        sent_s=here.sent_s,
        sent_id=here.sent_id,
        abnormal_s=abnormal_s,
        normal_s=normal_s,
        low_s=low_s,
        low_told=low_told,
        waiting=waiting,
        due_s=_due(waiting, here.sent_s, abnormal_s, normal_s, math.nan if low_told else low_s, policy),
    )


def _due(
    waiting: _Waiting,
    sent_s: float,
    abnormal_s: float,
    normal_s: float,
    low_s: float,
    policy: SignalPolicy,
) -> float:
    """When a scope has something to say although nothing moves; *low_s* NaN where that was told."""
    due_s = math.inf
    if waiting.types:
        due_s = sent_s + policy.coalesce_s
    elif not math.isnan(abnormal_s) and math.isnan(normal_s):
        due_s = sent_s + policy.every_s
    if not math.isnan(normal_s) and _RECOVERED not in waiting.types:
        due_s = min(due_s, normal_s + policy.recovered_after_s)
    return due_s if math.isnan(low_s) else min(due_s, low_s + policy.low_for_s)


def _told(
    here: _Told,
    kind: Type,
    words: str,
    policy: SignalPolicy,
    confidence: float = math.nan,
    pause: Maintenance | None = None,
) -> _Told:
    """Note something that was handed in to be passed on."""
    waiting = _add(here.waiting, kind, words, here.shown)
    waiting = waiting._replace(confidence=confidence, pause=pause or waiting.pause)
    return here._replace(waiting=waiting, due_s=min(here.due_s, here.sent_s + policy.coalesce_s))


def _sent(here: _Told, signal: Signal, policy: SignalPolicy) -> _Told:
    """What is left to say once *signal* has gone out."""
    over = signal.type is _RECOVERED
    abnormal_s, normal_s = (math.nan, math.nan) if over else (here.abnormal_s, here.normal_s)
    low_s = math.nan if here.low_told else here.low_s
    return _Told(
        fleet=here.fleet,
        shown=signal.to_state,
        sent_s=signal.at_s,
        sent_id=signal.signal_id,
        abnormal_s=abnormal_s,
        normal_s=normal_s,
        low_s=here.low_s,
        low_told=here.low_told,
        due_s=_due(_NOTHING, signal.at_s, abnormal_s, normal_s, low_s, policy),
    )


def _scope(fleets: Iterable[FleetSeen]) -> Scope:
    """What several fleets are about, each name once and in order."""
    listed = tuple(fleets)
    return Scope(
        tuple(fleet.name for fleet in listed),
        tuple(dict.fromkeys(name for fleet in listed for name in fleet.intents)),
        tuple(dict.fromkeys(name for fleet in listed for name in fleet.channels)),
    )


@lru_cache(maxsize=1024)
def _scope_of(name: str, intents: tuple[str, ...], channels: tuple[str, ...]) -> Scope:
    """What one fleet is about, as `_scope` says."""
    return Scope((name,), tuple(dict.fromkeys(intents)), tuple(dict.fromkeys(channels)))


def _together(fleets: list[FleetSeen]) -> FleetSeen:
    """Several fleets as one: no state, all their throughput, dark when any of them is."""
    return FleetSeen(
        name="volume",
        state="",
        throughput_per_min=sum(fleet.throughput_per_min for fleet in fleets),
        plan_per_min=sum(fleet.plan_per_min for fleet in fleets),
        dark=any(fleet.dark for fleet in fleets),
        posted_s=max((f.posted_s for f in fleets if not math.isnan(f.posted_s)), default=math.nan),
    )


def _add(waiting: _Waiting, kind: Type, words: str, shown: str) -> _Waiting:
    return _Waiting(
        types=waiting.types | {kind},
        words=waiting.words if words in waiting.words else (*waiting.words, words),
        from_state=waiting.from_state if waiting.types else shown,
        confidence=waiting.confidence,
        pause=waiting.pause,
    )


def _signal(
    here: _Told, fleet: FleetSeen, impact: Impact | None, policy: SignalPolicy, now_s: float, seq: int
) -> Signal:
    waiting = here.waiting
    # A warning about a fleet that has moved again since is told as the move; nothing recovers that has just moved away again.
    types = waiting.types
    if _RECOVERED in types and math.isnan(here.normal_s):
        types -= {_RECOVERED}
    (kind,) = types if len(types) == 1 else (min(types, key=_RANK.__getitem__, default=_MOVED),)
    p50_s = p90_s = 0.0
    pause = waiting.pause if kind is _PLANNED else None
    if pause is not None:
        p50_s = p90_s = pause.until_s - pause.from_s
    elif math.isnan(here.normal_s) and not math.isnan(here.abnormal_s):
        rest = remaining(now_s - here.abnormal_s, policy.law, fleet.posted_s)
        p50_s, p90_s = rest.p50_s, rest.p90_s
    if fleet.dark:
        confidence = 0.0
    elif kind is _WARNED or kind is _PLANNED:
        confidence = waiting.confidence
    else:
        confidence = policy.confidence_estimated if kind in _ESTIMATED else policy.confidence_seen
    return Signal(
        signal_id=f"{fleet.name}-{seq:06d}",
        at_s=now_s,
        type=kind,
        scope=_scope_of(fleet.name, fleet.intents, fleet.channels),
        from_state=waiting.from_state,
        to_state=_shown(fleet.state, fleet.level),
        throughput_per_min=fleet.throughput_per_min,
        threshold_per_min=policy.low_throughput * fleet.plan_per_min,
        impact=pause.impact if pause is not None else impact or NO_IMPACT,
        expected_p50_s=p50_s,
        expected_p90_s=p90_s,
        confidence=confidence,
        cause="; ".join(waiting.words),
        seq=seq,
        supersedes=here.sent_id,
    )


def _shown(state: str, level: int) -> str:
    """State as a signal names it, with the level of degradation where there is one."""
    return f"{state}, level {level}" if level else state


def _json(value: float) -> float | None:
    """JSON has no NaN."""
    return None if math.isnan(value) else value

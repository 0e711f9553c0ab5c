"""The one frozen `Scenario` that the rest of the package reads: seconds, shares and indices, no more words to parse.

Names are tuples; an index into such a tuple is the code used in every column and array (`channels.index("chat")` is the chat code).
Arrays are read-only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Calendar:
    """The simulated stretch; second 0 is `start`."""

    start: datetime
    end_s: float
    interval_s: float
    timezone: str

    @property
    def intervals(self) -> int:
        """Number of reporting intervals, the last one possibly cut short."""
        return int(np.ceil(self.end_s / self.interval_s))


@dataclass(frozen=True, slots=True)
class Names:
    """What the codes in columns mean."""

    channels: tuple[str, ...]
    segments: tuple[str, ...]
    languages: tuple[str, ...]
    regions: tuple[str, ...]
    intents: tuple[str, ...]
    queues: tuple[str, ...]
    groups: tuple[str, ...]
    fleets: tuple[str, ...]
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Law:
    """A random duration in seconds: family and numbers, ready to draw or to invert."""

    family: str
    mean_s: float
    cv: float = 1.0
    shape: float = 1.0
    values_s: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Surge:
    """A stretch with multiplied arrivals; an empty set of codes means all."""

    from_s: float
    until_s: float
    multiplier: float
    intents: frozenset[int]
    channels: frozenset[int]


@dataclass(frozen=True, slots=True)
class Demand:
    """Arrivals: contacts per second, piecewise constant, or given times, or a replayed day."""

    edges_s: FloatArray
    """Shape (steps + 1,), ascending, from 0 to the end."""
    per_s: FloatArray
    """Shape (steps,)."""
    day: IntArray
    """Which local day a step belongs to, shape (steps,): the busy-day factor is drawn once a day."""
    at_s: FloatArray | None
    replay: str | None
    replay_day: str | None
    busy_day_cv: float
    phi: float
    sigma: float
    surges: tuple[Surge, ...]
    channel_share: FloatArray
    segment_share: FloatArray
    language_share: FloatArray
    region_share: FloatArray
    intent_share: FloatArray
    out_of_scope: float
    family: IntArray
    """Family code of each intent, shape (intents,)."""


@dataclass(frozen=True, slots=True)
class Classifier:
    accuracy: float
    kappa: float
    temperature: float
    bias: float
    latency_s: float
    latency_p99_s: float
    budget_s: float
    oos_recall: float
    nodes: frozenset[int]
    """Every node that it stands on; empty when it stands on its own."""


@dataclass(frozen=True, slots=True)
class Failure:
    detected: float
    loop: float
    confident_wrong: float


@dataclass(frozen=True, slots=True)
class Ai:
    """The law of AI success (DOMAIN M02) and the shape of a session."""

    capability: FloatArray
    """Shape (intents,); 0 where the AI never handles it."""
    eligible: BoolArray
    turns: FloatArray
    """Median turns, shape (intents,)."""
    channel_shift: FloatArray
    language_shift: FloatArray
    tau: float
    vendor_correlation: float
    failure: Failure
    wrong_label_recovers: float
    wrong_label_failure: Failure
    turns_cv: float
    think: Law
    leaves_per_turn: float
    mood_start: tuple[float, float]
    mood_bad_turn: float
    mood_good_turn: float


@dataclass(frozen=True, slots=True)
class Channel:
    at_once: int
    fill_up: bool
    handle_factor: float
    crowding: float
    reply_timeout_s: float
    slow_reply_s: float
    max_session_s: float
    handover_s: float
    silent_abandon: float
    silent_detect_s: float


@dataclass(frozen=True, slots=True)
class Fleet:
    channels: frozenset[int]
    sessions: int
    open_sessions: int
    """Sessions that customers outside the premium segments may use."""
    premium: frozenset[int]
    bulkheads: dict[int, int]
    latency_median_s: float
    latency_sigma: float
    errors: float
    ability_shift: float
    nodes: frozenset[int]
    """Every node that it stands on, itself included."""


@dataclass(frozen=True, slots=True)
class Redial:
    share: float
    after_s: float
    sigma: float
    attempts: int


@dataclass(frozen=True, slots=True)
class Queue:
    channels: tuple[int, ...]
    answer_within_s: float
    target: float
    patience: Law
    patience_escalated: float
    announce_at_s: float
    announce_leave: float
    short_abandon_s: float
    priority_direct: int
    priority_escalated: int
    credit_s: dict[int, float]
    """By segment code; −1 stands for escalated."""
    room: int
    """Waiting places, −1 for endless."""
    redial: Redial | None


@dataclass(frozen=True, slots=True)
class Shift:
    """People who come and go together, absolute seconds; several (from, until) pieces around breaks."""

    people: int
    pieces: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Group:
    skills: tuple[int, ...]
    staffing: tuple[tuple[float, int], ...]
    """(second, people on the floor from then on), ascending, first at 0."""
    shifts: tuple[Shift, ...]
    takes_listed: bool
    pace_cv: float
    punctuality_s: float
    replayed: bool = False
    """On the floor is who was there in the replayed log; `staffing` and `shifts` are empty."""


class By(IntEnum):
    """What the routing looks at."""

    HUMAN = 0
    INTENT = 1
    CONFIDENCE = 2


@dataclass(frozen=True, slots=True)
class Routing:
    by: By
    ai_at: FloatArray
    """Shape (intents, channels, segments), every cell filled."""
    monitored_at: FloatArray
    monitor_sessions: int
    monitor_overflow_human: bool
    catch: float
    false_takeover: float
    latency_s: float


@dataclass(frozen=True, slots=True)
class Triggers:
    """A trigger that is off has probability 0 or an endless limit."""

    explicit_per_turn: float
    explicit_recall: float
    scope_recall: float
    scope_false_alarm: float
    sentiment_on: bool
    sentiment_below: float
    sentiment_turns: int
    sentiment_noise: float
    sentiment_recall: float
    sentiment_false_alarm: float
    max_turns: IntArray
    """By intent."""
    max_session_s: FloatArray
    """By channel."""


@dataclass(frozen=True, slots=True)
class Handover:
    kind: str
    switch: float
    reexplain: float
    prework: float
    mood: float
    dropped: float
    context_lost: float
    difficulty: float


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    by: str
    size: int
    """Seconds, replies, or failures in a row."""
    min_replies: int
    failed: float
    slow: float
    in_a_row: int
    cool_down_s: float
    cool_down_max_s: float
    probes_of: int
    probes_need: int
    probes_within_s: float


@dataclass(frozen=True, slots=True)
class Failover:
    breaker: BreakerPolicy | None
    chain: tuple[tuple[int, ...], ...]
    """By channel: fleets to try in order, the first one first."""
    retries: int
    retry_from_s: float
    retry_until_s: float
    on_open: str
    fidelity: float


@dataclass(frozen=True, slots=True)
class Incident:
    from_s: float
    until_s: float
    node: int
    effect: str
    share: float
    factor: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """One variant of one scenario file, converted once."""

    name: str
    variant: str
    question: str
    calendar: Calendar
    names: Names
    demand: Demand
    classifier: Classifier | None
    ai: Ai
    channels: tuple[Channel, ...]
    handle: tuple[Law, ...]
    """By intent: handling time of a person."""
    fleets: tuple[Fleet, ...]
    queues: tuple[Queue, ...]
    queue_of_channel: IntArray
    groups: tuple[Group, ...]
    routing: Routing
    triggers: Triggers
    handover: Handover
    failover: Failover
    incidents: tuple[Incident, ...]
    keep_contacts: bool
    replications: int
    seed: int
    warm_up_s: float
    resolved: dict[str, Any]
    """The file's tree after extends, overrides and variant: what the manifest keeps."""

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

from sim.orchestration.common_cause import CommonCausePolicy
from sim.orchestration.desk import Desk
from sim.orchestration.parents import ParentPolicy
from sim.orchestration.plans import Lever
from sim.orchestration.signals import SignalPolicy

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
    levers: tuple[str, ...] = ()


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
class NewPattern:
    """A topic outside every intent: its share of contacts grows from 0 at `from_s` to `share`, `ramp_s` later."""

    from_s: float
    ramp_s: float
    share: float


@dataclass(frozen=True, slots=True)
class Batch:
    mean: float
    fixed: bool


@dataclass(frozen=True, slots=True)
class Mmpp:
    """A rate that jumps from level to level, round and round."""

    multiplier: FloatArray
    """Of the rate at each level, mean over time 1, shape (levels,)."""
    lasts_s: FloatArray
    """Mean stay, shape (levels,)."""


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
    new_pattern: NewPattern | None
    batch: Batch | None = None
    mmpp: Mmpp | None = None


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
    """The law of AI success (M02) and the shape of a session."""

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
    risk: IntArray
    """What a wrong answer costs, shape (intents,): 0 low, 1 medium, 2 high."""
    think: Law
    leaves_per_turn: float
    mood_start: tuple[float, float]
    mood_bad_turn: float
    mood_good_turn: float
    slow_leaves: float
    """Probability of hanging up at a reply later than `Channel.notice_s`; 0 when off, as the next."""
    slow_mood: float


@dataclass(frozen=True, slots=True)
class Channel:
    at_once: int
    fill_up: bool
    handle_factor: float
    crowding: float
    reply_timeout_s: float
    slow_reply_s: float
    notice_s: float
    """A later reply wears on the customer; infinite when off."""
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
    load_from: float = 1.0
    load_slope: float = 0.0
    quality_from: float = 1.0
    quality_loss: float = 0.0
    scale_target: float = 0.0
    """Wanted utilisation, 0 for a fleet that does not scale."""
    warm_up_s: float = 0.0
    quota: int = 0
    hosts: int = 1


@dataclass(frozen=True, slots=True)
class Ejection:
    """When hosts of a fleet are taken out, and for how long; 0 for a rule that is off. As `sim.orchestration.ejection.EJECTION`."""

    every_s: float
    row_at: int
    deviations: float
    min_hosts: int
    min_calls: int
    failed_at: float
    min_failed_of: int
    base_s: float
    cap_s: float
    most_share: float
    panic_below: float
    to_human: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """What a node accepts a second (infinite where nothing is said); buckets hold `burst_s` seconds of it."""

    node: int
    requests_per_s: float
    input_tokens_per_s: float
    output_tokens_per_s: float
    burst_s: float


@dataclass(frozen=True, slots=True)
class Redial:
    share: float
    after_s: float
    sigma: float
    attempts: int
    exponential: bool = False
    """Whether `after_s` is the mean of an exponential law, and not the median of a lognormal one."""


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
    FIT = 3


@dataclass(frozen=True, slots=True)
class Fit:
    """What best fit weighs beside prices."""

    least: FloatArray
    """Chance below which the AI is no candidate, shape (intents,)."""
    known_from: int
    unnoticed: float
    load_price: float


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
    fit: Fit


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
class DegradedPolicy:
    failed: float
    slow: float
    confirm: int
    recover: int
    dwell_s: float
    simple: BoolArray
    """Intents that a degraded fleet still gets, shape (intents,)."""
    surer: float
    closes_to_degraded: bool


@dataclass(frozen=True, slots=True)
class SemanticPolicy:
    window_s: float
    min_sessions: int
    warn_drop: float
    trip_drop: float
    warn_accuracy: float
    trip_accuracy: float
    warn_escalated: float
    warn_loop: float
    trip_loop: float
    warn_csat: float
    """Points of 100."""
    nodata_grace_s: float


@dataclass(frozen=True, slots=True)
class DegradationPolicy:
    enter: tuple[float, ...]
    up_after_s: float
    down_after_s: float
    surer: tuple[float, ...]
    """Rise of the threshold by level, 0 to 4."""
    sessions: tuple[float, ...]
    """Share of the sessions by level, 0 to 4."""
    p95_s: float


@dataclass(frozen=True, slots=True)
class Watch:
    """What the orchestrator sees, and how often it looks."""

    every_s: float
    delay_s: float
    missing: float
    nodes: frozenset[int]
    """Every node that the watch itself stands on."""
    baseline: float
    """Containment to expect, 0 for learned."""
    qa_share: float
    qa_delay_s: float
    qa_accuracy: float
    rule_drop: float
    """0 when there is no such rule."""
    rule_z: float
    rule_window_s: float
    cusum_h: float
    """0 when there is none."""
    cusum_drop: float
    rearm_s: float


@dataclass(frozen=True, slots=True)
class Deflect:
    over_s: float
    value_up_to: float
    accept: float
    helped: float
    back: float
    from_s: float
    until_s: float


@dataclass(frozen=True, slots=True)
class Callback:
    over_s: float
    middle_s: float
    spread_s: float
    most: float
    slots: int
    """−1 for what the plan has spare."""
    dial_s: float
    reached: float
    attempts: int
    gap_s: float
    expires_s: float


@dataclass(frozen=True, slots=True)
class Message:
    on_from_s: float
    off_under_s: float
    takes_s: float
    balk_over_s: float
    balk_scale_s: float
    redial: float
    switch: float
    """Share who go on in channel `switch_to` where the wait is shorter there."""
    switch_to: int
    """−1 for none."""


@dataclass(frozen=True, slots=True)
class Meter:
    target: float
    """0 to let it follow from the number of people."""
    weight: float
    most_per_s: float
    hold_at_most_s: float
    patience: float
    back_after_s: float
    """Infinite where nobody goes back to the AI."""


@dataclass(frozen=True, slots=True)
class Relief:
    queues: frozenset[int]
    whom: str
    spares: frozenset[int]
    tells: str
    deflect: Deflect | None
    callback: Callback | None
    message: Message | None
    meter: Meter | None


@dataclass(frozen=True, slots=True)
class LookAhead:
    horizon_s: float
    lead_s: float
    full_at: float
    drop: float
    stale_s: float
    spares: frozenset[int]


@dataclass(frozen=True, slots=True)
class Signals:
    """What is sent to workforce management, and how the estimate behind it is made."""

    policy: SignalPolicy
    burst: float


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
    degraded: DegradedPolicy | None = None
    semantic: SemanticPolicy | None = None
    hand_over: bool = False
    synthetic: bool = False


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
    retry_share: float = 1.0
    """Share of a fleet's sessions that may be retrying at once."""
    retry_at_least: int = 0
    degradation: DegradationPolicy | None = None
    ejection: Ejection | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    from_s: float
    until_s: float
    node: int
    effect: str
    share: float
    factor: float
    points: float = 0.0
    intents: frozenset[int] = frozenset()
    """Empty means all."""
    ramp_s: float = 0.0
    announced_s: float = 0.0
    """So long ahead it is told; 0 for a surprise."""
    hosts: int = 0
    """So many hosts of the fleet are hit; 0 for all of it."""
    drawn: bool = False
    """It comes from an incident process and differs between replications."""


@dataclass(frozen=True, slots=True)
class Order:
    """An operator sets a breaker by hand."""

    at_s: float
    until_s: float
    """Released then; infinite for never."""
    fleet: int
    state: int
    """`sim.orchestration.breaker.State`."""


@dataclass(frozen=True, slots=True)
class IncidentProcess:
    """A law of incidents (M24); `sim.demand.incidents` draws from it."""

    name: str
    node: int
    per_week: float
    median_s: float
    """Of the lognormal duration."""
    sigma: float
    severity: tuple[float, float, float]
    """Shares of minor, major and critical ones."""
    clustering: float
    decay_s: float
    office_hours: bool
    common_cause: float
    common_median_s: float
    roots: tuple[int, ...]
    """Nodes that a common cause may hit; empty without one."""


@dataclass(frozen=True, slots=True)
class Repeats:
    """Who comes back after which end, and when (M05)."""

    false_contained: float
    ai_abandoned: float
    unresolved: float
    after_s: float
    """Median of the lognormal pause."""
    sigma: float
    attempts: int
    window_s: float
    """For measurement: who comes back within this was not contained."""
    memory: bool


@dataclass(frozen=True, slots=True)
class Resolution:
    """A person does not settle the issue with probability `unresolved + mood·f`, f the frustration at the end; 0 and 0 when off."""

    unresolved: float
    mood: float


@dataclass(frozen=True, slots=True)
class Misroute:
    """Who reaches the wrong people, and what that takes (M08)."""

    wrong_label: float
    by_chance: float
    again: float
    most: int
    discovery_s: float
    longer_s: float


@dataclass(frozen=True, slots=True)
class Csat:
    """How content customers are, 1 to 5, and who answers the survey (M04)."""

    best: float
    mood: float
    unsettled: float
    answers: float
    unhappy_answers: float
    after_s: float
    """Median of the lognormal delay."""
    sigma: float


@dataclass(frozen=True, slots=True)
class Mood:
    """Changes of frustration outside the AI's turns (M04); all 0 when off."""

    wait_per_min: float
    wait_free_s: float
    reexplain: float
    """Times (1 − φ), at a hand-over."""
    answer: float
    """Taken off when a person answers."""
    transfer: float
    csat: Csat | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """What things cost (M60), by the unit that is counted."""

    per_session: FloatArray
    """Shape (fleets,), as the next five."""
    per_resolution: FloatArray
    per_session_s: FloatArray
    per_token_in: FloatArray
    per_token_out: FloatArray
    at_least_per_s: FloatArray
    line_per_s: FloatArray
    """Shape (channels,)."""
    human_per_s: float
    watched_per_s: float
    """A watched session's share of the one who watches."""
    resolution: FloatArray
    """What settling an issue is worth, shape (intents,)."""
    silent: FloatArray
    """What an unnoticed failure costs, shape (intents,)."""
    handed_over: float
    customer_wait_per_s: float
    per_missed: float


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
    watch: Watch | None
    limits: tuple[Limits, ...]
    look_ahead: LookAhead | None
    common_cause: CommonCausePolicy | None
    parents: ParentPolicy | None
    signals: Signals | None
    desk: Desk
    levers: tuple[Lever, ...]
    relief: Relief | None
    value: FloatArray
    """What a resolution is worth, shape (intents,)."""
    stands_on: dict[str, tuple[str, ...]]
    """Fleets and nodes by name, and the nodes right under them."""
    incidents: tuple[Incident, ...]
    orders: tuple[Order, ...]
    incident_processes: tuple[IncidentProcess, ...]
    repeats: Repeats | None
    resolution: Resolution
    mood: Mood
    misroute: Misroute | None
    prices: Prices
    keep_contacts: bool
    replications: int
    seed: int
    warm_up_s: float
    resolved: dict[str, Any]
    """The file's tree after extends, overrides and variant: what the manifest keeps."""

    @property
    def is_supervised(self) -> bool:
        """Whether anybody stands above single fleets, to be woken when one of them moves."""
        return self.common_cause is not None or self.parents is not None or self.signals is not None

    @property
    def is_unusual(self) -> bool:
        """Whether a contact can be held, deflected, called back, passed on or cut off from people."""
        held_up = any(incident.effect == "hand_over" for incident in self.incidents)
        return self.relief is not None or self.misroute is not None or held_up

    @property
    def on_the_line(self) -> BoolArray:
        """Channels in which customers wait with some patience, shape (channels,); in the others, as with mail, nobody sits and waits."""
        endless = np.array([queue.patience.family == "never" for queue in self.queues])
        found: BoolArray = ~endless[self.queue_of_channel]
        return found

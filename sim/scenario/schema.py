"""What a scenario file may say: every key, its unit, its default and where the default comes from.

People write durations with units (`30s`, `1h30m`), times of day (`07:00`), shares (`0.35` or `35 %`); the value types in
`sim.scenario.values` turn them into seconds and floats while they are checked. References between sections (an intent named in a
threshold, a fleet named in a fallback) are checked in `sim.scenario.checks`; arrays and indices are made in `sim.scenario.build`.

Defaults marked *assumed* have no public source and are there to be changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from sim.scenario.values import (
    Count,
    Moment,
    Name,
    NonNegative,
    Positive,
    PositiveCount,
    PositiveSeconds,
    Seconds,
    Share,
    Spec,
    TimeOfDay,
)

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class LawSpec(Spec):
    """A random duration: which law, which mean."""

    law: (
        Literal["exponential", "lognormal", "gamma", "weibull", "uniform", "constant", "never", "quantiles"]
        | None
    ) = None
    """The family. Left out: exponential for patience, lognormal for everything else."""
    mean: PositiveSeconds | None = None
    """Mean of the law (of an endless one there is none)."""
    cv: Positive | None = None
    """Standard deviation over mean, for lognormal and gamma; 0.9 when left out (handling times: Brown et al. 2005 found lognormal)."""
    shape: Positive | None = None
    """Weibull shape; below 1 the longer one has waited the longer one will."""
    values: tuple[Seconds, ...] | None = None
    """For `quantiles`: the law's quantiles at evenly spaced levels from 0 to 1, at least two, ascending."""


def _law_in_words(value: Any) -> Any:
    """`12m` is a law of that mean; `never` is endless."""
    if value == "never":
        return {"law": "never"}
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return {"mean": value}
    return value


@dataclass(frozen=True, slots=True)
class _Shorthand:
    """A short form in which a file may write a value, and what an editor should know of it."""

    read: Callable[[Any], Any]
    looks_like: dict[str, Any] = field(hash=False)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [handler(schema), self.looks_like]}


Law = Annotated[LawSpec, _Shorthand(_law_in_words, {"type": "string", "examples": ["12m", "never"]})]


def _off(value: Any) -> Any:
    """`off` means that the thing is not there."""
    return None if value in ("off", False) else value


T = TypeVar("T")
OrOff = Annotated[T | None, _Shorthand(_off, {"const": "off"})]
"""A thing that a file may switch `off`."""


class CalendarSpec(Spec):
    """The stretch of local time that is simulated."""

    begins: Moment = Field(alias="from")
    """First instant, date and local time."""
    until: Moment
    """Last instant, date and local time; a time of day alone is on the first day."""
    timezone: str = "UTC"
    """IANA zone of every local time in the file; days of 23 and 25 hours are counted as they are."""
    interval: PositiveSeconds = 900.0
    """Reporting interval."""


class EventSpec(Spec):
    """A stretch in which more or fewer people call (M01's event multipliers)."""

    at: Moment
    lasts: PositiveSeconds
    multiplier: NonNegative
    """Arrivals are multiplied by this while it lasts."""
    intents: tuple[Name, ...] = ()
    """Only these intents; none named means all."""
    channels: tuple[Name, ...] = ()
    """Only these channels; none named means all."""


class NoiseSpec(Spec):
    """Interval-to-interval noise of the arrival rate: log-AR(1) on 5-minute bins, mean 1."""

    phi: float = Field(0.7, gt=-1, lt=1)
    sigma: NonNegative = 0.05


class DemandSpec(Spec):
    """How many contacts, and when (M01)."""

    volume: dict[str, NonNegative] | None = None
    """Contacts a day by weekday."""
    hour_share: tuple[NonNegative, ...] | None = None
    """Percent of a day's contacts in each of 24 hours; sums to 100."""
    per_h: NonNegative | dict[TimeOfDay, NonNegative] | None = None
    """Contacts an hour, one number or from each time of day on; instead of `volume` and `hour_share`."""
    at: tuple[Seconds, ...] | None = None
    """Arrival times since the start, one by one; instead of rates."""
    replay: str | None = None
    """A shipped day (`anonymous_bank_1999-08-08`) or a folder made by `blendsim import`; instead of rates."""
    replay_day: str | None = None
    """Which day of the imported log, `1999-08-08`; the first one when left out. Its midnight is that of the calendar's first day."""
    busy_day_cv: NonNegative = 0.0
    """Coefficient of variation of the day's busyness (gamma, mean 1). A small bank's days: 0.15, a large one's: 0.09."""
    interval_noise: OrOff[NoiseSpec] = None
    """Noise between intervals, or `off`."""
    events: tuple[EventSpec, ...] = ()


class ChannelSpec(Spec):
    """One way of getting in touch."""

    share: Share = 1.0
    """Share of contacts; shares of all channels sum to 1."""
    at_once: PositiveCount = 1
    """Contacts of this channel that one agent handles at the same time (chat: usually 3)."""
    assign: Literal["idle_first", "fill_up"] = "idle_first"
    """Whether a contact goes to an idle agent before one who has others of the channel in hand, or the other way round."""
    handle_factor: Positive = 1.0
    """Handling times of people are multiplied by this in this channel."""
    crowding: NonNegative = 0.25
    """Handling lasts exp(crowding·(c−1)) times longer for the c-th contact at once; fits 18/22/30 minutes at 1.5/2.5/3.5 chats."""
    reply_timeout: PositiveSeconds = 10.0
    """An AI reply later than this counts as failed: 10 s chat, 3 s voice."""
    slow_reply: PositiveSeconds = 4.0
    """An AI reply later than this counts as slow to a breaker: 4 s chat, 1 s voice."""
    max_session: PositiveSeconds = 1200.0
    """MAX_DURATION trigger: 1200 s chat, 600 s voice."""
    handover: Seconds = 2.0
    """Time a hand-over adds to the human's handling: 6 s voice, 2 s chat. *assumed*"""
    ability_shift: float = 0.0
    """Shift of the AI's success on the probit scale: voice −0.20 (mis-heard words). *assumed*"""
    silent_abandon: Share = 0.0
    """Share of abandonments that nobody sees: the customer is gone but keeps the place. 30–67 % of chat abandons were silent."""
    silent_detect: Seconds = 120.0
    """How long an agent sits with a customer who left silently before noticing. *assumed*"""


class AiIntentSpec(Spec):
    """What the AI can do with an intent."""

    capability: Share
    """Marginal probability that the AI resolves it when it was classified rightly."""
    turns: PositiveCount = 5
    """Median number of turns."""


class HumanIntentSpec(Spec):
    handle: Law = LawSpec(mean=300.0)
    """Handling time of a person, wrap-up included."""


class IntentSpec(Spec):
    """One thing that customers want."""

    share: Share = 1.0
    """Share of contacts; shares of all intents sum to 1."""
    ai: AiIntentSpec | None = None
    """Left out: the AI never handles it."""
    eligible: bool = True
    """Whether the routing map sends it to the AI at all."""
    human: HumanIntentSpec = HumanIntentSpec()
    risk: Literal["low", "medium", "high"] = "low"
    """What a wrong answer costs. Kept in the manifest with the intent; no rule of this version weighs it yet."""
    value: Positive = 1.0
    """What a resolution is worth against other intents. As above: carried, not weighed yet."""
    family: Name | None = None
    """Intents of one family are confused with each other more often (70 % of wrong labels)."""


class ClassifierSpec(Spec):
    """Intent classifier with calibrated confidence (M07)."""

    accuracy: Share = 0.95
    """Share of contacts labelled rightly. One vendor's claim on BANKING77; others reach 0.76 and 0.81."""
    kappa: Positive = 3.0
    """Sharpness of the per-contact correctness law Beta(A·κ, (1−A)·κ). *assumed*"""
    temperature: Positive = 1.0
    """1 is perfectly calibrated, below 1 over-confident."""
    bias: float = 0.0
    latency: Seconds = 0.080
    """Median classification time; 0s for at once."""
    latency_p99: PositiveSeconds = 0.190
    budget: PositiveSeconds = 0.200
    """A slower answer is no answer: label unknown, confidence 0."""
    oos_recall: Share = 0.6
    """Share of out-of-scope contacts that are flagged as such. *assumed*"""
    node: Name | None = None
    """Node of the dependency graph that it runs on; while that node is down every label is unknown."""


class FailureSpec(Spec):
    """How an AI session fails, when it fails (*assumed*); sums to 1."""

    detected: Share = 0.45
    """Notices and hands over."""
    loop: Share = 0.25
    """Goes round in circles until a trigger or the customer ends it."""
    confident_wrong: Share = 0.30
    """Closes as if resolved."""


class AiSpec(Spec):
    """The law of AI success and the shape of a session (M02)."""

    tau: NonNegative = 1.5
    """Weight of the case's own difficulty on the probit scale; τ-bench retail gives about 1.6."""
    vendor_correlation: Share = 0.6
    """ρ: how much of the difficulty is the same for every vendor. *assumed*"""
    language_shift: dict[Name, float] = {}
    """Shift of success by language, probit."""
    failure: FailureSpec = FailureSpec()
    wrong_label_recovers: Share = 0.0
    """Success when the label is wrong: the specialist that got it is the wrong one."""
    wrong_label_failure: FailureSpec = FailureSpec(detected=0.6, loop=0.2, confident_wrong=0.2)
    turns_cv: NonNegative = 0.4
    """Spread of the number of turns around the intent's median (lognormal). τ-bench airline: 0.46."""
    think: Law = LawSpec(law="lognormal", mean=47.0, cv=0.5)
    """Customer's part of a turn: reading, thinking, typing or speaking."""
    leaves_per_turn: Share = 0.05
    """Probability that a customer in a looping session gives up after a turn. *assumed*"""
    mood_start: tuple[Positive, Positive] = (2.0, 8.0)
    """Beta law of frustration at the start, 0 calm to 1 furious. *assumed*"""
    mood_bad_turn: NonNegative = 0.06
    mood_good_turn: NonNegative = 0.03


class LatencySpec(Spec):
    median: PositiveSeconds
    p95: PositiveSeconds


class FleetSpec(Spec):
    """A set of AI agents of one vendor behind one endpoint (M17, M23's cap)."""

    on: Name | None = None
    """Node of the dependency graph that it stands on, such as `vendor.B`."""
    channels: tuple[Name, ...]
    sessions: PositiveCount
    """Concurrent sessions at most."""
    premium_reserve: Share = 0.0
    """Share of the sessions kept for `premium_segments`."""
    premium_segments: tuple[Name, ...] = ()
    bulkheads: dict[Name, PositiveCount] = {}
    """Concurrent sessions at most by channel, below the fleet's own cap."""
    latency: OrOff[LatencySpec] = None
    """Reply time of a turn; left out: replies at once."""
    errors: Share = 0.0
    """Share of calls that fail on a good day."""
    ability_shift: float = 0.0
    """Shift of success on the probit scale against the intents' capability."""


class NodeSpec(Spec):
    on: tuple[Name, ...] = ()
    """What it depends on: it is down when any of these is, and slow and faulty with them."""


class PrioritySpec(Spec):
    """Who is served first: lower numbers before higher ones, whatever the wait."""

    direct: Count = 1
    escalated: Count = 1


class RedialSpec(Spec):
    """Who gives up calls again (M03)."""

    share: Share = 0.5
    """Probability of another attempt after an abandonment. *assumed*; a small bank's log suggests 0.2 net within the hour."""
    after: PositiveSeconds = 600.0
    """Median time until the next attempt; lognormal."""
    sigma: NonNegative = 1.0
    attempts: PositiveCount = 3
    """Further attempts at most."""


class AnnouncementSpec(Spec):
    """A message to those who wait, at which some hang up (a hazard peak at 60 s is documented)."""

    at: PositiveSeconds = 60.0
    leave: Share = 0.05
    """Share of those still waiting who leave within 5 s of it."""


class QueueSpec(Spec):
    """A line of customers waiting for people."""

    channels: tuple[Name, ...] | None = None
    """Channels that it serves; left out: the channel of its own name."""
    answer_within: PositiveSeconds = 20.0
    """Service-level threshold, from joining to pickup; 20 s is the 80/20 convention."""
    target: Share = 0.80
    patience: Law = LawSpec(law="exponential", mean=120.0)
    """How long customers wait before giving up. Typical means 60–120 s."""
    patience_escalated: Positive = 0.8
    """Patience of those whom the AI handed over, as a multiple. Direction documented, value *assumed*."""
    announcement: OrOff[AnnouncementSpec] = None
    short_abandon: Seconds = 5.0
    """Who leaves within this counts neither as offered nor as abandoned."""
    priority: PrioritySpec = PrioritySpec()
    credit: dict[Name, Seconds] = {}
    """Waiting time granted in advance, by segment or for `escalated`: 5m puts one ahead of those who came up to five minutes before."""
    room: Count | None = None
    """Waiting places; the next one is blocked. Left out: endless."""
    redial: OrOff[RedialSpec] = None


class BreakSpec(Spec):
    after: Seconds
    """From the start of the shift."""
    lasts: PositiveSeconds


class ShiftSpec(Spec):
    """A number of people who come and go together (M35)."""

    start: TimeOfDay
    lasts: PositiveSeconds
    people: PositiveCount
    breaks: tuple[BreakSpec, ...] = ()
    days: tuple[
        Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"], ...
    ] = WEEKDAYS  # type: ignore[assignment]


class GroupSpec(Spec):
    """People with the same skills (M34, M35)."""

    skills: tuple[Name, ...]
    """Queues they serve; the first named is theirs, later ones are help."""
    staffing: Count | Literal["replay"] | dict[TimeOfDay, Count] | None = None
    """People on the floor: one number, or from each time of day on, or `replay` for those whom the replayed log saw answer."""
    shifts: tuple[ShiftSpec, ...] = ()
    """Or as shifts with breaks."""
    takes: Literal["oldest", "listed"] = "oldest"
    """Whom a free agent takes: the highest score over all skills, or the first skill in the list that has somebody waiting."""
    pace_cv: NonNegative = 0.0
    """Spread of agents' own pace (lognormal)."""
    punctuality: Seconds = 0.0
    """Standard deviation of the times at which people really come and go; shifts only."""


class CellSpec(Spec):
    ai: Share | None = None
    monitored: Share | None = None


class ThresholdsSpec(Spec):
    """Confidence bands (M10, M11): at or above `ai` the AI handles it, from `monitored` up under watch, below a person."""

    ai: Share = 0.92
    monitored: Share = 0.75
    cells: dict[str, CellSpec] = {}
    """`intent.channel.segment`, `*` for any, most specific first: i.c.s, i.c.*, i.*.s, i.*.*, *.c.s, *.c.*; a trailing `.*` may be
    left out."""


class MonitorSpec(Spec):
    """People who watch AI sessions of the middle band."""

    people: Count = 0
    span: PositiveCount = 8
    """Sessions one person watches at once."""
    overflow: Literal["human", "ai"] = "human"
    """Where a contact goes when nobody is free to watch."""
    catch: Share = 0.89
    """Probability that a silently failing watched session is taken over. *assumed*"""
    false_takeover: Share = 0.02


class RoutingSpec(Spec):
    by: Literal["human", "intent", "confidence"] = "human"
    """`human`: everything to people. `intent` (M09): the map of eligible intents alone. `confidence` (M10): eligible intents by
    threshold."""
    thresholds: ThresholdsSpec = ThresholdsSpec()
    monitor: MonitorSpec = MonitorSpec()
    latency: Seconds = 0.0
    """Time the routing decision itself takes."""


class SentimentSpec(Spec):
    below: float = -2.0
    """On the scale −5 to 5, smoothed over turns with weight 0.5."""
    turns: PositiveCount = 2
    noise: NonNegative = 1.2
    recall: Share = 0.8
    false_alarm: Share = 0.02


class ScopeSpec(Spec):
    recall: Share = 0.8
    """Probability per turn that an out-of-scope topic is noticed."""
    false_alarm: Share = 0.01
    """Probability per session that it is seen where it is not."""


class ExplicitSpec(Spec):
    per_turn: Share = 0.015
    """Probability per turn that a calm customer asks for a person; grows as exp(2·frustration)."""
    recall: Share = 0.98


class TriggersSpec(Spec):
    """Standing reasons to hand a session over (M12).

    Looked at after every turn, in this order: explicit request, out of scope, sentiment, turns, duration.
    """

    explicit_request: OrOff[ExplicitSpec] = None
    out_of_scope: OrOff[ScopeSpec] = None
    sentiment: OrOff[SentimentSpec] = None
    max_turns: OrOff[Positive] = 1.8
    """As a multiple of the intent's median, rounded up; or `off`."""
    max_duration: bool = True
    """Whether the channel's `max_session` ends a session."""


class HandoverSpec(Spec):
    """What the person gets to know, and what it costs when it is little (M15)."""

    kind: Literal["warm", "partial", "cold"] = "warm"
    """Context fidelity: warm Beta(18, 2) ≈ 0.9, partial 0.5, cold 0.05. *assumed*"""
    switch: NonNegative = 0.10
    reexplain: NonNegative = 0.35
    prework: NonNegative = 0.10
    mood: NonNegative = 0.20
    """Handling time grows by this share from a calm to a furious customer. *assumed*"""
    dropped: Share = 0.005
    context_lost: Share = 0.02
    difficulty: NonNegative = 0.25
    """γ: harder cases take longer by exp(γ·z − γ²/2), for people as for AI leftovers. *assumed*"""


class WindowSpec(Spec):
    by: Literal["time", "count", "consecutive"] = "time"
    """Replies of the last seconds, the last replies, or failures in a row."""
    size: PositiveSeconds | None = None
    """Length of a window by time, whole seconds; 60 s."""
    replies: PositiveCount | None = None
    """Length of a window by count, or failures in a row."""


class ProbesSpec(Spec):
    of: PositiveCount = 5
    need: PositiveCount = 4
    """1 of 1 is the single probe; it closes on a half-broken endpoint half of the time, 4 of 5 one time in five."""
    within: PositiveSeconds = 60.0
    """A half-open breaker that has not decided by then opens again."""


class BreakerSpec(Spec):
    """Circuit breaker on infrastructure signals (M25): one a fleet, fed by every reply."""

    window: WindowSpec = WindowSpec(by="time", size=60.0)
    min_replies: PositiveCount = 20
    """Below this a window says nothing."""
    failed: Share = 0.20
    """Opens at this share of failed replies."""
    slow: Share = 0.50
    """Opens at this share of slow replies (`channels.*.slow_reply`)."""
    in_a_row: Count = 5
    """Opens at this many failures in a row, whatever the window says; 0 switches this off."""
    cool_down: PositiveSeconds = 30.0
    """Stays open this long, twice as long each time it opens again without having closed, up to `cool_down_max`."""
    cool_down_max: PositiveSeconds = 300.0
    probes: ProbesSpec = ProbesSpec()


class FailoverSpec(Spec):
    """What happens when a fleet does not answer (M25, M30)."""

    breakers: OrOff[BreakerSpec] = None
    """A breaker for every fleet, or `off`."""
    fallback: dict[Name, tuple[Name, ...]] = {}
    """By channel: fleets to try after the first, in order; `human` ends the list."""
    retries: Count = 1
    """Further calls for one turn at the same fleet."""
    retry_wait: tuple[Seconds, Seconds] = (0.2, 0.5)
    """Evenly drawn wait before a retry."""
    on_open: Literal["fail_over", "escalate", "drain"] = "fail_over"
    """Sessions under way when a breaker opens: move at the next turn, go to a person at the next turn, or carry on."""
    fidelity: Share = 0.8
    """Share of the context that survives a move to another fleet. *assumed*"""


class IncidentSpec(Spec):
    """Something breaks at a known time (M24, scripted)."""

    at: Moment
    node: Name
    """A node of the graph or `fleet.X`; everything that stands on it suffers."""
    effect: Literal["down", "errors", "slow"]
    lasts: PositiveSeconds
    share: Share | None = None
    """Of calls that fail, for `errors`."""
    factor: Positive | None = None
    """Reply times are multiplied by this, for `slow`."""


class ScenarioFile(Spec):
    """One scenario file: one question."""

    question: str
    """What this scenario is run to find out, in one sentence."""
    calendar: CalendarSpec
    demand: DemandSpec
    channels: dict[Name, ChannelSpec]
    segments: dict[Name, Share] = {"standard": 1.0}
    """Shares of customer segments; sum to 1."""
    languages: dict[Name, Share] = {"en": 1.0}
    regions: dict[Name, Share] = {"here": 1.0}
    out_of_scope: Share = 0.0
    """Share of contacts about something that no intent covers; only a classifier can tell."""
    intents: dict[Name, IntentSpec]
    classifier: ClassifierSpec | None = None
    """Needed unless everything goes to people."""
    ai: AiSpec = AiSpec()
    nodes: dict[Name, NodeSpec] = {}
    """Dependency graph: vendors, providers, clouds, edges."""
    fleets: dict[Name, FleetSpec] = {}
    queues: dict[Name, QueueSpec]
    people: dict[Name, GroupSpec]
    routing: RoutingSpec = RoutingSpec()
    triggers: TriggersSpec = TriggersSpec()
    handover: HandoverSpec = HandoverSpec()
    failover: FailoverSpec = FailoverSpec()
    incidents: tuple[IncidentSpec, ...] = ()
    records: Literal["contacts", "intervals"] = "contacts"
    """Keep a row for every contact and decision, or interval counts alone (memory does not grow with contacts)."""
    replications: PositiveCount = 20
    seed: Count = 1
    warm_up: Seconds = 0.0
    """Cut off the front of every replication before anything is counted; for steady-state checks only."""

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

from sim.scenario.expect import ExpectSpec
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
    """IANA zone of every local time in the file; days of 23 and 25 hours are counted as they are. A time that comes twice is the first."""
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


class NewPatternSpec(Spec):
    """A topic turns up that no intent covers, and grows (M24)."""

    at: Moment
    """When the first of them comes."""
    ramp: Seconds = 7200.0
    """From then until its full share, evenly; `0s` for at once."""
    share: Share = 0.08
    """Share of all contacts in the end, on top of `out_of_scope`; the other topics shrink to make room. *assumed*"""


class BatchSpec(Spec):
    """Customers come several at the same moment: a coach of them, a mail to all of a region."""

    law: Literal["geometric", "fixed"] = "geometric"
    mean: Positive = 2.0
    """Customers who come together, on average; fixed: always so many."""


class MmppSpec(Spec):
    """Arrivals whose rate jumps between levels that nobody sees (Markov-modulated Poisson), in this order and round again."""

    levels: tuple[NonNegative, ...]
    """Rates relative to each other; their mean over time is what the demand says."""
    lasts: tuple[PositiveSeconds, ...]
    """Mean stay at each level; exponential."""


class DemandSpec(Spec):
    """How many contacts, and when (M01)."""

    volume: dict[str, NonNegative] | None = None
    """Contacts a day by weekday."""
    hour_share: tuple[NonNegative, ...] | None = None
    """Percent of a day's contacts in each of 24 hours; sums to 100."""
    per_h: NonNegative | dict[TimeOfDay, NonNegative] | None = None
    """Contacts an hour, one number or from each time of day on (in any order; the last of a day holds on into the next); instead of
    `volume` and `hour_share`."""
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
    batch: OrOff[BatchSpec] = None
    """Customers who come together, or `off`: one by one. The rate stays that of customers."""
    mmpp: OrOff[MmppSpec] = None
    """A rate that jumps, or `off`."""
    events: tuple[EventSpec, ...] = ()
    new_pattern: OrOff[NewPatternSpec] = None
    """A growing share of contacts that no intent covers, or `off`."""


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
    line_per_min: NonNegative = 0.0
    """What the line costs while the AI has the contact; of people it is in `prices.human_per_min`. Telephony: about $0.01."""


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
    """What a wrong answer costs: weighed by `prices.silent`, and by what calls an intent simple (`failover.breakers.degraded`)."""
    value: Positive = 1.0
    """What a resolution is worth against other intents: times `prices.resolution`; small ones may be deflected (`relief.deflect`)."""
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


class SlowSpec(Spec):
    """Customers who wait too long for a reply hear a filler, and some hang up (M23). Each late call counts, failed ones as well."""

    after: dict[Name, PositiveSeconds] = {}
    """By channel: later than this is slow to a customer. Left out: the channel's `slow_reply`; people on a phone stand about 1.5s."""
    leaves: Share = 0.02
    """Probability of hanging up at one of them; the orchestrator learns of it when the reply is there. *assumed*"""
    mood: NonNegative = 0.04
    """Frustration, 0 calm to 1 furious, grows by this with each. *assumed*"""


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
    slow: OrOff[SlowSpec] = None
    """What it does to customers when a reply is slow."""


class LatencySpec(Spec):
    median: PositiveSeconds
    p95: PositiveSeconds


class UnderLoadSpec(Spec):
    """Reply times grow by 1 + slope·(u − from)²/(1 − u) above utilisation `from`; success falls above `quality_from` (M23)."""

    above: Share = Field(0.80, alias="from")
    slope: NonNegative = 4.0
    quality_from: Share = 0.90
    quality_loss: NonNegative = 1.0
    """Probit shift of success lost from `quality_from` to a full fleet, for each 1.0 of utilisation. *assumed*"""


class AutoscaleSpec(Spec):
    """Concurrent sessions follow the load (M23): looked at with `watch.every`."""

    target: Positive = 0.7
    """Wanted utilisation."""
    warm_up: Seconds = 120.0
    """From the decision until new capacity serves. *assumed*"""
    quota: PositiveCount
    """Sessions that the vendor gives at most."""


class LimitsSpec(Spec):
    """What a provider accepts a minute, for everything that stands on it (token buckets, M23)."""

    requests_per_min: Positive | None = None
    input_tokens_per_min: Positive | None = None
    output_tokens_per_min: Positive | None = None
    burst: PositiveSeconds = 60.0
    """A full bucket holds what this stretch would refill."""


class PriceSpec(Spec):
    """What a vendor charges. What is not named is not charged."""

    per_session: NonNegative = 0.0
    per_resolution: NonNegative = 0.0
    """For each session that ended without a person. The vendor takes it for resolved, helped or not."""
    per_min: NonNegative = 0.0
    """For each minute of a session."""
    input_tokens: NonNegative = 0.0
    """For a million."""
    output_tokens: NonNegative = 0.0
    """For a million."""
    at_least_per_day: NonNegative = 0.0
    """Commitment: charged even where all of the above comes to less."""


class FleetSpec(Spec):
    """A set of AI agents of one vendor behind one endpoint (M17, M23's cap)."""

    on: Name | None = None
    """Node of the dependency graph that it stands on, such as `vendor.B`."""
    channels: tuple[Name, ...]
    sessions: PositiveCount
    """Concurrent sessions at most."""
    hosts: int = Field(1, ge=1, le=50)
    """Machines behind the endpoint, each with its share of the sessions; every call goes to one of them, evenly."""
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
    under_load: OrOff[UnderLoadSpec] = None
    """How replies and quality suffer when the fleet is nearly full, or `off`."""
    autoscale: OrOff[AutoscaleSpec] = None
    """Sessions grow and shrink with the load, or `off`."""
    price: PriceSpec | None = None
    """What this vendor charges, all of it; left out: tokens and sessions at `prices`."""


class NodeSpec(Spec):
    on: tuple[Name, ...] = ()
    """What it depends on: it is down when any of these is, and slow and faulty with them."""
    limits: OrOff[LimitsSpec] = None
    """Requests and tokens a minute that it accepts, or `off`."""


class PrioritySpec(Spec):
    """Who is served first: lower numbers before higher ones, whatever the wait."""

    direct: Count = 1
    escalated: Count = 1


class RedialSpec(Spec):
    """Who gives up calls again (M03)."""

    share: Share = 0.5
    """Probability of another attempt after an abandonment. *assumed*; a small bank's log suggests 0.2 net within the hour."""
    after: PositiveSeconds = 600.0
    """Time until the next attempt: the median of a lognormal law, or the mean of an exponential one."""
    law: Literal["lognormal", "exponential"] = "lognormal"
    sigma: NonNegative = 1.0
    """Of the lognormal."""
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
    """People on the floor: one number, or from each time of day on (the last of a day holds on into the next), or `replay` for those whom
    the replayed log saw answer."""
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


class LookAheadSpec(Spec):
    """Before many people go on a break at once the AI keeps more of what it could hand over (M42). Needs `watch`."""

    horizon: PositiveSeconds = 1800.0
    lead: Seconds = 300.0
    """How long before the wave it starts."""
    full_at: Share = 0.15
    """Shortfall, share of need, at which the bias is whole. *assumed*"""
    drop: Share = 0.10
    """Planned people who leave together: this share of them makes a wave."""
    stale: float = 0.0
    """Seconds by which everything in the schedule at hand stands later than it will happen; below zero earlier."""
    spares: tuple[Name, ...] = ()
    """Segments for which nothing changes."""


class LeastSpec(Spec):
    """Chance that the AI settles a contact, below which it is no candidate, by the intent's risk."""

    low: Share = 0.70
    medium: Share = 0.80
    high: Share = 0.90


class FitSpec(Spec):
    """What `by: fit` weighs beside `prices` (M13)."""

    least: LeastSpec = LeastSpec()
    known_from: Count = 500
    """Sessions from which a capability is known: the lower 5 % limit of Beta(8 + n·q, 2 + n·(1 − q)) is believed. *assumed*"""
    unnoticed: Share = 0.30
    """Share of failures that nobody notices at the time; the others go on to a person. *assumed*"""
    load_price: NonNegative = 1.0
    """γ: taken off for each 1.0 of a fleet's utilisation above 0.8. *assumed*"""


class RoutingSpec(Spec):
    by: Literal["human", "intent", "confidence", "fit"] = "human"
    """`human`: everything to people. `intent` (M09): the map of eligible intents alone. `confidence` (M10): eligible intents by
    threshold. `fit` (M13): eligible intents where they are worth most, chance of success, prices, waits and loads weighed."""
    fit: FitSpec = FitSpec()
    thresholds: ThresholdsSpec = ThresholdsSpec()
    monitor: MonitorSpec = MonitorSpec()
    latency: Seconds = 0.0
    """Time the routing decision itself takes."""
    look_ahead: OrOff[LookAheadSpec] = None
    """A look at the schedule every minute, or `off`."""


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
    """A half-open breaker that has not decided by then opens again, for longer each time. Probes are customers: so many as `need` have to
    come and be answered in this time, so a fleet of two sessions a minute needs 5m, or it stays open long after it is well."""
    synthetic: bool = False
    """Whether the watch itself calls a half-open fleet, once a look: where no customer comes a breaker never closes otherwise. Needs
    `watch`."""


class DegradedSpec(Spec):
    """Closed → degraded → closed on warnings (M25)."""

    failed: Share = 0.02
    """Warns at this share of failed replies."""
    slow: Share = 0.10
    confirm: PositiveCount = 2
    """Looks in a row that have to warn."""
    recover: PositiveCount = 3
    """Looks in a row without a warning that close it again."""
    dwell: Seconds = 60.0
    """Stays degraded this long at least."""
    capability: Share = 0.90
    """Simple is: low risk, this capability or more, `turns` or fewer."""
    turns: PositiveCount = 5
    surer: Share = 0.03
    """Confidence has to be higher than the AI threshold by this."""
    closes_to: Literal["closed", "degraded"] = "closed"
    """Where a half-open breaker goes that its probes have proved."""


class SemanticSpec(Spec):
    """Verdict on the sessions that ended in the last `window` (M25)."""

    window: PositiveSeconds = 300.0
    min_sessions: PositiveCount = 50
    warn_drop: Share = 0.07
    """Containment below its baseline by this warns (and z ≥ 2.33)."""
    trip_drop: Share = 0.15
    """Opens (and z ≥ 3)."""
    warn_accuracy: Share = 0.95
    trip_accuracy: Share = 0.90
    warn_escalated: Share = 0.30
    warn_loop: Share = 0.05
    trip_loop: Share = 0.15
    warn_csat: NonNegative = 0.0
    """Surveys (`mood.csat`) that give the AI alone this many points of 100 less than people alone warn, in the answers of the last day and
    from 100 on either side on; 0 switches this off. 5 is a usual limit; what it is worth is in docs/customers.md."""
    nodata_grace: Seconds = 120.0
    """A fleet that was seen and is seen no more warns after this: no news is not good news."""


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
    degraded: OrOff[DegradedSpec] = None
    """A state between closed and open in which a fleet gets simple contacts alone, or `off`. Needs `watch`."""
    semantic: OrOff[SemanticSpec] = None
    """What sessions come to counts as well as how calls end, or `off`. Needs `watch`."""
    hand_over: bool = False
    """Whether a hand-over that does not get through counts as a failed reply, and a probe has to get through to people too."""


class RetryBudgetSpec(Spec):
    share: Share = 0.20
    """Of a fleet's sessions, those that may be retrying at once."""
    at_least: Count = 3


class DegradationSpec(Spec):
    """Levels 0 to 4 of a fleet under stress (M29): narrower intents, higher thresholds, fewer sessions. Needs `watch`."""

    enter: tuple[Positive, Positive, Positive, Positive] = (1.0, 1.3, 1.7, 2.5)
    """Stress at which levels 1 to 4 begin. *assumed*"""
    up_after: Seconds = 30.0
    down_after: Seconds = 300.0
    """Below 0.8 of the level's own threshold for this long takes it down a level."""
    surer: tuple[Share, Share, Share] = (0.02, 0.03, 0.05)
    """Rise of the AI threshold at levels 1 to 3."""
    sessions: tuple[Share, Share, Share] = (0.95, 0.85, 0.70)
    """Share of the fleet's sessions at levels 1 to 3; level 4 takes none."""
    p95: PositiveSeconds = 2.0
    """Reply time that counts as stress 1: 2 s chat, 0.5 s voice at the first reply."""


class OutlierSpec(Spec):
    """A host that does worse than its like, found at every sweep (Envoy's success-rate outlier)."""

    deviations: Positive = 1.9
    """Out when its share of good calls lies so many standard deviations below the mean of the hosts. Of n hosts one alone can lie
    √(n − 1) below at most."""
    hosts: PositiveCount = 5
    """Fewer than this to compare say nothing."""
    calls: PositiveCount = 100
    """Fewer than this since the last sweep say nothing of a host."""


class FailedHostSpec(Spec):
    """A host whose calls fail, found at every sweep (Envoy's failure percentage)."""

    share: Share = 0.85
    calls: PositiveCount = 50


class EjectionSpec(Spec):
    """Bad hosts of a fleet are taken out (M26); the numbers are Envoy's defaults."""

    every: PositiveSeconds = 10.0
    """Time between sweeps; one is made by the first call once it is due."""
    in_a_row: Count = 5
    """Out at once after so many failed calls in a row; 0 switches this off."""
    outlier: OrOff[OutlierSpec] = OutlierSpec()
    failed: OrOff[FailedHostSpec] = None
    base: PositiveSeconds = 30.0
    """Out this long, times how often it was out, up to `at_most`."""
    at_most: PositiveSeconds = 300.0
    share: Share = 0.10
    """Of the hosts, those that may be out at once; one always."""
    panic: Share = 0.50
    """Fewer hosts left than this share are a panic; 0 for never. Needs a `share` that lets so many go."""
    panic_mode: Literal["fail_to_human", "ignore_health"] = "fail_to_human"
    """In a panic: take no new sessions, or spread calls over all hosts again, sick ones too (Envoy's way)."""


class CommonCauseSpec(Spec):
    """One fault behind several fleets (M33): a node that they stand on is opened, and with it everything on it. Needs breakers."""

    window: PositiveSeconds = 120.0
    """Symptoms within this of each other may be one fault."""
    posterior: Share = 0.90
    """Declared from this on."""
    prior: Share = 0.035
    """β: share of faults that have a cause in common; about three shared outages against ninety of vendors' own."""
    per_week: Positive = 1.3
    """Faults of one fleet in a week."""


class ParentsSpec(Spec):
    """Breakers of nodes (M25): when the fleets on a node fail together, one of them probes for all. Needs breakers."""

    nodes: tuple[Name, ...] = ()
    """Nodes that have one; none named: every node that two or more fleets stand on."""
    share: Share = 1.0
    """Of a node's fleets, open or half-open at once; two at least."""
    scout: PositiveSeconds = 600.0
    """So long one fleet probes for all, then the next. *assumed*"""


class OperatorSpec(Spec):
    """An operator sets a fleet's breaker by hand (M25; names and meaning are resilience4j's)."""

    at: Moment
    fleet: Name
    state: Literal["forced_open", "disabled", "metrics_only"]
    """`forced_open` lets nothing in, `disabled` lets everything in and counts nothing, `metrics_only` lets everything in and counts; none
    moves of itself."""
    lasts: PositiveSeconds | None = None
    """Then the breaker is set to closed, unless another order came since; left out: until the end of the run."""


class FailoverSpec(Spec):
    """What happens when a fleet does not answer (M25, M30)."""

    breakers: OrOff[BreakerSpec] = None
    """A breaker for every fleet, or `off`."""
    fallback: dict[Name, tuple[Name, ...]] = {}
    """By channel: the fleets that serve it, the first one first, the others when those before them do not take a contact; `human` may end
    the list. A channel that is left out has the first fleet that names it, alone."""
    retries: Count = 1
    """Further calls for one turn at the same fleet."""
    retry_wait: tuple[Seconds, Seconds] = (0.2, 0.5)
    """Evenly drawn wait before a retry."""
    on_open: Literal["fail_over", "escalate", "drain"] = "fail_over"
    """Sessions under way when a breaker opens: move at the next turn, go to a person at the next turn, or carry on."""
    fidelity: Share = 0.8
    """Share of the context that survives a move to another fleet. *assumed*"""
    retry_budget: OrOff[RetryBudgetSpec] = None
    """Retries at once at most, or `off`: without it retries multiply the load of a fleet that is already failing."""
    degradation: OrOff[DegradationSpec] = None
    """Levels of a fleet under stress, or `off`."""
    ejection: OrOff[EjectionSpec] = None
    """Bad hosts of fleets with several are taken out, or `off`."""
    common_cause: OrOff[CommonCauseSpec] = None
    """A detector of faults that fleets have in common, or `off`."""
    parents: OrOff[ParentsSpec] = None
    """A breaker for nodes as well, or `off`."""
    operators: tuple[OperatorSpec, ...] = ()
    """What operators do to breakers by hand, and when."""


class IncidentSpec(Spec):
    """Something breaks at a known time (M24, scripted)."""

    at: Moment
    node: Name
    """A node of the graph or `fleet.X`; everything that stands on it suffers."""
    effect: Literal["down", "errors", "slow", "worse", "policy", "hand_over", "dark"]
    """`down`, `errors`, `slow`: calls fail, fail in part, take longer. `worse`: replies come, but resolve less. `policy`: a rule stops
    sessions. `hand_over`: nobody gets through to people. `dark`: the watch sees nothing of it."""
    lasts: PositiveSeconds
    share: Share | None = None
    """Of calls that fail, for `errors`; of sessions that the rule stops, for `policy`."""
    factor: Positive | None = None
    """Reply times are multiplied by this, for `slow`."""
    points: float | None = Field(None, ge=-1, le=1)
    """Change of the intents' capability, for `worse`: −0.12 takes an intent from 0.80 to 0.68."""
    intents: tuple[Name, ...] = ()
    """Only these intents, for `worse` and `policy`; none named means all."""
    hosts: PositiveCount | None = None
    """Only the first so many hosts of the fleet, for `down`, `errors` and `slow`; left out: all of it."""
    ramp: Seconds = 0.0
    """The effect of `worse` and `policy` grows evenly over this long: a drift."""
    announced: PositiveSeconds | None = None
    """So long ahead the operator says that the node will be down and until when (planned maintenance, for `down`): a signal goes out, and
    the desk can have people there as it begins. What was announced before the run is known from its start. Left out: a surprise."""


class QaSpec(Spec):
    """Quality scores of ended sessions (M27)."""

    share: Share = 0.05
    """Of sessions that are scored; people score 2–5 %, a scoring bot all."""
    delay: Seconds = 120.0
    accuracy: Share = 1.0
    """Of the scorer itself; scoring bots reach about 0.90. *assumed*"""


class RuleSpec(Spec):
    """Early warning by a drop under the baseline (M28)."""

    drop: Share = 0.07
    z: NonNegative = 3.0
    window: PositiveSeconds = 1800.0


class CusumSpec(Spec):
    """Early warning by a cumulative sum over ended sessions (M28)."""

    h: Positive = 6.0
    """Alarm level: 4 false alarms every 4,400 sessions, 6 every 35,000, 8 every 183,000."""
    drop: Share = 0.07
    """The drop that it is set to find."""


class WarningSpec(Spec):
    rule: OrOff[RuleSpec] = RuleSpec()
    cusum: OrOff[CusumSpec] = CusumSpec()
    rearm: Seconds = 1800.0


class WatchSpec(Spec):
    """What the orchestrator sees of its fleets, and how often it looks (M27, M28)."""

    every: PositiveSeconds = 10.0
    """Whole seconds between looks."""
    delay: Seconds = 5.0
    """Telemetry is this late; replies on the call path are not."""
    missing: Share = 0.0
    """Of ended sessions that telemetry loses."""
    node: Name | None = None
    """Node of the dependency graph that the watch itself runs on: dark while that node is down."""
    baseline: Share | None = None
    """Containment to expect; left out: learned from the run's own past."""
    qa: OrOff[QaSpec] = None
    early_warning: OrOff[WarningSpec] = None


class DeflectSpec(Spec):
    """Small matters are offered self-service when the wait is long (M32). All numbers *assumed*."""

    over: Seconds = 120.0
    """Told waits above this."""
    value_up_to: Positive = 1.0
    """Intents worth this at most (`intents.*.value`)."""
    accept: Share = 0.35
    helped: Share = 0.40
    back: Share = 0.50
    """Of those whom it did not help, who come back."""
    after: tuple[Seconds, Seconds] = (1800.0, 7200.0)
    """Evenly drawn time until they do."""


class CallbackSpec(Spec):
    """A callback instead of a long wait, with the place in the queue kept (M32, M36)."""

    over: Seconds = 180.0
    middle: Seconds = 240.0
    """Told wait at which half of the customers would accept; logistic. *assumed*"""
    spread: PositiveSeconds = 120.0
    most: Share = 0.65
    slots: Count | None = None
    """Promises open at once at most; left out: what the plan has spare in the next four hours."""
    dial: Seconds = 20.0
    """The agent dials first; this counts as handling."""
    reached: Share = 0.75
    attempts: PositiveCount = 3
    gap: PositiveSeconds = 600.0
    expires: PositiveSeconds = 14400.0


class SwitchSpec(Spec):
    """Some who hear the announcement go on in another channel, where the told wait is shorter (M32)."""

    to: Name
    """The channel that is offered."""
    share: Share = 0.10
    """Of those who stay and hear of a shorter wait there. *assumed*"""


class MessageSpec(Spec):
    """An announcement of the expected wait (M32): some hang up, fewer of them call again. All numbers *assumed*."""

    on_from: Seconds = 120.0
    """Told wait at which it is ordered."""
    off_under: Seconds = 60.0
    """Told wait below which it is called off."""
    takes: Seconds = 60.0
    """Until an order takes effect."""
    balk_over: Seconds = 60.0
    balk_scale: PositiveSeconds = 600.0
    """Hang up at once: 1 − exp(−(told − balk_over)/balk_scale)."""
    redial: Share = 0.7
    """Who gives up after hearing it calls again this much less often."""
    switch: OrOff[SwitchSpec] = None
    """Another channel is offered with it."""


class MeterSpec(Spec):
    """Contacts wait in a buffer until people are free for them (M32)."""

    target: Share | None = None
    """Share of the people to keep busy; left out: 1 − 0.5/√n."""
    weight: NonNegative = 1.0
    """How much each contact in the queue takes of the room."""
    most_per_min: Positive = 60.0
    hold_at_most: PositiveSeconds = 300.0
    """Who is held longer is let in, room or not."""
    patience: Positive = 1.5
    """Who is told how things stand waits this much longer. *assumed*"""
    back_after: OrOff[PositiveSeconds] = None
    """Who is held because the AI failed goes back to it once a fleet's breaker has been closed so long and it has room, or `off`."""


class ReliefSpec(Spec):
    """What is done for a queue that has become too long (M32, M36, M37). Needs `watch`."""

    queues: tuple[Name, ...] = ()
    """Only these queues; none named means all."""
    whom: Literal["everybody", "from_ai", "spilled"] = "everybody"
    """Everybody who asks for a person, only those whom the AI could not keep, or of these only those who come because it failed."""
    spares: tuple[Name, ...] = ()
    """Segments that go straight to people."""
    tells: Literal["position", "classic", "plan"] = "position"
    """How the wait is estimated: place × handling time / people, the same over those not yet assigned, or by the staffing plan."""
    deflect: OrOff[DeflectSpec] = None
    callback: OrOff[CallbackSpec] = None
    message: OrOff[MessageSpec] = None
    meter: OrOff[MeterSpec] = None


class MedianSpec(Spec):
    """A lognormal duration by its median."""

    median: PositiveSeconds
    sigma: NonNegative
    """Standard deviation of the logarithm; 0 for always the median."""


class SeveritySpec(Spec):
    """How bad incidents are; sums to 1. Mix of the LLM providers' own reports, effects *assumed*."""

    minor: Share = 0.5
    """3 % of calls fail, replies take 1.5 times as long."""
    major: Share = 0.4
    """25 % of calls fail, replies take 3 times as long."""
    critical: Share = 0.1
    """Down."""


class IncidentProcessSpec(Spec):
    """Incidents that come as they come, drawn anew in every replication (M24): a Hawkes process, in which one incident brings others.

    Defaults from the reports of OpenAI and Anthropic on their APIs, up to August 2024 (Chu et al., ICPE 2025).
    """

    node: Name
    """A node of the graph or `fleet.X`; everything that stands on it suffers."""
    per_week: Positive = 1.64
    """Mean number of incidents. OpenAI's API: 1.64, Anthropic's: 0.99."""
    duration: MedianSpec = MedianSpec(median=4500.0, sigma=1.11)
    """OpenAI's API: 75m and 1.11, Anthropic's: 40m and 1.21."""
    severity: SeveritySpec = SeveritySpec()
    clustering: Share = 0.35
    """How many others an incident brings in the mean, at most 0.9; they bring others in turn. 0: none knows of another."""
    decay: PositiveSeconds = 86400.0
    """After how long those come in the mean (exponential), at most 28d."""
    hours: bool = True
    """Whether incidents keep office hours: 3.1 times as often from 14:00 to 23:00 UTC, 8 times as often on a weekday. The mean over a
    week stays `per_week`."""
    common_cause: Share = 0.0
    """β: share of these incidents that really hit one of the `roots`. Shared outages against vendors' own: 0.035."""
    common_median: PositiveSeconds = 10800.0
    """Median duration of those. Outages of clouds and edge networks in 2025: about 3h."""
    roots: tuple[Name, ...] = ()
    """Nodes that `node` stands on, equally likely; left out: those of them that stand on nothing."""


class RepeatsSpec(Spec):
    """Who comes back because the issue was not settled (M05). The shares are *assumed*."""

    false_contained: Share = 0.65
    """Comes back after the AI closed a case that it had not solved."""
    ai_abandoned: Share = 0.70
    """Comes back after giving up on the AI."""
    unresolved: Share = 0.60
    """Comes back after a person did not settle it (`resolution`)."""
    after: MedianSpec = MedianSpec(median=72000.0, sigma=1.2)
    """From the bad end to the next attempt. *assumed*: 20h and 1.2"""
    attempts: PositiveCount = 3
    """Further attempts at most. Calling again after giving up in a queue has a limit of its own (`queues.*.redial.attempts`)."""
    window: PositiveSeconds = 604800.0
    """A contact that comes back within this was not contained (net containment). Usual: 168h, some count 24h."""
    memory: bool = True
    """Whether the history is at hand at a further attempt: success +0.10 on the probit scale, 0.9 of the turns, 0.95 of a person's time.
    Without it one more turn is needed to tell it all again, and frustration starts 0.05 higher."""


class ResolutionSpec(Spec):
    """How often a person's work does not settle the issue (M04)."""

    unresolved: Share = 0.10
    """With a calm customer. *assumed*"""
    mood: Share = 0.20
    """Grows by this up to a furious customer. *assumed*; the target is −14 % first-contact resolution after a transfer."""


class MisrouteSpec(Spec):
    """Contacts that reach the wrong people, who find out and pass them on within their queue (M08). A callback is looked up before."""

    wrong_label: Share = 1.0
    """Of contacts with a wrong label, where nothing tells people better: what an AI session hands over saves its share of them."""
    by_chance: Share = 0.0
    """Of all, whatever the label."""
    again: Share = 0.10
    """Passed on once, the next are the wrong people as well. *assumed*"""
    most: PositiveCount = 2
    """Passed on so often at most; then a generalist takes the contact."""
    discovery: PositiveSeconds = 40.0
    """Until the wrong people have found out. *assumed*"""
    longer: Seconds = 60.0
    """So much longer it takes those who settle it. *assumed*"""


class CsatSpec(Spec):
    """How content customers are in the end, 1 to 5, and who says so in a survey (M04). A breaker may hear of it (`semantic.warn_csat`)."""

    best: float = Field(4.6, ge=1, le=5)
    """Of a calm customer whose issue is settled. *assumed*"""
    mood: NonNegative = 1.5
    """Points less for a furious one. *assumed*; the target is −12 % after a transfer (SQM)."""
    unsettled: NonNegative = 0.6
    """Points less where the issue is not settled, which by the time of the survey the customer knows. *assumed* after −15 % for each
    further call (SQM)."""
    answers: Share = 0.15
    """Share of those served who answer the survey. *assumed*; nobody asks those who gave up."""
    unhappy_answers: Positive = 1.0
    """So many times as often somebody answers who gives 1 as somebody who gives 5; in between in proportion."""
    after: MedianSpec = MedianSpec(median=3600.0, sigma=1.0)
    """From the end of the contact to the answer. *assumed*"""


class MoodSpec(Spec):
    """What happens to frustration, 0 calm to 1 furious, outside the AI's turns (M04). All *assumed*."""

    wait_per_min: NonNegative = 0.05
    """For every minute in a queue beyond `wait_free`."""
    wait_free: Seconds = 60.0
    reexplain: NonNegative = 0.15
    """At a hand-over to a person, times the share of the context that is lost."""
    answer: NonNegative = 0.10
    """Taken off when a person answers."""
    transfer: NonNegative = 0.10
    """When passed on from the AI to a person, whatever the context."""
    csat: OrOff[CsatSpec] = None
    """What frustration does to satisfaction, as surveys show it and as it is."""


class SignalsSpec(Spec):
    """What the orchestrator tells workforce management (M38). Needs breakers."""

    every: PositiveSeconds = 300.0
    """At least this often while something is not normal."""
    together: Seconds = 10.0
    """At most one signal in this time for a fleet."""
    recovered_after: Seconds = 120.0
    lasts: MedianSpec = MedianSpec(median=4500.0, sigma=1.11)
    """How long outages last; what is left of one is worked out from it. OpenAI's API: 75m and 1.11."""
    burst: Share = 0.3
    """θ: share of the sessions under way that ask for a person at a shock. *assumed*"""


class DeskSpec(Spec):
    """Who takes up signals, and how long that takes (M38)."""

    mode: Literal["automated", "manual"] = "automated"
    publish: Seconds = 1.0
    poll: Seconds = 0.0
    """A person looks so often, for a `manual` desk; 300 s for a dashboard."""
    decide: Seconds = 2.0
    """2 s automated; manual: median of a lognormal, 180 s."""
    dispatch: Seconds = 3.0
    """Until people and systems are told: 3 s automated, 60 s manual."""


class LeverSpec(Spec):
    """One way to have more people on the phones (M39). All numbers *assumed*."""

    kind: Literal[
        "recall_off_phone", "move_breaks", "extend_shift", "overtime", "bcp", "repoint", "cancel_vto"
    ]
    group: Name
    """Where they work."""
    people: PositiveCount
    """Most that can be asked."""
    lead: tuple[Seconds, Seconds] = (300.0, 600.0)
    """From the call to the first effect, between these."""
    accept: Share = 1.0
    """Of those asked."""
    cost_per_h: NonNegative = 0.0
    """Each person who comes, beyond what is paid anyway."""
    slower: Positive = 1.0
    """Their handling time over that of the group, for the plan's reckoning."""
    lasts: PositiveSeconds | None = None
    """Longest time that they can stay; left out: as long as needed."""
    paid_for: Seconds = 0.0
    """At least so long, once they came."""
    spill_over: NonNegative = 0.0
    """Only while more contacts a minute than this spill to people."""
    shift_ends: tuple[TimeOfDay, ...] = ()
    """For `extend_shift`: when its people would go home."""


class SilentSpec(Spec):
    """What a failure costs that nobody notices at the time, as a multiple of what the resolution would have been worth (assumed)."""

    low: NonNegative = 1.0
    medium: NonNegative = 1.5
    high: NonNegative = 3.0


class PricesSpec(Spec):
    """What things cost (M60), in any one currency; the defaults are US dollars. Only `routing.by: fit` moves anything by them."""

    input_tokens: NonNegative = 3.0
    """For a million. Public list price of a mid-tier model."""
    output_tokens: NonNegative = 15.0
    """For a million. As above; a conversation of six turns comes to about $0.045."""
    per_session: NonNegative = 0.10
    """Platform fee. *assumed*"""
    human_per_min: NonNegative = 0.65
    """A person's minute, everything included; $6 to $13.5 for a contact."""
    supervisor_per_min: NonNegative = 0.80
    """Of a person who watches `routing.monitor.span` sessions. *assumed*"""
    resolution: NonNegative = 8.0
    """What it is worth that an issue of `value` 1 is settled. *assumed*"""
    silent: SilentSpec = SilentSpec()
    """By the intent's risk."""
    handed_over: NonNegative = 1.0
    """What it is worth to a customer not to be handed over; no part of the cost, but weighed against it. *assumed*"""
    customer_wait_per_min: NonNegative = 1.2
    """What a minute of a customer's waiting is worth, as above; free where patience is endless, as with mail. *assumed*"""
    per_missed: NonNegative = 0.0
    """Penalty for each contact by which a queue misses its target (service-level damage): contracts differ."""


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
    watch: OrOff[WatchSpec] = None
    """Looks at the fleets every few seconds, or `off`; what sees more than single replies needs it."""
    signals: OrOff[SignalsSpec] = None
    """Messages to workforce management, or `off`."""
    desk: DeskSpec = DeskSpec()
    plans: dict[Name, LeverSpec] = {}
    """Levers that the desk may pull when a signal says that people are short. Needs `signals`."""
    relief: OrOff[ReliefSpec] = None
    """What is done for queues that are too long, or `off`."""
    incidents: tuple[IncidentSpec, ...] = ()
    incident_process: dict[Name, IncidentProcessSpec] = {}
    """Incidents drawn at random on top of `incidents`, by a name of your own."""
    repeats: OrOff[RepeatsSpec] = None
    """Customers whose issue was not settled come back, or `off`."""
    resolution: OrOff[ResolutionSpec] = None
    """People do not settle everything, or `off`: they do."""
    mood: OrOff[MoodSpec] = None
    """Frustration moves with waits and hand-overs, too, or `off`: with AI turns alone."""
    misroute: OrOff[MisrouteSpec] = None
    """Some contacts reach the wrong people first, or `off`: nobody does."""
    prices: PricesSpec = PricesSpec()
    records: Literal["contacts", "intervals"] = "contacts"
    """Keep a row for every contact and decision, or interval counts alone (memory does not grow with contacts)."""
    replications: PositiveCount = 20
    seed: Count = 1
    expect: tuple[ExpectSpec, ...] = ()
    """What `blendsim check` holds runs of this file against; files that extend it do not inherit it."""
    warm_up: Seconds = 0.0
    """Cut off the front of every replication before anything is counted; for steady-state checks only."""

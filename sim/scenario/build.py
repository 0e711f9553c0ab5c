"""`ScenarioFile` → `Scenario`: names become codes, local times become seconds, the only place that converts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from sim.orchestration.breaker import State
from sim.orchestration.common_cause import CommonCausePolicy, Graph
from sim.orchestration.desk import Desk, Mode
from sim.orchestration.duration import Law as DurationLaw
from sim.orchestration.parents import ParentPolicy
from sim.orchestration.plans import Kind, Lever
from sim.orchestration.routing import threshold_matrix
from sim.orchestration.signals import SignalPolicy
from sim.scenario import model
from sim.scenario.checks import fleets_in_order
from sim.scenario.errors import ScenarioError
from sim.scenario.schema import (
    WEEKDAYS,
    AiSpec,
    DegradedSpec,
    EjectionSpec,
    FailoverSpec,
    FailureSpec,
    FleetSpec,
    GroupSpec,
    LawSpec,
    MmppSpec,
    PriceSpec,
    QueueSpec,
    ScenarioFile,
    SemanticSpec,
    TriggersSpec,
)
from sim.scenario.values import Moment

RISKS = ("low", "medium", "high")
NORMAL_P95 = 1.6448536269514722
HANDLE_CV = 0.9
"""Handling times of people when nothing is said: lognormal with this coefficient of variation."""


class Clock:
    """Local wall-clock times to seconds since the start; days of 23 and 25 hours are what they are."""

    def __init__(self, spec: ScenarioFile) -> None:
        self.zone = ZoneInfo(spec.calendar.timezone)
        begins = spec.calendar.begins
        if begins.date is None:
            raise ScenarioError("calendar.from: needs a date, such as 2026-03-02 07:00")
        self.first_day = begins.date
        self.start = self._at(begins.date, begins.time_s)
        self.end_s = self.second(spec.calendar.until)
        if self.end_s <= 0:
            raise ScenarioError(f"calendar.until: {spec.calendar.until} is not after {begins}")

    def _at(self, day: date, time_s: float) -> datetime:
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - local, the zone comes after the clock
        return (midnight + timedelta(seconds=time_s)).replace(tzinfo=self.zone)

    def second(self, moment: Moment) -> float:
        return self.on(moment.date or self.first_day, moment.time_s)

    def on(self, day: date, time_s: float) -> float:
        return self._at(day, time_s).timestamp() - self.start.timestamp()

    def days(self) -> list[date]:
        found, day = [], self.first_day
        while self.on(day, 0.0) < self.end_s:
            found.append(day)
            day += timedelta(days=1)
        return found

    def steps(self, by_time: Mapping[float, float]) -> list[tuple[float, float]]:
        """A daily profile as (second, value) from 0 on; before the day's first time the last one of the day before holds."""
        times = sorted(by_time)
        steps = [
            (self.on(day, t), by_time[t])
            for day in [self.first_day - timedelta(days=1), *self.days()]
            for t in times
        ]
        before = [value for second, value in steps if second <= 0]
        after = [(second, value) for second, value in steps if 0 < second < self.end_s]
        return [(0.0, before[-1]), *after]


def _law(spec: LawSpec, usual: str, cv: float = 1.0) -> model.Law:
    family = spec.law or usual
    if family == "never":
        return model.Law("never", math.inf)
    if family == "quantiles":
        values = spec.values or ()
        mean = float(np.trapezoid(values, dx=1.0 / (len(values) - 1)))
        return model.Law("quantiles", mean, values_s=values)
    assert spec.mean is not None, "checked before"
    return model.Law(family, spec.mean, cv=spec.cv if spec.cv is not None else cv, shape=spec.shape or 1.0)


def _failure(spec: FailureSpec) -> model.Failure:
    return model.Failure(spec.detected, spec.loop, spec.confident_wrong)


def _rates(spec: ScenarioFile, clock: Clock) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges, contacts per second and local day of every step of the arrival rate."""
    demand = spec.demand
    days = clock.days()
    midnights = [clock.on(day, 0.0) for day in days]
    if demand.volume is not None and demand.hour_share is not None:
        steps = []
        for day in days:
            volume = demand.volume[WEEKDAYS[day.weekday()]]
            for hour, share in enumerate(demand.hour_share):
                steps.append((clock.on(day, hour * 3600.0), volume * share / 100.0 / 3600.0))
    elif demand.per_h is not None:
        by_time = demand.per_h if isinstance(demand.per_h, dict) else {0.0: demand.per_h}
        steps = [(second, per_h / 3600.0) for second, per_h in clock.steps(by_time)]
    else:
        steps = [(0.0, 0.0)]
    inside = sorted({s for s, _ in steps} | set(midnights) | {0.0})
    cuts = [s for s in inside if 0.0 <= s < clock.end_s]
    edges = np.array([*cuts, clock.end_s])
    starts = np.array([s for s, _ in steps])
    values = np.array([v for _, v in steps])
    order = np.argsort(starts, kind="stable")
    at = np.searchsorted(starts[order], edges[:-1], side="right") - 1
    per_s = np.where(at >= 0, values[order][np.maximum(at, 0)], 0.0)
    local_day = np.searchsorted(np.array(midnights), edges[:-1], side="right") - 1
    return edges, per_s, np.maximum(local_day, 0)


def _demand(spec: ScenarioFile, clock: Clock) -> model.Demand:
    demand = spec.demand
    edges, per_s, day = _rates(spec, clock)
    intents, channels = list(spec.intents), list(spec.channels)
    families = [intent.family or name for name, intent in spec.intents.items()]
    noise = demand.interval_noise
    return model.Demand(
        edges_s=edges,
        per_s=per_s,
        day=day.astype(np.int64),
        at_s=np.array(demand.at) if demand.at is not None else None,
        replay=demand.replay,
        replay_day=demand.replay_day,
        busy_day_cv=demand.busy_day_cv,
        phi=noise.phi if noise else 0.0,
        sigma=noise.sigma if noise else 0.0,
        surges=tuple(
            model.Surge(
                clock.second(event.at),
                clock.second(event.at) + event.lasts,
                event.multiplier,
                frozenset(intents.index(name) for name in event.intents),
                frozenset(channels.index(name) for name in event.channels),
            )
            for event in demand.events
        ),
        channel_share=np.array([channel.share for channel in spec.channels.values()]),
        segment_share=np.array(list(spec.segments.values())),
        language_share=np.array(list(spec.languages.values())),
        region_share=np.array(list(spec.regions.values())),
        intent_share=np.array([intent.share for intent in spec.intents.values()]),
        out_of_scope=spec.out_of_scope,
        family=np.array([sorted(set(families)).index(f) for f in families], dtype=np.int64),
        new_pattern=model.NewPattern(clock.second(pattern.at), pattern.ramp, pattern.share)
        if (pattern := demand.new_pattern) is not None
        else None,
        batch=model.Batch(demand.batch.mean, demand.batch.law == "fixed") if demand.batch else None,
        mmpp=_mmpp(demand.mmpp) if demand.mmpp else None,
    )


def _mmpp(spec: MmppSpec) -> model.Mmpp:
    levels, lasts_s = np.array(spec.levels), np.array(spec.lasts)
    return model.Mmpp(levels * lasts_s.sum() / (levels @ lasts_s), lasts_s)


def _ai(spec: ScenarioFile) -> model.Ai:
    ai: AiSpec = spec.ai
    intents = list(spec.intents.values())
    return model.Ai(
        capability=np.array([i.ai.capability if i.ai else 0.0 for i in intents]),
        eligible=np.array([i.ai is not None and i.eligible for i in intents]),
        turns=np.array([float(i.ai.turns) if i.ai else 1.0 for i in intents]),
        channel_shift=np.array([c.ability_shift for c in spec.channels.values()]),
        language_shift=np.array([ai.language_shift.get(name, 0.0) for name in spec.languages]),
        tau=ai.tau,
        vendor_correlation=ai.vendor_correlation,
        failure=_failure(ai.failure),
        wrong_label_recovers=ai.wrong_label_recovers,
        wrong_label_failure=_failure(ai.wrong_label_failure),
        turns_cv=ai.turns_cv,
        risk=np.array([RISKS.index(i.risk) for i in intents], dtype=np.int64),
        think=_law(ai.think, "lognormal", 0.5),
        leaves_per_turn=ai.leaves_per_turn,
        mood_start=ai.mood_start,
        mood_bad_turn=ai.mood_bad_turn,
        mood_good_turn=ai.mood_good_turn,
        slow_leaves=ai.slow.leaves if ai.slow is not None else 0.0,
        slow_mood=ai.slow.mood if ai.slow is not None else 0.0,
    )


def _notice_s(spec: ScenarioFile, channel: str) -> float:
    slow = spec.ai.slow
    return math.inf if slow is None else slow.after.get(channel, spec.channels[channel].slow_reply)


def _ancestors(spec: ScenarioFile, name: str | None) -> set[str]:
    found: set[str] = set()
    todo = [name] if name is not None else []
    while todo:
        node = todo.pop()
        if node not in found:
            found.add(node)
            todo.extend(spec.nodes[node].on)
    return found


def _fleets(spec: ScenarioFile, nodes: list[str]) -> tuple[model.Fleet, ...]:
    channels, segments = list(spec.channels), list(spec.segments)
    fleets = []
    for name, fleet in spec.fleets.items():
        stands_on = {f"fleet.{name}", *_ancestors(spec, fleet.on)}
        reserve = round(fleet.premium_reserve * fleet.sessions)
        fleets.append(
            model.Fleet(
                channels=frozenset(channels.index(c) for c in fleet.channels),
                sessions=fleet.sessions,
                open_sessions=fleet.sessions - reserve,
                premium=frozenset(segments.index(s) for s in fleet.premium_segments),
                bulkheads={channels.index(c): cap for c, cap in fleet.bulkheads.items()},
                latency_median_s=fleet.latency.median if fleet.latency else 0.0,
                latency_sigma=math.log(fleet.latency.p95 / fleet.latency.median) / NORMAL_P95
                if fleet.latency
                else 0.0,
                errors=fleet.errors,
                ability_shift=fleet.ability_shift,
                hosts=fleet.hosts,
                nodes=frozenset(nodes.index(node) for node in stands_on),
                **_load(fleet),
            )
        )
    return tuple(fleets)


def _load(fleet: FleetSpec) -> dict[str, Any]:
    """How a fleet bears its load, as fields of `model.Fleet`."""
    fields: dict[str, Any] = {}
    if (load := fleet.under_load) is not None:
        fields |= {
            "load_from": load.above,
            "load_slope": load.slope,
            "quality_from": load.quality_from,
            "quality_loss": load.quality_loss,
        }
    if (scale := fleet.autoscale) is not None:
        fields |= {"scale_target": scale.target, "warm_up_s": scale.warm_up, "quota": scale.quota}
    return fields


def _limits(spec: ScenarioFile, nodes: list[str]) -> tuple[model.Limits, ...]:
    def per_s(per_min: float | None) -> float:
        return math.inf if per_min is None else per_min / 60.0

    return tuple(
        model.Limits(
            nodes.index(name),
            per_s(node.limits.requests_per_min),
            per_s(node.limits.input_tokens_per_min),
            per_s(node.limits.output_tokens_per_min),
            node.limits.burst,
        )
        for name, node in spec.nodes.items()
        if node.limits is not None
    )


def _watch(spec: ScenarioFile, nodes: list[str]) -> model.Watch | None:
    watch = spec.watch
    if watch is None:
        return None
    warning = watch.early_warning
    rule, cusum = (warning.rule, warning.cusum) if warning is not None else (None, None)
    return model.Watch(
        every_s=watch.every,
        delay_s=watch.delay,
        missing=watch.missing,
        nodes=frozenset(nodes.index(node) for node in _ancestors(spec, watch.node)),
        baseline=watch.baseline or 0.0,
        qa_share=watch.qa.share if watch.qa else 0.0,
        qa_delay_s=watch.qa.delay if watch.qa else 0.0,
        qa_accuracy=watch.qa.accuracy if watch.qa else 1.0,
        rule_drop=rule.drop if rule else 0.0,
        rule_z=rule.z if rule else 0.0,
        rule_window_s=rule.window if rule else 1800.0,
        cusum_h=cusum.h if cusum else 0.0,
        cusum_drop=cusum.drop if cusum else 0.0,
        rearm_s=warning.rearm if warning else 0.0,
    )


def _levers(spec: ScenarioFile, clock: Clock) -> tuple[Lever, ...]:
    return tuple(
        Lever(
            name=name,
            kind=Kind(lever.kind),
            group=lever.group,
            people=lever.people,
            lead_s=lever.lead,
            accept_share=lever.accept,
            cost_per_h=lever.cost_per_h,
            handle_factor=lever.slower,
            lasts_s=lever.lasts if lever.lasts is not None else math.inf,
            commitment_s=lever.paid_for,
            spill_over_per_min=lever.spill_over,
            shift_ends_s=tuple(
                second
                for day in clock.days()
                for second in sorted(clock.on(day, at) for at in lever.shift_ends)
                if second > 0.0
            ),
        )
        for name, lever in spec.plans.items()
    )


def _relief(spec: ScenarioFile) -> model.Relief | None:
    relief = spec.relief
    if relief is None:
        return None
    deflect, callback, message, meter = relief.deflect, relief.callback, relief.message, relief.meter
    queues = list(spec.queues)
    return model.Relief(
        queues=frozenset(queues.index(name) for name in relief.queues or queues),
        whom=relief.whom,
        spares=frozenset(list(spec.segments).index(name) for name in relief.spares),
        tells=relief.tells,
        deflect=None
        if deflect is None
        else model.Deflect(
            deflect.over, deflect.value_up_to, deflect.accept, deflect.helped, deflect.back, *deflect.after
        ),
        callback=None
        if callback is None
        else model.Callback(
            over_s=callback.over,
            middle_s=callback.middle,
            spread_s=callback.spread,
            most=callback.most,
            slots=-1 if callback.slots is None else callback.slots,
            dial_s=callback.dial,
            reached=callback.reached,
            attempts=callback.attempts,
            gap_s=callback.gap,
            expires_s=callback.expires,
        ),
        message=None
        if message is None
        else model.Message(
            on_from_s=message.on_from,
            off_under_s=message.off_under,
            takes_s=message.takes,
            balk_over_s=message.balk_over,
            balk_scale_s=message.balk_scale,
            redial=message.redial,
            switch=message.switch.share if message.switch is not None else 0.0,
            switch_to=-1 if message.switch is None else list(spec.channels).index(message.switch.to),
        ),
        meter=None
        if meter is None
        else model.Meter(
            target=meter.target or 0.0,
            weight=meter.weight,
            most_per_s=meter.most_per_min / 60.0,
            hold_at_most_s=meter.hold_at_most,
            patience=meter.patience,
            back_after_s=math.inf if meter.back_after is None else meter.back_after,
        ),
    )


def _degraded(spec: ScenarioFile, degraded: DegradedSpec | None) -> model.DegradedPolicy | None:
    if degraded is None:
        return None
    simple = [
        i.ai is not None
        and i.risk == "low"
        and i.ai.capability >= degraded.capability
        and i.ai.turns <= degraded.turns
        for i in spec.intents.values()
    ]
    return model.DegradedPolicy(
        failed=degraded.failed,
        slow=degraded.slow,
        confirm=degraded.confirm,
        recover=degraded.recover,
        dwell_s=degraded.dwell,
        simple=np.array(simple),
        surer=degraded.surer,
        closes_to_degraded=degraded.closes_to == "degraded",
    )


def _semantic(semantic: SemanticSpec | None) -> model.SemanticPolicy | None:
    if semantic is None:
        return None
    return model.SemanticPolicy(
        window_s=semantic.window,
        min_sessions=semantic.min_sessions,
        warn_drop=semantic.warn_drop,
        trip_drop=semantic.trip_drop,
        warn_accuracy=semantic.warn_accuracy,
        trip_accuracy=semantic.trip_accuracy,
        warn_escalated=semantic.warn_escalated,
        warn_loop=semantic.warn_loop,
        trip_loop=semantic.trip_loop,
        warn_csat=semantic.warn_csat,
        nodata_grace_s=semantic.nodata_grace,
    )


def _queue(name: str, queue: QueueSpec, spec: ScenarioFile) -> model.Queue:
    channels, segments = list(spec.channels), list(spec.segments)
    redial = queue.redial
    return model.Queue(
        channels=tuple(
            channels.index(c) for c in (queue.channels if queue.channels is not None else (name,))
        ),
        answer_within_s=queue.answer_within,
        target=queue.target,
        patience=_law(queue.patience, "exponential"),
        patience_escalated=queue.patience_escalated,
        announce_at_s=queue.announcement.at if queue.announcement else math.inf,
        announce_leave=queue.announcement.leave if queue.announcement else 0.0,
        short_abandon_s=queue.short_abandon,
        priority_direct=queue.priority.direct,
        priority_escalated=queue.priority.escalated,
        credit_s={-1 if key == "escalated" else segments.index(key): s for key, s in queue.credit.items()},
        room=queue.room if queue.room is not None else -1,
        redial=(
            model.Redial(
                redial.share, redial.after, redial.sigma, redial.attempts, redial.law == "exponential"
            )
            if redial
            else None
        ),
    )


def _group(group: GroupSpec, queues: list[str], clock: Clock) -> model.Group:
    shifts = []
    for shift in group.shifts:
        # The night before, too: its shift may still be at work when the run begins.
        for day in [clock.first_day - timedelta(days=1), *clock.days()]:
            if WEEKDAYS[day.weekday()] not in shift.days:
                continue
            pieces, begin = [], shift.start
            for pause in shift.breaks:
                pieces.append((begin, shift.start + pause.after))
                begin = shift.start + pause.after + pause.lasts
            pieces.append((begin, shift.start + shift.lasts))
            at = tuple((clock.on(day, a), clock.on(day, b)) for a, b in pieces)
            shifts.append(model.Shift(shift.people, at))
    if isinstance(group.staffing, dict):
        staffing = tuple(
            (second, int(n)) for second, n in clock.steps({t: float(n) for t, n in group.staffing.items()})
        )
    elif isinstance(group.staffing, int):
        staffing = ((0.0, group.staffing),)
    else:
        staffing = ()
    return model.Group(
        skills=tuple(queues.index(q) for q in group.skills),
        staffing=staffing,
        shifts=tuple(shifts),
        takes_listed=group.takes == "listed",
        pace_cv=group.pace_cv,
        punctuality_s=group.punctuality,
        replayed=group.staffing == "replay",
    )


def _routing(spec: ScenarioFile) -> model.Routing:
    routing = spec.routing
    axes = (list(spec.intents), list(spec.channels), list(spec.segments))
    cells = routing.thresholds.cells
    ai = threshold_matrix(
        {k: v.ai for k, v in cells.items() if v.ai is not None}, routing.thresholds.ai, *axes
    )
    monitored = threshold_matrix(
        {k: v.monitored for k, v in cells.items() if v.monitored is not None},
        routing.thresholds.monitored,
        *axes,
    )
    monitor = routing.monitor
    return model.Routing(
        by=model.By[routing.by.upper()],
        ai_at=ai,
        monitored_at=monitored,
        monitor_sessions=monitor.people * monitor.span,
        monitor_overflow_human=monitor.overflow == "human",
        catch=monitor.catch,
        false_takeover=monitor.false_takeover,
        latency_s=routing.latency,
        fit=model.Fit(
            least=np.array([getattr(routing.fit.least, intent.risk) for intent in spec.intents.values()]),
            known_from=routing.fit.known_from,
            unnoticed=routing.fit.unnoticed,
            load_price=routing.fit.load_price,
        ),
    )


def _triggers(spec: ScenarioFile) -> model.Triggers:
    triggers: TriggersSpec = spec.triggers
    asks, scope, sentiment = triggers.explicit_request, triggers.out_of_scope, triggers.sentiment
    never = 2**31 - 1
    turns = [i.ai.turns if i.ai else 1 for i in spec.intents.values()]
    limit = [math.ceil(triggers.max_turns * n) if triggers.max_turns is not None else never for n in turns]
    return model.Triggers(
        explicit_per_turn=asks.per_turn if asks else 0.0,
        explicit_recall=asks.recall if asks else 0.0,
        scope_recall=scope.recall if scope else 0.0,
        scope_false_alarm=scope.false_alarm if scope else 0.0,
        sentiment_on=sentiment is not None,
        sentiment_below=sentiment.below if sentiment else 0.0,
        sentiment_turns=sentiment.turns if sentiment else 0,
        sentiment_noise=sentiment.noise if sentiment else 0.0,
        sentiment_recall=sentiment.recall if sentiment else 0.0,
        sentiment_false_alarm=sentiment.false_alarm if sentiment else 0.0,
        max_turns=np.array(limit, dtype=np.int64),
        max_session_s=np.array(
            [c.max_session if triggers.max_duration else math.inf for c in spec.channels.values()]
        ),
    )


def _failover(spec: ScenarioFile) -> model.Failover:
    failover: FailoverSpec = spec.failover
    fleets = list(spec.fleets)
    breaker = None
    if (b := failover.breakers) is not None:
        size = int(b.window.size or 0) if b.window.by == "time" else int(b.window.replies or 0)
        breaker = model.BreakerPolicy(
            by=b.window.by,
            size=size,
            min_replies=b.min_replies,
            failed=b.failed,
            slow=b.slow,
            in_a_row=b.in_a_row,
            cool_down_s=b.cool_down,
            cool_down_max_s=b.cool_down_max,
            probes_of=b.probes.of,
            probes_need=b.probes.need,
            probes_within_s=b.probes.within,
            degraded=_degraded(spec, b.degraded),
            semantic=_semantic(b.semantic),
            hand_over=b.hand_over,
            synthetic=b.probes.synthetic,
        )
    return model.Failover(
        breaker=breaker,
        ejection=_ejection(failover.ejection),
        chain=tuple(tuple(fleets.index(f) for f in fleets_in_order(spec, name)) for name in spec.channels),
        retries=failover.retries,
        retry_from_s=failover.retry_wait[0],
        retry_until_s=failover.retry_wait[1],
        on_open=failover.on_open,
        fidelity=failover.fidelity,
        retry_share=failover.retry_budget.share if failover.retry_budget else 1.0,
        retry_at_least=failover.retry_budget.at_least if failover.retry_budget else 0,
        degradation=None
        if (levels := failover.degradation) is None
        else model.DegradationPolicy(
            enter=levels.enter,
            up_after_s=levels.up_after,
            down_after_s=levels.down_after,
            surer=(0.0, *levels.surer, 1.0),
            sessions=(1.0, *levels.sessions, 0.0),
            p95_s=levels.p95,
        ),
    )


def _stands_on(spec: ScenarioFile) -> dict[str, tuple[str, ...]]:
    """What every node and fleet stands on directly."""
    return {
        **{name: node.on for name, node in spec.nodes.items()},
        **{name: (fleet.on,) for name, fleet in spec.fleets.items() if fleet.on is not None},
    }


def _parents(spec: ScenarioFile) -> ParentPolicy | None:
    if (parents := spec.failover.parents) is None:
        return None
    graph = Graph(_stands_on(spec), tuple(spec.fleets))
    # Of nodes under the same fleets one is enough: the lowest.
    found = (
        {node: graph.on(node) for node in parents.nodes}
        if parents.nodes
        else {
            nodes[0]: tuple(f for f in spec.fleets if f in fleets) for fleets, nodes in graph.shared().items()
        }
    )
    return ParentPolicy(found, parents.share, parents.scout)


def _ejection(spec: EjectionSpec | None) -> model.Ejection | None:
    if spec is None:
        return None
    outlier, failed = spec.outlier, spec.failed
    return model.Ejection(
        every_s=spec.every,
        row_at=spec.in_a_row,
        deviations=outlier.deviations if outlier is not None else 0.0,
        min_hosts=outlier.hosts if outlier is not None else 0,
        min_calls=outlier.calls if outlier is not None else 0,
        failed_at=failed.share if failed is not None else 0.0,
        min_failed_of=failed.calls if failed is not None else 0,
        base_s=spec.base,
        cap_s=spec.at_most,
        most_share=spec.share,
        panic_below=spec.panic,
        to_human=spec.panic_mode == "fail_to_human",
    )


def _incident_processes(spec: ScenarioFile, nodes: list[str]) -> tuple[model.IncidentProcess, ...]:
    found = []
    for name, process in spec.incident_process.items():
        own = process.node in spec.nodes
        fleet = None if own else spec.fleets[process.node.removeprefix("fleet.")]
        below = _ancestors(spec, fleet.on if fleet is not None else process.node) - {process.node}
        roots = process.roots or tuple(
            node for node in spec.nodes if node in below and not spec.nodes[node].on
        )
        severity = process.severity
        found.append(
            model.IncidentProcess(
                name=name,
                node=nodes.index(process.node),
                per_week=process.per_week,
                median_s=process.duration.median,
                sigma=process.duration.sigma,
                severity=(severity.minor, severity.major, severity.critical),
                clustering=process.clustering,
                decay_s=process.decay,
                office_hours=process.hours,
                common_cause=process.common_cause,
                common_median_s=process.common_median,
                roots=tuple(nodes.index(root) for root in roots) if process.common_cause else (),
            )
        )
    return tuple(found)


def _repeats(spec: ScenarioFile) -> model.Repeats | None:
    if (repeats := spec.repeats) is None:
        return None
    return model.Repeats(
        false_contained=repeats.false_contained,
        ai_abandoned=repeats.ai_abandoned,
        unresolved=repeats.unresolved,
        after_s=repeats.after.median,
        sigma=repeats.after.sigma,
        attempts=repeats.attempts,
        window_s=repeats.window,
        memory=repeats.memory,
    )


def _resolution(spec: ScenarioFile) -> model.Resolution:
    resolution = spec.resolution
    return (
        model.Resolution(resolution.unresolved, resolution.mood) if resolution else model.Resolution(0.0, 0.0)
    )


def _mood(spec: ScenarioFile) -> model.Mood:
    if (mood := spec.mood) is None:
        return model.Mood(0.0, 0.0, 0.0, 0.0, 0.0)
    csat = None
    if (asked := mood.csat) is not None:
        csat = model.Csat(
            best=asked.best,
            mood=asked.mood,
            unsettled=asked.unsettled,
            answers=asked.answers,
            unhappy_answers=asked.unhappy_answers,
            after_s=asked.after.median,
            sigma=asked.after.sigma,
        )
    return model.Mood(mood.wait_per_min, mood.wait_free, mood.reexplain, mood.answer, mood.transfer, csat)


def _misroute(spec: ScenarioFile) -> model.Misroute | None:
    if (wrong := spec.misroute) is None:
        return None
    return model.Misroute(
        wrong.wrong_label, wrong.by_chance, wrong.again, wrong.most, wrong.discovery, wrong.longer
    )


def _prices(spec: ScenarioFile) -> model.Prices:
    prices = spec.prices
    usual = PriceSpec(
        per_session=prices.per_session,
        input_tokens=prices.input_tokens,
        output_tokens=prices.output_tokens,
    )
    charged = [fleet.price or usual for fleet in spec.fleets.values()]
    resolution = np.array([prices.resolution * intent.value for intent in spec.intents.values()])
    silent = np.array([getattr(prices.silent, intent.risk) for intent in spec.intents.values()])
    return model.Prices(
        per_session=np.array([price.per_session for price in charged]),
        per_resolution=np.array([price.per_resolution for price in charged]),
        per_session_s=np.array([price.per_min / 60.0 for price in charged]),
        per_token_in=np.array([price.input_tokens / 1e6 for price in charged]),
        per_token_out=np.array([price.output_tokens / 1e6 for price in charged]),
        at_least_per_s=np.array([price.at_least_per_day / 86_400.0 for price in charged]),
        line_per_s=np.array([channel.line_per_min / 60.0 for channel in spec.channels.values()]),
        human_per_s=prices.human_per_min / 60.0,
        watched_per_s=prices.supervisor_per_min / 60.0 / spec.routing.monitor.span,
        resolution=resolution,
        silent=silent * resolution,
        handed_over=prices.handed_over,
        customer_wait_per_s=prices.customer_wait_per_min / 60.0,
        per_missed=prices.per_missed,
    )


def build(
    spec: ScenarioFile, *, name: str, variant: str = "as is", resolved: dict[str, Any] | None = None
) -> model.Scenario:
    """Convert a checked file into the value that runs.

    Raises:
        ScenarioError: A time cannot be placed on the calendar.
    """
    clock = Clock(spec)
    queues = list(spec.queues)
    nodes = [*spec.nodes, *(f"fleet.{fleet}" for fleet in spec.fleets)]
    built_queues = tuple(_queue(key, queue, spec) for key, queue in spec.queues.items())
    queue_of_channel = np.zeros(len(spec.channels), dtype=np.int64)
    for q, queue in enumerate(built_queues):
        queue_of_channel[list(queue.channels)] = q
    classifier = spec.classifier
    handover = spec.handover
    return model.Scenario(
        name=name,
        variant=variant,
        question=spec.question,
        calendar=model.Calendar(clock.start, clock.end_s, spec.calendar.interval, spec.calendar.timezone),
        names=model.Names(
            channels=tuple(spec.channels),
            segments=tuple(spec.segments),
            languages=tuple(spec.languages),
            regions=tuple(spec.regions),
            intents=tuple(spec.intents),
            queues=tuple(queues),
            groups=tuple(spec.people),
            fleets=tuple(spec.fleets),
            nodes=tuple(nodes),
            levers=tuple(spec.plans),
        ),
        demand=_demand(spec, clock),
        classifier=None
        if classifier is None
        else model.Classifier(
            accuracy=classifier.accuracy,
            kappa=classifier.kappa,
            temperature=classifier.temperature,
            bias=classifier.bias,
            latency_s=classifier.latency,
            latency_p99_s=classifier.latency_p99,
            budget_s=classifier.budget,
            oos_recall=classifier.oos_recall,
            nodes=frozenset(nodes.index(node) for node in _ancestors(spec, classifier.node)),
        ),
        ai=_ai(spec),
        channels=tuple(
            model.Channel(
                at_once=c.at_once,
                fill_up=c.assign == "fill_up",
                handle_factor=c.handle_factor,
                crowding=c.crowding,
                reply_timeout_s=c.reply_timeout,
                slow_reply_s=c.slow_reply,
                notice_s=_notice_s(spec, name),
                max_session_s=c.max_session,
                handover_s=c.handover,
                silent_abandon=c.silent_abandon,
                silent_detect_s=c.silent_detect,
            )
            for name, c in spec.channels.items()
        ),
        handle=tuple(_law(i.human.handle, "lognormal", HANDLE_CV) for i in spec.intents.values()),
        fleets=_fleets(spec, nodes),
        queues=built_queues,
        queue_of_channel=queue_of_channel,
        groups=tuple(_group(group, queues, clock) for group in spec.people.values()),
        routing=_routing(spec),
        triggers=_triggers(spec),
        handover=model.Handover(
            kind=handover.kind,
            switch=handover.switch,
            reexplain=handover.reexplain,
            prework=handover.prework,
            mood=handover.mood,
            dropped=handover.dropped,
            context_lost=handover.context_lost,
            difficulty=handover.difficulty,
        ),
        failover=_failover(spec),
        watch=_watch(spec, nodes),
        limits=_limits(spec, nodes),
        look_ahead=None
        if (ahead := spec.routing.look_ahead) is None
        else model.LookAhead(
            horizon_s=ahead.horizon,
            lead_s=ahead.lead,
            full_at=ahead.full_at,
            drop=ahead.drop,
            stale_s=ahead.stale,
            spares=frozenset(list(spec.segments).index(name) for name in ahead.spares),
        ),
        parents=_parents(spec),
        common_cause=None
        if (cause := spec.failover.common_cause) is None
        else CommonCausePolicy(
            window_s=cause.window,
            declare_at=cause.posterior,
            prior=cause.prior,
            faults_per_week=cause.per_week,
        ),
        signals=None
        if (signals := spec.signals) is None
        else model.Signals(
            SignalPolicy(
                every_s=signals.every,
                coalesce_s=signals.together,
                recovered_after_s=signals.recovered_after,
                law=DurationLaw(signals.lasts.median, signals.lasts.sigma),
            ),
            signals.burst,
        ),
        desk=Desk(
            Mode(spec.desk.mode), spec.desk.publish, spec.desk.poll, spec.desk.decide, spec.desk.dispatch
        ),
        levers=_levers(spec, clock),
        relief=_relief(spec),
        value=np.array([intent.value for intent in spec.intents.values()]),
        stands_on=_stands_on(spec),
        incidents=tuple(
            model.Incident(
                from_s=clock.second(i.at),
                until_s=clock.second(i.at) + i.lasts,
                node=nodes.index(i.node),
                effect=i.effect,
                share=i.share or 0.0,
                factor=i.factor or 1.0,
                points=i.points or 0.0,
                intents=frozenset(list(spec.intents).index(name) for name in i.intents),
                ramp_s=i.ramp,
                announced_s=i.announced or 0.0,
                hosts=i.hosts or 0,
            )
            for i in spec.incidents
        ),
        orders=tuple(
            model.Order(
                at_s=clock.second(order.at),
                until_s=math.inf if order.lasts is None else clock.second(order.at) + order.lasts,
                fleet=list(spec.fleets).index(order.fleet),
                state=int(State[order.state.upper()]),
            )
            for order in spec.failover.operators
        ),
        incident_processes=_incident_processes(spec, nodes),
        repeats=_repeats(spec),
        resolution=_resolution(spec),
        mood=_mood(spec),
        misroute=_misroute(spec),
        prices=_prices(spec),
        keep_contacts=spec.records == "contacts",
        replications=spec.replications,
        seed=spec.seed,
        warm_up_s=spec.warm_up,
        resolved=resolved or {},
    )

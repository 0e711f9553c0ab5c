"""One variant in one value: `summarise` its replications, `compare` two variants that met the same customers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

import numpy as np

from sim.engine.records import Run
from sim.engine.state import Handling
from sim.engine.what import What
from sim.orchestration.words import Reason
from sim.outcomes import intervals
from sim.outcomes.erlang import Promise, promise
from sim.outcomes.handling import POOLS_ACTUAL, POOLS_PLANNED, HandlingTime, Pools, handling_times, pools
from sim.outcomes.happenings import incident_words, sentence
from sim.outcomes.incidents import (
    IncidentOutcome,
    backlog_peak,
    incident_outcomes,
    service_level_damage,
    spillover,
)
from sim.outcomes.intervals import Estimate
from sim.outcomes.local_time import clock_words
from sim.outcomes.measures import (
    ESCALATION_REASONS,
    MEASURE,
    MEASURES,
    SHOWN_COUNTS,
    SPILLOVER_REASONS,
    By,
    FloatArray,
    Window,
    cuts,
    quantity,
    reason_measure,
    sharing,
    totals,
    totals_of,
)
from sim.outcomes.money import MONEY, Books, Money, MoneyFigure, books
from sim.outcomes.words import HANDLING_LABELS, REASON_LABELS
from sim.scenario.model import Scenario

Better = Literal["higher", "lower", "neither"]


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How often contacts came to people for one reason."""

    reason: Reason
    label: str
    kind: Literal["escalation", "spillover"]
    contacts: Estimate
    """Per replication."""
    share: Estimate
    """Escalations: of closed AI sessions; spillover: of offered."""


@dataclass(frozen=True, slots=True)
class IncidentSummary:
    """One incident over all replications."""

    incident: int
    node: str
    effect: str
    from_s: float
    until_s: float
    queues: tuple[str, ...]
    """Hit by it, or sharing people with those that are."""
    detected_share: float
    """Of replications in which a breaker saw it."""
    detect_s: Estimate
    """Of those."""
    recovered_share: float
    """Of replications that were at target again within the run."""
    recover_s: Estimate
    """Of those."""
    recover_by_queue_s: dict[str, Estimate]
    harmed: Estimate
    damage: Estimate
    damage_by_queue: dict[str, Estimate]
    backlog_peak: Estimate
    backlog_peak_by_queue: dict[str, Estimate]
    spilled: Estimate
    spilled_peak_per_min: Estimate
    spilled_for_s: Estimate


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything about one variant that a report prints. Estimates carry 95 % intervals over replications."""

    name: str
    variant: str
    question: str
    replications: tuple[int, ...]
    """Which ones."""
    from_s: float
    until_s: float
    """The stretch summarised; whole intervals."""
    measures: dict[str, Estimate]
    """By `Measure.name`, in the order of `MEASURES`."""
    counts: dict[str, Estimate]
    """`SHOWN_COUNTS` per replication."""
    decomposition: dict[str, Estimate]
    """Offered contacts by handling type, per replication; the types add up to `counts["offered"]`."""
    by_queue: dict[str, dict[str, Estimate]]
    by_channel: dict[str, dict[str, Estimate]]
    by_intent: dict[str, dict[str, Estimate]]
    handling: tuple[HandlingTime, ...]
    reasons: tuple[ReasonCount, ...]
    """Those that happened, most frequent first."""
    pools: Pools | None
    damage: Estimate
    """Service-level damage, contacts per replication."""
    damage_by_queue: dict[str, Estimate]
    backlog_peak: Estimate
    spilled_peak_per_min: Estimate
    spilled_for_s: Estimate
    incidents: tuple[IncidentSummary, ...]
    money: dict[str, Estimate]
    """By `MoneyFigure.name`, in the order of `MONEY`."""
    spent: dict[str, Estimate]
    """What the cost was paid for, per replication: the fields of `Money`."""
    promises: tuple[Promise, ...]
    """What Erlang A would have said, of every queue that was asked for; queues that share people together."""

    def tree(self) -> dict[str, Any]:
        """Plain dicts, lists and numbers, for JSON; NaN becomes None."""
        found: dict[str, Any] = _plain(self)
        return found


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of two variants, paired by replication."""

    name: str
    label: str
    unit: str
    better: Better
    a: Estimate
    b: Estimate
    difference: Estimate
    """b − a."""

    @property
    def verdict(self) -> Literal["better", "worse", "higher", "lower", "no clear difference"]:
        """What the 95 % interval of the difference allows to say about b."""
        value, half = self.difference.value, self.difference.half_width
        if math.isnan(value) or math.isnan(half) or abs(value) <= half:
            return "no clear difference"
        if self.better == "neither":
            return "higher" if value > 0 else "lower"
        return "better" if (value > 0) == (self.better == "higher") else "worse"


@dataclass(frozen=True, slots=True)
class PerRun:
    """A figure that each replication has once; it is averaged, not divided."""

    name: str
    label: str
    unit: str
    better: Better
    of: Callable[[Run, Window | None], float]


def _csat_delta(true: str) -> Callable[[Run, Window | None], float]:
    def of(run: Run, window: Window | None) -> float:
        if run.scenario.mood.csat is None:
            return math.nan
        found = totals(run, window=window)
        return float(MEASURE[f"csat{true}_people"].value(found) - MEASURE[f"csat{true}_ai"].value(found))

    return of


PER_RUN: tuple[PerRun, ...] = (
    PerRun("damage", "service-level damage", "contacts", "lower", service_level_damage),
    PerRun("backlog_peak", "most waiting at once", "contacts", "lower", backlog_peak),
    PerRun("spilled", "spilled over", "contacts", "lower", lambda run, window: spillover(run, window)[0]),
    PerRun(
        "spilled_peak_per_min", "spillover in the worst minute", "per_min", "lower",
        lambda run, window: spillover(run, window)[1],
    ),
    PerRun("spilled_for_s", "time with spillover", "s", "lower", lambda run, window: spillover(run, window)[2]),
    PerRun("csat_delta", "satisfaction, people alone less AI alone", "points", "neither", _csat_delta("")),
    PerRun(
        "csat_delta_true", "satisfaction, people alone less AI alone (oracle)", "points", "neither", _csat_delta("_true"),
    ),
)  # fmt: skip
"""Figures of whole runs beside the ratios of `MEASURES`."""


def summarise(runs: Sequence[Run], window: Window | None = None) -> Summary:
    """All outcomes of one variant.

    Args:
        runs: Its replications, at least one.
        window: (from_s, until_s): intervals that overlap it; the whole run after the warm-up when None.
            Incidents always see the run.

    Raises:
        ValueError: No runs, or runs of several variants.
    """
    if not runs:
        raise ValueError("there are no replications to summarise")
    scenario = runs[0].scenario
    if any(run.scenario.variant != scenario.variant or run.scenario.name != scenario.name for run in runs):
        raise ValueError("the replications are not all of one variant")
    found = totals_of(runs, window=window)
    decomposition = {
        HANDLING_LABELS[handling]: intervals.mean(quantity(found, f"offered@{handling.name.lower()}"))
        for handling in Handling
    }
    offered = quantity(found, "offered").mean()
    summed = sum(part.value for part in decomposition.values())
    assert math.isclose(offered, summed, abs_tol=1e-6), "handling types must partition the offered contacts"
    from_s, until_s = window if window is not None else (scenario.warm_up_s, scenario.calendar.end_s)
    per_run = {figure.name: intervals.mean([figure.of(run, window) for run in runs]) for figure in PER_RUN}
    by_queue = _by(runs, "queue", window)
    kept = [books(run, window=window) for run in runs]
    return Summary(
        name=scenario.name,
        variant=scenario.variant,
        question=scenario.question,
        replications=tuple(run.replication for run in runs),
        from_s=from_s,
        until_s=until_s,
        measures={measure.name: measure.estimate(found) for measure in MEASURES},
        counts={name: intervals.mean(quantity(found, name)) for name in SHOWN_COUNTS},
        decomposition=decomposition,
        by_queue=by_queue,
        by_channel=_by(runs, "channel", window),
        by_intent=_by(runs, "intent", window),
        handling=handling_times(runs, window=window),
        reasons=_reasons(found),
        pools=pools(runs, window),
        damage=per_run["damage"],
        damage_by_queue={
            name: intervals.mean([service_level_damage(run, window, (q,)) for run in runs])
            for q, name in enumerate(scenario.names.queues)
        },
        backlog_peak=per_run["backlog_peak"],
        spilled_peak_per_min=per_run["spilled_peak_per_min"],
        spilled_for_s=per_run["spilled_for_s"],
        incidents=_incidents(runs),
        money={figure.name: intervals.ratio(*_pairs(figure, kept)) for figure in MONEY},
        spent={
            field.name: intervals.mean([getattr(one.spent, field.name) for one in kept])
            for field in fields(Money)
        },
        promises=tuple(
            promise(runs, queues, window)
            for queues in sharing(scenario)
            if any(by_queue[scenario.names.queues[q]]["queued"].value > 0 for q in queues)
        ),
    )


def _by(runs: Sequence[Run], by: By, window: Window | None) -> dict[str, dict[str, Estimate]]:
    out: dict[str, dict[str, Estimate]] = {}
    for name, cut in cuts(runs[0].scenario, by):
        found = totals_of(runs, cut, window)
        row = {count: intervals.mean(quantity(found, count)) for count in SHOWN_COUNTS}
        out[name] = row | {measure.name: measure.estimate(found) for measure in MEASURES}
    return out


def _pairs(figure: MoneyFigure, kept: Sequence[Books]) -> tuple[FloatArray, FloatArray]:
    """Parts and wholes of a figure by run."""
    part, whole = np.array([figure.of(one) for one in kept], dtype=np.float64).T
    return part, whole


def _reasons(found: FloatArray) -> tuple[ReasonCount, ...]:
    out: list[ReasonCount] = []
    kinds: tuple[tuple[Literal["escalation", "spillover"], tuple[Reason, ...]], ...] = (
        ("escalation", ESCALATION_REASONS),
        ("spillover", SPILLOVER_REASONS),
    )
    for kind, reasons in kinds:
        for reason in reasons:
            count = quantity(found, f"because_{reason.name.lower()}")
            if count.sum() > 0:
                share = reason_measure(reason).estimate(found)
                out.append(ReasonCount(reason, REASON_LABELS[reason], kind, intervals.mean(count), share))
    return tuple(sorted(out, key=lambda row: -row.contacts.value))


def _incidents(runs: Sequence[Run]) -> tuple[IncidentSummary, ...]:
    scenario = runs[0].scenario
    by_run = [incident_outcomes(run) for run in runs]
    out = []
    for rows in zip(*by_run, strict=True):
        incident = scenario.incidents[rows[0].incident]
        detect = np.array([row.detect_s for row in rows])
        recover = np.array([row.recover_s for row in rows])
        out.append(
            IncidentSummary(
                incident=rows[0].incident,
                node=scenario.names.nodes[incident.node],
                effect=incident.effect,
                from_s=incident.from_s,
                until_s=incident.until_s,
                queues=tuple(scenario.names.queues[q] for q in rows[0].queues),
                detected_share=float((~np.isnan(detect)).mean()),
                detect_s=intervals.mean(detect),
                recovered_share=float((~np.isnan(recover)).mean()),
                recover_s=intervals.mean(recover),
                recover_by_queue_s=_by_queue(scenario, rows, "recover_by_queue_s"),
                harmed=intervals.mean([row.harmed for row in rows]),
                damage=intervals.mean([row.damage for row in rows]),
                damage_by_queue=_by_queue(scenario, rows, "damage_by_queue"),
                backlog_peak=intervals.mean([row.backlog_peak for row in rows]),
                backlog_peak_by_queue=_by_queue(scenario, rows, "backlog_peak_by_queue"),
                spilled=intervals.mean([row.spilled for row in rows]),
                spilled_peak_per_min=intervals.mean([row.spilled_peak_per_min for row in rows]),
                spilled_for_s=intervals.mean([row.spilled_for_s for row in rows]),
            )
        )
    return tuple(out)


def _by_queue(scenario: Scenario, rows: Sequence[IncidentOutcome], field: str) -> dict[str, Estimate]:
    """One field of incident outcomes, which has a number for each of the hit queues."""
    return {
        scenario.names.queues[q]: intervals.mean([getattr(row, field)[at] for row in rows])
        for at, q in enumerate(rows[0].queues)
    }


def compare(a: Sequence[Run], b: Sequence[Run], window: Window | None = None) -> list[Difference]:
    """Every measure, every figure of `PER_RUN` and of `MONEY`, b − a, on the replications that both have.

    Paired: replication r of both met the same customers, so what they have in common cancels.

    Raises:
        ValueError: The two have no replication in common.
    """
    of_a, of_b = {run.replication: run for run in a}, {run.replication: run for run in b}
    both = sorted(of_a.keys() & of_b.keys())
    if not both:
        raise ValueError("the two variants have no replication in common: nothing can be paired")
    runs_a, runs_b = [of_a[r] for r in both], [of_b[r] for r in both]
    found_a, found_b = totals_of(runs_a, window=window), totals_of(runs_b, window=window)
    out = [
        Difference(
            measure.name, measure.label, measure.unit, measure.better,
            measure.estimate(found_a), measure.estimate(found_b), measure.difference(found_a, found_b),
        )
        for measure in MEASURES
    ]  # fmt: skip
    for figure in PER_RUN:
        x, y = ([figure.of(run, window) for run in runs] for runs in (runs_a, runs_b))
        out.append(
            Difference(
                figure.name, figure.label, figure.unit, figure.better,
                intervals.mean(x), intervals.mean(y), intervals.mean_difference(x, y),
            )
        )  # fmt: skip
    kept_a, kept_b = ([books(run, window=window) for run in runs] for runs in (runs_a, runs_b))
    for priced in MONEY:
        pairs_a, pairs_b = _pairs(priced, kept_a), _pairs(priced, kept_b)
        out.append(
            Difference(
                priced.name, priced.label, "money", "lower",
                intervals.ratio(*pairs_a), intervals.ratio(*pairs_b), intervals.ratio_difference(*pairs_a, *pairs_b),
            )
        )  # fmt: skip
    return out


@dataclass(frozen=True, slots=True)
class Happening:
    """One control event in words."""

    at_s: float
    clock: str
    """Local time."""
    text: str


def story(run: Run, people: bool = False) -> list[Happening]:
    """What control did in one run, in words: incidents, breakers with their reasons, on request people too."""
    return [
        Happening(
            float(row["at_s"]),
            clock_words(run.scenario, float(row["at_s"])),
            sentence(run.scenario, row, run.said.get(k, "")),
        )
        for k, row in enumerate(run.control)
        if people or int(row["what"]) != What.PEOPLE
    ]


def _plain(value: Any) -> Any:
    """Dataclasses, tuples and arrays as dicts, lists and numbers."""
    if isinstance(value, Pools):
        return {
            planned: dict(zip(POOLS_ACTUAL, row, strict=True))
            for planned, row in zip(POOLS_PLANNED, value.contacts.tolist(), strict=True)
        }
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, Reason):
        return value.name.lower()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


__all__ = [
    "PER_RUN",
    "Difference",
    "Happening",
    "IncidentSummary",
    "PerRun",
    "ReasonCount",
    "Summary",
    "compare",
    "incident_words",
    "story",
    "summarise",
]

"""The whole report of a study as sections: figures side by side, formulas beside them, what happened in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sim.engine.records import Run
from sim.outcomes import (
    MEASURE,
    MEASURES,
    POOLS_ACTUAL,
    POOLS_PLANNED,
    SERVICE_LEVELS,
    Difference,
    Estimate,
    Measure,
    ReplayOutcome,
    Summary,
    story,
)
from sim.outcomes import replay as compared_with_log
from sim.outcomes.breakers import breaker_quality
from sim.outcomes.bursts import (
    ARRIVALS,
    BINS_S,
    CLUSTER,
    GAP_S,
    HANDOVERS,
    Dispersion,
    all_beside_formulas,
    all_bursts,
    around_incidents,
    beside_formulas,
    dispersions,
)
from sim.outcomes.hosts import ejection_quality
from sim.outcomes.local_time import clock_words, span_words
from sim.outcomes.loop import STAGES, TARGET_S, loop_outcome
from sim.outcomes.measures import Cut, quantity, sharing, totals_of
from sim.outcomes.money import MONEY
from sim.outcomes.replay import clock_labels
from sim.reports import actions as deeds
from sim.reports import answer as answers
from sim.reports.answer import Answer
from sim.reports.blocks import Block, Lines, Paragraph, Section, Table, markdown
from sim.reports.numbers import NOTHING, amount, count, difference, duration, estimate, plural, shows_as_zero
from sim.scenario.errors import ScenarioError
from sim.scenario.model import Scenario
from sim.store import Study
from sim.store.manifest import jsonable

SAME = "about the same"
"""Of a difference that is sure and too small to be shown."""
MOST_LINES = 60
"""Of a story; a breaker that flaps all day would fill pages."""

_BY_QUEUE = ("service_level", "abandonment", "asa", "p_wait", "occupancy")
_BY_CHANNEL = ("service_level", "abandonment", "containment", "escalation", "spillover")
_BY_INTENT = ("service_level", "abandonment", "asa", "containment", "escalation", "spillover")


def sections(found: Answer) -> list[Section]:
    """Everything, the answer first."""
    parts = [
        answers.section(found),
        _measures("Service level, every definition", found, [MEASURE[name] for name in SERVICE_LEVELS]),
        _measures("Other measures", found, _others(found)),
        _decomposition(found),
        _handling(found),
        _reasons(found),
        _pools(found),
        *(
            _by(title, found, of, counts, measures)
            for title, of, counts, measures in (
                ("By queue", lambda s: s.by_queue, ("queued", "answered", "abandoned"), _BY_QUEUE),
                ("By channel", lambda s: s.by_channel, ("offered", "queued"), _BY_CHANNEL),
                ("By intent", lambda s: s.by_intent, ("offered", "queued"), _BY_INTENT),
            )
        ),
        _incidents(found),
        _money(found),
        _breakers(found),
        _hosts(found),
        _loops(found),
        *deeds.sections(found.actions),
        _stories(found),
        _clusters(found),
        _bursts(found),
        _promises(found),
        _formulas(found),
        _replays(found),
        _how(found.study),
    ]
    return [part for part in parts if part is not None]


def in_markdown(found: Answer, figures: Iterable[str] = ()) -> str:
    """`report.md`.

    Args:
        found: The answer.
        figures: Files of figures, relative to the report.
    """
    first, *rest = sections(found)
    head = f"# {found.study.name}\n\n"
    if found.study.question:
        head += markdown([Section("", (Paragraph(found.study.question),))]) + "\n"
    head += f"{answers.heading(found.study)}\n\n"
    shown = "".join(f"![{name.rsplit('/', 1)[-1].rsplit('.', 1)[0]}]({name})\n\n" for name in figures)
    return head + markdown([first]) + "\n" + shown + markdown(rest)


def _titles(found: Answer) -> tuple[str, ...]:
    return tuple(found.summaries)


_RARE = ("switched", "passed_on", "passed_on_escalated", "passed_on_people", "lost_s")
"""Measures of what most scenarios do not have: no row where it never happened."""


def _others(found: Answer) -> list[Measure]:
    """Measures beside the service levels, but those that never had anything to divide by."""
    return [
        measure
        for measure in MEASURES
        if measure.name not in SERVICE_LEVELS
        and not measure.name.startswith("share_")
        and any(estimate(s.measures[measure.name], measure.unit) != NOTHING for s in found.summaries.values())
        and (
            measure.name not in _RARE
            or any(s.measures[measure.name].value > 0.0 for s in found.summaries.values())
        )
    ]


def _measures(title: str, found: Answer, measures: Sequence[Measure]) -> Section:
    rows = []
    for measure in measures:
        cells = []
        for variant, summary in found.summaries.items():
            cell = estimate(summary.measures[measure.name], measure.unit)
            against = _against(found, variant, measure.name, measure.unit)
            cells.append(f"{cell}\n({against})" if against else cell)
        rows.append((measure.label, measure.formula, *cells))
    return Section(title, (Table(("", "formula", *_titles(found)), tuple(rows), left=(0, 1)),))


def _against(found: Answer, variant: str, name: str, unit: str) -> str:
    for d in found.differences.get(variant, ()):
        if d.name == name:
            told = difference(d.difference, unit)
            return "" if told == NOTHING else told
    return ""


def _decomposition(found: Answer) -> Section:
    labels = next(iter(found.summaries.values())).decomposition
    rows = []
    for label in labels:
        cells = []
        for summary in found.summaries.values():
            part, whole = summary.decomposition[label], summary.counts["offered"].value
            share = f"\n{amount(part.value / whole, 'share')}" if whole else ""
            cells.append(estimate(part, "contacts") + share)
        rows.append((label, *cells))
    offered = tuple(estimate(s.counts["offered"], "contacts") for s in found.summaries.values())
    rows.append(("offered", *offered))
    return Section(
        "Who handled the contacts",
        (
            Paragraph("Contacts per replication; the handling types are disjoint and add up to the offered."),
            Table(("", *_titles(found)), tuple(rows)),
        ),
    )


def _handling(found: Answer) -> Section | None:
    blocks: list[Block] = []
    for variant, summary in found.summaries.items():
        rows = []
        for leg in summary.handling:
            if leg.n > 0:
                cv = NOTHING if math.isnan(leg.cv) else f"{leg.cv:.2f}"
                figures = (estimate(leg.mean_s, "s"), cv, duration(leg.p50_s), duration(leg.p90_s))
                rows.append((leg.label, count(leg.n), *figures))
        if rows:
            head = (variant, "contacts", "mean", "cv", "median", "90 % below")
            blocks.append(Table(head, tuple(rows)))
    return Section("Handling times by handling type", tuple(blocks)) if blocks else None


def _reasons(found: Answer) -> Section | None:
    labels: dict[tuple[str, str], None] = {}
    by_variant: dict[str, dict[tuple[str, str], str]] = {}
    for variant, summary in found.summaries.items():
        cells = by_variant.setdefault(variant, {})
        for reason in summary.reasons:
            key = (reason.label, reason.kind)
            labels[key] = None
            cells[key] = f"{estimate(reason.contacts, 'contacts')}\n{amount(reason.share.value, 'share')}"
    if not labels:
        return None
    rows = [
        (label, kind, *(by_variant[variant].get((label, kind), "0") for variant in found.summaries))
        for label, kind in labels
    ]
    return Section(
        "Why contacts came from the AI to people",
        (
            Paragraph(
                "Contacts per replication; escalations as a share of closed AI sessions, spillover of all offered."
            ),
            Table(("", "kind", *_titles(found)), tuple(rows), left=(0, 1)),
        ),
    )


def _pools(found: Answer) -> Section | None:
    blocks: list[Block] = []
    for variant, summary in found.summaries.items():
        if summary.pools is not None:
            rows = tuple(
                (planned, *(count(float(cell)) for cell in row))
                for planned, row in zip(POOLS_PLANNED, summary.pools.contacts, strict=True)
            )
            blocks.append(Table((f"{variant}: planned for", *POOLS_ACTUAL), rows))
    if not blocks:
        return None
    return Section("Planned and actual pools", (Paragraph("Contacts per replication."), *blocks))


_SPENT = {
    "tokens": "tokens",
    "fees": "AI sessions and resolutions",
    "lines": "lines while the AI had the contact",
    "watching": "watching AI sessions",
    "people": "people, for handling",
    "plans": "people whom plans brought",
    "presence": "instead of handling: people for being there",
    "failures": "beside the cost: failures and waiting, to customers",
}


def _money(found: Answer) -> Section:
    """What it cost, and what for."""
    rows = []
    for figure in MONEY:
        cells = []
        for variant, summary in found.summaries.items():
            cell = estimate(summary.money[figure.name], "money")
            against = _against(found, variant, figure.name, "money")
            cells.append(f"{cell}\n({against})" if against else cell)
        rows.append((figure.label, figure.formula, *cells))
    spent = [
        (label, *(estimate(summary.spent[name], "money") for summary in found.summaries.values()))
        for name, label in _SPENT.items()
        if any(summary.spent[name].value for summary in found.summaries.values())
    ]
    return Section(
        "What it cost",
        (
            Paragraph(
                "At the scenario's `prices`. The cost of the work counts people's handling time, so that it compares routings and vendors; "
                "what the day costs counts their time on the floor."
            ),
            Table(("", "formula", *_titles(found)), tuple(rows), left=(0, 1)),
            Paragraph("What it was paid for, per replication:"),
            Table(("", *_titles(found)), tuple(spent)),
        ),
    )


def _by(
    title: str,
    found: Answer,
    of: Callable[[Summary], Mapping[str, Mapping[str, Estimate]]],
    counts: Sequence[str],
    measures: Sequence[str],
) -> Section:
    blocks: list[Block] = []
    for variant, summary in found.summaries.items():
        rows = []
        for name, figures in of(summary).items():
            cells = [count(figures[counter].value) for counter in counts]
            cells += [estimate(figures[measure], MEASURE[measure].unit) for measure in measures]
            rows.append((name, *cells))
        labels = [MEASURE[measure].label.split(" (")[0].split(",")[0] for measure in measures]
        blocks.append(Table((variant, *counts, *labels), tuple(rows)))
    return Section(title, (Paragraph("Counts are contacts per replication."), *blocks))


def _incidents(found: Answer) -> Section | None:
    rows = []
    for variant, summary in found.summaries.items():
        scenario = found.study.scenario(variant)
        for incident in summary.incidents:
            begins, ends = (_clock(scenario, s) for s in (incident.from_s, incident.until_s))
            rows.append(
                (
                    f"{incident.node} {incident.effect}\n{begins}–{ends}",
                    variant,
                    _of_those(incident.detect_s, incident.detected_share),
                    _of_those(incident.recover_s, incident.recovered_share),
                    estimate(incident.harmed, "contacts"),
                    estimate(incident.damage, "contacts"),
                    estimate(incident.backlog_peak, "contacts"),
                    estimate(incident.spilled, "contacts"),
                    estimate(incident.spilled_peak_per_min, "per_min"),
                )
            )
    if not rows:
        return None
    head = (
        "incident", "variant", "detected after", "at target again after", "contacts harmed", "SL damage until then",
        "most waiting", "spilled over", "in the worst minute",
    )  # fmt: skip
    return Section("Incidents", (Table(head, tuple(rows), left=(0, 1)),))


def _of_those(found: Estimate, share: float) -> str:
    told = estimate(found, "s")
    return told if share in {0.0, 1.0} else f"{told}\nin {100 * share:.0f} % of replications"


def _clock(scenario: Scenario, second: float) -> str:
    return clock_words(scenario, second).removesuffix(":00")


def _stories(found: Answer) -> Section | None:
    blocks: list[Block] = []
    for variant, runs in found.study.variants.items():
        told = story(runs[0])
        if told:
            lines = [f"{happening.clock}  {happening.text}" for happening in told]
            if len(lines) > MOST_LINES:
                lines = [
                    *lines[:MOST_LINES],
                    f"… and {len(lines) - MOST_LINES} more; all are in control.parquet",
                ]
            blocks += [Paragraph(f"{variant}:"), Lines(tuple(lines))]
    if not blocks:
        return None
    return Section("What happened, first replication", tuple(blocks))


def _promises(found: Answer) -> Section | None:
    blocks: list[Block] = []
    for variant, summary in found.summaries.items():
        lines = [
            promise.in_words()
            for promise in summary.promises
            if not math.isnan(promise.promised - promise.simulated.value)
        ]
        if lines:
            blocks += [Paragraph(f"{variant}:"), *(Paragraph(line) for line in lines)]
    return Section("What Erlang A would have said", tuple(blocks)) if blocks else None


def _clusters(found: Answer) -> Section | None:
    """Clusters and formulas side by side, a row a variant, around the first incident of the first one."""
    first = next(iter(found.study.variants.values()))[0].scenario
    window = around_incidents(first)
    if window is None:
        return None
    rows = []
    for variant, runs in found.study.variants.items():
        sets = sharing(runs[0].scenario)
        for queues in sets:
            came = sum(
                float(quantity(totals_of(runs, Cut(queue=q), window), "queued").mean()) for q in queues
            )
            asked = dispersions(runs, ARRIVALS, window, (_TOLD_S,), queues)
            beside = beside_formulas(runs, queues, window)
            if not asked or math.isnan(beside.service_level.value):
                continue
            said = {formula.name: amount(formula.service_level, "share") for formula in beside.formulas}
            rows.append(
                (
                    variant if len(sets) == 1 else f"{variant}\n{beside.queue}",
                    count(came),
                    _index(asked[0].against_plan),
                    _at_five(dispersions(runs, HANDOVERS, window, (_TOLD_S,))),
                    *(said.get(name, NOTHING) for name in ("Erlang C", "Erlang A", "Erlang A, Hayward")),
                    estimate(beside.service_level, "share"),
                )
            )
    if not rows:
        return None
    head = (
        "", "asked for\na person", "I(5 min)\nof them", "I(5 min) of sessions\nhanded over", "Erlang C\nwould say",
        "Erlang A\nwould say", "Hayward's A\nwould say", "service level\nas it was",
    )  # fmt: skip
    return Section(
        f"Clusters, and what the formulas make of them, {span_words(first, window)}",
        (
            Paragraph(
                "Variance ÷ mean of counts in five minutes, against a plan that knows the day's shape and how many came: 1 for Poisson, "
                "and for any number of sessions that fail each on its own; what is above it has a shared cause. The formulas are told what "
                "really came in each interval, on average over the replications: what they miss is what happens within and between them."
            ),
            Table(head, tuple(rows)),
        ),
    )


_TOLD_S = 300.0


def _at_five(found: Sequence[Dispersion]) -> str:
    return _index(found[0].against_plan) if found else NOTHING


def _bursts(found: Answer) -> Section | None:
    rows = []
    for variant, runs in found.study.variants.items():
        for one in all_bursts(runs):
            by_bin = {dispersion.scale_s: _dispersed(dispersion) for dispersion in one.idc}
            rows.append(
                (
                    one.label,
                    variant,
                    estimate(one.events, "contacts"),
                    *(by_bin.get(bin_s, NOTHING) for bin_s in BINS_S),
                    NOTHING if one.peakedness is None else _dispersed(one.peakedness),
                    f"{estimate(one.clustered, 'share')}\n({amount(one.clustered_if_poisson, 'share')})",
                    estimate(one.peak_per_min, "contacts"),
                )
            )
    if not rows:
        return None
    bins = (f"I({bin_s / 60:.0f} min)" for bin_s in BINS_S)
    head = ("", "variant", "events", *bins, "peakedness z", "in clusters\n(if Poisson)", "most in 60 s")
    return Section(
        "How bursty the work of people comes",
        (
            Paragraph(
                "Variance ÷ mean, 1 for Poisson: against a plan that knows the day's shape and its mean volume, and in brackets between "
                "days, which sees busy days but no incident that comes every day. z is that of the busy servers of an endless group at "
                f"the mean handling time. Clusters: {CLUSTER} or more with gaps below {GAP_S:.0f} s."
            ),
            Table(head, tuple(rows), left=(0, 1)),
        ),
    )


def _dispersed(found: Dispersion) -> str:
    return f"{_index(found.against_plan)}\n({_index(found.between)})"


def _index(found: Estimate) -> str:
    """A ratio of variances; its half-width where it is known."""
    if math.isnan(found.value):
        return NOTHING
    half = "" if math.isnan(found.half_width) else f" ± {found.half_width:.1f}"
    return f"{found.value:.1f}{half}"


def _formulas(found: Answer) -> Section | None:
    blocks: list[Block] = []
    for variant, runs in found.study.variants.items():
        for beside in all_beside_formulas(runs):
            rows = [
                (
                    formula.name if "Hayward" not in formula.name else f"{formula.name}, z {beside.z:.1f}",
                    amount(formula.service_level, "share"),
                    amount(formula.abandonment, "share"),
                )
                for formula in beside.formulas
            ]
            happened = (estimate(beside.service_level, "share"), estimate(beside.abandonment, "share"))
            rows.append(("simulated", *happened))
            blocks.append(Table((f"{variant}: {beside.queue}", "service level", "abandoned"), tuple(rows)))
    if not blocks:
        return None
    return Section(
        "Formulas beside what happened",
        (
            Paragraph(
                "Each formula is asked interval by interval, with the interval's own mean arrivals, handling time and people on the floor; "
                "queues that share people are one queue. Erlang C knows nobody who gives up; Hayward's versions know bursts, but no z "
                "stands for an outage that lasts several handling times."
            ),
            *blocks,
        ),
    )


def _breakers(found: Answer) -> Section | None:
    rows = []
    for variant, runs in found.study.variants.items():
        quality = breaker_quality(runs)
        if quality is None:
            continue
        delays = [f"{effect}: {estimate(delay, 's')}" for effect, delay in quality.detect_s.items()]
        rows.append(
            (
                variant,
                estimate(quality.openings, "contacts"),
                estimate(quality.false_share, "share"),
                estimate(quality.false_per_day, "contacts"),
                estimate(quality.miss_share, "share"),
                estimate(quality.flaps_per_h, "contacts"),
                "\n".join(delays) or NOTHING,
            )
        )
    if not rows:
        return None
    head = ("", "openings", "false", "false per day", "faults missed", "flaps/h", "seen after")
    return Section(
        "Breakers against the true faults",
        (
            Paragraph(
                "Held against the plant's own log, which no controller knows. False: no fault under the fleet then or in the "
                "minute before; per day and flaps are for one breaker."
            ),
            Table(head, tuple(rows)),
        ),
    )


def _hosts(found: Answer) -> Section | None:
    rows = []
    for variant, runs in found.study.variants.items():
        quality = ejection_quality(runs)
        if quality is not None:
            rows.append(
                (
                    variant,
                    estimate(quality.ejections, "contacts"),
                    estimate(quality.sound_share, "share"),
                    estimate(quality.caught_share, "share"),
                    estimate(quality.healthy_share, "share"),
                    estimate(quality.panics, "contacts"),
                    estimate(quality.panic_s, "s"),
                )
            )
    if not rows:
        return None
    head = ("", "taken out", "of them sound", "of sick time, out", "hosts in service", "panics", "in panic")
    return Section(
        "Hosts taken out",
        (
            Paragraph(
                "Held against which hosts were really sick, which no controller knows. Taken out and panics are per replication."
            ),
            Table(head, tuple(rows)),
        ),
    )


def _loops(found: Answer) -> Section | None:
    rows = []
    for variant, runs in found.study.variants.items():
        outcome = loop_outcome(runs)
        if outcome is None or not outcome.closed:
            continue
        rows.append(
            (
                variant,
                *(estimate(outcome.stages_s[stage], "s") for stage in STAGES),
                estimate(outcome.loop_s, "s"),
                estimate(outcome.within_share, "share"),
            )
        )
    if not rows:
        return None
    head = ("", *STAGES, "symptom to action", f"within {TARGET_S:.0f} s")
    return Section(
        "The loop from symptom to people",
        (
            Paragraph(
                "Mean stages of the loops that were closed; people arrive after the loop, in stage staff."
            ),
            Table(head, tuple(rows)),
        ),
    )


def observed(runs: Sequence[Run]) -> tuple[ReplayOutcome, tuple[str, ...]] | None:
    """The replayed day beside its log, and what is replayed in words; None for a scenario that replays nothing.

    Raises:
        ScenarioError: The log's day is not there any more.
    """
    scenario = runs[0].scenario
    if scenario.demand.replay is None:
        return None
    from sim.demand.replay import about, observed_of

    return compared_with_log(runs, observed_of(scenario)), about(scenario)


def _replays(found: Answer) -> Section | None:
    blocks: list[Block] = []
    for variant, runs in found.study.variants.items():
        try:
            seen = observed(runs)
        except (ScenarioError, ValueError) as error:
            blocks.append(Paragraph(f"{variant}: cannot be held against its log: {error}"))
            continue
        if seen is None:
            continue
        outcome, words = seen
        rows = [
            (
                figure.label,
                _seen(figure.name, figure.observed_total),
                estimate(figure.simulated_total, _unit(figure.name)),
            )
            for figure in outcome.figures
        ]
        blocks += [
            *(Paragraph(line) for line in words),
            Table((variant, "observed", "simulated"), tuple(rows)),
        ]
        blocks.append(_half_hours(runs, outcome))
    return Section("Simulated beside observed", tuple(blocks)) if blocks else None


def _half_hours(runs: Sequence[Run], outcome: ReplayOutcome) -> Table:
    """Observed, and the median and 10–90 % of replications, by interval of the log in which anybody called."""
    rows = []
    offered = outcome.figure("offered")
    for k, label in enumerate(clock_labels(runs, outcome)):
        if not (offered.observed[k] or offered.high[k]):
            continue  # the line was closed
        cells = []
        for figure in outcome.figures:
            low, middle, high = (
                _seen(figure.name, float(values[k])) for values in (figure.low, figure.median, figure.high)
            )
            band = NOTHING if middle == NOTHING else f"{middle} ({low}–{high})"
            cells.append(f"{_seen(figure.name, float(figure.observed[k]))}\n{band}")
        rows.append((label, *cells))
    head = ("from", *(figure.label for figure in outcome.figures))
    return Table(head, tuple(rows))


def _unit(name: str) -> str:
    return {"asa_s": "s", "p_wait": "share", "served_within": "share"}.get(name, "contacts")


def _seen(name: str, value: float) -> str:
    return amount(value, _unit(name))


def _how(study: Study) -> Section:
    manifest = study.manifest
    versions = ", ".join(f"{name} {number}" for name, number in manifest.versions.items())
    lines = [
        f"seed {manifest.seed}, {plural(manifest.replications, 'replication')}",
        f"floor {manifest.floor}, records {manifest.records}",
        f"{manifest.started}, {manifest.seconds:.1f} s, {manifest.platform}",
        versions,
    ]
    if manifest.commit:
        changed = " with files changed" if manifest.commit.endswith("+") else ""
        lines.append(f"commit {manifest.commit.rstrip('+')}{changed}")
    return Section("How it was run", (Lines(tuple(lines)),))


# --- comparing ---


def comparison(differences: Sequence[Difference], a: str, b: str, replications: int) -> Section:
    """The differences b − a, figure by figure."""
    rows = []
    for d in differences:
        told = (estimate(d.a, d.unit), estimate(d.b, d.unit), difference(d.difference, d.unit))
        if told[:2] != (NOTHING, NOTHING):
            tiny = d.verdict != "no clear difference" and shows_as_zero(d.difference, d.unit)
            rows.append((d.label, *told, SAME if tiny else d.verdict))
    notes = [f"difference: {b} − {a}, paired on {replications} replications; shares in points; ± 95 %"]
    if any(row[-1] == SAME for row in rows):
        notes.append(f"{SAME}: told from 0 with 95 %, and smaller than the digits shown")
    table = Table(("", a, b, "difference", ""), tuple(rows), left=(0, 4))
    return Section("", (table, Lines(tuple(notes))))


def tree(found: Answer) -> dict[str, Any]:
    """The report for programs: the answer, the story of the first replication, bursts, breakers, the loop, and the replay."""
    out = answers.tree(found)
    for variant in out["variants"]:
        runs = found.study.variants[variant["variant"]]
        variant["story"] = jsonable(story(runs[0]))
        variant["bursts"] = jsonable(all_bursts(runs))
        variant["formulas"] = jsonable(all_beside_formulas(runs))
        variant["breakers"] = jsonable(breaker_quality(runs))
        variant["hosts"] = jsonable(ejection_quality(runs))
        variant["loop"] = jsonable(loop_outcome(runs))
        try:
            seen = observed(runs)
        except (ScenarioError, ValueError):
            seen = None
        variant["replay"] = None if seen is None else {**jsonable(seen[0]), "about": list(seen[1])}
    return out

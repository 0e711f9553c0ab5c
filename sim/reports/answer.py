"""The answer of a run, first and short: a row a variant, figures with intervals, later variants against the first."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sim.engine.records import Run
from sim.outcomes import (
    MEASURE,
    Difference,
    Estimate,
    IncidentOutcome,
    Promise,
    Summary,
    Window,
    compare,
    incident_outcome,
    mean_difference,
    summarise,
    totals_of,
)
from sim.outcomes.bursts import ARRIVALS, around_incidents, dispersions
from sim.outcomes.local_time import span_words
from sim.reports import actions as deeds
from sim.reports.actions import Actions
from sim.reports.blocks import Block, Lines, Paragraph, Section, Table
from sim.reports.numbers import NOTHING, difference, estimate, many, plural
from sim.store import SCHEMA_VERSION, Study
from sim.store.manifest import jsonable

FEW = 10
"""Below so many replications the answer warns of its intervals."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One cell of the answer: a variant's figure and how it differs from the first variant's."""

    found: Estimate
    against: Estimate | None = None
    """Paired by replication; None for the first variant."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One figure of every variant."""

    name: str
    label: str
    unit: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a study found, summarised once and read by every output."""

    study: Study
    summaries: dict[str, Summary]
    differences: dict[str, tuple[Difference, ...]]
    """Of every variant but the first, against the first."""
    window: Window | None
    """From the first incident's begin to the last one's end; None without incidents in the run."""
    columns: tuple[Column, ...]
    actions: dict[str, Actions]
    """What every variant did; empty for a study in which nobody can do anything."""


def answer(study: Study) -> Answer:
    """Summarise every variant and hold the later ones against the first."""
    titles = list(study.variants)
    runs = [study.variants[title] for title in titles]
    summaries = {title: summarise(found) for title, found in study.variants.items()}
    differences = {title: tuple(compare(runs[0], study.variants[title])) for title in titles[1:]}
    window = incident_window(runs[0][0])
    columns = _columns(runs, summaries, differences, window)
    return Answer(study, summaries, differences, window, columns, deeds.all_actions(study.variants, window))


def incident_window(run: Run) -> Window | None:
    """The stretch that the scenario's incidents span, within the run."""
    end_s = run.scenario.calendar.end_s
    inside = [i for i in run.scenario.incidents if i.from_s < end_s and i.until_s > 0.0]
    if not inside:
        return None
    return max(0.0, min(i.from_s for i in inside)), min(end_s, max(i.until_s for i in inside))


def _columns(
    runs: Sequence[Sequence[Run]],
    summaries: dict[str, Summary],
    differences: dict[str, tuple[Difference, ...]],
    window: Window | None,
) -> tuple[Column, ...]:
    titles = list(summaries)

    def whole(name: str, label: str, of: Callable[[Summary], Estimate]) -> Column:
        figures = [Figure(of(summaries[titles[0]]))]
        unit = MEASURE[name].unit if name in MEASURE else "contacts"
        for title in titles[1:]:
            against = next(d.difference for d in differences[title] if d.name == name)
            figures.append(Figure(of(summaries[title]), against))
        return Column(name, label, unit, tuple(figures))

    columns = [whole("service_level", "service level", lambda s: s.measures["service_level"])]
    if window is not None:
        columns.append(_in_window(runs, window))
    columns += [
        whole("abandonment", "abandoned", lambda s: s.measures["abandonment"]),
        whole("damage", "SL damage,\ncontacts", lambda s: s.damage),
    ]
    if window is not None:
        columns += _incident(runs, summaries)
    if any(not math.isnan(summary.measures["csat"].value) for summary in summaries.values()):
        columns.append(whole("csat", "CSAT", lambda s: s.measures["csat"]))
    return tuple(columns)


def _in_window(runs: Sequence[Sequence[Run]], window: Window) -> Column:
    measure = MEASURE["service_level"]
    found = [totals_of(of_variant, window=window) for of_variant in runs]
    figures = [Figure(measure.estimate(found[0]))]
    figures += [Figure(measure.estimate(other), measure.difference(found[0], other)) for other in found[1:]]
    span = span_words(runs[0][0].scenario, window)
    return Column("service_level_incident", f"service level\n{span}", measure.unit, tuple(figures))


def _incident(runs: Sequence[Sequence[Run]], summaries: dict[str, Summary]) -> list[Column]:
    """Contacts harmed by the first incident, and when its queues were at target again."""
    first = next(iter(summaries.values())).incidents[0].incident
    by_variant: list[list[IncidentOutcome]] = []
    rows = []
    for of_variant, summary in zip(runs, summaries.values(), strict=True):
        mine = next((row for row in summary.incidents if row.incident == first), None)
        if mine is None:  # a variant without the incident has nothing to hold against
            return []
        rows.append(mine)
        by_variant.append([incident_outcome(run, first) for run in of_variant])
    harmed, recovered = [], []
    for k, mine in enumerate(rows):
        notes = (
            "" if mine.recovered_share == 1.0 else f"in {100 * mine.recovered_share:.0f} % of replications"
        )
        if k == 0:
            harmed.append(Figure(mine.harmed))
            recovered.append(Figure(mine.recover_s, None, notes))
            continue
        a, b = by_variant[0], by_variant[k]
        harmed.append(Figure(mine.harmed, mean_difference([x.harmed for x in a], [x.harmed for x in b])))
        # Where some replications never recover, a difference would rest on the mild days alone.
        always = mine.recovered_share == 1.0 == rows[0].recovered_share
        times = ([x.recover_s for x in a], [x.recover_s for x in b])
        recovered.append(Figure(mine.recover_s, mean_difference(*times) if always else None, notes))
    return [
        Column("harmed", "contacts\nharmed", "contacts", tuple(harmed)),
        Column("recover_s", "recovered\nafter", "s", tuple(recovered)),
    ]


def heading(study: Study) -> str:
    """`sc · 4 variants × 20 replications · 1.9 M contacts · 6.1 s`."""
    manifest = study.manifest
    seconds = f"{manifest.seconds:.1f} s" if manifest.seconds < 99.95 else f"{manifest.seconds:.0f} s"
    return " · ".join(
        (
            study.name,
            f"{plural(len(study.variants), 'variant')} × {plural(manifest.replications, 'replication')}",
            f"{many(study.contacts)} contacts",
            seconds,
        )
    )


def table(found: Answer) -> Table:
    """One row a variant; the second line of a cell is the paired difference from the first variant."""
    rows = []
    for k, title in enumerate(found.study.variants):
        rows.append((title, *(_cell(column, column.figures[k]) for column in found.columns)))
    return Table(("", *(column.label for column in found.columns)), tuple(rows))


def _cell(column: Column, figure: Figure) -> str:
    lines = [estimate(figure.found, column.unit)]
    if figure.against is not None and lines[0] != NOTHING:
        told = difference(figure.against, column.unit)
        if told != NOTHING:
            lines.append(f"({told})")
    if figure.note:
        lines.append(figure.note)
    return "\n".join(lines)


def notes(found: Answer) -> list[str]:
    """How the table is to be read: formulas, intervals, pairing."""
    k = found.study.manifest.replications
    measure = MEASURE["service_level"]
    lines = [
        f"service level: {measure.formula}: answered in time, of answered and abandoned without short abandons"
    ]
    if k > 1:
        rough = "; with so few they are wide and rough, 20 are usual" if k < FEW else ""
        lines.append(f"± half-width of the 95 % interval over {k} replications{rough}")
    else:
        lines.append("one replication: nothing can be said about how sure these figures are")
    if len(found.study.variants) > 1:
        first = next(iter(found.study.variants))
        lines.append(f"(…) difference from {first!r}, paired on the same customers; shares in points")
    return lines


def classical(found: Answer) -> str:
    """What Erlang A would have said of one queue of the first variant; empty when nobody asked for a person."""
    for title, summary in found.summaries.items():
        told = _telling(summary.promises)
        if told is not None:
            return f"{title}, {told.in_words()}{_around(found.study.variants[title])}"
    return ""


def _around(runs: Sequence[Run]) -> str:
    """How far arrivals at people are from the plan around the first incident; empty without one, or without instants."""
    scenario = runs[0].scenario
    window = around_incidents(scenario)
    seen = dispersions(runs, ARRIVALS, window, (300.0,)) if window is not None else ()
    if window is None or not seen or math.isnan(seen[0].against_plan.value):
        return ""
    return (
        f" Against the plan they vary {seen[0].against_plan.value:.1f} times as much from "
        f"{span_words(scenario, window).replace('–', ' to ')}, around the incident."
    )


def _telling(promises: Sequence[Promise]) -> Promise | None:
    """The promise that says most: the least true one."""
    return max(
        (promise for promise in promises if not math.isnan(promise.promised - promise.simulated.value)),
        key=lambda promise: abs(promise.promised - promise.simulated.value),
        default=None,
    )


def section(found: Answer) -> Section:
    """The answer as a part of a report."""
    blocks: list[Block] = [table(found), Lines(tuple(notes(found))), *deeds.blocks(found.actions)]
    line = classical(found)
    if line:
        blocks.append(Paragraph(line))
    return Section("", tuple(blocks))


def tree(found: Answer) -> dict[str, Any]:
    """Everything for programs: what `--json` prints and `summary.json` holds."""
    study = found.study
    manifest = study.manifest
    variants = []
    for k, (title, summary) in enumerate(found.summaries.items()):
        variants.append(
            {
                "variant": title,
                "answer": {
                    column.name: {
                        "unit": column.unit,
                        **jsonable(column.figures[k].found),
                        "difference": jsonable(column.figures[k].against),
                    }
                    for column in found.columns
                },
                "actions": jsonable(found.actions.get(title)),
                "summary": summary.tree(),
                "differences": [differs(d) for d in found.differences.get(title, ())],
            }
        )
    return {
        "schema_version": SCHEMA_VERSION,
        "scenario": study.name,
        "question": study.question,
        "seed": manifest.seed,
        "replications": manifest.replications,
        "floor": manifest.floor,
        "contacts": study.contacts,
        "seconds": manifest.seconds,
        "reference": next(iter(found.summaries)),
        "incident_window_s": jsonable(found.window),
        "erlang_a": classical(found),
        "variants": variants,
    }


def differs(d: Difference) -> dict[str, Any]:
    """One paired difference for programs."""
    told: dict[str, Any] = jsonable(d)
    return {**told, "verdict": d.verdict}

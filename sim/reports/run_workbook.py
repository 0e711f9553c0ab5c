"""A run as a workbook for workforce management: every figure of every variant, and queues, people and AI by reporting interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from sim.engine.records import Run
from sim.outcomes import MEASURE, MEASURES
from sim.outcomes.measures import EVERYTHING, Cut, FloatArray, interval_edges_s, quantities, quantity
from sim.reports.answer import Answer, heading
from sim.reports.sheets import TIMES, Cell, Columns, Sheets, leaves, times
from sim.scenario.model import Scenario

Of = Callable[[FloatArray], float]
"""A column: from `quantities` of every replication in one interval."""


def made(found: Answer) -> bytes:
    """The workbook's bytes."""
    variants = found.study.variants
    book = Sheets(found.study.name)
    book.table("Figures", *_figures(found), frozen=2)
    book.table("By queue", *_by_queue(found), frozen=3)
    book.table("People", *_people(found), frozen=3)
    if any(run.scenario.fleets for runs in variants.values() for run in runs[:1]):
        book.table("AI", *_ai(found), frozen=3)
    book.pairs("Assumptions", _assumptions(found))
    book.table("Scenario", *_scenario(found))
    return book.made()


def _figures(found: Answer) -> tuple[Columns, list[list[Cell]]]:
    """A row a figure and variant, with its interval and its paired difference from the first variant. Shares are of 1."""
    columns: Columns = [
        ("variant", "words"), ("figure", "words"), ("what it is", "words"), ("unit", "words"), ("value", "number"), ("± 95 %", "number"),
        ("difference from the first variant", "number"), ("± 95 % of the difference", "number"), ("which is", "words"),
    ]  # fmt: skip
    formula = {measure.name: measure.formula for measure in MEASURES}
    rows: list[list[Cell]] = []
    first = next(iter(found.differences.values()), ())
    for title, summary in found.summaries.items():
        known = {d.name: d for d in found.differences.get(title, ())}
        told = {d.name: (d.label, d.unit, d.a) for d in first} if not known else {}
        told |= {name: (d.label, d.unit, d.b) for name, d in known.items()}
        for measure in MEASURES:
            told.setdefault(measure.name, (measure.label, measure.unit, summary.measures[measure.name]))
        for name, (label, unit, value) in told.items():
            against = known.get(name)
            rows.append(
                [
                    title, name, f"{label}: {formula[name]}" if name in formula else label, unit, value.value, value.half_width,
                    against.difference.value if against else None, against.difference.half_width if against else None,
                    against.verdict if against else None,
                ]
            )  # fmt: skip
    return columns, rows


def _by_queue(found: Answer) -> tuple[Columns, list[list[Cell]]]:
    """A row a variant, interval and queue: counts as means per replication, so that any ratio can be made again."""
    counts = ("queued", "answered", "answered_within", "abandoned", "short_abandoned", "blocked")
    columns: Columns = [
        ("variant", "words"), *TIMES, ("queue", "words"), *((name.replace("_", " "), "load") for name in counts),
        ("service level", "share"), ("abandonment", "share"), ("speed of answer, s", "load"), ("handling time, s", "load"),
    ]  # fmt: skip
    of: list[Of] = [
        *(_mean(name) for name in counts),
        *(_pooled(name) for name in ("service_level", "abandonment", "asa")),
        _handling_s,
    ]
    rows = []
    for title, runs in found.study.variants.items():
        for q, queue in enumerate(runs[0].scenario.names.queues):
            rows += [[title, *at, queue, *values] for at, values in _by_interval(runs, Cut(queue=q), of)]
    return columns, rows


def _people(found: Answer) -> tuple[Columns, list[list[Cell]]]:
    """A row a variant and interval: people on the floor, mean over the interval, all groups together."""
    columns: Columns = [
        ("variant", "words"), *TIMES, ("people on the floor", "load"), ("busy", "load"), ("occupancy", "share"),
        ("contacts in hand", "load"), ("customers waiting", "load"),
    ]  # fmt: skip
    of = [_held("present_s"), _held("busy_s"), _pooled("occupancy"), _held("contact_s"), _held("waiting_s")]
    return columns, [[title, *at, *values] for title, at, values in _everybody(found, of)]


def _ai(found: Answer) -> tuple[Columns, list[list[Cell]]]:
    """A row a variant and interval: what the AI was given and what became of it, means per replication."""
    counts = ("ai_sessions", "ai_resolved", "false_contained", "ai_abandoned", "escalated", "spilled")
    columns: Columns = [
        ("variant", "words"), *TIMES, ("offered", "load"), *((name.replace("_", " "), "load") for name in counts),
        ("containment", "share"), ("sessions under way", "load"),
    ]  # fmt: skip
    of = [_mean("offered"), *map(_mean, counts), _pooled("containment"), _held("ai_active_s")]
    return columns, [[title, *at, *values] for title, at, values in _everybody(found, of)]


def _everybody(found: Answer, of: Sequence[Of]) -> Iterator[tuple[str, list[Cell], list[float]]]:
    for title, runs in found.study.variants.items():
        for at, values in _by_interval(runs, EVERYTHING, of):
            yield title, at, values


def _by_interval(runs: Sequence[Run], cut: Cut, of: Sequence[Of]) -> Iterator[tuple[list[Cell], list[float]]]:
    scenario = runs[0].scenario
    counted = np.stack([quantities(run, cut) for run in runs])
    edges_s = interval_edges_s(scenario)
    for k in range(len(edges_s) - 1):
        if edges_s[k + 1] > scenario.warm_up_s:
            yield (
                times(scenario, float(edges_s[k]), float(edges_s[k + 1])),
                [value(counted[:, k]) for value in of],
            )


def _mean(name: str) -> Of:
    return lambda counted: float(quantity(counted, name).mean())


def _held(name: str) -> Of:
    """The mean of something over the interval, from its integral."""
    return lambda counted: float((quantity(counted, name) / quantity(counted, "span_s")).mean())


def _pooled(name: str) -> Of:
    measure = MEASURE[name]
    return lambda counted: float(measure.value(counted.sum(axis=0)))


def _handling_s(counted: FloatArray) -> float:
    handled = quantity(counted, "handled").sum()
    return float(quantity(counted, "handle_s").sum() / handled) if handled > 0 else math.nan


def _assumptions(found: Answer) -> list[tuple[str, Cell]]:
    import sim

    first = _first(found)
    return [
        ("what", "value"),
        ("run", heading(found.study)),
        ("question", found.study.question),
        ("folder", "" if found.study.folder is None else str(found.study.folder)),
        ("seed", str(first.seed)),
        ("time zone", first.calendar.timezone),
        ("version", f"blendsim {sim.__version__}"),
        (
            "counts by interval",
            "means per replication; a contact counts in the interval in which it arrived or joined the queue",
        ),
        ("shares by interval", "sums over sums of all replications, never means of shares"),
        ("± 95 %", "half-width of the interval over replications"),
        ("difference", "paired: the variants met the same customers"),
        (
            "people on the floor",
            "those who are present, breaks and meetings left out; shared by all queues that they serve",
        ),
    ]


def _scenario(found: Answer) -> tuple[Columns, list[list[Cell]]]:
    """A row a key that somebody wrote, with its value in every variant; what is not there has its default."""
    written = {title: dict(leaves(runs[0].scenario.resolved)) for title, runs in found.study.variants.items()}
    keys = dict.fromkeys(key for values in written.values() for key in values)
    columns: Columns = [("key", "words"), *((title, "words") for title in written)]
    return columns, [[key, *(values.get(key) for values in written.values())] for key in keys]


def _first(found: Answer) -> Scenario:
    return next(iter(found.study.variants.values()))[0].scenario

"""Every figure that a run can be asked for, under one name, as a part and a whole.

    Figure.of(run, cut, window) ──► (part, whole)        one pair a run
    Σ part / Σ whole                                     over any number of runs, `intervals.ratio`

Measures are ratios anyway. A figure that a run has once (damage, harmed) has whole 1, so that its ratio is the mean over runs; one that
did not happen in a run (time to recover) has part and whole 0 there, and does not count. Whoever keeps pairs can add, pair and compare
without the run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sim.engine.records import Run
from sim.outcomes.incidents import IncidentOutcome, incident_outcome, met
from sim.outcomes.measures import MEASURES, Cut, Measure, Pair, Window, totals
from sim.outcomes.money import MONEY, MoneyFigure, books
from sim.outcomes.summary import PER_RUN, Better, PerRun


@dataclass(frozen=True, slots=True)
class Figure:
    """A named figure of a run."""

    name: str
    label: str
    unit: str
    better: Better
    by_cut: bool
    """Whether it can be asked of one queue, channel or intent alone; such figures come from interval counts, the others are surer to
    the second, or there at all, where a run keeps its contacts."""
    of: Callable[[Run, Cut, Window | None], Pair]


def _measure(measure: Measure) -> Figure:
    def of(run: Run, cut: Cut, window: Window | None) -> Pair:
        part, whole = measure.parts(totals(run, cut, window))
        return float(part), float(whole)

    return Figure(measure.name, measure.label, measure.unit, measure.better, True, of)


def _per_run(figure: PerRun) -> Figure:
    def of(run: Run, _: Cut, window: Window | None) -> Pair:
        return _once(figure.of(run, window))

    return Figure(figure.name, figure.label, figure.unit, figure.better, False, of)


def _of_incident(name: str, label: str, unit: str, value: Callable[[IncidentOutcome], float]) -> Figure:
    def of(run: Run, _: Cut, __: Window | None) -> Pair:
        first = met(run)[:1]
        return _once(value(incident_outcome(run, first[0]))) if first else (0.0, 0.0)

    return Figure(name, label, unit, "lower", False, of)


def _in_money(figure: MoneyFigure) -> Figure:
    def of(run: Run, cut: Cut, window: Window | None) -> Pair:
        return figure.of(books(run, cut, window))

    return Figure(figure.name, figure.label, "money", "lower", figure.by_cut, of)


def _once(value: float) -> Pair:
    return (0.0, 0.0) if math.isnan(value) else (float(value), 1.0)


FIGURES: Mapping[str, Figure] = {
    figure.name: figure
    for figure in (
        *(_measure(measure) for measure in MEASURES),
        *(_per_run(figure) for figure in PER_RUN),
        *(_in_money(figure) for figure in MONEY),
        _of_incident("harmed", "contacts harmed by the first incident", "contacts", lambda one: one.harmed),
        _of_incident("recover_s", "time to recover from the first incident", "s", lambda one: one.recover_s),
        _of_incident("detect_s", "time to detect the first incident", "s", lambda one: one.detect_s),
    )
}
"""By name: all of `MEASURES`, of `PER_RUN` and of `MONEY`, and what the first incident did. Times are over the runs in which they
came to pass."""

__all__ = ["FIGURES", "Figure", "Pair"]

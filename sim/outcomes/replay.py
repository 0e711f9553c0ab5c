"""Simulated beside observed, for a day that really happened."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.demand.observed import Observed
from sim.engine.records import Run
from sim.engine.state import Disposition
from sim.outcomes import intervals
from sim.outcomes.intervals import Estimate
from sim.outcomes.local_time import local_time
from sim.outcomes.measures import FloatArray, interval_edges_s, quantities, quantity
from sim.outcomes.waiting import waits_s

MEASURED = ("offered", "answered", "abandoned", "asa_s", "p_wait", "served_within")
"""What is compared. `served_within`: answered within `within_s`, of the offered, as the observed side counts it."""

LABELS = {
    "offered": "offered",
    "answered": "answered",
    "abandoned": "abandoned",
    "asa_s": "ASA, s",
    "p_wait": "P(wait > 0)",
    "served_within": "served within {within_s:.0f} s",
}


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure, by interval of the observed side and over the whole stretch that both cover."""

    name: str
    label: str
    observed: FloatArray
    """Shape (intervals,); NaN where there is nothing to divide by."""
    median: FloatArray
    low: FloatArray
    """10th percentile over replications."""
    high: FloatArray
    """90th percentile over replications."""
    observed_total: float
    simulated_total: Estimate


@dataclass(frozen=True, slots=True)
class ReplayOutcome:
    """A replayed day against its log."""

    from_s: FloatArray
    """Begins of the compared intervals, seconds since the start of the run."""
    interval_s: float
    within_s: float
    figures: tuple[Compared, ...]
    """In the order of `MEASURED`."""

    def figure(self, name: str) -> Compared:
        """One of `MEASURED`."""
        return next(found for found in self.figures if found.name == name)


def replay(runs: Sequence[Run], seen: Observed) -> ReplayOutcome:
    """Compare replications with what a log saw, interval by interval.

    Contacts count in the interval in which they joined the queue, as in the log. Only intervals of the log
    that lie inside the run are compared. Contact rows give any interval and threshold; without them the run's
    own must fit.

    Raises:
        ValueError: The run has no contact rows, and its interval or its threshold differs from the log's.
    """
    scenario = runs[0].scenario
    start = scenario.calendar.start
    midnight_s = (start.hour * 60.0 + start.minute) * 60.0 + start.second
    begin_s = seen.start_s - midnight_s
    inside = (begin_s >= -1e-6) & (begin_s + seen.interval_s <= scenario.calendar.end_s + 1e-6)
    begin_s = begin_s[inside]
    by_run = np.stack([_counted(run, begin_s, seen.interval_s, seen.within_s) for run in runs])
    observed = np.stack(
        [
            np.asarray(column, dtype=np.float64)[inside]
            for column in (
                seen.offered, seen.answered, seen.abandoned, seen.answered_wait_s, seen.waited, seen.answered_within,
            )
        ],
        axis=-1,
    )  # fmt: skip
    figures = []
    for name, part, whole in (
        ("offered", 0, None),
        ("answered", 1, None),
        ("abandoned", 2, None),
        ("asa_s", 3, 1),
        ("p_wait", 4, 0),
        ("served_within", 5, 0),
    ):
        simulated = _figure(by_run, part, whole)
        median, low, high = _band(simulated)
        sums = by_run.sum(axis=1)
        if whole is None:
            total = intervals.mean(sums[:, part])
        else:
            total = intervals.ratio(sums[:, part], sums[:, whole])
        observed_total = _figure(observed.sum(axis=0), part, whole)
        figures.append(
            Compared(
                name, LABELS[name].format(within_s=seen.within_s), _figure(observed, part, whole),
                median, low, high, float(observed_total), total,
            )
        )  # fmt: skip
    return ReplayOutcome(begin_s, seen.interval_s, seen.within_s, tuple(figures))


def _figure(counts: FloatArray, part: int, whole: int | None) -> FloatArray:
    top = counts[..., part]
    if whole is None:
        return top
    below = counts[..., whole]
    out: FloatArray = np.divide(top, below, out=np.full(np.shape(top), math.nan), where=below > 0)
    return out


def _band(simulated: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Median, 10th and 90th percentile over replications; NaN where none has a value."""
    return band(simulated, (0.5, 0.1, 0.9))  # type: ignore[return-value]


def band(values: FloatArray, levels: tuple[float, ...]) -> tuple[FloatArray, ...]:
    """Quantiles over the first axis, replications without a value left out; NaN where none has one."""
    out = np.full((len(levels), values.shape[1]), np.nan)
    some = ~np.isnan(values).all(axis=0)
    out[:, some] = np.nanquantile(values[:, some], levels, axis=0)
    return tuple(out)


def _counted(run: Run, begin_s: FloatArray, interval_s: float, within_s: float) -> FloatArray:
    """Offered, answered, abandoned, Σ wait of answered, waited, answered within; shape (intervals, 6)."""
    if run.contacts is None:
        return _from_counts(run, begin_s, interval_s, within_s)
    c = run.contacts
    answered = ~np.isnan(c["answer_s"]) & (c["disposition"] != Disposition.QUEUE_ABANDONED)
    abandoned = c["disposition"] == Disposition.QUEUE_ABANDONED
    wait_s = np.nan_to_num(waits_s(run), nan=0.0)
    offered = c["queue"] >= 0
    place = np.floor((np.nan_to_num(c["queue_s"], nan=-1.0) - begin_s[0]) / interval_s).astype(np.int64)
    keep = offered & (place >= 0) & (place < len(begin_s))

    def count(rows: NDArray[Any]) -> FloatArray:
        return np.bincount(place[keep], rows[keep].astype(np.float64), len(begin_s)).astype(np.float64)

    return np.stack(
        [
            count(offered), count(answered), count(abandoned), count(np.where(answered, wait_s, 0.0)),
            count(offered & (wait_s > 0.0)), count(answered & (wait_s <= within_s)),
        ],
        axis=-1,
    )  # fmt: skip


def _from_counts(run: Run, begin_s: FloatArray, interval_s: float, within_s: float) -> FloatArray:
    scenario = run.scenario
    own_s = scenario.calendar.interval_s
    if any(abs(x / own_s - round(x / own_s)) > 1e-9 for x in (interval_s, begin_s[0])):
        raise ValueError(
            f"intervals of {own_s:g} s do not add up to those of {interval_s:g} s, and there are no contact rows"
        )
    if any(q.answer_within_s != within_s for q in scenario.queues):
        raise ValueError(
            f"a queue's threshold is not the log's {within_s:g} s, and there are no contact rows"
        )
    found = quantities(run)
    columns = np.stack(
        [
            quantity(found, name)
            for name in ("queued", "answered", "abandoned", "wait_answered_s", "waited", "answered_within")
        ],
        axis=-1,
    )
    place = np.floor((interval_edges_s(scenario)[:-1] - begin_s[0]) / interval_s + 1e-9).astype(np.int64)
    keep = (place >= 0) & (place < len(begin_s))
    out = np.zeros((len(begin_s), columns.shape[1]))
    np.add.at(out, place[keep], columns[keep])
    return out


def clock_labels(runs: Sequence[Run], outcome: ReplayOutcome) -> list[str]:
    """`07:00`, `07:30`, … of the compared intervals."""
    return [local_time(runs[0].scenario, float(s)).strftime("%H:%M") for s in outcome.from_s]

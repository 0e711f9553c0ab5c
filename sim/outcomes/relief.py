"""What was done for long queues, and how it came out: promised callbacks, told waits, self-service, the buffer (M32, M36, M37).

A callback is not a wait of zero: its true wait runs from asking for a person to the conversation. What was told is held against the true
wait of those whom a person answered; who gave up would have waited longer than they did, so nothing is known of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.engine.records import Run
from sim.engine.state import Disposition, Handling
from sim.orchestration.relief import MOST_TOLD_S
from sim.outcomes import intervals
from sim.outcomes.intervals import NOTHING, Estimate
from sim.outcomes.measures import FloatArray, quantity, totals_of
from sim.outcomes.repeats import came_back_s

DAY_S = 86_400.0
"""Self-service was a success when nobody is back within this."""
WAITED_S = 30.0
"""Relative errors are of those who truly waited so long: of a wait of a second any error is huge."""


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Promises of a callback."""

    promised: Estimate
    """Per replication, as are the counts below."""
    reached: Estimate
    failed: Estimate
    """Nobody picked up, or it expired."""
    open: Estimate
    """Still due at the end of the run."""
    reached_share: Estimate
    """Of the promised, the open ones included."""
    kept_share: Estimate
    """Reached within ten minutes of what was told, of the promised: nobody can say that an open promise was kept."""
    true_wait_s: Estimate
    """From asking for a person to talking to one."""


@dataclass(frozen=True, slots=True)
class ToldWait:
    """What customers were told against how long they waited."""

    contacts: Estimate
    """Told and answered, per replication."""
    bias_s: Estimate
    """Told less true, mean."""
    error_share: Estimate
    """Σ |told − true| / Σ true."""
    mape: Estimate
    """Mean of |told − true| / true, of those who waited `WAITED_S` or more."""


@dataclass(frozen=True, slots=True)
class Deflections:
    """Contacts sent to self-service."""

    taken: Estimate
    success: Estimate
    """As seen: not back within a day, of the taken. NaN in interval mode."""
    censored_share: Estimate
    """Of the taken: not back, and the day reaches beyond the run."""
    helped: Estimate
    """As true: it met the need, of the taken."""


@dataclass(frozen=True, slots=True)
class Metering:
    """Contacts held back before a queue."""

    held: Estimate
    mean_s: Estimate
    longest_s: Estimate
    """Mean over replications of each one's longest; NaN in interval mode, as are the next two."""
    released_share: Estimate
    """Joined the queue, of the held; the others gave up, or the run ended."""
    fair_segments: Estimate
    """Jain's index of the mean hold by segment, of those held at all: 1 when all are held equally long, 1/n when one bears it alone."""
    fair_handling: Estimate
    """The same by handling type."""


@dataclass(frozen=True, slots=True)
class ReliefOutcome:
    """What relief came to in a variant; None for what nothing came of."""

    callbacks: Callbacks | None
    told: ToldWait | None
    """Of those who waited in the queue. None in interval mode."""
    told_callbacks: ToldWait | None
    """Of those called back."""
    deflections: Deflections | None
    metering: Metering | None
    balked: Estimate
    """Hung up at the announcement, per replication."""
    switched: Estimate
    """Went on in another channel instead, per replication."""


def jain(values: ArrayLike) -> float:
    """Jain's index of fairness (Σx)² / (n Σx²): 1 for all equal, 1/n when one has everything. NaN for nothing."""
    x = np.asarray(values, dtype=np.float64)
    x = x[~np.isnan(x)]
    return float(x.sum() ** 2 / (len(x) * (x**2).sum())) if x.any() else math.nan


def relief_outcome(runs: Sequence[Run]) -> ReliefOutcome | None:
    """What relief came to in a variant; None where the scenario has none."""
    if runs[0].scenario.relief is None:
        return None
    totals = totals_of(runs)
    waited = [_told(run, callbacks=False) for run in runs if run.contacts is not None]
    called = [_told(run, callbacks=True) for run in runs if run.contacts is not None]
    return ReliefOutcome(
        callbacks=_callbacks(totals),
        told=_told_wait(waited),
        told_callbacks=_told_wait(called),
        deflections=_deflections(runs, totals),
        metering=_metering(runs, totals),
        balked=intervals.mean(quantity(totals, "balked")),
        switched=intervals.mean(quantity(totals, "switched")),
    )


def _callbacks(totals: FloatArray) -> Callbacks | None:
    promised, reached = quantity(totals, "callbacks"), quantity(totals, "called_back")
    failed = quantity(totals, "callbacks_failed")
    if not promised.any():
        return None
    return Callbacks(
        promised=intervals.mean(promised),
        reached=intervals.mean(reached),
        failed=intervals.mean(failed),
        open=intervals.mean(promised - reached - failed),
        reached_share=intervals.ratio(reached, promised),
        kept_share=intervals.ratio(quantity(totals, "callbacks_on_time"), promised),
        true_wait_s=intervals.ratio(quantity(totals, "callback_wait_s"), reached),
    )


def _told(run: Run, *, callbacks: bool) -> tuple[FloatArray, FloatArray]:
    """(told, true) waits of those who were told something and were answered."""
    c = run.contacts
    assert c is not None, "asked only where contact rows were kept"
    wait_s = c["answer_s"] - c["queue_s"]
    keep = ~np.isnan(c["told_s"]) & ~np.isnan(wait_s) & (c["queue_s"] >= run.scenario.warm_up_s)
    keep &= (c["callback"] == 1) if callbacks else (c["callback"] == 0) & (c["ghost"] == 0)
    told_s, wait_s = c["told_s"][keep], wait_s[keep]
    # "More than 30 min" is right for every wait that is longer.
    at_most = told_s >= MOST_TOLD_S
    return np.minimum(told_s, MOST_TOLD_S), np.where(at_most, np.minimum(wait_s, MOST_TOLD_S), wait_s)


def _told_wait(found: Sequence[tuple[FloatArray, FloatArray]]) -> ToldWait | None:
    n = np.array([len(told_s) for told_s, _ in found])
    if not n.sum():
        return None
    off = [told_s - true_s for told_s, true_s in found]
    long = [true_s >= WAITED_S for _, true_s in found]
    relative = [
        float((np.abs(d[which]) / true_s[which]).sum())
        for d, which, (_, true_s) in zip(off, long, found, strict=True)
    ]
    return ToldWait(
        contacts=intervals.mean(n),
        bias_s=intervals.ratio([float(d.sum()) for d in off], n),
        error_share=intervals.ratio(
            [float(np.abs(d).sum()) for d in off], [float(true_s.sum()) for _, true_s in found]
        ),
        mape=intervals.ratio(relative, [float(which.sum()) for which in long]),
    )


def _deflections(runs: Sequence[Run], totals: FloatArray) -> Deflections | None:
    taken = quantity(totals, "deflected")
    if not taken.any():
        return None
    success = censored = NOTHING
    if all(run.contacts is not None for run in runs):
        found = np.array([_not_back(run) for run in runs])
        success = intervals.ratio(found[:, 1], found[:, 0])
        censored = intervals.ratio(found[:, 2], found[:, 0])
    return Deflections(
        taken=intervals.mean(taken),
        success=success,
        censored_share=censored,
        helped=intervals.ratio(taken - quantity(totals, "deflected_lost"), taken),
    )


def _not_back(run: Run) -> tuple[float, float, float]:
    """Deflected contacts, those not back within a day, and of these those of whom the run ends too early to say."""
    c = run.contacts
    assert c is not None, "asked only where contact rows were kept"
    mine = np.isin(c["disposition"], (Disposition.DEFLECTED_OK, Disposition.DEFLECTED_LOST))
    mine &= c["queue_s"] >= run.scenario.warm_up_s
    stayed = mine & ~(came_back_s(c) - c["end_s"] <= DAY_S)
    unknown = stayed & (c["end_s"] + DAY_S > run.scenario.calendar.end_s)
    return float(mine.sum()), float(stayed.sum()), float(unknown.sum())


def _metering(runs: Sequence[Run], totals: FloatArray) -> Metering | None:
    held = quantity(totals, "held")
    if not held.any():
        return None
    longest = released = segments = handling = NOTHING
    if all(run.contacts is not None for run in runs):
        found = [_holds(run) for run in runs]
        longest = intervals.mean([float(one.held_s.max()) if len(one.held_s) else math.nan for one in found])
        released = intervals.ratio(
            [float(one.released.sum()) for one in found], [len(one.held_s) for one in found]
        )
        names = runs[0].scenario.names
        segments = intervals.mean(
            [jain(_means(one.held_s, one.segment, len(names.segments))) for one in found]
        )
        handling = intervals.mean([jain(_means(one.held_s, one.handling, len(Handling))) for one in found])
    return Metering(
        held=intervals.mean(held),
        mean_s=intervals.ratio(quantity(totals, "held_s"), held),
        longest_s=longest,
        released_share=released,
        fair_segments=segments,
        fair_handling=handling,
    )


@dataclass(frozen=True, slots=True)
class _Holds:
    held_s: FloatArray
    released: NDArray[np.bool_]
    segment: NDArray[np.int64]
    handling: NDArray[np.int64]


def _holds(run: Run) -> _Holds:
    """Contacts that were in the buffer."""
    c = run.contacts
    assert c is not None, "asked only where contact rows were kept"
    mine = (c["held"] == 1) & (c["queue_s"] >= run.scenario.warm_up_s)
    joined_s, end_s = c["joined_s"][mine], c["end_s"][mine]
    left_s = np.where(np.isnan(joined_s), end_s, joined_s)
    left_s = np.where(np.isnan(left_s), run.scenario.calendar.end_s, left_s)
    left_s = np.where(c["ai_start_s"][mine] > c["hold_s"][mine], c["ai_start_s"][mine], left_s)
    return _Holds(left_s - c["hold_s"][mine], ~np.isnan(joined_s), c["segment"][mine], c["handling"][mine])


def _means(values: FloatArray, classes: NDArray[np.int64], n: int) -> FloatArray:
    """Mean by class; NaN for one without values."""
    count, total = np.bincount(classes, minlength=n), np.bincount(classes, values, n)
    out: FloatArray = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
    return out

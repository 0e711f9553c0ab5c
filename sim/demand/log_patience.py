"""Patience out of a log: who hung up shows it, who was answered only shows that it was longer.

Kaplan and Meier's estimate uses both. A replay needs a patience for every contact, answered ones too:
`imputed_patience`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sim.scenario.model import BoolArray, FloatArray

TAIL_EVENTS_SHARE = 0.1
"""Beyond the last hang-up the hazard is that of the last tenth of them: the very last alone would be noise."""


@dataclass(frozen=True, slots=True)
class SurvivalCurve:
    """Share of callers whose patience exceeds a time: a step function with an exponential tail."""

    time_s: FloatArray
    """Where callers hung up, ascending."""
    survival: FloatArray
    """Share still there just after each."""
    tail_hazard_per_s: float
    """Hazard after the last step; 0 if nobody ever hung up (patience without end)."""

    def survival_at(self, time_s: FloatArray) -> FloatArray:
        """Share whose patience exceeds *time_s*, tail included."""
        time_s = np.asarray(time_s, dtype=np.float64)
        steps = np.concatenate([[1.0], self.survival])
        share = steps[np.searchsorted(self.time_s, time_s, side="right")]
        last_s = self.time_s[-1] if self.time_s.size else 0.0
        tail: FloatArray = share * np.exp(-self.tail_hazard_per_s * np.maximum(time_s - last_s, 0.0))
        return tail

    def time_of(self, survival: FloatArray) -> FloatArray:
        """The first time after which a smaller share than *survival* (above 0) is left, tail included."""
        survival = np.asarray(survival, dtype=np.float64)
        at = np.searchsorted(-self.survival, -survival, side="right")
        last_s, last = (self.time_s[-1], self.survival[-1]) if self.time_s.size else (0.0, 1.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            # last = 0: the curve ends at 0 and no share above it lies in the tail.
            tail_s = np.full(survival.shape, np.inf)
            if self.tail_hazard_per_s:
                tail_s = last_s + np.log(last / survival) / self.tail_hazard_per_s
        steps = np.append(self.time_s, np.inf)
        time_s: FloatArray = np.where(at < self.time_s.size, steps[at], tail_s)
        return time_s


@dataclass(frozen=True, slots=True)
class QuantileTable:
    """A law as a table: a share *share* of the draws is at most `value_s`, linear in between."""

    share: FloatArray
    value_s: FloatArray

    def quantile(self, u: FloatArray) -> FloatArray:
        """The draw that belongs to each uniform number, seconds; beyond the table's ends, the end."""
        value_s: FloatArray = np.interp(u, self.share, self.value_s)
        return value_s


def kaplan_meier(wait_s: FloatArray, abandoned: BoolArray) -> SurvivalCurve:
    """Patience of those who queued, waits of the answered being censored.

    Args:
        wait_s: From joining the queue to pickup or hang-up, seconds, shape (queued contacts,).
        abandoned: True where it ended in a hang-up, same shape. At the same second it comes before a pickup.

    Returns:
        The curve.

    Raises:
        ValueError: A wait is negative or NaN, or the shapes differ.

    Source: Kaplan & Meier (1958), doi:10.1080/01621459.1958.10501452; for call centres Brown et al. (2005),
    doi:10.1198/016214504000001808.
    """
    wait_s = np.asarray(wait_s, dtype=np.float64)
    abandoned = np.asarray(abandoned, dtype=np.bool_)
    if wait_s.shape != abandoned.shape or not (wait_s >= 0).all():
        raise ValueError(
            "wait_s and abandoned must have one shape, waits 0 or more; leave out who did not queue"
        )
    all_s = np.sort(wait_s)
    left_s = np.sort(wait_s[abandoned])
    time_s, left = np.unique(left_s, return_counts=True)
    at_risk = all_s.size - np.searchsorted(all_s, time_s, side="left")
    survival = np.cumprod(1.0 - left / at_risk).astype(np.float64)
    return SurvivalCurve(time_s, survival, _tail_hazard_per_s(all_s, left_s))


def quantile_table(
    curve: SurvivalCurve, points: int = 101, tail: Literal["exponential", "last"] = "exponential"
) -> QuantileTable:
    """The curve's quantiles at even shares; the last one, 1, is replaced by 0.999, where the law is finite.

    Args:
        curve: From `kaplan_meier`.
        points: How many, 0 and the last included.
        tail: Beyond the last hang-up seen, `exponential` goes on at the tail's hazard, `last` stays at it.
    """
    share = np.linspace(0.0, 1.0, points)
    share[-1] = 0.999
    value_s = curve.time_of(1.0 - share)
    value_s[0] = 0.0
    if tail == "last" and curve.time_s.size:
        value_s = np.minimum(value_s, curve.time_s[-1])
    return QuantileTable(share, value_s)


def imputed_patience(
    wait_s: FloatArray, abandoned: BoolArray, u: FloatArray, curve: SurvivalCurve | None = None
) -> FloatArray:
    """A patience for every contact of a log that agrees with what the log saw.

    Who hung up keeps the wait at which that happened. Who was answered gets a draw from the Kaplan-Meier law given that
    it exceeds the wait already borne, so that the patience of all together follows that law. After the last hang-up
    seen, the law goes on exponentially at the hazard of the last tenth of the hang-ups.

    Args:
        wait_s: Seconds from joining the queue to pickup or hang-up; NaN or 0 for those answered at once.
        abandoned: True where it ended in a hang-up.
        u: One uniform number in [0, 1) a contact.
        curve: The law; None estimates it from those of these contacts that queued (wait not NaN).

    Returns:
        Seconds, same shape; infinite where the log knows nobody who hung up.
    """
    wait_s = np.asarray(wait_s, dtype=np.float64)
    queued = ~np.isnan(wait_s)
    if curve is None:
        curve = kaplan_meier(wait_s[queued], np.asarray(abandoned)[queued])
    borne_s = np.where(queued, wait_s, 0.0)
    spare = 1.0 - np.asarray(u, dtype=np.float64)
    left = curve.survival_at(borne_s)
    drawn_s = curve.time_of(left * spare)
    if curve.tail_hazard_per_s:
        # With the curve of other contacts, somebody may have been answered later than anybody there stayed.
        drawn_s = np.where(left > 0, drawn_s, borne_s - np.log(spare) / curve.tail_hazard_per_s)
    patience_s: FloatArray = np.where(abandoned & queued, borne_s, drawn_s)
    return patience_s


def _tail_hazard_per_s(all_s: FloatArray, left_s: FloatArray) -> float:
    """Hang-ups per second waited, over the stretch with the last tenth of them (five, if there are as many)."""
    if not left_s.size:
        return 0.0
    events = min(left_s.size, max(5, round(TAIL_EVENTS_SHARE * left_s.size)))
    from_s = left_s[-events - 1] if events < left_s.size else 0.0
    exposure_s = float(np.maximum(np.minimum(all_s, left_s[-1]) - from_s, 0.0).sum())
    events = int((left_s > from_s).sum())
    return events / exposure_s if exposure_s > 0 else 1.0

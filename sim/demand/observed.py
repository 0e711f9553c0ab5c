"""What a log saw, by interval: the side that a replay is compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.demand.log import DAY_S, LogContacts
from sim.scenario.model import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Observed:
    """Counts by the interval in which the contact arrived, however late it was answered.

    Counts, not shares, so that intervals add up; failed and contained contacts asked for nobody and are left out.
    """

    interval_s: float
    start_s: FloatArray
    """Begin of each interval, seconds since midnight."""
    offered: IntArray
    """Asked for a person: answered + abandoned."""
    answered: IntArray
    abandoned: IntArray
    waited: IntArray
    """Of the offered, those who waited longer than 0 s."""
    answered_within: IntArray
    """Answered within `within_s` of arriving."""
    answered_wait_s: FloatArray
    """Sum of the waits of the answered, seconds."""
    within_s: float

    @property
    def asa_s(self) -> FloatArray:
        """Mean wait of the answered, waits of 0 included; NaN in an interval without any."""
        return _ratio(self.answered_wait_s, self.answered)

    @property
    def p_wait_share(self) -> FloatArray:
        """Share of the offered who waited at all."""
        return _ratio(self.waited, self.offered)

    @property
    def within_share(self) -> FloatArray:
        """Service level, abandons counted: answered within `within_s`, of the offered."""
        return _ratio(self.answered_within, self.offered)

    @property
    def abandoned_share(self) -> FloatArray:
        """Share of the offered who hung up in the queue."""
        return _ratio(self.abandoned, self.offered)

    def total(self) -> Observed:
        """All intervals as one."""
        return Observed(
            interval_s=self.interval_s * self.start_s.size,
            start_s=self.start_s[:1],
            offered=self.offered.sum(keepdims=True),
            answered=self.answered.sum(keepdims=True),
            abandoned=self.abandoned.sum(keepdims=True),
            waited=self.waited.sum(keepdims=True),
            answered_within=self.answered_within.sum(keepdims=True),
            answered_wait_s=self.answered_wait_s.sum(keepdims=True),
            within_s=self.within_s,
        )


def observed(contacts: LogContacts, interval_s: float = 1800.0, within_s: float = 60.0) -> Observed:
    """Count one day of a log by interval.

    Args:
        contacts: Of one day, from `LogContacts.of_day`. Who entered before midnight and joined the queue after it
            counts in the last interval.
        interval_s: Width of an interval, seconds; must divide a day.
        within_s: Threshold of the service level, seconds.

    Raises:
        ValueError: The contacts are of several days, or the interval does not divide a day.
    """
    if len(contacts.days) > 1:
        raise ValueError("contacts of several days; take one with of_day")
    intervals = int(DAY_S // interval_s)
    if intervals * interval_s != DAY_S:
        raise ValueError(f"an interval of {interval_s:g} s does not divide a day")
    place = np.minimum(contacts.arrive_s // interval_s, intervals - 1).astype(np.int64)
    wait_s = np.nan_to_num(contacts.wait_s, nan=0.0)
    offered, answered = contacts.offered, contacts.answered

    def count(rows: BoolArray) -> IntArray:
        return np.bincount(place[rows], minlength=intervals).astype(np.int64)

    return Observed(
        interval_s=interval_s,
        start_s=np.arange(intervals, dtype=np.float64) * interval_s,
        offered=count(offered),
        answered=count(answered),
        abandoned=count(contacts.abandoned),
        waited=count(offered & (wait_s > 0)),
        answered_within=count(answered & (wait_s <= within_s)),
        answered_wait_s=np.bincount(place[answered], wait_s[answered], intervals).astype(np.float64),
        within_s=within_s,
    )


def _ratio(part: FloatArray | IntArray, whole: IntArray) -> FloatArray:
    share: FloatArray = np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    return share

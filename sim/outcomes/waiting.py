"""Who waits in which queue, and from when to when, worked out from contact rows.

    held back ──► joins ──► taken ──► passed on ──► joins again ──► taken …          a visit: from joining to being taken,
    promised a callback ──► joins ──► dialled, not reached ──► joins again …         or to giving up

The floor counts the same at every look (`Look.waiting`): those in the buffer do not wait in the queue yet, those promised a callback keep a
place in it, and who left silently stands there until somebody finds out. Rows know the first, the second and the last visit of a contact
that is passed on, and the first and the last of one that is called back; of more there is only the sum. Those in between are taken for one
visit after the first (passed on), or for part of the first (called back), so that a third dial, or a third time with the wrong people, may
show one too few or too many in a queue for a while.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.engine.records import Run
from sim.engine.state import Disposition
from sim.outcomes.measures import FloatArray


@dataclass(frozen=True, slots=True)
class Visits:
    """Stretches of waiting in a queue that took any time, in no order; all of one shape."""

    queue: NDArray[np.int64]
    from_s: FloatArray
    until_s: FloatArray
    """When it was taken or gave up; ∞ where neither happened within the run."""

    def at(self, at_s: float) -> NDArray[np.bool_]:
        """Which of them go on at an instant, once all that happens at it has happened."""
        going_on: NDArray[np.bool_] = (self.from_s <= at_s) & (self.until_s > at_s)
        return going_on


def visits(run: Run) -> Visits:
    """Every visit to a queue, those that the end of the run cuts off included."""
    c, scenario = run.contacts, run.scenario
    assert c is not None, "visits need contact rows"
    joined_s, before_s = c["joined_s"], c["waited_before_s"]
    passed_on, called = c["passed_on"] > 0, c["callback"] == 1
    taken_s = np.where(passed_on | called, c["taken_s"], c["answer_s"])
    gone_s = np.where(np.isnan(c["end_s"]), np.inf, c["end_s"])
    last_s = np.where(taken_s >= joined_s, taken_s, gone_s)
    # Of who was in a queue before: between the first and the last, each time the wrong people took to find out.
    found_out_s = scenario.misroute.discovery_s if scenario.misroute is not None else 0.0
    between_s = np.where(c["passed_on"] > 1, joined_s - c["answer_s"] - c["passed_on"] * found_out_s, 0.0)
    first_s = np.where(c["held"] == 1, c["answer_s"] - (before_s - between_s), c["queue_s"])
    second_s = c["answer_s"] + found_out_s
    once = called & (before_s > 0.0)
    stretches = (
        (~np.isnan(joined_s), joined_s, last_s),
        (passed_on, first_s, c["answer_s"]),
        (passed_on & (between_s > 0.0), second_s, second_s + between_s),
        (once, c["queue_s"], c["queue_s"] + before_s),
    )
    queue, from_s, until_s = (
        np.concatenate(parts)
        for parts in zip(*((c["queue"][mine], a[mine], b[mine]) for mine, a, b in stretches), strict=True)
    )
    some = until_s > from_s
    return Visits(queue[some].astype(np.int64), from_s[some], until_s[some])


def waits_s(run: Run) -> FloatArray:
    """Waits by contact row: from asking for a person to the first answer or the hang-up, without the time in people's hands; else NaN."""
    c = run.contacts
    assert c is not None, "waits by contact need contact rows"
    gone = c["disposition"] == Disposition.QUEUE_ABANDONED
    waits: FloatArray = np.where(gone, c["end_s"] - c["lost_s"], c["answer_s"]) - c["queue_s"]
    return waits

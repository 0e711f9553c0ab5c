"""Who handled what, for how long: handling times by handling type (M40) and planned against actual pools (M14)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.engine.records import Run
from sim.engine.state import Disposition, Handling
from sim.orchestration.routing import AI, AI_MONITORED, HUMAN
from sim.outcomes import intervals
from sim.outcomes.intervals import Estimate
from sim.outcomes.measures import (
    EVERYTHING,
    Cut,
    FloatArray,
    Window,
    in_window,
    interval_edges_s,
    quantity,
    totals_of,
)

LEGS: tuple[tuple[str, str, Handling, bool], ...] = (
    ("ai_contained", "AI contained", Handling.AI_CONTAINED, True),
    ("ai_abandoned", "left the AI", Handling.AI_ABANDONED, True),
    ("ai_leg_escalated", "escalated, AI leg", Handling.ESCALATED, True),
    ("human_leg_escalated", "escalated, human leg", Handling.ESCALATED, False),
    ("ai_leg_spilled", "spilled over, AI leg", Handling.SPILLED, True),
    ("human_leg_spilled", "spilled over, human leg", Handling.SPILLED, False),
    ("human_only", "people only", Handling.HUMAN_ONLY, False),
)
"""Name, label, handling type, and whether it is the AI's part."""


@dataclass(frozen=True, slots=True)
class HandlingTime:
    """Handling times of one leg, seconds. The AI's part is its whole session, the customer's turns included."""

    leg: str
    label: str
    n: float
    """Mean per replication."""
    mean_s: Estimate
    cv: float
    """Standard deviation over mean, all replications together; of the AI's part NaN in interval mode."""
    p50_s: float
    """Of all replications together; NaN in interval mode, as is the next."""
    p90_s: float


POOLS_PLANNED = ("AI", "AI, watched", "people")
POOLS_ACTUAL = ("AI contained", "AI assisted", "people only", "not served")


@dataclass(frozen=True, slots=True)
class Pools:
    """Where contacts were meant to go and where they ended, means per replication (M14)."""

    contacts: FloatArray
    """Shape (`POOLS_PLANNED`, `POOLS_ACTUAL`). Contained: no person; assisted: the AI took at least one turn,
    then a person; not served: left the AI or the queue, blocked, dropped, or still under way at the end."""

    @property
    def misplaced_share(self) -> float:
        """Of those planned for the AI and served: the share that needed a person."""
        served = self.contacts[:2, :3].sum()
        return float(self.contacts[:2, 1:3].sum() / served) if served else math.nan


def handling_times(
    runs: Sequence[Run], cut: Cut = EVERYTHING, window: Window | None = None
) -> tuple[HandlingTime, ...]:
    """Handling times by leg, in the order of `LEGS`; legs that never happened have n = 0 and NaN."""
    found = totals_of(runs, cut, window)
    out = []
    for name, label, handling, by_ai in LEGS:
        suffix = handling.name.lower()
        sum_s = quantity(found, f"ai_s@{suffix}" if by_ai else f"handle_s@{suffix}")
        n = quantity(found, f"ai_sessions@{suffix}" if by_ai else f"handled@{suffix}")
        cv, p50_s, p90_s = math.nan, math.nan, math.nan
        if all(run.contacts is not None for run in runs):
            times_s = np.concatenate([_leg_s(run, handling, by_ai, cut, window) for run in runs])
            if len(times_s):
                p50_s, p90_s = (float(x) for x in np.quantile(times_s, (0.5, 0.9)))
                cv = float(times_s.std() / times_s.mean()) if times_s.mean() > 0 else math.nan
        elif not by_ai and n.sum() > 0 and sum_s.sum() > 0:
            mean_s = sum_s.sum() / n.sum()
            square = quantity(found, f"handle_s2@{suffix}").sum() / n.sum()
            cv = math.sqrt(max(0.0, square - mean_s**2)) / mean_s
        out.append(HandlingTime(name, label, float(n.mean()), intervals.ratio(sum_s, n), cv, p50_s, p90_s))
    return tuple(out)


def _leg_s(run: Run, handling: Handling, by_ai: bool, cut: Cut, window: Window | None) -> FloatArray:
    """Times of one leg by contact, of the same contacts that the counts hold."""
    c = run.contacts
    assert c is not None, "times by contact need contact rows"
    if len(c["id"]) == 0:
        return np.empty(0)
    keep = c["handling"] == handling
    if by_ai:
        keep &= c["first_fleet"] >= 0
        end_s = np.where(np.isnan(c["ai_end_s"]), run.scenario.calendar.end_s, c["ai_end_s"])
        times_s, at_s = end_s - c["ai_start_s"], c["arrive_s"]
    else:
        keep &= ~np.isnan(c["answer_s"]) & (c["disposition"] != Disposition.QUEUE_ABANDONED)
        times_s, at_s = c["handle_s"], c["queue_s"]
    for name, code in (("queue", cut.queue), ("channel", cut.channel), ("intent", cut.intent)):
        if code is not None:
            keep &= c[name] == code
    keep &= in_intervals(run, at_s, window)
    found: FloatArray = times_s[keep]
    return found


def in_intervals(run: Run, at_s: FloatArray, window: Window | None) -> NDArray[np.bool_]:
    """Whether moments lie in the intervals that overlap the window, after the warm-up, as the counts have it."""
    scenario = run.scenario
    interval = np.searchsorted(interval_edges_s(scenario), np.nan_to_num(at_s, nan=-1.0), side="right") - 1
    interval = np.minimum(interval, scenario.calendar.intervals - 1)
    found: NDArray[np.bool_] = (at_s >= scenario.warm_up_s) & in_window(scenario, window)[interval]
    return found


def pools(runs: Sequence[Run], window: Window | None = None) -> Pools | None:
    """Planned against actual pools; None in interval mode."""
    table = np.zeros((len(POOLS_PLANNED), len(POOLS_ACTUAL)))
    for run in runs:
        c = run.contacts
        if c is None:
            return None
        if len(c["id"]) == 0:
            continue
        person = (
            ~np.isnan(c["answer_s"]) & (c["disposition"] != Disposition.QUEUE_ABANDONED) & (c["ghost"] == 0)
        )
        contained = np.isin(c["disposition"], (Disposition.AI_RESOLVED, Disposition.AI_FALSE_CONTAINED))
        actual = np.select([contained, person & (c["turns"] > 0), person], [0, 1, 2], 3)
        # A contact whose channel no fleet serves was people's from the start, whatever the map says of its intent.
        people = (c["target"] == HUMAN) | (c["handling"] == Handling.HUMAN_ONLY)
        planned = np.select([people, c["target"] == AI, c["target"] == AI_MONITORED], [2, 0, 1])
        keep = in_intervals(run, c["arrive_s"], window)
        np.add.at(table, (planned[keep], actual[keep]), 1.0)
    return Pools(table / len(runs))

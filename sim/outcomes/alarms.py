"""Containment as seen and as true, by fleet and hour, and how well early warnings judged against the truth (M28).

As seen is what an orchestrator reports: AI sessions that ended without a person, of those closed. As true are only those that met the need.
A warning is right while something is wrong under its fleet (an incident, or a topic that no intent knows), or within the grace after it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.engine.records import Run
from sim.engine.state import Disposition, Handling
from sim.engine.what import What
from sim.outcomes import intervals
from sim.outcomes.breakers import Fault, faults
from sim.outcomes.intervals import Estimate
from sim.outcomes.measures import FloatArray
from sim.outcomes.repeats import CONTAINED

GRACE_S = 900.0
"""The window of a warning still holds what was: one so soon after a fault is not false."""
NEW_TOPIC = "new topic"
_HOUR_S, _DAY_S = 3600.0, 86_400.0


@dataclass(frozen=True, slots=True)
class HourOfFleet:
    """Sessions of one fleet that began in one hour of the run, over all replications."""

    fleet: int
    from_s: float
    closed: Estimate
    """Per replication."""
    seen: Estimate
    true: Estimate


@dataclass(frozen=True, slots=True)
class WarningQuality:
    """Early warnings of a variant over all replications."""

    alarms: Estimate
    """Per replication, all fleets together."""
    false_share: Estimate
    """Of alarms."""
    false_per_day: Estimate
    """Per fleet and 24 hours."""
    miss_share: Estimate
    """Of faults under a fleet."""
    detect_s: dict[str, Estimate]
    """From the fault's begin to the first alarm while it lasts, by effect; of those that were seen."""


@dataclass(frozen=True, slots=True)
class Warned:
    """One run's warnings against its faults."""

    alarms: int
    false: int
    faults: int
    missed: int
    delays_s: dict[str, list[float]]


def containment_by_hour(runs: Sequence[Run]) -> list[HourOfFleet]:
    """Containment as seen and as true by fleet and hour; nothing in interval mode. Sessions still under way are left out."""
    scenario = runs[0].scenario
    if any(run.contacts is None for run in runs) or not scenario.fleets:
        return []
    hours = math.ceil(scenario.calendar.end_s / _HOUR_S)
    counted = np.stack([_by_hour(run, hours) for run in runs])
    out = []
    for f in range(len(scenario.fleets)):
        for hour in range(hours):
            closed, seen, true = counted[:, :, f, hour].T
            if closed.any():
                row = HourOfFleet(
                    f,
                    hour * _HOUR_S,
                    intervals.mean(closed),
                    intervals.ratio(seen, closed),
                    intervals.ratio(true, closed),
                )
                out.append(row)
    return out


def _by_hour(run: Run, hours: int) -> FloatArray:
    """Closed, contained and truly contained sessions, shape (3, fleets, hours)."""
    c, fleets = run.contacts, len(run.scenario.fleets)
    assert c is not None, "asked only where contact rows were kept"
    contained = np.isin(c["disposition"], CONTAINED)
    under_way = (c["handling"] == Handling.AI_CONTAINED) & ~contained
    closed = (c["first_fleet"] >= 0) & (c["fleet"] >= 0) & ~under_way & ~np.isnan(c["ai_start_s"])
    hour = np.minimum(np.nan_to_num(c["ai_start_s"], nan=0.0) / _HOUR_S, hours - 1).astype(np.int64)
    cell = c["fleet"].astype(np.int64) * hours + hour
    kinds = (closed, closed & contained, closed & (c["disposition"] == Disposition.AI_RESOLVED))
    return np.stack(
        [
            np.bincount(cell[kind], minlength=fleets * hours).reshape(fleets, hours).astype(np.float64)
            for kind in kinds
        ]
    )


def troubles(run: Run) -> list[Fault]:
    """Everything that was really wrong under a fleet: incidents, and a topic that no intent knows."""
    found = faults(run)
    topic, end_s = run.scenario.demand.new_pattern, run.scenario.calendar.end_s
    if topic is not None and topic.from_s < end_s:
        found += [Fault(f, NEW_TOPIC, max(0.0, topic.from_s), end_s) for f in range(len(run.scenario.fleets))]
    return found


def warned(run: Run, grace_s: float = GRACE_S) -> Warned:
    """One run's warnings against its faults.

    Args:
        run: One replication of a scenario with early warnings.
        grace_s: A warning this long after a fault is not false, and no miss.
    """
    really, rows = troubles(run), run.control[run.control["what"] == What.WARNING]
    alarms = false = missed = 0
    delays: dict[str, list[float]] = {}
    for f in range(len(run.scenario.fleets)):
        mine = rows[rows["subject"] == f]
        at_s = [float(row["at_s"]) for row in mine if row["to_state"] == 1]
        under = [fault for fault in really if fault.fleet == f]
        alarms += len(at_s)
        false += sum(not any(x.from_s <= a <= x.until_s + grace_s for x in under) for a in at_s)
        for fault in under:
            before = mine[mine["at_s"] < fault.from_s]
            if len(before) and before["to_state"][-1] == 1:
                continue  # alarmed already
            missed += not any(fault.from_s <= a <= fault.until_s + grace_s for a in at_s)
            first = min((a for a in at_s if fault.from_s <= a <= fault.until_s), default=None)
            if first is not None:
                delays.setdefault(fault.effect, []).append(first - fault.from_s)
    return Warned(alarms, false, len(really), missed, delays)


def warning_quality(runs: Sequence[Run], grace_s: float = GRACE_S) -> WarningQuality | None:
    """Early warnings of a variant against the truth; None where it has none."""
    scenario = runs[0].scenario
    watch = scenario.watch
    if watch is None or not scenario.fleets or not (watch.rule_drop or watch.cusum_h):
        return None
    found = [warned(run, grace_s) for run in runs]
    days = scenario.calendar.end_s / _DAY_S * len(scenario.fleets)
    false = [one.false for one in found]
    effects = dict.fromkeys(effect for one in found for effect in one.delays_s)
    return WarningQuality(
        alarms=intervals.mean([one.alarms for one in found]),
        false_share=intervals.ratio(false, [one.alarms for one in found]),
        false_per_day=intervals.ratio(false, [days] * len(found)),
        miss_share=intervals.ratio([one.missed for one in found], [one.faults for one in found]),
        detect_s={
            effect: intervals.mean(
                [
                    float(np.mean(one.delays_s[effect])) if one.delays_s.get(effect) else math.nan
                    for one in found
                ]
            )
            for effect in effects
        },
    )

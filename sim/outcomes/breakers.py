"""How well breakers judged, held against the true log of faults, which no controller knows (M25).

    fault on the fleet's nodes      ├──────────────┤
    breaker                              ▲ opens: right, late by the detection delay
                                                          ▲ opens within the grace: still right
                                                                        ▲ opens later: a false open
    no opening while it lasts, or within the grace: a miss

An opening leaves a state that admits (closed, degraded, and the like); going back from half-open to open is none.
What operators force is no judgement and is left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.engine.records import Run
from sim.engine.what import What
from sim.orchestration.breaker import State
from sim.outcomes import intervals
from sim.outcomes.intervals import Estimate

GRACE_S = 60.0
"""After a fault the window still holds its replies: an opening so soon is not false."""
FLAP_S = 600.0
"""A breaker that opens again so soon after it closed flaps."""
_HOUR_S, _DAY_S = 3600.0, 86_400.0


def _states(*names: str) -> frozenset[int]:
    """Codes of the states of these names, as far as the breaker has them."""
    return frozenset(int(State[name]) for name in names if name in State.__members__)


ADMITTING = _states("CLOSED", "DEGRADED", "DISABLED", "METRICS_ONLY")
OPEN = _states("OPEN")
CLOSED = _states("CLOSED", "DEGRADED")
FORCED = _states("FORCED_OPEN")
NORMAL = _states("CLOSED")


@dataclass(frozen=True, slots=True)
class TrueIncident:
    """One incident as the plant had it."""

    node: int
    effect: str
    from_s: float
    until_s: float
    announced: bool = False
    hosts: int = 0
    """So many hosts of the fleet; 0 for all of it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault under one fleet."""

    fleet: int
    effect: str
    from_s: float
    until_s: float
    partial: bool = False
    """Of some hosts alone: opening for it is not false, and not opening no miss."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One run's breakers against its faults."""

    hours: float
    """Of breakers: length of the run × breakers."""
    openings: int
    false_opens: int
    flaps: int
    faults: int
    missed: int
    delays_s: dict[str, list[float]]
    """From the fault's begin to the first move away from CLOSED while it lasts, by effect."""
    open_delays_s: dict[str, list[float]]
    """Same, to the opening."""


@dataclass(frozen=True, slots=True)
class BreakerQuality:
    """Breakers of a variant over all replications."""

    openings: Estimate
    """Per replication, all breakers together."""
    false_share: Estimate
    """Of openings."""
    false_per_day: Estimate
    """Per breaker and 24 hours."""
    miss_share: Estimate
    """Of faults under a fleet."""
    flaps_per_h: Estimate
    """Per breaker."""
    detect_s: dict[str, Estimate]
    """By effect of the fault; of those that were seen."""
    open_s: dict[str, Estimate]


def true_incidents(run: Run) -> list[TrueIncident]:
    """What was really wrong, from the rows of incidents, by begin; cut off at the end of the run."""
    scenario = run.scenario
    begun: dict[tuple[int, int], float] = {}
    spans: list[tuple[float, float, int, int]] = []
    for row in run.control:
        key = int(row["subject"]), int(row["cause"])
        if row["what"] == What.INCIDENT_BEGINS:
            begun[key] = float(row["at_s"])
        elif row["what"] == What.INCIDENT_ENDS and key in begun:
            spans.append((begun.pop(key), float(row["at_s"]), *key))
    spans += [(from_s, scenario.calendar.end_s, *key) for key, from_s in begun.items()]
    return [
        TrueIncident(
            node,
            scenario.incidents[cause].effect if 0 <= cause < len(scenario.incidents) else "incident",
            from_s,
            until_s,
            0 <= cause < len(scenario.incidents) and scenario.incidents[cause].announced_s > 0.0,
            scenario.incidents[cause].hosts if 0 <= cause < len(scenario.incidents) else 0,
        )
        for from_s, until_s, node, cause in sorted(spans)
    ]


def faults(run: Run) -> list[Fault]:
    """Every incident under every fleet that stands on its node."""
    return [
        Fault(f, incident.effect, incident.from_s, incident.until_s, incident.hosts > 0)
        for incident in true_incidents(run)
        for f, fleet in enumerate(run.scenario.fleets)
        if incident.node in fleet.nodes
    ]


def judged(run: Run, grace_s: float = GRACE_S, flap_s: float = FLAP_S) -> Judged:
    """One run's breakers against its faults.

    Args:
        run: One replication of a scenario with breakers.
        grace_s: An opening this long after a fault is not false, and no miss.
        flap_s: An opening this soon after a closing is a flap.
    """
    really = faults(run)
    moves = [row for row in run.control[run.control["what"] == What.BREAKER] if not _forced(row)]
    openings = false = flaps = missed = 0
    delays: dict[str, list[float]] = {}
    open_delays: dict[str, list[float]] = {}
    for f in range(len(run.scenario.fleets)):
        mine = [row for row in moves if int(row["subject"]) == f]
        under = [fault for fault in really if fault.fleet == f]
        opened = [float(row["at_s"]) for row in mine if _opens(row)]
        closed = [
            float(row["at_s"])
            for row in mine
            if int(row["to_state"]) in CLOSED and int(row["from_state"]) not in ADMITTING
        ]
        left = [float(row["at_s"]) for row in mine if int(row["from_state"]) in NORMAL]
        openings += len(opened)
        false += sum(not any(_within(at_s, fault, grace_s) for fault in under) for at_s in opened)
        flaps += sum(any(0.0 <= at_s - back_s < flap_s for back_s in closed) for at_s in opened)
        for fault in under:
            already = _state_at(mine, fault.from_s) not in ADMITTING
            seen = any(_within(at_s, fault, grace_s) for at_s in [*opened, *left])
            missed += not already and not seen and not fault.partial
            for found, moments in ((delays, left), (open_delays, opened)):
                first = min((at_s for at_s in moments if _within(at_s, fault, 0.0)), default=None)
                if first is not None and not already:
                    found.setdefault(fault.effect, []).append(first - fault.from_s)
    hours = run.scenario.calendar.end_s / _HOUR_S * len(run.scenario.fleets)
    whole = sum(not fault.partial for fault in really)
    return Judged(hours, openings, false, flaps, whole, missed, delays, open_delays)


def _opens(row: Any) -> bool:
    return int(row["to_state"]) in OPEN and int(row["from_state"]) in ADMITTING


def _forced(row: Any) -> bool:
    return int(row["to_state"]) in FORCED or int(row["from_state"]) in FORCED


def _within(at_s: float, fault: Fault, grace_s: float) -> bool:
    return fault.from_s <= at_s <= fault.until_s + grace_s


def _state_at(moves: Iterable[Any], at_s: float) -> int:
    """State just before an instant."""
    state = int(State.CLOSED)
    for row in moves:
        if float(row["at_s"]) >= at_s:
            break
        state = int(row["to_state"])
    return state


def breaker_quality(
    runs: Sequence[Run], grace_s: float = GRACE_S, flap_s: float = FLAP_S
) -> BreakerQuality | None:
    """Breakers of a variant against the truth; None where it has no breakers.

    Shares are sums over sums, and NaN where nothing opened or nothing was wrong; delays are means over replications of each one's mean.
    """
    scenario = runs[0].scenario
    if scenario.failover.breaker is None or not scenario.fleets:
        return None
    found = [judged(run, grace_s, flap_s) for run in runs]
    false = [one.false_opens for one in found]
    hours = [one.hours for one in found]
    per_day = intervals.ratio(np.array(false) * (_DAY_S / _HOUR_S), hours)
    return BreakerQuality(
        openings=intervals.mean([one.openings for one in found]),
        false_share=intervals.ratio(false, [one.openings for one in found]),
        false_per_day=per_day,
        miss_share=intervals.ratio([one.missed for one in found], [one.faults for one in found]),
        flaps_per_h=intervals.ratio([one.flaps for one in found], hours),
        detect_s=_by_effect([one.delays_s for one in found]),
        open_s=_by_effect([one.open_delays_s for one in found]),
    )


def _by_effect(by_run: Sequence[dict[str, list[float]]]) -> dict[str, Estimate]:
    effects = dict.fromkeys(effect for one in by_run for effect in one)
    return {
        effect: intervals.mean(
            [float(np.mean(one[effect])) if one.get(effect) else math.nan for one in by_run]
        )
        for effect in effects
    }

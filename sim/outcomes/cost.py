"""What contingency plans cost: people who came, hours, money at the levers' own prices, hours after it was over (M39, M60).

Only what the scenario prices (`plans.*.cost_per_h`, beyond what is paid anyway); no service is priced, so what it saved stands beside it in
contacts harmed and service-level damage.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sim.engine.records import Run
from sim.engine.supervisor import ARRIVED, LEFT, STARTED
from sim.engine.what import What
from sim.outcomes import intervals
from sim.outcomes.breakers import true_incidents
from sim.outcomes.intervals import Estimate

_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Stay:
    """People of one call, from their coming to their going."""

    lever: int
    people: float
    from_s: float
    until_s: float


@dataclass(frozen=True, slots=True)
class PlanCost:
    """Plans of a variant over all replications; everything per replication."""

    asked: Estimate
    came: Estimate
    hours: Estimate
    """People-hours."""
    idle_hours: Estimate
    """Of these, after the last incident before they left: they came too late, or stayed on."""
    cost: Estimate
    """In the unit of `cost_per_h`."""
    cost_by_lever: dict[str, Estimate]
    """Of levers whose people came."""


def stays(run: Run) -> list[Stay]:
    """Who came because of a plan, and how long; those still there stay to the end of the run."""
    came: dict[int, tuple[int, float, float]] = {}
    out = []
    for row in run.control[run.control["what"] == What.PLAN]:
        call, at_s = int(row["cause"]), float(row["at_s"])
        if row["to_state"] == ARRIVED and row["part"] > 0:
            came[call] = int(row["subject"]), float(row["part"]), at_s
        elif row["to_state"] == LEFT and call in came:
            out.append(Stay(*came.pop(call), at_s))
    end_s = run.scenario.calendar.end_s
    return [*out, *(Stay(*one, end_s) for one in came.values())]


def asked(run: Run) -> float:
    """People asked in one run."""
    rows = run.control[(run.control["what"] == What.PLAN) & (run.control["to_state"] == STARTED)]
    return float(rows["part"].sum())


def plan_cost(runs: Sequence[Run]) -> PlanCost | None:
    """What a variant's plans cost; None where it has no levers."""
    levers = runs[0].scenario.levers
    if not levers:
        return None
    found = [stays(run) for run in runs]
    costs = [
        [sum(_hours(one) * lever.cost_per_h for one in mine if one.lever == k) for mine in found]
        for k, lever in enumerate(levers)
    ]
    came = {one.lever for mine in found for one in mine}
    return PlanCost(
        asked=intervals.mean([asked(run) for run in runs]),
        came=intervals.mean([sum(one.people for one in mine) for mine in found]),
        hours=intervals.mean([sum(_hours(one) for one in mine) for mine in found]),
        idle_hours=intervals.mean(
            [sum(_idle(run, one) for one in mine) for run, mine in zip(runs, found, strict=True)]
        ),
        cost=intervals.mean([sum(column) for column in zip(*costs, strict=True)]),
        cost_by_lever={lever.name: intervals.mean(costs[k]) for k, lever in enumerate(levers) if k in came},
    )


def _hours(one: Stay) -> float:
    return one.people * (one.until_s - one.from_s) / _HOUR_S


def _idle(run: Run, one: Stay) -> float:
    """People-hours of a stay after the last incident that began before its end."""
    over_s = max((i.until_s for i in true_incidents(run) if i.from_s < one.until_s), default=-math.inf)
    return one.people * max(0.0, one.until_s - max(one.from_s, over_s)) / _HOUR_S

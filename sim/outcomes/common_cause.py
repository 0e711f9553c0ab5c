"""How well the common-cause detector judged, held against the true log of faults, which no controller knows (M33).

    fault on a node under two fleets or more    ├──────────────┤
    detector                                           ▲ declares that node, or one with the same fleets on it: right, this late
                                                       ▲ declares another node: the fault is there, the address is wrong
    no such fault, nor within the grace                                        ▲ declares: wrong

Incidents of one node that overlap (slow and faulty at once) are one fault. A node that was declared stays so until it is taken back:
only new declarations count.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.engine.records import Run
from sim.engine.what import What
from sim.outcomes import intervals
from sim.outcomes.breakers import GRACE_S, true_incidents
from sim.outcomes.intervals import Estimate
from sim.scenario.model import Scenario

_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class SharedFault:
    """One stretch in which a node that several fleets stand on had a fault."""

    node: int
    from_s: float
    until_s: float


@dataclass(frozen=True, slots=True)
class Declared:
    """One run's declarations against its faults."""

    delays_s: tuple[float, ...]
    """Of each shared fault, until its node was declared; NaN where it never was."""
    right: int
    elsewhere: int
    """A shared fault was under way, on a node with other fleets."""
    wrong: int
    """No shared fault was under way."""


@dataclass(frozen=True, slots=True)
class CauseQuality:
    """The detector of a variant over all replications."""

    declared_s: Estimate
    """From the begin of a shared fault until its node was declared; of those that were."""
    found: int
    """Shared faults whose node was declared, all replications together."""
    faults: int
    right: Estimate
    """Declarations per replication."""
    elsewhere: Estimate
    wrong: Estimate
    wrong_per_day: Estimate
    """Declarations in 24 hours without any shared fault."""


def shared_faults(run: Run) -> list[SharedFault]:
    """Incidents under two fleets or more, those of one node that overlap or touch as one; by begin."""
    found: list[SharedFault] = []
    for one in true_incidents(run):
        if len(_on(run.scenario, one.node)) < 2:
            continue
        same = next((k for k, f in enumerate(found) if f.node == one.node and f.until_s >= one.from_s), None)
        if same is None:
            found.append(SharedFault(one.node, one.from_s, one.until_s))
        else:
            found[same] = SharedFault(one.node, found[same].from_s, max(found[same].until_s, one.until_s))
    return found


def _on(scenario: Scenario, node: int) -> frozenset[int]:
    """Fleets that stand on a node."""
    return frozenset(f for f, fleet in enumerate(scenario.fleets) if node in fleet.nodes)


def declared(run: Run, grace_s: float = GRACE_S) -> Declared:
    """One run's declarations against its shared faults.

    Args:
        run: One replication of a scenario with the detector.
        grace_s: A declaration this long after a fault is still about it.
    """
    faults = shared_faults(run)
    delays = [math.nan] * len(faults)
    right = elsewhere = wrong = 0
    for row in run.control[(run.control["what"] == What.ANCESTOR) & (run.control["to_state"] == 1)]:
        at_s, fleets = float(row["at_s"]), _on(run.scenario, int(row["subject"]))
        about = [k for k, f in enumerate(faults) if f.from_s <= at_s <= f.until_s + grace_s]
        named = [k for k in about if _on(run.scenario, faults[k].node) == fleets]
        right += bool(named)
        elsewhere += bool(about) and not named
        wrong += not about
        for k in named:
            if math.isnan(delays[k]):
                delays[k] = at_s - faults[k].from_s
    return Declared(tuple(delays), right, elsewhere, wrong)


def cause_quality(runs: Sequence[Run], grace_s: float = GRACE_S) -> CauseQuality | None:
    """The detector of a variant against the truth; None where it has none.

    Times are means over replications of each one's mean, and NaN where nothing was declared.
    """
    scenario = runs[0].scenario
    if scenario.common_cause is None:
        return None
    found = [declared(run, grace_s) for run in runs]
    days = [scenario.calendar.end_s / _DAY_S] * len(runs)
    delays = [[d for d in one.delays_s if not math.isnan(d)] for one in found]
    return CauseQuality(
        declared_s=intervals.mean([float(np.mean(mine)) if mine else math.nan for mine in delays]),
        found=sum(map(len, delays)),
        faults=sum(len(one.delays_s) for one in found),
        right=intervals.mean([one.right for one in found]),
        elsewhere=intervals.mean([one.elsewhere for one in found]),
        wrong=intervals.mean([one.wrong for one in found]),
        wrong_per_day=intervals.ratio([one.wrong for one in found], days),
    )

"""The loop from a symptom to people on the floor: when each of its moments came, and how long its stages took (M38).

    symptom ──detect──▶ detected ──declare──▶ declared ──signal──▶ signalled ──act──▶ acted ──staff──▶ staffed
       └──────────────────────────── the loop: its target is 60 s ────────────────────┘

The loop ends when the action starts; people arrive later, which is the lever's lead time and not the loop's. A moment that
was skipped counts as having come with the next one, so that stages always add up; one that never came, and with it its stage, is NaN: a
loop that was never closed is not within any limit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.engine.records import Run
from sim.engine.supervisor import ARRIVED, STARTED
from sim.engine.what import What
from sim.orchestration import breaker, signals
from sim.outcomes import intervals
from sim.outcomes.breakers import TrueIncident, true_incidents
from sim.outcomes.intervals import Estimate
from sim.outcomes.measures import FloatArray

MOMENTS = ("symptom", "detected", "declared", "signalled", "acted", "staffed")
STAGES = ("detect", "declare", "signal", "act", "staff")
CLOSED_BY = MOMENTS.index("acted")
"""The loop is over when the action starts."""
_DECLARED_AT = MOMENTS.index("declared")
TARGET_S = 60.0
_SAME_S = 1e-9
"""Moments this much out of order are the same instant, computed twice."""


@dataclass(frozen=True, slots=True)
class LoopTimes:
    """Loops, one row each."""

    moments_s: FloatArray
    """Shape (loops, `MOMENTS`), seconds since the start of the run; NaN for what never came."""

    @property
    def stages_s(self) -> FloatArray:
        """Shape (loops, `STAGES`)."""
        filled = self.moments_s.copy()
        for k in range(len(MOMENTS) - 2, -1, -1):
            filled[:, k] = np.where(np.isnan(filled[:, k]), filled[:, k + 1], filled[:, k])
        found: FloatArray = np.diff(filled, axis=1)
        return found

    @property
    def loop_s(self) -> FloatArray:
        """From the symptom to the start of the action; the sum of the stages up to `act`. Shape (loops,)."""
        found: FloatArray = self.moments_s[:, CLOSED_BY] - self.moments_s[:, 0]
        return found

    @property
    def staffed_s(self) -> FloatArray:
        """From the symptom to people on the floor; the sum of all stages. Shape (loops,)."""
        found: FloatArray = self.moments_s[:, -1] - self.moments_s[:, 0]
        return found

    def within_share(self, limit_s: float = TARGET_S) -> float:
        """Share of loops closed within a limit; those never closed are not. NaN without loops."""
        return float((self.loop_s <= limit_s).mean()) if len(self.moments_s) else math.nan


def loop_times(
    symptom_s: ArrayLike,
    detected_s: ArrayLike,
    declared_s: ArrayLike,
    signalled_s: ArrayLike,
    acted_s: ArrayLike,
    staffed_s: ArrayLike,
) -> LoopTimes:
    """Loops from the instants of their moments, seconds since the start of the run, one number a loop each.

    Raises:
        ValueError: The lengths differ, or a moment comes before one that leads to it.
    """
    said = (symptom_s, detected_s, declared_s, signalled_s, acted_s, staffed_s)
    columns = [np.atleast_1d(np.asarray(moment, dtype=np.float64)) for moment in said]
    if len({column.shape for column in columns}) != 1 or columns[0].ndim != 1:
        raise ValueError(
            f"moments of {[len(column) for column in columns]} loops: there must be one each of every loop"
        )
    moments_s = np.stack(columns, axis=1)
    for loop in moments_s:
        came = [(name, at_s) for name, at_s in zip(MOMENTS, loop, strict=True) if not math.isnan(at_s)]
        for (before, before_s), (after, after_s) in pairwise(came):
            if after_s < before_s - _SAME_S:
                raise ValueError(f"{after} at {after_s:g} s is before {before} at {before_s:g} s")
    return LoopTimes(moments_s)


ROWS: dict[str, tuple[str, ...]] = {
    "detected": ("BREAKER", "LEVEL", "WARNING", "ANCESTOR"),
    "declared": ("BREAKER",),
    "signalled": ("SIGNAL",),
    "acted": ("PLAN",),
    "staffed": ("PLAN", "PEOPLE"),
}
"""Kinds of control rows, by their names in `What`, whose first one makes each moment."""
_NO_TROUBLE = {
    list(signals.Type).index(kind) for kind in (signals.Type.RECOVERED, signals.Type.PLANNED_MAINTENANCE)
}
"""Signals that begin no loop."""
_DECLARED = {
    int(breaker.State[name]) for name in ("OPEN", "FORCED_OPEN") if name in breaker.State.__members__
}


def loop_of(run: Run, incident: TrueIncident, symptom_s: float | None = None) -> LoopTimes:
    """The loop of one incident, from the control rows of one run.

    Detected is the first row of `ROWS` about a fleet on the incident's node in which something leaves its normal state; declared the first
    opening of such a breaker; signalled and acted the first signal of trouble and the first call of people from then on; all while the
    incident lasts. Staffed is when people of a plan are there; in a run without plans, when more people are wanted than before.

    Args:
        run: One replication.
        incident: One of `true_incidents`.
        symptom_s: When it first could be seen, seconds since the start of the run; the true onset when None, which is no later.
    """
    node, from_s = incident.node, incident.from_s
    fleets = {f for f, fleet in enumerate(run.scenario.fleets) if node in fleet.nodes}
    rows = run.control[(run.control["at_s"] >= from_s) & (run.control["at_s"] < incident.until_s)]

    under = {n for f in fleets for n in run.scenario.fleets[f].nodes}

    def about(row: Any) -> bool:
        # Of a common ancestor the subject is a node, which may lie above or below the true one; every other watcher's is a fleet.
        return int(row["subject"]) in (under if _is(row, ("ANCESTOR",)) else fleets)

    watching = [row for row in rows if _is(row, ROWS["detected"]) and about(row)]
    detected = [row for row in watching if _begins(row)]
    opened = [row for row in watching if _is(row, ROWS["declared"]) and int(row["to_state"]) in _DECLARED]
    moments = [from_s if symptom_s is None else symptom_s]
    moments.append(_first(detected, moments[0]))
    moments.append(_first(opened, moments[1]))
    for name in ("signalled", "acted"):
        named = [row for row in rows if _is(row, ROWS[name]) and _begins(row)]
        moments.append(_first(named, _last(moments)))
    # People who come and go by the roster are nobody's action: without one nobody was staffed.
    moments.append(_first(_people_there(run), moments[CLOSED_BY]))
    return LoopTimes(np.array([moments]))


def _begins(row: Any) -> bool:
    """Whether a row is the begin of something, and not its going on or its end."""
    match int(row["what"]):
        case What.BREAKER:
            return int(row["from_state"]) == breaker.State.CLOSED
        case What.LEVEL:
            return int(row["to_state"]) > int(row["from_state"])
        case What.WARNING | What.ANCESTOR:
            return int(row["to_state"]) == 1
        case What.SIGNAL:
            return int(row["to_state"]) not in _NO_TROUBLE
        case What.PLAN:
            return int(row["to_state"]) == STARTED
    return True


def _is(row: Any, kinds: Sequence[str]) -> bool:
    return int(row["what"]) in {What[kind] for kind in kinds if kind in What.__members__}


def _first(rows: Sequence[Any], from_s: float) -> float:
    """Instant of the first row from then on; NaN without."""
    if math.isnan(from_s):
        return math.nan
    return min((float(row["at_s"]) for row in rows if float(row["at_s"]) >= from_s), default=math.nan)


def _last(moments: Sequence[float]) -> float:
    """The latest moment that came: an automatic desk may act on a warning that no breaker declared."""
    return max(moment for moment in moments if not math.isnan(moment))


def _people_there(run: Run) -> list[Any]:
    """Rows in which people of a plan have come; without plans, those in which more are wanted than before."""
    plans = run.control[run.control["what"] == What.PLAN]
    if len(plans):
        return list(plans[(plans["to_state"] == ARRIVED) & (plans["part"] > 0)])
    wanted: dict[int, int] = {}
    found = []
    for row in run.control[run.control["what"] == What.PEOPLE]:
        group, people = int(row["subject"]), int(row["to_state"])
        if people > wanted.get(group, 0):
            found.append(row)
        wanted[group] = people
    return found


@dataclass(frozen=True, slots=True)
class LoopOutcome:
    """Loops of all incidents over all replications of a variant. NaN ones are not in the means."""

    loops: int
    closed: int
    """In which an action started."""
    stages_s: dict[str, Estimate]
    """By `STAGES`."""
    declared_s: Estimate
    """From the symptom to the first opening of a breaker, where one opened."""
    loop_s: Estimate
    staffed_s: Estimate
    within_share: Estimate
    """Closed within `TARGET_S`, of all loops; by replication."""


def loop_outcome(runs: Sequence[Run]) -> LoopOutcome | None:
    """The loops of a variant; None when no incident lies in its run but such as were announced.

    Means are over replications: of several incidents in one run the mean of that run counts once.
    """
    found = [_loops(run) for run in runs]
    if not sum(len(one.moments_s) for one in found):
        return None
    stages = [[_mean(one.stages_s[:, k]) for one in found] for k in range(len(STAGES))]
    return LoopOutcome(
        loops=sum(len(one.moments_s) for one in found),
        closed=int(sum((~np.isnan(one.loop_s)).sum() for one in found)),
        stages_s={name: intervals.mean(values) for name, values in zip(STAGES, stages, strict=True)},
        declared_s=intervals.mean(
            [_mean(one.moments_s[:, _DECLARED_AT] - one.moments_s[:, 0]) for one in found]
        ),
        loop_s=intervals.mean([_mean(one.loop_s) for one in found]),
        staffed_s=intervals.mean([_mean(one.staffed_s) for one in found]),
        within_share=intervals.mean([one.within_share() for one in found]),
    )


def _loops(run: Run) -> LoopTimes:
    # Of what was announced nobody waits for the first symptom: its plan is no answer to one.
    inside = [incident for incident in true_incidents(run) if not incident.announced]
    if not inside:
        return LoopTimes(np.empty((0, len(MOMENTS))))
    return LoopTimes(np.concatenate([loop_of(run, incident).moments_s for incident in inside]))


def _mean(values: NDArray[np.float64]) -> float:
    there = values[~np.isnan(values)]
    return float(there.mean()) if len(there) else math.nan

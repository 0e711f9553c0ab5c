"""Records → workforce numbers: service levels, intervals of confidence, decomposition, incidents, replays.

`summarise` puts all replications of a variant into one `Summary`, `compare` pairs two variants, `table` lists
measures by interval, queue, channel or intent, `story` tells a run's control events in words, `replay` holds a
replayed day against its log.
"""

from __future__ import annotations

from sim.outcomes.erlang import Promise, Required, dispersion, promise, required
from sim.outcomes.handling import POOLS_ACTUAL, POOLS_PLANNED, HandlingTime, Pools, handling_times, pools
from sim.outcomes.incidents import IncidentOutcome, incident_outcome, incident_outcomes, service_level_damage
from sim.outcomes.intervals import Estimate, mean, mean_difference, ratio, ratio_difference
from sim.outcomes.measures import (
    EVERYTHING,
    MEASURE,
    MEASURES,
    SERVICE_LEVELS,
    SHOWN_COUNTS,
    Cut,
    Measure,
    Window,
    quantities,
    reason_measure,
    sharing,
    table,
    totals,
    totals_of,
)
from sim.outcomes.replay import Compared, ReplayOutcome, replay
from sim.outcomes.summary import (
    PER_RUN,
    Difference,
    Happening,
    IncidentSummary,
    ReasonCount,
    Summary,
    compare,
    story,
    summarise,
)

__all__ = [
    "EVERYTHING",
    "MEASURE",
    "MEASURES",
    "PER_RUN",
    "POOLS_ACTUAL",
    "POOLS_PLANNED",
    "SERVICE_LEVELS",
    "SHOWN_COUNTS",
    "Compared",
    "Cut",
    "Difference",
    "Estimate",
    "HandlingTime",
    "Happening",
    "IncidentOutcome",
    "IncidentSummary",
    "Measure",
    "Pools",
    "Promise",
    "ReasonCount",
    "ReplayOutcome",
    "Required",
    "Summary",
    "Window",
    "compare",
    "dispersion",
    "handling_times",
    "incident_outcome",
    "incident_outcomes",
    "mean",
    "mean_difference",
    "pools",
    "promise",
    "quantities",
    "ratio",
    "ratio_difference",
    "reason_measure",
    "replay",
    "required",
    "service_level_damage",
    "sharing",
    "story",
    "summarise",
    "table",
    "totals",
    "totals_of",
]

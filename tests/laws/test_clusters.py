"""Escalations cluster because they share a state, and not otherwise (bar of the scenario that ships, through the whole path).

The same day twice: a rule that stops sessions from half past ten on, and as many stopped sessions over the day with nothing in common.
False alarms: three intervals at four standard errors (1 in 16,000 each); the seed is the scenario's own, so a pass stays a pass.
"""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from sim.engine.records import Run
from sim.engine.run import replicate
from sim.outcomes.bursts import ARRIVALS, HANDOVERS, Stream, around_incidents, dispersions
from sim.store import scenarios_of

FILE = Path(__file__).resolve().parents[2] / "scenarios" / "policy_boundary_cluster.yaml"
REPLICATIONS = 20
BINS_S = (60.0, 300.0, 1800.0)
CAUSE, NONE = "as it comes", "nothing in common"


@pytest.fixture(scope="module")
def days() -> dict[str, list[Run]]:
    """Both variants on the same customers."""
    found = scenarios_of(FILE, variants=[CAUSE, NONE], replications=REPLICATIONS)
    return {name: list(replicate(scenario, REPLICATIONS)) for name, scenario in dict(found).items()}


@pytest.mark.parametrize("stream", [ARRIVALS, HANDOVERS], ids=lambda stream: stream.name)
def test_a_shared_cause_clusters_and_the_same_volume_without_it_does_not(
    days: dict[str, list[Run]], stream: Stream
) -> None:
    """I(5 min) is above 1.5 with all of its interval, and 1 where nothing is shared, at 1, 5 and 30 minutes, in the same three hours."""
    window = around_incidents(days[CAUSE][0].scenario)
    assert window is not None
    (shared,) = dispersions(days[CAUSE], stream, window, (300.0,))
    assert shared.against_plan.low > 1.5
    for one in dispersions(days[NONE], stream, window, BINS_S):
        bins = (window[1] - window[0]) // one.scale_s
        assert 1.0 == pytest.approx(one.against_plan.value, abs=4.0 * math.sqrt(2.0 / (bins * REPLICATIONS)))


def test_both_days_have_the_same_volume(days: dict[str, list[Run]]) -> None:
    """What people are asked differs by less than 2 % over the day: the difference is when, not how much."""
    volume = {name: sum(len(ARRIVALS.times(run)) for run in runs) for name, runs in days.items()}
    assert volume[CAUSE] == pytest.approx(volume[NONE], rel=0.02)

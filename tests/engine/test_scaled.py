"""Sessions that autoscaling brings are told to workforce management the moment they are there."""

from __future__ import annotations

import numpy as np

from sim.engine.run import simulate
from sim.engine.what import What
from sim.orchestration.signals import Type
from sim.scenario import build, load

SETS = (
    "calendar.until=2026-03-02 09:00",
    "fleets.A={sessions: 30, autoscale: {target: 0.7, quota: 180}}",
    "fleets.B.autoscale=null",
    "fleets.C={sessions: 4, autoscale: null}",
    "failover.degradation=null",
)
"""Fleet A is too small for its calls and nobody can take them off it: every session more spares people work."""


def test_the_volume_is_estimated_anew_when_sessions_come() -> None:
    """Sessions come, no breaker moves, and the expected human volume goes down at that very second; on both floors."""
    made = build.build(load.load("benchmarks/monday_all_on.yaml", SETS).variants["as is"], name="scaled")
    run, plain = simulate(made), simulate(made, floor="plain")
    scaled = run.control[run.control["what"] == What.SCALE]
    told = [s for s in run.signals if s.type is Type.VOLUME_IMPACT and s.at_s in scaled["at_s"]]
    moved_s = run.control["at_s"][np.isin(run.control["what"], (What.BREAKER, What.LEVEL))]
    assert len(told) >= 2
    for signal in told:
        assert signal.at_s not in moved_s
        assert signal.impact.ahead[0].p50_per_min < 0.0
    assert repr(run.signals) == repr(plain.signals)

"""Who is held because the AI failed goes back to it when it is well again: not before, and not counted as having queued."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.engine.run import simulate
from sim.engine.state import Disposition
from sim.engine.what import What
from sim.orchestration.breaker import State
from sim.orchestration.words import Reason
from sim.scenario import build, load

FILE = "scenarios/single_vendor_outage_monday_peak.yaml"
SETTLED_S = 10.0


@pytest.mark.parametrize("floor", ["kernel", "plain"])
def test_the_held_go_back_when_a_breaker_has_been_closed_long_enough(floor: str) -> None:
    """Monday's outage, metered: nobody goes back while the breaker of the fleet that takes them has not been closed for ten seconds."""
    loaded = load.load(FILE, ("calendar.until=2026-03-02 12:00",))
    made = build.build(loaded.variants["plans with metering and callbacks"], name="back")
    assert made.relief is not None
    assert made.relief.meter is not None
    meter = replace(made.relief.meter, back_after_s=SETTLED_S)
    run = simulate(
        replace(made, relief=replace(made.relief, meter=meter), keep_contacts=True),
        floor=floor,  # type: ignore[arg-type]
    )
    assert run.decisions is not None
    assert run.contacts is not None
    back = run.decisions[run.decisions["reason"] == Reason.BACK_TO_AI]
    assert len(back) > 0
    moves = run.control[run.control["what"] == What.BREAKER]
    waited = 0
    for row in back:
        mine = moves[(moves["subject"] == row["fleet"]) & (moves["at_s"] <= row["at_s"])]
        if len(mine):  # else it was only full, and its breaker closed all the time
            waited += 1
            assert State.CLOSED == State(int(mine["to_state"][-1]))
            assert row["at_s"] - mine["at_s"][-1] >= SETTLED_S
    assert waited > 0
    c = run.contacts
    gone = np.isin(c["id"], back["contact"])
    settled = gone & (c["disposition"] == Disposition.AI_RESOLVED)
    assert settled.sum() > 0
    assert {-1} == set(c["queue"][settled].tolist()), "they never joined a queue"
    assert (c["ai_start_s"][gone] > c["hold_s"][gone]).all(), "and had been held first"

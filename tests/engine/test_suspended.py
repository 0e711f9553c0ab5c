"""A watch that stands on what is declared down judges no sessions meanwhile: it may be blind rather than right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.engine.run import simulate
from sim.engine.what import What
from sim.orchestration.breaker import Cause
from sim.orchestration.common_cause import CommonCausePolicy
from sim.scenario import build, load

OF_SESSIONS = {Cause.CONTAINMENT, Cause.ESCALATED_SHARE, Cause.LOOPED_SHARE, Cause.NO_SESSIONS}


@pytest.mark.parametrize("floor", ["kernel", "plain"])
def test_no_breaker_moves_for_sessions_while_a_node_under_the_watch_is_declared(floor: str) -> None:
    """In the brown-out sessions move breakers before the provider is declared, and while it is not; in between none does."""
    loaded = load.load("scenarios/shared_llm_provider_brownout.yaml", ("calendar.until=2026-03-02 12:30",))
    made = build.build(loaded.variants["sessions count as well"], name="suspended")
    made = replace(made, common_cause=CommonCausePolicy())
    run = simulate(made, floor=floor)  # type: ignore[arg-type]
    log = run.control
    declared = log["what"] == What.ANCESTOR
    under = {made.names.nodes[n] for n in made.watch.nodes} if made.watch else set()
    down: set[int] = set()
    moved = {True: 0, False: 0}
    for row in log[declared | (log["what"] == What.BREAKER)]:
        if row["what"] == What.ANCESTOR:
            down ^= {int(row["subject"])} if made.names.nodes[int(row["subject"])] in under else set()
        elif int(row["cause"]) in OF_SESSIONS:
            moved[bool(down)] += 1
    assert {True: 0} == {True: moved[True]}
    assert moved[False] > 0
    assert any("judgement of sessions is suspended" in words for words in run.said.values())
    assert np.count_nonzero(declared) >= 2

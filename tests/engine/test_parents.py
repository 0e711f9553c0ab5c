"""Breakers of nodes in a run: one fleet probes for all of a provider that is down, on both floors."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from sim.engine.run import simulate
from sim.engine.what import What
from sim.orchestration.breaker import State
from sim.orchestration.parents import ParentPolicy
from sim.scenario import build, load
from sim.scenario.errors import ScenarioError

FILE = "scenarios/shared_llm_provider_brownout.yaml"
P1 = ParentPolicy({"provider.P1": ("A", "B")})


def moves(policy: ParentPolicy | None, floor: Any = "kernel") -> Any:
    """The control log of a morning on which the provider of A and B is down from 10:05 to 11:35."""
    loaded = load.load(FILE, ("calendar.until=2026-03-02 12:00",), ("down_instead",))
    made = build.build(loaded.variants["independent breakers"], name="parents")
    return simulate(replace(made, parents=policy), floor=floor).control


def half_open(log: Any) -> Counter[int]:
    """Rounds of probes by fleet."""
    rows = log[(log["what"] == What.BREAKER) & (log["to_state"] == State.HALF_OPEN)]
    return Counter(rows["subject"].tolist())


@pytest.mark.parametrize("floor", ["kernel", "plain"])
def test_one_fleet_probes_for_all(floor: str) -> None:
    """While the provider is down A and B probe in turns of ten minutes: half as many rounds as by themselves, and both come back."""
    alone, together = half_open(moves(None, floor)), half_open(log := moves(P1, floor))
    assert 0.65 * (alone[0] + alone[1]) > together[0] + together[1]
    parent = log[log["what"] == What.PARENT]
    assert 1 == parent["to_state"][0]
    assert 9 == (parent["to_state"] == 2).sum(), "90 minutes, a new scout every ten"
    last = {f: log[(log["what"] == What.BREAKER) & (log["subject"] == f)]["to_state"][-1] for f in (0, 1)}
    assert {State.CLOSED} == {State(int(state)) for state in last.values()}


def test_refusals() -> None:
    """Nothing stands on the node twice, no breakers, no such node."""
    for sets, said in (
        (
            ("failover.parents.nodes=[vendor.C]", "failover.breakers.cool_down=30s"),
            "needs two fleets that stand on vendor.C, and has 1",
        ),
        (("failover.parents.nodes=[nowhere]",), "nowhere"),
        (("failover.parents.share=0.5", "failover.breakers=off"), "has no effect without failover.breakers"),
    ):
        with pytest.raises(ScenarioError) as refused:
            load.load("scenarios/r1.yaml", sets)
        assert said in str(refused.value)

"""Hosts that are out take their sessions along: what signals and plans say of it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from sim.engine.estimates import Estimates, Standing
from sim.engine.run import simulate
from sim.engine.supervisor import STARTED
from sim.engine.what import What
from sim.orchestration import ejection, signals
from sim.scenario import build, load
from sim.scenario.model import Scenario

BEGINS_S, ENDS_S = (3.0 + 5.0 / 60.0) * 3600.0, (5.0 + 5.0 / 60.0) * 3600.0
HOSTS, SESSIONS = 10, 90


@lru_cache(maxsize=1)
def scenario() -> Scenario:
    """Seven of ten hosts go bad, all of them are taken out, and breakers that see nothing stay closed."""
    sets = (
        "calendar.until=2026-03-02 13:00",
        "signals={}",
        "plans={overtime: {kind: overtime, group: frontline, people: 20, lead: [5m, 10m]}}",
        "failover={retries: 0, breakers: {failed: 1, slow: 1, in_a_row: 0}, fallback: {voice: [A, human]}}",
        "failover.ejection={in_a_row: 3, outlier: off, base: 5m, at_most: 30m, share: 0.9, panic: 0}",
    )
    made = load.load("scenarios/sick_host.yaml", sets, ("most_hosts",))
    return build.build(made.variants["three in a row and longer out"], name="hosts out")


@lru_cache(maxsize=2)
def run(floor: str = "kernel") -> Any:
    """One replication of it."""
    return simulate(scenario(), floor=floor)


def out_at(control: Any, row: int) -> int:
    """Hosts that are out when a row of the control log is written."""
    before = control[:row]
    moves = before[(before["what"] == What.HOST) & (before["from_state"] >= 0)]
    return int(np.where(moves["to_state"] == 1, 1, -1).sum())


def test_signals_reckon_with_the_hosts_that_are_in() -> None:
    """Each says what a fleet of so many sessions fewer puts on people; the more hosts out, the more."""
    one = run()
    estimates = Estimates(scenario(), {}, {})
    said: dict[int, float] = {}
    for row in np.flatnonzero(one.control["what"] == What.SIGNAL):
        out, at_s = out_at(one.control, row), float(one.control[row]["at_s"])
        stands = Standing((0, 0, 0), (0, 0, 0), (SESSIONS * (HOSTS - out) // HOSTS, 120, 80), (0, 0, 0))
        expected = estimates.now(stands, at_s).ahead[0]
        assert (expected.p50_per_min, expected.erlangs) == pytest.approx(
            (float(one.control[row]["part"]), float(one.control[row]["whole"]))
        )
        if BEGINS_S <= at_s < BEGINS_S + 600.0:
            said[out] = max(said.get(out, 0.0), expected.p50_per_min)
    assert len(said) >= 3
    assert sorted(said.values()) == [said[out] for out in sorted(said)]
    assert max(said) == 7
    assert said[7] > 4.0


def test_plans_call_people_for_it_and_let_them_go() -> None:
    """People are asked while hosts are out although no breaker moved, for as long as faults last; without sick hosts nobody is."""
    control = run().control
    assert not len(control[control["what"] == What.BREAKER])
    asked = control[(control["what"] == What.PLAN) & (control["to_state"] == STARTED)]
    assert len(asked)
    assert (asked["at_s"] >= BEGINS_S).all()
    first = next(s for s in run().signals if s.type is signals.Type.VOLUME_IMPACT)
    assert 4500.0 == pytest.approx(first.expected_p50_s)
    words = next(text for text in dict(run().said).values() if "people asked" in text)
    assert "people short by then" in words


def test_both_floors_say_the_same() -> None:
    """Signals, plans and hosts, to the last bit and word."""
    kernel, plain = run(), run("plain")
    assert kernel.said == plain.said
    assert repr(kernel.signals) == repr(plain.signals)


def test_what_hosts_carry() -> None:
    """Their share of the sessions; in a panic none where new ones go to people, all where health is ignored."""
    policy = dict.fromkeys(ejection.EJECTION.names[8:], 0.0) | {"every_s": 10.0, "panic_below": 0.5}  # type: ignore[index]
    e, _ = ejection.ejection([10, 1], **policy)

    def carried() -> tuple[int, ...]:
        return tuple(ejection.in_service(e, f, sessions) for f, sessions in enumerate((90, 7)))

    assert (90, 7) == carried()
    e[0].available = 6
    assert (54, 7) == carried()
    e[0].available = 3
    assert ejection.panic_moved(e, 0)
    assert (90, 7) == carried()
    e["to_human"] = 1
    assert (0, 7) == carried()

"""Maintenance that is told ahead: when its signal goes out, when the desk asks for people, and that nothing else moves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim.engine.run import simulate
from sim.engine.supervisor import ARRIVED, STARTED
from sim.engine.what import What
from sim.orchestration import signals
from sim.outcomes.breakers import true_incidents
from sim.outcomes.loop import loop_outcome
from sim.scenario import build, load
from sim.scenario.errors import ScenarioError

FILE = "scenarios/planned_maintenance_vs_surprise.yaml"
DOWN_S = (3.0 + 5.0 / 60.0) * 3600.0
"""10:05 of a run that begins at 07:00."""
SHORT = "calendar.until=2026-03-02 11:30"


def run(announced_s: float) -> Any:
    """The surprise's world with the outage told so long ahead, on the compiled floor."""
    made = scenario(SHORT)
    (incident,) = made.incidents
    return simulate(replace(made, incidents=(replace(incident, announced_s=announced_s),)))


def scenario(*sets: str) -> Any:
    """The scenario's variant without notice, with changes."""
    return build.build(load.load(FILE, sets).variants["surprise"], name="notice")


def rows(one: Any, what: What, state: int) -> Any:
    """Rows of the control log of a kind that lead to a state."""
    return one.control[(one.control["what"] == what) & (one.control["to_state"] == state)]


PLANNED = list(signals.Type).index(signals.Type.PLANNED_MAINTENANCE)


@pytest.mark.parametrize(
    ("announced_s", "expected_s"), [(7200.0, DOWN_S - 7200.0), (1800.0, DOWN_S - 1800.0), (86400.0, 0.0)]
)
def test_the_signal_goes_out_so_long_ahead(announced_s: float, expected_s: float) -> None:
    """One signal for the fleet on the node, with the pause's length and full confidence; from before the run: at its start."""
    one = run(announced_s)
    (row,) = rows(one, What.SIGNAL, PLANNED)
    (signal,) = (s for s in one.signals if s.type is signals.Type.PLANNED_MAINTENANCE)

    assert (expected_s, 3600.0, 1.0) == (float(row["at_s"]), float(row["limit"]), signal.confidence)
    assert "planned maintenance of vendor.B from Mon 10:05 for 60 min" == signal.cause
    assert signal.scope.fleets == ("B",)


def test_people_are_there_as_it_begins() -> None:
    """With two hours' notice people of some lever are there before 10:05, no earlier than a plan before; without, none is asked before."""
    told, surprise = run(7200.0), run(0.0)

    assert rows(surprise, What.PLAN, STARTED)["at_s"].min(initial=np.inf) > DOWN_S
    arrived = rows(told, What.PLAN, ARRIVED)["at_s"]
    assert arrived.min() <= DOWN_S
    assert len(rows(told, What.PLAN, STARTED)["at_s"]) > 0


def test_the_rest_is_told_by_who_announced_it() -> None:
    """While the pause lasts every signal of its fleet gives the announced end as its median, and not the law of faults."""
    one = run(7200.0)
    end_s = DOWN_S + 3600.0
    said = [
        s
        for s in one.signals
        if s.scope.fleets == ("B",) and DOWN_S <= s.at_s < end_s and s.to_state != "closed"
    ]

    assert said
    assert [pytest.approx(end_s - s.at_s) for s in said] == [s.expected_p50_s for s in said]


def test_what_was_announced_is_no_loop() -> None:
    """The loop from symptom to action is that of surprises."""
    one = run(7200.0)
    assert [True] == [incident.announced for incident in true_incidents(one)]
    assert loop_outcome([one]) is None
    assert loop_outcome([run(0.0)]) is not None


def test_refusals() -> None:
    """Without signals nobody hears it, and only an outage is announced."""
    good = "incidents=[{at: 10:05, node: vendor.B, effect: down, lasts: 60m, announced: 2h}]"
    slow = "incidents=[{at: 10:05, node: vendor.B, effect: slow, factor: 2, lasts: 60m, announced: 2h}]"
    for sets, problem in (
        ((good, "signals=off", "plans=null", "desk=null"), "announced: has no effect without signals"),
        ((slow,), "announced: has no effect on slow; remove it"),
    ):
        with pytest.raises(ScenarioError, match=problem):
            scenario(*sets)

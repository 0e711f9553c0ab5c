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


def test_the_signal_carries_the_volume_of_the_pause() -> None:
    """It says what the surprise's first signal says when it comes: contacts a minute, Erlangs, people; to a receiver too."""
    told, surprise = run(7200.0), run(0.0)
    (planned,) = (s for s in told.signals if s.type is signals.Type.PLANNED_MAINTENANCE)
    first = next(s for s in surprise.signals if s.type is signals.Type.STATE_CHANGE)
    ahead, now = planned.impact.ahead[0], first.impact.ahead[0]

    assert (7200.0, 0.0) == (ahead.ahead_s, now.ahead_s)
    assert 7.0 <= now.p50_per_min <= 8.5
    for figure in ("p50_per_min", "erlangs", "required", "available"):
        assert getattr(now, figure) == pytest.approx(getattr(ahead, figure)), figure
    # The further ahead, the less sure.
    assert ahead.p10_per_min < now.p10_per_min < now.p90_per_min < ahead.p90_per_min
    assert planned.impact.burst == pytest.approx(first.impact.burst, rel=0.5)
    data = signals.cloud_event(planned, "/blendsim/notice", told.scenario.calendar.start)["data"]
    assert (now.p50_per_min, now.erlangs) == pytest.approx(
        (data["human_impact_per_min"]["p50"], data["human_impact_erlangs"])
    )
    (row,) = rows(told, What.SIGNAL, PLANNED)
    assert (now.p50_per_min, now.erlangs) == pytest.approx((float(row["part"]), float(row["whole"])))
    words = " | ".join(dict(told.said).values())
    assert f"in 120 min human volume {now.p50_per_min:+.1f}/min" in words
    assert f"{now.required} people needed, {now.available:.0f} there; may last 60 min" in words


def test_present_volumes_are_said_as_without_notice() -> None:
    """From the outage on, signals say the same of now, announced or not."""
    told, surprise = run(7200.0), run(0.0)

    def said(one: Any) -> list[Any]:
        return [(s.at_s, s.type, s.impact) for s in one.signals if s.at_s < DOWN_S + 600.0]

    assert said(surprise)
    assert said(surprise) == [row for row in said(told) if row[1] is not signals.Type.PLANNED_MAINTENANCE]


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

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.engine.supervisor import ARRIVED, LEFT, STARTED, STOPPED
from sim.engine.what import What
from sim.outcomes.cost import plan_cost, stays
from sim.scenario.model import Scenario
from tests.outcomes.made_up import run, scenario

NAN = np.nan
INCIDENT = [
    (2100.0, int(What.INCIDENT_BEGINS), 0, -1, -1, 0, NAN, NAN, NAN),
    (3300.0, int(What.INCIDENT_ENDS), 0, -1, -1, 0, NAN, NAN, NAN),
]


def with_levers() -> Scenario:
    """Two levers, of which the second has a price."""
    group = {"group": "callers", "people": 10}
    return scenario(
        signals={},
        plans={
            "breaks": {"kind": "move_breaks", **group},
            "overtime": {"kind": "overtime", "cost_per_h": 30, **group},
        },
    )


def plan(at_s: float, lever: int, state: int, call: int, people: float) -> tuple[Any, ...]:
    """A row of a plan."""
    return at_s, int(What.PLAN), lever, -1, state, call, people, NAN, NAN


def test_people_cost_from_their_coming_to_their_going() -> None:
    """Four for half an hour for nothing, two for an hour at 30; what is after the incident's end is told apart."""
    control = [
        INCIDENT[0],
        plan(2110.0, 0, STARTED, 1, 5.0),
        plan(2110.0, 1, STARTED, 2, 8.0),
        plan(2400.0, 0, ARRIVED, 1, 4.0),
        plan(2700.0, 1, ARRIVED, 2, 2.0),
        INCIDENT[1],
        plan(4000.0, 0, STOPPED, 1, 4.0),
        plan(4200.0, 0, LEFT, 1, 4.0),
        plan(6300.0, 1, LEFT, 2, 2.0),
    ]
    found = plan_cost([run([], made_in=with_levers(), control=control)])
    assert found is not None

    assert (13.0, 6.0, 4.0) == (found.asked.value, found.came.value, found.hours.value)
    assert (4 * 900 + 2 * 3000) / 3600 == pytest.approx(found.idle_hours.value)
    assert 60.0 == found.cost.value
    assert {"breaks": 0.0, "overtime": 60.0} == {
        name: cost.value for name, cost in found.cost_by_lever.items()
    }


def test_who_never_left_stays_to_the_end() -> None:
    """And who never came, or was called off on the way, costs nothing."""
    control = [
        plan(100.0, 1, STARTED, 1, 5.0),
        plan(100.0, 0, STARTED, 2, 5.0),
        plan(200.0, 0, STOPPED, 2, 0.0),
        plan(3600.0, 1, ARRIVED, 1, 3.0),
    ]
    one = run([], made_in=with_levers(), control=control)

    assert [(1, 3.0, 3600.0, 7200.0)] == [(x.lever, x.people, x.from_s, x.until_s) for x in stays(one)]
    found = plan_cost([one])
    assert found is not None
    assert 90.0 == found.cost.value


def test_without_levers_there_is_no_price() -> None:
    """None, and not zero."""
    assert plan_cost([run([])]) is None

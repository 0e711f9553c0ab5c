from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.engine.state import Disposition, Handling
from sim.engine.what import What
from sim.outcomes.alarms import NEW_TOPIC, containment_by_hour, troubles, warned, warning_quality
from sim.scenario.model import Scenario
from tests.outcomes.made_up import rows, run, scenario

BEGINS_S, ENDS_S = 2100.0, 3300.0
NAN = np.nan
INCIDENT = [
    (BEGINS_S, int(What.INCIDENT_BEGINS), 0, -1, -1, 0, NAN, NAN, NAN),
    (ENDS_S, int(What.INCIDENT_ENDS), 0, -1, -1, 0, NAN, NAN, NAN),
]


def watching(**changes: Any) -> Scenario:
    """The made-up centre with early warnings."""
    return scenario(watch={"early_warning": {}}, **changes)


def alarm(at_s: float, on: int = 1) -> tuple[Any, ...]:
    """A warning about fleet 0 is raised, or is over."""
    return at_s, int(What.WARNING), 0, 1 - on, on, 0, 6.2, 6.0, 81.0


@pytest.mark.parametrize(
    ("at_s", "false", "missed", "delays"),
    [
        (1000.0, 1, 1, {}),
        (2400.0, 0, 0, {"down": [300.0]}),
        (3900.0, 0, 0, {}),  # in the grace: neither false nor in time
        (4300.0, 1, 1, {}),
    ],
)
def test_a_warning_is_right_while_something_is_wrong(
    at_s: float, false: int, missed: int, delays: dict[str, list[float]]
) -> None:
    """Before it and later than the grace of a quarter of an hour it is false, and the fault missed."""
    found = warned(
        run([], made_in=watching(), control=sorted([*INCIDENT, alarm(at_s), alarm(at_s + 50.0, 0)]))
    )

    assert (1, false, 1, missed) == (found.alarms, found.false, found.faults, found.missed)
    assert delays == found.delays_s


def test_a_fleet_already_alarmed_misses_nothing() -> None:
    """A warning that still stands when the fault begins was false when it was raised, and is no miss."""
    found = warned(run([], made_in=watching(), control=[alarm(2000.0), *INCIDENT]))

    assert (1, 0) == (found.false, found.missed)


def test_a_new_topic_is_a_fault_too() -> None:
    """A topic that no intent knows is wrong under every fleet, though no incident row tells of it."""
    made = watching(demand={"per_h": 600, "new_pattern": {"at": "09:30", "share": 0.1, "ramp": "10m"}})
    one = run([], made_in=made, control=[alarm(2400.0)])

    assert [(NEW_TOPIC, 1800.0, 7200.0)] == [(x.effect, x.from_s, x.until_s) for x in troubles(one)]
    assert {NEW_TOPIC: [600.0]} == warned(one).delays_s


def test_false_alarms_per_fleet_and_day() -> None:
    """One false alarm in two hours of one fleet is twelve a day; the other replication's was right."""
    made = watching()
    runs = [
        run([], made_in=made, control=[alarm(1000.0), alarm(1100.0, 0), *INCIDENT]),
        run([], made_in=made, control=[INCIDENT[0], alarm(2160.0), INCIDENT[1]], replication=1),
    ]
    found = warning_quality(runs)
    assert found is not None

    assert (1.0, 0.5, 6.0, 0.5) == pytest.approx(
        (found.alarms.value, found.false_share.value, found.false_per_day.value, found.miss_share.value)
    )
    assert 60.0 == found.detect_s["down"].value
    assert warning_quality([run([])]) is None


def test_containment_as_seen_and_as_true() -> None:
    """By the hour in which the session began: wrong closings look contained, sessions under way are in neither."""
    ok, false, other = (
        int(Disposition.AI_RESOLVED),
        int(Disposition.AI_FALSE_CONTAINED),
        int(Disposition.HUMAN_RESOLVED),
    )
    contained, escalated = int(Handling.AI_CONTAINED), int(Handling.ESCALATED)
    contacts = rows(
        6,
        ai_start_s=np.array([10.0, 20.0, 30.0, 40.0, 4000.0, 7000.0]),
        fleet=np.zeros(6, dtype=np.int64),
        first_fleet=np.zeros(6, dtype=np.int64),
        disposition=[ok, ok, false, other, ok, int(Disposition.IN_SYSTEM)],
        handling=[contained, contained, contained, escalated, contained, contained],
    )
    found = containment_by_hour([run([], contacts=contacts)])

    assert [(0, 0.0, 4.0, 0.75, 0.5), (0, 3600.0, 1.0, 1.0, 1.0)] == [
        (row.fleet, row.from_s, row.closed.value, row.seen.value, row.true.value) for row in found
    ]
    assert [] == containment_by_hour([run([])])

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.engine.records import Run
from sim.engine.state import Handling
from sim.engine.what import What
from sim.orchestration.signals import Type
from sim.outcomes.impact import impact_outcome, volumes
from tests.outcomes.made_up import cell, rows, run

BEGINS_S, ENDS_S = 2700.0, 3600.0  # an incident of one interval; half an hour later the day is normal again
NAN = np.nan


def signal(at_s: float, per_min: float) -> tuple[Any, ...]:
    """A signal that foretells so many contacts a minute."""
    return at_s, int(What.SIGNAL), 0, -1, 1, 1, per_min, 20.0, 4500.0


INCIDENT = [
    (BEGINS_S, int(What.INCIDENT_BEGINS), 0, -1, -1, 0, NAN, NAN, NAN),
    (ENDS_S, int(What.INCIDENT_ENDS), 0, -1, -1, 0, NAN, NAN, NAN),
]


def minutes(foretold: float) -> Run:
    """Ten contacts a minute meant for the AI; one of them comes to people on a normal day, all while it is down."""
    arrive_s = np.arange(1200) * 6.0
    down = (arrive_s >= BEGINS_S) & (arrive_s < ENDS_S)
    escalated = np.arange(1200) % 10 == 0
    handling = np.where(
        down, int(Handling.SPILLED), np.where(escalated, int(Handling.ESCALATED), int(Handling.AI_CONTAINED))
    )
    contacts = rows(
        1200, arrive_s=arrive_s, queue_s=np.where(down | escalated, arrive_s, NAN), handling=handling
    )
    control = [*INCIDENT[:1], signal(BEGINS_S, foretold), signal(3000.0, foretold), INCIDENT[1]]
    return run([], control=control, contacts=contacts)


def test_what_came_is_held_against_a_normal_day() -> None:
    """Nine a minute more than the usual one come; who foretells nine is right."""
    found = volumes(minutes(9.0))

    assert [9.0, 9.0] == list(found.real_per_min)
    outcome = impact_outcome([minutes(9.0)])
    assert outcome is not None
    assert (2.0, 0.0, 0.0) == (outcome.signals.value, outcome.bias.value, outcome.mape.value)


def test_too_much_and_too_little() -> None:
    """Twelve instead of nine is a third too much; over both the bias cancels, the relative error does not."""
    much, both = impact_outcome([minutes(12.0)]), impact_outcome([minutes(12.0), minutes(6.0)])
    assert much is not None
    assert both is not None

    assert 1 / 3 == pytest.approx(much.bias.value)
    assert 0.0 == pytest.approx(both.bias.value)
    assert 1 / 3 == pytest.approx(both.mape.value)


def test_a_signal_at_the_end_cannot_be_judged() -> None:
    """Its five minutes reach beyond the run."""
    one = run([], control=[signal(7100.0, 5.0)], contacts=minutes(1.0).contacts)

    assert math.isnan(volumes(one).real_per_min[0])


def test_what_speaks_of_a_pause_to_come_is_not_held_against_the_next_minutes() -> None:
    """An announcement says what its pause will bring, and nothing of now."""
    planned = list(Type).index(Type.PLANNED_MAINTENANCE)
    told = (*signal(600.0, 9.0)[:4], planned, *signal(600.0, 9.0)[5:])
    one = run([], control=[told, signal(7100.0, 5.0)], contacts=minutes(1.0).contacts)

    assert [7100.0] == list(volumes(one).at_s)


def test_interval_mode_takes_the_whole_interval() -> None:
    """The same day in counts of a quarter of an hour: nine a minute in the interval of the incident."""
    cells = []
    for k in range(8):
        down = k == 3
        cells.append(
            cell(
                k,
                -1,
                1,
                handling=Handling.AI_CONTAINED,
                offered=0 if down else 135,
                ai_sessions=0 if down else 135,
            )
        )
        cells.append(
            cell(k, 1, 1, handling=Handling.ESCALATED, offered=0 if down else 15, queued=0 if down else 15)
        )
        cells.append(
            cell(k, 1, 1, handling=Handling.SPILLED, offered=150 if down else 0, queued=150 if down else 0)
        )
    found = volumes(run(cells, control=[INCIDENT[0], signal(3000.0, 9.0), INCIDENT[1]]))

    assert [9.0] == pytest.approx(list(found.real_per_min))


def test_no_signals_no_outcome() -> None:
    """None, and not a perfect forecast."""
    assert impact_outcome([run([], control=INCIDENT)]) is None

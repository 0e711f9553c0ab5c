from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.engine.supervisor import ARRIVED, STARTED, STOPPED
from sim.engine.what import What
from sim.orchestration.breaker import State
from sim.orchestration.signals import Type
from sim.outcomes.loop import STAGES, loop_outcome
from tests.outcomes.made_up import breaker_move, run

NAN = np.nan
BEGINS = (2100.0, int(What.INCIDENT_BEGINS), 0, -1, -1, 0, NAN, NAN, NAN)
ENDS = (3300.0, int(What.INCIDENT_ENDS), 0, -1, -1, 0, NAN, NAN, NAN)


def row(at_s: float, what: What, subject: int, before: int, after: int) -> tuple[Any, ...]:
    """A row of the control log."""
    return at_s, int(what), subject, before, after, 1, 5.0, NAN, NAN


def signal(at_s: float, kind: Type = Type.STATE_CHANGE) -> tuple[Any, ...]:
    """A signal is sent."""
    return row(at_s, What.SIGNAL, 0, -1, list(Type).index(kind))


def test_the_loop_of_signals_and_plans() -> None:
    """Seen after 5 s, open after 10, told after 11, people called after 17 and there after 200; the roster does not count."""
    control = [
        BEGINS,
        row(2105.0, What.WARNING, 0, 0, 1),
        breaker_move(2110.0, State.CLOSED, State.OPEN),
        signal(2111.0),
        row(2117.0, What.PLAN, 0, -1, STARTED),
        row(2130.0, What.PEOPLE, 0, -1, 25),
        row(2300.0, What.PLAN, 0, -1, ARRIVED),
        ENDS,
    ]
    found = loop_outcome([run([], control=control)])
    assert found is not None

    assert [5.0, 5.0, 1.0, 6.0, 183.0] == [found.stages_s[name].value for name in STAGES]
    assert (10.0, 17.0, 200.0) == (found.declared_s.value, found.loop_s.value, found.staffed_s.value)


@pytest.mark.parametrize(
    "ending",
    [
        row(2105.0, What.WARNING, 0, 1, 0),
        row(2105.0, What.LEVEL, 0, 2, 1),
        row(2105.0, What.ANCESTOR, 0, 1, 0),
        signal(2112.0, Type.RECOVERED),
        row(2112.0, What.PLAN, 0, -1, STOPPED),
        row(2112.0, What.PLAN, 0, -1, ARRIVED),
    ],
)
def test_the_end_of_something_begins_no_loop(ending: tuple[Any, ...]) -> None:
    """A warning that goes off, a level that falls, a recovery, people called before: none of them is a moment."""
    control = sorted([BEGINS, ending, breaker_move(2110.0, State.CLOSED, State.OPEN), ENDS])
    found = loop_outcome([run([], control=control)])
    assert found is not None

    assert (1, 0) == (found.loops, found.closed)
    assert 10.0 == found.stages_s["detect"].value
    assert np.isnan(found.stages_s["signal"].value)


def test_a_common_cause_may_be_declared_elsewhere_on_the_path() -> None:
    """The declared node need not be the true one: that it lies under the same fleet is enough to have seen it."""
    found = loop_outcome([run([], control=[BEGINS, row(2120.0, What.ANCESTOR, 0, 0, 1), ENDS])])
    assert found is not None

    assert 20.0 == found.stages_s["detect"].value

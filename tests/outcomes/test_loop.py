from __future__ import annotations

import math

import numpy as np
import pytest

from sim.engine.what import What
from sim.orchestration.breaker import State
from sim.outcomes import loop
from sim.outcomes.breakers import true_incidents
from sim.outcomes.loop import STAGES, loop_of, loop_outcome, loop_times
from tests.outcomes.made_up import breaker_move, run, scenario

BEGINS_S, ENDS_S = 2100.0, 3300.0  # 09:35 to 09:55 of a run from 09:00
INCIDENT = [
    (BEGINS_S, int(What.INCIDENT_BEGINS), 0, -1, -1, 0, np.nan, np.nan, np.nan),
    (ENDS_S, int(What.INCIDENT_ENDS), 0, -1, -1, 0, np.nan, np.nan, np.nan),
]


def people(at_s: float, wanted: int) -> tuple[float, ...]:
    """A row in which so many people of the first group are wanted."""
    return at_s, int(What.PEOPLE), 0, -1, wanted, -1, np.nan, np.nan, np.nan


def test_stages_add_up_to_the_loop() -> None:
    """Σ stages = total, for every loop, and the loop ends when the action starts (V20)."""
    rng = np.random.default_rng(1)
    moments = np.cumsum(rng.exponential(10.0, (50, 6)), axis=1)
    found = loop_times(*moments.T)

    assert (50, len(STAGES)) == found.stages_s.shape
    assert found.stages_s.sum(axis=1) == pytest.approx(found.staffed_s)
    assert found.stages_s[:, :4].sum(axis=1) == pytest.approx(found.loop_s)
    assert (found.staffed_s >= found.loop_s).all()


def test_a_skipped_moment_costs_nothing() -> None:
    """A desk that acts on a warning declares nothing: the stage before it takes the time, and stages still add up."""
    found = loop_times([0.0], [10.0], [np.nan], [np.nan], [30.0], [90.0])

    assert [10.0, 20.0, 0.0, 0.0, 60.0] == list(found.stages_s[0])
    assert [30.0] == list(found.loop_s)


def test_a_loop_that_is_never_closed_is_not_in_time() -> None:
    """Of three loops one is closed in 60 s, one later, one never."""
    found = loop_times(
        [0.0, 0.0, 0.0],
        [5.0, 5.0, 5.0],
        [5.0, 5.0, 5.0],
        [6.0, 6.0, np.nan],
        [60.0, 61.0, np.nan],
        [np.nan] * 3,
    )

    assert 1 / 3 == found.within_share()
    assert 2 / 3 == found.within_share(61.0)
    assert [5.0, 0.0] == list(found.stages_s[2, :2])
    assert np.isnan(found.stages_s[2, 2:]).all()
    assert math.isnan(loop_times([], [], [], [], [], []).within_share())


def test_polling_less_often_closes_fewer_loops_in_time() -> None:
    """The share within 60 s does not rise with the period at which a desk polls (V20)."""
    rng = np.random.default_rng(2)
    symptom = rng.uniform(0.0, 7200.0, 400)
    declared = symptom + rng.exponential(15.0, 400)
    shares = []
    for period_s in (1.0, 15.0, 60.0, 300.0):
        signalled = np.ceil(declared / period_s) * period_s
        acted = signalled + 5.0
        shares.append(loop_times(symptom, declared, declared, signalled, acted, acted + 60.0).within_share())

    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.9
    assert shares[-1] < 0.3


def test_moments_out_of_order_are_refused() -> None:
    """What comes before its cause, or a loop without all of its moments, is a mistake of the caller's."""
    with pytest.raises(ValueError, match="acted at 4 s is before signalled at 5 s"):
        loop_times([0.0], [1.0], [2.0], [5.0], [4.0], [9.0])
    with pytest.raises(ValueError, match="one each of every loop"):
        loop_times([0.0, 1.0], [1.0], [2.0], [5.0], [6.0], [9.0])


def test_a_run_tells_when_it_saw_and_declared() -> None:
    """The first move away from CLOSED detects, the first opening declares; without a signal the loop stays open."""
    one = run([], control=[*INCIDENT, breaker_move(2110.0, State.CLOSED, State.OPEN), people(2200.0, 20)])

    (incident,) = true_incidents(one)
    found = loop_of(one, incident)
    assert [BEGINS_S, 2110.0, 2110.0] == list(found.moments_s[0, :3])
    assert np.isnan(found.moments_s[0, 3:]).all()
    assert [8.0, 0.0] == list(loop_of(one, incident, symptom_s=2102.0).stages_s[0, :2])

    outcome = loop_outcome([one])
    assert outcome is not None
    assert (1, 0) == (outcome.loops, outcome.closed)
    assert 10.0 == outcome.stages_s["detect"].value
    assert 0.0 == outcome.within_share.value


def test_signals_and_plans_close_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of the kinds that stand for signals and actions make the later moments; staffed is more people than before."""
    monkeypatch.setitem(loop.ROWS, "signalled", ("PEOPLE",))
    monkeypatch.setitem(loop.ROWS, "acted", ("PEOPLE",))
    control = [
        people(0.0, 10),
        *INCIDENT[:1],
        breaker_move(2110.0, State.CLOSED, State.OPEN),
        people(2112.0, 10),
        people(2172.0, 22),
        *INCIDENT[1:],
    ]

    outcome = loop_outcome([run([], control=control)])

    assert outcome is not None
    assert (1, 1.0) == (outcome.closed, outcome.within_share.value)
    assert [10.0, 0.0, 2.0, 0.0, 60.0] == [outcome.stages_s[name].value for name in STAGES]
    assert (12.0, 72.0) == (outcome.loop_s.value, outcome.staffed_s.value)


def test_a_run_without_incidents_has_no_loop() -> None:
    """Nothing to see, nothing to close."""
    assert loop_outcome([run([], made_in=scenario(incidents=()))]) is None

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from sim.orchestration.desk import Desk, DeskState, Handled, Loop, Mode, automated, handle, manual, seen_at_s


def test_automated_takes_six_seconds() -> None:
    """Publish, decide and dispatch of an automated desk take six seconds, whatever a person would need, and signals do not wait."""
    state, first = handle(DeskState(), 322.0, 180.0, automated())
    _, second = handle(state, 322.5, 180.0, automated())

    assert Handled(322.0, 323.0, 325.0, 328.0) == first
    assert 328.5 == second.acted_s


@pytest.mark.parametrize(
    ("sent_s", "expected"), [(0.0, 300.0), (299.0, 300.0), (299.5, 600.0), (3600.0, 3900.0)]
)
def test_manual_sees_at_the_next_look(sent_s: float, expected: float) -> None:
    """A manual desk sees a signal at the next multiple of its period; one that is there just in time is seen right then."""
    assert expected == seen_at_s(manual(300.0), sent_s)


def test_manual_decides_a_look_at_a_time() -> None:
    """What lies there at one look is decided together; the next look waits for the one before."""
    state, first = handle(DeskState(), 10.0, 400.0, manual(300.0))
    state, same = handle(state, 200.0, 90.0, manual(300.0))
    _, later = handle(state, 310.0, 100.0, manual(300.0))

    assert (300.0, 700.0, 760.0) == (first.seen_s, first.decided_s, first.acted_s)
    assert 700.0 == same.decided_s
    assert (600.0, 800.0) == (later.seen_s, later.decided_s)


def test_seen_never_before_it_is_there() -> None:
    """Whatever the period, nothing is seen before it was published, nor more than one period later."""
    dice = np.random.default_rng(5)
    for _ in range(2000):
        poll_s, sent_s = dice.uniform(0.1, 400.0), dice.uniform(0.0, 1e5)
        late_s = seen_at_s(Desk(Mode.MANUAL, publish_s=0.7, poll_s=poll_s), sent_s) - sent_s - 0.7
        assert -1e-9 <= late_s <= poll_s + 1e-9


def test_stages_sum_to_the_total() -> None:
    """The stages of a loop sum to its total, whichever of them did not happen."""
    dice = np.random.default_rng(7)
    for happened in itertools.product((True, False), repeat=3):
        for _ in range(50):
            at_s = [dice.uniform(0.0, 1e5)]
            for _ in range(5):
                at_s.append(at_s[-1] + dice.exponential(40.0))
            middle = [at if was else math.nan for at, was in zip(at_s[1:4], happened, strict=True)]
            loop = Loop(at_s[0], *middle, acted_s=at_s[4], staffed_s=at_s[5])
            assert loop.total_s == pytest.approx(loop.stages_sum_s, abs=1e-9)
            assert all(stage >= 0.0 for stage in loop.stages_s.values())


def test_share_in_time_falls_with_the_period() -> None:
    """The share of loops within 60 s does not grow with the period of the desk."""
    shares = []
    for poll_s in (0.0, 15.0, 30.0, 60.0, 120.0, 300.0):
        desk = Desk(Mode.MANUAL, poll_s=poll_s, dispatch_s=3.0)
        in_time = 0
        for k in range(6000):
            symptom_s = 0.1 * k
            _, handled = handle(DeskState(), symptom_s + 20.0, 2.0, desk)
            loop = Loop(symptom_s, symptom_s + 20.0, signalled_s=symptom_s + 20.0, acted_s=handled.acted_s)
            in_time += loop.within(60.0)
        shares.append(in_time / 6000)

    assert sorted(shares, reverse=True) == shares
    assert 1.0 == shares[0]
    assert shares[-1] == pytest.approx(34.0 / 300.0, abs=0.01)


def test_nobody_acted() -> None:
    """A loop that nobody closed has no total and is not in time."""
    loop = Loop(10.0, 30.0, signalled_s=31.0)

    assert math.isnan(loop.total_s)
    assert not loop.within()
    assert {"detect": 20.0, "declare": 0.0, "signal": 1.0, "act": 0.0} == loop.stages_s


def test_refuses_negative_times() -> None:
    """Times below zero are refused by name."""
    with pytest.raises(ValueError, match="poll_s is -1"):
        Desk(poll_s=-1.0)

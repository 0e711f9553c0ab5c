from __future__ import annotations

import numpy as np
import pytest

from sim.orchestration.look_ahead import (
    ai_at,
    bias,
    in_words,
    look_ahead,
    max_session_s,
    max_turns,
    sentiment_below,
    step,
    wave,
)

EVERY_S = 300.0
NEEDED = np.full(48, 150.0)
# 150 people, lunches of two halves from 1:00 to 2:00: 125.
LUNCH = np.where((np.arange(48) >= 12) & (np.arange(48) < 24), 125.0, 150.0)
NONE = np.full(48, 150.0)


def walk(
    planned: np.ndarray, until_s: float, *, stressed_from_s: float = np.inf, **policy: float
) -> dict[float, float]:
    """The bias by time, looked at every minute."""
    rows = look_ahead(**policy)  # type: ignore[arg-type]
    found = {}
    for now_s in np.arange(0.0, until_s, 60.0):
        before = rows[0].b
        moved = step(rows, NEEDED, planned, EVERY_S, bool(now_s >= stressed_from_s), float(now_s))
        assert (before != rows[0].b) == moved
        found[float(now_s)] = float(rows[0].b)
    return found


def test_starts_before_the_wave_and_goes_back_after() -> None:
    """The bias rises from `lead_s` before the wave by 0.2 a minute, is whole when it begins, and goes back once all are back."""
    found = walk(LUNCH, 9000.0)

    assert 0.0 == max(b for at_s, b in found.items() if at_s < 3300.0)
    assert [0.2, 0.4, 0.6, 0.8, 1.0, 1.0] == pytest.approx([found[3300.0 + 60.0 * k] for k in range(6)])
    assert 1.0 == found[7140.0]
    assert [0.8, 0.6, 0.4, 0.2, 0.0] == pytest.approx([found[7200.0 + 60.0 * k] for k in range(5)])


def test_bias_is_relative_to_need() -> None:
    """A shortfall of a tenth is two thirds of a whole bias, 15 % and more a whole one, people to spare none."""
    for there, expected in ((150.0, 0.0), (160.0, 0.0), (135.0, 2.0 / 3.0), (127.5, 1.0), (100.0, 1.0)):
        planned = np.full(48, 150.0)
        planned[5] = there
        b, part, whole = bias(NEEDED, planned, EVERY_S, 0.0, 1800.0, 0.15, 0.0)
        assert b == pytest.approx(expected)
        assert (min(there, 150.0), 150.0) == (part, whole)


def test_shortage_without_a_wave() -> None:
    """People short all day, or short because the need rises, give no bias: only a wave does."""
    assert 0.0 == max(walk(np.full(48, 120.0), 9000.0).values())


@pytest.mark.parametrize(
    ("low", "within", "expected"), [(136.0, 1, -1), (135.0, 1, 12), (120.0, 3, 12), (120.0, 12, -1)]
)
def test_what_is_a_wave(low: float, within: int, expected: int) -> None:
    """A wave is a planned drop of ten percent or more within a quarter of an hour, at once or in steps."""
    planned = np.full(48, 150.0)
    planned[12:] = np.maximum(low, 150.0 - (150.0 - low) / within * np.arange(1, 37))

    assert expected == wave(planned, EVERY_S, 3400.0, 300.0, 0.10, 900.0, 0.0)


def test_no_wave_yet() -> None:
    """A wave that begins later than the lead is not acted on yet; at a lead of nothing it is seen as it begins."""
    assert -1 == wave(LUNCH, EVERY_S, 3299.0, 300.0, 0.10, 900.0, 0.0)
    assert 12 == wave(LUNCH, EVERY_S, 3300.0, 300.0, 0.10, 900.0, 0.0)
    assert 12 == wave(LUNCH, EVERY_S, 3600.0, 0.0, 0.10, 900.0, 0.0)


def test_stale_schedule() -> None:
    """A schedule that is twenty minutes off moves the bias by twenty minutes."""
    right, late = walk(LUNCH, 9600.0), walk(LUNCH, 9600.0, stale_s=1200.0)

    assert all(late[at_s + 1200.0] == pytest.approx(b) for at_s, b in right.items() if at_s < 8400.0)


def test_stressed_ai_goes_first() -> None:
    """An AI under stress takes the bias down to one half at once, and keeps it there."""
    found = walk(LUNCH, 7000.0, stressed_from_s=4200.0)

    assert 1.0 == found[4140.0]
    assert {0.5} == {b for at_s, b in found.items() if at_s >= 4200.0}


def test_never_faster_than_the_slope() -> None:
    """Over random schedules the bias stays in [0, 1] and moves by no more than its slope."""
    dice = np.random.default_rng(11)
    for _ in range(20):
        planned = np.round(150.0 * (1.0 - 0.3 * (dice.random(48) < 0.2)))
        found = np.array(list(walk(planned, 9000.0).values()))
        assert found.min() >= 0.0
        assert found.max() <= 1.0
        assert np.abs(np.diff(found)).max() <= 0.2 + 1e-12


def test_switched_off() -> None:
    """Switched off, nothing moves."""
    assert {0.0} == set(walk(LUNCH, 9000.0, on=False).values())


def test_effects() -> None:
    """At full bias: a point of sentiment, three turns, a quarter of the time, 0.05 of confidence for low risk; none at 0."""
    assert (-2.0, 20, 600.0, 0.92) == (
        sentiment_below(-2.0, 0.0), max_turns(20, 0.0), max_session_s(600.0, 0.0), ai_at(0.92, 0.0, True),
    )  # fmt: skip
    assert (-3.0, 23, 750.0) == (sentiment_below(-2.0, 1.0), max_turns(20, 1.0), max_session_s(600.0, 1.0))
    assert ai_at(0.92, 1.0, True) == pytest.approx(0.87)
    assert 0.92 == ai_at(0.92, 1.0, False)
    assert [20, 21, 22, 22, 23] == [max_turns(20, b) for b in (0.16, 0.17, 0.5, 0.83, 0.84)]
    assert (0.5, 0.4) == (ai_at(0.52, 1.0, True), ai_at(0.4, 1.0, True))


def test_words() -> None:
    """The reason holds the numbers that it rested on."""
    assert "125 people planned of 150 needed (17% short): bias 0.40, 1.00 wanted" == in_words(
        125.0, 150.0, 1.0, 0.4
    )
    assert "going back" in in_words(0.0, 0.0, 0.0, 0.4)


@pytest.mark.skipif(not hasattr(step, "signatures"), reason="not compiled")
def test_one_signature() -> None:
    """A walk compiles one version of the step, whatever a floor in this process compiled before."""
    before = set(step.signatures)  # type: ignore[attr-defined]
    walk(LUNCH, 600.0)

    assert len(set(step.signatures) - before) <= 1  # type: ignore[attr-defined]

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from sim.orchestration.degradation import (
    HIGH,
    LOW,
    MEDIUM,
    NODATA,
    PARTS,
    Cause,
    Part,
    in_words,
    keep_score,
    levels,
    session_cap,
    sheds,
    step,
    stress,
    stress_of,
    surer_by,
)


def one(**policy: Any) -> Any:
    """One fleet that is on."""
    rows = levels(1)
    rows["on"] = 1
    for name, value in policy.items():
        rows[name] = value
    return rows


def walk(
    rows: Any, sigma: float, from_s: float, to_s: float, every_s: float = 10.0
) -> list[tuple[float, int]]:
    """The moves of looks at constant stress: when, and to which level."""
    looks = np.arange(from_s, to_s, every_s).tolist()
    return [(now_s, int(rows[0].level)) for now_s in looks if step(rows, 0, sigma, now_s)]


@pytest.mark.parametrize(
    ("failed_share", "level"), [(0.0049, 0), (0.005, 1), (0.009, 2), (0.015, 3), (0.0313, 4)]
)
def test_M29_failed_replies_reach_the_published_levels(failed_share: float, level: int) -> None:
    """0.5 % failed is level 1, 0.9 % 2, 1.5 % 3 and 3.1 % (to be exact 3.125 %) 4."""
    sigma = stress(NODATA, NODATA, 2.0, failed_share, NODATA) * (1 + 1e-3)
    assert level == sum(sigma >= enter for enter in levels(1)["enter"][0][1:])


def test_stress_is_the_worst_reading() -> None:
    """Each reading as a multiple of what is healthy, and which one it was."""
    assert (1.0, Part.UTILISATION) == stress_of(0.8, 0.1, 2.0, 0.0, 0.0)
    assert (1.5, Part.P95) == stress_of(0.8, 3.0, 2.0, 0.0, 0.0)
    assert (2.0, Part.FAILED) == stress_of(0.8, 3.0, 2.0, 0.02, 0.0)
    assert (3.0, Part.CONTAINMENT) == pytest.approx(stress_of(0.8, 3.0, 2.0, 0.02, 0.21))
    assert set(Part) == set(PARTS)


def test_a_drop_of_7_points_is_level_1() -> None:
    """From 85 % to 78 %: 0.85 − 0.78 is a bit less than 0.07 in a computer, and counts."""
    rows = one()
    assert [(30.0, 1)] == walk(rows, stress(NODATA, NODATA, 2.0, NODATA, 0.85 - 0.78), 0.0, 3600.0)


@pytest.mark.parametrize("kept", list(itertools.product([False, True], repeat=4)))
def test_a_reading_without_data_is_left_out(kept: tuple[bool, ...]) -> None:
    """Stress is the worst of those that there are; of none it is no data itself."""
    utilisation, p95_s, failed_share, drop = (
        value if there else NODATA for value, there in zip((0.8, 3.0, 0.02, 0.21), kept, strict=True)
    )
    expected = max((s for s, there in zip((1.0, 1.5, 2.0, 3.0), kept, strict=True) if there), default=NODATA)
    assert expected == pytest.approx(stress(utilisation, p95_s, 2.0, failed_share, drop))


def test_containment_above_its_baseline_is_no_stress() -> None:
    """A negative drop is data: all is well. A p95 without a limit says nothing."""
    assert 0.0 == stress(NODATA, NODATA, 2.0, NODATA, -0.02)
    assert NODATA == stress(NODATA, 9.0, 0.0, NODATA, NODATA)


def test_a_level_is_entered_after_30_s_and_left_after_300_s() -> None:
    """One level a step, each with its own 30 s; on the way back 300 s each, and the row says why."""
    rows = one()
    assert [(30.0, 1), (70.0, 2), (110.0, 3), (150.0, 4)] == walk(rows, 3.0, 0.0, 1000.0)
    assert "stress 3.00 ≥ 2.50: level 4" == in_words(
        rows[0].cause, rows[0].part, rows[0].whole, rows[0].limit
    )
    assert [(1300.0, 3), (1610.0, 2), (1920.0, 1), (2230.0, 0)] == walk(rows, 0.5, 1000.0, 9000.0)
    assert (Cause.FELL, 0.5, 0.0, 0.8) == (rows[0].cause, rows[0].part, rows[0].whole, rows[0].limit)
    assert "stress 0.50 < 0.80: back to level 0" == in_words(
        rows[0].cause, rows[0].part, rows[0].whole, rows[0].limit
    )
    assert 8 == rows[0].moves


def test_a_short_peak_moves_nothing() -> None:
    """29 s of stress are forgotten by one calm look."""
    rows = one()
    for start in range(0, 3000, 40):
        assert [] == walk(rows, 9.0, start, start + 30)
        assert not step(rows, 0, 0.9, start + 30.0)


def test_a_short_calm_does_not_end_a_level() -> None:
    """One look at 0.8 × the threshold, not under it, starts the 300 s afresh."""
    rows = one()
    walk(rows, 1.0, 0.0, 100.0)
    assert [] == walk(rows, 0.1, 100.0, 400.0)
    assert not step(rows, 0, 0.8, 400.0)
    assert [] == walk(rows, 0.1, 410.0, 710.0)
    assert [(710.0, 0)] == walk(rows, 0.1, 710.0, 720.0)


@pytest.mark.parametrize(
    "sigma", [0.0, 0.79, 0.8, 0.99, 1.0, 1.04, 1.29, 1.3, 1.36, 1.69, 1.7, 2.0, 2.49, 2.5, 99.0]
)
def test_constant_stress_does_not_flap(sigma: float) -> None:
    """From level 0 it only rises, from level 4 it only falls, and six hours later it still stands where it came to rest."""
    up = walk(one(), sigma, 0.0, 21600.0)
    assert [k + 1 for k in range(len(up))] == [level for _, level in up]
    down = walk(one(level=4), sigma, 0.0, 21600.0)
    assert [3 - k for k in range(len(down))] == [level for _, level in down]
    assert all(at_s <= 1600.0 for at_s, _ in up + down)


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_stress_that_shakes_around_a_threshold_moves_the_level_once_at_most(level: int) -> None:
    """Within 15 % of a threshold, for 6 hours of looks: one move up at most (no chance of failing: never under 0.8 ×)."""
    rows = one(level=level - 1, top=level)
    shaking = levels(1)["enter"][0][level] * np.random.default_rng(29).uniform(0.85, 1.15, 2160)
    moves = sum(step(rows, 0, float(sigma), 10.0 * k) for k, sigma in enumerate(shaking))
    assert moves <= 1


def test_a_fleet_whose_shedding_relieves_it_moves_seldom() -> None:
    """Stress that follows the sessions let in swings, but no faster than one round in 330 s."""
    rows = one()
    moves = 0
    for k in range(2160):
        moves += step(rows, 0, 1.45 * session_cap(int(rows[0].level), 100) / 100, 10.0 * k)
    assert moves <= 2 * 21600 / 330 + 2


def test_without_data_both_clocks_stand_still() -> None:
    """20 s of stress, ten minutes of darkness, then 10 s more make 30 s; the same on the way down."""
    rows = one()
    assert [] == walk(rows, 2.0, 0.0, 30.0)
    assert [] == walk(rows, NODATA, 30.0, 630.0)
    # The 10 s before the first look with data were not seen either way: they count, as between any two looks.
    assert [(630.0, 1)] == walk(rows, 2.0, 630.0, 640.0)
    assert [] == walk(rows, 0.1, 640.0, 900.0)
    assert [] == walk(rows, NODATA, 900.0, 9000.0)
    assert [(9040.0, 0)] == walk(rows, 0.1, 9000.0, 9100.0)


def test_a_fleet_that_is_off_or_at_its_top_stays() -> None:
    """`top` bounds the levels; a row that is off never moves."""
    assert [] == walk(one(on=0), 9.0, 0.0, 1000.0)
    assert [(30.0, 1), (70.0, 2)] == walk(one(top=2), 9.0, 0.0, 1000.0)


def test_rows_do_not_touch_each_other() -> None:
    """Fleet 1 moves, fleets 0 and 2 stay."""
    rows = levels(3)
    rows["on"] = 1
    before = rows.copy()
    for now_s in (0.0, 30.0):
        step(rows, 1, 1.0, now_s)
    assert [0, 1, 0] == rows["level"].tolist()
    assert before[[0, 2]].tobytes() == rows[[0, 2]].tobytes()


def test_effects_follow_the_table() -> None:
    """Surer by 0, .02, .03, .05; sessions × 1, .95, .85, .70, 0, and one at least below level 4."""
    assert [0.0, 0.02, 0.03, 0.05] == [surer_by(level) for level in range(4)]
    assert [100, 95, 85, 70, 0] == [session_cap(level, 100) for level in range(5)]
    assert [1, 1, 1, 1, 0] == [session_cap(level, 1) for level in range(5)]
    assert 19 == session_cap(1, 20)
    assert 0 == session_cap(0, 0)


@pytest.mark.parametrize(
    ("level", "kept"),
    [
        (0, {(risk, cap) for risk in (LOW, MEDIUM, HIGH) for cap in (0.5, 0.8, 0.95)}),
        (1, {(risk, cap) for risk in (LOW, MEDIUM) for cap in (0.5, 0.8, 0.95)}),
        (2, {(LOW, 0.5), (LOW, 0.8), (LOW, 0.95), (MEDIUM, 0.8), (MEDIUM, 0.95)}),
        (3, {(LOW, 0.95)}),
        (4, set()),
    ],
)
def test_each_level_sheds_its_intents(level: int, kept: set[tuple[int, float]]) -> None:
    """High risk first, then medium risk that the fleet is weak in, then all but the surest low risk, then everything."""
    intents = itertools.product((LOW, MEDIUM, HIGH), (0.5, 0.8, 0.95))
    assert kept == {(risk, cap) for risk, cap in intents if not sheds(level, risk, cap, cap)}


def test_level_3_goes_by_containment_and_without_it_by_capability() -> None:
    """Seen containment counts; capability stands in while there is none."""
    assert sheds(3, LOW, 0.95, 0.89)
    assert not sheds(3, LOW, 0.5, 0.90)
    assert not sheds(3, LOW, 0.95, NODATA)
    assert sheds(3, LOW, 0.85, NODATA)


def test_a_higher_level_sheds_whatever_a_lower_one_does() -> None:
    """Nothing comes back on the way up."""
    shares = np.linspace(0.0, 1.0, 11)
    for level, risk, cap, kept in itertools.product(range(4), (LOW, MEDIUM, HIGH), shares, shares):
        assert sheds(level, risk, cap, kept) <= sheds(level + 1, risk, cap, kept)


def test_who_goes_first_has_the_lowest_score() -> None:
    """Containment × (1 − risk): high risk goes before medium, badly contained before well contained."""
    assert keep_score(0.9, HIGH) < keep_score(0.5, MEDIUM) < keep_score(0.9, MEDIUM) < keep_score(0.9, LOW)

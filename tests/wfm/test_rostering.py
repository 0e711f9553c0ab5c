"""The cheapest cover is what trying every roster finds, and what others have published."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog

from sim.wfm.rostering import cheapest_cover

ONES = np.ones(4, dtype=np.int64)


def _tiny(seed):
    """Six intervals, four shifts that cover some of them, a requirement that can be covered."""
    rng = np.random.default_rng(seed)
    covers = (rng.random((6, 4)) < 0.55).astype(np.int64)
    required = rng.integers(0, 4, 6) * covers.any(axis=1)
    return covers, required, rng.integers(1, 5, 4) * 900


def _tried(covers, required, cost, at_most=None):
    """The best of every roster with up to three people a shift: by cost, then people, then order."""
    best = None
    for people in product(range(4), repeat=4):
        x = np.array(people)
        if (covers @ x >= required).all() and (at_most is None or x.sum() <= at_most):
            found = (int(cost @ x), int(x.sum()), int(np.arange(4) @ x))
            best = found if best is None else min(best, found)
    return best


@pytest.mark.parametrize("seed", range(40))
def test_no_other_roster_is_better(seed):
    """Cost, people and order of the answer are those of the best of all 256 rosters, and the bound is the cost."""
    covers, required, cost = _tiny(seed)
    found = cheapest_cover(covers, required, cost)
    x = np.array(found.people)
    assert (covers @ x >= required).all()
    assert _tried(covers, required, cost) == (found.cost, x.sum(), np.arange(4) @ x)
    assert found.bound == found.cost == cost @ x
    relaxed = linprog(cost, A_ub=-covers, b_ub=-required)
    assert relaxed.fun <= found.bound + 1e-6


@pytest.mark.parametrize("seed", range(20))
def test_a_limit_on_people_is_kept(seed):
    """With at most so many people: the best of those rosters, or none where there is none."""
    covers, required, cost = _tiny(seed)
    for at_most in (2, 4, 6):
        found = cheapest_cover(covers, required, cost, at_most=at_most)
        best = _tried(covers, required, cost, at_most)
        assert (best is None) == (found is None)
        if found is not None:
            assert best == (found.cost, sum(found.people), int(np.arange(4) @ np.array(found.people)))


def test_four_shifts_over_two_days():
    """The documented example of pyworkforce's MinRequiredResources: 113 people (https://pyworkforce.readthedocs.io, scheduling)."""
    required = [
        [9, 11, 17, 9, 7, 12, 5, 11, 8, 9, 18, 17, 8, 12, 16, 8, 7, 12, 11, 10, 13, 19, 16, 7],
        [13, 13, 12, 15, 18, 20, 13, 16, 17, 8, 13, 11, 6, 19, 11, 20, 19, 17, 10, 13, 14, 23, 16, 8],
    ]
    hours = {"morning": range(5, 13), "afternoon": range(13, 21), "night": (0, 1, 2, 3, 4, 21, 22, 23), "mixed": range(9, 17)}  # fmt: skip
    day = np.array([[int(hour in on) for on in hours.values()] for hour in range(24)])
    covers = np.kron(np.eye(2, dtype=np.int64), day)
    found = cheapest_cover(covers, np.array(required).ravel(), np.ones(8, dtype=np.int64))
    assert 113 == found.cost
    by_day = np.array(found.people).reshape(2, 4)
    assert [50, 63] == by_day.sum(axis=1).tolist()
    assert [19, 23] == by_day[
        :, 2
    ].tolist()  # what every answer of that cost has; morning and mixed may change places
    assert [18, 20] == (by_day[:, 0] + by_day[:, 3]).tolist()


def test_five_days_on_and_two_off():
    """The post-office example of Winston, Operations Research, ch. 3.5: 23 full-time people, where the relaxed program says 22 1/3."""
    required = np.array([17, 13, 15, 19, 14, 16, 11])
    covers = np.array([[int((day - begin) % 7 < 5) for begin in range(7)] for day in range(7)])
    cost = np.ones(7, dtype=np.int64)
    assert 67 / 3 == pytest.approx(linprog(cost, A_ub=-covers, b_ub=-required).fun)
    found = cheapest_cover(covers, required, cost)
    assert 23 == found.cost == found.bound


def test_bounds_of_every_shift_are_kept():
    """At least and at most so many people on a shift."""
    covers, required = np.eye(4, dtype=np.int64), np.array([1, 2, 3, 0])
    found = cheapest_cover(covers, required, ONES, least=2 * ONES, most=4 * ONES)
    assert (2, 2, 3, 2) == found.people
    assert cheapest_cover(covers, required, ONES, most=2 * ONES) is None


def test_a_day_is_limited_by_itself():
    """At most so many people of every day, not of all together."""
    covers, required, day = np.eye(4, dtype=np.int64), 2 * ONES, np.array([0, 0, 1, 1])
    assert 8 == cheapest_cover(covers, required, ONES, day=day, at_most=4).cost
    assert cheapest_cover(covers, required, ONES, day=day, at_most=3) is None
    assert cheapest_cover(covers, required, ONES, at_most=4) is None


def test_what_no_shift_covers_has_no_answer():
    """An interval without a shift, or no shift at all; nothing required needs nobody."""
    assert cheapest_cover(np.zeros((2, 4), dtype=np.int64), np.array([0, 1]), ONES) is None
    none = np.zeros((2, 0), dtype=np.int64)
    assert cheapest_cover(none, np.array([0, 1]), ONES[:0]) is None
    assert () == cheapest_cover(none, np.array([0, 0]), ONES[:0]).people
    with pytest.raises(ValueError, match="costs nothing"):
        cheapest_cover(np.eye(4, dtype=np.int64), ONES, 0 * ONES)
    with pytest.raises(ValueError, match="intervals and shifts"):
        cheapest_cover(np.eye(4, dtype=np.int64), ONES[:3], ONES)

"""Customers' answers to what is offered in a long queue: figures worked by hand, and the edges at which a formula could break.

Nothing here is left to chance: laws are asked for probabilities, or for their answer on either side of a limit.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.engine import relief
from sim.engine.relief import BALKS, COMES_BACK, HELPED, LOST, STAYS, SWITCHES

EVEN = (np.arange(1000) + 0.5) / 1000
"""A thousand uniforms, evenly spread: a share counted over them is exact to a thousandth."""


def test_a_share_of_the_customers_tries_self_service() -> None:
    """0.35 of a thousand evenly spread uniforms."""
    assert sum(relief.accepts_deflection(u, 0.35) for u in EVEN) == 350


def test_self_service_helps_sends_back_or_loses() -> None:
    """0.4 are helped; of the others half come back: 0.4, 0.3, 0.3."""
    ends = [relief.after_deflection(u, back, 0.4, 0.5) for u in EVEN for back in (0.25, 0.75)]
    assert [ends.count(end) for end in (HELPED, COMES_BACK, LOST)] == [800, 600, 600]


def test_who_comes_back_does_so_within_its_bounds() -> None:
    """Half an hour to two hours, evenly."""
    assert relief.between_s(0.0, 1800.0, 7200.0) == 1800.0
    assert relief.between_s(0.5, 1800.0, 7200.0) == 4500.0
    assert relief.between_s(1.0, 1800.0, 7200.0) == 7200.0


@pytest.mark.parametrize(
    ("told_s", "expected"),
    [
        (0.0, 0.1192),
        (180.0, 0.3775),
        (240.0, 0.5),
        (300.0, 0.6225),
        (320.0, 0.65),
        (1800.0, 0.65),
        (math.inf, 0.65),
    ],
)
def test_callbacks_are_liked_better_the_longer_the_wait(told_s: float, expected: float) -> None:
    """The logistic by hand, and its cap: above 314 s nothing grows any more."""
    assert relief.callback_chance(told_s, 240.0, 120.0, 0.65) == pytest.approx(expected, abs=1e-4)
    assert sum(relief.accepts_callback(u, told_s, 240.0, 120.0, 0.65) for u in EVEN) == pytest.approx(
        1000 * expected, abs=1
    )


@pytest.mark.parametrize("spread_s", [1e-3, 1.0, 1e6])
def test_the_logistic_does_not_overflow(spread_s: float) -> None:
    """Any steepness, any wait: a probability, and no warning."""
    chances = [relief.callback_chance(s, 240.0, spread_s, 1.0) for s in (0.0, 239.0, 241.0, math.inf)]
    assert all(0.0 <= chance <= 1.0 for chance in chances)
    assert chances == sorted(chances)


def test_a_callback_takes_dialling_and_then_the_contact() -> None:
    """20 s on top, and 20 s alone when nobody picks up; 0.75 do."""
    assert relief.callback_handle_s(420.0, 20.0, True) == 440.0
    assert relief.callback_handle_s(420.0, 20.0, False) == 20.0
    assert sum(relief.reached(u, 0.75) for u in EVEN) == 750


@pytest.mark.parametrize(
    ("told_s", "expected"),
    [(0.0, 0.0), (60.0, 0.0), (120.0, 0.0952), (660.0, 0.6321), (1800.0, 0.9450), (math.inf, 0.9450)],
)
def test_balking_grows_with_the_told_wait(told_s: float, expected: float) -> None:
    """1 − exp(−(told − 60)/600) by hand; an endless wait is heard as "more than 30 min" and no worse."""
    assert relief.balk_chance(told_s, 60.0, 600.0) == pytest.approx(expected, abs=1e-4)


def test_at_the_announcement_some_hang_up_some_change_channel() -> None:
    """Told 660 s: 0.6321 hang up, a tenth of the rest changes channel, the rest stays."""
    ends = [relief.at_announcement(u, v, 660.0, 60.0, 600.0, 0.10) for u in EVEN for v in EVEN[::10]]
    shares = [ends.count(end) / len(ends) for end in (BALKS, SWITCHES, STAYS)]
    assert shares == pytest.approx([0.6321, 0.0368, 0.3311], abs=1e-3)


def test_who_was_told_redials_less() -> None:
    """0.5 of those who give up call again; 0.35 of those who had heard the announcement."""
    assert sum(relief.redials(u, 0.5, False, 0.7) for u in EVEN) == 500
    assert sum(relief.redials(u, 0.5, True, 0.7) for u in EVEN) == 350


def test_the_buffer_uses_up_patience_more_slowly() -> None:
    """Patience of 120 s lasts 180 s in the buffer; 90 s there leave 60 s for the queue."""
    assert relief.patience_left_s(120.0, 0.0, 1.5) == 120.0
    assert relief.patience_left_s(120.0, 90.0, 1.5) == pytest.approx(60.0)
    assert relief.patience_left_s(120.0, 180.0, 1.5) == pytest.approx(0.0)
    assert relief.patience_left_s(math.inf, 1e6, 1.5) == math.inf

from __future__ import annotations

import numpy as np
import pytest

from sim.orchestration.retries import amplification, may_retry


@pytest.mark.parametrize(
    ("retrying", "active", "allowed"),
    [
        (0, 1, True), (2, 3, True), (3, 3, False), (3, 19, False), (3, 20, True), (4, 20, False),
        (19, 100, True), (20, 100, False), (6, 35, True), (7, 35, False),
    ],
)  # fmt: skip
def test_M30_retries_are_a_fifth_of_the_active_calls_and_three_at_least(
    retrying: int, active: int, allowed: bool
) -> None:
    """The budget is the whole part of 20 %, never below 3."""
    assert allowed == may_retry(retrying, active, 0.2, 3)


def test_a_budget_is_whole_whatever_the_last_bit_says() -> None:
    """29 % of 100 is 29."""
    assert may_retry(28, 100, 0.29, 0)
    assert not may_retry(29, 100, 0.29, 0)
    assert not may_retry(0, 100, 0.0, 0)


@pytest.mark.parametrize(
    ("failed_share", "attempts", "share", "expected"),
    [(0.0, 3, 0.2, 1.0), (0.5, 3, 1.0, 1.75), (1.0, 3, 1.0, 3.0), (1.0, 3, 0.2, 1.25), (0.1, 3, 0.2, 1.11), (0.9, 1, 0.2, 1.0)],
)  # fmt: skip
def test_amplification_is_the_smaller_of_attempts_and_budget(
    failed_share: float, attempts: int, share: float, expected: float
) -> None:
    """Unbounded (1 − pⁿ)/(1 − p); with the budget 1/(1 − share) at most."""
    assert expected == pytest.approx(amplification(failed_share, attempts, share))


def sent_per_call(failed_share: float, share: float, at_least: int) -> float:
    """Calls sent for each asked for: 20 new ones a second, each attempt 5 s long, three attempts each at most."""
    dice = np.random.default_rng(30)
    ends: dict[int, list[int]] = {}
    active = retrying = asked = sent = 0
    for tick in range(20_000):
        starting = [1]
        for attempt in ends.pop(tick, []):
            active -= 1
            retrying -= attempt > 1
            if attempt < 3 and dice.random() < failed_share:
                starting.append(attempt + 1)
        for attempt in starting:
            if attempt > 1 and not may_retry(retrying, active, share, at_least):
                continue
            asked += attempt == 1
            sent += 1
            active += 1
            retrying += attempt > 1
            ends.setdefault(tick + 100, []).append(attempt)
    return sent / asked


@pytest.mark.parametrize("failed_share", [0.1, 0.5, 1.0])
def test_a_storm_of_retries_stays_within_the_bound(failed_share: float) -> None:
    """In a small world of calls the budget keeps what is sent within 1 % of the bound, and without it the storm has its full size.

    1,000 calls a mean hold the dice of 20,000 far inside 3 % (five standard errors); one in 10⁶ fails.
    """
    assert sent_per_call(failed_share, 0.2, 3) <= 1.01 * amplification(failed_share, 3, 0.2)
    assert amplification(failed_share, 3) == pytest.approx(sent_per_call(failed_share, 1.0, 10**9), rel=0.03)

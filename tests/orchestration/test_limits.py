from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
import pytest

from sim.orchestration.limits import (
    CAUSES,
    Empty,
    buckets,
    refill,
    retry_after_s,
    take,
    take_call,
)

compiled_only = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="a million takes")


def bucket(per_s: float, burst: float) -> Any:
    """A node with one limit, on requests."""
    rows = buckets([(per_s * 60.0, math.inf, math.inf)])
    rows[0].burst = rows[0].tokens = burst
    return rows


@numba.njit(nogil=True)
def admitted(rows: Any, takes: int, every_s: float, amount: float) -> int:
    """How many of so many takes at a regular beat are let through."""
    count = 0
    for k in range(takes):
        if take(rows, 0, amount, k * every_s):
            count += 1
    return count


@compiled_only
@pytest.mark.parametrize(
    ("per_s", "burst", "every_s"),
    [(1 / 3, 10.0, 0.1), (0.7, 2.0, 1.1), (166.67, 10_000.0, 0.001), (3.0, 3.0, 0.07)],
)
def test_V10_a_million_takes_admit_the_rate_and_not_one_more(
    per_s: float, burst: float, every_s: float
) -> None:
    """With demand over the rate, what is admitted is burst + rate × time, to the whole token: nothing drifts."""
    count = admitted(bucket(per_s, burst), 1_000_000, every_s, 1.0)
    assert math.floor(burst + per_s * 999_999 * every_s) == pytest.approx(count, abs=1)


def test_V10_the_first_second_admits_burst_and_rate_at_most() -> None:
    """Ten thousand takes in the first second of a bucket of 50 that fills at 20 a second: 69 or 70."""
    assert admitted(bucket(20.0, 50.0), 10_000, 1e-4, 1.0) in {69, 70}


def test_any_span_admits_burst_and_rate_at_most() -> None:
    """Whatever the pattern of demand, over any span: no more than burst + rate × span (2,000 bursty takes)."""
    dice = np.random.default_rng(23)
    rows = bucket(2.0, 7.0)
    at_s = np.cumsum(dice.exponential(0.3, 2_000) * (dice.random(2_000) < 0.3))
    through = np.array([at for at in at_s if take(rows, 0, 1.0, float(at))])
    number = np.arange(through.size)
    for first in range(0, through.size, 7):
        span_s = through[first:] - through[first]
        assert (number[first:] - first + 1 <= 7.0 + 2.0 * span_s + 1e-6).all()


def test_a_token_is_there_at_the_moment_it_is_due() -> None:
    """One each 6 s at ten a minute: the beat that just fits is never refused."""
    rows = bucket(10 / 60, 1.0)
    assert all(take(rows, 0, 1.0, 6.0 * k) for k in range(10_000))
    assert not take(rows, 0, 1.0, 6.0 * 10_000 - 0.01)


def test_a_bucket_holds_no_more_than_its_burst() -> None:
    """A quiet hour saves nothing beyond it, and time does not run backwards."""
    rows = bucket(1.0, 5.0)
    refill(rows, 0, 3600.0)
    assert [True] * 5 + [False] == [take(rows, 0, 1.0, 3600.0) for _ in range(6)]
    assert not take(rows, 0, 1.0, 0.0)
    assert 3600.0 == rows[0].filled_s
    assert not take(rows, 0, 6.0, 9999.0)
    assert math.inf == retry_after_s(rows, 0, 6.0, 9999.0)


def test_retry_after_is_when_it_works() -> None:
    """Too soon by a hundredth it is refused, at the time told it is let through."""
    rows = bucket(0.3, 5.0)
    assert take(rows, 0, 4.0, 10.0)
    after_s = retry_after_s(rows, 0, 2.0, 10.0)
    assert 1.0 / 0.3 == pytest.approx(after_s)
    assert not take(rows, 0, 2.0, 10.0 + after_s - 0.01)
    assert take(rows, 0, 2.0, 10.0 + after_s)
    assert 0.0 == retry_after_s(bucket(1.0, 5.0), 0, 1.0, 0.0)


def test_a_call_takes_from_all_buckets_or_from_none() -> None:
    """The bucket that is empty is named, and what the others hold stays."""
    rows = buckets([(60.0, 6000.0, 600.0)], burst_s=1.0)
    rows["tokens"] = rows["burst"] = (5.0, 1000.0, 100.0)
    assert Empty.NONE == take_call(rows, 0, 600.0, 10.0, 0.0)
    assert [4.0, 400.0, 90.0] == rows["tokens"].tolist()
    assert Empty.TOKENS_IN == take_call(rows, 0, 401.0, 10.0, 0.0)
    assert Empty.TOKENS_OUT == take_call(rows, 0, 10.0, 91.0, 0.0)
    assert [4.0, 400.0, 90.0] == rows["tokens"].tolist()
    assert [Empty.NONE] * 4 + [Empty.REQUESTS] == [take_call(rows, 0, 1.0, 1.0, 0.0) for _ in range(5)]
    assert [1, 1, 1] == rows["refused"].tolist()
    assert set(Empty) == set(CAUSES)


def test_long_chats_run_out_of_input_tokens_before_requests() -> None:
    """At the public limits, turns that resend their history (300 + 350 k tokens) exhaust input tokens first from the 1st turn on."""
    spent = {}
    for turn in (0, 1, 6):
        rows = buckets([(10_000.0, 4_000_000.0, 8_000_000.0)])
        while (empty := take_call(rows, 0, 300.0 + 350.0 * turn, 200.0, 0.0)) == Empty.NONE:
            pass
        spent[turn] = empty
    assert {0: Empty.REQUESTS, 1: Empty.TOKENS_IN, 6: Empty.TOKENS_IN} == spent


def test_nodes_do_not_touch_each_other_and_no_limit_is_none() -> None:
    """Three rows a node; an infinite rate lets everything through and promises nothing to wait for."""
    rows = buckets([(60.0, 60.0, 60.0), (math.inf, 60.0, math.inf)])
    before = rows[:3].copy()
    assert Empty.NONE == take_call(rows, 1, 60.0, 1e12, 0.0)
    assert Empty.TOKENS_IN == take_call(rows, 1, 1.0, 0.0, 0.0)
    assert before.tobytes() == rows[:3].tobytes()
    assert 0.0 == retry_after_s(rows, 3, 1e12, 0.0)

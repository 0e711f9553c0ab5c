"""A provider's rate limits as token buckets (M23): requests, input tokens and output tokens a minute, refilled continuously.

A bucket starts full, holds at most its burst and fills at its rate: over any span of t seconds it lets through at most burst + rate × t. A
call takes from all three buckets of its node or from none, so that a call refused for its output tokens uses up no request. Fleets on
one provider's account share its node.

Conversations that resend their history take more input tokens each turn, so input tokens can run out long before requests do.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.orchestration.compiled import compiled, record


class Empty(IntEnum):
    """Which bucket refused a call; the sentences are in `CAUSES`."""

    NONE = 0
    REQUESTS = 1
    TOKENS_IN = 2
    TOKENS_OUT = 3


CAUSES: dict[Empty, str] = {
    Empty.NONE: "",
    Empty.REQUESTS: "the provider's requests a minute are used up",
    Empty.TOKENS_IN: "the provider's input tokens a minute are used up",
    Empty.TOKENS_OUT: "the provider's output tokens a minute are used up",
}

EACH = 3
"""Buckets of a node: rows `EACH × node` and the next two, in the order of `Empty`."""

_EACH = EACH
_NONE, _REQUESTS, _TOKENS_IN, _TOKENS_OUT = (int(empty) for empty in Empty)

BUCKET = record(
    [
        ("on", np.int64),
        ("tokens", np.float64),
        ("filled_s", np.float64),
        ("refused", np.int64),
        # policy
        ("per_s", np.float64),
        ("burst", np.float64),
    ]
)
"""One bucket: what was in it at `filled_s`. One that is off lets everything through."""

BucketArray = NDArray[Any]

_HAIR = 1e-9
"""Share of its burst that a bucket may owe: a call that comes just as its token is due is not refused for the last bit of a sum. What is
owed stays owed, so nothing drifts."""


def buckets(per_min: list[tuple[float, float, float]], burst_s: float = 60.0) -> BucketArray:
    """Three full buckets a node.

    Args:
        per_min: Requests, input tokens and output tokens a minute of each node; infinite for no limit.
        burst_s: How much may come at once, as seconds of the rate.
    """
    rows = np.zeros(EACH * len(per_min), dtype=BUCKET)
    for k, rate in enumerate(rate for node in per_min for rate in node):
        if np.isfinite(rate):
            rows[k].on = 1
            rows[k].per_s = rate / 60.0
            rows[k].burst = rate / 60.0 * burst_s
            rows[k].tokens = rows[k].burst
    return rows


@compiled
def refill(rows: BucketArray, k: int, now_s: float) -> None:
    """Fill bucket *k* up to now."""
    passed_s = now_s - rows[k].filled_s
    if passed_s > 0.0:
        rows[k].tokens = min(rows[k].burst, rows[k].tokens + rows[k].per_s * passed_s)
        rows[k].filled_s = now_s


@compiled
def _has(rows: BucketArray, k: int, amount: float, now_s: float) -> bool:
    if rows[k].on == 0:
        return True
    refill(rows, k, now_s)
    if rows[k].tokens + _HAIR * rows[k].burst >= amount:
        return True
    rows[k].refused += 1
    return False


@compiled
def take(rows: BucketArray, k: int, amount: float, now_s: float) -> bool:
    """Take *amount* from bucket *k* if it holds as much; more than the burst is never let through."""
    if not _has(rows, k, amount, now_s):
        return False
    rows[k].tokens -= amount
    return True


@compiled
def take_call(rows: BucketArray, node: int, tokens_in: float, tokens_out: float, now_s: float) -> int:
    """Take one request and its tokens from the buckets of *node*, from all or from none.

    Returns:
        0, or which bucket was empty first (`Empty`).
    """
    k = _EACH * node
    if not _has(rows, k, 1.0, now_s):
        return _REQUESTS
    if not _has(rows, k + 1, tokens_in, now_s):
        return _TOKENS_IN
    if not _has(rows, k + 2, tokens_out, now_s):
        return _TOKENS_OUT
    rows[k].tokens -= 1.0
    rows[k + 1].tokens -= tokens_in
    rows[k + 2].tokens -= tokens_out
    return _NONE


@compiled
def retry_after_s(rows: BucketArray, k: int, amount: float, now_s: float) -> float:
    """Seconds until bucket *k* would hold *amount*, if nobody else takes any; infinite for more than its burst."""
    if rows[k].on == 0:
        return 0.0
    refill(rows, k, now_s)
    if amount > rows[k].burst * (1.0 + _HAIR) or rows[k].per_s <= 0.0:
        return np.inf if amount > rows[k].tokens else 0.0
    return float(max(0.0, (amount - rows[k].tokens) / rows[k].per_s))

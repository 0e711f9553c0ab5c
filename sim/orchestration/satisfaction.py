"""What surveys have said of each fleet, and of people alone, over the last day (M27).

    points = 25 · (mean answer − 1)        answers 1 to 5 as 0 to 100; NODATA below `NEED` answers

An answer counts when it comes in, not when its contact ended. Answers are gathered in buckets of `EVERY_S`; a window is the full buckets
of the last `WINDOW_S`, or all there are since the run began. Sums are whole numbers and carried along: a look adds up nothing.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.orchestration.compiled import compiled, record
from sim.orchestration.health import NODATA

EVERY_S = 300.0
WINDOW_S = 86_400.0
NEED = 100
"""Window and least number of answers; the usual ones for a difference of satisfaction. *assumed*"""
_KEPT = round(WINDOW_S / EVERY_S)

OPINION = record([("bucket", np.int64), ("answers", np.int64), ("stars", np.int64)])
"""Of one fleet, or of people: buckets that are full and counted, answers in the window, and the sum of what they gave, 1 to 5."""

Arrivals = NDArray[np.int64]
"""Answers and their sum by when they come in, shape (fleets + 1, buckets of the run, 2); people are the last row."""


def opinions(fleets: int, end_s: float) -> tuple[NDArray[Any], Arrivals]:
    """Nothing said yet, of *fleets* fleets and of people, in a run of *end_s* seconds."""
    return np.zeros(fleets + 1, dtype=OPINION), np.zeros(
        (fleets + 1, math.ceil(end_s / EVERY_S) + 1, 2), dtype=np.int64
    )


@compiled
def will_say(arrivals: Arrivals, of: int, score: float, at_s: float) -> None:
    """Somebody will answer *score*, 1 to 5, at *at_s*, of row *of*; after the run nobody hears it."""
    bucket = at_s / EVERY_S
    if bucket < arrivals.shape[1]:
        arrivals[of, int(bucket), 0] += 1
        arrivals[of, int(bucket), 1] += int(score)


@compiled
def advance_to(rows: NDArray[Any], arrivals: Arrivals, of: int, now_s: float) -> None:
    """Let the window of row *of* end with the last full bucket."""
    full = min(int(now_s / EVERY_S), arrivals.shape[1])
    for bucket in range(rows[of].bucket, full):
        rows[of].answers += arrivals[of, bucket, 0]
        rows[of].stars += arrivals[of, bucket, 1]
        if bucket >= _KEPT:
            rows[of].answers -= arrivals[of, bucket - _KEPT, 0]
            rows[of].stars -= arrivals[of, bucket - _KEPT, 1]
    rows[of].bucket = max(rows[of].bucket, full)


@compiled
def points(rows: NDArray[Any], of: int) -> float:
    """Mean answer of the window, 0 to 100; `NODATA` where there are too few."""
    if rows[of].answers < NEED:
        return NODATA
    return 25.0 * (float(rows[of].stars) / float(rows[of].answers) - 1.0)

"""Break-wave look-ahead (M42): before many people go on a break at once, the AI holds on to more of what it could hand over.

```text
shortfall = max over the next `horizon_s` of (needed − planned)/needed
b         = clip(shortfall / full_at, 0, 1), moved by at most `slope_per_min`
```

A *wave* is a planned drop of people on the phones by `drop_at` or more within `drop_within_s`. The bias starts `lead_s` before one and
goes back when the planned people are back; shortage without a wave is none of its business. An AI that is itself under stress keeps b at
or under `stressed_cap`, at once: degradation goes before (M29).

What b changes are discretionary triggers only: `sentiment_below`, `max_turns`, `max_session_s`, `ai_at`. A customer's own wish, policy,
money, the vulnerable and safety are never touched.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.orchestration.compiled import compiled, record

BIAS = record(
    [
        ("on", np.int64),
        ("b", np.float64),
        ("target", np.float64),
        ("at_s", np.float64),
        ("wave_s", np.float64),
        ("before", np.float64),
        # what it rested on: what a record needs
        ("part", np.float64),
        ("whole", np.float64),
        ("limit", np.float64),
        # policy
        ("horizon_s", np.float64),
        ("lead_s", np.float64),
        ("full_at", np.float64),
        ("slope_per_min", np.float64),
        ("drop_at", np.float64),
        ("drop_within_s", np.float64),
        ("stale_s", np.float64),
        ("stressed_cap", np.float64),
    ]
)
"""State and policy, one row. `at_s` is the last look (NaN before the first), `wave_s` the start of the wave that is coming or on,
`before` the people planned before it (0 outside a wave). `part` people planned, `whole` people needed at the worst instant, `limit` b
wanted."""

BiasArray = NDArray[Any]
PeopleArray = NDArray[np.float64]


def look_ahead(
    *,
    horizon_s: float = 1800.0,
    lead_s: float = 300.0,
    full_at: float = 0.15,
    slope_per_min: float = 0.2,
    drop_at: float = 0.10,
    drop_within_s: float = 900.0,
    stale_s: float = 0.0,
    stressed_cap: float = 0.5,
    on: bool = True,
) -> BiasArray:
    """One row of `BIAS` before its first look.

    Args:
        horizon_s: How far the shortfall is looked for.
        lead_s: How long before a wave the bias starts.
        full_at: Shortfall, share of need, at which the bias is whole.
        slope_per_min: Most that it moves in a minute.
        drop_at: Share of the planned people whose leaving makes a wave.
        drop_within_s: Within this time.
        stale_s: Everything in the schedule at hand stands so much later than it will happen; below zero earlier.
        stressed_cap: Most bias while the AI is under stress.
        on: False leaves b at 0.
    """
    rows = np.zeros(1, dtype=BIAS)
    rows["on"] = int(on)
    rows["at_s"] = math.nan
    rows["horizon_s"] = horizon_s
    rows["lead_s"] = lead_s
    rows["full_at"] = full_at
    rows["slope_per_min"] = slope_per_min
    rows["drop_at"] = drop_at
    rows["drop_within_s"] = drop_within_s
    rows["stale_s"] = stale_s
    rows["stressed_cap"] = stressed_cap
    return rows


@compiled
def _place(at_s: float, every_s: float, steps: int) -> int:
    return min(max(math.floor(at_s / every_s), 0), steps - 1)


@compiled
def wave(
    planned: PeopleArray,
    every_s: float,
    now_s: float,
    lead_s: float,
    drop_at: float,
    drop_within_s: float,
    stale_s: float,
) -> int:
    """Step of the plan with which a wave begins, now or within *lead_s*; −1 when none does."""
    steps = len(planned)
    first = max(_place(now_s - stale_s, every_s, steps), 1)
    last = _place(now_s + lead_s - stale_s, every_s, steps)
    within = max(1, math.floor(drop_within_s / every_s))
    for k in range(first, last + 1):
        before = planned[k - 1]
        if planned[k] >= before:
            continue
        low = planned[k]
        for j in range(k + 1, min(k + within, steps)):
            low = min(low, planned[j])
        # The margin is for drops of exactly the limit.
        if before - low >= drop_at * before - 1e-9:
            return k
    return -1


@compiled
def bias(
    needed: PeopleArray,
    planned: PeopleArray,
    every_s: float,
    now_s: float,
    horizon_s: float,
    full_at: float,
    stale_s: float,
) -> tuple[float, float, float]:
    """Bias that the worst shortfall from now to the horizon asks for.

    Args:
        needed: People required by step, from the start of the run.
        planned: People on the phones by step as the schedule has it.
        every_s: Length of a step.
        now_s: Now.
        horizon_s: How far to look.
        full_at: Shortfall at which the bias is whole.
        stale_s: Everything in the schedule at hand stands so much later than it will happen.

    Returns:
        b in [0, 1], people planned and people needed at the worst instant.
    """
    worst = -np.inf
    part = 0.0
    whole = 0.0
    first = _place(now_s, every_s, len(needed))
    last = _place(now_s + horizon_s, every_s, len(needed))
    for k in range(first, last + 1):
        if needed[k] <= 0.0:
            continue
        there = planned[_place(max(now_s, k * every_s) - stale_s, every_s, len(planned))]
        short = (needed[k] - there) / needed[k]
        if short > worst:
            worst = short
            part = there
            whole = needed[k]
    return min(max(worst / full_at, 0.0), 1.0), part, whole


@compiled
def step(
    rows: BiasArray,
    needed: PeopleArray,
    planned: PeopleArray,
    every_s: float,
    stressed: bool,
    now_s: float,
) -> bool:
    """Look at the schedule, once a minute or so; True when b moved. The first look of all only sets the clock."""
    if rows[0].on == 0:
        return False
    since_s = now_s - rows[0].at_s
    rows[0].at_s = now_s
    k = wave(planned, every_s, now_s, rows[0].lead_s, rows[0].drop_at, rows[0].drop_within_s, rows[0].stale_s)
    if k >= 0 and rows[0].before == 0.0:
        rows[0].before = planned[k - 1]
        rows[0].wave_s = k * every_s + rows[0].stale_s
    elif k < 0 and rows[0].before > 0.0 and now_s >= rows[0].wave_s + rows[0].drop_within_s:
        there = planned[_place(now_s - rows[0].stale_s, every_s, len(planned))]
        if there > (1.0 - rows[0].drop_at) * rows[0].before + 1e-9:
            rows[0].before = 0.0
    target = 0.0
    if rows[0].before > 0.0:
        target, part, whole = bias(
            needed, planned, every_s, now_s, rows[0].horizon_s, rows[0].full_at, rows[0].stale_s
        )
        rows[0].part = part
        rows[0].whole = whole
    b = rows[0].b
    if stressed:
        target = min(target, rows[0].stressed_cap)
        b = min(b, rows[0].stressed_cap)
    rows[0].target = target
    rows[0].limit = target
    most = 0.0
    if since_s > 0.0:  # not so at the first look, where it is NaN
        most = rows[0].slope_per_min * since_s / 60.0
    b = min(max(target, b - most), b + most)
    moved = b != rows[0].b
    rows[0].b = b
    return bool(moved)


def in_words(part: float, whole: float, limit: float, b: float) -> str:
    """Why the bias is what it is, with the numbers that it rested on."""
    if limit <= 0.0:
        return f"no wave ahead that leaves people short: bias {b:.2f} going back to 0"
    short = 1.0 - part / whole if whole else 0.0
    return f"{part:.0f} people planned of {whole:.0f} needed ({short:.0%} short): bias {b:.2f}, {limit:.2f} wanted"


@compiled
def sentiment_below(limit: float, b: float) -> float:
    """Limit of the sentiment trigger, a point lower at full bias."""
    return limit - b


@compiled
def max_turns(turns: int, b: float) -> int:
    """Limit of turns, three more at full bias."""
    return turns + math.floor(3.0 * b + 0.5)


@compiled
def max_session_s(limit_s: float, b: float) -> float:
    """Limit of a session's length, a quarter longer at full bias."""
    return limit_s * (1.0 + 0.25 * b)


@compiled
def ai_at(threshold: float, b: float, low_risk: bool) -> float:
    """Confidence from which a low-risk contact goes to the AI, 0.05 lower at full bias and never under 0.5; other risks keep theirs."""
    if not low_risk:
        return threshold
    return min(threshold, max(0.5, threshold - 0.05 * b))

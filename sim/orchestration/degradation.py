"""Graceful degradation of one fleet (M29): under stress it takes less, and surer, work, one level at a time.

*Stress* σ is the worst of four readings, each as a multiple of what is healthy: utilisation of 80 %, the p95 limit, 0.5 % failed replies
(square root: 0.5 % is 1.0, 0.9 % 1.3, 1.5 % 1.7, 3.1 % 2.5) and containment 7 points under its baseline. A reading without data is left
out: nothing heard is no proof of health, and none of stress.

```text
level  enters at σ   sheds                                              surer by   sessions
0      –             nothing                                            –          all
1      1.0           high risk                                          .02        × .95
2      1.3           and medium risk with capability under .80          .03        × .85
3      1.7           all but low risk with containment of .90 and over  .05        × .70
4      2.5           everything: sessions drain, people or other fleets –          none
```

*Moves.* Up when σ has been at or over the next level's threshold for `up_after_s`; down when it has been under 0.8 × this level's threshold
for `down_after_s`. Both clocks start afresh at each move, so that a level has time to show what it does, and stand still while there is no
data. One level a step.

*No flapping.* A level is only left downwards 20 % below where it was entered: constant stress moves it in one direction and then
never again, and stress that shakes by less than that around a threshold moves it once.

*Shed order.* Who goes first is the lowest `keep_score`: containment × (1 − risk). The levels follow it in three coarse steps; a
finer controller sorts by it.

The concurrency that the stressed platform can carry is taken as its nominal sessions; the caller may pass a better estimate to
`session_cap`. Shedding moves work to people at the worst time: whether that is wanted is for the caller to weigh.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.orchestration.compiled import compiled, record

NODATA = -1.0
"""A reading that there is none of."""

BUSY_SHARE, FAILED_SHARE, CONTAINMENT_DROP = 0.8, 0.005, 0.07
"""What is healthy at most: utilisation, failed replies, points of containment under the baseline."""

MOST = 4
"""The highest level."""

LOW, MEDIUM, HIGH = 0, 1, 2
"""Risk of an intent."""

_SURER_BY = np.array([0.0, 0.02, 0.03, 0.05, 0.05])
_CAP_SHARE = np.array([1.0, 0.95, 0.85, 0.70, 0.0])
_RISK_SHARE = np.array([0.0, 0.5, 1.0])

_LOW, _MEDIUM, _HIGH, _MOST = LOW, MEDIUM, HIGH, MOST


class Part(IntEnum):
    """Which reading is the worst."""

    NONE = -1
    UTILISATION = 0
    P95 = 1
    FAILED = 2
    CONTAINMENT = 3


PARTS: dict[Part, str] = {
    Part.NONE: "no data",
    Part.UTILISATION: "utilisation",
    Part.P95: "p95 reply time",
    Part.FAILED: "failed replies",
    Part.CONTAINMENT: "containment under its baseline",
}


class Cause(IntEnum):
    """Why a level moved; the sentences are in `CAUSES`."""

    ROSE = 0
    FELL = 1


CAUSES: dict[Cause, str] = {
    Cause.ROSE: "stress {part:.2f} ≥ {limit:.2f}: level {whole:.0f}",
    Cause.FELL: "stress {part:.2f} < {limit:.2f}: back to level {whole:.0f}",
}

_ROSE, _FELL = int(Cause.ROSE), int(Cause.FELL)


def in_words(cause: int, part: float, whole: float, limit: float) -> str:
    """The sentence of *cause* with the numbers that it rested on."""
    return CAUSES[Cause(cause)].format(part=part, whole=whole, limit=limit)


LEVEL = record(
    [
        ("on", np.int64),
        ("level", np.int64),
        ("since_s", np.float64),
        ("moves", np.int64),
        ("above_since_s", np.float64),
        ("below_since_s", np.float64),
        ("looked_s", np.float64),
        # why it moved last: stress, the level that it moved to, the threshold
        ("cause", np.int64),
        ("part", np.float64),
        ("whole", np.float64),
        ("limit", np.float64),
        # policy
        ("enter", np.float64, (MOST + 1,)),
        ("leave_share", np.float64),
        ("up_after_s", np.float64),
        ("down_after_s", np.float64),
        ("top", np.int64),
    ]
)
"""State and policy of one fleet. The two `since_s` clocks are infinite while they do not run; no level above `top` is entered."""

LevelArray = NDArray[Any]


def levels(fleets: int) -> LevelArray:
    """A row for each fleet at level 0, with the usual policy, switched off."""
    rows = np.zeros(fleets, dtype=LEVEL)
    rows["above_since_s"] = np.inf
    rows["below_since_s"] = np.inf
    rows["enter"] = (0.0, 1.0, 1.3, 1.7, 2.5)
    rows["leave_share"] = 0.8
    rows["up_after_s"] = 30.0
    rows["down_after_s"] = 300.0
    rows["top"] = MOST
    return rows


@compiled
def stress_of(
    utilisation: float, p95_s: float, p95_limit_s: float, failed_share: float, containment_drop: float
) -> tuple[float, int]:
    """Stress σ and the `Part` that it comes from.

    Args:
        utilisation: Sessions of those possible.
        p95_limit_s: The limit on it; 0 or less when there is none.
        containment_drop: Baseline − containment; under 0 when it is better than usual.

    Returns:
        σ ≥ 0 and its part; `NODATA` and `Part.NONE` when every reading is `NODATA`.
    """
    worst, part = NODATA, -1
    if utilisation >= 0.0:
        worst, part = utilisation / BUSY_SHARE, 0
    if p95_s >= 0.0 and p95_limit_s > 0.0 and p95_s / p95_limit_s > worst:
        worst, part = p95_s / p95_limit_s, 1
    if failed_share >= 0.0:
        root = np.sqrt(failed_share / FAILED_SHARE)
        if root > worst:
            worst, part = root, 2
    if containment_drop > NODATA:  # −0.02 is data: containment is better than usual
        points = max(0.0, containment_drop) / CONTAINMENT_DROP
        if points > worst:
            worst, part = points, 3
    return worst, part


@compiled
def stress(
    utilisation: float, p95_s: float, p95_limit_s: float, failed_share: float, containment_drop: float
) -> float:
    """Stress σ as in `stress_of`."""
    worst, _ = stress_of(utilisation, p95_s, p95_limit_s, failed_share, containment_drop)
    return worst


@compiled
def _move(rows: LevelArray, f: int, to: int, cause: int, sigma: float, limit: float, now_s: float) -> None:
    rows[f].level = to
    rows[f].since_s = now_s
    rows[f].moves += 1
    rows[f].above_since_s = np.inf
    rows[f].below_since_s = np.inf
    rows[f].cause = cause
    rows[f].part = sigma
    rows[f].whole = to
    rows[f].limit = limit


@compiled
def step(rows: LevelArray, f: int, sigma: float, now_s: float) -> bool:
    """Look once at the stress of fleet *f*; True when its level moved."""
    if rows[f].on == 0:
        return False
    unseen_s = now_s - rows[f].looked_s
    rows[f].looked_s = now_s
    if sigma < 0.0:
        # Time without data proves neither stress nor recovery: both clocks stand still.
        rows[f].above_since_s += unseen_s
        rows[f].below_since_s += unseen_s
        return False
    level = rows[f].level
    # A hair less: .85 − .78 is a drop of 7 points and stress 1, whatever the last bit says.
    if level < rows[f].top and sigma >= rows[f].enter[level + 1] - 1e-9:
        if rows[f].above_since_s == np.inf:
            rows[f].above_since_s = now_s
        if now_s - rows[f].above_since_s >= rows[f].up_after_s:
            _move(rows, f, level + 1, _ROSE, sigma, rows[f].enter[level + 1], now_s)
            return True
    else:
        rows[f].above_since_s = np.inf
    leave = rows[f].leave_share * rows[f].enter[level]
    if level > 0 and sigma < leave - 1e-9:
        if rows[f].below_since_s == np.inf:
            rows[f].below_since_s = now_s
        if now_s - rows[f].below_since_s >= rows[f].down_after_s:
            _move(rows, f, level - 1, _FELL, sigma, leave, now_s)
            return True
    else:
        rows[f].below_since_s = np.inf
    return False


@compiled
def surer_by(level: int) -> float:
    """What is added to the confidence that the AI asks for."""
    return float(_SURER_BY[level])


@compiled
def session_cap(level: int, sessions: int) -> int:
    """Sessions that may be under way at *level* of *sessions* possible ones; at least one below the highest level."""
    if level >= _MOST or sessions <= 0:
        return 0
    # A hair more: .95 × 20 sessions are 19, whatever the last bit says.
    return max(1, int(_CAP_SHARE[level] * sessions + 1e-9))


@compiled
def sheds(level: int, risk: int, capability: float, containment: float) -> bool:
    """Whether an intent is kept from the AI at *level*.

    Args:
        risk: `LOW`, `MEDIUM` or `HIGH`.
        capability: What the fleet was measured to be able to do in this intent, share.
        containment: As seen lately, share; `NODATA` takes capability for it.
    """
    if level <= 0:
        return False
    if level >= _MOST or risk >= _HIGH:
        return True
    if level == 1:
        return False
    if level == 2:
        return bool(risk == _MEDIUM and capability < 0.80)
    kept = capability if containment < 0.0 else containment
    return bool(risk > _LOW or kept < 0.90)


@compiled
def keep_score(containment: float, risk: int) -> float:
    """Containment × (1 − risk): the intent with the lowest goes first."""
    return containment * (1.0 - float(_RISK_SHARE[risk]))

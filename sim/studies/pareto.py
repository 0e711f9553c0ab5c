"""Which cells are worth a look when several figures count: the Pareto front, and how sure it is.

A cell is *dominated* when another is at least as good in every figure and better in one. On estimates alone chance decides near
ties, so a cell is *surely dominated* only when one other cell is better in at least one figure beyond its paired interval, and in none
worse beyond it; intervals are widened for the number of comparisons (Bonferroni), so that all verdicts of a front hold together with
the stated confidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sim.outcomes.intervals import LEVEL, FloatArray
from sim.studies.table import Table

Place = Literal["front", "near", "dominated"]


@dataclass(frozen=True, slots=True)
class Front:
    """Where every cell stands."""

    asked: tuple[int, ...]
    """Places of the figures that count."""
    places: tuple[Place, ...]
    """Of every cell: `front`: no estimate dominates it; `near`: dominated by estimates, but not surely; `dominated`: surely."""
    by: tuple[int | None, ...]
    """A cell that dominates it (surely, where there is one); None on the front."""


def front(table: Table, asked: Sequence[int], level: float = LEVEL) -> Front:
    """The Pareto front of a table over some of its figures, all of which must have a better side.

    Args:
        table: At least one cell.
        asked: Places of the figures in the table.
        level: Confidence with which all verdicts hold together.

    Raises:
        ValueError: A figure of which neither higher nor lower is better.
    """
    for a in asked:
        if table.asked[a].what.better == "neither":
            raise ValueError(
                f"{table.asked[a].name}: neither higher nor lower is better, so it cannot count in a front"
            )
    k = len(table.cells)
    signs = np.array([1.0 if table.asked[a].what.better == "higher" else -1.0 for a in asked])
    values = signs * np.array([[table.estimate(c, a).value for a in asked] for c in range(k)])
    each = 1.0 - (1.0 - level) / max(1, k * (k - 1) * len(asked) // 2)
    places: list[Place] = []
    by: list[int | None] = []
    for c in range(k):
        over = [o for o in range(k) if o != c and _dominates(values[o], values[c])]
        sure = next((o for o in over if _surely(table, o, c, asked, signs, each)), None)
        places.append("front" if not over else "near" if sure is None else "dominated")
        by.append(sure if sure is not None else over[0] if over else None)
    return Front(tuple(asked), tuple(places), tuple(by))


def _dominates(a: FloatArray, b: FloatArray) -> bool:
    """NaN (never happened) can be held against nothing."""
    return bool(np.all(a >= b) and np.any(a > b))


def _surely(table: Table, a: int, b: int, asked: Sequence[int], signs: FloatArray, level: float) -> bool:
    """Whether a is better than b in one figure beyond doubt, and in none worse beyond doubt."""
    better = False
    for figure, sign in zip(asked, signs, strict=True):
        gap = table.difference(b, a, figure, level)
        if sign * gap.value < -gap.half_width:
            return False
        better |= bool(sign * gap.value > gap.half_width)
    return better

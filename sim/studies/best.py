"""The best cell of a finished study, as numbers: which may be it, which one is chosen, and how many replications would tell.

may be the best    screened: no other cell surely beats it
chosen             Kim and Nelson, with an indifference zone
wanted             replications of a cell that would leave one, if differences and their spread stay as they are
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sim.studies.select import FIRST, kim_nelson, most_replications, paired, screened, source_of
from sim.studies.table import Table

ALPHA = 0.05
MOST_WANTED = 1_000_000
"""Replications of a cell beyond which nobody would wait: the cells are as good as equal."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """One cell, by Kim and Nelson's procedure."""

    cell: str
    within: float
    """The indifference zone, in the figure's unit."""
    promised: bool
    """Whether it is the best, or within the zone of it, with the confidence asked for; else it is the best so far."""
    known_after: int
    """Replications of a cell that were looked at."""
    wanted: int | None
    """Replications of a cell that certainly lead to a promise; None when there is one."""


@dataclass(frozen=True, slots=True)
class Best:
    """What a study says about its best cell."""

    figure: str
    better: Literal["higher", "lower"]
    confidence: float
    replications: int
    """That all cells have."""
    enough: bool
    """Whether there are two cells, and replications enough to say anything."""
    may_be: tuple[str, ...]
    """Cells that no other surely beats, the best so far first; the best is among them with the confidence."""
    equal: tuple[str, ...]
    """Those of them that gave the same as the best so far in every replication: no number of replications tells them apart."""
    wanted: int | None
    """Replications of a cell that would tell the best so far from the others that may be it; None when there is nothing to tell, or it
    would take more than a million."""
    chosen: Chosen | None


def best(rows: Table, asked: int, within: float | None = None, *, alpha: float = ALPHA) -> Best:
    """Which cells may be the best by one figure, and with an indifference zone which one is chosen.

    Args:
        rows: A finished study.
        asked: Place of the figure, of which one side is better.
        within: Smallest difference worth acting on, in the figure's unit.
        alpha: Probability of being wrong, at most.

    Raises:
        ValueError: Neither higher nor lower is better.
    """
    what = rows.asked[asked].what
    if what.better == "neither":
        raise ValueError(f"{what.name}: neither higher nor lower is better")
    name = rows.asked[asked].name
    even = rows.complete()
    n, names = len(even.replications), [cell.name for cell in rows.cells]
    if n < FIRST or len(names) < 2:
        return Best(name, what.better, 1.0 - alpha, n, False, (), (), None, None)
    sign = 1.0 if what.better == "higher" else -1.0
    left = sorted(
        screened(even, asked, what.better, alpha), key=lambda c: -sign * even.estimate(c, asked).value
    )
    part, whole = even.part[:, :, asked], even.whole[:, :, asked]
    gaps = {c: paired(part[[left[0], c]], whole[[left[0], c]]) for c in left[1:]}
    equal = tuple(names[c] for c, (gap, spread) in gaps.items() if gap == 0.0 and spread == 0.0)
    wanted = [_wanted(gap, spread, n, alpha / (len(names) - 1)) for gap, spread in gaps.values()]
    most = max((one for one in wanted if not math.isnan(one)), default=math.nan)
    chosen = None
    if within is not None:
        choice = kim_nelson(source_of(even, asked), len(names), what.better, within, alpha=alpha, at_most=n)
        more = most_replications(part, whole, within, alpha) if choice.capped else None
        chosen = Chosen(names[choice.best], within, not choice.capped, max(choice.replications), more)
    return Best(
        name, what.better, 1.0 - alpha, n, True, tuple(names[c] for c in left), equal,
        int(most) if most <= MOST_WANTED else None, chosen,
    )  # fmt: skip


def _wanted(gap: float, spread: float, have: int, alpha: float) -> float:
    """Replications after which a paired difference is beyond its one-sided slack; NaN for two cells that are the same."""
    from scipy.stats import t

    if gap == 0.0 and spread == 0.0:
        return math.nan
    if gap == 0.0:
        return math.inf
    n = float(have)
    for _ in range(50):
        needed = float(np.ceil((t.ppf(1.0 - alpha, max(1.0, n - 1.0)) * spread / abs(gap)) ** 2))
        if needed == n or not math.isfinite(needed):
            break
        n = max(2.0, needed)
    return max(n, have + 1.0)

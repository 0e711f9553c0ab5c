"""Which of these is best, and how sure are we: selection on common random numbers, with the effort where it tells.

    kim_nelson   sequential: drop a cell as soon as another is clearly better; the promise holds for any number of cells
    screened     once, on what there is: cells that may still be the best
    ocba         a fixed number of runs, spent where the best is hard to tell; an estimate and not a promise

The promise of `kim_nelson`: with probability 1 − α the chosen cell is the best, or within the indifference zone δ of it. δ is the smallest
difference worth acting on and has to be said beforehand: 1 point of service level, 0.2 points of abandonment.

Cells meet the same customers, so everything rests on *paired* differences; the procedures allow that (Rinott's two-stage one, which
wants independent cells, does not, and is not here). A figure is a ratio of sums over replications; its differences are judged by their
influence values, whose mean is exactly the difference of the ratios.

Sources: Kim & Nelson (2001), doi:10.1145/502109.502111; screening: Nelson, Swann, Goldsman & Song (2001), doi:10.1287/opre.49.6.950.10019;
allocation: Chen, Lin, Yücesan & Chick (2000), doi:10.1023/A:1008349927281, here with the variance of paired differences.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sim.outcomes.intervals import FloatArray, influence
from sim.studies.table import Table

Source = Callable[[Sequence[int], Sequence[int]], tuple[FloatArray, FloatArray]]
"""Asked for some cells on some replications, gives part and whole of the figure, each of shape (cells, replications)."""

FIRST = 10
"""Replications of every cell before anything is dropped: fewer say too little about variances."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a procedure chose."""

    procedure: Literal["kim_nelson", "ocba"]
    best: int
    """Place of the cell."""
    values: tuple[float, ...]
    """Of every cell, over the replications that it got."""
    replications: tuple[int, ...]
    """Of every cell."""
    dropped_after: tuple[int | None, ...]
    """Replications after which a cell was out; None for those that stayed to the end."""
    probability: float
    """`kim_nelson`: 1 − α, promised. `ocba`: estimated from what was seen (Bonferroni)."""
    indifference: float | None
    """δ, in the figure's unit."""
    capped: bool
    """Stopped because replications ran out: nothing is promised."""

    @property
    def runs(self) -> int:
        """Spent in all."""
        return sum(self.replications)


def source_of(table: Table, asked: int) -> Source:
    """A source that reads a finished table; positions are replications.

    Raises:
        ValueError: On being asked for a replication that the table does not have.
    """

    def read(cells: Sequence[int], replications: Sequence[int]) -> tuple[FloatArray, FloatArray]:
        if len(replications) and max(replications) >= len(table.replications):
            raise ValueError(f"the table ends at {len(table.replications)} replications")
        here = np.ix_(list(cells), list(replications), [asked])
        return table.part[here][..., 0], table.whole[here][..., 0]

    return read


def kim_nelson(
    source: Source,
    cells: int,
    better: Literal["higher", "lower"],
    indifference: float,
    *,
    alpha: float = 0.05,
    first: int = FIRST,
    at_most: int = 1000,
    batch: int = 1,
) -> Choice:
    """The best cell, with probability 1 − *alpha* when no other is within *indifference* of it.

    Args:
        source: Where replications come from, in order.
        cells: How many there are, at least two.
        better: Which way is better.
        indifference: δ > 0 in the figure's unit.
        alpha: Probability of a wrong choice, at most.
        first: Replications of every cell before the first look, at least 3; 20 or more where runs are cheap.
        at_most: Replications of a cell; when they run out the best so far is chosen and nothing promised.
        batch: Replications that are asked for at a time; looks are taken after each one either way.

    Raises:
        ValueError: An argument outside its range.
    """
    if cells < 2 or indifference <= 0 or not 0 < alpha < 1 or first < 3 or at_most < first:
        raise ValueError(
            "kim_nelson wants two cells or more, indifference > 0, 0 < alpha < 1 and 3 <= first <= at_most"
        )
    sign = 1.0 if better == "higher" else -1.0
    eta = 0.5 * ((2.0 * alpha / (cells - 1)) ** (-2.0 / (first - 1)) - 1.0)
    h2 = 2.0 * eta * (first - 1)
    part, whole = _asked(source, range(cells), range(first))
    s2 = _paired_variance(part, whole)
    alive, r = list(range(cells)), first
    dropped: list[int | None] = [None] * cells
    while True:
        mean = sign * _ratios(part[:, :r], whole[:, :r])
        # How far behind one may be and stay; it shrinks to nothing as replications come in.
        slack = np.maximum(0.0, (indifference / (2.0 * r)) * (h2 * s2 / indifference**2 - r))
        out = [i for i in alive if any(mean[i] < mean[m] - slack[i, m] for m in alive if m != i)]
        for i in out:
            dropped[i] = r
        alive = [i for i in alive if i not in out]
        # Without slack who is ahead is chosen; cells that are the same in every replication would stay side by side for ever.
        decided = len(alive) == 1 or not slack[np.ix_(alive, alive)].any()
        if decided or r >= at_most:
            break
        if r == part.shape[1]:
            more = min(batch, at_most - r)
            a, n = _asked(source, alive, range(r, r + more))
            part, whole = _grown(part, alive, a), _grown(whole, alive, n)
        r += 1
    best = max(alive, key=lambda i: mean[i])
    got = tuple(r if at is None else at for at in dropped)
    values = tuple(float(_ratios(part[i, :k], whole[i, :k])) for i, k in enumerate(got))
    return Choice("kim_nelson", best, values, got, tuple(dropped), 1.0 - alpha, indifference, not decided)


def most_replications(part: FloatArray, whole: FloatArray, indifference: float, alpha: float = 0.05) -> int:
    """Replications of a cell after which `kim_nelson` has certainly chosen: from there on nobody who is behind may stay.

    Args:
        part: Of the figure, shape (cells, replications); the first `FIRST` replications give the variances, as they do there.
        whole: Same.
        indifference: δ > 0 in the figure's unit.
        alpha: Probability of a wrong choice, at most.
    """
    cells = len(part)
    eta = 0.5 * ((2.0 * alpha / (cells - 1)) ** (-2.0 / (FIRST - 1)) - 1.0)
    s2 = float(_paired_variance(part[:, :FIRST], whole[:, :FIRST]).max())
    enough: float = 2.0 * eta * (FIRST - 1) * s2 / indifference**2
    return max(FIRST, math.floor(enough) + 1)


def paired(part: FloatArray, whole: FloatArray) -> tuple[float, float]:
    """Difference first − second of two cells, and the deviation of one replication's part in it; shapes (2, replications)."""
    gap = float(np.subtract(*_ratios(part, whole)))
    return gap, math.sqrt(_paired_variance(part, whole)[0, 1])


def screened(table: Table, asked: int, better: Literal["higher", "lower"], alpha: float = 0.05) -> list[int]:
    """Cells that may be the best: those that no other beats surely. The best is among them with probability 1 − *alpha*.

    Each pair is held against each other at level α/(k − 1), one-sided.
    """
    from scipy.stats import t

    part, whole = table.part[:, :, asked], table.whole[:, :, asked]
    k, n = part.shape
    if n < 2:
        raise ValueError("one replication cannot tell cells apart")
    sign = 1.0 if better == "higher" else -1.0
    mean = sign * _ratios(part, whole)
    slack = t.ppf(1.0 - alpha / max(1, k - 1), n - 1) * np.sqrt(_paired_variance(part, whole) / n)
    return [i for i in range(k) if all(mean[i] >= mean[m] - slack[i, m] for m in range(k) if m != i)]


def ocba(
    source: Source,
    cells: int,
    better: Literal["higher", "lower"],
    budget: int,
    *,
    first: int = FIRST,
    step: int = 10,
) -> Choice:
    """The best cell that *budget* runs can find, spent where cells are hard to tell from the best.

    A cell gets replications in proportion to (s / d)², d its paired difference from the best so far and s the deviation of
    that; the best gets as many as the most of the others, because pairs need both.

    Args:
        source: Where replications come from, in order.
        cells: How many there are, at least two.
        better: Which way is better.
        budget: Runs over all cells, at least cells · first.
        first: Replications of every cell before anything is decided.
        step: Runs that are handed out between two looks.

    Raises:
        ValueError: An argument outside its range.
    """
    if cells < 2 or first < 3 or step < 1 or budget < cells * first:
        raise ValueError(
            "ocba wants two cells or more, first >= 3, step >= 1 and a budget of cells times first runs or more"
        )
    sign = 1.0 if better == "higher" else -1.0
    part, whole = _asked(source, range(cells), range(first))
    got = np.full(cells, first)
    while True:
        mean = sign * np.array([_ratios(part[i, :n], whole[i, :n]) for i, n in enumerate(got)])
        best = int(mean.argmax())
        others = [i for i in range(cells) if i != best]
        behind, spread = np.zeros(cells), np.zeros(cells)
        for i in others:
            n = min(got[i], got[best])
            a, m = part[[best, i], :n], whole[[best, i], :n]
            behind[i] = sign * float(np.subtract(*_ratios(a, m)))
            spread[i] = math.sqrt(_paired_variance(a, m)[0, 1])
        left = budget - int(got.sum())
        if left <= 0:
            break
        got = _hand_out(got, best, behind, spread, min(step, left))
        most = int(got.max())
        if most > part.shape[1]:
            part, whole = (
                np.pad(x, ((0, 0), (0, most - x.shape[1])), constant_values=np.nan) for x in (part, whole)
            )
        for i in range(cells):
            missing = [r for r in range(got[i]) if math.isnan(part[i, r])]
            if missing:
                a, m = _asked(source, [i], missing)
                part[i, missing], whole[i, missing] = a[0], m[0]
    wrong = sum(_worse_chance(behind[i], spread[i], min(got[i], got[best])) for i in others)
    return Choice(
        "ocba", best, tuple(float(sign * x) for x in mean), tuple(int(n) for n in got), (None,) * cells,
        max(0.0, 1.0 - wrong), None, False,
    )  # fmt: skip


def _hand_out(got: FloatArray, best: int, behind: FloatArray, spread: FloatArray, runs: int) -> FloatArray:
    """One run after the other to whoever lies furthest under its share."""
    weight = np.zeros(len(got))
    for i in range(len(got)):
        if i != best:
            # Equal cells would want everything; a difference of a tenth of its own deviation is near enough to equal.
            weight[i] = (
                (spread[i] / max(abs(behind[i]), 0.1 * spread[i], 1e-300)) ** 2 if spread[i] > 0 else 0.0
            )
    weight[best] = weight.max()
    grown = got.copy()
    if not weight.any():
        return grown + 1 if runs >= len(got) else _one_each(grown, runs)
    for _ in range(runs):
        grown[int(np.argmax(weight / weight.sum() - grown / grown.sum()))] += 1
    return grown


def _one_each(got: FloatArray, runs: int) -> FloatArray:
    got[np.argsort(got, kind="stable")[:runs]] += 1
    return got


def _worse_chance(behind: float, spread: float, n: int) -> float:
    """That a cell which looks worse by *behind* is not."""
    if spread == 0.0:
        return 0.0 if behind > 0 else 0.5
    return 0.5 * math.erfc(behind / (spread / math.sqrt(n)) / math.sqrt(2.0))


def _ratios(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Σ part / Σ whole along the last axis; NaN where there is nothing to divide by."""
    found: FloatArray = np.divide(
        part.sum(axis=-1),
        whole.sum(axis=-1),
        out=np.full(part.shape[:-1], np.nan),
        where=whole.sum(axis=-1) != 0,
    )
    return found


def _paired_variance(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Variance of one replication's part in the difference of every two cells, shape (cells, cells)."""
    each = np.stack([influence(a, n) for a, n in zip(part, whole, strict=True)])
    apart = each[:, None, :] - each[None, :, :]
    found: FloatArray = (apart**2).sum(axis=2) / (part.shape[1] - 1)
    return found


def _asked(
    source: Source, cells: Sequence[int], replications: Sequence[int]
) -> tuple[FloatArray, FloatArray]:
    part, whole = source(list(cells), list(replications))
    shape = len(cells), len(replications)
    assert part.shape == shape == whole.shape, f"the source gave {part.shape}, not {shape}"
    return np.array(part, dtype=np.float64), np.array(whole, dtype=np.float64)


def _grown(kept: FloatArray, alive: Sequence[int], more: FloatArray) -> FloatArray:
    """New columns for those still in, NaN for the others."""
    found = np.pad(kept, ((0, 0), (0, more.shape[1])), constant_values=np.nan)
    found[list(alive), kept.shape[1] :] = more
    return found

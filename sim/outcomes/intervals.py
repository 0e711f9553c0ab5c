"""How sure we are: estimates over independent replications, with t intervals.

A share over many days is the ratio of two sums, Σ A_r / Σ N_r, and not the mean of daily shares: a quiet day
must not weigh as much as a busy one. Its spread comes from what each replication does to the ratio, A_r − R·N_r:

    R ± t(k − 1) · s,    s² = Σ (A_r − R N_r)² / (k (k − 1) N̄²)        k ≥ 15 replications
                         s² = (k − 1)/k · Σ (R₋ᵣ − R̄₋)²                below: jackknife, R₋ᵣ the ratio without
                         replication r

Two variants that met the same customers are compared replication by replication: the influence values (A_r − R
N_r)/N̄ of the two are subtracted before they are squared, so that what a busy day does to both cancels.

Source: Cochran (1977), Sampling Techniques, 3rd ed., §6; jackknife: Efron & Stein (1981), doi:10.1214/aos/1176345462.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

LEVEL = 0.95
JACKKNIFE_BELOW = 15


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and how far off it may be."""

    value: float
    half_width: float
    """Of the 95 % interval; NaN from a single replication."""
    replications: int
    """On which it rests; those in which the thing did not happen are not among them."""

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self.value - self.half_width

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self.value + self.half_width


NOTHING = Estimate(math.nan, math.nan, 0)
"""Estimate of what never happened."""


def ratio(part: ArrayLike, whole: ArrayLike, level: float = LEVEL) -> Estimate:
    """Σ part / Σ whole over replications.

    Args:
        part: One number a replication, shape (replications,).
        whole: Same.
        level: Coverage of the interval.

    Returns:
        NaN where Σ whole is 0.
    """
    a, n = _pair(part, whole)
    k = len(a)
    value = _over(a.sum(), n.sum())
    if k < 2:
        return Estimate(value, math.nan, k)
    if k < JACKKNIFE_BELOW:
        return Estimate(value, _half_width(_jackknife(_without_each(a, n)), k, level), k)
    return Estimate(value, _half_width(_linear(influence(a, n)), k, level), k)


def ratio_difference(
    part_a: ArrayLike, whole_a: ArrayLike, part_b: ArrayLike, whole_b: ArrayLike, level: float = LEVEL
) -> Estimate:
    """Ratio b − ratio a, paired: position r of all four belongs to the same replication.

    Raises:
        ValueError: The numbers of replications differ.
    """
    a, n = _pair(part_a, whole_a)
    b, m = _pair(part_b, whole_b)
    if len(a) != len(b):
        raise ValueError(f"{len(a)} and {len(b)} replications cannot be paired")
    k = len(a)
    value = _over(b.sum(), m.sum()) - _over(a.sum(), n.sum())
    if k < 2:
        return Estimate(value, math.nan, k)
    if k < JACKKNIFE_BELOW:
        spread = _jackknife(_without_each(b, m) - _without_each(a, n))
    else:
        spread = _linear(influence(b, m) - influence(a, n))
    return Estimate(value, _half_width(spread, k, level), k)


def mean(values: ArrayLike, level: float = LEVEL) -> Estimate:
    """Mean over replications of a number that each has; NaN ones ("did not happen") are left out, not counted."""
    x = np.asarray(values, dtype=np.float64)
    x = x[~np.isnan(x)]
    k = len(x)
    if k == 0:
        return NOTHING
    if k == 1:
        return Estimate(float(x[0]), math.nan, 1)
    return Estimate(float(x.mean()), _half_width(float(x.std(ddof=1)) / math.sqrt(k), k, level), k)


def mean_difference(a: ArrayLike, b: ArrayLike, level: float = LEVEL) -> Estimate:
    """Mean of b − a, paired by replication; pairs of which one half did not happen are left out.

    Raises:
        ValueError: The numbers of replications differ.
    """
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if x.shape != y.shape:
        raise ValueError(f"{len(x)} and {len(y)} replications cannot be paired")
    return mean(y - x, level)


def jackknife(value: float, without: ArrayLike, level: float = LEVEL) -> Estimate:
    """A statistic of all replications, and its interval from the same statistic without each of them in turn.

    Args:
        value: Of all replications.
        without: One number a replication: the statistic of the others; below three they say too little.
        level: Coverage of the interval.
    """
    found = np.asarray(without, dtype=np.float64)
    k = len(found)
    return Estimate(value, _half_width(_jackknife(found), k, level) if k > 2 else math.nan, k)


def _pair(part: ArrayLike, whole: ArrayLike) -> tuple[FloatArray, FloatArray]:
    a, n = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    if a.shape != n.shape or a.ndim != 1:
        raise ValueError(
            f"part has shape {a.shape} and whole {n.shape}: both must have one number a replication"
        )
    return a, n


def _over(part: float, whole: float) -> float:
    return float(part / whole) if whole else math.nan


def influence(a: FloatArray, n: FloatArray) -> FloatArray:
    """What each replication does to the ratio Σ a / Σ n: (a_r − R n_r) / n̄, of mean 0; shape (replications,)."""
    if n.sum() == 0:
        return np.full(len(a), np.nan)
    values: FloatArray = (a - a.sum() / n.sum() * n) / n.mean()
    return values


def _without_each(a: FloatArray, n: FloatArray) -> FloatArray:
    """The ratio without each replication in turn."""
    part, whole = a.sum() - a, n.sum() - n
    values: FloatArray = np.divide(part, whole, out=np.full(len(a), np.nan), where=whole != 0)
    return values


def _linear(influence: FloatArray) -> float:
    k = len(influence)
    return float(np.sqrt((influence**2).sum() / (k * (k - 1))))


def _jackknife(without: FloatArray) -> float:
    k = len(without)
    return float(np.sqrt((k - 1) / k * ((without - without.mean()) ** 2).sum()))


def _half_width(standard_error: float, k: int, level: float) -> float:
    return _t(k - 1, level) * standard_error


@cache
def _t(freedom: int, level: float) -> float:
    """Two-sided quantile of Student's t."""
    from scipy.stats import t

    return float(t.ppf(0.5 + level / 2.0, freedom))

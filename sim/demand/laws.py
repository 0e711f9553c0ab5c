"""Drawing from a `Law`: durations in seconds, one array at a time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim.scenario.model import Law

FloatArray = NDArray[np.float64]


def lognormal_numbers(mean_s: float, cv: float) -> tuple[float, float]:
    """Mean and standard deviation of the logarithm of a lognormal duration."""
    variance = math.log1p(cv * cv)
    return math.log(mean_s) - variance / 2.0, math.sqrt(variance)


def draw(law: Law, rng: np.random.Generator, n: int) -> FloatArray:
    """*n* independent durations, seconds, shape (n,)."""
    match law.family:
        case "exponential":
            return rng.standard_exponential(n) * law.mean_s
        case "lognormal":
            mu, sigma = lognormal_numbers(law.mean_s, law.cv)
            numbers = rng.standard_normal(n)
            numbers *= sigma
            numbers += mu
            return np.exp(numbers, out=numbers)
        case "gamma":
            shape = 1.0 / law.cv**2
            return rng.standard_gamma(shape, n) * (law.mean_s / shape)
        case "weibull":
            return np.asarray(rng.weibull(law.shape, n) * (law.mean_s / math.gamma(1.0 + 1.0 / law.shape)))
        case "uniform":
            return rng.random(n) * (2.0 * law.mean_s)
        case "constant":
            return np.full(n, law.mean_s)
        case "never":
            return np.full(n, np.inf)
        case "quantiles":
            levels = np.linspace(0.0, 1.0, len(law.values_s))
            return np.asarray(np.interp(rng.random(n), levels, np.array(law.values_s)), dtype=np.float64)
    raise AssertionError(f"a law called {law.family} got past the schema")

"""Integrals of exp(concave function): the numerics behind Erlang A and fractional servers.

The waiting-time integrals of a queue with patience have one hill each, whose height may be 1e±4000 and whose
width may be a second or a day. So the hill is taken relative to its top, cut where it has fallen by e⁻⁴⁵, and
covered by panels that shrink geometrically towards the top from both sides: no scale is too sharp, nothing
over- or underflows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

CUT_NATS = 45.0  # e⁻⁴⁵ is 3e-20: what is cut off is below the last bit of a double
HALVINGS = 16  # finest panel is 1/65,536 of its side; a hill with a spike on a long tail needs about 10
NODES = 20  # Gauss–Legendre of order 20 integrates a fall by e¹⁰ over one panel to about 1e-15


@cache
def _rule() -> tuple[FloatArray, FloatArray]:
    """Nodes and weights on [0, 1] of dyadic panels: [0, 2⁻ᵏ], …, [1/4, 1/2], [1/2, 1]."""
    x, w = np.polynomial.legendre.leggauss(NODES)
    edges = np.concatenate(([0.0], 0.5 ** np.arange(HALVINGS, -1, -1)))
    start, width = edges[:-1, None], np.diff(edges)[:, None]
    return (start + width * (x + 1) / 2).ravel(), (width * w / 2).ravel()


def _reach(fall: Callable[[float], float], limit: float) -> float:
    """How far to go from the top until *fall* (negative, concave) passes the cut, at most *limit*."""
    if fall(limit if math.isfinite(limit) else 1.0) > -CUT_NATS:
        if math.isfinite(limit):
            return limit
        low, high = 1.0, 2.0
        while fall(high) > -CUT_NATS:
            low, high = high, 2 * high
    else:
        low, high = 0.0, limit if math.isfinite(limit) else 1.0
    # A fall of 45 to 90 nats will do: cutting later costs no accuracy, only a few wasted nodes.
    while fall(high) < -2 * CUT_NATS:
        middle = (low + high) / 2
        if fall(middle) > -CUT_NATS:
            low = middle
        else:
            high = middle
    return high


def hill(
    fall: Callable[[float], float],
    fall_each: Callable[[FloatArray], FloatArray],
    left: float,
    right: float,
) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights for integrals of g(d)·exp(fall(d)) over [-left, right], g smooth and tame.

    Args:
        fall: Concave, 0 at its top d = 0, negative elsewhere.
        fall_each: The same function on an array.
        left: How far the range goes to the left of the top, ≥ 0.
        right: How far to the right, ≥ 0; may be infinite.

    Returns:
        Offsets d from the top, and weights with exp(fall(d)) inside, so that the integral is
        `(weights * g(d)).sum()`.
    """
    unit, unit_weight = _rule()
    offsets, weights = [], []
    for side, limit in ((-1.0, left), (1.0, right)):
        if limit > 0:
            length = _reach(lambda d, side=side: fall(side * d), limit)  # type: ignore[misc]
            offsets.append(side * length * unit)
            weights.append(length * unit_weight)
    if not offsets:
        return np.zeros(1), np.zeros(1)
    d = np.concatenate(offsets)
    return d, np.concatenate(weights) * np.exp(fall_each(d))

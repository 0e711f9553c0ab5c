"""How many people on which shift: the cheapest whole numbers that cover what is required, as an integer program.

    minimise  Σ cost · people    subject to    Σ covers · people ≥ required   in every interval

HiGHS solves the program, being short is never an option. Solved to its end, as days are as a rule, it takes of the answers that cost the
same one with fewest people, of those the one whose people are earliest in the order of the shifts. A limit on nodes, not on time, ends
what takes long: the same question has the same answer, and the bound says how much cheaper another could be.

Source: Dantzig (1954), "A comment on Edie's traffic delays at toll booths", doi:10.1287/opre.2.3.339.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
MOST_NODES = 1_000
"""Of branch and bound, a solve, for what a day seldom needs; a limit by the clock would make the answer one of the machine."""


@dataclass(frozen=True, slots=True)
class Cover:
    """People by shift."""

    people: tuple[int, ...]
    cost: int
    bound: float
    """No cover costs less; the cost itself where the program was solved to its end."""


def cheapest_cover(
    covers: IntArray,
    required: IntArray,
    cost: IntArray,
    *,
    least: IntArray | None = None,
    most: IntArray | None = None,
    day: IntArray | None = None,
    at_most: int | None = None,
) -> Cover | None:
    """The cheapest people by shift that cover what is required; None when no numbers do.

    Args:
        covers: 1 where a shift has its people on the floor for the whole interval, shape (intervals, shifts).
        required: People, shape (intervals,).
        cost: Of one person on the shift, such as its minutes, shape (shifts,).
        least: People on each shift at least, shape (shifts,).
        most: At most, same shape.
        day: Which day each shift belongs to, for *at_most*; all to one when left out.
        at_most: People on all shifts of a day together.

    Raises:
        ValueError: Shapes differ, or a cost is not above 0.
    """
    intervals, shifts = covers.shape
    if required.shape != (intervals,) or cost.shape != (shifts,):
        raise ValueError(
            f"{covers.shape} intervals and shifts, but {required.shape} required and {cost.shape} costs"
        )
    if (cost <= 0).any():
        raise ValueError("a shift that costs nothing could have any number of people")
    if not shifts:
        return None if (required > 0).any() else Cover((), 0, 0.0)
    unit = int(np.gcd.reduce(cost))  # small whole costs: a bound above 303 is then known to be 304
    in_units = cost // unit
    ones = np.ones(shifts, dtype=np.int64)
    rows: list[tuple[Any, Any, Any]] = [(covers, required, np.inf)]
    if at_most is not None:
        days = np.zeros(shifts, dtype=np.int64) if day is None else day
        rows += [(np.where(days == one, 1, 0)[None, :], 0, at_most) for one in np.unique(days)]
    low = np.zeros(shifts) if least is None else least
    high = np.full(shifts, np.inf) if most is None else most
    first = _solved(in_units, rows, low, high)
    if first is None:
        return None
    people, bound = first
    spent = int(in_units @ people)
    proved = spent <= math.ceil(bound - 1e-6)
    for what, then in ((in_units, ones), (ones, np.arange(shifts))) if proved else ():
        # What was reached stays; half a unit of room, for whole numbers come out of the solver as 302.99999.
        rows.append((what[None, :], 0, int(what @ people) + 0.5))
        better = _solved(then, rows, low, high)
        people = people if better is None else better[0]
    return Cover(tuple(int(n) for n in people), spent * unit, min(spent, math.ceil(bound - 1e-6)) * unit)


def _solved(
    cost: IntArray, rows: Sequence[tuple[Any, Any, Any]], low: Any, high: Any
) -> tuple[IntArray, float] | None:
    """People by shift and a bound of their cost; None when there are none, or none were found."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    found = milp(
        cost,
        integrality=1,
        bounds=Bounds(low, high),
        constraints=[LinearConstraint(csr_array(left), a, b) for left, a, b in rows],
        options={"mip_rel_gap": 0.0, "node_limit": MOST_NODES},
    )
    if found.x is None:
        return None
    bound = found.mip_dual_bound
    return np.rint(found.x).astype(np.int64), float(found.fun if bound is None else bound)

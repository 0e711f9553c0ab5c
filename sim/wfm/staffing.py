"""How many agents: the smallest number that keeps every promise asked for, and the rule of thumb for it.

`required` agents sit at the desk; `scheduled` = required ÷ (1 − shrinkage), rounded up, are rostered. Bursty
arrivals enter as a peakedness (Hayward); see `sim.wfm.erlang` for what the formulas assume.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from sim.wfm.checks import check_numbers, check_positive, check_share
from sim.wfm.erlang import ErlangA, ErlangB, ErlangC, hayward_a, hayward_b, hayward_c

Queue = TypeVar("Queue", ErlangA, ErlangB, ErlangC)


@dataclass(frozen=True, slots=True)
class Staffing(Generic[Queue]):
    """The answer to "how many": agents at the desk, agents on the roster, and how it would go."""

    required: int
    scheduled: int
    queue: Queue
    """The formula's result with *required* agents (scaled down by the peakedness, if one was given)."""


def with_shrinkage(required: float, shrinkage: float) -> int:
    """Agents to roster so that *required* are at the desk when a share *shrinkage* of paid time is not.

    Raises:
        ValueError: Shrinkage is outside [0, 1), or required is negative.
    """
    check_numbers(required=required)
    check_share("shrinkage", shrinkage)
    # 21 / (1 − 0.3) is 30.000000000000004 in floating point, and must stay 30 people.
    return math.ceil(required / (1.0 - shrinkage) - 1e-9)


def staff_erlang_b(
    load_erlangs: float, *, max_blocking: float, shrinkage: float = 0.0, peakedness: float = 1.0
) -> Staffing[ErlangB]:
    """Smallest number of lines that turns away at most a share *max_blocking*.

    Args:
        load_erlangs: Offered load.
        max_blocking: Largest acceptable blocking, in (0, 1].
        shrinkage: Share of paid time away from the desk, [0, 1).
        peakedness: z of the arrivals; 1 for Poisson.

    Raises:
        ValueError: An argument is out of range.
    """
    _check_limits(max_blocking=max_blocking)
    return _smallest(
        load_erlangs,
        lambda n: hayward_b(load_erlangs, n, peakedness),
        lambda queue: queue.p_block <= max_blocking,
        shrinkage,
    )


def staff_erlang_c(
    arrivals_per_s: float,
    handle_s: float,
    *,
    service_level: float = 0.0,
    within_s: float = 20.0,
    max_p_wait: float = 1.0,
    max_mean_wait_s: float = math.inf,
    max_occupancy: float = 1.0,
    shrinkage: float = 0.0,
    peakedness: float = 1.0,
) -> Staffing[ErlangC]:
    """Smallest number of agents that keeps every promise given, when nobody hangs up; enough for the load.

    Args:
        arrivals_per_s: Offered contacts per second.
        handle_s: Mean handling time, seconds.
        service_level: Share to be answered within *within_s* seconds, [0, 1).
        within_s: Threshold of the service level, seconds.
        max_p_wait: Largest acceptable share that waits at all, (0, 1].
        max_mean_wait_s: Largest acceptable mean wait, seconds.
        max_occupancy: Largest acceptable busy share of an agent's time, (0, 1].
        shrinkage: Share of paid time away from the desk, [0, 1).
        peakedness: z of the arrivals; 1 for Poisson.

    Raises:
        ValueError: An argument is out of range.
    """
    check_share("service_level", service_level)
    _check_limits(max_p_wait=max_p_wait, max_occupancy=max_occupancy)
    check_positive(max_mean_wait_s=max_mean_wait_s)

    def keeps(queue: ErlangC) -> bool:
        return (
            math.isfinite(queue.mean_wait_s)
            and queue.service_level(within_s) >= service_level
            and queue.p_wait <= max_p_wait
            and queue.mean_wait_s <= max_mean_wait_s
            and queue.occupancy <= max_occupancy
        )

    load = arrivals_per_s * handle_s
    return _smallest(load, lambda n: hayward_c(arrivals_per_s, handle_s, n, peakedness), keeps, shrinkage)


def staff_erlang_a(
    arrivals_per_s: float,
    handle_s: float,
    patience_s: float,
    *,
    service_level: float = 0.0,
    within_s: float = 20.0,
    max_p_ab: float = 1.0,
    max_p_wait: float = 1.0,
    max_occupancy: float = 1.0,
    shrinkage: float = 0.0,
    peakedness: float = 1.0,
    near: int = 0,
) -> Staffing[ErlangA]:
    """Smallest number of agents that keeps every promise given, when customers hang up; 0 if none is given.

    Args:
        arrivals_per_s: Offered contacts per second.
        handle_s: Mean handling time, seconds.
        patience_s: Mean patience, seconds, finite (with infinite patience: `staff_erlang_c`).
        service_level: Share of all *offered* to be answered within *within_s* seconds, [0, 1).
        within_s: Threshold of the service level, seconds.
        max_p_ab: Largest acceptable share that hangs up, (0, 1].
        max_p_wait: Largest acceptable share that waits at all, (0, 1].
        max_occupancy: Largest acceptable busy share of an agent's time, (0, 1].
        shrinkage: Share of paid time away from the desk, [0, 1).
        peakedness: z of the arrivals; 1 for Poisson.
        near: A guess at the number; it changes how long the search takes, and nothing else.

    Raises:
        ValueError: An argument is out of range.
    """
    check_share("service_level", service_level)
    _check_limits(max_p_ab=max_p_ab, max_p_wait=max_p_wait, max_occupancy=max_occupancy)
    check_numbers(patience_s=patience_s)

    def keeps(queue: ErlangA) -> bool:
        return (
            queue.p_ab <= max_p_ab
            and queue.p_wait <= max_p_wait
            and not queue.occupancy > max_occupancy  # NaN without agents: nobody is too busy
            and (service_level == 0.0 or queue.service_level_offered(within_s) >= service_level)
        )

    load = arrivals_per_s * handle_s
    return _smallest(
        load,
        lambda n: hayward_a(arrivals_per_s, handle_s, n, patience_s, peakedness),
        keeps,
        shrinkage,
        near,
    )


def square_root_staffing(load_erlangs: float, beta: float, peakedness: float = 1.0) -> int:
    """Load plus *beta* standard deviations of it, rounded up: a + β √(z a).

    Args:
        load_erlangs: Offered load a.
        beta: Grade of service; `beta_for_p_wait` gives it for a chance of waiting. May be
            negative with impatience.
        peakedness: z of the arrivals; 1 for Poisson.

    Source: Halfin & Whitt (1981), doi:10.1287/opre.29.3.567; peaked: He, Liu & Whitt (2016),
    Probability in the Engineering and Informational Sciences 30, 593–621.
    """
    check_numbers(load_erlangs=load_erlangs)
    check_positive(peakedness=peakedness)
    return max(0, math.ceil(load_erlangs + beta * math.sqrt(peakedness * load_erlangs) - 1e-9))


def halfin_whitt_p_wait(beta: float) -> float:
    """P(wait > 0) of a large queue without abandonment, with a + *beta* √a agents; *beta* > 0.

    Source: Halfin & Whitt (1981), doi:10.1287/opre.29.3.567.
    """
    check_positive(beta=beta)
    # 1 / (1 + βΦ(β)/φ(β)), and Φ(β)/φ(β) is one over the hazard at −β.
    return 1.0 / (1.0 + beta / _normal_hazard(-beta))


def garnett_p_wait(beta: float, patience_ratio: float) -> float:
    """P(wait > 0) of a large queue with exponential patience, with a + *beta* √a agents.

    Args:
        beta: Grade of service, any sign.
        patience_ratio: Mean patience ÷ mean handling time, > 0.

    Source: Garnett, Mandelbaum & Reiman (2002), doi:10.1287/msom.4.3.208.7753.
    """
    check_positive(patience_ratio=patience_ratio)
    root = math.sqrt(patience_ratio)
    return 1.0 / (1.0 + _normal_hazard(beta * root) / root / _normal_hazard(-beta))


def beta_for_p_wait(p_wait: float, patience_ratio: float = math.inf) -> float:
    """Grade of service β at which a share *p_wait* of a large queue waits; goes into `square_root_staffing`.

    Args:
        p_wait: Share that waits at all, in (0, 1).
        patience_ratio: Mean patience ÷ mean handling time; infinite without abandonment.

    Raises:
        ValueError: An argument is out of range.
    """
    if not 0 < p_wait < 1:
        raise ValueError(f"p_wait is {p_wait}, and must lie between 0 and 1")
    check_positive(patience_ratio=patience_ratio)
    if math.isinf(patience_ratio):
        limit, low, high = halfin_whitt_p_wait, 0.0, 1.0
    else:
        limit, low, high = (lambda beta: garnett_p_wait(beta, patience_ratio)), -1.0, 1.0
        while limit(low) < p_wait:
            low *= 2
    while limit(high) > p_wait:
        high *= 2
    while high - low > 1e-14 * max(1.0, abs(low)):
        middle = (low + high) / 2
        low, high = (middle, high) if limit(middle) > p_wait else (low, middle)
    return (low + high) / 2


def _smallest(
    load_erlangs: float,
    queue_with: Callable[[int], Queue],
    keeps: Callable[[Queue], bool],
    shrinkage: float,
    near: int = 0,
) -> Staffing[Queue]:
    """Bisection: with more agents every promise is kept better. Begins at the load, or at *near* where somebody knows better."""
    check_numbers(load_erlangs=load_erlangs)
    check_share("shrinkage", shrinkage)
    low, high = -1, 0
    if load_erlangs > 0 and not keeps(queue_with(0)):
        low, high = 0, near or math.ceil(load_erlangs)
        step = 1 if near else max(1, math.isqrt(high))
        while not keeps(queue_with(high)):
            low, high, step = high, high + step, 2 * step
        below = high - 1
        while near and below > low:
            if not keeps(queue_with(below)):
                low = below
            else:
                high, below, step = below, max(low, below - step), 2 * step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if keeps(queue_with(middle)) else (middle, high)
    return Staffing(high, with_shrinkage(high, shrinkage), queue_with(high))


def _normal_hazard(x: float) -> float:
    """φ(x)/(1 − Φ(x)) of the standard normal."""
    if x < 25:
        return math.exp(-x * x / 2) / math.sqrt(2 * math.pi) / (0.5 * math.erfc(x / math.sqrt(2)))
    # Beyond, both are too small for a double; Laplace's continued fraction has converged long before.
    tail = x
    for k in range(12, 0, -1):
        tail = x + k / tail
    return tail


def _check_limits(**values: float) -> None:
    for name, value in values.items():
        if not 0 < value <= 1:
            raise ValueError(f"{name} is {value}, and must be above 0 and at most 1")

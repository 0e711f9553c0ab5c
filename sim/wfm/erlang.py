"""Erlang B, C and A: n identical agents, random (Poisson) arrivals, exponential handling times.

    B   nobody waits: who finds all agents busy is turned away           M/M/n/n
    C   everybody waits as long as it takes                              M/M/n
    A   everybody waits until an own, exponential patience is used up    M/M/n+M

Exact (to about 1e-12), for one agent or 10,000, at any load, and for fractional numbers of agents, which
Hayward's correction for bursty arrivals needs. All three assume one steady rate; a simulation is for the days
that have none.

Erlang A is written with the *offered* wait V (how long a customer of endless patience would wait). With
arrival rate λ, handling rate μ, patience rate θ, H(x) = (1 − e⁻ᶿˣ)/θ the mean of min(patience, x), and

    J = ∫₀^∞ exp(λ H(x) − nμx) dx,    ε = 1 / B(n − 1, λ/μ):

    P(V > 0) = λJ / (ε + λJ),         V has density ∝ exp(λ H(x) − nμx) where it is positive,

and everything else is a mean over V: abandonment E[1 − e⁻ᶿⱽ], wait E[H(V)], answered within t E[e⁻ᶿⱽ; V ≤ t].

Source: Zeltyn & Mandelbaum (2005), doi:10.1007/s11134-005-3699-8; Gans, Koole & Mandelbaum (2003),
doi:10.1287/msom.5.2.79.16071.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.wfm.checks import check_numbers, check_positive, check_share
from sim.wfm.hill import FloatArray, hill


@dataclass(frozen=True, slots=True)
class ErlangB:
    """What a loss system does: *agents* lines, no waiting room."""

    load_erlangs: float
    """Offered load: arrivals per second × handling seconds."""
    agents: float
    p_block: float
    """Share of offered contacts that find every agent busy, and leave."""
    occupancy: float
    """Busy share of an agent's time; NaN without agents."""


@dataclass(frozen=True, slots=True)
class ErlangC:
    """What a queue of endlessly patient customers does; overloaded, everybody waits, without end."""

    arrivals_per_s: float
    handle_s: float
    agents: float
    p_wait: float
    """Share of offered contacts that do not get an agent at once."""
    mean_wait_s: float
    """Mean wait of all contacts, those that did not wait included (= ASA here: everybody is answered)."""
    mean_queue: float
    """Mean number waiting."""
    occupancy: float
    """Busy share of an agent's time; NaN without agents."""

    @property
    def _drain_per_s(self) -> float:
        """Rate at which the wait of a queued contact dies out; 0 when overloaded."""
        return max(0.0, self.agents / self.handle_s - self.arrivals_per_s)

    def p_wait_over(self, wait_s: float) -> float:
        """Share of contacts that wait longer than *wait_s* seconds."""
        _check_wait(wait_s)
        return self.p_wait * math.exp(-self._drain_per_s * wait_s)

    def service_level(self, within_s: float) -> float:
        """Share of contacts answered within *within_s* seconds."""
        return 1.0 - self.p_wait_over(within_s)

    def wait_quantile_s(self, share: float) -> float:
        """Wait in seconds that *share* of the contacts do not exceed; ∞ when overloaded."""
        check_share("share", share)
        if 1.0 - share >= self.p_wait:
            return 0.0
        return (
            math.log(self.p_wait / (1.0 - share)) / self._drain_per_s if self._drain_per_s > 0 else math.inf
        )


@dataclass(frozen=True, slots=True)
class ErlangA:
    """What a queue does whose customers hang up when an exponential patience runs out."""

    arrivals_per_s: float
    handle_s: float
    agents: float
    patience_s: float
    """Mean patience; infinite gives Erlang C."""
    p_wait: float
    """Share of offered contacts that do not get an agent at once."""
    p_ab: float
    """Share of offered contacts that hang up."""
    mean_wait_s: float
    """Mean wait of all offered contacts, to pickup or hang-up."""
    mean_wait_served_s: float
    """Mean wait of those answered (ASA); NaN when nobody is."""
    mean_wait_abandoned_s: float
    """Mean wait of those that hang up; NaN when nobody does."""
    mean_queue: float
    """Mean number waiting."""
    occupancy: float
    """Busy share of an agent's time; NaN without agents."""

    def p_wait_over(self, wait_s: float) -> float:
        """Share of offered contacts still waiting after *wait_s* seconds: neither answered nor gone."""
        _check_wait(wait_s)
        if self.agents == 0:
            return _stay(self, wait_s)
        return self.p_wait * _stay(self, wait_s) * _offered_wait_share(self, wait_s, math.inf)

    def service_level_offered(self, within_s: float) -> float:
        """Answered within *within_s* seconds, of all offered: who hangs up counts as not served in time."""
        _check_wait(within_s)
        if self.agents == 0:
            return 0.0
        served_share = _offered_wait_share(self, 0.0, within_s, staying=True)
        return 1.0 - self.p_wait + self.p_wait * served_share

    def service_level_answered(self, within_s: float) -> float:
        """Answered within *within_s* seconds, of the answered; NaN when nobody is."""
        return self.service_level_offered(within_s) / (1.0 - self.p_ab) if self.p_ab < 1 else math.nan

    def service_level_abandons_ignored(self, within_s: float) -> float:
        """Answered within *within_s* seconds, of the offered without those that hung up by then; NaN if all did."""
        within = self.service_level_offered(within_s)
        counted = within + self.p_wait_over(within_s)
        return within / counted if counted > 0 else math.nan

    def p_ab_within(self, within_s: float) -> float:
        """Share of offered contacts that hang up within *within_s* seconds: the short abandons."""
        return max(0.0, 1.0 - self.p_wait_over(within_s) - self.service_level_offered(within_s))

    def wait_quantile_s(self, share: float) -> float:
        """Wait in seconds, to pickup or hang-up, that *share* of the offered contacts do not exceed."""
        check_share("share", share)
        if 1.0 - share >= self.p_wait:
            return 0.0
        low, high = 0.0, self.handle_s
        while self.p_wait_over(high) > 1.0 - share:
            low, high = high, 2 * high
        while high - low > 1e-12 * high:
            middle = (low + high) / 2
            low, high = (middle, high) if self.p_wait_over(middle) > 1.0 - share else (low, middle)
        return high


def offered_load_erlangs(arrivals_per_s: float, handle_s: float) -> float:
    """Work that arrives per second of time: how many agents it would keep busy without a pause."""
    return arrivals_per_s * handle_s


def erlang_b(load_erlangs: float, agents: float) -> ErlangB:
    """Blocking in a loss system.

    Args:
        load_erlangs: Arrivals per second × mean handling seconds, ≥ 0. Any law of handling times
            has the same answer.
        agents: Lines, ≥ 0; need not be whole.

    Raises:
        ValueError: An argument is negative or not a number.

    Source: Erlang (1917); fractional lines: Jagerman (1974), Bell System Technical Journal 53.
    """
    check_numbers(load_erlangs=load_erlangs, agents=agents)
    p_block = 1.0 / _inverse_b(agents, load_erlangs)
    occupancy = load_erlangs * (1.0 - p_block) / agents if agents > 0 else math.nan
    return ErlangB(load_erlangs, agents, p_block, occupancy)


def erlang_c(arrivals_per_s: float, handle_s: float, agents: float) -> ErlangC:
    """Waiting when nobody ever hangs up.

    Args:
        arrivals_per_s: Offered contacts per second, ≥ 0.
        handle_s: Mean handling time, seconds, > 0.
        agents: Agents, ≥ 0; need not be whole.

    Raises:
        ValueError: An argument is out of range.
    """
    check_numbers(arrivals_per_s=arrivals_per_s, agents=agents)
    check_positive(handle_s=handle_s)
    load = offered_load_erlangs(arrivals_per_s, handle_s)
    if load >= agents:
        occupancy = 1.0 if agents > 0 else math.nan
        return ErlangC(arrivals_per_s, handle_s, agents, 1.0, math.inf, math.inf, occupancy)
    rho = load / agents
    p_wait = 1.0 / ((1.0 - rho) * _inverse_b(agents, load) + rho)
    mean_wait_s = p_wait * handle_s / (agents - load)
    return ErlangC(arrivals_per_s, handle_s, agents, p_wait, mean_wait_s, arrivals_per_s * mean_wait_s, rho)


def erlang_a(arrivals_per_s: float, handle_s: float, agents: float, patience_s: float) -> ErlangA:
    """Waiting and hanging up, with exponential patience.

    Args:
        arrivals_per_s: Offered contacts per second, ≥ 0.
        handle_s: Mean handling time, seconds, > 0.
        agents: Agents, ≥ 0; need not be whole. With none everybody waits, and hangs up.
        patience_s: Mean patience, seconds, > 0; infinite gives Erlang C.

    Returns:
        Shares and means; waiting-time shares at any threshold are methods of it.

    Raises:
        ValueError: An argument is out of range, or patience is infinite and the agents cannot carry the load.

    Source: the module's docstring.
    """
    check_numbers(arrivals_per_s=arrivals_per_s, agents=agents)
    check_positive(handle_s=handle_s, patience_s=patience_s)
    load = offered_load_erlangs(arrivals_per_s, handle_s)
    inputs = (arrivals_per_s, handle_s, agents, patience_s)
    if math.isinf(patience_s):
        if load >= agents:
            raise ValueError(
                f"patience_s is infinite and {agents:g} agents cannot carry {load:g} erlangs: "
                "the queue has no steady state"
            )
        c = erlang_c(arrivals_per_s, handle_s, agents)
        return ErlangA(
            *inputs, c.p_wait, 0.0, c.mean_wait_s, c.mean_wait_s, math.nan, c.mean_queue, c.occupancy
        )
    if agents == 0:
        queue = arrivals_per_s * patience_s
        return ErlangA(*inputs, 1.0, 1.0, patience_s, math.nan, patience_s, queue, math.nan)

    theta = 1.0 / patience_s
    wait_s, weight, log_scale = _offered_wait(inputs, 0.0, math.inf)
    j = float(weight.sum())
    p_wait = 0.0
    if arrivals_per_s > 0:
        log_lambda_j = math.log(arrivals_per_s) + log_scale + math.log(j)
        log_epsilon = _log_epsilon(agents, load)
        p_wait = 1.0 / (1.0 + math.exp(min(700.0, log_epsilon - log_lambda_j)))

    share = weight / j
    used = -np.expm1(-theta * wait_s)  # 1 − e⁻ᶿⱽ: chance to have hung up before V
    p_ab = p_wait * float(share @ used)
    mean_wait_s = p_ab * patience_s  # E[H(V)] = E[1 − e⁻ᶿⱽ]/θ
    served_wait_s = p_wait * float(share @ (wait_s * (1.0 - used)))
    abandoned_wait_s = p_wait * float(share @ _partial_patience_s(wait_s, theta))
    # Nobody is served only in the limit; 1 − p_ab from its own integral, as p_ab may be 1 − 1e-17.
    served = 1.0 - p_wait + p_wait * float(share @ (1.0 - used))
    return ErlangA(
        *inputs,
        p_wait=p_wait,
        p_ab=p_ab,
        mean_wait_s=mean_wait_s,
        mean_wait_served_s=served_wait_s / served,
        mean_wait_abandoned_s=abandoned_wait_s / p_ab if p_ab > 0 else math.nan,
        mean_queue=arrivals_per_s * mean_wait_s,
        occupancy=min(1.0, load * served / agents),
    )


def hayward_b(load_erlangs: float, agents: float, peakedness: float) -> ErlangB:
    """Erlang B for bursty arrivals: a system of the same occupancy, scaled down by the bursts' size.

    Args:
        load_erlangs: Offered load.
        agents: Lines.
        peakedness: z, variance ÷ mean of the busy lines if there were no end of them; 1 for Poisson, above 1
            for bursts.

    Returns:
        The answer for agents/z and load/z, which is what its fields state.

    Source: Fredericks (1980), Bell System Technical Journal 59. An approximation: right within an agent or
    two for batches and fast bursts, not for outages that last several handling times.
    """
    check_positive(peakedness=peakedness)
    return erlang_b(load_erlangs / peakedness, agents / peakedness)


def hayward_c(arrivals_per_s: float, handle_s: float, agents: float, peakedness: float) -> ErlangC:
    """Erlang C for bursty arrivals, see `hayward_b`."""
    check_positive(peakedness=peakedness)
    return erlang_c(arrivals_per_s / peakedness, handle_s, agents / peakedness)


def hayward_a(
    arrivals_per_s: float, handle_s: float, agents: float, patience_s: float, peakedness: float
) -> ErlangA:
    """Erlang A for bursty arrivals, see `hayward_b`."""
    check_positive(peakedness=peakedness)
    return erlang_a(arrivals_per_s / peakedness, handle_s, agents / peakedness, patience_s)


def _inverse_b(n: float, a: float) -> float:
    """1/B(n, a) for n ≥ 0; infinite where B is below 1e-308.

    The recursion 1/B(n) = 1 + (n/a)/B(n − 1), unrolled down to the fractional part of n.
    """
    if a == 0:
        return 1.0 if n == 0 else math.inf
    whole = math.floor(n)
    start = _inverse_b_below_one(n - whole, a)
    if whole == 0:
        return start
    with np.errstate(over="ignore", under="ignore"):
        ratio = np.cumprod((n - np.arange(whole)) / a)
        return float(1.0 + ratio[:-1].sum() + ratio[-1] * start)


def _inverse_b_below_one(f: float, a: float) -> float:
    """1/B(f, a) = a ∫ e⁻ᵃᵘ (1 + u)ᶠ du for 0 ≤ f < 1."""
    if f == 0:
        return 1.0
    top = max(0.0, f / a - 1.0)
    slope = f / (1.0 + top)

    def fall(d: float) -> float:
        return f * math.log1p(d * slope / f) - a * d

    def fall_each(d: FloatArray) -> FloatArray:
        each: FloatArray = f * np.log1p(d * slope / f) - a * d
        return each

    _, weight = hill(fall, fall_each, top, math.inf)
    return a * math.exp(f * math.log1p(top) - a * top) * float(weight.sum())


def _log_epsilon(agents: float, load: float) -> float:
    """Log of ε = 1/B(n − 1, a), also for n < 1."""
    if agents >= 1:
        epsilon = _inverse_b(agents - 1.0, load)
    else:
        # One step of the recursion backwards, where n − 1 has no integral of its own.
        epsilon = (_inverse_b(agents, load) - 1.0) * load / agents
    return math.log(epsilon)


def _offered_wait(
    inputs: tuple[float, float, float, float], low_s: float, high_s: float
) -> tuple[FloatArray, FloatArray, float]:
    """Nodes, weights and log scale for integrals of exp(λ H(x) − nμx) over [low_s, high_s]."""
    arrivals_per_s, handle_s, agents, patience_s = inputs
    theta, capacity_per_s = 1.0 / patience_s, agents / handle_s
    top_s = low_s
    if arrivals_per_s > capacity_per_s:
        # Where as many give up as the agents cannot carry: λe⁻ᶿˣ = nμ.
        top_s = max(low_s, patience_s * math.log(arrivals_per_s / capacity_per_s))
    top_s = min(top_s, high_s)
    still_per_s = arrivals_per_s * math.exp(-theta * top_s)

    def fall(d: float) -> float:
        return -still_per_s * patience_s * math.expm1(-theta * d) - capacity_per_s * d

    def fall_each(d: FloatArray) -> FloatArray:
        each: FloatArray = -still_per_s * patience_s * np.expm1(-theta * d) - capacity_per_s * d
        return each

    d, weight = hill(fall, fall_each, top_s - low_s, high_s - top_s)
    log_scale = -arrivals_per_s * patience_s * math.expm1(-theta * top_s) - capacity_per_s * top_s
    return top_s + d, weight, log_scale


def _offered_wait_share(queue: ErlangA, low_s: float, high_s: float, *, staying: bool = False) -> float:
    """P(low < V ≤ high | V > 0), of *staying* customers only if asked: those with patience > V."""
    if low_s >= high_s:
        return 0.0
    if math.isinf(queue.patience_s):
        drain_per_s = queue.agents / queue.handle_s - queue.arrivals_per_s
        return math.exp(-drain_per_s * low_s) - math.exp(-drain_per_s * high_s)
    inputs = (queue.arrivals_per_s, queue.handle_s, queue.agents, queue.patience_s)
    _, weight, log_scale = _offered_wait(inputs, 0.0, math.inf)
    wait_s, part, part_log_scale = _offered_wait(inputs, low_s, high_s)
    if staying:
        part = part * np.exp(-wait_s / queue.patience_s)
    return math.exp(part_log_scale - log_scale) * float(part.sum()) / float(weight.sum())


def _stay(queue: ErlangA, wait_s: float) -> float:
    """P(patience > wait_s)."""
    return math.exp(-wait_s / queue.patience_s)


def _partial_patience_s(wait_s: FloatArray, theta: float) -> FloatArray:
    """E[patience; patience < x] = (1 − e⁻ᶿˣ(1 + θx))/θ, without loss of digits for small θx."""
    y = theta * wait_s
    series = y * y * (0.5 - y * (1.0 / 3.0 - y * (0.125 - y / 30.0)))
    direct = -np.expm1(-y) - y * np.exp(-y)
    partial: FloatArray = np.where(y < 1e-3, series, direct) / theta
    return partial


def _check_wait(wait_s: float) -> None:
    if not wait_s >= 0:
        raise ValueError(f"a waiting time of {wait_s} s was asked for, and it must be at least 0")

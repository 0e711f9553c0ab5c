"""Erlang B, C and A against exact values, published values, each other, and a second way to compute them."""

from __future__ import annotations

import math
import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from sim.wfm import erlang_a, erlang_b, erlang_c, hayward_a, hayward_b, hayward_c
from tests.truth import Case, case_id, cases

TEN_DIGITS = 1e-8  # the truth cases quote rates to ten digits, and a load near capacity magnifies the last

# --- the independent truth cases ---


def in_seconds(case: Case) -> float:
    """Seconds in the case's unit of time; 1 where it has none."""
    return 60.0 if case["units"].startswith("minutes") else 1.0


def threshold_s(case: Case, metric: str) -> float:
    """`sl2_20s` → 20, `p_W_gt_0_05` → 0.05 units, `sl1_t` → the case's own t."""
    written = re.search(r"_(t|\d+(?:_\d+)?s?)$", metric)
    assert written, f"{metric} names no threshold"
    text = written[1]
    if text == "t":
        return float(case["params"]["t"]) * in_seconds(case)
    value = float(text.rstrip("s").replace("_", "."))
    return value if text.endswith("s") else value * in_seconds(case)


def simple_metric(metric: str) -> tuple[str, bool]:
    """The field that a metric of the cases names, and whether it is already in seconds."""
    names = {
        "p_wait": "p_wait",
        "p_ab": "p_ab",
        "EQ": "mean_queue",
        "util": "occupancy",
        "EW": "mean_wait_s",
        "EW_served": "mean_wait_served_s",
        "EW_abandoned": "mean_wait_abandoned_s",
    }
    return names.get(metric.removesuffix("_s"), ""), metric.endswith("_s")


@pytest.mark.parametrize("case", [c for c in cases("erlang_b") if c["model"] == "mmnn"], ids=case_id)
def test_erlang_b_truth(case: Case) -> None:
    """Erlang B gives the exact blocking and occupancy of every truth case."""
    queue = erlang_b(case["params"]["a"], case["params"]["n"])

    fields = {"p_block": queue.p_block, "util": queue.occupancy}
    assert case["expected"] == pytest.approx({m: fields[m] for m in case["expected"]}, rel=TEN_DIGITS)


@pytest.mark.parametrize("case", [c for c in cases("erlang_c") if c["model"] == "mmn"], ids=case_id)
def test_erlang_c_truth(case: Case) -> None:
    """Erlang C gives every exact metric of every truth case."""
    p, unit_s = case["params"], in_seconds(case)
    queue = erlang_c(p["lam"] / unit_s, unit_s / p["mu"], p["n"])

    actual = {}
    for metric in case["expected"]:
        field, seconds = simple_metric(metric)
        if metric == "W_q90_s":
            actual[metric] = queue.wait_quantile_s(0.9)
        elif metric.startswith("sl1"):
            actual[metric] = queue.service_level(threshold_s(case, metric))
        else:
            scale = 1.0 if seconds or not field.endswith("_s") else unit_s
            actual[metric] = getattr(queue, field) / scale
    assert case["expected"] == pytest.approx(actual, rel=TEN_DIGITS)


@pytest.mark.parametrize("case", cases("erlang_a"), ids=case_id)
def test_erlang_a_truth(case: Case) -> None:
    """Erlang A gives every exact metric of every truth case."""
    p, unit_s = case["params"], in_seconds(case)
    queue = erlang_a(p["lam"] / unit_s, unit_s / p["mu"], p["n"], unit_s / p["theta"])

    actual = {}
    for metric in case["expected"]:
        field, seconds = simple_metric(metric)
        if metric.startswith("sl1"):
            actual[metric] = queue.service_level_answered(threshold_s(case, metric))
        elif metric.startswith("sl2"):
            actual[metric] = queue.service_level_offered(threshold_s(case, metric))
        elif metric.startswith("p_W_gt"):
            actual[metric] = queue.p_wait_over(threshold_s(case, metric))
        else:
            scale = 1.0 if seconds or not field.endswith("_s") else unit_s
            actual[metric] = getattr(queue, field) / scale
    assert case["expected"] == pytest.approx(actual, rel=TEN_DIGITS)


@pytest.mark.parametrize(
    "case", [c for c in cases("many_server") if c["model"] == "halfin_whitt"], ids=case_id
)
def test_erlang_c_truth_many_servers(case: Case) -> None:
    """Erlang C gives the exact chance of waiting with a hundred and a thousand agents."""
    a, n = case["params"]["a"], case["params"]["n"]

    assert case["expected"]["p_wait"] == pytest.approx(erlang_c(a, 1.0, n).p_wait, rel=TEN_DIGITS)


# --- values that need no other file ---


@pytest.mark.parametrize(
    ("load_erlangs", "agents", "p_block"),
    [
        (1, 1, 1 / 2),
        (2, 2, 2 / 5),
        (10, 10, 0.2145823431),
        (10, 17, 0.01294887522),
        (100, 110, 0.02746344845),
    ],
)
def test_erlang_b_exact(load_erlangs: float, agents: int, p_block: float) -> None:
    """Erlang B gives known values."""
    assert p_block == pytest.approx(erlang_b(load_erlangs, agents).p_block, rel=1e-9)


def test_erlang_c_published() -> None:
    """48 calls a minute of 1 minute on 50 agents wait 20.8 s on average, and one in ten over 58.1 s."""
    queue = erlang_c(48 / 60, 60.0, 50)

    assert 20.83366834 == pytest.approx(queue.mean_wait_s, rel=1e-9)
    assert 58.13874178 == pytest.approx(queue.wait_quantile_s(0.9), rel=1e-9)
    assert 0.6944556112 == pytest.approx(queue.p_wait, rel=1e-9)
    assert 0.96 == pytest.approx(queue.occupancy)


def test_erlang_a_published() -> None:
    """The same calls with a patience of 2 minutes: 3.1 % hang up, the others wait 3.6 s instead of 20.8."""
    queue = erlang_a(48 / 60, 60.0, 50, 120.0)

    assert 0.03091224916 == pytest.approx(queue.p_ab, rel=1e-9)
    assert 3.709469899 == pytest.approx(queue.mean_wait_s, rel=1e-9)
    assert 3.61590024 == pytest.approx(queue.mean_wait_served_s, rel=1e-9)
    assert 0.09914981102 == pytest.approx(queue.p_wait_over(12.5), rel=1e-9)
    assert 0.9430189547 == pytest.approx(queue.service_level_offered(20.0), rel=1e-9)


def test_erlang_a_one_agent_closed_form() -> None:
    """With one agent and all rates 1 the number in the system is Poisson(1): a share 1/e hangs up."""
    queue = erlang_a(1.0, 1.0, 1, 1.0)

    assert 1 / math.e == pytest.approx(queue.p_ab, rel=1e-13)
    assert 1 - 1 / math.e == pytest.approx(queue.p_wait, rel=1e-13)


@pytest.mark.parametrize(
    ("arrivals_per_min", "handle_s", "agents", "p_ab", "mean_wait_s", "service_level"),
    [
        (14.48, 602, 150, 0.031, 3.7, 0.903),  # V1
        (14.48, 602, 157, 0.015, 1.8, 0.956),  # V2
        (35.0, 467, 157, 0.423, 50.7, 0.003),  # V3
        (35.0, 467, 200, 0.269, 32.3, 0.119),
        (35.0, 467, 230, 0.158, 19.0, 0.448),
        (16.11, 617, 150, 0.109, 12.8, 0.649),  # V4
    ],
)
def test_erlang_a_reference_centre(
    arrivals_per_min: float,
    handle_s: float,
    agents: int,
    p_ab: float,
    mean_wait_s: float,
    service_level: float,
) -> None:
    """The reference centre's anchors (patience 2 min, 20 s, of offered) come out, to their 0.01."""
    queue = erlang_a(arrivals_per_min / 60, handle_s, agents, 120.0)

    assert p_ab == pytest.approx(queue.p_ab, abs=0.01)
    assert mean_wait_s == pytest.approx(queue.mean_wait_s, abs=0.01 * 120)
    assert service_level == pytest.approx(queue.service_level_offered(20.0), abs=0.01)


# --- a second way ---


def exact_inverse_b(agents: int, load: Fraction) -> Fraction:
    """1/B by the recursion, in exact fractions."""
    inverse = Fraction(1)
    for k in range(1, agents + 1):
        inverse = 1 + k / load * inverse
    return inverse


@pytest.mark.parametrize(
    "load", [Fraction(1, 100), Fraction(5), Fraction(100), Fraction(130), Fraction(10_000)]
)
@pytest.mark.parametrize("agents", [1, 7, 120])
def test_erlang_b_fractions(agents: int, load: Fraction) -> None:
    """Erlang B equals the recursion in exact fractions, from hardly any load to a hundredfold overload."""
    expected = float(1 / exact_inverse_b(agents, load))

    assert expected == pytest.approx(erlang_b(float(load), agents).p_block, rel=1e-13)


@pytest.mark.parametrize("load", [4000.0, 4900.0, 5000.0, 5500.0])
def test_erlang_b_five_thousand(load: float) -> None:
    """Erlang B with 5,000 agents equals a ratio of Poisson probabilities."""
    log_pmf = 5000 * math.log(load) - load - math.lgamma(5001)
    expected = math.exp(log_pmf) / special.pdtr(5000, load)

    # The reference is the weaker side: its logarithm has 11 good digits.
    assert expected == pytest.approx(erlang_b(load, 5000).p_block, rel=1e-10)


def birth_death(
    load: float, agents: int, patience_ratio: float, wait: float
) -> tuple[float, float, float, float]:
    """P(wait), mean queue, P(ab), P(W > wait) from the chain's states, handling time 1.

    Who meets k waiting needs k + 1 departures from n + k, …, n in service or queue; with exponential patience
    exp(−θV) is then Beta(n/θ, k + 1), which settles the waiting time without an integral.
    """
    theta = 1 / patience_ratio
    queue = np.arange(1 + int(max(0.0, (load - agents) / theta) + 60 * math.sqrt(load / theta + 1) + 2000))
    log_up = np.concatenate(([0.0], np.cumsum(np.log(load / (agents + queue[1:] * theta)))))
    below = np.arange(agents - 1, -1, -1)
    log_down = np.cumsum(np.log((below + 1) / load))
    log_all = np.concatenate((log_down[::-1], log_up))
    weight = np.exp(log_all - log_all.max())
    share = weight / weight.sum()
    waiting = share[agents:]
    mean_queue = float(waiting @ queue)
    stay = math.exp(-theta * wait)
    over = float(waiting @ special.betainc(agents / theta, queue + 1.0, stay)) * stay
    return float(waiting.sum()), mean_queue, theta * mean_queue / load, over


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    agents=st.integers(1, 300),
    relative_load=st.floats(0.05, 3.0),
    patience_ratio=st.floats(0.02, 20.0),
    wait=st.floats(0.0, 1.0),
)
def test_erlang_a_birth_death(agents: int, relative_load: float, patience_ratio: float, wait: float) -> None:
    """Erlang A by integrals over the offered wait equals Erlang A by the states of the chain."""
    load = agents * relative_load
    p_wait, mean_queue, p_ab, over = birth_death(load, agents, patience_ratio, wait)
    queue = erlang_a(load, 1.0, agents, patience_ratio)

    assert p_wait == pytest.approx(queue.p_wait, rel=1e-9, abs=1e-300)
    assert mean_queue == pytest.approx(queue.mean_queue, rel=1e-9, abs=1e-300)
    assert p_ab == pytest.approx(queue.p_ab, rel=1e-9, abs=1e-300)
    assert over == pytest.approx(queue.p_wait_over(wait), rel=1e-8, abs=1e-18)


@pytest.mark.parametrize("load", [4500.0, 5000.0, 15_000.0])
@pytest.mark.parametrize("patience_ratio", [0.05, 1.0, 10.0])
def test_erlang_a_five_thousand(load: float, patience_ratio: float) -> None:
    """Erlang A with 5,000 agents equals the chain, underloaded, critical and at three times the load."""
    p_wait, mean_queue, p_ab, over = birth_death(load, 5000, patience_ratio, 0.01)
    queue = erlang_a(load, 1.0, 5000, patience_ratio)

    assert p_wait == pytest.approx(queue.p_wait, rel=1e-8)
    assert mean_queue == pytest.approx(queue.mean_queue, rel=1e-8)
    assert p_ab == pytest.approx(queue.p_ab, rel=1e-8)
    assert over == pytest.approx(queue.p_wait_over(0.01), rel=1e-7, abs=1e-15)


# --- laws ---

QUEUES_A = [
    erlang_a(14.48 / 60, 602, 150, 120),
    erlang_a(35 / 60, 467, 157, 120),
    erlang_a(0.5, 60, 3, 5),
    erlang_a(0.01, 60, 2, 3600),
    erlang_a(8.0, 600, 5000, 86_400),
    erlang_a(80.0, 600, 5000, 86_400),
    erlang_a(1.0, 60, 7.5, 60),
]


@pytest.mark.parametrize("queue", QUEUES_A, ids=range(len(QUEUES_A)))
def test_erlang_a_balances(queue) -> None:  # type: ignore[no-untyped-def]
    """Little's law, the balance of abandonment, of work, and of mean waits hold."""
    load = queue.arrivals_per_s * queue.handle_s

    assert queue.mean_queue == pytest.approx(queue.arrivals_per_s * queue.mean_wait_s, rel=1e-12)
    assert queue.p_ab == pytest.approx(queue.mean_wait_s / queue.patience_s, rel=1e-12)
    assert queue.occupancy == pytest.approx(load * (1 - queue.p_ab) / queue.agents, rel=1e-9)
    mixed = queue.p_ab * queue.mean_wait_abandoned_s + (1 - queue.p_ab) * queue.mean_wait_served_s
    assert mixed == pytest.approx(queue.mean_wait_s, rel=1e-9)


@pytest.mark.parametrize("queue", QUEUES_A, ids=range(len(QUEUES_A)))
@pytest.mark.parametrize("share_of_patience", [0.0, 1e-3, 0.1, 1.0])
def test_erlang_a_thresholds(queue, share_of_patience: float) -> None:  # type: ignore[no-untyped-def]
    """By any time a contact is answered, gone or waiting; with time the shares end at their totals."""
    within_s = share_of_patience * queue.patience_s
    answered, waiting = queue.service_level_offered(within_s), queue.p_wait_over(within_s)

    assert answered + queue.p_ab_within(within_s) + waiting == pytest.approx(1.0, abs=1e-11)
    assert queue.p_ab_within(within_s) <= queue.p_ab + 1e-11
    assert queue.service_level_answered(within_s) == pytest.approx(answered / (1 - queue.p_ab))
    assert answered <= queue.service_level_abandons_ignored(within_s) <= 1
    assert queue.p_wait == pytest.approx(queue.p_wait_over(0.0), rel=1e-12)
    assert 1 - queue.p_ab == pytest.approx(queue.service_level_offered(math.inf), rel=1e-11)
    assert 0.0 == pytest.approx(queue.p_wait_over(1e3 * queue.patience_s), abs=1e-300)


@pytest.mark.parametrize("queue", QUEUES_A, ids=range(len(QUEUES_A)))
@pytest.mark.parametrize("share", [0.0, 0.5, 0.9, 0.999])
def test_erlang_a_quantile(queue, share: float) -> None:  # type: ignore[no-untyped-def]
    """A quantile of the wait is the time that the rest of the contacts exceed."""
    wait_s = queue.wait_quantile_s(share)

    if wait_s == 0:
        assert queue.p_wait <= 1 - share
    else:
        assert 1 - share == pytest.approx(queue.p_wait_over(wait_s), rel=1e-8)


@pytest.mark.parametrize(("load", "agents"), [(145.4, 157), (0.5, 1), (9.9, 10), (4900.0, 5000)])
def test_patience_without_end_is_erlang_c(load: float, agents: int) -> None:
    """As patience grows Erlang A becomes Erlang C, and with infinite patience it is Erlang C."""
    c = erlang_c(load / 602, 602, agents)
    nearly, wholly = erlang_a(load / 602, 602, agents, 1e14), erlang_a(load / 602, 602, agents, math.inf)

    for a, rel in ((nearly, 1e-6), (wholly, 1e-12)):
        assert c.p_wait == pytest.approx(a.p_wait, rel=rel)
        assert c.mean_wait_s == pytest.approx(a.mean_wait_s, rel=rel)
        assert c.p_wait_over(20.0) == pytest.approx(a.p_wait_over(20.0), rel=rel)
        assert c.service_level(20.0) == pytest.approx(a.service_level_offered(20.0), rel=rel)
    assert wholly.p_ab == 0
    assert math.isnan(wholly.mean_wait_abandoned_s)


def test_patience_of_a_moment_is_erlang_b() -> None:
    """When nobody waits more than a moment, Erlang A's abandonment is Erlang B's blocking."""
    assert erlang_b(100, 110).p_block == pytest.approx(erlang_a(100.0, 1.0, 110, 1e-9).p_ab, rel=1e-6)


def test_patience_as_long_as_handling_is_poisson() -> None:
    """When patience and handling have one mean, busy plus waiting is Poisson whatever the agents."""
    queue = erlang_a(20.0, 1.0, 22, 1.0)

    assert 1 - special.pdtr(21, 20.0) == pytest.approx(queue.p_wait, rel=1e-12)


def test_overload_loses_the_excess() -> None:
    """Far above capacity a share 1 − n/a hangs up, and the agents never rest."""
    queue = erlang_a(100.0, 600.0, 5000, 1e7)

    assert 1 - 5000 / 60_000 == pytest.approx(queue.p_ab, rel=1e-12)
    assert queue.occupancy == pytest.approx(1.0)


def test_erlang_c_overloaded() -> None:
    """Without abandonment an overloaded queue has no end: everybody waits, for ever."""
    queue = erlang_c(1.0, 60.0, 60)

    assert (1.0, math.inf, math.inf, 1.0) == (
        queue.p_wait,
        queue.mean_wait_s,
        queue.mean_queue,
        queue.occupancy,
    )
    assert queue.service_level(1e9) == 0
    assert queue.wait_quantile_s(0.5) == math.inf


# --- edges ---


def test_nobody_calls() -> None:
    """Without arrivals nobody waits, blocks or hangs up."""
    a, b, c = erlang_a(0.0, 300.0, 4, 60.0), erlang_b(0.0, 4), erlang_c(0.0, 300.0, 4)

    assert (0.0, 0.0, 0.0, 1.0) == (a.p_wait, a.p_ab, a.occupancy, a.service_level_offered(20.0))
    assert (0.0, 0.0) == (b.p_block, b.occupancy)
    assert (0.0, 0.0, 1.0) == (c.p_wait, c.mean_wait_s, c.service_level(0.0))


def test_nobody_answers() -> None:
    """Without agents everybody waits a patience long, then hangs up."""
    queue = erlang_a(0.1, 300.0, 0, 60.0)

    assert (1.0, 1.0, 60.0, 6.0) == (queue.p_wait, queue.p_ab, queue.mean_wait_s, queue.mean_queue)
    assert queue.service_level_offered(20.0) == 0
    assert math.isnan(queue.service_level_answered(20.0))
    assert math.exp(-1 / 3) == pytest.approx(queue.p_wait_over(20.0))
    assert queue.wait_quantile_s(0.9) == pytest.approx(60 * math.log(10))
    assert erlang_b(3.0, 0).p_block == 1


@pytest.mark.parametrize("load", [0.3, 5.0, 80.0])
def test_fractional_agents_lie_between(load: float) -> None:
    """Fractions of an agent join the whole numbers smoothly: B by its own recursion, A and C in between."""
    for n in (1.5, 2.25, 60.9):
        step = 1 + n / load / erlang_b(load, n - 1).p_block
        assert 1 / step == pytest.approx(erlang_b(load, n).p_block, rel=1e-10)
        low, high = (erlang_a(load, 1.0, whole, 2.0).p_ab for whole in (math.ceil(n), math.floor(n)))
        assert low < erlang_a(load, 1.0, n, 2.0).p_ab < high
    just_above = erlang_b(load, 3 + 1e-9).p_block
    assert erlang_b(load, 3).p_block == pytest.approx(just_above, rel=1e-7)


def test_hayward_scales() -> None:
    """Hayward's correction is the formula for a system smaller by the peakedness, and none at 1."""
    assert erlang_b(5.0, 6.0) == hayward_b(10.0, 12, 2.0)
    assert erlang_c(0.05, 100.0, 6.0) == hayward_c(0.1, 100.0, 12, 2.0)
    assert erlang_a(0.05, 100.0, 6.0, 60.0) == hayward_a(0.1, 100.0, 12, 60.0, 2.0)
    assert erlang_a(0.1, 100.0, 12, 60.0) == hayward_a(0.1, 100.0, 12, 60.0, 1.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: erlang_b(-1, 3), "load_erlangs is -1, and must be a number of at least 0"),
        (lambda: erlang_b(math.nan, 3), "load_erlangs is nan, and must be a number of at least 0"),
        (lambda: erlang_c(1, 0, 3), "handle_s is 0, and must be above 0"),
        (lambda: erlang_c(1, 1, -2), "agents is -2, and must be a number of at least 0"),
        (lambda: erlang_a(1, 1, 3, 0), "patience_s is 0, and must be above 0"),
        (lambda: erlang_a(1, 5, 3, math.inf), "the queue has no steady state"),
        (lambda: erlang_a(1, 1, 3, 9).p_wait_over(-1), "a waiting time of -1 s was asked for"),
        (lambda: erlang_c(1, 1, 3).wait_quantile_s(1), "share is 1, and must be at least 0 and below 1"),
    ],
)
def test_mistakes_are_named(call, message: str) -> None:  # type: ignore[no-untyped-def]
    """A quantity out of range is refused by name, with what would be right."""
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_service_level_of_nobody() -> None:
    """When everybody has hung up by then, a service level without the early abandons has nobody to speak of."""
    assert math.isnan(erlang_a(0.1, 300.0, 0, 60.0).service_level_abandons_ignored(math.inf))

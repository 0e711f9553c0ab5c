"""How many agents: against published numbers, and always the smallest number that does."""

from __future__ import annotations

import math
import re

import pytest

from sim.wfm import (
    beta_for_p_wait,
    erlang_a,
    erlang_b,
    erlang_c,
    garnett_p_wait,
    halfin_whitt_p_wait,
    hayward_a,
    square_root_staffing,
    staff_erlang_a,
    staff_erlang_b,
    staff_erlang_c,
    with_shrinkage,
)
from tests.truth import Case, case_id, cases


def staffed(model: str) -> list[Case]:
    """Truth cases of one staffing model."""
    return [case for case in cases("erlang_b", "erlang_c", "many_server") if case["model"] == model]


@pytest.mark.parametrize("case", staffed("staff_erlang_b"), ids=case_id)
def test_truth_blocking(case: Case) -> None:
    """Lines for a limit on blocking, with and without shrinkage, are the published numbers."""
    p = case["params"]
    load = p["transactions"] * p["aht_min"] / p["interval_min"]
    plan = staff_erlang_b(load, max_blocking=p["max_blocking"], shrinkage=p["shrinkage"])

    assert case["expected"] == {"staff_raw": plan.required, "staff_with_shrinkage": plan.scheduled}


@pytest.mark.parametrize("case", [c for c in staffed("staff_erlang_c") if "lam" in c["params"]], ids=case_id)
def test_truth_service_level_and_occupancy(case: Case) -> None:
    """Agents for 80 % in 0.33 minutes under two limits of occupancy are the published numbers."""
    p = case["params"]
    actual = {}
    for limit in p["max_occ"]:
        plan = staff_erlang_c(
            p["lam"] / 60,
            60 / p["mu"],
            service_level=p["sl"],
            within_s=60 * p["t"],
            max_occupancy=limit,
            shrinkage=p["shrinkage"],
        )
        actual[f"staff_raw_occ{100 * limit:.0f}"] = plan.required
        actual[f"staff_occ{100 * limit:.0f}"] = plan.scheduled

    assert case["expected"] == actual


@pytest.mark.parametrize("case", [c for c in staffed("staff_erlang_c") if "a" in c["params"]], ids=case_id)
def test_truth_service_level(case: Case) -> None:
    """80/20 heads of an AI-deflected queue, and how they would do, are the published numbers."""
    p = case["params"]
    plan = staff_erlang_c(p["a"] / p["aht_s"], p["aht_s"], service_level=p["sl"], within_s=p["t_s"])

    assert case["expected"]["staff"] == plan.required
    assert case["expected"]["sl1_t"] == pytest.approx(plan.queue.service_level(p["t_s"]), rel=2e-9)
    assert case["expected"]["util"] == pytest.approx(plan.queue.occupancy, rel=2e-9)


@pytest.mark.parametrize("case", staffed("staff_erlang_c_pw"), ids=case_id)
def test_truth_p_wait(case: Case) -> None:
    """Agents for a chance of waiting, up to 5,000 erlangs, are the exact numbers."""
    actual = {}
    for name in case["expected"]:
        per_cent, load = map(int, re.findall(r"\d+", name))
        actual[name] = staff_erlang_c(load, 1.0, max_p_wait=per_cent / 100).required

    assert case["expected"] == actual


@pytest.mark.parametrize("case", staffed("halfin_whitt"), ids=case_id)
def test_truth_halfin_whitt(case: Case) -> None:
    """The many-server limit of the chance of waiting is the published one."""
    a, n = case["params"]["a"], case["params"]["n"]

    assert case["expected"]["p_wait_limit"] == pytest.approx(
        halfin_whitt_p_wait((n - a) / math.sqrt(a)), rel=2e-9
    )


@pytest.mark.parametrize("case", staffed("halfin_whitt_inverse"), ids=case_id)
def test_truth_beta(case: Case) -> None:
    """The grade of service for a chance of waiting is the published one."""
    actual = {f"beta_{100 * p:.0f}": beta_for_p_wait(p) for p in case["params"]["p"]}

    assert case["expected"] == pytest.approx(actual, rel=2e-9)


def test_v5_erlang_c_limit() -> None:
    """145.4 erlangs of endlessly patient customers need 157 agents for 80/20: 156 are not enough."""
    arrivals_per_s = 145.4 / 602
    plan = staff_erlang_c(arrivals_per_s, 602.0, service_level=0.80, within_s=20.0)

    assert plan.required == 157
    assert erlang_c(arrivals_per_s, 602.0, 156).service_level(20.0) < 0.80 <= plan.queue.service_level(20.0)
    # The same through Erlang A, with a patience that never ends.
    service_levels = [
        erlang_a(arrivals_per_s, 602.0, n, 1e12).service_level_offered(20.0) for n in (156, 157)
    ]
    assert service_levels[0] < 0.80 <= service_levels[1]


def test_published_numbers() -> None:
    """100 calls of 3 minutes in half an hour: 14 agents, 20 on the roster; for 2 % blocking 17 and 25."""
    c = staff_erlang_c(100 / 1800, 180.0, service_level=0.8, within_s=19.8, max_occupancy=0.85, shrinkage=0.3)
    b = staff_erlang_b(10.0, max_blocking=0.02, shrinkage=0.3)

    assert (14, 20) == (c.required, c.scheduled)
    assert (17, 25) == (b.required, b.scheduled)


@pytest.mark.parametrize("load", [0.2, 3.0, 47.0, 900.0])
@pytest.mark.parametrize(
    "promise",
    [{"service_level": 0.8}, {"max_p_ab": 0.03}, {"max_p_wait": 0.2}, {"max_occupancy": 0.85}],
    ids=str,
)
def test_erlang_a_smallest(load: float, promise: dict[str, float]) -> None:
    """The answer keeps the promise, and one agent fewer does not."""
    plan = staff_erlang_a(load / 300, 300.0, 120.0, **promise)

    def keeps(agents: int) -> bool:
        queue = erlang_a(load / 300, 300.0, agents, 120.0)
        kept = {
            "service_level": queue.service_level_offered(20.0) >= 0.8,
            "max_p_ab": queue.p_ab <= 0.03,
            "max_p_wait": queue.p_wait <= 0.2,
            "max_occupancy": not queue.occupancy > 0.85,
        }
        return all(kept[name] for name in promise)

    assert keeps(plan.required)
    # Without agents nobody is busy: a limit on occupancy alone asks for none.
    assert plan.required == 0 or not keeps(plan.required - 1)


@pytest.mark.parametrize("load", [0.02, 3.0, 47.0, 900.0])
@pytest.mark.parametrize("near", [1, 2, 40, 50, 930, 5000])
def test_a_guess_changes_nothing_but_the_time(load: float, near: int) -> None:
    """However good or bad the guess, the smallest number of agents is what it is."""
    expected = staff_erlang_a(load / 300, 300.0, 120.0, service_level=0.8)
    assert expected == staff_erlang_a(load / 300, 300.0, 120.0, service_level=0.8, near=near)


def test_all_promises_together() -> None:
    """Several promises need as many agents as the hardest of them."""
    single = [
        staff_erlang_a(0.25, 600.0, 120.0, service_level=0.9).required,
        staff_erlang_a(0.25, 600.0, 120.0, max_p_ab=0.01).required,
        staff_erlang_a(0.25, 600.0, 120.0, max_p_wait=0.05).required,
    ]
    together = staff_erlang_a(0.25, 600.0, 120.0, service_level=0.9, max_p_ab=0.01, max_p_wait=0.05)

    assert max(single) == together.required


@pytest.mark.parametrize("z", [1.0, 2.0, 4.0])
def test_bursts_need_more(z: float) -> None:
    """With a peakedness the answer is the smallest that Hayward's formula accepts."""
    plan = staff_erlang_a(20 / 60, 60.0, 120.0, max_p_ab=0.03, peakedness=z)

    assert hayward_a(20 / 60, 60.0, plan.required, 120.0, z).p_ab <= 0.03
    assert hayward_a(20 / 60, 60.0, plan.required - 1, 120.0, z).p_ab > 0.03


def test_bursts_published() -> None:
    """20 erlangs, 3 % abandonment, patience of two handlings: 23 agents; batches of 2 and 4: 25, 29."""
    actual = [staff_erlang_a(20 / 60, 60.0, 120.0, max_p_ab=0.03, peakedness=z).required for z in (1, 2, 4)]

    assert [23, 25, 29] == actual


def test_nobody_calls() -> None:
    """Without arrivals nobody is needed."""
    plans = (
        staff_erlang_a(0.0, 300.0, 60.0, service_level=0.8),
        staff_erlang_b(0.0, max_blocking=0.01),
        staff_erlang_c(0.0, 300.0, service_level=0.8),
    )

    assert [(0, 0)] * 3 == [(plan.required, plan.scheduled) for plan in plans]


def test_erlang_c_carries_the_load() -> None:
    """Without any promise Erlang C still asks for more agents than erlangs, or the queue has no end."""
    assert staff_erlang_c(1.0, 60.0).required == 61


@pytest.mark.parametrize(
    ("required", "shrinkage", "scheduled"),
    [(14, 0.3, 20), (21, 0.3, 30), (15, 0.3, 22), (7, 0.0, 7), (0, 0.3, 0)],
)
def test_shrinkage(required: int, shrinkage: float, scheduled: int) -> None:
    """Rostered agents are required ÷ (1 − shrinkage), rounded up, and exact divisions stay exact."""
    assert scheduled == with_shrinkage(required, shrinkage)


@pytest.mark.parametrize(
    ("load", "share"), [(20, 0.2), (100, 0.2), (500, 0.2), (5000, 0.2), (100, 0.5), (5000, 0.5)]
)
def test_square_root_rule_is_close(load: int, share: float) -> None:
    """Square-root staffing is within one agent of the exact answer from 20 to 5,000 erlangs."""
    rule = square_root_staffing(load, beta_for_p_wait(share))

    assert abs(rule - staff_erlang_c(load, 1.0, max_p_wait=share).required) <= 1


@pytest.mark.parametrize("patience_ratio", [0.2, 1.0, 5.0])
@pytest.mark.parametrize("beta", [-1.0, 0.0, 1.0])
def test_garnett_limit(beta: float, patience_ratio: float) -> None:
    """Erlang A's chance of waiting tends to Garnett's: within 0.01 at 4,900 erlangs."""
    agents = round(4900 + beta * 70)

    assert garnett_p_wait(beta, patience_ratio) == pytest.approx(
        erlang_a(4900.0, 1.0, agents, patience_ratio).p_wait, abs=0.01
    )


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("patience_ratio", [0.3, 4.0, math.inf])
def test_beta_inverts(share: float, patience_ratio: float) -> None:
    """The grade of service for a chance of waiting gives that chance back."""
    beta = beta_for_p_wait(share, patience_ratio)
    limit = halfin_whitt_p_wait(beta) if math.isinf(patience_ratio) else garnett_p_wait(beta, patience_ratio)

    assert share == pytest.approx(limit, rel=1e-12)


def test_peaked_square_root() -> None:
    """The safety staff grows with the root of the peakedness."""
    assert (110, 120) == (square_root_staffing(100.0, 1.0), square_root_staffing(100.0, 1.0, 4.0))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: with_shrinkage(10, 1.0), "shrinkage is 1.0, and must be at least 0 and below 1"),
        (lambda: staff_erlang_b(10, max_blocking=0), "max_blocking is 0, and must be above 0 and at most 1"),
        (lambda: staff_erlang_c(1, 60, service_level=1), "service_level is 1, and must be at least 0"),
        (lambda: staff_erlang_a(1, 60, math.inf), "patience_s is inf, and must be a number"),
        (lambda: beta_for_p_wait(1.0), "p_wait is 1.0, and must lie between 0 and 1"),
        (lambda: halfin_whitt_p_wait(0.0), "beta is 0.0, and must be above 0"),
        (lambda: staff_erlang_b(10, max_blocking=0.1, peakedness=0), "peakedness is 0, and must be above 0"),
    ],
)
def test_mistakes_are_named(call, message: str) -> None:  # type: ignore[no-untyped-def]
    """A quantity out of range is refused by name, with what would be right."""
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_exactly_enough_lines() -> None:
    """A limit that a number of lines meets exactly is met by it."""
    assert staff_erlang_b(2.0, max_blocking=erlang_b(2.0, 2).p_block).required == 2

"""Truth cases that take a mechanism of the product to build: sessions that fall with their fleet, and callers who try again and again.

And the account of their families: every case of an outage, a retrial, an overflow, a burst or a trace is either played somewhere or
named here with the feature that it lacks.

Standard errors are the cases' own, |z| ≤ 4.5, or those of the replications where a case has none. The seeds are fixed.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from sim.engine.run import simulate
from tests.laws.test_truth import MOST_Z, TRACES, WAYS, off, reading
from tests.laws.worlds import Span, Tree, ai_in_front, amount, law, moment, one_line, read, rows, run, seconds
from tests.truth import Case, case_id, cases, standard_error

UNIT_S = 600.0
TICKS = 100
"""Turns of a mean session: a session that is cut off is noticed within one of them."""


def dump(case: Case, offered: int) -> Tree:
    """Sessions of exponential length, of which some go on to a person; when the fleet dies all of them do, within a hundredth of a session.

    A session is a row of short turns: after each the customer leaves with a small chance, or asks for a person with another one, whatever
    came before. That makes lengths geometric, and a dead fleet is felt with the next turn.
    """
    p = case["params"]
    per_s, tick_s = p["lam_ai"] / UNIT_S, UNIT_S / p["ai_session_rate"] / TICKS
    handle, patience = law("exp", UNIT_S / p["mu"]), law("exp", UNIT_S / p["theta"])
    s = Span.for_contacts(offered, per_s)
    tree = ai_in_front(per_s, 1e-9, law("det", tick_s), 100_000, handle, patience, p["n"], s)
    asks = p["p_escalate"] / TICKS
    tree["intents"] = {"any": {"ai": {"capability": 0, "turns": 1}, "human": {"handle": handle}}}
    tree["ai"] |= {
        "failure": {"detected": 0, "loop": 1, "confident_wrong": 0},
        "leaves_per_turn": (1.0 / TICKS - asks) / (1.0 - asks),
        # Calm from first to last: who is cross asks for a person sooner.
        "mood_start": [0.001, 1000],
        "mood_bad_turn": 0,
    }
    tree["triggers"] |= {"explicit_request": {"per_turn": asks, "recall": 1}}
    rng = np.random.default_rng(4)
    up_s, down_s = UNIT_S / p["fail_rate"], UNIT_S / p["repair_rate"]
    at, incidents = rng.exponential(up_s), []
    while at < s.end_s:
        lasts = rng.exponential(down_s)
        effect = {"at": moment(at), "node": "fleet.assistant", "effect": "down"}
        incidents.append(effect | {"lasts": seconds(max(0.001, lasts))})
        at += lasts + rng.exponential(up_s)
    return tree | {"incidents": incidents}


@pytest.mark.parametrize("case", [c for c in cases("outage") if c["model"] == "ai_dump_mn_m"], ids=case_id)
def test_sessions_fall_with_their_fleet(case: Case) -> None:
    """A fleet that dies drops all of its sessions into the queue at once, and people see it: five times the abandonment of Erlang A."""
    runs = run(dump(case, 400_000))
    came = int(amount(runs, "offered"))
    span = amount(runs, "span_s") / UNIT_S
    unit = {**case, "units": "seconds"}
    seen = {name: reading(unit, name, runs) for name in ("EQ", "EW", "p_ab", "p_wait", "util")}
    seen["EW"] /= UNIT_S
    seen |= {
        "ai_sessions": amount(runs, "ai_active_s") / amount(runs, "span_s"),
        "human_arrival_rate": amount(runs, "queued") / span,
        "containment": amount(runs, "ai_abandoned") / came,
    }
    z = {name: (v - case["expected"][name]) / standard_error(case, name, came) for name, v in seen.items()}
    assert {} == off(z)
    assert seen["p_ab"] > 3 * case["expected"]["erlang_a_p_ab"]


@pytest.mark.parametrize("case", cases("retrial"), ids=case_id)
def test_callers_who_try_again(case: Case) -> None:
    """Who finds the only agent busy hangs up at once and calls again after an exponential time, until served: the retrial queue.

    The time in orbit is from the first call to the answer; 20 replications of 10,000 customers, their own standard error.
    """
    p = case["params"]
    per_s = p["lam"] / UNIT_S
    s = Span.for_contacts(10_000, per_s)
    tree = one_line(per_s, law("exp", UNIT_S / p["mu"]), law("det", 0.001), 1, s)
    again = {"share": 1, "after": seconds(UNIT_S / p["gamma"]), "law": "exponential", "attempts": 120}
    tree["queues"]["voice"]["redial"] = again
    tree["records"] = "contacts"
    scenario = read(tree)
    waits, busy = [], []
    for replication in range(20):
        one = simulate(scenario, replication)
        r = rows(one)
        served = ~np.isnan(r["answer_s"])
        issues, of = np.unique(r["issue"], return_inverse=True)
        first_s = np.full(len(issues), np.nan)
        first_s[of[r["attempt"] == 1]] = r["arrive_s"][r["attempt"] == 1]
        begun_s = first_s[of]
        # Who came after the warm-up, and early enough to be served before the run ends.
        counted = served & (begun_s > scenario.warm_up_s) & (begun_s < 0.95 * s.end_s)
        waits.append(float((r["answer_s"] - begun_s)[counted].mean()) / UNIT_S)
        busy.append(amount([one], "busy_s") / amount([one], "present_s"))
        came = (r["attempt"] == 1) & (begun_s > scenario.warm_up_s) & (begun_s < 0.95 * s.end_s)
        assert counted.sum() >= 0.9998 * came.sum()  # one in thousands of them calls more than 120 times
    for seen, expected in (
        (waits, case["expected"]["E_time_in_orbit"]),
        (busy, case["expected"]["util"]),
        ([p["lam"] * w for w in waits], case["expected"]["E_orbit"]),
    ):
        assert abs(np.mean(seen) - expected) <= MOST_Z * np.std(seen, ddof=1) / math.sqrt(len(seen))


# --- the account ---

LACKS = {
    "OU-capacity-total": "people who drop their calls, which go back to the head of the queue: who leaves the floor here finishes first",
    "OU-breakdown-2": "people who break off and take up the same call again later",
    "OU-breakdown-12": "people who break off and take up the same call again later",
    "DT-ciw-priority-pre": "urgent customers who interrupt a call (none does)",
    "DT-simmer-displace": "an urgent customer who takes the place of one who waits in a full queue",
    "DT-simmer-preempt-restart": "urgent customers who interrupt a call, and a customer who needs two people",
}
ELSEWHERE = {
    "CB-pybreaker-open": "tests/laws/test_controller.py",
    "CB-pybreaker-halfopen": "tests/laws/test_controller.py",
}


def test_every_case_of_these_families_is_played_or_named() -> None:
    """Of 29 cases 23 are played; the others are listed with what they lack, and no case is both."""
    here = {"ai_dump_mn_m", "mm1_retrial", "mmpp_mn_m", "batch_mn_m"}
    every = cases("outage", "deterministic", "retrial", "overflow", "bursty")
    played = {c["id"] for c in every if c["model"] in WAYS or c["model"] in here or c["id"] in TRACES} | set(
        ELSEWHERE
    )
    assert set() == played & set(LACKS)
    assert {c["id"] for c in every} == played | set(LACKS)
    for name, file in ELSEWHERE.items():
        assert name in (Path(__file__).resolve().parents[2] / file).read_text(encoding="utf-8")

"""Customers whom slow replies cost patience (M23), against the law of so many chances to hang up.

Statistical checks are two-sided at 4.5 standard errors (7 in a million each, four of them). Seeds are fixed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.engine.records import Run
from sim.engine.run import simulate
from sim.engine.state import Disposition
from tests.laws.worlds import read

SIGMAS = 4.5
TURNS = 4
TREE: dict[str, Any] = {
    "question": "What do slow replies cost?",
    "calendar": {"from": "2026-03-02 08:00", "until": "2026-03-02 20:00"},
    "demand": {"per_h": 600},
    "channels": {"chat": {}},
    "intents": {"order": {"share": 1, "ai": {"capability": 1, "turns": TURNS}, "human": {"handle": "5m"}}},
    "classifier": {"accuracy": 1},
    "ai": {"turns_cv": 0, "tau": 0, "slow": {"after": {"chat": "1500ms"}, "leaves": 0.1}},
    "fleets": {"A": {"channels": ["chat"], "sessions": 900, "latency": {"median": "2s", "p95": "2001ms"}}},
    "queues": {"chat": {}},
    "people": {"all": {"skills": ["chat"], "staffing": 30}},
    "routing": {"by": "intent"},
    "triggers": {"explicit_request": {"per_turn": 0.0001}},
    "records": "contacts",
}


def ended(run: Run) -> dict[str, np.ndarray[Any, Any]]:
    """Rows of sessions that are over."""
    assert run.contacts is not None
    keep = (run.contacts["first_fleet"] >= 0) & (run.contacts["disposition"] != Disposition.IN_SYSTEM)
    return {name: column[keep] for name, column in run.contacts.items()}


def test_every_slow_reply_is_a_chance_to_hang_up() -> None:
    """Where every reply is slow, 1 − 0.9⁴ of the customers leave before the fourth turn is over, and one in ten at the first."""
    c = ended(simulate(read(TREE)))
    n, left = len(c["id"]), c["disposition"] == Disposition.AI_ABANDONED
    share = 1.0 - 0.9**TURNS
    assert abs(left.sum() - share * n) < SIGMAS * np.sqrt(n * share * (1.0 - share))
    at_once = left & (c["turns"] == 0)
    assert abs(at_once.sum() - 0.1 * n) < SIGMAS * np.sqrt(n * 0.1 * 0.9)
    assert (c["calls"][left] == c["turns"][left] + 1).all()  # gone by the time of the reply


def test_those_who_stay_are_worn() -> None:
    """Each slow reply leaves frustration 0.04 higher than a quick one would, away from the ends of the scale."""
    slow, quick = (
        ended(simulate(read(TREE | {"ai": TREE["ai"] | {"slow": how}})))
        for how in ({"after": {"chat": "1500ms"}, "leaves": 0}, "off")
    )
    assert np.array_equal(slow["id"], quick["id"])
    inside = (quick["mood"] > 0.1) & (slow["mood"] < 0.9)  # never at an end of the scale
    worn = (slow["mood"] - quick["mood"])[inside]
    assert len(worn) > 1000
    assert np.allclose(worn, 0.04 * slow["calls"][inside])


def test_a_reply_in_time_costs_nothing() -> None:
    """A centre whose replies come within the limit has the same day with `slow` as without; so has one that is not bothered."""
    plain = ended(simulate(read(TREE | {"ai": {"turns_cv": 0, "tau": 0}})))
    for how in ({"after": {"chat": "3s"}}, {"after": {"chat": "1500ms"}, "leaves": 0, "mood": 0}):
        same = ended(simulate(read(TREE | {"ai": {"turns_cv": 0, "tau": 0, "slow": how}})))
        assert [] == [name for name in plain if not np.array_equal(plain[name], same[name], equal_nan=True)]


def test_failed_calls_that_time_out_are_slow_as_well() -> None:
    """With replies of 12 s, every one of them timed out at 10 s, customers hang up between retries: one in ten at each call."""
    fleets = {"A": TREE["fleets"]["A"] | {"latency": {"median": "12s", "p95": "12001ms"}}}
    c = ended(simulate(read(TREE | {"fleets": fleets, "failover": {"retries": 2}})))
    n, left = len(c["id"]), c["disposition"] == Disposition.AI_ABANDONED
    share = 1.0 - 0.9**3
    assert abs(left.sum() - share * n) < SIGMAS * np.sqrt(n * share * (1.0 - share))

"""Contacts that reach the wrong people (M08), against the chances of which that is made.

Statistical checks are two-sided at 4.5 standard errors (7 in a million each, six of them). Seeds are fixed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.engine.records import Run
from sim.engine.run import simulate
from sim.engine.state import Disposition, Handling
from sim.outcomes.figures import FIGURES
from sim.outcomes.measures import EVERYTHING
from sim.outcomes.waiting import waits_s
from tests.laws.worlds import read

SIGMAS = 4.5
WRONG = {"wrong_label": 1.0, "by_chance": 0.05, "again": 0.2, "most": 2, "discovery": "40s", "longer": "60s"}
TREE: dict[str, Any] = {
    "question": "Who is with the wrong people?",
    "calendar": {"from": "2026-03-02 08:00", "until": "2026-03-02 20:00"},
    "demand": {"per_h": 900},
    "channels": {"voice": {}},
    "intents": {
        "order": {"share": 0.5, "ai": {"capability": 0.5, "turns": 3}, "human": {"handle": "5m"}},
        "complaint": {"share": 0.5, "eligible": False, "human": {"handle": "5m"}},
    },
    "classifier": {"accuracy": 0.8},
    "fleets": {"A": {"channels": ["voice"], "sessions": 900}},
    "queues": {"voice": {"patience": "never", "redial": "off"}},
    "people": {"all": {"skills": ["voice"], "staffing": 200}},
    "routing": {"by": "intent"},
    "handover": {"kind": "warm"},
    "records": "contacts",
}


@pytest.fixture(scope="module")
def run() -> Run:
    """A centre with people enough, so that nobody waits."""
    return simulate(read(TREE | {"misroute": WRONG}))


def rows(run: Run) -> dict[str, np.ndarray[Any, Any]]:
    """Contacts that people have dealt with."""
    assert run.contacts is not None
    done = np.isin(run.contacts["disposition"], (Disposition.HUMAN_RESOLVED, Disposition.HUMAN_UNRESOLVED))
    return {name: column[done] for name, column in run.contacts.items()}


def near(found: float, n: float, share: float) -> bool:
    """Whether a count is one of so many tosses."""
    return bool(abs(found - n * share) < SIGMAS * np.sqrt(n * share * (1.0 - share)))


def test_who_is_with_the_wrong_people(run: Run) -> None:
    """All with a wrong label and 5 % of the others, straight from the classifier; after an AI session only what it did not hand over."""
    c = rows(run)
    mislabelled = (c["label"] >= 0) & c["in_scope"].astype(bool) & ~c["right"].astype(bool)
    direct = c["handling"] == Handling.HUMAN_ONLY
    assert (mislabelled & direct).sum() > 500
    assert (c["passed_on"][mislabelled & direct] >= 1).all()
    right = ~mislabelled & direct
    assert near((c["passed_on"][right] >= 1).sum(), right.sum(), 0.05)
    told = mislabelled & (c["turns"] > 0)
    chance = 0.05 + 0.95 * (1.0 - c["fidelity"][told])
    error = np.sqrt((chance * (1.0 - chance)).sum())
    assert abs((c["passed_on"][told] >= 1).sum() - chance.sum()) < SIGMAS * error


def test_twice_at_most(run: Run) -> None:
    """One in five is passed on again, nobody a third time."""
    c = rows(run)
    once = c["passed_on"] >= 1
    assert c["passed_on"].max() == 2
    assert near((c["passed_on"] == 2).sum(), once.sum(), 0.2)


def test_what_it_takes(run: Run) -> None:
    """40 s for each time, and 60 s more in the end: on top of the handling time that the same customer has without."""
    c, plain = rows(run), rows(simulate(read(TREE)))
    assert np.array_equal(c["id"], plain["id"][np.isin(plain["id"], c["id"])])
    before = plain["handle_s"][np.isin(plain["id"], c["id"])]
    expected = 40.0 * c["passed_on"] + 60.0 * (c["passed_on"] > 0)
    assert np.allclose(c["handle_s"] - before, expected)
    assert np.allclose(c["lost_s"], expected)
    assert (c["answer_s"] == c["queue_s"]).all()  # the first of them picked up at once
    assert np.allclose(c["end_s"], c["answer_s"] + c["handle_s"])  # and so did the others


def test_figures_are_those_of_the_rows(run: Run) -> None:
    """Internal transfers and seconds lost, by origin, over contacts that a person talked to."""
    assert run.contacts is not None
    c = run.contacts
    talked = ~np.isnan(c["answer_s"])
    for name, mine in (
        ("passed_on", talked),
        ("passed_on_people", talked & (c["handling"] == Handling.HUMAN_ONLY)),
        ("passed_on_escalated", talked & np.isin(c["handling"], (Handling.ESCALATED, Handling.SPILLED))),
    ):
        assert (c["passed_on"][mine].sum(), mine.sum()) == FIGURES[name].of(run, EVERYTHING, None)
    lost_s, whole = FIGURES["lost_s"].of(run, EVERYTHING, None)
    assert (c["lost_s"].sum(), talked.sum()) == (pytest.approx(lost_s), whole)


def test_a_transfer_is_one_more_wait_and_angers() -> None:
    """Where people are few, who is passed on waits again, may give up in that wait, and is angrier by 0.10."""
    busy = TREE | {
        "people": {"all": {"skills": ["voice"], "staffing": 50}},
        "queues": {"voice": {"patience": "4m", "redial": "off"}},
        "misroute": WRONG,
        "mood": {"wait_per_min": 0, "answer": 0, "reexplain": 0, "transfer": 0.1},
    }
    simulated = simulate(read(busy))
    found = simulated.contacts
    assert found is not None
    gone = found["disposition"] == Disposition.QUEUE_ABANDONED
    twice = (found["passed_on"] > 0) & gone
    assert twice.any()
    in_queue_s = found["waited_before_s"] + found["end_s"] - found["joined_s"]
    assert np.allclose(in_queue_s[twice], waits_s(simulated)[twice])
    calm = simulate(read(busy | {"misroute": "off"})).contacts
    assert calm is not None
    direct = found["handling"] == Handling.HUMAN_ONLY
    more = (found["mood"] - calm["mood"])[direct & (calm["mood"] < 0.75)]
    passed_on = found["passed_on"][direct & (calm["mood"] < 0.75)]
    assert np.allclose(more, 0.1 * passed_on)

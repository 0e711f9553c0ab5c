from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.engine.records import Run
from sim.engine.run import replicate
from sim.scenario.build import build
from sim.scenario.load import load
from sim.studies.thresholds import (
    HIGHEST,
    LEAST,
    LOWEST,
    PARENT_WEIGHT,
    STEP,
    Matrix,
    as_yaml,
    best,
    filled,
    logged,
    name_of,
    parents,
    places,
    reached,
    wanted,
)
from tests.laws.worlds import read


@pytest.mark.parametrize(
    ("human", "ai", "loss", "expected"),
    [(4.0, 0.4, 6.5, 0.45), (6.5, 0.6, 14.0, 0.58), (11.0, 0.9, 45.0, 0.78), (11.0, 0.9, 150.0, 0.93)],
    ids=["password", "billing", "dispute", "regulated"],
)
def test_M11_worked_examples(human: float, ai: float, loss: float, expected: float) -> None:
    """A password reset is worth trying at 45 %, a regulated dispute at 93 %."""
    assert expected == round(wanted(human, ai, loss), 2)


def test_an_ai_that_costs_more_than_people_is_never_wanted() -> None:
    """And one whose failures cost nothing always is, as long as it is the cheaper one."""
    assert (1.0, 0.0, 1.0) == (wanted(1.0, 2.0, 5.0), wanted(2.0, 1.0, 0.0), wanted(1.0, 2.0, 0.0))
    assert 0.0 == wanted(10.0, 1.0, 4.0)


@pytest.mark.parametrize("seed", range(8))
def test_the_threshold_is_where_most_is_won(seed: int) -> None:
    """The isotonic crossing is the confidence from which on Σ (resolved − q) is largest, found by trying all."""
    dice = np.random.default_rng(seed)
    confidence = np.sort(dice.random(300))
    resolved = dice.random(300) < confidence
    q = 0.3 + 0.05 * seed
    won = [float((resolved[k:] - q).sum()) for k in range(301)]
    at = reached(confidence, resolved, q)
    from_ = int(np.searchsorted(confidence, at)) if np.isfinite(at) else 300
    assert max(won) == pytest.approx(won[from_])


def test_nothing_reaches_what_nothing_reached() -> None:
    """No outcome, or none good enough: infinite, people only."""
    assert np.isinf(reached(np.empty(0), np.empty(0, dtype=bool), 0.5))
    assert np.isinf(reached(np.array([0.5, 0.9]), np.array([False, False]), 0.1))


def centre(**changes: Any) -> dict[str, Any]:
    """One channel, sessions that can only succeed or fail unnoticed, plenty of people.

    The AI settles 0.9 of every matter whose label is right, and none of the others; everything goes to the AI from a low confidence on.
    """
    return {
        "question": "Where does the AI pay?",
        "calendar": {"from": "2026-03-02 08:00", "until": "2026-03-02 20:00", "interval": "1h"},
        "demand": {"per_h": 2000},
        "channels": {"chat": {}},
        "segments": {"standard": 0.99, "premium": 0.01},
        "intents": {
            "plain": {"share": 0.4, "ai": {"capability": 0.9, "turns": 4}, "human": {"handle": "5m"}},
            "risky": {
                "share": 0.595, "ai": {"capability": 0.9, "turns": 4}, "human": {"handle": "5m"}, "risk": "medium",
            },
            "rare": {"share": 0.005, "ai": {"capability": 0.9, "turns": 4}, "human": {"handle": "5m"}},
        },
        "classifier": {"accuracy": 0.7, "latency": "0s"},
        "ai": {
            "failure": {"detected": 0, "loop": 0, "confident_wrong": 1},
            "wrong_label_failure": {"detected": 0, "loop": 0, "confident_wrong": 1},
            "think": {"mean": "20s"},
        },
        "fleets": {"A": {"channels": ["chat"], "sessions": 5000}},
        "queues": {"chat": {"patience": "never"}},
        "people": {"team": {"skills": ["chat"], "staffing": 900}},
        "routing": {"by": "confidence", "thresholds": {"ai": 0.0, "monitored": 0.0}},
        "triggers": {"max_turns": "off", "max_duration": False},
        "seed": 3,
    } | changes  # fmt: skip


@pytest.fixture(scope="module")
def explored() -> list[Run]:
    """Three days on which everything went to the AI."""
    return replicate(read(centre()), 3)


@pytest.fixture(scope="module")
def matrix(explored: list[Run]) -> Matrix:
    """What they teach."""
    return best(explored)


def test_thresholds_are_where_the_ai_pays(matrix: Matrix) -> None:
    """Labels are right with chance c over all, but not each: wrong ones go to the two other labels alike, so a frequent one is better.

    q(c) = 0.9 · s·c / (s·c + (1 − s)/2 · (1 − c)) for a label of share s; τ* where it reaches q*, within 0.04, some four standard errors
    of the crossing at these outcomes; seed fixed.
    """
    scenario = matrix.scenario
    c = np.linspace(0.0, 1.0, 100_001)
    for name, share in (("plain", 0.4), ("risky", 0.595)):
        one = next(found for found in matrix.cells if name_of(found.cell, scenario) == name)
        silent = scenario.prices.silent[scenario.names.intents.index(name)]
        assert silent == pytest.approx(one.worth.loss)
        q = 1 - (0.65 * 5 - one.worth.ai) / silent
        assert q == pytest.approx(one.wanted, abs=0.002)
        chance = 0.9 * share * c / (share * c + (1 - share) / 2 * (1 - c))
        assert c[np.searchsorted(chance, q)] == pytest.approx(one.ai, abs=0.04)
        assert one.ai == one.monitored


def test_small_cells_have_no_value_of_their_own_and_lean_on_their_parent(
    explored: list[Run], matrix: Matrix
) -> None:
    """Below 200 outcomes none; above them (n·own + 200·parent)/(n + 200)."""
    log = logged(explored)
    known = {one.cell: one for one in matrix.cells} | {(None, None, None): matrix.everything}
    for cell, one in known.items():
        assert one.n == len(places(log, cell))
        assert one.n >= LEAST
    assert len(places(log, (2, 0, 1))) < LEAST
    assert (2, 0, 1) not in known
    rare, mine = known[2, None, None], places(log, (2, None, None))
    own = reached(log.confidence[mine], log.resolved[mine], rare.wanted)
    own = min(HIGHEST, max(LOWEST, own))
    leaned = (len(mine) * own + PARENT_WEIGHT * matrix.everything.ai) / (len(mine) + PARENT_WEIGHT)
    assert leaned == pytest.approx(rare.ai, abs=STEP)


def test_the_matrix_is_expected_to_cost_least(matrix: Matrix) -> None:
    """Of everything to people, everything to the AI, the usual pair, the best one pair, and itself."""
    assert matrix.expected["matrix"] == min(matrix.expected.values())
    assert matrix.expected["one pair"] < min(matrix.expected["people"], matrix.expected["AI"])


def test_people_who_watch_are_put_where_failures_are_dear(explored: list[Run]) -> None:
    """A watched band for the risky matter, from below where the AI alone would pay; at ten times the usual price none for the plain one."""
    with_people = centre(
        routing={**centre()["routing"], "monitor": {"people": 2, "span": 8, "overflow": "ai"}},
        prices={"supervisor_per_min": 8},
    )
    found = best(replicate(read(with_people), 3), watch=True)
    plain, risky = (next(c for c in found.cells if c.cell == (k, None, None)) for k in (0, 1))
    alone = next(c for c in best(explored).cells if c.cell == (1, None, None))
    assert risky.monitored < alone.ai < risky.ai
    assert plain.ai == plain.monitored


def test_what_was_not_sent_to_the_ai_teaches_nothing() -> None:
    """With a threshold of 0.9 the plain matter still pays at the lowest confidence seen: told, and τ no lower than that."""
    tree = centre(routing={"by": "confidence", "thresholds": {"ai": 0.9, "monitored": 0.9}})
    found = best(replicate(read(tree), 1))
    plain = next(c for c in found.cells if c.cell == (0, None, None))
    assert found.seen_from == pytest.approx(0.9, abs=0.001)
    assert plain.at_edge
    assert plain.ai == pytest.approx(0.9, abs=0.01)


def test_a_step_limits_how_far_thresholds_move(explored: list[Run]) -> None:
    """From 0 by 0.03 is still below the lowest allowed; from 0.80 it is 0.77 to 0.83."""
    tree = centre(routing={"by": "confidence", "thresholds": {"ai": 0.8, "monitored": 0.8}})
    found = best(replicate(read(tree), 1), most_step=0.03)
    assert all(0.77 <= one.ai <= 0.83 for one in (found.everything, *found.cells))


def test_a_written_matrix_is_the_one_that_was_learned(matrix: Matrix, tmp_path: Path) -> None:
    """Through YAML, `extends` and the loader, every cell of the scenario has the threshold that the matrix gives it."""
    (tmp_path / "base.yaml").write_text(json.dumps(centre()), encoding="utf-8")
    (tmp_path / "matrix.yaml").write_text(as_yaml(matrix), encoding="utf-8")
    (tmp_path / "both.yaml").write_text("extends: [base.yaml, matrix.yaml]\n", encoding="utf-8")

    routing = build(load(tmp_path / "both.yaml").variants["as is"], name="both").routing

    ai, monitored = filled(matrix)
    assert np.array_equal(ai, routing.ai_at)
    assert np.array_equal(monitored, routing.monitored_at)


def test_more_general_cells_are_looked_up_closest_first() -> None:
    """As the routing does, of the forms that a matrix has."""
    assert [(1, 2, None), (1, None, None), (None, None, None)] == list(parents((1, 2, 3)))
    assert [] == [cell for cell in parents((None, None, None)) if cell != (None, None, None)]


def test_runs_without_outcomes_are_refused() -> None:
    """Interval mode keeps no contacts; people alone have no sessions."""
    with pytest.raises(ValueError, match="keeps no rows"):
        best(replicate(read(centre(records="intervals")), 1))
    with pytest.raises(ValueError, match="no AI session"):
        best(
            replicate(
                read(centre(routing={"by": "confidence", "thresholds": {"ai": 1.0, "monitored": 1.0}})), 1
            )
        )

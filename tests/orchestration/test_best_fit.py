from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.engine.run import simulate
from sim.orchestration.routing import (
    AI,
    HUMAN,
    UNKNOWN,
    best_fit,
    expected_wait_s,
    worth_of_ai,
    worth_of_person,
)
from sim.orchestration.words import Reason, in_words
from sim.scenario.errors import ScenarioError
from sim.scenario.load import load
from tests.laws.worlds import read


def test_M13_worth_is_worked_out_on_paper() -> None:
    """8 · 0.9 − 0.15 − 0.1 · 8, and half of a price of 2 for a load 0.1 above 0.8; a person: 8 − 2.6 − two minutes at 1.20."""
    assert 7.2 - 0.15 - 0.8 == pytest.approx(worth_of_ai(0.9, 8.0, 0.15, 0.0, 3.0, 8.0, 0.8, 2.0))
    assert 7.2 - 0.15 - 0.8 - 0.2 == pytest.approx(worth_of_ai(0.9, 8.0, 0.15, 0.0, 3.0, 8.0, 0.9, 2.0))
    assert 8.0 - 2.6 - 2.4 == pytest.approx(worth_of_person(8.0, 2.6, 120.0, 0.02))


def test_a_failure_that_is_noticed_is_not_lost() -> None:
    """Seven of ten failures get what a person is worth after the hand-over, three cost what a silent failure costs."""
    expected = 7.2 - 0.15 + 0.1 * (0.7 * 3.0 - 0.3 * 8.0)
    assert expected == pytest.approx(worth_of_ai(0.9, 8.0, 0.15, 0.7, 3.0, 8.0, 0.0, 2.0))
    assert 7.2 - 0.15 - 0.8 == pytest.approx(worth_of_ai(0.9, 8.0, 0.15, 0.0, -np.inf, 8.0, 0.0, 2.0))


def test_waiting_is_those_before_over_those_who_work() -> None:
    """Ten before one, 300 s each, 20 places: 150 s; nobody waits, 0; nobody works, without end, which is free where waiting is."""
    assert (150.0, 0.0) == (expected_wait_s(10.0, 300.0, 20.0), expected_wait_s(0.0, 300.0, 20.0))
    assert np.inf == expected_wait_s(0.0, 300.0, 0.0)
    assert (-np.inf, 5.0) == (worth_of_person(8.0, 3.0, np.inf, 0.02), worth_of_person(8.0, 3.0, np.inf, 0.0))


@pytest.mark.parametrize(
    ("label", "eligible", "chance", "worth", "expected"),
    [
        (UNKNOWN, True, 0.9, 9.0, (HUMAN, Reason.LABEL_UNKNOWN)),
        (0, False, 0.9, 9.0, (HUMAN, Reason.NOT_ELIGIBLE)),
        (0, True, 0.69, 9.0, (HUMAN, Reason.TOO_UNLIKELY)),
        (0, True, 0.7, 5.0, (AI, Reason.FITS_AI)),
        (0, True, 0.9, 4.9, (HUMAN, Reason.FITS_PERSON)),
    ],
)
def test_a_contact_goes_where_it_is_worth_most(
    label: int, eligible: bool, chance: float, worth: float, expected: tuple[int, int]
) -> None:
    """First what rules the AI out, then the worth, a tie to the AI."""
    assert expected == best_fit(label, eligible, chance, 0.7, worth, 5.0)[:2]


def test_best_fit_tells_why() -> None:
    """With both worths, or the chance and the least."""
    assert "worth 4.90 with the AI < 5.00 with a person" == in_words(Reason.FITS_PERSON, 4.9, 5.0)
    assert "chance 0.690 that the AI settles it < 0.70" == in_words(Reason.TOO_UNLIKELY, 0.69, 0.7)


def centre(people: int, **changes: Any) -> dict[str, Any]:
    """Two fleets for one channel, of which the second is the better one."""
    return {
        "question": "Where is a contact worth most?",
        "calendar": {"from": "2026-03-02 08:00", "until": "2026-03-02 12:00", "interval": "1h"},
        "demand": {"per_h": 600},
        "channels": {"chat": {"line_per_min": 0.01}},
        "intents": {
            "plain": {"share": 0.6, "ai": {"capability": 0.9, "turns": 4}, "human": {"handle": "5m"}},
            "risky": {"share": 0.4, "ai": {"capability": 0.92, "turns": 6}, "human": {"handle": "12m"}, "risk": "high", "value": 3},
        },
        "classifier": {"accuracy": 0.85, "latency": "0s"},
        "ai": {"think": {"mean": "30s"}},
        "fleets": {
            "poor": {"channels": ["chat"], "sessions": 500, "ability_shift": -0.3},
            "good": {"channels": ["chat"], "sessions": 12},
        },
        "queues": {"chat": {"patience": "never", "priority": {"direct": 1}}},
        "people": {"team": {"skills": ["chat"], "staffing": people}},
        "routing": {"by": "fit", "fit": {"known_from": 0, "least": {"low": 0.5, "medium": 0.5, "high": 0.6}}},
        "triggers": {"max_turns": "off", "max_duration": False},
        "failover": {"fallback": {"chat": ["poor", "good", "human"]}},
    } | changes  # fmt: skip


def test_every_contact_went_where_the_formula_says() -> None:
    """Nobody waits and no load counts: each decision can be recomputed from label and confidence; full fleets pass on to the next best."""
    routing = {
        "by": "fit",
        "fit": {"known_from": 100_000, "load_price": 0, "least": {"low": 0.5, "high": 0.6}},
    }
    tree = centre(2000, routing=routing, queues={"chat": {"patience": "1h"}})
    run = simulate(read(tree))
    c = run.contacts
    assert c is not None
    label, confidence = c["label"], c["confidence"]
    known = label >= 0
    spread = np.sqrt(1 + 1.5**2)
    chance = stats.norm.cdf((spread * stats.norm.ppf([0.9, 0.92]) + np.array([[-0.3], [0.0]])) / spread)
    chance = stats.beta.ppf(0.05, 8 + 1e5 * chance, 2 + 1e5 * (1 - chance))
    value, silent = np.array([8.0, 24.0]), np.array([8.0, 72.0])
    tokens = np.array([3e-6 * (300 * n + 175 * n * (n + 1)) + 15e-6 * 200 * n for n in (4, 6)])
    ai_cost = 0.10 + tokens + 0.01 / 60 * 30 * np.array([4, 6])
    q = chance[1, label] * confidence
    with_person = value[label] - 0.65 * np.array([5, 12])[label]
    failed = 0.7 * (with_person - 1.0) - 0.3 * silent[label]
    with_ai = value[label] * q - ai_cost[label] + (1 - q) * failed
    expected = known & (q >= np.array([0.5, 0.6])[label]) & (with_ai >= with_person)
    assert 0.2 < expected.mean() < 0.95
    clear = np.abs(with_ai - with_person) > 1e-6
    assert np.array_equal(expected[clear], (c["target"] == AI)[clear])
    taken = c["first_fleet"][c["target"] == AI]
    assert set(taken.tolist()) <= {-1, 0, 1}
    assert (taken == 1).sum() > 0.3 * len(taken)
    assert (taken == 0).sum() > 0


def test_the_better_fleet_is_asked_first_until_its_load_counts() -> None:
    """It stands second in the list: with no price of load it is full before the first one gets anybody; with one they share."""
    shares = []
    for load_price in (0.0, 50.0):
        routing = {"by": "fit", "fit": {"load_price": load_price, "least": {"low": 0.3, "high": 0.3}}}
        tree = centre(300, routing=routing)
        tree["fleets"]["good"]["sessions"] = 6
        run = simulate(read(tree))
        active_s = np.array([look.active_area for look in run.looks])
        shares.append(active_s[-1, 1] / (6 * run.scenario.calendar.end_s))
    assert shares[0] > 0.9
    assert 0.7 < shares[1] < shares[0] - 0.03


def test_where_people_are_short_the_ai_gets_more() -> None:
    """A queue makes people worth less: with half of the people the AI is asked for more of the contacts."""
    asked = []
    for people in (60, 25):
        tree = centre(people, queues={"chat": {"patience": "10m"}})
        tree["fleets"]["good"]["sessions"] = 500
        contacts = simulate(read(tree)).contacts
        assert contacts is not None
        asked.append((contacts["target"] == AI).mean())
    assert asked[1] > asked[0] + 0.02


def test_what_best_fit_weighs_has_no_effect_elsewhere(tmp_path: Any) -> None:
    """A `fit` beside another way of routing is refused."""
    tree = centre(60)
    tree["routing"] = {**tree["routing"], "by": "confidence"}
    (tmp_path / "file.yaml").write_text(json.dumps(tree), encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"routing\.fit: has no effect on routing by confidence"):
        load(tmp_path / "file.yaml")

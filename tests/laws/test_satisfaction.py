"""How content customers are and who says so (M04), against the formulas and laws of which it is made.

Statistical checks are two-sided at 4.5 standard errors (7 in a million each, some 15 of them). Seeds are fixed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim.engine.records import Run
from sim.engine.run import simulate
from sim.engine.state import Disposition, Handling
from sim.engine.surveys import answer_of, answers, content_of
from sim.scenario.model import Csat, Scenario
from tests.laws.worlds import read

SIGMAS = 4.5
SERVED = (
    Disposition.AI_RESOLVED,
    Disposition.AI_FALSE_CONTAINED,
    Disposition.HUMAN_RESOLVED,
    Disposition.HUMAN_UNRESOLVED,
)
SETTLED = (Disposition.AI_RESOLVED, Disposition.HUMAN_RESOLVED)
TREE: dict[str, Any] = {
    "question": "How content are they?",
    "calendar": {"from": "2026-03-02 08:00", "until": "2026-03-02 20:00"},
    "demand": {"per_h": 900},
    "channels": {"chat": {"at_once": 2, "silent_abandon": 0.3}},
    "intents": {
        "order": {"share": 0.7, "ai": {"capability": 0.7, "turns": 5}, "human": {"handle": "5m"}},
        "complaint": {"share": 0.3, "eligible": False, "human": {"handle": "8m"}},
    },
    "classifier": {"accuracy": 0.95},
    "fleets": {"A": {"channels": ["chat"], "sessions": 400}},
    "queues": {"chat": {"patience": "3m"}},
    "people": {"all": {"skills": ["chat"], "staffing": 26}},
    "routing": {"by": "intent"},
    "resolution": {},
    "mood": {"csat": {"answers": 0.3}},
    "records": "contacts",
}


@pytest.fixture(scope="module")
def run() -> Run:
    """Twelve hours of a centre with too few people, so that many wait and some leave."""
    return simulate(read(TREE))


def rows(run: Run) -> dict[str, np.ndarray[Any, Any]]:
    """Contact rows."""
    assert run.contacts is not None
    return run.contacts


def csat(scenario: Scenario) -> Csat:
    """What is asked."""
    assert scenario.mood.csat is not None
    return scenario.mood.csat


def test_an_answer_is_a_whole_number_with_the_right_mean() -> None:
    """Over evenly spaced levels the binomial's mean is how content the customer is, its answers are 1 to 5."""
    levels = (np.arange(20_000) + 0.5) / 20_000
    for content in (1.0, 1.7, 2.9, 4.2, 4.6, 5.0):
        found = np.array([answer_of(content, u) for u in levels])
        p = (content - 1.0) / 4.0
        assert content == pytest.approx(found.mean(), abs=1e-3)
        assert 4.0 * p * (1.0 - p) == pytest.approx(found.var(), abs=2e-3)
        assert set(found) <= {1.0, 2.0, 3.0, 4.0, 5.0}


def test_content_keeps_within_the_scale() -> None:
    """1.5 points for a furious customer, 0.6 for an issue left open, never below 1."""
    assert 4.6 == content_of(0.0, True, 4.6, 1.5, 0.6)
    assert 3.1 == pytest.approx(content_of(1.0, True, 4.6, 1.5, 0.6))
    assert 2.5 == pytest.approx(content_of(1.0, False, 4.6, 1.5, 0.6))
    assert 1.0 == content_of(1.0, False, 4.6, 5.0, 0.6)
    assert answers(5.0, 0.149, 0.15, 2.0)
    assert not answers(5.0, 0.151, 0.15, 2.0)
    assert answers(1.0, 0.299, 0.15, 2.0)


def test_content_follows_from_the_journey(run: Run) -> None:
    """Recomputed from contact rows: frustration, the wait of those who gave up, and whether the issue was settled."""
    c, mood, law = rows(run), run.scenario.mood, csat(run.scenario)
    ended = c["disposition"] != Disposition.IN_SYSTEM
    left = c["disposition"] == Disposition.QUEUE_ABANDONED
    assert (c["agent"][left] >= 0).any()  # silent ones, found out when their turn came
    assert left.sum() > 100
    waited_s = np.where(left, c["end_s"] - c["queue_s"], 0.0)
    f = c["mood"] + mood.wait_per_min * np.maximum(0.0, waited_s - mood.wait_free_s) / 60.0
    settled = np.isin(c["disposition"], (*SETTLED, Disposition.DEFLECTED_OK))
    expected = np.clip(law.best - law.mood * np.clip(f, 0.0, 1.0) - law.unsettled * ~settled, 1.0, 5.0)

    assert np.allclose(np.where(ended, expected, np.nan), c["content"], equal_nan=True)


def test_as_many_of_those_served_answer_as_told(run: Run) -> None:
    """30 % of those whom the AI or a person dealt with answer; nobody of those who gave up."""
    c = rows(run)
    served = np.isin(c["disposition"], SERVED)
    n, share = served.sum(), csat(run.scenario).answers
    answered = ~np.isnan(c["survey"])

    assert not answered[~served].any()
    assert abs(answered.sum() - share * n) < SIGMAS * np.sqrt(n * share * (1 - share))


def test_answers_scatter_around_how_content_people_are(run: Run) -> None:
    """Their mean is that of `content`, in each way of handling; they come in after a median of an hour."""
    c = rows(run)
    answered = ~np.isnan(c["survey"])
    for handling in (Handling.AI_CONTAINED, Handling.ESCALATED, Handling.HUMAN_ONLY):
        mine = answered & (c["handling"] == handling)
        p = (c["content"][mine] - 1.0) / 4.0
        error = np.sqrt((4.0 * p * (1.0 - p)).sum())
        assert abs((c["survey"] - c["content"])[mine].sum()) < SIGMAS * error
    late = (c["survey_s"] - c["end_s"])[answered] > 3600.0
    assert abs(late.mean() - 0.5) < SIGMAS * 0.5 / np.sqrt(late.size)
    assert np.isnan(c["survey_s"][~answered]).all()


def test_surveys_of_the_unhappy_look_worse_than_it_is(run: Run) -> None:
    """If who gives 1 answers three times as often as who gives 5, scores are told in proportion to 1 + 2·(5 − score)/4."""
    biased = simulate(read(TREE | {"mood": {"csat": {"answers": 0.3, "unhappy_answers": 3.0}}}))
    c, plain = rows(biased), rows(run)
    assert np.array_equal(c["content"], plain["content"], equal_nan=True)
    served = np.isin(c["disposition"], SERVED)
    p = (c["content"][served] - 1.0) / 4.0
    for score in (1, 2, 3, 4, 5):
        k = score - 1
        gives = np.array([1, 4, 6, 4, 1])[k] * p**k * (1.0 - p) ** (4 - k)
        chance = gives * 0.3 * (1.0 + 0.5 * (5 - score))
        error = np.sqrt((chance * (1.0 - chance)).sum())
        assert abs((c["survey"][served] == score).sum() - chance.sum()) < SIGMAS * error
    assert np.nanmean(c["survey"]) < np.nanmean(plain["survey"])


def test_who_is_asked_changes_nothing_else(run: Run) -> None:
    """A centre that asks nobody has the same day."""
    quiet = simulate(replace(run.scenario, mood=replace(run.scenario.mood, csat=None)))
    asked, unasked = rows(run), rows(quiet)
    assert np.isnan(unasked["content"]).all()
    assert [] == [
        name
        for name in asked
        if name not in ("content", "survey", "survey_s")
        and not np.array_equal(asked[name], unasked[name], equal_nan=True)
    ]


def test_a_furious_customer_is_less_content_though_the_ai_closed_the_case(run: Run) -> None:
    """Among cases that the AI closed, wrongly or not, content falls with frustration by the stated points."""
    c = rows(run)
    for ending in (Disposition.AI_RESOLVED, Disposition.AI_FALSE_CONTAINED):
        mine = c["disposition"] == ending
        slope = np.polyfit(c["mood"][mine], c["content"][mine], 1)[0]
        assert -csat(run.scenario).mood == pytest.approx(slope)

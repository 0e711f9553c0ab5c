"""Breakers that hear what surveys say (M25, M27), against the difference worked out from contact rows."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from sim.engine.records import Run
from sim.engine.run import simulate
from sim.engine.state import Handling
from sim.engine.surveys import normal_quantile
from sim.engine.what import What
from sim.orchestration import satisfaction
from sim.orchestration.breaker import Cause, State, in_words
from tests.laws.test_satisfaction import TREE
from tests.laws.worlds import read

LOOK_S, BUCKET_S, DAY_S = 10.0, 300.0, 86_400.0


def tree(limit: float, mood: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Thirty hours of a centre whose breaker hears of satisfaction and of nothing else."""
    quiet = dict.fromkeys(
        ("warn_drop", "trip_drop", "warn_accuracy", "trip_accuracy", "warn_escalated", "warn_loop", "trip_loop"), 0.0
    )  # fmt: skip
    breakers = {
        "semantic": {**quiet, "nodata_grace": "0s", "warn_csat": limit},
        "degraded": {"failed": 0.0, "slow": 0.0, "confirm": 1, "recover": 1, "dwell": "0s", "turns": 20, "capability": 0.0},
    }  # fmt: skip
    return (
        TREE
        | {
            "calendar": {"from": "2026-03-02 08:00", "until": "2026-03-03 14:00"},
            "demand": {"per_h": 300},
            "watch": {"every": "10s"},
            "failover": {"breakers": breakers},
            "mood": {"csat": mood},
        }
        | more
    )


@lru_cache(maxsize=4)
def one(limit: float, answers: float, floor: str = "kernel") -> Run:
    """A run of it: the AI closes some issues that are not settled, and those cost two points of five."""
    return simulate(read(tree(limit, {"answers": answers, "unsettled": 2.0})), floor=floor)


def as_told(run: Run, at_s: float) -> tuple[float, float]:
    """Mean answers of the AI alone and of people alone as a look at *at_s* has to know them, 0 to 100; NaN below 100 answers."""
    c = run.contacts
    assert c is not None
    until_s = math.floor(at_s / BUCKET_S) * BUCKET_S
    inside = (c["survey_s"] < until_s) & (c["survey_s"] >= until_s - DAY_S)
    found = []
    for handling in (Handling.AI_CONTAINED, Handling.HUMAN_ONLY):
        given = c["survey"][inside & (c["handling"] == handling)]
        found.append(25.0 * (given.mean() - 1.0) if len(given) >= 100 else math.nan)
    return found[0], found[1]


def moves(run: Run) -> Any:
    """Rows of the control log in which a breaker moved."""
    return run.control[run.control["what"] == What.BREAKER]


def test_the_quantile_is_the_normal_law_s() -> None:
    """To ten digits, over all that 32 bits can say."""
    from scipy.special import ndtri

    u = np.concatenate([np.arange(1, 1000) / 1000.0, [0.5 / 2**32, 1e-6, 1.0 - 1e-6, 1.0 - 0.5 / 2**32]])
    assert np.allclose([normal_quantile(float(x)) for x in u], ndtri(u), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("answers", [1.0, 0.3])
def test_it_warns_when_the_surveys_that_came_in_say_so(answers: float) -> None:
    """The first look at which the answers of either kind are 100 and differ by more than the limit; the numbers are those of that look."""
    silent = one(99.0, answers)
    assert 0 == len(moves(silent))
    looks_s = np.arange(LOOK_S, silent.scenario.calendar.end_s, LOOK_S)[::30] + 10.0
    seen = np.array([as_told(silent, s) for s in looks_s])
    apart = seen[:, 1] - seen[:, 0]
    assert np.isnan(apart[:3]).all()
    later = apart[len(apart) // 2]
    assert later > 0.5
    limit = round(0.8 * later, 2)
    run = one(limit, answers)
    first = moves(run)[0]

    assert (Cause.DISSATISFIED, State.DEGRADED) == (first["cause"], first["to_state"])
    of_ai, of_people = as_told(run, float(first["at_s"]))
    assert (of_ai, of_people, limit) == pytest.approx((first["part"], first["whole"], first["limit"]))
    assert of_people - of_ai > limit
    before_ai, before_people = as_told(run, float(first["at_s"]) - LOOK_S)
    assert not before_people - before_ai > limit
    words = f"satisfaction {of_ai:.1f} of 100 with the AI, {of_people:.1f} with people, more than {limit:g} points less"
    assert words == in_words(
        int(first["cause"]), *(float(first[name]) for name in ("part", "whole", "limit"))
    )


def test_every_move_follows_the_difference() -> None:
    """Degraded while the answers of the last day differ by more than the limit, closed while they do not, at each look of thirty hours."""
    silent = one(99.0, 1.0)
    limit = as_told(silent, DAY_S)
    run = one(round(limit[1] - limit[0], 2), 1.0)
    log = moves(run)
    assert len(log) >= 2
    for row in log:
        of_ai, of_people = as_told(run, float(row["at_s"]))
        worse = of_people - of_ai > run.scenario.failover.breaker.semantic.warn_csat  # type: ignore[union-attr]
        assert worse == (row["to_state"] == State.DEGRADED)
    assert {State.CLOSED, State.DEGRADED} == set(log["to_state"].tolist())


def test_both_floors_hear_the_same() -> None:
    """Moves, their numbers and contacts are the same on the plain floor."""
    kernel, plain = one(1.5, 0.3), one(1.5, 0.3, "plain")
    assert moves(kernel).tolist() == moves(plain).tolist()
    assert len(moves(kernel)) >= 2


def test_a_window_is_a_day_and_counts_when_answers_come() -> None:
    """Answers count in full buckets, leave after a day, and are nothing below a hundred or after the run."""
    rows, arrivals = satisfaction.opinions(1, 3.0 * DAY_S)
    for k in range(100):
        satisfaction.will_say(arrivals, 0, 5.0 if k < 50 else 3.0, 450.0)
    satisfaction.will_say(arrivals, 0, 1.0, 3.0 * DAY_S + 400.0)
    said = []
    for at_s in (599.0, 600.0, 300.0 + DAY_S, 590.0 + DAY_S, 600.0 + DAY_S):
        satisfaction.advance_to(rows, arrivals, 0, at_s)
        said.append(satisfaction.points(rows, 0))
    assert [-1.0, 75.0, 75.0, 75.0, -1.0] == said

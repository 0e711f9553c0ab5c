"""How content a customer is in the end, and who says so in a survey (M04).

    content = best − mood·f − unsettled        f: frustration at the end, waiting included; the last where the issue is not settled

Kept within 1 to 5. An answer is a whole number, 1 + Binomial(4, (content − 1)/4): its mean is `content`; it comes in a lognormal time after
the end. It rests on the finished journey and the contact's own dice alone, so the floor and the records ask apart and hear the same.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine import dice
from sim.engine.physics import mood_after_wait
from sim.engine.state import Disposition
from sim.orchestration.compiled import compiled, record
from sim.scenario.model import Mood

ASKS = record(
    [
        ("best", np.float64),
        ("mood", np.float64),
        ("unsettled", np.float64),
        ("answers", np.float64),
        ("unhappy_answers", np.float64),
        ("after_s", np.float64),
        ("sigma", np.float64),
        ("wait_free_s", np.float64),
        ("wait_mood", np.float64),
    ]
)
"""What `rate` and `survey` have to know, one row; nobody is asked where `answers` is 0."""

_IN_SYSTEM = int(Disposition.IN_SYSTEM)
_AI_RESOLVED = int(Disposition.AI_RESOLVED)
_AI_FALSE_CONTAINED = int(Disposition.AI_FALSE_CONTAINED)
_HUMAN_RESOLVED = int(Disposition.HUMAN_RESOLVED)
_HUMAN_UNRESOLVED = int(Disposition.HUMAN_UNRESOLVED)
_DEFLECTED_OK = int(Disposition.DEFLECTED_OK)
_ABANDONED = int(Disposition.QUEUE_ABANDONED)
_BALKED = int(Disposition.BALKED)
_DROPPED = int(Disposition.DROPPED)


def asks(mood: Mood) -> NDArray[Any]:
    """The row of a scenario that asks."""
    csat = mood.csat
    assert csat is not None, "only a scenario that asks has a survey"
    row = np.zeros(1, dtype=ASKS)
    row["best"], row["mood"], row["unsettled"] = csat.best, csat.mood, csat.unsettled
    row["answers"], row["unhappy_answers"] = csat.answers, csat.unhappy_answers
    row["after_s"], row["sigma"] = csat.after_s, csat.sigma
    row["wait_free_s"], row["wait_mood"] = mood.wait_free_s, mood.wait_per_min
    return row


@compiled
def content_of(mood: float, settled: bool, best: float, per_mood: float, unsettled: float) -> float:
    """How content somebody is, 1 to 5, for a frustration at the end."""
    points = best - per_mood * mood
    if not settled:
        points -= unsettled
    return min(5.0, max(1.0, points))


@compiled
def answer_of(content: float, u: float) -> float:
    """A whole number from 1 to 5 with mean *content*: the quantile of its binomial at level *u*."""
    p = 0.25 * (content - 1.0)
    q = 1.0 - p
    below = q * q * q * q
    if u < below:
        return 1.0
    below += 4.0 * p * q * q * q
    if u < below:
        return 2.0
    below += 6.0 * p * p * q * q
    if u < below:
        return 3.0
    below += 4.0 * p * p * p * q
    return 4.0 if u < below else 5.0


@compiled
def answers(score: float, u: float, share: float, unhappy: float) -> bool:
    """Whether somebody who would give *score* answers at all: *share* of those who give 5, *unhappy* times as many who give 1."""
    return u < share * (1.0 + (unhappy - 1.0) * 0.25 * (5.0 - score))


@compiled
def normal_quantile(u: float) -> float:
    """The standard normal's quantile at level *u* in (0, 1): Abramowitz and Stegun's 26.2.23, made exact by two of Halley's steps."""
    p = min(u, 1.0 - u)
    t = math.sqrt(-2.0 * math.log(p))
    x = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (
        1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308))
    )
    for _ in range(2):  # x is positive here: p = Φ(−x)
        off = (p - 0.5 * math.erfc(x / math.sqrt(2.0))) * math.sqrt(2.0 * math.pi) * math.exp(0.5 * x * x)
        x -= off / (1.0 - 0.5 * x * off)
    return -x if u < 0.5 else x


@compiled
def survey(key: int, content: float, asked: NDArray[Any]) -> tuple[float, float]:
    """What somebody who was served answers, 1 to 5, and how long after the end that comes in, seconds; NaN for both where nothing comes.

    Args:
        key: Of the contact's dice.
        content: How content it is, 1 to 5.
        asked: The one row of `ASKS`.
    """
    law = asked[0]
    score = answer_of(content, dice.uniform(key, dice.SURVEY, 0))
    if not answers(score, dice.uniform(key, dice.SURVEY, 1), law.answers, law.unhappy_answers):
        return np.nan, np.nan
    return score, law.after_s * math.exp(law.sigma * normal_quantile(dice.uniform(key, dice.SURVEY, 2)))


@compiled
def rate(
    rows: NDArray[np.int64],
    key: NDArray[np.int64],
    j: NDArray[Any],
    asked: NDArray[Any],
    content: NDArray[np.float64],
    answer: NDArray[np.float64],
    delay_s: NDArray[np.float64],
) -> None:
    """Fill in how content customers were, what they answered and how long after the end, NaN where there is nothing to say.

    Args:
        rows: Rows of contacts that arrived.
        key: Keys of their dice, by row.
        j: Their journeys, by row.
        asked: The one row of `ASKS`.
        content, answer, delay_s: To be filled, one entry for each of *rows*, NaN before.
    """
    law = asked[0]
    for at in range(len(rows)):
        row = rows[at]
        x = j[row]
        ending = x.disposition
        if ending == _IN_SYSTEM:
            continue
        mood = x.mood
        # Who was answered has the wait in its mood.
        if ending in (_ABANDONED, _BALKED, _DROPPED):
            from_s = x.stranded_s if ending == _DROPPED else x.queue_s
            if not np.isnan(from_s):
                mood = mood_after_wait(mood, x.end_s - from_s, law.wait_free_s, law.wait_mood, 0.0)
        settled = ending in (_AI_RESOLVED, _HUMAN_RESOLVED, _DEFLECTED_OK)
        content[at] = content_of(mood, settled, law.best, law.mood, law.unsettled)
        if ending in (_AI_RESOLVED, _AI_FALSE_CONTAINED, _HUMAN_RESOLVED, _HUMAN_UNRESOLVED):
            answer[at], delay_s[at] = survey(key[row], content[at], asked)

"""Standing reasons to hand an AI session over to a person (M12), looked at after every turn; the first that holds wins.

Order: explicit request, out of scope, sentiment, turns, duration. (Policy and monetary limits come before and between them once the
mechanisms exist.)
"""

from __future__ import annotations

from sim.orchestration.compiled import compiled
from sim.orchestration.words import Reason

_NONE = int(Reason.NONE)
_EXPLICIT_REQUEST = int(Reason.EXPLICIT_REQUEST)
_OUT_OF_SCOPE = int(Reason.OUT_OF_SCOPE)
_SENTIMENT = int(Reason.SENTIMENT)
_MAX_TURNS = int(Reason.MAX_TURNS)
_MAX_DURATION = int(Reason.MAX_DURATION)

SMOOTHING = 0.5
"""Weight of the newest turn in the smoothed sentiment."""


@compiled
def smoothed(before: float, reading: float) -> float:
    """Sentiment after one more reading, scale −5 to 5."""
    return before + SMOOTHING * (reading - before)


@compiled
def first_hit(
    asked_for_a_person: bool,
    off_topic: bool,
    low_turns: int,
    low_turns_at: int,
    sentiment: float,
    sentiment_below: float,
    turns: int,
    max_turns: int,
    elapsed_s: float,
    max_session_s: float,
) -> tuple[int, float, float]:
    """The first trigger that holds after a turn.

    Args:
        asked_for_a_person: Explicit request, as detected.
        off_topic: The model signals a topic outside its training.
        low_turns: Customer turns in a row with sentiment under the limit; acted on at *low_turns_at* (0 when off).
        sentiment: Smoothed, −5 to 5.
        turns: Turns done.
        elapsed_s: Since the session began.

    Returns:
        Reason (`NONE` when the session goes on), what was seen, the limit.
    """
    if asked_for_a_person:
        return _EXPLICIT_REQUEST, float(turns), 0.0
    if off_topic:
        return _OUT_OF_SCOPE, float(turns), 0.0
    if low_turns_at > 0 and low_turns >= low_turns_at:
        return _SENTIMENT, sentiment, sentiment_below
    if turns >= max_turns:
        return _MAX_TURNS, float(turns), float(max_turns)
    if elapsed_s >= max_session_s:
        return _MAX_DURATION, elapsed_s, max_session_s
    return _NONE, 0.0, 0.0

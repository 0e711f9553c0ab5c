"""The codes of decisions and their words: what the controller decided, and the sentence that the report prints.

One code per reason; a record keeps the code and two numbers (what was seen, what it was held against), and `in_words` makes the
sentence from them.
"""

from __future__ import annotations

from enum import IntEnum


class Decision(IntEnum):
    """What kind of decision a row of the decision log is."""

    ROUTE = 0
    """Where a contact goes first."""
    PLACE = 1
    """Which fleet takes it, or none."""
    RETRY = 2
    MOVE = 3
    """A session under way goes to another fleet."""
    ESCALATE = 4
    """A session ends at a person."""
    OFFER = 5
    """Something else than waiting is offered, or imposed."""


class Reason(IntEnum):
    """Why; the sentence of each is in `SENTENCES`."""

    NONE = 0
    NO_AI_ROUTING = 1
    NOT_ELIGIBLE = 2
    LABEL_UNKNOWN = 3
    INTENT_MAPPED = 4
    CONFIDENCE_HIGH = 5
    CONFIDENCE_MIDDLE = 6
    CONFIDENCE_LOW = 7
    NOBODY_TO_MONITOR = 8
    UNMONITORED = 9
    NO_FLEET = 10
    ADMITTED = 11
    SESSIONS_FULL = 12
    BULKHEAD_FULL = 13
    BREAKER_OPEN = 14
    CALL_FAILED = 15
    CALL_TIMED_OUT = 16
    EXPLICIT_REQUEST = 17
    OUT_OF_SCOPE = 18
    SENTIMENT = 19
    MAX_TURNS = 20
    MAX_DURATION = 21
    AI_GAVE_UP = 22
    TAKEN_OVER = 23
    POLICY = 24
    CALL_LIMITED = 25
    NO_RETRY_LEFT = 26
    NOT_SIMPLE = 27
    SHED = 28
    NOT_SURE_ENOUGH = 29
    SELF_SERVICE_TAKEN = 30
    SELF_SERVICE_DECLINED = 31
    CALLBACK_TAKEN = 32
    CALLBACK_DECLINED = 33
    HELD_BACK = 34
    LET_IN = 35
    HELD_TOO_LONG = 36
    FITS_AI = 37
    FITS_PERSON = 38
    TOO_UNLIKELY = 39
    FEW_HOSTS = 40
    CHANNEL_CHANGED = 41
    BACK_TO_AI = 42


SENTENCES: dict[Reason, str] = {
    Reason.NONE: "",
    Reason.NO_AI_ROUTING: "everything goes to people",
    Reason.NOT_ELIGIBLE: "the map keeps this intent for people",
    Reason.LABEL_UNKNOWN: "the classifier gave no label",
    Reason.INTENT_MAPPED: "the map sends this intent to the AI",
    Reason.CONFIDENCE_HIGH: "confidence {seen:.3f} ≥ {limit:.3f}",
    Reason.CONFIDENCE_MIDDLE: "confidence {seen:.3f} ≥ {limit:.3f}, under watch",
    Reason.CONFIDENCE_LOW: "confidence {seen:.3f} < {limit:.3f}",
    Reason.NOBODY_TO_MONITOR: "{seen:.0f} of {limit:.0f} watched sessions: nobody free to watch",
    Reason.UNMONITORED: "{seen:.0f} of {limit:.0f} watched sessions: goes on unwatched",
    Reason.NO_FLEET: "no fleet serves this channel",
    Reason.ADMITTED: "session {seen:.0f} of {limit:.0f}",
    Reason.SESSIONS_FULL: "{seen:.0f} of {limit:.0f} sessions: fleet full",
    Reason.BULKHEAD_FULL: "{seen:.0f} of {limit:.0f} sessions of this channel: bulkhead full",
    Reason.BREAKER_OPEN: "breaker does not admit",
    Reason.FEW_HOSTS: "{seen:.0f} of {limit:.0f} hosts left: too few",
    Reason.CALL_FAILED: "call failed, attempt {seen:.0f} of {limit:.0f}",
    Reason.CALL_TIMED_OUT: "no reply within {limit:.1f} s, attempt {seen:.0f}",
    Reason.EXPLICIT_REQUEST: "customer asked for a person in turn {seen:.0f}",
    Reason.OUT_OF_SCOPE: "topic outside the AI's training, noticed in turn {seen:.0f}",
    Reason.SENTIMENT: "sentiment {seen:.2f} < {limit:.2f}",
    Reason.MAX_TURNS: "{seen:.0f} turns ≥ {limit:.0f}",
    Reason.MAX_DURATION: "{seen:.0f} s ≥ {limit:.0f} s",
    Reason.AI_GAVE_UP: "the AI handed over after {seen:.0f} turns",
    Reason.TAKEN_OVER: "the person watching took over in turn {seen:.0f}",
    Reason.POLICY: "a rule stopped the session in turn {seen:.0f}",
    Reason.CALL_LIMITED: "refused by the provider's limits, attempt {seen:.0f} of {limit:.0f}",
    Reason.NO_RETRY_LEFT: "{seen:.0f} sessions are retrying already, {limit:.0f} may",
    Reason.NOT_SIMPLE: "fleet is degraded and takes simple contacts alone, with confidence {limit:.3f} or more ({seen:.3f})",
    Reason.SHED: "fleet sheds this intent at level {seen:.0f}",
    Reason.NOT_SURE_ENOUGH: "confidence {seen:.3f} < {limit:.3f} at the fleet's level",
    Reason.SELF_SERVICE_TAKEN: "told wait {seen:.0f} s > {limit:.0f} s: offered self-service, taken",
    Reason.SELF_SERVICE_DECLINED: "told wait {seen:.0f} s > {limit:.0f} s: offered self-service, declined",
    Reason.CALLBACK_TAKEN: "told wait {seen:.0f} s > {limit:.0f} s: offered a callback, taken",
    Reason.CALLBACK_DECLINED: "told wait {seen:.0f} s > {limit:.0f} s: offered a callback, declined",
    Reason.HELD_BACK: "room for {seen:.1f} more < {limit:.0f}: held back",
    Reason.LET_IN: "let in after {seen:.0f} s, room for {limit:.0f}",
    Reason.CHANNEL_CHANGED: "told wait {seen:.0f} s, {limit:.0f} s in another channel: changes to that",
    Reason.FITS_AI: "worth {seen:.2f} with the AI ≥ {limit:.2f} with a person",
    Reason.FITS_PERSON: "worth {seen:.2f} with the AI < {limit:.2f} with a person",
    Reason.TOO_UNLIKELY: "chance {seen:.3f} that the AI settles it < {limit:.2f}",
    Reason.BACK_TO_AI: "back to the AI after {seen:.0f} s: its breaker has been closed for {limit:.0f} s",
    Reason.HELD_TOO_LONG: "let in after {seen:.0f} s ≥ {limit:.0f} s, room or not",
}


def in_words(reason: int, seen: float, limit: float) -> str:
    """The sentence of *reason* with its two numbers."""
    return SENTENCES[Reason(reason)].format(seen=seen, limit=limit)

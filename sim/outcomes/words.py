"""Short labels of codes, for tables and legends."""

from __future__ import annotations

from sim.engine.state import Handling
from sim.orchestration.words import Reason

HANDLING_LABELS: dict[Handling, str] = {
    Handling.AI_CONTAINED: "AI contained",
    Handling.AI_ABANDONED: "left the AI",
    Handling.ESCALATED: "escalated",
    Handling.SPILLED: "spilled over",
    Handling.HUMAN_ONLY: "people only",
}

REASON_LABELS: dict[Reason, str] = {
    Reason.NONE: "",
    Reason.NO_AI_ROUTING: "everything goes to people",
    Reason.NOT_ELIGIBLE: "intent kept for people",
    Reason.LABEL_UNKNOWN: "no label from the classifier",
    Reason.INTENT_MAPPED: "intent mapped to the AI",
    Reason.CONFIDENCE_HIGH: "confidence high",
    Reason.CONFIDENCE_MIDDLE: "confidence middling, under watch",
    Reason.CONFIDENCE_LOW: "confidence low",
    Reason.NOBODY_TO_MONITOR: "nobody free to watch",
    Reason.UNMONITORED: "goes on unwatched",
    Reason.NO_FLEET: "no fleet for the channel",
    Reason.ADMITTED: "admitted",
    Reason.SESSIONS_FULL: "fleet full",
    Reason.BULKHEAD_FULL: "bulkhead full",
    Reason.BREAKER_OPEN: "breaker open",
    Reason.FEW_HOSTS: "too few hosts left",
    Reason.CALL_FAILED: "calls failed",
    Reason.CALL_TIMED_OUT: "calls timed out",
    Reason.EXPLICIT_REQUEST: "customer asked for a person",
    Reason.OUT_OF_SCOPE: "topic out of scope",
    Reason.SENTIMENT: "low sentiment",
    Reason.MAX_TURNS: "too many turns",
    Reason.MAX_DURATION: "too long",
    Reason.AI_GAVE_UP: "the AI gave up",
    Reason.TAKEN_OVER: "taken over by the watcher",
    Reason.FITS_AI: "worth more with the AI",
    Reason.FITS_PERSON: "worth more with a person",
    Reason.TOO_UNLIKELY: "the AI would hardly settle it",
}

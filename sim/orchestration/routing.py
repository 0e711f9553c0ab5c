"""Where a contact goes: intent map (M09), confidence bands (M10), threshold matrix (M11), best fit (M13), admission to a fleet (M30).

`threshold_matrix` is worked out once from the policy's cells; `route` and `admit` are asked for every contact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sim.orchestration.compiled import compiled
from sim.orchestration.words import Reason

HUMAN, AI, AI_MONITORED = 0, 1, 2
"""Targets of `route`."""

UNKNOWN = -1
"""Label of a contact that the classifier could not or did not label."""

BY_HUMAN, BY_INTENT, BY_CONFIDENCE, BY_FIT = 0, 1, 2, 3

LOAD_FREE = 0.8
"""Utilisation of a fleet up to which its load costs nothing."""

_NO_AI_ROUTING = int(Reason.NO_AI_ROUTING)
_NOT_ELIGIBLE = int(Reason.NOT_ELIGIBLE)
_LABEL_UNKNOWN = int(Reason.LABEL_UNKNOWN)
_INTENT_MAPPED = int(Reason.INTENT_MAPPED)
_CONFIDENCE_HIGH = int(Reason.CONFIDENCE_HIGH)
_CONFIDENCE_MIDDLE = int(Reason.CONFIDENCE_MIDDLE)
_CONFIDENCE_LOW = int(Reason.CONFIDENCE_LOW)
_FITS_AI = int(Reason.FITS_AI)
_FITS_PERSON = int(Reason.FITS_PERSON)
_TOO_UNLIKELY = int(Reason.TOO_UNLIKELY)
_ADMITTED = int(Reason.ADMITTED)
_SESSIONS_FULL = int(Reason.SESSIONS_FULL)
_BULKHEAD_FULL = int(Reason.BULKHEAD_FULL)


def threshold_matrix(
    cells: Mapping[str, float],
    default: float,
    intents: Sequence[str],
    channels: Sequence[str],
    segments: Sequence[str],
) -> NDArray[np.float64]:
    """Fill every cell of the threshold matrix, the most specific rule first.

    Args:
        cells: `intent.channel.segment` to threshold; `*` stands for any, a missing tail for `*`.
        default: Threshold of cells that no rule names.
        intents, channels, segments: Names along the axes.

    Returns:
        Thresholds in [0, 1], shape (intents, channels, segments).

    Order: i.c.s, i.c.*, i.*.s, i.*.*, *.c.s, *.c.*, *.*.s, then the default.
    """
    rules = {tuple([*key.split("."), "*", "*"][:3]): at for key, at in cells.items()}
    matrix = np.full((len(intents), len(channels), len(segments)), default, dtype=np.float64)
    for i, intent in enumerate(intents):
        for c, channel in enumerate(channels):
            for s, segment in enumerate(segments):
                for key in (
                    (intent, channel, segment),
                    (intent, channel, "*"),
                    (intent, "*", segment),
                    (intent, "*", "*"),
                    ("*", channel, segment),
                    ("*", channel, "*"),
                    ("*", "*", segment),
                ):
                    if key in rules:
                        matrix[i, c, s] = rules[key]
                        break
    return matrix


@compiled
def route(
    by: int, label: int, confidence: float, eligible: bool, ai_at: float, monitored_at: float
) -> tuple[int, int, float]:
    """Where a contact with this label and confidence goes.

    Bands are half open: a confidence exactly on a limit belongs to the band above it.

    Returns:
        Target, reason, and the threshold that decided.
    """
    if by == BY_HUMAN:
        return HUMAN, _NO_AI_ROUTING, 0.0
    if label == UNKNOWN:
        return HUMAN, _LABEL_UNKNOWN, 0.0
    if not eligible:
        return HUMAN, _NOT_ELIGIBLE, 0.0
    if by == BY_INTENT:
        return AI, _INTENT_MAPPED, 0.0
    if confidence >= ai_at:
        return AI, _CONFIDENCE_HIGH, ai_at
    if confidence >= monitored_at:
        return AI_MONITORED, _CONFIDENCE_MIDDLE, monitored_at
    return HUMAN, _CONFIDENCE_LOW, monitored_at


@compiled
def worth_of_ai(
    chance: float,
    value: float,
    cost: float,
    noticed: float,
    after: float,
    silent: float,
    load: float,
    load_price: float,
) -> float:
    """What it is worth to give a contact to a fleet: V·q − c + (1 − q)·(noticed·after − (1 − noticed)·s) − γ·max(0, u − 0.8).

    A failure that is noticed is not lost: a person takes it, and what that is worth stays.

    Args:
        chance: That it settles the contact.
        value: Of a settled contact.
        cost: Of the session.
        noticed: Share of failures that are.
        after: What a person is worth to a contact that was handed over.
        silent: What a failure costs that nobody notices.
        load: Utilisation of the fleet.
        load_price: γ.
    """
    failed = noticed * after - (1.0 - noticed) * silent if noticed > 0.0 else -silent
    return value * chance - cost + (1.0 - chance) * failed - load_price * max(0.0, load - LOAD_FREE)


@compiled
def worth_of_person(value: float, cost: float, wait_s: float, wait_per_s: float) -> float:
    """What it is worth to send a contact to people: V − c − ω·wait; without end below zero where the wait is."""
    return value - cost - wait_per_s * wait_s if wait_per_s > 0.0 else value - cost


@compiled
def expected_wait_s(waiting: float, handle_s: float, working: float) -> float:
    """Those who wait, one after the other, over the contacts that people can have at once; endless where nobody works."""
    if working <= 0.0:
        return np.inf
    return waiting * handle_s / working


@compiled
def best_fit(
    label: int, eligible: bool, chance: float, least: float, with_ai: float, with_person: float
) -> tuple[int, int, float, float]:
    """Where a contact is worth most.

    Args:
        chance: Of the fleet that it is worth most with.
        least: Chance below which the AI is no candidate.
        with_ai, with_person: Worth there.

    Returns:
        Target, reason, what was seen and what it was held against.
    """
    if label == UNKNOWN:
        return HUMAN, _LABEL_UNKNOWN, 0.0, 0.0
    if not eligible:
        return HUMAN, _NOT_ELIGIBLE, 0.0, 0.0
    if chance < least:
        return HUMAN, _TOO_UNLIKELY, chance, least
    if with_ai >= with_person:
        return AI, _FITS_AI, with_ai, with_person
    return HUMAN, _FITS_PERSON, with_ai, with_person


@compiled
def admit(active: int, sessions: int, active_in_channel: int, bulkhead: int) -> tuple[int, float, float]:
    """Whether a fleet has room for one more session: the fleet's cap, then the channel's bulkhead.

    Returns:
        Reason (`ADMITTED` or what was full), sessions seen (the new one included where admitted), the cap that decided.
    """
    if active >= sessions:
        return _SESSIONS_FULL, float(active), float(sessions)
    if active_in_channel >= bulkhead:
        return _BULKHEAD_FULL, float(active_in_channel), float(bulkhead)
    return _ADMITTED, float(active + 1), float(sessions)

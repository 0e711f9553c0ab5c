"""What a row of the control log is about."""

from __future__ import annotations

from enum import IntEnum


class What(IntEnum):
    """`subject` is a node, a group, a fleet, a queue or a lever."""

    INCIDENT_BEGINS = 0
    INCIDENT_ENDS = 1
    PEOPLE = 2
    BREAKER = 3
    LEVEL = 4
    WARNING = 5
    SCALE = 6
    MESSAGE = 7
    BIAS = 8
    ANCESTOR = 9
    SIGNAL = 10
    PLAN = 11
    HOST = 12
    """A host of a fleet went or came back: `from_state` is its number, −1 for panic; `to_state` 1 for out, or in panic."""
    PARENT = 13
    """Breaker of a node: `to_state` 1 open, 0 closed, 2 open with another scout."""


WAKES = (What.BREAKER, What.LEVEL, What.WARNING, What.SCALE, What.HOST)
"""Moves on the floor that concern the controllers above it; the others are only written down."""

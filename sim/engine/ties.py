"""What comes first when several things happen at the same instant. Written here and nowhere else; both floors obey it.

1. Control changes the world: incidents begin and end, people come and go (`before` the floor's events of that instant).
2. The floor, in the order of `Kind` below; within a kind, the contact that came first (lowest row).
3. Control looks: ticks and snapshots (`after` the floor's events of that instant).

An agent is free before a customer who arrives at that instant is placed; a pickup wins over giving up, because giving up comes last.
What an event causes at its own instant (a freed agent takes the next customer) happens within it.
"""

from __future__ import annotations

from enum import IntEnum


class Kind(IntEnum):
    """Events of the floor, in the order in which they happen at the same instant."""

    SERVICE_END = 1
    """A person finishes with a contact."""
    REPLY = 2
    """An AI call ends, well or badly."""
    CALL = 3
    """A turn is over, or a retry is due: the next call is made."""
    TIMER = 4
    """A breaker's timed move."""
    ARRIVE = 5
    """The controller has a contact's label and decides."""
    GIVE_UP = 6
    """Patience ends."""
    DIAL = 7
    """Somebody is to be called back once more."""
    LOOK = 8
    """The orchestrator looks at fleets and queues."""


SHIFT = 40
"""A floor event's place in an instant is `kind << SHIFT | row`."""

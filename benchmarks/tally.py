"""What every program hands back: how long it took and what it counted."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

ANSWER_WITHIN_S = 20.0  # the 80/20 convention
WORKS = ("A", "B")


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one run, every contact followed to its end.

    *offered* contacts asked for a person; each was then answered or abandoned. *wait_s* is the total wait, in
    seconds, of all of them.
    """

    contacts: int
    offered: int
    answered: int
    abandoned: int
    answered_within_20s: int
    wait_s: float

    def __post_init__(self) -> None:
        if self.answered + self.abandoned != self.offered:
            raise ValueError(
                f"contacts were lost: {self.answered} answered + {self.abandoned} abandoned of {self.offered}"
            )


@dataclass(frozen=True, slots=True)
class Timing:
    """One timed run."""

    seconds: float
    """Of the clock on the wall."""
    tally: Tally
    cpu_s: float = math.nan
    """Of processors; NaN where it was not taken."""

    @property
    def contacts_per_s(self) -> float:
        """Contacts simulated per second of wall clock."""
        return self.tally.contacts / self.seconds


Program = Callable[[str, int, int], Timing]
"""Runs `(work, contacts, seed)`: work "A" or "B"."""

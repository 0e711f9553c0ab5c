"""SimPy's clock with places inside an instant: what `sim.engine.ties` says, as priorities of SimPy's own heap."""

from __future__ import annotations

from heapq import heappush
from typing import Any

import simpy
from simpy.events import Event

BEFORE = 2
"""Control that changes the world; SimPy's own wake-ups take 0 and 1."""
_FLOOR = 1 << 64
AFTER = 1 << 80
"""Control that looks."""


def floor_place(kind: int, contact: int) -> int:
    """Priority of a floor event: by kind, then by who came first."""
    return kind * _FLOOR + contact


class Clock(simpy.Environment):
    """An environment whose events can be put at an exact second and place."""

    def __init__(self) -> None:
        # A float from the start: SimPy's clock is an int otherwise, and every new type compiles the kernel again.
        super().__init__(initial_time=0.0)

    def at(self, second: float, place: int) -> Event:
        """An event that happens at *second* sharp (no `now + delay` rounding), in this place among those of its instant."""
        event = Event(self)
        event._ok = True
        event._value = None
        self._queue_at(event, second, place)
        return event

    def _queue_at(self, event: Event, second: float, place: int) -> None:
        queue: list[Any] = self._queue
        heappush(queue, (second, place, next(self._eid), event))

    def before(self, second: float) -> Event:
        """Control's turn before anything happens on the floor at that second."""
        return self.at(second, BEFORE)

    def after(self, second: float) -> Event:
        """Control's turn after everything has happened on the floor at that second."""
        return self.at(second, AFTER)

    def has_more(self, end_s: float) -> bool:
        """Whether anything is due before the run ends: the floor stops short of *end_s*, control has its last turn there."""
        queue: list[Any] = self._queue
        if not queue:
            return False
        second, place, *_ = queue[0]
        return bool(second < end_s or (second == end_s and place < _FLOOR))

    def next_turn(self) -> tuple[float, bool]:
        """When control is due next, and whether the floor's events of that very second come first."""
        queue: list[Any] = self._queue
        second, place, *_ = queue[0]
        return second, place >= AFTER

"""The kernel's list of future events: a heap with four children a node, ordered by time, then place in the instant."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.orchestration.compiled import compiled


class Agenda(NamedTuple):
    """Parallel arrays and a length."""

    at_s: NDArray[np.float64]
    place: NDArray[np.int64]
    length: NDArray[np.int64]
    """Shape (1,)."""


def agenda(room: int) -> Agenda:
    """An empty agenda with space for *room* events."""
    return Agenda(np.full(room + 4, np.inf), np.empty(room + 4, dtype=np.int64), np.zeros(1, dtype=np.int64))


@compiled
def push(a: Agenda, at_s: float, place: int) -> None:
    """Put an event on the agenda."""
    k = a.length[0]
    a.length[0] = k + 1
    while k > 0:
        parent = (k - 1) >> 2
        if a.at_s[parent] < at_s or (a.at_s[parent] == at_s and a.place[parent] < place):
            break
        a.at_s[k] = a.at_s[parent]
        a.place[k] = a.place[parent]
        k = parent
    a.at_s[k] = at_s
    a.place[k] = place


@compiled
def drop_first(a: Agenda) -> None:
    """Take the earliest event, which stands at index 0, off the agenda.

    The earliest of four children is found by selection, not by branches, which a processor would guess wrongly half of the time; equal
    times are rare and settled by place on a path of their own. Space behind the last event holds infinity, so four children can always
    be read.
    """
    length = a.length[0] - 1
    a.length[0] = length
    at_s = a.at_s[length]
    place = a.place[length]
    a.at_s[length] = np.inf
    k = 0
    while True:
        child = 4 * k + 1
        if child >= length:
            break
        first_s, second_s, third_s, fourth_s = (
            a.at_s[child],
            a.at_s[child + 1],
            a.at_s[child + 2],
            a.at_s[child + 3],
        )
        left = child + 1 if second_s < first_s else child
        left_s = min(first_s, second_s)
        right = child + 3 if fourth_s < third_s else child + 2
        right_s = min(third_s, fourth_s)
        best = right if right_s < left_s else left
        best_s = min(left_s, right_s)
        if first_s == second_s or third_s == fourth_s or left_s == right_s:
            for other in range(child, min(child + 4, length)):
                if a.at_s[other] == best_s and a.place[other] < a.place[best]:
                    best = other
        if at_s < best_s or (at_s == best_s and place < a.place[best]):
            break
        a.at_s[k] = best_s
        a.place[k] = a.place[best]
        k = best
    a.at_s[k] = at_s
    a.place[k] = place

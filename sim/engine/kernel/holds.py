"""Places where contacts stand who are in no queue yet: first in, first out, anybody may leave from the middle."""

from __future__ import annotations

from sim.engine.kernel.world import Rows
from sim.orchestration.compiled import inner


@inner
def hold(holds: Rows, j: Rows, h: int, row: int) -> None:
    """Contact *row* goes to the end of a hold."""
    last = holds[h].tail
    j[row].lane = h
    j[row].before = last
    j[row].behind = -1
    if last >= 0:
        j[last].behind = row
    else:
        holds[h].head = row
    holds[h].tail = row
    holds[h].length += 1


@inner
def let_go(holds: Rows, j: Rows, row: int) -> None:
    """Contact *row* leaves the hold that it stands in."""
    h = j[row].lane
    before, behind = j[row].before, j[row].behind
    if before >= 0:
        j[before].behind = behind
    else:
        holds[h].head = behind
    if behind >= 0:
        j[behind].before = before
    else:
        holds[h].tail = before
    holds[h].length -= 1

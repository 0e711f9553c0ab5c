"""What the compiled floor writes down: decisions about contacts, and moves of controllers, some of which wake control."""

from __future__ import annotations

from sim.engine.kernel.world import World
from sim.engine.what import WAKES
from sim.orchestration.compiled import inner

_WAKES = tuple(int(what) for what in WAKES)


@inner
def decide(
    w: World,
    at_s: float,
    contact: int,
    kind: int,
    reason: int,
    fleet: int,
    queue: int,
    seen: float,
    limit: float,
) -> None:
    """Keep one decision about a contact, where rows are wanted."""
    if w.knobs[0].log == 0:
        return
    d = w.cursor[0].decisions
    w.cursor[0].decisions = d + 1
    row = w.logs.decisions[d]
    row.at_s = at_s
    row.contact = contact
    row.kind = kind
    row.reason = reason
    row.fleet = fleet
    row.queue = queue
    row.seen = seen
    row.limit = limit


@inner
def note(
    w: World,
    what: int,
    subject: int,
    from_state: int,
    to_state: int,
    cause: int,
    part: float,
    whole: float,
    limit: float,
    now_s: float,
) -> None:
    """A controller moved at this fleet or queue: log it, and wake control if somebody above is concerned."""
    m = w.cursor[0].moves
    w.cursor[0].moves = m + 1
    row = w.logs.moves[m]
    row.at_s = now_s
    row.what = what
    row.subject = subject
    row.from_state = from_state
    row.to_state = to_state
    row.cause = cause
    row.part = part
    row.whole = whole
    row.limit = limit
    if w.knobs[0].wakes == 1 and what in _WAKES:
        w.cursor[0].wake = 1

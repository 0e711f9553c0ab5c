"""The kernel's clock: events in order up to a time, then back to control."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.demand.contacts import Contacts
from sim.engine.kernel.agenda import drop_first
from sim.engine.kernel.people import dial_again, give_up, service_end, settle_group, settle_queue
from sim.engine.kernel.relief import held_gives_up
from sim.engine.kernel.sessions import (
    CALL,
    DONE,
    PERSON,
    PLACE,
    REPLY,
    arrive,
    call,
    next_call,
    note_move,
    place,
    reply,
    settle_fleet,
    stranded_gives_up,
    to_person,
)
from sim.engine.kernel.watch import look
from sim.engine.kernel.world import Rows, World
from sim.engine.state import Disposition, Handling, State
from sim.engine.ties import SHIFT, Kind
from sim.engine.watch import served
from sim.orchestration import breaker, ejection
from sim.orchestration.compiled import compiled, inner
from sim.orchestration.packed import Packed, unpacked

_SERVICE_END = int(Kind.SERVICE_END)
_REPLY = int(Kind.REPLY)
_CALL = int(Kind.CALL)
_TIMER = int(Kind.TIMER)
_ARRIVE = int(Kind.ARRIVE)
_GIVE_UP = int(Kind.GIVE_UP)
_DIAL = int(Kind.DIAL)
_LOOK = int(Kind.LOOK)
_STRANDED = int(State.STRANDED)
_HELD = int(State.HELD)
_HUMAN_ONLY = int(Handling.HUMAN_ONLY)
_HUMAN_RESOLVED = int(Disposition.HUMAN_RESOLVED)
_HUMAN_UNRESOLVED = int(Disposition.HUMAN_UNRESOLVED)

REACHED, WOKEN, LOG_FULL = 0, 1, 2
"""Why `advance` came back."""
LOG_MARGIN = 64
"""Rows of a log that one event can fill at most (one refusal a fleet, and a few); a look may let in everybody who is held besides."""


@inner
def held(w: World) -> int:
    """Contacts that stand in no queue yet."""
    total = 0
    for h in range(len(w.machines.holds)):
        total += w.machines.holds[h].length
    return int(total)


@inner
def _has_room(w: World) -> bool:
    """Whether the log of decisions can take what a look may write."""
    each = 2 + w.machines.chain.shape[1]  # let in, or refused by every fleet
    return bool(w.cursor[0].decisions + each * held(w) + 2 * LOG_MARGIN <= len(w.logs.decisions))


@compiled
def settle(queues: Rows, groups: Rows, fleets: Rows, now_s: float) -> None:
    """Bring every integral up to now."""
    for q in range(len(queues)):
        settle_queue(queues, q, now_s)
    for g in range(len(groups)):
        settle_group(groups, g, now_s)
    for f in range(len(fleets)):
        settle_fleet(fleets, f, now_s)


@compiled
def standing(
    people: tuple[Rows, Rows],
    machines: tuple[Rows, Rows, Rows, Rows],
    now_s: float,
    found: NDArray[np.int64],
) -> None:
    """How the fleets stand.

    Args:
        people: Queues and groups.
        machines: Fleets, breakers, levels, hosts' rules.
        now_s: Now.
        found: Filled in, shape (5, fleets): state of the breaker, level, sessions in service, sessions under way, whether all hosts are in.
    """
    queues, groups = people
    fleets, breakers, levels, hosts = machines
    # A sum is rounded wherever it is cut: settled here, integrals are the same to the last bit on both floors.
    settle(queues, groups, fleets, now_s)
    for f in range(len(fleets)):
        found[0, f] = breakers[f].state
        found[1, f] = levels[f].level
        found[2, f] = ejection.in_service(hosts, f, fleets[f].sessions)
        found[3, f] = fleets[f].active
        found[4, f] = int(ejection.all_in(hosts, f))


@compiled
def advance(floor: Packed[tuple[Contacts, Rows, World]], until_s: float, inclusive: bool) -> int:
    """Let the floor happen up to *until_s*.

    Args:
        floor: The customers loaded so far; their journeys, same rows; everything else.
        until_s: Second to stop at.
        inclusive: Whether events at that very second still happen.

    Returns:
        `REACHED`; `WOKEN` when a breaker moved and control should look; `LOG_FULL` when a log needs room. Call again to go on.
    """
    c, j, w = unpacked(floor)
    cursor = w.cursor
    first_attempts = len(c.order)
    while True:
        row = -1
        due = (_ARRIVE + 1) << SHIFT
        at_s = np.inf
        if cursor[0].next < first_attempts:
            at_s = c.ready_s[cursor[0].next]
            row = c.order[cursor[0].next]
            due = _ARRIVE << SHIFT | row
        from_agenda = False
        if w.agenda.length[0] > 0:
            due_s = w.agenda.at_s[0]
            if due_s < at_s or (due_s == at_s and w.agenda.place[0] < due):
                at_s = due_s
                due = w.agenda.place[0]
                from_agenda = True
        if at_s > until_s or (at_s == until_s and not inclusive) or at_s == np.inf:
            cursor[0].now_s = until_s
            return REACHED
        kind = due >> SHIFT
        if kind == _LOOK and not _has_room(w):
            return LOG_FULL
        row = due & ((1 << SHIFT) - 1)
        if from_agenda:
            drop_first(w.agenda)
        else:
            cursor[0].next += 1
        cursor[0].now_s = at_s
        cursor[0].events += 1
        step = DONE
        if kind == _SERVICE_END:
            service_end(c, j, w.people, w.agenda, w.knobs, row, at_s)
            ending = j[row].disposition
            if j[row].handling == _HUMAN_ONLY and ending in (_HUMAN_RESOLVED, _HUMAN_UNRESOLVED):
                served(w.machines.watch, -1, c.key[row], j[row].mood, ending == _HUMAN_RESOLVED, at_s)
        elif kind == _ARRIVE:
            step = arrive(c, j, w, row, at_s)
        elif kind == _REPLY:
            step = REPLY
        elif kind == _CALL:
            step = next_call(c, j, w, row, at_s)
        elif kind == _GIVE_UP:
            if j[row].state == _STRANDED:
                stranded_gives_up(j, w, row, at_s)
            elif j[row].state == _HELD:
                held_gives_up(c, j, w, row, at_s)
            else:
                give_up(c, j, w.people, w.agenda, w.knobs, row, at_s)
        elif kind == _DIAL:
            dial_again(c, j, w.people, w.agenda, w.knobs, row, at_s)
        elif kind == _LOOK:
            look(c, j, w, at_s)
        else:
            before = w.machines.breakers[row].state
            if breaker.on_time(w.machines.breakers, w.machines.ring, row, at_s):
                note_move(w, row, before, at_s)
        while step != DONE:
            if step == PERSON:
                step = to_person(c, j, w, row, at_s)
            elif step == PLACE:
                step = place(c, j, w, row, at_s)
            elif step == CALL:
                step = call(c, j, w, row, at_s)
            else:
                step = reply(c, j, w, row, at_s)
        if cursor[0].wake == 1:
            cursor[0].wake = 0
            return WOKEN
        if cursor[0].decisions + LOG_MARGIN > len(w.logs.decisions) or cursor[0].moves + LOG_MARGIN > len(
            w.logs.moves
        ):
            return LOG_FULL

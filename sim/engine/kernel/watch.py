"""What the orchestrator does every few seconds on the compiled floor."""

from __future__ import annotations

from sim.demand.contacts import Contacts
from sim.engine import dice
from sim.engine.forecast import STEP_S
from sim.engine.kernel.agenda import push
from sim.engine.kernel.logs import note
from sim.engine.kernel.relief import look_at_queues
from sim.engine.kernel.sessions import back_to_ai, note_move
from sim.engine.kernel.world import Rows, World
from sim.engine.physics import both
from sim.engine.state import Handling
from sim.engine.ties import SHIFT, Kind
from sim.engine.watch import MOVED_BREAKER, MOVED_LEVEL, MOVED_SCALE, MOVED_WARNING, look_at_fleet, probe
from sim.engine.what import What
from sim.orchestration import breaker
from sim.orchestration.compiled import apart, inner
from sim.orchestration.ejection import host_of
from sim.orchestration.look_ahead import step
from sim.orchestration.relief import belongs_to_ai, drains, takes_back
from sim.orchestration.routing import AI_MONITORED

LOOK_AHEAD_S = 60.0
"""The schedule is looked at this often."""
_CLOSED = int(breaker.State.CLOSED)
_SPILLED = int(Handling.SPILLED)
_BIAS = int(What.BIAS)
_LEVEL = int(What.LEVEL)
_WARNING = int(What.WARNING)
_SCALE = int(What.SCALE)
_LOOK = int(Kind.LOOK) << SHIFT


@inner
def _settled(w: World, q: int, channel: int, now_s: float) -> bool:
    """Whether a fleet that serves *channel* has been well long enough, and has room."""
    m = w.machines
    for at in range(m.chain.shape[1]):
        f = m.chain[channel, at]
        if f < 0:
            break
        b, x = m.breakers[f], m.fleets[f]
        if takes_back(w.people.relief, q, b.state == _CLOSED, b.since_s, x.active, x.open_sessions, now_s):
            return True
    return False


@apart
def _drain_back(c: Contacts, j: Rows, w: World, now_s: float) -> None:
    """Who is held because the AI failed goes back to it, first come first, until the first whom no fleet takes."""
    fleets = len(w.machines.fleets)
    for lane in range(len(w.people.lanes)):
        q = w.people.lanes[lane].queue
        if not drains(w.people.relief, q):
            continue
        row = int(w.machines.holds[fleets + lane].head)
        while row >= 0:
            behind = int(j[row].behind)
            may = belongs_to_ai(
                j[row].handling == _SPILLED, j[row].first_fleet >= 0, j[row].target == AI_MONITORED
            )
            if may and _settled(w, q, c.channel[row], now_s) and not back_to_ai(c, j, w, row, now_s):
                break
            row = behind


@apart
def look(c: Contacts, j: Rows, w: World, now_s: float) -> None:
    """Look at fleets, then at queues, and again after the usual time."""
    m = w.machines
    for f in range(len(m.fleets)):
        x = m.fleets[f]
        before = m.breakers[f].state
        errors = x.errors
        if w.knobs[0].probe_synthetic == 1 and m.ejection[f].hosts > 1:
            host = host_of(m.ejection, m.hosts, f, dice.uniform(f, dice.HOST, int(now_s)))
            errors = both(errors, m.host_errors[f, host])
        if w.knobs[0].probe_synthetic == 1 and probe(
            m.breakers, m.ring, f, x.down == 1, errors, x.cut_off == 1, now_s
        ):
            note_move(w, f, before, now_s)
            before = m.breakers[f].state
        level = m.levels[f].level
        moved, sessions = look_at_fleet(
            m.watch, m.breakers, m.ring, m.levels, f, x.active, x.sessions, x.dark == 1, now_s
        )
        if moved & MOVED_BREAKER != 0:
            note_move(w, f, before, now_s)
        if moved & MOVED_LEVEL != 0:
            y = m.levels[f]
            note(w, _LEVEL, f, level, y.level, y.cause, y.part, y.whole, y.limit, now_s)
        if moved & MOVED_WARNING != 0:
            z = m.watch.warnings[f]
            note(w, _WARNING, f, 1 - z.alarmed, z.alarmed, z.cause, z.part, z.whole, z.limit, now_s)
        if moved & MOVED_SCALE != 0:
            v = m.watch.scalings[f]
            total = x.sessions + v.pending - v.fewer
            note(w, _SCALE, f, x.sessions, total, v.cause, v.part, v.whole, v.limit, now_s)
        if sessions >= 0:
            # What is kept for premium segments stays as many as it was.
            x.open_sessions += sessions - x.sessions
            x.sessions = sessions
    x = m.bias[0]
    if x.on == 1 and not now_s < x.at_s + LOOK_AHEAD_S:
        worst = 0
        for f in range(len(m.fleets)):
            worst = max(worst, m.levels[f].level)
        b = x.b
        if step(m.bias, m.needed, m.planned, STEP_S, worst > 0, now_s):
            note(w, _BIAS, -1, round(100.0 * b), round(100.0 * x.b), 0, x.part, x.whole, x.limit, now_s)
    look_at_queues(c, j, w, now_s)
    _drain_back(c, j, w, now_s)
    push(w.agenda, now_s + w.knobs[0].watch_every_s, _LOOK)

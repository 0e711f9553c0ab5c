"""The AI side of the compiled floor: decisions, calls, turns, fail-over, hand-over.

What happens to a contact at one instant is a chain of steps: each function does one and names the next, and `advance` walks the chain.
So every step stands in the compiled code once.
"""

from __future__ import annotations

import numpy as np

from sim.demand.contacts import Contacts
from sim.engine import dice
from sim.engine.kernel.agenda import push
from sim.engine.kernel.holds import hold, let_go
from sim.engine.kernel.logs import decide, note
from sim.engine.kernel.people import join, patience_s, return_later
from sim.engine.kernel.relief import ask_for_person, working
from sim.engine.kernel.world import DRAIN, FAIL_OVER, LOST_CONTEXT, Machines, Rows, World
from sim.engine.physics import (
    asks_for_a_person,
    both,
    call_outcome,
    from_table,
    load_factor,
    load_shift,
    mood_after_slow,
    mood_after_transfer,
    mood_after_turn,
    sentiment_reading,
    session_mode,
    stopped_by_policy,
    tokens,
)
from sim.engine.state import FAILED, LIMITED, OK, Disposition, Handling, Mode, State
from sim.engine.ties import SHIFT, Kind
from sim.engine.watch import (
    ABANDONED,
    CONTAINED,
    ESCALATED,
    LOOPED,
    came_back,
    heard_reply,
    served,
    session_ended,
    session_scored,
)
from sim.engine.what import What
from sim.orchestration import breaker, ejection, look_ahead
from sim.orchestration.compiled import apart, compiled, inner
from sim.orchestration.limits import take_call
from sim.orchestration.retries import may_retry
from sim.orchestration.routing import (
    AI_MONITORED,
    BY_FIT,
    HUMAN,
    UNKNOWN,
    admit,
    best_fit,
    expected_wait_s,
    route,
    worth_of_ai,
    worth_of_person,
)
from sim.orchestration.triggers import first_hit, smoothed
from sim.orchestration.words import Decision, Reason

_REPLY = int(Kind.REPLY) << SHIFT
_CALL = int(Kind.CALL) << SHIFT
_TIMER = int(Kind.TIMER) << SHIFT
_GIVE_UP = int(Kind.GIVE_UP) << SHIFT
_IN_AI = int(State.IN_AI)
_STRANDED = int(State.STRANDED)
_GONE = int(State.GONE)
_AI_RESOLVED = int(Disposition.AI_RESOLVED)
_AI_FALSE = int(Disposition.AI_FALSE_CONTAINED)
_AI_ABANDONED = int(Disposition.AI_ABANDONED)
_DROPPED = int(Disposition.DROPPED)
_H_CONTAINED = int(Handling.AI_CONTAINED)
_H_ABANDONED = int(Handling.AI_ABANDONED)
_H_ESCALATED = int(Handling.ESCALATED)
_H_SPILLED = int(Handling.SPILLED)
_H_HUMAN = int(Handling.HUMAN_ONLY)
_SUCCESS = int(Mode.SUCCESS)
_DETECTED = int(Mode.DETECTED)
_LOOP = int(Mode.LOOP)
_ROUTE = int(Decision.ROUTE)
_PLACE = int(Decision.PLACE)
_RETRY = int(Decision.RETRY)
_MOVE = int(Decision.MOVE)
_ESCALATE = int(Decision.ESCALATE)
_OFFER = int(Decision.OFFER)
_ADMITTED = int(Reason.ADMITTED)
_NO_FLEET = int(Reason.NO_FLEET)
_BREAKER_OPEN = int(Reason.BREAKER_OPEN)
_CALL_FAILED = int(Reason.CALL_FAILED)
_CALL_TIMED_OUT = int(Reason.CALL_TIMED_OUT)
_NOBODY_TO_MONITOR = int(Reason.NOBODY_TO_MONITOR)
_UNMONITORED = int(Reason.UNMONITORED)
_AI_GAVE_UP = int(Reason.AI_GAVE_UP)
_TAKEN_OVER = int(Reason.TAKEN_OVER)
_MAX_TURNS = int(Reason.MAX_TURNS)
_MAX_DURATION = int(Reason.MAX_DURATION)
_POLICY = int(Reason.POLICY)
_CALL_LIMITED = int(Reason.CALL_LIMITED)
_NO_RETRY_LEFT = int(Reason.NO_RETRY_LEFT)
_NOT_SIMPLE = int(Reason.NOT_SIMPLE)
_SHED = int(Reason.SHED)
_NOT_SURE_ENOUGH = int(Reason.NOT_SURE_ENOUGH)
_BACK_TO_AI = int(Reason.BACK_TO_AI)
_FEW_HOSTS = int(Reason.FEW_HOSTS)
_HALF_OPEN = int(breaker.State.HALF_OPEN)
_BREAKER = int(What.BREAKER)
_HOST = int(What.HOST)
_OPEN = int(breaker.State.OPEN)


BACK_S = 1.0
"""A contact that goes back to the AI from the buffer makes its first call this much later."""
DONE, PLACE, CALL, REPLY, PERSON = 0, 1, 2, 3, 4
"""What happens to the contact next at this instant: nothing, find a fleet, ask it, hear its reply, go to a person."""


@compiled
def settle_fleet(fleets: Rows, f: int, now_s: float) -> None:
    """Bring the integral of active sessions up to now."""
    fleets[f].area += fleets[f].active * (now_s - fleets[f].last_s)
    fleets[f].last_s = now_s


@apart
def note_move(w: World, f: int, from_state: int, now_s: float) -> None:
    """A breaker moved: log it and set its next timed move."""
    b = w.machines.breakers[f]
    note(w, _BREAKER, f, from_state, b.state, b.cause, b.part, b.whole, b.limit, now_s)
    if from_state == _HALF_OPEN and b.state != _OPEN:
        came_back(w.machines.watch, f)
    if b.until_s < np.inf:
        push(w.agenda, b.until_s, _TIMER | int(f))


@apart
def _note_host(w: World, f: int, host: int, to_state: int, now_s: float) -> None:
    """A host went or came back: log it, and the panic that it may begin or end."""
    e = w.machines.ejection
    x = e[f]
    note(w, _HOST, f, host, to_state, x.cause, x.part, x.whole, x.limit, now_s)
    if ejection.panic_moved(e, f):
        note(w, _HOST, f, -1, x.panics, x.cause, x.part, x.whole, x.limit, now_s)


@apart
def _sweep(w: World, f: int, now_s: float) -> None:
    """Compare the hosts of a fleet when that is due."""
    e, h = w.machines.ejection, w.machines.hosts
    if not ejection.sweep(e, h, f, now_s):
        return
    host = ejection.next_move(e, h, f, now_s)
    while host >= 0:
        _note_host(w, f, host, h[f, host].out, now_s)
        host = ejection.next_move(e, h, f, now_s)


@apart
def _hear_host(w: World, f: int, host: int, failed: bool, now_s: float) -> None:
    """A call of a host ended."""
    _sweep(w, f, now_s)
    if ejection.heard(w.machines.ejection, w.machines.hosts, f, host, failed, now_s):
        _note_host(w, f, host, 1, now_s)


@inner
def _release(c: Contacts, j: Rows, w: World, row: int, now_s: float) -> None:
    """The contact leaves its fleet."""
    f = j[row].fleet
    settle_fleet(w.machines.fleets, f, now_s)
    w.machines.fleets[f].active -= 1
    w.machines.active_in[f, c.channel[row]] -= 1
    if j[row].retry_open == 1:
        j[row].retry_open = 0
        w.machines.fleets[f].retrying -= 1


@inner
def _end_ai(j: Rows, w: World, row: int, now_s: float) -> None:
    """The AI part of the journey is over."""
    j[row].ai_end_s = now_s
    if j[row].monitored == 1:
        w.cursor[0].watched -= 1


@inner
def _close(c: Contacts, j: Rows, w: World, row: int, disposition: int, handling: int, now_s: float) -> int:
    """The contact ends in the AI."""
    f = j[row].fleet
    _release(c, j, w, row, now_s)
    _end_ai(j, w, row, now_s)
    j[row].state = _GONE
    j[row].disposition = disposition
    j[row].handling = handling
    j[row].end_s = now_s
    contained = disposition != _AI_ABANDONED
    if w.machines.watch.on[0] == 1:
        how = CONTAINED if contained else ABANDONED
        session_ended(w.machines.watch, f, c.key[row], w.machines.fleets[f].dark == 1, how, now_s)
        if contained:
            session_scored(
                w.machines.watch,
                f,
                c.key[row],
                w.machines.fleets[f].dark == 1,
                disposition == _AI_RESOLVED,
                now_s,
            )
            served(w.machines.watch, f, c.key[row], j[row].mood, disposition == _AI_RESOLVED, now_s)
    if disposition == _AI_FALSE:
        return_later(c, j, w.agenda, row, w.knobs[0].returns_false, now_s)
    elif not contained:
        return_later(c, j, w.agenda, row, w.knobs[0].returns_abandoned, now_s)
    return DONE


@inner
def _send_to_person(
    c: Contacts,
    j: Rows,
    w: World,
    row: int,
    handling: int,
    reason: int,
    seen: float,
    limit: float,
    now_s: float,
) -> int:
    """The contact, which belongs to no fleet any more, will join the human queue."""
    j[row].handling = handling
    j[row].end_reason = reason
    if handling != _H_HUMAN:
        q = w.people.channels[c.channel[row]].queue
        decide(w, now_s, c.id[row], _ESCALATE, reason, j[row].fleet, q, seen, limit)
    return PERSON


@inner
def to_person(c: Contacts, j: Rows, w: World, row: int, now_s: float) -> int:
    """The hand-over and the human queue."""
    if j[row].turns > 0:
        if c.fate_u[row] < w.knobs[0].dropped:
            j[row].state = _GONE
            j[row].disposition = _DROPPED
            j[row].end_s = now_s
            return DONE
        if c.fate_u[row] < w.knobs[0].dropped + w.knobs[0].context_lost:
            j[row].fidelity = LOST_CONTEXT
        k = w.knobs[0]
        j[row].mood = mood_after_transfer(j[row].mood, j[row].fidelity, k.reexplain_mood, k.transfer_mood)
        if w.machines.fleets[j[row].fleet].cut_off == 1:
            _strand(c, j, w, row, now_s)
            return DONE
    p = w.people
    q = p.channels[c.channel[row]].queue
    if p.relief[q].on == 1:
        ask_for_person(c, j, w, row, now_s)
        return DONE
    j[row].queue = q
    j[row].queue_s = now_s
    join(c, j, p, w.agenda, w.knobs, row, now_s + patience_s(c, j, p, row), now_s)
    return DONE


@apart
def _strand(c: Contacts, j: Rows, w: World, row: int, now_s: float) -> None:
    """Nobody gets from this fleet to people: the contact hangs until that works again or patience ends."""
    f = j[row].fleet
    if w.knobs[0].probe_hand_over == 1:
        before = w.machines.breakers[f].state
        epoch = w.machines.breakers[f].epoch
        if breaker.on_reply(w.machines.breakers, w.machines.ring, f, epoch, True, False, now_s):
            note_move(w, f, before, now_s)
    j[row].state = _STRANDED
    j[row].stranded_s = now_s
    hold(w.machines.holds, j, f, row)
    j[row].leaves_s = now_s + c.patience_s[row]
    if j[row].leaves_s < np.inf:
        push(w.agenda, j[row].leaves_s, _GIVE_UP | row)


@compiled
def get_through(c: Contacts, j: Rows, w: World, f: int, now_s: float) -> None:
    """People can be reached from fleet *f* again: everybody who hangs there joins the queue, first come first."""
    while w.machines.holds[f].head >= 0:
        row = int(w.machines.holds[f].head)
        let_go(w.machines.holds, j, row)
        ask_for_person(c, j, w, row, now_s)


@apart
def stranded_gives_up(j: Rows, w: World, row: int, now_s: float) -> None:
    """Patience of a stranded contact ends."""
    if now_s < j[row].leaves_s:
        return
    let_go(w.machines.holds, j, row)
    j[row].state = _GONE
    j[row].disposition = _DROPPED
    j[row].end_s = now_s


@inner
def call(c: Contacts, j: Rows, w: World, row: int, now_s: float) -> int:
    """Ask the fleet for the reply of this turn."""
    m = w.machines
    f = j[row].fleet
    j[row].epoch = breaker.call_epoch(m.breakers, f, j[row].admitted == 1)
    j[row].admitted = 0
    j[row].calls += 1
    j[row].tries += 1
    latency_s = 0.0
    if not m.instant[f]:
        latency_s = from_table(m.latency_s, f, dice.uniform(c.key[row], dice.LATENCY, j[row].calls))
    u_error = 1.0
    if m.fleets[f].errors > 0.0:
        u_error = dice.uniform(c.key[row], dice.ERROR, j[row].calls)
    timeout_s = w.people.channels[c.channel[row]].timeout_s
    x = m.fleets[f]
    sessions = ejection.sessions_left(m.ejection, f, x.sessions)
    factor = x.factor * load_factor(x.active, sessions, x.load_from, x.load_slope)
    errors = x.errors
    if m.ejection[f].hosts > 1:
        host = ejection.host_of(m.ejection, m.hosts, f, dice.uniform(c.key[row], dice.HOST, j[row].calls))
        j[row].host = host
        factor *= m.host_factor[f, host]
        errors = both(errors, m.host_errors[f, host])
        if errors > 0.0:
            u_error = dice.uniform(c.key[row], dice.ERROR, j[row].calls)
    outcome, reply_s = call_outcome(latency_s, u_error, x.down > 0, errors, factor, timeout_s)
    tokens_in, tokens_out = tokens(j[row].turns + 1)
    for at in range(m.fleet_limits.shape[1]):
        node = m.fleet_limits[f, at]
        if node < 0:
            break
        if take_call(m.limits, node, tokens_in, tokens_out, now_s) != 0:
            outcome, reply_s = LIMITED, 0.0
            break
    j[row].outcome = outcome
    j[row].reply_s = reply_s
    if m.instant[f] and outcome == OK:
        return REPLY
    push(w.agenda, now_s + reply_s, _REPLY | row)
    return DONE


@inner
def _hear(c: Contacts, j: Rows, w: World, row: int, now_s: float) -> None:
    """The breaker of the contact's fleet hears how the call ended."""
    f = j[row].fleet
    b = w.machines.breakers
    slow = j[row].reply_s > w.people.channels[c.channel[row]].slow_s
    failed = j[row].outcome != OK
    if w.machines.ejection[f].on == 1 and j[row].outcome != LIMITED:
        _hear_host(w, f, j[row].host, failed, now_s)
    if w.machines.levels[f].on == 1:
        heard_reply(w.machines.watch, f, failed, slow, j[row].reply_s, now_s)
    if b[f].on == 0:
        return
    before = b[f].state
    if w.knobs[0].probe_hand_over == 1 and before == _HALF_OPEN and w.machines.fleets[f].cut_off == 1:
        failed = True  # a probe has to get through to people as well
    if breaker.on_reply(b, w.machines.ring, f, j[row].epoch, failed, slow, now_s):
        note_move(w, f, before, now_s)


@apart
def _with_person(c: Contacts, w: World, row: int) -> float:
    """What a person is worth to a contact now."""
    fit, p, channel = w.machines.fit, w.people, c.channel[row]
    q = p.channels[channel].queue
    wait_s = expected_wait_s(float(p.queues[q].waiting), p.queues[q].handle_s, working(p, q, channel))
    label = c.label[row]
    return worth_of_person(fit.value[label], fit.person_cost[label, channel], wait_s, fit.wait_per_s[channel])


@apart
def _fittest(
    c: Contacts, w: World, row: int, confidence: float, with_person: float, tried: int
) -> tuple[int, float, float]:
    """The fleet that a contact is worth most with but for those tried, its chance and its worth there.

    −1 where none is likely enough to settle it, with the best chance there is.
    """
    m = w.machines
    k = w.knobs[0]
    label, channel, language = c.label[row], c.channel[row], c.language[row]
    found, chance, best = -1, 0.0, -np.inf
    for at in range(m.chain.shape[1]):
        f = m.chain[channel, at]
        if f < 0:
            break
        if (tried >> f) & 1 == 1:
            continue
        q = confidence * m.fit.chance[f, label, channel, language]
        if q < m.fit.least[label]:
            if found < 0:
                chance = max(chance, q)
            continue
        worth = worth_of_ai(
            q,
            m.fit.value[label],
            m.fit.ai_cost[f, label, channel],
            k.noticed,
            with_person - k.handed_over,
            m.fit.silent[label],
            m.fleets[f].active / max(1, m.fleets[f].sessions),
            k.load_price,
        )
        if found < 0 or worth > best:
            found, chance, best = f, q, worth
    return found, chance, best


@apart
def _fit(
    c: Contacts, w: World, row: int, label: int, eligible: bool, confidence: float
) -> tuple[int, int, float, float]:
    """Where a contact is worth most now."""
    chance, least, with_ai, with_person = 0.0, 0.0, 0.0, 0.0
    if eligible:
        with_person = _with_person(c, w, row)
        _, chance, with_ai = _fittest(c, w, row, confidence, with_person, 0)
        least = w.machines.fit.least[label]
    return best_fit(label, eligible, chance, least, with_ai, with_person)


@inner
def _find_fleet(c: Contacts, j: Rows, w: World, row: int, now_s: float) -> tuple[int, float, float]:
    """Put the contact into the first fleet that takes it; what the last one said, where none does."""
    m = w.machines
    channel, segment = c.channel[row], c.segment[row]
    reason, seen, limit = _NO_FLEET, 0.0, 0.0
    tried = j[row].visited
    for at in range(m.chain.shape[1]):
        f = m.chain[channel, at]
        if w.knobs[0].by == BY_FIT:
            f, _, _ = _fittest(c, w, row, c.confidence[row], _with_person(c, w, row), tried)
        if f < 0:
            break
        tried |= 1 << f
        if (j[row].visited >> f) & 1 == 1:
            continue
        label = c.label[row]
        level = m.levels[f].level
        simple_only = breaker.simple_only(m.breakers, f)
        enough = 0.0
        if simple_only or level > 0:
            surer = m.level_surer[level]
            if simple_only:
                surer = max(surer, w.knobs[0].surer)
            enough = m.ai_at[label, channel, segment] + surer
        if m.ejection[f].on == 1:
            _sweep(w, f, now_s)
        if not breaker.admits(m.breakers, f):
            reason, seen, limit = _BREAKER_OPEN, 0.0, 0.0
        elif not ejection.enough_left(m.ejection, f):
            reason = _FEW_HOSTS
            seen, limit = float(m.ejection[f].available), float(m.ejection[f].hosts)
        elif simple_only and (not m.simple[label] or c.confidence[row] < enough):
            reason, seen, limit = _NOT_SIMPLE, c.confidence[row], enough
        elif level > 0 and m.shed[level, label]:
            reason, seen, limit = _SHED, float(level), 0.0
        elif level > 0 and c.confidence[row] < enough:
            reason, seen, limit = _NOT_SURE_ENOUGH, c.confidence[row], enough
        else:
            sessions = m.fleets[f].sessions if m.premium[f, segment] else m.fleets[f].open_sessions
            if level > 0:
                # A hair more: .95 × 20 sessions are 19, whatever the last bit says.
                sessions = int(sessions * m.level_sessions[level] + 1e-9)
            sessions = ejection.sessions_left(m.ejection, f, sessions)
            reason, seen, limit = admit(
                m.fleets[f].active, sessions, m.active_in[f, channel], m.bulkhead[f, channel]
            )
        decide(w, now_s, c.id[row], _PLACE, reason, f, -1, seen, limit)
        if reason == _ADMITTED:
            settle_fleet(m.fleets, f, now_s)
            m.fleets[f].active += 1
            m.active_in[f, channel] += 1
            if j[row].first_fleet < 0:
                j[row].first_fleet = f
                j[row].ai_start_s = now_s
            j[row].fleet = f
            j[row].visited |= 1 << f
            j[row].tries = 0
            j[row].retrying = 0
            j[row].admitted = 1
            j[row].end_reason = 0
            k = w.knobs[0]
            x = m.fleets[f]
            ability = c.ability[row, f] + m.shift[f, c.intent[row]]
            j[row].mode = session_mode(
                ability
                + load_shift(
                    x.active,
                    ejection.sessions_left(m.ejection, f, x.sessions),
                    x.quality_from,
                    x.quality_loss,
                ),
                c.right[row],
                c.fail_u[row],
                c.recover_u[row],
                k.recovers,
                k.detected,
                k.loop,
                k.wrong_detected,
                k.wrong_loop,
            )
            return reason, seen, limit
    return reason, seen, limit


@inner
def place(c: Contacts, j: Rows, w: World, row: int, now_s: float) -> int:
    """Find a fleet for the contact; where none has room it goes to a person."""
    reason, seen, limit = _find_fleet(c, j, w, row, now_s)
    if reason == _ADMITTED:
        return CALL
    handling = _H_SPILLED
    if j[row].first_fleet < 0:
        # Never got in: what the last fleet said is why. Where no fleet serves the channel there is no AI to spill from.
        if reason == _NO_FLEET:
            handling = _H_HUMAN
        if j[row].monitored == 1:
            w.cursor[0].watched -= 1
            j[row].monitored = 0
    else:
        # Could not stay where it was, which is why; nobody else had room.
        _end_ai(j, w, row, now_s)
        reason, seen, limit = j[row].end_reason, j[row].seen, j[row].limit
    return _send_to_person(c, j, w, row, handling, reason, seen, limit, now_s)


@apart
def back_to_ai(c: Contacts, j: Rows, w: World, row: int, now_s: float) -> bool:
    """A contact in the buffer, who never got into the AI, goes there after all; True when a fleet takes it."""
    reason, _, _ = _find_fleet(c, j, w, row, now_s)
    if reason != _ADMITTED:
        return False
    let_go(w.machines.holds, j, row)
    q, held_s = j[row].queue, now_s - j[row].hold_s
    decide(w, now_s, c.id[row], _OFFER, _BACK_TO_AI, j[row].fleet, q, held_s, w.people.relief[q].settle_s)
    j[row].state = _IN_AI
    j[row].handling = _H_CONTAINED
    j[row].queue = -1
    j[row].queue_s = np.nan
    j[row].told_s = np.nan
    j[row].retrying = 1  # no turn is over when the next call is made
    push(w.agenda, now_s + BACK_S, _CALL | row)
    return True


@inner
def _move_on(
    c: Contacts, j: Rows, w: World, row: int, reason: int, seen: float, limit: float, now_s: float
) -> int:
    """The contact cannot stay at its fleet, for this reason."""
    _release(c, j, w, row, now_s)
    decide(w, now_s, c.id[row], _MOVE, reason, j[row].fleet, -1, seen, limit)
    if j[row].turns > 0:
        j[row].fidelity *= w.knobs[0].moved_fidelity
    j[row].end_reason = reason
    j[row].seen = seen
    j[row].limit = limit
    return PLACE


@inner
def arrive(c: Contacts, j: Rows, w: World, row: int, now_s: float) -> int:
    """The controller decides where a contact goes."""
    k = w.knobs[0]
    if c.attempt[row] == 1:
        j[row].arrive_s = c.arrive_s[row]
    j[row].decide_s = now_s
    # Every field: the row may have been somebody else's.
    j[row].epoch = 0
    j[row].visited = 0
    j[row].disposition = 0
    j[row].monitored = 0
    j[row].mode = 0
    j[row].turns = 0
    j[row].calls = 0
    j[row].low_turns = 0
    j[row].ghost = 0
    if k.unusual == 1:
        j[row].wrong = 0
        j[row].passed_on = 0
        j[row].lost_s = 0.0
        j[row].taken_s = np.nan
        j[row].waited_before_s = 0.0
        j[row].callback = 0
        j[row].dials = 0
        j[row].informed = 0
        j[row].held = 0
        j[row].stranded_s = np.nan
        j[row].hold_s = np.nan
        j[row].told_s = np.nan
        j[row].dialled_s = 0.0
    j[row].ai_start_s = np.nan
    j[row].ai_end_s = np.nan
    j[row].joined_s = np.nan
    j[row].queue_s = np.nan
    j[row].answer_s = np.nan
    j[row].end_s = np.nan
    j[row].handle_s = np.nan
    j[row].fidelity = c.fidelity[row]
    j[row].mood = c.mood[row]
    j[row].sentiment = 0.0
    j[row].end_reason = 0
    j[row].first_fleet = -1
    j[row].fleet = -1
    j[row].queue = -1
    j[row].group = -1
    j[row].agent = -1
    j[row].via = c.channel[row]
    label = c.label[row]
    confidence = c.confidence[row]
    if w.cursor[0].classifier_down == 1:
        label = UNKNOWN
        confidence = 0.0
    eligible = False
    ai_at = 0.0
    monitored_at = 0.0
    if label != UNKNOWN:
        eligible = w.machines.eligible[label]
        ai_at = w.machines.ai_at[label, c.channel[row], c.segment[row]]
        monitored_at = w.machines.monitored_at[label, c.channel[row], c.segment[row]]
    b = w.machines.bias[0].b
    if b > 0.0 and label != UNKNOWN and not w.machines.keeps_rules[c.segment[row]]:
        ai_at = look_ahead.ai_at(ai_at, b, w.machines.low_risk[label])
    seen = confidence
    if k.by == BY_FIT:
        target, reason, seen, limit = _fit(c, w, row, label, eligible, confidence)
    else:
        target, reason, limit = route(k.by, label, confidence, eligible, ai_at, monitored_at)
    watch = 0
    if target == AI_MONITORED:
        if w.cursor[0].watched < k.monitor_sessions:
            watch = 1
        elif k.overflow_human == 1:
            target, reason = HUMAN, _NOBODY_TO_MONITOR
            seen, limit = float(w.cursor[0].watched), float(k.monitor_sessions)
        else:
            reason = _UNMONITORED
            seen, limit = float(w.cursor[0].watched), float(k.monitor_sessions)
    j[row].target = target
    j[row].route_reason = reason
    q = w.people.channels[c.channel[row]].queue
    if target == HUMAN:
        decide(w, now_s, c.id[row], _ROUTE, reason, -1, q, seen, limit)
        return _send_to_person(c, j, w, row, _H_HUMAN, reason, seen, limit, now_s)
    decide(w, now_s, c.id[row], _ROUTE, reason, -1, -1, seen, limit)
    j[row].state = _IN_AI
    # Until it ends otherwise; a session in flight when the run ends is still the AI's.
    j[row].handling = _H_CONTAINED
    if watch == 1:
        w.cursor[0].watched += 1
        j[row].monitored = 1
    return PLACE


@inner
def reply(c: Contacts, j: Rows, w: World, row: int, now_s: float) -> int:
    """A call of the contact's session ends."""
    k = w.knobs[0]
    _hear(c, j, w, row, now_s)
    wait_s = c.think_s[row]
    fleet = w.machines.fleets[j[row].fleet]
    if j[row].retry_open == 1:
        j[row].retry_open = 0
        fleet.retrying -= 1
    if j[row].reply_s > w.people.channels[c.channel[row]].notice_s:
        j[row].mood = mood_after_slow(j[row].mood, k.slow_mood)
        if dice.uniform(c.key[row], dice.HANGS_UP, j[row].calls) < k.slow_leaves:
            return _close(c, j, w, row, _AI_ABANDONED, _H_ABANDONED, now_s)
    if j[row].outcome != OK:
        tries = float(j[row].tries)
        if j[row].outcome == FAILED:
            reason, limit = _CALL_FAILED, 1.0 + k.retries
        elif j[row].outcome == LIMITED:
            reason, limit = _CALL_LIMITED, 1.0 + k.retries
        else:
            reason, limit = _CALL_TIMED_OUT, w.people.channels[c.channel[row]].timeout_s
        if j[row].tries > k.retries:
            return _move_on(c, j, w, row, reason, tries, limit, now_s)
        if not may_retry(fleet.retrying, fleet.active, k.retry_share, k.retry_at_least):
            most = max(float(k.retry_at_least), k.retry_share * fleet.active)
            return _move_on(c, j, w, row, _NO_RETRY_LEFT, float(fleet.retrying), most, now_s)
        decide(w, now_s, c.id[row], _RETRY, reason, j[row].fleet, -1, tries, limit)
        j[row].retrying = 1
        j[row].retry_open = 1
        fleet.retrying += 1
        wait_s = k.retry_from_s + dice.uniform(c.key[row], dice.RETRY, j[row].calls) * k.retry_span_s
    push(w.agenda, now_s + wait_s, _CALL | row)
    return DONE


@inner
def _low_turn(c: Contacts, j: Rows, m: Machines, k: Rows, row: int, low_below: float) -> None:
    """Read the customer's sentiment after a turn and count low turns in a row."""
    turn = j[row].turns
    normal = from_table(m.normal, 0, dice.uniform(c.key[row], dice.SENTIMENT, turn))
    reading = sentiment_reading(normal, j[row].mood, k[0].low_noise)
    j[row].sentiment = smoothed(j[row].sentiment, reading)
    seen_u = dice.uniform(c.key[row], dice.SENTIMENT_SEEN, turn)
    low = seen_u < k[0].low_recall if j[row].sentiment < low_below else seen_u < k[0].low_false
    j[row].low_turns = j[row].low_turns + 1 if low else 0


@inner
def next_call(c: Contacts, j: Rows, w: World, row: int, now_s: float) -> int:
    """A turn is over, or a retry is due: look at what has happened, then make the next call."""
    k = w.knobs[0]
    f = j[row].fleet
    if j[row].retrying == 1:
        j[row].retrying = 0
    else:
        j[row].turns += 1
        j[row].tries = 0
        turn = j[row].turns
        mode = j[row].mode
        key = c.key[row]
        j[row].mood = mood_after_turn(j[row].mood, mode, k.mood_good, k.mood_bad)
        if stopped_by_policy(key, turn, c.turns[row], w.machines.policy[f, c.intent[row]]):
            return _escalate(c, j, w, row, _POLICY, float(turn), 0.0, now_s)
        if turn >= c.turns[row]:
            if j[row].monitored == 1 and mode != _DETECTED:
                chance = k.false_takeover if mode == _SUCCESS else k.catch
                if dice.uniform(key, dice.TAKEOVER, turn) < chance:
                    return _escalate(c, j, w, row, _TAKEN_OVER, float(turn), 0.0, now_s)
            if mode == _SUCCESS:
                return _close(c, j, w, row, _AI_RESOLVED, _H_CONTAINED, now_s)
            if mode == _DETECTED:
                return _escalate(c, j, w, row, _AI_GAVE_UP, float(turn), 0.0, now_s)
            if mode != _LOOP:
                return _close(c, j, w, row, _AI_FALSE, _H_CONTAINED, now_s)
        if mode == _LOOP and dice.uniform(key, dice.LEAVES, turn) < k.leaves:
            return _close(c, j, w, row, _AI_ABANDONED, _H_ABANDONED, now_s)
        asked = k.asks_per_turn > 0.0 and asks_for_a_person(
            key, turn, j[row].mood, k.asks_per_turn, k.asks_recall
        )
        off_topic = False
        if not c.in_scope[row]:
            off_topic = dice.uniform(key, dice.NOTICED, turn) < k.scope_recall
        elif turn == 1 and k.scope_false > 0.0:
            off_topic = dice.uniform(key, dice.OFF_TOPIC, 1) < k.scope_false
        b = 0.0 if w.machines.keeps_rules[c.segment[row]] else w.machines.bias[0].b
        low_below = k.low_below
        if b > 0.0:
            low_below = look_ahead.sentiment_below(low_below, b)
        if k.low_turns_at > 0:
            _low_turn(c, j, w.machines, w.knobs, row, low_below)
        max_turns = w.machines.max_turns[c.label[row]]
        max_session_s = w.people.channels[c.channel[row]].max_session_s
        if b > 0.0:
            max_turns = look_ahead.max_turns(max_turns, b)
            max_session_s = look_ahead.max_session_s(max_session_s, b)
        reason, seen, limit = first_hit(
            asked,
            off_topic,
            j[row].low_turns,
            k.low_turns_at,
            j[row].sentiment,
            low_below,
            turn,
            max_turns,
            now_s - j[row].ai_start_s,
            max_session_s,
        )
        if reason != 0:
            return _escalate(c, j, w, row, reason, seen, limit, now_s)
    if w.machines.breakers[f].state == _OPEN and k.on_open != DRAIN:
        if k.on_open == FAIL_OVER:
            return _move_on(c, j, w, row, _BREAKER_OPEN, 0.0, 0.0, now_s)
        _release(c, j, w, row, now_s)
        _end_ai(j, w, row, now_s)
        return _send_to_person(c, j, w, row, _H_SPILLED, _BREAKER_OPEN, 0.0, 0.0, now_s)
    return CALL


@inner
def _escalate(
    c: Contacts, j: Rows, w: World, row: int, reason: int, seen: float, limit: float, now_s: float
) -> int:
    """The session ends at a person because of what happened in it."""
    f = j[row].fleet
    if w.machines.watch.on[0] == 1:
        how = LOOPED if reason in (_MAX_TURNS, _MAX_DURATION) else ESCALATED
        session_ended(w.machines.watch, f, c.key[row], w.machines.fleets[f].dark == 1, how, now_s)
    _release(c, j, w, row, now_s)
    _end_ai(j, w, row, now_s)
    return _send_to_person(c, j, w, row, _H_ESCALATED, reason, seen, limit, now_s)

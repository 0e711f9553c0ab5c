"""Between the decision for a person and the queue: what is told, offered and imposed (M32, M36, M37)."""

from __future__ import annotations

import numpy as np

from sim.demand.contacts import Contacts
from sim.engine import dice
from sim.engine.forecast import STEP_S
from sim.engine.kernel.agenda import push
from sim.engine.kernel.holds import hold, let_go
from sim.engine.kernel.logs import decide, note
from sim.engine.kernel.people import come_back, find_agent, join_line, patience_s
from sim.engine.kernel.world import People, Rows, World
from sim.engine.relief import (
    BALKS,
    COMES_BACK,
    HELPED,
    SWITCHES,
    accepts_callback,
    accepts_deflection,
    after_deflection,
    at_announcement,
    between_s,
    patience_left_s,
)
from sim.engine.state import Disposition, Handling, State
from sim.engine.ties import SHIFT, Kind
from sim.engine.what import What
from sim.orchestration.compiled import apart, inner
from sim.orchestration.matching import comes_before
from sim.orchestration.relief import (
    DIRECT,
    ESCALATED,
    SPILLED,
    Offer,
    message_heard,
    move_message,
    must_leave,
    offer,
    promise,
    quicker,
    room_for,
    spare_slots,
    to_release,
    told_by,
)
from sim.orchestration.routing import UNKNOWN
from sim.orchestration.words import Decision, Reason

_GIVE_UP = int(Kind.GIVE_UP) << SHIFT
_ARRIVE = int(Kind.ARRIVE) << SHIFT
_GONE = int(State.GONE)
_HELD = int(State.HELD)
_H_ESCALATED = int(Handling.ESCALATED)
_H_SPILLED = int(Handling.SPILLED)
_DEFLECTED_OK = int(Disposition.DEFLECTED_OK)
_DEFLECTED_LOST = int(Disposition.DEFLECTED_LOST)
_BALKED = int(Disposition.BALKED)
_QUEUE_ABANDONED = int(Disposition.QUEUE_ABANDONED)
_NOTHING = int(Offer.NOTHING)
_DEFLECT = int(Offer.DEFLECT)
_CALLBACK = int(Offer.CALLBACK)
_OFFER = int(Decision.OFFER)
_EXPLICIT_REQUEST = int(Reason.EXPLICIT_REQUEST)
_SELF_SERVICE_TAKEN = int(Reason.SELF_SERVICE_TAKEN)
_SELF_SERVICE_DECLINED = int(Reason.SELF_SERVICE_DECLINED)
_CALLBACK_TAKEN = int(Reason.CALLBACK_TAKEN)
_CALLBACK_DECLINED = int(Reason.CALLBACK_DECLINED)
_CHANNEL_CHANGED = int(Reason.CHANNEL_CHANGED)
_HELD_BACK = int(Reason.HELD_BACK)
_LET_IN = int(Reason.LET_IN)
_HELD_TOO_LONG = int(Reason.HELD_TOO_LONG)
_MESSAGE = int(What.MESSAGE)

CALLBACK_HORIZON_S = 14_400.0
"""Callbacks are promised out of what the plan has spare this far ahead."""


@inner
def working(p: People, q: int, channel: int) -> float:
    """Contacts of *channel* that the people on the floor for queue *q* can have at once."""
    people = 0
    for at in range(p.queue_groups.shape[1]):
        g = p.queue_groups[q, at]
        if g < 0:
            break
        people += p.groups[g].present
    return float(people * p.channels[channel].at_once)


@inner
def _in_hand(p: People, q: int, channel: int) -> float:
    """How many of those they have; somebody busy in another channel can have none more."""
    at_once = p.channels[channel].at_once
    contacts = 0
    for at in range(p.queue_groups.shape[1]):
        g = p.queue_groups[q, at]
        if g < 0:
            break
        contacts += p.hand_in[g, channel] + at_once * (p.groups[g].busy - p.busy_in[g, channel])
    return float(contacts)


@inner
def _before(j: Rows, first: int, length: int, lead_s: float, now_s: float) -> float:
    """Of those who stand in a line from *first* on, how many are served before somebody who asks now."""
    if lead_s >= 0.0 or first < 0:
        return float(length) if lead_s >= 0.0 else 0.0
    before = 0
    row = first
    while row >= 0 and j[row].queue_s <= now_s + lead_s:
        before += 1
        row = j[row].behind
    return float(before)


@apart
def told_s(j: Rows, w: World, q: int, channel: int, lane: int, now_s: float) -> float:
    """The wait that the next contact of *channel* is told, which would stand in *lane*."""
    p = w.people
    if find_agent(p, w.knobs[0].levels, q, channel) >= 0:
        return 0.0
    fleets = len(w.machines.fleets)
    for line in range(len(p.lanes)):
        lead_s = p.lead_s[lane, line]
        hold = w.machines.holds[fleets + line]
        p.lines[line].ahead = _before(j, p.lanes[line].head, p.lanes[line].length, lead_s, now_s) + _before(
            j, hold.head, hold.length, lead_s, now_s
        )
        p.lines[line].over_s = max(0.0, lead_s)
    people = 0
    for k in range(len(p.works)):
        p.works[k].busy = 0.0
    for at in range(p.queue_groups.shape[1]):
        g = p.queue_groups[q, at]
        if g < 0:
            break
        people += p.groups[g].present
        for k in range(len(p.works)):
            p.works[k].busy += p.busy_in[g, k]
    x = p.queues[q]
    area = x.area + x.waiting * (now_s - x.last_s)
    return float(
        told_by(
            p.relief[q].told_by,
            p.lines,
            p.works,
            channel,
            float(people),
            p.rostered[q],
            STEP_S,
            float(x.gave_up),
            float(x.joined),
            area,
            now_s,
        )
    )


@inner
def _held(w: World, q: int) -> int:
    """Contacts held back before queue *q*."""
    fleets = len(w.machines.fleets)
    held = 0
    for lane in range(len(w.people.lanes)):
        if w.people.lanes[lane].queue == q:
            held += w.machines.holds[fleets + lane].length
    return int(held)


@apart
def ask_for_person(c: Contacts, j: Rows, w: World, row: int, now_s: float) -> None:
    """A contact asks for a person: it is told how long, offered something else, held back, or joins the queue."""
    p = w.people
    k = w.knobs[0]
    channel = c.channel[row]
    q = p.channels[channel].queue
    j[row].queue = q
    j[row].queue_s = now_s
    r = p.relief
    if r[q].on == 1:
        key = c.key[row]
        engaged = 1 if j[row].turns > 0 else 0
        told = told_s(j, w, q, channel, p.lane_of[q, channel, engaged, c.segment[row]], now_s)
        j[row].told_s = told
        origin = DIRECT
        if j[row].handling == _H_ESCALATED:
            origin = ESCALATED
        elif j[row].handling == _H_SPILLED:
            origin = SPILLED
        label = c.label[row]
        value = np.inf if label == UNKNOWN else p.worth[label]
        asked = j[row].end_reason == _EXPLICIT_REQUEST
        room = room_for(
            r[q].meter_target,
            working(p, q, channel),
            _in_hand(p, q, channel),
            0.0,
            float(p.queues[q].waiting),
            r[q].meter_weight,
        ) - _held(w, q)
        after = _NOTHING
        while True:
            kind, seen, limit = offer(
                r, q, after, value, origin, p.spared[c.segment[row]], asked, told, room, j[row].held == 1
            )
            if kind == _NOTHING:
                break
            after = kind
            if kind == _DEFLECT:
                if accepts_deflection(dice.uniform(key, dice.DEFLECTS, 0), k.accept):
                    decide(w, now_s, c.id[row], _OFFER, _SELF_SERVICE_TAKEN, -1, q, seen, limit)
                    _deflect(c, j, w, row, now_s)
                    return
                decide(w, now_s, c.id[row], _OFFER, _SELF_SERVICE_DECLINED, -1, q, seen, limit)
            elif kind == _CALLBACK:
                u = dice.uniform(key, dice.CALLBACK, 0)
                if accepts_callback(u, told, k.callback_middle_s, k.callback_spread_s, k.callback_most):
                    decide(w, now_s, c.id[row], _OFFER, _CALLBACK_TAKEN, -1, q, seen, limit)
                    promise(r, q)
                    j[row].callback = 1
                    join_line(c, j, p, w.agenda, w.knobs, row, now_s + r[q].callback_expires_s, now_s)
                    return
                decide(w, now_s, c.id[row], _OFFER, _CALLBACK_DECLINED, -1, q, seen, limit)
            else:
                decide(w, now_s, c.id[row], _OFFER, _HELD_BACK, -1, q, seen, limit)
                _hold_back(c, j, w, row, now_s)
                return
        if message_heard(r, q):
            j[row].informed = 1
            other_s = np.inf
            other_q = q
            if k.change_to >= 0:
                other_q = p.channels[k.change_to].queue
            if other_q != q:
                lane = p.lane_of[other_q, k.change_to, engaged, c.segment[row]]
                other_s = told_s(j, w, other_q, k.change_to, lane, now_s)
            does = at_announcement(
                dice.uniform(key, dice.BALKS, 0),
                dice.uniform(key, dice.SWITCHES, 0),
                told,
                k.balk_over_s,
                k.balk_scale_s,
                k.change_share if quicker(told, other_s) else 0.0,
            )
            if does == BALKS:
                j[row].state = _GONE
                j[row].disposition = _BALKED
                j[row].end_s = now_s
                come_back(c, j, w.agenda, w.knobs, row, now_s)
                return
            if does == SWITCHES:
                decide(w, now_s, c.id[row], _OFFER, _CHANNEL_CHANGED, -1, other_q, told, other_s)
                j[row].via = k.change_to
                j[row].queue = other_q
                j[row].told_s = other_s
    join_line(c, j, p, w.agenda, w.knobs, row, now_s + patience_s(c, j, p, row), now_s)


@inner
def _deflect(c: Contacts, j: Rows, w: World, row: int, now_s: float) -> None:
    """The contact tries self-service."""
    k = w.knobs[0]
    key = c.key[row]
    came_to = after_deflection(
        dice.uniform(key, dice.HELPED, 0), dice.uniform(key, dice.BACK, 0), k.helped, k.back
    )
    j[row].state = _GONE
    j[row].disposition = _DEFLECTED_OK if came_to == HELPED else _DEFLECTED_LOST
    j[row].end_s = now_s
    again = c.again_row[row]
    if came_to == COMES_BACK and again >= 0:
        after_s = between_s(dice.uniform(key, dice.BACK_AFTER, 0), k.back_from_s, k.back_until_s)
        j[again].arrive_s = now_s + after_s
        push(w.agenda, j[again].arrive_s + c.lag_s[again], _ARRIVE | again)


@inner
def _hold_back(c: Contacts, j: Rows, w: World, row: int, now_s: float) -> None:
    """The contact waits in the buffer, informed and with more patience than in a queue."""
    q = j[row].queue
    engaged = 1 if j[row].turns > 0 else 0
    lane = w.people.lane_of[q, c.channel[row], engaged, c.segment[row]]
    j[row].state = _HELD
    j[row].held = 1
    j[row].hold_s = now_s
    j[row].leaves_s = now_s + w.knobs[0].held_patience * patience_s(c, j, w.people, row)
    hold(w.machines.holds, j, len(w.machines.fleets) + lane, row)
    if j[row].leaves_s < np.inf:
        push(w.agenda, j[row].leaves_s, _GIVE_UP | row)


@apart
def held_gives_up(c: Contacts, j: Rows, w: World, row: int, now_s: float) -> None:
    """Patience of a contact in the buffer ends."""
    if now_s < j[row].leaves_s:
        return
    let_go(w.machines.holds, j, row)
    j[row].state = _GONE
    j[row].disposition = _QUEUE_ABANDONED
    j[row].end_s = now_s
    come_back(c, j, w.agenda, w.knobs, row, now_s)


@inner
def _first_held(j: Rows, w: World, q: int) -> int:
    """Who in the buffer of queue *q* is let in first, −1 for nobody."""
    fleets = len(w.machines.fleets)
    lanes = w.people.lanes
    best = -1
    best_priority = 0
    best_due_s = 0.0
    for lane in range(len(lanes)):
        if lanes[lane].queue != q:
            continue
        row = int(w.machines.holds[fleets + lane].head)
        if row < 0:
            continue
        due_s = j[row].queue_s - lanes[lane].credit_s
        if best < 0 or comes_before(lanes[lane].priority, due_s, row, best_priority, best_due_s, best):
            best = row
            best_priority = lanes[lane].priority
            best_due_s = due_s
    return best


@apart
def _let_in(c: Contacts, j: Rows, w: World, row: int, reason: int, limit: float, now_s: float) -> None:
    """A contact leaves the buffer for its queue, with the patience that it has left."""
    held_s = now_s - j[row].hold_s
    let_go(w.machines.holds, j, row)
    decide(w, now_s, c.id[row], _OFFER, reason, -1, j[row].queue, held_s, limit)
    left_s = patience_left_s(patience_s(c, j, w.people, row), held_s, w.knobs[0].held_patience)
    join_line(c, j, w.people, w.agenda, w.knobs, row, now_s + left_s, now_s)


@apart
def look_at_queues(c: Contacts, j: Rows, w: World, now_s: float) -> None:
    """What relief does every few seconds: announcement, promises, meter."""
    p = w.people
    r = p.relief
    for q in range(len(p.queues)):
        if r[q].on == 0:
            continue
        channel = 0
        while p.channels[channel].queue != q:
            channel += 1
        places = working(p, q, channel)
        if r[q].message_on == 1:
            before = r[q].message
            if move_message(r, q, told_s(j, w, q, channel, p.lane_of[q, channel, 0, 0], now_s), now_s):
                note(w, _MESSAGE, q, before, r[q].message, 0, r[q].seen, 0.0, r[q].limit, now_s)
        if r[q].callback_on == 1 and w.knobs[0].forecast_slots == 1:
            handle_s = p.queues[q].handle_s / p.channels[channel].at_once
            r[q].slots = spare_slots(
                p.planned[q], p.needed[q], STEP_S, handle_s, 1.0, CALLBACK_HORIZON_S, now_s
            )
        if r[q].meter_on == 1:
            most = int(r[q].meter_most_per_s * w.knobs[0].watch_every_s)
            held = _held(w, q)
            free_for = to_release(
                r[q].meter_target,
                places,
                _in_hand(p, q, channel),
                0.0,
                float(p.queues[q].waiting),
                r[q].meter_weight,
                held,
                most,
            )
            for _ in range(free_for):
                _let_in(c, j, w, _first_held(j, w, q), _LET_IN, float(free_for), now_s)
            fleets = len(w.machines.fleets)
            for lane in range(len(p.lanes)):
                if p.lanes[lane].queue != q:
                    continue
                while True:
                    row = int(w.machines.holds[fleets + lane].head)
                    if row < 0 or not must_leave(j[row].hold_s, r[q].hold_max_s, now_s):
                        break
                    _let_in(c, j, w, row, _HELD_TOO_LONG, r[q].hold_max_s, now_s)

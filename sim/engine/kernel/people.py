"""The human side of the compiled floor: lanes of waiting customers, lists of agents who can take somebody.

Agents who can take one more stand in lists by group: list 0 is idle, one further list for each (channel, load); who has stood longest is at
the head. A list and a lane are doubly linked through the rows themselves, so leaving from the middle costs nothing.
"""

from __future__ import annotations

import numpy as np

from sim.demand.contacts import Contacts
from sim.engine.kernel.agenda import Agenda, push
from sim.engine.kernel.world import People, Rows
from sim.engine.physics import person_handle_s
from sim.engine.state import Disposition, State
from sim.engine.ties import SHIFT, Kind
from sim.orchestration.compiled import compiled
from sim.orchestration.matching import comes_before

_SERVICE_END = int(Kind.SERVICE_END) << SHIFT
_GIVE_UP = int(Kind.GIVE_UP) << SHIFT
_ARRIVE = int(Kind.ARRIVE) << SHIFT
_WAITING = int(State.WAITING)
_WITH_PERSON = int(State.WITH_PERSON)
_GONE = int(State.GONE)
_HUMAN_RESOLVED = int(Disposition.HUMAN_RESOLVED)
_QUEUE_ABANDONED = int(Disposition.QUEUE_ABANDONED)
_BLOCKED = int(Disposition.BLOCKED)


@compiled
def settle_queue(queues: Rows, q: int, now_s: float) -> None:
    """Bring the integral of those waiting up to now."""
    queues[q].area += queues[q].waiting * (now_s - queues[q].last_s)
    queues[q].last_s = now_s


@compiled
def settle_group(groups: Rows, g: int, now_s: float) -> None:
    """Bring the integrals of people present and busy up to now."""
    since_s = now_s - groups[g].last_s
    groups[g].busy_area += groups[g].busy * since_s
    groups[g].present_area += groups[g].present * since_s
    groups[g].contact_area += groups[g].contacts * since_s
    groups[g].last_s = now_s


@compiled
def _unlist(p: People, x: int) -> None:
    """Take agent *x* out of the list that it stands in."""
    line = p.agents[x].list
    if line < 0:
        return
    g = p.agents[x].group
    before, behind = p.agents[x].before, p.agents[x].behind
    if before >= 0:
        p.agents[before].behind = behind
    else:
        p.heads[g, line] = behind
    if behind >= 0:
        p.agents[behind].before = before
    else:
        p.tails[g, line] = before
    p.agents[x].list = -1


@compiled
def _rest(p: People, levels: int, x: int) -> None:
    """Agent *x* can take somebody if it is idle or has room in its channel: put it at the end of its list."""
    load = p.agents[x].load
    channel = p.agents[x].channel
    if load == 0:
        line = 0
    elif load < p.channels[channel].at_once:
        line = 1 + channel * levels + load - 1
    else:
        return
    g = p.agents[x].group
    last = p.tails[g, line]
    p.agents[x].list = line
    p.agents[x].before = last
    p.agents[x].behind = -1
    if last >= 0:
        p.agents[last].behind = x
    else:
        p.heads[g, line] = x
    p.tails[g, line] = x


@compiled
def _find_agent(p: People, levels: int, q: int, channel: int) -> int:
    """Who takes a contact of *channel* in queue *q* now, −1 for nobody.

    Group by group; in a group idle ones first, then those with the fewest of that channel, or in a channel that fills people up the other
    way round.
    """
    most = p.channels[channel].at_once
    fill_up = p.channels[channel].fill_up == 1
    for at in range(p.queue_groups.shape[1]):
        g = p.queue_groups[q, at]
        if g < 0:
            return -1
        for step in range(most):
            load = most - 1 - step if fill_up else step
            line = 0 if load == 0 else 1 + channel * levels + load - 1
            x = p.heads[g, line]
            if x >= 0:
                return int(x)
    return -1


@compiled
def _pick(j: Rows, p: People, g: int, channel: int) -> int:
    """Whom a free agent of group *g* takes: a row, or −1; only of *channel* unless that is −1."""
    best = -1
    best_rank = 0
    best_priority = 0
    best_due_s = 0.0
    for at in range(p.group_lanes.shape[1]):
        lane = p.group_lanes[g, at]
        if lane < 0:
            break
        row = int(p.lanes[lane].head)
        if row < 0 or (channel >= 0 and p.lanes[lane].channel != channel):
            continue
        rank = p.group_rank[g, at]
        priority = p.lanes[lane].priority
        due_s = j[row].queue_s - p.lanes[lane].credit_s
        if (
            best < 0
            or rank < best_rank
            or (rank == best_rank and comes_before(priority, due_s, row, best_priority, best_due_s, best))
        ):
            best = row
            best_rank = rank
            best_priority = priority
            best_due_s = due_s
    return best


@compiled
def _leave_lane(j: Rows, p: People, row: int, now_s: float) -> None:
    """Take a waiting contact out of its lane."""
    lane = j[row].lane
    before, behind = j[row].before, j[row].behind
    if before >= 0:
        j[before].behind = behind
    else:
        p.lanes[lane].head = behind
    if behind >= 0:
        j[behind].before = before
    else:
        p.lanes[lane].tail = before
    p.lanes[lane].length -= 1
    q = p.lanes[lane].queue
    settle_queue(p.queues, q, now_s)
    p.queues[q].waiting -= 1


@compiled
def _patience_s(c: Contacts, j: Rows, p: People, row: int) -> float:
    patience_s = c.patience_s[row]
    if j[row].turns > 0:
        patience_s *= p.queues[j[row].queue].escalated_patience
    return float(patience_s)


@compiled
def _answer(c: Contacts, j: Rows, p: People, a: Agenda, k: Rows, row: int, x: int, now_s: float) -> None:
    """Agent *x*, who stands in no list, takes contact *row*."""
    channel = c.channel[row]
    g = p.agents[x].group
    settle_group(p.groups, g, now_s)
    load = p.agents[x].load + 1
    p.agents[x].load = load
    p.groups[g].contacts += 1
    if load == 1:
        p.groups[g].busy += 1
        p.agents[x].channel = channel
    j[row].state = _WITH_PERSON
    j[row].answer_s = now_s
    j[row].group = g
    j[row].agent = x - p.groups[g].first
    if c.silent[row] and now_s > j[row].queue_s + _patience_s(c, j, p, row):
        j[row].ghost = 1
        handle_s = p.channels[channel].silent_detect_s
    else:
        handle_s = person_handle_s(
            c.handle_s[row],
            p.crowd[channel, load],
            p.agents[x].pace,
            j[row].turns > 0,
            j[row].fidelity,
            j[row].mood,
            k[0].switch,
            k[0].reexplain,
            k[0].prework,
            k[0].mood_effect,
            p.channels[channel].handover_s,
        )
    j[row].handle_s = handle_s
    push(a, now_s + handle_s, _SERVICE_END | row)


@compiled
def _fill(c: Contacts, j: Rows, p: People, a: Agenda, k: Rows, x: int, now_s: float) -> None:
    """Agent *x*, who stands in no list, takes whom it can and then rests."""
    while True:
        load = p.agents[x].load
        channel = -1
        if load > 0:
            channel = p.agents[x].channel
            if load >= p.channels[channel].at_once:
                return
        row = _pick(j, p, p.agents[x].group, channel)
        if row < 0:
            break
        _leave_lane(j, p, row, now_s)
        _answer(c, j, p, a, k, row, x, now_s)
    _rest(p, k[0].levels, x)


@compiled
def join(c: Contacts, j: Rows, p: People, a: Agenda, k: Rows, row: int, now_s: float) -> None:
    """Contact *row* asks for a person: it is answered, waits, or finds no place to wait."""
    channel = c.channel[row]
    q = p.channels[channel].queue
    j[row].queue = q
    j[row].queue_s = now_s
    x = _find_agent(p, k[0].levels, q, channel)
    if x >= 0:
        _unlist(p, x)
        _answer(c, j, p, a, k, row, x, now_s)
        if p.agents[x].load < p.channels[channel].at_once:
            _rest(p, k[0].levels, x)
        return
    if p.queues[q].waiting >= p.queues[q].room:
        j[row].state = _GONE
        j[row].disposition = _BLOCKED
        j[row].end_s = now_s
        return
    j[row].state = _WAITING
    engaged = 1 if j[row].turns > 0 else 0
    lane = p.lane_of[q, channel, engaged, c.segment[row]]
    last = p.lanes[lane].tail
    j[row].lane = lane
    j[row].before = last
    j[row].behind = -1
    if last >= 0:
        j[last].behind = row
    else:
        p.lanes[lane].head = row
    p.lanes[lane].tail = row
    p.lanes[lane].length += 1
    settle_queue(p.queues, q, now_s)
    p.queues[q].waiting += 1
    p.queues[q].peak = max(p.queues[q].peak, p.queues[q].waiting)
    patience_s = _patience_s(c, j, p, row)
    if not c.silent[row] and patience_s < np.inf:
        push(a, now_s + patience_s, _GIVE_UP | row)


@compiled
def _free(c: Contacts, j: Rows, p: People, a: Agenda, k: Rows, x: int, now_s: float) -> None:
    """Agent *x* has one contact less."""
    g = p.agents[x].group
    settle_group(p.groups, g, now_s)
    _unlist(p, x)
    p.agents[x].load -= 1
    p.groups[g].contacts -= 1
    if p.agents[x].load == 0:
        p.groups[g].busy -= 1
        p.agents[x].channel = -1
    if p.agents[x].leaving == 1:
        if p.agents[x].load == 0:
            p.agents[x].here = 0
            p.agents[x].leaving = 0
            p.groups[g].present -= 1
        return
    _fill(c, j, p, a, k, x, now_s)


@compiled
def _call_again(c: Contacts, j: Rows, a: Agenda, row: int, left_s: float) -> None:
    """Who gave up may try again: the possible attempt behind this one becomes a real one."""
    again = c.redial_row[row]
    if again >= 0:
        j[again].arrive_s = left_s + c.redial_after_s[row]
        push(a, j[again].arrive_s + c.lag_s[again], _ARRIVE | again)


@compiled
def service_end(c: Contacts, j: Rows, p: People, a: Agenda, k: Rows, row: int, now_s: float) -> None:
    """A person finishes with contact *row*."""
    j[row].state = _GONE
    if j[row].ghost == 1:
        j[row].disposition = _QUEUE_ABANDONED
        j[row].end_s = j[row].queue_s + _patience_s(c, j, p, row)
    else:
        j[row].disposition = _HUMAN_RESOLVED
        j[row].end_s = now_s
    _free(c, j, p, a, k, p.groups[j[row].group].first + j[row].agent, now_s)


@compiled
def give_up(c: Contacts, j: Rows, p: People, a: Agenda, row: int, now_s: float) -> None:
    """Patience of contact *row* ends, if it is still waiting."""
    if j[row].state != _WAITING:
        return
    _leave_lane(j, p, row, now_s)
    j[row].state = _GONE
    j[row].disposition = _QUEUE_ABANDONED
    j[row].end_s = now_s
    _call_again(c, j, a, row, now_s)


@compiled
def staff(c: Contacts, j: Rows, p: People, a: Agenda, k: Rows, g: int, target: int, now_s: float) -> None:
    """From now on *target* people of group *g* are wanted on the floor.

    Too many: idle ones go at once (highest number first), then busy ones after what they have in hand. Too few: those about to go stay,
    then others come (lowest number first).
    """
    first, most = p.groups[g].first, p.groups[g].most
    settle_group(p.groups, g, now_s)
    p.groups[g].target = target
    staying = 0
    for x in range(first, first + most):
        staying += 1 if p.agents[x].here == 1 and p.agents[x].leaving == 0 else 0
    for x in range(first + most - 1, first - 1, -1):
        if staying > target and p.agents[x].here == 1 and p.agents[x].leaving == 0 and p.agents[x].load == 0:
            _unlist(p, x)
            p.agents[x].here = 0
            p.groups[g].present -= 1
            staying -= 1
    for x in range(first + most - 1, first - 1, -1):
        if staying > target and p.agents[x].here == 1 and p.agents[x].leaving == 0:
            _unlist(p, x)
            p.agents[x].leaving = 1
            staying -= 1
    for k_th in range(2 * most):
        x = first + k_th % most
        stays = k_th < most and p.agents[x].here == 1 and p.agents[x].leaving == 1
        comes = k_th >= most and p.agents[x].here == 0
        if staying >= target or not (stays or comes):
            continue
        if comes:
            p.agents[x].here = 1
            p.groups[g].present += 1
        p.agents[x].leaving = 0
        staying += 1
        _fill(c, j, p, a, k, x, now_s)

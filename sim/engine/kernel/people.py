"""The human side of the compiled floor: lanes of waiting customers, lists of agents who can take somebody.

Agents who can take one more stand in lists by group: list 0 is idle, one further list for each (channel, load); who has stood longest is at
the head. A list and a lane are doubly linked through the rows themselves, so leaving from the middle costs nothing.
"""

from __future__ import annotations

import numpy as np

from sim.demand.contacts import Contacts
from sim.engine import dice
from sim.engine.kernel.agenda import Agenda, push
from sim.engine.kernel.world import People, Rows
from sim.engine.physics import mood_after_transfer, mood_after_wait, person_handle_s, with_wrong_people
from sim.engine.relief import callback_handle_s, reached
from sim.engine.state import Disposition, State
from sim.engine.ties import SHIFT, Kind
from sim.orchestration.compiled import apart, compiled, inner
from sim.orchestration.matching import comes_before
from sim.orchestration.relief import dial_again_s, join_seen, settle, work_seen

_SERVICE_END = int(Kind.SERVICE_END) << SHIFT
_GIVE_UP = int(Kind.GIVE_UP) << SHIFT
_ARRIVE = int(Kind.ARRIVE) << SHIFT
_WAITING = int(State.WAITING)
_WITH_PERSON = int(State.WITH_PERSON)
_GONE = int(State.GONE)
_HUMAN_RESOLVED = int(Disposition.HUMAN_RESOLVED)
_QUEUE_ABANDONED = int(Disposition.QUEUE_ABANDONED)
_BLOCKED = int(Disposition.BLOCKED)
_HUMAN_UNRESOLVED = int(Disposition.HUMAN_UNRESOLVED)
_CALLBACK_FAILED = int(Disposition.CALLBACK_FAILED)
_AWAY = int(State.AWAY)
_DIAL = int(Kind.DIAL) << SHIFT


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


@inner
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


@inner
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


@inner
def find_agent(p: People, levels: int, q: int, channel: int) -> int:
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


@inner
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


@inner
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


@inner
def _answer(c: Contacts, j: Rows, p: People, a: Agenda, k: Rows, row: int, x: int, now_s: float) -> None:
    """Agent *x*, who stands in no list, takes contact *row*."""
    channel = j[row].via
    g = p.agents[x].group
    settle_group(p.groups, g, now_s)
    load = p.agents[x].load + 1
    p.agents[x].load = load
    p.groups[g].contacts += 1
    if load == 1:
        p.groups[g].busy += 1
        p.busy_in[g, channel] += 1
        p.agents[x].channel = channel
    p.hand_in[g, channel] += 1
    j[row].state = _WITH_PERSON
    if j[row].passed_on == 0:
        j[row].answer_s = now_s
    else:
        j[row].taken_s = now_s
    j[row].group = g
    j[row].agent = x - p.groups[g].first
    if c.silent[row] and j[row].callback == 0 and now_s > j[row].leaves_s:
        j[row].ghost = 1
        handle_s = p.channels[channel].silent_detect_s
    else:
        if k[0].wait_mood > 0.0 or k[0].answer_mood > 0.0:
            from_s = j[row].queue_s if j[row].passed_on == 0 else j[row].joined_s
            waited_s = 0.0 if j[row].callback == 1 else now_s - from_s
            j[row].mood = mood_after_wait(
                j[row].mood, waited_s, k[0].wait_free_s, k[0].wait_mood, k[0].answer_mood
            )
        own_s = c.handle_s[row]
        if k[0].change_to >= 0:
            own_s *= p.channels[channel].handle_factor / p.channels[c.channel[row]].handle_factor
        handle_s = person_handle_s(
            own_s,
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
        if k[0].misroute == 1 and j[row].callback == 0:
            j[row].wrong = int(
                with_wrong_people(
                    dice.uniform(c.key[row], dice.MISROUTED, j[row].passed_on),
                    j[row].passed_on,
                    c.label[row] >= 0 and c.in_scope[row] and not c.right[row],
                    1.0 - j[row].fidelity if j[row].turns > 0 else 1.0,
                    k[0].wrong_label,
                    k[0].by_chance,
                    k[0].wrong_again,
                    k[0].wrong_most,
                )
            )
            if j[row].wrong == 1:
                handle_s = k[0].discovery_s
            elif j[row].passed_on > 0:
                handle_s += k[0].longer_s
    if j[row].callback == 1:
        j[row].taken_s = now_s
        j[row].dials += 1
        picked_up = reached(dice.uniform(c.key[row], dice.REACHED, j[row].dials), k[0].callback_reached)
        handle_s = callback_handle_s(handle_s, k[0].callback_dial_s, picked_up)
        if not picked_up:
            j[row].ghost = 2
            j[row].answer_s = np.nan
            j[row].dialled_s += handle_s
    j[row].handle_s = handle_s
    push(a, now_s + handle_s, _SERVICE_END | row)


@inner
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


@inner
def patience_s(c: Contacts, j: Rows, p: People, row: int) -> float:
    """How long the contact waits in its queue before it gives up."""
    longest_s = c.patience_s[row]
    if j[row].turns > 0:
        longest_s *= p.queues[j[row].queue].escalated_patience
    return float(longest_s)


@inner
def join(
    c: Contacts, j: Rows, p: People, a: Agenda, k: Rows, row: int, leaves_s: float, now_s: float
) -> None:
    """Contact *row* joins its queue until *leaves_s* at most: it is answered, waits, or finds no place to wait."""
    channel = j[row].via
    q = j[row].queue
    j[row].leaves_s = leaves_s
    j[row].joined_s = now_s
    p.queues[q].joined += 1
    if k[0].tells == 1:
        join_seen(p.lines, p.lane_of[q, channel, 1 if j[row].turns > 0 else 0, c.segment[row]], now_s)
    x = find_agent(p, k[0].levels, q, channel)
    if x >= 0:
        _unlist(p, x)
        _answer(c, j, p, a, k, row, x, now_s)
        if p.agents[x].load < p.channels[channel].at_once:
            _rest(p, k[0].levels, x)
        return
    known = j[row].callback == 1 or j[row].held == 1 or j[row].passed_on > 0
    if p.queues[q].waiting >= p.queues[q].room and not known:
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
    if leaves_s < np.inf and (not c.silent[row] or j[row].callback == 1):
        push(a, leaves_s, _GIVE_UP | row)


@inner
def _free(c: Contacts, j: Rows, p: People, a: Agenda, k: Rows, x: int, now_s: float) -> None:
    """Agent *x* has one contact less."""
    g = p.agents[x].group
    settle_group(p.groups, g, now_s)
    _unlist(p, x)
    p.agents[x].load -= 1
    p.groups[g].contacts -= 1
    p.hand_in[g, p.agents[x].channel] -= 1
    if p.agents[x].load == 0:
        p.groups[g].busy -= 1
        p.busy_in[g, p.agents[x].channel] -= 1
        p.agents[x].channel = -1
    if p.agents[x].leaving == 1:
        if p.agents[x].load == 0:
            p.agents[x].here = 0
            p.agents[x].leaving = 0
            p.groups[g].present -= 1
        return
    _fill(c, j, p, a, k, x, now_s)


@apart
def come_back(c: Contacts, j: Rows, a: Agenda, k: Rows, row: int, left_s: float) -> None:
    """Who gave up may try again: the possible attempt behind this one becomes a real one."""
    again = c.again_row[row]
    if again < 0 or not c.redials[row]:
        return
    if j[row].informed == 1 and dice.uniform(c.key[row], dice.REDIALS, 0) >= k[0].message_redial:
        return
    j[again].arrive_s = left_s + c.redial_after_s[row]
    push(a, j[again].arrive_s + c.lag_s[again], _ARRIVE | again)


@apart
def return_later(c: Contacts, j: Rows, a: Agenda, row: int, chance: float, ended_s: float) -> None:
    """Whose issue is not settled may come back: a further attempt of the same issue, often on another day (M05)."""
    again = c.again_row[row]
    if again < 0 or c.returns_u[row] >= chance:
        return
    j[again].arrive_s = ended_s + c.return_after_s[row]
    push(a, j[again].arrive_s + c.lag_s[again], _ARRIVE | again)


@apart
def _pass_on(c: Contacts, j: Rows, p: People, a: Agenda, k: Rows, row: int, now_s: float) -> None:
    """The wrong people pass the contact on: they take somebody else, and it joins the queue again."""
    j[row].wrong = 0
    if j[row].passed_on == 0:
        j[row].taken_s = j[row].answer_s
    j[row].waited_before_s += j[row].taken_s - j[row].joined_s
    j[row].passed_on += 1
    j[row].lost_s += j[row].handle_s
    j[row].mood = mood_after_transfer(j[row].mood, 1.0, 0.0, k[0].transfer_mood)
    _free(c, j, p, a, k, p.groups[j[row].group].first + j[row].agent, now_s)
    join(c, j, p, a, k, row, now_s + patience_s(c, j, p, row), now_s)


@inner
def service_end(c: Contacts, j: Rows, p: People, a: Agenda, k: Rows, row: int, now_s: float) -> None:
    """A person finishes with contact *row*, or with trying to reach it."""
    j[row].state = _GONE
    q = j[row].queue
    if k[0].tells == 1:
        load = p.agents[p.groups[j[row].group].first + j[row].agent].load
        work_seen(p.works, j[row].via, j[row].handle_s / p.crowd[j[row].via, load])
    if j[row].wrong == 1:
        _pass_on(c, j, p, a, k, row, now_s)
        return
    if j[row].ghost == 2:
        j[row].ghost = 0
        again_s = dial_again_s(p.relief, q, j[row].dials, j[row].queue_s, now_s)
        if again_s < np.inf:
            j[row].state = _AWAY
            push(a, again_s, _DIAL | row)
        else:
            settle(p.relief, q)
            j[row].disposition = _CALLBACK_FAILED
            j[row].end_s = now_s
    elif j[row].ghost == 1:
        j[row].disposition = _QUEUE_ABANDONED
        j[row].end_s = j[row].leaves_s
    else:
        if j[row].callback == 1:
            settle(p.relief, q)
        if j[row].passed_on > 0:
            j[row].handle_s += j[row].lost_s
            j[row].lost_s += k[0].longer_s
        j[row].end_s = now_s
        if (
            k[0].settles_all == 0
            and c.unresolved_u[row] < k[0].unresolved + k[0].unresolved_mood * j[row].mood
        ):
            j[row].disposition = _HUMAN_UNRESOLVED
            return_later(c, j, a, row, k[0].returns_unresolved, now_s)
        else:
            j[row].disposition = _HUMAN_RESOLVED
    _free(c, j, p, a, k, p.groups[j[row].group].first + j[row].agent, now_s)


@apart
def join_line(
    c: Contacts, j: Rows, p: People, a: Agenda, k: Rows, row: int, leaves_s: float, now_s: float
) -> None:
    """`join`, compiled once for all the rarer ways into a queue."""
    join(c, j, p, a, k, row, leaves_s, now_s)


@apart
def dial_again(c: Contacts, j: Rows, p: People, a: Agenda, k: Rows, row: int, now_s: float) -> None:
    """Contact *row* is to be called back once more: it takes its old place in the queue."""
    j[row].waited_before_s += j[row].taken_s - j[row].joined_s
    expires_s = j[row].queue_s + p.relief[j[row].queue].callback_expires_s
    join_line(c, j, p, a, k, row, expires_s, now_s)


@inner
def give_up(c: Contacts, j: Rows, p: People, a: Agenda, k: Rows, row: int, now_s: float) -> None:
    """Patience of contact *row* ends, if it is still waiting."""
    callback = j[row].callback == 1
    if j[row].state != _WAITING or (c.silent[row] and not callback) or now_s < j[row].leaves_s:
        return  # answered, or this was the patience of an earlier wait
    _leave_lane(j, p, row, now_s)
    j[row].state = _GONE
    j[row].end_s = now_s
    if callback:
        settle(p.relief, j[row].queue)
        j[row].disposition = _CALLBACK_FAILED
        return
    j[row].disposition = _QUEUE_ABANDONED
    p.queues[j[row].queue].gave_up += 1
    come_back(c, j, a, k, row, now_s)


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

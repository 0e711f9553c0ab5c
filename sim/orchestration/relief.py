"""What the orchestrator does for a queue that has become too long (M32, M36, M37): tell the wait, offer ways round it, meter the inflow.

A contact that is about to join a queue is asked about once a step, in this order; who declines goes on to the next:

```text
spared by policy or segment? ── yes ──▶ NOTHING: joins the queue like everybody
        │ no
small matter, long wait ───────▶ DEFLECT to self-service
        │ declined, or asked for a person
long wait, slots left ─────────▶ CALLBACK: keeps the place in the queue, not the line
        │ declined
no room for one more ──────────▶ HOLD: waits in the buffer until people are free for it
```

*Told wait.* What is said is an estimate, and every branch above rests on it: four formulas, from two vendors' products to a look at the
staffing plan. All but Google's are fed with who stands in front and how fast people take them (`stand`). With nobody working the wait is
infinite, and told as "more than 30 min".

*Callbacks* are promises on people's time: no more are open than the forecast has spare capacity for, else the outage is followed by
a second wave.

*Message.* An announcement takes a while to go live and a while to come off, so it can outlive what it was made for:
OFF → COMING → ON → GOING → OFF.

*Meter.* Every look lets in as many as are likely to be served at once. People are kept a little below full, because they do not finish in
step: the last `0.5/√n` of them is the price of chance, smaller in a large team.

Rows of `RELIEF` are policy and state, one a queue. Who leaves the buffer first is `matching.comes_before`, as everywhere.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.orchestration.compiled import compiled, record


class Offer(IntEnum):
    """What is offered to a contact that is about to wait, in the order in which it is looked at."""

    NOTHING = 0
    DEFLECT = 1
    CALLBACK = 2
    HOLD = 3


class Message(IntEnum):
    """Where the announcement is; it is heard in ON and GOING."""

    OFF = 0
    COMING = 1
    ON = 2
    GOING = 3


SENTENCES: dict[Offer, str] = {
    Offer.NOTHING: "joins the queue",
    Offer.DEFLECT: "told wait {seen} > {limit}: offered self-service",
    Offer.CALLBACK: "told wait {seen} > {limit}: offered a callback",
    Offer.HOLD: "room for {seen} more < {limit}: held back",
}

MESSAGES: dict[Message, str] = {
    Message.OFF: "told wait {seen} < {limit}: announcement off",
    Message.COMING: "told wait {seen} ≥ {limit}: announcement ordered",
    Message.ON: "told wait {seen} ≥ {limit}: announcement on",
    Message.GOING: "told wait {seen} < {limit}: announcement called off",
}


def in_words(offer: int, seen: float, limit: float) -> str:
    """The sentence of an offer with what was seen and what it was held against."""
    if offer == Offer.HOLD:
        return SENTENCES[Offer.HOLD].format(seen=f"{seen:.1f}", limit=f"{limit:.0f}")
    return SENTENCES[Offer(offer)].format(seen=_seconds(seen), limit=_seconds(limit))


def message_in_words(message: int, seen: float, limit: float) -> str:
    """The sentence of a move of the announcement into state *message*."""
    return MESSAGES[Message(message)].format(seen=_seconds(seen), limit=_seconds(limit))


def _seconds(s: float) -> str:
    return f"{s:.0f} s" if s <= MOST_TOLD_S else "more than 30 min"


MOST_TOLD_S = 1800.0
"""Longer waits are told as "more than 30 min", an infinite one too."""

BANDS_S = (60.0, 120.0, 300.0, 600.0, 1200.0, MOST_TOLD_S)
"""Upper ends of the bands in which a wait is told; above the last one is band 6."""

BY_POSITION, BY_CLASSIC, BY_GOOGLE, BY_PLAN = 0, 1, 2, 3
"""How the wait is estimated."""

DIRECT, ESCALATED, SPILLED = 0, 1, 2
"""How a contact came to the queue: meant for people, handed over by the AI, or sent because of the AI's state."""

ALWAYS, FROM_AI, SPILL = DIRECT, ESCALATED, SPILLED
"""Whom relief is for: every contact of the queue, those from the AI, or only those whom people get because of the AI's state."""

FLUID_HORIZON_S = 14400.0
"""A wait longer than four hours is not worked out from the plan: it counts as endless."""

GOOGLE_EXTRA_S = 10.0
"""Added to every estimate for the messages that the customer hears first (Google CCAI Platform's documentation)."""

RELIEF = record(
    [
        ("on", np.int64),
        # state
        ("slots", np.int64),
        ("promised", np.int64),
        ("message", np.int64),
        ("message_since_s", np.float64),
        ("message_until_s", np.float64),
        # why the announcement moved last: what a record needs
        ("seen", np.float64),
        ("limit", np.float64),
        # policy
        ("whom", np.int64),
        ("told_by", np.int64),
        ("deflect_on", np.int64),
        ("deflect_over_s", np.float64),
        ("deflect_value_up_to", np.float64),
        ("callback_on", np.int64),
        ("callback_over_s", np.float64),
        ("callback_attempts", np.int64),
        ("callback_gap_s", np.float64),
        ("callback_expires_s", np.float64),
        ("message_on", np.int64),
        ("message_from_s", np.float64),
        ("message_under_s", np.float64),
        ("message_delay_s", np.float64),
        ("meter_on", np.int64),
        ("meter_every_s", np.float64),
        ("meter_target", np.float64),
        ("meter_weight", np.float64),
        ("meter_most_per_s", np.float64),
        ("hold_max_s", np.float64),
        ("settle_s", np.float64),
    ]
)
"""Policy and state of one queue. `message_until_s` is when the announcement's next timed move is due (infinite when none is);
`meter_target` 0 means that it follows from the number of people."""

LINE = record(
    [
        ("channel", np.int64),
        ("ahead", np.float64),
        ("over_s", np.float64),
        ("overtake_per_s", np.float64),
        ("per_s", np.float64),
        ("seen_s", np.float64),
    ]
)
"""One lane of those who wait, as the next contact sees it: how many are served before it (`ahead`), for how long those who join from now on
are too (`over_s`), and how many those are (`overtake_per_s`, in the next contact's own). `per_s` join, as it was when one last did, at
`seen_s`."""

WORK = record(
    [
        ("at_once", np.int64),
        ("crowd", np.float64),
        ("alone_s", np.float64),
        ("seen", np.float64),
        ("busy", np.float64),
        ("ahead", np.float64),
        ("per_s", np.float64),
        ("part", np.float64),
    ]
)
"""People's work in one channel: a contact takes somebody who has no other `alone_s` in the mean of those seen, and `crowd` times that when
there are as many as can be. The others are `stand`'s."""

FLOW_MEMORY_S = 900.0
"""How far back the rate of joining looks; *assumed*."""

HANDLE_MEMORY = 500.0
"""Contacts over which the handling time is a mean: 4 % of error at a coefficient of variation of 0.9. *assumed*"""

HANDLE_PRIOR = 20.0
"""What the plan's handling time counts for at the start, in contacts. *assumed*"""

ReliefArray = NDArray[Any]

_NOTHING = int(Offer.NOTHING)
_DEFLECT = int(Offer.DEFLECT)
_CALLBACK = int(Offer.CALLBACK)
_HOLD = int(Offer.HOLD)
_OFF = int(Message.OFF)
_COMING = int(Message.COMING)
_ON = int(Message.ON)
_GOING = int(Message.GOING)


# --- told wait ---


@compiled
def join_seen(lines: NDArray[Any], lane: int, now_s: float) -> None:
    """A contact has joined the line of a lane: the rate of that, an exponential mean over `FLOW_MEMORY_S`."""
    since_s = now_s - lines[lane].seen_s
    lines[lane].per_s = lines[lane].per_s * np.exp(-since_s / FLOW_MEMORY_S) + 1.0 / FLOW_MEMORY_S
    lines[lane].seen_s = now_s


@compiled
def work_seen(works: NDArray[Any], channel: int, alone_s: float) -> None:
    """Somebody is done with a contact, or with a leg of one, that takes *alone_s* of who has no other: a mean of the last ones."""
    works[channel].seen = min(works[channel].seen + 1.0, HANDLE_MEMORY)
    works[channel].alone_s += (alone_s - works[channel].alone_s) / works[channel].seen


@compiled
def stand(lines: NDArray[Any], works: NDArray[Any], channel: int) -> tuple[float, float]:
    """Where the next contact of *channel* stands, and how fast the people who may have it take contacts.

    Somebody with several contacts at once takes only more of the same channel while such wait. So those who have one at a time come free
    for every line; those in a chat take other work only once no chat waits. Lines of the two kinds count as one, and the people with
    them, where that moves work: a line of chats that lasts longer than mine takes people from me, a line of calls that ends before mine
    sends them to my chats.

    Args:
        lines: `ahead` is filled in: by lane, contacts that are served before.
        works: `busy` is filled in: by channel, people who may have the contact and are busy there. `part` is written: what a contact of
            the channel counts in my line, 0 when it does not matter.

    Returns:
        Contacts in front, and contacts a second; in contacts of *channel*.
    """
    for k in range(len(works)):
        works[k].ahead = 0.0
        works[k].part = 0.0
        works[k].per_s = works[k].busy * works[k].at_once / (works[k].alone_s * works[k].crowd)
    for line in range(len(lines)):
        works[lines[line].channel].ahead += lines[line].ahead
    works[channel].part = 1.0
    singles_ahead = 0.0
    singles_per_s = 0.0
    for k in range(len(works)):
        if works[k].at_once == 1:
            singles_ahead += works[k].ahead
            singles_per_s += works[k].per_s
    if works[channel].at_once == 1:
        for k in range(len(works)):
            slower = works[k].ahead * singles_per_s > (singles_ahead + 1.0) * works[k].per_s
            if works[k].at_once == 1:
                works[k].part = 1.0
            elif works[k].ahead > 0.0 and slower:
                works[k].part = 1.0 / works[k].at_once
    elif singles_ahead * works[channel].per_s < (works[channel].ahead + 1.0) * singles_per_s:
        for k in range(len(works)):
            if works[k].at_once == 1:
                works[k].part = float(works[channel].at_once)
    ahead = 0.0
    per_s = 0.0
    for k in range(len(works)):
        ahead += works[k].part * works[k].ahead
        per_s += works[k].part * works[k].per_s
    return ahead, per_s


@compiled
def quicker(told_s: float, other_s: float) -> bool:
    """Whether another channel, where the told wait is *other_s*, is worth an offer."""
    return other_s < told_s


@compiled
def told_wait_s(handle_s: float, position: float, working: float, abandon_share: float) -> float:
    """Wait to tell the contact in this *position*, seconds: `AHT · position / n · (1 − abandoned)`.

    Args:
        handle_s: Mean handling time, wrap-up included.
        position: Place in the queue, 1 for the next to be served; 0 when somebody is free for it.
        working: People working for the queue, busy or not.
        abandon_share: Share of the queue's contacts that give up.

    Returns:
        Seconds; infinite when nobody works.

    Source: Genesys Cloud's estimated wait time.
    """
    if position <= 0.0:
        return 0.0
    if working <= 0.0:
        return float(np.inf)
    return handle_s * position / working * (1.0 - abandon_share)


@compiled
def told_wait_classic_s(
    handle_s: float, queued: float, ready: float, working: float, portion: float
) -> float:
    """Wait by the older formula of the same vendor: `AHT · unassigned / (n · portion)`.

    Args:
        queued: Contacts waiting, this one included.
        ready: People free for them; `unassigned` is what they leave.
        portion: Share of their handling time that the people give to this queue.

    Source: Genesys Stat Server.
    """
    unassigned = queued - ready
    if unassigned <= 0.0:
        return 0.0
    if working * portion <= 0.0:
        return float(np.inf)
    return handle_s * unassigned / (working * portion)


@compiled
def told_wait_google_s(
    handle_s: float,
    queued: float,
    ready: float,
    channel_working: float,
    queue_working: float,
    in_common: float,
) -> float:
    """Wait by `(AHT / n_channel) · (n_common / n_queue) · (queued − ready) + 10 s`.

    Args:
        queued: Contacts waiting that are served no later than this one, itself included.
        channel_working: People working in the channel.
        queue_working: People working for this queue.
        in_common: Those of them who work for other queues of the channel too.

    Source: Google CCAI Platform, which adds the wait of callbacks already promised: count them in *queued*.
    """
    unassigned = queued - ready
    if unassigned <= 0.0:
        return GOOGLE_EXTRA_S
    if channel_working <= 0.0 or queue_working <= 0.0:
        return float(np.inf)
    return handle_s / channel_working * (in_common / queue_working) * unassigned + GOOGLE_EXTRA_S


@compiled
def told_wait_plan_s(
    lines: NDArray[Any],
    works: NDArray[Any],
    ahead: float,
    rate_per_s: float,
    one_per_s: float,
    people: float,
    rostered: NDArray[np.float64],
    every_s: float,
    gives_up_per_s: float,
    now_s: float,
) -> float:
    """Wait as the line runs out under the planned people: one place after another, each in `1 / (rate + θ · (left − 1) − overtaking)`.

    Exact where theory is: (q + 1) / nμ in M/M/n for who finds q waiting, Σ 1 / (nμ + iθ), i = 0 … q, in M/M/n+M, and (q + 1) / (nμ − λ)
    where a stream λ is always served before. Who is told is taken to stay.

    Args:
        lines, works: As `stand` left them: who overtakes is theirs to say.
        ahead: Contacts in front, from `stand`, as is the next.
        rate_per_s: At which the people there now take them.
        one_per_s: At which somebody would who has no contact yet: for when nobody is there now.
        people: There now. What they are more or less than the roster has, they stay.
        rostered: People on the floor in each step of *every_s* since the start of the run; the last one goes on for good.
        gives_up_per_s: θ, at which one who waits gives up.

    Returns:
        Seconds; infinite beyond `FLUID_HORIZON_S`.

    Source: Gross & Harris, Fundamentals of Queueing Theory, delay cycles; the sum is Erlang A's (Garnett, Mandelbaum & Reiman 2002).
    """
    left = ahead + 1.0
    wait_s = 0.0
    last = rostered.shape[0] - 1
    for line in range(len(lines)):
        faded = np.exp((lines[line].seen_s - now_s) / FLOW_MEMORY_S)
        lines[line].overtake_per_s = works[lines[line].channel].part * lines[line].per_s * faded
    k = int(now_s / every_s)
    there = rostered[min(k, last)]
    edge_s = (k + 1) * every_s - now_s
    while left > 0.0 and wait_s < FLUID_HORIZON_S:
        until_s = edge_s
        working = max(0.0, people + rostered[min(k, last)] - there)
        rate = rate_per_s * (working / people) if people > 0.0 else one_per_s * working
        for line in range(len(lines)):
            if lines[line].over_s > wait_s and lines[line].overtake_per_s > 0.0:
                rate -= lines[line].overtake_per_s
                until_s = min(until_s, lines[line].over_s)
        rate += gives_up_per_s * max(0.0, left - 1.0)
        place = min(1.0, left)
        if rate > 0.0 and wait_s + place / rate <= until_s:
            wait_s += place / rate
            left -= place
        else:
            left -= rate * (until_s - wait_s)
            wait_s = until_s
            if until_s == edge_s:
                k += 1
                edge_s += every_s
    return float(wait_s) if left <= 0.0 else float(np.inf)


@compiled
def told_by(
    by: int,
    lines: NDArray[Any],
    works: NDArray[Any],
    channel: int,
    people: float,
    rostered: NDArray[np.float64],
    every_s: float,
    gave_up: float,
    joined: float,
    waited_s: float,
    now_s: float,
) -> float:
    """Wait to tell the next contact of *channel*, for whom nobody is free.

    Args:
        by: `BY_POSITION`, `BY_CLASSIC` or `BY_PLAN`.
        lines, works: As `stand` takes them.
        people: There who may have it.
        gave_up: Contacts that gave up in the queue so far.
        joined: That joined it.
        waited_s: Waits in it so far, all together: those who gave up over this is the rate at which one who waits does.
    """
    ahead, rate_per_s = stand(lines, works, channel)
    if by == BY_PLAN:
        one_per_s = works[channel].at_once / (works[channel].alone_s * works[channel].crowd)
        gives_up_per_s = gave_up / waited_s if waited_s > 0.0 else 0.0
        return told_wait_plan_s(
            lines, works, ahead, rate_per_s, one_per_s, people, rostered, every_s, gives_up_per_s, now_s
        )
    if rate_per_s <= 0.0:
        return float(np.inf)
    if by == BY_CLASSIC:
        return told_wait_classic_s(1.0 / rate_per_s, ahead + 1.0, 0.0, 1.0, 1.0)
    return told_wait_s(1.0 / rate_per_s, ahead + 1.0, 1.0, gave_up / joined if joined > 0.0 else 0.0)


@compiled
def band(wait_s: float) -> int:
    """Band of `BANDS_S` in which a wait is told; the last one is "more than 30 min"."""
    k = 0
    for upper_s in BANDS_S:
        if wait_s > upper_s:
            k += 1
    return k


# --- what to offer ---


@compiled
def offer(
    r: ReliefArray,
    q: int,
    after: int,
    value: float,
    origin: int,
    spared: bool,
    asked: bool,
    told_s: float,
    room: float,
    held_before: bool,
) -> tuple[int, float, float]:
    """What to offer a contact that is about to join queue *q*; asked again with *after* when it declines.

    Args:
        after: The offer that it has just declined, `NOTHING` at first: earlier steps are not looked at again.
        value: What the matter is worth (an intent's value, a segment's weight).
        origin: `DIRECT`, `ESCALATED` or `SPILLED`; relief is for those from `whom` up.
        spared: Policy or segment sends it straight to people: no offer, no hold.
        asked: The customer asked for a person: never deflected.
        told_s: Told wait.
        room: From `room_for`, less those who are held already.
        held_before: Nobody is held twice.

    Returns:
        `Offer`, what was seen, what it was held against.
    """
    if r[q].on == 0 or spared or origin < r[q].whom:
        return _NOTHING, told_s, 0.0
    if (
        after < _DEFLECT
        and r[q].deflect_on != 0
        and not asked
        and value <= r[q].deflect_value_up_to
        and told_s > r[q].deflect_over_s
    ):
        return _DEFLECT, told_s, float(r[q].deflect_over_s)
    if (
        after < _CALLBACK
        and r[q].callback_on != 0
        and told_s > r[q].callback_over_s
        and r[q].promised < r[q].slots
    ):
        return _CALLBACK, told_s, float(r[q].callback_over_s)
    if after < _HOLD and r[q].meter_on != 0 and room < 1.0 and not held_before:
        return _HOLD, room, 1.0
    return _NOTHING, told_s, 0.0


# --- callbacks ---


@compiled
def spare_slots(
    planned: NDArray[np.float64],
    needed: NDArray[np.float64],
    every_s: float,
    handle_s: float,
    share: float,
    horizon_s: float,
    now_s: float,
) -> int:
    """Callbacks that the people can keep within *horizon_s*: `share · Σ max(0, planned − needed) · step / AHT`.

    Args:
        planned: People on the floor in each step of *every_s* since the start of the run.
        needed: People that the forecast needs there, same shape; beyond its end nothing is spare.
        handle_s: A callback's time of a person, dialling and failed attempts included.
        share: Share of the spare time that may be promised, 0 to 1.
        horizon_s: How far ahead; four hours is usual.
    """
    spare_s = 0.0
    end_s = now_s + horizon_s
    for k in range(int(now_s / every_s), min(planned.shape[0], needed.shape[0])):
        from_s = max(now_s, k * every_s)
        until_s = min(end_s, (k + 1) * every_s)
        if until_s <= from_s:
            break
        spare_s += max(0.0, planned[k] - needed[k]) * (until_s - from_s)
    return int(share * spare_s / handle_s)


@compiled
def promise(r: ReliefArray, q: int) -> None:
    """A callback was accepted."""
    r[q].promised += 1


@compiled
def settle(r: ReliefArray, q: int) -> None:
    """A promised callback came to its end: reached, given up, or merged with a new call about the same issue."""
    r[q].promised -= 1


@compiled
def dial_again_s(r: ReliefArray, q: int, attempts: int, accepted_s: float, now_s: float) -> float:
    """When to dial again after an attempt that reached nobody; infinite when the callback has failed.

    It fails after `callback_attempts`, or when the next attempt would come later than `callback_expires_s` after it was accepted.
    """
    at_s = now_s + r[q].callback_gap_s
    if attempts >= r[q].callback_attempts or at_s > accepted_s + r[q].callback_expires_s:
        return float(np.inf)
    return float(at_s)


# --- announcement ---


@compiled
def _say(
    r: ReliefArray, q: int, message: int, seen: float, limit: float, until_s: float, now_s: float
) -> bool:
    r[q].message = message
    r[q].message_since_s = now_s
    r[q].message_until_s = until_s
    r[q].seen = seen
    r[q].limit = limit
    return True


@compiled
def move_message(r: ReliefArray, q: int, told_s: float, now_s: float) -> bool:
    """Move the announcement on by one look at the told wait; True when it moved. Look again at `message_until_s`.

    Ordered from `message_from_s` on and called off below `message_under_s`, each with `message_delay_s` to take effect. An order that is
    no longer wanted is withdrawn, and so is a calling-off.
    """
    if r[q].message_on == 0:
        return False
    state = r[q].message
    if state == _OFF:
        if told_s >= r[q].message_from_s:
            until_s = now_s + r[q].message_delay_s
            return _say(r, q, _COMING, told_s, r[q].message_from_s, until_s, now_s)
    elif state == _COMING:
        if told_s < r[q].message_under_s:
            return _say(r, q, _OFF, told_s, r[q].message_under_s, np.inf, now_s)
        if now_s >= r[q].message_until_s:
            return _say(r, q, _ON, r[q].seen, r[q].message_from_s, np.inf, now_s)
    elif state == _ON:
        if told_s < r[q].message_under_s:
            until_s = now_s + r[q].message_delay_s
            return _say(r, q, _GOING, told_s, r[q].message_under_s, until_s, now_s)
    else:
        if told_s >= r[q].message_from_s:
            return _say(r, q, _ON, told_s, r[q].message_from_s, np.inf, now_s)
        if now_s >= r[q].message_until_s:
            return _say(r, q, _OFF, r[q].seen, r[q].message_under_s, np.inf, now_s)
    return False


@compiled
def message_heard(r: ReliefArray, q: int) -> bool:
    """Whether who joins now hears the announcement."""
    return bool(r[q].message == _ON or r[q].message == _GOING)


# --- meter ---


@compiled
def target_share(target: float, working: float) -> float:
    """ρ, the share of people whom the meter keeps busy: the policy's own, or `1 − 0.5/√n` (0.96 at 150, 0.90 at 25)."""
    if target > 0.0:
        return target
    if working <= 0.0:
        return 0.0
    return float(1.0 - 0.5 / np.sqrt(working))


@compiled
def room_for(
    target: float, working: float, busy: float, reserved: float, waiting: float, weight: float
) -> float:
    """Contacts that the people have room for now: `ρ·n − busy − reserved − weight·waiting`; below 0 when they have too many already.

    Somebody who works alone may always have one: with ρ = 0.5 the meter would never open.
    """
    if working <= 0.0:
        return -busy - reserved - weight * waiting
    return max(1.0, target_share(target, working) * working) - busy - reserved - weight * waiting


@compiled
def to_release(
    target: float,
    working: float,
    busy: float,
    reserved: float,
    waiting: float,
    weight: float,
    held: int,
    most_per_look: int,
) -> int:
    """How many of the *held* to let into the queue at this look: the whole part of `room_for`, at least 0.

    Args:
        target: ρ, 0 to let it follow from the number of people.
        working: People working for the queue, in contacts that they can have at once.
        busy: Of them, those with a contact in hand.
        reserved: Of them, those whom a contact is on its way to.
        waiting: Contacts in the queue already.
        weight: How much each of those takes of the room.
        most_per_look: `meter_most_per_s` times the time between looks.
    """
    room = np.floor(room_for(target, working, busy, reserved, waiting, weight))
    if room <= 0.0:
        return 0
    return int(min(room, float(held), float(most_per_look)))


@compiled
def must_leave(held_since_s: float, max_hold_s: float, now_s: float) -> bool:
    """Whether somebody was held so long that the buffer must let go, room or not."""
    return bool(now_s >= held_since_s + max_hold_s)


@compiled
def drains(r: ReliefArray, q: int) -> bool:
    """Whether anybody who is held before queue *q* ever goes back to the AI."""
    return bool(r[q].on != 0 and r[q].meter_on != 0 and r[q].settle_s < np.inf)


@compiled
def belongs_to_ai(spilled: bool, met_ai: bool, watched: bool) -> bool:
    """Whether somebody in the buffer may go back to the AI: came because it failed, never got in, and needs nobody to watch."""
    return spilled and not met_ai and not watched


@compiled
def takes_back(
    r: ReliefArray, q: int, closed: bool, since_s: float, active: int, sessions: int, now_s: float
) -> bool:
    """Whether a fleet takes back who is held before queue *q*: its breaker has been *closed* for `settle_s`, and it has room."""
    return bool(closed and now_s >= since_s + r[q].settle_s and active < sessions)

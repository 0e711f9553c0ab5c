"""The plain floor: one SimPy process for every contact, to be read from top to bottom. The oracle of the compiled one.

A contact arrives, is decided on, talks to an AI fleet turn by turn, waits for a person, talks to one, or gives up: `PlainFloor._contact`
tells that story. The decisions are those of `sim.orchestration`, the laws those of `sim.engine.physics`; what happens at the same instant
happens in the order of `sim.engine.ties`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from types import SimpleNamespace
from typing import Any

import numpy as np
from simpy.events import Event

from sim.demand.contacts import Contacts
from sim.demand.draw import pace
from sim.engine import dice, physics
from sim.engine.clock import Clock, floor_place
from sim.engine.control import Look
from sim.engine.kernel.world import DRAIN, FAIL_OVER, KNOBS, LOST_CONTEXT, breakers, knobs
from sim.engine.records import Recorder
from sim.engine.state import DECISION, FAILED, JOURNEY, MOVE, OK, Disposition, Handling, Mode, State
from sim.engine.tables import tables
from sim.engine.ties import Kind
from sim.orchestration import breaker
from sim.orchestration.matching import comes_before
from sim.orchestration.routing import AI_MONITORED, HUMAN, UNKNOWN, admit, route
from sim.orchestration.triggers import first_hit, smoothed
from sim.orchestration.words import Decision, Reason
from sim.scenario.model import Scenario

Story = Generator[Event, Any, Any]
"""A SimPy process."""


class Journey:
    """What happens to one contact: a row of `JOURNEY` while it is being written."""

    __slots__ = JOURNEY.names or ()

    def __init__(self) -> None:
        for name in self.__slots__:
            setattr(self, name, 0)


class Block:
    """A block of customers as Python numbers, and the journeys of those who came."""

    __slots__ = ("brought", "contacts", "journeys")

    def __init__(self, contacts: Contacts) -> None:
        self.contacts = contacts
        self.brought: dict[str, list[Any]] = {
            name: getattr(contacts, name).tolist()
            for name in contacts._fields
            if name not in ("order", "ready_s")
        }
        self.journeys: dict[int, Journey] = {}

    def rows(self) -> Any:
        """The journeys as an array, one row a contact of the block."""
        rows = np.zeros(len(self.contacts.id), dtype=JOURNEY)
        came = np.fromiter(self.journeys, dtype=np.int64, count=len(self.journeys))
        for name in JOURNEY.names or ():
            rows[name][came] = [getattr(j, name) for j in self.journeys.values()]
        return rows


class Contact:
    """One customer on the floor: what it brought along (row *row* of its block) and what happens to it (*j*)."""

    __slots__ = ("answered", "block", "channel", "id", "j", "lane", "row")

    def __init__(self, block: Block, row: int) -> None:
        self.block, self.row = block, row
        self.j: Any = Journey()
        block.journeys[row] = self.j
        self.id: int = block.brought["id"][row]
        self.channel: int = block.brought["channel"][row]
        self.lane = -1
        self.answered: Event | None = None

    def brings(self, column: str) -> Any:
        """What it brought along."""
        return self.block.brought[column][self.row]


class Person:
    """One agent of a group."""

    __slots__ = ("channel", "group", "here", "leaving", "load", "number", "pace", "shelf")

    def __init__(self, group: int, number: int, pace_factor: float) -> None:
        self.group, self.number, self.pace = group, number, pace_factor
        self.here = self.leaving = False
        self.load, self.channel = 0, -1
        self.shelf: dict[Person, None] | None = None
        """The list of those who can take somebody in which it stands; longest first."""


class Meter:
    """A number and its integral over time."""

    __slots__ = ("area", "last_s", "value")

    def __init__(self) -> None:
        self.value, self.area, self.last_s = 0, 0.0, 0.0

    def settle(self, now_s: float) -> None:
        self.area += self.value * (now_s - self.last_s)
        self.last_s = now_s


class PlainFloor:
    """One replication's floor."""

    def __init__(self, scenario: Scenario, replication: int, recorder: Recorder, clock: Clock) -> None:
        self.scenario, self.clock, self.recorder = scenario, clock, recorder
        self.on_move: Callable[[Any], None] = lambda _: None
        self.t = tables(scenario)
        row = knobs(scenario)[0]
        self.k = SimpleNamespace(**{name: row[name].item() for name in KNOBS.names or ()})
        self.breakers, self.ring = breakers(scenario)
        paces = iter(pace(scenario, replication, int(self.t.people_most.sum())))
        groups, lists = range(len(scenario.groups)), 1 + len(scenario.channels) * max(0, int(self.k.levels))
        self.people = [
            [Person(g, n, float(next(paces))) for n in range(self.t.people_most[g])] for g in groups
        ]
        self.shelves: list[list[dict[Person, None]]] = [[{} for _ in range(lists)] for _ in groups]
        self.target = [0 for _ in groups]
        self.present = [Meter() for _ in groups]
        self.busy = [Meter() for _ in groups]
        self.in_hand = [Meter() for _ in groups]
        self.lanes: list[dict[Contact, None]] = [{} for _ in self.t.lane_queue]
        self.waiting = [Meter() for _ in scenario.queues]
        self.peak = [0 for _ in scenario.queues]
        fleets = max(1, len(scenario.fleets))
        self.sessions = [Meter() for _ in range(fleets)]
        self.sessions_in = np.zeros((fleets, len(scenario.channels)), dtype=np.int64)
        self.condition = [(False, f.errors, 1.0) for f in scenario.fleets] or [(False, 0.0, 1.0)]
        self.classifier_down = False
        self.watched = 0
        self.events = 0
        self.blocks: list[Block] = []
        self.decisions: list[tuple[Any, ...]] = []

    # --- what control does ---------------------------------------------------------------------------------------------------------

    def load(self, contacts: Contacts) -> None:
        """Take in a block of customers."""
        self.blocks.append(Block(contacts))
        self.clock.process(self._door(self.blocks[-1]))

    def staff(self, group: int, people: int) -> None:
        """From now on *people* of *group* are wanted: first idle ones go, then busy ones when done; first those about to go stay."""
        self._settle_group(group)
        self.target[group] = people
        staying = sum(p.here and not p.leaving for p in self.people[group])
        for person in reversed(self.people[group]):
            if staying > people and person.here and not person.leaving and person.load == 0:
                self._unshelve(person)
                person.here = False
                self.present[group].value -= 1
                staying -= 1
        for person in reversed(self.people[group]):
            if staying > people and person.here and not person.leaving:
                self._unshelve(person)
                person.leaving = True
                staying -= 1
        for person in self.people[group]:
            if staying < people and person.here and person.leaving:
                person.leaving = False
                staying += 1
                self._fill(person)
        for person in self.people[group]:
            if staying < people and not person.here:
                person.here = True
                self.present[group].value += 1
                staying += 1
                self._fill(person)

    def set_fleet(self, fleet: int, down: bool, errors: float, factor: float) -> None:
        """The fleet's calls fail, fail in part, or take longer from now on."""
        self.condition[fleet] = (down, errors, factor)

    def set_classifier(self, down: bool) -> None:
        """The classifier gives no labels from now on, or does again."""
        self.classifier_down = down

    def look(self) -> Look:
        """How things stand."""
        for g in range(len(self.people)):
            self._settle_group(g)
        for meter in (*self.waiting, *self.sessions):
            meter.settle(self.clock.now)

        def numbers(meters: list[Meter]) -> Any:
            return np.array([m.value for m in meters], dtype=np.int64)

        def areas(meters: list[Meter]) -> Any:
            return np.array([m.area for m in meters])

        look = Look(
            at_s=self.clock.now,
            waiting=numbers(self.waiting),
            waiting_peak=np.array(self.peak, dtype=np.int64),
            waiting_area=areas(self.waiting),
            present=numbers(self.present),
            wanted=np.array(self.target, dtype=np.int64),
            present_area=areas(self.present),
            busy_area=areas(self.busy),
            contact_area=areas(self.in_hand),
            active=numbers(self.sessions),
            active_area=areas(self.sessions),
            breaker=self.breakers["state"].copy(),
        )
        self.peak = [m.value for m in self.waiting]
        return look

    def finish(self) -> int:
        """The run is over: hand in everybody who came; the number of events."""
        self.recorder.decisions(np.array(self.decisions, dtype=DECISION))
        for block in self.blocks:
            rows = block.rows()
            self.recorder.journeys(block.contacts, rows, np.flatnonzero(rows["state"] != State.NOT_YET))
        return self.events

    # --- a contact's story ---------------------------------------------------------------------------------------------------------

    def _door(self, block: Block) -> Story:
        c = block.contacts
        for at_s, row in zip(c.ready_s.tolist(), c.order.tolist(), strict=True):
            yield self._at(at_s, Kind.ARRIVE, block.brought["id"][row])
            contact = Contact(block, row)
            contact.j.arrive_s = contact.brings("arrive_s")
            self.clock.process(self._contact(contact))

    def _contact(self, contact: Contact) -> Story:
        """From the decision to the end."""
        handling, reason, seen, limit = self._decide(contact)
        if handling is None:
            ending = yield from self._in_ai(contact)
            if ending is None:
                return
            handling, reason, seen, limit = ending
        yield from self._to_person(contact, handling, reason, seen, limit)

    def _decide(self, contact: Contact) -> tuple[Handling | None, int, float, float]:
        """Where the contact goes first: None for the AI, else how it comes to people and why."""
        j, k = contact.j, self.k
        now_s = self.clock.now
        j.decide_s = now_s
        for field in ("ai_start_s", "ai_end_s", "queue_s", "answer_s", "end_s", "handle_s"):
            setattr(j, field, np.nan)
        j.fidelity, j.mood = contact.brings("fidelity"), contact.brings("mood")
        for field in ("first_fleet", "fleet", "queue", "group", "agent"):
            setattr(j, field, -1)
        label, confidence = int(contact.brings("label")), float(contact.brings("confidence"))
        if self.classifier_down:
            label, confidence = UNKNOWN, 0.0
        eligible, ai_at, monitored_at = False, 0.0, 0.0
        if label != UNKNOWN:
            cell = (label, contact.channel, contact.brings("segment"))
            eligible = bool(self.scenario.ai.eligible[label])
            ai_at = float(self.scenario.routing.ai_at[cell])
            monitored_at = float(self.scenario.routing.monitored_at[cell])
        target, reason, limit = route(int(k.by), label, confidence, eligible, ai_at, monitored_at)
        seen, watch = confidence, False
        if target == AI_MONITORED:
            if self.watched < k.monitor_sessions:
                watch = True
            else:
                seen, limit = float(self.watched), float(k.monitor_sessions)
                if k.overflow_human:
                    target, reason = HUMAN, int(Reason.NOBODY_TO_MONITOR)
                else:
                    reason = int(Reason.UNMONITORED)
        j.target, j.route_reason = target, reason
        queue = int(self.scenario.queue_of_channel[contact.channel])
        self._log(contact, Decision.ROUTE, reason, -1, queue if target == HUMAN else -1, seen, limit)
        if target == HUMAN:
            return Handling.HUMAN_ONLY, reason, seen, limit
        j.state, j.handling = State.IN_AI, Handling.AI_CONTAINED
        if watch:
            self.watched += 1
            j.monitored = 1
        placed, seen, limit = self._place(contact)
        if placed != Reason.ADMITTED:
            if watch:
                self.watched -= 1
                j.monitored = 0
            # Where no fleet serves the channel there is no AI to spill from.
            handling = Handling.HUMAN_ONLY if placed == Reason.NO_FLEET else Handling.SPILLED
            return handling, placed, seen, limit
        return None, 0, 0.0, 0.0

    def _place(self, contact: Contact) -> tuple[int, float, float]:
        """Find a fleet with room; tells why not where there is none."""
        j = contact.j
        reason, seen, limit = int(Reason.NO_FLEET), 0.0, 0.0
        for f in self.scenario.failover.chain[contact.channel]:
            if int(j.visited) >> f & 1:
                continue
            if not breaker.admits(self.breakers, f):
                reason, seen, limit = int(Reason.BREAKER_OPEN), 0.0, 0.0
            else:
                fleet = self.scenario.fleets[f]
                premium = bool(self.t.premium[f, contact.brings("segment")])
                reason, seen, limit = admit(
                    self.sessions[f].value,
                    fleet.sessions if premium else fleet.open_sessions,
                    int(self.sessions_in[f, contact.channel]),
                    int(self.t.bulkhead[f, contact.channel]),
                )
            self._log(contact, Decision.PLACE, reason, f, -1, seen, limit)
            if reason == Reason.ADMITTED:
                self._count_session(f, contact.channel, 1)
                if j.first_fleet < 0:
                    j.first_fleet, j.ai_start_s = f, self.clock.now
                j.fleet = f
                j.visited = int(j.visited) | 1 << f
                j.tries = 0
                k = self.k
                j.mode = physics.session_mode(
                    float(contact.brings("ability")[f]),
                    bool(contact.brings("right")),
                    float(contact.brings("fail_u")),
                    float(contact.brings("recover_u")),
                    float(k.recovers),
                    float(k.detected),
                    float(k.loop),
                    float(k.wrong_detected),
                    float(k.wrong_loop),
                )
                return reason, seen, limit
        return reason, seen, limit

    def _in_ai(self, contact: Contact) -> Story:
        """The AI part: calls and turns until it closes (None) or a person is needed (how, why)."""
        j, k = contact.j, self.k
        admitted = True
        while True:
            outcome = yield from self._call(contact, admitted)
            admitted = False
            if outcome == OK:
                yield self._at(self.clock.now + float(contact.brings("think_s")), Kind.CALL, contact.id)
                ending = self._after_turn(contact)
                if ending is not None:
                    return ending if ending[0] in (Handling.ESCALATED, Handling.SPILLED) else None
            else:
                tries = float(j.tries)
                if outcome == FAILED:
                    reason, limit = int(Reason.CALL_FAILED), 1.0 + float(k.retries)
                else:
                    reason = int(Reason.CALL_TIMED_OUT)
                    limit = self.scenario.channels[contact.channel].reply_timeout_s
                if j.tries > k.retries:
                    moved = self._move_on(contact, reason, tries, limit)
                    if moved is not None:
                        return moved
                    admitted = True
                    continue
                self._log(contact, Decision.RETRY, reason, int(j.fleet), -1, tries, limit)
                u = dice.uniform(int(contact.brings("key")), dice.RETRY, int(j.calls))
                wait_s = float(k.retry_from_s) + u * float(k.retry_span_s)
                yield self._at(self.clock.now + wait_s, Kind.CALL, contact.id)
            if self.breakers[int(j.fleet)].state == breaker.State.OPEN and k.on_open != DRAIN:
                if k.on_open != FAIL_OVER:
                    self._leave_fleet(contact)
                    self._end_ai(contact)
                    return Handling.SPILLED, int(Reason.BREAKER_OPEN), 0.0, 0.0
                moved = self._move_on(contact, int(Reason.BREAKER_OPEN), 0.0, 0.0)
                if moved is not None:
                    return moved
                admitted = True

    def _call(self, contact: Contact, admitted: bool) -> Story:
        """One call of the fleet: how it ended; its breaker has heard."""
        j, key = contact.j, int(contact.brings("key"))
        f = int(j.fleet)
        epoch = breaker.call_epoch(self.breakers, f, admitted)
        j.calls += 1
        j.tries += 1
        down, errors, factor = self.condition[f]
        latency_s, u_error = 0.0, 1.0
        if not self.t.instant[f]:
            latency_s = physics.from_table(self.t.latency_s, f, dice.uniform(key, dice.LATENCY, int(j.calls)))
        if errors > 0.0:
            u_error = dice.uniform(key, dice.ERROR, int(j.calls))
        channel = self.scenario.channels[contact.channel]
        outcome, reply_s = physics.call_outcome(
            latency_s, u_error, down, errors, factor, channel.reply_timeout_s
        )
        if not (self.t.instant[f] and outcome == OK):
            yield self._at(self.clock.now + reply_s, Kind.REPLY, contact.id)
        self._hear(f, epoch, outcome != OK, reply_s > channel.slow_reply_s)
        return outcome

    def _after_turn(self, contact: Contact) -> tuple[Handling, int, float, float] | None:
        """What the turn that just ended means: None to go on, else how the session ends."""
        j, k = contact.j, self.k
        j.turns += 1
        j.tries = 0
        turn, mode, key = int(j.turns), int(j.mode), int(contact.brings("key"))
        j.mood = physics.mood_after_turn(float(j.mood), mode, float(k.mood_good), float(k.mood_bad))
        if turn >= contact.brings("turns"):
            if j.monitored and mode != Mode.DETECTED:
                chance = k.false_takeover if mode == Mode.SUCCESS else k.catch
                if dice.uniform(key, dice.TAKEOVER, turn) < chance:
                    return self._escalate(contact, Reason.TAKEN_OVER, float(turn), 0.0)
            if mode == Mode.SUCCESS:
                return self._close(contact, Disposition.AI_RESOLVED, Handling.AI_CONTAINED)
            if mode == Mode.DETECTED:
                return self._escalate(contact, Reason.AI_GAVE_UP, float(turn), 0.0)
            if mode == Mode.CONFIDENT_WRONG:
                return self._close(contact, Disposition.AI_FALSE_CONTAINED, Handling.AI_CONTAINED)
        if mode == Mode.LOOP and dice.uniform(key, dice.LEAVES, turn) < k.leaves:
            return self._close(contact, Disposition.AI_ABANDONED, Handling.AI_ABANDONED)
        asked = k.asks_per_turn > 0.0 and physics.asks_for_a_person(
            key, turn, float(j.mood), float(k.asks_per_turn), float(k.asks_recall)
        )
        off_topic = False
        if not contact.brings("in_scope"):
            off_topic = dice.uniform(key, dice.NOTICED, turn) < k.scope_recall
        elif turn == 1 and k.scope_false > 0.0:
            off_topic = dice.uniform(key, dice.OFF_TOPIC, 1) < k.scope_false
        if k.low_turns_at > 0:
            normal = physics.from_table(self.t.normal, 0, dice.uniform(key, dice.SENTIMENT, turn))
            reading = physics.sentiment_reading(normal, float(j.mood), float(k.low_noise))
            j.sentiment = smoothed(float(j.sentiment), reading)
            u = dice.uniform(key, dice.SENTIMENT_SEEN, turn)
            low = u < k.low_recall if j.sentiment < k.low_below else u < k.low_false
            j.low_turns = j.low_turns + 1 if low else 0
        reason, seen, limit = first_hit(
            bool(asked),
            bool(off_topic),
            int(j.low_turns),
            int(k.low_turns_at),
            float(j.sentiment),
            float(k.low_below),
            turn,
            int(self.scenario.triggers.max_turns[contact.brings("label")]),
            self.clock.now - float(j.ai_start_s),
            float(self.scenario.triggers.max_session_s[contact.channel]),
        )
        return self._escalate(contact, reason, seen, limit) if reason else None

    def _move_on(
        self, contact: Contact, reason: int, seen: float, limit: float
    ) -> tuple[Handling, int, float, float] | None:
        """The contact cannot stay at its fleet: None when another one takes it, else it goes to a person."""
        j = contact.j
        self._leave_fleet(contact)
        self._log(contact, Decision.MOVE, reason, int(j.fleet), -1, seen, limit)
        if j.turns > 0:
            j.fidelity *= self.k.moved_fidelity
        placed, _, _ = self._place(contact)
        if placed == Reason.ADMITTED:
            return None
        self._end_ai(contact)
        return Handling.SPILLED, reason, seen, limit

    def _escalate(
        self, contact: Contact, reason: int, seen: float, limit: float
    ) -> tuple[Handling, int, float, float]:
        self._leave_fleet(contact)
        self._end_ai(contact)
        return Handling.ESCALATED, int(reason), seen, limit

    def _close(
        self, contact: Contact, disposition: Disposition, handling: Handling
    ) -> tuple[Handling, int, float, float]:
        self._leave_fleet(contact)
        self._end_ai(contact)
        j = contact.j
        j.state, j.disposition, j.handling, j.end_s = State.GONE, disposition, handling, self.clock.now
        return handling, 0, 0.0, 0.0

    def _to_person(
        self, contact: Contact, handling: Handling, reason: int, seen: float, limit: float
    ) -> Story:
        """Hand over, wait, talk, or give up."""
        j = contact.j
        j.handling, j.end_reason = handling, reason
        queue = int(self.scenario.queue_of_channel[contact.channel])
        if handling != Handling.HUMAN_ONLY:
            self._log(contact, Decision.ESCALATE, reason, int(j.fleet), queue, seen, limit)
        if j.turns > 0:
            fate = contact.brings("fate_u")
            if fate < self.k.dropped:
                j.state, j.disposition, j.end_s = State.GONE, Disposition.DROPPED, self.clock.now
                return
            if fate < self.k.dropped + self.k.context_lost:
                j.fidelity = LOST_CONTEXT
        j.queue, j.queue_s = queue, self.clock.now
        person = self._find_person(queue, contact.channel)
        if person is not None:
            self._unshelve(person)
            self._answer(contact, person)
            self._shelve(person)
        else:
            spec = self.scenario.queues[queue]
            if spec.room >= 0 and self.waiting[queue].value >= spec.room:
                j.state, j.disposition, j.end_s = State.GONE, Disposition.BLOCKED, self.clock.now
                return
            j.state = State.WAITING
            contact.lane = int(
                self.t.lane_of[queue, contact.channel, int(j.turns > 0), contact.brings("segment")]
            )
            self.lanes[contact.lane][contact] = None
            self._count_waiting(queue, 1)
            contact.answered = self.clock.event()
            patience_s = self._patience_s(contact)
            if contact.brings("silent") or patience_s == np.inf:
                yield contact.answered
            else:
                gives_up = self._at(self.clock.now + patience_s, Kind.GIVE_UP, contact.id)
                yield contact.answered | gives_up
                if j.state == State.WAITING:
                    self._give_up(contact)
                    return
        yield self._at(float(j.answer_s + j.handle_s), Kind.SERVICE_END, contact.id)
        j.state = State.GONE
        if j.ghost:
            j.disposition, j.end_s = Disposition.QUEUE_ABANDONED, j.queue_s + self._patience_s(contact)
        else:
            j.disposition, j.end_s = Disposition.HUMAN_RESOLVED, self.clock.now
        self._free(self.people[int(j.group)][int(j.agent)])

    def _give_up(self, contact: Contact) -> None:
        """Patience ends; the possible attempt behind this one becomes a real one."""
        j = contact.j
        self._leave_lane(contact)
        j.state, j.disposition, j.end_s = State.GONE, Disposition.QUEUE_ABANDONED, self.clock.now
        again = int(contact.brings("redial_row"))
        if again >= 0:
            later = Contact(contact.block, again)
            later.j.arrive_s = self.clock.now + contact.brings("redial_after_s")
            self.clock.process(self._again(later))

    def _again(self, contact: Contact) -> Story:
        yield self._at(float(contact.j.arrive_s + contact.brings("lag_s")), Kind.ARRIVE, contact.id)
        yield from self._contact(contact)

    # --- people ----------------------------------------------------------------------------------------------------------------

    def _find_person(self, queue: int, channel: int) -> Person | None:
        """Who takes a contact of *channel* now: by group, idle first and then with the fewest, or the other way round to fill up."""
        spec = self.scenario.channels[channel]
        loads = range(spec.at_once)
        for g in self.t.queue_groups[queue]:
            if g < 0:
                break
            for load in reversed(loads) if spec.fill_up else loads:
                shelf: dict[Person, None] = self.shelves[g][
                    0 if load == 0 else 1 + channel * self.k.levels + load - 1
                ]
                for person in shelf:
                    return person
        return None

    def _shelve(self, person: Person) -> None:
        """A person who can take somebody stands at the end of the list for that."""
        if person.load == 0:
            line = 0
        elif person.load < self.scenario.channels[person.channel].at_once:
            line = 1 + person.channel * int(self.k.levels) + person.load - 1
        else:
            return
        person.shelf = self.shelves[person.group][line]
        person.shelf[person] = None

    def _unshelve(self, person: Person) -> None:
        if person.shelf is not None:
            del person.shelf[person]
            person.shelf = None

    def _pick(self, group: int, channel: int) -> Contact | None:
        """Whom a free person of *group* takes; only of *channel* unless that is −1."""
        best: tuple[int, int, float, Contact] | None = None
        for lane, rank in zip(self.t.group_lanes[group], self.t.group_rank[group], strict=True):
            if lane < 0:
                break
            if not self.lanes[lane] or (channel >= 0 and self.t.lane_channel[lane] != channel):
                continue
            head = next(iter(self.lanes[lane]))
            priority = int(self.t.lane_priority[lane])
            due_s = float(head.j.queue_s - self.t.lane_credit_s[lane])
            if (
                best is None
                or rank < best[0]
                or (rank == best[0] and comes_before(priority, due_s, head.id, best[1], best[2], best[3].id))
            ):
                best = (int(rank), priority, due_s, head)
        return best[3] if best is not None else None

    def _fill(self, person: Person) -> None:
        """A person takes whom it can, then rests."""
        while True:
            channel = person.channel if person.load > 0 else -1
            if channel >= 0 and person.load >= self.scenario.channels[channel].at_once:
                return
            contact = self._pick(person.group, channel)
            if contact is None:
                break
            self._leave_lane(contact)
            self._answer(contact, person)
            assert contact.answered is not None
            contact.answered.succeed()
        self._shelve(person)

    def _answer(self, contact: Contact, person: Person) -> None:
        """A person takes the contact; the contact's own story goes on at the end of the service."""
        j, k, now_s = contact.j, self.k, self.clock.now
        self._settle_group(person.group)
        person.load += 1
        self.in_hand[person.group].value += 1
        if person.load == 1:
            self.busy[person.group].value += 1
            person.channel = contact.channel
        j.state, j.answer_s = State.WITH_PERSON, now_s
        j.group, j.agent = person.group, person.number
        channel = self.scenario.channels[contact.channel]
        if contact.brings("silent") and now_s > j.queue_s + self._patience_s(contact):
            j.ghost, j.handle_s = 1, channel.silent_detect_s
            return
        j.handle_s = physics.person_handle_s(
            float(contact.brings("handle_s")),
            float(self.t.crowd[contact.channel, person.load]),
            person.pace,
            bool(j.turns > 0),
            float(j.fidelity),
            float(j.mood),
            float(k.switch),
            float(k.reexplain),
            float(k.prework),
            float(k.mood_effect),
            channel.handover_s,
        )

    def _free(self, person: Person) -> None:
        """A person has one contact less."""
        g = person.group
        self._settle_group(g)
        self._unshelve(person)
        person.load -= 1
        self.in_hand[g].value -= 1
        if person.load == 0:
            self.busy[g].value -= 1
            person.channel = -1
        if person.leaving:
            if person.load == 0:
                person.here = person.leaving = False
                self.present[g].value -= 1
            return
        self._fill(person)

    # --- small things ----------------------------------------------------------------------------------------------------------

    def _at(self, second: float, kind: Kind, contact: int) -> Event:
        event = self.clock.at(second, floor_place(kind, contact))
        assert event.callbacks is not None
        event.callbacks.append(self._tick)
        return event

    def _tick(self, _: Event) -> None:
        self.events += 1

    def _patience_s(self, contact: Contact) -> float:
        patience_s = float(contact.brings("patience_s"))
        if contact.j.turns > 0:
            patience_s *= self.scenario.queues[int(contact.j.queue)].patience_escalated
        return patience_s

    def _count_waiting(self, queue: int, change: int) -> None:
        self.waiting[queue].settle(self.clock.now)
        self.waiting[queue].value += change
        self.peak[queue] = max(self.peak[queue], self.waiting[queue].value)

    def _leave_lane(self, contact: Contact) -> None:
        del self.lanes[contact.lane][contact]
        self._count_waiting(int(self.t.lane_queue[contact.lane]), -1)

    def _settle_group(self, group: int) -> None:
        for meters in (self.busy, self.present, self.in_hand):
            meters[group].settle(self.clock.now)

    def _count_session(self, fleet: int, channel: int, change: int) -> None:
        self.sessions[fleet].settle(self.clock.now)
        self.sessions[fleet].value += change
        self.sessions_in[fleet, channel] += change

    def _leave_fleet(self, contact: Contact) -> None:
        self._count_session(int(contact.j.fleet), contact.channel, -1)

    def _end_ai(self, contact: Contact) -> None:
        contact.j.ai_end_s = self.clock.now
        if contact.j.monitored:
            self.watched -= 1

    def _log(
        self, contact: Contact, kind: Decision, reason: int, fleet: int, queue: int, seen: float, limit: float
    ) -> None:
        self.decisions.append((self.clock.now, contact.id, int(kind), int(reason), fleet, queue, seen, limit))

    def _hear(self, fleet: int, epoch: int, failed: bool, slow: bool) -> None:
        """The fleet's breaker hears how a call ended."""
        before = int(self.breakers[fleet].state)
        if breaker.on_reply(self.breakers, self.ring, fleet, epoch, failed, slow, self.clock.now):
            self._moved(fleet, before)

    def _moved(self, fleet: int, before: int) -> None:
        """A breaker moved: control looks before anything else happens, and the next timed move is set."""
        b = self.breakers[fleet]
        move = np.zeros(1, dtype=MOVE)[0]
        move.at_s, move.fleet, move.from_state, move.to_state = self.clock.now, fleet, before, b.state
        move.cause, move.part, move.whole, move.limit = b.cause, b.part, b.whole, b.limit
        looks = self.clock.before(self.clock.now)
        assert looks.callbacks is not None
        looks.callbacks.append(lambda _: self.on_move(move))
        if b.until_s < np.inf:
            self.clock.process(self._timer(fleet, float(b.until_s)))

    def _timer(self, fleet: int, due_s: float) -> Story:
        yield self._at(due_s, Kind.TIMER, fleet)
        before = int(self.breakers[fleet].state)
        if breaker.on_time(self.breakers, self.ring, fleet, self.clock.now):
            self._moved(fleet, before)

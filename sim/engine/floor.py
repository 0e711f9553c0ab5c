"""The plain floor: one SimPy process for every contact, to be read from top to bottom. The oracle of the compiled one.

A contact arrives, is decided on, talks to an AI fleet turn by turn, waits for a person, talks to one, or gives up: `PlainFloor._contact`
tells that story. The decisions are those of `sim.orchestration`, the laws those of `sim.engine.physics`; what happens at the same instant
happens in the order of `sim.engine.ties`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
from simpy.events import Event

from sim.demand.contacts import Contacts
from sim.demand.draw import pace
from sim.engine import dice, physics
from sim.engine import relief as customer
from sim.engine.clock import Clock, floor_place
from sim.engine.control import Condition, Look
from sim.engine.estimates import Standing
from sim.engine.forecast import STEP_S
from sim.engine.kernel.relief import CALLBACK_HORIZON_S
from sim.engine.kernel.sessions import BACK_S
from sim.engine.kernel.watch import LOOK_AHEAD_S
from sim.engine.kernel.world import (
    DRAIN,
    FAIL_OVER,
    KNOBS,
    LOST_CONTEXT,
    bias_rows,
    breakers,
    host_rows,
    knobs,
    level_tables,
    limit_rows,
    line_rows,
    relief_rows,
    work_rows,
)
from sim.engine.records import Recorder
from sim.engine.state import DECISION, FAILED, JOURNEY, LIMITED, MOVE, OK, Disposition, Handling, Mode, State
from sim.engine.tables import tables
from sim.engine.ties import Kind
from sim.engine.watch import (
    ABANDONED,
    CONTAINED,
    ESCALATED,
    LOOPED,
    MOVED_BREAKER,
    MOVED_LEVEL,
    MOVED_SCALE,
    MOVED_WARNING,
    came_back,
    heard_reply,
    judge_sessions,
    look_at_fleet,
    probe,
    served,
    session_ended,
    session_scored,
    watch,
)
from sim.engine.what import What
from sim.orchestration import breaker, ejection, look_ahead, relief
from sim.orchestration.limits import take_call
from sim.orchestration.matching import comes_before
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

    __slots__ = ("began_s", "block", "channel", "id", "j", "lane", "moved", "row")

    def __init__(self, block: Block, row: int) -> None:
        self.block, self.row = block, row
        self.j: Any = Journey()
        block.journeys[row] = self.j
        self.id: int = block.brought["id"][row]
        self.channel: int = block.brought["channel"][row]
        self.lane = -1
        self.began_s = 0.0
        self.moved: Event | None = None
        """Happens when it leaves the place where it waits, other than by giving up."""

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
        self.capacity = [(f.sessions, f.open_sessions) for f in scenario.fleets]
        """Sessions of every fleet now, and those that customers outside the premium segments may use."""
        unharmed = np.zeros(len(scenario.names.intents))
        self.condition = [
            Condition(
                False, f.errors, 1.0, False, False, unharmed, unharmed, np.zeros(f.hosts), np.ones(f.hosts)
            )
            for f in scenario.fleets
        ]
        self.ejection, self.hosts = host_rows(scenario)
        self.retrying = [0 for _ in range(fleets)]
        self.stranded: list[dict[Contact, None]] = [{} for _ in range(fleets)]
        self.held: list[dict[Contact, None]] = [{} for _ in self.t.lane_queue]
        self.relief = relief_rows(scenario)
        self.lines, self.works = line_rows(self.t), work_rows(scenario, self.t)
        self.joined = [0 for _ in scenario.queues]
        self.gave_up = [0 for _ in scenario.queues]
        self.limits = limit_rows(scenario)
        self.watch = watch(scenario)
        self.bias = bias_rows(scenario)
        self.levels, self.level_surer, self.level_sessions = level_tables(scenario)
        self.classifier_down = False
        self.watched = 0
        self.events = 0
        self.blocks: list[Block] = []
        self.decisions: list[tuple[Any, ...]] = []

    # --- what control does ---------------------------------------------------------------------------------------------------------

    def load(self, contacts: Contacts) -> None:
        """Take in a block of customers."""
        if not self.blocks and self.k.watch_every_s < np.inf:
            self.clock.process(self._watching())
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

    def set_fleet(self, fleet: int, condition: Condition) -> None:
        """How a fleet is from now on."""
        reached_again = self.condition[fleet].cut_off and not condition.cut_off
        self.condition[fleet] = condition
        while reached_again and self.stranded[fleet]:
            contact = next(iter(self.stranded[fleet]))
            del self.stranded[fleet][contact]
            with self._leaving(contact):
                self._ask_for_person(contact)

    def set_classifier(self, down: bool) -> None:
        """The classifier gives no labels from now on, or does again."""
        self.classifier_down = down

    def force(self, fleet: int, state: int) -> bool:
        """Move a fleet's breaker by order; whether it moved."""
        if not breaker.force(self.breakers, self.ring, fleet, state, self.clock.now):
            return False
        until_s = float(self.breakers[fleet].until_s)
        if until_s < np.inf:
            self.clock.process(self._timer(fleet, until_s))
        return True

    def judge(self, judged: bool) -> None:
        """From now on breakers hear what sessions come to, or do not."""
        judge_sessions(self.watch, self.breakers, judged)

    def hold(self, fleet: int) -> None:
        """Keep a fleet's open breaker open until it is forced."""
        breaker.hold(self.breakers, fleet)

    def breaker_row(self, fleet: int) -> Any:
        """A fleet's breaker as it is."""
        return self.breakers[fleet]

    def standing(self) -> Standing:
        """How the fleets stand."""
        self._settle()
        return Standing(
            breaker=tuple(self.breakers["state"].tolist()),
            level=tuple(self.levels["level"].tolist()),
            sessions=tuple(
                ejection.in_service(self.ejection, f, sessions)
                for f, (sessions, _) in enumerate(self.capacity)
            )
            or (0,),
            active=tuple(meter.value for meter in self.sessions),
            all_in=all(ejection.all_in(self.ejection, f) for f in range(len(self.ejection))),
        )

    def _settle(self) -> None:
        """Bring every integral up to now."""
        for g in range(len(self.people)):
            self._settle_group(g)
        for meter in (*self.waiting, *self.sessions):
            meter.settle(self.clock.now)

    def look(self) -> Look:
        """How things stand; peaks are counted from the last look."""
        self._settle()

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
            held=np.bincount(
                self.t.lane_queue, weights=[len(hold) for hold in self.held], minlength=len(self.waiting)
            ).astype(np.int64),
            stranded=np.array([len(hold) for hold in self.stranded], dtype=np.int64),
            breaker=self.breakers["state"].copy(),
            level=self.levels["level"].copy(),
            sessions=np.array([sessions for sessions, _ in self.capacity] or [0], dtype=np.int64),
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
        while True:
            if handling is None:
                ending = yield from self._in_ai(contact)
                if ending is None:
                    return
                handling, reason, seen, limit = ending
            yield from self._to_person(contact, handling, reason, seen, limit)
            if contact.j.state != State.IN_AI:
                return
            # Held back and then taken by a fleet after all.
            handling = None
            yield self._at(float(contact.j.ai_start_s) + BACK_S, Kind.CALL, contact.id)

    def _decide(self, contact: Contact) -> tuple[Handling | None, int, float, float]:
        """Where the contact goes first: None for the AI, else how it comes to people and why."""
        j, k = contact.j, self.k
        now_s = self.clock.now
        j.decide_s = now_s
        for field in (
            "ai_start_s",
            "ai_end_s",
            "stranded_s",
            "hold_s",
            "joined_s",
            "told_s",
            "taken_s",
            "queue_s",
            "answer_s",
            "end_s",
            "handle_s",
        ):
            setattr(j, field, np.nan)
        j.fidelity, j.mood = contact.brings("fidelity"), contact.brings("mood")
        for field in ("first_fleet", "fleet", "queue", "group", "agent"):
            setattr(j, field, -1)
        j.via = contact.channel
        label, confidence = int(contact.brings("label")), float(contact.brings("confidence"))
        if self.classifier_down:
            label, confidence = UNKNOWN, 0.0
        eligible, ai_at, monitored_at = False, 0.0, 0.0
        if label != UNKNOWN:
            cell = (label, contact.channel, contact.brings("segment"))
            eligible = bool(self.scenario.ai.eligible[label])
            ai_at = float(self.scenario.routing.ai_at[cell])
            monitored_at = float(self.scenario.routing.monitored_at[cell])
        b = float(self.bias[0].b)
        if b > 0.0 and label != UNKNOWN and not self.t.keeps_rules[contact.brings("segment")]:
            ai_at = look_ahead.ai_at(ai_at, b, bool(self.scenario.ai.risk[label] == 0))
        seen, watch = confidence, False
        if k.by == BY_FIT:
            target, reason, seen, limit = self._fit(contact, label, eligible, confidence)
        else:
            target, reason, limit = route(int(k.by), label, confidence, eligible, ai_at, monitored_at)
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

    def _fit(
        self, contact: Contact, label: int, eligible: bool, confidence: float
    ) -> tuple[int, int, float, float]:
        """Where the contact is worth most now."""
        chance, least, with_ai, with_person = 0.0, 0.0, 0.0, 0.0
        if eligible:
            with_person = self._with_person(contact)
            _, chance, with_ai = self._fittest(contact, confidence, with_person, 0)
            least = float(self.t.fit.least[label])
        return best_fit(label, eligible, chance, least, with_ai, with_person)

    def _with_person(self, contact: Contact) -> float:
        """What a person is worth to the contact now."""
        fit, channel, label = self.t.fit, contact.channel, int(contact.brings("label"))
        queue = int(self.scenario.queue_of_channel[channel])
        wait_s = expected_wait_s(
            float(self.waiting[queue].value),
            float(self.t.queue_handle_s[queue]),
            self._working(queue, channel),
        )
        return worth_of_person(
            float(fit.value[label]),
            float(fit.person_cost[label, channel]),
            wait_s,
            float(fit.wait_per_s[channel]),
        )

    def _fittest(
        self, contact: Contact, confidence: float, with_person: float, tried: int
    ) -> tuple[int, float, float]:
        """The fleet that the contact is worth most with but for those tried, its chance and its worth there; −1 for none."""
        fit, label = self.t.fit, int(contact.brings("label"))
        found, chance, best = -1, 0.0, -np.inf
        for f in self.scenario.failover.chain[contact.channel]:
            if tried >> f & 1:
                continue
            q = confidence * float(fit.chance[f, label, contact.channel, contact.brings("language")])
            if q < fit.least[label]:
                if found < 0:
                    chance = max(chance, q)
                continue
            worth = worth_of_ai(
                q,
                float(fit.value[label]),
                float(fit.ai_cost[f, label, contact.channel]),
                float(self.k.noticed),
                with_person - float(self.k.handed_over),
                float(fit.silent[label]),
                self.sessions[f].value / max(1, self.capacity[f][0]),
                float(self.k.load_price),
            )
            if found < 0 or worth > best:
                found, chance, best = f, q, worth
        return found, chance, best

    def _fleets_to_try(self, contact: Contact) -> Iterator[int]:
        """Fleets that the contact has not been with: those of its chain, in order or the fittest first."""
        tried = int(contact.j.visited)
        if self.k.by != BY_FIT:
            yield from (f for f in self.scenario.failover.chain[contact.channel] if not tried >> f & 1)
            return
        confidence, with_person = float(contact.brings("confidence")), self._with_person(contact)
        while (f := self._fittest(contact, confidence, with_person, tried)[0]) >= 0:
            tried |= 1 << f
            yield f

    def _place(self, contact: Contact) -> tuple[int, float, float]:
        """Find a fleet with room; tells why not where there is none."""
        j = contact.j
        reason, seen, limit = int(Reason.NO_FLEET), 0.0, 0.0
        for f in self._fleets_to_try(contact):
            label, confidence = int(contact.brings("label")), float(contact.brings("confidence"))
            level = int(self.levels[f].level)
            surer = float(self.level_surer[level])
            simple_only = breaker.simple_only(self.breakers, f)
            if simple_only:
                surer = max(surer, float(self.k.surer))
            enough = (
                float(self.scenario.routing.ai_at[label, contact.channel, contact.brings("segment")]) + surer
            )
            self._sweep(f)
            if not breaker.admits(self.breakers, f):
                reason, seen, limit = int(Reason.BREAKER_OPEN), 0.0, 0.0
            elif not ejection.enough_left(self.ejection, f):
                reason = int(Reason.FEW_HOSTS)
                seen, limit = float(self.ejection[f].available), float(self.ejection[f].hosts)
            elif simple_only and (not self.t.simple[label] or confidence < enough):
                reason, seen, limit = int(Reason.NOT_SIMPLE), confidence, enough
            elif self.t.shed[level, label]:
                reason, seen, limit = int(Reason.SHED), float(level), 0.0
            elif level > 0 and confidence < enough:
                reason, seen, limit = int(Reason.NOT_SURE_ENOUGH), confidence, enough
            else:
                sessions, open_sessions = self.capacity[f]
                premium = bool(self.t.premium[f, contact.brings("segment")])
                sessions = int(
                    (sessions if premium else open_sessions) * float(self.level_sessions[level]) + 1e-9
                )
                reason, seen, limit = admit(
                    self.sessions[f].value,
                    ejection.sessions_left(self.ejection, f, sessions),
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
                k, fleet = self.k, self.scenario.fleets[f]
                ability = float(contact.brings("ability")[f])
                ability += float(self.condition[f].shift[contact.brings("intent")])
                left = ejection.sessions_left(self.ejection, f, self.capacity[f][0])
                ability += physics.load_shift(
                    self.sessions[f].value, left, fleet.quality_from, fleet.quality_loss
                )
                j.mode = physics.session_mode(
                    ability,
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
            if self.breakers[int(j.fleet)].state == breaker.State.OPEN and k.on_open != DRAIN:
                if k.on_open != FAIL_OVER:
                    self._leave_fleet(contact)
                    self._end_ai(contact)
                    return Handling.SPILLED, int(Reason.BREAKER_OPEN), 0.0, 0.0
                moved = self._move_on(contact, int(Reason.BREAKER_OPEN), 0.0, 0.0)
                if moved is not None:
                    return moved
                admitted = True
            outcome = yield from self._call(contact, admitted)
            admitted = False
            self._retry_over(j)
            if self._hangs_up(contact):
                self._close(contact, Disposition.AI_ABANDONED, Handling.AI_ABANDONED)
                return None
            if outcome == OK:
                yield self._at(self.clock.now + float(contact.brings("think_s")), Kind.CALL, contact.id)
                ending = self._after_turn(contact)
                if ending is not None:
                    return ending if ending[0] in (Handling.ESCALATED, Handling.SPILLED) else None
            else:
                tries = float(j.tries)
                if outcome == FAILED:
                    reason, limit = int(Reason.CALL_FAILED), 1.0 + float(k.retries)
                elif outcome == LIMITED:
                    reason, limit = int(Reason.CALL_LIMITED), 1.0 + float(k.retries)
                else:
                    reason = int(Reason.CALL_TIMED_OUT)
                    limit = self.scenario.channels[contact.channel].reply_timeout_s
                f = int(j.fleet)
                active = self.sessions[f].value
                in_budget = may_retry(self.retrying[f], active, float(k.retry_share), int(k.retry_at_least))
                if j.tries > k.retries or not in_budget:
                    if j.tries <= k.retries:
                        reason, tries = int(Reason.NO_RETRY_LEFT), float(self.retrying[f])
                        limit = max(float(k.retry_at_least), float(k.retry_share) * active)
                    moved = self._move_on(contact, reason, tries, limit)
                    if moved is not None:
                        return moved
                    admitted = True
                    continue
                self._log(contact, Decision.RETRY, reason, f, -1, tries, limit)
                j.retry_open = 1
                self.retrying[f] += 1
                u = dice.uniform(int(contact.brings("key")), dice.RETRY, int(j.calls))
                wait_s = float(k.retry_from_s) + u * float(k.retry_span_s)
                yield self._at(self.clock.now + wait_s, Kind.CALL, contact.id)

    def _call(self, contact: Contact, admitted: bool) -> Story:
        """One call of the fleet: how it ended; its breaker has heard."""
        j, key = contact.j, int(contact.brings("key"))
        f = int(j.fleet)
        epoch = breaker.call_epoch(self.breakers, f, admitted)
        j.calls += 1
        j.tries += 1
        fleet, condition = self.scenario.fleets[f], self.condition[f]
        latency_s, u_error, host = 0.0, 1.0, 0
        if not self.t.instant[f]:
            latency_s = physics.from_table(self.t.latency_s, f, dice.uniform(key, dice.LATENCY, int(j.calls)))
        left = ejection.sessions_left(self.ejection, f, self.capacity[f][0])
        factor = condition.factor * physics.load_factor(
            self.sessions[f].value, left, fleet.load_from, fleet.load_slope
        )
        errors = condition.errors
        if fleet.hosts > 1:
            u_host = dice.uniform(key, dice.HOST, int(j.calls))
            host = ejection.host_of(self.ejection, self.hosts, f, u_host)
            factor *= condition.host_factor[host]
            errors = physics.both(errors, float(condition.host_errors[host]))
        if errors > 0.0:
            u_error = dice.uniform(key, dice.ERROR, int(j.calls))
        channel = self.scenario.channels[contact.channel]
        outcome, reply_s = physics.call_outcome(
            latency_s, u_error, condition.down, errors, float(factor), channel.reply_timeout_s
        )
        tokens_in, tokens_out = physics.tokens(int(j.turns) + 1)
        for node in self.t.fleet_limits[f]:
            if node < 0:
                break
            if take_call(self.limits, int(node), tokens_in, tokens_out, self.clock.now) != 0:
                outcome, reply_s = LIMITED, 0.0
                break
        if not (self.t.instant[f] and outcome == OK):
            yield self._at(self.clock.now + reply_s, Kind.REPLY, contact.id)
        j.reply_s = reply_s
        if self.ejection[f].on and outcome != LIMITED:
            self._sweep(f)
            if ejection.heard(self.ejection, self.hosts, f, host, outcome != OK, self.clock.now):
                self._note_host(f, host)
        if self.levels[f].on:
            failed, slow = outcome != OK, reply_s > channel.slow_reply_s
            heard_reply(self.watch, f, failed, slow, reply_s, self.clock.now)
        self._hear(f, epoch, outcome != OK, reply_s > channel.slow_reply_s)
        return outcome

    def _hangs_up(self, contact: Contact) -> bool:
        """Whether the customer is gone when a reply that took too long is there; it has worn on who stays, too."""
        j, k = contact.j, self.k
        if j.reply_s <= self.scenario.channels[contact.channel].notice_s:
            return False
        j.mood = physics.mood_after_slow(float(j.mood), float(k.slow_mood))
        return dice.uniform(int(contact.brings("key")), dice.HANGS_UP, int(j.calls)) < float(k.slow_leaves)

    def _sweep(self, f: int) -> None:
        """Compare the hosts of a fleet when that is due."""
        if not self.ejection[f].on or not ejection.sweep(self.ejection, self.hosts, f, self.clock.now):
            return
        while (host := ejection.next_move(self.ejection, self.hosts, f, self.clock.now)) >= 0:
            self._note_host(f, host)

    def _note_host(self, f: int, host: int) -> None:
        """A host went or came back, and panic may begin or end with it."""
        row = self.ejection[f]
        out = self.hosts[f, host].out
        self._note(What.HOST, f, host, out, row.cause, row.part, row.whole, row.limit)
        if ejection.panic_moved(self.ejection, f):
            self._note(What.HOST, f, -1, row.panics, row.cause, row.part, row.whole, row.limit)

    def _after_turn(self, contact: Contact) -> tuple[Handling, int, float, float] | None:
        """What the turn that just ended means: None to go on, else how the session ends."""
        j, k = contact.j, self.k
        j.turns += 1
        j.tries = 0
        turn, mode, key = int(j.turns), int(j.mode), int(contact.brings("key"))
        j.mood = physics.mood_after_turn(float(j.mood), mode, float(k.mood_good), float(k.mood_bad))
        stopped = float(self.condition[int(j.fleet)].policy[contact.brings("intent")])
        if physics.stopped_by_policy(key, turn, int(contact.brings("turns")), stopped):
            return self._escalate(contact, Reason.POLICY, float(turn), 0.0)
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
        b = 0.0 if self.t.keeps_rules[contact.brings("segment")] else float(self.bias[0].b)
        low_below = float(k.low_below)
        max_turns = int(self.scenario.triggers.max_turns[contact.brings("label")])
        max_session_s = float(self.scenario.triggers.max_session_s[contact.channel])
        if b > 0.0:
            low_below = look_ahead.sentiment_below(low_below, b)
            max_turns = look_ahead.max_turns(max_turns, b)
            max_session_s = look_ahead.max_session_s(max_session_s, b)
        if k.low_turns_at > 0:
            normal = physics.from_table(self.t.normal, 0, dice.uniform(key, dice.SENTIMENT, turn))
            reading = physics.sentiment_reading(normal, float(j.mood), float(k.low_noise))
            j.sentiment = smoothed(float(j.sentiment), reading)
            u = dice.uniform(key, dice.SENTIMENT_SEEN, turn)
            low = u < k.low_recall if j.sentiment < low_below else u < k.low_false
            j.low_turns = j.low_turns + 1 if low else 0
        reason, seen, limit = first_hit(
            bool(asked),
            bool(off_topic),
            int(j.low_turns),
            int(k.low_turns_at),
            float(j.sentiment),
            low_below,
            turn,
            max_turns,
            self.clock.now - float(j.ai_start_s),
            max_session_s,
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
        looped = reason in (Reason.MAX_TURNS, Reason.MAX_DURATION)
        self._session_ended(contact, LOOPED if looped else ESCALATED)
        self._leave_fleet(contact)
        self._end_ai(contact)
        return Handling.ESCALATED, int(reason), seen, limit

    def _session_ended(self, contact: Contact, how: int) -> None:
        f, key = int(contact.j.fleet), int(contact.brings("key"))
        session_ended(self.watch, f, key, self.condition[f].dark, how, self.clock.now)

    def _close(
        self, contact: Contact, disposition: Disposition, handling: Handling
    ) -> tuple[Handling, int, float, float]:
        self._leave_fleet(contact)
        self._end_ai(contact)
        j = contact.j
        j.state, j.disposition, j.handling, j.end_s = State.GONE, disposition, handling, self.clock.now
        contained, f, key = disposition != Disposition.AI_ABANDONED, int(j.fleet), int(contact.brings("key"))
        self._session_ended(contact, CONTAINED if contained else ABANDONED)
        if contained:
            right = disposition == Disposition.AI_RESOLVED
            session_scored(self.watch, f, key, self.condition[f].dark, right, self.clock.now)
            served(self.watch, f, key, float(j.mood), right, self.clock.now)
        if disposition == Disposition.AI_FALSE_CONTAINED:
            self._return_later(contact, float(self.k.returns_false))
        elif not contained:
            self._return_later(contact, float(self.k.returns_abandoned))
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
            j.mood = physics.mood_after_transfer(
                float(j.mood), float(j.fidelity), float(self.k.reexplain_mood), float(self.k.transfer_mood)
            )
            if self.condition[int(j.fleet)].cut_off:
                self._strand(contact)
            else:
                self._ask_for_person(contact)
        else:
            self._ask_for_person(contact)
        yield from self._with_people(contact)

    def _with_people(self, contact: Contact) -> Story:
        """From the moment somebody is asked for to the end: hang, be held back, wait, talk, be called again."""
        j = contact.j
        while j.state not in (State.GONE, State.IN_AI):
            if j.state == State.WITH_PERSON:
                yield self._at(float(contact.began_s + j.handle_s), Kind.SERVICE_END, contact.id)
                self._service_end(contact)
            elif j.state == State.AWAY:
                yield self._at(float(j.leaves_s), Kind.DIAL, contact.id)
                j.waited_before_s += j.taken_s - j.joined_s
                expires_s = float(j.queue_s + self.relief[int(j.queue)].callback_expires_s)
                self._join(contact, expires_s)
            else:
                moved, visible = contact.moved, not contact.brings("silent") or j.callback == 1
                assert moved is not None
                if j.leaves_s == np.inf or (j.state == State.WAITING and not visible):
                    yield moved
                else:
                    yield moved | self._at(float(j.leaves_s), Kind.GIVE_UP, contact.id)
                if not moved.triggered:
                    self._give_up(contact)

    @contextmanager
    def _leaving(self, contact: Contact) -> Iterator[None]:
        """What happens inside takes the contact from where it waits; its story then goes on."""
        moved = contact.moved
        assert moved is not None
        yield
        moved.succeed()

    def _ask_for_person(self, contact: Contact) -> None:
        """The contact is told how long, offered something else, held back, or joins the queue."""
        j, k, r, now_s = contact.j, self.k, self.relief, self.clock.now
        queue = int(self.scenario.queue_of_channel[contact.channel])
        j.queue, j.queue_s = queue, now_s
        if r[queue].on:
            key = int(contact.brings("key"))
            told_s = self._told_s(queue, contact.channel, self._lane(contact, queue, contact.channel))
            j.told_s = told_s
            origin = relief.DIRECT
            if j.handling == Handling.ESCALATED:
                origin = relief.ESCALATED
            elif j.handling == Handling.SPILLED:
                origin = relief.SPILLED
            label = int(contact.brings("label"))
            value = np.inf if label == UNKNOWN else float(self.scenario.value[label])
            room = relief.room_for(
                r[queue].meter_target,
                self._working(queue, contact.channel),
                self._in_hand(queue, contact.channel),
                0.0,
                float(self.waiting[queue].value),
                r[queue].meter_weight,
            ) - self._held(queue)
            after = int(relief.Offer.NOTHING)
            while True:
                offered, seen, limit = relief.offer(
                    r,
                    queue,
                    after,
                    value,
                    origin,
                    bool(self.t.spared[contact.brings("segment")]),
                    bool(j.end_reason == Reason.EXPLICIT_REQUEST),
                    told_s,
                    room,
                    bool(j.held),
                )
                after = offered
                match offered:
                    case relief.Offer.NOTHING:
                        break
                    case relief.Offer.DEFLECT:
                        taken = customer.accepts_deflection(
                            dice.uniform(key, dice.DEFLECTS, 0), float(k.accept)
                        )
                        reason = Reason.SELF_SERVICE_TAKEN if taken else Reason.SELF_SERVICE_DECLINED
                        self._log(contact, Decision.OFFER, reason, -1, queue, seen, limit)
                        if taken:
                            self._deflect(contact)
                            return
                    case relief.Offer.CALLBACK:
                        taken = customer.accepts_callback(
                            dice.uniform(key, dice.CALLBACK, 0),
                            told_s,
                            float(k.callback_middle_s),
                            float(k.callback_spread_s),
                            float(k.callback_most),
                        )
                        reason = Reason.CALLBACK_TAKEN if taken else Reason.CALLBACK_DECLINED
                        self._log(contact, Decision.OFFER, reason, -1, queue, seen, limit)
                        if taken:
                            relief.promise(r, queue)
                            j.callback = 1
                            self._join(contact, now_s + float(r[queue].callback_expires_s))
                            return
                    case relief.Offer.HOLD:
                        self._log(contact, Decision.OFFER, Reason.HELD_BACK, -1, queue, seen, limit)
                        self._hold_back(contact)
                        return
            if relief.message_heard(r, queue):
                j.informed = 1
                does, other_s = self._at_announcement(contact, told_s)
                if does == customer.BALKS:
                    j.state, j.disposition, j.end_s = State.GONE, Disposition.BALKED, now_s
                    self._come_back(contact)
                    return
                if does == customer.SWITCHES:
                    contact.channel = j.via = int(k.change_to)
                    j.queue = int(self.scenario.queue_of_channel[j.via])
                    self._log(
                        contact, Decision.OFFER, Reason.CHANNEL_CHANGED, -1, int(j.queue), told_s, other_s
                    )
                    j.told_s = other_s
        self._join(contact, now_s + self._patience_s(contact))

    def _at_announcement(self, contact: Contact, told_s: float) -> tuple[int, float]:
        """What the customer does who hears it, and the wait that it is told of another channel."""
        k, key, other_s = self.k, int(contact.brings("key")), np.inf
        if k.change_to >= 0:
            queue = int(self.scenario.queue_of_channel[k.change_to])
            if queue != contact.j.queue:
                change_to = int(k.change_to)
                other_s = self._told_s(queue, change_to, self._lane(contact, queue, change_to))
        does = customer.at_announcement(
            dice.uniform(key, dice.BALKS, 0),
            dice.uniform(key, dice.SWITCHES, 0),
            told_s,
            float(k.balk_over_s),
            float(k.balk_scale_s),
            float(k.change_share) if relief.quicker(told_s, other_s) else 0.0,
        )
        return does, float(other_s)

    def _join(self, contact: Contact, leaves_s: float) -> None:
        """The contact joins its queue until *leaves_s* at most: it is answered, waits, or finds no place to wait."""
        j, queue = contact.j, int(contact.j.queue)
        j.leaves_s, j.joined_s = leaves_s, self.clock.now
        self.joined[queue] += 1
        if self.k.tells:
            relief.join_seen(self.lines, self._lane(contact, queue, contact.channel), self.clock.now)
        person = self._find_person(queue, contact.channel)
        if person is not None:
            self._unshelve(person)
            self._answer(contact, person)
            self._shelve(person)
            return
        spec = self.scenario.queues[queue]
        full = spec.room >= 0 and self.waiting[queue].value >= spec.room
        if full and not j.callback and not j.held and not j.passed_on:
            j.state, j.disposition, j.end_s = State.GONE, Disposition.BLOCKED, self.clock.now
            return
        j.state, contact.moved = State.WAITING, self.clock.event()
        contact.lane = self._lane(contact, int(j.queue), contact.channel)
        self.lanes[contact.lane][contact] = None
        self._count_waiting(queue, 1)

    def _lane(self, contact: Contact, queue: int, channel: int) -> int:
        """Where the contact stands, or would stand."""
        return int(self.t.lane_of[queue, channel, int(contact.j.turns > 0), contact.brings("segment")])

    def _strand(self, contact: Contact) -> None:
        """Nobody gets from this fleet to people: the contact hangs until that works again or patience ends."""
        j, f = contact.j, int(contact.j.fleet)
        if self.k.probe_hand_over:
            self._hear(f, int(self.breakers[f].epoch), True, False)
        j.state, j.stranded_s, contact.moved = State.STRANDED, self.clock.now, self.clock.event()
        j.leaves_s = self.clock.now + float(contact.brings("patience_s"))
        self.stranded[f][contact] = None

    def _hold_back(self, contact: Contact) -> None:
        """The contact waits in the buffer, informed and with more patience than in a queue."""
        j = contact.j
        j.state, j.held, j.hold_s, contact.moved = State.HELD, 1, self.clock.now, self.clock.event()
        j.leaves_s = self.clock.now + float(self.k.held_patience) * self._patience_s(contact)
        contact.lane = self._lane(contact, int(j.queue), contact.channel)
        self.held[contact.lane][contact] = None

    def _deflect(self, contact: Contact) -> None:
        """The contact tries self-service."""
        j, k, key = contact.j, self.k, int(contact.brings("key"))
        came_to = customer.after_deflection(
            dice.uniform(key, dice.HELPED, 0), dice.uniform(key, dice.BACK, 0), float(k.helped), float(k.back)
        )
        helped = came_to == customer.HELPED
        j.state, j.end_s = State.GONE, self.clock.now
        j.disposition = Disposition.DEFLECTED_OK if helped else Disposition.DEFLECTED_LOST
        again = int(contact.brings("again_row"))
        if came_to == customer.COMES_BACK and again >= 0:
            u = dice.uniform(key, dice.BACK_AFTER, 0)
            after_s = customer.between_s(u, float(k.back_from_s), float(k.back_until_s))
            self._comes(contact, again, after_s)

    def _service_end(self, contact: Contact) -> None:
        """A person finishes with the contact, or with trying to reach it."""
        j, queue, now_s = contact.j, int(contact.j.queue), self.clock.now
        j.state = State.GONE
        if self.k.tells:
            load = self.people[int(j.group)][int(j.agent)].load
            crowd = float(self.t.crowd[contact.channel, load])
            relief.work_seen(self.works, contact.channel, float(j.handle_s) / crowd)
        if j.wrong:
            self._pass_on(contact)
            return
        if j.ghost == 2:
            j.ghost = 0
            again_s = relief.dial_again_s(self.relief, queue, int(j.dials), float(j.queue_s), now_s)
            if again_s < np.inf:
                j.state, j.leaves_s = State.AWAY, again_s
            else:
                relief.settle(self.relief, queue)
                j.disposition, j.end_s = Disposition.CALLBACK_FAILED, now_s
        elif j.ghost:
            j.disposition, j.end_s = Disposition.QUEUE_ABANDONED, j.leaves_s
        else:
            if j.callback:
                relief.settle(self.relief, queue)
            if j.passed_on:
                j.handle_s += j.lost_s
                j.lost_s += float(self.k.longer_s)
            j.end_s = now_s
            if contact.brings("unresolved_u") < self.k.unresolved + self.k.unresolved_mood * float(j.mood):
                j.disposition = Disposition.HUMAN_UNRESOLVED
                self._return_later(contact, float(self.k.returns_unresolved))
            else:
                j.disposition = Disposition.HUMAN_RESOLVED
            if j.handling == Handling.HUMAN_ONLY:
                settled = j.disposition == Disposition.HUMAN_RESOLVED
                served(self.watch, -1, int(contact.brings("key")), float(j.mood), settled, now_s)
        self._free(self.people[int(j.group)][int(j.agent)])

    def _pass_on(self, contact: Contact) -> None:
        """The wrong people pass the contact on: they take somebody else, and it joins the queue again."""
        j = contact.j
        if not j.passed_on:
            j.taken_s = j.answer_s
        j.waited_before_s += j.taken_s - j.joined_s
        j.wrong, j.passed_on = 0, j.passed_on + 1
        j.lost_s += j.handle_s
        j.mood = physics.mood_after_transfer(float(j.mood), 1.0, 0.0, float(self.k.transfer_mood))
        self._free(self.people[int(j.group)][int(j.agent)])
        self._join(contact, self.clock.now + self._patience_s(contact))

    def _give_up(self, contact: Contact) -> None:
        """Patience ends, wherever the contact waits."""
        j = contact.j
        was, j.state, j.end_s = j.state, State.GONE, self.clock.now
        if was == State.STRANDED:
            del self.stranded[int(j.fleet)][contact]
            j.disposition = Disposition.DROPPED
            return
        if was == State.HELD:
            del self.held[contact.lane][contact]
        else:
            self._leave_lane(contact)
        if j.callback:
            relief.settle(self.relief, int(j.queue))
            j.disposition = Disposition.CALLBACK_FAILED
            return
        j.disposition = Disposition.QUEUE_ABANDONED
        if was != State.HELD:
            self.gave_up[int(j.queue)] += 1
        self._come_back(contact)

    def _come_back(self, contact: Contact) -> None:
        """Who gave up may try again: the possible attempt behind this one becomes a real one."""
        again = int(contact.brings("again_row"))
        if again < 0 or not contact.brings("redials"):
            return
        if contact.j.informed:
            u = dice.uniform(int(contact.brings("key")), dice.REDIALS, 0)
            if u >= self.k.message_redial:
                return
        self._comes(contact, again, float(contact.brings("redial_after_s")))

    def _return_later(self, contact: Contact, chance: float) -> None:
        """Whose issue is not settled may come back: a further attempt of the same issue, often on another day."""
        again = int(contact.brings("again_row"))
        if again >= 0 and contact.brings("returns_u") < chance:
            self._comes(contact, again, float(contact.brings("return_after_s")))

    def _comes(self, contact: Contact, again: int, after_s: float) -> None:
        later = Contact(contact.block, again)
        later.j.arrive_s = self.clock.now + after_s
        self.clock.process(self._again(later))

    # --- what the orchestrator does every few seconds ---------------------------------------------------------------------------

    def _watching(self) -> Story:
        """Look, and again after the usual time."""
        due_s = float(self.k.watch_every_s)
        while True:
            yield self._at(due_s, Kind.LOOK, 0)
            for f in range(len(self.scenario.fleets)):
                self._look_at_fleet(f)
            self._look_ahead()
            self._look_at_queues()
            self._drain_back()
            due_s = self.clock.now + float(self.k.watch_every_s)

    def _look_at_fleet(self, f: int) -> None:
        """What was seen arrives; breaker, level, warning and size may move."""
        before, condition = int(self.breakers[f].state), self.condition[f]
        errors = condition.errors
        if self.k.probe_synthetic and self.ejection[f].hosts > 1:
            u_host = dice.uniform(f, dice.HOST, int(self.clock.now))
            host = ejection.host_of(self.ejection, self.hosts, f, u_host)
            errors = physics.both(errors, float(condition.host_errors[host]))
        if self.k.probe_synthetic and probe(
            self.breakers, self.ring, f, condition.down, errors, condition.cut_off, self.clock.now
        ):
            self._moved(f, before)
        before, level = int(self.breakers[f].state), int(self.levels[f].level)
        moved, sessions = look_at_fleet(
            self.watch,
            self.breakers,
            self.ring,
            self.levels,
            f,
            self.sessions[f].value,
            self.capacity[f][0],
            self.condition[f].dark,
            self.clock.now,
        )
        if moved & MOVED_BREAKER:
            self._moved(f, before)
        if moved & MOVED_LEVEL:
            row = self.levels[f]
            self._note(What.LEVEL, f, level, row.level, row.cause, row.part, row.whole, row.limit)
        if moved & MOVED_WARNING:
            row = self.watch.warnings[f]
            self._note(
                What.WARNING, f, 1 - row.alarmed, row.alarmed, row.cause, row.part, row.whole, row.limit
            )
        if moved & MOVED_SCALE:
            row, now = self.watch.scalings[f], self.capacity[f][0]
            total = now + row.pending - row.fewer
            self._note(What.SCALE, f, now, total, row.cause, row.part, row.whole, row.limit)
        if sessions >= 0:
            # What is kept for premium segments stays as many as it was.
            before, open_sessions = self.capacity[f]
            self.capacity[f] = (sessions, open_sessions + sessions - before)

    def _look_ahead(self) -> None:
        """The schedule, once a minute."""
        row, now_s = self.bias[0], self.clock.now
        if row.on and not now_s < row.at_s + LOOK_AHEAD_S:
            stressed, b = bool((self.levels["level"] > 0).any()), float(row.b)
            if look_ahead.step(self.bias, self.t.needed_all, self.t.everybody, STEP_S, stressed, now_s):
                self._note(
                    What.BIAS, -1, round(100.0 * b), round(100.0 * row.b), 0, row.part, row.whole, row.limit
                )

    def _look_at_queues(self) -> None:
        """Announcement, promises, meter."""
        r, now_s = self.relief, self.clock.now
        for queue in range(len(self.scenario.queues)):
            if not r[queue].on:
                continue
            channel = int(np.flatnonzero(self.scenario.queue_of_channel == queue)[0])
            if r[queue].message_on:
                before = int(r[queue].message)
                told_s = self._told_s(queue, channel, int(self.t.lane_of[queue, channel, 0, 0]))
                if relief.move_message(r, queue, told_s, now_s):
                    row = r[queue]
                    self._note(What.MESSAGE, queue, before, row.message, 0, row.seen, 0.0, row.limit)
            if r[queue].callback_on and self.k.forecast_slots:
                handle_s = float(self.t.queue_handle_s[queue]) / self.scenario.channels[channel].at_once
                r[queue].slots = relief.spare_slots(
                    self.t.planned[queue],
                    self.t.needed[queue],
                    STEP_S,
                    handle_s,
                    1.0,
                    CALLBACK_HORIZON_S,
                    now_s,
                )
            if r[queue].meter_on:
                self._meter(queue, channel)

    def _meter(self, queue: int, channel: int) -> None:
        """Let in whom people are free for, and who was held too long."""
        row, now_s = self.relief[queue], self.clock.now
        lanes = [lane for lane in range(len(self.held)) if self.t.lane_queue[lane] == queue]
        free_for = relief.to_release(
            row.meter_target,
            self._working(queue, channel),
            self._in_hand(queue, channel),
            0.0,
            float(self.waiting[queue].value),
            row.meter_weight,
            sum(len(self.held[lane]) for lane in lanes),
            int(row.meter_most_per_s * self.k.watch_every_s),
        )
        for _ in range(free_for):
            best: tuple[int, float, Contact] | None = None
            for lane in lanes:
                if self.held[lane]:
                    head = next(iter(self.held[lane]))
                    priority = int(self.t.lane_priority[lane])
                    due_s = float(head.j.queue_s - self.t.lane_credit_s[lane])
                    if best is None or comes_before(priority, due_s, head.id, best[0], best[1], best[2].id):
                        best = (priority, due_s, head)
            assert best is not None
            self._let_in(best[2], Reason.LET_IN, float(free_for))
        for lane in lanes:
            while self.held[lane]:
                head = next(iter(self.held[lane]))
                if not relief.must_leave(float(head.j.hold_s), row.hold_max_s, now_s):
                    break
                self._let_in(head, Reason.HELD_TOO_LONG, float(row.hold_max_s))

    def _drain_back(self) -> None:
        """Who is held because the AI failed goes back to it, first come first, until the first whom no fleet takes."""
        for lane, hold in enumerate(self.held):
            if not relief.drains(self.relief, int(self.t.lane_queue[lane])):
                continue
            for contact in list(hold):
                j = contact.j
                may = relief.belongs_to_ai(
                    bool(j.handling == Handling.SPILLED),
                    bool(j.first_fleet >= 0),
                    bool(j.target == AI_MONITORED),
                )
                if may and self._settled(contact) and not self._back_to_ai(contact):
                    break

    def _settled(self, contact: Contact) -> bool:
        """Whether a fleet that serves the contact's channel has been well long enough, and has room."""
        for f in self.scenario.failover.chain[contact.channel]:
            b = self.breakers[f]
            closed, since_s = bool(b.state == breaker.State.CLOSED), float(b.since_s)
            active, sessions = self.sessions[f].value, self.capacity[f][1]
            queue = int(contact.j.queue)
            if relief.takes_back(self.relief, queue, closed, since_s, active, sessions, self.clock.now):
                return True
        return False

    def _back_to_ai(self, contact: Contact) -> bool:
        """A contact in the buffer, who never got into the AI, goes there after all; True when a fleet takes it."""
        j, now_s = contact.j, self.clock.now
        placed, _, _ = self._place(contact)
        if placed != Reason.ADMITTED:
            return False
        queue, held_s = int(j.queue), now_s - float(j.hold_s)
        del self.held[contact.lane][contact]
        limit = float(self.relief[queue].settle_s)
        self._log(contact, Decision.OFFER, Reason.BACK_TO_AI, int(j.fleet), queue, held_s, limit)
        with self._leaving(contact):
            j.state, j.handling, j.queue = State.IN_AI, Handling.AI_CONTAINED, -1
            j.queue_s = j.told_s = np.nan
            j.end_reason = 0
        return True

    def _let_in(self, contact: Contact, reason: Reason, limit: float) -> None:
        """A contact leaves the buffer for its queue, with the patience that it has left."""
        j, now_s = contact.j, self.clock.now
        held_s = now_s - float(j.hold_s)
        del self.held[contact.lane][contact]
        self._log(contact, Decision.OFFER, reason, -1, int(j.queue), held_s, limit)
        left_s = customer.patience_left_s(self._patience_s(contact), held_s, float(self.k.held_patience))
        with self._leaving(contact):
            self._join(contact, now_s + left_s)

    def _working(self, queue: int, channel: int) -> float:
        """Contacts of *channel* that the people on the floor for *queue* can have at once."""
        people = sum(self.present[g].value for g in self.t.queue_groups[queue] if g >= 0)
        return float(people * self.scenario.channels[channel].at_once)

    def _in_hand(self, queue: int, channel: int) -> float:
        """How many of those they have; somebody busy in another channel can have none more."""
        at_once = self.scenario.channels[channel].at_once
        people = [p for g in self.t.queue_groups[queue] if g >= 0 for p in self.people[g] if p.load > 0]
        return float(sum(p.load if p.channel == channel else at_once for p in people))

    def _held(self, queue: int) -> int:
        """Contacts held back before a queue."""
        return sum(len(hold) for lane, hold in enumerate(self.held) if self.t.lane_queue[lane] == queue)

    def _told_s(self, queue: int, channel: int, lane: int) -> float:
        """The wait that the next contact of *channel* is told, which would stand in *lane*."""
        if self._find_person(queue, channel) is not None:
            return 0.0
        now_s = self.clock.now
        for line, lead_s in enumerate(self.t.lead_s[lane].tolist()):
            ahead = 0
            for stands in (self.lanes[line], self.held[line]):
                for one in stands:
                    # First come, first in the line: who is called back once more stands at its end.
                    if lead_s < 0.0 and one.j.queue_s > now_s + lead_s:
                        break
                    ahead += 1
            self.lines[line].ahead, self.lines[line].over_s = float(ahead), max(0.0, lead_s)
        groups = [g for g in self.t.queue_groups[queue] if g >= 0]
        busy = [p.channel for g in groups for p in self.people[g] if p.load > 0]
        for k in range(len(self.works)):
            self.works[k].busy = float(busy.count(k))
        waiting = self.waiting[queue]
        return relief.told_by(
            int(self.relief[queue].told_by),
            self.lines,
            self.works,
            channel,
            float(sum(self.present[g].value for g in groups)),
            self.t.rostered[queue],
            STEP_S,
            float(self.gave_up[queue]),
            float(self.joined[queue]),
            waiting.area + waiting.value * (now_s - waiting.last_s),
            now_s,
        )

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
            with self._leaving(contact):
                self._answer(contact, person)
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
        j.state, contact.began_s = State.WITH_PERSON, now_s
        if j.passed_on:
            j.taken_s = now_s
        else:
            j.answer_s = now_s
        j.group, j.agent = person.group, person.number
        channel = self.scenario.channels[contact.channel]
        if contact.brings("silent") and not j.callback and now_s > j.leaves_s:
            j.ghost, j.handle_s = 1, channel.silent_detect_s
            return
        if k.wait_mood > 0.0 or k.answer_mood > 0.0:
            from_s = float(j.joined_s if j.passed_on else j.queue_s)
            waited_s = 0.0 if j.callback else now_s - from_s
            j.mood = physics.mood_after_wait(
                float(j.mood), waited_s, float(k.wait_free_s), float(k.wait_mood), float(k.answer_mood)
            )
        own_s = float(contact.brings("handle_s"))
        if k.change_to >= 0:
            before = self.scenario.channels[contact.brings("channel")]
            own_s *= channel.handle_factor / before.handle_factor
        j.handle_s = physics.person_handle_s(
            own_s,
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
        if k.misroute and not j.callback:
            mislabelled = (
                contact.brings("label") >= 0 and contact.brings("in_scope") and not contact.brings("right")
            )
            j.wrong = int(
                physics.with_wrong_people(
                    dice.uniform(int(contact.brings("key")), dice.MISROUTED, int(j.passed_on)),
                    int(j.passed_on),
                    bool(mislabelled),
                    1.0 - float(j.fidelity) if j.turns > 0 else 1.0,
                    float(k.wrong_label),
                    float(k.by_chance),
                    float(k.wrong_again),
                    int(k.wrong_most),
                )
            )
            if j.wrong:
                j.handle_s = float(k.discovery_s)
            elif j.passed_on:
                j.handle_s += float(k.longer_s)
        if j.callback:
            j.taken_s = now_s
            j.dials += 1
            u = dice.uniform(int(contact.brings("key")), dice.REACHED, int(j.dials))
            picked_up = customer.reached(u, float(k.callback_reached))
            j.handle_s = customer.callback_handle_s(float(j.handle_s), float(k.callback_dial_s), picked_up)
            if not picked_up:
                j.ghost, j.answer_s = 2, np.nan
                j.dialled_s += j.handle_s

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

    def _retry_over(self, j: Any) -> None:
        if j.retry_open:
            j.retry_open = 0
            self.retrying[int(j.fleet)] -= 1

    def _leave_fleet(self, contact: Contact) -> None:
        self._retry_over(contact.j)
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
        """The fleet's breaker hears how a call ended; a probe may have to get through to people as well."""
        before = int(self.breakers[fleet].state)
        if self.k.probe_hand_over and before == breaker.State.HALF_OPEN and self.condition[fleet].cut_off:
            failed = True
        if breaker.on_reply(self.breakers, self.ring, fleet, epoch, failed, slow, self.clock.now):
            self._moved(fleet, before)

    def _moved(self, fleet: int, before: int) -> None:
        """A breaker moved: control looks before anything else happens, and the next timed move is set."""
        b = self.breakers[fleet]
        self._note(What.BREAKER, fleet, before, b.state, b.cause, b.part, b.whole, b.limit)
        if before == breaker.State.HALF_OPEN and b.state != breaker.State.OPEN:
            came_back(self.watch, fleet)
        if b.until_s < np.inf:
            self.clock.process(self._timer(fleet, float(b.until_s)))

    def _note(
        self,
        what: What,
        fleet: int,
        before: int,
        after: int,
        cause: int,
        part: float,
        whole: float,
        limit: float,
    ) -> None:
        """A controller moved at a fleet: control looks before anything else happens."""
        move = np.zeros(1, dtype=MOVE)[0]
        move.at_s, move.what, move.subject, move.from_state, move.to_state = (
            self.clock.now,
            int(what),
            fleet,
            before,
            after,
        )
        move.cause, move.part, move.whole, move.limit = cause, part, whole, limit
        looks = self.clock.before(self.clock.now)
        assert looks.callbacks is not None
        looks.callbacks.append(lambda _: self.on_move(move.item()))

    def _timer(self, fleet: int, due_s: float) -> Story:
        yield self._at(due_s, Kind.TIMER, fleet)
        before = int(self.breakers[fleet].state)
        if breaker.on_time(self.breakers, self.ring, fleet, self.clock.now):
            self._moved(fleet, before)

"""The compiled floor as control sees it: blocks of customers in, finished journeys out."""

from __future__ import annotations

import threading
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.demand.contacts import Contacts
from sim.demand.draw import pace
from sim.engine.control import Condition, Look
from sim.engine.estimates import Standing
from sim.engine.kernel.advance import LOG_FULL, LOG_MARGIN, WOKEN, advance, settle, standing
from sim.engine.kernel.agenda import Agenda, agenda, push
from sim.engine.kernel.people import staff
from sim.engine.kernel.sessions import get_through
from sim.engine.kernel.world import Logs, Rows, World, world
from sim.engine.records import Recorder
from sim.engine.state import DECISION, JOURNEY, UNUSUAL, State
from sim.engine.tables import tables
from sim.engine.ties import SHIFT, Kind
from sim.engine.watch import judge_sessions
from sim.orchestration import breaker
from sim.orchestration.packed import Packed
from sim.scenario.model import Scenario

_ROW = (1 << SHIFT) - 1
_ROW_KINDS = np.array([k for k in Kind if k not in (Kind.TIMER, Kind.LOOK)])
MOST_LEFT_B = 256_000_000
"""Larger space is given back when its run is over."""


class _Space(NamedTuple):
    """Memory of a run that is over, for the next one: to touch fresh pages takes as long as to simulate."""

    journeys: Rows
    agenda: Agenda
    """Empty."""
    unusual: bool
    """Whether `UNUSUAL` fields may be set."""


_left = threading.local()
"""`space`, left by the last run of this thread."""


class KernelFloor:
    """One replication's floor.

    Args:
        scenario: What is simulated.
        replication: Which one.
        recorder: Takes in the journeys that are over.
    """

    def __init__(self, scenario: Scenario, replication: int, recorder: Recorder) -> None:
        t = tables(scenario)
        self._recorder = recorder
        self._world: World = world(scenario, t, pace(scenario, replication, int(t.people_most.sum())))
        self._contacts: Contacts | None = None
        # Taken away, so that no two runs have it at once.
        space: _Space | None = _left.__dict__.pop("space", None)
        if space is None:
            self._space: Rows = np.zeros(0, dtype=JOURNEY)
        else:
            self._space = space.journeys
            self._world = self._world._replace(agenda=space.agenda)
            if space.unusual and not self._world.knobs[0].unusual:
                _as_usual(self._space)
        self._journeys: Rows = self._space
        self._columns: dict[str, NDArray[Any]] = {}
        self._as_packed: Packed[tuple[Contacts, Rows, World]] | None = None
        self._standing = np.zeros((5, len(self._world.machines.fleets)), dtype=np.int64)
        self.now_s = 0.0
        self.moves: list[tuple[Any, ...]] = []
        """Moves of controllers on the floor that control has not written down yet."""

    def load(self, contacts: Contacts) -> None:
        """Take in a block of customers; who is gone makes room, who is still here is carried over."""
        first = self._contacts is None
        if first:
            self._contacts = contacts
            self._journeys = self._room_for(len(contacts.id))
        else:
            self._carry_over(contacts)
        w = self._world
        # At most one event of its own and two patiences for every row, and a timed move for every breaker.
        self._world = w._replace(agenda=_roomier(w.agenda, 3 * len(self._journeys) + 64))
        self._world.cursor[0].next = 0
        every_s = float(w.knobs[0].watch_every_s)
        if first and every_s < np.inf:
            push(self._world.agenda, every_s, int(Kind.LOOK) << SHIFT)

    def _carry_over(self, contacts: Contacts) -> None:
        old, j = self._contacts, self._journeys
        assert old is not None
        state = np.ascontiguousarray(j["state"])  # read five times; the rows are wide
        gone = state == State.GONE
        self._recorder.journeys(old, j, np.flatnonzero(gone))
        w = self._world
        for row in old.order[int(w.cursor[0].next) :].tolist():
            # Came before midnight, is decided on after it.
            push(w.agenda, float(old.arrive_s[row] + old.lag_s[row]), int(Kind.ARRIVE) << SHIFT | row)
        # Still here: in the system, due to try again (on the agenda), or a possible attempt of somebody who is.
        held = (state == State.STRANDED) | (state == State.HELD) | (state == State.AWAY)
        here = (state == State.IN_AI) | (state == State.WAITING) | (state == State.WITH_PERSON) | held
        a = self._world.agenda
        due = a.place[: a.length[0]]
        kinds = due >> SHIFT
        here[due[kinds == Kind.ARRIVE] & _ROW] = True
        keep = here.copy()
        behind = np.flatnonzero(here)
        while behind.size:
            behind = old.again_row[behind]
            behind = behind[behind >= 0]
            keep[behind] = True
        rows = np.flatnonzero(keep)
        new_row = np.full(len(j), -1, dtype=np.int64)
        new_row[rows] = np.arange(len(rows))
        carried = j[rows]
        self._contacts = self._joined(old, contacts, rows, new_row)
        waits = np.isin(carried["state"], (State.WAITING, State.STRANDED, State.HELD))
        for link in ("before", "behind"):
            linked = waits & (carried[link] >= 0)
            carried[link] = np.where(linked, new_row[np.where(linked, carried[link], 0)], -1)
        self._journeys = self._room_for(len(rows) + len(contacts.id))
        self._journeys[: len(rows)] = carried
        for end in ("head", "tail"):
            for lines in (self._world.people.lanes, self._world.machines.holds):
                at = lines[end]
                lines[end] = np.where(at >= 0, new_row[at], -1)
        # The agenda: rows renamed, what concerned somebody gone forgotten; a sorted list is a heap.
        row_bound = np.isin(kinds, _ROW_KINDS)
        row = np.where(row_bound, new_row[np.where(row_bound, due & _ROW, 0)], due & _ROW)
        stay = row >= 0
        place, at_s = (kinds << SHIFT | row)[stay], a.at_s[: a.length[0]][stay]
        order = np.lexsort((place, at_s))
        a.at_s[: len(order)] = at_s[order]
        a.place[: len(order)] = place[order]
        a.at_s[len(order) :] = np.inf
        a.length[0] = len(order)

    def _joined(
        self, old: Contacts, new: Contacts, rows: NDArray[np.int64], new_row: NDArray[np.int64]
    ) -> Contacts:
        """Rows of the old block that go on, then the new block, rows renumbered; in space that is used again."""
        kept, come = len(rows), len(new.id)
        columns: dict[str, NDArray[Any]] = {"ready_s": new.ready_s, "order": new.order + kept}
        # Everything that goes on is taken out before the first column is written: columns may share space.
        goes_on = {name: getattr(old, name)[rows] for name in Contacts._fields if name not in columns}
        # Columns that a scenario does not use are one and the same array; it is joined once.
        done: dict[tuple[int, int], NDArray[Any]] = {}
        for name, carried in goes_on.items():
            after = getattr(new, name)
            pair = (id(getattr(old, name)), id(after))
            if pair not in done:
                space = self._columns.get(name)
                if space is None or len(space) < kept + come:
                    space = np.empty((kept + come + (kept + come) // 16, *after.shape[1:]), dtype=after.dtype)
                    self._columns[name] = space
                done[pair] = space[: kept + come]
                done[pair][:kept] = carried
                done[pair][kept:] = after
            columns[name] = done[pair]
        again = columns["again_row"]
        for part, moved in ((again[:kept], new_row), (again[kept:], None)):
            there = part >= 0
            part[there] = new_row[part[there]] if moved is not None else part[there] + kept
        return Contacts(**columns)

    def _room_for(self, rows: int) -> Rows:
        """So many journeys that have not begun, in space that is used again."""
        if rows > len(self._space):
            self._space = np.zeros(rows + rows // 16, dtype=JOURNEY)
            _as_usual(self._space)
        journeys = self._space[:rows]
        journeys["state"] = State.NOT_YET
        return journeys

    def catch_up(self, until_s: float, inclusive: bool) -> float | None:
        """Let the floor happen up to *until_s*.

        Returns:
            None, or the earlier second at which something moved that concerns control: the floor has stopped there.
        """
        if self._contacts is None:
            self.now_s = until_s
            return None
        if until_s == self.now_s and not inclusive:
            # The floor is there already: control often has several turns at one instant, and a crossing costs more than most of them.
            return None
        while True:
            w = self._world
            came_back = advance(self._packed(), until_s, inclusive)
            # By column: a field of a record takes Python as long as a crossing does.
            self.now_s = w.cursor["now_s"].item()
            moves = w.cursor["moves"].item()
            if moves:
                self.moves.extend(w.logs.moves[:moves].tolist())
                w.cursor["moves"] = 0
            if came_back == LOG_FULL:
                self._empty_decisions()
                continue
            return self.now_s if came_back == WOKEN else None

    def _packed(self) -> Packed[tuple[Contacts, Rows, World]]:
        """The floor as compiled code takes it."""
        contacts, journeys, world = self._contacts, self._journeys, self._world
        found = self._as_packed
        if found is not None:
            c, j, w = found.of
            if c is contacts and j is journeys and w is world:
                return found
        assert contacts is not None
        self._as_packed = found = Packed((contacts, journeys, world))
        return found

    def _empty_decisions(self) -> None:
        """Hand the decisions over, and see to it that the next event finds room for its own."""
        w = self._world
        self._recorder.decisions(w.logs.decisions[: w.cursor[0].decisions])
        w.cursor[0].decisions = 0
        each = 4 + w.machines.chain.shape[1]
        needed = each * int(w.machines.holds["length"].sum()) + 4 * LOG_MARGIN
        if needed > len(w.logs.decisions):
            self._world = w._replace(logs=Logs(np.zeros(2 * needed, dtype=DECISION), w.logs.moves))

    def staff(self, group: int, people: int) -> None:
        """From now on so many people of a group are wanted."""
        w = self._world
        assert self._contacts is not None
        staff(self._contacts, self._journeys, w.people, w.agenda, w.knobs, group, people, self.now_s)

    def set_fleet(self, fleet: int, condition: Condition) -> None:
        """How a fleet is from now on."""
        m = self._world.machines
        row = m.fleets[fleet]
        row.down, row.errors, row.factor = int(condition.down), condition.errors, condition.factor
        row.dark = int(condition.dark)
        m.shift[fleet], m.policy[fleet] = condition.shift, condition.policy
        hosts = len(condition.host_errors)
        m.host_errors[fleet, :hosts] = condition.host_errors
        m.host_factor[fleet, :hosts] = condition.host_factor
        reached_again = row.cut_off == 1 and not condition.cut_off
        row.cut_off = int(condition.cut_off)
        if reached_again and self._contacts is not None:
            self._empty_decisions()
            get_through(self._contacts, self._journeys, self._world, fleet, self.now_s)

    def set_classifier(self, down: bool) -> None:
        """The classifier gives no labels from now on, or does again."""
        self._world.cursor[0].classifier_down = int(down)

    def force(self, fleet: int, state: int) -> bool:
        """Move a fleet's breaker by order; whether it moved."""
        w = self._world
        if not breaker.force(w.machines.breakers, w.machines.ring, fleet, state, self.now_s):
            return False
        until_s = float(w.machines.breakers[fleet].until_s)
        if until_s < np.inf:
            push(w.agenda, until_s, int(Kind.TIMER) << SHIFT | fleet)
        return True

    def judge(self, judged: bool) -> None:
        """From now on breakers hear what sessions come to, or do not."""
        judge_sessions(self._world.machines.watch, self._world.machines.breakers, judged)

    def hold(self, fleet: int) -> None:
        """Keep a fleet's open breaker open until it is forced."""
        breaker.hold(self._world.machines.breakers, fleet)

    def breaker_row(self, fleet: int) -> Any:
        """A fleet's breaker as it is."""
        return self._world.machines.breakers[fleet]

    def standing(self) -> Standing:
        """How the fleets stand."""
        p, m = self._world.people, self._world.machines
        standing(
            (p.queues, p.groups), (m.fleets, m.breakers, m.levels, m.ejection), self.now_s, self._standing
        )
        breakers, levels, sessions, active, all_in = self._standing.tolist()
        return Standing(tuple(breakers), tuple(levels), tuple(sessions), tuple(active), all(all_in))

    def look(self) -> Look:
        """How things stand; peaks are counted from the last look."""
        p, m = self._world.people, self._world.machines
        settle(p.queues, p.groups, m.fleets, self.now_s)
        queues, groups, fleets = p.queues.copy(), p.groups.copy(), m.fleets.copy()
        p.queues["peak"] = queues["waiting"]
        return Look(
            at_s=self.now_s,
            waiting=queues["waiting"],
            waiting_peak=queues["peak"],
            waiting_area=queues["area"],
            present=groups["present"],
            wanted=groups["target"],
            present_area=groups["present_area"],
            busy_area=groups["busy_area"],
            contact_area=groups["contact_area"],
            active=fleets["active"],
            active_area=fleets["area"],
            stranded=m.holds["length"][: len(fleets)].copy(),
            held=np.bincount(
                p.lanes["queue"], weights=m.holds["length"][len(fleets) :], minlength=len(queues)
            ).astype(np.int64),
            # A breaker that is not there never leaves its first state, closed.
            breaker=m.breakers["state"].copy(),
            level=m.levels["level"].copy(),
            sessions=fleets["sessions"],
        )

    def finish(self) -> int:
        """The run is over: hand in everybody who came; the number of events."""
        assert self._contacts is not None
        self._empty_decisions()
        rows = np.flatnonzero(self._journeys["state"] != State.NOT_YET)
        self._recorder.journeys(self._contacts, self._journeys, rows)
        self._leave_space()
        return int(self._world.cursor[0].events)

    def _leave_space(self) -> None:
        a = self._world.agenda
        if self._space.nbytes + a.at_s.nbytes + a.place.nbytes > MOST_LEFT_B:
            return
        a.at_s[: a.length[0]] = np.inf
        a.length[0] = 0
        _left.space = _Space(self._space, a, bool(self._world.knobs[0].unusual))
        self._space = self._journeys = self._space[:0]


def _as_usual(space: Rows) -> None:
    for name, value in UNUSUAL.items():
        space[name] = value


def _roomier(a: Agenda, room: int) -> Agenda:
    if room + 4 <= len(a.at_s):
        return a
    grown = agenda(room)
    length = a.length[0]
    grown.at_s[:length] = a.at_s[:length]
    grown.place[:length] = a.place[:length]
    grown.length[0] = length
    return grown

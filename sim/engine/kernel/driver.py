"""The compiled floor as control sees it: blocks of customers in, finished journeys out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.demand.contacts import Contacts
from sim.demand.draw import pace
from sim.engine.control import Look
from sim.engine.kernel.advance import LOG_FULL, WOKEN, advance
from sim.engine.kernel.agenda import Agenda, agenda
from sim.engine.kernel.people import settle_group, settle_queue, staff
from sim.engine.kernel.sessions import settle_fleet
from sim.engine.kernel.world import Rows, World, world
from sim.engine.records import Recorder
from sim.engine.state import JOURNEY, State
from sim.engine.tables import tables
from sim.engine.ties import SHIFT, Kind
from sim.orchestration.breaker import State as BreakerState
from sim.scenario.model import Scenario

_ROW = (1 << SHIFT) - 1
_ROW_KINDS = np.array([k for k in Kind if k != Kind.TIMER])


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
        self._journeys: Rows = np.zeros(0, dtype=JOURNEY)
        self.now_s = 0.0
        self.moves: list[Any] = []
        """Breaker moves that control has not looked at yet."""

    def load(self, contacts: Contacts) -> None:
        """Take in a block of customers; who is gone makes room, who is still here is carried over."""
        if self._contacts is None:
            self._contacts = contacts
            self._journeys = np.zeros(len(contacts.id), dtype=JOURNEY)
        else:
            self._carry_over(contacts)
        w = self._world
        # At most one event of its own and one patience for every row, and a timed move for every breaker.
        self._world = w._replace(agenda=_roomier(w.agenda, 2 * len(self._journeys) + 64))
        self._world.cursor[0].next = 0

    def _carry_over(self, contacts: Contacts) -> None:
        old, j = self._contacts, self._journeys
        assert old is not None
        state = j["state"]
        gone = state == State.GONE
        self._recorder.journeys(old, j, np.flatnonzero(gone))
        # Still here: in the system, due to try again (on the agenda), or a possible attempt of somebody who is.
        here = (state == State.IN_AI) | (state == State.WAITING) | (state == State.WITH_PERSON)
        a = self._world.agenda
        due = a.place[: a.length[0]]
        kinds = due >> SHIFT
        here[due[kinds == Kind.ARRIVE] & _ROW] = True
        keep = here.copy()
        behind = np.flatnonzero(here)
        while behind.size:
            behind = old.redial_row[behind]
            behind = behind[behind >= 0]
            keep[behind] = True
        rows = np.flatnonzero(keep)
        new_row = np.full(len(j), -1, dtype=np.int64)
        new_row[rows] = np.arange(len(rows))
        self._contacts = _joined(old, contacts, rows, new_row)
        carried = j[rows]
        for link in ("before", "behind"):
            at = carried[link]
            carried[link] = np.where(at >= 0, new_row[at], -1)
        self._journeys = np.zeros(len(rows) + len(contacts.id), dtype=JOURNEY)
        self._journeys[: len(rows)] = carried
        for end in ("head", "tail"):
            at = self._world.people.lanes[end]
            self._world.people.lanes[end] = np.where(at >= 0, new_row[at], -1)
        # The agenda: rows renamed, what concerned somebody gone forgotten; a sorted list is a heap.
        row_bound = kinds != Kind.TIMER
        row = np.where(row_bound, new_row[np.where(row_bound, due & _ROW, 0)], due & _ROW)
        stay = row >= 0
        place, at_s = (kinds << SHIFT | row)[stay], a.at_s[: a.length[0]][stay]
        order = np.lexsort((place, at_s))
        a.at_s[: len(order)] = at_s[order]
        a.place[: len(order)] = place[order]
        a.at_s[len(order) :] = np.inf
        a.length[0] = len(order)

    def catch_up(self, until_s: float, inclusive: bool) -> float | None:
        """Let the floor happen up to *until_s*.

        Returns:
            None, or the earlier second at which a breaker moved: control should look then, and the floor has stopped there.
        """
        w = self._world
        if self._contacts is None:
            self.now_s = until_s
            return None
        while True:
            came_back = advance(self._contacts, self._journeys, w, until_s, inclusive)
            self.now_s = float(w.cursor[0].now_s)
            if came_back == LOG_FULL:
                self._empty_decisions()
                continue
            if came_back == WOKEN:
                self.moves.extend(w.logs.moves[: w.cursor[0].moves].copy())
                w.cursor[0].moves = 0
                return self.now_s
            return None

    def _empty_decisions(self) -> None:
        w = self._world
        self._recorder.decisions(w.logs.decisions[: w.cursor[0].decisions])
        w.cursor[0].decisions = 0

    def staff(self, group: int, people: int) -> None:
        """From now on so many people of a group are wanted."""
        w = self._world
        assert self._contacts is not None
        staff(self._contacts, self._journeys, w.people, w.agenda, w.knobs, group, people, self.now_s)

    def set_fleet(self, fleet: int, down: bool, errors: float, factor: float) -> None:
        """The fleet's calls fail, fail in part, or take longer from now on."""
        row = self._world.machines.fleets[fleet]
        row.down, row.errors, row.factor = int(down), errors, factor

    def set_classifier(self, down: bool) -> None:
        """The classifier gives no labels from now on, or does again."""
        self._world.cursor[0].classifier_down = int(down)

    def look(self) -> Look:
        """How things stand."""
        p, m = self._world.people, self._world.machines
        for q in range(len(p.queues)):
            settle_queue(p.queues, q, self.now_s)
        for g in range(len(p.groups)):
            settle_group(p.groups, g, self.now_s)
        for f in range(len(m.fleets)):
            settle_fleet(m.fleets, f, self.now_s)
        look = Look(
            at_s=self.now_s,
            waiting=p.queues["waiting"].copy(),
            waiting_peak=p.queues["peak"].copy(),
            waiting_area=p.queues["area"].copy(),
            present=p.groups["present"].copy(),
            wanted=p.groups["target"].copy(),
            present_area=p.groups["present_area"].copy(),
            busy_area=p.groups["busy_area"].copy(),
            contact_area=p.groups["contact_area"].copy(),
            active=m.fleets["active"].copy(),
            active_area=m.fleets["area"].copy(),
            breaker=np.where(m.breakers["on"] == 1, m.breakers["state"], BreakerState.CLOSED),
        )
        p.queues["peak"] = p.queues["waiting"]
        return look

    def finish(self) -> int:
        """The run is over: hand in everybody who came; the number of events."""
        assert self._contacts is not None
        self._empty_decisions()
        rows = np.flatnonzero(self._journeys["state"] != State.NOT_YET)
        self._recorder.journeys(self._contacts, self._journeys, rows)
        return int(self._world.cursor[0].events)


def _roomier(a: Agenda, room: int) -> Agenda:
    if room + 4 <= len(a.at_s):
        return a
    grown = agenda(room)
    length = a.length[0]
    grown.at_s[:length] = a.at_s[:length]
    grown.place[:length] = a.place[:length]
    grown.length[0] = length
    return grown


def _joined(old: Contacts, new: Contacts, rows: NDArray[np.int64], new_row: NDArray[np.int64]) -> Contacts:
    """Rows of the old block that go on, then the new block, rows renumbered."""
    kept = len(rows)
    columns: dict[str, NDArray[Any]] = {}
    for name in Contacts._fields:
        if name == "ready_s":
            columns[name] = new.ready_s
        elif name == "order":
            columns[name] = new.order + kept
        elif name == "redial_row":
            before = old.redial_row[rows]
            after = new.redial_row
            columns[name] = np.concatenate(
                [np.where(before >= 0, new_row[before], -1), np.where(after >= 0, after + kept, -1)]
            )
        else:
            columns[name] = np.concatenate([getattr(old, name)[rows], getattr(new, name)])
    return Contacts(**columns)

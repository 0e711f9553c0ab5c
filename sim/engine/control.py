"""What happens rarely and has a story: incidents, people coming and going, looks at the floor. SimPy processes, the same for both floors.

The floor is told to change by five verbs (`Floor`); what was done is kept as rows of `CONTROL`.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from simpy.events import Event

from sim.demand.contacts import Contacts
from sim.demand.draw import presence
from sim.engine.clock import Clock
from sim.orchestration.compiled import record
from sim.scenario.model import Scenario


class What(IntEnum):
    """What a row of the control log is about; `subject` is the node, the group or the fleet."""

    INCIDENT_BEGINS = 0
    INCIDENT_ENDS = 1
    PEOPLE = 2
    BREAKER = 3


CONTROL = record(
    [
        ("at_s", np.float64),
        ("what", np.int32),
        ("subject", np.int32),
        ("from_state", np.int32),
        ("to_state", np.int32),
        ("cause", np.int32),
        ("part", np.float64),
        ("whole", np.float64),
        ("limit", np.float64),
    ]
)
"""One control event. People: `to_state` of them are wanted from now on. Breaker: states, cause and its numbers. Incident: `cause` is its
place in the scenario's list."""


@dataclass(frozen=True, slots=True)
class Look:
    """The floor at one instant; integrals run from the start of the run."""

    at_s: float
    waiting: NDArray[np.int64]
    """By queue."""
    waiting_peak: NDArray[np.int64]
    """Most since the look before, by queue."""
    waiting_area: NDArray[np.float64]
    """Customer-seconds, by queue."""
    present: NDArray[np.int64]
    """By group, those who should have left but have a contact in hand included."""
    wanted: NDArray[np.int64]
    present_area: NDArray[np.float64]
    """Agent-seconds on the floor, by group."""
    busy_area: NDArray[np.float64]
    """Agent-seconds with at least one contact."""
    contact_area: NDArray[np.float64]
    """Contact-seconds in hand."""
    active: NDArray[np.int64]
    """AI sessions, by fleet."""
    active_area: NDArray[np.float64]
    breaker: NDArray[np.int64]
    """State by fleet."""


class Floor(Protocol):
    """What control can do to a floor."""

    def load(self, contacts: Contacts) -> None:
        """Hand over the next block of customers; everything before their block has happened."""

    def staff(self, group: int, people: int) -> None:
        """From now on so many people of a group are wanted."""

    def set_fleet(self, fleet: int, down: bool, errors: float, factor: float) -> None:
        """The fleet's calls fail, fail in part, or take longer from now on."""

    def set_classifier(self, down: bool) -> None:
        """The classifier gives no labels from now on, or does again."""

    def look(self) -> Look:
        """How things stand."""


@dataclass(slots=True)
class Control:
    """The control processes of one run."""

    scenario: Scenario
    replication: int
    clock: Clock
    floor: Floor
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    _going_on: set[int] = field(default_factory=set)

    def start(self) -> None:
        """Put the processes on the clock."""
        self.clock.process(self._people())
        for k in range(len(self.scenario.incidents)):
            self.clock.process(self._incident(k))
        self.clock.process(self._looks())

    def log(
        self,
        what: What,
        subject: int,
        from_state: int = -1,
        to_state: int = -1,
        cause: int = -1,
        part: float = np.nan,
        whole: float = np.nan,
        limit: float = np.nan,
    ) -> None:
        """Keep what happened now."""
        self.rows.append(
            (self.clock.now, int(what), subject, from_state, to_state, cause, part, whole, limit)
        )

    def breaker_moved(self, move: Any) -> None:
        """A breaker moved on the floor just now."""
        self.log(
            What.BREAKER,
            int(move.fleet),
            int(move.from_state),
            int(move.to_state),
            int(move.cause),
            float(move.part),
            float(move.whole),
            float(move.limit),
        )

    def _people(self) -> Generator[Event, Any, None]:
        for second, group, people in presence(self.scenario, self.replication):
            yield self.clock.before(max(0.0, second))
            self.log(What.PEOPLE, group, to_state=people)
            self.floor.staff(group, people)

    def _incident(self, k: int) -> Generator[Event, Any, None]:
        incident = self.scenario.incidents[k]
        if incident.until_s <= 0.0 or incident.from_s >= self.scenario.calendar.end_s:
            return
        yield self.clock.before(max(0.0, incident.from_s))
        self._going_on.add(k)
        self.log(What.INCIDENT_BEGINS, incident.node, cause=k)
        self._apply()
        if incident.until_s < self.scenario.calendar.end_s:
            yield self.clock.before(incident.until_s)
            self._going_on.discard(k)
            self.log(What.INCIDENT_ENDS, incident.node, cause=k)
            self._apply()

    def _apply(self) -> None:
        """Work out every fleet's condition from the incidents that are going on: down if anything below is, faults and delays combine."""
        going_on = [self.scenario.incidents[k] for k in sorted(self._going_on)]
        for f, fleet in enumerate(self.scenario.fleets):
            down, well, factor = False, 1.0 - fleet.errors, 1.0
            for incident in going_on:
                if incident.node in fleet.nodes:
                    down = down or incident.effect == "down"
                    well *= 1.0 - incident.share
                    factor *= incident.factor
            self.floor.set_fleet(f, down, 1.0 - well, factor)
        classifier = self.scenario.classifier
        if classifier is not None and classifier.nodes:
            self.floor.set_classifier(
                any(i.effect == "down" and i.node in classifier.nodes for i in going_on)
            )

    def _looks(self) -> Generator[Event, Any, None]:
        calendar = self.scenario.calendar
        for k in range(calendar.intervals + 1):
            yield self.clock.before(min(k * calendar.interval_s, calendar.end_s))
            self.looks.append(self.floor.look())

"""What happens rarely and has a story: incidents, people coming and going, looks at the floor. SimPy processes, the same for both floors.

The floor is told to change by five verbs (`Floor`); what was done is kept as rows of `CONTROL`.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from simpy.events import Event

from sim.demand.contacts import Contacts
from sim.demand.draw import CAPABILITY_CLIP, presence
from sim.engine.clock import Clock
from sim.engine.estimates import Standing
from sim.engine.supervisor import Supervisor
from sim.engine.what import WAKES, What
from sim.orchestration import breaker, degradation, ejection, scaling, warning
from sim.orchestration.compiled import record
from sim.scenario.model import Order, Scenario

WORDS = dict(
    zip(
        map(int, WAKES),
        (breaker.in_words, degradation.in_words, warning.in_words, scaling.in_words, ejection.in_words),
        strict=True,
    )
)
"""Sentences of the moves that wake the controllers above."""

RAMP_STEPS = 120
"""Steps in which the effect of an incident with a ramp grows."""


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
"""One control event. People: `to_state` of them are wanted from now on. Breaker, level, warning, scale: the fleet's states, cause and its
numbers. Host: `from_state` is its number.
Incident: `cause` is its place in the scenario's list. Bias: hundredths. Ancestor: declared (1) or not.
Signal: its kind, `cause` is its number. Plan: `PLAN_STATES`, `cause` is the call."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How a fleet is: what incidents make of it. Hidden from the controller."""

    down: bool
    errors: float
    """Share of calls that fail."""
    factor: float
    """Reply times are multiplied by this."""
    cut_off: bool
    """Nobody gets from this fleet to people."""
    dark: bool
    """The watch sees nothing of it."""
    shift: NDArray[np.float64]
    """Probit shift of success by intent."""
    policy: NDArray[np.float64]
    """Share of sessions that a rule stops, by intent."""
    host_errors: NDArray[np.float64]
    """Share of calls that fail at a host besides, by host."""
    host_factor: NDArray[np.float64]
    """Reply times are multiplied by this too, by host."""


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
    held: NDArray[np.int64]
    """Contacts in the buffer before a queue, by queue."""
    stranded: NDArray[np.int64]
    """Contacts that hang because nobody gets from their fleet to people, by fleet."""
    breaker: NDArray[np.int64]
    """State by fleet."""
    level: NDArray[np.int64]
    """Degradation by fleet."""
    sessions: NDArray[np.int64]
    """Sessions that each fleet can have."""


class Floor(Protocol):
    """What control can do to a floor."""

    def load(self, contacts: Contacts) -> None:
        """Hand over the next block of customers; everything before their block has happened."""

    def staff(self, group: int, people: int) -> None:
        """From now on so many people of a group are wanted."""

    def set_fleet(self, fleet: int, condition: Condition) -> None:
        """How a fleet is from now on."""

    def set_classifier(self, down: bool) -> None:
        """The classifier gives no labels from now on, or does again."""

    def look(self) -> Look:
        """How things stand; peaks are counted from the last look."""

    def standing(self) -> Standing:
        """How the fleets stand."""

    def force(self, fleet: int, state: int) -> bool:
        """Move a fleet's breaker by order; whether it moved."""

    def judge(self, judged: bool) -> None:
        """From now on breakers hear what sessions come to, or do not."""

    def hold(self, fleet: int) -> None:
        """Keep a fleet's open breaker open until it is forced."""

    def breaker_row(self, fleet: int) -> Any:
        """A fleet's breaker as it is."""


@dataclass(slots=True)
class Control:
    """The control processes of one run."""

    scenario: Scenario
    replication: int
    clock: Clock
    floor: Floor
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    supervisor: Supervisor = field(init=False)
    _wanted: dict[int, int] = field(default_factory=dict)
    """By group: people whom the schedule wants now."""
    _more: dict[int, int] = field(default_factory=dict)
    """By group: people whom plans have added."""
    _waking: bool = False
    _going_on: dict[int, float] = field(default_factory=dict)
    """How far each incident that goes on has grown, 0 to 1."""

    def __post_init__(self) -> None:
        self.supervisor = Supervisor(
            self.scenario, self.replication, self.clock, self.floor, self.log, self.add_people
        )

    def start(self) -> None:
        """Put the processes on the clock."""
        self.clock.process(self._people())
        for k in range(len(self.scenario.incidents)):
            self.clock.process(self._incident(k))
            if self.scenario.incidents[k].announced_s > 0.0:
                self.clock.process(self._announcement(k))
        for order in self.scenario.orders:
            self.clock.process(self._order(order))
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
    ) -> int:
        """Keep what happened now; the number of the row."""
        self.rows.append(
            (self.clock.now, int(what), subject, from_state, to_state, cause, part, whole, limit)
        )
        return len(self.rows) - 1

    def moved(self, move: tuple[Any, ...]) -> None:
        """A controller on the floor moved: *move* is a row of `CONTROL`."""
        self.rows.append(move)
        _, what, subject, _, to_state, *numbers = move
        words = WORDS.get(what)
        if words is None or not self.supervisor.on:
            return
        self.supervisor.moved(What(what), subject, to_state, words(*numbers))
        if not self._waking:
            self._waking = True
            wakes = self.clock.before(self.clock.now)
            assert wakes.callbacks is not None
            wakes.callbacks.append(self._wake)

    def _wake(self, _: Event) -> None:
        self._waking = False
        self.supervisor.wake()

    def add_people(self, group: int, people: int) -> None:
        """From now on so many people more of a group are wanted than the schedule has (fewer below 0)."""
        self._more[group] = self._more.get(group, 0) + people
        self._staff(group)

    def _staff(self, group: int) -> None:
        people = self._wanted.get(group, 0) + self._more.get(group, 0)
        self.log(What.PEOPLE, group, to_state=people)
        self.floor.staff(group, people)

    def _people(self) -> Generator[Event, Any, None]:
        for second, group, people in presence(self.scenario, self.replication):
            yield self.clock.before(max(0.0, second))
            self._wanted[group] = people
            self._staff(group)

    def _incident(self, k: int) -> Generator[Event, Any, None]:
        incident = self.scenario.incidents[k]
        if incident.until_s <= 0.0 or incident.from_s >= self.scenario.calendar.end_s:
            return
        yield self.clock.before(max(0.0, incident.from_s))
        self._going_on[k] = 0.0 if incident.ramp_s else 1.0
        self.log(What.INCIDENT_BEGINS, incident.node, cause=k)
        self._apply()
        for step in range(1, RAMP_STEPS + 1) if incident.ramp_s else ():
            second = incident.from_s + incident.ramp_s * step / RAMP_STEPS
            if second >= self.scenario.calendar.end_s:
                break
            if second > self.clock.now:
                yield self.clock.before(second)
            self._going_on[k] = step / RAMP_STEPS
            self._apply()
        if incident.until_s < self.scenario.calendar.end_s:
            yield self.clock.before(incident.until_s)
            del self._going_on[k]
            self.log(What.INCIDENT_ENDS, incident.node, cause=k)
            self._apply()

    def _order(self, order: Order) -> Generator[Event, Any, None]:
        """An operator sets a breaker, and takes that back unless another has set it since."""
        yield self.clock.before(order.at_s)
        self._force(order.fleet, order.state)
        moved_s = float(self.floor.breaker_row(order.fleet).since_s)
        if order.until_s < self.scenario.calendar.end_s:
            yield self.clock.before(order.until_s)
            row = self.floor.breaker_row(order.fleet)
            if (int(row.state), float(row.since_s)) == (order.state, moved_s):
                self._force(order.fleet, int(breaker.State.CLOSED))

    def _force(self, fleet: int, state: int) -> None:
        if self.supervisor.force(fleet, state) and self.supervisor.on:
            self.supervisor.wake()

    def _announcement(self, k: int) -> Generator[Event, Any, None]:
        """An incident is told ahead: that it comes, and until when."""
        incident = self.scenario.incidents[k]
        if incident.until_s <= 0.0 or incident.from_s - incident.announced_s >= self.scenario.calendar.end_s:
            return
        yield self.clock.before(max(0.0, incident.from_s - incident.announced_s))
        self.supervisor.announced(incident)

    def _apply(self) -> None:
        """Work out every fleet's condition from the incidents that are going on: down if anything below is, faults and delays combine."""
        going_on = [(self.scenario.incidents[k], grown) for k, grown in sorted(self._going_on.items())]
        watch = self.scenario.watch
        blind = watch is not None and any(i.effect == "down" and i.node in watch.nodes for i, _ in going_on)
        intents = len(self.scenario.names.intents)
        for f, fleet in enumerate(self.scenario.fleets):
            down, well, factor, cut_off, dark = False, 1.0 - fleet.errors, 1.0, False, blind
            points, passes = np.zeros(intents), np.ones(intents)
            sound, slower = np.ones(fleet.hosts), np.ones(fleet.hosts)
            for incident, grown in going_on:
                if incident.node not in fleet.nodes:
                    continue
                of = list(incident.intents) or slice(None)
                if incident.hosts:
                    sound[: incident.hosts] *= 0.0 if incident.effect == "down" else 1.0 - incident.share
                    slower[: incident.hosts] *= incident.factor
                    continue
                match incident.effect:
                    case "down":
                        down = True
                    case "errors":
                        well *= 1.0 - incident.share
                        factor *= incident.factor
                    case "slow":
                        factor *= incident.factor
                    case "hand_over":
                        cut_off = True
                    case "dark":
                        dark = True
                    case "worse":
                        points[of] += incident.points * grown
                    case "policy":
                        passes[of] *= 1.0 - incident.share * grown
            self.floor.set_fleet(
                f,
                Condition(
                    down,
                    1.0 - well,
                    factor,
                    cut_off,
                    dark,
                    self._shift(points),
                    1.0 - passes,
                    1.0 - sound,
                    slower,
                ),
            )
        classifier = self.scenario.classifier
        if classifier is not None and classifier.nodes:
            self.floor.set_classifier(
                any(i.effect == "down" and i.node in classifier.nodes for i, _ in going_on)
            )

    def _shift(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probit shift that moves every intent's capability by so many points."""
        if not points.any():
            return points
        from scipy.special import ndtri

        ai = self.scenario.ai

        def probit(capability: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.asarray(ndtri(np.clip(capability, CAPABILITY_CLIP, 1.0 - CAPABILITY_CLIP)))

        moved = np.sqrt(1.0 + ai.tau**2) * (probit(ai.capability + points) - probit(ai.capability))
        return np.where(points == 0.0, 0.0, moved)

    def _looks(self) -> Generator[Event, Any, None]:
        calendar = self.scenario.calendar
        for k in range(calendar.intervals + 1):
            yield self.clock.before(min(k * calendar.interval_s, calendar.end_s))
            self.looks.append(self.floor.look())

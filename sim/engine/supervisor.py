"""The controllers that look at the whole centre: common cause, signals to workforce management, plans. Woken when something moved.

They see what an orchestrator sees (states of breakers and levels, sessions, the planner's forecast); what they decide is carried out
here, and what people do about it (who says yes, how long a person thinks) is drawn here, from named streams.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache
from typing import Any

from simpy.events import Event

from sim.demand.streams import stream
from sim.engine.clock import Clock
from sim.engine.estimates import AHEAD_S, STATES, Estimates, Standing
from sim.engine.forecast import STEP_S
from sim.engine.what import What
from sim.orchestration import breaker, common_cause, desk, parents, plans, signals
from sim.scenario.model import Incident, Scenario

STARTED, ARRIVED, STOPPED, LEFT = 0, 1, 2, 3
"""`to_state` of a plan's rows: asked, there, called off, gone."""
WATCH = "the watch"
"""Name of what looks at fleets, in the graph of what stands on what: no node can be called so."""
PLAN_STATES = ("asked", "there", "called off", "gone")
_CLOSED = int(breaker.State.CLOSED)
_VERDICTS = {
    int(breaker.State.CLOSED): common_cause.Verdict.OK,
    int(breaker.State.DEGRADED): common_cause.Verdict.WARN,
    int(breaker.State.OPEN): common_cause.Verdict.TRIP,
    int(breaker.State.HALF_OPEN): common_cause.Verdict.TRIP,
}
"""What a breaker's state says of its fleet; any other says nothing."""
_TYPES = {kind: number for number, kind in enumerate(signals.Type)}
# By a name of their own: to fetch a member from its class takes Python 3.11 as long as to look up three of them.
_SIGNAL, _NODATA = What.SIGNAL, common_cause.Verdict.NODATA
_CLOSES_NO_DOOR = (What.HOST, What.SCALE)
"""Moves that change how many sessions there can be, and no fleet's state."""
_PLAN = plans.PlanPolicy()


@lru_cache(maxsize=1024)
def _fleet_seen(
    name: str,
    state: str,
    level: int,
    plan_per_min: float,
    cause: str,
    channels: tuple[str, ...],
    posted_s: float,
) -> signals.FleetSeen:
    """A fleet as signals see it; where one has moved the others are as they were."""
    return signals.FleetSeen(
        name=name,
        state=state,
        level=level,
        plan_per_min=plan_per_min,
        cause=cause,
        channels=channels,
        posted_s=posted_s,
    )


@dataclass(slots=True)
class Supervisor:
    """Everything above single fleets, for one run.

    Args:
        scenario: What is simulated.
        replication: Which one.
        clock: SimPy's.
        floor: What is looked at and told to change.
        log: Keeps a row of the control log.
        add_people: From now on so many people more of a group are wanted than the schedule has.
    """

    scenario: Scenario
    replication: int
    clock: Clock
    floor: Any
    log: Callable[..., int]
    add_people: Callable[[int, int], None]
    sent: list[signals.Signal] = field(default_factory=list)
    words: list[tuple[int, str | signals.Signal]] = field(default_factory=list)
    """(row of the control log, sentence) of what these controllers did; a signal stands for its own, which few runs are asked for."""
    _parents: parents.ParentState = field(default_factory=parents.ParentState)
    _cause: common_cause.CommonCauseState = field(default_factory=common_cause.CommonCauseState)
    _weighed: tuple[int, ...] = ()
    """States of breakers from which nothing more will come as long as they stay so."""
    _signals: signals.SignalState = field(default_factory=signals.SignalState)
    _plans: plans.PlanState = field(default_factory=plans.PlanState)
    _desk: desk.DeskState = field(default_factory=desk.DeskState)
    _moved: dict[int, tuple[float, str]] = field(default_factory=dict)
    """By fleet: when its breaker or level moved last, and why."""
    _seen_at: tuple[Any, ...] = ()
    """How fleets stood, and in which interval, when they were seen last; empty where one has moved since."""
    _seen: tuple[signals.FleetSeen, ...] = ()
    _warnings: list[signals.Warned] = field(default_factory=list)
    _pauses: dict[int, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    """By fleet: what was announced, from and until, seconds."""
    _untold: list[signals.Maintenance] = field(default_factory=list)
    _joined: dict[int, int] = field(default_factory=dict)
    _there: dict[int, int] = field(default_factory=dict)
    _due_s: float = math.inf
    _engaged: bool = False
    """Whether the desk has taken up a signal of this episode: it then plans again by itself."""
    _estimates: Estimates = field(init=False)
    _channels: tuple[tuple[str, ...], ...] = field(init=False)
    """By fleet: names of its channels."""
    _graph: common_cause.Graph = field(init=False)

    def __post_init__(self) -> None:
        names = self.scenario.names
        self._estimates = Estimates(self.scenario, self._moved, self._pauses)
        self._graph = graph(self.scenario)
        self._channels = tuple(
            tuple(names.channels[c] for c in sorted(fleet.channels)) for fleet in self.scenario.fleets
        )

    @property
    def on(self) -> bool:
        """Whether there is anybody to wake."""
        return self.scenario.is_supervised

    def moved(self, what: What, fleet: int, to_state: int, words: str) -> None:
        """A breaker, a level or a warning moved."""
        if what is What.WARNING:
            if to_state:
                self._warnings.append(signals.Warned(self.scenario.names.fleets[fleet], words, 0.9))
        elif what not in _CLOSES_NO_DOOR:
            self._moved[fleet], self._seen_at = (self.clock.now, words), ()

    def announced(self, incident: Incident) -> None:
        """The operator of a node said when it will be down, and until when."""
        begins = self.scenario.calendar.start + timedelta(seconds=incident.from_s)
        node, lasts_min = (
            self.scenario.names.nodes[incident.node],
            (incident.until_s - incident.from_s) / 60.0,
        )
        words = f"planned maintenance of {node} from {begins:%a %H:%M} for {lasts_min:.0f} min"
        for f, fleet in enumerate(self.scenario.fleets):
            if incident.node in fleet.nodes:
                self._pauses[f] = (*self._pauses.get(f, ()), (incident.from_s, incident.until_s))
                name = self.scenario.names.fleets[f]
                self._untold.append(signals.Maintenance(name, incident.from_s, incident.until_s, words))
        self.wake()

    def _ahead(self, within_s: float) -> tuple[tuple[float, float], ...]:
        """Announced pauses, of any fleet, that go on now or begin within so long."""
        now_s = self.clock.now
        return tuple(
            (from_s, until_s)
            for pauses in self._pauses.values()
            for from_s, until_s in pauses
            if now_s < until_s and from_s <= now_s + within_s
        )

    def wake(self) -> None:
        """Look, decide, act; be woken again when somebody wants to."""
        due_s, stands = math.inf, self.floor.standing()
        if self.scenario.common_cause is not None:
            acted, due_s = self._look_for_a_common_cause(stands, self.scenario.common_cause)
            if acted:
                stands = self.floor.standing()
        if self.scenario.parents is not None:
            acted, again_s = self._look_at_parents(self.scenario.parents)
            due_s = min(due_s, again_s)
            if acted:
                stands = self.floor.standing()
        if self.scenario.signals is not None:
            sent, again_s = self._signal(stands, self.scenario.signals.policy)
            due_s = min(due_s, again_s)
            for signal in sent if self.scenario.levers else ():
                self.clock.process(self._taken_up(signal))
        self._wake_at(due_s)

    def _wake_at(self, due_s: float) -> None:
        if (
            now_or_never(due_s, self.clock.now, self.scenario.calendar.end_s)
            or due_s >= self._due_s > self.clock.now
        ):
            return
        self._due_s = due_s
        self.clock.process(self._later(due_s))

    def _later(self, due_s: float) -> Generator[Event, Any, None]:
        yield self.clock.before(due_s)
        if self._due_s == due_s:
            self._due_s = math.inf
            self.wake()

    # --- common cause ------------------------------------------------------------------------------------------------------------

    def _look_for_a_common_cause(
        self, stands: Standing, policy: common_cause.CommonCausePolicy
    ) -> tuple[bool, float]:
        """Weigh what breakers say; whether that led to anything, and when to do so again."""
        states = stands.breaker
        if states == self._weighed:
            return False, math.inf
        verdicts = {
            name: _VERDICTS.get(state, _NODATA)
            for name, state in zip(self.scenario.names.fleets, states, strict=False)
        }
        self._cause, actions = common_cause.step(
            self._cause, common_cause.CommonCauseObservation(verdicts), self._graph, policy, self.clock.now
        )
        if any(action.watchers for action in actions):
            self.floor.judge(not any(self._graph.watching_from(node) for node in self._cause.declared))
        nodes = self.scenario.names.nodes
        for action in actions:
            opens = isinstance(action, common_cause.OpenAncestor)
            posterior = action.posterior if isinstance(action, common_cause.OpenAncestor) else math.nan
            self._say(
                action.words,
                What.ANCESTOR,
                nodes.index(action.node),
                from_state=int(not opens),
                to_state=int(opens),
                part=posterior,
                limit=policy.declare_at,
            )
            for name in action.fleets if opens else ():
                if states[self.scenario.names.fleets.index(name)] in parents.BACK:
                    self._force(name, breaker.State.OPEN, action.words)
        self._weighed = states if common_cause.is_settled(self._cause, policy, self.clock.now) else ()
        return bool(actions), common_cause.next_due(self._cause, policy, self.clock.now)

    def force(self, fleet: int, state: int, words: str = "") -> bool:
        """Move a fleet's breaker, for these words or by an operator's order; whether it moved."""
        before = int(self.floor.breaker_row(fleet).state)
        if not self.floor.force(fleet, state):
            return False
        row = self.floor.breaker_row(fleet)
        numbers = float(row.part), float(row.whole), float(row.limit)
        words = words or breaker.in_words(int(row.cause), *numbers)
        self._moved[fleet], self._seen_at = (self.clock.now, words), ()
        self.log(What.BREAKER, fleet, before, int(row.state), int(row.cause), *numbers)
        return True

    def _force(self, fleet: str, state: breaker.State, words: str) -> None:
        self.force(self.scenario.names.fleets.index(fleet), int(state), words)

    # --- breakers of nodes -------------------------------------------------------------------------------------------------------

    def _look_at_parents(self, policy: parents.ParentPolicy) -> tuple[bool, float]:
        """Open and close the breakers of nodes; whether any moved, and when to look again."""
        fleets = self.scenario.names.fleets
        rows = {name: self.floor.breaker_row(f) for f, name in enumerate(fleets)}
        seen = parents.ParentObservation(
            {name: breaker.State(int(row.state)) for name, row in rows.items()},
            {name: float(row.until_s) for name, row in rows.items()},
        )
        self._parents, actions = parents.step(self._parents, seen, policy, self.clock.now)
        for action in actions:
            node = self.scenario.names.nodes.index(action.node)
            words = f"{action.node}: {action.words}"
            match action:
                case parents.OpenParent():
                    part, whole = float(action.failing), float(action.of)
                    self._say(words, What.PARENT, node, 0, 1, part=part, whole=whole, limit=policy.share)
                    for name in action.others:
                        if seen.states[name] in parents.BACK:
                            self._force(name, breaker.State.OPEN, words)
                case parents.NextScout():
                    self._say(words, What.PARENT, node, 1, 2, limit=policy.scout_s)
                    self._force(action.scout, breaker.State.HALF_OPEN, words)
                case parents.CloseParent():
                    self._say(words, What.PARENT, node, 1, 0)
                    for name in action.released:
                        self._force(name, breaker.State.HALF_OPEN, words)
        for name in parents.held(self._parents):
            f = fleets.index(name)
            row = self.floor.breaker_row(f)
            if int(row.state) == breaker.State.OPEN and float(row.until_s) < math.inf:
                self.floor.hold(f)
        return bool(actions), parents.next_due(self._parents, policy)

    # --- signals -----------------------------------------------------------------------------------------------------------------

    def _signal(
        self, stands: Standing, policy: signals.SignalPolicy
    ) -> tuple[tuple[signals.Signal, ...], float]:
        """Say what there is to say; what was said, and when to ask again."""
        known, names, now_s = self._estimates.known(), self.scenario.names, self.clock.now
        step = min(len(known.there) - 1, int(now_s / STEP_S))
        stand = (stands.breaker, stands.level, step)
        if stand != self._seen_at or self._pauses:
            self._seen_at, self._seen = stand, self._fleets_seen(stands, step)
        seen = self._seen
        estimate = self._estimates.now(stands, now_s)
        warnings: tuple[signals.Warned, ...] = ()
        told: tuple[signals.Maintenance, ...] = ()
        if self._warnings or self._untold:
            warnings = tuple(self._warnings)
            told = tuple(
                replace(pause, impact=self._estimates.in_pause(stands, pause.fleet, pause.from_s, now_s))
                for pause in self._untold
            )
            self._warnings.clear()
            self._untold.clear()
        observation = signals.SignalObservation(now_s, seen, estimate, warnings, told)
        self._signals, sent = signals.step(self._signals, observation, policy, now_s)
        for signal in sent:
            self.sent.append(signal)
            scope, people = signal.scope.fleets, signal.impact.ahead[0]
            row = self.log(
                _SIGNAL,
                names.fleets.index(scope[0]) if len(scope) == 1 else -1,
                -1,
                _TYPES[signal.type],
                signal.seq,
                people.p50_per_min,
                people.erlangs,
                signal.expected_p50_s,
            )
            self.words.append((row, signal))
        return sent, signals.next_due(self._signals, policy, now_s)

    def _fleets_seen(self, stands: Standing, step: int) -> tuple[signals.FleetSeen, ...]:
        """The fleets as signals see them, in this interval of the plan."""
        planned = self._estimates.known().contained_per_min
        return tuple(
            [
                _fleet_seen(
                    name,
                    STATES[stands.breaker[f]],
                    stands.level[f],
                    planned[f][step],
                    self._moved.get(f, (0.0, ""))[1],
                    self._channels[f],
                    self._posted_s(f) if self._pauses else math.nan,
                )
                for f, name in enumerate(self.scenario.names.fleets)
            ]
        )

    def _posted_s(self, fleet: int) -> float:
        """Rest of the announced pause that a fleet is in; NaN outside one."""
        now_s = self.clock.now
        return max(
            (until_s - now_s for from_s, until_s in self._pauses.get(fleet, ()) if from_s <= now_s < until_s),
            default=math.nan,
        )

    # --- plans -------------------------------------------------------------------------------------------------------------------

    def _taken_up(self, signal: signals.Signal) -> Generator[Event, Any, None]:
        """The desk takes up a signal: it sees it, decides, and plans."""
        decide_s = self.scenario.desk.decide_s
        if self.scenario.desk.mode is desk.Mode.MANUAL:
            draw = stream(self.scenario.seed, self.replication, f"desk.decide.{signal.seq}").standard_normal()
            decide_s *= math.exp(0.5 * draw)
        self._desk, handled = desk.handle(self._desk, signal.at_s, decide_s, self.scenario.desk)
        if handled.acted_s >= self.scenario.calendar.end_s:
            return
        starts_s = [handled.acted_s]
        if signal.type is signals.Type.PLANNED_MAINTENANCE:
            # Known, and nothing to do yet: nobody is asked before the slowest lever has to be.
            pauses = self._pauses[self.scenario.names.fleets.index(signal.scope.fleets[0])]
            starts_s = [
                from_s - self._reach_s for from_s, until_s in sorted(pauses) if until_s > self.clock.now
            ]
        for start_s in starts_s:
            at_s = max(handled.acted_s, start_s, self.clock.now)
            if at_s >= self.scenario.calendar.end_s:
                break
            if at_s > self.clock.now:
                yield self.clock.before(at_s)
            self._plan(signal)
            if not self._engaged:
                self._engaged = True
                yield from self._goes_on(signal)

    @property
    def _reach_s(self) -> float:
        """How long before an announced pause the desk begins to plan for it: as long as its slowest lever takes, and a plan more."""
        slowest_s = max((lever.lead_s[1] for lever in self.scenario.levers), default=0.0)
        return max(AHEAD_S[-1], slowest_s) + _PLAN.replan_s

    def _goes_on(self, signal: signals.Signal) -> Generator[Event, Any, None]:
        """Once at it, the desk plans again by itself until it has nothing out any more."""
        while True:
            due_s = plans.next_due(self._plans, _PLAN, self.clock.now)
            if now_or_never(due_s, self.clock.now, self.scenario.calendar.end_s):
                break
            yield self.clock.before(due_s)
            self._plan(signal)
        self._engaged = False

    def _plan(self, signal: signals.Signal) -> None:
        stands, now_s = self.floor.standing(), self.clock.now
        normal = stands.all_in and not any(stands.level) and all(state == _CLOSED for state in stands.breaker)
        pauses = self._ahead(self._reach_s if normal else 0.0) if self._pauses else ()
        if self._pauses:
            short = self._estimates.shortage_with_pauses(stands, pauses, now_s, normal=normal)
        else:
            short = self._estimates.shortage(stands, now_s)
        recovered = normal and not pauses
        if not recovered and plans.rests(self._plans, short.gap, _PLAN, now_s):
            return
        target = max([queue.target for queue in self.scenario.queues])
        spilled = short.spilled_per_min
        observation = plans.PlanObservation(
            gap=short.gap,
            lasts_p50_s=max((until_s - now_s for _, until_s in pauses), default=0.0) or signal.expected_p50_s,
            spill_per_min=max(0.0, spilled),
            service_level_low=target * short.held,
            target=target,
            volume_variance=spilled / max(1e-9, short.human_per_min - spilled),
            recovered=recovered,
            joined=self._joined,
        )
        self._plans, actions = plans.step(
            self._plans, observation, self.scenario.levers, _PLAN, self.clock.now
        )
        for action in actions:
            lever = self.scenario.levers.index(action.lever)
            if isinstance(action, plans.Start):
                self._say(
                    f"{action.lever.name}: {action.people} people asked; {action.words}",
                    What.PLAN,
                    lever,
                    to_state=STARTED,
                    cause=action.call,
                    part=float(action.people),
                    whole=max(short.gap),
                    limit=action.expected,
                )
                self.clock.process(self._people_come(action, lever))
            else:
                self._say(
                    f"{action.lever.name}: {action.words}",
                    What.PLAN,
                    lever,
                    to_state=STOPPED,
                    cause=action.call,
                    part=float(self._there.get(action.call, 0)),
                    whole=max(short.gap),
                )
                self.clock.process(self._people_go(action, lever))

    def _people_come(self, call: plans.Start, lever: int) -> Generator[Event, Any, None]:
        """Some of those asked say yes, and are there after a while."""
        rng = stream(self.scenario.seed, self.replication, f"plans.{call.lever.name}.{call.call}")
        come = int(rng.binomial(call.people, call.lever.accept_share))
        share = float(rng.random())
        self._joined[call.call] = come
        at_s = self.clock.now + call.lever.lead_at(self.clock.now, share)
        if at_s >= self.scenario.calendar.end_s:
            return
        yield self.clock.before(at_s)
        if call.call in self._there:
            return  # called off on the way
        self._there[call.call] = come
        self._say(
            f"{call.lever.name}: {come} of {call.people} people are there",
            What.PLAN,
            lever,
            to_state=ARRIVED,
            cause=call.call,
            part=float(come),
            whole=float(call.people),
        )
        self.add_people(self._group(lever), come)

    def _people_go(self, call: plans.Stop, lever: int) -> Generator[Event, Any, None]:
        """People of a call leave, at once or when what they are paid for is over."""
        there = self._there.setdefault(call.call, 0)
        if not there or call.leave_s >= self.scenario.calendar.end_s:
            return
        if call.leave_s > self.clock.now:
            yield self.clock.before(call.leave_s)
        self._there[call.call] = 0
        self._say(
            f"{call.lever.name}: {there} people go",
            What.PLAN,
            lever,
            to_state=LEFT,
            cause=call.call,
            part=float(there),
        )
        self.add_people(self._group(lever), -there)

    def _group(self, lever: int) -> int:
        return self.scenario.names.groups.index(self.scenario.levers[lever].group)

    def _say(self, words: str, what: What, subject: int, *states: int, **numbers: Any) -> None:
        self.words.append((self.log(what, subject, *states, **numbers), words))


def now_or_never(due_s: float, now_s: float, end_s: float) -> bool:
    """Whether there is nothing to wait for."""
    return due_s <= now_s or due_s >= end_s


def graph(scenario: Scenario) -> common_cause.Graph:
    """What stands on what, by name; a watch whose judgement of sessions counts is a watcher."""
    watch, breaker_policy = scenario.watch, scenario.failover.breaker
    judged = watch is not None and breaker_policy is not None and breaker_policy.semantic is not None
    if watch is None or not watch.nodes or not judged:
        return common_cause.Graph(stands_on=scenario.stands_on, fleets=scenario.names.fleets)
    under = tuple(scenario.names.nodes[node] for node in sorted(watch.nodes))
    return common_cause.Graph(
        stands_on={**scenario.stands_on, WATCH: under}, fleets=scenario.names.fleets, watchers=(WATCH,)
    )

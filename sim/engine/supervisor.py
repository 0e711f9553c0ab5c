"""The controllers that look at the whole centre: common cause, signals to workforce management, plans. Woken when something moved.

They see what an orchestrator sees (states of breakers and levels, sessions, the planner's forecast); what they decide is carried out
here, and what people do about it (who says yes, how long a person thinks) is drawn here, from named streams.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from simpy.events import Event

from sim.demand.streams import stream
from sim.engine.clock import Clock
from sim.engine.forecast import STEP_S, Forecast, forecast, people_for
from sim.engine.what import What
from sim.orchestration import breaker, common_cause, degradation, desk, impact, parents, plans, signals
from sim.scenario.model import Incident, Scenario

AHEAD_S = tuple(300.0 * k for k in range(25))
"""Horizons of the estimate: two hours in steps of the plan."""
NEAR = 5
"""So many of them say whether the target is in danger."""
STARTED, ARRIVED, STOPPED, LEFT = 0, 1, 2, 3
"""`to_state` of a plan's rows: asked, there, called off, gone."""
WATCH = "the watch"
"""Name of what looks at fleets, in the graph of what stands on what: no node can be called so."""
PLAN_STATES = ("asked", "there", "called off", "gone")


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
    words: list[tuple[int, str]] = field(default_factory=list)
    """(row of the control log, sentence) of what these controllers did."""
    _parents: parents.ParentState = field(default_factory=parents.ParentState)
    _cause: common_cause.CommonCauseState = field(default_factory=common_cause.CommonCauseState)
    _signals: signals.SignalState = field(default_factory=signals.SignalState)
    _plans: plans.PlanState = field(default_factory=plans.PlanState)
    _desk: desk.DeskState = field(default_factory=desk.DeskState)
    _moved: dict[int, tuple[float, str]] = field(default_factory=dict)
    """By fleet: when its breaker or level moved last, and why."""
    _warnings: list[signals.Warned] = field(default_factory=list)
    _pauses: dict[int, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    """By fleet: what was announced, from and until, seconds."""
    _untold: list[signals.Maintenance] = field(default_factory=list)
    _joined: dict[int, int] = field(default_factory=dict)
    _there: dict[int, int] = field(default_factory=dict)
    _due_s: float = math.inf
    _engaged: bool = False
    """Whether the desk has taken up a signal of this episode: it then plans again by itself."""

    @property
    def on(self) -> bool:
        """Whether there is anybody to wake."""
        s = self.scenario
        return s.common_cause is not None or s.parents is not None or s.signals is not None

    def moved(self, what: What, fleet: int, to_state: int, words: str) -> None:
        """A breaker, a level or a warning moved."""
        if what is What.WARNING:
            if to_state:
                self._warnings.append(signals.Warned(self.scenario.names.fleets[fleet], words, 0.9))
        else:
            self._moved[fleet] = (self.clock.now, words)

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
        now_s, due_s = self.clock.now, math.inf
        if self.scenario.common_cause is not None:
            self._look_for_a_common_cause(self.scenario.common_cause)
            due_s = min(due_s, common_cause.next_due(self._cause, self.scenario.common_cause, now_s))
        if self.scenario.parents is not None:
            self._look_at_parents(self.scenario.parents)
            due_s = min(due_s, parents.next_due(self._parents, self.scenario.parents))
        if self.scenario.signals is not None:
            self._signal()
            due_s = min(due_s, signals.next_due(self._signals, self.scenario.signals.policy, now_s))
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

    def _look_for_a_common_cause(self, policy: common_cause.CommonCausePolicy) -> None:
        states = self.floor.look(resets=False).breaker
        verdicts = {
            name: {
                breaker.State.CLOSED: common_cause.Verdict.OK,
                breaker.State.DEGRADED: common_cause.Verdict.WARN,
                breaker.State.OPEN: common_cause.Verdict.TRIP,
                breaker.State.HALF_OPEN: common_cause.Verdict.TRIP,
            }.get(breaker.State(int(states[f])), common_cause.Verdict.NODATA)
            for f, name in enumerate(self.scenario.names.fleets)
        }
        on = graph(self.scenario)
        self._cause, actions = common_cause.step(
            self._cause, common_cause.CommonCauseObservation(verdicts), on, policy, self.clock.now
        )
        if any(action.watchers for action in actions):
            self.floor.judge(not any(on.watching_from(node) for node in self._cause.declared))
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
                if breaker.State(int(states[self.scenario.names.fleets.index(name)])) in parents.BACK:
                    self._force(name, breaker.State.OPEN, action.words)

    def _force(self, fleet: str, state: breaker.State, words: str) -> None:
        """Move a fleet's breaker, for these words."""
        f = self.scenario.names.fleets.index(fleet)
        before = int(self.floor.breaker_row(f).state)
        if not self.floor.force(f, int(state)):
            return
        row = self.floor.breaker_row(f)
        self._moved[f] = (self.clock.now, words)
        numbers = float(row.part), float(row.whole), float(row.limit)
        self.log(What.BREAKER, f, before, int(row.state), int(row.cause), *numbers)

    # --- breakers of nodes -------------------------------------------------------------------------------------------------------

    def _look_at_parents(self, policy: parents.ParentPolicy) -> None:
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

    # --- signals -----------------------------------------------------------------------------------------------------------------

    def _estimate(self, known: Forecast, look: Any, ahead: tuple[float, ...]) -> impact.Impact:
        """What the failure puts on the people at these horizons, as the planner sees it."""
        names, now_s = self.scenario.names, self.clock.now
        fleets = {
            name: impact.Fleet(
                sessions=int(look.sessions[f]),
                state=breaker.State(int(look.breaker[f])).name.lower(),
                since_s=self._moved.get(f, (0.0, ""))[0],
                level=int(look.level[f]),
                active=int(look.active[f]),
                sessions_normal=self.scenario.fleets[f].sessions,
                away=self._pauses.get(f, ()),
            )
            for f, name in enumerate(names.fleets)
        }
        steps = len(known.everybody)
        available = [
            float(known.everybody[min(steps - 1, int((now_s + ahead_s) / STEP_S))]) for ahead_s in ahead
        ]
        everything = tuple(range(len(names.queues)))
        assert self.scenario.signals is not None, "asked only where there are signals"
        policy = impact.ImpactPolicy(every_s=STEP_S, ahead_s=ahead, burst_share=self.scenario.signals.burst)
        return impact.estimate(
            known.streams,
            fleets,
            available,
            lambda per_s, handle_s: people_for(self.scenario, everything, per_s, handle_s),
            policy,
            now_s,
            degradation.sheds,
            known.worked,
        )

    def _signal(self) -> None:
        known, look, names, now_s = (
            forecast(self.scenario),
            self.floor.look(resets=False),
            self.scenario.names,
            self.clock.now,
        )
        assert self.scenario.signals is not None, "asked only where there are signals"
        step = min(len(known.everybody) - 1, int(now_s / STEP_S))
        seen = tuple(
            signals.FleetSeen(
                name=name,
                state=breaker.State(int(look.breaker[f])).name.lower(),
                level=int(look.level[f]),
                plan_per_min=60.0 * float(known.contained_per_s[f, step]),
                active=int(look.active[f]),
                cause=self._moved.get(f, (0.0, ""))[1],
                channels=tuple(names.channels[c] for c in sorted(self.scenario.fleets[f].channels)),
                posted_s=max(
                    (
                        until_s - now_s
                        for from_s, until_s in self._pauses.get(f, ())
                        if from_s <= now_s < until_s
                    ),
                    default=math.nan,
                ),
            )
            for f, name in enumerate(names.fleets)
        )
        estimate = self._estimate(known, look, AHEAD_S[:1])
        observation = signals.SignalObservation(
            now_s, seen, estimate, tuple(self._warnings), tuple(self._untold)
        )
        self._warnings.clear()
        self._untold.clear()
        self._signals, sent = signals.step(self._signals, observation, self.scenario.signals.policy, now_s)
        for signal in sent:
            self.sent.append(signal)
            scope = signal.scope.fleets
            self._say(
                f"{signal.type.value}: {signal.cause}; {estimate.words}; may last {signal.expected_p50_s / 60.0:.0f} min",
                What.SIGNAL,
                names.fleets.index(scope[0]) if len(scope) == 1 else -1,
                to_state=list(signals.Type).index(signal.type),
                cause=signal.seq,
                part=signal.human_p50_per_min,
                whole=signal.erlangs,
                limit=signal.expected_p50_s,
            )
            if self.scenario.levers:
                self.clock.process(self._taken_up(signal))

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
        return max(AHEAD_S[-1], slowest_s) + plans.PlanPolicy().replan_s

    def _goes_on(self, signal: signals.Signal) -> Generator[Event, Any, None]:
        """Once at it, the desk plans again by itself until it has nothing out any more."""
        while True:
            due_s = plans.next_due(self._plans, plans.PlanPolicy(), self.clock.now)
            if now_or_never(due_s, self.clock.now, self.scenario.calendar.end_s):
                break
            yield self.clock.before(due_s)
            self._plan(signal)
        self._engaged = False

    def _plan(self, signal: signals.Signal) -> None:
        known, look, now_s = forecast(self.scenario), self.floor.look(resets=False), self.clock.now
        normal = all(int(s) == breaker.State.CLOSED for s in look.breaker) and not look.level.any()
        pauses = self._ahead(self._reach_s if normal else 0.0)
        over_s = max((until_s - now_s for _, until_s in pauses), default=0.0)
        steps = max(len(AHEAD_S), math.ceil(over_s / AHEAD_S[1]) + 1)
        estimate = self._estimate(known, look, tuple(AHEAD_S[1] * k for k in range(steps)))
        now = estimate.ahead[0]
        paused = [impact.is_away(pauses, now_s + a.ahead_s) for a in estimate.ahead]
        # Before an announced pause only what is short in it counts: an ordinary day's shortage is nothing to call people for.
        before = normal and bool(pauses)
        gaps = tuple(
            max(0.0, a.gap) if there or not before else 0.0
            for a, there in zip(estimate.ahead, paused, strict=True)
        )
        counted = [a for k, a in enumerate(estimate.ahead) if paused[k] or (k < NEAR and not before)]
        # A rough projection: short of people by a share, short of target by as much.
        low = min((1.0 - max(0.0, a.gap) / max(1, a.required) for a in counted), default=1.0)
        worst = max([now, *(counted if before else ())], key=lambda a: a.p50_per_min)
        target = max(queue.target for queue in self.scenario.queues)
        observation = plans.PlanObservation(
            gap=gaps,
            lasts_p50_s=over_s or signal.expected_p50_s,
            spill_per_min=max(0.0, worst.p50_per_min),
            service_level_low=target * low,
            target=target,
            volume_variance=worst.p50_per_min / max(1e-9, worst.human_per_min - worst.p50_per_min),
            recovered=normal and not pauses,
            joined=dict(self._joined),
        )
        self._plans, actions = plans.step(
            self._plans, observation, self.scenario.levers, plans.PlanPolicy(), self.clock.now
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
                    whole=max(gaps),
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
                    whole=max(gaps),
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

"""How many people, by the clock: what the formulas ask for, what simulation finds, and what each plan would really give.

    the scenario, with ample people ──► what comes to people by step: arrivals, handling time, peakedness
        ├─ Erlang C, Erlang A, Hayward    each step by itself, the measured load
        └─ simulation                     smallest plan that holds the target in every step, found by trying
    each of the four plans ──► simulated on other days: the service level that it would really give

A plan *holds* when in every step and for every queue that counts the lower end of the one-sided interval of the service level (step by
step, not all together) is at the target. The search raises steps that miss and lowers those with room, on the same customers each
time; at the end no single person can be taken away from any step. What was found on some days is judged on others: a search flatters
itself.

Shrinkage is on the supply side, and applied once: scheduled = required / (1 − shrinkage), in whole people.

The shifts that would cover the simulated plan are looked for in `sim.studies.roster`, and simulated like a plan.

Source: iterative simulation-based staffing after Feldman, Mandelbaum, Massey & Whitt (2008), doi:10.1287/mnsc.1070.0821.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.engine.records import Run
from sim.engine.run import FloorName, in_order
from sim.outcomes import intervals
from sim.outcomes.bursts import peakedness_at_people
from sim.outcomes.erlang import handle_by_interval_s, sums, together
from sim.outcomes.intervals import Estimate, FloatArray
from sim.outcomes.measures import MEASURE, Cut, interval_edges_s, quantities, quantity
from sim.scenario.errors import ScenarioError
from sim.scenario.model import Group, Scenario, Shift
from sim.scenario.values import in_units
from sim.studies.roster import STARTS_S, Patterns, Roster
from sim.wfm import staff_erlang_a, staff_erlang_c
from sim.wfm.staffing import with_shrinkage

IntArray = NDArray[np.int64]
LEVEL = MEASURE["service_level"]
GONE = MEASURE["abandonment"]
STEP_S = 1800.0
ENOUGH = 30.0
"""Contacts of a queue in a step, over all replications, below which the step says nothing about it, and keeps Erlang A's number."""
MEASURING = 5
"""Replications with ample people that measure the load."""
FRESH_FROM = 1_000_000
"""Replications from here on judge the plans; the search never sees them."""
MOST_ROUNDS = 40
METHODS = ("Erlang C", "Erlang A", "Hayward", "simulation")
"""Whose plans stand side by side, in this order."""
Progress = Callable[[str, int, int], None]
"""Told what is being done, how many runs were made so far, and how many it will be at most, as far as one can tell."""


@dataclass(frozen=True, slots=True)
class Target:
    """What has to hold in every step."""

    service_level: Mapping[int, float]
    """By queue that counts."""
    abandonment: float | None = None
    """Of all who ask for a person at these queues, at most; instead of service levels when those are none."""


@dataclass(frozen=True, slots=True)
class Plan:
    """People by step, and what they would really give."""

    name: str
    people: tuple[int, ...]
    scheduled: tuple[int, ...]
    """With shrinkage."""
    by_step: tuple[float, ...]
    """Service level of the queues that count, together, on fresh days; NaN where nobody asked."""
    by_queue_and_step: dict[str, tuple[float, ...]]
    """The same of each queue."""
    day: Estimate
    """Of the whole run."""
    by_queue: dict[str, Estimate]
    abandonment: Estimate
    missed: int
    """Steps in which a queue's mean service level on fresh days is below its target."""


@dataclass(frozen=True, slots=True)
class Staffing:
    """The answer."""

    scenario: str
    variant: str
    group: str
    targets: dict[str, float]
    """Service level that each queue which counts has to hold; empty where a limit on abandonment takes its place."""
    abandonment: float | None
    queues: tuple[str, ...]
    step_s: float
    from_s: tuple[float, ...]
    """Begins of the steps."""
    per_h: tuple[float, ...]
    """Contacts that ask for a person."""
    handle_s: tuple[float, ...]
    queue_per_h: dict[str, tuple[float, ...]]
    """The same of each queue that counts."""
    queue_handle_s: dict[str, tuple[float, ...]]
    """Same."""
    at_once: float
    """Contacts that one person holds at a time, which no formula knows: their answers are divided by it."""
    peakedness: float
    confidence: float
    shrinkage: float
    plans: tuple[Plan, ...]
    """Erlang C, Erlang A, Hayward, simulation."""
    shifts: Plan | None
    """What the group's own shifts supply, planned mean by step in whole people, and what they really give; None without shifts."""
    roster: Roster | None
    """Shifts that cover the simulated plan; None when nobody asked for them."""
    rostered: Plan | None
    """Same, who comes and who is scheduled, mean by step in whole people, and what it would really give."""
    runs: int
    """Simulated for the answer."""


def staff(
    scenario: Scenario,
    *,
    group: str | None = None,
    queues: Sequence[str] = (),
    service_level: float | None = None,
    abandonment: float | None = None,
    confidence: float = 0.95,
    shrinkage: float = 0.0,
    step_s: float = STEP_S,
    peakedness: float | None = None,
    at_least: Sequence[int] | None = None,
    shifts: Sequence[str] = (),
    starts_s: float = STARTS_S,
    at_most: int | None = None,
    replications: int | None = None,
    floor: FloorName = "kernel",
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Staffing:
    """People of one group by step.

    Args:
        scenario: Of which the group's staffing is looked for; everything else stays.
        group: Its name; may be left out when there is one group.
        queues: That count; all that the group serves when none is named.
        service_level: Instead of the queues' own targets.
        abandonment: At most this share, instead of service levels.
        confidence: Of the lower end, step by step.
        shrinkage: Share of paid time away from the floor, [0, 1).
        step_s: A whole number of reporting intervals.
        peakedness: For Hayward, instead of the measured one (which a fixed list of arrivals does not have).
        at_least: By step, people who are there anyway: the simulated plan begins with them and has no fewer.
        shifts: Lengths such as `8h`, or `own` for the group's own: also a roster of such shifts that covers the simulated plan.
        starts_s: From one possible start of a shift to the next, from midnight on; own shifts begin when they do.
        at_most: People on all shifts of a day.
        replications: Of the search; the scenario's own number when left out.
        floor: The compiled one or the plain one.
        jobs: Runs at a time.
        progress: Told as it goes on.

    Raises:
        ScenarioError: It cannot be staffed this way, in words.
    """
    asked = _Asked(scenario, group, queues, service_level, abandonment, confidence, step_s)
    patterns = asked.patterns(shifts, starts_s, at_most)
    n = scenario.replications if replications is None else replications
    search = _Search(asked, n, floor, jobs, progress)
    load = search.measure()
    if peakedness is not None:
        load = replace(load, z=peakedness)
    formulas = load.plans(asked)
    if patterns is not None:
        patterns.check(
            asked.by_interval(formulas["Erlang A"])
        )  # a search takes minutes; this is known before
    least = np.zeros(asked.steps, dtype=np.int64) if at_least is None else np.array(at_least, dtype=np.int64)
    found = search.smallest(formulas["Erlang A"] if at_least is None else least, least)
    plans = {**formulas, METHODS[-1]: found}
    chosen = None if patterns is None else patterns.cheapest(asked.by_interval(found), shrinkage)
    search.left = (len(plans) + bool(asked.shifts) + (chosen is not None)) * n
    made = tuple(
        search.judge(name, people, [with_shrinkage(int(p), shrinkage) for p in people])
        for name, people in plans.items()
    )
    own = rostered = None
    if asked.shifts:
        there = _whole(asked.on_shift(asked.shifts))
        own = search.judge("shifts", there, there, shifts=asked.shifts)  # who comes is on the list already
    if chosen is not None:
        there, listed = (_whole(asked.on_shift(some)) for some in (chosen.comes, chosen.scheduled))
        rostered = search.judge("roster", there, listed, shifts=chosen.comes)
    names = scenario.names.queues
    return Staffing(
        scenario=scenario.name,
        variant=scenario.variant,
        group=asked.group_name,
        targets={names[q]: level for q, level in asked.target.service_level.items()},
        abandonment=abandonment,
        queues=tuple(names[q] for q in asked.queues),
        step_s=step_s,
        from_s=tuple(float(x) for x in asked.edges_s[:-1]),
        per_h=tuple(float(3600 * x) for x in load.per_s),
        handle_s=tuple(float(x) for x in load.handle_s),
        queue_per_h={names[q]: _plain(3600.0 * load.queues[k][0]) for k, q in enumerate(asked.queues)},
        queue_handle_s={names[q]: _plain(load.queues[k][1]) for k, q in enumerate(asked.queues)},
        at_once=load.at_once,
        peakedness=load.z,
        confidence=confidence,
        shrinkage=shrinkage,
        plans=made,
        shifts=own,
        roster=None if chosen is None else chosen.roster,
        rostered=rostered,
        runs=search.runs,
    )


class _Asked:
    """The question, checked."""

    def __init__(
        self,
        scenario: Scenario,
        group: str | None,
        queues: Sequence[str],
        service_level: float | None,
        abandonment: float | None,
        confidence: float,
        step_s: float,
    ) -> None:
        names = scenario.names
        if group is None and len(scenario.groups) > 1:
            raise ScenarioError(f"several groups work here; name one with --group: {', '.join(names.groups)}")
        self.group_name = names.groups[0] if group is None else group
        if self.group_name not in names.groups:
            raise ScenarioError(f"there is no group {self.group_name!r}; there are {', '.join(names.groups)}")
        self.group = names.groups.index(self.group_name)
        spec = scenario.groups[self.group]
        if spec.replayed:
            raise ScenarioError(
                f"people.{self.group_name} is staffed by a replayed log; give it `staffing:` by time of day, which is what is looked for"
            )
        self.shifts = spec.shifts
        for name in queues:
            if name not in names.queues or names.queues.index(name) not in spec.skills:
                mine = ", ".join(names.queues[q] for q in spec.skills)
                raise ScenarioError(f"{self.group_name} serves no queue {name!r}; it serves {mine}")
        self.queues = [names.queues.index(name) for name in queues] or sorted(spec.skills)
        if abandonment is not None and service_level is not None:
            raise ScenarioError("a service level and a limit on abandonment are two targets; name one")
        if abandonment is not None:
            patient = [names.queues[q] for q in self.queues if math.isinf(scenario.queues[q].patience.mean_s)]
            if patient:
                raise ScenarioError(
                    f"nobody gives up in {', '.join(patient)}: a limit on abandonment says nothing there"
                )
        interval_s = scenario.calendar.interval_s
        if step_s < interval_s or not math.isclose(step_s / interval_s, round(step_s / interval_s)):
            raise ScenarioError(
                f"--every is {in_units(step_s)}, and must be a whole number of reporting intervals of {in_units(interval_s)}"
            )
        self.scenario, self.confidence, self.step_s = scenario, confidence, step_s
        self.target = Target(
            {
                q: scenario.queues[q].target if service_level is None else service_level
                for q in (self.queues if abandonment is None else [])
            },
            abandonment,
        )
        edges_s = interval_edges_s(scenario)
        self.stride = round(step_s / interval_s)
        self.first = int(np.searchsorted(edges_s, scenario.warm_up_s - 1e-9))
        begins = np.arange(0, len(edges_s) - 1, self.stride)
        self.edges_s: FloatArray = np.append(edges_s[begins], edges_s[-1])
        self.of_interval: IntArray = np.arange(len(edges_s) - 1) // self.stride
        self.counted_s = np.zeros(len(begins))
        """Seconds of every step after the warm-up."""
        np.add.at(self.counted_s, self.of_interval[self.first :], np.diff(edges_s)[self.first :])

    @property
    def steps(self) -> int:
        return len(self.edges_s) - 1

    def patterns(self, said: Sequence[str], starts_s: float, at_most: int | None) -> Patterns | None:
        """Shifts that are possible, None when nobody asks for a roster."""
        if not said:
            if at_most is not None:
                raise ScenarioError(
                    "--at-most limits the people of a roster; say of which shifts with --shift, such as --shift 8h"
                )
            return None
        return Patterns(
            self.scenario,
            self.group_name,
            self.shifts,
            said,
            starts_s,
            at_most,
            interval_edges_s(self.scenario),
        )

    def by_interval(self, people: IntArray) -> IntArray:
        """People by step, for every reporting interval."""
        return people[self.of_interval]

    def on_shift(self, shifts: Sequence[Shift]) -> FloatArray:
        """People whom shifts put on the floor, as planned, mean by step."""
        found = np.zeros(self.steps)
        for shift in shifts:
            for begin_s, end_s in shift.pieces:
                inside = np.minimum(end_s, self.edges_s[1:]) - np.maximum(begin_s, self.edges_s[:-1])
                found += shift.people * np.maximum(0.0, inside)
        return found / np.diff(self.edges_s)

    def staffed(self, people: IntArray, *, shifts: tuple[Shift, ...] = (), keep: bool = False) -> Scenario:
        """The scenario with these people by step, or with these shifts in their place."""
        steps = tuple((float(at), int(n)) for at, n in zip(self.edges_s[:-1], people, strict=True))
        groups = tuple(
            replace(group, staffing=() if shifts else steps, shifts=shifts) if g == self.group else group
            for g, group in enumerate(self.scenario.groups)
        )
        assert isinstance(groups[self.group], Group), "groups are values"
        return replace(self.scenario, groups=groups, keep_contacts=keep)


@dataclass(frozen=True, slots=True)
class _Load:
    """What comes to people, by step."""

    per_s: FloatArray
    handle_s: FloatArray
    at_once: float
    z: float
    patience_s: float
    within_s: float
    short_s: float
    queues: tuple[tuple[FloatArray, FloatArray], ...]
    """Contacts per second and handling time of each queue that counts."""

    def plans(self, asked: _Asked) -> dict[str, IntArray]:
        """The formulas' answers; a step in which nobody asks needs nobody."""
        target = asked.target
        level = max(target.service_level.values(), default=0.0)
        most_gone = 1.0 if target.abandonment is None else target.abandonment
        found: dict[str, list[int]] = {name: [] for name in METHODS[:-1]}
        for per_s, handle_s in zip(self.per_s, self.handle_s, strict=True):
            if not per_s > 0 or not handle_s > 0:
                for plan in found.values():
                    plan.append(0)
                continue
            # Nobody leaves in Erlang C; a limit on abandonment means nothing to it, and it takes the chance of waiting instead.
            c = staff_erlang_c(
                per_s, handle_s, service_level=level or 1.0 - most_gone, within_s=self.within_s
            ).required
            found["Erlang C"].append(self._people(c))
            for name, z in (("Erlang A", 1.0), ("Hayward", 1.0 if math.isnan(self.z) else self.z)):
                if math.isinf(self.patience_s):
                    n = staff_erlang_c(
                        per_s, handle_s, service_level=level, within_s=self.within_s, peakedness=z
                    ).required
                else:
                    n = staff_erlang_a(
                        per_s, handle_s, self.patience_s, service_level=level, within_s=self.within_s, max_p_ab=most_gone,
                        peakedness=z,
                    ).required  # fmt: skip
                found[name].append(self._people(n))
        return {name: np.array(plan, dtype=np.int64) for name, plan in found.items()}

    def _people(self, servers: int) -> int:
        return math.ceil(servers / self.at_once - 1e-9)


@dataclass(frozen=True, slots=True)
class _Seen:
    """Part and whole of service level by queue, and of abandonment, shape (replications, queues or 1, steps)."""

    part: FloatArray
    whole: FloatArray
    gone: FloatArray
    came: FloatArray


class _Search:
    """Runs plans on the same customers, and counts how many runs that took."""

    def __init__(
        self, asked: _Asked, replications: int, floor: FloorName, jobs: int | None, progress: Progress | None
    ) -> None:
        self.asked, self.n, self.floor, self.jobs, self.progress = asked, replications, floor, jobs, progress
        self.runs = 0
        self.most = 0
        """People in a step beyond which a target counts as out of reach."""
        self.left = 0
        """Runs to come, at most; a guess that gets better."""
        self._known: dict[tuple[int, ...], bool] = {}

    def expect(self, plans: int) -> None:
        """So many plans are still to be tried, at most, and the four of the answer judged."""
        self.left = (plans + len(METHODS)) * self.n

    def _run(
        self,
        people: IntArray,
        replications: Sequence[int],
        what: str,
        *,
        shifts: tuple[Shift, ...] = (),
        keep: bool = False,
    ) -> list[Run]:
        scenario = self.asked.staffed(people, shifts=shifts, keep=keep)
        made = list(in_order([(scenario, r) for r in replications], self.floor, self.jobs))
        self.runs += len(made)
        if self.progress:
            self.left = max(0, self.left - len(made))
            self.progress(what, self.runs, self.runs + self.left)
        return made

    def measure(self) -> _Load:
        """What comes to people when there are enough of them: nobody leaves, nobody calls again for that."""
        asked = self.asked
        self.expect(MOST_ROUNDS + asked.steps)
        most = max((n for _, n in asked.scenario.groups[asked.group].staffing), default=1)
        many = np.full(asked.steps, 1 + max(most, math.ceil(asked.on_shift(asked.shifts).max())))
        for _ in range(2):  # more people change what comes (redials), and what comes says how many are enough
            runs = self._run(many, range(min(self.n, MEASURING)), "measuring the load", keep=True)
            per_s, handle_s = self._load_of(runs, asked.queues)
            load = np.nan_to_num(per_s * handle_s)
            one = together(runs, asked.queues)
            many = np.ceil((load + 3.0 * np.sqrt(load)) / one.at_once + 2).astype(np.int64)
        z = peakedness_at_people(runs, asked.queues, None)
        queues = tuple(self._load_of(runs, [q]) for q in asked.queues)
        return _Load(per_s, handle_s, one.at_once, z, one.patience_s, one.within_s, one.short_s, queues)

    def _load_of(self, runs: Sequence[Run], queues: Sequence[int]) -> tuple[FloatArray, FloatArray]:
        """Contacts per second and handling time by step."""
        asked = self.asked
        found = sums(runs, queues)
        found[: asked.first] = 0.0
        by_step = np.zeros((asked.steps, found.shape[1]))
        np.add.at(by_step, asked.of_interval, found)
        per_s: FloatArray = quantity(by_step, "queued") / np.maximum(1e-9, asked.counted_s * len(runs))
        return per_s, handle_by_interval_s(by_step)

    def see(
        self, people: IntArray, replications: Sequence[int], what: str, *, shifts: tuple[Shift, ...] = ()
    ) -> _Seen:
        asked = self.asked
        shape = (len(replications), len(asked.queues), asked.steps)
        part, whole, gone, came = (np.zeros(shape) for _ in range(4))
        for r, run in enumerate(self._run(people, replications, what, shifts=shifts)):
            for k, q in enumerate(asked.queues):
                found = quantities(run, Cut(queue=q))
                found[: asked.first] = 0.0
                for into, values in zip(
                    (part, whole, gone, came), (*LEVEL.parts(found), *GONE.parts(found)), strict=True
                ):
                    np.add.at(into[r, k], asked.of_interval, np.nan_to_num(values))
        return _Seen(part, whole, gone, came)

    def margins(self, seen: _Seen) -> FloatArray:
        """By step, how far the worst queue is above its target, at the lower end of the interval; +∞ where too few asked."""
        asked = self.asked
        level = 2.0 * asked.confidence - 1.0
        found = np.full(asked.steps, math.inf)
        for t in range(asked.steps):
            if asked.target.abandonment is not None:
                a, n = seen.gone[:, :, t].sum(axis=1), seen.came[:, :, t].sum(axis=1)
                if n.sum() >= ENOUGH:
                    found[t] = asked.target.abandonment - _high(intervals.ratio(a, n, level))
                continue
            for k, q in enumerate(asked.queues):
                a, n = seen.part[:, k, t], seen.whole[:, k, t]
                if n.sum() >= ENOUGH:
                    low = intervals.ratio(a, n, level).low
                    found[t] = min(
                        found[t], (0.0 if math.isnan(low) else low) - asked.target.service_level[q]
                    )
        return found

    def holds(self, people: IntArray) -> FloatArray:
        """Margins of a plan on the search's own days."""
        return self.margins(self.see(people, range(self.n), "trying plans"))

    def smallest(self, start: IntArray, least: IntArray) -> IntArray:
        """A plan that holds, with *least* people or more by step, and from which else no single person can be taken."""
        people = np.maximum(start, least)
        self.most = 20 * int(people.max()) + 200
        missed = np.full(len(people), -1)
        best: IntArray | None = None
        for tried_so_far in range(MOST_ROUNDS):
            self.expect(MOST_ROUNDS - tried_so_far + len(people))
            margin = self.holds(people)
            bad = margin < 0.0
            if not bad.any():
                best = people
                # Steps with room, down to one above what is known to miss.
                lower = people - np.maximum(1, np.rint(0.03 * people)).astype(np.int64)
                lower = np.where(margin > 0.02, lower, people - 1)
                # Too few asked for simulation to say anything: what Erlang A asks for stays.
                lower = np.where(np.isinf(margin), start, lower)
                tried = np.maximum(np.maximum(lower, least), np.minimum(people, missed + 1))
                if (tried == people).all():
                    break
                people = tried
                continue
            missed = np.where(bad, np.maximum(missed, people), missed)
            grow = np.where(margin < -0.10, np.rint(0.05 * people), 1).astype(np.int64)
            people = people + np.where(bad, np.maximum(1, grow), 0)
            if best is not None and bad.any():
                people = np.where(bad, np.minimum(people, np.maximum(best, missed + 1)), people)
            self._within_reason(people)
        if best is None:
            best = self._raised(people)
        return self._minimal(best, np.where(np.isinf(self.holds(best)), best, least))

    def _within_reason(self, people: IntArray) -> None:
        if people.max() > self.most:
            raise ScenarioError(
                f"{people.max():,} people in one step do not hold the target either: something else than their number stands in the way"
            )

    def _raised(self, people: IntArray) -> IntArray:
        """More people wherever it misses, and in the step before, whose backlog it may be, until it holds."""
        grow = 1
        while ((margin := self.holds(people)) < 0.0).any():
            bad = margin < 0.0
            before = np.append(bad[1:], False)
            people = people + grow * (bad | before).astype(np.int64)
            grow *= 2  # what cannot be reached is known soon; what is too many is taken away again
            self._within_reason(people)
        return people

    def _minimal(self, people: IntArray, least: IntArray) -> IntArray:
        """Take away one person after the other, as long as everything still holds, and never below *least*."""
        changed = True
        while changed:
            changed = False
            for t in range(len(people)):
                self.expect(len(people) - t)
                while people[t] > least[t]:
                    fewer = people.copy()
                    fewer[t] -= 1
                    if not self._still_holds(fewer):
                        break
                    people, changed = fewer, True
        return people

    def _still_holds(self, people: IntArray) -> bool:
        key = tuple(int(n) for n in people)
        if key not in self._known:
            self._known[key] = bool((self.holds(people) >= 0.0).all())
        return self._known[key]

    def judge(
        self,
        name: str,
        people: IntArray,
        scheduled: Sequence[int] | IntArray,
        *,
        shifts: tuple[Shift, ...] = (),
    ) -> Plan:
        """What a plan gives on days that the search never saw; or what *shifts* give, *people* in the mean."""
        asked = self.asked
        fresh = range(FRESH_FROM, FRESH_FROM + self.n)
        seen = self.see(people, fresh, "judging plans on other days", shifts=shifts)
        part, whole = seen.part.sum(axis=1), seen.whole.sum(axis=1)
        by_step = _level(part.sum(axis=0), whole.sum(axis=0))
        missed = 0
        for t in range(asked.steps):
            if asked.target.abandonment is not None:
                n = seen.came[:, :, t].sum()
                missed += bool(n >= ENOUGH and seen.gone[:, :, t].sum() / n > asked.target.abandonment)
                continue
            totals = [
                (seen.part[:, k, t].sum(), seen.whole[:, k, t].sum(), q) for k, q in enumerate(asked.queues)
            ]
            missed += any(n >= ENOUGH and a / n < asked.target.service_level[q] for a, n, q in totals)
        names = asked.scenario.names.queues
        return Plan(
            name=name,
            people=tuple(int(n) for n in people),
            scheduled=tuple(int(n) for n in scheduled),
            by_step=_plain(by_step),
            by_queue_and_step={
                names[q]: _plain(_level(seen.part[:, k].sum(axis=0), seen.whole[:, k].sum(axis=0)))
                for k, q in enumerate(asked.queues)
            },
            day=intervals.ratio(part.sum(axis=1), whole.sum(axis=1)),
            by_queue={
                names[q]: intervals.ratio(seen.part[:, k].sum(axis=1), seen.whole[:, k].sum(axis=1))
                for k, q in enumerate(asked.queues)
            },
            abandonment=intervals.ratio(seen.gone.sum(axis=(1, 2)), seen.came.sum(axis=(1, 2))),
            missed=missed,
        )


def _level(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Share by step; NaN where nobody asked."""
    found: FloatArray = np.divide(part, whole, out=np.full(part.shape, math.nan), where=whole > 0)
    return found


def _whole(people: FloatArray) -> IntArray:
    return np.rint(people).astype(np.int64)


def _plain(values: FloatArray) -> tuple[float, ...]:
    return tuple(float(x) for x in values)


def _high(found: Estimate) -> float:
    return math.inf if math.isnan(found.high) else found.high

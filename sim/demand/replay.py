"""A day that really happened as columns: what its log saw comes from the log, everything else from the scenario.

                    folder made by `blendsim import`            shipped day (facts)
    arrival         as logged                                   the day's own count in every 5 minutes and class
    class           as logged                                   with the arrival
    segment         as logged; not known: that class's shares   that class's shares
    patience        hung up: the wait; answered: Kaplan-Meier,  Kaplan-Meier
                    given that it exceeds the wait borne
    service         as logged; not served: that class's law     that class's law, services under 10 s included
    turnaround      after every service, drawn from the day's   the same
    people          who answered when and what (`Crew`)         the same

- Only those who asked for a person are replayed; who ended in the VRU, or was an artefact of the switch, is counted by `about`.
- Midnight of the log's day is midnight of the calendar's first day; who arrives outside the calendar is counted by `about`, too.
- A class is the intent of its name. Where a channel has its name as well, the class has a line of its own; else the channel is drawn.
- A segment is the scenario's of its name; a scenario with a single segment does not tell segments apart.
- Streams are called `replay.…` and drawn for the whole day at once: the customers of a day do not depend on the calendar's cut.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sim.demand.contacts import Contacts
from sim.demand.draw import BLOCK_S, Streams, attributes, choose, memory_factor
from sim.demand.facts import ALL, DayFacts, day_facts, facts_of
from sim.demand.floor_presence import Crew
from sim.demand.log import LogContacts
from sim.demand.log_import import IMPORT, read_contacts
from sim.demand.log_patience import SurvivalCurve, imputed_patience, kaplan_meier
from sim.demand.observed import Observed
from sim.demand.streams import stream
from sim.scenario.errors import ScenarioError
from sim.scenario.model import BoolArray, FloatArray, IntArray, Scenario

NO_CLASS = "unknown"
"""What facts call the class of contacts that have none."""
COVERED_SHARE = 0.9
"""A group can stand for a crew if its skills cover this share of what the crew answered."""


@dataclass(frozen=True, slots=True)
class ReplayedDay:
    """The day that a scenario replays."""

    facts: DayFacts
    log: LogContacts | None
    """Who asked for a person that day, row by row; None for a shipped day."""


class _Customers(NamedTuple):
    """A whole day, ascending by arrival; NaN and −1 where the log cannot tell."""

    arrive_s: FloatArray
    """Seconds since midnight."""
    kind: IntArray
    """Position in `DayFacts.classes`."""
    segment: IntArray
    """The scenario's segment code."""
    patience_s: FloatArray
    service_s: FloatArray


def contacts(scenario: Scenario, replication: int, block: int = 0) -> Contacts:
    """One block of the replayed day.

    Raises:
        ScenarioError: There is no such day, or the scenario lacks an intent or segment of it.
    """
    day = day_of(scenario)
    everybody = _customers(scenario, day, replication)
    at_s = everybody.arrive_s - _midnight_s(scenario)
    until_s = min((block + 1) * BLOCK_S, scenario.calendar.end_s)
    rows = np.flatnonzero((at_s >= block * BLOCK_S) & (at_s < until_s))

    def rng(name: str) -> np.random.Generator:
        return stream(scenario.seed, replication, name, block)

    kind = everybody.kind[rows]
    intent = _coded(_intents(scenario, day.facts)[kind], scenario.demand.intent_share, rng, "demand.intent")
    channel = _coded(_lines(scenario, day.facts)[kind], scenario.demand.channel_share, rng, "demand.channel")
    drawn = attributes(scenario, rng, block, at_s[rows], intent, channel)
    n = len(rows)
    # Rows behind the first attempts are further attempts of the same issue.
    first = (drawn.issue - drawn.id[:1]).astype(np.int64) if n else np.empty(0, dtype=np.int64)
    patience_s = drawn.patience_s.copy()
    known_s = everybody.patience_s[rows]
    patience_s[:n] = np.where(np.isnan(known_s), patience_s[:n], known_s)
    service_s = everybody.service_s[rows][first]
    segment = everybody.segment[rows][first]
    return drawn._replace(
        patience_s=patience_s,
        handle_s=np.where(
            np.isnan(service_s), drawn.handle_s, service_s * memory_factor(scenario, drawn.attempt)
        ),
        segment=np.where(segment < 0, drawn.segment, segment),
    )


def observed_of(scenario: Scenario) -> Observed:
    """What the log saw on the replayed day, by half-hour since midnight."""
    return day_of(scenario).facts.observed


def about(scenario: Scenario) -> tuple[str, ...]:
    """What is replayed, what is left out and how many, a sentence each."""
    day = day_of(scenario)
    facts = day.facts
    offered = int(facts.observed.offered.sum())
    at_s = _customers(scenario, day, 0).arrive_s - _midnight_s(scenario)
    outside = int(((at_s < 0.0) | (at_s >= scenario.calendar.end_s)).sum())
    kind = "contact by contact" if day.log is not None else "from counts and laws"
    lines = [f"replays {facts.day:%A} {facts.day.day} {facts.day:%B %Y}, {kind}: {facts.source}"]
    lines.append(
        f"{offered - outside:,} of {offered:,} contacts that asked for a person"
        + (f"; {outside:,} arrive outside the calendar and are left out" if outside else "")
    )
    if facts.contained or facts.failed:
        lines.append(
            f"left out, as they never asked for a person: {facts.contained:,} contained, {facts.failed:,} failed"
        )
    if any(group.replayed for group in scenario.groups):
        for group, crews in zip(scenario.names.groups, _crews_of_groups(scenario, facts), strict=True):
            if crews:
                answers = sum(sum(crew.answers.values()) for crew in crews)
                lines.append(f"{group}: {_people(crews)}, who answered {answers:,} that day")
        idle = [crew for crew in facts.crews if _best_group(scenario, facts, crew) is None]
        if idle:
            lines.append(
                f"left out: {_people(idle)} who answered nothing that a group with staffing: replay serves"
            )
    on = ["redial"] if any(queue.redial is not None for queue in scenario.queues) else []
    on += ["repeats"] if scenario.repeats is not None else []
    if on:
        verb = "is" if len(on) == 1 and on[0] == "redial" else "are"
        lines.append(
            f"{' and '.join(on)} {verb} on: drawn further attempts come on top of those that are in the log"
        )
    return tuple(lines)


def _people(crews: list[Crew]) -> str:
    n = sum(crew.servers for crew in crews)
    return f"{n} people" if n != 1 else "1 person"


def staffing(scenario: Scenario) -> list[tuple[tuple[float, int], ...]]:
    """By group: (second, people on the floor from then on); of the replayed day where the group says so.

    A crew of the log belongs to the group with the fewest skills among those that cover nine tenths of what it
    answered; if none does, to the one that covers most.
    """
    facts = day_of(scenario).facts
    midnight_s = _midnight_s(scenario)
    found = []
    for group, crews in zip(scenario.groups, _crews_of_groups(scenario, facts), strict=True):
        changes = {0.0: 0}
        for crew in crews:
            for at_s, change in zip(crew.times_s, np.diff(crew.agents, prepend=0), strict=True):
                second = max(0.0, float(at_s - midnight_s))
                changes[second] = changes.get(second, 0) + int(change)
        people, steps = 0, []
        for second in sorted(changes):
            people += changes[second]
            if changes[second] or second == 0.0:
                steps.append((second, people))
        found.append(tuple(steps) if group.replayed else group.staffing)
    return found


# --- which day -------------------------------------------------------------------------------------------------------------------


def shipped_days() -> tuple[str, ...]:
    """Names of the days that come with the project."""
    folder = resources.files("sim.demand").joinpath("data")
    return tuple(
        sorted(file.name.removesuffix(".json") for file in folder.iterdir() if file.name.endswith(".json"))
    )


def day_of(scenario: Scenario) -> ReplayedDay:
    """The day that a scenario replays.

    Raises:
        ScenarioError: There is no such day.
    """
    name, day = scenario.demand.replay, scenario.demand.replay_day
    assert name is not None, "only asked of a scenario that replays"
    if name in shipped_days():
        return _shipped(name, day)
    folder = Path(name)
    if not folder.is_dir():
        raise ScenarioError(
            f"demand.replay: {name} is neither a day that ships ({', '.join(shipped_days())}) "
            "nor a folder made by `blendsim import`"
        )
    # A folder that is imported again is read again.
    made = (folder / IMPORT).stat().st_mtime_ns if (folder / IMPORT).exists() else 0
    return _imported(str(folder.resolve()), name, day, made)


@lru_cache(maxsize=4)
def _shipped(name: str, day: str | None) -> ReplayedDay:
    text = resources.files("sim.demand").joinpath("data", f"{name}.json").read_text(encoding="utf-8")
    facts = day_facts(json.loads(text))
    if day is not None and day != facts.day.isoformat():
        raise ScenarioError(f"demand.replay_day: is {day}, and {name} is {facts.day}; remove it")
    return ReplayedDay(facts, None)


@lru_cache(maxsize=4)
def _imported(path: str, name: str, day: str | None, _made: int) -> ReplayedDay:
    folder = Path(path)
    everything = read_contacts(folder)
    days = everything.days
    if not days:
        raise ScenarioError(f"demand.replay: {name} holds no contacts; see its rejected.csv")
    try:
        wanted = days[0] if day is None else date.fromisoformat(day)
    except ValueError:
        raise ScenarioError(f"demand.replay_day: is {day}, and must be a date such as {days[0]}") from None
    if wanted not in days:
        raise ScenarioError(
            f"demand.replay_day: {name} has no contact on {wanted}; it covers {days[0]} to {days[-1]}"
        )
    that_day = everything.of_day(wanted)
    told = json.loads((folder / IMPORT).read_text(encoding="utf-8"))
    written = facts_of(that_day, told["source"] or name, told["time_zone"] or "UTC")
    if not that_day.offered.any():
        raise ScenarioError(f"demand.replay: nobody in {name} asked for a person on {wanted}")
    return ReplayedDay(day_facts(written), that_day.where(that_day.offered))


def _midnight_s(scenario: Scenario) -> float:
    """From midnight to the start of the run by the wall clock, seconds."""
    start = scenario.calendar.start
    return start.hour * 3600.0 + start.minute * 60.0 + start.second


# --- customers -------------------------------------------------------------------------------------------------------------------


def _customers(scenario: Scenario, day: ReplayedDay, replication: int) -> _Customers:
    """The day's customers; one number a row from every stream, whether the log knows better or not."""
    facts, log = day.facts, day.log

    def rng(name: str) -> np.random.Generator:
        return stream(scenario.seed, replication, name)

    if log is None:
        arrive_s, kind = facts.arrive_s(rng("replay.arrival").random(int(facts.arrivals.sum())))
    else:
        # Classes of those who never asked for a person are not among the facts'.
        where = {name: k for k, name in enumerate(facts.classes)}
        place = np.array([where.get(name or NO_CLASS, -1) for name in log.intents], dtype=np.int64)
        arrive_s, kind = log.arrive_s, place[log.intent]
    n = len(arrive_s)
    segment = _segments(scenario, facts, kind, rng("replay.segment").random(n))
    service_s, patience_s = np.full(n, np.nan), np.full(n, np.nan)
    u_service, u_patience = rng("replay.service").random(n), rng("replay.patience").random(n)
    for k, name in enumerate(facts.classes):
        mine = kind == k
        if ALL in facts.service:
            service_s[mine] = facts.service_quantile(name, u_service[mine])
        if log is None and ALL in facts.patience:
            patience_s[mine] = facts.patience_quantile(name, u_patience[mine])
    if log is not None:
        service_s = np.where(np.isnan(log.service_s), service_s, log.service_s)
        if log.queued.any():
            patience_s = _patience_of_log(facts, log, kind, u_patience)
        present = np.unique(log.segment)
        codes = np.full(len(log.segments), -1, dtype=np.int64)
        codes[present] = _segment_codes(scenario, [log.segments[k] for k in present])
        known = codes[log.segment]
        segment = np.where(known < 0, segment, known)
    service_s += facts.turnaround.quantile(rng("replay.turnaround").random(n))
    return _Customers(arrive_s, kind, segment, patience_s, service_s)


def _patience_of_log(facts: DayFacts, log: LogContacts, kind: IntArray, u: FloatArray) -> FloatArray:
    """Patience that agrees with every wait in the log; a class with few hang-ups takes the curve of all."""
    patience_s = np.empty(len(u))
    everybody = _curve(log, np.ones(len(u), dtype=np.bool_))
    for k in np.unique(kind):
        mine = kind == k
        curve = _curve(log, mine) if facts.classes[k] in facts.patience else everybody
        patience_s[mine] = imputed_patience(log.wait_s[mine], log.abandoned[mine], u[mine], curve)
    return patience_s


def _curve(log: LogContacts, rows: BoolArray) -> SurvivalCurve:
    rows = rows & log.queued
    return kaplan_meier(log.wait_s[rows], log.abandoned[rows])


def _segments(scenario: Scenario, facts: DayFacts, kind: IntArray, u: FloatArray) -> IntArray:
    """Segments drawn with the shares of each contact's class; −1 where the day knows none."""
    segment = np.full(len(kind), -1, dtype=np.int64)
    for k, name in enumerate(facts.classes):
        shares = facts.segments[name]
        if shares:
            codes = np.array(_segment_codes(scenario, tuple(shares)), dtype=np.int64)
            mine = np.flatnonzero(kind == k)
            cumulative = np.cumsum(list(shares.values()))[:-1]
            segment[mine] = codes[np.searchsorted(cumulative, u[mine], side="right")]
    return segment


def _segment_codes(scenario: Scenario, names: Iterable[str]) -> list[int]:
    """The scenario's codes of these segments, −1 for the empty name and where it does not tell segments apart."""
    known = scenario.names.segments
    names = list(names)
    if len(known) == 1:
        return [-1] * len(names)
    strange = [name for name in names if name and name not in known]
    if strange:
        raise ScenarioError(
            f"demand.replay: the log has segments called {', '.join(strange)}, and segments has {', '.join(known)}; "
            "add them under segments, or rename them in the import's mapping"
        )
    return [known.index(name) if name else -1 for name in names]


def _intents(scenario: Scenario, facts: DayFacts) -> IntArray:
    """The scenario's intent of every class, −1 for contacts without a class."""
    known = scenario.names.intents
    strange = [
        f"{name} ({count:,} contacts)"
        for name, count in zip(facts.classes, facts.arrivals.sum(axis=1), strict=True)
        if name not in known and name != NO_CLASS
    ]
    if strange:
        raise ScenarioError(
            f"demand.replay: the log has classes called {', '.join(strange)}, and intents has {', '.join(known)}; "
            "add them under intents, or rename them in the import's mapping"
        )
    return np.array([known.index(name) if name in known else -1 for name in facts.classes], dtype=np.int64)


def _lines(scenario: Scenario, facts: DayFacts) -> IntArray:
    """The channel that bears a class's name, −1 where none does."""
    known = scenario.names.channels
    return np.array([known.index(name) if name in known else -1 for name in facts.classes], dtype=np.int64)


def _coded(codes: IntArray, shares: FloatArray, rng: Streams, name: str) -> IntArray:
    """These codes, and drawn ones where they are −1."""
    if not (codes < 0).any():
        return codes
    return np.where(codes < 0, choose(shares, rng, name, len(codes)), codes)


# --- people ----------------------------------------------------------------------------------------------------------------------


def _crews_of_groups(scenario: Scenario, facts: DayFacts) -> list[list[Crew]]:
    found: list[list[Crew]] = [[] for _ in scenario.groups]
    for crew in facts.crews:
        group = _best_group(scenario, facts, crew)
        if group is not None:
            found[group].append(crew)
    return found


def _best_group(scenario: Scenario, facts: DayFacts, crew: Crew) -> int | None:
    """The group that a crew belongs to; None where none with `staffing: replay` serves anything that it answered."""
    line = dict(zip(facts.classes, _lines(scenario, facts).tolist(), strict=True))
    # How likely each queue is for the crew's answers.
    by_queue = np.zeros(len(scenario.queues))
    for name, answers in crew.answers.items():
        channel = line.get(name, -1)
        if channel >= 0:
            by_queue[scenario.queue_of_channel[channel]] += answers
        else:
            np.add.at(by_queue, scenario.queue_of_channel, answers * scenario.demand.channel_share)
    by_queue /= by_queue.sum()
    best: tuple[bool, float, float, int] | None = None
    for g, group in enumerate(scenario.groups):
        covered = float(by_queue[list(group.skills)].sum())
        if not group.replayed or covered <= 0.0:
            continue
        enough = covered >= COVERED_SHARE
        # Enough, then few skills; not enough, then much covered.
        rank = (enough, -float(len(group.skills)) if enough else covered, covered, -g)
        best = rank if best is None else max(best, rank)
    return None if best is None else -best[3]

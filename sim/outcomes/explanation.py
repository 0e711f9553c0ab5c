"""Why did it do that: what happened around a moment of one run, and the story of one contact, in words.

Everything is read from what the run recorded: control rows with the numbers they rested on, decisions with their reasons, contact rows.
What only the plant knows is marked as true.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from sim.engine.records import Run
from sim.engine.state import Disposition, Handling, Mode
from sim.engine.what import What
from sim.orchestration import breaker, words
from sim.orchestration.words import Decision, Reason
from sim.outcomes.happenings import Told, happenings, standing
from sim.outcomes.local_time import clock_words, local_time
from sim.outcomes.waiting import visits
from sim.outcomes.words import REASON_LABELS
from sim.scenario.errors import ScenarioError
from sim.scenario.model import Scenario
from sim.scenario.values import clock_s

WINDOW_S = 120.0
"""Before and after the moment that is asked about."""
_DATED = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]+([0-9:]+)")

DECISIONS: dict[Decision, str] = {
    Decision.ROUTE: "routing",
    Decision.PLACE: "placing",
    Decision.RETRY: "retry",
    Decision.MOVE: "move",
    Decision.ESCALATE: "to people",
}
"""Words for the margin; a kind of decision without an entry is told by its name."""

ENDINGS: dict[Disposition, str] = {
    Disposition.IN_SYSTEM: "the run ends while the contact is under way",
    Disposition.AI_RESOLVED: "the AI resolves it",
    Disposition.AI_FALSE_CONTAINED: "ends in the AI without meeting the need",
    Disposition.AI_ABANDONED: "leaves the AI",
    Disposition.HUMAN_RESOLVED: "the person finishes",
    Disposition.QUEUE_ABANDONED: "gives up waiting",
    Disposition.BLOCKED: "turned away: the queue has no room",
    Disposition.DROPPED: "lost at the hand-over",
}

MODES: dict[Mode, str] = {
    Mode.SUCCESS: "it would meet the need",
    Mode.DETECTED: "it would fail, and notice",
    Mode.LOOP: "it would go round in circles",
    Mode.CONFIDENT_WRONG: "it would be wrong with confidence",
}


@dataclass(frozen=True, slots=True)
class Decided:
    """Decisions of the window that were alike."""

    kind: str
    reason: str
    where: str
    """Fleet or queue; empty for neither."""
    contacts: int
    first_s: float
    first_clock: str
    example: int
    """Id of the first contact."""
    sentence: str
    """The first one's, with its numbers."""


@dataclass(frozen=True, slots=True)
class Around:
    """What happened around one moment."""

    at_s: float
    clock: str
    from_s: float
    until_s: float
    before: tuple[Told, ...]
    """What held when the window began."""
    happened: tuple[Told, ...]
    floor: tuple[str, ...]
    """Queues and fleets at the moment itself."""
    decided: tuple[Decided, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a contact's story."""

    at_s: float
    clock: str
    kind: str
    text: str
    because: str = ""
    true: bool = False
    """Of the plant; no controller knows it."""


@dataclass(frozen=True, slots=True)
class ContactStory:
    """One contact from its arrival to its end."""

    contact: int
    issue: int
    attempt: int
    steps: tuple[Step, ...]
    others: tuple[str, ...]
    """The same customer's other attempts at the same matter, a sentence each."""
    notes: tuple[str, ...]


def moment_s(scenario: Scenario, text: str, option: str = "--at") -> float:
    """Seconds since the start of the run of a local time: `10:12`, `10:12:30`, `2026-03-02 10:12`.

    Raises:
        ScenarioError: It is no time, lies outside the run, or comes on several of its days.
    """
    calendar = scenario.calendar
    zone = ZoneInfo(calendar.timezone)
    dated = _DATED.fullmatch(text.strip())
    time_s = clock_s(dated[2] if dated else text.strip())
    if time_s is None or time_s > 86_400.0:
        raise ScenarioError(f"{option} {text}: is no time; write 10:12, 10:12:30 or 2026-03-02 10:12")
    first, last = local_time(scenario, 0.0), local_time(scenario, calendar.end_s)
    days = [first.date() + timedelta(days=k) for k in range((last.date() - first.date()).days + 1)]
    if dated:
        try:
            days = [datetime.strptime(dated[1], "%Y-%m-%d").date()]  # noqa: DTZ007  a date alone
        except ValueError:
            raise ScenarioError(f"{option} {text}: there is no such day") from None
    found = []
    for day in days:
        clock = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(seconds=time_s)
        second = clock.timestamp() - calendar.start.timestamp()
        if 0.0 <= second <= calendar.end_s:
            found.append(second)
    if not found:
        raise ScenarioError(f"{option} {text}: is outside the run, which goes from {_span(scenario)}")
    if len(found) > 1:
        raise ScenarioError(
            f"{option} {text}: comes on {len(found)} days of the run; name one, as in --at "
            f"'{local_time(scenario, found[0]):%Y-%m-%d} {text.strip()}' (it goes from {_span(scenario)})"
        )
    return found[0]


def _span(scenario: Scenario) -> str:
    first, last = local_time(scenario, 0.0), local_time(scenario, scenario.calendar.end_s)
    return f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} {scenario.calendar.timezone}"


def around(run: Run, at_s: float, window_s: float = WINDOW_S) -> Around:
    """What happened within *window_s* before and after *at_s* of one run.

    Args:
        run: One replication; with its decisions, where they are to be told.
        at_s: Seconds since the start of the run.
        window_s: Seconds on either side.
    """
    scenario = run.scenario
    from_s, until_s = max(0.0, at_s - window_s), min(scenario.calendar.end_s, at_s + window_s)
    notes = []
    if run.contacts is None:
        notes.append("records: intervals: contacts and decisions of this run were not kept, only control was")
    notes += _silent(run, until_s)
    return Around(
        at_s=at_s,
        clock=clock_words(scenario, at_s),
        from_s=from_s,
        until_s=until_s,
        before=tuple(standing(run, from_s)),
        happened=tuple(happenings(run, from_s, until_s)),
        floor=tuple(_floor(run, at_s)),
        decided=tuple(_decided(run, from_s, until_s)),
        notes=tuple(notes),
    )


_SILENT = (breaker.Cause.NO_REPLIES, breaker.Cause.NO_SESSIONS)


def _silent(run: Run, at_s: float) -> list[str]:
    """Fleets that are degraded at that time for want of traffic, and why they may stay so."""
    moves = run.control[(run.control["what"] == What.BREAKER) & (run.control["at_s"] <= at_s)]
    out = []
    for f, name in enumerate(run.scenario.names.fleets):
        mine = moves[moves["subject"] == f]
        if len(mine) and mine[-1]["to_state"] == breaker.State.DEGRADED and mine[-1]["cause"] in _SILENT:
            out.append(
                f"fleet {name} is degraded because nothing was heard of it, and stays so until enough is: silence is not health. A "
                "degraded fleet gets simple contacts alone, and one that only stands by gets none; `semantic.nodata_grace: 0` of its "
                "breaker takes silence for nothing"
            )
    return out


def _floor(run: Run, at_s: float) -> list[str]:
    """Who waits, and which fleet holds how many, at one instant; nothing without contact rows."""
    c, names = run.contacts, run.scenario.names
    if c is None or len(c["id"]) == 0:
        return []
    waiting = visits(run)
    now = waiting.at(at_s)
    out = []
    for q, name in enumerate(names.queues):
        mine = now & (waiting.queue == q)
        if mine.any():
            longest_s = at_s - float(waiting.from_s[mine].min())
            out.append(f"queue {name}: {int(mine.sum())} waiting, the longest for {longest_s:.0f} s")
        else:
            out.append(f"queue {name}: nobody waiting")
    ends_s = np.where(np.isnan(c["ai_end_s"]), math.inf, c["ai_end_s"])
    in_ai = (c["first_fleet"] >= 0) & (c["ai_start_s"] <= at_s) & (ends_s > at_s)
    for f, name in enumerate(names.fleets):
        # Those that moved between fleets count where they were last.
        out.append(f"fleet {name}: {int((in_ai & (c['fleet'] == f)).sum())} sessions")
    return out


def _decided(run: Run, from_s: float, until_s: float) -> list[Decided]:
    """Decisions of the window, alike ones together, the most frequent first."""
    rows = run.decisions
    if rows is None:
        return []
    rows = rows[(rows["at_s"] >= from_s) & (rows["at_s"] <= until_s)]
    keys = [(int(r["kind"]), int(r["reason"]), int(r["fleet"]), int(r["queue"])) for r in rows]
    first: dict[tuple[int, int, int, int], Any] = {}
    for key, row in zip(keys, rows, strict=True):
        first.setdefault(key, row)
    out = []
    for key, contacts in Counter(keys).most_common():
        row, at_s = first[key], float(first[key]["at_s"])
        out.append(
            Decided(
                kind=_kind(key[0]),
                reason=_named(Reason(key[1]), REASON_LABELS),
                where=_where(run.scenario, row),
                contacts=contacts,
                first_s=at_s,
                first_clock=clock_words(run.scenario, at_s),
                example=int(row["contact"]),
                sentence=_sentence(row),
            )
        )
    return out


def _kind(code: int) -> str:
    return _named(Decision(code), DECISIONS)


def _sentence(row: Any) -> str:
    return words.in_words(int(row["reason"]), float(row["seen"]), float(row["limit"]))


def _where(scenario: Scenario, row: Any) -> str:
    fleet, queue = int(row["fleet"]), int(row["queue"])
    away = "away from " if int(row["kind"]) == Decision.MOVE else ""
    parts = [f"{away}fleet {scenario.names.fleets[fleet]}"] if fleet >= 0 else []
    parts += [f"queue {scenario.names.queues[queue]}"] if queue >= 0 else []
    return " → ".join(parts)


def contact_story(run: Run, contact: int) -> ContactStory:
    """One contact's story line by line, from its arrival to its end.

    Raises:
        ScenarioError: The run kept no contacts, or has none of this number.
    """
    c = run.contacts
    if c is None:
        raise ScenarioError(
            f"contact {contact}: this run kept counts by interval alone; run it again with --records contacts"
        )
    at = np.flatnonzero(c["id"] == contact)
    if len(at) == 0:
        raise ScenarioError(f"contact {contact}: {_no_contact(c['id'], contact)}")
    row = {name: column[at[0]] for name, column in c.items()}
    decided = run.decisions[run.decisions["contact"] == contact] if run.decisions is not None else None
    steps = [*_plant_steps(run, row), *_decision_steps(run.scenario, decided)]
    # The order of the day; at one instant a contact arrives first and ends last, and decisions stand between.
    steps.sort(key=lambda step: (step.at_s, _RANK.get(step.kind, 3)))
    notes = (
        [] if decided is not None else ["the decisions of this run were not kept; their reasons are missing"]
    )
    return ContactStory(
        contact=contact,
        issue=int(row["issue"]),
        attempt=int(row["attempt"]),
        steps=tuple(steps),
        others=tuple(_others(run, row)),
        notes=tuple(notes),
    )


_RANK = {
    "arrives": 0,
    "truth": 1,
    "classifier": 2,
    "AI starts": 3.2,
    "AI ends": 3.4,
    "queue": 4,
    "answered": 5,
    "ends": 6,
}


def _no_contact(ids: NDArray[Any], contact: int) -> str:
    if len(ids) == 0:
        return "no contact came in this run"
    nearest = int(ids[int(np.abs(ids - contact).argmin())])
    return f"there is none of this number; they go from {ids.min()} to {ids.max()}, the nearest is {nearest}"


def _named(code: IntEnum, words_of: Mapping[Any, str]) -> str:
    """Words for a code; its name where nobody has found words yet."""
    return words_of.get(code, code.name.lower().replace("_", " "))


def _plant_steps(run: Run, row: dict[str, Any]) -> list[Step]:
    scenario, names = run.scenario, run.scenario.names
    steps: list[Step] = []

    def add(at_s: Any, kind: str, text: str, because: str = "", true: bool = False) -> None:
        if not math.isnan(float(at_s)):
            clock = clock_words(scenario, float(at_s))
            steps.append(Step(float(at_s), clock, kind, text, because, true))

    who = [
        names.segments[int(row["segment"])],
        names.languages[int(row["language"])],
        names.regions[int(row["region"])],
    ]
    attempt = f", attempt {int(row['attempt'])} at the matter" if int(row["attempt"]) > 1 else ""
    of = ", ".join(name for name in who if name and name != "all")
    add(row["arrive_s"], "arrives", f"by {names.channels[int(row['channel'])]}{attempt}", of)
    intent = names.intents[int(row["intent"])]
    scope = "" if bool(row["in_scope"]) else ", outside what the AI was made for"
    add(row["arrive_s"], "truth", f"wants {intent}{scope}", true=True)
    if scenario.classifier is not None and int(row["label"]) >= 0:
        right = "right" if bool(row["right"]) else "wrong"
        seen = f"label {names.intents[int(row['label'])]}, confidence {float(row['confidence']):.3f}"
        add(row["decide_s"], "classifier", seen, f"the label is {right} (true)")
    if int(row["first_fleet"]) >= 0:
        fleet = names.fleets[int(row["first_fleet"])]
        watched = ", watched by a person" if bool(row["monitored"]) else ""
        add(
            row["ai_start_s"],
            "AI starts",
            f"session with fleet {fleet}{watched}",
        )
        last = names.fleets[int(row["fleet"])] if int(row["fleet"]) >= 0 else fleet
        turns = f"after {int(row['turns'])} turns and {int(row['calls'])} calls"
        # Of the fleet that had it last: who moves to another one meets another fate.
        fate = f"left alone {_named(Mode(int(row['mode'])), MODES)} (true)" if row["end_reason"] else ""
        add(row["ai_end_s"], "AI ends", f"session with fleet {last} {turns}", fate)
    if int(row["queue"]) >= 0:
        add(row["queue_s"], "queue", f"joins the queue {names.queues[int(row['queue'])]}", _ahead(run, row))
    ghost = bool(row["ghost"])
    if not math.isnan(float(row["answer_s"])):
        wait_s = float(row["answer_s"]) - float(row["queue_s"])
        group = names.groups[int(row["group"])] if int(row["group"]) >= 0 else "people"
        nobody = "; nobody is there any more" if ghost else ""
        add(
            row["answer_s"],
            "answered",
            f"by person {int(row['agent'])} of {group} after {wait_s:.0f} s{nobody}",
        )
    ending = Disposition(int(row["disposition"]))
    end_s = row["end_s"] if not math.isnan(float(row["end_s"])) else scenario.calendar.end_s
    handled = Handling(int(row["handling"]))
    took = ""
    if ending is Disposition.HUMAN_RESOLVED and not math.isnan(float(row["handle_s"])):
        took = f"handled for {float(row['handle_s']):.0f} s"
    elif ending is Disposition.QUEUE_ABANDONED:
        took = f"after {float(end_s) - float(row['queue_s']):.0f} s" + (" without a word" if ghost else "")
    elif ending is Disposition.AI_FALSE_CONTAINED:
        took = "counts as contained (true: it is not)"
    if handled in (Handling.ESCALATED, Handling.SPILLED):
        counts = "escalated" if handled is Handling.ESCALATED else "spilled over"
        took = f"{took}; counts as {counts}" if took else f"counts as {counts}"
    add(end_s, "ends", _named(ending, ENDINGS), took)
    return steps


def _ahead(run: Run, row: dict[str, Any]) -> str:
    """How many waited in the same queue at that moment."""
    waiting = visits(run)
    before = waiting.at(row["queue_s"]) & (waiting.from_s < row["queue_s"]) & (waiting.queue == row["queue"])
    return f"{int(before.sum())} waiting there"


def _decision_steps(scenario: Scenario, rows: NDArray[Any] | None) -> list[Step]:
    out = []
    for row in rows if rows is not None else ():
        at_s = float(row["at_s"])
        text = _where(scenario, row) or _to(row)
        out.append(Step(at_s, clock_words(scenario, at_s), _kind(int(row["kind"])), text, _sentence(row)))
    return out


_TO_PEOPLE = {Reason.NO_AI_ROUTING, Reason.NOT_ELIGIBLE, Reason.LABEL_UNKNOWN, Reason.CONFIDENCE_LOW}


def _to(row: Any) -> str:
    """Where a route leads that names neither fleet nor queue."""
    if int(row["kind"]) != Decision.ROUTE:
        return "nowhere"
    return "to people" if Reason(int(row["reason"])) in _TO_PEOPLE else "to the AI"


def _others(run: Run, row: dict[str, Any]) -> list[str]:
    """The other attempts at the same matter, in their order."""
    c = run.contacts
    assert c is not None, "the row came from the contacts"
    same = np.flatnonzero((c["issue"] == row["issue"]) & (c["id"] != row["id"]))
    out = []
    for at in same[np.argsort(c["attempt"][same], kind="stable")]:
        arrive = clock_words(run.scenario, float(c["arrive_s"][at]))
        ending = ENDINGS[Disposition(int(c["disposition"][at]))]
        out.append(f"contact {int(c['id'][at])}, attempt {int(c['attempt'][at])}, {arrive}: {ending}")
    return out

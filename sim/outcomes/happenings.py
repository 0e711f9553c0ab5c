"""Rows of the control log in words, one kind at a time.

`KINDS` is the table: a kind of row is one entry, made of what its `subject` is a code of and a function that reads the row. The sentences
of causes are those of the controllers. A kind without an entry is told by its bare numbers, so that nothing is kept back.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sim.engine.records import Run
from sim.engine.supervisor import PLAN_STATES
from sim.engine.what import What
from sim.orchestration import breaker, degradation, ejection, look_ahead, relief, scaling, warning
from sim.outcomes.local_time import clock_words
from sim.scenario.model import Scenario

NUMBERS = ("part", "whole", "limit")
"""Columns of a row that hold what it rested on."""

_CODES = frozenset(int(what) for what in What)

Words = tuple[str, str]
"""What happened to the subject, and the reason with its numbers; the latter may be empty."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How rows of one kind are told."""

    label: str
    """One word for the margin."""
    subjects: str
    """Field of `Scenario.names` that `subject` is a code of."""
    tell: Callable[[Scenario, Any], Words]
    hidden: bool = False
    """The truth of the plant, which no controller knows."""
    stands: bool = True
    """Says how things are until the next row of the kind about the same subject."""
    before_name: str = ""
    """What a sentence without the margin needs before the subject's name."""


@dataclass(frozen=True, slots=True)
class Told:
    """One control event in words."""

    at_s: float
    clock: str
    """Local time."""
    kind: str
    """`Kind.label`."""
    subject: str
    text: str
    """`B: CLOSED → OPEN`."""
    because: str
    """The controller's reason; empty where there is none."""
    true: bool
    """Of the plant; no controller knows it."""
    numbers: dict[str, float]
    """What it rested on: those of `NUMBERS` that the row has."""


def happening(scenario: Scenario, row: Any, said: str = "") -> Told:
    """One row of the control log in words: those that its controller said, where it did."""
    kind = kind_of(row)
    at_s, subject = float(row["at_s"]), name_of(scenario, row)
    text, because = (said, "") if said else kind.tell(scenario, row)
    numbers = {name: float(row[name]) for name in NUMBERS if not math.isnan(float(row[name]))}
    clock = clock_words(scenario, at_s)
    whole = text if said else f"{subject}: {text}"
    return Told(at_s, clock, kind.label, subject, whole, because, kind.hidden, numbers)


def sentence(scenario: Scenario, row: Any, said: str = "") -> str:
    """The same in one sentence, for where there is no margin: `breaker of B: CLOSED → OPEN, 5 failed replies …`."""
    kind = kind_of(row)
    if said:
        return f"{kind.label}: {said}"
    text, because = kind.tell(scenario, row)
    return f"{kind.before_name}{name_of(scenario, row)}: {text}" + (f", {because}" if because else "")


def kind_of(row: Any) -> Kind:
    """How a row is told."""
    code = int(row["what"])
    found = KINDS.get(What(code)) if code in _CODES else None
    return found or Kind(_label(code), "", _bare)


def name_of(scenario: Scenario, row: Any) -> str:
    """Name of what a row is about."""
    names: Sequence[str] = getattr(scenario.names, kind_of(row).subjects, ())
    code = int(row["subject"])
    return names[code] if 0 <= code < len(names) else f"number {code}" if code >= 0 else "everything"


def incident_words(incident: Any) -> str:
    """`outage`, `25 % errors`, `3 times slower at 2 hosts`; any other effect by its name."""
    whole = _effect_words(incident)
    return f"{whole} at {incident.hosts} host{'s' if incident.hosts > 1 else ''}" if incident.hosts else whole


def _effect_words(incident: Any) -> str:
    slower = f"{incident.factor:g} times slower"
    match incident.effect:
        case "down":
            return "announced outage" if incident.announced_s else "outage"
        case "errors":
            return f"{100 * incident.share:.0f} % errors" + (f", {slower}" if incident.factor != 1.0 else "")
        case "slow":
            return slower
        case "worse":
            return f"capability {100 * incident.points:+.0f} points"
        case "policy":
            return f"a rule stops {100 * incident.share:.0f} % of sessions"
        case "hand_over":
            return "hand-over path broken"
        case _:
            return "telemetry dark"


def _label(code: int) -> str:
    return What(code).name.lower().replace("_", " ") if code in _CODES else f"kind {code}"


def _bare(_: Scenario, row: Any) -> Words:
    """Rows of a kind that has no entry yet: states and numbers as they are."""
    states = f"{int(row['from_state'])} → {int(row['to_state'])}"
    told = [f"{name} {float(row[name]):g}" for name in NUMBERS if not math.isnan(float(row[name]))]
    cause = [f"cause {int(row['cause'])}"] if int(row["cause"]) >= 0 else []
    return states, ", ".join([*cause, *told])


def _incident(scenario: Scenario, row: Any) -> Words:
    k, begins = int(row["cause"]), int(row["what"]) == What.INCIDENT_BEGINS
    words = incident_words(scenario.incidents[k]) if 0 <= k < len(scenario.incidents) else "incident"
    return f"{words} {'begins' if begins else 'is over'}", ""


def _people(_: Scenario, row: Any) -> Words:
    return f"{int(row['to_state'])} people wanted", ""


def _breaker(_: Scenario, row: Any) -> Words:
    before, after = (
        breaker.State(int(row[key])).name.replace("_", "-") for key in ("from_state", "to_state")
    )
    because = breaker.in_words(int(row["cause"]), *(float(row[name]) for name in NUMBERS))
    return f"{before} → {after}", because


def _level(_: Scenario, row: Any) -> Words:
    because = degradation.in_words(int(row["cause"]), *(float(row[name]) for name in NUMBERS))
    return f"level {int(row['from_state'])} → {int(row['to_state'])}", because


def _warning(_: Scenario, row: Any) -> Words:
    because = warning.in_words(int(row["cause"]), *(float(row[name]) for name in NUMBERS))
    return "early warning" if row["to_state"] else "early warning over", because


def _scale(_: Scenario, row: Any) -> Words:
    because = scaling.in_words(int(row["cause"]), *(float(row[name]) for name in NUMBERS))
    return f"sessions {int(row['from_state'])} → {int(row['to_state'])} ordered", because


def _host(_: Scenario, row: Any) -> Words:
    because = ejection.in_words(int(row["cause"]), *(float(row[name]) for name in NUMBERS))
    host, gone = int(row["from_state"]), int(row["to_state"]) == 1
    if host < 0:
        return ("panic: too few hosts" if gone else "enough hosts again"), because
    return f"host {host + 1} {'taken out' if gone else 'back'}", because


def _message(_: Scenario, row: Any) -> Words:
    after = int(row["to_state"])
    because = relief.message_in_words(after, float(row["part"]), float(row["limit"]))
    return f"announcement {relief.Message(after).name.lower()}", because


def _bias(_: Scenario, row: Any) -> Words:
    before, after = int(row["from_state"]) / 100.0, int(row["to_state"]) / 100.0
    because = look_ahead.in_words(float(row["part"]), float(row["whole"]), float(row["limit"]), after)
    return f"bias {before:.2f} → {after:.2f}", because


def _ancestor(_: Scenario, row: Any) -> Words:
    return "declared down" if row["to_state"] else "taken back", ""


def _parent(_: Scenario, row: Any) -> Words:
    return ("closed", "open", "open, another fleet probes")[int(row["to_state"])], ""


def _signal(_: Scenario, row: Any) -> Words:
    return f"number {int(row['cause'])}, human volume {float(row['part']):+.1f}/min", ""


def _plan(_: Scenario, row: Any) -> Words:
    return f"{float(row['part']):.0f} people {PLAN_STATES[int(row['to_state'])]}", ""


KINDS: dict[What, Kind] = {
    What.INCIDENT_BEGINS: Kind("incident", "nodes", _incident, hidden=True, stands=False),
    What.INCIDENT_ENDS: Kind("incident", "nodes", _incident, hidden=True, stands=False),
    What.PEOPLE: Kind("people", "groups", _people),
    What.BREAKER: Kind("breaker", "fleets", _breaker, before_name="breaker of "),
    What.LEVEL: Kind("degradation", "fleets", _level, before_name="degradation of "),
    What.WARNING: Kind("warning", "fleets", _warning, before_name="fleet "),
    What.SCALE: Kind("autoscaling", "fleets", _scale, before_name="fleet "),
    What.HOST: Kind("host", "fleets", _host, before_name="fleet "),
    What.MESSAGE: Kind("announcement", "queues", _message, before_name="queue "),
    What.BIAS: Kind("look ahead", "", _bias),
    What.ANCESTOR: Kind("common cause", "nodes", _ancestor),
    What.PARENT: Kind("node breaker", "nodes", _parent, before_name="breaker of "),
    What.SIGNAL: Kind("signal", "fleets", _signal, stands=False),
    What.PLAN: Kind("plan", "levers", _plan, stands=False),
}
"""Every kind of row. Incidents are told as standing by the incident, not by the row: one may begin while another lasts."""


def happenings(run: Run, from_s: float = -math.inf, until_s: float = math.inf) -> list[Told]:
    """Every row of the control log from *from_s* to *until_s*, both included, in the order of the log."""
    return [
        happening(run.scenario, row, run.said.get(k, ""))
        for k, row in enumerate(run.control)
        if from_s <= row["at_s"] <= until_s
    ]


def _is_back(row: Any) -> bool:
    """A host in service, as hosts usually are."""
    return bool(row["what"] == What.HOST and row["to_state"] == 0)


def standing(run: Run, at_s: float) -> list[Told]:
    """What holds just before *at_s* because of an earlier row: incidents that go on, then the last row of every kind and subject."""
    begun: dict[tuple[int, int], int] = {}
    last: dict[tuple[int, int, int], int] = {}
    for k, row in enumerate(run.control[run.control["at_s"] < at_s]):
        what, subject = int(row["what"]), int(row["subject"])
        if what == What.INCIDENT_BEGINS:
            begun[subject, int(row["cause"])] = k
        elif what == What.INCIDENT_ENDS:
            begun.pop((subject, int(row["cause"])), None)
        elif kind_of(row).stands:
            # A fleet has many hosts, and each is out or not.
            last[what, subject, int(row["from_state"]) if what == What.HOST else -1] = k
    return [
        happening(run.scenario, run.control[k], run.said.get(k, ""))
        for k in [*begun.values(), *(k for k in last.values() if not _is_back(run.control[k]))]
    ]

"""Small worlds for the laws: textbook queues and AI fleets as scenario trees, sent the user's way.

`read` writes the tree down as a file (JSON, which is YAML) and lets the loader, its checks and `build` have it; `measured` runs it on the
compiled floor and asks the outcomes. Nothing here knows how the engine works.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.records import Run
from sim.engine.run import replicate
from sim.outcomes.measures import EVERYTHING, MEASURE, Cut, quantity, totals_of
from sim.scenario.build import build
from sim.scenario.load import load
from sim.scenario.model import Scenario

Tree = dict[str, Any]
START = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday, midnight; UTC unless a test says otherwise."""


# --- words of a scenario file ---


def seconds(duration_s: float) -> str:
    """A duration as a file writes it, to the nanosecond: 0.5 → `0.5s`."""
    return f"{duration_s:.9f}".rstrip("0").rstrip(".") + "s"


def moment(second: float) -> str:
    """A second of the run as date and time, to the second."""
    return f"{START + timedelta(seconds=round(second)):%Y-%m-%d %H:%M:%S}"


def clock(second: float) -> str:
    """A second of a day as a time of day, to the second."""
    return f"{int(second) // 3600:02d}:{int(second) // 60 % 60:02d}:{int(second) % 60:02d}"


def law(kind: str, mean_s: float = math.inf, cv: float | None = None) -> Tree | str:
    """A law in a file's words; *kind* as the schema or the truth cases call it."""
    if kind == "never":
        return "never"
    family = {"exp": "exponential", "det": "constant", "erlang": "gamma"}.get(kind, kind)
    return {"law": family, "mean": seconds(mean_s)} | ({} if cv is None else {"cv": cv})


def calendar(until_s: float, interval_s: float) -> Tree:
    """From `START` on; whole seconds."""
    return {"from": moment(0), "until": moment(until_s), "interval": seconds(interval_s)}


# --- worlds ---


@dataclass(frozen=True, slots=True)
class Line:
    """Customers of one kind with a queue of their own.

    Args:
        name: Of the channel and of the queue.
        per_s: Arrivals a second.
        patience: A law.
        priority: Lower numbers first.
        room: Waiting places; None for endless.
    """

    name: str
    per_s: float
    patience: Tree | str = "never"
    priority: int = 1
    room: int | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """How long a steady world runs: intervals of whole seconds, the first ones to warm up."""

    interval_s: int
    intervals: int = 40
    warm_up: int = 4

    @property
    def end_s(self) -> int:
        """Last second of the run."""
        return self.interval_s * self.intervals

    @classmethod
    def for_contacts(cls, contacts: float, per_s: float) -> Span:
        """Long enough for so many *contacts* after the warm-up."""
        return cls(max(1, math.ceil(contacts / per_s / 36)))


def people_only(
    lines: Sequence[Line],
    handle: Tree | str,
    groups: Mapping[str, tuple[Sequence[str], int]],
    span: Span,
    *,
    within_s: float = 20.0,
    takes: str = "oldest",
) -> Tree:
    """People and nothing else: customers of several kinds, steady Poisson arrivals, groups of people with skills."""
    total = sum(line.per_s for line in lines)
    queues: Tree = {}
    for line in lines:
        queue: Tree = {
            "patience": line.patience,
            "short_abandon": "0s",
            "answer_within": seconds(within_s),
            "priority": {"direct": line.priority, "escalated": line.priority},
        }
        if line.room is not None:
            queue["room"] = line.room
        queues[line.name] = queue
    return {
        "question": "Does the engine agree with a queue whose answer is known?",
        "calendar": calendar(span.end_s, span.interval_s),
        "demand": {"per_h": total * 3600.0},
        "channels": {line.name: {"share": line.per_s / total, "handover": "0s"} for line in lines},
        "intents": {"any": {"human": {"handle": handle}}},
        "queues": queues,
        "people": {
            name: {"skills": list(skills), "staffing": n, "takes": takes}
            for name, (skills, n) in groups.items()
        },
        "records": "intervals",
        "warm_up": seconds(span.warm_up * span.interval_s),
    }


def one_line(
    per_s: float,
    handle: Tree | str,
    patience: Tree | str,
    people: int,
    span: Span,
    *,
    room: int | None = None,
) -> Tree:
    """One kind of customer, one queue, one group."""
    return people_only(
        [Line("voice", per_s, patience, room=room)], handle, {"agents": (["voice"], people)}, span
    )


PLAIN_HANDOVER = {
    "switch": 0,
    "reexplain": 0,
    "prework": 0,
    "mood": 0,
    "dropped": 0,
    "context_lost": 0,
    "difficulty": 0,
}
"""A hand-over that changes nothing about the handling time."""


def ai_in_front(
    ai_per_s: float,
    people_per_s: float,
    session: Tree | str,
    sessions: int,
    handle: Tree | str,
    patience: Tree | str,
    people: int,
    span: Span,
    *,
    room: int | None = None,
    escalates: float = 0.0,
) -> Tree:
    """A fleet in front of the people: sessions of one turn, full fleets spill over, a share escalates at the end of its session.

    Intent `for_the_ai` goes to the fleet, `for_people` to the queue. Labels are right and come after 1 ms, for everybody alike.
    """
    tree = one_line(ai_per_s + people_per_s, handle, patience, people, span, room=room)
    share = ai_per_s / (ai_per_s + people_per_s)
    ended = (
        {"detected": 1, "loop": 0, "confident_wrong": 0}
        if escalates
        else {"detected": 0, "loop": 0, "confident_wrong": 1}
    )
    tree["intents"] = {
        # Capabilities are clipped a little below 1: what fails there closes all the same.
        "for_the_ai": {
            "share": share,
            "ai": {"capability": 1.0 - escalates, "turns": 1},
            "human": {"handle": handle},
        },
        "for_people": {"share": 1.0 - share, "eligible": False, "human": {"handle": handle}},
    }
    tree["classifier"] = {"accuracy": 1, "latency": "1ms", "latency_p99": "1ms"}
    tree["ai"] = {"tau": 0, "failure": ended, "turns_cv": 0, "think": session, "leaves_per_turn": 0}
    tree["fleets"] = {"assistant": {"channels": ["voice"], "sessions": sessions}}
    tree["routing"] = {"by": "intent"}
    tree["triggers"] = {"max_turns": "off", "max_duration": False}
    tree["handover"] = PLAIN_HANDOVER
    tree["failover"] = {"retries": 0}
    tree["queues"]["voice"]["patience_escalated"] = 1
    return tree


def busy_centre(until: str = "16:00") -> Tree:
    """A small centre with everything on; until 16:00 it is eight hours and about 5,000 contacts.

    Two fleets with errors, latencies and caps, breakers, a chain, triggers, watchers, redials, announcements, shifts with breaks, chats
    three at a time, silent leaving, incidents.
    """
    return {
        "question": "Do the laws hold where everything happens at once?",
        "calendar": {"from": "2026-03-02 08:00", "until": until, "interval": "15m"},
        "demand": {
            "per_h": {"08:00": 500, "11:00": 900, "13:00": 450},
            "busy_day_cv": 0.1,
            "interval_noise": {},
            "events": [{"at": "14:00", "lasts": "30m", "multiplier": 1.5, "intents": ["billing"]}],
        },
        "channels": {
            "voice": {
                "share": 0.5,
                "reply_timeout": "3s",
                "slow_reply": "1s",
                "max_session": "10m",
                "handover": "6s",
            },
            "chat": {"share": 0.5, "at_once": 3, "silent_abandon": 0.4},
        },
        "segments": {"standard": 0.8, "premium": 0.2},
        "out_of_scope": 0.05,
        "intents": {
            "billing": {
                "share": 0.5,
                "ai": {"capability": 0.84, "turns": 6},
                "human": {"handle": "5m"},
                "family": "money",
            },
            "refund": {
                "share": 0.2,
                "ai": {"capability": 0.9, "turns": 4},
                "human": {"handle": "6m"},
                "family": "money",
            },
            "complaint": {"share": 0.3, "human": {"handle": "8m"}},
        },
        "classifier": {"accuracy": 0.9, "node": "provider"},
        "ai": {"think": {"mean": "30s", "cv": 0.5}},
        "nodes": {"provider": {}, "vendor": {"on": ["provider"]}},
        "fleets": {
            "A": {
                "on": "vendor",
                "channels": ["voice", "chat"],
                "sessions": 20,
                "latency": {"median": "600ms", "p95": "1500ms"},
            },
            "B": {
                "channels": ["chat"],
                "sessions": 12,
                "errors": 0.02,
                "bulkheads": {"chat": 8},
                "latency": {"median": "1s", "p95": "2s"},
            },
        },
        "queues": {
            "voice": {"credit": {"escalated": "5m"}, "announcement": {"at": "60s"}, "redial": {}, "room": 18},
            "chat": {"answer_within": "60s", "patience": "3m", "priority": {"direct": 2, "escalated": 1}},
        },
        "people": {
            "phones": {
                "skills": ["voice"],
                "shifts": [
                    {
                        "start": "08:00",
                        "lasts": "8h",
                        "people": 22,
                        "breaks": [{"after": "4h", "lasts": "30m"}],
                    }
                ],
            },
            "mixed": {"skills": ["chat", "voice"], "staffing": {"00:00": 10, "12:00": 7}, "pace_cv": 0.1},
        },
        "routing": {"by": "confidence", "monitor": {"people": 2}},
        "triggers": {"explicit_request": {}, "out_of_scope": {}, "sentiment": {}},
        "failover": {"breakers": {}, "fallback": {"chat": ["A", "B", "human"]}},
        "incidents": [
            {"at": "10:05", "node": "vendor", "effect": "down", "lasts": "20m"},
            {"at": "12:30", "node": "provider", "effect": "slow", "lasts": "30m", "factor": 4},
            {"at": "14:30", "node": "fleet.A", "effect": "errors", "lasts": "15m", "share": 0.4},
        ],
    }


# --- through the product and back ---


def read(tree: Tree, *sets: str, name: str = "world") -> Scenario:
    """The tree as the product reads it from a file, with changes as on the command line."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.yaml"
        path.write_text(json.dumps(tree), encoding="utf-8")
        loaded = load(path, sets)
    (variant,) = loaded.variants
    return build(loaded.variants[variant], name=name, variant=variant, resolved=loaded.resolved(variant))


def run(tree: Tree, *sets: str, replications: int = 1) -> list[Run]:
    """Replications of a tree on the compiled floor."""
    return replicate(read(tree, *sets), replications, jobs=1)


def pooled(runs: Sequence[Run], cut: Cut = EVERYTHING) -> NDArray[np.float64]:
    """Every quantity, summed over replications and over the run after its warm-up."""
    found: NDArray[np.float64] = totals_of(runs, cut).sum(axis=0)
    return found


def value(runs: Sequence[Run], measure: str, cut: Cut = EVERYTHING) -> float:
    """A measure of the outcomes, pooled over replications."""
    return float(MEASURE[measure].value(pooled(runs, cut)))


def amount(runs: Sequence[Run], name: str, cut: Cut = EVERYTHING) -> float:
    """A quantity of the outcomes, pooled over replications."""
    return float(quantity(pooled(runs, cut), name))


def rows(run: Run) -> dict[str, NDArray[Any]]:
    """Contact rows of a run that keeps them."""
    assert run.contacts is not None, "records: intervals keeps no rows"
    return run.contacts

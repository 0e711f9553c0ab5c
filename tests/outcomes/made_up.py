"""Runs made up by hand: what happened is typed in, so that every expected figure can be worked out on paper."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.engine.control import CONTROL, Look
from sim.engine.records import BILLED, COLUMNS, COUNTERS, RATED, Billed, Counts, Run
from sim.engine.state import KEPT, Handling
from sim.engine.what import What
from sim.orchestration.breaker import Cause, State
from sim.orchestration.signals import Signal
from sim.orchestration.words import Reason
from sim.scenario.build import build
from sim.scenario.model import Scenario
from sim.scenario.schema import ScenarioFile

BASE: dict[str, Any] = {
    "question": "Does the arithmetic hold?",
    "calendar": {"from": "2026-03-02 09:00", "until": "2026-03-02 11:00", "timezone": "Europe/London"},
    "demand": {"per_h": 600},
    "channels": {"voice": {"share": 0.5}, "chat": {"share": 0.5, "at_once": 2}},
    "intents": {
        "order": {"share": 0.6, "ai": {"capability": 0.8, "turns": 3}, "human": {"handle": "3m"}},
        "billing": {"share": 0.4, "eligible": False, "human": {"handle": "3m"}},
    },
    "classifier": {"accuracy": 0.95},
    "nodes": {"vendor.B": {}},
    "fleets": {"B": {"on": "vendor.B", "channels": ("chat",), "sessions": 40}},
    "queues": {
        "voice": {"patience": "2m", "answer_within": "20s", "target": 0.8},
        "chat": {"patience": "4m", "answer_within": "30s", "target": 0.9},
    },
    "people": {
        "callers": {"skills": ("voice",), "staffing": 18},
        "chatters": {"skills": ("chat",), "staffing": 12},
    },
    "routing": {"by": "intent"},
    "failover": {"breakers": {}},
    "incidents": ({"at": "09:35", "node": "vendor.B", "effect": "down", "lasts": "20m"},),
}


def scenario(variant: str = "as is", **changes: Any) -> Scenario:
    """The base scenario with sections replaced."""
    return build(ScenarioFile.model_validate(BASE | changes), name="made_up", variant=variant)


def cell(
    interval: int,
    queue: int = -1,
    channel: int = 0,
    intent: int = 0,
    handling: Handling = Handling.HUMAN_ONLY,
    **counters: float,
) -> tuple[tuple[int, int, int, int, int], dict[str, float]]:
    """One cell of the interval table."""
    return (interval, queue, channel, intent, int(handling)), counters


def run(
    cells: list[tuple[tuple[int, int, int, int, int], dict[str, float]]],
    *,
    made_in: Scenario | None = None,
    replication: int = 0,
    reasons: dict[tuple[int, Reason], int] | None = None,
    looks: tuple[Look, ...] | None = None,
    control: list[tuple[Any, ...]] | None = None,
    contacts: dict[str, Any] | None = None,
    said: dict[int, str] | None = None,
    signals: tuple[Signal, ...] = (),
    billed: list[tuple[tuple[int, int, int, int], dict[str, float]]] | None = None,
) -> Run:
    """A run in which exactly this happened.

    Args:
        billed: (interval, channel, intent, fleet) and what sessions there took.
    """
    made_in = made_in or scenario()
    values = np.zeros((len(cells), len(COUNTERS)))
    for at, (_, counters) in enumerate(cells):
        for name, value in counters.items():
            values[at, COUNTERS.index(name)] = value
    keys = np.array([key for key, _ in cells], dtype=np.int64).reshape(-1, 5)
    why = np.zeros((made_in.calendar.intervals, len(Reason)), dtype=np.int64)
    for (interval, reason), count in (reasons or {}).items():
        why[interval, reason] = count
    places = np.array([place for place, _ in billed or []], dtype=np.int64).reshape(-1, 4)
    taken = np.array([[took.get(name, 0.0) for name in BILLED] for _, took in billed or []])
    return Run(
        scenario=made_in,
        replication=replication,
        floor="made up",
        counts=Counts(*keys.T, values, why, Billed(*places.T, taken.reshape(-1, len(BILLED)))),
        looks=looks if looks is not None else steady_looks(made_in),
        control=np.array(control or [], dtype=CONTROL),
        said=said or {},
        signals=signals,
        contacts=contacts,
        decisions=None,
        offered=int(values[:, 0].sum()),
        events=0,
    )


def steady_looks(
    made_in: Scenario, busy_share: float = 0.5, peaks: dict[int, tuple[int, ...]] | None = None
) -> tuple[Look, ...]:
    """Looks at a floor whose people are all there and busy for the same share of the time."""
    calendar = made_in.calendar
    people = np.array([group.staffing[0][1] for group in made_in.groups])
    out = []
    for k in range(calendar.intervals + 1):
        at_s = min(k * calendar.interval_s, calendar.end_s)
        out.append(
            Look(
                at_s=at_s,
                waiting=np.zeros(len(made_in.queues), dtype=np.int64),
                waiting_peak=np.array((peaks or {}).get(k - 1, (0,) * len(made_in.queues))),
                waiting_area=np.zeros(len(made_in.queues)),
                present=people,
                wanted=people,
                present_area=people * at_s,
                busy_area=people * at_s * busy_share,
                contact_area=people * at_s * busy_share,
                active=np.zeros(len(made_in.fleets), dtype=np.int64),
                active_area=np.zeros(len(made_in.fleets)),
                held=np.zeros(len(made_in.queues), dtype=np.int64),
                stranded=np.zeros(len(made_in.fleets), dtype=np.int64),
                breaker=np.zeros(len(made_in.fleets), dtype=np.int64),
                level=np.zeros(len(made_in.fleets), dtype=np.int64),
                sessions=np.array([fleet.sessions for fleet in made_in.fleets], dtype=np.int64),
            )
        )
    return tuple(out)


def breaker_move(
    at_s: float, before: State, after: State, cause: Cause = Cause.FAILED_SHARE
) -> tuple[Any, ...]:
    """A row of the control log in which the breaker of fleet 0 moves."""
    return at_s, int(What.BREAKER), 0, int(before), int(after), int(cause), 20.0, 30.0, 0.5


def rows(n: int, **columns: Any) -> dict[str, Any]:
    """Contact rows in which nothing happened but what is given; times are NaN, codes −1. Who asks for a person joins the queue at once."""
    times = {
        "arrive_s",
        "decide_s",
        "ai_start_s",
        "ai_end_s",
        "queue_s",
        "answer_s",
        "end_s",
        "handle_s",
        "fidelity",
        "mood",
        "hold_s",
        "joined_s",
        "told_s",
        "taken_s",
        "dialled_s",
        *RATED,
    }
    none = {"first_fleet", "fleet", "queue", "group", "agent"}
    out: dict[str, Any] = {}
    for name in (*COLUMNS, *KEPT, *RATED):
        fill: Any = np.nan if name in times else -1 if name in none else 0
        out[name] = np.full(n, fill, dtype=np.float64 if name in times else np.int64)
    out["id"] = np.arange(n)
    out["joined_s"] = np.asarray(columns.get("queue_s", out["joined_s"]))
    return out | {name: np.asarray(value) for name, value in columns.items()}

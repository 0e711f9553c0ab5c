"""The controllers decide the same without the plant: what they were told is written down and told again to fresh ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.engine import floor as plain
from sim.engine import supervisor
from sim.engine.kernel.world import breakers, host_rows, level_tables
from sim.engine.run import simulate
from sim.engine.watch import MOVED_LEVEL, MOVED_SCALE, MOVED_WARNING, watch
from sim.engine.what import What
from sim.orchestration import breaker, ejection
from sim.scenario.model import Scenario
from tests.twins.worlds import random_world, scenario_of

TOLD = (
    "judge_sessions",
    "look_at_fleet",
    "session_ended",
    "session_scored",
    "served",
    "heard_reply",
    "came_back",
)
"""What the floor tells the watch: the first argument is the watch."""
ASKED = ("call_epoch", "on_reply", "on_time", "force")
"""What it tells the breakers: the first arguments are rows and rings."""


def _worlds(wanted: int) -> list[Scenario]:
    """The first worlds in which every controller is at work."""
    found = []
    for seed in range(400):
        scenario = scenario_of(random_world(seed), seed)
        policy = scenario.failover.breaker
        if scenario.signals is None or scenario.watch is None or policy is None:
            continue
        if scenario.failover.degradation is not None and (policy.degraded or policy.semantic):
            found.append(scenario)
        if len(found) == wanted:
            return found
    raise AssertionError("the worlds have too few of them")


def _moves(run: Any) -> list[tuple[Any, ...]]:
    kinds = (What.BREAKER, What.LEVEL, What.WARNING, What.SCALE)
    return [
        (float(r["at_s"]), int(r["what"]), int(r["subject"]), int(r["to_state"]), int(r["cause"]))
        for r in run.control
        if int(r["what"]) in kinds
    ]


def test_the_log_replayed_gives_the_same_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Breakers, levels, warnings and sizes move at the same instants, for the same causes, when they hear the same without a plant."""
    assert 20 <= sum(_replayed(scenario, monkeypatch) for scenario in _worlds(4))


def _replayed(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> int:
    """Moves of one world, which were the same twice."""
    heard: list[tuple[str, tuple[Any, ...]]] = []

    def listen(name: str, function: Any, hidden: int) -> Any:
        def wrapper(*args: Any) -> Any:
            heard.append((name, args[hidden:]))
            return function(*args)

        return wrapper

    real: dict[str, Any] = {}
    for name in TOLD:
        real[name] = getattr(plain, name)
        # The look is given breakers, their rings and levels besides.
        hidden = {"look_at_fleet": 4, "judge_sessions": 2}.get(name, 1)
        monkeypatch.setattr(plain, name, listen(name, real[name], hidden))
    for name in ASKED:
        real[name] = getattr(breaker, name)
        monkeypatch.setattr(breaker, name, listen(name, real[name], 1 if name == "call_epoch" else 2))
    run = simulate(scenario, floor="plain")
    monkeypatch.undo()

    seen = watch(scenario)
    rows, ring = breakers(scenario)
    levels, _, _ = level_tables(scenario)
    moves: list[tuple[Any, ...]] = []

    def note(what: What, now_s: float, f: int, to_state: int, cause: int) -> None:
        moves.append((now_s, int(what), f, int(to_state), int(cause)))

    for name, args in heard:
        if name == "look_at_fleet":
            f, now_s = args[0], args[-1]
            before = int(rows[f].state)
            moved, _ = real[name](seen, rows, ring, levels, *args)
            if int(rows[f].state) != before:
                note(What.BREAKER, now_s, f, rows[f].state, rows[f].cause)
            if moved & MOVED_LEVEL:
                note(What.LEVEL, now_s, f, levels[f].level, levels[f].cause)
            if moved & MOVED_WARNING:
                note(What.WARNING, now_s, f, seen.warnings[f].alarmed, seen.warnings[f].cause)
            if moved & MOVED_SCALE:
                scale = seen.scalings[f]
                note(What.SCALE, now_s, f, args[2] + scale.pending - scale.fewer, scale.cause)
        elif name == "judge_sessions":
            real[name](seen, rows, *args)
        elif name in TOLD:
            real[name](seen, *args)
        elif name == "call_epoch":
            real[name](rows, *args)
        elif real[name](rows, ring, *args):
            note(What.BREAKER, args[-1], args[0], rows[args[0]].state, rows[args[0]].cause)
    expected = _moves(run)
    assert sorted(expected) == sorted(moves)
    return len(expected)


def test_what_was_said_is_decided_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Common cause, signals, desk and plans, told once more what they were told, answer the same, to the last word."""
    heard: list[tuple[Any, tuple[Any, ...], Any]] = []

    def listen(module: Any, name: str) -> None:
        function = getattr(module, name)

        def wrapper(*args: Any) -> Any:
            answer = function(*args)
            heard.append((function, args, answer))
            return answer

        monkeypatch.setattr(module, name, wrapper)

    for module in (supervisor.common_cause, supervisor.parents, supervisor.signals, supervisor.plans):
        listen(module, "step")
    listen(supervisor.desk, "handle")
    with_parents = [scenario_of(random_world(seed), seed) for seed in (60, 62, 97)]
    assert all(scenario.parents is not None for scenario in with_parents)
    for scenario in [*_worlds(6), *with_parents]:
        run = simulate(scenario)
        assert np.isin(np.flatnonzero(run.control["what"] == What.SIGNAL), list(run.said)).all()
    monkeypatch.undo()
    assert 20 <= len(heard)
    acted = {function.__module__.rpartition(".")[2] for function, _, answer in heard if answer[1]}
    assert {"common_cause", "parents", "signals", "plans"} <= acted
    assert [repr(answer) for _, _, answer in heard] == [repr(function(*args)) for function, args, _ in heard]


def test_hosts_go_and_come_back_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ejection, told the same calls and sweeps without a plant, moves the same hosts for the same causes."""
    moves = 0
    for seed in range(60):
        scenario = scenario_of(random_world(seed), seed)
        if scenario.failover.ejection is None:
            continue
        heard: list[tuple[str, tuple[Any, ...]]] = []

        def listen(name: str, heard: list[tuple[str, tuple[Any, ...]]] = heard) -> None:
            function, hidden = getattr(ejection, name), 1 if name == "panic_moved" else 2

            def wrapper(*told: Any) -> Any:
                heard.append((name, told[hidden:]))
                return function(*told)

            monkeypatch.setattr(ejection, name, wrapper)

        for name in ("sweep", "heard", "next_move", "panic_moved"):
            listen(name)
        run = simulate(scenario, floor="plain")
        monkeypatch.undo()
        rows, hosts = host_rows(scenario)
        again = []
        for name, args in heard:
            if name == "panic_moved":
                if ejection.panic_moved(rows, *args):
                    again.append((args[0], -1, int(rows[args[0]].panics), int(rows[args[0]].cause)))
                continue
            said = getattr(ejection, name)(rows, hosts, *args)
            f = args[0]
            host = int(said) if name == "next_move" else args[1] if name == "heard" and said else -1
            if host >= 0:
                again.append((f, host, int(hosts[f, host].out), int(rows[f].cause)))
        expected = [
            (int(r["subject"]), int(r["from_state"]), int(r["to_state"]), int(r["cause"]))
            for r in run.control[run.control["what"] == What.HOST]
        ]
        assert expected == again
        moves += len(expected)
    assert 100 <= moves

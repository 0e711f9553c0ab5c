"""One run is one function call that returns one frozen value; many runs are a list of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from typing import Any, Literal

from simpy.events import Event

from sim.demand.contacts import Contacts
from sim.demand.draw import BLOCK_S, blocks
from sim.demand.source import customers
from sim.engine.clock import Clock
from sim.engine.control import Control, Floor
from sim.engine.floor import PlainFloor
from sim.engine.kernel.driver import KernelFloor
from sim.engine.records import Recorder, Run
from sim.scenario.model import Scenario

FloorName = Literal["kernel", "plain"]
Progress = Callable[[int, int], None]
"""Told how many replications are done, and of how many."""


def simulate(scenario: Scenario, replication: int = 0, floor: FloorName = "kernel") -> Run:
    """Run one replication.

    Args:
        scenario: What is simulated.
        replication: Which independent repetition; the same number means the same customers whatever the policy.
        floor: `kernel`, the compiled one, or `plain`, SimPy processes that do the same to the last bit.
    """
    with ThreadPoolExecutor(1) as drawing:
        return (
            _kernel(scenario, replication, drawing)
            if floor == "kernel"
            else _plain(scenario, replication, drawing)
        )


def _plain(scenario: Scenario, replication: int, drawing: Executor) -> Run:
    clock, recorder = Clock(), Recorder(scenario)
    floor = PlainFloor(scenario, replication, recorder, clock)
    control = Control(scenario, replication, clock, floor)
    floor.on_move = control.breaker_moved
    clock.process(_customers(scenario, replication, clock, floor, drawing))
    control.start()
    while clock.has_more(scenario.calendar.end_s):
        clock.step()
    return recorder.run(replication, "plain", control.looks, control.rows, floor.finish())


def _kernel(scenario: Scenario, replication: int, drawing: Executor) -> Run:
    clock, recorder = Clock(), Recorder(scenario)
    floor = KernelFloor(scenario, replication, recorder)
    control = Control(scenario, replication, clock, floor)
    clock.process(_customers(scenario, replication, clock, floor, drawing))
    control.start()

    def look_at_moves(_: Event) -> None:
        for move in floor.moves:
            control.breaker_moved(move)
        floor.moves.clear()

    while clock.has_more(scenario.calendar.end_s):
        moved_s = floor.catch_up(*clock.next_turn())
        if moved_s is not None:
            # Nothing was due before: control looks at that second, then the floor goes on.
            clock.before(moved_s).callbacks.append(look_at_moves)
        clock.step()
    return recorder.run(replication, "kernel", control.looks, control.rows, floor.finish())


def _customers(
    scenario: Scenario, replication: int, clock: Clock, floor: Floor, drawing: Executor
) -> Generator[Event, Any, None]:
    """Hand the floor one block of customers after another; the next one is drawn meanwhile."""
    n = blocks(scenario)
    ahead: Future[Contacts] = drawing.submit(customers, scenario, replication, 0)
    for block in range(n):
        yield clock.before(block * BLOCK_S)
        contacts = ahead.result()
        if block + 1 < n:
            ahead = drawing.submit(customers, scenario, replication, block + 1)
        floor.load(contacts)


def replicate(
    scenario: Scenario,
    replications: int | None = None,
    floor: FloorName = "kernel",
    jobs: int | None = None,
    progress: Progress | None = None,
) -> list[Run]:
    """Run replications 0, 1, … of a scenario, several at a time; the result does not depend on how many.

    Args:
        replications: How many; the scenario's own number when left out.
        jobs: At the same time; one a processor when left out. The kernel runs them in threads, the plain floor in processes.
    """
    n = scenario.replications if replications is None else replications
    at_once = max(1, min(n, jobs or len(os.sched_getaffinity(0))))
    if at_once == 1:
        runs = []
        for replication in range(n):
            runs.append(simulate(scenario, replication, floor))
            if progress:
                progress(replication + 1, n)
        return runs
    if floor == "kernel":
        runs = [simulate(scenario, 0, floor)]  # compiles, or loads what was compiled, once and alone
        pool: Executor = ThreadPoolExecutor(at_once)
    else:
        runs = []
        pool = ProcessPoolExecutor(at_once)
    with pool:
        waiting = {pool.submit(simulate, scenario, r, floor): r for r in range(len(runs), n)}
        done = dict(enumerate(runs))
        if progress and done:
            progress(len(done), n)
        for future in as_completed(waiting):
            done[waiting[future]] = future.result()
            if progress:
                progress(len(done), n)
    return [done[r] for r in range(n)]

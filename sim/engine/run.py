"""One run is one function call that returns one frozen value; many runs are a list of them."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, Literal

from simpy.events import Event

from sim.demand.contacts import Contacts
from sim.demand.draw import BLOCK_S, blocks
from sim.demand.incidents import with_drawn
from sim.demand.source import customers
from sim.engine.clock import Clock
from sim.engine.control import Control, Floor
from sim.engine.floor import PlainFloor
from sim.engine.kernel.driver import KernelFloor
from sim.engine.records import Recorder, Run
from sim.orchestration.signals import Signal
from sim.scenario.model import Scenario

FloorName = Literal["kernel", "plain"]


def simulate(scenario: Scenario, replication: int = 0, floor: FloorName = "kernel") -> Run:
    """Run one replication.

    Args:
        scenario: What is simulated.
        replication: Which independent repetition; the same number means the same customers whatever the policy.
        floor: `kernel`, the compiled one, or `plain`, SimPy processes that do the same to the last bit.
    """
    scenario = with_drawn(scenario, replication)
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
    floor.on_move = control.moved
    clock.process(_customers(scenario, replication, clock, floor, drawing))
    control.start()
    while clock.has_more(scenario.calendar.end_s):
        clock.step()
    return recorder.run(replication, "plain", control.looks, control.rows, floor.finish(), *_told(control))


def _kernel(scenario: Scenario, replication: int, drawing: Executor) -> Run:
    clock, recorder = Clock(), Recorder(scenario)
    floor = KernelFloor(scenario, replication, recorder)
    control = Control(scenario, replication, clock, floor)
    clock.process(_customers(scenario, replication, clock, floor, drawing))
    control.start()

    def look_at_moves(_: Event | None = None) -> None:
        for move in floor.moves:
            control.moved(move)
        floor.moves.clear()

    while clock.has_more(scenario.calendar.end_s):
        moved_s = floor.catch_up(*clock.next_turn())
        if moved_s is not None:
            # Nothing was due before: control looks at that second, then the floor goes on.
            clock.before(moved_s).callbacks.append(look_at_moves)
        elif floor.moves:
            look_at_moves()
        clock.step()
    return recorder.run(replication, "kernel", control.looks, control.rows, floor.finish(), *_told(control))


def _told(control: Control) -> tuple[dict[int, str | Signal], list[Signal]]:
    return dict(control.supervisor.words), control.supervisor.sent


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


def in_order(
    tasks: Sequence[tuple[Scenario, int]], floor: FloorName = "kernel", jobs: int | None = None
) -> Iterator[Run]:
    """The run of every task, in the order of *tasks*; at most *jobs* are under way or waiting to be taken."""
    at_once = max(1, min(len(tasks), jobs or processors()))
    ahead = iter(tasks)
    if floor == "kernel" or at_once == 1:
        # Compiles the kernel, or loads what was compiled, once and alone.
        yield simulate(*next(ahead), floor)
    if at_once == 1:
        for task in ahead:
            yield simulate(*task, floor)
        return
    # The kernel lets go of the interpreter lock; plain Python does not.
    pool: Executor = ThreadPoolExecutor(at_once) if floor == "kernel" else ProcessPoolExecutor(at_once)
    under_way: deque[Future[Run]] = deque()
    try:
        for task in ahead:
            under_way.append(pool.submit(simulate, *task, floor))
            if len(under_way) > at_once:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        # After Ctrl-C only what is under way is waited for.
        pool.shutdown(cancel_futures=True)


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def replicate(
    scenario: Scenario, replications: int | None = None, floor: FloorName = "kernel", jobs: int | None = None
) -> list[Run]:
    """Run replications 0, 1, … of a scenario, several at a time; the result does not depend on how many.

    Args:
        scenario: What is simulated.
        replications: How many; the scenario's own number when left out.
        floor: The compiled one or the plain one.
        jobs: At the same time; one a processor when left out.
    """
    n = scenario.replications if replications is None else replications
    return list(in_order([(scenario, r) for r in range(n)], floor, jobs))

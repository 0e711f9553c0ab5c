"""Run a plan: the rows that are not there yet, by whoever works, each into the journal the moment it is done.

    Plan ──► rows wanted − rows in the journal ──► Workers ──► Journal ──► precise enough? ──► more rows, or Finished

Which rows there are in the end depends on the plan and the rows' own values, never on when they were made: a study that was killed and
goes on asks for the same ones as one that was left alone.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from sim.engine.run import FloorName, processors
from sim.outcomes.intervals import Estimate, ratio
from sim.studies.design import Plan, Precision
from sim.studies.journal import Journal, key_of
from sim.studies.rows import Measured, Row
from sim.studies.table import Table
from sim.studies.workers import Cluster, Here, Processes, Task, Tls, Workers

BATCH = 10
"""Replications that a cell gets at a time while it is not precise enough."""


class Progress(Protocol):
    """Told after every row: rows done and wanted, of the whole study, and contacts simulated now."""

    def __call__(self, done: int, wanted: int, contacts: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Lost:
    """A row that could not be had."""

    cell: int
    replication: int
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """All rows of a plan, and what it took."""

    plan: Plan
    rows: tuple[Row, ...]
    """Cell by cell, replications ascending."""
    lost: tuple[Lost, ...]
    capped: tuple[int, ...]
    """Cells that were given all replications that the plan allows, and are still not as precise as it wants."""
    made: int
    """Rows that were made now; the others were there."""
    contacts: int
    """Contacts that were simulated now."""
    seconds: float

    @property
    def table(self) -> Table:
        """The rows as arrays."""
        return Table.of(self.plan.cells, self.plan.asked, self.rows)


@contextmanager
def working(
    plan: Plan,
    floor: FloorName = "kernel",
    jobs: int | None = None,
    cluster: str | None = None,
    tls: Tls | None = None,
    *,
    insecure: bool = False,
) -> Iterator[Workers]:
    """Whoever makes the runs of a plan: a cluster, this process alone (one job), or processes of this machine."""
    workers: Workers
    if cluster is not None:
        workers = Cluster(plan.asked, floor, cluster, tls=tls, insecure=insecure)
    elif (jobs or processors()) == 1:
        workers = Here(plan.asked, floor)
    else:
        workers = Processes(plan.asked, floor, jobs)
    try:
        yield workers
    finally:
        workers.close()


def keys_of(plan: Plan, floor: FloorName) -> list[str]:
    """The journal's key of every cell."""
    return [key_of(scenario, plan.asked, floor) for scenario in plan.scenarios]


def execute(
    plan: Plan,
    journal: Journal,
    workers: Workers,
    floor: FloorName = "kernel",
    progress: Progress | None = None,
) -> Found:
    """Make every row that the plan wants and the journal does not have.

    Raises:
        StoreError: The disk is full, or the cluster went away; what was finished is in the journal.
    """
    begun_s = time.perf_counter()
    keys = keys_of(plan, floor)
    wanted = [plan.replications] * len(plan.cells)
    lost: dict[tuple[str, int], str] = {}
    made = contacts = 0
    while True:
        tasks: dict[tuple[str, int], Task] = {}
        for c, key in enumerate(keys):  # two cells that are the same scenario share their rows
            for r in range(wanted[c]):
                if (key, r) not in journal.rows and (key, r) not in lost:
                    tasks.setdefault((key, r), Task(len(tasks), plan.cells[c].scenario, r))
        places = list(tasks)
        before = len({(key, r) for c, key in enumerate(keys) for r in range(wanted[c])}) - len(tasks)
        for count, done in enumerate(workers.results(list(tasks.values())), 1):
            key, replication = places[done.number]
            if isinstance(done.row, Measured):
                journal.add(key, replication, done.row)
                contacts += done.row.contacts
                made += 1
            else:
                lost[key, replication] = done.row
            if progress is not None:
                progress(before + count, before + len(tasks), contacts)
        more = [_more(plan, journal, keys[c], wanted[c]) for c in range(len(keys))]
        if more == wanted:
            break
        wanted = more
    rows = []
    missing = []
    for c, key in enumerate(keys):
        for r in range(wanted[c]):
            row = journal.rows.get((key, r))
            if row is None:
                missing.append(Lost(c, r, lost[key, r]))
            else:
                rows.append(Row(c, r, row.pairs, row.contacts, row.events))
    capped = [
        c
        for c, key in enumerate(keys)
        if wanted[c] == plan.at_most and not _precise(plan, journal, key, wanted[c])
    ]
    return Found(
        plan,
        tuple(rows),
        tuple(missing),
        tuple(capped),
        made,
        contacts,
        time.perf_counter() - begun_s,
    )


def _more(plan: Plan, journal: Journal, key: str, wanted: int) -> int:
    """Replications that a cell is to have."""
    if wanted >= plan.at_most or _precise(plan, journal, key, wanted):
        return wanted
    return min(plan.at_most, wanted + BATCH)


def _precise(plan: Plan, journal: Journal, key: str, replications: int) -> bool:
    rows = [journal.rows[key, r] for r in range(replications) if (key, r) in journal.rows]
    for one in plan.precision:
        pairs = [row.pairs[one.asked] for row in rows]
        found = ratio([part for part, _ in pairs], [whole for _, whole in pairs])
        if not precise_enough(found, one):
            return False
    return True


def precise_enough(found: Estimate, wanted: Precision) -> bool:
    """Whether an interval is as narrow as was asked.

    A half-width that is a part γ of the value is held against γ/(1 + γ) of the estimate, so that it is at most γ of the true value. What
    never happens has no interval, and no number of replications gives it one.

    Source: Law (2015), Simulation Modeling and Analysis, 5th ed., §9.4.1.
    """
    if math.isnan(found.value):
        return True
    if math.isnan(found.half_width):
        return False
    if wanted.half_width is not None:
        return found.half_width <= wanted.half_width
    assert wanted.of_value is not None, "a precision is one or the other"
    return found.half_width <= wanted.of_value / (1.0 + wanted.of_value) * abs(found.value)

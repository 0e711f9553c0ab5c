"""The unit of a study's work: one run of one cell, and what is kept of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from sim.engine.records import Run
from sim.engine.run import FloorName, in_order, simulate
from sim.outcomes.figures import Pair
from sim.scenario.model import Scenario
from sim.studies.asked import Asked, pairs_of


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination of a study: a scenario and the levels that made it."""

    name: str
    scenario: Scenario
    levels: dict[str, object] = field(default_factory=dict, hash=False)
    """Factor → level, as written; empty for a scenario taken as it is."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a study keeps of one run."""

    cell: int
    """Place of the cell in the study."""
    replication: int
    pairs: tuple[Pair, ...]
    """Part and whole of every figure asked for, in that order."""
    contacts: int
    events: int


@dataclass(frozen=True, slots=True)
class Measured:
    """A row without its place in a study: the same for every study that asks the same of the same run."""

    pairs: tuple[Pair, ...]
    contacts: int
    events: int


def measure(scenario: Scenario, replication: int, asked: Sequence[Asked], floor: FloorName) -> Measured:
    """Make one run and keep what is asked of it; what every worker of a study calls, wherever it is."""
    run = simulate(lean(scenario, asked), replication, floor)
    return Measured(pairs_of(asked, run), run.offered, run.events)


def measured(cell: int, run: Run, asked: Sequence[Asked]) -> Row:
    """The row of a run."""
    return Row(cell, run.replication, pairs_of(asked, run), run.offered, run.events)


def lean(scenario: Scenario, asked: Sequence[Asked]) -> Scenario:
    """The scenario without contact rows, unless one of the figures is the better for them."""
    return replace(
        scenario, keep_contacts=scenario.keep_contacts and any(not one.what.by_cut for one in asked)
    )


def rows(
    cells: Sequence[Cell],
    replications: Sequence[int],
    asked: Sequence[Asked],
    *,
    floor: FloorName = "kernel",
    jobs: int | None = None,
) -> Iterator[Row]:
    """All cells on the same replications, cell by cell, in memory alone.

    Where interval counts are enough for what is asked, no contact rows are made; the numbers are those of `blendsim run` either way.

    Args:
        cells: What is compared; the same replication of all of them meets the same customers.
        replications: Which ones, such as `range(20)`.
        asked: What to keep of every run.
        floor: The compiled one or the plain one.
        jobs: Runs at a time; one a processor when left out.
    """
    tasks = [(lean(cell.scenario, asked), r) for cell in cells for r in replications]
    places = [c for c in range(len(cells)) for _ in replications]
    for place, run in zip(places, in_order(tasks, floor, jobs), strict=True):
        yield measured(place, run, asked)

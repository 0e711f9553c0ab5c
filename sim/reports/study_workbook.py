"""A study as a workbook: a row a cell, each figure with its interval and its paired difference, and what all of it assumes."""

from __future__ import annotations

from sim.reports.sheets import Cell, Columns, Sheets, leaves
from sim.reports.studied import called, notes
from sim.studies.table import Table as Rows

SHOWN = {"share": "share", "contacts": "load", "s": "load"}
"""How a figure of a unit is shown; others with a few digits."""


def made(rows: Rows, reference: int, name: str, question: str) -> bytes:
    """The workbook's bytes.

    Args:
        rows: What was found.
        reference: Place of the cell that the others are compared with.
        name: Of the study.
        question: That it answers.
    """
    book = Sheets(name)
    factors = len(rows.cells[0].levels) or 1
    book.table("Cells", *_cells(rows, reference), frozen=factors)
    book.pairs("Assumptions", _assumptions(rows, reference, name, question))
    book.pairs("Scenario", [("key", "value"), *leaves(rows.cells[reference].scenario.resolved)])
    return book.made()


def _cells(rows: Rows, reference: int) -> tuple[Columns, list[list[Cell]]]:
    heads = tuple(rows.cells[0].levels) or ("cell",)
    columns: Columns = [*((head, "words") for head in heads), ("replications", "count")]
    for k, one in enumerate(rows.asked):
        label, look = called(rows, k), SHOWN.get(one.what.unit, "number")
        columns += [
            (label, look), (f"{label}\n± 95 %", look), (f"{label}\ndifference", look), (f"{label}\n± 95 % of it", look),
        ]  # fmt: skip
    found: list[list[Cell]] = []
    for c, cell in enumerate(rows.cells):
        row: list[Cell] = [*(_level(level) for level in cell.levels.values())] or [cell.name]
        row.append(rows.count(c))
        for k in range(len(rows.asked)):
            value = rows.estimate(c, k)
            row += [value.value, value.half_width]
            against = None if c == reference else rows.difference(reference, c, k)
            row += [None, None] if against is None else [against.value, against.half_width]
        found.append(row)
    return columns, found


def _level(level: object) -> Cell:
    return level if isinstance(level, int | float | str) and not isinstance(level, bool) else str(level)


def _assumptions(rows: Rows, reference: int, name: str, question: str) -> list[tuple[str, Cell]]:
    import sim

    scenario = rows.cells[reference].scenario
    return [
        ("what", "value"),
        ("study", name),
        ("question", question),
        ("reference", rows.cells[reference].name),
        ("seed", str(scenario.seed)),
        ("time zone", scenario.calendar.timezone),
        ("version", f"blendsim {sim.__version__}"),
        *(
            (f"figure {called(rows, k)}", f"{one.what.label}, {one.what.unit}")
            for k, one in enumerate(rows.asked)
        ),
        *((f"note {k}", line) for k, line in enumerate(notes(rows, reference), 1)),
    ]

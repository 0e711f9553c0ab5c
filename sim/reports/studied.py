"""What a study found, as blocks: a row a cell, every figure with its interval and its paired difference from the reference cell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from sim.outcomes import Estimate
from sim.reports.blocks import Block, Lines, Section, Table
from sim.reports.numbers import NOTHING, difference, estimate, many, plural
from sim.store.manifest import jsonable
from sim.studies.design import Plan
from sim.studies.folder import SCHEMA_VERSION
from sim.studies.rows import Cell
from sim.studies.select import FIRST, kim_nelson, screened, source_of
from sim.studies.table import Table as Rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_SHOWN = 60
"""Cells of a study that are printed; the rest is in its files."""
MOST_LOST = 10
"""Missing rows that are named one by one."""
FEW = 10
"""Below so many replications a study warns of its intervals."""


def heading(name: str, cells: int, replications: Sequence[int], rest: Sequence[str]) -> str:
    """`grid · 20 cells × 20 replications · 9.5 M contacts · 93 s`."""
    low, high = min(replications), max(replications)
    times = plural(low, "replication") if low == high else f"{low} to {high} replications"
    return " · ".join((name, f"{plural(cells, 'cell')} × {times}", *rest))


def section(rows: Rows, reference: int) -> Section:
    """The table of a study and how it is to be read."""
    shown = range(min(len(rows.cells), MOST_SHOWN))
    table_rows = [(*_names(rows.cells[c]), *_figures(rows, c, reference)) for c in shown]
    heads = tuple(rows.cells[0].levels) or ("",)
    columns = (*(_head(head) for head in heads), *(_label(rows, k) for k in range(len(rows.asked))))
    blocks: list[Block] = [Table(columns, tuple(table_rows), tuple(range(len(heads))))]
    return Section("", (*blocks, Lines(tuple(notes(rows, reference)))))


def notes(rows: Rows, reference: int) -> list[str]:
    """How the table is to be read."""
    lines = []
    if len(rows.cells) > MOST_SHOWN:
        lines.append(f"the first {MOST_SHOWN} of {len(rows.cells)} cells; all are in table.csv")
    fewest = min(rows.count(c) for c in range(len(rows.cells)))
    if fewest < 2:
        lines.append("one replication: nothing can be said about how sure these figures are")
    else:
        rough = "; with so few they are wide and rough, 20 are usual" if fewest < FEW else ""
        lines.append(f"± half-width of the 95 % interval over replications{rough}")
    if len(rows.cells) > 1:
        name = rows.cells[reference].name
        lines.append(f"(…) difference from {name!r}, paired on the same customers; shares in points")
    return lines + saved(rows, reference)


def saved(rows: Rows, reference: int) -> list[str]:
    """How much common random numbers narrowed the differences, a line a figure."""
    lines = []
    for k, one in enumerate(rows.asked):
        ratios = [rows.saved(reference, c, k) for c in range(len(rows.cells)) if c != reference]
        ratios = [ratio for ratio in ratios if math.isfinite(ratio)]
        if not ratios:
            continue
        spread = f" (median of {len(ratios)} cells; {_times(min(ratios))} to {_times(max(ratios))})"
        lines.append(
            f"{one.name}: the same customers make differences vary {_times(median(ratios))} times less than customers of each cell's own"
            + (spread if len(ratios) > 1 else "")
        )
    return lines


def _times(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 9.95 else f"{ratio:.1f}"


def _names(cell: Cell) -> tuple[str, ...]:
    return tuple(str(level) for level in cell.levels.values()) or (cell.name,)


def _head(name: str) -> str:
    """A key's last two steps; the whole is in the files."""
    return "\n".join(name.split(".")[-2:]) if "." in name and " " not in name else name


def _label(rows: Rows, asked: int) -> str:
    name = rows.asked[asked].name
    return name.replace("_", " ").replace(" ", "\n", 1) if len(name) > 12 else name.replace("_", " ")


def _figures(rows: Rows, cell: int, reference: int) -> list[str]:
    found = []
    for k, one in enumerate(rows.asked):
        unit = one.what.unit
        lines = [estimate(rows.estimate(cell, k), unit)]
        if cell != reference and lines[0] != NOTHING:
            told = difference(rows.difference(reference, cell, k), unit)
            if told != NOTHING:
                lines.append(f"({told})")
        found.append("\n".join(lines))
    return found


def tree(rows: Rows, reference: int) -> dict[str, Any]:
    """The same for programs."""
    cells = []
    for c, cell in enumerate(rows.cells):
        figures = {}
        for k, one in enumerate(rows.asked):
            against = None if c == reference else rows.difference(reference, c, k)
            figures[one.name] = {
                "unit": one.what.unit,
                **jsonable(rows.estimate(c, k)),
                "difference": jsonable(against),
                "variance_saved": jsonable(math.nan if c == reference else rows.saved(reference, c, k)),
            }
        cells.append(
            {"cell": cell.name, "levels": cell.levels, "replications": rows.count(c), "figures": figures}
        )
    return {"schema_version": SCHEMA_VERSION, "reference": rows.cells[reference].name, "cells": cells}


# --- before it runs ---


def planned(plan: Plan, contacts: Sequence[float]) -> Section:
    """The cells of a study before it runs.

    Args:
        plan: The study.
        contacts: About how many one replication brings, by cell.
    """
    shown = range(min(len(plan.cells), MOST_SHOWN))
    rows = [(*_names(plan.cells[c]), many(contacts[c]), many(contacts[c] * plan.replications)) for c in shown]
    heads = tuple(plan.cells[0].levels) or ("",)
    table = Table(
        (*(_head(head) for head in heads), "contacts\na replication", f"× {plan.replications}"),
        tuple(rows),
        tuple(range(len(heads))),
    )
    lines = [f"the first {MOST_SHOWN} of {len(plan.cells)} cells"] if len(plan.cells) > MOST_SHOWN else []
    lines += [
        f"design: {plan.design}",
        f"figures: {', '.join(one.name for one in plan.asked)}",
        f"reference: {plan.cells[plan.reference].name}",
    ]
    for one in plan.precision:
        wanted = (
            f"{one.half_width:g}"
            if one.half_width is not None
            else f"{100 * (one.of_value or 0):g} % of its value"
        )
        lines.append(
            f"replications are added while ± of {plan.asked[one.asked].name} is above {wanted}, up to {plan.at_most}"
        )
    return Section("", (table, Lines(tuple(lines))))


def precise(plan: Plan, rows: Rows, capped: Sequence[int]) -> list[str]:
    """What became of the precision that was wanted."""
    if not plan.precision:
        return []
    counts = [rows.count(c) for c in range(len(rows.cells))]
    reached = len(rows.cells) - len(capped)
    lines = [
        f"precision: {reached} of {plural(len(rows.cells), 'cell')} reached it, with {min(counts)} to {max(counts)} replications"
    ]
    for c in capped[:MOST_LOST]:
        wide = [
            f"{rows.asked[one.asked].name} {_told(rows.estimate(c, one.asked), rows, one.asked)}"
            for one in plan.precision
        ]
        lines.append(f"capped at {plan.at_most} replications: {rows.cells[c].name}: {', '.join(wide)}")
    if len(capped) > MOST_LOST:
        lines.append(f"… and {len(capped) - MOST_LOST} more are capped")
    return lines


def chosen(rows: Rows, asked: int, within: float | None) -> list[str]:
    """Which cells may be the best by one figure, and with an indifference zone which one is chosen, in words."""
    what = rows.asked[asked].what
    assert what.better != "neither", "a best cell has a better side"
    fewest = min(rows.count(c) for c in range(len(rows.cells)))
    if fewest < FIRST or len(rows.cells) < 2:
        return [
            f"best by {what.name}: nothing is promised; it takes two cells and {FIRST} replications of each"
        ]
    even = rows if all(rows.count(c) == fewest for c in range(len(rows.cells))) else rows.first(fewest)
    left = screened(even, asked, what.better)
    names = ", ".join(repr(rows.cells[c].name) for c in left[:MOST_LOST]) + (
        ", …" if len(left) > MOST_LOST else ""
    )
    lines = [
        f"best by {what.name}: among {plural(len(left), 'cell')} of {len(rows.cells)} with 95 %: {names}"
    ]
    if within is None:
        return lines
    zone = difference(Estimate(within, math.nan, 0), what.unit).removeprefix("+")
    zone += " points" if what.unit == "share" else ""
    choice = kim_nelson(source_of(even, asked), len(rows.cells), what.better, within, at_most=fewest)
    name = repr(rows.cells[choice.best].name)
    if choice.capped:
        lines.append(
            f"best within {zone}: {name} so far, and nothing is promised: {fewest} replications do not tell it from the rest; "
            "ask for more (--replications)"
        )
    else:
        lines.append(
            f"best within {zone}: {name}, with 95 % (Kim and Nelson), known after {plural(max(choice.replications), 'replication')}"
        )
    return lines


def figures_of(rows: Rows, reference: int) -> dict[str, Figure]:
    """What can be drawn of a study: paired differences, a heat map of its two factors, a front of its first two figures."""
    from sim.reports import study_figures

    if len(rows.cells) < 2 or min(rows.count(c) for c in range(len(rows.cells))) < 2:
        return {}
    found = {"forest": study_figures.forest(rows, 0, reference)}
    factors: dict[str, set[object]] = {}
    for cell in rows.cells:
        for name, level in cell.levels.items():
            factors.setdefault(name, set()).add(repr(level))
    varied = [name for name, levels in factors.items() if len(levels) > 1]
    if len(varied) == 2:
        found["heat-map"] = study_figures.heat_map(rows, 0, varied[0], varied[1], reference)
    judged = [a for a, one in enumerate(rows.asked) if one.what.better != "neither"][:2]
    if len(judged) == 2 and len(rows.cells) > 2:
        found["front"] = study_figures.pareto(rows, judged[0], judged[1])
    return found


def _told(found: Estimate, rows: Rows, asked: int) -> str:
    return estimate(found, rows.asked[asked].what.unit)

"""What a study found, as blocks: a row a cell, every figure with its interval and its paired difference from the reference cell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from sim.outcomes import Estimate
from sim.reports.blocks import Block, Lines, Section, Table
from sim.reports.numbers import NOTHING, difference, estimate, many, plural
from sim.reports.page import Picture, page
from sim.store.manifest import jsonable
from sim.studies.best import Best, best
from sim.studies.design import Plan
from sim.studies.folder import SCHEMA_VERSION
from sim.studies.rows import Cell
from sim.studies.select import FIRST
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
    for k in range(len(rows.asked)):
        ratios = [rows.saved(reference, c, k) for c in range(len(rows.cells)) if c != reference]
        ratios = [ratio for ratio in ratios if math.isfinite(ratio)]
        if not ratios:
            continue
        spread = f" (median of {len(ratios)} cells; {_times(min(ratios))} to {_times(max(ratios))})"
        lines.append(
            f"{called(rows, k)}: the same customers make differences vary {_times(median(ratios))} times less "
            "than customers of each cell's own" + (spread if len(ratios) > 1 else "")
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
    name = called(rows, asked)
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


def in_html(plan: Plan, rows: Rows, said: Sequence[str], shown: Sequence[Picture]) -> str:
    """`report.html` of a study: the table, what was said below it, the figures, and how it was designed."""
    counts = [rows.count(c) for c in range(len(rows.cells))]
    lead = [*([plan.question] if plan.question else []), heading(plan.name, len(plan.cells), counts, ())]
    first = section(rows, plan.reference)
    if said:
        first = Section("", (*first.blocks, Lines(tuple(said))))
    return page(plan.name, lead, [first, Section("Design", (Lines(tuple(_design(plan))),))], shown)


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
    lines += _design(plan)
    return Section("", (table, Lines(tuple(lines))))


def _design(plan: Plan) -> list[str]:
    """What is run, what is asked, and what it is compared with."""
    lines = [
        f"design: {plan.design}",
        f"figures: {', '.join(one.told(plan.cells[0].scenario) for one in plan.asked)}",
        f"reference: {plan.cells[plan.reference].name}",
    ]
    for one in plan.precision:
        wanted = (
            f"{one.half_width:g}"
            if one.half_width is not None
            else f"{100 * (one.of_value or 0):g} % of its value"
        )
        lines.append(
            f"replications are added while ± of {plan.asked[one.asked].told(plan.cells[0].scenario)} is above {wanted}, "
            f"up to {plan.at_most}"
        )
    return lines


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
            f"{called(rows, one.asked)} {_told(rows.estimate(c, one.asked), rows, one.asked)}"
            for one in plan.precision
        ]
        lines.append(f"capped at {plan.at_most} replications: {rows.cells[c].name}: {', '.join(wide)}")
    if len(capped) > MOST_LOST:
        lines.append(f"… and {len(capped) - MOST_LOST} more are capped")
    return lines


def chosen(rows: Rows, asked: int, within: float | None = None) -> list[str]:
    """Which cells may be the best by one figure, and with an indifference zone which one is chosen, in words."""
    return best_in_words(rows, asked, best(rows, asked, within))


def best_in_words(rows: Rows, asked: int, found: Best) -> list[str]:
    """The same of what was found already."""
    what, name = rows.asked[asked].what, called(rows, asked)
    if not found.enough:
        return [f"best by {name}: nothing is promised; it takes two cells and {FIRST} replications of each"]
    names = _listed(found.may_be)
    lines = [
        f"best by {name}: among {plural(len(found.may_be), 'cell')} of {len(rows.cells)} with {100 * found.confidence:g} %: {names}"
    ]
    if found.equal:
        lines.append(f"the same as {found.may_be[0]!r} in every replication: {_listed(found.equal)}")
    if len(found.may_be) > 1 + len(found.equal):
        much = "more than a million" if found.wanted is None else f"about {found.wanted:,}"
        lines.append(
            f"to tell {found.may_be[0]!r} from the others that may be the best: {much} replications of each, by the differences seen so far"
        )
    choice = found.chosen
    if choice is None:
        return lines
    zone = difference(Estimate(choice.within, math.nan, 0), what.unit).removeprefix("+")
    zone += " points" if what.unit == "share" else ""
    if choice.promised:
        lines.append(
            f"best within {zone}: {choice.cell!r}, with {100 * found.confidence:g} % (Kim and Nelson), "
            f"known after {plural(choice.known_after, 'replication')}"
        )
    else:
        lines.append(
            f"best within {zone}: {choice.cell!r} so far, and nothing is promised: {found.replications} replications do not tell it from "
            f"the rest; at most {choice.wanted:,} would (--replications)"
        )
    return lines


def best_tree(rows: Rows, asked: int, found: Best) -> dict[str, Any]:
    """The same for programs: numbers, and the sentences beside them."""
    places = {cell.name: c for c, cell in enumerate(rows.cells)}
    may_be = [{"cell": name, **jsonable(rows.estimate(places[name], asked))} for name in found.may_be]
    return {**jsonable(found), "may_be": may_be, "words": best_in_words(rows, asked, found)}


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:MOST_LOST])) + (", …" if len(names) > MOST_LOST else "")


def called(rows: Rows, asked: int) -> str:
    """A figure as people read it, a stretch by the clock."""
    return rows.asked[asked].told(rows.cells[0].scenario)


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

"""Figures of studies: a matrix of thresholds with what can be told apart, a front, paired differences."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.outcomes.intervals import Estimate, FloatArray
from sim.reports.numbers import estimate as in_words
from sim.reports.numbers import plural
from sim.reports.style import (
    BLACK,
    BLUE,
    DPI,
    GREEN,
    GREY,
    RC,
    VERMILION,
    WIDTH_IN,
    settle,
    shown_in_notebooks,
)
from sim.studies.asked import Asked
from sim.studies.pareto import Front, front
from sim.studies.rows import Cell
from sim.studies.table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LETTER_IN = 0.076
"""Width of a letter of ten points, in the mean."""
MOST_NUMBERED = 16
"""Cells of a front that are named beside it."""
LINE = 0.031
"""Height of a line beside a front, as a share of the plot's."""
MOST_ROWS = 40
"""Cells that a forest plot shows; of more the best and the worst."""


def show(figure: Figure) -> Figure:
    """The figure itself, which a notebook then shows as a picture."""
    shown_in_notebooks()
    return figure


def heat_map(table: Table, figure: int, rows: str, columns: str, against: int | None = None) -> Figure:
    """One figure over two factors, as a matrix; dots where a cell cannot be told from the reference.

    Args:
        table: Its cells have levels of both factors.
        figure: Place of the figure asked for.
        rows: Factor along the side.
        columns: Factor along the bottom.
        against: Place of the reference cell; the best one when None.

    Raises:
        ValueError: No cell has both factors.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    side, bottom = _levels(table, rows), _levels(table, columns)
    if not side or not bottom:
        raise ValueError(f"the study does not vary both {rows!r} and {columns!r}")
    asked = table.asked[figure]
    grid, cell = _grid(table, figure, rows, columns, side, bottom)
    reference = _best(table, figure) if against is None else against
    scale = _scale(asked)
    with mpl.rc_context(RC):
        title = [
            f"{_what(table, figure)} · {plural(len(table.replications), 'replication')} a cell",
            f"□ reference: {_called(table.cells[reference])}",
            "● cannot be told from it (95 %, paired)",
        ]
        # Wide and high enough for its words, however small the grid.
        wide_in = max(2.6 + 0.85 * len(bottom), 0.3 + LETTER_IN * max(map(len, title)))
        high_in = max(3.6, 2.1 + 0.45 * len(side))
        letters = int((high_in - 1.6) / LETTER_IN)
        drawn = Figure(figsize=(min(WIDTH_IN, wide_in), high_in), dpi=DPI, layout="constrained")
        ax = drawn.subplots()
        shown = np.ma.masked_invalid(scale * grid)
        image = ax.imshow(
            shown,
            cmap="cividis" if asked.what.better != "lower" else "cividis_r",
            aspect="auto",
            origin="lower",
        )
        ax.grid(visible=False)
        middle = (shown.min() + shown.max()) / 2 if shown.count() else 0.0
        dark = asked.what.better != "lower"
        for i in range(len(side)):
            for k in range(len(bottom)):
                here = cell[i][k]
                if here is not None:
                    light = bool((shown[i, k] < middle) == dark)
                    _in_square(ax, table, figure, here, reference, (k, i), light)
        ax.set_xticks(range(len(bottom)), [_level(x) for x in bottom])
        ax.set_yticks(range(len(side)), [_level(x) for x in side])
        ax.set_xlabel(columns)
        ax.set_ylabel(_wrapped(rows, letters))
        drawn.colorbar(image, ax=ax, label=_wrapped(_label(table, figure), letters))
        drawn.suptitle("\n".join(title), x=0.01, ha="left", fontsize=10)
        settle(drawn)
    return drawn


def _in_square(
    ax: Axes, table: Table, figure: int, cell: int, reference: int, at: tuple[int, int], light: bool
) -> None:
    asked = table.asked[figure]
    colour = "white" if light else BLACK
    value = table.estimate(cell, figure).value
    ax.annotate(_value(asked, value), at, ha="center", va="center", color=colour, fontsize=8.5)
    if cell == reference:
        ax.plot(*at, marker="s", markersize=26, fillstyle="none", color=colour, markeredgewidth=1.4)
        return
    gap = table.difference(reference, cell, figure)
    if not abs(gap.value) > gap.half_width:
        ax.plot(at[0] + 0.36, at[1] + 0.3, marker="o", markersize=4, color=colour)


def pareto(table: Table, x: int, y: int, also: Sequence[int] = ()) -> Figure:
    """All cells by two figures: the front, what is near it, and what something else surely beats.

    Args:
        table: The study.
        x: Place of the figure along the bottom.
        y: Place of the figure along the side.
        also: Further figures that count for the front.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    found = front(table, (x, y, *also))
    with mpl.rc_context(RC):
        drawn = Figure(figsize=(WIDTH_IN, 5.6), dpi=DPI, layout="constrained")
        ax, beside = drawn.subplots(1, 2, width_ratios=[7, 3])
        beside.set_axis_off()
        looks: dict[str, dict[str, Any]] = {
            "dominated": {"color": GREY, "marker": "x", "label": "another is surely better"},
            "near": {"color": BLUE, "marker": "o", "fillstyle": "none", "label": "perhaps on the front"},
            "front": {"color": GREEN, "marker": "o", "label": "front"},
        }
        for place, look in looks.items():
            _points(ax, table, found, place, (x, y), look)
        ax.grid(visible=True, axis="both")
        ax.set_xlabel(f"{_label(table, x)}   {_arrow(table.asked[x], '→', '←')}")
        ax.set_ylabel(f"{_label(table, y)}   {_arrow(table.asked[y], '↑', '↓')}")
        ax.legend(loc="best")
        counted = ", ".join(_what(table, a) for a in (x, y, *also))
        drawn.suptitle(
            f"{plural(len(table.cells), 'cell')} by {counted}\nwhat is surely better is told by paired differences, all "
            f"verdicts together 95 %, {plural(len(table.replications), 'replication')}",
            x=0.01, ha="left", fontsize=10,
        )  # fmt: skip
        ax.margins(0.12)
        settle(drawn)
        _number(ax, beside, table, found, (x, y))
    return drawn


def _points(
    ax: Axes, table: Table, found: Front, place: str, figures: tuple[int, int], look: dict[str, Any]
) -> None:
    which = [c for c, here in enumerate(found.places) if here == place]
    if not which:
        return
    along, up = ([table.estimate(c, a) for c in which] for a in figures)
    sx, sy = (_scale(table.asked[a]) for a in figures)
    ax.plot(
        [sx * one.value for one in along], [sy * one.value for one in up],
        linestyle="none", **(look | {"label": f"{look['label']} ({len(which)})"}),
    )  # fmt: skip


def _number(ax: Axes, beside: Axes, table: Table, found: Front, figures: tuple[int, int]) -> None:
    """Give the cells of the front numbers, along the bottom, and say beside the plot which is which; others as far as there is room."""
    places = [c for c, here in enumerate(found.places) if here == "front"]
    near = [c for c, here in enumerate(found.places) if here == "near"]
    if len(places) + len(near) <= MOST_NUMBERED:
        places += near
    (x, sx), (y, sy) = ((a, _scale(table.asked[a])) for a in figures)
    at = {
        c: (sx * table.estimate(c, x).value, sy * table.estimate(c, y).value) for c in range(len(table.cells))
    }
    named = sorted((c for c in places if not any(map(math.isnan, at[c]))), key=lambda c: at[c])[
        :MOST_NUMBERED
    ]
    points = ax.transData.transform([at[c] for c in named]) if named else np.zeros((0, 2))
    shown = [place for place in at.values() if not any(map(math.isnan, place))]
    taken = [(float(a), float(b), 5.0, 5.0) for a, b in ax.transData.transform(shown)] if shown else []
    inside = ax.get_window_extent()
    line = 0.5
    for k, (c, point) in enumerate(zip(named, points, strict=True), 1):
        words = _in_lines(_called(table.cells[c]), 44).split("\n")
        beside.text(
            0.0, 1.0 - LINE * line, "\n".join([f"{k:>2}  {words[0]}", *(f"      {more}" for more in words[1:])]), fontsize=8.0, va="top",
            transform=beside.transAxes, color=BLACK if found.places[c] == "front" else BLUE,
        )  # fmt: skip
        line += 0.3 + len(words)
        across, up = _free_spot(float(point[0]), float(point[1]), taken, inside)
        taken.append((float(point[0]) + across, float(point[1]) + up, 9.0, 8.0))
        ax.annotate(
            str(k), at[c], xytext=(across * 72.0 / DPI, up * 72.0 / DPI), textcoords="offset points", fontsize=8.5, ha="center",
            va="center", arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.6, "shrinkA": 5, "shrinkB": 3},
        )  # fmt: skip
    if len(places) > len(named):
        beside.text(
            0.0, 1.0 - LINE * line, f"and {len(places) - len(named)} more, see table.csv", fontsize=8.0, va="top",
            transform=beside.transAxes,
        )  # fmt: skip


def _free_spot(
    x: float, y: float, taken: Sequence[tuple[float, float, float, float]], inside: Any
) -> tuple[float, float]:
    """How far from its point a number stands, in pixels, where nothing else is: boxes by their middle, half width and half height."""
    for far in range(16, 200, 9):
        for turn in range(16):
            angle = math.pi * (0.25 + turn / 8.0)
            across, up = far * math.cos(angle), far * math.sin(angle)
            clear = all(abs(x + across - a) > w + 8.0 or abs(y + up - b) > h + 7.0 for a, b, w, h in taken)
            if clear and inside.contains(x + across, y + up):
                return across, up
    return 0.0, 12.0


def forest(table: Table, figure: int, against: int = 0) -> Figure:
    """Every cell's paired difference from the reference, with its interval; best on top.

    Args:
        table: The study, of two cells or more.
        figure: Place of the figure asked for.
        against: Place of the reference cell.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    asked = table.asked[figure]
    gaps = {c: table.difference(against, c, figure) for c in range(len(table.cells)) if c != against}
    up = -1.0 if asked.what.better == "lower" else 1.0
    order = sorted(gaps, key=lambda c: up * _finite(gaps[c].value))
    left_out = max(0, len(order) - MOST_ROWS)
    if left_out:
        order = order[: MOST_ROWS // 2] + order[-MOST_ROWS // 2 :]
    scale = _scale(asked)
    with mpl.rc_context(RC):
        names = [_in_lines(_called(table.cells[c]), 48) for c in order]
        row_in = 0.28 if not any("\n" in name for name in names) else 0.38
        drawn = Figure(figsize=(WIDTH_IN * 0.8, 1.5 + row_in * len(order)), dpi=DPI, layout="constrained")
        ax = drawn.subplots()
        for at, c in enumerate(order):
            gap = gaps[c]
            ax.errorbar(
                scale * gap.value, at, xerr=scale * _finite(gap.half_width), fmt="o", markersize=4,
                color=_verdict_colour(gap, up), elinewidth=1.4, capsize=2,
            )  # fmt: skip
        ax.axvline(0.0, color=BLACK, linewidth=0.9)
        ax.set_yticks(range(len(order)), names)
        ax.set_ylim(-0.6, len(order) - 0.4)
        ax.grid(visible=True, axis="x")
        points = "points" if asked.what.unit == "share" else _unit(asked)
        ax.set_xlabel(f"difference in {_what(table, figure)}, {points}   {_arrow(asked, '→', '←')}")
        more = f"; {left_out} in the middle not shown" if left_out else ""
        base = in_words(table.estimate(against, figure), asked.what.unit)
        drawn.suptitle(
            f"Against {_called(table.cells[against])} ({base})\n"
            f"paired on the same customers, 95 %, {plural(len(table.replications), 'replication')}{more}",
            x=0.01, ha="left", fontsize=10,
        )  # fmt: skip
        settle(drawn)
    return drawn


def _verdict_colour(gap: Estimate, up: float) -> str:
    if not abs(gap.value) > gap.half_width:
        return GREY
    return GREEN if up * gap.value > 0 else VERMILION


def _levels(table: Table, factor: str) -> list[object]:
    return list(dict.fromkeys(cell.levels[factor] for cell in table.cells if factor in cell.levels))


def _grid(
    table: Table, figure: int, rows: str, columns: str, side: list[object], bottom: list[object]
) -> tuple[FloatArray, list[list[int | None]]]:
    """Values and places of the cells; of several cells in a square (further factors) the best."""
    values = np.full((len(side), len(bottom)), np.nan)
    places: list[list[int | None]] = [[None] * len(bottom) for _ in side]
    sign = -1.0 if table.asked[figure].what.better == "lower" else 1.0
    for c, cell in enumerate(table.cells):
        if rows not in cell.levels or columns not in cell.levels:
            continue
        i, k = side.index(cell.levels[rows]), bottom.index(cell.levels[columns])
        value = table.estimate(c, figure).value
        if places[i][k] is None or sign * value > sign * values[i, k]:
            values[i, k], places[i][k] = value, c
    return values, places


def _best(table: Table, figure: int) -> int:
    sign = -1.0 if table.asked[figure].what.better == "lower" else 1.0
    values = [sign * table.estimate(c, figure).value for c in range(len(table.cells))]
    return max(range(len(values)), key=lambda c: -math.inf if math.isnan(values[c]) else values[c])


def _scale(asked: Asked) -> float:
    return 100.0 if asked.what.unit == "share" else 1.0


def _unit(asked: Asked) -> str:
    return {"share": "%", "per_min": "per minute"}.get(asked.what.unit, asked.what.unit)


def _what(table: Table, figure: int) -> str:
    """The figure's label without its definition, of whom and when."""
    asked = table.asked[figure]
    of = " ".join(asked.told(table.cells[0].scenario).split()[1:])
    return asked.what.label.split(" (")[0] + (f" {of}" if of else "")


def _label(table: Table, figure: int) -> str:
    return f"{_what(table, figure)}, {_unit(table.asked[figure])}"


def _value(asked: Asked, value: float) -> str:
    if math.isnan(value):
        return "–"
    scaled = _scale(asked) * value
    places = 2 if asked.what.unit == "money" and abs(scaled) < 100 else 1
    return f"{scaled:.{places}f}" if abs(scaled) < 1000 else f"{scaled:,.0f}"


def _wrapped(text: str, letters: int) -> str:
    """In lines of at most so many letters, broken behind dots and blanks where that does."""
    lines = [""]
    for part in re.findall(r"[^. ]*[. ]?", text):
        if len(lines[-1]) + len(part.rstrip()) > max(10, letters) and lines[-1]:
            lines.append("")
        lines[-1] += part
    return "\n".join(line.rstrip() for line in lines)


def _arrow(asked: Asked, higher: str, lower: str) -> str:
    return {"higher": f"better {higher}", "lower": f"{lower} better"}.get(asked.what.better, "")


def _level(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _called(cell: Cell, most: int = 100) -> str:
    """A cell by the last words of its factors: `ai 0.8, monitored 0.6`; by its name where they do not tell."""
    ends = [key.rsplit(".", 1)[-1] for key in cell.levels]
    name = cell.name
    if ends and len(set(ends)) == len(ends):
        told = [
            _level(level) if end in {"scenario", "variant"} else f"{end} {_level(level)}"
            for end, level in zip(ends, cell.levels.values(), strict=True)
        ]
        name = ", ".join(told)
    return name if len(name) <= most else name[: most - 1] + "…"


def _in_lines(name: str, most: int) -> str:
    """A long name in two lines, broken where two factors meet: what tells cells apart often stands at the end."""
    if len(name) <= most:
        return name
    parts = name.split(", ")
    k = min(range(1, len(parts)), key=lambda k: max(_wide(parts[:k]), _wide(parts[k:])), default=0)
    lines = [", ".join(parts[:k]) + ",", ", ".join(parts[k:])] if k else [name[:most], name[most:]]
    return "\n".join(line if len(line) <= most else line[: most - 1] + "…" for line in lines)


def _wide(parts: Sequence[str]) -> int:
    return len(", ".join(parts))


def _finite(value: float) -> float:
    return 0.0 if math.isnan(value) else value


__all__ = ["forest", "heat_map", "pareto"]

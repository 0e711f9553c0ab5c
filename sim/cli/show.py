"""Where words go: results to standard output, everything else to standard error."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from textwrap import fill
from typing import TYPE_CHECKING, Protocol

import typer

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from sim.reports.blocks import Section, Table

WIDE = 200
"""Columns of what is not a terminal: a pipe or a file cuts nothing."""


GAP = 3
"""Blanks between columns."""
LEAST_WORDS = 14
"""Columns of words are not squeezed below this."""


def out(text: str) -> None:
    """Print a result as it is."""
    _write(text if text.endswith("\n") else text + "\n")


def prose(text: str) -> None:
    """Print a sentence, on a terminal broken between words."""
    from sim.reports.blocks import Paragraph, Section

    sections([Section("", (Paragraph(text),))])


def err(text: str) -> None:
    """Print something that is not a result."""
    print(text, file=sys.stderr)  # noqa: T201  this is the command line


def sections(parts: Iterable[Section]) -> None:
    """Print parts of a report, tables fitted to the terminal."""
    from rich.text import Text

    from sim.reports.blocks import Lines, Paragraph

    console = _console()
    with console.capture() as captured:
        for part in parts:
            if part.title:
                console.print(Text(part.title, style="bold"))
                console.print()
            for block in part.blocks:
                if isinstance(block, Paragraph):
                    console.print(Text(block.text), soft_wrap=not sys.stdout.isatty())
                elif isinstance(block, Lines):
                    for line in block.lines:
                        console.print(Text(line, style="dim"), soft_wrap=not sys.stdout.isatty())
                else:
                    console.print(_table(block, console.width))
                console.print()
    _write("\n".join(line.rstrip() for line in captured.get().rstrip().split("\n")) + "\n")


def _table(table: Table, width: int) -> RenderableType:
    """A table whose figures never wrap: words do first, then the other columns go below the first ones, and at last rows become lists."""
    from rich.console import Group
    from rich.text import Text

    parts = _parts(table, width)
    if parts is None:
        return Text(_as_lists(table, width))
    drawn = [_drawn(part) for part in parts]
    return Group(drawn[0], *(one for part in drawn[1:] for one in (Text(), part)))


def _parts(table: Table, width: int) -> list[Table] | None:
    """The table in as few as fit below each other, each with the names; None when they and one column are too wide."""
    widths = [_least(table, k) + GAP for k in range(len(table.columns))]
    parts = [[0]]
    for k in range(1, len(widths)):
        if sum(widths[one] for one in parts[-1]) + widths[k] <= width:
            parts[-1].append(k)
        elif widths[0] + widths[k] <= width:
            parts.append([0, k])
        else:
            return None
    return [_of(table, columns) for columns in parts]


def _of(table: Table, columns: Sequence[int]) -> Table:
    rows = tuple(tuple(row[k] for k in columns) for row in table.rows)
    left = tuple(place for place, k in enumerate(columns) if k in table.left)
    return replace(table, columns=tuple(table.columns[k] for k in columns), rows=rows, left=left)


def _drawn(table: Table) -> RenderableType:
    from rich import box
    from rich.table import Table as Rich
    from rich.text import Text

    rich = Rich(
        box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, GAP - 1, 0, 0)
    )  # the box adds one
    for k, name in enumerate(table.columns):
        left = k in table.left
        rich.add_column(
            Text(name), justify="left" if left else "right", min_width=_least(table, k), no_wrap=not left
        )
    for row in table.rows:
        rich.add_row(*(Text(cell) for cell in row))
    return rich


def _least(table: Table, k: int) -> int:
    """Columns of the terminal that column *k* takes at least."""
    widest = max(_width(cell) for cell in (table.columns[k], *(row[k] for row in table.rows)))
    return min(widest, LEAST_WORDS) if k in table.left else widest


def _width(cell: str) -> int:
    from rich.cells import cell_len

    return max(cell_len(line) for line in cell.split("\n"))


def _as_lists(table: Table, width: int) -> str:
    """Every row as a name with its figures below it."""
    lines = []
    labels = [" ".join(name.split()) for name in table.columns]
    for row in table.rows:
        lines.append(" ".join(row[0].split()))
        for label, cell in zip(labels[1:], row[1:], strict=True):
            told = " ".join(cell.split())
            line = f"{label}: {told}" if label else told
            lines.append(fill(line, width, initial_indent="  ", subsequent_indent="    "))
    return "\n".join(lines)


def _console() -> Console:
    from rich.console import Console

    if sys.stdout.isatty():
        return Console()
    width = os.environ.get("COLUMNS", "")
    return Console(width=int(width) if width.isdecimal() and int(width) >= 20 else WIDE)


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except UnicodeEncodeError:  # a terminal or a pipe of an older encoding
        encoding = sys.stdout.encoding or "ascii"
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        # `blendsim report … | head` has what it wanted.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit from None


@contextmanager
def busy(what: str) -> Iterator[None]:
    """Say what takes a while on standard error, where that is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield


class Advance(Protocol):
    """Told what is done, how much of it, and of how much."""

    def __call__(self, what: str, done: int, whole: int) -> None: ...


_interrupts: list[int] = []


@contextmanager
def hearing_interrupts() -> Iterator[None]:
    """Remember Ctrl-C besides raising it.

    An exception raised in a callback of compiled code is lost there, and the run would go on as if nobody had asked.
    """

    def remember(signal_number: int, _: object) -> None:
        _interrupts.append(signal_number)
        raise KeyboardInterrupt

    _interrupts.clear()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _stop_if_interrupted() -> None:
    if _interrupts:
        raise KeyboardInterrupt


@contextmanager
def progress(label: str) -> Iterator[Advance]:
    """A progress bar on standard error, where that is a terminal; between two steps Ctrl-C is heard for certain."""
    if not sys.stderr.isatty():
        yield lambda what, done, whole: _stop_if_interrupted()  # noqa: ARG005
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)

        def advance(what: str, done: int, whole: int) -> None:
            _stop_if_interrupted()
            bar.update(task, description=what, completed=done, total=whole)

        yield advance

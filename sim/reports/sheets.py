"""What every workbook has in common: sheets of rows whose heads stay in sight, numbers as numbers, and text that stays text.

Whatever a file or a person named is written as text, never as a formula, a link or a number: a queue called `=1+1` stays one. The same
answer gives the same bytes. Times are local, and every row also says its offset from UTC, for a workbook knows no zones.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.outcomes.local_time import local_time
from sim.scenario.errors import ScenarioError
from sim.scenario.model import Scenario

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

AS_TEXT = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
MOST_WIDE = 60
"""Characters of a column."""
MOST_TEXT = 32_767
"""Characters that a cell can hold."""
Cell = str | float | int | datetime | None
FORMATS = {
    "words": {},
    "time": {"num_format": "yyyy-mm-dd hh:mm"},
    "count": {"num_format": "#,##0"},
    "load": {"num_format": "#,##0.0"},
    "share": {"num_format": "0.0%"},
    "number": {"num_format": "#,##0.0000"},
    "head": {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1},
    "title": {"bold": True, "font_size": 14},
}
Columns = list[tuple[str, str]]
"""Head and format."""


def write(path: Path, content: bytes) -> Path:
    """Write a workbook; its folder is made.

    Raises:
        ScenarioError: It cannot be written there.
    """
    check(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be written ({error.strerror or error})") from None
    return path


def check(path: Path) -> None:
    """Refuse a name that a spreadsheet would not open.

    Raises:
        ScenarioError: It does not end in `.xlsx`.
    """
    if path.suffix.lower() != ".xlsx":
        raise ScenarioError(f"--workbook {path}: must end in .xlsx")


@dataclass(slots=True)
class Sheets:
    """A workbook in the making."""

    title: str
    _stream: io.BytesIO = field(default_factory=io.BytesIO)
    _book: Workbook = field(init=False)
    _looks: dict[str, Format] = field(init=False)

    def __post_init__(self) -> None:
        from xlsxwriter import Workbook

        self._book = Workbook(self._stream, {**AS_TEXT, "in_memory": True})
        # Not the clock's: the same answer is the same file.
        self._book.set_properties({"title": self.title, "created": datetime(2000, 1, 1)})  # noqa: DTZ001
        self._looks = {name: self._book.add_format(look) for name, look in FORMATS.items()}

    def table(self, name: str, columns: Columns, rows: Sequence[Sequence[Cell]], frozen: int = 1) -> None:
        """A sheet of rows, the first *frozen* columns always in sight."""
        _table(self._book.add_worksheet(name), self._looks, columns, rows, frozen)

    def pairs(self, name: str, rows: Sequence[tuple[str, Cell]]) -> None:
        """A sheet of two columns of words; the first row is the head."""
        _pairs(self._book.add_worksheet(name), self._looks, rows)

    def made(self) -> bytes:
        """The workbook's bytes; nothing can be added any more."""
        self._book.close()
        return self._stream.getvalue()


def times(scenario: Scenario, from_s: float, until_s: float) -> list[Cell]:
    """A stretch of the run: from and until by the local clock, offset from UTC."""
    begin, end = local_time(scenario, from_s), local_time(scenario, until_s)
    return [begin.replace(tzinfo=None), end.replace(tzinfo=None), f"{begin:%z}"]


TIMES: Columns = [("from", "time"), ("until", "time"), ("offset from UTC", "words")]
"""Heads of `times`."""


def leaves(value: Any, path: str = "") -> list[tuple[str, Cell]]:
    """Every key that somebody wrote, dotted, with its value; what is not there has its default."""
    if isinstance(value, Mapping) and value:
        return [
            leaf
            for key, item in value.items()
            for leaf in leaves(item, f"{path}.{key}" if path else str(key))
        ]
    if isinstance(value, list | tuple) and any(isinstance(item, Mapping | list | tuple) for item in value):
        return [leaf for k, item in enumerate(value) for leaf in leaves(item, f"{path}.{k}")]
    if isinstance(value, list | tuple):
        return [(path, ", ".join(map(str, value)))]
    return [(path, "null" if value is None else str(value))]


def _table(
    sheet: Worksheet,
    looks: Mapping[str, Format],
    columns: Columns,
    rows: Sequence[Sequence[Cell]],
    frozen: int,
) -> None:
    """Heads that stay in sight, filters, and every number as one."""
    for k, (head, kind) in enumerate(columns):
        sheet.write_string(0, k, head, looks["head"])
        told = [16 if kind == "time" else len(str(row[k])) if isinstance(row[k], str) else 8 for row in rows]
        sheet.set_column(k, k, min(MOST_WIDE, 2 + max(*(len(word) for word in head.split()), *told)))
    for r, row in enumerate(rows, 1):
        for k, value in enumerate(row):
            _put(sheet, r, k, value, looks[columns[k][1]])
    sheet.freeze_panes(1, frozen)
    sheet.autofilter(0, 0, max(1, len(rows)), len(columns) - 1)
    sheet.set_landscape()
    sheet.repeat_rows(0)
    sheet.fit_to_pages(1, 0)


def _pairs(sheet: Worksheet, looks: Mapping[str, Format], rows: Sequence[tuple[str, Cell]]) -> None:
    """Two columns of words."""
    for r, (key, value) in enumerate(rows):
        for k, text in enumerate((key, value)):
            _put(sheet, r, k, text, looks["head" if r == 0 else "words"])
    for k in (0, 1):
        sheet.set_column(k, k, min(MOST_WIDE * (1 + k), 2 + max(len(str(row[k])) for row in rows)))
    sheet.freeze_panes(1, 1)


def _put(sheet: Worksheet, row: int, column: int, value: Cell, look: Format) -> None:
    if isinstance(value, str):
        sheet.write_string(row, column, value[:MOST_TEXT], look)
    elif isinstance(value, datetime):
        sheet.write_datetime(row, column, value, look)
    elif value is None or not math.isfinite(value):
        sheet.write_blank(row, column, None, look)
    else:
        sheet.write_number(row, column, value, look)

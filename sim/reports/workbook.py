"""A staffing answer as a workbook for workforce management: people by step, by queue, what the plans give, and what all of it assumes.

Whatever a file or a person named is written as text, never as a formula, a link or a number: a queue called `=1+1` stays one. The same
answer gives the same bytes. Times are local, and every row also says its offset from UTC, for a workbook knows no zones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.outcomes.local_time import local_time
from sim.reports.numbers import duration
from sim.reports.staffing import named, notes, plans
from sim.scenario.errors import ScenarioError
from sim.scenario.model import Scenario
from sim.studies.staff import Plan, Staffing

if TYPE_CHECKING:
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
    "head": {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1},
    "title": {"bold": True, "font_size": 14},
}


def write(path: Path, found: Staffing, scenario: Scenario, extra: Staffing | None = None) -> Path:
    """Write the workbook.

    Args:
        path: Ends in `.xlsx`; its folder is made.
        found: The answer.
        scenario: Of which it is.
        extra: The answer with a vendor lost (N − 1).

    Raises:
        ScenarioError: It cannot be written there.
    """
    check(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(made(found, scenario, extra))
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


def made(found: Staffing, scenario: Scenario, extra: Staffing | None = None) -> bytes:
    """The workbook's bytes."""
    import io

    from xlsxwriter import Workbook

    stream = io.BytesIO()
    book = Workbook(stream, {**AS_TEXT, "in_memory": True})
    # Not the clock's: the same answer is the same file.
    book.set_properties({"title": f"Staffing of {found.group}", "created": datetime(2000, 1, 1)})  # noqa: DTZ001
    looks = {name: book.add_format(look) for name, look in FORMATS.items()}
    by_name = named(found, extra)
    for name, (columns, rows) in {
        "Required by step": _by_step(found, scenario, by_name),
        "By queue": _by_queue(found, scenario, by_name),
        "Plans": _plans(found, extra),
    }.items():
        _table(book.add_worksheet(name), looks, columns, rows, frozen=2 if name != "Plans" else 1)
    _pairs(book.add_worksheet("Assumptions"), looks, _assumptions(found, scenario, extra))
    _pairs(book.add_worksheet("Scenario"), looks, [("key", "value"), *_leaves(scenario.resolved)])
    book.close()
    return stream.getvalue()


Columns = list[tuple[str, str]]
"""Head and format."""


def _by_step(
    found: Staffing, scenario: Scenario, by_name: Sequence[tuple[str, Plan]]
) -> tuple[Columns, list[list[Cell]]]:
    """A row a step: load of the group, then people of each plan."""
    columns: Columns = [
        ("from", "time"), ("until", "time"), ("offset from UTC", "words"), ("contacts", "load"), ("contacts per hour", "load"),
        ("handling time, s", "load"), *((f"{name}\nrequired", "count") for name, _ in by_name),
        *((f"{name}\nscheduled", "count") for name, _ in by_name), *((f"{name}\nservice level given", "share") for name, _ in by_name),
    ]  # fmt: skip
    rows: list[list[Cell]] = []
    for t, at_s in enumerate(found.from_s):
        rows.append(
            [
                *_times(found, scenario, at_s),
                found.per_h[t] * _hours(found, scenario, at_s),
                found.per_h[t],
                found.handle_s[t],
                *(plan.people[t] for _, plan in by_name),
                *(plan.scheduled[t] for _, plan in by_name),
                *(plan.by_step[t] for _, plan in by_name),
            ]
        )
    return columns, rows


def _by_queue(
    found: Staffing, scenario: Scenario, by_name: Sequence[tuple[str, Plan]]
) -> tuple[Columns, list[list[Cell]]]:
    """A row a step and queue: its load, people of each plan by its share of the work, and the service level that it is given."""
    columns: Columns = [
        ("from", "time"), ("until", "time"), ("offset from UTC", "words"), ("queue", "words"), ("contacts", "load"),
        ("handling time, s", "load"), ("target", "share"), ("share of the work", "share"),
        *((f"{name}\nrequired, by work", "load") for name, _ in by_name),
        *((f"{name}\nservice level given", "share") for name, _ in by_name),
    ]  # fmt: skip
    rows: list[list[Cell]] = []
    for t, at_s in enumerate(found.from_s):
        work = {queue: _work(found, queue, t) for queue in found.queues}
        for queue in found.queues:
            share = work[queue] / sum(work.values()) if sum(work.values()) > 0 else math.nan
            rows.append(
                [
                    *_times(found, scenario, at_s),
                    queue,
                    found.queue_per_h[queue][t] * _hours(found, scenario, at_s),
                    found.queue_handle_s[queue][t],
                    found.targets.get(queue),
                    share,
                    *(share * plan.people[t] for _, plan in by_name),
                    *(plan.by_queue_and_step[queue][t] for _, plan in by_name),
                ]
            )
    return columns, rows


def _hours(found: Staffing, scenario: Scenario, at_s: float) -> float:
    """Length of a step; the last one may be shorter."""
    return (min(at_s + found.step_s, scenario.calendar.end_s) - at_s) / 3600.0


def _work(found: Staffing, queue: str, t: int) -> float:
    per_h, handle_s = found.queue_per_h[queue][t], found.queue_handle_s[queue][t]
    return per_h * handle_s if per_h > 0 and handle_s > 0 else 0.0


def _times(found: Staffing, scenario: Scenario, at_s: float) -> list[Cell]:
    begin = local_time(scenario, at_s)
    end = local_time(scenario, min(at_s + found.step_s, scenario.calendar.end_s))
    return [begin.replace(tzinfo=None), end.replace(tzinfo=None), f"{begin:%z}"]


def _plans(found: Staffing, extra: Staffing | None) -> tuple[Columns, list[list[Cell]]]:
    """A row a plan: what it takes and what it would really give."""
    frame = plans(found, extra)
    kinds = {"plan": "words", "hours": "load", "scheduled_hours": "load", "steps_missed": "count"}
    columns = [(name.replace("_", " "), kinds.get(name, "share")) for name in frame.columns]
    return columns, [[_plain(value) for value in row] for row in frame.itertuples(index=False)]


def _plain(value: Any) -> Cell:
    item = value.item() if hasattr(value, "item") else value
    return item if isinstance(item, str | float | int) else str(item)


def _assumptions(found: Staffing, scenario: Scenario, extra: Staffing | None) -> list[tuple[str, Cell]]:
    """What the numbers rest on."""
    import sim

    targets = {f"target of {queue}": f"{target:.1%} service level" for queue, target in found.targets.items()}
    if found.abandonment is not None:
        targets["target"] = f"at most {found.abandonment:.1%} abandoned"
    queues = dict(zip(scenario.names.queues, scenario.queues, strict=True))
    return [
        ("what", "value"),
        ("scenario", found.scenario),
        ("variant", found.variant),
        ("question", scenario.question),
        ("group of people", found.group),
        ("queues that count", ", ".join(found.queues)),
        *targets.items(),
        *((f"answered in time in {queue}", duration(queues[queue].answer_within_s)) for queue in found.queues),
        ("confidence that a step holds", f"{found.confidence:.0%}, one-sided, step by step"),
        ("shrinkage, once, on the supply side", f"{found.shrinkage:.0%} of paid time"),
        ("scheduled", "required / (1 − shrinkage), in whole people"),
        ("step", duration(found.step_s)),
        ("time zone", scenario.calendar.timezone),
        ("peakedness, for Hayward", _rounded(found.peakedness)),
        ("contacts at once, a person", _rounded(found.at_once)),
        ("with a loss (N−1)", "not looked for" if extra is None else extra.variant),
        ("runs simulated", f"{found.runs:,}"),
        ("seed", str(scenario.seed)),
        ("version", f"blendsim {sim.__version__}"),
        ("required", "people of the group on the floor, all queues together"),
        ("required, by work", "the same, split by contacts × handling time; people are shared, and the parts hold only together"),
        ("service level given", "simulated with that plan, on days that the search never saw"),
        *((f"note {k}", line) for k, line in enumerate(notes(found), 1)),
    ]  # fmt: skip


def _rounded(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"


def _leaves(value: Any, path: str = "") -> list[tuple[str, Cell]]:
    """Every key that somebody wrote, dotted, with its value; what is not there has its default."""
    if isinstance(value, Mapping) and value:
        return [
            leaf
            for key, item in value.items()
            for leaf in _leaves(item, f"{path}.{key}" if path else str(key))
        ]
    if isinstance(value, list | tuple) and any(isinstance(item, Mapping | list | tuple) for item in value):
        return [leaf for k, item in enumerate(value) for leaf in _leaves(item, f"{path}.{k}")]
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


__all__ = ["check", "made", "write"]

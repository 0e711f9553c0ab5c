"""A staffing answer as a workbook for workforce management: people by step, by queue, what the plans give, and what all of it assumes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from sim.reports.numbers import duration
from sim.reports.sheets import TIMES, Cell, Columns, Sheets, leaves, times
from sim.reports.staffing import named, notes, plans, shifts
from sim.scenario.model import Scenario
from sim.studies.staff import Plan, Staffing


def made(found: Staffing, scenario: Scenario, extra: Staffing | None = None) -> bytes:
    """The workbook's bytes.

    Args:
        found: The answer.
        scenario: Of which it is.
        extra: The answer with a vendor lost (N − 1).
    """
    by_name = named(found, extra)
    book = Sheets(f"Staffing of {found.group}")
    book.table("Required by step", *_by_step(found, scenario, by_name), frozen=2)
    book.table("By queue", *_by_queue(found, scenario, by_name), frozen=2)
    book.table("Plans", *_plans(found, extra))
    if found.roster is not None:
        book.table("Shifts", *_shifts(found))
    book.pairs("Assumptions", _assumptions(found, scenario, extra))
    book.pairs("Scenario", [("key", "value"), *leaves(scenario.resolved)])
    return book.made()


def _by_step(
    found: Staffing, scenario: Scenario, by_name: Sequence[tuple[str, Plan]]
) -> tuple[Columns, list[list[Cell]]]:
    """A row a step: load of the group, then people of each plan."""
    columns: Columns = [
        *TIMES, ("contacts", "load"), ("contacts per hour", "load"),
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
        *TIMES, ("queue", "words"), ("contacts", "load"),
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
    return times(scenario, at_s, min(at_s + found.step_s, scenario.calendar.end_s))


def _plans(found: Staffing, extra: Staffing | None) -> tuple[Columns, list[list[Cell]]]:
    """A row a plan: what it takes and what it would really give."""
    frame = plans(found, extra)
    kinds = {"plan": "words", "hours": "load", "scheduled_hours": "load", "steps_missed": "count"}
    columns = [(name.replace("_", " "), kinds.get(name, "share")) for name in frame.columns]
    return columns, [[_plain(value) for value in row] for row in frame.itertuples(index=False)]


def _shifts(found: Staffing) -> tuple[Columns, list[list[Cell]]]:
    """A row a shift of the roster."""
    frame = shifts(found)
    kinds = {"hours": "load", "scheduled": "count", "people": "count"}
    heads = {"hours": "hours from start to end", "people": "come"}
    columns = [(heads.get(name, name), kinds.get(name, "words")) for name in frame.columns]
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
        *_roster(found),
        ("runs simulated", f"{found.runs:,}"),
        ("seed", str(scenario.seed)),
        ("version", f"blendsim {sim.__version__}"),
        ("required", "people of the group on the floor, all queues together"),
        ("required, by work", "the same, split by contacts × handling time; people are shared, and the parts hold only together"),
        ("service level given", "simulated with that plan, on days that the search never saw"),
        *((f"note {k}", line) for k, line in enumerate(notes(found), 1)),
    ]  # fmt: skip


def _roster(found: Staffing) -> list[tuple[str, Cell]]:
    """What the shifts are paid for."""
    roster = found.roster
    if roster is None:
        return []
    return [
        ("roster, paid hours, without breaks of more than 20 min", f"{roster.paid_hours:,.1f}"),
        ("roster, no such shifts cover it for less than", f"{roster.bound_hours:,.1f}"),
        ("roster, hours on the floor beyond the scheduled requirement", f"{roster.over_hours:,.1f}"),
    ]


def _rounded(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"

"""An explanation as lines: clock, what it is about, what happened, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sim.outcomes.explanation import Around, ContactStory, Decided, Step
from sim.outcomes.happenings import Told
from sim.outcomes.local_time import clock_words
from sim.reports.blocks import Block, Lines, Paragraph, Section
from sim.reports.numbers import duration
from sim.scenario.model import Scenario
from sim.store.manifest import jsonable

HIDDEN = "(true; no controller knows)"
WIDEST = 46
"""Columns of what happened; a longer text pushes its reason to the right."""

Row = tuple[str, str, str, str]
"""Clock, margin, what happened, why."""


def around_sections(scenario: Scenario, found: Around, title: str) -> list[Section]:
    """What happened around a moment."""
    blocks: list[Block] = []
    from_, until = (clock_words(scenario, second) for second in (found.from_s, found.until_s))
    if found.before:
        blocks += [
            Paragraph(f"As it stood at {from_}:"),
            Lines(lines(_told(row, found) for row in found.before)),
        ]
    if found.happened:
        blocks += [
            Paragraph(f"From {from_} to {until}:"),
            Lines(lines(_told(row, found) for row in found.happened)),
        ]
    else:
        blocks.append(Paragraph(f"From {from_} to {until} no controller moved, and nothing began or ended."))
    if found.floor:
        blocks += [Paragraph(f"The floor at {found.clock}:"), Lines(found.floor)]
    if found.decided:
        blocks += [
            Paragraph("Decisions about contacts in that time, alike ones together, with the first of each:"),
            Lines(tuple(_alike(found.decided))),
        ]
    blocks += [Paragraph(note) for note in found.notes]
    return [Section(title, tuple(blocks))]


def _told(row: Told, found: Around) -> Row:
    since = "since " if row.at_s < found.from_s else ""
    return since + row.clock, row.kind, row.text, row.because or (HIDDEN if row.true else "")


def _alike(rows: Sequence[Decided]) -> list[str]:
    cells = [(f"{row.contacts:,} ×", row.kind, row.reason, row.where) for row in rows]
    wide = [max(len(cell[k]) for cell in cells) for k in range(4)]
    return [
        f"{cell[0]:>{wide[0]}} {cell[1]:<{wide[1]}}  {cell[2]:<{wide[2]}}  {cell[3]:<{wide[3]}}  "
        f"{row.first_clock} contact {row.example}: {row.sentence}".rstrip()
        for cell, row in zip(cells, rows, strict=True)
    ]


def contact_sections(found: ContactStory, title: str) -> list[Section]:
    """One contact's story."""
    blocks: list[Block] = [Lines(lines(_step(step) for step in found.steps))]
    if found.others:
        blocks += [Paragraph("The same customer's other attempts at the matter:"), Lines(found.others)]
    blocks += [Paragraph(note) for note in found.notes]
    return [Section(title, tuple(blocks))]


def _step(step: Step) -> Row:
    return step.clock, step.kind, step.text, step.because or (HIDDEN if step.true else "")


def lines(rows: Iterable[Row]) -> tuple[str, ...]:
    """Rows under each other, columns aligned."""
    rows = list(rows)
    wide = [max((len(row[k]) for row in rows), default=0) for k in range(3)]
    wide[2] = min(wide[2], WIDEST)
    return tuple(
        f"{row[0]:>{wide[0]}}  {row[1]:<{wide[1]}}  {row[2]:<{wide[2]}}  {row[3]}".rstrip() for row in rows
    )


def around_title(variant: str, replication: int, found: Around, window_s: float) -> str:
    """`fail over to C, replication 0: 10:05:00 ± 120 s`."""
    return f"{variant}, replication {replication}: {found.clock} ± {duration(window_s)}"


def contact_title(variant: str, replication: int, found: ContactStory) -> str:
    """`fail over to C, replication 0: contact 1234`."""
    return f"{variant}, replication {replication}: contact {found.contact}"


def part_tree(variant: str, replication: int, found: Around | ContactStory) -> dict[str, Any]:
    """One variant's explanation for programs."""
    told: dict[str, Any] = jsonable(found)
    return {"variant": variant, "replication": replication, **told}

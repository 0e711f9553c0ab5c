"""A learned threshold matrix: what `blendsim thresholds` prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.reports.blocks import Block, Paragraph, Section, Table
from sim.reports.numbers import NOTHING, amount, count, plural
from sim.studies.thresholds import HIGHEST, LEAST, Cell, Matrix, Threshold, name_of

_POLICIES = {
    "people": "everything to people",
    "AI": "everything to the AI (intent map)",
    "one pair": "the best one pair for all",
    "matrix": "this matrix",
}


def sections(matrix: Matrix, title: str) -> list[Section]:
    """What it is expected to save, the thresholds by label and channel, what is at stake."""
    names = matrix.scenario.names
    known: Mapping[Cell, Threshold] = {one.cell: one for one in matrix.cells}
    labels = [k for k in range(len(names.intents)) if (k, None, None) in known]
    best = min(matrix.expected.values())
    expected = tuple(
        (_POLICIES.get(name, f"{name} for all"), amount(cost, "money"), amount(cost - best, "money"))
        for name, cost in matrix.expected.items()
    )
    rows = []
    for k in labels:
        one = known[k, None, None]
        cells = [_pair(known.get((k, c, None))) for c in range(len(names.channels))]
        own = sum(cell[0] == k and cell[2] is not None for cell in (one.cell for one in matrix.own()))
        rows.append((names.intents[k], count(one.n), f"{one.wanted:.2f}", _pair(one), *cells, str(own)))
    stakes = tuple(
        (
            names.intents[k],
            *(amount(value, "money") for value in (worth.human, worth.ai)),
            amount(worth.noticed, "share"),
            *(amount(value, "money") for value in (worth.handed_over, worth.silent, worth.loss)),
        )
        for k in labels
        if (worth := known[k, None, None].worth)
    )
    told: list[Block] = [
        Paragraph(f"{title} · {count(matrix.outcomes)} outcomes of AI sessions"),
        Table(("expected on these contacts", "cost a contact", "over the best"), expected),
    ]
    told += [Paragraph(line) for line in warnings(matrix)]
    head = ("", "outcomes", "q*", "all channels", *names.channels, "cells by segment")
    return [
        Section("", tuple(told)),
        Section(
            "Thresholds by label and channel",
            (
                Paragraph(
                    "To the AI from the first number on, under watch from the second on where there are two, else to people. Learned where "
                    f"there are {LEAST} outcomes, the fewer the closer to the cell above."
                ),
                Table(head, tuple(rows)),
            ),
        ),
        Section(
            "What is at stake, per contact",
            (
                Table(
                    ("", "person", "AI", "failures noticed", "handed over", "unnoticed", "a failure (L)"),
                    stakes,
                ),
                Paragraph("q* = 1 − (person − AI) / L: the chance of success from which on the AI pays."),
            ),
        ),
    ]


def warnings(matrix: Matrix) -> list[str]:
    """What the numbers cannot say, or should not be believed of."""
    out = []
    edge = [one for one in (matrix.everything, *matrix.cells) if one.at_edge]
    if edge:
        out.append(
            f"Censored: nothing is known below {matrix.seen_from:.2f}, where this run sent nothing to the AI, and in "
            f"{plural(len(edge), 'cell')} it would still pay there. Explore: run with --set routing.thresholds.ai=0.5 "
            "--set routing.thresholds.monitored=0.5, and learn from that."
        )
    if matrix.slots and matrix.watched_at_once > 0.7 * matrix.slots:
        out.append(
            f"Too much to watch: {matrix.watched_at_once:.1f} sessions at once in the mean for {matrix.slots} that can be; "
            "what finds nobody goes elsewhere (routing.monitor.overflow). --no-watch does without."
        )
    never = [name_of(one.cell, matrix.scenario) for one in matrix.cells if one.never and one.cell[1] is None]
    if never:
        out.append(f"Never pays at any confidence seen, so {HIGHEST:g}: {', '.join(never)}.")
    return out


def _pair(one: Threshold | None) -> str:
    if one is None:
        return NOTHING
    return f"{one.ai:g}" if one.ai == one.monitored else f"{one.ai:g} / {one.monitored:g}"


def tree(matrix: Matrix, title: str) -> dict[str, Any]:
    """The same for programs."""
    return {
        "learned_from": title,
        "outcomes": matrix.outcomes,
        "seen_from": matrix.seen_from,
        "expected_cost": dict(matrix.expected),
        "watched_at_once": matrix.watched_at_once,
        "watched_at_most": matrix.slots,
        "everything": _facts(matrix.everything, matrix),
        "cells": [_facts(one, matrix) for one in matrix.cells],
        "warnings": warnings(matrix),
    }


def _facts(one: Threshold, matrix: Matrix) -> dict[str, Any]:
    return {
        "cell": name_of(one.cell, matrix.scenario),
        "outcomes": one.n,
        "wanted": one.wanted,
        "ai": one.ai,
        "monitored": one.monitored,
        "at_edge": one.at_edge,
        "never": one.never,
        "worth": one.worth,
        "loss": one.worth.loss,
    }

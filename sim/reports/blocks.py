"""A report as a few plain blocks, so that a terminal, a Markdown file and a page say the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A line of text."""

    text: str


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines that stand below each other, such as a story told by the clock."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Names in the first column, figures in the others. A cell may have two lines."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: tuple[int, ...] = (0,)
    """Columns that hold words rather than figures."""


Block = Paragraph | Lines | Table


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks under a heading; an empty heading has none."""

    title: str
    blocks: tuple[Block, ...]


def markdown(sections: Iterable[Section], level: int = 2) -> str:
    """The sections as GitHub's Markdown."""
    out: list[str] = []
    for section in sections:
        if section.title:
            out += [f"{'#' * level} {_safe(section.title)}", ""]
        for block in section.blocks:
            out += [*_markdown(block), ""]
    return "\n".join(out).rstrip("\n") + "\n"


def _markdown(block: Block) -> list[str]:
    if isinstance(block, Paragraph):
        return [_safe(block.text)]
    if isinstance(block, Lines):
        return ["```text", *(line.replace("```", "'''") for line in block.lines), "```"]
    head = [_cell(name) for name in block.columns]
    rule = [":---" if k in block.left else "---:" for k in range(len(head))]
    rows = [[_cell(cell) for cell in row] for row in block.rows]
    return [_row(head), _row(rule), *(_row(row) for row in rows)]


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(text: str) -> str:
    return _safe(text).replace("|", "\\|").replace("\n", "<br>")


def _safe(text: str) -> str:
    """What a user wrote stays text: no tags, no links, no code."""
    for sign, instead in (("\\", "\\\\"), ("`", "\\`"), ("*", "\\*"), ("[", "\\["), ("<", "&lt;")):
        text = text.replace(sign, instead)
    return text

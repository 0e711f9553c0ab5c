"""A report as one HTML file to pass on: its pictures are inside it, it fetches nothing, and nothing in it runs."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from sim.reports.blocks import Block, Lines, Paragraph, Section

STYLE = """
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem; color: #111; background: #fff;
  font: 15px/1.45 "DejaVu Sans", Verdana, sans-serif; }
h1 { margin: 0 0 .3rem; font-size: 1.5rem; } h2 { margin: 2.2rem 0 .6rem; font-size: 1.15rem; border-bottom: 1px solid #e4e4e4; }
.lead { margin: .2rem 0; } .made, figcaption { color: #555; font-size: .85rem; }
nav { columns: 3 16rem; margin: 1.2rem 0; font-size: .9rem; } nav a { display: block; color: #0072b2; text-decoration: none; }
.wide { overflow-x: auto; margin: .8rem 0; }
table { border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid #e4e4e4; text-align: right; vertical-align: top; white-space: pre-line; }
th { vertical-align: bottom; background: #f6f6f6; } .words { text-align: left; } tr > .words:first-child { font-weight: 600; }
pre { overflow-x: auto; margin: .8rem 0; padding: .6rem .8rem; background: #f6f6f6; font-size: .8rem; white-space: pre-wrap; }
figure { margin: 1.4rem 0; } img { max-width: 100%; height: auto; }
@media print { nav { display: none; } figure, tr { break-inside: avoid; } body { max-width: none; font-size: 11px; } }
"""


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure as people see it."""

    name: str
    png: bytes


def pictures(folder: Path, names: Iterable[str]) -> list[Picture]:
    """The PNG files of figures that were written into *folder*, by the names of either of their files."""
    return [Picture(Path(name).stem, (folder / name).with_suffix(".png").read_bytes()) for name in names]


def page(title: str, lead: Sequence[str], sections: Sequence[Section], shown: Sequence[Picture]) -> str:
    """The whole page.

    Args:
        title: Of the page.
        lead: Lines below the title, the last in small print.
        sections: The first is the answer; it stands before the pictures and needs no title.
        shown: Figures.
    """
    first, rest = sections[:1], [section for section in sections[1:] if section.blocks]
    *said, made = lead
    body = [
        f"<h1>{escape(title)}</h1>",
        *(f'<p class="lead">{escape(line)}</p>' for line in said),
        f'<p class="made">{escape(made)}</p>',
        *(_block(block) for section in first for block in section.blocks),
    ]
    named = [(f"s{k}", section.title) for k, section in enumerate(rest, 1) if section.title]
    if len(named) > 1:
        body.append("<nav>" + "".join(f'<a href="#{at}">{escape(name)}</a>' for at, name in named) + "</nav>")
    body += [_figure(picture) for picture in shown]
    for k, section in enumerate(rest, 1):
        if section.title:
            body.append(f'<h2 id="s{k}">{escape(section.title)}</h2>')
        body += [_block(block) for block in section.blocks]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def _figure(picture: Picture) -> str:
    name = escape(picture.name.replace("-", " "), quote=True)
    data = base64.b64encode(picture.png).decode("ascii")
    return f'<figure><img alt="{name}" src="data:image/png;base64,{data}"><figcaption>{name}</figcaption></figure>'


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return f"<p>{escape(block.text)}</p>"
    if isinstance(block, Lines):
        return f"<pre>{escape(chr(10).join(block.lines))}</pre>"
    rows = "".join(f"<tr>{_cells(row, block.left, 'td')}</tr>\n" for row in block.rows)
    head = f"<thead><tr>{_cells(block.columns, block.left, 'th')}</tr></thead>"
    return f'<div class="wide"><table>{head}\n<tbody>\n{rows}</tbody></table></div>'


def _cells(cells: Sequence[str], left: Sequence[int], tag: str) -> str:
    return "".join(
        f'<{tag} class="words">{escape(cell)}</{tag}>' if k in left else f"<{tag}>{escape(cell)}</{tag}>"
        for k, cell in enumerate(cells)
    )

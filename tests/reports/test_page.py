"""A report as one HTML file."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

from sim.reports.blocks import Lines, Paragraph, Section, Table
from sim.reports.page import Picture, page

PNG = b"\x89PNG\r\n\x1a\n"
FIRST = Section("", (Table(("", "service\nlevel"), (("<b>as is</b>", "80.0 % ± 1.0"),)),))
REST = (
    Section("Pools", (Paragraph("none"),)),
    Section("What <happened>", (Lines(("10:05 vendor.B & its people",)), Paragraph("told 'so'"))),
    Section("Empty", ()),
)


class _Reader(HTMLParser):
    """Tags that are open, whatever stands in them, and every link."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in {"src", "href"}]
        if tag not in {"meta", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def _read(text: str) -> _Reader:
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


def test_what_users_wrote_stays_text() -> None:
    """Every tag is closed, and no tag comes from a name."""
    found = _read(page("a <script> & b", ["why?", "made by"], (FIRST, *REST), [Picture("day-<i>", PNG)]))
    assert "b" not in found.tags
    assert "script" not in found.tags
    assert "i" not in found.tags
    for text in ("a <script> & b", "<b>as is</b>", "What <happened>", "10:05 vendor.B & its people"):
        assert text in found.texts


def test_nothing_is_fetched() -> None:
    """Pictures are inside, links lead within the page, to sections that have something to say."""
    text = page("run", ["made by"], (FIRST, *REST), [Picture("day", PNG)])
    assert ["#s1", "#s2", "data:image/png;base64," + base64.b64encode(PNG).decode()] == _read(text).links
    assert ["s1", "s2"] == re.findall(r'id="(\w+)"', text)
    assert "http" not in text

from __future__ import annotations

import math

import pytest

from sim.outcomes import Estimate
from sim.reports.blocks import Lines, Paragraph, Section, Table, markdown
from sim.reports.numbers import amount, count, difference, duration, estimate, shows_as_zero


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (90.0, "90 s"), (599.4, "599 s"), (600.0, "10 min"),
        (3599.0, "1 h"), (9660.0, "2 h 41 min"), (-90.0, "−90 s"), (math.nan, "–"),
    ],
)  # fmt: skip
def test_durations(seconds: float, expected: str) -> None:
    """Durations read like speech, and those that did not happen are a dash."""
    assert expected == duration(seconds)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0"),
        (0.85, "0.85"),
        (12.0, "12"),
        (12.34, "12.3"),
        (99.96, "100"),
        (1911.6, "1,912"),
        (math.nan, "–"),
    ],
)
def test_counts(value: float, expected: str) -> None:
    """Small means show decimals, large ones do not."""
    assert expected == count(value)


def test_estimates_carry_their_half_width() -> None:
    """Shares in percent, the half-width as exact as the value; one replication has none."""
    assert "28.1 % ± 0.9" == estimate(Estimate(0.281, 0.009, 20), "share")
    assert "28.1 %" == estimate(Estimate(0.281, math.nan, 1), "share")
    assert "151 ± 39" == estimate(Estimate(151.2, 38.9, 20), "contacts")
    assert "1 h 36 min ± 10 min" == estimate(Estimate(5760.0, 578.0, 20), "s")
    assert "7 min ± 14 min" == estimate(Estimate(426.0, 840.0, 20), "s")
    assert "–" == estimate(Estimate(math.nan, math.nan, 0), "s")


def test_differences_carry_their_sign() -> None:
    """A difference of shares is told in points."""
    assert "+4.9 ± 0.4" == difference(Estimate(0.049, 0.004, 20), "share")
    assert "−188 ± 12" == difference(Estimate(-188.0, 12.0, 20), "contacts")
    assert "–" == difference(Estimate(math.nan, math.nan, 0), "share")


def test_units() -> None:
    """Every unit that a measure has can be shown."""
    assert ("50.0 %", "30 s", "1.5/min", "84.0", "2", "∞") == (
        amount(0.5, "share"),
        amount(30.0, "s"),
        amount(1.5, "per_min"),
        amount(84.0, "points"),
        amount(2.0, "contacts"),
        amount(math.inf, "contacts"),
    )


def test_markdown_keeps_words_words() -> None:
    """What a user wrote becomes neither a tag nor a link nor another cell."""
    section = Section(
        "On <b>", (Paragraph("a [link](x) *y*"), Table(("", "x|y"), (("two\nlines", "1"),)), Lines(("```",)))
    )

    text = markdown([section])

    assert "## On &lt;b>" in text
    assert "\\[link](x) \\*y\\*" in text
    assert "|  | x\\|y |\n| :--- | ---: |\n| two<br>lines | 1 |" in text
    assert "```text\n'''\n```" in text


@pytest.mark.parametrize(
    ("value", "half", "unit", "expected"),
    [
        (0.004, 0.001, "money", True), (-0.004, 0.001, "money", True), (0.006, 0.001, "money", False),
        (0.0004, 0.0001, "share", True), (0.02, 0.0001, "share", False), (0.04, 0.01, "s", True), (10.0, 1.0, "count", False),
    ],
)  # fmt: skip
def test_what_shows_as_zero_is_known(value: float, half: float, unit: str, expected: bool) -> None:
    """So that nothing that reads +0.00 is called worse."""
    found = Estimate(value, half, 20)
    assert expected == shows_as_zero(found, unit)

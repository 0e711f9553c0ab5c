"""The documentation of the breaker is drawn from its code."""

from __future__ import annotations

from pathlib import Path

from sim.orchestration.breaker import table

FILE = Path(__file__).parents[2] / "docs" / "breaker.md"


def test_the_documented_moves_are_those_of_the_code() -> None:
    """Row by row, in the order of the code: who changes a move changes its line."""
    lines = [line for line in FILE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    told = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]

    assert ("from", "signal", "to", "why") == told[0]
    assert table() == told[2:]

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import TINY, Command


@pytest.fixture
def run(blendsim: Command, tmp_path: Path) -> Path:
    """A stored run of two variants."""
    said = blendsim(
        "run", TINY, "--floor", "plain", "--replications", 2, "--out", tmp_path / "runs", "--json"
    )
    return Path(json.loads(said.out)["folder"])


def test_thresholds_learns_from_one_variant_and_writes_a_base(
    blendsim: Command, run: Path, tmp_path: Path
) -> None:
    """The table says what is expected and what is at stake; the file loads under the scenario that it came from."""
    out = tmp_path / "matrix.yaml"
    said = blendsim("thresholds", f"{run}#breaker", "--out", out)
    assert 0 == said.code
    assert "this matrix" in said.out
    assert "everything to people" in said.out
    assert f"{out}: written" in said.err
    (tmp_path / "both.yaml").write_text(
        f"extends: [{TINY}, matrix.yaml]\nquestion: Does it load?\n", encoding="utf-8"
    )
    assert 0 == blendsim("validate", "both.yaml").code

    again = blendsim("thresholds", f"{run}#breaker", "--out", out)
    assert (2, "") == (again.code, again.out)
    assert "is there already" in again.err


def test_a_learned_matrix_is_a_level_of_a_study(blendsim: Command, run: Path, tmp_path: Path) -> None:
    """Beside a bare one, in the form in which it was written; a file of another kind is told."""
    blendsim("thresholds", f"{run}#breaker", "--out", tmp_path / "learned.yaml")
    (tmp_path / "flat.yaml").write_text("{ ai: 0.9, monitored: 0.9 }", encoding="utf-8")
    (tmp_path / "study.yaml").write_text(
        f"scenario: {{ file: {TINY}, variants: [breaker] }}\nfactors: {{ matrix: {{ matrices: [flat.yaml, learned.yaml] }} }}\n",
        encoding="utf-8",
    )
    said = blendsim("study", "study.yaml", "--dry-run")
    assert (0, True) == (said.code, "learned" in said.out), said.err

    (tmp_path / "learned.yaml").write_text(
        "routing: { by: intent, thresholds: { ai: 1, monitored: 1 } }", encoding="utf-8"
    )
    said = blendsim("study", "study.yaml", "--dry-run")
    assert (2, "") == (said.code, said.out)
    assert "routing.by: is 'intent', and must be confidence" in said.err


def test_thresholds_speaks_to_programs(blendsim: Command, run: Path) -> None:
    """Every cell with its outcomes and what is at stake."""
    told = json.loads(blendsim("thresholds", f"{run}#breaker", "--no-watch", "--json").out)
    assert told["outcomes"] == told["everything"]["outcomes"]
    assert {"people", "AI", "one pair", "matrix"} < set(told["expected_cost"])


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("", "has 2 variants; name one, as in"),
        ("#brekaer", "there is no variant 'brekaer'; it has 'no controller', 'breaker'"),
    ],
)
def test_thresholds_says_which_variant(blendsim: Command, run: Path, more: str, message: str) -> None:
    """Exit code 2, and the titles."""
    said = blendsim("thresholds", f"{run}{more}")
    assert (2, "") == (said.code, said.out)
    assert message in said.err


def test_thresholds_needs_rows_of_contacts(blendsim: Command, tmp_path: Path) -> None:
    """Interval mode keeps none."""
    said = blendsim(
        "run", TINY, "--variant", "breaker", "--floor", "plain", "--replications", 1,
        "--records", "intervals", "--out", tmp_path / "runs", "--json",
    )  # fmt: skip
    said = blendsim("thresholds", json.loads(said.out)["folder"])
    assert 2 == said.code
    assert "run it with --records contacts" in said.err

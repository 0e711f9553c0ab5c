from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from .conftest import Command


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    """A thousand confidences of a classifier that says too much of itself, and the same repaired."""
    dice = np.random.default_rng(5)
    chance = dice.beta(2.4, 0.6, 1000)
    right = dice.random(1000) < chance
    boasts = 1 / (1 + np.exp(-np.log(chance / (1 - chance)) / 0.6))
    path = tmp_path / "scores.csv"
    lines = [f"{a:.5f},{b:.5f},{int(k)}" for a, b, k in zip(boasts, chance, right, strict=True)]
    path.write_text("\n".join(["raw,repaired,ok", *lines]) + "\n", encoding="utf-8")
    return path


def test_calibrate_puts_columns_side_by_side(blendsim: Command, scores: Path, tmp_path: Path) -> None:
    """Which one is over-confident, what the same thresholds make of both, and a figure."""
    figure = tmp_path / "drawn" / "reliability.png"

    said = blendsim(
        "calibrate",
        scores,
        "--confidence",
        "raw",
        "--confidence",
        "repaired",
        "--correct",
        "ok",
        "--figure",
        figure,
    )

    assert 0 == said.code
    assert "over-confident" in said.out
    assert "to the AI (≥ 0.92)" in said.out
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert f"{figure}: written" in said.err


def test_calibrate_speaks_to_programs_and_to_scenarios(blendsim: Command, scores: Path) -> None:
    """--json has every number, --yaml a classifier section alone."""
    told = json.loads(blendsim("calibrate", scores, "--confidence", "raw", "--correct", "ok", "--json").out)
    assert ("raw", 1000, 3) == (
        told["columns"][0]["column"],
        told["columns"][0]["n"],
        len(told["columns"][0]["bands"]),
    )
    said = blendsim("calibrate", scores, "--confidence", "raw", "--correct", "ok", "--yaml")
    assert said.out.startswith("classifier: { accuracy: 0.")


def test_calibrate_reads_a_run(blendsim: Command, run_folder: Path) -> None:
    """Every variant a column, one by its title; columns of a file mean nothing there."""
    assert "calibrated" in blendsim("calibrate", run_folder).out
    told = json.loads(blendsim("calibrate", f"{run_folder}#breaker", "--json").out)
    assert ["breaker"] == [one["column"] for one in told["columns"]]
    assert "there is no variant 'none'" in blendsim("calibrate", f"{run_folder}#none").err
    said = blendsim("calibrate", run_folder, "--confidence", "raw")
    assert (2, "") == (said.code, said.out)
    assert "leave out --confidence" in said.err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ((), "name its columns with --confidence and --correct"),
        (("--confidence", "row"), "there is no column 'row'; did you mean raw?"),
        (("--confidence", "raw", "--figure", "x.pdf"), "must end in .png or .svg"),
        (("--confidence", "raw", "--ai", "0.5"), "--monitored 0.75: is above --ai 0.5"),
        (("--confidence", "raw", "--confidence", "repaired", "--yaml"), "a scenario has one classifier"),
        (("--confidence", "raw", "--correct", "ok"), "--correct: name one column for all"),
    ],
)
def test_calibrate_says_what_would_be_right(
    blendsim: Command, scores: Path, more: tuple[str, ...], message: str
) -> None:
    """Exit code 2, and a sentence."""
    said = blendsim("calibrate", scores, "--correct", "ok", *more)
    assert (2, "") == (said.code, said.out)
    assert message in said.err

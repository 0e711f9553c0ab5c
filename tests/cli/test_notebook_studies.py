"""Studies and staffing as a notebook has them: one call, frames and figures."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sim
from sim.scenario.errors import ScenarioError

TEAM = Path(__file__).parent.parent / "studies" / "one_team.yaml"
KEY = "people.team.staffing"


@pytest.fixture(scope="module")
def found() -> sim.StudyResult:
    """Three sizes of the team by two patiences."""
    return sim.study(
        TEAM,
        vary={KEY: np.array([10, 11, 14]), "queues.voice.patience.mean": ["1m", "2m"]},
        figures=["service_level", "abandonment 9:00-10:00"],
        reference={KEY: 11},
        replications=12,
        jobs=1,
    )


def test_a_study_is_frames(found: sim.StudyResult) -> None:
    """A row a cell with differences, a row a run, a row a difference; nothing can be changed."""
    assert 6 == len(found.cells)
    assert [KEY, "queues.voice.patience.mean", "replications", "service_level"] == list(
        found.cells.columns[1:5]
    )
    assert 6 * 12 * 2 == len(found.runs)
    assert {"cell", "replication", "figure", "part", "whole", "value"} == set(found.runs.columns)
    assert 5 * 2 == len(found.differences)
    one = found.differences[found.differences["figure"] == "service_level"].set_index("cell")["difference"]
    whole = found.cells.set_index("cell")["service_level difference"].dropna()
    assert whole.to_dict() == pytest.approx(one.to_dict())
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.name = "x"  # type: ignore[misc]


def test_a_study_chooses_and_draws(found: sim.StudyResult) -> None:
    """The best cell with numbers and in words, figures by name; what is not there is said."""
    best = found.best("service_level", within=0.01)
    assert best.may_be[0].startswith(f"{KEY} 14")
    assert best.chosen is not None
    assert best.chosen.cell.startswith(f"{KEY} 14")
    assert found.best("abandonment 09:00-10:00").may_be
    assert "best by service_level" in found.best_in_words("service_level")[0]
    assert ("forest", "heat-map", "front") == found.figures
    assert found.figure("heat-map").axes
    with pytest.raises(ValueError, match="asks for no figure 'asa'"):
        found.best("asa")
    with pytest.raises(ValueError, match="there are forest"):
        found.figure("x")


def test_a_study_can_be_kept_and_read(tmp_path: Path) -> None:
    """With `out` the rows are there the next time, and the folder reads back as the same frames."""
    asked = {"vary": {KEY: "10:12:2"}, "replications": 2, "jobs": 1, "out": tmp_path}
    kept = sim.study(TEAM, **asked)
    assert kept.folder is not None
    back = sim.read_study(kept.folder)
    assert kept.cells.equals(back.cells)
    assert kept.runs.equals(back.runs)
    with pytest.raises(ScenarioError, match=r"people\.team\.stafing: unknown key; did you mean staffing"):
        sim.study(TEAM, vary={"people.team.stafing": [1, 2]})


def test_staff_is_frames() -> None:
    """A row a step, a row a plan, a figure."""
    found = sim.staff(TEAM, every="2h", replications=5, jobs=1)
    assert 2 == len(found.steps)
    assert ["Erlang C", "Erlang A", "Hayward", "simulation"] == list(found.plans["plan"])
    assert found.plans["service_level"].between(0.5, 1.0).all()
    assert found.figure().axes
    with pytest.raises(ScenarioError, match="must be a duration"):
        sim.staff(TEAM, every="often")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            {"vary": ["a"]},
            r"vary is \['a'\], and must be a map such as \{'fleets\.C\.sessions': \[40, 80\]\}",
        ),
        ({"figures": "asa"}, r"figures is 'asa', and must be a list; write \['asa'\]"),
        ({"precision": 0.005}, "precision is 0.005, and must be a map"),
        ({"latin_hypercube": 1}, r"latin_hypercube is 1, and must be a whole number \(2 or more\)"),
    ],
)
def test_wrong_arguments_of_a_study_are_named(asked: dict[str, Any], message: str) -> None:
    """Nothing is run with an argument that cannot be meant."""
    with pytest.raises(ValueError, match=message):
        sim.study(TEAM, **asked)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"queues": "voice"}, r"queues is 'voice', and must be a list; write \['voice'\]"),
        ({"shrinkage": "30%"}, "shrinkage is '30%', and must be a number from 0 to 0.99"),
        ({"confidence": 95}, "confidence is 95, and must be a number from 0.5 to 0.999"),
        ({"lost_from": 10}, "lost_from is 10, and must be a text"),
    ],
)
def test_wrong_arguments_of_staff_are_named(asked: dict[str, Any], message: str) -> None:
    """The same of a search for staff."""
    with pytest.raises(ValueError, match=message):
        sim.staff(TEAM, **asked)


def test_a_step_has_a_unit() -> None:
    """3600 of what?"""
    with pytest.raises(ScenarioError, match="every is 3600, and must be a duration such as '30m'"):
        sim.staff(TEAM, every=3600)  # type: ignore[arg-type]

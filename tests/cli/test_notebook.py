from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import sim
from sim.scenario.errors import ScenarioError

from .conftest import TINY


@pytest.fixture(scope="module")
def run() -> sim.Result:
    """The tiny scenario, in memory."""
    return sim.run(TINY, floor="plain", jobs=1)


def test_intervals_are_a_frame(run: sim.Result) -> None:
    """One row a variant × replication × interval."""
    frame = run.intervals

    assert 2 * 2 * 8 == len(frame)
    assert ["variant", "replication", "interval"] == list(frame.columns[:3])
    assert run.study.contacts == frame["offered"].sum()


def test_figures_have_names(run: sim.Result) -> None:
    """Every named figure can be had; an unknown name is answered with those that there are."""
    named = {"variants", "day-breaker", "day-no-controller", "escalation-bursts", "timeline"}
    assert named == set(run.figures)
    assert run.figure("escalation bursts") is run.figure("escalation-bursts")
    assert run.figure("variants").axes
    with pytest.raises(ValueError, match="there is no figure 'x'; there are "):
        run.figure("x")


def test_variants_are_compared(run: sim.Result) -> None:
    """Every measure of a comparison is an attribute, b − a."""
    found = sim.compare(run, "breaker", against="no controller")

    expected = found.service_level.b.value - found.service_level.a.value
    assert expected == pytest.approx(found.service_level.difference.value)
    assert ("no controller", "breaker") == (found.a, found.b)
    with pytest.raises(ScenarioError, match="there is no variant 'x'; it has 'no controller', 'breaker'"):
        sim.compare(run, "x")


def test_a_run_can_be_kept_and_read(run: sim.Result, tmp_path: Path) -> None:
    """`out=` leaves a run folder; what is read from it has the same outcomes."""
    kept = sim.run(TINY, floor="plain", jobs=1, out=tmp_path)
    assert kept.study.folder is not None

    back = sim.read(kept.study.folder)

    assert run.summary("breaker").tree() == back.summary("breaker").tree()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"variants": "breaker"}, r"variants is 'breaker', and must be a list; write \['breaker'\]"),
        ({"sets": [1]}, "sets is .* list of texts"),
        ({"replications": 0}, "replications is 0, and must be a whole number"),
        ({"floor": "fast"}, "floor is 'fast', and must be one of 'kernel', 'plain'"),
    ],
)
def test_wrong_arguments_are_named(asked: dict[str, Any], message: str) -> None:
    """Nothing is run with an argument that cannot be meant."""
    with pytest.raises(ValueError, match=message):
        sim.run(TINY, **asked)


def test_only_runs_are_compared(run: sim.Result) -> None:
    """Folders have to be read first, and variants are texts."""
    with pytest.raises(ValueError, match=r"result is 'a', and must be what sim\.run or sim\.read gave"):
        sim.compare("a", "b")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="variant is 1, and must be a text"):
        sim.compare(run, 1)  # type: ignore[arg-type]

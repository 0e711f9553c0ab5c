"""Rows of a study say what the runs say, and pair what met the same customers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.engine.run import replicate
from sim.outcomes import compare, summarise
from sim.outcomes.figures import FIGURES
from sim.store import scenarios_of
from sim.studies import Asked, Cell, Table, rows
from sim.studies.asked import pairs_of

TINY = Path(__file__).parent.parent / "store" / "tiny.yaml"
ASKED = tuple(Asked(name) for name in FIGURES)


@pytest.fixture(scope="module")
def scenarios():
    """Both variants of a small centre."""
    return scenarios_of(TINY, replications=4)


@pytest.fixture(scope="module")
def table(scenarios):
    """Everything of both that can be asked for."""
    cells = [Cell(title, scenario) for title, scenario in scenarios.items()]
    return Table.of(cells, ASKED, rows(cells, range(4), ASKED))


def test_every_measure_of_a_table_is_that_of_the_summary(scenarios, table):
    """Estimates from rows equal those from whole runs, value and half-width."""
    for c, scenario in enumerate(scenarios.values()):
        summary = summarise(replicate(scenario, 4))
        for a, asked in enumerate(ASKED):
            expected = summary.measures.get(asked.figure)
            if expected is not None:
                found = table.estimate(c, a)
                assert (expected.value, expected.half_width) == pytest.approx(
                    (found.value, found.half_width), nan_ok=True
                )


def test_differences_are_those_of_compare(scenarios, table):
    """Paired differences from rows equal those from whole runs, figures of whole runs included."""
    titles = list(scenarios)
    if len(titles) < 2:
        pytest.skip("one variant")
    runs = [replicate(scenarios[title], 4) for title in titles[:2]]
    expected = {one.name: one.difference for one in compare(*runs)}
    for a, asked in enumerate(ASKED):
        if asked.figure in expected:
            found = table.difference(0, 1, a)
            one = expected[asked.figure]
            assert (one.value, one.half_width) == pytest.approx((found.value, found.half_width), nan_ok=True)


def test_figures_asked_together_are_those_asked_one_by_one(scenarios):
    """A run is counted once for all figures and cuts, and each of them is what it would be alone."""
    (scenario, *_) = scenarios.values()
    (run,) = replicate(scenario, 1)
    queue, intent = scenario.names.queues[0], scenario.names.intents[0]
    by_cut = [one for one in ASKED if one.what.by_cut]
    asked = [
        *ASKED,
        *(Asked(one.figure, queue=queue) for one in by_cut),
        *(Asked(one.figure, intent=intent, from_s=0.0, until_s=3600.0) for one in by_cut),
    ]
    np.testing.assert_array_equal([one.of(run) for one in asked], pairs_of(asked, run))


def test_rows_in_any_order_make_the_same_table(scenarios):
    """A table does not know in which order its rows came."""
    cells = [Cell(title, scenario) for title, scenario in scenarios.items()]
    found = list(rows(cells, range(2), ASKED[:3]))
    assert str(Table.of(cells, ASKED[:3], found).frame()) == str(
        Table.of(cells, ASKED[:3], found[::-1]).frame()
    )


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (Asked("service_levle"), "no figure"),
        (Asked("service_level", queue="nowhere"), "there is no queue 'nowhere'; there are"),
        (Asked("damage", channel="voice"), "of whole runs"),
        (Asked("asa", from_s=60.0), "begin and an end"),
        (Asked("asa", from_s=60.0, until_s=60.0), "ends before it begins"),
    ],
)
def test_what_cannot_be_asked_is_said(scenarios, asked, says):
    """A question that a scenario cannot answer is refused in words."""
    assert says in (asked.problem(next(iter(scenarios.values()))) or "")

"""Intervals cover the truth as often as they say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sim.outcomes import intervals
from sim.studies import Asked, Cell, Table, rows
from sim.wfm import erlang_a
from tests.laws.worlds import Span, law, one_line, read

EXPERIMENTS, REPLICATIONS, WITHIN_S = 1000, 20, 20.0
FIGURES = ("sl_offered", "asa", "abandonment")

# Contacts a second, mean handling time, mean patience, people; from the truth cases EA-herzog-13, EA-herzog-9, EA-garnett-50,
# EA-hanisch-c10-rho95-p5 and EA-hanisch-c10-rho130-p5, a minute as their unit of time where they leave it open.
CASES = {
    "light": (3.5 / 60, 180.0, 300.0, 13),
    "short of people": (3.5 / 60, 180.0, 300.0, 9),
    "large": (48.0 / 60, 60.0, 120.0, 50),
    "busy": (3.166666667 / 60, 180.0, 300.0, 10),
    "overloaded": (4.333333333 / 60, 180.0, 300.0, 10),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_intervals_of_95_percent_cover_the_exact_value(case):
    """In 1,000 experiments of 20 replications each, 93 to 97 % of the intervals hold Erlang A's exact figure.

    Service level, speed of answer and abandonment of five cases. False alarm: with a coverage of exactly 95 % one figure leaves the band
    once in 270 times, one of the 15 once in 18; the seed is fixed, so a pass stays a pass.
    """
    per_s, handle_s, patience_s, people = CASES[case]
    exact = erlang_a(per_s, handle_s, people, patience_s)
    truth = (exact.service_level_offered(WITHIN_S), exact.mean_wait_served_s, exact.p_ab)
    span = Span(round(1000 / per_s), intervals=3, warm_up=1)
    scenario = read(one_line(per_s, law("exp", handle_s), law("exp", patience_s), people, span))
    asked = tuple(Asked(name) for name in FIGURES)
    cell = (Cell(case, replace(scenario, keep_contacts=False)),)
    table = Table.of(cell, asked, rows(cell, range(EXPERIMENTS * REPLICATIONS), asked))
    for a, expected in enumerate(truth):
        part, whole = (x.reshape(EXPERIMENTS, REPLICATIONS) for x in table.pairs(0, a))
        found = [intervals.ratio(*pair) for pair in zip(part, whole, strict=True)]
        covered = sum(one.low <= expected <= one.high for one in found) / EXPERIMENTS
        print(f"{case}, {FIGURES[a]}: {covered:.3f}")  # noqa: T201  shown by `pytest -rP`
        assert 0.93 <= covered <= 0.97, FIGURES[a]

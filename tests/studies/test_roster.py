"""Shifts cover the required curve in every interval, are possible shifts, and give in simulation what they should."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import sim
from sim.cli.main import app
from sim.outcomes.measures import interval_edges_s
from sim.scenario.errors import ScenarioError
from sim.store import scenarios_of
from sim.studies.roster import Patterns, as_yaml, breaks_of
from sim.studies.staff import staff

CENTRE = Path(__file__).parent / "one_team.yaml"
TINY = Path(__file__).parent.parent / "store" / "tiny.yaml"
SHIFTS = ("2h", "3h")
HOUR_S = 3600.0


@pytest.fixture(scope="module")
def centre():
    """One team, four hours of the same load."""
    return next(iter(scenarios_of(CENTRE).values()))


@pytest.fixture(scope="module")
def found(centre):
    """Its staff in two steps, and shifts for it."""
    return staff(centre, step_s=7200.0, replications=10, shrinkage=0.3, shifts=SHIFTS)


def _patterns(scenario, said, *, starts_s=1800.0, at_most=None):
    return Patterns(
        scenario, "team", scenario.groups[0].shifts, said, starts_s, at_most, interval_edges_s(scenario)
    )


def test_shifts_cover_what_is_required_in_every_interval(centre, found):
    """Who come cover the simulated plan, who is scheduled covers it with shrinkage; nobody is paid for less than the bound."""
    required = np.repeat(found.plans[-1].people, 8)
    assert (np.array(found.roster.on_floor) >= required).all()
    edges_s = interval_edges_s(centre)
    scheduled = np.zeros(len(edges_s) - 1)
    for shift in found.roster.shifts:
        begin_s = shift.start_s - 8 * HOUR_S
        assert begin_s >= 0
        assert begin_s + shift.lasts_s <= centre.calendar.end_s
        assert shift.lasts_s in (2 * HOUR_S, 3 * HOUR_S)
        assert np.floor(0.7 * shift.scheduled) <= shift.people <= np.ceil(0.7 * shift.scheduled)
        scheduled += shift.scheduled * ((edges_s[:-1] >= begin_s) & (edges_s[1:] <= begin_s + shift.lasts_s))
    assert (scheduled >= np.repeat(found.plans[-1].scheduled, 8)).all()
    paid_h = sum(shift.scheduled * shift.lasts_s for shift in found.roster.shifts) / HOUR_S
    assert found.roster.paid_hours == pytest.approx(paid_h)
    assert sum(found.plans[-1].scheduled) * 2.0 <= found.roster.bound_hours <= found.roster.paid_hours
    assert found.roster.over_hours == pytest.approx(paid_h - sum(found.plans[-1].scheduled) * 2.0)


def test_the_roster_is_simulated_like_a_plan(found):
    """On the same days as the others, and it misses no step where the plan that it covers misses none."""
    assert found.plans[-1].missed == 0 == found.rostered.missed
    assert found.rostered.people >= found.plans[-1].people
    assert found.rostered.day.value >= found.plans[-1].day.value


def test_the_same_question_has_the_same_roster(centre, found):
    """To the last shift."""
    again = staff(centre, step_s=7200.0, replications=10, shrinkage=0.3, shifts=SHIFTS)
    assert again.roster == found.roster


def test_the_file_is_a_scenario_that_gives_the_same(centre, found, tmp_path):
    """Written and read back by `extends`, the shifts are those that were simulated, and a run of them gives the same figures."""
    roster = tmp_path / "roster.yaml"
    roster.write_text(as_yaml(found.roster, centre, found.group, str(CENTRE)), encoding="utf-8")
    back = next(iter(scenarios_of(roster).values()))
    assert () == back.groups[0].staffing
    chosen = _patterns(centre, SHIFTS).cheapest(np.repeat(found.plans[-1].people, 8), 0.3)
    inside = [
        s for s in back.groups[0].shifts if s.pieces[0][0] < back.calendar.end_s and s.pieces[-1][1] > 0
    ]
    assert sorted(inside, key=str) == sorted(chosen.comes, key=str)
    own = staff(back, step_s=7200.0, replications=10)
    assert own.shifts.day.value == pytest.approx(found.rostered.day.value)


def test_breaks_follow_the_rule():
    """None under four hours, one of a quarter up to six, then a meal between two; always inside, in order, at four places."""
    assert ((),) == breaks_of(3.5 * HOUR_S)
    assert [(2700.0, 900.0), (4500.0, 900.0), (6300.0, 900.0), (8100.0, 900.0)] == [
        one for (one,) in breaks_of(4 * HOUR_S)
    ]
    eight = breaks_of(8 * HOUR_S)
    assert [2.5, 3.0, 3.5, 4.0] == [meal[0] / HOUR_S for _, meal, _ in eight]
    for lasts_s in np.arange(4, 12.01, 0.25) * HOUR_S:
        for breaks in breaks_of(lasts_s):
            end_s = 0.0
            for after_s, pause_s in breaks:
                assert after_s > end_s
                end_s = after_s + pause_s
            assert end_s < lasts_s


def test_own_shifts_are_taken_as_they_are():
    """With their times, breaks and days; how many people work on them now counts for nothing."""
    tiny = next(iter(scenarios_of(TINY, ["people.team.shifts.0.people=77"], variants=["breaker"]).values()))
    patterns = _patterns(tiny, ["own"])
    (one,) = patterns.patterns
    assert (8.5 * HOUR_S, 3 * HOUR_S, ((HOUR_S, 900.0),)) == (one.start_s, one.lasts_s, one.breaks)
    edges_s = interval_edges_s(tiny)
    on = patterns.covers[:, 0]
    required = 4 * on
    chosen = patterns.cheapest(required, 0.0).roster
    assert (4, 4) == (chosen.shifts[0].scheduled, chosen.shifts[0].people)
    assert on.sum() < len(edges_s) - 1
    with pytest.raises(ScenarioError, match=r"no shift covers .*, when people of team are needed"):
        patterns.check(np.ones(len(edges_s) - 1, dtype=np.int64))


def test_the_night_before_reaches_into_the_run(tmp_path):
    """A night shift of the evening before covers the first hours, is paid for as a whole, and reads back with its own day."""
    night = tmp_path / "night.yaml"
    night.write_text(
        f"extends: '{CENTRE}'\ncalendar: {{ from: 2026-03-02 00:00, until: 2026-03-03 00:00 }}\n"
        "people: { team: { staffing: null, shifts: [{ start: 22:00, lasts: 8h, people: 1 }, { start: 06:00, lasts: 16h, people: 1 }] } }\n"
    )
    scenario = next(iter(scenarios_of(night).values()))
    chosen = _patterns(scenario, ["own"]).cheapest(np.full(96, 3, dtype=np.int64), 0.0).roster
    assert [("monday",), ("monday", "sunday")] == [shift.days for shift in chosen.shifts]
    assert 3 * (8 + 16 + 8) == chosen.paid_hours
    assert 9 == chosen.scheduled


def test_a_week_has_a_roster_for_every_day():
    """Days of the same people on the same shift are one line, and `at_most` counts a day's people."""
    week = next(iter(scenarios_of(CENTRE, ["calendar.until=2026-03-09 08:00"]).values()))
    edges_s = interval_edges_s(week)
    hour = edges_s[:-1] / HOUR_S % 24
    required = np.where(hour < 8, 5, 0)
    required[edges_s[:-1] >= 5 * 86_400] *= 2
    patterns = _patterns(week, ["4h"], starts_s=HOUR_S)
    chosen = patterns.cheapest(required.astype(np.int64), 0.0).roster
    assert (np.array(chosen.on_floor) >= required).all()
    by_day = {}
    for shift in chosen.shifts:
        for day in shift.days:
            by_day[day] = by_day.get(day, 0) + shift.scheduled
    assert sum(by_day.values()) == chosen.scheduled
    assert by_day["sunday"] > by_day["tuesday"]
    fewer = max(by_day.values()) - 1
    with pytest.raises(
        ScenarioError, match=rf"--at-most {fewer}: so few people do not cover what is required$"
    ):
        _patterns(week, ["4h"], starts_s=HOUR_S, at_most=fewer).cheapest(required.astype(np.int64), 0.0)


def test_more_break_places_never_cost_more(centre):
    """Fewer choices cannot be cheaper: a coarser grid of starts, one length of the two."""
    required = np.array([6, 7, 9, 9, 8, 8, 7, 9, 9, 6, 5, 5, 7, 8, 8, 6], dtype=np.int64)
    hours = {
        (said, starts_s): _patterns(centre, said, starts_s=starts_s).cheapest(required, 0.0).roster.paid_hours
        for said in (("1h",), ("1h", "2h"), ("1h", "2h", "3h"))
        for starts_s in (900.0, 1800.0)
    }
    assert hours[("1h", "2h", "3h"), 900.0] <= hours[("1h", "2h"), 900.0] <= hours[("1h",), 900.0]
    assert all(hours[said, 900.0] <= hours[said, 1800.0] for said, _ in hours)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"shifts": ("8h",)}, r"--shift 8h: none that begins every 30m of the clock fits into the run, which lasts 4h"),
        ({"shifts": ("own",)}, "--shift own: people.team has no shifts"),
        ({"shifts": ("long",)}, "--shift is 'long', and must be a length from 5m to 24h such as 8h, or own"),
        ({"shifts": ("25h",)}, "--shift is '25h'"),
        ({"shifts": ("2h",), "starts_s": 60.0}, "--starts is 1m, and must be from 5m to 24h"),
        ({"at_most": 5}, "--at-most limits the people of a roster; say of which shifts with --shift"),
        ({"shifts": ("1h",), "starts_s": 7200.0}, "no shift covers 09:00–09:15 whole, when people of team are needed, nor 7 other"),
        ({"shifts": ("2h",), "at_most": 5}, r"--at-most 5: so few people do not cover what is required; .* takes \d+ at least"),
    ],
)  # fmt: skip
def test_rosters_that_cannot_be_are_said(centre, asked, says):
    """Each in words, most of them before anything is simulated."""
    with pytest.raises(ScenarioError, match=says):
        staff(centre, step_s=7200.0, replications=3, confidence=0.6, **asked)


def test_nothing_to_cover_is_said(centre):
    """Nobody needed at any time."""
    with pytest.raises(ScenarioError, match="nobody of team is needed"):
        _patterns(centre, ["2h"]).cheapest(np.zeros(16, dtype=np.int64), 0.0)


def test_the_command_shows_writes_and_refuses(tmp_path):
    """Table, YAML, CSV, workbook, figure and JSON of one roster; wrong options end with 2."""
    said = ["staff", str(CENTRE), "--every", "2h", "--replications", "3", "--shift", "2h", "--shift", "3h"]
    files = [
        f"--{kind}={tmp_path}/plan.{end}"
        for kind, end in (("csv", "csv"), ("workbook", "xlsx"), ("figure", "png"))
    ]
    done = CliRunner().invoke(
        app, [*said, *files, f"--roster={tmp_path}/r.yaml"], env={"COLUMNS": "160", "NO_COLOR": "1"}
    )
    assert 0 == done.exit_code, done.output
    assert "Shifts that cover simulation's people" in done.stdout
    assert "roster present" in (tmp_path / "plan.csv").read_text()
    assert "shifts:" in (tmp_path / "r.yaml").read_text()
    assert (tmp_path / "plan.png").exists()
    assert (tmp_path / "plan.xlsx").exists()
    assert 0 == CliRunner().invoke(app, ["validate", str(tmp_path / "r.yaml")]).exit_code
    told = json.loads(CliRunner().invoke(app, [*said, "--json"]).stdout)["staffing"]
    assert "roster" == told["rostered"]["name"]
    assert sum(shift["scheduled"] for shift in told["roster"]["shifts"]) == told["roster"]["scheduled"]
    for wrong in (["--shift", "x"], ["--shift", "2h", "--starts", "x"], ["--roster", f"{tmp_path}/x.yaml"]):
        refused = CliRunner().invoke(app, ["staff", str(CENTRE), *wrong])
        assert isinstance(refused.exception, ScenarioError)


def test_a_notebook_has_the_shifts_as_a_frame():
    """A row a shift; without a roster it is said that none was looked for."""
    found = sim.staff(CENTRE, every="2h", replications=3, jobs=1, shifts=["2h", "3h"], shrinkage=0.2)
    assert ["days", "from", "until", "hours", "breaks", "scheduled", "people"] == list(found.shifts.columns)
    assert found.shifts["scheduled"].sum() == found.staffing.roster.scheduled
    assert float((found.shifts["hours"] * found.shifts["scheduled"]).sum()) == pytest.approx(
        found.staffing.roster.paid_hours
    )
    assert "roster" == found.plans["plan"].iloc[-1]
    assert found.plans["scheduled_hours"].iloc[-1] == found.staffing.roster.paid_hours
    assert found.figure().axes
    assert "shifts:" in found.shifts_yaml
    none = replace(found, staffing=replace(found.staffing, roster=None, rostered=None))
    with pytest.raises(ValueError, match="no roster was looked for"):
        _ = none.__class__(none.staffing, none.scenario).shifts
    with pytest.raises(ScenarioError, match="starts is 30, and must be a duration"):
        sim.staff(CENTRE, shifts=["2h"], starts=30)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="shifts is '8h', and must be a list"):
        sim.staff(CENTRE, shifts="8h")


def test_rests_are_paid_and_meals_are_not(tmp_path):
    """Eight hours with a meal of 45 minutes and two rests of 15 are seven and a quarter; a break of 20 minutes is a rest."""
    long = tmp_path / "long.yaml"
    long.write_text(
        f"extends: '{CENTRE}'\ncalendar: {{ from: 2026-03-02 08:00, until: 16:00 }}\n"
        "people: { team: { staffing: null, shifts: [{ start: 08:00, lasts: 8h, people: 1, breaks: [{ after: 4h, lasts: 20m }] }] } }\n"
    )
    scenario = next(iter(scenarios_of(long).values()))
    first = np.array([2] + 31 * [0], dtype=np.int64)
    assert 14.5 == _patterns(scenario, ["8h"]).cheapest(first, 0.0).roster.paid_hours
    assert 16.0 == _patterns(scenario, ["own"]).cheapest(first, 0.0).roster.paid_hours

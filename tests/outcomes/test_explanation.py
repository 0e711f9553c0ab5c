from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.engine.records import Run
from sim.engine.state import DECISION, Disposition, Handling
from sim.engine.what import What
from sim.orchestration.breaker import Cause, State
from sim.orchestration.words import Decision, Reason
from sim.outcomes.explanation import around, contact_story, moment_s
from sim.scenario.errors import ScenarioError
from tests.outcomes.made_up import breaker_move, rows, run, scenario

BEGINS = (2100.0, int(What.INCIDENT_BEGINS), 0, -1, -1, 0, np.nan, np.nan, np.nan)


def outage() -> Run:
    """A chat session breaks off and waits; a second contact gives up; the breaker opens in between."""
    contacts = rows(
        3,
        id=[4, 7, 9],
        issue=[4, 7, 7],
        attempt=[1, 1, 2],
        channel=[1, 1, 1],
        intent=[0, 0, 0],
        label=[0, 1, 0],
        confidence=[0.97, 0.6, 0.9],
        right=[1, 0, 1],
        in_scope=[1, 1, 1],
        arrive_s=[2000.0, 2050.0, 3000.0],
        decide_s=[2000.5, 2050.5, 3000.5],
        ai_start_s=[2000.5, np.nan, np.nan],
        ai_end_s=[2111.0, np.nan, np.nan],
        queue_s=[2111.0, 2050.5, 3000.5],
        answer_s=[2150.0, np.nan, np.nan],
        end_s=[2400.0, 2140.0, np.nan],
        handle_s=[250.0, np.nan, np.nan],
        disposition=[
            int(Disposition.HUMAN_RESOLVED),
            int(Disposition.QUEUE_ABANDONED),
            int(Disposition.IN_SYSTEM),
        ],
        handling=[int(Handling.SPILLED), int(Handling.HUMAN_ONLY), int(Handling.HUMAN_ONLY)],
        first_fleet=[0, -1, -1],
        fleet=[0, -1, -1],
        queue=[1, 1, 1],
        group=[1, -1, -1],
        agent=[3, -1, -1],
        turns=[2, 0, 0],
        calls=[3, 0, 0],
        end_reason=[int(Reason.CALL_FAILED), 0, 0],
    )
    decided = np.array(
        [
            (2000.5, 4, int(Decision.ROUTE), int(Reason.CONFIDENCE_HIGH), -1, -1, 0.97, 0.92),
            (2000.5, 4, int(Decision.PLACE), int(Reason.ADMITTED), 0, -1, 5.0, 40.0),
            (2050.5, 7, int(Decision.ROUTE), int(Reason.CONFIDENCE_LOW), -1, 1, 0.6, 0.75),
            (2111.0, 4, int(Decision.ESCALATE), int(Reason.CALL_FAILED), 0, 1, 2.0, 2.0),
            (3000.5, 9, int(Decision.ROUTE), int(Reason.CONFIDENCE_LOW), -1, 1, 0.5, 0.75),
        ],
        dtype=DECISION,
    )
    one = run([], control=[BEGINS, breaker_move(2112.0, State.CLOSED, State.OPEN)], contacts=contacts)
    return replace(one, decisions=decided)


def test_a_fleet_that_is_degraded_for_want_of_traffic_says_so() -> None:
    """Its breaker has nothing to recover by, and a planner should know; once it has moved on nothing is said."""
    silent = (
        2000.0,
        int(What.BREAKER),
        0,
        int(State.CLOSED),
        int(State.DEGRADED),
        int(Cause.NO_REPLIES),
        140.0,
        0.0,
        120.0,
    )
    well = (
        3000.0,
        int(What.BREAKER),
        0,
        int(State.DEGRADED),
        int(State.CLOSED),
        int(Cause.RECOVERED),
        3.0,
        60.0,
        3.0,
    )
    one = run([], control=[silent, well])

    def said(at_s: float) -> list[str]:
        return [note for note in around(one, at_s).notes if note.startswith("fleet")]

    (note,) = said(2500.0)
    name = one.scenario.names.fleets[0]
    assert note.startswith(
        f"fleet {name} is degraded because nothing was heard of it, and stays so until enough is"
    )
    assert [] == said(3600.0)
    assert [] == said(1000.0)


def test_a_moment_is_explained() -> None:
    """Rows within the window with their reasons, the floor at the moment, decisions that are alike together."""
    found = around(outage(), 2120.0, 60.0)

    assert ("09:35:20", 2060.0, 2180.0) == (found.clock, found.from_s, found.until_s)
    assert ["vendor.B: outage begins", "B: CLOSED → OPEN"] == [row.text for row in found.happened]
    assert () == found.before
    assert "queue chat: 2 waiting, the longest for 70 s" in found.floor
    assert "queue voice: nobody waiting" in found.floor
    (decided,) = found.decided
    assert ("to people", "fleet B → queue chat", 1, 4) == (
        decided.kind,
        decided.where,
        decided.contacts,
        decided.example,
    )
    assert "call failed, attempt 2 of 2" == decided.sentence


def test_what_began_before_still_stands() -> None:
    """Long after the onset the outage and the open breaker are told, with when they began."""
    found = around(outage(), 3000.0)

    assert ["vendor.B: outage begins", "B: CLOSED → OPEN"] == [row.text for row in found.before]
    assert () == found.happened
    assert "fleet B: 0 sessions" in found.floor


def test_interval_mode_explains_control_alone() -> None:
    """Control rows are always kept; what is missing is said."""
    one = replace(outage(), contacts=None, decisions=None)
    found = around(one, 2120.0)

    assert 2 == len(found.happened)
    assert () == found.floor
    assert "were not kept" in found.notes[0]
    with pytest.raises(ScenarioError, match="--records contacts"):
        contact_story(one, 4)


def test_a_contact_tells_its_story() -> None:
    """Arrival, truth, label, decisions in words, queue, answer, end, in the order of the day."""
    found = contact_story(outage(), 4)

    told = [(step.kind, step.text) for step in found.steps]
    assert [
        ("arrives", "by chat"),
        ("truth", "wants order"),
        ("classifier", "label order, confidence 0.970"),
        ("routing", "to the AI"),
        ("placing", "fleet B"),
        ("AI starts", "session with fleet B"),
        ("to people", "fleet B → queue chat"),
        ("AI ends", "session with fleet B after 2 turns and 3 calls"),
        ("queue", "joins the queue chat"),
        ("answered", "by person 3 of chatters after 39 s"),
        ("ends", "the person finishes"),
    ] == told
    by_kind = {step.kind: step for step in found.steps}
    assert "session 5 of 40" == by_kind["placing"].because
    assert "1 waiting there" == by_kind["queue"].because
    assert "handled for 250 s; counts as spilled over" == by_kind["ends"].because
    assert by_kind["truth"].true
    assert () == found.others


def test_attempts_at_one_matter_are_named() -> None:
    """A customer who gave up and came again: each story names the other; who still waits at the end has no end."""
    first, second = contact_story(outage(), 7), contact_story(outage(), 9)

    assert ("contact 9, attempt 2, 09:50:00: the run ends while the contact is under way",) == first.others
    assert "after 90 s" == first.steps[-1].because
    assert ("contact 7, attempt 1, 09:34:10: gives up waiting",) == second.others
    assert (2, 7200.0) == (second.attempt, second.steps[-1].at_s)


def test_an_unknown_contact_is_an_error() -> None:
    """The message says which there are."""
    with pytest.raises(ScenarioError, match="contact 8: there is none of this number; they go from 4 to 9"):
        contact_story(outage(), 8)


def test_a_moment_is_a_local_time() -> None:
    """With and without seconds and a date; the run goes from 09:00 to 11:00."""
    made = scenario()

    assert 4320.0 == moment_s(made, "10:12")
    assert 4350.0 == moment_s(made, "10:12:30")
    assert 4320.0 == moment_s(made, "2026-03-02 10:12")
    assert 7200.0 == moment_s(made, "11:00")
    for text, complaint in (
        ("08:59", "is outside the run, which goes from 2026-03-02 09:00 to 2026-03-02 11:00 Europe/London"),
        ("2026-03-03 10:00", "is outside the run"),
        ("2026-02-30 10:00", "there is no such day"),
        ("25:00", "is no time"),
        ("soon", "is no time"),
    ):
        with pytest.raises(ScenarioError, match=complaint):
            moment_s(made, text)


def test_a_time_of_several_days_needs_its_day() -> None:
    """Over midnight one time is clear and another comes twice; across a change of clocks the day's own hours count."""
    calendar = {"from": "2026-03-28 20:00", "until": "2026-03-29 21:00", "timezone": "Europe/London"}
    made = scenario(calendar=calendar, incidents=())

    assert 3600.0 * 12 == moment_s(made, "09:00")  # the clocks went forward in the night
    with pytest.raises(
        ScenarioError, match="comes on 2 days of the run; name one, as in --at '2026-03-28 20:30'"
    ):
        moment_s(made, "20:30")
    assert 1800.0 == moment_s(made, "2026-03-28 20:30")

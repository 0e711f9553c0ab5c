from __future__ import annotations

import numpy as np
import pytest

from sim.engine.what import What
from sim.orchestration.breaker import Cause, State
from sim.outcomes import happenings
from sim.outcomes.happenings import KINDS, Kind, sentence, standing
from sim.outcomes.summary import story
from tests.outcomes.made_up import breaker_move, run

BEGINS = (2100.0, int(What.INCIDENT_BEGINS), 0, -1, -1, 0, np.nan, np.nan, np.nan)
ENDS = (3300.0, int(What.INCIDENT_ENDS), 0, -1, -1, 0, np.nan, np.nan, np.nan)
PEOPLE = (0.0, int(What.PEOPLE), 1, -1, 12, -1, np.nan, np.nan, np.nan)
OPENS = breaker_move(2112.0, State.CLOSED, State.OPEN)


def test_every_kind_of_row_has_words() -> None:
    """A kind that is added to the log needs its entry here."""
    assert set(What) == set(KINDS)


def test_rows_are_told_with_what_they_rested_on() -> None:
    """Local clock, what, the reason in the controller's own words, its numbers; the truth is marked."""
    people, begins, opens, ends = happenings.happenings(run([], control=[PEOPLE, BEGINS, OPENS, ENDS]))

    assert ("people", "chatters: 12 people wanted", "") == (people.kind, people.text, people.because)
    assert ("09:35:00", "incident", "vendor.B: outage begins") == (begins.clock, begins.kind, begins.text)
    assert (True, False) == (begins.true, opens.true)
    assert ("09:35:12", "breaker", "B: CLOSED → OPEN") == (opens.clock, opens.kind, opens.text)
    assert "failed replies 20 of 30 (67% ≥ 50%)" == opens.because
    assert {"part": 20.0, "whole": 30.0, "limit": 0.5} == opens.numbers
    assert "vendor.B: outage is over" == ends.text


def test_a_story_is_the_same_without_a_margin() -> None:
    """The report's story and the column of words on disk are made from the same table."""
    one = run([], control=[PEOPLE, BEGINS, OPENS])

    assert [
        "vendor.B: outage begins",
        "breaker of B: CLOSED → OPEN, failed replies 20 of 30 (67% ≥ 50%)",
    ] == [told.text for told in story(one)]
    assert 3 == len(story(one, people=True))


def test_what_stands_is_what_was_last_said() -> None:
    """Incidents until they end, breakers and people by their last row; a row at the moment itself is not before it."""
    closes = breaker_move(2200.0, State.OPEN, State.HALF_OPEN, Cause.COOLED)
    one = run([], control=[PEOPLE, BEGINS, OPENS, closes, ENDS])

    def at(second: float) -> list[str]:
        return [told.text for told in standing(one, second)]

    assert ["chatters: 12 people wanted"] == at(2100.0)
    assert ["vendor.B: outage begins", "chatters: 12 people wanted", "B: CLOSED → OPEN"] == at(2150.0)
    assert ["chatters: 12 people wanted", "B: OPEN → HALF-OPEN"] == at(4000.0)


def test_an_unknown_kind_is_told_by_its_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept back while a kind waits for its words; one entry gives it words."""
    one = run([], control=[(60.0, int(What.BREAKER), 0, 1, 2, 3, 0.8, np.nan, 0.7)])
    monkeypatch.delitem(KINDS, What.BREAKER)
    assert "number 0: 1 → 2, cause 3, part 0.8, limit 0.7" == sentence(one.scenario, one.control[0])

    monkeypatch.setitem(
        KINDS, What.BREAKER, Kind("level", "fleets", lambda _, row: (f"level {row['to_state']}", "stress"))
    )
    assert "B: level 2, stress" == sentence(one.scenario, one.control[0])

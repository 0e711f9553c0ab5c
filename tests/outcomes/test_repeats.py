from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.engine.records import Run
from sim.engine.state import Disposition, Handling
from sim.outcomes.repeats import WEEK_S, came_back_s, repeat_outcome
from tests.outcomes.made_up import cell, rows, run, scenario

OK, FALSE, SETTLED, GONE = (
    Disposition.AI_RESOLVED,
    Disposition.AI_FALSE_CONTAINED,
    Disposition.HUMAN_RESOLVED,
    Disposition.QUEUE_ABANDONED,
)


def day(**changes: Any) -> Run:
    """Five issues: settled by the AI; closed wrongly and back after 600 s; the same and never back; by a person; gave up, then settled."""
    ended = np.array([OK, FALSE, SETTLED, FALSE, SETTLED, GONE, SETTLED], dtype=np.int64)
    ai = np.isin(ended, (OK, FALSE))
    arrive_s = np.array([100.0, 200.0, 1000.0, 6000.0, 400.0, 500.0, 1500.0])
    contacts = rows(
        7,
        issue=[0, 1, 1, 2, 3, 4, 4],
        attempt=[1, 1, 2, 1, 1, 1, 2],
        arrive_s=arrive_s,
        end_s=np.array([300.0, 400.0, 1400.0, 6300.0, 900.0, 700.0, 1800.0]),
        disposition=ended,
        handling=np.where(ai, int(Handling.AI_CONTAINED), int(Handling.HUMAN_ONLY)),
        first_fleet=np.where(ai, 0, -1),
        fleet=np.where(ai, 0, -1),
    )
    cells = [
        cell(0, -1, 1, handling=Handling.AI_CONTAINED, offered=3, first_attempts=3, ai_sessions=3, ai_resolved=1,
             false_contained=2),
        cell(0, 0, 0, offered=4, first_attempts=2),
    ]  # fmt: skip
    return run(cells, contacts=contacts, **changes)


def test_net_containment_leaves_out_those_who_came_back() -> None:
    """Of three contained sessions one is back after 600 s: 1 gross, 2/3 net; one hour's window makes the last of them censored."""
    found = repeat_outcome([day()], window_s=3600.0)

    assert 1.0 == found.gross.value
    assert 2 / 3 == pytest.approx(found.net.value)
    assert 1 / 3 == pytest.approx(found.censored_share.value)  # ended at 6300 s of 7200 s
    assert {"ai_false_contained": 0.5, "queue_abandoned": 1.0} == {
        name: share.value for name, share in found.returned.items()
    }


def test_nobody_is_back_within_a_short_window() -> None:
    """With 5 minutes gross and net are the same, and nothing is censored."""
    found = repeat_outcome([day()], window_s=300.0)

    assert found.gross.value == found.net.value
    assert 0.0 == found.censored_share.value


def test_issues_and_their_contacts() -> None:
    """Seven contacts of five issues; three look settled by their first contact, two really are."""
    found = repeat_outcome([day()])

    assert WEEK_S == found.window_s
    assert 2 / 7 == found.repeat_share.value
    assert 7 / 5 == found.contacts_per_issue.value
    assert 3 / 5 == found.settled_first.value
    assert 2 / 5 == found.settled_first_true.value


def test_the_window_is_the_scenarios() -> None:
    """`repeats.window` decides unless another is asked for."""
    made = scenario(repeats={"window": "10m"})

    assert 600.0 == repeat_outcome([day(made_in=made)]).window_s


def test_interval_mode_knows_no_issues() -> None:
    """Without contact rows gross containment and the share of repeats remain."""
    one = run(
        [
            cell(
                0,
                -1,
                1,
                handling=Handling.AI_CONTAINED,
                offered=10,
                first_attempts=8,
                ai_sessions=10,
                ai_resolved=10,
            )
        ]
    )
    found = repeat_outcome([one, one])

    assert (1.0, 0.2, 1.25) == (found.gross.value, found.repeat_share.value, found.contacts_per_issue.value)
    assert math.isnan(found.net.value)
    assert {} == found.returned


def test_the_next_contact_of_an_issue_is_found_whatever_the_order() -> None:
    """Rows need not be sorted, and an issue's last contact has none after it."""
    c = rows(4, issue=[7, 3, 7, 7], attempt=[3, 1, 1, 2], arrive_s=[30.0, 5.0, 10.0, 20.0])

    np.testing.assert_array_equal([np.nan, np.nan, 20.0, 30.0], came_back_s(c))

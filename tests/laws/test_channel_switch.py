"""Callers who go on in another channel at the announcement (M32), against the share that was told.

Statistical checks are two-sided at 4.5 standard errors (7 in a million each, one of them). Seeds are fixed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.engine.records import Run
from sim.engine.run import simulate
from sim.outcomes.figures import FIGURES
from sim.outcomes.measures import EVERYTHING, Cut
from sim.outcomes.relief import relief_outcome
from tests.laws.worlds import read

VOICE, CHAT = 0, 1
SHARE = 0.3


def tree(**switch: Any) -> dict[str, Any]:
    """Too few people on the phone, enough in the chat, and an announcement from the first minutes on."""
    message: dict[str, Any] = {"on_from": "30s", "off_under": "1s", "takes": "0s", "balk_scale": "60m"}
    if switch:
        message["switch"] = switch
    return {
        "question": "Who changes the channel?",
        "calendar": {"from": "2026-03-02 08:00", "until": "2026-03-02 20:00"},
        "demand": {"per_h": 600},
        "channels": {"voice": {"share": 0.6}, "chat": {"share": 0.4, "handle_factor": 1.4, "crowding": 0}},
        "intents": {"order": {"share": 1, "human": {"handle": "5m"}}},
        "queues": {
            "voice": {"patience": "10m", "redial": "off"},
            "chat": {"patience": "10m", "redial": "off"},
        },
        "people": {
            "callers": {"skills": ["voice"], "staffing": 24},
            "chatters": {"skills": ["chat"], "staffing": 60},
        },
        "watch": {"every": "10s"},
        "relief": {"queues": ["voice"], "message": message},
        "records": "contacts",
    }


@pytest.fixture(scope="module")
def switching() -> Run:
    """Three in ten change to the chat."""
    return simulate(read(tree(to="chat", share=SHARE)))


def rows(run: Run) -> dict[str, np.ndarray[Any, Any]]:
    """Contact rows."""
    assert run.contacts is not None
    return run.contacts


def test_the_share_that_was_told_changes(switching: Run) -> None:
    """Of callers who heard of a wait and stayed on the line, 30 % go on in the chat, where somebody is free."""
    c = rows(switching)
    changed = c["via"] != c["channel"]
    heard = (c["channel"] == VOICE) & (c["informed"] == 1) & (changed | (c["told_s"] > 0.0))
    heard &= c["disposition"] != 10  # hung up at once
    n = heard.sum()
    assert n > 1000
    assert abs(changed.sum() - SHARE * n) < 4.5 * np.sqrt(n * SHARE * (1.0 - SHARE))
    assert not changed[~heard].any()


def test_they_are_served_there(switching: Run) -> None:
    """They stand in the chat's queue, are told and given its wait, its people take them, for 1.4 times as long as on the phone."""
    c, stayed = rows(switching), rows(simulate(read(tree())))
    changed = (c["via"] != c["channel"]) & ~np.isnan(c["answer_s"])
    assert (c["queue"][changed] == CHAT).all()
    assert (c["group"][changed] == CHAT).all()
    assert (c["told_s"][changed] == 0.0).all()
    assert (c["answer_s"] == c["queue_s"])[changed].all()
    both = changed & ~np.isnan(stayed["answer_s"]) & (stayed["ghost"] == 0)
    assert both.sum() > 300
    assert np.allclose(c["handle_s"][both], 1.4 * stayed["handle_s"][both])


def test_it_counts_where_they_went(switching: Run) -> None:
    """The figure is a share of those who came to the chat's queue; nobody is counted twice."""
    c = rows(switching)
    changed = float((c["via"] != c["channel"]).sum())
    in_chat = float((c["queue"] == CHAT).sum())
    assert (changed, in_chat) == FIGURES["switched"].of(switching, Cut(queue=CHAT), None)
    assert (changed, float(len(c["id"]))) == FIGURES["switched"].of(switching, EVERYTHING, None)
    found = relief_outcome([switching])
    assert found is not None
    assert changed == found.switched.value


def test_nobody_changes_to_a_longer_wait() -> None:
    """With too few people in the chat as well, only those change who are told less there; with a share of 0 the day is as without."""
    busy = tree(to="chat", share=1.0)
    busy["people"]["chatters"]["staffing"] = 20
    c = rows(simulate(read(busy)))
    changed = c["via"] != c["channel"]
    assert 0 < changed.sum() < (c["informed"] == 1).sum()
    calm, plain = rows(simulate(read(tree(to="chat", share=0)))), rows(simulate(read(tree())))
    assert [] == [name for name in plain if not np.array_equal(plain[name], calm[name], equal_nan=True)]

"""The anchor figures of the scenarios that ship, and V16 and V20 through the whole path.

The figures, how they are measured and their tolerances are in `benchmarks.anchors`; what the table shows is in docs/anchors.md.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import anchors
from sim.engine.records import Run
from sim.engine.state import Disposition
from sim.outcomes.loop import loop_outcome
from tests.laws.worlds import Span, Tree, ai_in_front, law, rows, run

DOCS = Path(__file__).resolve().parents[2] / "docs" / "anchors.md"


@pytest.mark.slow
def test_every_anchor_is_met_or_says_why_not() -> None:
    """20 replications a figure, a minute in all. What misses has its reason, what has a reason misses, and the docs show these numbers."""
    found = [anchors.measure(figure) for figure in anchors.figures()]
    assert [] == [anchors.in_words(one) for one in found if one.met != (one.figure.why is None)]
    shown = DOCS.read_text(encoding="utf-8")
    stale = [row for row in map(anchors.as_row, found) if row not in shown]
    assert [] == stale, "docs/anchors.md: print the table again with `python -m benchmarks.anchors`"


# --- V16: metering ---


def _overrun(meter: str | None) -> Run:
    """An hour without AI before a small team with nobody who gives up; the last three hours bring nobody new."""
    tree: Tree = ai_in_front(
        0.03, 0.03, law("exp", 300.0), 1000, law("exp", 300.0), "never", 15, Span(900, 40, warm_up=0)
    )
    tree |= {
        "demand": {"per_h": {"00:00": 216, "05:00": 0}},
        "incidents": [{"at": "01:00", "node": "fleet.assistant", "effect": "down", "lasts": "1h"}],
        "watch": {"every": "10s", "delay": "0s", "missing": 0},
        "records": "contacts",
    }
    if meter is not None:
        tree["relief"] = {"whom": "spilled", "meter": {"hold_at_most": "1d", "most_per_min": 600}}
    (one,) = run(tree)
    return one


def _peak(one: Run) -> int:
    return max(int(look.waiting_peak.sum()) for look in one.looks)


def test_V16_metering_loses_nobody_and_keeps_the_queue_shorter() -> None:
    """With an endless buffer and nobody who gives up as many are served as without it, the same ones, and the queue's peak is lower."""
    plain, metered = _overrun(None), _overrun("metered")
    served = [
        set(r["id"][np.isin(r["disposition"], (Disposition.HUMAN_RESOLVED, Disposition.HUMAN_UNRESOLVED))])
        for r in (rows(plain), rows(metered))
    ]
    assert len(served[0]) > 500
    assert served[0] == served[1]
    assert rows(metered)["held"].sum() > 50
    assert _peak(metered) < _peak(plain) / 2


# --- V20: the loop's accounting ---


def _desk(poll_s: float) -> list[Run]:
    """SC01 with a desk that is quick but for how often it looks; the incident begins at other moments of its clock."""
    from sim.engine.run import replicate
    from sim.scenario.build import build
    from sim.scenario.find import scenario_file
    from sim.scenario.load import load

    loaded = load(
        scenario_file("sc01"),
        [
            "calendar.until=2026-03-02 11:00",
            "incidents=[{at: 10:05:20, node: vendor.B, effect: down, lasts: 75m}]",
        ],
    )
    title = "plans by an automated desk"
    spec = loaded.variants[title]
    assert spec.desk is not None
    desk = spec.desk.model_copy(update={"poll": poll_s, "mode": "manual", "decide": 2.0, "dispatch": 3.0})
    return replicate(build(spec.model_copy(update={"desk": desk}), name="sc01", variant=title), 8)


def test_V20_loops_of_a_run_add_up_and_polling_makes_them_late() -> None:
    """The stages of every loop add up to the loop, and the share within 60 s falls with the time between two looks of the desk."""
    shares = []
    for poll_s in (0.0, 30.0, 120.0, 300.0):
        found = loop_outcome(_desk(poll_s))
        assert found is not None
        assert found.loops == found.closed == 8
        stages = [found.stages_s[name].value for name in ("detect", "declare", "signal", "act")]
        assert found.loop_s.value == pytest.approx(sum(stages))
        shares.append(found.within_share.value)
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == 1.0
    assert shares[-1] < 0.5

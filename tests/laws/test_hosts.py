"""Hosts of a fleet against what can be worked out: how many calls a sick one spoils, and how much of its time it is out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.engine.records import Run
from sim.orchestration.words import Decision, Reason
from sim.outcomes.hosts import ejections
from tests.laws import worlds
from tests.laws.worlds import Span, Tree

HOSTS, SICK, ERRORS, PER_S = 10, 2, 0.6, 2.0
SPAN = Span(1800, 40, 0)


def centre(**ejection: Any) -> Tree:
    """Two sessions a second of one turn and one call each, at a fleet of ten hosts, two of which fail most of their calls."""
    tree = worlds.ai_in_front(PER_S, 0.001, "1s", 10_000, "1s", "never", 5, SPAN, escalates=0.0)
    tree["fleets"]["assistant"] |= {"hosts": HOSTS}
    tree["incidents"] = [
        {
            "at": worlds.moment(0), "node": "fleet.assistant", "effect": "errors", "share": ERRORS, "hosts": SICK,
            "lasts": worlds.seconds(SPAN.end_s),
        }
    ]  # fmt: skip
    tree["failover"] = {"retries": 0} | ({"ejection": ejection} if ejection else {})
    tree["records"] = "contacts"
    return tree


def failed(run: Run) -> tuple[int, int]:
    """Calls that failed, and all."""
    d, c = run.decisions, run.contacts
    assert d is not None
    assert c is not None
    bad = (d["kind"] == Decision.MOVE) & (d["reason"] == Reason.CALL_FAILED)
    return int(bad.sum()), int(c["calls"].sum())


def test_sick_hosts_spoil_their_share_of_calls() -> None:
    """2 of 10 hosts at 60 % errors: 12 % of calls fail (binomial, false alarm 1 in 10,000)."""
    (run,) = worlds.run(centre())
    bad, calls = failed(run)
    p = ERRORS * SICK / HOSTS
    assert calls > 100_000
    assert p == pytest.approx(bad / calls, abs=3.9 * math.sqrt(p * (1.0 - p) / calls))


def test_a_sick_host_is_out_as_much_as_renewal_says() -> None:
    """Out for a fixed time after five failures in a row, back in until the next five.

    In service a sick host gets calls at rate λ/n, n the hosts in service, and the fifth failure in a row takes (1 − p⁵)/((1 − p) p⁵) of
    them in the mean; out it is for `base` and, since sweeps come every second, half a second more. Two such hosts are independent but for
    n, which is between 8 and 10: its effect is bounded by taking both ends. False alarm: 4 standard errors of the mean time in service.
    """
    base_s = 60.0
    policy = {
        "every": "1s",
        "in_a_row": 5,
        "outlier": "off",
        "base": "60s",
        "at_most": "60s",
        "share": 1.0,
        "panic": 0.0,
    }
    (run,) = worlds.run(centre(**policy))
    found = ejections(run)
    assert 0 == found.sound
    p = ERRORS
    needed = (1.0 - p**5) / ((1.0 - p) * p**5)
    low_s, high_s = needed * (HOSTS - SICK) / PER_S, needed * HOSTS / PER_S
    cycles = found.ejections
    assert cycles > 500
    slack = 4.0 / math.sqrt(cycles)  # the time in service varies about as an exponential one
    out = found.sick_out_s / found.sick_s
    most, least = (
        (base_s + 0.5) / (base_s + 0.5 + in_s) for in_s in (low_s * (1 - slack), high_s * (1 + slack))
    )
    assert least < out < most
    bad, calls = failed(run)
    # What still fails are the calls of sick hosts in service: fewer than all of them by the time out, and by their smaller share.
    per_call = p * SICK * (1.0 - out) / (HOSTS - SICK * out)
    assert per_call == pytest.approx(bad / calls, rel=0.05)


def test_sound_hosts_stay() -> None:
    """Without errors nobody is ever taken out."""
    tree = centre(every="10s", in_a_row=1)
    tree["incidents"] = []
    (run,) = worlds.run(tree)
    assert (0, 0.0) == (ejections(run).ejections, ejections(run).out_s)


def test_hosts_carry_sessions_with_them() -> None:
    """A fleet of ten with half of them out has half its sessions: others spill over to people."""
    tree = centre(every="1s", in_a_row=1, base="1h", at_most="1h", share=0.5, panic=0.0, outlier="off")
    tree["incidents"][0] |= {"share": 1.0, "hosts": 5}
    tree["fleets"]["assistant"]["sessions"] = 2
    (run,) = worlds.run(tree)
    d = run.decisions
    assert d is not None
    placed = d[(d["kind"] == Decision.PLACE) & (d["at_s"] > 60.0)]
    assert 1.0 == np.unique(placed["limit"]).max()

"""Who waits and who came to harm, worked out from contact rows, against what the floor and the interval counts say."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.engine.records import PROMISE_S, Run
from sim.engine.run import simulate
from sim.engine.state import Disposition
from sim.outcomes.incidents import harmed, incident_outcomes
from sim.outcomes.waiting import visits
from sim.scenario.build import build
from sim.scenario.load import load
from sim.scenario.model import Scenario
from tests.twins.worlds import random_world, scenario_of

WORLDS = (*range(40), 55, 67, 72)
SCENARIOS = Path(__file__).parents[2] / "scenarios"
RELIEF = ("message", "deflection 20", "deflection 40", "callbacks", "everything")
"""Variants of the total outage; everything that can become of who asks for a person becomes of many."""


@cache
def scenario(of: str | int) -> Scenario:
    """A random world, or a variant of the day on which every AI vendor is down for three hours."""
    if isinstance(of, int):
        return scenario_of(random_world(of), of)
    name = "total_ai_outage_fail_to_human"
    return build(load(SCENARIOS / f"{name}.yaml").variants[of], name=name, variant=of)


@cache
def outage(variant: str) -> Run:
    """Its first day."""
    return simulate(scenario(variant))


def wrong_looks(run: Run) -> list[str]:
    """Looks at which the rows have others waiting than the floor.

    What happens at the very instant of a look may come before or after it; and who has been in a queue three times or more is only known
    to be there from the first time to the last.
    """
    waiting, queues, c = visits(run), len(run.scenario.queues), run.contacts
    assert c is not None
    often = (c["passed_on"] > 2) | (c["dials"] > 2)
    found = []

    def count(mine: NDArray[np.bool_], queue: NDArray[Any]) -> NDArray[np.int64]:
        return np.bincount(queue[mine].astype(np.int64), minlength=queues)

    for look in run.looks:
        t = look.at_s
        sure = count((waiting.from_s < t) & (waiting.until_s > t), waiting.queue)
        may_be = count((waiting.from_s <= t) & (waiting.until_s >= t), waiting.queue)
        unsure = count(often & (c["queue_s"] < t) & (c["joined_s"] >= t), c["queue"])
        if (sure - unsure > look.waiting).any() or (may_be + unsure < look.waiting).any():
            found.append(f"{t} s: {sure} to {may_be} by rows, {look.waiting} on the floor")
    return found


@pytest.mark.parametrize("seed", WORLDS)
def test_waiting_by_rows_is_waiting_on_the_floor_in_random_worlds(seed: int) -> None:
    """At every look, in every queue."""
    assert [] == wrong_looks(simulate(scenario(seed)))


@pytest.mark.parametrize("variant", RELIEF)
def test_waiting_by_rows_is_waiting_on_the_floor_when_the_ai_is_gone(variant: str) -> None:
    """At every look, in every queue."""
    assert [] == wrong_looks(outage(variant))


def harmed_by_rows(run: Run, from_s: float, until_s: float) -> int:
    """Contacts that came to harm, one by one from their rows."""
    scenario, c = run.scenario, run.contacts
    assert c is not None
    hurt = 0
    for row in range(len(c["id"])):
        x: dict[str, Any] = {name: column[row] for name, column in c.items()}
        ended = Disposition(int(x["disposition"]))
        begins_s = x["queue_s"] if x["queue"] >= 0 else x["arrive_s"]
        if not from_s <= begins_s < until_s:
            continue
        if x["queue"] < 0:
            hurt += ended is Disposition.DROPPED
            continue
        queue = scenario.queues[int(x["queue"])]
        answered = not np.isnan(x["answer_s"])
        wait_s = (x["answer_s"] if answered else scenario.calendar.end_s) - x["queue_s"]
        match ended:
            case (
                Disposition.BLOCKED
                | Disposition.BALKED
                | Disposition.DEFLECTED_LOST
                | Disposition.CALLBACK_FAILED
            ):
                hurt += 1
            case Disposition.DEFLECTED_OK:
                pass
            case Disposition.QUEUE_ABANDONED:
                hurt += x["end_s"] - x["queue_s"] > queue.short_abandon_s or x["passed_on"] > 0
            case _ if x["callback"]:
                hurt += wait_s > x["told_s"] + PROMISE_S
            case _:
                hurt += wait_s > queue.answer_within_s
    return int(hurt)


@pytest.mark.parametrize("of", [*RELIEF, 4, 7, 14, 18, 23, 27, 31, 36])
def test_harm_is_the_same_by_contact_by_rows_and_by_intervals(of: str | int) -> None:
    """In any window of whole intervals, and for incidents whenever they begin."""
    one = simulate(scenario(of))
    bare = simulate(replace(scenario(of), keep_contacts=False))
    calendar = one.scenario.calendar
    for first, last in ((0, calendar.intervals), (calendar.intervals // 4, calendar.intervals // 2)):
        from_s = max(one.scenario.warm_up_s, first * calendar.interval_s)
        until_s = min(calendar.end_s, last * calendar.interval_s)
        found = harmed(one, (from_s, until_s))
        assert found > 0
        assert harmed_by_rows(one, from_s, until_s) == found == harmed(bare, (from_s, until_s))
    assert [x.harmed for x in incident_outcomes(one)] == [x.harmed for x in incident_outcomes(bare)]


def test_everything_that_can_hurt_does() -> None:
    """Hung up at the announcement, self-service in vain and of help, callbacks in time, late and failed: all of it happens above."""
    ends: set[int] = set()
    for variant in RELIEF:
        c = outage(variant).contacts
        assert c is not None
        ends |= set(c["disposition"].tolist())
    assert {
        Disposition.BALKED,
        Disposition.DEFLECTED_OK,
        Disposition.DEFLECTED_LOST,
        Disposition.CALLBACK_FAILED,
    } <= ends

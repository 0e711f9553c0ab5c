"""Told waits against true ones (M37), of those whom a person answers; where people give up, of those who would stay for five minutes.

Seeds are fixed. Each limit is what 20 runs of the same world showed (24 days for the reference centre), mean and 4.5 standard deviations of
what is tested: 7 in a million each if it is normal.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.demand.draw import blocks
from sim.demand.source import customers
from sim.engine.records import Run
from sim.engine.run import replicate
from sim.scenario.build import build
from sim.scenario.find import scenario_file
from sim.scenario.load import load
from tests.laws.worlds import Line, Span, Tree, people_only, run

EXPONENTIAL = {"law": "exponential", "mean": "300s"}
TELLS: Tree = {"watch": {}, "relief": {"tells": "plan", "deflect": {"over": "99h", "accept": 0}}}
"""Waits are told and nothing comes of it."""


def told_and_true(found: Run, channel: int, patience_s: float = 0.0) -> tuple[float, float, int]:
    """Sum of told waits, sum of true ones, and how many, of those of a channel who were told that they wait."""
    c = found.contacts
    assert c is not None
    drawn = [customers(found.scenario, found.replication, block) for block in range(blocks(found.scenario))]
    stays = {int(i) for one in drawn for i in one.id[one.patience_s >= patience_s]}
    wait_s = c["answer_s"] - c["queue_s"]
    mine = (c["told_s"] > 0.0) & np.isfinite(c["told_s"]) & ~np.isnan(wait_s) & (c["ghost"] == 0)
    mine &= (c["queue_s"] >= found.scenario.warm_up_s) & (c["channel"] == channel)
    mine &= np.array([int(i) in stays for i in c["id"]])
    return float(c["told_s"][mine].sum()), float(wait_s[mine].sum()), int(mine.sum())


@pytest.mark.parametrize(
    ("name", "at_once", "assign", "mean", "sd"),
    [
        ("voice", 1, "idle_first", 0.018, 0.0068),
        ("chat", 3, "idle_first", 0.024, 0.0119),
        ("chat", 3, "fill_up", 0.025, 0.0107),
    ],
)
def test_one_kind_of_work(name: str, at_once: int, assign: str, mean: float, sd: float) -> None:
    """Sixty hours with nobody who gives up: told waits are 2 % too long, because a line is long when handling times have just been."""
    people, busy = (20, 0.97) if at_once == 1 else (10, 0.95)
    per_s = busy * at_once * people / (300.0 * math.exp(0.25 * (at_once - 1)))
    tree = people_only([Line(name, per_s)], EXPONENTIAL, {"all": ([name], people)}, Span(5400))
    tree["channels"][name] |= {"at_once": at_once, "assign": assign} if at_once > 1 else {}
    told_s, true_s, waited = told_and_true(run(tree | TELLS | {"records": "contacts"})[0], 0)
    assert waited > 3000
    assert abs(told_s / true_s - 1.0 - mean) < 4.5 * sd


def test_the_reference_centre() -> None:
    """Six Mondays on which chat's vendor fails and nothing else is done: people have calls, chats and mail, and those from the AI go first.

    Told waits of calls are 2 s too long where 32 s are true, those of chats 8 s where it is 24 s.
    """
    loaded = load(
        scenario_file("sc01"),
        [
            "relief={queues: [voice, chat, mail], tells: plan, deflect: {over: 99h, accept: 0}}",
            "records=contacts",
        ],
    )
    title = "breaker only"
    days = replicate(build(loaded.variants[title], name="sc01", variant=title), 6)
    for channel, bias_s, error_s in ((0, 1.8, 0.84), (1, 8.5, 1.97)):
        told_s, true_s, waited = np.array([told_and_true(day, channel, 300.0) for day in days]).sum(axis=0)
        assert waited > 300
        assert abs((told_s - true_s) / waited - bias_s) < 4.5 * error_s

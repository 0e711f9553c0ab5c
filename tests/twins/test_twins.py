from __future__ import annotations

import typing
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from pydantic import BaseModel

from sim.demand.draw import blocks
from sim.demand.source import customers
from sim.engine import run as engine
from sim.engine.control import Control, Look
from sim.engine.floor import PlainFloor
from sim.engine.kernel.driver import KernelFloor
from sim.engine.physics import tokens
from sim.engine.records import BILLED, COLUMNS, COUNTERS, PROMISE_S, Run
from sim.engine.run import replicate, simulate
from sim.engine.state import Disposition, Handling, State
from sim.engine.what import What
from sim.orchestration import breaker
from sim.orchestration.words import Decision, Reason
from sim.scenario.build import build
from sim.scenario.expect import ExpectSpec
from sim.scenario.load import load
from sim.scenario.model import BreakerPolicy, By, Scenario
from sim.scenario.schema import PriceSpec, PricesSpec, ScenarioFile
from tests.twins.worlds import (
    compare,
    compare_contacts,
    compare_control,
    compare_counts,
    compare_decisions,
    compare_looks,
    random_world,
    same,
    scenario_of,
)

WORLDS = range(40)
MORE_WORLDS = range(200)
SCENARIOS = Path(__file__).parents[2] / "scenarios"
MIXED = (4, 7, 14, 18, 23, 27, 36)
"""Worlds with AI routing, several of them over more than a day: for tests that need few and lively ones."""
LEFT_OUT = {
    "question": "words for people",
    "demand.replay": "another source of the same columns; the engine does not know",
    "demand.replay_day": "same",
    **{
        f"prices.{key}": "best fit weighs it in test_best_fit; else money is measured and moves nothing"
        for key in PricesSpec.model_fields
        if key != "silent"
    },
    **{f"prices.silent.{risk}": "same" for risk in ("low", "medium", "high")},
    **{f"fleets.*.price.{key}": "same" for key in PriceSpec.model_fields},
    "fleets.*.price?": "same",
    "channels.*.line_per_min": "same",
    **{f"expect.{key}": "changes nothing about a run" for key in ExpectSpec.model_fields},
    "records": "both values run in test_interval_mode_counts_the_same",
}
"""Keys that the worlds leave alone, and why."""
LEFT_OUT_WORDS = {
    "people.*.staffing": {"replay"},
    "intents.*.human.handle.law": {"never"},
    "ai.think.law": {"never"},
}
"""Words that they leave alone: as `demand.replay`, and work that never ends, which is refused."""


def _world(seed: int) -> Scenario:
    return scenario_of(random_world(seed), seed)


# --- the floors agree --------------------


@pytest.mark.parametrize("seed", WORLDS)
def test_floors_agree_to_the_last_bit(seed: int) -> None:
    """Both floors tell the same story of a random world: contacts, decisions, control, looks, counts."""
    scenario = _world(seed)
    assert "" == compare(simulate(scenario, floor="plain"), simulate(scenario))


@pytest.mark.slow
@pytest.mark.parametrize("seed", MORE_WORLDS)
def test_floors_agree_over_many_worlds(seed: int) -> None:
    """The same over 200 worlds of at least 1,500 contacts (in some the rate jumps), in another replication than the shorter test."""
    scenario = _world(seed)
    plain, kernel = simulate(scenario, 1, "plain"), simulate(scenario, 1)
    assert 1500 <= kernel.offered
    assert "" == compare(plain, kernel)
    assert "" == "; ".join(_not_conserved(kernel))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["r1", "single_vendor_outage_monday_peak", "pure_human_centre"])
def test_floors_agree_on_what_ships(name: str) -> None:
    """Both floors tell the same story of the reference centre's Monday, of every variant of the outage, and without any AI."""
    loaded = load(SCENARIOS / f"{name}.yaml")
    for title, spec in loaded.variants.items():
        scenario = build(spec, name=name, variant=title)
        kernel = simulate(scenario)
        assert (20_000 if name == "r1" else 2_000) <= kernel.offered
        assert "" == compare(simulate(scenario, floor="plain"), kernel), title


def test_every_world_has_its_contacts() -> None:
    """All 200 worlds have at least 2,000 contacts; in a quarter of them somebody is in the system at a block's end."""
    crossing = 0
    for seed in MORE_WORLDS:
        run = simulate(_world(seed))
        assert 2000 <= run.offered, f"world {seed}"
        c = _contacts(run)
        day_s = 86_400.0
        here = (c["decide_s"] < day_s) & ~(_gone_s(c) < day_s)
        crossing += bool(here.any()) and run.scenario.calendar.end_s > day_s
    assert len(MORE_WORLDS) // 4 <= crossing


# --- one advance equals many --------------------


@pytest.mark.parametrize("seed", MIXED)
def test_one_advance_equals_many(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control that looks up a thousand times, also in the very instants in which things happen, changes nothing."""
    scenario = _world(seed)
    calm = simulate(scenario)
    c = _contacts(calm)
    rng = np.random.default_rng(seed)
    seconds = np.concatenate([c[name] for name in ("decide_s", "ai_end_s", "queue_s", "answer_s", "end_s")])
    seconds = np.concatenate(
        [rng.choice(seconds[np.isfinite(seconds)], 500), rng.uniform(0.0, scenario.calendar.end_s, 500)]
    )
    seconds = seconds[seconds < scenario.calendar.end_s]

    class Restless(Control):
        def start(self) -> None:
            super().start()
            for k, second in enumerate(seconds):
                (self.clock.after if k % 2 else self.clock.before)(float(second))

    monkeypatch.setattr(engine, "Control", Restless)
    assert "" == compare(calm, simulate(scenario))


@pytest.mark.parametrize("seed", MIXED)
def test_reporting_interval_changes_no_contact(seed: int) -> None:
    """A shorter reporting interval stops the kernel more often and moves no contact, decision or control event."""
    scenario = _world(seed)
    often = replace(scenario, calendar=replace(scenario.calendar, interval_s=97.0))
    calm, restless = simulate(scenario), simulate(often)
    assert len(calm.looks) < len(restless.looks)
    assert ["", "", ""] == [f(calm, restless) for f in (compare_contacts, compare_decisions, compare_control)]


# --- counts --------------------


@pytest.mark.parametrize("seed", [*MIXED, 3, 8])
@pytest.mark.parametrize("floor", ["kernel", "plain"])
def test_interval_mode_counts_the_same(seed: int, floor: Literal["kernel", "plain"]) -> None:
    """Without contact rows the counts, looks and control events are those of a run with rows."""
    scenario = _world(seed)
    rows = simulate(scenario, floor=floor)
    intervals = simulate(replace(scenario, keep_contacts=False), floor=floor)
    assert (None, None) == (intervals.contacts, intervals.decisions)
    assert "" == compare_counts(rows.counts, intervals.counts, tolerance=0.0)
    assert ["", "", rows.offered] == [
        compare_looks(rows, intervals),
        compare_control(rows, intervals),
        intervals.offered,
    ]


@pytest.mark.parametrize("seed", [*MIXED, 3, 8, 13, 34])
def test_counts_are_those_of_the_contact_rows(seed: int) -> None:
    """Every counter of every interval, queue, channel, intent and handling type can be recomputed from contact rows."""
    run = simulate(_world(seed))
    expected = _counts_from_rows(run)
    actual = run.counts
    keys = zip(actual.interval, actual.queue, actual.channel, actual.intent, actual.handling, strict=True)
    cells = {
        tuple(int(x) for x in key): dict(zip(COUNTERS, row, strict=True))
        for key, row in zip(keys, actual.values, strict=True)
    }
    assert expected.keys() == cells.keys()
    for key, row in expected.items():
        for counter in COUNTERS:
            assert row[counter] == pytest.approx(cells[key][counter], rel=1e-9, abs=1e-9), (key, counter)


@pytest.mark.parametrize("seed", [*MIXED, 3, 8])
def test_what_is_billed_is_what_sessions_took(seed: int) -> None:
    """Sessions, turns, tokens (turn by turn), watched time and contained ones by interval, channel, intent and last fleet."""
    run = simulate(_world(seed))
    c, calendar = _contacts(run), run.scenario.calendar
    end_s = np.where(np.isnan(c["ai_end_s"]), calendar.end_s, c["ai_end_s"])
    expected: dict[tuple[int, ...], list[float]] = {}
    for row in np.flatnonzero((c["first_fleet"] >= 0) & (c["arrive_s"] >= run.scenario.warm_up_s)):
        k = min(int(c["arrive_s"][row] / calendar.interval_s), calendar.intervals - 1)
        key = (k, *(int(c[name][row]) for name in ("channel", "intent", "fleet")))
        used = [tokens(turn + 1) for turn in range(c["turns"][row])]
        ai_s = end_s[row] - c["ai_start_s"][row]
        took = [
            *(1.0, len(used), sum(one[0] for one in used), sum(one[1] for one in used)),
            *(ai_s, ai_s * c["monitored"][row]),
            c["disposition"][row] in (Disposition.AI_RESOLVED, Disposition.AI_FALSE_CONTAINED),
        ]
        expected[key] = [a + b for a, b in zip(expected.get(key, [0.0] * len(BILLED)), took, strict=True)]
    billed = run.counts.billed
    keys = zip(billed.interval, billed.channel, billed.intent, billed.fleet, strict=True)
    actual = {tuple(int(x) for x in key): row for key, row in zip(keys, billed.values, strict=True)}
    assert expected.keys() == actual.keys()
    for key, took in expected.items():
        assert took == pytest.approx(list(actual[key]), rel=1e-9, abs=1e-9), key


def _counts_from_rows(run: Run) -> dict[tuple[int, ...], dict[str, float]]:
    """The interval table by (interval, queue, channel, intent, handling), from contact rows alone."""
    import pandas as pd

    scenario, calendar = run.scenario, run.scenario.calendar
    c = pd.DataFrame(_contacts(run))
    last = calendar.intervals - 1
    is_ = {d: c["disposition"] == d for d in Disposition}
    met = c["first_fleet"] >= 0
    come = pd.DataFrame(
        {
            "interval": np.minimum(c["arrive_s"] // calendar.interval_s, last).astype(int),
            "offered": 1.0,
            "first_attempts": c["attempt"] == 1,
            "ai_sessions": met,
            "ai_resolved": is_[Disposition.AI_RESOLVED],
            "false_contained": is_[Disposition.AI_FALSE_CONTAINED],
            "ai_abandoned": is_[Disposition.AI_ABANDONED],
            "escalated": c["handling"] == Handling.ESCALATED,
            "spilled": c["handling"] == Handling.SPILLED,
            "dropped": is_[Disposition.DROPPED],
            "harmed": is_[Disposition.DROPPED],
            "ai_s": (c["ai_end_s"].fillna(calendar.end_s) - c["ai_start_s"]).where(met, 0.0),
            "turns": c["turns"].where(met, 0),
            "calls": c["calls"].where(met, 0),
            "surveys": c["survey"].notna(),
            "survey_points": 25.0 * (c["survey"] - 1.0).fillna(0.0),
            "rated": c["content"].notna(),
            "rated_points": 25.0 * (c["content"] - 1.0).fillna(0.0),
        }
    ).assign(**{name: c[name] for name in ("queue", "channel", "intent", "handling")})
    come = come[c["arrive_s"] >= scenario.warm_up_s]

    within_s = np.array([q.answer_within_s for q in scenario.queues])[c["queue"]]
    short_s = np.array([q.short_abandon_s for q in scenario.queues])[c["queue"]]
    called = c["callback"] == 1
    left, blocked = is_[Disposition.QUEUE_ABANDONED], is_[Disposition.BLOCKED]
    reached = called & c["answer_s"].notna()
    answered = c["answer_s"].notna() & ~left & (c["ghost"] == 0) & ~called
    wait_s = (c["answer_s"] - c["queue_s"]).where(
        answered, (c["end_s"] - c["queue_s"] - c["lost_s"]).where(left, 0.0)
    )
    short = left & (wait_s <= short_s) & (c["passed_on"] == 0)
    talked_s = c["handle_s"].where(answered | reached, 0.0)
    back_s = (c["answer_s"] - c["queue_s"]).where(reached, 0.0)
    # Came to harm: without what was asked for, or late; who neither has an answer nor is gone waits until the end of the run.
    until_s = c["answer_s"].where(c["ghost"] == 0).fillna(calendar.end_s) - c["queue_s"]
    late = ~called & (until_s > within_s) & (answered | is_[Disposition.IN_SYSTEM])
    broken = called & (c["answer_s"].fillna(calendar.end_s) - c["queue_s"] - c["told_s"] > PROMISE_S)
    lost = (Disposition.BLOCKED, Disposition.BALKED, Disposition.DEFLECTED_LOST, Disposition.CALLBACK_FAILED)
    harmed = late | broken | (left & ~short) | c["disposition"].isin(lost)
    held_until_s = c["joined_s"].fillna(c["end_s"]).fillna(calendar.end_s)
    held_until_s = c["ai_start_s"].where(c["ai_start_s"] > c["hold_s"], held_until_s)
    joined = pd.DataFrame(
        {
            "interval": np.minimum(c["queue_s"].fillna(0.0) // calendar.interval_s, last).astype(int),
            "queued": 1.0,
            "answered": answered,
            "answered_within": answered & (wait_s <= within_s),
            "waited": left | (answered & (wait_s > 0)),
            "abandoned": left,
            "short_abandoned": short,
            "abandoned_within": left & (wait_s <= within_s),
            "blocked": blocked,
            "wait_answered_s": wait_s.where(answered, 0.0),
            "wait_s": wait_s,
            "handle_s": talked_s,
            "handle_s2": talked_s**2,
            "handled": answered | reached,
            "deflected": is_[Disposition.DEFLECTED_OK] | is_[Disposition.DEFLECTED_LOST],
            "deflected_lost": is_[Disposition.DEFLECTED_LOST],
            "balked": is_[Disposition.BALKED],
            "callbacks": called,
            "called_back": reached,
            "callbacks_on_time": reached & ((back_s - c["told_s"]).abs() <= PROMISE_S),
            "callbacks_failed": is_[Disposition.CALLBACK_FAILED],
            "callback_wait_s": back_s,
            "held": c["held"] == 1,
            "held_s": (held_until_s - c["hold_s"]).where(c["held"] == 1, 0.0),
            "unresolved": is_[Disposition.HUMAN_UNRESOLVED],
            "switched": c["via"] != c["channel"],
            "passed_on": c["passed_on"],
            "lost_s": c["lost_s"],
            "harmed": harmed,
        }
    ).assign(**{name: c[name] for name in ("queue", "channel", "intent", "handling")})
    joined = joined[(c["queue"] >= 0) & (c["queue_s"] >= scenario.warm_up_s)]

    cells: dict[tuple[int, ...], dict[str, float]] = {}
    for part in (come, joined):
        sums = part.astype(float).groupby(["interval", "queue", "channel", "intent", "handling"]).sum()
        for key, row in zip(sums.index, sums.to_dict("records"), strict=True):
            cell = cells.setdefault(tuple(int(x) for x in key), dict.fromkeys(COUNTERS, 0.0))
            cell.update({str(name): value for name, value in row.items()})
    return cells


@pytest.mark.parametrize("seed", MIXED)
def test_reasons_are_those_of_the_contact_rows(seed: int) -> None:
    """Why contacts came to people, by interval of arrival, can be recomputed from contact rows."""
    run = simulate(_world(seed))
    c, calendar = _contacts(run), run.scenario.calendar
    came = np.isin(c["handling"], (Handling.ESCALATED, Handling.SPILLED)) & (
        c["arrive_s"] >= run.scenario.warm_up_s
    )
    interval = np.minimum(c["arrive_s"][came] // calendar.interval_s, calendar.intervals - 1).astype(np.int64)
    expected = np.zeros_like(run.counts.reasons)
    np.add.at(expected, (interval, c["end_reason"][came]), 1)
    assert 0 < expected.sum()
    assert expected.tolist() == run.counts.reasons.tolist()


# --- the same again, and another policy --------------------


@pytest.mark.parametrize("seed", MIXED)
def test_same_seed_same_run(seed: int) -> None:
    """A run repeated is the same run, counts to the last bit; another replication is another run."""
    scenario = _world(seed)
    first, again, other = simulate(scenario), simulate(scenario), simulate(scenario, 1)
    assert "" == compare(first, again)
    assert "" == compare_counts(first.counts, again.counts, tolerance=0.0)
    assert "" != compare(first, other)


def test_jobs_change_nothing() -> None:
    """Replications run one after another or at the same time are the same runs in the same order."""
    scenario = _world(MIXED[0])
    alone, together = replicate(scenario, 3, jobs=1), replicate(scenario, 3, jobs=2)
    assert [0, 1, 2] == [run.replication for run in together]
    assert ["", "", ""] == [compare(a, b) for a, b in zip(alone, together, strict=True)]


def _policies(scenario: Scenario) -> Iterator[tuple[str, Scenario]]:
    """The same world under other controllers."""
    routing, failover = scenario.routing, scenario.failover
    by_confidence = replace(routing, by=By.CONFIDENCE)
    yield "strict", replace(scenario, routing=replace(by_confidence, ai_at=np.full_like(routing.ai_at, 0.99)))
    nothing = np.zeros_like(routing.ai_at)
    yield "lax", replace(scenario, routing=replace(by_confidence, ai_at=nothing, monitored_at=nothing))
    touchy = BreakerPolicy("consecutive", 1, 1, 0.05, 0.05, 1, 600.0, 1200.0, 1, 1, 60.0)
    yield (
        "touchy breakers",
        replace(scenario, failover=replace(failover, breaker=touchy, on_open="escalate", retries=0)),
    )
    yield "no breakers", replace(scenario, failover=replace(failover, breaker=None, retries=3))


@pytest.mark.parametrize("seed", MIXED)
def test_V15_a_policy_changes_no_customer(seed: int) -> None:
    """Other thresholds or breakers meet customers drawn alike in every column, while what happens to them differs."""
    scenario = _world(seed)
    base = simulate(scenario)
    drawn = [customers(scenario, 0, block) for block in range(blocks(scenario))]
    differ = 0
    for name, other in _policies(scenario):
        for block, contacts in enumerate(drawn):
            again = customers(other, 0, block)
            for column in contacts._fields:
                assert same(getattr(contacts, column), getattr(again, column)).all(), (
                    f"{name}: {column} of block {block}"
                )
        run = simulate(other)
        ours, theirs = _contacts(base), _contacts(run)
        common, at_ours, at_theirs = np.intersect1d(ours["id"], theirs["id"], return_indices=True)
        first = ours["attempt"] == 1
        assert ours["id"][first].tolist() == theirs["id"][theirs["attempt"] == 1].tolist()
        assert len(common) >= first.sum()
        for column in COLUMNS:
            assert same(ours[column][at_ours], theirs[column][at_theirs]).all(), f"{name}: {column}"
        arrive = "arrive_s"
        assert same(ours[arrive][first], theirs[arrive][theirs["attempt"] == 1]).all(), name
        differ += compare_contacts(base, run) != ""
    assert 1 <= differ


# --- conservation --------------------


def _contacts(run: Run) -> dict[str, Any]:
    assert run.contacts is not None
    return run.contacts


def _taken_s(c: dict[str, Any]) -> Any:
    """When a person last took each contact, NaN for never."""
    return np.where((c["passed_on"] > 0) | (c["callback"] == 1), c["taken_s"], c["answer_s"])


def _gone_s(c: dict[str, Any]) -> Any:
    """When each contact left for good, NaN when it has not: who left silently goes when an agent has noticed."""
    noticed_s = np.where(c["ghost"] == 1, _taken_s(c) + c["handle_s"], c["end_s"])
    return np.where(c["disposition"] == Disposition.IN_SYSTEM, np.nan, noticed_s)


def _with_people_s(run: Run) -> tuple[Any, Any, Any]:
    """How long each contact waited, was in the hands of those who had it last, and of others before; up to the end of the run."""
    c, end_s = _contacts(run), run.scenario.calendar.end_s
    until_s, taken_s = np.fmin(c["end_s"], end_s), _taken_s(c)
    taken = taken_s >= c["joined_s"]  # else it waits, or gave up waiting
    unreached = (c["callback"] == 1) & np.isnan(c["answer_s"])
    wait_s = np.where(taken, taken_s, until_s) - c["joined_s"]
    waited_s = c["waited_before_s"] + np.where(np.isnan(c["joined_s"]), 0.0, wait_s)
    # Who left silently is gone before anybody notices; who is not reached may be called again.
    freed_s = np.where((c["ghost"] == 1) | unreached, taken_s + c["handle_s"], until_s)
    last_had_s = np.where(taken, np.fmin(freed_s, end_s) - taken_s, 0.0)
    dialled_s = c["dialled_s"] - np.where(unreached & taken, c["handle_s"], 0.0)
    wrong = run.scenario.misroute
    return waited_s, last_had_s, dialled_s + c["passed_on"] * (wrong.discovery_s if wrong else 0.0)


def _not_conserved(run: Run) -> list[str]:
    """What V13 says and this run does not keep: in words, empty when all is well."""
    c, scenario = _contacts(run), run.scenario
    found: list[str] = []

    def expect(what: str, left: float, right: float, *, close: bool = False) -> None:
        if not (np.isclose(left, right, rtol=1e-9, atol=1e-6) if close else left == right):
            found.append(f"{what}: {left} and {right}")

    drawn = sum(
        int((customers(scenario, run.replication, block).ready_s < scenario.calendar.end_s).sum())
        for block in range(blocks(scenario))
    )
    expect("first attempts drawn and seen", drawn, int((c["attempt"] == 1).sum()))
    expect("contacts and offered", len(c["id"]), run.offered)
    expect("distinct contacts and contacts", len(np.unique(c["id"])), run.offered)
    expect(
        "dispositions and offered", sum(int((c["disposition"] == d).sum()) for d in Disposition), run.offered
    )
    late = c["arrive_s"] >= scenario.warm_up_s
    expect(
        "handling types and offered",
        sum(int((c["handling"][late] == h).sum()) for h in Handling),
        int(late.sum()),
    )
    for handling in Handling:
        counted = run.counts.of("offered")[run.counts.handling == handling].sum()
        expect(f"{handling.name} rows and counts", int((c["handling"][late] == handling).sum()), counted)

    gone_s = _gone_s(c)
    end_s, last = scenario.calendar.end_s, run.looks[-1]
    with np.errstate(invalid="ignore"):
        for look in run.looks:
            t = look.at_s
            in_ai = (c["ai_start_s"] < t) & ~(c["ai_end_s"] < t)
            expect(f"sessions at {t} s", int(look.active.sum()), int(in_ai.sum()))
            hangs = (c["stranded_s"] < t) & ~(c["queue_s"] < t) & ~(c["end_s"] < t)
            # Who was held and went back to the AI has asked for nobody, or did so again later.
            back = (c["hold_s"] < t) & (c["hold_s"] < c["ai_start_s"]) & ~(c["ai_start_s"] < t)
            asked = (c["queue_s"] < t) & ~(gone_s < t)
            decided, gone = int((c["decide_s"] < t).sum()), int((gone_s < t).sum())
            here = sum(int(place.sum()) for place in (in_ai, hangs, back, asked))
            expect(f"arrived and gone or here at {t} s", decided, gone + here)

        in_ai = (c["ai_start_s"] < end_s) & ~(c["ai_end_s"] < end_s)
        for f in range(len(scenario.fleets)):
            expect(
                f"sessions of fleet {f} in the end",
                int(last.active[f]),
                int((in_ai & (c["fleet"] == f)).sum()),
            )
        waited_s, last_had_s, had_before_s = _with_people_s(run)
        here_s = np.fmin(gone_s, end_s) - c["queue_s"]
        apart_s = here_s - waited_s - last_had_s - had_before_s
        # In the buffer, or between two attempts to call back.
        elsewhere = (c["held"] == 1) | (c["callback"] == 1)
        lost = (c["queue_s"] < end_s) & ~(np.abs(apart_s) < 1e-6) & ~(elsewhere & (apart_s > -1e-6))
        expect("asked for a person, and neither wait nor are with one: contacts", 0, int(lost.sum()))
    for q in range(len(scenario.queues)):
        mine_s = waited_s[c["queue"] == q].sum()
        expect(f"customer-seconds of queue {q}", float(last.waiting_area[q]), float(mine_s), close=True)
    # Rows keep the group that had a contact last: what is beyond that is what others had before, and nothing where nobody had.
    earlier_s = [
        float(last.contact_area[g] - last_had_s[c["group"] == g].sum()) for g in range(len(scenario.groups))
    ]
    expect("contact-seconds of earlier groups", sum(earlier_s), float(had_before_s.sum()), close=True)
    if min(earlier_s) < -1e-5:
        found.append(f"contact-seconds of groups that had contacts earlier: {earlier_s}")
    met = c["first_fleet"] >= 0
    expect(
        "session-seconds",
        float(last.active_area.sum()),
        float((np.fmin(c["ai_end_s"], end_s) - c["ai_start_s"])[met].sum()),
        close=True,
    )
    if (last.busy_area > last.present_area + 1e-6).any() or (last.contact_area < last.busy_area - 1e-6).any():
        found.append("people busy who are not there, or without a contact")
    return found


@pytest.mark.parametrize("seed", range(0, 200, 4))
def test_V13_nobody_is_lost(seed: int) -> None:
    """At every look who arrived is gone or in the system; handling types partition; areas are sums over contacts."""
    assert "" == "; ".join(_not_conserved(simulate(_world(seed))))


@pytest.mark.parametrize("floor", typing.get_args(engine.FloorName))
@pytest.mark.parametrize("seed", [*WORLDS, 55, 67, 72])
def test_V13_everybody_is_in_one_place(
    seed: int, floor: engine.FloorName, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every look queues, buffers, sessions, watched slots and people's hands hold just those contacts whose rows say so.

    And a group's contact-seconds are those of everybody whom its people took, whoever had the contact later.
    """
    looks = 0

    class Kernel(KernelFloor):
        def look(self) -> Look:
            nonlocal looks
            look, w, j = super().look(), self._world, self._journeys
            if self._contacts is not None:
                groups, agents = w.people.groups, w.people.agents
                counted = {
                    "in hand": groups["contacts"],
                    "loads": np.bincount(agents["group"], weights=agents["load"], minlength=len(groups)),
                    "watched": w.cursor["watched"],
                    "sessions by channel": w.machines.active_in,
                }
                _same_places(look, counted, j, self._contacts.channel)
                assert not ((agents["here"] == 0) & (agents["list"] >= 0)).any()
                looks += 1
            return look

    class Plain(PlainFloor):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self.took: list[tuple[int, float, float]] = []

        def _answer(self, contact: Any, person: Any) -> None:
            super()._answer(contact, person)
            self.took.append((person.group, self.clock.now, contact.j.handle_s))

        def look(self) -> Look:
            nonlocal looks
            look = super().look()
            people = [person for group in self.people for person in group]
            counted = {
                "in hand": np.array([meter.value for meter in self.in_hand]),
                "loads": np.array([sum(person.load for person in group) for group in self.people]),
                "watched": np.array([self.watched]),
                "sessions by channel": self.sessions_in,
            }
            if self.blocks:
                j = np.concatenate([block.rows() for block in self.blocks])
                channel = np.concatenate([block.contacts.channel for block in self.blocks])
                _same_places(look, counted, j, channel)
                looks += 1
            assert not any(person.shelf is not None and not person.here for person in people)
            group, from_s, handle_s = np.array(self.took).reshape(-1, 3).T
            had_s = np.fmin(handle_s, look.at_s - from_s)
            had_s = np.bincount(group.astype(int), weights=had_s, minlength=len(self.people))
            assert had_s == pytest.approx(look.contact_area, rel=1e-9, abs=1e-6)
            return look

    monkeypatch.setattr(engine, "KernelFloor", Kernel)
    monkeypatch.setattr(engine, "PlainFloor", Plain)
    run = simulate(scenario_of(random_world(seed, 600), seed), floor=floor)
    assert len(run.looks) - 1 <= looks


def _same_places(look: Look, counted: dict[str, Any], j: Any, channel: Any) -> None:
    """What a look counted is what the rows of contacts say at that moment."""

    def number(state: State, by: str, shape: Any) -> Any:
        codes, counts = np.unique(j[by][j["state"] == state], return_counts=True)
        found = np.zeros(shape, dtype=np.int64)
        found[codes] = counts
        return found

    in_ai = j["state"] == State.IN_AI
    sessions = np.zeros_like(counted["sessions by channel"])
    np.add.at(sessions, (j["fleet"][in_ai], channel[in_ai]), 1)
    in_hand = number(State.WITH_PERSON, "group", len(counted["in hand"]))
    for what, expected, actual in (
        ("waiting", number(State.WAITING, "queue", len(look.waiting)), look.waiting),
        ("held back", number(State.HELD, "queue", len(look.held)), look.held),
        ("stranded", number(State.STRANDED, "fleet", len(look.stranded)), look.stranded),
        ("sessions", number(State.IN_AI, "fleet", len(look.active)), look.active),
        ("sessions by channel", sessions, counted["sessions by channel"]),
        ("watched", [(in_ai & (j["monitored"] == 1)).sum()], counted["watched"]),
        ("in hand", in_hand, counted["in hand"]),
        ("loads", in_hand, counted["loads"]),
    ):
        assert np.array_equal(expected, actual), (
            f"{what} at {look.at_s} s: {actual}, and {expected} from rows"
        )


# --- what the worlds cover --------------------


def _specs_in(annotation: Any) -> list[type[BaseModel]]:
    """Models inside an annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [spec for part in typing.get_args(annotation) for spec in _specs_in(part)]


def _is_map(annotation: Any) -> bool:
    return typing.get_origin(annotation) is dict or any(_is_map(part) for part in typing.get_args(annotation))


def _leaves(model: type[BaseModel], path: str = "") -> dict[str, Any]:
    """Every key below which there are no more keys, with its annotation; `*` stands for a name."""
    found: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        here = f"{path}{name}"
        inner = _specs_in(field.annotation)
        if not inner:
            found[here] = field.annotation
            continue
        if type(None) in typing.get_args(field.annotation):
            found[f"{here}?"] = bool
        for spec in inner:
            found |= _leaves(spec, f"{here}.*." if _is_map(field.annotation) else f"{here}.")
    return found


def _values(spec: BaseModel, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every (path, value) of one file, paths as in `_leaves`."""
    for name, field in type(spec).model_fields.items():
        here, value = f"{path}{name}", getattr(spec, name)
        if not _specs_in(field.annotation):
            yield here, value
            continue
        if type(None) in typing.get_args(field.annotation):
            yield f"{here}?", value is not None
        star = _is_map(field.annotation)
        inside = (
            value.values()
            if star
            else value
            if isinstance(value, tuple)
            else []
            if value is None
            else [value]
        )
        for part in inside:
            yield from _values(part, f"{here}.*." if star else f"{here}.")


def _choices(annotation: Any) -> set[Any]:
    """The words of a key that takes one of a few."""
    if typing.get_origin(annotation) is Literal:
        return set(typing.get_args(annotation))
    if typing.get_origin(annotation) is tuple:
        return set()
    return {word for part in typing.get_args(annotation) for word in _choices(part)}


def test_worlds_take_every_key_at_two_values_at_least() -> None:
    """Over the worlds every key of the schema takes at least two values, and a key with a few words all of them."""
    seen: dict[str, set[str]] = {}
    words: dict[str, set[Any]] = {}
    for seed in MORE_WORLDS:
        for path, value in _values(random_world(seed)):
            seen.setdefault(path, set()).add(repr(value))
            words.setdefault(path, set()).add(value if isinstance(value, str) else None)
    leaves = _leaves(ScenarioFile)
    assert set() == set(LEFT_OUT) - set(leaves)
    assert [] == [path for path in leaves if len(seen.get(path, ())) < 2 and path not in LEFT_OUT]
    missing = {
        path: _choices(a) - words.get(path, set()) - LEFT_OUT_WORDS.get(path, set())
        for path, a in leaves.items()
        if path not in LEFT_OUT
    }
    assert {} == {path: left for path, left in missing.items() if left}


def test_worlds_make_everything_happen_that_has_a_code() -> None:
    """Over the worlds every reason, disposition, handling, decision, breaker cause and control event occurs."""
    seen: dict[str, Counter[int]] = {
        name: Counter() for name in ("reason", "disposition", "handling", "decision", "cause", "what")
    }
    for seed in MORE_WORLDS:
        run = simulate(_world(seed))
        c = _contacts(run)
        assert run.decisions is not None
        for name, column in (
            ("reason", run.decisions["reason"]),
            ("reason", c["end_reason"]),
            ("disposition", c["disposition"]),
            ("handling", c["handling"]),
            ("decision", run.decisions["kind"]),
            ("what", run.control["what"]),
            ("cause", run.control["cause"][run.control["what"] == What.BREAKER]),
        ):
            codes, counts = np.unique(column, return_counts=True)
            seen[name].update(dict(zip(codes.tolist(), counts.tolist(), strict=True)))
    kinds = {
        "reason": Reason,
        "disposition": Disposition,
        "handling": Handling,
        "decision": Decision,
        "cause": breaker.Cause,
        "what": What,
    }
    missing = {name: [code.name for code in kind if not seen[name][code]] for name, kind in kinds.items()}
    assert {} == {name: codes for name, codes in missing.items() if codes}


def test_worlds_have_ties() -> None:
    """In the worlds on a beat, thousands of events of different kinds fall on the same instant."""
    shared = 0
    for seed in WORLDS:
        c = _contacts(simulate(_world(seed)))
        ends, arrivals = c["answer_s"] + c["handle_s"], c["decide_s"]
        shared += len(np.intersect1d(ends[~np.isnan(ends)], arrivals))
    assert 1000 <= shared

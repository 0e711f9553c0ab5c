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
from sim.engine.control import Control
from sim.engine.floor import PlainFloor
from sim.engine.kernel.driver import KernelFloor
from sim.engine.physics import tokens
from sim.engine.records import BILLED, COLUMNS, COUNTERS, PROMISE_S, Run
from sim.engine.run import replicate, simulate
from sim.engine.state import Disposition, Handling
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
    wait_s = (c["answer_s"] - c["queue_s"]).where(answered, (c["end_s"] - c["queue_s"]).where(left, 0.0))
    talked_s = c["handle_s"].where(answered | reached, 0.0)
    back_s = (c["answer_s"] - c["queue_s"]).where(reached, 0.0)
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
            "short_abandoned": left & (wait_s <= short_s),
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


def _gone_s(c: dict[str, Any]) -> Any:
    """When each contact left for good, NaN when it has not: who left silently goes when an agent has noticed."""
    noticed_s = np.where((c["ghost"] == 1) & (c["passed_on"] == 0), c["answer_s"] + c["handle_s"], c["end_s"])
    return np.where(c["disposition"] == Disposition.IN_SYSTEM, np.nan, noticed_s)


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
    with np.errstate(invalid="ignore"):
        free_s = c["answer_s"] + c["handle_s"]
        hung_up = (c["disposition"] == Disposition.QUEUE_ABANDONED) & (c["ghost"] == 0)
        came_round = (
            Disposition.BLOCKED,
            Disposition.BALKED,
            Disposition.DEFLECTED_OK,
            Disposition.DEFLECTED_LOST,
        )
        called = c["callback"] == 1
        # Rows keep the first answer and the last joining: whether who is passed on waits or is talked to in between is not kept.
        passed = c["passed_on"] > 0
        waits = ~np.isnan(c["joined_s"]) & ~np.isin(c["disposition"], came_round) & ~called & ~passed
        for look in run.looks:
            t = look.at_s
            in_ai = (c["ai_start_s"] < t) & ~(c["ai_end_s"] < t)
            left_queue = hung_up & (c["end_s"] < t)
            joined = waits & (c["joined_s"] < t) & ~left_queue
            # Agents who come at this very instant have answered already or not: control's processes have no order.
            answered, maybe = joined & (c["answer_s"] < t), joined & (c["answer_s"] == t)
            promised = called & (c["queue_s"] < t) & ~(gone_s < t)
            about = passed & (c["queue_s"] < t) & ~(gone_s < t)
            for q in range(len(scenario.queues)):
                waiting = int((joined & ~answered & (c["queue"] == q)).sum())
                least = waiting - int((maybe & (c["queue"] == q)).sum())
                # Somebody to be called back keeps a place, and has none between two attempts.
                # So does who is passed on and leaves without a word, until somebody notices.
                unnoticed = passed & (c["ghost"] == 1) & (c["queue_s"] < t)
                waiting += int(((promised | about | unnoticed) & (c["queue"] == q)).sum())
                if not least <= look.waiting[q] <= waiting:
                    found.append(
                        f"waiting in queue {q} at {t} s: {look.waiting[q]}, and {least} to {waiting} from rows"
                    )
            expect(f"sessions at {t} s", int(look.active.sum()), int(in_ai.sum()))
            talking = answered & ~(free_s < t)
            decided, gone = int((c["decide_s"] < t).sum()), int((gone_s < t).sum())
            hangs = (c["stranded_s"] < t) & ~(c["queue_s"] <= t) & ~(c["end_s"] < t)
            # Who is let go at this very instant is here, and hangs or not: the way to people opens before this look or after it.
            let_go = (c["stranded_s"] < t) & (c["queue_s"] == t)
            if not hangs.sum() <= look.stranded.sum() <= hangs.sum() + let_go.sum():
                found.append(f"stranded at {t} s: {look.stranded.sum()}, and {hangs.sum()} from rows")
            held = (c["held"] == 1) & (c["hold_s"] < t) & ~(c["joined_s"] < t) & ~(c["end_s"] < t)
            went_back = c["ai_start_s"] > c["hold_s"]
            held = np.where(went_back, (c["hold_s"] < t) & ~(c["ai_start_s"] < t), held & ~passed)
            maybe_held = passed & ~went_back & (c["held"] == 1) & (c["hold_s"] < t) & ~(c["answer_s"] < t)
            if not held.sum() <= look.held.sum() <= held.sum() + maybe_held.sum():
                found.append(f"held back at {t} s: {look.held.sum()}, and {held.sum()} from rows")
            here = (
                int(in_ai.sum())
                + int(hangs.sum())
                + int(let_go.sum())
                + int(held.sum())
                + int(promised.sum())
                + int(about.sum())
                + int((joined & ~answered).sum())
                + int(talking.sum())
            )
            expect(f"arrived and gone or here at {t} s", decided, gone + here)

        end_s, last = scenario.calendar.end_s, run.looks[-1]
        in_ai = (c["ai_start_s"] < end_s) & ~(c["ai_end_s"] < end_s)
        for f in range(len(scenario.fleets)):
            expect(
                f"sessions of fleet {f} in the end",
                int(last.active[f]),
                int((in_ai & (c["fleet"] == f)).sum()),
            )
        waited_s = np.fmin(np.where(hung_up, c["end_s"], c["answer_s"]), end_s) - c["joined_s"]
        for q in range(len(scenario.queues)):
            mine = waits & (c["queue"] == q)
            if (scenario.relief is not None and scenario.relief.callback is not None) or passed.any():
                continue  # places of those to be called back are counted too, and second waits
            expect(
                f"customer-seconds of queue {q}",
                float(last.waiting_area[q]),
                float(waited_s[mine].sum()),
                close=True,
            )
        for g in range(len(scenario.groups)):
            mine = c["group"] == g
            if c["dials"].any() or passed.any():
                continue  # attempts that reach nobody are work too, and so are the wrong people's
            worked_s = float((np.fmin(free_s, end_s) - c["answer_s"])[mine].sum())
            expect(f"contact-seconds of group {g}", float(last.contact_area[g]), worked_s, close=True)
        met = c["first_fleet"] >= 0
        expect(
            "session-seconds",
            float(last.active_area.sum()),
            float((np.fmin(c["ai_end_s"], end_s) - c["ai_start_s"])[met].sum()),
            close=True,
        )
        if (last.busy_area > last.present_area + 1e-6).any() or (
            last.contact_area < last.busy_area - 1e-6
        ).any():
            found.append("people busy who are not there, or without a contact")
    return found


@pytest.mark.parametrize("seed", range(0, 200, 4))
def test_V13_nobody_is_lost(seed: int) -> None:
    """At every look who arrived is gone or in the system; handling types partition; areas are sums over contacts."""
    assert "" == "; ".join(_not_conserved(simulate(_world(seed))))


@pytest.mark.parametrize("seed", [*WORLDS, 55, 67, 72])
def test_V13_slots_end_at_what_is_in_flight(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a run ends, watched slots, sessions and people's hands hold exactly what is in flight, on both floors."""
    floors: list[Any] = []

    class Kernel(KernelFloor):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            if args[1] == 0:  # the planning day has a floor, too
                floors.append(self)

    class Plain(PlainFloor):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            if args[1] == 0:  # the planning day has a floor, too
                floors.append(self)

    monkeypatch.setattr(engine, "KernelFloor", Kernel)
    monkeypatch.setattr(engine, "PlainFloor", Plain)
    scenario = scenario_of(random_world(seed, 600), seed)
    for name in typing.get_args(engine.FloorName):
        run = simulate(scenario, floor=name)
        c = _contacts(run)
        in_ai = (c["first_fleet"] >= 0) & np.isnan(c["ai_end_s"])
        # Somebody who is being called back has a person, too.
        with_person = ~np.isnan(c["answer_s"]) | (c["ghost"] == 2)
        talking = with_person & (c["disposition"] == Disposition.IN_SYSTEM)
        floor = floors.pop()
        if name == "kernel":
            w = floor._world
            watched, sessions_in = int(w.cursor[0].watched), w.machines.active_in
            in_hand, agents = int(w.people.groups["contacts"].sum()), w.people.agents
            loads, idle_listed = (
                int(agents["load"].sum()),
                bool(((agents["here"] == 0) & (agents["list"] >= 0)).any()),
            )
        else:
            people = [person for group in floor.people for person in group]
            watched, sessions_in = floor.watched, floor.sessions_in
            in_hand, loads = (
                sum(meter.value for meter in floor.in_hand),
                sum(person.load for person in people),
            )
            idle_listed = any(person.shelf is not None and not person.here for person in people)
        assert int((in_ai & (c["monitored"] == 1)).sum()) == watched
        cells = [(int(f), int(ch)) for f, ch in zip(c["fleet"][in_ai], c["channel"][in_ai], strict=True)]
        expected = np.zeros_like(sessions_in)
        for cell in cells:
            expected[cell] += 1
        assert expected.tolist() == sessions_in.tolist()
        # Who has been passed on waits again, or is talked to again: rows do not keep which.
        passed = talking & (c["passed_on"] > 0)
        assert in_hand == loads
        assert int((talking & ~passed).sum()) <= in_hand <= int(talking.sum())
        assert passed.any() or in_hand == int(talking.sum())
        assert not idle_listed


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

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.engine.physics import tokens, tokens_of_turns
from sim.engine.records import Run
from sim.engine.run import simulate
from sim.engine.state import Disposition, Handling
from sim.engine.supervisor import ARRIVED
from sim.engine.what import What
from sim.outcomes.figures import FIGURES
from sim.outcomes.measures import EVERYTHING, Cut
from sim.outcomes.money import MONEY, after, books, loaded, money, share_of_person
from sim.scenario.model import Scenario
from tests.laws.worlds import busy_centre, read
from tests.outcomes.made_up import cell, rows, run, scenario

NAN = np.nan


def priced(**changes: Any) -> Scenario:
    """One fleet in chat; two contacts at once there."""
    prices = {"input_tokens": 2, "output_tokens": 10, "per_session": 0.25, "human_per_min": 0.6} | changes
    return scenario(prices=prices, routing={"by": "intent", "monitor": {"people": 1, "span": 4}})


def a_morning(made_in: Scenario | None = None) -> Run:
    """Ten sessions of 12 minutes and 1.5 M tokens in, 0.1 M out; 30 calls of 2 minutes, 10 chats of 4 with two at once."""
    return run(
        [
            cell(0, queue=0, channel=0, offered=30, queued=30, answered=30, handled=30, handle_s=3600.0),
            cell(0, queue=1, channel=1, offered=10, queued=10, answered=10, handled=10, handle_s=2400.0, unresolved=4),
            cell(1, channel=1, handling=Handling.AI_CONTAINED, offered=10, ai_sessions=10, ai_resolved=6, false_contained=2),
        ],
        made_in=made_in or priced(),
        billed=[
            (
                (1, 1, 0, 0),
                {
                    "sessions": 10, "turns": 50, "tokens_in": 1.5e6, "tokens_out": 1e5,
                    "ai_s": 7200.0, "monitored_s": 1800.0, "contained": 8,
                },
            ),
        ],
    )  # fmt: skip


def test_tokens_of_a_session_are_those_of_its_turns() -> None:
    """9,150 in and 1,200 out over six turns, as published; about 4.5 cents at the default prices."""
    for turns in range(12):
        expected = tuple(np.sum([tokens(k + 1) for k in range(turns)] or [(0.0, 0.0)], axis=0))
        assert expected == tokens_of_turns(turns)
    assert (9150.0, 1200.0) == tokens_of_turns(6)
    assert 0.045 == pytest.approx(9150 * 3 / 1e6 + 1200 * 15 / 1e6, abs=0.001)


def test_what_a_morning_costs_is_worked_out_on_paper() -> None:
    """Tokens 1.5 · 2 + 0.1 · 10; fees 10 · 0.25; a quarter of a watcher for half an hour at 0.80 a minute."""
    spent = money(a_morning())
    assert 4.0 == pytest.approx(spent.tokens)
    assert 2.5 == pytest.approx(spent.fees)
    assert 30 * 0.80 / 4 == pytest.approx(spent.watching)
    assert 0.0 == spent.lines


def test_a_contact_takes_a_share_of_the_person_who_has_several_in_hand() -> None:
    """Busy for 6,000 s of which calls took 3,600, with 8,400 contact-seconds in hand: chats take half a person each."""
    made_in = priced()
    looks = run([], made_in=made_in).looks
    one_group = np.array([1.0, 0.0])
    last = type(looks[-1])(
        **{name: getattr(looks[-1], name) for name in looks[-1].__dataclass_fields__}
        | {"busy_area": 6000.0 * one_group, "contact_area": 8400.0 * one_group}
    )
    morning = a_morning(made_in)
    morning = run_with(morning, (*looks[:-1], last))
    assert [1.0, 0.5] == share_of_person(morning).tolist()
    assert 0.01 * (3600 + 0.5 * 2400) == pytest.approx(money(morning).people)


def run_with(made: Run, looks: tuple[Any, ...]) -> Run:
    """The same run with other looks."""
    from dataclasses import replace

    return replace(made, looks=looks)


def test_a_vendor_with_a_price_of_its_own_charges_nothing_else() -> None:
    """0.30 a session and 0.50 for each of the eight that ended without a person, though it helped but six."""
    fleets = {
        "B": {
            "on": "vendor.B",
            "channels": ("chat",),
            "sessions": 40,
            "price": {"per_session": 0.3, "per_resolution": 0.5},
        }
    }
    spent = money(a_morning(scenario(fleets=fleets)))
    assert (0.0, 10 * 0.3 + 8 * 0.5) == (spent.tokens, pytest.approx(spent.fees))


def test_a_commitment_is_paid_whether_it_is_used_or_not() -> None:
    """1,200 a day are 100 for the two hours; ten sessions at 2 use 20 of them, at 15 all."""
    for per_session, expected in ((2.0, 100.0), (15.0, 150.0)):
        price = {"per_session": per_session, "at_least_per_day": 1200}
        fleets = {"B": {"on": "vendor.B", "channels": ("chat",), "sessions": 40, "price": price}}
        assert expected == pytest.approx(money(a_morning(scenario(fleets=fleets))).fees)


def test_resolved_are_those_whose_need_was_met() -> None:
    """Six by the AI, 30 and 10 by people of whom four were not helped: 42 of 50."""
    one = books(a_morning())
    per_contact, per_resolved = (
        FIGURES[name].of(a_morning(), EVERYTHING, None) for name in ("cost_per_contact", "cost_per_resolved")
    )
    assert (one.spent.cost, 50.0) == per_contact
    assert (one.spent.cost, 42.0) == per_resolved


def test_customers_bear_failures_and_waits() -> None:
    """Two closed unsolved at 8 each, one hand-over at 1, ten minutes of waiting at 1.20, three who gave up at 8."""
    cells = [
        cell(0, channel=1, handling=Handling.AI_CONTAINED, offered=5, false_contained=2),
        cell(
            0,
            queue=1,
            channel=1,
            handling=Handling.ESCALATED,
            offered=1,
            escalated=1,
            wait_s=600.0,
            abandoned=3,
        ),
    ]
    made = run(cells)
    assert 2 * 8 + 1 + 12 + 3 * 8 == pytest.approx(money(made).failures)
    part, whole = FIGURES["full_cost_per_contact"].of(made, EVERYTHING, None)
    assert (53 + money(made).cost, 6.0) == (pytest.approx(part), whole)


def test_plans_cost_what_their_people_cost_in_the_window() -> None:
    """Six people at 30 an hour from 09:30 on: an hour and a half of them in all, half an hour in the last two intervals."""
    made_in = scenario(
        signals={},
        plans={"overtime": {"kind": "overtime", "cost_per_h": 30, "group": "callers", "people": 10}},
    )
    came = run([], made_in=made_in, control=[(1800.0, int(What.PLAN), 0, -1, ARRIVED, 7, 6.0, NAN, NAN)])
    assert 6 * 1.5 * 30 == pytest.approx(money(came).plans)
    assert 6 * 0.5 * 30 == pytest.approx(money(came, window=(5400.0, 7200.0)).plans)
    assert 0.0 == money(came, Cut(queue=0)).plans


def test_a_missed_target_costs_what_the_contract_says() -> None:
    """Ten of ten answered too late, target 80 %: eight contacts of damage at 2 each."""
    late = cell(0, queue=0, offered=10, queued=10, answered=10)
    on_paper = [books(run([late], made_in=scenario(prices={"per_missed": fine}))) for fine in (0, 2)]
    assert 16.0 == pytest.approx(on_paper[1].penalised - on_paper[0].penalised)


def test_the_ai_pays_for_what_it_caused() -> None:
    """A plain call costs it nothing, an escalated one the time beyond three minutes, one after a false close all of it."""
    contacts = rows(
        5,
        issue=np.array([0, 1, 2, 3, 2]),
        attempt=np.array([1, 1, 1, 1, 2]),
        disposition=np.array(
            [
                Disposition.HUMAN_RESOLVED, Disposition.HUMAN_RESOLVED, Disposition.AI_FALSE_CONTAINED,
                Disposition.QUEUE_ABANDONED, Disposition.HUMAN_RESOLVED,
            ]
        ),
        handling=np.array(
            [Handling.HUMAN_ONLY, Handling.ESCALATED, Handling.AI_CONTAINED, Handling.HUMAN_ONLY, Handling.HUMAN_ONLY]
        ),
        arrive_s=np.zeros(5), queue_s=np.array([1.0, 1.0, NAN, 1.0, 900.0]),
        answer_s=np.array([2.0, 2.0, NAN, NAN, 901.0]), handle_s=np.array([400.0, 400.0, NAN, NAN, 100.0]),
    )  # fmt: skip
    made_in = priced(per_session=0)
    found = run([], made_in=made_in, contacts=contacts)
    assert [False, False, False, False, True] == after(contacts, (Disposition.AI_FALSE_CONTAINED,)).tolist()
    assert 0.01 * ((400.0 - 180.0) + 100.0) == pytest.approx(loaded(found, money(found)))
    assert np.isnan(loaded(run([], made_in=made_in), money(found)))


@pytest.fixture(scope="module")
def busy() -> Run:
    """Two fleets, calls and chats, fail-over, redials."""
    tree = busy_centre()
    tree["channels"]["voice"]["line_per_min"] = 0.01
    return simulate(read(tree))


@pytest.mark.parametrize("by", ["channel", "intent", "queue"])
def test_parts_of_a_run_cost_together_what_it_costs(by: str, busy: Run) -> None:
    """By channel, by intent, and by queue, where AI sessions belong to the queue of their channel."""
    names = getattr(busy.scenario.names, f"{by}s")
    parts = [money(busy, Cut(**{by: code})) for code in range(len(names))]
    whole = money(busy)
    assert whole.cost > 0
    for field in ("tokens", "fees", "lines", "watching", "people", "failures"):
        assert getattr(whole, field) == pytest.approx(
            sum(getattr(part, field) for part in parts), rel=1e-9
        ), field


def test_stretches_of_a_run_cost_together_what_it_costs(busy: Run) -> None:
    """Every interval alone, added up."""
    step_s, end_s = busy.scenario.calendar.interval_s, busy.scenario.calendar.end_s
    parts = [money(busy, window=(k * step_s, (k + 1) * step_s)) for k in range(int(end_s / step_s))]
    assert money(busy).paid == pytest.approx(sum(part.paid for part in parts), rel=1e-9)


def test_people_are_paid_for_being_busy_when_they_are_paid_by_the_work(busy: Run) -> None:
    """Handling by shares of a person is the time that people were busy, but for silent customers and what lasts beyond the end."""
    busy_s = busy.looks[-1].busy_area.sum()
    assert busy_s == pytest.approx(money(busy).people / busy.scenario.prices.human_per_s, rel=0.05)


def test_every_figure_in_money_can_be_asked_of_a_run(busy: Run) -> None:
    """And is above zero where something was handled."""
    for figure in MONEY:
        part, whole = FIGURES[figure.name].of(busy, EVERYTHING, None)
        assert part / whole > 0, figure.name

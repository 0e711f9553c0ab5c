from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from sim.engine.records import Run
from sim.engine.run import simulate
from sim.outcomes.erlang import contacts_at_once, dispersion, promise, required
from sim.outcomes.measures import sharing
from sim.wfm import erlang_a, staff_erlang_a
from tests.outcomes.made_up import cell, rows, run, scenario


def busy_hour(per_interval: float, handle_s: float = 180.0, queue: int = 0, replication: int = 0) -> Run:
    """The same number of contacts in each of eight quarter-hours, all handled."""
    cells = [
        cell(k, queue, queue, queued=per_interval, answered=per_interval, handled=per_interval,
             handle_s=per_interval * handle_s, handle_s2=per_interval * handle_s**2)
        for k in range(8)
    ]  # fmt: skip
    return run(cells, replication=replication)


def test_required_staff_is_erlang_a_of_the_interval() -> None:
    """90 calls a quarter-hour of 180 s, patience 2 min, 80 % in 20 s."""
    expected = staff_erlang_a(0.1, 180.0, 120.0, service_level=0.8, within_s=20.0).required

    found = required([busy_hour(90)])

    assert [expected] * 8 == list(found.by_queues[0])
    assert [0] * 8 == list(found.by_queues[1])
    assert [30.0] * 8 == pytest.approx(found.staffed)
    assert [30.0] * 8 == list(found.wanted)


def test_chat_agents_count_as_several_servers() -> None:
    """Two chats at once: half as many people as servers."""
    one = busy_hour(90, queue=1)
    servers = staff_erlang_a(0.1, 180.0, 240.0, service_level=0.9, within_s=30.0).required

    assert 2.0 == contacts_at_once([one], (1,))
    assert math.ceil(servers / 2) == required([one]).by_queues[1, 0]


def test_a_promise_is_erlang_a_on_the_mean_load() -> None:
    """Service level with abandons counted and short ones left out, of 18 people on 360 calls an hour."""
    line = erlang_a(0.1, 180.0, 18, 120.0)
    expected = line.service_level_offered(20.0) / (1 - line.p_ab_within(5.0))

    found = promise([busy_hour(90)], (0,))

    assert expected == pytest.approx(found.promised)
    assert (360.0, 180.0, 18.0, False) == (found.arrivals_per_h, found.handle_s, found.agents, found.shared)
    assert "would have promised" in found.in_words()


def test_an_endless_patience_takes_erlang_c() -> None:
    """Customers who never give up are still promised something, and staffed for."""
    patient = scenario(queues={"voice": {"patience": "never"}, "chat": {}}, incidents=())
    one = run([cell(0, 0, queued=80, answered=80, handled=80, handle_s=80 * 180.0)], made_in=patient)

    assert required([one]).by_queues[0, 0] > 16
    assert 0.0 < promise([one], (0,), (0.0, 900.0)).promised < 1.0


def test_queues_that_share_people_are_one_queue() -> None:
    """One group for both: loads add up, one queue of voice's and one of chat's contacts; a third queue stays alone."""
    both = scenario(
        channels={"voice": {"share": 0.5}, "chat": {"share": 0.3}, "mail": {"share": 0.2}},
        queues={"voice": {"patience": "2m"}, "chat": {"patience": "6m"}, "mail": {}},
        people={
            "all": {"skills": ("voice", "chat"), "staffing": 18},
            "writers": {"skills": ("mail",), "staffing": 1},
        },
    )
    work = {"answered": 45, "handled": 45, "handle_s": 45 * 180.0}
    one = run([cell(0, q, q, queued=45, **work) for q in (0, 1)], made_in=both)
    line = erlang_a(0.1, 180.0, 18, 180.0)  # hang-up rates: half of 1/120 s, half of 1/360 s

    assert ((0, 1), (2,)) == sharing(both)
    found = promise([one], (0, 1), (0.0, 900.0))
    assert ("voice + chat", True) == (found.queue, found.shared)
    assert (360.0, 18.0) == (found.arrivals_per_h, found.agents)
    assert line.service_level_offered(20.0) / (1 - line.p_ab_within(5.0)) == pytest.approx(found.promised)
    assert required([one]).queues == sharing(both)


def test_given_arrivals_are_no_less_random_than_they_were() -> None:
    """A replayed day arrives the same each time: its dispersion is read within the day, and is not 0."""
    day = [replace(one, scenario=scenario(demand={"at": ("1s", "2s")})) for one in poisson_days(1)[:1]] * 3

    assert 0.3 < dispersion(day, (0,))[1] < 2.05


@cache
def poisson_days(bursts: int) -> tuple[Run, ...]:
    """Twelve days of Poisson arrivals, each of so many contacts together."""
    rng = np.random.default_rng(3)
    days = []
    for replication in range(12):
        at_s = np.repeat(rng.uniform(0.0, 7200.0, rng.poisson(1200 / bursts)), bursts)
        n = len(at_s)
        days.append(run([], contacts=rows(n, queue=[0] * n, queue_s=at_s), replication=replication))
    return tuple(days)


@pytest.mark.parametrize("bursts", [1, 4])
def test_dispersion_tells_bursts_from_poisson(bursts: int) -> None:
    """Contacts that come four together vary four times as much; 24 bins × 12 days give ± 9 % (1 s.d.), 4 s.d. are allowed."""
    bin_s, index = dispersion(poisson_days(bursts), (0,))

    assert 300.0 == bin_s
    assert bursts == pytest.approx(index, rel=0.36)


def test_dispersion_of_one_day_knows_no_mean_but_its_neighbours() -> None:
    """A single Poisson day has an index around 1 (24 bins: ± 35 % is 1 s.d., 3 are allowed), a day without arrivals none."""
    _, index = dispersion(poisson_days(1)[:1], (0,))

    assert 0.0 < index < 2.05
    assert math.isnan(dispersion([run([])])[1])


def test_the_formula_holds_where_its_assumptions_hold() -> None:
    """A steady M/M/n+M centre, simulated for 10 × 8 hours, keeps what Erlang A promises within its own 99.9 % interval.

    Replications are independent; a right engine fails with 1 of 1,000 seeds.
    """
    steady = scenario(
        calendar={"from": "2026-03-02 08:00", "until": "2026-03-02 17:00", "timezone": "UTC"},
        channels={"voice": {}},
        demand={"per_h": 360},
        intents={"order": {"human": {"handle": {"law": "exponential", "mean": "3m"}}}},
        classifier=None, fleets={}, nodes={}, incidents=(), failover={}, routing={},
        queues={"voice": {"patience": "2m"}},
        people={"callers": {"skills": ("voice",), "staffing": 18}},
        records="intervals", warm_up="1h",
    )  # fmt: skip
    found = promise([simulate(steady, r) for r in range(10)], (0,))

    assert found.promised == pytest.approx(
        found.simulated.value, abs=found.simulated.half_width * 4.78 / 2.26
    )
    assert 1.0 == pytest.approx(found.dispersion, abs=0.4)

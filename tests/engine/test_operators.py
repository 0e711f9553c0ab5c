"""Breakers set by hand: what each order lets in, how it ends, and that both floors do the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sim.engine.run import simulate
from sim.engine.what import What
from sim.orchestration.breaker import State
from sim.scenario import build, load
from sim.scenario.errors import ScenarioError
from sim.scenario.model import Order

FILE = "scenarios/planned_maintenance_vs_surprise.yaml"
TEN_S = 3.0 * 3600.0


def moves(*orders: Order, floor: Any = "kernel", outage: bool = False) -> list[tuple[float, str, str]]:
    """Breaker rows of a morning with these orders: when, from and to."""
    made = build.build(
        load.load(FILE, ("calendar.until=2026-03-02 11:30",)).variants["surprise without a desk"],
        name="orders",
    )
    made = replace(made, orders=orders, incidents=made.incidents if outage else ())
    run = simulate(made, floor=floor)
    return [
        (float(row["at_s"]), State(int(row["from_state"])).name, State(int(row["to_state"])).name)
        for row in run.control[run.control["what"] == What.BREAKER]
    ]


@pytest.mark.parametrize("floor", ["kernel", "plain"])
def test_an_order_holds_until_it_is_over(floor: str) -> None:
    """Forced open at ten for half an hour, then closed: nothing else moves it."""
    order = Order(TEN_S, TEN_S + 1800.0, 1, int(State.FORCED_OPEN))
    assert [(TEN_S, "CLOSED", "FORCED_OPEN"), (TEN_S + 1800.0, "FORCED_OPEN", "CLOSED")] == moves(
        order, floor=floor
    )


@pytest.mark.parametrize("state", [State.DISABLED, State.METRICS_ONLY])
def test_a_breaker_out_of_service_does_not_open(state: State) -> None:
    """In an outage a disabled or metrics-only breaker stays where it was put."""
    order = Order(TEN_S, float("inf"), 1, int(state))
    assert [(TEN_S, "CLOSED", state.name)] == moves(order, outage=True)
    assert "OPEN" in {after for _, _, after in moves(outage=True)}


def test_a_later_order_is_not_taken_back_by_an_earlier_one() -> None:
    """Disabled from ten for an hour, forced open at 10:10: the end of the first does not touch the second."""
    first = Order(TEN_S, TEN_S + 3600.0, 1, int(State.DISABLED))
    second = Order(TEN_S + 600.0, float("inf"), 1, int(State.FORCED_OPEN))
    assert [(TEN_S, "CLOSED", "DISABLED"), (TEN_S + 600.0, "DISABLED", "FORCED_OPEN")] == moves(first, second)


def test_refusals() -> None:
    """No such fleet, no breaker, outside the run."""
    good = "failover.operators=[{at: 10:00, fleet: B, state: disabled}]"
    for sets, problem in (
        ((good.replace("B", "Q"),), "fleet: 'Q' is no fleet"),
        ((good.replace("10:00", "05:00"),), "at: .* is outside the run"),
        ((good, "failover.breakers=off"), "has no effect without failover.breakers"),
    ):
        with pytest.raises(ScenarioError, match=problem):
            load.load(FILE, sets)

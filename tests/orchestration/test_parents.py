"""Breakers of nodes: when they open, who probes, and who is let go."""

from __future__ import annotations

import math

from sim.orchestration.breaker import State
from sim.orchestration.parents import (
    CloseParent,
    NextScout,
    OpenParent,
    ParentObservation,
    ParentPolicy,
    ParentState,
    held,
    next_due,
    step,
)

C, D, X, H = State.CLOSED, State.DEGRADED, State.OPEN, State.HALF_OPEN
POLICY = ParentPolicy({"provider": ("A", "B"), "edge": ("A", "B", "C")})


def seen(a: State, b: State, c: State = C, **until_s: float) -> ParentObservation:
    """Breakers of A, B and C."""
    return ParentObservation({"A": a, "B": b, "C": c}, {"A": 30.0, "B": 40.0, "C": 50.0} | until_s)


def opened(a: State = X, b: State = X, c: State = C) -> ParentState:
    """After the provider's (or the edge's) breaker opened at 0 s."""
    return step(ParentState(), seen(a, b, c), POLICY, 0.0)[0]


def test_one_fleet_alone_opens_nothing() -> None:
    """One open breaker is that fleet's own affair, even where one is the whole share."""
    state, actions = step(ParentState(), seen(X, C), ParentPolicy({"provider": ("A", "B")}, share=0.5), 0.0)
    assert (ParentState(), ()) == (state, actions)


def test_all_fleets_of_a_node_open_it_and_the_next_to_probe_probes_for_all() -> None:
    """A would cool down before B: it is the scout, and B is kept open."""
    state, (action,) = step(ParentState(), seen(X, X), POLICY, 0.0)
    assert isinstance(action, OpenParent)
    assert ("provider", ("B",), 2, 2) == (action.node, action.others, action.failing, action.of)
    assert {"B"} == held(state)
    assert 600.0 == next_due(state, POLICY)


def test_who_is_probing_already_goes_on() -> None:
    """A half-open fleet is the scout before one that cools down."""
    state, _ = step(ParentState(), seen(X, H, B=math.inf), POLICY, 0.0)
    assert {"A"} == held(state)


def test_a_share_opens_the_rest() -> None:
    """Two of three at a share of 0.6: the third is opened with them, and only one probes."""
    state, (action,) = step(
        ParentState(), seen(X, X, C), ParentPolicy({"edge": ("A", "B", "C")}, share=0.6), 0.0
    )
    assert isinstance(action, OpenParent)
    assert ("B", "C") == action.others
    assert {"B", "C"} == held(state)


def test_the_scout_back_lets_the_others_prove_themselves() -> None:
    """Closed or degraded: those kept open go half-open, and the node's breaker closes."""
    for back in (C, D):
        state, (action,) = step(opened(), seen(back, X), POLICY, 90.0)
        assert isinstance(action, CloseParent)
        assert (("B",), {}) == (action.released, state.opened)


def test_a_scout_that_does_not_come_back_is_relieved() -> None:
    """After ten minutes B probes at once and A is kept; then A again."""
    state, (action,) = step(opened(), seen(X, X), POLICY, 600.0)
    assert isinstance(action, NextScout)
    assert ("B", {"A"}, 1200.0) == (action.scout, set(held(state)), next_due(state, POLICY))
    _, (action,) = step(state, seen(X, X), POLICY, 1200.0)
    assert isinstance(action, NextScout)
    assert "A" == action.scout


def test_what_operators_set_is_left_alone() -> None:
    """A forced-open fleet is not counted; a scout that is forced open is relieved at once."""
    assert ParentState() == step(ParentState(), seen(X, State.FORCED_OPEN), POLICY, 0.0)[0]
    _, (action,) = step(opened(), seen(State.FORCED_OPEN, X), POLICY, 10.0)
    assert isinstance(action, NextScout)
    assert "B" == action.scout


def test_a_wider_node_takes_over() -> None:
    """C opens as well: the edge holds all three with one scout, and the provider has nothing to say any more."""
    state, actions = step(opened(), seen(X, X, X), POLICY, 60.0)
    assert [CloseParent, OpenParent] == [type(action) for action in actions]
    assert ["edge"] == list(state.opened)
    assert {"B", "C"} == held(state)
    # And the narrower one does not open under it.
    assert () == step(state, seen(X, X, X), POLICY, 70.0)[1]

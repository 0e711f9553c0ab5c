from __future__ import annotations

import math
from dataclasses import replace

import pytest

from sim.orchestration.common_cause import (
    CloseAncestor,
    CommonCauseObservation,
    CommonCausePolicy,
    CommonCauseState,
    Graph,
    OpenAncestor,
    Verdict,
    next_due,
    posteriors,
    step,
)

# The reference centre: two vendors on one provider, a third on another, one edge network in front of both; the scorer on the first.
GRAPH = Graph(
    stands_on={
        "A": ("vendor.A",), "B": ("vendor.B",), "C": ("vendor.C",), "scorer": ("P1",),
        "vendor.A": ("P1",), "vendor.B": ("P1",), "vendor.C": ("P2",), "P1": ("K1", "E1"), "P2": ("K2", "E1"),
    },
    fleets=("A", "B", "C"),
    watchers=("scorer",),
)  # fmt: skip
POLICY = CommonCausePolicy()
BY_LETTER = {"t": Verdict.TRIP, "w": Verdict.WARN, "o": Verdict.OK, "-": Verdict.NODATA}


def seen(letters: str) -> CommonCauseObservation:
    """Verdicts of A, B and C by their first letters."""
    return CommonCauseObservation({f: BY_LETTER[v] for f, v in zip("ABC", letters, strict=True)})


def walk(*looks: tuple[float, str], policy: CommonCausePolicy = POLICY) -> list[OpenAncestor | CloseAncestor]:
    """All actions of a row of looks."""
    state, found = CommonCauseState(), []
    for at_s, letters in looks:
        state, actions = step(state, seen(letters), GRAPH, policy, at_s)
        found += list(actions)
    return found


def test_graph() -> None:
    """Nodes with the same fleets on them cannot be told apart; the lowest stands first, and a watcher goes with its node."""
    assert {
        frozenset("ABC"): ("E1",),
        frozenset("AB"): ("P1", "K1"),
    } == GRAPH.shared()
    assert ("A", "B") == GRAPH.on("P1")
    assert ("scorer",) == GRAPH.watching_from("K1")
    with pytest.raises(ValueError, match="stands on itself"):
        Graph({"a": ("b",), "b": ("a",)}, ("a",)).under("a")


def test_two_tripped_and_one_healthy() -> None:
    """Two vendors of one provider trip while the third stays healthy: their provider is opened, once the third has had time to show."""
    found = walk((100.0, "too"), (105.0, "tto"), (115.0, "tto"), (140.0, "tto"), (150.0, "tto"))

    assert 1 == len(found)
    opened = found[0]
    assert isinstance(opened, OpenAncestor)
    assert ("P1", ("A", "B"), ("scorer",)) == (opened.node, opened.fleets, opened.watchers)
    assert 0.9 <= opened.posterior < 1.0
    assert 140.0 == opened.at_s
    assert 100.0 == opened.first_s
    assert "A tripped, B tripped within 5 s: P1" in opened.words


def test_all_tripped() -> None:
    """All vendors tripping at once is the edge network, with no need to wait."""
    found = walk((10.0, "ttt"))

    assert ["E1"] == [action.node for action in found]


def test_third_symptom_widens() -> None:
    """A symptom that the declared node does not explain takes the declaration to a node that does."""
    found = walk((0.0, "tto"), (40.0, "tto"), (60.0, "ttt"))

    assert [(OpenAncestor, "P1"), (CloseAncestor, "P1"), (OpenAncestor, "E1")] == [
        (type(action), action.node) for action in found
    ]


def test_not_across_the_window() -> None:
    """Symptoms further apart than the window are not one fault."""
    assert [] == walk((0.0, "too"), (121.0, "tto"), (200.0, "tto"), (300.0, "tto"))
    assert ["P1"] == [action.node for action in walk((0.0, "too"), (119.0, "tto"), (150.0, "tto"))]


def test_one_symptom_and_different_providers() -> None:
    """One endpoint alone, or two with nothing but the edge in common while the third had time to show and is healthy, declare nothing."""
    assert [] == walk((0.0, "too"), (60.0, "too"))
    assert [] == walk((0.0, "too"), (60.0, "tot"), (90.0, "tot"), (150.0, "tot"))


def test_warnings_weigh_less_than_trips() -> None:
    """Two warnings are not enough where two trips are."""
    assert [] == walk((0.0, "wwo"), (60.0, "wwo"), (110.0, "wwo"))
    assert ["P1"] == [action.node for action in walk((0.0, "two"), (60.0, "two"), (110.0, "two"))]


def test_silence_is_neither_symptom_nor_health() -> None:
    """Without data of the third fleet it stays open whether the provider or the edge has failed; silence after symptoms is no recovery."""
    assert [] == walk((0.0, "tt-"), (60.0, "tt-"))
    assert ["P1"] == [action.node for action in walk((0.0, "tto"), (60.0, "tto"), (90.0, "--o"))]


def test_retracted_when_all_have_recovered() -> None:
    """A declaration ends when every fleet on the node is healthy, and can be made again."""
    found = walk((0.0, "tto"), (60.0, "tto"), (500.0, "too"), (600.0, "ooo"), (900.0, "tto"), (960.0, "tto"))

    assert [(0, OpenAncestor), (1, CloseAncestor), (2, OpenAncestor)] == [
        (k, type(action)) for k, action in enumerate(found)
    ]
    assert 600.0 == found[1].at_s


def test_posterior_by_hand() -> None:
    """Two trips of two fleets on one node: Bayes' rule written out."""
    graph = Graph({"A": ("P",), "B": ("P",)}, ("A", "B"))
    policy = replace(POLICY, per_endpoint={"B": 2.6})
    q_a, q_b = 1.3 * 120 / 604800, 2.6 * 120 / 604800
    down = 0.035 * (q_a + q_b)
    chance = (1 - down) * (q_a * 0.6 + 1e-4) * (q_b * 0.6 + 1e-4)

    found = posteriors({"A": 0.0, "B": 0.0}, {"A": Verdict.TRIP, "B": Verdict.TRIP}, graph, policy, 10.0)

    assert found[frozenset("AB")] == pytest.approx(down * 0.36 / (down * 0.36 + chance))


def test_prior_counts() -> None:
    """The rarer faults with a common cause are, the less sure the same symptoms make."""
    sure = [
        posteriors({"A": 0.0, "B": 0.0}, seen("tto").verdicts, GRAPH, replace(POLICY, prior=prior), 60.0)[
            frozenset("AB")
        ]
        for prior in (0.001, 0.01, 0.035, 0.1)
    ]

    assert sorted(sure) == sure
    assert sure[0] < 0.9 < sure[2]


def test_next_look() -> None:
    """An open case is weighed again every few seconds, until its window is over."""
    state, _ = step(CommonCauseState(), seen("tto"), GRAPH, POLICY, 100.0)

    assert 105.0 == next_due(state, POLICY, 100.0)
    assert math.inf == next_due(state, POLICY, 219.0)
    assert math.inf == next_due(CommonCauseState(), POLICY, 0.0)

from __future__ import annotations

import json
import math
from functools import cache

import numpy as np
import pytest

from sim.engine.records import Run
from sim.engine.run import simulate
from sim.engine.state import Disposition, Handling
from sim.orchestration.breaker import State
from sim.outcomes import incidents
from sim.outcomes.handling import handling_times
from sim.outcomes.measures import MEASURE, quantity, totals, totals_of
from sim.outcomes.summary import compare, story, summarise
from sim.outcomes.waiting import waits_s
from tests.outcomes.made_up import breaker_move, cell, run, scenario

QUARTERS = (1800.0, 5400.0)


@cache
def simulated(records: str = "contacts", variant: str = "breaker", replications: int = 4) -> tuple[Run, ...]:
    """The base scenario, really run."""
    changes = {} if variant == "breaker" else {"failover": {}}
    made = scenario(variant, records=records, mood={"csat": {}}, **changes)
    return tuple(simulate(made, replication) for replication in range(replications))


def test_counts_and_rows_tell_the_same_story() -> None:
    """Service level, abandonment and ASA worked out from contact rows equal those from counts."""
    for one in simulated():
        c = one.contacts
        assert c is not None
        found = totals(one)
        queue = c["queue"]
        within_s = np.array([q.answer_within_s for q in one.scenario.queues])[queue]
        short_s = np.array([q.short_abandon_s for q in one.scenario.queues])[queue]
        wait_s = waits_s(one)
        gone = c["disposition"] == Disposition.QUEUE_ABANDONED
        answered = ~np.isnan(c["answer_s"]) & ~gone
        short = gone & (wait_s <= short_s)
        in_time = answered & (wait_s <= within_s)

        expected = in_time.sum() / (answered.sum() + gone.sum() - short.sum())
        assert expected == pytest.approx(float(MEASURE["service_level"].value(found)), rel=1e-12)
        expected = (gone.sum() - short.sum()) / ((queue >= 0).sum() - short.sum())
        assert expected == pytest.approx(float(MEASURE["abandonment"].value(found)), rel=1e-12)
        assert wait_s[answered].mean() == pytest.approx(float(MEASURE["asa"].value(found)), rel=1e-9)


def test_harm_and_damage_are_the_same_without_contact_rows() -> None:
    """Whatever the window, and of the incident as well."""
    for with_rows, without in zip(simulated(), simulated("intervals"), strict=True):
        assert incidents.harmed(with_rows, QUARTERS) == incidents.harmed(without, QUARTERS)
        assert [one.harmed for one in incidents.incident_outcomes(with_rows)] == [
            one.harmed for one in incidents.incident_outcomes(without)
        ]
        assert incidents.service_level_damage(with_rows) == incidents.service_level_damage(without)


def test_interval_mode_gives_the_same_summary_without_what_needs_rows() -> None:
    """Measures, decomposition and damage are the same to the last bit; percentiles and pools are not there."""
    full, bare = summarise(simulated()), summarise(simulated("intervals"))

    assert full.measures == bare.measures
    assert full.decomposition == bare.decomposition
    assert repr(full.by_intent) == repr(bare.by_intent)  # NaN is not equal to itself
    assert full.damage == bare.damage
    assert full.pools is not None
    assert bare.pools is None
    human = {row.leg: row for row in full.handling}["human_only"]
    bare_human = {row.leg: row for row in bare.handling}["human_only"]
    assert human.mean_s == bare_human.mean_s
    assert human.cv == pytest.approx(bare_human.cv, rel=1e-9)
    assert math.isnan(bare_human.p90_s)
    assert human.p50_s < human.p90_s


def test_handling_types_and_pools_partition_the_offered() -> None:
    """The decomposition and the planned-to-actual matrix both sum to offered."""
    found = summarise(simulated())

    assert found.counts["offered"].value == pytest.approx(
        sum(part.value for part in found.decomposition.values())
    )
    assert found.pools is not None
    assert found.counts["offered"].value == pytest.approx(found.pools.contacts.sum())
    assert found.decomposition["people only"].value == pytest.approx(found.pools.contacts[2].sum())
    assert 0.0 == found.pools.contacts[2, :2].sum()


def test_times_by_contact_are_those_of_the_counts() -> None:
    """Counts and rows agree on how many contacts each leg had and how long they took."""
    for window in (None, QUARTERS):
        found = totals_of(simulated(), window=window)
        for row in handling_times(simulated(), window=window):
            handling = Handling.ESCALATED if row.leg.endswith("escalated") else None
            if handling is None or row.leg.startswith("ai"):
                continue
            assert quantity(found, "handled@escalated").mean() == row.n
            assert quantity(found, "handle_s@escalated").sum() == pytest.approx(row.mean_s.value * row.n * 4)


def test_reasons_account_for_every_hand_over() -> None:
    """Contacts by reason sum to escalated plus spilled."""
    found = summarise(simulated())

    by_kind = {
        kind: sum(r.contacts.value for r in found.reasons if r.kind == kind)
        for kind in ("escalation", "spillover")
    }
    assert found.counts["escalated"].value == pytest.approx(by_kind["escalation"])
    assert found.counts["spilled"].value == pytest.approx(by_kind["spillover"])


def test_an_outage_is_detected_and_spills() -> None:
    """With a breaker the outage of the chat vendor is seen within a minute in every replication, and contacts spill to people."""
    (found,) = summarise(simulated()).incidents

    assert ("vendor.B", "down", ("chat",)) == (found.node, found.effect, found.queues)
    assert 1.0 == found.detected_share
    assert 0.0 < found.detect_s.value < 60.0
    assert found.spilled.value > 20
    assert found.harmed.value > 0


def test_the_same_variant_twice_makes_no_difference() -> None:
    """Paired with itself every difference is exactly 0, with an empty interval."""
    for row in compare(simulated(), simulated()):
        if not math.isnan(row.difference.value):
            assert (0.0, 0.0) == (row.difference.value, row.difference.half_width), row.name
        assert "no clear difference" == row.verdict


def test_differences_are_taken_on_common_replications() -> None:
    """Replications that only one variant has are left out; without common ones nothing can be paired."""
    a, b = simulated(), simulated(variant="no breaker")

    rows = {row.name: row for row in compare(a[:3], b[1:])}

    assert 2 == rows["service_level"].difference.replications
    assert rows["service_level"].a == MEASURE["service_level"].estimate(totals_of(a[1:3]))
    with pytest.raises(ValueError, match="no replication in common"):
        compare(a[:1], b[1:])


@pytest.mark.parametrize(
    ("levels", "verdict"),
    [((50, 50, 52, 48), "no clear difference"), ((70, 71, 69, 70), "better"), ((30, 31, 29, 30), "worse")],
)
def test_a_verdict_needs_an_interval_without_zero(levels: tuple[int, ...], verdict: str) -> None:
    """Service level up is better, down is worse, in between nothing is said."""
    base = (50, 51, 49, 50)

    def days(of: tuple[int, ...]) -> list[Run]:
        return [
            run([cell(0, 0, queued=100, answered=100, answered_within=x)], replication=r)
            for r, x in enumerate(of)
        ]

    found = {row.name: row for row in compare(days(base), days(levels))}

    assert verdict == found["service_level"].verdict
    assert {"better": "better", "worse": "worse"}.get(verdict, verdict) == found["damage"].verdict


def test_a_summary_is_plain_json() -> None:
    """The tree has no NaN, no arrays and no codes."""
    tree = summarise(simulated()).tree()

    text = json.dumps(tree, allow_nan=False)
    assert tree["measures"]["service_level"]["replications"] == 4
    assert "made_up" in text
    json.dumps(summarise(simulated()[:1]).tree(), allow_nan=False)


def test_only_replications_of_one_variant_are_summarised() -> None:
    """Nothing, or a mixture, is refused."""
    with pytest.raises(ValueError, match="no replications"):
        summarise([])
    with pytest.raises(ValueError, match="not all of one variant"):
        summarise([*simulated(), *simulated(variant="no breaker")])


def test_the_story_of_a_run_is_in_words() -> None:
    """Incidents and breaker moves carry local time and reason."""
    told = story(simulated()[0])

    assert ("09:35:00", "vendor.B: outage begins") == (told[0].clock, told[0].text)
    assert any("breaker of B: CLOSED → OPEN" in happening.text for happening in told)
    assert any(happening.text == "vendor.B: outage is over" for happening in told)
    assert any("people wanted" in happening.text for happening in story(simulated()[0], people=True))


def test_a_summary_of_nothing_happening_is_empty_and_not_an_error() -> None:
    """A run without contacts gives NaN measures and zero counts."""
    found = summarise([run([], control=[breaker_move(10.0, State.CLOSED, State.OPEN)])])

    assert math.isnan(found.measures["service_level"].value)
    assert 0.0 == found.counts["offered"].value
    assert () == found.promises

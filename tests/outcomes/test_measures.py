from __future__ import annotations

import math

import numpy as np
import pytest

from sim.engine.state import Handling
from sim.orchestration.words import Reason
from sim.outcomes import measures
from sim.outcomes.figures import FIGURES
from sim.outcomes.measures import (
    EVERYTHING,
    MEASURE,
    MEASURES,
    SERVICE_LEVELS,
    Cut,
    quantity,
    reason_measure,
    table,
    totals,
)
from tests.outcomes.made_up import cell, run, scenario

# 100 asked for a person: 70 answered (60 in time), 24 hung up (4 shortly, 9 within the threshold), 4 blocked, 2 still waiting.
QUEUE = {
    "queued": 100, "answered": 70, "answered_within": 60, "waited": 80, "abandoned": 24, "short_abandoned": 4,
    "abandoned_within": 9, "blocked": 4, "wait_answered_s": 1400.0, "wait_s": 2444.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("service_level", 60 / (70 + 24 - 4)),
        ("sl_answered", 60 / 70),
        ("sl_offered", 60 / 100),
        ("sl_abandon_ignored", 60 / (100 - 9)),
        ("sl_abandon_positive", (60 + 9) / 100),
        ("sl_late_abandon", 60 / (70 + 24 - 9)),
        ("abandonment", (24 - 4) / (100 - 4)),
        ("blocked", 4 / 100),
        ("asa", 1400 / 70),
        ("mean_wait", 2444 / (70 + 24)),
        ("p_wait", 80 / (70 + 24)),
    ],
)
def test_every_queue_measure_is_its_formula(name: str, expected: float) -> None:
    """Each measure of the queue gives what its formula gives on paper."""
    found = totals(run([cell(0, 0, **QUEUE)]))

    assert expected == pytest.approx(float(MEASURE[name].value(found)), rel=1e-12)


def test_the_named_functions_are_the_declared_formulas() -> None:
    """Service levels by function and by declaration are the same number."""
    found = totals(run([cell(0, 0, **QUEUE)]))

    for name in SERVICE_LEVELS:
        assert getattr(measures, name)(found) == float(MEASURE[name].value(found))


def test_ai_sessions_end_in_one_of_four_ways() -> None:
    """Containment, escalation, leaving and breaking off add up to 1; sessions still under way are in none of them."""
    found = totals(
        run(
            [
                cell(
                    0,
                    handling=Handling.AI_CONTAINED,
                    offered=53,
                    ai_sessions=53,
                    ai_resolved=40,
                    false_contained=10,
                ),
                cell(0, handling=Handling.AI_ABANDONED, offered=5, ai_sessions=5, ai_abandoned=5),
                cell(0, handling=Handling.ESCALATED, offered=30, ai_sessions=30, escalated=30, dropped=1),
                cell(0, handling=Handling.SPILLED, offered=20, ai_sessions=15, spilled=20),
                cell(0, handling=Handling.HUMAN_ONLY, offered=7),
            ]
        )
    )

    def value(name: str) -> float:
        return float(MEASURE[name].value(found))

    assert 3 == quantity(found, "in_ai")
    assert (0.5, 0.4, 0.3, 0.15) == (
        value("containment"), value("true_containment"), value("escalation"), value("ai_failed"),
    )  # fmt: skip
    assert 1.0 == sum(value(name) for name in ("containment", "escalation", "ai_abandonment", "ai_failed"))
    assert 10 / 50 == value("false_containment")
    assert 20 / 115 == value("spillover")
    assert 20 / 120 == value("spillover_per_min")
    assert 1 / 50 == value("dropped")
    assert 1.0 == pytest.approx(
        sum(value(f"share_{handling.name.lower()}") for handling in Handling), rel=1e-12
    )


def test_satisfaction_by_who_dealt_with_it() -> None:
    """Points of 100 over answers: all, AI alone (left it included), from the AI to a person, people alone; and their difference."""
    asked = scenario(mood={"csat": {}})
    one = run(
        [
            cell(
                0, handling=Handling.AI_CONTAINED, surveys=4, survey_points=300, rated=30, rated_points=2400
            ),
            cell(0, handling=Handling.AI_ABANDONED, rated=10, rated_points=400),
            cell(0, 0, handling=Handling.ESCALATED, surveys=1, survey_points=50, rated=6, rated_points=300),
            cell(0, 0, handling=Handling.SPILLED, surveys=1, survey_points=100, rated=4, rated_points=300),
            cell(
                0, 0, handling=Handling.HUMAN_ONLY, surveys=5, survey_points=425, rated=10, rated_points=900
            ),
        ],
        made_in=asked,
    )
    of = {name: FIGURES[name].of(one, EVERYTHING, None) for name in FIGURES if name.startswith("csat")}

    assert {
        "csat": (875.0, 11.0), "csat_ai": (300.0, 4.0), "csat_escalated": (150.0, 2.0), "csat_people": (425.0, 5.0),
        "csat_true": (4300.0, 60.0), "csat_true_ai": (2800.0, 40.0), "csat_true_escalated": (600.0, 10.0),
        "csat_true_people": (900.0, 10.0), "csat_delta": (10.0, 1.0), "csat_delta_true": (20.0, 1.0),
    } == of  # fmt: skip
    assert (0.0, 0.0) == FIGURES["csat_delta"].of(run([cell(0, offered=1)]), EVERYTHING, None)


def test_occupancy_is_busy_time_over_time_on_the_floor() -> None:
    """People busy half of the time are occupied by half, in every cut that has people."""
    one = run([cell(0, 0, **QUEUE)])

    assert 0.5 == float(MEASURE["occupancy"].value(totals(one)))
    assert 0.5 == float(MEASURE["occupancy"].value(totals(one, Cut(queue=1))))
    assert 30 * 7200 == quantity(totals(one), "present_s")
    assert 12 * 7200 == quantity(totals(one, Cut(channel=1)), "present_s")
    assert math.isnan(float(MEASURE["occupancy"].value(totals(one, Cut(intent=0)))))


def test_a_window_takes_the_intervals_that_it_overlaps() -> None:
    """09:20 to 09:46 of a day by quarter-hours is the second, third and fourth quarter."""
    one = run([cell(k, 0, queued=10**k, answered=10**k) for k in range(8)])

    assert 1110 == quantity(totals(one, window=(1200.0, 2760.0)), "queued")
    assert 2700 == quantity(totals(one, window=(1200.0, 2760.0)), "span_s")


def test_cuts_of_one_dimension_add_up_to_everything() -> None:
    """Queues (with those who never queued), channels and intents each sum to the whole."""
    one = run(
        [
            cell(0, -1, 1, 0, Handling.AI_CONTAINED, offered=5),
            cell(1, 0, 0, 1, offered=3, queued=3, answered=3),
            cell(2, 1, 1, 0, Handling.ESCALATED, offered=2, queued=2, answered=1, abandoned=1),
        ]
    )

    for cuts in (
        [Cut(queue=q) for q in (-1, 0, 1)],
        [Cut(channel=c) for c in (0, 1)],
        [Cut(intent=i) for i in (0, 1)],
    ):
        for name in ("offered", "queued", "answered", "abandoned"):
            assert quantity(totals(one), name) == sum(quantity(totals(one, cut), name) for cut in cuts)


def test_reasons_are_shares_of_sessions_or_of_offered() -> None:
    """Three of ten closed sessions out of scope are 30 %, two of twenty offered that found the fleet full are 10 %."""
    one = run(
        [
            cell(0, handling=Handling.ESCALATED, offered=10, ai_sessions=10, escalated=10),
            cell(0, handling=Handling.SPILLED, offered=10, spilled=10),
        ],
        reasons={(0, Reason.OUT_OF_SCOPE): 3, (0, Reason.SESSIONS_FULL): 2},
    )

    assert 0.3 == float(reason_measure(Reason.OUT_OF_SCOPE).value(totals(one)))
    assert 0.1 == float(reason_measure(Reason.SESSIONS_FULL).value(totals(one)))
    assert math.isnan(float(reason_measure(Reason.OUT_OF_SCOPE).value(totals(one, Cut(queue=0)))))


def test_replications_are_pooled_and_not_averaged() -> None:
    """A day of 10 in time of 10 and a day of 0 of 90 give a service level of 10 %."""
    days = [
        run([cell(0, 0, queued=10, answered=10, answered_within=10)]),
        run([cell(0, 0, queued=90, answered=90)], replication=1),
    ]

    assert 0.1 == MEASURE["service_level"].estimate(measures.totals_of(days)).value


def test_tables_have_a_row_for_every_interval_queue_channel_and_intent() -> None:
    """Tables carry names and local times, counts per replication and every measure."""
    days = [
        run([cell(1, 0, queued=10, answered=8, answered_within=6, abandoned=2)], replication=r)
        for r in (0, 1)
    ]

    by_interval = table(days)
    by_queue = table(days, "queue", half_widths=True)

    assert 8 == len(by_interval)
    assert "2026-03-02 09:15:00" == str(by_interval["local_time"][1])
    assert 10.0 == by_interval["queued"][1]
    assert 0.6 == by_interval["service_level"][1]
    assert math.isnan(by_interval["service_level"][0])
    assert ["voice", "chat"] == list(by_queue["queue"])
    assert 0.0 == by_queue["service_level_half_width"][0]
    assert {measure.name for measure in MEASURES} <= set(by_queue.columns)
    assert ["order", "billing"] == list(table(days, "intent")["intent"])
    assert ["voice", "chat"] == list(table(days, "channel")["channel"])


def test_local_times_jump_with_the_clocks() -> None:
    """On the day the clocks go forward, an hour after 00:30 is 02:30 in London."""
    spring = scenario(
        calendar={
            "from": "2026-03-29 00:30",
            "until": "2026-03-29 04:00",
            "timezone": "Europe/London",
            "interval": "1h",
        },
        incidents=(),
    )

    shown = table([run([cell(0, 0, queued=1)], made_in=spring)])["local_time"]

    assert ["00:30", "02:30", "03:30"] == [f"{t:%H:%M}" for t in shown]


def test_names_of_measures_are_unique_and_their_quantities_exist() -> None:
    """Every declared measure can be computed."""
    assert len(MEASURES) == len({measure.name for measure in MEASURES})
    for measure in MEASURES:
        measure.value(np.ones(len(measures.QUANTITIES)))

"""The common-cause detector held against the truth, on runs made up by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from sim.engine.records import Run
from sim.engine.what import What
from sim.outcomes.common_cause import SharedFault, cause_quality, shared_faults
from sim.scenario.model import Scenario
from tests.outcomes.made_up import run, scenario

VENDOR, PROVIDER, EDGE = "vendor.B", "provider.P", "edge.E"


def world(*, detector: bool = True) -> Scenario:
    """B and C stand on one provider, D beside it; all three on one edge."""
    fleet = {"channels": ("chat",), "sessions": 40}
    return scenario(
        nodes={
            EDGE: {},
            PROVIDER: {"on": (EDGE,)},
            VENDOR: {"on": (PROVIDER,)},
            "vendor.C": {"on": (PROVIDER,)},
            "vendor.D": {"on": (EDGE,)},
        },
        fleets={name: {"on": f"vendor.{name}", **fleet} for name in "BCD"},
        failover={"breakers": {}, **({"common_cause": {}} if detector else {})},
        incidents=(
            {"at": "09:10", "node": PROVIDER, "effect": "slow", "factor": 3, "lasts": "20m"},
            {"at": "09:15", "node": PROVIDER, "effect": "errors", "share": 0.3, "lasts": "20m"},
        ),
    )


MADE = world()


def fault(node: str, from_s: float, until_s: float, cause: int = 0) -> list[tuple[Any, ...]]:
    """The plant's two rows about a fault."""
    subject = MADE.names.nodes.index(node)
    return [
        (at_s, what, subject, 0, 0, cause, math.nan, math.nan, math.nan)
        for at_s, what in ((from_s, What.INCIDENT_BEGINS), (until_s, What.INCIDENT_ENDS))
    ]


def says(at_s: float, node: str, *, down: bool = True) -> tuple[Any, ...]:
    """The detector declares a node down, or takes it back."""
    return (
        at_s, What.ANCESTOR, MADE.names.nodes.index(node), int(not down), int(down), 0, 0.95, math.nan, 0.9,
    )  # fmt: skip


def day(*rows: tuple[Any, ...], made: Scenario = MADE, replication: int = 0) -> Run:
    """A run of which only the control log matters."""
    return run([], made_in=made, replication=replication, control=sorted(rows, key=lambda row: row[0]))


def test_incidents_of_one_node_that_overlap_are_one_fault() -> None:
    """Slow from 600 to 1800 s and faulty from 900 to 2100 s: one fault of 1,500 s; a vendor's own is nobody's common cause."""
    seen = day(*fault(PROVIDER, 600, 1800), *fault(PROVIDER, 900, 2100, 1), *fault(VENDOR, 3000, 3600))

    provider = MADE.names.nodes.index(PROVIDER)
    assert [SharedFault(provider, 600.0, 2100.0)] == shared_faults(seen)


def test_the_node_at_fault_is_right_another_one_is_not() -> None:
    """P is down from 600 s; P declared at 640 is right after 40 s, the edge at 700 is elsewhere, P long after is wrong."""
    quality = cause_quality(
        [
            day(
                *fault(PROVIDER, 600, 1800),
                says(640, PROVIDER),
                says(700, PROVIDER, down=False),
                says(700, EDGE),
                says(1850, PROVIDER),
                says(1900, PROVIDER),
            )
        ]
    )

    assert quality is not None
    assert (1, 1) == (quality.found, quality.faults)
    assert 40.0 == quality.declared_s.value
    assert (2.0, 1.0, 1.0) == (quality.right.value, quality.elsewhere.value, quality.wrong.value)
    assert 12.0 == pytest.approx(quality.wrong_per_day.value)  # one in two hours


def test_a_fault_that_is_never_named_is_not_found() -> None:
    """One day names it after a minute, one never does: found 1 of 2, the time is that of the day that has one."""
    quality = cause_quality(
        [
            day(*fault(PROVIDER, 600, 1800), says(660, PROVIDER)),
            day(*fault(PROVIDER, 600, 1800), says(660, EDGE), replication=1),
        ]
    )

    assert quality is not None
    assert (1, 2) == (quality.found, quality.faults)
    assert 60.0 == quality.declared_s.value
    assert (0.5, 0.5, 0.0) == (quality.right.value, quality.elsewhere.value, quality.wrong.value)


def test_without_a_detector_nothing_is_judged() -> None:
    """A scenario that has none has no quality of it."""
    assert cause_quality([day(*fault(PROVIDER, 600, 1800), made=world(detector=False))]) is None

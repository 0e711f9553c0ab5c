from __future__ import annotations

from typing import Any

import numpy as np

from sim.engine.records import Run
from sim.reports.actions import all_actions, blocks, sections, table
from sim.reports.blocks import markdown
from sim.scenario.model import Scenario
from sim.store.manifest import jsonable
from tests.outcomes.made_up import cell, run, scenario


def days(made: Scenario, **counters: Any) -> list[Run]:
    """Three replications with the same counts."""
    return [run([cell(1, 0, 0, **counters)], made_in=made, replication=r) for r in range(3)]


def with_relief(variant: str) -> Scenario:
    """The made-up centre with something for long queues."""
    return scenario(variant, watch={}, relief={"callback": {}, "meter": {}})


def test_only_what_happened_is_shown() -> None:
    """Callbacks and turns have a column, holds and plans have none; a variant in which nothing happened has no row."""
    found = all_actions(
        {
            "plain": days(scenario("plain")),
            "relief": days(
                with_relief("relief"), callbacks=10, called_back=8, callbacks_on_time=7, turns=100, calls=150
            ),
        }
    )
    shown = table(found)
    assert shown is not None

    assert ("", "callbacks\nkept", "calls\nper turn") == shown.columns
    assert ["relief"] == [row[0] for row in shown.rows]
    assert "70.0 % ± 0.0\nof 10" == shown.rows[0][1]
    assert shown.rows[0][2].startswith("1.50")


def test_a_plain_study_has_no_such_part() -> None:
    """Without anything that could be done, no block, no section."""
    found = all_actions({"plain": days(scenario("plain"), turns=100, calls=200)})

    assert {} == found
    assert [] == blocks(found)
    assert [] == sections(found)


def test_calls_without_retries_are_not_worth_a_column() -> None:
    """One call a turn is what everybody expects."""
    assert table(all_actions({"relief": days(with_relief("relief"), turns=100, calls=100)})) is None


def test_sections_and_json_can_be_written() -> None:
    """Every table has a cell for every column, and programs get plain numbers."""
    found = all_actions(
        {
            "relief": days(
                with_relief("relief"), callbacks=10, called_back=8, held=5, held_s=100, balked=3, switched=2
            )
        }
    )
    (section,) = sections(found)

    assert "What was done for long queues" == section.title
    assert "| relief |" in markdown([section])
    assert "| relief | 3 ± 0 | 2 ± 0 |" in markdown([section])
    tree = jsonable(found["relief"])
    assert 20.0 == tree["relief"]["metering"]["mean_s"]["value"]
    assert tree["plans"] is None
    assert not np.isnan(tree["relief"]["callbacks"]["reached_share"]["value"])


def test_calls_are_counted_while_incidents_last() -> None:
    """The column is of the stretch that it is asked for, and the note says which."""
    made = scenario(watch={})
    runs = [
        run(
            [cell(0, 0, 0, turns=100, calls=100), cell(2, 0, 0, turns=100, calls=250)],
            made_in=made,
            replication=r,
        )
        for r in range(3)
    ]
    found = all_actions({"watched": runs}, (1800.0, 2700.0))

    assert 2.5 == found["watched"].calls_per_turn.value
    (shown, said) = blocks(found)
    assert ("", "calls\nper turn") == shown.columns  # type: ignore[union-attr]
    assert "calls per turn: 09:30–09:45" in said.lines[0]  # type: ignore[union-attr]


def test_the_detector_tells_what_it_named() -> None:
    """A detector that named nothing, with nothing to name, has no figures; the section counts all the same."""
    made = scenario(
        nodes={"provider.P": {}, "vendor.B": {"on": ("provider.P",)}, "vendor.C": {"on": ("provider.P",)}},
        fleets={
            "B": {"on": "vendor.B", "channels": ("chat",), "sessions": 40},
            "C": {"on": "vendor.C", "channels": ("chat",), "sessions": 40},
        },
        failover={"breakers": {}, "common_cause": {}},
        incidents=(),
    )
    found = all_actions({"detector": days(made)})
    (section,) = sections(found)

    assert "One fault behind several: the detector against the truth" == section.title
    assert (0, 0) == (found["detector"].cause.found, found["detector"].cause.faults)  # type: ignore[union-attr]

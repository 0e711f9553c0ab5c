"""A run takes over the memory of the one before it in its thread, and nobody can tell."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from sim.engine.kernel import driver
from sim.engine.records import Run
from sim.engine.run import simulate
from sim.scenario import build, load
from sim.scenario.model import Scenario

SHORT = ("calendar.until=2026-03-02 11:00",)


def scenario(file: str, variant: str) -> Scenario:
    """A variant of a scenario that ships, until eleven, with rows."""
    loaded = load.load(f"scenarios/{file}.yaml", SHORT)
    return replace(build.build(loaded.variants[variant], name=file), keep_contacts=True)


UNUSUAL = scenario("single_vendor_outage_monday_peak", "plans with metering and callbacks")
USUAL = scenario("r1", "as is")


def runs_in_one_thread(*scenarios: Scenario) -> list[Run]:
    """The runs, one after the other in a thread of their own: the first of them finds nothing."""
    with ThreadPoolExecutor(1) as thread:
        return list(thread.map(simulate, scenarios))


def same(a: Run, b: Run) -> bool:
    """Whether two runs are the same, contact by contact and cell by cell."""
    assert a.contacts is not None
    assert b.contacts is not None
    assert np.array_equal(a.counts.values, b.counts.values)
    assert np.array_equal(a.counts.interval, b.counts.interval)
    return all(np.array_equal(a.contacts[name], b.contacts[name], equal_nan=True) for name in a.contacts)


@pytest.mark.parametrize(("first", "second"), [(UNUSUAL, USUAL), (USUAL, UNUSUAL), (UNUSUAL, UNUSUAL)])
def test_what_a_run_leaves_behind_does_not_show(first: Scenario, second: Scenario) -> None:
    """A run after another, whoever was held, called back or told a wait in that one, is the run that it would be alone."""
    (alone,) = runs_in_one_thread(second)
    _, after = runs_in_one_thread(first, second)
    assert same(alone, after)


def test_space_is_taken_over_and_too_much_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """One space a thread; none is kept that is larger than allowed, and none is shared by two floors at once."""
    with ThreadPoolExecutor(1) as thread:

        def left() -> object:
            return driver._left.__dict__.get("space")

        thread.submit(simulate, USUAL).result()
        space = thread.submit(left).result()
        assert isinstance(space, driver._Space)
        assert not space.unusual
        assert (space.agenda.at_s == np.inf).all()
        assert 0 == space.agenda.length[0]
        thread.submit(simulate, USUAL).result()
        again = thread.submit(left).result()
        assert isinstance(again, driver._Space)
        assert again.journeys is space.journeys
        monkeypatch.setattr(driver, "MOST_LEFT_B", 1000)
        thread.submit(simulate, USUAL).result()
        assert thread.submit(left).result() is None

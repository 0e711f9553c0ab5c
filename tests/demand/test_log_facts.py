from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from sim.demand.facts import day_facts, shipped_day
from sim.scenario.errors import ScenarioError


def test_shipped_day_is_whole_and_consistent() -> None:
    """Counts by interval, by class and by bin are the same contacts; every law is ascending and of its own mean."""
    facts = shipped_day()
    total = facts.observed.total()

    assert facts.day == date(1999, 8, 8)
    assert facts.day.strftime("%A") == "Sunday"
    assert "Technion" in facts.source
    assert (total.offered[0], total.answered[0], total.abandoned[0]) == (1821, 1448, 373)
    np.testing.assert_array_equal(facts.observed.offered, facts.observed.answered + facts.observed.abandoned)
    by_half_hour = facts.arrivals.sum(axis=0).reshape(48, -1).sum(axis=1)
    np.testing.assert_array_equal(facts.observed.offered, by_half_hour)
    np.testing.assert_array_equal(
        facts.arrivals.sum(axis=1), facts.answered_by_class + facts.abandoned_by_class
    )
    assert facts.answered_by_class @ facts.asa_by_class_s == pytest.approx(total.answered_wait_s[0], rel=1e-4)
    assert (facts.agents >= facts.busy).all()
    steps = np.append(facts.floor_times_s, 86_400.0)
    assert facts.agents.sum() / 2 == pytest.approx(
        (facts.floor_agents * np.diff(steps)).sum() / 3600, rel=1e-4
    )
    u = (np.arange(100_000) + 0.5) / 100_000
    for name, mean_s in facts.mean_service_s.items():
        assert facts.service_quantile(name, u).mean() == pytest.approx(mean_s, rel=0.01)
        assert (np.diff(facts.service[name].value_s) >= 0).all()
        assert (facts.service_quantile(name, u, short=False) >= 10.0).all()
    for table in facts.patience.values():
        assert (np.diff(table.value_s) >= 0).all()


def test_a_rare_class_borrows_the_tables_of_all() -> None:
    """A class of six contacts has no law of its own that would not be a list of its calls."""
    facts = shipped_day()
    u = np.array([0.1, 0.5, 0.9])

    assert "english" in facts.classes
    assert "english" not in facts.service
    np.testing.assert_array_equal(facts.service_quantile("english", u), facts.service_quantile("all", u))
    np.testing.assert_array_equal(facts.patience_quantile("english", u), facts.patience_quantile("all", u))


def test_drawn_arrivals_have_the_days_counts_in_every_bin() -> None:
    """Uniform numbers place the contacts within their bins and move none to another bin or class."""
    facts = shipped_day()
    at_s, kind = facts.arrive_s(np.random.default_rng(1).random(int(facts.arrivals.sum())))

    assert (np.diff(at_s) >= 0).all()
    drawn = np.zeros_like(facts.arrivals)
    np.add.at(drawn, (kind, (at_s // facts.bin_s).astype(int)), 1)
    np.testing.assert_array_equal(facts.arrivals, drawn)


def test_facts_of_another_schema_are_refused() -> None:
    """Facts written by another version are told apart and not misread."""
    with pytest.raises(ScenarioError, match="schema 99"):
        day_facts({"schema_version": 99})

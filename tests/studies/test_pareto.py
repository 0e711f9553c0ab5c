"""A front holds what nothing beats, and says how sure that is."""

from __future__ import annotations

import numpy as np
import pytest

from sim.studies import Asked, Cell, Table
from sim.studies.pareto import front


def made_up(values, deviation, seed=1, shared=0.0, replications=20):
    """A table of two figures, containment (higher is better) and asa (lower is better), with normal noise."""
    rng = np.random.default_rng(seed)
    means = np.array(values, dtype=float)[:, None, :]
    own = rng.standard_normal((len(values), replications, 2))
    common = rng.standard_normal((1, replications, 2))
    part = means + deviation * (np.sqrt(shared) * common + np.sqrt(1 - shared) * own)
    cells = tuple(Cell(f"cell {c}", None) for c in range(len(values)))
    asked = (Asked("containment"), Asked("asa"))
    return Table(cells, tuple(range(replications)), asked, part, np.ones_like(part), part[:, :, 0])


def test_without_noise_a_front_is_a_front():
    """Higher containment and lower speed of answer: two trade-offs stay, what is worse in both goes, equals stay."""
    found = front(made_up([(0.8, 10), (0.7, 5), (0.7, 12), (0.8, 10)], 0.0), (0, 1))
    assert ("front", "front", "dominated", "front") == found.places
    assert (None, None, 0, None) == found.by


def test_noise_makes_a_near_tie_near_and_common_customers_make_it_sure():
    """The same gap that independent noise hides is sure where the noise is shared."""
    values = [(0.80, 10.0), (0.79, 10.1)]
    hidden = front(made_up(values, 0.2, seed=5), (0, 1))
    shared = front(made_up(values, 0.02, seed=5, shared=0.99), (0, 1))
    assert "dominated" not in hidden.places
    assert ("front", "dominated") == shared.places


def test_verdicts_hold_together():
    """Five equal cells: in 400 tables at least 95 % have no cell that is called surely dominated.

    False alarm: at exactly 0.95, fewer than 366 of 400 come once in 1,000 times (binomial).
    """
    clean = sum(
        "dominated" not in front(made_up([(0.5, 10.0)] * 5, 0.1, seed, 0.3), (0, 1)).places
        for seed in range(400)
    )
    assert clean >= 366


def test_a_figure_without_a_better_side_cannot_count():
    """Nobody knows which way occupancy should go."""
    table = made_up([(0.8, 10)], 0.0)
    table = Table(
        table.cells,
        table.replications,
        (Asked("occupancy"), Asked("asa")),
        table.part,
        table.whole,
        table.contacts,
    )
    with pytest.raises(ValueError, match="occupancy"):
        front(table, (0, 1))

"""The best cell as numbers: which may be it, and how many replications would tell."""

from __future__ import annotations

import numpy as np
import pytest

from sim.studies import Asked, Cell, Table
from sim.studies.best import best
from sim.studies.select import kim_nelson, most_replications, source_of

from .test_select import Normal


def _table(means: list[float], spread: float, replications: int, figure: str = "service_level") -> Table:
    part = Normal(means, spread, 0.0, 7).part[:, :replications, None]
    cells = tuple(Cell(f"cell {k}", None) for k in range(len(means)))  # type: ignore[arg-type]
    return Table(cells, tuple(range(replications)), (Asked(figure),), part, np.ones_like(part), part[:, :, 0])


def test_what_would_tell_is_enough() -> None:
    """Twenty replications leave two cells. The same twenty over and over leave one after as many as are wanted, and two before that."""
    few = _table([0.90, 0.885, 0.5], 0.05, 20)
    wanted = best(few, 0).wanted
    assert ("cell 0", "cell 1") == best(few, 0).may_be
    assert wanted is not None
    assert 40 < wanted < 2000

    def repeated(times: int) -> Table:
        part = np.tile(few.part, (1, times, 1))
        return Table(few.cells, tuple(range(20 * times)), few.asked, part, np.ones_like(part), part[:, :, 0])

    assert ("cell 0",) == best(repeated(wanted // 20 + 1), 0).may_be
    assert best(repeated(wanted // 20 + 1), 0).wanted is None
    assert 2 == len(best(repeated(wanted // 20 - 1), 0).may_be)


def test_cells_that_are_the_same_are_never_told_apart() -> None:
    """They are named, no number of replications is wanted for them, and either may be chosen."""
    table = _table([0.9, 0.5], 0.05, 12)
    twin = np.concatenate([table.part[:1], table.part])
    cells = (Cell("twin", None), *table.cells)  # type: ignore[arg-type]
    same = Table(cells, table.replications, table.asked, twin, np.ones_like(twin), twin[:, :, 0])
    found = best(same, 0, within=0.01)
    assert {"twin", "cell 0"} == {*found.may_be}
    assert 1 == len(found.equal)
    assert found.wanted is None
    assert found.chosen is not None
    assert found.chosen.promised


@pytest.mark.parametrize("zone", [0.005, 0.02])
def test_the_most_replications_are_enough_for_a_choice(zone: float) -> None:
    """However close cells are, after so many Kim and Nelson's procedure has chosen; one fewer may not do."""
    table = _table([0.9, 0.9, 0.9], 0.05, 20)
    found = best(table, 0, within=zone)
    assert found.chosen is not None
    assert not found.chosen.promised
    most = most_replications(table.part[:, :, 0], table.whole[:, :, 0], zone)
    assert most == found.chosen.wanted
    long = _table([0.9, 0.9, 0.9], 0.05, most)
    assert np.array_equal(table.part, long.part[:, :20])
    assert not kim_nelson(source_of(long, 0), 3, "higher", zone, at_most=most).capped


def test_missing_runs_are_left_out_of_a_choice() -> None:
    """Replications that a cell lacks count for none; with too few left nothing is promised."""
    table = _table([0.9, 0.5], 0.05, 14)
    for at in (3, 8):
        table.part[0, at] = table.whole[0, at] = table.contacts[0, at] = np.nan
    assert 12 == best(table, 0).replications
    assert ("cell 0",) == best(table, 0).may_be
    for at in range(9, 14):
        table.contacts[1, at] = np.nan
    assert not best(table, 0).enough


def test_a_figure_needs_a_better_side() -> None:
    """Occupancy has none."""
    with pytest.raises(ValueError, match="neither"):
        best(_table([0.9, 0.5], 0.05, 12, "occupancy"), 0)

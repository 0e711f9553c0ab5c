"""All rows of a study as arrays: estimates of a cell, paired differences of two."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.outcomes import intervals
from sim.outcomes.intervals import LEVEL, Estimate, FloatArray
from sim.studies.asked import Asked
from sim.studies.rows import Cell, Row

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Table:
    """Pairs of every figure asked for. Position r of two cells is the same customers; NaN where a run is missing."""

    cells: tuple[Cell, ...]
    replications: tuple[int, ...]
    asked: tuple[Asked, ...]
    part: FloatArray
    """Shape (cells, replications, asked)."""
    whole: FloatArray
    """Same."""
    contacts: FloatArray
    """Shape (cells, replications)."""

    @staticmethod
    def of(cells: Sequence[Cell], asked: Sequence[Asked], found: Iterable[Row]) -> Table:
        """Rows in any order; what is missing stays NaN."""
        kept = list(found)
        replications = sorted({row.replication for row in kept})
        at = {r: k for k, r in enumerate(replications)}
        part = np.full((len(cells), len(replications), len(asked)), np.nan)
        whole, contacts = part.copy(), np.full(part.shape[:2], np.nan)
        for row in kept:
            place = row.cell, at[row.replication]
            if len(asked):
                part[place], whole[place] = np.array(row.pairs).T
            contacts[place] = row.contacts
        return Table(tuple(cells), tuple(replications), tuple(asked), part, whole, contacts)

    def pairs(self, cell: int, asked: int) -> tuple[FloatArray, FloatArray]:
        """Part and whole of one figure over the replications that the cell has."""
        here = ~np.isnan(self.part[cell, :, asked])
        return self.part[cell, here, asked], self.whole[cell, here, asked]

    def estimate(self, cell: int, asked: int, level: float = LEVEL) -> Estimate:
        """Value and interval over replications."""
        return intervals.ratio(*self.pairs(cell, asked), level)

    def difference(self, a: int, b: int, asked: int, level: float = LEVEL) -> Estimate:
        """Cell b − cell a, paired, over the replications that both have."""
        both = ~np.isnan(self.part[a, :, asked]) & ~np.isnan(self.part[b, :, asked])
        x, y = (((self.part[c, both, asked]), (self.whole[c, both, asked])) for c in (a, b))
        return intervals.ratio_difference(*x, *y, level)

    def count(self, cell: int) -> int:
        """Replications that a cell has."""
        return int((~np.isnan(self.contacts[cell])).sum())

    def saved(self, a: int, b: int, asked: int) -> float:
        """How many times less the paired difference of two cells varies than if each had met customers of its own.

        NaN where there is nothing to compare; infinite where the two are the same in every replication.
        """
        both = ~np.isnan(self.part[a, :, asked]) & ~np.isnan(self.part[b, :, asked])
        x, y = (intervals.influence(self.part[c, both, asked], self.whole[c, both, asked]) for c in (a, b))
        apart, together = float((x**2).sum() + (y**2).sum()), float(((y - x) ** 2).sum())
        if both.sum() < 2 or not apart > 0.0:
            return math.nan
        return apart / together if together > 0.0 else math.inf

    def complete(self) -> Table:
        """The table of those replications that every cell has."""
        kept = np.flatnonzero(~np.isnan(self.contacts).any(axis=0))
        return Table(
            self.cells,
            tuple(self.replications[k] for k in kept),
            self.asked,
            self.part[:, kept],
            self.whole[:, kept],
            self.contacts[:, kept],
        )

    def frame(self, reference: int | None = None) -> pd.DataFrame:
        """One row a cell: levels, value and half-width of every figure; with *reference* also paired differences from that cell."""
        import pandas as pd

        found = []
        for c, cell in enumerate(self.cells):
            row: dict[str, object] = {
                "cell": cell.name,
                **cell.levels,
                "replications": self.count(c),
            }
            for a, one in enumerate(self.asked):
                estimate = self.estimate(c, a)
                row |= {one.name: estimate.value, f"{one.name} ±": estimate.half_width}
                if reference is not None:
                    gap = _NO_GAP if c == reference else self.difference(reference, c, a)
                    row |= {f"{one.name} difference": gap.value, f"{one.name} difference ±": gap.half_width}
            found.append(row)
        return pd.DataFrame(found)

    def runs(self) -> pd.DataFrame:
        """One row a cell, replication and figure: part, whole and their ratio; runs that are missing are left out."""
        import pandas as pd

        there = np.argwhere(~np.isnan(self.contacts))
        shape = len(there), len(self.asked)
        part, whole = (of[there[:, 0], there[:, 1]].reshape(shape) for of in (self.part, self.whole))
        value = np.divide(part, whole, out=np.full(shape, np.nan), where=whole != 0)
        return pd.DataFrame(
            {
                "cell": np.repeat([self.cells[c].name for c in there[:, 0]], shape[1]),
                "replication": np.repeat([self.replications[r] for r in there[:, 1]], shape[1]),
                "figure": np.tile([one.name for one in self.asked], shape[0]),
                "part": part.ravel(),
                "whole": whole.ravel(),
                "value": value.ravel(),
            }
        )


_NO_GAP = Estimate(math.nan, math.nan, 0)

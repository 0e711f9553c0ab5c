"""Many runs, one question: design, run, compare, choose, staff, and hold to what was promised.

    Asked ─┐
    Cell ──┴─► rows ──► Row (cell, replication, a pair a figure) ──► Table ──► estimates, paired differences

A study never keeps runs. It keeps, of every run, the pairs (part, whole) of the figures asked for: enough for ratio estimators, pairing and
selection, and the same numbers wherever the run was made.
"""

from __future__ import annotations

from sim.studies.asked import Asked
from sim.studies.folder import read
from sim.studies.rows import Cell, Row, measured, rows
from sim.studies.table import Table

__all__ = ["Asked", "Cell", "Row", "Table", "measured", "read", "rows"]

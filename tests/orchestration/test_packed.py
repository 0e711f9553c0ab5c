"""Tuples of arrays handed over by their address are the very arrays."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.orchestration.compiled import compiled, record
from sim.orchestration.packed import Packed, unpacked

ROW = record([("many", np.int64), ("share", np.float64)])


class Inside(NamedTuple):
    """Of different types and shapes."""

    counts: NDArray[np.int64]
    table: NDArray[np.float64]


class Outside(NamedTuple):
    """A tuple in a tuple."""

    inside: Inside
    rows: NDArray[Any]
    flags: NDArray[np.bool_]


@compiled
def _added(packed: Packed[tuple[Outside, NDArray[np.float64]]], k: int) -> float:
    outside, more = unpacked(packed)
    outside.inside.counts[k] += 1
    outside.rows[k].many += 2
    return float(outside.inside.table[k, 1] + outside.rows[k].share + more[k] + outside.flags[k])


def test_arrays_are_read_and_written_in_place() -> None:
    """What is written before and after packing is seen, and what compiled code writes is seen outside."""
    outside = Outside(
        Inside(np.arange(3), np.arange(6.0).reshape(3, 2)),
        np.zeros(3, dtype=ROW),
        np.array([True, False, True]),
    )
    packed = Packed((outside, np.full(3, 100.0)))
    assert 5.0 + 0.0 + 100.0 + 1.0 == _added(packed, 2)
    outside.rows[2].share = 0.25
    outside.inside.table[2, 1] = 7.0
    assert 7.0 + 0.25 + 100.0 + 1.0 == _added(packed, 2)
    assert [0, 1, 4] == outside.inside.counts.tolist()
    assert [0, 0, 4] == outside.rows["many"].tolist()


def test_two_of_one_type_are_two() -> None:
    """One signature serves all tuples of the same types, each with its own arrays."""
    tuples = [
        (Outside(Inside(np.zeros(1, dtype=np.int64), np.full((1, 2), k)), np.zeros(1, dtype=ROW), np.zeros(1, dtype=bool)), np.zeros(1))
        for k in (1.0, 2.0)
    ]  # fmt: skip
    first, second = (Packed(each) for each in tuples)
    assert [1.0, 2.0, 1.0] == [_added(each, 0) for each in (first, second, first)]
    assert [2, 1] == [int(outside.inside.counts[0]) for outside, _ in tuples]

"""Stretches of time, as (from, to)."""

from __future__ import annotations

from collections.abc import Iterable


def union(stretches: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """The same seconds, none of them twice: ascending, and what overlaps or touches in one."""
    merged: list[tuple[float, float]] = []
    for begin_s, end_s in sorted(stretches):
        if merged and begin_s <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end_s)
        else:
            merged.append((begin_s, end_s))
    return merged

"""Who is served next (M34): priority first, then the highest score, where score is waiting time plus credit.

Everybody's wait grows alike, so the highest score is the earliest *due* time `queued_s − credit_s`, and lines of equal priority and
credit are first in, first out: only the heads of lines need comparing.
"""

from __future__ import annotations

from sim.orchestration.compiled import compiled


@compiled
def comes_before(
    priority: int, due_s: float, row: int, other_priority: int, other_due_s: float, other_row: int
) -> bool:
    """Whether one waiting contact is served before another; who came first settles a tie."""
    if priority != other_priority:
        return priority < other_priority
    if due_s != other_due_s:
        return due_s < other_due_s
    return row < other_row

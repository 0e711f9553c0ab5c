"""Autoscaling of a fleet's sessions (M23), as the Kubernetes horizontal autoscaler does it.

Every 15 s: `desired = ceil(current × (active / current) / target)`, nothing when the ratio is within 10 % of 1. Growth is ordered at once
and there after `warm_up_s`; each order has a due time of its own, and what is under way counts as current, so that nothing is ordered
twice. Shrinking goes at most down to the largest desired of the last `hold_s`, first by orders not yet there. Never above the hard
`quota`, never below `at_least`.

A fleet that is full shows at most 100 % utilisation, whatever waits outside: each warm-up multiplies it by 1/target at most (× 1.43).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.orchestration.compiled import compiled, record


class Cause(IntEnum):
    """Why a fleet was scaled; the sentences are in `CAUSES`."""

    UP = 0
    DOWN = 1
    QUOTA = 2


CAUSES: dict[Cause, str] = {
    Cause.UP: "{part:.0f} active of {whole:.0f} sessions ({share:.0%}, target {limit:.0%})",
    Cause.DOWN: "{part:.0f} active of {whole:.0f} sessions ({share:.0%}, target {limit:.0%}) for long enough",
    Cause.QUOTA: "{part:.0f} sessions wanted, at most {limit:.0f} to be had",
}

_UP, _DOWN, _QUOTA = (int(cause) for cause in Cause)


def in_words(cause: int, part: float, whole: float, limit: float) -> str:
    """The sentence of *cause* with the numbers that it rested on."""
    share = part / whole if whole else 0.0
    return CAUSES[Cause(cause)].format(part=part, whole=whole, limit=limit, share=share)


ORDERS, LOOKS = 16, 64
"""Orders that can be under way, and looks that are remembered. A further order joins the last one, which then comes later."""

_ORDERS, _LOOKS = ORDERS, LOOKS

SCALING = record(
    [
        ("on", np.int64),
        ("sessions", np.int64),
        ("pending", np.int64),
        ("fewer", np.int64),
        ("orders", np.int64),
        ("order_due_s", np.float64, (ORDERS,)),
        ("order_adds", np.int64, (ORDERS,)),
        ("next_due_s", np.float64),
        ("next_look_s", np.float64),
        ("looks", np.int64),
        ("look_s", np.float64, (LOOKS,)),
        ("look_desired", np.int64, (LOOKS,)),
        # why it moved last: what a record needs
        ("cause", np.int64),
        ("part", np.float64),
        ("whole", np.float64),
        ("limit", np.float64),
        ("ordered", np.int64),
        ("short_of", np.int64),
        # policy
        ("target", np.float64),
        ("tolerance", np.float64),
        ("every_s", np.float64),
        ("hold_s", np.float64),
        ("warm_up_s", np.float64),
        ("at_least", np.int64),
        ("quota", np.int64),
    ]
)
"""State and policy of one fleet.

`pending` sessions are ordered, `fewer` are to go; `due` carries both out at `next_due_s` (infinite when there is nothing). `ordered` is the
last move (negative: fewer), `short_of` what the quota refused at the last look.
"""

ScalingArray = NDArray[Any]


def scalings(sessions: list[int]) -> ScalingArray:
    """A row for each fleet of so many sessions at the start, with the usual policy, switched off; quota twice the start."""
    rows = np.zeros(len(sessions), dtype=SCALING)
    rows["sessions"] = rows["at_least"] = sessions
    rows["quota"] = [2 * n for n in sessions]
    rows["next_due_s"] = np.inf
    rows["look_s"] = -np.inf
    rows["target"] = 0.7
    rows["tolerance"] = 0.1
    rows["every_s"] = 15.0
    rows["hold_s"] = 300.0
    rows["warm_up_s"] = 120.0
    return rows


@compiled
def _order(rows: ScalingArray, f: int, adds: int, due_s: float) -> None:
    k = rows[f].orders
    if k == _ORDERS:
        k = _ORDERS - 1
        adds += rows[f].order_adds[k]
    else:
        rows[f].orders = k + 1
    rows[f].order_adds[k] = adds
    rows[f].order_due_s[k] = due_s


@compiled
def _cancel(rows: ScalingArray, f: int, fewer: int) -> int:
    """Take up to *fewer* sessions out of the orders, the latest first; how many of them remain to be taken from the fleet."""
    while fewer > 0 and rows[f].orders > 0:
        k = rows[f].orders - 1
        taken = min(fewer, rows[f].order_adds[k])
        rows[f].order_adds[k] -= taken
        rows[f].pending -= taken
        fewer -= taken
        if rows[f].order_adds[k] == 0:
            rows[f].orders = k
    return int(fewer)


@compiled
def _most_desired(rows: ScalingArray, f: int, desired: int, now_s: float) -> int:
    """Note what is desired now; the largest of the last `hold_s`."""
    slot = rows[f].looks % _LOOKS
    rows[f].look_s[slot] = now_s
    rows[f].look_desired[slot] = desired
    rows[f].looks += 1
    most = desired
    for k in range(_LOOKS):
        if now_s - rows[f].look_s[k] <= rows[f].hold_s:
            most = max(most, rows[f].look_desired[k])
    return int(most)


@compiled
def _note(rows: ScalingArray, f: int, cause: int, part: float, whole: float, limit: float) -> None:
    rows[f].cause = cause
    rows[f].part = part
    rows[f].whole = whole
    rows[f].limit = limit


@compiled
def step(rows: ScalingArray, f: int, active: int, sessions: int, now_s: float) -> bool:
    """Look at fleet *f* if a look is due; True when more was ordered, or less is to be had (`ordered`), to be carried out by `due`.

    Args:
        active: Sessions under way.
        sessions: Sessions possible now, before any cap that stress or a fault puts on them.
    """
    if rows[f].on == 0 or now_s < rows[f].next_look_s:
        return False
    rows[f].next_look_s = now_s + rows[f].every_s
    rows[f].sessions = sessions
    total = sessions - rows[f].fewer + rows[f].pending
    if rows[f].looks == 0:
        # What runs at the start was wanted: it is not taken away before `hold_s` have shown that it need not be.
        _most_desired(rows, f, total, now_s)
    wanted = total
    if sessions <= 0:
        wanted = max(total, rows[f].at_least)
    else:
        ratio = active / (sessions * rows[f].target)
        if abs(ratio - 1.0) > rows[f].tolerance + 1e-9:
            # A hair less: 63 / .7 are 90, whatever the last bit says.
            wanted = int(np.ceil(sessions * ratio - 1e-9))
    desired = min(max(wanted, rows[f].at_least), rows[f].quota)
    rows[f].short_of = max(0, wanted - rows[f].quota)
    most = _most_desired(rows, f, desired, now_s)
    if desired > total:
        rows[f].ordered = desired - total
        rows[f].pending += desired - total
        _order(rows, f, desired - total, now_s + rows[f].warm_up_s)
        if wanted > desired:
            _note(rows, f, _QUOTA, float(wanted), float(sessions), float(rows[f].quota))
        else:
            _note(rows, f, _UP, float(active), float(sessions), rows[f].target)
    elif most < total:
        rows[f].ordered = most - total
        rows[f].fewer += _cancel(rows, f, total - most)
        _note(rows, f, _DOWN, float(active), float(sessions), rows[f].target)
    else:
        return False
    _agree(rows, f, now_s)
    return True


@compiled
def _agree(rows: ScalingArray, f: int, now_s: float) -> None:
    """When `due` has something to do next."""
    if rows[f].fewer > 0:
        rows[f].next_due_s = now_s
    elif rows[f].orders > 0:
        rows[f].next_due_s = rows[f].order_due_s[0]
    else:
        rows[f].next_due_s = np.inf


@compiled
def due(rows: ScalingArray, f: int, now_s: float) -> int:
    """Sessions that fleet *f* has from now on; −1 when nothing is due.

    Where that is fewer, those under way end by themselves: no new one starts in their place.
    """
    if now_s < rows[f].next_due_s:
        return -1
    sessions = rows[f].sessions - rows[f].fewer
    rows[f].fewer = 0
    landed = 0
    while landed < rows[f].orders and rows[f].order_due_s[landed] <= now_s:
        sessions += rows[f].order_adds[landed]
        rows[f].pending -= rows[f].order_adds[landed]
        landed += 1
    for k in range(rows[f].orders - landed):
        rows[f].order_due_s[k] = rows[f].order_due_s[k + landed]
        rows[f].order_adds[k] = rows[f].order_adds[k + landed]
    rows[f].orders -= landed
    rows[f].sessions = sessions
    _agree(rows, f, now_s)
    return int(sessions)

"""Circuit breaker of one fleet on infrastructure signals (M25): closed, open, half-open.

The table `NEXT` is the behaviour:

```text
            TRIPPED                      COOLED                     PROVED
CLOSED ───────────────▶ OPEN ───────────────────────▶ HALF_OPEN ───────────▶ CLOSED
                         ▲                                 │
                         └──────── TRIPPED, STALE ─────────┘
```

*Window.* Replies of the last `size` seconds (counted in whole seconds, as resilience4j does), or the last `size` replies, or failures
in a row alone. Below `min_replies` the shares say nothing. Thresholds compare with ≥. A reply that was slow and failed counts in both.

*Half-open.* At most `probes_of` calls are admitted. `probes_need` good ones close the breaker; as soon as so many failed that this cannot
happen any more, it opens again; undecided after `probes_within_s` it opens again too. Each opening in succession cools down twice as long,
up to a cap.

*Epoch.* A reply counts only in the state in which its call was made: one asked before the breaker moved says nothing about now.

Rows of `BREAKER` are the state, one a fleet; rings hold the window. The functions change the row that they are given and touch nothing
else: this runs for every reply of every session.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.orchestration.compiled import compiled, record


class State(IntEnum):
    CLOSED = 0
    OPEN = 1
    HALF_OPEN = 2


class Signal(IntEnum):
    NOTHING = 0
    TRIPPED = 1
    COOLED = 2
    PROVED = 3
    STALE = 4


NEXT: dict[tuple[State, Signal], State] = {
    (State.CLOSED, Signal.TRIPPED): State.OPEN,
    (State.OPEN, Signal.COOLED): State.HALF_OPEN,
    (State.HALF_OPEN, Signal.PROVED): State.CLOSED,
    (State.HALF_OPEN, Signal.TRIPPED): State.OPEN,
    (State.HALF_OPEN, Signal.STALE): State.OPEN,
}

_NEXT = np.full((len(State), len(Signal)), -1, dtype=np.int64)
for (_state, _signal), _to in NEXT.items():
    _NEXT[_state, _signal] = _to


class Cause(IntEnum):
    """Why a breaker moved; the sentences are in `CAUSES`."""

    FAILED_SHARE = 0
    SLOW_SHARE = 1
    IN_A_ROW = 2
    COOLED = 3
    PROVED = 4
    PROBES_FAILED = 5
    PROBES_LATE = 6


CAUSES: dict[Cause, str] = {
    Cause.FAILED_SHARE: "failed replies {part:.0f} of {whole:.0f} ({share:.0%} ≥ {limit:.0%})",
    Cause.SLOW_SHARE: "slow replies {part:.0f} of {whole:.0f} ({share:.0%} ≥ {limit:.0%})",
    Cause.IN_A_ROW: "{part:.0f} failed replies in a row ≥ {limit:.0f}",
    Cause.COOLED: "cooled down for {part:.0f} s",
    Cause.PROVED: "{part:.0f} good probes of {whole:.0f}, {limit:.0f} needed",
    Cause.PROBES_FAILED: "{part:.0f} failed probes of {whole:.0f}, {limit:.0f} good ones needed",
    Cause.PROBES_LATE: "probes undecided after {part:.0f} s",
}


def in_words(cause: int, part: float, whole: float, limit: float) -> str:
    """The sentence of *cause* with the numbers that it rested on."""
    share = part / whole if whole else 0.0
    return CAUSES[Cause(cause)].format(part=part, whole=whole, limit=limit, share=share)


BY_TIME, BY_COUNT, BY_ROW = 0, 1, 2

BREAKER = record(
    [
        ("on", np.int64),
        ("state", np.int64),
        ("since_s", np.float64),
        ("epoch", np.int64),
        ("openings", np.int64),
        ("until_s", np.float64),
        ("issued", np.int64),
        ("good", np.int64),
        ("bad", np.int64),
        ("in_a_row", np.int64),
        ("calls", np.int64),
        ("failed", np.int64),
        ("slow", np.int64),
        ("cursor", np.int64),
        # why it moved last: what a record needs
        ("cause", np.int64),
        ("part", np.float64),
        ("whole", np.float64),
        ("limit", np.float64),
        # policy
        ("by", np.int64),
        ("window", np.int64),  # not `size`: a NumPy scalar has one of its own
        ("min_replies", np.int64),
        ("failed_at", np.float64),
        ("slow_at", np.float64),
        ("row_at", np.int64),
        ("cool_down_s", np.float64),
        ("cool_down_max_s", np.float64),
        ("probes_of", np.int64),
        ("probes_need", np.int64),
        ("probes_within_s", np.float64),
    ]
)
"""State and policy of one breaker. `until_s` is when the next timed move is due (infinite when none is)."""

CALLS, FAILED, SLOW, STAMP = 0, 1, 2, 3
"""Columns of a ring: shape (breakers, slots, 4). By time a slot is one second, `STAMP` its number; by count a slot is one reply."""

BreakerArray = NDArray[Any]
RingArray = NDArray[np.int64]


@compiled
def admits(b: BreakerArray, f: int) -> bool:
    """Whether a new call may go to fleet *f* now; a half-open breaker has only so many probes to give."""
    if b[f].on == 0 or b[f].state == State.CLOSED:
        return True
    return bool(b[f].state == State.HALF_OPEN and b[f].issued < b[f].probes_of)


@compiled
def call_epoch(b: BreakerArray, f: int, admitted: bool) -> int:
    """Note that a call starts at fleet *f*; the number comes back with its reply.

    *admitted* says that it was asked of `admits` just now: in half-open it is then a probe. Any other call of a half-open breaker is not
    counted, which −1 says.
    """
    if b[f].state == State.HALF_OPEN:
        if admitted and b[f].issued < b[f].probes_of:
            b[f].issued += 1
            return int(b[f].epoch)
        return -1
    return int(b[f].epoch)


@compiled
def _move(b: BreakerArray, ring: RingArray, f: int, signal: int, now_s: float) -> bool:
    to = _NEXT[b[f].state, signal]
    if to < 0:
        return False
    b[f].state = to
    b[f].since_s = now_s
    b[f].epoch += 1
    b[f].issued = 0
    b[f].good = 0
    b[f].bad = 0
    b[f].in_a_row = 0
    b[f].calls = 0
    b[f].failed = 0
    b[f].slow = 0
    b[f].cursor = 0
    for slot in range(ring.shape[1]):
        for column in range(3):
            ring[f, slot, column] = 0
        ring[f, slot, STAMP] = -1
    if to == State.OPEN:
        b[f].openings += 1
        cool_down_s = b[f].cool_down_s
        for _ in range(b[f].openings - 1):
            cool_down_s *= 2.0
            if cool_down_s >= b[f].cool_down_max_s:
                break
        b[f].until_s = now_s + min(cool_down_s, b[f].cool_down_max_s)
    elif to == State.HALF_OPEN:
        b[f].until_s = now_s + b[f].probes_within_s
    else:
        b[f].openings = 0
        b[f].until_s = np.inf
    return True


@compiled
def _because(b: BreakerArray, f: int, cause: int, part: float, whole: float, limit: float) -> None:
    b[f].cause = cause
    b[f].part = part
    b[f].whole = whole
    b[f].limit = limit


@compiled
def _count(b: BreakerArray, ring: RingArray, f: int, failed: bool, slow: bool, now_s: float) -> None:
    """Put one reply into the window and take out what is too old for it."""
    size = b[f].window
    if b[f].by == BY_TIME:
        second = int(now_s)
        slot = second % size
        if ring[f, slot, STAMP] != second:
            # Whole seconds that have left the window, whether or not this slot held one of them.
            for k in range(size):
                stamp = ring[f, k, STAMP]
                if stamp >= 0 and stamp <= second - size:
                    b[f].calls -= ring[f, k, CALLS]
                    b[f].failed -= ring[f, k, FAILED]
                    b[f].slow -= ring[f, k, SLOW]
                    ring[f, k, CALLS] = 0
                    ring[f, k, FAILED] = 0
                    ring[f, k, SLOW] = 0
                    ring[f, k, STAMP] = -1
            ring[f, slot, STAMP] = second
        ring[f, slot, CALLS] += 1
        ring[f, slot, FAILED] += 1 if failed else 0
        ring[f, slot, SLOW] += 1 if slow else 0
    else:
        slot = b[f].cursor
        b[f].cursor = (slot + 1) % size
        b[f].calls -= ring[f, slot, CALLS]
        b[f].failed -= ring[f, slot, FAILED]
        b[f].slow -= ring[f, slot, SLOW]
        ring[f, slot, CALLS] = 1
        ring[f, slot, FAILED] = 1 if failed else 0
        ring[f, slot, SLOW] = 1 if slow else 0
    b[f].calls += 1
    b[f].failed += 1 if failed else 0
    b[f].slow += 1 if slow else 0
    b[f].in_a_row = b[f].in_a_row + 1 if failed else 0


@compiled
def on_reply(
    b: BreakerArray, ring: RingArray, f: int, epoch: int, failed: bool, slow: bool, now_s: float
) -> bool:
    """Tell breaker *f* how a call ended; True when this moved it."""
    if b[f].on == 0 or epoch != b[f].epoch or b[f].state == State.OPEN:
        return False
    if b[f].state == State.HALF_OPEN:
        if failed:
            b[f].bad += 1
        else:
            b[f].good += 1
        if b[f].good >= b[f].probes_need:
            _because(b, f, Cause.PROVED, b[f].good, b[f].good + b[f].bad, b[f].probes_need)
            return _move(b, ring, f, Signal.PROVED, now_s)
        if b[f].bad > b[f].probes_of - b[f].probes_need:
            _because(b, f, Cause.PROBES_FAILED, b[f].bad, b[f].good + b[f].bad, b[f].probes_need)
            return _move(b, ring, f, Signal.TRIPPED, now_s)
        return False
    _count(b, ring, f, failed, slow, now_s)
    if b[f].row_at > 0 and b[f].in_a_row >= b[f].row_at:
        _because(b, f, Cause.IN_A_ROW, b[f].in_a_row, b[f].calls, b[f].row_at)
        return _move(b, ring, f, Signal.TRIPPED, now_s)
    if b[f].by == BY_ROW or b[f].calls < b[f].min_replies:
        return False
    if b[f].failed >= b[f].failed_at * b[f].calls:
        _because(b, f, Cause.FAILED_SHARE, b[f].failed, b[f].calls, b[f].failed_at)
        return _move(b, ring, f, Signal.TRIPPED, now_s)
    if b[f].slow >= b[f].slow_at * b[f].calls:
        _because(b, f, Cause.SLOW_SHARE, b[f].slow, b[f].calls, b[f].slow_at)
        return _move(b, ring, f, Signal.TRIPPED, now_s)
    return False


@compiled
def on_time(b: BreakerArray, ring: RingArray, f: int, now_s: float) -> bool:
    """The timed move that is due at `until_s`: an open breaker has cooled, a half-open one waited too long. True when it moved."""
    if now_s < b[f].until_s:
        return False
    if b[f].state == State.OPEN:
        _because(b, f, Cause.COOLED, now_s - b[f].since_s, 0.0, 0.0)
        return _move(b, ring, f, Signal.COOLED, now_s)
    if b[f].state == State.HALF_OPEN:
        _because(b, f, Cause.PROBES_LATE, now_s - b[f].since_s, 0.0, 0.0)
        return _move(b, ring, f, Signal.STALE, now_s)
    return False

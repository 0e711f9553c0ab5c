"""Circuit breaker of one fleet (M25): closed, degraded, open, half-open, and three states that only an operator sets.

The table `NEXT` is the behaviour; `table()` lists it with its reasons:

```text
                 WARNED                   TRIPPED                   COOLED
        ┌─────────────────────▶ DEGRADED ──────────▶ OPEN ─────────────────────▶ HALF_OPEN
     CLOSED ◀───────────────────┘   ▲                ▲  ▲                         │  │  │
      │  ▲       RECOVERED          └────────────────┼──┼─────── ON_TRIAL ────────┘  │  │
      │  └───────────────────────────────────────────┼──┼──────── PROVED ────────────┘  │
      └────────────────── TRIPPED ───────────────────┘  └───── TRIPPED, STALE ──────────┘

any state ── FORCED ──▶ FORCED_OPEN, SWITCHED_OFF ──▶ DISABLED, COUNT_ONLY ──▶ METRICS_ONLY, RELEASED ──▶ CLOSED
```

*Window.* Replies of the last `window` seconds (counted in whole seconds, as resilience4j does), or the last `window` replies, or failures
in a row alone. Below `min_replies` the shares say nothing. Thresholds compare with ≥. A reply that was slow and failed counts in both.

*Half-open.* At most `probes_of` calls are admitted. `probes_need` good ones close the breaker; as soon as so many failed that this cannot
happen any more, it opens again; undecided after `probes_within_s` it opens again too. Each opening in succession cools down twice as long,
up to a cap.

*Degraded.* Every look (`on_look`) holds the window against lower limits and hears what the health monitor says of the sessions. `confirm`
looks of WARN in a row degrade a closed breaker; `recover` looks of OK in a row, and `dwell_s` since it moved, close it again. It admits as
a closed one does, and routing then sends it simple contacts only. Replies are judged as before: the same window goes on, both ways.
Sessions that go badly enough open the breaker, closed or degraded.

*Silence is not health.* A breaker that once had a telling window since it last closed, and has none, gathers no looks of OK; when that has
lasted longer than `nodata_grace_s` the looks read WARN. 0 switches this off: then silence says nothing. A fleet whose traffic is thin
needs synthetic probes, or it stays degraded for want of replies.

*Epoch.* A reply counts only in the state in which its call was made: one asked before the breaker moved says nothing about now. (Closed
and degraded are one in this.)

*Operators.* A forced-open breaker refuses, a disabled one admits and counts nothing, a metrics-only one admits and counts, and never moves
of itself. Names and meaning are resilience4j's.

Rows of `BREAKER` are the state, one a fleet; rings hold the window. The functions change the row that they are given and touch nothing
else: this runs for every reply of every session.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.orchestration.compiled import compiled, record


class State(IntEnum):
    CLOSED = 0
    OPEN = 1
    HALF_OPEN = 2
    DEGRADED = 3
    FORCED_OPEN = 4
    DISABLED = 5
    METRICS_ONLY = 6


class Signal(IntEnum):
    NOTHING = 0
    TRIPPED = 1
    COOLED = 2
    PROVED = 3
    STALE = 4
    WARNED = 5
    RECOVERED = 6
    ON_TRIAL = 7
    """The probes were good, and the policy lets the fleet come back through degraded."""
    RELEASED = 8
    FORCED = 9
    SWITCHED_OFF = 10
    COUNT_ONLY = 11


ORDERS: dict[Signal, State] = {
    Signal.RELEASED: State.CLOSED,
    Signal.FORCED: State.FORCED_OPEN,
    Signal.SWITCHED_OFF: State.DISABLED,
    Signal.COUNT_ONLY: State.METRICS_ONLY,
}
"""What an operator may say in any state, and where it leads."""

NEXT: dict[tuple[State, Signal], State] = {
    (State.CLOSED, Signal.TRIPPED): State.OPEN,
    (State.CLOSED, Signal.WARNED): State.DEGRADED,
    (State.DEGRADED, Signal.TRIPPED): State.OPEN,
    (State.DEGRADED, Signal.RECOVERED): State.CLOSED,
    (State.OPEN, Signal.COOLED): State.HALF_OPEN,
    (State.HALF_OPEN, Signal.PROVED): State.CLOSED,
    (State.HALF_OPEN, Signal.ON_TRIAL): State.DEGRADED,
    (State.HALF_OPEN, Signal.TRIPPED): State.OPEN,
    (State.HALF_OPEN, Signal.STALE): State.OPEN,
} | {(state, signal): to for state in State for signal, to in ORDERS.items() if state != to}
"""Every move there is. A signal that the table does not know in a state leaves that state alone."""

_NEXT = np.full((len(State), len(Signal)), -1, dtype=np.int64)
for (_state, _signal), _to in NEXT.items():
    _NEXT[_state, _signal] = _to

WHY: dict[Signal, str] = {
    Signal.TRIPPED: "failed or slow replies, or failures in a row, or the sessions' verdict reach the limit of opening",
    Signal.COOLED: "the time to cool down is over",
    Signal.PROVED: "enough probes were good",
    Signal.STALE: "the probes did not decide in time",
    Signal.WARNED: "so many looks in a row found replies, sessions or surveys at a limit of warning, or silence",
    Signal.RECOVERED: "so many looks in a row found all well, and it has been degraded long enough",
    Signal.ON_TRIAL: "enough probes were good, and the policy wants a time in degraded first",
    Signal.RELEASED: "an operator gives it back to its rules",
    Signal.FORCED: "an operator keeps every session away",
    Signal.SWITCHED_OFF: "an operator switches it off",
    Signal.COUNT_ONLY: "an operator lets it count and not act",
}
"""Why a signal is given, for `table`."""


def table() -> list[tuple[str, str, str, str]]:
    """Every move as (from, signal, to, why), in the order of `NEXT`: the documentation draws its picture from this."""
    rows = []
    for (state, signal), to in NEXT.items():
        why = WHY[signal]
        if (state, signal) == (State.HALF_OPEN, Signal.TRIPPED):
            why = "so many probes failed that too few can still be good"
        rows.append((state.name, signal.name, to.name, why))
    return rows


class Verdict(IntEnum):
    """What a look says of a fleet, worse from OK on."""

    NODATA = 0
    OK = 1
    WARN = 2
    TRIP = 3


class Cause(IntEnum):
    """Why a breaker moved; the sentences are in `CAUSES`."""

    FAILED_SHARE = 0
    SLOW_SHARE = 1
    IN_A_ROW = 2
    COOLED = 3
    PROVED = 4
    PROBES_FAILED = 5
    PROBES_LATE = 6
    NO_REPLIES = 7
    """Not enough replies for too long: silence is not health."""
    CONTAINMENT = 8
    ACCURACY_LOW = 9
    ACCURACY_UNSURE = 10
    ESCALATED_SHARE = 11
    LOOPED_SHARE = 12
    NO_SESSIONS = 13
    RECOVERED = 14
    BY_ORDER = 15
    DISSATISFIED = 16


NO_CAUSE = -1
"""Cause of a verdict that is neither WARN nor TRIP."""

CAUSES: dict[Cause, str] = {
    Cause.FAILED_SHARE: "failed replies {part:.0f} of {whole:.0f} ({share:.0%} ≥ {limit:.0%})",
    Cause.SLOW_SHARE: "slow replies {part:.0f} of {whole:.0f} ({share:.0%} ≥ {limit:.0%})",
    Cause.IN_A_ROW: "{part:.0f} failed replies in a row ≥ {limit:.0f}",
    Cause.COOLED: "cooled down for {part:.0f} s",
    Cause.PROVED: "{part:.0f} good probes of {whole:.0f}, {limit:.0f} needed",
    Cause.PROBES_FAILED: "{part:.0f} failed probes of {whole:.0f}, {limit:.0f} good ones needed",
    Cause.PROBES_LATE: "probes undecided after {part:.0f} s",
    Cause.NO_REPLIES: "too few replies to tell for {part:.0f} s > {limit:.0f} s",
    Cause.CONTAINMENT: "containment {share:.0%} of {whole:.0f} sessions, {limit:.0%} expected (z {z:.1f})",
    Cause.ACCURACY_LOW: "right in {part:.0f} of {whole:.0f} scored sessions ({share:.0%}), surely below {limit:.0%}",
    Cause.ACCURACY_UNSURE: "right in {part:.0f} of {whole:.0f} scored sessions ({share:.0%}), not surely {limit:.0%}",
    Cause.ESCALATED_SHARE: "escalated {part:.0f} of {whole:.0f} sessions ({share:.0%} ≥ {limit:.0%})",
    Cause.LOOPED_SHARE: "going round in circles {part:.0f} of {whole:.0f} sessions ({share:.0%} ≥ {limit:.0%})",
    Cause.NO_SESSIONS: "too few ended sessions to tell for {part:.0f} s > {limit:.0f} s",
    Cause.RECOVERED: "{part:.0f} good looks in a row, {limit:.0f} needed, after {whole:.0f} s",
    Cause.BY_ORDER: "by order, after {part:.0f} s",
    Cause.DISSATISFIED: "satisfaction {part:.1f} of 100 with the AI, {whole:.1f} with people, more than {limit:g} points less",
}


def in_words(cause: int, part: float, whole: float, limit: float) -> str:
    """The sentence of *cause* with the numbers that it rested on."""
    share = part / whole if whole else 0.0
    z = drop_z(part, whole, limit) if cause == Cause.CONTAINMENT else 0.0
    return CAUSES[Cause(cause)].format(part=part, whole=whole, limit=limit, share=share, z=z)


@compiled
def drop_z(part: float, whole: float, expected: float) -> float:
    """How many standard errors a share lies below the *expected* one, `(p0 − p) / √(p0·(1 − p0) / n)`; 0 where that says nothing."""
    if whole <= 0.0 or expected <= 0.0 or expected >= 1.0:
        return 0.0
    return (expected - part / whole) / math.sqrt(expected * (1.0 - expected) / whole)


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
        ("heard_s", np.float64),  # the last reply counted
        # looks
        ("warned", np.int64),  # looks of WARN in a row
        ("well", np.int64),  # looks of OK in a row
        ("had_replies", np.int64),  # a telling window since the window was emptied
        ("had_sessions", np.int64),  # a telling verdict of the sessions, likewise
        ("told_s", np.float64),  # when the window was last telling
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
        ("degraded_on", np.int64),  # 0: looks hear the sessions' TRIP and nothing else
        ("warn_failed", np.float64),  # 0: not watched, and `warn_slow` likewise
        ("warn_slow", np.float64),
        ("confirm", np.int64),
        ("recover", np.int64),
        ("dwell_s", np.float64),
        ("nodata_grace_s", np.float64),  # 0: silence says nothing
        ("back_to_degraded", np.int64),
    ]
)
"""State and policy of one breaker. `until_s` is when the next timed move is due (infinite when none is)."""

CALLS, FAILED, SLOW, STAMP = 0, 1, 2, 3
"""Columns of a ring: shape (breakers, slots, 4). By time a slot is one second, `STAMP` its number; by count a slot is one reply."""

BreakerArray = NDArray[Any]
RingArray = NDArray[np.int64]

_NODATA, _OK, _WARN, _TRIP = int(Verdict.NODATA), int(Verdict.OK), int(Verdict.WARN), int(Verdict.TRIP)
_FAILED_SHARE, _SLOW_SHARE, _NO_REPLIES = (
    int(Cause.FAILED_SHARE),
    int(Cause.SLOW_SHARE),
    int(Cause.NO_REPLIES),
)
_PROVED, _ON_TRIAL = int(Signal.PROVED), int(Signal.ON_TRIAL)

_ORDER = np.full(len(State), -1, dtype=np.int64)
"""The signal that an order for a state gives: an operator's own, or the one that leads there by the rules."""
for _signal, _to in ORDERS.items():
    _ORDER[_to] = _signal
_ORDER[State.OPEN] = Signal.TRIPPED
_ORDER[State.HALF_OPEN] = Signal.COOLED
_ORDER[State.DEGRADED] = Signal.WARNED


@compiled
def admits(b: BreakerArray, f: int) -> bool:
    """Whether a new call may go to fleet *f* now; a half-open breaker has only so many probes to give.

    A degraded breaker admits: which contacts are simple enough for it (`simple_only`) is for routing to say.
    """
    if b[f].on == 0 or b[f].state == State.CLOSED:
        return True
    if b[f].state == State.HALF_OPEN:
        return bool(b[f].issued < b[f].probes_of)
    return bool(b[f].state != State.OPEN and b[f].state != State.FORCED_OPEN)


@compiled
def simple_only(b: BreakerArray, f: int) -> bool:
    """Whether fleet *f* should be sent simple contacts only: low risk, high capability, few turns, surely understood."""
    return bool(b[f].on != 0 and b[f].state == State.DEGRADED)


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
    before = b[f].state
    to = _NEXT[before, signal]
    if to < 0:
        return False
    b[f].state = to
    b[f].since_s = now_s
    b[f].warned = 0
    b[f].well = 0
    if (before == State.CLOSED and to == State.DEGRADED) or (before == State.DEGRADED and to == State.CLOSED):
        # The same replies tell of both states: they go on counting, and so do calls under way.
        return True
    b[f].had_replies = 0
    b[f].had_sessions = 0
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
def _age(b: BreakerArray, ring: RingArray, f: int, second: int) -> None:
    """Take whole seconds that have left a window by time out of it, whichever slots they are in."""
    size = b[f].window
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


@compiled
def _count(b: BreakerArray, ring: RingArray, f: int, failed: bool, slow: bool, now_s: float) -> None:
    """Put one reply into the window and take out what is too old for it."""
    size = b[f].window
    if b[f].by == BY_TIME:
        second = int(now_s)
        slot = second % size
        if ring[f, slot, STAMP] != second:
            _age(b, ring, f, second)
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
    b[f].heard_s = now_s


@compiled
def on_reply(
    b: BreakerArray, ring: RingArray, f: int, epoch: int, failed: bool, slow: bool, now_s: float
) -> bool:
    """Tell breaker *f* how a call ended; True when this moved it."""
    if b[f].on == 0 or epoch != b[f].epoch or b[f].state == State.OPEN:
        return False
    if b[f].state == State.FORCED_OPEN or b[f].state == State.DISABLED:
        return False
    if b[f].state == State.METRICS_ONLY:
        _count(b, ring, f, failed, slow, now_s)
        return False
    if b[f].state == State.HALF_OPEN:
        if failed:
            b[f].bad += 1
        else:
            b[f].good += 1
        if b[f].good >= b[f].probes_need:
            _because(
                b, f, Cause.PROVED, float(b[f].good), float(b[f].good + b[f].bad), float(b[f].probes_need)
            )
            careful = b[f].degraded_on != 0 and b[f].back_to_degraded != 0
            return _move(b, ring, f, _ON_TRIAL if careful else _PROVED, now_s)
        if b[f].bad > b[f].probes_of - b[f].probes_need:
            _because(
                b,
                f,
                Cause.PROBES_FAILED,
                float(b[f].bad),
                float(b[f].good + b[f].bad),
                float(b[f].probes_need),
            )
            return _move(b, ring, f, Signal.TRIPPED, now_s)
        return False
    _count(b, ring, f, failed, slow, now_s)
    if b[f].row_at > 0 and b[f].in_a_row >= b[f].row_at:
        _because(b, f, Cause.IN_A_ROW, float(b[f].in_a_row), float(b[f].calls), float(b[f].row_at))
        return _move(b, ring, f, Signal.TRIPPED, now_s)
    if b[f].by == BY_ROW or b[f].calls < b[f].min_replies:
        return False
    if b[f].failed >= b[f].failed_at * b[f].calls:
        _because(b, f, Cause.FAILED_SHARE, float(b[f].failed), float(b[f].calls), b[f].failed_at)
        return _move(b, ring, f, Signal.TRIPPED, now_s)
    if b[f].slow >= b[f].slow_at * b[f].calls:
        _because(b, f, Cause.SLOW_SHARE, float(b[f].slow), float(b[f].calls), b[f].slow_at)
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


@compiled
def _replies(b: BreakerArray, ring: RingArray, f: int, now_s: float) -> tuple[int, int, float, float, float]:
    """What the window of replies says at a look: verdict (never TRIP: a reply does that), cause, part, whole, limit."""
    by = b[f].by
    if by == BY_ROW:
        return _NODATA, NO_CAUSE, 0.0, 0.0, 0.0
    if by == BY_TIME:
        _age(b, ring, f, int(now_s))
    telling = b[f].calls >= b[f].min_replies and b[f].calls > 0
    if telling:
        b[f].had_replies = 1
        # The last replies stay in a window by count however old they are: it tells of when they came.
        b[f].told_s = now_s if by == BY_TIME else b[f].heard_s
    silent_s = now_s - b[f].told_s
    if b[f].had_replies != 0 and b[f].nodata_grace_s > 0.0 and silent_s > b[f].nodata_grace_s:
        return _WARN, _NO_REPLIES, silent_s, 0.0, float(b[f].nodata_grace_s)
    if not telling:
        return _NODATA, NO_CAUSE, 0.0, 0.0, 0.0
    calls = float(b[f].calls)
    if b[f].warn_failed > 0.0 and b[f].failed >= b[f].warn_failed * calls:
        return _WARN, _FAILED_SHARE, float(b[f].failed), calls, float(b[f].warn_failed)
    if b[f].warn_slow > 0.0 and b[f].slow >= b[f].warn_slow * calls:
        return _WARN, _SLOW_SHARE, float(b[f].slow), calls, float(b[f].warn_slow)
    return _OK, NO_CAUSE, 0.0, calls, 0.0


@compiled
def _both(b: BreakerArray, f: int, replies: int, semantic: int) -> int:
    """One verdict of two. A sensor that has told before and is silent now leaves no OK; one that never told is left out."""
    worse = max(replies, semantic)
    if worse != _WARN and b[f].nodata_grace_s > 0.0:
        if replies == _NODATA and b[f].had_replies != 0:
            return _NODATA
        if semantic == _NODATA and b[f].had_sessions != 0:
            return _NODATA
    return worse


@compiled
def on_look(
    b: BreakerArray,
    ring: RingArray,
    f: int,
    semantic: int,
    sem_cause: int,
    sem_part: float,
    sem_whole: float,
    sem_limit: float,
    now_s: float,
) -> bool:
    """Look at breaker *f*, every few seconds, whether or not replies came; True when this moved it.

    Args:
        semantic: `Verdict` of the health monitor on the fleet's sessions; NODATA where there is none.
        sem_cause, sem_part, sem_whole, sem_limit: What it rests on.

    A closed or degraded breaker whose policy has `degraded_on` 0 hears a semantic TRIP and nothing else.
    """
    if b[f].on == 0:
        return False
    if b[f].state == State.METRICS_ONLY:
        if b[f].by == BY_TIME:
            _age(b, ring, f, int(now_s))
        return False
    if b[f].state != State.CLOSED and b[f].state != State.DEGRADED:
        return False
    if semantic == _TRIP:
        _because(b, f, sem_cause, sem_part, sem_whole, sem_limit)
        return _move(b, ring, f, Signal.TRIPPED, now_s)
    if b[f].degraded_on == 0:
        return False
    replies, cause, part, whole, limit = _replies(b, ring, f, now_s)
    if semantic != _NODATA:
        b[f].had_sessions = 1
    verdict = _both(b, f, replies, semantic)
    b[f].warned = b[f].warned + 1 if verdict == _WARN else 0
    b[f].well = b[f].well + 1 if verdict == _OK else 0
    if b[f].state == State.CLOSED:
        if verdict != _WARN or b[f].warned < b[f].confirm:
            return False
        if replies == _WARN:
            _because(b, f, cause, part, whole, limit)
        else:
            _because(b, f, sem_cause, sem_part, sem_whole, sem_limit)
        return _move(b, ring, f, Signal.WARNED, now_s)
    lasted_s = now_s - b[f].since_s
    if verdict != _OK or b[f].well < b[f].recover or lasted_s < b[f].dwell_s:
        return False
    _because(b, f, Cause.RECOVERED, float(b[f].well), lasted_s, float(b[f].recover))
    return _move(b, ring, f, Signal.RECOVERED, now_s)


def hold(b: BreakerArray, f: int) -> None:
    """Keep an open breaker open, whatever its time to cool down says, until somebody moves it."""
    assert b[f].state == State.OPEN, "an open breaker is held, and no other"
    b[f].until_s = np.inf


@compiled
def force(b: BreakerArray, ring: RingArray, f: int, to_state: int, now_s: float) -> bool:
    """Do what an operator, or a controller above the fleets, says; True when this moved the breaker.

    CLOSED, FORCED_OPEN, DISABLED and METRICS_ONLY are reached from any other state; OPEN, HALF_OPEN and DEGRADED only from where the rules
    lead there too, so that an operator's own states end only by an operator's word. A fleet without a breaker has nothing to force.
    """
    if b[f].on == 0 or b[f].state == to_state or (to_state == State.DEGRADED and b[f].degraded_on == 0):
        return False
    signal = _ORDER[to_state]
    if _NEXT[b[f].state, signal] != to_state:
        return False
    _because(b, f, Cause.BY_ORDER, now_s - b[f].since_s, 0.0, 0.0)
    return _move(b, ring, f, signal, now_s)

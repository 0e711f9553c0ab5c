"""Hosts of one fleet (M26): which one a call goes to, which are taken out because they fail more than their like.

A fleet of many hosts fails in part: one bad host of twenty spoils a twentieth of all calls, too little for the fleet's breaker to see.
Semantics are those of Envoy's outlier detection:

- *in a row*: so many failed calls of one host in a row take it out at once;
- at every *sweep*: hosts with enough calls since the last one are compared; one whose share of good calls lies more than `deviations`
  standard deviations below the mean of all (at least `min_hosts` to compare) is taken out, and one whose share of failed calls reaches
  `failed_at` as well;
- a host is out for `base_s`, twice as long the second time, three times the third, up to `cap_s`, and comes back at the first sweep after;
- at most `most_share` of the hosts are out at once, always one of several; a fleet of one host loses it never;
- *panic*: fewer than `panic_below` of the hosts left. Envoy then ignores health and spreads calls over all of them. Where the hosts
  answer and answer badly that is wrong, so `to_human` refuses new sessions instead; those under way go on with the hosts that are left.

A sweep needs no clock of its own: it is made by the first call asked for or heard once it is due. All hosts equally bad: nobody is an
outlier, and only the breaker sees it.

An ejected host takes its share of the fleet's sessions with it. Rows of `EJECTION` are state and policy, one a fleet; `HOST` has shape
(fleets, most hosts). The functions change the rows that they are given and touch nothing else.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.orchestration.compiled import compiled, record


class Cause(IntEnum):
    """Why a host went or came back; the sentences are in `CAUSES`."""

    IN_A_ROW = 0
    OUTLIER = 1
    FAILED_SHARE = 2
    RETURNED = 3
    PANIC = 4
    CALM = 5


CAUSES: dict[Cause, str] = {
    Cause.IN_A_ROW: "{part:.0f} failed calls in a row ≥ {limit:.0f}",
    Cause.OUTLIER: "{share:.0%} of {whole:.0f} calls good, under {limit:.0%}, the limit that the other hosts set",
    Cause.FAILED_SHARE: "failed calls {part:.0f} of {whole:.0f} ({share:.0%} ≥ {limit:.0%})",
    Cause.RETURNED: "{part:.0f} s out, taken out {whole:.0f} times so far",
    Cause.PANIC: "{part:.0f} of {whole:.0f} hosts left, under {limit:.0%}",
    Cause.CALM: "{part:.0f} of {whole:.0f} hosts, {limit:.0%} needed",
}

MOST_HOSTS = 50
"""Of one fleet: one event may move them all, and the log of moves keeps room for so many."""

EJECTION = record(
    [
        ("on", np.int64),
        ("hosts", np.int64),
        ("available", np.int64),
        ("panics", np.int64),
        ("sweep_s", np.float64),  # when the next sweep is due
        ("least_good", np.float64),  # limit of good calls at the last sweep
        # why a host moved last: what a record needs
        ("cause", np.int64),
        ("part", np.float64),
        ("whole", np.float64),
        ("limit", np.float64),
        # policy
        ("every_s", np.float64),
        ("row_at", np.int64),  # 0: not watched, and `deviations`, `failed_at`, `panic_below` likewise
        ("deviations", np.float64),
        ("min_hosts", np.int64),
        ("min_calls", np.int64),
        ("failed_at", np.float64),
        ("min_failed_of", np.int64),
        ("base_s", np.float64),
        ("cap_s", np.float64),
        ("most_share", np.float64),
        ("panic_below", np.float64),
        ("to_human", np.int64),
    ]
)
"""State and policy of a fleet's hosts."""

HOST = record(
    [
        ("out", np.int64),
        ("since_s", np.float64),
        ("until_s", np.float64),
        ("times", np.int64),
        ("in_a_row", np.int64),
        ("calls", np.int64),
        ("failed", np.int64),
        ("due", np.int64),  # the cause for which the sweep wants to move it, −1 for none
        ("part", np.float64),
        ("whole", np.float64),
    ]
)
"""One host: its calls since the last sweep, and whether it is out."""

Rows = NDArray[Any]

_IN_A_ROW, _OUTLIER, _FAILED_SHARE, _RETURNED, _PANIC, _CALM = (int(cause) for cause in Cause)


def ejection(hosts: list[int], **policy: float) -> tuple[Rows, Rows]:
    """Hosts of every fleet, all in service; without a policy nobody is ever taken out.

    Args:
        hosts: How many each fleet has.
        policy: Fields of `EJECTION` from `every_s` on, all of them or none.
    """
    rows = np.zeros(max(1, len(hosts)), dtype=EJECTION)
    rows["hosts"] = rows["available"] = hosts or [1]
    for name, value in policy.items():
        rows[name] = value
    rows["on"] = (rows["hosts"] > 1) & bool(policy)
    rows["sweep_s"] = rows["every_s"]
    each = np.zeros((len(rows), max(hosts or [1])), dtype=HOST)
    each["due"] = -1
    return rows, each


@compiled
def host_of(e: Rows, h: Rows, f: int, u: float) -> int:
    """The host that a call of fleet *f* goes to, evenly among those in service; *u* in (0, 1) says which."""
    hosts, available = e[f].hosts, e[f].available
    if available in (0, hosts) or (e[f].panics == 1 and e[f].to_human == 0):
        return int(min(hosts - 1, int(u * hosts)))
    left = min(available - 1, int(u * available))
    for k in range(hosts):
        if h[f, k].out == 0:
            if left == 0:
                return int(k)
            left -= 1
    return int(hosts - 1)


@compiled
def enough_left(e: Rows, f: int) -> bool:
    """Whether fleet *f* may take new sessions, as far as its hosts are concerned."""
    return bool(e[f].panics == 0 or e[f].to_human == 0)


@compiled
def all_in(e: Rows, f: int) -> bool:
    """Whether every host of fleet *f* is in service."""
    return bool(e[f].available == e[f].hosts)


@compiled
def sessions_left(e: Rows, f: int, sessions: int) -> int:
    """Of a fleet's *sessions*, those that the hosts in service can have."""
    if all_in(e, f) or (e[f].panics == 1 and e[f].to_human == 0):
        return int(sessions)
    return int(sessions * e[f].available // e[f].hosts)


@compiled
def in_service(e: Rows, f: int, sessions: int) -> int:
    """Of a fleet's *sessions*, those that it can have as its hosts stand: none where a panic sends new ones to people."""
    return sessions_left(e, f, sessions) if enough_left(e, f) else 0


@compiled
def _has_room(e: Rows, f: int) -> bool:
    out = e[f].hosts - e[f].available
    return bool(out + 1 <= max(1.0, math.floor(e[f].most_share * e[f].hosts + 1e-9)))


@compiled
def _take_out(e: Rows, h: Rows, f: int, k: int, now_s: float) -> None:
    h[f, k].out = 1
    h[f, k].since_s = now_s
    h[f, k].times += 1
    h[f, k].until_s = now_s + min(e[f].cap_s, e[f].base_s * h[f, k].times)
    h[f, k].in_a_row = 0
    e[f].available -= 1


@compiled
def heard(e: Rows, h: Rows, f: int, k: int, failed: bool, now_s: float) -> bool:
    """A call of host *k* of fleet *f* ended; True when this took the host out.

    What comes back from a host that is out already says nothing.
    """
    if h[f, k].out == 1:
        return False
    h[f, k].calls += 1
    if not failed:
        h[f, k].in_a_row = 0
        return False
    h[f, k].failed += 1
    h[f, k].in_a_row += 1
    if e[f].row_at == 0 or h[f, k].in_a_row < e[f].row_at or not _has_room(e, f):
        return False
    e[f].cause = _IN_A_ROW
    e[f].part, e[f].whole, e[f].limit = h[f, k].in_a_row, h[f, k].calls, e[f].row_at
    _take_out(e, h, f, k, now_s)
    return True


@compiled
def sweep(e: Rows, h: Rows, f: int, now_s: float) -> bool:
    """Compare the hosts of fleet *f* when that is due; True when it was: `next_move` then moves them one by one."""
    x = e[f]
    if now_s < x.sweep_s:
        return False
    x.sweep_s += x.every_s * (math.floor((now_s - x.sweep_s) / x.every_s) + 1.0)
    compared, total, squares = 0, 0.0, 0.0
    for k in range(x.hosts):
        if h[f, k].out == 0 and h[f, k].calls > 0 and h[f, k].calls >= x.min_calls:
            good = 1.0 - h[f, k].failed / h[f, k].calls
            compared += 1
            total += good
            squares += good * good
    x.least_good = -1.0
    if x.deviations > 0.0 and compared > 0 and compared >= x.min_hosts:
        mean = total / compared
        x.least_good = mean - x.deviations * math.sqrt(max(0.0, squares / compared - mean * mean))
    for k in range(x.hosts):
        host = h[f, k]
        host.due = -1
        host.part, host.whole = host.failed, host.calls
        if host.out == 1:
            if host.until_s <= now_s:
                host.due = _RETURNED
        elif host.calls >= x.min_calls and host.calls > 0 and 1.0 - host.failed / host.calls < x.least_good:
            host.due = _OUTLIER
        elif (
            x.failed_at > 0.0
            and host.calls > 0
            and host.calls >= x.min_failed_of
            and host.failed >= x.failed_at * host.calls
        ):
            host.due = _FAILED_SHARE
        host.calls = 0
        host.failed = 0
    return True


@compiled
def next_move(e: Rows, h: Rows, f: int, now_s: float) -> int:
    """Move the next host that the sweep wants moved, those that come back first; −1 when there is none left."""
    x = e[f]
    for returning in (True, False):
        for k in range(x.hosts):
            host = h[f, k]
            if host.due < 0 or (host.due == _RETURNED) != returning:
                continue
            x.cause = host.due
            host.due = -1
            if returning:
                host.out = 0
                host.in_a_row = 0
                x.available += 1
                x.part, x.whole, x.limit = now_s - host.since_s, host.times, 0.0
                return int(k)
            if not _has_room(e, f):
                continue
            x.part, x.whole, x.limit = host.part, host.whole, x.failed_at
            if x.cause == _OUTLIER:
                x.part, x.limit = host.whole - host.part, x.least_good
            _take_out(e, h, f, k, now_s)
            return int(k)
    return -1


@compiled
def panic_moved(e: Rows, f: int) -> bool:
    """Begin or end the panic of fleet *f* where its hosts say so; True when this changed."""
    x = e[f]
    panics = int(x.available < x.panic_below * x.hosts)
    if panics == x.panics:
        return False
    x.panics = panics
    x.cause = _PANIC if panics == 1 else _CALM
    x.part, x.whole, x.limit = x.available, x.hosts, x.panic_below
    return True


def in_words(cause: int, part: float, whole: float, limit: float) -> str:
    """The sentence of *cause* with the numbers that it rested on."""
    share = part / whole if whole else 0.0
    return CAUSES[Cause(cause)].format(part=part, whole=whole, limit=limit, share=share)

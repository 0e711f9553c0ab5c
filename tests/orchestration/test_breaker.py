"""The breaker with its degraded state, what it hears of the sessions, and the operator's states.

The infrastructure breaker by itself is walked in tests/laws/test_controller.py. Dice: four checks at 4.5 standard errors, so that all
of them together go wrong for fewer than 3 seeds in 100,000.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.orchestration import breaker
from sim.orchestration.breaker import (
    BREAKER,
    BY_COUNT,
    BY_ROW,
    BY_TIME,
    CAUSES,
    NEXT,
    NO_CAUSE,
    ORDERS,
    WHY,
    Cause,
    Signal,
    State,
    Verdict,
)

USUAL: dict[str, Any] = {
    "by": BY_TIME, "window": 60, "min_replies": 4, "failed_at": 0.5, "slow_at": 0.8, "row_at": 0, "cool_down_s": 30.0,
    "cool_down_max_s": 300.0, "probes_of": 3, "probes_need": 2, "probes_within_s": 60.0, "degraded_on": 1, "warn_failed": 0.1,
    "warn_slow": 0.3, "confirm": 2, "recover": 3, "dwell_s": 60.0, "nodata_grace_s": 0.0, "back_to_degraded": 0,
}  # fmt: skip

BAD_SESSIONS = (Verdict.TRIP, Cause.CONTAINMENT, 49.0, 80.0, 0.85)
POOR_SESSIONS = (Verdict.WARN, Cause.ESCALATED_SHARE, 32.0, 100.0, 0.3)
GOOD_SESSIONS = (Verdict.OK, NO_CAUSE, 0.0, 0.0, 0.0)
NO_SESSIONS = (Verdict.NODATA, NO_CAUSE, 0.0, 0.0, 0.0)


class Breaker:
    """One breaker and its window."""

    def __init__(self, **policy: Any) -> None:
        self.row = np.zeros(1, dtype=BREAKER)
        self.row["on"], self.row["until_s"] = 1, np.inf
        for name, number in (USUAL | policy).items():
            self.row[name] = number
        self.ring = np.zeros((1, int(self.row[0]["window"]), 4), dtype=np.int64)
        self.ring[:, :, breaker.STAMP] = -1

    def ask(self) -> int:
        return int(breaker.call_epoch(self.row, 0, self.admits))

    def reply(self, now_s: float, failed: bool = False, slow: bool = False, epoch: int | None = None) -> bool:
        epoch = self.ask() if epoch is None else epoch
        return bool(breaker.on_reply(self.row, self.ring, 0, epoch, failed, slow, now_s))

    def replies(self, now_s: float, good: int, bad: int = 0) -> None:
        """So many good replies, then so many that fail; none moves the breaker."""
        for failed in [False] * good + [True] * bad:
            assert not self.reply(now_s, failed)

    def look(self, now_s: float, sessions: tuple[int, int, float, float, float] = NO_SESSIONS) -> bool:
        semantic, cause, *numbers = sessions
        return bool(breaker.on_look(self.row, self.ring, 0, int(semantic), int(cause), *numbers, now_s))

    def time(self, now_s: float) -> bool:
        return bool(breaker.on_time(self.row, self.ring, 0, now_s))

    def force(self, to: State, now_s: float) -> bool:
        return bool(breaker.force(self.row, self.ring, 0, int(to), now_s))

    @property
    def admits(self) -> bool:
        return bool(breaker.admits(self.row, 0))

    @property
    def simple_only(self) -> bool:
        return bool(breaker.simple_only(self.row, 0))

    @property
    def state(self) -> State:
        return State(int(self.row[0].state))

    @property
    def why(self) -> str:
        b = self.row[0]
        return breaker.in_words(int(b.cause), float(b.part), float(b.whole), float(b.limit))

    def window(self) -> tuple[int, int, int]:
        return tuple(int(self.row[0][name]) for name in ("calls", "failed", "slow"))  # type: ignore[return-value]

    def everything(self) -> tuple[bytes, bytes]:
        return self.row.tobytes(), self.ring.tobytes()


# --- the table ---


def _degraded(b: Breaker) -> None:
    b.replies(1.0, good=8, bad=1)
    assert [False, True] == [b.look(10.0), b.look(20.0)]


def _opened(b: Breaker) -> None:
    for k in range(4):
        b.reply(1.0, failed=k > 1)


def _half_open(b: Breaker) -> None:
    _opened(b)
    assert b.time(31.0)


REACH: dict[State, Callable[[Breaker], object]] = {
    State.CLOSED: lambda _: None,
    State.DEGRADED: _degraded,
    State.OPEN: _opened,
    State.HALF_OPEN: _half_open,
    State.FORCED_OPEN: lambda b: b.force(State.FORCED_OPEN, 1.0),
    State.DISABLED: lambda b: b.force(State.DISABLED, 1.0),
    State.METRICS_ONLY: lambda b: b.force(State.METRICS_ONLY, 1.0),
}
"""Real calls that bring a new breaker into a state."""


def _fail(b: Breaker) -> list[bool]:
    return [b.reply(40.0, failed=True) for _ in range(8)]


def _prove(b: Breaker) -> list[bool]:
    return [b.reply(40.0) for _ in range(2)]


def _all_well(b: Breaker) -> list[bool]:
    b.replies(100.0, good=20)
    return [b.look(100.0 + k) for k in range(3)]


SEND: dict[tuple[State, Signal], Callable[[Breaker], list[bool]]] = {
    (State.CLOSED, Signal.TRIPPED): _fail,
    (State.CLOSED, Signal.WARNED): lambda b: [b.look(30.0 + k, POOR_SESSIONS) for k in range(2)],
    (State.DEGRADED, Signal.TRIPPED): _fail,
    (State.DEGRADED, Signal.RECOVERED): _all_well,
    (State.OPEN, Signal.COOLED): lambda b: [b.time(31.0)],
    (State.HALF_OPEN, Signal.PROVED): _prove,
    (State.HALF_OPEN, Signal.ON_TRIAL): _prove,
    (State.HALF_OPEN, Signal.TRIPPED): _fail,
    (State.HALF_OPEN, Signal.STALE): lambda b: [b.time(91.0)],
} | {
    (state, signal): (lambda b, to=to: [b.force(to, 40.0)])  # type: ignore[misc]
    for state in State
    for signal, to in ORDERS.items()
    if state != to
}
"""Real calls that give a breaker in that state that signal."""


def test_every_move_of_the_table_can_be_sent() -> None:
    """The tests below walk the whole table, and nothing beside it."""
    assert set(NEXT) == set(SEND)
    assert set(State) == set(REACH)


@pytest.mark.parametrize(("state", "signal"), list(NEXT), ids=lambda v: v.name)
def test_every_move_of_the_table_is_walked(state: State, signal: Signal) -> None:
    """Real calls bring a breaker into each state, give each signal that the table knows there, and it goes where the table says."""
    b = Breaker(back_to_degraded=signal == Signal.ON_TRIAL)
    REACH[state](b)
    assert state == b.state
    moved = SEND[state, signal](b)
    assert 1 == sum(moved)
    assert NEXT[state, signal] == b.state
    assert b.why


def test_nothing_moves_outside_the_table() -> None:
    """Every pair of state and signal outside the table leaves the whole breaker alone."""
    for state, signal in itertools.product(State, Signal):
        b = Breaker()
        REACH[state](b)
        before = b.everything()
        moved = bool(breaker._move(b.row, b.ring, 0, int(signal), 50.0))
        assert ((state, signal) in NEXT) == moved
        assert moved or before == b.everything()


def test_the_table_in_plain_words() -> None:
    """The table that the documentation is drawn from names every move once, each with a reason."""
    rows = breaker.table()
    assert {(state.name, signal.name, to.name) for (state, signal), to in NEXT.items()} == {
        r[:3] for r in rows
    }
    assert len(NEXT) == len(rows)
    assert set(Signal) - {Signal.NOTHING} == set(WHY)
    assert all(len(why) > 10 for *_, why in rows)


def test_every_cause_has_a_sentence() -> None:
    """Each cause makes a sentence from any three numbers, zeros and missing baselines too."""
    assert set(Cause) == set(CAUSES)
    for cause, numbers in itertools.product(Cause, [(0.0, 0.0, 0.0), (3.0, 10.0, 0.2), (10.0, 10.0, 1.0)]):
        assert breaker.in_words(int(cause), *numbers)
    assert "containment 61% of 80 sessions, 85% expected (z 5.9)" == breaker.in_words(
        Cause.CONTAINMENT, 49, 80, 0.85
    )


# --- degraded ---


def test_warnings_in_a_row_degrade() -> None:
    """Two looks of WARN in a row degrade a closed breaker; one between two good ones does not. The window and the epoch go on."""
    b = Breaker()
    late = b.ask()
    b.replies(1.0, good=9, bad=1)
    assert not b.look(10.0)
    b.replies(11.0, good=1)  # one of eleven is under a tenth
    assert not b.look(20.0)
    b.replies(21.0, good=0, bad=1)
    assert not b.look(30.0)
    assert b.look(40.0)
    assert State.DEGRADED == b.state
    assert "failed replies 2 of 12 (17% ≥ 10%)" == b.why
    assert (b.admits, b.simple_only) == (True, True)
    assert (12, 2, 0) == b.window()
    assert not b.reply(41.0, epoch=late)  # a call of the closed breaker counts
    assert (13, 2, 0) == b.window()
    assert math.inf == b.row[0].until_s


def test_good_looks_in_a_row_recover() -> None:
    """Degraded closes after three looks of OK in a row, and not before it was degraded for a minute; a WARN between starts the row anew."""
    b = Breaker()
    _degraded(b)  # at 20 s
    b.replies(30.0, good=20)
    assert [False] * 4 == [b.look(now_s) for now_s in (40.0, 50.0, 60.0, 70.0)]
    assert b.look(80.0)
    assert State.CLOSED == b.state
    assert "5 good looks in a row, 3 needed, after 60 s" == b.why
    assert (b.admits, b.simple_only) == (True, False)

    b = Breaker()
    _degraded(b)
    b.replies(70.0, good=20)
    assert not any([b.look(75.0), b.look(78.0), b.look(80.0, POOR_SESSIONS), b.look(90.0), b.look(100.0)])
    assert b.look(110.0)


def test_a_reply_trips_degraded_as_it_trips_closed() -> None:
    """Degraded opens on the same reply as a closed breaker, on the same window."""
    b, closed = Breaker(), Breaker(degraded_on=0)
    _degraded(b)
    degraded_on_replies = [b.reply(25.0, failed=True) for _ in range(8)]
    closed.replies(1.0, good=8, bad=1)
    assert [closed.reply(25.0, failed=True) for _ in range(8)] == degraded_on_replies
    assert State.OPEN == b.state == closed.state
    assert b.why == closed.why == "failed replies 8 of 16 (50% ≥ 50%)"
    assert 55.0 == b.row[0].until_s


@pytest.mark.parametrize("state", [State.CLOSED, State.DEGRADED])
def test_bad_sessions_open(state: State) -> None:
    """Sessions that go badly enough open a closed breaker and a degraded one at the first look, however well the replies are."""
    b = Breaker()
    REACH[state](b)
    assert b.look(30.0, BAD_SESSIONS)
    assert State.OPEN == b.state
    assert "containment 61% of 80 sessions, 85% expected (z 5.9)" == b.why
    assert (60.0, False) == (b.row[0].until_s, b.admits)


@pytest.mark.parametrize(
    "state", [State.OPEN, State.HALF_OPEN, State.FORCED_OPEN, State.DISABLED, State.METRICS_ONLY]
)
def test_looks_leave_other_states_alone(state: State) -> None:
    """Only closed and degraded breakers hear of the sessions: elsewhere probes, time or the operator decide."""
    b = Breaker()
    REACH[state](b)
    assert not any(b.look(40.0 + k, sessions) for k in range(5) for sessions in (BAD_SESSIONS, POOR_SESSIONS))
    assert state == b.state


def test_without_degraded_looks_hear_only_the_worst() -> None:
    """A policy without a degraded state leaves every byte alone at a look, but for sessions bad enough to open."""
    b = Breaker(degraded_on=0, nodata_grace_s=1.0)
    b.replies(1.0, good=8, bad=1)
    before = b.everything()
    assert not any(
        b.look(10.0 * k, sessions)
        for k in range(20)
        for sessions in (POOR_SESSIONS, NO_SESSIONS, GOOD_SESSIONS)
    )
    assert before == b.everything()
    assert not b.force(State.DEGRADED, 200.0)
    assert b.look(210.0, BAD_SESSIONS)


def test_a_window_ages_though_no_reply_comes() -> None:
    """Seconds leave the window at a look too: failures of a minute ago warn no longer."""
    b = Breaker(confirm=1, min_replies=1)
    b.replies(0.5, good=8, bad=1)
    b.replies(30.5, good=9)
    assert not b.look(60.0)
    assert (9, 0, 0) == b.window()
    assert not b.look(89.9)
    assert (9, 0, 0) == b.window()
    assert not b.look(90.0)
    assert (0, 0, 0) == b.window()


def test_slow_replies_warn() -> None:
    """Slow replies warn at their own share, and a limit of 0 is not watched."""
    b = Breaker(confirm=1)
    assert not any(b.reply(1.0, slow=k < 3) for k in range(10))
    assert b.look(2.0)
    assert "slow replies 3 of 10 (30% ≥ 30%)" == b.why
    b = Breaker(confirm=1, warn_failed=0.0, warn_slow=0.0)
    assert not any(b.reply(1.0, slow=k > 6, failed=k > 7) for k in range(10))
    assert not b.look(2.0)


def test_silence_after_data_reads_as_a_warning() -> None:
    """Replies that stop coming leave neither OK nor, after the grace, health: the breaker degrades. Silence from the start says nothing."""
    b = Breaker(nodata_grace_s=100.0)
    assert not any(b.look(10.0 * k) for k in range(1, 50))
    b.replies(500.0, good=10)
    assert not b.look(500.0)
    assert [False] * 16 == [b.look(510.0 + 10 * k) for k in range(16)]  # to 660: last telling at 550
    assert b.look(670.0)
    assert State.DEGRADED == b.state
    assert "too few replies to tell for 120 s > 100 s" == b.why
    assert not any(b.look(680.0 + 10 * k, GOOD_SESSIONS) for k in range(30))  # nor does it recover in silence
    b.replies(1000.0, good=10)
    assert [False, False, True] == [b.look(1000.0 + k, GOOD_SESSIONS) for k in range(3)]


def test_silence_says_nothing_without_a_grace() -> None:
    """With a grace of 0 no silence degrades, and the sessions alone may close a degraded breaker."""
    b = Breaker(nodata_grace_s=0.0)
    _degraded(b)
    assert not any(b.look(200.0 + k) for k in range(10))
    assert [False, False, True] == [b.look(300.0 + k, GOOD_SESSIONS) for k in range(3)]


def test_sessions_that_fell_silent_leave_no_recovery() -> None:
    """Degraded for its sessions, a breaker does not close because nobody hears of them any more."""
    b = Breaker(nodata_grace_s=1000.0)
    assert [False, True] == [b.look(10.0 + k, POOR_SESSIONS) for k in range(2)]
    assert "escalated 32 of 100 sessions (32% ≥ 30%)" == b.why
    b.replies(100.0, good=20)
    assert not any(b.look(100.0 + k) for k in range(10))
    assert [False, False, True] == [b.look(120.0 + k, GOOD_SESSIONS) for k in range(3)]


def test_replies_that_fell_silent_leave_no_recovery() -> None:
    """Degraded for its replies, a breaker does not close on good sessions while the replies have stopped coming, grace or not."""
    b = Breaker(nodata_grace_s=1000.0)
    _degraded(b)
    assert not any(b.look(100.0 + k, GOOD_SESSIONS) for k in range(10))
    b.replies(120.0, good=20)
    assert [False, False, True] == [b.look(120.0 + k, GOOD_SESSIONS) for k in range(3)]


@pytest.mark.parametrize("way", ["proved", "released"])
def test_a_breaker_that_comes_back_has_told_nothing_yet(way: str) -> None:
    """What was told before an opening is forgotten: silence after it is no warning, and no reason to stay degraded."""
    b = Breaker(nodata_grace_s=10.0)
    b.replies(1.0, good=8)
    assert not b.look(2.0, GOOD_SESSIONS)
    assert b.look(3.0, BAD_SESSIONS)
    if way == "released":
        assert b.force(State.CLOSED, 33.0)
    else:
        assert b.time(33.0)
        assert _prove(b)[-1]
    assert State.CLOSED == b.state
    assert not any(b.look(100.0 + 10 * k) for k in range(10))
    assert State.CLOSED == b.state
    assert b.force(State.DEGRADED, 300.0)
    assert not any(b.reply(360.0) for _ in range(20))
    assert [False, False, True] == [b.look(360.0 + k) for k in range(3)]


def test_a_window_by_count_grows_silent_too() -> None:
    """The last replies of a window by count never leave it, but they tell only of when they came."""
    b = Breaker(by=BY_COUNT, window=10, nodata_grace_s=100.0, confirm=1)
    b.replies(5.0, good=10)
    assert not b.look(105.0)
    assert b.look(106.0)
    assert "too few replies to tell for 101 s > 100 s" == b.why
    b = Breaker(by=BY_ROW, window=1, row_at=3, min_replies=1, nodata_grace_s=10.0, confirm=1)
    b.replies(1.0, good=5)
    assert not b.look(1000.0)  # failures in a row have no share to watch


def test_back_through_degraded() -> None:
    """A fleet that has proved itself comes back through degraded where the policy says so, its window empty, no openings in a row."""
    b = Breaker(back_to_degraded=1)
    _half_open(b)
    epoch = int(b.row[0].epoch)
    assert [False, True] == _prove(b)
    assert State.DEGRADED == b.state
    assert (epoch + 1, 0, math.inf, (0, 0, 0)) == (
        b.row[0].epoch,
        b.row[0].openings,
        b.row[0].until_s,
        b.window(),
    )
    b.replies(110.0, good=20)
    assert [False, False, True] == [b.look(110.0 + k) for k in range(3)]
    assert State.CLOSED == b.state
    b = Breaker(back_to_degraded=1, degraded_on=0)
    _half_open(b)
    _prove(b)
    assert State.CLOSED == b.state


# --- operators ---


def test_what_operators_states_admit_and_count() -> None:
    """Forced open refuses, disabled admits and counts nothing, metrics-only admits, counts and never moves; none moves of itself."""
    for state, admits, counts in [
        (State.FORCED_OPEN, False, False),
        (State.DISABLED, True, False),
        (State.METRICS_ONLY, True, True),
    ]:
        b = Breaker(row_at=3)
        before = b.ask()
        assert b.force(state, 5.0)
        assert "by order, after 5 s" == b.why
        assert (admits, False) == (b.admits, b.simple_only)
        assert not any(b.reply(10.0, failed=True, slow=True) for _ in range(10))
        assert not b.reply(10.0, failed=True, epoch=before)
        assert ((10, 10, 10) if counts else (0, 0, 0)) == b.window()
        assert not b.look(15.0, BAD_SESSIONS)
        assert not b.time(1e9)
        assert not b.look(80.0)
        assert (0, 0, 0) == b.window()
        assert not b.force(state, 90.0)
        assert b.force(State.CLOSED, 100.0)
        assert (State.CLOSED, True, 0, math.inf) == (b.state, b.admits, b.row[0].openings, b.row[0].until_s)


def test_orders_that_the_table_does_not_know() -> None:
    """An operator's own state ends by an operator's word alone: no other controller opens, probes or degrades it."""
    for state, to in itertools.product(State, (State.OPEN, State.HALF_OPEN, State.DEGRADED)):
        b = Breaker()
        REACH[state](b)
        known = to in {reached for (at, _), reached in NEXT.items() if at == state}
        # From half-open the way to degraded is a proof, which nobody can order.
        known = known and (state, to) != (State.HALF_OPEN, State.DEGRADED)
        assert known == b.force(to, 50.0)
        assert (to if known else state) == b.state
    b = Breaker(on=0)
    assert not b.force(State.FORCED_OPEN, 1.0)
    assert not b.look(1.0, BAD_SESSIONS)
    assert (True, False) == (b.admits, b.simple_only)


def test_an_ordered_opening_cools_down_as_any_other() -> None:
    """A breaker opened from above refuses, cools down and is probed as one that tripped; its cool-down timer is its own."""
    b = Breaker()
    _opened(b)
    assert b.force(State.CLOSED, 10.0)
    assert b.force(State.OPEN, 20.0)
    assert not b.time(31.0)  # the timer of the first opening
    assert b.time(50.0)
    assert State.HALF_OPEN == b.state


# --- probes ---


@pytest.mark.parametrize(
    ("of", "need", "good_share", "expected"),
    [(5, 4, 0.5, 0.1875), (5, 4, 0.95, 0.9774075), (1, 1, 0.5, 0.5), (1, 1, 0.95, 0.95)],
)
def test_how_often_probes_close(of: int, need: int, good_share: float, expected: float) -> None:
    """Four good probes of five close on a half-broken fleet in 0.188 of trials, on a healthy one in 0.977; one probe in 0.5 and 0.95.

    10,000 trials, 4.5 standard errors: goes wrong for 7 seeds in a million.
    """
    law = sum(math.comb(of, k) * good_share**k * (1 - good_share) ** (of - k) for k in range(need, of + 1))
    assert expected == pytest.approx(law, abs=1e-12)
    rng = np.random.default_rng([of, round(100 * good_share)])
    b = Breaker(by=BY_ROW, window=1, row_at=1, probes_of=of, probes_need=need, cool_down_max_s=30.0)
    n, closed, now_s = 10_000, 0, 0.0
    for good in (rng.random((n, of)) < good_share).tolist():
        if b.state == State.CLOSED:
            b.reply(now_s, failed=True)
        now_s += 30.0
        b.time(now_s)
        for is_good in good:
            if b.reply(now_s, failed=not is_good):
                break
        assert b.state in {State.CLOSED, State.OPEN}
        closed += b.state == State.CLOSED
    assert abs(closed / n - law) <= 4.5 * math.sqrt(law * (1 - law) / n)


# --- retold, and replayed ---


class Retold:
    """Closed and degraded retold in plain Python: keep every reply, count again each time."""

    def __init__(self, policy: dict[str, Any]) -> None:
        self.p = USUAL | policy
        self.state, self.since_s = State.CLOSED, 0.0
        self.replies: list[tuple[float, bool, bool]] = []
        self.looks: list[Verdict] = []
        self.told_s: float | None = None
        self.had_sessions = False

    def window(self, now_s: float) -> list[tuple[float, bool, bool]]:
        if self.p["by"] == BY_COUNT:
            return self.replies[-self.p["window"] :]
        return [r for r in self.replies if int(r[0]) > int(now_s) - self.p["window"]]

    def reply(self, now_s: float, failed: bool, slow: bool) -> State | None:
        self.replies.append((now_s, failed, slow))
        window = self.window(now_s)
        n = len(window)
        bad = sum(r[1] for r in window) >= self.p["failed_at"] * n
        bad = bad or sum(r[2] for r in window) >= self.p["slow_at"] * n
        return State.OPEN if n >= self.p["min_replies"] and bad else None

    def judge(self, now_s: float, sessions: Verdict) -> Verdict:
        window, grace_s = self.window(now_s), self.p["nodata_grace_s"]
        n, infra = len(window), Verdict.NODATA
        if n >= self.p["min_replies"]:
            self.told_s = now_s if self.p["by"] == BY_TIME else self.replies[-1][0]
            warned = sum(r[1] for r in window) >= self.p["warn_failed"] * n
            warned = warned or sum(r[2] for r in window) >= self.p["warn_slow"] * n
            infra = Verdict.WARN if warned else Verdict.OK
        if grace_s and self.told_s is not None and now_s - self.told_s > grace_s:
            infra = Verdict.WARN
        self.had_sessions = self.had_sessions or sessions != Verdict.NODATA
        if Verdict.WARN in {infra, sessions}:
            return Verdict.WARN
        if grace_s and (
            (infra == Verdict.NODATA and self.told_s is not None)
            or (sessions == Verdict.NODATA and self.had_sessions)
        ):
            return Verdict.NODATA
        return Verdict.OK if Verdict.OK in {infra, sessions} else Verdict.NODATA

    def look(self, now_s: float, sessions: Verdict) -> State | None:
        if sessions == Verdict.TRIP:
            return State.OPEN
        self.looks.append(self.judge(now_s, sessions))
        if (
            self.state == State.CLOSED
            and self.looks[-self.p["confirm"] :] == [Verdict.WARN] * self.p["confirm"]
        ):
            to = State.DEGRADED
        elif (
            self.state == State.DEGRADED
            and self.looks[-self.p["recover"] :] == [Verdict.OK] * self.p["recover"]
            and now_s - self.since_s >= self.p["dwell_s"]
        ):
            to = State.CLOSED
        else:
            return None
        self.state, self.since_s, self.looks = to, now_s, []
        return to


@settings(max_examples=300, deadline=None)
@given(
    policy=st.fixed_dictionaries(
        {
            "by": st.sampled_from([BY_TIME, BY_COUNT]),
            "window": st.integers(1, 30),
            "min_replies": st.integers(1, 6),
            "failed_at": st.sampled_from([0.5, 1.0]),
            "warn_failed": st.sampled_from([0.1, 0.25, 0.5]),
            "confirm": st.integers(1, 3),
            "recover": st.integers(1, 3),
            "dwell_s": st.sampled_from([0.0, 10.0, 40.0]),
            "nodata_grace_s": st.sampled_from([0.0, 5.0, 20.0]),
        }
    ),
    inputs=st.lists(
        st.tuples(
            st.floats(0, 8),
            st.sampled_from(["good", "good", "good", "failed", "slow"])
            | st.sampled_from([*Verdict, Verdict.OK]),
        ),
        max_size=120,
    ),
)
def test_looks_judge_as_if_every_reply_were_kept(
    policy: dict[str, Any], inputs: list[tuple[float, str | Verdict]]
) -> None:
    """Whatever comes, closed and degraded breakers move exactly when one would that keeps every reply and counts anew at every look."""
    b, retold, now_s = Breaker(**policy), Retold(policy), 0.0
    for after_s, what in inputs:
        now_s += after_s
        if isinstance(what, Verdict):
            to = retold.look(now_s, what)
            moved = b.look(
                now_s, (what, NO_CAUSE, 0.0, 0.0, 0.0) if what < Verdict.WARN else (what, *POOR_SESSIONS[1:])
            )
        else:
            to = retold.reply(now_s, what == "failed", what == "slow")
            moved = b.reply(now_s, what == "failed", what == "slow")
        assert (to is not None) == moved
        if to == State.OPEN:
            assert State.OPEN == b.state
            return
        assert retold.state == b.state


RECORDED: list[tuple[Any, ...]] = [
    # (second, input, …): a morning on which replies slow down, sessions go wrong, and a person steps in
    *[(1.0 + 0.5 * k, "reply", k % 10 == 3, False) for k in range(20)],
    (20.0, "look", *GOOD_SESSIONS), (30.0, "look", *GOOD_SESSIONS), (40.0, "look", *BAD_SESSIONS),
    (70.0, "time"), (71.0, "reply", False, False), (72.0, "reply", True, False), (73.0, "reply", True, False),
    (133.0, "time"), (134.0, "reply", False, False), (135.0, "reply", False, False),
    *[(136.0 + 0.1 * k, "reply", False, False) for k in range(30)],
    (140.0, "look", *GOOD_SESSIONS), (150.0, "look", *GOOD_SESSIONS), (160.0, "look", *GOOD_SESSIONS),
    (195.0, "look", *GOOD_SESSIONS),
    (200.0, "order", State.FORCED_OPEN), (210.0, "reply", False, False), (300.0, "order", State.CLOSED),
    *[(301.0, "reply", k % 2 == 1, False) for k in range(4)],
]  # fmt: skip

MOVES = [
    (30.0, "CLOSED", "DEGRADED", "failed replies 2 of 20 (10% ≥ 10%)"),
    (40.0, "DEGRADED", "OPEN", "containment 61% of 80 sessions, 85% expected (z 5.9)"),
    (70.0, "OPEN", "HALF_OPEN", "cooled down for 30 s"),
    (73.0, "HALF_OPEN", "OPEN", "2 failed probes of 3, 2 good ones needed"),
    (133.0, "OPEN", "HALF_OPEN", "cooled down for 60 s"),
    (135.0, "HALF_OPEN", "DEGRADED", "2 good probes of 2, 2 needed"),
    (195.0, "DEGRADED", "CLOSED", "4 good looks in a row, 3 needed, after 60 s"),
    (200.0, "CLOSED", "FORCED_OPEN", "by order, after 5 s"),
    (300.0, "FORCED_OPEN", "CLOSED", "by order, after 100 s"),
    (301.0, "CLOSED", "OPEN", "failed replies 2 of 4 (50% ≥ 50%)"),
]


def replay(b: Breaker, recorded: list[tuple[Any, ...]]) -> list[tuple[float, str, str, str]]:
    """The moves that *recorded* inputs cause."""
    do = {"reply": b.reply, "look": lambda now_s, *sessions: b.look(now_s, sessions), "time": b.time}  # type: ignore[arg-type]
    do["order"] = lambda now_s, to: b.force(to, now_s)
    moves = []
    for now_s, what, *numbers in recorded:
        before = b.state
        if do[what](now_s, *numbers):
            moves.append((now_s, before.name, b.state.name, b.why))
        else:
            assert before == b.state
    return moves


def test_a_recorded_sequence_gives_the_same_moves() -> None:
    """Inputs that were recorded give the recorded moves, to the second and to the word."""
    assert MOVES == replay(Breaker(back_to_degraded=1), RECORDED)


def test_what_was_done_can_be_done_again() -> None:
    """A long recording of every kind of input replays to the same moves and to the same bytes, again and again."""
    rng = np.random.default_rng(25)
    now_s, recorded = 0.0, []
    sessions = (BAD_SESSIONS, POOR_SESSIONS, NO_SESSIONS, *[GOOD_SESSIONS] * 30)
    for _ in range(5000):
        now_s += float(rng.exponential(2.0))
        u = rng.random()
        if u < 0.6:
            troubled = 0.3 if int(now_s / 1000) % 3 == 2 else 0.01
            recorded.append((now_s, "reply", bool(rng.random() < troubled), bool(rng.random() < troubled)))
        elif u < 0.8:
            recorded.append((now_s, "look", *sessions[int(rng.integers(len(sessions)))]))
        elif u < 0.95:
            recorded.append((now_s, "time"))
        else:
            orders = [*State, *[State.CLOSED] * 20]
            recorded.append((now_s, "order", orders[int(rng.integers(len(orders)))]))
    first, second = Breaker(nodata_grace_s=60.0), Breaker(nodata_grace_s=60.0)
    moves = replay(first, recorded)
    assert 100 < len(moves)
    assert {state.name for state in State} == {to for _, _, to, _ in moves}
    assert moves == replay(second, recorded)
    assert first.everything() == second.everything()

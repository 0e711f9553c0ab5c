"""The controller's rules by themselves, and the two small tools that the floor cannot do without: a contact's dice and the agenda.

Breakers are walked step by step with their whole state in view, and held against a plain retelling that keeps every reply. Statistical
checks of the dice: each at 1 in 100,000, about 200 of them: one wrong set of constants in some 500.
"""

from __future__ import annotations

import csv
import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.engine import dice
from sim.engine.kernel.agenda import agenda, drop_first, push
from sim.orchestration import breaker, words
from sim.orchestration.breaker import BREAKER, BY_COUNT, BY_ROW, BY_TIME, Cause, Signal, State
from sim.orchestration.handover import escalated_handle_s
from sim.orchestration.matching import comes_before
from sim.orchestration.routing import (
    AI,
    AI_MONITORED,
    BY_CONFIDENCE,
    BY_HUMAN,
    BY_INTENT,
    HUMAN,
    UNKNOWN,
    admit,
    route,
    threshold_matrix,
)
from sim.orchestration.triggers import first_hit, smoothed
from sim.orchestration.words import Reason
from tests.truth import Case, cases

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
RARE = 1e-5

# --- breaker ---

STATE = (
    "state", "since_s", "epoch", "openings", "until_s", "issued", "good", "bad", "in_a_row", "calls", "failed", "slow",
)  # fmt: skip


class Breaker:
    """One breaker and its window, as the floor holds them."""

    def __init__(self, **policy: Any) -> None:
        usual = {
            "by": BY_TIME, "window": 60, "min_replies": 4, "failed_at": 0.5, "slow_at": 0.8, "row_at": 0, "cool_down_s": 30.0,
            "cool_down_max_s": 300.0, "probes_of": 3, "probes_need": 2, "probes_within_s": 60.0,
        }  # fmt: skip
        policy = usual | policy
        self.row = np.zeros(1, dtype=BREAKER)
        self.row["on"], self.row["until_s"] = 1, np.inf
        for name, number in policy.items():
            self.row[name] = number
        self.ring = np.zeros((1, int(policy["window"]), 4), dtype=np.int64)
        self.ring[:, :, breaker.STAMP] = -1

    def ask(self, admitted: bool = True) -> int:
        """A call starts; the number comes back with its reply."""
        return int(breaker.call_epoch(self.row, 0, admitted))

    def reply(self, now_s: float, failed: bool = False, slow: bool = False, epoch: int | None = None) -> bool:
        """A call ends, one asked just now unless said otherwise."""
        epoch = self.ask() if epoch is None else epoch
        return bool(breaker.on_reply(self.row, self.ring, 0, epoch, failed, slow, now_s))

    def time(self, now_s: float) -> bool:
        return bool(breaker.on_time(self.row, self.ring, 0, now_s))

    @property
    def admits(self) -> bool:
        return bool(breaker.admits(self.row, 0))

    @property
    def state(self) -> State:
        return State(int(self.row[0].state))

    @property
    def whole(self) -> tuple[Any, ...]:
        """Everything but the policy and the reason."""
        return tuple(self.row[0][name].item() for name in STATE)

    @property
    def why(self) -> str:
        b = self.row[0]
        return breaker.in_words(int(b.cause), float(b.part), float(b.whole), float(b.limit))


NEVER = math.inf


def test_a_breaker_walks_its_table() -> None:
    """Closed, tripped, cooled, probed, opened again for twice as long, cooled, proved: the whole state after every step."""
    #                       state since epoch openings until issued good bad row calls failed slow
    b = Breaker()
    assert (State.CLOSED, 0.0, 0, 0, NEVER, 0, 0, 0, 0, 0, 0, 0) == b.whole
    assert not b.reply(1.0)
    assert (State.CLOSED, 0.0, 0, 0, NEVER, 0, 0, 0, 0, 1, 0, 0) == b.whole
    assert not b.reply(2.0, failed=True)
    assert (State.CLOSED, 0.0, 0, 0, NEVER, 0, 0, 0, 1, 2, 1, 0) == b.whole
    assert not b.reply(2.5, slow=True)
    assert (State.CLOSED, 0.0, 0, 0, NEVER, 0, 0, 0, 0, 3, 1, 1) == b.whole
    late = b.ask()
    assert b.reply(3.0, failed=True)
    assert (State.OPEN, 3.0, 1, 1, 33.0, 0, 0, 0, 0, 0, 0, 0) == b.whole
    assert "failed replies 2 of 4 (50% ≥ 50%)" == b.why
    assert not b.admits

    assert not b.reply(4.0, failed=True, epoch=late)  # asked before the breaker moved
    assert not b.time(32.9)
    assert (State.OPEN, 3.0, 1, 1, 33.0, 0, 0, 0, 0, 0, 0, 0) == b.whole
    assert b.time(33.0)
    assert (State.HALF_OPEN, 33.0, 2, 1, 93.0, 0, 0, 0, 0, 0, 0, 0) == b.whole
    assert "cooled down for 30 s" == b.why

    first, second = b.ask(), b.ask()
    assert (State.HALF_OPEN, 33.0, 2, 1, 93.0, 2, 0, 0, 0, 0, 0, 0) == b.whole
    assert b.admits
    assert -1 == b.ask(admitted=False)  # a session that was there already is no probe
    assert not b.reply(34.0, failed=True, epoch=-1)
    assert not b.reply(34.0, failed=True, epoch=late)
    assert not b.reply(34.0, epoch=first)
    assert (State.HALF_OPEN, 33.0, 2, 1, 93.0, 2, 1, 0, 0, 0, 0, 0) == b.whole
    assert not b.reply(35.0, failed=True, epoch=second)
    third = b.ask()
    assert not b.admits
    assert (State.HALF_OPEN, 33.0, 2, 1, 93.0, 3, 1, 1, 0, 0, 0, 0) == b.whole
    assert b.reply(36.0, failed=True, epoch=third)
    assert (State.OPEN, 36.0, 3, 2, 96.0, 0, 0, 0, 0, 0, 0, 0) == b.whole
    assert "2 failed probes of 3, 2 good ones needed" == b.why

    assert b.time(96.0)
    assert (State.HALF_OPEN, 96.0, 4, 2, 156.0, 0, 0, 0, 0, 0, 0, 0) == b.whole
    assert not b.time(155.0)
    assert b.time(156.0)
    assert (State.OPEN, 156.0, 5, 3, 276.0, 0, 0, 0, 0, 0, 0, 0) == b.whole
    assert "probes undecided after 60 s" == b.why

    assert b.time(276.0)
    assert not b.reply(277.0)
    assert b.reply(278.0)
    assert (State.CLOSED, 278.0, 7, 0, NEVER, 0, 0, 0, 0, 0, 0, 0) == b.whole
    assert "2 good probes of 2, 2 needed" == b.why
    assert not b.time(1e9)


def test_the_table_is_all_there_is() -> None:
    """Nine moves by rule and four orders of operators; every pair of state and signal outside the table leaves the state alone."""
    by_rule = {state for state, signal in breaker.NEXT if signal not in breaker.ORDERS}
    operators = {State.FORCED_OPEN, State.DISABLED, State.METRICS_ONLY}  # these end by an order alone
    assert set(State) - operators == by_rule
    assert 9 + len(breaker.ORDERS) * (len(State) - 1) == len(breaker.NEXT)
    for state, signal in itertools.product(State, Signal):
        to = breaker.NEXT.get((state, signal))
        reached = int(breaker._NEXT[state, signal])
        assert (-1 if to is None else to) == reached


def test_cooling_doubles_up_to_its_cap() -> None:
    """Each opening in a row cools down twice as long, up to the cap; having closed, it starts over."""
    b = Breaker(row_at=1, probes_of=1, probes_need=1, cool_down_s=30.0, cool_down_max_s=100.0)
    now_s, cooled = 0.0, []
    for _ in range(5):
        assert b.reply(now_s, failed=True)
        cooled.append(float(b.row[0].until_s) - now_s)
        now_s = float(b.row[0].until_s)
        assert b.time(now_s)
    assert [30.0, 60.0, 100.0, 100.0, 100.0] == cooled
    assert b.reply(now_s)
    assert b.reply(now_s, failed=True)
    assert 30.0 == b.row[0].until_s - now_s


def test_shares_say_nothing_below_the_minimum() -> None:
    """However bad, a window with too few replies does not trip; the reply that completes it may."""
    b = Breaker(min_replies=10, failed_at=0.5)
    assert not any(b.reply(k / 10, failed=True) for k in range(9))
    assert b.reply(0.95, failed=False)
    assert "failed replies 9 of 10 (90% ≥ 50%)" == b.why


def test_limits_are_reached_at_the_limit() -> None:
    """Shares trip at the limit, not above it."""
    b = Breaker(min_replies=10, failed_at=0.3, by=BY_COUNT, window=10)
    outcomes = [True, False, False, True, False, False, False, False, False, True]
    assert [*[False] * 9, True] == [b.reply(float(k), failed=failed) for k, failed in enumerate(outcomes)]
    b = Breaker(min_replies=10, failed_at=0.3, by=BY_COUNT, window=10)
    assert not any(b.reply(float(k), failed=k < 2) for k in range(10))


def test_slow_and_failed_count_in_both() -> None:
    """A reply that was slow and failed is counted as slow and as failed; slow ones alone trip at their own share."""
    b = Breaker(min_replies=100)
    b.reply(1.0, failed=True, slow=True)
    assert (1, 1, 1) == tuple(int(b.row[0][name]) for name in ("calls", "failed", "slow"))
    b = Breaker(min_replies=4, slow_at=0.75)
    assert [False, False, False, True] == [b.reply(1.0, slow=slow) for slow in (True, False, True, True)]
    assert "slow replies 3 of 4 (75% ≥ 75%)" == b.why
    assert State.OPEN == b.state


def test_failures_in_a_row_come_first() -> None:
    """So many failures in a row open the breaker whatever the window says; one good reply starts the count again."""
    b = Breaker(row_at=3, min_replies=1000)
    assert not any(b.reply(1.0, failed=failed) for failed in (True, True, False, True, True))
    assert b.reply(1.0, failed=True)
    assert "3 failed replies in a row ≥ 3" == b.why


def test_a_window_by_time_forgets() -> None:
    """Of replies by time those of the last *size* whole seconds count: the one of second 0 is gone in second 60."""
    b = Breaker(window=60, min_replies=100)
    b.reply(0.9, failed=True)
    b.reply(59.9)
    assert (2, 1) == (b.row[0].calls, b.row[0].failed)
    b.reply(60.0)
    assert (2, 0) == (b.row[0].calls, b.row[0].failed)
    b.reply(500.0)
    assert (1, 0) == (b.row[0].calls, b.row[0].failed)


def test_a_window_by_count_forgets() -> None:
    """Of replies by count the last *size* count, however old they are."""
    b = Breaker(by=BY_COUNT, window=3, min_replies=100)
    for k, failed in enumerate((True, True, False, False)):
        b.reply(k * 1000.0, failed=failed)
    assert (3, 1) == (b.row[0].calls, b.row[0].failed)


def test_a_breaker_that_is_off() -> None:
    """A fleet without a breaker admits everything and never moves."""
    b = Breaker(on=0, min_replies=1)
    assert not any(b.reply(1.0, failed=True) for _ in range(10))
    assert b.admits
    assert State.CLOSED == b.state


class Retold:
    """The closed state retold: keep every reply, count again each time."""

    def __init__(
        self, by: int, window: int, min_replies: int, failed_at: float, slow_at: float, row_at: int
    ) -> None:
        self.replies: list[tuple[int, bool, bool]] = []
        self.by, self.window, self.min_replies = by, window, min_replies
        self.failed_at, self.slow_at, self.row_at = failed_at, slow_at, row_at

    def reply(self, now_s: float, failed: bool, slow: bool) -> Cause | None:
        """Why it trips, if it does."""
        self.replies.append((int(now_s), failed, slow))
        row = len(list(itertools.takewhile(lambda r: r[1], reversed(self.replies))))
        if self.row_at and row >= self.row_at:
            return Cause.IN_A_ROW
        if self.by == BY_ROW:
            return None
        window = (
            [r for r in self.replies if r[0] > int(now_s) - self.window]
            if self.by == BY_TIME
            else self.replies[-self.window :]
        )
        if len(window) < self.min_replies:
            return None
        if sum(r[1] for r in window) >= self.failed_at * len(window):
            return Cause.FAILED_SHARE
        return Cause.SLOW_SHARE if sum(r[2] for r in window) >= self.slow_at * len(window) else None


@settings(max_examples=200, deadline=None)
@given(
    by=st.sampled_from([BY_TIME, BY_COUNT, BY_ROW]),
    size=st.integers(1, 20),
    min_replies=st.integers(1, 12),
    failed_at=st.sampled_from([0.1, 0.2, 0.25, 0.5, 1.0]),
    slow_at=st.sampled_from([0.3, 0.5, 1.0]),
    row_at=st.sampled_from([0, 2, 5]),
    replies=st.lists(st.tuples(st.floats(0, 12), st.booleans(), st.booleans()), max_size=80),
)
def test_a_breaker_counts_as_if_it_kept_every_reply(
    by: int,
    size: int,
    min_replies: int,
    failed_at: float,
    slow_at: float,
    row_at: int,
    replies: list[tuple[float, bool, bool]],
) -> None:
    """Whatever comes, a breaker trips exactly when, and for the reason for which, one would that counts everything anew."""
    policy = {
        "by": by,
        "window": size,
        "min_replies": min_replies,
        "failed_at": failed_at,
        "slow_at": slow_at,
        "row_at": row_at,
    }
    b, retold, now_s = Breaker(**policy), Retold(**policy), 0.0
    for after_s, failed, slow in replies:
        now_s += after_s
        cause = retold.reply(now_s, failed, slow)
        assert (cause is not None) == b.reply(now_s, failed, slow)
        if cause is not None:
            assert cause == b.row[0].cause
            return


def _case(name: str) -> Case:
    return next(c for c in cases() if c["id"] == name)


def test_pybreaker_opens() -> None:
    """Three failures open a breaker that counts failures in a row, as pybreaker does."""
    case = _case("CB-pybreaker-open")
    k = case["params"]["fail_max"]
    b = Breaker(by=BY_ROW, window=1, row_at=k)
    states, counter = [], []
    for call in case["params"]["calls"]:
        moved = b.reply(1.0, failed=call == "F")
        states.append(b.state.name.lower())
        counter.append(int(b.row[0].part) if moved else int(b.row[0].in_a_row))
    assert case["expected"]["states"] == states
    assert case["expected"]["counter"] == counter
    assert not b.admits


@pytest.mark.parametrize("trial", ["failed", "successful"])
def test_pybreaker_tries_once(trial: str) -> None:
    """After the pause one trial call decides: failure opens again, success closes."""
    case = _case("CB-pybreaker-halfopen")
    p = case["params"]
    b = Breaker(
        by=BY_ROW,
        window=1,
        row_at=p["fail_max"],
        cool_down_s=float(p["reset_timeout"]),
        probes_of=1,
        probes_need=1,
    )
    for _ in range(3):
        b.reply(0.0, failed=True)
    assert b.time(2.0)
    call = b.ask()
    assert not b.admits
    b.reply(2.0, failed=trial == "failed", epoch=call)
    assert case["expected"][f"after_{trial}_trial"] == b.state.name.lower()
    if trial == "successful":
        assert case["expected"]["counter_after_successful_trial"] == b.row[0].in_a_row


@pytest.mark.parametrize(("k", "p_fail"), [(3, 0.5), (3, 0.9), (5, 0.5), (5, 0.9), (3, 0.1)])
def test_calls_until_it_trips(k: int, p_fail: float) -> None:
    """Calls until k failures in a row have the mean that theory gives them (4.5 standard errors; the time is about exponential)."""
    expected = _case("CB-trip-time")["expected"][f"k{k}_p{p_fail}"]
    rng = np.random.default_rng(k)
    calls = []
    b = Breaker(by=BY_ROW, window=1, row_at=k, probes_of=1, probes_need=1)
    for _ in range(max(100, min(2000, int(200_000 / expected)))):
        n = 0
        while True:
            fails = bool(rng.random() < p_fail)
            n += 1
            if b.reply(0.0, failed=fails):
                break
        calls.append(n)
        assert b.time(1e9)
        assert b.reply(1e9)
    error = float(np.std(calls, ddof=1)) / math.sqrt(len(calls))
    assert abs(np.mean(calls) - expected) / error <= 4.5


# --- routing ---

NAMES = st.sampled_from(["a", "b", "*"])
ORDER = ((1, 1, 1), (1, 1, 0), (1, 0, 1), (1, 0, 0), (0, 1, 1), (0, 1, 0), (0, 0, 1))
"""Which of intent, channel and segment a rule names, most specific first."""


@given(
    cells=st.dictionaries(st.tuples(NAMES, NAMES, NAMES), st.floats(0, 1), max_size=15),
    default=st.floats(0, 1),
)
def test_the_most_specific_rule_wins(cells: dict[tuple[str, str, str], float], default: float) -> None:
    """Every cell has the threshold of the first matching rule: intent before channel before segment, and the default last."""
    names = ("a", "b", "c")
    rules = {key: at for key, at in cells.items() if key != ("*", "*", "*")}
    matrix = threshold_matrix({".".join(key): at for key, at in rules.items()}, default, names, names, names)
    assert (3, 3, 3) == matrix.shape
    for (i, intent), (c, channel), (s, segment) in itertools.product(*[list(enumerate(names))] * 3):
        here = (intent, channel, segment)
        matching = [
            key for key in rules if all(part in ("*", name) for part, name in zip(key, here, strict=True))
        ]
        best = min(
            matching, key=lambda key: ORDER.index(tuple(int(part != "*") for part in key)), default=None
        )  # type: ignore[arg-type]
        assert (default if best is None else rules[best]) == matrix[i, c, s]


def test_a_trailing_star_may_be_left_out() -> None:
    """`refund` is `refund.*.*` and `refund.chat` is `refund.chat.*`."""
    axes = (("refund", "other"), ("chat", "voice"), ("standard",))
    long = threshold_matrix({"refund.*.*": 0.5, "refund.chat.*": 0.6}, 0.9, *axes)
    assert (long == threshold_matrix({"refund": 0.5, "refund.chat": 0.6}, 0.9, *axes)).all()
    assert [[0.6, 0.5], [0.9, 0.9]] == long[:, :, 0].tolist()


@given(ai_at=st.floats(0.01, 1), share=st.floats(0, 1), confidence=st.floats(0, 1))
def test_bands_are_half_open(ai_at: float, share: float, confidence: float) -> None:
    """At or above the upper limit the AI, from the lower limit up under watch, below a person: no gap and no overlap."""
    monitored_at = share * ai_at

    def target(confidence: float) -> int:
        return int(route(BY_CONFIDENCE, 0, confidence, True, ai_at, monitored_at)[0])

    expected = AI if confidence >= ai_at else AI_MONITORED if confidence >= monitored_at else HUMAN
    assert expected == target(confidence)
    assert AI == target(ai_at)
    if monitored_at < ai_at:
        assert AI_MONITORED == target(monitored_at)
        assert AI_MONITORED == target(math.nextafter(ai_at, 0)) or math.nextafter(ai_at, 0) < monitored_at
    if monitored_at > 0:
        assert HUMAN == target(math.nextafter(monitored_at, -1))


def test_reasons_to_keep_a_contact_for_people() -> None:
    """What keeps a contact for people is named: no AI at all, no label, not on the map, too unsure."""
    asked = (
        (BY_HUMAN, 0, 1.0, True),
        (BY_INTENT, UNKNOWN, 1.0, True),
        (BY_INTENT, 0, 1.0, False),
        (BY_CONFIDENCE, 0, 0.7, True),
    )
    reasons = [route(by, label, conf, eligible, 0.92, 0.75)[:2] for by, label, conf, eligible in asked]
    assert [
        (HUMAN, Reason.NO_AI_ROUTING),
        (HUMAN, Reason.LABEL_UNKNOWN),
        (HUMAN, Reason.NOT_ELIGIBLE),
        (HUMAN, Reason.CONFIDENCE_LOW),
    ] == reasons
    assert (AI, Reason.INTENT_MAPPED, 0.0) == route(BY_INTENT, 0, 0.0, True, 0.92, 0.75)
    assert (AI, Reason.CONFIDENCE_HIGH, 0.92) == route(BY_CONFIDENCE, 0, 0.92, True, 0.92, 0.75)
    assert (AI_MONITORED, Reason.CONFIDENCE_MIDDLE, 0.75) == route(BY_CONFIDENCE, 0, 0.91, True, 0.92, 0.75)


@pytest.mark.parametrize(
    "case", [c for c in cases("data") if c["model"] == "threshold_routing"], ids=lambda c: c["id"]
)
def test_thresholds_on_a_real_classifier(case: Case) -> None:
    """The bands sort 3,080 queries of a public benchmark as a plain count does."""
    path = DATA / "banking77_classifier_confidences.csv"
    if not path.exists():
        pytest.skip("the classifier's confidences are not at hand")
    p, seen = case["params"], dict.fromkeys(case["expected"], 0)
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            right = row[p["correct"]] == "1"
            target, _, _ = route(BY_CONFIDENCE, 0, float(row[p["column"]]), True, p["ai_at"], p["monitor_at"])
            seen["n"] += 1
            seen[{AI: "ai", AI_MONITORED: "ai_monitored", HUMAN: "human"}[target]] += 1
            seen["ai_wrong"] += target == AI and not right
            seen["monitored_wrong"] += target == AI_MONITORED and not right
            seen["human_would_be_right"] += target == HUMAN and right
    assert case["expected"] == seen


@given(
    active=st.integers(0, 9), sessions=st.integers(0, 9), inside=st.integers(0, 9), bulkhead=st.integers(0, 9)
)
def test_admission(active: int, sessions: int, inside: int, bulkhead: int) -> None:
    """A fleet admits below its cap and below the channel's bulkhead; the cap is named first."""
    reason, seen, limit = admit(active, sessions, inside, bulkhead)
    if active >= sessions:
        assert (Reason.SESSIONS_FULL, active, sessions) == (reason, seen, limit)
    elif inside >= bulkhead:
        assert (Reason.BULKHEAD_FULL, inside, bulkhead) == (reason, seen, limit)
    else:
        assert (Reason.ADMITTED, active + 1, sessions) == (reason, seen, limit)
        assert seen <= limit


# --- triggers, hand-over, matching ---


@pytest.mark.parametrize("holds", itertools.product((False, True), repeat=5))
def test_the_first_trigger_wins(holds: tuple[bool, ...]) -> None:
    """Whatever holds together, the order is: explicit request, out of scope, sentiment, turns, duration."""
    asked, off_topic, low, turns, duration = holds
    reason, _, _ = first_hit(
        asked,
        off_topic,
        2 if low else 1,
        2,
        -3.0,
        -2.0,
        8 if turns else 7,
        8,
        600.0 if duration else 599.9,
        600.0,
    )
    order = (
        Reason.EXPLICIT_REQUEST,
        Reason.OUT_OF_SCOPE,
        Reason.SENTIMENT,
        Reason.MAX_TURNS,
        Reason.MAX_DURATION,
    )
    assert next((r for r, held in zip(order, holds, strict=True) if held), Reason.NONE) == reason


def test_a_sentiment_trigger_that_is_off() -> None:
    """With no number of low turns set, low turns never hand over."""
    assert Reason.NONE == first_hit(False, False, 50, 0, -5.0, -2.0, 1, 8, 1.0, 600.0)[0]


def test_sentiment_is_smoothed() -> None:
    """Half of the newest reading, half of what was there."""
    assert [2.0, -1.5, -3.25] == [smoothed(0.0, 4.0), smoothed(2.0, -5.0), smoothed(-1.5, -5.0)]


@pytest.mark.parametrize(
    ("fidelity", "factor"), [(1.0, 1.0), (0.9, 1.045), (0.5, 1.225), (0.05, 1.4275), (0.0, 1.45)]
)
def test_handover_formula(fidelity: float, factor: float) -> None:
    """Little context costs time, mood costs time on top, the hand-over's own seconds come last."""
    assert 300 * factor == pytest.approx(escalated_handle_s(300, fidelity, 0, 0.10, 0.35, 0.10, 0.20, 0))
    assert 300 * factor * 1.1 + 6 == pytest.approx(
        escalated_handle_s(300, fidelity, 0.5, 0.10, 0.35, 0.10, 0.20, 6)
    )


WAITING = st.tuples(st.integers(0, 2), st.sampled_from([0.0, 1.0, 2.5]), st.integers(0, 3))


@given(one=WAITING, other=WAITING, third=WAITING)
def test_who_comes_first_is_an_order(
    one: tuple[int, float, int], other: tuple[int, float, int], third: tuple[int, float, int]
) -> None:
    """Priority, then due time, then who came first: a strict order, so that lines can be compared by their heads."""
    assert (one < other) == comes_before(*one, *other)
    assert not (comes_before(*one, *other) and comes_before(*other, *one))
    if comes_before(*one, *other) and comes_before(*other, *third):
        assert comes_before(*one, *third)


# --- words ---


def test_every_reason_has_a_sentence() -> None:
    """Every reason and every cause prints with its two or three numbers, without braces left over."""
    for reason in Reason:
        sentence = words.in_words(int(reason), 0.5, 0.75)
        assert "{" not in sentence
        assert bool(sentence) == (reason != Reason.NONE)
    sentences = [breaker.in_words(int(cause), 3.0, 4.0, 0.5) for cause in Cause]
    assert len(Cause) == len(set(sentences))
    assert "confidence 0.500 < 0.750" == words.in_words(int(Reason.CONFIDENCE_LOW), 0.5, 0.75)
    assert "failed replies 3 of 4 (75% ≥ 50%)" == sentences[Cause.FAILED_SHARE]


# --- a contact's dice ---

PURPOSES = (
    dice.LATENCY, dice.ERROR, dice.RETRY, dice.ASKS, dice.NOTICED, dice.OFF_TOPIC, dice.SENTIMENT, dice.SENTIMENT_SEEN, dice.LEAVES,
    dice.TAKEOVER,
)  # fmt: skip
N = 20_000


def _keys(kind: str) -> np.ndarray:
    """Keys as contacts have them, or as unkind as they get."""
    if kind == "random":
        return np.random.default_rng(5).integers(0, 2**63, N, dtype=np.int64)
    return np.arange(N, dtype=np.int64) << (0 if kind == "low" else 40)


def _draws(keys: np.ndarray, purpose: int, count: int) -> np.ndarray:
    return np.array([dice.uniform(key, purpose, count) for key in keys])


def _independent(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether pairs fill a 12 × 12 grid evenly: χ² with 143 degrees of freedom, at RARE."""
    from scipy.stats import chi2

    cell = np.bincount((x * 12).astype(int) * 12 + (y * 12).astype(int), minlength=144)
    expected = len(x) / 144
    return bool(((cell - expected) ** 2 / expected).sum() < chi2.ppf(1 - RARE, 143))


@pytest.mark.parametrize("kind", ["random", "low", "high"])
@pytest.mark.parametrize("purpose", PURPOSES)
def test_dice_are_uniform(kind: str, purpose: int) -> None:
    """Whatever the number is for, over contacts it is uniform on (0, 1)."""
    from scipy.stats import kstest

    for count in (1, 7):
        u = _draws(_keys(kind), purpose, count)
        assert 0.0 < u.min()
        assert u.max() < 1.0
        assert kstest(u, "uniform").pvalue > RARE


@pytest.mark.parametrize("kind", ["random", "low", "high"])
def test_dice_for_different_things_are_independent(kind: str) -> None:
    """Numbers of one contact for two purposes, or for two turns, have nothing to do with each other, nor have neighbours' numbers."""
    keys = _keys(kind)
    first = {purpose: _draws(keys, purpose, 1) for purpose in PURPOSES}
    for one, other in itertools.combinations(PURPOSES, 2):
        assert _independent(first[one], first[other]), (one, other)
    second = _draws(keys, dice.ERROR, 2)
    for count in (3, 10):
        assert _independent(first[dice.ERROR], _draws(keys, dice.ERROR, count)), count
    assert _independent(first[dice.ERROR], second)
    assert _independent(second[:-1], second[1:])
    # Diagonally: another purpose in another turn.
    assert _independent(first[dice.ERROR], _draws(keys, dice.RETRY, 2))
    assert _independent(second, first[dice.RETRY])


def test_dice_along_turns_are_uniform_and_fresh() -> None:
    """One contact's numbers from turn to turn are uniform and follow no trail."""
    from scipy.stats import kstest

    for key in (0, 1, 2**62 + 12345):
        u = np.array([dice.uniform(key, dice.ASKS, count) for count in range(N)])
        assert kstest(u, "uniform").pvalue > RARE
        assert _independent(u[:-1], u[1:])
        assert N - 20 < len(np.unique(u))


def test_dice_remember_nothing() -> None:
    """The same question gets the same answer, whatever was asked in between."""
    asked = [(key, purpose, count) for key in (3, 2**61) for purpose in PURPOSES for count in (1, 2)]
    forth = [dice.uniform(*question) for question in asked]
    back = [dice.uniform(*question) for question in reversed(asked)]
    assert forth == back[::-1]
    assert len(asked) == len(set(forth))


# --- the agenda ---

EVENTS = st.tuples(st.sampled_from([0.0, 1.0, 1.5, 2.0]) | st.floats(0, 1e7), st.integers(0, 2**44))
STEPS = st.lists(EVENTS | st.none(), max_size=120)


@settings(max_examples=300, deadline=None)
@given(steps=STEPS)
def test_the_agenda_gives_the_earliest_event(steps: list[tuple[float, int] | None]) -> None:
    """However events are put on and taken off, the first one is the earliest, and of its instant the one with the lowest place."""
    a, expected = agenda(len(steps) + 1), []
    for event in steps:
        if event is not None:
            push(a, *event)
            expected = sorted([*expected, event])
        elif expected:
            assert expected[0] == (a.at_s[0], a.place[0])
            drop_first(a)
            expected = expected[1:]
        assert len(expected) == a.length[0]
    while expected:
        assert expected[0] == (a.at_s[0], a.place[0])
        drop_first(a)
        expected = expected[1:]
    assert 0 == a.length[0]

"""What is seen of a fleet: windows, readings, the baseline that is learned, and the verdict on its sessions."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from sim.orchestration import breaker, health
from sim.orchestration.breaker import NO_CAUSE, Cause, State, Verdict
from sim.orchestration.health import LONG, MIDDLE, NODATA, SHORT

EVENTS = ("good", "failed", "slow", "contained", "escalated", "looped", "abandoned", "right", "wrong")


class Health:
    """What is seen of two fleets; the second one is looked at, the first one is to stay untouched."""

    F = 1

    def __init__(
        self, windows_s: tuple[float, float, float] = (60.0, 300.0, 1800.0), **policy: float
    ) -> None:
        self.h, self.ring, self.hist = health.monitors(2, windows_s, **policy)

    def reply(self, now_s: float, failed: bool = False, slow: bool = False, reply_s: float = 1.0) -> None:
        health.saw_reply(self.h, self.ring, self.hist, self.F, now_s, failed, slow, reply_s)

    def end(
        self, now_s: float, contained: bool = True, escalated: bool = False, looped: bool = False
    ) -> None:
        health.saw_end(self.h, self.ring, self.F, now_s, contained, escalated, looped)

    def ends(
        self, now_s: float, contained: int, escalated: int = 0, looped: int = 0, abandoned: int = 0
    ) -> None:
        for _ in range(contained):
            self.end(now_s)
        for _ in range(escalated):
            self.end(now_s, contained=False, escalated=True)
        for _ in range(looped):
            self.end(now_s, contained=False, escalated=True, looped=True)
        for _ in range(abandoned):
            self.end(now_s, contained=False)

    def scores(self, now_s: float, right: int, wrong: int) -> None:
        for correct in [True] * right + [False] * wrong:
            health.saw_score(self.h, self.ring, self.F, now_s, correct)

    def see(self, now_s: float, what: str, reply_s: float = 1.0) -> None:
        if what in {"good", "failed", "slow"}:
            self.reply(now_s, what == "failed", what == "slow", reply_s)
        elif what in {"right", "wrong"}:
            self.scores(now_s, int(what == "right"), int(what == "wrong"))
        else:
            self.end(now_s, what == "contained", what in {"escalated", "looped"}, what == "looped")

    def advance(self, now_s: float) -> None:
        health.advance_to(self.h, self.ring, self.hist, self.F, now_s)

    def verdict(self, now_s: float) -> tuple[Verdict, int, float, float, float]:
        said, cause, part, whole, limit = health.verdict(self.h, self.ring, self.F, now_s)
        return Verdict(said), int(cause), float(part), float(whole), float(limit)

    def says(self, now_s: float) -> tuple[Verdict, str]:
        """The verdict and its sentence."""
        said, cause, *numbers = self.verdict(now_s)
        return said, "" if cause == NO_CAUSE else breaker.in_words(cause, *numbers)

    def read(self, what: str, window: int) -> Any:
        times = what in {"p50_s", "p95_s"}
        return getattr(health, what)(self.h, self.hist if times else self.ring, self.F, window)

    def counts(self, window: int) -> list[int]:
        return [int(health.counted(self.ring, self.F, column, window)) for column in range(health.COLUMNS)]

    @property
    def expected(self) -> float:
        return float(health.expected_containment(self.h, self.F))


# --- windows ---


def _recount(seen: Iterable[tuple[float, str]], now_s: float, every_s: float, buckets: int) -> list[int]:
    """The columns counted anew from everything that was seen."""
    oldest = int(now_s / every_s) - buckets
    of = [what for at_s, what in seen if int(at_s / every_s) >= oldest]
    columns = (
        {"good", "failed", "slow"}, {"failed"}, {"slow"}, {"contained", "escalated", "looped", "abandoned"},
        {"contained"}, {"escalated", "looped"}, {"looped"}, {"right", "wrong"}, {"right"},
    )  # fmt: skip
    return [sum(what in column for what in of) for column in columns]


@settings(max_examples=200, deadline=None)
@given(
    every_s=st.sampled_from([1.0, 10.0]),
    events=st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.5, 1.0, 7.0, 10.0, 25.0, 400.0]) | st.floats(0, 30),
            st.sampled_from(EVENTS),
        ),
        max_size=80,
    ),
)
def test_windows_count_as_if_everything_were_kept(every_s: float, events: list[tuple[float, str]]) -> None:
    """After every event each window holds exactly what happened in the bucket under way and in its full ones before."""
    buckets = (2, 5, 12)
    seen, now_s = [], 0.0
    h = Health(tuple(n * every_s for n in buckets), every_s=every_s)  # type: ignore[arg-type]
    for after_s, what in events:
        now_s += after_s
        seen.append((now_s, what))
        h.see(now_s, what)
        for window, n in enumerate(buckets):
            assert _recount(seen, now_s, every_s, n) == h.counts(window)
    for later_s in (every_s, 3 * every_s, 100 * every_s):
        now_s += later_s
        h.advance(now_s)
        for window, n in enumerate(buckets):
            assert _recount(seen, now_s, every_s, n) == h.counts(window)
            replies = [
                at_s
                for at_s, what in seen
                if what in {"good", "failed", "slow"} and int(at_s / every_s) >= int(now_s / every_s) - n
            ]
            assert len(replies) == h.hist[h.F, h.hist.shape[1] - health.WINDOWS + window].sum()
    assert not h.ring[0].any()
    assert not h.hist[0].any()
    assert 0 == h.h[0].bucket


def test_a_window_at_a_look_is_as_long_as_it_says() -> None:
    """A look on the edge of a bucket sees exactly the last 60, 300 and 1800 seconds."""
    h = Health()
    for second in range(4000):
        h.reply(second + 0.5)
    h.advance(4000.0)
    assert [60, 300, 1800] == [h.counts(window)[health.CALLS] for window in (SHORT, MIDDLE, LONG)]


def test_what_is_seen_late_counts_when_it_is_seen() -> None:
    """News older than the bucket under way is counted in that one: the windows never go back."""
    h = Health()
    h.reply(100.0)
    h.reply(20.0)
    assert 2 == h.counts(SHORT)[health.CALLS]
    h.advance(160.0)
    assert 2 == h.counts(SHORT)[health.CALLS]
    h.advance(170.0)
    assert [0, 2] == [h.counts(window)[health.CALLS] for window in (SHORT, MIDDLE)]


def test_a_monitor_that_cannot_be() -> None:
    """Windows that buckets cannot make up, windows out of order and unknown fields are refused in words."""
    with pytest.raises(ValueError, match="no whole multiples of 7"):
        health.monitors(1, every_s=7.0)
    with pytest.raises(ValueError, match="shortest first"):
        health.monitors(1, (300.0, 60.0, 1800.0))
    with pytest.raises(ValueError, match="no policy field of a health monitor: verdict"):
        health.monitors(1, verdict=1.0)


# --- readings ---


@pytest.mark.parametrize(
    ("what", "need", "event", "expected"),
    [
        ("failed_share", "need_calls", ("failed", "good"), 0.5),
        ("slow_share", "need_replies", ("slow", "good"), 0.5),
        ("containment", "need_ended", ("contained", "abandoned"), 0.5),
        ("escalated_share", "need_ended", ("escalated", "contained"), 0.5),
        ("loop_share", "need_ended", ("looped", "escalated"), 0.5),
    ],
)
def test_readings_below_their_minimum_are_no_data(
    what: str, need: str, event: tuple[str, str], expected: float
) -> None:
    """A share is NODATA, and not 0, until its minimum is reached, and again when the window has run out."""
    h = Health(**{need: 10})
    for k in range(9):
        h.see(1.0, event[k % 2])
        assert NODATA == h.read(what, MIDDLE)
    h.see(1.0, event[1])
    assert expected == h.read(what, MIDDLE)
    h.advance(300.0)
    assert expected == h.read(what, MIDDLE)
    h.advance(310.0)
    assert (NODATA, expected) == (h.read(what, MIDDLE), h.read(what, LONG))


def test_an_empty_window_has_no_shares() -> None:
    """Even with a minimum of 0 nothing is divided by nothing."""
    h = Health(need_calls=0, need_replies=0, need_ended=0, need_scored=0)
    for what in (
        "failed_share",
        "slow_share",
        "containment",
        "escalated_share",
        "loop_share",
        "p50_s",
        "p95_s",
    ):
        assert NODATA == h.read(what, SHORT)
    assert (NODATA, NODATA, NODATA) == h.read("accuracy", SHORT)
    assert (Verdict.NODATA, "") == h.says(10.0)


def test_abandoned_sessions_are_not_contained() -> None:
    """Who gives up on the AI was neither contained nor escalated, and counts among the ended."""
    h = Health(baseline=0.85)
    h.ends(1.0, contained=60, escalated=20, looped=10, abandoned=10)
    assert (0.6, 0.3, 0.1) == tuple(
        h.read(w, MIDDLE) for w in ("containment", "escalated_share", "loop_share")
    )
    assert 0.25 == pytest.approx(health.containment_drop(h.h, h.ring, h.F, MIDDLE))


@pytest.mark.parametrize(
    "reply_s", [0.0, 1e-4, 0.0078125, 0.4999, 0.5, 0.7071, 1.0, 2.0, 4.0, 40.0, 46.0, 1e6]
)
def test_bins_of_reply_times(reply_s: float) -> None:
    """A reply time lies in its bin, one on an edge in the bin above; what lies outside is in the end bins."""
    k = int(health.bin_of(reply_s))
    assert k == 0 or health.EDGES_S[k] <= reply_s
    assert k == health.BINS - 1 or reply_s < health.EDGES_S[k + 1]


def test_the_seed_limits_are_edges() -> None:
    """Half a second and two seconds are edges: p95 is within its limit exactly when 95 of 100 replies were faster."""
    for limit_s in (health.P95_VOICE_S, health.P95_CHAT_S):
        for faster, within in ((96, True), (95, True), (94, False)):
            h = Health()
            for k in range(100):
                h.reply(1.0, reply_s=limit_s * (0.9 if k < faster else 1.0))
            assert within == (h.read("p95_s", SHORT) <= limit_s)


def test_quantiles_are_near_the_true_ones() -> None:
    """Of 5,000 lognormal reply times the median and p95 are within a twentieth of the sample's own."""
    h, times_s = Health(), np.random.default_rng(27).lognormal(0.0, 0.6, 5000)
    for reply_s in times_s.tolist():
        h.reply(1.0, reply_s=reply_s)
    for what, q in (("p50_s", 0.5), ("p95_s", 0.95)):
        assert float(np.quantile(times_s, q)) == pytest.approx(h.read(what, MIDDLE), rel=0.05)


def test_quantiles_need_their_minimum() -> None:
    """Reply times are NODATA below 50 replies, and in a window that they have left."""
    h = Health()
    for k in range(50):
        assert NODATA == h.read("p95_s", SHORT)
        h.reply(k / 10)
    assert 1.0 <= h.read("p50_s", SHORT) < h.read("p95_s", SHORT) < math.sqrt(2.0)
    h.advance(80.0)
    assert NODATA == h.read("p95_s", SHORT)
    assert h.read("p95_s", LONG) > 0


@pytest.mark.parametrize(("part", "whole"), [(0, 10), (1, 10), (95, 100), (93, 120), (120, 120), (399, 400)])
def test_bounds_of_a_share(part: int, whole: int) -> None:
    """The interval of a share is Wilson's, as SciPy works it out."""
    expected = binomtest(part, whole).proportion_ci(0.95, method="wilson")
    assert (expected.low, expected.high) == pytest.approx(health.wilson(part, whole), abs=1e-12)
    assert (0.0, 1.0) == health.wilson(0, 0)


def test_accuracy_with_its_bounds() -> None:
    """Accuracy comes with the bounds of its interval, from the hundredth score on."""
    h = Health()
    h.scores(1.0, right=95, wrong=4)
    assert (NODATA, NODATA, NODATA) == h.read("accuracy", MIDDLE)
    h.scores(1.0, right=0, wrong=1)
    assert (0.95, 0.8882, 0.9785) == pytest.approx(h.read("accuracy", MIDDLE), abs=5e-5)


def test_the_seed_thresholds() -> None:
    """The thresholds are those of the seed text, and the usual policy warns at them."""
    printed = (2.0, 0.5, 0.005, 0.80, 0.30, 0.95)
    assert printed == (
        health.P95_CHAT_S,
        health.P95_VOICE_S,
        health.FAILED_LIMIT,
        health.UTILISATION_LIMIT,
        health.ESCALATED_LIMIT,
        health.ACCURACY_LIMIT,
    )
    assert (0.30, 0.95) == (health.USUAL["warn_escalated"], health.USUAL["warn_accuracy"])
    assert {name for name in health.HEALTH.names or () if name in health.USUAL} == set(health.USUAL)


# --- baseline ---


def test_the_policys_baseline_comes_first() -> None:
    """A baseline in the policy is the baseline, whatever was seen."""
    h = Health(baseline=0.9)
    h.ends(1.0, contained=0, escalated=300)
    assert 0.9 == h.expected


def test_a_baseline_is_learned_from_200_sessions() -> None:
    """Without one in the policy the baseline is unknown for 199 sessions, and then their containment."""
    h = Health()
    h.ends(1.0, contained=159, escalated=40)
    assert NODATA == h.expected
    assert NODATA == health.containment_drop(h.h, h.ring, h.F, MIDDLE)
    h.ends(1.0, contained=1)
    assert pytest.approx(0.8) == h.expected


def test_an_old_session_weighs_half_after_four_hours() -> None:
    """What was learned four hours ago weighs half: 300 contained then and 300 not contained now make a third."""
    h = Health(learn_need=600)
    h.ends(0.0, contained=300)
    h.ends(4 * 3600.0, contained=0, abandoned=300)
    assert pytest.approx(1 / 3) == h.expected


def test_nothing_is_learned_from_trouble() -> None:
    """While the verdict is WARN or TRIP the baseline stands still, and time passes it by; with OK it goes on."""
    h = Health()
    h.ends(1.0, contained=170, escalated=30)
    assert (Verdict.OK, "") == h.says(10.0)
    h.ends(20.0, contained=50, escalated=100)  # learned still: nobody has looked
    assert pytest.approx(220 / 350, rel=1e-3) == h.expected
    assert Verdict.WARN == h.says(30.0)[0]
    before = h.expected
    for k in range(100):
        h.ends(40.0 + 10 * k, contained=0, escalated=20)
        assert Verdict.WARN <= h.says(50.0 + 10 * k)[0]
    assert before == h.expected
    weight = float(h.h[h.F].learned_weight)
    h.ends(1400.0, contained=100)  # seen before the look that finds all well: not learned
    assert Verdict.OK == h.says(1400.0)[0]
    assert (before, weight) == (h.expected, h.h[h.F].learned_weight)
    h.ends(1410.0, contained=100)
    assert h.expected > before


def test_a_long_trouble_makes_nothing_older() -> None:
    """Time under WARN does not count as time: what was learned before weighs as much after it, though no session ended meanwhile."""
    h = Health(nodata_grace_s=60.0)
    h.ends(0.0, contained=200)
    assert OK == h.verdict(0.0)[0]
    assert [WARN] * 100 == [h.verdict(1000.0 + 1000.0 * k)[0] for k in range(100)]
    h.scores(100_000.0, right=400, wrong=0)
    assert OK == h.verdict(100_000.0)[0]
    h.end(100_000.0)
    assert pytest.approx(201.0) == h.h[h.F].learned_weight


def test_only_a_start_is_learned_without_data() -> None:
    """A fleet too quiet for a verdict learns its first 200 sessions all the same, and no more."""
    h = Health()
    for k in range(400):
        h.end(100.0 * k, contained=k < 200)
        assert Verdict.NODATA == h.says(100.0 * k)[0]
    assert (200, 1.0) == (h.h[h.F].learned, h.expected)


# --- verdict ---

OK, WARN, TRIP = Verdict.OK, Verdict.WARN, Verdict.TRIP


@pytest.mark.parametrize(
    ("ends", "scores", "expected", "words"),
    [
        ((85, 15, 0, 0), (0, 0), OK, ""),
        ((69, 20, 0, 11), (0, 0), TRIP, "containment 69% of 100 sessions, 85% expected (z 4.5)"),
        ((71, 20, 0, 9), (0, 0), WARN, "containment 71% of 100 sessions, 85% expected (z 3.9)"),
        ((156, 44, 0, 0), (0, 0), WARN, "containment 78% of 200 sessions, 85% expected (z 2.8)"),  # 7 points on the nose
        ((157, 43, 0, 0), (0, 0), OK, ""),
        ((78, 22, 0, 0), (0, 0), OK, ""),  # seven points, but z 1.96
        ((140, 50, 0, 10), (0, 0), TRIP, "containment 70% of 200 sessions, 85% expected (z 5.9)"),  # 15 on the nose
        ((35, 12, 0, 3), (0, 0), WARN, "containment 70% of 50 sessions, 85% expected (z 3.0)"),  # z 2.97
        ((34, 12, 0, 3), (0, 0), Verdict.NODATA, ""),
        ((84, 1, 15, 0), (0, 0), TRIP, "going round in circles 15 of 100 sessions (15% ≥ 15%)"),
        ((86, 0, 14, 0), (0, 0), WARN, "going round in circles 14 of 100 sessions (14% ≥ 5%)"),
        ((90, 6, 4, 0), (0, 0), OK, ""),
        ((0, 0, 0, 0), (84, 16), TRIP, "right in 84 of 100 scored sessions (84%), surely below 90%"),
        ((0, 0, 0, 0), (85, 15), WARN, "right in 85 of 100 scored sessions (85%), not surely 95%"),
        ((0, 0, 0, 0), (198, 2), OK, ""),
        ((85, 15, 0, 0), (95, 5), WARN, "right in 95 of 100 scored sessions (95%), not surely 95%"),
        ((85, 15, 0, 0), (50, 49), OK, ""),  # 99 scores say nothing
    ],
)  # fmt: skip
def test_the_verdict(
    ends: tuple[int, int, int, int], scores: tuple[int, int], expected: Verdict, words: str
) -> None:
    """Each rule of the verdict at its limit: points and z, accuracy by its bounds, loops; the worst rule is named."""
    h = Health(baseline=0.85)
    h.ends(1.0, *ends)
    h.scores(1.0, *scores)
    assert (expected, words) == h.says(10.0)


def test_escalations_warn() -> None:
    """Three in ten at a person are a warning, where containment is no news: a fleet that was never better has its own baseline."""
    h = Health(baseline=0.7)
    h.ends(1.0, contained=70, escalated=30)
    assert (WARN, "escalated 30 of 100 sessions (30% ≥ 30%)") == h.says(10.0)


def test_surveys_warn_and_are_no_sign_of_health() -> None:
    """More than five points behind people warn, exactly five do not; what was said yesterday makes nothing fine; too little is nothing."""

    def told(of_ai: float, of_people: float, limit: float = 5.0) -> tuple[Verdict, str]:
        h = Health(warn_csat=limit)
        said, cause, *numbers = health.verdict(h.h, h.ring, h.F, 10.0, of_ai, of_people)
        return Verdict(said), "" if cause == NO_CAUSE else breaker.in_words(int(cause), *numbers)

    words = "satisfaction 70.0 of 100 with the AI, 75.5 with people, more than 5 points less"
    assert (WARN, words) == told(70.0, 75.5)
    for quiet in (
        told(70.0, 75.0),
        told(75.5, 70.0),
        told(-1.0, 75.5),
        told(0.0, -1.0),
        told(0.0, 100.0, 0.0),
    ):
        assert (Verdict.NODATA, "") == quiet


def test_limits_of_zero_are_not_watched() -> None:
    """A limit of 0 switches its rule off."""
    off = (
        "warn_drop",
        "trip_drop",
        "warn_accuracy",
        "trip_accuracy",
        "warn_escalated",
        "warn_loop",
        "trip_loop",
        "warn_csat",
    )
    h = Health(baseline=0.85, **dict.fromkeys(off, 0.0))
    h.ends(1.0, contained=0, looped=100)
    h.scores(1.0, right=0, wrong=200)
    assert (OK, "") == h.says(10.0)


@pytest.mark.parametrize(
    ("n", "worse_than_ok", "trips"), [(50, 0.0132, 0.00195), (100, 0.0119, 0.000105), (300, 0.00079, 3.5e-11)]
)
def test_how_often_containment_cries_wolf(n: int, worse_than_ok: float, trips: float) -> None:
    """By the binomial law and no dice: of looks at *n* sessions of a fleet as good as ever about one in a hundred warns, or fewer."""
    chance = dict.fromkeys(Verdict, 0.0)
    for contained in range(n + 1):
        h = Health(baseline=0.85, warn_escalated=0.0)
        h.ends(1.0, contained, abandoned=n - contained)
        chance[h.verdict(10.0)[0]] += float(binom.pmf(contained, n, 0.85))
    assert worse_than_ok == pytest.approx(chance[WARN] + chance[TRIP], rel=0.02)
    assert trips == pytest.approx(chance[TRIP], rel=0.02)


@pytest.mark.parametrize(
    ("n", "now", "worse", "least"),
    [(200, 0.70, TRIP, 0.50), (200, 0.78, WARN, 0.50), (300, 0.60, TRIP, 0.999)],
)
def test_how_often_containment_is_heard(n: int, now: float, worse: Verdict, least: float) -> None:
    """By the binomial law and no dice: a drop exactly at a limit is found by every second look, one far beyond it by all."""
    found = 0.0
    for contained in range(n + 1):
        h = Health(baseline=0.85, warn_escalated=0.0)
        h.ends(1.0, contained, abandoned=n - contained)
        found += float(binom.pmf(contained, n, now)) * (h.verdict(10.0)[0] >= worse)
    assert found > least


def test_silence_after_data_is_a_warning() -> None:
    """Sessions that nobody hears of any more read as a warning after the grace; silence from the start, or without a grace, as no data."""
    h = Health(nodata_grace_s=120.0)
    assert (Verdict.NODATA, "") == h.says(1000.0)
    h.ends(1000.0, contained=60)
    assert (OK, "") == h.says(1010.0)
    assert (OK, "") == h.says(1300.0)
    assert (Verdict.NODATA, "") == h.says(1310.0)
    assert (Verdict.NODATA, "") == h.says(1420.0)
    assert (WARN, "too few ended sessions to tell for 130 s > 120 s") == h.says(1430.0)
    h.ends(1440.0, contained=60)
    assert (OK, "") == h.says(1450.0)

    health.forget_sessions(h.h, h.ring, h.F)
    assert (Verdict.NODATA, "") == h.says(2000.0)  # what is forgotten has not fallen silent

    h = Health()
    h.ends(1.0, contained=60)
    assert [OK, Verdict.NODATA] == [h.says(now_s)[0] for now_s in (10.0, 1e6)]


# --- with the breaker ---


def _opened_by_sessions() -> tuple[Health, Any, Any]:
    h = Health(baseline=0.85)
    b = np.zeros(2, dtype=breaker.BREAKER)
    policy = {
        "on": 1, "window": 60, "min_replies": 20, "until_s": np.inf, "cool_down_s": 30.0, "cool_down_max_s": 300.0,
        "failed_at": 0.2, "slow_at": 0.5, "probes_of": 5, "probes_need": 4, "probes_within_s": 60.0, "degraded_on": 1,
        "warn_failed": 0.02, "warn_slow": 0.1, "confirm": 2, "recover": 3, "dwell_s": 60.0,
    }  # fmt: skip
    for name, number in policy.items():
        b[name] = number
    ring = np.zeros((2, 60, 4), dtype=np.int64)
    ring[:, :, breaker.STAMP] = -1
    h.ends(1.0, contained=49, escalated=31)
    assert breaker.on_look(b, ring, 1, *health.verdict(h.h, h.ring, h.F, 10.0), 10.0)
    return h, b, ring


def test_a_breaker_opens_on_what_the_monitor_saw() -> None:
    """Sessions that go badly while every reply is well open the breaker, and it says why."""
    _, b, _ = _opened_by_sessions()
    assert State.OPEN == b[1].state
    assert State.CLOSED == b[0].state
    assert Cause.CONTAINMENT == b[1].cause
    assert "containment 61% of 80 sessions, 85% expected (z 5.9)" == breaker.in_words(
        int(b[1].cause), float(b[1].part), float(b[1].whole), float(b[1].limit)
    )


@pytest.mark.parametrize("forget", [False, True])
def test_old_sessions_open_again_unless_forgotten(forget: bool) -> None:
    """A breaker that comes back meets the sessions of before in the window, and opens again; forgetting them gives it a fair start."""
    h, b, ring = _opened_by_sessions()
    assert breaker.on_time(b, ring, 1, 40.0)
    for _ in range(4):
        breaker.on_reply(b, ring, 1, breaker.call_epoch(b, 1, True), False, False, 41.0)
    assert State.CLOSED == b[1].state
    h.reply(45.0)
    if forget:
        health.forget_sessions(h.h, h.ring, h.F)
    assert 1 == h.counts(MIDDLE)[health.CALLS]  # replies are not forgotten
    opens = bool(breaker.on_look(b, ring, 1, *health.verdict(h.h, h.ring, h.F, 50.0), 50.0))
    assert forget != opens
    h.ends(60.0, contained=52, escalated=8)
    assert forget == (h.verdict(70.0)[0] == OK)

"""What the orchestrator has seen of each fleet (M27), containment on the rolling five minutes (W1 of M28), and a verdict on it (M25).

Replies, ended sessions and scored sessions are counted in buckets of `every_s` seconds, the period of the looks, **as they are seen**: the
caller has applied delays and gaps, and a session counts when it ended. Three windows run over the buckets, `SHORT` (60 s), `MIDDLE` (300 s)
and `LONG` (1800 s); a window is the bucket under way and the full ones before it, so at a look, which falls on the edge of a bucket, it is
exactly as long as it says. Sums of each window are carried along: a look reads them and adds up nothing.

A reading is `NODATA` (−1) below its minimum count, and never 0 or "fine": missing telemetry is not health.

*Verdict.* On sessions that ended, and sessions that were scored, in the middle window:

```text
TRIP  containment ≥ trip_drop under its baseline and z ≥ 3 · accuracy surely < trip_accuracy · loops ≥ trip_loop
WARN  containment ≥ warn_drop under its baseline and z ≥ 2.33 · accuracy not surely ≥ warn_accuracy
      surveys of the AI > warn_csat points under those of people
      escalated ≥ warn_escalated · loops ≥ warn_loop · no data for nodata_grace_s where there was data before
OK    otherwise, if there is anything to tell from; else NODATA
```

"Surely" is by the 95 % interval of Wilson (1927), doi:10.1080/01621459.1927.10502953. It asks for much: of looks at 100 scores of a fleet
that is right 97 times in 100, 95 % warn at a limit of 0.95; at 400 scores 54 %, at 1,000 12 %. Where scores are few, set `need_scored` high
or `warn_accuracy` low.

Surveys (`satisfaction`) look back a day: they can warn, but nothing is fine because of what was said yesterday.

*Baseline.* The policy's number, or learned: contained share of sessions that ended while the verdict was OK, old ones forgotten by half
every `half_life_s`. Until `learn_need` sessions are learned there is none, and those that end under NODATA count too: nothing else could
start it.

*After an opening.* Sessions that ended badly stay in the window for minutes after a breaker has closed again, and would open it again at
once. `forget_sessions` empties the windows of sessions: call it when a breaker comes back from open.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.orchestration.breaker import NO_CAUSE, Cause, Verdict, drop_z
from sim.orchestration.compiled import compiled, record

NODATA = -1.0
"""A reading below its minimum count."""

# Alert thresholds as the seed text prints them (the table of health metrics in the essay on AI agent orchestration for WFM).
P95_CHAT_S = 2.0  # "p95 < 2s (chat)"
P95_VOICE_S = (
    0.5  # "p95 < 500ms (voice)"; of the first response: whole turns of voice take 1.0 to 1.7 s in the field
)
FAILED_LIMIT = 0.005  # "Percentage of requests returning errors < 0.5%"
UTILISATION_LIMIT = 0.80  # "Active sessions as percentage of maximum capacity < 80% sustained"
ESCALATED_LIMIT = 0.30  # "Percentage of AI interactions requiring human takeover < 30% overall"
ACCURACY_LIMIT = 0.95  # "measured by QA sampling > 95% for production routing"

SHORT, MIDDLE, LONG = 0, 1, 2
"""Windows."""
WINDOWS = 3

CALLS, FAILED, SLOW, ENDED, CONTAINED, ESCALATED, LOOPED, SCORED, CORRECT = range(9)
"""Columns of a ring."""
COLUMNS = 9
_FIRST_OF_SESSIONS = ENDED

EDGES_S = np.array([2.0 ** (k / 2.0 - 7.0) for k in range(26)])
"""Edges of the bins of reply times, two an octave from 8 ms to 45 s: 0.5, 1, 2 and 4 s are edges. What lies outside is in the end bins."""
BINS = 25

HEALTH = record(
    [
        # state
        ("bucket", np.int64),  # the number of the bucket under way
        ("hist_bucket", np.int64),
        ("verdict", np.int64),
        ("had_data", np.int64),
        ("data_s", np.float64),  # when a verdict last had data
        ("learned", np.int64),  # sessions behind the learned baseline
        ("learned_weight", np.float64),
        ("learned_contained", np.float64),
        ("learned_s", np.float64),
        # policy
        ("every_s", np.float64),
        ("short_n", np.int64),  # full buckets of each window
        ("middle_n", np.int64),
        ("long_n", np.int64),
        ("need_replies", np.int64),
        ("need_calls", np.int64),
        ("need_ended", np.int64),
        ("need_scored", np.int64),
        ("baseline", np.float64),  # 0: learned
        ("half_life_s", np.float64),
        ("learn_need", np.int64),
        ("warn_drop", np.float64),  # here and below, 0: not watched
        ("trip_drop", np.float64),
        ("warn_accuracy", np.float64),
        ("trip_accuracy", np.float64),
        ("warn_escalated", np.float64),
        ("warn_loop", np.float64),
        ("trip_loop", np.float64),
        ("warn_csat", np.float64),
        ("nodata_grace_s", np.float64),  # 0: silence says nothing
    ]
)
"""State and policy of what is seen of one fleet."""

HealthArray = NDArray[Any]
RingArray = NDArray[np.int64]
"""Shape (fleets, buckets + windows, columns): a slot for each bucket, then the running sum of each window. Of reply times: (…, bins)."""

_WARN_Z, _TRIP_Z = 2.33, 3.0  # one look in a hundred, one in 740, where nothing is wrong
_WILSON_Z = 1.959963984540054  # 95 %, both sides
_NEARLY = 1e-9  # 0.85 − 0.78 is 7 points, whatever floats make of it

_NODATA, _OK, _WARN, _TRIP = int(Verdict.NODATA), int(Verdict.OK), int(Verdict.WARN), int(Verdict.TRIP)
_CONTAINMENT, _NO_SESSIONS = int(Cause.CONTAINMENT), int(Cause.NO_SESSIONS)
_ACCURACY_LOW, _ACCURACY_UNSURE = int(Cause.ACCURACY_LOW), int(Cause.ACCURACY_UNSURE)
_DISSATISFIED = int(Cause.DISSATISFIED)
_ESCALATED_SHARE, _LOOPED_SHARE = int(Cause.ESCALATED_SHARE), int(Cause.LOOPED_SHARE)

USUAL: dict[str, float] = {
    "every_s": 10.0,
    "need_replies": 50,
    "need_calls": 400,
    "need_ended": 50,
    "need_scored": 100,
    "baseline": 0.0,
    "half_life_s": 4 * 3600.0,
    "learn_need": 200,
    "warn_drop": 0.07,
    "trip_drop": 0.15,
    "warn_accuracy": ACCURACY_LIMIT,
    "trip_accuracy": 0.90,
    "warn_escalated": ESCALATED_LIMIT,
    "warn_loop": 0.05,
    "trip_loop": 0.15,
    "warn_csat": 0.0,
    "nodata_grace_s": 0.0,
}
"""Policy where nothing else is said."""


def monitors(
    fleets: int,
    windows_s: tuple[float, float, float] = (60.0, 300.0, 1800.0),
    **policy: float,
) -> tuple[HealthArray, RingArray, RingArray]:
    """Health of *fleets* fleets before anything was seen.

    Args:
        windows_s: Lengths of the short, middle and long window, seconds; whole multiples of `every_s`.
        policy: Fields of `HEALTH` that differ from `USUAL`, the same for every fleet.

    Returns:
        Rows, ring of counts, ring of reply times.

    Raises:
        ValueError: A policy field that there is not, or windows that the buckets cannot make up.
    """
    if unknown := sorted(set(policy) - set(USUAL)):
        raise ValueError(f"no policy field of a health monitor: {', '.join(unknown)}")
    h = np.zeros(fleets, dtype=HEALTH)
    for name, number in (USUAL | policy).items():
        h[name] = number
    every_s = float(USUAL["every_s"] if "every_s" not in policy else policy["every_s"])
    counts = [round(window_s / every_s) for window_s in windows_s]
    if any(abs(n * every_s - window_s) > _NEARLY for n, window_s in zip(counts, windows_s, strict=True)):
        raise ValueError(f"windows of {windows_s} s are no whole multiples of {every_s} s")
    if not 0 < counts[0] <= counts[1] <= counts[2]:
        raise ValueError(f"windows of {windows_s} s must come shortest first")
    h["short_n"], h["middle_n"], h["long_n"] = counts
    slots = counts[2] + 1 + WINDOWS
    return h, np.zeros((fleets, slots, COLUMNS), np.int64), np.zeros((fleets, slots, BINS), np.int64)


# --- what is seen ---


@compiled
def _window_n(h: HealthArray, f: int, window: int) -> int:
    if window == SHORT:
        return int(h[f].short_n)
    return int(h[f].middle_n if window == MIDDLE else h[f].long_n)


@compiled
def _roll(h: HealthArray, ring: RingArray, f: int, before: int, now: int) -> None:
    """Go on from bucket number *before* to *now*: sums lose the buckets that leave their windows, slots are emptied for the new ones."""
    slots = ring.shape[1] - WINDOWS
    if now - before >= slots:
        for slot in range(ring.shape[1]):
            for column in range(ring.shape[2]):
                ring[f, slot, column] = 0
        return
    for bucket in range(before + 1, now + 1):
        for window in range(WINDOWS):
            leaving = bucket - _window_n(h, f, window) - 1
            if leaving >= 0:
                for column in range(ring.shape[2]):
                    ring[f, slots + window, column] -= ring[f, leaving % slots, column]
        for column in range(ring.shape[2]):
            ring[f, bucket % slots, column] = 0


@compiled
def _advance_ring(h: HealthArray, ring: RingArray, f: int, now_s: float) -> None:
    bucket = int(now_s / h[f].every_s)
    if bucket > h[f].bucket:
        _roll(h, ring, f, h[f].bucket, bucket)
        h[f].bucket = bucket


@compiled
def advance_to(h: HealthArray, ring: RingArray, hist: RingArray, f: int, now_s: float) -> None:
    """Let the windows of fleet *f* end now; call it before reading. What is seen late counts when it is seen."""
    _advance_ring(h, ring, f, now_s)
    bucket = int(now_s / h[f].every_s)
    if bucket > h[f].hist_bucket:
        _roll(h, hist, f, h[f].hist_bucket, bucket)
        h[f].hist_bucket = bucket


@compiled
def _add(ring: RingArray, f: int, column: int, bucket: int) -> None:
    slots = ring.shape[1] - WINDOWS
    ring[f, bucket % slots, column] += 1
    for window in range(WINDOWS):
        ring[f, slots + window, column] += 1


@compiled
def bin_of(reply_s: float) -> int:
    """The bin of `EDGES_S` that a reply time belongs to; a time on an edge is in the bin above."""
    low, high = 0, BINS
    while high - low > 1:
        middle = (low + high) // 2
        if reply_s >= EDGES_S[middle]:
            low = middle
        else:
            high = middle
    return low


@compiled
def saw_reply(
    h: HealthArray,
    ring: RingArray,
    hist: RingArray,
    f: int,
    now_s: float,
    failed: bool,
    slow: bool,
    reply_s: float,
) -> None:
    """A call of fleet *f* ended: it failed or not, was slow or not, and took *reply_s*."""
    advance_to(h, ring, hist, f, now_s)
    bucket = h[f].bucket
    _add(ring, f, CALLS, bucket)
    if failed:
        _add(ring, f, FAILED, bucket)
    if slow:
        _add(ring, f, SLOW, bucket)
    _add(hist, f, bin_of(reply_s), bucket)


@compiled
def saw_end(
    h: HealthArray, ring: RingArray, f: int, now_s: float, contained: bool, escalated: bool, looped: bool
) -> None:
    """A session of fleet *f* ended.

    Args:
        contained: Without a person, and not abandoned.
        escalated: At a person. Neither contained nor escalated: the customer gave up.
        looped: By the limit of turns or of time, a session that went round in circles.
    """
    _advance_ring(h, ring, f, now_s)
    bucket = h[f].bucket
    _add(ring, f, ENDED, bucket)
    if contained:
        _add(ring, f, CONTAINED, bucket)
    if escalated:
        _add(ring, f, ESCALATED, bucket)
    if looped:
        _add(ring, f, LOOPED, bucket)
    if h[f].verdict == _OK or (h[f].verdict == _NODATA and h[f].learned < h[f].learn_need):
        kept = math.pow(2.0, -max(0.0, now_s - h[f].learned_s) / h[f].half_life_s)
        h[f].learned_weight = h[f].learned_weight * kept + 1.0
        h[f].learned_contained = h[f].learned_contained * kept + (1.0 if contained else 0.0)
        h[f].learned += 1
    # Time in which nothing may be learned makes nothing older.
    h[f].learned_s = now_s


@compiled
def saw_score(h: HealthArray, ring: RingArray, f: int, now_s: float, correct: bool) -> None:
    """A session of fleet *f* was scored by quality assurance."""
    _advance_ring(h, ring, f, now_s)
    bucket = h[f].bucket
    _add(ring, f, SCORED, bucket)
    if correct:
        _add(ring, f, CORRECT, bucket)


@compiled
def forget_sessions(h: HealthArray, ring: RingArray, f: int) -> None:
    """Empty the windows of ended and scored sessions: those before an opening say nothing of the fleet that came back."""
    for slot in range(ring.shape[1]):
        for column in range(_FIRST_OF_SESSIONS, COLUMNS):
            ring[f, slot, column] = 0
    h[f].verdict = _NODATA
    h[f].had_data = 0


# --- what a look reads ---


@compiled
def counted(ring: RingArray, f: int, column: int, window: int) -> int:
    """What the *window* holds of one column."""
    return int(ring[f, ring.shape[1] - WINDOWS + window, column])


@compiled
def _share(ring: RingArray, f: int, part: int, whole: int, window: int, need: int) -> float:
    of = counted(ring, f, whole, window)
    if of < need or of == 0:
        return NODATA
    return counted(ring, f, part, window) / of


@compiled
def failed_share(h: HealthArray, ring: RingArray, f: int, window: int) -> float:
    """Share of calls that failed."""
    return _share(ring, f, FAILED, CALLS, window, h[f].need_calls)


@compiled
def slow_share(h: HealthArray, ring: RingArray, f: int, window: int) -> float:
    """Share of calls that were slow."""
    return _share(ring, f, SLOW, CALLS, window, h[f].need_replies)


@compiled
def quantile_s(h: HealthArray, hist: RingArray, f: int, window: int, q: float) -> float:
    """The reply time that a share *q* of the calls stayed under, seconds; within its bin as if spread evenly over the logarithm."""
    sums = hist.shape[1] - WINDOWS + window
    replies = 0
    for k in range(BINS):
        replies += hist[f, sums, k]
    if replies < h[f].need_replies or replies == 0:
        return NODATA
    under = 0
    for k in range(BINS):
        count = hist[f, sums, k]
        if count > 0 and under + count >= q * replies:
            within = (q * replies - under) / count
            return float(EDGES_S[k] * math.pow(EDGES_S[k + 1] / EDGES_S[k], within))
        under += count
    return float(EDGES_S[BINS])


@compiled
def p50_s(h: HealthArray, hist: RingArray, f: int, window: int) -> float:
    """Median reply time, seconds."""
    return quantile_s(h, hist, f, window, 0.50)


@compiled
def p95_s(h: HealthArray, hist: RingArray, f: int, window: int) -> float:
    """95th percentile of reply times, seconds."""
    return quantile_s(h, hist, f, window, 0.95)


@compiled
def containment(h: HealthArray, ring: RingArray, f: int, window: int) -> float:
    """Share of ended sessions that needed no person and were not abandoned; the rolling one of M28 is that of `MIDDLE`."""
    return _share(ring, f, CONTAINED, ENDED, window, h[f].need_ended)


@compiled
def escalated_share(h: HealthArray, ring: RingArray, f: int, window: int) -> float:
    """Share of ended sessions that went to a person."""
    return _share(ring, f, ESCALATED, ENDED, window, h[f].need_ended)


@compiled
def loop_share(h: HealthArray, ring: RingArray, f: int, window: int) -> float:
    """Share of ended sessions that ran into the limit of turns or of time."""
    return _share(ring, f, LOOPED, ENDED, window, h[f].need_ended)


@compiled
def wilson(part: float, whole: float) -> tuple[float, float]:
    """Bounds of the 95 % interval of a share, after Wilson (1927); (0, 1) where nothing was counted."""
    if whole <= 0.0:
        return 0.0, 1.0
    z2 = _WILSON_Z * _WILSON_Z
    p = part / whole
    middle = (p + z2 / (2.0 * whole)) / (1.0 + z2 / whole)
    half = _WILSON_Z * math.sqrt(p * (1.0 - p) / whole + z2 / (4.0 * whole * whole)) / (1.0 + z2 / whole)
    return max(0.0, middle - half), min(1.0, middle + half)


@compiled
def accuracy(h: HealthArray, ring: RingArray, f: int, window: int) -> tuple[float, float, float]:
    """Share of scored sessions that were right, and the bounds of its 95 % interval; three times `NODATA` below the minimum."""
    scored = counted(ring, f, SCORED, window)
    if scored < h[f].need_scored or scored == 0:
        return NODATA, NODATA, NODATA
    correct = counted(ring, f, CORRECT, window)
    low, high = wilson(correct, scored)
    return correct / scored, low, high


@compiled
def expected_containment(h: HealthArray, f: int) -> float:
    """Baseline of containment: the policy's, else the learned one, `NODATA` until that has seen enough."""
    if h[f].baseline > 0.0:
        return float(h[f].baseline)
    if h[f].learned < h[f].learn_need or h[f].learned_weight <= 0.0:
        return NODATA
    return float(h[f].learned_contained / h[f].learned_weight)


@compiled
def containment_drop(h: HealthArray, ring: RingArray, f: int, window: int) -> float:
    """By how much containment lies under its baseline, a share, never less than 0; `NODATA` where either is unknown."""
    seen, expected = containment(h, ring, f, window), expected_containment(h, f)
    if seen < 0.0 or expected < 0.0:
        return NODATA
    return max(0.0, expected - seen)


@compiled
def _judge(
    h: HealthArray, ring: RingArray, f: int, of_ai: float, of_people: float
) -> tuple[int, int, float, float, float]:
    """The verdict of this moment, silence aside."""
    ended = counted(ring, f, ENDED, MIDDLE)
    contained = float(counted(ring, f, CONTAINED, MIDDLE))
    escalated = float(counted(ring, f, ESCALATED, MIDDLE))
    looped = float(counted(ring, f, LOOPED, MIDDLE))
    scored, correct = counted(ring, f, SCORED, MIDDLE), float(counted(ring, f, CORRECT, MIDDLE))
    by_sessions = ended >= h[f].need_ended and ended > 0
    right, surely, at_best = accuracy(h, ring, f, MIDDLE)
    by_scores = right >= 0.0
    expected = expected_containment(h, f)
    drop, z = 0.0, 0.0
    if by_sessions and expected > 0.0:
        drop = expected - contained / ended
        z = drop_z(contained, float(ended), expected)

    if h[f].trip_drop > 0.0 and drop >= h[f].trip_drop - _NEARLY and z >= _TRIP_Z:
        return _TRIP, _CONTAINMENT, contained, float(ended), expected
    if by_scores and at_best < h[f].trip_accuracy:
        return _TRIP, _ACCURACY_LOW, correct, float(scored), float(h[f].trip_accuracy)
    if by_sessions and h[f].trip_loop > 0.0 and looped >= h[f].trip_loop * ended:
        return _TRIP, _LOOPED_SHARE, looped, float(ended), float(h[f].trip_loop)
    if h[f].warn_drop > 0.0 and drop >= h[f].warn_drop - _NEARLY and z >= _WARN_Z:
        return _WARN, _CONTAINMENT, contained, float(ended), expected
    if by_scores and surely < h[f].warn_accuracy:
        return _WARN, _ACCURACY_UNSURE, correct, float(scored), float(h[f].warn_accuracy)
    asked = h[f].warn_csat > 0.0 and of_ai >= 0.0 and of_people >= 0.0
    if asked and of_people - of_ai > h[f].warn_csat + _NEARLY:
        return _WARN, _DISSATISFIED, of_ai, of_people, float(h[f].warn_csat)
    if by_sessions and h[f].warn_escalated > 0.0 and escalated >= h[f].warn_escalated * ended:
        return _WARN, _ESCALATED_SHARE, escalated, float(ended), float(h[f].warn_escalated)
    if by_sessions and h[f].warn_loop > 0.0 and looped >= h[f].warn_loop * ended:
        return _WARN, _LOOPED_SHARE, looped, float(ended), float(h[f].warn_loop)
    return (_OK if by_sessions or by_scores else _NODATA), NO_CAUSE, 0.0, 0.0, 0.0


@compiled
def verdict(
    h: HealthArray,
    ring: RingArray,
    f: int,
    now_s: float,
    of_ai: float = NODATA,
    of_people: float = NODATA,
) -> tuple[int, int, float, float, float]:
    """What the sessions of fleet *f* say now; what `breaker.on_look` wants to hear.

    Args:
        of_ai, of_people: Mean answers to surveys about the fleet and about people alone, 0 to 100; `NODATA` where there are too few.

    Returns:
        `Verdict`, `Cause` (`NO_CAUSE` unless it is WARN or TRIP), and the cause's part, whole and limit.
    """
    _advance_ring(h, ring, f, now_s)
    said, cause, part, whole, limit = _judge(h, ring, f, of_ai, of_people)
    if said != _NODATA:
        h[f].had_data = 1
        h[f].data_s = now_s
    else:
        silent_s = now_s - h[f].data_s
        if h[f].had_data != 0 and h[f].nodata_grace_s > 0.0 and silent_s > h[f].nodata_grace_s:
            said, cause, part, whole, limit = _WARN, _NO_SESSIONS, silent_s, 0.0, float(h[f].nodata_grace_s)
    h[f].verdict = said
    if said >= _WARN:
        h[f].learned_s = now_s
    return said, cause, part, whole, limit

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
import pytest
from scipy.sparse import coo_array, eye_array
from scipy.sparse.linalg import spsolve

from sim.orchestration.warning import (
    WARNING,
    Attribution,
    Cause,
    Verdict,
    attribution,
    cusum,
    in_words,
    on_end,
    on_look,
    tune,
)

compiled_only = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="millions of sessions")


@numba.njit(nogil=True)
def sessions_until_alarm(rows: Any, escalated: Any, done: int) -> int:
    """Sessions until the alarm, *done* of them before these; the negative of them when none came."""
    for k in range(escalated.shape[0]):
        done += 1
        if on_end(rows, 0, escalated[k], float(done)):
            return done
    return -done


def mean_run_length(h: float, share: float, replications: int, seed: int) -> float:
    """Sessions until the alarm when such a share escalates."""
    dice = np.random.default_rng(seed)
    block = 1 << 12
    total = 0
    for _ in range(replications):
        rows = np.zeros(1, dtype=WARNING)
        rows[0] = cusum(0.85, 0.07, h)
        done = 0
        while done <= 0:
            done = sessions_until_alarm(rows, dice.random(block) < share, -done)
        total += done
    return total / replications


def one(h: float = 6.0, **policy: Any) -> Any:
    """One fleet with both watchers."""
    rows = np.zeros(1, dtype=WARNING)
    rows[0] = cusum(0.85, 0.07, h)
    for name, value in policy.items():
        rows[name] = value
    return rows


def exact_run_length(h: float, share: float, cells: int = 2_000) -> float:
    """The same mean by its linear equations on a fine grid of evidence: L(s) = 1 + p L(s + up) + (1 − p) L(max(0, s + down))."""
    up, down = math.log(0.22 / 0.15), math.log(0.78 / 0.85)
    at = np.arange(cells) * (h / cells)
    equations = eye_array(cells, format="lil").tocsr()
    for to, probability in ((at + up, share), (np.maximum(at + down, 0.0), 1.0 - share)):
        low = np.floor(to / h * cells).astype(int)
        part = to / h * cells - low
        for cell, weight in ((low, 1.0 - part), (low + 1, part)):
            inside = (to < h) & (cell < cells)
            row = np.flatnonzero(inside)
            entry = (probability * weight[inside], (row, cell[inside]))
            equations = equations - coo_array(entry, shape=(cells, cells)).tocsr()
    return float(spsolve(equations.tocsc(), np.ones(cells))[0])


@pytest.mark.parametrize(
    ("h", "between", "to_18", "to_22", "to_30"),
    [(4.0, 4_400, 560, 185, 69), (6.0, 35_000, 1_730, 285, 111), (8.0, 183_000, 2_410, 423, 143)],
)
def test_V8_the_published_table_is_that_of_this_rule(
    h: float, between: float, to_18: float, to_22: float, to_30: float
) -> None:
    """Computed without dice: sessions between false alarms agree within 30 %, sessions to detection within 15 %.

    A drop of three points is not one that this rule is tuned to: there a run is as long as chance will have it, the mean of the
    reference's 40 plays is sure to 16 %, and two of those are allowed. For h = 6 the table says 1,730 and the equations 1,428.
    """
    assert between == pytest.approx(exact_run_length(h, 0.15), rel=0.30)
    assert to_18 == pytest.approx(exact_run_length(h, 0.18), rel=0.32)
    assert to_22 == pytest.approx(exact_run_length(h, 0.22), rel=0.15)
    assert to_30 == pytest.approx(exact_run_length(h, 0.30), rel=0.15)


@compiled_only
@pytest.mark.parametrize("h", [4.0, 6.0, 8.0])
def test_V8_the_rule_runs_as_long_as_computed(h: float) -> None:
    """Played with dice: false alarms within 16 % over 1,000 runs, detections within 10 % over 4,000.

    Five standard errors or more each (a run length varies by its mean at most): one in a million fails.
    """
    assert exact_run_length(h, 0.15) == pytest.approx(mean_run_length(h, 0.15, 1_000, seed=2801), rel=0.16)
    for share in (0.22, 0.30):
        assert exact_run_length(h, share) == pytest.approx(
            mean_run_length(h, share, 4_000, seed=2802), rel=0.10
        )


def test_evidence_is_the_log_likelihood_ratio_and_never_below_0() -> None:
    """Each end adds ln(p1/p0) or ln((1 − p1)/(1 − p0)); a good run leaves the evidence at 0."""
    rows = one()
    assert not on_end(rows, 0, False, 1.0)
    assert 0.0 == rows[0].evidence
    assert not on_end(rows, 0, True, 2.0)
    assert math.log(0.22 / 0.15) == pytest.approx(rows[0].evidence)
    assert not on_end(rows, 0, False, 3.0)
    assert math.log(0.22 / 0.15) + math.log(0.78 / 0.85) == pytest.approx(rows[0].evidence)
    assert (2, 2.0) == (rows[0].run, rows[0].run_from_s)


def test_an_alarm_says_since_when_and_over_how_many_sessions() -> None:
    """16 escalations in a row reach h = 6; the row holds evidence, sessions, limit and where the slide began."""
    rows = one()
    on_end(rows, 0, False, 5.0)
    raised = [on_end(rows, 0, True, 10.0 + k) for k in range(16)]
    assert [False] * 15 + [True] == raised
    assert (1, 1, Cause.CUSUM, 16, 10.0, 25.0) == (
        rows[0].alarmed, rows[0].alarms, rows[0].cause, rows[0].whole, rows[0].run_from_s, rows[0].since_s,
    )  # fmt: skip
    assert "escalations more frequent than usual: evidence 6.1 ≥ 6.0 over 16 sessions" == in_words(
        rows[0].cause, rows[0].part, rows[0].whole, rows[0].limit
    )


def test_an_alarm_ends_half_an_hour_below_half_of_h() -> None:
    """Good sessions bring the evidence under h/2; 30 minutes later, not before, the alarm is over; a new slide raises a second."""
    rows = one()
    now_s = 0.0
    while not on_end(rows, 0, True, now_s):
        now_s += 1.0
    quiet_s = math.nan
    while not on_end(rows, 0, False, now_s):
        if rows[0].evidence < 3.0 and math.isnan(quiet_s):
            quiet_s = now_s
        now_s += 2.0
    assert 1800.0 == now_s - quiet_s
    assert (0, Cause.QUIET) == (rows[0].alarmed, rows[0].cause)
    while not on_end(rows, 0, True, now_s):
        now_s += 1.0
    assert (1, 2) == (rows[0].alarmed, rows[0].alarms)


def test_a_relapse_starts_the_half_hour_afresh() -> None:
    """Evidence back over h/2 during the wait keeps the alarm up."""
    rows = one()
    while not on_end(rows, 0, True, 0.0):
        pass
    for _ in range(60):
        assert not on_end(rows, 0, False, 100.0)
    for _ in range(20):
        assert not on_end(rows, 0, True, 1000.0)
    for _ in range(60):
        assert not on_end(rows, 0, False, 1901.0)
    assert not on_end(rows, 0, False, 3700.0)
    assert on_end(rows, 0, False, 3701.0)


def test_evidence_stops_at_h_during_an_alarm() -> None:
    """However long a slide lasts, recovery takes as many good sessions."""
    rows = one()
    for k in range(5_000):
        on_end(rows, 0, True, float(k))
    assert 6.0 == rows[0].evidence


@pytest.mark.parametrize(
    ("contained", "ended", "raised"),
    [(390, 500, True), (391, 500, False), (156, 200, False), (38, 49, False), (0, 50, True)],
)
def test_the_rule_needs_7_points_and_3_standard_errors(contained: int, ended: int, raised: bool) -> None:
    """78 % of 500 is 7 points and z 4.4; of 200 only z 2.8; under 50 sessions nothing is said."""
    rows = one(cusum_on=0)
    assert raised == on_look(rows, 0, contained, ended, 0.85, 100.0)
    assert raised == (rows[0].alarmed == 1)


def test_the_rule_says_its_numbers() -> None:
    """Containment, sessions, what was expected, z."""
    rows = one()
    on_look(rows, 0, 390, 500, 0.85, 100.0)
    assert "containment 78% of 500 sessions, 85% expected (z 4.4)" == in_words(
        rows[0].cause, rows[0].part, rows[0].whole, rows[0].limit
    )


def test_an_alarm_stays_while_the_rule_holds() -> None:
    """The half-hour begins when the rule has ceased to hold; without a baseline the rule is silent."""
    rows = one()
    assert on_look(rows, 0, 390, 500, 0.85, 0.0)
    assert not on_look(rows, 0, 390, 500, 0.85, 3600.0)
    assert not on_look(rows, 0, 420, 500, 0.85, 3610.0)
    assert not on_look(rows, 0, 390, 500, -1.0, 5400.0)
    assert on_look(rows, 0, 420, 500, 0.85, 5410.0)
    assert 0 == rows[0].alarmed


def test_nights_are_suspended() -> None:
    """Under 50 sessions in the window no end counts, an alarm stays, and the evidence waits for the morning."""
    rows = one()
    on_end(rows, 0, True, 0.0)
    evidence = rows[0].evidence
    assert not on_look(rows, 0, 10, 49, 0.85, 10.0)
    assert not any(on_end(rows, 0, True, 11.0) for _ in range(100))
    assert (1, evidence) == (rows[0].suspended, rows[0].evidence)
    assert not on_look(rows, 0, 45, 50, 0.85, 20.0)
    assert sum(on_end(rows, 0, True, 21.0) for _ in range(100)) == 1
    assert not on_look(rows, 0, 40, 40, 0.85, 30.0)
    assert not on_look(rows, 0, 40, 40, 0.85, 1e6)
    assert 1 == rows[0].alarmed


def test_a_row_that_is_off_never_alarms() -> None:
    """Neither watcher counts."""
    rows = one(on=0)
    assert not any(on_end(rows, 0, True, 0.0) for _ in range(100))
    assert not on_look(rows, 0, 0, 500, 0.85, 0.0)


def test_tuning_to_a_baseline_gives_the_numbers_of_a_fresh_row() -> None:
    """A learned baseline changes the two steps, and leaves the evidence."""
    rows = one()
    on_end(rows, 0, True, 0.0)
    before = rows[0].evidence
    tune(rows, 0, 0.75)
    fresh = cusum(0.75, 0.07, 6.0)
    assert (before, fresh.up, fresh.down) == pytest.approx((rows[0].evidence, rows[0].up, rows[0].down))


@pytest.mark.parametrize(
    ("baseline", "drop", "h"), [(0.0, 0.07, 6), (1.0, 0.07, 6), (0.05, 0.07, 6), (0.85, 0.07, 0)]
)
def test_an_impossible_watcher_is_refused(baseline: float, drop: float, h: float) -> None:
    """The message names the three numbers."""
    with pytest.raises(ValueError, match="0 < drop < baseline < 1"):
        cusum(baseline, drop, h)


BEFORE = {"billing": (500, 450), "tracking": (300, 270), "claims": (200, 100)}


def parts_sum(found: Attribution) -> bool:
    """Whether the parts make up the change."""
    within = sum(part for _, part in found.by_intent)
    return math.isclose(found.within + found.mix, found.change) and math.isclose(within, found.within)


@pytest.mark.parametrize(
    ("now", "verdict"),
    [
        ({"billing": (500, 350), "tracking": (300, 270), "claims": (200, 100)}, Verdict.ONE_INTENT),
        ({"billing": (500, 350), "tracking": (300, 210), "claims": (200, 70)}, Verdict.ALL_INTENTS),
        ({"billing": (500, 390), "tracking": (300, 240), "claims": (200, 100)}, Verdict.ALL_INTENTS),
        ({"billing": (500, 450), "tracking": (300, 240), "claims": (200, 80)}, Verdict.SEVERAL_INTENTS),
        ({"billing": (300, 270), "tracking": (200, 180), "claims": (500, 250)}, Verdict.MIX),
        (
            {"billing": (500, 450), "tracking": (300, 270), "claims": (200, 100), "new": (200, 20)},
            Verdict.MIX,
        ),
        ({"billing": (500, 445), "tracking": (300, 270), "claims": (200, 99)}, Verdict.NOTHING),
        ({"billing": (500, 480), "tracking": (300, 290), "claims": (200, 150)}, Verdict.NOTHING),
    ],
)
def test_attribution_finds_where_containment_went(now: dict[str, tuple[int, int]], verdict: Verdict) -> None:
    """One intent, several, all, or the mix; the parts sum to the change."""
    found = attribution(BEFORE, now)
    assert verdict == found.verdict
    assert parts_sum(found)


def test_simpsons_paradox_is_mix() -> None:
    """Every intent is contained better than before and the total worse: within rises, the mix takes more."""
    found = attribution({"easy": (900, 810), "hard": (100, 40)}, {"easy": (400, 364), "hard": (600, 246)})
    assert found.change < 0 < found.within
    assert Verdict.MIX == found.verdict
    assert "containment 85.0% → 61.0%" in found.words
    assert "a new pattern" in found.words


def test_a_fleet_of_one_intent_can_only_blame_it() -> None:
    """And says its name."""
    found = attribution({"billing": (500, 450)}, {"billing": (500, 350)})
    assert Verdict.ONE_INTENT == found.verdict
    assert "one intent: billing" in found.words


def test_attribution_of_too_few_says_so() -> None:
    """Below 50 sessions on either side nothing is said."""
    found = attribution(BEFORE, {"billing": (49, 0)})
    assert Verdict.NOTHING == found.verdict
    assert "too few sessions to tell (1000 before, 49 now)" == found.words


def test_attribution_sums_to_the_change_for_any_tables() -> None:
    """Within and mix add up whatever comes, goes or stays (200 random pairs of tables)."""
    dice = np.random.default_rng(2803)
    for _ in range(200):
        tables = []
        for _ in range(2):
            kinds = [name for name in "abcdef" if dice.random() < 0.7] or ["a"]
            ended = {name: int(dice.integers(50, 500)) for name in kinds}
            tables.append({name: (n, int(dice.integers(0, n + 1))) for name, n in ended.items()})
        assert parts_sum(attribution(*tables))

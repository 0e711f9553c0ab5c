"""What customers bring, against the laws that the file names: rates, noise, surges, days of 23 and 25 hours, further attempts.

Statistical checks are two-sided at 4.5 standard errors (7 in a million), or at 1 in 10,000 where stated; about 200 of the first and ten
of the second kind: one wrong seed in some 400. Seeds are fixed.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.demand.draw import contacts, interval_noise
from sim.demand.laws import draw
from sim.demand.streams import stream
from sim.engine.run import simulate
from sim.engine.state import Disposition
from sim.outcomes.local_time import local_time
from sim.scenario.model import Law
from tests.laws.worlds import Span, Tree, busy_centre, law, one_line, read, rows, seconds
from tests.truth import cases

MOST_Z = 4.5


def _arrivals(tree: Tree, replications: int = 1, *sets: str) -> np.ndarray:
    """Arrival times of all replications together, seconds."""
    scenario = read(tree, *sets)
    return np.concatenate(
        [contacts(scenario, r).arrive_s[: contacts(scenario, r).first_attempts] for r in range(replications)]
    )


def _day(**demand: object) -> Tree:
    """A day of arrivals, people who answer everybody."""
    return one_line(1.0, law("exp", 10.0), "never", 100, Span(900, 96, 0)) | {"demand": demand}


def _z(count: float, expected: float) -> float:
    """Standard errors of a Poisson count."""
    return (count - expected) / math.sqrt(expected)


# --- rates ---


def test_a_step_is_followed_exactly() -> None:
    """Arrivals change their rate at the second at which the file says so, and are Poisson on both sides of it."""
    from scipy.stats import chi2, kstest

    tree = _day(per_h={"00:00": 6000, "06:00": 18000, "12:00": 0})
    at_s = _arrivals(tree)
    hour = 3600.0
    for from_h, until_h, per_h in ((0, 6, 6000), (6, 12, 18000)):
        inside = at_s[(at_s >= from_h * hour) & (at_s < until_h * hour)]
        assert abs(_z(len(inside), per_h * 6)) <= MOST_Z
        # Uniform within, and no burstier than Poisson minute by minute: both at 1 in 10,000.
        assert kstest(inside, "uniform", (from_h * hour, 6 * hour)).pvalue > 1e-4
        counts = np.bincount(((inside - from_h * hour) / 60).astype(int), minlength=360)
        low, high = chi2.ppf([5e-5, 1 - 5e-5], 359) / 359
        assert low <= counts.var(ddof=1) / counts.mean() <= high
    for width_s in (10.0, 60.0):
        # Right at the step there is no smear.
        assert (
            abs(_z(((at_s >= 6 * hour - width_s) & (at_s < 6 * hour)).sum(), 6000 / 3600 * width_s)) <= MOST_Z
        )
        assert abs(_z(((at_s >= 6 * hour) & (at_s < 6 * hour + width_s)).sum(), 5 * width_s)) <= MOST_Z
    assert 0 == (at_s >= 12 * hour).sum()


def test_rates_are_kept_on_the_floor() -> None:
    """What the engine counts by interval is what was drawn."""
    one = simulate(read(_day(per_h={"00:00": 600, "06:00": 1800}) | {"records": "contacts"}))
    by_interval = np.bincount(one.counts.interval, one.counts.of("offered"), 96)
    drawn = np.bincount((rows(one)["arrive_s"] / 900).astype(int), minlength=96)
    assert drawn.tolist() == by_interval.tolist()
    assert np.array_equal(
        drawn, np.bincount((contacts(one.scenario, 0).arrive_s / 900).astype(int), minlength=96)
    )


def test_volume_and_hour_shares() -> None:
    """A weekday's volume falls into its hours by their shares, with the next day's volume after midnight."""
    shares = [1.0] * 20 + [20.0] * 4
    volume = {"monday": 24000, "tuesday": 12000} | dict.fromkeys(
        ("wednesday", "thursday", "friday", "saturday", "sunday"), 0
    )
    tree = _day(volume=volume, hour_share=shares)
    tree["calendar"]["until"] = "2026-03-05 00:00"
    scenario = read(tree)
    at_s = np.concatenate([contacts(scenario, 0, block).arrive_s for block in range(3)])
    by_hour = np.bincount((at_s / 3600).astype(int), minlength=72)
    expected = np.concatenate([np.array(shares) / 100 * n for n in (24000, 12000, 0)])
    assert [] == [h for h in range(72) if expected[h] and abs(_z(by_hour[h], expected[h])) > MOST_Z]
    assert 0 == by_hour[48:].sum()


def test_blocks_meet_at_midnight() -> None:
    """Block after block, arrivals ascend and no second is covered twice."""
    tree = _day(per_h=3600)
    tree["calendar"]["until"] = "2026-03-04 12:00"
    scenario = read(tree)
    blocks = [contacts(scenario, 0, block) for block in range(3)]
    at_s = np.concatenate([block.arrive_s for block in blocks])
    assert (np.diff(at_s) >= 0).all()
    assert [0, 1, 2] == [int(block.arrive_s.max() // 86400) for block in blocks]
    assert at_s.max() < 2.5 * 86400
    assert abs(_z(len(at_s), 60 * 3600)) <= MOST_Z
    assert len(at_s) == len(np.unique(np.concatenate([block.id for block in blocks])))


# --- noise ---


@pytest.mark.parametrize("cv", [0.05, 0.1, 0.2])
def test_busy_days(cv: float) -> None:
    """A busy day is busy as a whole: the factor has mean 1 and the coefficient of variation that the file says.

    600 days of 2,400 contacts. The variance of a sample variance is that of a gamma law's (kurtosis 3 + 6cv²).
    """
    scenario = read(_day(per_h=100, busy_day_cv=cv))
    counts = np.array([contacts(scenario, r).first_attempts for r in range(600)])
    mean = 2400.0
    variance = mean + (mean * cv) ** 2
    assert abs(counts.mean() - mean) / math.sqrt(variance / 600) <= MOST_Z
    error = variance * math.sqrt((2.0 + 6.0 * cv**2) / 600)
    assert abs(counts.var(ddof=1) - variance) / error <= MOST_Z


def test_busy_days_are_gamma_poisson() -> None:
    """Counts with a mean of 100 have the index of dispersion that theory gives gamma-Poisson counts."""
    for case in cases("burst_statistics"):
        if case["model"] != "negbin":
            continue
        for metric, expected in case["expected"].items():
            cv = float(metric.removeprefix("idc_cv"))
            scenario = read(_day(per_h=100 / 24, busy_day_cv=cv))
            counts = np.array([contacts(scenario, r).first_attempts for r in range(1500)])
            error = expected * math.sqrt((2.0 + 6.0 * cv**2) / 1500)
            assert abs(counts.var(ddof=1) / counts.mean() - expected) / error <= MOST_Z


def test_every_day_has_its_own_busyness() -> None:
    """The factor is drawn once a local day: two days of a run differ, two halves of a day do not."""
    tree = _day(per_h=36000, busy_day_cv=0.2)
    tree["calendar"]["until"] = "2026-03-04 00:00"
    scenario = read(tree)
    halves = []
    for r in range(10):
        for block in (0, 1):
            at_s = contacts(scenario, r, block).arrive_s - block * 86400
            halves.append(((at_s < 43200).sum(), (at_s >= 43200).sum()))
    first, second = np.array(halves, dtype=float).T
    assert (np.abs(first - second) / np.sqrt(first + second) <= MOST_Z).all()
    days = (first + second).reshape(10, 2)
    assert (np.abs(days[:, 0] - days[:, 1]) / np.sqrt(days.sum(axis=1)) > MOST_Z).sum() >= 9


@pytest.mark.parametrize(("phi", "sigma"), [(0.7, 0.05), (0.0, 0.2), (-0.5, 0.1), (0.95, 0.03)])
def test_interval_noise(phi: float, sigma: float) -> None:
    """Noise between 5-minute bins is log-AR(1): mean 1, variance σ²/(1 − φ²) of the logarithm, lag-1 correlation φ.

    400 replications of a day are independent; within one, 288 correlated bins. Standard errors from the replications.
    """
    scenario = read(_day(per_h=100, interval_noise={"phi": phi, "sigma": sigma}))
    noise = np.stack([interval_noise(scenario, r) for r in range(400)])
    assert (400, 288) == noise.shape
    spread = sigma**2 / (1 - phi**2)
    log = np.log(noise) + spread / 2

    def z(per_replication: np.ndarray, expected: float) -> float:
        return abs(per_replication.mean() - expected) / (per_replication.std(ddof=1) / math.sqrt(400))

    assert z(noise.mean(axis=1), 1.0) <= MOST_Z
    assert z((log**2).mean(axis=1), spread) <= MOST_Z
    assert z((log[:, 1:] * log[:, :-1]).mean(axis=1), phi * spread) <= MOST_Z
    # Stationary from the first bin on.
    assert z(log[:, 0] ** 2, spread) <= MOST_Z


def test_noise_moves_the_rate() -> None:
    """Arrivals of a bin follow its noise: counts are Poisson around rate × noise."""
    scenario = read(_day(per_h=36000, interval_noise={"phi": 0.7, "sigma": 0.2}))
    for r in range(3):
        counts = np.bincount((contacts(scenario, r).arrive_s / 300).astype(int), minlength=288)
        expected = 3000 * interval_noise(scenario, r)
        # χ² of 288 Poisson counts around known means, at 1 in 10,000.
        assert ((counts - expected) ** 2 / expected).sum() < 392
        assert np.corrcoef(counts, expected)[0, 1] > 0.95


# --- surges ---


def test_a_surge_multiplies_everybody() -> None:
    """A surge for all multiplies the rate between its two instants, and nothing else."""
    surge = {"at": "06:10", "lasts": "50m", "multiplier": 3}
    at_s = _arrivals(_day(per_h=7200, events=[surge]))
    assert abs(_z(((at_s >= 22200) & (at_s < 25200)).sum(), 3 * 2 * 3000)) <= MOST_Z
    assert abs(_z(((at_s < 22200) | (at_s >= 25200)).sum(), 2 * (86400 - 3000))) <= MOST_Z


def test_a_surge_of_one_intent_and_channel() -> None:
    """A surge that names an intent and a channel leaves the others' numbers alone; two that overlap multiply."""
    tree = busy_centre()
    tree["demand"] = {
        "per_h": 36000,
        "events": [
            {"at": "10:00", "lasts": "1h", "multiplier": 4, "intents": ["refund"], "channels": ["chat"]},
            {"at": "10:30", "lasts": "1h", "multiplier": 0.5, "channels": ["chat"]},
        ],
    }
    c = contacts(read(tree), 0)
    n = c.first_attempts
    at_s, intent, channel = c.arrive_s[:n], c.intent[:n], c.channel[:n]
    names = ["billing", "refund", "complaint"]
    share = {"billing": 0.5, "refund": 0.2, "complaint": 0.3}
    for from_h, until_h in ((0, 2), (2, 2.5), (2.5, 3), (3, 3.5), (3.5, 8)):
        inside = (at_s >= from_h * 3600) & (at_s < until_h * 3600)
        for i, name in enumerate(names):
            for ch in (0, 1):
                factor = 1.0
                if 2 <= from_h < 3 and name == "refund" and ch == 1:
                    factor *= 4
                if 2.5 <= from_h < 3.5 and ch == 1:
                    factor *= 0.5
                expected = 36000 * (until_h - from_h) * share[name] * 0.5 * factor
                seen = (inside & (intent == i) & (channel == ch)).sum()
                assert abs(_z(seen, expected)) <= MOST_Z, (from_h, name, ch)


# --- days of 23 and 25 hours ---


@pytest.mark.parametrize(("day", "hours", "hour_2"), [("2026-03-29", 23, 0), ("2026-10-25", 25, 2)])
def test_days_of_23_and_25_hours(day: str, hours: int, hour_2: int) -> None:
    """When clocks change, the day has 23 or 25 hours, the rate follows the local hour, and people come at their local time."""
    shares = [float(h + 1) for h in range(24)]
    shares = [100 * s / sum(shares) for s in shares]
    volume = dict.fromkeys(
        ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), 100_000
    )
    tree = _day(volume=volume, hour_share=shares)
    tree["calendar"] = {
        "from": f"{day} 00:00",
        "until": f"{day} 24:00",
        "timezone": "Europe/Berlin",
        "interval": "1h",
    }
    tree["people"]["agents"]["staffing"] = {"00:00": 50, "08:00": 100}
    scenario = read(tree)
    assert hours * 3600.0 == scenario.calendar.end_s
    assert hours == scenario.calendar.intervals
    at_s = contacts(scenario, 0, 0).arrive_s
    if hours == 25:
        at_s = np.concatenate([at_s, contacts(scenario, 0, 1).arrive_s])
    local = [local_time(scenario, h * 3600.0 + 1).hour for h in range(hours)]
    assert hour_2 == local.count(2)
    seen = np.bincount((at_s / 3600).astype(int), minlength=hours)
    off = [h for h in range(hours) if abs(_z(seen[h], shares[local[h]] * 1000)) > MOST_Z]
    assert [] == off
    assert ((0.0, 50), ((8 + hours - 24) * 3600.0, 100)) == scenario.groups[0].staffing
    assert hours + 1 == len(simulate(scenario).looks)


# --- who comes ---


def test_shares() -> None:
    """Intents, channels, segments and topics out of scope come in the shares that the file gives (4.5 standard errors)."""
    tree = busy_centre()
    tree["demand"] = {"per_h": 40_000}
    c = contacts(read(tree), 0)
    n = c.first_attempts
    for column, shares in (
        (c.intent, (0.5, 0.2, 0.3)),
        (c.channel, (0.5, 0.5)),
        (c.segment, (0.8, 0.2)),
        (~c.in_scope, (0.95, 0.05)),
    ):
        for code, share in enumerate(shares):
            seen = (column[:n].astype(int) == code).mean()
            assert abs(seen - share) / math.sqrt(share * (1 - share) / n) <= MOST_Z


def test_wrong_labels_stay_in_the_family() -> None:
    """A wrong label is of the same family in 70 of 100 cases, where there is one."""
    tree = busy_centre()
    tree["demand"] = {"per_h": 40_000}
    tree["out_of_scope"] = 0
    tree["classifier"] = {"accuracy": 0.7, "latency": "1ms", "latency_p99": "1ms"}
    c = contacts(read(tree), 0)
    n = c.first_attempts
    wrong = c.label[:n] != c.intent[:n]
    assert (wrong == ~c.right[:n]).all()
    assert abs(wrong.mean() - 0.3) / math.sqrt(0.21 / n) <= MOST_Z
    billing = wrong & (c.intent[:n] == 0)
    within = (c.label[:n][billing] == 1).mean()
    assert abs(within - 0.7) / math.sqrt(0.21 / billing.sum()) <= MOST_Z
    complaint = wrong & (c.intent[:n] == 2)
    elsewhere = (c.label[:n][complaint] == 0).mean()
    assert abs(elsewhere - 0.5) / math.sqrt(0.25 / complaint.sum()) <= MOST_Z


def test_late_labels_are_no_labels() -> None:
    """The classifier's latency has the median and 99th percentile of the file; beyond the budget there is no label."""
    tree = busy_centre()
    tree["demand"] = {"per_h": 40_000}
    tree["out_of_scope"] = 0
    tree["classifier"] = {"latency": "80ms", "latency_p99": "190ms", "budget": "200ms"}
    c = contacts(read(tree), 0)
    n = c.first_attempts
    lag_s = c.lag_s[:n]
    for level_s, share in ((0.080, 0.5), (0.190, 0.99)):
        assert abs((lag_s <= level_s).mean() - share) / math.sqrt(share * (1 - share) / n) <= MOST_Z
    unknown = c.label[:n] == -1
    assert ((lag_s == 0.2) == unknown).all()
    assert (c.confidence[:n][unknown] == 0).all()
    assert (c.ready_s == np.sort(c.arrive_s[:n] + lag_s)).all()


# --- further attempts ---


def test_redials() -> None:
    """Who gives up tries again with the file's probability, after a lognormal pause, up to so many times."""
    tree = one_line(2.0, law("exp", 100.0), law("exp", 10.0), 20, Span(1800, 40, 0)) | {"records": "contacts"}
    tree["queues"]["voice"]["redial"] = {"share": 0.6, "after": "5m", "sigma": 0.5, "attempts": 2}
    r = rows(simulate(read(tree)))
    gave_up = r["disposition"] == Disposition.QUEUE_ABANDONED
    by_issue = {
        (i, a): k for k, (i, a) in enumerate(zip(r["issue"].tolist(), r["attempt"].tolist(), strict=True))
    }
    pauses, tried, could = [], 0, 0
    for k in np.flatnonzero(gave_up & (r["end_s"] < 60_000)):
        issue, attempt = int(r["issue"][k]), int(r["attempt"][k])
        again = by_issue.get((issue, attempt + 1))
        if attempt > 2:
            assert again is None
            continue
        could += 1
        if again is not None:
            tried += 1
            pauses.append(r["arrive_s"][again] - r["end_s"][k])
    # Nobody who was served tries again.
    for issue, attempt in by_issue:
        if attempt > 1:
            assert gave_up[by_issue[issue, attempt - 1]]
    assert abs(tried / could - 0.6) / math.sqrt(0.24 / could) <= MOST_Z
    logs = np.log(pauses)
    assert abs(logs.mean() - math.log(300)) / (0.5 / math.sqrt(len(logs))) <= MOST_Z
    assert 0.5 == pytest.approx(logs.std(), abs=0.02)
    assert could > 20_000


def test_announcement() -> None:
    """An announcement makes the stated share of those still waiting leave within five seconds of it."""
    tree = one_line(2.0, law("exp", 100.0), law("exp", 200.0), 20, Span(900, 40, 0)) | {"records": "contacts"}
    plain = contacts(read(tree), 0).patience_s
    tree["queues"]["voice"]["announcement"] = {"at": "60s", "leave": 0.2}
    with_it = contacts(read(tree), 0).patience_s
    still = plain > 60
    assert (plain[~still] == with_it[~still]).all()
    left = still & (with_it != plain)
    assert ((with_it[left] >= 60) & (with_it[left] <= 65)).all()
    assert abs(left.sum() / still.sum() - 0.2) / math.sqrt(0.16 / still.sum()) <= MOST_Z


# --- laws ---


@pytest.mark.parametrize(
    ("spec", "mean", "cv"),
    [
        (Law("exponential", 30.0), 30.0, 1.0),
        (Law("lognormal", 30.0, cv=0.9), 30.0, 0.9),
        (Law("gamma", 30.0, cv=0.5), 30.0, 0.5),
        (
            Law("weibull", 30.0, shape=0.8),
            30.0,
            math.sqrt(math.gamma(1 + 2 / 0.8) / math.gamma(1 + 1 / 0.8) ** 2 - 1),
        ),
        (Law("uniform", 30.0), 30.0, 1 / math.sqrt(3)),
        (Law("quantiles", 30.0, values_s=(0.0, 60.0)), 30.0, 1 / math.sqrt(3)),
    ],
    ids=lambda value: value.family if isinstance(value, Law) else "",
)
def test_a_law_has_its_mean_and_spread(spec: Law, mean: float, cv: float) -> None:
    """A million draws have the law's mean (4.5 standard errors) and its coefficient of variation (1 %)."""
    x = draw(spec, stream(1, 0, "test.law"), 1_000_000)
    assert abs(x.mean() - mean) / (mean * cv / 1000) <= MOST_Z
    assert cv == pytest.approx(x.std() / x.mean(), rel=0.01)
    assert (x >= 0).all()


def test_constant_and_endless_laws() -> None:
    """A constant law is constant and an endless one endless."""
    assert [30.0, 30.0] == draw(Law("constant", 30.0), stream(1, 0, "test.law"), 2).tolist()
    assert [math.inf, math.inf] == draw(Law("never", math.inf), stream(1, 0, "test.law"), 2).tolist()


def test_difficulty_keeps_the_handling_law() -> None:
    """Hard cases last longer, but all cases together have the mean and the spread that the file says."""
    tree = busy_centre()
    tree["demand"] = {"per_h": 60_000}
    tree["intents"] = {"any": {"ai": {"capability": 0.8}, "human": {"handle": {"mean": "5m", "cv": 0.9}}}}
    c = contacts(read(tree, "demand.events=[]"), 0)
    handle_s = c.handle_s[: c.first_attempts]
    assert abs(handle_s.mean() - 300) / (270 / math.sqrt(len(handle_s))) <= MOST_Z
    assert 0.9 == pytest.approx(handle_s.std() / handle_s.mean(), rel=0.02)
    # Failing cases are the harder ones.
    failed = c.ability[: c.first_attempts, 0] <= 0
    assert handle_s[failed].mean() > 1.15 * handle_s[~failed].mean()


def test_streams_are_their_names() -> None:
    """A stream is its seed, replication, name and block, and different ones are independent (|r| under 4.5/√n)."""
    n = 100_000
    base = stream(1, 0, "one").random(n)
    assert (base == stream(1, 0, "one").random(n)).all()
    for other in (stream(2, 0, "one"), stream(1, 1, "one"), stream(1, 0, "two"), stream(1, 0, "one", 1)):
        assert abs(np.corrcoef(base, other.random(n))[0, 1]) <= MOST_Z / math.sqrt(n)


def test_durations_as_written() -> None:
    """The tests' own way of writing durations loses nothing that matters."""
    assert ["0.5s", "60s", "0.001s"] == [seconds(0.5), seconds(60.0), seconds(0.001)]

"""Drawn incidents against the laws that they name, and these laws against the LLM providers' own reports where those are at hand.

Statistical checks are two-sided at 4.5 standard errors (7 in a million each, some 30 of them) unless stated otherwise. Seeds are fixed.
"""

from __future__ import annotations

import csv
import math
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from sim.demand.incidents import drawn
from sim.scenario.build import build
from sim.scenario.load import load
from sim.scenario.model import Incident, Scenario

REPORTS = (
    Path(__file__).resolve().parents[3]
    / "shared"
    / "data"
    / "llm_incidents_openai_anthropic_characterai_to_2024-08.csv"
)
WORLD = """
question: When does what break?
calendar: {from: 2026-03-02 00:00, until: 2027-03-01 00:00}
demand: {per_h: 0}
channels: {chat: {}}
intents: {any: {}}
nodes: {cloud: {}, edge: {}, vendor.A: {on: [cloud, edge]}, vendor.B: {on: [cloud]}}
fleets: {A: {on: vendor.A, channels: [chat], sessions: 5}, B: {on: vendor.B, channels: [chat], sessions: 5}}
queues: {chat: {}}
people: {team: {skills: [chat], staffing: 1}}
incident_process: {a: {node: vendor.A, per_week: 1.5}}
"""
WEEKS = 52
A = "incident_process.a."
PLAIN = (f"{A}clustering=0", f"{A}hours=false")


def world(*sets: str) -> Scenario:
    """The world above, a year of it, with changes as on the command line."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "world.yaml"
        path.write_text(WORLD, encoding="utf-8")
        loaded = load(path, sets)
    return build(loaded.variants["as is"], name="world")


def years(scenario: Scenario, replications: int = 200) -> list[list[Incident]]:
    """By replication: the incidents that start within the run."""
    return [[i for i in drawn(scenario, r) if i.from_s >= 0.0] for r in range(replications)]


def gaps_d(starts_s: list[float]) -> np.ndarray:
    """Days between neighbours."""
    return np.diff(sorted(starts_s)) / 86_400


def all_gaps_d(found: list[list[Incident]]) -> np.ndarray:
    """Those of all replications."""
    return np.concatenate([gaps_d([i.from_s for i in year]) for year in found])


def z_of_share(hits: int, n: int, share: float) -> float:
    """Standard errors between a share and what it should be."""
    return (hits - n * share) / math.sqrt(n * share * (1 - share))


# --- when ---


@pytest.mark.parametrize("hours", ["true", "false"])
@pytest.mark.parametrize("clustering", [0.0, 0.35, 0.7])
def test_rate_and_dispersion(clustering: float, hours: str) -> None:
    """The mean rate is the file's whatever the clusters and hours; counts disperse as 1/(1 − n)² over times much longer than a cluster."""
    found = years(world(f"{A}clustering={clustering}", f"{A}hours={hours}"), 300)
    counts = np.array([len(year) for year in found])
    mean, dispersion = 1.5 * WEEKS, 1.0 / (1.0 - clustering) ** 2
    assert abs(counts.mean() - mean) <= 4.5 * math.sqrt(mean * dispersion / 300)
    # A variance of 300 counts is known to √(2/299), 8 %; clusters cut by the year's ends take off about 1 %.
    assert counts.var(ddof=1) / counts.mean() == pytest.approx(dispersion, rel=4.5 * 0.082 + 0.01)


@pytest.mark.parametrize("clustering", [0.0, 0.35, 0.7])
def test_followers(clustering: float) -> None:
    """How many come within t after an incident is what a Hawkes process with an exponential kernel says, exactly.

    λt + n(2−n)/(2(1−n)²)·(1 − e^(−(1−n)t/decay)); the standard error comes from the replications' own spread.
    Source: Hawkes (1971), doi:10.1093/biomet/58.1.83.
    """
    found = years(world(f"{A}clustering={clustering}", f"{A}hours=false"), 300)
    n = clustering
    for t_d in (0.25, 1.0, 3.0):
        pairs, starts = [], []
        for year in found:
            at_d = np.array([i.from_s for i in year]) / 86_400
            asked = at_d[at_d < 7 * WEEKS - t_d]
            pairs.append((np.searchsorted(at_d, asked + t_d) - np.searchsorted(at_d, asked) - 1).sum())
            starts.append(len(asked))
        brought = n * (2 - n) / (2 * (1 - n) ** 2) * (1 - math.exp(-(1 - n) * t_d))
        expected = 1.5 / 7 * t_d + brought
        # A ratio of sums: its residuals tell its error.
        residuals = np.array(pairs) - expected * np.array(starts)
        assert abs(residuals.sum()) <= 4.5 * residuals.std(ddof=1) * math.sqrt(len(found))


def test_gaps() -> None:
    """Without clusters the median gap is ln 2 of the mean; with the default ones far less, at the reports' rate 2.4 days against 6.0.

    These two are the law's own over years of 52 weeks (30 × 200 of them); with 200 the median has a standard error of 0.094 days.
    """
    plain = all_gaps_d(years(world(*PLAIN)))
    # The median of n exponential gaps has a standard error of mean/√n, and so has the mean.
    assert abs(np.median(plain) - math.log(2) * plain.mean()) <= 4.5 * plain.mean() / math.sqrt(len(plain))
    clustered = all_gaps_d(years(world(f"{A}per_week=1.13")))
    assert abs(np.median(clustered) - 2.41) <= 4.5 * 0.094
    assert abs(clustered.mean() - 5.98) <= 4.5 * 0.063
    assert np.median(clustered) / clustered.mean() < 0.5


def test_office_hours_are_those_of_utc() -> None:
    """From 14:00 to 23:00 UTC 3.1 times as many an hour, on a weekday 8 times as many a day, in whatever zone the calendar is."""
    scenario = world("calendar.timezone=America/New_York", f"{A}clustering=0")
    begins = scenario.calendar.start.astimezone(UTC)
    assert (5, 0) == (begins.hour, begins.minute)
    at = [begins + timedelta(seconds=i.from_s) for year in years(scenario) for i in year]
    busy = sum(14 <= t.hour < 23 for t in at)
    weekend = sum(t.weekday() >= 5 for t in at)
    assert abs(z_of_share(busy, len(at), 9 * 3.1 / (9 * 3.1 + 15))) <= 4.5
    assert abs(z_of_share(weekend, len(at), 2 / (2 + 5 * 8))) <= 4.5
    # Without them every hour is like any other.
    flat = [begins + timedelta(seconds=i.from_s) for year in years(world(*PLAIN)) for i in year]
    assert abs(z_of_share(sum(t.weekday() >= 5 for t in flat), len(flat), 2 / 7)) <= 4.5


def test_a_longer_calendar_changes_no_incident() -> None:
    """The first weeks of a year are the incidents of a calendar of some weeks, to the last bit."""
    for sets in ((), PLAIN):
        year, weeks = drawn(world(*sets), 3), drawn(world("calendar.until=2026-04-20 13:00", *sets), 3)
        assert len(year) > len(weeks) > 5
        assert list(weeks) == [i for i in year if i.from_s < weeks[-1].from_s + 1.0]


def test_what_incidents_are_like_moves_no_time() -> None:
    """Other severities and durations leave starts alone; other processes and replications have starts of their own."""
    starts = [i.from_s for i in drawn(world(), 0) if i.from_s >= 0]
    sets = (f"{A}severity={{minor: 0, major: 0, critical: 1}}", f"{A}duration={{median: 1m, sigma: 0}}")
    assert starts == [i.from_s for i in drawn(world(*sets), 0) if i.from_s >= 0]
    both = drawn(world("incident_process.b={node: vendor.B}"), 0)
    assert starts == [i.from_s for i in both if i.node == 2 and i.from_s >= 0]
    assert not set(starts) & {i.from_s for i in both if i.node == 3}
    assert not set(starts) & {i.from_s for i in drawn(world(), 1)}


def test_an_incident_may_be_under_way_when_the_run_begins() -> None:
    """Those that began before and last into the run are there, those that were over are not, and order is that of time."""
    scenario = world(*PLAIN, f"{A}duration={{median: 1d, sigma: 0}}", "calendar.until=2026-03-03 00:00")
    runs = [drawn(scenario, r) for r in range(2000)]
    under_way = sum(i.from_s < 0.0 for run in runs for i in run)
    mean = 2000 * 1.5 / 7
    assert abs(under_way - mean) <= 4.5 * math.sqrt(mean)
    assert all(i.until_s > 0.0 and i.from_s < 86_400 for run in runs for i in run)
    assert all(list(run) == sorted(run, key=lambda i: i.from_s) for run in runs)


# --- what ---


def test_durations_and_severities() -> None:
    """Durations are lognormal with the file's median and σ, severities have its shares and the table's effects."""
    found = [i for year in years(world()) for i in year]
    n = len(found)
    logs = np.log([(i.until_s - i.from_s) / 4500 for i in found])
    assert abs(np.mean(logs < 0) - 0.5) <= 4.5 * 0.5 / math.sqrt(n)
    assert abs(logs.mean()) <= 4.5 * 1.11 / math.sqrt(n)
    assert abs(logs.std() / 1.11 - 1) <= 4.5 / math.sqrt(2 * n)
    kinds = Counter((i.effect, i.share, i.factor) for i in found)
    for kind, share in (
        (("errors", 0.03, 1.5), 0.5),
        (("errors", 0.25, 3.0), 0.4),
        (("down", 0.0, 1.0), 0.1),
    ):
        assert abs(z_of_share(kinds.pop(kind), n, share)) <= 4.5
    assert not kinds


def test_common_causes() -> None:
    """β of the incidents hit a root below the node instead, each as often, and last three hours in the median."""
    found = [i for year in years(world(f"{A}common_cause=0.2")) for i in year]
    common = [i for i in found if i.node != 2]
    assert abs(z_of_share(len(common), len(found), 0.2)) <= 4.5
    assert {0, 1} == {i.node for i in common}
    assert abs(z_of_share(sum(i.node == 0 for i in common), len(common), 0.5)) <= 4.5
    logs = np.log([(i.until_s - i.from_s) / 10_800 for i in common])
    assert abs(logs.mean()) <= 4.5 * 1.11 / math.sqrt(len(logs))
    assert {1} == {i.node for i in drawn(world(f"{A}common_cause=1", f"{A}roots=[edge]"), 0)}


# --- V12: two vendors ---


def stretches(incidents: list[tuple[float, float]], end_s: float) -> list[tuple[float, float]]:
    """Stretches of the run in which at least one of them is going on."""
    merged: list[tuple[float, float]] = []
    for a, b in sorted(incidents):
        if merged and a <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(b, merged[-1][1]))
        else:
            merged.append((max(a, 0.0), b))
    return [(a, min(b, end_s)) for a, b in merged if a < end_s]


def both_s(one: list[tuple[float, float]], other: list[tuple[float, float]]) -> float:
    """How long both are going on."""
    return sum(max(0.0, min(b, d) - max(a, c)) for a, b in one for c, d in other if c < b and a < d)


@pytest.mark.parametrize("beta", [0.0, 0.035])
def test_V12_overlaps_of_two_vendors(beta: float) -> None:
    """Three incidents a week each of 60 minutes: both down for the product of the unavailabilities, with β for β·rate more.

    500 replications of 13 weeks; the standard error comes from the replications' own spread. Two-sided at 4.5: 7 in a million.
    """
    law = "per_week: 3, clustering: 0, hours: false, duration: {median: 60m, sigma: 0}, common_median: 60m"
    more = f", common_cause: {beta}, roots: [cloud]" if beta else ""
    scenario = world(
        "calendar.until=2026-06-01 00:00",
        f"incident_process.a={{node: vendor.A, {law}{more}}}",
        f"incident_process.b={{node: vendor.B, {law}{more}}}",
    )
    end_s = scenario.calendar.end_s
    shares, single = [], []
    for r in range(500):
        found = drawn(scenario, r)
        a, b = (
            stretches([(i.from_s, i.until_s) for i in found if i.node in (node, 0)], end_s) for node in (2, 3)
        )
        shares.append(both_s(a, b) / end_s)
        single.append(sum(until - begin for begin, until in a) / end_s)
    # Incidents of a vendor come on top of each other now and then, hence exponentials; the root has β of both vendors' incidents.
    hourly = 3 / 168
    own, root = 1 - math.exp(-(1 - beta) * hourly), 1 - math.exp(-2 * beta * hourly)
    for seen, expected in ((shares, root + (1 - root) * own**2), (single, root + (1 - root) * own)):
        assert abs(np.mean(seen) - expected) <= 4.5 * np.std(seen, ddof=1) / math.sqrt(500)
    if beta:
        # The excess is β·rate·duration of either vendor, to first order.
        assert root == pytest.approx(2 * beta * 3 / 168, rel=0.01)
        assert np.mean(shares) > 3 * own**2


# --- the providers' own reports ---


def reported() -> list[tuple[datetime, float, int]]:
    """Start, minutes and impact of OpenAI's API incidents, those with an impact."""
    with REPORTS.open(encoding="utf-8", newline="") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if row["provider"] == "openai" and row["API"] == "1" and row["incident_impact_level"] in "123"
        ]
    found = []
    for row in rows:
        start, close = (datetime.fromisoformat(row[key]) for key in ("start_timestamp", "close_timestamp"))
        found.append((start, (close - start).total_seconds() / 60, int(row["incident_impact_level"])))
    return sorted(found)


@pytest.mark.skipif(not REPORTS.exists(), reason="the providers' incident reports are not at hand")
def test_the_defaults_fit_what_openai_reported() -> None:
    """At the reported rate the gaps of the reports look like drawn ones: their median and its ratio to the mean lie in the middle 95 %.

    Nothing here is random but the drawn stretches, whose seed is fixed: the reports are what they are.
    """
    reports = reported()
    assert 205 == len(reports)
    weeks = round((reports[-1][0] - reports[0][0]).days / 7)
    gaps = gaps_d([start.timestamp() for start, _, _ in reports])
    until = (datetime(2026, 3, 2, tzinfo=UTC) + timedelta(weeks=weeks)).strftime("%Y-%m-%d")
    scenario = world(f"{A}per_week={len(reports) / weeks}", f"calendar.until={until} 00:00")
    like = [gaps_d([i.from_s for i in stretch]) for stretch in years(scenario, 200)]
    for measure in (np.median, lambda g: np.median(g) / g.mean()):
        low, high = np.quantile([measure(g) for g in like], [0.025, 0.975])
        assert low <= measure(gaps) <= high
    # And not like exponential ones.
    plain = [
        gaps_d([i.from_s for i in s])
        for s in years(world(*PLAIN, f"{A}per_week=1.13", f"calendar.until={until} 00:00"), 200)
    ]
    assert max(np.std(g) / g.mean() for g in plain) < np.std(gaps) / gaps.mean()
    assert min(np.median(g) / g.mean() for g in plain) > np.median(gaps) / gaps.mean()
    hours = [start.astimezone(UTC).hour for start, _, _ in reports]
    assert abs(z_of_share(sum(14 <= h < 23 for h in hours), len(hours), 9 * 3.1 / (9 * 3.1 + 15))) <= 2
    assert abs(z_of_share(sum(s.weekday() >= 5 for s, _, _ in reports), len(hours), 2 / 42)) <= 2
    minutes = np.array([m for _, m, _ in reports if m > 0])
    assert np.median(minutes) == pytest.approx(75, rel=0.1)
    assert np.log(minutes).std() == pytest.approx(1.11, abs=0.1)
    mix = Counter(impact for _, _, impact in reports)
    assert [mix[k] / len(reports) for k in (1, 2, 3)] == pytest.approx([0.5, 0.4, 0.1], abs=0.05)

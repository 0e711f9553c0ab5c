from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.engine.records import Run
from sim.engine.state import Handling
from sim.outcomes import bursts
from sim.outcomes.bursts import (
    ARRIVALS,
    ESCALATIONS,
    HANDOVERS,
    all_beside_formulas,
    around_incidents,
    beside_formulas,
    clustered,
    dispersions,
    idc,
    most_within,
    peakedness,
)
from sim.scenario.model import Scenario
from sim.wfm import erlang_a, erlang_c, hayward_a
from tests.outcomes.made_up import cell, rows, run, scenario
from tests.truth import Case, case_id, cases

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator], Floats]
TWO_HOURS_S = 7200.0


def days(
    n: int, draw: Draw, made: Scenario | None = None, handle_s: float = 180.0, seed: int = 11
) -> list[Run]:
    """Days on which contacts join the voice queue at the drawn times; everybody is handled for the same time."""
    rng = np.random.default_rng(seed)
    found = []
    for replication in range(n):
        at_s = draw(rng)
        contacts = rows(len(at_s), queue=[0] * len(at_s), queue_s=at_s)
        counts = [cell(0, 0, queued=1, answered=1, handled=100, handle_s=100 * handle_s)]
        found.append(run(counts, made_in=made or scenario(), replication=replication, contacts=contacts))
    return found


def poisson(per_s: float, until_s: float = TWO_HOURS_S) -> Draw:
    """A steady Poisson stream."""
    return lambda rng: rng.uniform(0.0, until_s, rng.poisson(per_s * until_s))


def handed_over(n: int, outage_at_s: float | None = None) -> list[Run]:
    """Days of Poisson AI sessions of random length; each fails on its own account with 25 %, and all that go on at the outage."""
    rng = np.random.default_rng(5)
    found = []
    for replication in range(n):
        starts = rng.uniform(0.0, TWO_HOURS_S, rng.poisson(2400))
        ends = starts + rng.lognormal(math.log(90.0), 0.5, len(starts))
        fails = rng.random(len(starts)) < 0.25
        handling = np.where(fails, int(Handling.ESCALATED), int(Handling.AI_CONTAINED))
        if outage_at_s is not None:
            hit = (starts < outage_at_s) & (ends > outage_at_s)
            handling[hit] = int(Handling.SPILLED)
            ends[hit] = outage_at_s + rng.uniform(0.0, 20.0, hit.sum())
        n_sessions = len(starts)
        contacts = rows(
            n_sessions, first_fleet=[0] * n_sessions, ai_start_s=starts, ai_end_s=ends, handling=handling
        )
        found.append(run([], replication=replication, contacts=contacts))
    return found


def spread(value: float, bins: float, n: int) -> float:
    """Four standard errors of an index of dispersion of *n* days of independent bins: 1 false alarm in 16,000 each."""
    return 4.0 * value * math.sqrt(2.0 / (bins * (n - 1)))


def test_independent_outcomes_do_not_cluster() -> None:
    """A quarter of independent sessions of random length: dispersion 1 at 1, 5, 15 and 30 minutes, both ways.

    Without the quarter of an hour in which sessions begin; each of eight figures is a false alarm with 1 of 16,000 seeds.
    """
    found = bursts.bursts(handed_over(40), ESCALATIONS, (900.0, TWO_HOURS_S))

    assert found is not None
    assert (60.0, 300.0, 900.0, 1800.0) == tuple(one.scale_s for one in found.idc)
    for one in found.idc:
        bins = (TWO_HOURS_S - 900.0) // one.scale_s
        for value in (one.between.value, one.against_plan.value):
            assert 1.0 == pytest.approx(value, abs=spread(1.0, bins, 40))
    assert found.clustered_if_poisson == pytest.approx(found.clustered.value, abs=0.03)


def test_a_shared_cause_clusters_though_it_comes_every_day() -> None:
    """An outage that ends all sessions at once is a burst against the plan; between days it is none, it comes every day.

    The value between days is a false alarm with 1 of 16,000 seeds; that against the plan is far away.
    """
    found = bursts.bursts(handed_over(40, outage_at_s=3600.0), HANDOVERS, (900.0, TWO_HOURS_S))

    assert found is not None
    minute = found.idc[0]
    assert minute.against_plan.value > 2.0
    assert minute.against_plan.low > 1.5
    assert 1.0 == pytest.approx(minute.between.value, abs=spread(1.0, 105, 40))
    assert found.peak_per_min.value > 25
    own = bursts.bursts(handed_over(40, outage_at_s=3600.0), ESCALATIONS, (900.0, TWO_HOURS_S))
    assert own is not None
    assert own.events.value < found.events.value


def test_a_window_around_the_incident_is_not_diluted() -> None:
    """Half an hour before the first incident to two and a half hours after, within the run: a burst stands out more than in the day."""
    made = scenario(
        calendar={"from": "2026-03-02 08:00", "until": "2026-03-02 16:00", "timezone": "Europe/London"},
        incidents=({"at": "10:00", "node": "vendor.B", "effect": "down", "lasts": "20m"},),
    )
    assert (5400.0, 16_200.0) == around_incidents(made)
    assert around_incidents(scenario(incidents=())) is None

    def draw(rng: np.random.Generator) -> Floats:
        return np.concatenate([poisson(0.1, 28_800.0)(rng), rng.uniform(7200, 7320, 60)])

    found = days(20, draw, made)
    (whole,) = dispersions(found, ARRIVALS, None, (300.0,))
    (around,) = dispersions(found, ARRIVALS, around_incidents(made), (300.0,))
    assert around.against_plan.low > whole.against_plan.value > 1.0


def test_a_planned_day_is_no_burst() -> None:
    """Twice as many after an hour, as planned: 1 between days and against the plan; a false alarm with 1 of 16,000 seeds each."""
    made = scenario(demand={"per_h": {"09:00": 400, "10:00": 800}}, incidents=())

    def draw(rng: np.random.Generator) -> Floats:
        first, second = rng.poisson(400), rng.poisson(800)
        return np.concatenate([rng.uniform(0, 3600, first), rng.uniform(3600, 7200, second)])

    found = bursts.bursts(days(40, draw, made), ARRIVALS)

    assert found is not None
    for one in found.idc:
        bins = TWO_HOURS_S // one.scale_s
        assert 1.0 == pytest.approx(one.between.value, abs=1.3 * spread(1.0, bins, 40))
        assert 1.0 == pytest.approx(one.against_plan.value, abs=1.3 * spread(1.0, bins, 40))


@pytest.mark.parametrize("share", [1.0, 0.2])
def test_thinning_keeps_its_share_of_the_excess(share: float) -> None:
    """Five at a time, of which a share is kept: I − 1 is that share of 4; the mean of 40 days, 5 standard errors (1 in a million)."""

    def draw(rng: np.random.Generator) -> Floats:
        at_s = np.repeat(poisson(0.04)(rng), 5)
        return at_s[rng.random(len(at_s)) < share]

    found = bursts.bursts(days(40, draw), ARRIVALS)

    assert found is not None
    five_min = found.idc[1].between
    assert 1.0 + 4.0 * share == pytest.approx(five_min.value, abs=1.5 * spread(1.0 + 4.0 * share, 24, 40))


def test_busy_days_count_between_days() -> None:
    """Days that are 20 % busier or quieter (gamma): 1 + m cv²; within 4 standard errors of a variance of 200 days (1 in 16,000)."""

    def draw(rng: np.random.Generator) -> Floats:
        return poisson(rng.gamma(25.0, 1 / 25.0) / 3.0)(rng)

    made = days(200, draw)
    times = [np.sort(ARRIVALS.times(one)) for one in made]

    found = idc(made, times, 300.0, (0.0, TWO_HOURS_S))

    assert 5.0 == pytest.approx(found.between.value, abs=4 * 5.0 * math.sqrt(2 / 199))
    assert found.between.low < 5.0 < found.between.high + 1.0
    assert found.against_plan.value == pytest.approx(found.between.value, rel=0.02)


@pytest.mark.parametrize(
    "case", [case for case in cases("burst_statistics") if case["model"] == "mmpp2_idc"], ids=case_id
)
def test_dispersion_of_a_modulated_stream(case: Case) -> None:
    """A stream between two rates has the exact dispersion of the literature over 1 and 10 of its units of time.

    40 days of 1440 units; over 10 units one standard error was measured as 2 %, and 10 % is allowed (1 in a million).
    """
    unit_s, units = 60.0, 1440
    low, high = case["params"]["r"]
    up, down = case["params"]["q01"], case["params"]["q10"]
    made = scenario(
        calendar={"from": "2026-03-02 00:00", "until": "2026-03-03 00:00", "timezone": "UTC"}, incidents=()
    )

    def draw(rng: np.random.Generator) -> Floats:
        spells = int(units * up * down / (up + down) * 3) + 50
        lengths = np.stack(
            [rng.exponential(1 / up, spells), rng.exponential(1 / down, spells)], axis=1
        ).ravel()
        rates = np.tile([float(low), float(high)], spells)
        if rng.random() < up / (up + down):  # it starts as it is in the long run
            lengths, rates = lengths[1:], rates[1:]
        ends = np.cumsum(lengths)
        counts = rng.poisson(lengths * rates)
        at = np.repeat(ends - lengths, counts) + np.repeat(lengths, counts) * rng.random(counts.sum())
        return unit_s * at[at < units]

    found = days(40, draw, made)
    times = [np.sort(ARRIVALS.times(one)) for one in found]
    for length in (1, 10):
        index = idc(found, times, length * unit_s, (0.0, units * unit_s)).between.value
        assert case["expected"][f"idc_{length}"] == pytest.approx(index, rel=0.10)


@pytest.mark.parametrize("case", cases("peakedness"), ids=case_id)
def test_peakedness_is_that_of_the_endless_group(case: Case) -> None:
    """Batches and gamma gaps have the exact peakedness.

    110 days of 440 handling times are as many as the case's tolerance of 4.5 standard errors is made for (1 in 150,000).
    """
    arrivals, handle_s = case["params"]["arrivals"], 180.0
    made = scenario(
        calendar={"from": "2026-03-02 00:00", "until": "2026-03-03 00:00", "timezone": "UTC"}, incidents=()
    )

    def draw(rng: np.random.Generator) -> Floats:
        units = 480.0
        if arrivals["kind"] == "batch_poisson":
            at = np.sort(rng.uniform(0.0, units, rng.poisson(arrivals["lam_batches"] * units)))
            return handle_s * np.repeat(at, rng.geometric(1 / arrivals["mean"], len(at)))
        shape = 1 / arrivals["cv"] ** 2
        gaps = rng.gamma(shape, 1 / (shape * arrivals["lam"]), int(arrivals["lam"] * units * 1.3))
        at = np.cumsum(gaps)
        return handle_s * at[at < units]

    found = days(110, draw, made, handle_s)
    times = [np.sort(ARRIVALS.times(one)) for one in found]

    z = peakedness(found, times, (7200.0, 86_400.0))

    assert z is not None
    assert handle_s == z.scale_s
    assert case["expected"]["z"] == pytest.approx(z.between.value, abs=case["tolerance"]["abs"]["z"])
    assert case["expected"]["z"] == pytest.approx(z.against_plan.value, abs=case["tolerance"]["abs"]["z"])


def test_a_poisson_stream_has_peakedness_one() -> None:
    """Peakedness of Poisson is 1; 40 days of 40 handling times leave a standard error of about 0.04, and four are allowed (1 in 16,000)."""
    found = bursts.bursts(days(40, poisson(0.1)), ARRIVALS, (900.0, TWO_HOURS_S))

    assert found is not None
    assert found.peakedness is not None
    assert 1.0 == pytest.approx(found.peakedness.between.value, abs=0.16)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """The jackknife's 95 % intervals of a Poisson stream's dispersion hold 1 in 60 of 70 studies at least (1 false alarm in 1,400)."""
    held = 0
    for seed in range(70):
        found = days(12, poisson(0.1), seed=100 + seed)
        times = [np.sort(ARRIVALS.times(one)) for one in found]
        between = idc(found, times, 300.0, (0.0, TWO_HOURS_S)).between
        held += between.low <= 1.0 <= between.high

    assert 60 <= held


def test_runs_of_close_events_are_clusters() -> None:
    """Three within 10 s of their neighbours are one, two are none; a gap of exactly 10 s parts."""
    assert 3 == clustered(np.array([0.0, 9.0, 18.0, 40.0, 45.0, 80.0]))
    assert 0 == clustered(np.array([0.0, 10.0, 20.0]))
    assert 0 == clustered(np.array([]))
    assert 3 == most_within(np.array([0.0, 30.0, 59.9, 60.0, 200.0]), 60.0)
    assert 0 == most_within(np.array([]), 60.0)


def test_a_poisson_stream_clusters_as_the_formula_says() -> None:
    """The reference share is that of a Poisson stream: 40 days of 720 events, 4 standard errors are 2 points (1 in 16,000)."""
    found = bursts.bursts(days(40, poisson(0.1)), ARRIVALS)

    assert found is not None
    assert found.clustered_if_poisson == pytest.approx(found.clustered.value, abs=0.02)


def test_without_rows_nothing_is_said() -> None:
    """Interval mode keeps no instants; a day on which nothing happened has no bursts; one day has no interval."""
    assert bursts.bursts([run([])], ARRIVALS) is None
    assert bursts.bursts([run([], contacts=rows(0))], ARRIVALS) is None

    one = bursts.bursts(days(1, poisson(0.1)), ARRIVALS)
    assert one is not None
    assert math.isnan(one.idc[0].between.value)
    assert math.isnan(one.idc[0].against_plan.half_width)
    assert 0.5 < one.idc[0].against_plan.value < 1.5


def test_given_arrivals_are_held_against_their_own_intervals() -> None:
    """Of a replayed day the plan is the mean of each interval; nothing is said between days, nor of bins as wide as that."""
    made = scenario(demand={"at": ("1s", "2s")}, incidents=())
    found = bursts.bursts(days(3, poisson(0.1), made), ARRIVALS)

    assert found is not None
    assert all(math.isnan(one.between.value) for one in found.idc)
    assert [False, False, True, True] == [math.isnan(one.against_plan.value) for one in found.idc]


def busy(per_interval: float, people: int = 18) -> Run:
    """The same number of calls of 180 s in each of eight quarter-hours."""
    made = scenario(people={"callers": {"skills": ("voice",), "staffing": people},
                            "chatters": {"skills": ("chat",), "staffing": 12}})  # fmt: skip
    cells = [
        cell(k, 0, queued=per_interval, answered=per_interval, answered_within=per_interval, handled=per_interval,
             handle_s=per_interval * 180.0) for k in range(8)
    ]  # fmt: skip
    return run(cells, made_in=made)


def test_formulas_see_each_interval() -> None:
    """Erlang C and A of 360 calls an hour on 18 people; no instants, no Hayward; what happened stands beside them."""
    line, queue = erlang_a(0.1, 180.0, 18, 120.0), erlang_c(0.1, 180.0, 18)
    short = line.p_ab_within(5.0)

    found = beside_formulas([busy(90)], (0,))

    c, a = found.formulas
    assert ("Erlang C", queue.service_level(20.0), 0.0) == (c.name, c.service_level, c.abandonment)
    assert line.service_level_offered(20.0) / (1 - short) == pytest.approx(a.service_level)
    assert (line.p_ab - short) / (1 - short) == pytest.approx(a.abandonment)
    assert math.isnan(found.z)
    assert 1.0 == found.service_level.value
    assert ("voice",) == tuple(one.queue for one in all_beside_formulas([busy(90)]))


def test_too_few_people_are_no_error() -> None:
    """Erlang C gives nobody an answer where load exceeds people; Erlang A loses them."""
    c, a = beside_formulas([busy(90, people=9)], (0,)).formulas

    assert 0.0 == c.service_level
    assert 0.4 < a.abandonment < 0.6


def test_hayward_takes_the_bursts_that_came() -> None:
    """Five at a time have z near 3 at exponential service (B + 1)/2, and Hayward's formula is asked with it."""

    def draw(rng: np.random.Generator) -> Floats:
        return np.repeat(poisson(0.02)(rng), 5)

    made = days(30, draw)
    for one in made:
        assert one.contacts is not None
    counted = [
        run(
            [cell(k, 0, queued=90, answered=90, handled=90, handle_s=90 * 180.0) for k in range(8)],
            replication=one.replication,
            contacts=one.contacts,
        )
        for one in made
    ]

    found = beside_formulas(counted, (0,))

    assert 3.0 == pytest.approx(found.z, abs=0.6)
    named = {one.name: one for one in found.formulas}
    line = hayward_a(0.1, 180.0, 18.0, 120.0, found.z)
    short = line.p_ab_within(5.0)
    assert (line.p_ab - short) / (1 - short) == pytest.approx(named["Erlang A, Hayward"].abandonment)
    assert named["Erlang A, Hayward"].abandonment > named["Erlang A"].abandonment

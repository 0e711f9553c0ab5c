"""How bursty the work comes that the AI leaves to people, and what the classical formulas make of it.

Independent outcomes cannot cluster: a thinned and delayed Poisson stream is Poisson again. What is more dispersed than that has a shared
cause, such as an outage, a bad release or a busy day. Two yardsticks, both 1 for Poisson arrivals at the planned rate:

    between days      Σ_k Var_r N_rk / Σ_k mean_r N_rk          what varies from day to day in the same bin: busy days, clusters that come
                                                               at another time each day. An incident that every replication has at the
                                                               same time is part of the mean day, and not seen.
    against the plan  Σ_rk (N_rk − b λ_k)² / Σ_rk N_rk          what a plan misses that knows the day's shape λ and the mean volume b:
                                                               the former, and what incidents do to the day.

N_rk counts replication r in bin k. Peakedness is the same of the busy servers of an endless group with exponential service of the mean
handling time (Eckberg): given the arrivals, a contact that came u seconds ago is still there with chance p = e^(−u/s), so that a
replication has Σ p servers busy in the mean, with a variance of Σ p (1 − p) around it.

Source: Whitt & co-workers for the index of dispersion, Fredericks (1980) for what staffing makes of peakedness.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.engine.records import Run
from sim.engine.state import Handling
from sim.outcomes import intervals
from sim.outcomes.erlang import handle_by_interval_s, sums, together
from sim.outcomes.intervals import Estimate
from sim.outcomes.measures import (
    MEASURE,
    FloatArray,
    Window,
    in_window,
    interval_edges_s,
    quantity,
    sharing,
)
from sim.scenario.model import Scenario

BINS_S = (60.0, 300.0, 900.0, 1800.0)
"""One width says little: what has a shared cause varies the more the longer one looks."""
FINE_BINS_S = (60.0, 120.0, 300.0, 600.0, 900.0, 1800.0)
AROUND_S = (1800.0, 9000.0)
"""Before and after the first incident begins: a whole day dilutes what happens in an hour of it."""
GAP_S = 10.0
"""Events less than this apart belong to one run."""
CLUSTER = 3
"""Events that a run needs to be a cluster: two close neighbours are nothing odd."""
_PEAK_S = 60.0
_STEPS_PER_HANDLING = 8
"""Looks at the endless group per mean handling time."""

Times = Callable[[Run], FloatArray]


@dataclass(frozen=True, slots=True)
class Stream:
    """Something that happens at instants."""

    name: str
    label: str
    times: Times


def _arrivals(run: Run) -> FloatArray:
    c = _rows(run)
    return np.asarray(c["queue_s"][c["queue"] >= 0], dtype=np.float64)


def _escalations(run: Run) -> FloatArray:
    return _handed_over(run, (Handling.ESCALATED,))


def _handovers(run: Run) -> FloatArray:
    return _handed_over(run, (Handling.ESCALATED, Handling.SPILLED))


def _handed_over(run: Run, handlings: Sequence[Handling]) -> FloatArray:
    """Ends of AI sessions that went on with a person; who was lost at the hand-over was handed over too."""
    c = _rows(run)
    return np.asarray(
        c["ai_end_s"][(c["first_fleet"] >= 0) & np.isin(c["handling"], handlings)], dtype=np.float64
    )


def _rows(run: Run) -> dict[str, NDArray[np.float64]]:
    assert run.contacts is not None, "instants need contact rows"
    return run.contacts


ARRIVALS = Stream("arrivals", "arrivals at people", _arrivals)
ESCALATIONS = Stream("escalations", "of them for their content", _escalations)
HANDOVERS = Stream("handovers", "AI sessions handed over", _handovers)
STREAMS = (ARRIVALS, HANDOVERS, ESCALATIONS)


@dataclass(frozen=True, slots=True)
class Dispersion:
    """Variance over mean, on one scale of time."""

    scale_s: float
    """Width of the bins; of peakedness the mean handling time."""
    between: Estimate
    """Between days; NaN from one replication, and where every day is given the same arrivals."""
    against_plan: Estimate


@dataclass(frozen=True, slots=True)
class Bursts:
    """One stream over all replications of a variant."""

    stream: str
    label: str
    events: Estimate
    """Per replication."""
    idc: tuple[Dispersion, ...]
    """By width of the bins, `BINS_S`; those that the window is too short for are left out."""
    peakedness: Dispersion | None
    """At the mean handling time of people; None when nobody was handled."""
    clustered: Estimate
    """Share of events in clusters: runs of `CLUSTER` or more with gaps below `GAP_S`."""
    clustered_if_poisson: float
    """The same share of a Poisson stream at the planned rate."""
    peak_per_min: Estimate
    """Most within any 60 s."""


@dataclass(frozen=True, slots=True)
class Formula:
    """What one formula says of the same mean day, interval by interval, beside what happened."""

    name: str
    service_level: float
    """Abandons counted, short ones not."""
    abandonment: float


@dataclass(frozen=True, slots=True)
class BesideFormulas:
    """Queues that share people, as the classical formulas see them and as it was."""

    queue: str
    z: float
    """Peakedness that Hayward's formulas took; NaN when there is none."""
    formulas: tuple[Formula, ...]
    service_level: Estimate
    abandonment: Estimate


def has_times(runs: Sequence[Run]) -> bool:
    """Whether instants were kept; in interval mode they were not."""
    return all(run.contacts is not None for run in runs)


def bursts(
    runs: Sequence[Run],
    stream: Stream = ARRIVALS,
    window: Window | None = None,
    queues: Sequence[int] | None = None,
) -> Bursts | None:
    """Burstiness of one stream.

    Args:
        runs: Replications of one variant, with contact rows.
        stream: What is counted.
        window: Whole run after the warm-up when None.
        queues: Only arrivals at these queues; all when None. Other streams have no queue.

    Returns:
        None without contact rows, or when nothing happened.
    """
    if not has_times(runs):
        return None
    scenario = runs[0].scenario
    times = [np.sort(_of_queues(run, stream, queues)) for run in runs]
    from_s, until_s = _span(scenario, window)
    inside = [t[(t >= from_s) & (t < until_s)] for t in times]
    if sum(map(len, inside)) == 0:
        return None
    return Bursts(
        stream=stream.name,
        label=stream.label,
        events=intervals.mean([len(t) for t in inside]),
        idc=tuple(
            idc(runs, times, bin_s, (from_s, until_s)) for bin_s in BINS_S if until_s - from_s >= 2 * bin_s
        ),
        peakedness=peakedness(runs, times, (from_s, until_s), queues),
        clustered=intervals.ratio([clustered(t) for t in inside], [len(t) for t in inside]),
        clustered_if_poisson=_clustered_if_poisson(runs, inside, (from_s, until_s)),
        peak_per_min=intervals.mean([most_within(t, _PEAK_S) for t in inside]),
    )


def _of_queues(run: Run, stream: Stream, queues: Sequence[int] | None) -> FloatArray:
    if queues is None or stream is not ARRIVALS:
        return stream.times(run)
    c = _rows(run)
    return np.asarray(c["queue_s"][np.isin(c["queue"], queues)], dtype=np.float64)


def _span(scenario: Scenario, window: Window | None) -> Window:
    from_s, until_s = window if window is not None else (scenario.warm_up_s, scenario.calendar.end_s)
    return max(0.0, from_s), min(until_s, scenario.calendar.end_s)


def around_incidents(scenario: Scenario) -> Window | None:
    """Three hours around the begin of the first incident, within the run; None without one in the run."""
    end_s = scenario.calendar.end_s
    begins = [max(0.0, i.from_s) for i in scenario.incidents if i.from_s < end_s and i.until_s > 0.0]
    if not begins:
        return None
    return max(0.0, min(begins) - AROUND_S[0]), min(end_s, min(begins) + AROUND_S[1])


def dispersions(
    runs: Sequence[Run],
    stream: Stream,
    window: Window | None,
    bins_s: Sequence[float] = FINE_BINS_S,
    queues: Sequence[int] | None = None,
) -> tuple[Dispersion, ...]:
    """Index of dispersion by width of the bins, those that fit into the window twice; empty where nothing happened in it.

    Arguments as of `bursts`.
    """
    if not has_times(runs):
        return ()
    times = [np.sort(_of_queues(run, stream, queues)) for run in runs]
    from_s, until_s = _span(runs[0].scenario, window)
    if not any(((t >= from_s) & (t < until_s)).any() for t in times):
        return ()
    return tuple(
        idc(runs, times, bin_s, (from_s, until_s)) for bin_s in bins_s if until_s - from_s >= 2 * bin_s
    )


def idc(runs: Sequence[Run], times: Sequence[FloatArray], bin_s: float, window: Window) -> Dispersion:
    """Index of dispersion for counts of whole bins of the window, both ways."""
    scenario = runs[0].scenario
    edges_s = _edges(window, bin_s)
    counts = np.stack([np.histogram(t, edges_s)[0] for t in times]).astype(np.float64)
    plan = planned(runs, times, edges_s)
    # Bins whose width the plan itself was made from say nothing against it.
    known = not is_given(scenario) or bin_s < scenario.calendar.interval_s
    return Dispersion(
        bin_s, _between(counts, None, scenario), _against(counts, None, plan if known else None)
    )


def _edges(window: Window, bin_s: float) -> FloatArray:
    """Edges of the whole bins of a window, of one at least."""
    bins = max(1, int((window[1] - window[0]) // bin_s))
    edges: FloatArray = window[0] + np.arange(bins + 1, dtype=np.float64) * bin_s
    return edges


def peakedness(
    runs: Sequence[Run], times: Sequence[FloatArray], window: Window, queues: Sequence[int] | None = None
) -> Dispersion | None:
    """Variance over mean of the busy servers of an endless group, both ways, see the module."""
    scenario = runs[0].scenario
    asked = range(len(scenario.queues)) if queues is None else queues
    handle_s = float(handle_by_interval_s(sums(runs, list(asked)).sum(axis=0)[np.newaxis])[0])
    if not handle_s > 0.0:
        return None
    edges_s = np.arange(0.0, window[1] + handle_s / _STEPS_PER_HANDLING, handle_s / _STEPS_PER_HANDLING)
    keep = (edges_s >= window[0]) & (edges_s <= window[1])
    if keep.sum() < 2:
        return None
    busy = np.stack([_shots(t, edges_s, handle_s)[keep] for t in times])
    # Chance p of still being there: Σ p (1 − p) = Σ p − Σ p², and p² dies out twice as fast.
    chance = busy - np.stack([_shots(t, edges_s, handle_s / 2.0)[keep] for t in times])
    plan = _decayed(planned(runs, times, edges_s), edges_s, handle_s)[keep]
    return Dispersion(handle_s, _between(busy, chance, scenario), _against(busy, chance, plan))


def _shots(times: FloatArray, edges_s: FloatArray, decay_s: float) -> FloatArray:
    """Σ e^(−(edge − t)/decay) over the times before each edge."""
    at = np.searchsorted(edges_s, times, side="left")
    inside = at < len(edges_s)
    at, times = at[inside], times[inside]
    born = np.bincount(at, np.exp(-(edges_s[at] - times) / decay_s), len(edges_s)).astype(np.float64)
    return _carried(born, math.exp(-(edges_s[1] - edges_s[0]) / decay_s))


def _decayed(counts: FloatArray, edges_s: FloatArray, decay_s: float) -> FloatArray:
    """The same of counts that come evenly between edges."""
    step = (edges_s[1] - edges_s[0]) / decay_s
    born: FloatArray = np.append(np.zeros(1), counts) * (-math.expm1(-step) / step)
    return _carried(born, math.exp(-step))


def _carried(born: FloatArray, keep: float) -> FloatArray:
    from scipy.signal import lfilter

    carried: FloatArray = lfilter([1.0], [1.0, -keep], born)
    return carried


def is_given(scenario: Scenario) -> bool:
    """Whether every replication meets the same arrivals, so that they say nothing of chance."""
    return scenario.demand.replay is not None or scenario.demand.at_s is not None


def planned(runs: Sequence[Run], times: Sequence[FloatArray], edges_s: FloatArray) -> FloatArray:
    """What a plan expects between edges: the day's planned shape, at the mean volume that came; shape (edges − 1,).

    Without planned arrivals (given times, a replayed log) the plan is the mean of each reporting interval.
    """
    scenario = runs[0].scenario
    if is_given(scenario):
        steps_s = interval_edges_s(scenario)
        level = sum(np.histogram(t, steps_s)[0] for t in times) / np.diff(steps_s)
    else:
        steps_s, level = scenario.demand.edges_s, scenario.demand.per_s
    # The integral of a step function, read off at the edges.
    whole = np.append(0.0, np.cumsum(np.asarray(level) * np.diff(steps_s)))
    shape = np.diff(np.interp(edges_s, steps_s, whole))
    came = sum(((t >= edges_s[0]) & (t < edges_s[-1])).sum() for t in times) / len(times)
    expected: FloatArray = shape * (float(came) / shape.sum()) if shape.sum() > 0 else shape
    return expected


def _between(values: FloatArray, chance: FloatArray | None, scenario: Scenario) -> Estimate:
    """Variance between replications over the mean, pooled over bins; jackknife over replications."""
    k = len(values)
    if k < 2 or is_given(scenario):
        return Estimate(math.nan, math.nan, k)

    def of(rows: FloatArray, own: FloatArray | None) -> float:
        if rows.sum() <= 0 or len(rows) < 2:
            return math.nan
        return float((rows.var(axis=0, ddof=1).sum() + _own(own)) / rows.mean(axis=0).sum())

    return _jackknifed(of, values, chance)


def _against(values: FloatArray, chance: FloatArray | None, plan: FloatArray | None) -> Estimate:
    """Mean squared distance from the plan over the mean; the plan's volume is that of the replications at hand."""
    if plan is None or plan.sum() <= 0:
        return Estimate(math.nan, math.nan, len(values))

    def of(rows: FloatArray, own: FloatArray | None) -> float:
        if rows.sum() <= 0:
            return math.nan
        volume = rows.mean(axis=0).sum()
        away = rows - plan * (volume / plan.sum())
        # The plan's volume is taken from the same replications: a Poisson count keeps 1 − Σ p²/k of its variance.
        left = 1.0 - ((plan / plan.sum()) ** 2).sum() / len(rows) if own is None else 1.0
        return float(((away**2).mean(axis=0).sum() / left + _own(own)) / volume)

    return _jackknifed(of, values, chance)


def _own(chance: FloatArray | None) -> float:
    """Variance that a replication has of itself, given its arrivals."""
    return 0.0 if chance is None else float(chance.mean(axis=0).sum())


def _jackknifed(
    of: Callable[[FloatArray, FloatArray | None], float], values: FloatArray, chance: FloatArray | None
) -> Estimate:
    """A statistic of all replications, and its interval from leaving out each in turn (three at least)."""
    without = [
        of(np.delete(values, r, 0), None if chance is None else np.delete(chance, r, 0))
        for r in range(len(values))
        if len(values) > 2
    ]
    found = intervals.jackknife(of(values, chance), without)
    return Estimate(found.value, found.half_width, len(values))


def clustered(times: FloatArray, gap_s: float = GAP_S, least: int = CLUSTER) -> int:
    """How many events belong to runs of *least* or more whose gaps are below *gap_s*; *times* ascending."""
    if len(times) == 0:
        return 0
    run_of = np.append(0, np.cumsum(np.diff(times) >= gap_s))
    sizes = np.bincount(run_of)
    return int(sizes[sizes >= least].sum())


def _clustered_if_poisson(runs: Sequence[Run], times: Sequence[FloatArray], window: Window) -> float:
    """Share of a Poisson stream's events in clusters, at the planned rate of each minute.

    With q = e^(−rate · gap) the chance of an empty gap, an event is alone with q², and in a run of two with 2 (1 − q) q².
    """
    edges_s = _edges(window, _PEAK_S)
    expected = planned(runs, times, edges_s)
    alone = np.exp(-expected / _PEAK_S * GAP_S)
    share = 1.0 - alone**2 - 2.0 * (1.0 - alone) * alone**2
    assert CLUSTER == 3, "the formula is for runs of three"
    return float(share @ expected / expected.sum()) if expected.sum() > 0 else math.nan


def most_within(times: FloatArray, width_s: float) -> int:
    """Most events within any stretch of this width; *times* ascending."""
    if len(times) == 0:
        return 0
    behind = np.searchsorted(times, times + width_s, side="left")
    return int((behind - np.arange(len(times))).max())


def beside_formulas(
    runs: Sequence[Run], queues: Sequence[int], window: Window | None = None
) -> BesideFormulas:
    """Service level and abandonment by Erlang C and A, and by Hayward's versions of them, beside what happened.

    The formulas are asked interval by interval, with the interval's own mean arrivals, handling time and people on the floor, and weighted
    by arrivals: what they miss is what happens within an interval, from one to the next, and from day to day.

    Args:
        runs: Replications of one variant.
        queues: One queue, or those that share people (`sharing`), taken as one.
        window: Whole run when None.
    """
    scenario = runs[0].scenario
    keep = in_window(scenario, window)
    by_run = np.stack([sums([run], queues)[keep] for run in runs])
    found = by_run.sum(axis=0)
    width_s = np.diff(interval_edges_s(scenario))[keep]
    one = together(runs, queues)
    per_s = quantity(found, "queued") / (width_s * len(runs))
    load = Load(
        per_s=per_s,
        handle_s=handle_by_interval_s(found),
        servers=_servers(runs, queues, keep) * one.at_once,
        weight=per_s * width_s,
        patience_s=one.patience_s,
        within_s=one.within_s,
        short_s=one.short_s,
    )
    z = peakedness_at_people(runs, queues, window)
    kinds = [("Erlang C", 1.0, False), ("Erlang A", 1.0, True)]
    if not math.isnan(z):
        kinds += [("Erlang C, Hayward", z, False), ("Erlang A, Hayward", z, True)]
    totals = by_run.sum(axis=1)
    return BesideFormulas(
        queue=" + ".join(scenario.names.queues[q] for q in queues),
        z=z,
        formulas=tuple(Formula(name, *said(load, size, leave=leave)) for name, size, leave in kinds),
        service_level=MEASURE["service_level"].estimate(totals),
        abandonment=MEASURE["abandonment"].estimate(totals),
    )


def peakedness_at_people(runs: Sequence[Run], queues: Sequence[int], window: Window | None) -> float:
    """Peakedness against the plan, which sees incidents; between days where there is no plan; at least 1."""
    if not has_times(runs):
        return math.nan
    times = [np.sort(_of_queues(run, ARRIVALS, queues)) for run in runs]
    found = peakedness(runs, times, _span(runs[0].scenario, window), queues)
    if found is None:
        return math.nan
    value = found.between.value if is_given(runs[0].scenario) else found.against_plan.value
    return max(1.0, value) if not math.isnan(value) else math.nan


def _servers(runs: Sequence[Run], queues: Sequence[int], keep: NDArray[np.bool_]) -> FloatArray:
    """Mean people on the floor who serve these queues, by interval; NaN without looks."""
    scenario = runs[0].scenario
    groups = [g for g, group in enumerate(scenario.groups) if set(group.skills) & set(queues)]
    width_s = np.diff(interval_edges_s(scenario))
    if any(len(run.looks) != len(width_s) + 1 for run in runs):
        return np.full(int(keep.sum()), math.nan)
    areas = [np.diff([float(look.present_area[groups].sum()) for look in run.looks]) for run in runs]
    mean: FloatArray = (np.mean(areas, axis=0) / width_s)[keep]
    return mean


@dataclass(frozen=True, slots=True)
class Load:
    """What the formulas are asked about; arrays by interval."""

    per_s: FloatArray
    handle_s: FloatArray
    servers: FloatArray
    weight: FloatArray
    patience_s: float
    within_s: float
    short_s: float


def said(load: Load, z: float = 1.0, *, leave: bool = True) -> tuple[float, float]:
    """Service level (short abandons not counted) and abandonment of a day by a formula; NaN where nobody asks.

    Args:
        load: By interval.
        z: Peakedness, for Hayward: arrivals and servers are divided by it.
        leave: Whether customers give up (Erlang A) or wait for ever (Erlang C: nobody in time where load exceeds servers).
    """
    from sim.wfm import hayward_a, hayward_c

    level, gone, weight = 0.0, 0.0, 0.0
    for per_s, handle_s, servers, asked in zip(
        load.per_s, load.handle_s, load.servers, load.weight, strict=True
    ):
        if not asked > 0.0 or not handle_s > 0.0 or not servers >= 0.0:
            continue
        if leave and not math.isinf(load.patience_s):
            line = hayward_a(float(per_s), float(handle_s), float(servers), load.patience_s, z)
            short = line.p_ab_within(load.short_s)
            if short >= 1.0:
                continue
            answered, left = line.service_level_offered(load.within_s), line.p_ab - short
        else:
            short = left = 0.0
            answered = hayward_c(float(per_s), float(handle_s), float(servers), z).service_level(
                load.within_s
            )
        level, gone = level + asked * answered, gone + asked * left
        weight += asked * (1.0 - short)
    return (float(level / weight), float(gone / weight)) if weight > 0 else (math.nan, math.nan)


def all_beside_formulas(runs: Sequence[Run], window: Window | None = None) -> tuple[BesideFormulas, ...]:
    """`beside_formulas` of every set of queues that share people, where anybody asked."""
    found = [beside_formulas(runs, queues, window) for queues in sharing(runs[0].scenario)]
    return tuple(one for one in found if not math.isnan(one.service_level.value))


def all_bursts(runs: Sequence[Run], window: Window | None = None) -> tuple[Bursts, ...]:
    """`bursts` of every stream that has events."""
    found = [bursts(runs, stream, window) for stream in STREAMS]
    return tuple(one for one in found if one is not None)

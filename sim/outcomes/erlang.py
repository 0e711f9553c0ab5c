"""What the classical formula would say about the same day, and why it may be wrong.

Required staff by interval: the smallest number at which Erlang A, with the interval's own mean arrivals and
handling time, keeps the target. Erlang A takes arrivals for Poisson and the interval for steady; the dispersion of
what really arrives at the people says how far from Poisson it is.

Queues that share people are taken together, as one queue: loads add up, hang-up rates (1 ÷ mean patience) and
targets are means weighted by contacts, the threshold is that of the median contact. Priorities are not seen.

Chat: an agent who takes up to three contacts at once counts as three servers, each as slow as handling times came
out with several in hand; people are servers ÷ 3. Where channels are mixed the number is the mean weighted by work.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.engine.records import Run
from sim.outcomes.intervals import Estimate
from sim.outcomes.measures import (
    MEASURE,
    Cut,
    FloatArray,
    Window,
    in_window,
    interval_edges_s,
    quantities,
    quantity,
    sharing,
    totals,
)

ENOUGH_HANDLED = 30
"""Contacts, over replications, below which an interval takes the whole run's handling time; its own would be noise."""
BIN_S = 300.0


@dataclass(frozen=True, slots=True)
class Required:
    """Staff by interval, means over replications; shape (intervals,) or (groups of queues, intervals)."""

    queues: tuple[tuple[int, ...], ...]
    """Queues that share people, see `sharing`."""
    by_queues: FloatArray
    """Required by Erlang A, one row for each of `queues`."""
    total: FloatArray
    staffed: FloatArray
    """Mean number on the floor, all groups."""
    wanted: FloatArray
    """Wanted on the floor at the interval's start, all groups; NaN without looks."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What Erlang A would have promised on the same mean load, beside what came out."""

    queue: str
    """Name of the queue, or of those that share people."""
    arrivals_per_h: float
    handle_s: float
    """Mean handling time of those answered in the window."""
    agents: float
    """Mean number on the floor."""
    at_once: float
    """Contacts that one of them takes at the same time."""
    shared: bool
    """Whether several queues are taken together; their priorities and own thresholds are not seen."""
    promised: float
    """Service level (abandons counted, short ones not) by Erlang A."""
    simulated: Estimate
    """The same measure as it came out, each queue by its own threshold."""
    dispersion: float
    """Var/mean of arrivals at people per bin, see `dispersion`; 1 for Poisson."""
    dispersion_bin_s: float

    def in_words(self) -> str:
        """One line for a report."""
        several = f" with {self.at_once:.3g} at once" if self.at_once != 1.0 else ""
        together = " (taken together)" if self.shared else ""
        varies = ""
        if not math.isnan(self.dispersion):
            bin_min = self.dispersion_bin_s / 60.0
            varies = f" From day to day arrivals at people vary {self.dispersion:.1f} times as much as Poisson over {bin_min:.0f} min."
        return (
            f"{self.queue}{together}: Erlang A on the same mean load ({self.arrivals_per_h:.0f} contacts/h × "
            f"{self.handle_s:.0f} s, {self.agents:.1f} people{several}) would have promised {self.promised:.1%}; "
            f"simulated {self.simulated.value:.1%}.{varies}"
        )


@dataclass(frozen=True, slots=True)
class Together:
    """Queues that share people as the one queue that Erlang A sees."""

    patience_s: float
    target: float
    within_s: float
    short_s: float
    at_once: float


def required(runs: Sequence[Run]) -> Required:
    """Required and present staff by interval."""
    scenario = runs[0].scenario
    k = scenario.calendar.intervals
    width_s = np.diff(interval_edges_s(scenario))
    pools = sharing(scenario)
    by_queues = np.zeros((len(pools), k))
    for row, queues in enumerate(pools):
        found = sums(runs, queues)
        per_s = quantity(found, "queued") / (width_s * len(runs))
        handle_s = handle_by_interval_s(found)
        one = together(runs, queues)
        for at in range(k):
            servers = _required(per_s[at], handle_s[at], one)
            by_queues[row, at] = math.ceil(servers / one.at_once - 1e-9)
    everything = np.mean([quantities(run) for run in runs], axis=0)
    wanted = np.full(k, np.nan)
    if all(len(run.looks) == k + 1 for run in runs):
        wanted = np.mean([[float(look.wanted.sum()) for look in run.looks[:-1]] for run in runs], axis=0)
    staffed = quantity(everything, "present_s") / width_s
    return Required(pools, by_queues, by_queues.sum(axis=0), staffed, wanted)


def sums(runs: Sequence[Run], queues: Sequence[int]) -> FloatArray:
    """Quantities by interval, summed over replications and queues; those of people are counted once for each queue."""
    found: FloatArray = np.sum([quantities(run, Cut(queue=q)) for run in runs for q in queues], axis=0)
    return found


def together(runs: Sequence[Run], queues: Sequence[int]) -> Together:
    """Queues that share people as the one queue that a formula knows."""
    scenario = runs[0].scenario
    specs = [scenario.queues[q] for q in queues]
    asked = np.array(
        [sum(float(quantity(totals(run, Cut(queue=q)), "queued")) for run in runs) for q in queues]
    )
    weight = asked / asked.sum() if asked.sum() > 0 else np.full(len(queues), 1.0 / len(queues))
    gone_per_s = float(weight @ np.array([1.0 / spec.patience.mean_s for spec in specs]))
    by_threshold = np.argsort([spec.answer_within_s for spec in specs], kind="stable")
    median = specs[int(by_threshold[np.searchsorted(np.cumsum(weight[by_threshold]), 0.5)])]
    return Together(
        patience_s=1.0 / gone_per_s if gone_per_s > 0 else math.inf,
        target=min(0.9999, float(weight @ np.array([spec.target for spec in specs]))),
        within_s=median.answer_within_s,
        short_s=median.short_abandon_s,
        at_once=contacts_at_once(runs, queues),
    )


def contacts_at_once(runs: Sequence[Run], queues: Sequence[int]) -> float:
    """How many contacts one person takes at the same time: the channels' numbers, weighted (harmonically) by work."""
    scenario = runs[0].scenario
    work_s, person_s = 0.0, 0.0
    for channel, spec in enumerate(scenario.channels):
        if int(scenario.queue_of_channel[channel]) in queues:
            sum_s = sum(float(quantity(totals(run, Cut(channel=channel)), "handle_s")) for run in runs)
            work_s += sum_s
            person_s += sum_s / spec.at_once
    return work_s / person_s if person_s > 0 else 1.0


def handle_by_interval_s(found: FloatArray) -> FloatArray:
    """Mean handling time by interval, seconds; the whole run's where few were handled, NaN where none was."""
    handled, sum_s = quantity(found, "handled"), quantity(found, "handle_s")
    overall_s = sum_s.sum() / handled.sum() if handled.sum() > 0 else math.nan
    own_s: FloatArray = np.divide(
        sum_s, handled, out=np.full(len(handled), overall_s), where=handled >= ENOUGH_HANDLED
    )
    return own_s


def _required(per_s: float, handle_s: float, one: Together) -> float:
    from sim.wfm import staff_erlang_a, staff_erlang_c

    if per_s <= 0.0 or not handle_s > 0.0:
        return 0.0
    if math.isinf(one.patience_s):
        c = staff_erlang_c(per_s, handle_s, service_level=one.target, within_s=one.within_s)
        return float(c.required)
    a = staff_erlang_a(per_s, handle_s, one.patience_s, service_level=one.target, within_s=one.within_s)
    return float(a.required)


def promise(runs: Sequence[Run], queues: Sequence[int], window: Window | None = None) -> Promise:
    """Erlang A on the mean load of a window, beside the simulated service level of the same window.

    Args:
        runs: Replications of one variant.
        queues: One queue, or those that share people (`sharing`).
        window: Whole run when None.
    """
    scenario = runs[0].scenario
    keep = in_window(scenario, window)
    by_run = np.stack([sums([run], queues)[keep].sum(axis=0) for run in runs])
    found = by_run.sum(axis=0)
    span_s = float(np.diff(interval_edges_s(scenario))[keep].sum()) * len(runs)
    per_s = float(quantity(found, "queued")) / span_s if span_s else math.nan
    handle_s = float(handle_by_interval_s(found[np.newaxis])[0])
    one = together(runs, queues)
    serving = [g for g, group in enumerate(scenario.groups) if set(group.skills) & set(queues)]
    agents = float(np.mean([_present(run, serving, keep) for run in runs]))
    bin_s, index = dispersion(runs, queues, window)
    return Promise(
        queue=" + ".join(scenario.names.queues[q] for q in queues),
        arrivals_per_h=per_s * 3600.0,
        handle_s=handle_s,
        agents=agents,
        at_once=one.at_once,
        shared=len(queues) > 1,
        promised=_promised(per_s, handle_s, agents * one.at_once, one),
        simulated=MEASURE["service_level"].estimate(by_run),
        dispersion=index,
        dispersion_bin_s=bin_s,
    )


def _present(run: Run, groups: list[int], keep: NDArray[np.bool_]) -> float:
    """Mean number on the floor in some groups over the kept intervals; NaN without looks."""
    if len(run.looks) != len(keep) + 1:
        return math.nan
    area = np.diff([float(look.present_area[groups].sum()) for look in run.looks])
    return float(area[keep].sum() / np.diff(interval_edges_s(run.scenario))[keep].sum())


def _promised(per_s: float, handle_s: float, servers: float, one: Together) -> float:
    from sim.wfm import erlang_a, erlang_c

    if not per_s > 0.0 or not handle_s > 0.0 or not servers >= 0.0:
        return math.nan
    if math.isinf(one.patience_s):
        return erlang_c(per_s, handle_s, servers).service_level(one.within_s)
    line = erlang_a(per_s, handle_s, servers, one.patience_s)
    counted = 1.0 - line.p_ab_within(one.short_s)
    return line.service_level_offered(one.within_s) / counted if counted > 0 else math.nan


def dispersion(
    runs: Sequence[Run],
    queues: Sequence[int] | None = None,
    window: Window | None = None,
    bin_s: float = BIN_S,
) -> tuple[float, float]:
    """Index of dispersion of arrivals at the human queues: Var N / E N per bin of time.

    With several replications the variance is that between replications in the same bin, so that a planned
    profile of the day does not count as noise but a busy day does. From one replication, or where arrivals are
    given and the same each time (a replayed log), it is half the mean square of successive differences.

    Args:
        runs: Replications of one variant.
        queues: All when None.
        window: Whole run when None.
        bin_s: Width of the bins, seconds; without contact rows it is the reporting interval.

    Returns:
        Width of the bins in seconds, and the index; NaN without arrivals.
    """
    rows = all(run.contacts is not None for run in runs)
    width_s = bin_s if rows else runs[0].scenario.calendar.interval_s
    counts = np.stack([_arrivals(run, queues, window, width_s) for run in runs])
    if counts.sum() == 0 or counts.shape[1] < 2:
        return width_s, math.nan
    demand = runs[0].scenario.demand
    given = demand.replay is not None or demand.at_s is not None
    if len(runs) > 1 and not given:
        variance = float(counts.var(axis=0, ddof=1).mean())
    else:
        variance = float((np.diff(counts, axis=1) ** 2).mean() / 2.0)
    return width_s, variance / float(counts.mean())


def _arrivals(run: Run, queues: Sequence[int] | None, window: Window | None, width_s: float) -> FloatArray:
    """Contacts joining the queue by whole bin of the window."""
    scenario = run.scenario
    if run.contacts is None:
        found = quantity(quantities(run) if queues is None else sums([run], queues), "queued")
        return found[in_window(scenario, window)]
    from_s, until_s = window if window is not None else (scenario.warm_up_s, scenario.calendar.end_s)
    c = run.contacts
    at_s = c["queue_s"][c["queue"] >= 0 if queues is None else np.isin(c["queue"], queues)]
    until_s = min(until_s, scenario.calendar.end_s)
    bins = int((until_s - from_s) // width_s)
    edges = from_s + np.arange(bins + 1) * width_s
    return np.histogram(at_s, edges)[0].astype(np.float64)

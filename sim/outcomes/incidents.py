"""What an incident did: when it was seen, when it was over for the customers, whom it hurt.

    onset          breaker leaves CLOSED        end                  two intervals in a row at target
      ├─ time to detect ─┤                       │                      │
      ├─ time to recover ───────────────────────────────────────────────┤  (to the end of the first of the two)
      ├─ harmed, damage, backlog, spillover ────────────────────────────┤  (to the end of the run if that never comes)

Everything is of the queues whose channels the incident hits, and of those that share people with them,
in one run; `summarise` in `sim.outcomes.summary` puts runs together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.records import Run
from sim.engine.state import Handling
from sim.engine.what import What
from sim.orchestration import breaker
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
from sim.scenario.model import Incident, Scenario

_LEVEL = MEASURE["service_level"]
_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class IncidentOutcome:
    """One incident in one run. NaN means "did not happen within the run"."""

    incident: int
    """Place in the scenario's list."""
    replication: int
    queues: tuple[int, ...]
    """Queues whose channels it hits, and those that share people with them; the other figures are about these."""
    detect_s: float
    """From onset to the first breaker leaving CLOSED on a fleet that stands on the node, while the incident lasts."""
    recover_s: float
    """From onset until all queues together are at target again; 0 when they never fell below it."""
    recover_by_queue_s: tuple[float, ...]
    harmed: float
    """Contacts, see `harmed`."""
    damage: float
    """Σ over intervals and hit queues of max(0, target − service level) · offered, contacts; from onset to recovery."""
    backlog_peak: float
    """Most customers waiting at once; of several queues the sum of their peaks in an interval, which is no less."""
    backlog_peak_by_queue: tuple[float, ...]
    damage_by_queue: tuple[float, ...]
    spilled: float
    """Contacts sent to people because of the AI's state."""
    spilled_peak_per_min: float
    """In the worst minute; in interval mode the worst interval's mean."""
    spilled_for_s: float
    """Minutes (in interval mode: intervals) in which at least one contact was spilled."""


def met(run: Run) -> list[int]:
    """Places of the scripted incidents that the run meets, in the scenario's order."""
    return [
        k
        for k, incident in enumerate(run.scenario.incidents)
        if not incident.drawn and incident.from_s < run.scenario.calendar.end_s and incident.until_s > 0.0
    ]


def incident_outcomes(run: Run) -> list[IncidentOutcome]:
    """All incidents of a run that began before its end, in the scenario's order."""
    return [incident_outcome(run, k) for k in met(run)]


def incident_outcome(run: Run, k: int) -> IncidentOutcome:
    """What incident *k* of the scenario did in this run."""
    scenario = run.scenario
    incident = scenario.incidents[k]
    queues = hit_queues(scenario, incident)
    recover_s = time_to_recover(run, incident, None)
    window = _window(scenario, incident, recover_s)
    spilled, peak, for_s = spillover(run, window)
    return IncidentOutcome(
        incident=k,
        replication=run.replication,
        queues=queues,
        detect_s=time_to_detect(run, incident),
        recover_s=recover_s,
        recover_by_queue_s=tuple(time_to_recover(run, incident, q) for q in queues),
        harmed=harmed(run, window),
        damage=service_level_damage(run, window),
        backlog_peak=backlog_peak(run, window),
        backlog_peak_by_queue=tuple(backlog_peak(run, window, (q,)) for q in queues),
        damage_by_queue=tuple(service_level_damage(run, window, (q,)) for q in queues),
        spilled=spilled,
        spilled_peak_per_min=peak,
        spilled_for_s=for_s,
    )


def _window(scenario: Scenario, incident: Incident, recover_s: float) -> tuple[float, float]:
    """From onset to recovery, at least while the incident lasts; to the end of the run if there is no recovery."""
    end_s = scenario.calendar.end_s
    from_s = onset_s(incident)
    over_s = end_s if math.isnan(recover_s) else max(incident.until_s, from_s + recover_s)
    return from_s, min(end_s, over_s)


def onset_s(incident: Incident) -> float:
    """When the run first feels the incident: at its start, or at the start of the run if that is later."""
    return max(0.0, incident.from_s)


def hit_fleets(scenario: Scenario, incident: Incident) -> tuple[int, ...]:
    """Fleets that stand on the incident's node."""
    return tuple(f for f, fleet in enumerate(scenario.fleets) if incident.node in fleet.nodes)


def hit_queues(scenario: Scenario, incident: Incident) -> tuple[int, ...]:
    """Queues of the channels whose fleets (or whose classifier) stand on the node, and those that share their people."""
    channels: set[int] = set()
    for f in hit_fleets(scenario, incident):
        channels |= scenario.fleets[f].channels
    if scenario.classifier is not None and incident.node in scenario.classifier.nodes:
        channels |= set(range(len(scenario.channels)))
    queues = {int(scenario.queue_of_channel[channel]) for channel in channels}
    return tuple(sorted(q for together in sharing(scenario) if queues & set(together) for q in together))


def time_to_detect(run: Run, incident: Incident) -> float:
    """Seconds from onset to the first breaker leaving CLOSED on a fleet on the node, while it lasts; NaN without."""
    rows = run.control
    fleets = hit_fleets(run.scenario, incident)
    left = (
        (rows["what"] == What.BREAKER)
        & (rows["from_state"] == breaker.State.CLOSED)
        & np.isin(rows["subject"], fleets)
        & (rows["at_s"] >= onset_s(incident))
        & (rows["at_s"] < incident.until_s)
    )
    return float(rows["at_s"][left].min() - onset_s(incident)) if left.any() else math.nan


def time_to_recover(run: Run, incident: Incident, queue: int | None = None) -> float:
    """Seconds from onset to the end of the first of two intervals in a row at target, once the incident is over.

    Args:
        run: One replication.
        incident: Of its scenario.
        queue: Its service level against its target; None: all queues together against their targets weighted
            by contacts.

    Returns:
        0 when no interval from onset on fell below target before that; NaN when the two never come within the
        run. An interval in which nobody was answered or gave up, while people waited, is below target; one in
        which nobody asked is not.
    """
    scenario = run.scenario
    edges_s = interval_edges_s(scenario)
    well = _at_target(run, queue)
    after = edges_s[:-1] >= incident.until_s
    since = in_window(scenario, (onset_s(incident), math.inf))
    for k in np.flatnonzero(after):
        if k + 1 < len(well) and well[k] and well[k + 1]:
            if well[since & (np.arange(len(well)) < k)].all():
                return 0.0
            return float(edges_s[k + 1] - onset_s(incident))
    return math.nan


def _at_target(run: Run, queue: int | None) -> NDArray[np.bool_]:
    """Which intervals are at target, shape (intervals,)."""
    scenario = run.scenario
    if queue is not None:
        found = quantities(run, Cut(queue=queue))
        target: FloatArray | float = scenario.queues[queue].target
    else:
        found = quantities(run)
        asked = np.stack(
            [quantity(quantities(run, Cut(queue=q)), "queued") for q in range(len(scenario.queues))]
        )
        targets = np.array([q.target for q in scenario.queues])
        everybody = asked.sum(axis=0)
        target = np.divide(targets @ asked, everybody, out=np.zeros(len(everybody)), where=everybody > 0)
    level = _LEVEL.value(found)
    asked_any = quantity(found, "queued") - quantity(found, "short_abandoned") > 0
    well: NDArray[np.bool_] = ~asked_any | (np.nan_to_num(level, nan=0.0) >= target)
    return well


def harmed(run: Run, window: Window | None = None) -> float:
    """Contacts that wanted a person and got none, or too late; what that is stands at `COUNTERS`.

    Over every queue: a fail-over that saves one line at the cost of another must not look free. By whole intervals that overlap the
    window, as damage is, with contact rows and without.
    """
    return float(quantity(totals(run, window=window), "harmed"))


def service_level_damage(
    run: Run, window: tuple[float, float] | None = None, queues: tuple[int, ...] | None = None
) -> float:
    """Σ over intervals and queues of max(0, target − service level) · contacts that asked for a person.

    In contacts: how many more would have had to be answered in time for every interval to be at target.
    """
    scenario = run.scenario
    keep = in_window(scenario, window)
    total = 0.0
    for q in range(len(scenario.queues)) if queues is None else queues:
        found = quantities(run, Cut(queue=q))[keep]
        level = _LEVEL.value(found)
        short = np.nan_to_num(np.maximum(0.0, scenario.queues[q].target - level), nan=0.0)
        total += float((short * quantity(found, "queued")).sum())
    return total


def damage_by_interval(run: Run) -> FloatArray:
    """Service-level damage of all queues by interval, contacts, shape (intervals,)."""
    total = np.zeros(run.scenario.calendar.intervals)
    for q, queue in enumerate(run.scenario.queues):
        found = quantities(run, Cut(queue=q))
        short = np.nan_to_num(np.maximum(0.0, queue.target - _LEVEL.value(found)), nan=0.0)
        total += short * quantity(found, "queued")
    return total


def waiting_peaks(run: Run, queues: tuple[int, ...] | None = None) -> FloatArray:
    """Most customers waiting in each interval, summed over queues, shape (intervals,); NaN without looks."""
    k = run.scenario.calendar.intervals
    if len(run.looks) != k + 1:
        return np.full(k, np.nan)
    at = list(range(len(run.scenario.queues))) if queues is None else list(queues)
    return np.array([float(look.waiting_peak[at].sum()) for look in run.looks[1:]])


def backlog_peak(
    run: Run, window: tuple[float, float] | None = None, queues: tuple[int, ...] | None = None
) -> float:
    """Most customers waiting at once in the intervals that overlap the window; NaN without looks."""
    peaks = waiting_peaks(run, queues)[in_window(run.scenario, window)]
    return float(peaks.max()) if len(peaks) else math.nan


def spillover(run: Run, window: tuple[float, float] | None = None) -> tuple[float, float, float]:
    """Contacts spilled in the window, most in a minute, and seconds of minutes in which there was at least one.

    At the moment of the hand-over; in interval mode at the interval of arrival, and the last two by intervals.
    """
    scenario = run.scenario
    from_s, until_s = window if window is not None else (scenario.warm_up_s, scenario.calendar.end_s)
    if run.contacts is None:
        keep = in_window(scenario, (from_s, until_s))
        spilled = quantity(quantities(run), "spilled")[keep]
        width_s = np.diff(interval_edges_s(scenario))[keep]
        peak = float((spilled / width_s).max() * _MINUTE_S) if len(spilled) else 0.0
        return float(spilled.sum()), peak, float(width_s[spilled > 0].sum())
    at_s = spilled_at_s(run)
    at_s = at_s[(at_s >= from_s) & (at_s < until_s)]
    if len(at_s) == 0:
        return 0.0, 0.0, 0.0
    by_minute = np.bincount(((at_s - from_s) // _MINUTE_S).astype(np.int64))
    return float(len(at_s)), float(by_minute.max()), float((by_minute > 0).sum() * _MINUTE_S)


def spilled_at_s(run: Run) -> FloatArray:
    """When contacts were spilled, ascending: at the end of their AI session, or at the decision when they had none."""
    c = run.contacts
    assert c is not None, "moments of spillover need contact rows"
    rows = c["handling"] == Handling.SPILLED
    at_s = np.where(c["first_fleet"] >= 0, c["ai_end_s"], c["decide_s"])[rows]
    found: FloatArray = np.sort(at_s)
    return found


@dataclass(frozen=True, slots=True)
class BreakerSpan:
    """A stretch in which the breaker of a fleet stood in one state."""

    fleet: int
    state: breaker.State
    from_s: float
    until_s: float


def breaker_spans(run: Run) -> list[BreakerSpan]:
    """States of every fleet's breaker over the whole run, by fleet and time; without a move it stays CLOSED."""
    moves = run.control[run.control["what"] == What.BREAKER]
    end_s = run.scenario.calendar.end_s
    spans: list[BreakerSpan] = []
    for f in range(len(run.scenario.fleets)):
        state, since_s = breaker.State.CLOSED, 0.0
        for move in moves[moves["subject"] == f]:
            spans.append(BreakerSpan(f, state, since_s, float(move["at_s"])))
            state, since_s = breaker.State(int(move["to_state"])), float(move["at_s"])
        spans.append(BreakerSpan(f, state, since_s, end_s))
    return spans


def state_share(runs: Sequence[Run], fleet: int, state: breaker.State, edges_s: FloatArray) -> FloatArray:
    """Share of time, over replications, that a breaker stood in *state* between edges, shape (edges − 1,)."""
    total = np.zeros(len(edges_s) - 1)
    for run in runs:
        for span in breaker_spans(run):
            if span.fleet == fleet and span.state == state:
                lo = np.maximum(edges_s[:-1], span.from_s)
                hi = np.minimum(edges_s[1:], span.until_s)
                total += np.maximum(0.0, hi - lo)
    share: FloatArray = total / (np.diff(edges_s) * len(runs))
    return share


def control_rows(run: Run, what: What) -> NDArray[Any]:
    """Rows of the control log of one kind."""
    found: NDArray[Any] = run.control[run.control["what"] == what]
    return found

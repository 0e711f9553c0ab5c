"""Incidents that come as they come (M24): drawn before the run from the scenario's processes, one calendar a replication.

An incident brings others with it (a Hawkes process): those that nothing brought come at a steady rate, and each of all of them brings
`clustering` more in the mean, exponentially spread over `decay_s`. The mean rate is `per_week`.

Office hours bend the clock, not the process: it runs evenly on a clock of its own that goes faster when LLM providers report more, 14:00
to 23:00 UTC and on weekdays, and that shows the right time every Monday 00:00 UTC. So rate, clusters and hours all hold at once.

    severity    effect                                       share
    minor       3 % of calls fail, replies 1.5 times slower  0.5
    major       25 % of calls fail, replies 3 times slower   0.4
    critical    down                                         0.1

With probability `common_cause` an incident hits one of the `roots` below its node instead, and with it everything that stands there.

Every process has two streams, `incidents.NAME.when` and `incidents.NAME.what`, which are used from far before the run onwards: a longer
calendar adds incidents and changes none, and other severities or durations leave all times as they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from sim.demand.streams import stream
from sim.scenario.model import Incident, IncidentProcess, Scenario

FloatArray = NDArray[np.float64]

HOUR_S, WEEK_S = 3600.0, 604_800.0
HOURS_UTC, BUSY_HOURS = (14, 23), 3.1
"""From 14:00 until 23:00 UTC incidents are so many times as frequent (ICPE 2025: two thirds of OpenAI's and Anthropic's starts)."""
BUSY_WEEKDAYS = 8.0
"""On Monday to Friday, against Saturday and Sunday."""
SEVERITIES = ((0.03, 1.5), (0.25, 3.0))
"""Minor and major: share of calls that fail, and factor of reply times; critical ones are down."""
DECAYS_BEFORE, SIGMAS_BEFORE = 20.0, 5.0
"""How far before the run drawing begins: so many decays of a cluster, or a duration so far out, whichever is longer."""


def drawn(scenario: Scenario, replication: int) -> tuple[Incident, ...]:
    """Incidents of all processes that fall into the run, by time and node; those under way when it begins start before second 0.

    A minor or major one is a single `errors` incident with a `factor` as well; a critical one is `down` (factor 1, share 0).
    """
    found = [
        incident
        for process in scenario.incident_processes
        for incident in _of(process, scenario, replication)
        if incident.until_s > 0.0
    ]
    return tuple(sorted(found, key=lambda incident: (incident.from_s, incident.node)))


def with_drawn(scenario: Scenario, replication: int) -> Scenario:
    """The scenario of one replication: its incidents, and behind them those that its processes bring."""
    if not scenario.incident_processes:
        return scenario
    bring = tuple(replace(incident, drawn=True) for incident in drawn(scenario, replication))
    return replace(scenario, incidents=(*scenario.incidents, *bring))


def _of(process: IncidentProcess, scenario: Scenario, replication: int) -> Iterator[Incident]:
    """Incidents of one process that start before the run's end."""

    def rng(name: str) -> np.random.Generator:
        return stream(scenario.seed, replication, f"incidents.{process.name}.{name}")

    when, what = rng("when"), rng("what")
    monday_s = _monday_s(scenario.calendar.start)
    end_s = scenario.calendar.end_s - monday_s
    clock = _Clock(process.office_hours)
    before_s = max(
        DECAYS_BEFORE * process.decay_s / (1.0 - process.clustering),
        process.median_s * math.exp(min(SIGMAS_BEFORE * process.sigma, 20.0)),
    )
    # A year is enough for everybody but the most extreme of laws.
    at_s = -WEEK_S * min(52, math.ceil(before_s / WEEK_S))
    gap_s = WEEK_S / (process.per_week * (1.0 - process.clustering))
    until_s = clock.shows(end_s)
    while (at_s := at_s + gap_s * when.standard_exponential()) < until_s:
        for start_s in _cluster(at_s, process, when):
            # Everybody's numbers are drawn, also of those that begin too late.
            incident = _incident(clock.time(start_s) + monday_s, process, what)
            if incident.from_s < scenario.calendar.end_s:
                yield incident


def _cluster(at_s: float, process: IncidentProcess, rng: np.random.Generator) -> Iterator[float]:
    """An incident that nothing brought, those it brings, those that they bring, and so on."""
    todo = [at_s]
    while todo:
        at_s = todo.pop()
        yield at_s
        brings = rng.poisson(process.clustering)
        todo.extend((at_s + process.decay_s * rng.standard_exponential(brings)).tolist())


def _incident(from_s: float, process: IncidentProcess, rng: np.random.Generator) -> Incident:
    """What an incident that starts then is like; always the same number of draws."""
    u_severity, u_cause, u_root = rng.random(3).tolist()
    z = rng.standard_normal()
    common = u_cause < process.common_cause
    median_s = process.common_median_s if common else process.median_s
    node = process.roots[int(u_root * len(process.roots))] if common else process.node
    _, major, critical = process.severity
    if u_severity < critical:
        effect, share, factor = "down", 0.0, 1.0
    else:
        effect = "errors"
        share, factor = SEVERITIES[1 if u_severity < critical + major else 0]
    lasts_s = median_s * math.exp(process.sigma * z)
    return Incident(
        from_s=from_s, until_s=from_s + lasts_s, node=node, effect=effect, share=share, factor=factor
    )


def _monday_s(start: datetime) -> float:
    """The last Monday 00:00 UTC up to the start of the run, in seconds of the run: 0 or less."""
    utc = start.astimezone(UTC)
    midnight = utc.replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight - timedelta(days=utc.weekday()) - utc).total_seconds()


class _Clock:
    """A clock that runs fast in the hours in which incidents are frequent, and is right every Monday 00:00 UTC.

    Both readings in seconds since such a Monday.
    """

    def __init__(self, office_hours: bool) -> None:
        speed = np.ones(168)
        if office_hours:
            hour = np.arange(168)
            busy = (hour % 24 >= HOURS_UTC[0]) & (hour % 24 < HOURS_UTC[1])
            speed *= np.where(busy, BUSY_HOURS, 1.0) * np.where(hour < 5 * 24, BUSY_WEEKDAYS, 1.0)
        self._right_s = np.arange(169, dtype=np.float64) * HOUR_S
        self._shown_s = np.zeros(169)
        self._shown_s[1:] = np.cumsum(speed) * (WEEK_S / speed.sum())

    def shows(self, right_s: float) -> float:
        """What the clock shows at a time."""
        return _within_week(right_s, self._right_s, self._shown_s)

    def time(self, shown_s: float) -> float:
        """When the clock shows that."""
        return _within_week(shown_s, self._shown_s, self._right_s)


def _within_week(at_s: float, knots_s: FloatArray, values_s: FloatArray) -> float:
    week_s = math.floor(at_s / WEEK_S) * WEEK_S
    return week_s + float(np.interp(at_s - week_s, knots_s, values_s))

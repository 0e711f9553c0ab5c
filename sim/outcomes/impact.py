"""What signals said of the human volume, against what came (M31, M38).

    predicted   the signal's median of contacts a minute added to the people
    real        who came from the AI to people in the five minutes after it, less what would have come on a normal day:
                the contacts meant for the AI in these minutes × the share of such contacts that comes to people outside incidents

Whoever is in a session when a fleet breaks down comes at once; signals tell of this burst apart, so the first minutes lie above the
prediction. In interval mode the signal's whole interval takes the place of the five minutes. What was announced ahead speaks of its own
time and is left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.engine.records import Run
from sim.engine.state import Handling
from sim.engine.what import What
from sim.orchestration.signals import Type
from sim.outcomes import intervals
from sim.outcomes.breakers import true_incidents
from sim.outcomes.intervals import Estimate
from sim.outcomes.measures import FloatArray, interval_edges_s, quantities, quantity

WITHIN_S = 300.0
SETTLES_S = 1800.0
"""After an incident its backlog is not yet a normal day."""
WORTH_PER_MIN = 1.0
"""Relative errors are of signals after which at least so much came on top."""
_PLANNED = list(Type).index(Type.PLANNED_MAINTENANCE)
_CAME = (Handling.ESCALATED, Handling.SPILLED)


@dataclass(frozen=True, slots=True)
class Volumes:
    """Signals of one run, one entry each."""

    at_s: FloatArray
    predicted_per_min: FloatArray
    real_per_min: FloatArray
    """NaN where the run has no normal stretch to compare with, or ends too early."""


@dataclass(frozen=True, slots=True)
class ImpactOutcome:
    """Signals of a variant over all replications."""

    signals: Estimate
    """Per replication."""
    bias: Estimate
    """Σ (predicted − real) / Σ real: above 0 they said too much."""
    mape: Estimate
    """Mean of |predicted − real| / real, of signals after which at least `WORTH_PER_MIN` came on top."""


def volumes(run: Run) -> Volumes:
    """What the signals of one run said of the present, and what came."""
    rows = run.control[(run.control["what"] == What.SIGNAL) & (run.control["to_state"] != _PLANNED)]
    at_s = rows["at_s"].astype(np.float64)
    real = _by_interval(run, at_s) if run.contacts is None else _by_contact(run, at_s)
    return Volumes(at_s, rows["part"].astype(np.float64), real)


def _incidents_s(run: Run) -> list[tuple[float, float]]:
    return [(incident.from_s, incident.until_s + SETTLES_S) for incident in true_incidents(run)]


def _share(came: float, meant: float) -> float:
    return came / meant if meant > 0 else math.nan


def _by_contact(run: Run, at_s: FloatArray) -> FloatArray:
    c = run.contacts
    assert c is not None, "asked only where contact rows were kept"
    meant = c["handling"] != Handling.HUMAN_ONLY
    came = np.isin(c["handling"], _CAME)
    normal = meant & (c["arrive_s"] >= run.scenario.warm_up_s)
    for from_s, until_s in _incidents_s(run):
        normal &= (c["arrive_s"] < from_s) | (c["arrive_s"] >= until_s)
    usual = _share(float((normal & came).sum()), float(normal.sum()))
    meant_s, came_s = np.sort(c["arrive_s"][meant]), np.sort(c["queue_s"][came & ~np.isnan(c["queue_s"])])
    extra = _between(came_s, at_s) - usual * _between(meant_s, at_s)
    out: FloatArray = extra / (WITHIN_S / 60.0)
    out[at_s + WITHIN_S > run.scenario.calendar.end_s] = np.nan
    return out


def _between(times_s: FloatArray, at_s: FloatArray) -> NDArray[np.int64]:
    """How many of the sorted times lie within `WITHIN_S` from each instant."""
    return np.searchsorted(times_s, at_s + WITHIN_S) - np.searchsorted(times_s, at_s)


def _by_interval(run: Run, at_s: FloatArray) -> FloatArray:
    found, edges_s = quantities(run), interval_edges_s(run.scenario)
    human_only = quantity(found, f"offered@{Handling.HUMAN_ONLY.name.lower()}")
    meant = quantity(found, "offered") - human_only
    came = sum((quantity(found, f"queued@{h.name.lower()}") for h in _CAME), np.zeros(len(meant)))
    normal = edges_s[:-1] >= run.scenario.warm_up_s
    for from_s, until_s in _incidents_s(run):
        normal &= (edges_s[1:] <= from_s) | (edges_s[:-1] >= until_s)
    usual = _share(float(came[normal].sum()), float(meant[normal].sum()))
    per_min = (came - usual * meant) / (np.diff(edges_s) / 60.0)
    out: FloatArray = per_min[np.clip(np.searchsorted(edges_s, at_s, "right") - 1, 0, len(per_min) - 1)]
    return out


def impact_outcome(runs: Sequence[Run]) -> ImpactOutcome | None:
    """How well a variant's signals foretold the human volume; None when it sent none."""
    found = [volumes(run) for run in runs]
    if not sum(len(one.at_s) for one in found):
        return None
    sums = []
    for one in found:
        there = ~np.isnan(one.real_per_min)
        said, real = one.predicted_per_min[there], one.real_per_min[there]
        much = real >= WORTH_PER_MIN
        relative = np.abs(said[much] - real[much]) / real[much]
        sums.append((float((said - real).sum()), float(real.sum()), float(relative.sum()), float(much.sum())))
    off, real_sum, relative_sum, n = (np.array(column) for column in zip(*sums, strict=True))
    return ImpactOutcome(
        signals=intervals.mean([len(one.at_s) for one in found]),
        bias=intervals.ratio(off, real_sum),
        mape=intervals.ratio(relative_sum, n),
    )

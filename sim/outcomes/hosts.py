"""Hosts taken out of their fleets, held against which ones were really sick (M26)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sim.demand.stretches import union
from sim.engine.records import Run
from sim.engine.what import What
from sim.outcomes import intervals
from sim.outcomes.breakers import true_incidents
from sim.outcomes.intervals import Estimate

PANIC = -1
"""`from_state` of rows that tell of a panic."""


@dataclass(frozen=True, slots=True)
class Ejections:
    """One run's hosts."""

    ejections: int
    sound: int
    """Of them, those of a host that nothing was wrong with."""
    out_s: float
    """Host-seconds out of service."""
    sick_s: float
    """Host-seconds that hosts were sick, in service or not."""
    sick_out_s: float
    """Of these, those out of service."""
    host_s: float
    """Host-seconds of fleets with several hosts."""
    panics: int
    panic_s: float


@dataclass(frozen=True, slots=True)
class EjectionQuality:
    """Hosts of a variant over all replications."""

    ejections: Estimate
    """Per replication."""
    sound_share: Estimate
    """Of ejections; NaN where there was none."""
    healthy_share: Estimate
    """Of host-seconds, in service."""
    caught_share: Estimate
    """Of the host-seconds that hosts were sick, out of service."""
    panics: Estimate
    """Per replication."""
    panic_s: Estimate


def ejections(run: Run) -> Ejections:
    """What became of one run's hosts; a host that is out when the run ends is out until then."""
    scenario, end_s = run.scenario, run.scenario.calendar.end_s
    several = [f for f, fleet in enumerate(scenario.fleets) if fleet.hosts > 1]
    sick: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for incident in true_incidents(run):
        for f in several:
            if incident.node in scenario.fleets[f].nodes:
                for host in range(incident.hosts or scenario.fleets[f].hosts):
                    sick.setdefault((f, host), []).append((incident.from_s, incident.until_s))
    out: dict[tuple[int, int], list[tuple[float, float]]] = {}
    since: dict[tuple[int, int], float] = {}
    for row in run.control[run.control["what"] == What.HOST]:
        key, at_s = (int(row["subject"]), int(row["from_state"])), float(row["at_s"])
        if int(row["to_state"]) == 1:
            since[key] = at_s
        else:
            out.setdefault(key, []).append((since.pop(key), at_s))
    for key, from_s in since.items():
        out.setdefault(key, []).append((from_s, end_s))
    panics = [span for (_, host), spans in out.items() if host == PANIC for span in spans]
    gone = {key: spans for key, spans in out.items() if key[1] != PANIC}
    return Ejections(
        ejections=sum(map(len, gone.values())),
        sound=sum(
            not any(a <= from_s <= b for a, b in sick.get(key, ()))
            for key, spans in gone.items()
            for from_s, _ in spans
        ),
        out_s=_length_s([span for spans in gone.values() for span in spans]),
        sick_s=sum(_length_s(union(spans)) for spans in sick.values()),
        sick_out_s=sum(_overlap_s(union(spans), gone.get(key, [])) for key, spans in sick.items()),
        host_s=end_s * sum(scenario.fleets[f].hosts for f in several),
        panics=len(panics),
        panic_s=_length_s(panics),
    )


def ejection_quality(runs: Sequence[Run]) -> EjectionQuality | None:
    """Hosts of a variant; None where none is ever taken out."""
    if runs[0].scenario.failover.ejection is None:
        return None
    found = [ejections(run) for run in runs]
    return EjectionQuality(
        ejections=intervals.mean([one.ejections for one in found]),
        sound_share=intervals.ratio([one.sound for one in found], [one.ejections for one in found]),
        healthy_share=intervals.ratio(
            [one.host_s - one.out_s for one in found], [one.host_s for one in found]
        ),
        caught_share=intervals.ratio([one.sick_out_s for one in found], [one.sick_s for one in found]),
        panics=intervals.mean([one.panics for one in found]),
        panic_s=intervals.mean([one.panic_s for one in found]),
    )


def _length_s(spans: Sequence[tuple[float, float]]) -> float:
    return float(sum(b - a for a, b in spans))


def _overlap_s(ours: Sequence[tuple[float, float]], theirs: Sequence[tuple[float, float]]) -> float:
    return float(sum(max(0.0, min(b, d) - max(a, c)) for a, b in ours for c, d in theirs))

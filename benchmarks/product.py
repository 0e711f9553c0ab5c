"""The product's own engine on the reference works, on R1's Monday, and in a child process for its memory."""

from __future__ import annotations

import cProfile
import pstats
import resource
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter

from benchmarks.tally import Tally, Timing
from sim.engine import supervisor
from sim.engine.run import FloorName, in_order, simulate
from sim.scenario.build import build
from sim.scenario.load import load
from sim.scenario.model import Scenario

HERE = Path(__file__).parent
SCENARIOS = HERE.parent / "scenarios"
ALL_ON = HERE / "monday_all_on.yaml"
SEED = 1
CONTROLLERS = {
    "common cause": "_look_for_a_common_cause",
    "signals and estimates": "_signal",
    "plans": "_plan",
}
"""What acts above single fleets, and the function of the supervisor that it is called by."""
START = datetime(2026, 3, 2)  # noqa: DTZ001 - the local start of both works
DRAIN = timedelta(hours=3)


def run_product(work: str, contacts: int, seed: int = SEED) -> Timing:
    """Simulate about *contacts* arrivals of work "A" or "B" on the compiled floor, interval counts only."""
    return _run(HERE / f"work_{work.lower()}.yaml", contacts, seed, "kernel")


def run_r1_monday(floor: FloorName, seed: int = SEED) -> Timing:
    """Simulate R1's Monday with controllers and records on; *floor* is "plain" or "kernel"."""
    return _run(SCENARIOS / "r1.yaml", None, seed, floor)


def run_all_on(floor: FloorName, seed: int = SEED) -> Timing:
    """Simulate a quiet Monday of R1 with every controller on, interval counts only."""
    return _run(ALL_ON, None, seed, floor)


def all_on_over_replications(replications: int, seed: int = SEED) -> float:
    """Contacts per second of that Monday on all processors, over replications."""
    scenario = replace(_scenario(ALL_ON, []), seed=seed)
    began = perf_counter()
    contacts = sum(run.offered for run in in_order([(scenario, r) for r in range(replications)]))
    return contacts / (perf_counter() - began)


def controllers_shares(seed: int = SEED) -> dict[str, float]:
    """Share of one such run that each controller above the fleets takes.

    By Python's profiler, whose own cost falls on Python alone: a controller takes at most so much.
    """
    scenario = replace(_scenario(ALL_ON, []), seed=seed)
    profile = cProfile.Profile()
    profile.runcall(simulate, scenario)
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    spent = {
        name: cumulative
        for (file, _, name), (_, _, _, cumulative, _) in stats.items()
        if file == supervisor.__file__
    }
    whole = max(cumulative for _, _, _, cumulative, _ in stats.values())
    return {title: spent.get(function, 0.0) / whole for title, function in CONTROLLERS.items()}


def _run(path: Path, contacts: int | None, seed: int, floor: FloorName) -> Timing:
    """Run one scenario file, stretched to about *contacts* arrivals if a number is given."""
    sets = []
    if contacts is not None:
        # Arrivals stop after that many, at 50 a minute, and the floor has three hours to empty.
        stop = START + timedelta(minutes=contacts / 50)
        end = stop + DRAIN
        sets = [
            f"calendar.until={end:%Y-%m-%d %H:%M:%S}",
            f"demand.events=[{{at: '{stop:%Y-%m-%d %H:%M:%S}', lasts: 3h, multiplier: 0}}]",
        ]
    scenario = replace(_scenario(path, sets), seed=seed)
    began = perf_counter()
    run = simulate(scenario, 0, floor)
    seconds = perf_counter() - began
    counted = {
        name: int(run.counts.of(name).sum())
        for name in ("queued", "answered", "abandoned", "answered_within")
    }
    return Timing(
        seconds,
        Tally(
            contacts=run.offered,
            # A day that is cut off leaves some in the queue; only a reference work is followed to its end.
            offered=counted["queued"] if contacts is not None else counted["answered"] + counted["abandoned"],
            answered=counted["answered"],
            abandoned=counted["abandoned"],
            answered_within_20s=counted["answered_within"],
            wait_s=float(run.counts.of("wait_s").sum()),
        ),
    )


def _scenario(path: Path, sets: list[str]) -> Scenario:
    (spec,) = load(path, sets).variants.values()
    return build(spec, name=path.stem)


def peak_memory_mb(contacts: int) -> float:
    """Peak memory of a fresh process that simulates *contacts* arrivals of work B, megabytes of 10^6 bytes."""
    command = [sys.executable, "-m", "benchmarks.product", str(contacts)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE.parent)
    return float(done.stdout)


def _own_peak_mb() -> float:
    status = Path("/proc/self/status")
    if status.exists():
        # On Linux ru_maxrss outlives exec: a child would report its parent's size if that was larger.
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


if __name__ == "__main__":
    run_product("B", int(sys.argv[1]))
    print(_own_peak_mb())

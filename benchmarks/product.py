"""The product's own engine on the reference works, on R1's Monday, and in a child process for its memory."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time

from benchmarks.tally import Tally, Timing
from sim.engine.run import FloorName, in_order, processors, simulate
from sim.scenario.build import build
from sim.scenario.load import load
from sim.scenario.model import Scenario
from sim.studies.asked import Asked
from sim.studies.workers import Processes, Task

HERE = Path(__file__).parent
SCENARIOS = HERE.parent / "scenarios"
ALL_ON = HERE / "monday_all_on.yaml"
SEED = 1
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


def all_on_over_replications(replications: int, seed: int = SEED) -> tuple[float, float]:
    """Contacts of that Monday per second on all processors, over replications in threads, and per second of one processor's time."""
    monday = replace(scenario(ALL_ON), seed=seed)
    began, cpu_began = perf_counter(), process_time()
    contacts = sum(run.offered for run in in_order([(monday, r) for r in range(replications)]))
    return contacts / (perf_counter() - began), contacts / (process_time() - cpu_began)


def all_on_in_a_study(replications: int, seed: int = SEED) -> float:
    """The same as a study makes them: a process for every processor; they have loaded what is compiled before the clock starts."""
    monday = replace(scenario(ALL_ON), seed=seed)
    workers = Processes([Asked("service_level")], "kernel")

    def contacts(first: int, count: int) -> int:
        tasks = [Task(r, monday, r) for r in range(first, first + count)]
        total = 0
        for done in workers.results(tasks):
            if isinstance(done.row, str):
                raise RuntimeError(done.row)  # noqa: TRY004  of fewer rows the speed would be another
            total += done.row.contacts
        return total

    try:
        contacts(replications, 2 * processors())
        began = perf_counter()
        return contacts(0, replications) / (perf_counter() - began)
    finally:
        workers.close()


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
    made = replace(scenario(path, sets), seed=seed)
    began, cpu_began = perf_counter(), process_time()
    run = simulate(made, 0, floor)
    seconds, cpu_s = perf_counter() - began, process_time() - cpu_began
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
        cpu_s,
    )


def scenario(path: Path, sets: Sequence[str] = ()) -> Scenario:
    """A scenario file as the engine takes it, some keys set otherwise."""
    (spec,) = load(path, list(sets)).variants.values()
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

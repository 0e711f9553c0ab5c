"""The product's own engine on the reference works, on R1's Monday, and in a child process for its memory."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

from benchmarks.tally import Timing

HERE = Path(__file__).parent
SCENARIOS = HERE.parent / "scenarios"
SEED = 1


def run_product(work: str, contacts: int, seed: int = SEED) -> Timing:
    """Simulate about *contacts* arrivals of work "A" or "B" on the compiled floor, interval counts only.

    Raises:
        ImportError: The engine is not there.
    """
    return _run(HERE / f"work_{work.lower()}.yaml", contacts, seed, "kernel")


def run_r1_monday(floor: str, seed: int = SEED) -> Timing:
    """Simulate R1's Monday with controllers and records on; *floor* is "plain" or "kernel".

    Raises:
        ImportError: The engine is not there.
    """
    return _run(SCENARIOS / "r1.yaml", None, seed, floor)


def _run(scenario: Path, contacts: int | None, seed: int, floor: str) -> Timing:
    """Run one scenario file, stretched to about *contacts* arrivals if a number is given."""
    raise ImportError(
        f"no engine to run {contacts or 'all'} contacts of {scenario.name} on the {floor} floor, seed {seed}"
    )


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

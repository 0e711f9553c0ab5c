"""Compiles `reference.c` once per benchmark and runs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from benchmarks.tally import Program, Tally, Timing

SOURCE = Path(__file__).with_name("reference.c")
FLAGS = ("-O3", "-march=native")


def find_compiler() -> str | None:
    """The C compiler to use: `$CC`, else `cc`; None when there is none."""
    return shutil.which(os.environ.get("CC", "cc"))


def compile_c(folder: Path) -> Program | None:
    """Compile the C program into *folder*.

    Returns:
        A function that runs it and reads its answer; None when this machine has no C compiler.

    Raises:
        subprocess.CalledProcessError: The compiler refused the program.
    """
    compiler = find_compiler()
    if compiler is None:
        return None
    binary = folder / "reference"
    subprocess.run([compiler, *FLAGS, str(SOURCE), "-o", str(binary), "-lm"], check=True)

    def run_c(work: str, contacts: int, seed: int) -> Timing:
        # The program times itself, so starting a process is not held against it.
        done = subprocess.run(
            [binary, work, str(contacts), str(seed)], check=True, capture_output=True, text=True
        )
        told = json.loads(done.stdout)
        return Timing(told.pop("seconds"), Tally(**told))

    return run_c

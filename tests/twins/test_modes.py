from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from sim.engine import control, state, watch
from sim.engine.kernel import world
from sim.engine.records import Run
from sim.engine.run import simulate
from sim.orchestration import breaker, degradation, health, limits, look_ahead, relief, scaling, warning
from tests.twins.worlds import compare, random_world, scenario_of

ROOT = Path(__file__).parents[2]
SMALL = (0, 4, 17, 27, 36)
"""Worlds that run small here: breakers, monitors, redials, and four of five over more than a day."""
CONTACTS = 250
RUN_WORLDS = """
import pickle, sys
from sim.engine.run import simulate
from tests.twins.worlds import random_world, scenario_of
floor, into, contacts, *seeds = sys.argv[1:]
runs = [simulate(scenario_of(random_world(int(seed), int(contacts)), int(seed)), floor=floor) for seed in seeds]
with open(into, "wb") as file:
    pickle.dump(runs, file)
"""
SIGNATURES = """
from dataclasses import replace
import sys
from numba.core.dispatcher import Dispatcher
from sim.engine.run import simulate
from tests.twins.worlds import random_world, scenario_of
for seed in map(int, sys.argv[1:]):
    scenario = scenario_of(random_world(seed, 250), seed)
    simulate(scenario)
    simulate(replace(scenario, keep_contacts=False))
    simulate(scenario, floor="plain")
found = {
    f"{value.__module__}.{value.__name__}": len(value.signatures)
    for name, module in list(sys.modules.items()) if name.startswith("sim.")
    for value in vars(module).values() if isinstance(value, Dispatcher) and value.signatures
}
print(sorted(found.items()))
"""


def _python(code: str, *arguments: str, **environment: str) -> str:
    """What a fresh interpreter prints; warnings are errors in it, but for those about other people's calendars."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", "-c", code, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stderr[-3000:]
    return done.stdout


def _elsewhere(floor: str, into: Path, seeds: tuple[int, ...], **environment: str) -> list[Run]:
    """The runs of small worlds in a fresh interpreter."""
    _python(RUN_WORLDS, floor, str(into), str(CONTACTS), *map(str, seeds), **environment)
    runs: list[Run] = pickle.loads(into.read_bytes())  # noqa: S301 written by ourselves just now
    return runs


def _here(seeds: tuple[int, ...]) -> list[Run]:
    return [simulate(scenario_of(random_world(seed, CONTACTS), seed)) for seed in seeds]


@pytest.mark.parametrize("floor", ["kernel", "plain"])
def test_uncompiled_code_gives_the_same_results(floor: str, tmp_path: Path) -> None:
    """Small worlds run as plain Python, without any compiling, tell the same story as compiled."""
    runs = _elsewhere(floor, tmp_path / "runs", SMALL, NUMBA_DISABLE_JIT="1")
    assert [""] * len(SMALL) == [compare(a, b) for a, b in zip(_here(SMALL), runs, strict=True)]


@pytest.mark.slow
def test_no_index_is_out_of_bounds(tmp_path: Path) -> None:
    """Compiled with bounds checks, worlds of every kind run through and tell the same story."""
    seeds = tuple(range(20))
    own_cache = str(tmp_path / "cache")  # checked and unchecked code must not meet in one cache
    runs = _elsewhere("kernel", tmp_path / "runs", seeds, NUMBA_BOUNDSCHECK="1", XDG_CACHE_HOME=own_cache)
    assert [""] * len(seeds) == [compare(a, b) for a, b in zip(_here(seeds), runs, strict=True)]


@pytest.mark.parametrize(
    "module",
    [
        breaker,
        control,
        degradation,
        health,
        limits,
        look_ahead,
        relief,
        scaling,
        state,
        warning,
        watch,
        world,
    ],
)
def test_no_field_is_hidden_by_numpy(module: ModuleType) -> None:
    """No field of a record has the name of something that a NumPy scalar has already: uncompiled code would read that."""
    records = {
        name: value for name, value in vars(module).items() if isinstance(value, np.dtype) and value.names
    }
    assert records
    clashes = {name: set(record.names or ()) & set(dir(np.void)) for name, record in records.items()}
    assert {} == {name: fields for name, fields in clashes.items() if fields}


def _signatures(seeds: tuple[int, ...], **environment: str) -> dict[str, int]:
    """How many signatures of each function a fresh interpreter compiled or loaded."""
    return dict(eval(_python(SIGNATURES, *map(str, seeds), **environment)))  # noqa: S307 printed by ourselves


def test_one_signature_each() -> None:
    """Worlds of different shapes, on both floors, with and without rows, load one signature of every function that Python calls."""
    _here(SMALL)  # compiled by now; what these functions call is inside them
    signatures = _signatures(SMALL)
    assert "sim.engine.kernel.advance.advance" in signatures
    assert {} == {name: n for name, n in signatures.items() if n != 1}


@pytest.mark.slow
def test_nothing_is_compiled_twice(tmp_path: Path) -> None:
    """Twenty worlds of every kind, on both floors, compile every function once, those inside others as well."""
    signatures = _signatures(tuple(range(20)), XDG_CACHE_HOME=str(tmp_path))
    assert "sim.engine.kernel.logs.decide" in signatures
    assert {} == {name: n for name, n in signatures.items() if n != 1}

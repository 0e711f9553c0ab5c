"""Reads the imports of `sim/`, and says which one breaks the order of the rooms."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SIM = Path(__file__).resolve().parents[1] / "sim"

# Bottom to top: a file imports from its own room and from rooms before it.
ROOMS = (
    "orchestration",
    "wfm",
    "scenario",
    "demand",
    "engine",
    "outcomes",
    "store",
    "studies",
    "reports",
    "web",
    "cli",
)

# The controller is told the time and the observations: no engine, no frames, no files, no clock, no dice.
NOT_IN_ORCHESTRATION = {
    "datetime": "asks no clock",
    "duckdb": "reads no files",
    "numpy.random": "rolls no dice",
    "pandas": "knows no frames",
    "pyarrow": "reads no files",
    "random": "rolls no dice",
    "secrets": "rolls no dice",
    "simpy": "knows no engine",
    "time": "asks no clock",
}


@dataclass(frozen=True, slots=True)
class Import:
    """One module named by one import statement."""

    module: str
    line: int


def imports(source: str, package: str) -> Iterator[Import]:
    """Every module that *source*, a file of *package*, imports, in functions and under TYPE_CHECKING too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                kept = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*kept, base]).rstrip(".")
            # `from sim import engine` and `from numpy import random` name a module in the second half.
            for alias in node.names:
                yield Import(f"{base}.{alias.name}" if base in {"sim", "numpy"} else base, node.lineno)
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in {"np.random", "numpy.random"}:
            yield Import("numpy.random", node.lineno)  # needs no import of its own


def is_in(module: str, package: str) -> bool:
    """Whether *module* is *package* or lies in it."""
    return module == package or module.startswith(f"{package}.")


def breaches(name: str, source: str) -> list[str]:
    """What is wrong with the imports of the file *name* (`wfm/erlang.py`), one sentence each."""
    room, package = name.split("/", 1)[0], ".".join(["sim", *name.split("/")[:-1]])
    found = {}
    for used in imports(source, package):
        where = f"sim/{name}:{used.line} imports {used.module}"
        above = next((r for r in ROOMS[ROOMS.index(room) + 1 :] if is_in(used.module, f"sim.{r}")), None)
        if above:
            found[used.line, above] = f"{where}, but {above}/ lies above {room}/"
        if is_in(used.module, "tests") or is_in(used.module, "benchmarks"):
            found[used.line, "tests"] = f"{where}, which a user does not have"
        if room == "orchestration":
            for banned, reason in NOT_IN_ORCHESTRATION.items():
                if is_in(used.module, banned):
                    found[used.line, banned] = f"{where}, but the controller {reason}"
    return list(found.values())


FILES = sorted(
    path.relative_to(SIM).as_posix() for path in SIM.rglob("*.py") if len(path.relative_to(SIM).parts) > 1
)


def test_every_folder_is_a_room() -> None:
    """Every folder with code is a room of the drawing, and beside the rooms lies only the front door."""
    folders = {name.split("/", 1)[0] for name in FILES}
    loose = {path.name for path in SIM.glob("*.py")}

    assert folders <= set(ROOMS), f"not in the drawing: {sorted(folders - set(ROOMS))}"
    assert loose <= {"__init__.py", "__main__.py"}, f"belongs into a room: {sorted(loose)}"


@pytest.mark.parametrize("name", FILES)
def test_room_order(name: str) -> None:
    """A file imports from its own room and lower ones, and the controller only what it may know."""
    found = breaches(name, (SIM / name).read_text(encoding="utf-8"))

    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        (
            "wfm/erlang.py",
            "import math\nfrom sim.engine import run",
            ["sim/wfm/erlang.py:2 imports sim.engine, but engine/ lies above wfm/"],
        ),
        (
            "demand/draw.py",
            "def f():\n    from sim import outcomes",
            ["sim/demand/draw.py:2 imports sim.outcomes, but outcomes/ lies above demand/"],
        ),
        (
            "engine/kernel/core.py",
            "from ...cli import main",
            ["sim/engine/kernel/core.py:1 imports sim.cli, but cli/ lies above engine/"],
        ),
        (
            "orchestration/breaker.py",
            "import numpy as np\nimport simpy\nx = np.random.default_rng()",
            [
                "sim/orchestration/breaker.py:2 imports simpy, but the controller knows no engine",
                "sim/orchestration/breaker.py:3 imports numpy.random, but the controller rolls no dice",
            ],
        ),
        ("orchestration/words.py", "from time import time", None),
        ("cli/main.py", "from sim.engine.run import run\nfrom sim import store\nfrom . import x", []),
        ("wfm/staffing.py", "from sim.wfm.erlang import erlang_a\nimport simpy_like, timeit", []),
    ],
)
def test_breaches_are_seen(name: str, source: str, expected: list[str] | None) -> None:
    """The reader of imports sees each kind of breach, says which rule it breaks, and lets the rest be."""
    found = breaches(name, source)

    if expected is None:
        assert found, "a breach went unseen"
    else:
        assert expected == sorted({text.split("\n")[0] for text in found})

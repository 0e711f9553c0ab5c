from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import sim
from sim.cli.main import exit_code
from sim.store import RunFolder, record, scenarios_of

TINY = Path(__file__).parents[1] / "store" / "tiny.yaml"


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture
def blendsim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """The command, called in this process from an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)

    def call(*words: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["blendsim", *map(str, words)])
        capsys.readouterr()
        code = exit_code()
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return call


def stored(out: Path, *sets: str, **said: Any) -> Path:
    """A run of the tiny scenario in a folder below *out*, tables alone."""
    scenarios = scenarios_of(TINY, sets, **said)
    with RunFolder(out, "tiny") as making:
        study = record(scenarios, floor="plain", jobs=1, folder=making)
        return making.finish(study.manifest)[0]


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder as `blendsim run` leaves it, figures included; not to be changed."""
    kept = sim.run(TINY, floor="plain", jobs=1, out=tmp_path_factory.mktemp("results"))
    assert kept.study.folder is not None
    return kept.study.folder


@pytest.fixture
def run_folder(whole: Path, tmp_path: Path) -> Path:
    """A run folder of the test's own, named as one would name it from where the command is called."""
    shutil.copytree(whole, tmp_path / "results" / "tiny" / whole.name)
    return Path("results") / "tiny" / whole.name

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sim.outcomes.intervals import Estimate
from sim.scenario.errors import ScenarioError
from sim.store import StoreError
from sim.studies.design import Plan, Precision, design
from sim.studies.execute import Found, execute, precise_enough, working
from sim.studies.folder import JOURNAL, finished, read, write
from sim.studies.journal import Journal
from sim.studies.rows import Cell
from sim.studies.said import said
from sim.studies.workers import check_address

TINY = Path(__file__).parents[1] / "store" / "tiny.yaml"
ROOT = Path(__file__).parents[2]


def small(**more: object) -> Plan:
    """Two cells of the tiny scenario, three replications."""
    words = {"vary": ["queues.voice.patience=1m,3m"], "variants": ["breaker"], "replications": 3, **more}
    return design(None, said(scenario=str(TINY), **words))  # type: ignore[arg-type]


def run(plan: Plan, folder: Path, jobs: int = 1) -> Found:
    """All rows of a plan, its journal in *folder*."""
    with Journal(folder / JOURNAL) as journal, working(plan, "plain", jobs) as workers:
        return execute(plan, journal, workers, "plain")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_row_is_made_once(tmp_path: Path) -> None:
    """A second call finds everything in the journal; a larger study makes only what is new."""
    first, again, more = run(small(), tmp_path), run(small(), tmp_path), run(small(replications=5), tmp_path)

    assert (6, 0, 4) == (first.made, again.made, more.made)
    assert first.rows == again.rows


def test_a_journal_of_nothing_leaves_nothing(tmp_path: Path) -> None:
    """Interrupted before its first row a study leaves neither the journal nor the folders that were made for it."""
    with Journal(tmp_path / "results" / "studies" / "rates" / "rows.journal"):
        pass
    assert [] == list(tmp_path.iterdir())


def test_a_journal_that_was_torn_anywhere_loses_one_row_at_most(tmp_path: Path) -> None:
    """Cut at every hundredth byte: what was whole is kept, the rest is made again, and the tables are the same to the byte."""
    found = run(small(), tmp_path)
    expected = contents(write(found, tmp_path / "out", "plain"))
    whole = (tmp_path / JOURNAL).read_bytes()
    for cut in range(1, len(whole), 401):
        (tmp_path / JOURNAL).write_bytes(whole[:cut])
        again = run(small(), tmp_path)
        assert 6 - whole[:cut].count(b"\n") == again.made
        assert whole == (tmp_path / JOURNAL).read_bytes()
    assert expected == contents(write(again, tmp_path / "again", "plain"))


def test_a_line_that_rotted_is_made_again(tmp_path: Path) -> None:
    """A changed digit does not count, and the lines behind it do."""
    run(small(), tmp_path)
    lines = (tmp_path / JOURNAL).read_bytes().splitlines(keepends=True)
    lines[1] = lines[1].replace(b"replication", b"replicaXion")
    (tmp_path / JOURNAL).write_bytes(b"".join(lines))

    assert 1 == run(small(), tmp_path).made


def test_processes_give_the_same_bytes(tmp_path: Path) -> None:
    """Tables from two processes equal those from this one."""
    alone, several = (
        write(run(small(), tmp_path / str(jobs), jobs), tmp_path / f"out{jobs}", "plain") for jobs in (1, 2)
    )

    assert alone.name == several.name
    assert contents(alone) == contents(several)


def test_a_poisoned_row_does_not_stop_the_rest(tmp_path: Path) -> None:
    """It is named with cell and replication, the tables say that it is missing, and the study does not count as finished."""
    plan = small()
    broken = Cell("broken", replace(plan.cells[1].scenario, queues=()), plan.cells[1].levels)
    found = run(replace(plan, cells=(plan.cells[0], broken)), tmp_path)
    write(found, tmp_path, "plain")

    assert [(1, 0), (1, 1), (1, 2)] == [(one.cell, one.replication) for one in found.lost]
    assert 3 == len(found.rows)
    assert None is finished(found.plan, tmp_path, "plain")


def test_a_study_reads_back(tmp_path: Path) -> None:
    """The table that was written, scenarios included."""
    found = run(small(), tmp_path)
    table = read(write(found, tmp_path, "plain"))

    assert [cell.name for cell in found.plan.cells] == [cell.name for cell in table.cells]
    assert found.plan.asked == table.asked
    np.testing.assert_array_equal(found.table.part, table.part)
    np.testing.assert_array_equal(found.table.whole, table.whole)


def test_replications_are_added_until_a_cell_is_precise(tmp_path: Path) -> None:
    """Cells stop when their interval is narrow enough, or at the cap, and the cap is said; going on from half gives the same rows."""
    plan = small(replications=10, precision=["service_level=6 % of value"], at_most=40)
    found = run(plan, tmp_path)
    halfway = (tmp_path / JOURNAL).read_bytes().splitlines(keepends=True)[:13]
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / JOURNAL).write_bytes(b"".join(halfway))

    assert found.rows == run(plan, tmp_path / "half").rows
    table = found.table
    for c in range(2):
        assert (c in found.capped) == (not precise_enough(table.estimate(c, 0), plan.precision[0]))
        assert table.count(c) <= 40


def test_precision_is_laws_rule() -> None:
    """A part γ of the value is held against γ/(1 + γ) of the estimate."""
    half = Estimate(0.5, 0.024, 10)

    assert precise_enough(half, Precision(0, of_value=0.06))
    assert not precise_enough(half, Precision(0, of_value=0.05))  # 0.0238
    assert precise_enough(half, Precision(0, half_width=0.024))


def test_two_processes_cannot_run_one_study(tmp_path: Path) -> None:
    """The second is told so."""
    with (
        Journal(tmp_path / JOURNAL),
        pytest.raises(ScenarioError, match="another process is running this study"),
    ):
        Journal(tmp_path / JOURNAL)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs RLIMIT_FSIZE")
def test_a_full_disk_keeps_what_was_finished(tmp_path: Path) -> None:
    """A limit on file size stands in for the disk: the study stops in words, and goes on to the same bytes."""
    import resource

    expected = contents(write(run(small(), tmp_path / "whole"), tmp_path / "whole", "plain"))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (700, before[1]))
        with pytest.raises(StoreError, match=r"the disk is full; [1-5] finished rows are kept"):
            run(small(), tmp_path / "full")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    again = run(small(), tmp_path / "full")

    assert again.made < 6
    assert expected == contents(write(again, tmp_path / "full", "plain"))


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("tcp://127.0.0.1:8786", True), ("localhost:8786", True), ("tcp://[::1]:8786", True),
        ("tcp://10.0.0.1:8786", False), ("tcp://127.evil.com:8786", False), ("tls://scheduler:8786", False), ("ucx://a:1", False),
    ],
)  # fmt: skip
def test_a_cluster_beyond_this_machine_needs_tls(address: str, *, safe: bool) -> None:
    """Dask speaks pickle, and the error says so."""
    if safe:
        check_address(address, tls=False, insecure=False)
    else:
        with pytest.raises(ScenarioError, match="--cluster"):
            check_address(address, tls=False, insecure=False)


WORDS = [
    "study",
    str(TINY),
    "--vary",
    "queues.voice.patience=1m,3m",
    "--replications",
    "20",
    "--floor",
    "plain",
    "--jobs",
    "2",
]


def start(folder: Path, *more: str) -> subprocess.Popen[bytes]:
    """The command, in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "sim", *WORDS, *more],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def tables(folder: Path) -> dict[str, bytes]:
    """The finished study under *folder*."""
    (there,) = (folder / "results" / "studies" / "tiny").glob("*/study.json")
    return contents(there.parent)


def killed_and_finished(folder: Path, kills: int, seed: int) -> None:
    """Kill -9 a study at random moments, then let it finish."""
    rng = np.random.default_rng(seed)
    for _ in range(kills):
        study = start(folder)
        time.sleep(float(rng.uniform(0.5, 4.0)))
        study.kill()
        study.communicate()
    study = start(folder)
    _, err = study.communicate(timeout=120)
    assert 0 == study.returncode, err


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_killed_study_gives_the_same_bytes(tmp_path: Path) -> None:
    """Two kills at random moments, then the end: nothing of the finished tables differs."""
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    start(tmp_path / "whole").communicate(timeout=120)
    killed_and_finished(tmp_path / "killed", 2, seed=5)

    assert tables(tmp_path / "whole") == tables(tmp_path / "killed")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_study_killed_twenty_times_gives_the_same_bytes(tmp_path: Path) -> None:
    """Kill -9 at 20 random moments, over five studies of four kills each."""
    (tmp_path / "whole").mkdir()
    start(tmp_path / "whole").communicate(timeout=120)
    for k in range(5):
        (tmp_path / str(k)).mkdir()
        killed_and_finished(tmp_path / str(k), 4, seed=100 + k)
        assert tables(tmp_path / "whole") == tables(tmp_path / str(k))

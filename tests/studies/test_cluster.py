from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from .test_execute import ROOT, start, tables

pytest.importorskip("distributed")
ENV = {**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_NUM_THREADS": "1"}


def dask(*words: str) -> subprocess.Popen[bytes]:
    """A part of a cluster, in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_" + words[0], *words[1:]],
        env=ENV,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture
def scheduler() -> Iterator[str]:
    """A scheduler of the test's own on the loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = dask("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
    yield f"tcp://127.0.0.1:{port}"
    process.kill()
    process.wait()


def worker(address: str) -> subprocess.Popen[bytes]:
    """A worker without a nanny: when it is killed, it is gone."""
    return dask("worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_workers_killed_five_times_give_the_same_bytes(tmp_path: Path, scheduler: str) -> None:
    """Kill -9 of a Dask worker at 5 random moments, each time another takes its place: the tables are those of one machine alone."""
    (tmp_path / "alone").mkdir()
    (tmp_path / "cluster").mkdir()
    more = ("--replications", "400")

    alone = start(tmp_path / "alone", *more)
    alone.communicate(timeout=180)
    assert 0 == alone.returncode
    rng = np.random.default_rng(11)
    workers = [worker(scheduler), worker(scheduler)]
    try:
        study = start(tmp_path / "cluster", *more, "--cluster", scheduler)
        time.sleep(6.0)
        killed = 0
        for _ in range(5):
            time.sleep(float(rng.uniform(0.2, 2.0)))
            if study.poll() is not None:
                break
            os.kill(workers[0].pid, signal.SIGKILL)
            workers.pop(0).wait()
            killed += 1
            workers.append(worker(scheduler))
        _, err = study.communicate(timeout=180)
    finally:
        for one in workers:
            one.kill()
            one.wait()

    assert 0 == study.returncode, err
    assert 5 == killed, f"the study was over after {killed} kills"
    assert tables(tmp_path / "alone") == tables(tmp_path / "cluster")

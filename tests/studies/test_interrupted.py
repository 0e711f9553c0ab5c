"""Whatever stops a study takes nothing away: Ctrl-C, a killed process, a disk that is full at the very end; and a cluster behind TLS."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sim.store import StoreError
from sim.studies.folder import write

from .test_execute import ROOT, WORDS, contents, run, small, start, tables

resource = pytest.importorskip("resource")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks at processes as Linux shows them"),
]


def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def rows(folder: Path) -> int:
    """Finished rows of the study in *folder*."""
    journal = folder / "results" / "studies" / "tiny" / "rows.journal"
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def children(parent: int) -> list[int]:
    """Worker processes of a study."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(path.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(path.parent.name))
        except OSError:  # it ended meanwhile
            continue
    return found


def begun(folder: Path, *more: str) -> subprocess.Popen[bytes]:
    """The study of WORDS with a terminal's group of processes."""
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", "sim", *WORDS, *more],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The tables of a study that was left alone."""
    folder = tmp_path_factory.mktemp("whole")
    _, err = start(folder).communicate(timeout=180)
    assert tables(folder), err
    return tables(folder)


@pytest.mark.parametrize("everybody", [True, False], ids=["terminal", "parent alone"])
def test_ctrl_c_keeps_what_is_finished(tmp_path: Path, whole: dict[str, bytes], *, everybody: bool) -> None:
    """It says how many rows are kept, ends with 130, leaves no process behind, and the same command goes on to the same bytes."""
    study = begun(tmp_path)
    until(lambda: rows(tmp_path) >= 3)
    (os.killpg if everybody else os.kill)(study.pid, signal.SIGINT)
    _, err = study.communicate(timeout=30)
    kept = rows(tmp_path)
    assert 130 == study.returncode, err
    assert f"interrupted; {kept} new rows are kept, and the same command goes on from them" in err.decode()
    assert 3 <= kept < 40
    with pytest.raises(ProcessLookupError):
        os.killpg(study.pid, 0)
    _, err = start(tmp_path).communicate(timeout=180)
    assert whole == tables(tmp_path), err


def test_killed_processes_of_this_machine_are_replaced(tmp_path: Path, whole: dict[str, bytes]) -> None:
    """Kill -9 of a worker process, five times: each takes one row with it, which another makes."""
    study = begun(tmp_path)
    for k in range(5):
        until(lambda k=k: rows(tmp_path) >= 2 + 4 * k)  # type: ignore[misc]
        os.kill(children(study.pid)[0], signal.SIGKILL)
    _, err = study.communicate(timeout=180)
    assert 0 == study.returncode, err
    assert whole == tables(tmp_path)


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """No file may grow beyond *size* bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("size", [0, 300, 1500, 2800])
def test_a_disk_that_is_full_at_the_end_costs_no_row(tmp_path: Path, size: int) -> None:
    """Whichever of the final tables it hits: nothing half written is left, and later the same tables are written."""
    found = run(small(), tmp_path)
    expected = contents(write(found, tmp_path / "whole", "plain"))
    assert max(map(len, expected.values())) > 2800
    with disk_of(size), pytest.raises(StoreError, match="the disk is full; all rows are kept"):
        write(found, tmp_path / "full", "plain")
    assert [] == [path for path in (tmp_path / "full").rglob("*") if path.is_file()]
    assert expected == contents(write(found, tmp_path / "full", "plain"))


def test_a_disk_that_is_full_before_the_figures_is_said(tmp_path: Path, whole: dict[str, bytes]) -> None:
    """The tables are there already; the command says what is missing, and the next time draws it."""
    study = subprocess.Popen(
        [sys.executable, "-m", "sim", *WORDS],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (16_000, 16_000)),  # noqa: PLW1509
    )  # fmt: skip
    _, err = study.communicate(timeout=180)
    assert 101 == study.returncode, err
    assert "figures: the disk is full; the tables are written, and the same command draws" in err.decode()
    assert b"internal error" not in err
    start(tmp_path).communicate(timeout=180)
    assert whole == tables(tmp_path)


# --- TLS ---


def certificates(folder: Path) -> tuple[str, str, str]:
    """An authority of our own, and one certificate by it for 127.0.0.1."""

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl(
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=ours",
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
    )
    openssl(
        "req",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=127.0.0.1",
        "-keyout",
        "node.key",
        "-out",
        "node.csr",
    )
    openssl(
        "x509",
        "-req",
        "-in",
        "node.csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-days",
        "2",
        "-extfile",
        "names",
        "-out",
        "node.pem",
    )
    return tuple(str(folder / name) for name in ("ca.pem", "node.pem", "node.key"))  # type: ignore[return-value]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes certificates with openssl")
def test_a_cluster_behind_tls_gives_the_same_bytes(tmp_path: Path, whole: dict[str, bytes]) -> None:
    """Scheduler, worker and study prove who they are with certificates of our own; somebody with another authority is not let in."""
    pytest.importorskip("distributed")
    (tmp_path / "ours").mkdir()
    (tmp_path / "others").mkdir()
    authority, certificate, key = certificates(tmp_path / "ours")
    theirs = certificates(tmp_path / "others")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tls://127.0.0.1:{free.getsockname()[1]}"
    proof = ("--tls-ca-file", authority, "--tls-cert", certificate, "--tls-key", key)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}

    def dask(part: str, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{part}", *words, *proof, "--no-dashboard"]
        return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    port = address.rpartition(":")[2]
    parts = [dask("scheduler", "--host", "tls://127.0.0.1", "--port", port, "--protocol", "tls")]
    parts.append(dask("worker", address, "--nthreads", "1", "--no-nanny", "--protocol", "tls"))
    try:
        said = ("--cluster", address, "--tls-ca", authority, "--tls-cert", certificate, "--tls-key", key)
        study = begun(tmp_path / "study", *said)
        _, err = study.communicate(timeout=180)
        assert 0 == study.returncode, err
        foreign = (
            "--cluster",
            address,
            "--tls-ca",
            theirs[0],
            "--tls-cert",
            theirs[1],
            "--tls-key",
            theirs[2],
        )
        stranger = begun(tmp_path / "stranger", *foreign)
        _, refused = stranger.communicate(timeout=120)
    finally:
        for part in reversed(parts):
            part.kill()
            part.wait()
    assert whole == tables(tmp_path / "study")
    assert 2 == stranger.returncode
    assert f"--cluster {address}: no scheduler answers there" in refused.decode()

"""Who makes the runs of a study: this process, others beside it, or a Dask cluster. All call `measure`, and so give the same rows.

Workers hand back rows in any order. A row that cannot be had comes back as words, and does not stop the others: a run that fails is a
fault of one row, and a process that is killed takes one row with it, which is tried once more in a new one.
"""

from __future__ import annotations

import ipaddress
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from sim.engine.run import FloorName, processors
from sim.scenario.errors import ScenarioError
from sim.scenario.model import Scenario
from sim.store.folder import StoreError
from sim.studies.asked import Asked
from sim.studies.journal import code
from sim.studies.rows import Measured, measure

TRIES = 2
"""A row whose process dies so often is left out."""
LOOK_S = 0.2
"""How soon Ctrl-C is heard while everybody works."""


@dataclass(frozen=True, slots=True)
class Task:
    """One run to be made."""

    number: int
    scenario: Scenario
    replication: int


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a task: a row, or why there is none."""

    number: int
    row: Measured | str


class Workers(Protocol):
    """Makes runs."""

    def results(self, tasks: Sequence[Task]) -> Iterator[Done]:
        """One `Done` a task, in any order."""
        ...

    def close(self) -> None:
        """Let everybody go, those at work included."""
        ...


def in_words(error: BaseException) -> str:
    """An exception as one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300] or 'no message'}"


def attempt(scenario: Scenario, replication: int, asked: Sequence[Asked], floor: FloorName) -> Measured | str:
    """The row of one run, or what went wrong."""
    try:
        return measure(scenario, replication, asked, floor)
    except Exception as error:  # noqa: BLE001  whatever it is, the other rows can do without it
        return in_words(error)


class Here:
    """This process, one run after the other."""

    def __init__(self, asked: Sequence[Asked], floor: FloorName) -> None:
        self._asked, self._floor = asked, floor

    def results(self, tasks: Sequence[Task]) -> Iterator[Done]:
        """See `Workers`."""
        for task in tasks:
            yield Done(task.number, attempt(task.scenario, task.replication, self._asked, self._floor))

    def close(self) -> None:
        """Nobody to let go."""


# --- processes ---


class Processes:
    """Processes of this machine, each a Python of its own that reads runs to be made and writes rows."""

    def __init__(self, asked: Sequence[Asked], floor: FloorName, jobs: int | None = None) -> None:
        """*jobs* processes at most; one a processor when left out."""
        self._asked, self._floor = tuple(asked), floor
        self._slots: list[_Process | None] = [None] * (jobs or processors())
        self._closed = False
        # The first row of all is made alone: it compiles the kernel where that was never done.
        self._warm = threading.Event()

    def results(self, tasks: Sequence[Task]) -> Iterator[Done]:
        """See `Workers`.

        Raises:
            RuntimeError: No process can be started.
        """
        todo, done = deque(tasks), queue.SimpleQueue[Done | Exception]()
        count = min(len(self._slots), len(tasks))
        threads = [
            threading.Thread(target=self._serve, args=(k, todo, done), daemon=True) for k in range(count)
        ]
        for thread in threads:
            thread.start()
        for _ in tasks:
            while True:
                try:
                    found = done.get(timeout=LOOK_S)
                    break
                except queue.Empty:
                    continue
            if isinstance(found, Exception):
                raise found
            yield found

    def _serve(self, slot: int, todo: deque[Task], done: queue.SimpleQueue[Done | Exception]) -> None:
        """Keep one process busy."""
        try:
            if slot:
                self._process(slot)
                self._warm.wait()
            while not self._closed:
                try:
                    task = todo.popleft()
                except IndexError:
                    return
                row = self._row(slot, task)
                if not self._closed:
                    done.put(Done(task.number, row))
                self._warm.set()
        except Exception as error:  # noqa: BLE001  the main thread must hear of it, or it waits for ever
            if not self._closed:
                done.put(error)
        finally:
            self._warm.set()

    def _row(self, slot: int, task: Task) -> Measured | str:
        for _ in range(TRIES):
            process = self._process(slot)
            try:
                return process.ask(task)
            except (OSError, EOFError, pickle.UnpicklingError):
                how = process.end()
                self._slots[slot] = None
                if self._closed:
                    break
        return f"its process ended {TRIES} times ({how})"

    def _process(self, slot: int) -> _Process:
        process = self._slots[slot]
        if process is None:
            process = self._slots[slot] = _Process(self._asked, self._floor)
        return process

    def close(self) -> None:
        """See `Workers`."""
        self._closed = True
        for process in self._slots:
            if process is not None:
                process.end()


class _Process:
    """A Python process that makes runs; tasks go in at its standard input, rows come out of its standard output."""

    def __init__(self, asked: tuple[Asked, ...], floor: FloorName) -> None:
        # A module of its own and not `multiprocessing`, which runs the caller's script once more in every child.
        root = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sim.studies.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
        )
        assert self._process.stdin is not None, "a pipe was asked for"
        assert self._process.stdout is not None, "a pipe was asked for"
        self._into: IO[bytes] = self._process.stdin
        self._from: IO[bytes] = self._process.stdout
        try:
            pickle.dump((asked, floor), self._into)
            self._into.flush()
            found = pickle.load(self._from)  # noqa: S301  our own child
        except (OSError, EOFError, pickle.UnpicklingError):
            raise RuntimeError(f"a worker process could not be started ({self.end()})") from None
        assert found == code(), "the child runs the sources of its parent"

    def ask(self, task: Task) -> Measured | str:
        pickle.dump((task.scenario, task.replication), self._into)
        self._into.flush()
        found: Measured | str = pickle.load(self._from)  # noqa: S301  our own child
        return found

    def end(self) -> str:
        """Kill it where it still lives; how it ended, in words."""
        returned = self._process.poll()
        if returned is None:
            # A moment for one that is just dying to say how.
            try:
                returned = self._process.wait(timeout=LOOK_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                returned = self._process.wait()
        for pipe in (self._into, self._from):
            try:
                pipe.close()
            except OSError:  # what was in it nobody wants any more
                continue
        if returned < 0:
            try:
                return f"killed by {signal.Signals(-returned).name}"
            except ValueError:
                return f"killed by signal {-returned}"
        return f"exit code {returned}"


# --- Dask ---


@dataclass(frozen=True, slots=True)
class Tls:
    """Certificates for a cluster beyond this machine."""

    authority: Path
    certificate: Path
    key: Path


def remote(
    scenario: Scenario, replication: int, asked: Sequence[Asked], floor: FloorName, wanted: str
) -> Measured | str:
    """What a Dask worker is told to do.

    Raises:
        RuntimeError: The worker runs another version; its rows would not be ours.
    """
    if code() != wanted:
        raise RuntimeError(
            f"other version: the worker runs blendsim {code()}, the study was begun by {wanted}"
        )
    return attempt(scenario, replication, asked, floor)


class Cluster:
    """The workers of a Dask scheduler."""

    def __init__(
        self,
        asked: Sequence[Asked],
        floor: FloorName,
        address: str,
        *,
        tls: Tls | None = None,
        insecure: bool = False,
    ) -> None:
        """Connect.

        Raises:
            ScenarioError: The address is beyond this machine and not secured, Dask is not installed, or nobody answers.
        """
        check_address(address, tls=tls is not None, insecure=insecure)
        try:
            from distributed import Client, Security
        except ImportError:
            raise ScenarioError(
                "--cluster: Dask is not installed; add it with pip install 'blendsim[dist]'"
            ) from None
        security = None
        if tls is not None:
            for path in (tls.authority, tls.certificate, tls.key):
                if not path.is_file():
                    raise ScenarioError(f"--cluster: {path}: there is no such file")
            security = Security(
                tls_ca_file=str(tls.authority),
                tls_client_cert=str(tls.certificate),
                tls_client_key=str(tls.key),
                require_encryption=True,
            )
        self._asked, self._floor, self._address = tuple(asked), floor, address
        try:
            self._client = Client(address, timeout="10s", security=security, set_as_default=False)
        except (OSError, TimeoutError, ValueError, TypeError, RuntimeError) as error:
            raise ScenarioError(
                f"--cluster {address}: no scheduler answers there ({in_words(error)})"
            ) from None

    def results(self, tasks: Sequence[Task]) -> Iterator[Done]:
        """See `Workers`.

        Raises:
            StoreError: The cluster went away.
        """
        from distributed import as_completed
        from distributed.scheduler import KilledWorker

        ahead = iter(tasks)
        numbers: dict[Any, int] = {}
        # Enough for every thread to have its next run at hand, and no more: what is under way is lost when we are killed.
        wide = max(4, 3 * sum(self._client.nthreads().values()))
        waiting = as_completed(loop=self._client.loop)  # ours is nobody's default client

        def submit() -> None:
            task = next(ahead, None)
            if task is not None:
                words = (task.scenario, task.replication, self._asked, self._floor, code())
                future = self._client.submit(remote, *words, pure=False)
                numbers[future.key] = task.number
                waiting.add(future)

        for _ in range(wide):
            submit()
        for future in waiting:
            number = numbers.pop(future.key)
            if future.status == "cancelled":
                raise StoreError(
                    f"--cluster {self._address}: the cluster went away; finished rows are kept, and the same command goes on"
                )
            row = future.exception()
            if row is None:
                row = future.result()
            elif isinstance(row, KilledWorker):
                row = "its worker died several times"
            elif str(row).startswith("other version"):
                raise ScenarioError(f"--cluster {self._address}: {row}; install the same version there")
            else:
                row = in_words(row)
            future.release()
            yield Done(number, row)
            submit()

    def close(self) -> None:
        """See `Workers`."""
        self._client.close()


def _is_loopback(place: str) -> bool:
    """Whether `host:port` is this machine."""
    host = place.split("/", 1)[0].rpartition(":")[0].strip("[]") if ":" in place else place
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_address(address: str, *, tls: bool, insecure: bool) -> None:
    """Refuse a cluster to which anybody on the network could hand code.

    Raises:
        ScenarioError: It is beyond this machine, and neither secured by TLS nor asked for outright.
    """
    scheme, mark, rest = address.partition("://")
    if not mark:
        scheme, rest = "tcp", address
    if scheme not in {"tcp", "tls"}:
        raise ScenarioError(
            f"--cluster {address}: is not an address such as tcp://127.0.0.1:8786 or tls://scheduler:8786"
        )
    if scheme == "tls" and not tls:
        raise ScenarioError(
            f"--cluster {address}: needs --tls-ca, --tls-cert and --tls-key, the certificates that its scheduler was started with"
        )
    if tls and scheme != "tls":
        raise ScenarioError(f"--cluster {address}: certificates were named; write tls://{rest}")
    if scheme == "tcp" and not _is_loopback(rest) and not insecure:
        raise ScenarioError(
            f"--cluster {address}: is beyond this machine, and Dask speaks pickle: whoever reaches that port, or sits between, can run "
            f"code here and there. Secure it (tls://{rest} with --tls-ca, --tls-cert, --tls-key), or say --insecure-cluster where the "
            "network is yours alone"
        )

"""Finished rows on disk, one line each, so that a study that was killed goes on where it stopped.

    0c9d2f41 {"key":"5be0…","replication":3,"pairs":[[812.0,1003.0]],"contacts":23772,"events":190412}

The first word is the CRC-32 of the rest. A line counts when it is whole and its sum is right; what a kill or a full disk left behind its
last good line is cut off before anything is added. The key holds everything that a row rests on (scenario, figures, floor, the code
itself), so that a journal can serve every later study that asks for the same rows, and no other.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
import zlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

from sim.engine.run import FloorName
from sim.scenario.errors import ScenarioError
from sim.scenario.model import Scenario
from sim.store.folder import StoreError, disk_is_full
from sim.store.manifest import fingerprint, versions
from sim.studies.asked import Asked
from sim.studies.rows import Measured, lean

SYNC_S = 1.0
"""A power cut costs at most the rows of so long; a kill costs none."""
_ROOMS = ("orchestration", "wfm", "scenario", "demand", "engine", "outcomes")


class Journal:
    """The rows that are finished, and a place for more."""

    def __init__(self, path: Path) -> None:
        """Open, or begin, the journal at *path*, and keep every other process out.

        Raises:
            ScenarioError: It cannot be written to, or another process is at it.
            StoreError: The disk is full.
        """
        self.path = path
        self.rows: dict[tuple[str, int], Measured] = {}
        """Key and replication → what was kept."""
        self._made = [folder for folder in path.parents if not folder.exists()]
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        except OSError as error:
            if disk_is_full(error):
                raise self._full(error) from None
            why = error.strerror or str(error)
            raise ScenarioError(
                f"{path}: cannot be written to ({why}); name another folder with --out"
            ) from None
        try:
            self._lock()
            self._end = self._read()
            os.ftruncate(self._file, self._end)
            os.lseek(self._file, self._end, os.SEEK_SET)
        except BaseException:
            os.close(self._file)
            raise
        self._synced_s = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            os.fsync(self._file)
            if self._end == 0:  # nothing came of it
                self.path.unlink()
                for folder in self._made:
                    folder.rmdir()
        os.close(self._file)

    def _lock(self) -> None:
        try:
            import fcntl
        except (
            ImportError
        ):  # Windows: two processes at one study overwrite each other's lines, which their sums show
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(self._file).st_nlink == 0:  # one that nothing came of, removed in this very moment
                raise BlockingIOError
        except OSError:
            raise ScenarioError(
                f"{self.path}: another process is running this study; wait for it, or end it first"
            ) from None

    def _read(self) -> int:
        """Take in every good line; where the next one goes."""
        with open(self._file, "rb", closefd=False) as stream:
            end = 0
            for line in stream:
                found = _row_of(line)
                if found is None:
                    # Behind a line that is not whole nothing was ever added; behind one that rotted on disk there may be more.
                    if not line.endswith(b"\n"):
                        break
                else:
                    self.rows[found[0], found[1]] = found[2]
                end += len(line)
        return end

    def add(self, key: str, replication: int, row: Measured) -> None:
        """Keep a row; when this returns, no kill can take it away.

        Raises:
            StoreError: The disk is full; everything that was added before is kept.
        """
        facts = {
            "key": key,
            "replication": replication,
            "pairs": row.pairs,
            "contacts": row.contacts,
            "events": row.events,
        }
        body = json.dumps(facts, separators=(",", ":")).encode()
        line = b"%08x %b\n" % (zlib.crc32(body), body)
        try:
            written = 0
            while written < len(line):
                written += os.write(self._file, line[written:])
            if time.monotonic() - self._synced_s > SYNC_S:
                os.fsync(self._file)
                self._synced_s = time.monotonic()
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._end)
            raise self._full(error) from None
        self._end += len(line)
        self.rows[key, replication] = row

    def _full(self, error: OSError) -> StoreError:
        what = "the disk is full" if disk_is_full(error) else f"cannot be written to ({error.strerror})"
        return StoreError(
            f"{self.path}: {what}; {len(self.rows):,} finished rows are kept, and the same command goes on from them"
        )


def _row_of(line: bytes) -> tuple[str, int, Measured] | None:
    """What a line holds; None when it is not whole."""
    if not line.endswith(b"\n") or line[8:9] != b" ":
        return None
    body = line[9:-1]
    try:
        if int(line[:8], 16) != zlib.crc32(body):
            return None
        facts = json.loads(body)
        pairs = tuple((float(part), float(whole)) for part, whole in facts["pairs"])
        return (
            facts["key"],
            facts["replication"],
            Measured(pairs, facts["contacts"], facts["events"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


def key_of(scenario: Scenario, asked: Sequence[Asked], floor: FloorName) -> str:
    """Everything but the replication that a row rests on, hashed."""
    run = replace(lean(scenario, asked), replications=1)  # how many there are says nothing of one
    words = [fingerprint(run), repr(list(asked)), floor, code()]
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:32]


@cache
def code() -> str:
    """Hash of the sources and packages that a row's last bit rests on."""
    digest = hashlib.sha256(json.dumps(versions(), sort_keys=True).encode())
    sim = Path(__file__).resolve().parents[1]
    for room in _ROOMS:
        for source in sorted((sim / room).rglob("*.py")):
            digest.update(source.relative_to(sim).as_posix().encode() + source.read_bytes())
    for name in ("asked.py", "rows.py"):
        digest.update((sim / "studies" / name).read_bytes())
    return digest.hexdigest()[:16]

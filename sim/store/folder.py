"""The run folder: written beside its place under a name that says `.partial`, and renamed when everything is in it.

A run that is killed leaves at most a `.partial-…` folder, which nothing reads, and which the next run of the scenario removes: a run
locks its folder until its process ends. Finished folders are never written to again.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sim.demand.incidents import with_drawn
from sim.engine.records import Run
from sim.orchestration.signals import cloud_event
from sim.scenario.build import build
from sim.scenario.errors import ScenarioError
from sim.scenario.model import Scenario
from sim.scenario.schema import ScenarioFile
from sim.store import tables
from sim.store.manifest import FileNote, Manifest, fingerprint, now_utc
from sim.store.study import Study

MANIFEST = "manifest.json"
SUMMARY = "summary.json"
PARTIAL = ".partial-"
_TRIES = 100


class StoreError(Exception):
    """The run cannot be kept, and not for what the user wrote: a full disk, a folder that went away."""


SIGNALS = "signals.jsonl"
"""What was sent to workforce management, over all variants and replications: CloudEvents as JSON lines."""


class RunFolder:
    """A run folder under way; `finish` gives it its name, leaving the `with` block without it removes it."""

    def __init__(self, out: Path, scenario: str) -> None:
        """Make the partial folder at once: a place that cannot be written to is found before anything is simulated.

        Args:
            out: Where results go; made if absent.
            scenario: Name of the scenario; becomes the folder between *out* and the run's own.

        Raises:
            ScenarioError: *out* cannot be written to.
        """
        self._parent = out / safe_name(scenario)
        self._name = f"{now_utc():%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        self.path = self._parent / f"{PARTIAL}{self._name}"
        """Where files go meanwhile."""
        self._writers: dict[str, Any] = {}
        self._finished = False
        self._made = [folder for folder in (self._parent, *self._parent.parents) if not folder.exists()]
        try:
            self._parent.mkdir(parents=True, exist_ok=True)
            self._lock = self._begin()
        except OSError as error:
            if disk_is_full(error):
                raise StoreError(_in_words(error, out)) from None
            why = error.strerror or str(error)
            raise ScenarioError(
                f"{out}: results cannot be written there ({why}); name another folder with --out"
            ) from None

    def _begin(self) -> int | None:
        """Make the folder, never unlocked under its name, and remove those of runs whose process is gone."""
        new = self._parent / f".new-{self._name}"
        new.mkdir()
        lock = _locked(new)
        new.rename(self.path)
        for left in self._parent.glob(f"{PARTIAL}*"):
            dead = _locked(left) if left != self.path else None
            if dead is not None:
                shutil.rmtree(left, ignore_errors=True)
                os.close(dead)
        return lock

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._finished:
            self.abandon()

    def add(self, run: Run) -> Run:
        """Write one replication; the same run without its decision rows, which no outcome reads, comes back."""
        import pyarrow.parquet as pq

        with self.in_words():
            for name, table in tables.tables_of(run).items():
                if name not in self._writers:
                    self._writers[name] = pq.ParquetWriter(
                        self.path / f"{name}.parquet",
                        table.schema,
                        compression="zstd",
                        write_page_checksum=True,
                        store_schema=True,
                    )
                self._writers[name].write_table(table)
            if run.signals:
                self._write_signals(run)
        return replace(run, decisions=None)

    def _write_signals(self, run: Run) -> None:
        """Add the run's signals as CloudEvents, one a line."""
        source = f"/blendsim/{run.scenario.name}/{run.scenario.variant}/{run.replication}".replace(" ", "-")
        lines = [
            json.dumps(cloud_event(signal, source, run.scenario.calendar.start), ensure_ascii=False)
            for signal in run.signals
        ]
        with (self.path / SIGNALS).open("a", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    def write(self, name: str, content: str | bytes) -> Path:
        """Write one more file."""
        path = self.path / name
        with self.in_words():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def finish(self, manifest: Manifest) -> tuple[Path, Manifest]:
        """Close everything, write the manifest last, and give the folder its name.

        Returns:
            The finished folder, and the manifest with its files.
        """
        with self.in_words():
            for writer in self._writers.values():
                writer.close()
            self._writers.clear()
            files = {}
            for path in sorted(self.path.rglob("*")):
                if path.is_file():
                    files[path.relative_to(self.path).as_posix()] = note(path)
                    to_disk(path)
            manifest = replace(manifest, files=files)
            (self.path / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
            to_disk(self.path / MANIFEST)
            for _ in range(_TRIES):
                there = self._parent / self._name
                if not there.exists():
                    self.path.rename(there)
                    break
                self._name += secrets.token_hex(1)
            else:
                raise StoreError(f"{self._parent}: no free name was found for the run")
            self._finished = True
            self._unlock()
            to_disk(self._parent)
        return there, manifest

    def abandon(self) -> None:
        """Remove what was written so far, and the folders above that were made for it and are empty."""
        for writer in self._writers.values():
            try:
                writer.close()
            except OSError:  # the disk is full; the file goes anyway
                continue
        self._writers.clear()
        shutil.rmtree(self.path, ignore_errors=True)
        self._unlock()
        for folder in self._made:
            with suppress(OSError):  # something else is in it
                folder.rmdir()

    @contextmanager
    def in_words(self) -> Iterator[None]:
        """Whoever writes into `path` meanwhile: a full disk is told in words."""
        try:
            yield
        except OSError as error:
            raise StoreError(_in_words(error, self._parent)) from error


def _locked(folder: Path) -> int | None:
    """A handle that locks the folder until it is closed or its process is gone; None where another has it, or nobody can."""
    try:
        import fcntl
    except ImportError:  # Windows: what a killed run left stays
        return None
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def safe_name(name: str) -> str:
    """A scenario's name as the name of a folder, on any system."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_")[:80] or "scenario"


def disk_is_full(error: OSError) -> bool:
    """Whether there was no room to write."""
    full = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
    return error.errno in full or "No space left" in str(error) or "File too large" in str(error)


def _in_words(error: OSError, where: Path) -> str:
    if disk_is_full(error):
        return (
            f"{where}: the disk is full; the run was not kept, and nothing that was there before was touched"
        )
    return f"{where}: the run could not be kept ({error.strerror or error}); nothing that was there before was touched"


def to_disk(path: Path) -> None:
    """Make sure that it survives a power cut, as far as the system can."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:  # folders cannot be opened on every system
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if disk_is_full(error):
            raise
    finally:
        os.close(handle)


def note(path: Path) -> FileNote:
    """Size and SHA-256 of a file."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return FileNote(path.stat().st_size, digest)


# --- reading ---


def read(
    folder: str | os.PathLike[str],
    *,
    contacts: bool = False,
    decisions: bool = False,
    variants: Collection[str] | None = None,
    replications: Collection[int] | None = None,
) -> Study:
    """A stored run as the values that it was made of; `Run` objects equal those that were simulated, to the last bit.

    Args:
        folder: A run folder.
        contacts: Also the rows of contacts, where they were kept.
        decisions: Also the rows of decisions, where they were kept; no outcome reads them.
        variants: Only these titles; all when None.
        replications: Only these; all when None.

    Raises:
        ScenarioError: It is no finished run folder, it is damaged, or this version cannot read its scenario.
    """
    path = Path(folder)
    manifest = read_manifest(path)
    names = [tables.INTERVALS, tables.REASONS, tables.BILLS, tables.LOOKS, tables.CONTROLS]
    if manifest.records == "contacts":
        names += [tables.CONTACTS] * contacts + [tables.DECISIONS] * decisions
    parts = {name: _Parquet(path, manifest, name) for name in names}
    found_runs: dict[str, tuple[Run, ...]] = {}
    notes: list[str] = []
    for title, variant in manifest.variants.items():
        if variants is not None and title not in variants:
            continue
        scenario = _scenario(path, manifest, title, variant.resolved)
        if fingerprint(scenario) != variant.fingerprint:
            notes.append(
                f"{path}: variant {title!r} was written by blendsim {manifest.versions.get('blendsim')}, and this version "
                "reads its scenario differently: counts are as simulated, targets and thresholds as read now"
            )
        runs = []
        for replication in range(manifest.replications):
            if replications is not None and replication not in replications:
                continue
            found = {name: part.of(title, replication) for name, part in parts.items()}
            try:
                run = _run(manifest.floor, scenario, replication, found)
                runs.append(
                    replace(run, offered=variant.offered[replication], events=variant.events[replication])
                )
            except (KeyError, ValueError, IndexError) as error:
                raise ScenarioError(
                    f"{path}: its tables do not fit its scenario ({error}); run it again"
                ) from None
        found_runs[title] = tuple(runs)
    return Study(found_runs, manifest, path, tuple(notes))


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a finished run folder.

    Raises:
        ScenarioError: There is none, or one that this version cannot read.
    """
    if folder.name.startswith(PARTIAL):
        raise ScenarioError(f"{folder}: was never finished; run the scenario again")
    try:
        return Manifest.from_json((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ScenarioError(f"{folder}: {_no_run(folder)}") from None
    except NotADirectoryError:
        raise ScenarioError(
            f"{folder}: is a file, and must be a run folder, such as results/<scenario>/<time>-<id>"
        ) from None
    except OSError as error:
        raise ScenarioError(f"{folder / MANIFEST}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise ScenarioError(f"{folder / MANIFEST}: {error}") from None


def _no_run(folder: Path) -> str:
    if not folder.exists():
        return "there is no such run folder"
    try:
        found = [path.parent for path in folder.glob(f"*/{MANIFEST}")]
        inside = sorted(path for path in found if not path.name.startswith(PARTIAL))
    except OSError:
        inside = []
    hint = f"; the last run in it is {inside[-1]}" if inside else ""
    return f"is no finished run folder: it has no {MANIFEST}{hint}"


def read_json(folder: Path, name: str = SUMMARY) -> Any:
    """One JSON file of a run folder.

    Raises:
        ScenarioError: It is not there or not JSON.
    """
    try:
        return json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ScenarioError(f"{folder / name}: cannot be read ({error})") from None


def verify(folder: str | os.PathLike[str]) -> tuple[str, ...]:
    """Everything that is wrong with a run folder, a sentence each; nothing when it is as it was written.

    Raises:
        ScenarioError: It is no finished run folder.
    """
    path = Path(folder)
    manifest = read_manifest(path)
    wrong = []
    for name, expected in manifest.files.items():
        trouble = _differs(path / name, expected)
        if trouble:
            wrong.append(f"{path / name}: {trouble}")
    there = {file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()}
    wrong += [
        f"{path / name}: is not in the manifest; it was added later"
        for name in sorted(there - set(manifest.files) - {MANIFEST})
    ]
    return tuple(wrong)


def _differs(path: Path, expected: FileNote) -> str:
    try:
        found = note(path)
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if found.bytes != expected.bytes:
        return f"has {found.bytes:,} bytes, and was written with {expected.bytes:,}"
    return "" if found.sha256 == expected.sha256 else "was changed after it was written (SHA-256 differs)"


def tupled(value: Any) -> Any:
    """JSON's lists as the tuples that the schema wants."""
    if isinstance(value, dict):
        return {key: tupled(item) for key, item in value.items()}
    return tuple(tupled(item) for item in value) if isinstance(value, list) else value


def _scenario(path: Path, manifest: Manifest, title: str, resolved: dict[str, Any]) -> Scenario:
    import pydantic

    try:
        spec = ScenarioFile.model_validate(tupled(resolved))
        return build(spec, name=manifest.scenario, variant=title, resolved=resolved)
    except (pydantic.ValidationError, ScenarioError) as error:
        raise ScenarioError(
            f"{path / MANIFEST}: variant {title!r}: this version cannot read its scenario "
            f"({str(error).splitlines()[0]}); run it again"
        ) from None


class _Parquet:
    """One table of a run folder, read replication by replication."""

    def __init__(self, folder: Path, manifest: Manifest, name: str) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._path = folder / f"{name}.parquet"
        expected = manifest.files.get(self._path.name)
        trouble = "is not in the manifest" if expected is None else _differs(self._path, expected)
        if trouble:
            raise ScenarioError(f"{self._path}: {trouble}; the run folder is damaged, run the scenario again")
        try:
            self._file = pq.ParquetFile(self._path, page_checksum_verification=True)
            metadata = self._file.metadata
        except (OSError, pa.ArrowException) as error:
            raise self._damaged(error) from None
        # Every replication was written as row groups of its own; their statistics say whose they are.
        self._groups: dict[tuple[str, int], list[int]] = {}
        for k in range(metadata.num_row_groups):
            group = metadata.row_group(k)
            if group.num_rows:
                variant, replication = (group.column(column).statistics.min for column in (0, 1))
                self._groups.setdefault((variant, replication), []).append(k)

    def of(self, title: str, replication: int) -> Any:
        """The part of one replication of one variant."""
        import pyarrow as pa

        try:
            return self._file.read_row_groups(self._groups.get((title, replication), []))
        except (OSError, pa.ArrowException) as error:
            raise self._damaged(error) from None

    def _damaged(self, error: Exception) -> ScenarioError:
        return ScenarioError(f"{self._path}: is damaged ({error}); run the scenario again")


def _run(floor: str, base: Scenario, replication: int, part: Mapping[str, Any]) -> Run:
    scenario = with_drawn(base, replication)
    counts = tables.counts_from(scenario, part[tables.INTERVALS], part[tables.REASONS], part[tables.BILLS])
    rows = part.get(tables.CONTACTS) if scenario.keep_contacts else None
    decided = part.get(tables.DECISIONS) if scenario.keep_contacts else None
    return Run(
        scenario=scenario,
        replication=replication,
        floor=floor,
        counts=counts,
        looks=tables.looks_from(scenario, part[tables.LOOKS]),
        control=tables.control_from(part[tables.CONTROLS]),
        said=tables.said_from(part[tables.CONTROLS]),
        signals=(),
        contacts=None if rows is None else tables.contacts_from(scenario, rows),
        decisions=None if decided is None else tables.decisions_from(scenario, decided),
        offered=0,
        events=0,
    )

"""A finished study on disk: Parquet with page checksums, a CSV to look at, a manifest; the same bytes whenever and wherever it was run.

```text
results/studies/<name>/
├── rows.journal          every finished row of every study of this name (see `sim.studies.journal`)
└── <hash of the plan>/
    ├── study.json        what was asked, of which cells, with what; the SHA-256 of every other file
    ├── rows.parquet      cell, replication, figure, part, whole
    ├── cells.parquet     every cell: its levels, its scenario as resolved
    ├── estimates.parquet every cell and figure: value, half-width, paired difference from the reference
    └── table.csv         the same for people: a row a cell
```

Times, machines and folders are not in it: a study that was killed twenty times gives what one that was left alone gives.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydantic

from sim.engine.run import FloorName
from sim.outcomes.intervals import Estimate
from sim.scenario.build import build
from sim.scenario.errors import ScenarioError
from sim.scenario.model import Scenario
from sim.scenario.schema import ScenarioFile
from sim.store.folder import PARTIAL, StoreError, disk_is_full, note, safe_name, to_disk, tupled
from sim.store.manifest import FileNote, dumps, fingerprint, versions
from sim.studies.asked import Asked
from sim.studies.design import Plan
from sim.studies.execute import Found, Lost, keys_of
from sim.studies.journal import code
from sim.studies.rows import Cell
from sim.studies.table import Table

MANIFEST = "study.json"
JOURNAL = "rows.journal"
FOLDER = "studies"
SCHEMA_VERSION = 1
"""Of the folder. Raised when an older reader would misread a newer one."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A finished study, read back."""

    folder: Path
    name: str
    question: str
    design: str
    factors: tuple[str, ...]
    reference: int
    precision: tuple[dict[str, Any], ...]
    at_most: int
    lost: tuple[Lost, ...]
    capped: tuple[int, ...]
    table: Table


def study_folder(out: Path, name: str) -> Path:
    """Where studies of this name are kept."""
    return out / FOLDER / safe_name(name)


def hash_of(plan: Plan, floor: FloorName) -> str:
    """What tells a plan from every other of its name."""
    words = [
        plan.name,
        plan.question,
        [[cell.name, cell.levels, key] for cell, key in zip(plan.cells, keys_of(plan, floor), strict=True)],
        [one.name for one in plan.asked],
        [plan.replications, plan.at_most, plan.reference, plan.design],
        [repr(one) for one in plan.precision],
    ]
    return hashlib.sha256(json.dumps(words, default=str).encode()).hexdigest()[:12]


def write(found: Found, out: Path, floor: FloorName) -> Path:
    """Write a study whole, and only then give its folder its name.

    Raises:
        StoreError: The disk is full; rows stay in the journal.
    """
    parent = study_folder(out, found.plan.name)
    name = hash_of(found.plan, floor)
    partial, there, old = parent / f"{PARTIAL}{name}", parent / name, parent / f"{PARTIAL}old-{name}"
    try:
        for left in parent.glob(f"{PARTIAL}*"):  # whoever was killed here; the journal keeps others out
            shutil.rmtree(left, ignore_errors=True)
        partial.mkdir(parents=True)
        _tables(found, partial)
        files = {path.name: note(path) for path in sorted(partial.iterdir())}
        (partial / MANIFEST).write_text(dumps(_manifest(found, floor, files)), encoding="utf-8")
        for path in (*partial.iterdir(), partial):
            to_disk(path)
        if there.exists():  # with rows missing that are there now, or the very same
            there.rename(old)
        partial.rename(there)
        to_disk(parent)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        what = "the disk is full" if disk_is_full(error) else f"cannot be written ({error.strerror or error})"
        raise StoreError(
            f"{there}: {what}; all rows are kept in {parent / JOURNAL}, and the same command writes the tables"
        ) from None
    return there


def finished(plan: Plan, out: Path, floor: FloorName) -> Path | None:
    """Where this very study lies already, whole; None where it does not."""
    there = study_folder(out, plan.name) / hash_of(plan, floor)
    try:
        manifest = read_manifest(there)
        for name, expected in manifest["files"].items():
            if note(there / name) != FileNote(**expected):
                return None
    except (ScenarioError, OSError, TypeError, KeyError):
        return None
    return None if manifest["missing"] else there


def _manifest(found: Found, floor: FloorName, files: Mapping[str, FileNote]) -> dict[str, Any]:
    plan = found.plan
    return {
        "schema_version": SCHEMA_VERSION,
        "study": plan.name,
        "question": plan.question,
        "design": plan.design,
        "factors": plan.factors,
        "cells": len(plan.cells),
        "rows": len(found.rows),
        "seed": plan.cells[0].scenario.seed,
        "replications": plan.replications,
        "precision": plan.precision,
        "at_most": plan.at_most,
        "reference": plan.reference,
        "figures": [{"name": one.name, **_facts(one)} for one in plan.asked],
        "missing": found.lost,
        "capped": [plan.cells[c].name for c in found.capped],
        "floor": floor,
        "versions": versions(),
        "code": code(),
        "files": files,
    }


def _facts(one: Asked) -> dict[str, Any]:
    names = ("figure", "queue", "channel", "intent", "from_s", "until_s")
    return {name: getattr(one, name) for name in names}


def _tables(found: Found, folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    plan, table = found.plan, found.table

    def put(name: str, columns: dict[str, Any]) -> None:
        pq.write_table(
            pa.table(columns),
            folder / f"{name}.parquet",
            compression="zstd",
            write_page_checksum=True,
            store_schema=True,
        )

    names = [one.name for one in plan.asked]
    flat = [(row, k) for row in found.rows for k in range(len(names))]
    put(
        "rows",
        {
            "cell": pa.array([row.cell for row, _ in flat], pa.int32()),
            "replication": pa.array([row.replication for row, _ in flat], pa.int32()),
            "figure": pa.array([names[k] for _, k in flat], pa.string()).dictionary_encode(),
            "part": pa.array([row.pairs[k][0] for row, k in flat], pa.float64()),
            "whole": pa.array([row.pairs[k][1] for row, k in flat], pa.float64()),
            "contacts": pa.array([row.contacts for row, _ in flat], pa.int64()),
            "events": pa.array([row.events for row, _ in flat], pa.int64()),
        },
    )
    cells = plan.cells
    put(
        "cells",
        {
            "cell": pa.array(range(len(cells)), pa.int32()),
            "name": pa.array([cell.name for cell in cells], pa.string()),
            "scenario": pa.array([cell.scenario.name for cell in cells], pa.string()),
            "variant": pa.array([cell.scenario.variant for cell in cells], pa.string()),
            "levels": pa.array([json.dumps(cell.levels, ensure_ascii=False) for cell in cells], pa.string()),
            "fingerprint": pa.array([fingerprint(cell.scenario) for cell in cells], pa.string()),
            "resolved": pa.array([json.dumps(cell.scenario.resolved, ensure_ascii=False) for cell in cells], pa.string()),
        },
    )  # fmt: skip
    found_estimates = [
        (c, k, *_estimates(plan, table, c, k)) for c in range(len(cells)) for k in range(len(names))
    ]
    put(
        "estimates",
        {
            "cell": pa.array([c for c, *_ in found_estimates], pa.int32()),
            "figure": pa.array([names[k] for _, k, *_ in found_estimates], pa.string()),
            "value": _floats([one.value for *_, one, _ in found_estimates]),
            "half_width": _floats([one.half_width for *_, one, _ in found_estimates]),
            "replications": pa.array([one.replications for *_, one, _ in found_estimates], pa.int32()),
            "difference": _floats([two.value for *_, two in found_estimates]),
            "difference_half_width": _floats([two.half_width for *_, two in found_estimates]),
        },
    )
    (folder / "table.csv").write_text(_csv(plan, table), encoding="utf-8", newline="")


def _floats(values: Sequence[float]) -> Any:
    import pyarrow as pa

    return pa.array([None if math.isnan(value) else value for value in values], pa.float64())


def _estimates(plan: Plan, table: Table, cell: int, asked: int) -> tuple[Estimate, Estimate]:
    value = table.estimate(cell, asked)
    if cell == plan.reference:
        return value, Estimate(math.nan, math.nan, 0)
    return value, table.difference(plan.reference, cell, asked)


def _csv(plan: Plan, table: Table) -> str:
    import csv
    import io

    stream = io.StringIO()
    out = csv.writer(stream, lineterminator="\n")
    names = [one.name for one in plan.asked]
    heads = [
        word for name in names for word in (name, f"{name} ±", f"{name} difference", f"{name} difference ±")
    ]
    out.writerow(["cell", *plan.factors, "replications", *heads])
    for c, cell in enumerate(plan.cells):
        row: list[object] = [cell.name, *cell.levels.values(), table.count(c)]
        for k in range(len(names)):
            value, difference = _estimates(plan, table, c, k)
            row += [
                "" if math.isnan(x) else repr(x)
                for one in (value, difference)
                for x in (one.value, one.half_width)
            ]
        out.writerow(row)
    return stream.getvalue()


# --- reading ---


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a finished study.

    Raises:
        ScenarioError: There is none, or one that this version cannot read.
    """
    path = folder / MANIFEST
    if folder.name.startswith(PARTIAL):
        raise ScenarioError(f"{folder}: was never finished; give the same command again")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        inside = sorted(folder.glob(f"*/{MANIFEST}")) if folder.is_dir() else []
        hint = f"; there is one in {inside[-1].parent}" if inside else ""
        raise ScenarioError(f"{folder}: is no finished study: it has no {MANIFEST}{hint}") from None
    except (OSError, ValueError) as error:
        raise ScenarioError(f"{path}: cannot be read ({error})") from None
    version = manifest.get("schema_version") if isinstance(manifest, dict) else None
    if version != SCHEMA_VERSION:
        raise ScenarioError(f"{path}: is of schema {version}, and this version reads {SCHEMA_VERSION}")
    assert isinstance(manifest, dict), "it has a version"
    return manifest


def read(folder: str | os.PathLike[str]) -> Table:
    """The rows of a finished study as the table that analysis takes.

    Raises:
        ScenarioError: It is no finished study, it is damaged, or this version cannot read its scenarios.
    """
    return read_study(folder).table


def read_study(folder: str | os.PathLike[str]) -> Stored:
    """A finished study whole; see `read`."""
    path = Path(folder)
    manifest = read_manifest(path)
    try:
        cells = tuple(_cell(path, row) for row in _rows_of(path, manifest, "cells"))
        asked = tuple(
            Asked(**{key: value for key, value in one.items() if key != "name"})
            for one in manifest["figures"]
        )
        table = _table(cells, asked, _rows_of(path, manifest, "rows"))
        return Stored(
            folder=path,
            name=manifest["study"],
            question=manifest["question"],
            design=manifest["design"],
            factors=tuple(manifest["factors"]),
            reference=manifest["reference"],
            precision=tuple(manifest["precision"]),
            at_most=manifest["at_most"],
            lost=tuple(Lost(**one) for one in manifest["missing"]),
            capped=tuple(k for k, cell in enumerate(cells) if cell.name in manifest["capped"]),
            table=table,
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ScenarioError(
            f"{path}: its files do not fit each other ({error}); run the study again"
        ) from None


def _rows_of(folder: Path, manifest: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = folder / f"{name}.parquet"
    try:
        if note(path) != FileNote(**manifest["files"][path.name]):
            raise ScenarioError(f"{path}: was changed after it was written; run the study again")
        rows: list[dict[str, Any]] = pq.read_table(path, page_checksum_verification=True).to_pylist()
        return rows
    except (OSError, pa.ArrowException) as error:
        raise ScenarioError(f"{path}: is damaged ({error}); run the study again") from None


def _cell(folder: Path, row: Mapping[str, Any]) -> Cell:
    return Cell(row["name"], _scenario(folder, row), json.loads(row["levels"]))


def _scenario(folder: Path, row: Mapping[str, Any]) -> Scenario:
    resolved = json.loads(row["resolved"])
    try:
        spec = ScenarioFile.model_validate(tupled(resolved))
        return build(spec, name=row["scenario"], variant=row["variant"], resolved=resolved)
    except (pydantic.ValidationError, ScenarioError) as error:
        raise ScenarioError(
            f"{folder}: cell {row['name']!r}: this version cannot read its scenario ({str(error).splitlines()[0]}); run the study again"
        ) from None


def _table(cells: tuple[Cell, ...], asked: tuple[Asked, ...], rows: Sequence[Mapping[str, Any]]) -> Table:
    from sim.studies.rows import Row

    place = {one.name: k for k, one in enumerate(asked)}
    runs: dict[tuple[int, int], list[Any]] = {}
    heads: dict[tuple[int, int], tuple[int, int]] = {}
    for row in rows:
        run = row["cell"], row["replication"]
        runs.setdefault(run, [(math.nan, math.nan)] * len(asked))[place[row["figure"]]] = (
            row["part"],
            row["whole"],
        )
        heads[run] = row["contacts"], row["events"]
    return Table.of(cells, asked, (Row(c, r, tuple(pairs), *heads[c, r]) for (c, r), pairs in runs.items()))

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from sim.engine.records import COUNTERS, Run
from sim.orchestration.words import in_words
from sim.store import Study, read, record, scenarios_of

from .conftest import TINY, stored


def assert_same(expected: Any, actual: Any, where: str) -> None:
    """Equal to the last bit, types included; NaN equals NaN."""
    if isinstance(expected, np.ndarray):
        assert expected.dtype == actual.dtype, where
        for name in expected.dtype.names or ():
            assert_same(expected[name].copy(), actual[name].copy(), f"{where}.{name}")
        if not expected.dtype.names:
            nan = expected.dtype.kind == "f"
            assert np.array_equal(expected, actual, equal_nan=nan), where
    elif isinstance(expected, dict):
        assert list(expected) == list(actual), where
        for key in expected:
            assert_same(expected[key], actual[key], f"{where}.{key}")
    elif isinstance(expected, tuple):
        assert len(expected) == len(actual), where
        for k, (one, other) in enumerate(zip(expected, actual, strict=True)):
            assert_same(one, other, f"{where}[{k}]")
    elif dataclasses.is_dataclass(expected):
        for field in dataclasses.fields(expected):
            if field.name != "scenario":
                assert_same(
                    getattr(expected, field.name), getattr(actual, field.name), f"{where}.{field.name}"
                )
    else:
        assert expected == actual, where


def test_what_was_simulated_comes_back_to_the_last_bit(tiny: Study, tmp_path: Path) -> None:
    """Counts, looks, control events, contacts and decisions of every run are the same after a trip to disk."""
    folder = stored(tiny, tmp_path)

    back = read(folder, contacts=True, decisions=True)

    assert list(tiny.variants) == list(back.variants)
    assert all(len(run.decisions) > 0 for runs in back.variants.values() for run in runs)  # type: ignore[arg-type]
    for title in tiny.variants:
        assert_same(tiny.variants[title], back.variants[title], title)


def test_the_scenario_comes_back(tiny: Study, tmp_path: Path) -> None:
    """The scenario is rebuilt from the manifest alone, equal in everything that was simulated."""
    back = read(stored(tiny, tmp_path))

    for title in tiny.variants:
        expected, actual = tiny.scenario(title), back.scenario(title)
        assert expected.calendar == actual.calendar
        assert expected.names == actual.names
        assert expected.incidents == actual.incidents
        assert expected.failover == actual.failover
    assert () == back.notes


def test_interval_mode_keeps_no_rows(tmp_path: Path) -> None:
    """Without contact rows there is no table of them, and what there is comes back to the last bit."""
    study = record(scenarios_of(TINY, records="intervals", replications=1), floor="plain", jobs=1)
    folder = stored(study, tmp_path)

    back = read(folder, contacts=True)

    assert not (folder / "contacts.parquet").exists()
    assert not (folder / "decisions.parquet").exists()
    assert_same(study.variants["breaker"], back.variants["breaker"], "breaker")


def test_tables_speak_in_names(tiny: Study, tmp_path: Path) -> None:
    """On disk stand names, not codes, and null where a thing did not happen."""
    table = pq.read_table(stored(tiny, tmp_path) / "intervals.parquet")

    assert {"no controller", "breaker"} == set(table["variant"].to_pylist())
    assert {"voice", "chat"} == set(table["channel"].to_pylist())
    assert {"voice", "chat", None} == set(table["queue"].to_pylist())
    assert {"order", "billing"} == set(table["intent"].to_pylist())
    assert set(COUNTERS) <= set(table.column_names)
    assert "America/New_York" == table.schema.field("begins").type.tz
    assert 9 == table["begins"][0].as_py().hour


def test_decisions_say_why_in_words(tiny: Study, tmp_path: Path) -> None:
    """Every stored decision carries the sentence of its reason with its two numbers."""
    table = pq.read_table(stored(tiny, tmp_path) / "decisions.parquet")
    run = tiny.variants["no controller"][0]
    assert run.decisions is not None

    expected = [
        in_words(int(row["reason"]), float(row["seen"]), float(row["limit"])) for row in run.decisions
    ]

    assert expected == table["words"].to_pylist()[: len(expected)]


def test_control_says_why_in_words(tiny: Study, tmp_path: Path) -> None:
    """Breaker moves stand in the control table with their reason in words."""
    table = pq.read_table(stored(tiny, tmp_path) / "control.parquet")

    words = [row["words"] for row in table.to_pylist() if row["what"] == "breaker"]

    assert words
    assert all("→" in text and ", " in text for text in words)


def test_rows_do_not_depend_on_jobs(tmp_path: Path) -> None:
    """One replication at a time or several: the same bytes in every table."""
    from sim.store import RunFolder

    scenarios = scenarios_of(TINY, replications=3)
    notes = []
    for jobs in (1, 2):
        with RunFolder(tmp_path / str(jobs), "tiny") as making:
            study = record(scenarios, floor="plain", jobs=jobs, folder=making)
            _, manifest = making.finish(study.manifest)
            notes.append(manifest.files)

    assert notes[0] == notes[1]


def test_a_flipped_bit_is_never_read_as_something_else(
    tiny: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even past the checksums of the manifest, a flipped bit in the data is refused or changes nothing."""
    from sim.scenario.errors import ScenarioError
    from sim.store import folder as folders

    folder = stored(tiny, tmp_path)
    path = folder / "intervals.parquet"
    whole = path.read_bytes()
    good = read(folder).variants["breaker"][0]
    monkeypatch.setattr(folders, "_differs", lambda *_: "")
    refused = 0
    for place in range(4, len(whole) - 12_000, 997):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        try:
            bad: Run = read(folder).variants["breaker"][0]
        except ScenarioError:
            refused += 1
        else:
            assert_same(good.counts, bad.counts, f"byte {place}")

    assert refused > 0

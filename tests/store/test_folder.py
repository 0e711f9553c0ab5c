from __future__ import annotations

import dataclasses
import json
import math
import sys
from pathlib import Path

import pytest

from sim.scenario.errors import ScenarioError
from sim.store import RunFolder, StoreError, Study, read, scenarios_of, verify
from sim.store.folder import safe_name
from sim.store.manifest import Manifest, dumps

from .conftest import TINY, stored


def test_a_finished_folder_is_in_order(tiny: Study, tmp_path: Path) -> None:
    """A run folder holds what its manifest says, and nothing else."""
    folder = stored(tiny, tmp_path)

    assert tmp_path / "tiny" == folder.parent
    assert () == verify(folder)
    assert [folder] == list(folder.parent.iterdir())


def test_the_manifest_tells_what_was_run(tiny: Study, tmp_path: Path) -> None:
    """Scenario, question, resolved tree of every variant, seed, versions, platform: enough to run it again."""
    manifest = json.loads((stored(tiny, tmp_path) / "manifest.json").read_text(encoding="utf-8"))

    assert 4 == manifest["schema_version"]
    assert "tiny" == manifest["scenario"]
    assert manifest["question"].endswith("see it?")
    assert {"no controller", "breaker"} == set(manifest["variants"])
    assert 5 == manifest["variants"]["breaker"]["resolved"]["failover"]["breakers"]["min_replies"]
    assert (1, 2, "plain", "contacts") == tuple(
        manifest[key] for key in ("seed", "replications", "floor", "records")
    )
    assert {"python", "blendsim", "numba", "numpy", "simpy"} == set(manifest["versions"])
    assert 64 == len(manifest["files"]["intervals.parquet"]["sha256"])


def test_no_run_is_overwritten(tiny: Study, tmp_path: Path) -> None:
    """Two runs of one scenario in the same second lie in two folders."""
    assert stored(tiny, tmp_path) != stored(tiny, tmp_path)
    assert 2 == len(list((tmp_path / "tiny").iterdir()))


@pytest.mark.parametrize("harm", ["flip", "cut", "remove"])
def test_harm_is_found_and_refused(tiny: Study, tmp_path: Path, harm: str) -> None:
    """A changed, shortened or missing file is named by `verify`, and `read` refuses the folder."""
    folder = stored(tiny, tmp_path)
    path = folder / "looks.parquet"
    content = path.read_bytes()
    if harm == "remove":
        path.unlink()
    else:
        path.write_bytes(content[:-9] if harm == "cut" else b"X" + content[1:])

    assert [str(path)] == [wrong.split(": ")[0] for wrong in verify(folder)]
    with pytest.raises(ScenarioError, match=r"looks\.parquet: .*run the scenario again"):
        read(folder)


def test_what_was_added_later_is_told(tiny: Study, tmp_path: Path) -> None:
    """A file that the run did not write does no harm, but `verify` says so."""
    folder = stored(tiny, tmp_path)
    (folder / "notes.txt").write_text("mine", encoding="utf-8")

    assert ["is not in the manifest; it was added later"] == [w.split(": ")[1] for w in verify(folder)]
    assert list(tiny.variants) == list(read(folder).variants)


def test_a_run_that_fails_leaves_nothing(tiny: Study, tmp_path: Path) -> None:
    """An error halfway removes the partial folder."""

    def halfway() -> None:
        with RunFolder(tmp_path / "new" / "results", "tiny") as making:
            making.add(tiny.variants["breaker"][0])
            assert making.path.name.startswith(".partial-")
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        halfway()

    assert [] == list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX locks")
def test_a_run_removes_what_killed_ones_left(tiny: Study, tmp_path: Path) -> None:
    """Partial folders that no process holds go; those under way stay, and so does everything else, empty or not."""
    left = tmp_path / "tiny" / ".partial-20260302T070000Z-abcdef"
    left.mkdir(parents=True)
    (left / "looks.parquet").write_text("half", encoding="utf-8")
    mine = tmp_path / "tiny" / "notes"
    mine.mkdir()

    with RunFolder(tmp_path, "tiny") as first:
        assert not left.exists()
        with RunFolder(tmp_path, "tiny") as second:
            assert first.path.is_dir()
        assert not second.path.exists()

    assert [mine] == list((tmp_path / "tiny").iterdir())


def test_a_partial_folder_is_no_run(tiny: Study, tmp_path: Path) -> None:
    """What a killed run leaves behind is refused, however complete it looks."""
    folder = stored(tiny, tmp_path)
    partial = folder.rename(folder.with_name(f".partial-{folder.name}"))

    with pytest.raises(ScenarioError, match="was never finished"):
        read(partial)


def test_a_folder_above_names_the_last_run(tiny: Study, tmp_path: Path) -> None:
    """Who names the scenario's folder instead of a run's is told the last run in it."""
    folder = stored(tiny, tmp_path)

    with pytest.raises(ScenarioError, match=f"the last run in it is .*{folder.name}"):
        read(folder.parent)
    with pytest.raises(ScenarioError, match="there is no such run folder"):
        read(tmp_path / "nothing")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_told_in_words(tiny: Study, tmp_path: Path) -> None:
    """No room left: a sentence that says so, earlier runs untouched, nothing left behind."""
    earlier = stored(tiny, tmp_path)

    def fill() -> None:
        with RunFolder(tmp_path, "tiny") as making:
            (making.path / "summary.json").symlink_to("/dev/full")
            making.write("summary.json", "{}")

    with pytest.raises(StoreError, match="the disk is full; the run was not kept"):
        fill()

    assert [earlier] == list(earlier.parent.iterdir())
    assert () == verify(earlier)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of files are POSIX")
def test_a_full_disk_while_tables_are_written(tiny: Study, tmp_path: Path) -> None:
    """The same where Arrow writes: here a limit on file sizes stands for the disk."""
    import resource
    import signal

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
        with pytest.raises(StoreError, match="the disk is full"):
            stored(tiny, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)

    assert [] == list(tmp_path.iterdir())


def test_a_place_that_cannot_hold_results_is_found_at_once(tmp_path: Path) -> None:
    """Before anything is simulated, and with the way out in the message."""
    (tmp_path / "file").write_text("", encoding="utf-8")

    with pytest.raises(ScenarioError, match="name another folder with --out"):
        RunFolder(tmp_path / "file", "tiny")


def test_another_version_is_told(tiny: Study, tmp_path: Path) -> None:
    """A scenario that this version reads differently is read with a note; a manifest of another schema is refused."""
    variants = {
        title: dataclasses.replace(note, fingerprint="other")
        for title, note in tiny.manifest.variants.items()
    }
    study = dataclasses.replace(tiny, manifest=dataclasses.replace(tiny.manifest, variants=variants))
    folder = stored(study, tmp_path)

    assert 2 == len(read(folder).notes)

    path = folder / "manifest.json"
    path.write_text(
        path.read_text(encoding="utf-8").replace('"schema_version": 4', '"schema_version": 99'),
        encoding="utf-8",
    )
    with pytest.raises(ScenarioError, match="schema 99, and this version reads 4"):
        read(folder)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", '{"schema_version": 4}', '{"schema_version": 4, "variants": 3}']
)
def test_what_is_no_manifest_is_refused(text: str) -> None:
    """Whatever stands in manifest.json: a manifest, or a sentence."""
    with pytest.raises(ValueError, match=r"is |Expecting"):
        Manifest.from_json(text)


def test_json_knows_no_nan() -> None:
    """What did not happen is null for programs, never NaN or Infinity."""
    text = dumps({"nan": math.nan, "inf": [math.inf], "one": 1.0})

    assert {"nan": None, "inf": [None], "one": 1.0} == json.loads(text)
    assert "NaN" not in text


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("monday", "monday"),
        ("../../etc", "etc"),
        ("a b/c", "a_b_c"),
        ("", "scenario"),
        ("März", "M_rz"),
        (".x", "x"),
    ],
)
def test_names_become_folders(name: str, expected: str) -> None:
    """A scenario's name cannot lead out of the results folder."""
    assert expected == safe_name(name)


def test_changes_of_the_command_line_are_kept() -> None:
    """Replications, seed and records asked for stand in the resolved scenario."""
    scenario = scenarios_of(TINY, replications=7, seed=3, records="intervals")["breaker"]

    assert (7, 3, False) == (scenario.replications, scenario.seed, scenario.keep_contacts)
    assert (7, 3, "intervals") == tuple(scenario.resolved[key] for key in ("replications", "seed", "records"))


def test_only_the_variants_asked_for() -> None:
    """In the order asked for; an unknown one is answered with those that there are."""
    assert ["breaker"] == list(scenarios_of(TINY, variants=["breaker"]))
    with pytest.raises(ScenarioError, match="there is no variant 'x'; it has 'no controller', 'breaker'"):
        scenarios_of(TINY, variants=["x"])


def test_variants_meet_the_same_customers(tmp_path: Path) -> None:
    """A variant with a seed of its own could not be compared, and is refused."""
    text = TINY.read_text(encoding="utf-8").replace("no controller: {}", "no controller: {seed: 5}")
    path = tmp_path / "seeds.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ScenarioError, match="seed: differs from that of 'no controller'"):
        scenarios_of(path)


def test_a_part_of_a_folder_is_read_alone(tiny: Study, tmp_path: Path) -> None:
    """One replication of one variant, equal to what the whole folder gives; counts are those of that replication."""
    folder = stored(tiny, tmp_path)
    whole = read(folder, contacts=True).variants["breaker"][1]

    part = read(folder, contacts=True, variants=["breaker"], replications=[1])

    assert ["breaker"] == list(part.variants)
    (one,) = part.variants["breaker"]
    assert (1, whole.offered, whole.events) == (one.replication, one.offered, one.events)
    assert whole.contacts is not None
    assert one.contacts is not None
    assert list(whole.contacts["id"]) == list(one.contacts["id"])

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from sim.store import verify

from .conftest import TINY, Command

ROOT = Path(__file__).parents[2]


def no_nan(name: str) -> Any:
    """JSON of ours holds no NaN, Infinity or -Infinity."""
    raise AssertionError(f"{name} is no JSON")


def test_the_answer_comes_first(blendsim: Command) -> None:
    """One row a variant with intervals, paired differences for the second, the classical formula, and where to look next."""
    said = blendsim("run", TINY, "--floor", "plain", "--no-store")

    assert 0 == said.code
    lines = said.out.splitlines()
    assert re.fullmatch(r"tiny · 2 variants × 2 replications · \d+ contacts · [\d.]+ s", lines[0])
    assert re.search(r"^no controller +\d+\.\d % ± \d+\.\d", said.out, re.MULTILINE)
    assert re.search(r"^breaker +\d+\.\d % ± \d+\.\d", said.out, re.MULTILINE)
    assert re.search(r"\([+−]\d+\.\d ± \d+\.\d\)", said.out)
    assert "service level\n" not in lines[3]
    assert "09:30–10:00" in said.out
    assert "A_T / (A + B − B_s)" in said.out
    assert "Erlang A on the same mean load" in said.out


def test_a_run_leaves_a_folder(blendsim: Command) -> None:
    """Tables, summary, report and figures, all in the manifest, in the folder that the run names."""
    said = blendsim("run", TINY, "--floor", "plain", "--out", "results")

    folder = Path(said.out.rsplit("blendsim report ", 1)[1].strip())
    there = {path.name for path in folder.iterdir()}
    figures = {path.name for path in (folder / "figures").iterdir()}
    assert {"manifest.json", "summary.json", "report.md", "intervals.parquet", "contacts.parquet"} <= there
    assert {"variants.png", "variants.svg", "day-breaker.png", "day-breaker.svg"} <= figures
    assert () == verify(folder)
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"), parse_constant=no_nan)
    assert ["no controller", "breaker"] == [variant["variant"] for variant in summary["variants"]]
    assert "![variants](figures/variants.svg)" in (folder / "report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("floor", ["kernel", "plain"])
def test_the_first_compile_is_announced(
    blendsim: Command, monkeypatch: pytest.MonkeyPatch, floor: str, tmp_path: Path
) -> None:
    """With nothing compiled yet, one line says what is being done and how long it usually takes."""
    monkeypatch.setattr("sim.orchestration.compiled.cache_folder", lambda: tmp_path / "empty")
    monkeypatch.setattr("sim.store.record", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))

    said = blendsim("run", TINY, "--floor", floor, "--no-store")

    assert 130 == said.code
    assert said.err.startswith("compiling ")
    assert "once; later runs start at once\n" in said.err


def test_json_is_for_programs(blendsim: Command) -> None:
    """`--json` prints one JSON value with a schema version, without NaN, and the figures that the table shows."""
    said = blendsim("run", TINY, "--floor", "plain", "--no-store", "--json")

    told = json.loads(said.out, parse_constant=no_nan)
    assert 4 == told["schema_version"]
    assert None is told["folder"]
    answers = [variant["answer"] for variant in told["variants"]]
    assert None is answers[0]["service_level"]["difference"]
    assert {"value", "half_width", "replications"} == set(answers[1]["service_level"]["difference"])
    assert "service_level" in told["variants"][0]["summary"]["measures"]


def test_no_store_leaves_nothing(blendsim: Command, tmp_path: Path) -> None:
    """With `--no-store` the answer is all there is."""
    said = blendsim(
        "run", TINY, "--floor", "plain", "--no-store", "--replications", 1, "--variant", "breaker"
    )

    assert 0 == said.code
    assert [] == list(tmp_path.iterdir())
    assert "1 variant × 1 replication" in said.out
    assert "one replication: nothing can be said about how sure" in said.out


def test_a_change_that_overrules_a_variant_is_said(blendsim: Command) -> None:
    """What `--set` takes away from a variant is named with its line: the variant's title may no longer be true."""
    words = ("run", TINY, "--floor", "plain", "--no-store", "--replications", 1)

    said = blendsim(*words, "--set", "failover.breakers=off")
    assert 0 == said.code
    assert "note: --set failover.breakers also replaces what variant 'breaker' says of it" in said.err
    assert "note" not in blendsim(*words, "--set", "queues.voice.patience=5m").err


def test_changes_reach_the_run(blendsim: Command) -> None:
    """`--set` and `--seed` change what is simulated; the same words give the same figures."""
    words = (
        "run",
        TINY,
        "--floor",
        "plain",
        "--no-store",
        "--json",
        "--variant",
        "breaker",
        "--replications",
        1,
    )

    first, again = (json.loads(blendsim(*words).out) for _ in range(2))
    other = json.loads(blendsim(*words, "--seed", 9).out)
    fewer = json.loads(blendsim(*words, "--set", "demand.per_h=10").out)

    assert first["variants"] == again["variants"]
    assert first["variants"] != other["variants"]
    assert fewer["contacts"] < first["contacts"] / 3


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("run", "nothing.yaml"), "nothing.yaml: there is no such file, and no scenario of this name ships"),
        (("run", TINY, "--set", "queues.chat.patiance=3m"), "did you mean patience?"),
        (("run", TINY, "--override", "calm"), "there is no override 'calm'"),
        (("run", TINY, "--variant", "calm"), "there is no variant 'calm'; it has 'no controller', 'breaker'"),
        (("run", TINY, "--replications", "0"), "Invalid value for '--replications'"),
        (("run", TINY, "--floor", "marble"), "Invalid value for '--floor'"),
        (("run", TINY, "--out", TINY), "name another folder with --out"),
        (("report", "nothing"), "nothing: there is no such run folder"),
        (("report", TINY), "is a file, and must be a run folder"),
        (("compare", "a", "b"), "a: there is no such run folder"),
        (("explain", TINY, "queues.chat.patiance"), "there is no such key; did you mean patience?"),
        (("validate", "nothing.yaml"), "nothing.yaml: there is no such file"),
        (("import", "nothing.csv", "--mapping", "nothing.yaml", "--out", "out"), "nothing.yaml"),
        (("dance",), "No such command 'dance'"),
    ],
)
def test_mistakes_exit_2(blendsim: Command, words: tuple[object, ...], expected: str) -> None:
    """What the user can mend: words on standard error, nothing on standard output, exit code 2."""
    said = blendsim(*words)

    assert 2 == said.code
    assert "" == said.out
    assert expected in " ".join(said.err.split())
    assert "Traceback" not in said.err


def test_our_fault_exits_101(blendsim: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of ours is one line that says so and what to do with it."""

    def fall_over(*_: object, **__: object) -> None:
        raise RuntimeError("one\ntwo")

    monkeypatch.setattr("sim.cli.running.run", fall_over)

    said = blendsim("run", TINY)

    assert 101 == said.code
    assert 1 == len(said.err.splitlines())
    assert "RuntimeError: one two at test_run.py" in said.err
    assert "please report it" in said.err


def test_a_full_disk_exits_101(blendsim: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk without room is not the scenario's fault, and is told in words."""
    from sim.store import StoreError

    def fill(*_: object, **__: object) -> None:
        raise StoreError("results: the disk is full")

    monkeypatch.setattr("sim.cli.running.run", fill)

    assert (101, "results: the disk is full\n") == (blendsim("run", TINY).code, blendsim("run", TINY).err)


def start(*words: object, folder: Path) -> subprocess.Popen[str]:
    """The command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "sim", *map(str, words)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def partial(folder: Path) -> Path:
    """Wait for the run to have begun to write."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for found in folder.glob("results/tiny/.partial-*"):
            if (found / "intervals.parquet").exists():
                return found
        time.sleep(0.05)
    raise AssertionError("the run did not begin within a minute")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    """Interrupted: exit code 130, one line, no folder."""
    run = start("run", TINY, "--floor", "plain", "--jobs", 1, "--replications", 10_000, folder=tmp_path)
    partial(tmp_path)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=60)

    assert (130, "", "interrupted; nothing was kept") == (run.returncode, out, err.splitlines()[-1])
    assert not (tmp_path / "results").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_killed_run_leaves_nothing_that_looks_finished(tmp_path: Path, blendsim: Command) -> None:
    """After `kill -9` there is a partial folder, which no command takes for a run, and which the next run removes."""
    run = start("run", TINY, "--floor", "plain", "--jobs", 1, "--replications", 10_000, folder=tmp_path)
    left = partial(tmp_path)
    run.kill()
    run.communicate(timeout=60)

    assert [left] == list((tmp_path / "results" / "tiny").iterdir())
    said = blendsim("report", left)
    assert 2 == said.code
    assert "was never finished" in said.err

    assert 0 == blendsim("run", TINY, "--floor", "plain", "--jobs", 1, "--replications", 2).code
    (kept,) = left.parent.iterdir()
    assert not kept.name.startswith(".")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX locks")
def test_a_run_leaves_another_that_is_under_way_alone(tmp_path: Path, blendsim: Command) -> None:
    """The partial folder of a process that lives stays."""
    run = start("run", TINY, "--floor", "plain", "--jobs", 1, "--replications", 10_000, folder=tmp_path)
    theirs = partial(tmp_path)
    try:
        assert 0 == blendsim("run", TINY, "--floor", "plain", "--jobs", 1, "--replications", 2).code
        assert theirs.is_dir()
    finally:
        run.kill()
        run.communicate(timeout=60)


def test_a_reader_may_leave(tmp_path: Path) -> None:
    """`blendsim schema | head -1` ends well: what the reader wanted it has."""
    run = start("schema", folder=tmp_path)
    assert run.stdout is not None
    run.stdout.readline()
    run.stdout.close()
    run.stdout = None
    _, err = run.communicate(timeout=60)

    assert (0, "") == (run.returncode, err)


HEAVY = ("numba", "pandas", "matplotlib", "pyarrow", "scipy", "simpy")


@pytest.mark.parametrize(
    "words", [["--help"], ["run", "--help"], ["validate", str(TINY)], ["schema"], ["--version"]]
)
def test_quick_commands_import_little(tmp_path: Path, words: list[str]) -> None:
    """Help, validation and the schema do not wait for a compiler or a plotting library."""
    code = (
        "import sys; from sim.cli.main import exit_code; "
        f"sys.argv = ['blendsim', *{words!r}]; code = exit_code(); "
        f"print([name for name in {HEAVY!r} if name in sys.modules], code, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert "[] 0" == done.stderr.strip().splitlines()[-1]
    assert done.stdout


@pytest.mark.parametrize(
    "words", [("run",), ("validate",), ("explain", "queues"), ("staff",), ("check",)], ids=" ".join
)
def test_a_study_is_no_scenario(blendsim: Command, words: tuple[str, ...]) -> None:
    """Its own command is named, instead of a list of keys that scenarios have."""
    said = blendsim(words[0], "threshold_grid", *words[1:])

    assert (2, "") == (said.code, said.out)
    assert "is a study; `blendsim study " in said.err
    assert 1 == len(said.err.strip().splitlines())

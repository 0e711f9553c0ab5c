"""`blendsim check` and `pytest scenarios/`: exit codes, JUnit, and messages with file and line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from sim.cli.main import app

PYTEST = (sys.executable, "-m", "pytest", "-p", "no:blendsim", "-p", "sim.cli.pytest_plugin", "-q")
"""Whether the plugin was installed with the package or not, it is there once."""
TINY = Path(__file__).parent.parent / "store" / "tiny.yaml"


@pytest.fixture
def promise(tmp_path):
    """A file of which one expectation is kept and one is not."""
    path = tmp_path / "promise.yaml"
    path.write_text(
        f'extends: {TINY}\nquestion: Does it hold?\nexpect:\n  - {{ service_level: ">= 1 %", variant: breaker }}\n'
        '  - { asa: "<= 1s", variant: breaker }\n',
        encoding="utf-8",
    )
    return path


def told(*arguments):
    """What the command does."""
    return CliRunner().invoke(app, ["check", *map(str, arguments)], env={"COLUMNS": "128", "NO_COLOR": "1"})


def test_a_missed_expectation_exits_with_1_and_is_named(promise, tmp_path):
    """The table says which line; JUnit has one failure with the numbers in it."""
    found = told(promise, "--replications", 5, "--junit", tmp_path / "junit.xml")
    assert 1 == found.exit_code
    assert "2 expectations: 1 passed, 1 failed" in found.stdout
    suite = ET.parse(tmp_path / "junit.xml").getroot()[0]  # noqa: S314  written by ourselves just now
    assert ("2", "1", "0") == (suite.get("tests"), suite.get("failures"), suite.get("skipped"))
    (failure,) = suite.iter("failure")
    assert f"{promise}:5: expected asa <= 1s of 'breaker': found" in str(failure.get("message"))


def test_json_is_for_programs(promise):
    """Verdicts with file, line and numbers."""
    (file,) = json.loads(told(promise, "--replications", 5, "--json").stdout)["files"]
    assert [("pass", 4), ("fail", 5)] == [(one["outcome"], one["line"]) for one in file["verdicts"]]


def test_what_could_not_be_told_counts_only_when_strict(tmp_path):
    """One look of two days at a middling limit: inconclusive, exit code 0 with a warning, 1 with --strict."""
    path = tmp_path / "promise.yaml"
    path.write_text(
        f'extends: {TINY}\nquestion: x\nexpect: [{{ asa: "<= 30s", variant: breaker }}]\n', encoding="utf-8"
    )
    lax, strict = (told(path, "--replications", 2, "--at-most", 2, *more) for more in ((), ("--strict",)))
    assert (0, 1) == (lax.exit_code, strict.exit_code)
    assert "inconclusive: more replications would tell" in lax.stderr


def test_pytest_collects_scenarios_that_expect_something(promise):
    """One test an expectation; the failure names file and line, and other YAML files are left alone."""
    (promise.parent / "other.yaml").write_text("expect: nothing\n", encoding="utf-8")
    done = subprocess.run(
        [*PYTEST, "-rA", "--blendsim-replications", "5", "."],
        cwd=promise.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert 1 == done.returncode, done.stdout + done.stderr
    assert "1 failed, 1 passed" in done.stdout
    assert "promise.yaml:5: expected asa <= 1s of 'breaker': found" in done.stdout


def test_pytest_says_what_is_wrong_with_a_file(promise):
    """A mistake in a scenario is an error of collection with its place."""
    promise.write_text(promise.read_text().replace("asa:", "asaa:"), encoding="utf-8")
    done = subprocess.run(
        [*PYTEST, "."],
        cwd=promise.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert 2 == done.returncode
    assert "expect.1.asaa: unknown key; did you mean asa?" in done.stdout


def test_a_baseline_stands_beside_what_is_there_now(tmp_path):
    """Old value, new value and their difference, each in a column of its own."""
    path = tmp_path / "promise.yaml"
    path.write_text(
        f"extends: {TINY}\nquestion: x\nexpect: [{{ asa: within 1s of baseline, variant: breaker }}]\n",
        encoding="utf-8",
    )
    assert 0 == told(path, "--replications", 5, "--update").exit_code
    found = told(
        path, "--replications", 5, "--set", "people.team.shifts=null", "--set", "people.team.staffing=1"
    )
    heads = next(line for line in found.stdout.splitlines() if line.startswith("expected"))
    assert ["expected", "line", "baseline", "now", "difference", "replications", "verdict"] == heads.split()
    assert 1 == found.exit_code


def test_a_folder_stands_for_its_files_that_expect_something(promise):
    """Other files in it are left alone; a folder without any is the user's mistake."""
    (promise.parent / "other.yaml").write_text("question: x\n", encoding="utf-8")
    assert "2 expectations" in told(promise.parent, "--replications", 5).stdout
    promise.unlink()
    assert "no scenario file in it has `expect:`" in str(told(promise.parent).exception)


def test_a_run_says_which_expectations_it_meets(promise):
    """A mark for each that concerns what was run; in JSON, too."""
    said = ["run", str(promise), "--replications", "5", "--no-store"]
    found = CliRunner().invoke(app, said, env={"COLUMNS": "128", "NO_COLOR": "1"}).stdout
    marks = [line.split("   ")[-1].strip() for line in found.splitlines() if line.endswith("its target")]
    assert ["meets its target", "MISSES its target"] == marks
    tree = json.loads(CliRunner().invoke(app, [*said, "--json"]).stdout)
    assert ["pass", "fail"] == [one["outcome"] for one in tree["expected"]]
    other = CliRunner().invoke(app, [*said, "--variant", "no controller"]).stdout
    assert "the file expects" not in other


ROOT = Path(__file__).resolve().parents[2]


def test_the_workflow_holds_every_scenario_that_expects_something():
    """It checks the whole folder, runs once on a pull request, and keeps the figures."""
    from ruamel.yaml import YAML

    flow = YAML(typ="safe", pure=True).load((ROOT / ".github" / "workflows" / "check.yml").read_text())
    assert {"branches": ["main"]} == flow["on"]["push"]
    steps = flow["jobs"]["scenarios"]["steps"]
    assert "blendsim check scenarios --junit expectations.xml" in [step.get("run") for step in steps]
    assert "figures/" in steps[-1]["with"]["path"]


@pytest.mark.slow
def test_the_installed_plugin_collects_scenarios(tmp_path):
    """`pip install .` without a network, then `pytest scenarios/` with the plugin found by its entry point alone."""
    pytest.importorskip("hatchling")
    folder = tmp_path / "source"
    shutil.copytree(
        ROOT, folder, ignore=shutil.ignore_patterns(".*", "results", "dist", "__pycache__", "benchmarks")
    )
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
    ]
    subprocess.run([*pip, "--target", str(tmp_path / "site"), str(folder)], check=True, cwd=tmp_path)
    scenarios = tmp_path / "scenarios"
    shutil.copytree(ROOT / "scenarios", scenarios)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", "--blendsim-replications", "10", "scenarios"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path / "site"), "PYTHONSAFEPATH": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert 0 == done.returncode, done.stdout + done.stderr
    assert "blendsim-" in done.stdout.split("plugins:")[1].splitlines()[0]
    assert "r1.yaml::as is: service_level >= 85 %" in done.stdout
    where = subprocess.run(
        [sys.executable, "-c", "import sim; print(sim.__file__)"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path / "site"), "PYTHONSAFEPATH": "1"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert str(tmp_path) in where.stdout


def test_what_a_change_takes_away_is_not_judged(tmp_path):
    """An expectation of a queue that `--set` removes: `check` refuses, `run` leaves it out."""
    path = tmp_path / "promise.yaml"
    path.write_text(
        f'extends: {TINY}\nquestion: x\nexpect: [{{ asa: "<= 30s", channel: chat, variant: breaker }}]\n',
        encoding="utf-8",
    )
    less = ("--set", "channels.chat=null", "--set", "channels.voice.share=1", "--set", "queues.chat=null")
    less += ("--set", "people.team.skills=[voice]", "--set", "fleets.A.channels=[voice]")
    refused = str(told(path, *less).exception)
    assert "promise.yaml:3: expect: asa channel=chat <= 30s: there is no channel 'chat'" in refused
    said = ["run", str(path), "--replications", "2", "--no-store", *less]
    found = CliRunner().invoke(app, said, env={"COLUMNS": "128"})
    assert 0 == found.exit_code, found.output
    assert "the file expects" not in found.stdout

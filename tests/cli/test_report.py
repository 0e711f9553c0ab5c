from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sim.outcomes import Difference, Estimate
from sim.reports.blocks import Lines, Table
from sim.reports.report import comparison
from sim.store import verify

from .conftest import TINY, Command, stored
from .test_run import no_nan


def test_a_report_tells_everything(blendsim: Command, run_folder: Path) -> None:
    """Every service level with its formula, decomposition, handling times, reasons, tables, incidents, breakers in words."""
    said = blendsim("report", run_folder)

    assert 0 == said.code
    for expected in (
        "Service level, every definition",
        "A_T / (A + B − B_s)",
        "(A_T + B_T) / O",
        "Who handled the contacts",
        "Handling times by handling type",
        "escalated, human leg",
        "Why contacts came from the AI to people",
        "calls failed",
        "Planned and actual pools",
        "By queue",
        "By channel",
        "By intent",
        "Incidents",
        "What happened, first replication",
        "Breakers against the true faults",
        "How bursty the work of people comes",
        "What Erlang A would have said",
        "Formulas beside what happened",
        "seed 1, 2 replications",
    ):
        assert expected in said.out
    assert re.search(r"09:3\d:\d\d  breaker of A: CLOSED → OPEN, .*≥", said.out)


def test_run_and_report_say_the_same(blendsim: Command) -> None:
    """The figures of the run and those worked out again from its folder are equal, number by number."""
    ran = json.loads(blendsim("run", TINY, "--floor", "plain", "--json").out, parse_constant=no_nan)

    told = json.loads(blendsim("report", ran["folder"], "--json").out, parse_constant=no_nan)

    for mine, theirs in zip(ran["variants"], told["variants"], strict=True):
        assert {key: theirs[key] for key in mine} == mine
    assert [] != told["variants"][0]["story"]


def test_a_report_changes_no_finished_folder(blendsim: Command, run_folder: Path) -> None:
    """Reading leaves the folder as it is; a report that somebody removed is written again, byte by byte the same."""
    before = {name: (run_folder / name).read_bytes() for name in ("report.md", "report.html")}
    blendsim("report", run_folder)
    assert () == verify(run_folder)

    for name, content in before.items():
        (run_folder / name).unlink()
        said = blendsim("report", run_folder)

        assert f"{name} written again" in said.err
        assert content == (run_folder / name).read_bytes()
        assert () == verify(run_folder)


def test_figures_are_never_cut(blendsim: Command, run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However narrow the terminal, every figure of the answer stands whole in the text."""
    wide = blendsim("report", run_folder).out.split("Service level, every definition")[0]
    figures = re.findall(r"[−\d.]+ % ± [\d.]+", wide)
    assert figures

    for columns in (20, 40, 60, 80, 100, 140):
        monkeypatch.setenv("COLUMNS", str(columns))
        narrow = " ".join(blendsim("report", run_folder).out.split())
        assert all(figure in narrow for figure in figures), columns


def test_narrow_tables_go_on_below(
    blendsim: Command, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On 80 columns the answer is still a table, its last columns below the first ones, each part with the variants' names."""
    monkeypatch.setenv("COLUMNS", "80")
    answer = blendsim("report", run_folder).out.split("Service level, every definition")[0]

    tables = [part for part in answer.split("\n\n") if "────" in part]
    assert len(tables) > 1
    for table in tables:
        assert "\nno controller " in table
        assert max(map(len, table.splitlines())) <= 80
    assert "service level:" not in tables[0]


def test_a_difference_that_shows_as_zero_is_about_the_same() -> None:
    """It may be sure; but nothing that reads +0.00 is better or worse."""

    def differs(value: float) -> Difference:
        nothing = Estimate(1.0, 0.1, 20)
        return Difference("cost", "cost", "money", "lower", nothing, nothing, Estimate(value, 0.001, 20))

    table, notes = comparison([differs(0.004), differs(0.4)], "A", "B", 20).blocks

    assert isinstance(table, Table)
    assert [("+0.00 ± 0.00", "about the same"), ("+0.40 ± 0.00", "worse")] == [row[3:] for row in table.rows]
    assert isinstance(notes, Lines)
    assert "smaller than the digits shown" in notes.lines[-1]


def test_no_colour_in_a_pipe(blendsim: Command, run_folder: Path) -> None:
    """What does not go to a terminal has no control characters."""
    assert "\x1b" not in blendsim("report", run_folder).out


def test_variants_are_compared_in_pairs(blendsim: Command, run_folder: Path) -> None:
    """Two variants of a run: every measure, the paired difference, and what it allows to say."""
    said = blendsim("compare", f"{run_folder}#no controller", f"{run_folder}#breaker")

    assert 0 == said.code
    assert "paired: 2 replications of the same customers (seed 1)" in said.out
    assert re.search(r"^abandonment .*(no clear difference|better|worse)$", said.out, re.MULTILINE)


def test_a_variant_does_not_differ_from_itself(blendsim: Command, run_folder: Path, tmp_path: Path) -> None:
    """Two runs of the same scenario and seed: every difference is exactly 0."""
    other = stored(tmp_path)

    told = json.loads(blendsim("compare", run_folder, other, "--json").out, parse_constant=no_nan)

    assert 4 == told["schema_version"]
    assert [("no controller", "no controller"), ("breaker", "breaker")] == [
        (pair["a"], pair["b"]) for pair in told["pairs"]
    ]
    values = {d["difference"]["value"] for pair in told["pairs"] for d in pair["differences"]}
    assert values <= {0.0, None}


@pytest.mark.parametrize(
    ("sets", "said", "expected"),
    [
        (
            (),
            {"seed": 2},
            "they met other customers and cannot be paired; run one of them again with --seed 1",
        ),
        ((), {"replications": 3}, "they cannot be paired; run one of them again with --replications 2"),
        (("calendar.until=10:30",), {}, "simulate different stretches of time: they cannot be paired"),
    ],
)
def test_what_cannot_be_paired_is_refused(
    blendsim: Command,
    run_folder: Path,
    tmp_path: Path,
    sets: tuple[str, ...],
    said: dict[str, int],
    expected: str,
) -> None:
    """Other customers, other days, other hours: no difference is printed, and the message says what would do."""
    told = blendsim("compare", run_folder, stored(tmp_path, *sets, **said))

    assert (2, "") == (told.code, told.out)
    assert expected in told.err


def test_another_demand_is_told(blendsim: Command, run_folder: Path, tmp_path: Path) -> None:
    """Same seed, other demand: compared, and said that the customers differ."""
    told = blendsim("compare", run_folder, stored(tmp_path, "demand.per_h=60", variants=["breaker"]))

    assert 0 == told.code
    assert "the demand differs, so the customers do" in told.out


def test_a_run_is_not_compared_with_itself(blendsim: Command, run_folder: Path) -> None:
    """The same folder twice asks for two variants."""
    said = blendsim("compare", run_folder, run_folder)

    assert 2 == said.code
    assert "are the same; name two variants" in said.err
    assert "it has no such" not in said.err


def test_an_unknown_variant_is_answered_with_those_there_are(blendsim: Command, run_folder: Path) -> None:
    """A mistyped title names the titles."""
    said = blendsim("compare", f"{run_folder}#braker", run_folder)

    assert 2 == said.code
    assert "there is no variant 'braker'; it has 'no controller', 'breaker'" in said.err

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim.store import read, verify

from .conftest import TINY, Command, stored
from .test_run import no_nan


def test_a_moment_of_a_run_is_explained(blendsim: Command, run_folder: Path) -> None:
    """What began, what the breaker did and why, the floor and the decisions of the minutes around the outage."""
    said = blendsim("explain", run_folder, "--at", "09:31", "--window", "10m", "--variant", "breaker")

    assert 0 == said.code, said.err
    assert "breaker, replication 0: 09:31:00 ± 10 min" in said.out
    assert "09:30:00  incident  vendor.A: outage begins" in said.out
    assert "(true; no controller knows)" in said.out
    assert "A: CLOSED → OPEN" in said.out
    assert "≥" in said.out
    assert "The floor at 09:31:00:" in said.out
    assert "breaker does not admit" in said.out


def test_all_variants_are_explained_when_none_is_named(blendsim: Command, run_folder: Path) -> None:
    """The same moment in each; the folder's own way of naming a variant works as well."""
    both = blendsim("explain", run_folder, "--at", "09:31").out
    assert "no controller, replication 0" in both
    assert "breaker, replication 0" in both

    one = blendsim("explain", f"{run_folder}#breaker", "--at", "09:31", "--replication", "1").out
    assert "no controller, replication" not in one
    assert "breaker, replication 1" in one


def test_a_contact_tells_its_story(blendsim: Command, run_folder: Path) -> None:
    """Line by line from arrival to end; the contact that the outage hit differs between the variants."""
    contacts = read(run_folder, contacts=True).variants["breaker"][0].contacts
    assert contacts is not None
    hit = int(contacts["id"][contacts["end_reason"] != 0][0])

    said = blendsim("explain", run_folder, "--contact", hit)

    assert 0 == said.code, said.err
    lines = [line.split()[1] for line in said.out.splitlines() if line[:2].isdecimal()]
    assert "arrives" == lines[0]
    assert "ends" == lines[-1]
    assert {"routing", "truth", "classifier"} <= set(lines)


def test_explanations_are_for_programs_too(blendsim: Command, run_folder: Path) -> None:
    """JSON with the same rows, their numbers and the truth marked."""
    told = json.loads(
        blendsim("explain", run_folder, "--at", "09:31", "--window", "10m", "--json").out,
        parse_constant=no_nan,
    )
    rows = told["variants"][1]["happened"]
    assert {"at_s", "clock", "kind", "subject", "text", "because", "true", "numbers"} == set(rows[0])
    assert any(row["true"] for row in rows)
    assert any(row["kind"] == "breaker" and row["numbers"]["limit"] > 0 for row in rows)

    story = json.loads(blendsim("explain", run_folder, "--contact", "0", "--json").out, parse_constant=no_nan)
    assert [0, 0] == [part["contact"] for part in story["variants"]]
    assert "arrives" == story["variants"][0]["steps"][0]["kind"]


def test_explaining_changes_nothing(blendsim: Command, run_folder: Path) -> None:
    """The folder is as it was."""
    blendsim("explain", run_folder, "--at", "09:31")

    assert () == verify(run_folder)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--at", "13:00"), "is outside the run, which goes from 2026-03-02 09:00 to 2026-03-02 11:00"),
        (("--at", "soon"), "is no time; write 10:12"),
        (("--contact", "99999"), "there is none of this number"),
        (("--at", "09:31", "--variant", "braker"), "there is no variant 'braker'"),
        (("--at", "09:31", "--replication", "2"), "it has replications 0 to 1"),
        (("--at", "09:31", "--window", "5"), "is no duration above 0"),
        (("--at", "09:31", "--contact", "1"), "one thing at a time"),
        (("queues.chat", "--at", "09:31"), "one thing at a time"),
        (("--contact", "1", "--window", "5m"), "needs --at"),
        ((), "say what to explain"),
    ],
)
def test_what_cannot_be_explained_says_why(
    blendsim: Command, run_folder: Path, words: tuple[str, ...], complaint: str
) -> None:
    """One line, exit code 2."""
    said = blendsim("explain", run_folder, *words)

    assert 2 == said.code
    assert complaint in said.err


def test_interval_mode_has_no_contacts_to_explain(blendsim: Command, tmp_path: Path) -> None:
    """A moment is told from the control log alone; a contact is an error that says what to do."""
    folder = stored(tmp_path / "results", records="intervals")

    told = blendsim("explain", folder, "--at", "09:31")
    assert 0 == told.code
    assert "were not kept" in told.out
    assert "vendor.A: outage begins" in told.out

    said = blendsim("explain", folder, "--contact", "1")
    assert 2 == said.code
    assert "--records contacts" in said.err


def test_options_of_a_run_do_not_go_with_a_key(blendsim: Command) -> None:
    """They would be ignored in silence."""
    said = blendsim("explain", TINY, "queues.chat.patience", "--window", "5m")

    assert 2 == said.code
    assert "belong to a run" in said.err


def test_compare_draws_both_on_one_clock(blendsim: Command, run_folder: Path, tmp_path: Path) -> None:
    """A PNG or SVG of the two variants; another ending is an error, and results are still printed."""
    pair = (f"{run_folder}#no controller", f"{run_folder}#breaker")
    said = blendsim("compare", *pair, "--figure", "drawn/both.png")

    assert 0 == said.code, said.err
    assert "service level" in said.out
    assert b"\x89PNG" == (tmp_path / "drawn" / "both.png").read_bytes()[:4]
    assert 0 == blendsim("compare", *pair, "--figure", "both.svg").code
    assert (tmp_path / "both.svg").read_text(encoding="utf-8").startswith("<?xml")
    wrong = blendsim("compare", *pair, "--figure", "both.pdf")
    assert 2 == wrong.code
    assert "must end in .png or .svg" in wrong.err

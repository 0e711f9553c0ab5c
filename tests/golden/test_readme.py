"""What the README shows is what the product prints, and every scenario that ships runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sim.cli.main import app

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHIPPED = sorted(
    path.name for path in (ROOT / "scenarios").glob("*.yaml") if path.name != "anonymous_bank_mapping.yaml"
)


def _printed(arguments: list[str]) -> str:
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "128", "NO_COLOR": "1"})
    assert 0 == done.exit_code, done.output
    return done.stdout


def _comparable(text: str) -> list[str]:
    """Lines without what differs from machine to machine: seconds, folders."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    lines = [re.sub(r" · [\d.]+ s$", "", line) for line in lines]
    return [line for line in lines if not line.startswith(("report, figures", "next:", "$")) and line]


def test_the_readme_shows_what_the_first_command_prints() -> None:
    """The block under "One command" is the output of that very command, figure by figure."""
    (block,) = re.findall(r"```console\n\$ blendsim run sc01\n(.*?)```", README, flags=re.DOTALL)
    assert _comparable(block) == _comparable(_printed(["run", "sc01", "--no-store"]))


def test_every_command_is_in_the_readme_and_no_other() -> None:
    """Every `blendsim …` in the README's code is a command, and every command has its line."""
    known = {
        command.name or command.callback.__name__ for command in app.registered_commands if command.callback
    }
    assert known == set(re.findall(r"(?:`|\$ )blendsim ([a-z]+)", README))


def test_the_readme_names_every_scenario_that_ships() -> None:
    """A scenario that nobody can find does not exist."""
    assert [] == [name for name in SHIPPED if name not in README]


@pytest.mark.parametrize("name", SHIPPED)
def test_every_scenario_that_ships_is_valid_and_runs(name: str) -> None:
    """One replication of each, without keeping anything."""
    assert "" == CliRunner().invoke(app, ["validate", f"scenarios/{name}"]).stderr
    assert _printed(
        ["run", f"scenarios/{name}", "--replications", "1", "--records", "intervals", "--no-store"]
    )

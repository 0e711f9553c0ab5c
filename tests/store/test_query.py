"""SQL over stored runs: right sums, clear errors, and nothing outside of the folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from sim.cli.main import app
from sim.scenario.errors import ScenarioError
from sim.store.query import query

TINY = Path(__file__).parent / "tiny.yaml"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A folder with one run of both variants."""
    folder = tmp_path_factory.mktemp("kept") / "results"
    assert 0 == CliRunner().invoke(app, ["run", str(TINY), "--out", str(folder)]).exit_code
    return folder


def test_counts_are_those_of_the_run(results):
    """Offered by variant, summed by SQL over all intervals, is what arrived in contacts."""
    by_interval = query(
        results, "SELECT variant, sum(offered) AS n FROM intervals GROUP BY variant ORDER BY variant"
    )
    by_contact = query(
        results, "SELECT variant, count(*) AS n FROM contacts GROUP BY variant ORDER BY variant"
    )
    assert list(by_interval["n"]) == list(by_contact["n"])
    assert 2 == len(by_interval)


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("SELECT * FROM nowhere", "there are"),
        ("SELEC 1", "the statement is wrong"),
        ("SELECT * FROM read_csv('/etc/passwd')", "the statement is wrong"),
        ("COPY intervals TO '/tmp/elsewhere.csv'", "the statement is wrong"),
    ],
)
def test_wrong_statements_are_said(results, sql, says):
    """Unknown views, bad SQL, files outside of the folder: refused in words."""
    with pytest.raises(ScenarioError, match=says):
        query(results, sql)


def test_the_command_lists_what_there_is(results, tmp_path):
    """Without a statement the views are listed; an empty folder is an error."""
    done = CliRunner().invoke(app, ["query", "--results", str(results)])
    assert "intervals" in done.stdout
    assert isinstance(
        CliRunner().invoke(app, ["query", "SELECT 1", "--results", str(tmp_path)]).exception, ScenarioError
    )

"""SQL over stored runs: right sums, clear errors, and nothing outside of the folder."""

from __future__ import annotations

import re
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


def test_every_run_has_a_row_and_a_name(results):
    """`runs` says what was run; its name joins with every table, and is the folder that other commands take."""
    found = query(
        results,
        "SELECT run, variant, r.offered AS said, sum(i.offered) AS n FROM runs r JOIN intervals i USING (run, variant) GROUP BY ALL",
    )
    assert ["breaker", "no controller"] == sorted(found["variant"])
    assert list(found["said"]) == list(found["n"])
    (run,) = set(found["run"])
    assert (results / run / "manifest.json").is_file()
    deeper = query(results / "tiny", "SELECT DISTINCT run FROM looks")
    assert [run.removeprefix("tiny/")] == list(deeper["run"])
    assert [run.removeprefix("tiny/")] == list(query(results / run, "SELECT DISTINCT run FROM looks")["run"])


def test_every_study_has_a_row_and_a_name(tmp_path):
    """`studies` says what was asked; its name joins with cells and estimates."""
    said = ["study", str(TINY), "--variant", "breaker", "--vary", "failover.breakers.cool_down=30s,90s"]
    said += ["--replications", "2", "--jobs", "1"]
    assert 0 == CliRunner().invoke(app, [*said, "--out", str(tmp_path)]).exit_code
    found = query(
        tmp_path,
        "SELECT study, s.cells, c.name, e.value FROM studies s JOIN study_cells c USING (study) "
        "JOIN study_estimates e USING (study, cell) WHERE figure = 'service_level'",
    )
    assert 2 == len(found)
    assert {2} == set(found["cells"])
    assert (tmp_path / "studies" / found["study"][0] / "study.json").is_file()
    (tmp_path / "studies" / found["study"][0] / "study.json").write_text("[damaged")
    with pytest.raises(ScenarioError, match="there are study_cells"):
        query(tmp_path, "SELECT * FROM studies")


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("SELECT * FROM nowhere", "there are"),
        ("SELEC 1", "the statement is wrong"),
        ("SELECT * FROM read_csv('/etc/passwd')", "the statement is wrong"),
        ("COPY intervals TO '/tmp/elsewhere.csv'", "write one SELECT"),
        ("SELECT 1; SELECT 2", "write one SELECT"),
    ],
)
def test_wrong_statements_are_said(results, sql, says):
    """Unknown views, bad SQL, files outside of the folder: refused in words."""
    with pytest.raises(ScenarioError, match=says):
        query(results, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "COPY (SELECT 1 AS a) TO '{file}' (FORMAT parquet)",
        "SELECT 1; COPY (SELECT 1 AS a) TO '{file}' (FORMAT parquet); SELECT 3",
        "ATTACH '{folder}/new.db'",
        "CREATE TABLE a AS SELECT 1",
        "DROP VIEW intervals",
    ],
)
def test_nothing_stored_is_touched(results, sql):
    """What would write is refused, wherever it hides, and every file stays as it was."""
    before = {path: path.read_bytes() for path in results.rglob("*") if path.is_file()}
    file = next(results.rglob("looks.parquet"))
    with pytest.raises(ScenarioError, match="write one SELECT"):
        query(results, sql.format(file=file, folder=results))
    assert before == {path: path.read_bytes() for path in results.rglob("*") if path.is_file()}


def test_the_command_lists_what_there_is(results, tmp_path):
    """Without a statement the views are listed; an empty folder is an error."""
    done = CliRunner().invoke(app, ["query", "--results", str(results)])
    assert "intervals" in done.stdout
    assert isinstance(
        CliRunner().invoke(app, ["query", "SELECT 1", "--results", str(tmp_path)]).exception, ScenarioError
    )


def test_the_questions_of_the_documentation_have_answers(results):
    """Every statement of docs/query.md that concerns runs is one that the database understands, and finds something."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "query.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```sql\n(.*?)```", text, flags=re.DOTALL)
    statements = [one for one in block.split(";") if one.strip() and "study" not in one]
    assert 3 == len(statements)
    for one in statements:
        assert len(query(results, one.replace("'r1'", "'tiny'")))


@pytest.mark.parametrize(
    ("sql", "hint"),
    [
        ("SELECT right FROM contacts", '"right"'),
        ("SELECT name, from, to FROM control", '"from", "to"'),
        ("SELECT at FROM control", '"at"'),
        ('SELECT "from" FROM control WHERE limit = 3', '"limit"'),
    ],
)
def test_columns_like_words_of_sql_are_pointed_out(results, sql, hint):
    """What the parser says of `SELECT right FROM contacts` helps nobody who sees a column of that name."""
    with pytest.raises(ScenarioError, match=re.escape(f"stands in double quotes: {hint}") + "$"):
        query(results, sql)


def test_other_mistakes_get_no_such_hint(results):
    """The word FROM of a statement is no column."""
    with pytest.raises(ScenarioError) as wrong:
        query(results, "SELECT name FROM control WHER 1")
    assert "double quotes" not in str(wrong.value)

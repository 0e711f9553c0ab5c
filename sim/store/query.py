"""SQL over everything that lies in a results folder, by DuckDB, in memory and read-only.

Views: `intervals`, `reasons`, `looks`, `control`, `contacts`, `decisions`, `billed` of all runs, `study_rows`, `study_cells`,
`study_estimates` of all studies; those of which there are files. Each has a column `filename`, so that `WHERE filename LIKE '%r1%'` finds
a run.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sim.scenario.errors import ScenarioError

if TYPE_CHECKING:
    import pandas as pd

RUN_TABLES = ("intervals", "reasons", "looks", "control", "contacts", "decisions", "billed")
STUDY_TABLES = ("rows", "cells", "estimates")
_STUDIES = "studies"


def files_of(results: Path) -> dict[str, list[Path]]:
    """Parquet files by the view that shows them; unfinished folders are passed over."""
    found: dict[str, list[Path]] = {}
    for path in sorted(results.glob("**/*.parquet")):
        inside = path.relative_to(results).parts
        if any(part.startswith(".") for part in inside):
            continue
        name = path.stem
        if inside[0] == _STUDIES and name in STUDY_TABLES:
            found.setdefault(f"study_{name}", []).append(path)
        elif inside[0] != _STUDIES and name in RUN_TABLES:
            found.setdefault(name, []).append(path)
    return found


def query(results: Path, sql: str) -> pd.DataFrame:
    """What a statement finds.

    Args:
        results: Folder that runs and studies were kept in.
        sql: One statement; nothing outside of *results* can be read, and nothing written.

    Raises:
        ScenarioError: Nothing is kept there, or the statement is wrong.
    """
    import duckdb

    views = files_of(results)
    if not views:
        raise ScenarioError(
            f"{results}: no finished run or study lies there; run one, or name another folder with --results"
        )
    with duckdb.connect(":memory:") as connection:
        for name, files in views.items():
            listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files)
            connection.execute(
                f"CREATE VIEW {name} AS SELECT * FROM read_parquet([{listed}], filename = true, union_by_name = true)"  # noqa: S608  names are ours
            )
        folder = str(results.resolve()).replace("'", "''")
        shown = str(results).replace("'", "''")
        connection.execute(f"SET allowed_directories = ['{folder}', '{shown}']")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        try:
            if not sql.strip():
                return _nothing(views)
            # Reading alone: DuckDB may write wherever it may read, and a COPY would replace a stored run.
            kinds = [statement.type for statement in connection.extract_statements(sql)]
            if kinds != [duckdb.StatementType.SELECT]:
                raise ScenarioError("write one SELECT; nothing in a results folder is changed from here")
            found: pd.DataFrame = connection.sql(sql).df()
            return found
        except duckdb.Error as error:
            known = f"; there are {', '.join(views)}" if "does not exist" in str(error) else ""
            raise ScenarioError(f"the statement is wrong: {error}{known}") from None


def _nothing(views: dict[str, list[Path]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame([(name, len(files)) for name, files in views.items()], columns=["view", "files"])

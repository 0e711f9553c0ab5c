"""SQL over everything that lies in a results folder, by DuckDB, in memory and read-only.

Views: `runs` (a row a run and variant: what was run, when, with what) and `studies` (a row a study); of all runs `intervals`, `reasons`,
`looks`, `control`, `contacts`, `decisions`, `billed`; of all studies `study_rows`, `study_cells`, `study_estimates`; those of which there
are files. All begin with a column `run` or `study`: the folder below the results, by which they join.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.scenario.errors import ScenarioError

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

RUN_TABLES = ("intervals", "reasons", "looks", "control", "contacts", "decisions", "billed")
STUDY_TABLES = ("rows", "cells", "estimates")
RUN, STUDY = "manifest.json", "study.json"
"""What a finished run and a finished study say of themselves."""
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
    import pandas as pd

    files = files_of(results)
    about = {"runs": _runs(results), "studies": _studies(results)}
    about = {name: frame for name, frame in about.items() if len(frame)}
    views = [*about, *files]
    if not views:
        raise ScenarioError(
            f"{results}: no finished run or study lies there; run one, or name another folder with --results"
        )
    with duckdb.connect(":memory:") as connection:
        for name, frame in about.items():
            connection.register(f"_{name}", frame)
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM _{name}")  # noqa: S608  names are ours
        folders = {str(path): _folder_of(path, results) for paths in files.values() for path in paths}
        where = pd.DataFrame({"filename": [*folders], "folder": [*folders.values()]})
        connection.register("_where", where)
        for name, paths in files.items():
            listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
            own = "study" if name.startswith("study_") else "run"
            connection.execute(
                f"CREATE VIEW {name} AS SELECT _where.folder AS {own}, found.* "  # noqa: S608  names are ours
                f"FROM read_parquet([{listed}], filename = true, union_by_name = true) AS found JOIN _where USING (filename)"
            )
        folder = str(results.resolve()).replace("'", "''")
        shown = str(results).replace("'", "''")
        connection.execute(f"SET allowed_directories = ['{folder}', '{shown}']")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        try:
            if not sql.strip():
                counts = {**{name: len(frame) for name, frame in about.items()}}
                counts |= {name: len(paths) for name, paths in files.items()}
                return pd.DataFrame([*counts.items()], columns=["view", "rows or files"])
            # Reading alone: DuckDB may write wherever it may read, and a COPY would replace a stored run.
            kinds = [statement.type for statement in connection.extract_statements(sql)]
            if kinds != [duckdb.StatementType.SELECT]:
                raise ScenarioError("write one SELECT; nothing in a results folder is changed from here")
            found: pd.DataFrame = connection.sql(sql).df()
            return found
        except duckdb.Error as error:
            known = f"; there are {', '.join(views)}" if "does not exist" in str(error) else ""
            quotes = _to_be_quoted(connection, sql) if isinstance(error, duckdb.ParserException) else ""
            raise ScenarioError(f"the statement is wrong: {error}{known}{quotes}") from None


def _to_be_quoted(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """A hint at columns of the named views whose names are words of SQL and stand bare in a statement; empty for none."""
    bare = re.sub(r"\"[^\"]*\"|'[^']*'", " ", sql.lower())
    bare = (
        re.sub(r"\bfrom\b", " ", bare, count=1) if len(re.findall(r"\bfrom\b", bare)) == 1 else bare
    )  # the clause
    words = list(dict.fromkeys(re.findall(r"\w+", bare)))
    found = connection.execute(
        "SELECT DISTINCT column_name FROM duckdb_columns() WHERE list_contains($words, table_name) AND list_contains($words, column_name) "
        "AND column_name IN (SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category IN ('reserved', 'type_function'))",
        {"words": words},
    ).fetchall()
    columns = ", ".join(f'"{word}"' for word in words if (word,) in found)
    return (
        f"\na column that is called like a word of SQL stands in double quotes: {columns}" if columns else ""
    )


def _folder_of(path: Path, results: Path) -> str:
    """The run's or study's folder as it is called below the results."""
    for folder in path.parents:
        if (folder / RUN).is_file() or (folder / STUDY).is_file():
            return _called(folder, results)
    return _called(path.parent, results)


def _called(folder: Path, results: Path) -> str:
    inside = folder.relative_to(results).as_posix()
    return inside.removeprefix(f"{_STUDIES}/") if inside != "." else folder.resolve().name


def _manifests(results: Path, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """What finished folders say of themselves; what cannot be read is passed over, as its tables may still be asked."""
    for path in sorted(results.glob(f"**/{name}")):
        if any(part.startswith(".") for part in path.relative_to(results).parts):
            continue
        with contextlib.suppress(OSError, ValueError):
            facts = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(facts, dict):
                yield _called(path.parent, results), facts


def _runs(results: Path) -> pd.DataFrame:
    """A row a run and variant."""
    import pandas as pd

    rows = []
    for run, facts in _manifests(results, RUN):
        variants = facts.get("variants")
        for variant, note in variants.items() if isinstance(variants, dict) else ():
            offered = note.get("offered") if isinstance(note, dict) else None
            rows.append(
                {
                    "run": run,
                    "scenario": facts.get("scenario"),
                    "variant": variant,
                    "started": facts.get("started"),
                    **{
                        key: facts.get(key) for key in ("seed", "replications", "records", "floor", "seconds")
                    },
                    "offered": sum(offered) if isinstance(offered, list) else None,
                    "version": (facts.get("versions") or {}).get("blendsim"),
                    "commit": facts.get("commit"),
                    "question": facts.get("question"),
                }
            )
    return pd.DataFrame(rows)


def _studies(results: Path) -> pd.DataFrame:
    """A row a study."""
    import pandas as pd

    rows = []
    for study, facts in _manifests(results, STUDY):
        figures = [one.get("name", "") for one in facts.get("figures") or () if isinstance(one, dict)]
        rows.append(
            {
                "study": study,
                "name": facts.get("study"),
                **{key: facts.get(key) for key in ("design", "cells", "rows", "seed", "replications")},
                "figures": ", ".join(figures),
                "missing": len(facts.get("missing") or ()),
                "version": (facts.get("versions") or {}).get("blendsim"),
                "question": facts.get("question"),
            }
        )
    return pd.DataFrame(rows)

"""`blendsim query`."""

from __future__ import annotations

from pathlib import Path

from sim.cli import show
from sim.scenario.errors import ScenarioError

MOST_SHOWN = 200


def _told(value: object) -> str:
    if value is None or value != value:  # noqa: PLR0124  NaN and NaT alone differ from themselves
        return "–"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def query(sql: str, *, results: Path, csv: Path | None, json: bool) -> None:
    """Print what a statement finds over all runs and studies."""
    from pandas.api.types import is_numeric_dtype

    from sim.reports.blocks import Section, Table
    from sim.store.query import query as ask

    found = ask(results, sql)
    if csv is not None:
        try:
            found.to_csv(csv, index=False)
        except OSError as error:
            raise ScenarioError(f"{csv}: cannot be written ({error.strerror or error})") from None
    if json:
        show.out(found.to_json(orient="records", date_format="iso", indent=2))
        return
    if csv is not None:
        return
    shown = found.head(MOST_SHOWN)
    rows = tuple(tuple(_told(value) for value in row) for row in shown.itertuples(index=False))
    words = tuple(k for k, kind in enumerate(found.dtypes) if not is_numeric_dtype(kind))
    show.sections([Section("", (Table(tuple(map(str, found.columns)), rows, words),))])
    if not sql.strip():
        show.err('columns of a view: blendsim query "DESCRIBE runs"')
    if len(found) > MOST_SHOWN:
        show.err(f"the first {MOST_SHOWN} of {len(found):,} rows; --csv FILE has all")

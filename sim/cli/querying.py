"""`blendsim query`."""

from __future__ import annotations

from pathlib import Path

from sim.cli import show
from sim.scenario.errors import ScenarioError

MOST_SHOWN = 200


def query(sql: str, *, results: Path, csv: Path | None, json: bool) -> None:
    """Print what a statement finds over all runs and studies."""
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
    rows = tuple(
        tuple("–" if value is None else str(value) for value in row) for row in shown.itertuples(index=False)
    )
    show.sections([Section("", (Table(tuple(map(str, found.columns)), rows),))])
    if len(found) > MOST_SHOWN:
        show.err(f"the first {MOST_SHOWN} of {len(found):,} rows; --csv FILE has all")

"""`blendsim check`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import typer

from sim.cli import drawing, show
from sim.cli.exits import MISSED
from sim.cli.expecting import expects
from sim.cli.find import no_study
from sim.cli.running import COMPILING, is_compiled
from sim.scenario.errors import ScenarioError
from sim.scenario.find import scenario_file


def check(
    files: Sequence[str],
    *,
    sets: Sequence[str],
    overrides: Sequence[str],
    replications: int | None,
    at_most: int | None,
    alpha: float,
    together: bool,
    seed: int | None,
    baseline: Path | None,
    update: bool,
    strict: bool,
    junit: Path | None,
    floor: Literal["kernel", "plain"],
    jobs: int | None,
    json: bool,
) -> None:
    """Judge every expectation of every file; exit code 1 when one is missed."""
    from sim.reports import verdicts
    from sim.store.manifest import dumps
    from sim.studies.check import check as judge
    from sim.studies.check import expectations

    paths = [path for said in files for path in _files(said)]
    for path in paths:
        with no_study(path, str(path)):
            expectations(path, overrides)  # every file is looked at before anything is run
    drawing.room_for(junit)
    if not is_compiled(floor):
        show.err(COMPILING[floor])
    found = {}
    for path in paths:
        with show.progress(f"checking {path.name}") as advance:
            found[path] = judge(
                path, sets=sets, overrides=overrides, replications=replications, at_most=at_most, alpha=alpha, together=together, seed=seed,
                baseline=baseline, update=update, floor=floor, jobs=jobs, progress=advance,
            )  # fmt: skip
    if junit is not None:
        try:
            junit.write_bytes(verdicts.junit(found, strict=strict))
        except OSError as error:
            raise ScenarioError(f"{junit}: cannot be written ({error.strerror or error})") from None
    if json:
        show.out(dumps(verdicts.tree(found)))
    else:
        show.sections(verdicts.sections(found))
        show.out(verdicts.last_line(found))
    outcomes = [one.outcome for several in found.values() for one in several]
    if "inconclusive" in outcomes and not strict:
        show.err("inconclusive: more replications would tell (--at-most); --strict makes it count as missed")
    if "fail" in outcomes or (strict and "inconclusive" in outcomes):
        raise typer.Exit(MISSED)


def _files(said: str) -> list[Path]:
    """A scenario, or all of a folder that expect something."""
    folder = Path(said)
    if not folder.is_dir():
        return [scenario_file(said)]
    found = [path for path in sorted(folder.iterdir()) if expects(path)]
    if not found:
        raise ScenarioError(f"{folder}: no scenario file in it has `expect:`")
    return found

"""`blendsim staff`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from sim.cli import drawing, show
from sim.cli.find import no_study
from sim.cli.running import COMPILING, is_compiled
from sim.scenario.errors import ScenarioError
from sim.scenario.find import scenario_file
from sim.scenario.load import shipped
from sim.scenario.values import seconds


def staff(
    said: str,
    *,
    sets: Sequence[str],
    overrides: Sequence[str],
    variant: str | None,
    group: str | None,
    queues: Sequence[str],
    target: float | None,
    abandonment: float | None,
    confidence: float,
    shrinkage: float,
    every: str,
    n_minus_1: bool,
    lose: str | None,
    lost_from: str | None,
    lost_for: str | None,
    shifts: Sequence[str],
    starts: str,
    at_most: int | None,
    replications: int | None,
    floor: Literal["kernel", "plain"],
    jobs: int | None,
    csv: Path | None,
    figure: Path | None,
    workbook: Path | None,
    roster: Path | None,
    json: bool,
) -> None:
    """Find the smallest staff that holds the target, beside what the formulas ask for."""
    path = scenario_file(said)
    drawing.check(figure)
    step_s = seconds(every)
    if step_s is None:
        raise ScenarioError(f"--every is {every!r}, and must be a duration such as 30m")
    starts_s = seconds(starts)
    if starts_s is None:
        raise ScenarioError(f"--starts is {starts!r}, and must be a duration such as 30m")
    if roster is not None and not shifts:
        raise ScenarioError("--roster writes shifts; say which there may be with --shift, such as --shift 8h")
    from sim.reports import sheets, staffing, staffing_workbook

    if workbook is not None:
        sheets.check(workbook)
    drawing.room_for(csv, figure, workbook, roster)
    from sim.reports.notebook_studies import one_of
    from sim.store.manifest import dumps
    from sim.studies.loss import loss, staffed
    from sim.studies.roster import as_yaml
    from sim.studies.staff import staff as find

    with no_study(path, said):
        scenario = one_of(path, sets=sets, overrides=overrides, variant=variant, how="--variant")
    if not is_compiled(floor):
        show.err(COMPILING[floor])
    lost = loss(scenario, lose, lost_from, lost_for, largest=n_minus_1)
    with show.progress("measuring the load") as told:
        look = partial(
            find, group=group, queues=queues, service_level=target, abandonment=abandonment, confidence=confidence,
            shrinkage=shrinkage, step_s=step_s, shifts=shifts, starts_s=starts_s, at_most=at_most,
            replications=replications, floor=floor, jobs=jobs, progress=told,
        )  # fmt: skip
        found, extra = staffed(look, scenario, lost)
    if workbook is not None:
        sheets.write(workbook, staffing_workbook.made(found, scenario, extra))
        show.err(f"{workbook}: written")
    if csv is not None:
        try:
            staffing.frame(found, scenario, extra).to_csv(csv, index=False)
        except OSError as error:
            raise ScenarioError(f"{csv}: cannot be written ({error.strerror or error})") from None
        show.err(f"{csv}: written")
    if roster is not None and found.roster is not None:
        try:
            text = as_yaml(found.roster, scenario, found.group, _beside(path, roster))
            roster.write_text(text, encoding="utf-8")
        except OSError as error:
            raise ScenarioError(f"{roster}: cannot be written ({error.strerror or error})") from None
        show.err(f"{roster}: written; it extends {path.name} and runs as it is")
    if figure is not None:
        drawing.keep(staffing.figure(found, scenario), figure)
    if json:
        show.out(dumps(staffing.tree(found, extra)))
        return
    show.sections(staffing.sections(found, scenario, extra))


def _beside(scenario: Path, file: Path) -> str:
    """How *file* names the scenario that it extends: one that ships by its name, others by the way from its folder."""
    if shipped(scenario.name) == scenario.resolve():
        return scenario.name
    return Path(os.path.relpath(scenario, file.parent)).as_posix()

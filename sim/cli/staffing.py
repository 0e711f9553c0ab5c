"""`blendsim staff`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from sim.cli import show
from sim.cli.running import COMPILING, is_compiled
from sim.scenario.errors import ScenarioError
from sim.scenario.find import scenario_file
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
    replications: int | None,
    floor: Literal["kernel", "plain"],
    jobs: int | None,
    csv: Path | None,
    figure: Path | None,
    json: bool,
) -> None:
    """Find the smallest staff that holds the target, beside what the formulas ask for."""
    path = scenario_file(said)
    step_s = seconds(every)
    if step_s is None:
        raise ScenarioError(f"--every is {every!r}, and must be a duration such as 30m")
    if not 0.0 <= shrinkage < 1.0:
        raise ScenarioError(
            f"--shrinkage is {shrinkage:g}, and must be a share of paid time from 0 to below 1, such as 0.30"
        )
    from sim.reports import staffing, style
    from sim.store import scenarios_of
    from sim.store.manifest import dumps
    from sim.studies.staff import largest_fleet, without
    from sim.studies.staff import staff as find

    scenarios = scenarios_of(
        path, sets, overrides, variants=[] if variant is None else [variant], records="intervals"
    )
    if len(scenarios) > 1:
        raise ScenarioError(f"{path}: has several variants; name one with --variant: {', '.join(scenarios)}")
    scenario = next(iter(scenarios.values()))
    if not is_compiled(floor):
        show.err(COMPILING[floor])
    lost = lose if lose is not None else largest_fleet(scenario) if n_minus_1 else None
    asked = {
        "group": group, "queues": queues, "service_level": target, "abandonment": abandonment, "confidence": confidence,
        "shrinkage": shrinkage, "step_s": step_s, "replications": replications, "floor": floor, "jobs": jobs,
    }  # fmt: skip
    with show.busy("looking for the smallest staff"):
        found = find(scenario, **asked)  # type: ignore[arg-type]
        extra = None
        if lost is not None:
            from dataclasses import replace

            extra = replace(find(without(scenario, lost), **asked), variant=f"{lost} lost")  # type: ignore[arg-type]
    try:
        if csv is not None:
            staffing.frame(found, scenario).to_csv(csv, index=False)
        if figure is not None:
            style.write(staffing.figure(found, scenario), figure.parent, figure.stem)
    except OSError as error:
        raise ScenarioError(f"{error.filename}: cannot be written ({error.strerror or error})") from None
    if json:
        show.out(dumps(staffing.tree(found, extra)))
        return
    show.sections(staffing.sections(found, scenario, extra))

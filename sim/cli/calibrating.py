"""`blendsim calibrate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sim.cli import drawing, show
from sim.scenario.errors import ScenarioError


def calibrate(
    file: Path,
    *,
    confidence: Sequence[str],
    correct: Sequence[str],
    ai: float,
    monitored: float,
    figure: Path | None,
    yaml: bool,
    json: bool,
) -> None:
    """Hold columns of confidences against outcomes; print, draw, or write the scenario's section."""
    if monitored > ai:
        raise ScenarioError(f"--monitored {monitored:g}: is above --ai {ai:g}")
    if len(correct) not in {1, len(confidence)}:
        raise ScenarioError(
            f"--correct: name one column for all, or one for each of the {len(confidence)} of --confidence; has {len(correct)}"
        )
    if yaml and len(confidence) > 1:
        raise ScenarioError("--yaml: a scenario has one classifier; name one --confidence")
    if yaml and json:
        raise ScenarioError("--yaml and --json: one of them")
    drawing.check(figure)
    from sim.reports import calibration as reports
    from sim.store.manifest import dumps
    from sim.studies.calibration import as_yaml, read_outcomes
    from sim.studies.calibration import calibrate as hold

    found = []
    for column, (scores, right) in zip(confidence, read_outcomes(file, confidence, correct), strict=True):
        try:
            found.append(hold(column, scores, right, ai, monitored))
        except ValueError as error:
            raise ScenarioError(f"{file}: {column} {error}") from None
    if figure is not None:
        drawing.keep(reports.reliability(found), figure)
    if json:
        show.out(dumps({"file": str(file), "columns": found}))
    elif yaml:
        show.out(as_yaml(found[0]))
    else:
        show.out(f"{file} · {found[0].n:,} outcomes\n")
        show.sections(reports.sections(found))

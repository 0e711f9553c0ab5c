"""`blendsim calibrate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sim.cli import drawing, show
from sim.cli.find import run_and_variant
from sim.scenario.errors import ScenarioError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Given = dict[str, tuple[NDArray[np.float64], NDArray[np.bool_]]]


def calibrate(
    file: str,
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
    if yaml and json:
        raise ScenarioError("--yaml and --json: one of them")
    drawing.check(figure)
    from sim.reports import calibration as reports
    from sim.store.manifest import dumps
    from sim.studies.calibration import as_yaml
    from sim.studies.calibration import calibrate as hold

    given = _of_run(file, confidence, correct) if _is_run(file) else _of_file(file, confidence, correct)
    if yaml and len(given) > 1:
        raise ScenarioError("--yaml: a scenario has one classifier; name one --confidence, or RUN#variant")
    found = []
    for column, (scores, right) in given.items():
        try:
            found.append(hold(column, scores, right, ai, monitored))
        except ValueError as error:
            raise ScenarioError(f"{file}: {column} {error}") from None
    if figure is not None:
        drawing.keep(reports.reliability(found), figure)
    if json:
        show.out(dumps({"file": file, "columns": found}))
    elif yaml:
        show.out(as_yaml(found[0]))
    else:
        show.out(f"{file} · {found[0].n:,} outcomes\n")
        show.sections(reports.sections(found))


def _is_run(said: str) -> bool:
    return run_and_variant(said)[0].is_dir()


def _of_file(file: str, confidence: Sequence[str], correct: Sequence[str]) -> Given:
    from sim.studies.calibration import read_outcomes

    if not confidence or not correct:
        raise ScenarioError(f"{file}: name its columns with --confidence and --correct")
    if len(correct) not in {1, len(confidence)}:
        raise ScenarioError(
            f"--correct: name one column for all, or one for each of the {len(confidence)} of --confidence; has {len(correct)}"
        )
    return dict(zip(confidence, read_outcomes(Path(file), confidence, correct), strict=True))


def _of_run(said: str, confidence: Sequence[str], correct: Sequence[str]) -> Given:
    """Every variant, or the one named."""
    from sim.store import read
    from sim.studies.calibration import labelled

    if confidence or correct:
        raise ScenarioError(
            f"{said}: is a run, whose confidences are known; leave out --confidence and --correct"
        )
    folder, title = run_and_variant(said)
    study = read(folder, contacts=True)
    if title is not None and title not in study.variants:
        raise ScenarioError(
            f"{said}: there is no variant {title!r}; it has {', '.join(map(repr, study.variants))}"
        )
    titles = [title] if title is not None else list(study.variants)
    try:
        return {one: labelled(study.variants[one]) for one in titles}
    except ValueError as error:
        raise ScenarioError(f"{said}: {error}") from None

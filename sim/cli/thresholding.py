"""`blendsim thresholds`."""

from __future__ import annotations

from pathlib import Path

from sim.cli import show
from sim.cli.find import run_and_variant
from sim.scenario.errors import ScenarioError


def thresholds(
    said: str,
    *,
    by: int,
    out: Path | None,
    step: float | None,
    watch: bool | None,
    scarcity: float,
    json: bool,
) -> None:
    """Learn the matrix that costs least from a stored run; print it, and write it where it is wanted."""
    from sim.reports import thresholds as reports
    from sim.store import read
    from sim.store.manifest import dumps
    from sim.studies.thresholds import as_yaml, best

    folder, title = run_and_variant(said)
    study = read(folder, contacts=True)
    for note in study.notes:
        show.err(note)
    if title is not None and title not in study.variants:
        raise ScenarioError(
            f"{said}: there is no variant {title!r}; it has {', '.join(map(repr, study.variants))}"
        )
    if title is None:
        if len(study.variants) > 1:
            first = next(iter(study.variants))
            raise ScenarioError(
                f"{said}: has {len(study.variants)} variants; name one, as in '{said}#{first}': it has "
                f"{', '.join(map(repr, study.variants))}"
            )
        title = next(iter(study.variants))
    try:
        matrix = best(study.variants[title], axes=by, scarcity=scarcity, watch=watch, most_step=step)
    except ValueError as error:
        raise ScenarioError(f"{said}: {error}") from None
    if out is not None:
        if out.exists():
            raise ScenarioError(f"--out {out}: is there already; name another file")
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(as_yaml(matrix), encoding="utf-8")
        except OSError as error:
            raise ScenarioError(f"--out {out}: cannot be written ({error.strerror or error})") from None
        show.err(f"{out}: written; a scenario takes it with extends: [{study.name}.yaml, {out.name}]")
    name = f"{folder} · {title}"
    if json:
        show.out(dumps(reports.tree(matrix, name)))
        return
    show.sections(reports.sections(matrix, name))

"""`blendsim report` and `blendsim compare`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sim.cli import drawing, show
from sim.cli.find import run_and_variant
from sim.engine.records import Run
from sim.outcomes import compare as compare_runs
from sim.reports import answer as answers
from sim.reports import figures, run_workbook, sheets
from sim.reports import report as reports
from sim.reports.artefacts import REPORTS, write_figures
from sim.reports.artefacts import reports as texts_of
from sim.scenario.errors import ScenarioError
from sim.store import SCHEMA_VERSION, Study, read
from sim.store.manifest import dumps, same_customers


def report(folder: Path, *, workbook: Path | None, json: bool) -> None:
    """Print everything about a stored run; write its reports again where somebody removed them."""
    if workbook is not None:
        sheets.check(workbook)
        drawing.room_for(workbook)
    with show.busy("reading"):
        study = read(folder, contacts=True)
        found = answers.answer(study)
    _tell_notes(study)
    if workbook is not None:
        show.err(f"{sheets.write(workbook, run_workbook.made(found))}: written")
    if missing := [name for name in REPORTS if not (folder / name).exists()]:
        _write_again(study, found, folder, missing)
    if json:
        show.out(dumps({**reports.tree(found), "folder": str(folder)}))
        return
    show.prose(answers.heading(study))
    if study.question:
        show.prose(study.question)
    show.out("")
    show.sections(reports.sections(found))


def _tell_notes(study: Study) -> None:
    for note in study.notes:
        show.err(note)


def _write_again(study: Study, found: answers.Answer, folder: Path, missing: Sequence[str]) -> None:
    figures = folder / "figures"
    try:
        texts = texts_of(found, figures, write_figures(study, figures))
        for name in missing:
            (folder / name).write_text(texts[name], encoding="utf-8")
    except OSError as error:
        show.err(f"{folder}: {' and '.join(missing)} could not be written again ({error.strerror})")
    else:
        show.err(f"{folder}: {' and '.join(missing)} written again, with the figures")


def compare(said_a: str, said_b: str, *, json: bool, figure: Path | None = None) -> None:
    """Print the paired differences b − a of every pair that the two names mean; draw them on one clock into *figure*."""
    drawing.check(figure)
    (folder_a, title_a), (folder_b, title_b) = run_and_variant(said_a), run_and_variant(said_b)
    study_a = read(folder_a, contacts=True)
    study_b = study_a if folder_b == folder_a else read(folder_b, contacts=True)
    for study in {id(study): study for study in (study_a, study_b)}.values():
        _tell_notes(study)
    pairs = _pairs(study_a, title_a, said_a, study_b, title_b, said_b)
    told = []
    drawn: dict[str, Sequence[Run]] = {}
    for a, b in pairs:
        runs_a, runs_b = study_a.variants[a], study_b.variants[b]
        _check(runs_a, runs_b, said_a, said_b)
        same = same_customers(runs_a[0].scenario, runs_b[0].scenario)
        differences = compare_runs(runs_a, runs_b)
        both = min(len(runs_a), len(runs_b))
        name_a, name_b = (a, b) if a != b else (f"{a} (A)", f"{b} (B)")
        part = reports.comparison(differences, name_a, name_b, both)
        pairing = (
            f"paired: {both} replications of the same customers (seed {runs_a[0].scenario.seed})"
            if same
            else f"paired by number: {both} replications of seed {runs_a[0].scenario.seed}; the demand differs, so the customers do"
        )
        drawn |= {name_a: runs_a, name_b: runs_b}
        told.append((a, b, same, both, differences, part, pairing))
    if figure is not None:
        drawing.keep(figures.timeline(drawn), figure)
    if json:
        show.out(
            dumps(
                {
                    "schema_version": SCHEMA_VERSION,
                    "a": str(folder_a),
                    "b": str(folder_b),
                    "pairs": [
                        {
                            "a": a,
                            "b": b,
                            "same_customers": same,
                            "replications": both,
                            "differences": [answers.differs(d) for d in differences],
                        }
                        for a, b, same, both, differences, _, _ in told
                    ],
                }
            )
        )
        return
    for a, b, _, _, _, part, pairing in told:
        show.out(f"A: {folder_a}  {a}\nB: {folder_b}  {b}\n{pairing}\n")
        show.sections([part])


def _pairs(
    study_a: Study, title_a: str | None, said_a: str, study_b: Study, title_b: str | None, said_b: str
) -> Sequence[tuple[str, str]]:
    """Variants to compare: those named, or those that both have."""
    for study, title, said in ((study_a, title_a, said_a), (study_b, title_b, said_b)):
        if title is not None and title not in study.variants:
            raise ScenarioError(f"{said}: there is no variant {title!r}; it has {_listed(study)}")
    ours = [title_a] if title_a is not None else list(study_a.variants)
    theirs = [title_b] if title_b is not None else list(study_b.variants)
    if len(ours) == 1 and len(theirs) == 1:
        pairs = [(ours[0], theirs[0])]
    elif title_a is not None or title_b is not None:
        pairs = [(a, b) for a in ours for b in theirs]
    else:
        pairs = [(title, title) for title in ours if title in theirs]
        if not pairs:
            raise ScenarioError(
                f"{said_a} and {said_b} have no variant in common; name one of each, as in '{said_a}#{ours[0]}': "
                f"A has {_listed(study_a)}, B has {_listed(study_b)}"
            )
    if study_a is study_b:
        pairs = [(a, b) for a, b in pairs if a != b]
        if not pairs:
            raise ScenarioError(
                f"{said_a} and {said_b} are the same; name two variants, as in '{said_a}#{next(iter(study_a.variants))}'; "
                f"it has {_listed(study_a)}"
            )
    return pairs


def _listed(study: Study) -> str:
    return ", ".join(repr(title) for title in study.variants)


def _check(runs_a: Sequence[Run], runs_b: Sequence[Run], said_a: str, said_b: str) -> None:
    """Whether pairing by replication means something.

    Raises:
        ScenarioError: It does not.
    """
    a, b = runs_a[0].scenario, runs_b[0].scenario
    again = "run one of them again"
    if a.seed != b.seed:
        raise ScenarioError(
            f"{said_a} has seed {a.seed}, {said_b} seed {b.seed}: they met other customers and cannot be paired; "
            f"{again} with --seed {a.seed}"
        )
    if len(runs_a) != len(runs_b):
        raise ScenarioError(
            f"{said_a} has {len(runs_a)} replications, {said_b} {len(runs_b)}: they cannot be paired; "
            f"{again} with --replications {len(runs_a)}"
        )
    if (a.calendar.start, a.calendar.end_s) != (b.calendar.start, b.calendar.end_s):
        raise ScenarioError(
            f"{said_a} and {said_b} simulate different stretches of time: they cannot be paired; {again} with the other's calendar"
        )

"""`blendsim study`."""

from __future__ import annotations

import shlex
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from sim.cli import drawing, show
from sim.cli.exits import OURS
from sim.cli.running import COMPILING, is_compiled
from sim.scenario.errors import ScenarioError
from sim.scenario.find import scenario_file

if TYPE_CHECKING:
    from sim.studies.design import Plan
    from sim.studies.execute import Found, Lost, Progress
    from sim.studies.table import Table
    from sim.studies.workers import Tls

SLEEPY_S = 0.1
"""How often the line of progress changes at most."""


def study(
    said: str,
    *,
    sets: Sequence[str],
    overrides: Sequence[str],
    variants: Sequence[str],
    vary: Sequence[str],
    figures: Sequence[str],
    precision: Sequence[str],
    reference: Sequence[str],
    replications: int | None,
    at_most: int | None,
    seed: int | None,
    latin_hypercube: int | None,
    dry_run: bool,
    floor: Literal["kernel", "plain"],
    jobs: int | None,
    cluster: str | None,
    tls: Sequence[Path | None],
    insecure: bool,
    best: str | None,
    within: str | None,
    out: Path,
    workbook: Path | None,
    json: bool,
) -> None:
    """Design, run what is missing, print the table, keep it in *out*."""
    path = scenario_file(said)
    certificates = _tls(cluster, tls, insecure=insecure)
    from sim.reports import sheets
    from sim.studies.design import design, is_study
    from sim.studies.said import said as as_said

    ours = is_study(path)
    if ours and (overrides or variants):
        raise ScenarioError(
            f"{path}: is a study, which names variants and overrides itself, under `scenario:`; --variant and --override go with a scenario"
        )
    laid = as_said(
        scenario=None if ours else str(path),
        variants=variants,
        overrides=overrides,
        vary=vary,
        figures=figures,
        precision=precision,
        replications=replications,
        at_most=at_most,
        seed=seed,
        latin_hypercube=latin_hypercube,
        reference=reference,
    )
    plan = design(path if ours else None, laid, sets, name=path.stem)
    choice = _choice(plan, best, within)
    if workbook is not None:
        sheets.check(workbook)
    if dry_run:
        _dry_run(plan, floor, jobs, json=json)
        return
    drawing.room_for(workbook)
    _run(plan, floor, jobs, cluster, certificates, out, workbook, choice, insecure=insecure, json=json)


def _choice(plan: Plan, best: str | None, within: str | None) -> tuple[int, float | None] | None:
    """The figure that the best cell is chosen by, and the indifference zone."""
    if best is None:
        if within is not None:
            raise ScenarioError("--within goes with --best")
        return None
    from pydantic_core import PydanticCustomError

    from sim.scenario.expect import number_in
    from sim.studies.asked import place_of

    asked = place_of(plan.asked, best, plan.cells[0].scenario)
    if asked is None:
        names = ", ".join(one.told(plan.cells[0].scenario) for one in plan.asked)
        raise ScenarioError(
            f"--best {best}: the study asks for no such figure; it asks for {names} (--figure adds one)"
        )
    what = plan.asked[asked].what
    if what.better == "neither":
        raise ScenarioError(f"--best {best}: neither higher nor lower is better")
    if within is None:
        return asked, None
    try:
        zone = number_in(within, what.unit, "write it in the figure's unit, such as '1 %', 5s or 20")
    except PydanticCustomError as error:
        raise ScenarioError(f"--within {error}") from None
    if zone <= 0:
        raise ScenarioError("--within must be above 0: the smallest difference worth acting on")
    return asked, zone


def _tls(cluster: str | None, files: Sequence[Path | None], *, insecure: bool) -> Tls | None:
    given = [file for file in files if file is not None]
    if cluster is None and (given or insecure):
        raise ScenarioError("--tls-ca, --tls-cert, --tls-key and --insecure-cluster go with --cluster")
    if not given:
        return None
    if len(given) < len(files):
        raise ScenarioError("--tls-ca, --tls-cert and --tls-key go together: name all three")
    from sim.studies.workers import Tls

    return Tls(*given)


def _run(
    plan: Plan,
    floor: Literal["kernel", "plain"],
    jobs: int | None,
    cluster: str | None,
    tls: Tls | None,
    out: Path,
    workbook: Path | None,
    choice: tuple[int, float | None] | None,
    *,
    insecure: bool,
    json: bool,
) -> None:
    from sim.reports import sheets, studied, study_workbook
    from sim.reports.numbers import many
    from sim.store.manifest import dumps
    from sim.studies.best import best as best_of
    from sim.studies.execute import execute, working
    from sim.studies.folder import JOURNAL, study_folder, write
    from sim.studies.journal import Journal

    if cluster is None and not is_compiled(floor):
        show.err(COMPILING[floor])
    place = study_folder(out, plan.name)
    with Journal(place / JOURNAL) as journal:
        before = len(journal.rows)
        try:
            with (
                working(plan, floor, jobs, cluster, tls, insecure=insecure) as workers,
                _progress(plan) as advance,
            ):
                found = execute(plan, journal, workers, floor, advance)
        except KeyboardInterrupt:
            kept = len(journal.rows) - before
            show.err(f"interrupted; {kept:,} new rows are kept, and the same command goes on from them")
            raise
        folder = write(found, out, floor)
    rows = found.table
    found_best = None if choice is None else best_of(rows, *choice)
    words = [] if choice is None or found_best is None else studied.best_in_words(rows, choice[0], found_best)
    said = [*studied.precise(plan, rows, found.capped), *words]
    drawn, undrawn = _draw(plan, rows, folder, said)
    if workbook is not None:
        made = study_workbook.made(rows, plan.reference, plan.name, plan.question)
        show.err(f"{sheets.write(workbook, made)}: written")
    if json:
        facts = {
            **studied.tree(rows, plan.reference),
            "study": plan.name,
            "folder": str(folder),
            "figures": [str(folder / "figures" / name) for name in drawn],
            "best": None
            if choice is None or found_best is None
            else studied.best_tree(rows, choice[0], found_best),
            "missing": found.lost,
            "capped": [plan.cells[c].name for c in found.capped],
            "rows": len(found.rows),
            "rows_made_now": found.made,
            "seconds": round(found.seconds, 3),
        }
        show.out(dumps(facts))
    else:
        counts = [rows.count(c) for c in range(len(plan.cells))]
        show.prose(studied.heading(plan.name, len(plan.cells), counts, _took(found)))
        if plan.question:
            show.prose(plan.question)
        show.out("")
        show.sections([studied.section(rows, plan.reference)])
        for line in said:
            show.out(line)
        total = sum(row.contacts for row in found.rows)
        show.out(
            f"\n{many(total)} contacts in {len(found.rows):,} rows; tables, figures and report.html: {shlex.quote(str(folder))}"
        )
        if drawn:
            show.out(f"figures/: {', '.join(drawn)}, and each as .svg")
    if undrawn:
        show.err(undrawn)
    if found.lost:
        _tell_lost(found)
    if found.lost or undrawn:
        raise typer.Exit(OURS)


def _draw(plan: Plan, rows: Table, folder: Path, said: Sequence[str]) -> tuple[list[str], str]:
    """Draw the figures and write the page that holds them; their names, and why there are none."""
    from sim.reports import page, studied, style
    from sim.store.folder import disk_is_full

    pictures, report = folder / "figures", folder / "report.html"
    drawn = []
    try:
        pictures.mkdir(exist_ok=True)
        for name, figure in studied.figures_of(rows, plan.reference).items():
            drawn.append(style.write(figure, pictures, name)[1].name)
        shown = page.pictures(pictures, drawn)
        report.write_text(studied.in_html(plan, rows, said, shown), encoding="utf-8")
    except OSError as error:
        shutil.rmtree(pictures, ignore_errors=True)  # half a picture is none
        report.unlink(missing_ok=True)
        why = "the disk is full" if disk_is_full(error) else f"cannot be written ({error.strerror or error})"
        return [], f"{pictures}: {why}; the tables are written, and the same command draws the figures"
    return drawn, ""


def _took(found: Found) -> list[str]:
    from sim.reports.numbers import many

    had = len(found.rows) - found.made
    if not found.made:
        return ["every row was there already"]
    rate = found.contacts / found.seconds
    words = [f"{many(found.contacts)} contacts in {found.seconds:.1f} s, {many(rate)}/s"]
    return words if had <= 0 else [f"{had:,} rows were there already", *words]


def _tell_lost(found: Found) -> None:
    from sim.reports.studied import MOST_LOST

    lost: Sequence[Lost] = found.lost
    for one in lost[:MOST_LOST]:
        show.err(
            f"missing: cell {found.plan.cells[one.cell].name!r}, replication {one.replication}: {one.why}"
        )
    if len(lost) > MOST_LOST:
        show.err(f"… and {len(lost) - MOST_LOST:,} more")
    rows = "1 row is" if len(lost) == 1 else f"{len(lost):,} rows are"
    show.err(
        f"{rows} missing from the tables, and study.json names them; this is a fault of blendsim or of this machine. "
        "The same command tries them again"
    )


@contextmanager
def _progress(plan: Plan) -> Iterator[Progress]:
    """Rows done, contacts a second and time left, on a terminal."""
    from sim.reports.numbers import many

    with show.progress("starting") as bar:
        begun_s = time.monotonic()
        told_s = 0.0

        def advance(done: int, wanted: int, contacts: int) -> None:
            nonlocal told_s
            now_s = time.monotonic()
            if now_s - told_s > SLEEPY_S or done == wanted:
                told_s = now_s
                bar(f"{plan.name}, {many(contacts / max(now_s - begun_s, 1e-9))} contacts/s", done, wanted)

        yield advance


def _dry_run(plan: Plan, floor: Literal["kernel", "plain"], jobs: int | None, *, json: bool) -> None:
    from sim.demand.source import expected
    from sim.engine.run import processors
    from sim.reports import studied
    from sim.reports.numbers import duration, many, plural
    from sim.store.manifest import dumps
    from sim.studies.rows import measure

    by_demand: dict[str, float] = {}
    contacts = []
    for cell in plan.cells:
        key = repr((cell.scenario.demand, cell.scenario.calendar))
        contacts.append(by_demand.setdefault(key, expected(cell.scenario)))
    runs = len(plan.cells) * plan.replications
    total = sum(contacts) * plan.replications
    seconds = None
    at_once = jobs or processors()
    if is_compiled(floor):
        scenario = plan.cells[plan.reference].scenario
        measure(scenario, 0, plan.asked, floor)  # loads what was compiled
        clock_s = time.perf_counter()
        row = measure(scenario, 1, plan.asked, floor)
        seconds = (time.perf_counter() - clock_s) / max(1, row.contacts) * total / min(at_once, runs)
    if json:
        cells = [
            {"cell": cell.name, "levels": cell.levels, "contacts": count}
            for cell, count in zip(plan.cells, contacts, strict=True)
        ]
        facts = {
            "study": plan.name, "design": plan.design, "cells": cells, "replications": plan.replications, "at_most": plan.at_most,
            "figures": [one.name for one in plan.asked], "contacts": total, "estimated_s": seconds,
        }  # fmt: skip
        show.out(dumps(facts))
        return
    told = (
        "time: not known before the kernel is compiled"
        if seconds is None
        else f"about {duration(seconds)} with {plural(at_once, 'process', 'processes')} here, by the clock of one run"
    )
    counts = [plan.replications]
    show.prose(studied.heading(plan.name, len(plan.cells), counts, [f"{many(total)} contacts", told]))
    if plan.question:
        show.prose(plan.question)
    show.out("")
    show.sections([studied.planned(plan, contacts)])
    show.out(f"\n{plural(runs, 'run')}; nothing was kept")

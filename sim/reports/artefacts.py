"""Figures and tables of a study as files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sim.engine.records import Run
from sim.outcomes.happenings import kind_of
from sim.reports import figures, style
from sim.reports.answer import Answer, heading, tree
from sim.reports.page import page, pictures
from sim.reports.report import in_markdown, observed, sections
from sim.scenario.errors import ScenarioError
from sim.store import RunFolder, Study
from sim.store.folder import SUMMARY
from sim.store.manifest import dumps

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figures_of(study: Study) -> dict[str, Figure]:
    """Every figure by its file's name: the variants side by side, a timeline, bursts, the day of each variant, a replay."""
    found: dict[str, Figure] = {}
    several = len(study.variants) > 1
    if several:
        found["variants"] = figures.variants(study.variants)
    if any(run.scenario.incidents or _moved(run) for runs in study.variants.values() for run in runs[:1]):
        found["timeline"] = figures.timeline(study.variants)
    bursts = figures.escalation_bursts(study.variants)
    if bursts is not None:
        found["escalation-bursts"] = bursts
    for title, runs in study.variants.items():
        behind = f"-{slug(title)}" if several else ""
        found[f"day{behind}"] = figures.day(runs)
        try:
            seen = observed(runs)
        except (ScenarioError, ValueError):
            continue
        if seen is not None:
            found[f"replay{behind}"] = figures.replay(runs, seen[0])
    return found


def _moved(run: Run) -> bool:
    """Whether control did anything but follow the roster."""
    return any(kind_of(row).label != "people" for row in run.control)


def write_figures(study: Study, folder: Path) -> tuple[str, ...]:
    """Write every figure as SVG and PNG; names of the SVG files."""
    folder.mkdir(parents=True, exist_ok=True)
    return tuple(style.write(figure, folder, name)[0].name for name, figure in figures_of(study).items())


def slug(title: str) -> str:
    """A variant's title as part of a file's name."""
    return re.sub(r"[^A-Za-z0-9]+", "-", title).strip("-").lower() or "variant"


REPORTS = ("report.md", "report.html")
"""What people read of a stored run: the same in Markdown with its figures beside it, and as one file to pass on."""


def reports(found: Answer, figures: Path, names: Sequence[str]) -> dict[str, str]:
    """The text of each of `REPORTS`, from figures that lie in a folder."""
    lead = [found.study.question] if found.study.question else []
    texts = (
        in_markdown(found, [f"figures/{name}" for name in names]),
        page(found.study.name, [*lead, heading(found.study)], sections(found), pictures(figures, names)),
    )
    return dict(zip(REPORTS, texts, strict=True))


def keep(found: Answer, making: RunFolder) -> Path:
    """Write what people read beside the tables, and finish the folder."""
    making.write(SUMMARY, dumps(tree(found)))
    figures = making.path / "figures"
    with making.in_words():
        names = write_figures(found.study, figures)
        texts = reports(found, figures, names)
    for name, text in texts.items():
        making.write(name, text)
    return making.finish(found.study.manifest)[0]

"""Studies and staffing in a notebook or a test: one call, one frozen value with frames and figures."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

from sim.reports import arguments, sheets, staffing, staffing_workbook, study_workbook
from sim.reports.studied import best_in_words, figures_of, notes
from sim.reports.style import shown_in_notebooks
from sim.scenario.errors import ScenarioError
from sim.scenario.find import scenario_file
from sim.scenario.model import Scenario
from sim.scenario.values import seconds
from sim.store import scenarios_of
from sim.studies import loss
from sim.studies.asked import place_of
from sim.studies.best import Best, best
from sim.studies.design import design, is_study
from sim.studies.execute import Lost, execute, working
from sim.studies.folder import JOURNAL, study_folder, write
from sim.studies.folder import read_study as read_stored
from sim.studies.journal import Journal
from sim.studies.roster import as_yaml
from sim.studies.said import said
from sim.studies.staff import Staffing
from sim.studies.staff import staff as find
from sim.studies.table import Table

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Levels = str | Iterable[object]
"""A range as on the command line, `0.80:0.98:0.02`, or the levels themselves."""


@dataclass(frozen=True)
class StudyResult:
    """A finished study, in memory or read back from its folder."""

    name: str
    question: str
    table: Table
    """Part and whole of every run, as arrays."""
    reference: int
    """Place of the cell that others are compared with."""
    lost: tuple[Lost, ...]
    """Runs that could not be had."""
    folder: Path | None = None

    @cached_property
    def cells(self) -> pd.DataFrame:
        """One row a cell: levels, then value, half-width and paired difference from the reference of every figure."""
        return self.table.frame(self.reference)

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row a cell, replication and figure: part, whole, value."""
        return self.table.runs()

    @cached_property
    def differences(self) -> pd.DataFrame:
        """One row a cell and figure: paired difference from the reference, whether it is told from 0 with 95 %, what pairing saved."""
        import pandas as pd

        table, found = self.table, []
        for c, cell in enumerate(table.cells):
            for a, one in enumerate(table.asked):
                if c == self.reference:
                    continue
                gap = table.difference(self.reference, c, a)
                found.append(
                    {
                        "cell": cell.name, **cell.levels, "figure": one.name, "difference": gap.value, "±": gap.half_width,
                        "is_told": abs(gap.value) > gap.half_width, "variance_saved": table.saved(self.reference, c, a),
                    }
                )  # fmt: skip
        return pd.DataFrame(found)

    @property
    def notes(self) -> tuple[str, ...]:
        """How the figures are to be read."""
        return tuple(notes(self.table, self.reference))

    def best(self, figure: str, within: float | None = None) -> Best:
        """Which cells may be the best by a figure; with an indifference zone in its unit also which one is chosen.

        Raises:
            ValueError: The study did not ask for it, or neither side of it is better.
        """
        return best(self.table, self._place(figure), within)

    def best_in_words(self, figure: str, within: float | None = None) -> tuple[str, ...]:
        """The same in sentences."""
        return tuple(best_in_words(self.table, self._place(figure), self.best(figure, within)))

    def _place(self, figure: str) -> int:
        found = place_of(self.table.asked, figure, self.table.cells[0].scenario)
        if found is None:
            known = ", ".join(one.name for one in self.table.asked)
            raise ValueError(f"the study asks for no figure {figure!r}; it asks for {known}")
        return found

    @property
    def figures(self) -> tuple[str, ...]:
        """Names that `figure` knows."""
        return tuple(self._figures)

    def figure(self, name: str = "forest") -> Figure:
        """`forest` (paired differences), `heat-map` (two factors) or `front` (first two figures); see `figures`.

        Raises:
            ValueError: There is no such figure.
        """
        if name not in self._figures:
            there = f"there are {', '.join(self._figures)}" if self._figures else "one cell or run draws none"
            raise ValueError(f"there is no figure {name!r}; {there}")
        shown_in_notebooks()
        return self._figures[name]

    @cached_property
    def _figures(self) -> dict[str, Figure]:
        return figures_of(self.table, self.reference)

    def workbook(self, path: str | os.PathLike[str]) -> Path:
        """Write it as a workbook: a row a cell, what is assumed, the scenario of the reference.

        Raises:
            ScenarioError: It cannot be written there.
        """
        made = study_workbook.made(self.table, self.reference, self.name, self.question)
        return sheets.write(Path(path), made)

    def __repr__(self) -> str:
        return f"<{self.name} · {len(self.table.cells)} cells × {len(self.table.replications)} replications>"


@dataclass(frozen=True)
class StaffResult:
    """How many people, by the clock."""

    staffing: Staffing
    """Everything, as plain values."""
    scenario: Scenario
    after_loss: Staffing | None = None
    """The same with a vendor lost (N − 1)."""

    @cached_property
    def steps(self) -> pd.DataFrame:
        """One row a step: local times, load, people required and scheduled and service level given, by method."""
        return staffing.frame(self.staffing, self.scenario, self.after_loss)

    @cached_property
    def plans(self) -> pd.DataFrame:
        """One row a method: people-hours, and what the plan would really give."""
        return staffing.plans(self.staffing, self.after_loss)

    @cached_property
    def shifts(self) -> pd.DataFrame:
        """One row a shift of the roster: days, local times, breaks, people scheduled and who come.

        Raises:
            ValueError: No roster was looked for.
        """
        return staffing.shifts(self.staffing)

    @property
    def shifts_yaml(self) -> str:
        """The same as a section of a scenario.

        Raises:
            ValueError: No roster was looked for.
        """
        if self.staffing.roster is None:
            raise ValueError("no roster was looked for; say of which shifts, such as shifts=['8h']")
        return as_yaml(self.staffing.roster, self.scenario, self.staffing.group)

    @property
    def notes(self) -> tuple[str, ...]:
        """How the figures are to be read."""
        return staffing.notes(self.staffing)

    def figure(self) -> Figure:
        """People by method over the day, and the service level that each would really give."""
        shown_in_notebooks()
        return staffing.figure(self.staffing, self.scenario)

    def workbook(self, path: str | os.PathLike[str]) -> Path:
        """Write it for workforce management: a sheet by step and queue, one of the plans, one of what is assumed.

        Raises:
            ScenarioError: It cannot be written there.
        """
        return sheets.write(Path(path), staffing_workbook.made(self.staffing, self.scenario, self.after_loss))

    def __repr__(self) -> str:
        return f"<{self.staffing.scenario} · people of {self.staffing.group} in {len(self.staffing.from_s)} steps>"


def study(
    path: str | os.PathLike[str],
    *,
    vary: Mapping[str, Levels] | None = None,
    figures: Sequence[str] = (),
    precision: Mapping[str, object] | None = None,
    reference: Mapping[str, object] | None = None,
    sets: Sequence[str] = (),
    overrides: Sequence[str] = (),
    variants: Sequence[str] = (),
    replications: int | None = None,
    at_most: int | None = None,
    seed: int | None = None,
    latin_hypercube: int | None = None,
    floor: Literal["kernel", "plain"] = "kernel",
    jobs: int | None = None,
    cluster: str | None = None,
    out: str | os.PathLike[str] | None = None,
) -> StudyResult:
    """Run variations of scenarios on the same customers.

    Args:
        path: A study file or a scenario to vary; or the name of one that ships.
        vary: Key of the scenario → its levels, such as `{"fleets.C.sessions": [40, 80]}` or a range, `"0.80:0.98:0.02"`.
        figures: What is wanted to know, such as `asa queue=voice 10:00-13:00`; the study's own when left out.
        precision: Figure → half-width that is wanted in every cell, such as `{"service_level": 0.005}`.
        reference: Factor → level of the cell that others are compared with.
        sets: Changes of every scenario as `path=value`.
        overrides: Of a scenario's file.
        variants: Of a scenario; all when left out.
        replications: Of every cell.
        at_most: Replications of a cell with *precision*.
        seed: Other customers.
        latin_hypercube: So many points instead of every combination.
        floor: `kernel` (fast) or `plain`; the results are the same.
        jobs: Processes at work; as many as processors when left out.
        cluster: Address of a Dask scheduler on this machine.
        out: Where rows and tables are kept, so that the next call goes on from them; nowhere when left out.

    Raises:
        ScenarioError: With every problem of the study and its scenarios.
        ValueError: An argument that no study can have.
        StoreError: The disk is full, or the cluster went away; with *out* what was finished is kept.
    """
    arguments.maps("{'fleets.C.sessions': [40, 80]}", vary=vary)
    arguments.maps("{'service_level': 0.005}", precision=precision)
    arguments.maps("{'fleets.C.sessions': 40}", reference=reference)
    arguments.lists(figures=figures, sets=sets, overrides=overrides, variants=variants)
    arguments.counts(1, replications=replications, at_most=at_most, jobs=jobs)
    arguments.counts(2, latin_hypercube=latin_hypercube)
    arguments.counts(0, seed=seed)
    arguments.among(("kernel", "plain"), floor=floor)
    arguments.texts(cluster=cluster)
    file = scenario_file(os.fspath(path))
    ours = is_study(file)
    if ours and (overrides or variants):
        raise ScenarioError(f"{file}: is a study, which names variants and overrides itself")
    laid = said(
        scenario=None if ours else str(file),
        variants=variants,
        overrides=overrides,
        vary=[f"{key}={_as_text(levels)}" for key, levels in (vary or {}).items()],
        figures=figures,
        precision=[f"{key}={_as_text(wanted)}" for key, wanted in (precision or {}).items()],
        reference=[f"{key}={_as_text(level)}" for key, level in (reference or {}).items()],
        replications=replications,
        at_most=at_most,
        seed=seed,
        latin_hypercube=latin_hypercube,
    )
    plan = design(file if ours else None, laid, sets, name=file.stem)
    with ExitStack() as stack:
        kept = Path(out) if out is not None else Path(stack.enter_context(TemporaryDirectory()))
        journal = stack.enter_context(Journal(study_folder(kept, plan.name) / JOURNAL))
        workers = stack.enter_context(working(plan, floor, jobs, cluster))
        found = execute(plan, journal, workers, floor)
        folder = None if out is None else write(found, kept, floor)
    return StudyResult(plan.name, plan.question, found.table, plan.reference, found.lost, folder)


def read_study(folder: str | os.PathLike[str]) -> StudyResult:
    """A stored study.

    Raises:
        ScenarioError: It is no finished study, or damaged.
    """
    stored = read_stored(folder)
    return StudyResult(
        stored.name, stored.question, stored.table, stored.reference, stored.lost, stored.folder
    )


def staff(
    path: str | os.PathLike[str],
    *,
    sets: Sequence[str] = (),
    overrides: Sequence[str] = (),
    variant: str | None = None,
    group: str | None = None,
    queues: Sequence[str] = (),
    service_level: float | None = None,
    abandonment: float | None = None,
    confidence: float = 0.95,
    shrinkage: float = 0.0,
    every: str = "30m",
    n_minus_1: bool = False,
    lose: str | None = None,
    lost_from: str | None = None,
    lost_for: str | None = None,
    shifts: Sequence[str] = (),
    starts: str = "30m",
    at_most: int | None = None,
    replications: int | None = None,
    floor: Literal["kernel", "plain"] = "kernel",
    jobs: int | None = None,
) -> StaffResult:
    """The smallest staff that holds the target in every step, beside Erlang C, Erlang A and Hayward.

    Args:
        path: A scenario file, or the name of one that ships.
        sets: Changes as `path=value`.
        overrides: Of the scenario's file.
        variant: Of which one, where there are several.
        group: Whose staffing; needed when several groups work.
        queues: That count; all when left out.
        service_level: Target instead of the queues' own.
        abandonment: At most this share, instead of a service level.
        confidence: That each step really holds its target.
        shrinkage: Share of paid time away from the floor.
        every: Length of a step.
        n_minus_1: Also the staff that survives the loss of the largest fleet.
        lose: Or of this node, such as `vendor.B`.
        lost_from: When it is lost, such as `10:00`; all day when left out.
        lost_for: For how long, such as `90m`.
        shifts: Also the cheapest roster of shifts so long, such as `["8h", "4h"]`, or `own` for the group's own shifts.
        starts: From one possible start of a shift to the next.
        at_most: People on all shifts of a day.
        replications: Days that a plan is tried on.
        floor: `kernel` (fast) or `plain`; the results are the same.
        jobs: Runs at a time.

    Raises:
        ScenarioError: With every problem of the file, or why it cannot be staffed.
        ValueError: An argument that no search can have.
    """
    arguments.lists(sets=sets, overrides=overrides, queues=queues, shifts=shifts)
    arguments.texts(variant=variant, group=group, lose=lose, lost_from=lost_from, lost_for=lost_for)
    arguments.shares(0.0, 0.9999, service_level=service_level)
    arguments.shares(0.0, 1.0, abandonment=abandonment)
    arguments.shares(0.5, 0.999, confidence=confidence)
    arguments.shares(0.0, 0.99, shrinkage=shrinkage)
    arguments.counts(2, replications=replications)
    arguments.counts(1, jobs=jobs, at_most=at_most)
    arguments.among(("kernel", "plain"), floor=floor)
    step_s, starts_s = _duration_s("every", every), _duration_s("starts", starts)
    scenario = one_of(
        scenario_file(os.fspath(path)), sets=sets, overrides=overrides, variant=variant, how="variant="
    )
    lost = loss.loss(scenario, lose, lost_from, lost_for, largest=n_minus_1)
    look = partial(
        find, group=group, queues=queues, service_level=service_level, abandonment=abandonment, confidence=confidence,
        shrinkage=shrinkage, step_s=step_s, shifts=shifts, starts_s=starts_s, at_most=at_most, replications=replications,
        floor=floor, jobs=jobs,
    )  # fmt: skip
    found, extra = loss.staffed(look, scenario, lost)
    return StaffResult(found, scenario, extra)


def one_of(
    path: Path,
    *,
    sets: Sequence[str] = (),
    overrides: Sequence[str] = (),
    variant: str | None = None,
    how: str,
) -> Scenario:
    """The one scenario that is to be staffed.

    Raises:
        ScenarioError: With every problem of the file; or it has several variants and none is named.
    """
    scenarios = scenarios_of(
        path, sets, overrides, variants=[] if variant is None else [variant], records="intervals"
    )
    if len(scenarios) > 1:
        raise ScenarioError(f"{path}: has several variants; name one with {how}: {', '.join(scenarios)}")
    return next(iter(scenarios.values()))


def _duration_s(name: str, value: object) -> float:
    """An argument that says how long."""
    found = seconds(value) if isinstance(value, str) else None
    if found is None:
        raise ScenarioError(f"{name} is {value!r}, and must be a duration such as '30m'")
    return found


def _as_text(value: object) -> str:
    """What a command line would say."""
    import json

    import numpy as np

    if isinstance(value, str):
        return value
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, Iterable) and not isinstance(value, Mapping):
        return ", ".join(
            json.dumps(item.item() if isinstance(item, np.generic) else item, ensure_ascii=False)
            for item in value
        )
    return json.dumps(value, ensure_ascii=False)

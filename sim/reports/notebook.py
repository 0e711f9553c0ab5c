"""The same in a notebook or a test: run, look, compare."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sim.outcomes import Difference, Summary, summarise, table
from sim.outcomes import compare as compare_runs
from sim.reports import arguments, run_workbook, sheets
from sim.reports.answer import answer, heading
from sim.reports.artefacts import figures_of, keep, slug
from sim.reports.style import shown_in_notebooks
from sim.scenario.errors import ScenarioError
from sim.scenario.find import scenario_file
from sim.store import RunFolder, Study, record, scenarios_of
from sim.store import read as read_folder
from sim.studies.check import Verdict
from sim.studies.check import check as check_file

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Result:
    """A run, in memory or read back from its folder."""

    study: Study

    @property
    def variants(self) -> tuple[str, ...]:
        """Titles, in the order of the file."""
        return tuple(self.study.variants)

    @cached_property
    def intervals(self) -> pd.DataFrame:
        """Every measure, one row a variant × replication × reporting interval."""
        import pandas as pd

        parts = []
        for title, runs in self.study.variants.items():
            for run in runs:
                part = table([run], by="interval")
                part.insert(0, "variant", title)
                part.insert(1, "replication", run.replication)
                parts.append(part)
        return pd.concat(parts, ignore_index=True)

    def summary(self, variant: str | None = None) -> Summary:
        """All outcomes of one variant; of the first when none is named."""
        return summarise(self.study.variants[_known(self.study, variant)])

    @property
    def figures(self) -> tuple[str, ...]:
        """Names that `figure` knows."""
        return tuple(self._figures)

    def figure(self, name: str) -> Figure:
        """One of the run's figures, see `figures`: `day` (`day-<variant>` where there are several), `variants`, `escalation bursts`, ….

        Raises:
            ValueError: There is no such figure.
        """
        known = name if name in self._figures else slug(name)
        if known not in self._figures:
            raise ValueError(f"there is no figure {name!r}; there are {', '.join(self._figures)}")
        shown_in_notebooks()
        return self._figures[known]

    @cached_property
    def _figures(self) -> dict[str, Figure]:
        return figures_of(self.study)

    def workbook(self, path: str | os.PathLike[str]) -> Path:
        """Write it for workforce management: every figure, queues, people and AI by interval, what is assumed.

        Raises:
            ScenarioError: It cannot be written there.
        """
        return sheets.write(Path(path), run_workbook.made(answer(self.study)))

    def __repr__(self) -> str:
        return f"<{heading(self.study)}>"


@dataclass(frozen=True)
class Comparison:
    """Two variants that met the same customers; every measure is an attribute: `.service_level.difference`."""

    a: str
    b: str
    differences: tuple[Difference, ...]
    """Of b − a, every one."""
    _by_name: dict[str, Difference] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._by_name.update({difference.name: difference for difference in self.differences})

    def __getattr__(self, name: str) -> Difference:
        if name.startswith("_") or name not in self._by_name:
            raise AttributeError(f"there is no measure {name!r}")
        return self._by_name[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._by_name]


def run(
    path: str | os.PathLike[str],
    *,
    sets: Sequence[str] = (),
    overrides: Sequence[str] = (),
    variants: Sequence[str] = (),
    replications: int | None = None,
    seed: int | None = None,
    records: Literal["contacts", "intervals"] | None = None,
    floor: Literal["kernel", "plain"] = "kernel",
    jobs: int | None = None,
    out: str | os.PathLike[str] | None = None,
) -> Result:
    """Simulate every variant of a scenario file on the same customers.

    Args:
        path: A YAML file, or the name of one that ships, such as `sc01`.
        sets: Changes as `path=value`.
        overrides: Names of the file's own `overrides`.
        variants: Only these.
        replications: Instead of the file's number.
        seed: Instead of the file's.
        records: Instead of the file's: rows for every contact, or counts by interval.
        floor: `kernel` (fast) or `plain`; the results are the same.
        jobs: Replications at a time; one a processor when left out.
        out: Where a run folder is written; nowhere when left out.

    Raises:
        ScenarioError: With every problem of the file.
        ValueError: An argument that no run can have.
    """
    arguments.lists(sets=sets, overrides=overrides, variants=variants)
    arguments.counts(1, replications=replications, jobs=jobs)
    arguments.counts(0, seed=seed)
    arguments.among(("kernel", "plain"), floor=floor)
    arguments.among((None, "contacts", "intervals"), records=records)
    scenarios = scenarios_of(
        scenario_file(os.fspath(path)),
        sets,
        overrides,
        variants=variants,
        replications=replications,
        seed=seed,
        records=records,
    )
    if out is None:
        return Result(record(scenarios, floor=floor, jobs=jobs))
    with RunFolder(Path(out), next(iter(scenarios.values())).name) as making:
        study = record(scenarios, floor=floor, jobs=jobs, folder=making)
        folder = keep(answer(study), making)
    return Result(Study(study.variants, study.manifest, folder))


def read(folder: str | os.PathLike[str], *, contacts: bool = True) -> Result:
    """A stored run.

    Raises:
        ScenarioError: It is no finished run folder, or damaged.
    """
    return Result(read_folder(folder, contacts=contacts))


def compare(result: Result, variant: str, against: str | None = None) -> Comparison:
    """Paired differences *variant* − *against* (the first variant when none is named).

    Raises:
        ScenarioError: There is no such variant.
        ValueError: *result* is none, or a name is no text.
    """
    if not isinstance(result, Result):
        raise ValueError(f"result is {result!r}, and must be what sim.run or sim.read gave")  # noqa: TRY004  as all arguments
    arguments.texts(variant=variant, against=against)
    a, b = _known(result.study, against), _known(result.study, variant)
    return Comparison(a, b, tuple(compare_runs(result.study.variants[a], result.study.variants[b])))


def check(
    path: str | os.PathLike[str], *, sets: Sequence[str] = (), replications: int | None = None
) -> tuple[Verdict, ...]:
    """Hold a scenario to what it expects.

    Args:
        path: A YAML file with `expect:`, or the name of one that ships.
        sets: Changes as `path=value`, to be judged.
        replications: Of the first look, instead of the file's number.

    Raises:
        ScenarioError: With every problem of the file, its expectations or its baseline.
        ValueError: An argument that no check can have.
    """
    arguments.lists(sets=sets)
    arguments.counts(2, replications=replications)
    return check_file(scenario_file(os.fspath(path)), sets=sets, replications=replications)


def _known(study: Study, title: str | None) -> str:
    if title is None:
        return next(iter(study.variants))
    if title not in study.variants:
        known = ", ".join(repr(known) for known in study.variants)
        raise ScenarioError(f"{study.name}: there is no variant {title!r}; it has {known}")
    return title

"""Simulate every variant of a scenario and keep what happened, while it happens.

Replications come back in order however many run at a time, so that a run folder holds the same rows whatever the
machine, and are written as they come. Contact rows, where a scenario asks for them, stay in memory for the outcomes;
without them memory does not grow with the number of contacts.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from sim.engine.records import Run
from sim.engine.run import FloorName, in_order
from sim.scenario.build import build
from sim.scenario.errors import ScenarioError
from sim.scenario.load import load
from sim.scenario.model import Scenario
from sim.store.folder import RunFolder
from sim.store.manifest import Manifest, Variant, commit, fingerprint, machine, now_utc, versions
from sim.store.study import Study

Progress = Callable[[str, int, int], None]
"""Told the variant of the replication that is done, how many are done, and of how many."""


def scenarios_of(
    path: str | os.PathLike[str],
    sets: Sequence[str] = (),
    overrides: Sequence[str] = (),
    *,
    variants: Sequence[str] = (),
    replications: int | None = None,
    seed: int | None = None,
    records: Literal["contacts", "intervals"] | None = None,
) -> dict[str, Scenario]:
    """Every variant of a scenario file, ready to run, by title.

    Args:
        path: A YAML file.
        sets: Changes as `path=value`.
        overrides: Names of the file's own `overrides`.
        variants: Only these, in this order; all when none is named.
        replications: Instead of what the file says.
        seed: Same.
        records: Same.

    Raises:
        ScenarioError: With every problem of the file.
    """
    loaded = load(path, sets, overrides)
    titles = list(variants) or list(loaded.variants)
    for title in titles:
        if title not in loaded.variants:
            raise ScenarioError(f"{path}: there is no variant {title!r}; it has {_listed(loaded.variants)}")
    said = {
        key: value
        for key, value in (("replications", replications), ("seed", seed), ("records", records))
        if value is not None
    }
    found: dict[str, Scenario] = {}
    for title in dict.fromkeys(titles):
        spec = loaded.variants[title].model_copy(update=said)
        resolved = {**loaded.resolved(title), **said}
        try:
            found[title] = build(spec, name=Path(path).stem, variant=title, resolved=resolved)
        except ScenarioError as error:
            raise ScenarioError(f"{path}: {error}") from None
    first = next(iter(found.values()))
    for title, scenario in found.items():
        for key in ("seed", "replications"):
            if getattr(scenario, key) != getattr(first, key):
                raise ScenarioError(
                    f"{path}: variants.{title}.{key}: differs from that of {first.variant!r}; variants are "
                    "compared on the same customers, so set it for all of them"
                )
    return found


def _listed(titles: Mapping[str, object]) -> str:
    return ", ".join(repr(title) for title in titles)


def record(
    scenarios: Mapping[str, Scenario],
    *,
    floor: FloorName = "kernel",
    jobs: int | None = None,
    folder: RunFolder | None = None,
    progress: Progress | None = None,
) -> Study:
    """Simulate all variants × replications.

    Args:
        scenarios: By title, from `scenarios_of`.
        floor: `kernel`, the compiled one, or `plain`; the results are the same.
        jobs: Replications at a time; one a processor when left out. The results do not depend on it.
        folder: Where rows go as they come; without one everything stays in memory.
        progress: Told after every replication.

    Returns:
        The study; with a *folder*, `folder.finish(study.manifest)` remains to do.
    """
    started, clock = now_utc(), time.perf_counter()
    first = next(iter(scenarios.values()))
    tasks = [
        (scenario, replication)
        for scenario in scenarios.values()
        for replication in range(scenario.replications)
    ]
    runs: dict[str, list[Run]] = {title: [] for title in scenarios}
    for done, run in enumerate(in_order(tasks, floor, jobs), 1):
        runs[run.scenario.variant].append(run if folder is None else folder.add(run))
        if progress:
            progress(run.scenario.variant, done, len(tasks))
    manifest = Manifest(
        scenario=first.name,
        question=first.question,
        seed=first.seed,
        replications=first.replications,
        floor=floor,
        records="contacts" if any(s.keep_contacts for s in scenarios.values()) else "intervals",
        variants={
            title: Variant(
                scenario.resolved,
                fingerprint(scenario),
                [run.offered for run in runs[title]],
                [run.events for run in runs[title]],
            )
            for title, scenario in scenarios.items()
        },
        versions=versions(),
        platform=machine(),
        commit=commit(),
        started=started.isoformat(timespec="seconds"),
        seconds=round(time.perf_counter() - clock, 3),
    )
    return Study({title: tuple(found) for title, found in runs.items()}, manifest)

"""`blendsim run`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from sim.cli import show
from sim.cli.find import no_study
from sim.scenario.errors import ScenarioError
from sim.scenario.find import scenario_file

COMPILING = {
    "kernel": "compiling the simulation kernel for this machine: about a minute, once; later runs start at once",
    "plain": "compiling the controller's rules for this machine: some seconds, once; later runs start at once",
}
LAST_COMPILED = {"kernel": "advance.advance-*.nbi", "plain": "records.tally-*.nbi"}
"""What lies in the cache once everything that a floor needs has been compiled."""


def run(
    said: str,
    *,
    sets: Sequence[str],
    overrides: Sequence[str],
    variants: Sequence[str],
    replications: int | None,
    seed: int | None,
    floor: Literal["kernel", "plain"],
    jobs: int | None,
    records: Literal["contacts", "intervals"] | None,
    out: Path | None,
    json: bool,
) -> None:
    """Simulate, print the answer, keep the run in *out* (None: nowhere)."""
    path = scenario_file(said)
    from sim.reports import answer as answers
    from sim.reports import verdicts as reports
    from sim.reports.artefacts import keep
    from sim.store import RunFolder, record, scenarios_of
    from sim.store.manifest import dumps
    from sim.studies.check import expectations, judged

    with no_study(path, said):
        scenarios = scenarios_of(
            path, sets, overrides, variants=variants, replications=replications, seed=seed, records=records
        )
    promised = expectations(path, overrides)
    for note in overruled(path, sets, overrides):
        show.err(note)
    if not is_compiled(floor):
        show.err(COMPILING[floor])
    name = next(iter(scenarios.values())).name
    folder = None
    if out is None:
        with show.progress("simulating") as advance:
            study = record(scenarios, floor=floor, jobs=jobs, progress=advance)
        with show.busy("summarising"):
            found = answers.answer(study)
    else:
        with RunFolder(out, name) as making:
            with show.progress("simulating") as advance:
                study = record(scenarios, floor=floor, jobs=jobs, folder=making, progress=advance)
            with show.busy("summarising, drawing figures"):
                found = answers.answer(study)
                folder = keep(found, making)
    verdicts = judged(promised, study.variants)
    if json:
        facts = {**answers.tree(found), "folder": None if folder is None else str(folder)}
        show.out(dumps({**facts, "expected": reports.leaves(verdicts)}))
        return
    show.prose(answers.heading(study))
    if study.question:
        show.prose(study.question)
    show.out("")
    show.sections([answers.section(found)])
    if verdicts:
        show.out("")
        show.sections([reports.kept(verdicts)])
    if folder is not None:
        place = shlex.quote(str(folder))
        show.out(f"\nreport, figures and tables: {place}\nnext: blendsim report {place}")


def overruled(path: Path, sets: Sequence[str], overrides: Sequence[str]) -> list[str]:
    """What `--set` takes away from a variant that says something else of the same key: its title may no longer be true."""
    from sim.scenario.load import load

    notes = []
    loaded = load(path, sets, overrides) if sets else None
    for key in dict.fromkeys(one.partition("=")[0].strip() for one in sets):
        if loaded is None or len(loaded.variants) < 2:
            break
        try:
            written = {title: loaded.origin(title, key).chain for title in loaded.variants}
        except ScenarioError:  # `--set key=null` took it away, from all of them
            continue
        fewest = min(len(chain) for chain in written.values())
        notes += [
            f"note: --set {key} also replaces what variant {title!r} says of it ({chain[-2].place})"
            for title, chain in written.items()
            if len(chain) > max(1, fewest)
        ]
    return notes


def is_compiled(floor: Literal["kernel", "plain"]) -> bool:
    """Whether compiled code for exactly these sources lies in the user's cache."""
    from sim.orchestration.compiled import cache_folder

    return any(cache_folder().rglob(LAST_COMPILED[floor]))

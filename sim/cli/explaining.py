"""`blendsim explain RUN --at TIME` and `--contact ID`: why did it do that."""

from __future__ import annotations

from pathlib import Path

from sim.cli import show
from sim.cli.find import run_and_variant
from sim.outcomes.explanation import WINDOW_S, Around, ContactStory, around, contact_story, moment_s
from sim.reports import explanation as told
from sim.scenario.errors import ScenarioError
from sim.scenario.values import seconds
from sim.store import SCHEMA_VERSION, Study, read
from sim.store.folder import read_manifest
from sim.store.manifest import dumps


def explain(
    said: str,
    *,
    at: str | None,
    contact: int | None,
    window: str | None,
    variant: str | None,
    replication: int,
    json: bool,
) -> None:
    """Print what happened around a moment, or to one contact, in every variant that is asked for."""
    folder, title = run_and_variant(said)
    window_s = _window_s(window)
    if window is not None and at is None:
        raise ScenarioError("--window: is the time around a moment, and needs --at")
    study = _read(folder, variant if variant is not None else title, replication)
    parts: list[tuple[str, Around | ContactStory]] = []
    missing: list[ScenarioError] = []
    for name, runs in study.variants.items():
        if contact is None:
            assert at is not None, "the command asks for one of the two"
            parts.append((name, around(runs[0], moment_s(runs[0].scenario, at), window_s)))
            continue
        try:
            parts.append((name, contact_story(runs[0], contact)))
        except (
            ScenarioError
        ) as error:  # a second call that one variant provokes and another spares the customer
            missing.append(ScenarioError(f"{name}, {error}"))
    if not parts:
        raise missing[0]
    for note in (*study.notes, *missing):
        show.err(str(note))
    if json:
        tree = {
            "schema_version": SCHEMA_VERSION,
            "folder": str(folder),
            "variants": [told.part_tree(name, replication, found) for name, found in parts],
        }
        show.out(dumps(tree))
        return
    for k, (name, found) in enumerate(parts):
        if k:
            show.out("")
        if isinstance(found, Around):
            heading = told.around_title(name, replication, found, window_s)
            show.sections(told.around_sections(study.scenario(name), found, heading))
        else:
            show.sections(told.contact_sections(found, told.contact_title(name, replication, found)))


def _window_s(window: str | None) -> float:
    if window is None:
        return WINDOW_S
    found = seconds(window.strip())
    if found is None or found <= 0.0:
        raise ScenarioError(f"--window {window}: is no duration above 0; write 30s or 10m")
    return found


def _read(folder: Path, variant: str | None, replication: int) -> Study:
    """One replication of a run folder, of one variant or of all.

    Raises:
        ScenarioError: It has no such variant or replication.
    """
    manifest = read_manifest(folder)
    if variant is not None and variant not in manifest.variants:
        has = ", ".join(repr(title) for title in manifest.variants)
        raise ScenarioError(f"{folder}: there is no variant {variant!r}; it has {has}")
    if not 0 <= replication < manifest.replications:
        last = manifest.replications - 1
        has = "only replication 0" if last == 0 else f"replications 0 to {last}"
        raise ScenarioError(f"{folder}: there is no replication {replication}; it has {has}")
    with show.busy("reading"):
        return read(
            folder,
            contacts=True,
            decisions=True,
            variants=None if variant is None else [variant],
            replications=[replication],
        )

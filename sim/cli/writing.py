"""`blendsim validate`, `init`, `import`, `explain`: what needs no simulation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from sim.cli import show
from sim.cli.find import no_study
from sim.scenario.errors import Problem, ScenarioError
from sim.scenario.find import scenario_file

if TYPE_CHECKING:
    from sim.scenario.load import Origin


def validate(files: Sequence[str], sets: Sequence[str], overrides: Sequence[str], *, json: bool) -> None:
    """Say of every file that it is in order, or everything that is wrong with it."""
    from sim.scenario.load import load

    told: list[dict[str, Any]] = []
    for said in files:
        path: Path | str = said
        try:
            path = scenario_file(said)
            with no_study(path, said):
                loaded = load(path, sets, overrides)
            if any(spec.expect for spec in loaded.variants.values()):
                from sim.studies.check import expectations  # only where needed: it takes the engine along

                expectations(path, overrides)
        except ScenarioError as error:
            problems = error.problems or (Problem(str(path), None, None, "", str(error)),)
            told.append({"file": str(path), "ok": False, "variants": [], "problems": problems})
            if not json:
                show.err(str(error))
        else:
            titles = list(loaded.variants)
            told.append({"file": str(path), "ok": True, "variants": titles, "problems": ()})
            if not json:
                many = "s" * (len(titles) > 1)
                show.out(f"{path}: ok ({len(titles)} variant{many}: {', '.join(titles)})")
    if json:
        _show_json({"files": told})
    if not all(file["ok"] for file in told):
        raise typer.Exit(2)


def _show_json(facts: dict[str, Any]) -> None:
    from sim.store.manifest import SCHEMA_VERSION, dumps  # only where needed: it takes the engine along

    show.out(dumps({"schema_version": SCHEMA_VERSION, **facts}))


def init(file: Path) -> None:
    """Write the starter scenario; never over something that is there."""
    text = resources.files("sim.scenario").joinpath("starter.yaml").read_text(encoding="utf-8")
    if file.is_dir():
        file = file / "scenario.yaml"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text.replace(" FILE", f" {file}"))
    except FileExistsError:
        raise ScenarioError(f"{file}: is there already; name another file") from None
    except OSError as error:
        raise ScenarioError(f"{file}: cannot be written ({error.strerror})") from None
    show.out(f"{file}: written; next: blendsim run {file}")


def import_log(log: Path, mapping: Path, out: Path, key_file: Path | None) -> None:
    """Import a call log and say what became of its rows."""
    from sim.demand import log_import
    from sim.scenario.load import shipped

    if not mapping.exists():  # the mapping of a public log ships beside the scenarios
        mapping = shipped(mapping.name) or mapping
    key = log_import.read_key(key_file, out) if key_file is not None else None
    try:
        report = log_import.import_log(log, mapping, out, key)
    except OSError as error:
        raise ScenarioError(f"{out}: cannot be written ({error.strerror or error})") from None
    show.out(report.in_words())
    show.out(f"written to {out}; replay it with  demand: {{replay: {out}}}")


def explain(
    file: str, key: str, sets: Sequence[str], overrides: Sequence[str], variant: str | None, *, json: bool
) -> None:
    """Say what a value is, where it comes from, and what the schema says about it."""
    from sim.scenario.load import load

    path = scenario_file(file)
    with no_study(path, file):
        loaded = load(path, sets, overrides)
    titles = [variant] if variant is not None else list(loaded.variants)
    origins = {title: loaded.origin(title, key) for title in titles}
    doc = " ".join(next((origin.doc for origin in origins.values() if origin.doc), "").split())
    if json:
        variants = [{"variant": title, **_origin_tree(origin)} for title, origin in origins.items()]
        _show_json({"file": str(path), "key": key, "doc": doc, "variants": variants})
        return
    told: dict[str, list[str]] = {}
    for title, origin in origins.items():
        told.setdefault("\n".join(_where(origin)), []).append(title)
    show.out(key)
    for text, mine in told.items():
        if len(told) > 1:
            show.out(f"in {', '.join(repr(title) for title in mine)}:")
        show.out(text)
    if doc:
        show.out(doc)


def _origin_tree(origin: Origin) -> dict[str, Any]:
    """The value as the file has it and as the model does (seconds, shares), and what was written for it, the newest first."""
    from pydantic_core import to_jsonable_python

    return {
        "written": origin.written,
        "value": to_jsonable_python(origin.value, by_alias=True, fallback=str),
        "is_default": origin.is_default,
        "settings": [
            {**asdict(setting.place), "written": setting.text} for setting in reversed(origin.chain)
        ],
    }


def _where(origin: Origin) -> list[str]:
    """The value, and everything that was written for it, the newest first."""
    lines = [f"  {origin.written}"]
    if origin.is_default:
        return [*lines, "  default: no file says anything about it"]
    newest, *older = reversed(origin.chain)
    lines.append(f"  from {newest.place}")
    lines += [f"  instead of {setting.text} from {setting.place}" for setting in older]
    return lines

"""What the user means by a name: a scenario file, or one that ships; a run folder and a variant in it."""

from __future__ import annotations

import difflib
from pathlib import Path

from sim.scenario.errors import ScenarioError
from sim.scenario.load import _shipping_folders, shipped

NICKNAMES = {"sc01": "single_vendor_outage_monday_peak"}
"""Short names of the catalogue of scenarios, and the files that hold them."""


def scenario_file(said: str) -> Path:
    """The file that *said* means: a path, or the name of a scenario that ships.

    Raises:
        ScenarioError: Neither.
    """
    path = Path(said)
    if path.exists() or (path.suffix in {".yaml", ".yml"} and len(path.parts) > 1):
        return path
    stem = NICKNAMES.get(said.lower(), said)
    for name in (stem, f"{stem}.yaml"):
        ours = shipped(name) if name.endswith((".yaml", ".yml")) else None
        if ours is not None:
            return _from_here(ours)
    known = shipped_names()
    close = difflib.get_close_matches(Path(said).stem, [*known, *NICKNAMES], 1)
    hint = (
        f"; did you mean {close[0]}?"
        if close
        else f"; scenarios that ship: {', '.join([*NICKNAMES, *known])}"
        if known
        else ""
    )
    raise ScenarioError(f"{said}: there is no such file, and no scenario of this name ships{hint}")


def shipped_names() -> list[str]:
    """Names of the scenarios that ship, without their ending."""
    found: dict[str, None] = {}
    for folder in _shipping_folders():
        if folder.is_dir():
            for file in sorted(folder.glob("*.yaml")):
                if not file.stem.endswith("_mapping"):  # explains a call log, is no scenario
                    found[file.stem] = None
    return list(found)


def run_and_variant(said: str) -> tuple[Path, str | None]:
    """`folder#variant title` as its two parts; None when no variant is named."""
    folder, mark, variant = said.partition("#")
    return Path(folder or "."), variant.strip() if mark else None


def _from_here(path: Path) -> Path:
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path

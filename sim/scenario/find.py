"""What the user means by a name: a scenario file, or one that ships."""

from __future__ import annotations

import difflib
from pathlib import Path

from sim.scenario.errors import ScenarioError
from sim.scenario.load import _shipping_folders, shipped

STUDIES = "studies"
"""Folder of the studies that ship, below that of the scenarios."""
NICKNAMES = {
    "sc01": "single_vendor_outage_monday_peak",
    "sc02": "total_ai_outage_fail_to_human",
    "sc03": "shared_llm_provider_brownout",
    "sc06": "silent_semantic_drift",
    "sc07": "early_warning_85_to_78",
    "sc08": "policy_boundary_cluster",
    "sc10": "break_wave_bidirectional_sync",
    "sc11": "threshold_matrix_comparison",
    "sc15": "handoff_path_failure_after_recovery",
    "sc16": "planned_maintenance_vs_surprise",
}
"""Short names of the catalogue of scenarios, and the files that hold them."""


def scenario_file(said: str) -> Path:
    """The file that *said* means: a path, or the name of a scenario or study that ships.

    Raises:
        ScenarioError: Neither.
    """
    path = Path(said)
    if path.exists() or (path.suffix in {".yaml", ".yml"} and len(path.parts) > 1):
        return path
    stem = NICKNAMES.get(said.lower(), said)
    for name in (stem, f"{stem}.yaml", f"{STUDIES}/{stem}.yaml"):
        ours = shipped(name) if name.endswith((".yaml", ".yml")) else None
        if ours is not None:
            return _from_here(ours)
    known = [*shipped_names(), *shipped_names(STUDIES)]
    close = difflib.get_close_matches(Path(said).stem, [*known, *NICKNAMES], 1)
    hint = (
        f"; did you mean {close[0]}?"
        if close
        else f"; scenarios that ship: {', '.join([*NICKNAMES, *known])}"
        if known
        else ""
    )
    raise ScenarioError(f"{said}: there is no such file, and no scenario of this name ships{hint}")


def shipped_names(below: str = "") -> list[str]:
    """Names of the scenarios that ship, without their ending; with *below* those of a folder below theirs."""
    found: dict[str, None] = {}
    for folder in _shipping_folders():
        if (folder / below).is_dir():
            for file in sorted((folder / below).glob("*.yaml")):
                if not file.stem.endswith("_mapping"):  # explains a call log, is no scenario
                    found[file.stem] = None
    return list(found)


def _from_here(path: Path) -> Path:
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path

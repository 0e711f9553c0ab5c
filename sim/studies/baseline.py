"""A baseline: figures of a scenario, replication by replication, in a small text file that is reviewed like code.

```yaml
# Made by `blendsim check monday.yaml --update`; later runs are held against it, paired by replication.
scenario: monday
seed: 1
variants:
  breaker:
    customers: 5f1c0c2a…
    made_by: 90ab14…
    service_level:
      part: [812.0, 799.0]
      whole: [1000.0, 1004.0]
```
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sim.outcomes.intervals import FloatArray
from sim.scenario.errors import ScenarioError
from sim.scenario.tree import plain, read_file

_NO_FIGURE = ("customers", "made_by")
Pairs = tuple[FloatArray, FloatArray]
"""Part and whole by replication, from replication 0 on."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What later runs are held against."""

    pairs: dict[str, dict[str, Pairs]]
    """Variant → name of what was asked → pairs."""
    made_by: dict[str, str]
    """Variant → hash of scenario and code that made them; older baselines have none."""


def baseline_of(scenario: Path) -> Path:
    """Where the baseline of a scenario file lies: `monday.baseline.yaml` beside `monday.yaml`."""
    return scenario.with_name(f"{scenario.stem}.baseline.yaml")


def write(path: Path, scenario: str, seed: int, drawn: Mapping[str, str], found: Baseline) -> None:
    """Put a baseline in place, whole or not at all; the same baseline, the same bytes.

    Args:
        path: Where.
        scenario: The file's name.
        seed: Of all variants.
        drawn: By variant, what its customers are drawn from (`customers`).
        found: Pairs by variant and figure, and what made them.
    """
    lines = [
        f"# Made by `blendsim check {scenario} --update`; later runs are held against it, paired by replication.",
        f"scenario: {_text(scenario)}",
        f"seed: {seed}",
        "variants:",
    ]
    for variant, figures in found.pairs.items():
        lines += [f"  {_text(variant)}:", f"    customers: {drawn[variant]}"]
        lines += [f"    made_by: {_text(found.made_by[variant])}"]
        for name, (part, whole) in figures.items():
            lines += [
                f"    {_text(name)}:",
                f"      part: [{', '.join(map(repr, part.tolist()))}]",
                f"      whole: [{', '.join(map(repr, whole.tolist()))}]",
            ]
    making = path.with_name(f"{path.name}.partial")
    try:
        making.write_text("\n".join(lines) + "\n", encoding="utf-8")
        making.replace(path)
    except OSError as error:
        making.unlink(missing_ok=True)
        raise ScenarioError(f"{path}: cannot be written ({error.strerror or error})") from None


def read(path: Path, seed: int, drawn: Mapping[str, str]) -> Baseline:
    """A baseline from disk.

    Raises:
        ScenarioError: It is not there, of another seed or of other customers, or damaged.
    """
    if not path.is_file():
        raise ScenarioError(
            f"{path}: there is no such baseline; make it with blendsim check --update, look at it, and commit it"
        )
    node, problems = read_file(path, str(path))
    if problems or node is None:
        raise ScenarioError.of(problems)
    said = plain(node)
    if not isinstance(said, Mapping) or not isinstance(said.get("variants"), Mapping):
        raise ScenarioError(f"{path}: is no baseline; make it anew with blendsim check --update")
    if said.get("seed") != seed:
        raise ScenarioError(
            f"{path}: was made with seed {said.get('seed')}, and this scenario has {seed}: nothing can be paired; "
            "make it anew with blendsim check --update"
        )
    try:
        for variant, figures in said["variants"].items():
            if variant in drawn and figures["customers"] != drawn[variant]:
                raise ScenarioError(
                    f"{path}: {variant!r} met other customers then (demand, intents, channels, segments or calendar differ): nothing can "
                    "be paired; make it anew with blendsim check --update"
                )
        return Baseline(
            {
                str(variant): {
                    str(name): _pairs(pairs) for name, pairs in figures.items() if name not in _NO_FIGURE
                }
                for variant, figures in said["variants"].items()
            },
            {
                str(variant): str(figures["made_by"])
                for variant, figures in said["variants"].items()
                if "made_by" in figures
            },
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ScenarioError(f"{path}: is damaged; make it anew with blendsim check --update") from None


def _pairs(said: Mapping[str, Any]) -> Pairs:
    part, whole = (np.array([float(x) for x in said[key]]) for key in ("part", "whole"))
    if len(part) != len(whole) or not len(part):
        raise ValueError("as many parts as wholes")
    return part, whole


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"

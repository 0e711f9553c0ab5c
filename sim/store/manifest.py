"""What was run, with what and when: everything that a later reader needs to trust or repeat a run folder."""

from __future__ import annotations

import hashlib
import json
import math
import platform
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from sim.scenario.model import Scenario

SCHEMA_VERSION = 4
"""Of the run folder: tables, manifest, summary. Raised when an older reader would misread a newer folder."""

PACKAGES = ("blendsim", "numba", "numpy", "simpy")
"""Whose versions can move a result's last bit."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One variant of the scenario."""

    resolved: dict[str, Any]
    """The file after extends, overrides, the variant's changes and the command line's, without defaults."""
    fingerprint: str
    """Hash of the scenario as it was simulated, defaults included."""
    offered: list[int]
    """Contacts that arrived, by replication."""
    events: list[int]
    """Events of the floor, by replication."""


@dataclass(frozen=True, slots=True)
class FileNote:
    """One file of the folder."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """`manifest.json`."""

    scenario: str
    question: str
    seed: int
    replications: int
    floor: str
    records: str
    variants: dict[str, Variant]
    versions: dict[str, str]
    platform: str
    commit: str | None
    """Of the checkout that the code ran from, `+` behind it when files were changed; None outside a checkout."""
    started: str
    """UTC, ISO 8601."""
    seconds: float
    files: dict[str, FileNote] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION

    def to_json(self) -> str:
        """As it lies on disk."""
        facts = asdict(self)
        return dumps({"schema_version": facts.pop("schema_version"), **facts})

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Read one.

        Raises:
            ValueError: It is not JSON, or not a manifest of this schema.
        """
        facts = json.loads(text)
        if not isinstance(facts, dict) or facts.get("schema_version") != SCHEMA_VERSION:
            found = facts.get("schema_version") if isinstance(facts, dict) else None
            raise ValueError(f"is of schema {found}, and this version reads {SCHEMA_VERSION}")
        try:
            known = {f.name for f in fields(cls)}
            facts = {key: value for key, value in facts.items() if key in known}
            facts["variants"] = {title: Variant(**note) for title, note in facts["variants"].items()}
            facts["files"] = {name: FileNote(**note) for name, note in facts["files"].items()}
            return cls(**facts)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"is not a manifest ({error})") from None


def versions() -> dict[str, str]:
    """Of Python and of the packages that results rest on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # read from a folder that was never installed
            found[package] = "unknown"
    return found


def machine() -> str:
    """Operating system and processor."""
    return f"{platform.system()} {platform.release()} {platform.machine()} ({sys.byteorder}-endian)"


def commit() -> str | None:
    """Git commit of the checkout that this code runs from, `+` behind it when files were changed."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None

    def git(*words: str) -> str:
        done = subprocess.run(  # noqa: S603  fixed words, no shell
            ["git", "-C", str(root), *words],  # noqa: S607  whichever git the user has
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
        return done.stdout.strip()

    try:
        head = git("rev-parse", "HEAD")
        return head + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def now_utc() -> datetime:
    """Wall clock of the machine, in UTC."""
    return datetime.now(tz=UTC)


def fingerprint(scenario: Scenario) -> str:
    """Hash of everything that a scenario says, names and defaults included; the tree it was read from is left out."""
    text = json.dumps(_plain(scenario, {"resolved", "question"}), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def customers(scenario: Scenario) -> str:
    """Hash of everything that customers are drawn from: two scenarios of the same one meet the same, replication by replication."""
    parts = (scenario.seed, scenario.calendar, scenario.names.intents, scenario.names.channels)
    drawn = _plain((*parts, scenario.names.segments, scenario.demand), set())
    return hashlib.sha256(json.dumps(drawn, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:32]


def same_customers(a: Scenario, b: Scenario) -> bool:
    """Whether two scenarios draw the same customers, replication by replication."""
    return customers(a) == customers(b)


def _plain(value: Any, without: set[str]) -> Any:
    """A value as JSON can hold it, the same for equal values."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name), set()) for f in fields(value) if f.name not in without}
    if isinstance(value, np.ndarray):
        return [list(value.shape), *(_plain(item, set()) for item in value.ravel().tolist())]
    if isinstance(value, Mapping):
        return {str(key): _plain(item, set()) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(_plain(item, set()) for item in value)
    if isinstance(value, list | tuple):
        return [_plain(item, set()) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.name
    return repr(value) if isinstance(value, float) else value


def dumps(value: Any) -> str:
    """JSON for people and programs: UTF-8 as it is, no NaN and no infinity (both become null)."""
    return json.dumps(jsonable(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def jsonable(value: Any) -> Any:
    """Plain values that JSON can hold: NaN, infinity become null, arrays lists, frozen values maps."""
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, np.generic):
        return jsonable(value.item())
    if isinstance(value, np.ndarray):
        return jsonable(value.tolist())
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: jsonable(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [jsonable(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)

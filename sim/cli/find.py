"""What the user means by the name of a run: its folder, and a variant in it."""

from __future__ import annotations

from pathlib import Path


def run_and_variant(said: str) -> tuple[Path, str | None]:
    """`folder#variant title` as its two parts; None when no variant is named."""
    folder, mark, variant = said.partition("#")
    return Path(folder or "."), variant.strip() if mark else None

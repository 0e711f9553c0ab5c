"""A figure that somebody asked for, as one file."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sim.cli import show
from sim.scenario.errors import ScenarioError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def check(figure: Path | None) -> None:
    """Refuse a name whose ending says nothing, before anything is worked out."""
    if figure is not None and figure.suffix.lower() not in {".png", ".svg"}:
        raise ScenarioError(f"--figure {figure}: must end in .png or .svg")


def room_for(*files: Path | None) -> None:
    """Refuse a file that cannot be written before anything is worked out: a search takes minutes.

    Raises:
        ScenarioError: Its folder is not there and cannot be made, or nothing may be written in it.
    """
    for file in files:
        if file is None:
            continue
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ScenarioError(f"{file}: cannot be written ({error.strerror or error})") from None
        if file.is_dir() or not os.access(file if file.exists() else file.parent, os.W_OK):
            why = "it is a folder" if file.is_dir() else "nothing may be written there"
            raise ScenarioError(f"{file}: cannot be written ({why})")


def keep(figure: Figure, file: Path) -> None:
    """Write it as PNG or SVG, as the name says."""
    from sim.reports.style import write

    with TemporaryDirectory() as folder:
        made = write(figure, Path(folder), "figure")
        found = next(path for path in made if path.suffix == file.suffix.lower())
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(found.read_bytes())
        except OSError as error:
            raise ScenarioError(f"{file}: cannot be written ({error.strerror or error})") from None
    show.err(f"{file}: written")

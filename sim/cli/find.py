"""What the user means by the name of a run: its folder, and a variant in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sim.scenario.errors import ScenarioError


def run_and_variant(said: str) -> tuple[Path, str | None]:
    """`folder#variant title` as its two parts; None when no variant is named."""
    folder, mark, variant = said.partition("#")
    return Path(folder or "."), variant.strip() if mark else None


@contextmanager
def no_study(path: Path, said: str) -> Iterator[None]:
    """Whoever takes *path*, which the user called *said*, for a scenario: of a study that alone is said, and what reads it.

    Raises:
        ScenarioError: It is a study, or what else is wrong with it.
    """
    try:
        yield
    except ScenarioError:
        from sim.studies.design import is_study  # only where needed: it takes the engine along

        if path.is_file() and is_study(path):
            raise ScenarioError(
                f"{path}: is a study; `blendsim study {said}` runs it, with --dry-run it is only checked"
            ) from None
        raise

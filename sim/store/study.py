"""What was run: every variant of one scenario, every replication of it, on the same customers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sim.engine.records import Run
from sim.scenario.model import Scenario
from sim.store.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Study:
    """The replications of every variant, in memory or read back from a run folder."""

    variants: dict[str, tuple[Run, ...]]
    """By title, in the order of the file; replications ascending."""
    manifest: Manifest
    folder: Path | None = None
    """Where it lies; None when it was never stored."""
    notes: tuple[str, ...] = ()
    """What whoever reads it should know, a sentence each."""

    @property
    def name(self) -> str:
        """The scenario's."""
        return self.manifest.scenario

    @property
    def question(self) -> str:
        """What the scenario is run to find out; empty when the file does not say."""
        return self.manifest.question

    @property
    def contacts(self) -> int:
        """Contacts that arrived, over all variants and replications."""
        return sum(run.offered for runs in self.variants.values() for run in runs)

    def scenario(self, variant: str) -> Scenario:
        """What was run under this title."""
        return self.variants[variant][0].scenario

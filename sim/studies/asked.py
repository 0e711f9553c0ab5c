"""What a study wants to know of every run: a figure, of whom, and when."""

from __future__ import annotations

from dataclasses import dataclass

from sim.engine.records import Run
from sim.outcomes.figures import FIGURES, Figure, Pair
from sim.outcomes.measures import Cut
from sim.scenario.model import Scenario


@dataclass(frozen=True, slots=True)
class Asked:
    """One figure of all contacts or some of them, of the whole run after its warm-up or of a stretch."""

    figure: str
    """A name in `FIGURES`."""
    queue: str | None = None
    channel: str | None = None
    intent: str | None = None
    from_s: float | None = None
    """Both or neither: whole intervals that overlap the stretch."""
    until_s: float | None = None

    @property
    def what(self) -> Figure:
        """Its unit, label and which way is better."""
        return FIGURES[self.figure]

    @property
    def name(self) -> str:
        """Short and unique, for columns: `service_level`, `asa queue=voice 10800-14400s`."""
        words = [self.figure]
        words += [
            f"{by}={value}"
            for by in ("queue", "channel", "intent")
            if (value := getattr(self, by)) is not None
        ]
        if self.from_s is not None and self.until_s is not None:
            words.append(f"{self.from_s:g}-{self.until_s:g}s")
        return " ".join(words)

    def of(self, run: Run) -> Pair:
        """Part and whole in one run."""
        window = None if self.from_s is None or self.until_s is None else (self.from_s, self.until_s)
        return self.what.of(run, self._cut(run.scenario), window)

    def _cut(self, scenario: Scenario) -> Cut:
        names = scenario.names
        return Cut(
            queue=None if self.queue is None else names.queues.index(self.queue),
            channel=None if self.channel is None else names.channels.index(self.channel),
            intent=None if self.intent is None else names.intents.index(self.intent),
        )

    def problem(self, scenario: Scenario) -> str | None:
        """Why this cannot be asked of a scenario, in words; None when it can."""
        if self.figure not in FIGURES:
            return f"there is no figure {self.figure!r}"
        for by in ("queue", "channel", "intent"):
            value = getattr(self, by)
            known = getattr(scenario.names, f"{by}s")
            if value is None:
                continue
            if not self.what.by_cut:
                return f"{self.figure} is of whole runs, and cannot be asked of one {by}"
            if value not in known:
                return f"there is no {by} {value!r}; there are {', '.join(known)}"
        if (self.from_s is None) != (self.until_s is None):
            return "a stretch has a begin and an end"
        if self.from_s is not None and self.until_s is not None and not self.from_s < self.until_s:
            return "the stretch ends before it begins"
        return None

"""What a study wants to know of every run: a figure, of whom, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sim.engine.records import Run
from sim.outcomes.figures import FIGURES, Figure, Pair
from sim.outcomes.local_time import span_words
from sim.outcomes.measures import Cut, remembering
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

    def told(self, scenario: Scenario) -> str:
        """The same for people, a stretch by the clock: `asa queue=voice 10:00–13:00`."""
        if self.from_s is None or self.until_s is None:
            return self.name
        return f"{replace(self, from_s=None, until_s=None).name} {span_words(scenario, (self.from_s, self.until_s))}"

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


def pairs_of(asked: Sequence[Asked], run: Run) -> tuple[Pair, ...]:
    """Part and whole of every figure in one run."""
    with remembering():
        return tuple(one.of(run) for one in asked)


def place_of(asked: Sequence[Asked], figure: str, scenario: Scenario) -> int | None:
    """Place of a figure by its name or by how people read it, words in any order; None when it is not there."""
    words = set(figure.replace("–", "-").split())
    for k, one in enumerate(asked):
        if words in (set(one.name.split()), set(one.told(scenario).replace("–", "-").split())):
            return k
    return None

"""What each controller takes of a run: R1's Monday with every controller on, by a stopwatch around each of them.

Time on the wall: what else the machine does slows all parts alike, and asking for processor time costs more than some of them do. A
controller that asks another one is not charged for it.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from statistics import median
from time import perf_counter
from typing import Any
from unittest.mock import patch

from benchmarks import product
from sim.engine import run as one_run
from sim.engine.estimates import Estimates
from sim.engine.kernel import driver
from sim.engine.supervisor import Supervisor
from sim.scenario.model import Scenario

CONTROLLERS: dict[str, tuple[type, tuple[str, ...]]] = {
    "common cause": (Supervisor, ("_look_for_a_common_cause",)),
    "estimates of impact": (Estimates, ("now", "shortage", "shortage_with_pauses")),
    "signals": (Supervisor, ("_signal",)),
    "contingency plans": (Supervisor, ("_plan",)),
}
"""What acts above single fleets, and what it is called by."""
LOOKS = "looks at fleets and queues, compiled"
"""Breakers' verdicts, levels, early warnings, autoscaling, look ahead and relief: what is done every ten seconds."""
FLOOR, DRAWING, REST = (
    "compiled floor, looks included",
    "drawing customers",
    "clock, desk, records and the rest",
)
TIDYING = "Python's garbage collector"
"""Runs when so many objects have been made, and goes through all that there are: whoever made the last one is not charged for it."""
SEED = product.SEED + 1
"""Not that of the timed runs: estimates that these have worked out would be had for nothing."""
NEARLY_NOBODY = 1e-3
"""Of the usual customers: what is left of the floor's time is that of the looks."""


@dataclass(slots=True)
class Stopwatch:
    """Seconds by title, of what runs in this thread; inside another title only the inner one is charged."""

    spent_s: dict[str, float] = field(default_factory=dict)
    _inside: list[str] = field(default_factory=list)
    _since_s: float = 0.0

    def around(self, title: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """*function*, timed."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            self._charge()
            self._inside.append(title)
            try:
                return function(*args, **kwargs)
            finally:
                self._charge()
                self._inside.pop()

        return timed

    def tidies(self, phase: str, _: dict[str, int]) -> None:
        """The garbage collector begins, or ends."""
        self._charge()
        if phase == "start":
            self._inside.append(TIDYING)
        elif self._inside[-1:] == [TIDYING]:
            self._inside.pop()

    def _charge(self) -> None:
        now_s = perf_counter()
        if self._inside:
            title = self._inside[-1]
            self.spent_s[title] = self.spent_s.get(title, 0.0) + now_s - self._since_s
        self._since_s = now_s


@contextmanager
def timed_run() -> Iterator[Stopwatch]:
    """A stopwatch that runs whenever a controller, the compiled floor or the drawing of customers is at work."""
    watch, drawing = Stopwatch(), Stopwatch()
    with ExitStack() as patches:
        for title, (owner, names) in CONTROLLERS.items():
            for name in names:
                patches.enter_context(patch.object(owner, name, watch.around(title, getattr(owner, name))))
        patches.enter_context(patch.object(driver, "advance", watch.around(FLOOR, driver.advance)))
        patches.enter_context(patch.object(one_run, "customers", drawing.around(DRAWING, one_run.customers)))
        gc.callbacks.append(watch.tidies)
        patches.callback(gc.callbacks.remove, watch.tidies)
        yield watch
    watch.spent_s |= drawing.spent_s


def shares(replications: int, seed: int = SEED) -> tuple[dict[str, float], dict[str, float]]:
    """Shares of the time of runs after a first one, medians: by controller, and of all that is no controller."""
    scenario = replace(product.scenario(product.ALL_ON), seed=seed)
    demand = scenario.demand
    empty = replace(scenario, demand=replace(demand, per_s=demand.per_s * NEARLY_NOBODY))
    found: list[dict[str, float]] = []
    for replication in range(replications + 1):
        spent_s, whole_s = _spent(scenario, replication)
        spent_s[REST] = whole_s - sum(spent_s.values())
        spent_s[LOOKS] = _spent(empty, replication)[0][FLOOR]
        found.append({title: seconds / whole_s for title, seconds in spent_s.items()})

    def medians(*titles: str) -> dict[str, float]:
        # The first run makes the forecast.
        return {title: median(one.get(title, 0.0) for one in found[1:]) for title in titles}

    return medians(*CONTROLLERS, LOOKS), medians(FLOOR, DRAWING, TIDYING, REST)


def _spent(scenario: Scenario, replication: int) -> tuple[dict[str, float], float]:
    with timed_run() as watch:
        began_s = perf_counter()
        one_run.simulate(scenario, replication)
        whole_s = perf_counter() - began_s
    return watch.spent_s, whole_s

"""What each controller takes of a run: R1's Monday with every controller on, by a stopwatch around each of them.

Time on the wall: what else the machine does slows all parts alike, and asking for processor time costs more than some of them do. A
controller that asks another one is not charged for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
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
        yield watch
    watch.spent_s |= drawing.spent_s


def shares(replications: int, seed: int = product.SEED) -> tuple[dict[str, float], dict[str, float]]:
    """Shares of the time of runs after a first one: by controller, and of all that is no controller."""
    scenario = replace(product.scenario(product.ALL_ON), seed=seed)
    _spent(scenario, range(1))
    spent_s, whole_s = _spent(scenario, range(1, replications + 1))
    demand = scenario.demand
    empty = replace(scenario, demand=replace(demand, per_s=demand.per_s * NEARLY_NOBODY))
    looks_s = _spent(empty, range(1, replications + 1))[0][FLOOR]
    controllers = {title: spent_s.get(title, 0.0) for title in CONTROLLERS} | {LOOKS: looks_s}
    others = {title: spent_s[title] for title in (FLOOR, DRAWING)}
    others[REST] = whole_s - sum(spent_s.values())
    return (
        {title: seconds / whole_s for title, seconds in controllers.items()},
        {title: seconds / whole_s for title, seconds in others.items()},
    )


def _spent(scenario: Scenario, replications: range) -> tuple[dict[str, float], float]:
    with timed_run() as watch:
        began_s = perf_counter()
        for replication in replications:
            one_run.simulate(scenario, replication)
        whole_s = perf_counter() - began_s
    return watch.spent_s, whole_s

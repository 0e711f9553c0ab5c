"""Staff that survives a loss (N − 1): the same search with a node of the graph down, all day or for a while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sim.outcomes.explanation import moment_s
from sim.outcomes.local_time import span_words
from sim.scenario.errors import ScenarioError
from sim.scenario.model import Incident, Scenario
from sim.scenario.values import seconds
from sim.studies.staff import Staffing


def without(scenario: Scenario, node: str, from_s: float = 0.0, until_s: float | None = None) -> Scenario:
    """The scenario with a node of the graph down: staff it, and the plan survives the loss (N − 1).

    Args:
        scenario: In which everything else stays.
        node: Such as `fleet.B` or `vendor.B`.
        from_s: Begin of the loss.
        until_s: Its end; that of the run when left out.

    Raises:
        ScenarioError: There is no such node, or no such time.
    """
    if node not in scenario.names.nodes:
        raise ScenarioError(f"there is no node {node!r}; there are {', '.join(scenario.names.nodes)}")
    whole_s = scenario.calendar.end_s
    end_s = whole_s if until_s is None else until_s
    if not 0.0 <= from_s < end_s:
        raise ScenarioError("the loss ends before it begins, or begins before the run does")
    lost = Incident(from_s, min(end_s, whole_s), scenario.names.nodes.index(node), "down", 1.0, 1.0)
    return replace(scenario, incidents=(*scenario.incidents, lost))


def largest_fleet(scenario: Scenario) -> str:
    """The node of the fleet with most sessions.

    Raises:
        ScenarioError: There are no fleets.
    """
    if not scenario.fleets:
        raise ScenarioError("there is no fleet to lose")
    most = max(range(len(scenario.fleets)), key=lambda f: scenario.fleets[f].sessions)
    return f"fleet.{scenario.names.fleets[most]}"


@dataclass(frozen=True, slots=True)
class Loss:
    """What is lost, and when."""

    node: str
    from_s: float
    until_s: float
    words: str
    """`fleet.B lost`, or with its time `fleet.B lost 10:00–11:30`."""


def loss(
    scenario: Scenario, node: str | None, begins: str | None, lasts: str | None, *, largest: bool
) -> Loss | None:
    """What somebody asks for in words; None when nothing is to be lost.

    Args:
        scenario: In which it is lost.
        node: Of the graph; with *largest* the fleet of most sessions when left out.
        begins: Local time, such as `10:00`; the begin of the run when left out.
        lasts: Such as `90m`; to the end when left out.
        largest: Whether anything is lost when no node is named.

    Raises:
        ScenarioError: There is no such node, or no such time.
    """
    lost = node if node is not None else largest_fleet(scenario) if largest else None
    if lost is None:
        if begins is not None or lasts is not None:
            raise ScenarioError(
                "--lost-from and --lost-for say when something is lost; add --n-1 or --lose NODE"
            )
        return None
    from_s = 0.0 if begins is None else moment_s(scenario, begins, "--lost-from")
    long_s = None if lasts is None else seconds(lasts)
    if lasts is not None and not long_s:
        raise ScenarioError(f"--lost-for is {lasts!r}, and must be a duration above 0 such as 90m")
    end_s = scenario.calendar.end_s
    until_s = end_s if long_s is None else min(end_s, from_s + long_s)
    if from_s >= until_s:
        raise ScenarioError(f"--lost-from {begins}: the run ends then")
    timed = begins is not None or lasts is not None
    words = f"{lost} lost" + (f" {span_words(scenario, (from_s, until_s))}" if timed else "")
    return Loss(lost, from_s, until_s, words)


def staffed(
    look: Callable[..., Staffing], scenario: Scenario, lost: Loss | None
) -> tuple[Staffing, Staffing | None]:
    """The plans of a normal day, and with a loss also those that survive it, which begin with the normal plan.

    Args:
        look: `sim.studies.staff.staff` with all that is asked but the scenario and who is there at least.
        scenario: Whose staff is looked for.
        lost: What goes down; None for nothing.

    Raises:
        ScenarioError: It cannot be staffed this way, or there is no such node.
    """
    worse = None if lost is None else without(scenario, lost.node, lost.from_s, lost.until_s)
    found = look(scenario)
    if worse is None or lost is None:
        return found, None
    return found, replace(
        look(worse, at_least=found.plans[-1].people, shifts=(), at_most=None), variant=lost.words
    )

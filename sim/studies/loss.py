"""Staff that survives a loss (N − 1): the same search with a node of the graph down, all day or for a while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sim.scenario.errors import ScenarioError
from sim.scenario.model import Incident, Scenario
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


def staffed(
    look: Callable[..., Staffing],
    scenario: Scenario,
    lost: str | None,
    from_s: float = 0.0,
    until_s: float | None = None,
    *,
    called: str | None = None,
) -> tuple[Staffing, Staffing | None]:
    """The plans of a normal day, and with *lost* also those with it down, which begin with the normal plan.

    Args:
        look: `sim.studies.staff.staff` with all that is asked but the scenario and who is there at least.
        scenario: Whose staff is looked for.
        lost: A node of the graph.
        from_s: Begin of its loss.
        until_s: Its end.
        called: What the loss is called beside the node, such as its time.

    Raises:
        ScenarioError: It cannot be staffed this way, or there is no such node.
    """
    worse = None if lost is None else without(scenario, lost, from_s, until_s)  # before anything is simulated
    found = look(scenario)
    if worse is None:
        return found, None
    named = f"{lost} lost" if called is None else f"{lost} lost {called}"
    return found, replace(look(worse, at_least=found.plans[-1].people), variant=named)

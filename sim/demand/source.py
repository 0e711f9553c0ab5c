"""Where a block of customers comes from: the drawing board or a replayed log."""

from __future__ import annotations

from sim.demand import draw
from sim.demand.contacts import Contacts
from sim.scenario.model import Scenario


def customers(scenario: Scenario, replication: int, block: int) -> Contacts:
    """One block of customers of one replication."""
    if scenario.demand.replay is not None:
        from sim.demand import replay

        return replay.contacts(scenario, replication, block)
    return draw.contacts(scenario, replication, block)

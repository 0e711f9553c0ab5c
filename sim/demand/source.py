"""Where a block of customers comes from: the drawing board or a replayed log."""

from __future__ import annotations

import numpy as np

from sim.demand import draw
from sim.demand.contacts import Contacts
from sim.scenario.model import Scenario


def customers(scenario: Scenario, replication: int, block: int) -> Contacts:
    """One block of customers of one replication."""
    if scenario.demand.replay is not None:
        from sim.demand import replay

        return replay.contacts(scenario, replication, block)
    return draw.contacts(scenario, replication, block)


def expected(scenario: Scenario) -> float:
    """About how many customers a run brings, second calls and repeats left out where they are drawn."""
    demand, end_s = scenario.demand, scenario.calendar.end_s
    if demand.replay is not None:
        return float(sum(len(customers(scenario, 0, block).id) for block in range(draw.blocks(scenario))))
    if demand.at_s is not None:
        return float(((demand.at_s >= 0.0) & (demand.at_s < end_s)).sum())
    cuts = [demand.edges_s, *((surge.from_s, surge.until_s) for surge in demand.surges), (0.0, end_s)]
    edges = np.unique(
        np.clip(np.concatenate([np.asarray(cut, dtype=np.float64) for cut in cuts]), 0.0, end_s)
    )
    middles = (edges[:-1] + edges[1:]) / 2.0
    step = np.clip(np.searchsorted(demand.edges_s, middles, side="right") - 1, 0, len(demand.per_s) - 1)
    surged = np.array([_surged(scenario, float(middle)) for middle in middles])
    return float((demand.per_s[step] * np.diff(edges) * surged).sum())


def _surged(scenario: Scenario, at_s: float) -> float:
    """By how much surges multiply arrivals at a time."""
    demand = scenario.demand
    weights = np.outer(demand.intent_share, demand.channel_share)
    for surge in demand.surges:
        if surge.from_s <= at_s < surge.until_s:
            i, c = (list(codes) or slice(None) for codes in (surge.intents, surge.channels))
            rows = np.arange(weights.shape[0])[i]
            columns = np.arange(weights.shape[1])[c]
            weights[np.ix_(rows, columns)] *= surge.multiplier
    return float(weights.sum())

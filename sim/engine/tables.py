"""Arrays worked out once from a scenario, for both floors: quantile tables, lanes, who may serve whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.demand.draw import CAPABILITY_CLIP, most_people
from sim.engine.forecast import forecast
from sim.engine.physics import TABLE, tokens_of_turns
from sim.orchestration.degradation import NODATA, sheds
from sim.scenario.model import By, Scenario

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

ENDLESS = 2**31 - 1
"""A number of places that is never reached."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Customers who wait first in, first out: same queue and channel, same priority, same credit."""

    queue: int
    channel: int
    priority: int
    credit_s: float


class Fit(NamedTuple):
    """What best fit weighs, by code; one entry of nothing where routing is by something else."""

    chance: FloatArray
    """That a fleet settles a contact whose label is right, as far as is known; shape (fleets, intents, channels, languages)."""
    least: FloatArray
    """Shape (intents,), as the next two."""
    value: FloatArray
    silent: FloatArray
    """What a failure costs that nobody notices."""
    ai_cost: FloatArray
    """Of a session of median length, shape (fleets, intents, channels)."""
    person_cost: FloatArray
    """Shape (intents, channels)."""
    wait_per_s: FloatArray
    """Shape (channels,)."""


class Tables(NamedTuple):
    """Lookups by code. Rows of `lanes`, `queue_groups`, `group_lanes` end with −1."""

    latency_s: FloatArray
    """Quantiles of the reply time, shape (fleets, TABLE); all 0 for a fleet that replies at once."""
    instant: NDArray[np.bool_]
    """Fleets that reply at once, shape (fleets,)."""
    normal: FloatArray
    """Standard normal quantiles, shape (1, TABLE)."""
    crowd: FloatArray
    """Handling is multiplied by this for the k-th contact at once, shape (channels, most at once + 1)."""
    lane_of: IntArray
    """Shape (queues, channels, 2, segments); the third axis is 1 for escalated."""
    lane_priority: IntArray
    lane_credit_s: FloatArray
    lane_queue: IntArray
    lane_channel: IntArray
    queue_groups: IntArray
    """Groups that serve a queue, in the order in which they are asked, shape (queues, groups + 1)."""
    group_lanes: IntArray
    """Lanes that a group serves, shape (groups, lanes + 1); in the order of its skills."""
    group_rank: IntArray
    """Rank of each of those lanes: position of its skill where the group takes the first listed, else 0."""
    chain: IntArray
    """Fleets to try by channel, shape (channels, fleets + 1)."""
    premium: NDArray[np.bool_]
    """Shape (fleets, segments)."""
    bulkhead: IntArray
    """Shape (fleets, channels)."""
    shed: NDArray[np.bool_]
    """Intents that a fleet sheds at a level, shape (5, intents)."""
    simple: NDArray[np.bool_]
    """Intents that a degraded fleet still gets, shape (intents,)."""
    fleet_limits: IntArray
    """Rows of limits that a fleet's calls draw on, shape (fleets, limited nodes + 1), ended with −1."""
    channel_handle_s: FloatArray
    """Mean handling time of a channel's contacts as planned, shape (channels,)."""
    queue_handle_s: FloatArray
    """Mean handling time of a queue's contacts, shape (queues,)."""
    lead_s: FloatArray
    """How much later a contact of the other lane may come and still be served before, −∞ for never; shape (lanes, other lanes)."""
    rostered: FloatArray
    """People whom the schedule puts on the floor of the groups that serve a queue, shape as `planned`."""
    spared: NDArray[np.bool_]
    """Segments that relief leaves alone, shape (segments,)."""
    needed: FloatArray
    """People whom the forecast needs for each queue, same shape as `planned`."""
    needed_all: FloatArray
    """People whom the forecast needs for everything together, shape (steps,)."""
    everybody: FloatArray
    """People whom the schedule puts on the floor, shape (steps,)."""
    keeps_rules: NDArray[np.bool_]
    """Segments for which a look ahead changes nothing, shape (segments,)."""
    planned: FloatArray
    """People whom the schedule puts on the floor for each queue, shape (queues, steps of `forecast.STEP_S`)."""
    people_most: IntArray
    """Most people of each group ever on the floor, shape (groups,)."""
    fit: Fit


def _quantiles(scenario: Scenario) -> tuple[FloatArray, NDArray[np.bool_], FloatArray]:
    from scipy.special import ndtri

    levels = np.linspace(0.0, 1.0, TABLE)
    levels[0], levels[-1] = 1 / 8192, 1 - 1 / 8192
    normal = np.asarray(ndtri(levels), dtype=np.float64)
    latency = np.zeros((max(1, len(scenario.fleets)), TABLE))
    instant = np.ones(len(latency), dtype=np.bool_)
    for f, fleet in enumerate(scenario.fleets):
        if fleet.latency_median_s > 0:
            latency[f] = fleet.latency_median_s * np.exp(fleet.latency_sigma * normal)
            instant[f] = False
    return latency, instant, normal.reshape(1, TABLE)


def _channel_handle_s(scenario: Scenario) -> FloatArray:
    mean = float((scenario.demand.intent_share * np.array([law.mean_s for law in scenario.handle])).sum())
    return np.array([mean * channel.handle_factor for channel in scenario.channels])


def _queue_handle_s(scenario: Scenario) -> FloatArray:
    handle_s, share = _channel_handle_s(scenario), scenario.demand.channel_share
    return np.array(
        [
            np.average(
                [handle_s[c] for c in queue.channels],
                weights=[max(1e-9, float(share[c])) for c in queue.channels],
            )
            for queue in scenario.queues
        ]
    )


def _lead_s(scenario: Scenario, lanes: list[Lane], queue_groups: list[list[int]]) -> FloatArray:
    """`Tables.lead_s`; where several groups could tell, the first that a queue asks does."""
    lead_s = np.full((len(lanes), len(lanes)), -np.inf)
    for m, mine in enumerate(lanes):
        for o, other in enumerate(lanes):
            both = [g for g in queue_groups[mine.queue] if other.queue in scenario.groups[g].skills]
            if not both:
                continue
            group = scenario.groups[both[0]]
            ranks = [group.skills.index(lane.queue) if group.takes_listed else 0 for lane in (mine, other)]
            first, second = (ranks[0], mine.priority), (ranks[1], other.priority)
            if first == second:
                lead_s[m, o] = other.credit_s - mine.credit_s
            elif second < first:
                lead_s[m, o] = np.inf
    return lead_s


def _shed(scenario: Scenario) -> NDArray[np.bool_]:
    ai = scenario.ai
    return np.array(
        [
            [
                sheds(level, int(risk), float(capability), NODATA)
                for risk, capability in zip(ai.risk, ai.capability, strict=True)
            ]
            for level in range(5)
        ],
        dtype=np.bool_,
    )


def _simple(scenario: Scenario) -> NDArray[np.bool_]:
    breaker = scenario.failover.breaker
    if breaker is None or breaker.degraded is None:
        return np.ones(len(scenario.names.intents), dtype=np.bool_)
    return breaker.degraded.simple


def _fit(scenario: Scenario) -> Fit:
    from scipy.special import betaincinv, ndtr, ndtri

    if scenario.routing.by != By.FIT:
        one = np.zeros(1)
        return Fit(np.zeros((1, 1, 1, 1)), one, one, one, np.zeros((1, 1, 1)), np.zeros((1, 1)), one)
    ai, prices, policy = scenario.ai, scenario.prices, scenario.routing.fit
    spread = np.sqrt(1.0 + ai.tau**2)
    at = spread * ndtri(np.clip(ai.capability, CAPABILITY_CLIP, 1.0 - CAPABILITY_CLIP))
    shifted = (
        np.array([fleet.ability_shift for fleet in scenario.fleets])[:, None, None, None]
        + at[:, None, None]
        + ai.channel_shift[:, None]
        + ai.language_shift
    )
    chance, n = ndtr(shifted / spread), policy.known_from
    session_s = ai.turns * ai.think.mean_s
    tokens_in, tokens_out = np.array([tokens_of_turns(int(turns)) for turns in ai.turns]).T
    tokens = np.outer(prices.per_token_in, tokens_in) + np.outer(prices.per_token_out, tokens_out)
    fees = prices.per_session[:, None] + np.outer(prices.per_resolution, ai.capability)
    per_session = tokens + fees + np.outer(prices.per_session_s, session_s)
    share = np.array([channel.handle_factor / channel.at_once for channel in scenario.channels])
    plain_s = np.array([law.mean_s for law in scenario.handle])
    return Fit(
        chance=np.ascontiguousarray(betaincinv(8.0 + n * chance, 2.0 + n * (1.0 - chance), 0.05)),
        least=policy.least,
        value=prices.resolution,
        silent=prices.silent,
        ai_cost=per_session[:, :, None] + np.outer(session_s, prices.line_per_s),
        person_cost=prices.human_per_s * np.outer(plain_s, share),
        wait_per_s=np.where(scenario.on_the_line, prices.customer_wait_per_s, 0.0),
    )


def _padded(rows: list[list[int]], width: int) -> IntArray:
    table = np.full((max(1, len(rows)), width), -1, dtype=np.int64)
    for k, row in enumerate(rows):
        table[k, : len(row)] = row
    return table


def tables(scenario: Scenario) -> Tables:
    """Work the lookups out."""
    names = scenario.names
    latency, instant, normal = _quantiles(scenario)
    most = max(c.at_once for c in scenario.channels)
    crowd = np.ones((len(scenario.channels), most + 1))
    for c, channel in enumerate(scenario.channels):
        for k in range(1, most + 1):
            crowd[c, k] = np.exp(channel.crowding * (k - 1))

    lanes: list[Lane] = []
    lane_of = np.full((len(names.queues), len(names.channels), 2, len(names.segments)), -1, dtype=np.int64)
    for q, queue in enumerate(scenario.queues):
        for c in queue.channels:
            for escalated in (0, 1):
                for s in range(len(names.segments)):
                    credit = queue.credit_s.get(s, 0.0) + (queue.credit_s.get(-1, 0.0) if escalated else 0.0)
                    lane = Lane(
                        q, c, queue.priority_escalated if escalated else queue.priority_direct, credit
                    )
                    if lane not in lanes:
                        lanes.append(lane)
                    lane_of[q, c, escalated, s] = lanes.index(lane)

    queue_groups = [
        sorted(
            (g for g, group in enumerate(scenario.groups) if q in group.skills),
            key=lambda g: (scenario.groups[g].skills.index(q), g),
        )
        for q in range(len(names.queues))
    ]
    group_lanes: list[list[int]] = []
    ranks: list[list[int]] = []
    for group in scenario.groups:
        mine = [k for q in group.skills for k, lane in enumerate(lanes) if lane.queue == q]
        group_lanes.append(mine)
        ranks.append([group.skills.index(lanes[k].queue) if group.takes_listed else 0 for k in mine])

    relief = scenario.relief
    looks_ahead = scenario.look_ahead is not None or (
        relief is not None
        and (relief.tells == "plan" or (relief.callback is not None and relief.callback.slots < 0))
    )
    view = forecast(scenario) if looks_ahead else None
    nobody = np.zeros((len(names.queues), 1))
    fleets = max(1, len(scenario.fleets))
    premium = np.zeros((fleets, len(names.segments)), dtype=np.bool_)
    bulkhead = np.full((fleets, len(names.channels)), ENDLESS, dtype=np.int64)
    for f, fleet in enumerate(scenario.fleets):
        premium[f, list(fleet.premium)] = True
        for c, cap in fleet.bulkheads.items():
            bulkhead[f, c] = cap
    return Tables(
        latency_s=latency,
        instant=instant,
        normal=normal,
        crowd=crowd,
        lane_of=lane_of,
        lane_priority=np.array([lane.priority for lane in lanes], dtype=np.int64),
        lane_credit_s=np.array([lane.credit_s for lane in lanes], dtype=np.float64),
        lane_queue=np.array([lane.queue for lane in lanes], dtype=np.int64),
        lane_channel=np.array([lane.channel for lane in lanes], dtype=np.int64),
        queue_groups=_padded(queue_groups, len(scenario.groups) + 1),
        group_lanes=_padded(group_lanes, len(lanes) + 1),
        group_rank=_padded(ranks, len(lanes) + 1),
        chain=_padded([list(chain) for chain in scenario.failover.chain], fleets + 1),
        premium=premium,
        bulkhead=bulkhead,
        shed=_shed(scenario),
        simple=_simple(scenario),
        fleet_limits=_padded(
            [
                [k for k, limits in enumerate(scenario.limits) if limits.node in fleet.nodes]
                for fleet in scenario.fleets
            ],
            len(scenario.limits) + 1,
        ),
        channel_handle_s=_channel_handle_s(scenario),
        queue_handle_s=_queue_handle_s(scenario),
        lead_s=_lead_s(scenario, lanes, queue_groups),
        rostered=view.rostered if view else nobody,
        spared=np.array(
            [scenario.relief is not None and s in scenario.relief.spares for s in range(len(names.segments))]
        ),
        planned=view.planned if view else nobody,
        needed=view.needed if view else nobody,
        needed_all=view.needed_all if view else np.zeros(1),
        everybody=view.everybody if view else np.zeros(1),
        keeps_rules=np.array(
            [
                scenario.look_ahead is not None and s in scenario.look_ahead.spares
                for s in range(len(names.segments))
            ]
        ),
        people_most=np.array(most_people(scenario), dtype=np.int64),
        fit=_fit(scenario),
    )

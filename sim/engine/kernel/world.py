"""The kernel's state: a few groups of arrays, built from a scenario."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine.kernel.agenda import Agenda, agenda
from sim.engine.state import DECISION, MOVE
from sim.engine.tables import ENDLESS, Tables
from sim.orchestration.breaker import BREAKER, BY_COUNT, BY_ROW, BY_TIME
from sim.orchestration.compiled import record
from sim.scenario.model import By, Scenario

Rows = NDArray[Any]

LANE = record(
    [
        ("head", np.int32),
        ("tail", np.int32),
        ("length", np.int64),
        ("priority", np.int64),
        ("credit_s", np.float64),
        ("queue", np.int64),
        ("channel", np.int64),
    ]
)
QUEUE = record(
    [
        ("waiting", np.int64),
        ("room", np.int64),
        ("escalated_patience", np.float64),
        ("peak", np.int64),
        ("area", np.float64),
        ("last_s", np.float64),
    ]
)
"""`area` is the integral of `waiting` up to `last_s`, customer-seconds; `peak` the most since it was last read."""
GROUP = record(
    [
        ("first", np.int64),
        ("most", np.int64),
        ("target", np.int64),
        ("present", np.int64),
        ("busy", np.int64),
        ("contacts", np.int64),
        ("busy_area", np.float64),
        ("present_area", np.float64),
        ("contact_area", np.float64),
        ("last_s", np.float64),
    ]
)
"""People of a group are the agents `first … first + most − 1`; areas are agent-seconds (contact-seconds) up to `last_s`."""
AGENT = record(
    [
        ("group", np.int32),
        ("here", np.int32),
        ("leaving", np.int32),
        ("load", np.int32),
        ("channel", np.int32),
        ("list", np.int32),
        ("before", np.int32),
        ("behind", np.int32),
        ("pace", np.float64),
    ]
)
"""`list` is where it stands among those who can take somebody: 0 idle, else one list for each (channel, load); −1 nowhere."""
FLEET = record(
    [
        ("sessions", np.int64),
        ("open_sessions", np.int64),
        ("active", np.int64),
        ("down", np.int64),
        ("errors", np.float64),
        ("factor", np.float64),
        ("area", np.float64),
        ("last_s", np.float64),
    ]
)
CHANNEL = record(
    [
        ("queue", np.int64),
        ("at_once", np.int64),
        ("fill_up", np.int64),
        ("timeout_s", np.float64),
        ("slow_s", np.float64),
        ("max_session_s", np.float64),
        ("handover_s", np.float64),
        ("silent_detect_s", np.float64),
    ]
)
KNOBS = record(
    [
        ("by", np.int64),
        ("levels", np.int64),
        ("monitor_sessions", np.int64),
        ("overflow_human", np.int64),
        ("catch", np.float64),
        ("false_takeover", np.float64),
        ("recovers", np.float64),
        ("detected", np.float64),
        ("loop", np.float64),
        ("wrong_detected", np.float64),
        ("wrong_loop", np.float64),
        ("leaves", np.float64),
        ("mood_good", np.float64),
        ("mood_bad", np.float64),
        ("asks_per_turn", np.float64),
        ("asks_recall", np.float64),
        ("scope_recall", np.float64),
        ("scope_false", np.float64),
        ("low_turns_at", np.int64),
        ("low_below", np.float64),
        ("low_noise", np.float64),
        ("low_recall", np.float64),
        ("low_false", np.float64),
        ("switch", np.float64),
        ("reexplain", np.float64),
        ("prework", np.float64),
        ("mood_effect", np.float64),
        ("dropped", np.float64),
        ("context_lost", np.float64),
        ("retries", np.int64),
        ("retry_from_s", np.float64),
        ("retry_span_s", np.float64),
        ("on_open", np.int64),
        ("moved_fidelity", np.float64),
        ("log", np.int64),
    ]
)
CURSOR = record(
    [
        ("now_s", np.float64),
        ("next", np.int64),
        ("watched", np.int64),
        ("classifier_down", np.int64),
        ("decisions", np.int64),
        ("moves", np.int64),
        ("events", np.int64),
        ("wake", np.int64),
    ]
)

FAIL_OVER, ESCALATE, DRAIN = 0, 1, 2
"""What sessions under way do when their breaker opens."""
ON_OPEN = {"fail_over": FAIL_OVER, "escalate": ESCALATE, "drain": DRAIN}
LOST_CONTEXT = 0.05
"""Context fidelity of a hand-over whose context was lost, and of a cold one."""


class People(NamedTuple):
    """Queues and the people who serve them."""

    lanes: Rows
    queues: Rows
    groups: Rows
    agents: Rows
    heads: NDArray[np.int32]
    """First agent of a list, shape (groups, lists)."""
    tails: NDArray[np.int32]
    lane_of: NDArray[np.int64]
    queue_groups: NDArray[np.int64]
    group_lanes: NDArray[np.int64]
    group_rank: NDArray[np.int64]
    channels: Rows
    crowd: NDArray[np.float64]


class Machines(NamedTuple):
    """Fleets and what the controller holds against contacts."""

    fleets: Rows
    breakers: Rows
    ring: NDArray[np.int64]
    active_in: NDArray[np.int64]
    """Sessions by fleet and channel."""
    bulkhead: NDArray[np.int64]
    premium: NDArray[np.bool_]
    chain: NDArray[np.int64]
    latency_s: NDArray[np.float64]
    instant: NDArray[np.bool_]
    normal: NDArray[np.float64]
    ai_at: NDArray[np.float64]
    monitored_at: NDArray[np.float64]
    eligible: NDArray[np.bool_]
    max_turns: NDArray[np.int64]


class Logs(NamedTuple):
    decisions: Rows
    moves: Rows


class World(NamedTuple):
    """Everything but the customers."""

    people: People
    machines: Machines
    agenda: Agenda
    logs: Logs
    knobs: Rows
    cursor: Rows


def breakers(scenario: Scenario) -> tuple[Rows, NDArray[np.int64]]:
    """One breaker a fleet and the rings of their windows."""
    policy = scenario.failover.breaker
    rows = np.zeros(max(1, len(scenario.fleets)), dtype=BREAKER)
    rows["until_s"] = np.inf
    slots = 1
    if policy is not None:
        rows["on"] = 1
        rows["by"] = {"time": BY_TIME, "count": BY_COUNT, "consecutive": BY_ROW}[policy.by]
        slots = policy.size if policy.by != "consecutive" else 1
        rows["window"] = slots
        rows["min_replies"] = policy.min_replies
        rows["failed_at"] = policy.failed
        rows["slow_at"] = policy.slow
        rows["row_at"] = policy.size if policy.by == "consecutive" else policy.in_a_row
        rows["cool_down_s"] = policy.cool_down_s
        rows["cool_down_max_s"] = policy.cool_down_max_s
        rows["probes_of"] = policy.probes_of
        rows["probes_need"] = policy.probes_need
        rows["probes_within_s"] = policy.probes_within_s
    ring = np.zeros((len(rows), slots, 4), dtype=np.int64)
    ring[:, :, 3] = -1
    return rows, ring


def _people(scenario: Scenario, t: Tables, pace: NDArray[np.float64]) -> People:
    lanes = np.zeros(len(t.lane_queue), dtype=LANE)
    lanes["head"] = lanes["tail"] = -1
    lanes["priority"], lanes["credit_s"] = t.lane_priority, t.lane_credit_s
    lanes["queue"], lanes["channel"] = t.lane_queue, t.lane_channel
    queues = np.zeros(len(scenario.queues), dtype=QUEUE)
    queues["room"] = [q.room if q.room >= 0 else ENDLESS for q in scenario.queues]
    queues["escalated_patience"] = [q.patience_escalated for q in scenario.queues]
    groups = np.zeros(len(scenario.groups), dtype=GROUP)
    groups["most"] = t.people_most
    groups["first"] = np.concatenate(([0], np.cumsum(t.people_most)[:-1]))
    agents = np.zeros(int(t.people_most.sum()), dtype=AGENT)
    agents["group"] = np.repeat(np.arange(len(groups)), t.people_most)
    agents["list"] = agents["before"] = agents["behind"] = agents["channel"] = -1
    agents["pace"] = pace
    channels = np.zeros(len(scenario.channels), dtype=CHANNEL)
    channels["queue"] = scenario.queue_of_channel
    for field in ("at_once", "fill_up", "silent_detect_s", "handover_s"):
        channels[field] = [getattr(c, field) for c in scenario.channels]
    channels["timeout_s"] = [c.reply_timeout_s for c in scenario.channels]
    channels["slow_s"] = [c.slow_reply_s for c in scenario.channels]
    channels["max_session_s"] = scenario.triggers.max_session_s
    lists = 1 + len(channels) * max(0, t.crowd.shape[1] - 2)
    return People(
        lanes=lanes,
        queues=queues,
        groups=groups,
        agents=agents,
        heads=np.full((len(groups), lists), -1, dtype=np.int32),
        tails=np.full((len(groups), lists), -1, dtype=np.int32),
        lane_of=t.lane_of,
        queue_groups=t.queue_groups,
        group_lanes=t.group_lanes,
        group_rank=t.group_rank,
        channels=channels,
        crowd=t.crowd,
    )


def _machines(scenario: Scenario, t: Tables) -> Machines:
    fleets = np.zeros(max(1, len(scenario.fleets)), dtype=FLEET)
    for f, fleet in enumerate(scenario.fleets):
        fleets[f].sessions = fleet.sessions
        fleets[f].open_sessions = fleet.open_sessions
        fleets[f].errors = fleet.errors
    fleets["factor"] = 1.0
    rows, ring = breakers(scenario)
    return Machines(
        fleets=fleets,
        breakers=rows,
        ring=ring,
        active_in=np.zeros((len(fleets), len(scenario.channels)), dtype=np.int64),
        bulkhead=t.bulkhead,
        premium=t.premium,
        chain=t.chain,
        latency_s=t.latency_s,
        instant=t.instant,
        normal=t.normal,
        ai_at=scenario.routing.ai_at,
        monitored_at=scenario.routing.monitored_at,
        eligible=scenario.ai.eligible,
        max_turns=scenario.triggers.max_turns,
    )


def knobs(scenario: Scenario) -> Rows:
    """The scenario's numbers that are asked for at every turn, one row."""
    k = np.zeros(1, dtype=KNOBS)
    row = k[0]
    routing, ai, triggers = scenario.routing, scenario.ai, scenario.triggers
    row.by = int(routing.by if scenario.classifier is not None else By.HUMAN)
    row.monitor_sessions, row.overflow_human = routing.monitor_sessions, int(routing.monitor_overflow_human)
    row.catch, row.false_takeover = routing.catch, routing.false_takeover
    row.recovers = ai.wrong_label_recovers
    row.detected, row.loop = ai.failure.detected, ai.failure.loop
    row.wrong_detected, row.wrong_loop = ai.wrong_label_failure.detected, ai.wrong_label_failure.loop
    row.leaves, row.mood_good, row.mood_bad = ai.leaves_per_turn, ai.mood_good_turn, ai.mood_bad_turn
    row.asks_per_turn, row.asks_recall = triggers.explicit_per_turn, triggers.explicit_recall
    row.scope_recall, row.scope_false = triggers.scope_recall, triggers.scope_false_alarm
    row.low_turns_at = triggers.sentiment_turns if triggers.sentiment_on else 0
    row.low_below, row.low_noise = triggers.sentiment_below, triggers.sentiment_noise
    row.low_recall, row.low_false = triggers.sentiment_recall, triggers.sentiment_false_alarm
    handover, failover = scenario.handover, scenario.failover
    row.switch, row.reexplain, row.prework = handover.switch, handover.reexplain, handover.prework
    row.mood_effect, row.dropped, row.context_lost = handover.mood, handover.dropped, handover.context_lost
    row.retries = failover.retries
    row.retry_from_s, row.retry_span_s = failover.retry_from_s, failover.retry_until_s - failover.retry_from_s
    row.on_open, row.moved_fidelity = ON_OPEN[failover.on_open], failover.fidelity
    row.levels = max(c.at_once for c in scenario.channels) - 1
    row.log = int(scenario.keep_contacts)
    return k


def world(scenario: Scenario, t: Tables, pace: NDArray[np.float64]) -> World:
    """An empty floor: nobody there yet.

    Args:
        pace: Handling-time factor of each person, shape (people of all groups,).
    """
    return World(
        people=_people(scenario, t, pace),
        machines=_machines(scenario, t),
        agenda=agenda(1024),
        logs=Logs(np.zeros(4096, dtype=DECISION), np.zeros(256, dtype=MOVE)),
        knobs=knobs(scenario),
        cursor=np.zeros(1, dtype=CURSOR),
    )

"""The kernel's state: a few groups of arrays, built from a scenario."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine.kernel.agenda import Agenda, agenda
from sim.engine.state import DECISION, MOVE
from sim.engine.tables import ENDLESS, Fit, Tables
from sim.engine.watch import Watch, watch
from sim.orchestration.breaker import BREAKER, BY_COUNT, BY_ROW, BY_TIME
from sim.orchestration.compiled import record
from sim.orchestration.degradation import MOST, levels
from sim.orchestration.ejection import ejection
from sim.orchestration.limits import EACH, buckets
from sim.orchestration.look_ahead import look_ahead
from sim.orchestration.relief import (
    ALWAYS,
    BY_CLASSIC,
    BY_PLAN,
    BY_POSITION,
    FROM_AI,
    HANDLE_PRIOR,
    LINE,
    RELIEF,
    SPILL,
    WORK,
)
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
        ("handle_s", np.float64),
        ("joined", np.int64),
        ("gave_up", np.int64),
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
        ("cut_off", np.int64),
        ("dark", np.int64),
        ("retrying", np.int64),
        ("load_from", np.float64),
        ("load_slope", np.float64),
        ("quality_from", np.float64),
        ("quality_loss", np.float64),
        ("area", np.float64),
        ("last_s", np.float64),
    ]
)
"""What is behind an endpoint, and how it is: `open_sessions` are those that customers outside the premium segments may use."""
HOLD = record([("head", np.int32), ("tail", np.int32), ("length", np.int64)])
"""Contacts that stand in nobody's queue yet, first in, first out: by fleet those who are stranded, then by lane those held back."""
CHANNEL = record(
    [
        ("queue", np.int64),
        ("at_once", np.int64),
        ("fill_up", np.int64),
        ("timeout_s", np.float64),
        ("slow_s", np.float64),
        ("notice_s", np.float64),
        ("max_session_s", np.float64),
        ("handover_s", np.float64),
        ("handle_factor", np.float64),
        ("silent_detect_s", np.float64),
    ]
)
KNOBS = record(
    [
        ("by", np.int64),
        ("load_price", np.float64),
        ("noticed", np.float64),
        ("handed_over", np.float64),
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
        ("slow_leaves", np.float64),
        ("slow_mood", np.float64),
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
        ("retry_share", np.float64),
        ("retry_at_least", np.int64),
        ("probe_hand_over", np.int64),
        ("probe_synthetic", np.int64),
        ("surer", np.float64),
        ("on_open", np.int64),
        ("moved_fidelity", np.float64),
        ("accept", np.float64),
        ("helped", np.float64),
        ("back", np.float64),
        ("back_from_s", np.float64),
        ("back_until_s", np.float64),
        ("callback_middle_s", np.float64),
        ("callback_spread_s", np.float64),
        ("callback_most", np.float64),
        ("callback_dial_s", np.float64),
        ("callback_reached", np.float64),
        ("balk_over_s", np.float64),
        ("balk_scale_s", np.float64),
        ("message_redial", np.float64),
        ("misroute", np.int64),
        ("wrong_label", np.float64),
        ("by_chance", np.float64),
        ("wrong_again", np.float64),
        ("wrong_most", np.int64),
        ("discovery_s", np.float64),
        ("longer_s", np.float64),
        ("change_share", np.float64),
        ("change_to", np.int64),
        ("held_patience", np.float64),
        ("forecast_slots", np.int64),
        ("tells", np.int64),
        ("unusual", np.int64),
        ("watch_every_s", np.float64),
        ("wait_mood", np.float64),
        ("wait_free_s", np.float64),
        ("reexplain_mood", np.float64),
        ("answer_mood", np.float64),
        ("transfer_mood", np.float64),
        ("settles_all", np.int64),
        ("unresolved", np.float64),
        ("unresolved_mood", np.float64),
        ("returns_false", np.float64),
        ("returns_abandoned", np.float64),
        ("returns_unresolved", np.float64),
        ("log", np.int64),
        ("wakes", np.int64),
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

TELLS = {"position": BY_POSITION, "classic": BY_CLASSIC, "plan": BY_PLAN}
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
    busy_in: NDArray[np.int64]
    """People who are busy in a channel, shape (groups, channels)."""
    hand_in: NDArray[np.int64]
    """Contacts of a channel that they have in hand, same shape."""
    crowd: NDArray[np.float64]
    relief: Rows
    """What is done for queues that are too long, one row a queue."""
    spared: NDArray[np.bool_]
    """Segments that relief leaves alone."""
    worth: NDArray[np.float64]
    """What a resolution is worth, by intent."""
    planned: NDArray[np.float64]
    """People planned, shape (queues, steps)."""
    needed: NDArray[np.float64]
    """People that the forecast needs, shape (queues, steps)."""
    rostered: NDArray[np.float64]
    """People on the roster of the groups that serve a queue, shape (queues, steps)."""
    lead_s: NDArray[np.float64]
    lines: Rows
    """What a told wait is worked out from: one row a lane."""
    works: Rows
    """And one row a channel."""


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
    shift: NDArray[np.float64]
    """Probit shift of success that incidents cause, shape (fleets, intents)."""
    policy: NDArray[np.float64]
    """Share of sessions that a rule stops, shape (fleets, intents)."""
    shed: NDArray[np.bool_]
    simple: NDArray[np.bool_]
    level_surer: NDArray[np.float64]
    """Rise of the AI threshold by level, shape (5,)."""
    level_sessions: NDArray[np.float64]
    """Share of the sessions by level, shape (5,)."""
    fleet_limits: NDArray[np.int64]
    limits: Rows
    levels: Rows
    watch: Watch
    bias: Rows
    needed: NDArray[np.float64]
    planned: NDArray[np.float64]
    keeps_rules: NDArray[np.bool_]
    low_risk: NDArray[np.bool_]
    holds: Rows
    fit: Fit
    ejection: Rows
    hosts: Rows
    """Shape (fleets, most hosts), as the next two."""
    host_errors: NDArray[np.float64]
    host_factor: NDArray[np.float64]


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
        if (degraded := policy.degraded) is not None:
            rows["degraded_on"] = 1
            rows["warn_failed"], rows["warn_slow"] = degraded.failed, degraded.slow
            rows["confirm"], rows["recover"], rows["dwell_s"] = (
                degraded.confirm,
                degraded.recover,
                degraded.dwell_s,
            )
            rows["back_to_degraded"] = degraded.closes_to_degraded
            rows["nodata_grace_s"] = policy.semantic.nodata_grace_s if policy.semantic is not None else 0.0
    ring = np.zeros((len(rows), slots, 4), dtype=np.int64)
    ring[:, :, 3] = -1
    return rows, ring


def level_tables(scenario: Scenario) -> tuple[Rows, NDArray[np.float64], NDArray[np.float64]]:
    """Levels of the fleets, and by level: rise of the AI threshold, share of the sessions."""
    rows = levels(max(1, len(scenario.fleets)))
    policy = scenario.failover.degradation
    if policy is None:
        return rows, np.zeros(MOST + 1), np.ones(MOST + 1)
    rows["on"] = 1
    rows["enter"] = (0.0, *policy.enter)
    rows["up_after_s"], rows["down_after_s"] = policy.up_after_s, policy.down_after_s
    return rows, np.array(policy.surer), np.array(policy.sessions)


def host_rows(scenario: Scenario) -> tuple[Rows, Rows]:
    """Hosts of every fleet, all in service."""
    policy = scenario.failover.ejection
    return ejection(
        [fleet.hosts for fleet in scenario.fleets], **(asdict(policy) if policy is not None else {})
    )


def bias_rows(scenario: Scenario) -> Rows:
    """The look at the schedule, off where there is none."""
    ahead = scenario.look_ahead
    if ahead is None:
        return look_ahead(on=False)
    return look_ahead(
        horizon_s=ahead.horizon_s,
        lead_s=ahead.lead_s,
        full_at=ahead.full_at,
        drop_at=ahead.drop,
        stale_s=ahead.stale_s,
    )


def limit_rows(scenario: Scenario) -> Rows:
    """Token buckets of every node that limits its calls."""
    rows = buckets([(math.inf, math.inf, math.inf)] * max(1, len(scenario.limits)))
    for k, limits in enumerate(scenario.limits):
        per_min = (
            60.0 * limits.requests_per_s,
            60.0 * limits.input_tokens_per_s,
            60.0 * limits.output_tokens_per_s,
        )
        rows[EACH * k : EACH * (k + 1)] = buckets([per_min], limits.burst_s)
    return rows


def relief_rows(scenario: Scenario) -> Rows:
    """Relief of every queue, nothing going on yet."""
    rows = np.zeros(len(scenario.queues), dtype=RELIEF)
    rows["message_until_s"] = np.inf
    relief = scenario.relief
    if relief is None:
        return rows
    rows["on"] = [q in relief.queues for q in range(len(rows))]
    rows["whom"] = {"everybody": ALWAYS, "from_ai": FROM_AI, "spilled": SPILL}[relief.whom]
    rows["told_by"] = TELLS[relief.tells]
    if (deflect := relief.deflect) is not None:
        rows["deflect_on"], rows["deflect_over_s"] = 1, deflect.over_s
        rows["deflect_value_up_to"] = deflect.value_up_to
    if (callback := relief.callback) is not None:
        rows["callback_on"], rows["callback_over_s"], rows["slots"] = (
            1,
            callback.over_s,
            max(0, callback.slots),
        )
        rows["callback_attempts"], rows["callback_gap_s"] = callback.attempts, callback.gap_s
        rows["callback_expires_s"] = callback.expires_s
    if (message := relief.message) is not None:
        rows["message_on"], rows["message_from_s"] = 1, message.on_from_s
        rows["message_under_s"], rows["message_delay_s"] = message.off_under_s, message.takes_s
    if (meter := relief.meter) is not None:
        rows["meter_on"], rows["meter_target"], rows["meter_weight"] = 1, meter.target, meter.weight
        rows["meter_most_per_s"], rows["hold_max_s"] = meter.most_per_s, meter.hold_at_most_s
        rows["settle_s"] = meter.back_after_s
    return rows


def line_rows(t: Tables) -> Rows:
    """Lanes as told waits see them, nobody there yet."""
    rows = np.zeros(len(t.lane_queue), dtype=LINE)
    rows["channel"] = t.lane_channel
    return rows


def work_rows(scenario: Scenario, t: Tables) -> Rows:
    """Work in each channel as told waits see it: the plan's handling time until people's is known."""
    rows = np.zeros(len(scenario.channels), dtype=WORK)
    rows["at_once"] = [channel.at_once for channel in scenario.channels]
    rows["crowd"] = [t.crowd[c, channel.at_once] for c, channel in enumerate(scenario.channels)]
    rows["alone_s"], rows["seen"] = t.channel_handle_s, HANDLE_PRIOR
    return rows


def _people(scenario: Scenario, t: Tables, pace: NDArray[np.float64]) -> People:
    lanes = np.zeros(len(t.lane_queue), dtype=LANE)
    lanes["head"] = lanes["tail"] = -1
    lanes["priority"], lanes["credit_s"] = t.lane_priority, t.lane_credit_s
    lanes["queue"], lanes["channel"] = t.lane_queue, t.lane_channel
    queues = np.zeros(len(scenario.queues), dtype=QUEUE)
    queues["room"] = [q.room if q.room >= 0 else ENDLESS for q in scenario.queues]
    queues["handle_s"] = t.queue_handle_s
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
    for field in ("at_once", "fill_up", "silent_detect_s", "handover_s", "handle_factor"):
        channels[field] = [getattr(c, field) for c in scenario.channels]
    channels["timeout_s"] = [c.reply_timeout_s for c in scenario.channels]
    channels["slow_s"] = [c.slow_reply_s for c in scenario.channels]
    channels["notice_s"] = [c.notice_s for c in scenario.channels]
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
        busy_in=np.zeros((len(groups), len(channels)), dtype=np.int64),
        hand_in=np.zeros((len(groups), len(channels)), dtype=np.int64),
        crowd=t.crowd,
        relief=relief_rows(scenario),
        spared=t.spared,
        worth=scenario.value,
        planned=t.planned,
        needed=t.needed,
        rostered=t.rostered,
        lead_s=t.lead_s,
        lines=line_rows(t),
        works=work_rows(scenario, t),
    )


def _machines(scenario: Scenario, t: Tables) -> Machines:
    fleets = np.zeros(max(1, len(scenario.fleets)), dtype=FLEET)
    for f, fleet in enumerate(scenario.fleets):
        fleets[f].sessions = fleet.sessions
        fleets[f].open_sessions = fleet.open_sessions
        fleets[f].errors = fleet.errors
        fleets[f].load_from, fleets[f].load_slope = fleet.load_from, fleet.load_slope
        fleets[f].quality_from, fleets[f].quality_loss = fleet.quality_from, fleet.quality_loss
    fleets["factor"] = 1.0
    rows, ring = breakers(scenario)
    level_rows, level_surer, level_sessions = level_tables(scenario)
    ejections, hosts = host_rows(scenario)
    holds = np.zeros(len(fleets) + len(t.lane_queue), dtype=HOLD)
    holds["head"] = holds["tail"] = -1
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
        shift=np.zeros((len(fleets), len(scenario.names.intents))),
        policy=np.zeros((len(fleets), len(scenario.names.intents))),
        shed=t.shed,
        simple=t.simple,
        level_surer=level_surer,
        level_sessions=level_sessions,
        fleet_limits=t.fleet_limits,
        limits=limit_rows(scenario),
        levels=level_rows,
        watch=watch(scenario),
        bias=bias_rows(scenario),
        needed=t.needed_all,
        planned=t.everybody,
        keeps_rules=t.keeps_rules,
        low_risk=scenario.ai.risk == 0,
        holds=holds,
        fit=t.fit,
        ejection=ejections,
        hosts=hosts,
        host_errors=np.zeros(hosts.shape),
        host_factor=np.ones(hosts.shape),
    )


def knobs(scenario: Scenario) -> Rows:
    """The scenario's numbers that are asked for at every turn, one row."""
    k = np.zeros(1, dtype=KNOBS)
    row = k[0]
    row.change_to = -1
    routing, ai, triggers = scenario.routing, scenario.ai, scenario.triggers
    row.by = int(routing.by if scenario.classifier is not None else By.HUMAN)
    row.load_price = routing.fit.load_price
    row.noticed, row.handed_over = 1.0 - routing.fit.unnoticed, scenario.prices.handed_over
    row.monitor_sessions, row.overflow_human = routing.monitor_sessions, int(routing.monitor_overflow_human)
    row.catch, row.false_takeover = routing.catch, routing.false_takeover
    row.recovers = ai.wrong_label_recovers
    row.detected, row.loop = ai.failure.detected, ai.failure.loop
    row.wrong_detected, row.wrong_loop = ai.wrong_label_failure.detected, ai.wrong_label_failure.loop
    row.leaves, row.mood_good, row.mood_bad = ai.leaves_per_turn, ai.mood_good_turn, ai.mood_bad_turn
    row.slow_leaves, row.slow_mood = ai.slow_leaves, ai.slow_mood
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
    row.retry_share, row.retry_at_least = failover.retry_share, failover.retry_at_least
    if failover.breaker is not None:
        row.probe_hand_over = int(failover.breaker.hand_over)
        row.probe_synthetic = int(failover.breaker.synthetic)
        row.surer = failover.breaker.degraded.surer if failover.breaker.degraded is not None else 0.0
    if (relief := scenario.relief) is not None:
        row.tells = 1
        if (deflect := relief.deflect) is not None:
            row.accept, row.helped, row.back = deflect.accept, deflect.helped, deflect.back
            row.back_from_s, row.back_until_s = deflect.from_s, deflect.until_s
        if (callback := relief.callback) is not None:
            row.callback_middle_s, row.callback_spread_s = callback.middle_s, callback.spread_s
            row.callback_most, row.callback_dial_s = callback.most, callback.dial_s
            row.callback_reached = callback.reached
        if (message := relief.message) is not None:
            row.balk_over_s, row.balk_scale_s = message.balk_over_s, message.balk_scale_s
            row.message_redial = message.redial
            row.change_share, row.change_to = message.switch, message.switch_to
        row.held_patience = relief.meter.patience if relief.meter is not None else 1.0
        row.forecast_slots = int(relief.callback is not None and relief.callback.slots < 0)
    row.unusual = int(scenario.is_unusual)
    if (wrong := scenario.misroute) is not None:
        row.misroute, row.wrong_label, row.by_chance = 1, wrong.wrong_label, wrong.by_chance
        row.wrong_again, row.wrong_most = wrong.again, wrong.most
        row.discovery_s, row.longer_s = wrong.discovery_s, wrong.longer_s
    mood, resolution = scenario.mood, scenario.resolution
    row.wait_mood, row.wait_free_s, row.answer_mood = mood.wait_per_min, mood.wait_free_s, mood.answer
    row.reexplain_mood, row.transfer_mood = mood.reexplain, mood.transfer
    row.unresolved, row.unresolved_mood = resolution.unresolved, resolution.mood
    row.settles_all = int(resolution.unresolved + resolution.mood == 0.0)
    if (repeats := scenario.repeats) is not None:
        row.returns_false, row.returns_abandoned = repeats.false_contained, repeats.ai_abandoned
        row.returns_unresolved = repeats.unresolved
    row.watch_every_s = scenario.watch.every_s if scenario.watch is not None else np.inf
    row.levels = max(c.at_once for c in scenario.channels) - 1
    row.log = int(scenario.keep_contacts)
    row.wakes = int(scenario.is_supervised)
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
        logs=Logs(np.zeros(4096, dtype=DECISION), np.zeros(1024, dtype=MOVE)),
        knobs=knobs(scenario),
        cursor=np.zeros(1, dtype=CURSOR),
    )

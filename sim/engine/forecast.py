"""What a planner knows before the day: expected arrivals, what the AI takes of them, people needed. The controllers' view ahead.

Shares, containment and handling times are those of one normal day that was simulated apart from every replication: what a centre would have
seen on another day. Nothing here knows of incidents, nor of what is done about them.
"""

from __future__ import annotations

import hashlib
import math
import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.demand.draw import presence
from sim.engine.state import Handling
from sim.orchestration.impact import Stream, Worked
from sim.scenario.model import Queue, Scenario

if TYPE_CHECKING:
    from sim.engine.records import Run

FloatArray = NDArray[np.float64]

STEP_S = 900.0
"""Length of a step of the plan."""
PLANNING = 1_000_000
"""The replication whose customers nobody simulates."""
FEW = 20
"""From fewer contacts no mean handling time is taken; the law's own mean stands for it."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """A normal day, by step of `STEP_S`."""

    streams: tuple[Stream, ...]
    """By intent and channel, everything that anybody asks for."""
    needed: FloatArray
    """People who hold a queue's target, shape (queues, steps): Erlang A, each queue alone."""
    planned: FloatArray
    """People on the floor for a queue as the schedule has it, less those whom their other queues need, shape (queues, steps)."""
    rostered: FloatArray
    """People on the floor of the groups that serve a queue as the schedule has it, same shape."""
    needed_all: FloatArray
    """People who hold the target of all queues together, shape (steps,)."""
    everybody: FloatArray
    """People on the floor as the schedule has it, shape (steps,)."""
    there: tuple[float, ...]
    """The same as plain numbers."""
    contained_per_min: tuple[tuple[float, ...], ...]
    """Sessions that a fleet closes by itself, by fleet and step."""
    worked: Worked = field(default_factory=Worked, compare=False)
    """What estimates that rest on this have worked out, for all replications."""


_KEPT: list[tuple[tuple[Any, ...], bytes, Forecast]] = []
"""Forecasts made last, with what they rest on and its digest: every replication asks for the same one."""


def forecast(scenario: Scenario) -> Forecast:
    """The planner's view of a scenario."""
    rests_on = (
        scenario.demand, scenario.routing, scenario.ai, scenario.queues, scenario.groups, scenario.fleets, scenario.failover,
    )  # fmt: skip
    for kept, _, found in _KEPT:
        if all(a is b for a, b in zip(kept, rests_on, strict=True)):
            return found
    # A worker of a study is handed the scenario anew with every run: other objects, the same content.
    digest = hashlib.blake2b(pickle.dumps(rests_on)).digest()
    made = next((found for _, of, found in _KEPT if of == digest), None) or _forecast(scenario)
    _KEPT[:] = [entry for entry in _KEPT if entry[1] != digest][-7:]
    _KEPT.append((rests_on, digest, made))
    return made


_LAST: dict[tuple[float, float, float], tuple[float, int]] = {}
"""By patience, target and threshold: load and people of the last answer, from which the next one is not far."""


@lru_cache(maxsize=4096)
def _servers(per_s: float, handle_s: float, patience_s: float, target: float, within_s: float) -> int:
    from sim.wfm.staffing import staff_erlang_a, staff_erlang_c

    if math.isinf(patience_s):
        return staff_erlang_c(per_s, handle_s, service_level=target, within_s=within_s).required
    spec, load = (patience_s, target, within_s), per_s * handle_s
    last_load, last = _LAST.get(spec, (0.0, 0))
    # People beyond the load grow with its square root.
    near = max(0, round(load + (last - last_load) * math.sqrt(load / last_load))) if last else 0
    found = staff_erlang_a(
        per_s, handle_s, patience_s, service_level=target, within_s=within_s, near=near
    ).required
    _LAST[spec] = load, found
    return found


def largest(scenario: Scenario, queues: Sequence[int]) -> Queue:
    """The queue with the most contacts among these."""
    share = scenario.demand.channel_share
    return max((scenario.queues[q] for q in queues), key=lambda q: float(share[list(q.channels)].sum()))


def people(queue: Queue, per_s: float, handle_s: float) -> int:
    """People who hold the target of a queue for so many contacts (Erlang A; Erlang C where nobody gives up).

    Args:
        queue: Whose patience, target and threshold hold; of several together, those of the largest.
        handle_s: A person's time for a contact: where somebody has several at once, each takes its part.
    """
    if per_s <= 0.0 or handle_s <= 0.0:
        return 0
    # Rounded, so that a number that wobbles in its last digits is worked out once.
    return _servers(
        round(per_s, 6), round(handle_s, 1), queue.patience.mean_s, queue.target, queue.answer_within_s
    )


def _normal_day(scenario: Scenario) -> Run:
    """The planning day: no incidents, no noise, and nobody who acts on a forecast."""
    from sim.engine.run import simulate

    quiet = replace(
        scenario,
        demand=replace(scenario.demand, busy_day_cv=0.0, sigma=0.0, batch=None, mmpp=None),
        incidents=(),
        orders=(),
        incident_processes=(),
        relief=None,
        look_ahead=None,
        common_cause=None,
        signals=None,
        levers=(),
        keep_contacts=True,
        warm_up_s=0.0,
    )
    return simulate(quiet, PLANNING)


def _forecast(scenario: Scenario) -> Forecast:
    demand, names = scenario.demand, scenario.names
    steps = max(1, math.ceil(scenario.calendar.end_s / STEP_S))
    middles = (np.arange(steps) + 0.5) * STEP_S
    at = np.clip(np.searchsorted(demand.edges_s, middles, side="right") - 1, 0, len(demand.per_s) - 1)
    per_s = demand.per_s[at]
    c = _normal_day(scenario).contacts
    assert c is not None, "the planning day keeps its contacts"
    simple = _simple(scenario)
    in_ai, by_ai = c["first_fleet"] >= 0, c["handling"] <= Handling.AI_ABANDONED
    talked = ~np.isnan(c["handle_s"]) & (c["ghost"] == 0)
    streams: list[Stream] = []
    human = np.zeros((len(names.queues), steps))
    work = np.zeros_like(human)
    contained_per_s = np.zeros((max(1, len(names.fleets)), steps))
    for i, intent in enumerate(names.intents):
        for k, channel in enumerate(names.channels):
            mine = (c["intent"] == i) & (c["channel"] == k)
            asked = mine & in_ai
            rates = per_s * float(demand.intent_share[i] * demand.channel_share[k])
            share = float(asked.sum() / mine.sum()) if mine.any() else 0.0
            chain = scenario.failover.chain[k]
            kept_share = float(by_ai[asked].mean()) if asked.any() else 0.0
            contained = {names.fleets[f]: kept_share for f in chain}
            at_once = scenario.channels[k].at_once
            usual_s = scenario.handle[i].mean_s * scenario.channels[k].handle_factor / at_once
            direct, escalated = (
                c["handle_s"][mine & talked & engaged] / at_once
                for engaged in (c["turns"] == 0, c["turns"] > 0)
            )
            handle_s = float(direct.mean()) if len(direct) >= FEW else usual_s
            escalated_s = float(escalated.mean()) if len(escalated) >= FEW else handle_s
            kept = share * kept_share
            q = int(scenario.queue_of_channel[k])
            human[q] += rates * (1.0 - kept)
            work[q] += rates * ((1.0 - share) * handle_s + (share - kept) * escalated_s)
            if chain:
                contained_per_s[chain[0]] += rates * kept
            streams.append(
                Stream(
                    intent=intent,
                    channel=channel,
                    per_min=tuple((60.0 * rates).tolist()),
                    direct_handle_s=handle_s,
                    escalated_handle_s=escalated_s,
                    fleet=names.fleets[chain[0]] if chain and share > 0.0 else "",
                    ai_share=share if chain else 0.0,
                    containment=contained,
                    session_s=float(scenario.ai.turns[i]) * scenario.ai.think.mean_s,
                    fallback=tuple(names.fleets[f] for f in chain[1:]),
                    risk=int(scenario.ai.risk[i]),
                    capability=float(scenario.ai.capability[i]),
                    is_simple=bool(simple[i]),
                )
            )
    needed = np.zeros_like(human)
    for q in range(len(names.queues)):
        for step in range(steps):
            if human[q, step] > 0.0:
                mean_s = work[q, step] / human[q, step]
                needed[q, step] = people(scenario.queues[q], float(human[q, step]), float(mean_s))
    total, load = human.sum(axis=0), work.sum(axis=0)
    together = largest(scenario, range(len(names.queues)))
    needed_all = np.array(
        [
            people(together, float(n), float(w / n)) if n > 0.0 else 0
            for n, w in zip(total, load, strict=True)
        ],
        dtype=np.float64,
    )
    by_group = np.zeros((len(scenario.groups), steps))
    for second, group, there in presence(scenario, None):
        by_group[group, middles >= second] = there
    rostered = np.zeros_like(human)
    for spec, present in zip(scenario.groups, by_group, strict=True):
        rostered[list(spec.skills)] += present
    planned = rostered.copy()
    # Nobody is there twice: what other queues of the same people need is not spare.
    for q in range(len(names.queues)):
        others = {o for spec in scenario.groups if q in spec.skills for o in spec.skills} - {q}
        planned[q] = np.maximum(0.0, planned[q] - needed[list(others)].sum(axis=0))
    everybody = by_group.sum(axis=0)
    return Forecast(
        tuple(streams),
        needed,
        planned,
        rostered,
        needed_all,
        everybody,
        tuple(everybody.tolist()),
        tuple(tuple(row) for row in (60.0 * contained_per_s).tolist()),
    )


def _simple(scenario: Scenario) -> NDArray[np.bool_]:
    breaker = scenario.failover.breaker
    if breaker is None or breaker.degraded is None:
        return np.ones(len(scenario.names.intents), dtype=np.bool_)
    return breaker.degraded.simple

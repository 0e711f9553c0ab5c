"""What the orchestrator sees of its fleets, late and with gaps, and one look at what it has seen (M27, M28, M25, M29, M23).

A session that ends is seen `delay_s` later, and not at all while the fleet is dark or where telemetry loses it; its score comes later.
Replies are on the call path and seen at once; answers to surveys come from customers, late, and none of them is lost. Both floors keep
one `Watch` and tell it the same things in the same order.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine import dice, surveys
from sim.orchestration import breaker, degradation, health, satisfaction, scaling, warning
from sim.orchestration.compiled import apart, compiled, record
from sim.scenario.model import Scenario

Rows = NDArray[Any]

CONTAINED, ABANDONED, ESCALATED, LOOPED = 0, 1, 2, 3
"""How a session ended, as seen."""
RIGHT, WRONG = 4, 5
"""How a session was scored."""

ROOM = 4096
"""Readings under way at most, a fleet; the oldest arrives early when a new one finds none."""

POST = record(
    [
        ("head", np.int64),
        ("length", np.int64),
        ("delay_s", np.float64),
        ("share", np.float64),
        ("off", np.float64),
    ]
)
"""Readings under way from a fleet: a ring of them, how long they take, the share that arrives, the share that says the opposite."""

_NODATA = int(breaker.Verdict.NODATA)
MOVED_BREAKER, MOVED_LEVEL, MOVED_WARNING, MOVED_SCALE = 1, 2, 4, 8
"""What a look moved."""


class Watch(NamedTuple):
    """State of what is seen, one row a fleet."""

    on: NDArray[np.int64]
    """Shape (1,): whether anybody looks."""
    health: Rows
    ring: NDArray[np.int64]
    replies: NDArray[np.int64]
    warnings: Rows
    scalings: Rows
    p95_limit_s: NDArray[np.float64]
    semantic: NDArray[np.int64]
    """Shape (1,): whether breakers hear what sessions come to."""
    warns: NDArray[np.int64]
    """Shape (1,): whether there are early warnings."""
    learned: NDArray[np.int64]
    """Shape (1,): whether the warnings' baseline is learned."""
    ends: Rows
    scores: Rows
    post_at_s: NDArray[np.float64]
    """When a reading under way was sent, shape (2, fleets, `ROOM`): ends, scores."""
    post_what: NDArray[np.int64]
    asks: Rows
    """One row of `surveys.ASKS`; nobody is asked where its answers are 0."""
    opinions: Rows
    """What surveys have said, one row a fleet and one of people."""
    arrivals: NDArray[np.int64]
    """Answers under way."""


def watch(scenario: Scenario) -> Watch:
    """Nothing seen yet."""
    policy, fleets = scenario.watch, max(1, len(scenario.fleets))
    room = ROOM if policy is not None else 1
    ends, scores = np.zeros(fleets, dtype=POST), np.zeros(fleets, dtype=POST)
    warnings = np.zeros(fleets, dtype=warning.WARNING)
    scalings = scaling.scalings([fleet.sessions for fleet in scenario.fleets] or [1])
    levels = scenario.failover.degradation
    semantic = scenario.failover.breaker.semantic if scenario.failover.breaker is not None else None
    if policy is None:
        rows, ring, replies = health.monitors(fleets, (10.0, 10.0, 10.0))
    else:
        every_s = policy.every_s
        middle_s = semantic.window_s if semantic is not None else every_s * max(1, round(300.0 / every_s))
        numbers: dict[str, float] = {"every_s": every_s, "baseline": policy.baseline}
        if semantic is not None:
            numbers |= {
                "need_ended": semantic.min_sessions,
                "need_scored": semantic.min_sessions,
                "warn_drop": semantic.warn_drop,
                "trip_drop": semantic.trip_drop,
                "warn_accuracy": semantic.warn_accuracy,
                "trip_accuracy": semantic.trip_accuracy,
                "warn_escalated": semantic.warn_escalated,
                "warn_loop": semantic.warn_loop,
                "trip_loop": semantic.trip_loop,
                "warn_csat": semantic.warn_csat,
                "nodata_grace_s": semantic.nodata_grace_s,
            }
        rows, ring, replies = health.monitors(
            fleets, (every_s, middle_s, max(middle_s, policy.rule_window_s)), **numbers
        )
        ends["delay_s"], ends["share"] = policy.delay_s, 1.0 - policy.missing
        scores["delay_s"], scores["share"] = policy.qa_delay_s, policy.qa_share
        scores["off"] = 1.0 - policy.qa_accuracy
        if policy.rule_drop or policy.cusum_h:
            expected = policy.baseline or 0.85
            drop = min(policy.cusum_drop or policy.rule_drop, 0.5 * expected)
            for f in range(fleets):
                warnings[f] = warning.cusum(expected, drop, policy.cusum_h or 1.0)
            warnings["cusum_on"], warnings["rule_on"] = int(policy.cusum_h > 0), int(policy.rule_drop > 0)
            warnings["rule_drop"], warnings["rule_z"] = policy.rule_drop, policy.rule_z
            warnings["rearm_s"] = policy.rearm_s
            warnings["on"] = int(policy.baseline > 0.0)
        for f, fleet in enumerate(scenario.fleets):
            if fleet.scale_target > 0.0:
                scalings[f].on, scalings[f].target = 1, fleet.scale_target
                scalings[f].every_s = every_s
                scalings[f].warm_up_s, scalings[f].quota = fleet.warm_up_s, fleet.quota
    asked = semantic is not None and semantic.warn_csat > 0.0
    opinions, arrivals = satisfaction.opinions(fleets, scenario.calendar.end_s if asked else 0.0)
    return Watch(
        on=np.array([policy is not None], dtype=np.int64),
        health=rows,
        ring=ring,
        replies=replies,
        warnings=warnings,
        scalings=scalings,
        p95_limit_s=np.full(fleets, levels.p95_s if levels is not None else 0.0),
        semantic=np.array([semantic is not None], dtype=np.int64),
        warns=np.array([int(policy is not None and (policy.rule_drop > 0 or policy.cusum_h > 0))]),
        learned=np.array([policy is not None and policy.baseline == 0.0], dtype=np.int64),
        ends=ends,
        scores=scores,
        post_at_s=np.zeros((2, fleets, room)),
        post_what=np.zeros((2, fleets, room), dtype=np.int64),
        asks=surveys.asks(scenario.mood) if asked else np.zeros(1, dtype=surveys.ASKS),
        opinions=opinions,
        arrivals=arrivals,
    )


@compiled
def _send(s: Watch, post: Rows, box: int, f: int, what: int, now_s: float) -> None:
    room = s.post_what.shape[2]
    if post[f].length == room:
        _arrive(s, post, box, f, now_s)
    slot = (post[f].head + post[f].length) % room
    s.post_at_s[box, f, slot] = now_s
    s.post_what[box, f, slot] = what
    post[f].length += 1


@apart
def _arrive(s: Watch, post: Rows, box: int, f: int, now_s: float) -> None:
    """The oldest reading under way is seen."""
    room = s.post_what.shape[2]
    what = s.post_what[box, f, post[f].head]
    post[f].head = (post[f].head + 1) % room
    post[f].length -= 1
    if what >= RIGHT:
        health.saw_score(s.health, s.ring, f, now_s, what == RIGHT)
        return
    escalated = what in (ESCALATED, LOOPED)
    health.saw_end(s.health, s.ring, f, now_s, what == CONTAINED, escalated, what == LOOPED)
    warning.on_end(s.warnings, f, escalated, now_s)


@compiled
def session_ended(s: Watch, f: int, key: int, dark: bool, how: int, now_s: float) -> None:
    """A session of fleet *f* ended like this; the watch will see it, unless it is lost."""
    if s.on[0] == 0 or dark:
        return
    if s.ends[f].share < 1.0 and dice.uniform(key, dice.TELEMETRY, 0) >= s.ends[f].share:
        return
    _send(s, s.ends, 0, f, how, now_s)


@compiled
def session_scored(s: Watch, f: int, key: int, dark: bool, right: bool, now_s: float) -> None:
    """A session of fleet *f* that closed by itself may be scored: as right or wrong as it was, or the opposite."""
    share = s.scores[f].share
    if s.on[0] == 0 or dark or share == 0.0 or dice.uniform(key, dice.SCORED, 0) >= share:
        return
    if s.scores[f].off > 0.0 and dice.uniform(key, dice.SCORED, 1) < s.scores[f].off:
        right = not right
    _send(s, s.scores, 1, f, RIGHT if right else WRONG, now_s)


@compiled
def served(s: Watch, f: int, key: int, mood: float, settled: bool, now_s: float) -> None:
    """Fleet *f*, or for −1 a person without an AI before, is done with a customer, who may answer a survey later."""
    law = s.asks[0]
    if law.answers == 0.0:
        return
    content = surveys.content_of(mood, settled, law.best, law.mood, law.unsettled)
    score, after_s = surveys.survey(key, content, s.asks)
    if not np.isnan(score):
        satisfaction.will_say(s.arrivals, f if f >= 0 else len(s.opinions) - 1, score, now_s + after_s)


@compiled
def heard_reply(s: Watch, f: int, failed: bool, slow: bool, reply_s: float, now_s: float) -> None:
    """A call of fleet *f* ended."""
    if s.on[0] == 1:
        health.saw_reply(s.health, s.ring, s.replies, f, now_s, failed, slow, reply_s)


@compiled
def came_back(s: Watch, f: int) -> None:
    """The breaker of fleet *f* came back from open: the sessions before that say nothing of now."""
    if s.on[0] == 1:
        health.forget_sessions(s.health, s.ring, f)


def judge_sessions(s: Watch, b: Rows, judged: bool) -> None:
    """From now on breakers hear what sessions come to, or hear nothing of it: as if it had never told, which is not the same as silence."""
    s.semantic[0] = int(judged)
    b["had_sessions"] = 0


@compiled
def probe(
    b: Rows, ring: NDArray[np.int64], f: int, down: bool, errors: float, cut_off: bool, now_s: float
) -> bool:
    """The watch calls a half-open fleet itself; True when this moved its breaker. The call is answered at once, slow or not."""
    if b[f].state != breaker.State.HALF_OPEN or not breaker.admits(b, f):
        return False
    epoch = breaker.call_epoch(b, f, True)
    failed = down or cut_off or (errors > 0.0 and dice.uniform(f, dice.ERROR, int(now_s)) < errors)
    return breaker.on_reply(b, ring, f, epoch, failed, False, now_s)


@compiled
def look_at_fleet(
    s: Watch,
    b: Rows,
    ring: NDArray[np.int64],
    levels: Rows,
    f: int,
    active: int,
    sessions: int,
    dark: bool,
    now_s: float,
) -> tuple[int, int]:
    """One look at fleet *f*: what was seen arrives, then breaker, level, warning and size may move.

    Args:
        b, ring: Breakers and the windows of their replies.
        active: Sessions under way of *sessions* possible ones.
        dark: Nothing of the fleet can be seen.

    Returns:
        What moved (`MOVED_…` added up), and the sessions that the fleet has from now on, −1 for as many as before.
    """
    h = s.health
    moved = 0
    health.advance_to(h, s.ring, s.replies, f, now_s)
    alarmed = s.warnings[f].alarmed
    while s.ends[f].length > 0 and s.post_at_s[0, f, s.ends[f].head] + s.ends[f].delay_s <= now_s:
        _arrive(s, s.ends, 0, f, now_s)
    while s.scores[f].length > 0 and s.post_at_s[1, f, s.scores[f].head] + s.scores[f].delay_s <= now_s:
        _arrive(s, s.scores, 1, f, now_s)
    of_ai = of_people = health.NODATA
    if s.asks[0].answers > 0.0:
        people = len(s.opinions) - 1
        satisfaction.advance_to(s.opinions, s.arrivals, f, now_s)
        satisfaction.advance_to(s.opinions, s.arrivals, people, now_s)
        of_ai, of_people = satisfaction.points(s.opinions, f), satisfaction.points(s.opinions, people)
    said, cause, part, whole, limit = health.verdict(h, s.ring, f, now_s, of_ai, of_people)
    if s.semantic[0] == 0:
        said = _NODATA
    if breaker.on_look(b, ring, f, said, cause, part, whole, limit, now_s):
        moved += MOVED_BREAKER
    if levels[f].on == 1:
        utilisation = health.NODATA if dark or sessions <= 0 else active / sessions
        sigma = degradation.stress(
            utilisation,
            health.p95_s(h, s.replies, f, health.MIDDLE),
            s.p95_limit_s[f],
            health.failed_share(h, s.ring, f, health.MIDDLE),
            health.containment_drop(h, s.ring, f, health.MIDDLE),
        )
        if degradation.step(levels, f, sigma, now_s):
            moved += MOVED_LEVEL
    expected = health.expected_containment(h, f)
    if s.learned[0] == 1 and s.warns[0] == 1 and expected > 0.0:
        s.warnings[f].on = 1  # nothing to warn against before
    if s.warnings[f].on == 1:
        if s.learned[0] == 1 and expected > 0.0:
            warning.tune(s.warnings, f, expected)
        ended = health.counted(s.ring, f, health.ENDED, health.LONG)
        contained = health.counted(s.ring, f, health.CONTAINED, health.LONG)
        warning.on_look(s.warnings, f, contained, ended, expected, now_s)
        if s.warnings[f].alarmed != alarmed:
            moved += MOVED_WARNING
    size = -1
    if s.scalings[f].on == 1:
        if scaling.step(s.scalings, f, active, sessions, now_s):
            moved += MOVED_SCALE
        size = scaling.due(s.scalings, f, now_s)
    return moved, size

"""The plant's small laws that both floors apply to a contact while it is served.

Pure functions of numbers; tables stand in for quantile functions so that no floor calls `exp` or `log` on its own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.engine import dice
from sim.engine.state import FAILED, OK, TIMED_OUT, Mode
from sim.orchestration.compiled import compiled
from sim.orchestration.handover import escalated_handle_s

TABLE = 2049
"""Points of a quantile table, at levels 0 to 1; the outermost stand at 1/8192 from the ends."""

_SUCCESS = int(Mode.SUCCESS)
_DETECTED = int(Mode.DETECTED)
_LOOP = int(Mode.LOOP)
_CONFIDENT_WRONG = int(Mode.CONFIDENT_WRONG)


@compiled
def from_table(table: NDArray[np.float64], row: int, u: float) -> float:
    """Quantile at level *u* by linear interpolation in row *row* of a table of shape (rows, `TABLE`)."""
    at = u * (TABLE - 1)
    k = int(at)
    if k >= TABLE - 1:
        return float(table[row, TABLE - 1])
    return float(table[row, k] + (at - k) * (table[row, k + 1] - table[row, k]))


@compiled
def session_mode(
    ability: float,
    right: bool,
    fail_u: float,
    recover_u: float,
    recovers: float,
    detected: float,
    loop: float,
    wrong_detected: float,
    wrong_loop: float,
) -> int:
    """What a session comes to: the success law of M02, or of a wrong specialist where the label is wrong (M08)."""
    if right:
        if ability > 0.0:
            return _SUCCESS
    else:
        if recover_u < recovers:
            return _SUCCESS
        detected, loop = wrong_detected, wrong_loop
    if fail_u < detected:
        return _DETECTED
    if fail_u < detected + loop:
        return _LOOP
    return _CONFIDENT_WRONG


@compiled
def both(one: float, other: float) -> float:
    """Share of calls that fail of the one cause or the other, which know nothing of each other."""
    return 1.0 - (1.0 - one) * (1.0 - other)


@compiled
def load_factor(active: int, sessions: int, above: float, slope: float) -> float:
    """Reply times are multiplied by this at a fleet with so many sessions: `1 + slope·(u − above)²/(1 − u)`, u cut off at 0.995 (M23)."""
    if slope == 0.0 or active <= above * sessions:
        return 1.0
    u = min(0.995, active / max(1, sessions))
    return 1.0 + slope * (u - above) * (u - above) / (1.0 - u)


@compiled
def load_shift(active: int, sessions: int, above: float, loss: float) -> float:
    """Probit shift of success at a fleet with so many sessions, 0 or below."""
    if loss == 0.0 or active <= above * sessions:
        return 0.0
    return -loss * (active / max(1, sessions) - above)


@compiled
def stopped_by_policy(key: int, turn: int, turns: int, share: float) -> bool:
    """Whether a rule stops the session in this turn: a session of which it is true touches the rule at a turn of its own.

    The share is the fleet's now, the same for all its sessions: when it jumps, every session past its turn is stopped at once.
    """
    if share == 0.0 or not dice.uniform(key, dice.POLICY, 0) < share:
        return False
    return turn >= 1 + int(dice.uniform(key, dice.POLICY, 1) * turns)


@compiled
def tokens(turn: int) -> tuple[float, float]:
    """Tokens in and out of the call for a turn, counted from 1: the whole conversation is sent again each time.

    300 + 350 for each turn in, 200 out; sums to 9,150 and 1,200 over six turns, as measured (tokenrate.dev).
    """
    return 300.0 + 350.0 * turn, 200.0


@compiled
def tokens_of_turns(turns: int) -> tuple[float, float]:
    """Tokens in and out of a session's first turns together: the sums of `tokens`."""
    return 300.0 * turns + 175.0 * turns * (turns + 1), 200.0 * turns


@compiled
def call_outcome(
    latency_s: float, u_error: float, down: bool, error_share: float, factor: float, timeout_s: float
) -> tuple[int, float]:
    """How a call ends and how long it takes: down and faulty endpoints answer with an error, slow ones run into the time-out."""
    if down:
        return FAILED, min(latency_s, timeout_s)
    reply_s = latency_s * factor
    if reply_s > timeout_s:
        return TIMED_OUT, timeout_s
    if u_error < error_share:
        return FAILED, reply_s
    return OK, reply_s


@compiled
def mood_after_turn(mood: float, mode: int, good: float, bad: float) -> float:
    """Frustration, 0 to 1, after one more turn that led somewhere or did not."""
    mood = mood - good if mode == _SUCCESS else mood + bad
    return min(1.0, max(0.0, mood))


@compiled
def mood_after_slow(mood: float, more: float) -> float:
    """Frustration after one more reply that took too long."""
    return min(1.0, mood + more)


@compiled
def mood_after_transfer(mood: float, fidelity: float, reexplain: float, transfer: float) -> float:
    """Frustration of somebody who is passed on from the AI to a person, and has to tell again what got lost."""
    return min(1.0, max(0.0, mood + transfer + reexplain * (1.0 - fidelity)))


@compiled
def with_wrong_people(
    u: float,
    passed_on: int,
    mislabelled: bool,
    lost: float,
    wrong_label: float,
    by_chance: float,
    again: float,
    most: int,
) -> bool:
    """Whether those who pick up are the wrong ones, for somebody passed on so often before; *lost* is the share of context that is."""
    if passed_on >= most:
        return False
    if passed_on > 0:
        return u < again
    chance = wrong_label * lost if mislabelled else 0.0
    return u < by_chance + (1.0 - by_chance) * chance


@compiled
def mood_after_wait(mood: float, wait_s: float, free_s: float, per_min: float, answer: float) -> float:
    """Frustration of somebody who is answered after a wait: up for every minute beyond what is borne, down because somebody is there."""
    mood += per_min * max(0.0, wait_s - free_s) / 60.0
    return min(1.0, max(0.0, mood - answer))


@compiled
def asks_for_a_person(key: int, turn: int, mood: float, per_turn: float, recall: float) -> bool:
    """Whether the customer asks for a person in this turn, and is understood."""
    chance = per_turn * np.exp(2.0 * mood) * recall
    return bool(dice.uniform(key, dice.ASKS, turn) < chance)


@compiled
def sentiment_reading(normal: float, mood: float, noise: float) -> float:
    """What the sentiment sensor shows, −5 to 5, for a frustration and a standard normal deviate."""
    return min(5.0, max(-5.0, 5.0 - 10.0 * mood + noise * normal))


@compiled
def person_handle_s(
    handle_s: float,
    crowd: float,
    pace: float,
    engaged: bool,
    fidelity: float,
    mood: float,
    switch: float,
    reexplain: float,
    prework: float,
    mood_effect: float,
    handover_s: float,
) -> float:
    """How long a person needs: the contact's own time, slower with several at once, longer where an AI was at it before."""
    own_s = handle_s * crowd * pace
    if engaged:
        return escalated_handle_s(own_s, fidelity, mood, switch, reexplain, prework, mood_effect, handover_s)
    return own_s

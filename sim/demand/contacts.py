"""The columns that customers bring along: one row a contact, everything random drawn before the run.

The same columns come out of the drawing board (`sim.demand.draw`) and out of a replayed call log (`sim.demand.replay`); the floors do
not know which.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


class Contacts(NamedTuple):
    """One block of contacts; every array has one entry a row unless said otherwise.

    Rows of first attempts come first, by arrival. Rows behind them are *possible* further attempts. A contact points with `again_row`
    at the next one of its issue, which happens in one of two cases:

    - it gives up in a queue and `redials`: `redial_after_s` later;
    - it ends badly (`Repeats`) and `returns_u` is below the probability of that end: `return_after_s` later.
    """

    id: NDArray[np.int64]
    """Unique in a replication."""
    issue: NDArray[np.int64]
    """The `id` of the issue's first contact."""
    attempt: NDArray[np.int64]
    """1 for the first contact of an issue."""
    arrive_s: FloatArray
    """NaN for possible attempts: they arrive when they do."""
    lag_s: FloatArray
    """From arrival to the controller's having a label and a decision."""
    ready_s: FloatArray
    """`arrive_s + lag_s`, ascending along `order`, shape (first attempts,)."""
    order: NDArray[np.int64]
    """Rows of first attempts in the order in which the controller decides on them."""
    intent: NDArray[np.int64]
    channel: NDArray[np.int64]
    segment: NDArray[np.int64]
    language: NDArray[np.int64]
    region: NDArray[np.int64]
    label: NDArray[np.int64]
    """Predicted intent, −1 unknown."""
    confidence: FloatArray
    right: NDArray[np.bool_]
    """Whether the label is the intent and the intent is in scope; hidden from the controller."""
    in_scope: NDArray[np.bool_]
    ability: FloatArray
    """Probit margin of success by fleet, shape (rows, fleets): above 0 the session would succeed, given a right label."""
    fail_u: FloatArray
    """Uniform that picks how a failing session fails, and whether a wrong specialist recovers."""
    recover_u: FloatArray
    turns: NDArray[np.int64]
    think_s: FloatArray
    mood: FloatArray
    fidelity: FloatArray
    fate_u: FloatArray
    """Uniform that decides whether a hand-over drops the contact or loses the context."""
    patience_s: FloatArray
    silent: NDArray[np.bool_]
    """Would leave without a signal."""
    handle_s: FloatArray
    """A person's handling time without any AI prelude, difficulty included."""
    unresolved_u: FloatArray
    """Uniform: a person settles the issue unless this is below `Resolution`'s probability. 0 where people settle everything."""
    again_row: NDArray[np.int64]
    """Row of the issue's next possible attempt, −1 for none. There is none, either, where nobody could be back before the run ends."""
    redials: NDArray[np.bool_]
    """Would call again after giving up in a queue; `again_row` is not −1 then."""
    redial_after_s: FloatArray
    returns_u: FloatArray
    """Uniform: comes back after a bad end if this is below that end's probability; 1 where the issue has had its attempts. 0 without
    repeats, where every such probability is 0."""
    return_after_s: FloatArray
    key: NDArray[np.int64]
    """63-bit key of the contact's own dice, for what is known only later (the k-th call of a session)."""

    @property
    def first_attempts(self) -> int:
        return len(self.order)

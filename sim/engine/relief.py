"""How customers take what is offered to them in a long queue (M32, M36): the plant's side of `sim.orchestration.relief`.

Pure functions of numbers and uniforms in (0, 1); both floors call them. The values in brackets are the usual ones, *assumed* throughout.
"""

from __future__ import annotations

import numpy as np

from sim.orchestration.compiled import compiled
from sim.orchestration.relief import MOST_TOLD_S

HELPED, COMES_BACK, LOST = 0, 1, 2
"""What becomes of somebody who was deflected to self-service."""

STAYS, BALKS, SWITCHES = 0, 1, 2
"""What somebody does who has heard the announcement."""


@compiled
def heard_s(told_s: float) -> float:
    """Wait that a customer believes in: who hears "more than 30 min" knows no more than that."""
    return min(told_s, MOST_TOLD_S)


# --- self-service ---


@compiled
def accepts_deflection(u: float, share: float) -> bool:
    """Whether the customer tries self-service (0.35)."""
    return u < share


@compiled
def after_deflection(u_helped: float, u_back: float, helped: float, back: float) -> int:
    """What self-service comes to: helped (0.4), or not, and then back (0.5) or lost."""
    if u_helped < helped:
        return HELPED
    return COMES_BACK if u_back < back else LOST


@compiled
def between_s(u: float, from_s: float, until_s: float) -> float:
    """A time spread evenly between two others; who comes back from self-service does so after 30 to 120 minutes."""
    return from_s + u * (until_s - from_s)


# --- callback ---


@compiled
def callback_chance(told_s: float, middle_s: float, spread_s: float, most: float) -> float:
    """Probability of accepting a callback: `1 / (1 + exp(−(told − middle) / spread))`, at *most* that (240 s, 120 s, 0.65)."""
    x = (heard_s(told_s) - middle_s) / spread_s
    # Written twice so that the exponential never overflows.
    chance = 1.0 / (1.0 + np.exp(-x)) if x >= 0.0 else np.exp(x) / (1.0 + np.exp(x))
    return min(most, float(chance))


@compiled
def accepts_callback(u: float, told_s: float, middle_s: float, spread_s: float, most: float) -> bool:
    """Whether the customer takes a callback instead of waiting."""
    return u < callback_chance(told_s, middle_s, spread_s, most)


@compiled
def reached(u: float, share: float) -> bool:
    """Whether somebody picks up when called back (0.75 an attempt)."""
    return u < share


@compiled
def callback_handle_s(handle_s: float, dial_s: float, picked_up: bool) -> float:
    """How long a callback takes a person who dials first (20 s) and then handles it, or reached nobody."""
    return dial_s + handle_s if picked_up else dial_s


# --- announcement ---


@compiled
def balk_chance(told_s: float, from_s: float, scale_s: float) -> float:
    """Probability of hanging up at the announcement: `1 − exp(−max(0, told − from) / scale)` (60 s, 600 s)."""
    return float(1.0 - np.exp(-max(0.0, heard_s(told_s) - from_s) / scale_s))


@compiled
def at_announcement(
    u_balk: float, u_switch: float, told_s: float, from_s: float, scale_s: float, switch: float
) -> int:
    """What a customer does at the announcement: hangs up, or else changes to another channel (0.10), or else stays."""
    if u_balk < balk_chance(told_s, from_s, scale_s):
        return BALKS
    return SWITCHES if u_switch < switch else STAYS


@compiled
def redials(u: float, share: float, informed: bool, factor: float) -> bool:
    """Whether somebody who gave up calls again; who had heard the announcement does so less often (times 0.7)."""
    return u < (share * factor if informed else share)


# --- buffer ---


@compiled
def patience_left_s(patience_s: float, held_s: float, factor: float) -> float:
    """Patience that is left for the queue after *held_s* in the buffer, where being informed stretches it (by 1.5).

    One patience for the whole wait: time in the buffer uses it up at 1/factor of the pace, and at 0 the customer leaves the buffer.
    """
    return patience_s - held_s / factor

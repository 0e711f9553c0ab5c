"""A contact's own dice: uniforms keyed by who asks, what for, and the how-manieth time.

What a contact brings along is drawn before the run. Only what depends on how long things last (the third call of the second attempt)
is left for the run, and comes from here: no state, no order, so nothing that one contact does moves another's numbers.
"""

from __future__ import annotations

from sim.orchestration.compiled import compiled

LATENCY, ERROR, RETRY, ASKS, NOTICED, OFF_TOPIC, SENTIMENT, SENTIMENT_SEEN, LEAVES, TAKEOVER = range(10)
POLICY, TELEMETRY, SCORED, DEFLECTS, HELPED, BACK, BACK_AFTER, CALLBACK, REACHED, BALKS = range(10, 20)
REDIALS, HOST, SURVEY, HANGS_UP, SWITCHES, MISROUTED = range(20, 26)
"""What a number is for."""

_MASK = 0xFFFFFFFF


@compiled
def _mix(x: int) -> int:
    """Scramble 32 bits (the `lowbias32` constants found by C. Wellons); masks keep the products inside 64 bits."""
    x ^= x >> 16
    x = (x * 0x7FEB352D) & _MASK
    x ^= x >> 15
    x = ((x & 0xFFFF) * 0x846CA68B + ((((x >> 16) * 0x846CA68B) & 0xFFFF) << 16)) & _MASK
    x ^= x >> 16
    return x


@compiled
def uniform(key: int, purpose: int, count: int) -> float:
    """A number in (0, 1) for the *count*-th question of kind *purpose* of the contact with this *key*."""
    low = int(key) & _MASK
    high = (int(key) >> 32) & _MASK
    x = _mix(low ^ ((int(purpose) * 0x9E3779B1) & _MASK))
    x = _mix(x ^ high)
    x = _mix((x + int(count) * 0x85EBCA77) & _MASK)
    return (x + 0.5) / 4294967296.0

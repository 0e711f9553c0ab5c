"""Where contacts end up in one interval of the plan, as fleets stand: the arithmetic under the estimate of impact (M31).

Own fleet if its door lets the contact in, then the fleets of the fallback chain, each up to what its sessions carry (Erlang B), then
people. First come first: whoever is at home in a fleet finds it before those sent on. Compiled, since fleets stand in many ways and a
plan asks for hours ahead.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.orchestration.compiled import compiled

FloatArray = NDArray[np.float64]


@compiled
def carried_erlangs(load_erlangs: float, sessions: int) -> float:
    """Work that a fleet with a hard cap carries, by Erlang B: what finds it full goes elsewhere."""
    if load_erlangs <= 0.0 or sessions <= 0:
        return 0.0
    blocked = 1.0
    for n in range(1, sessions + 1):
        blocked = load_erlangs * blocked / (n + load_erlangs * blocked)
    return load_erlangs * (1.0 - blocked)


@compiled
def flows(
    per_min: FloatArray,
    intervals: NDArray[np.int64],
    ai_share: FloatArray,
    session_s: FloatArray,
    direct_s: FloatArray,
    escalated_s: FloatArray,
    chain: NDArray[np.int64],
    kept_share: FloatArray,
    lets_in: NDArray[np.bool_],
    sessions: NDArray[np.int64],
    scratch: FloatArray,
    found: FloatArray,
) -> None:
    """Contacts a minute that end with the AI, contacts a minute that need a person, and the work of these in Erlangs.

    Args:
        per_min: Expected arrivals, shape (streams, intervals).
        intervals: Which; the last one stands for all that follow.
        ai_share: Share of each stream that is routed to the AI.
        session_s: Mean time of an AI session, by stream.
        direct_s: Handling time of a person where the AI never engaged.
        escalated_s: Handling time of a person after the AI.
        chain: Fleets that a stream is offered to in order, shape (streams, places); −1 for none.
        kept_share: Share of its sessions that a fleet contains as things stand, shape (fleets, streams).
        lets_in: Whether a fleet lets a stream in, same shape.
        sessions: Most sessions at once, by fleet.
        scratch: To work on, shape (4, the larger of streams and fleets).
        found: Filled in, shape (intervals asked for, 3).
    """
    streams, places = chain.shape
    left, kept, sent_on, load = scratch[0], scratch[1], scratch[2], scratch[3]
    for k in range(len(intervals)):
        last = min(intervals[k], per_min.shape[1] - 1)
        scratch[:] = 0.0
        for i in range(streams):
            left[i] = per_min[i, last] * ai_share[i]
        for place in range(places):
            for f in range(len(sessions)):
                more = 0.0
                for i in range(streams):
                    if chain[i, place] == f and lets_in[f, i] and left[i] > 0.0:
                        more += left[i] * session_s[i] / 60.0
                took = 1.0
                if more > 0.0:
                    before = carried_erlangs(load[f], sessions[f])
                    took = (carried_erlangs(load[f] + more, sessions[f]) - before) / more
                load[f] += more
                for i in range(streams):
                    if chain[i, place] == f and lets_in[f, i] and left[i] > 0.0:
                        taken = left[i] * took
                        stays = taken * max(0.0, kept_share[f, i])
                        kept[i] += stays
                        sent_on[i] += taken - stays
                        left[i] -= taken
        offered = 0.0
        contained = 0.0
        erlangs = 0.0
        for i in range(streams):
            rate = per_min[i, last]
            direct = rate - kept[i] - sent_on[i]
            erlangs += (direct * direct_s[i] + sent_on[i] * escalated_s[i]) / 60.0
            offered += rate
            contained += kept[i]
        found[k, 0] = contained
        found[k, 1] = offered - contained
        found[k, 2] = erlangs

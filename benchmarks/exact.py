"""Work A in closed form: what Erlang A says of it in steady state."""

from __future__ import annotations

from benchmarks.agreement import Estimate, Estimates
from benchmarks.tally import ANSWER_WITHIN_S
from sim.wfm.erlang import erlang_a


def exact_work_a() -> Estimates:
    """The statistics of work A in steady state, without error."""
    queue = erlang_a(arrivals_per_s=50 / 60, handle_s=180.0, agents=150, patience_s=120.0)
    values = {
        "offered_share": 1.0,
        "answered_share": 1.0 - queue.p_ab,
        "abandoned_share": queue.p_ab,
        "answered_within_20s_share": queue.service_level_offered(ANSWER_WITHIN_S),
        "mean_wait_s": queue.mean_wait_s,
    }
    return {name: Estimate(value, 0.0) for name, value in values.items()}

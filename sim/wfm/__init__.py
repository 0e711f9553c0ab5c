"""Workforce arithmetic on numbers and arrays: what the classical formulas would say.

`erlang` answers "how would it go with n agents", `staffing` answers "how many agents". Both know nothing of
scenarios or runs, so that a simulation can be held against them.
"""

from __future__ import annotations

from sim.wfm.erlang import (
    ErlangA,
    ErlangB,
    ErlangC,
    erlang_a,
    erlang_b,
    erlang_c,
    hayward_a,
    hayward_b,
    hayward_c,
    offered_load_erlangs,
)
from sim.wfm.staffing import (
    Staffing,
    beta_for_p_wait,
    garnett_p_wait,
    halfin_whitt_p_wait,
    square_root_staffing,
    staff_erlang_a,
    staff_erlang_b,
    staff_erlang_c,
    with_shrinkage,
)

__all__ = [
    "ErlangA",
    "ErlangB",
    "ErlangC",
    "Staffing",
    "beta_for_p_wait",
    "erlang_a",
    "erlang_b",
    "erlang_c",
    "garnett_p_wait",
    "halfin_whitt_p_wait",
    "hayward_a",
    "hayward_b",
    "hayward_c",
    "offered_load_erlangs",
    "square_root_staffing",
    "staff_erlang_a",
    "staff_erlang_b",
    "staff_erlang_c",
    "with_shrinkage",
]

# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Escalation bursts: the same volume, in a heap
#
# A price change makes 40 % of the sessions on three topics hit a rule, many at once. The variant *nothing in common* has as many stopped
# sessions on the same day, each for itself. Both have the same customers, so whatever differs is the clustering.

# %%
import pandas as pd

import sim
from sim.outcomes.bursts import HANDOVERS, beside_formulas, bursts
from sim.outcomes.measures import sharing

run = sim.run(
    "policy_boundary_cluster",
    variants=["as it comes", "nothing in common"],
    replications=20,
)
run

# %% [markdown]
# ## How clustered is it?
#
# The index of dispersion (IDC) is the variance of the counts in a window over their mean: 1 for independent events, at every width of the
# window. *Against the plan* compares with a plan that knows the mean day and its shape; *between days* only sees what differs from day to day,
# and an incident at 10:30 on every day is to it a part of the mean day.

# %%
around = (3.0 * 3600, 6.0 * 3600)  # seconds since 07:00: from 10:00 to 13:00
rows = []
for variant, runs in run.study.variants.items():
    found = bursts(runs, HANDOVERS, around)
    for one in found.idc:
        rows.append(
            {
                "variant": variant,
                "window": f"{one.scale_s / 60:g} min",
                "against the plan": one.against_plan.value,
                "±": one.against_plan.half_width,
                "between days": one.between.value,
                "in clusters": found.clustered.value,
                "in clusters if Poisson": found.clustered_if_poisson,
                "most in a minute": found.peak_per_min.value,
            }
        )
pd.DataFrame(rows).set_index(["variant", "window"]).round(2)

# %%
run.figure("escalation bursts")

# %% [markdown]
# ## What Erlang would have said
#
# Every formula gets the interval's own arrivals, handling time and people, interval by interval. What is left of the gap is what a formula
# cannot see: clusters within an interval and what one interval leaves to the next. Hayward's correction gets the measured peakedness *z*.
# R1's people hold several chats at once, which no formula knows; read the columns of one row against each other with that in mind.

# %%
rows = []
for variant, runs in run.study.variants.items():
    for queues in sharing(runs[0].scenario):
        found = beside_formulas(runs, queues, around)
        said = {formula.name: formula.service_level for formula in found.formulas}
        rows.append({"variant": variant, "z": found.z, **said, "simulated": found.service_level.value})
pd.DataFrame(rows).set_index("variant").round(3)

# %% [markdown]
# ## What does the heap cost?
#
# Paired on the same customers: the difference is much surer than either number.

# %%
against = sim.compare(run, "as it comes", against="nothing in common")
pd.DataFrame(
    {
        name: {
            "difference": getattr(against, name).difference.value,
            "±": getattr(against, name).difference.half_width,
        }
        for name in ("service_level", "abandonment", "asa", "backlog_peak", "damage")
    }
).T.round(4)

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
# # Thresholds: which differences are real?
#
# Two cut-offs decide who handles a contact: from `ai` up the AI alone, from `monitored` up the AI under watch, below a person. Here all
# pairs of a few levels meet the same twenty Mondays of the reference centre, so that differences between cells are far surer than the cells' own figures.

# %%
import pandas as pd

import sim
from sim.studies.pareto import front

AI, MONITORED = "routing.thresholds.ai", "routing.thresholds.monitored"
found = sim.study(
    "r1",
    vary={AI: [0.80, 0.86, 0.92, 0.96], MONITORED: [0.60, 0.70, 0.75]},
    figures=["full_cost_per_contact", "service_level", "true_containment", "false_containment"],
    reference={AI: 0.92, MONITORED: 0.75},
    replications=20,
)
found.cells.drop(columns="cell").set_index([AI, MONITORED]).round(4).T

# %% [markdown]
# A dot marks a cell that cannot be told from the reference. Without pairing most of this map would be dots: what the same customers save is said below.

# %%
found.figure("heat-map")

# %%
print("\n".join(found.notes))

# %% [markdown]
# ## Several figures at once
#
# The cheapest cell is rarely the one with the best service level. What lies on the front is a matter of taste; what something else surely beats is not.

# %%
found.figure("front")

# %%
pd.Series(front(found.table, (0, 1)).places).value_counts()

# %% [markdown]
# ## Which one?
#
# With the smallest difference worth acting on said beforehand, a choice has a promise.

# %%
print("\n".join(found.best_in_words("full_cost_per_contact", within=0.02)))

# %%
found.figure("forest")

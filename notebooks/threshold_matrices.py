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

from sim.reports import study_figures
from sim.reports.studied import chosen, saved
from sim.scenario.find import scenario_file
from sim.store import scenarios_of
from sim.studies import Asked, Cell, Table, rows
from sim.studies.pareto import front

AI, MONITORED = "routing.thresholds.ai", "routing.thresholds.monitored"
asked = [
    Asked(name)
    for name in ("service_level", "true_containment", "full_cost_per_contact", "false_containment")
]
cells = []
for ai in (0.80, 0.86, 0.92, 0.96):
    for monitored in (0.60, 0.70, 0.75):
        (scenario,) = scenarios_of(
            scenario_file("r1"), sets=[f"{AI}={ai}", f"{MONITORED}={monitored}"], records="intervals"
        ).values()
        cells.append(Cell(f"ai {ai}, monitored {monitored}", scenario, {AI: ai, MONITORED: monitored}))
table = Table.of(cells, asked, rows(cells, range(20), asked))
table.frame().drop(columns=[AI, MONITORED]).set_index("cell").round(4)

# %% [markdown]
# A dot marks a cell that cannot be told from the reference. Without pairing most of this map would be dots: what the same customers save is said below.

# %%
study_figures.show(study_figures.heat_map(table, 2, AI, MONITORED, against=8))

# %%
print("\n".join(saved(table, reference=8)))

# %% [markdown]
# ## Several figures at once
#
# The cheapest cell is rarely the one with the best service level. What lies on the front is a matter of taste; what something else surely beats is not.

# %%
study_figures.show(study_figures.pareto(table, 2, 0))

# %%
found = front(table, (0, 2))
pd.DataFrame({"cell": [cell.name for cell in cells], "place": found.places}).value_counts("place")

# %% [markdown]
# ## Which one?
#
# With the smallest difference worth acting on said beforehand, a choice has a promise.

# %%
print("\n".join(chosen(table, asked=2, within=0.02)))

# %%
study_figures.show(study_figures.forest(table, 2, against=8))

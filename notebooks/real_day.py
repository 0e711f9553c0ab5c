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
# # A real day, replayed
#
# Sunday 8 August 1999 at a bank's call centre (the "Anonymous Bank" log, collected by I. Guedj and A. Mandelbaum, Technion). What ships with
# blendsim is facts of that day: counts by five minutes, distributions of service times and patience, who was on the floor; no calls and no
# callers. Your own log goes the same way: `blendsim import calls.csv --mapping mapping.yaml --out my_log`, then `demand: { replay: my_log }`.

# %%
import pandas as pd

import sim
from sim.outcomes import table
from sim.reports.report import observed

run = sim.run("real_day_bank_1999", replications=20)
runs = run.study.variants[run.variants[0]]
run

# %%
run.figure("replay")

# %% [markdown]
# ## The whole day
#
# The replay serves a little more and lets wait a little less than the log. A log has no roster: people are taken to be there between their
# answers, and free for everything that their group takes.

# %%
outcome, _ = observed(runs)
pd.DataFrame(
    [
        (one.label, one.observed_total, one.simulated_total.value, one.simulated_total.half_width)
        for one in outcome.figures
    ],
    columns=["figure", "observed", "simulated", "±"],
).set_index("figure").round(3)

# %% [markdown]
# ## And if nobody had been let ahead?
#
# The switch granted waiting time in advance to callers that it knew. The same callers on the same day without it: what a log cannot tell.

# %%
plain = sim.run(
    "real_day_bank_1999",
    replications=20,
    sets=[f"queues.{queue}.credit=null" for queue in runs[0].scenario.names.queues],
)
figures = ["service_level", "asa", "abandonment"]
pd.concat(
    {
        "as it was": table(run.study.variants["as is"], by="queue")[["queue", *figures]].set_index("queue"),
        "nobody ahead": table(plain.study.variants["as is"], by="queue")[["queue", *figures]].set_index(
            "queue"
        ),
    },
    axis=1,
).round(3)

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
# # Post-mortem of an outage
#
# Vendor B, which serves chats, is down from 10:05 for 75 minutes on a Monday. First one day as the control room would have lived it, then
# twenty such days: what did each plan save, and how sure is that?

# %%
import pandas as pd

import sim
from sim.outcomes import story
from sim.outcomes.explanation import around, moment_s
from sim.outcomes.loop import loop_outcome

pd.options.display.max_colwidth = None

run = sim.run(
    "sc01",
    variants=["breaker only", "fail over to C", "plans by an automated desk"],
    replications=20,
)
run

# %% [markdown]
# ## One day, second by second

# %%
run.figure("timeline")

# %%
day = run.study.variants["plans by an automated desk"][0]
from_s, until_s = moment_s(day.scenario, "10:04"), moment_s(day.scenario, "10:30")
pd.DataFrame(
    [(one.clock, one.text) for one in story(day) if from_s <= one.at_s < until_s], columns=["at", "what"]
)

# %% [markdown]
# ## What did the orchestrator know and decide in the first minute?

# %%
moment = around(day, moment_s(day.scenario, "10:05:30"), 45.0)
pd.DataFrame(
    [(one.first_clock, one.kind, one.where, one.contacts, one.sentence) for one in moment.decided],
    columns=["first", "decision", "where", "contacts", "the first one's reason"],
)

# %% [markdown]
# ## From the symptom to people on the phones

# %%
rows = {}
for variant, runs in run.study.variants.items():
    found = loop_outcome(runs)
    rows[variant] = {
        **{f"{stage}, s": estimate.value for stage, estimate in found.stages_s.items()},
        "symptom to action, s": found.loop_s.value,
        "within 60 s": found.within_share.value,
    }
pd.DataFrame(rows).T.round(2)

# %% [markdown]
# ## Twenty days: what each plan saved
#
# Each row is held against *breaker only* on the same customers.

# %%
rows = []
for variant in run.variants[1:]:
    against = sim.compare(run, variant)
    for name in ("service_level", "abandonment", "damage", "spilled", "backlog_peak"):
        gap = getattr(against, name)
        rows.append(
            {
                "plan": variant,
                "figure": gap.label,
                "without": gap.a.value,
                "with": gap.b.value,
                "difference": gap.difference.value,
                "±": gap.difference.half_width,
                "verdict": gap.verdict,
            }
        )
pd.DataFrame(rows).set_index(["plan", "figure"]).round(3)

# %%
run.figure("variants")

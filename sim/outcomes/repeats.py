"""Who came back: containment gross and net, repeats, contacts an issue took, issues settled by the first contact (M05).

    gross = AI sessions that ended without a person / AI sessions closed
    net   = the same without those whose customer was back with the same issue, in whatever channel, within the window

A run ends, and customers come back days later: a contained session whose window reaches beyond the end is *censored*. It counts as
contained until somebody is back, so net containment is too high by what is still to come; the censored share says how much that can be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.records import Run
from sim.engine.state import Disposition, Handling
from sim.outcomes import intervals
from sim.outcomes.intervals import NOTHING, Estimate
from sim.outcomes.measures import MEASURE, FloatArray, quantity, totals_of

WEEK_S = 604_800.0
"""The window where a scenario names none."""
CONTAINED = (Disposition.AI_RESOLVED, Disposition.AI_FALSE_CONTAINED)
SETTLED = (Disposition.AI_RESOLVED, Disposition.HUMAN_RESOLVED, Disposition.DEFLECTED_OK)
"""Ends that met the need, which only the plant knows."""
DEALT_WITH = (
    *SETTLED,
    Disposition.AI_FALSE_CONTAINED,
    Disposition.HUMAN_UNRESOLVED,
    Disposition.DEFLECTED_LOST,
)
"""Ends that look like that from outside: somebody or something dealt with the contact."""


@dataclass(frozen=True, slots=True)
class RepeatOutcome:
    """Repeats of a variant over all replications. What needs contact rows is NaN in interval mode."""

    window_s: float
    repeat_share: Estimate
    """Further attempts, redials included, of all contacts."""
    contacts_per_issue: Estimate
    gross: Estimate
    net: Estimate
    censored_share: Estimate
    """Of contained sessions: not back yet, and the window reaches beyond the run."""
    settled_first: Estimate
    """First-contact resolution as seen: issues dealt with by their first contact and not heard of again in the window, of all issues."""
    settled_first_true: Estimate
    """The same by whether the need was met."""
    returned: dict[str, Estimate]
    """Share that came back within the window, by how the contact ended."""


def came_back_s(contacts: Mapping[str, NDArray[Any]]) -> FloatArray:
    """When the issue's next contact arrived, of every contact row; NaN for none."""
    order = np.lexsort((contacts["attempt"], contacts["issue"]))
    issue, arrive_s = contacts["issue"][order], contacts["arrive_s"][order]
    found = np.full(len(order), np.nan)
    same = np.flatnonzero(issue[1:] == issue[:-1])
    found[order[same]] = arrive_s[same + 1]
    return found


def repeat_outcome(runs: Sequence[Run], window_s: float | None = None) -> RepeatOutcome:
    """Who came back in a variant.

    Args:
        runs: Its replications.
        window_s: Who is back within this had not been contained; the scenario's own when None.
    """
    repeats = runs[0].scenario.repeats
    if window_s is None:
        window_s = repeats.window_s if repeats is not None else WEEK_S
    totals = totals_of(runs)
    offered, first = quantity(totals, "offered"), quantity(totals, "first_attempts")
    rows = [_counted(run, window_s) for run in runs]
    kept = all(run.contacts is not None for run in runs)
    found = {name: np.array([row[name] for row in rows]) for name in rows[0]} if kept else {}

    def ratio(part: str, whole: str) -> Estimate:
        return intervals.ratio(found[part], found[whole]) if kept else NOTHING

    return RepeatOutcome(
        window_s=window_s,
        repeat_share=intervals.ratio(offered - first, offered),
        contacts_per_issue=intervals.ratio(offered, first),
        gross=MEASURE["containment"].estimate(totals),
        net=ratio("stayed", "closed"),
        censored_share=ratio("censored", "contained"),
        settled_first=ratio("settled_first", "issues"),
        settled_first_true=ratio("settled_first_true", "issues"),
        returned={
            ending.name.lower(): ratio(f"back_{ending.name}", f"ended_{ending.name}")
            for ending in Disposition
            if kept and found[f"back_{ending.name}"].sum() > 0
        },
    )


def _counted(run: Run, window_s: float) -> dict[str, float]:
    """Numerators and denominators of one run; nothing without contact rows."""
    if run.contacts is None:
        return {}
    next_s = came_back_s(run.contacts)
    keep = run.contacts["arrive_s"] >= run.scenario.warm_up_s
    c = {
        name: run.contacts[name][keep]
        for name in ("attempt", "disposition", "handling", "first_fleet", "end_s")
    }
    ending, end_s, next_s = c["disposition"], c["end_s"], next_s[keep]
    contained = np.isin(ending, CONTAINED) & (c["first_fleet"] >= 0)
    under_way = (c["handling"] == Handling.AI_CONTAINED) & ~np.isin(ending, CONTAINED)
    back = next_s - end_s <= window_s  # NaN, never back, is not
    first = c["attempt"] == 1
    out = {
        "closed": ((c["first_fleet"] >= 0) & ~under_way).sum(),
        "contained": contained.sum(),
        "stayed": (contained & ~back).sum(),
        "censored": (contained & ~back & (end_s + window_s > run.scenario.calendar.end_s)).sum(),
        "issues": (first & (ending != Disposition.IN_SYSTEM)).sum(),
        "settled_first": (first & np.isin(ending, DEALT_WITH) & ~back).sum(),
        "settled_first_true": (first & np.isin(ending, SETTLED)).sum(),
    }
    for one in Disposition:
        out[f"ended_{one.name}"] = (ending == one).sum()
        out[f"back_{one.name}"] = ((ending == one) & back).sum()
    return {name: float(value) for name, value in out.items()}

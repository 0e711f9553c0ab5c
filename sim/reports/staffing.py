"""A staffing answer as tables, rows for other programs, and a figure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.outcomes.local_time import local_time
from sim.reports.blocks import Lines, Section, Table
from sim.reports.numbers import count, duration, estimate
from sim.reports.style import BLACK, BLUE, DPI, GREEN, GREY, ORANGE, RC, VERMILION, WIDTH_IN, settle
from sim.scenario.model import Scenario
from sim.store import SCHEMA_VERSION
from sim.store.manifest import jsonable
from sim.studies.staff import Plan, Staffing

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

COLOURS = {"Erlang C": GREY, "Erlang A": ORANGE, "Hayward": BLUE, "simulation": BLACK, "shifts": GREEN}


def sections(found: Staffing, scenario: Scenario, extra: Staffing | None = None) -> list[Section]:
    """By step what each method asks for, then what each plan would really give.

    Args:
        found: The answer.
        scenario: Of which it is.
        extra: The answer with a vendor lost (N − 1).
    """
    columns = ("from", "contacts/h", "handling", *(plan.name for plan in found.plans), "gives")
    if found.shifts is not None:
        columns += ("shifts", "short", "give")
    if extra is not None:
        columns += ("N−1", "extra")
    rows = []
    for t, at_s in enumerate(found.from_s):
        row = [
            f"{local_time(scenario, at_s):%H:%M}", count(found.per_h[t]),
            duration(found.handle_s[t]) if found.per_h[t] > 0 else "–",
            *(str(plan.people[t]) for plan in found.plans), _share(found.plans[-1].by_step[t]),
        ]  # fmt: skip
        if found.shifts is not None:
            there = found.shifts.people[t]
            short = f"{found.plans[-1].people[t] - there:+d}"
            row += [str(there), short, _share(found.shifts.by_step[t])]
        if extra is not None:
            more = extra.plans[-1].people[t]
            row += [str(more), f"{more - found.plans[-1].people[t]:+d}"]
        rows.append(tuple(row))
    by_step = Section(
        f"People of {found.group} by {duration(found.step_s)}, for {', '.join(found.queues)}",
        (Table(columns, tuple(rows)),),
    )
    given = [
        (
            name, count(sum(plan.people) * found.step_s / 3600.0), count(sum(plan.scheduled) * found.step_s / 3600.0),
            estimate(plan.day, "share"), *(estimate(one, "share") for one in plan.by_queue.values()),
            estimate(plan.abandonment, "share"), f"{plan.missed} of {len(plan.people)}",
        )
        for name, plan in named(found, extra)
    ]  # fmt: skip
    table = Table(
        ("plan", "hours", "scheduled", "service level", *found.queues, "abandoned", "steps missed"),
        tuple(given),
    )
    return [
        by_step,
        Section(
            "What each plan would really give, on days that the search never saw",
            (table, Lines(notes(found))),
        ),
    ]


def notes(found: Staffing) -> tuple[str, ...]:
    """How it is to be read."""
    lines = [
        f"simulation: smallest plan that holds its target in every step, one-sided {found.confidence:.0%} a step ({found.runs:,} runs)",
        f"hours: people-hours on the floor; scheduled: with a shrinkage of {found.shrinkage:.0%}, each step in whole people",
        "steps missed: in which a queue is below its target on those days, in the mean",
        _peaked(found),
    ]
    if found.shifts is not None:
        lines.append(
            "shifts: people on the floor as planned, breaks taken off, mean of the step; short: simulation's number less that one; give: "
            "simulated with the shifts as they are"
        )
    if found.at_once > 1.0:
        lines.append(
            f"one person holds {found.at_once:.2f} contacts at once in the mean; the formulas' answers are divided by that, which is "
            "more than contacts that share a person are worth"
        )
    return tuple(lines)


def _peaked(found: Staffing) -> str:
    if np.isnan(found.peakedness):
        return "peakedness could not be measured (arrivals are a list, or too few): Hayward says what Erlang A says"
    return (
        f"peakedness of what comes to people, for Hayward: {found.peakedness:.2f} (1 is Poisson; one number for all steps, measured with "
        "ample people over a few days, and rough)"
    )


def named(found: Staffing, extra: Staffing | None = None) -> list[tuple[str, Plan]]:
    """All plans with what they are called: those of the methods, the shifts, the one that survives a loss."""
    plans = [*found.plans] if found.shifts is None else [*found.plans, found.shifts]
    more = [] if extra is None else [(f"N−1, {extra.variant}", extra.plans[-1])]
    return [*((plan.name, plan) for plan in plans), *more]


def frame(found: Staffing, scenario: Scenario, extra: Staffing | None = None) -> pd.DataFrame:
    """One row a step: local time with its zone, load, people and service level by method; *extra* with a vendor lost."""
    import pandas as pd

    data: dict[str, Any] = {
        "from": [local_time(scenario, at_s).isoformat() for at_s in found.from_s],
        "until": [
            (local_time(scenario, at_s) + timedelta(seconds=found.step_s)).isoformat()
            for at_s in found.from_s
        ],
        "contacts_per_h": np.round(found.per_h, 3),
        "handle_s": np.round(found.handle_s, 1),
    }
    plans = named(found) + ([] if extra is None else [("n_minus_1", extra.plans[-1])])
    for name, plan in plans:
        if plan is found.shifts:
            data["shifts present"] = plan.people
            data["shifts service_level"] = np.round(plan.by_step, 4)
            continue
        data[f"{name} required"] = plan.people
        data[f"{name} scheduled"] = plan.scheduled
        data[f"{name} service_level"] = np.round(plan.by_step, 4)
    return pd.DataFrame(data)


def plans(found: Staffing, extra: Staffing | None = None) -> pd.DataFrame:
    """One row a plan: people-hours on the floor and scheduled, and what it would really give on days that the search never saw."""
    import pandas as pd

    rows = []
    for name, plan in named(found, extra):
        row: dict[str, Any] = {
            "plan": name,
            "hours": sum(plan.people) * found.step_s / 3600.0,
            "scheduled_hours": sum(plan.scheduled) * found.step_s / 3600.0,
        }
        estimates = {"service_level": plan.day, **plan.by_queue, "abandonment": plan.abandonment}
        for of, one in estimates.items():
            row |= {of: one.value, f"{of} ±": one.half_width}
        rows.append({**row, "steps_missed": plan.missed})
    return pd.DataFrame(rows)


def tree(found: Staffing, extra: Staffing | None = None) -> dict[str, Any]:
    """For programs."""
    told = {"schema_version": SCHEMA_VERSION, "staffing": jsonable(found)}
    return told if extra is None else {**told, "n_minus_1": jsonable(extra)}


def figure(found: Staffing, scenario: Scenario) -> Figure:
    """People by method over the day, and the service level that each would really give."""
    import matplotlib as mpl
    from matplotlib.dates import DateFormatter
    from matplotlib.figure import Figure

    with mpl.rc_context(RC):
        drawn = Figure(figsize=(WIDTH_IN, 7.0), dpi=DPI, layout="constrained")
        above, below = drawn.subplots(2, 1, sharex=True, height_ratios=[3, 2])
        x = [local_time(scenario, at_s).replace(tzinfo=None) for at_s in found.from_s]
        x.append(x[-1] + timedelta(seconds=found.step_s))
        for _, plan in named(found):
            look: dict[str, Any] = {
                "color": COLOURS[plan.name], "linewidth": 2.2 if plan.name == "simulation" else 1.4, "where": "post"
            }  # fmt: skip
            above.step(x, [*plan.people, plan.people[-1]], label=plan.name, **look)
            level = [100.0 * one for one in plan.by_step]
            below.step(x, [*level, level[-1]], **look)
        for name, target in found.targets.items():
            below.axhline(
                100.0 * target, color=VERMILION, linewidth=0.9, linestyle="--", label=f"target of {name}"
            )
        above.set_title(f"People of {found.group}, required")
        below.set_title("Service level that each plan would really give, %")
        above.set_ylim(0, 1.12 * above.get_ylim()[1])  # room for the legend
        below.set_ylim(0, 101)
        above.legend(loc="upper right", ncols=5)
        if found.targets:
            below.legend(loc="lower right", ncols=3)
        below.xaxis.set_major_formatter(DateFormatter("%H:%M"))  # type: ignore[no-untyped-call]
        below.set_xlabel(f"local time ({scenario.calendar.timezone})")
        drawn.suptitle(
            f"{found.scenario} · {found.variant}", x=0.01, ha="left", fontsize=12, fontweight="bold"
        )
        settle(drawn)
    return drawn


def _share(value: float) -> str:
    return "–" if np.isnan(value) else f"{100 * value:.1f} %"

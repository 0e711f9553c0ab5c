"""A staffing answer as tables, rows for other programs, and a figure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.outcomes.local_time import local_time
from sim.outcomes.measures import interval_edges_s
from sim.reports.blocks import Lines, Section, Table
from sim.reports.numbers import count, duration, estimate
from sim.reports.style import BLACK, BLUE, DPI, GREEN, GREY, ORANGE, PURPLE, RC, VERMILION, WIDTH_IN, settle
from sim.scenario.model import Scenario
from sim.scenario.values import in_clock
from sim.store import SCHEMA_VERSION
from sim.store.manifest import jsonable
from sim.studies.roster import Roster, RosterShift
from sim.studies.staff import Plan, Staffing

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

COLOURS = {
    "Erlang C": GREY,
    "Erlang A": ORANGE,
    "Hayward": BLUE,
    "simulation": BLACK,
    "shifts": GREEN,
    "roster": PURPLE,
}


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
    if found.rostered is not None:
        columns += ("roster", "gives")
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
        if found.rostered is not None:
            row += [str(found.rostered.people[t]), _share(found.rostered.by_step[t])]
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
            name, *map(count, hours(found, plan)),
            estimate(plan.day, "share"), *(estimate(one, "share") for one in plan.by_queue.values()),
            estimate(plan.abandonment, "share"), f"{plan.missed} of {len(plan.people)}",
        )
        for name, plan in named(found, extra)
    ]  # fmt: skip
    table = Table(
        ("plan", "hours", "scheduled", "service level", *found.queues, "abandoned", "steps missed"),
        tuple(given),
    )
    rostered = [] if found.roster is None else [_rostered(found.roster, found)]
    return [
        by_step,
        *rostered,
        Section(
            "What each plan would really give, on days that the search never saw",
            (table, Lines(notes(found))),
        ),
    ]


def hours(found: Staffing, plan: Plan) -> tuple[float, float]:
    """People-hours on the floor, and scheduled; of a roster what it is paid for."""
    on_floor, scheduled = (sum(people) * found.step_s / 3600.0 for people in (plan.people, plan.scheduled))
    return (
        (on_floor, found.roster.paid_hours)
        if plan is found.rostered and found.roster
        else (on_floor, scheduled)
    )


def _rostered(roster: Roster, found: Staffing) -> Section:
    """People by shift."""
    several_days = len({day for shift in roster.shifts for day in shift.days}) > 1
    comes = any(shift.scheduled != shift.people for shift in roster.shifts)
    columns = (
        *(["days"] if several_days else []), "from", "until", "breaks", "scheduled", *(["come"] if comes else [])
    )  # fmt: skip
    rows = tuple(
        (
            *([days_words(shift)] if several_days else []), in_clock(shift.start_s), until_words(shift), breaks_words(shift),
            count(shift.scheduled), *([count(shift.people)] if comes else []),
        )
        for shift in roster.shifts
    )  # fmt: skip
    words = tuple(k for k, name in enumerate(columns) if name in {"days", "from", "until", "breaks"})
    return Section(
        f"Shifts that cover simulation's people: {count(roster.scheduled)} scheduled, {count(roster.paid_hours)} paid hours",
        (Table(columns, rows, words), Lines(_roster_notes(roster, found))),
    )


def _roster_notes(roster: Roster, found: Staffing) -> tuple[str, ...]:
    scheduled_h = sum(found.plans[-1].scheduled) * found.step_s / 3600.0
    cheapest = (
        "no roster of these shifts is paid for less"
        if roster.bound_hours >= roster.paid_hours
        else f"not proved to be the cheapest: no roster of these shifts is paid for less than {count(roster.bound_hours)}"
    )
    lines = [
        f"{cheapest}; {count(scheduled_h)} are required, {count(roster.over_hours)} on the floor are more than that, the rest are breaks",
        "paid: from start to end without breaks of more than 20 min",
    ]
    if found.shrinkage > 0.0:
        lines.append(
            f"come: the {1.0 - found.shrinkage:.0%} of those scheduled who are there, rounded up or down such that every interval stays "
            "covered; breaks are taken off already, so the shrinkage is what is away beside them"
        )
    return tuple(lines)


def days_words(shift: RosterShift) -> str:
    """`Mon Tue`."""
    return " ".join(day[:3].capitalize() for day in shift.days)


def until_words(shift: RosterShift) -> str:
    """End by the local clock."""
    end_s = shift.start_s + shift.lasts_s
    return in_clock(end_s if end_s <= 86_400.0 else end_s - 86_400.0)


def breaks_words(shift: RosterShift) -> str:
    """`09:00 +15 min, 11:00 +45 min` by the local clock."""
    told = [
        f"{in_clock((shift.start_s + after_s) % 86_400.0)} +{duration(lasts_s)}"
        for after_s, lasts_s in shift.breaks
    ]
    return ", ".join(told) or "–"


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
    if found.rostered is not None:
        lines.append(
            "roster: people of the shifts on the floor, breaks taken off, mean of the step; its scheduled hours are "
            "paid hours"
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
    """All plans with what they are called: those of the methods, the shifts, the roster, the one that survives a loss."""
    plans = [*found.plans, *(plan for plan in (found.shifts, found.rostered) if plan is not None)]
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
        there = plan is found.shifts or plan is found.rostered
        data[f"{name} present" if there else f"{name} required"] = plan.people
        if plan is not found.shifts:
            data[f"{name} scheduled"] = plan.scheduled
        data[f"{name} service_level"] = np.round(plan.by_step, 4)
    return pd.DataFrame(data)


def plans(found: Staffing, extra: Staffing | None = None) -> pd.DataFrame:
    """One row a plan: people-hours on the floor and scheduled, and what it would really give on days that the search never saw."""
    import pandas as pd

    rows = []
    for name, plan in named(found, extra):
        on_floor, scheduled = hours(found, plan)
        row: dict[str, Any] = {"plan": name, "hours": on_floor, "scheduled_hours": scheduled}
        estimates = {"service_level": plan.day, **plan.by_queue, "abandonment": plan.abandonment}
        for of, one in estimates.items():
            row |= {of: one.value, f"{of} ±": one.half_width}
        rows.append({**row, "steps_missed": plan.missed})
    return pd.DataFrame(rows)


def shifts(found: Staffing) -> pd.DataFrame:
    """One row a shift of the roster: days, local times, its breaks, people scheduled and who come.

    Raises:
        ValueError: No roster was looked for.
    """
    import pandas as pd

    if found.roster is None:
        raise ValueError("no roster was looked for; say of which shifts, such as shifts=['8h']")
    return pd.DataFrame(
        {
            "days": " ".join(shift.days),
            "from": in_clock(shift.start_s),
            "until": until_words(shift),
            "hours": shift.lasts_s / 3600.0,
            "breaks": breaks_words(shift),
            "scheduled": shift.scheduled,
            "people": shift.people,
        }
        for shift in found.roster.shifts
    )


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
            at, people = x, [*plan.people, plan.people[-1]]
            if plan is found.rostered and found.roster is not None:
                at, people = _on_floor(found.roster, scenario)
            look: dict[str, Any] = {
                "color": COLOURS[plan.name], "linewidth": 2.2 if plan.name == "simulation" else 1.4, "where": "post"
            }  # fmt: skip
            above.step(at, people, label=plan.name, **look)
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
        above.legend(loc="upper right", ncols=6)
        if found.targets:
            below.legend(loc="lower right", ncols=3)
        below.xaxis.set_major_formatter(DateFormatter("%H:%M"))  # type: ignore[no-untyped-call]
        below.set_xlabel(f"local time ({scenario.calendar.timezone})")
        drawn.suptitle(
            f"{found.scenario} · {found.variant}", x=0.01, ha="left", fontsize=12, fontweight="bold"
        )
        settle(drawn)
    return drawn


def _on_floor(roster: Roster, scenario: Scenario) -> tuple[list[datetime], list[int]]:
    """People of the roster by reporting interval: breaks are shorter than a step."""
    at = [local_time(scenario, edge_s).replace(tzinfo=None) for edge_s in interval_edges_s(scenario)]
    return at, [*roster.on_floor, roster.on_floor[-1]]


def _share(value: float) -> str:
    return "–" if np.isnan(value) else f"{100 * value:.1f} %"

"""Figures: a day by interval, variants side by side, bursts, one replication second by second, a replay against its log.

Times are local wall-clock times of the scenario. Bands are 10–90 % over replications around the median.
Nothing here keeps global state: figures are values, `style.write` turns one into SVG and PNG.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from sim.engine.records import Run
from sim.engine.state import Handling
from sim.orchestration.breaker import State
from sim.outcomes import bursts
from sim.outcomes.erlang import required
from sim.outcomes.happenings import happenings, incident_words, kind_of
from sim.outcomes.incidents import breaker_spans, service_level_damage, state_share, waiting_peaks
from sim.outcomes.intervals import Estimate, mean
from sim.outcomes.local_time import local_time, span_words
from sim.outcomes.measures import (
    MEASURE,
    FloatArray,
    Window,
    in_window,
    interval_edges_s,
    quantities,
    quantity,
    totals_of,
)
from sim.outcomes.replay import ReplayOutcome, band
from sim.outcomes.waiting import visits
from sim.outcomes.words import HANDLING_LABELS
from sim.reports.style import (
    BLACK,
    BLUE,
    DPI,
    GREEN,
    GREY,
    ORANGE,
    PALE,
    PURPLE,
    RC,
    SKY,
    VERMILION,
    WIDTH_IN,
    settle,
)
from sim.scenario.model import Scenario

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STACK: tuple[tuple[Handling, str], ...] = (
    (Handling.HUMAN_ONLY, GREEN),
    (Handling.ESCALATED, ORANGE),
    (Handling.SPILLED, VERMILION),
    (Handling.AI_ABANDONED, GREY),
    (Handling.AI_CONTAINED, SKY),
)
"""From the bottom up: the first three are work for people."""


def day(runs: Sequence[Run], window: Window | None = None) -> Figure:
    """The day by interval: offered by handling type, people required and on the floor, service level, what happened.

    Args:
        runs: Replications of one variant.
        window: Part of the run to show; all after the warm-up when None.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    scenario = runs[0].scenario
    keep = in_window(scenario, window)
    edges_s = _edges(scenario, keep)
    strip_rows = _strip_rows(scenario)
    with mpl.rc_context(RC):
        heights = [3.0, 2.4, 2.4] + ([0.28 * strip_rows + 0.1] if strip_rows else [])
        figure = Figure(figsize=(WIDTH_IN, sum(heights) + 1.4), dpi=DPI, layout="constrained")
        axes = list(figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0])
        figure.suptitle(_heading(runs), x=0.01, ha="left", fontsize=12, fontweight="bold")
        x = _clock(scenario, edges_s)

        _offered(axes[0], runs, keep, x)
        _people(axes[1], runs, keep, x)
        _level(axes[2], runs, keep, x)
        _legend(axes[2])
        if strip_rows:
            _strip(axes[3], runs, edges_s)
        for ax in axes[:3]:
            _shade(ax, scenario, edges_s)
        _time_axis(axes[-1], scenario, edges_s)
        settle(figure)
    return figure


def variants(by_variant: Mapping[str, Sequence[Run]], window: Window | None = None) -> Figure:
    """Variants under each other on one clock, and their service level, abandonment and damage with 95 % intervals.

    Args:
        by_variant: Replications by the variant's name, in the order of the rows; all of the same calendar.
        window: Part of the run to show, and that the intervals are about; all after the warm-up when None.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    names = list(by_variant)
    first = by_variant[names[0]][0].scenario
    keep = in_window(first, window)
    edges_s = _edges(first, keep)
    most_waiting = max(
        (float(np.nanmax(_many(waiting_peaks, runs)[:, keep], initial=0.0)) for runs in by_variant.values()),
        default=0.0,
    )
    with mpl.rc_context(RC):
        heights: list[float] = []
        for name in names:
            strip = _strip_rows(by_variant[name][0].scenario)
            heights += [1.55, 0.9] + ([0.24 * strip + 0.1] if strip else [])
        forest_in = 0.36 * len(names) + 1.0
        figure = Figure(
            figsize=(WIDTH_IN, sum(heights) + 0.42 * len(names) + forest_in + 0.9),
            dpi=DPI,
            layout="constrained",
        )
        grid = figure.add_gridspec(len(heights) + 1, 3, height_ratios=[*heights, forest_in])
        figure.suptitle(
            f"{first.name}: {len(names)} variants, {_replications(by_variant[names[0]])}",
            x=0.01, ha="left", fontsize=12, fontweight="bold",
        )  # fmt: skip
        axes = [figure.add_subplot(grid[0, :])]
        axes += [figure.add_subplot(grid[k, :], sharex=axes[0]) for k in range(1, len(heights))]
        for ax in axes[:-1]:
            ax.tick_params(labelbottom=False)
        with_breakers = [bool(_strip_fleets(by_variant[name][0].scenario)) for name in names]
        explained = with_breakers.index(True) if any(with_breakers) else 0
        at = 0
        for row, name in enumerate(names):
            runs = by_variant[name]
            scenario = runs[0].scenario
            x = _clock(scenario, edges_s)
            _level(axes[at], runs, keep, x)
            axes[at].set_title(name)
            axes[at].set_ylabel("service\nlevel, %")
            _waiting(axes[at + 1], runs, keep, x, most_waiting)
            _shade(axes[at], scenario, edges_s)
            _shade(axes[at + 1], scenario, edges_s)
            if row == 0:
                _legend(axes[at])
                _legend(axes[at + 1])
            at += 2
            if _strip_rows(scenario):
                _strip(axes[at], runs, edges_s, legend=row == explained)
                at += 1
        _time_axis(axes[-1], first, edges_s)
        left = figure.add_subplot(grid[-1, 0])
        forest = [left, *(figure.add_subplot(grid[-1, k], sharey=left) for k in (1, 2))]
        _forest(forest, by_variant, window)
        settle(figure)
    return figure


def replay(runs: Sequence[Run], outcome: ReplayOutcome) -> Figure:
    """Simulated band against observed, by the log's intervals: offered, abandoned, ASA, served in time.

    Args:
        runs: Replications of the replayed day.
        outcome: What `sim.outcomes.replay` made of them.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    scenario = runs[0].scenario
    busy = np.flatnonzero((outcome.figure("offered").observed > 0) | (outcome.figure("offered").median > 0))
    keep = slice(int(busy[0]), int(busy[-1]) + 1) if len(busy) else slice(None)
    from_s = outcome.from_s[keep]
    edges_s = np.append(from_s, from_s[-1] + outcome.interval_s)
    with mpl.rc_context(RC):
        figure = Figure(figsize=(WIDTH_IN, 7.6), dpi=DPI, layout="constrained")
        figure.suptitle(_heading(runs), x=0.01, ha="left", fontsize=12, fontweight="bold")
        axes = figure.subplots(2, 2, sharex=True)
        x = _clock(scenario, edges_s)
        middle = _clock(scenario, from_s + outcome.interval_s / 2)
        for ax, name in zip(axes.flat, ("offered", "abandoned", "asa_s", "served_within"), strict=True):
            found = outcome.figure(name)
            share = name == "served_within"
            scale = 100.0 if share else 1.0
            low, high, median = (scale * column[keep] for column in (found.low, found.high, found.median))
            _band(ax, x, low, high, median, BLUE, "simulated")
            ax.plot(
                middle, scale * found.observed[keep], "o", color=ORANGE, markeredgecolor=BLACK, markeredgewidth=0.6,
                markersize=5.5, label="observed", zorder=4,
            )  # fmt: skip
            ax.set_title(
                _replay_title(found.label, found.observed_total, found.simulated_total, share), fontsize=10
            )
            per_bin = f"contacts per {outcome.interval_s / 60:.0f} min"
            ax.set_ylabel("%" if share else "s" if name == "asa_s" else per_bin)
            ax.set_ylim(0, 103 if share else None)
            _time_axis(ax, scenario, edges_s, ticks=10)
        for ax in axes[0]:
            ax.set_xlabel("")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
        settle(figure)
    return figure


def escalation_bursts(by_variant: Mapping[str, Sequence[Run]], window: Window | None = None) -> Figure | None:
    """How AI sessions come to people: per minute over the day beside what a plan expects, and dispersion by width of the window.

    Args:
        by_variant: Replications by the variant's name, with contact rows; all of the same calendar.
        window: Part of the run to show and to count in. When None, all after the warm-up is shown, and dispersion is that of the hours
            around the first variant's first incident, where it has one.

    Returns:
        None without contact rows, or when no session was handed over.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    found = {name: bursts.bursts(runs, bursts.HANDOVERS, window) for name, runs in by_variant.items()}
    shown = {name: one for name, one in found.items() if one is not None}
    if not shown:
        return None
    first = by_variant[next(iter(shown))][0].scenario
    edges_s = _minutes(first, window)
    most = max(float(_per_minute(by_variant[name], edges_s)[2].max(initial=1.0)) for name in shown)
    with mpl.rc_context(RC):
        heights = [1.9] * len(shown) + [2.6]
        figure = Figure(figsize=(WIDTH_IN, sum(heights) + 1.2), dpi=DPI, layout="constrained")
        figure.suptitle(
            f"{first.name}: AI sessions handed over to people, {_replications(next(iter(by_variant.values())))}",
            x=0.01, ha="left", fontsize=12, fontweight="bold",
        )  # fmt: skip
        grid = figure.add_gridspec(len(heights), 3, height_ratios=heights)
        axes = [figure.add_subplot(grid[0, :])]
        axes += [figure.add_subplot(grid[k, :], sharex=axes[0]) for k in range(1, len(shown))]
        x = _clock(first, edges_s)
        for ax, name in zip(axes, shown, strict=True):
            runs = by_variant[name]
            median, low, high, plan = _per_minute(runs, edges_s)
            _band(ax, x, low, high, median, VERMILION, "handed over")
            ax.step(x, _post(plan), where="post", color=BLACK, linewidth=1.2, linestyle=(0, (4, 1.5)),
                    label="as the plan expects")  # fmt: skip
            ax.set_title(name)
            ax.set_ylabel("sessions per min")
            ax.set_ylim(0, 1.05 * most)
            _shade(ax, runs[0].scenario, edges_s)
            ax.tick_params(labelbottom=ax is axes[-1])
        _legend(axes[0])
        _time_axis(axes[-1], first, edges_s)
        counted = window or bursts.around_incidents(first)
        _dispersions([figure.add_subplot(grid[-1, k]) for k in range(3)], by_variant, counted)
        settle(figure)
    return figure


def _minutes(scenario: Scenario, window: Window | None) -> FloatArray:
    """Edges of the minutes of the shown intervals."""
    shown = _edges(scenario, in_window(scenario, window))
    return np.arange(shown[0], shown[-1] + 1e-6, 60.0)


def _per_minute(runs: Sequence[Run], edges_s: FloatArray) -> tuple[FloatArray, ...]:
    """Sessions handed over by minute: median, 10 and 90 % over replications, and what the plan expects."""
    times = [bursts.HANDOVERS.times(run) for run in runs]
    counts = np.stack([np.histogram(t, edges_s)[0] for t in times]).astype(np.float64)
    return (*band(counts, (0.5, 0.1, 0.9)), bursts.planned(runs, times, edges_s))


_DISPERSION_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, VERMILION, SKY, BLACK, GREY)


def _dispersions(
    axes: Sequence[Axes], by_variant: Mapping[str, Sequence[Run]], window: Window | None
) -> None:
    """One panel a stream: dispersion against the plan by width of the bins, with 95 % intervals, one line a variant."""
    for ax, stream in zip(axes, bursts.STREAMS, strict=True):
        for k, (name, runs) in enumerate(by_variant.items()):
            found = bursts.dispersions(runs, stream, window)
            colour = _DISPERSION_COLOURS[k % len(_DISPERSION_COLOURS)]
            if not found:
                continue
            x = np.array([one.scale_s for one in found]) * (1.0 + 0.03 * k)
            value = np.array([one.against_plan.value for one in found])
            half = np.nan_to_num([one.against_plan.half_width for one in found])
            ax.errorbar(
                x, value, yerr=np.minimum(half, 0.999 * value), fmt="o-", color=colour, capsize=3, markersize=4.5,
                linewidth=1.4, label=name,
            )  # fmt: skip
        ax.axhline(1.0, color=GREY, linewidth=1.0, linestyle=(0, (2, 2)), label="Poisson")
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_xticks([60.0, 300.0, 900.0, 1800.0], ["1 min", "5 min", "15", "30"])
        ax.minorticks_off()
        ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        low, high = max(0.5, ax.get_ylim()[0]), max(2.0, ax.get_ylim()[1])
        ax.set_ylim(low, high)
        nice = [v for v in (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0) if low <= v <= high]
        ax.set_yticks(nice)
        ax.set_title(stream.label, fontsize=9.5)
    scenario = next(iter(by_variant.values()))[0].scenario
    span = "" if window is None else f"\n{span_words(scenario, window)}"
    axes[0].set_ylabel(f"variance ÷ mean\nagainst the plan{span}")
    handles, labels = axes[-1].get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda k: [*by_variant, "Poisson"].index(labels[k]))
    axes[-1].legend(
        [handles[k] for k in order],
        [fill(labels[k], 24) for k in order],
        loc="upper left",
        bbox_to_anchor=(1.01, 1.02),
        borderaxespad=0.0,
    )


def timeline(
    by_variant: Mapping[str, Sequence[Run]], window: Window | None = None, replication: int = 0
) -> Figure:
    """One replication second by second: who waits, where breakers stand, what control did; one panel a variant.

    Args:
        by_variant: Replications by the variant's name, in the order of the panels; all of the same calendar.
        window: Part of the run to show; around the incidents, or the whole run, when None.
        replication: Which of each variant's runs, by place.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    runs = {name: of_variant[replication] for name, of_variant in by_variant.items()}
    first = next(iter(runs.values())).scenario
    from_s, until_s = window if window is not None else _around_incidents(first)
    edges_s = np.array([max(0.0, from_s), min(until_s, first.calendar.end_s)])
    with mpl.rc_context(RC):
        heights: list[float] = []
        for run in runs.values():
            heights += [1.7, 0.26 * len(_event_rows(run)) + 0.15]
        figure = Figure(
            figsize=(WIDTH_IN, sum(heights) + 0.35 * len(runs) + 1.0), dpi=DPI, layout="constrained"
        )
        axes = list(figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0])
        number = next(iter(runs.values())).replication
        figure.suptitle(
            f"{first.name}: replication {number}, {_date(first)}",
            x=0.01,
            ha="left",
            fontsize=12,
            fontweight="bold",
        )
        most = max(1.0, *(float(_waiting_now(run, edges_s)[1].max(initial=0.0)) for run in runs.values()))
        for above, below, (name, run) in zip(axes[::2], axes[1::2], runs.items(), strict=True):
            _queues_now(above, run, edges_s, most)
            above.set_title(name)
            _shade(above, run.scenario, edges_s)
            _events(below, run, edges_s)
        _events_legend(axes[0], list(runs.values()))
        _time_axis(axes[-1], first, edges_s)
        settle(figure)
    return figure


_BEFORE_S, _AFTER_S = 900.0, 2700.0
"""What a timeline shows before the first incident and after the last."""


def _around_incidents(scenario: Scenario) -> Window:
    end_s = scenario.calendar.end_s
    inside = [i for i in scenario.incidents if i.from_s < end_s and i.until_s > 0.0]
    if not inside:
        return scenario.warm_up_s, end_s
    return min(i.from_s for i in inside) - _BEFORE_S, max(i.until_s for i in inside) + _AFTER_S


def _waiting_now(
    run: Run, edges_s: FloatArray, queues: Sequence[int] | None = None
) -> tuple[FloatArray, FloatArray]:
    """Instants and how many wait from then on, within the edges; from looks at the floor where contacts were not kept."""
    asked = list(range(len(run.scenario.queues))) if queues is None else list(queues)
    if run.contacts is None:
        at_s = np.array([look.at_s for look in run.looks])
        waiting = np.array([float(look.waiting[asked].sum()) for look in run.looks])
    else:
        stays = visits(run)
        mine = np.isin(stays.queue, asked)
        times_s = np.concatenate([stays.from_s[mine], stays.until_s[mine]])
        step = np.repeat([1.0, -1.0], int(mine.sum()))
        order = np.lexsort((step, times_s))  # who leaves at an instant goes before who comes
        at_s, waiting = times_s[order], np.cumsum(step[order])
    before = np.searchsorted(at_s, edges_s[0], side="right") - 1
    start = float(waiting[before]) if before >= 0 else 0.0
    keep = (at_s > edges_s[0]) & (at_s < edges_s[1])
    inside = np.concatenate([[edges_s[0]], at_s[keep], [edges_s[1]]])
    values = np.concatenate([[start], waiting[keep]])
    return inside, _post(values)


def _queues_now(ax: Axes, run: Run, edges_s: FloatArray, most: float) -> None:
    names = run.scenario.names.queues
    for q, name in enumerate(names):
        at_s, waiting = _waiting_now(run, edges_s, [q])
        colour = (PURPLE, BLUE, GREEN, ORANGE, SKY, GREY)[q % 6]
        ax.step(_clock(run.scenario, at_s), waiting, where="post", color=colour, linewidth=1.1, label=name)
    ax.set_ylabel("waiting")
    ax.set_ylim(0, 1.05 * most)


def _event_rows(run: Run) -> list[tuple[str, str]]:
    """Rows below a timeline: incidents, breakers by fleet, then every other kind of control event that the run has but the roster."""
    incidents = [("incident", run.scenario.names.nodes[i.node]) for i in run.scenario.incidents]
    breakers = [("breaker", run.scenario.names.fleets[f]) for f in _strip_fleets(run.scenario)]
    kinds = dict.fromkeys(kind_of(row).label for row in run.control)
    others = [(kind, "") for kind in kinds if kind not in {"incident", "breaker", "people"}]
    found = list(dict.fromkeys([*incidents, *breakers, *others]))
    return found or [("", "no controller, no incident")]


_STATE_COLOURS = {"OPEN": BLACK, "FORCED_OPEN": BLACK, "HALF_OPEN": ORANGE, "DEGRADED": "#F0E442"}
_NARROWEST = 1 / 400
"""Of the width: a half-open breaker's seconds stay visible beside minutes of open."""


def _events(ax: Axes, run: Run, edges_s: FloatArray) -> None:
    scenario, rows = run.scenario, _event_rows(run)
    narrowest_s = float(edges_s[1] - edges_s[0]) * _NARROWEST

    def bar(y: int, from_s: float, until_s: float, colour: str, order: float, alpha: float = 1.0) -> None:
        lo, hi = max(from_s, edges_s[0]), min(max(until_s, from_s + narrowest_s), edges_s[1])
        if lo < hi:
            x = _clock(scenario, np.array([lo, hi]))
            ax.fill_between(x, y - 0.38, y + 0.38, color=colour, alpha=alpha, linewidth=0, zorder=order)

    for incident in scenario.incidents:
        y = rows.index(("incident", scenario.names.nodes[incident.node]))
        bar(y, incident.from_s, incident.until_s, VERMILION, 2.0, 0.55)
    for fleet in _strip_fleets(scenario):
        bar(rows.index(("breaker", scenario.names.fleets[fleet])), edges_s[0], edges_s[1], PALE, 1.0)
    for span in breaker_spans(run):
        row, colour = ("breaker", scenario.names.fleets[span.fleet]), _STATE_COLOURS.get(span.state.name)
        if colour is not None and row in rows:
            # The shorter lie above the longer.
            bar(rows.index(row), span.from_s, span.until_s, colour, 4.0 if colour == ORANGE else 3.0)
    for told in happenings(run, float(edges_s[0]), float(edges_s[1])):
        if (told.kind, "") in rows:
            y = rows.index((told.kind, ""))
            (x,) = _clock(scenario, np.array([told.at_s]))
            ax.plot([x], [y], "v", color=BLUE, markersize=6, zorder=5)
    ax.set_yticks(range(len(rows)), [f"{kind} {name}".strip() for kind, name in rows], fontsize=8.5)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.grid(visible=False)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def _events_legend(ax: Axes, runs: Sequence[Run]) -> None:
    """Lines of the queues, then what stands below them."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    states = {span.state.name for run in runs for span in breaker_spans(run)}
    handles: list[Any] = list(ax.get_legend_handles_labels()[0])
    if any(run.scenario.incidents for run in runs):
        handles.append(Patch(color=VERMILION, alpha=0.55, linewidth=0, label="incident (true)"))
    if any(_strip_fleets(run.scenario) for run in runs):
        handles.append(Patch(color=PALE, label="breaker closed"))
    handles += [
        Patch(color=colour, label=f"breaker {name.lower().replace('_', '-')}")
        for name, colour in _STATE_COLOURS.items()
        if name in states
    ]
    if any(not name for run in runs for kind, name in _event_rows(run) if kind):
        handles.append(Line2D([], [], color=BLUE, marker="v", linestyle="", label="control event"))
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.005, 1.05), borderaxespad=0.0)


def _replay_title(label: str, observed: float, simulated: Estimate, share: bool) -> str:
    """`served within 60 s: 71.2 % observed, 73.0 ± 1.1 % simulated`."""
    name = label.partition(",")[0]
    unit = " %" if share else " s" if label.endswith(", s") else ""
    scale, digits = (100.0, 1) if share else (1.0, 1 if unit else 0)
    half = "" if math.isnan(simulated.half_width) else f" ± {scale * simulated.half_width:.{digits}f}"
    model = f"{scale * simulated.value:.{digits}f}{half}{unit}"
    return f"{name}: {scale * observed:.{digits}f}{unit} observed, {model} simulated"


def _heading(runs: Sequence[Run]) -> str:
    scenario = runs[0].scenario
    return f"{scenario.name} · {scenario.variant} · {_date(scenario)} · {_replications(runs)}"


def _date(scenario: Scenario) -> str:
    first = local_time(scenario, 0.0)
    last = local_time(scenario, max(0.0, scenario.calendar.end_s - 1.0))
    words = f"{first:%a %d %b %Y}"
    return words if first.date() == last.date() else f"{words} to {last:%a %d %b %Y}"


def _replications(runs: Sequence[Run]) -> str:
    return "1 replication" if len(runs) == 1 else f"{len(runs)} replications"


def _edges(scenario: Scenario, keep: NDArray[np.bool_]) -> FloatArray:
    """Begins of the shown intervals and the end of the last one."""
    at = np.flatnonzero(keep)
    edges: FloatArray = interval_edges_s(scenario)[at[0] : at[-1] + 2]
    return edges


def _clock(scenario: Scenario, seconds: FloatArray) -> list[Any]:
    return [local_time(scenario, float(s)) for s in seconds]


def _many(what: Any, runs: Sequence[Run]) -> FloatArray:
    return np.stack([what(run) for run in runs])


def _post(values: FloatArray) -> FloatArray:
    """One more value at the end, so that the last step is as wide as the others."""
    return np.append(values, values[-1])


def _band(
    ax: Axes, x: list[Any], low: FloatArray, high: FloatArray, median: FloatArray, colour: str, label: str
) -> None:
    ax.fill_between(
        x,
        _post(low),
        _post(high),
        step="post",
        color=colour,
        alpha=0.25,
        linewidth=0,
        label=f"{label}, 10–90 %",
    )
    ax.step(x, _post(median), where="post", color=colour, linewidth=1.6, label=f"{label}, median")


def _legend(ax: Axes) -> None:
    """To the right of the panel, where nothing is drawn."""
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(handles[::-1], labels[::-1], loc="upper left", bbox_to_anchor=(1.005, 1.02), borderaxespad=0.0)


def _offered(ax: Axes, runs: Sequence[Run], keep: NDArray[np.bool_], x: list[Any]) -> None:
    found = np.mean([quantities(run) for run in runs], axis=0)[keep]
    bottom = np.zeros(int(keep.sum()))
    for handling, colour in STACK:
        contacts = quantity(found, f"offered@{handling.name.lower()}")
        if contacts.sum() == 0:
            continue
        ax.fill_between(
            x, _post(bottom), _post(bottom + contacts), step="post", color=colour, linewidth=0,
            label=HANDLING_LABELS[handling],
        )  # fmt: skip
        bottom = bottom + contacts
    ax.set_title("Offered contacts by who handled them")
    ax.set_ylabel(f"contacts per {runs[0].scenario.calendar.interval_s / 60:.0f} min")
    ax.set_ylim(0, max(1.0, 1.06 * float(bottom.max(initial=0.0))))
    _legend(ax)


def _people(ax: Axes, runs: Sequence[Run], keep: NDArray[np.bool_], x: list[Any]) -> None:
    need = required(runs)
    found = np.mean([quantities(run) for run in runs], axis=0)[keep]
    busy = quantity(found, "busy_s") / quantity(found, "span_s")
    ax.fill_between(x, 0, _post(busy), step="post", color=PALE, linewidth=0, label="busy")
    ax.step(x, _post(need.staffed[keep]), where="post", color=BLACK, linewidth=1.6, label="on the floor")
    ax.step(
        x, _post(need.total[keep]), where="post", color=PURPLE, linewidth=1.6, linestyle=(0, (4, 1.5)),
        label="required (Erlang A)",
    )  # fmt: skip
    ax.set_title("People")
    ax.set_ylabel("people")
    ax.set_ylim(bottom=0)
    _legend(ax)


def _level(ax: Axes, runs: Sequence[Run], keep: NDArray[np.bool_], x: list[Any]) -> None:
    levels = np.stack([MEASURE["service_level"].value(quantities(run)) for run in runs])[:, keep]
    median, low, high = band(levels, (0.5, 0.1, 0.9))
    targets = {queue.target for queue in runs[0].scenario.queues}
    for target in sorted(targets):
        ax.axhline(
            100 * target, color=GREY, linewidth=1.0, linestyle=(0, (2, 2)), label=f"target {target:.0%}"
        )
    _band(ax, x, 100 * low, 100 * high, 100 * median, BLUE, "service level")
    ax.set_title("Service level, abandons counted")
    ax.set_ylabel("%")
    ax.set_ylim(0, 103)
    ax.set_yticks([0, 25, 50, 75, 100])


def _waiting(ax: Axes, runs: Sequence[Run], keep: NDArray[np.bool_], x: list[Any], most: float) -> None:
    median, low, high = band(_many(waiting_peaks, runs)[:, keep], (0.5, 0.1, 0.9))
    _band(ax, x, low, high, median, PURPLE, "most waiting")
    ax.set_ylabel("waiting")
    ax.set_ylim(0, max(1.0, 1.05 * most))


def _shade(ax: Axes, scenario: Scenario, edges_s: FloatArray) -> None:
    """Where an incident goes on."""
    for incident in scenario.incidents:
        lo, hi = max(incident.from_s, edges_s[0]), min(incident.until_s, edges_s[-1])
        if lo < hi:
            begin, end = _clock(scenario, np.array([lo, hi]))
            ax.axvspan(begin, end, color=VERMILION, alpha=0.10, linewidth=0, zorder=0.5)
            ax.axvline(begin, color=VERMILION, linewidth=0.8, zorder=0.6)
            ax.axvline(end, color=VERMILION, linewidth=0.8, zorder=0.6)


def _strip_fleets(scenario: Scenario) -> list[int]:
    return list(range(len(scenario.fleets))) if scenario.failover.breaker is not None else []


def _strip_rows(scenario: Scenario) -> int:
    return len(scenario.incidents) + len(_strip_fleets(scenario))


_FINE = 600
"""Bins of the breaker strip: two pixels each."""


def _strip(ax: Axes, runs: Sequence[Run], edges_s: FloatArray, legend: bool = True) -> None:
    """One row an incident, one row a fleet's breaker: how dark it is says in how many replications it stood so."""
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Patch

    scenario = runs[0].scenario
    labels: list[str] = []
    for incident in scenario.incidents:
        lo, hi = max(incident.from_s, edges_s[0]), min(incident.until_s, edges_s[-1])
        if lo < hi:
            begin, end = _clock(scenario, np.array([lo, hi]))
            y = len(labels)
            ax.fill_between([begin, end], y - 0.4, y + 0.4, color=VERMILION, alpha=0.55, linewidth=0)
        labels.append(f"{scenario.names.nodes[incident.node]}: {incident_words(incident)}")
    fine_s = np.linspace(edges_s[0], edges_s[-1], _FINE + 1)
    x = _clock(scenario, fine_s)
    handles = []
    if scenario.incidents:
        handles.append(Patch(color=VERMILION, alpha=0.55, linewidth=0, label="incident"))
    for fleet in _strip_fleets(scenario):
        y = len(labels)
        ax.fill_between([x[0], x[-1]], y - 0.4, y + 0.4, color=PALE, linewidth=0, zorder=1)
        open_, half = (state_share(runs, fleet, state, fine_s) for state in (State.OPEN, State.HALF_OPEN))
        colours = np.zeros((1, _FINE, 4))
        both = open_ + half
        # Half-open lasts seconds: the square root keeps it visible beside minutes of open.
        half_mix = np.sqrt(np.divide(half, both, out=np.zeros(_FINE), where=both > 0))[:, np.newaxis]
        colours[0, :, :3] = half_mix * to_rgba(ORANGE)[:3] + (1 - half_mix) * np.array(to_rgba(BLACK)[:3])
        colours[0, :, 3] = both
        from matplotlib.dates import date2num

        begin, end = (float(date2num(t)) for t in (x[0], x[-1]))  # type: ignore[no-untyped-call]
        extent = (begin, end, y - 0.4, y + 0.4)
        ax.imshow(colours, extent=extent, aspect="auto", interpolation="nearest", origin="lower", zorder=2)
        labels.append(f"breaker of {scenario.names.fleets[fleet]}")
    if _strip_fleets(scenario):
        handles += [
            Patch(color=PALE, label="breaker closed"),
            Patch(color=BLACK, label="breaker open"),
            Patch(color=ORANGE, label="breaker half-open"),
        ]
    ax.set_yticks(range(len(labels)), labels, fontsize=9)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    ax.grid(visible=False)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    if legend:
        ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.005, 1.02), borderaxespad=0.0)


def _time_axis(ax: Axes, scenario: Scenario, edges_s: FloatArray, ticks: int = 16) -> None:
    from matplotlib.dates import AutoDateLocator, DateFormatter

    zone = ZoneInfo(scenario.calendar.timezone)
    begin, end = _clock(scenario, edges_s[[0, -1]])
    form = "%H:%M" if edges_s[-1] - edges_s[0] <= 86_400.0 else "%a %H:%M"
    if edges_s[-1] - edges_s[0] > 8 * 86_400.0:
        form = "%d %b"
    locator = AutoDateLocator(tz=zone, minticks=5, maxticks=ticks)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(DateFormatter(form, tz=zone))  # type: ignore[no-untyped-call]
    ax.set_xlim(begin, end)
    ax.set_xlabel(f"local time ({scenario.calendar.timezone})", fontsize=9)


def _forest(axes: list[Axes], by_variant: Mapping[str, Sequence[Run]], window: Window | None) -> None:
    """Three panels of estimates with their 95 % intervals, one line a variant."""
    names = list(by_variant)
    found = {name: totals_of(by_variant[name], window=window) for name in names}
    columns: tuple[tuple[str, str, list[Estimate], float], ...] = (
        ("Service level", "%", [MEASURE["service_level"].estimate(found[name]) for name in names], 100.0),
        ("Abandonment", "%", [MEASURE["abandonment"].estimate(found[name]) for name in names], 100.0),
        (
            "Service-level damage", "contacts",
            [mean([service_level_damage(run, window) for run in by_variant[name]]) for name in names], 1.0,
        ),
    )  # fmt: skip
    y = np.arange(len(names))
    for ax, (title, unit, estimates, scale) in zip(axes, columns, strict=True):
        value = scale * np.array([estimate.value for estimate in estimates])
        half = scale * np.array([estimate.half_width for estimate in estimates])
        ax.errorbar(
            value,
            y,
            xerr=np.nan_to_num(half),
            fmt="o",
            color=BLUE,
            ecolor=BLUE,
            capsize=3,
            markersize=5,
            linewidth=1.6,
        )
        for at in y:
            digits = 1 if scale == 100.0 else 0
            words = f"{value[at]:.{digits}f}" + ("" if np.isnan(half[at]) else f" ± {half[at]:.{digits}f}")
            ax.annotate(
                words,
                (value[at], at),
                xytext=(0, 6),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontsize=8.5,
            )
        ax.set_title(f"{title}, {unit}", fontsize=10, pad=12)
        ax.grid(visible=True, axis="x")
        ax.grid(visible=False, axis="y")
        ax.margins(x=0.2)
        ax.set_ylim(len(names) - 0.5, -0.75)
    axes[0].set_yticks(y, [fill(name, 25) for name in names])
    for ax in axes:
        ax.tick_params(axis="y", length=0, labelleft=ax is axes[0])
        ax.spines["left"].set_visible(False)

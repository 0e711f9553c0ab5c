"""What is measured, each formula once: `MEASURES` are ratios of sums over the interval counts and the looks.

    Run ──► quantities(run, cut)   one row an interval, one column a `QUANTITIES` name
        ──► totals(run, cut, window)   their sums over a window
        ──► Measure.value(totals)      part / whole

A measure names the quantities it divides, so that the same declaration gives a value, its interval over
replications and its paired difference between variants. The formulas are those of the trade's glossary; every
rival definition of the service level is listed.

Attribution: contacts count in the interval in which they arrived, what happens at the human queue in the
interval in which they joined it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from sim.engine.records import COUNTERS, Run
from sim.engine.state import Handling
from sim.orchestration.words import Reason
from sim.outcomes import intervals
from sim.outcomes.intervals import Estimate
from sim.outcomes.words import HANDLING_LABELS, REASON_LABELS
from sim.scenario.model import Scenario

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
Window = tuple[float, float]
"""(from_s, until_s): every interval that overlaps it, seconds since the start of the run."""
Pair = tuple[float, float]
"""Part and whole of a figure in one run."""

_FLOOR = ("present_s", "busy_s", "contact_s", "waiting_s", "ai_active_s", "span_s")
_REASONS = tuple(f"because_{reason.name.lower()}" for reason in Reason)
_BY_HANDLING = tuple(f"{counter}@{handling.name.lower()}" for handling in Handling for counter in COUNTERS)

QUANTITIES: tuple[str, ...] = (*COUNTERS, "in_ai", *_FLOOR, *_REASONS, *_BY_HANDLING)
"""Everything a measure can divide: the counters; `in_ai` (sessions still going on at the end); agent-seconds
present and busy, contact-seconds in hand, customer-seconds waiting, AI session-seconds, seconds of the window;
`because_…` hand-overs by reason; `counter@handling` the counters of one handling type."""

_PLACE = {name: at for at, name in enumerate(QUANTITIES)}


@dataclass(frozen=True, slots=True)
class Cut:
    """Which contacts: None means all. Codes as in `Scenario.names`."""

    queue: int | None = None
    channel: int | None = None
    intent: int | None = None


EVERYTHING = Cut()


@dataclass(frozen=True, slots=True)
class Measure:
    """A ratio of sums."""

    name: str
    label: str
    unit: Literal["share", "s", "per_min", "contacts", "points"]
    part: tuple[str, ...]
    """Quantities that are added up on top; a leading `-` subtracts."""
    whole: tuple[str, ...]
    """Quantities that are added up below."""
    formula: str
    better: Literal["higher", "lower", "neither"]
    scale: float = 1.0
    """Factor on the ratio, 60 for something per minute."""

    def parts(self, totals: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Numerator (scaled) and denominator.

        Args:
            totals: `QUANTITIES` along the last axis.
        """
        return self.scale * _sum(totals, self.part), _sum(totals, self.whole)

    def value(self, totals: FloatArray) -> FloatArray:
        """The ratio along the last axis of *totals*; NaN where there is nothing to divide by."""
        part, whole = self.parts(totals)
        out: FloatArray = np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=whole > 0)
        return out

    def estimate(self, totals: FloatArray) -> Estimate:
        """Value and interval over replications; *totals* of shape (replications, `QUANTITIES`)."""
        part, whole = self.parts(totals)
        return intervals.ratio(part, whole)

    def difference(self, totals_a: FloatArray, totals_b: FloatArray) -> Estimate:
        """Second minus first, paired by replication."""
        return intervals.ratio_difference(*self.parts(totals_a), *self.parts(totals_b))


def _sum(totals: FloatArray, names: tuple[str, ...]) -> FloatArray:
    found = np.zeros(totals.shape[:-1])
    for name in names:
        if name.startswith("-"):
            found = found - totals[..., _PLACE[name[1:]]]
        else:
            found = found + totals[..., _PLACE[name]]
    return found


_CLOSED = ("ai_sessions", "-in_ai")

MEASURES: tuple[Measure, ...] = (
    # Service level, in every variant. A answered, B abandoned, B_s short abandons, B_T abandoned within T, A_T
    # answered within T, O asked for a person (the blocked, and those still waiting at the end, included).
    Measure(
        "service_level", "service level (abandons counted, short ones not)", "share",
        ("answered_within",), ("answered", "abandoned", "-short_abandoned"), "A_T / (A + B − B_s)", "higher",
    ),
    Measure(
        "sl_answered", "service level of the answered", "share",
        ("answered_within",), ("answered",), "A_T / A", "higher",
    ),
    Measure(
        "sl_offered", "service level of all who asked for a person", "share",
        ("answered_within",), ("queued",), "A_T / O", "higher",
    ),
    Measure(
        "sl_abandon_ignored", "service level (quick abandons ignored)", "share",
        ("answered_within",), ("queued", "-abandoned_within"), "A_T / (O − B_T)", "higher",
    ),
    Measure(
        "sl_abandon_positive", "service level (quick abandons counted as served)", "share",
        ("answered_within", "abandoned_within"), ("queued",), "(A_T + B_T) / O", "higher",
    ),
    Measure(
        "sl_late_abandon", "service level (late abandons counted)", "share",
        ("answered_within",), ("answered", "abandoned", "-abandoned_within"), "A_T / (A + B − B_T)", "higher",
    ),
    Measure(
        "abandonment", "abandonment", "share",
        ("abandoned", "-short_abandoned"), ("queued", "-short_abandoned"), "(B − B_s) / (O − B_s)", "lower",
    ),
    Measure("blocked", "turned away", "share", ("blocked",), ("queued",), "blocked / O", "lower"),
    Measure(
        "asa", "average speed of answer", "s", ("wait_answered_s",), ("answered",), "Σ wait of answered / A", "lower",
    ),
    Measure(
        "mean_wait", "mean wait of all", "s",
        ("wait_s",), ("answered", "abandoned"), "Σ wait of answered and abandoned / (A + B)", "lower",
    ),
    Measure(
        "p_wait", "share that waits", "share",
        ("waited",), ("answered", "abandoned"), "(answered or abandoned after more than 0 s) / (A + B)", "lower",
    ),
    Measure(
        "occupancy", "occupancy", "share",
        ("busy_s",), ("present_s",), "agent-seconds with at least one contact / agent-seconds on the floor", "neither",
    ),
    Measure(
        "contacts_in_hand", "contacts in hand per person", "contacts",
        ("contact_s",), ("present_s",), "contact-seconds in hand / agent-seconds on the floor", "neither",
    ),
    Measure(
        "containment", "containment, gross", "share",
        ("ai_resolved", "false_contained"), _CLOSED,
        "AI sessions ended without a person / AI sessions closed", "higher",
    ),
    Measure(
        "true_containment", "containment, true (oracle)", "share",
        ("ai_resolved",), _CLOSED, "AI sessions that met the need / AI sessions closed", "higher",
    ),
    Measure(
        "false_containment", "false containment (oracle)", "share",
        ("false_contained",), ("ai_resolved", "false_contained"),
        "contained without meeting the need / contained", "lower",
    ),
    Measure(
        "escalation", "escalation", "share",
        ("escalated",), _CLOSED, "AI sessions handed over for their content / AI sessions closed", "lower",
    ),
    Measure(
        "ai_abandonment", "abandonment in the AI", "share",
        ("ai_abandoned",), _CLOSED, "AI sessions that the customer left / AI sessions closed", "lower",
    ),
    Measure(
        "ai_failed", "AI sessions broken off", "share",
        ("ai_sessions@spilled",), _CLOSED, "AI sessions handed over for the AI's state / AI sessions closed", "lower",
    ),
    Measure(
        "spillover", "spillover", "share", ("spilled",), ("offered",),
        "meant for the AI, sent to people for the AI's state / offered", "lower",
    ),
    Measure(
        "spillover_per_min", "spillover rate", "per_min", ("spilled",), ("span_s",), "spilled / minutes", "lower", 60.0,
    ),
    Measure(
        "dropped", "dropped at hand-over", "share",
        ("dropped",), ("escalated", "spilled"), "lost at hand-over / handed over", "lower",
    ),
    *(
        Measure(
            f"passed_on{who}", f"passed on by the wrong people{of}", "share",
            tuple(f"passed_on{one}" for one in among), tuple(f"handled{one}" for one in among),
            "internal transfers / contacts that a person talked to", "lower",
        )
        for who, of, among in (
            ("", "", ("",)),
            ("_escalated", ", from the AI to a person", ("@escalated", "@spilled")),
            ("_people", ", people alone", ("@human_only",)),
        )
    ),
    Measure(
        "lost_s", "lost with the wrong people", "s", ("lost_s",), ("handled",),
        "finding out and starting anew / contacts that a person talked to", "lower",
    ),
    Measure(
        "switched", "changed channel at the announcement", "share", ("switched",), ("queued",),
        "came to this queue from another channel / asked for a person", "neither",
    ),
    Measure(
        "repeats", "further attempts", "share", ("offered", "-first_attempts"), ("offered",),
        "further attempts, redials included / offered", "lower",
    ),
    Measure(
        "work", "work for people, Erlangs", "contacts", ("handle_s",), ("span_s",),
        "handling time of those who joined a queue / seconds", "neither",
    ),
    *(
        Measure(
            f"csat{true}{who}", f"satisfaction{of}{seen}", "points",
            tuple(f"{part}{one}" for one in among), tuple(f"{whole}{one}" for one in among), formula, "higher",
        )
        for true, seen, part, whole, formula in (
            ("", "", "survey_points", "surveys", "answers to the survey, 1 to 5 as 0 to 100 / answered surveys"),
            ("_true", " (oracle)", "rated_points", "rated", "how content customers were, 0 to 100 / contacts that ended"),
        )
        for who, of, among in (
            ("", "", ("",)),
            ("_ai", ", AI alone", ("@ai_contained", "@ai_abandoned")),
            ("_escalated", ", from the AI to a person", ("@escalated", "@spilled")),
            ("_people", ", people alone", ("@human_only",)),
        )
    ),
    *(
        Measure(
            f"share_{handling.name.lower()}", f"share {HANDLING_LABELS[handling]}", "share",
            (f"offered@{handling.name.lower()}",), ("offered",), f"{HANDLING_LABELS[handling]} / offered", "neither",
        )
        for handling in Handling
    ),
)  # fmt: skip
"""Every ratio measure. `containment + escalation + ai_abandonment + ai_failed = 1`; the `share_…` sum to 1."""

MEASURE: dict[str, Measure] = {measure.name: measure for measure in MEASURES}

SERVICE_LEVELS = (
    "service_level",
    "sl_answered",
    "sl_offered",
    "sl_abandon_ignored",
    "sl_abandon_positive",
    "sl_late_abandon",
)

ESCALATION_REASONS = (
    Reason.EXPLICIT_REQUEST,
    Reason.OUT_OF_SCOPE,
    Reason.SENTIMENT,
    Reason.MAX_TURNS,
    Reason.MAX_DURATION,
    Reason.AI_GAVE_UP,
    Reason.TAKEN_OVER,
)
SPILLOVER_REASONS = (
    Reason.NO_FLEET,
    Reason.SESSIONS_FULL,
    Reason.BULKHEAD_FULL,
    Reason.BREAKER_OPEN,
    Reason.CALL_FAILED,
    Reason.CALL_TIMED_OUT,
)


def reason_measure(reason: Reason) -> Measure:
    """Hand-overs for one reason: of closed AI sessions for an escalation, of all offered for a spillover.

    Reasons are counted by interval only: NaN in cuts by queue, channel or intent.
    """
    name = f"because_{reason.name.lower()}"
    label = REASON_LABELS[reason]
    if reason in SPILLOVER_REASONS:
        return Measure(name, label, "share", (name,), ("offered",), f"{label} / offered", "lower")
    return Measure(name, label, "share", (name,), _CLOSED, f"{label} / AI sessions closed", "lower")


# One function a service level, for those who read formulas as code; the formulas themselves stand in `MEASURES`.


def service_level(totals: FloatArray) -> float:
    """A_T / (A + B − B_s): answered within the threshold, of answered and abandoned without short abandons."""
    return float(MEASURE["service_level"].value(totals))


def sl_answered(totals: FloatArray) -> float:
    """A_T / A: of the answered alone."""
    return float(MEASURE["sl_answered"].value(totals))


def sl_offered(totals: FloatArray) -> float:
    """A_T / O: of all who asked for a person; blocked and abandoned ones count against."""
    return float(MEASURE["sl_offered"].value(totals))


def sl_abandon_ignored(totals: FloatArray) -> float:
    """A_T / (O − B_T): who hangs up within the threshold does not count at all."""
    return float(MEASURE["sl_abandon_ignored"].value(totals))


def sl_abandon_positive(totals: FloatArray) -> float:
    """(A_T + B_T) / O: who hangs up within the threshold counts as served."""
    return float(MEASURE["sl_abandon_positive"].value(totals))


def sl_late_abandon(totals: FloatArray) -> float:
    """A_T / (A + B − B_T): as ignored, without the blocked and those still waiting at the end."""
    return float(MEASURE["sl_late_abandon"].value(totals))


_REMEMBERED: ContextVar[dict[tuple[int, Cut], FloatArray] | None] = ContextVar("remembered", default=None)


@contextmanager
def remembering() -> Iterator[None]:
    """Inside, what happened in a run is counted once for each cut, however many figures ask for it; runs must outlive it."""
    token = _REMEMBERED.set({})
    try:
        yield
    finally:
        _REMEMBERED.reset(token)


def quantities(run: Run, cut: Cut = EVERYTHING) -> FloatArray:
    """What happened, by interval.

    Args:
        run: One replication.
        cut: Which contacts. People belong to queues: a cut by queue or channel sees the groups that serve it,
            one by intent none (NaN).

    Returns:
        Shape (intervals, `QUANTITIES`).
    """
    remembered = _REMEMBERED.get()
    if remembered is None:
        return _quantities(run, cut)
    found = remembered.get((id(run), cut))
    if found is None:
        found = remembered[id(run), cut] = _quantities(run, cut)
        found.setflags(write=False)
    return found


def _quantities(run: Run, cut: Cut) -> FloatArray:
    counts = run.counts
    k, h = run.scenario.calendar.intervals, len(Handling)
    keep = np.ones(len(counts.interval), dtype=bool)
    if cut.queue is not None:
        keep &= counts.queue == cut.queue
    if cut.channel is not None:
        keep &= counts.channel == cut.channel
    if cut.intent is not None:
        keep &= counts.intent == cut.intent
    cell = counts.handling[keep] * k + counts.interval[keep]
    values = counts.values[keep]
    table = np.stack([np.bincount(cell, column, h * k) for column in values.T], axis=1).reshape(
        h, k, len(COUNTERS)
    )

    out = np.zeros((k, len(QUANTITIES)))
    out[:, : len(COUNTERS)] = table.sum(axis=0)
    contained = table[Handling.AI_CONTAINED]
    out[:, _PLACE["in_ai"]] = np.maximum(
        0.0,
        contained[:, COUNTERS.index("ai_sessions")]
        - contained[:, COUNTERS.index("ai_resolved")]
        - contained[:, COUNTERS.index("false_contained")],
    )
    start = _PLACE[_BY_HANDLING[0]]
    out[:, start:] = table.transpose(1, 0, 2).reshape(k, -1)
    reasons = _PLACE[_REASONS[0]]
    out[:, reasons : reasons + len(_REASONS)] = run.counts.reasons if cut == EVERYTHING else np.nan
    floor = _PLACE[_FLOOR[0]]
    out[:, floor : floor + len(_FLOOR)] = _floor(run, cut)
    return out


def _floor(run: Run, cut: Cut) -> FloatArray:
    """Integrals between looks, shape (intervals, `_FLOOR`)."""
    scenario, looks = run.scenario, run.looks
    k = scenario.calendar.intervals
    edges_s = interval_edges_s(scenario)
    out = np.full((k, len(_FLOOR)), np.nan)
    out[:, 5] = np.diff(edges_s)
    if len(looks) != k + 1:
        return out
    queues, groups = served_by(scenario, cut)
    if cut.intent is None:
        for at, name in enumerate(("present_area", "busy_area", "contact_area")):
            area = np.array([getattr(look, name)[groups].sum() for look in looks])
            out[:, at] = np.diff(area)
        out[:, 3] = np.diff(np.array([look.waiting_area[queues].sum() for look in looks]))
    if cut == EVERYTHING:
        out[:, 4] = np.diff(np.array([look.active_area.sum() for look in looks]))
    return out


def served_by(scenario: Scenario, cut: Cut = EVERYTHING) -> tuple[list[int], list[int]]:
    """Queues that a cut is about, and the groups that serve one of them."""
    queues = list(range(len(scenario.queues)))
    if cut.channel is not None:
        queues = [int(scenario.queue_of_channel[cut.channel])]
    if cut.queue is not None:
        queues = [q for q in queues if q == cut.queue]
    groups = [g for g, group in enumerate(scenario.groups) if set(group.skills) & set(queues)]
    return queues, groups


def sharing(scenario: Scenario) -> tuple[tuple[int, ...], ...]:
    """Queues by the people whom they share, directly or through a third one; a queue of its own is one of one."""
    left = list(range(len(scenario.queues)))
    found: list[tuple[int, ...]] = []
    while left:
        together, before = {left[0]}, 0
        while len(together) > before:
            before = len(together)
            for group in scenario.groups:
                if together & set(group.skills):
                    together |= set(group.skills)
        found.append(tuple(sorted(together)))
        left = [q for q in left if q not in together]
    return tuple(found)


def interval_edges_s(scenario: Scenario) -> FloatArray:
    """Begins of the intervals and the end of the run, shape (intervals + 1,)."""
    calendar = scenario.calendar
    edges: FloatArray = np.minimum(np.arange(calendar.intervals + 1) * calendar.interval_s, calendar.end_s)
    return edges


def in_window(scenario: Scenario, window: Window | None = None) -> NDArray[np.bool_]:
    """Which intervals overlap the window, shape (intervals,); without one, all after the warm-up."""
    from_s, until_s = window if window is not None else (scenario.warm_up_s, math.inf)
    edges_s = interval_edges_s(scenario)
    overlaps: NDArray[np.bool_] = (edges_s[1:] > from_s) & (edges_s[:-1] < until_s)
    return overlaps


def totals(run: Run, cut: Cut = EVERYTHING, window: Window | None = None) -> FloatArray:
    """Sums over a window (whole intervals; None: the run without its warm-up), shape (`QUANTITIES`,)."""
    found: FloatArray = quantities(run, cut)[in_window(run.scenario, window)].sum(axis=0)
    return found


def totals_of(runs: Sequence[Run], cut: Cut = EVERYTHING, window: Window | None = None) -> FloatArray:
    """`totals` of every replication, shape (replications, `QUANTITIES`)."""
    return np.stack([totals(run, cut, window) for run in runs])


def quantity(found: FloatArray, name: str) -> FloatArray:
    """One quantity along the last axis of what `quantities` or `totals` gave."""
    column: FloatArray = found[..., _PLACE[name]]
    return column


By = Literal["interval", "queue", "channel", "intent"]
SHOWN_COUNTS = (
    "offered", "ai_sessions", "ai_resolved", "false_contained", "ai_abandoned", "escalated", "spilled", "dropped",
    "queued", "answered", "answered_within", "abandoned", "short_abandoned", "blocked",
)  # fmt: skip
"""Counters that tables show as means per replication."""


def cuts(scenario: Scenario, by: By) -> list[tuple[str, Cut]]:
    """Names and cuts along one dimension; by `interval` there is one cut, everything."""
    if by == "queue":
        return [(name, Cut(queue=code)) for code, name in enumerate(scenario.names.queues)]
    if by == "channel":
        return [(name, Cut(channel=code)) for code, name in enumerate(scenario.names.channels)]
    if by == "intent":
        return [(name, Cut(intent=code)) for code, name in enumerate(scenario.names.intents)]
    return [("all", EVERYTHING)]


def table(
    runs: Sequence[Run],
    by: By = "interval",
    window: Window | None = None,
    measures: Sequence[Measure] = MEASURES,
    cut: Cut = EVERYTHING,
    half_widths: bool = False,
) -> pd.DataFrame:
    """Measures side by side, one row an interval, queue, channel or intent, pooled over replications.

    Args:
        runs: Replications of one variant.
        by: What a row is. Rows by interval carry `from_s` and `local_time` and keep to *cut*.
        window: Whole run when None.
        measures: Columns.
        cut: Contacts that rows by interval are about.
        half_widths: Also `<measure>_half_width` (95 %, over replications).

    Returns:
        `SHOWN_COUNTS` as means per replication, `<handling>` contacts by handling type, then the measures.
    """
    import pandas as pd

    from sim.outcomes.local_time import local_time

    scenario = runs[0].scenario
    rows: list[dict[str, object]] = []
    if by == "interval":
        found = np.stack([quantities(run, cut) for run in runs])
        edges_s = interval_edges_s(scenario)
        for at in np.flatnonzero(in_window(scenario, window)):
            head: dict[str, object] = {
                "interval": int(at),
                "from_s": float(edges_s[at]),
                "local_time": local_time(scenario, float(edges_s[at])).replace(tzinfo=None),
            }
            rows.append(head | _row(found[:, at], measures, half_widths))
    else:
        for name, one in cuts(scenario, by):
            rows.append({by: name} | _row(totals_of(runs, one, window), measures, half_widths))
    return pd.DataFrame(rows)


def _row(found: FloatArray, measures: Sequence[Measure], half_widths: bool) -> dict[str, object]:
    row: dict[str, object] = {name: float(quantity(found, name).mean()) for name in SHOWN_COUNTS}
    for handling in Handling:
        name = handling.name.lower()
        row[f"offered_{name}"] = float(quantity(found, f"offered@{name}").mean())
    pooled = found.sum(axis=0)
    for measure in measures:
        row[measure.name] = float(measure.value(pooled))
        if half_widths:
            row[f"{measure.name}_half_width"] = measure.estimate(found).half_width
    return row

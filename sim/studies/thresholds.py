"""The threshold matrix that costs least, learned from the log of a run (M11).

    a contact goes to the AI when   c_ai + (1 − q)·L < C_H,   that is when   q > q* = 1 − (C_H − c_ai) / L
    L = e·(C_H·m + wait + mood) + (1 − e)·silent        what a failure costs: noticed and handed over, or not

q(c), the chance that the AI settles a contact whose label came with confidence c, is an isotonic regression of what sessions came to; the
threshold τ is the lowest confidence at which it reaches q*. Where people watch sessions, a second pair of numbers says from where on a
watched session pays (`monitored`), and from where on watching no longer does (`ai`): a watcher catches failures that would go unnoticed.

A cell is (label, channel, segment). Small ones lean on their parent, τ = (n·τ̂ + m·τ_parent) / (n + m), and need 200 outcomes for a value
of their own; every τ is kept within [0.50, 0.995].

Outcomes are censored by the routing that was on: below the lowest threshold of the run nothing is known, and τ can fall no lower. Run with
low thresholds (`--set routing.thresholds.ai=0.5 --set routing.thresholds.monitored=0.5`) to explore, at the cost of the failures there.
Outcomes are those of the plant; a live centre would have them from quality scores and from who comes back, a week late.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from sim.engine.records import Run
from sim.engine.state import Disposition, Handling
from sim.orchestration.words import Reason
from sim.outcomes.intervals import FloatArray
from sim.outcomes.money import session_cost, share_of_person
from sim.scenario.model import Scenario
from sim.scenario.schema import ThresholdsSpec

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

LOWEST, HIGHEST = 0.50, 0.995
"""Every threshold stays within."""
LEAST = 200
"""Outcomes that a cell needs for a value of its own."""
PARENT_WEIGHT = 200.0
"""Outcomes that the parent's value stands for."""
FEW_FAILURES = 50.0
"""Failures that the share noticed over all intents stands for in one intent."""
LEAST_BAND = 0.02
"""A band of watched sessions narrower than this is none."""
STEP = 0.005
"""Thresholds are written in these steps: finer ones say nothing."""
ANY = "*"

Cell = tuple[int | None, int | None, int | None]
"""Label, channel, segment; None stands for any."""


@dataclass(frozen=True, slots=True)
class Logged:
    """AI sessions that came to an end of their own, columns of shape (n,)."""

    label: IntArray
    channel: IntArray
    segment: IntArray
    confidence: FloatArray
    resolved: BoolArray
    noticed: BoolArray
    """Failed, and was handed over."""
    watched: BoolArray
    cost: FloatArray
    """Of the session."""
    session_s: FloatArray


@dataclass(frozen=True, slots=True)
class Worth:
    """What is at stake in a cell, per contact."""

    human: float
    """C_H: a person's work, and the customer's wait for one."""
    ai: float
    """c_ai."""
    watching: float
    noticed: float
    """e: share of failures that are noticed and handed over."""
    handed_over: float
    """C_H·m + wait + mood."""
    silent: float

    @property
    def loss(self) -> float:
        """L."""
        return self.noticed * self.handed_over + (1.0 - self.noticed) * self.silent

    def watched(self, catch: float) -> Worth:
        """With somebody watching, who catches this share of the failures that would go unnoticed."""
        return replace(
            self,
            ai=self.ai + self.watching,
            watching=0.0,
            noticed=self.noticed + (1.0 - self.noticed) * catch,
        )


@dataclass(frozen=True, slots=True)
class Threshold:
    """One cell of the matrix."""

    cell: Cell
    n: int
    """Outcomes behind it."""
    wanted: float
    """q*: the chance of success from which on the AI pays, unwatched."""
    ai: float
    monitored: float
    """Equal to `ai` where nobody watches."""
    worth: Worth
    at_edge: bool
    """The AI would pay at the lowest confidence that was seen: the true threshold may lie below."""
    never: bool
    """The AI does not pay at any confidence that was seen."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Thresholds that cost least, the most specific first where it counts."""

    scenario: Scenario
    everything: Threshold
    cells: tuple[Threshold, ...]
    """By label, then channel, then segment; only cells with enough outcomes of their own."""
    seen_from: float
    """Lowest confidence of which outcomes are known."""
    outcomes: int
    expected: Mapping[str, float]
    """Cost a contact of the log, failures included, by who gets it: `people`, `AI` (the intent map), `0.92 / 0.75`, `one pair` (the
    best for all cells), `matrix`. On the contacts that it was learned from: of the last two a little too good."""
    watched_at_once: float
    """Sessions that would be watched at the same time, in the mean over the runs."""
    slots: int
    """Sessions that can be."""

    def own(self) -> tuple[Threshold, ...]:
        """Cells that say something else than the next more general one that is written."""
        written: dict[Cell, Threshold] = {(None, None, None): self.everything}
        for one in self.cells:
            above = next(written[parent] for parent in parents(one.cell) if parent in written)
            if (one.ai, one.monitored) != (above.ai, above.monitored):
                written[one.cell] = one
        return tuple(one for cell, one in written.items() if cell != (None, None, None))


def parents(cell: Cell) -> Iterator[Cell]:
    """More general cells, the closest first."""
    label, channel, segment = cell
    if segment is not None:
        yield label, channel, None
    if channel is not None:
        yield label, None, None
    yield None, None, None


def wanted(human: float, ai: float, loss: float) -> float:
    """q* = 1 − (C_H − c_ai) / L, within [0, 1]: the chance of success from which on the AI pays."""
    if loss <= 0.0:
        return 0.0 if human > ai else 1.0
    return min(1.0, max(0.0, 1.0 - (human - ai) / loss))


def reached(confidence: FloatArray, resolved: BoolArray, q: float) -> float:
    """The lowest confidence at which the isotonic regression of success on confidence reaches *q*; infinite where none does.

    The same as the confidence from which on Σ (resolved − q) is largest.

    Args:
        confidence: Ascending, shape (n,).
        resolved: Same shape.
        q: Chance that is wanted.
    """
    from scipy.optimize import isotonic_regression

    if len(confidence) == 0:
        return math.inf
    fitted = isotonic_regression(resolved.astype(np.float64)).x
    at = int(np.searchsorted(fitted, q - 1e-12))
    return float(confidence[at]) if at < len(confidence) else math.inf


def logged(runs: Sequence[Run]) -> Logged:
    """Outcomes of AI sessions in runs that keep their contacts; without those that the AI's state broke off or that the end cut.

    Raises:
        ValueError: A run keeps none, or there is not one outcome.
    """
    parts: list[list[NDArray[np.generic]]] = []
    for run in runs:
        c = run.contacts
        if c is None:
            raise ValueError("keeps no rows of contacts; run it with --records contacts")
        ended = np.isin(
            c["disposition"],
            (Disposition.AI_RESOLVED, Disposition.AI_FALSE_CONTAINED, Disposition.AI_ABANDONED),
        )
        noticed = (c["handling"] == Handling.ESCALATED) & (c["end_reason"] != Reason.POLICY)
        keep = (c["first_fleet"] >= 0) & (ended | noticed) & (c["arrive_s"] >= run.scenario.warm_up_s)
        cost, session_s = session_cost(run), c["ai_end_s"] - c["ai_start_s"]
        columns = [c[name] for name in ("label", "channel", "segment", "confidence")]
        columns += [
            c["disposition"] == Disposition.AI_RESOLVED,
            noticed,
            c["monitored"] == 1,
            cost,
            session_s,
        ]
        parts.append([column[keep] for column in columns])
    found = Logged(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    if len(found.label) == 0:
        raise ValueError("has no AI session that came to an end; nothing can be learned")
    order = np.argsort(found.confidence, kind="stable")
    return Logged(*(getattr(found, name)[order] for name in Logged.__dataclass_fields__))


class Stakes:
    """What contacts of a cell cost whoever handles them, and what failures cost: prices, the plan, and what the runs measured."""

    def __init__(self, runs: Sequence[Run], log: Logged, scarcity: float = 1.0) -> None:
        """Measure once.

        Args:
            runs: Replications of one variant.
            log: Their outcomes.
            scarcity: Worth of a person's minute, in its price.
        """
        scenario = runs[0].scenario
        self._prices, self._log = scenario.prices, log
        share = np.mean([share_of_person(run) for run in runs], axis=0)
        plain_s = np.outer(
            [law.mean_s for law in scenario.handle], [channel.handle_factor for channel in scenario.channels]
        )
        work = scarcity * self._prices.human_per_s * plain_s * share
        escalated_s = plain_of_escalated_s = 0.0
        channels = len(scenario.channels)
        wait_s = {True: np.zeros((2, channels)), False: np.zeros((2, channels))}
        for run in runs:
            c = run.contacts
            assert c is not None, "the log was made from rows"
            answered = ~np.isnan(c["answer_s"]) & (c["ghost"] == 0)
            for from_ai in (True, False):
                mine = answered & ((c["handling"] == Handling.ESCALATED) == from_ai)
                if not from_ai:
                    mine &= c["handling"] == Handling.HUMAN_ONLY
                waited_s = c["answer_s"][mine] - c["queue_s"][mine]
                wait_s[from_ai][0] += np.bincount(c["channel"][mine], waited_s, channels)
                wait_s[from_ai][1] += np.bincount(c["channel"][mine], minlength=channels)
                if from_ai:
                    escalated_s += float(np.nansum(c["handle_s"][mine]))
                    plain_of_escalated_s += float(plain_s[c["intent"][mine], c["channel"][mine]].sum())
        self.more = escalated_s / plain_of_escalated_s if plain_of_escalated_s > 0 else 1.0
        """m: handling time after the AI over the plain one."""
        wait = {
            key: self._prices.customer_wait_per_s * scenario.on_the_line * sums[0] / np.maximum(1.0, sums[1])
            for key, sums in wait_s.items()
        }
        self._human = work + wait[False]
        self._handed_over = work * self.more + wait[True] + self._prices.handed_over
        failed = ~log.resolved & ~log.watched
        everywhere = float(log.noticed[failed].mean()) if failed.any() else 0.5
        n = np.bincount(log.label[failed], minlength=len(plain_s))
        seen = np.bincount(log.label[failed], log.noticed[failed], len(plain_s))
        self._noticed = (seen + FEW_FAILURES * everywhere) / (n + FEW_FAILURES)

    def of(self, mine: IntArray) -> Worth:
        """Means over outcomes, given by their places in the log."""
        log, prices = self._log, self._prices
        label, channel = log.label[mine], log.channel[mine]
        return Worth(
            human=float(self._human[label, channel].mean()),
            ai=float(log.cost[mine].mean()),
            watching=float(prices.watched_per_s * log.session_s[mine].mean()),
            noticed=float(self._noticed[label].mean()),
            handed_over=float(self._handed_over[label, channel].mean()),
            silent=float(prices.silent[label].mean()),
        )


def best(
    runs: Sequence[Run],
    *,
    axes: int = 3,
    scarcity: float = 1.0,
    watch: bool | None = None,
    least: int = LEAST,
    most_step: float | None = None,
) -> Matrix:
    """The matrix that costs least.

    Args:
        runs: Replications of one variant, with rows of contacts.
        axes: How fine cells are: 1 for labels alone, 2 by channel, 3 by segment, too.
        scarcity: Worth of a person's minute, in its price. Above 1 where people are short: whoever is sent to them makes others wait,
            which no log of single contacts shows. The right one is found by trying (`full_cost_per_contact`).
        watch: Whether there is a band of watched sessions; as the scenario has people for it when None.
        least: Outcomes that a cell needs for a value of its own.
        most_step: Farthest that a threshold may move from the run's own; as far as it likes when None.

    Raises:
        ValueError: Nothing can be learned from these runs.
    """
    scenario = runs[0].scenario
    if watch is None:
        watch = scenario.routing.monitor_sessions > 0
    catch = scenario.routing.catch if watch else None
    log = logged(runs)
    stakes = Stakes(runs, log, scarcity)
    seen_from = float(log.confidence[0])
    names = scenario.names
    found: dict[Cell, Threshold] = {}
    levels: list[Cell] = [(None, None, None)]
    for depth in range(1, axes + 1):
        codes = (range(len(names.intents)), range(len(names.channels)), range(len(names.segments)))
        levels += [(*cell, *(None,) * (3 - depth)) for cell in product(*codes[:depth])]  # type: ignore[misc]
    for cell in levels:
        mine = places(log, cell)
        if len(mine) < (least if cell[0] is not None else 1):
            continue
        parent = next((found[above] for above in parents(cell) if above in found), None)
        found[cell] = _threshold(cell, mine, log, stakes.of(mine), catch, parent)
    if most_step is not None:
        found = {cell: _stepped(one, scenario, most_step) for cell, one in found.items()}
    found = {cell: _written(one) for cell, one in found.items()}
    everything = found.pop((None, None, None))
    matrix = Matrix(scenario, everything, tuple(found.values()), seen_from, len(log.label), {}, 0.0, 0)
    expected = {
        name: _expected(at, log, stakes, scenario.routing.catch) for name, at in _policies(matrix).items()
    }
    ai, monitored = (at[log.label, log.channel, log.segment] for at in filled(matrix))
    watched_s = float(log.session_s[(log.confidence < ai) & (log.confidence >= monitored)].sum())
    stretch_s = len(runs) * (scenario.calendar.end_s - scenario.warm_up_s)
    return replace(
        matrix,
        expected=expected,
        watched_at_once=watched_s / stretch_s,
        slots=scenario.routing.monitor_sessions,
    )


def _policies(matrix: Matrix) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Thresholds that a matrix is held against."""
    ai, monitored = filled(matrix)
    usual, one = ThresholdsSpec(), matrix.everything
    watched_from = usual.monitored if matrix.scenario.routing.monitor_sessions else usual.ai
    pair = f"{usual.ai:g}" if watched_from == usual.ai else f"{usual.ai:g} / {watched_from:g}"
    return {
        "people": (np.full_like(ai, math.inf), np.full_like(ai, math.inf)),
        "AI": (np.zeros_like(ai), np.zeros_like(ai)),
        pair: (np.full_like(ai, usual.ai), np.full_like(ai, watched_from)),
        "one pair": (np.full_like(ai, one.ai), np.full_like(ai, one.monitored)),
        "matrix": (ai, monitored),
    }


def places(log: Logged, cell: Cell) -> IntArray:
    """Where the outcomes of a cell stand in the log."""
    keep = np.ones(len(log.label), dtype=np.bool_)
    for code, column in zip(cell, (log.label, log.channel, log.segment), strict=True):
        if code is not None:
            keep &= column == code
    return np.flatnonzero(keep)


def _threshold(
    cell: Cell, mine: IntArray, log: Logged, worth: Worth, catch: float | None, parent: Threshold | None
) -> Threshold:
    q = wanted(worth.human, worth.ai, worth.loss)
    confidence, resolved = log.confidence[mine], log.resolved[mine]
    lowest = reached(confidence, resolved, q)
    ai = monitored = lowest
    if catch is not None:
        seen = worth.watched(catch)
        saved = worth.loss - seen.loss
        # Watched pays against a person from here, unwatched against watched from there.
        watched_from = reached(confidence, resolved, wanted(worth.human, seen.ai, seen.loss))
        alone_from = reached(confidence, resolved, 1.0 - worth.watching / saved) if saved > 0 else -math.inf
        if watched_from < min(lowest, _within(alone_from) - LEAST_BAND):
            ai, monitored = alone_from, watched_from
    n, edge = len(mine), float(log.confidence[0])
    if parent is not None:
        ai, monitored = (
            (n * _within(own) + PARENT_WEIGHT * above) / (n + PARENT_WEIGHT)
            for own, above in ((ai, parent.ai), (monitored, parent.monitored))
        )
    return Threshold(
        cell=cell,
        n=n,
        wanted=q,
        ai=_within(ai),
        monitored=_within(monitored),
        worth=worth,
        at_edge=min(lowest, monitored) <= max(edge, float(confidence[0])) and edge > LOWEST + STEP,
        never=math.isinf(min(lowest, monitored)),
    )


def _within(threshold: float) -> float:
    return min(HIGHEST, max(LOWEST, threshold))


def _written(one: Threshold) -> Threshold:
    """In steps that can be told apart, and without a band that is none."""
    ai, monitored = (round(round(_within(at) / STEP) * STEP, 6) for at in (one.ai, one.monitored))
    return replace(one, ai=monitored if ai - monitored < LEAST_BAND else ai, monitored=monitored)


def _stepped(one: Threshold, scenario: Scenario, most: float) -> Threshold:
    """No farther from the thresholds that were on than *most*, in the mean of the cell."""
    where = tuple(slice(None) if code is None else code for code in one.cell)
    was_ai = float(np.mean(scenario.routing.ai_at[where]))
    was_monitored = float(np.mean(scenario.routing.monitored_at[where]))
    return replace(
        one,
        ai=min(was_ai + most, max(was_ai - most, one.ai)),
        monitored=min(was_monitored + most, max(was_monitored - most, one.monitored)),
    )


def filled(matrix: Matrix) -> tuple[FloatArray, FloatArray]:
    """`ai` and `monitored` of every cell, shape (intents, channels, segments), as a scenario would look them up."""
    names = matrix.scenario.names
    shape = (len(names.intents), len(names.channels), len(names.segments))
    known: Mapping[Cell, Threshold] = {one.cell: one for one in matrix.cells} | {
        (None, None, None): matrix.everything
    }
    ai, monitored = np.empty(shape), np.empty(shape)
    for place in np.ndindex(*shape):
        one = next(known[cell] for cell in (place, *parents(place)) if cell in known)
        ai[place], monitored[place] = one.ai, one.monitored
    return ai, monitored


def _expected(at: tuple[FloatArray, FloatArray], log: Logged, stakes: Stakes, catch: float) -> float:
    """Cost a contact of the log at some thresholds, by what its session came to."""
    cells = (log.label, log.channel, log.segment)
    human, ai, watching, noticed, handed_over, silent = _of_cells(stakes, log)
    seen = noticed + (1.0 - noticed) * catch
    failed = ~log.resolved
    alone = log.confidence >= at[0][cells]
    watched = ~alone & (log.confidence >= at[1][cells])
    unwatched_cost = ai + failed * (noticed * handed_over + (1.0 - noticed) * silent)
    watched_cost = ai + watching + failed * (seen * handed_over + (1.0 - seen) * silent)
    return float(np.where(alone, unwatched_cost, np.where(watched, watched_cost, human)).mean())


def _of_cells(stakes: Stakes, log: Logged) -> tuple[FloatArray, ...]:
    """What is at stake, for every outcome: means of its label and channel."""
    columns = [np.zeros(len(log.label)) for _ in range(6)]
    key = log.label * (int(log.channel.max()) + 1) + log.channel
    for one in np.unique(key):
        mine = np.flatnonzero(key == one)
        worth = stakes.of(mine)
        values = (worth.human, worth.ai, worth.watching, worth.noticed, worth.handed_over, worth.silent)
        for column, value in zip(columns, values, strict=True):
            column[mine] = value
    return tuple(columns)


def name_of(cell: Cell, scenario: Scenario) -> str:
    """`intent.channel.segment` as a scenario writes it; a trailing `*` is left out."""
    names = scenario.names
    axes = (names.intents, names.channels, names.segments)
    parts = [ANY if code is None else axis[code] for code, axis in zip(cell, axes, strict=True)]
    while len(parts) > 1 and parts[-1] == ANY:
        parts.pop()
    return ".".join(parts)


def as_yaml(matrix: Matrix) -> str:
    """A base that a scenario can name in `extends`: its `routing.thresholds`."""
    lines = [
        f"# The thresholds that cost least, from {matrix.outcomes:,} outcomes of {matrix.scenario.name} · {matrix.scenario.variant}.",
        "routing:",
        "  by: confidence",
        "  thresholds:",
        f"    ai: {matrix.everything.ai:g}",
        f"    monitored: {matrix.everything.monitored:g}",
        "    cells:",
    ]
    own = matrix.own()
    for one in own:
        note = f"{one.n:,} outcomes, q* {one.wanted:.2f}" + (", never pays" if one.never else "")
        note += ", may lie lower: nothing is known below" if one.at_edge else ""
        name = name_of(
            one.cell, matrix.scenario
        )  # quoted: in a variant a dot would lead into the cell of the label
        lines.append(f'      "{name}": {{ ai: {one.ai:g}, monitored: {one.monitored:g} }}  # {note}')
    if not own:
        lines[-1] = "    cells: {}"
    return "\n".join(lines) + "\n"

"""`python -m benchmarks.anchors [--json]`: the anchor figures of the scenarios that ship, measured again.

The reference computed its figures with closed formulas, or by hand; a scenario is a whole day with a morning rise, a classifier and
sessions under way. What makes the two comparable is said once, here:

- `--override one_at_a_time --override no_mail --override ai_by_the_table`: one contact at a time, first come first served, nobody calls
  again, every hang-up counts; the AI settles what the table of intents says, four of five pass the threshold.
- A window in which the fault is ten minutes old, so that the queue is what it will stay.

A figure is met when the reference's value lies in the measured interval (95 %, 20 replications on the same customers), widened by half a
unit of the reference's last printed place. About one right figure in 20 would miss by chance; the seeds are fixed. Every figure that is
not met carries the reason why, and `tests/laws/test_scenario_anchors.py` fails when one misses without a reason, or no longer needs it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sim.engine.records import Run
from sim.engine.run import replicate
from sim.engine.state import Handling
from sim.outcomes import intervals
from sim.outcomes.bursts import ARRIVALS, around_incidents, dispersions
from sim.outcomes.intervals import Estimate
from sim.outcomes.loop import loop_outcome
from sim.outcomes.measures import (
    EVERYTHING,
    MEASURE,
    FloatArray,
    Window,
    interval_edges_s,
    quantity,
    totals_of,
)
from sim.outcomes.relief import relief_outcome
from sim.scenario.build import build
from sim.scenario.find import scenario_file
from sim.scenario.load import load

REPLICATIONS = 20
FORMULA = ("one_at_a_time", "no_mail", "ai_by_the_table")
"""Overrides that turn R1 into the centre that a closed formula sees."""
UNTIL_NOON, UNTIL_HALF_PAST_ONE = "calendar.until=2026-03-02 12:00", "calendar.until=2026-03-02 13:30"
ON_PHONE = "people.frontline.staffing={}"
SEVEN_POINTS = (
    "incidents=[{at: 09:00, node: edge.E1, effect: worse, points: -0.55, intents: [tech_basic], lasts: 3h}]"
)
"""What the reference lets the AI lose takes people 12.5 minutes each (16.11/min × 617 s less 14.48/min × 602 s): tech_basic's ten, and a
quarter more for having been handed over."""


def clock(hour: int, minute: int = 0) -> float:
    """Seconds of the run at a time of day; all of these runs begin at seven."""
    return (hour - 7) * 3600.0 + minute * 60.0


PEAK: Window = (clock(10, 15), clock(11))
LUNCH: Window = (clock(12), clock(13))


@dataclass(frozen=True, slots=True)
class World:
    """What is run."""

    scenario: str
    variant: str
    overrides: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    replications: int = REPLICATIONS


@lru_cache(maxsize=8)
def runs(world: World) -> tuple[Run, ...]:
    """Its replications, kept as long as figures that stand together ask for them."""
    loaded = load(scenario_file(world.scenario), world.sets, world.overrides)
    scenario = build(
        loaded.variants[world.variant],
        name=world.scenario,
        variant=world.variant,
        resolved=loaded.resolved(world.variant),
    )
    return tuple(replicate(scenario, world.replications))


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the reference and how to measure it.

    Args:
        scenario: Number in the catalogue.
        what: The figure, in words.
        said: What the reference says, as printed.
        value: As a number, in the unit shown; None where it only says which way.
        rounding: Half a unit of the last printed place.
        unit: `%`, `min`, … as shown.
        measure: What the scenario gives.
        above: Where only the way is said: whether it has to be above `than`, or below.
        than: See `above`.
        why: Why it is not met; None when it is.
    """

    scenario: str
    what: str
    said: str
    value: float | None
    rounding: float
    unit: str
    measure: Callable[[], Estimate]
    above: bool | None = None
    than: float = 0.0
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A figure, measured."""

    figure: Figure
    measured: Estimate
    met: bool


def share(world: World, name: str, window: Window) -> Callable[[], Estimate]:
    """A measure of the outcomes in percent."""

    def measured() -> Estimate:
        return times(MEASURE[name].estimate(totals_of(runs(world), EVERYTHING, window)), 100.0)

    return measured


def per_min(world: World, name: str, window: Window, minutes: float = 1.0) -> Callable[[], Estimate]:
    """A quantity in so many minutes."""

    def measured() -> Estimate:
        totals = totals_of(runs(world), EVERYTHING, window)
        return times(intervals.ratio(quantity(totals, name), quantity(totals, "span_s")), 60.0 * minutes)

    return measured


def work(world: World, window: Window) -> Callable[[], Estimate]:
    """Work offered to people in Erlangs: all who asked, times the mean handling time of those who got it."""

    def measured() -> Estimate:
        return intervals.mean(_work(world, window))

    return measured


def _work(world: World, window: Window) -> FloatArray:
    t = totals_of(runs(world), EVERYTHING, window)
    found: FloatArray = (
        quantity(t, "queued") / quantity(t, "span_s") * quantity(t, "handle_s") / quantity(t, "handled")
    )
    return found


def more_work(before: World, after: World, window: Window) -> Callable[[], Estimate]:
    """Work that the second world has more, Erlangs, paired."""

    def measured() -> Estimate:
        return intervals.mean_difference(_work(before, window), _work(after, window))

    return measured


def work_ratio(before: World, after: World, window: Window) -> Callable[[], Estimate]:
    """Work in the second world over that in the first."""

    def measured() -> Estimate:
        return intervals.mean(_work(after, window) / _work(before, window))

    return measured


def more(before: World, after: World, name: str, window: Window) -> Callable[[], Estimate]:
    """What the second world has more of a quantity in a minute, paired."""

    def measured() -> Estimate:
        a, b = (totals_of(runs(world), EVERYTHING, window) for world in (before, after))
        return times(
            intervals.ratio_difference(
                quantity(a, name), quantity(a, "span_s"), quantity(b, name), quantity(b, "span_s")
            ),
            60.0,
        )

    return measured


def differs(before: World, after: World, name: str, window: Window) -> Callable[[], Estimate]:
    """Difference of a measure in points, paired."""

    def measured() -> Estimate:
        a, b = (totals_of(runs(world), EVERYTHING, window) for world in (before, after))
        return times(MEASURE[name].difference(a, b), 100.0)

    return measured


def longer(before: World, after: World, handling: str, window: Window) -> Callable[[], Estimate]:
    """How much longer contacts of a handling type take people in the second world, percent."""

    def measured() -> Estimate:
        found = []
        for world in (before, after):
            totals = totals_of(runs(world), EVERYTHING, window)
            found.append(quantity(totals, f"handle_s@{handling}") / quantity(totals, f"handled@{handling}"))
        return times(intervals.mean(found[1] / found[0] - 1.0), 100.0)

    return measured


def by_run(world: World, of: Callable[[Run], float]) -> Callable[[], Estimate]:
    """Mean of a number of each run."""

    def measured() -> Estimate:
        return intervals.mean([of(run) for run in runs(world)])

    return measured


def by_run_more(before: World, after: World, of: Callable[[Run], float]) -> Callable[[], Estimate]:
    """Difference of a number of each run, paired."""

    def measured() -> Estimate:
        return intervals.mean_difference([of(run) for run in runs(before)], [of(run) for run in runs(after)])

    return measured


def times(one: Estimate, factor: float) -> Estimate:
    """In another unit."""
    return Estimate(one.value * factor, one.half_width * abs(factor), one.replications)


# --- readings ---


def under_way(at_s: float, fleets: Sequence[int] = (0, 1, 2)) -> Callable[[Run], float]:
    """AI sessions at the edge of an interval."""

    def seen(run: Run) -> float:
        at = int(np.searchsorted(interval_edges_s(run.scenario), at_s))
        return float(run.looks[at].active[list(fleets)].sum())

    return seen


def mean_under_way(window: Window, fleets: Sequence[int]) -> Callable[[Run], float]:
    """AI sessions of some fleets, mean over a window of whole intervals."""

    def seen(run: Run) -> float:
        edges_s = interval_edges_s(run.scenario)
        first, last = np.searchsorted(edges_s, window)
        area = run.looks[int(last)].active_area - run.looks[int(first)].active_area
        return float(area[list(fleets)].sum() / (edges_s[last] - edges_s[first]))

    return seen


def escalated_within(from_s: float, for_s: float) -> Callable[[Run], float]:
    """AI sessions that were handed over for their content in a stretch of time."""

    def seen(run: Run) -> float:
        assert run.contacts is not None
        end_s, handling = run.contacts["ai_end_s"], run.contacts["handling"]
        return float(((end_s >= from_s) & (end_s < from_s + for_s) & (handling == Handling.ESCALATED)).sum())

    return seen


def dispersion(world: World) -> Callable[[], Estimate]:
    """Index of dispersion of arrivals at people over five minutes, against the plan, around the incident."""

    def measured() -> Estimate:
        found = runs(world)
        window = around_incidents(found[0].scenario)
        (five_min,) = (one for one in dispersions(list(found), ARRIVALS, window) if one.scale_s == 300.0)
        return five_min.against_plan

    return measured


def held_s(world: World) -> Callable[[], Estimate]:
    """How long those who were held back before a queue were held."""

    def measured() -> Estimate:
        found = relief_outcome(runs(world))
        assert found is not None
        assert found.metering is not None
        return found.metering.mean_s

    return measured


def longest_queue(run: Run) -> float:
    """Most contacts that waited at the same time."""
    return float(max(look.waiting_peak.sum() for look in run.looks))


def loop_s(world: World) -> Callable[[], Estimate]:
    """From the first symptom to the action."""

    def measured() -> Estimate:
        found = loop_outcome(runs(world))
        assert found is not None
        return found.loop_s

    return measured


def figures() -> list[Figure]:
    """All of them, those of one world beside each other."""
    from benchmarks.anchor_figures import FIGURES

    return list(FIGURES)


def measure(figure: Figure) -> Found:
    """Run what it takes and compare."""
    found = figure.measure()
    if figure.value is None:
        assert figure.above is not None, "a figure has a value or a way"
        met = found.low > figure.than if figure.above else found.high < figure.than
    else:
        met = abs(found.value - figure.value) <= found.half_width + figure.rounding
    return Found(figure, found, met)


def in_words(found: Found) -> tuple[str, ...]:
    """The row of the table."""
    figure, one = found.figure, found.measured
    places = 1 if one.half_width >= 0.095 else 2
    measured = f"{one.value:.{places}f} ± {one.half_width:.{places}f} {figure.unit}".rstrip()
    verdict = "met" if found.met else f"not met: {figure.why or 'no reason is known'}"
    return figure.scenario, figure.what, figure.said, measured, verdict


def as_row(found: Found) -> str:
    """The same as a line of Markdown."""
    return "| " + " | ".join(in_words(found)) + " |"


HEAD = ("scenario", "figure", "reference", "measured", "verdict")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table as Markdown; 1 when a figure misses that has no reason, or has a reason that it does not need."""
    parser = argparse.ArgumentParser(description="Anchor figures of the scenarios, measured again.")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    parser.add_argument("--only", help="a scenario, such as SC01")
    asked = parser.parse_args(arguments)
    chosen = [one for one in figures() if asked.only in (None, one.scenario)]
    found = []
    if not asked.json:
        print("| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD))
    for figure in chosen:
        found.append(measure(figure))
        if not asked.json:
            print(as_row(found[-1]), flush=True)
    if asked.json:
        rows = [
            {
                **dict(zip(HEAD, in_words(one), strict=True)),
                "value": one.measured.value,
                "half_width": one.measured.half_width,
                "met": one.met,
            }
            for one in found
        ]
        print(json.dumps(rows, indent=1, ensure_ascii=False))
    return int(any(one.met != (one.figure.why is None) for one in found))


if __name__ == "__main__":
    sys.exit(main())

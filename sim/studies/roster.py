"""Which shifts cover a required curve: what a shift may look like, and how many people each gets.

    lengths, or the group's own shifts ──► patterns: a weekday, a start, a length, one place of its breaks
    required by step ──► by reporting interval ──► integer program ──► scheduled on each shift ──► who comes

Breaks of a shift that is given by its length: under 4 h none; from 4 h up one of 15 min; from 6 h up a meal of 45 min, and 15 min in the
middle of what is left before and after it. The break, or the meal, may be at four places half an hour apart, of which the third is the
middle of the shift: lunches need not all fall together.

Paid is a shift from start to end without its breaks of more than 20 min: a rest counts as work, a meal does not (29 CFR 785.18
and 785.19).

Shrinkage: scheduled people times (1 − shrinkage) cover what is required. Of each shift that share comes, rounded up or down such that
every interval stays covered by as few as can be.

Source of the breaks: shifts of 8 h with two breaks of 15 min and a meal of 30 to 60 min are what contact centres plan with.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from sim.outcomes.local_time import local_time, span_words
from sim.scenario.errors import ScenarioError
from sim.scenario.model import Scenario, Shift
from sim.scenario.schema import WEEKDAYS
from sim.scenario.values import DAY_S, in_clock, in_units, seconds
from sim.wfm.rostering import IntArray, cheapest_cover
from sim.wfm.staffing import with_shrinkage

FloatArray = NDArray[np.float64]
Pieces = tuple[tuple[float, float], ...]
OWN = "own"
"""Said instead of a length: the group's own shifts, whoever works on them now."""
STARTS_S = 1800.0
LEAST_STARTS_S = 300.0
BREAK_S, MEAL_S = 900.0, 2700.0
WITH_BREAK_S, WITH_MEAL_S = 4 * 3600.0, 6 * 3600.0
PLACES_S = (-3600.0, -1800.0, 0.0, 1800.0)
"""Where the meal, or the only break, may be, from the middle of the shift."""
PAID_BREAK_S = 1200.0
"""A longer break is not paid."""
GRID_S = 900.0
"""Breaks begin on quarters of an hour from the start of the shift."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A shift somebody could be put on."""

    weekday: int
    """Monday is 0."""
    start_s: float
    """Since midnight."""
    lasts_s: float
    breaks: tuple[tuple[float, float], ...]
    """(after, lasts), from the start."""


@dataclass(frozen=True, slots=True)
class RosterShift:
    """A shift of the roster."""

    days: tuple[str, ...]
    start_s: float
    """Since local midnight."""
    lasts_s: float
    breaks: tuple[tuple[float, float], ...]
    """(after, lasts), from the start, seconds."""
    scheduled: int
    """People who are on it."""
    people: int
    """Of those, who come; the rest is shrinkage."""


@dataclass(frozen=True, slots=True)
class Roster:
    """People by shift that cover a required curve."""

    shifts: tuple[RosterShift, ...]
    scheduled: int
    """People on all shifts of all days."""
    paid_hours: float
    """From start to end of every shift without breaks of more than 20 min."""
    bound_hours: float
    """No roster of such shifts is paid for less."""
    over_hours: float
    """Scheduled on the floor, breaks taken off, beyond the scheduled requirement."""
    on_floor: tuple[int, ...]
    """Who come and are on no break, by reporting interval."""


@dataclass(frozen=True, slots=True)
class Found:
    """A roster, and the same for the simulation."""

    roster: Roster
    comes: tuple[Shift, ...]
    """Absolute seconds."""
    scheduled: tuple[Shift, ...]
    """Same, everybody who is on the list, without breaks."""


class Patterns:
    """Shifts that are possible in a run, checked before anything is simulated."""

    def __init__(
        self,
        scenario: Scenario,
        group: str,
        own: Sequence[Shift],
        said: Sequence[str],
        starts_s: float,
        at_most: int | None,
        edges_s: FloatArray,
    ) -> None:
        """What is asked for in words.

        Args:
            scenario: In which they work.
            group: Its name.
            own: Its shifts as they are.
            said: Lengths such as `8h`, or `own`.
            starts_s: From one possible start to the next, from midnight on.
            at_most: People on all shifts of a day.
            edges_s: Of the reporting intervals.

        Raises:
            ScenarioError: There can be no such shifts.
        """
        self.scenario, self.group, self.edges_s, self.at_most = scenario, group, edges_s, at_most
        if not LEAST_STARTS_S <= starts_s <= DAY_S:
            raise ScenarioError(f"--starts is {in_units(starts_s)}, and must be from 5m to 24h")
        found: dict[Pattern, list[Pieces]] = {}
        for word in dict.fromkeys(said):
            if word == OWN:
                if not own:
                    raise ScenarioError(
                        f"--shift own: people.{group} has no shifts; give it some, or a length such as --shift 8h"
                    )
                for shift in own:
                    self._add(found, self._pattern(shift.pieces), shift.pieces)
                continue
            lasts_s = seconds(word)
            if lasts_s is None or not LEAST_STARTS_S <= lasts_s <= DAY_S:
                raise ScenarioError(
                    f"--shift is {word!r}, and must be a length from 5m to 24h such as 8h, or own, for the group's own shifts"
                )
            fits = self._of_length(lasts_s, starts_s)
            if not fits:
                raise ScenarioError(
                    f"--shift {word}: none that begins every {in_units(starts_s)} of the clock fits into the run, "
                    f"which lasts {in_units(self.end_s)}"
                )
            for pattern, pieces in fits:
                self._add(found, pattern, pieces)
        order = sorted(found, key=lambda one: (one.weekday, one.start_s, one.lasts_s, one.breaks))
        self.patterns, self.pieces = tuple(order), tuple(tuple(found[one]) for one in order)
        self.covers = np.array(
            [sum(_whole(piece, edges_s) for day in days for piece in day) for days in self.pieces],
            dtype=np.int64,
        ).T.reshape(len(edges_s) - 1, len(order))

    @property
    def end_s(self) -> float:
        return self.scenario.calendar.end_s

    def _add(self, found: dict[Pattern, list[Pieces]], pattern: Pattern, pieces: Pieces) -> None:
        """A day of a pattern, if any of it is in the run."""
        if pieces[0][0] < self.end_s and pieces[-1][1] > 0.0:
            days = found.setdefault(pattern, [])
            if pieces not in days:
                days.append(pieces)

    def _pattern(self, pieces: Pieces) -> Pattern:
        """By the local clock."""
        clock = [tuple(local_time(self.scenario, s).replace(tzinfo=None) for s in piece) for piece in pieces]
        begin = clock[0][0]
        midnight = datetime(begin.year, begin.month, begin.day)  # noqa: DTZ001  a wall clock
        breaks = tuple(
            ((a[1] - begin).total_seconds(), (b[0] - a[1]).total_seconds()) for a, b in pairwise(clock)
        )
        lasts_s = (clock[-1][1] - begin).total_seconds()
        return Pattern(begin.weekday(), (begin - midnight).total_seconds(), lasts_s, breaks)

    def _of_length(self, lasts_s: float, starts_s: float) -> list[tuple[Pattern, Pieces]]:
        """Every start and place of breaks, on every day, of weekdays on which such a shift fits into the run once at least."""
        found: list[tuple[Pattern, Pieces]] = []
        fits = set()
        for day in self._dates():
            for start_s in np.arange(0.0, DAY_S, starts_s):
                for breaks in breaks_of(lasts_s):
                    pattern = Pattern(day.weekday(), float(start_s), lasts_s, breaks)
                    pieces = self._on(day, pattern)
                    found.append((pattern, pieces))
                    if pieces[0][0] >= 0.0 and pieces[-1][1] <= self.end_s:
                        fits.add(pattern)
        return [(pattern, pieces) for pattern, pieces in found if pattern in fits]

    def _dates(self) -> list[date]:
        """From the day before the run on, whose last shifts may reach into it."""
        first = local_time(self.scenario, 0.0).date()
        last = local_time(self.scenario, self.end_s).date()
        return [first + timedelta(days=k) for k in range(-1, (last - first).days + 1)]

    def _on(self, day: date, pattern: Pattern) -> Pieces:
        """Pieces of a pattern in seconds of the run; the wall clock counts, as in scenario files."""
        calendar = self.scenario.calendar
        midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(calendar.timezone))

        def at(time_s: float) -> float:
            moment = midnight + timedelta(seconds=time_s)
            return moment.timestamp() - calendar.start.timestamp()

        pieces, begin_s = [], pattern.start_s
        for after_s, lasts_s in pattern.breaks:
            pieces.append((at(begin_s), at(pattern.start_s + after_s)))
            begin_s = pattern.start_s + after_s + lasts_s
        return (*pieces, (at(begin_s), at(pattern.start_s + pattern.lasts_s)))

    def check(self, required: IntArray) -> None:
        """Refuse a requirement in an interval that no shift covers, people by reporting interval."""
        bare = np.flatnonzero((required > 0) & ~self.covers.any(axis=1))
        if len(bare):
            t = int(bare[0])
            more = f", nor {len(bare) - 1} other intervals" if len(bare) > 1 else ""
            raise ScenarioError(
                f"no shift covers {span_words(self.scenario, (self.edges_s[t], self.edges_s[t + 1]))} whole, "
                f"when people of {self.group} are needed{more}; add other shifts, the same with breaks elsewhere, "
                "or starts closer together (they count from midnight)"
            )

    def cheapest(self, required: IntArray, shrinkage: float) -> Found:
        """The roster, people required by reporting interval.

        Raises:
            ScenarioError: No shift covers an interval, or *at_most* people do not cover them all.
        """
        if not required.any():
            raise ScenarioError(
                f"nobody of {self.group} is needed at any time: there is nothing to cover with shifts"
            )
        self.check(required)
        scheduled = np.array([with_shrinkage(int(n), shrinkage) for n in required], dtype=np.int64)
        paid_s = np.array([round(sum(_paid_s(day) for day in days)) for days in self.pieces], dtype=np.int64)
        weekday = np.array([one.weekday for one in self.patterns], dtype=np.int64)
        cover = cheapest_cover(self.covers, scheduled, paid_s, day=weekday, at_most=self.at_most)
        if cover is None:
            raise ScenarioError(self._too_few(scheduled))
        people = np.array(cover.people, dtype=np.int64)
        comes = people
        if shrinkage > 0.0:
            share = people * (1.0 - shrinkage)
            least, most = np.floor(share + 1e-9), np.ceil(share - 1e-9)
            # Everybody rounded up covers it, so there is an answer.
            fewest = cheapest_cover(
                self.covers, required, paid_s, least=least.astype(np.int64), most=most.astype(np.int64)
            )
            comes = most.astype(np.int64) if fewest is None else np.array(fewest.people, dtype=np.int64)
        long_h = np.diff(self.edges_s) / 3600.0
        roster = Roster(
            shifts=tuple(self._merged(people, comes)),
            scheduled=int(people.sum()),
            paid_hours=cover.cost / 3600.0,
            bound_hours=cover.bound / 3600.0,
            over_hours=float((self.covers @ people - scheduled) @ long_h),
            on_floor=tuple(int(n) for n in self.covers @ comes),
        )
        return Found(roster, self._shifts(comes, breaks=True), self._shifts(people, breaks=False))

    def _too_few(self, scheduled: IntArray) -> str:
        if self.at_most is None:
            return "no roster was found that covers what is required"  # every interval is covered: a limit of the solver
        fewest = cheapest_cover(self.covers, scheduled, np.ones(len(self.patterns), dtype=np.int64))
        one_day = len({one.weekday for one in self.patterns}) == 1
        needed = (
            "" if fewest is None or not one_day else f"; with these shifts it takes {fewest.cost:,} at least"
        )
        return f"--at-most {self.at_most}: so few people do not cover what is required{needed}"

    def _merged(self, people: IntArray, comes: IntArray) -> Iterable[RosterShift]:
        """The same people on the same shift of several days, in one."""

        def what(k: int) -> tuple[float, float, tuple[tuple[float, float], ...], int, int]:
            one = self.patterns[k]
            return one.start_s, one.lasts_s, one.breaks, int(people[k]), int(comes[k])

        for (start_s, lasts_s, breaks, scheduled, present), found in groupby(
            sorted(np.flatnonzero(people).tolist(), key=what), key=what
        ):
            days = tuple(WEEKDAYS[self.patterns[k].weekday] for k in found)
            yield RosterShift(days, start_s, lasts_s, breaks, scheduled, present)

    def _shifts(self, people: IntArray, *, breaks: bool) -> tuple[Shift, ...]:
        return tuple(
            Shift(int(n), day if breaks else ((day[0][0], day[-1][1]),))
            for n, days in zip(people, self.pieces, strict=True)
            for day in (days if n else ())
        )


def breaks_of(lasts_s: float) -> tuple[tuple[tuple[float, float], ...], ...]:
    """Where the breaks of a shift of that length may be: (after, lasts) in seconds from its start, several choices."""
    if lasts_s < WITH_BREAK_S:
        return ((),)
    pause_s = MEAL_S if lasts_s >= WITH_MEAL_S else BREAK_S
    choices: list[tuple[tuple[float, float], ...]] = []
    for place_s in PLACES_S:
        after_s = _on_grid((lasts_s - pause_s) / 2.0) + place_s
        if pause_s == BREAK_S:
            choices.append(((after_s, pause_s),))
            continue
        back_s = after_s + pause_s
        before = (_on_grid((after_s - BREAK_S) / 2.0), BREAK_S)
        behind = (_on_grid(back_s + (lasts_s - back_s - BREAK_S) / 2.0), BREAK_S)
        choices.append((before, (after_s, pause_s), behind))
    return tuple(choices)


def _paid_s(day: Pieces) -> float:
    """Of one person, on one day."""
    breaks_s = [begin - end for (_, end), (begin, _) in pairwise(day)]
    return day[-1][1] - day[0][0] - sum(one_s for one_s in breaks_s if one_s > PAID_BREAK_S)


def _on_grid(time_s: float) -> float:
    return GRID_S * math.floor(time_s / GRID_S + 1e-9)


def _whole(piece: tuple[float, float], edges_s: FloatArray) -> IntArray:
    """1 in every interval that lies in the piece from its begin to its end."""
    found: IntArray = ((edges_s[:-1] >= piece[0] - 1e-6) & (edges_s[1:] <= piece[1] + 1e-6)).astype(np.int64)
    return found


def as_yaml(roster: Roster, scenario: Scenario, group: str, extends: str | None = None) -> str:
    """The shifts as a scenario takes them, `people` are those who come.

    Args:
        roster: What is written.
        scenario: Whose people it is for.
        group: Which of them.
        extends: The scenario's file as it is named beside the new one, for a file that runs by itself; without it a section to paste.
    """
    staffed = scenario.groups[scenario.names.groups.index(group)].staffing
    lines = [
        f"# Shifts of {group}: people are those who come, of the number that is scheduled.",
        *([f"extends: {json.dumps(extends, ensure_ascii=False)}"] if extends is not None else []),
        "people:",
        f"  {json.dumps(group, ensure_ascii=False)}:",
        *(["    staffing: null"] if staffed else []),
        "    shifts:",
    ]
    for shift in roster.shifts:
        if not shift.people:
            continue
        pauses = ", ".join(
            f"{{ after: {in_units(after_s)}, lasts: {in_units(lasts_s)} }}"
            for after_s, lasts_s in shift.breaks
        )
        breaks = f"breaks: [{pauses}], " if pauses else ""
        lines.append(
            f"      - {{ start: {in_clock(shift.start_s)}, lasts: {in_units(shift.lasts_s)}, people: {shift.people}, "
            f"{breaks}days: [{', '.join(shift.days)}] }}  # {shift.scheduled} scheduled"
        )
    return "\n".join(lines) + "\n"

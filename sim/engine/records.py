"""What a run leaves behind: counts by interval always, a row for every contact and decision where they are wanted.

`tally` is the one definition of every count; it runs over finished journeys, compiled, whether rows are kept or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.demand.contacts import Contacts
from sim.engine.control import CONTROL, Look
from sim.engine.physics import tokens_of_turns
from sim.engine.state import KEPT, Disposition, Handling, State
from sim.engine.surveys import asks, rate
from sim.orchestration.compiled import compiled
from sim.orchestration.signals import Signal, in_words
from sim.orchestration.words import Reason
from sim.scenario.model import Scenario

COUNTERS = (
    "offered",
    "first_attempts",
    "ai_sessions",
    "ai_resolved",
    "false_contained",
    "ai_abandoned",
    "escalated",
    "spilled",
    "dropped",
    "ai_s",
    "turns",
    "calls",
    "surveys",
    "survey_points",
    "rated",
    "rated_points",
    "queued",
    "answered",
    "answered_within",
    "waited",
    "abandoned",
    "short_abandoned",
    "abandoned_within",
    "blocked",
    "wait_answered_s",
    "wait_s",
    "handle_s",
    "handle_s2",
    "handled",
    "deflected",
    "deflected_lost",
    "balked",
    "callbacks",
    "called_back",
    "callbacks_on_time",
    "callbacks_failed",
    "callback_wait_s",
    "held",
    "held_s",
    "unresolved",
    "switched",
    "passed_on",
    "lost_s",
    "harmed",
)
"""Columns of the interval table. Those up to `calls` count at the interval of arrival, the others at that of joining the queue.

`queued` asked for a person (the blocked included); `answered_within` and `abandoned_within` the queue's threshold; `abandoned` includes
`short_abandoned` and those who left silently; `wait_s` sums the waits of answered and abandoned; `handled` counts answered contacts whom a
person really talked to, `handle_s` their handling time, `handle_s2` its squares, `unresolved` those of them whom that did not help;
`switched` came from another channel, at the announcement there, and count in the queue that they came to;
`passed_on` counts internal transfers, `lost_s` what they took of people's time;
`ai_s` sums the AI's part of every session.

A wait is from asking for a person, a buffer before the queue included, to the first answer or the hang-up. Who is passed on and gives up
has waited in the queue twice or more: its wait is without the time in people's hands, and it is no short abandon.

`harmed` wanted a person and got none, or too late: abandoned after more than the short-abandon time, hung up at the announcement, blocked,
dropped at the hand-over, went to self-service that did not help, was promised a callback that failed or came more than `PROMISE_S` after
the wait that was told, was answered after more than the threshold of its queue (the one it went to, if it changed channel), or has waited
longer than that when the run ends. Nobody whom self-service helped or whom people called back in time is harmed, and nobody who left the
AI on their own accord. The dropped count at the interval of arrival, the others at that of asking for a person.

`surveys` were answered, `survey_points` are what they gave, 0 to 100; `rated` are all whose contact ended, `rated_points` how content they
were. All four are 0 where a scenario does not ask (`mood.csat`).

Who took self-service, a callback or the announcement's hint counts neither
as answered nor as abandoned: `callbacks` were promised, `called_back` reached, on time within ten minutes of the wait that was told."""

(
    _OFFERED,
    _FIRST,
    _SESSIONS,
    _RESOLVED,
    _FALSE,
    _AI_ABANDONED,
    _ESCALATED,
    _SPILLED,
    _DROPPED,
    _AI_S,
    _TURNS,
    _CALLS,
    _SURVEYS,
    _SURVEY_POINTS,
    _RATED,
    _RATED_POINTS,
) = range(16)
(
    _QUEUED,
    _ANSWERED,
    _WITHIN,
    _WAITED,
    _ABANDONED,
    _SHORT,
    _AB_WITHIN,
    _BLOCKED,
    _WAIT_ANS,
    _WAIT,
    _HANDLE,
    _HANDLE2,
    _HANDLED,
    _DEFLECTED,
    _DEFLECTED_LOST,
    _BALKED,
    _CALLBACKS,
    _CALLED_BACK,
    _ON_TIME,
    _CALLBACK_FAILED,
    _CALLBACK_WAIT,
    _HELD,
    _HELD_S,
    _UNRESOLVED,
    _SWITCHED,
    _PASSED_ON,
    _LOST_S,
    _HARMED,
) = range(16, 44)
BILLED = ("sessions", "turns", "tokens_in", "tokens_out", "ai_s", "monitored_s", "contained")
"""What vendors and supervisors are paid for, by the fleet in which a session ended; at the interval of arrival.

Tokens are those of turns that were answered: failed calls are not billed. `monitored_s` is of sessions with somebody watching, `contained`
of those that ended without a person, helped or not: what a vendor takes for resolutions."""
(_B_SESSIONS, _B_TURNS, _B_IN, _B_OUT, _B_AI_S, _B_MONITORED_S, _B_CONTAINED) = range(7)
PROMISE_S = 600.0
"""A callback within this of the wait that was told is on time."""
_IN_AI = int(State.IN_AI)
_NOT_YET = int(State.NOT_YET)
_D_RESOLVED = int(Disposition.AI_RESOLVED)
_D_FALSE = int(Disposition.AI_FALSE_CONTAINED)
_D_AI_ABANDONED = int(Disposition.AI_ABANDONED)
_D_DROPPED = int(Disposition.DROPPED)
_D_ABANDONED = int(Disposition.QUEUE_ABANDONED)
_D_BLOCKED = int(Disposition.BLOCKED)
_D_DEFLECTED_OK = int(Disposition.DEFLECTED_OK)
_D_DEFLECTED_LOST = int(Disposition.DEFLECTED_LOST)
_D_BALKED = int(Disposition.BALKED)
_D_UNRESOLVED = int(Disposition.HUMAN_UNRESOLVED)
_D_CALLBACK_FAILED = int(Disposition.CALLBACK_FAILED)
_H_ESCALATED = int(Handling.ESCALATED)
_H_SPILLED = int(Handling.SPILLED)


@compiled
def tally(
    rows: NDArray[np.int64],
    intent: NDArray[np.int64],
    channel: NDArray[np.int64],
    attempt: NDArray[np.int64],
    j: NDArray[Any],
    content: NDArray[np.float64],
    answer: NDArray[np.float64],
    place: NDArray[np.int32],
    used: int,
    table: NDArray[np.float64],
    reasons: NDArray[np.int64],
    billed: NDArray[np.float64],
    shape: tuple[int, int, int, int],
    within_s: NDArray[np.float64],
    short_s: NDArray[np.float64],
    interval_s: float,
    from_s: float,
    until_s: float,
    unusual: bool,
) -> int:
    """Count journeys into the interval table.

    Args:
        rows: Rows of contacts that arrived.
        content, answer: What `rate` found, one entry for each of *rows*; empty where a scenario does not ask.
        place: Rows of *table* by cell, shape (intervals · queues+1 · channels · intents · handlings,), −1 for a cell that has none; queue 0
            is "never queued".
        used: Rows of *table* that have a cell.
        table: Shape (as many as there can be cells in use, counters), zeros behind those that are used.
        reasons: Why contacts came to people, shape (intervals, reasons), at the interval of the hand-over's queue or of arrival.
        billed: Shape (intervals, channels, intents, fleets, `BILLED`).
        shape: Queues + 1, channels, intents, handlings.
        within_s, short_s: Thresholds by queue.
        from_s: Contacts (queue joinings) before this are not counted: warm-up.
        until_s: End of the run, where sessions in flight are cut off.
        unusual: Whether the scenario `is_unusual`: where it is not, what only that brings about is not even looked at, and half of a row
            need not be fetched.

    Returns:
        Rows of *table* that have a cell by now.
    """
    last = len(reasons) - 1
    for at in range(len(rows)):
        row = rows[at]
        x = j[row]
        cell = (
            ((x.queue + 1) * shape[1] + channel[row]) * shape[2] * shape[3]
            + intent[row] * shape[3]
            + x.handling
        )
        per_interval = shape[0] * shape[1] * shape[2] * shape[3]
        if x.arrive_s >= from_s:
            k = min(last, int(x.arrive_s / interval_s))
            here = k * per_interval + cell
            if place[here] < 0:
                place[here] = used
                used += 1
            t = table[place[here]]
            t[_OFFERED] += 1
            t[_FIRST] += 1 if attempt[row] == 1 else 0
            if x.first_fleet >= 0:
                t[_SESSIONS] += 1
                ai_s = (until_s if x.state == _IN_AI else x.ai_end_s) - x.ai_start_s
                t[_AI_S] += ai_s
                t[_TURNS] += x.turns
                t[_CALLS] += x.calls
                tokens_in, tokens_out = tokens_of_turns(x.turns)
                b = billed[k, channel[row], intent[row], x.fleet]
                b[_B_SESSIONS] += 1
                b[_B_TURNS] += x.turns
                b[_B_IN] += tokens_in
                b[_B_OUT] += tokens_out
                b[_B_AI_S] += ai_s
                b[_B_MONITORED_S] += ai_s if x.monitored == 1 else 0.0
                b[_B_CONTAINED] += 1 if x.disposition in (_D_RESOLVED, _D_FALSE) else 0
            t[_RESOLVED] += 1 if x.disposition == _D_RESOLVED else 0
            t[_FALSE] += 1 if x.disposition == _D_FALSE else 0
            t[_AI_ABANDONED] += 1 if x.disposition == _D_AI_ABANDONED else 0
            t[_ESCALATED] += 1 if x.handling == _H_ESCALATED else 0
            t[_SPILLED] += 1 if x.handling == _H_SPILLED else 0
            t[_DROPPED] += 1 if x.disposition == _D_DROPPED else 0
            t[_HARMED] += 1 if x.disposition == _D_DROPPED else 0
            if x.handling in (_H_ESCALATED, _H_SPILLED):
                reasons[k, x.end_reason] += 1
            if len(content) > 0 and not np.isnan(content[at]):
                t[_RATED] += 1
                t[_RATED_POINTS] += 25.0 * (content[at] - 1.0)
                if not np.isnan(answer[at]):
                    t[_SURVEYS] += 1
                    t[_SURVEY_POINTS] += 25.0 * (answer[at] - 1.0)
        if x.queue >= 0 and x.queue_s >= from_s:
            q = x.queue
            here = min(last, int(x.queue_s / interval_s)) * per_interval + cell
            if place[here] < 0:
                place[here] = used
                used += 1
            t = table[place[here]]
            t[_QUEUED] += 1
            t[_UNRESOLVED] += 1 if x.disposition == _D_UNRESOLVED else 0
            t[_SWITCHED] += 1 if x.via != channel[row] else 0
            if unusual:
                t[_PASSED_ON] += x.passed_on
                t[_LOST_S] += x.lost_s
            if unusual and x.held == 1:
                t[_HELD] += 1
                left_s = x.end_s if np.isnan(x.joined_s) else x.joined_s
                if x.ai_start_s > x.hold_s:
                    left_s = x.ai_start_s  # went back to the AI
                t[_HELD_S] += (until_s if np.isnan(left_s) else left_s) - x.hold_s
            if unusual and x.callback == 1:
                t[_CALLBACKS] += 1
                failed = x.disposition == _D_CALLBACK_FAILED
                t[_CALLBACK_FAILED] += 1 if failed else 0
                late_s = (until_s if np.isnan(x.answer_s) else x.answer_s) - x.queue_s - x.told_s
                t[_HARMED] += 1 if failed or late_s > PROMISE_S else 0
                if not np.isnan(x.answer_s):
                    wait_s = x.answer_s - x.queue_s
                    t[_CALLED_BACK] += 1
                    t[_ON_TIME] += 1 if abs(wait_s - x.told_s) <= PROMISE_S else 0
                    t[_CALLBACK_WAIT] += wait_s
                    t[_HANDLED] += 1
                    t[_HANDLE] += x.handle_s
                    t[_HANDLE2] += x.handle_s * x.handle_s
            elif x.disposition in (_D_DEFLECTED_OK, _D_DEFLECTED_LOST):
                t[_DEFLECTED] += 1
                lost = 1 if x.disposition == _D_DEFLECTED_LOST else 0
                t[_DEFLECTED_LOST] += lost
                t[_HARMED] += lost
            elif x.disposition == _D_BALKED:
                t[_BALKED] += 1
                t[_HARMED] += 1
            elif x.disposition == _D_BLOCKED:
                t[_BLOCKED] += 1
                t[_HARMED] += 1
            elif x.disposition == _D_ABANDONED:
                wait_s = x.end_s - x.queue_s - x.lost_s
                short = 1 if wait_s <= short_s[q] and x.passed_on == 0 else 0
                t[_ABANDONED] += 1
                t[_WAITED] += 1
                t[_WAIT] += wait_s
                t[_SHORT] += short
                t[_HARMED] += 1 - short
                t[_AB_WITHIN] += 1 if wait_s <= within_s[q] else 0
            elif not np.isnan(x.answer_s) and x.ghost == 0:
                wait_s = x.answer_s - x.queue_s
                t[_ANSWERED] += 1
                t[_WITHIN] += 1 if wait_s <= within_s[q] else 0
                t[_HARMED] += 1 if wait_s > within_s[q] else 0
                t[_WAITED] += 1 if wait_s > 0.0 else 0
                t[_WAIT_ANS] += wait_s
                t[_WAIT] += wait_s
                t[_HANDLED] += 1
                t[_HANDLE] += x.handle_s
                t[_HANDLE2] += x.handle_s * x.handle_s
            else:
                t[_HARMED] += 1 if until_s - x.queue_s > within_s[q] else 0
    return used


@dataclass(frozen=True, slots=True)
class Billed:
    """What sessions took, one entry a combination that had any."""

    interval: NDArray[np.int64]
    channel: NDArray[np.int64]
    intent: NDArray[np.int64]
    fleet: NDArray[np.int64]
    """Where the session ended."""
    values: NDArray[np.float64]
    """Shape (entries, `BILLED`)."""

    def of(self, counter: str) -> NDArray[np.float64]:
        """One column."""
        return self.values[:, BILLED.index(counter)]


@dataclass(frozen=True, slots=True)
class Counts:
    """The interval table: one entry a cell that anything happened in."""

    interval: NDArray[np.int64]
    queue: NDArray[np.int64]
    """Queue code, −1 for contacts that never queued."""
    channel: NDArray[np.int64]
    intent: NDArray[np.int64]
    handling: NDArray[np.int64]
    values: NDArray[np.float64]
    """Shape (cells, `COUNTERS`)."""
    reasons: NDArray[np.int64]
    """Why contacts came to people by interval of arrival, shape (intervals, `Reason`)."""
    billed: Billed

    def of(self, counter: str) -> NDArray[np.float64]:
        """One column."""
        return self.values[:, COUNTERS.index(counter)]


COLUMNS = (
    "id",
    "issue",
    "attempt",
    "intent",
    "channel",
    "segment",
    "language",
    "region",
    "label",
    "confidence",
    "right",
    "in_scope",
)
"""Columns of a contact row that the customer brought along; the others are `KEPT` fields of the journey."""


RATED = ("content", "survey", "survey_s")
"""How content the customer was in the end, 1 to 5; what it answered in the survey, and when that came in. NaN for "was not asked"."""


class Said(Mapping[int, str]):
    """Sentences of controllers by row of the control log; those of signals are put together when somebody reads them.

    Args:
        told: By row, a sentence or the signal that one is about.
    """

    def __init__(self, told: Mapping[int, str | Signal]) -> None:
        self._told = told

    def __getitem__(self, row: int) -> str:
        found = self._told[row]
        return found if isinstance(found, str) else in_words(found)

    def __iter__(self) -> Iterator[int]:
        return iter(self._told)

    def __len__(self) -> int:
        return len(self._told)


@dataclass(frozen=True, slots=True)
class Run:
    """One replication of one scenario: what happened."""

    scenario: Scenario
    replication: int
    floor: str
    counts: Counts
    looks: tuple[Look, ...]
    """One at the start of every interval and one at the end."""
    control: NDArray[Any]
    """Rows of `CONTROL`."""
    said: Mapping[int, str]
    """Sentences of the controllers above single fleets, by row of `control`."""
    signals: tuple[Signal, ...]
    """What was sent to workforce management."""
    contacts: dict[str, NDArray[Any]] | None
    """`COLUMNS`, `KEPT` and `RATED`, by contact id; None in interval mode."""
    decisions: NDArray[Any] | None
    """Rows of `DECISION`, in the order in which they were taken."""
    offered: int
    """Contacts that arrived, further attempts included."""
    events: int
    """Events of the floor."""


class Recorder:
    """Folds finished journeys into counts, and keeps them where rows are wanted."""

    def __init__(self, scenario: Scenario) -> None:
        names = scenario.names
        self._scenario = scenario
        self._shape = (len(names.queues) + 1, len(names.channels), len(names.intents), len(Handling))
        intervals = scenario.calendar.intervals
        cells = intervals * int(np.prod(self._shape))
        # A row a cell that anything happens in, few of all there are: what is not used is never touched, and takes no memory.
        self._place = np.full(cells, -1, dtype=np.int32)
        self._table = np.zeros((cells, len(COUNTERS)))
        self._used = 0
        self._reasons = np.zeros((intervals, len(Reason)), dtype=np.int64)
        axes = (intervals, *self._shape[1:3], max(1, len(names.fleets)))
        self._billed = np.zeros((*axes, len(BILLED)))
        self._within_s = np.array([q.answer_within_s for q in scenario.queues])
        self._short_s = np.array([q.short_abandon_s for q in scenario.queues])
        self._asks = asks(scenario.mood) if scenario.mood.csat is not None else None
        self._kept: list[dict[str, NDArray[Any]]] = []
        self._decisions: list[NDArray[Any]] = []
        self.offered = 0

    def journeys(self, c: Contacts, j: NDArray[Any], rows: NDArray[np.int64]) -> None:
        """Take in the contacts in these rows: they are gone, or the run is over."""
        calendar = self._scenario.calendar
        content, answer, delay_s = (
            np.full(len(rows) if self._asks is not None else 0, np.nan) for _ in RATED
        )
        if self._asks is not None:
            rate(rows, c.key, j, self._asks, content, answer, delay_s)
        self._used = tally(
            rows,
            c.intent,
            c.channel,
            c.attempt,
            j,
            content,
            answer,
            self._place,
            self._used,
            self._table,
            self._reasons,
            self._billed,
            self._shape,
            self._within_s,
            self._short_s,
            calendar.interval_s,
            self._scenario.warm_up_s,
            calendar.end_s,
            self._scenario.is_unusual,
        )
        self.offered += len(rows)
        if self._scenario.keep_contacts:
            kept = {name: getattr(c, name)[rows] for name in COLUMNS}
            kept |= {name: j[name][rows] for name in KEPT}
            if self._asks is None:
                kept |= {name: np.full(len(rows), np.nan) for name in RATED}
            else:
                kept |= dict(zip(RATED, (content, answer, kept["end_s"] + delay_s), strict=True))
            self._kept.append(kept)

    def decisions(self, rows: NDArray[Any]) -> None:
        """Take in rows of the decision log."""
        self._decisions.append(rows.copy())

    def counts(self) -> Counts:
        cells = np.flatnonzero(self._place >= 0)
        interval, queue, channel, intent, handling = np.unravel_index(
            cells, (self._scenario.calendar.intervals, *self._shape)
        )
        where = np.nonzero(self._billed[..., 0])
        k, c, i, f = where
        billed = Billed(k, c, i, f, self._billed[where])
        return Counts(
            interval,
            queue - 1,
            channel,
            intent,
            handling,
            self._table[self._place[cells]],
            self._reasons,
            billed,
        )

    def contacts(self) -> dict[str, NDArray[Any]] | None:
        """All kept rows, by contact id."""
        if not self._scenario.keep_contacts:
            return None
        columns = {
            name: np.concatenate([kept[name] for kept in self._kept]) if self._kept else np.empty(0)
            for name in (*COLUMNS, *KEPT, *RATED)
        }
        by_id = np.argsort(columns["id"], kind="stable")
        return {name: column[by_id] for name, column in columns.items()}

    def run(
        self,
        replication: int,
        floor: str,
        looks: list[Look],
        control: list[tuple[Any, ...]],
        events: int,
        said: Mapping[int, str | Signal] | None = None,
        signals: Sequence[Signal] = (),
    ) -> Run:
        """Put it all together."""
        return Run(
            scenario=self._scenario,
            replication=replication,
            floor=floor,
            counts=self.counts(),
            looks=tuple(looks),
            control=np.array(control, dtype=CONTROL),
            said=Said(said or {}),
            signals=tuple(signals),
            contacts=self.contacts(),
            decisions=np.concatenate(self._decisions)
            if self._decisions and self._scenario.keep_contacts
            else None,
            offered=self.offered,
            events=events,
        )

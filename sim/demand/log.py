"""A call log, row by row, into contacts: pure reading, nothing is written here.

Every row ends as a contact or as a rejection with its line and reason; what is odd and kept anyway is counted per
kind, with the rule that was applied. A caller's identity leaves this file only as a keyed hash.

    entered ── VRU ──► queue_entered ── wait ──► service_started ── service ──► service_ended
    └ contained, failed: arrive_s     └ queued: arrive_s  └ answered at once: arrive_s is the end of the VRU
"""

from __future__ import annotations

import csv
import hashlib
import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from sim.demand.log_mapping import SECONDS_FIELDS, TIME_FIELDS, LogMapping, OutcomeSpec
from sim.scenario.model import BoolArray, FloatArray, IntArray

DAY_S = 86_400.0
HALF_DAY_S = DAY_S / 2  # a time of day this much earlier than the arrival belongs to the next day
# Switch and VRU have clocks of their own: in the bank's log service begins 1 s before the wait ends in two answered
# rows of three, 2 s in one of eleven, 3 or 4 s in one of a thousand.
CLOCK_SLACK_S = 5.0
# 9:71:10, 2026-13-01, 01/13/2026 25:00, -60, 12.5; no run of digits as long as an id or a telephone number
CLOCK_LIKE = re.compile(
    r"-?\d{0,4}(\.\d{1,3})?|(\d{4}([-/.]\d{1,2}){2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})?[T ]?(\d{1,2}(:\d{1,2}){1,2})?"
)


class Outcome(IntEnum):
    """How a contact of a log ended."""

    ANSWERED = 0
    ABANDONED = 1
    CONTAINED = 2
    FAILED = 3


RULES = {
    "vru_time_negative": "left the VRU before entering it: time in the VRU left empty, queue times kept",
    "past_midnight": "a time of day over 12 h before the arrival is taken as the next day's",
    "wait_differs": "the wait column and queue_left - queue_entered differ by over 1 s: the column is kept",
    "service_differs": "the service column and service_ended - service_started differ by over 1 s: the column is kept",
    "queue_entry_missing": "a wait but no queue entry: taken as queue exit minus wait, or as the end of the VRU",
    "hung_up_at_once": "joined the queue and left it in the same second: an abandonment after 0 s",
    "abandoned_without_queue": "abandoned, with no time in the queue: kept, tells nothing about patience",
    "service_before_queue_exit": "service begins up to 5 s before the queue ends: two clocks; both times are kept",
    "service_apart_from_queue_exit": "service begins over 5 s from where the wait ends: both are kept as logged",
    "service_time_missing": "answered, no service time: the service time is left empty",
    "service_time_zero": "answered, service of 0 s: kept",
    "service_long": "service longer than long_service_s: kept",
    "service_without_answer": "a service, but not answered: the outcome counts, service and server are dropped",
    "answered_without_server": "answered, no server named: kept; tells nothing about who was on the floor",
    "identity_unusable": "the customer id matches a `none` pattern: taken as unknown",
    "intent_not_listed": "an intent that the mapping does not list: kept under its own name",
    "segment_not_listed": "a segment that the mapping does not list: kept under its own name",
    "out_of_order": "entered before the row above: contacts are sorted by day and arrival",
    "blank_line": "an empty line: skipped",
}


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that is not a contact, and why. Texts from the log are masked where they could name a person."""

    line: int
    reason: str
    field: str
    shown: str


@dataclass(frozen=True, slots=True)
class Notice:
    """An oddity that was kept: how often, where first, and the rule applied."""

    kind: str
    rule: str
    rows: int
    first_lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LogContacts:
    """Contacts of a log as columns, sorted by day and arrival. NaN: did not happen, or is not known."""

    day: NDArray[np.datetime64]
    arrive_s: FloatArray
    """Seconds since midnight of `day`, maybe past 86,400: joining the queue; end of the VRU if answered at once; else
    entering the VRU."""
    vru_s: FloatArray
    queued: BoolArray
    wait_s: FloatArray
    """From joining the queue to pickup or hang-up; NaN if not queued."""
    outcome: IntArray
    """`Outcome` codes."""
    service_s: FloatArray
    service_start_s: FloatArray
    """On the clock of `arrive_s`, as logged; NaN if not answered or not logged."""
    server: IntArray
    """Position in `servers`; 0 is the empty name: none, or not known."""
    servers: tuple[str, ...]
    intent: IntArray
    """Position in `intents`; 0 is the empty name."""
    intents: tuple[str, ...]
    segment: IntArray
    """Position in `segments`; 0 is the empty name."""
    segments: tuple[str, ...]
    customer: NDArray[np.str_]
    """Keyed hash; empty if not known."""
    line: IntArray
    """Line of the source file, the first being 1."""

    def __len__(self) -> int:
        return int(self.arrive_s.size)

    @property
    def days(self) -> tuple[date, ...]:
        """The days that the log covers, in order."""
        found: list[date] = np.unique(self.day).tolist()
        return tuple(found)

    @property
    def answered(self) -> BoolArray:
        """True where a person picked up."""
        return np.equal(self.outcome, Outcome.ANSWERED)

    @property
    def abandoned(self) -> BoolArray:
        """True where the caller hung up in the queue."""
        return np.equal(self.outcome, Outcome.ABANDONED)

    @property
    def offered(self) -> BoolArray:
        """True where the contact asked for a person: answered or abandoned."""
        return self.answered | self.abandoned

    def where(self, rows: BoolArray) -> LogContacts:
        """The contacts for which *rows* is true."""
        return LogContacts(
            self.day[rows], self.arrive_s[rows], self.vru_s[rows], self.queued[rows], self.wait_s[rows],
            self.outcome[rows], self.service_s[rows], self.service_start_s[rows], self.server[rows], self.servers,
            self.intent[rows], self.intents, self.segment[rows], self.segments, self.customer[rows], self.line[rows],
        )  # fmt: skip

    def of_day(self, day: date) -> LogContacts:
        """The contacts that arrived on *day*."""
        return self.where(self.day == np.datetime64(day, "D"))


@dataclass(frozen=True, slots=True)
class ParsedLog:
    """What one reading of a log gave: contacts + rejections = rows."""

    rows: int
    contacts: LogContacts
    rejections: tuple[Rejection, ...]
    notices: tuple[Notice, ...]


class _RowError(Exception):
    """This row cannot be a contact."""

    def __init__(self, reason: str, field: str = "", shown: str = "") -> None:
        super().__init__(reason)
        self.reason, self.field, self.shown = reason, field, shown


def customer_hash(key: bytes) -> Callable[[str], str]:
    """A function that turns a customer id into 24 hexadecimal digits; without *key* nobody can turn them back.

    Args:
        key: At most 64 bytes, kept by the user.
    """
    known: dict[str, str] = {}

    def hash_of(identity: str) -> str:
        if identity not in known:
            known[identity] = hashlib.blake2b(identity.encode(), key=key, digest_size=12).hexdigest()
        return known[identity]

    return hash_of


def numbered_rows(text: TextIO, delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """The rows of a CSV file, each with its first line's number; a text for cells says why a row cannot be read."""
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            last = f" (up to line {reader.line_num})" if reader.line_num > line else ""
            yield line, f"is not CSV: {error}{last}"
            continue
        if not "".join(cells).isascii():
            try:
                "".join(cells).encode()
            except (
                UnicodeEncodeError
            ):  # the file was opened with surrogateescape, so that one bad byte costs one row
                yield line, "is not UTF-8 text"
                continue
        yield line, cells


def read_log(
    rows: Iterable[tuple[int, list[str] | str]],
    mapping: LogMapping,
    position: dict[str, int],
    width: int,
    hash_of: Callable[[str], str],
) -> ParsedLog:
    """Read the rows below the first line.

    Args:
        rows: From `numbered_rows`, the first line taken off.
        mapping: How to read them.
        position: Where each field is, from `check_header`.
        width: How many cells the first line has.
        hash_of: From `customer_hash`.

    Returns:
        Contacts, rejections and what was noticed.
    """
    reader = _Reader(mapping, position, width, hash_of)
    for line, cells in rows:
        reader.take(line, cells)
    return reader.result()


def mask(text: str, words: bool = False) -> str:
    """A cell as it may be shown: times, dates and small numbers stay, what could name a caller keeps only its shape.

    Args:
        text: The cell.
        words: Whether single words stay, too: those of the outcome column, which the user must see to map them.
    """
    text = text[:40]
    if CLOCK_LIKE.fullmatch(text) or (words and len(text) <= 16 and text.replace("_", "").isalpha()):
        return text
    return "".join("9" if c.isdigit() else "a" if c.isalpha() else c if c in " .,:-/_" else "?" for c in text)


class _Reader:
    """Grows the columns row by row; the one mutable thing in this file."""

    def __init__(
        self, mapping: LogMapping, position: dict[str, int], width: int, hash_of: Callable[[str], str]
    ) -> None:
        self.mapping, self.position, self.width, self.hash_of = mapping, position, width, hash_of
        self.none = {name: mapping.is_none(name) for name in position}
        self.none_pattern = {name: mapping.none_pattern(name) for name in position}
        self.unique = [i for name, i in position.items() if name.startswith("unique")]
        self.of_day = mapping.columns.date is not None
        self.clock_cache: dict[str, float] = {}
        self.date_cache: dict[str, int] = {}
        self.seen: dict[tuple[str, ...], int] = {}
        self.noticed: dict[str, tuple[int, list[int]]] = {}
        self.rejections: list[Rejection] = []
        self.rows = 0
        self.last_entered = -math.inf
        self.columns: list[
            tuple[int, float, float, bool, float, int, float, float, int, int, int, str, int]
        ] = []
        self.codes: dict[str, dict[str, int]] = {"server": {"": 0}, "intent": {"": 0}, "segment": {"": 0}}
        if mapping.time_zone is not None and "%z" in mapping.time_format:
            from zoneinfo import ZoneInfo

            self.zone: ZoneInfo | None = ZoneInfo(mapping.time_zone)
        else:
            self.zone = None

    def notice(self, kind: str, line: int) -> None:
        rows, lines = self.noticed.setdefault(kind, (0, []))
        if rows < 5:
            lines.append(line)
        self.noticed[kind] = (rows + 1, lines)

    def take(self, line: int, cells: list[str] | str) -> None:
        if isinstance(cells, list) and not cells:
            self.notice("blank_line", line)
            return
        self.rows += 1
        if isinstance(cells, str):
            self.rejections.append(Rejection(line, cells, "", ""))
            return
        if len(cells) != self.width:
            reason = f"has {len(cells)} cells, the first line has {self.width}"
            self.rejections.append(Rejection(line, reason, "", ""))
            return
        try:
            self.columns.append(self.contact(line, cells))
        except _RowError as error:
            secret = cells[self.position["customer"]] if "customer" in self.position else ""
            safe = len(secret) < 4 or secret not in error.shown
            shown = mask(error.shown, words=error.field == "outcome") if safe else "?"
            self.rejections.append(Rejection(line, error.reason, error.field, shown))

    def cell(self, name: str, cells: list[str]) -> str | None:
        """The text of a field, or None where the mapping says that there is none."""
        if name not in self.position:
            return None
        text = cells[self.position[name]].strip()
        if text in self.none[name]:
            return None
        pattern = self.none_pattern[name]
        return None if pattern is not None and pattern.fullmatch(text) else text

    def date(self, text: str) -> int:
        """Days since 0001-01-01."""
        if text not in self.date_cache:
            try:
                day = datetime.strptime(text, self.mapping.date_format)  # noqa: DTZ007 (a local day)
            except ValueError:
                raise _RowError(f"date is not as {self.mapping.date_format}", "date", text) from None
            self.date_cache[text] = day.toordinal()
        return self.date_cache[text]

    def clock(self, name: str, text: str) -> float:
        """Seconds since midnight, or since 0001-01-01 where the text carries its date."""
        known = self.clock_cache.get(text)
        if known is not None:
            return known
        try:
            time = datetime.strptime(text, self.mapping.time_format)  # noqa: DTZ007 (local unless it says more)
        except ValueError:
            raise _RowError(f"time is not as {self.mapping.time_format}", name, text) from None
        if self.zone is not None:
            time = time.astimezone(self.zone)
        seconds = time.hour * 3600.0 + time.minute * 60.0 + time.second + time.microsecond / 1e6
        if not self.of_day:
            seconds += time.toordinal() * DAY_S
        if len(self.clock_cache) < 200_000:
            self.clock_cache[text] = seconds
        return seconds

    def seconds(self, name: str, text: str) -> float:
        try:
            value = float(text) if "_" not in text else math.nan
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise _RowError("is not a number of seconds", name, text)
        return value

    def code(self, name: str, text: str) -> int:
        codes = self.codes[name]
        return codes.setdefault(text, len(codes))

    def contact(
        self, line: int, cells: list[str]
    ) -> tuple[int, float, float, bool, float, int, float, float, int, int, int, str, int]:
        mapping = self.mapping
        if self.unique:
            identity = tuple(cells[i] for i in self.unique)
            earlier = self.seen.setdefault(identity, line)
            if earlier != line:
                raise _RowError(f"repeats line {earlier}", ", ".join(mapping.unique))

        midnight_s = 0.0
        if self.of_day:
            text = self.cell("date", cells)
            if text is None:
                raise _RowError("date is missing", "date")
            midnight_s = self.date(text) * DAY_S
        at: dict[str, float | None] = {}
        anchor: float | None = None
        past_midnight = False
        for name in TIME_FIELDS:
            text = self.cell(name, cells)
            if text is None:
                at[name] = None
                continue
            time = self.clock(name, text)
            if anchor is None:
                anchor = time
            elif self.of_day and time < anchor - HALF_DAY_S:
                time += DAY_S
                past_midnight = True
            at[name] = midnight_s + time
        if anchor is None:
            raise _RowError(
                "has no arrival time", "entered" if "entered" in self.position else "queue_entered"
            )
        lasted = {
            name: None if (text := self.cell(name, cells)) is None else self.seconds(name, text)
            for name in SECONDS_FIELDS
        }
        if past_midnight:
            self.notice("past_midnight", line)

        entered, vru_left = at["entered"], at["vru_left"]
        vru_s = lasted["vru_s"] if lasted["vru_s"] is not None else _difference(vru_left, entered)
        if vru_s is not None and vru_s < 0:
            self.notice("vru_time_negative", line)
            vru_s = None

        queue_entered, wait_s = at["queue_entered"], lasted["wait_s"]
        clock_wait_s = _difference(at["queue_left"], queue_entered)
        if queue_entered is None and wait_s is not None and wait_s > 0:
            queue_entered = (
                at["queue_left"] - wait_s
                if at["queue_left"] is not None
                else vru_left
                if vru_left is not None
                else entered
            )
            if "queue_entered" in self.position:
                self.notice("queue_entry_missing", line)
        queued = queue_entered is not None
        if queued:
            if wait_s is None:
                wait_s = clock_wait_s
            elif clock_wait_s is not None and abs(clock_wait_s - wait_s) > 1.0:
                self.notice("wait_differs", line)
            if wait_s is None:
                raise _RowError("joined the queue, and nothing says for how long", "wait_s")
        if wait_s is not None and wait_s < 0:
            raise _RowError("waited a negative time", "wait_s", f"{wait_s:g}")

        text = self.cell("outcome", cells)
        if text is None:
            raise _RowError("outcome is missing", "outcome")
        meaning = mapping.outcomes.get(text)
        if meaning is None:
            raise _RowError("outcome is not one that the mapping lists", "outcome", text)
        if isinstance(meaning, OutcomeSpec):
            meaning = meaning.queued if queued else meaning.not_queued
        outcome = Outcome[meaning.upper()]

        if queued:
            arrive = queue_entered
        elif outcome in {Outcome.ANSWERED, Outcome.ABANDONED} and vru_left is not None:
            arrive = vru_left
        else:
            arrive = entered if entered is not None else vru_left
        if arrive is None:
            raise _RowError("has no arrival time", "entered")
        if outcome is Outcome.ABANDONED:
            if not queued:
                self.notice("abandoned_without_queue", line)
            elif wait_s == 0:
                self.notice("hung_up_at_once", line)

        service_s, service_start, server = self.service(line, cells, at, lasted["service_s"], outcome)
        if service_start is not None:
            gap_s = service_start - (arrive + (wait_s if queued and wait_s is not None else 0.0))
            if abs(gap_s) > CLOCK_SLACK_S:
                self.notice("service_apart_from_queue_exit", line)
            elif gap_s < 0:
                self.notice("service_before_queue_exit", line)

        day = int((midnight_s if self.of_day else arrive) // DAY_S)
        first = entered if entered is not None else arrive
        if first < self.last_entered:
            self.notice("out_of_order", line)
        self.last_entered = first
        segment = self.renamed("segment", mapping.segments, line, cells)
        if mapping.segment_known_if_queued and not queued:
            segment = 0
        return (
            day, arrive - day * DAY_S, _nan(vru_s), queued, _nan(wait_s) if queued else math.nan, int(outcome),
            _nan(service_s), math.nan if service_start is None else service_start - day * DAY_S, server,
            self.renamed("intent", mapping.intents, line, cells), segment, self.customer(line, cells), line,
        )  # fmt: skip

    def service(
        self,
        line: int,
        cells: list[str],
        at: dict[str, float | None],
        service_s: float | None,
        outcome: Outcome,
    ) -> tuple[float | None, float | None, int]:
        """Service time, its start, and the server's code."""
        start, end = at["service_started"], at["service_ended"]
        clock_s = _difference(end, start)
        if service_s is None:
            service_s = clock_s
        elif clock_s is not None and abs(clock_s - service_s) > 1.0:
            self.notice("service_differs", line)
        if service_s is not None and service_s < 0:
            raise _RowError("was served a negative time", "service_s", f"{service_s:g}")
        if outcome is not Outcome.ANSWERED:
            # Failed contacts are no one's; only for the other two is it a contradiction.
            if service_s and outcome is not Outcome.FAILED:
                self.notice("service_without_answer", line)
            return None, None, 0
        if start is None and service_s and end is not None:
            start = end - service_s
        if start is None and "service_started" in self.position and not service_s:
            service_s = None
        if service_s is None:
            if "service_s" in self.position or "service_started" in self.position:
                self.notice("service_time_missing", line)
        elif service_s == 0:
            self.notice("service_time_zero", line)
        elif service_s > self.mapping.long_service_s:
            self.notice("service_long", line)
        name = self.cell("server", cells)
        if name is None and "server" in self.position:
            self.notice("answered_without_server", line)
        return service_s, start, self.code("server", name or "")

    def renamed(self, name: str, names: dict[str, str], line: int, cells: list[str]) -> int:
        text = self.cell(name, cells)
        if text is None:
            return 0
        if names and text not in names:
            self.notice(f"{name}_not_listed", line)
        return self.code(name, names.get(text, text))

    def customer(self, line: int, cells: list[str]) -> str:
        text = self.cell("customer", cells)
        if text is None:
            if (
                "customer" in self.position
                and cells[self.position["customer"]].strip() not in self.none["customer"]
            ):
                self.notice("identity_unusable", line)
            return ""
        return self.hash_of(text)

    def result(self) -> ParsedLog:
        columns = list(zip(*self.columns, strict=True)) if self.columns else [()] * 13
        day = np.array(columns[0], dtype=np.int64) - date(1970, 1, 1).toordinal()
        arrive_s = np.array(columns[1], dtype=np.float64)
        line = np.array(columns[12], dtype=np.int64)
        order = np.lexsort((line, arrive_s, day))

        def of(i: int, kind: type) -> NDArray[np.generic]:
            return np.array(columns[i], dtype=kind)[order]

        servers = tuple(self.codes["server"])
        if self.mapping.servers == "code":
            servers = ("", *(f"S{i:02d}" for i in range(1, len(servers))))
        contacts = LogContacts(
            day=day[order].astype("datetime64[D]"),
            arrive_s=arrive_s[order],
            vru_s=of(2, np.float64),  # type: ignore[arg-type]
            queued=of(3, np.bool_),  # type: ignore[arg-type]
            wait_s=of(4, np.float64),  # type: ignore[arg-type]
            outcome=of(5, np.int64),  # type: ignore[arg-type]
            service_s=of(6, np.float64),  # type: ignore[arg-type]
            service_start_s=of(7, np.float64),  # type: ignore[arg-type]
            server=of(8, np.int64),  # type: ignore[arg-type]
            servers=servers,
            intent=of(9, np.int64),  # type: ignore[arg-type]
            intents=tuple(self.codes["intent"]),
            segment=of(10, np.int64),  # type: ignore[arg-type]
            segments=tuple(self.codes["segment"]),
            customer=of(11, np.str_),  # type: ignore[arg-type]
            line=line[order],
        )
        notices = tuple(
            Notice(kind, rule, self.noticed[kind][0], tuple(self.noticed[kind][1]))
            for kind, rule in RULES.items()
            if kind in self.noticed
        )
        return ParsedLog(self.rows, contacts, tuple(self.rejections), notices)


def _difference(later: float | None, earlier: float | None) -> float | None:
    return None if later is None or earlier is None else later - earlier


def _nan(value: float | None) -> float:
    return math.nan if value is None else value

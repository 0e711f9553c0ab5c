"""The values of a scenario file as people write them, and what they become: `1h30m` is 5400.0 s, `35 %` is 0.35.

Two speakers use these types. A file speaks in words: a duration there has a unit, and a bare `30` is refused. Code
speaks in seconds: `QueueSpec(answer_within=20.0)` and the default `= 20.0` mean 20 s. The loader tells them apart by
handing over, as pydantic's validation context, a `Written` that knows which float objects came out of the file.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

import pydantic
from pydantic import (
    BeforeValidator,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

DAY_S = 86_400.0
LONGEST_S = 36_525 * DAY_S  # a hundred years: beyond it somebody mistyped, and dates overflow
LARGEST_COUNT = 2**63 - 1  # what an array of integers holds


class Spec(pydantic.BaseModel):
    """Base of every part of a scenario file: unknown keys, loose types, NaN and infinity are refused.

    Sequences are declared as `tuple[X, ...]`: the loader hands over tuples.
    """

    model_config = pydantic.ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        validate_default=True,
    )


@dataclass(frozen=True, slots=True)
class Says:
    """What a value should look like, for messages and editors.

    Args:
        needs: In words with an article, `a duration such as 30s`.
        examples: Two legal values as a file writes them, far apart; None for names, which other keys may refer to.
        write: How a value in the model reads in a file; None when as it is.
        x_unit: Unit of the value in the model, when a file writes it as text.
    """

    needs: str
    examples: tuple[Any, Any] | None = None
    write: Callable[[float], str] | None = None
    x_unit: str | None = None


class Written:
    """Which numbers stand in the file (as against defaults and code), by identity of their float objects."""

    def __init__(self, numbers: Iterable[float]) -> None:
        self._numbers = tuple(numbers)  # kept alive, so that an id cannot be given away a second time
        self._ids = frozenset(id(number) for number in self._numbers)

    def __contains__(self, value: object) -> bool:
        # Small ints are shared objects; a default in seconds is a float, so an int always comes from the file.
        return isinstance(value, int) or id(value) in self._ids


def wrong(message: str) -> PydanticCustomError:
    """An error whose message is shown to the user as it stands."""
    return PydanticCustomError("words", "{words}", {"words": message})


def said(value: object) -> str:
    """The value as an error message quotes it: short, printable, maps and lists by name."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**30 else "a very long number"
    if isinstance(value, float):
        return format(value, ".15g")
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:57] + "...")
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, list | tuple):
        return "a list"
    return f"a {type(value).__name__}"


def in_order(words: Iterable[str], last: str = "or") -> str:
    """`a, b or c`."""
    items = list(words)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}" if items else ""


# --- durations ---

UNIT_S = {"d": Decimal(86_400), "h": Decimal(3600), "m": Decimal(60), "s": Decimal(1), "ms": Decimal("0.001")}
NICKNAMES = {
    "msec": "ms", "millisecond": "ms", "milliseconds": "ms",
    "sec": "s", "secs": "s", "second": "s", "seconds": "s",
    "min": "m", "mins": "m", "minute": "m", "minutes": "m",
    "hr": "h", "hrs": "h", "hour": "h", "hours": "h",
    "day": "d", "days": "d",
}  # fmt: skip
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_DURATION = r"(?=.)" + " ?".join(rf"(?:{_NUMBER} ?{unit})?" for unit in UNIT_S)
_DURATION_RE = re.compile(" ?".join(rf"(?:(?P<{unit}>{_NUMBER}) ?{unit})?" for unit in UNIT_S))
_PART_RE = re.compile(r"([0-9][0-9.,]*) ?([^\W\d]+)")


def seconds(text: str) -> float | None:
    """`1h30m` as seconds, None when it is not a duration; the sign is the caller's affair."""
    match = _DURATION_RE.fullmatch(text)
    if match is None or not any(match.groups()) or len(text) > 60:
        return None
    total = sum(
        (Decimal(number) * UNIT_S[unit] for unit, number in match.groupdict().items() if number), Decimal(0)
    )
    return float(total)


def in_units(duration_s: float) -> str:
    """Seconds as a file writes them: 5400.0 → `1h30m`; always reads back as the same number."""
    for parts in (_split_units(duration_s), f"{duration_s:f}".rstrip("0").rstrip(".") + "s"):
        if seconds(parts) == duration_s:
            return parts
    return f"{duration_s!r}s"


def _split_units(duration_s: float) -> str:
    left_ms, text = round(duration_s * 1000), ""
    for unit, size in UNIT_S.items():
        size_ms = int(size * 1000)
        if left_ms >= size_ms and (unit != "d" or left_ms % size_ms == 0):
            text += f"{left_ms // size_ms}{unit}"
            left_ms %= size_ms
    return text or "0s"


def _not_a_duration(text: str) -> str:
    if re.fullmatch(r"[-+]?[0-9.]+", text):
        bare = text.lstrip("+-")
        return f"{text} has no unit; write {bare}s or {bare}m"
    parts = _PART_RE.findall(text)
    for number, unit in parts:
        if unit in NICKNAMES:
            return f"{said(text)} has the unit {unit}, which is not read; write {number}{NICKNAMES[unit]}"
        if unit not in UNIT_S:
            units = "the units are ms, s, m, h and d, as in 30s or 1h30m"
            return f"{said(text)} has the unit {unit}, which is not known; {units}"
    if len(parts) > 1:
        return f"{said(text)} is not a duration; write each unit once and larger ones first, as in 1h30m"
    return f"is {said(text)}, and must be a duration such as 30s or 1h30m"


def _duration_reader(*, above_0: bool) -> Callable[[Any, ValidationInfo], float]:
    bound = "above 0" if above_0 else "0 or more"

    def read(value: Any, info: ValidationInfo) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise wrong(f"is {said(value)}, and must be a duration such as 30s or 1h30m")
        shown = value.strip() if isinstance(value, str) else said(value)
        if isinstance(value, str):
            magnitude = seconds(shown.lstrip("+-").lstrip())
            if magnitude is None:
                raise wrong(_not_a_duration(shown))
            result = -magnitude if shown.startswith("-") else magnitude
        else:
            result = float(value) if abs(value) <= LONGEST_S else math.inf
            if result != 0 and isinstance(info.context, Written) and value in info.context:
                also = "" if value > 0 else f", and must be {bound}"
                bare = shown.lstrip("-")
                raise wrong(f"{shown} has no unit{also}; write {bare}s or {bare}m")
        if not (result > 0 if above_0 else result >= 0):
            raise wrong(f"is {shown}, and must be {bound}")
        if result > LONGEST_S:
            raise wrong(f"is {shown}, and must be at most 100 years (36525d)")
        return result

    return read


_DURATION_TEXT = {
    "type": "string",
    "pattern": f"^{_DURATION}$",
    "examples": ["30s", "5m", "1h30m", "250ms", "2d"],
}

Seconds = Annotated[
    float,
    BeforeValidator(_duration_reader(above_0=False)),
    Says("a duration such as 30s or 0s", ("1s", "2h"), in_units, "seconds"),
    WithJsonSchema(
        {**_DURATION_TEXT, "type": ["string", "integer"], "minimum": 0, "maximum": 0, "x-unit": "seconds"}
    ),
]
"""A duration of 0 or more: `250ms`, `30s`, `5m`, `1h30m`, `2d`, `0s`; seconds in the model."""

PositiveSeconds = Annotated[
    float,
    BeforeValidator(_duration_reader(above_0=True)),
    Says("a duration above 0 such as 30s", ("1s", "2h"), in_units, "seconds"),
    WithJsonSchema({**_DURATION_TEXT, "x-unit": "seconds"}),
]
"""A duration above 0; seconds in the model."""


# --- times of day and moments ---

_CLOCK = r"(?:[01]?[0-9]|2[0-4]):[0-5][0-9](?::[0-5][0-9])?"
_CLOCK_RE = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
_DATED_RE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[ T](.*))?")


def clock_s(text: str) -> float | None:
    """`07:00` or `7:00:30` as seconds since midnight, None when it is not a time; the caller bounds it by 24:00."""
    match = _CLOCK_RE.fullmatch(text)
    if match is None or int(match[2]) > 59 or int(match[3] or 0) > 59:
        return None
    return 3600.0 * int(match[1]) + 60.0 * int(match[2]) + float(match[3] or 0)


def in_clock(time_s: float) -> str:
    """Seconds since midnight as a file writes them: 25200.0 → `07:00`."""
    whole = int(time_s)
    text = f"{whole // 3600:02d}:{whole // 60 % 60:02d}"
    return text if whole % 60 == 0 else f"{text}:{whole % 60:02d}"


def _read_clock(value: Any, info: ValidationInfo) -> float:
    from_file = isinstance(info.context, Written) and value in info.context
    if isinstance(value, str):
        time_s = clock_s(value.strip())
        if time_s is None:
            raise wrong(f"is {said(value)}, and must be a time of day such as 07:00")
    elif isinstance(value, bool) or not isinstance(value, int | float) or from_file:
        raise wrong(f"is {said(value)}, and must be a time of day such as 07:00")
    else:
        time_s = float(value)
    if not 0 <= time_s <= DAY_S:
        raise wrong(
            f"is {value if isinstance(value, str) else said(value)}, and must be between 00:00 and 24:00"
        )
    return time_s


TimeOfDay = Annotated[
    float,
    BeforeValidator(_read_clock),
    Says("a time of day such as 07:00", ("00:00", "24:00"), in_clock, "seconds since midnight"),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^{_CLOCK}$",
            "examples": ["07:00", "17:30"],
            "x-unit": "seconds since midnight",
        }
    ),
]
"""A time of day, `07:00` or `7:00:30`, up to 24:00, as a value or as a key; seconds since midnight in the model."""


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant of local time: `2026-03-02 07:00`, or `07:00` on a day that the reader knows.

    Args:
        time_s: Seconds since midnight, 0 to 86400.
        date: The day; None when the file gave a time of day alone.
    """

    time_s: float
    date: dt.date | None = None

    def __str__(self) -> str:
        """As a file writes it."""
        return (
            in_clock(self.time_s) if self.date is None else f"{self.date.isoformat()} {in_clock(self.time_s)}"
        )

    @classmethod
    def parse(cls, value: Any) -> Moment:
        """Read *value* as a file writes it.

        Raises:
            PydanticCustomError: It is neither a time of day nor a date with one.
        """
        if isinstance(value, Moment):
            return value
        shape = "a time such as 07:00 or 2026-03-02 07:00"
        if not isinstance(value, str):
            raise wrong(f"is {said(value)}, and must be {shape}")
        text = value.strip()
        dated = _DATED_RE.fullmatch(text)
        day = None
        if dated:
            try:
                day = dt.date(int(dated[1]), int(dated[2]), int(dated[3]))
            except ValueError:
                raise wrong(f"is {text[:60]}, and there is no such day in the calendar") from None
            if dated[4] is None:
                raise wrong(f"is {text}, which has no time of day; write {text} 00:00")
        time_s = clock_s(dated[4].strip() if dated else text)
        if time_s is None:
            raise wrong(f"is {said(value)}, and must be {shape}")
        if time_s > DAY_S:
            raise wrong(f"is {text}, and the time must be between 00:00 and 24:00")
        return cls(time_s, day)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let pydantic read and write it as text."""
        return core_schema.no_info_plain_validator_function(
            cls.parse, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """For editors."""
        return {
            "type": "string",
            "pattern": f"^(?:[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[ T])?{_CLOCK}$",
            "examples": ["10:05", "2026-03-02 07:00"],
        }


MOMENT_SAYS = Says("a time such as 07:00 or 2026-03-02 07:00", ("00:00", "2026-03-02 07:00"))


# --- numbers ---

_PERCENT_RE = re.compile(r"([-+]?[0-9]+(?:\.[0-9]+)?) ?%")


def _number(value: Any, needs: str) -> float:
    if isinstance(value, str):
        unquoted = (
            ""
            if not re.fullmatch(r"[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?", value)
            else "; write it without quotes"
        )
        raise wrong(f"is the text {said(value)}, and must be {needs}{unquoted}")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong(f"is {said(value)}, and must be {needs}")
    if not math.isfinite(value) or abs(value) > 1e300:
        raise wrong(f"is {said(value)}, and must be a finite number")
    return float(value)


def _read_share(value: Any) -> float:
    percent = _PERCENT_RE.fullmatch(value.strip()) if isinstance(value, str) and len(value) < 40 else None
    share = float(Decimal(percent[1]) / 100) if percent else _number(value, "a share such as 0.35 or 35 %")
    if not 0 <= share <= 1:
        shown = percent[0] if percent else said(value)
        between = "between 0 % and 100 %" if percent else "between 0 and 1"
        hint = f"; for a percentage write {shown} %" if not percent and 2 <= share <= 100 else ""
        raise wrong(f"is {shown}, and must be {between}{hint}")
    return share


def share(text: str) -> float:
    """`0.3`, `30%` or `30 %` as a command line says it.

    Raises:
        ValueError: It is none from 0 to 1; in words that follow a name.
    """
    try:
        number: float | str = float(text)
    except ValueError:
        number = text
    try:
        return _read_share(number)
    except PydanticCustomError as error:
        raise ValueError(error.message().replace(" %", "%")) from None  # a shell parts words at blanks


def _number_reader(*, above_0: bool) -> Callable[[Any], float]:
    bound = "above 0" if above_0 else "0 or more"

    def read(value: Any) -> float:
        number = _number(value, f"a number {bound}" if above_0 else "a number (0 or more)")
        if not (number > 0 if above_0 else number >= 0):
            raise wrong(f"is {said(value)}, and must be {bound}")
        return number

    return read


def _count_reader(least: int) -> Callable[[Any], int]:
    needs = f"a whole number ({least} or more)"

    def read(value: Any) -> int:
        number = _number(value, needs)
        if not isinstance(value, int):
            whole = f"; write {int(number)}" if number == int(number) else ""
            raise wrong(f"is {value!r}, and must be {needs}{whole}")
        if value < least:
            raise wrong(f"is {said(value)}, and must be {least} or more")
        if value > LARGEST_COUNT:
            raise wrong(f"is {said(value)}, and must be at most {LARGEST_COUNT}")
        return value

    return read


Share = Annotated[
    float,
    BeforeValidator(_read_share),
    Says("a share such as 0.35 or 35 %", (0.0, 1.0)),
    WithJsonSchema(
        {
            "type": ["number", "string"],
            "minimum": 0,
            "maximum": 1,
            "pattern": r"^[0-9]+(?:\.[0-9]+)? ?%$",
            "examples": [0.35, "35 %"],
        }
    ),
]
"""A share from 0 to 1; `35 %` is read as 0.35."""

Positive = Annotated[
    float,
    BeforeValidator(_number_reader(above_0=True)),
    Says("a number above 0", (0.5, 100.0)),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0}),
]
"""A number above 0."""

NonNegative = Annotated[
    float,
    BeforeValidator(_number_reader(above_0=False)),
    Says("a number (0 or more)", (0.5, 100.0)),
    WithJsonSchema({"type": "number", "minimum": 0}),
]
"""A number, 0 or more."""

Count = Annotated[
    int,
    BeforeValidator(_count_reader(0)),
    Says("a whole number (0 or more)", (1, 1000)),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": LARGEST_COUNT}),
]
"""A whole number, 0 or more."""

PositiveCount = Annotated[
    int,
    BeforeValidator(_count_reader(1)),
    Says("a whole number (1 or more)", (1, 1000)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": LARGEST_COUNT}),
]
"""A whole number, 1 or more."""


# --- names ---

# Names become file names, column names and cells of workbooks: nothing in them may mean something there.
NAME_RE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
TITLE_RE = re.compile(r"(?=.{1,64}$)[A-Za-z0-9][A-Za-z0-9_.-]*(?: [A-Za-z0-9_.-]+)*")


def name_problem(value: object, *, spaces: bool = False) -> str | None:
    """What is wrong with *value* as a name (with spaces: as a title), None when nothing is."""
    kind = "title" if spaces else "name"
    if not isinstance(value, str):
        return f"is {said(value)}, and must be a {kind}" + (
            f"; write '{value}' in quotes"
            if isinstance(value, int | float) and not isinstance(value, bool)
            else ""
        )
    if (TITLE_RE if spaces else NAME_RE).fullmatch(value):
        return None
    if len(value) > 64:
        return f"has {len(value)} characters, and a {kind} has at most 64"
    alphabet = "letters, digits, _, - and ." + (" with single spaces between" if spaces else "")
    return f"is {said(value)}, and a {kind} is made of {alphabet}, a letter or digit first"


def _name_reader(*, spaces: bool) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        message = name_problem(value, spaces=spaces)
        if message is not None:
            raise wrong(message)
        return str(value)

    return read


Name = Annotated[
    str,
    BeforeValidator(_name_reader(spaces=False)),
    Says("a name such as chat"),
    WithJsonSchema({"type": "string", "pattern": f"^{NAME_RE.pattern}$"}),
]
"""A name: letters (A–Z), digits, `_`, `-` and `.`, up to 64, a letter or digit first."""

Title = Annotated[
    str,
    BeforeValidator(_name_reader(spaces=True)),
    Says("a title such as no controller"),
    WithJsonSchema({"type": "string", "pattern": f"^{TITLE_RE.pattern}$"}),
]
"""A name that may hold single spaces, as of a variant."""

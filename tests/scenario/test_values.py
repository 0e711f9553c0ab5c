from __future__ import annotations

import datetime as dt
from typing import Any, Literal

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from sim.scenario.values import (
    Count,
    Moment,
    Name,
    NonNegative,
    Positive,
    PositiveCount,
    PositiveSeconds,
    Seconds,
    Share,
    Spec,
    TimeOfDay,
    Title,
    Written,
    in_clock,
    in_units,
    seconds,
    share,
)


def read(kind: Any, value: Any) -> Any:
    """*value* as if it stood in a file."""
    return TypeAdapter(kind).validate_python(
        value, context=Written([value] if isinstance(value, float) else [])
    )


def complaint(kind: Any, value: Any) -> str:
    """What the user is told about *value*."""
    with pytest.raises(ValidationError) as caught:
        read(kind, value)
    return str(caught.value.errors()[0]["msg"])


@pytest.mark.parametrize(
    ("text", "expected_s"),
    [
        ("250ms", 0.25),
        ("30s", 30.0),
        ("5m", 300.0),
        ("1h30m", 5400.0),
        ("2d", 172_800.0),
        ("0s", 0.0),
        ("1.5h", 5400.0),
        ("1 h 30 m", 5400.0),
        ("1d2h3m4s5ms", 93_784.005),
        (0, 0.0),
    ],
)
def test_durations_are_read_as_seconds(text: str | int, expected_s: float) -> None:
    """A duration is a number with a unit, or several with larger units first; 0 needs none."""
    assert expected_s == read(Seconds, text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (30, "30 has no unit; write 30s or 30m"),
        (30.0, "30 has no unit; write 30s or 30m"),
        ("30", "30 has no unit; write 30s or 30m"),
        (-30, "-30 has no unit, and must be above 0; write 30s or 30m"),
        ("-30s", "is -30s, and must be above 0"),
        ("0s", "is 0s, and must be above 0"),
        (0, "is 0, and must be above 0"),
        ("3 min", "'3 min' has the unit min, which is not read; write 3m"),
        (
            "3 parsecs",
            "'3 parsecs' has the unit parsecs, which is not known; the units are ms, s, m, h and d, as in 30s or 1h30m",
        ),
        ("30m1h", "'30m1h' is not a duration; write each unit once and larger ones first, as in 1h30m"),
        ("soon", "is 'soon', and must be a duration such as 30s or 1h30m"),
        ("", "is '', and must be a duration such as 30s or 1h30m"),
        (True, "is true, and must be a duration such as 30s or 1h30m"),
        ([1], "is a list, and must be a duration such as 30s or 1h30m"),
        ("99999d", "is 99999d, and must be at most 100 years (36525d)"),
    ],
)
def test_a_wrong_duration_is_told_what_would_be_right(value: Any, expected: str) -> None:
    """A duration of a file without a unit, with an unknown one, or out of range is refused in words."""
    assert expected == complaint(PositiveSeconds, value)


def test_code_speaks_in_seconds() -> None:
    """A float that does not come out of a file means seconds, as an argument and as a default."""

    class Toy(Spec):
        wait: PositiveSeconds = 20.0
        pause: tuple[Seconds, Seconds] = (0.2, 0.5)

    in_file = float("20")  # another object than the default
    assert Toy(wait=30.0).wait == 30.0
    assert Toy.model_validate({}, context=Written([in_file])).wait == 20.0
    with pytest.raises(ValidationError, match="20 has no unit"):
        Toy.model_validate({"wait": in_file}, context=Written([in_file]))


@given(st.floats(0, 1e8).map(lambda value: round(value, 3)))
def test_durations_are_written_so_that_they_read_back(duration_s: float) -> None:
    """`in_units` and `seconds` undo each other on whole milliseconds."""
    assert duration_s == seconds(in_units(duration_s))


@pytest.mark.parametrize(
    ("text", "expected_s"),
    [("07:00", 25_200.0), ("7:00:30", 25_230.0), ("00:00", 0.0), ("24:00", 86_400.0)],
)
def test_times_of_day_are_read_as_seconds_since_midnight(text: str, expected_s: float) -> None:
    """`07:00` and `7:00:30` are times, as values and as keys."""
    assert expected_s == read(TimeOfDay, text)
    assert {expected_s: 1} == TypeAdapter(dict[TimeOfDay, int]).validate_python({text: 1})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("25:00", "is 25:00, and must be between 00:00 and 24:00"),
        ("24:01", "is 24:01, and must be between 00:00 and 24:00"),
        ("7am", "is '7am', and must be a time of day such as 07:00"),
        ("07:60", "is '07:60', and must be a time of day such as 07:00"),
        (7, "is 7, and must be a time of day such as 07:00"),
    ],
)
def test_wrong_times_of_day_are_refused(value: Any, expected: str) -> None:
    """A time of day lies between 00:00 and 24:00 and has minutes."""
    assert expected == complaint(TimeOfDay, value)


def test_moments_keep_their_date() -> None:
    """A moment is a time of day with or without a date, and writes itself as it was read."""
    dated = read(Moment, "2026-03-02 07:00")
    assert Moment(25_200.0, dt.date(2026, 3, 2)) == dated
    assert "2026-03-02 07:00" == str(dated)
    assert Moment(36_300.0) == read(Moment, "10:05")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-02-30 07:00", "is 2026-02-30 07:00, and there is no such day in the calendar"),
        ("2026-03-02", "is 2026-03-02, which has no time of day; write 2026-03-02 00:00"),
        ("25:10", "is 25:10, and the time must be between 00:00 and 24:00"),
        ("Monday", "is 'Monday', and must be a time such as 07:00 or 2026-03-02 07:00"),
        (7, "is 7, and must be a time such as 07:00 or 2026-03-02 07:00"),
    ],
)
def test_wrong_moments_are_refused(value: Any, expected: str) -> None:
    """A moment needs a day that exists and a time of day."""
    assert expected == complaint(Moment, value)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Share, 0.35, 0.35),
        (Share, "35 %", 0.35),
        (Share, "12.5%", 0.125),
        (Share, 1, 1.0),
        (Positive, 3, 3.0),
        (NonNegative, 0, 0.0),
        (Count, 0, 0),
        (PositiveCount, 1, 1),
        (Name, "v2.1_b-c", "v2.1_b-c"),
        (Title, "no controller", "no controller"),
    ],
)
def test_numbers_and_names(kind: Any, value: Any, expected: Any) -> None:
    """Shares may be percentages, whole numbers serve as floats, names have a small alphabet."""
    assert expected == read(kind, value)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Share, 1.2, "is 1.2, and must be between 0 and 1"),
        (Share, 35, "is 35, and must be between 0 and 1; for a percentage write 35 %"),
        (Share, "120 %", "is 120 %, and must be between 0 % and 100 %"),
        (Share, "half", "is the text 'half', and must be a share such as 0.35 or 35 %"),
        (Share, float("nan"), "is nan, and must be a finite number"),
        (Positive, 0, "is 0, and must be above 0"),
        (Positive, "3", "is the text '3', and must be a number above 0; write it without quotes"),
        (Positive, True, "is true, and must be a number above 0"),
        (NonNegative, -0.5, "is -0.5, and must be 0 or more"),
        (NonNegative, float("inf"), "is inf, and must be a finite number"),
        (Count, -1, "is -1, and must be 0 or more"),
        (Count, 2.0, "is 2.0, and must be a whole number (0 or more); write 2"),
        (PositiveCount, 0, "is 0, and must be 1 or more"),
        (Count, 2**64, f"is {2**64}, and must be at most {2**63 - 1}"),
        (Name, 7, "is 7, and must be a name; write '7' in quotes"),
        (
            Name,
            "a b",
            "is 'a b', and a name is made of letters, digits, _, - and ., a letter or digit first",
        ),
        (
            Name,
            "../x",
            "is '../x', and a name is made of letters, digits, _, - and ., a letter or digit first",
        ),
        (Name, "x" * 65, "has 65 characters, and a name has at most 64"),
        (
            Title,
            "a  b",
            (
                "is 'a  b', and a title is made of letters, digits, _, - and . with single spaces between, "
                "a letter or digit first"
            ),
        ),
    ],
)
def test_wrong_numbers_and_names_are_refused(kind: Any, value: Any, expected: str) -> None:
    """Numbers out of range, of the wrong kind or not finite, and names with other letters are refused in words."""
    assert expected == complaint(kind, value)


def test_every_value_has_a_json_schema() -> None:
    """Editors get patterns, bounds and examples."""

    class Toy(Spec):
        a: Seconds
        b: PositiveSeconds
        c: dict[TimeOfDay, Count]
        d: Moment
        e: Share | None = None
        f: Positive = 1.0
        g: NonNegative = 0.0
        h: PositiveCount = 1
        i: Name = "x"
        j: Title = "x"
        k: PositiveSeconds | Literal["never"] = "never"

    properties = Toy.model_json_schema()["properties"]
    assert "1h30m" in properties["b"]["examples"]
    assert ["string", "integer"] == properties["a"]["type"]
    assert issubclass(Toy, pydantic.BaseModel)
    assert in_clock(25_230.0) == "07:00:30"


@pytest.mark.parametrize(
    ("text", "expected"), [("0.3", 0.3), ("30%", 0.3), ("30 %", 0.3), (" 1 ", 1.0), ("0", 0.0)]
)
def test_a_command_line_says_shares_as_a_file_does(text: str, expected: float) -> None:
    """As a number or as a percentage."""
    assert expected == share(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("30", "is 30, and must be between 0 and 1; for a percentage write 30%"),
        ("130%", "is 130%, and must be between 0% and 100%"),
        ("nan", "is nan, and must be a finite number"),
        ("most", "is the text 'most', and must be a share such as 0.35 or 35%"),
    ],
)
def test_a_share_that_is_none_is_refused(text: str, message: str) -> None:
    """With what would be right, written so that a shell keeps it in one piece."""
    with pytest.raises(ValueError, match=f"^{message}$"):
        share(text)

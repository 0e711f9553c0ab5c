"""Seconds of a run as local wall-clock times."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sim.scenario.model import Scenario


def local_time(scenario: Scenario, second: float) -> datetime:
    """The local time at *second* of the run, with its zone; days of 23 and 25 hours are counted as they are."""
    calendar = scenario.calendar
    return datetime.fromtimestamp(calendar.start.timestamp() + second, ZoneInfo(calendar.timezone))


def clock_words(scenario: Scenario, second: float) -> str:
    """`10:05:00` of a run of one day, `Mon 10:05:00` of a longer one."""
    form = "%H:%M:%S" if scenario.calendar.end_s <= 86_400.0 else "%a %H:%M:%S"
    return local_time(scenario, second).strftime(form)


def span_words(scenario: Scenario, window: tuple[float, float]) -> str:
    """`10:05–11:20`."""
    return "–".join(clock_words(scenario, second).removesuffix(":00") for second in window)

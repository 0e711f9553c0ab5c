"""Numbers as people read them: `28.1 %`, `1 h 12 min`, `1,912`, each with its 95 % half-width."""

from __future__ import annotations

import math
from collections.abc import Callable

from sim.outcomes import Estimate

NOTHING = "–"
EXACT_BELOW = 99.95
"""Counts below this show decimals."""
MINUTES_FROM_S = 599.5
"""Durations from here on are told in minutes."""
EXACT_MINUTES_S = 300.0
"""Half-widths below this are told in seconds: ± 0 min would say that one is sure."""


def amount(value: float, unit: str) -> str:
    """One number; a dash where nothing happened.

    Args:
        value: A share from 0 to 1, seconds, a count, a number per minute.
        unit: `share`, `s`, `per_min`, `money`, `points`, `contacts`.
    """
    if math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "∞"
    if unit == "share":
        return f"{100 * value:.1f} %"
    if unit == "s":
        return duration(value)
    if unit == "per_min":
        return f"{value:.1f}/min"
    if unit == "money":
        return _money(value, value)
    if unit == "points":
        return f"{value:.1f}".replace("-", "−")
    return count(value)


def estimate(found: Estimate, unit: str) -> str:
    """`28.1 % ± 0.9`; without the half-width when there is but one replication."""
    if math.isnan(found.value):
        return NOTHING
    return _told(found, unit, amount)


def difference(found: Estimate, unit: str) -> str:
    """`+4.9 ± 0.4`, shares in percentage points."""
    if math.isnan(found.value):
        return NOTHING
    return ("+" if found.value >= 0 else "−") + _size(found, unit)


def shows_as_zero(found: Estimate, unit: str) -> bool:
    """Whether `difference` rounds the value away: `+0.00 ± 0.00`."""
    return not any(sign in "123456789∞" for sign in _size(found, unit).partition(" ± ")[0])


def _size(found: Estimate, unit: str) -> str:
    return _told(Estimate(abs(found.value), found.half_width, found.replications), unit, _points)


def _told(found: Estimate, unit: str, of: Callable[[float, str], str]) -> str:
    """Value and half-width, the one as exact as the other."""
    value, half = found.value, found.half_width
    if math.isnan(half):
        return of(value, unit)
    if unit == "s":
        tell = _minutes if max(abs(value), half) >= MINUTES_FROM_S else duration
        return f"{tell(value)} ± {(_minutes if half >= EXACT_MINUTES_S else duration)(half)}"
    if unit == "contacts":
        return f"{of(value, unit)} ± {half:,.{_decimals(value)}f}"
    if unit == "money":
        return f"{of(value, unit)} ± {_money(half, value)}"
    return f"{of(value, unit)} ± {_points(half, unit).removesuffix('/min')}"


def _points(value: float, unit: str) -> str:
    return f"{100 * value:.1f}" if unit == "share" else amount(value, unit)


def duration(seconds: float) -> str:
    """`4.2 s`, `52 s`, `12 min`, `1 h 12 min`."""
    if math.isnan(seconds):
        return NOTHING
    if abs(seconds) >= MINUTES_FROM_S:
        return _minutes(seconds)
    sign, seconds = ("−", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds:.1f} s" if seconds < 9.95 else f"{sign}{seconds:.0f} s"


def _minutes(seconds: float) -> str:
    sign, minutes = ("−" if seconds < 0 else ""), round(abs(seconds) / 60)
    if minutes < 60:
        return f"{sign}{minutes} min"
    return f"{sign}{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{sign}{minutes // 60} h"


def _money(value: float, beside: float) -> str:
    """`5.07`, `12,430`: to the hundredth where the amount *beside* is below a thousand."""
    return f"{value:,.{2 if abs(beside) < 999.995 else 0}f}".replace("-", "−")


def count(value: float) -> str:
    """`1,912`; decimals below 100, for means of small counts."""
    if math.isnan(value):
        return NOTHING
    return f"{value:,.{_decimals(value)}f}".replace("-", "−")


def _decimals(value: float) -> int:
    if abs(value) >= EXACT_BELOW or float(value).is_integer():
        return 0
    return 1 if abs(value) >= 9.95 else 2


def many(value: float) -> str:
    """`950`, `12,400`, `1.9 M`: a rough count for a heading."""
    if value >= 999_500:
        return f"{value / 1e6:.1f} M"
    return f"{value:,.0f}"


def plural(number: int, one: str, more: str = "") -> str:
    """`1 variant`, `4 variants`."""
    return f"{number} {one if number == 1 else more or one + 's'}"

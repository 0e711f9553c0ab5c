"""What a formula refuses, by the name of the argument."""

from __future__ import annotations

import math


def check_numbers(**values: float) -> None:
    """Refuse what is negative, infinite or not a number."""
    for name, value in values.items():
        if not (value >= 0 and math.isfinite(value)):
            raise ValueError(f"{name} is {value}, and must be a number of at least 0")


def check_positive(**values: float) -> None:
    """Refuse what is not above 0; infinity passes."""
    for name, value in values.items():
        if not value > 0:
            raise ValueError(f"{name} is {value}, and must be above 0")


def check_share(name: str, value: float) -> None:
    """Refuse what is outside [0, 1)."""
    if not 0 <= value < 1:
        raise ValueError(f"{name} is {value}, and must be at least 0 and below 1")

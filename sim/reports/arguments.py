"""What a notebook passes by mistake, refused in words before anything is run.

Every function takes arguments by name and raises `ValueError` for the first that cannot be meant.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from numbers import Integral, Real


def counts(least: int, **named: object) -> None:
    """Whole numbers, or None."""
    for name, value in named.items():
        whole = isinstance(value, Integral) and not isinstance(value, bool)
        if value is not None and (not whole or value < least):  # type: ignore[operator]
            raise ValueError(f"{name} is {value!r}, and must be a whole number ({least} or more)")


def shares(least: float, most: float, **named: object) -> None:
    """Numbers from *least* to *most*, or None."""
    for name, value in named.items():
        number = isinstance(value, Real) and not isinstance(value, bool)
        if value is not None and not (number and least <= value <= most):  # type: ignore[operator]
            raise ValueError(f"{name} is {value!r}, and must be a number from {least:g} to {most:g}")


def among(known: tuple[str | None, ...], **named: object) -> None:
    """One of the words that are *known*."""
    for name, value in named.items():
        if value not in known:
            raise ValueError(f"{name} is {value!r}, and must be one of {', '.join(map(repr, known))}")


def texts(**named: object) -> None:
    """A text, or None."""
    for name, value in named.items():
        if value is not None and not isinstance(value, str):
            raise ValueError(f"{name} is {value!r}, and must be a text")


def lists(**named: object) -> None:
    """Lists of texts. A text alone would be read letter by letter."""
    for name, value in named.items():
        if isinstance(value, str):
            raise ValueError(f"{name} is {value!r}, and must be a list; write [{value!r}]")  # noqa: TRY004  one kind for all of them
        listed = isinstance(value, Collection) and not isinstance(value, Mapping)
        if not listed or not all(isinstance(one, str) for one in value):  # type: ignore[attr-defined]
            raise ValueError(f"{name} is {value!r}, and must be a list of texts")


def maps(example: str, **named: object) -> None:
    """Maps from texts, or None."""
    for name, value in named.items():
        if value is not None and (
            not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value)
        ):
            raise ValueError(f"{name} is {value!r}, and must be a map such as {example}")

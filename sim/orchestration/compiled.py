"""The one place that spells Numba's decorator, and the place on disk where compiled code is kept.

Numba's cache looks at the file that holds a function, not at the functions it calls, and can silently run yesterday's rule. So the
cache folder is named after a hash of every source that may be compiled: an edit anywhere starts a fresh folder.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba import types
from numba.core.registry import CPUDispatcher

_SIM = Path(__file__).resolve().parent.parent
_SOURCES = ("orchestration", "engine", "demand")


def cache_folder() -> Path:
    """Folder of compiled code for exactly these sources, in the user's cache."""
    digest = hashlib.blake2b(digest_size=10)
    for room in _SOURCES:
        for source in sorted((_SIM / room).rglob("*.py")):
            text = source.read_bytes()
            # Compiled functions, the tuples of arrays that they are given, and the codes that are frozen into them.
            if b"compiled" in text or b"IntEnum" in text or (b"NamedTuple" in text and b"NDArray" in text):
                digest.update(text)
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "blendsim" / f"compiled-{digest.hexdigest()}"


numba.config.CACHE_DIR = str(cache_folder())  # type: ignore[attr-defined]

F = TypeVar("F", bound=Callable[..., object])


# What it is compiled with: no interpreter lock; no reference counting (nothing compiled here makes an array, and counting the dozens that
# are passed down costs more than the work: 8 × on the reference works); callees inlined, for the same reason (another 2 ×).
_OPTIONS: dict[str, Any] = {
    "nopython": True,
    "boundscheck": None,
    "nogil": True,
    "_nrt": False,
    "forceinline": True,
    "no_cfunc_wrapper": True,
}


def _taken_as(kind: Any) -> Any:
    """The type that an argument of this type arrives as: constants as any value, whole numbers of any width and codes as 64 bits."""
    kind = getattr(kind, "literal_type", kind)
    return types.int64 if isinstance(kind, types.IntEnumMember) or kind in types.signed_domain else kind


class _OneSignature(CPUDispatcher):
    """A compiled function that is compiled once: left to itself, Numba compiles it anew for every constant and width of whole number."""

    def compile(self, sig: Any) -> Any:
        """Compile for these types of arguments, or find what was compiled."""
        return super().compile(tuple(map(_taken_as, sig)))


def _jit(function: F, options: dict[str, Any]) -> F:
    if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
        return function
    dispatcher = _OneSignature(py_func=function, locals={}, targetoptions=dict(options))
    dispatcher.enable_caching()
    return cast(F, dispatcher)


def compiled(function: F) -> F:
    """Compile *function* on its first call and keep the result on disk."""
    return _jit(function, _OPTIONS)


# For other compiled code alone: what lets Python call a function is compiled with it, and costs more than the function where dozens of
# arrays are passed.
_INNER = _OPTIONS | {"no_cpython_wrapper": True}


def inner(function: F) -> F:
    """Compile *function* as `compiled` does, for other compiled functions to call and nobody else."""
    return _jit(function, _INNER)


def apart(function: F) -> F:
    """Compile *function* as `inner` does, but as a function of its own: for what is rare and long, so that it is compiled once."""
    return _jit(function, _INNER | {"forceinline": False})


def record(fields: list[Any]) -> np.dtype[Any]:
    """A row of state with named fields, readable as `rows[i].field` both compiled and not."""
    return np.dtype((np.record, np.dtype(fields, align=True)))

"""Named streams of random numbers: keyed by (seed, replication, name, block), never by the order in which they are made.

Two policies that ask for the same name meet the same numbers, and a new stream moves no other.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np


@lru_cache(maxsize=4096)
def _words(name: str) -> tuple[int, int]:
    digest = hashlib.blake2b(name.encode(), digest_size=16).digest()
    return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")


def stream(seed: int, replication: int, name: str, block: int = 0) -> np.random.Generator:
    """The stream called *name* for one block of one replication."""
    return np.random.Generator(
        np.random.SFC64(np.random.SeedSequence((seed, replication, *_words(name), block)))
    )

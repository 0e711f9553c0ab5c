"""The command `blendsim`: parse, call one function, print what it returned."""

from __future__ import annotations

"""blendsim: simulate a contact centre that blends AI agents and people, before it happens."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("blendsim")
except PackageNotFoundError:  # read from a folder that was never installed
    __version__ = "0+unknown"

__all__ = ["__version__"]

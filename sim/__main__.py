"""`python -m sim` is `blendsim`."""

from __future__ import annotations

from sim.cli.main import run

if __name__ == "__main__":
    run()

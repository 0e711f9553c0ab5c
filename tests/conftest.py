"""Before tests are spread over processes the kernel is compiled once, here: two processes would each compile it."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_sessionstart(session: pytest.Session) -> None:
    """Run one small scenario in the process that hands tests out."""
    if getattr(session.config.option, "dist", "no") == "no" or hasattr(session.config, "workerinput"):
        return
    from sim.engine.run import simulate
    from sim.store import scenarios_of

    for scenario in scenarios_of(Path(__file__).parent / "store" / "tiny.yaml").values():
        simulate(scenario)

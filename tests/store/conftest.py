from __future__ import annotations

from pathlib import Path

import pytest

from sim.store import RunFolder, Study, record, scenarios_of

TINY = Path(__file__).parent / "tiny.yaml"


@pytest.fixture(scope="session")
def tiny() -> Study:
    """Two variants × two replications on the plain floor, rows kept, in memory."""
    return record(scenarios_of(TINY), floor="plain", jobs=1)


def stored(study: Study, out: Path) -> Path:
    """The study in a run folder."""
    with RunFolder(out, study.name) as making:
        for runs in study.variants.values():
            for run in runs:
                making.add(run)
        return making.finish(study.manifest)[0]

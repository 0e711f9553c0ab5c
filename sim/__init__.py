"""blendsim: simulate a contact centre that blends AI agents and people, before it happens.

```python
import sim

run = sim.run("scenarios/single_vendor_outage_monday_peak.yaml", replications=50)
run.intervals  # DataFrame, a row a variant × replication × interval
run.figure("variants")  # matplotlib Figure
sim.compare(run, "breaker only", against="no controller").service_level
sim.study("r1", vary={"fleets.C.sessions": [40, 80]}).cells  # DataFrame, a row a cell
sim.staff("r1", queues=["voice"]).steps  # DataFrame, a row a step of the day
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.reports.notebook import Comparison, Result, check, compare, read, run
    from sim.reports.notebook_studies import StaffResult, StudyResult, read_study, staff, study

_RUNS = ("Comparison", "Result", "check", "compare", "read", "run")
_STUDIES = ("StaffResult", "StudyResult", "read_study", "staff", "study")
__all__ = [
    "Comparison",
    "Result",
    "StaffResult",
    "StudyResult",
    "__version__",
    "check",
    "compare",
    "read",
    "read_study",
    "run",
    "staff",
    "study",
]


def __getattr__(name: str) -> Any:
    # Late: a command that only checks a file must not wait for a compiler.
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("blendsim")
        except PackageNotFoundError:  # read from a folder that was never installed
            return "0+unknown"
    if name in _RUNS:
        from sim.reports import notebook

        return getattr(notebook, name)
    if name in _STUDIES:
        from sim.reports import notebook_studies

        return getattr(notebook_studies, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

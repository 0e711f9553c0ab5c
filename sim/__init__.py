"""blendsim: simulate a contact centre that blends AI agents and people, before it happens.

```python
import sim

run = sim.run("scenarios/single_vendor_outage_monday_peak.yaml", replications=50)
run.intervals  # DataFrame, a row a variant × replication × interval
run.figure("variants")  # matplotlib Figure
sim.compare(run, "breaker only", against="no controller").service_level
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.reports.notebook import Comparison, Result, check, compare, read, run

__all__ = ["Comparison", "Result", "__version__", "check", "compare", "read", "run"]


def __getattr__(name: str) -> Any:
    # Late: a command that only checks a file must not wait for a compiler.
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("blendsim")
        except PackageNotFoundError:  # read from a folder that was never installed
            return "0+unknown"
    if name in __all__:
        from sim.reports import notebook

        return getattr(notebook, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

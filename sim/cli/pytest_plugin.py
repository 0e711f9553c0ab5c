"""`pytest scenarios/`: every scenario file that expects something is a test file, every expectation a test.

Nothing heavy is imported until such a file is found: whoever has blendsim installed and tests something else must not notice.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sim.cli.expecting import expects

if TYPE_CHECKING:
    from sim.studies.check import Expected, Verdict


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of their own, so that none of pytest's is touched."""
    group = parser.getgroup("blendsim")
    group.addoption("--blendsim-replications", type=int, default=None, help="replications of the first look")
    group.addoption("--blendsim-strict", action="store_true", help="what could not be told fails, too")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Scenario files with a line that begins `expect:`."""
    return ScenarioTests.from_parent(parent, path=file_path) if expects(file_path) else None


class ScenarioTests(pytest.File):
    """One scenario file; it is simulated once, when its first expectation is asked for."""

    _verdicts: dict[Expected, Verdict] | None = None

    def collect(self) -> Iterator[pytest.Item]:
        """One item an expectation; a file with mistakes is an error of collection that names them all."""
        from sim.scenario.errors import ScenarioError
        from sim.studies.check import expectations

        try:
            promised = expectations(self.path)
        except ScenarioError as error:
            raise self.CollectError(str(error)) from None
        for one in promised:
            yield Promise.from_parent(self, name=f"{one.variant}: {one.words}", expected=one)

    def verdict(self, expected: Expected) -> Verdict:
        """What became of an expectation of this file."""
        if self._verdicts is None:
            from sim.studies.check import check

            found = check(self.path, replications=self.config.getoption("--blendsim-replications"))
            self._verdicts = {one.expected: one for one in found}
        return self._verdicts[expected]


class Missed(Exception):  # noqa: N818  what pytest shows is the sentence, not the name
    """An expectation that was not kept."""


class Promise(pytest.Item):
    """One expectation."""

    def __init__(self, *, expected: Expected, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.expected = expected

    def runtest(self) -> None:
        """Fail with what was expected, what was found and by how much."""
        from sim.reports.verdicts import sentence

        parent = self.parent
        assert isinstance(parent, ScenarioTests), "promises stand in scenario files"
        verdict = parent.verdict(self.expected)
        if verdict.outcome == "fail" or (
            verdict.outcome == "inconclusive" and self.config.getoption("--blendsim-strict")
        ):
            raise Missed(sentence(verdict))
        if verdict.outcome == "inconclusive":
            pytest.skip(sentence(verdict))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The sentence alone; anything else is a fault of ours, and shown whole."""
        if isinstance(excinfo.value, Missed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """File and line of the expectation."""
        line = self.expected.line
        return self.path, None if line is None else line - 1, self.name

"""What is wrong with a scenario, and where: one `Problem` each, all of them in one `ScenarioError`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MOST_PROBLEMS_SHOWN = 200  # a hostile file of 1 MB can hold 100,000 of them


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Args:
        file: As the user named it, or `--set 1` for the first change on the command line.
        line: From 1; None when the whole file (or a `--set`) is meant.
        column: From 1; None as above.
        path: Dotted key, `queues.chat.patience`; empty when no key is meant.
        message: What is wrong and what would be right, in words.
    """

    file: str
    line: int | None
    column: int | None
    path: str
    message: str

    def __str__(self) -> str:
        """`scenarios/monday.yaml:22:5: queues.chat.patiance: unknown key; did you mean patience?`."""
        where = self.file
        if self.line is not None:
            where += f":{self.line}"
            if self.column is not None:
                where += f":{self.column}"
        return ": ".join(part for part in (where, self.path, self.message) if part)


class ScenarioError(Exception):
    """The user's input cannot be run; the message says where, what, and what would do.

    Takes one positional message: SimPy rebuilds exceptions from their `args`.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self._problems: tuple[Problem, ...] = ()

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> ScenarioError:
        """One error for all *problems*: a line each, and a last line that counts them."""
        found = tuple(problems)
        lines = [str(problem) for problem in found[:MOST_PROBLEMS_SHOWN]]
        if len(found) > MOST_PROBLEMS_SHOWN:
            lines.append(f"… and {len(found) - MOST_PROBLEMS_SHOWN} more")
        count = "1 problem" if len(found) == 1 else f"{len(found)} problems"
        error = cls("\n".join([*lines, f"{count}; nothing was run"]))
        error._problems = found
        return error

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The single problems; empty when the error was made from a message alone."""
        return self._problems

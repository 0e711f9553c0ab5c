"""Exit codes, for programs that call the commands."""

from __future__ import annotations

OK, MISSED, INPUT, OURS, INTERRUPTED = 0, 1, 2, 101, 130
"""Done · an expectation was missed · the user's input · our fault · interrupted."""

"""What the functions of a notebook say to arguments that no run can have."""

from __future__ import annotations

import re
from typing import Any

import pytest

import sim


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"replications": 0}, "replications is 0, and must be a whole number (1 or more)"),
        ({"replications": "5"}, "replications is '5', and must be a whole number (1 or more)"),
        ({"replications": 2.5}, "replications is 2.5, and must be a whole number (1 or more)"),
        ({"seed": -1}, "seed is -1, and must be a whole number (0 or more)"),
        ({"floor": "fast"}, "floor is 'fast', and must be one of 'kernel', 'plain'"),
        ({"records": "all"}, "records is 'all', and must be one of None, 'contacts', 'intervals'"),
    ],
)
def test_an_argument_that_no_run_can_have_is_refused(wrong: dict[str, Any], said: str) -> None:
    """A wrong argument is named with its value and what would do; nothing is run on another floor instead."""
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        sim.run("r1", **wrong)

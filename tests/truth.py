"""The independent truth cases, where they are at hand: exact and published values from outside the project.

They live beside the project (`../shared/truth/cases.yaml`), not in it. Without them the tests that need them
skip.
"""

from __future__ import annotations

import math
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

Case = dict[str, Any]

PATH = Path(__file__).resolve().parents[2] / "shared" / "truth" / "cases.yaml"
OFFERED_PER_CASE = 400_000  # the cases' absolute tolerances are 4.5 standard errors of a run of this size


@cache
def _all() -> tuple[Case, ...]:
    return tuple(YAML(typ="safe").load(PATH)["cases"])


def cases(*families: str) -> list[Case]:
    """Cases of these families (all without any), as dicts with `id`, `params`, `expected` and `tolerance`.

    Works as `@pytest.mark.parametrize("case", cases("erlang_a"), ids=case_id)` and as a loop inside a test.
    Where the file is absent the first gives no parameters, which pytest skips, and the second skips the test.
    """
    if not PATH.exists():
        if "PYTEST_CURRENT_TEST" in os.environ:
            pytest.skip("the truth cases are not at hand")
        return []
    return [case for case in _all() if not families or case["family"] in families]


def case_id(case: Case) -> str:
    """The case's own name, for `ids=`."""
    return str(case["id"])


def standard_error(case: Case, metric: str, offered: int) -> float:
    """Standard error of *metric* in a simulation of *offered* customers, scaled from the case's tolerance."""
    return float(case["tolerance"]["abs"][metric]) / 4.5 * math.sqrt(OFFERED_PER_CASE / offered)

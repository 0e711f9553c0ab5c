"""Arrivals that come in heaps, `demand.batch` and `demand.mmpp`, against exact results.

The queues are batch-Poisson and Markov-modulated arrivals before exponential servers and patience, solved exactly outside the project;
|z| ≤ 4.5 of the cases' own standard errors, 30 figures: one wrong seed in 4,000. Counts are held to their index of dispersion, at four
standard errors of the replications' own spread.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.demand.draw import blocks, contacts
from sim.scenario.model import Scenario
from tests.laws.test_truth import off, reading
from tests.laws.worlds import Span, Tree, amount, law, one_line, read, run, seconds
from tests.truth import Case, case_id, cases, standard_error

UNIT_S = 60.0
OFFERED = 400_000
REPLICATIONS = 4


def in_heaps(case: Case) -> Tree:
    """The keys under `demand` that make a case's arrivals."""
    p = case["params"]
    if case["model"] == "mmpp_mn_m":
        lasts = [seconds(UNIT_S / leave) for leave in (p["Q"][0][1], p["Q"][1][0])]
        return {
            "per_h": case["expected"]["lam"] * 3600.0 / UNIT_S,
            "mmpp": {"levels": p["rates"], "lasts": lasts},
        }
    batch = p["batch"]
    if "kind" in batch:
        return {"per_h": p["lam_batches"] * batch["mean"] * 3600.0 / UNIT_S, "batch": {"mean": batch["mean"]}}
    (size,) = batch
    return {
        "per_h": p["lam_batches"] * int(size) * 3600.0 / UNIT_S,
        "batch": {"law": "fixed", "mean": int(size)},
    }


@pytest.mark.parametrize("case", cases("bursty"), ids=case_id)
def test_a_queue_before_heaps(case: Case) -> None:
    """Waiting, abandonment and occupancy are the exact ones, for the same mean load three to ten times Erlang A's abandonment."""
    p = case["params"]
    demand = in_heaps(case)
    s = Span.for_contacts(OFFERED / REPLICATIONS, demand["per_h"] / 3600.0)
    tree = one_line(1.0, law("exp", UNIT_S / p["mu"]), law("exp", UNIT_S / p["theta"]), p["n"], s)
    runs = run(tree | {"demand": demand}, replications=REPLICATIONS)
    came = int(amount(runs, "offered"))
    minutes = {**case, "units": "minutes"}
    z = {
        metric: (reading(minutes, metric, runs) - case["expected"][metric])
        / standard_error(case, metric, came)
        for metric in case["tolerance"]["abs"]
    }
    assert {} == off(z)


def counts(scenario: Scenario, width_s: float, replications: int) -> np.ndarray:
    """Arrivals by bin, one row a replication."""
    edges = np.arange(0.0, scenario.calendar.end_s + 1e-9, width_s)
    return np.array(
        [
            sum(
                np.histogram((c := contacts(scenario, r, b)).arrive_s[: c.first_attempts], edges)[0]
                for b in range(blocks(scenario))
            )
            for r in range(replications)
        ]
    )


def dispersion(scenario: Scenario, width_s: float, replications: int = 40) -> tuple[float, float]:
    """Variance over mean of counts, and its standard error over replications; the mean is the demand's own, which is known."""
    found = counts(scenario, width_s, replications)
    mean = float(scenario.demand.per_s[0]) * width_s
    each = ((found - mean) ** 2).mean(axis=1) / mean
    return float(each.mean()), float(each.std(ddof=1) / math.sqrt(replications))


@pytest.mark.parametrize(
    ("batch", "expected"), [({"law": "fixed", "mean": 5}, 5.0), ({"mean": 4}, 7.0), ({"mean": 1.5}, 2.0)]
)
def test_batches_disperse_by_their_second_moment(batch: Tree, expected: float) -> None:
    """Counts of batches vary E[X²]/E[X] times as much as Poisson: the size where it is fixed, 2m − 1 where it is geometric."""
    tree = one_line(1.0, "1m", "never", 1, Span(3600, 40, 0)) | {"demand": {"per_h": 600, "batch": batch}}
    seen, error = dispersion(read(tree), 600.0)
    assert abs(seen - expected) <= 4 * error
    came = counts(read(tree), 3600.0, 40).sum(axis=1)
    assert abs(came.mean() - 600 * 40) <= 4 * came.std(ddof=1) / math.sqrt(40)


@pytest.mark.parametrize("units", [1, 10, 100])
def test_mmpp_disperses_as_it_should(units: int) -> None:
    """Index of dispersion of a rate that jumps between 10 and 82 over 1, 10 and 100 mean services, from the steady state on."""
    (case,) = (c for c in cases("burst_statistics") if c["model"] == "mmpp2_idc")
    p = case["params"]
    mean = (p["r"][0] * p["q10"] + p["r"][1] * p["q01"]) / (p["q01"] + p["q10"])
    lasts = [seconds(UNIT_S / p["q01"]), seconds(UNIT_S / p["q10"])]
    tree = one_line(1.0, "1m", "never", 1, Span(6000, 40, 0))
    tree["demand"] = {"per_h": mean * 60.0, "mmpp": {"levels": p["r"], "lasts": lasts}}
    seen, error = dispersion(read(tree), units * UNIT_S)
    assert abs(seen - case["expected"][f"idc_{units}"]) <= 4 * error


def test_what_comes_in_heaps_keeps_the_shape_of_the_day() -> None:
    """Batches and jumps leave how many come in which hour, and surges for one intent, as they are on average."""
    tree = one_line(1.0, "1m", "never", 1, Span(3600, 24, 0))
    tree["intents"] = {
        "a": {"share": 0.75, "human": {"handle": "1m"}}, "b": {"share": 0.25, "human": {"handle": "1m"}},
    }  # fmt: skip
    tree["demand"] = {
        "per_h": {"00:00": 300, "12:00": 900},
        "batch": {"mean": 3},
        "mmpp": {"levels": [1, 3], "lasts": ["5m", "5m"]},
        "events": [{"at": "06:00", "lasts": "3h", "multiplier": 3, "intents": ["b"]}],
    }
    scenario = read(tree)
    found = counts(scenario, 3 * 3600.0, 60)
    expected = np.array([900, 900, 1350, 900, 2700, 2700, 2700, 2700])
    assert (np.abs(found.mean(axis=0) - expected) <= 4.5 * found.std(axis=0, ddof=1) / math.sqrt(60)).all()
    c = contacts(scenario, 0, 0)
    assert len(np.unique(c.arrive_s)) < 0.5 * c.first_attempts

"""Do the programs simulate the same thing? No speed is printed before they do.

Every program first runs the same number of short replications. Each statistic is a ratio of totals over them, and
the spread between replications gives its standard error (ratio estimator). Two programs disagree on a statistic
when it differs by more than `LIMIT` combined standard errors. The long timed runs are held to the same standard,
with the standard error scaled down by the square root of their size (right within 11 % on 200 runs of the C
program): a program cannot be right when small and wrong when timed. On work A they must also meet Erlang's
steady state.

Each run starts with an empty centre and drains at the end, which flatters it. Short replications are therefore
compared with each other only: 10,000 contacts abandon 0.4 points less than in steady state on work A, 2 points
less on work B. In a timed run of 60,000 contacts that is 0.07 and 0.35 points, about half of and once the standard
error of five.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, sqrt
from operator import attrgetter

from benchmarks.tally import Tally

REPLICATIONS = 20
CONTACTS = 10_000  # a replication; 200 simulated minutes
LIMIT = 5.0  # beyond 5 standard errors with 38 degrees of freedom: 1.3 in 100,000 comparisons of equals

STATISTICS = {
    "offered_share": ("offered", "contacts"),
    "answered_share": ("answered", "offered"),
    "abandoned_share": ("abandoned", "offered"),
    "answered_within_20s_share": ("answered_within_20s", "offered"),
    "mean_wait_s": ("wait_s", "offered"),
}


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic and its standard error, in the statistic's own unit."""

    value: float
    standard_error: float


Estimates = dict[str, Estimate]


def estimate(tallies: Sequence[Tally]) -> Estimates:
    """Every statistic over replications of equal size, with ratio-estimator standard errors."""
    estimates = {}
    for name, (top, bottom) in STATISTICS.items():
        tops = [attrgetter(top)(tally) for tally in tallies]
        bottoms = [attrgetter(bottom)(tally) for tally in tallies]
        ratio = sum(tops) / sum(bottoms)
        squares = sum((a - ratio * b) ** 2 for a, b in zip(tops, bottoms, strict=True))
        count = len(tallies)
        estimates[name] = Estimate(ratio, sqrt(squares * count / (count - 1)) / sum(bottoms))
    return estimates


def estimate_timed(timed: Sequence[Tally], replications: Sequence[Tally]) -> Estimates:
    """The statistics of a few long runs, with standard errors carried over from many short *replications*."""
    shrink = sqrt(sum(tally.contacts for tally in replications) / sum(tally.contacts for tally in timed))
    short = estimate(replications)
    return {
        name: Estimate(
            sum(attrgetter(top)(tally) for tally in timed)
            / sum(attrgetter(bottom)(tally) for tally in timed),
            short[name].standard_error * shrink,
        )
        for name, (top, bottom) in STATISTICS.items()
    }


def disagreements(one_name: str, one: Estimates, other_name: str, other: Estimates) -> list[str]:
    """One sentence for each statistic on which the two differ beyond chance."""
    return [
        f"{name}: {one_name} {one[name].value:.6g}, {other_name} {other[name].value:.6g}, "
        f"apart by more than {LIMIT:g} standard errors of {error:.2g}"
        for name in STATISTICS
        for error in [hypot(one[name].standard_error, other[name].standard_error)]
        if not abs(one[name].value - other[name].value) <= LIMIT * error  # NaN disagrees
    ]


def all_disagreements(estimates: dict[str, Estimates]) -> list[str]:
    """The sentences of `disagreements` for every pair of named programs."""
    names = list(estimates)
    return [
        sentence
        for i, one in enumerate(names)
        for other in names[i + 1 :]
        for sentence in disagreements(one, estimates[one], other, estimates[other])
    ]

"""How much longer a fault will last (M38): the posted end if there is one, otherwise a lognormal law given that it has lasted so long.

The longer it has lasted, the longer it will last: with a median of 75 minutes and σ 1.11 the expected rest is 139 minutes at the start
and 157 after an hour.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Law:
    """Lognormal duration of a fault. Defaults: incidents of a large provider of language models, arXiv:2501.12469."""

    median_s: float = 4500.0
    sigma: float = 1.11

    def __post_init__(self) -> None:
        if not (0.0 < self.median_s < math.inf and 0.0 < self.sigma < math.inf):
            raise ValueError(
                f"median_s {self.median_s} and sigma {self.sigma} must both be above 0 and finite"
            )


class Remaining(NamedTuple):
    """From now until the end, seconds."""

    p50_s: float
    p90_s: float
    elapsed_s: float
    """How long it has lasted; NaN where the end is posted."""
    law: Law

    @property
    def mean_s(self) -> float:
        """Expected rest."""
        if math.isnan(self.elapsed_s):
            return self.p50_s
        mu, sigma = math.log(self.law.median_s), self.law.sigma
        mean_s = math.exp(mu + sigma * sigma / 2.0)
        if self.elapsed_s == 0.0:
            return mean_s
        z = (math.log(self.elapsed_s) - mu) / sigma
        return mean_s * _above(z - sigma) / _above(z) - self.elapsed_s

    @property
    def words(self) -> str:
        """The rest in words, and why."""
        if math.isnan(self.elapsed_s):
            return f"status page says {self.p50_s / 60.0:.0f} min more"
        return f"median {self.p50_s / 60.0:.0f} min more after {self.elapsed_s / 60.0:.0f} min, as faults of this kind go"


@lru_cache(maxsize=4096)  # most are asked for at the start of a fault and every few minutes from there
def remaining(elapsed_s: float, law: Law, posted_s: float = math.nan) -> Remaining:
    """Expected rest of a fault that has lasted *elapsed_s* seconds.

    `E[T−t | T>t] = e^{μ+σ²/2} · Φ((μ+σ²−ln t)/σ) / Φ((μ−ln t)/σ) − t`; the quantile at q is where the share of faults that last so
    long has fallen to 1 − q of those that last beyond *elapsed_s*.

    Args:
        elapsed_s: Since the first symptom, seconds.
        law: What faults of this kind usually last.
        posted_s: Rest according to the provider's status page, seconds; NaN when nothing is posted. A posted end that has passed
            while the fault goes on is not believed.
    """
    if posted_s > 0.0:
        return Remaining(posted_s, posted_s, math.nan, law)
    mu, sigma = math.log(law.median_s), law.sigma
    elapsed_s, lasting = max(0.0, elapsed_s), 1.0
    if elapsed_s > 0.0:
        # Beyond 37 standard deviations the share still lasting is no longer a number: the rest stays what it was there.
        if math.log(elapsed_s) > (most := min(mu + 37.0 * sigma, 700.0)):
            elapsed_s = math.exp(most)
        lasting = _above((math.log(elapsed_s) - mu) / sigma)
    p50_s = _reached(mu, sigma, 0.5 * lasting) - elapsed_s
    p90_s = _reached(mu, sigma, 0.1 * lasting) - elapsed_s
    return Remaining(p50_s, p90_s, elapsed_s, law)


def _above(z: float) -> float:
    """Share of a normal law above *z*."""
    return 0.5 * math.erfc(z / math.sqrt(2.0))


def _reached(mu: float, sigma: float, share: float) -> float:
    """Duration that this share of all faults lasts beyond."""
    return math.exp(mu - sigma * _NORMAL.inv_cdf(share))

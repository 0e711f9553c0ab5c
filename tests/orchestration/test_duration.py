from __future__ import annotations

import itertools
import math

import pytest

from sim.orchestration.duration import Law, remaining

LAW = Law(median_s=75 * 60.0, sigma=1.11)


@pytest.mark.parametrize(
    ("elapsed", "mean", "median"),
    [(0, 139, 75), (15, 134, 68), (30, 140, 70), (60, 157, 79), (120, 192, 98), (240, 255, 135)],
)
def test_published_rest(elapsed: float, mean: float, median: float) -> None:
    """Mean and median rest, in minutes, are those of the table that the estimate was published with."""
    rest = remaining(elapsed * 60.0, LAW)

    assert mean == round(rest.mean_s / 60.0)
    assert median == round(rest.p50_s / 60.0)


def test_rest_grows_after_the_first_half_hour() -> None:
    """From half an hour on, the longer a fault has lasted the longer it will last."""
    rests = [remaining(60.0 * minutes, LAW) for minutes in range(30, 600, 15)]

    for before, after in itertools.pairwise(rests):
        assert before.mean_s < after.mean_s
        assert before.p50_s < after.p50_s < after.p90_s


@pytest.mark.parametrize("elapsed_s", [60.0, 3600.0, 36000.0])
def test_mean_is_the_area_under_the_share_still_lasting(elapsed_s: float) -> None:
    """The closed form agrees with the integral of the quantile function, worked out numerically from the law itself."""
    mu = math.log(LAW.median_s)

    def lasts(t_s: float) -> float:
        return 0.5 * math.erfc((math.log(t_s) - mu) / LAW.sigma / math.sqrt(2.0))

    # E[T−t | T>t] = ∫ S(x) dx / S(t) from t on; in the logarithm of x the integrand is smooth.
    steps, top = 20000, math.log(1e9)
    width = (top - math.log(elapsed_s)) / steps
    area = sum(
        lasts(x) * x * width
        for x in (math.exp(math.log(elapsed_s) + (k + 0.5) * width) for k in range(steps))
    )

    assert remaining(elapsed_s, LAW).mean_s == pytest.approx(area / lasts(elapsed_s), rel=1e-5)


def test_posted_end_is_believed_until_it_has_passed() -> None:
    """What the status page says goes before the law, unless its time is over."""
    assert 600.0 == remaining(3600.0, LAW, posted_s=600.0).p90_s
    assert remaining(3600.0, LAW) == remaining(3600.0, LAW, posted_s=-1.0)


def test_no_overflow() -> None:
    """Very short and very long faults give finite rests above zero, whatever the law."""
    for law in (LAW, Law(75 * 60.0, 0.05), Law(60.0, 3.0)):
        for elapsed_s in (0.0, 1e-9, 1e5, 1e12, 1e30):
            rest = remaining(elapsed_s, law)
            assert 0.0 < rest.mean_s < math.inf
            assert 0.0 < rest.p50_s < rest.p90_s < math.inf


@pytest.mark.parametrize(("median_s", "sigma"), [(0.0, 1.0), (60.0, 0.0), (math.nan, 1.0), (60.0, math.inf)])
def test_law_refuses_the_impossible(median_s: float, sigma: float) -> None:
    """A law without a positive finite median and spread is refused."""
    with pytest.raises(ValueError, match="above 0"):
        Law(median_s, sigma)

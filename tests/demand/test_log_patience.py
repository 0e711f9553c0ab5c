from __future__ import annotations

import math

import numpy as np
import pytest

from sim.demand.log_patience import imputed_patience, kaplan_meier, quantile_table


def test_kaplan_meier_by_hand() -> None:
    """A textbook sample: the answered leave the risk set after the hang-ups of their second."""
    wait_s = np.array([1.0, 2.0, 2.0, 3.0, 4.0, 5.0])
    abandoned = np.array([True, True, False, False, True, False])
    curve = kaplan_meier(wait_s, abandoned)

    assert curve.time_s.tolist() == [1.0, 2.0, 4.0]
    np.testing.assert_allclose(curve.survival, [5 / 6, 5 / 6 * 4 / 5, 5 / 6 * 4 / 5 * 1 / 2])
    np.testing.assert_allclose(curve.survival_at(np.array([0.0, 1.0, 3.9, 4.0])), [1.0, 5 / 6, 2 / 3, 1 / 3])
    assert curve.time_of(np.array([1.0, 0.9, 5 / 6, 0.5])).tolist() == [1.0, 1.0, 2.0, 4.0]


def test_tail_goes_on_exponentially_and_inverts() -> None:
    """After the last hang-up the law has a constant hazard, and survival and its inverse agree there."""
    wait_s = np.concatenate([np.arange(1.0, 21.0), np.full(20, 30.0)])
    abandoned = np.arange(40) < 20
    curve = kaplan_meier(wait_s, abandoned)
    later_s = np.array([25.0, 60.0, 600.0])

    # The last five hang-ups, at 16 to 20 s, came out of 1 + 2 + 3 + 4 + 5 + 20 x 5 = 115 s of waiting after the 15th.
    assert curve.tail_hazard_per_s == pytest.approx(5 / 115)
    np.testing.assert_allclose(curve.time_of(curve.survival_at(later_s)), later_s)
    assert curve.survival_at(np.array([20.0]))[0] == pytest.approx(0.5)


def test_kaplan_meier_finds_the_law_behind_censored_waits() -> None:
    """Of 20,000 exponential patiences (mean 300 s), censored at times of mean 100 s, the curve is the law's.

    To 4 standard errors at 60, 120 and 240 s (fixed seed; false alarm below 1 in 5,000).
    """
    rng = np.random.default_rng(1999)
    patience_s, offered_s = rng.exponential(300.0, 20_000), rng.exponential(100.0, 20_000)
    curve = kaplan_meier(np.minimum(patience_s, offered_s), patience_s < offered_s)
    at_s = np.array([60.0, 120.0, 240.0])

    # Greenwood: variance / survival² = integral of hazard / at-risk share, here rate / (n (rate + 1/100)) (e^... - 1).
    rate, end = 1 / 300.0, 1 / 300.0 + 1 / 100.0
    error = np.exp(-rate * at_s) * np.sqrt(rate / end * (np.exp(end * at_s) - 1.0) / 20_000)
    assert (np.abs(curve.survival_at(at_s) - np.exp(-rate * at_s)) < 4.0 * error).all()


def test_imputed_patience_agrees_with_what_the_log_saw() -> None:
    """Who hung up keeps the wait, who was answered gets more than the wait borne, and all together follow the law.

    20,000 exponential patiences (mean 300 s), a quarter answered at once, the others at exponential times (mean
    1,000 s): the curve's standard error is 0.0045 at its widest; a distance of 0.016 is 3.5 of them (fixed seed; false
    alarm about 1 in 1,000).
    """
    rng = np.random.default_rng(8)
    patience_s, offered_s = rng.exponential(300.0, 20_000), rng.exponential(1000.0, 20_000)
    offered_s[::4] = 0.0
    abandoned = patience_s < offered_s
    wait_s = np.where(offered_s == 0.0, math.nan, np.minimum(patience_s, offered_s))
    imputed_s = imputed_patience(wait_s, abandoned, rng.random(20_000))

    np.testing.assert_array_equal(imputed_s[abandoned], patience_s[abandoned])
    assert (imputed_s[~abandoned] > np.nan_to_num(wait_s[~abandoned])).all()
    law = 1.0 - np.exp(-np.sort(imputed_s) / 300.0)
    assert np.abs(law - (np.arange(20_000) + 0.5) / 20_000).max() < 0.016


def test_imputed_patience_without_hang_ups_is_endless() -> None:
    """A log in which nobody hung up says nothing about patience but that it was long enough."""
    imputed_s = imputed_patience(np.array([5.0, math.nan]), np.array([False, False]), np.array([0.1, 0.9]))

    assert imputed_s.tolist() == [math.inf, math.inf]


def test_imputed_patience_beyond_the_curve_of_other_contacts_is_memoryless() -> None:
    """Somebody answered later than anybody of another day stayed still gets a finite patience above the wait borne."""
    curve = kaplan_meier(np.arange(1.0, 11.0), np.ones(10, dtype=bool))
    (imputed_s,) = imputed_patience(np.array([50.0]), np.array([False]), np.array([0.5]), curve)

    assert imputed_s == pytest.approx(50.0 + math.log(2.0) / curve.tail_hazard_per_s)


def test_quantile_table_ends_where_its_tail_rule_says() -> None:
    """The table's last share is 0.999; its value lies on the exponential tail, or at the last hang-up."""
    curve = kaplan_meier(np.concatenate([np.arange(1.0, 21.0), np.full(20, 30.0)]), np.arange(40) < 20)
    table = quantile_table(curve)

    assert table.share[-1] == 0.999
    assert table.value_s[0] == 0.0
    assert (np.diff(table.value_s) >= 0).all()
    assert curve.survival_at(table.value_s[-1:])[0] == pytest.approx(0.001)
    assert quantile_table(curve, tail="last").value_s[-1] == 20.0
    assert table.quantile(np.array([0.25])).tolist() == [table.value_s[25]]


@pytest.mark.parametrize("wait_s", [[math.nan, 1.0], [-1.0, 1.0], [1.0]])
def test_kaplan_meier_refuses_waits_that_are_none(wait_s: list[float]) -> None:
    """Contacts that did not queue must be left out before, not counted as waits."""
    with pytest.raises(ValueError, match="did not queue"):
        kaplan_meier(np.array(wait_s), np.array([True, False]))

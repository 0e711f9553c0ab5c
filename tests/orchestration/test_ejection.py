"""Hosts of a fleet: who is taken out, for how long, who comes back, and when too few are left."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.orchestration.ejection import (
    CAUSES,
    Cause,
    ejection,
    enough_left,
    heard,
    host_of,
    in_words,
    next_move,
    panic_moved,
    sessions_left,
    sweep,
)

POLICY: dict[str, float] = {
    "every_s": 10.0, "row_at": 5, "deviations": 0.0, "min_hosts": 5, "min_calls": 100, "failed_at": 0.0, "min_failed_of": 50,
    "base_s": 30.0, "cap_s": 300.0, "most_share": 0.5, "panic_below": 0.5, "to_human": 1,
}  # fmt: skip


def fleet(hosts: int = 10, **policy: float) -> tuple[Any, Any]:
    """One fleet of so many hosts."""
    return ejection([hosts], **(POLICY | policy))


def fail(e: Any, h: Any, host: int, times: int, now_s: float = 1.0) -> list[bool]:
    """So many failed calls of a host in a row: which of them took it out."""
    return [heard(e, h, 0, host, True, now_s) for _ in range(times)]


def swept(e: Any, h: Any, now_s: float) -> list[tuple[int, Cause]]:
    """Hosts that a sweep moves, and why."""
    moved = []
    if sweep(e, h, 0, now_s):
        while (host := next_move(e, h, 0, now_s)) >= 0:
            moved.append((host, Cause(int(e[0].cause))))
    return moved


def test_five_failures_in_a_row_take_a_host_out() -> None:
    """The fifth one does, and a good call in between begins the count anew."""
    e, h = fleet()
    assert [False] * 4 == fail(e, h, 3, 4)
    assert not heard(e, h, 0, 3, False, 1.0)
    assert [False] * 4 + [True] == fail(e, h, 3, 5)
    assert (1, 9) == (int(h[0, 3].out), int(e[0].available))


def test_what_comes_from_a_host_that_is_out_says_nothing() -> None:
    """Calls under way when it was taken out neither count nor lengthen its time."""
    e, h = fleet()
    fail(e, h, 3, 5)
    assert not any(fail(e, h, 3, 20, 2.0))
    assert (1, 31.0) == (int(h[0, 3].times), float(h[0, 3].until_s))


def test_out_longer_each_time_up_to_a_cap() -> None:
    """30 s times how often, 300 s at most; back at the first sweep after."""
    e, h = fleet()
    now_s, out_s = 0.0, []
    for _ in range(12):
        fail(e, h, 0, 5, now_s)
        out_s.append(float(h[0, 0].until_s) - now_s)
        assert [] == swept(e, h, now_s + out_s[-1] - 0.01)
        now_s = float(e[0].sweep_s) if float(e[0].sweep_s) >= now_s + out_s[-1] else now_s + out_s[-1] + 10.0
        assert [(0, Cause.RETURNED)] == swept(e, h, now_s)
    assert [min(300.0, 30.0 * k) for k in range(1, 13)] == pytest.approx(out_s)


def test_at_most_a_share_is_out_and_always_one() -> None:
    """Half of ten: five. A tenth of five: one all the same. One host alone: never."""
    for hosts, share, most in ((10, 0.5, 5), (5, 0.1, 1), (20, 0.1, 2)):
        e, h = fleet(hosts, most_share=share)
        assert most == sum(fail(e, h, host, 5)[-1] for host in range(hosts))
    e, _ = fleet(1)
    assert 0 == e[0].on


def test_an_outlier_lies_so_many_deviations_below_the_mean() -> None:
    """Of twenty hosts at 100 calls each, 99 good, the one with 60 good is out; the limit is Envoy's mean − 1.9 · deviation."""
    e, h = fleet(20, deviations=1.9)
    for host in range(20):
        for k in range(100):
            heard(e, h, 0, host, k % 2 == 0 and k < (80 if host == 7 else 2), 1.0)
    assert [(7, Cause.OUTLIER)] == swept(e, h, 10.0)
    good = np.array([0.99] * 19 + [0.60])
    assert good.mean() - 1.9 * good.std() == pytest.approx(float(e[0].least_good))
    assert (60.0, 100.0) == (float(e[0].part), float(e[0].whole))


@pytest.mark.parametrize("hosts", [2, 3, 4, 5, 10, 50])
def test_one_of_n_lies_at_most_the_root_of_n_less_one_below(hosts: int) -> None:
    """One bad host among equals lies √(n − 1) deviations below the mean, however bad: a limit above that never takes it out."""
    far = math.sqrt(hosts - 1)
    for deviations, out in ((far - 1e-6, 1), (far + 1e-6, 0)):
        e, h = fleet(hosts, deviations=deviations, min_hosts=2, min_calls=4, row_at=0)
        for host in range(hosts):
            for k in range(4):
                heard(e, h, 0, host, host == 0 and k < 3, 1.0)
        assert out == len(swept(e, h, 10.0))


def test_all_equally_bad_are_no_outliers() -> None:
    """Only a breaker sees that."""
    e, h = fleet(10, deviations=1.9, row_at=0, min_calls=10)
    for host in range(10):
        for k in range(10):
            heard(e, h, 0, host, k < 8, 1.0)
    assert [] == swept(e, h, 10.0)


def test_few_calls_say_nothing() -> None:
    """A host under the least number of calls is not compared, and four are no crowd to compare with."""
    for hosts, calls in ((10, 99), (4, 100)):
        e, h = fleet(hosts, deviations=1.0, row_at=0)
        for host in range(hosts):
            for _ in range(calls):
                heard(e, h, 0, host, host == 0, 1.0)
        assert [] == swept(e, h, 10.0)


def test_a_share_of_failures_takes_a_host_out() -> None:
    """85 of 100 at 85 %; what it did before the last sweep is forgotten."""
    e, h = fleet(row_at=0, failed_at=0.85)
    for k in range(100):
        heard(e, h, 0, 2, k < 84, 1.0)
    assert [] == swept(e, h, 10.0)
    for k in range(100):
        heard(e, h, 0, 2, k < 85, 11.0)
    assert [(2, Cause.FAILED_SHARE)] == swept(e, h, 20.0)


def test_a_sweep_is_due_every_so_often_and_late_ones_are_one() -> None:
    """After an hour without calls there is one sweep, and the next is due at the next multiple."""
    e, h = fleet()
    assert not sweep(e, h, 0, 9.99)
    assert sweep(e, h, 0, 3_604.0)
    assert 3_610.0 == e[0].sweep_s
    assert not sweep(e, h, 0, 3_609.0)


def test_panic_begins_under_the_share_and_ends_at_it() -> None:
    """Of ten with half to lose, nine tenths needed: the second loss is a panic, a return ends it."""
    e, h = fleet(panic_below=0.9)
    fail(e, h, 0, 5)
    assert not panic_moved(e, 0)
    fail(e, h, 1, 5)
    assert panic_moved(e, 0)
    assert not panic_moved(e, 0)
    assert not enough_left(e, 0)
    assert [(0, Cause.RETURNED), (1, Cause.RETURNED)] == swept(e, h, 40.0)
    assert panic_moved(e, 0)
    assert enough_left(e, 0)


def test_in_a_panic_that_ignores_health_calls_go_everywhere() -> None:
    """Sick hosts get their share again, and sessions are as many as ever; with fail-to-human neither is so."""
    for to_human, reached, sessions in ((0, set(range(4)), 20), (1, {2, 3}, 10)):
        e, h = fleet(4, panic_below=0.9, to_human=to_human)
        fail(e, h, 0, 5)
        fail(e, h, 1, 5)
        panic_moved(e, 0)
        assert reached == {host_of(e, h, 0, (k + 0.5) / 100) for k in range(100)}
        assert sessions == sessions_left(e, 0, 20)
        assert enough_left(e, 0) == (to_human == 0)


def test_calls_are_spread_evenly_over_hosts_in_service() -> None:
    """Equal shares of u for each, none for one that is out."""
    e, h = fleet(10)
    fail(e, h, 4, 5)
    at = [host_of(e, h, 0, (k + 0.5) / 9_000) for k in range(9_000)]
    assert [1_000 if host != 4 else 0 for host in range(10)] == np.bincount(at, minlength=10).tolist()


def test_without_a_policy_hosts_only_share_calls() -> None:
    """Nobody is taken out, however bad."""
    e, h = ejection([5, 1])
    assert [0, 0] == e["on"].tolist()
    assert not any(fail(e, h, 0, 50))


def test_every_cause_has_a_sentence() -> None:
    """With the numbers that it rested on."""
    assert set(Cause) == set(CAUSES)
    assert "5 failed calls in a row ≥ 5" == in_words(Cause.IN_A_ROW, 5, 9, 5)
    assert "failed calls 85 of 100 (85% ≥ 80%)" == in_words(Cause.FAILED_SHARE, 85, 100, 0.8)

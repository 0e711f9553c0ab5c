from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from time import perf_counter

import pytest

from benchmarks import __main__ as harness
from benchmarks import agreement, controllers
from benchmarks.c_program import compile_c
from benchmarks.exact import exact_work_a
from benchmarks.naive_simpy import run_naive_simpy
from benchmarks.tally import Program, Tally, Timing

# Every comparison below allows 5 combined standard errors, so a correct program fails one of them about once in
# 10,000 choices of seeds (twelve replications, 22 degrees of freedom, five statistics); the seeds are fixed.
REPLICATIONS, CONTACTS = 12, 8_000


@cache
def naive_replications(work: str) -> list[Tally]:
    """Short runs of the naive program, made once."""
    return replications(run_naive_simpy, work)


def replications(program: Program, work: str) -> list[Tally]:
    """Short runs with seeds 1, 2, 3, …."""
    return [program(work, CONTACTS, seed).tally for seed in range(1, REPLICATIONS + 1)]


@pytest.fixture(scope="module")
def run_c(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The C program, compiled once."""
    program = compile_c(tmp_path_factory.mktemp("c"))
    if program is None:
        pytest.skip("no C compiler")
    return program


def test_the_naive_program_meets_erlang_a_on_work_a() -> None:
    """One process a call, an M/M/n+M queue has the abandonment, waits and service level of Erlang A."""
    long = run_naive_simpy("A", 60_000, 101).tally
    measured = agreement.estimate_timed([long], naive_replications("A"))
    assert [] == agreement.disagreements("naive", measured, "Erlang A", exact_work_a())


def test_the_c_program_meets_erlang_a_on_work_a(run_c: Program) -> None:
    """The C program, whose waits are settled lazily, has Erlang A's abandonment, waits and service level."""
    measured = agreement.estimate([run_c("A", 200_000, seed).tally for seed in range(1, 21)])
    assert [] == agreement.disagreements("C", measured, "Erlang A", exact_work_a())


@pytest.mark.parametrize("work", ["A", "B"])
def test_the_c_program_agrees_with_the_naive_one(run_c: Program, work: str) -> None:
    """Two programs that share no code count the same on both works."""
    naive = agreement.estimate(naive_replications(work))
    measured = agreement.estimate(replications(run_c, work))
    assert [] == agreement.disagreements("naive", naive, "C", measured)


def test_the_same_seed_counts_the_same(run_c: Program) -> None:
    """A run is a function of work, contacts and seed, in both programs."""
    for program in (run_naive_simpy, run_c):
        assert program("B", 1_000, 7).tally == program("B", 1_000, 7).tally


def test_a_tally_that_loses_a_contact_is_refused() -> None:
    """Who asked for a person was answered or abandoned."""
    with pytest.raises(ValueError, match="contacts were lost"):
        Tally(contacts=10, offered=10, answered=8, abandoned=1, answered_within_20s=8, wait_s=3.0)


def fast(change: Callable[[Tally], Tally] = lambda tally: tally) -> Program:
    """A program that takes no time: it looks up what the naive one counted."""

    def program(work: str, contacts: int, seed: int) -> Timing:
        assert contacts == CONTACTS, "only runs of this size were made"
        return Timing(0.001, change(naive_replications(work)[seed % REPLICATIONS]))

    return program


def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the harness ask for as many replications as the tests have made."""
    monkeypatch.setattr(agreement, "REPLICATIONS", REPLICATIONS)
    monkeypatch.setattr(agreement, "CONTACTS", CONTACTS)


def test_a_wrong_program_gets_no_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that saves a tenth of the abandoned contacts is named, with the statistic."""
    small(monkeypatch)

    def kinder(tally: Tally) -> Tally:
        saved = tally.abandoned // 10
        return replace(tally, answered=tally.answered + saved, abandoned=tally.abandoned - saved)

    sizes = {"product": CONTACTS, "naive_simpy": CONTACTS}
    with pytest.raises(harness.DisagreementError, match=r"work B: abandoned_share: product .*, naive_simpy"):
        harness.measure_work("B", {"product": fast(kinder), "naive_simpy": fast()}, 1, sizes)


def test_a_disagreement_prints_no_figure_and_exits_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """When the programs disagree standard output stays empty and the exit code says so."""

    def disagree(repeats: int) -> harness.Results:
        raise harness.DisagreementError(f"work A: abandoned_share after {repeats}")

    monkeypatch.setattr(harness, "measure", disagree)
    assert 1 == harness.main(["--quick", "--json"])
    printed = capsys.readouterr()
    assert "" == printed.out
    assert "abandoned_share" in printed.err


def test_json_has_the_promised_keys_and_null_for_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a C compiler `over_c` is null, and the other figures are there."""
    small(monkeypatch)
    sizes = {"product": CONTACTS, "naive_simpy": CONTACTS}
    work = harness.measure_work("B", {"product": fast(), "naive_simpy": fast()}, 3, sizes)
    results = harness.Results(
        {"A": work, "B": work},
        25.0,
        9.5,
        800.0,
        harness.AllOn(16.0, 15.0, 3e5, 2e5, 1e5, {"plans": 0.05}, {"the floor": 0.6}),
    )
    monkeypatch.setattr(harness, "measure", {harness.QUICK_REPEATS: results}.__getitem__)

    assert 0 == harness.main(["--quick", "--json"])
    told = json.loads(capsys.readouterr().out)

    assert harness.SCHEMA_VERSION == told["schema_version"]
    for name in ("A", "B"):
        assert pytest.approx(CONTACTS / 0.001) == told["works"][name]["contacts_per_s"]
        assert pytest.approx(1.0) == told["works"][name]["over_naive_simpy"]
        assert told["works"][name]["over_c"] is None
    assert {"kernel_over_plain": 25.0} == told["r1_monday"]
    assert {"seconds_ratio_for_10x": 9.5} == told["linearity"]
    assert {"peak_mb_10m_contacts": 800.0} == told["memory"]
    assert {
        "kernel_over_plain": 16.0,
        "kernel_over_plain_cpu": 15.0,
        "study_contacts_per_s": 3e5,
        "contacts_per_s": 2e5,
        "contacts_per_cpu_s": 1e5,
        "shares": {"plans": 0.05},
        "others": {"the floor": 0.6},
    } == told["every_controller_on"]

    assert 0 == harness.main(["--quick"])
    shown = capsys.readouterr().out
    assert "not measured" in shown
    assert "share of plans" in shown


def test_the_names_of_controllers_are_functions() -> None:
    """Every controller in the table is called by functions that are there: a new name cannot make its share vanish."""
    assert {} == {
        title: names
        for title, (owner, names) in controllers.CONTROLLERS.items()
        if not all(hasattr(owner, name) for name in names)
    }


def test_a_controller_is_not_charged_for_another() -> None:
    """What runs inside another title is charged once, to itself, and the time outside any title to nobody."""
    watch = controllers.Stopwatch()

    def work(seconds: float) -> None:
        until_s = perf_counter() + seconds
        while perf_counter() < until_s:
            pass

    inner = watch.around("inner", lambda: work(0.03))
    outer = watch.around("outer", lambda: (work(0.01), inner(), work(0.01)))
    began_s = perf_counter()
    outer()
    work(0.02)
    inner()
    whole_s = perf_counter() - began_s

    assert ["outer", "inner"] == list(watch.spent_s)
    # Never less than was worked, whatever else the machine does; and no more than the whole less the 0.02 s in between.
    assert watch.spent_s["inner"] >= 0.06
    assert watch.spent_s["outer"] >= 0.02
    assert sum(watch.spent_s.values()) <= whole_s - 0.02


def test_a_machine_without_a_compiler_has_no_c_program(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No compiler is no error: there is just no C program."""
    monkeypatch.setenv("CC", "a-compiler-that-is-nowhere")
    assert compile_c(tmp_path) is None


def test_standard_errors_of_ratios() -> None:
    """Two replications that abandon 1 of 10 and 3 of 10 give 0.2 ± 0.1."""
    one = Tally(contacts=10, offered=10, answered=9, abandoned=1, answered_within_20s=9, wait_s=0.0)
    other = replace(one, answered=7, abandoned=3, answered_within_20s=7)
    estimates = agreement.estimate([one, other])
    assert {"value": pytest.approx(0.2), "standard_error": pytest.approx(0.1)} == asdict(
        estimates["abandoned_share"]
    )

"""`python -m benchmarks [--json] [--quick | --profile]`: agreement first, then speed.

Exit code 0 when the programs agree, 1 when they do not (and then no speed is printed). Compiling, C and Numba
alike, happens before the clock starts. Timed runs alternate between the programs, so that a busy machine slows
all alike.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import agreement, controllers, product
from benchmarks.c_program import FLAGS, compile_c
from benchmarks.exact import exact_work_a
from benchmarks.naive_simpy import run_naive_simpy
from benchmarks.tally import WORKS, Program, Timing
from sim.engine.run import FloorName

SCHEMA_VERSION = 1
REPEATS, QUICK_REPEATS = 5, 3

# Contacts in a timed run, for 0.3 to 2 s on a machine of 2025.
SIZES = {"product": 5_000_000, "naive_simpy": 60_000, "c": 10_000_000}
LINEARITY_SIZES = (1_000_000, 10_000_000)
MEMORY_CONTACTS = 10_000_000
REPLICATIONS = 40
PROFILED = 20

# What the product is held to.
BARS = {
    "over_naive_simpy": "≥ 50",
    "over_c": "≥ 0.3",
    "kernel_over_plain": "≥ 20",
    "all_on_kernel_over_plain": "≥ 15",
    "all_on_contacts_per_s": "≥ 150000",
    "controller_share": "≤ 0.1",
    "seconds_ratio_for_10x": "≤ 11",
    "peak_mb_10m_contacts": "≤ 1500",
}


class DisagreementError(Exception):
    """The programs do not simulate the same thing: one positional message, a line for each statistic."""


@dataclass(frozen=True, slots=True)
class WorkResult:
    """One reference work: contacts per second by program (median), and the statistics of the timed runs."""

    contacts_per_s: dict[str, float]
    estimates: dict[str, agreement.Estimates]

    def product_over(self, other: str) -> float | None:
        """The product's speed over another program's; None when either did not run."""
        if "product" not in self.contacts_per_s or other not in self.contacts_per_s:
            return None
        return self.contacts_per_s["product"] / self.contacts_per_s[other]


@dataclass(frozen=True, slots=True)
class AllOn:
    """R1's Monday with every controller on."""

    kernel_over_plain: float
    kernel_over_plain_cpu: float
    """The same in processor time: what else the machine does counts for less."""
    study_contacts_per_s: float
    """On all processors, over replications, as a study makes them: in processes."""
    contacts_per_s: float
    """The same in threads of one process, as `run` makes them."""
    contacts_per_cpu_s: float
    """For each second that a processor spent on it."""
    shares: dict[str, float]
    """Of a run's time, by controller."""
    others: dict[str, float]
    """Shares of all that is no controller; the looks are counted once more in the floor."""


@dataclass(frozen=True, slots=True)
class Results:
    """Everything measured in one run of the benchmark; None for what could not be."""

    works: dict[str, WorkResult]
    kernel_over_plain: float | None
    seconds_ratio_for_10x: float | None
    peak_mb_10m_contacts: float | None
    all_on: AllOn | None = None


def measure_work(
    work: str, programs: dict[str, Program], repeats: int, sizes: dict[str, int] = SIZES
) -> WorkResult:
    """Check that *programs* agree on *work*, time them in turns, and check the timed runs as well.

    Raises:
        DisagreementError: Two programs, or on work A a program and Erlang, differ beyond chance.
    """
    replications = {}
    for name, program in programs.items():
        say(f"work {work}: agreement, {name}")
        replications[name] = [
            program(work, agreement.CONTACTS, seed).tally for seed in range(1, agreement.REPLICATIONS + 1)
        ]
    require_agreement(work, {name: agreement.estimate(tallies) for name, tallies in replications.items()})

    timings = time_in_turns(
        {name: partial(program, work, sizes[name]) for name, program in programs.items()},
        repeats,
        f"work {work}: timing",
    )
    estimates = {
        name: agreement.estimate_timed([timing.tally for timing in timings[name]], replications[name])
        for name in programs
    }
    if work == "A":
        estimates["erlang_a"] = exact_work_a()
    require_agreement(work, estimates)
    return WorkResult({name: median(t.contacts_per_s for t in timings[name]) for name in programs}, estimates)


def require_agreement(work: str, estimates: dict[str, agreement.Estimates]) -> None:
    """Raise a `DisagreementError` that names every statistic on which two programs differ."""
    sentences = agreement.all_disagreements(estimates)
    if sentences:
        raise DisagreementError("\n".join(f"work {work}: {sentence}" for sentence in sentences))


def time_in_turns(
    runs: dict[str, Callable[[int], Timing]], repeats: int, doing: str
) -> dict[str, list[Timing]]:
    """Run every entry once to warm up, then all in turns *repeats* times; an entry is called with a seed."""
    say(f"{doing}, warm-up")
    for run in runs.values():
        run(101)
    timings: dict[str, list[Timing]] = {name: [] for name in runs}
    for repeat in range(repeats):
        say(f"{doing}, {repeat + 1} of {repeats}")
        for name, run in runs.items():
            gc.collect()  # nobody pays for the one before
            timings[name].append(run(102 + repeat))
    return timings


def measure_product(repeats: int) -> tuple[float, float, float]:
    """Kernel over plain floor on R1's Monday; seconds for ten times the contacts; peak MB of 10 M contacts."""
    floors: tuple[FloorName, ...] = ("plain", "kernel")
    monday = time_in_turns(
        {floor: partial(product.run_r1_monday, floor) for floor in floors}, repeats, "R1's Monday"
    )
    small, large = LINEARITY_SIZES
    growth = time_in_turns(
        {f"{contacts}": partial(product.run_product, "B", contacts) for contacts in LINEARITY_SIZES},
        repeats,
        "ten times the contacts",
    )
    say("memory of 10 M contacts")
    return (
        median_seconds(monday["plain"]) / median_seconds(monday["kernel"]),
        median_seconds(growth[f"{large}"]) / median_seconds(growth[f"{small}"]),
        product.peak_memory_mb(MEMORY_CONTACTS),
    )


def measure_all_on(repeats: int) -> AllOn:
    """R1's Monday with every controller on: floor against floor, replications on all processors, controllers' parts."""
    floors: tuple[FloorName, ...] = ("plain", "kernel")
    # The kernel's part is short beside the plain one's, and needs no more of it.
    monday = time_in_turns(
        {floor: partial(product.run_all_on, floor) for floor in floors},
        min(repeats, 3),
        "every controller on",
    )
    say(f"every controller on, {REPLICATIONS} replications")
    study_per_s = product.all_on_in_a_study(REPLICATIONS)
    product.all_on_over_replications(2)
    per_s, per_cpu_s = product.all_on_over_replications(REPLICATIONS)
    plain, kernel = monday["plain"], monday["kernel"]
    return AllOn(
        median_seconds(plain) / median_seconds(kernel),
        median(timing.cpu_s for timing in plain) / median(timing.cpu_s for timing in kernel),
        study_per_s,
        per_s,
        per_cpu_s,
        *controllers_apart(),
    )


def controllers_apart() -> tuple[dict[str, float], dict[str, float]]:
    """What `--profile` measures, in a process of its own: here every estimate has been made, and would be had for nothing."""
    command = [sys.executable, "-m", "benchmarks", "--profile", "--json"]
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]
    )
    told = json.loads(done.stdout)
    return told["shares"], told["others"]


def measure_controllers() -> tuple[dict[str, float], dict[str, float]]:
    """Shares of a run by controller, and of the rest."""
    say(f"every controller on, what each of them takes of {PROFILED} runs")
    return controllers.shares(PROFILED)


def median_seconds(timings: Sequence[Timing]) -> float:
    """Median wall-clock seconds."""
    return median(timing.seconds for timing in timings)


def measure(repeats: int) -> Results:
    """Everything, on this machine."""
    programs: dict[str, Program] = {}
    product.run_product("A", agreement.CONTACTS)  # compiles, or loads what was compiled
    programs["product"] = product.run_product
    programs["naive_simpy"] = run_naive_simpy

    with tempfile.TemporaryDirectory() as folder:
        run_c = compile_c(Path(folder))
        if run_c is None:
            say("the C program is left out: no C compiler found (set CC to name one)")
        else:
            programs["c"] = run_c
        works = {work: measure_work(work, programs, repeats) for work in WORKS}

    alone = measure_product(repeats) if "product" in programs else (None, None, None)
    return Results(works, *alone, measure_all_on(repeats))


def as_json(results: Results) -> dict[str, Any]:
    """The results as `--json` prints them; null for what could not be measured."""
    return {
        "schema_version": SCHEMA_VERSION,
        "machine": {
            "processor": platform.machine(),
            "system": platform.platform(),
            "python": platform.python_version(),
        },
        "works": {
            work: {
                "contacts_per_s": result.contacts_per_s.get("product"),
                "over_naive_simpy": result.product_over("naive_simpy"),
                "over_c": result.product_over("c"),
                "programs": {
                    name: {
                        "contacts_per_s": result.contacts_per_s.get(name),
                        **{statistic: one.value for statistic, one in estimates.items()},
                    }
                    for name, estimates in result.estimates.items()
                },
            }
            for work, result in results.works.items()
        },
        "r1_monday": {"kernel_over_plain": results.kernel_over_plain},
        "linearity": {"seconds_ratio_for_10x": results.seconds_ratio_for_10x},
        "memory": {"peak_mb_10m_contacts": results.peak_mb_10m_contacts},
        "every_controller_on": asdict(results.all_on) if results.all_on is not None else None,
    }


def as_text(results: Results, repeats: int) -> str:
    """The results as a table for people."""
    lines = []
    for work, result in results.works.items():
        lines.append(
            f"Work {work:<14}{'contacts/s':>12}{'offered':>10}{'abandoned':>11}"
            f"{'in 20 s':>9}{'mean wait s':>13}"
        )
        for name, estimates in result.estimates.items():
            speed = result.contacts_per_s.get(name)
            lines.append(
                f"  {name:<17}{'exact' if speed is None else f'{speed:,.0f}':>12}"
                f"{estimates['offered_share'].value:>10.4f}{estimates['abandoned_share'].value:>11.4f}"
                f"{estimates['answered_within_20s_share'].value:>9.4f}{estimates['mean_wait_s'].value:>13.2f}"
            )
        lines += [
            ratio("product over naive SimPy", result.product_over("naive_simpy"), "over_naive_simpy"),
            ratio("product over C", result.product_over("c"), "over_c"),
            "",
        ]
    lines += [
        ratio("R1's Monday, kernel over plain floor", results.kernel_over_plain, "kernel_over_plain"),
        ratio("seconds for ten times the contacts", results.seconds_ratio_for_10x, "seconds_ratio_for_10x"),
        ratio(
            "peak MB, 10 M contacts in interval mode", results.peak_mb_10m_contacts, "peak_mb_10m_contacts"
        ),
        "",
        *all_on_text(results.all_on),
        f"Medians of {repeats} runs in turns after a warm-up; compiling left out (C: {' '.join(FLAGS)}).",
        f"All agree with each other, and on A with Erlang, within {agreement.LIMIT:g} standard errors.",
    ]
    return "\n".join(lines)


def all_on_text(all_on: AllOn | None) -> list[str]:
    """Lines about R1's Monday with every controller on."""
    if all_on is None:
        return []
    return [
        "Every controller on (R1's Monday)",
        ratio("kernel over plain floor", all_on.kernel_over_plain, "all_on_kernel_over_plain"),
        ratio("the same in processor time", all_on.kernel_over_plain_cpu, "all_on_kernel_over_plain"),
        ratio(
            f"contacts/s, {REPLICATIONS} replications of a study",
            all_on.study_contacts_per_s,
            "all_on_contacts_per_s",
        ),
        f"  {'the same in threads of one process':<42}{all_on.contacts_per_s:>14,.0f}",
        f"  {'contacts for a second of one processor':<42}{all_on.contacts_per_cpu_s:>14,.0f}",
        *shares_text(all_on.shares, all_on.others),
        "",
    ]


def shares_text(shares: dict[str, float], others: dict[str, float]) -> list[str]:
    """Lines about what takes how much of a run."""
    return [
        *(ratio(f"share of {title}", share, "controller_share") for title, share in shares.items()),
        *(f"  {f'share of {title}':<42}{share:>14.4g}" for title, share in others.items()),
    ]


def ratio(title: str, value: float | None, bar: str) -> str:
    """One line: a figure beside what it is held to."""
    shown = "not measured" if value is None else f"{value:.4g}"
    return f"  {title:<42}{shown:>14}   (bar {BARS[bar]})"


def say(progress: str) -> None:
    """Tell what is being done, on stderr."""
    print(progress, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument(
        "--quick", action="store_true", help=f"{QUICK_REPEATS} timed runs instead of {REPEATS}"
    )
    parser.add_argument(
        "--profile",
        action="store_true",
        help="only what each controller takes of a Monday with all of them on",
    )
    chosen = parser.parse_args(arguments)
    if chosen.profile:
        shares, others = measure_controllers()
        told = {"shares": shares, "others": others}
        print(json.dumps(told, indent=2) if chosen.json else "\n".join(shares_text(shares, others)))
        return 0
    repeats = QUICK_REPEATS if chosen.quick else REPEATS
    try:
        results = measure(repeats)
    except DisagreementError as disagreement:
        print(f"The programs disagree, so no speed is shown:\n{disagreement}", file=sys.stderr)
        return 1
    print(json.dumps(as_json(results), indent=2) if chosen.json else as_text(results, repeats))
    return 0


if __name__ == "__main__":
    sys.exit(main())

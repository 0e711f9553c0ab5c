"""Does a scenario keep what it promises? Each expectation passes, fails, or needs more runs than were allowed.

A limit (`>= 60 %`) passes when the one-sided interval of the figure lies on its good side, fails when it lies on the bad one, and is
otherwise looked at again with twice the replications, up to a cap. All looks together are wrong with probability α at most, in either
direction: each takes α / looks (Bonferroni).

A distance from the baseline (`within 0.5 % of baseline`) is an equivalence test on the same customers (TOST): it passes when the
interval of the paired difference lies inside the tolerance, fails when it lies outside, and is inconclusive when it does neither. The
baseline holds its replications, and no more can be paired: one look at α. What has not changed by a bit has a difference of exactly 0,
and passes; where scenario and code are those that made the baseline, two replications are enough to see it.

α is each expectation's own: of k unchanged ones that stand exactly at their limits α·k are judged wrongly in the mean, and at least one
with a probability of α·k at most. Judged *together* each takes α / k, and any is wrong with probability α at most.

A time that did not come to pass in some replications (never recovered) is no time under any limit: `<=` fails then.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from sim.engine.records import Run
from sim.engine.run import FloorName
from sim.outcomes import intervals
from sim.outcomes.intervals import Estimate, FloatArray
from sim.scenario.build import Clock
from sim.scenario.errors import Problem, ScenarioError
from sim.scenario.expect import Bound
from sim.scenario.load import Loaded, load
from sim.scenario.model import Scenario
from sim.scenario.schema import ScenarioFile
from sim.scenario.tree import Place
from sim.store import scenarios_of
from sim.store.manifest import customers, fingerprint
from sim.studies.asked import Asked
from sim.studies.baseline import Baseline, Pairs, baseline_of, read, write
from sim.studies.journal import code
from sim.studies.rows import Cell, rows

Outcome = Literal["pass", "fail", "inconclusive"]
ALPHA = 0.05
TRIED = 2
"""Replications that are made again where scenario and code are those of the baseline."""
GROWS = 4
"""Replications at most, as a multiple of the scenario's own."""
Progress = Callable[[str, int, int], None]
"""Told the variant, and how many of how many runs of this look are done."""


@dataclass(frozen=True, slots=True)
class Expected:
    """One bound on one figure of one variant."""

    variant: str
    asked: Asked
    bound: Bound
    when: str
    """The stretch as written, `10:00-13:00`; empty for the whole run."""
    file: str
    line: int | None
    """Of the figure's key."""

    @property
    def words(self) -> str:
        """`service_level queue=chat 10:00-13:00 >= 60 %`."""
        of = [f"{by}={value}" for by in ("queue", "channel", "intent") if (value := getattr(self.asked, by))]
        return " ".join([self.asked.figure, *of, *([self.when] if self.when else []), self.bound.text])

    @property
    def where(self) -> str:
        """`monday.yaml:12`."""
        return self.file if self.line is None else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of an expectation."""

    expected: Expected
    outcome: Outcome
    found: Estimate
    """The figure, with its ordinary 95 % interval."""
    before: Estimate | None
    """The figure of the baseline, with its ordinary 95 % interval; None for a limit."""
    difference: Estimate | None
    """From the baseline, with the interval that decided; None for a limit."""
    why: str
    """A sentence with the numbers it rests on."""
    replications: int


def expectations(path: Path, overrides: Sequence[str] = ()) -> list[Expected]:
    """What a scenario file itself expects; its bases' expectations are theirs.

    Args:
        path: A scenario file.
        overrides: Names of the file's own `overrides`, which may say what they expect instead.

    Raises:
        ScenarioError: The file is wrong, or something expected cannot be: no such variant, queue, …; a stretch without an end; no figure.
    """
    loaded = load(path, (), overrides)
    first, *others = loaded.variants
    node = loaded.trees[first].at(("expect",))
    if node is None or node.place.file != loaded.files[0]:
        return []
    problems: list[Problem] = []
    for title in others:
        own = loaded.trees[title].at(("expect",))
        if own is None or own.place != node.place:
            place = node.place if own is None else own.place
            problems.append(
                Problem(
                    place.file,
                    place.line,
                    place.column,
                    "expect",
                    f"differs in variant {title!r}; write one list, and `variant:` in it",
                )
            )
    scenarios = scenarios_of(path, (), overrides)
    found: list[Expected] = []
    for k in range(len(loaded.variants[first].expect)):
        found += _expected(loaded, first, k, scenarios, problems)
    if problems:
        raise ScenarioError.of(problems)
    return found


def _expected(
    loaded: Loaded[ScenarioFile],
    first: str,
    k: int,
    scenarios: Mapping[str, Scenario],
    problems: list[Problem],
) -> list[Expected]:
    """One entry of the list, a bound and a variant each; what is wrong with it goes to *problems*."""
    spec, here = loaded.variants[first].expect[k], loaded.trees[first].at(("expect", k))
    assert here is not None, "every expectation stands somewhere"

    def place(key: str) -> Place:
        node = here.child(key) if key else None
        return (here if node is None else node).place

    def wrong(key: str, message: str) -> list[Expected]:
        at = place(key)
        problems.append(
            Problem(at.file, at.line, at.column, ".".join(filter(None, ("expect", str(k), key))), message)
        )
        return []

    if not spec.bounds():
        return wrong("", 'expects nothing; name a figure, such as service_level: ">= 80 %"')
    if (spec.begins is None) != (spec.until is None):
        return wrong("from" if spec.until is None else "until", "a stretch has both from and until")
    if spec.variant is not None and spec.variant not in scenarios:
        return wrong("variant", f"{spec.variant!r} is no variant; known: {', '.join(scenarios)}")
    from_s = until_s = None
    when = ""
    if spec.begins is not None and spec.until is not None:
        clock = Clock(loaded.variants[first])
        from_s, until_s = clock.second(spec.begins), clock.second(spec.until)
        when = f"{spec.begins}-{spec.until}"
    found = []
    for figure, bound in spec.bounds().items():
        asked = Asked(figure, spec.queue, spec.channel, spec.intent, from_s, until_s)
        for title in scenarios if spec.variant is None else (spec.variant,):
            trouble = asked.problem(scenarios[title]) or _not_in_run(asked, scenarios[title])
            if trouble:
                wrong(figure, trouble)
                break
            found.append(Expected(title, asked, bound, when, place(figure).file, place(figure).line))
    return found


def _not_in_run(asked: Asked, scenario: Scenario) -> str | None:
    if asked.from_s is not None and asked.until_s is not None:
        end_s = scenario.calendar.end_s
        if asked.from_s >= end_s or asked.until_s <= 0.0:
            return "the stretch lies outside of the run"
    return None


def check(
    path: Path,
    *,
    sets: Sequence[str] = (),
    overrides: Sequence[str] = (),
    replications: int | None = None,
    at_most: int | None = None,
    alpha: float = ALPHA,
    together: bool = False,
    seed: int | None = None,
    baseline: Path | None = None,
    update: bool = False,
    floor: FloorName = "kernel",
    jobs: int | None = None,
    progress: Progress | None = None,
) -> tuple[Verdict, ...]:
    """Run what is needed to judge every expectation of a scenario file.

    Args:
        path: A scenario file with `expect:`.
        sets: Changes as `path=value`: the change of policy that is to be judged.
        overrides: Names of the file's own `overrides`.
        replications: Of the first look; the scenario's own number when left out.
        at_most: Cap; four times *replications* when left out.
        alpha: Probability of a wrong verdict on an expectation, either way, at most.
        together: Let *alpha* be the probability that any verdict of the file is wrong: each takes α / their number (Bonferroni).
        seed: Instead of the scenario's.
        baseline: File or folder of the baseline; beside the scenario when left out.
        update: Write the baseline instead of holding runs against it.
        floor: The compiled one or the plain one.
        jobs: Runs at a time.
        progress: Told after every run.

    Returns:
        A verdict an expectation, in the file's order.

    Raises:
        ScenarioError: The file, its expectations or its baseline are not right.
    """
    promised = expectations(path, overrides)
    if not promised:
        raise ScenarioError(
            f'{path}: expects nothing; add for instance  expect: [{{ service_level: ">= 80 %" }}]'
        )
    scenarios = scenarios_of(path, sets, overrides, seed=seed)
    _still_there(promised, scenarios)
    first = next(iter(scenarios.values()))
    n = first.replications if replications is None else replications
    most = max(n, GROWS * n if at_most is None else at_most)
    against = baseline_of(path) if baseline is None else baseline
    if against.is_dir():
        against = against / baseline_of(path).name
    if together:
        alpha /= len(promised)
    near = [one for one in promised if one.bound.kind == "near"]
    if update and not near:
        raise ScenarioError(
            f"{path}: expects nothing of a baseline (`within … of baseline`), so there is none to make"
        )
    drawn = {title: customers(scenario) for title, scenario in scenarios.items()}
    kept = Baseline({}, {})
    if near and not update:
        kept = read(against, first.seed, drawn)
        _all_there(near, kept, against)
    made_by = {title: made_by_of(scenario, floor) for title, scenario in scenarios.items()}

    looks = [n]
    while looks[-1] < most:
        looks.append(min(most, 2 * looks[-1]))
    pairs: dict[tuple[str, str], Pairs] = {}
    verdicts: dict[int, Verdict] = {}
    for title in {one.variant for one in near}:
        places = [k for k, one in enumerate(promised) if one.variant == title]
        only_near = all(promised[k].bound.kind == "near" for k in places)
        if only_near and kept.made_by.get(title) == made_by[title]:
            verdicts |= _unchanged(promised, places, Cell(title, scenarios[title]), kept, floor, jobs)
    done = 0
    for look in looks:
        open_now = [k for k in range(len(promised)) if k not in verdicts]
        for title in dict.fromkeys(promised[k].variant for k in open_now):
            mine = [promised[k] for k in open_now if promised[k].variant == title]
            asked = tuple(dict.fromkeys(one.asked for one in mine))
            _more(pairs, Cell(title, scenarios[title]), asked, range(done, look), floor, jobs, progress)
        if update and look == n:
            write(against, path.name, first.seed, drawn, Baseline(_chosen(near, pairs), made_by))
            kept = read(against, first.seed, drawn)
        for k in open_now:
            one = promised[k]
            got = pairs[one.variant, one.asked.name]
            if one.bound.kind == "near":
                verdicts[k] = _held_against(one, got, kept.pairs[one.variant][one.asked.name], alpha)
            else:
                found = _limited(one, got, alpha / len(looks))
                if found.outcome != "inconclusive" or look == looks[-1]:
                    verdicts[k] = found
        if len(verdicts) == len(promised):
            break
        done = look
    return tuple(verdicts[k] for k in range(len(promised)))


def _unchanged(
    promised: Sequence[Expected],
    mine: Sequence[int],
    cell: Cell,
    kept: Baseline,
    floor: FloorName,
    jobs: int | None,
) -> dict[int, Verdict]:
    """Verdicts on a variant whose scenario and code are those of the baseline, once some replications show that its numbers are, too.

    Nothing else can come out: a run is a function of these. Empty where the numbers differ, as on a machine that rounds otherwise.
    """
    pairs: dict[tuple[str, str], Pairs] = {}
    asked = tuple(dict.fromkeys(promised[k].asked for k in mine))
    before = {k: kept.pairs[cell.name][promised[k].asked.name] for k in mine}
    look = min(TRIED, *(len(part) for part, _ in before.values()))
    _more(pairs, cell, asked, range(look), floor, jobs, None)
    found = {}
    for k in mine:
        got, (part, whole) = pairs[cell.name, promised[k].asked.name], before[k]
        if not (_same(got[0], part[:look]) and _same(got[1], whole[:look])):
            return {}
        value = intervals.ratio(part, whole)
        why = f"scenario and code are the baseline's; {look} of {len(part)} replications were made again, the same to the last bit"
        found[k] = Verdict(promised[k], "pass", value, value, Estimate(0.0, 0.0, len(part)), why, len(part))
    return found


def made_by_of(scenario: Scenario, floor: FloorName) -> str:
    """Hash of everything that a variant's figures rest on: the scenario, the code, the packages."""
    words = [fingerprint(replace(scenario, replications=1)), floor, code()]
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]


def judged(
    promised: Sequence[Expected], runs: Mapping[str, Sequence[Run]], alpha: float = ALPHA
) -> list[Verdict]:
    """One look at the limits that concern runs which were made anyway; what needs a baseline or a variant that was not run is left out.

    Args:
        promised: Of the scenario's file.
        runs: By variant, replications ascending.
        alpha: Probability of a wrong verdict, at most, either way.
    """
    found = []
    for one in promised:
        if one.bound.kind == "near" or one.variant not in runs:
            continue
        if one.asked.problem(runs[one.variant][0].scenario) is None:  # `--set` may have taken its queue away
            pairs = np.array([one.asked.of(run) for run in runs[one.variant]])
            found.append(_limited(one, (pairs[:, 0], pairs[:, 1]), alpha))
    return found


def _more(
    pairs: dict[tuple[str, str], Pairs],
    cell: Cell,
    asked: Sequence[Asked],
    replications: range,
    floor: FloorName,
    jobs: int | None,
    progress: Progress | None,
) -> None:
    """Add these replications of one variant to what is known."""
    found = []
    for row in rows([cell], replications, asked, floor=floor, jobs=jobs):
        found.append(row.pairs)
        if progress:
            progress(cell.name, len(found), len(replications))
    new = np.array(found)
    for a, one in enumerate(asked):
        before = pairs.get((cell.name, one.name), (np.empty(0), np.empty(0)))
        part, whole = (np.concatenate([before[side], new[:, a, side]]) for side in (0, 1))
        pairs[cell.name, one.name] = part, whole


def _chosen(near: Iterable[Expected], pairs: dict[tuple[str, str], Pairs]) -> dict[str, dict[str, Pairs]]:
    found: dict[str, dict[str, Pairs]] = {}
    for one in near:
        found.setdefault(one.variant, {})[one.asked.name] = pairs[one.variant, one.asked.name]
    return found


def _still_there(promised: Iterable[Expected], scenarios: Mapping[str, Scenario]) -> None:
    """Refuse a change that takes away what something is expected of."""
    gone = [
        Problem(one.file, one.line, None, f"expect: {one.words}", f"{trouble} (after --set)")
        for one in promised
        if (trouble := one.asked.problem(scenarios[one.variant])) is not None
    ]
    if gone:
        raise ScenarioError.of(gone)


def _all_there(near: Iterable[Expected], kept: Baseline, path: Path) -> None:
    missing = [one for one in near if one.asked.name not in kept.pairs.get(one.variant, {})]
    if missing:
        raise ScenarioError(
            f"{path}: has nothing on {missing[0].asked.figure} of {missing[0].variant!r} "
            f"({missing[0].where}); make it anew with blendsim check --update"
        )


def _limited(one: Expected, got: Pairs, alpha: float) -> Verdict:
    """One look at a limit."""
    part, whole = got
    n = len(part)
    found = intervals.ratio(part, whole)
    sure = intervals.ratio(part, whole, 1.0 - 2.0 * alpha)
    limit = one.bound.value
    verdict = Verdict(one, "inconclusive", found, None, None, "", n)
    missing = int((whole == 0).sum())
    if math.isnan(found.value):
        return replace(verdict, why=f"it did not come to pass in any of {n} replications")
    if missing and not one.asked.what.by_cut and one.bound.kind == "at_most" and one.asked.what.unit == "s":
        return replace(verdict, outcome="fail", why=f"in {missing} of {n} replications it never came to pass")
    if n < 2 or math.isnan(sure.half_width):
        return replace(verdict, why="one replication says nothing about how sure it is")
    good = sure.low >= limit if one.bound.kind == "at_least" else sure.high <= limit
    bad = sure.high < limit if one.bound.kind == "at_least" else sure.low > limit
    if good or bad:
        return replace(verdict, outcome="pass" if good else "fail", why="")
    return replace(verdict, why="the limit lies within the interval; more replications would tell")


def _held_against(one: Expected, got: Pairs, kept: Pairs, alpha: float) -> Verdict:
    """Equivalence with the baseline."""
    n = min(len(got[0]), len(kept[0]))
    (a, m), (b, w) = ((x[:n], y[:n]) for x, y in (kept, got))
    found = intervals.ratio(*got)
    gap = intervals.ratio_difference(a, m, b, w, 1.0 - 2.0 * alpha)
    verdict = Verdict(one, "inconclusive", found, intervals.ratio(a, m), gap, "", n)
    if _same(a, b) and _same(m, w):
        return replace(verdict, outcome="pass", why=f"the same to the last bit in {n} replications")
    if math.isnan(gap.half_width):
        return replace(verdict, why="too few replications to tell")
    if abs(gap.value) + gap.half_width <= one.bound.value:
        return replace(verdict, outcome="pass")
    if abs(gap.value) - gap.half_width > one.bound.value:
        return replace(verdict, outcome="fail")
    return replace(
        verdict, why="the tolerance lies within the interval of the difference; a longer baseline would tell"
    )


def _same(a: FloatArray, b: FloatArray) -> bool:
    return bool(np.array_equal(a, b))

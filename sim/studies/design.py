"""A study file → the cells that are run: every scenario, variant and combination of levels, checked before anything is simulated.

    file, command line ──► StudyFile ──► factors ──► points ──► Cell … ──► Plan

A level changes a scenario as a variant would, in this order: the overrides that it names, the source's `changes`, the levels of the
factors from first to last, and last what moves thresholds by offsets, because it needs to know from where.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sim.outcomes.explanation import moment_s
from sim.outcomes.figures import FIGURES
from sim.scenario.build import build
from sim.scenario.errors import Problem, ScenarioError
from sim.scenario.find import scenario_file
from sim.scenario.load import Loaded, examined, in_order_of, laid_over, load, load_laid
from sim.scenario.model import Scenario
from sim.scenario.schema import ScenarioFile
from sim.scenario.tree import Entry, Node, plain, written
from sim.scenario.values import seconds
from sim.scenario.words import close_match
from sim.store.manifest import fingerprint
from sim.studies.asked import Asked
from sim.studies.file import MOST_CELLS, FactorSpec, StudyFile, problems, span, steps
from sim.studies.levels import (
    AS_IS,
    AXES,
    Factor,
    LearnedFile,
    Level,
    MatrixFile,
    Offset,
    Point,
    chosen,
    label_of,
    level_at,
    level_of,
    listed,
    moved,
    nothing_at,
    number_level,
    short,
)
from sim.studies.rows import Cell

MOST_TRIED = 50
"""Points at which a factor that seems to change nothing is tried."""
LEAST_TO_STOP = 10
"""Replications before a study may stop by precision (Law 2015, §9.4.1)."""


@dataclass(frozen=True, slots=True)
class Precision:
    """How surely a figure is to be known in every cell."""

    asked: int
    """Place of the figure in the study."""
    half_width: float | None = None
    """Of the 95 % interval, in the figure's unit."""
    of_value: float | None = None
    """Or as a share of the value."""


@dataclass(frozen=True)
class Plan:
    """A study before it runs: nothing is left to be found wrong."""

    name: str
    question: str
    cells: tuple[Cell, ...]
    factors: tuple[str, ...]
    """Names of what `Cell.levels` holds, in order."""
    asked: tuple[Asked, ...]
    replications: int
    """Of every cell; with `precision` at least so many."""
    precision: tuple[Precision, ...]
    at_most: int
    reference: int
    """Place of the cell that others are compared with."""
    design: str
    """In words."""

    @cached_property
    def scenarios(self) -> tuple[Scenario, ...]:
        """What the cells run."""
        return tuple(cell.scenario for cell in self.cells)


def design(
    file: Path | None = None, laid: Sequence[Node] = (), sets: Sequence[str] = (), *, name: str | None = None
) -> Plan:
    """The plan of a study.

    Args:
        file: A study file; None when *laid* says everything.
        laid: What the command line or a notebook adds, from `said`.
        sets: Changes of every scenario as `path=value`.
        name: Of the study; that of its file or of its first scenario when left out.

    Raises:
        ScenarioError: With every problem, each with file, line, column and key.
    """
    return _Designing(load_laid(file, laid, schema=StudyFile, checks=problems), sets).plan(name)


def is_study(path: Path) -> bool:
    """Whether a YAML file is a study, as against a scenario; a file that cannot be read is not."""
    from sim.scenario.tree import read_file

    node, _ = read_file(path, str(path))
    keys = set(node.data) if node is not None and isinstance(node.data, dict) else set()
    if keys & {"scenario", "factors", "figures", "design"}:
        return True
    extends = node.data.get("extends") if node is not None and isinstance(node.data, dict) else None
    bases = extends.node.data if extends is not None else None
    return isinstance(bases, str) and (path.parent / bases).is_file() and is_study(path.parent / bases)


# --- a study file and what it names ---


@dataclass(frozen=True, slots=True)
class _Base:
    """A scenario and variant before any factor."""

    source: int
    file: Path
    variant: str
    levels: dict[str, object]


class _Designing:
    """One call of `design`."""

    def __init__(self, loaded: Loaded[StudyFile], sets: Sequence[str]) -> None:
        (self.spec,) = loaded.variants.values()
        (self.tree,) = loaded.trees.values()
        self.path = loaded.path
        self.sets = sets
        self.files = [*loaded.files]
        self.problems: list[Problem] = []
        self.loads: dict[tuple[Path, tuple[str, ...]], Loaded[ScenarioFile] | None] = {}

    def plan(self, name: str | None) -> Plan:
        bases = list(self.bases())
        factors = [self.factor(key, spec) for key, spec in self.spec.factors.items()]
        self.stop_if_wrong()
        points, names = self.points(factors)
        self.stop_if_wrong()
        cells = self.cells(bases, names, points)
        if self.problems:
            self.as_far_as_can_be_told(bases)
        self.stop_if_wrong()
        self.no_idle_factor(bases, factors, names, points)
        first = cells[0].scenario
        asked = self.asked(cells)
        precision = self.precision(asked)
        reference = self.reference(cells)
        self.stop_if_wrong()
        least = self.spec.replications or first.replications
        if precision:
            least = max(LEAST_TO_STOP, self.spec.replications or LEAST_TO_STOP)
        return Plan(
            name=name or (self.path.stem if self.files and self.path.name else bases[0].file.stem),
            question=self.spec.question or first.question,
            cells=tuple(cells),
            factors=tuple(cells[0].levels),
            asked=tuple(asked),
            replications=least,
            precision=tuple(precision),
            at_most=max(least, self.spec.at_most) if precision else least,
            reference=reference,
            design=self.in_words(factors, points, bases),
        )

    # problems

    def report(self, path: Sequence[str | int], message: str) -> None:
        """A problem at the last key of *path* that somebody wrote."""
        node = self.tree
        for step in path:
            child = node.child(step)
            if child is None:
                break
            node = child
        place = node.place
        shown = ".".join(str(step) for step in path)
        self.problems.append(Problem(place.file, place.line, place.column, shown, message))

    def stop_if_wrong(self) -> None:
        if self.problems:
            raise in_order_of(self.files, self.problems)

    # scenarios

    def bases(self) -> Iterator[_Base]:
        sources = self.spec.scenario
        several = len(sources) > 1
        node = self.tree.at(("scenario",))
        is_list = node is not None and isinstance(node.data, tuple)
        met: set[str] = set()
        for k, source in enumerate(sources):
            where: tuple[str | int, ...] = ("scenario", k) if is_list else ("scenario",)
            file = self.source_file(source.file, where)
            loaded = None if file is None else self.load(file, ())
            if file is None or loaded is None:
                continue
            title = file.stem
            while title in met:
                title += "+"
            met.add(title)
            titles = source.variants or tuple(loaded.variants)
            for v, variant in enumerate(source.variants):
                if variant not in loaded.variants:
                    known = close_match(variant, loaded.variants)
                    hint = f"; did you mean {known}?" if known else f"; it has {', '.join(loaded.variants)}"
                    self.report((*where, "variants", v), f"there is no variant {variant!r}{hint}")
            for o, override in enumerate(source.overrides):
                self.known_override(loaded, override, (*where, "overrides", o))
            for variant in dict.fromkeys(titles):
                if variant in loaded.variants:
                    levels: dict[str, object] = {"scenario": title} if several else {}
                    if len(titles) > 1 or (several and any(len(s.variants) != 1 for s in sources)):
                        levels["variant"] = variant
                    yield _Base(k, file, variant, levels)

    def source_file(self, name: str, where: tuple[str | int, ...]) -> Path | None:
        beside = self.path.parent / name
        if "\0" not in name and beside.is_file():
            return beside
        try:
            return scenario_file(name)
        except ScenarioError as error:
            self.report((*where, "file"), str(error))
            return None

    def load(self, file: Path, overrides: tuple[str, ...]) -> Loaded[ScenarioFile] | None:
        if (file, overrides) not in self.loads:
            try:
                loaded = load(file, self.sets, overrides)
            except ScenarioError as error:
                self.problems += error.problems or [Problem(str(file), None, None, "", str(error))]
                self.loads[file, overrides] = None
            else:
                self.loads[file, overrides] = loaded
                self.files += loaded.files
        return self.loads[file, overrides]

    def known_override(
        self, loaded: Loaded[ScenarioFile], override: str, where: tuple[str | int, ...]
    ) -> None:
        if override in loaded.overrides:
            return
        known = close_match(override, loaded.overrides)
        has = f"it has {', '.join(loaded.overrides)}" if loaded.overrides else "it has none"
        hint = f"did you mean {known}?" if known else has
        self.report(where, f"{loaded.path} has no override {override!r}; {hint}")

    # factors

    def factor(self, name: str, spec: FactorSpec) -> Factor:
        path: tuple[str | int, ...] = ("factors", name)
        node = self.tree.at(path)
        assert node is not None, "the model came from the tree"

        def below(key: str) -> Node:
            return node.child(key) or node

        key = spec.key or name
        if spec.range is not None:
            ranged = below("range")
            if span(spec.range) is not None:
                return Factor(name, path, (), (key, ranged))
            return Factor(
                name, path, tuple(number_level(key, text, ranged.place) for text in steps(spec.range) or ())
            )
        if isinstance(spec.levels, dict):
            maps = below("levels")
            assert isinstance(maps.data, dict), "the model has a map there"
            levels = (
                Level(title, (entry.node,) if entry.node.data else ()) for title, entry in maps.data.items()
            )
            return Factor(name, path, tuple(levels))
        if spec.levels is not None:
            items = below("levels").data
            assert isinstance(items, tuple), "the model has a list there"
            return Factor(name, path, tuple(level_of(key, item, node.place) for item in items))
        if spec.overrides is not None:
            return Factor(name, path, tuple(self.override_levels(spec.overrides, path)))
        if spec.matrices is not None:
            found = [self.matrix(file, (*path, "matrices", k)) for k, file in enumerate(spec.matrices)]
            return Factor(name, path, tuple(level for level in found if level is not None))
        return Factor(name, path, tuple(self.offset_levels(spec, below("offsets"), path)))

    def override_levels(
        self, items: Sequence[str | tuple[str, ...]], path: tuple[str | int, ...]
    ) -> Iterator[Level]:
        loaded = [found for found in self.loads.values() if found is not None]
        for k, item in enumerate(items):
            names = (item,) if isinstance(item, str) else item
            for override in names:
                for one in loaded:
                    self.known_override(one, override, (*path, "overrides", k))
            yield Level(" + ".join(names) or AS_IS, overrides=names)

    def matrix(self, name: str, path: tuple[str | int, ...]) -> Level | None:
        file = self.path.parent / name
        if "\0" in name or not file.is_file():
            self.report(path, f"there is no {file}")
            return None
        try:
            learned = any(
                line.startswith("routing:") for line in file.read_text(encoding="utf-8").splitlines()
            )
            if learned:
                (tree,) = load_laid(file, (), schema=LearnedFile, checks=lambda _: ()).trees.values()
                self.files += (str(file),)
                return Level(file.stem, (tree,), clears=("routing", "thresholds"))
            loaded = load_laid(file, (), schema=MatrixFile, checks=lambda _: ())
        except (OSError, UnicodeDecodeError) as error:
            self.report(path, f"{file} cannot be read ({error})")
            return None
        except ScenarioError as error:
            self.problems += error.problems
            return None
        self.files += loaded.files
        (tree,) = loaded.trees.values()
        place = tree.place
        thresholds = Node({"thresholds": Entry(place, tree)}, place)
        change = Node({"routing": Entry(place, thresholds)}, place)
        return Level(file.stem, (change,), clears=("routing", "thresholds"))

    def offset_levels(self, spec: FactorSpec, node: Node, path: tuple[str | int, ...]) -> Iterator[Level]:
        places = [item.place for item in node.data] if isinstance(node.data, tuple) else [node.place]
        offsets = list(zip(spec.offsets or (), places, strict=False))
        axes = self.axes()
        if spec.one_at_a_time is None:
            cell = ".".join([*(spec.cell or "*").split("."), "*", "*"][:3])
            self.known_cell(cell, axes, (*path, "cell"))
            for by, place in offsets:
                yield Level(by, offset=Offset(cell, by, spec.band, place) if by else None)
            return
        yield Level(AS_IS)
        chosen = [axes[k] if axis in spec.one_at_a_time else ("*",) for k, axis in enumerate(AXES)]
        for names in itertools.product(*chosen):
            cell = ".".join(names)
            for by, place in offsets:
                if by:
                    yield Level(f"{short(cell)} {by:+g}", offset=Offset(cell, by, spec.band, place))

    def axes(self) -> tuple[tuple[str, ...], ...]:
        """Intents, channels and segments that all scenarios have."""
        models = [model for one in self.loads.values() if one is not None for model in one.variants.values()]
        if not models:
            return (), (), ()
        found: list[tuple[str, ...]] = []
        for field in ("intents", "channels", "segments"):
            names = [getattr(model, field) for model in models]
            found.append(tuple(name for name in names[0] if all(name in other for other in names)))
        return found[0], found[1], found[2]

    def known_cell(self, cell: str, axes: Sequence[Sequence[str]], path: tuple[str | int, ...]) -> None:
        for name, axis, known in zip(cell.split("."), AXES, axes, strict=False):
            if name != "*" and known and name not in known:
                close = close_match(name, known)
                hint = f"did you mean {close}?" if close else f"there are {', '.join(known)}"
                self.report(path, f"there is no {axis} {name!r}; {hint}")

    # points

    def points(self, factors: Sequence[Factor]) -> tuple[list[Point], list[str]]:
        spec = self.spec.design
        names = [factor.name for factor in factors]
        if spec.points:
            return self.listed(factors, names)
        if spec.latin_hypercube is not None:
            return self.hypercube(factors, spec.latin_hypercube, spec.seed), names
        count = 1
        for factor in factors:
            count *= len(factor.levels)
        if count > MOST_CELLS:
            self.report(
                ("factors",),
                f"make {count:,} cells, more than {MOST_CELLS:,}; use `design: {{latin_hypercube: 100}}`",
            )
            return [], names
        return list(itertools.product(*(factor.levels for factor in factors))), names

    def hypercube(self, factors: Sequence[Factor], n: int, seed: int) -> list[Point]:
        """Every factor cut into *n* equal parts, one point in each part.

        Source: McKay, Beckman & Conover (1979), doi:10.2307/1268522.
        """
        from scipy.stats import qmc

        if n > MOST_CELLS:
            self.report(("design", "latin_hypercube"), f"is more than {MOST_CELLS:,}")
            return []
        shares = qmc.LatinHypercube(d=len(factors), rng=seed).random(n)
        return [
            tuple(level_at(factor, float(u)) for factor, u in zip(factors, row, strict=True))
            for row in shares
        ]

    def listed(self, factors: Sequence[Factor], names: list[str]) -> tuple[list[Point], list[str]]:
        by_name = {factor.name: factor for factor in factors}
        points = self.spec.design.points
        names = [*names, *dict.fromkeys(key for point in points for key in point if key not in by_name)]
        found = []
        for k, point in enumerate(points):
            where: tuple[str | int, ...] = ("design", "points", k)
            levels = []
            for name in names:
                node = self.tree.at((*where, name))
                if name not in point or node is None:
                    self.report(where, f"says nothing of {name}, which other points set")
                    continue
                factor = by_name.get(name)
                level = level_of(name, node) if factor is None else chosen(factor, node)
                if level is None:
                    assert factor is not None, "a key of the scenario takes any value"
                    self.report((*where, name), f"there is no level {written(node)}; {listed(factor)}")
                else:
                    levels.append(level)
            found.append(tuple(levels))
        return found, names

    # cells

    def cells(self, bases: Sequence[_Base], names: Sequence[str], points: Sequence[Point]) -> list[Cell]:
        if len(bases) * len(points) > MOST_CELLS:
            self.report((), f"makes {len(bases) * len(points):,} cells, more than {MOST_CELLS:,}")
            return []
        heads: dict[str, tuple[_Base, dict[str, object]]] = {}
        trees: dict[str, Node] = {}
        for base in bases:
            for point in points:
                levels = base.levels | {name: level.label for name, level in zip(names, point, strict=True)}
                title = _title(base, levels)
                while title in trees:  # an explicit list may hold a point twice
                    title += " again"
                tree = self.tree_of(base, point)
                if tree is not None:
                    heads[title], trees[title] = (base, levels), tree
        models, wrong = examined(trees, "cell")
        self.problems += wrong
        if self.problems:
            return []
        cells = []
        for title, (base, levels) in heads.items():
            scenario = self.built(title, base, models[title], trees[title])
            if scenario is not None:
                cells.append(Cell(title, scenario, levels))
        for cell in cells:
            if cell.scenario.seed != cells[0].scenario.seed:
                first, other = cells[0], cell
                message = (
                    f"has seed {first.scenario.seed} in cell {first.name!r} and {other.scenario.seed} in cell {other.name!r}; "
                    "cells are compared on the same customers, so set `seed` at the top of the study"
                )
                self.report(("scenario",), message)
                break
        return cells

    def as_far_as_can_be_told(self, bases: Sequence[_Base]) -> None:
        """With cells that cannot be built, what is wrong with the figures is found on the scenario before any factor."""
        for base in bases[:1]:
            loaded = self.load(base.file, self.spec.scenario[base.source].overrides)
            if loaded is None:
                return
            tree = loaded.trees[base.variant]
            scenario = self.built("as it is", base, loaded.variants[base.variant], tree)
            if scenario is not None:
                self.precision(self.asked([Cell("as it is", scenario, base.levels)]))

    def tree_of(self, base: _Base, point: Point) -> Node | None:
        """The composed scenario of one cell; None when there is none."""
        source = self.spec.scenario[base.source]
        overrides = (*source.overrides, *(name for level in point for name in level.overrides))
        loaded = self.load(base.file, overrides)
        if loaded is None:
            return None
        tree = loaded.trees[base.variant]
        node = self.tree.at(("scenario",))
        if node is not None and isinstance(node.data, tuple):
            node = node.data[base.source]
        changes = node.child("changes") if node is not None else None
        if changes is not None and changes.data:
            tree = self.over(tree, (changes,))
        for level in point:
            if level.clears and tree.at(level.clears) is not None:
                tree = self.over(tree, (nothing_at(level.clears, level.changes[0].place),))
            tree = self.over(tree, level.changes, must_exist=level.must_exist)
        for level in point:
            if level.offset is not None:
                tree = self.over(tree, (moved(tree, level.offset),))
        return tree

    def over(self, tree: Node, changes: Sequence[Node], *, must_exist: bool = False) -> Node:
        tree, wrong = laid_over(tree, changes, must_exist=must_exist)
        self.problems += wrong
        return tree

    def built(self, title: str, base: _Base, model: ScenarioFile, tree: Node) -> Scenario | None:
        own: dict[str, Any] = {"replications": self.spec.replications or model.replications}
        if self.spec.seed is not None:
            own["seed"] = self.spec.seed
        spec, resolved = model.model_copy(update=own), {**_jsonable(plain(tree)), **own}
        try:
            return build(spec, name=base.file.stem, variant=base.variant, resolved=resolved)
        except ScenarioError as error:
            self.problems.append(Problem(str(base.file), None, None, "", f"{error} (in cell {title})"))
            return None

    def no_idle_factor(
        self,
        bases: Sequence[_Base],
        factors: Sequence[Factor],
        names: Sequence[str],
        points: Sequence[Point],
    ) -> None:
        """Report every factor whose levels all make the same scenario, wherever it is tried."""
        by_name = {factor.name: factor for factor in factors}
        for k, name in enumerate(names):
            used = list({id(point[k]): point[k] for point in points}.values())
            labels = {repr(level.label): level for level in used}
            if len(labels) > 1 and not self.tells(bases, points, k, list(labels.values())):
                path = by_name[name].path if name in by_name else ("design", "points")
                self.report(path, f"{name} changes nothing: the scenario is the same at all of its levels")

    def tells(self, bases: Sequence[_Base], points: Sequence[Point], k: int, levels: Sequence[Level]) -> bool:
        """Whether the k-th factor makes a difference at some point."""
        for base in bases:
            for point in points[:MOST_TRIED]:
                met = set()
                for level in levels:
                    tree = self.tree_of(base, (*point[:k], level, *point[k + 1 :]))
                    if tree is None:
                        continue
                    models, wrong = examined({"": tree}, "cell")
                    scenario = None if wrong else self.built("", base, models[""], tree)
                    if scenario is None:
                        continue
                    met.add(fingerprint(scenario))
                    if len(met) > 1:
                        return True
        return False

    # what is wanted to know

    def asked(self, cells: Sequence[Cell]) -> list[Asked]:
        found: list[Asked] = []
        for k, text in enumerate(self.spec.figures):
            one = self.figure(text, cells[0].scenario, ("figures", k))
            if one is None:
                continue
            wrong = {
                message: cell.name for cell in cells if (message := one.problem(cell.scenario)) is not None
            }
            for message, cell in wrong.items():
                self.report(("figures", k), f"{message} (in cell {cell})" if len(cells) > 1 else message)
            if one in found:
                self.report(("figures", k), f"{one.name} is asked twice")
            if not wrong:
                found.append(one)
        spans = {(cell.scenario.calendar.start, cell.scenario.calendar.end_s) for cell in cells}
        if len(spans) > 1:
            for k, one in enumerate(found):
                if one.from_s is not None:
                    self.report(
                        ("figures", k), "is of a stretch of time, and the cells do not run at the same time"
                    )
        return found

    def figure(self, text: str, scenario: Scenario, path: tuple[str | int, ...]) -> Asked | None:
        name, *words = text.split()[:10] if text.split() else [""]
        cut: dict[str, str] = {}
        stretch: tuple[float, float] | None = None
        if name not in FIGURES:
            close = close_match(name, FIGURES)
            hint = f"did you mean {close}?" if close else f"there are {', '.join(FIGURES)}"
            self.report(path, f"there is no figure {name!r}; {hint}")
            return None
        for word in words:
            by, equals, value = word.partition("=")
            times = re.fullmatch(r"([0-9:]+)[-–]([0-9:]+)", word)
            if equals and by in {"queue", "channel", "intent"} and by not in cut:
                cut[by] = value
            elif times and stretch is None:
                try:
                    stretch = moment_s(scenario, times[1], text), moment_s(scenario, times[2], text)
                except ScenarioError as error:
                    self.report(path, str(error).removeprefix(f"{text} "))
                    return None
            else:
                self.report(
                    path,
                    f"{word!r} is not read; write queue=…, channel=…, intent=… or a stretch such as 10:00-13:00",
                )
                return None
        return Asked(name, **cut, from_s=stretch and stretch[0], until_s=stretch and stretch[1])

    def precision(self, asked: Sequence[Asked]) -> list[Precision]:
        names = {" ".join(text.split()): k for k, text in enumerate(self.spec.figures)}
        found = []
        for text, value in self.spec.precision.items():
            path = ("precision", text)
            place = names.get(" ".join(text.split()))
            if place is None or place >= len(asked):
                self.report(path, f"is not among the figures of the study; it asks for {', '.join(names)}")
                continue
            one = _precision(place, value, asked[place].what.unit)
            if one is None:
                self.report(
                    path,
                    "must be a half-width above 0 such as 0.005, 0.5 % or 2s, or a part of the value such as '5 % of value'",
                )
            else:
                found.append(one)
        return found

    def reference(self, cells: Sequence[Cell]) -> int:
        wanted = self.spec.reference
        if not wanted:
            return 0
        fitting = list(range(len(cells)))
        for name in wanted:
            if name not in cells[0].levels:
                self.report(
                    ("reference", name), f"is no factor; there are {', '.join(cells[0].levels) or 'none'}"
                )
                continue
            node = self.tree.at(("reference", name))
            assert node is not None, "the model came from the tree"
            labels = {label_of(node), written(node)}
            here = [k for k in range(len(cells)) if cells[k].levels[name] in labels]
            if not here:
                known = ", ".join(dict.fromkeys(str(cell.levels[name]) for cell in cells))
                self.report(("reference", name), f"there is no level {written(node)}; there are {known}")
            fitting = [k for k in fitting if k in here]
        if not fitting:
            if not self.problems:
                self.report(("reference",), "fits no cell")
            return 0
        return fitting[0]

    def in_words(self, factors: Sequence[Factor], points: Sequence[Point], bases: Sequence[_Base]) -> str:
        spec = self.spec.design
        if spec.points:
            what = f"{len(points)} listed points"
        elif spec.latin_hypercube is not None:
            what = f"Latin hypercube of {len(points)} points over {len(factors)} factors, seed {spec.seed}"
        elif factors:
            what = f"full: {' × '.join(str(len(factor.levels)) for factor in factors)} levels"
        else:
            return "as they are"
        return what if len(bases) == 1 else f"{what}, for each of {len(bases)} scenarios and variants"


def _title(base: _Base, levels: Mapping[str, object]) -> str:
    words = [
        str(value) if name in {"scenario", "variant"} else f"{name} {value}" for name, value in levels.items()
    ]
    return ", ".join(words) or base.file.stem


def _precision(asked: int, value: object, unit: str) -> Precision | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return Precision(asked, half_width=float(value)) if value > 0 else None
    if not isinstance(value, str):
        return None
    of_value = re.fullmatch(r"([0-9.]+) ?% of value", value.strip())
    percent = re.fullmatch(r"([0-9.]+) ?%", value.strip())
    try:
        if of_value:
            return (
                Precision(asked, of_value=float(of_value[1]) / 100) if 0 < float(of_value[1]) < 100 else None
            )
        if percent and unit == "share":
            return Precision(asked, half_width=float(percent[1]) / 100) if float(percent[1]) > 0 else None
    except ValueError:
        return None
    found = seconds(value.strip()) if unit == "s" else None
    return Precision(asked, half_width=found) if found else None


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _jsonable(item) for key, item in value.items()}
    return [_jsonable(item) for item in value] if isinstance(value, tuple) else value

"""A scenario file, its bases, variants and changes → one checked model a variant, with the origin of every value.

Order, later over earlier: the bases in `extends`, left to right; the file itself; the variant (its own `extends`
first); the `overrides` asked for, in the order asked; every `--set`. Maps merge, lists replace, `null` deletes.

```yaml
extends: base.yaml              # beside this file, or one that ships
question: What if vendor B goes down on Monday morning?
overrides:
  small: {fleets.B.sessions: 10}    # asked for by name; keys may be dotted paths here
variants:
  no controller: {}
  breakers: {failover.breakers: {}}
  breakers and fallback: {extends: breakers, failover.fallback.chat: [B, C, human]}
```
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

import pydantic

from sim.scenario import shape
from sim.scenario.compose import Fold
from sim.scenario.errors import Problem, ScenarioError
from sim.scenario.tree import Entry, Node, Place, Setting, plain, read_file, read_text, written
from sim.scenario.values import NAME_RE, Says, Spec, Written, clock_s, name_problem
from sim.scenario.words import LOADER_KEYS, Issue, close_match, issues

if TYPE_CHECKING:
    from sim.scenario.schema import ScenarioFile

S = TypeVar("S", bound=Spec)
Checks = Callable[[S], Iterable[tuple[tuple[str | int, ...], str]]]
"""Finds what is wrong between keys: key path and message, one for each problem."""

ONLY_VARIANT = "as is"
MOST_BASES = 20  # a chain of more files is a mistake or an attack
MOST_ROUNDS = 4  # of mending a broken file to look at the rest of it
MOST_MENDED = 200  # faults; a file with more is not worth a look at the rest


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from.

    Args:
        path: Dotted key.
        file: None when nothing was written and the default holds.
        line: From 1; None for a default and in a `--set`.
        column: As above.
        written: As it stands in the file, or the default as one would write it.
        chain: Everything that was written for it, oldest first, this one last.
        is_default: Whether no file says anything.
        doc: What the schema says about the key.
        value: What the model holds (seconds, shares).
    """

    path: str
    file: str | None
    line: int | None
    column: int | None
    written: str
    chain: tuple[Setting, ...]
    is_default: bool
    doc: str
    value: Any


@dataclass(frozen=True, slots=True)
class Loaded(Generic[S]):
    """A scenario file, read.

    Args:
        path: As asked for.
        variants: Title → checked model.
        trees: Title → composed tree with the origin of every value.
        files: Every file that was read, the one asked for first.
        schema: Class of the models.
        overrides: Names of what may be laid over it.
    """

    path: Path
    variants: dict[str, S]
    trees: dict[str, Node]
    files: tuple[str, ...]
    schema: type[S]
    overrides: tuple[str, ...] = ()

    @property
    def question(self) -> str:
        """What the scenario is run to find out; empty when the file does not say."""
        node = next(iter(self.trees.values())).at(("question",))
        return node.data if node is not None and isinstance(node.data, str) else ""

    def resolved(self, variant: str) -> dict[str, Any]:
        """The variant's composed file as plain values that JSON can hold, as written and without defaults."""
        resolved = _jsonable(plain(self.trees[variant]))
        assert isinstance(resolved, dict), "the top of a scenario is a map"
        return resolved

    def origin(self, variant: str, path: str) -> Origin:
        """Where the value at a dotted *path* comes from.

        Raises:
            ScenarioError: There is no such variant or key.
        """
        if variant not in self.trees:
            raise ScenarioError(f"{self.path}: there is no variant {variant!r}{_hint(variant, self.trees)}")
        tree, model = self.trees[variant], self.variants[variant]
        steps = _steps(self.schema, tree, path)
        value, doc, known = _value_at(model, steps)
        if not known:
            raise ScenarioError(
                f"{self.path}: {path}: there is no such key{self._suggest(tree, model, steps)}"
            )
        node = tree
        for step in steps:
            child = node.child(step)
            if child is None:
                break
            node = child
        else:
            return _origin_of(node, path, doc, value)
        if not isinstance(node.data, dict | tuple):  # `patience: 90s` also sets patience.mean
            return _origin_of(node, path, doc, value)
        text = _worded(value, shape.at(self.schema, steps))
        return Origin(path, None, None, None, text, (), is_default=True, doc=doc, value=value)

    def _suggest(self, tree: Node, model: S, steps: tuple[str, ...]) -> str:
        for end in range(1, len(steps) + 1):
            if not _value_at(model, steps[:end])[2]:
                node = tree.at(steps[: end - 1])
                there = list(node.data) if node is not None and isinstance(node.data, dict) else []
                return _hint(
                    steps[end - 1], [*shape.legal_keys(shape.at(self.schema, steps[: end - 1])), *there]
                )
        return ""


def _origin_of(node: Node, path: str, doc: str, value: Any) -> Origin:
    place = node.place
    chain = (*node.earlier, node.setting)
    return Origin(
        path,
        place.file,
        place.line,
        place.column,
        written(node),
        chain,
        is_default=False,
        doc=doc,
        value=value,
    )


@overload
def load(
    path: str | os.PathLike[str], sets: Sequence[str] = (), overrides: Sequence[str] = ()
) -> Loaded[ScenarioFile]: ...


@overload
def load(
    path: str | os.PathLike[str],
    sets: Sequence[str] = (),
    overrides: Sequence[str] = (),
    *,
    schema: type[S],
    checks: Checks[S],
) -> Loaded[S]: ...


def load(
    path: str | os.PathLike[str],
    sets: Sequence[str] = (),
    overrides: Sequence[str] = (),
    *,
    schema: Any = None,
    checks: Any = None,
) -> Loaded[Any]:
    """Read a scenario file with everything that it stands on.

    Args:
        path: A YAML file.
        sets: Changes as `path=value`, applied last, to every variant.
        overrides: Names of the file's own `overrides`, applied in this order before *sets*.
        schema: Class of the whole file; `ScenarioFile` when left out.
        checks: What is wrong between keys; `sim.scenario.checks.problems` when *schema* is left out.

    Raises:
        ScenarioError: With every problem of the file, each with file, line, column and key.
    """
    if schema is None:
        from sim.scenario.checks import problems as real_checks
        from sim.scenario.schema import ScenarioFile

        schema, checks = ScenarioFile, checks or real_checks
    return _Load(schema, checks or (lambda _: ())).run(path, sets, overrides)


def load_laid(
    path: str | os.PathLike[str] | None,
    laid: Sequence[Node],
    *,
    schema: type[S],
    checks: Checks[S],
) -> Loaded[S]:
    """Read a file of another kind, which may extend others but has no variants, with changes from elsewhere laid over it.

    Args:
        path: A YAML file; None when everything that is said stands in *laid*.
        laid: Maps that know their places, such as what a command line says; later ones over earlier.
        schema: Class of the whole file.
        checks: What is wrong between keys.

    Raises:
        ScenarioError: With every problem, each with file, line, column and key.
    """
    return _Load(schema, checks, keys=("extends",)).run(path, (), (), laid)


def laid_over(tree: Node, changes: Sequence[Node], *, must_exist: bool = False) -> tuple[Node, list[Problem]]:
    """A scenario's *tree* with changes over it, dotted keys taken apart, and what is wrong with them.

    Args:
        tree: Of a loaded scenario.
        changes: Maps, in order.
        must_exist: Whether dotted keys may only lead through names that are there, as with `--set`.
    """
    loading = _scenario_load()
    for change in changes:
        tree = loading.over(tree, change, must_exist=must_exist)
    return tree, loading.problems


def examined(trees: Mapping[str, Node], what: str) -> tuple[dict[str, ScenarioFile], list[Problem]]:
    """The models of composed scenario trees by title, and everything that is wrong with them.

    Args:
        trees: By title; messages say in which of them a problem is.
        what: What messages call one of them, such as `cell`.
    """
    loading = _scenario_load(what)
    return loading.validate(trees), loading.problems


def _scenario_load(what: str = "variant") -> _Load[ScenarioFile]:
    from sim.scenario.checks import problems as real_checks
    from sim.scenario.schema import ScenarioFile

    return _Load(ScenarioFile, real_checks, what)


def in_order_of(files: Sequence[str], problems: Iterable[Problem]) -> ScenarioError:
    """All *problems*, each once, as one error: file by file, line by line."""
    order = {file: index for index, file in enumerate(files)}
    return ScenarioError.of(
        sorted(
            dict.fromkeys(problems),
            key=lambda p: (order.get(p.file, len(order)), _natural(p.file), p.line or 0, p.column or 0),
        )
    )


def shipped(name: str) -> Path | None:
    """The scenario of this *name* (`r1.yaml`) that ships with the package; None when there is none."""
    if not all(NAME_RE.fullmatch(part) for part in name.split("/")):
        return None
    for folder in _shipping_folders():
        if (folder / name).is_file():
            return folder / name
    return None


def _shipping_folders() -> tuple[Path, Path]:
    """Where shipped scenarios are in a checkout, and in an installed package."""
    here = Path(__file__).resolve()
    return here.parents[2] / "scenarios", here.parents[1] / "scenarios"


def schema_json(schema: type[Spec] | None = None) -> str:
    """JSON Schema of a scenario file, for editors.

    Nothing is `required` in it: what a file leaves out may stand in its base, which an editor does not see.
    """
    import json

    if schema is None:
        from sim.scenario.schema import ScenarioFile

        schema = ScenarioFile
    tree: dict[str, Any] = schema.model_json_schema()
    _for_editors(tree)
    fragment = {"type": "object", "description": "Changes; keys may be dotted paths, null deletes."}
    names: dict[str, Any] = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    tree["properties"] = {
        "extends": {
            **names,
            "description": "Files that this one changes, beside it or shipped, left to right.",
        },
        **tree["properties"],
        "overrides": {
            "type": "object",
            "description": "Named changes, applied when asked for by name.",
            "additionalProperties": fragment,
        },
        "variants": {
            "type": "object",
            "description": "What is compared: title → changes; `extends` names another variant.",
            "additionalProperties": {**fragment, "properties": {"extends": names}},
        },
    }
    return json.dumps(
        {"$schema": "https://json-schema.org/draft/2020-12/schema", **tree}, indent=2, ensure_ascii=False
    )


# --- loading ---


@dataclass(slots=True)
class _Sheet:
    """A file laid over its bases: the scenario, and what may be laid over it by name."""

    root: Node
    overrides: dict[str, Entry] = field(default_factory=dict)
    variants: dict[str, Entry] = field(default_factory=dict)


class _Load(Generic[S]):
    """One call of `load`."""

    def __init__(
        self,
        schema: type[S],
        checks: Checks[S],
        what: str = "variant",
        keys: tuple[str, ...] = LOADER_KEYS,
    ) -> None:
        self.schema = schema
        self.what = what
        self.keys = keys
        self.checks = checks
        self.problems: list[Problem] = []
        self.sheets: dict[str, _Sheet] = {}
        self.files: list[str] = []
        self.known_lineages: dict[str, list[str]] = {}

    def run(
        self,
        path: str | os.PathLike[str] | None,
        sets: Sequence[str],
        overrides: Sequence[str],
        laid: Sequence[Node] = (),
    ) -> Loaded[S]:
        shown = "".join(letter if letter.isprintable() else "?" for letter in os.fspath(path or ""))
        nothing = Place("the command line")
        sheet = _Sheet(Node({}, nothing, born=nothing)) if path is None else self.sheet(Path(path), shown, [])
        if sheet is None:
            raise self.error()
        asked = self.asked(sheet, overrides, shown)
        changes = self.changes(sets)
        trees: dict[str, Node] = {}
        for title, fragments in self.lineages(sheet).items():
            tree = sheet.root
            for entry in [*fragments, *asked]:
                tree = self.over(tree, entry.node)
            for change in changes:
                tree = self.over(tree, change, must_exist=True)
            for change in laid:
                tree = self.over(tree, change)
            trees[title] = replace(tree, place=sheet.root.place)
        models = self.validate(trees)
        if self.problems:
            raise self.error()
        return Loaded(Path(path or ""), models, trees, tuple(self.files), self.schema, tuple(sheet.overrides))

    def error(self) -> ScenarioError:
        return in_order_of(self.files, self.problems)

    def report(self, place: Place, path: str, message: str) -> None:
        self.problems.append(Problem(place.file, place.line, place.column, path, message))

    def split(self, path: Sequence[str], steps: Sequence[str], existing: Collection[str]) -> tuple[int, bool]:
        return shape.split(self.schema, path, steps, existing)

    def over(self, tree: Node, fragment: Node, *, must_exist: bool = False) -> Node:
        return Fold(self.problems, self.split, must_exist).merge(tree, fragment)

    # files

    def sheet(self, path: Path, shown: str, chain: list[tuple[str, str]]) -> _Sheet | None:
        """The file at *path* over its bases; None when it or one of them cannot be read."""
        key = shown if "\0" in str(path) else os.path.realpath(path)
        if key in self.sheets:
            return self.sheets[key]
        root, problems = read_file(path, shown)
        self.files.append(shown)
        self.problems += problems
        if root is None or not isinstance(root.data, dict):
            return None
        body = {name: entry for name, entry in root.data.items() if name not in self.keys}
        sheet = _Sheet(Node({}, root.place, born=root.place))
        whole = True
        for base in self.bases(root, path, shown, [*chain, (key, shown)]):
            if base is None:
                whole = False
                continue
            sheet.root = Fold(self.problems).merge(sheet.root, base.root)
            sheet.overrides |= base.overrides
            sheet.variants |= base.variants
        own = replace(root, data=body)
        if whole:
            merged = Fold(self.problems).merge(sheet.root, own)
            sheet.root = replace(merged, place=root.place, born=root.place)
        for name, into in (("overrides", sheet.overrides), ("variants", sheet.variants)):
            if name in self.keys:
                self.fragments(root.data.get(name), name, into)
        if not whole:
            return None
        self.sheets[key] = sheet
        return sheet

    def bases(
        self, root: Node, path: Path, shown: str, chain: list[tuple[str, str]]
    ) -> Iterator[_Sheet | None]:
        """The sheets that `extends` names; None for one that cannot be had."""
        for item in self.names(root, "extends", "the name of a file"):
            name = str(item.data)
            there, there_shown = path.parent / name, os.path.normpath(Path(shown).parent / name)
            if "\0" in name or not there.is_file():
                ours = shipped(name)
                if ours is None:
                    self.report(
                        item.place, "extends", f"there is no {there_shown}{self.near_file(path, name)}"
                    )
                    yield None
                    continue
                there, there_shown = ours, _from_here(ours)
            key = os.path.realpath(there)
            keys = [step for step, _ in chain]
            if key in keys:
                circle = [step for _, step in chain[keys.index(key) :]]
                self.report(
                    item.place, "extends", f"goes round in a circle: {' → '.join([*circle, circle[0]])}"
                )
                yield None
            elif len(chain) >= MOST_BASES:
                self.report(item.place, "extends", f"is a chain of more than {MOST_BASES} files")
                yield None
            else:
                yield self.sheet(there, there_shown, chain)

    def near_file(self, path: Path, name: str) -> str:
        there = [
            file.name
            for folder in (path.parent, *_shipping_folders())
            if folder.is_dir()
            for file in sorted(folder.glob("*.y*ml"))[:1000]
        ]
        # By the name without its ending, which would make any two files alike.
        stems = {Path(file).stem: file for file in there}
        close = [stems[stem] for stem in difflib.get_close_matches(Path(name).stem, stems, 1)]
        return ", nor does one of this name ship" + (f"; did you mean {close[0]}?" if close else "")

    def names(self, node: Node, key: str, what: str, path: str | None = None) -> list[Node]:
        """The text, or list of texts, under *key*."""
        path = path or key
        entry = node.data.get(key) if isinstance(node.data, dict) else None
        if entry is None:
            return []
        items = entry.node.data if isinstance(entry.node.data, tuple) else (entry.node,)
        good = [item for item in items if isinstance(item.data, str) and item.data]
        for item in items:
            if item not in good:
                self.report(item.place, path, f"must be {what}, or a list of such names")
        return good

    # fragments

    def fragments(self, entry: Entry | None, section: str, into: dict[str, Entry]) -> None:
        """Read `overrides:` or `variants:` of one file."""
        if entry is None:
            return
        if not isinstance(entry.node.data, dict):
            self.report(
                entry.key, section, "must be a map of names, each with its changes; write {} for none"
            )
            return
        for name, item in entry.node.data.items():
            path = f"{section}.{name}"
            problem = name_problem(name, spaces=section == "variants")
            if problem is not None:
                self.report(item.key, path, f"the name {problem}")
            elif item.node.data is None and name in into:
                del into[name]
            elif item.node.data is None:
                self.report(item.key, path, "is empty; write {} for no changes")
            elif not isinstance(item.node.data, dict):
                self.report(
                    item.node.place, path, "must be a map of changes, such as {calendar.until: '18:00'}"
                )
            else:
                for key in LOADER_KEYS:
                    if key in item.node.data and not (section == "variants" and key == "extends"):
                        self.report(
                            item.node.data[key].key, f"{path}.{key}", "can only stand at the top of a file"
                        )
                into[name] = item

    def asked(self, sheet: _Sheet, overrides: Sequence[str], shown: str) -> list[Entry]:
        """The overrides of these names."""
        found = []
        for name in overrides:
            if name in sheet.overrides:
                found.append(_without(sheet.overrides[name], LOADER_KEYS))
            else:
                known = f"; it has {', '.join(sheet.overrides)}" if sheet.overrides else "; it has none"
                message = f"there is no override {name!r}{_hint(name, sheet.overrides) or known}"
                self.problems.append(Problem(shown, None, None, "overrides", message))
        return found

    def lineages(self, sheet: _Sheet) -> dict[str, list[Entry]]:
        """For every variant: its changes, those of the variants that it extends first."""
        if not sheet.variants:
            return {ONLY_VARIANT: []}
        return {
            title: [_without(sheet.variants[step], LOADER_KEYS) for step in self.lineage(sheet, title, [])]
            for title in sheet.variants
        }

    def lineage(self, sheet: _Sheet, title: str, chain: list[str]) -> list[str]:
        """Titles whose changes make up the variant, its own last."""
        if title in self.known_lineages:
            return self.known_lineages[title]
        steps: dict[str, None] = {}
        path = f"variants.{title}.extends"
        for item in self.names(sheet.variants[title].node, "extends", "the title of a variant", path):
            other = str(item.data)
            line = [*chain, title]
            if other in line:
                circle = " → ".join([*line[line.index(other) :], other])
                self.report(item.place, path, f"goes round in a circle: {circle}")
            elif other not in sheet.variants:
                self.report(item.place, path, f"there is no variant {other!r}{_hint(other, sheet.variants)}")
            elif len(line) > MOST_BASES:
                self.report(item.place, path, f"is a chain of more than {MOST_BASES} variants")
            else:
                steps |= dict.fromkeys(self.lineage(sheet, other, line))
        self.known_lineages[title] = [*steps, title]
        return self.known_lineages[title]

    def changes(self, sets: Sequence[str]) -> list[Node]:
        """`path=value` texts as trees of one entry."""
        found = []
        for number, text in enumerate(sets, 1):
            place = Place(f"--set {number}")
            path, equals, value = text.partition("=")
            path = path.strip()
            if not equals or not path:
                self.report(
                    place, "", f"is {text[:60]!r}, and must be path=value, such as demand.busy_day_cv=0.2"
                )
                continue
            if path.split(".")[0] in LOADER_KEYS:
                self.report(place, path, "cannot be set; change the file, or ask for an override by name")
                continue
            if not value.strip():
                self.report(place, path, "has no value after the '='; null deletes the key")
                continue
            node, problems = read_text(value.strip(), place.file, located=False)
            self.problems += [replace(problem, path=path) for problem in problems]
            if node is not None and not problems:
                found.append(Node({path: Entry(place, node)}, place))
        return found

    # validation

    def validate(self, trees: Mapping[str, Node]) -> dict[str, S]:
        """The models; what is wrong with them is reported once, with the variants that it concerns."""
        models: dict[str, S] = {}
        met: dict[Problem, list[str]] = {}
        for title, tree in trees.items():
            model, found = self.examine(tree)
            if model is not None:
                models[title] = model
            for issue in found:
                place = issue.place
                problem = Problem(place.file, place.line, place.column, _dotted(issue.path), issue.message)
                met.setdefault(problem, []).append(title)
        for problem, met_in in met.items():
            titles = list(dict.fromkeys(met_in))
            named = f" (in {self.what}{'s' if len(titles) > 1 else ''} {', '.join(titles)})"
            if self.what != "variant" and len(titles) > 1:  # there may be thousands, with long names
                named = f" (in {self.what} {titles[0]}, and {len(titles) - 1} more)"
            where = "" if len(titles) == len(trees) else named
            self.problems.append(replace(problem, message=problem.message + where))
        return models

    def examine(self, tree: Node) -> tuple[S | None, list[Issue]]:
        """The model of one tree, or everything that is wrong with it."""
        model, found = self.parse(tree)
        if model is not None:
            return model, [_located(tree, path, message) for path, message in self.checks(model)]
        # What stands beside the faults is checked with harmless values in their place: two sets of them, far
        # apart, so that a problem that a stand-in makes is not taken for the user's.
        if len(found) > MOST_MENDED:
            return None, found
        trials = [self.trial(tree, found, which) for which in (0, 1)]
        found += [issue for issue in trials[0][1] if issue not in found]
        wrong = [issue.path for issue in found]
        between = [
            _located(tree, path, message)
            for path, message in trials[0][0]
            if (path, message) in trials[1][0] and not any(_related(path, other) for other in wrong)
        ]
        return None, found + between

    def parse(self, tree: Node) -> tuple[S | None, list[Issue]]:
        try:
            return self.schema.model_validate(plain(tree), context=Written(_floats(tree))), []
        except pydantic.ValidationError as error:
            return None, issues(error, self.schema, tree)

    def trial(
        self, tree: Node, found: list[Issue], which: int
    ) -> tuple[list[tuple[tuple[str | int, ...], str]], list[Issue]]:
        """Problems between keys once the faults are mended, and the faults that mending brought to light."""
        more: list[Issue] = []
        faults = found
        mended: list[shape.Path] = []
        for _ in range(MOST_ROUNDS):
            try:
                for fault in faults:
                    tree = _mended(tree, fault, which)
                    mended.append(fault.path)
            except shape.CannotFillError:
                return [], more
            model, faults = self.parse(tree)
            if model is not None:
                try:
                    return list(self.checks(model)), more
                except Exception:  # noqa: BLE001  the stand-ins may be more than the checks expect, and there is enough to report
                    return [], more
            more += [fault for fault in faults if not any(_related(fault.path, path) for path in mended)]
        return [], more


def _without(entry: Entry, keys: Iterable[str]) -> Entry:
    data = entry.node.data
    assert isinstance(data, dict), "fragments that are no map were refused"
    kept = {key: item for key, item in data.items() if key not in keys}
    return replace(entry, node=replace(entry.node, data=kept))


def _floats(node: Node) -> Iterator[float]:
    if isinstance(node.data, dict):
        for entry in node.data.values():
            yield from _floats(entry.node)
    elif isinstance(node.data, tuple):
        for item in node.data:
            yield from _floats(item)
    elif isinstance(node.data, float):
        yield node.data


def _located(tree: Node, path: tuple[str | int, ...], message: str) -> Issue:
    """A problem between keys, at the last key of *path* that somebody wrote."""
    node = tree
    for step in path:
        child = node.child(step)
        if child is None:
            break
        node = child
    return Issue("between", tuple(path), node.place, message)


def _related(path: Sequence[str | int], other: Sequence[str | int]) -> bool:
    """Whether one is a part of the other."""
    return all(str(a) == str(b) for a, b in zip(path, other, strict=False))


def _mended(tree: Node, fault: Issue, which: int) -> Node:
    """*tree* without *fault*.

    Raises:
        CannotFillError: There is no harmless way.
    """
    if not fault.path or fault.kind == "key":
        raise shape.CannotFillError
    *above, last = fault.path
    if fault.kind == "unknown":

        def drop(entries: dict[str, Entry]) -> None:
            entry = entries.pop(str(last), None)
            if entry is not None and fault.suggestion and fault.suggestion not in entries:
                entries[fault.suggestion] = entry

        return _edited(tree, above, drop)
    stand_in = _node(shape.fill(fault.hints, which), fault.place)
    parent = tree.at(tuple(above))
    if parent is not None and isinstance(parent.data, tuple):
        return _replaced(tree, fault.path, stand_in)

    def write(entries: dict[str, Entry]) -> None:
        old = entries.get(str(last))
        entries[str(last)] = Entry(old.key if old else fault.place, stand_in)

    return _edited(tree, above, write)


def _edited(tree: Node, path: Sequence[str | int], edit: Callable[[dict[str, Entry]], None]) -> Node:
    """*tree* with the map at *path* edited."""
    node = tree.at(tuple(path))
    if node is None or not isinstance(node.data, dict):
        raise shape.CannotFillError
    entries = dict(node.data)
    edit(entries)
    return _replaced(tree, tuple(path), replace(node, data=entries))


def _replaced(tree: Node, path: tuple[str | int, ...], new: Node) -> Node:
    """*tree* with *new* at *path*."""
    if not path:
        return new
    step, rest = path[0], path[1:]
    child = tree.child(step)
    if child is None:
        raise shape.CannotFillError
    if isinstance(tree.data, tuple):
        index = int(step)
        return replace(tree, data=(*tree.data[:index], _replaced(child, rest, new), *tree.data[index + 1 :]))
    assert isinstance(tree.data, dict), "a node with children is a list or a map"
    entries = dict(tree.data)
    entries[str(step)] = replace(entries[str(step)], node=_replaced(child, rest, new))
    return replace(tree, data=entries)


def _node(value: Any, place: Place) -> Node:
    """Plain values as a tree that stands at one place."""
    if isinstance(value, dict):
        return Node({key: Entry(place, _node(item, place)) for key, item in value.items()}, place, born=place)
    return Node(value, place, str(value))


# --- small things ---


def _natural(file: str) -> tuple[int, str]:
    """`--set 2` before `--set 10`, files by name."""
    option, _, number = file.rpartition(" ")
    return (int(number), option) if option.startswith("--") and number.isdecimal() else (0, file)


def _dotted(path: Iterable[str | int]) -> str:
    return ".".join(text if (text := str(step)).isprintable() else repr(text)[1:-1] for step in path)


def _hint(word: str, known: Iterable[str]) -> str:
    close = close_match(word, known)
    return f"; did you mean {close}?" if close else ""


def _from_here(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _jsonable(item) for key, item in value.items()}
    return [_jsonable(item) for item in value] if isinstance(value, tuple) else value


def _steps(schema: type[Spec], tree: Node, dotted: str) -> tuple[str, ...]:
    """A dotted path as keys, names with dots kept whole."""
    rest = dotted.split(".")
    steps: list[str] = []
    while rest:
        node = tree.at(tuple(steps))
        existing = list(node.data) if node is not None and isinstance(node.data, dict) else []
        length, _ = shape.split(schema, steps, rest, existing)
        steps.append(".".join(rest[:length]))
        rest = rest[length:]
    return tuple(steps)


def _value_at(model: Any, steps: Sequence[str]) -> tuple[Any, str, bool]:
    """What a model holds at a path, what the schema says about it, and whether there is such a path."""
    value, doc = model, ""
    for step in steps:
        if isinstance(value, pydantic.BaseModel):
            names = {info.alias or name: name for name, info in type(value).model_fields.items()}
            if step not in names:
                return None, "", False
            doc = type(value).model_fields[names[step]].description or ""
            value = getattr(value, names[step])
        elif isinstance(value, Mapping):
            key = step if step in value else clock_s(step)
            if key not in value:
                return None, "", False
            value = value[key]
        elif isinstance(value, tuple) and step.isdecimal() and len(step) < 9 and int(step) < len(value):
            value = value[int(step)]
        else:
            return None, "", False
    return value, doc, True


def _worded(value: Any, hints: Sequence[shape.Hint]) -> str:
    """A value of a model as a file would write it."""
    if isinstance(value, pydantic.BaseModel):
        keys = {info.alias or name: name for name, info in type(value).model_fields.items()}
        parts = {key: getattr(value, name) for key, name in keys.items()}
        below = [shape.Hint(type(value))]
        return (
            "{"
            + ", ".join(
                f"{k}: {_worded(v, shape.below(below, k))}" for k, v in parts.items() if v is not None
            )
            + "}"
        )
    if isinstance(value, Mapping):
        return (
            "{" + ", ".join(f"{k}: {_worded(v, shape.below(hints, str(k)))}" for k, v in value.items()) + "}"
        )
    if isinstance(value, tuple):
        return (
            "["
            + ", ".join(_worded(item, shape.below(hints, index)) for index, item in enumerate(value))
            + "]"
        )
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    write = next((hint.says.write for hint in hints if isinstance(hint.says, Says) and hint.says.write), None)
    return write(value) if write is not None and isinstance(value, int | float) else str(value)


def _for_editors(part: Any) -> None:
    """Loosen a JSON Schema for files that stand on others, and write its defaults as people do."""
    if isinstance(part, list):
        for item in part:
            _for_editors(item)
    elif isinstance(part, dict):
        if isinstance(part.get("required"), list):
            del part["required"]
        if isinstance(part.get("oneOf"), list):
            part["anyOf"] = part.pop("oneOf")
        if "default" in part:
            text = _default(part)
            if text is None:
                del part["default"]
            else:
                part["default"] = text
        for key, item in part.items():
            if key != "default":
                _for_editors(item)


def _default(part: dict[str, Any]) -> Any:
    """The default of a property as a file would write it; None when it has a form that no file has."""
    from sim.scenario.values import in_clock, in_units

    default = part["default"]
    kinds = [part, *part.get("anyOf", ()), *part.get("prefixItems", ()), part.get("items", {})]
    units = {kind["x-unit"] for kind in kinds if isinstance(kind, dict) and "x-unit" in kind}
    write = {"seconds": in_units, "seconds since midnight": in_clock}
    if isinstance(default, dict):
        return None if default else {}
    for unit in units:
        if isinstance(default, list):
            return [write[unit](item) for item in default]
        if isinstance(default, int | float) and not isinstance(default, bool):
            return write[unit](default)
    return default

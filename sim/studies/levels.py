"""Factors of a study and their levels: what each changes in a scenario, as a variant would, or by moving thresholds from where they are."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import ValidationError

from sim.orchestration.routing import threshold_matrix
from sim.scenario.schema import CellSpec, ThresholdsSpec
from sim.scenario.tree import Entry, Node, Place, plain, read_text, written
from sim.scenario.values import Share, Spec
from sim.studies.file import span

AS_IS = "as is"
"""Label of a level that changes nothing."""


class MatrixFile(Spec):
    """A whole matrix of thresholds."""

    ai: Share
    monitored: Share
    cells: dict[str, CellSpec] = {}  # noqa: RUF012  pydantic copies it
    """`intent.channel.segment`, as in `routing.thresholds.cells`."""


class LearnedRouting(Spec):
    by: Literal["confidence"] = "confidence"
    thresholds: MatrixFile


class LearnedFile(Spec):
    """The same as a base for scenarios, as `blendsim thresholds --out` writes it."""

    routing: LearnedRouting


@dataclass(frozen=True, slots=True)
class Offset:
    """Moves thresholds of some cells of the matrix."""

    cell: str
    by: float
    band: str
    place: Place


@dataclass(frozen=True, slots=True)
class Level:
    label: object
    """As the study shows and keeps it: a number, or words."""
    changes: tuple[Node, ...] = ()
    must_exist: bool = False
    overrides: tuple[str, ...] = ()
    offset: Offset | None = None
    clears: tuple[str, ...] = ()
    """Path of a map that is emptied before `changes` are laid over it."""


@dataclass(frozen=True, slots=True)
class Factor:
    name: str
    path: tuple[str | int, ...]
    levels: tuple[Level, ...]
    between: tuple[str, Node] | None = None
    """Instead of levels: a range, and where it stands."""


Point = tuple[Level, ...]


AXES = ("intent", "channel", "segment")


def short(cell: str) -> str:
    """`billing.*.*` as `billing`."""
    while cell.endswith(".*"):
        cell = cell[:-2]
    return cell


def label_of(node: Node) -> object:
    """What a level is called that sets a value: a number, or words."""
    data = node.data
    return data if isinstance(data, bool | int | float | str) else written(node) or "null"


def level_of(key: str, node: Node, key_at: Place | None = None) -> Level:
    """The level that sets *key*, written at *key_at*, to what *node* holds."""
    change = Node({key: Entry(key_at or node.place, node)}, node.place)
    return Level(label_of(node), (change,), must_exist=True)


def number_level(key: str, text: str, place: Place) -> Level:
    """The level that sets *key* to a number that a file would write as *text*."""
    node, _ = read_text(text, place.file, located=False)
    assert node is not None, "a number with or without a unit"
    return level_of(key, replace(node, place=place))


def level_at(factor: Factor, share: float) -> Level:
    """The level at a share of the way through a factor."""
    if factor.between is None:
        return factor.levels[min(int(share * len(factor.levels)), len(factor.levels) - 1)]
    key, node = factor.between
    found = span(str(node.data))
    assert found is not None, "the file was checked"
    low, high, unit, places = found
    if places == 0:
        return number_level(key, f"{int(low) + int(share * (int(high) - int(low) + 1))}{unit}", node.place)
    value = float(low) + share * float(high - low)
    return number_level(key, f"{value:.{places + 2}f}{unit}", node.place)


def chosen(factor: Factor, node: Node) -> Level | None:
    """The level of a factor that a point names."""
    label = label_of(node)
    for level in factor.levels:
        if level.label == label or str(level.label) == str(label):
            return level
    if factor.between is None:
        return None
    found = span(str(factor.between[1].data))
    assert found is not None, "the file was checked"
    low, high, unit, _ = found
    text = str(label).removesuffix(unit)
    try:
        inside = float(low) <= float(text) <= float(high)
    except ValueError:
        return None
    return level_of(factor.between[0], node) if inside else None


def listed(factor: Factor) -> str:
    """The levels that there are, in words."""
    if factor.between is not None:
        return f"the factor goes over {factor.between[1].data}"
    return f"there are {', '.join(str(level.label) for level in factor.levels)}"


def nothing_at(path: Sequence[str], place: Place) -> Node:
    """The change that takes away what stands at a path."""
    node = Node(None, place, "null")
    for step in reversed(path):
        node = Node({step: Entry(place, node)}, place)
    return node


def moved(tree: Node, offset: Offset) -> Node:
    """The change that moves the thresholds of some cells from where *tree* has them."""
    axes: list[list[str]] = []
    for field in ("intents", "channels", "segments"):
        node = tree.at((field,))
        axes.append(list(node.data) if node is not None and isinstance(node.data, dict) else ["standard"])
    thresholds = tree.at(("routing", "thresholds"))
    nothing = Node({}, offset.place)
    if thresholds is None:
        spec = ThresholdsSpec()
    else:
        try:
            spec = ThresholdsSpec.model_validate(plain(thresholds))
        except ValidationError:  # is reported with everything else
            return nothing
    rules = {cell: at for cell, one in spec.cells.items() if (at := getattr(one, offset.band)) is not None}
    matrix = threshold_matrix(rules, getattr(spec, offset.band), *axes)
    cells: dict[str, Entry] = {}
    wanted = offset.cell.split(".")
    for at, names in zip(matrix.ravel(), itertools.product(*axes), strict=True):
        if all(want in ("*", name) for want, name in zip(wanted, names, strict=True)):
            value = round(float(at) + offset.by, 12)
            number = Node(value, offset.place, f"{value:g}")
            cell = Node({offset.band: Entry(offset.place, number)}, offset.place)
            cells[".".join(names)] = Entry(offset.place, cell, quoted=True)
    node = Node(cells, offset.place)
    for step in ("cells", "thresholds", "routing"):
        node = Node({step: Entry(offset.place, node)}, offset.place)
    return node

"""What the schema says about a key: which keys may stand there, what a value must look like, how a dotted path splits.

Works on the pydantic classes alone; a value that may be one of several things (`PositiveSeconds | Literal["never"]`)
is a list of `Hint`, one for each.
"""

from __future__ import annotations

import types
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pydantic
from pydantic.fields import FieldInfo

from sim.scenario.values import MOMENT_SAYS, Moment, Says, in_order

MOST_KEYS_LISTED = 12
Path = tuple[str | int, ...]


class CannotFillError(Exception):
    """There is no harmless value to stand in: the names that a map or list would hold are not known."""


@dataclass(frozen=True, slots=True)
class Hint:
    """One thing that a value may be: a bare type and what `Annotated` said about it."""

    type: Any
    says: Says | None = None


def hints_of(annotation: Any, says: Says | None = None) -> Iterator[Hint]:
    """Everything that *annotation* allows, None left out."""
    if hasattr(annotation, "__value__"):  # `type X = ...`
        annotation = annotation.__value__
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *metadata = get_args(annotation)
        yield from hints_of(inner, _says(metadata) or says)
    elif origin in (Union, types.UnionType):
        for option in get_args(annotation):
            yield from hints_of(option, says)
    elif annotation is Moment:
        yield Hint(Moment, MOMENT_SAYS)
    elif annotation is not type(None) and annotation is not None:
        yield Hint(annotation, says)


def _says(metadata: Iterable[Any]) -> Says | None:
    return next((item for item in metadata if isinstance(item, Says)), None)


def model_of(hint: Hint) -> type[pydantic.BaseModel] | None:
    """The pydantic class of *hint*, None when it is none."""
    return hint.type if isinstance(hint.type, type) and issubclass(hint.type, pydantic.BaseModel) else None


def fields_of(model: type[pydantic.BaseModel]) -> dict[str, FieldInfo]:
    """Fields by the key that a file uses for them."""
    return {info.alias or name: info for name, info in model.model_fields.items()}


def field_hints(info: FieldInfo) -> list[Hint]:
    """What the value of a field may be."""
    return list(hints_of(info.annotation, _says(info.metadata)))


def is_open_map(hint: Hint) -> bool:
    """Whether it is a map whose keys the user invents."""
    origin = get_origin(hint.type) or hint.type
    return isinstance(origin, type) and issubclass(origin, Mapping)


def is_list(hint: Hint) -> bool:
    """Whether it is a sequence."""
    origin = get_origin(hint.type) or hint.type
    return isinstance(origin, type) and issubclass(origin, tuple | list | set | frozenset)


def below(hints: Iterable[Hint], step: str | int) -> list[Hint]:
    """What stands one step further down, empty when nothing may."""
    found: list[Hint] = []
    for hint in hints:
        model = model_of(hint)
        args = get_args(hint.type)
        if model is not None:
            info = fields_of(model).get(str(step))
            found += field_hints(info) if info else []
        elif is_open_map(hint):
            found += hints_of(args[1]) if len(args) == 2 else []
        elif is_list(hint) and args and str(step).isdecimal():
            index = int(step) if len(str(step)) < 9 else len(args)
            if (len(args) == 2 and args[1] is Ellipsis) or len(args) == 1:
                found += hints_of(args[0])
            elif index < len(args):
                found += hints_of(args[index])
    return found


def at(schema: type[pydantic.BaseModel], path: Iterable[str | int]) -> list[Hint]:
    """What may stand at *path*."""
    hints = [Hint(schema)]
    for step in path:
        hints = below(hints, step)
    return hints


def narrowed(hints: list[Hint], label: str) -> list[Hint]:
    """The hints that pydantic's *label* of a union member speaks of; all of them when that is not clear."""
    named = [hint for hint in hints if (model := model_of(hint)) is not None and model.__name__ == label]
    tagged = [
        hint
        for hint in hints
        if (model := model_of(hint)) is not None
        and any(
            get_origin(option.type) is Literal
            and label in map(str, get_args(option.type))
            and info.is_required()
            for info in model.model_fields.values()
            for option in field_hints(info)
        )
    ]
    return named or tagged or hints


def legal_keys(hints: Iterable[Hint]) -> list[str]:
    """Keys that the schema itself names."""
    keys: dict[str, None] = {}
    for hint in hints:
        model = model_of(hint)
        if model is not None:
            keys |= dict.fromkeys(fields_of(model))
    return list(keys)


def options(hint: Hint) -> list[str]:
    """The words that a value is chosen from, empty when it is not."""
    if get_origin(hint.type) is Literal:
        return [str(option) for option in get_args(hint.type)]
    if isinstance(hint.type, type) and issubclass(hint.type, Enum):
        return [str(option.value) for option in hint.type]
    return []


def needs(hints: Iterable[Hint]) -> str:
    """In words, with an article: `a duration such as 30s or never`."""
    words: dict[str, None] = {}
    for hint in hints:
        for text in _needs(hint):
            words[text] = None
    return in_order(words) or "another value"


def _needs(hint: Hint) -> list[str]:
    if hint.says is not None:
        return [hint.says.needs]
    choices = options(hint)
    if choices:
        return choices
    model = model_of(hint)
    if model is not None:
        required = [key for key, info in fields_of(model).items() if info.is_required()]
        keys = required or list(fields_of(model))
        listed = in_order(keys, "and") if len(keys) <= 6 else ", ".join(keys[:6]) + " …"
        return [f"a map with {listed}" if required else f"a map with any of {listed}"]
    if is_open_map(hint):
        return ["a map"]
    if is_list(hint):
        args = get_args(hint.type)
        fixed = (
            isinstance(hint.type, types.GenericAlias)
            and get_origin(hint.type) is tuple
            and Ellipsis not in args
        )
        return [f"a list of {len(args)}" if fixed else "a list"]
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    return [names.get(hint.type, f"a {getattr(hint.type, '__name__', 'value')}")]


def fill(hints: Sequence[Hint], which: int) -> Any:
    """A harmless legal value.

    Args:
        hints: What may stand there.
        which: 0 or 1, for values far apart.

    Raises:
        CannotFillError: Only a name, map or list would do, and other parts of the file may refer to it.
    """
    for hint in hints:
        choices = get_args(hint.type) if get_origin(hint.type) is Literal else ()
        if hint.says is not None:
            if hint.says.examples is None:
                continue
            return hint.says.examples[which]
        if choices:
            return choices[-which]
        if hint.type in (bool, int, float, str):
            return {bool: (False, True), int: (1, 2), float: (0.5, 1.0), str: ("x", "y")}[hint.type][which]
        model = model_of(hint)
        if model is not None:
            return {
                key: fill(field_hints(info), which)
                for key, info in fields_of(model).items()
                if info.is_required()
            }
    raise CannotFillError


def split(
    schema: type[pydantic.BaseModel], path: Sequence[str], steps: Sequence[str], existing: Collection[str]
) -> tuple[int, bool]:
    """How many *steps* of a dotted path make up the next key.

    Names may hold dots (`fleets.v2.1.sessions`, a cell `billing.chat.*`): an existing key wins, the longest first;
    then the shortest key after which the schema knows how to go on.

    Args:
        schema: Class of the whole file.
        path: Keys down to the map in question.
        steps: What is left of the dotted path.
        existing: Keys of that map.

    Returns:
        How many of the steps are the key, and whether the map is one whose keys the user invents.
    """
    hints = at(schema, path)
    invented = any(is_open_map(hint) for hint in hints)
    if len(steps) == 1:
        return 1, invented
    for length in range(len(steps), 0, -1):
        if ".".join(steps[:length]) in existing:
            return length, invented
    if not invented or steps[0] in legal_keys(hints):
        return 1, invented
    values = below([hint for hint in hints if is_open_map(hint)], steps[0])
    for length in range(1, len(steps)):
        if any(is_open_map(hint) for hint in values) or below(values, steps[length]):
            return length, invented
    return len(steps), invented

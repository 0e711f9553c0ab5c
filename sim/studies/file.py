"""What a study file may say: which scenarios, which factors, which combinations, how often, and what is wanted to know.

```yaml
question: Which thresholds cost least?
scenario: r1.yaml                          # or a map with file, variants, overrides, changes; or a list of these
factors:
  routing.thresholds.ai: 0.80:0.98:0.02    # a key, from 0.80 to 0.98 by 0.02
  fleets.C.sessions: [40, 80]              # a key and its levels
  desk:                                    # levels that set several keys each
    manual: { desk.mode: manual, desk.poll: 5m }
    automated: { desk.mode: automated }
replications: 20
figures: [service_level, cost_per_contact, asa queue=voice 10:00-13:00]
```

What is wrong with the file alone is found here; what is wrong with it and the scenarios that it names, in `sim.studies.design`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from sim.scenario.values import Count, Name, PositiveCount, Spec, Title, name_problem

MOST_CELLS = 100_000
"""More combinations than that are a slip of the pen."""
_NUMBER = r"([-+]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+))"
_UNIT = r" ?([a-z]{1,2}|%|)"
_STEPS = re.compile(rf"{_NUMBER}{_UNIT}:{_NUMBER}{_UNIT}:{_NUMBER}{_UNIT}")
_SPAN = re.compile(rf"{_NUMBER}{_UNIT}\.\.{_NUMBER}{_UNIT}")
RANGES = (
    "a range such as 0.80:0.98:0.02 (from:to:step) or 0.80..0.98 (anything between, for a Latin hypercube)"
)


class SourceSpec(Spec):
    """A scenario file, and what of it takes part."""

    file: str
    """Beside the study, or one that ships."""
    variants: tuple[Title, ...] = ()
    """Only these; all when none is named."""
    overrides: tuple[Name, ...] = ()
    """The file's own overrides, applied in this order."""
    changes: dict[str, Any] = {}  # noqa: RUF012  pydantic copies it
    """Keys of the scenario and their values; what holds in every cell."""


def _source(value: Any) -> Any:
    return {"file": value} if isinstance(value, str) else value


def _sources(value: Any) -> Any:
    return value if isinstance(value, tuple) else (value,)


Source = Annotated[SourceSpec, BeforeValidator(_source)]
Sources = Annotated[tuple[Source, ...], BeforeValidator(_sources)]


class FactorSpec(Spec):
    """One thing that is varied, in one of five ways: a range, levels, overrides, threshold matrices, offsets of thresholds."""

    key: str | None = None
    """Of the scenario; the factor's own name when left out."""
    range: str | None = None
    """`0.80:0.98:0.02`: from, to, step, the end included. `0.80..0.98`: anything between, for a Latin hypercube."""
    levels: tuple[Any, ...] | dict[str, Any] | None = None
    """Values of the key; or names, each with the keys that it sets, as in a variant."""
    overrides: tuple[Name | tuple[Name, ...], ...] | None = None
    """Overrides of the scenario's file, one a level; `[]` for none, `[a, b]` for both."""
    matrices: tuple[str, ...] | None = None
    """Files with whole threshold matrices (`ai`, `monitored`, `cells`), one a level; each replaces the scenario's thresholds."""
    cell: str | None = None
    """Cells of the threshold matrix, `intent.channel.segment` with `*` for any, that are moved by `offsets`."""
    one_at_a_time: tuple[Literal["intent", "channel", "segment"], ...] | None = None
    """The cells along these axes are moved by `offsets`, one after the other, the rest staying as it is."""
    offsets: tuple[float, ...] | None = None
    """What is added to the thresholds of the cells."""
    band: Literal["ai", "monitored"] = "ai"
    """Which threshold is moved."""


WAYS = ("range", "levels", "overrides", "matrices", "offsets")
_FIELDS = frozenset(FactorSpec.model_fields)


def _factor(value: Any) -> Any:
    if isinstance(value, str):
        return {"range": value}
    if isinstance(value, tuple):
        return {"levels": value}
    if isinstance(value, dict) and value and not _FIELDS & set(value):
        return {"levels": value}
    return value


Factor = Annotated[FactorSpec, BeforeValidator(_factor)]


class DesignSpec(Spec):
    """Which combinations are run; everything with everything when nothing is said."""

    latin_hypercube: PositiveCount | None = None
    """So many points, spread evenly over every factor (McKay, Beckman & Conover 1979)."""
    seed: Count = 1
    """Of the hypercube."""
    points: tuple[dict[str, Any], ...] = ()
    """These points alone: factor, or any key of the scenario, and its level."""


def _design(value: Any) -> Any:
    return {} if value == "full" else value


Design = Annotated[DesignSpec, BeforeValidator(_design)]


class StudyFile(Spec):
    """One study: one question, many runs."""

    question: str = ""
    """What is to be found out, in one sentence; the scenario's own question when left out."""
    scenario: Sources
    """One scenario file, or several; each can be a map with `file`, `variants`, `overrides` and `changes`."""
    factors: dict[str, Factor] = {}  # noqa: RUF012  pydantic copies it
    design: Design = DesignSpec()
    """`full` (everything with everything), `{latin_hypercube: 50}`, or `{points: [...]}`."""
    replications: PositiveCount | None = None
    """Of every cell; the scenario's number when left out. With `precision`: how many there are at least."""
    seed: Count | None = None
    """Other customers; the scenario's seed when left out."""
    figures: tuple[str, ...] = ("service_level", "abandonment", "containment", "cost_per_contact")
    """What is wanted to know: `service_level`, `asa queue=voice`, `service_level 10:00-13:00`."""
    precision: dict[str, Any] = {}  # noqa: RUF012  pydantic copies it
    """Figure → half-width of its 95 % interval that is wanted in every cell: `0.005`, `2s`, or `5 % of value`."""
    at_most: PositiveCount = 200
    """Replications of a cell, however wide its intervals still are."""
    reference: dict[str, Any] = {}  # noqa: RUF012  pydantic copies it
    """Factor → level of the cell that all others are compared with; the first cell when left out."""


def problems(study: StudyFile) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What is wrong between the keys of a study file."""
    if not study.scenario:
        yield ("scenario",), "is an empty list; name a scenario file"
    for k, source in enumerate(study.scenario):
        yield from ((("scenario", k, "changes", *path), message) for path, message in _own(source.changes))
    for name, factor in study.factors.items():
        yield from ((("factors", name, *path), message) for path, message in _of_factor(name, factor))
    yield from _of_design(study)
    if not study.figures:
        yield ("figures",), "is an empty list; name at least one figure, such as service_level"
    if study.precision and study.replications is not None and study.at_most < study.replications:
        yield ("at_most",), f"is {study.at_most}, below the {study.replications} replications to begin with"


STUDYS_OWN = {
    "seed": "a study has one seed, so that all cells meet the same customers; set it at the top of the study",
    "replications": "set it at the top of the study",
    "records": "a study keeps no contacts, whatever the scenario says",
}


def _own(changes: Iterable[str]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for key in changes:
        if key in STUDYS_OWN:
            yield (key,), STUDYS_OWN[key]


def _of_factor(name: str, factor: FactorSpec) -> Iterator[tuple[tuple[str | int, ...], str]]:
    problem = name_problem(name.split(".", maxsplit=1)[0], spaces=True)
    if problem is not None or not name.isprintable() or len(name) > 200:
        yield (), f"the name {problem or 'must be printable text of at most 200 characters'}"
    if name in {"scenario", "variant"}:
        yield (), "is what a study calls its scenarios and variants by; name the factor otherwise"
    ways = [way for way in WAYS if getattr(factor, way) is not None]
    if len(ways) != 1:
        named = f"has {' and '.join(ways)}" if ways else "says nothing"
        yield (), f"{named}; a factor has one of {', '.join(WAYS)}"
        return
    (way,) = ways
    for key, belongs in (("cell", {"offsets"}), ("one_at_a_time", {"offsets"}), ("key", {"range", "levels"})):
        if getattr(factor, key) is not None and way not in belongs:
            yield (key,), f"has no meaning beside {way}"
    if factor.band != "ai" and way != "offsets":
        yield ("band",), f"has no meaning beside {way}"
    if way in {"range", "levels"} and not isinstance(factor.levels, dict):
        yield from _own_key(name, factor)
    if way == "range":
        assert factor.range is not None, "that is the way"
        if span(factor.range) is None:
            message = _bad_range(factor.range)
            if message:
                yield ("range",), message
    elif way == "levels":
        yield from _of_levels(factor)
    elif way == "offsets":
        if (factor.cell is None) == (factor.one_at_a_time is None):
            yield (), "moves `offsets` of either one `cell` or of the cells along the axes of `one_at_a_time`"
        if factor.one_at_a_time is not None and len(set(factor.one_at_a_time)) != len(factor.one_at_a_time):
            yield ("one_at_a_time",), "names an axis twice"
    found = {"overrides": factor.overrides, "matrices": factor.matrices, "offsets": factor.offsets}.get(way)
    if found is not None:
        if len(found) < 2 and factor.one_at_a_time is None:
            yield (way,), "is one level, and a factor has two or more"
        elif len(set(found)) != len(found) or not found:
            yield (way,), "names a level twice" if found else "is an empty list"


def _own_key(name: str, factor: FactorSpec) -> Iterator[tuple[tuple[str | int, ...], str]]:
    key = factor.key if factor.key is not None else name
    where: tuple[str | int, ...] = ("key",) if factor.key is not None else ()
    if key in STUDYS_OWN:
        yield where, f"{key} is no factor: {STUDYS_OWN[key]}"


def _of_levels(factor: FactorSpec) -> Iterator[tuple[tuple[str | int, ...], str]]:
    levels = factor.levels
    assert levels is not None, "the caller looked"
    if len(levels) < 2:
        yield ("levels",), f"is one level, and a factor has two or more: write a list, or {RANGES}"
    if isinstance(levels, dict):
        if factor.key is not None:
            yield ("key",), "has no meaning beside levels that set keys of their own"
        for title, changes in levels.items():
            problem = name_problem(title, spaces=True)
            if problem is not None:
                yield ("levels", title), f"the name {problem}"
            if not isinstance(changes, dict):
                message = "must be a map of changes, such as {fleets.C.sessions: 40}; {} for none"
                yield ("levels", title), message
            else:
                yield from ((("levels", title, *path), message) for path, message in _own(changes))
        return
    for k, level in enumerate(levels):
        if level in levels[:k] and any(level == one and type(level) is type(one) for one in levels[:k]):
            yield ("levels", k), "is a level twice"


def _of_design(study: StudyFile) -> Iterator[tuple[tuple[str | int, ...], str]]:
    design = study.design
    if design.latin_hypercube is not None and design.points:
        yield ("design",), "is either `latin_hypercube` or `points`"
    if design.latin_hypercube is not None and not study.factors:
        yield ("design", "latin_hypercube"), "has no factors to spread over"
    if "seed" in design.model_fields_set and design.latin_hypercube is None:
        yield ("design", "seed"), "has no meaning without `latin_hypercube`"
    if design.latin_hypercube is None:
        for name, factor in study.factors.items():
            if factor.range is not None and span(factor.range) is not None and not design.points:
                message = "has no step, and a full design needs levels: write from:to:step, or use `design: {latin_hypercube: 50}`"
                yield ("factors", name, "range"), message
    for k, point in enumerate(design.points):
        if not point:
            yield ("design", "points", k), "says nothing; name a level for every factor"
        missing = [name for name in study.factors if name not in point]
        if point and missing:
            yield ("design", "points", k), f"says nothing of {', '.join(missing)}"
        yield from ((("design", "points", k, *path), message) for path, message in _own(point))


# --- ranges ---


def steps(text: str) -> tuple[str, ...] | None:
    """The values of `from:to:step` as a file would write them; None when it is no such range."""
    match = _STEPS.fullmatch(text.strip())
    if match is None or not (match[2] == match[4] == match[6]):
        return None
    low, high, step = (Decimal(match[k]) for k in (1, 3, 5))
    if step <= 0 or high <= low or (high - low) / step > MOST_CELLS:
        return None
    places = max(0, *(-int(number.as_tuple().exponent) for number in (low, high, step)))
    count = int((high - low) / step)
    return tuple(f"{low + k * step:.{places}f}{match[2]}" for k in range(count + 1))


def span(text: str) -> tuple[Decimal, Decimal, str, int] | None:
    """`0.80..0.98` as its ends, their unit and their decimals; None when it is no such range."""
    match = _SPAN.fullmatch(text.strip())
    if match is None or match[2] != match[4]:
        return None
    low, high = Decimal(match[1]), Decimal(match[3])
    places = max(0, *(-int(number.as_tuple().exponent) for number in (low, high)))
    return (low, high, match[2], places) if low < high else None


def _bad_range(text: str) -> str | None:
    found = steps(text)
    if found is not None:
        return None if len(found) > 1 else f"{text!r} is one level; its step leads beyond its end"
    match = _STEPS.fullmatch(text.strip()) or _SPAN.fullmatch(text.strip())
    if match is None:
        return f"is {text[:60]!r}, and must be {RANGES}"
    units = {match[k] for k in range(2, (match.lastindex or 0) + 1, 2)}
    if len(units) > 1:
        return f"{text!r} mixes units; write all its numbers with the same one"
    return f"{text!r} leads nowhere; write from:to:step with from below to, and a step above 0"

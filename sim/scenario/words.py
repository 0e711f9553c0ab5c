"""Pydantic's complaints → issues in plain words, each at its place in the tree."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pydantic

from sim.scenario import shape
from sim.scenario.shape import Hint, Path
from sim.scenario.tree import Entry, Node, Place
from sim.scenario.values import in_order, said

MOST_COMPLAINTS = 1000  # a hostile file of 1 MB can cause 400,000
LOADER_KEYS = ("extends", "overrides", "variants")


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that the schema refuses.

    Args:
        kind: `unknown` or `missing` key, `key` of a wrong form, wrong `value`.
        path: Keys from the root.
        place: Where to point.
        message: In words.
        hints: What may stand there.
        suggestion: Of an unknown key: the one that was meant, perhaps.
    """

    kind: str
    path: Path
    place: Place
    message: str
    hints: tuple[Hint, ...] = ()
    suggestion: str | None = None


@dataclass(frozen=True, slots=True)
class _Trace:
    """A pydantic location followed through the tree.

    `marks` says of each element whether it is no key but only names a member of a union.
    """

    error: Any
    kind: str
    path: Path
    marks: tuple[tuple[bool, str | int], ...]
    node: Node
    parent: Node
    hints: list[Hint]
    legal: tuple[str, ...]
    """Keys that may stand beside the last one of the path."""


def issues(error: pydantic.ValidationError, schema: type[pydantic.BaseModel], tree: Node) -> list[Issue]:
    """Everything that pydantic found, in words.

    Args:
        error: Of validating *tree* against *schema*.
        schema: Class of the whole file.
        tree: What was validated.
    """
    complaints = error.errors(include_url=False)
    traces = [_trace(item, schema, tree) for item in complaints[:MOST_COMPLAINTS]]
    found = _settle(traces, 0, schema, tree)
    if len(complaints) > MOST_COMPLAINTS:
        found.append(
            Issue(
                "value", (), tree.place, f"only the first {MOST_COMPLAINTS} problems are told; there are more"
            )
        )
    meant = {(*issue.path[:-1], issue.suggestion) for issue in found if issue.kind == "unknown"}
    # A key that is misspelt is not missing as well.
    return [issue for issue in found if issue.kind != "missing" or issue.path not in meant]


def close_match(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that was meant by *word*, perhaps."""
    by_form = {candidate.lower().replace("-", "_"): candidate for candidate in candidates}
    close = difflib.get_close_matches(word.lower().replace("-", "_").replace(" ", "_"), by_form, 1)
    return by_form[close[0]] if close else None


def _trace(error: Any, schema: type[pydantic.BaseModel], tree: Node) -> _Trace:
    node, parent, hints = tree, tree, [Hint(schema)]
    path: Path = ()
    marks: list[tuple[bool, str | int]] = []
    legal: tuple[str, ...] = ()
    kind = {"missing": "missing", "extra_forbidden": "unknown"}.get(error["type"], "value")
    loc: tuple[str | int, ...] = error["loc"]
    for index, step in enumerate(loc):
        last = index == len(loc) - 1
        child = node.child(step)
        deeper = shape.below(hints, step)
        if step == "[key]" and last and child is None:
            kind = "key"
        elif (child is not None and deeper) or (last and kind in ("missing", "unknown")):
            legal = (*shape.legal_keys(hints), *(LOADER_KEYS if not path else ()))
            path += (step,)
            parent, node, hints = node, child or node, deeper
            marks.append((False, step))
        else:
            narrowed = shape.narrowed(hints, str(step))
            # `12m` stands for {mean: 12m}: the model knows a step that the tree does not have.
            hints = deeper if step in shape.legal_keys(hints) and len(narrowed) == len(hints) else narrowed
            marks.append((True, step))
    return _Trace(error, kind, path, tuple(marks), node, parent, hints, legal)


def _settle(
    traces: Sequence[_Trace], start: int, schema: type[pydantic.BaseModel], tree: Node
) -> list[Issue]:
    """Where a value may be one of several things, pydantic complains about each; keep the one that was meant."""
    settled: list[Issue] = []
    groups: dict[tuple[Any, ...], list[_Trace]] = {}
    for trace in traces:
        first = next((index for index in range(start, len(trace.marks)) if trace.marks[index][0]), None)
        if first is None:
            settled.append(_issue(trace))
        else:
            groups.setdefault(trace.marks[:first], []).append(trace)
    for prefix, group in groups.items():
        at = len(prefix)
        by_label: dict[str | int, list[_Trace]] = {}
        for trace in group:
            by_label.setdefault(trace.marks[at][1], []).append(trace)
        # Members of which something was recognised, so that the complaints are about parts of the value.
        inside = [
            members for members in by_label.values() if all(len(trace.marks) > at + 1 for trace in members)
        ]
        if len(by_label) == 1:
            settled += _settle(group, at + 1, schema, tree)
        elif inside:
            settled += _settle(min(inside, key=len), at + 1, schema, tree)
        else:
            whole = _trace({**group[0].error, "loc": group[0].error["loc"][:at]}, schema, tree)
            own = [trace.error["msg"] for trace in group if trace.error["type"] == "words"]
            special = next((message for message in own if not message.startswith("is ")), None)
            settled.append(
                replace(
                    _issue(whole),
                    kind="value",
                    message=special
                    or f"is {said(whole.error['input'])}, and must be {shape.needs(whole.hints)}",
                )
            )
    return settled


def _issue(trace: _Trace) -> Issue:
    error, path = trace.error, trace.path
    if trace.kind == "missing":
        key = str(path[-1])
        deleted = trace.parent.gone.get(key)
        place = deleted or trace.parent.born or trace.parent.place
        message = f"missing; needs {shape.needs(trace.hints)}" + (" (it is deleted here)" if deleted else "")
        return Issue("missing", path, place, message, tuple(trace.hints))
    if trace.kind == "unknown":
        return _unknown(trace)
    if trace.kind == "key":
        return Issue("key", path, _key_place(trace), f"the key {_words(error, [])}", tuple(trace.hints))
    if error["type"].startswith("union_tag"):
        return _wrong_tag(trace)
    return Issue("value", path, trace.node.place, _words(error, trace.hints), tuple(trace.hints))


def _entry(trace: _Trace) -> Entry | None:
    data = trace.parent.data
    return data.get(str(trace.path[-1])) if isinstance(data, dict) and trace.path else None


def _key_place(trace: _Trace) -> Place:
    entry = _entry(trace)
    return trace.node.place if entry is None else entry.key


def _unknown(trace: _Trace) -> Issue:
    key = str(trace.path[-1])
    legal = trace.legal
    suggestion = close_match(key, legal)
    if "." in key and key.partition(".")[0] in legal:
        suggestion = None
        message = "unknown key; dotted keys are read in variants, overrides and --set only, so nest it here"
    elif suggestion:
        message = f"unknown key; did you mean {suggestion}?"
    elif len(legal) > shape.MOST_KEYS_LISTED:
        message = f"unknown key; the keys here are {', '.join(legal[: shape.MOST_KEYS_LISTED])} …"
    else:
        message = f"unknown key; the keys here are {', '.join(legal)}"
    moved = suggestion if suggestion not in LOADER_KEYS else None
    return Issue("unknown", trace.path, _key_place(trace), message, (), moved)


def _wrong_tag(trace: _Trace) -> Issue:
    context = trace.error["ctx"]
    tag = context["discriminator"].strip("'")
    expected = [
        option.strip().strip("'") for option in context.get("expected_tags", "").split(",") if option.strip()
    ]
    expected = expected or [
        option
        for hint in trace.hints
        if (model := shape.model_of(hint)) is not None and tag in shape.fields_of(model)
        for inner in shape.field_hints(shape.fields_of(model)[tag])
        for option in shape.options(inner)
    ]
    choice = in_order(expected)
    path = (*trace.path, tag)
    if "tag" in context:
        child = trace.node.child(tag)
        near = close_match(str(context["tag"]), expected)
        message = f"is {said(context['tag'])}, and must be {choice}" + (
            f"; did you mean {near}?" if near else ""
        )
        return Issue("value", path, child.place if child else trace.node.place, message)
    if isinstance(trace.node.data, dict):
        return Issue("missing", path, trace.node.born or trace.node.place, f"missing; needs {choice}")
    message = f"is {said(trace.error['input'])}, and must be a map with {tag}: {choice}"
    return Issue("value", trace.path, trace.node.place, message)


def _words(error: Any, hints: Sequence[Hint]) -> str:
    """What is wrong with a value and what would be right."""
    kind, context, value = error["type"], error.get("ctx") or {}, error["input"]
    if kind == "words":
        return str(context["words"])
    if kind in ("value_error", "assertion_error"):
        return str(context["error"])
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        bound = {
            "greater_than": "above",
            "greater_than_equal": "at least",
            "less_than": "below",
            "less_than_equal": "at most",
        }[kind]
        return f"is {said(value)}, and must be {bound} {next(iter(context.values()))}"
    if kind in ("too_short", "too_long"):
        short = kind == "too_short"
        limit = context["min_length" if short else "max_length"]
        count = context["actual_length"]
        has = f"has {count} {'entry' if count == 1 else 'entries'}"
        return f"{has}, and must have at {'least' if short else 'most'} {limit}"
    if kind == "finite_number":
        return f"is {said(value)}, and must be a finite number"
    if kind == "string_pattern_mismatch":
        return f"is {said(value)}, and must match {context['pattern']}"
    if kind.endswith("_type") or kind in ("literal_error", "enum", "int_from_float"):
        choices = [option for hint in hints for option in shape.options(hint)]
        near = close_match(value, choices) if isinstance(value, str) else None
        extra = f"; did you mean {near}?" if near else ""
        if isinstance(value, str | int | float) and any(shape.is_list(hint) for hint in hints):
            extra = f"; write [{value}]"
        switch = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(str(value).lower())
        if switch and any(hint.type is bool for hint in hints):
            extra = f"; write {switch}"
        return f"is {said(value)}, and must be {shape.needs(hints)}{extra}"
    message = str(error["msg"])
    return message[:1].lower() + message[1:]

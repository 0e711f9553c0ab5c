"""What a command line or a notebook says of a study, in the form in which a study file says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sim.scenario.errors import Problem, ScenarioError
from sim.scenario.tree import Entry, Node, Place, read_text
from sim.studies.file import span, steps


def said(
    *,
    scenario: str | None = None,
    variants: Sequence[str] = (),
    overrides: Sequence[str] = (),
    vary: Sequence[str] = (),
    figures: Sequence[str] = (),
    precision: Sequence[str] = (),
    replications: int | None = None,
    at_most: int | None = None,
    seed: int | None = None,
    latin_hypercube: int | None = None,
    reference: Sequence[str] = (),
) -> list[Node]:
    """What a command line says of a study, each value with the option that it came from.

    Raises:
        ScenarioError: An option has no form of its own.
    """
    found: list[Problem] = []
    entries: dict[str, Entry] = {}

    def put(key: str, node: Node) -> None:
        entries[key] = Entry(node.place, node)

    def texts(words: Sequence[str], option: str) -> Node:
        return Node(
            tuple(Node(word, Place(f"{option} {k}"), word) for k, word in enumerate(words, 1)),
            Place(f"{option} 1"),
        )

    def pairs(words: Sequence[str], option: str, shape: str, *, levels: bool) -> Node:
        below: dict[str, Entry] = {}
        for k, word in enumerate(words, 1):
            place = Place(f"{option} {k}")
            key, equals, text = (part.strip() for part in word.partition("="))
            if not equals or not key or not text:
                found.append(Problem(place.file, None, None, "", f"is {word[:60]!r}, and must be {shape}"))
            elif key in below:
                found.append(Problem(place.file, None, None, key, "is said twice; keep one"))
            else:
                below[key] = Entry(place, _value(text, place, found, levels=levels), quoted=True)
        return Node(below, Place(f"{option} 1"))

    if scenario is not None:
        place = Place("the command line")
        source = {"file": Entry(place, Node(scenario, place, scenario))}
        for key, words in (("variants", variants), ("overrides", overrides)):
            if words:
                node = texts(words, f"--{key[:-1]}")
                source[key] = Entry(node.place, node)
        put("scenario", Node(source, place, born=place))
    if vary:
        put(
            "factors",
            pairs(
                vary,
                "--vary",
                "key=levels, such as fleets.C.sessions=40,80 or routing.thresholds.ai=0.80:0.98:0.02",
                levels=True,
            ),
        )
    if figures:
        put("figures", texts(figures, "--figure"))
    if precision:
        put(
            "precision",
            pairs(precision, "--precision", "figure=half-width, such as service_level=0.005", levels=False),
        )
    if reference:
        put("reference", pairs(reference, "--reference", "factor=level", levels=False))
    for key, number in (("replications", replications), ("at_most", at_most), ("seed", seed)):
        if number is not None:
            place = Place(f"--{key.replace('_', '-')}")
            put(key, Node(number, place, str(number)))
    if latin_hypercube is not None:
        place = Place("--latin-hypercube")
        points = Entry(place, Node(latin_hypercube, place, str(latin_hypercube)))
        put("design", Node({"latin_hypercube": points}, place, born=place))
    if found:
        raise ScenarioError.of(found)
    top = Place("the command line")
    return [Node(entries, top, born=top)] if entries else []


def _value(text: str, place: Place, found: list[Problem], *, levels: bool) -> Node:
    if levels and (steps(text) is not None or span(text) is not None):
        return Node(text, place, text)
    node, wrong = read_text(f"[{text}]" if levels else text, place.file, located=False)
    found += wrong
    if node is None or wrong:
        return Node("", place)
    return replace(node, place=place)

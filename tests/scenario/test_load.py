from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from sim.scenario.errors import Problem, ScenarioError
from sim.scenario.load import Loaded, load, schema_json, shipped
from sim.scenario.tree import MOST_LEVELS
from sim.scenario.values import Count, Name, PositiveCount, PositiveSeconds, Share, Spec, TimeOfDay


class Steady(Spec):
    """Always the same."""

    law: Literal["steady"]
    mean: PositiveSeconds


class Spread(Spec):
    """Between two bounds."""

    law: Literal["spread"]
    low: PositiveSeconds
    high: PositiveSeconds


class Queue(Spec):
    """A line of people."""

    patience: PositiveSeconds | Literal["never"]
    """How long they wait."""
    within: PositiveSeconds = 20.0
    """Service level threshold."""
    handle: Annotated[Steady | Spread, Field(discriminator="law")] | None = None
    rota: dict[TimeOfDay, Count] = Field({})
    open: bool = True


class Outage(Spec):
    """Something breaks."""

    at: TimeOfDay
    lasts: PositiveSeconds
    node: Name


class Fallback(Spec):
    """Who steps in."""

    order: dict[Name, tuple[Name, ...]] = Field({})
    retries: PositiveCount = 1


class Toy(Spec):
    """A small scenario file."""

    question: str
    mix: dict[Name, Share]
    queues: dict[Name, Queue]
    incidents: tuple[Outage, ...] = ()
    fallback: Fallback = Fallback()


def checks(toy: Toy) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Shares sum to 1, and belong to queues."""
    total = sum(toy.mix.values())
    if abs(total - 1) > 1e-9:
        yield ("mix",), f"the shares sum to {total:g}, and must sum to 1"
    for name in toy.mix:
        if name not in toy.queues:
            yield ("mix", name), "there is no such queue"


BASE = """\
question: Does it load?
mix: {chat: 0.6, voice: 40 %}
queues:
  chat: {patience: 90s}
  voice:
    patience: 2m
    rota: {7:00: 3, 12:00: 5}
incidents:
  - {at: 10:05, lasts: 75m, node: B}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with `base.yaml`, which is where we are."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.yaml").write_text(BASE)
    return tmp_path


def read(text: str, sets: tuple[str, ...] = (), overrides: tuple[str, ...] = ()) -> Loaded[Toy]:
    """Load *text* as `x.yaml`."""
    Path("x.yaml").write_text(text)
    return load("x.yaml", sets, overrides, schema=Toy, checks=checks)


def complaints(text: str, sets: tuple[str, ...] = (), overrides: tuple[str, ...] = ()) -> list[str]:
    """What is wrong with *text*, line by line."""
    with pytest.raises(ScenarioError) as caught:
        read(text, sets, overrides)
    lines = str(caught.value).splitlines()
    assert lines[-1].endswith("nothing was run")
    return lines[:-1]


def test_a_file_becomes_a_model(folder: Path) -> None:
    """Words become numbers: durations seconds, percentages shares, times of day seconds since midnight."""
    toy = load("base.yaml", schema=Toy, checks=checks).variants["as is"]
    assert {"chat": 0.6, "voice": 0.4} == toy.mix
    assert 90.0 == toy.queues["chat"].patience
    assert {25_200.0: 3, 43_200.0: 5} == toy.queues["voice"].rota
    assert 36_300.0 == toy.incidents[0].at


def test_maps_merge_lists_replace_null_deletes(folder: Path) -> None:
    """A file over its base changes what it names and nothing else."""
    loaded = read(
        "extends: base.yaml\nqueues: {voice: {rota: {07:00: 4}}}\nincidents: [{at: 9:00, lasts: 1h, node: C}]\n"
    )
    assert {"07:00": 4, "12:00": 5} == loaded.resolved("as is")["queues"]["voice"]["rota"]
    assert ["C"] == [incident.node for incident in loaded.variants["as is"].incidents]
    loaded = read("extends: base.yaml\nqueues: {voice: {rota: null}}\nincidents:\n")
    assert {"patience": "2m"} == loaded.resolved("as is")["queues"]["voice"]
    assert () == loaded.variants["as is"].incidents


def test_deleting_what_is_not_there_is_a_problem(folder: Path) -> None:
    """`null` needs something to delete."""
    expected = (
        "x.yaml:2:17: queues.chat.rota: is empty, which deletes, and there is nothing to delete; "
        "give it a value or remove it"
    )
    assert [expected] == complaints("extends: base.yaml\nqueues: {chat: {rota: null}}\n")


def test_an_empty_map_over_a_full_one_is_a_problem(folder: Path) -> None:
    """Maps merge, so it would change nothing: in a file over its base, in a variant, and in `--set`; what would do is said."""
    says = "is an empty map, and maps merge, so it changes nothing; null takes it away, or name what should change in it"
    inside = "(patience, rota)"
    assert [f"x.yaml:2:10: queues.voice: {says} {inside}"] == complaints(
        "extends: base.yaml\nqueues: {voice: {}}\n"
    )
    assert [f"--set 1: queues.voice: {says} {inside}"] == complaints(
        "extends: base.yaml\n", ("queues.voice={}",)
    )
    assert [f"--set 1: queues.voice: {says} {inside}"] == complaints(
        "extends: base.yaml\n", ("queues={voice: {}}",)
    )
    assert [f"x.yaml:2:16: queues.voice: {says} {inside}"] == complaints(
        "extends: base.yaml\nvariants: {a: {queues.voice: {}}, b: {}}\n"
    )


def test_deleting_what_is_needed_is_blamed_on_the_deletion(folder: Path) -> None:
    """A required key that a file deletes is missing where it was deleted."""
    needs = "needs a duration above 0 such as 30s or never"
    expected = f"x.yaml:2:17: queues.chat.patience: missing; {needs} (it is deleted here)"
    assert [expected] == complaints("extends: base.yaml\nqueues: {chat: {patience: null}}\n")


def test_bases_are_laid_left_to_right(folder: Path) -> None:
    """Of several bases the later one wins, and the file itself over both."""
    Path("late.yaml").write_text("question: Late?\nmix: {chat: 0.5, voice: 0.5}\n")
    loaded = read("extends: [base.yaml, late.yaml]\nmix: {chat: 0.1, voice: 0.9}\n")
    assert "Late?" == loaded.question
    assert {"chat": 0.1, "voice": 0.9} == loaded.variants["as is"].mix
    assert ("x.yaml", "base.yaml", "late.yaml") == loaded.files


def test_two_bases_may_share_a_base(folder: Path) -> None:
    """A diamond is no circle, and does not double the history."""
    Path("a.yaml").write_text("extends: base.yaml\nquestion: A?\n")
    Path("b.yaml").write_text("extends: base.yaml\nmix: {chat: 0.5, voice: 0.5}\n")
    loaded = read("extends: [a.yaml, b.yaml]\n")
    assert "Does it load?" == loaded.question  # b's base came after a
    assert 1 == len(loaded.origin("as is", "queues.chat.patience").chain)


def test_a_base_that_is_not_there(folder: Path) -> None:
    """A misspelt base gets a near miss."""
    expected = (
        "x.yaml:1:10: extends: there is no bas.yaml, nor does one of this name ship; did you mean base.yaml?"
    )
    assert [expected] == complaints("extends: bas.yaml\n")


def test_variants_are_changes_with_dotted_keys(folder: Path) -> None:
    """Each variant is the file with its changes; a variant may start from another."""
    loaded = read(
        "extends: base.yaml\n"
        "variants:\n"
        "  plain: {}\n"
        "  quick: {queues.chat.within: 5s, fallback.order.chat: [C, human]}\n"
        "  quick and dark: {extends: quick, incidents.0.lasts: 240m, queues.voice: {patience: never}}\n"
    )
    assert ["plain", "quick", "quick and dark"] == list(loaded.variants)
    plain, quick, dark = loaded.variants.values()
    assert [20.0, 5.0, 5.0] == [toy.queues["chat"].within for toy in (plain, quick, dark)]
    assert {"chat": ("C", "human")} == dark.fallback.order
    assert [4500.0, 14_400.0] == [toy.incidents[0].lasts for toy in (quick, dark)]
    assert "B" == dark.incidents[0].node
    assert "never" == dark.queues["voice"].patience


def test_variants_are_inherited_and_can_be_dropped(folder: Path) -> None:
    """A file has its base's variants, replaces those of the same title, and drops those that it empties."""
    Path("v.yaml").write_text("extends: base.yaml\nvariants: {a: {queues.chat.within: 5s}, b: {}, c: {}}\n")
    loaded = read("extends: v.yaml\nvariants: {b: {extends: a}, c: null}\n")
    assert {"a": 5.0, "b": 5.0} == {
        title: toy.queues["chat"].within for title, toy in loaded.variants.items()
    }


def test_variants_in_a_circle(folder: Path) -> None:
    """Variants that start from each other are a problem, told with the whole chain."""
    lines = complaints("extends: base.yaml\nvariants:\n  a: {extends: b}\n  b: {extends: [a]}\n")
    assert [
        "x.yaml:4:17: variants.b.extends: goes round in a circle: a → b → a",
    ] == lines


def test_variants_that_are_none(folder: Path) -> None:
    """Titles, forms and names of variants are checked."""
    lines = complaints(
        "extends: base.yaml\nvariants:\n  a: 3\n  b:\n  c/d: {}\n  e: {extends: aa}\n  aaa: {variants: {}}\n"
    )
    assert [
        "x.yaml:3:6: variants.a: must be a map of changes, such as {calendar.until: '18:00'}",
        "x.yaml:4:3: variants.b: is empty; write {} for no changes",
        (
            "x.yaml:5:3: variants.c/d: the name is 'c/d', and a title is made of letters, digits, _, - and . "
            "with single spaces between, a letter or digit first"
        ),
        "x.yaml:6:16: variants.e.extends: there is no variant 'aa'; did you mean aaa?",
        "x.yaml:7:9: variants.aaa.variants: can only stand at the top of a file",
    ] == lines


def test_a_change_that_is_written_twice(folder: Path) -> None:
    """`a.b` and `a: {b: …}` in one variant are the same key twice."""
    lines = complaints(
        "extends: base.yaml\nvariants:\n  a:\n    queues.chat.within: 5s\n    queues: {chat: {within: 6s}}\n"
    )
    assert ["x.yaml:5:21: queues.chat.within: is written twice; first at line 4, column 5; keep one"] == lines


def test_names_may_hold_dots(folder: Path) -> None:
    """A dotted path finds names with dots, and a quoted key is not split."""
    text = (
        "extends: base.yaml\nqueues: {v2.1: {patience: 1m}}\n"
        "variants: {a: {queues.v2.1.within: 7s, 'queues': {'v2.2': {patience: 1s}}}}\n"
    )
    toy = read(text, ("queues.v2.1.patience=3m",)).variants["a"]
    assert (7.0, 180.0) == (toy.queues["v2.1"].within, toy.queues["v2.1"].patience)
    assert "v2.2" in toy.queues


def test_dots_are_just_dots_in_the_body_of_a_file(folder: Path) -> None:
    """Dotted keys outside changes are refused with the reason."""
    expected = (
        "x.yaml:2:1: fallback.retries: unknown key; dotted keys are read in variants, overrides and --set only, "
        "so nest it here"
    )
    assert [expected] == complaints("extends: base.yaml\nfallback.retries: 3\n")


def test_overrides_are_applied_in_the_order_asked(folder: Path) -> None:
    """Named changes come over the variants, the one asked for last on top, and --set over all."""
    text = (
        "extends: base.yaml\n"
        "overrides: {a: {queues.chat.within: 1s, fallback.retries: 2}, b: {queues.chat.within: 2s}}\n"
        "variants: {v: {queues.chat.within: 9s}}\n"
    )
    within = [
        read(text, sets, overrides).variants["v"].queues["chat"].within
        for sets, overrides in [
            ((), ()),
            ((), ("a", "b")),
            ((), ("b", "a")),
            (("queues.chat.within=3s",), ("a",)),
        ]
    ]
    assert [9.0, 2.0, 1.0, 3.0] == within
    assert ["x.yaml: overrides: there is no override 'c'; it has a, b"] == complaints(text, (), ("c",))


def test_sets_are_applied_last_to_every_variant(folder: Path) -> None:
    """`--set` takes YAML values, list entries by number, and null."""
    text = "extends: base.yaml\nvariants: {a: {}, b: {queues.chat.within: 9s}}\n"
    sets = (
        "queues.chat.within=1s",
        "incidents.0.node=C",
        "queues.voice.rota=null",
        "mix={chat: 0.5, voice: 0.5}",
    )
    for toy in read(text, sets).variants.values():
        assert (1.0, "C", {}, 0.5) == (
            toy.queues["chat"].within,
            toy.incidents[0].node,
            toy.queues["voice"].rota,
            toy.mix["chat"],
        )


def test_wrong_sets_are_located_by_number(folder: Path) -> None:
    """Every wrong `--set` is told, by its number."""
    sets = (
        "queues.chta.within=1s",
        "queues.chat.whithin=1s",
        "within",
        "mix=",
        "incidents.3.node=C",
        "incidents.0=null",
        "variants.a=1",
        "mix.chat=[1",
        "fallback.retries=0",
        "a..b=1",
        "queues.voice.patience=30",
    )
    assert [
        (
            "--set 1: queues.chta: there is nothing of this name to change; did you mean chat? "
            "(to add it, write queues.chta={within: …})"
        ),
        "--set 2: queues.chat.whithin: unknown key; did you mean within?",
        "--set 3: is 'within', and must be path=value, such as demand.busy_day_cv=0.2",
        "--set 4: mix: has no value after the '='; null deletes the key",
        "--set 5: incidents.3.node: incidents is a list, and its entries are numbered 0",
        "--set 6: incidents.0: an entry of a list cannot be deleted alone; write the list without it",
        "--set 7: variants.a: cannot be set; change the file, or ask for an override by name",
        "--set 8: mix.chat: is not YAML: a list that starts with '[' goes wrong here: a ',' or the ']' is missing",
        "--set 9: fallback.retries: is 0, and must be 1 or more",
        "--set 10: a..b: has an empty step between its dots",
        "--set 11: queues.voice.patience: 30 has no unit; write 30s or 30m",
    ] == complaints("extends: base.yaml\n", sets)


def test_all_problems_at_once_and_what_stands_beside_them(folder: Path) -> None:
    """An unknown key does not hide shares that do not sum; what hangs on a faulty key is not guessed at."""
    lines = complaints("extends: base.yaml\nmix: {chat: 0.7}\nqueues: {chat: {withn: 1s}}\n")
    assert [
        "x.yaml:2:1: mix: the shares sum to 1.1, and must sum to 1",
        "x.yaml:3:17: queues.chat.withn: unknown key; did you mean within?",
    ] == lines
    lines = complaints("extends: base.yaml\nmix: {chat: 7}\n")
    assert ["x.yaml:2:13: mix.chat: is 7, and must be between 0 and 1; for a percentage write 7 %"] == lines


def test_a_misspelt_key_is_not_missing_as_well(folder: Path) -> None:
    """The value under a misspelt key is checked under the right one."""
    lines = complaints("question: Q\nmix: {chat: 1}\nqueues: {chat: {patiance: -3s}}\n")
    assert [
        "x.yaml:3:17: queues.chat.patiance: unknown key; did you mean patience?",
        "x.yaml:3:27: queues.chat.patience: is '-3s', and must be a duration above 0 such as 30s or never",
    ] == lines


def test_values_that_may_be_one_of_several_things(folder: Path) -> None:
    """A choice between forms is told as one problem, about the form that was meant."""
    lines = complaints(
        "extends: base.yaml\n"
        "queues:\n"
        "  chat: {handle: {law: stedy, mean: 3s}, patience: nevr, open: yes}\n"
        "  voice: {handle: {law: spread, low: 3s}}\n"
        "  mail: {handle: {low: 3s}, patience: 30}\n"
        "  fax: {handle: 3s, rota: [1], patience: 1s}\n"
    )
    assert [
        "x.yaml:3:24: queues.chat.handle.law: is 'stedy', and must be steady or spread; did you mean steady?",
        "x.yaml:3:52: queues.chat.patience: is 'nevr', and must be a duration above 0 such as 30s or never",
        "x.yaml:3:64: queues.chat.open: is 'yes', and must be true or false; write true",
        "x.yaml:4:11: queues.voice.handle.high: missing; needs a duration above 0 such as 30s",
        "x.yaml:5:10: queues.mail.handle.law: missing; needs steady or spread",
        "x.yaml:5:39: queues.mail.patience: 30 has no unit; write 30s or 30m",
        (
            "x.yaml:6:17: queues.fax.handle: is '3s', and must be a map with law and mean "
            "or a map with law, low and high"
        ),
        "x.yaml:6:21: queues.fax.rota: is a list, and must be a map",
    ] == lines


def test_a_problem_of_several_variants_is_told_once(folder: Path) -> None:
    """What is wrong in the body is told once; what is wrong in some variants names them."""
    lines = complaints(
        "extends: base.yaml\nfallback: {retires: 2}\n"
        "variants: {a: {}, b: {mix.chat: 0.5}, c: {extends: b, queues.chat.within: 0s}}\n"
    )
    assert [
        "x.yaml:2:12: fallback.retires: unknown key; did you mean retries?",
        "x.yaml:3:23: mix: the shares sum to 0.9, and must sum to 1 (in variants b, c)",
        "x.yaml:3:75: queues.chat.within: is 0s, and must be above 0 (in variant c)",
    ] == lines


def test_duplicate_keys_hide_nothing(folder: Path) -> None:
    """A key that is written twice, even as 7:00 and 07:00, is told beside the other problems."""
    lines = complaints("extends: base.yaml\nqueues:\n  chat: {rota: {7:00: 1, 07:00: 2}, open: 3}\n")
    assert [
        "x.yaml:3:26: queues.chat.rota.07:00: is written twice; first at line 3, column 17; keep one",
        "x.yaml:3:43: queues.chat.open: is 3, and must be true or false",
    ] == lines


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: &x 1\n", "x.yaml:1:4: a: the anchor &x is not read; use `extends` or variants to share values"),
        ("a: *x\n", "x.yaml:1:4: a: the alias *x is not read; write the value out, or use `extends`"),
        ("- 1\n", "x.yaml:1:1: holds a list, and must hold keys with values, such as 'question: ...'"),
        ("hello\n", "x.yaml:1:1: holds plain text, and must hold keys with values, such as 'question: ...'"),
        ("# nothing\n", "x.yaml: is empty; `blendsim init` writes a scenario to start from"),
        ("a: 1\n---\nb: 2\n", "x.yaml:2:1: one file holds one scenario, so remove the '---'"),
        ("a:\n\tb: 1\n", "x.yaml:2:1: is not YAML: a tab; indent with spaces"),
        ("a: 'b\n", "x.yaml:2:1: is not YAML: a quote is not closed"),
        ("? [a]\n: 1\n", "x.yaml:1:3: a map or list cannot be a key; quote it if it is text"),
        (': 1\n', "x.yaml:1:1: a key is missing before the ':'"),
        ("a: \x00\n", "x.yaml:1:4: is not text: it holds the character U+0000"),
        ('a: "\\0"\n', "x.yaml:1:4: a: holds the character U+0000, which is not text"),
        (f"a: {'9' * 5000}\n", "x.yaml:1:4: a: is a number of more than 30 digits"),
        (f"a: {'[' * 5000}\n", f"x.yaml:1:{3 + MOST_LEVELS}: is nested deeper than {MOST_LEVELS} levels"),
        ("a: " + "x" * 1_000_000, "x.yaml: is larger than 1 MB, and a scenario file is not"),
    ],
)  # fmt: skip
def test_what_yaml_may_not_hold(folder: Path, text: str, expected: str) -> None:
    """Forms that bite, that bomb, or that are no scenario are refused before anything is built."""
    lines = complaints(text)
    place, _, message = expected.partition(": ")
    assert any(line.startswith(place) and line.endswith(message.split(": ")[-1]) for line in lines), lines


def test_files_that_cannot_be_read(folder: Path) -> None:
    """A missing file, a folder and a binary file are problems, not tracebacks."""
    Path("x.bin").write_bytes(b"question: \xff\xfe")
    for name, expected in [
        ("bse.yaml", "bse.yaml: there is no such file; did you mean base.yaml?"),
        (".", ".: is a folder; name a scenario file in it"),
        ("x.bin", "x.bin:1:11: is not UTF-8 text: byte 0xff; not a YAML file?"),
        ("a\0b", "a?b: there is no such file"),
        ("/dev/null", "/dev/null: is not a regular file"),
    ]:
        with pytest.raises(ScenarioError) as caught:
            load(name, schema=Toy, checks=checks)
        assert expected == str(caught.value).splitlines()[0]


def test_the_origin_of_a_value(folder: Path) -> None:
    """Every value knows who wrote it, what was there before, and what the schema says about it."""
    loaded = read(
        "extends: base.yaml\nqueues: {voice: {patience: 3m}}\nvariants: {a: {queues.voice.patience: 4m}}\n",
        ("queues.voice.within=5s",),
    )
    origin = loaded.origin("a", "queues.voice.patience")
    assert ("x.yaml", 3, 39, "4m", 240.0) == (
        origin.file,
        origin.line,
        origin.column,
        origin.written,
        origin.value,
    )
    assert [("base.yaml:6", "2m"), ("x.yaml:2", "3m"), ("x.yaml:3", "4m")] == [
        (str(setting.place), setting.text) for setting in origin.chain
    ]
    assert "How long they wait." == origin.doc
    assert ("--set 1", None, "5s") == (
        (by_set := loaded.origin("a", "queues.voice.within")).file,
        by_set.line,
        by_set.written,
    )
    assert ("x.yaml", "{patience: 4m, rota: {07:00: 3, 12:00: 5}, within: 5s}") == (
        loaded.origin("a", "queues.voice.patience").file,
        loaded.origin("a", "queues.voice").written,
    )


def test_the_origin_of_a_default(folder: Path) -> None:
    """A value that nobody wrote is the default, in the words of a file, with the field's docstring."""
    origin = read("extends: base.yaml\n").origin("as is", "queues.chat.within")
    assert (True, None, "20s", 20.0) == (origin.is_default, origin.file, origin.written, origin.value)
    assert "Service level threshold." == origin.doc


def test_the_origin_of_what_is_not_there(folder: Path) -> None:
    """Asking for an unknown key or variant suggests the right one."""
    loaded = read("extends: base.yaml\nvariants: {plain: {}}\n")
    with pytest.raises(
        ScenarioError, match=r"queues\.chat\.whithin: there is no such key; did you mean within\?"
    ):
        loaded.origin("plain", "queues.chat.whithin")
    with pytest.raises(
        ScenarioError, match=r"queues\.chta\.within: there is no such key; did you mean chat\?"
    ):
        loaded.origin("plain", "queues.chta.within")
    with pytest.raises(ScenarioError, match=r"there is no variant 'plan'; did you mean plain\?"):
        loaded.origin("plan", "mix")


def test_the_resolved_tree_is_plain_json(folder: Path) -> None:
    """What the manifest keeps is what was composed, as written, and loads again to the same models."""
    loaded = read("extends: base.yaml\nvariants: {a: {queues.chat.within: 5s}}\n")
    resolved = json.loads(json.dumps(loaded.resolved("a")))
    assert resolved == loaded.resolved("a")
    Path("again.json").write_text(json.dumps(resolved))
    assert loaded.variants["a"] == load("again.json", schema=Toy, checks=checks).variants["as is"]


def test_yaml_is_read_as_1_2(folder: Path) -> None:
    """`NO` is a name, `010` is ten, `9:00` is a time: nothing turns into something else."""
    toy = read("question: NO\nmix: {NO: 1}\nqueues: {NO: {patience: 010s, rota: {9:00: 010}}}\n").variants[
        "as is"
    ]
    assert ("NO", 10.0, {32_400.0: 10}) == (toy.question, toy.queues["NO"].patience, toy.queues["NO"].rota)


def test_the_schema_for_editors_knows_the_loader_and_peoples_words(folder: Path) -> None:
    """Bases, overrides and variants are in it; nothing is required; defaults are written as in a file."""
    schema = json.loads(schema_json(Toy))
    assert {"extends", "overrides", "variants", "question"} <= set(schema["properties"])
    assert "20s" == schema["$defs"]["Queue"]["properties"]["within"]["default"]
    assert "required" not in schema
    assert len(schema_json()) > 10_000


def test_an_error_survives_being_rebuilt_from_its_arguments() -> None:
    """SimPy rebuilds exceptions from `args`: the message stays, the single problems may go."""
    error = ScenarioError.of(
        [Problem("a.yaml", 2, 3, "b.c", "is wrong"), Problem("a.yaml", None, None, "", "is odd")]
    )
    assert "a.yaml:2:3: b.c: is wrong\na.yaml: is odd\n2 problems; nothing was run" == str(error)
    assert str(error) == str(type(error)(*error.args))
    assert str(error) == str(pickle.loads(pickle.dumps(error)))  # noqa: S301  our own bytes
    assert 2 == len(error.problems)
    assert () == ScenarioError("x").problems


def test_shipped_names_cannot_climb() -> None:
    """Only plain names are looked for among the scenarios that ship."""
    assert shipped("../pyproject.toml") is None
    assert shipped("/etc/passwd") is None
    assert shipped("no such.yaml") is None

"""YAML text → a tree of plain values that knows where each was written.

YAML 1.2 without the parts that bite: one document, no tags, no anchors, no key twice, at most 1 MB and 20 levels.
ruamel's events are folded here rather than its objects, so that every value and key keeps its line and column and
nothing is built from a file that is not allowed.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim.scenario.errors import Problem
from sim.scenario.values import clock_s, in_clock, said

MOST_BYTES = 1_000_000
MOST_LEVELS = 20
LONGEST_KEY = 200

Scalar = None | bool | int | float | str


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is written; line and column from 1, None in a `--set`."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        """`scenarios/base.yaml:12`."""
        return self.file if self.line is None else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Setting:
    """One writing of a value: where, and as what text."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it comes from.

    Args:
        data: A scalar, a map (key → `Entry`) or a tuple of nodes.
        place: Of a scalar: where it stands; of a map or list under a key: where the key stands.
        text: A scalar as written; empty for maps and lists.
        earlier: What was written for it before this, oldest first (bases, variants).
        born: Where a map was first opened; the place to blame for what it never held.
        gone: Keys that were deleted from a map, and where.
    """

    data: Scalar | dict[str, Entry] | tuple[Node, ...]
    place: Place
    text: str = ""
    earlier: tuple[Setting, ...] = ()
    born: Place | None = None
    gone: dict[str, Place] = field(default_factory=dict)

    @property
    def setting(self) -> Setting:
        """This writing of the value."""
        return Setting(self.place, written(self))

    def at(self, path: tuple[str | int, ...]) -> Node | None:
        """The node at *path*, None when the tree does not reach it."""
        node: Node | None = self
        for step in path:
            if node is None:
                return None
            node = node.child(step)
        return node

    def child(self, step: str | int) -> Node | None:
        """The node one step down; a number also finds the time of day that it is."""
        if isinstance(self.data, dict):
            entry = self.data.get(str(step))
            if entry is None and isinstance(step, int | float):
                entry = self.data.get(in_clock(step))
            return None if entry is None else entry.node
        if (
            isinstance(self.data, tuple)
            and str(step).isdecimal()
            and len(str(step)) < 9
            and int(step) < len(self.data)
        ):
            return self.data[int(step)]
        return None


@dataclass(frozen=True, slots=True)
class Entry:
    """What a map holds for a key: where the key stands, the value, whether the key was quoted (then dots are dots)."""

    key: Place
    node: Node
    quoted: bool = False


def plain(node: Node) -> Any:
    """The bare values, lists as tuples."""
    if isinstance(node.data, dict):
        return {key: plain(entry.node) for key, entry in node.data.items()}
    if isinstance(node.data, tuple):
        return tuple(plain(item) for item in node.data)
    return node.data


def written(node: Node) -> str:
    """A value as one line of YAML."""
    if isinstance(node.data, dict):
        return "{" + ", ".join(f"{key}: {written(entry.node)}" for key, entry in node.data.items()) + "}"
    if isinstance(node.data, tuple):
        return "[" + ", ".join(written(item) for item in node.data) + "]"
    return node.text


class _StopError(Exception):
    """The rest of the text cannot be read."""


def read_file(path: Path, shown: str) -> tuple[Node | None, list[Problem]]:
    """Read one file.

    Args:
        path: Where it is.
        shown: What messages call it.

    Returns:
        The map that it holds (None when it cannot be read) and everything that is wrong with its form.
    """

    def refuse(message: str) -> tuple[None, list[Problem]]:
        return None, [Problem(shown, None, None, "", message)]

    try:
        if path.is_dir():
            return refuse("is a folder; name a scenario file in it")
        if not path.exists():
            return refuse("there is no such file" + _near(path))
        if not path.is_file():
            return refuse("is not a regular file")
        with path.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
    except OSError as error:
        return refuse(f"cannot be read: {error.strerror or error}")
    except ValueError:  # a NUL in the name
        return refuse("is not the name of a file")
    if len(raw) > MOST_BYTES:
        return refuse("is larger than 1 MB, and a scenario file is not")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line, column = before.count(b"\n") + 1, len(before) - (before.rfind(b"\n") + 1) + 1
        return None, [
            Problem(
                shown, line, column, "", f"is not UTF-8 text: byte 0x{raw[error.start]:02x}; not a YAML file?"
            )
        ]
    node, problems = read_text(text, shown)
    if node is not None and not isinstance(node.data, dict):
        if not problems:
            what = {type(None): "nothing", tuple: "a list", str: "plain text"}.get(
                type(node.data), "a single value"
            )
            message = f"holds {what}, and must hold keys with values, such as 'question: ...'"
            problems.append(Problem(shown, node.place.line, node.place.column, "", message))
        node = None
    elif node is None and not problems:
        problems.append(
            Problem(shown, None, None, "", "is empty; `blendsim init` writes a scenario to start from")
        )
    return node, problems


def _near(path: Path) -> str:
    import difflib

    try:
        names = [other.name for other in path.parent.iterdir()][:1000]
    except (OSError, ValueError):
        return ""
    close = difflib.get_close_matches(path.name, names, 1)
    return f"; did you mean {path.parent / close[0]}?" if close else ""


def read_text(text: str, file: str, *, located: bool = True) -> tuple[Node | None, list[Problem]]:
    """Read YAML text.

    Args:
        text: One document.
        file: What messages call it.
        located: Whether lines and columns mean something to the user.

    Returns:
        The tree (None when there is none) and everything that is wrong with its form.
    """
    reader = _Reader(file, located=located)
    for number, line in enumerate(text.split("\n"), 1):
        for match in _CONTROL_RE.finditer(line):
            reader.report(
                number, match.start() + 1, "", f"is not text: it holds the character U+{ord(match[0]):04X}"
            )
            return None, reader.problems
    try:
        return reader.read(text), reader.problems
    except _StopError:
        return None, reader.problems


# What YAML refuses, and half surrogates, which no file can hold again.
_CONTROL_RE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_INT_RE = re.compile(r"[-+]?[0-9]+")
_FLOAT_RE = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}


def _scalar(text: str) -> Scalar:
    """A plain scalar by the core schema of YAML 1.2: `NO`, `9:00` and `1_000` are text."""
    if text in _WORDS:
        value = _WORDS[text]
        # A fresh object for each: floats of the file are told from defaults by identity.
        return float(str(value)) if isinstance(value, float) else value
    if _INT_RE.fullmatch(text):
        return int(text)
    if re.fullmatch(r"0o[0-7]+|0x[0-9a-fA-F]+", text):
        return int(text, 0)
    return float(text) if _FLOAT_RE.fullmatch(text) else text


@dataclass(slots=True)
class _Open:
    """A map or list that is being read."""

    place: Place
    is_map: bool
    entries: dict[str, Entry] = field(default_factory=dict)
    items: list[Node] = field(default_factory=list)
    key: tuple[str, Place, bool] | None = None
    """Of a map: the key whose value comes next."""
    step: str | int = ""


class _Reader:
    """Folds ruamel's events into nodes."""

    def __init__(self, file: str, *, located: bool) -> None:
        self.file = file
        self.located = located
        self.problems: list[Problem] = []
        self.open: list[_Open] = []
        self.root: Node | None = None

    def report(self, line: int | None, column: int | None, path: str, message: str) -> None:
        if not self.located:
            line = column = None
        self.problems.append(Problem(self.file, line, column, path, message))

    def place(self, mark: Any) -> Place:
        return Place(self.file, mark.line + 1, mark.column + 1) if self.located else Place(self.file)

    def path(self) -> str:
        """Dotted path of the value that comes next."""
        steps = []
        for level in self.open:
            step = (
                level.key[0]
                if level.is_map and level.key
                else str(len(level.items))
                if not level.is_map
                else ""
            )
            steps.append(step)
        return ".".join(step for step in steps if step)

    def stop(self, mark: Any, message: str) -> _StopError:
        self.report(mark.line + 1, mark.column + 1, self.path(), message)
        return _StopError()

    def read(self, text: str) -> Node | None:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import MarkedYAMLError, YAMLError

        events = YAML(typ="rt", pure=True).parse(io.StringIO(text))
        while True:
            try:
                event = next(events)
            except StopIteration:
                return self.root
            except MarkedYAMLError as error:
                mark = error.problem_mark or error.context_mark
                line, column = (None, None) if mark is None else (mark.line + 1, mark.column + 1)
                self.report(line, column, "", _not_yaml(error))
                raise _StopError from None
            except RecursionError:
                self.report(None, None, "", f"is nested deeper than {MOST_LEVELS} levels")
                raise _StopError from None
            except (YAMLError, Exception) as error:  # noqa: BLE001  ruamel raises ValueError, IndexError, TypeError … on hostile text
                self.report(
                    None,
                    None,
                    "",
                    f"is not YAML: {str(error).splitlines()[0][:200] if str(error) else 'unreadable'}",
                )
                raise _StopError from None
            self.take(event)

    def take(self, event: Any) -> None:
        kind = type(event).__name__
        if kind in ("StreamStartEvent", "StreamEndEvent", "DocumentEndEvent"):
            return
        if kind == "DocumentStartEvent":
            if self.root is not None:
                raise self.stop(
                    event.start_mark,
                    "one file holds one scenario, so remove the '---'",
                )
            return
        if kind == "AliasEvent":
            raise self.stop(
                event.start_mark,
                f"the alias *{event.anchor} is not read; write the value out, or use `extends`",
            )
        if kind in ("MappingEndEvent", "SequenceEndEvent"):
            closed = self.open.pop()
            data = closed.entries if closed.is_map else tuple(closed.items)
            self.put(Node(data, closed.place, born=closed.place if closed.is_map else None))
            return
        self.check(event)
        place = self.place(event.start_mark)
        if kind == "ScalarEvent":
            self.scalar(event, place)
            return
        level = self.open[-1] if self.open else None
        if level is not None and level.is_map:
            if level.key is None:
                raise self.stop(event.start_mark, "a map or list cannot be a key; quote it if it is text")
            place = level.key[1]
        if len(self.open) >= MOST_LEVELS:
            raise self.stop(event.start_mark, f"is nested deeper than {MOST_LEVELS} levels")
        self.open.append(_Open(place, is_map=kind == "MappingStartEvent"))

    def check(self, event: Any) -> None:
        """Report tags and anchors; what they stand on is read as if they were not there."""
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if event.ctag is not None:
            tag = str(event.ctag).replace("tag:yaml.org,2002:", "!!")
            self.report(
                line,
                column,
                self.path(),
                f"the YAML tag {said(tag)[1:-1]} is not read; write the value without it",
            )
        if event.anchor is not None:
            anchor = said(str(event.anchor))[1:-1]
            self.report(
                line,
                column,
                self.path(),
                f"the anchor &{anchor} is not read; use `extends` or variants to share values",
            )

    def scalar(self, event: Any, place: Place) -> None:
        text: str = event.value
        quoted = event.style in ("'", '"', "|", ">")
        bad = _CONTROL_RE.search(text)
        if bad:
            raise self.stop(event.start_mark, f"holds the character U+{ord(bad[0]):04X}, which is not text")
        level = self.open[-1] if self.open else None
        if level is not None and level.is_map and level.key is None:
            self.key(level, text, place, quoted, event.start_mark)
            return
        if not quoted and len(text) > 30 and (_INT_RE.fullmatch(text) or text.startswith(("0x", "0o"))):
            raise self.stop(event.start_mark, "is a number of more than 30 digits")
        value = text if quoted else _scalar(text)
        shown = _quote(text) if quoted else text
        self.put(Node(value, place, shown))

    def key(self, level: _Open, text: str, place: Place, quoted: bool, mark: Any) -> None:
        if text == "<<" and not quoted:
            self.report(
                mark.line + 1, mark.column + 1, self.path(), "the merge key << is not read; use `extends`"
            )
        if not text or len(text) > LONGEST_KEY:
            raise self.stop(
                mark,
                "a key is missing before the ':'"
                if not text
                else f"a key is longer than {LONGEST_KEY} characters",
            )
        time_s = clock_s(text)
        if time_s is not None:
            text = in_clock(time_s)  # 7:00 and 07:00 are one key
        level.key = (text, place, quoted)

    def put(self, node: Node) -> None:
        if not self.open:
            self.root = node
            return
        level = self.open[-1]
        if not level.is_map:
            level.items.append(node)
            return
        assert level.key is not None, "a value in a map follows its key"
        key, place, quoted = level.key
        first = level.entries.get(key)
        if first is None:
            level.entries[key] = Entry(place, node, quoted)
        else:
            where = (
                ""
                if first.key.line is None
                else f"; first at line {first.key.line}, column {first.key.column}"
            )
            self.report(place.line, place.column, self.path(), f"is written twice{where}; keep one")
        level.key = None


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_PLAIN_WORDS = (
    (
        "mapping values are not allowed here",
        "a ':' where none can stand; quote the text, or put the key on a line of its own",
    ),
    ("found character '\\t'", "a tab; indent with spaces"),
    ("could not find expected ':'", "a line without ': ' where a key should stand"),
    ("expected ',' or ']'", "a list that starts with '[' goes wrong here: a ',' or the ']' is missing"),
    ("expected ',' or '}'", "a map that starts with '{' goes wrong here: a ',' or the '}' is missing"),
    ("found unexpected end of stream", "a quote is not closed"),
    ("expected <block end>", "a line that does not line up with its neighbours; check its indentation"),
    ("expected a single document", "a second document; one file holds one scenario"),
    ("found undefined alias", "an alias; write the value out, or use `extends`"),
    ("cannot start any token", "a character that no value can start with; quote the text"),
)


def _not_yaml(error: Any) -> str:
    """A parser's complaint in plain words."""
    problem = str(error.problem or error.context or "it cannot be parsed")
    for start, words in _PLAIN_WORDS:
        if start in problem:
            problem = words
            break
    opened = error.context_mark
    mark = error.problem_mark
    since = (
        f" (opened at line {opened.line + 1})"
        if opened and mark and "'" in problem and opened.line != mark.line
        else ""
    )
    return f"is not YAML: {problem}{since}"

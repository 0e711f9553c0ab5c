"""The small YAML file that says how to read a call log: its columns, how times are written, what an outcome means.

```yaml
columns: {date: date, entered: vru_entry, queue_entered: q_start, wait_s: q_time, outcome: outcome, customer: who}
none: {queue_entered: ["0:00:00"], customer: ["0"]}
outcomes:
  AGENT: answered
  HANG: {queued: abandoned, not_queued: contained}
  PHANTOM: failed
```
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, PositiveFloat, ValidationError, field_validator, model_validator

from sim.scenario.errors import Problem, ScenarioError
from sim.scenario.values import Spec

LogOutcome = Literal["answered", "abandoned", "contained", "failed"]
TIME_FIELDS = ("entered", "vru_left", "queue_entered", "queue_left", "service_started", "service_ended")
SECONDS_FIELDS = ("vru_s", "wait_s", "service_s")


class ColumnsSpec(Spec):
    """Which column of the log holds what. Name only the columns that the log has."""

    outcome: str
    """How the contact ended; its words are explained under `outcomes`."""
    date: str | None = None
    """Calendar day. Leave out if the time columns carry the date themselves."""
    entered: str | None = None
    """When the caller entered the system (VRU, IVR, bot)."""
    vru_left: str | None = None
    """When the caller left the VRU."""
    vru_s: str | None = None
    """Seconds in the VRU; computed from the two above if absent."""
    queue_entered: str | None = None
    """When the caller joined the queue for a person."""
    queue_left: str | None = None
    """When the caller left that queue: picked up, or hung up."""
    wait_s: str | None = None
    """Seconds in that queue; computed from the two above if absent."""
    service_started: str | None = None
    """When a person picked up."""
    service_ended: str | None = None
    """When that person was done."""
    service_s: str | None = None
    """Seconds of service; computed from the two above if absent."""
    server: str | None = None
    """Who answered."""
    customer: str | None = None
    """Who called. Only a keyed hash of it is ever written."""
    intent: str | None = None
    """What the call was about, or the kind of caller."""
    segment: str | None = None
    """How important the caller is."""


class OutcomeSpec(Spec):
    """An outcome that means one thing for callers who reached the queue and another for those who did not."""

    queued: LogOutcome
    """What it means when the caller had joined the queue."""
    not_queued: LogOutcome
    """What it means otherwise; a caller who hung up in the VRU counts as contained."""


class LogMapping(Spec):
    """How to read one call log. Cells that are empty always mean "none"."""

    columns: ColumnsSpec
    """Column names, as in the log's first line."""
    outcomes: dict[str, LogOutcome | OutcomeSpec] = Field(min_length=1)
    """Every value of the outcome column. A row with another value is rejected."""
    source: str = ""
    """Where the log comes from and who is to be thanked; copied into the import."""
    time_zone: str | None = None
    """IANA name (`Europe/Berlin`). Times are taken as local to it; times with an offset are converted to it."""
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    """What stands between two cells."""
    date_format: str = "%Y-%m-%d"
    """How the date column is written, in strptime's letters."""
    time_format: str = "%H:%M:%S"
    """How the time columns are written: time of day if there is a date column, else date and time."""
    none: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Per field (not column), texts that mean "there is none"; `/.../` is a regular expression for the whole cell."""
    intents: dict[str, str] = Field(default_factory=dict)
    """Clearer names for the values of the intent column; a value that is not listed keeps its own."""
    segments: dict[str, str] = Field(default_factory=dict)
    """Clearer names for the values of the segment column; a value that is not listed keeps its own."""
    segment_known_if_queued: bool = False
    """True if the log identifies only callers who waited: the segment of any other row is then left empty."""
    servers: Literal["keep", "code"] = "code"
    """`code` replaces names by S01, S02, … in order of first appearance; `keep` writes them as they are."""
    unique: tuple[str, ...] = ()
    """Columns that together name a row; a second row with the same cells is rejected. Empty: rows are not compared."""
    long_service_s: PositiveFloat = 3600.0
    """Services longer than this are kept and counted as noticed, seconds."""

    @field_validator("none")
    @classmethod
    def _known_fields(cls, none: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for field, texts in none.items():
            if field not in ColumnsSpec.model_fields:
                raise ValueError(
                    f"{field!r} is not a field{_did_you_mean(field, list(ColumnsSpec.model_fields))}"
                )
            for text in texts:
                if _is_pattern(text):
                    try:
                        re.compile(text[1:-1])
                    except re.error as error:
                        raise ValueError(f"{field}: {text} is not a regular expression ({error})") from None
        return none

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        if name is not None:
            import zoneinfo

            if name not in zoneinfo.available_timezones():
                raise ValueError(f"{name!r} is not an IANA time zone such as Europe/Berlin")
        return name

    @model_validator(mode="after")
    def _enough_columns(self) -> LogMapping:
        columns = self.columns
        if columns.entered is None and columns.queue_entered is None:
            raise ValueError(
                "columns: name `entered` or `queue_entered`; without one, no contact has an arrival time"
            )
        if columns.date is None and "%d" not in self.time_format and "%j" not in self.time_format:
            raise ValueError(
                "columns.date is missing, and time_format holds no day (such as %Y-%m-%d %H:%M:%S)"
            )
        if "%z" in self.time_format and (self.time_zone is None or columns.date is not None):
            raise ValueError("time_format with %z needs a time_zone to convert to, and no date column")
        return self

    def is_none(self, field: str) -> frozenset[str]:
        """The plain texts that mean "none" in *field*, the empty cell among them."""
        return frozenset({"", *(text for text in self.none.get(field, ()) if not _is_pattern(text))})

    def none_pattern(self, field: str) -> re.Pattern[str] | None:
        """The regular expression for "none" in *field*, if there is one."""
        patterns = [f"(?:{text[1:-1]})" for text in self.none.get(field, ()) if _is_pattern(text)]
        return re.compile("|".join(patterns)) if patterns else None


def read_mapping(path: Path) -> LogMapping:
    """Read a mapping file.

    Args:
        path: YAML (1.2), UTF-8.

    Returns:
        The mapping, checked.

    Raises:
        ScenarioError: Everything that is wrong with the file, each with file, line, column and key.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        tree = YAML(typ="rt").load(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ScenarioError(f"{path}: is not UTF-8 text") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        problem = str(error.problem).splitlines()[0] if error.problem else "is not YAML"
        raise ScenarioError(f"{where}: {problem}") from None
    except YAMLError:
        raise ScenarioError(f"{path}: is not YAML") from None
    if not isinstance(tree, dict) or not tree:
        raise ScenarioError(f"{path}: holds no mapping; it needs at least `columns` and `outcomes`")
    try:
        return LogMapping.model_validate(_plain(tree))
    except ValidationError as error:
        problems = [
            _problem(path, tree, found["loc"], found["type"], found["msg"]) for found in error.errors()
        ]
        # Both arms of a union complain about one value; one complaint is enough.
        in_order = sorted(
            dict.fromkeys(problems), key=lambda problem: (problem.line or 0, problem.column or 0)
        )
        raise ScenarioError.of(in_order) from None


def check_header(mapping: LogMapping, mapping_path: Path, header: list[str]) -> dict[str, int]:
    """Find the mapped columns in the log's first line.

    Args:
        mapping: How to read the log.
        mapping_path: Named in the message.
        header: The cells of the first line.

    Returns:
        Position of each mapped field.

    Raises:
        ScenarioError: Columns that are not there, or there twice.
    """
    problems = []
    position = {}
    wanted = {name: column for name, column in mapping.columns.model_dump().items() if column is not None}
    for name, column in [
        *wanted.items(),
        *((f"unique[{i}]", column) for i, column in enumerate(mapping.unique)),
    ]:
        key = name if name.startswith("unique") else f"columns.{name}"
        if column not in header:
            problems.append(
                f"{mapping_path}: {key} names the column {column!r}, which the log's first line does not have"
                + _did_you_mean(column, header)
            )
        elif header.count(column) > 1:
            problems.append(
                f"{mapping_path}: {key} names the column {column!r}, which the log has {header.count(column)} times"
            )
        else:
            position[name] = header.index(column)
    if problems:
        raise ScenarioError("\n".join(problems))
    return position


def _is_pattern(text: str) -> bool:
    return len(text) > 2 and text.startswith("/") and text.endswith("/")


def _did_you_mean(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _plain(node: Any) -> Any:
    """Ruamel's nodes as plain dicts, lists and texts; a key such as `0:` is meant as the text "0"."""
    if isinstance(node, dict):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return tuple(_plain(value) for value in node)
    return str(node) if isinstance(node, str) else node


def _problem(path: Path, tree: Any, loc: tuple[int | str, ...], kind: str, message: str) -> Problem:
    """One complaint with its place, as near as the file knows the key."""
    line, column = 0, 0
    node, keys = tree, []
    for key in loc:
        lc: Any = getattr(node, "lc", None)  # ruamel's nodes know where they stood
        try:
            if isinstance(node, dict):
                own = next(k for k in node if str(k) == key)
                line, column = lc.key(own)
            elif isinstance(node, list) and isinstance(key, int):
                own = key
                line, column = lc.item(own)
            else:
                break
            node = node[own]
        except (StopIteration, KeyError, IndexError):
            if kind in {"missing", "extra_forbidden"}:
                keys.append(str(key))
            break
        keys.append(str(key))
    return Problem(str(path), line + 1, column + 1, ".".join(keys), _explain(kind, loc, message))


def _explain(kind: str, loc: tuple[int | str, ...], message: str) -> str:
    """Pydantic's message in the user's words."""
    if kind == "extra_forbidden":
        known = list(ColumnsSpec.model_fields if loc[0] == "columns" else LogMapping.model_fields)
        if loc[0] == "outcomes":
            known = list(OutcomeSpec.model_fields)
        return "there is no such key" + _did_you_mean(str(loc[-1]), known)
    if kind == "missing":
        return "is missing"
    if loc[:1] == ("outcomes",):
        return "must be answered, abandoned, contained or failed, or {queued: ..., not_queued: ...}"
    return message.removeprefix("Value error, ").replace("Input should be", "must be")

"""One replication ↔ Arrow tables: names instead of codes on disk, codes again in memory, to the last bit.

Missing values are null: a contact that never queued has no queue, a wait that did not happen no length.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from enum import IntEnum
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sim.engine.control import CONTROL, Look
from sim.engine.records import BILLED, COLUMNS, COUNTERS, RATED, Billed, Counts, Run
from sim.engine.state import DECISION, JOURNEY, KEPT, Disposition, Handling, Mode
from sim.engine.what import What
from sim.orchestration import breaker
from sim.orchestration.words import Decision, Reason, in_words
from sim.outcomes import story
from sim.outcomes.happenings import name_of
from sim.scenario.model import Scenario

INTERVALS, REASONS, BILLS, LOOKS, CONTROLS, CONTACTS, DECISIONS = (
    "intervals",
    "reasons",
    "billed",
    "looks",
    "control",
    "contacts",
    "decisions",
)
TABLES = (INTERVALS, REASONS, BILLS, LOOKS, CONTROLS, CONTACTS, DECISIONS)

_SUMS = (
    "ai_s",
    "rated_points",
    "wait_answered_s",
    "wait_s",
    "handle_s",
    "handle_s2",
    "callback_wait_s",
    "held_s",
    "lost_s",
)
"""Counters that are sums of seconds (squared) or of points that are no whole numbers; the others count things."""
_KINDS = ("queue", "group", "fleet")
_LOOK = {
    "queue": ("waiting", "waiting_peak", "waiting_area", "held"),
    "group": ("present", "wanted", "present_area", "busy_area", "contact_area"),
    "fleet": ("active", "active_area", "sessions", "stranded", "breaker", "level"),
}
_LOOK_NAMES = tuple(name for kind in _KINDS for name in _LOOK[kind])
_TARGETS = ("human", "ai", "ai_monitored")
_CODED = {
    "intent": "intents", "channel": "channels", "segment": "segments", "language": "languages",
    "region": "regions", "label": "intents", "first_fleet": "fleets", "fleet": "fleets", "queue": "queues",
    "group": "groups", "via": "channels",
}  # fmt: skip
"""Columns of a contact and the names that their codes stand for."""
_WORDED: dict[str, tuple[str, ...]] = {}
"""Columns of a contact that hold a code of the program."""
_FLAGS = ("right", "in_scope", "monitored", "ghost")
_WHOLE = {"id", "issue", "attempt"} | {name for name in KEPT if np.issubdtype(JOURNEY[name], np.integer)}
"""Columns of a contact that hold whole numbers."""


def _words(codes: type[IntEnum]) -> tuple[str, ...]:
    """Member names in lower case, by code."""
    assert [int(code) for code in codes] == list(range(len(codes))), "codes have no gaps"
    return tuple(code.name.lower() for code in codes)


_HANDLINGS, _REASONS, _DECISIONS, _WHATS = _words(Handling), _words(Reason), _words(Decision), _words(What)
_STATES, _CAUSES = _words(breaker.State), _words(breaker.Cause)
_WORDED |= {
    "disposition": _words(Disposition),
    "handling": _HANDLINGS,
    "target": _TARGETS,
    "route_reason": _REASONS,
    "end_reason": _REASONS,
    "mode": _words(Mode),
}


# --- run → tables ---


def tables_of(run: Run) -> dict[str, pa.Table]:
    """What a replication left behind, by name of the table; contacts and decisions only where they were kept."""
    tables = {
        INTERVALS: _intervals(run),
        REASONS: _reasons(run),
        BILLS: _billed(run),
        LOOKS: _looks(run),
        CONTROLS: _control(run),
    }
    if run.contacts is not None:
        tables[CONTACTS] = _contacts(run, run.contacts)
        tables[DECISIONS] = _decisions(run, run.decisions)
    return tables


def _table(run: Run, columns: Mapping[str, Any], rows: int) -> pa.Table:
    head = {
        "variant": _named(np.zeros(rows, dtype=np.int64), (run.scenario.variant,)),
        "replication": pa.array(np.full(rows, run.replication, dtype=np.int32)),
    }
    return pa.table({**head, **columns})


def _named(codes: NDArray[Any], names: Sequence[str], missing: NDArray[np.bool_] | None = None) -> pa.Array:
    """Codes as a column of names; negative ones, and those *missing*, are null."""
    codes = np.asarray(codes).astype(np.int32)
    mask = codes < 0 if missing is None else (codes < 0) | missing
    indices = pa.array(np.where(mask, 0, codes).astype(np.int32), mask=mask)
    return pa.DictionaryArray.from_arrays(indices, pa.array(names or ("",), type=pa.string()))


def _floats(values: NDArray[Any]) -> pa.Array:
    return pa.array(values, type=pa.float64(), from_pandas=True)


def _begins(scenario: Scenario, seconds: NDArray[np.floating[Any]]) -> pa.Array:
    """Instants in the scenario's own time zone."""
    start = scenario.calendar.start.astimezone(UTC).timestamp()
    micros = np.round((start + seconds) * 1e6).astype("datetime64[us]")
    return pa.array(micros, type=pa.timestamp("us", tz="UTC")).cast(
        pa.timestamp("us", tz=scenario.calendar.timezone)
    )


def _intervals(run: Run) -> pa.Table:
    names, counts = run.scenario.names, run.counts
    columns: dict[str, Any] = {
        "interval": pa.array(counts.interval, type=pa.int32()),
        "begins": _begins(run.scenario, counts.interval * run.scenario.calendar.interval_s),
        "queue": _named(counts.queue, names.queues),
        "channel": _named(counts.channel, names.channels),
        "intent": _named(counts.intent, names.intents),
        "handling": _named(counts.handling, _HANDLINGS),
    }
    for name in COUNTERS:
        values = counts.of(name)
        columns[name] = pa.array(values) if name in _SUMS else pa.array(values.astype(np.int64))
    return _table(run, columns, len(counts.interval))


def _reasons(run: Run) -> pa.Table:
    interval, reason = np.nonzero(run.counts.reasons)
    columns = {
        "interval": pa.array(interval, type=pa.int32()),
        "begins": _begins(run.scenario, interval * run.scenario.calendar.interval_s),
        "reason": _named(reason, _REASONS),
        "contacts": pa.array(run.counts.reasons[interval, reason]),
    }
    return _table(run, columns, len(interval))


def _billed(run: Run) -> pa.Table:
    names, billed = run.scenario.names, run.counts.billed
    columns: dict[str, Any] = {
        "interval": pa.array(billed.interval, type=pa.int32()),
        "begins": _begins(run.scenario, billed.interval * run.scenario.calendar.interval_s),
        "channel": _named(billed.channel, names.channels),
        "intent": _named(billed.intent, names.intents),
        "fleet": _named(billed.fleet, names.fleets),
    }
    for name in BILLED:
        values = billed.of(name)
        columns[name] = pa.array(values if name.endswith("_s") else values.astype(np.int64))
    return _table(run, columns, len(billed.interval))


def _looks(run: Run) -> pa.Table:
    names = {
        "queue": run.scenario.names.queues,
        "group": run.scenario.names.groups,
        "fleet": run.scenario.names.fleets,
    }
    every = [name for kind in _KINDS for name in names[kind]]
    kinds = np.repeat(np.arange(len(_KINDS)), [len(names[kind]) for kind in _KINDS])
    looks = len(run.looks)
    at_s = np.repeat([look.at_s for look in run.looks], len(every)).astype(np.float64)
    columns: dict[str, Any] = {
        "at_s": pa.array(at_s),
        "at": _begins(run.scenario, at_s),
        "kind": _named(np.tile(kinds, looks), _KINDS),
        "name": _named(np.tile(np.arange(len(every)), looks), every),
    }
    offset = 0
    for kind in _KINDS:
        width = len(names[kind])
        there = np.zeros((looks, len(every)), dtype=bool)
        there[:, offset : offset + width] = True
        for field in _LOOK[kind]:
            whole = field.endswith("_area")
            values = np.zeros(there.shape, dtype=np.float64 if whole else np.int64)
            if looks and width:
                values[:, offset : offset + width] = [getattr(look, field) for look in run.looks]
            if field == "breaker":
                columns[field] = _named(values.ravel(), _STATES, missing=~there.ravel())
            else:
                columns[field] = pa.array(values.ravel(), mask=~there.ravel())
        offset += width
    return _table(run, columns, len(at_s))


def _control(run: Run) -> pa.Table:
    rows, scenario = run.control, run.scenario
    what = rows["what"].astype(np.int64)
    is_breaker = what == What.BREAKER
    columns = {
        "at_s": pa.array(rows["at_s"].astype(np.float64)),
        "at": _begins(scenario, rows["at_s"].astype(np.float64)),
        "what": _named(what, _WHATS),
        "name": pa.array([name_of(scenario, row) for row in rows], type=pa.string()),
        "from": _named(rows["from_state"], _STATES, missing=~is_breaker),
        "to": _named(rows["to_state"], _STATES, missing=~is_breaker),
        **{
            f"{field}_code": pa.array(rows[field].astype(np.int64))
            for field in ("subject", "from_state", "to_state", "cause")
        },
        "part": _floats(rows["part"]),
        "whole": _floats(rows["whole"]),
        "limit": _floats(rows["limit"]),
        "said": pa.array([run.said.get(k) for k in range(len(rows))], type=pa.string()),
        "words": pa.array([told.text for told in story(run, people=True)], type=pa.string()),
    }
    return _table(run, columns, len(rows))


def _contacts(run: Run, contacts: Mapping[str, NDArray[Any]]) -> pa.Table:
    columns: dict[str, Any] = {}
    never_in_ai = contacts["first_fleet"] < 0
    for name in (*COLUMNS, *KEPT, *RATED):
        values = contacts[name]
        if name in _CODED:
            columns[name] = _named(values, getattr(run.scenario.names, _CODED[name]))
        elif name in _WORDED:
            none = never_in_ai if name == "mode" else values == 0 if _WORDED[name] is _REASONS else None
            columns[name] = _named(values, _WORDED[name], missing=none)
        elif name in _FLAGS:
            columns[name] = pa.array(values.astype(bool))
        elif np.issubdtype(values.dtype, np.floating) and name not in _WHOLE:
            columns[name] = _floats(values)
        else:
            columns[name] = pa.array(values.astype(np.int64))
    return _table(run, columns, len(never_in_ai))


def _decisions(run: Run, rows: NDArray[Any] | None) -> pa.Table:
    if rows is None:
        rows = np.empty(0, dtype=DECISION)
    columns = {
        "at_s": pa.array(rows["at_s"].astype(np.float64)),
        "contact": pa.array(rows["contact"].astype(np.int64)),
        "kind": _named(rows["kind"], _DECISIONS),
        "reason": _named(rows["reason"], _REASONS),
        "fleet": _named(rows["fleet"], run.scenario.names.fleets),
        "queue": _named(rows["queue"], run.scenario.names.queues),
        "seen": _floats(rows["seen"]),
        "limit": _floats(rows["limit"]),
        "words": _sentences(rows),
    }
    return _table(run, columns, len(rows))


_MILLI, _HALF = 1000.0, 1 << 28


def _sentences(rows: NDArray[Any]) -> pa.Array:
    """The reason of every decision in words; a sentence that comes again is made once.

    Sentences show three decimals at most, so rows that agree in these share one: the first row's.
    """
    key = rows["reason"].astype(np.int64)
    for name in ("seen", "limit"):
        thousandths = np.rint(np.nan_to_num(rows[name] * _MILLI))
        key = key * (2 * _HALF) + np.clip(thousandths, -_HALF, _HALF - 1).astype(np.int64) + _HALF
    _, first, where = np.unique(key, return_index=True, return_inverse=True)
    sentences = [in_words(int(row["reason"]), float(row["seen"]), float(row["limit"])) for row in rows[first]]
    place = {sentence: k for k, sentence in enumerate(dict.fromkeys(sentences))}
    code = np.array([place[sentence] for sentence in sentences], dtype=np.int32)
    return pa.DictionaryArray.from_arrays(
        pa.array(code[where.ravel()]), pa.array(list(place), type=pa.string())
    )


# --- tables → run ---


def counts_from(scenario: Scenario, intervals: pa.Table, reasons: pa.Table, billed: pa.Table) -> Counts:
    """The interval table of one replication."""
    names = scenario.names
    table = np.zeros((scenario.calendar.intervals, len(Reason)), dtype=np.int64)
    table[_ints(reasons, "interval"), codes(reasons, "reason", _REASONS)] = _ints(reasons, "contacts")
    values = [_numbers(intervals, name) for name in COUNTERS]
    return Counts(
        interval=_ints(intervals, "interval"),
        queue=codes(intervals, "queue", names.queues),
        channel=codes(intervals, "channel", names.channels),
        intent=codes(intervals, "intent", names.intents),
        handling=codes(intervals, "handling", _HANDLINGS),
        values=np.ascontiguousarray(np.stack(values, axis=1)),
        reasons=table,
        billed=Billed(
            interval=_ints(billed, "interval"),
            channel=codes(billed, "channel", names.channels),
            intent=codes(billed, "intent", names.intents),
            fleet=codes(billed, "fleet", names.fleets),
            values=np.ascontiguousarray(np.stack([_numbers(billed, name) for name in BILLED], axis=1)),
        ),
    )


def looks_from(scenario: Scenario, table: pa.Table) -> tuple[Look, ...]:
    """The looks of one replication."""
    names = scenario.names
    width = {"queue": len(names.queues), "group": len(names.groups), "fleet": len(names.fleets)}
    every = sum(width.values())
    looks = table.num_rows // every
    at_s = _numbers(table, "at_s").reshape(looks, every)[:, 0]
    columns: dict[str, NDArray[Any]] = {}
    offset = 0
    for kind in _KINDS:
        for field in _LOOK[kind]:
            flat: NDArray[Any] = (
                codes(table, field, _STATES) if field == "breaker" else _numbers(table, field)
            )
            block = flat.reshape(looks, every)[:, offset : offset + width[kind]]
            columns[field] = block if field.endswith("_area") else block.astype(np.int64)
        offset += width[kind]
    return tuple(
        Look(at_s=float(at_s[k]), **{name: columns[name][k] for name in _LOOK_NAMES}) for k in range(looks)
    )


def control_from(table: pa.Table) -> NDArray[Any]:
    """The control log of one replication."""
    rows = np.empty(table.num_rows, dtype=CONTROL)
    what = codes(table, "what", _WHATS)
    rows["what"] = what
    rows["at_s"] = _numbers(table, "at_s")
    for name in ("part", "whole", "limit"):
        rows[name] = _numbers(table, name)
    for name in ("subject", "from_state", "to_state", "cause"):
        rows[name] = _numbers(table, f"{name}_code").astype(np.int32)
    return rows


def said_from(table: pa.Table) -> dict[int, str]:
    """What controllers said, by row of the control log."""
    return {k: words for k, words in enumerate(table["said"].to_pylist()) if words is not None}


def contacts_from(scenario: Scenario, table: pa.Table) -> dict[str, NDArray[Any]]:
    """The contact rows of one replication."""
    columns: dict[str, NDArray[Any]] = {}
    for name in (*COLUMNS, *KEPT, *RATED):
        kind = JOURNEY[name] if name in KEPT else None
        values: NDArray[Any]
        if name in _CODED:
            values = codes(table, name, getattr(scenario.names, _CODED[name]))
        elif name in _WORDED:
            values = codes(table, name, _WORDED[name])
            if name == "mode" or _WORDED[name] is _REASONS:
                values = np.maximum(values, 0)
        elif name in _FLAGS:
            values = table[name].to_numpy()
        else:
            values = _ints(table, name) if name in _WHOLE else _numbers(table, name)
        columns[name] = values.astype(kind) if kind is not None else values
    return columns


def decisions_from(scenario: Scenario, table: pa.Table) -> NDArray[Any]:
    """The decision log of one replication."""
    rows = np.empty(table.num_rows, dtype=DECISION)
    for name in ("at_s", "seen", "limit"):
        rows[name] = _numbers(table, name)
    rows["contact"] = _ints(table, "contact")
    rows["kind"] = codes(table, "kind", _DECISIONS)
    rows["reason"] = codes(table, "reason", _REASONS)
    rows["fleet"] = codes(table, "fleet", scenario.names.fleets)
    rows["queue"] = codes(table, "queue", scenario.names.queues)
    return rows


def codes(table: pa.Table, column: str, names: Iterable[str]) -> NDArray[np.int64]:
    """A column of names as codes, −1 for null.

    Raises:
        KeyError: A name that the scenario does not have.
    """
    known = {name: code for code, name in enumerate(names)}
    parts = []
    for chunk in table[column].chunks:
        coded = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
        # What nobody refers to may stand in a dictionary: an empty list of names has one, "".
        code = np.array([known.get(name, -2) for name in coded.dictionary.to_pylist()] or [-2])
        index = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        parts.append(np.where(index < 0, -1, code[np.maximum(index, 0)]).astype(np.int64))
    codes = np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
    if (codes == -2).any():
        raise KeyError(f"{column} has a name that the scenario does not know")
    return codes


def _ints(table: pa.Table, column: str) -> NDArray[np.int64]:
    """A column of whole numbers, −1 for null."""
    values = table[column].fill_null(-1).to_numpy()
    return np.asarray(values).astype(np.int64)


def _numbers(table: pa.Table, column: str) -> NDArray[np.float64]:
    """A column of numbers, NaN for null."""
    return np.array(table[column].to_numpy(), dtype=np.float64)

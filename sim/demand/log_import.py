"""`blendsim import`: a call log becomes a folder that `run` can replay.

contacts.parquet   one row a contact, no identities       import.json   counts, rules applied, where it came from
rejected.csv       every row that is not a contact, and why
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import json
import os
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import IO, Any

import numpy as np

from sim.demand.log import LogContacts, Notice, Outcome, ParsedLog, customer_hash, numbered_rows, read_log
from sim.demand.log_mapping import check_header, read_mapping
from sim.scenario.errors import ScenarioError

SCHEMA_VERSION = 1
CONTACTS, REJECTED, IMPORT = "contacts.parquet", "rejected.csv", "import.json"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. rows = contacts + rejected."""

    out: Path
    rows: int
    contacts: int
    rejected: int
    days: tuple[date, ...]
    outcomes: dict[str, int]
    """Contacts per outcome."""
    reasons: dict[str, int]
    """Rejected rows per reason."""
    notices: tuple[Notice, ...]
    """Oddities that were kept, with the rule applied to each."""

    def in_words(self) -> str:
        """A few lines for the terminal."""
        days = f"{self.days[0]} to {self.days[-1]}" if self.days else "no day"
        lines = [
            f"{self.rows:,} rows, {days}: {self.contacts:,} contacts ("
            + ", ".join(f"{count:,} {name}" for name, count in self.outcomes.items() if count)
            + f"), {self.rejected:,} rejected"
            + (f" (see {self.out / REJECTED})" if self.rejected else "")
        ]
        lines += [f"  rejected  {count:6,}  {reason}" for reason, count in self.reasons.items()]
        lines += [f"  noticed   {notice.rows:6,}  {notice.kind}: {notice.rule}" for notice in self.notices]
        return "\n".join(lines)


def read_key(path: Path, out: Path) -> bytes:
    """The key under which customer ids are hashed; made, readable by its owner only, if the file does not exist.

    Args:
        path: The key file. Who has it and the log's ids can tell which hash is whose: keep it apart from the import.
        out: The import's folder, in which the key must not lie.

    Returns:
        32 bytes.

    Raises:
        ScenarioError: The file lies inside *out*, cannot be read or made, or is not a key.
    """
    if path.resolve().is_relative_to(out.resolve()):
        raise ScenarioError(
            f"{path}: the key lies inside the import's folder {out}; keep it elsewhere, it undoes the hashing"
        )
    try:
        with contextlib.suppress(FileExistsError):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32) + "\n")
        text = path.read_text(encoding="ascii").strip()
        key = bytes.fromhex(text)
    except OSError as error:
        raise ScenarioError(f"{path}: the key cannot be read or made ({error.strerror})") from None
    except ValueError:
        raise ScenarioError(f"{path}: is not a key; a key file holds 64 hexadecimal digits") from None
    if len(key) != 32:
        raise ScenarioError(
            f"{path}: is not a key; a key file holds 64 hexadecimal digits, this one {len(text)}"
        )
    return key


def import_log(log: Path, mapping: Path, out: Path, key: bytes | None = None) -> ImportReport:
    """Read a call log and write what it says, without identities, into a folder.

    Args:
        log: CSV, UTF-8, with a first line of column names.
        mapping: YAML that explains the columns; see `sim.demand.log_mapping`.
        out: Folder to write; made if absent, an earlier import in it is replaced.
        key: From `read_key`. None takes a key that nobody keeps: a customer can be followed through this import, not
            from one import to the next.

    Returns:
        Counts, also written to `import.json`.

    Raises:
        ScenarioError: The log or the mapping cannot be used, or *out* holds something else.
    """
    how = read_mapping(mapping)
    if out.exists() and (
        not out.is_dir()
        or (any(out.iterdir()) and not (out / IMPORT).exists() and not (out / CONTACTS).exists())
    ):
        raise ScenarioError(f"{out}: is there already and is not an import; name a new folder")
    one_time = key is None
    key = secrets.token_bytes(32) if key is None else key
    try:
        with log.open("rb") as raw:
            start = raw.read(2)
            if start in {b"\xff\xfe", b"\xfe\xff"}:
                raise ScenarioError(f"{log}: is UTF-16; save it as CSV in UTF-8")
            raw.seek(0)
            digest = hashlib.file_digest(raw, "sha256").hexdigest()
        with log.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
            rows = numbered_rows(text, how.delimiter)
            _, header = next(rows, (1, []))
            if not isinstance(header, list) or not header:
                raise ScenarioError(f"{log}: has no first line with column names")
            header = [name.strip() for name in header]
            parsed = read_log(rows, how, check_header(how, mapping, header), len(header), customer_hash(key))
    except OSError as error:
        raise ScenarioError(f"{log}: cannot be read ({error.strerror})") from None
    report = _report(out, parsed)
    out.mkdir(parents=True, exist_ok=True)
    # import.json goes first and comes last: a folder that has it is whole.
    (out / IMPORT).unlink(missing_ok=True)
    _write(out / CONTACTS, lambda file: _write_parquet(parsed.contacts, file))
    _write(out / REJECTED, lambda file: file.write(_rejected_csv(parsed)))
    facts = {
        "schema_version": SCHEMA_VERSION,
        "log": log.name,
        "log_sha256": digest,
        "source": how.source,
        "time_zone": how.time_zone,
        "rows": report.rows,
        "contacts": report.contacts,
        "days": [day.isoformat() for day in report.days],
        "outcomes": report.outcomes,
        "rejected": report.rejected,
        "reasons": report.reasons,
        "noticed": [asdict(notice) for notice in report.notices],
        "customer_key": "one-time"
        if one_time
        else hashlib.blake2b(b"which key", key=key, digest_size=4).hexdigest(),
        "mapping": how.model_dump(mode="json"),
    }
    _write(
        out / IMPORT,
        lambda file: file.write((json.dumps(facts, indent=1, ensure_ascii=False) + "\n").encode()),
    )
    return report


def read_contacts(folder: Path) -> LogContacts:
    """The contacts of an import.

    Args:
        folder: Written by `import_log`.

    Raises:
        ScenarioError: The folder holds no finished import, one of another schema, or a damaged one.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        facts = json.loads((folder / IMPORT).read_text(encoding="utf-8"))
    except OSError:
        raise ScenarioError(f"{folder}: holds no finished import; make one with `blendsim import`") from None
    except ValueError:
        raise ScenarioError(f"{folder / IMPORT}: is not JSON; import the log again") from None
    if facts.get("schema_version") != SCHEMA_VERSION:
        raise ScenarioError(
            f"{folder}: was imported with schema {facts.get('schema_version')}, "
            f"this version reads {SCHEMA_VERSION}; import the log again"
        )
    try:
        table = pq.read_table(folder / CONTACTS, page_checksum_verification=True)
    except (OSError, pa.ArrowException) as error:
        raise ScenarioError(f"{folder / CONTACTS}: is damaged ({error}); import the log again") from None

    def numbers(name: str) -> Any:
        return table[name].to_numpy().astype(np.float64)

    def coded(name: str) -> tuple[Any, tuple[str, ...]]:
        column = table[name].combine_chunks().dictionary_encode()
        if isinstance(column, pa.ChunkedArray):
            column = column.combine_chunks()
        names = ("", *column.dictionary.to_pylist())
        return column.indices.fill_null(-1).to_numpy().astype(np.int64) + 1, names

    outcome_code = {outcome.name.lower(): int(outcome) for outcome in Outcome}
    outcomes, outcome_names = coded("outcome")
    server, servers = coded("server")
    intent, intents = coded("intent")
    segment, segments = coded("segment")
    return LogContacts(
        day=table["day"].to_numpy().astype("datetime64[D]"),
        arrive_s=numbers("arrive_s"),
        vru_s=numbers("vru_s"),
        queued=table["queued"].to_numpy(),
        wait_s=numbers("wait_s"),
        outcome=np.array([0, *(outcome_code[name] for name in outcome_names[1:])], dtype=np.int64)[outcomes],
        service_s=numbers("service_s"),
        service_start_s=numbers("service_start_s"),
        server=server,
        servers=servers,
        intent=intent,
        intents=intents,
        segment=segment,
        segments=segments,
        customer=np.array([text or "" for text in table["customer"].to_pylist()], dtype=np.str_),
        line=table["line"].to_numpy(),
    )


def _report(out: Path, parsed: ParsedLog) -> ImportReport:
    counts = np.bincount(parsed.contacts.outcome, minlength=len(Outcome)).tolist()
    return ImportReport(
        out=out,
        rows=parsed.rows,
        contacts=len(parsed.contacts),
        rejected=len(parsed.rejections),
        days=parsed.contacts.days,
        outcomes={outcome.name.lower(): counts[outcome] for outcome in Outcome},
        reasons=dict(Counter(_family(rejection.reason) for rejection in parsed.rejections).most_common()),
        notices=parsed.notices,
    )


def _family(reason: str) -> str:
    """Reasons that differ only in a line number count as one."""
    return "repeats an earlier line" if reason.startswith("repeats line") else reason


def _rejected_csv(parsed: ParsedLog) -> bytes:
    import io

    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("line", "reason", "field", "value"))
    writer.writerows((r.line, r.reason, r.field, r.shown) for r in parsed.rejections)
    return text.getvalue().encode()


def _write_parquet(contacts: LogContacts, file: IO[bytes]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    def coded(codes: Any, names: tuple[str, ...]) -> Any:
        words = pa.array([None, *names[1:]], pa.string())
        return words.take(pa.array(codes))

    def maybe(values: Any) -> Any:
        return pa.array(values, pa.float64())  # NaN stays NaN: "did not happen", as everywhere inside

    table = pa.table(
        {
            "day": pa.array(contacts.day, pa.date32()),
            "arrive_s": maybe(contacts.arrive_s),
            "vru_s": maybe(contacts.vru_s),
            "queued": pa.array(contacts.queued),
            "wait_s": maybe(contacts.wait_s),
            "outcome": pa.array([o.name.lower() for o in Outcome]).take(pa.array(contacts.outcome)),
            "service_s": maybe(contacts.service_s),
            "service_start_s": maybe(contacts.service_start_s),
            "server": coded(contacts.server, contacts.servers),
            "intent": coded(contacts.intent, contacts.intents),
            "segment": coded(contacts.segment, contacts.segments),
            "customer": pa.array([text or None for text in contacts.customer.tolist()], pa.string()),
            "line": pa.array(contacts.line),
        }
    )
    pq.write_table(table, file, write_page_checksum=True, compression="zstd")


def _write(path: Path, fill: Callable[[IO[bytes]], object]) -> None:
    """Write whole or not at all: to a temporary name on the same disk, then renamed."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise

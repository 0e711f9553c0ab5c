from __future__ import annotations

import csv
import json
import math
import stat
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from sim.demand.log import LogContacts, Outcome, mask
from sim.demand.log_import import ImportReport, import_log, read_contacts, read_key
from sim.scenario.errors import ScenarioError

MAPPING = """
columns:
  date: day
  entered: in
  vru_left: out
  vru_s: vru
  queue_entered: q_in
  queue_left: q_out
  wait_s: wait
  outcome: end
  service_started: s_in
  service_ended: s_out
  service_s: talk
  server: who
  customer: cust
  intent: kind
  segment: prio
none: {queue_entered: ["0:00:00"], queue_left: ["0:00:00"], service_started: ["0:00:00"], service_ended: ["0:00:00"], server: [NOBODY], customer: ["0"]}
outcomes:
  AGENT: answered
  HANG: {queued: abandoned, not_queued: contained}
  PHANTOM: failed
intents: {PS: regular}
unique: [id]
"""  # noqa: E501
HEADER = "id,day,in,out,vru,q_in,q_out,wait,end,s_in,s_out,talk,who,cust,kind,prio"
ANSWERED = "1,2026-03-02,9:00:00,9:00:10,10,9:00:10,9:01:10,60,AGENT,9:01:09,9:03:09,120,Ruth,77001122,PS,2"
AT_ONCE = "2,2026-03-02,9:05:00,9:05:10,10,0:00:00,0:00:00,0,AGENT,9:05:10,9:06:10,60,Omar,0,PS,0"
LEFT = "3,2026-03-02,9:06:00,9:06:10,10,9:06:10,9:06:40,30,HANG,0:00:00,0:00:00,0,NOBODY,77001122,PS,2"
IN_VRU = "4,2026-03-02,9:07:00,9:07:20,20,0:00:00,0:00:00,0,HANG,0:00:00,0:00:00,0,NOBODY,0,PS,0"
PHANTOM = "5,2026-03-02,9:08:00,9:08:10,10,9:08:10,9:08:20,10,PHANTOM,9:08:20,9:08:23,3,NOBODY,0,PS,0"


def imported(
    folder: Path, *rows: str, header: str = HEADER, mapping: str = MAPPING, key: bytes | None = b"k" * 32
) -> tuple[ImportReport, LogContacts]:
    """Write a log and its mapping, import them, read the result back."""
    (folder / "log.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    (folder / "map.yaml").write_text(mapping, encoding="utf-8")
    report = import_log(folder / "log.csv", folder / "map.yaml", folder / "out", key)
    return report, read_contacts(folder / "out")


def rejected(folder: Path) -> list[dict[str, str]]:
    """The rows of rejected.csv."""
    with (folder / "out" / "rejected.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def kinds(report: ImportReport) -> dict[str, int]:
    """How often each oddity was noticed."""
    return {notice.kind: notice.rows for notice in report.notices}


def test_each_outcome_becomes_a_contact_with_its_own_arrival(tmp_path: Path) -> None:
    """Queued contacts arrive at the queue, those answered at once when the VRU ends, all others when they enter."""
    report, contacts = imported(tmp_path, ANSWERED, AT_ONCE, LEFT, IN_VRU, PHANTOM)

    assert report.outcomes == {"answered": 2, "abandoned": 1, "contained": 1, "failed": 1}
    assert report.rejected == 0
    assert contacts.days == (date(2026, 3, 2),)
    nine_s = 9 * 3600.0
    assert contacts.arrive_s.tolist() == [nine_s + 10, nine_s + 310, nine_s + 370, nine_s + 420, nine_s + 490]
    assert contacts.queued.tolist() == [True, False, True, False, True]
    np.testing.assert_array_equal(contacts.wait_s, [60.0, math.nan, 30.0, math.nan, 10.0])
    np.testing.assert_array_equal(contacts.service_s, [120.0, 60.0, math.nan, math.nan, math.nan])
    np.testing.assert_array_equal(contacts.service_start_s[:2], [nine_s + 69, nine_s + 310])
    assert [contacts.servers[code] for code in contacts.server] == ["S01", "S02", "", "", ""]
    assert [contacts.intents[code] for code in contacts.intent] == ["regular"] * 5
    assert contacts.outcome.tolist() == [
        Outcome.ANSWERED,
        Outcome.ANSWERED,
        Outcome.ABANDONED,
        Outcome.CONTAINED,
        3,
    ]
    assert contacts.line.tolist() == [2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("row", "reason", "field", "shown"),
    [
        (ANSWERED.replace("9:01:10", "9:71:10"), "time is not as %H:%M:%S", "queue_left", "9:71:10"),
        (ANSWERED.replace("2026-03-02", "02/03/2026"), "date is not as %Y-%m-%d", "date", "02/03/2026"),
        (ANSWERED.replace("2026-03-02", ""), "date is missing", "date", ""),
        (
            ANSWERED.replace("AGENT", "TRANSFER"),
            "outcome is not one that the mapping lists",
            "outcome",
            "TRANSFER",
        ),
        (ANSWERED.replace("AGENT", ""), "outcome is missing", "outcome", ""),
        (ANSWERED.replace(",60,", ",-60,"), "waited a negative time", "wait_s", "-60"),
        (ANSWERED.replace(",120,", ",-120,"), "was served a negative time", "service_s", "-120"),
        (ANSWERED.replace(",60,", ",nan,"), "is not a number of seconds", "wait_s", "aaa"),
        (ANSWERED.replace(",60,", ",1_0,"), "is not a number of seconds", "wait_s", "9_9"),
        (ANSWERED + ",more", "has 17 cells, the first line has 16", "", ""),
        (ANSWERED[:39], "has 6 cells, the first line has 16", "", ""),
        (LEFT.replace("3,2026", "2,2026"), "repeats line 2", "id", ""),
    ],
)
def test_bad_row_is_listed_with_line_and_reason(
    tmp_path: Path, row: str, reason: str, field: str, shown: str
) -> None:
    """A row that cannot be a contact is counted and listed; the rows around it are not touched."""
    report, contacts = imported(tmp_path, AT_ONCE, row, IN_VRU)

    assert (report.rows, report.contacts, report.rejected) == (3, 2, 1)
    assert rejected(tmp_path) == [{"line": "3", "reason": reason, "field": field, "value": shown}]
    assert contacts.line.tolist() == [2, 4]


def test_odd_rows_are_kept_counted_and_explained(tmp_path: Path) -> None:
    """Oddities with an obvious reading stay in, each kind counted with the rule that was applied."""
    report, contacts = imported(
        tmp_path,
        ANSWERED.replace(
            "9:00:10,10,9:00:10", "8:59:00,-60,9:00:10"
        ),  # line 2: left the VRU before entering it
        LEFT.replace("9:06:40,30", "9:06:10,0"),  # line 3
        AT_ONCE.replace("9:05:10,9:06:10,60", "0:00:00,0:00:00,0"),  # line 4, also out of order
        LEFT.replace("3,", "6,", 1).replace("0:00:00,0:00:00,0", "9:06:30,9:07:00,30"),  # line 5
        AT_ONCE.replace("2,", "7,", 1).replace("Omar", "NOBODY").replace("PS", "XY"),  # line 6, out of order
        "",
        IN_VRU.replace("4,", "8,", 1),
        ANSWERED.replace("1,", "9,", 1)
        .replace("9:01:09", "9:02:09")
        .replace("9:03:09", "9:04:09"),  # out of order
    )

    assert kinds(report) == {
        "vru_time_negative": 1,
        "hung_up_at_once": 1,
        "service_time_missing": 1,
        "service_before_queue_exit": 1,
        "service_without_answer": 1,
        "answered_without_server": 1,
        "service_apart_from_queue_exit": 1,
        "intent_not_listed": 1,
        "out_of_order": 3,
        "blank_line": 1,
    }
    assert report.rejected == 0
    assert report.rows == 7
    by_line = {int(line): i for i, line in enumerate(contacts.line)}
    assert math.isnan(contacts.vru_s[by_line[2]])
    assert contacts.wait_s[by_line[2]] == 60.0
    assert math.isnan(contacts.service_s[by_line[5]])
    assert contacts.outcome[by_line[5]] == Outcome.ABANDONED
    assert math.isnan(contacts.service_s[by_line[4]])
    assert (np.diff(contacts.arrive_s) >= 0).all()
    assert "left the VRU before entering it" in report.in_words()


def test_times_past_midnight_stay_with_the_day_on_which_the_contact_entered(tmp_path: Path) -> None:
    """A time of day over twelve hours before the arrival is the next day's, and waits and services stay positive."""
    row = "1,2026-03-02,23:59:20,23:59:30,10,23:59:30,0:00:40,70,AGENT,0:00:40,0:01:40,60,Ruth,0,PS,2"
    late = "2,2026-03-02,23:59:50,0:00:05,15,0:00:05,0:00:25,20,HANG,0:00:00,0:00:00,0,NOBODY,0,PS,2"
    report, contacts = imported(tmp_path, row, late)

    assert kinds(report) == {"past_midnight": 2}
    assert contacts.days == (date(2026, 3, 2),)
    assert contacts.arrive_s.tolist() == [86_370.0, 86_405.0]
    assert contacts.wait_s.tolist() == [70.0, 20.0]
    assert contacts.service_start_s[0] == 86_440.0


def test_no_caller_identity_reaches_the_folder(tmp_path: Path) -> None:
    """Neither ids of good rows nor those of bad rows, wherever they stand in them, are in any file that is written."""
    identities = ["77001122", "0541234567", "ann.lee@example.org", "Ann Lee", "778"]
    report, contacts = imported(
        tmp_path,
        ANSWERED,
        ANSWERED.replace("1,", "8,", 1).replace(
            "9:00:00", "0541234567"
        ),  # a phone number in the place of a time
        ANSWERED.replace("1,", "9,", 1).replace("AGENT", "ann.lee@example.org"),
        ANSWERED.replace("1,", "6,", 1).replace("AGENT", "Ann Lee"),
        ANSWERED.replace("1,", "7,", 1) + ",0541234567",
        ANSWERED.replace("1,", "5,", 1).replace(",60,", ",77001122,").replace("9:01:10", "nine"),
        AT_ONCE.replace(",0,PS", ",778,PS"),
    )

    assert report.rejected == 5
    texts = [path.read_bytes().decode("utf-8", "replace") for path in sorted((tmp_path / "out").iterdir())]
    texts.append(
        "\n".join(str(getattr(contacts, name)) for name in ("customer", "servers", "intents", "segments"))
    )
    for identity in identities:
        assert not any(identity in text for text in texts[1:]), (
            identity
        )  # [0] is compressed: its texts are in [-1]
    assert [len(text) for text in contacts.customer.tolist()] == [24, 24]
    assert "Ruth" not in "".join(texts)


def test_the_same_key_gives_the_same_hash_and_another_key_another(tmp_path: Path) -> None:
    """A customer can be followed through imports made under one key, and not across keys."""
    _, first = imported(tmp_path, ANSWERED, LEFT)
    _, again = imported(tmp_path, ANSWERED, LEFT)
    _, other = imported(tmp_path, ANSWERED, LEFT, key=b"o" * 32)
    _, one_time = imported(tmp_path, ANSWERED, LEFT, key=None)

    assert first.customer[0] == first.customer[1]
    assert first.customer.tolist() == again.customer.tolist()
    assert len({first.customer[0], other.customer[0], one_time.customer[0]}) == 3
    assert json.loads((tmp_path / "out" / "import.json").read_text())["customer_key"] == "one-time"


def test_key_file_is_made_private_kept_and_refused_inside_the_import(tmp_path: Path) -> None:
    """A missing key is made with mode 0600 and read again; a key next to the hashes it undoes is refused."""
    path = tmp_path / "keys" / "bank.key"
    key = read_key(path, tmp_path / "out")

    assert len(key) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_key(path, tmp_path / "out") == key
    with pytest.raises(ScenarioError, match="inside the import's folder"):
        read_key(tmp_path / "out" / "key", tmp_path / "out")
    path.write_text("not a key")
    with pytest.raises(ScenarioError, match="64 hexadecimal digits"):
        read_key(path, tmp_path / "out")


def test_csv_as_spreadsheets_write_it(tmp_path: Path) -> None:
    """A byte order mark, Windows line ends, semicolons, quotes and a broken byte cost at most their own row."""
    mapping = MAPPING + 'delimiter: ";"\n'
    rows = [
        HEADER.replace(",", ";"),
        ANSWERED.replace(",", ";").replace("PS", '"P;S"'),
        AT_ONCE.replace(",", ";").replace("PS", '"Kundin ""é"""'),
        LEFT.replace(",", ";").replace("PS", "caf\udce9"),
        PHANTOM.replace(",", ";").replace("PS", '"P"S'),
        IN_VRU.replace(",", ";"),
    ]
    text = "\r\n".join(rows) + "\r\n"
    (tmp_path / "log.csv").write_bytes(b"\xef\xbb\xbf" + text.encode("utf-8", "surrogateescape"))
    (tmp_path / "map.yaml").write_text(mapping)
    report = import_log(tmp_path / "log.csv", tmp_path / "map.yaml", tmp_path / "out", None)
    contacts = read_contacts(tmp_path / "out")

    assert [(int(row["line"]), row["reason"].split(":")[0]) for row in rejected(tmp_path)] == [
        (4, "is not UTF-8 text"),
        (5, "is not CSV"),
    ]
    assert report.contacts == 3
    assert [contacts.intents[code] for code in contacts.intent] == ["P;S", 'Kundin "é"', "regular"]


def test_an_open_quote_names_the_lines_it_swallowed(tmp_path: Path) -> None:
    """A quote that is never closed is one rejected row that says up to which line it reached."""
    imported(tmp_path, AT_ONCE, ANSWERED.replace("PS", '"PS'), LEFT, IN_VRU)

    (row,) = rejected(tmp_path)
    assert row["line"] == "3"
    assert "up to line 5" in row["reason"]


def test_times_with_date_and_offset_are_converted_to_the_time_zone(tmp_path: Path) -> None:
    """A log of UTC times lands on the local day, over midnight and over a change to summer time."""
    mapping = """
columns: {queue_entered: at, wait_s: wait, outcome: end, service_s: talk}
outcomes: {A: answered, L: abandoned}
time_format: "%Y-%m-%dT%H:%M:%S%z"
time_zone: Europe/Berlin
"""
    _, contacts = imported(
        tmp_path,
        "2026-03-28T22:30:00+00:00,5,A,60",
        "2026-03-28T23:30:00+00:00,7,L,",
        "2026-03-29T02:00:00+00:00,0.5,A,30",
        header="at,wait,end,talk",
        mapping=mapping,
    )

    assert contacts.days == (date(2026, 3, 28), date(2026, 3, 29))
    assert contacts.arrive_s.tolist() == [23.5 * 3600, 0.5 * 3600, 4.0 * 3600]
    assert contacts.wait_s.tolist() == [5.0, 7.0, 0.5]
    assert contacts.queued.all()


def test_segment_of_callers_who_did_not_wait_can_be_unknown(tmp_path: Path) -> None:
    """Where a log identifies only callers who waited, the segment of all others is empty and not a guess."""
    _, contacts = imported(tmp_path, ANSWERED, AT_ONCE, mapping=MAPPING + "segment_known_if_queued: true\n")

    assert [contacts.segments[code] for code in contacts.segment] == ["2", ""]


def test_every_problem_of_a_mapping_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    """Each problem names file, line, column and key; a near miss suggests the right key."""
    (tmp_path / "log.csv").write_text(HEADER + "\n")
    (tmp_path / "map.yaml").write_text(
        "columns: {entered: in, date: day, outcome: end, serverr: who}\n"
        "outcomes:\n  AGENT: answerd\n"
        "none: {custmer: ['0']}\n"
        "time_zone: Europe/Berlyn\n"
        "servers: hide\n"
    )
    with pytest.raises(ScenarioError) as caught:
        import_log(tmp_path / "log.csv", tmp_path / "map.yaml", tmp_path / "out", None)

    lines = str(caught.value).splitlines()
    assert any(
        "map.yaml:1:49: columns.serverr" in line and "did you mean 'server'?" in line for line in lines
    )
    assert any("map.yaml:3:3: outcomes.AGENT" in line for line in lines)
    assert any("map.yaml:4:1: none" in line and "did you mean 'customer'?" in line for line in lines)
    assert any("map.yaml:5:1: time_zone" in line for line in lines)
    assert any("map.yaml:6:1: servers" in line for line in lines)
    assert len(caught.value.problems) == 5
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        ("", "holds no mapping"),
        ("- a\n", "holds no mapping"),
        ("a: [1\n", "map.yaml:2:1"),
        ("columns: {outcome: end, entered: in, date: day}\n", "outcomes: is missing"),
        ("columns: {outcome: end}\ncolumns: {outcome: e}\noutcomes: {A: answered}\n", "duplicate key"),
        ("columns: {outcome: end, date: day}\noutcomes: {A: answered}\n", "no contact has an arrival time"),
        ("columns: {outcome: end, entered: in}\noutcomes: {A: answered}\n", "time_format holds no day"),
        (
            "columns: {outcome: ende, entered: in, date: day}\noutcomes: {A: answered}\n",
            "did you mean 'end'?",
        ),
        ("columns: !!python/name:os.system {outcome: end}\noutcomes: {A: answered}\n", "columns"),
    ],
)
def test_unusable_mapping_is_refused_in_words(tmp_path: Path, mapping: str, says: str) -> None:
    """A mapping that cannot be used is the user's error, told in words, before anything is written."""
    with pytest.raises(ScenarioError, match=says.replace("?", r"\?")):
        imported(tmp_path, ANSWERED, mapping=mapping)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"", b"\xff\xfei\x00d\x00", None])
def test_unusable_log_is_refused_in_words(tmp_path: Path, content: bytes | None) -> None:
    """An empty, UTF-16 or missing log is told in words."""
    (tmp_path / "map.yaml").write_text(MAPPING)
    if content is not None:
        (tmp_path / "log.csv").write_bytes(content)
    with pytest.raises(ScenarioError, match=r"log\.csv"):
        import_log(tmp_path / "log.csv", tmp_path / "map.yaml", tmp_path / "out", None)


def test_a_foreign_folder_is_not_written_into(tmp_path: Path) -> None:
    """A folder that holds something else than an import is left alone."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    with pytest.raises(ScenarioError, match="is not an import"):
        imported(tmp_path, ANSWERED)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.txt"]


def test_unfinished_and_damaged_imports_are_not_read(tmp_path: Path) -> None:
    """Without its last-written file a folder is no import; a flipped byte in the contacts is found by its checksum."""
    imported(tmp_path, ANSWERED, AT_ONCE, LEFT)
    path = tmp_path / "out" / "contacts.parquet"
    content = bytearray(path.read_bytes())
    content[10] ^= 0xFF
    path.write_bytes(bytes(content))
    with pytest.raises(ScenarioError, match="is damaged"):
        read_contacts(tmp_path / "out")
    (tmp_path / "out" / "import.json").unlink()
    with pytest.raises(ScenarioError, match="no finished import"):
        read_contacts(tmp_path / "out")


def test_a_log_without_rows_gives_an_empty_import(tmp_path: Path) -> None:
    """A first line alone is a log of no contacts, not an error."""
    report, contacts = imported(tmp_path)

    assert (report.rows, len(contacts), contacts.days) == (0, 0, ())
    assert "no day" in report.in_words()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("9:71:10", "9:71:10"),
        ("2026-13-01 25:00", "2026-13-01 25:00"),
        ("-60", "-60"),
        ("0541234567", "9999999999"),
        ("054-123 45 67", "999-999 99 99"),
        ("Ann Lee", "aaa aaa"),
        ("=HYPERLINK(1)", "?aaaaaaaaa?9?"),
    ],
)
def test_mask_keeps_clock_times_and_hides_the_rest(text: str, shown: str) -> None:
    """What could name a person, or start a formula in a spreadsheet, keeps only its shape."""
    assert mask(text) == shown
    assert mask("TRANSFER", words=True) == "TRANSFER"

"""What a workbook for workforce management holds, read back from its own XML."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import sim
from sim.reports import run_workbook, staffing_workbook, study_workbook
from sim.reports.answer import answer
from sim.scenario.errors import ScenarioError

TEAM = Path(__file__).parent.parent / "studies" / "one_team.yaml"
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture(scope="module")
def found() -> sim.StaffResult:
    """One team, four hours in two steps."""
    return sim.staff(TEAM, every="2h", replications=5, shrinkage=0.3, jobs=1)


def _opened(made: bytes) -> dict[str, tuple[ET.Element, list[list[str | float | None]]]]:
    """Sheets by name: their XML, and their cells, text as text and numbers as numbers."""
    with zipfile.ZipFile(io.BytesIO(made)) as book:
        texts = [
            "".join(part.text or "" for part in item.iter(f"{MAIN}t"))
            for item in ET.fromstring(book.read("xl/sharedStrings.xml"))  # noqa: S314  our own
        ]
        names = [
            sheet.get("name", "")
            for sheet in ET.fromstring(book.read("xl/workbook.xml")).iter(f"{MAIN}sheet")  # noqa: S314
        ]
        sheets = {}
        for k, name in enumerate(names, 1):
            tree = ET.fromstring(book.read(f"xl/worksheets/sheet{k}.xml"))  # noqa: S314
            rows: list[list[str | float | None]] = []
            for row in tree.iter(f"{MAIN}row"):
                rows.append([])
                for cell in row:
                    value = cell.find(f"{MAIN}v")
                    text = None if value is None else value.text or ""
                    rows[-1].append(
                        None if text is None else texts[int(text)] if cell.get("t") == "s" else float(text)
                    )
            sheets[name] = tree, rows
    return sheets


def test_every_step_and_method_is_in_the_workbook(found: sim.StaffResult) -> None:
    """People by step and method, service level given, by queue too; heads that stay; the numbers are those of the answer."""
    sheets = _opened(staffing_workbook.made(found.staffing, found.scenario))

    assert ["Required by step", "By queue", "Plans", "Assumptions", "Scenario"] == list(sheets)
    tree, (heads, *rows) = sheets["Required by step"]
    assert 2 == len(rows)
    assert "frozen" == next(tree.iter(f"{MAIN}pane")).get("state")
    for plan in found.staffing.plans:
        at = {
            kind: heads.index(f"{plan.name}\n{kind}")
            for kind in ("required", "scheduled", "service level given")
        }
        assert list(plan.people) == [row[at["required"]] for row in rows]
        assert list(plan.scheduled) == [row[at["scheduled"]] for row in rows]
        assert list(plan.by_step) == pytest.approx([row[at["service level given"]] for row in rows])
    _, (heads, *rows) = sheets["By queue"]
    assert ["voice", "voice"] == [row[heads.index("queue")] for row in rows]
    assert [1.0, 1.0] == [row[heads.index("share of the work")] for row in rows]
    assumed = {row[0]: row[1] for row in sheets["Assumptions"][1]}
    assert "30% of paid time" == assumed["shrinkage, once, on the supply side"]
    assert "UTC" == assumed["time zone"]
    assert ["demand.per_h", "120"] in sheets["Scenario"][1]


def test_a_roster_has_a_sheet_of_shifts() -> None:
    """A row a shift, with people scheduled and who come; what it is paid for stands with the assumptions."""
    found = sim.staff(TEAM, every="2h", replications=3, shrinkage=0.3, shifts=["2h"], jobs=1)
    roster = found.staffing.roster
    assert roster is not None
    sheets = _opened(staffing_workbook.made(found.staffing, found.scenario))
    _, (heads, *rows) = sheets["Shifts"]
    assert ["days", "from", "until", "hours from start to end", "breaks", "scheduled", "come"] == heads
    assert [shift.scheduled for shift in roster.shifts] == [row[heads.index("scheduled")] for row in rows]
    assert [shift.people for shift in roster.shifts] == [row[heads.index("come")] for row in rows]
    assumed = {row[0]: row[1] for row in sheets["Assumptions"][1]}
    assert f"{roster.paid_hours:,.1f}" == assumed["roster, paid hours, without breaks of more than 20 min"]
    assert "roster\nservice level given" in sheets["Required by step"][1][0]


@pytest.mark.parametrize("evil", ["=1+1", "+1", "-1", "@SUM(A1)", "=HYPERLINK(1)", "http://x.example", "007"])
def test_what_somebody_named_stays_text(found: sim.StaffResult, evil: str) -> None:
    """A name that looks like a formula, a link or a number is written as what it is: a word."""
    plan = replace(found.staffing.plans[0], name=evil)
    staffing = replace(found.staffing, variant=evil, group=evil, plans=(plan,))
    made = staffing_workbook.made(staffing, replace(found.scenario, question=evil))
    sheets = _opened(made)
    assumed = {row[0]: row[1] for row in sheets["Assumptions"][1]}
    assert [evil] * 3 == [assumed[key] for key in ("variant", "question", "group of people")]
    assert f"{evil}\nrequired" in sheets["Required by step"][1][0]
    with zipfile.ZipFile(io.BytesIO(made)) as book:
        parts = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/")]
    assert not any(re.search(r"<f[ >]|<hyperlink", part) for part in parts)


def test_the_same_answer_is_the_same_file(found: sim.StaffResult) -> None:
    """Nothing of the clock is in it."""
    assert staffing_workbook.made(found.staffing, found.scenario) == staffing_workbook.made(
        found.staffing, found.scenario
    )


def test_a_workbook_that_cannot_be_written_is_said(found: sim.StaffResult, tmp_path: Path) -> None:
    """A wrong ending, a folder in its place."""
    with pytest.raises(ScenarioError, match=r"must end in \.xlsx"):
        found.workbook(tmp_path / "plan.xls")
    (tmp_path / "plan.xlsx").mkdir()
    with pytest.raises(ScenarioError, match="cannot be written"):
        found.workbook(tmp_path / "plan.xlsx")
    assert found.workbook(tmp_path / "new" / "plan.xlsx").is_file()


# --- of a run ---


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> sim.Result:
    """Two variants of that team."""
    file = tmp_path_factory.mktemp("two") / "two.yaml"
    file.write_text(
        f"extends: {TEAM}\nvariants: {{ as is: {{}}, three more: {{ people.team.staffing: 14 }} }}\n",
        encoding="utf-8",
    )
    return sim.run(file, replications=3, jobs=1)


def test_counts_of_a_run_add_up(ran: sim.Result) -> None:
    """Queues by interval sum to the day, shares follow from the counts beside them, and people are those of the file."""
    sheets = _opened(run_workbook.made(answer(ran.study)))

    assert ["Figures", "By queue", "People", "Assumptions", "Scenario"] == list(sheets)
    _, (heads, *rows) = sheets["By queue"]
    column = {head: k for k, head in enumerate(heads)}
    for title in ran.variants:
        mine = [row for row in rows if row[0] == title]
        for name in ("queued", "answered", "abandoned"):
            counted = ran.intervals[ran.intervals["variant"] == title]
            expected = counted.groupby("replication")[name].sum().mean()
            assert expected == pytest.approx(sum(float(row[column[name]] or 0.0) for row in mine))
    for row in rows:
        answered, within, abandoned, short, level = (
            row[column[name]]
            for name in ("answered", "answered within", "abandoned", "short abandoned", "service level")
        )
        assert isinstance(answered, float)
        if answered > 0:
            assert level == pytest.approx(within / (answered + abandoned - short))
    people = {row[0]: row[heads_of("people on the floor", sheets)] for row in sheets["People"][1][1:]}
    assert people == pytest.approx({"as is": 11.0, "three more": 14.0})


def heads_of(name: str, sheets: dict[str, tuple[ET.Element, list[list[str | float | None]]]]) -> int:
    """Place of a column of the people's sheet."""
    return sheets["People"][1][0].index(name)


def test_differences_of_a_run_are_those_of_its_comparison(ran: sim.Result) -> None:
    """The second variant's service level stands beside its paired difference, the first one's beside nothing."""
    _, (heads, *rows) = _opened(run_workbook.made(answer(ran.study)))["Figures"]
    found = {(row[0], row[1]): dict(zip(heads, row, strict=True)) for row in rows}
    told = sim.compare(ran, "three more").service_level
    second = found["three more", "service_level"]
    assert told.b.value == pytest.approx(second["value"])
    assert told.difference.value == pytest.approx(second["difference from the first variant"])
    assert told.difference.half_width == pytest.approx(second["± 95 % of the difference"])
    assert found["as is", "service_level"]["difference from the first variant"] is None
    assert len(found) == len(rows)


# --- of a study ---


def test_a_study_has_a_row_a_cell() -> None:
    """Levels are numbers where they are, and figures those of the study's table."""
    found = sim.study(
        TEAM,
        vary={"people.team.staffing": [10, 12]},
        figures=["service_level", "asa"],
        replications=3,
        jobs=1,
    )
    made = study_workbook.made(found.table, found.reference, found.name, found.question)
    _, (heads, *rows) = _opened(made)["Cells"]
    assert "people.team.staffing" == heads[0]
    assert [10.0, 12.0] == [row[0] for row in rows]
    estimate, difference = found.table.estimate(1, 0), found.table.difference(0, 1, 0)
    assert [estimate.value, estimate.half_width] == pytest.approx(rows[1][2:4])
    assert [difference.value, difference.half_width] == pytest.approx(rows[1][4:6])
    assert [None, None] == rows[0][4:6]

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
from sim.reports import workbook
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
    sheets = _opened(workbook.made(found.staffing, found.scenario))

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


@pytest.mark.parametrize("evil", ["=1+1", "+1", "-1", "@SUM(A1)", "=HYPERLINK(1)", "http://x.example", "007"])
def test_what_somebody_named_stays_text(found: sim.StaffResult, evil: str) -> None:
    """A name that looks like a formula, a link or a number is written as what it is: a word."""
    plan = replace(found.staffing.plans[0], name=evil)
    staffing = replace(found.staffing, variant=evil, group=evil, plans=(plan,))
    made = workbook.made(staffing, replace(found.scenario, question=evil))
    sheets = _opened(made)
    assumed = {row[0]: row[1] for row in sheets["Assumptions"][1]}
    assert [evil] * 3 == [assumed[key] for key in ("variant", "question", "group of people")]
    assert f"{evil}\nrequired" in sheets["Required by step"][1][0]
    with zipfile.ZipFile(io.BytesIO(made)) as book:
        parts = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/")]
    assert not any(re.search(r"<f[ >]|<hyperlink", part) for part in parts)


def test_the_same_answer_is_the_same_file(found: sim.StaffResult) -> None:
    """Nothing of the clock is in it."""
    assert workbook.made(found.staffing, found.scenario) == workbook.made(found.staffing, found.scenario)


def test_a_workbook_that_cannot_be_written_is_said(found: sim.StaffResult, tmp_path: Path) -> None:
    """A wrong ending, a folder in its place."""
    with pytest.raises(ScenarioError, match=r"must end in \.xlsx"):
        found.workbook(tmp_path / "plan.xls")
    (tmp_path / "plan.xlsx").mkdir()
    with pytest.raises(ScenarioError, match="cannot be written"):
        found.workbook(tmp_path / "plan.xlsx")
    assert found.workbook(tmp_path / "new" / "plan.xlsx").is_file()

"""What became of expectations: a table for people, a tree for programs, JUnit for a CI server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from sim.reports.blocks import Lines, Section, Table
from sim.reports.numbers import NOTHING, difference, estimate, plural
from sim.store import SCHEMA_VERSION
from sim.store.manifest import jsonable
from sim.studies.check import ALPHA, Verdict

Checked = Mapping[Path, Sequence[Verdict]]
"""By scenario file."""


def sections(found: Checked) -> list[Section]:
    """One table a file: what was expected where, what was found, the verdict; then what is not plain from the numbers."""
    out = []
    for path, verdicts in found.items():
        several = len({one.expected.variant for one in verdicts}) > 1
        held = any(one.difference is not None for one in verdicts)
        rows = []
        for one in verdicts:
            unit = one.expected.asked.what.unit
            values = [estimate(one.found, unit)]
            if held:
                before = NOTHING if one.before is None else estimate(one.before, unit)
                gap = NOTHING if one.difference is None else difference(one.difference, unit)
                values = [before, *values, gap]
            said = one.expected.words + (f"\n{one.expected.variant}" if several else "")
            line = "" if one.expected.line is None else str(one.expected.line)
            rows.append(
                (
                    said,
                    line,
                    *values,
                    str(one.replications),
                    one.outcome.upper() if one.outcome == "fail" else one.outcome,
                )
            )
        notes = tuple(f"{one.expected.where}: {one.why}" for one in verdicts if one.why)
        columns = ("baseline", "now", "difference") if held else ("found",)
        table = Table(
            ("expected", "line", *columns, "replications", "verdict"), tuple(rows), left=(0, 3 + len(columns))
        )
        out.append(Section(str(path), (table, Lines(notes)) if notes else (table,)))
    return out


MARKS = {"pass": "meets its target", "fail": "MISSES its target", "inconclusive": "not told yet"}


def kept(verdicts: Sequence[Verdict]) -> Section:
    """Which promises of its file a run keeps."""
    several = len({one.expected.variant for one in verdicts}) > 1
    rows = [
        (
            one.expected.words + (f"\n{one.expected.variant}" if several else ""),
            estimate(one.found, one.expected.asked.what.unit),
            MARKS[one.outcome],
        )
        for one in verdicts
    ]
    line = (
        f"one-sided tests of these replications alone, each wrong in {100 * ALPHA:g} % of cases at most; "
        "blendsim check takes more where these do not tell"
    )
    table = Table(("the file expects", "found", ""), tuple(rows), left=(0, 2))
    return Section("", (table, Lines((line,))))


def last_line(found: Checked) -> str:
    """`7 expectations: 5 pass, 1 fails, 1 inconclusive`."""
    count = Counter(one.outcome for verdicts in found.values() for one in verdicts)
    words = {"pass": "passed", "fail": "failed", "inconclusive": "inconclusive"}
    said = ", ".join(f"{count[outcome]} {word}" for outcome, word in words.items() if count[outcome])  # type: ignore[index]
    return f"{plural(sum(count.values()), 'expectation')}: {said}"


def sentence(one: Verdict) -> str:
    """One verdict in a line, with file and line of the expectation."""
    unit = one.expected.asked.what.unit
    gap = "" if one.difference is None else f", {difference(one.difference, unit)} from the baseline"
    why = f"; {one.why}" if one.why else ""
    return (
        f"{one.expected.where}: expected {one.expected.words} of {one.expected.variant!r}: found "
        f"{estimate(one.found, unit)}{gap} over {plural(one.replications, 'replication')}{why}"
    )


def tree(found: Checked) -> dict[str, Any]:
    """For programs."""
    return {
        "schema_version": SCHEMA_VERSION,
        "files": [
            {
                "file": str(path),
                "verdicts": leaves(verdicts),
            }
            for path, verdicts in found.items()
        ],
    }


def leaves(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """The verdicts on one file, for programs."""
    return [
        {
            "variant": one.expected.variant,
            "expected": one.expected.words,
            "file": one.expected.file,
            "line": one.expected.line,
            "outcome": one.outcome,
            "found": jsonable(one.found),
            "before": jsonable(one.before),
            "difference": jsonable(one.difference),
            "why": one.why,
            "replications": one.replications,
        }
        for one in verdicts
    ]


def junit(found: Checked, *, strict: bool = False) -> bytes:
    """JUnit XML: a suite a file, a case an expectation; inconclusive ones are skipped, or with *strict* failed."""
    suites = ET.Element("testsuites", name="blendsim check")
    for path, verdicts in found.items():
        count = Counter(one.outcome for one in verdicts)
        failed = count["fail"] + (count["inconclusive"] if strict else 0)
        skipped = 0 if strict else count["inconclusive"]
        suite = ET.SubElement(
            suites,
            "testsuite",
            name=str(path),
            tests=str(len(verdicts)),
            failures=str(failed),
            skipped=str(skipped),
            errors="0",
        )
        for one in verdicts:
            case = ET.SubElement(
                suite, "testcase", classname=str(path), name=f"{one.expected.variant}: {one.expected.words}",
                file=one.expected.file, line=str(one.expected.line or 0),
            )  # fmt: skip
            if one.outcome == "fail" or (strict and one.outcome == "inconclusive"):
                ET.SubElement(case, "failure", message=sentence(one))
            elif one.outcome == "inconclusive":
                ET.SubElement(case, "skipped", message=sentence(one))
    ET.indent(suites)
    found_xml: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    return found_xml

from __future__ import annotations

import json
from pathlib import Path

from sim.scenario.find import NICKNAMES, scenario_file, shipped_names
from sim.store import SCHEMA_VERSION

from .conftest import TINY, Command


def test_the_starter_runs(blendsim: Command) -> None:
    """`init`, then `validate`, then `run`: three commands from nothing to an answer."""
    assert 0 == blendsim("init").code
    said = blendsim("validate", "scenario.yaml")
    assert (0, "") == (said.code, said.err)
    assert (
        "scenario.yaml: ok (3 variants: no controller, breaker and vendor B, five more people)\n" == said.out
    )

    said = blendsim("run", "scenario.yaml", "--floor", "plain", "--replications", 1, "--no-store")

    assert 0 == said.code
    assert "Is a second vendor worth more than five more people?" in said.out


def test_the_starter_names_its_own_commands(blendsim: Command, tmp_path: Path) -> None:
    """Every command in the starter's comments is about the file as it was written, and works."""
    blendsim("init", "monday.yaml")
    text = (tmp_path / "monday.yaml").read_text(encoding="utf-8")

    assert "blendsim run monday.yaml" in text
    assert "FILE" not in text
    assert 0 == blendsim("explain", "monday.yaml", "queues.voice.patience").code
    assert 0 == blendsim("validate", "monday.yaml", "--set", "people.chat_team.staffing=14").code


def test_the_starters_breaker_closes_soon_after_the_outage(blendsim: Command) -> None:
    """Few chats come to its AI, so that probes get time enough: A is back within half an hour of 11:05 in each of 20 days (seed 1)."""
    blendsim("init")
    assert 0 == blendsim("run", "scenario.yaml", "--variant", "breaker and vendor B").code

    said = blendsim(
        "query",
        """SELECT replication, max_by("to", at_s) AS state, max(at_s) AS at_s FROM control WHERE what = 'breaker' GROUP BY ALL""",
        "--json",
    )

    found = json.loads(said.out)
    assert 20 == len(found)
    back_s = (11 + 35 / 60 - 8) * 3600
    assert [] == [day for day in found if day["state"] != "closed" or day["at_s"] > back_s]


def test_init_overwrites_nothing(blendsim: Command, tmp_path: Path) -> None:
    """A file that is there stays as it is."""
    (tmp_path / "mine.yaml").write_text("mine", encoding="utf-8")

    said = blendsim("init", "mine.yaml")

    assert (2, "mine.yaml: is there already; name another file\n") == (said.code, said.err)
    assert "mine" == (tmp_path / "mine.yaml").read_text(encoding="utf-8")


def test_validate_tells_every_problem_of_every_file(blendsim: Command, tmp_path: Path) -> None:
    """Good files are named on standard output, problems on standard error, and the exit code is 2."""
    text = (
        TINY.read_text(encoding="utf-8")
        .replace("capability", "capabilty")
        .replace("share: 0.3 }", "share: 0.4 }")
    )
    (tmp_path / "bad.yaml").write_text(text, encoding="utf-8")

    said = blendsim("validate", "bad.yaml", TINY)

    assert 2 == said.code
    assert f"{TINY}: ok (2 variants: no controller, breaker)\n" == said.out
    assert "did you mean capability?" in said.err
    assert "shares sum to 1.1" in said.err
    assert "nothing was run" in said.err


def test_validate_tells_programs_the_same(blendsim: Command, tmp_path: Path) -> None:
    """JSON: every file with its variants or its problems, each with file, line, column, key and words; the exit code stays."""
    text = TINY.read_text(encoding="utf-8").replace("capability", "capabilty")
    (tmp_path / "bad.yaml").write_text(text, encoding="utf-8")

    said = blendsim("validate", "bad.yaml", "nowhere.yaml", TINY, "--json")

    assert (2, "") == (said.code, said.err)
    told = json.loads(said.out)
    assert SCHEMA_VERSION == told["schema_version"]
    bad, nowhere, good = told["files"]
    assert {"file": str(TINY), "ok": True, "variants": ["no controller", "breaker"], "problems": []} == good
    assert not bad["ok"]
    assert "bad.yaml" == bad["problems"][0]["file"]
    assert bad["problems"][0]["line"] > 1
    assert bad["problems"][0]["path"].endswith("capabilty")
    assert "did you mean capability?" in bad["problems"][0]["message"]
    assert "there is no such file" in nowhere["problems"][0]["message"]
    assert 0 == blendsim("validate", TINY, "--json").code


def test_explain_tells_programs_the_same(blendsim: Command) -> None:
    """JSON: by variant the value as written and as the model has it, and every place that says something of it, the newest first."""
    said = blendsim(
        "explain", TINY, "queues.voice.answer_within", "--set", "queues.voice.answer_within=30s", "--json"
    )

    assert 0 == said.code, said.err
    told = json.loads(said.out)
    assert (SCHEMA_VERSION, "queues.voice.answer_within") == (told["schema_version"], told["key"])
    assert "80/20" in told["doc"]
    assert ["no controller", "breaker"] == [one["variant"] for one in told["variants"]]
    first = told["variants"][0]
    assert ("30s", 30.0, False) == (first["written"], first["value"], first["is_default"])
    assert [("30s", None), ("20s", 13)] == [(one["written"], one["line"]) for one in first["settings"]]

    left_out = json.loads(blendsim("explain", TINY, "queues.voice.target", "--json").out)["variants"][0]
    assert (True, []) == (left_out["is_default"], left_out["settings"])


def test_the_schema_is_json(blendsim: Command) -> None:
    """Editors get a JSON Schema that knows the sections of a scenario."""
    told = json.loads(blendsim("schema").out)

    assert {"question", "calendar", "queues", "variants"} <= set(told["properties"])


def test_explain_says_what_where_and_why(blendsim: Command) -> None:
    """The value as written, the line it stands on, and what the schema says about it."""
    said = blendsim("explain", TINY, "queues.voice.answer_within")

    assert 0 == said.code
    lines = said.out.splitlines()
    assert ["queues.voice.answer_within", "  20s"] == lines[:2]
    assert lines[2].endswith("tiny.yaml:13")
    assert "80/20" in lines[3]


def test_explain_tells_defaults_and_variants(blendsim: Command) -> None:
    """A default is called one; a value that differs between variants is told for each."""
    assert "default: no file says anything about it" in blendsim("explain", TINY, "queues.voice.target").out

    said = blendsim("explain", TINY, "failover.breakers.min_replies", "--variant", "breaker")
    assert "  5\n" in said.out


def test_import_tells_what_became_of_every_row(blendsim: Command, tmp_path: Path) -> None:
    """A log becomes a folder; contacts and rejected rows are counted, and a scenario is told how to replay it."""
    (tmp_path / "log.csv").write_text(
        "day,in,wait,end,talk\n2026-03-02,9:00:00,5,OK,60\n2026-03-02,9:01:00,30,GONE,\n2026-03-02,late,1,OK,60\n",
        encoding="utf-8",
    )
    (tmp_path / "map.yaml").write_text(
        "columns: {date: day, queue_entered: in, wait_s: wait, outcome: end, service_s: talk}\n"
        "none: {service_s: ['']}\noutcomes: {OK: answered, GONE: abandoned}\n",
        encoding="utf-8",
    )

    said = blendsim("import", "log.csv", "--mapping", "map.yaml", "--out", "bank", "--key-file", "key")

    assert 0 == said.code, said.err
    assert "2 contacts" in said.out
    assert "1 rejected" in said.out
    assert "demand: {replay: bank}" in said.out
    assert (tmp_path / "bank" / "import.json").exists()


def test_shipped_scenarios_are_found_by_name(blendsim: Command) -> None:
    """`r1` and `sc01` are names, every scenario's number in the catalogue is one; the explanation of a call log is none."""
    assert "r1" in shipped_names()
    assert not any("mapping" in name for name in shipped_names())
    for name in ("r1", "sc01", "single_vendor_outage_monday_peak"):
        assert 0 == blendsim("validate", name).code, name
    for number, name in NICKNAMES.items():
        assert name == scenario_file(number).stem


def test_the_version_is_told(blendsim: Command) -> None:
    """`blendsim --version` prints its name and number."""
    said = blendsim("--version")

    assert 0 == said.code
    assert said.out.startswith("blendsim ")


def test_options_take_shares_as_files_do(blendsim: Command) -> None:
    """`30%` and `0.3` are the same; a share beyond its bounds is refused, and so is a step that cuts intervals, each by its option."""
    for said in ("0.3", "30%"):
        odd = blendsim(
            "staff", TINY, "--variant", "breaker", "--shrinkage", said, "--target", "80%", "--every", "7m"
        )
        assert 2 == odd.code
        assert "--every is 7m, and must be a whole number of reporting intervals of 15m" in odd.err
    for option, said, least in (
        ("--shrinkage", "30", "30%"),
        ("--confidence", "30%", "0.5"),
        ("--target", "100%", "0.9999"),
    ):
        wrong = blendsim("staff", TINY, option, said)
        assert 2 == wrong.code
        assert option in wrong.err
        assert least in wrong.err

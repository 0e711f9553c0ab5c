"""Every way of breaking a scenario file has its exact message; `broken/` holds the files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sim.scenario.errors import ScenarioError
from sim.scenario.load import load

HERE = Path(__file__).parent

EXPECTED = {
    "duplicate_key": """\
broken/duplicate_key.yaml:7:5: queues.chat.patience: is written twice; first at line 5, column 5; keep one
1 problem; nothing was run""",
    "unknown_key": """\
broken/unknown_key.yaml:3:10: queues.chat.patiance: unknown key; did you mean patience?
broken/unknown_key.yaml:4:11: queues.voice.colour: unknown key; the keys here are channels, answer_within, target, \
patience, patience_escalated, announcement, short_abandon, priority, credit, room, redial
2 problems; nothing was run""",
    "wrong_unit": """\
broken/wrong_unit.yaml:2:22: calendar.interval: 15 has no unit; write 15s or 15m
broken/wrong_unit.yaml:4:23: channels.chat.max_session: '20 min' has the unit min, which is not read; write 20m
broken/wrong_unit.yaml:6:25: queues.chat.answer_within: '3 parsecs' has the unit parsecs, which is not known; \
the units are ms, s, m, h and d, as in 30s or 1h30m
3 problems; nothing was run""",
    "negative_patience": """\
broken/negative_patience.yaml:3:20: queues.chat.patience: is -30s, and must be above 0
broken/negative_patience.yaml:4:28: queues.voice.patience.mean: is 0s, and must be above 0
2 problems; nothing was run""",
    "shares_do_not_sum": """\
broken/shares_do_not_sum.yaml:2:1: channels: shares sum to 0.9, and must sum to 1 (chat 0.6, voice 0.3)
broken/shares_do_not_sum.yaml:4:1: intents: shares sum to 1.05, and must sum to 1 (billing 0.7, orders 0.35)
2 problems; nothing was run""",
    "unknown_intent_in_threshold": """\
broken/unknown_intent_in_threshold.yaml:5:7: routing.thresholds.cells.biling.chat: 'biling' is no intent; \
did you mean billing?
1 problem; nothing was run""",
    "cycle": """\
broken/cycle_b.yaml:1:10: extends: goes round in a circle: \
broken/cycle.yaml → broken/cycle_b.yaml → broken/cycle.yaml
1 problem; nothing was run""",
    "tag": """\
broken/tag.yaml:2:1: seed: is a list, and must be a whole number (0 or more)
broken/tag.yaml:2:7: seed: the YAML tag !!python/object/apply:os.system is not read; write the value without it
broken/tag.yaml:4:25: queues.chat.answer_within: the YAML tag !seconds is not read; write the value without it
3 problems; nothing was run""",
    "empty": """\
broken/empty.yaml: is empty; `blendsim init` writes a scenario to start from
1 problem; nothing was run""",
    "not_yaml": """\
broken/not_yaml.yaml:2:24: is not YAML: a ':' where none can stand; \
quote the text, or put the key on a line of its own
1 problem; nothing was run""",
    "everything_at_once": """\
broken/everything_at_once.yaml:3:10: queues.chat.patiance: unknown key; did you mean patience?
broken/everything_at_once.yaml:4:1: channels: shares sum to 0.9, and must sum to 1 (chat 0.6, voice 0.3)
broken/everything_at_once.yaml:7:28: intents.orders.human.handle: 4 has no unit; write 4s or 4m
broken/everything_at_once.yaml:9:25: people.team.skills.1: 'vioce' is no queue; did you mean voice?
good.yaml:17:3: queues.voice: nobody has the skill; name it in people.*.skills
5 problems; nothing was run""",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_broken_scenario_says_where_what_and_what_would_do(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken file gives all its problems at once, each with file, line, column and key."""
    monkeypatch.chdir(HERE)
    with pytest.raises(ScenarioError) as caught:
        load(f"broken/{name}.yaml")
    assert EXPECTED[name] == str(caught.value)
    assert len(EXPECTED[name].splitlines()) - 1 == len(caught.value.problems)


def test_the_file_that_the_broken_ones_extend_is_whole() -> None:
    """What makes the broken files broken is only what they say themselves."""
    assert ["as is"] == list(load(HERE / "good.yaml").variants)


def test_every_broken_file_has_its_message() -> None:
    """No file in `broken/` goes untested."""
    files = {path.stem for path in (HERE / "broken").glob("*.yaml")} - {"cycle_b"}
    assert set(EXPECTED) == files


def test_a_broken_scenario_exits_with_2() -> None:
    """The command prints the same text and leaves with exit code 2, without a traceback."""
    pytest.importorskip("sim.cli.main")
    done = subprocess.run(
        [sys.executable, "-c", "from sim.cli.main import run; run()", "validate", "broken/unknown_key.yaml"],
        cwd=HERE,
        env={"PYTHONPATH": str(HERE.parents[1]), "PATH": "/usr/bin:/bin", "COLUMNS": "400", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert 2 == done.returncode
    assert "queues.chat.patiance: unknown key; did you mean patience?" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr

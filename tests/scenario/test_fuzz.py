"""Nothing that a file can hold gets past the loader as anything but a `ScenarioError`."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sim.scenario.errors import ScenarioError
from sim.scenario.load import load

GOOD = (Path(__file__).parent / "good.yaml").read_text()
LINES = GOOD.splitlines(keepends=True)
WORDS = (
    "30",
    "-1s",
    "1e999",
    ".nan",
    "null",
    "~",
    "x",
    "[]",
    "{}",
    "[{a: 1}]",
    "7:00",
    "'",
    '"\\ud800"',
    "9" * 40,
    "yes",
    "100 %",
)
few = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    derandomize=True,
)


def survives(folder: Path, raw: bytes, sets: tuple[str, ...] = ()) -> None:
    """Load *raw*; a `ScenarioError` with problems is the only way out but success."""
    path = folder / "x.yaml"
    path.write_bytes(raw)
    refusal = None
    try:
        load(path, sets)
    except ScenarioError as error:
        refusal = error
    assert refusal is None or (refusal.problems and str(refusal).replace("\n", "").isprintable())


@few
@given(raw=st.binary(max_size=200))
@example(raw=b"")
@example(raw=b"\xef\xbb\xbf")
@example(raw=b"a: !!binary x\n")
@example(raw=b"%YAML 1.1\n---\na: 1\n")
@example(raw=b"%TAG ! tag:x,2000:\n---\n!a b: 1\n")
@example(raw=b"[" * 10_000)
@example(raw=b"{a: " * 10_000)
@example(raw=b"a: " * 1000)
@example(raw=b"- " * 10_000)
@example(raw=b"? " * 10_000)
@example(raw=b"extends: x.yaml\n")
@example(raw=b'extends: "a\\nb"\n')
@example(raw=b"extends: [[x]]\nvariants: []\noverrides: 3\n")
def test_any_bytes(tmp_path: Path, raw: bytes) -> None:
    """Random bytes and known nasty ones never raise anything but a `ScenarioError`."""
    survives(tmp_path, raw)


@few
@given(text=st.text(alphabet="abq:-[]{}&*!|>'\"%@`#?, \n\t0129._~<=", max_size=80))
def test_any_punctuation(tmp_path: Path, text: str) -> None:
    """Text made of what means something in YAML never raises anything but a `ScenarioError`."""
    survives(tmp_path, text.encode())


@few
@given(
    cut=st.integers(0, len(LINES)),
    gap=st.integers(0, 3),
    at=st.integers(0, len(GOOD)),
    length=st.integers(0, 8),
    word=st.sampled_from(WORDS),
)
def test_a_good_file_gone_bad(tmp_path: Path, cut: int, gap: int, at: int, length: int, word: str) -> None:
    """A working scenario with lines missing and a piece replaced loads or is refused, and nothing else."""
    text = "".join(LINES[:cut] + LINES[cut + gap :])
    survives(tmp_path, (text[:at] + word + text[at + length :]).encode("utf-8", "replace"))


@few
@given(
    path=st.lists(
        st.sampled_from(
            [
                "queues",
                "chat",
                "patience",
                "people",
                "team",
                "staffing",
                "skills",
                "0",
                "07:00",
                "",
                "x",
                "variants",
                "per_h",
                "demand",
            ]
        ),
        max_size=5,
    ).map(".".join),
    value=st.sampled_from(WORDS),
)
@example(path="a." * 5000, value="1")
@example(path="queues" + ".x" * 19, value="{a.b: {c.d: 1}}")
def test_any_set(tmp_path: Path, path: str, value: str) -> None:
    """Any `--set` is applied or refused, and nothing else."""
    survives(tmp_path, GOOD.encode(), (f"{path}={value}",))


@pytest.mark.parametrize("kind", ["list of maps", "deep variants"])
def test_depth_adds_up(tmp_path: Path, kind: str) -> None:
    """Dotted keys inside nested maps cannot dig deeper than a file may."""
    inner = "{a.b.c.d.e.f.g.h: " * 12 + "1" + "}" * 12
    text = f"incidents: [{inner}]\n" if kind == "list of maps" else f"variants: {{v: {inner}}}\n"
    survives(tmp_path, (GOOD + text).encode())

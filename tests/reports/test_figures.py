from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.demand.observed import Observed
from sim.engine.records import Run
from sim.engine.state import Handling
from sim.orchestration.breaker import State
from sim.outcomes.replay import replay
from sim.reports import figures, style
from tests.outcomes.made_up import breaker_move, cell, rows, run, scenario, steady_looks


def days(variant: str = "as is", level: float = 0.9, n: int = 3, **changes: Any) -> list[Run]:
    """A few made-up days with an outage."""
    made = scenario(variant, **changes)
    out = []
    for replication in range(n):
        cells = []
        for k in range(made.calendar.intervals):
            asked = 40.0 + 5 * replication
            spilled = 20.0 if k in (2, 3) else 0.0
            cells += [
                cell(k, 0, 0, offered=asked, queued=asked, answered=asked, answered_within=level * asked,
                     handled=asked, handle_s=180 * asked),
                cell(k, -1, 1, handling=Handling.AI_CONTAINED, offered=50 - spilled, ai_sessions=50 - spilled, ai_resolved=50 - spilled),
                cell(k, 1, 1, handling=Handling.ESCALATED, offered=15, ai_sessions=15, escalated=15, queued=15,
                     answered=15, answered_within=12, handled=15, handle_s=15 * 240),
                cell(k, 1, 1, handling=Handling.SPILLED, offered=spilled, spilled=spilled, queued=spilled,
                     answered=spilled, handled=spilled, handle_s=spilled * 200),
            ]  # fmt: skip
        moves = [
            breaker_move(2110.0 + replication, State.CLOSED, State.OPEN),
            breaker_move(3400.0, State.OPEN, State.HALF_OPEN),
            breaker_move(3500.0, State.HALF_OPEN, State.CLOSED),
        ]
        looks = steady_looks(made, peaks={2: (3, 15 + replication), 3: (0, 9)})
        out.append(
            run(
                cells,
                made_in=made,
                replication=replication,
                looks=looks,
                control=moves if made.fleets else [],
            )
        )
    return out


def texts(figure: Any) -> set[str]:
    """Every text that a figure shows."""
    from matplotlib.text import Text

    return {str(text.get_text()) for text in figure.findobj(Text)} - {""}


def test_the_day_shows_what_happened_and_when() -> None:
    """Handling types, people required and present, service level, incident and breaker stand on one local clock."""
    figure = figures.day(days())

    shown = texts(figure)
    assert {"AI contained", "escalated", "spilled over", "people only"} <= shown
    assert {"required (Erlang A)", "on the floor", "target 80%", "target 90%"} <= shown
    assert {"vendor.B: outage", "breaker of B", "breaker open"} <= shown
    assert "local time (Europe/London)" in shown
    assert any("Mon 02 Mar 2026 · 3 replications" in text for text in shown)
    assert "left the AI" not in shown


def test_a_centre_without_ai_has_no_strip() -> None:
    """No incident and no breaker: three panels."""
    plain = {"fleets": {}, "nodes": {}, "incidents": (), "failover": {}, "routing": {}}
    figure = figures.day(days(**plain))

    assert 3 == len(figure.axes)


def test_variants_stand_under_each_other_with_their_intervals() -> None:
    """One row a variant, then service level, abandonment and damage with half-widths."""
    figure = figures.variants(
        {"no controller": days("no controller", 0.4), "with breaker": days("with breaker")}
    )

    shown = texts(figure)
    assert {"no controller", "with breaker", "Abandonment, %", "Service-level damage, contacts"} <= shown
    assert any("±" in text for text in shown)


def test_one_replication_has_points_without_intervals() -> None:
    """A single replication is drawn, and nothing pretends to know its error."""
    shown = texts(figures.variants({"only": days("only", n=1)}))

    assert not any("±" in text for text in shown)


def with_contacts(variant: str = "as is", n: int = 3, burst: int = 30) -> list[Run]:
    """The made-up days with AI sessions that come to people, many of them at the onset, and wait a minute each."""
    rng = np.random.default_rng(4)
    out = []
    for one in days(variant, n=n):
        ends = np.sort(np.concatenate([rng.uniform(0, 7200, 200), rng.uniform(2100, 2130, burst)]))
        count = len(ends)
        contacts = rows(
            count, first_fleet=[0] * count, fleet=[0] * count, ai_start_s=ends - 60, ai_end_s=ends, queue=[1] * count,
            queue_s=ends, answer_s=ends + 60, end_s=ends + 240, handle_s=[180.0] * count, arrive_s=ends - 60,
            handling=[int(Handling.ESCALATED)] * count,
        )  # fmt: skip
        out.append(replace(one, contacts=contacts))
    return out


def test_bursts_stand_beside_the_plan() -> None:
    """One panel a variant with counts per minute, three panels of dispersion with the line of Poisson."""
    figure = figures.escalation_bursts(
        {"calm": with_contacts("calm", burst=0), "outage": with_contacts("outage")}
    )

    assert figure is not None
    shown = texts(figure)
    assert {"calm", "outage", "as the plan expects", "handed over, median", "Poisson"} <= shown
    assert {"arrivals at people", "AI sessions handed over", "of them for their content"} <= shown
    assert {"1 min", "5 min", "15"} <= shown
    assert figures.escalation_bursts({"interval mode": days()}) is None


def test_a_timeline_shows_one_day_second_by_second() -> None:
    """Queues, incident and breakers of one replication of each variant, from before the incident to after it."""
    figure = figures.timeline({"a": with_contacts("a"), "b": with_contacts("b", burst=90)}, replication=1)

    shown = texts(figure)
    assert {"a", "b", "voice", "chat", "incident vendor.B", "breaker B"} <= shown
    assert {"incident (true)", "breaker closed", "breaker open", "breaker half-open"} <= shown
    assert any("replication 1, Mon 02 Mar 2026" in text for text in shown)
    tallest = [
        max(line.get_ydata().max() for line in ax.lines if len(line.get_ydata()) > 2)
        for ax in figure.axes[::2]
    ]
    assert tallest[0] > 25
    assert tallest[1] > 85


def test_a_timeline_without_contacts_takes_the_looks() -> None:
    """In interval mode the queues are told by the looks at the floor; other control events are marked."""
    plain = days(n=1)[0]
    warned = replace(plain, control=np.concatenate([plain.control, plain.control[:1]]))
    figure = figures.timeline({"only": [warned]})

    assert {"breaker B", "waiting"} <= texts(figure)


def test_a_replay_shows_both_sides() -> None:
    """Observed and simulated by half-hour for four figures, with both totals in the titles."""
    counts = np.zeros(48, dtype=np.int64)
    counts[18:22] = 90
    seen = Observed(
        1800.0,
        np.arange(48) * 1800.0,
        counts,
        counts,
        counts * 0,
        counts // 2,
        counts // 2,
        counts * 9.0,
        20.0,
    )
    both = {"queues": {"voice": {}, "chat": {"answer_within": "20s"}}, "incidents": ()}
    runs = days(**both)

    figure = figures.replay(runs, replay(runs, seen))

    assert {"observed", "simulated, median", "simulated, 10–90 %"} <= texts(figure)
    assert any(text.startswith("served within 20 s: 50.0 % observed") for text in texts(figure))


@pytest.mark.parametrize("kind", ["day", "variants", "bursts", "timeline"])
def test_the_same_figure_is_the_same_bytes(kind: str, tmp_path: Path) -> None:
    """SVG and PNG carry no date, no version and no random ids, and are 1200 pixels wide."""
    from matplotlib.image import imread

    found = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        both = {"x": with_contacts("x"), "y": with_contacts("y", burst=60)}
        figure = {
            "day": lambda: figures.day(days()),
            "variants": lambda: figures.variants({"x": days("x"), "y": days("y", 0.5)}),
            "bursts": lambda: figures.escalation_bursts(both),  # noqa: B023  called at once
            "timeline": lambda: figures.timeline(both),  # noqa: B023  same
        }[kind]()
        found.append([path.read_bytes() for path in style.write(figure, tmp_path / name, "figure")])

    assert found[0] == found[1]
    assert style.WIDTH_PX == imread(tmp_path / "a" / "figure.png").shape[1]


def test_nothing_is_cut_off_and_panels_do_not_overlap() -> None:
    """Every text lies inside the figure, titles and tick labels of different panels apart from each other."""
    for figure in (
        figures.day(days()),
        figures.variants({"a rather long name of a variant (cap 80)": days("x"), "y": days("y", 0.5)}),
        figures.timeline({"x": with_contacts("x"), "y": with_contacts("y")}),
        figures.escalation_bursts(
            {"a rather long name (cap 80)": with_contacts("x"), "y": with_contacts("y")}
        ),
    ):
        assert figure is not None
        figure.draw_without_rendering()
        width, height = figure.bbox.width, figure.bbox.height
        boxes = [
            (text.get_text(), text.get_window_extent())
            for ax in figure.findobj(_is_axes)
            for text in (
                ax.title,
                ax._left_title,
                ax.xaxis.label,
                ax.yaxis.label,
                *_shown_ticks(ax),
                *ax.texts,
            )
            if text.get_text() and text.get_visible()
        ]
        for words, box in boxes:
            assert min(box.x0, box.y0) >= -1, words
            assert box.x1 <= width + 1, words
            assert box.y1 <= height + 1, words
        for at, (words, box) in enumerate(boxes):
            for other_words, other in boxes[at + 1 :]:
                apart = box.x1 <= other.x0 or other.x1 <= box.x0 or box.y1 <= other.y0 or other.y1 <= box.y0
                assert apart, (words, other_words)


def _shown_ticks(ax: Any) -> list[Any]:
    """Labels of the ticks that lie inside the panel."""
    low, high = sorted(ax.get_ylim())
    return [tick.label1 for tick in ax.yaxis.get_major_ticks() if low <= tick.get_loc() <= high]


def _is_axes(artist: Any) -> bool:
    from matplotlib.axes import Axes

    return isinstance(artist, Axes)


def test_importing_figures_does_not_import_matplotlib() -> None:
    """A command that draws nothing does not pay for matplotlib, and pyplot is never loaded."""
    code = "import sys, sim.reports.figures; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)

    assert "matplotlib.pyplot" not in Path(figures.__file__).read_text(encoding="utf-8")

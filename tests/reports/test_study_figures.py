"""Figures of studies draw, say what they show, and are the same bytes each time."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.text import Text

from sim.reports import study_figures, style
from sim.studies import Asked, Cell, Table

AI, MONITORED = "routing.thresholds.ai", "routing.thresholds.monitored"


@pytest.fixture
def table():
    """Three by two thresholds, of which two cells are the same."""
    rng = np.random.default_rng(3)
    cells, means = [], []
    for ai in (0.8, 0.9, 0.95):
        for monitored in (0.6, 0.75):
            cells.append(Cell(f"ai={ai} monitored={monitored}", None, {AI: ai, MONITORED: monitored}))
            means.append((0.9 - 0.2 * (ai - 0.8) * (monitored > 0.7), 0.7 + ai / 20))
    noise = 0.03 * rng.standard_normal((1, 20, 2)) + 0.002 * rng.standard_normal((6, 20, 2))
    part = np.array(means)[:, None, :] + noise
    asked = (Asked("service_level"), Asked("containment"))
    return Table(tuple(cells), tuple(range(20)), asked, part, np.ones_like(part), part[..., 0])


def texts(figure):
    """Everything that is written in a figure."""
    return " | ".join(text.get_text() for text in figure.findobj(lambda one: hasattr(one, "get_text")))


def test_a_heat_map_names_its_factors_and_its_reference(table):
    """Both factors, all levels, the value of each cell, and what it is held against."""
    said = texts(study_figures.heat_map(table, 0, AI, MONITORED, against=0))
    for word in (AI, MONITORED, "0.8", "0.95", "0.75", "reference: ai 0.8, monitored 0.6", "20 replications"):
        assert word in said
    assert f"{100 * table.estimate(0, 0).value:.1f}" in said


def test_a_heat_map_wants_two_factors(table):
    """A factor that the study does not vary is refused by name."""
    with pytest.raises(ValueError, match=r"fleets\.C\.sessions"):
        study_figures.heat_map(table, 0, AI, "fleets.C.sessions")


def test_a_forest_shows_every_other_cell(table):
    """Five differences of six cells, against the reference's value."""
    said = texts(study_figures.forest(table, 0, against=1))
    assert all(
        f"ai {cell.levels[AI]:g}, monitored {cell.levels[MONITORED]:g}" in said for cell in table.cells
    )
    assert "points" in said


def test_a_front_says_which_figures_count(table):
    """Both figures and which way they are better."""
    said = texts(study_figures.pareto(table, 1, 0))
    assert "containment" in said
    assert "better" in said


def _boxes(figure, of):
    """Where words stand, in pixels."""
    figure.draw_without_rendering()
    return [Text.get_window_extent(text) for text in of if text.get_text()]  # without the arrow of a note


@pytest.mark.parametrize("levels", [2, 10])
def test_the_numbers_of_a_front_do_not_overlap(levels):
    """However close cells are, every number stands alone, and what it means is told beside the plot."""
    rng = np.random.default_rng(1)
    n = levels * levels
    cells = tuple(Cell(f"{k}", None, {AI: k // levels, MONITORED: k % levels}) for k in range(n))
    along = np.linspace(0.90, 0.91, n)
    means = np.stack([along, 1.8 - along], axis=1)[:, None, :]
    part = means + 1e-6 * rng.standard_normal((n, 12, 2))
    asked = (Asked("service_level"), Asked("containment"))
    crowded = Table(cells, tuple(range(12)), asked, part, np.ones_like(part), part[..., 0])
    figure = study_figures.pareto(crowded, 0, 1)
    numbers = [text for text in figure.axes[0].texts if text.get_text().isdigit()]
    assert min(n, study_figures.MOST_NUMBERED) == len(numbers)
    assert ("and 84 more" in texts(figure)) == (n == 100)
    boxes = _boxes(figure, numbers)
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])


def test_a_small_heat_map_is_large_enough_for_its_words(table):
    """Two by one cells: title, labels and the colour bar's label are all inside the picture."""
    kept = [0, 1]
    small = Table(
        tuple(table.cells[c] for c in kept),
        table.replications,
        (Asked("service_level", queue="a queue of a rather long name"), table.asked[1]),
        table.part[kept],
        table.whole[kept],
        table.contacts[kept],
    )
    figure = study_figures.heat_map(small, 0, AI, MONITORED)
    words = [*figure.texts, *(label for ax in figure.axes for label in (ax.xaxis.label, ax.yaxis.label))]
    for box in _boxes(figure, words):
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= figure.bbox.width
        assert box.y1 <= figure.bbox.height


@pytest.mark.parametrize("name", ["heat_map", "forest", "pareto"])
def test_the_same_figure_is_the_same_bytes(table, tmp_path, name):
    """SVG and PNG repeat byte for byte."""
    make = {
        "heat_map": lambda: study_figures.heat_map(table, 0, AI, MONITORED),
        "forest": lambda: study_figures.forest(table, 0),
        "pareto": lambda: study_figures.pareto(table, 1, 0),
    }[name]
    found = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        found.append([path.read_bytes() for path in style.write(make(), tmp_path / folder, name)])
    assert found[0] == found[1]

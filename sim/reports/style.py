"""How every figure looks: one palette, one font, and the same bytes each time it is written."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH_PX = 1200
DPI = 100
WIDTH_IN = WIDTH_PX / DPI

# Okabe & Ito's palette, told apart with every kind of colour vision.
BLACK, ORANGE, SKY, GREEN, BLUE, VERMILION, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
GREY, PALE = "#9A9A9A", "#E4E4E4"

RC: Any = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same on every machine
    "font.size": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": PALE,
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 9.0,
    "figure.facecolor": "white",
    "svg.hashsalt": "blendsim",
    "svg.fonttype": "path",
}


def write(figure: Figure, folder: Path, name: str) -> tuple[Path, Path]:
    """Write *figure* as `name.svg` and `name.png` into *folder*, which exists; the same figure, the same bytes."""
    import matplotlib as mpl

    svg, png = folder / f"{name}.svg", folder / f"{name}.png"
    with mpl.rc_context(RC):
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
        figure.savefig(png, format="png", dpi=DPI, metadata={"Software": None})
    return svg, png


def settle(figure: Figure) -> None:
    """Lay the panels out once and for all, to a millionth: the solver's last bits differ from call to call."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for ax in figure.axes:
        ax.set_position(tuple(round(float(x), 6) for x in ax.get_position().bounds))  # type: ignore[arg-type]
    for text in figure.texts:
        text.set_position(tuple(round(float(x), 6) for x in text.get_position()))  # type: ignore[arg-type]


def shown_in_notebooks() -> None:
    """Let a notebook that runs this show figures as pictures, without a magic command and without pyplot."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None:
        importlib.import_module("IPython.core.pylabtools").select_figure_formats(shell, {"png"})

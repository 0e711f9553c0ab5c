"""Calibrations side by side: what `blendsim calibrate` prints and draws."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.reports.blocks import Paragraph, Section, Table
from sim.reports.numbers import NOTHING, count
from sim.reports.style import BLUE, DPI, GREEN, GREY, ORANGE, PURPLE, RC, VERMILION, WIDTH_IN, settle
from sim.studies.calibration import Calibration

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BANDS = {"ai": "to the AI", "monitored": "to the AI, watched", "human": "to people"}
_COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE)


def sections(found: Sequence[Calibration]) -> list[Section]:
    """One column a calibration: how good it is, what the thresholds make of it, what a scenario would say."""
    titles = tuple(one.column for one in found)
    rows = [
        ("outcomes", *(count(one.n) for one in found)),
        ("accuracy", *(_percent(one.accuracy) for one in found)),
        ("mean confidence", *(_percent(one.confidence) for one in found)),
        ("expected calibration error", *(f"{one.ece:.3f}" for one in found)),
        ("Brier score", *(f"{one.brier:.3f}" for one in found)),
        ("it is", *(verdict(one) for one in found)),
    ]
    bands = []
    for k, (name, label) in enumerate(_BANDS.items()):
        limits = found[0].bands[k]
        said = {"ai": f"≥ {limits.from_confidence:g}", "human": f"< {limits.below:g}"}.get(
            name, f"{limits.from_confidence:g} to {limits.below:g}"
        )
        mine = [one.bands[k] for one in found]
        bands += [
            (f"{label} ({said})", *(f"{count(band.n)} ({_percent(band.share)})" for band in mine)),
            ("  of them right", *(_percent(band.accuracy) for band in mine)),
            ("  a scenario would draw", *(_percent(band.drawn) for band in mine)),
        ]
    fitted = [
        ("accuracy", *(f"{one.accuracy:.3f}" for one in found)),
        ("kappa", *(f"{one.kappa:.2f}" for one in found)),
        ("temperature", *(f"{one.temperature:.2f}" for one in found)),
        ("bias", *(f"{one.bias:.2f}".replace("-", "−") for one in found)),
        ("calibration error without them", *(f"{one.ece_fitted:.3f}" for one in found)),
    ]
    return [
        Section("", (Table(("", *titles), tuple(rows)),)),
        Section("What the thresholds make of it", (Table(("", *titles), tuple(bands)),)),
        Section(
            "In a scenario",
            (
                Table(("classifier", *titles), tuple(fitted)),
                Paragraph(
                    "Right with probability p ~ Beta(A·κ, (1 − A)·κ), confidence sigmoid(logit(p)/T + b); T 1 and b 0 are calibrated. "
                    "--yaml prints the section."
                ),
            ),
        ),
    ]


def verdict(found: Calibration) -> str:
    """Which way the confidence is off, in words."""
    if found.ece < 0.03:
        return "calibrated"
    if found.confidence > found.accuracy + 0.01:
        return "over-confident"
    if found.confidence < found.accuracy - 0.01:
        return "under-confident"
    return "off both ways"


def _percent(share: float) -> str:
    return NOTHING if math.isnan(share) else f"{100 * share:.1f} %"


def reliability(found: Sequence[Calibration]) -> Figure:
    """Accuracy against confidence, and where contacts lie, for every column; thresholds dashed."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(RC):
        figure = Figure(figsize=(WIDTH_IN, 5.6), dpi=DPI, layout="constrained")
        axes: Any = figure.subplots(1, 2, width_ratios=(1.0, 1.15))
        _curves(axes[0], found)
        _bands(axes[1], found)
        figure.suptitle(
            f"Confidence against outcome, {found[0].n:,} contacts",
            x=0.01,
            ha="left",
            fontsize=12,
            fontweight="bold",
        )
        settle(figure)
    return figure


def _curves(ax: Axes, found: Sequence[Calibration]) -> None:
    ax.plot([0, 1], [0, 1], color=GREY, lw=1.0, ls="--")
    ax.text(0.30, 0.24, "calibrated", color=GREY, rotation=45, ha="center", va="center", fontsize=9)
    for one, colour in zip(found, _COLOURS, strict=False):
        shown = [b for b in one.bins if b.n]
        n = np.array([b.n for b in shown])
        x, y = [b.confidence for b in shown], [b.accuracy for b in shown]
        ax.plot(x, y, color=colour, lw=1.2, alpha=0.6)
        size = 12 + 240 * n / one.n
        ax.scatter(
            x, y, s=size, color=colour, label=f"{one.column}: ECE {one.ece:.3f}", zorder=3, linewidths=0
        )
    for threshold in (found[0].bands[0].from_confidence, found[0].bands[1].from_confidence):
        ax.axvline(threshold, color=GREY, lw=0.8, ls=":")
    ax.set(xlim=(0, 1.01), ylim=(0, 1.03), xlabel="confidence", ylabel="share right")
    ax.set_title("As right as it says? (dots: share of contacts)")
    ax.grid(visible=True, axis="both")
    ax.legend(loc="upper left")


def _bands(ax: Axes, found: Sequence[Calibration]) -> None:
    """Share of contacts by band, the wrong ones hatched."""
    left = np.zeros(len(found))
    place = np.arange(len(found))[::-1]
    for k, (label, colour) in enumerate(zip(_BANDS.values(), (BLUE, PURPLE, GREEN), strict=True)):
        share = np.array([one.bands[k].share for one in found])
        wrong = share * (1.0 - np.nan_to_num([one.bands[k].accuracy for one in found], nan=1.0))
        ax.barh(place, share, left=left, height=0.55, color=colour, label=label)
        ax.barh(
            place,
            wrong,
            left=left + share - wrong,
            height=0.55,
            color="none",
            hatch="////",
            edgecolor="white",
            lw=0,
        )
        for at, x, wide, bad in zip(place, left, share, wrong, strict=True):
            if wide > 0.05:
                told = f"{100 * wide:.1f} %\nwrong:\n{100 * bad:.1f} %"
                ax.text(x + wide / 2, at + 0.3, told, ha="center", va="bottom", fontsize=9)
        left = left + share
    ai, monitored = found[0].bands[0].from_confidence, found[0].bands[1].from_confidence
    ax.set_yticks(place, [one.column for one in found])
    ax.set(xlim=(0, 1), ylim=(-0.5, len(found) - 0.2), xlabel="share of contacts")
    ax.set_title(f"At thresholds {ai:g} and {monitored:g} (hatched: label wrong)")
    ax.grid(visible=False, axis="y")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3)

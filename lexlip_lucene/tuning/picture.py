"""The recall–latency curve of a tuning as a picture: `recall-latency.png` and `recall-latency.svg`.

Each setting is a point, the Pareto front a line, exact search a star at recall 1; figures of the half for reporting.
The figure is its own, so that a caller's matplotlib is not touched.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lexlip_lucene.lucene.search.approximation import EVERYTHING
from lexlip_lucene.tuning.choice import pareto_front
from lexlip_lucene.tuning.figures import Measured
from lexlip_lucene.tuning.report import described
from lexlip_lucene.tuning.tune import Tuning

COLOURS = ("#9ecae1", "#5aa5d6", "#2c7bb6", "#17456e", "#e08214", "#1b9e77")
"""Colours of ladders: the more candidates, the darker; orange for the one with fewer terms, green for blocks."""

LINE, PROPOSED, INK = "#444444", "#d7301f", "#222222"

STYLE: Any = {
    "font.family": "DejaVu Sans",  # matplotlib brings it along
    "font.size": 11,
    "svg.hashsalt": "lexlip",  # ids in the SVG are the same for the same data
    "axes.edgecolor": "#888888",
    "text.color": INK,
    "axes.labelcolor": INK,
}


def draw(tuning: Tuning, folder: Path) -> None:
    """Draw the curve into `folder`, both files."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8, 5), layout="constrained", facecolor="white")
        axes = figure.add_subplot()
        _frame(axes, tuning)
        _settings(axes, tuning.measured)
        _front(axes, tuning)
        _marks(axes, tuning)
        axes.legend(loc="lower right", frameon=True, framealpha=0.9, fontsize=10)
        figure.savefig(folder / "recall-latency.png", dpi=160)
        figure.savefig(folder / "recall-latency.svg", metadata={"Date": None})


def _frame(axes: Axes, tuning: Tuning) -> None:
    axes.set_xlabel("median latency of a query (ms)")
    axes.set_ylabel(f"recall@{tuning.k} against exact search")
    axes.set_title(
        f"{tuning.documents:,} documents, {tuning.postings / tuning.documents:.0f} postings each, "
        f"{tuning.queries // 2:,} queries",
        fontsize=12,
    )
    axes.grid(color="#e6e6e6")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    lowest = min(one.reporting.recall for one in tuning.measured)
    room = 0.06 * (1 - min(lowest, tuning.wanted)) + 1e-4
    axes.set_ylim(min(lowest, tuning.wanted) - room, 1 + room)
    axes.set_xlim(0, 1.08 * max(tuning.exact[1].median_ms, *(one.reporting.median_ms for one in tuning.measured)))


def _settings(axes: Axes, measured: Iterable[Measured]) -> None:
    ladders: dict[tuple[bool, int, int], list[Measured]] = {}
    for one in measured:
        key = (one.setting.by_blocks, -one.setting.terms, one.setting.candidates)
        ladders.setdefault(key, []).append(one)
    for (by_blocks, terms, candidates), settings in ladders.items():
        label = f"{candidates:,} candidates" + ("" if terms == -EVERYTHING else f", {-terms} terms")
        colour = COLOURS[list(ladders).index((by_blocks, terms, candidates)) % len(COLOURS)]
        marker = "s" if by_blocks else "o"
        axes.scatter(
            *_places(settings), s=40, color=colour, marker=marker, label="blocks" if by_blocks else label, zorder=3
        )


def _front(axes: Axes, tuning: Tuning) -> None:
    axes.plot(*_places(pareto_front(tuning.measured)), color=LINE, linewidth=1.3, label="Pareto front", zorder=2)


def _marks(axes: Axes, tuning: Tuning) -> None:
    axes.axhline(tuning.wanted, color=PROPOSED, linestyle=(0, (4, 3)), linewidth=1, label="wanted recall", zorder=1)
    exact = tuning.exact[1]
    axes.scatter([exact.median_ms], [1], marker="*", s=190, color=INK, label="exact search", zorder=4)
    best = tuning.choice.proposed
    if best is None:
        return
    it = best.reporting
    place = ([it.median_ms], [it.recall])
    axes.scatter(*place, s=130, facecolors="none", edgecolors=PROPOSED, linewidths=2, label="proposed", zorder=5)
    axes.annotate(
        f"{described(best.setting)}\n{it.recall:.3f} in {it.median_ms:.2f} ms, "
        f"{exact.median_ms / it.median_ms:.1f} × as fast",
        (it.median_ms, it.recall),
        xytext=(0.985, 0.6),  # above the legend, where only settings of no use would be
        textcoords="axes fraction",
        horizontalalignment="right",
        arrowprops={"arrowstyle": "-", "color": PROPOSED, "linewidth": 0.8, "relpos": (0, 0.5), "shrinkB": 7},
        fontsize=10,
        color=PROPOSED,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5},
        zorder=6,
    )


def _places(measured: Iterable[Measured]) -> tuple[list[float], list[float]]:
    points = list(measured)
    return [one.reporting.median_ms for one in points], [one.reporting.recall for one in points]

"""The ladder as pictures: quality against latency, quality against bytes, and every curve over the rungs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lexlip_lucene.ladder.run import Ladder
from lexlip_lucene.ladder.rung_figures import RungFigures, SystemFigures

_STYLE: Any = {
    "font.family": "DejaVu Sans",  # matplotlib brings it along
    "font.size": 10,
    "svg.hashsalt": "lexlip",  # ids in the SVG are the same for the same data
    "axes.edgecolor": "#888888",
}

_COLOURS = (
    *("#7f7f7f", "#08519c", "#2171b5", "#4292c6", "#6baed6", "#9ecae1", "#d94801", "#238b45", "#66c2a4", "#b2e2e2"),
    *("#6a3d9a", "#e31a1c", "#fb9a99", "#b15928", "#ff7f00", "#cab2d6"),
)

Figure_ = Callable[[SystemFigures], float]

QUALITY: Figure_ = lambda system: 100 * system.quality["R@10"]  # noqa: E731
MILLISECONDS: Figure_ = lambda system: system.latency.p50.median  # noqa: E731
MEGABYTES: Figure_ = lambda system: system.built.index_bytes / 1e6  # noqa: E731


def draw_ladder(ladder: Ladder, folder: Path) -> list[Path]:
    """Draw all pictures into `folder` as SVG; return their paths."""
    with matplotlib.rc_context(_STYLE):
        top = ladder.rungs[-1]
        names = _names(ladder)
        return [
            _against(top, names, MILLISECONDS, "median latency of a query (ms)", folder / "quality-latency.svg"),
            _against(top, names, MEGABYTES, "index (MB)", folder / "quality-bytes.svg"),
            _curves(ladder, folder / "ladder.svg"),
        ]


def _names(ladder: Ladder) -> list[str]:
    """All systems of all rungs: a place in it is a colour in all pictures."""
    return list(dict.fromkeys(name for rung in ladder.rungs for name in rung.systems))


def _against(rung: RungFigures, names: list[str], figure_of: Figure_, label: str, path: Path) -> Path:
    figure = Figure(figsize=(8, 5), layout="constrained", facecolor="white")
    axes = figure.add_subplot()
    for name, system in rung.systems.items():
        colour = _colour(names.index(name))
        axes.scatter(figure_of(system), QUALITY(system), color=colour, s=60, label=name, zorder=3)
    axes.set_xscale("log")
    axes.set_title(f"{rung.documents:,} documents")
    _frame(axes, label, "R@10 (%)")
    figure.legend(loc="outside right center", frameon=False, fontsize=9)
    return _saved(figure, path)


def _curves(ladder: Ladder, path: Path) -> Path:
    figure = Figure(figsize=(13, 4.5), layout="constrained", facecolor="white")
    panels = (("R@10 (%)", QUALITY), ("median latency (ms)", MILLISECONDS), ("index (MB)", MEGABYTES))
    names = _names(ladder)
    for column, (label, figure_of) in enumerate(panels, start=1):
        axes = figure.add_subplot(1, 3, column)
        for place, name in enumerate(names):
            rungs = [rung for rung in ladder.rungs if name in rung.systems]
            values = [figure_of(rung.systems[name]) for rung in rungs]
            axes.plot(
                [rung.documents for rung in rungs],
                values,
                marker="o",
                markersize=4,
                color=_colour(place),
                label=name if column == 1 else None,
            )
        axes.set_xscale("log")
        if column > 1:
            axes.set_yscale("log")
        _frame(axes, "documents", label)
    figure.legend(loc="outside right center", frameon=False, fontsize=9)
    return _saved(figure, path)


def _frame(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(color="#e6e6e6")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _colour(place: int) -> str:
    return _COLOURS[place % len(_COLOURS)]


def _saved(figure: Figure, path: Path) -> Path:
    figure.savefig(path, metadata={"Date": None})
    return path

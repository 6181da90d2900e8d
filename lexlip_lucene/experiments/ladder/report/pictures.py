"""The ladder as pictures: quality against latency and against bytes, and every curve over the rungs.

They are drawn from the record in `report.json`, so that a report can be drawn again without its indexes.
"""

from collections.abc import Callable, Mapping
from math import nan
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from lexlip_lucene.experiments.ladder.systems.registry import kinds

_STYLE: Any = {
    "font.family": "DejaVu Sans",  # matplotlib brings it along
    "font.size": 10,
    "svg.hashsalt": "lexlip",  # ids in the SVG are the same for the same data
    "axes.edgecolor": "#888888",
}

_DARKEST, _LIGHTEST = 0.95, 0.35

Value = Callable[[Mapping[str, Any]], float]
"""A figure of a system's record."""


def draw_ladder(record: Mapping[str, Any], folder: Path) -> list[Path]:
    """Draw all pictures of a record into `folder` as SVG; return their paths."""
    rungs: dict[str, Any] = record["rungs"]
    colours = _colours(rungs)
    with matplotlib.rc_context(_STYLE):
        return [
            _against(rungs, colours, _latency, "median latency of a query (ms)", folder / "quality-latency.svg"),
            _against(rungs, colours, _megabytes, "index (MB)", folder / "quality-bytes.svg"),
            _curves(rungs, colours, folder / "ladder.svg"),
        ]


def _quality(system: Mapping[str, Any]) -> float:
    return float(100 * system["quality"]["R@10"])


def _latency(system: Mapping[str, Any]) -> float:
    return float(system["search"]["p50_ms"]["median"])


def _megabytes(system: Mapping[str, Any]) -> float:
    return float(system["index_bytes"] / 1e6)


def _colours(rungs: Mapping[str, Any]) -> dict[str, Any]:
    """Return system → colour, the same in all pictures; LexLIP's points are blue, the more tokens the darker."""
    names = list(dict.fromkeys(name for rung in rungs.values() for name in rung["systems"]))
    fixed = {name: colour for kind in kinds() for name, colour in kind.colours.items()}
    points = [name for name in names if name not in fixed]
    step = (_DARKEST - _LIGHTEST) / max(len(points) - 1, 1)
    blues = matplotlib.colormaps["Blues"]
    shades = {name: blues(_DARKEST - place * step) for place, name in enumerate(points)}
    return {name: fixed.get(name, shades.get(name)) for name in names}


def _against(rungs: Mapping[str, Any], colours: Mapping[str, Any], value: Value, label: str, path: Path) -> Path:
    """Draw quality against a cost, at the smallest rung and at the largest, which may differ in what is best."""
    names = list(dict.fromkeys([next(iter(rungs)), list(rungs)[-1]]))
    figure = Figure(figsize=(4 + 4.5 * len(names), 5), layout="constrained", facecolor="white")
    for place, name in enumerate(names, start=1):
        axes = figure.add_subplot(1, len(names), place)
        systems = rungs[name]["systems"]
        for system, colour in colours.items():
            x, y = (value(systems[system]), _quality(systems[system])) if system in systems else (nan, nan)
            shown = system if place == 1 else None  # in the legend once, even if it is only at another rung
            axes.scatter(x, y, color=colour, s=60, label=shown, zorder=3)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))  # less than a decade may have no power of ten
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_ylim(bottom=0)
        axes.set_title(f"{int(name):,} documents")
        _frame(axes, label, "R@10 (%)")
    figure.legend(loc="outside right center", frameon=False, fontsize=9)
    return _saved(figure, path)


def _curves(rungs: Mapping[str, Any], colours: Mapping[str, Any], path: Path) -> Path:
    figure = Figure(figsize=(13, 4.5), layout="constrained", facecolor="white")
    panels = (("R@10 (%)", _quality), ("median latency of a query (ms)", _latency), ("index (MB)", _megabytes))
    for column, (label, value) in enumerate(panels, start=1):
        axes = figure.add_subplot(1, 3, column)
        for system, colour in colours.items():
            points = [
                (int(rung), value(figures["systems"][system]))
                for rung, figures in rungs.items()
                if system in figures["systems"]
            ]
            name = system if column == 1 else None
            axes.plot(*zip(*points, strict=True), marker="o", markersize=4, color=colour, label=name)
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


def _saved(figure: Figure, path: Path) -> Path:
    figure.savefig(path, metadata={"Date": None})
    return path

"""The ladder as pictures: quality against latency, quality against bytes, and every curve over the rungs.

Drawn from the record that stands in `report.json`, so that a report can be drawn again without its indexes.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lexlip_lucene.recipes.ladder_recipe import (
    BM25,
    CLIP_FLAT,
    CLIP_HNSW,
    FLAT,
    HNSW,
    INTERPOLATED,
    IVFPQ,
    ONE_FIELD,
    RRF,
    SEISMIC,
    TWO_STEP,
)

_STYLE: Any = {
    "font.family": "DejaVu Sans",  # matplotlib brings it along
    "font.size": 10,
    "svg.hashsalt": "lexlip",  # ids in the SVG are the same for the same data
    "axes.edgecolor": "#888888",
}

_COLOURS = {
    BM25: "#555555",
    TWO_STEP: "#17becf",
    FLAT: "#67000d",
    HNSW: "#cb181d",
    IVFPQ: "#fc9272",
    CLIP_FLAT: "#7b3f00",
    CLIP_HNSW: "#b5651d",
    SEISMIC: "#6a3d9a",
    RRF: "#005a32",
    INTERPOLATED: "#41ab5d",
    ONE_FIELD: "#e08214",
}
"""A family a hue. LexLIP's operating points are blue, the more tokens the darker."""

_DARKEST, _LIGHTEST = 0.95, 0.35

Value = Callable[[Mapping[str, Any]], float]
"""A figure of a system's record."""


def draw_ladder(record: Mapping[str, Any], folder: Path) -> list[Path]:
    """Draw all pictures of a record into `folder` as SVG; return their paths."""
    rungs: dict[str, Any] = record["rungs"]
    top = list(rungs)[-1]
    colours = _colours(rungs)
    with matplotlib.rc_context(_STYLE):
        return [
            _against(
                top, rungs[top]["systems"], colours, _latency, "median latency of a query (ms)", folder, "latency"
            ),
            _against(top, rungs[top]["systems"], colours, _megabytes, "index (MB)", folder, "bytes"),
            _curves(rungs, colours, folder / "ladder.svg"),
        ]


def _quality(system: Mapping[str, Any]) -> float:
    return float(100 * system["quality"]["R@10"])


def _latency(system: Mapping[str, Any]) -> float:
    return float(system["search"]["p50_ms"]["median"])


def _megabytes(system: Mapping[str, Any]) -> float:
    return float(system["index_bytes"] / 1e6)


def _colours(rungs: Mapping[str, Any]) -> dict[str, Any]:
    """System → colour, the same in all pictures."""
    names = list(dict.fromkeys(name for rung in rungs.values() for name in rung["systems"]))
    points = [name for name in names if name not in _COLOURS]
    step = (_DARKEST - _LIGHTEST) / max(len(points) - 1, 1)
    blues = matplotlib.colormaps["Blues"]
    shades = {name: blues(_DARKEST - place * step) for place, name in enumerate(points)}
    return {name: _COLOURS.get(name, shades.get(name)) for name in names}


def _against(
    rung: str,
    systems: Mapping[str, Any],
    colours: Mapping[str, Any],
    value: Value,
    label: str,
    folder: Path,
    name: str,
) -> Path:
    figure = Figure(figsize=(8, 5), layout="constrained", facecolor="white")
    axes = figure.add_subplot()
    for system, found in systems.items():
        axes.scatter(value(found), _quality(found), color=colours[system], s=60, label=system, zorder=3)
    axes.set_xscale("log")
    axes.set_title(f"{int(rung):,} documents")
    _frame(axes, label, "R@10 (%)")
    figure.legend(loc="outside right center", frameon=False, fontsize=9)
    return _saved(figure, folder / f"quality-{name}.svg")


def _curves(rungs: Mapping[str, Any], colours: Mapping[str, Any], path: Path) -> Path:
    figure = Figure(figsize=(13, 4.5), layout="constrained", facecolor="white")
    panels = (("R@10 (%)", _quality), ("median latency of a query (ms)", _latency), ("index (MB)", _megabytes))
    for column, (label, value) in enumerate(panels, start=1):
        axes = figure.add_subplot(1, 3, column)
        for system, colour in colours.items():
            there = [
                (int(rung), value(found["systems"][system]))
                for rung, found in rungs.items()
                if system in found["systems"]
            ]
            name = system if column == 1 else None
            axes.plot(*zip(*there, strict=True), marker="o", markersize=4, color=colour, label=name)
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

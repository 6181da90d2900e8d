"""Quality against hits, milliseconds and bytes: `late-hits.svg`, `late-milliseconds.svg` and `late-bytes.svg`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from lexlip_lucene.experiments.late.figures import NAMES, Row
from lexlip_lucene.tuning.picture import STYLE

COLOURS = dict(zip(NAMES, ("#9ecae1", "#2c7bb6", "#17456e"), strict=True))


def draw(rows: Sequence[Row], folder: Path) -> None:
    """Draw the pictures into `folder`; dashed lines are the first stage."""
    hits = [row for row in rows if row.group == "hits" and row.name.isdecimal()]
    forms = sorted((row for row in rows if row.group == "form"), key=lambda row: row.bytes or 0)
    first = rows[0]
    _one(folder / "late-hits.svg", [float(row.name) for row in hits], hits, first, "hits that are re-ranked", {})
    hits = hits[1:]  # one hit has no other order, and takes no time
    times = [row.milliseconds or 0.0 for row in hits]
    named = {row.milliseconds or 0.0: f"{row.name} hits" for row in hits}
    _one(folder / "late-milliseconds.svg", times, hits, first, "milliseconds of re-ranking a query (median)", named)
    names = {row.bytes or 0.0: row.name for row in forms}
    _one(folder / "late-bytes.svg", [row.bytes or 0.0 for row in forms], forms, first, "bytes a picture", names)


def _one(
    path: Path, places: Sequence[float], rows: Sequence[Row], first: Row, label: str, names: dict[float, str]
) -> None:
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8, 5), layout="constrained", facecolor="white")
        axes: Any = figure.add_subplot()
        for name, colour in COLOURS.items():
            axes.plot(places, [100 * row.recall[name] for row in rows], "o-", color=colour, label=name)
            axes.axhline(100 * first.recall[name], color=colour, linestyle="--", linewidth=1)
        for place, name in names.items():
            top = max(100 * row.recall["R@10"] for where, row in zip(places, rows, strict=True) if where == place)
            axes.annotate(name, (place, top), textcoords="offset points", xytext=(0, 6), fontsize=8, rotation=70)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.margins(y=0.25 if names else 0.05)
        axes.set_xlabel(label)
        axes.set_ylabel("recall (percent); dashed: the first stage")
        axes.grid(color="#e6e6e6")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(loc="center right", frameon=True, framealpha=0.9, fontsize=10)
        figure.savefig(path, metadata={"Date": None})

"""The reliability picture: of the pairs to which a probability was given, the share that matched.

A calibrated probability lies on the diagonal. The area of a dot says how many pairs it stands for.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from lexlip_lucene.errors import InputError
from lexlip_lucene.files.written import require_absent, written_path

KINDS = (".svg", ".png", ".webp")

STYLE: Any = {
    "font.family": "DejaVu Sans",  # matplotlib brings it along
    "font.size": 11,
    "svg.hashsalt": "lexlip",  # ids in the SVG are the same for the same data
    "axes.edgecolor": "#888888",
    "text.color": "#222222",
    "axes.labelcolor": "#222222",
}

_LARGEST = 300
"""Points² of the largest dot."""


def require_picture(path: Path, *, force: bool) -> None:
    """Call it before the work: raise InputError if `path` is of no kind that is drawn, OutputError if it exists."""
    if path.suffix.lower() not in KINDS:
        raise InputError(f"a picture ends in {', '.join(KINDS)}, got {path}")
    require_absent(path, force=force)


def draw_reliability(
    curves: Sequence[Sequence[tuple[float, float, int]]], path: Path, *, brier: float | None = None
) -> None:
    """Draw one curve for each calibration.

    Args:
        curves: of each, its bins: mean probability in 0..1, share of matches in 0..1, and how many pairs.
        path: the file, of a kind in `KINDS`; one that exists is replaced.
        brier: the mean Brier score, for the title; None: no title.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(6, 6), layout="constrained", facecolor="white")
        axes: Any = figure.add_subplot()
        axes.plot([0, 1], [0, 1], "--", color="#888888", linewidth=1)
        most = max((count for bins in curves for _, _, count in bins), default=1)
        for bins in curves:
            given, share, count = ([one[key] for one in bins] for key in range(3))
            axes.plot(given, share, color="#9ecae1", linewidth=1)
            axes.scatter(given, share, s=[_LARGEST * one / most for one in count], color="#2c7bb6", alpha=0.6)
        axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), aspect="equal")
        axes.set_xlabel("probability that was given")
        axes.set_ylabel("share of pairs that matched")
        if brier is not None:
            axes.set_title(f"Brier score {brier:.3f} (0.25 says nothing)", fontsize=11)
        axes.grid(color="#e6e6e6")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        kind = path.suffix.lower()[1:]
        with written_path(path) as partial:
            figure.savefig(partial, format=kind, metadata={"Date": None} if kind == "svg" else None)

"""The recall of re-ranking against the number of hits that are re-ranked: `recall-hits.png` and `recall-hits.svg`."""

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from lexlip_lucene.tuning.late import LateTuning
from lexlip_lucene.tuning.picture import STYLE

COLOURS = {"R@1": "#9ecae1", "R@5": "#2c7bb6", "R@10": "#17456e"}


def draw_late(tuning: LateTuning, folder: Path) -> None:
    """Draw the curves into `folder`, both files; dashed lines are the first stage."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8, 5), layout="constrained", facecolor="white")
        axes: Any = figure.add_subplot()
        hits = [setting.hits for setting in tuning.settings]
        for name, colour in COLOURS.items():
            axes.plot(hits, [100 * setting.recall[name] for setting in tuning.settings], "o-", color=colour, label=name)
            axes.axhline(100 * tuning.first[name], color=colour, linestyle="--", linewidth=1)
        axes.set_xscale("log")
        axes.set_xticks(hits, [str(one) for one in hits])
        axes.minorticks_off()
        axes.set_xlabel("hits that are re-ranked")
        axes.set_ylabel("recall (percent)")
        axes.set_title(f"{tuning.topics // 2:,} topics for reporting; dashed: the first stage", fontsize=12)
        axes.grid(color="#e6e6e6")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(loc="lower right", frameon=True, framealpha=0.9, fontsize=10)
        figure.savefig(folder / "recall-hits.png", dpi=160)
        figure.savefig(folder / "recall-hits.svg", metadata={"Date": None})

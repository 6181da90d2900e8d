"""The shares of fused systems, as they were chosen at a rung (`tuned_shares.py`)."""

from typing import NamedTuple


class Shares(NamedTuple):
    """The chosen shares, and the figure of each candidate: share → mean of R@1, R@5 and R@10.

    `interpolation` is LexLIP's share beside BM25, 0..1; `caption` multiplies a caption's weights in one field.
    """

    interpolation: float
    caption: float
    interpolation_figures: dict[str, float]
    caption_figures: dict[str, float]

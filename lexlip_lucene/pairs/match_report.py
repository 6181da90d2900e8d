"""The report of a run of `lexlip match`: counts, figures of the calibration, and the histogram of the probabilities."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.pairs.judged import Calibration

BINS = 10


class MatchReport(NamedTuple):
    """The outcome of a run.

    Attributes:
        pairs: lines written.
        rejected: pairs of images that can't be read.
        images: images whose pairs were scored.
        unreadable: images that can't be read.
        mean_p: mean probability.
        histogram: pairs in each tenth of 0..1.
        calibrations: of the one model, or of each fold's.
        seconds: taken.
    """

    pairs: int
    rejected: int
    images: int
    unreadable: int
    mean_p: float
    histogram: list[int]
    calibrations: list[Calibration]
    seconds: float

    @property
    def brier(self) -> float:
        """The mean Brier score of the calibrations, 0..1."""
        return float(np.mean([one.brier for one in self.calibrations]))

    @property
    def auc(self) -> float:
        """The mean AUC against pictures of other captions, 0..1, on the pairs that calibrate."""
        return float(np.mean([one.auc for one in self.calibrations]))


def report_of(
    listed: Sequence[CaptionedImage],
    readable: Sequence[CaptionedImage],
    p: NDArray[np.float64],
    calibrations: list[Calibration],
    seconds: float,
) -> MatchReport:
    """Return the report of a run over the images `listed`, of which those that are `readable` were scored."""
    pairs = sum(len(image.captions) for image in listed)
    return MatchReport(
        pairs=len(p),
        rejected=pairs - len(p),
        images=len(readable),
        unreadable=len(listed) - len(readable),
        mean_p=float(p.mean()),
        histogram=[int(count) for count in np.histogram(p, bins=BINS, range=(0, 1))[0]],
        calibrations=calibrations,
        seconds=seconds,
    )


def histogram_lines(counts: Sequence[int]) -> list[str]:
    """Return the histogram as lines of text, the longest bar 40 characters."""
    most = max(max(counts), 1)
    return [
        f"{number / BINS:.1f}–{(number + 1) / BINS:.1f} {count:8d} {'█' * round(40 * count / most)}"
        for number, count in enumerate(counts)
    ]

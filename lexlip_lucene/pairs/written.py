"""The file that a run of `lexlip match` writes, and what is asked of its settings before the work."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.pairs.pair_scores import PairScore, write_pair_scores
from lexlip_lucene.errors import InputError
from lexlip_lucene.evaluate.platt import Floats
from lexlip_lucene.files.written import written_file


def require_prior(prior: float) -> None:
    """Raise InputError unless `prior` is a share between 0 and 1."""
    if not 0 < prior < 1:
        raise InputError(f"the prior is the share of pairs that match: above 0 and below 1, got {prior:g}")


def write_matches(output: Path, images: Sequence[CaptionedImage], scores: Floats, p: Floats, *, force: bool) -> None:
    """Write a line for each caption of `images`, in their order, whole or not at all.

    Args:
        output: the file.
        images: with their captions.
        scores: (captions,) of all captions, one image after the other.
        p: (captions,) probabilities.
        force: replace the file.

    Raises:
        OutputError: it exists and `force` is off, or can't be written.
    """
    with written_file(output, force=force) as file:
        count = write_pair_scores(file, _lines(images, scores, p))
    assert count == len(scores), "a line for every pair"


def _lines(images: Sequence[CaptionedImage], scores: Floats, p: Floats) -> Iterator[tuple[str, int, PairScore]]:
    pairs = zip(scores.tolist(), p.tolist(), strict=True)
    for image in images:
        for caption in range(len(image.captions)):
            yield image.id, caption, PairScore(*next(pairs))

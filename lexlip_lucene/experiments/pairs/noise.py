"""A captions file with a share of its captions shuffled among images, and the truth beside it.

    python -m lexlip_lucene.experiments.pairs.noise CAPTIONS OUTPUT --share 0.3 --split train

OUTPUT names the images by absolute paths, so that the same pictures are read (`data.outside: true`). With `--split`,
images of other splits follow with the captions that they have. The truth is OUTPUT's name with `.truth.jsonl`, a line
for each shuffled caption as `lexlip match` writes them, with p = 1 for a caption that stayed and 0 for one that moved.
A moved caption may fit its new image by chance.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.captions import of_split, read_captions
from lexlip_lucene.data.pairs.derangement import derangement
from lexlip_lucene.data.pairs.pair_scores import PairScore, write_pair_scores
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.written import written_file


class Noisy(NamedTuple):
    """Images with some captions of others, and which captions stayed: (captions,) bool, one image after the other."""

    images: list[CaptionedImage]
    stayed: NDArray[np.bool_]


def shuffled(images: Sequence[CaptionedImage], share: float, seed: int) -> Noisy:
    """Give each image as many captions as it has, a share of all from other images.

    Args:
        images: with their captions.
        share: of the captions that move, in 0..1; rounded to whole captions, and never only one.
        seed: of the choice and of the derangement.

    Raises:
        InputError: the share is out of range, or one image has most of the captions that would move.
    """
    if not 0 <= share <= 1:
        raise InputError(f"the share of captions that move must be in 0..1, got {share:g}")
    texts = [caption for image in images for caption in image.captions]
    owners = np.repeat(np.arange(len(images)), [len(image.captions) for image in images])
    chance = np.random.default_rng([seed, 5])
    moved = np.sort(chance.choice(len(texts), round(share * len(texts)), replace=False))
    order = derangement(owners[moved], chance)
    if (owners[moved[order]] == owners[moved]).any():
        raise InputError("captions can't be shuffled among images: one image has most of those that would move")
    stayed = np.ones(len(texts), dtype=bool)
    stayed[moved] = False
    found = list(texts)
    for place, other in zip(moved, moved[order], strict=True):
        found[place] = texts[other]
    first = np.cumsum([0, *(len(image.captions) for image in images)])
    return Noisy(
        [replace(image, captions=tuple(found[a:b])) for image, a, b in zip(images, first, first[1:], strict=False)],
        stayed,
    )


def write_truth(path: Path, images: Sequence[CaptionedImage], p: NDArray[np.float64], *, force: bool) -> None:
    """Write p (captions,) of the captions of `images`, one image after the other, as a file of pairs."""
    with written_file(path, force=force) as file:
        names = ((image.id, caption) for image in images for caption in range(len(image.captions)))
        write_pair_scores(
            file, ((*name, PairScore(value, value)) for name, value in zip(names, p.tolist(), strict=True))
        )


def write_noisy(
    captions: Path, output: Path, *, share: float, seed: int, split: str | None = None, force: bool = False
) -> tuple[Path, Path]:
    """Write the noisy captions file and its truth; return their paths.

    Args:
        captions: to read.
        output: to write.
        share: as `shuffled` has it.
        seed: as there.
        split: images of other splits keep their captions; None: all are shuffled.
        force: replace what is there.

    Raises:
        InputError: `captions` can't be read, or can't be shuffled.
        OutputError: a file exists and `force` is off, or can't be written.
    """
    images = read_captions(captions)
    noisy = shuffled(of_split(images, split, captions), share, seed)
    clean = [image for image in images if split not in (None, image.split)]
    truth = output.with_name(f"{output.name}.truth.jsonl")
    with written_file(output, force=force) as file:
        for image in [*noisy.images, *clean]:
            record = {"id": image.id, "file": str(image.path), "split": image.split, "captions": image.captions}
            file.write(orjson.dumps(record) + b"\n")
    write_truth(truth, noisy.images, noisy.stayed.astype(float), force=force)
    return output, truth


def main(arguments: Sequence[str] | None = None) -> None:
    """Write both files, and say where."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("captions", type=Path, help="captions file")
    parser.add_argument("output", type=Path, help="captions file to write")
    parser.add_argument("--share", type=float, default=0.3, help="share of the captions that move")
    parser.add_argument("--split", help="shuffle only this split")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--force", action="store_true", help="replace what is there")
    given = parser.parse_args(arguments)
    paths = write_noisy(
        given.captions, given.output, share=given.share, seed=given.seed, split=given.split, force=given.force
    )
    print(*paths, sep="\n")


if __name__ == "__main__":
    main()

"""Every pair of a captions file, scored by one model, with its probability: what `lexlip match --model` does."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lexlip_lucene.data.captions import CaptionedImage, read_captions
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.files.written import require_writable
from lexlip_lucene.pairs.encoded import encode_pairs
from lexlip_lucene.pairs.judged import PRIOR, judged, make_scorer
from lexlip_lucene.pairs.match_report import MatchReport, report_of
from lexlip_lucene.pairs.scorer import Head
from lexlip_lucene.pairs.seen import said_of_training
from lexlip_lucene.pairs.written import require_prior, write_matches
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.training.examples.examples import CaptionTokens
from lexlip_lucene.training.examples.frozen_states import frozen_states
from lexlip_lucene.training.examples.sources import ImageSource, find_pictures


class Opened(NamedTuple):
    """The images that can be read, where their pictures come from, and the numbers of those among all images."""

    images: list[CaptionedImage]
    source: ImageSource
    numbers: list[int]


def match(
    captions: Path | str,
    model: Path | str,
    output: Path | str,
    *,
    head: Head = "lexlip",
    split: str | None = None,
    aside: Path | str | None = None,
    prior: float = PRIOR,
    seed: int = 0,
    cache: Path | str | None = None,
    outside: bool = False,
    device: str = "cpu",
    force: bool = False,
    progress: Progress = SILENT,
) -> MatchReport:
    """Score every pair of `captions` with a model, and write the scores with probabilities to the file `output`.

    A model that was trained on these pairs believes them: `match_out_of_fold` scores each by one that was not.

    Args:
        captions: a captions file.
        model: a model folder, or the name of a model that comes with the package.
        output: the file to write.
        head: the kind of score: the model's own (`lexlip`), late interaction (`late`), `both` together, or MAF's
            head (`maf`), which is trained on these pairs, for each part of them on the others.
        split: only the images of this split; None: all.
        aside: a captions file whose pairs all match, which calibrates the probabilities; None: `captions` does.
        prior: share of the pairs of `captions` that match, above 0 and below 1.
        seed: of the sample of pictures to compare with, of swaps, and of MAF's training.
        cache: a folder that keeps the backbone's states for the next run; None: they are not kept.
        outside: read image files that lie outside of the captions file's folder.
        device: a torch device.
        force: replace `output`.
        progress: receives every stage.

    Raises:
        InputError: the captions can't be read, an image has no caption, or there are too few images.
        ModelError: it is no model, or lacks what the head needs.
        OutputError: `output` exists and `force` is off, or can't be written.
    """
    begun, output = time.monotonic(), Path(output)
    require_prior(prior)
    require_writable(output, force=force)
    listed = read_captions(Path(captions), split=split, outside=outside)
    calibrating = [] if aside is None else read_captions(Path(aside), outside=outside)
    loaded = LexLip.from_pretrained(model, device=device)
    for line in said_of_training(loaded, Path(captions), split):
        progress.note(line)
    opened = _opened([*listed, *calibrating], loaded, None if cache is None else Path(cache), progress)
    scored = sum(number < len(listed) for number in opened.numbers)
    tokens = CaptionTokens.of(opened.images, loaded.tokenizer, loaded.config.text.max_length)
    texts = [caption for image in opened.images for caption in image.captions]
    own = np.repeat(np.arange(len(opened.images)), tokens.counts)
    encoded = encode_pairs(loaded, opened.source, np.arange(len(opened.images)), tokens, texts)
    scorer = make_scorer(head, encoded, own, seed=seed, progress=progress)
    ours, others = np.flatnonzero(own < scored), np.flatnonzero(own >= scored)
    result = judged(
        scorer, own, ours, others if calibrating else ours, prior=prior, purity=1.0 if calibrating else prior, seed=seed
    )
    write_matches(output, opened.images[:scored], result.scores, result.p, force=force)
    return report_of(listed, opened.images[:scored], result.p, [result.calibration], time.monotonic() - begun)


def _opened(images: Sequence[CaptionedImage], model: LexLip, cache: Path | None, progress: Progress) -> Opened:
    pictures = find_pictures(images, model.config.image.size, progress=progress)
    for line in pictures.rejected:
        progress.note(f"left out: {line}")
    source: ImageSource = pictures.source
    if cache is not None and pictures.readable:
        source = frozen_states(model, pictures.source, mirrored=False, cache=cache, progress=progress)
    return Opened([images[number] for number in pictures.readable], source, pictures.readable)

"""Calibration, the last step of a training: the model's banks, and the scale of its impacts on either side."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lexlip_lucene.encoders.model.banks import DenseBank, LexiconBank
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.model_config import Ceilings
from lexlip_lucene.encoders.model.text_encoders import StaticText
from lexlip_lucene.encoders.model.tokens import tokenise
from lexlip_lucene.training.examples.sources import ImageSource, plan_of, weights_of
from lexlip_lucene.vectors.quantise import Side, calibrate_ceiling

CALIBRATION_IMAGES = 2000
"""Images (and their captions) that are used, or nearly twice as many."""

AT_ONCE = 256


@torch.inference_mode()
def calibrate(
    model: LexLip, source: ImageSource, captions: Sequence[Sequence[str]], trained: NDArray[np.int64]
) -> None:
    """Fill the model's banks, and fix the scale of both sides, on training images and their captions.

    Args:
        model: in its best state; it is changed.
        source: of the images.
        captions: of all images, by their number.
        trained: numbers of the images trained on.
    """
    model.eval()
    sample = trained[:: max(1, len(trained) // CALIBRATION_IMAGES)]
    every = [caption for number in sample for caption in captions[number]]
    texts = [every[begin : begin + AT_ONCE] for begin in range(0, len(every), AT_ONCE)]
    images = weights_of(model, source, sample)
    queries = torch.cat([model.text_weights(batch).cpu() for batch in texts])
    for side, bank in model.banks.items():
        assert isinstance(bank, LexiconBank)
        bank.fill(*((queries, images) if side == "image" else (images, queries)))
    if len(model.dense_banks):
        _fill_dense(model, source, texts, sample)
    model.with_ceilings(
        Ceilings(
            image=_ceiling(model, "image", images),
            text=_ceiling(model, "text", _of_own_words(model, queries, every)),
            document=_ceiling(model, "document", queries) if "document" in model.banks else None,
        )
    )


def _ceiling(model: LexLip, side: Side, weights: Tensor) -> float:
    """Return the largest impact's weight: of all tokens, so that one scale serves any top-k.

    With a class path it is of the tokens that are kept: nearly all of the lexicon gets some tiny weight of its classes,
    and a share of all these would clip a picture's heaviest words.
    """
    most = model.config.top_k if side == "image" and model.image.class_path is not None else None
    if side in model.banks or most is not None:
        parts = [model.kept(part.to(model.device), side, most).weights.cpu() for part in weights.split(AT_ONCE)]
        weights = torch.cat([part[part > 0] for part in parts])
    return calibrate_ceiling(weights.numpy())


def _of_own_words(model: LexLip, queries: Tensor, texts: Sequence[str]) -> Tensor:
    """Return the queries without what a translation table adds.

    Its many small weights would count as weights of a vector, and the scale then clip the heaviest words.
    """
    text = model.text
    if not isinstance(text, StaticText) or text.translation is None:
        return queries
    own = []
    for begin in range(0, len(texts), AT_ONCE):
        tokens = tokenise(model.tokenizer, texts[begin : begin + AT_ONCE], max_length=text.spec.max_length)
        own.append(text.own.presence(tokens.ids.to(model.device), tokens.words.to(model.device)).cpu())
    return queries * torch.cat(own)


def _fill_dense(model: LexLip, source: ImageSource, texts: Sequence[Sequence[str]], sample: NDArray[np.int64]) -> None:
    inputs = source.batches(plan_of(sample, AT_ONCE))
    images = torch.cat([model.embeddings_of_states(source.states(model, one)).cpu() for one in inputs])
    queries = torch.cat([model.text_embeddings(batch).cpu() for batch in texts])
    for side, bank in model.dense_banks.items():
        assert isinstance(bank, DenseBank)
        bank.fill(*((queries, images) if side == "image" else (images, queries)))

"""What a trained model is given last: its bank of images, and the scale of its impacts on either side."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lexlip_lucene.encoders.lexlip import LexLip
from lexlip_lucene.encoders.model_config import Ceilings
from lexlip_lucene.training.sources import ImageSource, plan_of, weights_of
from lexlip_lucene.vectors.quantise import calibrate_ceiling

CALIBRATION_IMAGES = 2000
"""Images (and their captions) that are looked at, or nearly twice as many."""


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
    texts = [captions[number] for number in sample]
    images = weights_of(model, source, sample)
    document = None
    if model.bank is not None:
        model.bank.fill(images, _weights(model, texts))
        document = calibrate_ceiling(_weights(model, texts, documents=True).numpy())
    if model.dense_bank is not None:
        inputs = source.batches(plan_of(sample, 256))
        embedded = [model.embeddings_of_states(source.states(model, one)).cpu() for one in inputs]
        model.dense_bank.fill(torch.cat(embedded), torch.cat([model.text_embeddings(each).cpu() for each in texts]))
    model.with_ceilings(
        Ceilings(
            image=calibrate_ceiling(images.numpy()),
            text=calibrate_ceiling(_weights(model, texts).numpy()),
            document=document,
        )
    )


def _weights(model: LexLip, texts: Sequence[Sequence[str]], *, documents: bool = False) -> Tensor:
    return torch.cat([model.text_weights(each, documents=documents).cpu() for each in texts])

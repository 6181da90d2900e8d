"""How good a model is on the images kept aside: text→image recall as the index would give it.

The vectors are cut to top-k and quantised as `encode` does, so that what is chosen is what is searched. The scale
used here is calibrated on these same vectors and thrown away: the model's own comes at the end of training.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lexlip_lucene.encoders.lexlip import LexLip
from lexlip_lucene.encoders.pooling import divide_by_length
from lexlip_lucene.training.examples import CaptionTokens
from lexlip_lucene.training.sources import ImageSource, weights_of
from lexlip_lucene.vectors.quantise import Quantiser, calibrate_ceiling


class Aside(NamedTuple):
    """Text→image recall on the images kept aside, as fractions, and the mean number of tokens of an image."""

    recall: dict[str, float]
    tokens_per_image: float

    @property
    def mean(self) -> float:
        """Mean of R@1, R@5 and R@10: what the best step is chosen by."""
        return sum(self.recall.values()) / len(self.recall)


def measure_aside(model: LexLip, source: ImageSource, captions: CaptionTokens, images: NDArray[np.int64]) -> Aside:
    """Search the images `images` with all their captions."""
    training = model.training
    model.eval()
    documents = weights_of(model, source, images)
    tokens, owner = captions.all_of(images)
    with torch.inference_mode():
        queries = divide_by_length(model.raw_text_weights(tokens), model.config.text.length_power).cpu()
    model.train(training)
    scores = quantised(queries, model) @ quantised(documents, model).T
    own = scores[np.arange(len(owner)), owner][:, None]
    earlier = np.arange(len(images)) < owner[:, None]
    ranks = 1 + (scores > own).sum(axis=1) + ((scores == own) & earlier).sum(axis=1)
    recall = {f"R@{k}": float((ranks <= k).mean()) for k in (1, 5, 10)}
    return Aside(recall, float((documents > 0).sum(dim=1).float().mean()))


def quantised(weights: Tensor, model: LexLip) -> NDArray[np.float64]:
    """Cut to the model's top-k and quantise, densely: (rows, tokens) of integers as float64."""
    if not bool((weights > 0).any()):
        return np.zeros(weights.shape)
    top_k = model.config.top_k
    if top_k is not None and top_k < weights.shape[1]:
        kept = weights.topk(top_k, dim=1)
        weights = torch.zeros_like(weights).scatter_(1, kept.indices, kept.values)
    dense = weights.numpy()
    quantiser = Quantiser(calibrate_ceiling(dense), bits=model.config.bits)
    return np.where(dense > 0, quantiser.impacts(dense), 0).astype(np.float64)

"""Selection of the best step: text→image recall on the images kept aside, as the index would give it.

The vectors are cut to top-k and quantised as `encode` does, so that the choice is made on what is searched. The scale
used here is calibrated on these same vectors and thrown away: the model's own comes at the end of training.
"""

import copy
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.pool.saturation import divide_by_length
from lexlip_lucene.training.examples.examples import CaptionTokens
from lexlip_lucene.training.examples.sources import ImageSource, plan_of, weights_of
from lexlip_lucene.vectors.quantise import Quantiser, Side, calibrate_ceiling

TEXTS_AT_ONCE = 1024


class Aside(NamedTuple):
    """Text→image recall on the images kept aside, as fractions, and the mean number of tokens of an image.

    `dense_recall` is that of the dense twin, if the model has one. `documents` and `queries` (rows, tokens) are the
    vectors it was measured with, before top-k; an outcome does without them.
    """

    recall: dict[str, float]
    tokens_per_image: float
    dense_recall: dict[str, float] | None = None
    documents: Tensor = torch.zeros(0)
    queries: Tensor = torch.zeros(0)

    @property
    def mean(self) -> float:
        """Mean of R@1, R@5 and R@10, by which the best step is chosen."""
        return sum(self.recall.values()) / len(self.recall)

    def without_vectors(self) -> "Aside":
        """Return only the figures."""
        return Aside(self.recall, self.tokens_per_image, self.dense_recall)


@torch.inference_mode()
def measure_aside(model: LexLip, source: ImageSource, captions: CaptionTokens, images: NDArray[np.int64]) -> Aside:
    """Search the images `images` with all their captions."""
    training = model.training
    model.eval()
    documents = weights_of(model, source, images)
    numbers, owner = captions.numbers_of(images)
    parts = [captions.rows(numbers[at : at + TEXTS_AT_ONCE]) for at in range(0, len(numbers), TEXTS_AT_ONCE)]
    power = model.config.text.length_power
    queries = torch.cat([divide_by_length(model.raw_text_weights(part), power).cpu() for part in parts])
    recall = own_recall(quantised(queries, model, "text") @ quantised(documents, model, "image").T, owner)
    dense = None
    if model.dense is not None:
        inputs = source.batches(plan_of(images, 256))
        embedded = torch.cat(
            [model.dense.image(*model.image.adapted(source.states(model, one))).cpu() for one in inputs]
        )
        asked = torch.cat([model.dense.text(model.dense_text_input(part)).cpu() for part in parts])
        dense = own_recall((asked @ embedded.T).double().numpy(), owner)
    model.train(training)
    return Aside(recall, float((documents > 0).sum(dim=1).float().mean()), dense, documents, queries)


def own_recall(scores: NDArray[np.float64], owner: NDArray[np.int64]) -> dict[str, float]:
    """Return the recall of each text's own image; ties go to the image that comes first."""
    own = scores[np.arange(len(owner)), owner][:, None]
    earlier = np.arange(scores.shape[1]) < owner[:, None]
    ranks = 1 + (scores > own).sum(axis=1) + ((scores == own) & earlier).sum(axis=1)
    return {f"R@{k}": float((ranks <= k).mean()) for k in (1, 5, 10)}


def quantised(weights: Tensor, model: LexLip, side: Side) -> NDArray[np.float64]:
    """Cut to the model's top-k of `side` and quantise, densely: (rows, tokens) of integers as float64."""
    if not bool((weights > 0).any()):
        return np.zeros(weights.shape)
    top_k = model.config.top_k_of(side)
    if top_k is not None and top_k < weights.shape[1]:
        kept = weights.topk(top_k, dim=1)
        weights = torch.zeros_like(weights).scatter_(1, kept.indices, kept.values)
    dense = weights.numpy()
    quantiser = Quantiser(calibrate_ceiling(dense), bits=model.config.bits)
    return np.where(dense > 0, quantiser.impacts(dense), 0).astype(np.float64)


def blended(model: LexLip, start: dict[str, Tensor], share: float) -> LexLip:
    """Return the model with `share` of its start in it; the model itself is left as it is."""
    if not share:
        return model
    mixed = copy.deepcopy(model)
    with torch.no_grad():
        for name, parameter in mixed.named_parameters():
            parameter.lerp_(start[name], share)
    return mixed


def state_of(model: LexLip) -> dict[str, Tensor]:
    """Return a copy of the model's tensors."""
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}

"""Pictures and captions as a model encodes them, kept for the scores of their pairs.

A picture is kept as its heaviest tokens, its patch vectors in half precision, and its mean state: 6 kB with 128 tokens,
16 patches of width 128 and a state of 1,280.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.pool.late_head import LateTokens
from lexlip_lucene.encoders.pool.saturation import divide_by_length
from lexlip_lucene.encoders.query.late_texts import late_texts
from lexlip_lucene.training.examples.examples import CaptionTokens
from lexlip_lucene.training.examples.sources import ImageSource, plan_of
from lexlip_lucene.training.start.caption_states import CaptionStates

Numbers = NDArray[np.int64]

AT_ONCE = 256


@dataclass(frozen=True)
class Encoded:
    """Pictures, counted from 0 in the order in which they were encoded, and all captions, as `captions` counts them.

    Attributes:
        model: that encoded them.
        captions: their tokens.
        texts: the captions themselves, in the same order.
        positions: (pictures, k) int32, lexicon positions of each picture's heaviest tokens.
        weights: (pictures, k) float32, their weights, 0 where a picture has fewer.
        patches: (pictures, patches, late width) float16 of unit length; None without a late head.
        looks: (pictures, width) float16 of unit length, mean backbone states: what a picture looks like.
        sentences: of the late head's sentence model, as a training has them; None: from the model's folder, if needed.
    """

    model: LexLip
    captions: CaptionTokens
    texts: Sequence[str]
    positions: Tensor
    weights: Tensor
    patches: Tensor | None
    looks: Tensor
    sentences: CaptionStates | None = None

    @property
    def pictures(self) -> int:
        """Number of pictures."""
        return len(self.looks)

    def documents(self, pictures: Numbers) -> Tensor:
        """Return the lexicon weights (pictures, tokens) float32 of some pictures."""
        rows = torch.from_numpy(pictures)
        dense = torch.zeros(len(rows), len(self.model.lexicon))
        return dense.scatter_add_(1, self.positions[rows].long(), self.weights[rows])

    @torch.inference_mode()
    def queries(self, captions: Numbers) -> Tensor:
        """Return the lexicon weights (captions, tokens) float32 of some captions."""
        raw = self.model.raw_text_weights(self.captions.rows(captions))
        return divide_by_length(raw, self.model.config.text.length_power).cpu()

    @torch.inference_mode()
    def tokens(self, captions: Numbers) -> LateTokens:
        """Return the late vectors of some captions' tokens, padded to the longest.

        Raises:
            ModelError: the model has no late head, or its sentence model can't be read.
        """
        if self.sentences is not None:
            found = self.model.late_tokens(self.captions.rows(captions), self.sentences.of(captions))
        else:
            found = late_texts(self.model, [self.texts[number] for number in captions])
        return LateTokens(*(part.cpu() for part in found))


@torch.inference_mode()
def encode_pairs(
    model: LexLip,
    source: ImageSource,
    pictures: Numbers,
    captions: CaptionTokens,
    texts: Sequence[str],
    sentences: CaptionStates | None = None,
) -> Encoded:
    """Encode the pictures with the numbers `pictures` of a source; in the result they count from 0.

    Args:
        model: ready to encode.
        source: of the pictures.
        pictures: their numbers in the source, at least one.
        captions: all captions that are scored.
        texts: the same captions as texts.
        sentences: of the same captions, if the model's late head has a sentence model and was just trained.
    """
    model.eval()
    power, top_k = model.config.image.length_power, model.config.top_k_of("image")
    positions, weights, patches, looks = [], [], [], []
    for inputs in source.batches(plan_of(pictures, AT_ONCE)):
        states = source.states(model, inputs)
        found = divide_by_length(model.image.weights(states), power)
        kept = found.topk(min(top_k or found.shape[1], found.shape[1]), dim=1)
        positions.append(kept.indices.int().cpu())
        weights.append(kept.values.float().cpu())
        if model.late is not None:
            patches.append(model.patches_of_states(states).half().cpu())
        looks.append(functional.normalize(model.image.own_mean(model.image.standardised(states)), dim=1).half().cpu())
    return Encoded(
        model=model,
        captions=captions,
        texts=texts,
        positions=torch.cat(positions),
        weights=torch.cat(weights),
        patches=torch.cat(patches) if patches else None,
        looks=torch.cat(looks),
        sentences=sentences,
    )

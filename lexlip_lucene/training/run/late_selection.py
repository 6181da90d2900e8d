"""The choice of the late head's mix: text→image recall on the images kept aside, as the re-ranker would give it.

score = mix · z(first) + (1 − mix) · z(late)      within the first `HITS` of the first stage
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.pool.late_head import token_scores
from lexlip_lucene.training.examples.examples import CaptionTokens
from lexlip_lucene.training.examples.sources import ImageSource, plan_of
from lexlip_lucene.training.run.selection import measure_aside, own_recall, quantised
from lexlip_lucene.training.start.caption_states import CaptionStates

HITS = 100
MIXES = tuple(round(0.05 * step, 2) for step in range(21))
TEXTS_SCORED = 64


class Mixed(NamedTuple):
    """The mix that was chosen, and R@1, R@5 and R@10 in 0..1 with it."""

    mix: float
    recall: dict[str, float]


@torch.inference_mode()
def choose_mix(
    model: LexLip,
    source: ImageSource,
    captions: CaptionTokens,
    images: NDArray[np.int64],
    *,
    wanted: float | None = None,
    states: CaptionStates | None = None,
) -> Mixed:
    """Re-rank the first stage's hits for all captions of `images`, and return the mix with the highest mean recall.

    With a mix `wanted`, that one is returned, with its recall.
    """
    aside = measure_aside(model, source, captions, images)
    first = quantised(aside.queries, model, "text") @ quantised(aside.documents, model, "image").T
    numbers, owner = captions.numbers_of(images)
    late = late_scores_of(model, source, captions, images, numbers, states).double().numpy()
    hits = np.argsort(-first, axis=1, kind="stable")[:, :HITS]
    found = [Mixed(mix, _recall(first, late, hits, owner, mix)) for mix in (MIXES if wanted is None else [wanted])]
    return max(found, key=lambda one: sum(one.recall.values()))


def late_scores_of(
    model: LexLip,
    source: ImageSource,
    captions: CaptionTokens,
    images: NDArray[np.int64],
    numbers: NDArray[np.int64],
    states: CaptionStates | None = None,
) -> Tensor:
    """Return the late scores (captions, images) float32 of the captions `numbers` with the images `images`.

    `states` are those of the sentence model, if the late head has one.
    """
    inputs = source.batches(plan_of(images, 256))
    patches = torch.cat([model.patches_of_states(source.states(model, one)) for one in inputs])
    parts = [numbers[at : at + TEXTS_SCORED] for at in range(0, len(numbers), TEXTS_SCORED)]
    texts = (model.late_tokens(captions.rows(part), None if states is None else states.of(part)) for part in parts)
    return torch.cat([token_scores(tokens, patches).cpu() for tokens in texts])


def _recall(
    first: NDArray[np.float64],
    late: NDArray[np.float64],
    hits: NDArray[np.int64],
    owner: NDArray[np.int64],
    mix: float,
) -> dict[str, float]:
    """Return the recall of each text's own image; one that is not among the hits is not found."""
    mixed = mix * standardised(np.take_along_axis(first, hits, 1))
    mixed += (1 - mix) * standardised(np.take_along_axis(late, hits, 1))
    scores = np.full(first.shape, -np.inf)
    np.put_along_axis(scores, hits, mixed, 1)
    return own_recall(scores, owner)


def standardised(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return scores (texts, hits) with the mean of each row taken away, in units of its standard deviation."""
    spread = scores.std(axis=1, keepdims=True)
    return np.asarray((scores - scores.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1))

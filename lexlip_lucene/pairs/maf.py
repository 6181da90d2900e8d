"""MAF's head as a scorer: trained on the pairs that it scores, but on no picture that it scores.

Pictures are dealt into parts. The head that scores the captions of one part is trained on those of the others, with
their own pictures as matches, which in noisy data some are not: an error that hits all pictures alike. The model's own
states stay as they are; it should not have seen these pairs either.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from lexlip_lucene.errors import ModelError
from lexlip_lucene.pairs.encoded import Encoded, Numbers
from lexlip_lucene.pairs.match_head import MatchHead, MatchInputs
from lexlip_lucene.pairs.match_training import MatchSettings, train_match_head
from lexlip_lucene.pairs.scorer import Head, PairScorer
from lexlip_lucene.pairs.swaps import nearest_pictures
from lexlip_lucene.progress import SILENT, Progress

PARTS = 3
AT_ONCE = 512


class StatesOfPairs:
    """The inputs that a head sees of pairs: the model's late vectors, and the scores of a retrieval scorer."""

    def __init__(self, encoded: Encoded, retrieval: PairScorer) -> None:
        self._encoded, self._retrieval = encoded, retrieval

    def of(self, captions: Numbers, pictures: Numbers) -> MatchInputs:
        """Return the inputs of caption captions[i] with picture pictures[i], before any attention."""
        assert self._encoded.patches is not None, "the scorer has looked"
        tokens = self._encoded.tokens(captions)
        scores = self._retrieval.scores(captions, pictures)
        return MatchInputs(
            tokens=tokens.vectors.clone(),  # a tensor of inference mode can't be trained on
            weights=tokens.weights.clone(),
            patches=self._encoded.patches[torch.from_numpy(pictures)].float(),
            retrieval=torch.from_numpy(scores).float(),
        )


class Maf:
    """Heads trained on the captions of some pictures, which score those of the others.

    Args:
        encoded: pictures and captions; the model has a late head.
        own: (captions,) the picture of each caption; −1: the caption is not among those to train on or to score.
        retrieval: the scorer that the heads start from.
        learn: numbers of the pictures whose captions the heads are trained on, each but for its own part; None: all.
        settings: of the training; its seed also deals the pictures.
        parts: of the pictures, at least 2; no more than there are pictures.
        progress: receives the steps of each head.

    Raises:
        ModelError: the model has no late head.
        InputError: there are too few pictures.
    """

    def __init__(
        self,
        encoded: Encoded,
        own: Numbers,
        retrieval: PairScorer,
        settings: MatchSettings | None = None,
        *,
        learn: Numbers | None = None,
        parts: int = PARTS,
        progress: Progress = SILENT,
    ) -> None:
        if encoded.patches is None:
            raise ModelError(
                f"the head maf needs a model with patch vectors, but {encoded.model.config.name} has none: train it "
                "with late in its recipe, or take --head lexlip"
            )
        settings = settings or MatchSettings()
        self._own, self._inputs = own, StatesOfPairs(encoded, retrieval)
        self._part = np.random.default_rng([settings.seed, 2]).permutation(encoded.pictures) % parts
        learn = np.arange(encoded.pictures) if learn is None else learn
        alike = _alike(encoded, learn, settings.alike)
        width = encoded.patches.shape[2]
        self._heads = []
        for part in range(parts):
            captions = np.flatnonzero(np.isin(own, learn[self._part[learn] != part]))
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(settings.seed)
                head = MatchHead(width, width, width=width, heads=_heads_of(width))
            train_match_head(head, self._inputs, captions, own[captions], alike, settings, progress)
            self._heads.append(head)

    @property
    def name(self) -> Head:
        """The kind."""
        return "maf"

    @torch.inference_mode()
    def scores(self, captions: Numbers, pictures: Numbers) -> NDArray[np.float64]:
        """Return the logits (n,) of caption captions[i] with picture pictures[i], by a head that saw neither caption.

        The caption's own picture says which head that is; the other picture may be one that the head was trained on.
        """
        found = np.zeros(len(captions))
        parts = self._part[self._own[captions]]
        for part, head in enumerate(self._heads):
            places = np.flatnonzero(parts == part)
            for at in range(0, len(places), AT_ONCE):
                some = places[at : at + AT_ONCE]
                found[some] = head(self._inputs.of(captions[some], pictures[some])).double().numpy()
        return found


def _alike(encoded: Encoded, learn: Numbers, count: int) -> Numbers | None:
    """Return for each picture to learn from the `count` others of them that look most alike; the rest have zeros."""
    if not count or len(learn) < 2:
        return None
    nearest = nearest_pictures(encoded.looks[torch.from_numpy(learn)], count)
    found = np.zeros((encoded.pictures, nearest.shape[1]), dtype=np.int64)
    found[learn] = learn[nearest]
    return found


def _heads_of(width: int) -> int:
    """Return how many attention heads share the width: four, or the most that do."""
    return next(heads for heads in (4, 2, 1) if width % heads == 0)

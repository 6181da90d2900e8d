"""Whole-word masking: the words of a caption that a masked-language model has to predict (BERT's).

A word is a WordPiece and the `##` pieces after it, and is masked whole or not at all. Of the pieces masked, 80 % become
[MASK], 10 % another token and 10 % stay, drawn piece by piece; all of them are predicted. `a dog run ##s` with share
0.3 has three words, of which round(0.9) = 1 is masked: `a dog [MASK] [MASK]` for one, with labels only under `run ##s`.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from lexlip_lucene.encoders.model.tokens import TokenBatch
from lexlip_lucene.errors import ModelError
from lexlip_lucene.training.examples.vocabulary import SPECIAL

MASK = "[MASK]"
CONTINUES = "##"
NOT_PREDICTED = -100
"""The label that torch's cross-entropy leaves out."""

MASKED, REPLACED = 0.8, 0.1
"""Shares of the predicted pieces that become [MASK] and another token (BERT); the rest stays as it is."""


class MaskedTokens(NamedTuple):
    """ids (batch, length) long: what the model sees; labels (batch, length) long: row to predict, or NOT_PREDICTED."""

    ids: Tensor
    labels: Tensor


@dataclass(frozen=True)
class MaskVocabulary:
    """The part of a vocabulary that masking needs.

    `mask` is the row of [MASK]. `continues` (rows,) bool is True for a token that continues a word, `ordinary` (rows,)
    bool for a token of the language, which is not [PAD], [UNK] or another special one.
    """

    mask: int
    continues: NDArray[np.bool_]
    ordinary: NDArray[np.bool_]

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> "MaskVocabulary":
        """Read the tokenizer's vocabulary.

        Raises:
            ModelError: it has no [MASK].
        """
        rows: dict[str, int] = tokenizer.get_vocab()
        if MASK not in rows:
            raise ModelError(
                f"masked language modelling needs a tokenizer with the token {MASK}, got one of {len(rows)} tokens "
                "without it: take BERT's vocabulary, or leave training.language and training.bottleneck out"
            )
        special = {
            *SPECIAL,
            *(token.content for token in tokenizer.get_added_tokens_decoder().values() if token.special),
        }
        continues = np.zeros(max(rows.values()) + 1, dtype=np.bool_)
        ordinary = np.zeros_like(continues)
        for token, row in rows.items():
            continues[row] = token.startswith(CONTINUES)
            ordinary[row] = token not in special
        return cls(rows[MASK], continues, ordinary)

    @cached_property
    def drawn(self) -> NDArray[np.int64]:
        """The rows that a random token is drawn from."""
        return np.flatnonzero(self.ordinary)


def whole_word_mask(
    tokens: TokenBatch, share: float, vocabulary: MaskVocabulary, chance: np.random.Generator
) -> MaskedTokens:
    """Mask `share` of the words of each caption, rounded, and at least one if it has any.

    Special tokens, padding and unknown words are never masked. `tokens` is left as it is.

    Args:
        tokens: tokenised captions, on the CPU.
        share: of the words, in 0..1.
        vocabulary: of the tokenizer that `tokens` are of.
        chance: source of all draws; in the same state, it masks the same captions in the same way.
    """
    ids = tokens.ids.numpy()
    candidates = tokens.words.numpy() & vocabulary.ordinary[ids]
    predicted = _drawn_words(candidates, vocabulary.continues[ids], share, chance)
    fate = chance.random(ids.shape)
    other = vocabulary.drawn[chance.integers(len(vocabulary.drawn), size=ids.shape)]
    replacement = np.where(fate < MASKED, vocabulary.mask, np.where(fate < MASKED + REPLACED, other, ids))
    return MaskedTokens(
        torch.from_numpy(np.where(predicted, replacement, ids)),
        torch.from_numpy(np.where(predicted, ids, NOT_PREDICTED)),
    )


def _drawn_words(
    candidates: NDArray[np.bool_], continues: NDArray[np.bool_], share: float, chance: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw whole words: (batch, length) bool, True on all pieces of `share` of the words of each row."""
    follows = np.zeros_like(candidates)
    follows[:, 1:] = continues[:, 1:] & candidates[:, :-1]
    word = np.cumsum(candidates & ~follows, axis=1, dtype=np.int64)  # the first word is 1
    count = word[:, -1:]
    draws = np.where(np.arange(word.shape[1]) < count, chance.random(word.shape), np.inf)  # one a word
    wanted = np.maximum(np.rint(share * count), 1).astype(np.int64)
    limit = np.take_along_axis(np.sort(draws, axis=1), wanted - 1, axis=1)
    drawn: NDArray[np.bool_] = np.take_along_axis(draws, np.maximum(word - 1, 0), axis=1) <= limit
    return candidates & drawn

"""The inference-free text side at query time: no torch, some tens of microseconds a query.

    weight of a token in the text = softplus(its learned number), divided by (length of the vector)^power

and with a translation table (`translation.py`) the tokens that these call for.

It gives what `StaticText` and `divide_by_length` give, up to the last bit of a float32: that way a query costs a row
of the whole lexicon and a dozen torch calls.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding

from lexlip_lucene.records import Impacts
from lexlip_lucene.vectors.lexicon import Lexicon
from lexlip_lucene.vectors.quantise import Quantiser

UNITS = 2**15 - 1
"""Units of a share of 1: as integers, shares stay exact where a model's matrices are kept in 8 bits."""


class TranslationTable(NamedTuple):
    """The tensors of a `Translation`.

    Attributes:
        further: (tokens, n) int32, positions in the lexicon.
        share: (tokens, n) int16 in units of 1 / UNITS.
    """

    further: NDArray[np.int32]
    share: NDArray[np.int16]

    def called_for(self, own: NDArray[np.int64], weights: NDArray[np.float32]) -> dict[int, np.float32]:
        """Return position → weight of the tokens that `own`, which have these weights, call for."""
        shares = self.share[own] / np.float32(UNITS)
        named, places = np.unique(self.further[own][shares > 0], return_inverse=True)
        most = np.zeros(len(named), np.float32)
        np.maximum.at(most, places, (shares * weights[:, None])[shares > 0])
        return dict(zip(named.tolist(), most, strict=True))


@dataclass(frozen=True)
class StaticQuery:
    """Weights of the tokens that a text has, and of those that they call for.

    Attributes:
        lexicon: which rows of the vocabulary count, and their tokens.
        raw_weight: (tokens,) float32, before softplus.
        length_power: in 0..1.
        translation: which tokens call for which; None: for none.
    """

    lexicon: Lexicon
    raw_weight: NDArray[np.float32]
    length_power: float
    translation: TranslationTable | None = None

    def encode(self, encoding: Encoding, quantiser: Quantiser) -> Impacts:
        """Return token → query weight of one text that has been tokenised; {} without a known token."""
        position_of_row = self.lexicon.position_of_row
        words = (row for row, special in zip(encoding.ids, encoding.special_tokens_mask, strict=True) if not special)
        found = sorted({position_of_row[row] for row in words if row in position_of_row})
        weights = np.logaddexp(np.float32(0), self.raw_weight[found])
        if self.translation is not None and found:
            called = self.translation.called_for(np.array(found), weights)
            whole = called | dict(zip(found, weights, strict=True))
            found = sorted(whole)
            weights = np.array([whole[position] for position in found], np.float32)
        length = np.float32(np.sqrt(np.square(weights, dtype=np.float64).sum()))
        if length:
            weights = weights / length ** np.float32(self.length_power)
        return quantiser.vector(weights, [self.lexicon.tokens[position] for position in found])

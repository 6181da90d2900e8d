"""The visual lexicon: a code with what makes integers of its strengths, one token → impact a picture.

    weight of a code = strength^power × √idf
    kept: the `keep` heaviest, divided by their length, then quantised

    idf(df) = ln(1 + (N − df + ½) / (df + ½))

idf is in the weights, since a score of impacts has none of its own. Documents and queries both have its root, so a
match counts it once. The length is divided out after the cut, so that a picture is as like itself as any other is like
itself, whatever it shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from lexlip_lucene.encoders.pool.heaviest import heaviest, quantised
from lexlip_lucene.encoders.visual.visual_code import VisualCode
from lexlip_lucene.errors import InputError
from lexlip_lucene.recipes.visual_recipe import VisualForm
from lexlip_lucene.records import Impacts
from lexlip_lucene.vectors.lexicon import Lexicon
from lexlip_lucene.vectors.quantise import Quantiser, calibrate_ceiling
from lexlip_lucene.words.visual_words import code_of, is_visual_word, visual_word


class Provenance(NamedTuple):
    """Source of a visual lexicon.

    Attributes:
        backbone_sha256: of the backbone whose states it reads (`backbone_identity.py`).
        pictures: number of pictures that it was learned from.
    """

    backbone_sha256: str
    pictures: int


@dataclass(frozen=True)
class VisualLexicon:
    """Visual words of a backbone.

    Attributes:
        form: its settings.
        code: what the states of places become.
        root_idf: √idf (codes,) float32, positive; all 1 without.
        ceiling: the weight that gets the largest impact.
        made_of: the backbone and the pictures.
        sha256: of its file; "" until it is written or read.
    """

    form: VisualForm
    code: VisualCode
    root_idf: Tensor
    ceiling: float
    made_of: Provenance
    sha256: str = ""

    @property
    def quantiser(self) -> Quantiser:
        """The quantiser of its weights."""
        return Quantiser(self.ceiling, self.form.bits, self.form.keep)

    @cached_property
    def tokens(self) -> list[str]:
        """The name of each code."""
        return [visual_word(number) for number in range(self.code.size)]

    def weights(self, places: Tensor) -> Tensor:
        """Map the places of pictures (batch, places, width) to weights (batch, codes) of length 1, or 0 without codes.

        At most `keep` of each are above 0.
        """
        damped = damped_strengths(self.code, self.code.strengths(places.float()))
        return kept_weights(damped, self.root_idf, self.form.keep)

    def impacts(self, places: Tensor) -> list[Impacts]:
        """Return token → impact of pictures with these places, heaviest first; {} for one without any code."""
        return quantised(heaviest(self.weights(places), self.form.keep), self.quantiser, self.tokens)

    def at_places(self, places: Tensor, words: Sequence[str]) -> Tensor:
        """Return how strong visual words are in each place of one picture.

        Args:
            places: (places, width).
            words: names of codes.

        Returns:
            (places, words) float ≥ 0.

        Raises:
            InputError: a word is none of this lexicon's.
        """
        return self.code.at_places(places.float(), torch.tensor([self._code_of(word) for word in words]).long())

    def _code_of(self, word: str) -> int:
        code = code_of(word) if is_visual_word(word) else self.code.size
        if code >= self.code.size:
            last = visual_word(self.code.size - 1)
            raise InputError(f"a visual word of this model is v00000 to {last}, got {word!r}")
        return code

    def require_apart(self, lexicon: Lexicon) -> None:
        """Raise InputError if the lexicon of words has a token like a visual word."""
        like = next((token for token in lexicon.tokens if is_visual_word(token)), None)
        if like is not None:
            raise InputError(
                f"the model's lexicon has the token {like!r}, which looks like a visual word: visual words need a "
                "vocabulary without such tokens"
            )


def whole(places: Tensor) -> Tensor:
    """Return the vector of the whole picture (batch, width) at unit length: the mean of its places."""
    return functional.normalize(places.float().mean(dim=1), dim=1)


def damped_strengths(code: VisualCode, strengths: Tensor) -> Tensor:
    """Return what strengths (batch, codes) weigh before idf."""
    return strengths if code.power == 1 else strengths**code.power


def kept_weights(damped: Tensor, root_idf: Tensor, keep: int) -> Tensor:
    """Return damped strengths (batch, codes) times √idf, the `keep` heaviest of each, at length 1."""
    found = heaviest(damped * root_idf, keep)
    weights = torch.zeros_like(damped).scatter_(1, found.positions, found.weights)
    return functional.normalize(weights, dim=1)


def idf_of(strengths: Tensor, keep: int) -> Tensor:
    """Return the idf (codes,) of pictures with these strengths (pictures, codes), counting the `keep` heaviest."""
    found = heaviest(strengths, keep)
    has = torch.zeros_like(strengths).scatter_(1, found.positions, (found.weights > 0).float())
    frequency, number = has.sum(dim=0).double(), len(strengths)
    return torch.log1p((number - frequency + 0.5) / (frequency + 0.5)).float()


def completed(
    form: VisualForm, code: VisualCode, strengths: Tensor, made_of: Provenance, *, with_idf: bool | None
) -> VisualLexicon:
    """Return the lexicon of a code that was fitted: idf and scale are of training pictures.

    Args:
        form: its settings.
        code: the code.
        strengths: (pictures, codes) ≥ 0 of training pictures, as `VisualCode.strengths` has them.
        made_of: the backbone and the pictures.
        with_idf: weigh by idf; None: as is best for the code.

    Raises:
        InputError: no picture has any code.
    """
    damped = damped_strengths(code, strengths)
    weighed = code.with_idf if with_idf is None else with_idf
    root_idf = idf_of(damped, form.keep).sqrt() if weighed else torch.ones(code.size)
    ceiling = calibrate_ceiling(kept_weights(damped, root_idf, form.keep).numpy())
    return VisualLexicon(form.model_copy(update={"size": code.size}), code, root_idf, ceiling, made_of)

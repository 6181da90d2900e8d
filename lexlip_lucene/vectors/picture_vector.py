"""The vector of a picture in two parts, and the query that is made of both.

    looks : 1 − looks    the shares of a score that a copy of the picture would get from either part

The parts have impacts of their own scales, so a weight between them would mean another thing for each picture. The
query of a copy is the same vector again: its words would give Σ impact² of the words, its looks that of the looks. So
the looks are weighed by looks / (1 − looks) × Σ words² / Σ looks².
"""

from collections.abc import Mapping
from typing import NamedTuple, Self

from lexlip_lucene.errors import InputError
from lexlip_lucene.records import Impacts
from lexlip_lucene.vectors.entity_terms import heaviest_first
from lexlip_lucene.words.visual_words import parted

LARGEST = 1023
"""The heaviest weight of a query of both parts: fine enough for the lightest, small enough for 32-bit scores."""

BOTH = 0.5
"""The share of looks where a query says both, and not how much of either."""


class PictureVector(NamedTuple):
    """The impacts of a picture: of what is in it, and of what it looks like."""

    words: Impacts
    looks: Impacts

    @classmethod
    def of(cls, vector: Mapping[str, int]) -> Self:
        """Return a document's vector in its two parts."""
        return cls(*parted(vector))

    @property
    def joined(self) -> Impacts:
        """The vector of a document, heaviest first."""
        return heaviest_first(self.words, self.looks)

    def query(self, looks: float) -> Impacts:
        """Return the query of the picture, heaviest first.

        Args:
            looks: the share of looks, from 0 (what is in it only) to 1 (what it looks like only). A picture that has
                one part only is searched by that part, unless the share leaves it out.

        Raises:
            InputError: the share is out of range.
        """
        if not 0 <= looks <= 1:
            raise InputError(f"the share of looks must be from 0 (words only) to 1 (looks only), got {looks:g}")
        if looks in (0, 1) or not self.words or not self.looks:
            part = {**(self.words if looks < 1 else {}), **(self.looks if looks > 0 else {})}
            return dict(sorted(part.items(), key=lambda item: -item[1]))
        factor = looks / (1 - looks) * _own_score(self.words) / _own_score(self.looks)
        weights = {**self.words, **{word: impact * factor for word, impact in self.looks.items()}}
        return scaled(weights)


def scaled(weights: Mapping[str, float]) -> Impacts:
    """Return weights as integers of at most `LARGEST` and at least 1, heaviest first."""
    unit = LARGEST / max(weights.values())
    whole = {token: max(1, round(weight * unit)) for token, weight in weights.items()}
    return dict(sorted(whole.items(), key=lambda item: -item[1]))


def words_and_picture(words: Impacts, picture: Impacts) -> Impacts:
    """Return the query of words typed and a picture beside them: either has half of the sum of weights."""
    if not words or not picture:
        return words or picture
    factor = sum(words.values()) / sum(picture.values())
    weights: dict[str, float] = dict(words)
    for token, weight in picture.items():
        weights[token] = weights.get(token, 0.0) + weight * factor
    return scaled(weights)


def _own_score(part: Impacts) -> int:
    return sum(impact * impact for impact in part.values())

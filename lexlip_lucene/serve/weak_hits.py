"""The rank from which hits are weak: the page puts a line before it."""

from collections.abc import Collection, Sequence
from typing import Protocol

from lexlip_lucene.words.function_words import FUNCTION_WORDS

WEAK = 0.5
"""The part of the first hit's score below which a hit is weak."""


class Named(Protocol):
    """A token of a hit."""

    @property
    def token(self) -> str:
        """The token."""


class Scored(Protocol):
    """A hit with its score and the query's tokens that it has."""

    @property
    def score(self) -> int | float:
        """The score; LexLIP's or BM25's. Fused scores are made of ranks, and tell nothing of how well a hit fits."""

    @property
    def terms(self) -> Sequence[Named]:
        """The tokens of the query that it has; none if they are not known."""


def weak_from(hits: Sequence[Scored], called: Collection[str] = ()) -> int | None:
    """Return the rank of the first weak hit: below half of the first score, or with none of the words that were typed.

    None if no hit is weak. Scores 90, 45 and 44 give rank 3: half is the score of a hit that lacks half of what the
    first one was found by.

    Args:
        hits: in their order, the highest score first.
        called: tokens of the query that were not typed, but that its words call for.
    """
    return next((rank for rank, hit in enumerate(hits, 1) if _is_weak(hit, hits[0], called)), None)


def _is_weak(hit: Scored, first: Scored, called: Collection[str]) -> bool:
    tokens = [term.token for term in hit.terms]
    typed = [token for token in tokens if token not in called and token not in FUNCTION_WORDS]
    return hit.score < WEAK * first.score or bool(called and tokens and not typed)

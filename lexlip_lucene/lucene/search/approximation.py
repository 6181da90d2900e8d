"""The part of an index that an approximate search looks at; `lexlip tune` finds a setting for a wanted recall."""

from typing import NamedTuple

from lexlip_lucene.errors import InputError
from lexlip_lucene.integers import as_int

EVERYTHING = 2**31 - 1
"""More than an index can have."""


BLOCK = 8
"""Documents of a block, as in `lexlip.search.BlockMaxima`."""

_CANDIDATES = 200


class Approximation(NamedTuple):
    """Search of the most promising blocks, or two-step search; `lexlip tune` says which is faster.

    `Approximation(blocks=200)` scores the 200 blocks of eight neighbouring documents that promise most, over the whole
    index, and none after the rest can't have a hit. It keeps about two bytes a posting beside the postings.

    Two-step search: a first step finds `candidates` in a part of the postings, a second scores them exactly.

    The part is of the `terms` heaviest tokens of the query, the `document_terms` heaviest of each document, and of what
    is left the `postings` that contribute most (query weight × impact), over the whole index.
    `Approximation(postings=80_000, candidates=100)` adds up 80,000 postings and then scores 100 documents. Every score
    is exact; what may be lost is a document that was no candidate, or in none of the blocks, and `Hits.unseen` says how
    much that scores at most.

    The second step keeps the documents in memory with all their tokens, and `document_terms` with the heaviest: four
    and three bytes a posting. Both are under the limit that `cache_mb` sets. Where it has no room for both, the second
    step reads the postings from disk, which takes milliseconds longer. Where it has no room for the heaviest tokens
    either, every call of a search makes them again, which takes a second for 5 million postings.
    """

    terms: int = EVERYTHING
    postings: int = EVERYTHING
    candidates: int = _CANDIDATES
    document_terms: int = EVERYTHING
    blocks: int = EVERYTHING

    @property
    def by_blocks(self) -> bool:
        """True if it limits the blocks; the other numbers then mean nothing."""
        return self.blocks != EVERYTHING

    def checked(self) -> "Approximation":
        """Return it, with built-in ints.

        Raises:
            InputError: a value is not an integer, or is below 1; or both `blocks` and another one is given.
        """
        checked = Approximation(*(as_int(value, f"approximation: {name}") for name, value in self._asdict().items()))
        for name, value in checked._asdict().items():
            if not 1 <= value <= EVERYTHING:
                raise InputError(f"approximation: {name} must be in 1..{EVERYTHING}, got {value}")
        if checked.by_blocks and checked._replace(blocks=EVERYTHING) != Approximation():
            raise InputError(
                "approximation: blocks can't be combined with terms, postings, candidates or document_terms: leave "
                "blocks out, or them"
            )
        return checked

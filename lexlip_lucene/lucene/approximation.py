"""How much an approximate search looks at; `lexlip tune` finds a setting for a wanted recall."""

from typing import NamedTuple

from lexlip_lucene.errors import InputError

EVERYTHING = 2**31 - 1
"""More than an index can have."""


class Approximation(NamedTuple):
    """Two-step search: `terms` and `postings` find `candidates`, whose scores are then computed exactly.

    `Approximation(12, 4000, 200)` looks at the 12 heaviest tokens of a query and at the 4,000 heaviest postings of each
    (in each segment), and scores the best 200 documents found there. Every score is exact; what may be lost is a
    document that was no candidate, and `Hits.unseen` says how much it can score at most.
    """

    terms: int = EVERYTHING
    postings: int = EVERYTHING
    candidates: int = 200

    def checked(self) -> "Approximation":
        """Return it.

        Raises:
            InputError: a number below 1.
        """
        for name, value in self._asdict().items():
            if not 1 <= value <= EVERYTHING:
                raise InputError(f"approximation: {name} must be in 1..{EVERYTHING}, got {value}")
        return self

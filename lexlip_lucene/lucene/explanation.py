"""Why a document has its score: one line for each token that it shares with the query.

Query {"red": 3, "cat": 2, "dog": 1} and document {"red": 10, "cat": 7} give the contributions 30 and 14, the score
44 and the missing token ("dog", 1).
"""

from typing import NamedTuple


class Term(NamedTuple):
    """A shared token; `contribution` is `query_weight` × `impact`."""

    token: str
    query_weight: int
    impact: int
    contribution: int


class Explanation(NamedTuple):
    """The exact score of document `docid` as the sum of its `terms`, heaviest first.

    `missing` has the query's tokens that the document lacks, with their query weight, heaviest first.
    """

    docid: str
    score: int
    terms: list[Term]
    missing: list[tuple[str, int]]

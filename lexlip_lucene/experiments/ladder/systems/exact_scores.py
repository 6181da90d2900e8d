"""Exact scores of a store's documents for a query, as an index of them would give, without building one."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.records import Impacts


def lexicon_scores(columns: Any, place: Mapping[str, int], query: Impacts) -> NDArray[np.int64]:
    """Return the score (rows,) of each row for a query: Σ query weight × impact over the query's tokens.

    Args:
        columns: impacts (rows, tokens), scipy CSC.
        place: token → its column, for every token of the query.
        query: token → weight.
    """
    scores = np.zeros(columns.shape[0], dtype=np.int64)
    for token, weight in query.items():
        entries = slice(columns.indptr[place[token]], columns.indptr[place[token] + 1])
        scores[columns.indices[entries]] += weight * columns.data[entries]  # a row is in a column once
    return scores

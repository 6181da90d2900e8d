"""Postings that a query's tokens have in a Lucene index: what an exact search of it adds up."""

from collections.abc import Collection, Sequence
from pathlib import Path

from lexlip_lucene.lucene.search.frequencies import document_frequencies


def mean_postings(index: Path, queries: Sequence[Collection[str]]) -> float:
    """Return the postings of a query's tokens in the index, the mean over the queries."""
    frequency = document_frequencies(index, (token for query in queries for token in query))
    return sum(frequency[token] for query in queries for token in query) / len(queries)

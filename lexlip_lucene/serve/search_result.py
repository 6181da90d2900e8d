"""The result of a search, before it is an answer of the API or a page."""

from typing import NamedTuple

from lexlip_lucene.records import Impacts
from lexlip_lucene.search.explanation import Term
from lexlip_lucene.words.read_query import ReadQuery


class ExplainedHit(NamedTuple):
    """A hit with LexLIP's terms, and the ranks of fused systems."""

    docid: str
    score: int | float
    rank: int
    terms: list[Term]
    ranks: dict[str, int]


class SearchResult(NamedTuple):
    """The answer to a search; times in milliseconds."""

    weights: Impacts
    excluded: list[str]
    read: ReadQuery
    hits: list[ExplainedHit]
    postings: int
    encode_milliseconds: float
    milliseconds: float
    late: str = ""
    """The line about re-ranking by patches; empty unless the request asks for it."""


class Query(NamedTuple):
    """A query ready to search with, and what its text was read as."""

    weights: Impacts
    excluded: list[str]
    read: ReadQuery

"""The count of an engine's answers that are not ours, for engines that claim to be exact.

Its own scores are not trusted: every document that it names is scored by itself. With our scores 9, 7, 7 an answer
whose documents score 9, 7, 7 differs in ties at most, whichever documents with 7 it took and in whatever order; one
with 9, 7, 6 differs, and so does one with 9, 7.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from lexlip_lucene.experiments.engine.systems.engine import Engine, Queries, Ranking
from lexlip_lucene.records import Impacts

Score = Callable[[Impacts, str], int]
"""Scores a document, which is given by its docid, for a query."""


class Disagreement(NamedTuple):
    """Queries that were compared; those whose answer is ours but for ties; those whose answer is another."""

    compared: int
    in_ties: int
    otherwise: int


def disagreement(engine: Engine, queries: Queries, exact: Sequence[Ranking], k: int, score: Score) -> Disagreement:
    """Compare the answers of `engine` with the `exact` ones, rank by rank, at `k` hits."""
    in_ties = otherwise = 0
    for query, ours, found in zip(queries.values(), exact, engine.rankings(queries, k), strict=True):
        if found.docids == ours.docids:
            continue
        if _differs_in_ties(query, ours, found.docids, score):
            in_ties += 1
        else:
            otherwise += 1
    return Disagreement(len(queries), in_ties, otherwise)


def _differs_in_ties(query: Impacts, ours: Ranking, found: Sequence[str], score: Score) -> bool:
    if len(found) != len(ours.docids) or len(set(found)) != len(found):
        return False
    known = dict(zip(ours.docids, ours.scores, strict=True))
    return all(
        (known[docid] if docid in known else score(query, docid)) == wanted
        for docid, wanted in zip(found, ours.scores, strict=True)
    )

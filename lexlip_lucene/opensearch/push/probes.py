"""Queries whose best documents are found while a collection is read, to be compared with what the cluster answers.

A document of the collection gives two queries: its heaviest tokens with weights of 1 to 7, and its heaviest token by
itself.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.data.shards import documents_in
from lexlip_lucene.opensearch.push.document_lines import DocumentLines
from lexlip_lucene.records import Document, Hit, Impacts

DEPTH = 10
"""Hits of a query that are compared."""

_DOCUMENTS = 4
_TOKENS = 32
_WEIGHTS = 7
_KEPT = 256


class Probe(NamedTuple):
    """A query, and its best documents of the collection by the integer score, smaller docids first among equals."""

    query: Impacts
    hits: list[Hit]


class Probes:
    """Queries, while their best documents are being found."""

    def __init__(self, queries: Sequence[Impacts]) -> None:
        self._queries = queries
        self._weights: dict[str, list[tuple[int, int]]] = {}
        for number, query in enumerate(queries):
            for token, weight in query.items():
                self._weights.setdefault(token, []).append((number, weight))
        self._best: list[list[tuple[int, bytes, str]]] = [[] for _ in queries]
        self._worst = [0] * len(queries)

    def see(self, document: Document) -> None:
        """Score a document under each query."""
        scores: dict[int, int] = {}
        for token in self._weights.keys() & document.vector.keys():
            for number, weight in self._weights[token]:
                scores[number] = scores.get(number, 0) + weight * document.vector[token]
        for number, score in scores.items():
            if score >= self._worst[number]:
                best = self._best[number]
                best.append((-score, document.id.encode(), document.id))
                if len(best) > _KEPT:
                    self._cut(number)

    def found(self) -> list[Probe]:
        """Return the queries with their best documents."""
        for number in range(len(self._queries)):
            self._cut(number)
        ranked = [[Hit(docid, -score, rank) for rank, (score, _, docid) in enumerate(best, 1)] for best in self._best]
        return [Probe(query, hits) for query, hits in zip(self._queries, ranked, strict=True)]

    def _cut(self, number: int) -> None:
        best = self._best[number]
        best.sort()
        del best[DEPTH:]
        if len(best) == DEPTH:
            self._worst[number] = -best[-1][0]


def probe_queries(shards: Sequence[Path], lines: DocumentLines) -> list[Impacts]:
    """Return the queries of a few documents with tokens, from the beginnings of shards that lie apart.

    Raises:
        InputError: a line is not a document that can be sent (file:line).
    """
    count = min(_DOCUMENTS, len(shards))
    chosen = [shards[number * len(shards) // count] for number in range(count)]
    each = -(-_DOCUMENTS // count)
    vectors = (vector for shard in chosen for vector in islice(_vectors(shard, lines), each))
    return [query for vector in vectors for query in _queries(vector)]


def _vectors(shard: Path, lines: DocumentLines) -> Iterator[Impacts]:
    for where, line in documents_in(shard, "collection"):
        if vector := lines.read(line, where).document.vector:
            yield vector


def _queries(vector: Impacts) -> Iterable[Impacts]:
    heaviest = sorted(vector, key=lambda token: (-vector[token], token))[:_TOKENS]
    yield {token: 1 + place % _WEIGHTS for place, token in enumerate(heaviest)}
    yield {heaviest[0]: 1}

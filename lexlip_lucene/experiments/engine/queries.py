"""The queries of the bench: the heaviest 8 terms of vectors, and the heaviest 32."""

from collections.abc import Sequence
from pathlib import Path

from lexlip_lucene.records import Document
from lexlip_lucene.vectors.collection import write_queries

TERMS = (8, 32)


def queries_path(folder: Path, terms: int) -> Path:
    """Return the file of the queries of `terms` terms in the data folder."""
    return folder / f"queries-{terms}.jsonl"


def heaviest(query: Document, terms: int) -> Document:
    """Return `query` with only its `terms` heaviest tokens; equal weights stay in their order."""
    kept = sorted(query.vector.items(), key=lambda item: -item[1])[:terms]
    return query._replace(vector=dict(kept))


def write_heaviest(folder: Path, vectors: Sequence[Document]) -> dict[int, int]:
    """Write the queries of each number of terms, all from the same `vectors`; return the number of each."""
    for terms in TERMS:
        write_queries(queries_path(folder, terms), [heaviest(vector, terms) for vector in vectors])
    return dict.fromkeys(TERMS, len(vectors))

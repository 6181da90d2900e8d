"""Exact search by inner product among dense vectors, in NumPy: the baseline beside the inverted index, not an engine.

    folder/ids.json       the ids, a JSON list
    folder/vectors.npy    their vectors, float32, one row an id

A score is summed in float64 and rounded to float32, so that equal vectors have equal scores wherever they are; ties
go to the smaller docid in byte order. A query of (1, 0) scores (0.6, 0.8) with 0.6.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from lexlip_lucene.errors import InputError
from lexlip_lucene.evaluate.run import rank_hits
from lexlip_lucene.files.written import written_folder
from lexlip_lucene.integers import as_int
from lexlip_lucene.records import Hit, Run

Vector = NDArray[np.floating]

QUERIES_AT_ONCE = 64
"""Scores of so many queries are in memory together: 0.5 GB with 1,000,000 documents."""


class Embeddings(NamedTuple):
    """Ids and their vectors (ids, width) float32."""

    ids: list[str]
    vectors: NDArray[np.float32]


def dense_run(queries: Mapping[str, Vector], documents: Embeddings, k: int) -> Run:
    """Search with every query.

    Args:
        queries: qid → vector (width,).
        documents: what is searched.
        k: hits a query, from 1.

    Returns:
        qid → the k documents with the largest inner products; scores are floats of either sign. A query of zeros, a
        text without any known word, has no hits.

    Raises:
        InputError: `k` is below 1, an id is repeated, or the widths differ.
    """
    if len(set(documents.ids)) != len(documents.ids) or len(documents.ids) != len(documents.vectors):
        raise InputError(
            f"documents need ids of their own, one a vector, got {len(set(documents.ids))} different ones of "
            f"{len(documents.ids)} for {len(documents.vectors)} vectors"
        )
    k = as_int(k, "the number of hits")
    matrix = documents.vectors.astype(np.float64)
    qids = list(queries)
    run: dict[str, list[Hit]] = {}
    for begin in range(0, len(qids), QUERIES_AT_ONCE):
        part = qids[begin : begin + QUERIES_AT_ONCE]
        rows = np.stack([queries[qid] for qid in part]).astype(np.float64)
        if rows.shape[1] != matrix.shape[1]:
            raise InputError(f"queries and documents need one width, got {rows.shape[1]} and {matrix.shape[1]}")
        scores = (rows @ matrix.T).astype(np.float32)
        for qid, row in zip(part, scores, strict=True):
            run[qid] = _best(row, documents.ids, k) if queries[qid].any() else []
    return run


def write_embeddings(folder: Path, embeddings: Embeddings, *, force: bool = False) -> None:
    """Write the folder of `embeddings`, whole or not at all.

    Raises:
        OutputError: the folder exists and `force` is off, or it can't be written.
    """
    with written_folder(folder, force=force) as partial:
        (partial / "ids.json").write_bytes(orjson.dumps(embeddings.ids))
        np.save(partial / "vectors.npy", embeddings.vectors, allow_pickle=False)


def read_embeddings(folder: Path) -> Embeddings:
    """Read what `write_embeddings` wrote.

    Raises:
        InputError: a file is missing or broken.
    """
    try:
        ids = orjson.loads((folder / "ids.json").read_bytes())
        return Embeddings(ids, np.load(folder / "vectors.npy", allow_pickle=False))
    except (OSError, ValueError) as error:
        raise InputError(f"{folder}: a folder with ids.json and vectors.npy is needed: {error}") from None


def _best(scores: NDArray[np.float32], ids: Sequence[str], k: int) -> list[Hit]:
    """Rank only the candidates: all documents that are not worse than the k-th best, its ties among them."""
    places = np.arange(len(scores))
    if 0 < k < len(scores):
        places = np.flatnonzero(scores >= np.partition(scores, -k)[-k])
    return rank_hits(((ids[place], float(scores[place])) for place in places.tolist()), k)

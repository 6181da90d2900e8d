"""A collection as one sparse matrix, for the engines that number tokens and documents by themselves."""

from array import array
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from lexlip_lucene.progress import Progress
from lexlip_lucene.vectors.collection import read_collection
from lexlip_lucene.vectors.vector_matrix import VectorMatrix


def token_matrix(collection: Path, progress: Progress, who: str) -> VectorMatrix:
    """Return the documents of `collection` in its order, and its tokens sorted as bytes.

    Args:
        collection: the folder of shards.
        progress: shows how far it is.
        who: whom it is read for.
    """
    numbers: dict[str, int] = {}
    columns, impacts, ends, ids = array("i"), array("i"), array("q", [0]), []
    for document in progress.track(read_collection(collection), f"reading for {who}"):
        ids.append(document.id)
        columns.extend(numbers.setdefault(token, len(numbers)) for token in document.vector)
        impacts.extend(document.vector.values())
        ends.append(len(columns))
    tokens = sorted(numbers, key=str.encode)
    places = np.empty(len(tokens), dtype=np.int32)
    places[[numbers[token] for token in tokens]] = np.arange(len(tokens), dtype=np.int32)
    entries = places[np.frombuffer(columns, dtype=np.int32)] if len(columns) else np.zeros(0, dtype=np.int32)
    parts = (np.frombuffer(impacts, dtype=np.int32) if len(impacts) else entries, entries, np.frombuffer(ends, "<i8"))
    return VectorMatrix(ids, csr_array(parts, shape=(len(ids), len(tokens))), tokens)

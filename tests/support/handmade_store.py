"""A ladder's documents made by hand, of three tokens and with dense vectors of two numbers."""

from pathlib import Path

import numpy as np

from lexlip_lucene.experiments.ladder.documents.document_store import DocumentStore

TOKENS = ["red", "blue", "cat"]


def a_store(weights: list[list[int]], *, targets: int, photos: int, parents: list[list[int]]) -> DocumentStore:
    """Return documents with a weight (0..255) for each of the three tokens, the first two also as dense vectors."""
    documents = len(weights)
    facts = {"tokens": TOKENS, "ceiling": 255.0, "cuts": [3], "targets": targets, "photos": photos}
    return DocumentStore(
        folder=Path("nowhere"),
        facts={**facts, "documents": documents},
        ids=[f"d{number}" for number in range(documents)],
        texts=[""] * documents,
        positions=np.tile(np.arange(3, dtype=np.uint16), (documents, 1)),
        weights=np.array(weights, dtype=np.float32),
        lengths=np.ones((documents, 1), dtype=np.float32),
        dense=np.array(weights, dtype=np.float32)[:, :2],
        parents=np.array(parents, dtype=np.int32),
        text_positions=None,
        text_impacts=None,
    )

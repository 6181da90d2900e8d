"""A ladder's documents made by hand, of three tokens and with dense vectors of two numbers."""

from pathlib import Path

import numpy as np

from lexlip_lucene.experiments.ladder.documents.document_store import DocumentStore

TOKENS = ["red", "blue", "cat"]


def a_store(weights: list[list[int]], *, targets: int, photos: int, parents: list[list[int]]) -> DocumentStore:
    """Make documents with a weight (0..255) for each of the three tokens, and the first two as their dense vectors."""
    documents = len(weights)
    facts = {"tokens": TOKENS, "ceiling": 255.0, "cuts": [3], "targets": targets, "photos": photos}
    return DocumentStore(
        Path("nowhere"),
        {**facts, "documents": documents},
        [f"d{number}" for number in range(documents)],
        [""] * documents,
        np.tile(np.arange(3, dtype=np.uint16), (documents, 1)),
        np.array(weights, dtype=np.float32),
        np.ones((documents, 1), dtype=np.float32),
        np.array(weights, dtype=np.float32)[:, :2],
        np.array(parents, dtype=np.int32),
        None,
        None,
    )

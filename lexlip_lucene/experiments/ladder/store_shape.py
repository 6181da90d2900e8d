"""The shape of each kind of documents in an index: postings a document, and the skew of document frequencies.

Mixes are like photos to an index if both have the same shape.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.experiments.engine.shape import COMMONEST
from lexlip_lucene.experiments.ladder.documents.document_store import DocumentStore


def shapes_of(store: DocumentStore, top_k: int) -> dict[str, Any]:
    """Return kind → shape: the searched photos, those beside them, and the mixes; a kind without documents is left out.

    `frequency` is the share of the documents that have the token of the average posting, Σ df² / (Σ df × documents);
    `commonest` the share of postings of the 100 commonest tokens.
    """
    return {
        name: _shape(store.frequencies(rows.stop, top_k) - store.frequencies(rows.start, top_k), len(rows))
        for name, rows in store.kinds.items()
    }


def _shape(frequencies: NDArray[np.int64], documents: int) -> dict[str, float]:
    postings = max(int(frequencies.sum()), 1)
    return {
        "documents": documents,
        "postings_per_document": postings / documents,
        "frequency": float((frequencies.astype(float) ** 2).sum() / postings / documents),
        "commonest": float(np.sort(frequencies)[-COMMONEST:].sum() / postings),
    }

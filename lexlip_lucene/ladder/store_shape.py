"""Do mixes look like photos to an index? Postings a document, and how skewed document frequencies are, side by side."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.bench_engine.shape import COMMONEST
from lexlip_lucene.ladder_documents.document_store import DocumentStore


def shapes_of(store: DocumentStore, top_k: int) -> dict[str, Any]:
    """Return the shape of the searched photos, the photos beside them, and the mixes; {} for what there is none of.

    `frequency` is the share of the documents that have the token of the average posting, Σ df² / (Σ df × documents);
    `commonest` the share of postings of the 100 commonest tokens.
    """
    facts = store.facts
    ends = [0, facts["targets"], facts["photos"], facts["documents"]]
    names = ("targets", "photos", "mixes")
    below = [store.frequencies(end, top_k) for end in ends]
    shapes = {}
    for name, begin, end, first, second in zip(names, ends, ends[1:], below, below[1:], strict=False):
        if end > begin:
            shapes[name] = _shape(second - first, end - begin)
    return shapes


def _shape(frequencies: NDArray[np.int64], documents: int) -> dict[str, float]:
    postings = max(int(frequencies.sum()), 1)
    return {
        "documents": documents,
        "postings_per_document": postings / documents,
        "frequency": float((frequencies.astype(float) ** 2).sum() / postings / documents),
        "commonest": float(np.sort(frequencies)[-COMMONEST:].sum() / postings),
    }

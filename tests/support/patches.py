"""Random patches, and a store of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.late.patch_store import PatchStore
from lexlip_lucene.late.store_manifest import StoreKind
from lexlip_lucene.late.store_writer import written_store

WIDTH = 8
MODEL = "a" * 64


def unit_vectors(count: int, width: int = WIDTH, *, seed: int | Sequence[int] = 0) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).normal(size=(count, width))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def pictures(counts: Mapping[str, int]) -> dict[str, NDArray[np.float32]]:
    """Return docid → as many patches as said, other ones for each."""
    return {docid: unit_vectors(count, seed=place) for place, (docid, count) in enumerate(counts.items())}


def store_of(
    path: Path, documents: Mapping[str, NDArray[np.float32]], *, code: str = "int8", force: bool = False
) -> PatchStore:
    with written_store(path, StoreKind(MODEL, WIDTH, code), force=force) as writer:
        for docid, vectors in documents.items():
            writer.add(docid, vectors)
    return PatchStore.open(path, model_sha256=MODEL)

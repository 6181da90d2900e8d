"""Patches in other forms, in memory: another code, fewer vectors, and two that are controls."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.late.clusters import clustered
from lexlip_lucene.late.patch_code import patch_code

Vectors = NDArray[np.float32]


class Patches(NamedTuple):
    """docid → unit vectors (n, width), and the bytes that a picture takes in a store, the mean."""

    documents: Mapping[str, Vectors]
    bytes: float = 0.0

    def vectors(self, docids: Sequence[str]) -> list[Vectors]:
        """Return the vectors of each docid."""
        return [self.documents[docid] for docid in docids]


def in_form(patches: Patches, code: str, clusters: int | None) -> Patches:
    """Return what a store of that code and so many clusters gives back; None keeps all patches."""
    coding = patch_code(code)
    documents, total = {}, 0
    for docid, vectors in patches.documents.items():
        kept = vectors if clusters is None else clustered(vectors, clusters)
        coded = coding.encode(kept)
        total += coded.nbytes
        documents[docid] = coding.decode(coded, vectors.shape[1])
    return Patches(documents, total / len(documents))


def shuffled(patches: Patches, seed: int = 0) -> Patches:
    """Return the patches of every document under another one's docid: a control that must find nothing."""
    docids = list(patches.documents)
    order = np.random.default_rng(seed).permutation(len(docids)).tolist()
    return Patches({docid: patches.documents[docids[place]] for docid, place in zip(docids, order, strict=True)})


def averaged(patches: Patches) -> Patches:
    """Return each picture's mean direction in place of its patches: a control that has lost which patch said what."""
    means = {docid: vectors.mean(axis=0, keepdims=True) for docid, vectors in patches.documents.items()}
    return Patches({docid: mean / np.linalg.norm(mean) for docid, mean in means.items()})

"""The exact second stage of a search by looks: the first hits in the order of the cosine of whole-picture vectors.

Visual words find the candidates; the vector of the whole picture, a byte a number in a store, orders them. What the
first stage did not find stays unfound, so the cosine is exact among the first hits only.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.errors import InputError
from lexlip_lucene.integers import as_count
from lexlip_lucene.records import Hit

DEFAULT_K = 200


class WholeSource(Protocol):
    """A source of whole-picture vectors: `PatchStore`, with one vector a picture."""

    @property
    def width(self) -> int:
        """Numbers of a vector."""
        ...

    def vectors(self, docids: Sequence[str]) -> list[NDArray[np.float32]]:
        """Return (1, width) float32 of about unit length for each docid; InputError for one that is missing."""
        ...


class WholeReranker:
    """A second stage behind hits by looks.

    Attributes:
        k: hits that are re-ranked.
    """

    def __init__(self, store: WholeSource, *, k: int = DEFAULT_K) -> None:
        """Re-rank by the vectors of `store`; InputError if `k` is below 1."""
        self._store = store
        self.k = as_count(k, "the number of hits to re-rank")

    def rerank(self, vector: NDArray[np.float32], hits: Sequence[Hit]) -> list[Hit]:
        """Return `hits` with the first `k` in the order of their cosine with a picture's vector.

        The score of a re-ranked hit is the cosine, −1..1; equal ones go by docid. Hits after the first `k` keep their
        order, each with the lowest cosine less what the first stage put between it and hit `k`, in millionths.

        Args:
            vector: (width,) float32 of the picture searched by, of any length; with 0 all cosines are 0.
            hits: of the first stage, best first.

        Raises:
            InputError: the store lacks a hit, which is named, or has vectors of another width.
        """
        if len(vector) != self._store.width:
            raise InputError(
                f"the store has vectors of {self._store.width} numbers, but the picture's has {len(vector)}: give the "
                "store of this model's pictures"
            )
        head, tail = hits[: self.k], hits[self.k :]
        if not head:
            return []
        found = np.concatenate(self._store.vectors([hit.docid for hit in head])).astype(np.float64)
        cosines = (
            found
            @ (vector / max(float(np.linalg.norm(vector)), 1e-12))
            / np.maximum(np.linalg.norm(found, axis=1), 1e-12)
        )
        best = sorted(
            zip(cosines.tolist(), (hit.docid for hit in head), strict=True), key=lambda one: (-one[0], one[1])
        )
        ordered = [Hit(docid, cosine, rank) for rank, (cosine, docid) in enumerate(best, start=1)]
        lowest, last = ordered[-1].score, head[-1].score
        return ordered + [
            Hit(hit.docid, lowest - 1e-6 * (last - hit.score), rank)
            for rank, hit in enumerate(tail, start=len(ordered) + 1)
        ]

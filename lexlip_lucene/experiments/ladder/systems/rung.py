"""A rung: the first documents of a store, in an order of their own and under docids of their own.

Targets come first in a store, so an index in its order would meet the best hits first and could skip more than one of a
real collection; and ties, which go to the smaller docid, would go to the targets, whose ids may sort before those of
mixes. So a rung's documents are in a drawn order, and its docids are their places in it: `0000000`, ….
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.errors import SearchError
from lexlip_lucene.experiments.ladder.documents.document_store import DocumentStore
from lexlip_lucene.records import Hit, Run

_SEED = 11


class Rung(NamedTuple):
    """The documents of a rung, and the folder in which systems build their indexes of them.

    `order` (documents,) has the row of the store of each document.
    """

    store: DocumentStore
    order: NDArray[np.int64]
    folder: Path

    @property
    def documents(self) -> int:
        """The number of documents."""
        return len(self.order)

    def index_folder(self, name: str) -> Path:
        """Return the folder of the index of that name."""
        return self.folder / file_name(name)

    @property
    def docids(self) -> list[str]:
        """The docids, in order."""
        return [f"{place:07d}" for place in range(len(self.order))]

    def hits(self, docids: Sequence[str] | Sequence[int], scores: Sequence[float]) -> list[Hit]:
        """Return an answer under the store's own ids.

        Raises:
            SearchError: a docid is not one of this rung's: the index is of other documents.
        """
        rows = self.order[[self._place_of(docid) for docid in docids]].tolist()
        pairs = zip(rows, scores, strict=True)
        return [Hit(self.store.ids[row], score, rank) for rank, (row, score) in enumerate(pairs, start=1)]

    def _place_of(self, docid: str | int) -> int:
        if not str(docid).isdecimal() or int(docid) >= self.documents:
            raise SearchError(
                f"{self.folder}: the docids of this rung are numbers below {self.documents}, but an index there found "
                f"{docid!r}: delete the folder to have its indexes built again"
            )
        return int(docid)

    def run(self, answers: Mapping[str, tuple[Sequence[str] | Sequence[int], Sequence[float]]]) -> Run:
        """Return answers under the store's own ids: qid → hits."""
        return {qid: self.hits(*answer) for qid, answer in answers.items()}


def file_name(name: str) -> str:
    """Return the name of a system or a point as the name of a folder."""
    return re.sub("[^a-z0-9]+", "-", name.lower())


def rung_of(store: DocumentStore, documents: int, folder: Path) -> Rung:
    """Return the rung of the first `documents` of a store, fewer if it has no more."""
    return Rung(store, _drawn(min(documents, len(store.ids))), folder)


def rung_without_targets(store: DocumentStore, documents: int, folder: Path) -> Rung:
    """Return the rung of `documents` that come after the photos that topics ask for, fewer if a store has no more."""
    targets = store.facts["targets"]
    return Rung(store, targets + _drawn(min(documents, len(store.ids) - targets)), folder)


def _drawn(count: int) -> NDArray[np.int64]:
    return np.random.default_rng([_SEED, count]).permutation(count)

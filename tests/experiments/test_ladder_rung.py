"""A rung: its documents in a drawn order, and answers to the store's own ids."""

from pathlib import Path

import numpy as np
import pytest
from support.handmade_store import a_store

from lexlip_lucene.errors import SearchError
from lexlip_lucene.experiments.ladder.documents.document_store import DocumentStore
from lexlip_lucene.experiments.ladder.documents.queries import Queries
from lexlip_lucene.experiments.ladder.systems.dense import DenseSystem
from lexlip_lucene.experiments.ladder.systems.rung import rung_of
from lexlip_lucene.progress import SILENT

DOCUMENTS, FEW = 90, 12


def store_of(documents: int) -> DocumentStore:
    weights = [[number + 1, 7, 0] for number in range(documents)]
    return a_store(weights, targets=1, photos=documents, parents=[[-1]] * documents)


def test_documents_stand_in_an_order_and_under_docids_that_are_drawn(tmp_path: Path) -> None:
    store = store_of(DOCUMENTS)
    rung = rung_of(store, DOCUMENTS, tmp_path)
    assert sorted(rung.order.tolist()) == list(range(DOCUMENTS)) and rung.order.tolist() != list(range(DOCUMENTS))
    assert rung.docids == sorted(rung.docids) and len(set(rung.docids)) == rung.documents
    [hit] = rung.hits([rung.docids[3]], [7])
    assert hit == (store.ids[rung.order[3]], 7, 1) == rung.hits([3], [7])[0]
    assert rung_of(store, 10**6, tmp_path).documents == DOCUMENTS


def test_a_text_of_unknown_words_finds_nothing_in_a_dense_index(tmp_path: Path) -> None:
    store = store_of(DOCUMENTS)
    rung = rung_of(store, FEW, tmp_path)
    system = DenseSystem()
    system.build(rung, tmp_path / "flat", 1, SILENT)
    assert store.dense is not None
    vectors = np.stack([np.zeros_like(store.dense[0]), store.dense[0]])
    opened = system.open(tmp_path / "flat", Queries(["a", "b"], ["", ""], [{}, {}], vectors))
    assert opened.one(0, 5).docids == [] and len(opened.one(1, 5).docids) == 5
    assert [len(found.docids) for found in opened.many([0, 1], 50, 1)] == [0, FEW]


def test_an_index_of_other_documents_is_named_when_it_is_asked(tmp_path: Path) -> None:
    rung = rung_of(store_of(DOCUMENTS), FEW, tmp_path)
    wrong: list[list[str] | list[int]] = [[f"{FEW:07d}"], [FEW], ["é scene 1%"]]
    for docids in wrong:
        with pytest.raises(SearchError, match=f"{tmp_path}: .* numbers below {FEW}, but .*: delete the folder"):
            rung.hits(docids, [1])

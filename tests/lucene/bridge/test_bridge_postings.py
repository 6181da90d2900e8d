"""The contents of our index and of stock's, equal byte by byte and number by number for the same collection."""

from pathlib import Path

import pytest
from support.bridge_collections import adversarial, rows, write_collection
from support.bridge_stock import Inside, build_stock, hexed, inside

from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.records import Document

LARGEST = 65_535
"""Impact of the shared documents; a single 2^24 − 1 is enough, as stock writes a token as often as its impact."""


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return [*adversarial(LARGEST), Document("most", "", {"z": 2**24 - 1, "all": 2})]


@pytest.fixture(scope="module")
def collection(documents: list[Document], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_collection(tmp_path_factory.mktemp("postings") / "c", documents, shards=3)


@pytest.fixture(scope="module")
def stock(collection: Path) -> Inside:
    build_stock(collection, collection.parent / "stock")
    return inside(collection.parent / "stock")


def require_same(ours: Inside, stock: Inside, documents: list[Document]) -> None:
    """Assert that both indexes are equal but for empty documents, which stock drops."""
    assert ours.postings == stock.postings
    assert ours.statistics == stock.statistics
    assert ours.fields == stock.fields
    assert ours.norms == stock.norms == {1}
    assert sorted(ours.docids) == sorted(hexed(document.id) for document in documents)
    assert set(ours.docids) - set(stock.docids) == {hexed(d.id) for d in documents if not d.vector}


def test_one_segment_is_stocks(collection: Path, documents: list[Document], stock: Inside, tmp_path: Path) -> None:
    ImpactIndex.build(collection, tmp_path / "index", threads=3)
    require_same(inside(tmp_path / "index"), stock, documents)


def test_order_and_parts_change_no_posting(
    collection: Path, documents: list[Document], stock: Inside, tmp_path: Path
) -> None:
    ImpactIndex.build(collection, tmp_path / "ordered", order=True)
    require_same(inside(tmp_path / "ordered"), stock, documents)


def test_an_index_of_many_changes_is_stocks_of_the_end(
    documents: list[Document], stock: Inside, tmp_path: Path
) -> None:
    parts = [{d.id: d.vector for d in documents[start::4]} for start in range(4)]
    with ImpactIndex.create(tmp_path / "index") as index:
        index.add(*rows({docid: {"wrong": 1} for part in parts[2:] for docid in part}))
        index.add(*rows({"gone": {"gone": 5}, "also": {}}))
        index.add(*rows(parts[0]))
    with ImpactIndex.open(tmp_path / "index") as index:
        assert index.add(*rows(parts[2]), replace=True).replaced == len(parts[2])
        index.add(*rows(parts[1]))
    with ImpactIndex.open(tmp_path / "index") as index:
        assert index.delete(["gone", "also", *parts[3]]) == 2 + len(parts[3])
        index.add(*rows(parts[3]))
        index.merge()
    require_same(inside(tmp_path / "index"), stock, documents)

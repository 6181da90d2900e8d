"""Ties and docids of searches for many hits: the same before and after the docids are held in memory.

A segment's docids are held once searches have read a quarter as many one by one, so each search here is asked again.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.bridge_collections import create, documents_of, rows
from support.oracle import rank

from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.jvm.jvm import java_class
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.records import Impacts

DOCIDS = [f"{prefix}{number}" for number in range(60) for prefix in ("d", "é", "\u00ff", "🙂", "d1\n", "\ufeff")]
AGAIN = 3

Vectors = dict[str, Impacts]


def tied(docids: Sequence[str]) -> Vectors:
    """Give the documents one of three impacts, so that many tie."""
    return {docid: {"tie": 1 + place % 3, "all": 5} for place, docid in enumerate(docids)}


def require_ranked(searcher: ImpactSearcher, query: Impacts, vectors: Vectors) -> None:
    for k in (1, 10, 100, len(vectors), len(vectors) + 5):
        wanted = rank(query, documents_of(vectors), k)
        for _ in range(AGAIN):
            assert searcher.search(query, k) == wanted


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("cache_mb", [None, 0, 1])
def test_ties_go_to_the_smaller_docid_in_byte_order_over_all_segments(
    parts: int, cache_mb: int | None, tmp_path: Path
) -> None:
    vectors = tied(DOCIDS)
    create(tmp_path / "index", [{docid: vectors[docid] for docid in DOCIDS[part::parts]} for part in range(parts)])
    with ImpactSearcher(tmp_path / "index", cache_mb=cache_mb) as searcher:
        for query in ({"tie": 3}, {"all": 2}, {"tie": 1, "all": 1}, {"all": 2**24 - 1}):
            require_ranked(searcher, query, vectors)


def test_appended_and_deleted_documents_are_seen_by_searches_that_hold_docids(tmp_path: Path) -> None:
    vectors, more, gone = tied(DOCIDS[:200]), tied(DOCIDS[200:]), DOCIDS[:50:2]
    create(tmp_path / "index", [vectors])
    with ImpactSearcher(tmp_path / "index") as searcher:
        require_ranked(searcher, {"all": 1}, vectors)
        with ImpactIndex.open(tmp_path / "index") as index:
            index.add(*rows(more))
            index.delete(gone)
        require_ranked(searcher, {"all": 1}, vectors)
        assert searcher.refresh()
        left = {docid: vector for docid, vector in (vectors | more).items() if docid not in gone}
        require_ranked(searcher, {"all": 1}, left)
        require_ranked(searcher, {"tie": 2, "all": 1}, left)


@pytest.mark.parametrize("kept", ["stored", "values"])
def test_an_index_of_others_may_repeat_docids_or_only_store_them(kept: str, tmp_path: Path) -> None:
    docids = [f"é{number % 40}" for number in reversed(range(100))]
    write_foreign(tmp_path / "index", docids, kept)
    with ImpactSearcher(tmp_path / "index") as searcher:
        for k in (1, 7, 60, 100, 101):
            for _ in range(AGAIN):
                hits = searcher.search({"red": 2}, k)
                assert [(hit.docid, hit.score) for hit in hits] == [(docid, 2) for docid in sorted(docids)[:k]]


@settings(max_examples=30, deadline=None)
@given(
    impacts=st.lists(st.integers(1, 4), min_size=2, max_size=40),
    weight=st.sampled_from([1, 3, 2**24 - 1]),
    k=st.integers(1, 45),
)
def test_the_bound_of_unseen_documents_holds_before_and_after(impacts: list[int], weight: int, k: int) -> None:
    vectors: Vectors = {docid: {"a": impact} for docid, impact in zip(DOCIDS, impacts, strict=False)}
    with TemporaryDirectory() as folder:
        create(Path(folder) / "index", [vectors])
        with ImpactSearcher(Path(folder) / "index") as searcher:
            wanted = rank({"a": weight}, documents_of(vectors), len(vectors))
            for _ in range(AGAIN):
                hits = searcher.search({"a": weight}, k)
                assert list(hits) == wanted[:k]
                assert max([hit.score for hit in wanted[k:]], default=0) <= hits.unseen
                assert k > len(vectors) or hits.unseen <= hits[-1].score


def write_foreign(path: Path, docids: Sequence[str], kept: str) -> None:
    """Write an index by Lucene's own classes, in which every document has the token "red" once."""
    lucene = "org.apache.lucene"
    store = java_class(f"{lucene}.document.Field$Store")
    text, string = java_class(f"{lucene}.document.TextField"), java_class(f"{lucene}.document.StringField")
    values, reference = java_class(f"{lucene}.document.BinaryDocValuesField"), java_class(f"{lucene}.util.BytesRef")
    analyzer = java_class(f"{lucene}.analysis.core.WhitespaceAnalyzer")()
    folder = java_class(f"{lucene}.store.FSDirectory").open(java_class("java.nio.file.Paths").get(str(path)))
    writer = java_class(f"{lucene}.index.IndexWriter")(
        folder, java_class(f"{lucene}.index.IndexWriterConfig")(analyzer)
    )
    for docid in docids:
        document = java_class(f"{lucene}.document.Document")()
        document.add(text("contents", "red", store.NO))
        if kept == "values":
            document.add(values("id", reference(docid.encode())))
        else:
            document.add(string("id", docid, store.YES))
        writer.addDocument(document)
    writer.forceMerge(1)
    writer.close()

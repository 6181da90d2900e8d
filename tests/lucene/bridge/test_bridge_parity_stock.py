"""Ours and stock Anserini's on the other's index: the same hits and the same scores, once rounded."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.bridge_collections import (
    IDS,
    adversarial,
    adversarial_queries,
    create,
    every_searcher,
    queries,
    require_exact,
    vectors,
    write_collection,
)
from support.bridge_stock import LARGEST_SCORE, StockSearcher, build_stock, needs_pyserinis_own_jar
from support.oracle import rank

from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.records import Document, Hit, Impacts

KS = [1, 29, 1000]

PYSERINI = """
import json, sys
from pathlib import Path
import lexlip_lucene
lexlip_lucene.start_jvm()
from pyserini.search.lucene import LuceneImpactSearcher

class Encoder:
    def encode(self, text):
        return queries[text]

queries = json.loads(Path(sys.argv[2]).read_text())
searcher = LuceneImpactSearcher(sys.argv[1], Encoder(), min_idf=-1)
hits = {qid: [(hit.docid.encode().hex(), hit.score) for hit in searcher.search(qid, 1000)] for qid in queries}
Path(sys.argv[3]).write_text(json.dumps(hits))
"""


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return adversarial(65_535)


@pytest.fixture(scope="module")
def collection(documents: list[Document], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_collection(tmp_path_factory.mktemp("stock") / "c", documents, shards=3)


@pytest.fixture(scope="module")
def ours(collection: Path) -> Path:
    ImpactIndex.build(collection, collection.parent / "ours")
    return collection.parent / "ours"


def pairs(hits: list[Hit]) -> list[tuple[str, int]]:
    return [(hit.docid, int(hit.score)) for hit in hits]


def heard(text: str) -> str:
    """Return a text as pyjnius hands it on: it takes a U+FEFF or U+FFFE at the beginning for a byte order mark."""
    return text[1:] if text[0] in "\ufeff\ufffe" else text


light = queries.map(lambda query: {token: min(weight, 255) for token, weight in query.items()}).filter(bool)
"""Stock writes each token of a query as often as its weight."""


@pytest.mark.parametrize("merge", [True, False])
def test_stocks_index_searched_by_us_gives_the_oracles_hits(
    merge: bool, collection: Path, documents: list[Document], tmp_path: Path
) -> None:
    build_stock(collection, tmp_path / "stock", merge=merge)
    with every_searcher(tmp_path / "stock") as searchers:
        for query in adversarial_queries().values():
            require_exact(searchers, query, documents, KS)
        assert searchers[0].documents == len(documents) - 1  # stock drops the empty one
        for docid in IDS:
            assert searchers[0].stored(docid) == {"id": docid}


def test_stocks_index_with_an_id_twice_gives_both(tmp_path: Path) -> None:
    documents = [Document("twice", "", {"a": 3}), Document("b", "", {"a": 3}), Document("twice", "", {"a": 5})]
    build_stock(write_collection(tmp_path / "c", [*documents, documents[0]]), tmp_path / "stock")
    with every_searcher(tmp_path / "stock") as searchers:
        for searcher in searchers:
            found = [("twice", 5, 1), ("b", 3, 2), ("twice", 3, 3), ("twice", 3, 4)]
            assert [list(searcher.search({"a": 1}, k)) for k in (1, 2, 3, 9)] == [found[:k] for k in (1, 2, 3, 4)]


def test_our_index_searched_by_stock_gives_our_hits(ours: Path, documents: list[Document]) -> None:
    allow_many_clauses()
    stock = StockSearcher(ours)
    for query in adversarial_queries().values():
        if not query:
            continue
        for k in KS:
            wanted = pairs(rank(query, documents, k))
            if not wanted or wanted[0][1] < LARGEST_SCORE:
                assert stock.search(query, k) == [(heard(docid), score) for docid, score in wanted]
    stock.close()


def allow_many_clauses() -> None:
    """Let stock search 5,000 tokens: its limit is a static setting of the JVM, which our searcher raises."""
    from lexlip_lucene.lucene.jvm.jvm import java_class

    java_class("org.apache.lucene.search.IndexSearcher").setMaxClauseCount(2**31 - 1)


@settings(max_examples=15)
@given(
    whole=st.dictionaries(st.sampled_from(IDS[16:]) | st.integers(0, 99).map(str), vectors, min_size=1, max_size=30),
    asked=st.lists(light, min_size=1, max_size=4),
    k=st.sampled_from([1, 3, 100]),
)
def test_any_index_of_ours_gives_stock_our_hits(
    whole: dict[str, Impacts], asked: list[Impacts], k: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    index = tmp_path_factory.mktemp("any") / "index"
    parts = [dict(list(whole.items())[start::2]) for start in range(2)]
    create(index, [part for part in parts if part])
    stock = StockSearcher(index)
    with ImpactSearcher(index) as searcher:
        for query in asked:
            hits = searcher.search(query, k)
            if not hits or hits[0].score < LARGEST_SCORE:
                assert stock.search(query, k) == [(heard(docid), score) for docid, score in pairs(list(hits))]
    stock.close()


@needs_pyserinis_own_jar
def test_pyserinis_own_searcher_gives_our_hits(ours: Path, documents: list[Document], tmp_path: Path) -> None:
    asked = {qid: query for qid, query in adversarial_queries().items() if len(query) <= 1024}
    # Pyserini keeps a table of the index's terms as pyjnius hears them, and drops what is not in it.
    asked = {qid: {t: weight for t, weight in query.items() if heard(t) == t} for qid, query in asked.items()}
    asked = {qid: query for qid, query in asked.items() if query}
    (tmp_path / "queries.json").write_text(json.dumps(asked))
    command = [sys.executable, "-c", PYSERINI, str(ours), str(tmp_path / "queries.json"), str(tmp_path / "hits.json")]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ), check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "hits.json").read_text())
    compared = 0
    for qid, query in asked.items():
        wanted = pairs(rank(query, documents, 1000))
        if wanted and wanted[0][1] < LARGEST_SCORE:
            compared += 1
            named = [(heard(docid).encode().hex(), score) for docid, score in wanted]
            assert [(docid, round(score)) for docid, score in found[qid]] == named
    assert compared > 20

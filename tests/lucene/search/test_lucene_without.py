"""Searches of the page: hits without a token, a document's vector, frequencies, keyword values."""

from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.oracle import rank
from support.searched import ODD_TOKENS, build, make_documents

from lexlip_lucene.errors import InputError
from lexlip_lucene.lucene.index.bm25_index import build_bm25
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.search.bm25_searcher import Bm25Searcher
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.records import Document, Impacts

words = st.sampled_from([f"w{number}" for number in range(70)] + ["all", "tie", "unknown", *ODD_TOKENS])


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return make_documents()


@pytest.fixture(scope="module", params=[True, False], ids=["merged", "segments"])
def searcher(
    request: pytest.FixtureRequest, documents: list[Document], tmp_path_factory: pytest.TempPathFactory
) -> ImpactSearcher:
    root = tmp_path_factory.mktemp("index")
    build(root, documents, merge=request.param)
    return ImpactSearcher(root / "index")


@settings(max_examples=40)
@given(
    query=st.dictionaries(words, st.integers(1, 15), max_size=12),
    without=st.lists(words, max_size=3),
    k=st.sampled_from([1, 10, 1000]),
)
def test_no_hit_has_an_excluded_token_and_the_others_rank_as_before(
    query: Impacts, without: list[str], k: int, searcher: ImpactSearcher, documents: list[Document]
) -> None:
    left = [document for document in documents if not set(without) & set(document.vector)]
    assert searcher.search(query, k, without=without) == rank(query, left, k)
    assert searcher.search_batch({"q": query}, k, without=without)["q"] == rank(query, left, k)


def test_the_vector_of_a_document_is_what_was_indexed(searcher: ImpactSearcher, documents: list[Document]) -> None:
    for document in documents[::97]:
        found = searcher.vector(document.id)
        assert found == document.vector
        assert list(found.values()) == sorted(found.values(), reverse=True)


def test_the_vector_of_an_unknown_document_is_an_error_that_names_it(searcher: ImpactSearcher) -> None:
    with pytest.raises(InputError, match="has no document 'nosuch'"):
        searcher.vector("nosuch")


def test_a_frequency_is_the_number_of_documents_with_the_token(
    searcher: ImpactSearcher, documents: list[Document]
) -> None:
    asked = ["all", "tie", "nosuch", *ODD_TOKENS, "tie"]
    expected = {token: sum(token in document.vector for document in documents) for token in asked}
    assert searcher.frequencies(asked) == expected
    assert searcher.frequencies([]) == {}


def test_keyword_values_are_listed_in_order_and_cut_where_asked(tmp_path: Path) -> None:
    (tmp_path / "collection").mkdir()
    lines = [
        {"id": f"d{number}", "contents": "", "vector": {"red": 1}, "split": split, "year": f"{2000 + number}"}
        for number, split in enumerate(["val", "é train", "val", "test"])
    ]
    (tmp_path / "collection" / "a.jsonl").write_bytes(b"\n".join(map(orjson.dumps, lines)))
    ImpactIndex.build(tmp_path / "collection", tmp_path / "index", keywords=["split", "year"])
    with ImpactSearcher(tmp_path / "index") as searcher:
        assert searcher.keywords() == {
            "split": ["test", "val", "é train"],
            "year": ["2000", "2001", "2002", "2003"],
        }
        assert searcher.keywords(2) == {"split": ["test", "val"], "year": ["2000", "2001"]}
        assert searcher.search({"red": 1}, without=["red"], filters={"split": "val"}) == []


def test_bm25_leaves_out_documents_with_an_excluded_word_in_any_form(tmp_path: Path) -> None:
    texts = {"d1": "a dog runs", "d2": "two dogs on the grass", "d3": "a dog and a ball", "d4": "a cat"}
    (tmp_path / "captions").mkdir()
    lines = [orjson.dumps({"id": docid, "contents": text}) for docid, text in texts.items()]
    (tmp_path / "captions" / "a.jsonl").write_bytes(b"\n".join(lines))
    build_bm25(tmp_path / "captions", tmp_path / "index")
    with Bm25Searcher(tmp_path / "index") as searcher:
        assert set(searcher.search("dogs").docids) == {"d1", "d2", "d3"}
        assert set(searcher.search("dogs", without=["running", "balls"]).docids) == {"d2"}
        assert set(searcher.search("dogs", without=["the"]).docids) == {"d1", "d2", "d3"}
        assert searcher.frequencies(["dog", "cat"]) == {"dog": 3, "cat": 1}

"""The ways of impact search: each gives the oracle's hits, or says what it may have lost."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from support.oracle import rank
from support.searched import ODD_TOKENS, build, make_documents

from lexlip_lucene.errors import InputError
from lexlip_lucene.lucene.search.approximation import EVERYTHING, Approximation
from lexlip_lucene.lucene.search.impact_searcher import Execution, ImpactSearcher
from lexlip_lucene.records import Document, Impacts
from lexlip_lucene.vectors.vector_matrix import VectorMatrix

words = st.sampled_from([f"w{number}" for number in range(70)] + ["all", "tie", "unknown", *ODD_TOKENS])
queries = st.dictionaries(words, st.integers(1, 15), max_size=25)


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return make_documents()


@pytest.fixture(scope="module", params=[True, False], ids=["merged", "segments"])
def index(request: pytest.FixtureRequest, documents: list[Document], tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("index")
    build(root, documents, merge=request.param)
    return root / "index"


@pytest.fixture(scope="module")
def searcher(index: Path) -> ImpactSearcher:
    return ImpactSearcher(index)


@pytest.fixture(scope="module", params=["auto", "windows", "blocks", "lucene", "no cache"])
def other(request: pytest.FixtureRequest, index: Path) -> ImpactSearcher:
    if request.param == "no cache":
        return ImpactSearcher(index, cache_mb=0)
    execution: Execution = request.param
    return ImpactSearcher(index, execution=execution)


@settings(max_examples=30)
@given(query=queries, k=st.sampled_from([1, 3, 10, 1000]))
def test_how_a_query_is_executed_never_changes_a_hit(
    query: Impacts, k: int, other: ImpactSearcher, documents: list[Document]
) -> None:
    assert other.search(query, k) == rank(query, documents, k)


@settings(max_examples=60)
@given(
    query=queries,
    k=st.sampled_from([1, 10, 100]),
    terms=st.integers(1, 30),
    postings=st.sampled_from([1, 10, 100, 1000, 100_000]),
    candidates=st.sampled_from([1, 10, 500]),
    document_terms=st.sampled_from([1, 3, EVERYTHING]),
)
def test_an_approximate_search_scores_exactly_and_says_what_it_may_have_lost(
    query: Impacts,
    k: int,
    terms: int,
    postings: int,
    candidates: int,
    document_terms: int,
    searcher: ImpactSearcher,
    documents: list[Document],
) -> None:
    hits = searcher.search(query, k, approximate=Approximation(terms, postings, candidates, document_terms))
    truth = {hit.docid: hit.score for hit in rank(query, documents, len(documents))}
    assert all(truth[hit.docid] == hit.score for hit in hits)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    lost = [score for docid, score in truth.items() if docid not in set(hits.docids)]
    assert all(score <= hits.unseen for score in lost)


@settings(max_examples=20)
@given(query=queries, k=st.sampled_from([1, 10, 1000]))
def test_an_approximate_search_of_everything_is_exact(
    query: Impacts, k: int, searcher: ImpactSearcher, documents: list[Document]
) -> None:
    hits = searcher.search(query, k, approximate=Approximation(EVERYTHING, EVERYTHING, k))
    assert hits == rank(query, documents, k)


@settings(max_examples=20)
@given(query=queries, k=st.sampled_from([1, 10, 1000]))
def test_no_document_beside_exact_hits_scores_more_than_unseen(
    query: Impacts, k: int, searcher: ImpactSearcher, documents: list[Document]
) -> None:
    hits = searcher.search(query, k)
    beside = [hit.score for hit in rank(query, documents, len(documents))[k:]]
    assert max(beside, default=0) <= hits.unseen <= min(hits.scores, default=0)


def test_hits_are_arrays_and_a_sequence(searcher: ImpactSearcher) -> None:
    hits = searcher.search({"all": 2, "tie": 1}, 5)
    assert hits.scores.dtype == np.int64 and hits.scores.tolist() == [25] * 5
    assert hits.docids.dtype == object and hits.docids.tolist() == [hit.docid for hit in hits]
    assert hits[0].rank == 1 and hits[-1] == hits[4] and hits[1:3] == list(hits)[1:3] and len(hits) == 5
    assert hits == list(hits) and hits != list(hits)[1:]
    with pytest.raises(IndexError):
        hits[5]
    empty = searcher.search({})
    assert not empty and empty.docids.shape == (0,) and empty.scores.shape == (0,) and empty == []


def test_a_matrix_and_encoded_queries_search_like_dicts(searcher: ImpactSearcher) -> None:
    vectors: dict[str, Impacts] = {"q1": {"w1": 3, "all": 1}, "q2": {}, "q3": {"w2": 7}}
    matrix = csr_array(np.array([[3, 1, 0], [0, 0, 0], [0, 0, 7]]))
    wanted = searcher.search_batch(vectors, 20)
    assert searcher.search_batch(VectorMatrix(list(vectors), matrix, ["w1", "all", "w2"]), 20) == wanted
    assert searcher.search_batch([Document(qid, "", vector) for qid, vector in vectors.items()], 20) == wanted


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (VectorMatrix(["q"], np.array([[1]]), ["a"]), "a scipy CSR matrix is needed, got ndarray"),
        (VectorMatrix(["q"], csr_array([[1, 2]]), ["a"]), r"\(ids, tokens\) = \(1, 1\), got \(1, 2\)"),
        (VectorMatrix(["q"], csr_array([[1.5]]), ["a"]), "must be of integers, got float64: quantise it first"),
        (VectorMatrix(["q"], csr_array([[-1]]), ["a"]), "query q: token 'a' needs an integer weight in .* got -1"),
        (VectorMatrix(["q", "q"], csr_array([[1], [1]]), ["a"]), "query: id 'q' occurs twice"),
        (VectorMatrix(["q"], csr_array([[1, 1]]), ["a", "a"]), "query: token 'a' occurs twice"),
        (VectorMatrix(["q"], csr_array([[1]]), ["a b"]), "query: token 'a b' contains white space"),
        (VectorMatrix(["q"], csr_array(([1, 1], [0, 0], [0, 2]), shape=(1, 1)), ["a"]), "has an entry twice"),
    ],
)
def test_a_matrix_that_is_not_vectors_is_refused(vectors: VectorMatrix, message: str, searcher: ImpactSearcher) -> None:
    with pytest.raises(InputError, match=message):
        searcher.search_batch(vectors)


def test_a_setting_below_one_and_a_field_that_is_not_a_keyword_are_refused(searcher: ImpactSearcher) -> None:
    with pytest.raises(InputError, match=r"approximation: candidates must be in 1\.\.2147483647, got 0"):
        searcher.search({"w1": 1}, approximate=Approximation(candidates=0))
    with pytest.raises(InputError, match=r"filter 'split' must be a keyword field .* are none: index with --keyword"):
        searcher.search({"w1": 1}, filters={"split": "val"})


def test_two_queries_of_one_id_are_refused(searcher: ImpactSearcher) -> None:
    with pytest.raises(InputError, match="ids must differ, but 2 queries have 1 ids"):
        searcher.search_batch([Document("q", "", {"w1": 1})] * 2)


def test_stored_fields_have_at_least_the_id(searcher: ImpactSearcher, documents: list[Document]) -> None:
    assert searcher.stored(documents[3].id) == {"id": documents[3].id}
    with pytest.raises(InputError, match="has no document 'nobody'"):
        searcher.stored("nobody")


def test_an_unknown_execution_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="execution must be one of auto, windows, blocks, lucene, got 'fast'"):
        ImpactSearcher(tmp_path, execution=cast(Any, "fast"))

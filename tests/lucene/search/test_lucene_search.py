"""Impact search against the integer oracle."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.oracle import rank
from support.searched import MANY, ODD_TOKENS, SEED, build, make_documents

from lexlip_lucene.errors import InputError, SearchError
from lexlip_lucene.lucene.search.bm25_searcher import Bm25Searcher
from lexlip_lucene.lucene.search.impact_searcher import Execution, ImpactSearcher
from lexlip_lucene.records import Document, Impacts
from lexlip_lucene.search.explanation import compare


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return make_documents()


@pytest.fixture(scope="module", params=[True, False], ids=["merged", "segments"])
def searcher(
    request: pytest.FixtureRequest, documents: list[Document], tmp_path_factory: pytest.TempPathFactory
) -> ImpactSearcher:
    root = tmp_path_factory.mktemp("index")
    report = build(root, documents, merge=request.param)
    assert (report.documents, report.empty) == (1700, 8)
    return ImpactSearcher(root / "index")


def test_empty_documents_are_documents(searcher: ImpactSearcher) -> None:
    assert searcher.documents == 1700


words = st.sampled_from([f"w{number}" for number in range(70)] + ["all", "tie", "unknown", *ODD_TOKENS])
queries = st.dictionaries(words, st.integers(1, 15), max_size=25)


@settings(max_examples=60, deadline=None)
@given(query=queries, k=st.sampled_from([1, 2, 10, 100, 1000, 1500, 10**10]))
def test_hits_are_the_integer_dot_product(
    query: Impacts, k: int, searcher: ImpactSearcher, documents: list[Document]
) -> None:
    hits = searcher.search(query, k)
    assert hits == rank(query, documents, k)
    assert all(type(hit.score) is int for hit in hits)


@pytest.mark.parametrize("k", [1, 10, 999, 1000, 1001, 1199, 1500])
def test_ties_across_k_go_to_the_smaller_docid_in_bytes(
    k: int, searcher: ImpactSearcher, documents: list[Document]
) -> None:
    assert searcher.search({"tie": 3, "w59": 1}, k) == rank({"tie": 3, "w59": 1}, documents, k)


def test_a_token_of_all_documents_counts(searcher: ImpactSearcher, documents: list[Document]) -> None:
    hits = searcher.search({"all": 5}, 2000)
    assert len(hits) == 1692 and {hit.score for hit in hits} == {45}
    assert hits == rank({"all": 5}, documents, 2000)


@pytest.mark.parametrize("token", ODD_TOKENS)
def test_an_odd_token_is_one_token(token: str, searcher: ImpactSearcher, documents: list[Document]) -> None:
    hits = searcher.search({token: 2}, 100)
    assert hits and hits == rank({token: 2}, documents, 100)


def test_5000_query_terms_are_searched(searcher: ImpactSearcher, documents: list[Document]) -> None:
    query = dict.fromkeys(MANY, 3) | {"all": 1}
    assert searcher.search(query, 3) == rank(query, documents, 3)
    assert searcher.search(query, 1)[0].score == 15_009


@pytest.mark.parametrize("execution", ["auto", "windows", "blocks", "lucene"])
@pytest.mark.parametrize("weight", [21_930, 21_931, 2**23, 2**24 - 1])
def test_scores_are_exact_beyond_float32_and_beyond_32_bits(
    weight: int, execution: Execution, searcher: ImpactSearcher, documents: list[Document]
) -> None:
    query = {"large": 255, "w0": weight}  # 255 × 65,535 + 21,930 × 3 = 16,777,215 = 2^24 − 1
    with ImpactSearcher(searcher.path, execution=execution) as other:
        assert other.search(query, 400) == rank(query, documents, 400)


def test_no_term_and_only_unknown_terms_give_no_hits(searcher: ImpactSearcher) -> None:
    assert searcher.search({}) == []
    assert searcher.search({"unknown": 4}) == []


@pytest.mark.parametrize("weight", [0, -1, 1.0, True, "2", None, 2**24])
def test_a_query_weight_that_is_not_a_positive_integer_is_refused(weight: object, searcher: ImpactSearcher) -> None:
    with pytest.raises(InputError, match="query: token 'w1' needs an integer weight"):
        searcher.search({"w0": 1, "w1": weight})  # type: ignore[dict-item]  # the point of the test


def test_half_a_character_is_refused(searcher: ImpactSearcher) -> None:
    with pytest.raises(InputError, match=r"'\\ud83d' is not valid Unicode"):
        searcher.search({"\ud83d": 1})


@pytest.mark.parametrize("k", [0, -3])
def test_k_below_one_is_refused(k: int, searcher: ImpactSearcher) -> None:
    with pytest.raises(InputError, match=f"k must be at least 1, got {k}"):
        searcher.search({"w0": 1}, k)


@pytest.mark.parametrize("threads", [1, 4])
def test_a_batch_gives_each_query_its_own_hits(
    threads: int, searcher: ImpactSearcher, documents: list[Document]
) -> None:
    chance = random.Random(SEED)
    batch: dict[str, Impacts] = {
        f"q{n}": {f"w{chance.randrange(60)}": chance.randint(1, 9) for _ in range(8)} for n in range(40)
    }
    batch["none"] = {}
    run = searcher.search_batch(batch, 20, threads=threads)
    assert list(run) == list(batch)
    assert run == {qid: rank(query, documents, 20) for qid, query in batch.items()}


def test_an_error_in_a_batch_names_the_query(searcher: ImpactSearcher) -> None:
    with pytest.raises(InputError, match="query q2: token 'w1' needs an integer weight"):
        searcher.search_batch({"q1": {"w1": 1}, "q2": {"w1": 0}}, threads=2)
    with pytest.raises(InputError, match="threads must be at least 1, got 0"):
        searcher.search_batch({}, threads=0)


@settings(max_examples=15, deadline=None)
@given(query=queries, chosen=st.integers(0, 1691))
def test_an_explanation_adds_up_to_the_score(
    query: Impacts, chosen: int, searcher: ImpactSearcher, documents: list[Document]
) -> None:
    document = [document for document in documents if document.vector][chosen]
    explanation = searcher.explain(query, document.id)
    scores = {hit.docid: hit.score for hit in searcher.search(query, 2000)}
    assert explanation.score == sum(term.contribution for term in explanation.terms) == scores.get(document.id, 0)
    assert {t.token: t.impact for t in explanation.terms} == {t: w for t, w in document.vector.items() if t in query}
    assert all(term.contribution == term.query_weight * term.impact for term in explanation.terms)
    assert sorted(explanation.terms, key=lambda term: -term.contribution) == explanation.terms
    assert dict(explanation.missing) == {t: w for t, w in query.items() if t not in document.vector}


def test_the_vector_of_a_document_is_the_one_that_was_indexed(
    searcher: ImpactSearcher, documents: list[Document]
) -> None:
    chosen = documents[::40] + documents[-10:]
    assert any(not document.vector for document in chosen) and any(len(d.vector) > 4000 for d in documents[-10:])
    for document in chosen:
        found = searcher.vector(document.id)
        assert found == document.vector
        assert list(found) == sorted(found, key=lambda token: (-found[token], token))


@settings(max_examples=15, deadline=None)
@given(query=queries, first=st.integers(0, 1691), second=st.integers(0, 1691))
def test_the_differences_of_two_documents_add_up_to_that_of_their_scores(
    query: Impacts, first: int, second: int, searcher: ImpactSearcher, documents: list[Document]
) -> None:
    filled = [document for document in documents if document.vector]
    compared = compare(searcher.explain(query, filled[first].id), searcher.explain(query, filled[second].id))
    scores = {hit.docid: hit.score for hit in searcher.search(query, 2000)}
    assert compared.score == scores.get(filled[first].id, 0)
    assert compared.against_score == scores.get(filled[second].id, 0)
    assert sum(term.difference for term in compared.terms) == compared.score - compared.against_score
    assert compared.difference == compared.score - compared.against_score
    assert {term.token for term in compared.terms} | {token for token, _ in compared.missing} == set(query)


def test_an_unknown_docid_is_named(searcher: ImpactSearcher) -> None:
    with pytest.raises(InputError, match="has no document 'nobody'"):
        searcher.explain({"w0": 1}, "nobody")
    with pytest.raises(InputError, match="has no document 'nobody'"):
        searcher.vector("nobody")


def test_an_impact_index_is_not_a_bm25_index(searcher: ImpactSearcher) -> None:
    with pytest.raises(SearchError, match="an index of kind bm25 is needed, got impact"):
        Bm25Searcher(searcher.path)


def test_a_closed_searcher_says_so(searcher: ImpactSearcher) -> None:
    with ImpactSearcher(str(searcher.path)) as other:
        assert other.facts["kind"] == "impact"
    other.close()
    with pytest.raises(SearchError, match="closed"):
        other.search({"w0": 1})


def test_a_missing_index_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="index: no such folder"):
        ImpactSearcher(tmp_path / "nowhere")

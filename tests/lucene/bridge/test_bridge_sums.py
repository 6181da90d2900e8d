"""Scores around 2^63, which 64-bit sums don't hold: exact below it, refused from there on, never wrong or missing."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.bridge_collections import create, documents_of, every_searcher, require_exact, rows
from support.oracle import rank

from lexlip_lucene.errors import InputError, SearchError
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.search import request
from lexlip_lucene.lucene.search.approximation import Approximation
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.records import Impacts

MOST = 2**24 - 1
TOKENS = (2**63 - 1) // MOST**2
"""So many products of the largest weights stay below 2^63."""

LARGE: Impacts = {f"t{number}": MOST for number in range(TOKENS)}
BELOW: dict[str, Impacts] = {"below": LARGE, "less": LARGE | {"t7": 1}, "tie": LARGE, "small": {"t3": 1, "more": 2}}
PAST: dict[str, Impacts] = {"past": LARGE | {"more": MOST}}
QUERY: Impacts = LARGE | {"more": MOST}
APPROXIMATE = [Approximation(), Approximation(terms=5), Approximation(postings=100), Approximation(document_terms=3)]


@pytest.fixture(scope="module")
def below(tmp_path_factory: pytest.TempPathFactory) -> Path:
    index = tmp_path_factory.mktemp("below") / "index"
    create(index, [BELOW])
    return index


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    index = tmp_path_factory.mktemp("past") / "index"
    create(index, [BELOW, PAST])
    return index


@pytest.fixture(scope="module")
def searchers(past: Path) -> Iterator[list[ImpactSearcher]]:
    with every_searcher(past) as open_ones:
        yield open_ones


def test_the_largest_sums_below_2_to_the_63_are_exact(below: Path) -> None:
    best = rank(LARGE, documents_of(BELOW), 1)[0]
    assert 2**63 - best.score < MOST**2  # not one product more would go in
    with every_searcher(below) as searchers:
        require_exact(searchers, LARGE, documents_of(BELOW), [1, 2, 10])
        assert searchers[0].explain(LARGE, "below").score == best.score


def test_a_sum_past_2_to_the_63_is_refused_and_never_missing(searchers: list[ImpactSearcher], past: Path) -> None:
    for searcher in searchers:
        for k in (1, 10):
            with pytest.raises(SearchError, match=rf"{past}: a score may reach 2\^63.*: give smaller weights"):
                searcher.search(QUERY, k)
        with pytest.raises(SearchError, match=r"a score may reach 2\^63"):
            searcher.search_batch({"fine": {"more": 1}, "large": QUERY}, threads=2)
        with pytest.raises(SearchError, match="'past' has the score 92"):
            searcher.explain(QUERY, "past")


def test_a_query_whose_weights_add_up_past_2_to_the_63_is_exact_where_no_score_does(tmp_path: Path) -> None:
    whole: dict[str, Impacts] = {
        f"d{number}": {f"t{number}": MOST, "t0": 1 + number} for number in range(0, TOKENS, 99)
    }
    create(tmp_path / "index", [whole])
    with every_searcher(tmp_path / "index") as searchers:
        require_exact(searchers, QUERY, documents_of(whole), [10])


@pytest.mark.parametrize("without", ["filter", "token", "delete"])
def test_a_document_that_no_search_may_find_does_not_count(without: str, tmp_path: Path) -> None:
    lines = [
        {"id": docid, "vector": vector, "kind": "past" if docid in PAST else "below"}
        for docid, vector in (BELOW | PAST).items()
    ]
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))
    ImpactIndex.build(tmp_path / "c", tmp_path / "index", keywords=["kind"])
    if without == "delete":
        with ImpactIndex.open(tmp_path / "index") as writing:
            writing.delete(PAST)
    wanted = [hit for hit in rank(QUERY, documents_of(BELOW), 9) if without != "token" or hit.docid != "small"]
    filters = {"kind": "below"} if without == "filter" else {}
    with every_searcher(tmp_path / "index") as searchers:
        for searcher in searchers:
            found = searcher.search(QUERY, 9, filters=filters, without=["more"] if without == "token" else [])
            assert found == wanted


@pytest.mark.parametrize("how", APPROXIMATE)
def test_an_approximate_search_past_2_to_the_63_is_refused(how: Approximation, searchers: list[ImpactSearcher]) -> None:
    with pytest.raises(SearchError, match=r"search needs scores below 2\^31|may reach 2\^63"):
        searchers[0].search(QUERY, approximate=how)


def test_what_an_approximate_search_may_have_lost_is_right_below_2_to_the_63_and_refused_past_it(
    tmp_path: Path,
) -> None:
    whole: dict[str, Impacts] = {"first": {"first": 2}, "lost": LARGE, "most": LARGE | {"more": MOST, "again": MOST}}
    create(tmp_path / "index", [whole])
    light = dict.fromkeys(LARGE, MOST - 1)
    one_token = Approximation(terms=1, candidates=1)
    with ImpactSearcher(tmp_path / "index") as searcher:
        found = searcher.search({"first": MOST} | light, 1, approximate=one_token)
        assert [tuple(hit) for hit in found] == [("first", 2 * MOST, 1)]
        assert (MOST - 1) * MOST * TOKENS <= found.unseen < 2**63
        with pytest.raises(SearchError, match=r"may reach 2\^63"):
            searcher.search({"first": MOST} | light | {"more": MOST - 1, "again": MOST - 1}, 1, approximate=one_token)


def test_queries_that_java_has_no_array_for_are_refused(below: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request, "_MOST_BYTES", 1000)
    with (
        ImpactSearcher(below) as searcher,
        pytest.raises(InputError, match=r"1 queries take .* bytes, and at most 1000"),
    ):
        searcher.search(LARGE)


def test_a_replaced_document_past_2_to_the_63_counts_no_more(tmp_path: Path) -> None:
    create(tmp_path / "index", [BELOW, PAST])
    with ImpactIndex.open(tmp_path / "index") as writing:
        writing.add(*rows({"past": {"more": 1}}), replace=True)
    with every_searcher(tmp_path / "index") as searchers:
        require_exact(searchers, QUERY, documents_of(BELOW | {"past": {"more": 1}}), [10])

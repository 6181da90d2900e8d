"""Our search against the integer oracle, over collections made to break it, in every way a search can go."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from support.bridge_collections import (
    IDS,
    IMPACTS,
    TOKENS,
    adversarial,
    adversarial_queries,
    create,
    documents_of,
    every_searcher,
    names,
    queries,
    require_exact,
    rows,
    vectors,
    write_collection,
)
from support.oracle import rank

from lexlip_lucene.errors import InputError, SearchError
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.search.approximation import Approximation
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.records import Impacts

KS = [1, 3, 29, 1000]


@pytest.mark.parametrize("form", ["merged", "segments"])
def test_adversarial_documents_are_found_exactly(form: str, tmp_path: Path) -> None:
    documents = adversarial()
    if form == "merged":
        ImpactIndex.build(write_collection(tmp_path / "c", documents, shards=3), tmp_path / "index")
    else:
        whole = {document.id: document.vector for document in documents}
        create(tmp_path / "index", [dict(list(whole.items())[start::5]) for start in range(5)])
    with every_searcher(tmp_path / "index") as searchers:
        assert searchers[0].documents == len(documents)
        for query in adversarial_queries().values():
            require_exact(searchers, query, documents, KS)
        for document in documents:
            assert searchers[0].stored(document.id) == {"id": document.id}
            explained = searchers[0].explain(dict.fromkeys(TOKENS, 3), document.id)
            assert explained.score == sum(3 * impact for token, impact in document.vector.items() if token in TOKENS)


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(
    parts=st.lists(st.dictionaries(names, vectors, min_size=1, max_size=20), min_size=1, max_size=3),
    asked=st.lists(queries, min_size=1, max_size=4),
    deleted=st.lists(names, max_size=10),
    merged=st.booleans(),
)
def test_any_history_of_an_index_gives_the_oracles_hits(
    parts: list[dict[str, Impacts]],
    asked: list[Impacts],
    deleted: list[str],
    merged: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    index = tmp_path_factory.mktemp("history") / "index"
    create(index, parts[:1])
    there = dict(parts[0])
    with every_searcher(index) as searchers:
        for part in parts[1:]:
            with ImpactIndex.open(index) as writing:
                writing.add(*rows(part), replace=True)
            there |= part
        with ImpactIndex.open(index) as writing:
            gone = {docid for docid in deleted if docid in there}
            assert writing.delete(gone) == len(gone)
            if merged:
                writing.merge()
        before = documents_of(parts[0])
        there = {docid: vector for docid, vector in there.items() if docid not in gone}
        for query in asked:
            require_exact(searchers, query, before, [2])
        for searcher in searchers:
            assert searcher.refresh() and not searcher.refresh()
        for query in asked:
            require_exact(searchers, query, documents_of(there), [1, 2, 10, 100])
        assert searchers[0].documents == len(there)
        for docid in gone:
            with pytest.raises(InputError, match="has no document"):
                searchers[0].stored(docid)


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(
    whole=st.dictionaries(names, vectors, min_size=1, max_size=40),
    asked=st.lists(queries, min_size=1, max_size=4),
    k=st.sampled_from([1, 5, 100]),
    terms=st.integers(1, 8),
    postings=st.sampled_from([1, 3, 10, 1000]),
    candidates=st.sampled_from([1, 3, 100]),
)
def test_an_approximate_search_never_lies(
    whole: dict[str, Impacts],
    asked: list[Impacts],
    k: int,
    terms: int,
    postings: int,
    candidates: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    index = tmp_path_factory.mktemp("approximate") / "index"
    create(index, [dict(list(whole.items())[:25]), *([rest] if (rest := dict(list(whole.items())[25:])) else [])])
    with ImpactSearcher(index) as searcher:
        for query in asked:
            scores = {hit.docid: hit.score for hit in rank(query, documents_of(whole), len(whole))}
            try:
                hits = searcher.search(query, k, approximate=Approximation(terms, postings, candidates))
            except SearchError as error:
                assert "two-step search needs scores below 2^31: search exactly" in str(error)
                assert max(scores.values()) >= 2**31 or sum(query.values()) * (2**24 - 1) >= 2**31
                continue
            assert all(scores[hit.docid] == hit.score for hit in hits)
            assert list(hits) == sorted(hits, key=lambda hit: (-hit.score, hit.docid.encode()))
            found = set(hits.docids)
            assert max((score for docid, score in scores.items() if docid not in found), default=0) <= hits.unseen


@pytest.mark.parametrize("weight", [1, 255, 2**24 - 1])
def test_sums_around_the_limits_of_float32_int32_and_float64_are_exact(weight: int, tmp_path: Path) -> None:
    sums = [(a, b, c) for a in IMPACTS for b in IMPACTS for c in (1, 2)]
    whole: dict[str, Impacts] = {f"{n:03}": {"a": a, "b": b, "c": c} for n, (a, b, c) in enumerate(sums)}
    whole["huge"] = {f"h{number}": 2**24 - 1 for number in range(600)}  # 600 × 2^48 is above 2^53 and 2^57
    create(tmp_path / "index", [whole])
    with every_searcher(tmp_path / "index") as searchers:
        for query in ({"a": weight, "b": 1, "c": 1}, {"a": weight, "b": weight, "c": weight}):
            require_exact(searchers, query, documents_of(whole), [1, 7, 98, 200])
        require_exact(searchers, {f"h{n}": weight for n in range(600)} | {"a": 1}, documents_of(whole), [1, 50])


BOUNDARIES = [0, 1, 65_534, 65_535, 65_536, 65_537, 131_071, 131_072, 139_999]


def test_windows_of_65536_documents_meet_without_a_gap(tmp_path: Path) -> None:
    count = 140_000
    chance = np.random.default_rng(3)
    matrix = np.zeros((count, 4), dtype=np.int32)  # all, often, rare, boundary
    matrix[:, 0] = 1
    matrix[chance.random(count) < 0.4, 1] = 7
    matrix[::1000, 2] = chance.integers(1, 300, 140)
    matrix[BOUNDARIES, 3] = np.arange(1, 10)
    tokens, ids = ["all", "often", "rare", "boundary"], [f"{number * 7919 % count:06}" for number in range(count)]
    with ImpactIndex.create(tmp_path / "index") as index:
        index.add(ids, csr_array(matrix), tokens)
    named = np.array(ids, dtype=object)
    by_id, alive = np.argsort(ids), np.ones(count, dtype=bool)
    asked = [[0, 0, 0, 1], [1, 0, 0, 0], [1, 2, 0, 0], [3, 1, 2, 5], [0, 0, 1, 100], [1, 0, 0, 2**24 - 1]]
    with every_searcher(tmp_path / "index") as searchers:
        for deleted in ([], [65_535, 65_536, 131_072]):
            if deleted:
                with ImpactIndex.open(tmp_path / "index") as index:
                    index.delete([ids[number] for number in deleted])
                alive[deleted] = False
            for searcher in searchers:
                searcher.refresh()
            for weights in asked:
                scores = matrix.astype(np.int64) @ np.array(weights) * alive
                order = by_id[np.argsort(-scores[by_id], kind="stable")][: int((scores > 0).sum())]
                query = {token: weight for token, weight in zip(tokens, weights, strict=True) if weight}
                for searcher in searchers:
                    for k in (1, 9, 65_537) if weights == asked[3] else (1, 9):
                        hits = searcher.search(query, k)
                        assert hits.docids.tolist() == named[order[:k]].tolist()
                        assert hits.scores.tolist() == scores[order[:k]].tolist()
        every = searchers[0].search({"boundary": 1}, 10**12)
        assert sorted(every.docids) == sorted(ids[n] for n in BOUNDARIES if alive[n])


@pytest.mark.parametrize("token", ["x" * 256, "🙂" * 128, "a b", "a\tb", "a\u2003b", "\u3000", ""])
def test_a_token_that_stock_lucene_would_break_up_is_refused_by_file_and_line(token: str, tmp_path: Path) -> None:
    documents = [*adversarial()[:5], *documents_of({"bad": {token: 1}})]
    collection = write_collection(tmp_path / "c", documents)
    with pytest.raises(
        InputError, match=r"000.jsonl:6: document bad: token .* (longer|white space|is empty)"
    ) as refused:
        ImpactIndex.build(collection, tmp_path / "index")
    assert "\n" not in str(refused.value) and not (tmp_path / "index").exists()
    with (
        pytest.raises(InputError, match=r"token .* (longer|white space|is empty)"),
        ImpactIndex.create(tmp_path / "index") as index,
    ):
        index.add(*rows({"bad": {token: 1}}))
    assert not (tmp_path / "index").exists()


@pytest.mark.parametrize("docid", [IDS[0], "a\nb", "\ufeff", "\x00", "x" * 500])
def test_an_id_that_is_there_already_is_refused_or_replaced(docid: str, tmp_path: Path) -> None:
    documents = documents_of({docid: {"a": 1}, "other": {"a": 2}})
    collection = write_collection(tmp_path / "c", [*documents, documents[0]])
    with pytest.raises(InputError, match=r"000.jsonl:3: ") as refused:
        ImpactIndex.build(collection, tmp_path / "index")
    assert "000.jsonl:1" in str(refused.value)
    create(tmp_path / "index", [{docid: {"a": 1}, "other": {"a": 2}}])
    with pytest.raises(InputError, match=r"is in .* already"), ImpactIndex.open(tmp_path / "index") as index:
        index.add(*rows({docid: {"a": 9}}))
    with ImpactSearcher(tmp_path / "index") as searcher:
        assert searcher.search({"a": 1})[0] == ("other", 2, 1)
        with ImpactIndex.open(tmp_path / "index") as index:
            assert index.add(*rows({docid: {"a": 9}}), replace=True).replaced == 1
        assert searcher.refresh() and searcher.search({"a": 1})[0] == (docid, 9, 1)
        with ImpactIndex.open(tmp_path / "index") as index:
            assert index.delete([docid]) == 1
            index.add(*rows({docid: {"a": 1}}))
        assert searcher.refresh() and list(searcher.search({"a": 1})) == [("other", 2, 1), (docid, 1, 2)]


def test_an_index_without_a_term_or_without_a_document_has_no_hits(tmp_path: Path) -> None:
    index = tmp_path / "index"
    create(index, [{"a": {}}, {"b": {}}])
    for documents in (2, 0):
        with every_searcher(index) as searchers:
            for searcher in searchers:
                assert searcher.search({"x": 1}) == searcher.search({"x": 1}, approximate=Approximation()) == []
                assert searcher.documents == documents == int(searcher.facts["documents"])
            if documents:
                assert searchers[0].explain({"x": 2}, "a") == ("a", 0, [], [("x", 2)])
        with ImpactIndex.open(index) as writing:
            writing.delete(["a", "b"] if documents else [])
            writing.merge()
        assert writing.report[:3] == (0, 0, 0)
    with ImpactIndex.open(index) as writing:
        writing.add(*rows({"a": {"x": 3}}))
    with ImpactSearcher(index) as searcher:
        assert list(searcher.search({"x": 1})) == [("a", 3, 1)]

"""Exact impacts from a real node: docids, order and integers beside sums in Python's integers."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from exact_collections import ODD_IDS, collection, queries
from loaded import delete, load, put, source_of
from running_cluster import RunningNode
from support.oracle import rank

from lexlip_lucene.errors import ClusterError, InputError, SearchError
from lexlip_lucene.opensearch import impact_searcher
from lexlip_lucene.opensearch.cluster_address import ClusterAddress
from lexlip_lucene.opensearch.impact_searcher import OpenSearchImpactSearcher
from lexlip_lucene.opensearch.mapping import TERM_FREQUENCIES
from lexlip_lucene.opensearch.rank_features import RankFeatures
from lexlip_lucene.records import Document, Hit, Impacts

TEXT, FEATURES = TERM_FREQUENCIES.name, RankFeatures.name


def as_documents(vectors: Mapping[str, Impacts]) -> list[Document]:
    return [Document(docid, "", vector) for docid, vector in vectors.items()]


def oracle(query: Impacts, vectors: Mapping[str, Impacts], k: int) -> list[Hit]:
    return rank(query, as_documents(vectors), k)


def require_oracle(
    searcher: OpenSearchImpactSearcher, asked: Mapping[str, Impacts], vectors: Mapping[str, Impacts], ks: Sequence[int]
) -> int:
    """Compare every answer with the oracle's; return how many best scores are at least 2^24."""
    large = 0
    for k in ks:
        found = searcher.search_batch(asked, k, threads=2)
        assert list(found) == list(asked)
        for qid, query in asked.items():
            assert found[qid] == oracle(query, vectors, k), (qid, k)
            assert all(type(hit.score) is int for hit in found[qid])
            large += bool(found[qid]) and found[qid][0].score >= 2**24
    return large


@pytest.mark.parametrize("shards", [1, 3, 7])
@pytest.mark.parametrize(
    ("field", "bits", "weights"),
    [
        (TEXT, 1, 1),
        (TEXT, 8, 255),
        (TEXT, 16, 7),
        (TEXT, 16, 65535),
        (FEATURES, 1, 1),
        (FEATURES, 8, 255),
        (FEATURES, 9, 7),
        (FEATURES, 9, 65535),
    ],
)
def test_hits_order_and_integers_are_the_oracle_s(
    node: RunningNode, shards: int, field: str, bits: int, weights: int
) -> None:
    vectors = collection(bits)
    address = load(node, f"exact-{shards}-{field}-{bits}-{weights}", vectors, shards=shards, field=field)
    with OpenSearchImpactSearcher(address) as searcher:
        assert searcher.documents == len(vectors)
        large = require_oracle(searcher, queries(weights), vectors, [1, 10, 1000])
    assert bool(large) == (bits > 8 and weights == 65535)
    node.ask("DELETE", f"/{address.alias}-1")


@pytest.mark.parametrize("shards", [1, 3])
def test_documents_that_floats_put_in_the_wrong_order_come_in_the_right_one(node: RunningNode, shards: int) -> None:
    """From 2^24 on a float32 steps by 2, 4, 8, …: hundreds of integers are one float, across k as well."""
    dice = random.Random(5)
    base, parts = 2**24 - 1, 6
    vectors = {
        f"d{number:04}": {f"t{part}": base - dice.randint(0, 40) for part in range(parts)} for number in range(600)
    }
    query = {f"t{part}": dice.choice([1, 3, 255, 65521]) for part in range(parts)}
    address = load(node, f"rounded-{shards}", vectors, shards=shards)
    ks = [1, 2, 10, 100, 599, 600, 1000]
    with OpenSearchImpactSearcher(address) as searcher:
        should = impact_searcher._should(TERM_FREQUENCIES, query)
        [by_float] = searcher._top(searcher._behind, [{"bool": should}], 10)
        assert [docid for _, docid in by_float] != [hit.docid for hit in oracle(query, vectors, 10)], "nothing to prove"
        assert require_oracle(searcher, {"q": query, "light": dict.fromkeys(query, 1)}, vectors, ks)
    node.ask("DELETE", f"/{address.alias}-1")


def test_ties_of_the_kth_float_are_read_to_their_end_page_by_page(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(impact_searcher, "_VECTORS_AT_ONCE", 7)
    vectors = {f"d{number:03}": {"a": 2**24 - 1, "b": 1 + number % 2} for number in range(100)}
    address = load(node, "ties", vectors, shards=3)
    with OpenSearchImpactSearcher(address) as searcher:
        assert searcher.search({"a": 1, "b": 1}, 60) == oracle({"a": 1, "b": 1}, vectors, 60)
        assert searcher.search({"a": 2, "b": 1}, 3) == oracle({"a": 2, "b": 1}, vectors, 3)
    node.ask("DELETE", "/ties-1")


@pytest.mark.parametrize("field", [TEXT, FEATURES])
def test_deletes_replacements_filters_and_exclusions_are_seen(node: RunningNode, field: str) -> None:
    vectors = collection(8, documents=300)
    further = {docid: {"split": ["val", "test"][place % 2]} for place, docid in enumerate(vectors) if place % 5}
    address = load(node, "changes", vectors, shards=3, keywords=["split"], further=further, field=field)
    asked = {qid: query for qid, query in queries(255).items() if query}
    with OpenSearchImpactSearcher(address) as searcher:
        assert not searcher.refresh()
        gone, replaced = list(vectors)[:100:3], list(vectors)[1:100:3]
        for docid in gone:
            del vectors[docid]
        delete(node, "changes-1", gone)
        for docid in replaced:
            vectors[docid] = {"t1": 255, "|": 3}
        put(
            node, "changes-1", [source_of(docid, vectors[docid], field, **further.get(docid, {})) for docid in replaced]
        )
        assert searcher.refresh() and not searcher.refresh()
        require_oracle(searcher, asked, vectors, [10, 1000])
        val = {docid: vector for docid, vector in vectors.items() if further.get(docid, {}).get("split") == "val"}
        both = {docid: vector for docid, vector in vectors.items() if docid in further}
        without = {docid: vector for docid, vector in val.items() if not {"t1", "🙂"} & vector.keys()}
        for query in asked.values():
            assert searcher.search(query, 50, filters={"split": "val"}) == oracle(query, val, 50)
            assert searcher.search(query, 50, filters={"split": ["val", "test"]}) == oracle(query, both, 50)
            found = searcher.search(query, 50, filters={"split": "val"}, without=["t1", "🙂"])
            assert found == oracle(query, without, 50)
        assert searcher.keywords() == {"split": ["test", "val"]}
        assert (searcher.keywords(1), searcher.keywords(0)) == ({"split": ["test"]}, {"split": []})
        with pytest.raises(InputError, match="its keyword fields are split"):
            searcher.search({"t1": 1}, filters={"docid": "x"})
    node.ask("DELETE", "/changes-1")


@pytest.mark.parametrize("field", [TEXT, FEATURES])
def test_a_document_has_its_vector_its_stored_fields_and_its_explanation(node: RunningNode, field: str) -> None:
    vectors = {docid: {"##ing": 7, "a.b": 255, "🙂": 255} for docid in ODD_IDS} | {"empty": {}}
    further = {docid: {"stored": {"contents": f"caption of {docid}"}} for docid in ODD_IDS}
    address = load(node, "stored", vectors, shards=3, further=further, field=field)
    with OpenSearchImpactSearcher(address) as searcher:
        for docid in ODD_IDS:
            assert list(searcher.vector(docid).items()) == [("a.b", 255), ("🙂", 255), ("##ing", 7)]
            assert searcher.stored(docid) == {"id": docid, "contents": f"caption of {docid}"}
        assert searcher.vector("empty") == {} and searcher.stored("empty") == {"id": "empty"}
        explained = searcher.explain({"##ing": 3, "nowhere": 2}, "..")
        assert (explained.score, explained.missing) == (21, [("nowhere", 2)])
        assert searcher.frequencies(["##ing", "nowhere", "🙂", "##ing"]) == {"##ing": 16, "nowhere": 0, "🙂": 16}
        for nobody in ("nobody", "", "x" * 600):
            with pytest.raises(InputError, match="has no document"):
                searcher.vector(nobody)
        with pytest.raises(InputError, match="not valid Unicode"):
            searcher.stored("\ud800")
    node.ask("DELETE", "/stored-1")


@pytest.mark.parametrize("field", [TEXT, FEATURES])
def test_more_terms_than_the_cluster_takes_are_refused_by_the_setting_s_name(node: RunningNode, field: str) -> None:
    words = [f"w{number}" for number in range(1025)]
    vectors = {f"d{number}": {word: 1 + number for word in words[number::3]} for number in range(9)}
    address = load(node, "terms", vectors, shards=3, field=field)
    query = {word: 1 + place % 7 for place, word in enumerate(words)}
    with OpenSearchImpactSearcher(address) as searcher:
        fewer = dict(list(query.items())[:1024])
        assert searcher.search(fewer) == oracle(fewer, vectors, 10)
        with pytest.raises(ClusterError, match=r"indices\.query\.bool\.max_clause_count"):
            searcher.search(query)
        node.ask("PUT", "/_cluster/settings", {"transient": {"indices.query.bool.max_clause_count": 1025}})
        assert searcher.search(query) == oracle(query, vectors, 10)
        node.ask("PUT", "/_cluster/settings", {"transient": {"indices.query.bool.max_clause_count": None}})
    node.ask("DELETE", "/terms-1")


def test_ten_thousand_hits_and_more_are_the_oracle_s(node: RunningNode) -> None:
    vectors = {f"{number * 7919 % 20011}": {"a": 1 + number % 3, "b": 1} for number in range(20_005)}
    address = load(node, "many", vectors, shards=3)
    query = {"a": 2, "b": 1}
    expected = oracle(query, vectors, 20_005)
    with OpenSearchImpactSearcher(address) as searcher:
        for k in (10_000, 10_001, 20_000, 20_005, 30_000):
            assert searcher.search(query, k) == expected[:k]
    node.ask("PUT", "/many-1/_settings", {"index": {"max_result_window": 500}})
    with OpenSearchImpactSearcher(address) as searcher:
        assert searcher.search(query, 500) == expected[:500]
        with pytest.raises(ClusterError, match=r"index\.max_result_window"):
            searcher.search(query, 501)
    node.ask("DELETE", "/many-1")


@pytest.mark.parametrize(
    ("query", "k", "said"),
    [
        ({"a": 0}, 1, "integer weight"),
        ({"a": 2**24}, 1, "integer weight"),
        ({"a b": 1}, 1, "white space"),
        ({"a": 1}, 0, "k"),
    ],
)
def test_a_query_that_would_not_be_exact_is_refused(node: RunningNode, query: Any, k: int, said: str) -> None:
    address = load(node, "wrong", {"d": {"a": 1}})
    with OpenSearchImpactSearcher(address) as searcher, pytest.raises(InputError, match=said):
        searcher.search(query, k)
    node.ask("DELETE", "/wrong-1")


def test_an_index_that_takes_the_place_of_another_is_searched_from_then_on(node: RunningNode) -> None:
    address = load(node, "swap", {"old": {"a": 1}})
    with OpenSearchImpactSearcher(address) as searcher:
        assert [hit.docid for hit in searcher.search({"a": 1})] == ["old"]
        load(node, "next", {"new": {"a": 2}, "newer": {"a": 1}})
        swap = [{"remove": {"index": "swap-1", "alias": "swap"}}, {"add": {"index": "next-1", "alias": "swap"}}]
        node.ask("POST", "/_aliases", {"actions": swap})
        assert [hit.docid for hit in searcher.search({"a": 1})] == ["old"], "an open searcher keeps to its index"
        node.ask("DELETE", "/swap-1")
        assert [hit.docid for hit in searcher.search({"a": 1})] == ["new", "newer"]
        assert searcher.documents == 2
        node.ask("DELETE", "/next-1")
        with pytest.raises(InputError, match="lexlip push"):
            searcher.search({"a": 1})


def test_what_others_loaded_and_what_is_not_there_is_refused(node: RunningNode) -> None:
    node.ask("PUT", "/others", {})
    with pytest.raises(SearchError, match=r"loaded by others, .* name an alias that `lexlip push` loaded"):
        OpenSearchImpactSearcher(f"{node.url}/others")
    node.ask("DELETE", "/others")
    with pytest.raises(InputError, match="no index of this name: load one with `lexlip push`"):
        OpenSearchImpactSearcher(f"{node.url}/nothing")
    load(node, "one", {}), load(node, "two", {})
    node.ask("POST", "/_aliases", {"actions": [{"add": {"index": "*-1", "alias": "both"}}]})
    with pytest.raises(SearchError, match="one-1, two-1"):
        OpenSearchImpactSearcher(ClusterAddress.of(f"{node.url}/both"))
    node.ask("DELETE", "/one-1,two-1")
    load(node, "later", {}, facts={"format": "999"})
    with pytest.raises(SearchError, match="another version"):
        OpenSearchImpactSearcher(f"{node.url}/later")
    node.ask("DELETE", "/later-1")

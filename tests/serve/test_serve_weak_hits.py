"""Weak hits: the rule, and what API and page say of it."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient
from support import served

from lexlip_lucene.search.explanation import Term
from lexlip_lucene.serve.app import create_app
from lexlip_lucene.serve.search_result import ExplainedHit
from lexlip_lucene.serve.weak_hits import weak_from


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    place = served.make(tmp_path_factory.mktemp("served"))
    with TestClient(create_app(place.opened()), base_url="http://127.0.0.1") as client:
        yield client


@pytest.mark.parametrize(
    ("scores", "rank"), [([], None), ([90], None), ([90, 45], None), ([90, 45, 44, 3], 3), ([2.0, 0.9], 2)]
)
def test_hits_are_weak_below_half_of_the_first_score(scores: list[float], rank: int | None) -> None:
    assert weak_from([ExplainedHit("", score, 1, [], {}) for score in scores]) == rank


@pytest.mark.parametrize(
    ("tokens", "rank"), [(["kid", "boy"], 3), (["boy", "kid"], 1), (["the", "kid"], 1), (["kid", "kid"], None)]
)
def test_hits_without_a_word_that_was_typed_are_weak(tokens: list[str], rank: int | None) -> None:
    terms = [[Term(token, 9, 9, 81), Term("the", 1, 1, 1)] for token in [tokens[0], "kid", tokens[1]]]
    hits = [ExplainedHit("", 90 - place, place, each, {}) for place, each in enumerate(terms)]
    assert weak_from(hits, ["boy"]) == rank
    assert weak_from(hits) is None, "no word was called for"


def test_the_api_says_from_which_rank_hits_are_weak(client: TestClient) -> None:
    found = client.get("/api/search", params={"query": "red circle dog", "k": 30}).json()
    scores = [hit["score"] for hit in found["hits"]]
    weak = found["weak_from"]
    assert weak is not None
    assert 2 * scores[weak - 1] < scores[0] <= 2 * scores[weak - 2]


def test_nothing_is_weak_in_a_fusion(client: TestClient) -> None:
    assert client.get("/api/search", params={"query": "red circle", "system": "fused"}).json()["weak_from"] is None


def test_the_page_has_a_line_before_the_first_weak_hit_and_no_other(client: TestClient) -> None:
    weak = client.get("/api/search", params={"query": "red circle dog", "k": 30}).json()["weak_from"]
    before, after = client.get("/results", params={"query": "red circle dog"}).text.split("Weaker matches")
    assert before.count('class="card"') == weak - 1 and after.count('class="card"') > 0
    assert "Weaker matches" not in client.get("/results", params={"query": "red", "k": 2}).text

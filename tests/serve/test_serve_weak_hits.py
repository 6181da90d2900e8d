"""Weak hits: the rule, and what API and page say of it."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient
from support import served

from lexlip_lucene.serve.app import create_app
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
    assert weak_from(scores) == rank


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

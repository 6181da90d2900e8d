"""The JSON API of `lexlip serve`, asked over HTTP."""

import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from httpx2 import Client
from PIL import Image
from support import served
from support.oracle import rank
from support.served import HOSTILE, Place, running

from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.records import Document
from lexlip_lucene.serve.app import create_app
from lexlip_lucene.serve.http.limits import Limits

DOCUMENTS = [Document(docid, caption, vector) for docid, (caption, _, vector) in served.documents().items()]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return served.make(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def client(place: Place) -> Iterator[Client]:
    with running(create_app(place.opened())) as address, Client(base_url=address) as client:
        yield client


def found(client: Client, **asked: Any) -> dict[str, Any]:
    answer = client.get("/api/search", params=asked)
    assert answer.status_code == 200, answer.text
    record: dict[str, Any] = answer.json()
    return record


def docids(record: dict[str, Any]) -> list[str]:
    return [hit["docid"] for hit in record["hits"]]


def test_words_find_what_an_exact_dot_product_finds(client: Client) -> None:
    record = found(client, query="a red circle", k=50)
    assert set(record["weights"]) == {"a", "red", "circle"}
    assert record["query"] == "a red circle" and record["system"] == "lexlip" and record["milliseconds"] >= 0
    expected = rank(record["weights"], DOCUMENTS, 50)
    assert [(hit["docid"], hit["score"], hit["rank"]) for hit in record["hits"]] == [tuple(hit) for hit in expected]
    assert record["hits"][0]["docid"] == "val/red-circle-0"
    assert record["hits"][0]["caption"] == "A red circle."


def test_the_terms_of_a_hit_add_up_to_its_score(client: Client) -> None:
    for hit in found(client, query="a red circle and a dog", k=50)["hits"]:
        assert sum(term["contribution"] for term in hit["terms"]) == hit["score"]
        assert all(term["contribution"] == term["query_weight"] * term["impact"] for term in hit["terms"])


def test_the_postings_are_those_of_the_querys_tokens(client: Client) -> None:
    record = found(client, query="red dog")
    assert record["postings"] == sum(bool({token} & set(d.vector)) for d in DOCUMENTS for token in ("red", "dog")) == 8
    assert record["documents"] == len(DOCUMENTS)


def test_a_word_after_a_minus_is_in_no_hit(client: Client) -> None:
    record = found(client, query="red circle -Square -star", k=50)
    assert record["excluded"] == ["square", "star"] and set(record["weights"]) == {"red", "circle"}
    assert docids(record) and not any("square" in docid or "star" in docid for docid in docids(record))


def test_a_minus_before_a_word_that_is_not_a_token_is_reported(client: Client) -> None:
    record = found(client, query="red -elephant −blue")
    assert record["unknown"] == ["elephant"] and record["excluded"] == ["blue"]


def test_excluded_tokens_are_taken_out_of_the_query_too(client: Client) -> None:
    record = found(client, query="red circle", exclude=["circle"], k=50)
    assert set(record["weights"]) == {"red"} and not any("circle" in docid for docid in docids(record))


def test_weights_are_laid_over_those_of_the_words(client: Client) -> None:
    plain = found(client, query="red circle")["weights"]
    record = found(client, query="red circle", weights="red:7 dog:300 circle:0")
    assert record["weights"] == {"dog": 300, "red": 7} and set(plain) == {"red", "circle"}


def test_weights_without_words_are_a_query(client: Client) -> None:
    record = found(client, weights="star:2", k=3)
    assert [(hit["docid"], hit["score"]) for hit in record["hits"]] == [
        ("val/blue-star-0", 300),
        ("val/green-star-0", 300),
        ("val/red-star-0", 300),
    ]


def test_the_last_weight_of_a_token_counts(client: Client) -> None:
    assert found(client, weights="a:b:3 red:5 red:2")["weights"] == {"a:b": 3, "red": 2}


def test_a_document_is_searched_by_its_own_vector(client: Client) -> None:
    record = found(client, like="test/dog", k=2)
    assert record["weights"] == {"dog": 200, "a": 4}
    assert docids(record) == ["test/dog", "val/two"] and record["hits"][0]["score"] == 200 * 200 + 4 * 4


def test_a_filter_lets_through_what_has_the_keyword(client: Client) -> None:
    assert set(docids(found(client, query="dog", filter=["split=test"]))) == {"test/dog"}
    assert set(docids(found(client, query="dog", filter=["split=test", "split=val"]))) == {"test/dog", "val/two"}


def test_bm25_and_fusion_are_answered_beside(client: Client) -> None:
    bm25 = found(client, query="dogs running", system="bm25")
    assert docids(bm25)[0] == "val/two" and bm25["weights"] == {"dog": 1, "run": 1}
    assert isinstance(bm25["hits"][0]["score"], float) and bm25["hits"][0]["terms"] == []
    fused = found(client, query="dog", system="fused")
    assert set(docids(fused)) == {"test/dog", "val/two"}
    ranks = {hit["docid"]: hit["ranks"] for hit in fused["hits"]}
    assert ranks["test/dog"] == {"lexlip": 1, "bm25": 1}
    assert fused["hits"][0]["score"] == pytest.approx(2 / 61)


def test_excluding_reaches_bm25(client: Client) -> None:
    assert docids(found(client, query="dog -cat", system="bm25")) == ["test/dog"]


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ({"query": "red", "k": 0}, 422, "k: "),
        ({"query": "red", "k": 1001}, 422, "k: "),
        ({"query": "red", "k": "many"}, 422, "k: "),
        ({"query": "x" * 1001}, 422, "query: "),
        ({"query": "red", "system": "google"}, 422, "system: "),
        ({"weights": "red"}, 422, "weights: "),
        ({"weights": "red:-1"}, 422, "weights: "),
        ({"weights": "red:99999999"}, 422, "weights: "),
        ({"weights": "red\u00a0dog:1"}, 422, "weights: "),
        ({"weights": "red:1  dog:1"}, 422, "weights: "),
        ({"weights": " ".join(f"t{number}:1" for number in range(513))}, 422, "at most 512"),
        ({"weights": "x" * 300 + ":1"}, 422, "longer than 255"),
        ({"query": "red", "exclude": ["a b"]}, 422, "exclude"),
        ({"query": "red", "exclude": ["a"] * 17}, 422, "exclude: "),
        ({"query": "red", "filter": ["split"]}, 422, "filter"),
        ({"query": "red", "filter": ["colour=red"]}, 404, "no keyword field 'colour'; it has split"),
        ({"query": "red", "filter": ["split=val"], "system": "bm25"}, 404, "the caption index has no keyword field"),
        ({"like": "nosuch"}, 404, "the index has no document 'nosuch'"),
    ],
)
def test_what_is_out_of_range_is_refused_with_a_reason(
    asked: dict[str, Any], status: int, said: str, client: Client
) -> None:
    answer = client.get("/api/search", params=asked)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"] and said in answer.json()["error"]


def test_an_explanation_adds_up_and_names_what_is_missing(client: Client) -> None:
    record = client.get("/api/explain", params={"query": "red circle dog", "docid": "val/red-circle-0"}).json()
    assert {term["token"] for term in record["terms"]} == {"red", "circle"}
    assert sum(term["contribution"] for term in record["terms"]) == record["score"]
    assert [missing["token"] for missing in record["missing"]] == ["dog"] and record["against"] is None


def test_two_documents_are_compared_by_differences_that_add_up(client: Client) -> None:
    asked = {"query": "red circle", "docid": "val/red-circle-0", "against": "val/red-star-0"}
    record = client.get("/api/explain", params=asked).json()
    against = record["against"]
    assert against["docid"] == "val/red-star-0"
    assert sum(term["difference"] for term in against["terms"]) == against["difference"]
    assert against["difference"] == record["score"] - against["score"] > 0


@pytest.mark.parametrize("asked", [{"docid": "no"}, {"docid": "test/dog", "against": "no"}])
def test_explaining_an_unknown_document_is_404(asked: dict[str, str], client: Client) -> None:
    answer = client.get("/api/explain", params={"query": "red", **asked})
    assert (answer.status_code, answer.json()["error"]) == (404, "the index has no document 'no'")


def test_a_text_is_encoded_as_a_query_is(client: Client) -> None:
    encoded = client.get("/api/encode", params={"text": "red circle"}).json()
    assert encoded["weights"] == found(client, query="red circle")["weights"]


def test_a_picture_is_encoded_as_its_file_is(client: Client, place: Place) -> None:
    from lexlip_lucene.encoders.model.lexlip import LexLip

    content = (place.images / "0.png").read_bytes()
    record = client.post("/api/encode", files={"image": ("é.png", content, "image/png")}).json()
    assert record["weights"] == LexLip.from_pretrained(place.model).encode_images([place.images / "0.png"])[0]


def test_a_document_gives_its_vector_captions_and_stored_fields(client: Client) -> None:
    record = client.get("/api/documents/test/dog").json()
    assert record == {
        "docid": "test/dog",
        "vector": {"dog": 200, "a": 4},
        "captions": ["A dog.", "Seen again."],
        "stored": {"id": "test/dog", "contents": "A dog."},
        "image": "/images/test%2Fdog",
    }


@pytest.mark.parametrize("docid", [*HOSTILE, "test/dog"])
def test_any_id_finds_its_document_and_its_picture(docid: str, client: Client, place: Place) -> None:
    at = quote(docid, safe="")
    record = client.get(f"/api/documents/{at}").json()
    assert record["docid"] == docid
    file = place.images / f"{list(served.documents()).index(docid)}.png"
    image = client.get(record["image"])
    assert image.content == file.read_bytes() and image.headers["content-type"] == "image/png"
    small = Image.open(BytesIO(client.get(f"/thumbnails/{at}").content))
    assert small.size == (96, 96)
    assert client.get(f"/clouds/{at}").text.startswith("<svg ")
    map_picture = Image.open(BytesIO(client.get(f"/patches/{at}", params={"token": "star"}).content))
    assert map_picture.size == (480, 480)


def test_an_unknown_document_is_404_everywhere(client: Client) -> None:
    for address in ("/api/documents/no", "/images/no", "/thumbnails/no", "/clouds/no", "/patches/no?token=red"):
        answer = client.get(address)
        assert (answer.status_code, list(answer.json())) == (404, ["error"]), address


def test_health_says_what_is_served(client: Client) -> None:
    while (health := client.get("/api/health").json())["check"]["state"] == "running":
        time.sleep(0.05)
    assert health == {
        "ok": True,
        "documents": len(DOCUMENTS),
        "tokens": 13,
        "images": len(DOCUMENTS),
        "systems": ["lexlip", "bm25", "fused"],
        "looks": False,
        "sent_looks": False,
        "keywords": {"split": ["hostile", "test", "val"]},
        "problem": None,
        "check": {"state": "ok", "error": None},
    }


def test_pyserinis_clients_are_answered_in_pyserinis_shape(client: Client) -> None:
    record = client.get("/v1/lexlip/search", params={"query": "dog", "hits": 1}).json()
    assert (record["api"], record["index"], record["query"]) == ("v1", "lexlip", {"text": "dog"})
    (candidate,) = record["candidates"]
    assert (candidate["docid"], candidate["rank"]) == ("test/dog", 1)
    assert candidate["doc"] == {"id": "test/dog", "contents": "A dog."}
    for body in ({"query": "dog", "hits": 1}, {"query": {"text": "dog"}, "hits": 1}):
        assert client.post("/v1/lexlip/search", json=body).json() == record
    text = client.get("/v1/bm25/search", params={"query": "dog", "hits": 1, "parse": "false"}).json()
    assert text["candidates"][0]["doc"] == '{"id":"test/dog","contents":"A dog."}'
    document = client.get("/v1/lexlip/doc/test%2Fdog").json()
    assert document == {
        "api": "v1",
        "index": "lexlip",
        "docid": "test/dog",
        "doc": {"id": "test/dog", "contents": "A dog."},
    }


@pytest.mark.parametrize("address", ["lexlip/search?query=dog&hits=0", "lexlip/search", "msmarco/search?query=dog"])
def test_pyserinis_shape_refuses_with_400(address: str, client: Client) -> None:
    answer = client.get(f"/v1/{address}")
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_what_is_committed_later_is_seen_without_a_restart(tmp_path: Path) -> None:
    place = served.make(tmp_path)
    opened = place.opened(Limits(refresh_seconds=0.05))
    with running(create_app(opened)) as address, Client(base_url=address) as client:
        assert found(client, like="test/dog")["documents"] == len(DOCUMENTS)
        (tmp_path / "more").mkdir()
        line = {"id": "new", "contents": "New.", "vector": {"dog": 255}, "split": "new"}
        (tmp_path / "more" / "a.jsonl").write_bytes(orjson.dumps(line))
        with ImpactIndex.open(place.index, store=["contents"], keywords=["split"]) as index:
            index.add_collection(tmp_path / "more")
        deadline = time.monotonic() + 60
        while docids(found(client, query="dog"))[0] != "new":
            assert time.monotonic() < deadline
        health = client.get("/api/health").json()
        while health["keywords"]["split"] == ["hostile", "test", "val"]:
            assert time.monotonic() < deadline
            health = client.get("/api/health").json()
        assert health["documents"] == len(DOCUMENTS) + 1 and "new" in health["keywords"]["split"]

"""The server with a patch store: hits re-ranked by patches, on the page and for a client."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from support import tiny
from support.noise_photos import noise_photos

from lexlip_lucene.cli.serve import open_served
from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.encode.encode import encode_images
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.query.late_query import LateQuery
from lexlip_lucene.errors import InputError
from lexlip_lucene.late.late_reranker import DEFAULT_MIX, LateReranker
from lexlip_lucene.late.patch_store import PatchStore
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.recipes.model_spec import LateSpec
from lexlip_lucene.records import Hit
from lexlip_lucene.serve.app import create_app

PICTURES = 12
SYSTEMS = ("lexlip", "late")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("serve late")
    tiny.lexlip(late=LateSpec(width=8)).save_pretrained(root / "model")
    tiny.lexlip(late=LateSpec(width=8), seed=1).save_pretrained(root / "other")
    noise_photos(root / "photos", PICTURES)
    model = LexLip.from_pretrained(root / "model")
    encode_images(model, read_captions(root / "photos"), root / "collection", patches=root / "patches")
    ImpactIndex.build(root / "collection", root / "index")
    return root


@pytest.fixture(scope="module")
def client(root: Path) -> Iterator[TestClient]:
    served = open_served(root / "index", root / "model", root / "photos", None, None, late=root / "patches")
    with TestClient(create_app(served), base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture(scope="module")
def plain(root: Path) -> Iterator[TestClient]:
    served = open_served(root / "index", root / "model", root / "photos", None, None)
    with TestClient(create_app(served), base_url="http://127.0.0.1") as client:
        yield client


def searched(client: TestClient, **parameters: str | int) -> list[Hit]:
    answer = client.get("/api/search", params={"query": "a red dog", **parameters})
    assert answer.status_code == 200, answer.text
    return [Hit(hit["docid"], hit["score"], hit["rank"]) for hit in answer.json()["hits"]]


def test_hits_by_patches_are_the_first_stage_s_re_ranked(root: Path, client: TestClient) -> None:
    store, query = PatchStore.open(root / "patches"), LateQuery(root / "model")
    expected = LateReranker(store, query, mix=DEFAULT_MIX).rerank("a red dog", searched(client, k=PICTURES))
    assert searched(client, k=PICTURES, system="late") == expected
    assert searched(client, k=3, system="late") == expected[:3]


def test_what_is_excluded_stays_out_and_hits_have_their_terms(client: TestClient) -> None:
    answer = client.get("/api/search", params={"query": "a red dog -cat", "system": "late"}).json()
    assert answer["excluded"] == ["cat"] and answer["weak_from"] is None
    assert all("cat" not in [term["token"] for term in hit["terms"]] for hit in answer["hits"])


def test_a_query_without_words_keeps_the_order_of_the_first_stage(client: TestClient) -> None:
    like = {"query": "", "like": "03.png"}
    ids = [[hit.docid for hit in searched(client, system=system, **like)] for system in ("lexlip", "late")]
    assert ids[0] == ids[1] and ids[0]
    answer = client.get("/api/search", params={**like, "system": "late"}).json()
    assert answer["late"] == "not re-ranked: no word of the query has a vector"
    page = client.get("/", params={**like, "system": "late"}).text
    assert "Nothing was compared by patches here, so the order is that of the words." in page


def test_what_was_re_ranked_is_said(client: TestClient) -> None:
    asked = {"query": "a red dog", "k": "3"}
    hits = len(searched(client, k=PICTURES))
    answers = {system: client.get("/api/search", params={**asked, "system": system}).json() for system in SYSTEMS}
    assert answers["late"]["late"] == f"re-ranked by patches: the first {hits} hits; the first score counts 0.45"
    assert answers["lexlip"]["late"] == ""
    assert "Nothing was compared" not in client.get("/", params={**asked, "system": "late"}).text


def test_health_and_page_offer_the_system_only_where_a_store_is_served(client: TestClient, plain: TestClient) -> None:
    assert client.get("/api/health").json()["systems"] == ["lexlip", "late"]
    assert plain.get("/api/health").json()["systems"] == ["lexlip"]
    page = client.get("/", params={"query": "a red dog", "system": "late"}).text
    assert "By patches" in page and 'aria-current="true"' in page
    assert "By patches" not in plain.get("/", params={"query": "a red dog"}).text
    refused = plain.get("/api/search", params={"query": "a red dog", "system": "late"})
    assert refused.status_code == 404 and "start with --late STORE" in refused.text


def test_the_pyserini_api_has_the_system_as_well(client: TestClient) -> None:
    answer = client.get("/v1/late/search", params={"query": "a red dog", "hits": 4}).json()
    assert [hit["docid"] for hit in answer["candidates"]] == [hit.docid for hit in searched(client, k=4, system="late")]


def test_a_store_of_another_model_is_refused_before_anything_is_served(root: Path) -> None:
    with pytest.raises(InputError, match="patches of the model"):
        open_served(root / "index", root / "other", None, None, None, late=root / "patches")

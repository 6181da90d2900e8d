"""Searching by looks over HTTP: `by` and `looks` of a document and of a picture that was sent."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Client
from PIL import Image
from support import served_looks
from support.oracle import rank
from support.served import running
from support.served_looks import COPY, KEEP, ORIGINAL, LookingPlace

from lexlip_lucene.pictures.sheet import SIDE
from lexlip_lucene.records import Document, Impacts
from lexlip_lucene.serve.app import create_app
from lexlip_lucene.serve.looks.query_picture import NO_VISUAL_WORDS, why_sent_has_no_looks
from lexlip_lucene.serve.query_model import QueryModel
from lexlip_lucene.serve.served import Served
from lexlip_lucene.words.visual_words import is_visual_word, parted


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> LookingPlace:
    return served_looks.make(tmp_path_factory.mktemp("looks"))


@pytest.fixture(scope="module")
def opened(place: LookingPlace) -> Served:
    return place.opened()


@pytest.fixture(scope="module")
def client(opened: Served) -> Iterator[Client]:
    with asking(opened) as client:
        yield client


@contextmanager
def asking(opened: Served) -> Iterator[Client]:
    """Serve `opened`; yield a client."""
    with running(create_app(opened)) as address, Client(base_url=address, timeout=60) as client:
        yield client


def found(client: Client, **asked: Any) -> dict[str, Any]:
    answer = client.get("/api/search", params=asked)
    assert answer.status_code == 200, answer.text
    record: dict[str, Any] = answer.json()
    return record


def refused(client: Client, status: int, **asked: Any) -> str:
    """Return what is said of a search that must be refused, by `/api/explain` as well."""
    answer = client.get("/api/search", params=asked)
    assert answer.status_code == status, answer.text
    said: str = answer.json()["error"]
    explained = client.get("/api/explain", params={**asked, "docid": ORIGINAL})
    assert (explained.status_code, explained.json()["error"]) == (status, said)
    return said


def sent(client: Client, file: Path) -> dict[str, Any]:
    answer = client.post("/api/pictures", files={"image": file.read_bytes()})
    assert answer.status_code == 200, answer.text
    kept: dict[str, Any] = answer.json()
    return kept


def share_of_looks(record: Mapping[str, Any], docid: str) -> float:
    """Return the share of visual words in the score of a hit."""
    hit = next(hit for hit in record["hits"] if hit["docid"] == docid)
    assert sum(term["contribution"] for term in hit["terms"]) == hit["score"]
    return sum(term["contribution"] for term in hit["terms"] if is_visual_word(term["token"])) / hit["score"]


def documents(opened: Served) -> list[Document]:
    return [
        Document(docid, "", opened.searching.vector(docid)) for docid in opened.files.paths if docid.endswith(".png")
    ]


def test_looks_of_a_document_find_what_an_exact_product_of_visual_words_finds(opened: Served, client: Client) -> None:
    record = found(client, like=ORIGINAL, by="looks", k=20)
    assert record["weights"] == parted(opened.searching.vector(ORIGINAL)).looks
    assert len(record["weights"]) == KEEP
    expected = rank(record["weights"], documents(opened), 20)
    assert [(hit["docid"], hit["score"]) for hit in record["hits"]] == [hit[:2] for hit in expected]
    assert [hit["docid"] for hit in record["hits"][:2]] == [ORIGINAL, COPY]
    assert share_of_looks(record, COPY) == 1


def test_words_of_a_document_are_those_seen_in_it_and_none_of_its_caption(opened: Served, client: Client) -> None:
    weights = found(client, like=ORIGINAL, by="words")["weights"]
    vector = opened.searching.vector(ORIGINAL)
    assert weights == {token: impact for token, impact in vector.items() if token in tiny_words(opened)}
    assert any(token.startswith("contents:") for token in vector)


def tiny_words(opened: Served) -> set[str]:
    return set(opened.searching.model.lexicon.tokens)


@pytest.mark.parametrize("asked", [{}, {"by": "both"}, {"looks": 0.5}, {"by": "both", "looks": 0.5}])
def test_words_and_looks_have_half_of_the_score_of_the_picture_itself_unless_it_is_said(
    asked: dict[str, Any], client: Client
) -> None:
    assert share_of_looks(found(client, like=ORIGINAL, **asked), ORIGINAL) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("looks", [0.0, 0.25, 0.8, 1.0])
def test_looks_are_the_share_of_visual_words_in_the_score_of_the_picture_itself(looks: float, client: Client) -> None:
    record = found(client, like=ORIGINAL, looks=looks)
    assert share_of_looks(record, ORIGINAL) == pytest.approx(looks, abs=0.01)
    if looks in (0, 1):
        assert record["weights"] == found(client, like=ORIGINAL, by="looks" if looks else "words")["weights"]


def test_weights_are_laid_over_words_and_visual_words(client: Client) -> None:
    word = next(iter(found(client, like=ORIGINAL, by="looks")["weights"]))
    weights = found(client, like=ORIGINAL, by="looks", weights=f"{word}:0 dog:9")["weights"]
    assert word not in weights and weights["dog"] == 9 and len(weights) == KEEP


@pytest.mark.parametrize("by", ["words", "looks"])
def test_a_share_beside_words_only_or_looks_only_contradicts_it(by: str, client: Client) -> None:
    assert f"by={by} leaves nothing to weigh" in refused(client, 422, like=ORIGINAL, by=by, looks=0.3)


@pytest.mark.parametrize("asked", [{"by": "looks"}, {"looks": 0.3}, {"query": "dog", "by": "words"}])
def test_a_share_of_looks_without_a_picture_is_refused(asked: dict[str, Any], client: Client) -> None:
    assert "belong to a picture to search by" in refused(client, 422, **asked)


@pytest.mark.parametrize("asked", [{"by": "sight"}, {"looks": -0.1}, {"looks": 1.1}, {"looks": "nan"}])
def test_a_share_out_of_range_is_refused(asked: dict[str, Any], client: Client) -> None:
    name = next(iter(asked))
    assert refused(client, 422, like=ORIGINAL, **asked).startswith(f"{name}")


def test_an_explanation_has_visual_words_and_adds_up(client: Client) -> None:
    asked = {"like": ORIGINAL, "looks": 0.7, "docid": COPY, "against": "05.png"}
    record = client.get("/api/explain", params=asked).json()
    assert sum(term["contribution"] for term in record["terms"]) == record["score"]
    hit = next(hit for hit in found(client, like=ORIGINAL, looks=0.7)["hits"] if hit["docid"] == COPY)
    assert (hit["score"], hit["terms"]) == (record["score"], record["terms"])
    assert sum(term["difference"] for term in record["against"]["terms"]) == record["against"]["difference"]
    assert {is_visual_word(term["token"]) for term in record["terms"]} == {True, False}


def test_a_picture_that_is_sent_is_encoded_once_for_every_share(
    place: LookingPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = place.opened()
    encoded: list[bool] = []
    encode = QueryModel.picture

    def counted(self: QueryModel, picture: Any, *, looks: bool = False) -> Any:
        encoded.append(looks)
        return encode(self, picture, looks=looks)

    monkeypatch.setattr(QueryModel, "picture", counted)
    with asking(opened) as client:
        kept = sent(client, place.images / ORIGINAL)
        assert kept["looks"] == parted(opened.searching.vector(ORIGINAL)).looks
        for asked in ({"by": "words"}, {"by": "looks"}, {}, {"looks": 0.3}):
            record = found(client, picture=kept["picture"], **asked)
            assert record["weights"] == found(client, like=ORIGINAL, **asked)["weights"]
        assert share_of_looks(found(client, picture=kept["picture"], looks=0.3), ORIGINAL) == pytest.approx(
            0.3, abs=0.01
        )
        assert encoded == [True]
        health = client.get("/api/health").json()
        assert health["looks"] is True and health["sent_looks"] is True


@pytest.mark.parametrize("kind", ["no", "other"])
def test_a_model_without_the_index_s_visual_words_searches_sent_pictures_by_words_only(
    kind: str, place: LookingPlace
) -> None:
    folder = place.model_of_words if kind == "no" else place.model_of_other_looks
    with asking(place.opened(model=folder)) as client:
        kept = sent(client, place.images / ORIGINAL)
        words = found(client, picture=kept["picture"])["weights"]
        assert words == kept["weights"] == found(client, like=ORIGINAL, by="words")["weights"] and kept["looks"] == {}
        for asked in ({"by": "looks"}, {"by": "both"}, {"looks": 0.1}):
            said = refused(client, 404, picture=kept["picture"], **asked)
            assert f"the served model has {kind} visual words" in said and "by=words" in said
        assert share_of_looks(found(client, like=ORIGINAL, by="looks"), COPY) == 1
        health = client.get("/api/health").json()
        assert health["looks"] is True and health["sent_looks"] is False


@pytest.mark.parametrize("by", ["looks", "both"])
def test_an_index_without_visual_words_says_how_to_get_them(by: str, place: LookingPlace) -> None:
    with asking(place.opened(index=place.index_of_words)) as client:
        kept = sent(client, place.images / ORIGINAL)
        assert kept["looks"] == {}
        for picture in ({"like": ORIGINAL}, {"picture": kept["picture"]}):
            assert refused(client, 404, by=by, **picture) == NO_VISUAL_WORDS
            assert found(client, **picture)["hits"] == found(client, by="words", **picture)["hits"] != []
        assert "lexlip train-visual" in NO_VISUAL_WORDS
        assert client.get("/api/health").json()["looks"] is False


def test_a_picture_that_was_sent_before_the_index_had_these_visual_words_is_to_be_sent_again() -> None:
    assert why_sent_has_no_looks("a", "a", "a") == ""
    assert why_sent_has_no_looks(None, "a", None) == NO_VISUAL_WORDS
    assert "send it again" in why_sent_has_no_looks("a", "a", None)
    assert "send it again" in why_sent_has_no_looks("a", "a", "b")
    assert "other visual words" in why_sent_has_no_looks("a", "b", "b")
    assert "no visual words" in why_sent_has_no_looks("a", None, None)


@pytest.mark.parametrize("by", ["words", "looks"])
def test_bm25_gets_the_words_of_a_vector_and_no_visual_word(by: str, opened: Served, client: Client) -> None:
    record = found(client, like=ORIGINAL, by=by, system="bm25")
    words: Impacts = record["weights"]
    assert not any("v0" in word for word in words)
    assert bool(words) == (by == "words") and bool(record["hits"]) == bool({"red", "dog"} & set(words))
    fused = found(client, like=ORIGINAL, by="looks", system="fused")
    assert fused["hits"][0]["docid"] == ORIGINAL and fused["hits"][0]["ranks"] == {"lexlip": 1}


def test_matched_places_are_drawn_of_a_document_and_of_a_sent_picture(place: LookingPlace, client: Client) -> None:
    kept = sent(client, place.images / ORIGINAL)
    for picture in ({"like": ORIGINAL}, {"picture": kept["picture"]}):
        answer = client.get(f"/matches/{COPY}", params=picture)
        assert answer.status_code == 200 and "Lexlip-Place" not in answer.headers
        assert Image.open(BytesIO(answer.content)).width > 2 * SIDE


def test_matched_places_need_a_picture_and_the_model_of_the_visual_words(place: LookingPlace, client: Client) -> None:
    for asked, said in (
        ({}, "give like=ID"),
        ({"like": "gone"}, "no document"),
        ({"picture": "gone"}, "no longer kept"),
    ):
        answer = client.get(f"/matches/{COPY}", params=asked)
        assert answer.status_code == 404 and said in answer.text
    assert client.get("/matches/gone", params={"like": ORIGINAL}).status_code == 404
    with asking(place.opened(model=place.model_of_other_looks)) as other:
        answer = other.get(f"/matches/{COPY}", params={"like": ORIGINAL})
        assert answer.status_code == 404 and "model that made the visual words" in answer.text

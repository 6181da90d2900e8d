"""Pictures that were sent to search by: kept under a short id, bounded, and forgotten with a word."""

import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from starlette.testclient import TestClient
from support import served
from support.served import Place

from lexlip_lucene.serve.app import create_app
from lexlip_lucene.serve.http.limits import Limits
from lexlip_lucene.serve.map_picture import MapPicture
from lexlip_lucene.serve.sent_pictures import Forgotten, SentPicture, SentPictures
from lexlip_lucene.serve.served import Served
from lexlip_lucene.serve.thumbnails import SIDE, Thumbnail
from lexlip_lucene.vectors.picture_vector import PictureVector

NOTHING_SEEN = PictureVector({}, {})


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return served.make(tmp_path_factory.mktemp("served"))


@pytest.fixture
def opened(place: Place) -> Served:
    return place.opened(Limits(seconds=60))


@pytest.fixture
def client(opened: Served) -> Iterator[TestClient]:
    with TestClient(create_app(opened), base_url="http://127.0.0.1") as client:
        yield client


def sent(client: TestClient, file: Path | bytes) -> dict[str, object]:
    content = file if isinstance(file, bytes) else file.read_bytes()
    answer = client.post("/api/pictures", files={"image": content})
    assert answer.status_code == 200, answer.text
    kept: dict[str, object] = answer.json()
    return kept


def test_a_picture_is_searched_by_under_its_id_and_shown_small(client: TestClient, place: Place) -> None:
    file = BytesIO()
    Image.open(place.images / "0.png").resize((1600, 1200)).save(file, "PNG")
    kept = sent(client, file.getvalue())
    assert kept["weights"] == client.post("/api/encode", files={"image": file.getvalue()}).json()["weights"]
    found = client.get("/api/search", params={"picture": kept["picture"]}).json()
    written = " ".join(f"{token}:{weight}" for token, weight in kept["weights"].items())  # type: ignore[attr-defined]
    assert found["weights"] == kept["weights"]
    assert found["hits"] == client.get("/api/search", params={"weights": written}).json()["hits"] != []
    shown = client.get(f"/pictures/{kept['picture']}")
    assert shown.headers["content-type"] == "image/jpeg"
    assert Image.open(BytesIO(shown.content)).size == (SIDE, SIDE * 3 // 4)


def test_words_and_documents_come_before_a_picture_and_weights_are_laid_over_it(
    client: TestClient, place: Place
) -> None:
    kept = sent(client, place.images / "0.png")
    for more in ({"query": "dog"}, {"like": "test/dog"}):
        both = client.get("/api/search", params={"picture": kept["picture"], **more}).json()
        assert both["weights"] == client.get("/api/search", params=more).json()["weights"]
    edited = client.get("/api/search", params={"picture": kept["picture"], "weights": "dog:777"}).json()
    assert edited["weights"] == {"dog": 777} | {**kept["weights"], "dog": 777}  # type: ignore[dict-item]


@pytest.mark.parametrize("address", ["/api/search?picture=gone", "/pictures/gone", "/?picture=gone"])
def test_a_picture_that_is_not_kept_is_said_to_be_gone(address: str, client: TestClient) -> None:
    answer = client.get(address)
    assert answer.status_code == 404 and "no longer kept" in answer.text


def test_an_address_that_is_left_alone_is_that_of_the_page_whose_picture_is_gone(client: TestClient) -> None:
    page = client.get("/?picture=gone&filter=split%3Dval").text
    assert "Choose a picture" in page and "That did not work" not in page
    assert client.get("/?picture=gone&query=red").status_code == 200  # words need no picture


@given(st.lists(st.integers(0, 30), max_size=40))
def test_the_last_pictures_are_kept_within_their_number_and_bytes(sizes: list[int]) -> None:
    pictures = SentPictures(most=4, most_bytes=40)
    ids = [pictures.keep(SentPicture(Thumbnail(bytes(size), "image/jpeg"), NOTHING_SEEN)) for size in sizes]
    assert len(set(ids)) == len(ids)
    kept = [id for id in ids if is_kept(pictures, id)]
    assert kept == ids[len(ids) - len(kept) :] and len(kept) <= 4
    assert sum(len(pictures.of(id).small.content) for id in kept) <= 40
    counted = [max(10, size) for size in sizes[::-1]]
    assert len(kept) == sum(sum(counted[: place + 1]) <= 40 for place in range(len(counted)))


def is_kept(pictures: SentPictures, id: str) -> bool:
    try:
        pictures.of(id)
    except Forgotten:
        return False
    return True


def test_a_picture_that_is_asked_for_stays() -> None:
    pictures = SentPictures(most=2, most_bytes=20)
    first, second = (pictures.keep(SentPicture(Thumbnail(b"", "image/jpeg"), NOTHING_SEEN)) for _ in range(2))
    pictures.of(first)
    pictures.keep(SentPicture(Thumbnail(b"", "image/jpeg"), NOTHING_SEEN))
    assert is_kept(pictures, first) and not is_kept(pictures, second)


@pytest.mark.parametrize("how", ["picture", "map"])
def test_loading_the_model_does_not_count_against_the_time_of_an_answer(
    how: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = place.opened(Limits(seconds=0.5))
    model = opened.searching.model
    loaded = threading.Event()
    monkeypatch.setattr(type(model), "images_loaded", property(lambda _: loaded.is_set()))

    def load_longer_than_an_answer_takes() -> None:
        assert not loaded.wait(1.5)
        loaded.set()

    monkeypatch.setattr(model, "load_images", load_longer_than_an_answer_takes)
    seen = PictureVector({"red": 1}, {})
    monkeypatch.setattr(model, "picture", lambda picture, looks: seen if loaded.is_set() else NOTHING_SEEN)
    monkeypatch.setattr("lexlip_lucene.serve.map_picture.map_picture", lambda *asked: MapPicture(b"", True))
    with TestClient(create_app(opened), base_url="http://127.0.0.1") as client:
        if how == "picture":
            assert sent(client, place.images / "0.png")["weights"] == {"red": 1}
        else:
            answer = client.get("/patches/test%2Fdog", params={"token": "dog"})
            assert answer.status_code == 200 and loaded.is_set()


def test_a_model_that_can_t_be_loaded_in_time_is_said_and_asked_for_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = place.opened(Limits(loading_seconds=0.1))
    monkeypatch.setattr(type(opened.searching.model), "images_loaded", property(lambda _: False))
    release = threading.Event()
    monkeypatch.setattr(opened.searching.model, "load_images", release.wait)
    with TestClient(create_app(opened), base_url="http://127.0.0.1") as client:
        answer = client.post("/api/pictures", files={"image": b"x"})
        assert (answer.status_code, "not done after 0.1 s" in answer.text) == (504, True)
        release.set()
        assert client.post("/api/pictures", files={"image": b"x"}).status_code == 415

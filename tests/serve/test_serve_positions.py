"""Places of words without the model that saw the picture: those that the index stores."""

from collections.abc import Iterator
from io import BytesIO

import orjson
import pytest
from PIL import Image, ImageChops
from starlette.testclient import TestClient
from support import served
from support.served import Place

from lexlip_lucene.cli.serve import open_served
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.query.onnx_export import export_query
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.serve.app import create_app
from lexlip_lucene.vectors.patch_map import Grid
from lexlip_lucene.vectors.positions import format_positions


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return served.make(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def client(place: Place) -> Iterator[TestClient]:
    export_query(LexLip.from_pretrained(place.model), place.root / "exported")
    (place.root / "placed").mkdir()
    with (place.root / "placed" / "a.jsonl").open("wb") as lines:
        for docid, (caption, _, vector) in served.documents().items():
            positions = format_positions(Grid(2, 2), vector, {"red": 3, "circle": 0})
            line = {"id": docid, "contents": caption, "vector": vector, "positions": positions}
            lines.write(orjson.dumps(line) + b"\n")
    index = place.root / "placed index"
    ImpactIndex.build(place.root / "placed", index, store=["positions"])
    opened = open_served(index, place.root / "exported", place.images, place.captions, None)
    with TestClient(create_app(opened), base_url="http://127.0.0.1") as client:
        yield client


def map_of(client: TestClient, token: str) -> Image.Image:
    answer = client.get("/patches/val%2Fred-circle-0", params={"token": token})
    assert answer.status_code == 200, answer.text
    return Image.open(BytesIO(answer.content))


def test_the_stored_place_is_framed(client: TestClient) -> None:
    plain = map_of(client, "a")
    assert plain.size == (480, 480)
    for token, box in (("red", (240, 240, 480, 480)), ("circle", (0, 0, 240, 240))):
        changed = ImageChops.difference(plain, map_of(client, token)).point(lambda level: 255 * (level > 60))
        assert changed.getbbox() == pytest.approx(box, abs=8)  # a frame of 6 pixels, blurred by JPEG


def test_the_answer_says_if_a_token_has_no_place(client: TestClient) -> None:
    for token, said in (("red", None), ("a", "none")):
        answer = client.get("/patches/val%2Fred-circle-0", params={"token": token})
        assert answer.headers.get("Lexlip-Place") == said


def test_an_exported_query_side_searches_and_refuses_pictures_with_its_reason(client: TestClient, place: Place) -> None:
    assert client.get("/api/search", params={"query": "red"}).json()["hits"][0]["docid"] == "val/red-circle-0"
    answer = client.post("/api/encode", files={"image": (place.images / "0.png").read_bytes()})
    assert (answer.status_code, "exported query side" in answer.json()["error"]) == (422, True)


def test_places_are_no_metadata_to_a_reader(client: TestClient) -> None:
    page = client.get("/hit", params={"query": "red", "hit": "val/red-circle-0"}).text
    assert "<dt>positions" not in page

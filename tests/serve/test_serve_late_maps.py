"""The late map of a token on the page and for a client, beside the map of max pooling."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from playwright.sync_api import Browser, expect
from support import tiny
from support.browser import opened
from support.noise_photos import noise_photos
from support.search_page import at
from support.served import running

from lexlip_lucene.cli.serve import open_served
from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.encode.encode import encode_images
from lexlip_lucene.encoders.explain.late_maps import late_maps
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.pictures.patch_picture import patch_overlay
from lexlip_lucene.recipes.model_spec import LateSpec
from lexlip_lucene.serve.app import create_app
from lexlip_lucene.serve.served import Served

DOCID = "03.png"
POINTED_AT = "/?query=a+red+dog&hit=03.png"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("late maps")
    noise_photos(root / "photos", 6)
    for name, pooled in (("places", False), ("pooled", True)):
        tiny.lexlip(late=LateSpec(width=8, pooled=pooled)).save_pretrained(root / name / "model")
        model = LexLip.from_pretrained(root / name / "model")
        patches = root / name / "patches"
        encode_images(model, read_captions(root / "photos"), root / name / "collection", patches=patches)
        ImpactIndex.build(root / name / "collection", root / name / "index")
    return root


def served(root: Path, name: str, *, late: bool = True) -> Served:
    place = root / name
    store = place / "patches" if late else None
    return open_served(place / "index", place / "model", root / "photos", None, None, late=store)


@pytest.fixture(scope="module")
def client(root: Path) -> Iterator[TestClient]:
    with TestClient(create_app(served(root, "places")), base_url="http://127.0.0.1") as client:
        yield client


def test_a_client_gets_the_late_map_of_a_token_where_it_asks(root: Path, client: TestClient) -> None:
    pictures = {}
    for late in ("false", "true"):
        answer = client.get(f"/patches/{DOCID}", params={"token": "dog", "late": late})
        assert answer.status_code == 200 and answer.headers["content-type"] == "image/jpeg"
        pictures[late] = answer.content
    assert pictures["false"] == client.get(f"/patches/{DOCID}", params={"token": "dog"}).content != pictures["true"]
    seen = Image.open(root / "photos" / DOCID)
    large = seen.convert("RGB").resize((480, 360), Image.Resampling.BICUBIC)
    model = LexLip.from_pretrained(root / "places" / "model")
    for text in ("", "a red dog"):
        (expected,) = late_maps(model, seen, ["dog"], texts=[text])
        patch_overlay(large, expected).save(file := BytesIO(), "JPEG", quality=88)
        answer = client.get(f"/patches/{DOCID}", params={"token": "dog", "late": True, "text": text})
        assert answer.content == file.getvalue()


def test_a_token_that_has_no_late_map_is_refused(client: TestClient) -> None:
    answer = client.get(f"/patches/{DOCID}", params={"token": "zebra", "late": True})
    assert answer.status_code == 422 and "'zebra'" in answer.json()["error"]


@pytest.mark.parametrize(("name", "late"), [("places", False), ("pooled", True)])
def test_a_server_without_patches_of_places_refuses_late_maps_and_offers_none(
    root: Path, name: str, late: bool
) -> None:
    with TestClient(create_app(served(root, name, late=late)), base_url="http://127.0.0.1") as client:
        answer = client.get(f"/patches/{DOCID}", params={"token": "dog", "late": True})
        assert answer.status_code == 404 and "start with --late STORE" in answer.json()["error"]
        assert client.get(f"/patches/{DOCID}", params={"token": "dog"}).status_code == 200
        assert "late=true" not in client.get(POINTED_AT).text and "seen-late" not in client.get(POINTED_AT).text


def test_a_word_that_is_pointed_at_has_both_maps_side_by_side(root: Path, browser: Browser) -> None:
    with running(create_app(served(root, "places"))) as address, opened(browser, address) as page:
        at(page, POINTED_AT)
        dialog = page.get_by_role("dialog")
        seen, late = dialog.locator("#seen"), dialog.locator("#seen-late")
        below = dialog.locator("#map-said")
        expect(late).to_be_hidden()
        before = below.bounding_box()
        word = dialog.locator("table").first.locator("a.map").first
        token = word.get_attribute("data-token")
        word.hover()
        expect(seen).to_have_attribute("src", f"/patches/{DOCID}?token={token}")
        expect(late).to_have_attribute("src", f"/patches/{DOCID}?token={token}&late=true&text=a%20red%20dog")
        expect(late).to_be_visible()
        for image in (seen, late):
            assert image.evaluate("each => each.decode().then(() => each.naturalWidth)") == 480
        left, right = seen.bounding_box(), late.bounding_box()
        assert left and right and left["x"] + left["width"] <= right["x"]
        assert (left["y"], left["width"], left["height"]) == (right["y"], right["width"], right["height"])
        expect(below).to_have_text(f"Where “{token}” is, framed where most: left by weight, right by patches.")
        assert below.bounding_box() == before
        page.mouse.move(0, 0)
        expect(late).to_be_hidden()
        expect(seen).to_have_attribute("src", f"/images/{DOCID}")


def test_without_javascript_late_maps_are_links(client: TestClient) -> None:
    assert f'/patches/{DOCID}?token=dog&amp;late=true&amp;text=a%20red%20dog">by patches</a>' in client.get(
        POINTED_AT
    ).text.replace("%2E", ".")

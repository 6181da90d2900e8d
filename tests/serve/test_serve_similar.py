"""`/similar`: the groups of pictures that look alike, kept until the index changes, linked if there are looks."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from support.cli_run import done
from support.photo_folder import photo, photo_folder, tiny_model

from lexlip_lucene.cli.serve import open_served
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.serve.app import create_app
from lexlip_lucene.serve.looks import similar_pictures
from lexlip_lucene.serve.served import Served

BASE = "http://127.0.0.1"
HOSTILE = "<b>copy & é.png"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("model") / "model")


def served_of(photos: Path, model: Path, *options: object) -> Served:
    record = done("photos", photos, "--no-serve", "--model", model, *options)
    return open_served(Path(record["index"]), Path(record.get("model", model)), photos, None, None)


@pytest.fixture(scope="module")
def opened(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Served:
    photos = photo_folder(tmp_path_factory.mktemp("photos") / "photos", 5)
    shutil.copyfile(photos / "0.png", photos / HOSTILE)
    photo(photos / "0 larger.bmp", 0)
    return served_of(photos, model, "--looks")


@pytest.fixture(scope="module")
def client(opened: Served) -> Iterator[TestClient]:
    with TestClient(create_app(opened), base_url=BASE) as client:
        yield client


def test_pictures_that_look_alike_are_shown_with_the_sizes_of_their_files(client: TestClient, opened: Served) -> None:
    answer = client.get("/similar", params={"above": 0.9})
    assert answer.status_code == 200
    assert "&lt;b&gt;copy &amp; é.png" in answer.text and "<b>copy" not in answer.text
    assert f"40 × 30, {opened.files.paths['0.png'].stat().st_size} bytes" in answer.text and "3.7 kB" in answer.text
    for name in ("0.png", "0%20larger.bmp", "%3Cb%3Ecopy%20%26%20%C3%A9.png"):
        assert f'src="/thumbnails/{name}"' in answer.text
    assert "<script" not in answer.text and "style=" not in answer.text


def test_a_picture_of_a_group_is_opened_by_its_link(client: TestClient) -> None:
    links = re.findall(r'href="(/\?hit=[^"]*)"', client.get("/similar", params={"above": 0.9}).text)
    assert len(links) >= 3
    assert all(client.get(link.replace("&amp;", "&")).status_code == 200 for link in links)


def test_the_groups_are_found_once_until_the_index_changes(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = photo_folder(tmp_path / "photos", 3)
    shutil.copyfile(photos / "0.png", photos / "copy.png")
    opened = served_of(photos, model, "--looks")
    found = similar_pictures.near_duplicates
    asked: list[float] = []
    monkeypatch.setattr(
        similar_pictures, "near_duplicates", lambda images, above: asked.append(above) or found(images, above)
    )
    with TestClient(create_app(opened), base_url=BASE) as client:
        assert "copy.png" in client.get("/similar?above=0.9").text
        assert "copy.png" in client.get("/similar?above=0.9").text
        client.get("/similar?above=0.7")
        assert asked == [0.9, 0.7]
        with ImpactIndex.open(tmp_path / "photos.lexlip" / "index") as index:
            index.delete(["copy.png"])
        opened.refresh()
        assert "copy.png" not in client.get("/similar?above=0.9").text
        assert asked == [0.9, 0.7, 0.9]


def test_only_a_few_similarities_can_be_asked_for(client: TestClient) -> None:
    for above in ("0.123", "2", "nan", "x"):
        answer = client.get("/similar", params={"above": above})
        assert answer.status_code == 422 and "above" in answer.json()["error"]


def test_the_page_links_to_similar_pictures_if_the_index_has_looks(
    client: TestClient, model: Path, tmp_path: Path
) -> None:
    assert 'href="/similar"' in client.get("/").text
    plain = served_of(photo_folder(tmp_path / "photos", 3), model)
    with TestClient(create_app(plain), base_url=BASE) as without:
        assert "/similar" not in without.get("/").text
        answer = without.get("/similar")
        assert answer.status_code == 404 and "no visual words" in answer.json()["error"]

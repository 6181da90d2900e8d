"""`lexlip photos --query`, the metadata that narrows it, and the page."""

import os
import signal
import subprocess
import sys
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from PIL import ExifTags, Image
from support import tiny
from support.cli_run import done, lexlip
from support.photo_folder import lines_of, photo

from lexlip_lucene.photos.metadata import words_of

TAKEN = "2019:08:03 10:20:30"


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Index a folder of photos with and without a date, a camera, and folders above them."""
    root = tmp_path_factory.mktemp("queries")
    tiny.lexlip().save_pretrained(root / "model")
    photos = root / "photos"
    taken = datetime(2023, 5, 6, 12).timestamp()
    for number, name in enumerate(("top.png", "Alps/2023/my-dog_1.jpg", "Alps/hut.jpg")):
        photo(photos / name, number)
        os.utime(photos / name, (taken, taken))
    photo(photos / "camera.jpg", 3, exif=exif(TAKEN, "Canon", "Canon EOS 80D"))
    phone = exif("0000:00:00 00:00:00", "Apple\0", "iPhone 12")
    phone[ExifTags.Base.ImageDescription] = "Before the ascent"
    photo(
        photos / "phone.jpg",
        4,
        exif=phone,
        xmp=b'<rdf:Description photoshop:Country="Schweiz" photoshop:City="Zermatt">',
    )
    os.utime(photos / "phone.jpg", (taken, taken))
    done("photos", photos, "--no-serve", "--model", root / "model")
    return photos


def exif(taken: str, make: str, model: str) -> Image.Exif:
    tags = Image.Exif()
    tags[ExifTags.Base.Make], tags[ExifTags.Base.Model] = make, model
    tags.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = taken
    return tags


def metadata(photos: Path) -> dict[str, dict[str, Any]]:
    lines = lines_of(photos.with_name("photos.lexlip") / "collection")
    return {id: {key: line[key] for key in line.keys() - {"id", "contents", "vector"}} for id, line in lines.items()}


def test_metadata_are_the_folders_the_date_and_the_camera(photos: Path) -> None:
    dated = {"date": "2023-05-06T12:00:00", "year": "2023", "month": "2023-05"}
    assert metadata(photos) == {
        "top.png": {"words": "top", **dated},
        "Alps/hut.jpg": {"words": "Alps hut", "folder": ["Alps"], **dated},
        "Alps/2023/my-dog_1.jpg": {"words": "Alps 2023 my dog", "folder": ["Alps", "Alps/2023"], **dated},
        "phone.jpg": {
            "words": "phone",
            "camera": "Apple iPhone 12",
            "place": ["Schweiz", "Zermatt"],
            "description": "Before the ascent",
            **dated,
        },
        "camera.jpg": {
            "words": "camera",
            "camera": "Canon EOS 80D",
            "date": "2019-08-03T10:20:30",
            "year": "2019",
            "month": "2019-08",
        },
    }


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ([], {"top.png", "Alps/2023/my-dog_1.jpg", "Alps/hut.jpg", "camera.jpg", "phone.jpg"}),
        (["folder=Alps"], {"Alps/2023/my-dog_1.jpg", "Alps/hut.jpg"}),
        (["folder=Alps/2023"], {"Alps/2023/my-dog_1.jpg"}),
        (["year=2019"], {"camera.jpg"}),
        (["month=2023-05", "folder=Alps"], {"Alps/2023/my-dog_1.jpg", "Alps/hut.jpg"}),
        (["place=Zermatt"], {"phone.jpg"}),
        (["camera=Canon EOS 80D", "camera=Apple iPhone 12"], {"camera.jpg", "phone.jpg"}),
    ],
)
def test_a_query_is_answered_here_and_narrowed_by_metadata(photos: Path, filters: list[str], found: set[str]) -> None:
    options = [part for each in filters for part in ("--filter", each)]
    query = " ".join(tiny.WORDS)
    record = done("photos", photos, "--query", query, *options)
    assert {hit["docid"] for hit in record["hits"]} == found
    assert record["unknown"] == []
    model = photos.with_name("model")
    assert record["hits"] == done("search", record["index"], "--query", query, "--model", model, *options)["hits"]


@pytest.mark.parametrize(
    ("query", "found", "unknown"),
    [
        ("Hut", ["Alps/hut.jpg"], []),
        ("the alps", ["Alps/2023/my-dog_1.jpg", "Alps/hut.jpg"], []),
        ("2019", ["camera.jpg"], []),
        ("zermatt", ["phone.jpg"], []),
        ("an ascent", ["phone.jpg"], []),
        ("hut giraffe", ["Alps/hut.jpg"], ["giraffe"]),
        ("alps -huts", ["Alps/2023/my-dog_1.jpg"], []),
        ("1", [], ["1"]),
    ],
)
def test_words_of_names_and_years_find_a_photo(photos: Path, query: str, found: list[str], unknown: list[str]) -> None:
    record = done("photos", photos, "--query", query)
    assert sorted(hit["docid"] for hit in record["hits"]) == found
    assert record["unknown"] == unknown


def test_a_name_adds_to_what_is_seen_and_explain_says_so(photos: Path) -> None:
    index, docid = photos.with_name("photos.lexlip") / "index", "Alps/2023/my-dog_1.jpg"
    asked = ("--query", "a red dog of 2023", "--model", photos.with_name("model"))
    record = done("explain", index, *asked, "--docid", docid)
    said = {"words:dog": "the file name says: dog", "words:2023": "the file name says: 2023"}
    assert record["captions"] == said | {"year:2023": "the date says: 2023"}
    added = {term["token"]: term["contribution"] for term in record["terms"]}
    assert added.keys() >= record["captions"].keys() and sum(added.values()) == record["score"]
    [hit] = [hit for hit in done("search", index, *asked)["hits"] if hit["docid"] == docid]
    assert hit["score"] == record["score"]
    out = lexlip("explain", index, *asked, "--docid", docid).out
    assert "words:dog  (the file name says: dog)" in out


@pytest.mark.parametrize(
    ("id", "words"),
    [
        ("2023/alps/hut-1.jpg", "2023 alps hut"),
        ("trip route66/b52, 3rd pier 2.jpg", "trip route66 b52 3rd pier"),
        ("DCIM/100CANON/IMG_2019.JPG", ""),
        ("DSC0001.jpg", ""),
        ("_DSC1234.jpg", ""),
        ("PXL_20230714_093000123.MP.jpg", ""),
        ("IMG-20230714-WA0003.jpg", ""),
        ("P1010023.JPG", ""),
        ("IMG_20230714_093000_birthday.jpg", "birthday"),
        ("2023-07-14 09.30.00.jpg", "2023"),
        ("1022454332_6af2c1449a.jpg", ""),
        ("Screenshot_2021-01-01.png", "Screenshot 2021"),
        ("ünïcode_äpfel.jpg", "ünïcode äpfel"),
    ],
)
def test_the_words_of_a_name_are_those_that_a_person_gave(id: str, words: str) -> None:
    assert " ".join(words_of(id)) == words


def test_a_folder_of_names_that_cameras_gave_is_searched_by_what_is_seen(tmp_path: Path) -> None:
    tiny.lexlip().save_pretrained(tmp_path / "model")
    for number in range(2):
        photo(tmp_path / "photos" / f"IMG_000{number}.jpg", number)
    record = done("photos", tmp_path / "photos", "--model", tmp_path / "model", "--query", "img dog cat")
    assert record["unknown"] == ["img"] and record["documents"] == 2


def test_a_query_is_answered_as_text_too(photos: Path) -> None:
    out = lexlip("photos", photos, "--query", "red dog", "-k", 2).out
    assert "5 photos (nothing has changed), 0 encoded" in out
    assert "2 hits in" in out
    assert "-k must be at least 1, got 0" in lexlip("photos", photos, "--query", "red dog", "-k", 0).error


def test_a_run_without_changes_loads_no_torch(photos: Path) -> None:
    script = (
        "import sys\nfrom lexlip_lucene.cli.main import app\n"
        f"app(['photos', {str(photos)!r}, '--no-serve'], standalone_mode=False)\n"
        "assert not {'torch', 'timm', 'transformers', 'jnius'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


def test_the_page_is_opened_and_its_address_is_said(photos: Path) -> None:
    command = [sys.executable, "-m", "lexlip_lucene", "photos", str(photos), "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            record = orjson.loads(process.stdout.readline())
            assert record["documents"] == 5
            with urllib.request.urlopen(record["url"], timeout=60) as page:
                assert page.status == 200
            with urllib.request.urlopen(
                f"{record['url']}api/search?query=a+red+dog+cat+two+star", timeout=60
            ) as answer:
                assert orjson.loads(answer.read())["hits"]
        finally:
            process.send_signal(signal.SIGTERM)

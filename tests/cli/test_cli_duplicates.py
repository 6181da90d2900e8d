"""`lexlip duplicates`: the groups of an index as JSON, as a page with pictures, and as lines; and what it refuses."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import orjson
import pytest
from PIL import Image
from support.cli_run import done, lexlip
from support.looks import looks_index

from lexlip_lucene.lucene.index.bm25_index import build_bm25
from lexlip_lucene.records import Document
from lexlip_lucene.vectors.collection import write_shards

HOSTILE = "<script>alert(1)</script> & é.png"
VECTORS = {
    "a.png": {"v00001": 200, "v00002": 100, "dog": 9},
    "small.jpg": {"v00001": 200, "v00002": 110, "dog": 9},
    "same.png": {"v00001": 200, "v00002": 100, "dog": 9},
    HOSTILE: {"v00007": 50},
    "gone.png": {"v00007": 60, "v00001": 1},
    "alone.png": {"v00009": 50, "v00001": 20},
    "blank.png": {"dog": 9},
    "blank too.png": {"dog": 9},
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("duplicates")
    looks_index(folder, VECTORS)
    pictures = folder / "pictures"
    pictures.mkdir()
    Image.linear_gradient("L").resize((60, 40)).convert("RGB").save(pictures / "a.png")
    Image.linear_gradient("L").resize((30, 20)).convert("RGB").save(pictures / "small.jpg")
    shutil.copyfile(pictures / "a.png", pictures / "same.png")
    for name in (HOSTILE.replace("/", "_"), "alone.png"):
        Image.new("RGB", (8, 8), "red").save(pictures / name)
    lines = [{"id": name, "file": str(pictures / name.replace("/", "_"))} for name in VECTORS]
    (folder / "captions.jsonl").write_bytes(
        b"\n".join(orjson.dumps({**line, "split": "", "captions": []}) for line in lines)
    )
    return folder


class Page(HTMLParser):
    """The tags of a page, and the addresses in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]


def test_groups_have_their_members_pairs_and_the_sizes_of_files(root: Path, tmp_path: Path) -> None:
    asked = ("duplicates", root / "index", "--above", 0.9, "--images", root / "captions.jsonl")
    record = done(*asked, "--output", tmp_path / "groups.json")
    assert orjson.loads((tmp_path / "groups.json").read_bytes()) == record
    assert (record["documents"], record["without_looks"], record["grouped"]) == (8, 2, 5)
    first, second = record["groups"]
    assert [member["docid"] for member in first["members"]] == ["a.png", "same.png", "small.jpg"]
    assert [(pair["first"], pair["second"]) for pair in first["pairs"]] == [
        ("a.png", "same.png"),
        ("a.png", "small.jpg"),
    ]
    assert [member["similarity"] for member in first["members"]][:2] == [1.0, 1.0]
    assert [(member["width"], member["height"]) for member in first["members"]] == [(60, 40), (60, 40), (30, 20)]
    sizes = [(root / "pictures" / name).stat().st_size for name in ("a.png", "same.png", "small.jpg")]
    assert [member["bytes"] for member in first["members"]] == sizes
    assert [member.get("same_bytes_as") for member in first["members"]] == [None, "a.png", None]
    gone = next(member for member in second["members"] if member["docid"] == "gone.png")
    assert "can't be read" in gone["reason"] and "bytes" not in gone


def test_the_page_is_one_file_that_shows_the_pictures_and_fetches_nothing(root: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done("duplicates", root / "index", "--images", root / "captions.jsonl", "--page", page)
    text = page.read_text(encoding="utf-8")
    read = Page(text)
    assert "script" not in read.tags and "link" not in read.tags and "http" not in text
    assert len(read.addresses) == 4 and all(each.startswith("data:image/jpeg;base64,") for each in read.addresses)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; é.png" in text
    assert "the same bytes as a.png" in text and "30 × 20" in text and "can&#39;t be read" in text


def test_a_person_sees_which_pictures_are_alike_and_how_large_they_are(root: Path) -> None:
    ran = lexlip("duplicates", root / "index", "--above", 0.9, "--images", root / "captions.jsonl")
    assert ran.status == 0
    first, second, *_ = ran.out.splitlines()
    assert first == "2 groups with 5 of 8 pictures, pairs at least 0.9 alike; 2 without visual words are left out"
    assert second == "3 pictures:"
    assert re.search(r"^  1\.000  a\.png  60 × 40, \d+ bytes$", ran.out, re.MULTILINE)


def test_two_runs_write_the_same_bytes(root: Path, tmp_path: Path) -> None:
    for name in ("one.json", "two.json"):
        done("duplicates", root / "index", "--output", tmp_path / name, "--threads", 2)
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_what_is_there_is_overwritten_only_with_force(root: Path, tmp_path: Path) -> None:
    (tmp_path / "groups.json").write_text("mine")
    asked = ("duplicates", root / "index", "--output", tmp_path / "groups.json")
    assert "exists already" in lexlip(*asked).error
    assert (tmp_path / "groups.json").read_text() == "mine"
    assert done(*asked, "--force")["groups"]
    assert "is a folder" in lexlip("duplicates", root / "index", "--output", tmp_path, "--force").error


@pytest.mark.parametrize("above", ["0", "-1", "1.5", "nan"])
def test_a_similarity_out_of_range_is_refused(root: Path, above: str) -> None:
    assert "must be above 0 and at most 1" in lexlip("duplicates", root / "index", "--above", above).error


def test_an_index_without_visual_words_or_of_texts_says_what_is_needed(root: Path, tmp_path: Path) -> None:
    plain = looks_index(tmp_path, {"a": {"dog": 3}, "b": {"dog": 3}}, visual=False)
    error = lexlip("duplicates", plain).error
    assert "has no visual words" in error and "lexlip train-visual" in error and "--visual" in error
    (tmp_path / "texts").mkdir()
    write_shards(tmp_path / "texts", [Document("a", "a dog", {})])
    build_bm25(tmp_path / "texts", tmp_path / "bm25")
    assert "an index of kind impact is needed here, got bm25" in lexlip("duplicates", tmp_path / "bm25").error


def test_a_page_needs_the_pictures(root: Path, tmp_path: Path) -> None:
    error = lexlip("duplicates", root / "index", "--page", tmp_path / "page.html").error
    assert "--images" in error and not (tmp_path / "page.html").exists()
    missing = ("--page", tmp_path / "page.html", "--images", tmp_path / "none")
    assert "none" in lexlip("duplicates", root / "index", *missing).error

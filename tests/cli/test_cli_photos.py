"""A folder of photos as people have them: every file is encoded, or listed with the reason against it."""

import json
import os
import shutil
from pathlib import Path

import pytest
from PIL import Image
from support import tiny
from support.cli_run import done, lexlip
from support.photo_folder import lines_of, tiny_model

from lexlip_lucene.vectors.collection import read_collection
from lexlip_lucene.vectors.manifest import read_manifest


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("model") / "model")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write one photo under many names, and files that are not photos."""
    photos = tmp_path / "photos"
    photos.mkdir()
    picture = Image.linear_gradient("L").resize((40, 30)).convert("RGB")
    picture.save(photos / "photo.jpg", quality=95)
    for name in ("phone.jfif", "a.jpe", "no ending", "wrong.txt", "UPPER.JPG"):
        shutil.copy(photos / "photo.jpg", photos / name)
    for name in ("b.bmp", "c.tif"):
        picture.save(photos / name)
    (photos / "notes.md").write_text("# mine")
    (photos / "empty.jpg").touch()
    (photos / "cut.jpg").write_bytes((photos / "photo.jpg").read_bytes()[:-2])
    os.mkfifo(photos / "pipe.jpg")
    (photos / "dangling.png").symlink_to("nothing")
    (photos / "circle.png").symlink_to("circle.png")
    (photos / ".DS_Store").touch()
    (photos / ".thumbnails").mkdir()
    (tmp_path / "album").mkdir()
    shutil.copy(photos / "photo.jpg", tmp_path / "album")
    (photos / "album").symlink_to("../album")
    return photos


READ = ["UPPER.JPG", "a.jpe", "b.bmp", "c.tif", "no ending", "phone.jfif", "photo.jpg", "wrong.txt"]


def test_every_file_is_a_document_or_rejected_with_its_reason(folder: Path, model: Path, tmp_path: Path) -> None:
    record = lexlip("encode", "images", folder, tmp_path / "c", "--model", model, "--json").record
    assert (record["documents"], record["rejected"], record["hidden"]) == (8, 7, 2)
    vectors = {document.id: document.vector for document in read_collection(tmp_path / "c")}
    assert sorted(vectors) == READ
    assert all(vectors[name] == vectors["photo.jpg"] for name in READ if name not in ("b.bmp", "c.tif"))
    manifest = read_manifest(tmp_path / "c")
    assert manifest is not None and manifest.inputs == 15
    reasons = {rejected.id: rejected.reason for rejected in manifest.rejected}
    assert reasons["pipe.jpg"] == "a pipe, a socket or a device, and no file"
    assert reasons["album"].startswith("not below")
    assert set(reasons) == {"notes.md", "empty.jpg", "cut.jpg", "pipe.jpg", "dangling.png", "circle.png", "album"}
    text = lexlip("encode", "images", folder, tmp_path / "c", "--model", model, "--force").out
    assert "2 hidden files or folders passed over" in text


def test_cut_pictures_and_linked_folders_are_read_on_demand(folder: Path, model: Path, tmp_path: Path) -> None:
    run = ("encode", "images", folder, tmp_path / "c", "--model", model)
    assert lexlip(*run, "--allow-truncated", "--outside", "--json").record["documents"] == 10
    assert "album/photo.jpg" in {document.id for document in read_collection(tmp_path / "c")}
    assert lexlip(*run, "--force", "--max-pixels", "1199").error.startswith("error: nothing to encode")
    assert "--max-pixels must be at least 1 and below 2^63" in lexlip(*run, "--force", "--max-pixels", "0").error


def test_a_resumed_run_must_have_the_same_limits(folder: Path, model: Path, tmp_path: Path) -> None:
    run = ("encode", "images", folder, tmp_path / "c", "--model", model, "--resume")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lexlip_lucene.encode.unfinished.Unfinished.finish", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            lexlip(*run)
    assert "begun with allow_truncated False, but this run has True" in lexlip(*run, "--allow-truncated").error
    assert lexlip(*run).status == 0


def test_files_that_a_captions_file_names_elsewhere_are_rejected_unless_asked_for(
    folder: Path, model: Path, tmp_path: Path
) -> None:
    names = ["photo.jpg", "../album/photo.jpg", str(tmp_path / "album" / "photo.jpg"), "album/photo.jpg", "pipe.jpg"]
    lines = [{"id": f"i{n}", "file": name, "split": "", "captions": []} for n, name in enumerate(names)]
    (folder / "captions.jsonl").write_text("\n".join(map(json.dumps, lines)))
    run = ("encode", "images", folder / "captions.jsonl", tmp_path / "c", "--model", model, "--json", "--force")
    assert (lexlip(*run).record["documents"], lexlip(*run, "--outside").record["documents"]) == (1, 4)


def test_the_keys_of_a_captions_file_go_into_the_collection_and_can_be_filtered_by(
    folder: Path, model: Path, tmp_path: Path
) -> None:
    more = {"place": "Oslo", "tags": ["snow", "dog"], "vector": "mine", "contents": "mine", "positions": "mine"}
    lines = [
        {"id": "a", "file": "photo.jpg", "split": "val", "captions": ["A dog"], **more},
        {"id": "b", "file": "phone.jfif", "split": "", "captions": []},
    ]
    (folder / "captions.jsonl").write_text("\n".join(map(json.dumps, lines)))
    done("encode", "images", folder / "captions.jsonl", tmp_path / "c", "--model", model)
    found = lines_of(tmp_path / "c")
    kept = {key: value for key, value in found["a"].items() if key not in ("id", "vector")}
    assert kept == {"contents": "photo.jpg", "split": "val", "place": "Oslo", "tags": ["snow", "dog"]}
    assert isinstance(found["a"]["vector"], dict)
    assert set(found["b"]) == {"id", "contents", "vector"}
    done("index", tmp_path / "c", tmp_path / "i", "--keyword", "split", "--keyword", "tags")
    query = ("search", tmp_path / "i", "--model", model, "--query", " ".join(tiny.WORDS))
    assert {hit["docid"] for hit in done(*query)["hits"]} == {"a", "b"}
    for kept_by in ("split=val", "tags=dog"):
        assert {hit["docid"] for hit in done(*query, "--filter", kept_by)["hits"]} == {"a"}
    done("encode", "images", folder / "captions.jsonl", tmp_path / "q.jsonl", "--model", model)
    assert all(
        set(json.loads(line)) == {"id", "contents", "vector"}
        for line in (tmp_path / "q.jsonl").read_text().splitlines()
    )


def test_a_name_that_is_not_utf8_never_has_the_id_of_another(folder: Path, model: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "photo.jpg", folder / "\\xff.jpg")
    os.link(folder / "photo.jpg", os.fsencode(folder) + b"/\xff.jpg")
    record = done("encode", "images", folder, tmp_path / "c", "--model", model)
    assert (record["documents"], record["rejected"]) == (9, 8)
    manifest = read_manifest(tmp_path / "c")
    assert manifest is not None and "\\xff.jpg (not UTF-8)" in {rejected.id for rejected in manifest.rejected}


def test_topics_of_a_folder_say_what_they_need(folder: Path, tmp_path: Path) -> None:
    error = lexlip("topics", folder, tmp_path / "topics").error
    assert "is a folder of images, which has no captions to make topics of: name a captions file" in error

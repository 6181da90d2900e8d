"""Images added to a collection that exists."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support import tiny
from support.cli_run import done, lexlip

from lexlip_lucene.check.collection import CollectionKind
from lexlip_lucene.data.captions import CaptionedImage, read_captions
from lexlip_lucene.encode import shard_plan
from lexlip_lucene.encode.encode import encode_images
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.errors import InputError, OutputError
from lexlip_lucene.files import written as files
from lexlip_lucene.vectors.collection import read_collection
from lexlip_lucene.vectors.manifest import manifest_path, read_manifest

IMAGES, OLD = 11, 6


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models, and 11 pictures of which number 4 and number 9 are broken."""
    root = tmp_path_factory.mktemp("update")
    tiny.lexlip().save_pretrained(root / "model")
    tiny.lexlip(seed=1).save_pretrained(root / "other")
    (root / "photos").mkdir()
    for number in range(IMAGES):
        Image.new("RGB", (40, 30), (19 * number, 250 - 17 * number, 90)).save(root / "photos" / f"{number:02}.png")
    for number in (4, 9):
        (root / "photos" / f"{number:02}.png").write_text("no picture")
    return root


@pytest.fixture
def model(folder: Path) -> LexLip:
    return LexLip.from_pretrained(folder / "model")


@pytest.fixture
def images(folder: Path) -> list[CaptionedImage]:
    return read_captions(folder / "photos")


@pytest.fixture(autouse=True)
def four_inputs_a_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shard_plan, "SHARD_INPUTS", 4)


def content(collection: Path, *, manifest: bool = True) -> dict[str, bytes]:
    beside = [manifest_path(collection)] if manifest else []
    return {file.name: file.read_bytes() for file in [*beside, *collection.iterdir()]}


def vectors(collection: Path) -> dict[str, Any]:
    return {document.id: document.vector for document in read_collection(collection)}


def test_what_a_collection_lacks_is_added_and_its_shards_stay(
    model: LexLip, images: list[CaptionedImage], tmp_path: Path
) -> None:
    collection = tmp_path / "c"
    encode_images(model, images[:OLD], collection, batch_size=1)
    before = content(collection, manifest=False)
    report = encode_images(model, images, collection, batch_size=1, update=True)
    assert (report.documents, report.rejected, report.present) == (4, 2, 5), "the broken one of the old is tried again"
    encode_images(model, images, tmp_path / "whole", batch_size=1)
    assert vectors(collection) == vectors(tmp_path / "whole")
    assert before.items() <= content(collection, manifest=False).items()
    manifest = read_manifest(collection)
    assert manifest is not None and (manifest.inputs, manifest.documents) == (IMAGES, IMAGES - 2)
    assert sorted(each.id for each in manifest.rejected) == ["04.png", "09.png"]
    assert manifest.postings == sum(map(len, vectors(collection).values()))
    require_as_its_manifest_says(collection)
    assert not (tmp_path / ".c.partial").exists()


def test_an_update_without_new_images_changes_nothing(
    model: LexLip, images: list[CaptionedImage], tmp_path: Path
) -> None:
    encode_images(model, images[:4], tmp_path / "c")
    before = content(tmp_path / "c")
    assert encode_images(model, images[:4], tmp_path / "c", update=True)[:4] == (0, 0, 0, 0)
    assert content(tmp_path / "c") == before


def test_a_picture_that_was_mended_is_added(folder: Path, model: LexLip, tmp_path: Path) -> None:
    shutil.copytree(folder / "photos", tmp_path / "photos")
    encode_images(model, tmp_path / "photos", tmp_path / "c")
    shutil.copy(tmp_path / "photos" / "00.png", tmp_path / "photos" / "04.png")
    report = encode_images(model, tmp_path / "photos", tmp_path / "c", update=True)
    manifest = read_manifest(tmp_path / "c")
    assert (report.documents, report.rejected, report.present) == (1, 1, IMAGES - 2)
    assert manifest is not None and [each.id for each in manifest.rejected] == ["09.png"]
    assert manifest.inputs == IMAGES


def require_as_its_manifest_says(collection: Path) -> None:
    assert CollectionKind().check(collection, full=True).compared


class Killed(BaseException):
    """In place of kill -9: no handler of the program catches it, and no file is touched after it."""


def killed_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the run end before its `step`th change to the disk."""
    left = [step]

    def counted(change: Callable[..., Any]) -> Callable[..., Any]:
        def run(*given: Any, **named: Any) -> Any:
            if not left[0]:
                raise Killed
            left[0] -= 1
            return change(*given, **named)

        return run

    monkeypatch.setattr(os, "replace", counted(os.replace))
    monkeypatch.setattr(files, "exchange", counted(files.exchange))
    monkeypatch.setattr(shutil, "rmtree", counted(shutil.rmtree))
    monkeypatch.setattr(Path, "unlink", counted(Path.unlink))


@pytest.mark.parametrize("again", [IMAGES, IMAGES - 1], ids=["the same images", "other images"])
def test_an_update_that_was_killed_at_any_change_to_the_disk_loses_nothing_and_is_made_up_for(
    model: LexLip, images: list[CaptionedImage], tmp_path: Path, again: int
) -> None:
    def begun(name: str) -> Path:
        encode_images(model, images[:OLD], tmp_path / name, batch_size=2)
        return tmp_path / name

    shards = content(begun("old"), manifest=False)
    encode_images(model, images[:again], begun("whole"), batch_size=2, update=True)
    for steps in range(1000):
        collection = begun(str(steps))
        before = read_manifest(collection)
        with pytest.MonkeyPatch.context() as patch:
            killed_at(steps, patch)
            try:
                encode_images(model, images, collection, batch_size=2, update=True)
                break
            except Killed:
                assert shards.items() <= content(collection, manifest=False).items()
        listed = read_manifest(collection) == before
        report = encode_images(model, images[:again], collection, batch_size=2, update=True)
        if listed:  # else the update was complete
            assert content(collection, manifest=False) == content(tmp_path / "whole", manifest=False)
        else:
            assert report.documents == 0
        require_as_its_manifest_says(collection)
    assert steps > 10


def test_another_model_or_other_options_are_refused(
    folder: Path, model: LexLip, images: list[CaptionedImage], tmp_path: Path
) -> None:
    encode_images(model, images[:4], tmp_path / "c", precision="float32")
    before = content(tmp_path / "c")
    other = LexLip.from_pretrained(folder / "other")
    changes: list[tuple[LexLip, dict[str, Any], str]] = [
        (other, {}, "model_sha256"),
        (model, {"bits": 4}, "scale"),
        (model, {"top_k": 3}, "top_k"),
        (model, {"positions": True}, "grid"),
        (model, {"precision": "bfloat16"}, "arithmetic"),
    ]
    for encoder, options, named in changes:
        with pytest.raises(InputError, match=f"c was encoded with {named} .*, but this run has"):
            encode_images(encoder, images, tmp_path / "c", update=True, **{"precision": "float32", **options})
    assert content(tmp_path / "c") == before


def test_what_is_no_collection_of_ours_is_refused(model: LexLip, images: list[CaptionedImage], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        encode_images(model, images, tmp_path / "c", update=True)
    with pytest.raises(InputError, match="images are added to a collection"):
        encode_images(model, images, tmp_path / "c.jsonl", update=True)
    encode_images(model, images[:4], tmp_path / "c")
    (tmp_path / "c" / "more.jsonl").write_text('{"id": "a", "contents": "", "vector": {}}\n')
    with pytest.raises(InputError, match=r"more\.jsonl is there, but not in"):
        encode_images(model, images, tmp_path / "c", update=True)
    (tmp_path / "c" / "more.jsonl").unlink()
    shard = tmp_path / "c" / "part-00000.jsonl"
    shard.write_bytes(shard.read_bytes() + b"\n")
    with pytest.raises(InputError, match=r"part-00000\.jsonl is missing, or is not the file"):
        encode_images(model, images, tmp_path / "c", update=True)
    manifest_path(tmp_path / "c").unlink()
    with pytest.raises(InputError, match="nothing says which model"):
        encode_images(model, images, tmp_path / "c", update=True)


def test_an_id_that_occurs_twice_is_refused(model: LexLip, images: list[CaptionedImage], tmp_path: Path) -> None:
    encode_images(model, images[:2], tmp_path / "c")
    with pytest.raises(OutputError, match="occurs twice"):
        encode_images(model, [*images[2:4], images[3]], tmp_path / "c", update=True)


def test_the_command_says_what_was_added_and_what_was_there(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    shutil.copy(folder / "photos" / "00.png", tmp_path / "photos")
    encode = ["encode", "images", tmp_path / "photos", tmp_path / "c", "--model", folder / "model"]
    assert done(*encode)["present"] == 0
    shutil.copy(folder / "photos" / "01.png", tmp_path / "photos")
    report = done(*encode, "--update")
    assert (report["documents"], report["present"], report["rejected"]) == (1, 1, 0)
    said = lexlip(*encode, "--update")
    assert "0 documents" in said.out and "2 passed over (it has them already)" in said.out
    assert "leave out --force and --resume" in lexlip(*encode, "--update", "--force").error
    assert list(vectors(tmp_path / "c")) == ["00.png", "01.png"]

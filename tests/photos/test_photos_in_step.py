"""`lexlip photos`: the index is in step with the folder, whatever happened to it, and nothing is encoded twice."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from support import tiny
from support.cli_run import done, lexlip
from support.photo_folder import lines_of, photo, photo_folder, tiny_model, vectors_of

from lexlip_lucene.vectors.manifest import read_manifest


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("model") / "model")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return photo_folder(tmp_path / "photos", 5)


def run(photos: Path, *options: object) -> dict[str, Any]:
    record = done("photos", photos, "--no-serve", *options)
    files = [path for path in photos.rglob("*") if not path.is_dir() and not path.name.startswith(".")]
    assert len(files) == record["documents"] + record["rejected"]
    return record


def counts(record: dict[str, Any]) -> tuple[int, ...]:
    return tuple(record[key] for key in ("documents", "added", "changed", "removed", "rejected", "encoded"))


def home_of(photos: Path) -> Path:
    return photos.with_name("photos.lexlip")


def collection_of(photos: Path) -> Path:
    return home_of(photos) / "collection"


def oracle(photos: Path, model: Path, tmp_path: Path) -> dict[str, dict[str, int]]:
    """The vectors that `lexlip encode images` gives for the folder as it is."""
    done("encode", "images", photos, tmp_path / "oracle", "--model", model, "--force")
    return vectors_of(tmp_path / "oracle")


def test_the_first_run_encodes_all_beside_the_folder_and_touches_nothing_in_it(
    photos: Path, model: Path, tmp_path: Path
) -> None:
    before = sorted((path.name, path.stat().st_mtime_ns) for path in photos.iterdir())
    record = run(photos, "--model", model)
    assert counts(record) == (5, 5, 0, 0, 0, 5)
    assert record["index"] == str(home_of(photos) / "index")
    assert record["collection"] == str(collection_of(photos))
    assert record["seconds"] > 0
    assert sorted((path.name, path.stat().st_mtime_ns) for path in photos.iterdir()) == before
    assert vectors_of(collection_of(photos)) == oracle(photos, model, tmp_path)
    for kept in ("index", "collection"):
        assert done("check", home_of(photos) / kept)["ok"] is True


def test_a_run_without_changes_writes_nothing(photos: Path, model: Path) -> None:
    run(photos, "--model", model)
    before = {path: path.stat().st_mtime_ns for path in home_of(photos).rglob("*")}
    assert counts(run(photos)) == (5, 0, 0, 0, 0, 0)
    assert {path: path.stat().st_mtime_ns for path in home_of(photos).rglob("*")} == before


def test_new_changed_and_removed_photos_are_all_that_a_later_run_looks_at(
    photos: Path, model: Path, tmp_path: Path
) -> None:
    run(photos, "--model", model)
    photo(photos / "new" / "7.png", 7)
    photo(photos / "0.png", 8)
    (photos / "1.png").unlink()
    record = run(photos)
    assert counts(record) == (5, 1, 1, 1, 0, 2)
    assert vectors_of(collection_of(photos)) == oracle(photos, model, tmp_path)
    assert done("check", record["index"])["ok"] is True
    assert counts(run(photos)) == (5, 0, 0, 0, 0, 0)


def test_renamed_moved_and_copied_photos_are_not_encoded_again(photos: Path, model: Path, tmp_path: Path) -> None:
    run(photos, "--model", model)
    (photos / "0.png").rename(photos / "zero.png")
    (photos / "album").mkdir()
    (photos / "1.png").rename(photos / "album" / "1.png")
    shutil.copyfile(photos / "2.png", photos / "copy.png")
    assert counts(run(photos)) == (6, 3, 0, 2, 0, 0)
    assert vectors_of(collection_of(photos)) == oracle(photos, model, tmp_path)
    assert lines_of(collection_of(photos))["album/1.png"]["folder"] == ["album"]


def test_a_file_that_was_only_touched_is_not_encoded_again_but_gets_its_new_date(photos: Path, model: Path) -> None:
    run(photos, "--model", model)
    os.utime(photos / "3.png", (1_000_000_000, 1_000_000_000))
    assert counts(run(photos)) == (5, 0, 0, 0, 0, 0)
    assert lines_of(collection_of(photos))["3.png"]["year"] == "2001"


def test_a_photo_painted_over_with_as_many_bytes_is_seen(photos: Path, model: Path, tmp_path: Path) -> None:
    for number, name in enumerate(("a.bmp", "b.bmp")):
        photo(photos / name, number + 20)
    run(photos, "--model", model)
    assert (photos / "a.bmp").stat().st_size == (photos / "b.bmp").stat().st_size
    shutil.copyfile(photos / "b.bmp", photos / "a.bmp")
    assert counts(run(photos)) == (7, 0, 1, 0, 0, 0)
    assert vectors_of(collection_of(photos)) == oracle(photos, model, tmp_path)


def test_files_that_cannot_be_read_are_listed_with_their_reason_and_not_tried_again(photos: Path, model: Path) -> None:
    (photos / "notes.txt").write_text("mine")
    (photos / "cut.png").write_bytes((photos / "0.png").read_bytes()[:50])
    os.mkfifo(photos / "pipe.jpg")
    os.close(os.open(os.fsencode(photos) + b"/caf\xe9.png", os.O_CREAT | os.O_WRONLY))
    ran = lexlip("photos", photos, "--no-serve", "--model", model, "--json")
    assert ran.status == 0 and counts(ran.record) == (5, 5, 0, 0, 4, 5)
    rejected = [line.partition(": ")[2] for line in ran.err.splitlines() if line.startswith("rejected: ")]
    assert [line.partition(": ")[0] for line in rejected] == ["caf\\xe9.png", "cut.png", "notes.txt", "pipe.jpg"]
    assert rejected[0] == "caf\\xe9.png: its name is not UTF-8, so it can't be an id"
    manifest = read_manifest(collection_of(photos))
    assert manifest is not None
    assert [f"{each.id}: {each.reason}" for each in manifest.rejected] == rejected
    assert counts(run(photos)) == (5, 0, 0, 0, 4, 0)
    photo(photos / "cut.png", 9)
    assert counts(run(photos)) == (6, 1, 0, 0, 3, 1)
    (photos / "0.png").write_text("no picture any more")
    assert counts(run(photos)) == (5, 0, 0, 1, 4, 0)


def test_a_heic_photo_is_read_once_the_package_for_it_is_there(
    photos: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pillow_heif

    from lexlip_lucene.data import images

    pillow_heif.register_heif_opener()
    photo(photos / "phone.heic", 9, format="HEIF")
    with monkeypatch.context() as without:
        without.setattr("lexlip_lucene.data.images.readable_formats", lambda: images.FORMATS)
        without.setattr("lexlip_lucene.photos.photo_index.readable_formats", lambda: images.FORMATS)
        ran = lexlip("photos", photos, "--no-serve", "--model", model, "--json")
        assert counts(ran.record) == (5, 5, 0, 0, 1, 5)
        assert ran.err.splitlines()[-1] == (
            "1 HEIC files were passed over: pip install 'lexlip-lucene[heic]' reads HEIC"
        )
    assert counts(run(photos)) == (6, 1, 0, 0, 0, 1)


def test_other_settings_encode_all_again_and_say_so(photos: Path, model: Path, tmp_path: Path) -> None:
    run(photos, "--model", model)
    ran = lexlip("photos", photos, "--no-serve", "--bits", 6, "--json")
    assert counts(ran.record) == (5, 0, 0, 0, 0, 5)
    assert "all photos are encoded again: bits was 8, now 6" in ran.err
    assert max(max(vector.values()) for vector in vectors_of(collection_of(photos)).values()) <= 63
    assert counts(run(photos)) == (5, 0, 0, 0, 0, 0), "options that are not given stay as they were"
    other = tmp_path / "other"
    tiny.lexlip(seed=1).save_pretrained(other)
    assert counts(run(photos, "--model", other)) == (5, 0, 0, 0, 0, 5)
    assert vectors_of(collection_of(photos)) == oracle(photos, other, tmp_path)
    assert counts(run(photos, "--force")) == (5, 0, 0, 0, 0, 5), "with the same model"


def test_the_index_is_neither_in_the_folder_nor_over_something_else(photos: Path, model: Path, tmp_path: Path) -> None:
    make = ("photos", photos, "--no-serve", "--model", model, "--output")
    assert "lies in the photo folder" in lexlip(*make, photos / "index").error
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").touch()
    assert "is no index of photos" in lexlip(*make, tmp_path / "mine").error
    assert (tmp_path / "mine" / "letter.txt").exists()
    assert run(photos, "--model", model, "--output", tmp_path / "there")["index"] == str(tmp_path / "there" / "index")
    photo(tmp_path / "other photos" / "1.png", 1)
    other = lexlip("photos", tmp_path / "other photos", "--no-serve", "--output", tmp_path / "there")
    assert "is the index of" in other.error


def test_a_folder_that_was_moved_with_its_index_needs_no_encoding(photos: Path, model: Path, tmp_path: Path) -> None:
    run(photos, "--model", model)
    (tmp_path / "moved").mkdir()
    for name in ("photos", "photos.lexlip"):
        (tmp_path / name).rename(tmp_path / "moved" / name)
    assert counts(run(tmp_path / "moved" / "photos")) == (5, 0, 0, 0, 0, 0)


def test_what_can_not_be_indexed_is_one_error_line(photos: Path, model: Path, tmp_path: Path) -> None:
    assert "no such folder" in lexlip("photos", tmp_path / "no", "--no-serve").error
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("a")
    error = lexlip("photos", tmp_path / "texts", "--no-serve", "--model", model).error
    assert "not one input could be read; the first of 1 rejected" in error
    assert "bits must be in 1..16, got 0" in lexlip("photos", photos, "--no-serve", "--model", model, "--bits", 0).error
    assert "no such folder: nowhere; the models that come with the package" in (
        lexlip("photos", photos, "--no-serve", "--model", "nowhere").error
    )
    run(photos, "--model", model)
    ledger = home_of(photos) / "ledger.json"
    ledger.write_bytes(ledger.read_bytes().replace(b'"bits":8', b'"bits":7'))
    assert "ledger.json" in lexlip("photos", photos, "--no-serve").error
    assert counts(run(photos, "--model", model, "--force"))[0] == 5

"""A build is taken again only if it was made from the same parts and its files are unchanged."""

import os
from pathlib import Path

import orjson
import pytest

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.photo_files import listed_photos
from lexlip_lucene.experiments.fingerprint import is_built, mark_built, unmark
from lexlip_lucene.files.written import sha256_of

PARTS = ["settings", "captions"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with an output inside, and an index beside it, marked as built."""
    home = tmp_path / "index.built"
    for name, text in {"facts.json": "{}", "topics/qrels.txt": "q 0 d 1", "../index/deep/segments_1": "docs"}.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).resolve().write_text(text)
    mark_built(home, PARTS, [home / "facts.json", home / "topics", tmp_path / "index"])
    return home


def test_what_is_unchanged_is_built(home: Path) -> None:
    assert is_built(home, PARTS)


def test_what_was_made_from_something_else_is_not_built(home: Path) -> None:
    assert not is_built(home, ["settings", "other captions"])
    unmark(home)
    assert not is_built(home, PARTS)


@pytest.mark.parametrize("name", ["facts.json", "topics/qrels.txt", "../index/deep/segments_1"])
def test_a_file_that_is_gone_has_grown_or_has_other_bytes_is_not_what_was_built(name: str, home: Path) -> None:
    file = (home / name).resolve()
    kept = file.read_bytes()
    for other in (kept + b" ", b"X" + kept[1:]):
        file.write_bytes(other)
        assert not is_built(home, PARTS)
    file.write_bytes(kept)
    assert is_built(home, PARTS), "what counts is the content"
    file.unlink()
    assert not is_built(home, PARTS)


def test_files_that_came_later_are_no_matter(home: Path) -> None:
    (home / "run.txt").write_text("hits")
    (home.parent / "index" / "new.lock").write_text("")
    assert is_built(home, PARTS)


def test_a_build_that_was_moved_as_a_whole_is_still_built(home: Path) -> None:
    moved = home.parent.rename(home.parent.with_name("moved"))
    assert is_built(moved / home.name, PARTS)


def test_the_stamp_names_every_file_with_its_size_and_hash(home: Path) -> None:
    stamp = orjson.loads((home / "built.json").read_bytes())
    assert stamp["outputs"] == {
        name: {"size": (home / name).resolve().stat().st_size, "sha256": sha256_of((home / name).resolve())}
        for name in ("facts.json", "topics/qrels.txt", "../index/deep/segments_1")
    }


@pytest.mark.parametrize(
    "change",
    [lambda stamp: stamp.pop("outputs"), lambda stamp: stamp.update(outputs={}), lambda stamp: stamp.update(outputs=3)],
)
def test_a_stamp_that_names_no_outputs_is_not_believed(change: object, home: Path) -> None:
    stamp = orjson.loads((home / "built.json").read_bytes())
    assert callable(change)
    change(stamp)
    (home / "built.json").write_bytes(orjson.dumps(stamp))
    assert not is_built(home, PARTS)
    (home / "built.json").write_bytes(b"{")
    assert not is_built(home, PARTS)


def test_photos_are_known_by_size_and_time_and_by_being_there(tmp_path: Path) -> None:
    def images(folder: Path) -> list[CaptionedImage]:
        return [CaptionedImage(name, folder / name, "", ()) for name in ("a.png", "b.png")]

    (tmp_path / "a.png").write_bytes(b"123")
    seen = [listed_photos(images(tmp_path))]
    (tmp_path / "b.png").write_bytes(b"1")
    seen.append(listed_photos(images(tmp_path)))
    (tmp_path / "b.png").write_bytes(b"12")
    seen.append(listed_photos(images(tmp_path)))
    os.utime(tmp_path / "b.png", ns=(1, 1))
    seen.append(listed_photos(images(tmp_path)))
    assert len(set(seen)) == 4
    moved = tmp_path.rename(tmp_path.with_name("moved photos"))
    assert listed_photos(images(moved)) == seen[-1]

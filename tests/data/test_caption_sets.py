"""Further caption sets: read line by line, less those of images that are known."""

import gzip
import json
from pathlib import Path

import pytest

from lexlip_lucene.data.caption_sets import CaptionSet, read_caption_sets, without
from lexlip_lucene.errors import InputError

LINES = [{"id": "12", "split": "train", "captions": ["A dog.", "Ein Hund – läuft"]}, {"id": "c", "captions": []}]
SETS = [CaptionSet("12", ("A dog.", "Ein Hund – läuft")), CaptionSet("c", ())]


def written(path: Path, lines: list[object]) -> Path:
    content = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


@pytest.mark.parametrize("name", ["sets.jsonl", "sets.jsonl.gz"])
def test_every_line_is_the_captions_of_one_image(tmp_path: Path, name: str) -> None:
    assert read_caption_sets(written(tmp_path / name, [*LINES])) == SETS


@pytest.mark.parametrize("name", ["sets.jsonl", "sets.jsonl.gz"])
@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"id": "1"}, 'the key "captions" is missing'),
        ({"id": 1, "captions": []}, '"id" must be a text, but it is 1'),
        ({"id": "1", "captions": "a dog"}, '"captions" must be a list'),
        ({"id": "1", "captions": ["a", 2]}, r'"captions"\[1\] must be a text'),
        ([], "must be one JSON object"),
    ],
)
def test_a_line_that_is_not_right_is_named(tmp_path: Path, name: str, line: object, message: str) -> None:
    with pytest.raises(InputError, match=f"{name}:3: .*{message}"):
        read_caption_sets(written(tmp_path / name, [*LINES, line]))


def test_files_that_are_no_caption_sets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ending in \.jsonl or \.jsonl\.gz is needed, but got .*sets\.json$"):
        read_caption_sets(written(tmp_path / "sets.json", [*LINES]))
    with pytest.raises(InputError, match=r"no such file: .*gone\.jsonl$"):
        read_caption_sets(tmp_path / "gone.jsonl")
    with pytest.raises(InputError, match=r"no line in .*empty\.jsonl$"):
        read_caption_sets(written(tmp_path / "empty.jsonl", []))


@pytest.mark.parametrize("damage", ["cut", "no gzip", "overwritten"])
def test_a_damaged_gz_is_refused_in_one_line(tmp_path: Path, damage: str) -> None:
    path = written(tmp_path / "sets.jsonl.gz", [*LINES] * 20)
    whole = path.read_bytes()
    path.write_bytes(
        {"cut": whole[:-20], "no gzip": b"{}", "overwritten": whole[:12] + b"\xff" * 30 + whole[42:]}[damage]
    )
    with pytest.raises(InputError, match=r"caption set file: can't read .*sets\.jsonl\.gz: ") as raised:
        read_caption_sets(path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("known", "further", "same"),
    [
        ("1000268201_693b08cb0e", "1000268201", True),  # Flickr8k, Flickr30k
        ("1000268201", "1000268201_693b08cb0e", True),
        ("1000268201_693b08cb0e", "1000268201_other", True),
        ("dogs/1.jpg", "dogs/1.jpg", True),
        ("1000268201_693b08cb0e", "100026820", False),
        ("COCO_val2014_000000017282", "COCO_val2014_000000017282", True),
        ("COCO_val2014_000000017282", "COCO_val2014_000000017311", False),
    ],
)
def test_sets_of_known_images_are_left_out(known: str, further: str, same: bool) -> None:
    sets = [CaptionSet(further, ("a dog",)), CaptionSet("another", ("a cat",))]
    assert without(sets, ["else", known]) == sets[int(same) :]

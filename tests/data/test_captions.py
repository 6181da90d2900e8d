import json
from pathlib import Path

import pytest

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.errors import InputError

DOG = {"id": "dog", "file": "images/dog.jpg", "split": "train", "captions": ["A dog .", "A black dog ."]}
CAT = {"id": "cat", "file": "images/cat.jpg", "split": "test", "captions": ["A cat ."]}


def captions_file(folder: Path, *lines: object) -> Path:
    path = folder / "captions.jsonl"
    path.write_text("".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines))
    return path


def written(path: Path, content: str | bytes | dict[str, object]) -> Path:
    if isinstance(content, dict):
        content = json.dumps(content)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refusal(source: Path, split: str | None = None) -> str:
    with pytest.raises(InputError) as caught:
        read_captions(source, split=split)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_captions_file_is_read_in_order(tmp_path: Path) -> None:
    path = captions_file(tmp_path, DOG, CAT)
    assert read_captions(path) == [
        CaptionedImage("dog", tmp_path / "images/dog.jpg", "train", ("A dog .", "A black dog ."), f"{path}:1"),
        CaptionedImage("cat", tmp_path / "images/cat.jpg", "test", ("A cat .",), f"{path}:2"),
    ]


def test_image_paths_are_absolute_when_the_source_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    captions_file(tmp_path, DOG)
    monkeypatch.chdir(tmp_path)
    assert read_captions(Path("captions.jsonl"))[0].path == tmp_path / "images/dog.jpg"


def test_image_that_is_missing_is_not_an_error(tmp_path: Path) -> None:
    (image,) = read_captions(captions_file(tmp_path, DOG))
    assert not image.path.exists()


def test_unknown_keys_empty_lines_byte_order_mark_and_windows_line_ends_are_allowed(tmp_path: Path) -> None:
    lines = "\ufeff" + json.dumps(DOG | {"licence": "CC"}) + "\r\n\r\n" + json.dumps(CAT) + "\r\n"
    images = read_captions(written(tmp_path / "captions.jsonl", lines))
    assert [image.where.rpartition(":")[2] for image in images] == ["1", "3"]


def test_line_separator_within_a_caption_ends_no_line(tmp_path: Path) -> None:
    record = json.dumps(DOG | {"captions": ["one\u2028two\x85three"]}, ensure_ascii=False)
    assert read_captions(captions_file(tmp_path, record))[0].captions == ("one\u2028two\x85three",)


def test_split_takes_only_its_images(tmp_path: Path) -> None:
    assert [image.id for image in read_captions(captions_file(tmp_path, DOG, CAT), split="test")] == ["cat"]


def test_split_that_no_image_has_lists_those_there_are(tmp_path: Path) -> None:
    assert refusal(captions_file(tmp_path, DOG, CAT), "val").endswith("'val'; the splits there are: 'test', 'train'")


def test_broken_line_is_named_with_file_and_line(tmp_path: Path) -> None:
    path = captions_file(tmp_path, DOG, '{"id": "cat", \n')
    assert refusal(path).startswith(f"{path}:2: ")


@pytest.mark.parametrize("line", ["[1]", '"dog"', "3", "null", '{"id": "\\ud800"}'])
def test_line_that_is_not_an_object_is_named_with_file_and_line(tmp_path: Path, line: str) -> None:
    path = captions_file(tmp_path, line)
    assert refusal(path).startswith(f"{path}:1: a line of a captions file must be one JSON object")


@pytest.mark.parametrize("key", ["id", "file", "split", "captions"])
def test_missing_key_is_named_with_file_and_line(tmp_path: Path, key: str) -> None:
    path = captions_file(tmp_path, DOG, {k: v for k, v in CAT.items() if k != key})
    assert refusal(path).startswith(f'{path}:2: the key "{key}" is missing')


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("id", 5, '"id" must be a text, but it is 5'),
        ("file", None, '"file" must be a text, but it is null'),
        ("split", ["val"], '"split" must be a text, but it is ["val"]'),
        ("captions", "A dog .", '"captions" must be a list, but it is "A dog ."'),
        ("captions", ["A dog .", 5], '"captions"[1] must be a text, but it is 5'),
    ],
)
def test_value_of_the_wrong_type_is_named_with_file_and_line(
    tmp_path: Path, key: str, value: object, said: str
) -> None:
    path = captions_file(tmp_path, DOG | {key: value})
    assert refusal(path) == f"{path}:1: {said}"


def test_duplicate_id_names_both_lines(tmp_path: Path) -> None:
    path = captions_file(tmp_path, DOG, CAT, DOG | {"file": "other.jpg"})
    assert refusal(path) == f"{path}:3: the id 'dog' must be unique, but it is also at {path}:1"


def test_empty_id_is_refused(tmp_path: Path) -> None:
    path = captions_file(tmp_path, DOG | {"id": ""})
    assert refusal(path) == f"{path}:1: the id of an image must not be empty"


def test_line_that_is_not_utf8_is_named_with_file_and_line(tmp_path: Path) -> None:
    path = written(tmp_path / "captions.jsonl", json.dumps(DOG).encode() + b'\n{"id": "caf\xe9"}\n')
    assert refusal(path).startswith(f"{path}:2: captions file must be UTF-8")


def test_missing_source_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.jsonl") == f"captions: no such file or folder: {tmp_path / 'none.jsonl'}"


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.jsonl", ""), ("a.jsonl", "\n\n"), ("a.json", '{"images": []}'), ("a.tsv", "title\tfilepath\timage_id\n")],
)
def test_source_without_an_image_is_refused(tmp_path: Path, name: str, content: str) -> None:
    assert refusal(written(tmp_path / name, content)) == f"captions: no image in {tmp_path / name}"


def test_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "captions.csv", "")
    assert refusal(path).endswith(f"a file ending in .jsonl, .json, .tsv is needed, but got {path}")

"""Parquet files of pictures: a row is a picture, or refused with the reason; what is no such file is an error."""

from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow.parquet import write_table

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.remote import parquet_shard
from lexlip_lucene.data.remote.parquet_shard import ParquetShard
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.location import Location


def read(path: Path) -> list[CaptionedImage]:
    return list(ParquetShard(Location(path)).images())


def written(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    write_table(pyarrow.table(columns), path, **options)
    return path


def content(image: CaptionedImage) -> bytes:
    assert image.content is not None
    return image.content()


def test_hugging_face_s_layout_gives_pictures_by_file_and_row(tmp_path: Path) -> None:
    images = [{"bytes": b"one", "path": "dog.jpg"}, {"bytes": b"two", "path": None}]
    path = written(tmp_path / "train-0.parquet", {"image": images, "label": [3, 4], "text": [["a", "b"], None]})
    first, second = read(path)
    assert (first.id, first.path.name, first.place) == ("train-0/0", "dog.jpg", f"{path}:row 0")
    assert (first.captions, dict(first.keys)) == (("a", "b"), {"label": 3, "text": ["a", "b"]})
    assert (second.id, second.captions, content(first), content(second)) == ("train-0/1", (), b"one", b"two")


@pytest.mark.parametrize("name", parquet_shard.PICTURES)
@pytest.mark.parametrize("id", parquet_shard.IDS)
def test_plain_bytes_and_a_column_of_ids_are_read(tmp_path: Path, name: str, id: str) -> None:
    path = written(tmp_path / "a.parquet", {name: [b"one"], id: [7], "caption": ["a dog"], "split": ["train"]})
    (image,) = read(path)
    assert (image.id, image.captions, image.split, content(image)) == ("7", ("a dog",), "train", b"one")


def test_a_row_without_bytes_or_with_an_id_of_another_is_refused(tmp_path: Path) -> None:
    images = [{"bytes": b"one", "path": None}, {"bytes": None, "path": "x.jpg"}, {"bytes": b"", "path": None}, None]
    columns = {"image": [*images, images[0]], "key": ["a", "b", "c", "d", "a"]}
    refused = [image.refused for image in read(written(tmp_path / "a.parquet", columns))]
    assert refused == [
        "",
        "there are no bytes in this row, only the path 'x.jpg'",
        "there are no bytes in this row",
        "there are no bytes in this row",
        f"the id 'a' has been at {tmp_path}/a.parquet:row 0 already: no two pictures share one",
    ]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"url": ["http://x"], "key": ["1"]}, "the columns are url, key$"),
        ({"image": ["x.jpg"]}, "the columns are image, and image has string$"),
        ({"image": [{"path": "x.jpg"}]}, r"the columns are image, and image has struct<path: string>$"),
    ],
)
def test_a_file_without_pictures_is_an_error_that_names_its_columns(
    tmp_path: Path, columns: dict[str, Any], message: str
) -> None:
    path = written(tmp_path / "a.parquet", columns)
    with pytest.raises(InputError, match=rf"{path}: a column of encoded pictures is needed.*{message}"):
        read(path)


def test_a_file_that_was_cut_or_changed_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", {"image": [bytes(range(256)) * 40] * 50})
    whole = path.read_bytes()
    for damaged in (b"", whole[:-1], whole[: len(whole) // 2], b"PAR1" + whole[2000:], b"no parquet"):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=rf"{path}: this Parquet file can't be read"):
            read(path)


def test_columns_that_are_no_texts_or_numbers_stay_out_of_the_collection(tmp_path: Path) -> None:
    columns = {"image": [b"1"], "boxes": [[[1, 2]]], "mask": [b"2"], "ratio": [0.5], "seen": [True]}
    (image,) = read(written(tmp_path / "a.parquet", columns))
    assert dict(image.keys) == {"ratio": 0.5, "seen": True}


def test_columns_of_dictionaries_and_of_views_are_those_of_their_values(tmp_path: Path) -> None:
    texts = pyarrow.array(["a", "b"])
    columns = {
        "image": pyarrow.array([b"one", b"two"], pyarrow.binary_view()),
        "id": texts.dictionary_encode(),
        "caption": texts.cast(pyarrow.string_view()),
    }
    images = read(written(tmp_path / "a.parquet", columns))
    assert [(image.id, image.captions, content(image)) for image in images] == [
        ("a", ("a",), b"one"),
        ("b", ("b",), b"two"),
    ]


def test_the_first_columns_of_a_fitting_kind_are_taken_and_the_others_are_keys(tmp_path: Path) -> None:
    columns = {"image": ["a.png"], "jpg": [b"one"], "id": [b"x"], "key": ["k"], "image_id": [7]}
    (image,) = read(written(tmp_path / "a.parquet", columns))
    assert (image.id, content(image), dict(image.keys)) == ("k", b"one", {"image": "a.png", "image_id": 7})


@pytest.mark.parametrize(("ids", "kind"), [([b"x"], "binary"), ([1.0], "double"), ([{"a": 1}], "struct")])
def test_ids_that_are_neither_texts_nor_integers_are_an_error(tmp_path: Path, ids: list[Any], kind: str) -> None:
    path = written(tmp_path / "a.parquet", {"image": [b"one"], "id": ids})
    with pytest.raises(InputError, match=rf"a\.parquet: ids are texts or integers, but the column id has {kind}"):
        read(path)

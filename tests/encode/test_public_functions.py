"""The public functions of encoding, as `lexlip_lucene` exports them: they take files and folders as well."""

from pathlib import Path

import pytest
from PIL import Image
from support import tiny

import lexlip_lucene
from lexlip_lucene.encode.image_pass import ImagePass
from lexlip_lucene.encode.zero_shot import Prediction
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.errors import InputError, MemoryLimitError
from lexlip_lucene.vectors.collection import read_collection, read_queries

COLOURS = {"a.png": "red", "b.png": "blue", "c.png": "green"}


@pytest.fixture(scope="module")
def model() -> LexLip:
    return tiny.lexlip()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, colour in COLOURS.items():
        Image.new("RGB", (40, 30), colour).save(folder / name)
    return folder


@pytest.mark.parametrize("kind", [Path, str])
def test_a_folder_of_images_is_encoded(model: LexLip, photos: Path, tmp_path: Path, kind: type) -> None:
    report = lexlip_lucene.encode_images(model, kind(photos), tmp_path / "collection")
    assert (report.documents, report.rejected) == (3, 0)
    assert [document.id for document in read_collection(tmp_path / "collection")] == sorted(COLOURS)


def test_a_file_of_topics_is_encoded(model: LexLip, tmp_path: Path) -> None:
    (tmp_path / "topics.tsv").write_text("1\ta red circle\n2\tblue\n", encoding="utf-8")
    report = lexlip_lucene.encode_texts(model, tmp_path / "topics.tsv", tmp_path / "queries.jsonl")
    assert report.documents == 2
    assert [query.id for query in read_queries(tmp_path / "queries.jsonl")] == ["1", "2"]


def test_a_folder_is_classified_by_names_of_labels(model: LexLip, photos: Path) -> None:
    kept: list[Prediction] = []
    report = lexlip_lucene.classify_images(model, photos, ["red", "dog"], kept.append)
    assert report.classified == len(kept) == 3
    assert {label.label for prediction in kept for label in prediction.labels} <= {"red", "dog"}


def test_a_recipe_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no\.yaml"):
        lexlip_lucene.train(tmp_path / "no.yaml", tmp_path / "model")


def test_out_of_memory_is_one_line_that_names_the_option(
    model: LexLip, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(ImagePass, "heaviest", full)
    with pytest.raises(MemoryLimitError, match=r"encoding at batch size 2 .*--batch-size 1"):
        lexlip_lucene.encode_images(model, photos, tmp_path / "collection", batch_size=2)

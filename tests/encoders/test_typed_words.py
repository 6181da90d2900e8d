"""Typed queries of a model folder: its tokenizer, its word files, and their checksums."""

from pathlib import Path

import pytest
from support import tiny

from lexlip_lucene.encoders.query.query_encoder import LexLipQueryEncoder
from lexlip_lucene.encoders.query.typed_words import query_reader, read_word_files, word_cutter
from lexlip_lucene.errors import ModelError
from lexlip_lucene.words.read_query import QueryReader
from lexlip_lucene.words.word_files import NO_FILES

FILES = {"neighbours.json": b'{"zebra": ["dog"]}', "pieced_words.json": b'["runs"]', "token_counts.json": b'{"dog": 9}'}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tiny.lexlip().save_pretrained(tmp_path / "model", extra_files=FILES)
    return tmp_path / "model"


def reader(folder: Path) -> QueryReader:
    return query_reader(folder, LexLipQueryEncoder(folder))


def test_a_word_is_cut_as_the_tokenizer_cuts_it_with_its_place() -> None:
    text = "Two runs, é dog"
    cut = word_cutter(tiny.tokenizer())(text)
    assert [(word.text, word.tokens) for word in cut] == [
        ("Two", ("two",)),
        ("runs", ("run", "##s")),
        (",", ("[UNK]",)),
        ("é", ("[UNK]",)),
        ("dog", ("dog",)),
    ]
    assert all(text[word.begin : word.end] == word.text for word in cut)


def test_a_model_folder_says_what_it_knows(folder: Path) -> None:
    found = reader(folder).read("a red zebra runs over dogs")
    assert found.unknown == ["zebra"] and found.nearest == {"zebra": ["dog"]}
    assert {"red", "run", "##s", "dog"} <= set(found.weights), "dogs, which was never cut so, counts as dog"


def test_without_word_files_pieces_of_the_lexicon_count(tmp_path: Path) -> None:
    tiny.lexlip().save_pretrained(tmp_path / "model")
    assert read_word_files(tmp_path / "model") == NO_FILES
    assert {"dog", "##s"} <= set(reader(tmp_path / "model").read("dogs").weights)


@pytest.mark.parametrize("name", FILES)
def test_a_word_file_that_is_not_the_one_written_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"[]")
    with pytest.raises(ModelError, match=name):
        reader(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_word_file_that_the_config_names_must_be_there(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"{name} is missing"):
        reader(folder)

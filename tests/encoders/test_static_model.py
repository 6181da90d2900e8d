"""A model folder's inference-free text side, read without torch."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from support import tiny
from support.bridge_collections import write_collection

from lexlip_lucene import ImpactIndex, LexLip
from lexlip_lucene.encoders.query.query_encoder import LexLipQueryEncoder
from lexlip_lucene.encoders.query.static_model import StaticModel
from lexlip_lucene.errors import ModelError
from lexlip_lucene.records import Document

WORDS = st.lists(st.sampled_from([*tiny.WORDS, "Dogs", "zebra", "é", "!", "[MASK]"]), max_size=30).map(" ".join)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("static") / "model"
    tiny.lexlip().save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def both(folder: Path) -> tuple[StaticModel, LexLip]:
    return StaticModel(folder), LexLip.from_pretrained(folder)


@given(texts=st.lists(WORDS, min_size=1, max_size=4), top_k=st.none() | st.integers(1, 9), bits=st.integers(1, 16))
def test_texts_are_encoded_as_by_the_whole_model(
    both: tuple[StaticModel, LexLip], texts: list[str], top_k: int | None, bits: int
) -> None:
    static, whole = both
    assert static.sha256 == whole.sha256 and static.lexicon == whole.lexicon
    ours, theirs = (model.encode_texts(texts, top_k=top_k, bits=bits) for model in both)
    assert [list(vector.items()) for vector in ours] == [list(vector.items()) for vector in theirs]


def test_a_query_encoder_reads_only_the_table_of_a_static_model(folder: Path) -> None:
    assert isinstance(LexLipQueryEncoder(folder).model, StaticModel)


def test_weights_that_are_not_those_written_are_refused(folder: Path, tmp_path: Path) -> None:
    tiny.lexlip().save_pretrained(tmp_path / "model")
    file = tmp_path / "model" / "model.safetensors"
    save_file({**load_file(file), "text.raw_weight": load_file(file)["text.raw_weight"] + 1}, file)
    with pytest.raises(ModelError, match="another SHA-256"):
        StaticModel(tmp_path / "model")


def test_weights_of_another_length_are_refused(tmp_path: Path) -> None:
    tiny.lexlip().save_pretrained(tmp_path / "model")
    file = tmp_path / "model" / "model.safetensors"
    save_file({**load_file(file), "text.raw_weight": load_file(file)["text.raw_weight"][:3]}, file)
    with pytest.raises(ModelError, match="of 13 numbers is needed"):
        StaticModel(tmp_path / "model")


def test_a_model_with_a_transformer_has_no_static_side(tmp_path: Path) -> None:
    tiny.lexlip(text=tiny.BERT).save_pretrained(tmp_path / "model")
    with pytest.raises(ModelError, match="inference-free"):
        StaticModel(tmp_path / "model")


SEARCH = """
import sys
sys.argv = ["lexlip", "search", sys.argv[1], "--model", sys.argv[2], "--query", "a red circle"]
from lexlip_lucene.cli.main import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
loaded = [name for name in ("torch", "torchvision", "timm", "transformers", "pyserini") if name in sys.modules]
assert not loaded, loaded
"""


def test_a_search_from_the_command_line_loads_no_torch(folder: Path, tmp_path: Path) -> None:
    write_collection(tmp_path / "collection", [Document("1", "", {"red": 3, "circle": 2})])
    ImpactIndex.build(tmp_path / "collection", tmp_path / "index")
    arguments = [sys.executable, "-c", SEARCH, str(tmp_path / "index"), str(folder)]
    done = subprocess.run(arguments, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "1" in done.stdout

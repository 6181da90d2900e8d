"""`LexLip` as its users meet it: loaded, encoding, saved."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from support import tiny
from tokenizers import Tokenizer
from transformers import AutoTokenizer

from lexlip_lucene import LexLip
from lexlip_lucene.encoders.model.pixels import to_square
from lexlip_lucene.errors import ModelError, OutputError
from lexlip_lucene.recipes.model_spec import TextSpec

SIDES = pytest.mark.parametrize("text", [tiny.STATIC, tiny.BERT, tiny.DISTILBERT], ids=["static", "bert", "distilbert"])
TEXTS = ["a red circle", "two dogs run over a blue square", "zebra", "", "cat"]


def photos(count: int = 5) -> list[Image.Image]:
    chance = np.random.default_rng(0)
    return [Image.fromarray(chance.integers(0, 256, (30 + n, 50, 3), dtype=np.uint8)) for n in range(count)]


# --- saving and loading ------------------------------------------------------------------------------------------


@SIDES
def test_a_saved_model_gives_the_same_vectors_bit_for_bit(tmp_path: Path, text: TextSpec) -> None:
    model = tiny.lexlip(text=text)
    model.save_pretrained(tmp_path / "model")
    loaded = LexLip.from_pretrained(tmp_path / "model")
    pixels = torch.stack([to_square(photo, tiny.SIZE) for photo in photos()])
    with torch.inference_mode():
        assert torch.equal(loaded.image_weights(pixels), model.image_weights(pixels))
        assert torch.equal(loaded.text_weights(TEXTS), model.text_weights(TEXTS))
    assert loaded.encode_images(photos()) == model.encode_images(photos())
    assert loaded.config == model.config
    assert not loaded.training


@SIDES
def test_a_model_folder_holds_its_four_parts_and_no_pickle(tmp_path: Path, text: TextSpec) -> None:
    tiny.lexlip(text=text).save_pretrained(tmp_path / "model", card="# Tiny\n\nMade by a test.\n")
    names = {path.name for path in (tmp_path / "model").iterdir()}
    assert names >= {"config.json", "model.safetensors", "tokenizer.json", "README.md"}
    assert all(Path(name).suffix in (".json", ".safetensors", ".md") for name in names)
    assert (tmp_path / "model" / "README.md").read_text() == "# Tiny\n\nMade by a test.\n"
    assert json.loads((tmp_path / "model" / "config.json").read_bytes())["schema_version"] == 1


@SIDES
def test_the_same_weights_have_the_same_sha256_every_time(tmp_path: Path, text: TextSpec) -> None:
    model, seen = tiny.lexlip(text=text), set()
    for number in range(5):
        model.save_pretrained(tmp_path / str(number))
        seen.add(model.sha256)
    assert len(seen) == 1


def test_the_sha256_of_a_model_is_that_of_its_weights(tmp_path: Path) -> None:
    model = tiny.lexlip()
    model.save_pretrained(tmp_path / "model")
    expected = hashlib.sha256((tmp_path / "model" / "model.safetensors").read_bytes()).hexdigest()
    assert model.sha256 == LexLip.from_pretrained(tmp_path / "model").sha256 == expected
    tiny.lexlip(seed=1).save_pretrained(tmp_path / "other")
    assert LexLip.from_pretrained(str(tmp_path / "other")).sha256 != expected


def test_transformers_reads_the_tokenizer_of_a_model_folder(tmp_path: Path) -> None:
    model = tiny.lexlip()
    model.encode_texts(["dog"])  # sets truncation, which must not be saved
    model.save_pretrained(tmp_path / "model")
    loaded = AutoTokenizer.from_pretrained(tmp_path / "model")
    text = "Two DOGS, a zebra . " * 30
    whole = tiny.tokenizer().encode(text).ids
    assert loaded(text)["input_ids"] == whole
    assert Tokenizer.from_file(str(tmp_path / "model" / "tokenizer.json")).encode(text).ids == whole


def test_a_model_is_not_overwritten_without_force(tmp_path: Path) -> None:
    tiny.lexlip().save_pretrained(tmp_path / "model")
    with pytest.raises(OutputError, match="model exists already"):
        tiny.lexlip(seed=1).save_pretrained(tmp_path / "model")
    tiny.lexlip(seed=1).save_pretrained(tmp_path / "model", force=True)
    assert LexLip.from_pretrained(tmp_path / "model").encode_images(photos()) == tiny.lexlip(seed=1).encode_images(
        photos()
    )


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "model"
    tiny.lexlip().save_pretrained(folder)
    return folder


@pytest.fixture
def broken(saved: Path, tmp_path: Path) -> Path:
    """A model folder of the test's own to break."""
    return shutil.copytree(saved, tmp_path / "broken")


def refused(folder: Path, message: str) -> None:
    """Loading raises a ModelError of one line that names the folder."""
    with pytest.raises(ModelError, match=message) as raised:
        LexLip.from_pretrained(folder)
    assert str(folder) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_folder_without_one_of_its_files_is_refused(broken: Path, name: str) -> None:
    (broken / name).unlink()
    refused(broken, name)


def test_a_folder_that_is_no_model_or_not_there_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, "a model folder with config.json and model.safetensors is needed")
    refused(tmp_path / "gone", "a model folder with config.json and model.safetensors is needed")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config.json", "{", "not JSON"),
        ("config.json", "[]", "schema version 1 is needed, got None"),
        ("config.json", '{"schema_version": 1}', "name: Field required"),
        ("tokenizer.json", "{", "tokenizers can't read it"),
        ("model.safetensors", "", "does not fit config.json beside it"),
        ("model.safetensors", "not a tensor in sight", "does not fit config.json beside it"),
    ],
)
def test_a_broken_file_is_named(broken: Path, name: str, content: str, message: str) -> None:
    (broken / name).write_text(content)
    refused(broken, f"{name}.*{message}")


def test_a_truncated_weights_file_is_refused(broken: Path) -> None:
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    refused(broken, "model.safetensors does not fit config.json beside it")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("schema_version", 2, "a LexLIP model of schema version 1 is needed, got 2"),
        ("colour", "red", "colour: Extra inputs"),
        ("rows", [7, 8], "13 tokens need as many rows, but there are 2"),
        ("rows", [*range(8, 21)], r"rows must be in 0\.\.19"),
        ("rows", [*range(-1, 12)], r"rows must be in 0\.\.19"),
        ("vocabulary_size", 30, "is not as it was written: its content does not have the checksum"),
    ],
)
def test_a_config_that_is_not_right_is_refused(broken: Path, key: str, value: object, message: str) -> None:
    config = json.loads((broken / "config.json").read_bytes())
    (broken / "config.json").write_text(json.dumps({**config, key: value}))
    refused(broken, message)


def test_a_tokenizer_of_another_size_is_refused(broken: Path) -> None:
    config = json.loads((tiny.without_checksums(broken) / "config.json").read_bytes())
    (broken / "config.json").write_text(json.dumps({**config, "vocabulary_size": 30}))
    refused(broken, "its tokenizer has 20 tokens, but config.json says 30")


def test_a_model_from_before_checksums_is_read_as_it_is(broken: Path) -> None:
    before = LexLip.from_pretrained(broken)
    after = LexLip.from_pretrained(tiny.without_checksums(broken))
    assert after.encode_texts(TEXTS) == before.encode_texts(TEXTS)
    assert after.sha256 == before.sha256


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_changed_byte_of_a_file_that_is_loaded_is_found_or_changes_nothing(broken: Path, name: str) -> None:
    whole = (broken / name).read_bytes()
    expected = LexLip.from_pretrained(broken).encode_texts(TEXTS)
    found = 0
    for place in range(0, len(whole), max(1, len(whole) // 60)):
        (broken / name).write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        try:
            loaded = LexLip.from_pretrained(broken)
        except ModelError:
            found += 1
        else:
            assert name == "config.json", "only its layout may change unnoticed"
            assert loaded.encode_texts(TEXTS) == expected
    assert found > 30


def test_a_changed_model_card_does_not_stop_a_model(broken: Path) -> None:
    (broken / "README.md").write_text("trained on photos of mine")
    LexLip.from_pretrained(broken)


@pytest.mark.parametrize("name", ["../config.json", "a/b", "a\\b"])
def test_a_config_that_names_files_elsewhere_is_refused(broken: Path, name: str) -> None:
    config = json.loads((tiny.without_checksums(broken) / "config.json").read_bytes())
    (broken / "config.json").write_text(json.dumps({**config, "files": {name: "0"}}))
    refused(broken, "files: .*String should match pattern|files.*pattern")


@pytest.mark.parametrize("case", ["shape", "missing", "unexpected"])
def test_weights_of_another_shape_are_refused(broken: Path, case: str) -> None:
    tensors = load_file(broken / "model.safetensors")
    weight = tensors.pop("text.raw_weight")
    if case != "missing":
        tensors["text.raw_weight"] = weight[:3].clone() if case == "shape" else weight
    if case == "unexpected":
        tensors["text.more"] = weight.clone()
    save_file(tensors, broken / "model.safetensors")
    refused(broken, r"model.safetensors does not fit config.json beside it: .*text\.(raw_weight|more)")

"""One query at a time: the static side without torch, the transformer's with packed layers, both in ONNX Runtime."""

import math
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import orjson
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support import tiny
from support.cli_run import done, lexlip

from lexlip_lucene import LexLipQueryEncoder
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.static_query import StaticQuery
from lexlip_lucene.encoders.model.text_encoders import StaticText
from lexlip_lucene.encoders.query.onnx_query import OnnxQuery
from lexlip_lucene.errors import ModelError, OutputError
from lexlip_lucene.recipes.model_spec import TextSpec
from lexlip_lucene.records import Impacts
from lexlip_lucene.vectors.quantise import Quantiser

TEXTS = ["a red circle", "two dogs run over a blue square", "zebra", "", "cat cat cat", "[CLS] dog [SEP] red"]
PIECES = st.sampled_from([*tiny.WORDS, *tiny.SPECIAL, "zebra", "dogs", ".", " "])
SIDES = {"static": tiny.STATIC, "bert": tiny.BERT, "words": tiny.WORD_PATH}


def with_raw_weights(values: list[float], power: float) -> LexLip:
    model = tiny.lexlip(text=tiny.STATIC.model_copy(update={"length_power": power}))
    assert isinstance(model.text, StaticText)
    with torch.no_grad():
        model.text.raw_weight.copy_(torch.tensor(values))
    return model


@given(
    st.lists(PIECES, max_size=12).map(" ".join),
    st.lists(st.floats(-9, 9, width=32) | st.sampled_from([0.0, 1.0]), min_size=13, max_size=13),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.none() | st.integers(1, 4),
)
def test_a_static_query_is_the_formula_and_what_the_text_side_gives(
    text: str, raw: list[float], power: float, top_k: int | None
) -> None:
    model = with_raw_weights(raw, power)
    (found,) = model.encode_texts([text], top_k=top_k, bits=12)
    with torch.inference_mode():
        (weights,) = model.text_weights([text]).numpy()
    assert set(Quantiser(1.0).vector(weights, model.lexicon.tokens)) >= set(found)
    positive = {token: math.log1p(math.exp(raw[place])) for place, token in enumerate(model.lexicon.tokens)}
    present = {token: positive[token] for token, weight in zip(model.lexicon.tokens, weights, strict=True) if weight}
    length = math.sqrt(sum(weight**2 for weight in present.values())) ** power
    assert len(found) == min(len(present), top_k or 13)
    assert list(found.values()) == sorted(found.values(), reverse=True)
    for token, impact in found.items():
        exact = min(max(present[token] / length * 4095, 1), 4095)
        assert abs(impact - exact) <= 0.5 + 4095e-6 * 10, "rounded from a float32"


def test_texts_together_give_what_each_gives_alone() -> None:
    model = with_raw_weights([0.1 * number for number in range(13)], 1.0)
    assert model.encode_texts(TEXTS) == [model.encode_texts([text])[0] for text in TEXTS]


def test_equal_weights_of_a_static_query_stand_in_lexicon_order() -> None:
    model = with_raw_weights([1.0] * 13, 1.0)
    assert list(model.encode_texts(["dog red over cat a"])[0]) == ["a", "red", "dog", "cat", "over"]
    assert list(model.encode_texts(["dog red over cat a"], top_k=2)[0]) == ["a", "red"]


def test_a_static_query_needs_no_torch() -> None:
    modules = "lexlip_lucene.encoders.model.static_query, lexlip_lucene.encoders.query.onnx_query"
    script = f"import sys, {modules}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "transformers", "timm", "onnxruntime"} & set(loaded)
    assert StaticQuery.__module__ in loaded


@pytest.mark.parametrize("text", [tiny.BERT, tiny.DISTILBERT], ids=["bert", "distilbert"])
def test_one_text_through_packed_layers_gives_the_weights_of_a_batch(text: TextSpec) -> None:
    model = tiny.lexlip(text=text)
    with torch.inference_mode():
        for each in TEXTS:
            torch.testing.assert_close(model._one_text_weights(each), model.text_weights([each]), rtol=0, atol=1e-5)


def test_what_was_packed_is_forgotten_when_the_model_trains() -> None:
    model = tiny.lexlip(text=tiny.BERT)
    before = model.encode_texts(["a red dog"])
    model.train()
    with torch.no_grad():
        for parameter in model.text.parameters():
            parameter.mul_(1.5)
    model.eval()
    after = model.encode_texts(["a red dog"])
    assert after != before
    assert close(after[0], model.encode_texts(["a red dog", "cat"])[0])


# --- ONNX Runtime ------------------------------------------------------------------------------------------------


def close(one: Impacts, other: Impacts) -> bool:
    """True if two vectors differ only by the rounding of float32 sums."""
    return one.keys() == other.keys() and all(abs(one[token] - other[token]) <= 1 for token in one)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder and its export for each text side: `bert` and `bert.onnx`."""
    root = tmp_path_factory.mktemp("onnx")
    for name, text in SIDES.items():
        tiny.lexlip(text=text).save_pretrained(root / name)
        record = done("export", "onnx", root / name, root / f"{name}.onnx")
        assert record["tokens"] == 13 and record["bytes"] > 1000
    return root


@pytest.mark.parametrize("name", SIDES)
def test_the_graph_gives_the_queries_of_the_model(name: str, exported: Path) -> None:
    model, graph = LexLip.from_pretrained(exported / name), OnnxQuery(exported / f"{name}.onnx")
    for text in TEXTS:
        found = graph.encode(text)
        assert close(found, model.encode_texts([text])[0]), text
        assert type(found) is dict and {type(weight) for weight in found.values()} <= {int}
        assert list(found.values()) == sorted(found.values(), reverse=True)
    assert graph.lexicon == model.lexicon
    assert len(graph.encode("a red dog runs", top_k=2)) == 2
    assert max(graph.encode("a red dog", bits=4).values()) <= 15


@pytest.mark.parametrize("name", SIDES)
def test_a_graph_of_integers_is_near_the_model_and_leaves_no_other_file(
    name: str, exported: Path, tmp_path: Path
) -> None:
    done("export", "onnx", exported / name, tmp_path / "int8", "--int8")
    assert {file.name for file in (tmp_path / "int8").iterdir()} == {"query.onnx", "query.json", "tokenizer.json"}
    model, graph = LexLip.from_pretrained(exported / name), OnnxQuery(tmp_path / "int8")
    integers = b"MatMulInteger" in (tmp_path / "int8" / "query.onnx").read_bytes()
    assert integers == (name != "static"), "a static side has no matrix"
    for text in TEXTS:
        expected, found = model.encode_texts([text])[0], graph.encode(text)
        largest = max(expected.values(), default=0)
        for token in expected.keys() | found.keys():
            assert abs(expected.get(token, 0) - found.get(token, 0)) <= 0.05 * largest + 1, (text, token)


@pytest.mark.parametrize("name", ["static", "bert"])
def test_the_graph_takes_texts_of_any_number_and_length(name: str, exported: Path) -> None:
    model, graph = LexLip.from_pretrained(exported / name), OnnxQuery(exported / f"{name}.onnx")
    ids = np.array([[2, 8, 3, 0, 0], [2, 9, 10, 11, 3], [2, 12, 13, 3, 0]])
    given = {"ids": ids, "attention": ids != 0, "words": (ids != 0) & (ids > 4)}
    (weights,) = graph._session.run(None, {key: given[key] for key in graph._inputs})
    with torch.inference_mode():
        expected = model.text_weights(["red", "blue green circle", "square star"])
    assert weights.shape == (3, 13)
    assert ids[0, 1] == model.tokenizer.token_to_id("red")
    np.testing.assert_allclose(weights, expected, rtol=0, atol=1e-5)


def test_the_query_encoder_takes_an_export(exported: Path) -> None:
    encoder = LexLipQueryEncoder(exported / "static.onnx", top_k=2)
    assert encoder.encode("a red dog") == OnnxQuery(exported / "static.onnx").encode("a red dog", top_k=2)


def test_an_export_is_overwritten_by_force_alone_and_nothing_else_is(exported: Path, tmp_path: Path) -> None:
    shutil.copytree(exported / "static.onnx", tmp_path / "there")
    asked = ("export", "onnx", exported / "static", tmp_path / "there")
    assert "exists already" in lexlip(*asked).error
    done(*asked, "--force")
    (tmp_path / "there" / "query.onnx").unlink()
    assert "is not an exported query side" in lexlip(*asked, "--force").error


def test_a_folder_that_is_no_export_is_refused(exported: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"query\.json is missing"):
        OnnxQuery(exported / "static")
    for name, change, message in [
        ("version", lambda folder: rewrite(folder, schema_version=2), "schema version 1 is needed, got 2"),
        ("key", lambda folder: rewrite(folder, extra=1), "extra: "),
        ("json", lambda folder: (folder / "query.json").write_text("{"), "not JSON"),
        ("graph", lambda folder: (folder / "query.onnx").write_bytes(b"no graph"), "ONNX Runtime can't load it"),
    ]:
        shutil.copytree(exported / "static.onnx", tmp_path / name)
        change(tmp_path / name)
        with pytest.raises(ModelError, match=message):
            OnnxQuery(tmp_path / name)


def rewrite(folder: Path, **changes: object) -> None:
    file = folder / "query.json"
    file.write_bytes(orjson.dumps({**orjson.loads(file.read_bytes()), **changes}))


def test_a_model_without_a_scale_is_not_exported(tmp_path: Path) -> None:
    from lexlip_lucene.encoders.query.onnx_export import export_query

    model = tiny.lexlip()
    with pytest.raises(OutputError, match="exists already"):
        export_query(model, tmp_path)
    model.config = model.config.model_copy(update={"ceilings": None})
    with pytest.raises(ModelError, match="no calibrated scale"):
        export_query(model, tmp_path / "out")

"""A text's further words, by a table: in torch, in numpy and in ONNX Runtime."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from support import tiny

from lexlip_lucene import LexLip
from lexlip_lucene.encoders.model import packed_tensors
from lexlip_lucene.encoders.model.static_query import UNITS
from lexlip_lucene.encoders.model.text_encoders import StaticText
from lexlip_lucene.encoders.model.translation import Translation
from lexlip_lucene.encoders.query.onnx_export import export_query
from lexlip_lucene.encoders.query.onnx_query import OnnxQuery
from lexlip_lucene.encoders.query.static_model import StaticModel
from lexlip_lucene.errors import ModelError
from lexlip_lucene.recipes.model_spec import StaticTextSpec, TranslationSpec

STATIC = StaticTextSpec(kind="static", length_power=0.5, translation=TranslationSpec(tokens=3))
TOKENS = len(tiny.WORDS)
TEXTS = st.lists(st.sampled_from([*tiny.WORDS, "dogs", "zebra", "[MASK]"]), max_size=12).map(" ".join)


def shares() -> torch.Tensor:
    found = torch.rand(TOKENS, TOKENS, generator=torch.manual_seed(3))
    found.fill_diagonal_(0)
    return found * (found > 0.5)


def translating() -> LexLip:
    model = tiny.lexlip(text=STATIC)
    assert isinstance(model.text, StaticText) and model.text.translation is not None
    model.text.translation.fill(shares())
    return model.eval()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[LexLip, StaticModel, OnnxQuery]:
    home = tmp_path_factory.mktemp("translation")
    model = translating()
    model.save_pretrained(home / "model")
    export_query(model, home / "onnx")
    return LexLip.from_pretrained(home / "model"), StaticModel(home / "model"), OnnxQuery(home / "onnx")


def test_a_model_with_matrices_of_8_bits_keeps_the_table_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed_tensors, "SMALLEST", 1)
    model = translating()
    model.config = model.config.model_copy(update={"weights": "int8"})
    model.save_pretrained(tmp_path / "model")
    texts = [" ".join(tiny.WORDS), "a red dog", "cat"]
    assert StaticModel(tmp_path / "model").encode_texts(texts) == model.encode_texts(texts)


@given(text=TEXTS)
def test_each_way_of_encoding_gives_the_same_vector(made: tuple[LexLip, StaticModel, OnnxQuery], text: str) -> None:
    whole, static, graph = made
    weights = whole.text_weights([text])[0].detach()
    expected = whole.quantiser("text").vector(weights.numpy(), whole.lexicon.tokens)
    assert whole.encode_texts([text])[0] == static.encode(text) == expected
    assert graph.encode(text) == expected


@given(own=st.dictionaries(st.integers(0, TOKENS - 1), st.floats(0.1, 4), min_size=1))
def test_a_token_weighs_what_the_text_s_own_words_call_for_at_most(own: dict[int, float]) -> None:
    table = Translation(TranslationSpec(tokens=TOKENS), TOKENS)
    table.fill(shares())
    weights = torch.zeros(1, TOKENS)
    for position, weight in own.items():
        weights[0, position] = weight
    found = table(weights, torch.tensor([[*own, TOKENS]]))[0]
    for token in range(TOKENS):
        called = max(float(shares()[position, token]) * weight for position, weight in own.items())
        assert float(found[token]) == pytest.approx(own.get(token, called), abs=4 / UNITS)


def test_only_the_largest_shares_are_kept() -> None:
    table = Translation(TranslationSpec(tokens=2), 4)
    table.fill(torch.tensor([[0.0, 0.1, 0.3, 0.2], [0.0] * 4, [0.0, 0.0, 0.0, 0.5], [0.1, 0.0, 0.0, 0.0]]))
    assert table.further[0].tolist() == [2, 3]
    assert (table.share[0] / UNITS).tolist() == pytest.approx([0.3, 0.2], abs=1 / UNITS)
    assert table.share[1].tolist() == [0, 0]


def test_a_table_that_names_no_token_of_the_lexicon_is_refused(tmp_path: Path) -> None:
    model = translating()
    model.save_pretrained(tmp_path / "model")
    file = tmp_path / "model" / "model.safetensors"
    tensors = load_file(file)
    tensors["text.translation.further"][0, 0] = TOKENS
    save_file(tensors, file)
    config = tmp_path / "model" / "config.json"
    text = config.read_text()
    config.write_text(text)
    with pytest.raises(ModelError, match=r"another SHA-256|has no such token"):
        StaticModel(tmp_path / "model")


def test_the_gradient_reaches_the_weights_of_own_words_through_what_they_call_for() -> None:
    model = translating()
    tokens = model.text_weights(["a red dog"])
    assert isinstance(model.text, StaticText)
    lacking = tokens[0][[tiny.WORDS.index(word) for word in ("blue", "green", "circle", "star", "cat")]]
    lacking.sum().backward()
    assert model.text.raw_weight.grad is not None
    touched = {tiny.WORDS[place] for place in model.text.raw_weight.grad.nonzero().flatten().tolist()}
    assert touched and touched <= {"a", "red", "dog"}

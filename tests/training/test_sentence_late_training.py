"""A late head whose token vectors have a part from a frozen sentence model."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support import sentences, tiny
from support.halves import draw, recipe_of, trained, write
from transformers import PreTrainedTokenizerFast, RobertaConfig, RobertaModel

from lexlip_lucene.encoders.explain.late_maps import late_maps, late_patches
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.tokens import tokenise
from lexlip_lucene.encoders.query.late_query import LateQuery
from lexlip_lucene.encoders.query.late_texts import late_texts
from lexlip_lucene.encoders.query.sentence_states import GRAPH_FILE, TOKENIZER_FILE, shares
from lexlip_lucene.errors import ModelError
from lexlip_lucene.training.start.caption_states import caption_states
from lexlip_lucene.training.start.sentence_model import sentence_spec

STATIC = {"kind": "static"}
LATE = {"width": 16, "epochs": 3, "batch_size": 8}
TEXTS = ["dog", "a red circle over two blue dogs", "", "zebra dog", "  DOG,dog!"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("halves")
    return write(folder, draw(folder))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return sentences.write(tmp_path_factory.mktemp("sentences"))


@pytest.fixture(scope="module")
def folder(data: Path, model: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("late") / "model"
    trained(recipe_of(data, text=STATIC, late={**LATE, "sentences": model}), output)
    return output


def test_the_sentence_model_changes_the_late_head_and_nothing_else(data: Path, folder: Path, tmp_path: Path) -> None:
    plain, _ = trained(recipe_of(data, text=STATIC), tmp_path / "plain")
    found = LexLip.from_pretrained(folder)
    assert found.late is not None and found.late.sentence is not None
    assert found.late.sentence.weight.abs().max() > 0
    for name, tensor in plain.state_dict().items():
        assert torch.equal(tensor, found.state_dict()[name]), name


def test_a_query_has_the_vectors_that_training_sees(folder: Path, model: str) -> None:
    loaded, query = LexLip.from_pretrained(folder), LateQuery(folder)
    length = loaded.config.text.max_length
    states = caption_states(model, loaded.tokenizer, length, TEXTS).of(np.arange(len(TEXTS)))
    assert states.shape[2] == sentences.WIDTH
    with torch.inference_mode():
        theirs = loaded.late_tokens(tokenise(loaded.tokenizer, TEXTS, max_length=length), states)
        exact = late_texts(loaded, TEXTS)
    assert torch.allclose(exact.vectors, theirs.vectors, atol=1e-3), "states in training have half precision"
    for row, text in enumerate(TEXTS):
        heard = exact.weights[row] > 0
        ours = query(text)
        assert ours.vectors == pytest.approx(exact.vectors[row, heard].numpy(), abs=1e-5)
        assert ours.weights == pytest.approx(exact.weights[row, heard].numpy(), abs=1e-6)


def test_states_are_kept_for_the_same_captions_and_sentence_model(model: str, tmp_path: Path) -> None:
    first = caption_states(model, tiny.tokenizer(), 9, TEXTS, cache=tmp_path)
    (kept,) = tmp_path.iterdir()
    again = caption_states(model, tiny.tokenizer(), 9, TEXTS, cache=tmp_path)
    other = caption_states(model, tiny.tokenizer(), 9, [*TEXTS[1:], "cat"], cache=tmp_path)
    assert torch.equal(first.states, again.states) and torch.equal(first.first, again.first)
    assert not torch.equal(first.first, other.first)
    assert len(list(tmp_path.iterdir())) == 2 and kept.exists()
    single = caption_states(model, tiny.tokenizer(), 9, [TEXTS[1]]).of(np.array([0]))
    assert torch.allclose(first.of(np.array([0, 1]))[1], single[0], atol=2e-3), "pads change nothing"


def test_a_token_s_map_is_as_the_query_has_it(folder: Path) -> None:
    loaded, query = LexLip.from_pretrained(folder), LateQuery(folder)
    known = next(token for token in loaded.lexicon.tokens if token.isalpha())
    picture = Image.new("RGB", (64, 64), "teal")
    (found,) = late_maps(loaded, picture, [known], texts=[f"{known} dog"])
    with torch.inference_mode():
        patches = late_patches(loaded, picture).numpy()
    vector = query(f"{known} dog").vectors[0]
    assert found.weights.ravel() == pytest.approx((patches @ vector).clip(min=0), abs=1e-5)


def test_a_token_s_vector_depends_on_words_that_are_not_its_neighbours(data: Path, model: str, tmp_path: Path) -> None:
    trained(recipe_of(data, text=STATIC, late={**LATE, "context": False, "sentences": model}), tmp_path / "model")
    query = LateQuery(tmp_path / "model")
    known = next(token for token in query.config.tokens if token.isalpha())
    first, second = (query(f"{known} {other}").vectors[0] for other in ("red", "dog"))
    assert not np.array_equal(first, second)


def test_a_token_is_the_mean_of_those_that_share_a_letter_with_it() -> None:
    of = [(0, 0), (0, 3), (3, 5), (6, 9), (9, 9)]
    found = shares(of, [(0, 5), (4, 7), (5, 6), (0, 0)])
    assert found.tolist() == [[0, 0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5, 0], [0] * 5, [0] * 5]
    assert shares([], [(0, 1)]).shape == (1, 0)
    assert shares([(0, 1)], []).shape == (0, 1)


SPANS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).map(lambda ends: (min(ends), max(ends))), max_size=6)


@given(of=SPANS, to=SPANS)
def test_shares_are_those_of_the_letters_in_common(of: list[tuple[int, int]], to: list[tuple[int, int]]) -> None:
    found = shares(of, to)
    for row, (first, last) in enumerate(to):
        common = [bool({*range(begin, end)} & {*range(first, last)}) for begin, end in of]
        assert found[row].tolist() == pytest.approx([one / max(sum(common), 1) for one in common])


@pytest.mark.parametrize("name", [GRAPH_FILE, TOKENIZER_FILE])
def test_a_sentence_model_that_is_missing_or_another_one_is_named(folder: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(folder, tmp_path / "model")
    with (tmp_path / "model" / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(ModelError, match=f"{name} does not fit config.json"):
        LateQuery(tmp_path / "model")
    (tmp_path / "model" / name).unlink()
    with pytest.raises(ModelError, match=f"{name} is missing"):
        LateQuery(tmp_path / "model")


def test_a_recipe_that_names_no_sentence_model_says_what_is_needed(data: Path, tmp_path: Path) -> None:
    late: dict[str, Any] = {**LATE, "sentences": str(tmp_path)}
    with pytest.raises(ModelError, match=r"config\.json: hidden_size and max_position_embeddings are needed"):
        trained(recipe_of(data, text=STATIC, late=late), tmp_path / "model")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("model.safetensors", b"", "a sentence model of transformers is needed: SafetensorError"),
        ("tokenizer.json", b"{}", "the tokenizer of a sentence model is needed"),
        ("tokenizer.json", None, "the tokenizer of a sentence model is needed, but none of .* is there"),
    ],
)
def test_a_broken_sentence_model_is_named_before_training(
    data: Path, tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    folder = Path(sentences.write(tmp_path / "sentences"))
    if content is None:
        for file in folder.glob("tokenizer*"):
            file.unlink()
    else:
        (folder / name).write_bytes(content)
    recipe = recipe_of(data, text=STATIC, late={**LATE, "sentences": str(folder)})
    with pytest.raises(ModelError, match=f"{folder}: {message}"):
        trained(recipe, tmp_path / "model")
    assert not (tmp_path / "model.training").exists()


def test_a_text_is_cut_where_the_sentence_model_s_tokenizer_says(tmp_path: Path) -> None:
    config = RobertaConfig(
        vocab_size=len(tiny.VOCABULARY),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=14,  # of which two stand for no token
    )
    RobertaModel(config).save_pretrained(tmp_path)
    fast = PreTrainedTokenizerFast(tokenizer_object=tiny.tokenizer(), pad_token="[PAD]", model_max_length=12)
    fast.save_pretrained(tmp_path)
    states = caption_states(str(tmp_path), tiny.tokenizer(), 64, ["dog " * 40])
    assert sentence_spec(str(tmp_path)).max_length == 12
    found = states.of(np.array([0]))[0]
    assert found[:11].any(dim=1).tolist() == [False, *[True] * 10] and not found[11:].any()


def test_a_tiny_late_head_without_a_sentence_model_has_no_tensor_of_it() -> None:
    from lexlip_lucene.recipes.model_spec import LateSpec

    assert not [name for name in tiny.lexlip(late=LateSpec(width=8)).state_dict() if "sentence" in name]

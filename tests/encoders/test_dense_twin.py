"""The dense twin: both sides' vectors, and the start it shares with the sparse side."""

from pathlib import Path

import numpy as np
import pytest
import torch
from support import halves, tiny
from torch import Tensor

from lexlip_lucene import LexLip
from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.encoders.model.dense import DenseTwin, mean_of_words
from lexlip_lucene.encoders.model.tokens import tokenise
from lexlip_lucene.errors import ModelError
from lexlip_lucene.progress import SILENT
from lexlip_lucene.recipes.model_spec import TextSpec
from lexlip_lucene.training.examples.frozen_states import frozen_states
from lexlip_lucene.training.examples.sources import find_pictures
from lexlip_lucene.training.start.starting import compute_start, make_model, make_vocabulary

SIDES = pytest.mark.parametrize("text", [tiny.STATIC, tiny.BERT, tiny.DISTILBERT], ids=["static", "bert", "distilbert"])
TEXTS = ["a red circle", "two dogs run", "zebra", "cat"]


def pixels(count: int = 3) -> Tensor:
    chance = np.random.default_rng(0)
    return torch.from_numpy(chance.integers(0, 256, (count, 3, tiny.SIZE, tiny.SIZE), dtype=np.uint8))


# --- vectors -----------------------------------------------------------------------------------------------------


def test_an_image_s_vector_is_a_map_of_its_mean_adapted_state_and_one_of_its_mean_state() -> None:
    twin, chance = DenseTwin(6, 4, 9, 5, None), np.random.default_rng(0)
    adapted, mean = chance.normal(size=(2, 7, 4)), chance.normal(size=(2, 6))
    first, second = (side.weight.detach().double().numpy() for side in (twin.adapted, twin.mean_state))
    wanted = adapted.mean(axis=1) @ first.T + mean @ second.T + twin.mean_state.bias.detach().numpy()
    found = twin.image(torch.tensor(adapted).float(), torch.tensor(mean).float(), raw=True)
    np.testing.assert_allclose(found.detach().numpy(), wanted, atol=1e-6)  # float32
    unit = twin.image(torch.tensor(adapted).float(), torch.tensor(mean).float()).detach().numpy()
    np.testing.assert_allclose(unit, wanted / np.linalg.norm(wanted, axis=1, keepdims=True), atol=1e-6)


def test_the_mean_of_words_leaves_out_padding_and_special_positions() -> None:
    hidden = torch.tensor([[[1.0], [2.0], [4.0]], [[1.0], [1.0], [1.0]]])
    words = torch.tensor([[False, True, True], [False, False, False]])
    assert mean_of_words(hidden, words).tolist() == [[3.0], [0.0]]


@SIDES
@torch.inference_mode()
def test_a_model_s_embeddings_have_unit_length_and_outlive_saving(tmp_path: Path, text: TextSpec) -> None:
    model = tiny.lexlip(text=text, dense_width=8)
    images, texts = model.image_embeddings(pixels()), model.text_embeddings(TEXTS)
    assert images.shape == (3, 8) and texts.shape == (4, 8)
    assert images.dtype == texts.dtype == torch.float32
    torch.testing.assert_close(images.norm(dim=1), torch.ones(3))
    known = texts[[0, 1, 3]]  # "zebra" is not a known word, which leaves the static side nothing
    torch.testing.assert_close(known.norm(dim=1), torch.ones(3))
    model.save_pretrained(tmp_path / "model")
    loaded = LexLip.from_pretrained(tmp_path / "model")
    assert loaded.config.dense_width == 8
    assert torch.equal(loaded.image_embeddings(pixels()), images)
    assert torch.equal(loaded.text_embeddings(TEXTS), texts)


@SIDES
@torch.inference_mode()
def test_a_text_s_vector_does_not_depend_on_the_others_of_its_batch(text: TextSpec) -> None:
    model = tiny.lexlip(text=text, dense_width=8)
    together = model.text_embeddings(["cat", "a red dog run over a blue square"])
    torch.testing.assert_close(together[:1], model.text_embeddings(["cat"]))


@torch.inference_mode()
def test_a_static_text_is_the_bag_of_its_weighted_words() -> None:
    model = tiny.lexlip(dense_width=8)
    assert model.dense is not None and model.dense.words is not None
    weights = model.raw_text_weights(tokenise(model.tokenizer, TEXTS, max_length=16))
    wanted = torch.nn.functional.normalize(weights @ model.dense.words.weight.T, dim=1)
    torch.testing.assert_close(model.text_embeddings(TEXTS), wanted)


@SIDES
def test_a_loss_on_the_embeddings_reaches_backbone_adapter_and_text_side(text: TextSpec) -> None:
    model = tiny.lexlip(text=text, dense_width=8).train()
    (model.image_embeddings(pixels()) @ model.text_embeddings(TEXTS[:3]).T).sum().backward()
    for part in (model.dense, model.image.tower, model.image.adapter, model.text):
        assert part is not None
        assert any(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in part.parameters())
    assert all(parameter.grad is None for parameter in model.image.head.parameters())


def test_a_model_without_a_twin_says_so() -> None:
    model = tiny.lexlip()
    for call in (lambda: model.image_embeddings(pixels()), lambda: model.text_embeddings(TEXTS)):
        with pytest.raises(ModelError, match="model tiny has no dense twin: train it"):
            call()


def test_adapted_states_lead_to_the_same_logits() -> None:
    model = tiny.lexlip()
    states = torch.randn(2, 4, 32, generator=torch.Generator().manual_seed(0))
    assert torch.equal(model.image.logits_of(*model.image.adapted(states)), model.image.logits(states))


# --- the shared start --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "rank"), [(3, 3), (6, 6), (9, 6)])
def test_the_start_is_the_best_map_of_its_rank(width: int, rank: int) -> None:
    chance = np.random.default_rng(0)
    ridge = chance.normal(size=(11, 6))
    twin = DenseTwin(6, 4, 11, width, None)
    twin.start_from_ridge(torch.tensor(ridge).float())
    assert twin.words is not None
    product = (twin.words.weight.T @ twin.mean_state.weight).detach().numpy()
    left, values, right = np.linalg.svd(ridge, full_matrices=False)
    np.testing.assert_allclose(product, (left[:, :rank] * values[:rank]) @ right[:rank], atol=1e-5)  # float32
    error = np.linalg.norm(product - ridge)
    assert error == pytest.approx(np.linalg.norm(values[rank:]), abs=1e-4), "what the cut takes away and no more"


@pytest.mark.parametrize("text", ["static", "transformer"])
def test_a_computed_start_gives_the_twin_the_ridge_map_of_the_sparse_side(tmp_path: Path, text: str) -> None:
    data = halves.write(tmp_path, halves.draw(tmp_path))
    side = {"kind": "static"} if text == "static" else {**tiny.BERT.model_dump(), "architecture": _small_bert()}
    recipe = halves.recipe_of(
        data, image__frozen=True, image__ridge={"strength": 50}, text=side, training__dense={"width": 32}
    )  # as wide as the backbone: nothing is cut
    images = read_captions(data / "captions.jsonl", split="train")
    vocabulary = make_vocabulary(recipe, images, np.arange(len(images)))
    model = make_model(recipe, vocabulary, [caption for image in images for caption in image.captions]).eval()
    found = find_pictures(images, 32, progress=SILENT)
    source = frozen_states(model, found.source, mirrored=False, cache=None, progress=SILENT)
    compute_start(model, recipe, source, vocabulary.captions, np.arange(len(images)))
    twin, path = model.dense, model.image.global_path
    assert twin is not None and path is not None
    with torch.inference_mode():
        _, mean = model.image.adapted(source.kept[0])
        if twin.words is not None:
            scored = twin.image(torch.zeros(40, 1, 16), mean, raw=True) @ twin.words.weight
            torch.testing.assert_close(scored, mean @ path.weight.T, atol=1e-3, rtol=1e-3)  # float32, W up to 10
        else:
            gram = twin.mean_state.weight @ twin.mean_state.weight.T  # S, whose trace is the sum of W's values
            assert gram.trace().item() == pytest.approx(torch.linalg.svdvals(path.weight).sum().item(), rel=1e-3)


def _small_bert() -> dict[str, object]:
    return {key: value for key, value in tiny.BERT.architecture.items() if key != "vocab_size"}

"""The late head: patch vectors and token vectors, and the two scores of FILIP."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from support import tiny
from torch import Tensor

from lexlip_lucene.encoders.model import packed_tensors
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.tokens import tokenise
from lexlip_lucene.encoders.pool.late_head import LateHead, LateTokens, patch_scores, token_scores
from lexlip_lucene.encoders.query import late_query
from lexlip_lucene.encoders.query.late_query import LateQuery
from lexlip_lucene.errors import ModelError
from lexlip_lucene.late.late_score import late_scores
from lexlip_lucene.recipes.model_spec import LateSpec, SentenceSpec

LATE = LateSpec(width=8, mix=0.4)
TEXTS = st.lists(st.sampled_from([*tiny.WORDS, "Dogs", "zebra", "é", "!"]), max_size=9).map(" ".join)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("late") / "model"
    tiny.lexlip(late=LATE).save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def both(folder: Path) -> tuple[LateQuery, LexLip]:
    return LateQuery(folder), LexLip.from_pretrained(folder)


def drawn(seed: int, texts: int, length: int, pictures: int, patches: int, width: int = 5) -> tuple[LateTokens, Tensor]:
    chance = torch.Generator().manual_seed(seed)
    vectors = torch.nn.functional.normalize(torch.randn(texts, length, width, generator=chance), dim=-1)
    weights = torch.rand(texts, length, generator=chance) * (torch.rand(texts, length, generator=chance) > 0.3)
    seen = torch.nn.functional.normalize(torch.randn(pictures, patches, width, generator=chance), dim=-1)
    return LateTokens(vectors, weights), seen


SHAPES = {"seed": st.integers(0, 999), "length": st.integers(1, 6), "patches": st.integers(1, 5)}


@given(**SHAPES)
def test_the_score_of_tokens_is_the_weighted_mean_of_their_best_patches(seed: int, length: int, patches: int) -> None:
    tokens, seen = drawn(seed, 3, length, 4, patches)
    found = token_scores(tokens, seen).double()
    for text in range(3):
        vectors, weights = (part[text].double() for part in tokens)
        for picture in range(4):
            best = (vectors @ seen[picture].double().T).max(dim=1).values
            expected = (weights * best).sum() / weights.sum() if weights.any() else torch.tensor(0.0)
            assert found[text, picture] == pytest.approx(float(expected), abs=1e-5)


@given(**SHAPES)
def test_the_score_of_patches_is_the_mean_of_their_best_tokens_that_count(seed: int, length: int, patches: int) -> None:
    tokens, seen = drawn(seed, 3, length, 4, patches)
    found = patch_scores(tokens, seen)
    for text in range(3):
        counted = tokens.vectors[text][tokens.weights[text] > 0]
        for picture in range(4):
            best = (counted @ seen[picture].T).max(dim=0).values.mean() if len(counted) else torch.tensor(0.0)
            assert float(found[text, picture]) == pytest.approx(float(best), abs=1e-5)


@pytest.mark.parametrize("score", [token_scores, patch_scores])
def test_pads_change_no_score_even_if_all_similarities_are_negative(score: object) -> None:
    direction = torch.nn.functional.normalize(torch.ones(1, 1, 4), dim=-1)
    seen = -direction.expand(2, 3, 4)
    alone = LateTokens(direction, torch.ones(1, 1))
    padded = LateTokens(torch.cat([direction, torch.zeros(1, 2, 4)], dim=1), torch.tensor([[1.0, 0, 0]]))
    assert callable(score)
    assert torch.allclose(score(alone, seen), torch.full((1, 2), -1.0), atol=1e-6)
    assert torch.equal(score(alone, seen), score(padded, seen))


@given(text=TEXTS, seed=st.integers(0, 9))
def test_a_query_without_torch_scores_as_the_model_does(both: tuple[LateQuery, LexLip], text: str, seed: int) -> None:
    query, model = both
    assert query.sha256 == model.sha256
    _, seen = drawn(seed, 1, 1, 3, 4, width=8)
    tokens = query(text)
    ours = late_scores(tokens.vectors, tokens.weights, list(seen.numpy()))
    with torch.inference_mode():
        batch = tokenise(model.tokenizer, [text], max_length=model.config.text.max_length)
        theirs = token_scores(model.late_tokens(batch), seen)[0].numpy()
    assert ours == pytest.approx(theirs, abs=1e-6)


def test_special_and_unknown_tokens_have_no_vector(both: tuple[LateQuery, LexLip]) -> None:
    query, _ = both
    assert query("").is_empty and query("zebra [MASK] é").is_empty
    assert len(query("a red zebra dog dog").vectors) == 4


def test_vectors_have_unit_length_and_the_model_keeps_its_mix(both: tuple[LateQuery, LexLip]) -> None:
    query, model = both
    tokens = query("a red dog")
    assert np.linalg.norm(tokens.vectors, axis=1) == pytest.approx(np.ones(3), abs=1e-6)
    assert query.mix == 0.4
    with torch.inference_mode():
        states = model.image.tower(torch.rand(2, 3, tiny.SIZE, tiny.SIZE))
        patches = model.patches_of_states(states)
    assert patches.shape == (2, 4, 8)
    assert patches.norm(dim=-1).numpy() == pytest.approx(np.ones((2, 4)), abs=1e-5)


def test_a_table_of_eight_bits_is_read_as_the_model_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_tensors, "SMALLEST", 100)
    monkeypatch.setattr(late_query, "SMALLEST", 100)
    model = tiny.lexlip(late=LATE)
    model.config = model.config.model_copy(update={"weights": "int8"})
    model.save_pretrained(tmp_path / "model")
    assert load_file(tmp_path / "model" / "model.safetensors")["late.words"].dtype == torch.int8
    query, loaded = LateQuery(tmp_path / "model"), LexLip.from_pretrained(tmp_path / "model")
    assert loaded.late is not None
    position = torch.tensor([loaded.lexicon.tokens.index("dog")])
    assert query("dog").vectors[0] == pytest.approx(loaded.late_vectors(position)[0].detach().numpy(), abs=1e-6)


def test_a_token_s_vector_depends_on_its_neighbours_unless_context_is_off(
    both: tuple[LateQuery, LexLip], tmp_path: Path
) -> None:
    assert not np.allclose(both[0]("red dog").vectors[1], both[0]("blue dog").vectors[1])
    tiny.lexlip(late=LateSpec(width=8, context=False)).save_pretrained(tmp_path / "model")
    alone = LateQuery(tmp_path / "model")
    assert np.array_equal(alone("red dog").vectors[1], alone("blue dog").vectors[1])


@given(text=TEXTS)
def test_pads_change_no_vector_of_a_text(both: tuple[LateQuery, LexLip], text: str) -> None:
    _, model = both
    longer = "a red dog over two cats run"
    with torch.inference_mode():
        single, padded = (
            model.late_tokens(tokenise(model.tokenizer, texts, max_length=64)) for texts in ([text], [text, longer])
        )
    length = single.vectors.shape[1]
    heard = single.weights[0] > 0
    assert torch.allclose(single.vectors[0][heard], padded.vectors[0, :length][heard], atol=1e-6)
    assert not padded.weights[0, length:].any()


@pytest.mark.parametrize("context", [True, False])
def test_a_turn_of_the_space_changes_all_vectors_and_no_score(context: bool) -> None:
    head = LateHead(LateSpec(width=6, context=context, sentence=SentenceSpec(width=3, max_length=9)), 5, 7).double()
    for tensor in head.parameters():
        torch.nn.init.normal_(tensor)
    positions, states = torch.randint(0, 8, (4, 5)), torch.randn(4, 5, 3).double()
    rotation = torch.linalg.qr(torch.randn(6, 6).double())[0]
    seen = torch.randn(2, 3, 5).double()
    with torch.no_grad():
        before, patches = head.of_tokens(positions, states), head.of_patches(seen)
        head.turn(rotation)
        after, turned = head.of_tokens(positions, states), head.of_patches(seen)
    assert torch.allclose(after.vectors, before.vectors @ rotation)
    assert torch.allclose(turned, patches @ rotation)
    assert torch.allclose(token_scores(after, turned), token_scores(before, patches))


def test_the_start_gives_a_patch_the_words_that_the_ridge_map_gives_it() -> None:
    head = LateHead(LateSpec(width=6), state_width=5, tokens=7)
    ridge, idf = torch.randn(7, 5), torch.rand(7) + 0.1
    head.start_from(ridge, idf)
    states = torch.randn(4, 5)
    product = head.patches(states) @ head.words.T
    assert torch.allclose(product, states @ ridge.T, atol=1e-4)
    assert torch.allclose(torch.nn.functional.softplus(head.raw_weight), idf, atol=1e-5)


def test_a_model_without_a_late_head_says_what_is_missing(tmp_path: Path) -> None:
    model = tiny.lexlip()
    with pytest.raises(ModelError, match="no patch vectors: train it with late"):
        model.patches_of_states(torch.zeros(1, 4, 32))
    model.save_pretrained(tmp_path / "model")
    with pytest.raises(ModelError, match="no patch vectors: train it with late"):
        LateQuery(tmp_path / "model")


def test_token_vectors_of_another_shape_are_refused(folder: Path, tmp_path: Path) -> None:
    tiny.lexlip(late=LATE).save_pretrained(tmp_path / "model")
    file = tmp_path / "model" / "model.safetensors"
    save_file({**load_file(file), "late.words": load_file(file)["late.words"][:3].contiguous()}, file)
    with pytest.raises(ModelError, match=r"late\.words of 13 × 8 numbers is needed"):
        LateQuery(tmp_path / "model")


def test_a_pooled_head_has_one_vector_a_picture_that_of_the_mean_state() -> None:
    head = LateHead(LateSpec(width=6, pooled=True), state_width=5, tokens=7)
    states = torch.randn(4, 9, 5)
    expected = torch.nn.functional.normalize(head.patches(states.mean(dim=1)), dim=-1)
    assert torch.allclose(head.of_patches(states), expected.unsqueeze(1), atol=1e-6)

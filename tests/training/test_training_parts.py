"""The parts of training on their own: captions, ridge start, optimiser, looks, search among images kept aside."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support import tiny
from support.oracle import rank
from torch import Tensor, nn

from lexlip_lucene.data.captions import CaptionedImage
from lexlip_lucene.encoders.model.text_encoders import StaticText
from lexlip_lucene.errors import InputError
from lexlip_lucene.recipes.training_recipe import TrainingRecipe
from lexlip_lucene.records import Document
from lexlip_lucene.training.examples.augmentation import Augmentation, augmented
from lexlip_lucene.training.examples.examples import (
    CaptionTokens,
    caption_counts,
    caption_presence,
    split_aside,
)
from lexlip_lucene.training.examples.sources import HeldPictures, weights_of
from lexlip_lucene.training.losses.words import CaptionWords
from lexlip_lucene.training.parallel import ALONE
from lexlip_lucene.training.run.optimiser import make_optimiser, set_rate
from lexlip_lucene.training.run.selection import blended, measure_aside
from lexlip_lucene.training.scale import SimilarityScale
from lexlip_lucene.training.start.ridge import caption_targets, start_from_ridge
from lexlip_lucene.vectors.quantise import Quantiser, calibrate_ceiling

CAPTIONS = [("a red dog", "red"), ("two cats",), ("a blue star", "a star over a square", "star", "blue star")]


def captioned(captions: Sequence[tuple[str, ...]] = CAPTIONS) -> CaptionTokens:
    images = [CaptionedImage(f"i{n}", Path(f"{n}.png"), "train", texts) for n, texts in enumerate(captions)]
    return CaptionTokens.of(images, tiny.tokenizer(), 16)


# --- captions ----------------------------------------------------------------------------------------------------


@given(st.integers(1, 50), st.integers(0, 60), st.integers(0, 9))
def test_images_are_split_once_by_the_seed(count: int, keep_aside: int, seed: int) -> None:
    if keep_aside >= count:
        with pytest.raises(InputError, match=f"keep_aside is {keep_aside}, but there are only {count} readable"):
            split_aside(count, keep_aside, seed)
        return
    trained, aside = split_aside(count, keep_aside, seed)
    assert sorted([*trained.tolist(), *aside.tolist()]) == list(range(count))
    assert len(aside) == keep_aside
    again = split_aside(count, keep_aside, seed)
    assert (again[0].tolist(), again[1].tolist()) == (trained.tolist(), aside.tolist())


def test_a_drawn_caption_is_the_image_s_own_and_no_other_is_drawn_twice() -> None:
    captions, chance = captioned(), np.random.default_rng(0)
    images = np.array([2, 0, 1])
    for _ in range(20):
        ids = captions.rows(captions.draw(images, 2, chance)).ids.view(3, 2, -1)
        for image, drawn in zip(images, ids.tolist(), strict=True):
            own = [row.tolist() for row in captions.tokens.ids[captions.first[image] : captions.first[image + 1]]]
            assert all(row in [one[: len(row)] for one in own] for row in drawn)
            assert drawn[0] != drawn[1] or len(own) == 1


def test_all_captions_come_with_the_place_of_their_image() -> None:
    tokens, owner = captioned().all_of(np.array([2, 0]))
    assert owner.tolist() == [0, 0, 0, 0, 1, 1]
    assert len(tokens.ids) == 6


def test_words_are_counted_by_caption_and_by_image() -> None:
    model, images = tiny.lexlip(), np.array([0, 1, 2])
    names, counts = model.lexicon.tokens, caption_counts(model, captioned(), images)
    found = [{names[t]: int(row[t]) for t in row.nonzero().flatten()} for row in counts]
    assert found == [
        {"a": 1, "red": 2, "dog": 1},
        {"two": 1, "cat": 1, "##s": 1},
        {"a": 2, "blue": 2, "star": 4, "over": 1, "square": 1},
    ]
    presence = caption_presence(model, captioned(), images)
    assert presence.shape == (7, 13)
    assert presence.sum(dim=1).tolist() == [3, 1, 3, 3, 4, 1, 2]


def test_the_prior_of_a_word_is_its_log_odds_over_the_images_trained_on() -> None:
    model = tiny.lexlip()
    words = CaptionWords.of(model, captioned(), np.array([0, 2]))
    prior = dict(zip(model.lexicon.tokens, words.prior.tolist(), strict=True))
    assert prior["dog"] == pytest.approx(0.0), "in one of two"
    assert prior["a"] == pytest.approx(math.log(999), abs=1e-3), "in both: a share of 0.999 at most"
    assert prior["cat"] == pytest.approx(-math.log(999), abs=1e-3), "only in the image kept aside"


# --- the ridge start ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strength", [0.01, 100.0])
def test_the_ridge_start_is_the_least_squares_solution(strength: float) -> None:
    chance = np.random.default_rng(0)
    features, targets = chance.normal(size=(30, 5)), chance.normal(size=(30, 3)) + 2
    centred = features - features.mean(axis=0)
    penalty = strength / 100 * np.diag(centred.T @ centred).mean()
    stacked = np.vstack([centred, math.sqrt(penalty) * np.eye(5)])  # ridge as ordinary least squares
    wanted = np.vstack([targets - targets.mean(axis=0), np.zeros((5, 3))])
    solution = np.linalg.lstsq(stacked, wanted, rcond=None)[0]
    path = nn.Linear(5, 3)
    start_from_ridge(path, torch.tensor(features).float(), torch.tensor(targets).float(), strength)
    np.testing.assert_allclose(path.weight.detach().numpy().T, solution, atol=1e-5)  # float32
    predicted = path(torch.tensor(features).float()).detach().numpy()
    np.testing.assert_allclose(predicted, targets.mean(axis=0) + centred @ solution, atol=1e-5)


def test_ridge_targets_grow_with_count_and_rarity() -> None:
    targets = caption_targets(torch.tensor([[0.0, 1.0, 3.0]]), torch.tensor([1.0, 2.0, 0.5]))
    assert targets[0].tolist() == pytest.approx([0.0, 2 * math.log(2), 0.5 * math.log(4)])


# --- the optimiser -----------------------------------------------------------------------------------------------


def test_every_part_trains_at_its_rate_and_matrices_alone_decay() -> None:
    model, scale = tiny.lexlip(), SimilarityScale(3.0)
    model.image.tower.backbone.get_submodule("patch_embed").requires_grad_(False)
    recipe = TrainingRecipe(
        epochs=1,
        batch_size=2,
        learning_rate=0.1,
        backbone_rate=0.5,
        global_path_rate=0.2,
        text_rate=4,
        weight_decay=0.3,
    )
    optimiser = make_optimiser(model, scale, recipe)
    found = {id(p): (group["lr"], group["weight_decay"]) for group in optimiser.param_groups for p in group["params"]}
    for name, parameter in [*model.named_parameters(), ("scale", scale.log)]:
        if ".patch_embed." in name:
            assert id(parameter) not in found
            continue
        rate = (
            0.05 if ".tower." in name else 0.02 if ".global_path." in name else 0.4 if name.startswith("text") else 0.1
        )
        decay = 0.3 if parameter.dim() > 1 and ".global_path." not in name else 0.0
        assert found[id(parameter)] == (pytest.approx(rate), decay), name


def test_the_rate_warms_up_and_falls_as_a_cosine() -> None:
    recipe = TrainingRecipe(epochs=1, batch_size=2, learning_rate=0.1, text_rate=4, warmup=0.1)
    optimiser = make_optimiser(tiny.lexlip(), SimilarityScale(3.0), recipe)
    rates = []
    for step in range(100):
        set_rate(optimiser, recipe, step, 100)
        rates.append(next(group["lr"] for group in optimiser.param_groups if group["rate"] == 1.0))
        assert all(group["lr"] == pytest.approx(rates[-1] * group["rate"]) for group in optimiser.param_groups)
    assert rates[0] == pytest.approx(0.01), "the first of ten warm-up steps"
    assert rates[50] == pytest.approx(0.05)
    assert max(rates) == rates[9] <= 0.1
    assert rates[9:] == sorted(rates[9:], reverse=True)
    assert 0 < rates[-1] < 1e-4


def test_the_similarity_scale_starts_where_it_is_told() -> None:
    assert SimilarityScale(12.0)(torch.tensor(2.0), ALONE).item() == pytest.approx(24.0)


# --- looks -------------------------------------------------------------------------------------------------------


def test_a_look_mirrors_moves_and_brightens() -> None:
    pixels = torch.arange(9, dtype=torch.uint8).view(1, 1, 3, 3)
    assert torch.equal(augmented(pixels, Augmentation()), pixels)
    assert augmented(pixels, Augmentation(mirrored=True))[0, 0].tolist() == [[2, 1, 0], [5, 4, 3], [8, 7, 6]]
    down_and_right = augmented(pixels, Augmentation(shift=(1, 1)))[0, 0].tolist()
    assert [row[1:] for row in down_and_right[1:]] == [[0, 1], [3, 4]], "what was at the top left is one further"
    assert down_and_right[0] == [4, 3, 4], "what is uncovered is filled by reflection"
    up = augmented(pixels, Augmentation(shift=(-1, 0)))[0, 0].tolist()
    assert up[:2] == [[3, 4, 5], [6, 7, 8]]
    assert augmented(
        torch.tensor([[[[100, 200]]]], dtype=torch.uint8), Augmentation(brightness=1.5)
    ).flatten().tolist() == [
        150,
        255,
    ]


# --- the search among images kept aside -------------------------------------------------------------------------


def reference_recall(
    documents: Tensor, queries: Tensor, owner: NDArray[np.int64], tokens: Sequence[str], top_k: int | None
) -> dict[str, float]:
    """Cut and quantise both sides as `encode` does and search by integers; ids sort as the images do."""

    def encoded(weights: Tensor) -> list[Document]:
        heaviest = np.sort(weights.numpy(), axis=1)[:, ::-1][:, :top_k]
        quantiser = Quantiser(calibrate_ceiling(heaviest), top_k=top_k)
        return [Document(f"{n:03}", "", quantiser.vector(row, tokens)) for n, row in enumerate(weights.numpy())]

    index, ranks = encoded(documents), []
    for query, wanted in zip(encoded(queries), owner, strict=True):
        found = [hit.rank for hit in rank(query.vector, index, len(index)) if hit.docid == f"{wanted:03}"]
        ranks.append(found[0] if found else math.inf)
    return {f"R@{k}": sum(place <= k for place in ranks) / len(ranks) for k in (1, 5, 10)}


@pytest.mark.parametrize("top_k", [None, 3])
def test_recall_among_images_kept_aside_is_what_an_index_would_give(top_k: int | None) -> None:
    chance = np.random.default_rng(0)
    words = tiny.WORDS
    texts = [tuple(" ".join(chance.choice(words, 4)) for _ in range(2)) for _ in range(30)]
    pixels = torch.from_numpy(chance.integers(0, 256, (30, 3, 32, 32), dtype=np.uint8))
    model, source, captions = tiny.lexlip(), HeldPictures(pixels), captioned(texts)
    model.config = model.config.model_copy(update={"top_k": top_k})
    assert isinstance(model.text, StaticText)
    model.text.start_from(torch.linspace(0.5, 3, 13))  # no ties for top-k to part
    images = np.arange(5, 30)
    aside = measure_aside(model.train(), source, captions, images)
    assert model.training, "the model goes on as it was"
    model.eval()
    documents = weights_of(model, source, images)
    queries = model.text_weights([text for image in images for text in texts[image]]).detach()
    owner = np.repeat(np.arange(25), 2)
    assert aside.recall == pytest.approx(reference_recall(documents, queries, owner, model.lexicon.tokens, top_k))
    assert aside.mean == pytest.approx(sum(aside.recall.values()) / 3)
    assert aside.tokens_per_image == pytest.approx((documents > 0).sum().item() / 25)


def test_a_kept_share_of_the_start_is_blended_in_and_the_model_left_alone() -> None:
    start, trained = tiny.lexlip(seed=1), tiny.lexlip(seed=2)
    before = {name: tensor.clone() for name, tensor in trained.state_dict().items()}
    mixed = blended(trained, start.state_dict(), 0.25)
    for name, parameter in mixed.named_parameters():
        wanted = 0.25 * start.state_dict()[name] + 0.75 * before[name]
        torch.testing.assert_close(parameter.detach(), wanted)
    assert all(torch.equal(before[name], tensor) for name, tensor in trained.state_dict().items())
    assert blended(trained, start.state_dict(), 0.0) is trained


# --- the ridge start in two factors --------------------------------------------------------------------------------


def test_factors_of_full_rank_give_the_ridge_solution_itself() -> None:
    features, targets = torch.randn(40, 5, generator=torch.manual_seed(0)), torch.rand(40, 7)
    whole = nn.Linear(5, 7)
    factors = nn.Sequential(nn.Linear(5, 6, bias=False), nn.Linear(6, 7))
    for path in (whole, factors):
        start_from_ridge(path, features, targets, 10.0, bias=0.3, threshold=0.1)
    assert torch.allclose(factors(features), whole(features), atol=1e-4)


def test_factors_of_a_lower_rank_are_nearer_on_the_features_than_those_of_the_matrix_itself() -> None:
    chance = torch.manual_seed(0)
    features = torch.randn(200, 6, generator=chance) * torch.tensor([9.0, 5, 1, 0.5, 0.2, 0.1])
    targets = features @ torch.randn(6, 8, generator=chance) + torch.randn(200, 8, generator=chance)
    whole, factors = nn.Linear(6, 8), nn.Sequential(nn.Linear(6, 2, bias=False), nn.Linear(2, 8))
    for path in (whole, factors):
        start_from_ridge(path, features, targets, 1.0)
    with torch.no_grad():
        left, values, right = torch.linalg.svd(whole.weight, full_matrices=False)
        cut = (left[:, :2] * values[:2]) @ right[:2]
        ours = (factors(features) - whole(features)).norm()
        plain = ((features - features.mean(dim=0)) @ (cut - whole.weight).T).norm()
    assert ours < plain

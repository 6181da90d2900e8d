"""Offsets to where a photo from outside would be, against plain ridge regressions in numpy."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from lexlip_lucene.encoders.model.dense import DenseTwin
from lexlip_lucene.training.start.held_out import HeldOut, held_out_offsets, placed
from lexlip_lucene.training.start.ridge import ridge_solution

IMAGES, WIDTH, TOKENS, STRENGTH = 23, 5, 7, 20.0
Floats = NDArray[np.float64]


def data(seed: int = 0) -> tuple[Tensor, Tensor]:
    chance = np.random.default_rng(seed)
    features, targets = chance.normal(size=(IMAGES, WIDTH)), chance.normal(size=(IMAGES, TOKENS)) + 1
    return torch.tensor(features).float(), torch.tensor(targets).float()


def offsets_of(features: Tensor, targets: Tensor, folds: int, seed: int = 0) -> Floats:
    found: Floats = held_out_offsets(features, targets, STRENGTH, folds=folds, seed=seed).double().numpy()
    return found


def fitted(features: Floats, targets: Floats, asked: Floats) -> Floats:
    """W (x − m) of ridge regression, solved as ordinary least squares of stacked rows."""
    mean = features.mean(axis=0)
    centred = features - mean
    penalty = STRENGTH / 100 * np.square(centred).sum(axis=0).mean()
    stacked = np.vstack([centred, np.sqrt(penalty) * np.eye(WIDTH)])
    wanted = np.vstack([targets - targets.mean(axis=0), np.zeros((WIDTH, TOKENS))])
    said: Floats = (asked - mean) @ np.linalg.lstsq(stacked, wanted, rcond=None)[0]
    return said


def dealt(folds: int) -> list[NDArray[np.int64]]:
    return np.array_split(np.random.default_rng(0).permutation(IMAGES), folds)


def whole(features: Tensor, targets: Tensor) -> Floats:
    """The logits that the start that saw all images gives each."""
    given, wanted = features.double().numpy(), targets.double().numpy()
    return fitted(given, wanted, given)


@pytest.mark.parametrize("folds", [2, 4, IMAGES])
def test_an_image_is_moved_to_where_a_fit_without_its_fold_has_it(folds: int) -> None:
    features, targets = data()
    found = offsets_of(features, targets, folds)
    given, wanted = features.double().numpy(), targets.double().numpy()
    for fold in dealt(folds):
        rest = [image for image in range(IMAGES) if image not in set(fold.tolist())]
        unseen = fitted(given[rest], wanted[rest], given[fold])
        np.testing.assert_allclose(found[fold], unseen - whole(features, targets)[fold], atol=4e-3)  # half precision


def test_an_image_influences_what_is_said_unseen_of_other_folds_alone() -> None:
    features, targets = data()
    before = offsets_of(features, targets, 5) + whole(features, targets)
    for fold in dealt(5):
        changed = targets.clone()
        changed[fold[0]] += 10
        after = offsets_of(features, changed, 5) + whole(features, changed)
        moved = np.abs(after - before).max(axis=1) > 0.02  # half precision
        assert not moved[fold].any()
        assert np.delete(moved, fold).mean() > 0.8


def test_the_dealing_follows_the_seed() -> None:
    features, targets = data()
    one = offsets_of(features, targets, 4, seed=1)
    np.testing.assert_array_equal(offsets_of(features, targets, 4, seed=1), one)
    assert not np.allclose(offsets_of(features, targets, 4, seed=2), one, atol=1e-2)


def test_a_start_that_knows_nothing_of_its_images_has_nothing_to_take_back() -> None:
    """Targets that are the same for all images follow from the mean."""
    features, _ = data()
    np.testing.assert_array_equal(offsets_of(features, torch.full((IMAGES, TOKENS), 3.0), 4), 0)


# --- in their places ---------------------------------------------------------------------------------------------


def test_images_that_the_start_did_not_see_have_offsets_of_zero() -> None:
    images = np.array([1, 4, 6])
    given = torch.arange(1.0, 7.0).view(3, 2).half()
    logits, dense = placed(given, images, 8, None)
    assert dense is None
    assert logits.shape == (8, 2) and logits.dtype == torch.float16
    assert torch.equal(logits[images], given)
    assert not logits[[0, 2, 3, 5, 7]].any()
    with_twin = placed(given, images, 8, torch.eye(2)).dense
    assert with_twin is not None
    assert not with_twin[[0, 2, 3, 5, 7]].any()
    torch.testing.assert_close(with_twin[images], given.float())


def twin(rank: int) -> tuple[Tensor, HeldOut, Tensor]:
    """E (rank, tokens) of a twin that started from the ridge solution, the offsets, and those of only the logits."""
    features, targets = data()
    weight, _, _ = ridge_solution(features, targets, STRENGTH)
    made = DenseTwin(WIDTH, 3, TOKENS, rank, None)
    made.start_from_ridge(weight)
    assert made.words is not None
    words = made.words.weight.detach()
    given = held_out_offsets(features, targets, STRENGTH, folds=4, seed=0)
    return words, placed(given, np.arange(IMAGES), IMAGES, words), given.float()


@pytest.mark.parametrize("rank", [2, WIDTH, WIDTH + 3])
def test_raw_scores_of_the_twin_move_by_the_offset_as_far_as_its_words_reach(rank: int) -> None:
    """Texts score d · E q, so all of them move by Eᵀ d, which has to be the offset projected onto E's row space."""
    words, held_out, given = twin(rank)
    assert held_out.dense is not None and held_out.dense.shape == (IMAGES, rank)
    basis = np.linalg.svd(words.double().numpy(), full_matrices=False)
    span = basis[2][basis[1] > 1e-6]
    projected = given.double().numpy() @ span.T @ span
    np.testing.assert_allclose((held_out.dense @ words).numpy(), projected, atol=1e-5)


def test_what_the_start_itself_says_is_taken_from_both_twins_alike() -> None:
    """It lies in the row space of E where the twin has the start's whole rank."""
    words, _, _ = twin(WIDTH)
    features, targets = data()
    weight, mean, _ = ridge_solution(features, targets, STRENGTH)
    said = ((features - mean) @ weight.T).half()
    moved = placed(-said, np.arange(IMAGES), IMAGES, words)
    assert moved.dense is not None
    torch.testing.assert_close(moved.dense @ words, moved.logits.float(), atol=5e-3, rtol=0)  # half precision

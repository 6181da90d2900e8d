"""Images that are alike are no negatives of each other: the loss against loops, and which images they are."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support import tiny

from lexlip_lucene.data.captions import CaptionedImage
from lexlip_lucene.training.examples.examples import CaptionTokens
from lexlip_lucene.training.formulas import Alike, contrastive_loss
from lexlip_lucene.training.losses.alike import near_images, same_words

seeds = st.integers(0, 2**32 - 1)


def drawn(seed: int, n: int, c: int, more: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Similarities (n, c, more) and pairs (n, more), symmetric among the first n, of any diagonal."""
    chance = np.random.default_rng(seed)
    pairs = chance.random((n, more)) < 0.4
    pairs[:, :n] |= pairs[:, :n].T
    return chance.normal(scale=4, size=(n, c, more)), pairs


def reference(similarity: NDArray[np.float64], pairs: NDArray[np.bool_], positives: bool) -> float:
    """The loss by loops over every text and image."""
    n, c, more = similarity.shape

    def cost(scores: dict[int, float], own: int, alike: set[int]) -> float:
        seen = scores if positives else {j: s for j, s in scores.items() if j not in alike}
        wanted = {own, *alike} if positives else {own}
        total = math.log(sum(math.exp(score) for score in seen.values()))
        return sum(total - seen[j] for j in wanted) / len(wanted)

    t2i = [
        cost({j: similarity[i, k, j] for j in range(more)}, i, {j for j in range(more) if pairs[i, j] and j != i})
        for i in range(n)
        for k in range(c)
    ]
    i2t = [
        cost({i: similarity[i, k, j] for i in range(n)}, j, {i for i in range(n) if pairs[i, j] and i != j})
        for j in range(n)
        for k in range(c)
    ]
    return (sum(t2i) / len(t2i) + sum(i2t) / len(i2t)) / 2


@pytest.mark.parametrize("positives", [False, True])
@given(st.integers(1, 6), st.integers(1, 3), st.integers(0, 3), seeds)
def test_the_loss_is_that_of_the_loops(positives: bool, n: int, c: int, extra: int, seed: int) -> None:
    similarity, pairs = drawn(seed, n, c, n + extra)
    loss = contrastive_loss(torch.from_numpy(similarity), Alike(torch.from_numpy(pairs), positives))
    assert loss.dtype == torch.float64
    assert loss.item() == pytest.approx(reference(similarity, pairs, positives), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("positives", [False, True])
def test_where_no_images_are_alike_the_loss_is_the_plain_one(positives: bool) -> None:
    similarity, _ = drawn(0, 5, 2, 5)
    none = Alike(torch.eye(5, dtype=torch.bool), positives)
    plain = contrastive_loss(torch.from_numpy(similarity))
    torch.testing.assert_close(contrastive_loss(torch.from_numpy(similarity), none), plain, rtol=1e-12, atol=1e-12)


def test_one_left_out_gets_no_gradient_and_the_own_image_always_does() -> None:
    similarity, _ = drawn(3, 4, 2, 4)
    scores = torch.from_numpy(similarity).requires_grad_()
    pairs = torch.zeros(4, 4, dtype=torch.bool)
    pairs[0, 1] = pairs[1, 0] = pairs[2, 2] = True
    contrastive_loss(scores, Alike(pairs)).backward()
    assert scores.grad is not None
    gone = (scores.grad == 0).all(dim=1)
    assert gone.tolist() == [[i + j == 1 for j in range(4)] for i in range(4)]
    assert (scores.grad.diagonal(dim1=0, dim2=2) < 0).all()


def test_a_batch_of_only_alike_images_teaches_nothing_and_is_no_error() -> None:
    scores = torch.randn(3, 1, 3, requires_grad=True)
    loss = contrastive_loss(scores, Alike(torch.ones(3, 3, dtype=torch.bool)))
    loss.backward()
    assert loss.item() == 0.0 and scores.grad is not None and not scores.grad.any()


@given(seeds, st.floats(-0.5, 0.99))
def test_images_are_near_from_a_cosine_on(seed: int, near: float) -> None:
    vectors = np.random.default_rng(seed).normal(size=(6, 3))
    lengths = np.sqrt((vectors**2).sum(axis=1))
    cosines = [[vectors[i] @ vectors[j] / lengths[i] / lengths[j] for j in range(6)] for i in range(6)]
    clear = np.abs(np.array(cosines) - near) > 1e-9
    found = near_images(torch.from_numpy(vectors), near).numpy()
    assert (found == (np.array(cosines) >= near))[clear].all()


def test_images_are_alike_by_a_drawn_caption_that_is_any_caption_of_the_other() -> None:
    sets = [
        ["a red dog", "two cat"],
        ["a  RED dog", "a star"],  # the same tokens in other letters
        ["dog red a", "a red dog ."],  # other words, or the same in another order, are other captions
        ["two cat", "blue star"],
        ["green", "green"],
    ]
    listed = [CaptionedImage(f"i{n}", Path(f"{n}.png"), "train", tuple(own)) for n, own in enumerate(sets)]
    captions = CaptionTokens.of(listed, tiny.tokenizer(), 16)
    images = np.array([3, 0, 1, 2, 4])

    def alike(*slots: int) -> set[tuple[int, int]]:
        numbers = captions.first[images] + np.array(slots)
        found = same_words(captions, images, numbers)
        assert (found == found.T).all() and found.diagonal().all()
        return {(int(images[i]), int(images[j])) for i, j in found.nonzero().tolist() if images[i] < images[j]}

    assert alike(0, 0, 0, 0, 0) == {(0, 1), (0, 3)}, "3 says two cat, which 0 has, too"
    assert alike(1, 0, 1, 1, 1) == {(0, 1)}, "1 has what is drawn of 0"
    assert alike(1, 1, 1, 0, 0) == {(0, 3)}
    assert alike(1, 1, 1, 1, 1) == {(0, 3)}
    two_each = np.concatenate([[captions.first[image], captions.first[image] + 1] for image in images])
    pairs = same_words(captions, images, two_each)
    assert {(int(images[i]), int(images[j])) for i, j in pairs.nonzero().tolist() if i < j} == {(3, 0), (0, 1)}

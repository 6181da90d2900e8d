"""Fragment matching against plain loops in float64."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lexlip_lucene.training.relations import fragments
from lexlip_lucene.training.relations.fragments import SLOPE, fragment_matching

Array = NDArray[np.float64]


def unit(vectors: Array) -> Array:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def reference(words: Array, patches: Array, largest: int) -> tuple[float, float, list[float], list[float]]:
    """Match the words of one text, all of them known, with the patches of one picture."""
    cosines = unit(words) @ unit(patches).T
    leaky = np.where(cosines > 0, cosines, SLOPE * cosines)
    of_words = [
        max(leaky[word, p] / math.sqrt(sum(leaky[:, p] ** 2)) for p in range(len(patches)))
        for word in range(len(words))
    ]
    of_patches = [
        max(leaky[w, patch] / math.sqrt(sum(leaky[w] ** 2)) for w in range(len(words))) for patch in range(len(patches))
    ]
    best = [sorted([*some, *[-math.inf] * largest], reverse=True)[:largest] for some in (of_words, of_patches)]
    filled = [[0.0 if math.isinf(value) else value for value in some] for some in best]
    return float(np.mean(of_words)), float(np.mean(of_patches)), filled[0], filled[1]


@given(st.integers(1, 4), st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_every_pair_is_matched_by_the_formula_and_short_texts_need_no_pads(
    pairs: int, most_words: int, patches: int, seed: int
) -> None:
    chance = np.random.default_rng(seed)
    seen = chance.normal(size=(pairs, patches, 5))
    said = chance.normal(size=(pairs, most_words, 5))
    lengths = chance.integers(1, most_words + 1, size=pairs)
    known = np.arange(most_words) < lengths[:, None]
    found = fragment_matching(torch.from_numpy(seen), torch.from_numpy(said), torch.from_numpy(known), 10)
    for text in range(pairs):
        for image in range(pairs):
            wanted = reference(said[text, : lengths[text]], seen[image], 10)
            assert found.in_images[text, image].item() == pytest.approx(wanted[0], abs=1e-9)
            assert found.in_texts[image, text].item() == pytest.approx(wanted[1], abs=1e-9)
            assert found.largest_in_images[text, image].tolist() == pytest.approx(wanted[2], abs=1e-9)
            assert found.largest_in_texts[image, text].tolist() == pytest.approx(wanted[3], abs=1e-9)


def test_what_a_pad_holds_changes_nothing_even_when_every_similarity_is_below_0() -> None:
    seen, said = torch.ones(2, 3, 4), -torch.rand(2, 5, 4) - 0.1
    known = torch.tensor([[True, True, False, False, False], [True, False, False, False, False]])
    one = fragment_matching(seen, said, known, 10)
    other = fragment_matching(seen, torch.where(known.unsqueeze(-1), said, torch.randn(2, 5, 4)), known, 10)
    assert all(torch.equal(*pair) for pair in zip(one, other, strict=True))
    assert (one.in_images < 0).all() and (one.in_texts < 0).all(), "a zeroed pad would be the best of all"


def test_a_text_without_any_word_matches_with_0_and_not_with_no_number() -> None:
    found = fragment_matching(torch.randn(2, 3, 4), torch.randn(2, 5, 4), torch.zeros(2, 5, dtype=torch.bool), 10)
    assert all(not part.any() for part in found)


def test_texts_matched_in_several_goes_match_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    given_tensors = torch.randn(5, 3, 4), torch.randn(5, 6, 4), torch.rand(5, 6) < 0.7
    whole = fragment_matching(*given_tensors, 10)
    monkeypatch.setattr(fragments, "TEXTS_AT_ONCE", 2)
    for one, other in zip(whole, fragment_matching(*given_tensors, 10), strict=True):
        torch.testing.assert_close(one, other)


def test_no_gradient_flows_into_the_fragments() -> None:
    seen, said = torch.randn(2, 3, 4, requires_grad=True), torch.randn(2, 5, 4, requires_grad=True)
    found = fragment_matching(seen, said, torch.ones(2, 5, dtype=torch.bool), 10)
    assert not any(part.requires_grad for part in found)

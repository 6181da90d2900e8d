"""Scores standardised per caption, and the derangements that wrong pictures come from."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from lexlip_lucene.data.pairs.derangement import derangement
from lexlip_lucene.pairs.both import SHARE, Both
from lexlip_lucene.pairs.encoded import Numbers
from lexlip_lucene.pairs.standard import Standardised, centre_and_spread, sampled
from lexlip_lucene.pairs.swaps import nearest_pictures


class Given:
    """Raw scores that are given."""

    def __init__(self, scores: Tensor) -> None:
        self._scores = scores

    def of_pairs(self, captions: Numbers, pictures: Numbers) -> Tensor:
        return self._scores[torch.from_numpy(captions), torch.from_numpy(pictures)]

    def against(self, captions: Numbers, pictures: Numbers) -> Tensor:
        return self._scores[torch.from_numpy(captions)][:, torch.from_numpy(pictures)]


def standardised(scores: Tensor, own: list[int]) -> Standardised:
    return Standardised("lexlip", Given(scores), np.arange(len(own)), np.arange(scores.shape[1]), np.array(own))


def test_centre_and_spread_are_numpy_s_mean_and_standard_deviation() -> None:
    scores = torch.randn(4, 100, generator=torch.Generator().manual_seed(0)) + 1000
    centre, spread = centre_and_spread(scores, torch.zeros(4, 100, dtype=torch.bool))
    np.testing.assert_allclose(centre, scores.double().numpy().mean(axis=1), rtol=1e-6)
    np.testing.assert_allclose(spread, scores.double().numpy().std(axis=1), rtol=1e-6)


def test_a_caption_s_own_picture_does_not_count_among_the_others() -> None:
    others = torch.randn(1, 40, generator=torch.Generator().manual_seed(0))
    with_own = torch.cat([others, torch.tensor([[1e6]])], dim=1)
    left_out = torch.zeros(1, 41, dtype=torch.bool)
    left_out[0, 40] = True
    wanted = centre_and_spread(others, torch.zeros(1, 40, dtype=torch.bool))
    for found, right in zip(centre_and_spread(with_own, left_out), wanted, strict=True):
        torch.testing.assert_close(found, right)


def test_the_score_is_the_distance_from_the_others_by_hand() -> None:
    scorer = standardised(torch.tensor([[9.0, 1.0, 2.0, 3.0]]), [0])
    assert scorer.scores(np.array([0]), np.array([0]))[0] == pytest.approx((9 - 2) / np.sqrt(2 / 3))


def test_both_scores_count_by_their_share() -> None:
    one, two = standardised(torch.randn(2, 9), [0, 1]), standardised(torch.randn(2, 9), [0, 1])
    pairs = np.array([0, 1]), np.array([4, 4])
    wanted = SHARE * one.scores(*pairs) + (1 - SHARE) * two.scores(*pairs)
    np.testing.assert_allclose(Both(one, two).scores(*pairs), wanted)


@given(st.floats(0.1, 100), st.floats(-100, 100))
def test_a_caption_s_own_scale_and_offset_do_not_matter(scale: float, offset: float) -> None:
    scores = torch.randn(2, 50, generator=torch.Generator().manual_seed(0), dtype=torch.double)
    pairs = np.array([0, 1]), np.array([3, 4])
    wanted = standardised(scores, [0, 1]).scores(*pairs)
    found = standardised(scores * scale + offset, [0, 1]).scores(*pairs)
    np.testing.assert_allclose(found, wanted, atol=1e-3)


def test_a_caption_that_says_nothing_scores_zero() -> None:
    scorer = standardised(torch.zeros(1, 30), [0])
    assert scorer.scores(np.array([0, 0]), np.array([0, 5])).tolist() == [0, 0]


def test_the_sample_of_other_pictures_is_the_seed_s() -> None:
    assert sampled(5, 0).tolist() == [0, 1, 2, 3, 4]
    one, two = sampled(5000, 1), sampled(5000, 1)
    assert len(set(one.tolist())) == 1000 and one.tolist() == two.tolist() != sampled(5000, 2).tolist()


@given(st.lists(st.integers(0, 6), min_size=1, max_size=40), st.integers(0, 5))
def test_no_place_keeps_its_owner_unless_one_has_most_of_them(owners: list[int], seed: int) -> None:
    given_owners = np.array(owners)
    order = derangement(given_owners, np.random.default_rng(seed))
    assert sorted(order) == list(range(len(owners)))
    if 2 * np.bincount(given_owners).max() <= len(owners):
        assert not (given_owners[order] == given_owners).any()


def test_a_place_of_its_own_keeps_what_it_has() -> None:
    assert derangement(np.array([4]), np.random.default_rng(0)).tolist() == [0]


def test_the_nearest_pictures_are_those_of_brute_force_and_never_the_picture_itself() -> None:
    looks = torch.nn.functional.normalize(torch.randn(30, 8, generator=torch.Generator().manual_seed(0)), dim=1)
    found = nearest_pictures(looks, 3)
    cosines = (looks @ looks.T).numpy()
    np.fill_diagonal(cosines, -2)
    np.testing.assert_array_equal(found, np.argsort(-cosines, axis=1)[:, :3])

"""Probabilities from scores, the Brier score, reliability, and the AUC."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score

from lexlip_lucene.evaluate.platt import brier, fit_platt, reliability
from lexlip_lucene.evaluate.separation import auc

CHANCE = np.random.default_rng(0)
MATCHES, OTHERS = CHANCE.normal(3, 1, 400), CHANCE.normal(0, 1.5, 700)
SCORES = np.concatenate([MATCHES, OTHERS])
TRUTH = np.arange(len(SCORES)) < len(MATCHES)


def test_the_curve_is_scikit_learn_s_logistic_regression_with_balanced_classes() -> None:
    wanted = LogisticRegression(C=1e6, class_weight="balanced", tol=1e-8).fit(SCORES[:, None], TRUTH)
    found = fit_platt(MATCHES, OTHERS)
    assert found.slope == pytest.approx(wanted.coef_[0, 0], rel=0.02)
    assert found.offset == pytest.approx(wanted.intercept_[0], rel=0.02)


def test_the_prior_moves_log_odds_by_its_own() -> None:
    curve = fit_platt(MATCHES, OTHERS)
    undecided = np.array([-curve.offset / curve.slope])
    assert curve.p(undecided)[0] == pytest.approx(0.5) and curve.p(undecided, 0.2)[0] == pytest.approx(0.2)


@pytest.mark.parametrize("purity", [1.0, 0.7, 0.4])
def test_pairs_of_which_some_are_wrong_give_the_curve_of_those_that_match(purity: float) -> None:
    """Of N(2, 1) and N(0, 1) the logarithm of the ratio is 2 s − 2."""
    chance, count = np.random.default_rng(1), 40_000
    own = chance.normal(np.where(chance.random(count) < purity, 2.0, 0.0), 1)
    swapped = chance.normal(0, 1, count)
    found = fit_platt(own, swapped, purity=purity)
    assert found.slope == pytest.approx(2, abs=0.1) and found.offset == pytest.approx(-2, abs=0.15)
    bins = reliability(found.p_own(np.concatenate([own, swapped]), purity), np.arange(2 * count) < count)
    assert max(abs(one.p - one.share) for one in bins if one.pairs > 500) < 0.03


def test_scores_that_separate_without_error_still_have_a_finite_curve() -> None:
    found = fit_platt(np.array([2.0, 3.0]), np.array([0.0, 1.0]))
    assert np.isfinite(found).all() and found.p(np.array([-1e9, 1e9])).tolist() == [0, 1]


def test_scores_that_are_all_equal_say_nothing() -> None:
    found = fit_platt(np.ones(3), np.ones(5))
    assert found.p(np.ones(1))[0] == pytest.approx(0.5)


def test_brier_and_reliability_are_scikit_learn_s() -> None:
    p = fit_platt(MATCHES, OTHERS).p(SCORES)
    assert brier(p, TRUTH) == pytest.approx(brier_score_loss(TRUTH, p))
    share, mean = calibration_curve(TRUTH, p, n_bins=10)
    bins = reliability(p, TRUTH)
    np.testing.assert_allclose([one.p for one in bins], mean)
    np.testing.assert_allclose([one.share for one in bins], share)
    assert sum(one.pairs for one in bins) == len(p)


def test_a_probability_of_one_is_in_the_last_bin() -> None:
    assert reliability(np.array([1.0, 0.95]), np.array([True, False])) == [(0.975, 0.5, 2)]


def test_auc_is_scikit_learn_s_and_ties_count_half() -> None:
    assert auc(MATCHES, OTHERS) == pytest.approx(roc_auc_score(TRUTH, SCORES))
    assert auc(np.array([3.0, 2.0]), np.array([2.0, 1.0])) == 0.875

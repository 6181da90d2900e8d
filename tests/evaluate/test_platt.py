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
    even, rare = fit_platt(MATCHES, OTHERS), fit_platt(MATCHES, OTHERS, prior=0.2)
    assert rare.slope == even.slope
    assert rare.offset == pytest.approx(even.offset + np.log(0.25))
    undecided = np.array([-even.offset / even.slope])
    assert even.p(undecided)[0] == pytest.approx(0.5) and rare.p(undecided)[0] == pytest.approx(0.2)


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

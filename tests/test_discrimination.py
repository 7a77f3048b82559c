"""Discrimination against scikit-learn, resample by resample."""

import numpy as np
import pytest
import sklearn.metrics

from glioma_uq.statistics.bootstrap import resample_weights
from glioma_uq.statistics.discrimination import (
    accuracy,
    auc,
    balanced_accuracy,
    binary_auc,
    error_auroc,
)

N = 90


def predictions(classes, decimals, seed=0):
    """Random probabilities, tied when `decimals` is small, with exact 0 and 1, and labels."""
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(classes, 0.7), size=N).round(decimals)
    probabilities[:classes] = np.eye(classes)
    probabilities[:, -1] = (1 - probabilities[:, :-1].sum(axis=1)).round(10)
    return probabilities, np.concatenate(
        [np.arange(classes), rng.integers(classes, size=N - classes)]
    )


def repeated(weights):
    return np.repeat(np.arange(len(weights)), weights.astype(int))


@pytest.fixture
def weights():
    """The plain row and 25 resamples."""
    drawn = resample_weights(N, 25, np.random.default_rng(3))
    return np.vstack([np.ones(N), drawn])


def test_auc_worked_example():
    """Positives .4 and .8 against negatives .1, .4, .35: 5.5 of 6 pairs in order."""
    scores = np.array([0.1, 0.4, 0.35, 0.4, 0.8])
    positive = np.array([False, False, False, True, True])
    assert binary_auc(scores, positive, np.ones((1, 5))) == pytest.approx([5.5 / 6])


def test_constant_scores_are_a_coin():
    assert binary_auc(np.full(6, 0.3), np.arange(6) < 2, np.ones((1, 6))).tolist() == [0.5]


@pytest.mark.parametrize("decimals", [1, 8])
def test_binary_auc_agrees_with_scikit_learn(decimals, weights):
    probabilities, labels = predictions(2, decimals)
    together = auc(probabilities, labels, weights)
    for row, value in zip(weights, together, strict=True):
        again = repeated(row)
        expected = sklearn.metrics.roc_auc_score(labels[again], probabilities[again, 1])
        assert value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("decimals", [1, 8])
@pytest.mark.parametrize("average", ["ovo", "ovr"])
def test_grade_auc_agrees_with_scikit_learn(decimals, average, weights):
    probabilities, labels = predictions(3, decimals)
    together = auc(probabilities, labels, weights, average)
    for row, value in zip(weights, together, strict=True):
        again = repeated(row)
        expected = sklearn.metrics.roc_auc_score(
            labels[again], probabilities[again], multi_class=average, average="macro"
        )
        assert value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("classes", [2, 3])
def test_accuracies_agree_with_scikit_learn(classes, weights):
    probabilities, labels = predictions(classes, 1)
    predicted = probabilities.argmax(axis=1)
    plain, balanced = (f(probabilities, labels, weights) for f in (accuracy, balanced_accuracy))
    for row, share, mean_recall in zip(weights, plain, balanced, strict=True):
        truth, guess = labels[repeated(row)], predicted[repeated(row)]
        assert share == pytest.approx(sklearn.metrics.accuracy_score(truth, guess), abs=1e-9)
        expected = sklearn.metrics.balanced_accuracy_score(truth, guess)
        assert mean_recall == pytest.approx(expected, abs=1e-9)


def test_one_class_has_no_auc():
    probabilities, labels = predictions(2, 8)
    assert np.isnan(auc(probabilities, np.ones_like(labels), np.ones((1, N)))).all()


@pytest.mark.parametrize("average", ["ovo", "ovr"])
def test_a_resample_without_a_grade_has_no_auc(average):
    probabilities, labels = predictions(3, 8)
    weights = np.vstack([np.ones(N), labels != 2, labels == 2]).astype(float)
    assert np.isnan(auc(probabilities, labels, weights, average)).tolist() == [False, True, True]


def test_balanced_accuracy_counts_the_classes_present():
    probabilities, labels = np.eye(3)[[0, 1, 0]], np.array([0, 1, 1])
    assert balanced_accuracy(probabilities, labels, np.ones((1, 3))) == pytest.approx([0.75])


def test_an_unknown_average_is_refused():
    probabilities, labels = predictions(3, 8)
    with pytest.raises(ValueError, match="expected auc_average ovo or ovr, found macro"):
        auc(probabilities, labels, np.ones((1, N)), "macro")


def test_uncertainty_that_orders_all_errors_last_finds_them_all():
    is_wrong = np.array([False, False, True, True])
    assert error_auroc(np.array([0.1, 0.2, 0.3, 0.4]), is_wrong, np.ones((1, 4))).tolist() == [1]
    assert error_auroc(np.array([0.4, 0.3, 0.2, 0.1]), is_wrong, np.ones((1, 4))).tolist() == [0]
    assert np.isnan(error_auroc(np.arange(4), is_wrong & False, np.ones((1, 4)))).all()

"""Prediction sets and controlled masks keep what they promise."""

import numpy as np
import pandas as pd
import pytest

from glioma_uq.statistics.conformal import (
    class_coverage,
    conformal_measures,
    coverage,
    fit_limits,
    least_calibrated,
    prediction_sets,
    score_limit,
    set_size,
)
from glioma_uq.statistics.patients import patient_shares


def drawn(n, rng, shares=(0.6, 0.3, 0.1)):
    """Probabilities that are too sure of the frequent classes, and labels."""
    labels = rng.choice(3, p=shares, size=n)
    scores = rng.normal(size=(n, 3)) + 1.2 * np.eye(3)[labels] + np.log(shares)
    return np.exp(2 * scores) / np.exp(2 * scores).sum(axis=1, keepdims=True), labels


def test_the_limit_is_a_quantile_of_one_case_more():
    scores = np.random.default_rng(0).random(99)
    assert score_limit(scores, 0.1) == np.sort(scores)[89]
    assert score_limit(scores, 0.1) == np.quantile(scores, 90 / 99, method="inverted_cdf")
    assert score_limit(scores[:8], 0.1) == np.inf
    assert score_limit(scores[:9], 0.1) == scores[:9].max()
    assert score_limit([], 0.1) == np.inf


@pytest.mark.parametrize(("alpha", "n"), [(0.1, 9), (0.05, 19), (0.2, 4), (0.3, 3), (0.01, 99)])
def test_one_case_less_than_the_least_number_bounds_no_score(alpha, n):
    assert least_calibrated(alpha) == n
    scores = np.random.default_rng(0).random(n)
    assert score_limit(scores, alpha) == scores.max()
    assert score_limit(scores[1:], alpha) == np.inf


def test_sets_hold_the_truth_in_the_share_that_was_asked_for():
    rng, found = np.random.default_rng(1), []
    for _ in range(400):
        limits = fit_limits(*drawn(59, rng), 0.1)
        probabilities, labels = drawn(40, rng)
        found.append(coverage(prediction_sets(probabilities, limits), labels, np.ones((1, 40)))[0])
    assert 0.89 < np.mean(found) < 0.93  # between 1 - alpha and 1 - alpha + 1 / (n + 1)


def test_class_conditional_limits_hold_it_in_the_rare_class_too():
    rng = np.random.default_rng(2)
    probabilities, labels = drawn(20000, rng)
    test, truth = drawn(20000, rng)
    ones = np.ones((1, 20000))
    over_all, by_class = (
        prediction_sets(test, fit_limits(probabilities, labels, 0.1, conditional))
        for conditional in (False, True)
    )
    assert class_coverage(over_all, truth, ones)[0, 2] < 0.8
    assert class_coverage(by_class, truth, ones)[0] == pytest.approx([0.9] * 3, abs=0.02)
    assert set_size(by_class, ones) > set_size(over_all, ones)


def test_a_class_with_too_few_cases_is_in_every_set():
    limits = fit_limits(np.array([[0.9, 0.1]] * 20), np.zeros(20, dtype=int), 0.1, True)
    assert limits[1] == np.inf
    assert prediction_sets(np.array([[1.0, 0.0], [0.2, 0.8]]), limits)[:, 1].all()


def test_a_score_at_its_limit_is_inside():
    limits = fit_limits(np.array([[0.7, 0.3]] * 30), np.zeros(30, dtype=int), 0.1)
    assert prediction_sets(np.array([[0.7, 0.3]]), limits).tolist() == [[True, False]]


def test_the_measures_of_a_cell():
    def cell(cases, fold, probability):
        return pd.DataFrame({"case": cases, "fold": fold, "idh_label": 0,
                             "idh_probability_0": probability,
                             "idh_probability_1": 1 - np.array(probability)})  # fmt: skip

    validation = cell([f"v{i}" for i in range(10)], 0, np.linspace(0.5, 0.95, 10))
    table = cell(["a", "b", "c"], 0, np.array([0.9, 0.55, 0.3])).assign(idh_label=[0, 1, -1])
    found = {
        measure: (draws[0], n)
        for _, measure, draws, n in conformal_measures(
            table, np.ones((1, 3)), validation=validation, tasks=["idh"], alpha=0.1
        )
    }
    assert found == {"coverage": (0.5, 2), "least_class_coverage": (0.0, 2), "set_size": (1, 2),
                     "single_sets": (1, 2), "empty_sets": (0, 2)}  # fmt: skip


def test_the_rows_of_a_patient_count_as_one_patient():
    """Of several seeds, folds and scans: as many rows are no more patients, and bound no more."""
    scores = np.linspace(0.1, 0.9, 12)
    shares = patient_shares(pd.DataFrame({"case": np.repeat(np.arange(12), 5)}))
    assert shares.tolist() == [0.2] * 60
    assert score_limit(np.repeat(scores, 5), 0.1, shares) == score_limit(scores, 0.1)
    assert score_limit(np.repeat(scores[:8], 5), 0.1, shares[:40]) == np.inf
    assert score_limit(np.repeat(scores[:8], 5), 0.1) < np.inf
    rng = np.random.default_rng(0)
    probabilities, labels = rng.dirichlet([1, 1], 30), rng.integers(0, 2, 30)
    of_rows = [np.repeat(x, 3, axis=0) for x in (probabilities, labels)]
    for conditional in (False, True):
        once = fit_limits(probabilities, labels, 0.2, conditional)
        shares = patient_shares(pd.DataFrame({"case": np.repeat(np.arange(30), 3)}))
        many = fit_limits(*of_rows, 0.2, conditional, shares)
        assert many.tolist() == once.tolist()

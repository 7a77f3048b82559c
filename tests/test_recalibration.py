"""Temperature and prior: they find what was done to the probabilities, and undo it."""

import numpy as np
import pandas as pd
import pytest

from glioma_uq.statistics.recalibration import (
    apply_temperature,
    correct_prior,
    fit_prior,
    fit_temperature,
    recalibrate,
)
from glioma_uq.statistics.scoring import nll
from glioma_uq.tasks import TASKS
from glioma_uq.uncertainty import entropy


def drawn(n, seed=0, classes=3):
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.ones(classes), size=n)
    labels = (rng.random((n, 1)) > probabilities.cumsum(axis=1)).sum(axis=1)
    return probabilities, labels.clip(max=classes - 1)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_the_temperature_of_a_distortion_is_found(temperature):
    probabilities, labels = drawn(20000)
    distorted = apply_temperature(probabilities, 1 / temperature)
    assert fit_temperature(distorted, labels) == pytest.approx(temperature, rel=0.05)


def test_a_fitted_temperature_is_a_minimum():
    probabilities, labels = drawn(80)
    best, ones = fit_temperature(probabilities**3, labels), np.ones((1, 80))
    costs = [nll(apply_temperature(probabilities**3, best * f), labels, ones)[0]
             for f in (0.99, 1, 1.01)]  # fmt: skip
    assert costs[1] < min(costs[0], costs[2])


def test_temperature_one_changes_nothing_and_none_changes_the_class():
    probabilities = np.vstack([drawn(50)[0], np.eye(3)])
    np.testing.assert_allclose(apply_temperature(probabilities, 1.0), probabilities, atol=1e-11)
    for temperature in (0.2, 5):
        softened = apply_temperature(probabilities, temperature)
        assert (softened.argmax(axis=1) == probabilities.argmax(axis=1)).all()
        assert softened.sum(axis=1) == pytest.approx(np.ones(53))


def test_without_errors_the_temperature_stays_in_its_limits():
    assert fit_temperature(np.array([[0.6, 0.4]] * 3), np.zeros(3, dtype=int)) == pytest.approx(
        0.05, rel=1e-3
    )
    assert fit_temperature(np.array([[0.6, 0.4]] * 3), np.ones(3, dtype=int)) == pytest.approx(
        20, rel=1e-3
    )


def test_prior_worked_example():
    """Equal odds under equal shares become 4 : 1 where the first class is 4 times as frequent."""
    found = correct_prior(np.array([[0.5, 0.5], [0.2, 0.8]]), [0.8, 0.2])
    np.testing.assert_allclose(found, [[0.8, 0.2], [0.5, 0.5]])


def test_a_prior_that_was_trained_on_changes_nothing():
    probabilities, _ = drawn(20)
    np.testing.assert_allclose(correct_prior(probabilities, [1 / 3] * 3), probabilities)


def test_shares_are_counted_once_more():
    assert fit_prior(np.array([0, 0, 1]), 3).tolist() == pytest.approx([3 / 6, 2 / 6, 1 / 6])


def cell(names, fold, seed):
    table = pd.DataFrame({"case": names, "fold": fold})
    for i, (task, classes) in enumerate(TASKS.items()):
        probabilities, labels = drawn(len(names), seed + i, len(classes))
        table[f"{task}_label"] = np.array(classes)[labels]
        table[[f"{task}_probability_{c}" for c in classes]] = probabilities
        for part in ("predictive", "aleatoric", "epistemic"):
            table[f"{task}_{part}"] = entropy(probabilities)
    return table


@pytest.mark.parametrize("method", ["temperature", "prior"])
def test_no_fold_is_fitted_on_cases_that_it_tests(method):
    test = pd.concat([cell(["a", "b", "c"], 0, 0), cell(["d", "e", "f"], 1, 10)], ignore_index=True)
    validation = pd.concat([cell(["d", "e"], 0, 20), cell(["a", "b"], 1, 30)], ignore_index=True)
    validation["idh_label"] = validation["fold"]
    recalibrated = recalibrate(test, validation, method)
    other = validation.copy()
    other.loc[other["fold"] == 1, "idh_label"] = 1 - other["idh_label"]
    again = recalibrate(test, other, method)
    column = "idh_probability_1"
    assert (recalibrated[column] != test[column]).all()
    changed = recalibrated[column] != again[column]
    assert changed[test["fold"] == 1].all()
    assert not changed[test["fold"] == 0].any()


def test_recalibrated_uncertainty_is_that_of_the_recalibrated_probabilities():
    test, validation = cell(list("abc"), 0, 0), cell(list("xyz"), 0, 5).assign(grade_label=-1)
    recalibrated = recalibrate(test, validation, "temperature")
    columns = ["idh_probability_0", "idh_probability_1"]
    assert recalibrated["idh_predictive"].to_numpy() == pytest.approx(
        entropy(recalibrated[columns].to_numpy())
    )
    assert recalibrated[["idh_aleatoric", "idh_epistemic"]].isna().all(axis=None)
    pd.testing.assert_series_equal(recalibrated["grade_predictive"], test["grade_predictive"])

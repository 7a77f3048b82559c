"""Temperature and prior: they find what was done to the probabilities, and undo it."""

import numpy as np
import pandas as pd
import pytest

from glioma_uq.statistics.patients import patient_shares
from glioma_uq.statistics.recalibration import (
    apply_temperature,
    correct_prior,
    fit_prior,
    fit_temperature,
    least_fitted,
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


def excess_nll(n, fits=200):
    """Mean NLL on new cases that a temperature fitted on n costs calibrated probabilities."""
    rng, worse = np.random.default_rng(0), []
    cases = [_calibrated(2000, rng), *(_calibrated(n, rng) for _ in range(fits))]
    (new, truth), ones = cases[0], np.ones((1, 2000))
    raw = nll(new, truth, ones)[0]
    for probabilities, labels in cases[1:]:
        softened = apply_temperature(new, fit_temperature(probabilities, labels))
        worse.append(nll(softened, truth, ones)[0] - raw)
    return np.mean(worse)


def _calibrated(n, rng, apart=1.1):
    """Two classes with normal scores, of which .86 are told apart, and their true posterior."""
    labels = rng.integers(0, 2, n)
    x = rng.normal(size=n) + apart * (2 * labels - 1)
    positive = 1 / (1 + np.exp(-2 * apart * x))
    return np.column_stack([1 - positive, positive]), labels


def test_a_temperature_of_too_few_cases_costs_much_and_of_enough_little():
    assert excess_nll(4) > 0.5
    assert excess_nll(20) > 0.1
    assert 0 < excess_nll(least_fitted("temperature", "idh")) < 0.07


@pytest.mark.parametrize(
    ("task", "shares", "n"), [("idh", [0.75, 0.25], 10), ("grade", [0.29, 0.30, 0.41], 20)]
)
def test_a_prior_of_enough_cases_costs_little(task, shares, n):
    """The mean Kullback-Leibler divergence, which (C - 1) / 2n bounds from above here."""
    rng, shares = np.random.default_rng(0), np.array(shares)
    assert least_fitted("prior", task) == n
    costs = []
    for _ in range(1000):
        fitted = fit_prior(rng.choice(len(shares), n, p=shares), len(shares))
        costs.append((shares * np.log(shares / fitted)).sum())
    assert 0.02 < np.mean(costs) < (len(shares) - 1) / (2 * n) <= 0.05


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


def test_a_prior_counts_patients_not_rows():
    labels = np.repeat([0, 0, 1], 5)
    rows = pd.DataFrame({"case": np.arange(15), "patient": np.repeat(["a", "b", "c"], 5)})
    found = fit_prior(labels, 3, patient_shares(rows))
    assert found == pytest.approx(fit_prior(np.array([0, 0, 1]), 3))

"""Measures against true probabilities: laws, and the phantom's own table."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from glioma_uq.phantom.labels import draw_cohort
from glioma_uq.predictions import Cell
from glioma_uq.statistics.calibration import ece
from glioma_uq.statistics.long_tables import measure_tables
from glioma_uq.statistics.posterior_truth import (
    posterior_distance,
    true_ece,
    true_posterior,
    truth_measures,
)
from glioma_uq.tasks import TASKS
from glioma_uq.uncertainty import entropy


def test_the_truth_is_calibrated_whatever_the_labels_do():
    posterior = np.random.default_rng(0).dirichlet([1, 1, 1], size=30)
    ones = np.ones((1, 30))
    assert true_ece(posterior, posterior, ones).tolist() == [0]
    assert posterior_distance(posterior, posterior, ones).tolist() == [0]


def test_the_measured_error_tends_to_the_true_one():
    rng = np.random.default_rng(1)
    posterior = rng.dirichlet([1, 1], size=200_000)
    sharp = posterior**2 / (posterior**2).sum(axis=1, keepdims=True)
    labels = (rng.random(200_000) < posterior[:, 1]).astype(int)
    ones = np.ones((1, 200_000))
    assert ece(sharp, labels, ones) == pytest.approx(true_ece(sharp, posterior, ones), abs=0.005)


def test_calibration_does_not_make_probabilities_true():
    """Base rates for everyone: no calibration error, far from each case's truth."""
    posterior = np.array([[0.9, 0.1], [0.1, 0.9]])
    base = np.full((2, 2), 0.5)
    assert true_ece(base, posterior, np.ones((1, 2))) == pytest.approx([0])
    assert posterior_distance(base, posterior, np.ones((1, 2))) == pytest.approx([0.4])


@pytest.fixture(scope="module")
def phantom():
    """A cell that predicts the true probabilities of a phantom cohort, and its table of truth."""
    labels, truth = draw_cohort(
        40, 1, separation_subtype=1.0, separation_grade=1.2, small_share=0.1,
        missing={"idh": 0.1, "1p19q": 0.1, "grade": 0.1},
    )  # fmt: skip
    labels, truth = pd.DataFrame(labels), pd.DataFrame(truth)
    cell = labels[["case"]].copy()
    for task, classes in TASKS.items():
        posterior = true_posterior(truth, cell["case"], task)
        cell[f"{task}_label"] = labels[task]
        cell[[f"{task}_probability_{c}" for c in classes]] = posterior
        cell[f"{task}_aleatoric"] = entropy(posterior)
    return cell.sample(frac=1, random_state=0), truth


def test_a_network_that_knows_the_truth_has_no_error(phantom):
    cell, truth = phantom
    found = {
        (task, measure): draws[0]
        for task, measure, draws, _ in truth_measures(cell, np.ones((1, 40)), truth=truth)
    }
    for task in TASKS:
        for measure in ("true_ece", "posterior_distance", "aleatoric_error", "aleatoric_bias"):
            assert found[task, measure] == pytest.approx(0, abs=1e-12)
        assert found[task, "rho_aleatoric"] == pytest.approx(1)
        assert found[task, "aleatoric"] == pytest.approx(found[task, "true_entropy"])
        assert found[task, "ece"] > 0
    known = cell[cell["idh_label"] != -1]
    auc = roc_auc_score(known["idh_label"], known["idh_probability_1"])
    assert found["idh", "bayes_auc"] == pytest.approx(auc)


@pytest.mark.parametrize(("factor", "sign"), [(1.3, 1), (0.7, -1), (1.0, 0)])
def test_the_interval_of_the_bias_fails_a_network_that_misjudges_its_cases(phantom, factor, sign):
    """Noisy aleatoric uncertainty around the truth, and 30 % above or below it."""
    cell, truth = phantom
    noise = np.random.default_rng(0).normal(0, 0.05, len(cell))
    cell = cell.assign(idh_aleatoric=factor * cell["idh_aleatoric"] + noise)
    measures = partial(truth_measures, truth=truth)
    table = measure_tables({Cell("csnet", 0.2, 30): cell}, measures, resamples=500, level=0.95,
                           interval="expanded", rng=np.random.default_rng(0))  # fmt: skip
    (row,) = table[(table["task"] == "idh") & (table["measure"] == "aleatoric_bias")].itertuples()
    assert (np.sign(row.low) + np.sign(row.high)) / 2 == sign

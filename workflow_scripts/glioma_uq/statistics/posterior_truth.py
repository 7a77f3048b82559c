"""Predicted probabilities compared with the true ones, for a phantom whose posterior is known.

`probabilities` and `posterior` (the true P(class | latent axes of the image)) are [N, C],
`weights` [B, N] how often each row counts in each resample. All return [B].
"""

import numpy as np

from glioma_uq.statistics import calibration, correlation, discrimination
from glioma_uq.statistics.bootstrap import weighted_mean
from glioma_uq.statistics.measures import DEFAULT_ECE, known_cases, labelled_tasks
from glioma_uq.tasks import TASKS
from glioma_uq.uncertainty import entropy


def true_ece(probabilities, posterior, weights, bins=15, binning="equal-width", norm=1, seeds=None):
    """Return the calibration error against the true probability of the predicted class.

    As `calibration.ece`, with P(predicted class | case) in place of whether it is the label:
    the measured ECE without the randomness of the labels.
    """
    confidence, chosen = probabilities.max(axis=1), probabilities.argmax(axis=1)
    gap = posterior[np.arange(len(posterior)), chosen] - confidence
    in_bin = calibration.bin_members(confidence, bins, binning, seeds)
    return calibration.binned_error(gap, in_bin, weights, norm)


def posterior_distance(probabilities, posterior, weights):
    """Return the mean of sum_c |p_c - P_c| / 2, the total variation; |p - P| for two classes."""
    return weighted_mean(np.abs(probabilities - posterior).sum(axis=1) / 2, weights)


def true_posterior(truth, cases, task):
    """Return the true probabilities [N, C] of `cases`, from the phantom's table of truth."""
    rows = truth.set_index(truth["case"].astype(str)).loc[np.asarray(cases, dtype=str)]
    if len(TASKS[task]) == 2:
        positive = rows[f"p_{task}"].to_numpy(dtype=float)
        return np.column_stack([1 - positive, positive])
    return rows[[f"p_{task}_{c}" for c in TASKS[task]]].to_numpy(dtype=float)


def truth_measures(table, weights, *, truth, ece=DEFAULT_ECE, auc_average="ovo"):
    """Yield (task, measure, replicates [B], n cases) of a cell's classification table.

    `truth` is the cohort's table with p_idh, p_1p19q, p_grade_2 to p_grade_4. All cases with a
    known label count, as in `classification_measures`. `bayes_auc` is the AUC of the true
    probabilities for the same labels, `aleatoric_bias` the mean aleatoric uncertainty minus the
    mean true entropy: its interval leaves 0 out if the network misjudges how hard its cases are,
    or if the picture tells less than the axes.
    """
    for task in labelled_tasks(table):
        known, labels, probabilities, mine, n = known_cases(table, weights, task)
        posterior = true_posterior(truth, known["case"], task)
        aleatoric, true = known[f"{task}_aleatoric"].to_numpy(dtype=float), entropy(posterior)
        seeds = known.get("seed")
        yield task, "ece", calibration.ece(probabilities, labels, mine, *ece, seeds), n
        yield task, "true_ece", true_ece(probabilities, posterior, mine, *ece, seeds), n
        yield task, "bayes_auc", discrimination.auc(posterior, labels, mine, auc_average), n
        yield task, "posterior_distance", posterior_distance(probabilities, posterior, mine), n
        yield task, "aleatoric", weighted_mean(aleatoric, mine), n
        yield task, "true_entropy", weighted_mean(true, mine), n
        yield task, "aleatoric_bias", weighted_mean(aleatoric - true, mine), n
        yield task, "aleatoric_error", weighted_mean(np.abs(aleatoric - true), mine), n
        yield task, "rho_aleatoric", correlation.pearson(aleatoric, true, mine), n

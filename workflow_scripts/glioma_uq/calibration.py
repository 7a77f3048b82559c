"""How well the probabilities of a classifier can be taken at their word.

`probabilities` is [N, C], `labels` [N] the index of each true class, `weights` [B, N] how
often each row counts in each resample (a row of ones: the plain value). All return [B].
"""

import numpy as np

from glioma_uq.bootstrap import ratio, weighted_mean

LEAST_PROBABILITY = 1e-12  # below it the logarithm of the NLL is cut: at most 27.6 nats a case


def ece(probabilities, labels, weights, bins=15):
    """Return the expected calibration error of the predicted class (top-label, L1 norm).

    ECE = sum_b n_b / N |accuracy_b - confidence_b| over `bins` bins of equal width (lo, hi]
    on [0, 1]; a confidence of 0 falls in the first (Guo et al. 2017). A tie between
    classes goes to the first of them.
    """
    confidence = probabilities.max(axis=1)
    gap = (probabilities.argmax(axis=1) == labels) - confidence
    bin_of_row = bin_index(confidence, bins)
    gap_in_bin = gap[:, None] * (bin_of_row[:, None] == np.arange(bins))
    return ratio(np.abs(weights @ gap_in_bin).sum(axis=1), weights.sum(axis=1))


def ece_if_perfect(probabilities, resamples, rng, bins=15):
    """Return [1 + resamples] ECEs of these probabilities were they the truth, their mean first.

    Each is the ECE against labels drawn from the probabilities themselves: what finite n
    alone makes of a perfectly calibrated model (Bröcker and Smith 2007). It is not 0.
    """
    confidence = np.sort(probabilities.max(axis=1))  # the order of the rows must not matter
    right = rng.random((resamples, len(confidence))) < confidence
    in_bin = bin_index(confidence, bins)[:, None] == np.arange(bins)
    draws = np.abs((right - confidence) @ in_bin).sum(axis=1) / max(len(confidence), 1)
    return np.concatenate([[draws.mean()], draws])


def bin_index(confidence, bins):
    """Return the bin 0 .. bins - 1 of each confidence [N]: (lo, hi], with 0 in the first."""
    upper_edges = np.linspace(0, 1, bins + 1)[1:]
    return np.searchsorted(upper_edges[:-1], confidence, side="left")


def nll(probabilities, labels, weights):
    """Return the mean of -ln p[true class], in nats, with p cut at 1e-12 from below."""
    of_truth = probabilities[np.arange(len(labels)), labels]
    return weighted_mean(-np.log(np.maximum(of_truth, LEAST_PROBABILITY)), weights)


def brier(probabilities, labels, weights):
    """Return the mean over rows of sum_c (p_c - [c is true])^2: 0 to 2 (Brier 1950)."""
    truth = labels[:, None] == np.arange(probabilities.shape[1])
    return weighted_mean(((probabilities - truth) ** 2).sum(axis=1), weights)

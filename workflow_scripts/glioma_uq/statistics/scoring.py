"""Proper scoring rules of predicted probabilities.

`probabilities` is [N, C], `labels` [N] the index of each true class, `weights` [B, N] how
often each row counts in each resample (a row of ones: the plain value). All return [B].
"""

import numpy as np

from glioma_uq.statistics.bootstrap import ratio, weighted_mean
from glioma_uq.statistics.calibration import bin_members

BRIER_PARTS = ("reliability", "resolution", "uncertainty")
LEAST_PROBABILITY = 1e-12  # the NLL clips probabilities below it: at most 27.6 nats a case


def nll(probabilities, labels, weights):
    """Return the mean of -ln p[true class], in nats, with p clipped at 1e-12 from below."""
    of_truth = probabilities[np.arange(len(labels)), labels]
    return weighted_mean(-np.log(np.maximum(of_truth, LEAST_PROBABILITY)), weights)


def brier(probabilities, labels, weights):
    """Return the mean over rows of sum_c (p_c - [c is true])^2: 0 to 2 (Brier 1950)."""
    truth = labels[:, None] == np.arange(probabilities.shape[1])
    return weighted_mean(((probabilities - truth) ** 2).sum(axis=1), weights)


def brier_decomposition(probabilities, labels, weights, bins=15, binning="equal-width"):
    """Return {part: [B]} of the Brier score (Murphy 1973), summed over classes.

    Each class is binned by its own probability, with o = [c is true]:
    reliability = sum_b n_b / N (mean p - mean o)^2, resolution = sum_b n_b / N (mean o - base)^2,
    uncertainty = base (1 - base). brier = reliability - resolution + uncertainty + the variance of
    p within the bins - twice its covariance with o, exactly (Stephenson 2008).
    """
    rows = weights.sum(axis=1)
    parts = []
    for c, p in enumerate(probabilities.T):
        truth, in_bin = (labels == c).astype(float), bin_members(p, bins, binning)
        n = weights @ in_bin
        mean_p = _mean(weights @ (p[:, None] * in_bin), n)
        mean_truth = _mean(weights @ (truth[:, None] * in_bin), n)
        base = ratio(weights @ truth, rows)
        off, apart = (mean_p - mean_truth) ** 2, (mean_truth - base[:, None]) ** 2
        averages = (ratio((n * values).sum(axis=1), rows) for values in (off, apart))
        parts.append((*averages, base * (1 - base)))
    return dict(zip(BRIER_PARTS, map(sum, zip(*parts, strict=True)), strict=True))


def _mean(sums, n):
    """Return sums / n, 0 in empty bins, which have no weight."""
    return np.divide(sums, n, out=np.zeros_like(sums), where=n > 0)

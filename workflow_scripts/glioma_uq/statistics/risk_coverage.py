"""Selective prediction: the risk that remains if the most uncertain cases are left out.

`uncertainty` and `loss` are [N] (loss: 1 for a wrong class, or 1 - Dice), `weights` [B, N] whole
numbers, how often each row counts in each resample. The least uncertain cases are kept first.
Equally uncertain cases come in random order, and risks are expectations over that order.
"""

import numpy as np
import pandas as pd

from glioma_uq.predictions import known_rows
from glioma_uq.statistics.bootstrap import in_blocks, ratio


def classification_risk(table, task):
    """Return (rows with a known label, predictive uncertainty [n], which are wrong [n])."""
    known, labels, probabilities = known_rows(table, task)
    uncertainty = known[f"{task}_predictive"].to_numpy(dtype=float)
    return known, uncertainty, probabilities.argmax(axis=1) != labels


def segmentation_risk(table, score):
    """Return (rows with Dice and the column `score`, that column [n], 1 - Dice [n])."""
    known = table.dropna(subset=["dice", score])
    return known, known[score].to_numpy(dtype=float), 1 - known["dice"].to_numpy(dtype=float)


@in_blocks
def aurc(uncertainty, loss, weights):
    """Return the area under the risk-coverage curve [B]: the mean over k of the mean loss of
    the k least uncertain cases, k = 1 .. N (Geifman et al. 2019); NaN without cases.

    A tie of m cases of mean loss l after M cases of total loss L adds, on average,
    sum_j (L + j l) / (M + j) = m l + (L - M l) (H_{M + m} - H_M), with harmonic numbers H.
    """
    if uncertainty.size == 0:
        return np.full(len(weights), np.nan)
    n = weights.sum(axis=1)
    size, total, mean = _ties(uncertainty, loss, weights)
    reached, lost = np.cumsum(size, axis=1), np.cumsum(total, axis=1)
    harmonic = np.concatenate([[0], np.cumsum(1 / np.arange(1, n.max() + 1))])
    gain = np.diff(harmonic[reached.astype(np.intp)], axis=1, prepend=0)
    before = np.einsum("bg,bg->b", lost - total - (reached - size) * mean, gain)
    return ratio(lost[:, -1] + before, n)


def excess_aurc(uncertainty, loss, weights):
    """Return `aurc` minus that of a perfect order, which puts errors last [B]: 0 is best."""
    return aurc(uncertainty, loss, weights) - aurc(loss, loss, weights)


def _ties(uncertainty, loss, weights):
    """Return the weight, total loss and mean loss [B, groups] of equal uncertainties, ascending.

    The mean of a group without weight is arbitrary.
    """
    order = np.argsort(uncertainty, kind="stable")
    ordered = uncertainty[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(order)])
    size = weights[:, order]
    mean = np.asarray(loss, dtype=float)[order]
    total = size * mean
    if len(starts) == len(order):
        return size, total, mean
    size, total = (np.add.reduceat(part, starts, axis=1) for part in (size, total))
    return size, total, np.divide(total, size, out=np.zeros_like(total), where=size > 0)


def risk_coverage(uncertainty, loss, weights):
    """Return (table, replicates) of the curve.

    The table has coverage k / N, k = 1 .. N, and risk, the mean loss of the k least uncertain
    cases, under the first row of weights; replicates [B - 1, N] is the risk under each further
    row at the same coverage, to the nearest whole number of cases.
    """
    curves = [_curve(uncertainty, loss, row) for row in np.asarray(weights).astype(int)]
    plain = len(curves[0])
    coverage = np.arange(1, plain + 1) / max(plain, 1)
    at = [np.maximum(np.rint(coverage * len(c)).astype(int), 1) - 1 for c in curves]
    risks = [c[i] if len(c) else np.full(plain, np.nan) for c, i in zip(curves, at, strict=True)]
    table = pd.DataFrame({"coverage": coverage, "risk": risks[0]})
    return table, np.array(risks[1:]).reshape(len(risks) - 1, plain)


def _curve(uncertainty, loss, counts):
    """Return the expected risk [sum of counts] of keeping the first k = 1, 2, ... cases."""
    size, _, mean = _ties(uncertainty, loss, counts[None])
    each = np.repeat(np.ravel(mean), size[0].astype(int))
    return np.cumsum(each) / np.arange(1, len(each) + 1)

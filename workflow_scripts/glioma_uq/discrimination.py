"""How well a classifier tells the classes apart, and an uncertainty good cases from bad.

`probabilities` is [N, C], `labels` [N] the index of each true class, `weights` [B, N] how
often each row counts in each resample (a row of ones: the plain value). All return [B],
NaN where a resample leaves the measure undefined.
"""

from itertools import permutations

import numpy as np

from glioma_uq.bootstrap import ratio, weight_below, weighted_mean

NO_SPREAD = 1e-24  # variance over mean square that is rounding of a constant


def binary_auc(scores, positive, weights):
    """Return P(score of a positive > score of a negative), ties half; NaN for one class.

    `scores` [N], `positive` [N] of bool. The area under the ROC curve (Hanley, McNeil 1982).
    """
    of_positives, of_negatives = weights[:, positive], weights[:, ~positive]
    below = weight_below(scores[~positive], scores[positive], of_negatives)
    pairs = of_positives.sum(axis=1) * of_negatives.sum(axis=1)
    return ratio((of_positives * below).sum(axis=1), pairs)


def auc(probabilities, labels, weights, average="ovo"):
    """Return the ROC-AUC; for more than two classes the macro average over them.

    `ovo`: mean over ordered pairs (a, b) of the AUC of p_a among rows of a and b
    (Hand and Till 2001); `ovr`: mean over classes of the AUC of p_a against all others.
    A resample without some class has no such average: NaN.
    """
    classes = probabilities.shape[1]
    if classes == 2:
        return binary_auc(probabilities[:, 1], labels == 1, weights)
    if average == "ovr":
        areas = [binary_auc(probabilities[:, a], labels == a, weights) for a in range(classes)]
    elif average == "ovo":
        areas = [
            _pair_auc(probabilities[:, a], labels, a, b, weights)
            for a, b in permutations(range(classes), 2)
        ]
    else:
        raise ValueError(f"expected auc_average ovo or ovr, found {average}; mend statistics")
    return np.mean(areas, axis=0)


def _pair_auc(scores, labels, a, b, weights):
    """Return the AUC of `scores` for class `a` against class `b`, other rows left out."""
    either = (labels == a) | (labels == b)
    return binary_auc(scores[either], labels[either] == a, weights[:, either])


def accuracy(probabilities, labels, weights):
    """Return the share of rows whose most probable class is the true one."""
    return weighted_mean(probabilities.argmax(axis=1) == labels, weights)


def balanced_accuracy(probabilities, labels, weights):
    """Return the mean over the classes present of the share of their rows that are right."""
    right = probabilities.argmax(axis=1) == labels
    is_class = labels[:, None] == np.arange(probabilities.shape[1])
    recalls = ratio(weights @ (is_class & right[:, None]), weights @ is_class)
    present = ~np.isnan(recalls)
    return ratio(np.where(present, recalls, 0).sum(axis=1), present.sum(axis=1))


def pearson(x, y, weights):
    """Return Pearson's correlation of `x` and `y`, each [N] or [B, N]; NaN without spread."""
    x, y = _deviations(x, weights), _deviations(y, weights)
    spread = np.sqrt((weights * x * x).sum(axis=1) * (weights * y * y).sum(axis=1))
    return np.clip(ratio((weights * x * y).sum(axis=1), spread), -1, 1)


def spearman(x, y, weights):
    """Return Spearman's correlation of `x` and `y` [N]: Pearson's of the ranks, ties shared.

    The ranks are those within each resample.
    """
    return pearson(weight_below(x, x, weights), weight_below(y, y, weights), weights)


def _deviations(values, weights):
    """Return values - their mean [B, N], exactly 0 where a resample holds one value only."""
    n = weights.sum(axis=1)
    mean = ratio((weights * values).sum(axis=1), n)
    deviations = values - mean[:, None]
    variance = (weights * deviations**2).sum(axis=1)
    constant = variance <= NO_SPREAD * (weights * np.square(values)).sum(axis=1)
    return np.where(constant[:, None], 0.0, deviations)

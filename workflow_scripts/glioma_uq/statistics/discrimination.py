"""How well a classifier separates the classes, and its uncertainty right from wrong cases.

`probabilities` is [N, C], `labels` [N] the index of each true class, `weights` [B, N] how
often each row counts in each resample (a row of ones: the plain value). All return [B],
NaN where the measure is undefined in a resample.
"""

from itertools import permutations

import numpy as np

from glioma_uq.statistics.bootstrap import in_blocks, ratio, weight_below, weighted_mean


def binary_auc(scores, positive, weights):
    """Return P(score of a positive > score of a negative), ties count half; NaN for one class.

    `scores` [N], `positive` bool [N]. The area under the ROC curve (Hanley, McNeil 1982).
    """
    return _area(scores[positive], scores[~positive], weights[:, positive], weights[:, ~positive])


def _area(positives, negatives, of_positives, of_negatives):
    """Return the AUC [B] of the scores of both sides under their weights [B, n of each]."""
    below = weight_below(negatives, positives, of_negatives)
    pairs = of_positives.sum(axis=1) * of_negatives.sum(axis=1)
    return ratio(np.einsum("bi,bi->b", of_positives, below), pairs)


def auc(probabilities, labels, weights, average="ovo"):
    """Return the ROC-AUC; for more than two classes, the macro average.

    `ovo`: mean over ordered pairs (a, b) of the AUC of p_a among rows of a and b
    (Hand and Till 2001); `ovr`: mean over classes of the AUC of p_a against all others.
    NaN for a resample in which a class is missing.
    """
    classes = probabilities.shape[1]
    if classes == 2:
        return binary_auc(probabilities[:, 1], labels == 1, weights)
    if average == "ovr":
        areas = [binary_auc(probabilities[:, a], labels == a, weights) for a in range(classes)]
    elif average == "ovo":
        of_class = [weights[:, labels == c] for c in range(classes)]
        areas = [
            _area(*(probabilities[labels == c, a] for c in (a, b)), of_class[a], of_class[b])
            for a, b in permutations(range(classes), 2)
        ]
    else:
        raise ValueError(f"expected auc_average ovo or ovr, found {average}; correct statistics")
    return np.mean(areas, axis=0)


def accuracy(probabilities, labels, weights):
    """Return the share of rows whose most probable class is the true one."""
    return weighted_mean(probabilities.argmax(axis=1) == labels, weights)


def balanced_accuracy(probabilities, labels, weights):
    """Return the mean recall over the classes that are present."""
    right = probabilities.argmax(axis=1) == labels
    is_class = labels[:, None] == np.arange(probabilities.shape[1])
    recalls = ratio(weights @ (is_class & right[:, None]), weights @ is_class)
    present = ~np.isnan(recalls)
    return ratio(np.where(present, recalls, 0).sum(axis=1), present.sum(axis=1))


@in_blocks
def error_auroc(uncertainty, is_wrong, weights):
    """Return P(a wrong case is more uncertain than a right one); ties count half.

    `uncertainty` [N], `is_wrong` bool [N]. 0.5 is chance; NaN if all cases are right or all wrong.
    """
    return binary_auc(uncertainty, is_wrong, weights)

"""Prediction sets that contain the true class in a given share of cases (split conformal).

Valid if calibration and test cases are exchangeable. The score of a class is 1 - p_c. The set
contains the classes whose score is at most the 1 - alpha quantile of the scores of the
calibration cases' true classes (Sadinle et al. 2019). MAPIE's `lac` gives the same sets (10,000
random cases) but needs a scikit-learn estimator for what is one sort here.

`probabilities` [N, C], `labels` [N], `weights` [B, N].
"""

import numpy as np
import pandas as pd

from glioma_uq.predictions import known_rows
from glioma_uq.statistics.bootstrap import ratio, weighted_mean
from glioma_uq.statistics.patients import count_cases, patient_shares
from glioma_uq.statistics.recalibration import by_fold

ROUNDING = 1e-12  # a score may exceed its limit by this much


def least_calibrated(alpha):
    """Return 1 / alpha - 1, rounded up: fewer calibration cases bound no score.

    The rank of the limit, ceil((n + 1)(1 - alpha)), is then above n, and every set has all classes.
    """
    return int(np.ceil(1 / alpha - 1 - 1e-9))


def score_limit(scores, alpha, shares=None):
    """Return the ceil((n + 1)(1 - alpha))-th smallest score; inf if n is too small.

    With `shares` [N], those of `patient_shares`, n is their sum and a score counts its share.
    """
    scores = np.asarray(scores, dtype=float)
    shares = np.ones(len(scores)) if shares is None else shares
    order = np.argsort(scores, kind="stable")
    enough = np.cumsum(shares[order]) >= (shares.sum() + 1) * (1 - alpha) - 1e-9
    return float(scores[order][enough.argmax()]) if enough.any() else np.inf


def fit_limits(probabilities, labels, alpha, class_conditional=False, shares=None):
    """Return the limits [C] on 1 - p_c, from calibration cases.

    One limit for all classes guarantees coverage 1 - alpha over all cases. With
    `class_conditional`, each class has a limit from its own cases, which guarantees it in every
    class but gives larger sets. A class with fewer than 1 / alpha - 1 cases is in every set.
    `shares` [N] are those of `patient_shares`.
    """
    shares = np.ones(len(labels)) if shares is None else shares
    classes = probabilities.shape[1]
    scores = 1 - probabilities[np.arange(len(labels)), labels]
    if not class_conditional:
        return np.full(classes, score_limit(scores, alpha, shares))
    mine = [labels == c for c in range(classes)]
    return np.array([score_limit(scores[c], alpha, shares[c]) for c in mine])


def prediction_sets(probabilities, limits):
    """Return which classes are in each case's set: bool [N, C]; a set may be empty."""
    return 1 - probabilities <= np.asarray(limits) + ROUNDING


def coverage(sets, labels, weights):
    """Return the share of cases whose set contains the true class [B]."""
    return weighted_mean(sets[np.arange(len(labels)), labels], weights)


def class_coverage(sets, labels, weights):
    """Return the coverage among the cases of each class [B, C]; NaN for a class without cases."""
    is_class = (labels[:, None] == np.arange(sets.shape[1])).astype(float)
    return ratio(weights @ (is_class * sets), weights @ is_class)


def set_size(sets, weights):
    """Return the mean number of classes in a set [B]."""
    return weighted_mean(sets.sum(axis=1), weights)


def sets_of_cell(table, validation, task, alpha, class_conditional=False):
    """Return (sets bool [n, C], labels [n], rows) of a cell's cases with a known label.

    Each fold's limits come from the validation rows of all folds, without the cases that the
    fold tests (see `recalibration.recalibrate`). These rows are predictions of several networks,
    so the guarantee is approximate.
    """
    parts = []
    for part, rows in by_fold(table, validation):
        fitted_on, truth, scored = known_rows(rows, task)
        shares = patient_shares(fitted_on)
        limits = fit_limits(scored, truth, alpha, class_conditional, shares)
        known, labels, probabilities = known_rows(part, task)
        parts.append((prediction_sets(probabilities, limits), labels, known))
    sets, labels, rows = zip(*parts, strict=True)
    return np.concatenate(sets), np.concatenate(labels), pd.concat(rows)


def conformal_measures(table, weights, *, validation, tasks, alpha, class_conditional=False):
    """Yield (task, measure, replicates [B], n cases): coverage, the lowest coverage of a class,
    set size, and the shares of sets with one class and with none.
    """
    for task in tasks:
        sets, labels, rows = sets_of_cell(table, validation, task, alpha, class_conditional)
        mine, n = weights[:, table.index.get_indexer(rows.index)], count_cases(rows)
        yield task, "coverage", coverage(sets, labels, mine), n
        yield task, "least_class_coverage", class_coverage(sets, labels, mine).min(axis=1), n
        yield task, "set_size", set_size(sets, mine), n
        for name, size in (("single_sets", 1), ("empty_sets", 0)):
            yield task, name, weighted_mean(sets.sum(axis=1) == size, mine), n

"""Probabilities recalibrated after training, by a temperature or by the class prior.

Both are fitted on validation cases and applied to others; tables also keep the raw values.
"""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from glioma_uq.errors import BadInput
from glioma_uq.predictions import known_rows
from glioma_uq.statistics.scoring import LEAST_PROBABILITY
from glioma_uq.tasks import TASKS
from glioma_uq.uncertainty import entropy

TEMPERATURES = (0.05, 20.0)  # an optimum outside means too few errors to fit to
METHODS = ("temperature", "prior")


def fit_temperature(probabilities, labels):
    """Return the temperature in [0.05, 20] with the lowest NLL on these cases (Guo et al. 2017).

    `probabilities` [N, C], `labels` [N] class indices. The NLL is convex in 1 / temperature.
    Raises BadInput without a case.
    """
    _check_some(labels)
    scores = _scores(probabilities)
    rows = np.arange(len(labels))

    def cost(log_inverse):
        return -log_softmax(scores * np.exp(log_inverse), axis=1)[rows, labels].mean()

    bounds = -np.log(TEMPERATURES[::-1])
    best = minimize_scalar(cost, bounds=bounds, method="bounded", options={"xatol": 1e-10})
    return float(np.exp(-best.x))


def apply_temperature(probabilities, temperature):
    """Return softmax(ln p / temperature) [N, C], p clipped at 1e-12. A temperature above 1 lowers
    the confidence, 1 changes nothing; the predicted class stays the same.
    """
    return softmax(_scores(probabilities) / temperature, axis=1)


def fit_prior(labels, classes):
    """Return the shares [classes] of the classes among `labels`, with 1 added to each count
    (Laplace), so that no class has probability 0. Raises BadInput without a case.
    """
    _check_some(labels)
    counts = np.bincount(labels, minlength=classes) + 1
    return counts / counts.sum()


def correct_prior(probabilities, prior, trained_on=None):
    """Return p_c prior_c / trained_on_c, normalised [N, C] (Saerens et al. 2002).

    `trained_on` is the class prior implied by the training loss: equal shares (the default) for
    a loss with "balanced" class weights. Rows that would be all 0 keep their probabilities.
    """
    classes = probabilities.shape[1]
    trained_on = np.full(classes, 1 / classes) if trained_on is None else np.asarray(trained_on)
    weighed = probabilities * (np.asarray(prior) / trained_on)
    total = weighed.sum(axis=1, keepdims=True)
    return np.divide(weighed, total, out=np.array(probabilities, dtype=float), where=total > 0)


def recalibrate(table, validation, method):
    """Return a cell's classification table with recalibrated probabilities.

    `validation` is the table of validation cases of the same network, rate and T; both have the
    columns case and fold. Each fold is fitted on the validation rows of all folds, without the
    cases that it tests: its own validation cases are too few. Predictive uncertainty becomes the
    entropy of the recalibrated probabilities. Its two components become NaN, since single samples
    are not recalibrated. A task without known labels stays as it is.
    """
    recalibrated = table.copy()
    for task in TASKS:
        for _, part in table.groupby("fold"):
            fitted_on = not_tested_in(part, validation)
            probabilities = _recalibrate_fold(part, fitted_on, task, method)
            if probabilities is not None:
                columns = [f"{task}_probability_{c}" for c in TASKS[task]]
                recalibrated.loc[part.index, columns] = probabilities
                recalibrated.loc[part.index, f"{task}_predictive"] = entropy(probabilities)
                recalibrated.loc[part.index, [f"{task}_aleatoric", f"{task}_epistemic"]] = np.nan
    return recalibrated


def not_tested_in(part, validation):
    """Return the rows of `validation` whose cases are not in `part`, the rows of one fold."""
    return validation[~validation["case"].isin(part["case"])]


def fewest_fitted_on(table, validation, task):
    """Return the smallest number of validation cases with a known label of `task` of a fold."""
    parts = (not_tested_in(part, validation) for _, part in table.groupby("fold"))
    return min(known_rows(part, task)[0]["case"].nunique() for part in parts)


def _recalibrate_fold(part, fitted_on, task, method):
    """Return recalibrated probabilities [N, C] of the rows of `part`; None without known labels."""
    if method not in METHODS:
        raise ValueError(f"expected a method among {METHODS}, found {method}; name one")
    _, labels, known = known_rows(fitted_on, task)
    if not len(labels):
        return None
    raw = part[[f"{task}_probability_{c}" for c in TASKS[task]]].to_numpy(dtype=float)
    if method == "temperature":
        return apply_temperature(raw, fit_temperature(known, labels))
    return correct_prior(raw, fit_prior(labels, raw.shape[1]))


def _scores(probabilities):
    return np.log(np.maximum(probabilities, LEAST_PROBABILITY))


def _check_some(labels):
    if not len(labels):
        raise BadInput("expected validation cases with a known label, found none; add some")

"""Probabilities recalibrated after training, by a temperature or by the class prior.

Both are fitted on validation cases and applied to others; tables also keep the raw values.
"""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from glioma_uq.predictions import known_rows
from glioma_uq.statistics.patients import patient_shares, patients_of
from glioma_uq.statistics.scoring import LEAST_PROBABILITY
from glioma_uq.tasks import TASKS
from glioma_uq.uncertainty import entropy

TEMPERATURES = (0.05, 20.0)  # an optimum outside means too few errors to fit to
LEAST_FOR_TEMPERATURE = 30  # see `least_fitted`
LEAST_FOR_SHARE = 10


def fit_temperature(probabilities, labels):
    """Return the temperature in [0.05, 20] with the lowest NLL on these cases (Guo et al. 2017).

    `probabilities` [N, C], `labels` [N] class indices. The NLL is convex in 1 / temperature.
    """
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


def fit_prior(labels, classes, shares=None):
    """Return the shares [classes] of the classes among `labels`, with 1 added to each count
    (Laplace), so that no class has probability 0. `shares` [N] are those of `patient_shares`.
    """
    counts = np.bincount(labels, weights=shares, minlength=classes) + 1
    return counts / counts.sum()


def correct_prior(probabilities, prior):
    """Return p_c prior_c / (1 / C), normalised [N, C] (Saerens et al. 2002).

    Equal shares 1 / C are the class prior implied by a loss with `training.class_weights: balanced`
    at any batch size. Those implied by `authors` lie between these and the shares in training. Rows
    that would be all 0 keep their probabilities.
    """
    weighed = probabilities * (np.asarray(prior) / (1 / probabilities.shape[1]))
    total = weighed.sum(axis=1, keepdims=True)
    return np.divide(weighed, total, out=np.array(probabilities, dtype=float), where=total > 0)


def recalibrate(table, validation, method):
    """Return a cell's classification table with recalibrated probabilities.

    `method` is temperature or prior.
    `validation` is the table of validation cases of the same network, rate and T; both have the
    columns case and fold. Each fold is fitted on the validation rows of all folds, without the
    cases that it tests: its own validation cases are too few. Predictive uncertainty becomes the
    entropy of the recalibrated probabilities. Its two components become NaN, since single samples
    are not recalibrated. A task without known labels stays as it is.
    """
    recalibrated = table.copy()
    for task, classes in TASKS.items():
        columns = [f"{task}_probability_{c}" for c in classes]
        for part, rows in by_fold(table, validation):
            known, labels, fitted_on = known_rows(rows, task)
            if not len(labels):
                continue
            raw = part[columns].to_numpy(dtype=float)
            if method == "temperature":
                probabilities = apply_temperature(raw, fit_temperature(fitted_on, labels))
            else:
                probabilities = correct_prior(
                    raw, fit_prior(labels, len(classes), patient_shares(known))
                )
            recalibrated.loc[part.index, columns] = probabilities
            recalibrated.loc[part.index, f"{task}_predictive"] = entropy(probabilities)
            recalibrated.loc[part.index, [f"{task}_aleatoric", f"{task}_epistemic"]] = np.nan
    return recalibrated


def least_fitted(method, task):
    """Return the number of known validation patients below which `method` is not used for `task`.

    The number from which a fit costs calibrated probabilities at most .05 nats on new cases, on
    average. n cases cost a prior of C shares (C - 1) / 2n nats: 10 for each free share. Without
    errors among its cases a temperature falls to its lower limit: at an accuracy of .86 that
    happens to 59, 6 and 1 % of fits to 4, 20 and 30 cases, which cost 1.2, .17 and .05 nats
    (tests/test_recalibration.py). Raw probabilities need none.
    """
    shares = LEAST_FOR_SHARE * (len(TASKS[task]) - 1)
    return {"raw": 0, "temperature": LEAST_FOR_TEMPERATURE, "prior": shares}[method]


def by_fold(table, validation):
    """Yield (rows of a fold, rows of `validation` whose patients the fold does not test)."""
    for _, part in table.groupby("fold"):
        yield part, validation[~patients_of(validation).isin(patients_of(part))]


def fewest_fitted_on(table, validation, task, by_class=False):
    """Return the smallest number of validation patients with a known label of `task` of a fold.

    With `by_class`, of a fold and class.
    """
    fewest = []
    for _, rows in by_fold(table, validation):
        known, labels, _ = known_rows(rows, task)
        parts = [known[labels == c] for c in range(len(TASKS[task]))] if by_class else [known]
        fewest += [patients_of(part).nunique() for part in parts]
    return min(fewest)


def _scores(probabilities):
    return np.log(np.maximum(probabilities, LEAST_PROBABILITY))

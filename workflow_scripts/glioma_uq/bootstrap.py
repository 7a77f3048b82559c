"""Resamples of cases as a matrix of weights, and the intervals that they give.

A resample of N cases is a row of N integers: how often each case was drawn. A measure that
takes weights [B, N] and returns [B] does all resamples at once; a row of ones gives its
plain value. The same matrix serves every network, rate and number of passes, so that their
differences are paired.
"""

import numpy as np

MOST_UNDEFINED = 0.05  # share of undefined resamples beyond which an interval is refused


def resample_weights(n, resamples, rng):
    """Return how often each of `n` cases is drawn in each resample: float64 [resamples, n].

    Each row is n draws with replacement, as counts (multinomial); `rng` is a numpy Generator.
    """
    return rng.multinomial(n, np.full(n, 1 / n), size=resamples).astype(np.float64)


def case_weights(cases, resamples, rng):
    """Return the distinct `cases` in order of their ids [N], and weights [1 + resamples, N].

    The first row is ones: what a measure returns for it is its plain value.
    """
    cases = np.unique(np.asarray(cases, dtype=str))
    drawn = resample_weights(len(cases), resamples, rng) if len(cases) else np.empty((resamples, 0))
    return cases, np.vstack([np.ones(len(cases)), drawn])


def row_weights(rows, cases, weights):
    """Return the weights [B, len(rows)] of table rows that name their case in `rows`.

    The rows of one case (one for each seed) move together. `cases` and `weights` are
    those of `case_weights`; every row's case must be among them.
    """
    return weights[:, np.searchsorted(cases, np.asarray(rows, dtype=str))]


def weighted_mean(values, weights):
    """Return the mean of `values` [N] under each row of `weights` [B, N]; NaN without weight.

    Means of differences from the first value, so that a constant stays that constant.
    """
    values = np.asarray(values, dtype=np.float64)
    pivot = values[0] if len(values) else 0.0
    return pivot + ratio(weights @ (values - pivot), weights.sum(axis=1))


def weight_below(values, points, weights):
    """Return [B, len(points)]: the weight of `values` [N] below each point, ties half.

    `weights` is [B, N]. One sort and one cumulative sum serve all resamples; it is the
    heart of the ROC-AUC and of Spearman's ranks.
    """
    order = np.argsort(values, kind="stable")
    ordered = np.asarray(values)[order]
    total = np.zeros((len(weights), len(ordered) + 1))
    np.cumsum(weights[:, order], axis=1, out=total[:, 1:])
    below = np.searchsorted(ordered, points, side="left")
    up_to = np.searchsorted(ordered, points, side="right")
    return (total[:, below] + total[:, up_to]) / 2


def ratio(numerator, denominator):
    """Return numerator / denominator [B], NaN where the denominator is 0."""
    undefined = np.full(np.shape(denominator), np.nan)
    return np.divide(numerator, denominator, out=undefined, where=denominator != 0)


def interval(draws, level=0.95, kind="percentile"):
    """Return (value, low, high, reason) of `draws` [1 + B], plain value first.

    `percentile` takes the quantiles (1 -/+ level) / 2 of the resamples (linear between
    order statistics), `basic` mirrors them around the value. Undefined resamples (one class
    only, no variance) are left out; when they are more than 5 %, the interval is refused:
    low = high = NaN, and `reason`, otherwise empty, says how many.
    """
    value, resampled = float(draws[0]), draws[1:]
    undefined = int(np.isnan(resampled).sum())
    if np.isnan(value) or undefined > MOST_UNDEFINED * len(resampled):
        reason = (
            f"undefined in {undefined} of {len(resampled)} resamples: a class or spread is missing"
        )
        return value, np.nan, np.nan, reason
    tails = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(resampled[~np.isnan(resampled)], tails).tolist()
    if kind == "basic":
        return value, 2 * value - high, 2 * value - low, ""
    if kind == "percentile":
        return value, low, high, ""
    raise ValueError(f"expected interval percentile or basic, found {kind}; mend statistics")

"""Correlations of two values per case, for all resamples at once.

Values are [N], `weights` [B, N] how often each row counts (a row of ones: the plain value).
All return [B], NaN where a value is constant in a resample.
"""

import numpy as np

from glioma_uq.statistics.bootstrap import in_blocks, ratio, weight_below

NO_SPREAD = 1e-24  # variance / mean square up to which a value counts as constant


@in_blocks
def pearson(x, y, weights):
    """Return Pearson's correlation of `x` and `y`; NaN if one is constant."""
    return _cosine(_deviations(x, weights), _deviations(y, weights), weights)


@in_blocks
def spearman(x, y, weights):
    """Return Spearman's correlation of `x` and `y` [N]: Pearson's of the ranks, ties averaged.

    Ranks are computed within each resample.
    """
    x, y = (_deviations(weight_below(v, v, weights), weights) for v in (x, y))
    return _cosine(x, y, weights)


@in_blocks
def pearson_within(x, y, group, weights):
    """Return Pearson's correlation of the deviations of `x` and `y` from the means of their group.

    Sums of squares and products are pooled over the groups: the correlation given the `group` [N]
    (whole numbers), to which differences between groups add nothing (the within-group correlation
    of the analysis of covariance; Snedecor and Cochran 1967). NaN if one is constant in each group.
    """
    members = (group[:, None] == np.unique(group)).astype(float)
    return _cosine(*(_within(values, members, weights) for values in (x, y)), weights)


def pearson_minus_within(x, y, group, weights):
    """Return `pearson` minus `pearson_within`: what differences between groups add to it."""
    return pearson(x, y, weights) - pearson_within(x, y, group, weights)


@in_blocks
def partial_pearson(x, y, given, weights):
    """Return the correlation of the residuals of `x` and `y` after linear regression on `given`.

    = (r_xy - r_xg r_yg) / sqrt((1 - r_xg^2) (1 - r_yg^2)); residuals are more exact numerically.
    NaN if all residuals of one are 0. If `given` is constant, it is Pearson's correlation.
    """
    given = _deviations(given, weights)
    x, y = (_residuals(_deviations(v, weights), given, weights) for v in (x, y))
    return _cosine(x, y, weights)


def _cosine(x, y, weights):
    spread = np.sqrt((weights * x * x).sum(axis=1) * (weights * y * y).sum(axis=1))
    return np.clip(ratio((weights * x * y).sum(axis=1), spread), -1, 1)


def _deviations(values, weights):
    """Return values - their mean [B, N], exactly 0 where they are constant in a resample."""
    n = weights.sum(axis=1)
    mean = ratio((weights * values).sum(axis=1), n)
    return _exact_zero(values - mean[:, None], np.square(values), weights)


def _within(values, members, weights):
    """Return values - the mean of their group [B, N], exactly 0 if all are constant in groups."""
    means = np.nan_to_num(ratio((weights * values) @ members, weights @ members))
    return _exact_zero(values - means @ members.T, np.square(values), weights)


def _residuals(deviations, given, weights):
    """Return `deviations` [B, N] minus their regression on `given`, exactly 0 for a perfect fit."""
    covariance = (weights * deviations * given).sum(axis=1)
    slope = np.nan_to_num(ratio(covariance, (weights * given**2).sum(axis=1)))
    return _exact_zero(deviations - slope[:, None] * given, deviations**2, weights)


def _exact_zero(deviations, squares, weights):
    """Return `deviations` [B, N], with rows set to 0 where all are rounding errors."""
    variance = (weights * deviations**2).sum(axis=1)
    constant = variance <= NO_SPREAD * (weights * squares).sum(axis=1)
    return np.where(constant[:, None], 0.0, deviations)

"""Resamples of cases as a matrix of weights.

A resample of N cases is a row of N integers: how often each case was drawn. A measure that
takes weights [B, N] and returns [B] evaluates all resamples at once; a row of ones gives its
plain value. Every network, rate and number of passes uses the same matrix, so that their
differences are paired.
"""

from functools import wraps
from typing import NamedTuple

import numpy as np

from glioma_uq.grid import ALL_SEEDS

BLOCK = 128  # resamples at once whose temporaries stay in a processor's cache


class Resamples(NamedTuple):
    """Resamples of the cases of a study and, crossed with them, of its seeds of training.

    Each `weights` is [1 + B, ids], the first row ones. The networks of all seeds share the same
    cases, so seeds and cases are resampled separately, and the weight of a row is the product of
    both (the pigeonhole bootstrap, Owen 2007). Resampling cases separately for each seed would
    average out the sampling error of the cases, and intervals would be too narrow.
    """

    cases: np.ndarray
    weights: np.ndarray
    seeds: np.ndarray
    seed_weights: np.ndarray

    def of(self, table):
        """Return the weights [1 + B, rows] of a table with a column case and perhaps seed."""
        mine = row_weights(table["case"], self.cases, self.weights)
        if len(self.seeds) < 2 or "seed" not in table:
            return mine
        return mine * row_weights(table["seed"], self.seeds, self.seed_weights)

    def without_one(self, table):
        """Return the weights [cases, rows] that leave out each case in turn (the jackknife)."""
        return row_weights(table["case"], self.cases, 1 - np.eye(len(self.cases)))


def draw_resamples(tables, resamples, rng):
    """Return the `Resamples` of all cases and seeds of `tables`, in order of their ids.

    The cases are drawn first, so that they do not depend on the seeds of a study with one seed.
    An ensemble, which contains all seeds, is never resampled: its weight is always 1.
    """
    cases = case_weights(_ids(tables, "case"), resamples, rng)
    seeds = _ids(tables, "seed")
    drawn, weights = case_weights(seeds[seeds != ALL_SEEDS], resamples, rng)
    if ALL_SEEDS in seeds:
        drawn = np.append(drawn, ALL_SEEDS)
        weights = np.hstack([weights, np.ones((len(weights), 1))])
    return Resamples(*cases, drawn, weights)


def _ids(tables, column):
    """Return all ids of one column as text; none where no table has it."""
    found = [table[column].to_numpy(str) for table in tables if column in table]
    return np.concatenate([np.array([], dtype=str), *found])


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

    All rows of one case (one for each seed) have the same weight. `cases` and `weights` are
    those of `case_weights`; every row's case must be among them.
    """
    return weights[:, np.searchsorted(cases, np.asarray(rows, dtype=str))]


def weighted_mean(values, weights):
    """Return the mean of `values` [N] under each row of `weights` [B, N]; NaN if they are all 0.

    Averages the differences from the first value, so that the mean of a constant is exact.
    """
    values = np.asarray(values, dtype=np.float64)
    pivot = values[0] if len(values) else 0.0
    return pivot + ratio(weights @ (values - pivot), weights.sum(axis=1))


def weight_below(values, points, weights):
    """Return [B, len(points)]: the weight of `values` [N] below each point, ties count half.

    `weights` is [B, N]. All resamples share one sort and one cumulative sum. The ROC-AUC and
    Spearman's ranks build on it.
    """
    order = np.argsort(values, kind="stable")
    ordered = np.asarray(values)[order]
    total = np.zeros((len(weights), len(ordered) + 1))
    np.cumsum(weights[:, order], axis=1, out=total[:, 1:])
    below = np.searchsorted(ordered, points, side="left")
    up_to = np.searchsorted(ordered, points, side="right")
    if (below == up_to).all():  # no ties, half the work
        return total[:, below]
    return (total[:, below] + total[:, up_to]) / 2


def in_blocks(measure):
    """Evaluate `measure(*values, weights)` in blocks of resamples: faster than all at once."""

    @wraps(measure)
    def block_by_block(*arguments, **options):
        *values, weights = arguments
        starts = range(0, max(len(weights), 1), BLOCK)
        return np.concatenate(
            [measure(*values, weights[start : start + BLOCK], **options) for start in starts]
        )

    return block_by_block


def ratio(numerator, denominator):
    """Return numerator / denominator [B], NaN where the denominator is 0."""
    undefined = np.full(np.shape(denominator), np.nan)
    return np.divide(numerator, denominator, out=undefined, where=denominator != 0)

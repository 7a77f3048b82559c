"""Resamples of patients and of networks as a matrix of weights.

A resample of N patients is a row of N integers: how often each patient was drawn, with all its
cases. A measure that takes weights [B, rows] and returns [B] evaluates all resamples at once; a row
of ones gives its plain value. Every network, rate and number of passes uses the same draws of
patients, so that their differences are paired.
"""

from functools import wraps
from typing import NamedTuple

import numpy as np

from glioma_uq.errors import BadInput
from glioma_uq.grid import ALL_SEEDS, format_rate, trained_network
from glioma_uq.statistics.patients import patients_of

BLOCK = 128  # resamples at once whose temporaries stay in a processor's cache


class Resamples(NamedTuple):
    """Resamples of the patients of a study and, crossed with them, of its networks.

    A patient's cases are drawn together, since they are alike. They are tested by the networks of
    their fold, one for each seed of training. The seeds of a fold (a stratum: one trained network,
    rate and fold) are drawn with replacement, separately in each stratum, and a row of a table
    counts the product of both draws. All seeds of a fold share its cases, as they do in the study
    (Owen 2007). A stratum of one seed is not resampled: its results hold given these networks.

    `weights` is [R, patients] and `network_weights` [R, networks], both whole numbers. `strata` of
    all patients, then all networks, is 0 for a patient and counts the strata of the networks.
    """

    patients: np.ndarray
    weights: np.ndarray
    networks: np.ndarray
    network_weights: np.ndarray
    strata: np.ndarray

    def of(self, cell, table):
        """Return the weights [R, rows] of rows of the table of one `cell`."""
        weights = self.of_patients(table)
        if len(self.networks) and "seed" in table:
            names = network_names(cell, table)
            drawn = np.isin(names, self.networks)
            weights[:, drawn] *= row_weights(names[drawn], self.networks, self.network_weights)
        return weights

    def of_patients(self, table):
        """Return the weights [R, rows] of a table whose networks are not resampled."""
        return row_weights(patients_of(table), self.patients, self.weights)

    def left_out(self):
        """Return the `Resamples` that leave out each patient in turn, then each network.

        For the jackknife. The others of a stratum of S networks get the weight S, those of other
        strata S - 1, so that every fold keeps its share.
        """
        n = len(self.patients)
        strata = self.strata[n:]
        size = np.bincount(strata)[strata][:, None]
        others = np.where(strata == strata[:, None], size, size - 1) * (1 - np.eye(len(strata)))
        return self._replace(
            weights=np.vstack([1 - np.eye(n), np.ones((len(strata), n))]),
            network_weights=np.vstack([np.ones((n, len(strata))), others]),
        )


def draw_resamples(tables, resamples, rng):
    """Return the `Resamples` [1 + resamples] of all patients and networks; the first row is ones.

    `tables` are pairs (cell, table). Patients are drawn first, in order of their ids, so that they
    do not depend on the networks. Of the S networks of a stratum S - 1 are drawn, which makes the
    variance of their mean unbiased (Rao and Wu 1988); S draws would halve it for two seeds.
    """
    tables = list(tables)
    found = [np.array([], dtype=str), *(patients_of(table).to_numpy(str) for _, table in tables)]
    patients, weights = patient_weights(np.concatenate(found), resamples, rng)
    names, strata, drawn = [], [], []
    for number, networks in enumerate(strata_of(tables), start=1):
        names += networks
        strata += [number] * len(networks)
        drawn.append(resample_weights(len(networks), resamples, rng, draws=len(networks) - 1))
    order = np.argsort(names)
    networks, strata = np.array(names, dtype=str)[order], np.array(strata, dtype=int)[order]
    drawn = np.hstack(drawn)[:, order] if drawn else np.empty((resamples, 0))
    return Resamples(
        patients,
        weights,
        networks,
        np.vstack([np.ones(len(networks)), drawn]),
        np.concatenate([np.zeros(len(patients), dtype=int), strata]),
    )


def strata_of(tables):
    """Return the names of the networks of each stratum with several, in order.

    An ensemble, which contains all seeds, is none. Raises BadInput if the folds of a network have
    different numbers of seeds: unequal weights would shift its mean between folds.
    """
    found = {}
    for cell, table in tables:
        if "seed" in table:
            for name in np.unique(network_names(cell, table)):
                stratum, seed = name.rsplit(maxsplit=1)
                if seed != ALL_SEEDS:
                    found.setdefault(stratum, set()).add(str(name))
    sizes = {}
    for stratum, networks in found.items():
        sizes.setdefault(stratum.rsplit(maxsplit=1)[0], set()).add(len(networks))
    for network, numbers in sizes.items():
        if len(numbers) > 1:
            raise BadInput(
                f"expected as many seeds in every fold of {network}, found {min(numbers)} and "
                f"{max(numbers)}; train and sample the missing ones"
            )
    return [sorted(found[stratum]) for stratum in sorted(found) if len(found[stratum]) > 1]


def network_names(cell, table):
    """Return the trained network of each row [rows]: "csnet 0.20 fold-1 7", the seed last."""
    network = f"{trained_network(cell.network)} {format_rate(cell.rate)} fold-"
    fold = table["fold"].astype(str) if "fold" in table else ""
    return (network + fold + " " + table["seed"].astype(str)).to_numpy(str)


def resample_weights(n, resamples, rng, draws=None):
    """Return how often each of `n` patients is drawn in each resample: float64 [resamples, n].

    Each row is n draws with replacement (or `draws`), as counts (multinomial); `rng` is a numpy
    Generator.
    """
    draws = n if draws is None else draws
    return rng.multinomial(draws, np.full(n, 1 / n), size=resamples).astype(np.float64)


def patient_weights(patients, resamples, rng):
    """Return the distinct `patients` in order of their ids [N], and weights [1 + resamples, N].

    The first row is ones: what a measure returns for it is its plain value.
    """
    patients = np.unique(np.asarray(patients, dtype=str))
    n = len(patients)
    drawn = resample_weights(n, resamples, rng) if n else np.empty((resamples, 0))
    return patients, np.vstack([np.ones(n), drawn])


def row_weights(rows, units, weights):
    """Return the weights [B, len(rows)] of table rows that name their patient or network in `rows`.

    All rows of one patient have the same weight. `units` and `weights` are those of
    `patient_weights`; every row's patient must be among them.
    """
    return weights[:, np.searchsorted(units, np.asarray(rows, dtype=str))]


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

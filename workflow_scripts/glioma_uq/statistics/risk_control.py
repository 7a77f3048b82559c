"""A threshold of the tumour probability that bounds the share of tumour that is missed.

Conformal risk control (Angelopoulos et al. 2024): the expected false-negative rate of future
cases is at most alpha if they are exchangeable with the calibration cases. It needs, for each
case, only the histograms of `voxel_histograms.probability_histogram`. MAPIE's implementation
needs voxels times thresholds: 3.7 GB for 153x190x160 voxels and 100 thresholds, twice.
"""

import numpy as np
import pandas as pd

from glioma_uq.statistics.bootstrap import ratio, weighted_mean
from glioma_uq.statistics.long_tables import measure_known
from glioma_uq.statistics.patients import patient_shares, patients_of
from glioma_uq.statistics.recalibration import by_fold

CONTROLLED = ("threshold", "false_negative_rate", "dice", "volume_ratio")


def false_negative_rates(inside):
    """Return [N, K + 1]: the share of each case's tumour that p >= k / K misses, k = 0 .. K.

    `inside` [N, K] counts the true tumour's voxels by probability. The rate of a case without a
    tumour is 0. The last threshold lies above every probability, so its rate is 1.
    """
    missed = _below(inside)
    total = missed[:, -1:]
    return np.divide(missed, total, out=np.zeros_like(missed), where=total > 0)


def mask_sizes(inside, outside):
    """Return [N, K + 1]: how many voxels have p >= k / K, in the tumour or not."""
    below = _below(np.add(inside, outside))
    return below[:, -1:] - below


def _below(counts):
    """Return [N, K + 1]: how many of the voxels [N, K] have p < k / K, k = 0 .. K."""
    counts = np.asarray(counts, dtype=float)
    return np.hstack([np.zeros((len(counts), 1)), np.cumsum(counts, axis=1)])


def dice_by_threshold(inside, outside):
    """Return [N, K + 1]: the Dice of the mask p >= k / K; 1 if mask and tumour are empty."""
    size, tumour = mask_sizes(inside, outside), np.asarray(inside, float).sum(axis=1)[:, None]
    hit = tumour - false_negative_rates(inside) * tumour
    total = size + tumour
    return np.divide(2 * hit, total, out=np.ones_like(total), where=total > 0)


def least_controlled(alpha):
    """Return 2 (1 / alpha - 1), rounded up: fewer calibration cases set no useful threshold.

    They may then miss less than alpha / 2 on average, since the next case, which counts as missed
    whole, takes up more than half of what is allowed. From 1 / alpha - 1 down nothing is left.
    """
    return int(np.ceil(2 * (1 / alpha - 1) - 1e-9))


def control_false_negatives(inside, alpha, shares=None):
    """Return the largest threshold k / K of the calibration cases with

        (sum_i FNR_i + 1) / (n + 1) <= alpha,

    where 1 is the highest FNR of the next case. It is 0, everything, if no threshold has it. With
    `shares` [N], those of `patient_shares`, a row counts its share and n is their sum.
    """
    rates = false_negative_rates(inside)
    shares = np.ones(len(rates)) if shares is None else shares
    bounds = (shares @ rates + 1) / (shares.sum() + 1)
    kept = np.flatnonzero(bounds <= alpha)
    return float(kept.max(initial=0) / (rates.shape[1] - 1))


def counts_by_probability(voxels):
    """Return (rows, inside [N, K], outside [N, K]) of a cell's table of voxels.

    `voxels` is long: case, patient, fold, seed, histogram (`inside` and `outside` the true tumour),
    bin, n. `rows` has the first four columns.
    """
    names = [name for name in ("case", "patient", "fold", "seed") if name in voxels]
    wide = voxels.pivot(index=names, columns=["histogram", "bin"], values="n")
    counts = (wide[name].sort_index(axis=1).to_numpy(float) for name in ("inside", "outside"))
    return wide.index.to_frame(index=False), *counts


def control_masks(voxels, validation, alpha):
    """Return a row for each case of `voxels`, with its mask at the fold's threshold.

    Columns: case, patient, fold, seed, threshold, false_negative_rate, dice, volume_ratio (mask /
    tumour; NaN without a tumour). A fold's threshold is from the validation cases of patients that
    it does not test.
    """
    parts = []
    for part, rows in by_fold(voxels, validation):
        known, inside, _ = counts_by_probability(rows)
        threshold = control_false_negatives(inside, alpha, patient_shares(known))
        rows, inside, outside = counts_by_probability(part)
        k = round(threshold * inside.shape[1])
        part = rows.assign(
            threshold=threshold,
            false_negative_rate=false_negative_rates(inside)[:, k],
            dice=dice_by_threshold(inside, outside)[:, k],
            volume_ratio=ratio(mask_sizes(inside, outside)[:, k], inside.sum(axis=1)),
        )
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def fewest_controls(voxels, validation):
    """Return the smallest number of validation patients behind a fold's threshold."""
    return min(patients_of(rows).nunique() for _, rows in by_fold(voxels, validation))


def control_measures(table, weights):
    """Yield (task, measure, replicates [B], n cases) of a table of `control_masks`."""
    for name in CONTROLLED:
        yield measure_known(table, weights, "segmentation", name, weighted_mean, table[name])

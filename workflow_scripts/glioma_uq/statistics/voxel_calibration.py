"""The calibration error of voxels, from the histograms that a sampler writes for each case."""

import numpy as np
import pandas as pd

from glioma_uq.statistics.bootstrap import ratio

COUNTS = ["n", "confidence", "right"]


def counts_by_case(table):
    """Return a table of voxels with one row for each case, seed and region, not one for each bin.

    Resamples have a weight for each row; with a row for each bin, the weights of a study of
    several seeds would take gigabytes. `table` has case, histogram, bin, n, confidence, right and
    perhaps patient, fold and seed, from `voxel_histograms.confidence_histogram`; other histograms
    have no confidence and are left out. The column `counts` [3, bins] replaces bin, n, confidence,
    right.
    """
    names = [name for name in ("case", "patient", "fold", "seed") if name in table]
    table = table[table["confidence"].notna()].sort_values(["histogram", *names, "bin"])
    parts = []
    for _, part in table.groupby("histogram"):
        bins = part["bin"].nunique()
        counts = part[COUNTS].to_numpy(float).reshape(-1, bins, len(COUNTS)).swapaxes(1, 2)
        rows = part[["histogram", *names]].iloc[::bins]
        parts.append(rows.assign(counts=pd.Series(list(counts), rows.index, dtype=object)))
    return pd.concat(parts, ignore_index=True)


def voxel_ece(n, confidence, right, weights):
    """Return the ECE [B] of the pooled voxels of the cases, resampled by case.

    `n`, `confidence` and `right` are [cases, bins]: each case's number of voxels in each bin, the
    sum of their confidences, and how many of them are right. `weights` is [B, cases].
    ECE = sum_b |sum of right_b - sum of confidence_b| / sum_b n_b: large tumours weigh more
    than small ones. NaN without voxels.
    """
    gaps = np.abs(weights @ (np.asarray(right, float) - confidence)).sum(axis=1)
    return ratio(gaps, weights @ np.asarray(n, float).sum(axis=1))

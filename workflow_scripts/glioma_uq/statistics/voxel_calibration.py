"""The calibration error of voxels, from the histograms that a sampler leaves for each case."""

import numpy as np

from glioma_uq.statistics.bootstrap import ratio


def voxel_ece(n, confidence, right, weights):
    """Return the ECE [B] of the pooled voxels of the cases, resampled by case.

    Args:
        n, confidence, right: [cases, bins], each case's number of voxels in each bin, the sum
            of their confidences, and how many of them are right.
        weights: [B, cases], how often each case counts.

    ECE = sum_b |sum of right_b - sum of confidence_b| / sum_b n_b: large tumours weigh more
    than small ones. NaN without voxels. One case's own ECE is that of a row with its weight alone.
    """
    gaps = np.abs(weights @ (np.asarray(right, float) - confidence)).sum(axis=1)
    return ratio(gaps, weights @ np.asarray(n, float).sum(axis=1))

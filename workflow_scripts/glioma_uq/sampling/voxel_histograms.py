"""Histograms of voxel probabilities, which suffice to measure their calibration later.

Histograms of cases can be summed, so a sampler does not need to keep whole volumes.
"""

import numpy as np

COLUMNS = ["case", "passes", "histogram", "bin", "n", "confidence", "right"]


def case_histograms(probability, predicted, tumour, regions):
    """Return the histograms of one case, a list of dicts of lists: histogram, n, confidence, right.

    `brain` and `dilated` count a region's voxels by confidence. `inside` and `outside` (of the
    true tumour) count voxels by their tumour probability, without confidence and right.

    Args:
        probability: tumour probability, (X, Y, Z).
        predicted: the predicted tumour, bool (X, Y, Z).
        tumour: the reference, bool (X, Y, Z).
        regions: bool masks by name, see `regions.find_regions`.
    """
    rows = []
    for name in ("brain", "dilated"):
        counted = confidence_histogram(probability, predicted, tumour, regions[name])
        rows.append({"histogram": name} | {key: x.tolist() for key, x in counted.items()})
    for name, voxels in (("inside", tumour), ("outside", ~tumour)):
        n = probability_histogram(probability, voxels).tolist()
        missing = [None] * len(n)
        rows.append({"histogram": name, "n": n, "confidence": missing, "right": missing})
    return rows


def histogram_rows(histograms):
    """Return a dict with the columns `COLUMNS` for each bin of histograms of cases and T."""
    return [
        {**{name: row[name] for name in COLUMNS[:3]}, "bin": i, "n": int(n), "confidence": c,
         "right": None if right is None else int(right)}
        for row in histograms
        for i, (n, c, right) in enumerate(
            zip(row["n"], row["confidence"], row["right"], strict=True)
        )
    ]  # fmt: skip


def confidence_histogram(probability, predicted, tumour, region, bins=15):
    """Return {n, confidence, right}, each [bins], of the voxels of a region by confidence.

    The bins are (lo, hi] on [0, 1]. `n` counts the voxels, `confidence` is the sum of the
    probabilities of what is predicted, tumour or none, and `right` counts the voxels in which that
    is correct. `probability` (of tumour) and `predicted`, `tumour` and `region` (bool) have the
    same shape. With subregions another class, as background, can be the most probable one where the
    tumour's classes together are more probable; then its confidence is below 1/2.
    """
    p = np.asarray(probability)[region].astype(np.float64)
    said, truth = np.asarray(predicted)[region], np.asarray(tumour)[region]
    confidence, right = np.where(said, p, 1 - p), said == truth
    index = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], confidence, side="left")
    weights = {"n": np.ones_like(p), "confidence": confidence, "right": right}
    return {name: np.bincount(index, w, bins).astype(np.float64) for name, w in weights.items()}


def probability_histogram(probability, voxels, bins=100):
    """Return how many of `voxels` (bool) have a tumour probability in [k, k + 1) / bins: [bins].

    A probability of 1 lies in the last bin. The histograms inside and outside the tumour give
    the false negatives and the size of the mask at every threshold k / bins.
    """
    p = np.asarray(probability)[voxels].astype(np.float64)
    index = np.minimum((p * bins).astype(int), bins - 1)
    return np.bincount(index, minlength=bins).astype(np.float64)

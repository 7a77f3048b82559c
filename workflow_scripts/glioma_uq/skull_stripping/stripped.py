"""Scans that are already skull-stripped."""

import numpy as np
from scipy import ndimage

from glioma_uq.errors import BadCase
from glioma_uq.images import check_on_t1ce

LEAST_BACKGROUND = 0.2  # ASSUME: in a stripped scan one value fills a fifth of the voxels or more


def find_brain(scan, *, own_mask=None, threads=1):
    """Return the brain in a stripped scan (Image) as booleans.

    `own_mask`: the brain mask that came with the scan (Image); without one, the brain
    is every voxel that differs from the background, the most frequent value, with holes
    filled. It uses one thread.
    """
    if own_mask is None:
        return ndimage.binary_fill_holes(scan.data != background(scan.data))
    check_on_t1ce(own_mask.grid, scan.grid, "a brain mask")
    return own_mask.data


def background(data):
    """Return the most frequent value; raise BadCase if too few voxels have it."""
    values, counts = np.unique(data, return_counts=True)
    share = counts.max() / data.size
    if share < LEAST_BACKGROUND:
        raise BadCase(
            "expected a stripped scan, in which one background value fills at least "
            f"{LEAST_BACKGROUND:.0%} of the voxels, found {share:.1%}, give a brain mask or set "
            "preprocessing.skull_stripping to a method that finds the brain"
        )
    return values[counts.argmax()]

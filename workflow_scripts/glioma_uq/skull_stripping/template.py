"""The template's brain mask, mapped back to the scan."""

import numpy as np

from glioma_uq.transforms import resample_mask


def find_brain(scan, *, template, t1ce_to_template, threads=1):
    """Return the template's brain mask on the grid of `scan` (Image), booleans.

    `template`: that mask (Image). `t1ce_to_template`: 4x4 matrix from the world of the
    scan, a T1CE with skull, to the template's. It uses one thread.
    """
    return resample_mask(template, scan.grid, np.linalg.inv(t1ce_to_template))

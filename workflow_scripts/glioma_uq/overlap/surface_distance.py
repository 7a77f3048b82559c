"""How far the surfaces of two masks lie apart, in mm."""

import numpy as np
from scipy.ndimage import binary_erosion, distance_transform_edt, find_objects


def hd95(predicted, reference, spacing):
    """Return the 95th percentile of the Hausdorff distance of two boolean arrays, in mm.

    The larger of the two directed 95th percentiles (linear between order statistics) of the
    distances from the surface voxels of one mask to the nearest of the other; surface voxels
    are those that touch the outside by a face, at the image border too. `spacing` is the
    voxel's size in mm along each axis.

    Two empty masks agree: 0. One empty mask misses everything: the diagonal of the image, the
    largest distance that it holds, so that a missed tumour does not vanish from a mean.
    """
    if not (predicted.any() and reference.any()):
        agree = not (predicted.any() or reference.any())
        return 0.0 if agree else float(np.linalg.norm(np.multiply(predicted.shape, spacing)))
    box = find_objects((predicted | reference).astype(np.int8))[0]
    one, other = (surface(mask[box]) for mask in (predicted, reference))
    there, back = _distances(one, other, spacing), _distances(other, one, spacing)
    return float(max(np.percentile(there, 95), np.percentile(back, 95)))


def surface(mask):
    """Return the voxels of `mask` with a face to the outside, or to the border of the array."""
    return mask & ~binary_erosion(mask)


def _distances(one, other, spacing):
    """Return the distance in mm of each voxel of `one` from the nearest of `other`."""
    return distance_transform_edt(~other, sampling=spacing)[one]

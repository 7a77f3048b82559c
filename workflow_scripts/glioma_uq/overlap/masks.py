"""How well two masks agree: their voxels, and the distance of their surfaces in mm."""

import numpy as np
from scipy.ndimage import binary_erosion, distance_transform_edt, find_objects


def dice(predicted, reference):
    """Return the Dice coefficient 2|A ∩ B| / (|A| + |B|) of two boolean arrays or tensors.

    1 if both masks are empty, 0 if only one is.
    """
    size = int(predicted.sum()) + int(reference.sum())
    return 1.0 if size == 0 else 2 * int((predicted & reference).sum()) / size


def hd95(predicted, reference, spacing):
    """Return the 95th percentile of the Hausdorff distance of two boolean arrays, in mm.

    The larger of the two directed 95th percentiles (linear between order statistics) of the
    distances from the surface voxels of one mask to the nearest of the other. Surface voxels
    share a face with the outside or with the image border. `spacing` is the
    voxel's size in mm along each axis.

    0 if both masks are empty. If only one is, the diagonal of the image, the largest possible
    distance, so that missed tumours are not left out of a mean.
    """
    if not (predicted.any() and reference.any()):
        agree = not (predicted.any() or reference.any())
        return 0.0 if agree else float(np.linalg.norm(np.multiply(predicted.shape, spacing)))
    box = find_objects((predicted | reference).astype(np.int8))[0]
    one, other = (surface(mask[box]) for mask in (predicted, reference))
    there = distance_transform_edt(~other, sampling=spacing)[one]
    back = distance_transform_edt(~one, sampling=spacing)[other]
    return float(max(np.percentile(there, 95), np.percentile(back, 95)))


def surface(mask):
    """Return the voxels of `mask` that share a face with the outside or the array's border."""
    return mask & ~binary_erosion(mask)

"""Image metrics: head mask, intensities, pieces of masks, overlap and mutual information."""

import numpy as np
from scipy import ndimage

from glioma_uq.errors import BadCase
from glioma_uq.images import Image
from glioma_uq.overlap.masks import dice
from glioma_uq.transforms import resample, resample_mask


def foreground(data):
    """Return the head in a scan as booleans: the largest bright component, filled slice by slice.

    Bright is above half the mean. Air that is connected to the outside in 3-D (nose, throat)
    is enclosed in most slices, so holes are filled along each axis. Raises BadCase if nothing
    is bright.
    """
    mask = ndimage.gaussian_filter(np.asarray(data, np.float32), 1) > data.mean() / 2
    pieces, count = ndimage.label(mask)
    if not count:
        raise BadCase("expected a head, found nothing brighter than the rest, check the scan")
    mask = pieces == 1 + np.argmax(np.bincount(pieces.ravel())[1:])
    for axis in range(3):
        for cut in np.moveaxis(mask, axis, 0):
            cut[:] = ndimage.binary_fill_holes(cut)
    return mask


def intensity_range(data):
    """Return the 1st and 99th percentile of a scan's values, in the scanner's own units."""
    return [float(value) for value in np.percentile(data, [1, 99])]


def spread(values):
    """Return the range of the central 90 % of some values; 3.29 of normal z-scores."""
    low, high = np.percentile(values, [5, 95])
    return round(float(high - low), 3)


def pieces(mask, share=0.95):
    """Return the fewest connected pieces that together hold a `share` of a mask, 0 if empty."""
    labels, count = ndimage.label(mask)
    sizes = np.sort(np.bincount(labels.ravel())[1:])[::-1].cumsum()
    return int(np.searchsorted(sizes, share * sizes[-1]) + 1) if count else 0


def overlap_with_template(fixed, moving, matrix):
    """Return the Dice of two masks (Images) after `matrix` maps `moving` to `fixed`.

    Only the moving image's field of view counts, since it may end above the template's
    neck.
    """
    mapped = resample_mask(moving, fixed.grid, matrix)
    everywhere = Image(np.ones(moving.grid.shape, np.float32), moving.grid)
    scanned = resample(everywhere, fixed.grid, matrix, order=0) > 0
    return dice(mapped[scanned], fixed.data[scanned])


def mutual_information(first, second, bins=32):
    """Return the mutual information of two arrays in nats, from a joint histogram.

    I = sum p(a, b) ln(p(a, b) / (p(a) p(b))); 0 for independent values. Bins are of
    equal width between the 1st and 99th percentile, so that one bright voxel cannot
    put all others into one bin.
    """
    joint, _, _ = np.histogram2d(_clipped(first), _clipped(second), bins)
    joint /= joint.sum()
    apart = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    seen = joint > 0
    return float((joint[seen] * np.log(joint[seen] / apart[seen])).sum())


def _clipped(values):
    values = np.ravel(values)
    return np.clip(values, *np.percentile(values, [1, 99]))

"""Bias field correction: N4 fits the field on a coarse copy, and the full scan is divided by it."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import ndimage

from glioma_uq.antspy import ants
from glioma_uq.errors import BadCase, bad_case_on
from glioma_uq.images import Grid, Image
from glioma_uq.quality.image_metrics import foreground
from glioma_uq.transforms import block_average, block_steps, resample

CONVERGENCE = 1e-7
LOWEST_SHARE = 1e-3
MEDIAN_MM = 6  # edge of the window whose median represents a block
# ASSUME: scalp and skull are at least this thick; the brain lies deeper.
SHELL_MM = 10
HEAD_MM = 4  # voxel size at which the head is separated from air
WINDOW = 0.2  # of log intensity; grey matter differs from white by .3 or more on all four series


def fit_bias_field(image, *, voxel_size_mm, iterations):
    """Return the bias field of `image` (Image, any positive unit) on its own grid, mean about 1.

    N4 (Tustison et al., IEEE TMI 2010), with one spline element at the coarsest of
    len(iterations) levels, is fitted to one median for each block of about `voxel_size_mm`
    that lies deeper than SHELL_MM in the head. The field is smooth, so its logarithm is
    interpolated linearly to the grid of the image.
    """
    coarse = sparse_median(image, voxel_size_mm)
    return _fit(coarse, deep_in_head(image, coarse.grid), iterations, image.grid)


def refine_bias_field(image, white_matter, to_template, *, voxel_size_mm, iterations):
    """Return the field that N4 finds in the white matter of a corrected `image`, on its grid.

    `white_matter`: the template's mask (Image of booleans), mapped to the scan by the inverse
    of `to_template` (4x4, scan's world to template's). Without cortex and CSF, a change in
    tissue fractions cannot be mistaken for bias. Voxels that differ from the median of the
    white matter by more than WINDOW are left out: tumour, oedema, and misregistered tissue.
    """
    coarse = sparse_median(image, voxel_size_mm)
    white = resample(white_matter, coarse.grid, np.linalg.inv(to_template), order=0) > 0
    signal = coarse.data[white]
    if not (signal.size and np.median(signal) > 0):
        raise BadCase(
            "expected white matter where the template has it, found no signal there, "
            "look at the registration"
        )
    ratio = np.maximum(coarse.data, 0) / np.median(signal)
    white &= (ratio > np.exp(-WINDOW)) & (ratio < np.exp(WINDOW))
    if not white.any():
        raise BadCase("expected white matter of about one intensity, found none, look at the scan")
    return _fit(coarse, white, iterations, image.grid)


def _fit(coarse, mask, iterations, grid):
    """Return N4's field of a coarse Image, fitted in `mask`, on the fine `grid`."""
    floor = LOWEST_SHARE * coarse.data.max()
    scan = ants.from_numpy(
        np.maximum(coarse.data, floor), spacing=tuple(map(float, coarse.grid.voxel_sizes))
    )
    where = scan.new_image_like(mask.astype(np.float32))
    options = {"convergence": {"iters": list(iterations), "tol": CONVERGENCE}, "shrink_factor": 1}
    with bad_case_on(RuntimeError, "a scan that N4 can correct", "that it failed", "look at it"):
        fitted = ants.n4_bias_field_correction(scan, where, return_bias_field=True, **options)
    field = fitted.numpy()
    _check_field(field, scan.numpy())
    pull = np.linalg.inv(coarse.grid.affine) @ grid.affine
    scale, shift = np.diag(pull.diagonal()[:3]), pull[:3, 3]
    linear = {"order": 1, "mode": "nearest"}
    return np.exp(ndimage.affine_transform(np.log(field), scale, shift, grid.shape, **linear))


def _check_field(field, scan):
    """Raise BadCase unless N4 found a field that is finite and above 0.

    antspyx ignores N4's exit code and returns the scan itself when N4 fails.
    """
    if np.array_equal(field, scan) or not (np.isfinite(field).all() and field.min() > 0):
        raise BadCase(
            f"expected a bias field above 0, found that N4 failed ({field.min():g} to "
            f"{field.max():g}), look at the scan"
        )


def sparse_median(image, voxel_size_mm):
    """Return the medians of windows of about MEDIAN_MM, one in the middle of each block.

    N4 sharpens the histogram, so each sample should be of one tissue. The mean of a block of
    `voxel_size_mm` mixes cortex with its neighbours and a single voxel is noisy; the median
    of a small window avoids both.
    """
    steps = np.minimum(block_steps(image.grid, voxel_size_mm), image.grid.shape)
    halves = np.round((MEDIAN_MM / image.grid.voxel_sizes - 1) / 2).clip(0).astype(int)
    padded = np.pad(image.data, [(half, half) for half in halves], mode="edge")
    windows = sliding_window_view(padded, tuple(2 * halves + 1))
    selected = windows[tuple(slice(step // 2, None, step) for step in steps)]
    data = np.median(selected, axis=(3, 4, 5)).astype(np.float32)
    pick = np.diag([*steps, 1.0])
    pick[:3, 3] = steps // 2
    return Image(data, Grid(data.shape, image.grid.affine @ pick))


def deep_in_head(image, grid):
    """Return the mask on `grid` of what lies deeper than SHELL_MM below the head's surface.

    Fat, muscle, bone and brain differ by more than a bias field, and air has no signal.
    """
    coarse = block_average(image, HEAD_MM)
    if not coarse.data.max() > 0:
        raise BadCase("expected positive intensities, found none, export the series again")
    head = foreground(coarse.data)
    depth = ndimage.distance_transform_edt(head, sampling=coarse.grid.voxel_sizes)
    deep = resample(Image(depth, coarse.grid), grid, order=0) > SHELL_MM
    if not deep.any():
        raise BadCase(
            f"expected a head, found none that is thicker than {2 * SHELL_MM} mm, look at the scan"
        )
    return deep


def divide_by_field(image, field):
    """Return the corrected image: data / field, float32, on the same grid."""
    return Image((image.data / field).astype(np.float32), image.grid)


def bias_range(field):
    """Return the 1st and 99th percentiles of a field (1 = no bias)."""
    low, high = np.percentile(field[::2, ::2, ::2], [1, 99])
    return float(low), float(high)

"""The smooth shading of a scan: N4 fits it on a coarse copy, the fine scan is divided by it."""

import numpy as np
from scipy import ndimage

from glioma_uq.antspy import ants
from glioma_uq.errors import BadCase
from glioma_uq.images import Image
from glioma_uq.transforms import block_average

CONVERGENCE = 1e-7
LOWEST_SHARE = 1e-3

# ITK asks for its number of threads once, at the first use; with one, results repeat exactly.
ants.config.set_ants_deterministic(on=True, seed_value=None)


def fit_bias_field(image, *, voxel_size_mm, iterations):
    """Return the bias field of `image` (Image, any positive unit) on its own grid, mean about 1.

    N4 (Tustison et al., IEEE TMI 2010) with one spline element at the coarsest of
    len(iterations) levels, on blocks averaged to about `voxel_size_mm`. The field is
    smooth, so its logarithm is interpolated linearly to the grid of the image.
    """
    coarse = block_average(image, voxel_size_mm)
    floor = LOWEST_SHARE * coarse.data.max()
    if not floor > 0:
        raise BadCase("expected positive intensities, found none, export the series again")
    scan = ants.from_numpy(
        np.maximum(coarse.data, floor), spacing=tuple(map(float, coarse.grid.voxel_sizes))
    )
    head = coarse.data > coarse.data.mean()  # air would spoil the histogram and doubles the time
    field = ants.n4_bias_field_correction(
        scan,
        mask=scan.new_image_like(head.astype(np.float32)),
        shrink_factor=1,
        convergence={"iters": list(iterations), "tol": CONVERGENCE},
        return_bias_field=True,
    ).numpy()
    return np.exp(_to_fine(np.log(field), image.grid, coarse.grid))


def divide_by_field(image, field):
    """Return `image` without its bias: data / field, float32, on the same grid."""
    return Image((image.data / field).astype(np.float32), image.grid)


def bias_range(field):
    """Return the 1st and 99th percentile of a field (1 = no bias)."""
    low, high = np.percentile(field[::2, ::2, ::2], [1, 99])
    return float(low), float(high)


def _to_fine(coarse, fine_grid, coarse_grid):
    """Interpolate `coarse` linearly to the voxel centres of the fine grid."""
    pull = np.linalg.inv(coarse_grid.affine) @ fine_grid.affine
    return ndimage.affine_transform(
        coarse, np.diag(pull.diagonal()[:3]), pull[:3, 3], fine_grid.shape, order=1, mode="nearest"
    )

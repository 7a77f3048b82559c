"""Where one scan lies in another: rigid and affine registration by ANTs, the same each time."""

from tempfile import TemporaryDirectory

import numpy as np

from glioma_uq.antspy import ants
from glioma_uq.transforms import RAS_TO_LPS, block_average, from_itk

SAMPLED_SHARE = 0.2

# ITK asks for its number of threads once, at the first use; with one, results repeat exactly.
ants.config.set_ants_deterministic(on=True, seed_value=None)


def register(fixed, moving, *, kind, levels, voxel_size_mm, seed):
    """Return the 4x4 RAS matrix that carries points of `moving` to points of `fixed`.

    `fixed`, `moving`: Images, world in mm. `kind`: "Rigid" or "Affine". `levels`: from
    coarse to fine, each with `shrink` (of the working voxel), `smoothing` (sigma in
    voxels) and `iterations`. Both images are averaged to about `voxel_size_mm` first.
    Metric: Mattes mutual information, 32 bins, a fifth of the voxels sampled by `seed`.
    """
    # antspyx ignores its random_seed argument; only this switch is obeyed.
    ants.config.set_ants_deterministic(on=True, seed_value=seed % 2**31)
    with TemporaryDirectory() as scratch:
        result = ants.registration(
            to_ants(block_average(fixed, voxel_size_mm)),
            to_ants(block_average(moving, voxel_size_mm)),
            kind,
            outprefix=f"{scratch}/",
            aff_metric="mattes",
            aff_random_sampling_rate=SAMPLED_SHARE,
            aff_shrink_factors=tuple(level["shrink"] for level in levels),
            aff_smoothing_sigmas=tuple(level["smoothing"] for level in levels),
            aff_iterations=tuple(level["iterations"] for level in levels),
        )
        transform = ants.read_transform(result["fwdtransforms"][0])
    return np.linalg.inv(from_itk(transform.parameters, transform.fixed_parameters))


def to_ants(image):
    """Return `image` as an ANTsImage in the same place of the world (ITK counts in LPS)."""
    affine = RAS_TO_LPS @ image.grid.affine
    spacing = image.grid.voxel_sizes
    return ants.from_numpy(
        np.asarray(image.data, np.float32),
        origin=tuple(affine[:3, 3].tolist()),
        spacing=tuple(spacing.tolist()),
        direction=affine[:3, :3] / spacing,
    )

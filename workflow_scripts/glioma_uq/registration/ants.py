"""Registration by ANTs: the default engine."""

from tempfile import TemporaryDirectory

import numpy as np

from glioma_uq.antspy import ants
from glioma_uq.registration import SAMPLED_SHARE, failures_of, itk_geometry
from glioma_uq.transforms import from_itk


def register(fixed, moving, *, kind, levels, voxel_size_mm, seed):
    """Return the 4x4 RAS matrix that maps points of `fixed` to `moving`, by antsRegistration.

    It starts with aligned centres of mass. See `glioma_uq.registration`.
    """
    # antspyx ignores its random_seed argument; only this call sets the seed.
    ants.config.set_ants_deterministic(on=True, seed_value=seed)
    images = to_ants(fixed), to_ants(moving)
    options = {
        "aff_metric": "mattes",
        "aff_random_sampling_rate": SAMPLED_SHARE,
        "aff_shrink_factors": tuple(level["shrink"] for level in levels),
        "aff_smoothing_sigmas": tuple(level["smoothing"] for level in levels),
        "aff_iterations": tuple(level["iterations"] for level in levels),
    }
    with TemporaryDirectory() as scratch:
        with failures_of("ANTs"):
            result = ants.registration(*images, kind, outprefix=f"{scratch}/", **options)
        transform = ants.read_transform(result["fwdtransforms"][0])
    return from_itk(transform.parameters, transform.fixed_parameters)


def to_ants(image):
    """Return `image` as an ANTsImage at the same world coordinates (ITK uses LPS)."""
    origin, spacing, direction = itk_geometry(image.grid)
    data = np.asarray(image.data, np.float32)
    return ants.from_numpy(data, origin=origin, spacing=spacing, direction=direction)

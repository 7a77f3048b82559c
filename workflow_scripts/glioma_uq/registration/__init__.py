"""Registration: one function, three engines, and the same result in every run."""

import numpy as np

from glioma_uq.errors import BadCase, BadInput, bad_case_on
from glioma_uq.images import Image
from glioma_uq.transforms import RAS_TO_LPS, block_average, is_invertible

ENGINES = ("ants", "simpleitk", "elastix")
NONE = "none"  # the engine that leaves images where they are
SAMPLED_SHARE = 0.2
HISTOGRAM_BINS = 32


def register(fixed, moving, *, kind, levels, voxel_size_mm, seed, engine="ants"):
    """Return the 4x4 RAS matrix that maps points of `moving` to points of `fixed`.

    `fixed`, `moving`: Images, world in mm. `kind`: "Rigid" or "Affine". `levels`: from
    coarse to fine, each with `shrink` (of the working voxel), `smoothing` (sigma in
    working voxels) and `iterations`. Both images are averaged to about `voxel_size_mm`
    first. Metric: Mattes mutual information, 32 bins, voxels sampled by `seed`. `engine`:
    "ants", "simpleitk" or "elastix"; each runs in one thread, with bit-identical results. "none"
    returns the identity.
    Raises BadInput if the engine's package is missing, and BadCase if an image is constant,
    the engine fails, or its transform is not invertible.
    """
    if engine == NONE:
        return np.eye(4)
    pull = _engine(engine)(
        _with_contrast(from_zero(block_average(fixed, voxel_size_mm))),
        _with_contrast(from_zero(block_average(moving, voxel_size_mm))),
        kind=kind,
        levels=levels,
        voxel_size_mm=voxel_size_mm,
        seed=seed % 2**31,
    )
    if not is_invertible(pull):
        raise BadCase(
            "expected a transform that can be inverted, found "
            f"{np.round(pull, 3).tolist()} by {engine}, check both scans"
        )
    return np.linalg.inv(pull)


def failures_of(engine):
    """Turn an engine's error into a BadCase; wrap its own calls only."""
    return bad_case_on(
        RuntimeError, "scans that can be registered", f"that {engine} failed", "check both scans"
    )


def _with_contrast(image):
    """Return `image`; raise BadCase if it is constant, on which engines crash."""
    if image.data.min() == image.data.max():
        raise BadCase(
            f"expected a scan to register, found {image.data.flat[0]:g} in every voxel, check "
            "the scan and its brain mask"
        )
    return image


def from_zero(image):
    """Return `image` without negative intensities: shifted by its minimum if that is below 0.

    Mutual information is invariant to the shift; the centre of mass of z-scored scans needs it.
    """
    lowest = image.data.min()
    return Image(image.data - lowest, image.grid) if lowest < 0 else image


def _engine(name):
    """Return the `register` of an engine; only that engine's package is imported."""
    try:
        if name == "ants":
            from glioma_uq.registration.ants import register
        elif name == "simpleitk":
            from glioma_uq.registration.simpleitk import register
        elif name == "elastix":
            from glioma_uq.registration.elastix import register
        else:
            raise BadInput(
                f"expected one of {', '.join(ENGINES)} for preprocessing.registration.engine, "
                f"found {name}, choose one of these"
            )
    except ModuleNotFoundError as error:
        if error.name.split(".")[0] not in ("SimpleITK", "itk"):
            raise
        raise BadInput(
            f"expected the package {error.name} for preprocessing.registration.engine {name}, "
            "found it is not installed, run `make engines`"
        ) from error
    return register


def itk_geometry(grid):
    """Return (origin, spacing, direction) of a grid in ITK's convention: LPS, mm."""
    affine = RAS_TO_LPS @ grid.affine
    spacing = grid.voxel_sizes
    return tuple(affine[:3, 3].tolist()), tuple(spacing.tolist()), affine[:3, :3] / spacing

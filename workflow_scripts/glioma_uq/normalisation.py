"""The study's grid and the scale of intensities: what every network is fed."""

import numpy as np

from glioma_uq.errors import BadCase
from glioma_uq.images import Grid


def study_grid(template_mask, *, voxel_size_mm, margin_mm):
    """Return the grid of the study: the box of the template's brain mask and a margin.

    The box runs over whole template voxels, `margin_mm` is added on every side, and
    cubes of `voxel_size_mm` cover it, centred, with the axes of the template.
    """
    filled = np.argwhere(template_mask.data)
    low, high = filled.min(0) - 0.5, filled.max(0) + 0.5
    sizes = template_mask.grid.voxel_sizes
    extent = (high - low) * sizes + 2 * margin_mm
    shape = np.ceil(extent / voxel_size_mm - 1e-9).astype(int)
    scale = voxel_size_mm / sizes
    to_template = np.diag([*scale, 1.0])
    to_template[:3, 3] = (low + high) / 2 - (shape - 1) / 2 * scale
    return Grid(tuple(int(n) for n in shape), template_mask.grid.affine @ to_template)


def clip_to_percentiles(data, brain, percentiles):
    """Return `data` with its values held between two percentiles of those in `brain`, in %."""
    if not brain.any():
        return data
    low, high = np.percentile(data[brain], percentiles)
    return np.clip(data, low, high)


def z_score(data, brain):
    """Return (data - mean) / sd with mean and sd of the voxels in `brain`, 0 outside, float32.

    Raises BadCase when the brain is empty or of one intensity.
    """
    if not brain.any():
        raise BadCase("expected a brain inside the study's grid, found none, look at the overlay")
    inside = data[brain].astype(np.float64)
    spread = inside.std()
    if not spread > 0:
        raise BadCase(
            f"expected intensities that differ inside the brain, found {inside[0]:g} everywhere, "
            "look at the scan"
        )
    scored = np.zeros(data.shape, np.float32)
    scored[brain] = (inside - inside.mean()) / spread
    return scored


def z_score_twice(data, brain):
    """Return z-scores as the authors of the Monte Carlo dropout study feed them, float32.

    First those of the voxels in `brain`; what lies outside takes the brain's minimum; then
    z-scores of the whole crop, which their code computes when it loads a case.
    Source: ErasmusMC-NeuroOnco/PrognosAIs-UQ, preprocessing/Preprocessor.py.
    """
    scored = z_score(data, brain)
    scored[~brain] = scored[brain].min()
    return z_score(scored, np.ones_like(brain))

"""The study's grid and the normalisation of intensities, the input of every network."""

import numpy as np

from glioma_uq.errors import BadCase
from glioma_uq.images import Grid

# How far a voxel may be beyond the central 98 %, as a multiple of their range: 3.6 at most in scans
# of fifteen patients, vessels included. What is further is no tissue.
SPIKE = 10


def study_grid(template_mask, *, voxel_size_mm, margin_mm):
    """Return the study's grid: the bounding box of the template's brain mask plus a margin.

    The box covers whole template voxels, and `margin_mm` is added on every side. The voxels
    are cubes of `voxel_size_mm`, centred on the box, with the axes of the template.
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


def without_spikes(data):
    """Return `data`, of its own type, with voxels far beyond all others set to the next ones.

    One spike of a thousand times the maximum would flatten every histogram and z-score. Scans
    without one are returned unchanged.
    """
    low, high = np.percentile(data, [1, 99])
    reach = SPIKE * (high - low)
    if reach == 0 or (data.min() >= low - reach and data.max() <= high + reach):
        return data
    others = data[(data >= low - reach) & (data <= high + reach)]
    return np.clip(data, others.min(), others.max())


def scanned_planes(data):
    """Return which voxels lie in no plane of one value, as unscanned slices are filled up."""
    scanned = np.ones(data.shape, bool)
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        scanned &= data.max(others, keepdims=True) > data.min(others, keepdims=True)
    return scanned


def clip_to_percentiles(data, brain, percentiles):
    """Return `data` clipped to two percentiles (in %) of its values in `brain`."""
    if not brain.any():
        return data
    low, high = np.percentile(data[brain], percentiles)
    return np.clip(data, low, high)


def z_score(data, brain):
    """Return (data - mean) / sd, with mean and sd over the voxels in `brain`; 0 outside; float32.

    Spikes are clipped. Raises BadCase if the brain is empty or of constant intensity.
    """
    if not brain.any():
        raise BadCase(
            "expected a scan of the brain inside the study's grid, found none, look at the overlay"
        )
    inside = without_spikes(data[brain].astype(np.float64))
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
    """Return z-scores as in the Monte Carlo dropout study, float32.

    First over the voxels in `brain`, with the brain's minimum outside, and then over the whole
    crop, as its code does when it loads a case.
    Source: ErasmusMC-NeuroOnco/PrognosAIs-UQ, preprocessing/Preprocessor.py.
    """
    scored = z_score(data, brain)
    scored[~brain] = scored[brain].min()
    return z_score(scored, np.ones_like(brain))

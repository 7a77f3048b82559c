"""What is true of a phantom case by its truth.json, and how far an estimate lies from it.

What truth.json leaves out is drawn again from the case's seed.
"""

from itertools import product

import numpy as np

from glioma_uq.phantom.acquisition import (
    bias_field,
    draw_series,
    draw_subject,
    grid_points,
    near_lesion,
)
from glioma_uq.phantom.fields import transform
from glioma_uq.phantom.labels import AXES

# Points of the template spread over the brain, [27, 3] in mm.
LANDMARKS_MM = np.array(
    list(product((-40.0, 0.0, 40.0), (-65.0, -18.0, 30.0), (-10.0, 15.0, 40.0)))
)


def series_of(truth, modality):
    """Return the `Series` of one modality, drawn again from the case's seed."""
    options = (truth[name] for name in ("in_plane_mm", "slice_mm", "bias_sd"))
    return draw_series(truth["seed"], modality, *options)


def subject_of(truth, anatomy):
    """Return the `Subject`, drawn again from the case's seed."""
    z = [truth["z"][axis] for axis in AXES]
    return draw_subject(truth["seed"], anatomy, z, truth["diameter_mm"], truth.get("scale", 1.0))


def true_transform(truth, modality):
    """Return the 4x4 matrix (mm, RAS) from a series' scanner world to the template's.

    It is the affine part: the subject also differs from the template by a smooth
    displacement, which has no affine part.
    """
    return np.array(truth["series"][modality]["scanner_to_template"])


def landmark_error(t1ce_to_template, modality_to_t1ce, truth, modality, points=LANDMARKS_MM):
    """Return the distance in mm [N] between where landmarks are and where the estimate puts them.

    Both matrices are 4x4, mm RAS, moving world to fixed world; `points` [N, 3] lie in the
    template. Each is carried to the series by the truth and back by the estimate; for "t1ce"
    itself modality_to_t1ce is the identity.
    """
    there = transform(np.linalg.inv(true_transform(truth, modality)), np.asarray(points, float).T)
    back = transform(np.asarray(t1ce_to_template) @ np.asarray(modality_to_t1ce), there)
    return np.linalg.norm(back.T - points, axis=1)


def alignment_error(modality_to_t1ce, truth, modality, points=LANDMARKS_MM):
    """Return the landmarks' distance in mm [N], in T1CE space, for the rigid step alone."""
    points = np.asarray(points, float).T
    there = transform(np.linalg.inv(true_transform(truth, modality)), points)
    right = transform(np.linalg.inv(true_transform(truth, "t1ce")), points)
    return np.linalg.norm(transform(np.asarray(modality_to_t1ce), there) - right, axis=0)


def true_bias_field(truth, modality):
    """Return the multiplicative bias field [X, Y, Z] of a series, in its native grid."""
    return bias_field(series_of(truth, modality))


def true_brain_mask(truth, anatomy, modality="t1ce"):
    """Return the bool brain mask [X, Y, Z] in the native grid of a series."""
    points, shape = _template_points(truth, anatomy, modality)
    return (anatomy.tissue(points)[3] > 0.5).reshape(shape)


def true_white_matter(truth, anatomy, modality="t1ce", share=0.95):
    """Return the bool mask [X, Y, Z] of healthy white matter in the native grid of a series."""
    points, shape = _template_points(truth, anatomy, modality)
    white = anatomy.tissue(points)[2] > share
    white[near_lesion(subject_of(truth, anatomy).lesion, points)] = False
    return white.reshape(shape)


def white_matter_variation(image, white_matter):
    """Return sd / mean of an image inside a bool mask: what a bias field adds to, N4 takes away."""
    values = image[white_matter]
    return float(values.std() / values.mean())


def bias_residual(estimate, truth, modality, mask):
    """Return the sd of log(estimate / true bias field) inside a bool mask; 0 is perfect."""
    return float(np.log(estimate / true_bias_field(truth, modality))[mask].std())


def _template_points(truth, anatomy, modality):
    """Return (where the voxel centres of a series lie in the template [3, N], its shape)."""
    series, subject = series_of(truth, modality), subject_of(truth, anatomy)
    placed = transform(true_transform(truth, modality), grid_points(series.grid))
    return subject.head.to_template(placed), series.shape

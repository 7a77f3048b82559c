"""What is true of a phantom case, and how far an estimate lies from it.

`truth` is the content of a case's truth.json; what it leaves out follows from its seed.
"""

from itertools import product

import numpy as np

from glioma_uq.errors import BadInput
from glioma_uq.phantom.acquisition import (
    MODALITIES,
    bias_field,
    draw_series,
    draw_subject,
    grid_points,
    near_lesion,
    render_segmentation,
    scanner_to_template,
)
from glioma_uq.phantom.fields import transform
from glioma_uq.phantom.labels import AXES

# Points of the template spread over the brain, [27, 3] in mm.
LANDMARKS_MM = np.array(
    list(product((-40.0, 0.0, 40.0), (-65.0, -18.0, 30.0), (-10.0, 15.0, 40.0)))
)
FARTHEST_BENT_MM = 20  # more than the displacement of any head


def describe_case(case, seed, z, diameter_mm, in_plane_mm, slice_mm, bias_sd, subject):
    """Return truth.json's content: what was drawn, and the pose, size and noise of each series.

    diameter_mm is that of the lesion before its `scale`, which is left out where it is 1.
    """
    truth = {
        "case": case,
        "seed": seed,
        "z": dict(zip(AXES, map(float, z), strict=True)),
        "diameter_mm": float(diameter_mm),
        "lesion_centre_mm": subject.lesion.centre.tolist(),
        "in_plane_mm": float(in_plane_mm),
        "slice_mm": [float(mm) for mm in slice_mm],
        "bias_sd": float(bias_sd),
    }
    if subject.lesion.scale != 1:
        truth["scale"] = subject.lesion.scale
    series = {modality: series_of(truth, modality) for modality in MODALITIES}
    return truth | {
        "series": {
            modality: {
                "scanner_to_template": scanner_to_template(subject, one).tolist(),
                "voxel_mm": one.voxel_mm.tolist(),
                "shape": list(one.shape),
                "snr": 1 / one.noise,
                "gain": one.gain,
            }
            for modality, one in series.items()
        }
    }


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
    if modality not in truth["series"]:
        raise BadInput(
            f"expected one of {', '.join(truth['series'])}, found {modality!r}: "
            "name a series of the case."
        )
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


def true_labels(subject, anatomy, grid):
    """Return the true segmentation, uint8, at the voxel centres of `grid` near the lesion [N].

    `grid` lies in the template's space, as the study's does; what is left out is 0.
    """
    points = grid_points(grid)
    from_centre = np.linalg.norm(points - subject.lesion.centre[:, None], axis=0)
    near = from_centre < subject.lesion.reach + FARTHEST_BENT_MM
    return render_segmentation(subject, anatomy, points[:, near])


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
    if values.size == 0:
        raise BadInput("expected white matter in the mask, found no voxel: check the mask's grid.")
    return float(values.std() / values.mean())


def bias_residual(estimate, truth, modality, mask):
    """Return the sd of log(estimate / true bias field) inside a bool mask; 0 is perfect."""
    return float(np.log(estimate / true_bias_field(truth, modality))[mask].std())


def _template_points(truth, anatomy, modality):
    """Return (where the voxel centres of a series lie in the template [3, N], its shape)."""
    series, subject = series_of(truth, modality), subject_of(truth, anatomy)
    placed = transform(true_transform(truth, modality), grid_points(series.grid))
    return subject.head.to_template(placed), series.shape

"""Rigid and affine transforms as 4x4 matrices of world points (mm, RAS), and resampling.

A matrix maps points of the moving world to points of the fixed world, so that
"modality to T1CE, then T1CE to template" is `t1ce_to_template @ modality_to_t1ce`.
"""

from functools import reduce
from pathlib import Path

import numpy as np
from scipy import ndimage

from glioma_uq.errors import BadCase, reading_case_file
from glioma_uq.files import written_whole
from glioma_uq.images import ExcludedBefore, Grid, Image, is_empty
from glioma_uq.subregions import LABELS, in_region

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
FWHM_PER_SIGMA = np.sqrt(8 * np.log(2))
LEAST_DETERMINANT = 1e-6  # ASSUME: a registration that shrinks a head this much has failed


def compose(*matrices):
    """Return the matrix that applies `matrices` in the order given, the first one first."""
    return reduce(lambda before, after: after @ before, matrices)


def write_matrix(path, matrix):
    """Write a 4x4 matrix as text that reads back to the same float64 values."""
    with written_whole(path) as temporary:
        np.savetxt(temporary, matrix, fmt="%.17g")


def read_matrix(path):
    """Return the 4x4 matrix at `path`; raise ExcludedBefore for an empty file.

    Raises BadCase for a matrix that cannot be inverted.
    """
    if is_empty(path):
        raise ExcludedBefore(f"excluded at an earlier step, which left {Path(path).name} empty")
    with reading_case_file(
        path, "a matrix", f"that {path} cannot be read", "remove it and run again"
    ):
        matrix = np.loadtxt(path)
    if matrix.shape != (4, 4) or not is_invertible(matrix):
        raise BadCase(
            "expected a finite 4x4 matrix that can be inverted, found "
            f"{np.round(matrix, 3).tolist()} in {path}, remove it "
            "and run again"
        )
    return matrix


def is_invertible(matrix):
    """Return whether a transform is finite and not singular."""
    return bool(np.isfinite(matrix).all() and abs(np.linalg.det(matrix)) > LEAST_DETERMINANT)


def in_patient(grid, matrix):
    """Return a grid of the template's space as it lies in the patient: volumes and lengths there.

    `matrix` maps the patient's world (mm of the T1CE) to the template's. An affine registration
    changes sizes: MNI152 is some 40 % larger than most brains.
    """
    return Grid(grid.shape, np.linalg.inv(matrix) @ grid.affine)


def from_itk(parameters, centre):
    """Return the RAS matrix of an ITK affine transform, y = A (x - c) + c + t in LPS mm.

    `parameters`: the nine numbers of A by rows, then t. `centre`: c. Like the ITK
    transform, the result maps fixed to moving points.
    """
    linear, shift = np.reshape(parameters[:9], (3, 3)), np.asarray(parameters[9:])
    matrix = np.eye(4)
    matrix[:3, :3] = linear
    matrix[:3, 3] = shift + centre - linear @ centre
    return RAS_TO_LPS @ matrix @ RAS_TO_LPS


def resample(image, grid, matrix=None, order=1):
    """Return the voxel values of `image` on `grid`, an array of shape grid.shape, float32.

    `matrix` maps the world of the image to the world of the grid (default: the same
    world). Order 1 is trilinear. Values outside the image are 0. Where the grid is
    coarser than the image, the image is blurred first against aliasing (see `blur_to`).
    """
    data = np.asarray(image.data, np.float32)
    if order > 0:
        data = blur_to(data, image.grid.voxel_sizes, grid.voxel_sizes.mean())
    matrix = np.eye(4) if matrix is None else matrix
    pull = np.linalg.inv(image.grid.affine) @ np.linalg.inv(matrix) @ grid.affine
    # The nearest voxel reaches to its edge, half a voxel beyond its centre; interpolation does not.
    beyond = "constant" if order else "grid-constant"
    return ndimage.affine_transform(
        data, pull[:3, :3], pull[:3, 3], grid.shape, order=order, mode=beyond, cval=0.0
    )


def blur_to(data, voxel_sizes, target_mm):
    """Widen the point spread of `data` from its voxel sizes to `target_mm`, axis by axis.

    Both are taken as full widths at half maximum, so sigma^2 = (target^2 - voxel^2) /
    (8 ln 2) in mm^2; an axis that is coarser than the target stays as it is.
    Source: Cardoso et al., Scale factor point spread function matching, MICCAI 2015.
    """
    variance = np.clip(target_mm**2 - np.square(voxel_sizes), 0, None)
    sigmas = np.sqrt(variance) / FWHM_PER_SIGMA / voxel_sizes
    if not (sigmas > 0.05).any():
        return data
    return ndimage.gaussian_filter(data, sigmas, mode="nearest", truncate=3.0)


def resample_mask(image, grid, matrix=None):
    """Return the mask on `grid` as booleans: voxels of which it covers half or more."""
    return resample(image, grid, matrix) >= 0.5


def resample_labels(image, grid, matrix=None):
    """Return a label map on `grid`, uint8, with no new labels.

    A voxel is labelled if the labels together cover half of it or more, and gets the label
    that covers most. So the tumour keeps its volume where its subregions are small beside a
    voxel; a majority vote of all labels and background would lose it. A cavity is beside the
    tumour: it is where it covers half of a voxel or more by itself, and the tumour does not.
    """
    cavity = in_region(image.data, "rc")
    if cavity.any():
        labels = resample_labels(Image(image.data * ~cavity, image.grid), grid, matrix)
        resected = resample_mask(Image(cavity, image.grid), grid, matrix)
        return np.where(resected & (labels == 0), np.uint8(LABELS["cavity"]), labels)
    labels = [label for label in np.unique(image.data) if label != 0]
    if not labels:
        return np.zeros(grid.shape, np.uint8)
    cover = np.stack(
        [resample(Image(image.data == label, image.grid), grid, matrix) for label in labels]
    )
    largest = np.asarray(labels, np.uint8)[cover.argmax(0)]
    return np.where(cover.sum(0) >= 0.5, largest, 0).astype(np.uint8)


def block_steps(grid, voxel_size_mm):
    """Return how many voxels make one block of about `voxel_size_mm` on each axis, at least 1."""
    return np.maximum(1, np.round(voxel_size_mm / grid.voxel_sizes)).astype(int)


def block_average(image, voxel_size_mm):
    """Return the image averaged over blocks of about `voxel_size_mm`; edges are repeated.

    Blocks are whole voxels, so an axis that is coarse already is unchanged.
    """
    steps = block_steps(image.grid, voxel_size_mm)
    shape = tuple(int(-(-n // step)) for n, step in zip(image.grid.shape, steps, strict=True))
    scale = np.diag([*steps, 1.0])
    scale[:3, 3] = (steps - 1) / 2
    missing = np.multiply(shape, steps) - image.grid.shape
    data = np.pad(np.asarray(image.data, np.float32), [(0, n) for n in missing], mode="edge")
    blocks = data.reshape([n for pair in zip(shape, steps, strict=True) for n in pair])
    return Image(blocks.mean((1, 3, 5), dtype=np.float32), Grid(shape, image.grid.affine @ scale))

"""Comparison of preprocessing with the truth of phantom cases, for preprocessing_truth.py."""

import json

import nibabel as nib
import numpy as np
import phantom_truth as truths
import preprocessing_steps as steps
from preprocessing_steps import MODALITIES

from glioma_uq.bias_field import refine_bias_field
from glioma_uq.images import Grid, read_image, read_mask
from glioma_uq.overlap.masks import dice
from glioma_uq.phantom.acquisition import grid_points, render_segmentation
from glioma_uq.phantom.anatomy import Anatomy
from glioma_uq.transforms import read_matrix

SAMPLES = 3  # samples of the true segmentation along each edge of a voxel


def shading(folder, case, found, truth, anatomy, options):
    """Return [4 series, 4 fields, 2] of one case.

    The fields: none, N4, N4 twice (the second time in white matter), and the true one. For
    each: sd of log(field / true field) in the brain, and sd / mean of corrected white matter.
    """
    white_matter = read_mask(folder / "template" / "white_matter.nii.gz")
    rows = []
    for modality in MODALITIES:
        scan = read_image(folder / "raw" / case / f"{modality}.nii.gz")
        corrected = read_image(folder / "corrected" / case / f"{modality}.nii.gz")
        true = truths.true_bias_field(truth, modality)
        first = np.where(scan.data > 0, scan.data / np.maximum(corrected.data, 1e-6), 1)
        rest = residual_field(corrected, white_matter, found, modality, options)
        brain = truths.true_brain_mask(truth, anatomy, modality) & (scan.data > 0)
        white = truths.true_white_matter(truth, anatomy, modality)
        rows.append(
            [
                (
                    truths.bias_residual(field, truth, modality, brain),
                    truths.white_matter_variation(scan.data / field, white),
                )
                for field in (np.ones_like(true), first, first * rest, true)
            ]
        )
    return rows


def residual_field(corrected, white_matter, found, modality, options):
    """Return the field that normalise_case divides a corrected scan by, 1 without `options`."""
    if not options:
        return 1.0
    matrix = read_matrix(found / "t1ce_to_template.txt")
    if modality != "t1ce":
        matrix = matrix @ read_matrix(steps.to_t1ce(found)[modality])
    return refine_bias_field(corrected, white_matter, matrix, **options)


def true_tumour(truth, anatomy, grid):
    """Return the true tumour mask on a template grid: half of a voxel's samples or more.

    It is drawn in the subject's affine frame, as if the affine registration had no error.
    """
    fine = np.diag([1 / SAMPLES] * 3 + [1.0])
    fine[:3, 3] = (1 / SAMPLES - 1) / 2
    shape = tuple(SAMPLES * n for n in grid.shape)
    points = grid_points(Grid(shape, grid.affine @ fine))
    labels = render_segmentation(truths.subject_of(truth, anatomy), anatomy, points)
    blocks = (labels > 0).reshape([n for size in grid.shape for n in (size, SAMPLES)])
    return blocks.mean((1, 3, 5)) >= 0.5


def compare(folder, cases, folders, field_options):
    """Return {row: {what: values of all cases}} for `folders`, {row: folder of its output}.

    landmarks, rigid: mm of each landmark, for the whole chain and for the rigid step alone.
    brain, tumour: Dice of each case. shading: [cases, 4, 4, 2], see `shading`.
    """
    maps = (nib.load(folder / "template" / f"{name}.nii") for name in ("tissues", "distances"))
    anatomy, metrics = Anatomy(*maps), {row: {} for row in folders}
    for case in cases:
        truth = json.loads((folder / "raw" / case / "truth.json").read_text())
        some = read_mask(next(iter(folders.values())) / case / "normalised" / "segmentation.nii.gz")
        masks = truths.true_brain_mask(truth, anatomy), true_tumour(truth, anatomy, some.grid)
        for row, written in folders.items():
            found = written / case
            values = errors(found, truth) | overlaps(found, *masks)
            values["shading"] = [shading(folder, case, found, truth, anatomy, field_options)]
            for what, more in values.items():
                metrics[row].setdefault(what, []).extend(more)
    return metrics


def errors(found, truth):
    """Return {"landmarks", "rigid": mm [landmarks of all series]} of the matrices in `found`."""
    t1ce = read_matrix(found / "t1ce_to_template.txt")
    series = {name: read_matrix(path) for name, path in steps.to_t1ce(found).items()}
    chain = [
        truths.landmark_error(t1ce, series.get(name, np.eye(4)), truth, name) for name in MODALITIES
    ]
    rigid = [truths.alignment_error(matrix, truth, name) for name, matrix in series.items()]
    return {"landmarks": np.concatenate(chain), "rigid": np.concatenate(rigid)}


def overlaps(found, brain, tumour):
    """Return {"brain", "tumour": [Dice]}: native mask, and segmentation on the study's grid."""
    segmentation = read_mask(found / "normalised" / "segmentation.nii.gz").data
    return {
        "brain": [dice(read_mask(found / "brain_mask.nii.gz").data, brain)],
        "tumour": [dice(segmentation, tumour)],
    }

"""Scans of a phantom subject: contrasts, pose, thick slices, bias field, Rician noise, gain."""

from dataclasses import dataclass

import numpy as np

from glioma_uq.images import Grid
from glioma_uq.phantom.anatomy import Head, draw_head, near_head, shell_layers
from glioma_uq.phantom.contrast import CONTRAST, mix, paint_brain, paint_lesion, paint_shell
from glioma_uq.phantom.fields import rotation, smooth_field, transform
from glioma_uq.phantom.lesion import Lesion, draw_lesion, lesion_tissue, segmentation_labels
from glioma_uq.seeds import seed_for

MODALITIES = ("t1", "t1ce", "t2", "flair")
FIELD_OF_VIEW_MM = np.array([180.0, 225.0, 176.0])
CENTRE_MM = np.array([0.0, -16.0, 6.0])
BIAS_SIGMA_MM = 50
TEMPLATE_GAIN = 400


@dataclass(frozen=True)
class Subject:
    """A head with its lesion (or none)."""

    head: Head
    lesion: Lesion | None


@dataclass(frozen=True)
class Series:
    """How one series was acquired; `pose` maps the scanner's world to the subject's (4x4)."""

    modality: str
    pose: np.ndarray
    voxel_mm: np.ndarray
    shape: tuple[int, int, int]
    thick_axis: int
    samples: int  # averaged along the thick axis
    noise: float  # sd of the Rician noise in units of CONTRAST
    bias_sd: float
    gain: float
    seed: int  # of bias field and noise

    @property
    def grid(self):
        """The voxels in the scanner's world."""
        affine = np.diag([*self.voxel_mm, 1.0])
        affine[:3, 3] = CENTRE_MM - FIELD_OF_VIEW_MM / 2 + self.voxel_mm / 2
        return Grid(self.shape, affine)


def draw_subject(seed, anatomy, z, diameter_mm, scale=1.0):
    """Return the `Subject` of one seed, with the latent axes z [7] and the diameter in mm.

    `scale` shrinks the lesion and changes nothing else.
    """
    head = draw_head(np.random.default_rng(seed_for(seed, "head")), CENTRE_MM)
    rng = np.random.default_rng(seed_for(seed, "lesion"))
    return Subject(head, draw_lesion(rng, anatomy, z, diameter_mm, scale))


def draw_series(seed, modality, in_plane_mm, slice_mm, bias_sd):
    """Return the `Series` of one seed: pose sd 4 deg and 5 mm, one axis thick.

    The thickness lies in `slice_mm` (low, high), the other two axes have `in_plane_mm`.
    `bias_sd` is the standard deviation of the logarithm of its bias field.
    T1CE is axial and, every second time, isotropic: finer slices are usual there.
    """
    rng = np.random.default_rng(seed_for(seed, "series", modality))
    is_t1ce = modality == "t1ce"
    axis = 2 if is_t1ce else int(rng.choice(3, p=[0.10, 0.15, 0.75]))
    thickness = rng.uniform(*slice_mm)
    if is_t1ce and rng.random() < 0.5:
        thickness = max(1.0, in_plane_mm)
    voxel = np.full(3, float(in_plane_mm))
    voxel[axis] = thickness
    pose = np.eye(4)
    pose[:3, :3] = rotation(rng.normal(0, 4, 3))
    pose[:3, 3] = CENTRE_MM - pose[:3, :3] @ (CENTRE_MM + rng.normal(0, 5, 3))
    return Series(
        modality=modality,
        pose=pose,
        voxel_mm=voxel,
        shape=tuple(int(n) for n in np.ceil(FIELD_OF_VIEW_MM / voxel)),
        thick_axis=axis,
        samples=max(1, round(thickness / in_plane_mm)),
        noise=rng.uniform(0.015, 0.045),
        bias_sd=bias_sd,
        gain=float(np.exp(rng.normal(6.2, 0.5))),
        seed=seed_for(seed, "noise", modality),
    )


def grid_points(grid, thick_axis=2, samples=1):
    """Return points [3, N] float32 in mm of a grid, `samples` evenly in each thick voxel."""
    steps = [np.arange(n, dtype=np.float32) for n in grid.shape]
    fine = np.arange(grid.shape[thick_axis] * samples, dtype=np.float32)
    steps[thick_axis] = (fine + 0.5) / samples - 0.5
    mesh = np.stack(np.meshgrid(*steps, indexing="ij")).reshape(3, -1)
    return transform(grid.affine, mesh)


def near_lesion(lesion, points):
    """Return the indices of points [3, N] that the lesion can reach."""
    if lesion is None:
        return np.empty(0, int)
    squared = sum((p - c) ** 2 for p, c in zip(points, lesion.centre, strict=True))
    return np.flatnonzero(squared < np.float32(lesion.reach**2))


def render(subject, anatomy, points, modality):
    """Return the noise-free signal [N] at points [3, N] in the subject's affine frame."""
    signal = np.zeros(points.shape[1], np.float32)
    inside = np.flatnonzero(near_head(anatomy, points))
    points = subject.head.to_template(points[:, inside])
    contrast = CONTRAST[modality]
    t1, grey, white, brain = anatomy.tissue(points)
    value = paint_brain(contrast, modality, t1, grey, white, brain)
    shell = np.flatnonzero(brain < 0.999)
    layers = shell_layers(anatomy, subject.head, points[:, shell], brain[shell])
    value[shell] += paint_shell(contrast, modality, layers)
    value[shell] = mix(value[shell], contrast["eye"], layers["eye"])
    near = near_lesion(subject.lesion, points)
    if near.size:
        tissue = grey[near], white[near], brain[near]
        parts = lesion_tissue(subject.lesion, points[:, near], *tissue)
        value[near] = paint_lesion(value[near], subject.lesion, parts, modality)
    signal[inside] = np.maximum(value, 0)
    return signal


def render_segmentation(subject, anatomy, points):
    """Return the labels uint8 [N] at points [3, N] in the subject's affine frame."""
    labels = np.zeros(points.shape[1], np.uint8)
    points = subject.head.to_template(points)
    near = near_lesion(subject.lesion, points)
    _, grey, white, brain = anatomy.tissue(points[:, near])
    parts = lesion_tissue(subject.lesion, points[:, near], grey, white, brain)
    labels[near] = segmentation_labels(parts, brain)
    return labels


def scanner_to_template(subject, series):
    """Return the 4x4 matrix from the series' scanner world to the template's, its affine part."""
    return subject.head.affine @ series.pose


def bias_field(series):
    """Return the bias field [X, Y, Z], a factor: exp(bias_sd noise), sigma 50 mm."""
    rng = np.random.default_rng(seed_for(series.seed, "bias"))
    # The box is wider than the field of view by two sigma: its period never shows in the image.
    field = smooth_field(rng, BIAS_SIGMA_MM, FIELD_OF_VIEW_MM + 100, CENTRE_MM, spacing=12.5)
    log_bias = series.bias_sd * field(grid_points(series.grid))
    return np.exp(log_bias).reshape(series.shape)


def acquire(subject, anatomy, series):
    """Return the scan [X, Y, Z] int16 of one series."""
    points = grid_points(series.grid, series.thick_axis, series.samples)
    placed = transform(scanner_to_template(subject, series), points)
    signal = render(subject, anatomy, placed, series.modality)
    split = list(series.shape)
    split.insert(series.thick_axis + 1, series.samples)
    scan = signal.reshape(split).mean(axis=series.thick_axis + 1) * bias_field(series)
    rng = np.random.default_rng(seed_for(series.seed, "rician"))
    # Rician noise: the magnitude of a signal with Gaussian noise on both of its channels.
    noise = np.float32(series.noise) * rng.standard_normal((2, *scan.shape), dtype=np.float32)
    scan = np.hypot(scan + noise[0], noise[1])
    return np.clip(np.round(scan * series.gain), 0, 32000).astype(np.int16)


def segment(subject, anatomy, series):
    """Return the true segmentation [X, Y, Z] uint8 at the voxel centres of a series."""
    points = transform(scanner_to_template(subject, series), grid_points(series.grid))
    return render_segmentation(subject, anatomy, points).reshape(series.shape)


def render_template_head(anatomy, modality, spacing_mm=2.0):
    """Return (int16 [X, Y, Z], its Grid) of the template with skull, on the template's own box."""
    affine = np.diag([spacing_mm] * 3 + [1.0])
    affine[:3, 3] = anatomy.tissue_origin
    extent = np.array(anatomy.tissues[0].shape)
    grid = Grid(tuple(int(n) for n in np.ceil(extent / spacing_mm)), affine)
    average = Head(np.eye(4), (), skull_mm=6.5, scalp_mm=7.0, texture=None)
    signal = render(Subject(average, None), anatomy, grid_points(grid), modality)
    return np.round(signal * TEMPLATE_GAIN).astype(np.int16).reshape(grid.shape), grid

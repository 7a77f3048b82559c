"""Masks and scans that no patient has, under the default limits."""

from functools import cache

import numpy as np
from configs import checked, read
from scans import inside

from glioma_uq.cohorts.sources import CANONICAL
from glioma_uq.images import Grid, read_image, write_image
from glioma_uq.quality.metrics import limits_of_step
from glioma_uq.quality.rows import read_rows
from glioma_uq.transforms import write_matrix
from situations import situation
from situations.tiny import TAKES_PART

GRID = Grid((40, 46, 40), np.diag([5.0, 5.0, 5.0, 1.0]))
PLACE = np.stack(np.meshgrid(*(np.linspace(-1, 1, n) for n in GRID.shape), indexing="ij"))
HEAD = (np.square(PLACE) / 0.8).sum(0) < 1
BRAIN = (np.square(PLACE) / 0.35).sum(0) < 1  # 1,500 ml
TUMOUR = (np.square(PLACE - np.reshape([0.2, 0.1, 0.1], (3, 1, 1, 1))) / 0.03).sum(0) < 1
SERIES = ("t1", "t1ce", "t2", "flair")


@cache
def limits():
    """Return the limits of the schema."""
    return checked({}, read("studies/mc_dropout.yaml"))["preprocessing"]["quality"]["limits"]


def scan_of(seed):
    """Return a noisy head with some contrast in its brain."""
    noise = np.random.default_rng(seed).normal(0, 15, GRID.shape)
    waves = np.cos(6 * PLACE[seed % 3]) * np.sin(5 * PLACE[(seed + 1) % 3])
    return np.abs(np.where(HEAD, 300 + 100 * BRAIN * waves, 0) + noise).astype(np.float32)


def fate(cohort, brain=BRAIN, tumour=TUMOUR, **changed):
    """Return what comes of a case after its import: TAKES_PART, or the reason against it.

    `changed`: functions of the voxels of a series, that spoil it.
    """
    return preprocessed(cohort, brain, tumour, **changed)[0]["reason"] or TAKES_PART


def preprocessed(cohort, brain=BRAIN, tumour=TUMOUR, **changed):
    """Write the case; strip and normalise it without registration; return (row, normalised)."""
    import normalise_case
    import strip_skull

    scans = {name: scan_of(seed) for seed, name in enumerate(SERIES)}
    scans |= {name: change(scans[name]) for name, change in changed.items()}
    images = scans | {"segmentation": 2 * tumour.astype(np.uint8)}
    images |= {"brain_mask": brain.astype(np.uint8)}
    for name, data in images.items():
        write_image(cohort.scan(name), data, GRID)
    row, raw = inside(cohort.path)
    if row["reason"]:
        return row, raw
    common = {"case": "P-001", "on_bad_case": "exclude", "quality": cohort.folder / "row.csv"}
    mask, identity = cohort.folder / "brain.nii.gz", cohort.folder / "identity.txt"
    write_matrix(identity, np.eye(4))
    strip_skull.main(
        **common, t1ce=raw["t1ce"], brain_mask=mask, method="none", options={},
        limits=limits_of_step("strip_skull", limits()), own_mask=raw["brain_mask"],
    )  # fmt: skip
    row = read_rows(common["quality"])[0]
    if row["reason"]:
        return row, raw
    template = cohort.folder / "template.nii.gz"
    write_image(template, HEAD.astype(np.uint8), GRID)
    normalised = {name: cohort.folder / "normalised" / f"{name}.nii.gz" for name in images}
    normalise_case.main(
        **common, scans={name: raw[name] for name in SERIES},
        to_t1ce={name: identity for name in SERIES if name != "t1ce"}, t1ce_to_template=identity,
        brain_mask=mask, segmentation=raw["segmentation"], template=template,
        options={"voxel_size_mm": 5.0, "margin_mm": 0.0}, normalised=normalised,
        limits=limits_of_step("normalise_case", limits()), coding=CANONICAL,
    )  # fmt: skip
    return read_rows(common["quality"])[0], normalised


def spoilt(what, right, **images):
    """Enter a case with another brain mask, tumour or series."""

    @situation("plausibility", what, right=right)
    def attempt(cohort):
        return fate(cohort, **images)


def speckled(share, among):
    """Return random voxels, a share of those of a mask."""
    return among & (np.random.default_rng(0).random(GRID.shape) < share)


spoilt("a whole case", TAKES_PART)
spoilt("a segmentation of everything but the tumour", "expected tumour_outside", tumour=~TUMOUR)
spoilt("a brain mask in place of the segmentation", "expected tumour_share", tumour=BRAIN)
spoilt("a segmentation of the skull", "expected tumour_outside_share", tumour=HEAD & ~BRAIN)
spoilt("a segmentation of noise", "expected tumour_pieces", tumour=speckled(0.05, BRAIN))
spoilt(
    "a segmentation of the tumour and some crumbs",
    TAKES_PART,
    tumour=TUMOUR | speckled(1e-4, BRAIN),
)
spoilt("two tumours far apart", TAKES_PART, tumour=TUMOUR | TUMOUR[::-1])
spoilt("a brain mask of all but the brain", "expected brain_volume_ml", brain=~BRAIN)
spoilt("the tumour in place of the brain mask", "expected brain_volume_ml", brain=TUMOUR)
spoilt(
    "a brain mask of every second voxel",
    "expected brain_pieces",
    brain=speckled(0.6, HEAD) & (np.indices(GRID.shape).sum(0) % 2 == 0),
)
spoilt("a brain mask beside the head", "expected brain_in_head", brain=~HEAD & (PLACE[1] < -0.2))


def half(scan):
    """Return a scan that ends in the middle, where the rest of the slices is filled up with 0."""
    scan = scan.copy()
    scan[:, :, 20:] = 0
    return scan


spoilt("a T2 that covers half of the brain", "expected t2_brain_covered", t2=half)


@situation("plausibility", "a T2 without its first slices: what is there is z-scored", right=[0, 1])
def unscanned_slices(cohort):
    def shorten(scan):
        return np.where(np.arange(GRID.shape[2]) < 13, np.float32(0), scan)

    _, files = preprocessed(cohort, t2=shorten)
    data = read_image(files["t2"]).data
    there = read_image(files["brain_mask"]).data.astype(bool) & (data != 0)
    return [round(abs(float(data[there].mean())), 3), round(float(data[there].std()), 3)]


def one_voxel(value):
    """Return a function that sets one voxel of the brain to a multiple of the maximum."""

    def change(scan):
        scan = scan.copy()
        scan[18, 20, 21] = value * scan.max()
        return scan

    return change


@situation(
    "plausibility", "one voxel of a thousand times the maximum: the spread that remains", right=1.0
)
def spike(cohort):
    spreads = [
        float(preprocessed(cohort, **changed)[0]["t2_spread"])
        for changed in ({}, {"t2": one_voxel(1000)})
    ]
    return round(spreads[1] / spreads[0], 1)


@situation("plausibility", "one voxel in a hundred at the limit of its type", right=TAKES_PART)
def few_saturated(cohort):
    def change(scan):
        return np.where(speckled(0.01, HEAD), np.float32(32767), scan)

    return fate(cohort, t2=change)


@situation("plausibility", "one voxel in 25 at the limit of its type", right="expected t2_spread")
def saturated(cohort):
    def change(scan):
        return np.where(speckled(0.04, HEAD), np.float32(32767), scan)

    return fate(cohort, t2=change)

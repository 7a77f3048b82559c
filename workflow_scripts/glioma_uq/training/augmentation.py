"""Random augmentation of a training case: MONAI's transforms, seeded for each case and epoch.

`MC_DROPOUT`, its ranges and its probability of .35 for each transform are those of the public
code of the Monte Carlo dropout study. What is moved in from outside is background. In our
normalised volumes that is 0, inside the range of the brain's z-scores, and no change moves it. In
the authors' volumes it is the minimum of a series: gamma keeps the lowest there, and the intensity
shift moves it with the brain, as in their code. The small-tumour study (its list is in
`studies/small_tumours.yaml`) does not say in which plane it rotates, nor whether it scales the
intensity or, as `zoom` does, the volume. `intensity_scale` has one factor for all series of a case;
DMFNet's public code has one for each series and sagittal plane, and adds U(-0.1, 0.1) too.

`modality_dropout` is ModDrop (Neverova et al., IEEE TPAMI 38, 2016): each series is dropped by
itself, with a probability that is our choice. It becomes what a missing series is with
`cohort.missing: impute-zero`, and is never the T1CE, which every case has, so one is always left.
"""

import math

import torch
from monai.transforms import (
    Compose,
    MapTransform,
    RandAdjustContrastd,
    RandFlipd,
    Randomizable,
    RandRotated,
    RandScaleIntensityd,
    RandShiftIntensityd,
    RandZoomd,
    Rotated,
)

PROBABILITY = 0.35
DROPPED = 0.2  # complete are .8³ = 51 % of the cases of four series
LARGEST_CROP_MM = 20
BOTH = ("images", "mask")
LINEAR = {"mode": ("bilinear", "nearest"), "padding_mode": "zeros"}  # the mask keeps its classes


class RandEmptyFacesd(Randomizable, MapTransform):
    """Overwrite U{0..largest} voxels at each of the six faces with background."""

    def __init__(self, keys, prob, largest):
        super().__init__(keys)
        self.prob, self.largest = prob, largest

    def __call__(self, data):
        if self.R.random() >= self.prob:
            return data
        margins = self.R.randint(0, self.largest + 1, size=(3, 2))
        data = dict(data)
        for key in self.key_iterator(data):
            pairs = zip(margins, data[key].shape[1:], strict=True)
            inside = (slice(None), *(slice(a, n - b) for (a, b), n in pairs))
            emptied = data[key].clone().zero_()
            emptied[inside] = data[key][inside]
            data[key] = emptied
        return data


class KeepBackground:
    """Mixin of a random change of intensities: voxels that are exactly 0 stay 0."""

    def __call__(self, data):
        changed = super().__call__(data)
        for key in self.key_iterator(changed):
            changed[key] = torch.where(data[key] == 0, data[key], changed[key])
        return changed


class RandShiftBraind(KeepBackground, RandShiftIntensityd):
    """Add one random offset to the voxels of the brain."""


class RandGammaBraind(KeepBackground, RandAdjustContrastd):
    """Raise the voxels of the brain, scaled to [0, 1] over all series, to a random power."""


class RandRotationInPlaned(Randomizable, MapTransform):
    """Rotate by U(-largest, largest) about one of the three axes, chosen uniformly."""

    def __init__(self, keys, largest):
        super().__init__(keys)
        self.largest = largest

    def __call__(self, data):
        angles = [0.0, 0.0, 0.0]
        angles[self.R.randint(3)] = self.R.uniform(-self.largest, self.largest)
        return Rotated(self.keys, angles, **LINEAR)(data)


class RandDropModalityd(Randomizable, MapTransform):
    """Set each series to 0 everywhere, by itself with probability `prob`, but those of `kept`."""

    def __init__(self, keys, prob, kept):
        super().__init__(keys)
        self.prob, self.kept = prob, list(kept)

    def __call__(self, data):
        data = dict(data)
        for key in self.key_iterator(data):
            dropped = self.R.random(len(data[key])) < self.prob
            dropped[self.kept] = False
            data[key] = data[key].clone()
            data[key][dropped] = 0
        return data


def changes(voxel_size_mm, kept=()):
    """Return every transform by name, in the order in which they are applied."""
    flips = {
        f"{kind}_{axis}": RandFlipd(BOTH, prob=probability, spatial_axis=number)
        for kind, probability in (("flip", PROBABILITY), ("mirror", 0.5))
        for number, axis in enumerate("xyz")
    }
    return {
        "rotation": RandRotated(BOTH, *[math.radians(30)] * 3, prob=PROBABILITY, **LINEAR),
        "rotation_in_plane": RandRotationInPlaned(BOTH, math.radians(10)),
        "zoom": RandZoomd(
            BOTH,
            prob=1.0,
            min_zoom=0.9,
            max_zoom=1.1,
            mode=("trilinear", "nearest"),
            padding_mode="constant",
        ),
        "crop": RandEmptyFacesd(BOTH, PROBABILITY, round(LARGEST_CROP_MM / voxel_size_mm)),
        **flips,
        "intensity_scale": RandScaleIntensityd("images", factors=0.1, prob=1.0),
        "intensity_shift": RandShiftBraind("images", offsets=(0, 0.2), prob=PROBABILITY),
        "gamma": RandGammaBraind("images", prob=PROBABILITY, gamma=(0.85, 1.15)),
        "modality_dropout": RandDropModalityd("images", DROPPED, kept),
    }


INTENSITY = ("intensity_scale", "intensity_shift", "gamma", "modality_dropout")
MC_DROPOUT = ("rotation", "crop", "flip_x", "flip_y", "flip_z", "intensity_shift", "gamma")


def background_of(case):
    """Return the value of each series outside the brain of a `Case`, (M, 1, 1, 1).

    Volumes that are all brain have 0.
    """
    outside = case.images[:, ~case.brain]
    values = outside[:, :1] if outside.shape[1] else outside.new_zeros(len(outside), 1)
    return values[:, :, None, None]


def from_background(data):
    """Subtract the background of each series, so that it is 0."""
    return {**data, "images": data["images"] - data["background"]}


def onto_background(data):
    """Undo `from_background`."""
    return {**data, "images": data["images"] + data["background"]}


def build_augmentation(names, voxel_size_mm, kept=()):
    """Return the transform of a dict of tensors.

    They are images (M, X, Y, Z), mask (1, X, Y, Z) and background (M, 1, 1, 1), see
    `background_of`.

    Call `.set_random_state(seed)` before each case: the augmentation then depends on that
    seed alone, not on the order of the cases or the number of workers.

    Args:
        names: names of transforms, among those of `changes`; an empty list changes nothing.
        voxel_size_mm: edge of a voxel, since the crop's range is in mm.
        kept: the numbers of the series that are never dropped.
    """
    chosen = [(name, x) for name, x in changes(voxel_size_mm, kept).items() if name in names]
    spatial = [x for name, x in chosen if name not in INTENSITY]
    intensity = [x for name, x in chosen if name in INTENSITY]
    return Compose([from_background, *spatial, onto_background, *intensity])

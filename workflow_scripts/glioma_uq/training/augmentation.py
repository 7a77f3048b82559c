"""Random augmentation of a training case: MONAI's transforms, seeded for each case and epoch.

`MC_DROPOUT`, its ranges and its probability of .35 for each transform are those of the public
code of the Monte Carlo dropout study. That code fills with the minimum, we fill with the
background, which is 0 in our normalised volumes and the minimum in theirs. The small-tumour study
(its list is in `studies/small_tumours.yaml`) does not say in which plane it rotates, nor whether
it scales the intensity or, as `zoom` does, the volume.
"""

import math

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
LARGEST_ANGLE = math.radians(30)
LARGEST_CROP_MM = 20
LARGEST_SHIFT = 0.2
GAMMA = (0.85, 1.15)
LARGEST_ANGLE_IN_PLANE = math.radians(10)
LARGEST_SCALE = 0.1
BACKGROUND = 0.0
BOTH = ("images", "mask")


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
            shape = data[key].shape[1:]
            inside = tuple(slice(a, n - b) for (a, b), n in zip(margins, shape, strict=True))
            emptied = data[key].clone().fill_(BACKGROUND)
            emptied[(slice(None), *inside)] = data[key][(slice(None), *inside)]
            data[key] = emptied
        return data


class RandRotationInPlaned(Randomizable, MapTransform):
    """Rotate by U(-largest, largest) about one of the three axes, chosen uniformly."""

    def __init__(self, keys, largest, mode):
        super().__init__(keys)
        self.largest, self.mode = largest, mode

    def __call__(self, data):
        angles = [0.0, 0.0, 0.0]
        angles[self.R.randint(3)] = self.R.uniform(-self.largest, self.largest)
        return Rotated(self.keys, angles, mode=self.mode, padding_mode="zeros")(data)


def changes(voxel_size_mm):
    """Return every transform by name, in the order in which they are applied."""
    return {
        "rotation": RandRotated(
            BOTH,
            range_x=LARGEST_ANGLE,
            range_y=LARGEST_ANGLE,
            range_z=LARGEST_ANGLE,
            prob=PROBABILITY,
            mode=("bilinear", "nearest"),
            padding_mode="zeros",
        ),
        "rotation_in_plane": RandRotationInPlaned(
            BOTH, LARGEST_ANGLE_IN_PLANE, mode=("bilinear", "nearest")
        ),
        "zoom": RandZoomd(
            BOTH,
            prob=1.0,
            min_zoom=1 - LARGEST_SCALE,
            max_zoom=1 + LARGEST_SCALE,
            mode=("trilinear", "nearest"),
            padding_mode="constant",
        ),
        "crop": RandEmptyFacesd(BOTH, PROBABILITY, round(LARGEST_CROP_MM / voxel_size_mm)),
        "flip_x": RandFlipd(BOTH, prob=PROBABILITY, spatial_axis=0),
        "flip_y": RandFlipd(BOTH, prob=PROBABILITY, spatial_axis=1),
        "flip_z": RandFlipd(BOTH, prob=PROBABILITY, spatial_axis=2),
        **{
            f"mirror_{axis}": RandFlipd(BOTH, prob=0.5, spatial_axis=number)
            for number, axis in enumerate("xyz")
        },
        "intensity_scale": RandScaleIntensityd("images", factors=LARGEST_SCALE, prob=1.0),
        "intensity_shift": RandShiftIntensityd(
            "images", offsets=(0, LARGEST_SHIFT), prob=PROBABILITY
        ),
        "gamma": RandAdjustContrastd("images", prob=PROBABILITY, gamma=GAMMA),
    }


MC_DROPOUT = ("rotation", "crop", "flip_x", "flip_y", "flip_z", "intensity_shift", "gamma")


def build_augmentation(names, voxel_size_mm):
    """Return the transform of {"images": (M, X, Y, Z), "mask": (1, X, Y, Z)} tensors.

    Call `.set_random_state(seed)` before each case: the augmentation then depends on that
    seed alone, not on the order of the cases or the number of workers.

    Args:
        names: names of transforms, among those of `changes`; an empty list changes nothing.
        voxel_size_mm: edge of a voxel, since the crop's range is in mm.
    """
    return Compose([change for name, change in changes(voxel_size_mm).items() if name in names])

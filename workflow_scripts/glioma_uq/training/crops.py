"""Random crops of training cases, a share of them around enhancing tumour."""

from dataclasses import dataclass

import numpy as np

from glioma_uq.errors import BadInput
from glioma_uq.subregions import SUBREGIONS


@dataclass(frozen=True)
class Crop:
    """The crop of a training case: `training.crop` of a config."""

    size: tuple | None = None  # voxels along x, y, z; None is the whole volume
    enhancing_share: float = 0.0  # of the crops, centred on a random voxel of enhancing tumour


def check_crop(crop, shape):
    """Raise BadInput if the crop is longer than a volume of `shape` on any axis."""
    if crop.size is not None and any(np.greater(crop.size, shape)):
        raise BadInput(
            f"expected training.crop.size within the volumes' {list(shape)} voxels, found "
            f"{list(crop.size)}: make it smaller, or null for whole volumes."
        )


def first_voxel(shape, tumour, crop, rng):
    """Return the first voxel (lowest indices) of a crop that lies inside `shape`."""
    free = np.subtract(shape, crop.size)
    if rng.random() < crop.enhancing_share and tumour is not None:
        enhancing = (tumour[0] == SUBREGIONS["enhancing"]).nonzero()
        if len(enhancing):
            centre = enhancing[rng.integers(len(enhancing))].numpy()
            return np.clip(centre - np.array(crop.size) // 2, 0, free)
    return rng.integers(free + 1)


def crop_case(case, crop, rng):
    """Return a `Case` cropped at random to `crop.size`, or unchanged if that is None."""
    if crop.size is None:
        return case
    shape = case.images.shape[1:]
    check_crop(crop, shape)
    first = first_voxel(shape, case.tumour, crop, rng)
    box = tuple(slice(int(a), int(a) + n) for a, n in zip(first, crop.size, strict=True))
    return case._replace(
        images=case.images[:, *box],
        brain=case.brain[box],
        tumour=None if case.tumour is None else case.tumour[:, *box],
    )

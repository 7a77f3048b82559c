"""Crops: inside the volume, one place for image, brain and tumour, enhancing where asked for."""

import numpy as np
import pytest
import torch

from glioma_uq.dataset import Case
from glioma_uq.errors import BadInput
from glioma_uq.training.crops import Crop, crop_case

SHAPE = (12, 10, 9)


def case_with(*enhancing):
    """A case whose every voxel has a number of its own, and these enhancing voxels."""
    images = torch.arange(float(np.prod(SHAPE))).reshape(1, *SHAPE)
    tumour = torch.zeros(1, *SHAPE)
    for voxel in enhancing:
        tumour[0][voxel] = 3
    return Case("a", images, images[0] % 2 == 0, tumour, {})


def cropped(case, seeds=range(60), **options):
    crop = Crop(size=(4, 5, 6), **options)
    return [crop_case(case, crop, np.random.default_rng(seed)) for seed in seeds]


def test_crops_lie_anywhere_inside_and_their_parts_in_one_place():
    case, corners = case_with((1, 1, 1)), set()
    for part in cropped(case, range(300)):
        assert part.images.shape == (1, 4, 5, 6)
        corner = np.unravel_index(int(part.images[0, 0, 0, 0]), SHAPE)
        corners.add(corner)
        box = tuple(slice(a, a + n) for a, n in zip(corner, (4, 5, 6), strict=True))
        assert torch.equal(part.images[0], case.images[0][box])
        assert torch.equal(part.brain, case.brain[box])
        assert torch.equal(part.tumour[0], case.tumour[0][box])
    lowest, highest = np.min(list(corners), 0), np.max(list(corners), 0)
    assert lowest.tolist() == [0, 0, 0]
    assert highest.tolist() == [8, 5, 3]


def test_a_share_of_the_crops_holds_enhancing_tumour():
    case = case_with((11, 9, 8))  # in a corner, which a crop seldom holds
    shares = [
        np.mean([bool((part.tumour == 3).any()) for part in cropped(case, enhancing_share=share)])
        for share in (0.0, 0.5, 1.0)
    ]
    assert shares[0] < 0.1
    assert 0.3 < shares[1] < 0.7
    assert shares[2] == 1


def test_every_enhancing_voxel_may_be_the_centre():
    case = case_with((3, 3, 3), (8, 6, 5))
    centres = {
        np.unravel_index(int(part.images[0, 2, 2, 3]), SHAPE)
        for part in cropped(case, enhancing_share=1.0)
    }
    assert centres == {(3, 3, 3), (8, 6, 5)}


def test_cases_without_enhancing_tumour_or_reference_are_cropped_all_the_same():
    for case in (case_with(), case_with()._replace(tumour=None)):
        assert {part.images.shape for part in cropped(case, enhancing_share=1.0)} == {(1, 4, 5, 6)}


def test_no_size_is_the_whole_volume_and_one_that_is_too_large_is_refused():
    case = case_with()
    assert crop_case(case, Crop(), np.random.default_rng(0)) is case
    with pytest.raises(BadInput, match=r"\[12, 10, 9\] voxels, found \[4, 11, 4\]"):
        crop_case(case, Crop(size=(4, 11, 4)), np.random.default_rng(0))

"""The 95th percentile of the Hausdorff distance: laws and empties."""

import numpy as np
import pytest

from glioma_uq.overlap.masks import hd95, surface


def ball(centre, radius, shape=(20, 20, 20)):
    distance = np.linalg.norm(np.indices(shape).T - centre, axis=-1).T
    return distance <= radius


def test_a_mask_lies_on_itself():
    assert hd95(ball((9, 9, 9), 5), ball((9, 9, 9), 5), (1, 1, 1)) == 0


def test_a_shift_is_measured_in_mm():
    one, other = np.zeros((2, 9, 9, 9), dtype=bool)
    one[4, 4, 4], other[4, 4, 7] = True, True
    assert hd95(one, other, (1, 1, 2.5)) == pytest.approx(7.5)


def test_both_ways_count_alike_and_position_does_not():
    one, other = ball((8, 9, 9), 5), ball((11, 9, 8), 3)
    spacing = (1, 1.2, 3)
    assert hd95(one, other, spacing) == hd95(other, one, spacing)
    there = hd95(np.pad(one, 4), np.pad(other, 4), spacing)
    assert there == pytest.approx(hd95(one, other, spacing))


def test_two_empty_masks_agree_and_one_misses_by_the_diagonal():
    empty, found = np.zeros((3, 4, 12), dtype=bool), np.ones((3, 4, 12), dtype=bool)
    assert hd95(empty, empty, (1, 1, 1)) == 0
    assert hd95(empty, found, (1, 1, 1)) == hd95(found, empty, (1, 1, 1)) == 13
    assert hd95(empty, found, (2, 2, 2)) == 26


def test_the_surface_has_a_face_to_the_outside():
    cube = np.zeros((5, 5, 5), dtype=bool)
    cube[1:4, 1:4, 1:4] = True
    assert surface(cube).sum() == 26
    assert surface(np.ones((3, 3, 3), dtype=bool)).sum() == 26

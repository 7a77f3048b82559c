"""Lesions as connected parts: what belongs together, what finds what."""

import numpy as np
import pytest
from scipy.ndimage import binary_dilation

from glioma_uq.overlap.lesions import count_shared, match_lesions
from glioma_uq.overlap.masks import dice


def empty():
    return np.zeros((12, 10, 8), dtype=bool)


def block(*corners, edge=2):
    mask = empty()
    for x, y, z in corners:
        mask[x : x + edge, y : y + edge, z : z + edge] = True
    return mask


def test_voxels_that_share_a_corner_are_one_lesion():
    touching, apart = block((0, 0, 0), (2, 2, 2)), block((0, 0, 0), (3, 3, 3))
    assert [len(match_lesions(empty(), mask, 1.0)) for mask in (touching, apart)] == [1, 2]


def test_lesions_come_by_size_and_each_is_found_or_not():
    reference = block((0, 0, 0)) | block((6, 5, 4), edge=3)
    predicted = block((0, 0, 1)) | block((0, 8, 6))
    large, small, false = match_lesions(predicted, reference, 2.0)
    assert (large["lesion"], large["volume_mm3"], large["found"]) == (1, 54.0, False)
    assert large["dice"] == 0
    assert np.isnan(large["score_mm3"])
    assert (small["lesion"], small["volume_mm3"], small["found"]) == (2, 16.0, True)
    assert (small["dice"], small["score_mm3"]) == (0.5, 16.0)
    assert (false["lesion"], false["volume_mm3"], false["found"]) == (None, 16.0, False)


def test_one_lesion_has_the_dice_of_the_masks():
    reference = binary_dilation(block((4, 4, 3)))
    predicted = block((4, 4, 3), edge=3)
    (row,) = match_lesions(predicted, reference, 1.0)
    assert row["dice"] == dice(predicted, reference)


def test_several_predictions_in_one_lesion_count_together_and_the_largest_scores():
    reference = block((2, 2, 2), edge=6)
    predicted = block((2, 2, 2), edge=2) | block((5, 5, 5), edge=3)
    (row,) = match_lesions(predicted, reference, 1.0)
    assert row["dice"] == pytest.approx(dice(predicted, reference))
    assert row["score_mm3"] == 27


def test_one_prediction_over_two_lesions_finds_both_and_fits_neither():
    reference = block((0, 0, 0), (6, 0, 0))
    predicted = empty()
    predicted[:8, :2, :2] = True
    rows = match_lesions(predicted, reference, 1.0)
    assert [row["found"] for row in rows] == [True, True]
    assert [row["dice"] for row in rows] == [2 * 8 / (8 + 32)] * 2


def test_nothing_predicted_and_nothing_there_leaves_no_row():
    assert match_lesions(empty(), empty(), 1.0) == []


def test_the_shared_voxels_add_up_to_both_masks():
    rng = np.random.default_rng(0)
    predicted, reference = (rng.random((9, 9, 9)) < 0.1 for _ in range(2))
    shared = count_shared(predicted, reference)
    assert shared[1:].sum() == reference.sum()
    assert shared[:, 1:].sum() == predicted.sum()
    assert shared[1:, 1:].sum() == (predicted & reference).sum()

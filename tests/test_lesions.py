"""Lesions as connected parts: what belongs together, what finds what."""

import json
from itertools import permutations

import numpy as np
import official_lesions
import pandas as pd
import pytest
from scipy.ndimage import binary_dilation

from glioma_uq.overlap.lesions import count_shared, match_one_to_one
from glioma_uq.overlap.lesions import match_lesions as match_shared
from glioma_uq.overlap.masks import dice
from glioma_uq.statistics.froc import brats_measures
from glioma_uq.subregions import in_region


def empty():
    return np.zeros((12, 10, 8), dtype=bool)


def match_lesions(predicted, reference, voxel_volume_mm3):
    return match_shared(count_shared(predicted, reference), voxel_volume_mm3)


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


def one_to_one(predicted, reference):
    return tuple(match_one_to_one(count_shared(predicted, reference)).values())


def test_a_prediction_over_two_lesions_has_one_partner():
    """Dice 16 / 24 with the larger, 8 / 24 of the whole with the smaller, which is missed."""
    reference = block((0, 0, 0), edge=2) | block((3, 0, 0), edge=2)
    reference[3:5, :2, 2] = True
    predicted = reference.copy()
    predicted[2, 0, 0] = True
    assert one_to_one(predicted, reference) == (1, 0, 1, 2 * 12 / (12 + 21))
    assert one_to_one(reference, predicted) == (1, 1, 0, 2 * 12 / (12 + 21))
    assert [row["found"] for row in match_lesions(predicted, reference, 1.0)] == [True, True]


def test_the_sum_of_all_pairs_counts_and_not_the_best_pair():
    """Voxels shared by lesions of 10: the greedy 5 leaves 0 over, the others make 4 + 4."""
    shared = np.array([[0, 5, 2], [1, 5, 4], [6, 4, 0]])
    assert match_one_to_one(shared) == {
        "lesion_tp": 2, "lesion_fp": 0, "lesion_fn": 0,
        "lesion_dice": (2 * 4 / (10 + 6) + 2 * 4 / (10 + 14)) / 2,
    }  # fmt: skip


def test_without_lesions_there_is_no_mean_and_without_a_pair_it_is_zero():
    some = block((1, 1, 1), (6, 6, 4))
    assert one_to_one(some, empty()) == (0, 2, 0, 0.0)
    assert one_to_one(empty(), some) == (0, 0, 2, 0.0)
    *counts, mean = one_to_one(empty(), empty())
    assert counts == [0, 0, 0]
    assert np.isnan(mean)


def best_sum(dice):
    """The largest sum of Dice over all ways to pair rows with columns, by trying all."""
    dice = dice if len(dice) <= dice.shape[1] else dice.T
    ways = permutations(range(dice.shape[1]), len(dice))
    return max(dice[range(len(dice)), way].sum() for way in ways)


@pytest.mark.parametrize("seed", range(30))
def test_the_matching_is_the_best_of_all(seed):
    rng = np.random.default_rng(seed)
    shared = rng.integers(0, 4, (rng.integers(2, 7), rng.integers(2, 7)))
    shared[0, 1:] += 1
    shared[1:, 0] += 1
    sizes = shared[1:].sum(axis=1)[:, None] + shared[:, 1:].sum(axis=0)
    found = match_one_to_one(shared)
    assert found["lesion_tp"] * found["lesion_dice"] == pytest.approx(
        best_sum(2 * shared[1:, 1:] / sizes)
    )
    assert found["lesion_tp"] + found["lesion_fn"] == len(shared) - 1
    assert found["lesion_tp"] + found["lesion_fp"] == shared.shape[1] - 1


def test_lesions_are_matched_as_by_the_official_evaluation_of_brats():
    """All values of 72 region pairs of brats-evaluation 0.0.10."""
    volumes, told = official_lesions.pairs(), json.loads(official_lesions.VALUES.read_text())
    assert len(told) == 3 * len(volumes) == 72
    differ = 0
    for official in told:
        predicted, reference = (
            in_region(labels, official["region"]) for labels in volumes[official["pair"]]
        )
        row = match_one_to_one(count_shared(predicted, reference))
        run = pd.DataFrame([{"case": "a", **row}])
        ours = {
            name.removeprefix("brats_"): value[0]
            for _, name, value, _ in brats_measures(run, np.ones((1, 1)), "et")
        }
        ours |= {name: row[f"lesion_{name}"] for name in ("tp", "fp", "fn")}
        assert ours.keys() == official.keys() - {"pair", "region"}
        for name, value in ours.items():
            expected = np.nan if official[name] is None else official[name]
            assert value == pytest.approx(expected, abs=1e-12, nan_ok=True), (official, name)
        touched = [r["found"] for r in match_lesions(predicted, reference, 1.0) if r["lesion"]]
        differ += sum(touched) != row["lesion_tp"]
    assert differ > 5  # the two ways to match are not the same

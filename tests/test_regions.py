"""Regions: distances in mm whatever the voxels, means that can be checked by hand, empty masks."""

import numpy as np
import pytest
import torch
from scipy.ndimage import distance_transform_edt

from glioma_uq.regions import (
    REGIONS,
    distance_to_surface,
    find_regions,
    means_in,
    missed_mass,
    most_uncertain,
    region_means,
)

SHAPE = (24, 20, 16)
CUBES = (2.0, 2.0, 2.0)


def box(*slices):
    mask = np.zeros(SHAPE, dtype=bool)
    mask[slices] = True
    return mask


@pytest.fixture
def brain():
    return box(slice(2, 22), slice(2, 18), slice(1, 15))


@pytest.fixture
def tumour():
    return box(slice(8, 14), slice(8, 12), slice(6, 9))


def found(predicted, brain, sizes=CUBES, seed=0):
    uncertainty = np.random.default_rng(seed).random(SHAPE)
    return find_regions(predicted, brain, uncertainty, sizes), uncertainty


@pytest.mark.parametrize("sizes", [CUBES, (1.0, 3.0, 5.0)])
def test_dilation_takes_what_lies_within_5_mm_in_the_brain(brain, tumour, sizes):
    regions, _ = found(tumour, brain, sizes)
    expected = (distance_transform_edt(~tumour, sampling=sizes) <= 5.0) & brain
    np.testing.assert_array_equal(regions["dilated"], expected)
    np.testing.assert_array_equal(regions["rim"], expected & ~tumour)
    np.testing.assert_array_equal(regions["outside"], brain & ~tumour)


def test_voxels_longer_than_5_mm_are_dilated_by_one(brain, tumour):
    regions, _ = found(tumour, brain, (6.0, 6.0, 6.0))
    one = np.zeros_like(tumour)
    for axis in range(3):
        for step in (-1, 1):
            one |= np.roll(tumour, step, axis)
    np.testing.assert_array_equal(regions["dilated"], one | tumour)


def test_the_distance_is_zero_on_the_surface_and_grows_on_both_sides():
    mask = box(slice(6, 13), slice(6, 13), slice(4, 11))
    distance = distance_to_surface(mask, (1.0, 2.0, 3.0), 100.0)
    assert distance[6, 9, 7] == 0
    assert distance[9, 9, 7] == 3.0  # three voxels of 1 mm inside
    assert distance[9, 4, 7] == 4.0  # two voxels of 2 mm outside
    assert distance[9, 9, 2] == 6.0  # two voxels of 3 mm outside


def test_beyond_reach_the_distance_is_infinite_and_within_it_exact(tumour):
    whole, near = (distance_to_surface(tumour, (1.0, 2.0, 3.0), reach) for reach in (99.0, 7.0))
    np.testing.assert_array_equal(near, np.where(whole <= 7.0, whole, np.inf))


def test_the_boundary_weighs_by_a_gaussian_of_5_mm(brain, tumour):
    regions, uncertainty = found(tumour, brain)
    weights = np.exp(-0.5 * (distance_to_surface(tumour, CUBES, 20.0) / 5.0) ** 2) * brain
    expected = np.average(uncertainty, weights=weights)
    even = torch.full(SHAPE, 0.3, dtype=torch.float64)
    maps = {"uneven": torch.from_numpy(uncertainty), "even": even}
    means = means_in(maps, regions["boundary"])
    assert means == {"uneven": pytest.approx(expected), "even": pytest.approx(0.3)}


def test_the_top_is_5_percent_of_the_brain_and_includes_ties(brain):
    uncertainty = np.random.default_rng(1).random(SHAPE)
    top = most_uncertain(uncertainty, brain)
    assert top.sum() == round(0.05 * brain.sum())
    assert uncertainty[top].min() > uncertainty[brain & ~top].max()
    assert not (top & ~brain).any()
    np.testing.assert_array_equal(most_uncertain(np.ones(SHAPE), brain), brain)


def test_means_of_the_parts_add_up_in_every_region(brain, tumour):
    regions, predictive = found(tumour, brain)
    parts = {"predictive": 1.0, "aleatoric": 0.7, "epistemic": 0.3}
    maps = {kind: torch.from_numpy(predictive * share) for kind, share in parts.items()}
    row = region_means(maps, regions)
    for name in REGIONS:
        sum_of_parts = row[f"{name}_aleatoric"] + row[f"{name}_epistemic"]
        assert row[f"{name}_predictive"] == pytest.approx(sum_of_parts, abs=1e-12)
        assert row[f"{name}_reason"] == ""


def test_an_empty_tumour_has_no_mean_says_why_and_falls_back_on_the_top(brain, tumour):
    regions, predictive = found(np.zeros_like(tumour), brain)
    row = region_means({"predictive": torch.from_numpy(predictive)}, regions)
    for name in ("tumour", "dilated", "boundary", "rim"):
        assert np.isnan(row[f"{name}_predictive"])
        assert row[f"{name}_reason"] == "the predicted tumour is empty"
    assert row["tumour_or_top_predictive"] == row["top_predictive"]
    assert row["outside_predictive"] == row["brain_predictive"]
    assert row["outside_reason"] == row["tumour_or_top_reason"] == ""


def test_an_empty_brain_and_a_tumour_outside_it_say_so(brain, tumour):
    maps = {"predictive": torch.ones(SHAPE, dtype=torch.float64)}
    row = region_means(maps, found(tumour, np.zeros_like(brain))[0])
    assert row["brain_reason"] == row["top_reason"] == "the brain mask is empty"
    assert row["tumour_predictive"] == 1
    far = region_means(maps, found(box(slice(0, 1), slice(0, 1), slice(0, 1)), brain)[0])
    assert far["rim_reason"] == "" if far["rim_predictive"] == 1 else "no voxel of the region"


def test_missed_mass_is_tumour_probability_beyond_the_outline_in_mm3(brain, tumour):
    probability = torch.full(SHAPE, 0.1, dtype=torch.float64)
    regions, _ = found(tumour, brain)
    masses = missed_mass(probability, regions, 8.0)
    assert masses["rim_mass_mm3"] == pytest.approx(0.1 * regions["rim"].sum() * 8)
    assert masses["outside_mass_mm3"] == pytest.approx(0.1 * (brain & ~tumour).sum() * 8)
    nothing = missed_mass(probability, found(np.zeros_like(tumour), brain)[0], 8.0)
    assert np.isnan(nothing["rim_mass_mm3"])
    assert nothing["outside_mass_mm3"] == pytest.approx(0.1 * brain.sum() * 8)

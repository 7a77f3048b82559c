"""The study's grid covers the template's brain; z-scores have mean 0 and sd 1 inside it."""

import numpy as np
import pytest

from glioma_uq.errors import BadCase
from glioma_uq.images import Grid, Image, read_mask
from glioma_uq.normalisation import (
    clip_to_percentiles,
    scanned_planes,
    study_grid,
    without_spikes,
    z_score,
    z_score_twice,
)

ROUNDED = 4 * 2**-24  # z-scores below 4 in size, computed in float64, rounded to float32 once


@pytest.fixture
def mask():
    data = np.zeros((30, 30, 30), bool)
    data[5:15, 8:20, 3:11] = True
    affine = np.diag([1.0, 1, 1, 1])
    affine[:3, 3] = -10, -20, -5
    return Image(data, Grid(data.shape, affine))


def test_at_the_templates_voxel_size_the_grid_is_the_box(mask):
    grid = study_grid(mask, voxel_size_mm=1, margin_mm=0)
    assert grid.shape == (10, 12, 8)
    np.testing.assert_allclose(grid.affine[:3, 3], [-5, -12, -2])


def test_the_box_of_the_published_mask(real_data):
    mask = read_mask(real_data / "prognosais_glioma" / "brain_mask.nii.gz")
    assert study_grid(mask, voxel_size_mm=1, margin_mm=0).shape == (145, 182, 152)


@pytest.mark.parametrize(("size", "margin"), [(4, 0), (4, 4), (3, 2.5), (1, 3)])
def test_the_grid_covers_box_and_margin_and_is_centred(mask, size, margin):
    grid = study_grid(mask, voxel_size_mm=size, margin_mm=margin)
    first = grid.affine[:3, 3] - size / 2
    last = (grid.affine @ [*(np.array(grid.shape) - 1), 1])[:3] + size / 2
    low, high = np.array([-5.5, -12.5, -2.5]) - margin, np.array([4.5, -0.5, 5.5]) + margin
    assert (first <= low + 1e-9).all()
    assert (last >= high - 1e-9).all()
    assert (last - first < high - low + size).all()
    np.testing.assert_allclose(first + last, low + high)


def test_z_scores_have_mean_0_and_sd_1_and_no_background():
    rng = np.random.default_rng(0)
    data, brain = rng.normal(500, 80, (6, 6, 6)), rng.random((6, 6, 6)) > 0.4
    scored = z_score(data, brain)
    assert scored.dtype == np.float32
    assert scored[brain].mean(dtype=float) == pytest.approx(0, abs=ROUNDED)
    assert scored[brain].std(dtype=float) == pytest.approx(1, abs=ROUNDED)
    assert not scored[~brain].any()
    np.testing.assert_allclose(z_score(3 * data + 7, brain), scored, atol=2 * ROUNDED)


def test_the_authors_z_scores_are_of_the_whole_crop_and_dark_outside():
    rng = np.random.default_rng(1)
    data, brain = rng.normal(500, 80, (6, 6, 6)), rng.random((6, 6, 6)) > 0.4
    twice = z_score_twice(data, brain)
    assert twice.dtype == np.float32
    assert twice.mean(dtype=float) == pytest.approx(0, abs=ROUNDED)
    assert twice.std(dtype=float) == pytest.approx(1, abs=ROUNDED)
    assert np.unique(twice[~brain]) == twice[brain].min() == twice.min()
    np.testing.assert_allclose(z_score_twice(3 * data + 7, brain), twice, atol=4 * ROUNDED)


def test_the_authors_z_scores_are_ours_stretched_and_shifted():
    rng = np.random.default_rng(2)
    data, brain = rng.normal(500, 80, (6, 6, 6)), rng.random((6, 6, 6)) > 0.4
    once, twice = (score(data, brain)[brain].astype(float) for score in (z_score, z_score_twice))
    line = np.polyval(np.polyfit(once, twice, 1), once)
    np.testing.assert_allclose(twice, line, atol=4 * ROUNDED)


def test_no_brain_and_a_flat_brain_are_refused():
    with pytest.raises(
        BadCase, match="expected a scan of the brain inside the study's grid, found none"
    ):
        z_score(np.ones((2, 2, 2)), np.zeros((2, 2, 2), bool))
    with pytest.raises(BadCase, match="found 1 everywhere"):
        z_score(np.ones((2, 2, 2)), np.ones((2, 2, 2), bool))


def test_clipping_holds_what_lies_beyond_two_percentiles_of_the_brain():
    data = np.arange(1000.0).reshape(10, 10, 10)
    brain = data < 101
    clipped = clip_to_percentiles(data, brain, [5, 95])
    assert (clipped[brain].min(), clipped[brain].max()) == (5.0, 95.0)
    between = brain & (data > 5) & (data < 95)
    np.testing.assert_array_equal(clipped[between], data[between])
    assert z_score(clipped, brain).max() < z_score(data, brain).max()
    np.testing.assert_array_equal(clip_to_percentiles(data, brain, [0, 100])[brain], data[brain])
    assert clip_to_percentiles(data, np.zeros_like(brain), [5, 95]) is data


def test_scans_without_a_spike_are_unchanged():
    """Gaussian values, a few bright vessels, and what is constant but for some voxels."""
    rng = np.random.default_rng(3)
    data = rng.normal(500, 80, (20, 20, 20))
    vessels = np.where(rng.random(data.shape) < 0.005, 2500, data)
    speck = np.zeros((20, 20, 20), np.int16)
    speck[3, 3, 3] = 1000
    assert all(without_spikes(scan) is scan for scan in (data, vessels, speck))


@pytest.mark.parametrize(
    ("kind", "spike"),
    [(np.int16, 32767), (np.int16, -32768), (np.uint8, 255), (np.float32, 2e4), (np.float32, -2e4)],
)
def test_a_spike_is_clipped_and_nothing_else(kind, spike):
    data = np.random.default_rng(4).integers(10, 20, (20, 20, 20)).astype(kind)
    data[5, 5, 5] = spike
    clipped = without_spikes(data)
    assert clipped.dtype == data.dtype
    assert np.argwhere(clipped != data).tolist() == [[5, 5, 5]]
    assert clipped[5, 5, 5] == (19 if spike > 0 else 10)


def test_one_voxel_of_a_thousand_times_the_maximum_does_not_flatten_the_scan():
    rng = np.random.default_rng(5)
    data, brain = rng.normal(500, 80, (20, 20, 20)), rng.random((20, 20, 20)) > 0.4
    spiked = data.copy()
    spiked[tuple(np.argwhere(brain)[7])] = 1000 * data.max()
    plain, found = (
        np.ptp(np.percentile(z_score(x, brain)[brain], [1, 99])) for x in (data, spiked)
    )
    assert plain == pytest.approx(4.65, abs=0.1)
    assert found == pytest.approx(plain, rel=0.1)


@pytest.mark.parametrize("value", [0, 77])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_slices_of_one_value_were_not_scanned(axis, value):
    data = np.random.default_rng(6).integers(0, 9, (8, 9, 10)).astype(np.int16)
    missing = np.zeros(data.shape, bool)
    np.moveaxis(missing, axis, 0)[[0, 1, 5]] = True
    data[missing] = value
    data[2, 2, 2] = value  # a single voxel is no slice
    np.testing.assert_array_equal(scanned_planes(data), ~missing)

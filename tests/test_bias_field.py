"""N4 takes a known field out, leaves none where there is none, and gives the same bytes twice."""

import numpy as np
import pytest
from scipy import ndimage

from glioma_uq.errors import BadCase
from glioma_uq.images import Grid, Image

pytest.importorskip("ants")
from glioma_uq import bias_field
from glioma_uq.bias_field import (
    bias_range,
    deep_in_head,
    divide_by_field,
    fit_bias_field,
    refine_bias_field,
    sparse_median,
)

SHAPE = (48, 56, 44)
OPTIONS = {"voxel_size_mm": 6, "iterations": [50, 50, 50]}


@pytest.fixture(scope="module")
def scene():
    """(tissue, brain, field): three tissues, 3 mm voxels, a field of half a period."""
    rng = np.random.default_rng(4)
    x, y, z = (np.indices(SHAPE).T / np.array(SHAPE) - 0.5).T
    brain = x**2 + y**2 + z**2 < 0.19
    blobs = ndimage.gaussian_filter(rng.standard_normal(SHAPE), 4)
    blobs /= blobs.std()
    tissue = np.select([blobs > 0, blobs > -1], [900.0, 600.0], 250.0) * brain
    noise = np.abs(rng.normal(0, 15, SHAPE))
    field = np.exp(0.35 * np.sin(np.pi * y) + 0.2 * x)
    return tissue * field + noise, blobs > 0, brain, field


def image(data):
    return Image(data.astype(np.float32), Grid(SHAPE, np.diag([3.0, 3, 3, 1])))


def test_a_known_field_is_taken_out(scene):
    data, white, brain, field = scene
    found = fit_bias_field(image(data), **OPTIONS)
    assert np.log(found / field)[brain].std() < 0.4 * np.log(field)[brain].std()
    corrected = divide_by_field(image(data), found).data[white & brain]
    before = data[white & brain]
    assert corrected.std() / corrected.mean() < 0.5 * before.std() / before.mean()


def test_without_a_field_little_is_divided_out(scene):
    data, _, brain, field = scene
    found = fit_bias_field(image(data / field), **OPTIONS)
    assert np.log(found)[brain].std() < 0.05


def test_the_same_scan_gives_the_same_field(scene):
    first, second = (fit_bias_field(image(scene[0]), **OPTIONS) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_the_range_of_no_bias_is_one():
    assert bias_range(np.ones((8, 8, 8))) == (1, 1)


def test_a_black_scan_is_refused():
    with pytest.raises(BadCase, match="expected positive intensities, found none"):
        fit_bias_field(image(np.zeros(SHAPE)), **OPTIONS)


def test_a_block_is_the_median_of_a_window_in_its_middle():
    data = np.arange(12**3, dtype=np.float32).reshape(12, 12, 12)
    grid = Grid((12, 12, 12), np.diag([2.0, 2, 6, 1]))
    sparse = sparse_median(Image(data, grid), 8)
    assert sparse.grid.shape == (3, 3, 12)
    np.testing.assert_array_equal(sparse.grid.affine[:3, 3], [4, 4, 0])
    window = ndimage.median_filter(data, (3, 3, 1))  # 6 mm, and one voxel where that is 6 mm
    np.testing.assert_array_equal(sparse.data, window[2::4, 2::4])


def test_the_median_keeps_to_one_tissue_where_the_mean_mixes_two():
    data = np.full((12, 12, 12), 100, np.float32)
    data[:, :, 7:] = 40
    sparse = sparse_median(Image(data, Grid(data.shape, np.diag([2.0, 2, 2, 1]))), 8)
    assert set(np.unique(sparse.data)) == {40, 100}


def test_what_is_fitted_lies_deep_in_the_head():
    x, y, z = np.indices((40, 40, 40)) - 19.5
    ball = x**2 + y**2 + z**2 < 15**2  # radius 30 mm
    grid = Grid(ball.shape, np.diag([2.0, 2, 2, 1]))
    deep = deep_in_head(Image(ball.astype(np.float32), grid), grid)
    radius = 2 * np.sqrt(x**2 + y**2 + z**2)
    assert deep[radius < 15].all()
    assert not deep[radius > 28].any()  # the head ends where the blurred ball does


def test_a_head_without_depth_is_refused(monkeypatch):
    monkeypatch.setattr("glioma_uq.bias_field.foreground", lambda data: data > 0)
    data = np.zeros((20, 20, 20), np.float32)
    data[10, 10, 10] = 1
    with pytest.raises(BadCase, match="expected a head, found none that is thicker than 20 mm"):
        fit_bias_field(Image(data, Grid(data.shape, np.diag([2.0, 2, 2, 1]))), **OPTIONS)


def test_white_matter_shows_what_the_head_does_not(scene):
    data, white, brain, field = scene
    found = fit_bias_field(image(data), **OPTIONS)
    corrected = divide_by_field(image(data), found)
    template = Image(white & brain, corrected.grid)
    rest = refine_bias_field(corrected, template, np.eye(4), **OPTIONS)
    before, after = (np.log(f / field)[brain].std() for f in (found, found * rest))
    assert after < before


def test_a_tumour_in_white_matter_is_not_taken_for_shading(scene):
    _, white, brain, _ = scene
    even = np.where(white & brain, 900.0, 300.0)
    even[30:40, 10:40, 15:30] *= 0.5
    template = Image(white & brain, image(even).grid)
    rest = refine_bias_field(image(even), template, np.eye(4), **OPTIONS)
    assert np.log(rest)[brain].std() < 0.05  # the tumour is darker by .69


def test_white_matter_without_signal_is_refused(scene):
    template = Image(scene[1], image(scene[0]).grid)
    with pytest.raises(BadCase, match="expected white matter where the template has it"):
        refine_bias_field(image(np.zeros(SHAPE)), template, np.eye(4), **OPTIONS)


def test_white_matter_of_no_common_intensity_is_refused(scene):
    """Half of it is dark, half bright, and none lies near the median of both."""
    data = np.full(SHAPE, 100.0)
    data[SHAPE[0] // 2 :] = 900
    template = Image(np.ones(SHAPE, bool), image(data).grid)
    with pytest.raises(BadCase, match="expected white matter of about one intensity, found none"):
        refine_bias_field(image(data), template, np.eye(4), **OPTIONS)


def test_n4_that_fails_is_a_bad_case_though_antspy_does_not_say_so():
    """One slice is too thin for its splines: N4 ends with an error and the scan comes back."""
    slice_ = np.random.default_rng(0).uniform(1, 2, (20, 24, 1)).astype(np.float32)
    blocks = Image(slice_, Grid(slice_.shape, np.eye(4)))
    with pytest.raises(BadCase, match="expected a bias field above 0, found that N4 failed"):
        bias_field._fit(blocks, slice_ > 0, [20, 20], blocks.grid)


def test_what_n4_raises_is_a_bad_case(scene, monkeypatch):
    def fail(*arguments, **options):
        raise RuntimeError("ITK ERROR: no voxel")

    monkeypatch.setattr(bias_field.ants, "n4_bias_field_correction", fail)
    with pytest.raises(BadCase, match="a scan that N4 can correct, found that it failed .ITK ERR"):
        fit_bias_field(image(scene[0]), **OPTIONS)

"""Images are read whole or refused with a sentence, and written with the same bytes."""

import nibabel as nib
import numpy as np
import pytest

from glioma_uq.errors import BadCase
from glioma_uq.headers import check_header
from glioma_uq.images import (
    ExcludedBefore,
    Grid,
    check_on_t1ce,
    check_values,
    corner_distance,
    read_image,
    read_mask,
    same_grid,
    write_image,
)

GRID = Grid((4, 5, 6), np.diag([2.0, 3.0, 4.0, 1.0]))


def some_data(shape=GRID.shape):
    return np.random.default_rng(1).integers(0, 900, shape).astype(np.int16)


def save(path, data, affine=GRID.affine):
    nib.save(nib.Nifti1Image(data, affine), path)
    return path


def test_what_is_written_is_read_and_the_bytes_are_the_same_twice(tmp_path):
    write_image(tmp_path / "a.nii.gz", some_data(), GRID)
    write_image(tmp_path / "b.nii.gz", some_data(), GRID)
    image = read_image(tmp_path / "a.nii.gz", dtype=None)
    np.testing.assert_array_equal(image.data, some_data())
    assert image.data.dtype == np.int16
    assert same_grid(image.grid, GRID)
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()


def test_a_grid_knows_its_voxels():
    np.testing.assert_allclose(GRID.voxel_sizes, [2, 3, 4])
    assert GRID.voxel_volume == pytest.approx(24)


def test_an_image_is_turned_to_ras_and_stays_where_it_is(tmp_path):
    affine = np.diag([-2.0, 3.0, 4.0, 1.0])  # LAS
    image = read_image(save(tmp_path / "las.nii.gz", some_data(), affine))
    np.testing.assert_array_equal(image.data, some_data()[::-1])
    np.testing.assert_allclose(image.grid.affine @ [3, 0, 0, 1], [0, 0, 0, 1])


def test_one_volume_of_four_dimensions_is_an_image_and_two_are_not(tmp_path):
    one = save(tmp_path / "one.nii.gz", some_data()[..., None])
    assert read_image(one).data.shape == GRID.shape
    two = save(tmp_path / "two.nii.gz", some_data((4, 5, 6, 2)))
    with pytest.raises(BadCase, match=r"expected one 3-D volume, found shape \(4, 5, 6, 2\)"):
        check_header(two)


def test_a_file_that_breaks_off_is_named(tmp_path):
    path = save(tmp_path / "a.nii.gz", some_data((20, 20, 20)))
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(BadCase, match=r"found that .*a.nii.gz breaks off .* copy it again"):
        read_image(path)


def test_a_file_that_is_no_image_is_named(tmp_path):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(b"<html>not found</html>")
    with pytest.raises(BadCase, match="expected a NIfTI image, found that .* cannot be read"):
        check_header(path)
    with pytest.raises(BadCase, match="found no file"):
        check_header(tmp_path / "absent.nii.gz")


def test_a_file_of_surfaces_is_no_image(tmp_path):
    nib.save(nib.GiftiImage(), tmp_path / "a.gii")
    with pytest.raises(BadCase, match="expected a NIfTI image, found that .*a.gii cannot be read"):
        check_header(tmp_path / "a.gii")


@pytest.mark.parametrize("error", [TypeError, IndexError, KeyError, RecursionError, AttributeError])
def test_whatever_nibabel_raises_on_a_file_is_a_bad_case_that_names_it(
    tmp_path, monkeypatch, error
):
    def fail(*arguments):
        raise error("damaged")

    path = save(tmp_path / "a.nii.gz", some_data())
    monkeypatch.setattr(nib, "as_closest_canonical", fail)
    with pytest.raises(BadCase, match=r"a.nii.gz breaks off .*damaged"):
        read_image(path)
    monkeypatch.setattr(nib, "load", fail)
    with pytest.raises(BadCase, match=r"a.nii.gz cannot be read .*damaged"):
        read_image(path)


def test_lack_of_memory_is_not_the_files_fault(tmp_path, monkeypatch):
    def fail(*arguments):
        raise MemoryError

    monkeypatch.setattr(nib, "as_closest_canonical", fail)
    with pytest.raises(MemoryError):
        read_image(save(tmp_path / "a.nii.gz", some_data()))


def test_an_empty_file_says_that_the_case_is_out(tmp_path):
    (tmp_path / "a.nii.gz").touch()
    with pytest.raises(ExcludedBefore):
        read_mask(tmp_path / "a.nii.gz")


def test_voxel_sizes_must_be_positive(tmp_path):
    image = nib.Nifti1Image(some_data(), np.eye(4))
    image.header.set_sform(np.diag([0.0, 1, 1, 1]), code=1)
    path = tmp_path / "a.nii"
    path.write_bytes(image.header.binaryblock + bytes(4) + some_data().tobytes())
    with pytest.raises(BadCase, match="expected positive voxel sizes, found .* correct its header"):
        check_header(path)


def test_values_must_be_finite_and_differ():
    with pytest.raises(BadCase, match="found 1 NaN or infinite voxels in a.nii"):
        check_values(np.array([0, np.nan, 1]), "a.nii")
    with pytest.raises(BadCase, match="found the value 7 in every voxel"):
        check_values(np.full((2, 2), 7), "a.nii")
    with pytest.raises(BadCase, match=r"of at most 1e\+09, found 2e\+12 in a.nii"):
        check_values(np.array([0, -2e12, 1]), "a.nii")
    check_values(np.array([-1e9, 0, 1e9]), "a.nii")


def test_grids_differ_by_shape_or_by_place():
    moved = GRID.affine + np.array([[0, 0, 0, 2e-3], [0] * 4, [0] * 4, [0] * 4])
    assert not same_grid(GRID, Grid(GRID.shape, moved))
    assert not same_grid(GRID, Grid((4, 5, 7), GRID.affine))


def rounded(grid, digits):
    return Grid(grid.shape, np.round(grid.affine, digits))


def test_a_mask_may_differ_by_the_rounding_of_its_header():
    """Four digits move no corner by .05 voxels; 0.898 for 0.8984375 mm moves one by .2."""
    turn = np.deg2rad(7)
    cos, sin = 0.8984375 * np.cos(turn), 0.8984375 * np.sin(turn)
    affine = np.array([[cos, -sin, 0, -110.1], [sin, cos, 0, -90.5], [0, 0, 1.2, 3], [0, 0, 0, 1]])
    grid = Grid((256, 256, 180), affine)
    assert corner_distance(grid, grid) == 0
    check_on_t1ce(rounded(grid, 4), grid, "the mask")
    assert 0 < corner_distance(rounded(grid, 4), grid) < 0.05
    with pytest.raises(BadCase, match=r"the mask on the grid .*found a corner [\d.]+ voxels from"):
        check_on_t1ce(rounded(grid, 2), grid, "the mask")
    plain = Grid((256, 256, 180), np.diag([0.8984375] * 3 + [1]))
    short = Grid((256, 256, 180), np.diag([0.898] * 3 + [1]))
    apart = 0.0004375 * np.linalg.norm([255.5, 255.5, 179.5]) / 0.8984375
    assert corner_distance(short, plain) == pytest.approx(apart)
    with pytest.raises(BadCase, match=f"found a corner {apart:.2g} voxels"):
        check_on_t1ce(short, plain, "the mask")


def test_another_shape_is_never_rounding():
    with pytest.raises(BadCase, match=r"expected the mask on the .*found shape \(4, 5, 7\) in x"):
        check_on_t1ce(Grid((4, 5, 7), GRID.affine), GRID, "the mask", " in x")

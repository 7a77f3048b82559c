"""Matrices compose in one order, and one resampling agrees with ANTs and does not alias."""

import numpy as np
import pytest
from nibabel.affines import from_matvec
from scipy import ndimage
from scipy.spatial.transform import Rotation

from glioma_uq.errors import BadCase
from glioma_uq.images import ExcludedBefore, Grid, Image
from glioma_uq.transforms import (
    RAS_TO_LPS,
    block_average,
    blur_to,
    compose,
    from_itk,
    read_matrix,
    resample,
    resample_labels,
    resample_mask,
    write_matrix,
)


def matrix_of(angles, shift, scale=1.0):
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix() * scale
    matrix[:3, 3] = shift
    return matrix


def head(shape=(30, 32, 28), sizes=(2.0, 2.0, 2.5)):
    """A smooth random image, anisotropic and shifted, as a scan is."""
    data = ndimage.gaussian_filter(np.random.default_rng(3).standard_normal(shape), 2) * 1000
    affine = np.diag([*sizes, 1.0])
    affine[:3, 3] = -30, -32, -35
    return Image(data.astype(np.float32), Grid(shape, affine))


def test_the_first_matrix_acts_first():
    turn, move = matrix_of([0, 0, 90], [0, 0, 0]), matrix_of([0, 0, 0], [5, 0, 0])
    np.testing.assert_allclose(compose(turn, move) @ [1, 0, 0, 1], [5, 1, 0, 1], atol=1e-12)
    np.testing.assert_allclose(compose(move, turn) @ [1, 0, 0, 1], [0, 6, 0, 1], atol=1e-12)


def test_a_matrix_reads_back_to_the_last_digit(tmp_path):
    matrix = matrix_of([1, 2, 3], [0.1, 1 / 3, 7])
    write_matrix(tmp_path / "m.txt", matrix)
    np.testing.assert_array_equal(read_matrix(tmp_path / "m.txt"), matrix)
    (tmp_path / "empty.txt").touch()
    with pytest.raises(ExcludedBefore):
        read_matrix(tmp_path / "empty.txt")
    np.savetxt(tmp_path / "small.txt", np.eye(3))
    with pytest.raises(BadCase, match="expected a finite 4x4 matrix"):
        read_matrix(tmp_path / "small.txt")


@pytest.mark.parametrize("broken", ["1 0 0\n0", "<html>", "1 0 0 0\n" * 4, "nan 0 0 0\n" * 4])
def test_a_matrix_that_cannot_be_read_or_inverted_is_a_bad_case(tmp_path, broken):
    (tmp_path / "m.txt").write_text(broken)
    with pytest.raises(
        BadCase, match=r"expected a .*matrix.*found .*m.txt.*, remove it and run again"
    ):
        read_matrix(tmp_path / "m.txt")


def test_one_resampling_agrees_with_ants_in_value_and_in_order(tmp_path):
    """Modality to T1CE, then to the template: antspyx wants the outermost transform first."""
    ants = pytest.importorskip("ants")
    from glioma_uq.registration.ants import to_ants

    moving, template = head(), head((26, 27, 25), (2.2, 2.5, 2.6))
    to_t1ce = matrix_of([8, -4, 12], [3, -2, 1])
    to_template = matrix_of([-5, 10, 3], [-2, 4, 2], scale=1.08)
    files = []
    for number, matrix in enumerate((to_template, to_t1ce)):
        pull = RAS_TO_LPS @ np.linalg.inv(matrix) @ RAS_TO_LPS
        transform = ants.create_ants_transform(matrix=pull[:3, :3], translation=pull[:3, 3])
        files.append(str(tmp_path / f"{number}.mat"))
        ants.write_transform(transform, files[-1])
    theirs = ants.apply_transforms(
        to_ants(template), to_ants(moving), transformlist=files, interpolator="linear"
    ).numpy()
    ours = resample_without_blur(moving, template.grid, compose(to_t1ce, to_template))
    inside = resample(
        Image(ndimage.binary_erosion(np.ones(moving.grid.shape)), moving.grid),
        template.grid,
        compose(to_t1ce, to_template),
    )
    assert (inside > 0.99).mean() > 0.2
    np.testing.assert_allclose(ours[inside > 0.99], theirs[inside > 0.99], atol=2e-3, rtol=1e-4)
    other = resample_without_blur(moving, template.grid, compose(to_template, to_t1ce))
    assert np.abs(other - theirs)[inside > 0.99].max() > 1


def resample_without_blur(image, grid, matrix):
    """Resample with the blur switched off, which the coarser template would ask for."""
    sizes = image.grid.voxel_sizes.max() / grid.voxel_sizes.mean()
    assert sizes > 0.9
    from unittest import mock

    with mock.patch("glioma_uq.transforms.blur_to", lambda data, *_: data):
        return resample(image, grid, matrix)


def test_the_same_grid_gives_the_same_image():
    image = Image(head((8, 8, 8), (2, 2, 2)).data, head((8, 8, 8), (2, 2, 2)).grid)
    np.testing.assert_allclose(resample(image, image.grid), image.data, rtol=1e-5)


def test_a_checkerboard_does_not_alias_on_a_coarse_grid():
    board = np.indices((32, 32, 32)).sum(0) % 2 * 2.0 - 1
    fine = Image(board, Grid(board.shape, np.eye(4)))
    coarse = Grid((8, 8, 8), np.diag([4.0, 4, 4, 1]))
    assert np.abs(resample(fine, coarse)[1:-1, 1:-1, 1:-1]).max() < 0.01
    plain = ndimage.affine_transform(board, np.diag([4.0, 4, 4]), output_shape=(8, 8, 8), order=1)
    assert np.abs(plain).max() == 1


def test_blurring_widens_a_point_to_the_target():
    point = np.zeros((41, 41, 41), np.float32)
    point[20, 20, 20] = 1
    blurred = blur_to(point, np.array([1.0, 2.0, 4.0]), 4.0)
    spread = [
        np.average((np.arange(41) - 20) ** 2, weights=blurred.sum(tuple({0, 1, 2} - {axis})))
        for axis in range(3)
    ]
    expected = [(16 - size**2) / (8 * np.log(2)) / size**2 for size in (1, 2, 4)]
    np.testing.assert_allclose(spread, expected, rtol=0.04, atol=1e-6)


def test_labels_are_kept_and_none_is_invented():
    data = np.zeros((20, 20, 20), np.uint8)
    data[4:16, 4:16, 4:16], data[8:12, 8:12, 8:12] = 1, 3
    image = Image(data, Grid(data.shape, np.eye(4)))
    coarse = Grid(
        (10, 10, 10), np.array([[2, 0, 0, 0.5], [0, 2, 0, 0.5], [0, 0, 2, 0.5], [0, 0, 0, 1]])
    )
    labels = resample_labels(image, coarse)
    assert labels.dtype == np.uint8
    assert set(np.unique(labels)) == {0, 1, 3}
    assert (labels > 0).sum() * 8 == pytest.approx((data > 0).sum(), rel=0.15)
    np.testing.assert_array_equal(labels > 0, resample_mask(Image(data > 0, image.grid), coarse))
    assert not resample_labels(Image(data * 0, image.grid), coarse).any()


def test_a_cavity_beside_a_tumour_takes_and_gives_no_voxel_of_it():
    data = np.random.default_rng(0).choice(5, (24, 24, 24), p=[0.4, 0.1, 0.1, 0.1, 0.3])
    image = Image(data.astype(np.uint8), Grid(data.shape, np.eye(4)))
    coarse = Grid((12, 12, 12), np.diag([2.0, 2.0, 2.0, 1.0]))
    labels = resample_labels(image, coarse)
    alone = resample_labels(Image(np.where(data == 4, 0, image.data), image.grid), coarse)
    np.testing.assert_array_equal(np.where(labels == 4, 0, labels), alone)
    cavity = resample_mask(Image(data == 4, image.grid), coarse)
    assert labels.dtype == np.uint8
    assert 0 < (labels == 4).sum() < (cavity & (alone == 0)).sum() + 1
    np.testing.assert_array_equal(labels == 4, cavity & (alone == 0))


def test_parts_that_are_small_beside_a_voxel_still_make_a_tumour():
    data = np.zeros((8, 8, 8), np.uint8)
    data[..., :2], data[..., 2:4], data[..., 4:6] = (
        1,
        2,
        3,
    )  # three thirds of a voxel's three quarters
    image = Image(data, Grid(data.shape, np.eye(4)))
    voxel = Grid((1, 1, 1), np.diag([8.0, 8, 8, 1]) + np.array([[0, 0, 0, 3.5]] * 3 + [[0] * 4]))
    assert resample_labels(image, voxel)[0, 0, 0] in (1, 2, 3)


def test_block_averages_keep_the_mean_and_the_place():
    image = head((8, 12, 5), (1, 1, 4))
    coarse = block_average(image, 4)
    assert coarse.grid.shape == (2, 3, 5)
    assert coarse.data.mean() == pytest.approx(image.data.mean(), rel=1e-4, abs=1e-3)
    np.testing.assert_allclose(
        coarse.grid.affine @ [0, 0, 0, 1], image.grid.affine @ [1.5, 1.5, 0, 1]
    )


def test_an_itk_transform_turns_about_its_centre():
    centre = np.array([10.0, 20.0, 30.0])
    turn = Rotation.from_euler("z", 90, degrees=True).as_matrix()
    matrix = from_itk([*turn.ravel(), 1, 2, 3], centre)
    point = RAS_TO_LPS @ [*(centre + [1, 0, 0]), 1]
    np.testing.assert_allclose(RAS_TO_LPS @ matrix @ point, [11, 23, 33, 1], atol=1e-12)


def test_the_nearest_voxel_reaches_to_its_edge():
    """On a grid four times as fine that covers the same box, every voxel has its parent's label."""
    coarse = Grid((2, 2, 2), np.diag([4.0, 4.0, 4.0, 1.0]))
    fine = Grid((8, 8, 8), from_matvec(np.eye(3), [-1.5] * 3))
    data = np.arange(1, 9, dtype=np.uint8).reshape(2, 2, 2)
    found = resample(Image(data, coarse), fine, order=0)
    np.testing.assert_array_equal(found, np.kron(data, np.ones((4, 4, 4))))

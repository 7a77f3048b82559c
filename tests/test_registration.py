"""A known motion is found again, and the same bytes come out twice."""

import numpy as np
import pytest
from scipy import ndimage

from glioma_uq.images import Grid, Image
from glioma_uq.transforms import resample

pytest.importorskip("ants")
from glioma_uq.registration import register, to_ants

LEVELS = [
    {"shrink": 2, "smoothing": 1, "iterations": 100},
    {"shrink": 1, "smoothing": 0, "iterations": 20},
]


@pytest.fixture(scope="module")
def head():
    """An ellipsoid with smooth structure inside: 3 mm voxels, centred near the origin."""
    shape = (40, 48, 40)
    place = (np.indices(shape).T - np.array(shape) / 2).T / np.array([15, 19, 14])[
        :, None, None, None
    ]
    inside = ndimage.gaussian_filter((np.square(place).sum(0) < 1).astype(float), 1)
    texture = ndimage.gaussian_filter(np.random.default_rng(2).standard_normal(shape), 2.5)
    affine = np.diag([3.0, 3, 3, 1])
    affine[:3, 3] = -60, -70, -58
    return Image((inside * (300 + 2500 * texture)).astype(np.float32), Grid(shape, affine))


@pytest.fixture(scope="module")
def motion():
    angle = np.deg2rad(7)
    matrix = np.eye(4)
    matrix[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    matrix[:3, 3] = 4, -3, 5
    return matrix


def find(fixed, moving, kind="Rigid"):
    return register(fixed, moving, kind=kind, levels=LEVELS, voxel_size_mm=3, seed=11)


@pytest.mark.parametrize("kind", ["Rigid", "Affine"])
def test_a_known_motion_is_found(head, motion, kind):
    """`motion` carries the head to `moved`; registration must carry it back."""
    moved = Image(resample(head, head.grid, motion), head.grid)
    found = find(head, moved, kind)
    points = np.c_[np.random.default_rng(0).uniform(-30, 30, (50, 3)), np.ones(50)].T
    errors = np.linalg.norm((found @ motion @ points - points)[:3], axis=0)
    assert errors.mean() < 0.5


def test_the_same_seed_gives_the_same_matrix(head, motion):
    moved = Image(resample(head, head.grid, motion), head.grid)
    np.testing.assert_array_equal(find(head, moved), find(head, moved))


def test_a_rigid_matrix_changes_no_distance(head, motion):
    moved = Image(resample(head, head.grid, motion), head.grid)
    linear = find(head, moved)[:3, :3]
    np.testing.assert_allclose(linear @ linear.T, np.eye(3), atol=1e-5)


def test_ants_sees_an_image_where_nibabel_sees_it(head):
    image = to_ants(head)
    assert image.spacing == pytest.approx((3, 3, 3))
    assert image.origin == pytest.approx((60, 70, -58))
    np.testing.assert_array_equal(image.numpy(), head.data)

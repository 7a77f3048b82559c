"""A known motion is found again by each engine, and the same bytes come out twice."""

import sys

import numpy as np
import pytest
from scipy import ndimage

from glioma_uq import registration
from glioma_uq.errors import BadCase, BadInput
from glioma_uq.images import Grid, Image
from glioma_uq.registration import ENGINES, from_zero, register
from glioma_uq.transforms import RAS_TO_LPS, resample

FLAT = np.diag([1.0, 1, 0, 1])  # turns space into a plane
PACKAGES = {"ants": "ants", "simpleitk": "SimpleITK", "elastix": "itk"}
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


@pytest.fixture(scope="module")
def stretch(motion):
    """The motion after a stretch and a shear of some per cent."""
    matrix = motion.copy()
    matrix[:3, :3] = matrix[:3, :3] @ [[1.06, 0.03, 0], [0, 0.95, 0.02], [0, 0, 1.03]]
    return matrix


@pytest.fixture(scope="module", params=ENGINES)
def find(request):
    """Each engine in turn, as a function of fixed, moving and kind."""
    package = PACKAGES[request.param]
    pytest.importorskip(package, reason=f"{package} is not installed: run `make engines`")

    def find(fixed, moving, kind="Rigid", seed=11):
        options = {"levels": LEVELS, "voxel_size_mm": 3, "engine": request.param}
        return register(fixed, moving, kind=kind, seed=seed, **options)

    return find


def moved_by(matrix, image):
    """Return what a scanner sees when `matrix` has moved the head in it."""
    return Image(resample(image, image.grid, matrix), image.grid)


def errors_mm(found, true):
    """Return how far points come back from where they were, after `true` and then `found`."""
    points = np.c_[np.random.default_rng(0).uniform(-30, 30, (50, 3)), np.ones(50)].T
    return np.linalg.norm((found @ true @ points - points)[:3], axis=0)


@pytest.mark.parametrize("kind", ["Rigid", "Affine"])
def test_a_known_motion_is_found(find, head, motion, kind):
    assert errors_mm(find(head, moved_by(motion, head), kind), motion).mean() < 0.5


def test_a_known_stretch_is_found(find, head, stretch):
    errors = errors_mm(find(head, moved_by(stretch, head), "Affine"), stretch)
    assert errors.mean() < 0.5
    assert errors.max() < 1


def test_the_same_seed_gives_the_same_matrix(find, head, motion):
    moved = moved_by(motion, head)
    first = find(head, moved)
    np.testing.assert_array_equal(first, find(head, moved))
    assert not np.array_equal(first, find(head, moved, seed=12))


def test_a_rigid_matrix_changes_no_distance(find, head, motion):
    linear = find(head, moved_by(motion, head))[:3, :3]
    np.testing.assert_allclose(linear @ linear.T, np.eye(3), atol=1e-5)


def test_contrast_may_be_turned_round(find, head, motion):
    """Mutual information asks for no likeness: a T2 is dark where a T1 is bright."""
    moved = moved_by(motion, head)
    inverted = Image(np.where(moved.data > 20, 2000 - moved.data, 0), moved.grid)
    assert errors_mm(find(head, inverted), motion).mean() < 1


def test_z_scored_scans_are_registered_too(find, head, motion):
    moved = moved_by(motion, head)
    scored = Image((moved.data - moved.data.mean()) / moved.data.std(), moved.grid)
    assert errors_mm(find(head, scored), motion).mean() < 0.5


def test_only_negative_intensities_are_lifted(head):
    positive = Image(head.data - head.data.min(), head.grid)
    assert from_zero(positive) is positive
    np.testing.assert_array_equal(from_zero(head).data, positive.data)


@pytest.mark.parametrize("kind", ["Rigid", "Affine"])
def test_a_scan_of_one_value_is_a_bad_case_before_any_engine_sees_it(find, head, kind):
    """elastix crashes on it, and ANTs calls it registered."""
    flat = Image(np.full_like(head.data, 5), head.grid)
    for fixed, moving in ((head, flat), (flat, head)):
        with pytest.raises(BadCase, match="expected a scan to register, found 5 in every voxel"):
            find(fixed, moving, kind)


def test_what_an_engine_says_of_a_scan_is_a_bad_case(find, head, request):
    """A scan of four voxels a side is too small for all but antsRegistration, which keeps still."""
    if request.node.callspec.params["find"] == "ants":
        pytest.skip("antsRegistration takes a scan of 64 voxels for registered")
    crumb = Image(head.data[18:22, 22:26, 18:22], Grid((4, 4, 4), np.eye(4)))
    with pytest.raises(BadCase, match="expected scans that can be registered, found that") as said:
        find(head, crumb)
    assert isinstance(said.value.__cause__, RuntimeError)
    assert "0x" not in str(said.value)


def test_antspys_own_error_is_a_bad_case(monkeypatch, head):
    pytest.importorskip("ants")
    from glioma_uq.registration import ants

    def fail(*arguments, **options):
        raise RuntimeError("Registration failed with error code 1")

    monkeypatch.setattr(ants.ants, "registration", fail)
    with pytest.raises(BadCase, match="that ANTs failed .Registration failed with error code 1"):
        register(head, head, kind="Rigid", levels=LEVELS, voxel_size_mm=3, seed=1)


@pytest.mark.parametrize("found", [np.zeros((4, 4)), np.full((4, 4), np.nan), FLAT])
def test_a_transform_that_cannot_be_inverted_is_a_bad_case(monkeypatch, head, found):
    monkeypatch.setattr(registration, "_engine", lambda name: lambda *images, **options: found)
    with pytest.raises(BadCase, match="a transform that can be inverted, found .* by ants, check"):
        register(head, head, kind="Rigid", levels=LEVELS, voxel_size_mm=3, seed=1)


@pytest.mark.parametrize("engine", ["simpleitk", "elastix"])
def test_a_missing_package_names_the_command(monkeypatch, head, engine):
    monkeypatch.delitem(sys.modules, f"glioma_uq.registration.{engine}", raising=False)
    monkeypatch.setitem(sys.modules, PACKAGES[engine], None)
    with pytest.raises(BadInput, match=f"{PACKAGES[engine]} for .*{engine}, .* `make engines`"):
        register(head, head, kind="Rigid", levels=LEVELS, voxel_size_mm=3, seed=1, engine=engine)


def test_without_an_engine_images_stay_where_they_are(head):
    moved = Image(head.data[::-1], head.grid)
    options = {"kind": "Rigid", "levels": LEVELS, "voxel_size_mm": 3, "seed": 1}
    np.testing.assert_array_equal(register(head, moved, engine="none", **options), np.eye(4))


def test_an_unknown_engine_is_refused(head):
    with pytest.raises(BadInput, match="expected one of ants, simpleitk, elastix .* found flirt"):
        register(head, head, kind="Rigid", levels=LEVELS, voxel_size_mm=3, seed=1, engine="flirt")


def test_ants_sees_an_image_where_nibabel_sees_it(head):
    pytest.importorskip("ants")
    from glioma_uq.registration.ants import to_ants

    image = to_ants(head)
    assert image.spacing == pytest.approx((3, 3, 3))
    assert image.origin == pytest.approx((60, 70, -58))
    np.testing.assert_array_equal(image.numpy(), head.data)


def test_simpleitk_sees_an_image_where_nibabel_sees_it(head):
    pytest.importorskip("SimpleITK", reason="SimpleITK is not installed: run `make engines`")
    from glioma_uq.registration.simpleitk import to_simpleitk

    image = to_simpleitk(head)
    point = image.TransformIndexToPhysicalPoint((5, 7, 9))
    expected = (RAS_TO_LPS @ head.grid.affine @ [5, 7, 9, 1])[:3]
    np.testing.assert_allclose(point, expected)
    assert image[5, 7, 9] == head.data[5, 7, 9]

"""Random changes: each within its limits and with its probability, by case and epoch alone."""

import numpy as np
import pytest
import torch
import yaml
from error_bounds import gamma

from glioma_uq.configuration.documents import CONFIG_SCHEMA
from glioma_uq.dataset import Case
from glioma_uq.normalisation import z_score, z_score_twice
from glioma_uq.training.augmentation import (
    INTENSITY,
    MC_DROPOUT,
    background_of,
    build_augmentation,
    changes,
)

EDGE = 12
ALL = tuple(changes(1.0))


def volumes():
    """A case whose tumour is its brightest voxels, on background 0."""
    generator = torch.Generator().manual_seed(0)
    images = torch.rand((2, EDGE, EDGE, EDGE), generator=generator) + 0.5
    background = torch.zeros(2, 1, 1, 1)
    return {"images": images, "mask": (images[:1] > 1.3).float(), "background": background}


def changed(names, seed, voxel_size_mm=1.0, data=None):
    augmentation = build_augmentation(names, voxel_size_mm)
    augmentation.set_random_state(seed)
    after = augmentation(data or volumes())
    return {key: value.as_subclass(torch.Tensor) for key, value in after.items()}


def test_a_config_can_name_every_change_and_no_other():
    offered = yaml.safe_load(CONFIG_SCHEMA.read_text())["properties"]["training"]["properties"]
    assert set(offered["augmentation"]["items"]["enum"]) == set(ALL)


def test_the_list_is_that_of_the_paper():
    assert [name for name in ALL if name in MC_DROPOUT] == list(MC_DROPOUT)  # as they are applied
    rotation = changes(1.0)["rotation"].rand_rotate
    for limits in (rotation.range_x, rotation.range_y, rotation.range_z):
        np.testing.assert_allclose(np.degrees(limits), [-30, 30])
    assert changes(1.0)["crop"].largest == 20
    assert changes(2.0)["crop"].largest == 10
    assert changes(1.0)["gamma"].adjuster.gamma == (0.85, 1.15)


@pytest.mark.parametrize("name", MC_DROPOUT)
def test_each_change_happens_to_35_of_100_cases(name):
    untouched = volumes()["images"]
    share = np.mean([not torch.equal(changed([name], s)["images"], untouched) for s in range(400)])
    assert share == pytest.approx(0.35, abs=0.075)  # three standard errors


@pytest.mark.parametrize("axis", ["x", "y", "z"])
@pytest.mark.parametrize("kind", ["flip", "mirror"])
def test_a_flip_moves_images_and_mask_together(axis, kind):
    flipped = next(
        after
        for after in (changed([f"{kind}_{axis}"], seed) for seed in range(20))
        if not torch.equal(after["images"], volumes()["images"])
    )
    for key in ("images", "mask"):
        value = volumes()[key]
        assert torch.equal(flipped[key], value.flip("xyz".index(axis) + 1))


def test_the_intensity_shift_is_between_0_and_a_fifth():
    shifts = [
        (changed(["intensity_shift"], seed)["images"] - volumes()["images"]).mean().item()
        for seed in range(200)
    ]
    shifts = np.array([shift for shift in shifts if shift])
    assert 0 < shifts.min() < 0.02
    assert 0.18 < shifts.max() < 0.2


def test_gamma_keeps_the_range_and_its_power_is_between_85_and_115_hundredths():
    before = volumes()["images"].double()
    low, high = before.min(), before.max()
    scaled = ((before - low) / (high - low)).log().flatten()
    kept = torch.isfinite(scaled) & (scaled < -0.1)
    powers = []
    for seed in range(200):
        after = changed(["gamma"], seed)["images"].double()
        assert float(after.min()) == pytest.approx(float(low), abs=1e-5)
        assert float(after.max()) == pytest.approx(float(high), abs=1e-5)
        power = ((after - low) / (high - low)).log().flatten()[kept] / scaled[kept]
        powers.append(float(power.median()))
    powers = np.array([p for p in powers if abs(p - 1) > 1e-4])
    assert 0.849 < powers.min() < 0.87
    assert 1.13 < powers.max() < 1.151


def normalised(score):
    """One series of a brain with a rim of background, normalised by `score`."""
    brain = np.zeros((EDGE,) * 3, bool)
    brain[3:-3, 3:-3, 3:-3] = True
    scan = np.random.default_rng(1).gamma(4.0, size=brain.shape)
    images = torch.from_numpy(score(scan, brain).astype(np.float32))[None]
    case = Case("a", images, torch.from_numpy(brain), None, {})
    data = {"images": images, "mask": torch.zeros_like(images), "background": background_of(case)}
    return data, torch.from_numpy(brain)


@pytest.mark.parametrize("name", ALL)
def test_no_change_moves_the_background_of_our_volumes(name):
    data, brain = normalised(z_score)
    assert float(data["background"]) == 0
    moved = False
    for seed in range(30):
        after = changed([name], seed, data=data)["images"]
        moved |= not torch.equal(after, data["images"])
        assert torch.equal(after[:, 0, 0], torch.zeros(1, EDGE))  # an edge stays empty
        if name in INTENSITY:
            assert not after[:, ~brain].any()
    assert moved


@pytest.mark.parametrize("name", [name for name in ALL if name not in INTENSITY])
def test_what_moves_into_the_authors_volumes_is_their_minimum(name):
    data, _ = normalised(z_score_twice)
    lowest = float(data["background"])
    assert lowest == float(data["images"].min()) < -0.1
    for seed in range(30):
        after = changed([name], seed, data=data)["images"]
        assert float(after.min()) == pytest.approx(lowest, abs=1e-6)
        np.testing.assert_allclose(after[:, 0, 0], lowest, atol=1e-6)


def test_gamma_does_to_our_brains_what_it_does_to_the_authors():
    """Their volumes are ours times a factor plus an offset, but for the background."""
    ours, brain = normalised(z_score)
    theirs, _ = normalised(z_score_twice)
    scale = theirs["images"][:, brain].std() / ours["images"][:, brain].std()
    offset = theirs["images"][:, brain].mean()
    moved = 0
    for seed in range(30):
        mine = changed(["gamma"], seed, data=ours)["images"]
        reference = changed(["gamma"], seed, data=theirs)["images"]
        np.testing.assert_allclose(reference[:, brain], scale * mine[:, brain] + offset, atol=1e-5)
        np.testing.assert_allclose(reference[:, ~brain], theirs["images"].min(), atol=1e-5)
        moved += bool(mine[:, brain].mean().abs() > 0.01)
    assert moved >= 5


def test_a_crop_empties_faces_of_images_and_mask_alike():
    before = volumes()
    for seed in range(50):
        after = changed(["crop"], seed, voxel_size_mm=5.0)  # at most four voxels
        inside = after["images"][0] != 0
        low, high = inside.nonzero().aminmax(dim=0)
        box = tuple(slice(a, b + 1) for a, b in zip(low.tolist(), high.tolist(), strict=True))
        assert all(part.start <= 4 and part.stop >= EDGE - 4 for part in box)
        for key in ("images", "mask"):
            outside = after[key].clone()
            outside[(slice(None), *box)] = 0
            assert not outside.any()
            assert torch.equal(after[key][(slice(None), *box)], before[key][(slice(None), *box)])


def test_a_rotation_fills_with_background_and_leaves_a_mask_of_zeros_and_ones():
    for seed in range(20):
        after = changed(["rotation"], seed)
        assert set(after["mask"].unique().tolist()) <= {0.0, 1.0}
        assert float(after["images"].min()) >= 0
        assert float(after["images"].max()) <= float(volumes()["images"].max()) + 1e-5


def test_what_happens_depends_on_the_seed_alone():
    for seed in range(5):
        once, again = changed(ALL, seed), changed(ALL, seed)
        changed(ALL, seed + 100)
        assert torch.equal(once["images"], again["images"])
        assert torch.equal(once["mask"], again["mask"])


def test_every_second_case_is_mirrored():
    untouched = volumes()["images"]
    mirrored = [not torch.equal(changed(["mirror_y"], s)["images"], untouched) for s in range(400)]
    assert np.mean(mirrored) == pytest.approx(0.5, abs=0.075)  # three standard errors


def test_a_rotation_in_plane_turns_about_one_axis_by_up_to_10_degrees(monkeypatch):
    angles = []

    def rotated(keys, angle, **options):
        angles.append(angle)
        return dict

    monkeypatch.setattr("glioma_uq.training.augmentation.Rotated", rotated)
    for seed in range(200):
        changed(["rotation_in_plane"], seed)
    angles = np.degrees(angles)
    assert ((angles != 0).sum(1) == 1).all()
    assert ((angles != 0).sum(0) > 40).all()
    assert -10 <= angles.min() < -9.5
    assert 9.5 < angles.max() <= 10


def test_a_rotation_in_plane_moves_the_parts_of_a_tumour_and_makes_none():
    data = volumes()
    data["mask"] = data["mask"] * 3
    data["mask"][0, 6:9, 6:9, 6:9] = 1
    augmentation = build_augmentation(["rotation_in_plane", "zoom"], 1.0)
    augmentation.set_random_state(4)
    after = augmentation(data)
    assert after["mask"].shape == (1, EDGE, EDGE, EDGE)
    assert set(after["mask"].unique().tolist()) == {0.0, 1.0, 3.0}
    assert not torch.equal(after["mask"].as_subclass(torch.Tensor), data["mask"])


def test_the_intensity_is_scaled_by_9_to_11_tenths_and_the_background_stays():
    data = volumes()["images"]
    ratios = np.array(
        [float((changed(["intensity_scale"], s)["images"] / data).mean()) for s in range(200)]
    )
    assert 0.9 <= ratios.min() < 0.91
    assert 1.09 < ratios.max() <= 1.1
    factor = changed(["intensity_scale"], 3)["images"].double() / data
    np.testing.assert_allclose(factor, factor.mean(), rtol=gamma(4))  # one product of float32


def test_a_zoom_keeps_the_size_of_the_volume_and_changes_that_of_the_tumour():
    sizes = set()
    for seed in range(6):
        after = changed(["zoom"], seed)
        assert after["images"].shape == volumes()["images"].shape
        assert set(after["mask"].unique().tolist()) <= {0.0, 1.0}
        sizes.add(int((after["images"][0] == 0).sum()))
    assert len(sizes) > 1  # the smaller ones leave background at the faces


def dropped(seed, names=("modality_dropout",), series=4, kept=(1,)):
    """Return which series of a case are 0 everywhere."""
    augmentation = build_augmentation(names, 1.0, kept)
    augmentation.set_random_state(seed)
    data = {"images": torch.rand(series, 4, 4, 4) + 0.5, "mask": torch.ones(1, 4, 4, 4),
            "background": torch.zeros(series, 1, 1, 1)}  # fmt: skip
    after = augmentation(data)
    assert after["mask"].all()
    empty = (after["images"] == 0).flatten(1)
    assert (empty.all(1) | ~empty.any(1)).all()
    assert bool((data["images"] != 0).all())  # the volumes that are kept in memory
    return empty.all(1).numpy()


def test_each_series_but_the_kept_one_is_dropped_by_itself_from_a_fifth_of_the_cases():
    found = np.array([dropped(seed) for seed in range(1500)])
    assert not found[:, 1].any()
    others = found[:, [0, 2, 3]]
    np.testing.assert_allclose(others.mean(0), 0.2, atol=0.031)  # three standard errors
    assert np.mean(~others.any(1)) == pytest.approx(0.8**3, abs=0.039)
    both = np.mean(others[:, 0] & others[:, 1])
    assert both == pytest.approx(0.04, abs=0.016)


def test_a_dropped_series_stays_0_whatever_else_changes():
    """It is what an imputed series is, which no change moves either."""
    names = ("intensity_scale", "intensity_shift", "gamma", "modality_dropout")
    assert any(dropped(seed, names).any() for seed in range(20))
    data = volumes()
    data["images"][1] = 0
    for seed in range(20):
        assert not changed(ALL, seed, data=data)["images"][1].any()


def test_dropping_changes_no_other_random_change():
    others = [name for name in ALL if name != "modality_dropout"]
    for seed in range(20):
        without, with_it = changed(others, seed)["images"], changed(ALL, seed)["images"]
        for one, other in zip(without, with_it, strict=True):
            assert torch.equal(one, other) or not other.any()

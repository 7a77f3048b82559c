"""One scan under two names is found however it is stored; other scans are not taken for it."""

from itertools import combinations

import nibabel as nib
import numpy as np
import pytest
from scans import CASE, NAMES, inside, save, some_scan, whole_case

from glioma_uq.cohorts.copies import (
    LENGTH,
    SAME,
    are_same,
    exclude_copies,
    from_text,
    signature_of,
    to_text,
)

SHAPE = (24, 26, 20)


def head(seed=0, noise=0.1, inner=1.0):
    """Return a bright ellipsoid with smooth tissue (of seed 9) and noise, dark outside."""
    place = np.stack(np.meshgrid(*(np.linspace(-1, 1, n) for n in SHAPE), indexing="ij"))
    tissue = np.cos(3 * place[0] + 9) * np.sin(4 * place[1]) * np.cos(5 * place[2])
    noisy = np.random.default_rng(seed).normal(0, noise, SHAPE)
    inside = (np.square(place) / 0.7).sum(0) < 1
    return np.where(inside, 400 + 100 * inner * tissue, 20) * (1 + noisy)


def in_levels(data, levels=255):
    return np.rint((data - data.min()) / np.ptp(data) * levels).astype(np.uint8)


STORED = {
    "another type": lambda scan: scan.astype(np.float64),
    "big-endian": lambda scan: np.rint(scan).astype(">i2"),
    "a slope and an intercept": lambda scan: (1.7 * scan - 300).astype(np.float32),
    "rounded": lambda scan: np.rint(0.3 * scan).astype(np.int16),
    "cut to integers": lambda scan: scan.astype(np.int16),
    "in 256 levels": in_levels,
    "in 256 levels below one bright voxel": lambda scan: in_levels(with_spike(scan, 4)),
}


def with_spike(scan, times=1000):
    scan = scan.copy()
    scan[5, 6, 7] = times * scan.max()
    return scan


@pytest.mark.parametrize("store", STORED.values(), ids=STORED)
@pytest.mark.parametrize("scan", [head(), head(1, noise=0.02)], ids=["noisy", "clear"])
def test_a_scan_is_the_same_however_it_is_stored(scan, store):
    assert are_same(signature_of(scan), signature_of(store(scan)))


def test_two_scans_of_one_head_differ():
    """Of the same tissue and contrast, with noise of 5 %; and of another contrast."""
    scans = [head(seed, 0.05) for seed in (1, 2)] + [head(1, 0.05, inner=-1)]
    assert not any(are_same(*map(signature_of, pair)) for pair in combinations(scans, 2))


@pytest.mark.parametrize(
    ("where", "value"), [(np.s_[:10], -32768), (np.s_[5, 6, 7], -32768), (np.s_[5, 6, 7], 30000)]
)
def test_what_two_scans_have_in_common_beside_the_head_does_not_make_them_one(where, value):
    first, second = head(1), head(2)
    first[where] = second[where] = value
    assert not are_same(signature_of(first), signature_of(second))


def test_signatures_estimate_the_correlation_of_scans():
    rng = np.random.default_rng(0)
    first = rng.uniform(size=SHAPE)
    second = first + rng.normal(0, 0.05, SHAPE)
    apart = 1 - signature_of(first) @ signature_of(second)
    clipped = [np.clip(x, *np.percentile(x, [50, 99])).ravel() for x in (first, second)]
    assert apart == pytest.approx(1 - np.corrcoef(clipped)[0, 1], rel=3 * np.sqrt(2 / LENGTH))


def test_a_scan_that_is_dark_nearly_everywhere_has_a_signature():
    speck = np.zeros(SHAPE, np.uint8)
    speck[2, 3, 4] = 7
    assert are_same(signature_of(speck), signature_of(speck.astype(float)))
    assert not are_same(signature_of(speck), signature_of(speck[::-1]))


def test_scans_of_different_shapes_differ():
    scan = some_scan(0, (12, 12, 12))
    assert not are_same(signature_of(scan), signature_of(scan[:, :, :-1]))


def test_a_signature_is_the_same_as_text():
    signature = signature_of(some_scan())
    assert len(to_text(signature)) == 4 * LENGTH
    np.testing.assert_allclose(from_text(to_text(signature)), signature, atol=2**-15)


def rows_of(**cases):
    """Return (cases, rows of quality) of {case: {modality: scan}}."""
    rows = [
        {"case": case, "step": "import_case", "reason": ""}
        | {f"{name}_signature": to_text(signature_of(scan)) for name, scan in scans.items()}
        for case, scans in cases.items()
    ]
    return [{"case": case} for case in cases], rows


def test_a_scan_of_an_earlier_case_excludes_whatever_it_is_called():
    cases, rows = rows_of(
        a={"t1": head(1), "t1ce": head(2)},
        b={"t1": head(3), "t2": in_levels(head(2))},
        c={"t1": head(4)},
        d={"t1": head(3)},  # of b, which does not take part
    )
    kept, copies = exclude_copies(cases, rows)
    assert [row["case"] for row in kept] == ["a", "c", "d"]
    assert copies == [
        {
            "case": "b",
            "step": "collect_cohort",
            "reason": "expected scans of this case alone, found the same voxels in its T2 and in "
            "the T1CE of a, remove one of the two",
        }
    ]


@pytest.mark.parametrize("store", STORED.values(), ids=STORED)
def test_one_series_under_two_names_excludes_the_case(tmp_path, store):
    folder = whole_case(tmp_path)
    save(folder / CASE / NAMES["t1ce"], head().astype(np.float32))
    for part in ("segmentation", "brain_mask"):
        mask = np.zeros(SHAPE, np.uint8)
        mask[4:8, 4:8, 4:8] = 3
        save(folder / CASE / NAMES[part], mask)
    data = store(head())
    nib.save(nib.Nifti1Image(data, np.eye(4)), folder / CASE / NAMES["t2"])
    assert "found the same voxels as t1ce in" in inside(folder)[0]["reason"]


@pytest.mark.real
def test_series_of_real_patients_are_far_from_the_same(real_data):
    """Of one patient and of two; and each in 256 levels is itself."""
    release = real_data / "brats_2021"
    if not release.is_dir():
        pytest.skip(f"the twelve cases of BraTS 2021 are not in {release}")
    found = []
    for path in sorted(release.glob("*/*.nii.gz")):
        if not path.name.endswith("_seg.nii.gz"):
            data = np.asarray(nib.as_closest_canonical(nib.load(path)).dataobj)
            found.append(signature_of(data))
            assert 1 - found[-1] @ signature_of(in_levels(data.astype(float))) < SAME / 4
    apart = 1 - np.stack(found) @ np.stack(found).T
    assert len(found) == 48
    assert apart[~np.eye(48, dtype=bool)].min() > 25 * SAME

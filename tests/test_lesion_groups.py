"""One lesion in every size: the same but smaller, in scans that are the same elsewhere."""

import csv
import json

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from phantom_truth import series_of, subject_of, true_transform

import make_phantom_case
import make_phantom_labels
import measure_phantom_volumes
from glioma_uq.cohorts.cases import list_cases
from glioma_uq.errors import BadInput
from glioma_uq.phantom.acquisition import MODALITIES, draw_subject, grid_points
from glioma_uq.phantom.anatomy import Anatomy
from glioma_uq.phantom.fields import transform
from glioma_uq.phantom.lesion import draw_lesion, lesion_tissue
from glioma_uq.phantom.lesion_groups import case_names, lesion_of

SCALES = [1.0, 0.65, 0.4]
OPTIONS = dict(
    separation_subtype=1.3,
    separation_grade=1.2,
    small_share=0.0,
    missing={"idh": 0.1, "1p19q": 0.1, "grade": 0.1},
    enhancement=1.5,
)
CENTRE, RADIUS = np.array([0, -16, 10]), 80  # of a brain that is a ball of even tissue, mm
SEED = 4


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Tissues, distances and brain mask of a ball instead of the template, which takes seconds."""
    folder = tmp_path_factory.mktemp("ball")

    def from_centre(spacing, half):
        affine = np.diag([spacing, spacing, spacing, 1.0])
        affine[:3, 3] = CENTRE - half
        axes = np.ogrid[tuple(slice(-half, half + 1, spacing) for _ in range(3))]
        return np.sqrt(sum(axis**2 for axis in axes)), affine

    gap, affine = from_centre(1, 90)
    brain = np.where(gap < RADIUS, 255, 0).astype(np.uint8)
    tissues = np.stack([brain // 2, brain // 5 * 2, brain // 5 * 3, brain], axis=-1)
    nib.save(nib.Nifti1Image(tissues, affine), folder / "tissues.nii")
    nib.save(nib.Nifti1Image(brain, affine), folder / "mask.nii.gz")
    gap, affine = from_centre(2, 120)
    distances = np.stack([gap - RADIUS, np.maximum(gap - RADIUS - 14, 0)], axis=-1) * 100
    nib.save(nib.Nifti1Image(distances.astype(np.int16), affine), folder / "distances.nii")
    return folder


@pytest.fixture(scope="module")
def anatomy(files):
    return Anatomy(nib.load(files / "tissues.nii"), nib.load(files / "distances.nii"))


def write_labels(folder, size_sensitivity):
    make_phantom_labels.main(
        cases=6, seed=3, options=OPTIONS, size_sensitivity=size_sensitivity,
        labels=folder / "labels.csv", truth=folder / "truth.csv",
    )  # fmt: skip


def scan(folder, files, case):
    """Scan one case at 8 mm; return {modality or "segmentation": voxels}."""
    images = {name: folder / f"{case}_{name}.nii.gz" for name in (*MODALITIES, "segmentation")}
    make_phantom_case.main(
        case=case, seed=SEED, in_plane_mm=8.0, slice_mm=[8.0, 8.0], bias_sd=0.1,
        cohort_truth=folder / "truth.csv", tissues=files / "tissues.nii",
        distances=files / "distances.nii", images=images, truth=folder / f"{case}.json",
    )  # fmt: skip
    return {name: np.asarray(nib.load(path).dataobj) for name, path in images.items()}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    """A folder with labels.csv and truth.csv of six lesions in every size."""
    folder = tmp_path_factory.mktemp("stress")
    write_labels(folder, SCALES)
    return folder


@pytest.fixture(scope="module")
def lesion_group(cohort, files):
    """Scans of one lesion, by scale."""
    return {s: scan(cohort, files, f"phantom-002_size-{100 * s:03.0f}") for s in SCALES}


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# Names and tables


def test_names_hold_lesion_group_and_scale():
    assert case_names(2) == ["phantom-001", "phantom-002"]
    assert case_names(1, [1, 0.65]) == ["phantom-001_size-100", "phantom-001_size-065"]
    assert [lesion_of(case) for case in case_names(2, [1, 0.65])[1:3]] == case_names(2)
    assert lesion_of("phantom-001") == "phantom-001"


def test_scales_that_share_a_name_are_refused():
    with pytest.raises(BadInput, match=r"size_sensitivity .* at least .01 apart, found \[1"):
        case_names(2, [1, 0.3, 0.301])


def test_every_lesion_is_listed_in_every_size(cohort):
    labels, truth = rows_of(cohort / "labels.csv"), rows_of(cohort / "truth.csv")
    listed = list_cases({"source": "phantom"}, {"cases": 6, "size_sensitivity": SCALES})
    assert [row["case"] for row in labels] == [row["case"] for row in truth] == listed
    assert [float(row["scale"]) for row in truth] == SCALES * 6
    assert all(row["lesion_group"] == lesion_of(row["case"]) for row in truth)
    for first, *others in (labels[i : i + 3] for i in range(0, 18, 3)):
        assert all(other | {"case": ""} == first | {"case": ""} for other in others)


def test_without_sizes_the_tables_are_the_ordinary_ones(cohort, tmp_path):
    write_labels(tmp_path, None)
    ordinary, stressed = rows_of(tmp_path / "truth.csv"), rows_of(cohort / "truth.csv")
    assert not {"lesion_group", "scale"} & set(ordinary[0])
    for row, large in zip(ordinary, stressed[::3], strict=True):
        assert row.items() - {("case", row["case"])} <= large.items()


# The lesion


def test_a_smaller_lesion_is_the_larger_one_seen_from_afar(anatomy):
    z = np.array([1.0, 0, 0, 0, 0, 0, 1])
    lesions = [draw_lesion(np.random.default_rng(1), anatomy, z, 40, s) for s in SCALES]
    steps = np.random.default_rng(2).normal(0, 15, (3, 3000)).astype(np.float32)
    even = [np.full(3000, share, np.float32) for share in (0.4, 0.6, 1)]
    large, *smaller = [
        lesion_tissue(one, one.centre[:, None] + np.float32(one.scale) * steps, *even)
        for one in lesions
    ]
    assert large["enhancing"].max() > 0.5
    for small in smaller:
        for part, share in large.items():
            assert small[part] == pytest.approx(share, abs=2e-3)
    assert [one.reach for one in lesions] == pytest.approx([lesions[0].reach * s for s in SCALES])


def test_volumes_fall_with_the_scale(cohort, files, tmp_path):
    seeds = {case: int(lesion_of(case)[-3:]) for case in case_names(3, SCALES)}
    pd.read_csv(cohort / "truth.csv").head(9).to_csv(tmp_path / "truth.csv", index=False)
    measure_phantom_volumes.main(
        cohort_truth=tmp_path / "truth.csv", seeds=seeds, tissues=files / "tissues.nii",
        distances=files / "distances.nii", template=files / "mask.nii.gz",
        options={"voxel_size_mm": 3.0, "margin_mm": 0.0}, output=tmp_path / "volumes.csv",
    )  # fmt: skip
    table = pd.read_csv(tmp_path / "volumes.csv")
    assert table.columns.tolist() == ["case", "et_mm3", "tc_mm3", "wt_mm3"]
    whole = table["wt_mm3"].to_numpy().reshape(3, 3)
    assert (np.diff(whole, axis=1) < 0).all()
    enhancing = table["et_mm3"].to_numpy().reshape(3, 3)
    assert enhancing.max() > 0
    assert (np.diff(enhancing, axis=1)[enhancing[:, 0] > 0] < 0).all()


# The scans


def far_from_lesion(truth, anatomy, modality):
    """Return bool [X, Y, Z]: voxels none of whose samples the lesion can reach."""
    series, subject = series_of(truth, modality), subject_of(truth, anatomy)
    points = grid_points(series.grid, series.thick_axis, series.samples)
    placed = subject.head.to_template(transform(true_transform(truth, modality), points))
    from_centre = np.linalg.norm(placed - subject.lesion.centre[:, None], axis=0)
    split = list(series.shape)
    split.insert(series.thick_axis + 1, series.samples)
    far = from_centre > subject.lesion.reach + 0.01
    return far.reshape(split).all(axis=series.thick_axis + 1)


def test_scans_of_a_lesion_group_are_equal_outside_its_largest_lesion(
    cohort, lesion_group, anatomy
):
    truth = json.loads((cohort / "phantom-002_size-100.json").read_text())
    for modality in ("t1", "flair"):
        far = far_from_lesion(truth, anatomy, modality)
        assert 0.2 < far.mean() < 1
        for scale in SCALES[1:]:
            differs = lesion_group[scale][modality] != lesion_group[1][modality]
            assert differs.any()
            assert not differs[far].any()


def test_segmentations_of_a_lesion_group_shrink(lesion_group):
    whole = [(lesion_group[scale]["segmentation"] > 0).sum() for scale in SCALES]
    assert whole[0] > whole[1] > whole[2] > 0


def test_scale_one_is_the_ordinary_case_of_its_seed(lesion_group, files, tmp_path):
    write_labels(tmp_path, None)
    ordinary = scan(tmp_path, files, "phantom-002")
    for name, voxels in ordinary.items():
        assert np.array_equal(voxels, lesion_group[1][name])


def test_the_truth_of_a_smaller_lesion_draws_it_again(cohort, lesion_group, anatomy):
    small, large = (
        json.loads((cohort / f"phantom-002_size-{size}.json").read_text())
        for size in ("040", "100")
    )
    assert subject_of(small, anatomy).lesion.scale == small.pop("scale") == 0.4
    assert "scale" not in large
    assert small | {"case": ""} == large | {"case": ""}
    z = list(large["z"].values())
    again = draw_subject(SEED, anatomy, z, large["diameter_mm"], 0.4).lesion
    assert np.array_equal(again.centre, subject_of(large, anatomy).lesion.centre)

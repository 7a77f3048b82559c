"""The small-tumour study by its paper's own protocol: its departures, and a run made tiny.

That run is also the one from the files of a dataset, BraTS 2018, to the report of a study.
"""

import numpy as np
import pandas as pd
import pytest
from brats import PATH, WITHOUT_REFERENCE, cases_of
from configs import checked, read
from workflows import copy_of_repository, planned, snakemake, write_config

from glioma_uq.configuration.departures import departures
from glioma_uq.images import is_empty, read_image


def test_what_is_left_to_depart_is_what_the_paper_does_not_say():
    rows = {row["what"]: row["paper"] for row in departures(checked({}, read(PATH)))}
    assert [what for what, paper in rows.items() if "not said" not in paper] == [
        "Reconstruction loss of a feature map", "Other networks",
    ]  # fmt: skip
    leaky = {row["what"] for row in departures(checked({}, read("studies/small_tumours.yaml")))}
    assert {"Folds", "Weights of the epoch", "Weight of the voxel-wise cross-entropy"} <= leaky


@pytest.mark.workflow
def test_the_protocol_runs_from_scans_to_a_report_that_says_that_it_leaks(published):
    study = published / "results/studies/small_tumours_as_published"
    folds = pd.read_csv(study / "folds.csv")
    assert folds["split"].value_counts().to_dict() == {"training": 5, "test": 3}
    curve = pd.read_csv(study / "dmfnet/dropout-0.00/fold-1/seed-1/learning_curve.csv")
    assert curve["validation_loss"].notna().all()
    report = (study / "report.html").read_text()
    assert "the epoch with the lowest loss on the test cases themselves" in report
    assert "BraTS 2018" in report
    assert "shared_grid: 8 cases" in report
    assert planned(published, config="published.yaml") == set()


BRATS_2021 = ["BraTS2021_00000", "BraTS2021_00002"]


@pytest.mark.real
def test_real_cases_stay_on_the_grid_of_brats_to_the_voxel(real_data, tmp_path):
    if not (real_data / "brats_2021").is_dir():
        pytest.skip(f"no brats_2021 in {real_data}")
    copy_of_repository(tmp_path)
    for case in BRATS_2021:
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / case).symlink_to((real_data / "brats_2021" / case).resolve())
    study = read(PATH)
    cohort = study["cohort"] | {
        "name": "brats_2021", "on_bad_case": "stop", "follow_links": True,
        "datasets": [{"name": "brats", "version": 2021, "path": "data"}],
    }  # fmt: skip
    config = {"cohort": cohort, "preprocessing": study["preprocessing"]}
    write_config(tmp_path, "cohort.yaml", **config)
    snakemake(tmp_path, config="cohort.yaml")
    manifest = pd.read_csv(tmp_path / "results/cohorts/brats_2021/volumes.csv")
    assert manifest["case"].tolist() == BRATS_2021
    assert (manifest[["voxel_mm", "template_scale"]] == 1).all(axis=None)
    for case in BRATS_2021:
        expert = read_image(real_data / "brats_2021" / case / f"{case}_seg.nii.gz", dtype=None)
        folder = tmp_path / "results/cohorts/brats_2021/normalised" / case
        found = read_image(folder / "segmentation.nii.gz", dtype=None)
        assert found.grid.shape == expert.grid.shape == (240, 240, 155)
        np.testing.assert_allclose(found.grid.affine, expert.grid.affine)
        np.testing.assert_array_equal(found.data, np.where(expert.data == 4, 3, expert.data))
        brain = read_image(folder / "brain_mask.nii.gz").data > 0
        t1ce = read_image(folder / "t1ce.nii.gz").data[brain]
        scan = read_image(real_data / "brats_2021" / case / f"{case}_t1ce.nii.gz").data[brain]
        clipped = np.clip(scan, *np.percentile(scan, [5, 95]))
        np.testing.assert_allclose(t1ce, (clipped - clipped.mean()) / clipped.std(), atol=1e-4)


@pytest.mark.workflow
def test_the_scans_stay_on_their_own_grid_and_the_labels_are_ours(tiny, published):
    for place, case in cases_of(tiny).items():
        own = read_image(case / "t1ce.nii.gz").grid
        folder = published / "results/cohorts/shared_grid/normalised" / place.case
        for name in ("t1ce", "brain_mask"):
            found = read_image(folder / f"{name}.nii.gz", dtype=None)
            assert found.grid.shape == own.shape
            np.testing.assert_allclose(found.grid.affine, own.affine)
        if place.case == WITHOUT_REFERENCE:
            assert is_empty(folder / "segmentation.nii.gz")
            continue
        there = read_image(folder / "segmentation.nii.gz", dtype=None).data
        np.testing.assert_array_equal(there, read_image(case / "segmentation.nii.gz").data)

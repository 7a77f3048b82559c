"""A cohort of patients, from folders and a table to the report of a study."""

import os
import re

import numpy as np
import pandas as pd
import pytest
from patients import BROKEN, STUDIES, WITHOUT_REFERENCE, write_configs
from workflows import (
    copy_of,
    copy_of_repository,
    edit,
    planned,
    rules_in,
    snakemake,
    write_config,
)

from glioma_uq.images import read_image, write_image

pytestmark = pytest.mark.workflow
COHORT = "results/cohorts/patients"
OF_COHORT = {
    "check_cohort", "make_template", "import_case", "correct_bias_field", "coregister",
    "register_to_template", "strip_skull", "normalise_case", "collect_cohort",
    "draw_quality_sheets_1", "draw_quality_metrics", "make_cohort_report",
}  # fmt: skip
OF_EVERY_STUDY = {
    "all", "assign_folds", "train_network", "sample_network", "gather_cells", "record_provenance",
    "make_report",
}  # fmt: skip
TABLES = "rank_tests selection differences subgroups risk_coverage training"
OF_SUBTYPES = "classification reliability recalibration conformal findings"
OF_SUBREGIONS = "segmentation overlap lesions froc overlap_tests table_1 table_2 table_3"
FIGURES = "risk_coverage learning_curves"
DRAWN_OF_SUBTYPES = (
    "uncertainty_by_passes calibration_by_rate uncertainty_by_correctness reliability "
    "uncertainty_shares"
)
DRAWN_OF_SUBREGIONS = "tumour_volumes segmentation_gallery dice_by_size froc"


def rules_of(tables, figures):
    """Return the names of the rules that make these tables and figures."""
    return {f"tabulate_{table}" for table in tables.split()} | {
        f"draw_{figure}" for figure in figures.split()
    }


ON_VALIDATION = {"sample_validation", "gather_validation"}
PLANNED = {
    "two_class.yaml": ON_VALIDATION | {"make_viewer"} | rules_of(
        f"{OF_SUBTYPES} segmentation mask_control",
        f"{DRAWN_OF_SUBTYPES} segmentation_quality case_gallery",
    ),
    "subregions.yaml": {"make_viewer", "measure_overlap"}
    | rules_of(OF_SUBREGIONS, DRAWN_OF_SUBREGIONS),
    "subtypes.yaml": ON_VALIDATION | rules_of(OF_SUBTYPES, DRAWN_OF_SUBTYPES),
}  # fmt: skip
PLANNED = {name: OF_EVERY_STUDY | rules_of(TABLES, FIGURES) | of for name, of in PLANNED.items()}


def test_a_cohort_alone_is_planned_exactly(tiny, tmp_path):
    folder = copy_of_repository(tmp_path)
    write_configs(tiny / "results/cohorts/tiny", folder)
    assert planned(folder, config="patients.yaml") == {"all", *OF_COHORT}


def test_a_cohort_alone_is_built_and_tells_who_takes_part(of_patients):
    excluded = pd.read_csv(of_patients / COHORT / "excluded.csv")
    assert excluded["case"].tolist() == [BROKEN]
    assert "breaks off" in excluded["reason"].iloc[0]
    volumes = pd.read_csv(of_patients / COHORT / "volumes.csv")
    assert BROKEN not in set(volumes["case"])
    assert (volumes["patient"] == volumes["case"]).all()
    assert (volumes["idh"] == -1).sum() == 2
    checksums = volumes.set_index("case").filter(like="_sha256")
    missing = checksums.loc[WITHOUT_REFERENCE].isna()
    assert set(missing.index[missing]) == {"segmentation_sha256", "native_segmentation_sha256"}
    assert checksums.isna().sum().sum() == 2
    assert (of_patients / COHORT / "report.html").is_file()
    assert planned(of_patients, config="patients.yaml") == set()
    assert not (of_patients / "results/studies").exists()


def test_a_replaced_scan_is_imported_and_a_corrected_label_imports_nothing(of_patients, tmp_path):
    folder = copy_of(of_patients, tmp_path)
    before = pd.read_csv(folder / COHORT / "volumes.csv", index_col="case")
    repaired = read_image(folder / "data/P-01/T2.nii.gz")
    write_image(folder / "data/P-01/T2.nii.gz", np.sqrt(repaired.data.clip(0)), repaired.grid)
    edit(folder / "data/labels.csv", "P-05,", "P-05, ")
    for file in ("P-01/T2.nii.gz", "labels.csv"):  # as files from an archive are
        os.utime(folder / "data" / file, (1e9, 1e9))
    printed = snakemake(folder, f"{COHORT}/volumes.csv", config="patients.yaml")
    assert {"check_cohort", "import_case", "normalise_case"} <= rules_in(printed)
    assert set(re.findall("wildcards: case=(.*)", printed)) == {"P-01"}
    after = pd.read_csv(folder / COHORT / "volumes.csv", index_col="case")
    changed = before.compare(after)
    assert changed.index.tolist() == ["P-01"]
    assert set(changed.columns.get_level_values(0)) == {"t2_sha256"}
    for path in (folder / "data").rglob("*.*"):
        os.utime(path)  # as a copy of all does
    assert planned(folder, f"{COHORT}/volumes.csv", config="patients.yaml") == set()


def test_a_change_of_labels_and_of_a_setting_in_one_call_reaches_every_case(of_patients, tmp_path):
    folder = copy_of(of_patients, tmp_path)
    edit(folder / "data/labels.csv", "P-05,", "P-05, ")
    edit(folder / "patients.yaml", "voxel_size_mm: 8.0", "voxel_size_mm: 9.0")
    printed = snakemake(folder, f"{COHORT}/volumes.csv", config="patients.yaml")
    assert rules_in(printed) == {"check_cohort", "normalise_case", "collect_cohort"}
    volumes = pd.read_csv(folder / COHORT / "volumes.csv")
    assert set(volumes["voxel_mm"]) == {9.0}
    assert volumes["shape"].nunique() == 1


def test_a_case_without_flair_takes_part_and_every_result_of_the_cohort_says_so(tiny, tmp_path):
    folder = copy_of_repository(tmp_path)
    write_configs(tiny / "results/cohorts/tiny", folder)
    (folder / "data/P-03/FLAIR.nii.gz").unlink()
    lines = (folder / "data/labels.csv").read_text().splitlines(keepends=True)
    (folder / "data/labels.csv").write_text("".join(lines[:4]))  # P-01 to P-03
    write_config(folder, "missing.yaml", cohort={"missing": "impute-zero"})
    config = ["patients.yaml", "missing.yaml"]
    snakemake(folder, config=config)
    cohort = folder / COHORT
    assert pd.read_csv(cohort / "excluded.csv")["case"].tolist() == [BROKEN]
    volumes = pd.read_csv(cohort / "volumes.csv", index_col="case")
    assert volumes["imputed"].fillna("").to_dict() == {"P-01": "", "P-03": "flair"}
    quality = pd.read_csv(cohort / "quality.csv", index_col="case")
    assert quality["imputed"].dropna().to_dict() == {"P-03": "flair"}
    of_flair = quality.filter(like="flair_")
    assert of_flair.loc["P-03"].isna().all()
    assert of_flair.loc["P-01"].notna().all()
    flair, t1 = (read_image(cohort / f"normalised/P-03/{name}.nii.gz") for name in ("flair", "t1"))
    assert flair.data.shape == t1.data.shape
    assert not flair.data.any()
    assert t1.data.any()
    assert "FLAIR imputed" in (cohort / "report.html").read_text()
    assert planned(folder, config=config) == set()


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_of_patients_is_planned_exactly(of_patients, name):
    assert planned(of_patients, config=name) == PLANNED[name]


def test_a_study_of_two_classes_runs_to_its_report(of_patients, tmp_path):
    folder, name = copy_of(of_patients, tmp_path), "two_class.yaml"
    snakemake(folder, config=name)
    study = folder / "results/studies" / STUDIES[name]["study"]
    report = (study / "report.html").read_text()
    assert report.count("data:image/png;base64,") >= 5
    assert "patients: 7 cases" in report
    folds = pd.read_csv(study / "folds.csv")
    assert BROKEN not in set(folds["case"])
    segmentation = pd.concat(
        pd.read_csv(path) for path in study.glob("*/dropout-*/passes-*/segmentation.csv")
    )
    reference = segmentation.groupby("case")["dice"].count()
    assert (reference == 0).sum() == 1
    assert reference[WITHOUT_REFERENCE] == 0
    assert planned(folder, config=name) == set()

"""A cohort of patients, from folders and a table to the reports of two studies."""

import pandas as pd
import pytest
from patients import BROKEN, STUDIES, WITHOUT_REFERENCE, write_configs
from workflows import copy_of, copy_of_repository, planned, snakemake

pytestmark = pytest.mark.workflow
COHORT = "results/cohorts/patients"
OF_COHORT = {
    "check_cohort", "make_template", "import_case", "correct_bias_field", "coregister",
    "register_to_template", "strip_skull", "normalise_case", "collect_cohort",
    "draw_quality_sheets_1", "draw_quality_metrics", "make_cohort_report",
}  # fmt: skip
OF_EVERY_STUDY = {
    "all", "assign_folds", "train_network", "sample_network", "gather_cells", "record_provenance",
    "measure_segmentation", "compare_ranks", "select_cell", "compare_rates", "measure_subgroups",
    "measure_risk_coverage", "draw_risk_coverage", "draw_learning_curves", "make_viewer",
    "make_report",
}  # fmt: skip
PLANNED = {
    "two_class.yaml": OF_EVERY_STUDY | {
        "sample_validation", "gather_validation", "measure_classification", "measure_reliability",
        "recalibrate_cells", "measure_prediction_sets", "control_masks", "judge_findings",
        "draw_uncertainty_by_passes", "draw_calibration_by_rate", "draw_segmentation_quality",
        "draw_uncertainty_by_correctness", "draw_reliability", "draw_uncertainty_shares",
        "draw_case_gallery",
    },
    "subregions.yaml": OF_EVERY_STUDY | {
        "measure_overlap", "measure_regions", "compare_networks", "make_tables",
        "draw_tumour_volumes", "draw_segmentation_gallery", "draw_dice_by_size", "draw_froc",
    },
}  # fmt: skip


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
    assert checksums.isna().sum().sum() == 1
    assert pd.isna(checksums.at[WITHOUT_REFERENCE, "segmentation_sha256"])
    assert (of_patients / COHORT / "report.html").is_file()
    assert planned(of_patients, config="patients.yaml") == set()
    assert not (of_patients / "results/studies").exists()


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_of_patients_is_planned_exactly(of_patients, name):
    assert planned(of_patients, config=name) == PLANNED[name]


def test_a_study_of_subregions_runs_to_its_report(of_subregions):
    check_finished(of_subregions, "subregions.yaml")


def test_a_study_of_two_classes_runs_to_its_report(of_patients, tmp_path):
    folder = copy_of(of_patients, tmp_path)
    snakemake(folder, config="two_class.yaml")
    check_finished(folder, "two_class.yaml")


def check_finished(folder, name):
    """Check what a study of patients has left in `folder`."""
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

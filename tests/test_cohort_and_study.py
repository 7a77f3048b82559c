"""The one edge between a cohort and its studies, the manifest: what crosses it, and what not."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from workflows import (
    ROOT,
    TINY,
    contents,
    copy_of_repository,
    edit,
    finished_once,
    planned,
    refusal,
    rules_in,
    snakemake,
    write_config,
)

from glioma_uq.tables import read_table

COHORT, STUDY = "results/cohorts/tiny", "results/studies/tiny"
SEES_VOLUMES = {
    "assign_folds", "train_network", "sample_network", "sample_validation", "gather_cells",
    "gather_validation", "draw_case_gallery", "make_viewer", "record_provenance", "make_report",
}  # fmt: skip
TABLES = (
    "classification segmentation rank_tests selection differences subgroups reliability "
    "risk_coverage recalibration conformal mask_control posterior_truth findings training"
)
FIGURES = (
    "uncertainty_by_passes calibration_by_rate segmentation_quality uncertainty_by_correctness "
    "reliability risk_coverage uncertainty_shares rate_differences posterior_truth learning_curves"
)
FOLLOWS = {"all", *(f"tabulate_{table}" for table in TABLES.split()),
           *(f"draw_{figure}" for figure in FIGURES.split())}  # fmt: skip
pytestmark = pytest.mark.workflow


def weights(folder):
    """Return the bytes of every network of the study."""
    return [path.read_bytes() for path in sorted((folder / STUDY).rglob("model.safetensors"))]


def test_a_cohort_made_anew_by_other_settings_makes_all_of_its_study_anew(halves_copy):
    """Intensities alone change, no shape, and the study sees but the manifest."""
    folder, before = halves_copy, weights(halves_copy)
    edit(folder / "cohort.yaml", "  voxel_size_mm: 8.0", "  clip: [5, 95]\n  voxel_size_mm: 8.0")
    printed = snakemake(folder, f"{COHORT}/volumes.csv", config="cohort.yaml")
    assert rules_in(printed) == {"normalise_case", "collect_cohort"}
    printed = snakemake(folder, config="cohort.yaml")
    assert rules_in(printed) == {
        "draw_quality_sheets_1", "draw_quality_metrics", "make_cohort_report", "all",
    }  # fmt: skip
    assert planned(folder, config="study.yaml") == SEES_VOLUMES | FOLLOWS
    networks = [path.relative_to(folder) for path in (folder / STUDY).rglob("model.safetensors")]
    made = rules_in(snakemake(folder, f"{STUDY}/provenance.json", *networks, config="study.yaml"))
    assert made == {"assign_folds", "train_network", "record_provenance"}
    after = weights(folder)
    assert len(after) == len(before) == 4
    assert not set(after) & set(before)
    provenance = json.loads((folder / STUDY / "provenance.json").read_text())
    assert provenance["config"]["preprocessing"]["clip"] == [5, 95]
    assert planned(folder, config="study.yaml") == (SEES_VOLUMES | FOLLOWS) - made


def test_a_cohort_made_again_to_the_same_bytes_makes_nothing_of_its_study_anew(halves_copy):
    folder, before = halves_copy, contents(halves_copy)
    shutil.rmtree(folder / COHORT / "normalised/phantom-003")
    (folder / COHORT / "volumes.csv").unlink()
    assert {"normalise_case", "collect_cohort"} <= rules_in(snakemake(folder, config="cohort.yaml"))
    assert contents(folder) == before
    assert "Nothing to be done" in snakemake(folder, config="study.yaml")


@pytest.mark.parametrize("profile", ["default", "slurm"])
def test_snakemake_compares_the_content_of_a_manifest_of_ten_thousand_cases(tiny, profile):
    """Above its limit it goes by the time of a file: all networks would be trained again."""
    settings = yaml.safe_load((ROOT / "profiles" / profile / "config.yaml").read_text())
    size = (tiny / COHORT / "volumes.csv").stat().st_size
    assert size / TINY["cohort"]["phantom"]["cases"] * 10_000 < settings["max-checksum-file-size"]


def test_a_bug_in_the_library_stops_the_run_and_excludes_nobody(tiny_copy):
    before = contents(tiny_copy)
    edit(
        tiny_copy / "workflow_scripts/glioma_uq/normalisation.py",
        "    inside = without_spikes(",
        '    raise ValueError("a bug of ours")\n    inside = without_spikes(',
    )
    printed = refusal(tiny_copy, f"{COHORT}/report.html")
    assert "Traceback" in printed
    assert "ValueError: a bug of ours" in printed
    after = contents(tiny_copy)
    assert after.items() <= before.items()
    assert f"{COHORT}/excluded.csv".removeprefix("results/") in after


# ---- predictions -----------------------------------------------------------------------------

PREDICTIONS = {
    "path": "theirs.csv",
    "network": "theirs",
    "columns": {
        "case": "Patient",
        "source": "Site",
        "idh": {
            "label": "IDH",
            "probabilities": ["wildtype", "mutated"],
            "uncertainty": {"total": "energy"},
        },
        "grade": {"label": "Grade", "probabilities": ["g2", "g3", "g4"]},
    },
}


def write_predictions(path, cases=40):
    """Write a table of another model's probabilities, right more often than not."""
    rng = np.random.default_rng(0)
    labels = {"IDH": rng.integers(0, 2, cases), "Grade": rng.integers(2, 5, cases)}
    table = pd.DataFrame({"Patient": [f"P{n:02d}" for n in range(cases)], "Site": "A"} | labels)
    for name, columns, first in (
        ("IDH", ["wildtype", "mutated"], 0),
        ("Grade", ["g2", "g3", "g4"], 2),
    ):
        scores = rng.random((cases, len(columns)))
        scores[range(cases), table[name] - first] += 0.5
        table[columns] = scores / scores.sum(1, keepdims=True)
    table["energy"] = -10 * table[["wildtype", "mutated"]].max(axis=1)
    table.to_csv(path, index=False)


@pytest.fixture(scope="module")
def predicted(tmp_path_factory):
    """A folder in which a study of predictions has run to its end; no test changes it."""

    def make(folder):
        copy_of_repository(folder)
        write_predictions(folder / "theirs.csv")
        write_config(folder, "theirs.yaml", study="tiny", predictions=PREDICTIONS)
        snakemake(folder, config="theirs.yaml")

    return finished_once(tmp_path_factory, "predicted", make)


def test_a_study_of_predictions_runs_to_its_report(predicted):
    assert not (predicted / "results/cohorts").exists()
    report = (predicted / STUDY / "report.html").read_text()
    assert report.count("data:image/png;base64,") >= 4
    tables = {path.stem for path in (predicted / STUDY / "statistics").glob("*.csv")}
    assert tables == {
        "classification", "rank_tests", "selection", "findings", "reliability", "risk_coverage",
        "subgroups",
    }  # fmt: skip
    assert planned(predicted, config="theirs.yaml") == set()


def test_what_was_not_measured_of_predictions_is_nowhere_a_number(predicted):
    """IDH has an uncertainty of its own, the grade the entropy; neither has parts."""
    table = read_table(predicted / STUDY / "statistics/classification.csv")
    table = table.set_index(["task", "measure"])
    energy = table.loc[("idh", "given_predictive")]
    assert -10 < energy["low"] < energy["value"] < energy["high"] < -5
    assert 0 < table.loc[("grade", "predictive"), "value"] < np.log(3)
    parts = [("idh", "given_epistemic"), ("grade", "epistemic"), ("grade", "aleatoric")]
    assert table.loc[parts, ["value", "low", "high"]].isna().all(axis=None)
    assert table.loc[parts, "n"].tolist() == [0, 0, 0]
    drawn = read_table(predicted / STUDY / "figures/uncertainty_by_correctness.csv")
    assert drawn.groupby("task")["unit"].first().to_dict() == {"idh": "as given", "grade": "nats"}
    report = (predicted / STUDY / "report.html").read_text()
    for row in re.findall("<tr><th[^>]*>Epistemic uncertainty (?:.*?)</tr>", report):
        assert not re.search(r"\d\.\d", row), row


def taken_by(folder, finished):
    """Return a copy of the repository with the folder of a study that has only begun there."""
    copy_of_repository(folder)
    (folder / STUDY).mkdir(parents=True)
    claim = f"{STUDY}/belongs_to.txt"
    (folder / claim).write_bytes((finished / claim).read_bytes())
    write_predictions(folder / "theirs.csv")
    write_config(folder, "theirs.yaml", study="tiny", predictions=PREDICTIONS)
    write_config(folder, "other.yaml", cohort={"name": "other"})
    return folder


@pytest.mark.parametrize(
    ("held", "config", "sentence"),
    [
        ("tiny", ("tiny.yaml", "other.yaml"), "results of the cohort tiny of source phantom"),
        ("tiny", "theirs.yaml", "results of the cohort tiny of source phantom"),
        ("predicted", "tiny.yaml", "results of the predictions of theirs in theirs.csv"),
    ],
    ids=["another cohort", "predictions where a cohort was", "a cohort where predictions were"],
)
def test_a_name_that_is_taken_is_refused_before_anything_is_written(
    request, tmp_path, held, config, sentence
):
    folder = taken_by(tmp_path, request.getfixturevalue(held))
    before = contents(folder)
    said = refusal(folder, config=config)
    assert "expected an unused name for the study" in said
    assert sentence in said
    assert contents(folder) == before


def test_predictions_without_a_name_for_their_study_are_refused(tmp_path):
    folder = copy_of_repository(tmp_path)
    write_predictions(folder / "theirs.csv")
    write_config(folder, "theirs.yaml", predictions=PREDICTIONS)
    said = refusal(folder, config="theirs.yaml")
    sentence = said.strip().splitlines()[-1]  # behind Snakemake's word about its profile
    assert sentence.startswith("expected a name for the study, found none with predictions")
    assert sentence.endswith("keep only cohort and preprocessing to make a cohort.")
    assert not (folder / "results").exists()

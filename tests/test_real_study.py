"""Studies of real patients: their plans, a short one on twelve patients of BraTS, and its tables.

Those of docs/real_patients.md are printed here from results made by hand.
"""

import re
import subprocess
import sys

import configs
import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import yaml
from workflows import ROOT, copy_of_repository, snakemake, write_config

CASES = 6
SHORT = {
    "study": "real_small",
    "cohort": "cohorts/brats_small.yaml",
    "folds": {"number": 2},
    "rates": [0.2],
    "seeds": [1],
    "training": {"epochs": 2},
    "sampling": {"passes": [2, 4], "batch_size": 2},
    "selection": {"passes": 4},
    "statistics": {"resamples": 100},
    "departures": {},
}


def settings(name):
    """Return a study's config with the defaults of the schema, as the workflow checks it."""
    return configs.checked({}, configs.read(f"studies/{name}.yaml"))


def test_the_study_of_brats_has_the_papers_grid():
    paper, study = settings("mc_dropout"), settings("brats")
    for key in ("rates", "networks", "network_options", "sampling"):
        assert study[key] == paper[key]
    assert study["folds"]["number"] == paper["folds"]["number"]
    assert study["preprocessing"]["voxel_size_mm"] == 1
    assert (study["tasks"], study["segmentation"]) == ([], "subregions")


def test_the_small_study_takes_two_cases_a_step():
    """Batch normalisation of single cases would be another network than the one sampled."""
    training = settings("brats_small")["training"]
    assert training["batch_size"] == 2
    assert training["weights"] == "last"


@pytest.mark.parametrize("name", ["brats", "brats_small"])
@pytest.mark.parametrize("segmentation", ["subregions", "tumour"])
def test_one_mask_for_the_whole_tumour_is_the_same_file(name, segmentation):
    config = configs.read(f"studies/{name}.yaml") | {"segmentation": segmentation}
    assert configs.checked({}, config)["segmentation"] == segmentation


@pytest.mark.real
def test_a_short_study_of_real_patients_comes_to_its_report(real_data, tmp_path):
    copy_of_repository(tmp_path)
    places = sorted((real_data / "brats_2021").glob("BraTS2021_*"))[:CASES]
    for place in places:
        (tmp_path / "data/brats_2021").mkdir(parents=True, exist_ok=True)
        (tmp_path / "data/brats_2021" / place.name).symlink_to(place)
    write_config(tmp_path, "short.yaml", **SHORT)
    cohort = yaml.safe_load((tmp_path / "cohorts/brats_small.yaml").read_text())
    cohort["cohort"]["follow_links"] = True
    cohort["preprocessing"]["voxel_size_mm"] = 6.0
    (tmp_path / "cohorts/brats_small.yaml").write_text(yaml.safe_dump(cohort))
    snakemake(tmp_path, config=["studies/brats_small.yaml", "short.yaml"], cores="2")
    study = tmp_path / "results/studies/real_small"
    dice = pd.read_csv(study / "dmfnet/dropout-0.20/passes-004/segmentation.csv")
    assert sorted(dice["case"]) == [place.name for place in places]
    assert dice["dice"].between(0, 1).all()
    assert (study / "report.html").stat().st_size > 0
    printed = tables_of(study)
    assert printed.splitlines()[-1].startswith("Dice of the whole tumour 0.")
    for title in ("Time and memory", "Tumours of brats_small", "Dice, cases: all", "Risk and"):
        assert title in printed


# The tables.


def tables_of(study, *arguments):
    """Return what the script prints of a study."""
    command = [sys.executable, ROOT / "benchmarks/real_patients.py", study, *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def save(path, voxels):
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(np.asarray(voxels), np.eye(4)), path)


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What is printed of one patient of five voxels: air, brain, core, oedema, enhancing tumour."""
    tmp_path = tmp_path_factory.mktemp("of_one")
    study, cohort = tmp_path / "studies/of_one", tmp_path / "cohorts/real"
    labels = np.array([0, 0, 1, 2, 3], np.uint8).reshape(5, 1, 1)
    of_case = cohort / "normalised/P-1"
    save(of_case / "segmentation.nii.gz", labels)
    save(of_case / "brain_mask.nii.gz", np.array([0, 1, 1, 1, 1], np.uint8).reshape(5, 1, 1))
    for number, series in enumerate(("t1", "t1ce", "t2", "flair")):
        save(of_case / f"{series}.nii.gz", labels + np.float64(number))
    maps = study / "dmfnet/dropout-0.20/fold-1/seed-1/samples/maps/P-1/passes-020"
    save(maps / "mean.nii.gz", np.array([0.02, 0.06, 0.5, 0.6, 0.7]).reshape(5, 1, 1))
    save(maps / "predictive.nii.gz", np.array([0.1, 0.3, 1.0, 1.1, 1.2]).reshape(5, 1, 1))
    manifest = {"case": "P-1", "wt_mm3": 2400.0, "tc_mm3": 1600.0, "et_mm3": 800.0}
    cell = {"network": "dmfnet", "rate": 0.2, "passes": 20}
    numbers = {"value": 0.8, "low": 0.7, "high": 0.9, "n": 1}
    smaller = cell | numbers | {"passes": 5, "measure": "dice", "value": 0.1}
    spread = {"measure": "predictive_tumour", "value": 1.1}
    claim = {"claim": "Dice falls", "task": "segmentation", "theirs": "lower", "ours": -0.05}
    claims = [
        claim | {"low": -0.2, "high": 0.1, "verdict": "undecided at this n"},
        claim | {"claim": "it settles", "low": None, "high": None, "verdict": "undecided"},
        claim | {"claim": "of a task", "task": "idh", "low": 0, "high": 1, "verdict": "seen"},
    ]
    region = {"task": "et", "measure": "dice", "group": "all", "rule": "none", "value": 0.4}
    tables = {
        cohort / "volumes.csv": [manifest],
        study / "statistics/segmentation.csv": [
            smaller, cell | numbers | {"measure": "dice"}, cell | numbers | spread,
        ],
        study / "statistics/findings.csv": claims,
        study / "statistics/overlap.csv": [cell | numbers | region],
        study / "statistics/risk_coverage.csv": [
            cell | {"uncertainty": "brain", "coverage": c, "risk": r, "low": 0.0, "high": 1.0}
            for c, r in ((0.5, 0.2), (1.0, 0.3))
        ],
    }  # fmt: skip
    for path, rows in tables.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(rows).to_csv(path, index=False)
    for number, seconds in enumerate((10.0, 20.0, 60.0)):
        row = {"s": seconds, "max_rss": 100.0 * number, "cpu_time": seconds}
        path = study / f"benchmarks/train_network/{number}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame([row]).to_csv(path, index=False, sep="\t")
    (study / "belongs_to.txt").write_text("the cohort real of source datasets\n")
    return re.sub(r" ± nan", "", tables_of(study))


@pytest.mark.parametrize(
    "row",
    [
        "| train_network | 3 | 20 | 60 | 90 | 200 |",
        "| whole tumour | 2.4 | 2.4 | 2.4 |",
        "| enhancing | 3.0 | 4.0 | 5.0 | 6.0 |",
        "| enhancing tumour | 0.400 (0.700 to 0.900) |",
        "| Dice of the whole tumour | 0.800 (0.700 to 0.900) |",
        "| uncertainty of the predicted tumour, nats | 1.100 (0.700 to 0.900) |",
        "| dmfnet | 0.20 | brain | 0.200 (0.000 to 1.000) | 0.300 |",
        "| outside the brain | 0.0200, 0.0200 | 0.1000, 0.1000 |",
        "| in the brain, outside the tumour | 0.0600, 0.0600 | 0.3000, 0.3000 |",
        "| in the tumour | 0.6000, 0.6000 | 1.1000, 1.1000 |",
        "Dice of the whole tumour 0.80, probability of tumour outside it 0.04",
    ],
)
def test_tables_say_what_the_results_hold(row, printed):
    assert row in printed


def test_findings_stand_side_by_side_those_of_tasks_left_out(printed):
    assert "| claim | theirs | of_one |" in printed
    assert "| Dice falls | lower | -0.05 (-0.2 to 0.1), undecided at this n |" in printed
    assert "| it settles | lower | undecided |" in printed
    assert "of a task" not in printed


def test_results_that_are_not_there_are_asked_for(tmp_path):
    command = [sys.executable, ROOT / "benchmarks/real_patients.py", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == (
        f"expected finished results in {tmp_path}, found none, run the study first\n"
    )

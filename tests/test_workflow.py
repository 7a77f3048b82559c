"""The small run that is the real run: the same Snakefile on a tiny config, then what re-runs."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from safetensors.torch import load_file

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("Snakefile", "config.yaml", "rules", "workflow_scripts", "envs", "profiles", "studies")
STUDY = "results/studies/tiny"
DRAWN = (
    "uncertainty_by_passes",
    "calibration_by_rate",
    "segmentation_quality",
    "uncertainty_by_correctness",
)
pytestmark = pytest.mark.workflow


def copy_of_repository(folder):
    for part in PARTS:
        source = ROOT / part
        copy = shutil.copytree if source.is_dir() else shutil.copy2
        copy(source, folder / part)
    shutil.copy2(ROOT / "tests" / "tiny.yaml", folder)
    return folder


def snakemake(folder, *arguments, config="tiny.yaml"):
    """Run Snakemake in `folder`, a copy of the repository; return what it printed."""
    configfile = ["--configfile", config] if config else []
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments, *configfile]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    printed = done.stdout + done.stderr
    assert done.returncode == 0, printed[-5000:]
    return printed


def planned(folder, *targets):
    """Return the names of the rules that a run would execute."""
    printed = snakemake(folder, "--dry-run", *targets)
    return set(re.findall(r"^(?:local)?rule (\w+):", printed, re.M))


def edit(path, old, new):
    text = path.read_text()
    assert old in text, f"{path} no longer holds {old!r}"
    path.write_text(text.replace(old, new, 1))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A copy of the repository in which the tiny study has run to its end."""
    folder = copy_of_repository(tmp_path_factory.mktemp("tiny"))
    snakemake(folder)
    return folder


def test_the_report_and_its_figures_are_there(finished):
    report = (finished / STUDY / "report.html").read_text()
    assert report.count("data:image/png;base64,") >= 5
    for name in DRAWN:
        for ending in ("pdf", "png", "csv"):
            assert (finished / STUDY / f"figures/{name}.{ending}").stat().st_size > 0


def test_the_long_tables_have_their_fixed_columns_and_every_cell(finished):
    columns = [
        "network", "rate", "passes", "task", "measure", "value", "low", "high", "n", "reason",
    ]  # fmt: skip
    for name, tasks in (("classification", 3), ("segmentation", 1)):
        table = pd.read_csv(finished / STUDY / f"statistics/{name}.csv")
        assert table.columns.tolist() == columns
        assert len(table[["network", "rate", "passes", "task"]].drop_duplicates()) == 4 * tasks
    ranks = pd.read_csv(finished / STUDY / "statistics/rank_tests.csv")
    assert ranks.columns.tolist() == [
        "network", "rate", "passes", "task", "n_right", "n_wrong", "u", "p", "p_holm",
        "auroc", "auroc_low", "auroc_high",
        "rank_biserial", "rank_biserial_low", "rank_biserial_high", "reason",
    ]  # fmt: skip


def test_every_table_of_the_statistics_is_there(finished):
    names = {path.stem for path in (finished / STUDY / "statistics").glob("*.csv")}
    assert names == {
        "classification", "segmentation", "rank_tests", "selection", "differences", "subgroups",
        "reliability", "risk_coverage", "recalibration", "conformal", "mask_control",
        "posterior_truth", "findings",
    }  # fmt: skip
    selection = pd.read_csv(finished / STUDY / "statistics/selection.csv")
    choice = selection[selection["item"] == "choice"].iloc[0]
    assert (choice["rate"], choice["passes"], choice["rule"]) == (0.2, 4, "fixed")


def test_validation_cases_have_cells_of_their_own(finished):
    folds = pd.read_csv(finished / "results/studies/tiny/folds.csv")
    expected = sorted(folds.loc[folds["split"] == "validation", "case"])
    for path in (finished / STUDY).glob("csnet/dropout-*/passes-*/validation*.csv"):
        cases = pd.read_csv(path).drop_duplicates(["case", "fold"])["case"]
        assert sorted(cases) == expected


def test_every_case_has_one_row_in_every_cell_and_the_split_adds_up(finished):
    cases = pd.read_csv(finished / "results/cohorts/tiny/cases.csv")["case"].tolist()
    for path in (finished / STUDY).glob("csnet/dropout-*/passes-*/classification.csv"):
        table = pd.read_csv(path)
        assert table["case"].tolist() == cases
        for task in ("idh", "1p19q", "grade"):
            parts = table[f"{task}_aleatoric"] + table[f"{task}_epistemic"]
            assert (table[f"{task}_predictive"] - parts).abs().max() < 1e-6


def test_a_second_run_has_nothing_to_do(finished):
    assert "Nothing to be done" in snakemake(finished)


def test_a_deleted_figure_is_all_that_is_drawn_again(finished):
    figure = f"{STUDY}/figures/calibration_by_rate.png"
    before = (finished / figure).read_bytes()
    (finished / figure).unlink()
    assert planned(finished, figure) == {"draw_calibration_by_rate"}
    snakemake(finished, figure)
    assert (finished / figure).read_bytes() == before
    snakemake(finished)


def test_a_docstring_of_the_library_re_runs_nothing(finished):
    edit(
        finished / "workflow_scripts/glioma_uq/statistics/intervals.py",
        '"""',
        '"""In other words: ',
    )
    assert planned(finished) == set()


def rules_of(*stages):
    """Return the names of the rules in the files of some stages."""
    texts = [(ROOT / "rules" / f"{stage}.smk").read_text() for stage in stages]
    pattern = re.compile(r"^ *(?:rule|use rule \w+ as) (\w+)\b", re.M)
    return {name for text in texts for name in pattern.findall(text)}


def test_a_constant_of_the_bootstrap_re_runs_statistics_figures_and_report_only(finished):
    edit(finished / "workflow_scripts/glioma_uq/statistics/intervals.py", "0.05", "0.06")
    again = planned(finished)
    assert again <= rules_of("statistics", "study/figures", "report") | {"all"}
    measured = {"measure_classification", "measure_segmentation", "compare_ranks", "judge_findings"}
    drawn = {f"draw_{name}" for name in DRAWN}
    assert measured | drawn | {"make_report"} <= again
    assert not again & {"draw_learning_curves", "record_provenance"}


def test_a_run_that_starts_anew_gives_the_same_bytes(finished):
    """Weights, tables and figures of a second run from the same volumes are the same files."""
    study = finished / STUDY
    before = {
        path.relative_to(study): path.read_bytes()
        for pattern in ("**/*.safetensors", "**/*.csv", "figures/*")
        for path in study.glob(pattern)
    }
    assert len(before) > 30
    shutil.rmtree(study)
    snakemake(finished)
    differing = [str(path) for path, text in before.items() if (study / path).read_bytes() != text]
    assert differing == []
    model = next(study.glob("csnet/dropout-0.20/fold-1/seed-1/model.safetensors"))
    assert load_file(model)["segmentation.weight"].shape == (2, 4, 1, 1, 1)


@pytest.mark.parametrize(
    ("right", "wrong", "sentence"),
    [
        (
            "sampling:",
            "sampeling:",
            "expected a known key, found 'sampeling': did you mean 'sampling'?",
        ),
        (
            "csnet: {width: 4}",
            "csnet: {width: 4, dropout: channels}",
            "expected channel or element for the option dropout of csnet, found 'channels'",
        ),
    ],
    ids=["a misspelt key", "an option that the network cannot be built with"],
)
def test_a_wrong_config_is_refused_before_any_work(tmp_path, right, wrong, sentence):
    folder = copy_of_repository(tmp_path)
    edit(folder / "tiny.yaml", right, wrong)
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "1", "--configfile", "tiny.yaml"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert sentence in done.stderr
    assert not (folder / "results").exists()


def test_the_papers_grid_over_1200_cases_is_planned(tmp_path):
    folder = copy_of_repository(tmp_path)
    (folder / "data/glioma").mkdir(parents=True)
    rows = [f"P{i:04d},{i % 2},0,{2 + i % 3}" for i in range(1200)]
    labels = "\n".join(["case,idh,1p19q,grade", *rows]) + "\n"
    (folder / "data/glioma/labels.csv").write_text(labels)
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "rules"]
    command += ["--configfile", "studies/mc_dropout.yaml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    counted = dict(re.findall(r"^(\w+) +(\d+)$", done.stdout + done.stderr, re.M))
    assert counted["train_network"] == counted["sample_network"] == "45"
    assert counted["normalise_case"] == "1200"

"""The small run that is the real run: the same Snakefile on a tiny config, then what re-runs."""

import re
import subprocess
import sys

import pandas as pd
import pytest
from safetensors.torch import load_file
from workflows import (
    ROOT,
    copy_of_repository,
    edit,
    planned,
    refusal,
    snakemake,
    write_config,
)

STUDY = "results/studies/tiny"
COHORT = "results/cohorts/tiny"
DRAWN = (
    "uncertainty_by_passes",
    "calibration_by_rate",
    "segmentation_quality",
    "uncertainty_by_correctness",
)
pytestmark = pytest.mark.workflow


def test_the_report_and_its_figures_are_there(tiny):
    report = (tiny / STUDY / "report.html").read_text()
    assert report.count("data:image/png;base64,") >= 5
    for name in DRAWN:
        for ending in ("pdf", "png", "csv"):
            assert (tiny / STUDY / f"figures/{name}.{ending}").stat().st_size > 0


def test_the_long_tables_have_their_fixed_columns_and_every_cell(tiny):
    columns = [
        "network", "rate", "passes", "task", "measure", "value", "low", "high", "n", "given",
        "reason",
    ]  # fmt: skip
    for name, tasks in (("classification", 3), ("segmentation", 1)):
        table = pd.read_csv(tiny / STUDY / f"statistics/{name}.csv")
        assert table.columns.tolist() == columns
        assert len(table[["network", "rate", "passes", "task"]].drop_duplicates()) == 4 * tasks
    ranks = pd.read_csv(tiny / STUDY / "statistics/rank_tests.csv")
    assert ranks.columns.tolist() == [
        "network", "rate", "passes", "task", "n_right", "n_wrong", "u", "p", "p_holm",
        "auroc", "auroc_low", "auroc_high",
        "rank_biserial", "rank_biserial_low", "rank_biserial_high", "given", "reason",
    ]  # fmt: skip


def test_every_table_of_the_statistics_is_there(tiny):
    names = {path.stem for path in (tiny / STUDY / "statistics").glob("*.csv")}
    assert names == {
        "classification", "segmentation", "rank_tests", "selection", "differences", "subgroups",
        "reliability", "risk_coverage", "recalibration", "conformal", "mask_control",
        "posterior_truth", "findings", "training",
    }  # fmt: skip
    selection = pd.read_csv(tiny / STUDY / "statistics/selection.csv")
    choice = selection[selection["item"] == "selected"].iloc[0]
    assert (choice["rate"], choice["passes"], choice["rule"]) == (0.2, 4, "fixed")


def test_networks_are_in_evaluation_mode_what_they_are_in_training(tiny):
    """An audit found activations of up to 217,362 sd in sampled passes, and below 50 in training.

    The limits are its own. That dead channels are many is said, see tests/test_report.py.
    """
    table = pd.read_csv(tiny / STUDY / "statistics/training.csv")
    assert len(table) == table[["network", "rate", "fold", "seed"]].drop_duplicates().shape[0] > 1
    assert (table["largest_evaluation"] <= 10 * table["largest_training"]).all()
    assert (table["largest_feature"] <= 50).all()
    assert table["dead_share"].between(0, 1).all()


def test_validation_cases_have_cells_of_their_own(tiny):
    folds = pd.read_csv(tiny / STUDY / "folds.csv")
    expected = sorted(folds.loc[folds["split"] == "validation", "case"])
    tables = sorted((tiny / STUDY).glob("csnet/dropout-*/passes-*/validation*.csv"))
    assert len(tables) == 12
    for path in tables:
        cases = pd.read_csv(path).drop_duplicates(["case", "fold"])["case"]
        assert sorted(cases) == expected


def test_every_case_has_one_row_in_every_cell_and_the_split_adds_up(tiny):
    cases = pd.read_csv(tiny / "results/cohorts/tiny/volumes.csv")["case"].tolist()
    tables = sorted((tiny / STUDY).glob("csnet/dropout-*/passes-*/classification.csv"))
    assert len(tables) == 4
    for path in tables:
        table = pd.read_csv(path)
        assert table["case"].tolist() == cases
        for task in ("idh", "1p19q", "grade"):
            parts = table[f"{task}_aleatoric"] + table[f"{task}_epistemic"]
            assert (table[f"{task}_predictive"] - parts).abs().max() < 1e-6


def test_networks_have_the_width_that_the_config_asks_for(tiny):
    models = sorted((tiny / STUDY).rglob("model.safetensors"))
    assert len(models) == 4
    for model in models:
        assert load_file(model)["segmentation.weight"].shape == (2, 4, 1, 1, 1)


def test_a_deleted_figure_is_all_that_is_drawn_again(tiny_copy):
    figure = f"{STUDY}/figures/calibration_by_rate.png"
    before = (tiny_copy / figure).read_bytes()
    (tiny_copy / figure).unlink()
    assert planned(tiny_copy, figure) == {"draw_calibration_by_rate"}
    snakemake(tiny_copy, figure)
    assert (tiny_copy / figure).read_bytes() == before
    assert "Nothing to be done" in snakemake(tiny_copy)


REMADE = {
    f"{STUDY}/statistics/rank_tests.csv": {
        "tabulate_rank_tests", "draw_uncertainty_by_correctness", "make_report",
    },
    f"{STUDY}/provenance.json": {"record_provenance", "make_report"},
    f"{STUDY}/viewer.html": {"make_viewer", "make_report"},
    f"{COHORT}/quality_metrics.pdf": {"draw_quality_metrics", "make_cohort_report"},
    f"{COHORT}/figures/phantom-002.png": {
        "draw_quality_sheets_1", "make_cohort_report", "make_report",
    },
}  # fmt: skip


def test_whatever_people_look_at_is_made_again_once_it_is_deleted(tiny_copy):
    for file, rules in REMADE.items():
        hidden = (tiny_copy / file).rename(tiny_copy / "hidden")
        assert planned(tiny_copy) == {"all", *rules}, file
        hidden.rename(tiny_copy / file)
    assert planned(tiny_copy) == set()


def test_the_shell_of_a_run_does_not_reach_its_jobs(tiny_copy, tmp_path, monkeypatch):
    """Another checkout on PYTHONPATH, Jupyter's backend, and a locale of ASCII alone."""
    other = tmp_path / "other"
    (other / "glioma_uq").mkdir(parents=True)
    (other / "glioma_uq/__init__.py").write_text('raise ImportError("an older checkout")')
    monkeypatch.setenv("PYTHONPATH", str(other))
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("PYTHONUTF8", "0")
    assert planned(tiny_copy) == set()
    figure = f"{STUDY}/figures/learning_curves.png"
    before = (tiny_copy / figure).read_bytes()
    (tiny_copy / figure).unlink()
    snakemake(tiny_copy, figure)
    assert (tiny_copy / figure).read_bytes() == before


@pytest.mark.parametrize(
    ("language", "encoding"),
    [("zh_CN", "GBK"), ("ja_JP", "EUC-JP"), ("en_US", "ISO-8859-1"), ("tr_TR", "ISO-8859-9")],
)
def test_a_finished_study_is_finished_in_a_shell_of_any_language(
    tiny, tmp_path, monkeypatch, language, encoding
):
    locale = tmp_path / f"{language}.{encoding}"
    made = subprocess.run(
        ["localedef", "-i", language, "-f", encoding, str(locale)], capture_output=True, text=True
    )
    if not locale.is_dir():
        pytest.skip(f"the system cannot make this locale: {made.stderr}")
    monkeypatch.setenv("LOCPATH", str(tmp_path))
    monkeypatch.setenv("LC_ALL", locale.name)
    monkeypatch.setenv("PYTHONUTF8", "0")
    said = subprocess.run(
        [sys.executable, "-c", "import sys; print(sys.getfilesystemencoding())"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert said.stdout.strip() != "utf-8"
    assert planned(tiny) == set()


def test_a_docstring_of_the_library_re_runs_nothing(tiny_copy):
    edit(
        tiny_copy / "workflow_scripts/glioma_uq/statistics/intervals.py",
        '"""',
        '"""In other words: ',
    )
    assert planned(tiny_copy) == set()


def rules_of(*stages):
    """Return the names of the rules in the files of some stages of a study."""
    texts = [(ROOT / "rules/study" / f"{stage}.smk").read_text() for stage in stages]
    pattern = re.compile(r"^ *(?:rule|use rule \w+ as) (\w+)\b", re.M)
    return {name for text in texts for name in pattern.findall(text)}


def test_a_constant_of_the_bootstrap_re_runs_statistics_figures_and_report_only(tiny_copy):
    edit(tiny_copy / "workflow_scripts/glioma_uq/statistics/intervals.py", "0.05", "0.06")
    again = planned(tiny_copy)
    assert again <= rules_of("statistics", "figures", "report") | {"all"}
    names = ("classification", "segmentation", "rank_tests", "findings")
    measured = {f"tabulate_{name}" for name in names}
    drawn = {f"draw_{name}" for name in DRAWN}
    assert measured | drawn | {"make_report"} <= again
    assert not again & {"draw_learning_curves", "record_provenance"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"sampeling": {"passes": [2]}},
            "expected a known key, found 'sampeling': did you mean 'sampling'?",
        ),
        (
            {"network_options": {"csnet": {"dropout": "channels"}}},
            "expected channel or element for the option dropout of csnet, found 'channels'",
        ),
    ],
    ids=["a misspelt key", "an option that the network cannot be built with"],
)
def test_a_wrong_config_is_refused_before_any_work(tmp_path, change, sentence):
    folder = copy_of_repository(tmp_path)
    write_config(folder, "change.yaml", **change)
    assert sentence in refusal(folder, config=("tiny.yaml", "change.yaml"))
    assert not (folder / "results").exists()


def test_the_papers_grid_over_1200_cases_is_planned(tmp_path):
    folder = copy_of_repository(tmp_path)
    (folder / "data/glioma").mkdir(parents=True)
    rows = [f"P{i:04d},{i % 2},0,{2 + i % 3}" for i in range(1200)]
    labels = "\n".join(["case,idh,1p19q,grade", *rows]) + "\n"
    (folder / "data/glioma/labels.csv").write_text(labels)
    mine = {"config": "studies/mc_dropout.yaml", "timeout": 120}
    printed = snakemake(folder, "--dry-run", "--quiet", "rules", **mine)
    counted = dict(re.findall(r"^(\w+) +(\d+)$", printed, re.M))
    assert counted["train_network"] == counted["sample_network"] == "135"
    assert counted["normalise_case"] == "1200"

"""From the tables of cells to the long table, and the published network's own numbers."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr, spearmanr

import import_predictions
import make_table
from glioma_uq.statistics.long_tables import COLUMNS
from glioma_uq.tasks import TASKS
from glioma_uq.uncertainty import entropy

PERCENTILE = {"resamples": 200, "level": 0.95, "interval": "percentile"}
OPTIONS = {"seed": 1, "intervals": PERCENTILE}
ECE = {"bins": 15, "binning": "equal-width", "norm": 1}
CLASSIFICATION = OPTIONS | {"ece": ECE, "auc_average": "ovo"}
RANKS = {"dice_threshold": 0.8, "seed": 1, "intervals": PERCENTILE | {"interval": "expanded"}}
PUBLISHED_COLUMNS = {
    "case": "Patient",
    "source": "Data_collection",
    "idh": {
        "label": "IDH_mutated",
        "probabilities": ["Prediction_score_IDH_wildtype", "Prediction_score_IDH_mutated"],
    },
    "1p19q": {
        "label": "1p19q_codeleted",
        "probabilities": ["Prediction_score_1p19q_intact", "Prediction_score_1p19q_codeleted"],
    },
    "grade": {
        "label": "Grade",
        "probabilities": [f"Prediction_score_grade_{grade}" for grade in (2, 3, 4)],
    },
}
PUBLISHED = {
    "idh": {"auc": "0.895877", "accuracy": "0.843318", "ece": "0.111634",
            "nll": "0.590473", "brier": "0.261371"},
    "1p19q": {"auc": "0.851914", "accuracy": "0.888412", "ece": "0.071853",
              "nll": "0.316712", "brier": "0.166375"},
    "grade": {"auc": "0.805419", "accuracy": "0.714286", "ece": "0.133763",
              "nll": "0.806705", "brier": "0.427670"},
}  # fmt: skip
OTHER_CHOICES = {"idh": ("0.105784", "0.895877"), "1p19q": ("0.055428", "0.851914"),
                 "grade": ("0.125921", "0.837113")}  # fmt: skip
PUBLISHED_TESTS = {"idh": (217, 34, 4320.5, "3.2310e-04"), "1p19q": (233, 26, 4459.0, "4.8710e-08"),
                   "grade": (238, 68, 8553.0, "7.5553e-09")}  # fmt: skip


def cell_path(folder, rate, passes, name):
    path = folder / "csnet" / f"dropout-{rate:.2f}" / f"passes-{passes:03d}" / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def classification_table(n=40, seed=0, seeds=1):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"case": [f"P-{i:02d}" for i in range(n)] * seeds})
    table["seed"] = np.repeat(np.arange(seeds), n)
    for task, classes in TASKS.items():
        probabilities = rng.dirichlet(np.ones(len(classes)), size=len(table))
        table[f"{task}_label"] = np.tile(rng.choice([-1, *classes], size=n), seeds)
        table[[f"{task}_probability_{c}" for c in classes]] = probabilities
        for part in ("predictive", "aleatoric", "epistemic"):
            table[f"{task}_{part}"] = entropy(probabilities)
    return table


def segmentation_table(n=40, empty=6, seed=0):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"case": [f"P-{i:02d}" for i in range(n)], "dice": rng.random(n)})
    for region in ("brain", "tumour"):
        for part in ("predictive", "aleatoric", "epistemic"):
            table[f"{region}_{part}"] = rng.random(n)
    columns = [column for column in table if column.startswith("tumour")]
    table.loc[: empty - 1, columns] = np.nan
    table.loc[: empty - 1, "dice"] = 0.0
    return table


def measured(name, folder, paths, options):
    cells = [str(path) for path in paths]
    make_table.main(table=name, cells=cells, voxels=[], output=folder / "long.csv", **options)
    return pd.read_csv(folder / "long.csv", keep_default_na=True)


def value_of(long, task, measure):
    row = long[(long["task"] == task) & (long["measure"] == measure)]
    assert len(row) == 1
    return row.iloc[0]


def test_the_long_table_is_sorted_and_has_a_row_for_each_measure(tmp_path):
    paths = [
        cell_path(tmp_path, *cell, "classification")
        for cell in ((0.5, 10), (0.25, 100), (0.25, 20))
    ]
    for path in paths:
        classification_table().to_csv(path, index=False)
    long = measured("classification", tmp_path, paths, CLASSIFICATION)
    assert long.columns.tolist() == COLUMNS
    assert len(long) == 3 * 3 * 17
    cells = long[["rate", "passes"]].drop_duplicates().to_numpy().tolist()
    assert cells == [[0.25, 20], [0.25, 100], [0.5, 10]]
    assert long["task"].unique().tolist() == ["idh", "1p19q", "grade"]
    assert (long["low"] <= long["high"]).all()
    assert "csnet,0.50,10,idh,ece," in (tmp_path / "long.csv").read_text()


def test_unknown_labels_drop_out_of_their_task_only(tmp_path):
    path, table = cell_path(tmp_path, 0.25, 10, "classification"), classification_table()
    table.to_csv(path, index=False)
    long = measured("classification", tmp_path, [path], CLASSIFICATION)
    for task in TASKS:
        known = table[table[f"{task}_label"] >= 0]
        row = value_of(long, task, "predictive")
        assert row["n"] == len(known)
        assert row["value"] == pytest.approx(known[f"{task}_predictive"].mean(), abs=1e-12)


def test_equal_cells_have_equal_intervals_whatever_the_order_of_rows(tmp_path):
    paths = [cell_path(tmp_path, rate, 10, "classification") for rate in (0.25, 0.5)]
    classification_table().to_csv(paths[0], index=False)
    classification_table().sample(frac=1, random_state=1).to_csv(paths[1], index=False)
    long = measured("classification", tmp_path, paths, CLASSIFICATION)
    one, other = (part[["value", "low", "high"]].to_numpy() for _, part in long.groupby("rate"))
    np.testing.assert_allclose(one, other, atol=1e-12)


def test_a_second_seed_adds_rows_but_no_cases(tmp_path):
    path, table = cell_path(tmp_path, 0.25, 10, "classification"), classification_table()
    pd.concat([table, table.assign(seed=1)]).to_csv(path, index=False)
    twice = measured("classification", tmp_path, [path], CLASSIFICATION)
    table.to_csv(path, index=False)
    once = measured("classification", tmp_path, [path], CLASSIFICATION)
    numbers = ["value", "low", "high", "n"]
    # The area under the risk-coverage curve begins with the first row alone.
    estimates = once["measure"] != "aurc"
    np.testing.assert_allclose(twice[estimates][numbers], once[estimates][numbers], atol=1e-12)


def test_a_task_without_known_labels_has_no_rows(tmp_path, capsys):
    path = cell_path(tmp_path, 0.25, 10, "classification")
    classification_table().assign(grade_label=-1).to_csv(path, index=False)
    given = RANKS | {"classification": [path], "segmentation": []}
    for name, options in (("classification", CLASSIFICATION), ("rank_tests", given)):
        assert set(measured(name, tmp_path, [path], options)["task"]) == {"idh", "1p19q"}
    assert "undefined" not in capsys.readouterr().out


def test_a_rare_class_refuses_the_interval_and_keeps_the_value(tmp_path, capsys):
    path, table = cell_path(tmp_path, 0.25, 10, "classification"), classification_table()
    table["idh_label"] = (table["case"] == "P-03").astype(int)
    table.to_csv(path, index=False)
    row = value_of(measured("classification", tmp_path, [path], CLASSIFICATION), "idh", "auc")
    assert np.isfinite(row["value"])
    assert np.isnan(row["low"])
    assert "resamples of 40 cases: a class or spread is missing" in capsys.readouterr().out


def test_segmentation_measures_are_what_scipy_gives(tmp_path):
    path, table = cell_path(tmp_path, 0.25, 10, "segmentation"), segmentation_table()
    table.to_csv(path, index=False)
    long = measured("segmentation", tmp_path, [path], OPTIONS)
    found = table.dropna()
    expected = {
        "dice": (table["dice"].mean(), 40),
        "rho_brain": (pearsonr(table["brain_predictive"], table["dice"]).statistic, 40),
        "rho_tumour": (pearsonr(found["tumour_predictive"], found["dice"]).statistic, 34),
        "spearman_brain": (spearmanr(table["brain_predictive"], table["dice"]).statistic, 40),
        "spearman_tumour": (spearmanr(found["tumour_predictive"], found["dice"]).statistic, 34),
        "epistemic_tumour": (found["tumour_epistemic"].mean(), 34),
        "empty_tumour": (6 / 40, 40),
    }
    for measure, (value, n) in expected.items():
        row = value_of(long, "segmentation", measure)
        assert (row["value"], row["n"]) == (pytest.approx(value, abs=1e-9), n)
    assert len(long) == 15


def test_correlations_within_folds_are_there_where_several_networks_test(tmp_path):
    path, names = cell_path(tmp_path, 0.25, 10, "segmentation"), ("within_folds", "minus_within")
    table = segmentation_table(empty=0).assign(fold=1, seed=1)
    table.to_csv(path, index=False)
    alone = measured("segmentation", tmp_path, [path], OPTIONS)
    assert not alone["measure"].str.contains("within").any()
    shifted = table.assign(fold=2, case=table["case"] + "b", dice=table["dice"] - 5,
                           brain_predictive=table["brain_predictive"] + 5)  # fmt: skip
    pd.concat([table, shifted]).to_csv(path, index=False)
    both = measured("segmentation", tmp_path, [path], OPTIONS)
    rho = value_of(alone, "segmentation", "rho_brain")["value"]
    within, minus = (value_of(both, "segmentation", f"rho_brain_{name}") for name in names)
    assert within["value"] == pytest.approx(rho)
    pooled = value_of(both, "segmentation", "rho_brain")["value"]
    assert pooled < -0.9
    assert minus["value"] == pytest.approx(pooled - rho)
    assert minus["high"] < 0
    assert within["n"] == 80


def test_uncertainty_without_the_bias_of_few_passes_is_measured_where_the_table_has_it(tmp_path):
    path, table = cell_path(tmp_path, 0.25, 10, "segmentation"), segmentation_table()
    table["tumour_epistemic_corrected"] = 2 * table["tumour_epistemic"]
    table["brain_epistemic_corrected"] = np.nan  # one pass
    table.to_csv(path, index=False)
    long = measured("segmentation", tmp_path, [path], OPTIONS)
    corrected = value_of(long, "segmentation", "epistemic_corrected_tumour")
    plain = value_of(long, "segmentation", "epistemic_tumour")
    assert corrected["value"] == pytest.approx(2 * plain["value"])
    assert corrected["n"] == 34
    assert len(long) == 16


def test_missed_tumours_count_as_the_most_uncertain(tmp_path):
    path, table = cell_path(tmp_path, 0.25, 10, "segmentation"), segmentation_table()
    table.to_csv(path, index=False)
    row = value_of(measured("segmentation", tmp_path, [path], OPTIONS),
                   "segmentation", "rho_tumour_with_empty")  # fmt: skip
    filled = table["tumour_predictive"].fillna(table["tumour_predictive"].max())
    assert row["value"] == pytest.approx(pearsonr(filled, table["dice"]).statistic, abs=1e-9)
    assert row["n"] == 40


def test_cases_without_reference_have_no_dice_but_an_uncertainty(tmp_path):
    path, table = cell_path(tmp_path, 0.25, 10, "segmentation"), segmentation_table(empty=0)
    table.loc[:9, "dice"] = np.nan
    table.to_csv(path, index=False)
    long = measured("segmentation", tmp_path, [path], OPTIONS)
    assert value_of(long, "segmentation", "rho_brain")["n"] == 30
    assert value_of(long, "segmentation", "predictive_brain")["n"] == 40


def test_no_segmentation_gives_an_empty_table(tmp_path):
    long = measured("segmentation", tmp_path, [], OPTIONS)
    assert long.empty
    assert long.columns.tolist() == COLUMNS


def test_ranks_are_corrected_within_a_cell(tmp_path):
    cells = {}
    for name, table in (
        ("classification", classification_table()),
        ("segmentation", segmentation_table()),
    ):
        cells[name] = [cell_path(tmp_path, rate, 10, name) for rate in (0.25, 0.5)]
        for path in cells[name]:
            table.to_csv(path, index=False)
    make_table.main(table="rank_tests", **cells, **RANKS, output=tmp_path / "tests.csv")
    tests = pd.read_csv(tmp_path / "tests.csv")
    assert tests["task"].tolist() == ["idh", "1p19q", "grade", "segmentation"] * 2
    assert (tests["p_holm"] >= tests["p"]).all()
    first = tests[tests["rate"] == 0.25]
    assert first["p_holm"].min() == pytest.approx(min(1, 4 * first["p"].min()))


@pytest.fixture(scope="module")
def published(real_data, tmp_path_factory):
    """The published network's predictions of 240 patients as a cell of the grid."""
    path = cell_path(tmp_path_factory.mktemp("published"), 0, 1, "classification")
    source = real_data / "prognosais_glioma" / "test_predictions.csv"
    import_predictions.main(predictions=source, columns=PUBLISHED_COLUMNS, output=path)
    return path


def test_the_published_network_gives_its_published_numbers(published, tmp_path):
    long = measured("classification", tmp_path, [published], CLASSIFICATION)
    for task, numbers in PUBLISHED.items():
        for measure, text in numbers.items():
            row = value_of(long, task, measure)
            assert f"{row['value']:.6f}" == text
            assert row["low"] < row["value"] < row["high"]
            assert row["n"] == PUBLISHED_TESTS[task][0]


def test_the_published_network_under_the_other_choices(published, tmp_path):
    options = CLASSIFICATION | {"ece": ECE | {"bins": 10}, "auc_average": "ovr"}
    long = measured("classification", tmp_path, [published], options)
    for task, (ece, auc) in OTHER_CHOICES.items():
        assert f"{value_of(long, task, 'ece')['value']:.6f}" == ece
        assert f"{value_of(long, task, 'auc')['value']:.6f}" == auc


def test_the_published_network_is_uncertain_of_its_errors(published, tmp_path):
    output = tmp_path / "tests.csv"
    cells = {"classification": [published], "segmentation": []}
    make_table.main(table="rank_tests", **cells, **RANKS, output=output)
    for row in pd.read_csv(output).itertuples():
        n, n_wrong, u, p = PUBLISHED_TESTS[row.task]
        assert (row.n_right + row.n_wrong, row.n_wrong, row.u) == (n, n_wrong, u)
        assert f"{row.p:.4e}" == p
        assert row.auroc == u / (n_wrong * (n - n_wrong))
        assert row.auroc_low < row.auroc < row.auroc_high

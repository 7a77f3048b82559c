"""Tables of curves, and of what is fitted on validation cases, from cells of the grid."""

import numpy as np
import pandas as pd
import pytest
from test_measures import cell_path, classification_table, segmentation_table

from glioma_uq.predictions import Cell
from glioma_uq.statistics.curves import (
    RELIABILITY,
    RISK_COVERAGE,
    reliability_table,
    risk_coverage_table,
)
from glioma_uq.statistics.fitted_tables import (
    conformal_table,
    mask_control_table,
    recalibration_table,
)
from glioma_uq.statistics.measures import DEFAULT_ECE
from glioma_uq.statistics.risk_control import control_masks, counts_by_probability
from glioma_uq.tasks import TASKS

CELL = Cell("csnet", 0.2, 10)
INTERVALS = {"resamples": 100, "level": 0.95, "interval": "percentile"}
FITTED = INTERVALS | {"rng_of": lambda: np.random.default_rng(0)}


def with_folds(table, seed=0):
    """A cell's table of two folds, each tested on half of the cases."""
    halves = np.arange(len(table)) % 2 + 1
    return table.assign(fold=halves, seed=1, case=[f"{seed}-{i}" for i in range(len(table))])


@pytest.fixture
def cells():
    return {CELL: with_folds(classification_table(60))}


@pytest.fixture
def validation():
    return {CELL: with_folds(classification_table(60, seed=1), seed=1)}


def test_raw_and_recalibrated_stand_side_by_side(cells, validation):
    methods = ["temperature", "prior"]
    table = recalibration_table(cells, validation, methods=methods, ece=DEFAULT_ECE, **FITTED)
    counts = table.groupby(["method", "task"])["measure"].count()
    assert counts.to_dict() == {
        (m, t): 3 for m in ("raw", *methods) for t in ("idh", "1p19q", "grade")
    }
    known = (validation[CELL]["idh_label"] != -1).sum()
    assert set(table.loc[table["task"] == "idh", "n_validation"]) == {known}
    of_idh = table[(table["task"] == "idh") & (table["measure"] == "nll")].set_index("method")
    assert of_idh.loc["raw", "value"] > of_idh.loc["temperature", "value"]  # noise: soften it


def test_sets_cover_and_say_by_how_many_they_were_set(cells, validation):
    options = {"alpha": 0.2, "class_conditional": False}
    table = conformal_table(cells, validation, **options, **FITTED)
    row = table.set_index(["task", "measure"])["value"]
    assert row[("grade", "coverage")] > 0.6
    assert 1 <= row[("grade", "set_size")] <= 3
    assert set(table["alpha"]) == {0.2}
    cells[CELL]["idh_label"] = -1
    without = conformal_table(cells, validation, **options, **FITTED)
    assert "idh" not in set(without["task"])


def voxels(n, seed, bins=10):
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        for name, shape in (("inside", (3, 1)), ("outside", (1, 9))):
            counts = np.histogram(rng.beta(*shape, size=200), bins=bins, range=(0, 1))[0]
            rows += [
                {"case": f"{seed}-{i}", "fold": i % 2 + 1, "seed": 1, "histogram": name, "bin": b,
                 "n": c} for b, c in enumerate(counts)
            ]  # fmt: skip
    return pd.DataFrame(rows)


def test_masks_miss_less_than_alpha_of_their_tumours():
    table = mask_control_table(
        {CELL: voxels(40, 0)}, {CELL: voxels(30, 1)}, alpha=0.1, **INTERVALS,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    row = table.set_index("measure")["value"]
    assert 0 < row["threshold"] < 0.7
    assert row["false_negative_rate"] <= 0.1
    assert set(table["n_validation"]) == {30}
    assert (table["reason"] == "").all()


def test_too_few_validation_cases_threshold_nothing():
    rows = control_masks(voxels(6, 0), voxels(4, 1), alpha=0.1)
    assert (rows["threshold"] == 0).all()
    assert (rows["false_negative_rate"] == 0).all()


def refused(table):
    """The rows without a value; all have no interval either, and the same kind of reason."""
    empty = table["value"].isna()
    assert table.loc[empty, ["low", "high"]].isna().all(axis=None)
    too_few = table["reason"].str.fullmatch(r"\d+ validation patients? where \d+ are needed")
    assert (too_few == empty).all()
    return empty


def known(n, seed=1):
    """`n` validation cases whose labels are all known, as many of each class as can be."""
    table = with_folds(classification_table(n, seed=seed), seed=seed)
    return table.assign(**{f"{t}_label": np.resize(classes, n) for t, classes in TASKS.items()})


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (4, {"raw": 3, "temperature": 0, "prior": 0}),  # the demo's
        (10, {"raw": 3, "temperature": 0, "prior": 2}),
        (20, {"raw": 3, "temperature": 0, "prior": 3}),
        (29, {"raw": 3, "temperature": 0, "prior": 3}),
        (30, {"raw": 3, "temperature": 3, "prior": 3}),
    ],
)
def test_recalibration_is_refused_below_its_number_of_known_cases(cells, n, expected):
    table = recalibration_table(
        cells, {CELL: known(n)}, methods=["temperature", "prior"], ece=DEFAULT_ECE, **FITTED
    )
    assert len(table) == 27
    fitted = table[~refused(table)].groupby("method")["task"].nunique()
    assert {method: fitted.get(method, 0) for method in expected} == expected
    if n == 4:
        row = table[(table["method"] == "temperature") & (table["task"] == "idh")].iloc[0]
        assert row["reason"] == "4 validation patients where 30 are needed"


@pytest.mark.parametrize(
    ("n", "alpha", "class_conditional", "fitted"),
    [
        (4, 0.1, False, []),  # the demo's
        (8, 0.1, False, []),
        (9, 0.1, False, ["idh", "1p19q", "grade"]),
        (4, 0.2, False, ["idh", "1p19q", "grade"]),
        (18, 0.1, True, ["idh", "1p19q"]),  # 9 of each of two classes, 6 of each of three
        (17, 0.1, True, []),
    ],
)
def test_sets_are_refused_below_their_number_of_cases(cells, n, alpha, class_conditional, fitted):
    options = {"alpha": alpha, "class_conditional": class_conditional}
    table = conformal_table(cells, {CELL: known(n)}, **options, **FITTED)
    assert len(table) == 15
    assert table.loc[~refused(table), "task"].unique().tolist() == fitted


@pytest.mark.parametrize(("n", "fitted"), [(4, 0), (17, 0), (18, 4)])
def test_masks_are_refused_below_their_number_of_cases(n, fitted):
    table = mask_control_table(
        {CELL: voxels(6, 0)}, {CELL: voxels(n, 1)}, alpha=0.1, **INTERVALS,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    assert len(table) == 4
    assert (~refused(table)).sum() == fitted
    assert set(table["n_validation"]) == {n}


def test_counts_are_of_the_cases_in_order_of_their_ids():
    shuffled = voxels(3, 0).sample(frac=1, random_state=0)
    rows, inside, outside = counts_by_probability(shuffled)
    assert rows["case"].tolist() == ["0-0", "0-1", "0-2"]
    assert inside.shape == outside.shape == (3, 10)
    assert inside.sum(axis=1).tolist() == [200, 200, 200]


@pytest.fixture
def paths(tmp_path):
    found = []
    for name, table in (
        ("classification", classification_table()), ("segmentation", segmentation_table()),
    ):  # fmt: skip
        found.append(str(cell_path(tmp_path, 0.2, 10, name)))
        table.to_csv(found[-1], index=False)
    return found


def test_the_bins_of_the_reliability_hold_all_known_cases(paths):
    options = {"ece": DEFAULT_ECE, "resamples": 100, "level": 0.95, "seed": 1}
    table = reliability_table(paths[:1], **options)
    assert table.columns.tolist() == RELIABILITY
    known = (classification_table()["idh_label"] != -1).sum()
    assert table.loc[table["task"] == "idh", "n"].sum() == known
    assert (table["null_low"] <= table["null_high"]).all()


def test_the_bins_of_the_reliability_count_cases_not_rows(paths):
    """Two seeds that agree are as many cases as one, in the same bins."""
    options = {"ece": DEFAULT_ECE, "resamples": 100, "level": 0.95, "seed": 1}
    of_one = reliability_table(paths[:1], **options)
    seeds = [classification_table().assign(seed=seed) for seed in (1, 2)]
    pd.concat(seeds, ignore_index=True).to_csv(paths[0], index=False)
    of_two = reliability_table(paths[:1], **options)
    same = ["task", "low", "n", "confidence", "accuracy"]
    pd.testing.assert_frame_equal(of_one[same], of_two[same], check_dtype=False)


def test_risk_at_full_coverage_is_the_mean_loss(paths):
    options = {"resamples": 100, "level": 0.95, "rng": np.random.default_rng(0)}
    table = risk_coverage_table(paths[:1], paths[1:], **options)
    assert table.columns.tolist() == RISK_COVERAGE
    assert set(table["uncertainty"]) == {"predictive", "brain_predictive", "tumour_predictive"}
    whole = table[(table["coverage"] == 1) & (table["uncertainty"] == "brain_predictive")].iloc[0]
    assert whole["risk"] == pytest.approx(1 - segmentation_table()["dice"].mean())
    assert whole["low"] <= whole["risk"] <= whole["high"]
    assert (table["low"] <= table["high"]).all()

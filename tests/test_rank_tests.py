"""Rank tests by worked examples and by scipy."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import mannwhitneyu
from test_measures import cell_path

from glioma_uq.statistics.bootstrap import draw_resamples
from glioma_uq.statistics.rank_tests import (
    COLUMNS,
    compare,
    compare_cells,
    effect_interval,
    holm,
    one_row_per_case,
)
from glioma_uq.statistics.risk_coverage import classification_risk

OPTIONS = {"dice_threshold": 0.8, "resamples": 100, "level": 0.95, "interval": "percentile"}


def test_u_counts_the_pairs_where_the_wrong_case_is_the_more_uncertain():
    u, p, auroc = compare(right=[0.1, 0.2, 0.3], wrong=[0.25, 0.4])
    assert (u, auroc) == (5, 5 / 6)
    assert p == pytest.approx(mannwhitneyu([0.25, 0.4], [0.1, 0.2, 0.3]).pvalue)


def test_swapping_the_sides_mirrors_the_effect_and_keeps_p():
    rng = np.random.default_rng(0)
    right, wrong = rng.random(30), rng.random(12) + 0.2
    there, back = compare(right, wrong), compare(wrong, right)
    assert there[2] + back[2] == pytest.approx(1)
    assert there[1] == pytest.approx(back[1])


def test_an_empty_side_has_no_test():
    assert np.isnan(compare([], [0.1])).all()
    assert np.isnan(compare([0.1], [])).all()


def test_holm_worked_example():
    """p = .01, .04, .03, .005: times 4, 3, 2, 1 in order of size, never falling."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_stays_a_probability_and_counts_only_tests_that_were_made():
    assert holm([0.6, 0.9]).tolist() == [1, 1]
    assert holm([0.02, np.nan])[0] == 0.02
    assert np.isnan(holm([0.02, np.nan])[1])
    assert holm([]).tolist() == []


def test_seeds_of_a_case_are_averaged_into_one_row():
    table = pd.DataFrame({"case": ["b", "a", "b"], "seed": [1, 1, 2], "dice": [0.5, 0.9, 0.7]})
    averaged = one_row_per_case(table)
    assert averaged["case"].tolist() == ["a", "b"]
    assert averaged["dice"].tolist() == pytest.approx([0.9, 0.6])
    assert one_row_per_case(table.head(2)) is not averaged


def test_uncertainty_of_classes_leaves_unknown_labels_out():
    table = pd.DataFrame(
        {
            "case": list("abcd"),
            "idh_label": [0, 1, 1, -1],
            "idh_probability_0": [0.9, 0.8, 0.3, 0.5],
            "idh_probability_1": [0.1, 0.2, 0.7, 0.5],
            "idh_predictive": [0.3, 0.5, 0.6, 0.7],
        }
    )
    known, uncertainty, is_wrong = classification_risk(table, "idh")
    assert known["case"].tolist() == ["a", "b", "c"]
    assert uncertainty.tolist() == [0.3, 0.5, 0.6]
    assert is_wrong.tolist() == [False, True, False]


def test_a_dice_at_the_threshold_is_not_above_it(tmp_path):
    table = pd.DataFrame(
        {
            "case": list("abcd"),
            "dice": [0.8, 0.81, np.nan, 0.0],
            "tumour_predictive": [0.2, 0.1, 0.3, np.nan],
        }
    )
    path = cell_path(tmp_path, 0.2, 10, "segmentation")
    table.to_csv(path, index=False)
    row = compare_cells([], [path], **OPTIONS, rng=np.random.default_rng(0)).iloc[0]
    assert row[["n_right", "n_wrong", "u"]].tolist() == [1, 1, 1]
    assert row[["auroc", "rank_biserial"]].tolist() == [1, 1]


def test_no_cells_give_an_empty_table():
    table = compare_cells([], [], **OPTIONS, rng=np.random.default_rng(0))
    assert table.empty
    assert table.columns.tolist() == COLUMNS


def test_the_effect_has_an_interval_around_it_and_a_mirror_image():
    rng = np.random.default_rng(0)
    is_wrong = np.arange(60) < 20
    uncertainty = rng.normal(size=60) + is_wrong
    rows = pd.DataFrame({"case": [f"{i:02d}" for i in range(60)]})
    drawn = draw_resamples([(None, rows)], 500, rng)
    auroc = compare(uncertainty[~is_wrong], uncertainty[is_wrong])[2]
    for kind in ("percentile", "basic", "bca"):
        low, high, reason = effect_interval(rows, uncertainty, is_wrong, drawn, 0.95, kind)
        assert 0.5 < low < auroc < high
        assert reason == ""


def test_an_effect_of_one_error_has_no_interval_and_says_so():
    rows = pd.DataFrame({"case": [f"{i:02d}" for i in range(30)]})
    drawn = draw_resamples([(None, rows)], 200, np.random.default_rng(0))
    low, high, reason = effect_interval(rows, np.arange(30.0), np.arange(30) < 1, drawn)
    assert np.isnan([low, high]).all()
    assert "of 200 resamples" in reason

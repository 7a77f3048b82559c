"""Sensitivity against false lesions: worked examples, thresholds, and the weights of resamples."""

import numpy as np
import pandas as pd
import pytest
from test_overlap_groups import lesion_table, overlap_table

from glioma_uq.predictions import Cell
from glioma_uq.statistics.froc import (
    CURVE,
    curves,
    events_of,
    lesion_measures,
    of_size,
    operating_points,
    resample_lesions,
    sensitivity_at,
    weight_from,
)

CELL = Cell("dmfnet", 0.0, 1)


def events(reference=((900, 300), (400, 200), (100, np.nan)), false=(250, 50), runs=4):
    """Return events of reference lesions (volume, score) in case A and false ones in case B."""
    one_to_one = {"lesion_tp": [2, 0, 0, 0], "lesion_fp": [1, 2, 0, 0], "lesion_fn": [1, 0, 0, 0],
                  "lesion_dice": [0.6, 0, np.nan, np.nan]}  # fmt: skip
    rows = [
        {"case": "ABCD"[i], "event": "run"} | {name: v[i] for name, v in one_to_one.items()}
        for i in range(runs)
    ]
    rows += [
        {"case": "A", "event": "reference", "lesion": i, "volume_mm3": float(volume),
         "score_mm3": score, "found": not np.isnan(score), "dice": 0.0 if np.isnan(score) else 0.6}
        for i, (volume, score) in enumerate(reference)
    ]  # fmt: skip
    rows += [
        {"case": "B", "event": "false", "volume_mm3": float(v), "score_mm3": float(v),
         "found": False, "dice": 0.0}
        for v in false
    ]  # fmt: skip
    columns = ["case", "event", "lesion", "volume_mm3", "score_mm3", "found", "dice"]
    return pd.DataFrame(rows, columns=columns + list(one_to_one))


def ones(table):
    return np.ones((1, len(table)))


def measured(table, weights=None, size="all"):
    weights = ones(table) if weights is None else weights
    return {name: (draws, n) for _, name, draws, n in lesion_measures(table, weights, "et", size)}


def test_a_worked_curve():
    thresholds, false, sensitivity = operating_points(events(), ones(events()))
    assert thresholds.tolist() == [300, 250, 200, 50]
    assert false[0].tolist() == [0, 0.25, 0.25, 0.5]
    assert sensitivity[0] == pytest.approx([1 / 3, 1 / 3, 2 / 3, 2 / 3])


@pytest.mark.parametrize(("most", "expected"), [(0.1, 1 / 3), (0.25, 2 / 3), (5, 2 / 3)])
def test_the_sensitivity_at_so_many_false_lesions(most, expected):
    points = operating_points(events(), ones(events()))[1:]
    assert sensitivity_at(most, *points) == pytest.approx([expected])


def test_where_the_surest_prediction_is_false_nothing_is_found_in_time():
    table = events(reference=((900, 300),), false=(800,), runs=1)
    points = operating_points(table, ones(table))[1:]
    assert sensitivity_at(0.5, *points) == [0.0]
    assert sensitivity_at(1.0, *points) == [1.0]


def test_equal_scores_count_together():
    score, weights = np.array([5.0, 5.0, np.nan, 7.0]), np.array([[1.0, 2.0, 8.0, 4.0]])
    assert weight_from(score, np.array([7.0, 5.0]), weights).tolist() == [[4.0, 7.0]]


def test_the_measures_of_all_sizes():
    found = {name: (draws[0], n) for name, (draws, n) in measured(events()).items()}
    assert found["sensitivity"] == (pytest.approx(2 / 3), 1)
    assert found["lesion_dice"][0] == pytest.approx(0.4)
    assert found["lesion_dice_with_false"] == (pytest.approx(1.2 / 5), 4)
    assert found["false_per_case"] == (0.5, 4)
    assert found["sensitivity_at_0.125_false"][0] == pytest.approx(1 / 3)
    assert found["brats_lesion_dice"] == (0.3, 2)  # of cases A and B; C and D have no lesion
    assert found["brats_precision"] == (pytest.approx((2 / 3 + 0) / 2), 2)
    assert found["brats_recall"] == (pytest.approx(2 / 3), 1)
    assert found["brats_f1"] == (pytest.approx((4 / 6 + 0) / 2), 2)


def test_sizes_have_a_lower_limit_inside_and_an_upper_one_outside():
    table = events(reference=((250, 1), (1000, 1), (249.9, 1), (2000, np.nan)))
    sizes = ("below_250", "250_to_1000", "1000_to_2000", "from_2000")
    assert [of_size(table, size).sum() for size in sizes] == [1, 1, 1, 1]
    assert of_size(table, "all").sum() == 4
    assert list(measured(table, size="from_2000")) == ["sensitivity", "lesion_dice"]
    assert measured(table, size="from_2000")["sensitivity"][0] == [0.0]


def test_a_resample_is_the_table_with_cases_repeated():
    table = events()
    weights = np.where(table["case"] == "B", 2.0, 1.0)[None]
    repeated = pd.concat([table, table[table["case"] == "B"]], ignore_index=True)
    for name, (draws, _) in measured(table, weights).items():
        assert draws == pytest.approx(measured(repeated)[name][0]), name


def test_without_lesions_there_is_no_sensitivity():
    table = events(reference=(), false=())
    assert np.isnan(measured(table)["sensitivity"][0]).all()
    for nothing in (table, events(reference=())):
        assert np.isnan(measured(nothing)["sensitivity_at_1_false"][0]).all()


def test_the_runs_of_events_are_all_cases_and_seeds():
    found = events_of(overlap_table(seeds=2), lesion_table(), "et", "none")
    assert found["event"].value_counts().to_dict() == {"run": 18, "reference": 4, "false": 2}


def test_the_tables_of_a_cell():
    tables = {CELL: overlap_table()}, {CELL: lesion_table()}
    rng = np.random.default_rng(0)
    placed = resample_lesions(*tables, resamples=20, interval="bca", rng=rng)
    first = placed[0]
    assert first.place == ("all", "none", 4)
    assert (first.task, first.measure, first.replicates[0]) == (
        "et", "sensitivity", 0.5,
    )  # fmt: skip
    assert len(first.jackknife) == 9
    curve = curves(*tables)
    assert curve.columns.tolist() == CURVE
    mine = curve[(curve["task"] == "et") & (curve["rule"] == "none")]
    assert mine[["threshold_mm3", "false_per_case", "sensitivity"]].to_numpy().tolist() == [
        [600.0, 0.0, 0.5], [50.0, pytest.approx(2 / 9), 0.5],
    ]  # fmt: skip

"""Limits go by a metric's name or its ending, unknown ones are refused, every metric is known."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from configs import checked

from glioma_uq.cohorts.collection import EXCLUDED_COLUMNS, STEPS, divide_cases, gather_metrics
from glioma_uq.errors import BadInput
from glioma_uq.figures.quality_metrics import draw, read
from glioma_uq.quality.metrics import (
    METRICS,
    OF_SERIES,
    is_outside,
    limit_of,
    limits_of_step,
    names_with_limits,
    outside,
    overview,
    series_and_ending,
)

SCRIPTS = Path(__file__).resolve().parents[1] / "workflow_scripts"


def test_a_column_is_of_a_series_or_of_the_case():
    assert series_and_ending("t1ce_voxel_mm") == ("t1ce", "voxel_mm")
    assert series_and_ending("template_mutual_information") == (None, "template_mutual_information")
    assert series_and_ending("t1_snr") == (None, "t1_snr")


def test_a_series_own_limit_goes_before_that_of_all_series():
    limits = {"mutual_information": [0.3, None], "t2_mutual_information": [0.1, 1]}
    assert limit_of("t1_mutual_information", limits) == ("mutual_information", 0.3, np.inf)
    assert limit_of("t2_mutual_information", limits) == ("t2_mutual_information", 0.1, 1)
    assert limit_of("template_mutual_information", limits) is None


def test_a_step_knows_its_own_limits_only_so_that_others_do_not_run_it_again():
    limits = {"t1_bias_low": [0.2, None], "voxel_mm": [None, 7], "template_dice": [0.85, None]}
    assert list(limits_of_step("correct_bias_field", limits)) == ["t1_bias_low", "voxel_mm"]
    assert limits_of_step("coregister", limits) == {}


@pytest.mark.parametrize(
    ("value", "found"),
    [(0.3, False), (1, False), (0.29, True), ("1 x 1 x 0.5", False), ("1 x 1 x 5.5", True),
     (float("nan"), True)],
)  # fmt: skip
def test_limits_belong_to_what_they_allow_and_every_edge_counts(value, found):
    assert is_outside("t1_voxel_mm", value, {"voxel_mm": [0.3, 1]}) is found
    assert not is_outside("t1_voxel_mm", value, {})


def test_several_metrics_can_be_outside():
    metrics = {"brain_volume_ml": 200, "template_dice": 0.9, "flair_bias_low": 0.1}
    limits = {"brain_volume_ml": [700, 2300], "template_dice": [0.85, None], "bias_low": [0.2, 2]}
    assert outside(metrics, limits) == ["brain_volume_ml", "flair_bias_low"]


def test_what_is_empty_or_a_text_is_not_in_the_overview():
    metrics = {"t1_orientation": "LPS", "t1_voxel_mm": "1 x 1 x 2", "t1_bias_low": "",
               "t2_bias_low": "0.9", "flair_bias_low": "0.8"}  # fmt: skip
    assert overview(metrics) == {
        "voxel_mm": ("t1_voxel_mm", 2.0, False), "bias_low": ("flair_bias_low", 0.8, False),
    }  # fmt: skip


def test_every_metric_that_a_step_writes_is_known():
    written = set()
    for step in STEPS:
        text = (SCRIPTS / f"{step}.py").read_text()
        written |= set(re.findall(r'metrics\["(\w+)"\]|f"\{modality\}_(\w+)"', text))
    written = {name or ending for name, ending in written}
    assert {"bias_low", "brain_volume_ml"} < written
    assert written <= set(METRICS)
    assert {metric.step for metric in METRICS.values()} <= set(STEPS)
    assert set(OF_SERIES) < set(METRICS)


def check_limits(limits):
    checked({"preprocessing": {"quality": {"limits": limits}}})


def test_known_limits_pass():
    check_limits({"brain_volume_ml": [700, 2300], "voxel_mm": [None, 7], "t2_bias_low": [0, None]})
    check_limits({"template_dice": [None, None]})


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ({"brain_volume": [1, 2]}, "found 'brain_volume': did you mean 'brain_volume_ml'?"),
        ({"t3_voxel_mm": [1, 2]}, "found 't3_voxel_mm': did you mean 't"),
        ({"orientation": [1, 2]}, "found 'orientation'"),
        ({"template_dice": [0.9, 0.8]}, "found [0.9, 0.8]: write [0.8, 0.9]."),
    ],
)
def test_unknown_and_inside_out_limits_are_refused(limits, sentence):
    with pytest.raises(BadInput, match=re.escape(sentence)):
        check_limits(limits)


def test_texts_have_no_limit():
    assert "t1_orientation" not in names_with_limits()
    assert {"voxel_mm", "flair_voxel_mm", "template_dice"} <= set(names_with_limits())


def test_excluded_cases_keep_the_numbers_of_the_limit_that_excluded_them():
    labels = [{"case": c, "patient": c, "session": "", "source": "s", "idh": 1, "1p19q": 0,
               "grade": 3, "problem": ""} for c in "ab"]  # fmt: skip
    rows = [
        {"case": "a", "step": "strip_skull", "reason": "too small", "metric": "brain_volume_ml",
         "low": "700", "high": "2300", "brain_volume_ml": "200"},
        {"case": "a", "step": "normalise_case", "reason": "excluded at an earlier step"},
        {"case": "b", "step": "strip_skull", "reason": "", "brain_volume_ml": "1500"},
    ]  # fmt: skip
    cases, excluded = divide_cases(labels, rows)
    assert [row["case"] for row in cases] == ["b"]
    assert excluded == [dict(zip(EXCLUDED_COLUMNS, (
        "a", "strip_skull", "too small", "brain_volume_ml", "200", "700", "2300"
    ), strict=True))]  # fmt: skip
    columns, metrics = gather_metrics(rows)
    assert columns == ["case", "brain_volume_ml"]
    assert metrics[0] == {"case": "a", "brain_volume_ml": "200"}


def test_the_figure_has_a_panel_for_each_figure_and_draws_its_limits(tmp_path):
    quality = pd.DataFrame({
        "case": ["a", "b"], "t1_voxel_mm": ["1 x 1 x 2", None], "t2_voxel_mm": ["1 x 1 x 3"] * 2,
        "t1_orientation": ["LPS", "LPS"], "template_dice": [0.9, 0.7],
    })  # fmt: skip
    table = table_of(tmp_path, quality, pd.DataFrame({"case": ["b"]}))
    assert table.to_numpy().tolist() == [
        ["a", "voxel_mm", "t1", 2.0, True],
        ["a", "voxel_mm", "t2", 3.0, True],
        ["b", "voxel_mm", "t2", 3.0, False],
        ["a", "template_dice", "", 0.9, True],
        ["b", "template_dice", "", 0.7, False],
    ]
    figure = draw(table, limits={"template_dice": [0.85, None]})
    voxel, dice = figure.axes[:2]
    assert [label.get_text() for label in voxel.get_yticklabels()] == ["T1", "T2"]
    assert dice.get_xlabel() == "Dice with the template"
    assert [line.get_xdata().tolist() for line in dice.lines] == [[0.85, 0.85]]
    assert voxel.lines[:] == []


def table_of(folder, quality, excluded):
    """Return what the figure reads from the two tables of a cohort."""
    paths = {"quality": folder / "quality.csv", "excluded": folder / "excluded.csv"}
    for table, path in zip((quality, excluded), paths.values(), strict=True):
        table.to_csv(path, index=False)
    return read(**paths)


def test_a_cohort_without_figures_says_so(tmp_path):
    nothing = pd.DataFrame({"case": ["a"]})
    figure = draw(table_of(tmp_path, nothing, nothing), limits={})
    assert figure.axes[0].texts[0].get_text() == "not measured"

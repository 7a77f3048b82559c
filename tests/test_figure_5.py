"""Figure 5: the uncertainty of good predictions beside that of bad ones."""

import numpy as np
import pytest
from test_figures import classification_cell, no_tests, texts

from glioma_uq.errors import BadInput
from glioma_uq.figures.selection import of_cell
from glioma_uq.figures.uncertainty_by_correctness import (
    draw_uncertainty_by_correctness,
    p_text,
    spread,
    uncertainty_by_correctness,
)
from glioma_uq.statistics.rank_tests import compare_cells


def test_figure_5_leaves_unknown_labels_out():
    cell = classification_cell(3, 3)
    cell.loc[0, "idh_label"] = -1
    table = uncertainty_by_correctness(cell)
    assert (table["task"] == "idh").sum() == 5
    assert "segmentation" not in set(table["task"])


@pytest.mark.parametrize("wrong", [0, 1, 3, 4])
def test_figure_5_draws_few_values_as_points_and_no_violin(wrong):
    table = uncertainty_by_correctness(classification_cell(8, wrong))
    figure = draw_uncertainty_by_correctness(table, no_tests())
    violins = 1 if wrong < 4 else 2
    bodies = [c for c in figure.axes[0].collections if "FillBetween" in type(c).__name__]
    assert len(figure.axes) == 3
    assert len(bodies) == violins
    assert f"wrong\nn = {wrong}" in texts(figure)


def test_figure_5_survives_values_without_spread_and_no_case_at_all():
    table = uncertainty_by_correctness(classification_cell(8, 5)).assign(uncertainty=0.0)
    assert draw_uncertainty_by_correctness(table, no_tests())
    none = draw_uncertainty_by_correctness(table.iloc[:0], no_tests())
    assert texts(none).count("no case") == 3


def test_figure_5_shows_the_rank_test_of_the_same_cell(tmp_path):
    path = tmp_path / "csnet/dropout-0.20/passes-030/classification.csv"
    path.parent.mkdir(parents=True)
    cell = classification_cell(8, 5)
    cell.to_csv(path, index=False)
    tests = of_cell(compare_cells([path], [], dice_threshold=0.8), 0.2, 30)
    figure = draw_uncertainty_by_correctness(uncertainty_by_correctness(cell), tests)
    expected = f"{p_text(tests['p_holm'].iloc[0])} (Holm)\nAUROC = 1.00"
    assert texts(figure).count(expected) == 3
    fewer = uncertainty_by_correctness(cell.iloc[1:])
    with pytest.raises(BadInput, match="on 7 good and 5 bad cases, found 8 and 5"):
        draw_uncertainty_by_correctness(fewer, tests)


def test_p_is_told_with_digits_that_mean_something():
    assert [p_text(p) for p in (1e-9, 0.0123, 0.0996, 1)] == [
        "p < 0.001", "p = 0.012", "p = 0.10", "p = 1.00"
    ]  # fmt: skip


def test_points_spread_within_their_violin_without_chance():
    values = np.random.default_rng(1).normal(size=40)
    assert np.abs(spread(values)).max() <= 1
    np.testing.assert_array_equal(spread(values), spread(values))
    assert not spread(values[:3]).any()
    assert not spread(np.ones(9)).any()

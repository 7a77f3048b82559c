"""The uncertainty of good predictions beside that of bad ones."""

import numpy as np
import pytest
from test_figures import SELECTED, classification_cell, no_tests, read, texts, written

from glioma_uq.errors import BadInput
from glioma_uq.figures.cells import of_cell
from glioma_uq.figures.uncertainty_by_correctness import draw, p_text, spread
from glioma_uq.statistics.rank_tests import compare_cells

SETTINGS = {"dice_threshold": 0.8, "level": 0.95}


def drawn(table, ranks=None):
    return draw(table, no_tests() if ranks is None else ranks, **SETTINGS)


@pytest.fixture
def table_of(tmp_path):
    """The function from a cell to the table that is drawn."""

    def table_of(cell):
        given = {"classification": [cell], "segmentation": [], "ranks": no_tests()}
        settings = {"selection": SELECTED, "network": "csnet", "dice_threshold": 0.8}
        return read("uncertainty_by_correctness", tmp_path, **given, **settings)[0]

    return table_of


def test_unknown_labels_are_left_out(table_of):
    cell = classification_cell(3, 3)
    cell.loc[0, "idh_label"] = -1
    table = table_of(cell)
    assert (table["task"] == "idh").sum() == 5
    assert "segmentation" not in set(table["task"])


@pytest.mark.parametrize("wrong", [0, 1, 3, 4])
def test_few_values_are_points_and_no_violin(wrong, table_of):
    table = table_of(classification_cell(8, wrong))
    figure = drawn(table)
    violins = 1 if wrong < 4 else 2
    bodies = [c for c in figure.axes[0].collections if "FillBetween" in type(c).__name__]
    assert len(figure.axes) == 3
    assert len(bodies) == violins
    assert f"wrong\nn = {wrong}" in texts(figure)


def test_the_figure_survives_values_without_spread_and_no_case_at_all(table_of):
    table = table_of(classification_cell(8, 5)).assign(uncertainty=0.0)
    assert drawn(table)
    none = drawn(table.iloc[:0])
    assert texts(none).count("no case") == 3


def test_the_figure_shows_the_rank_test_of_the_same_cell(tmp_path, table_of):
    cell = classification_cell(8, 5)
    path = written(cell, tmp_path / "csnet/dropout-0.20/passes-030/classification.csv")
    bootstrap = {"resamples": 100, "interval": "percentile", "rng": np.random.default_rng(0)}
    tests = of_cell(compare_cells([path], [], **SETTINGS, **bootstrap), 0.2, 30)
    figure = drawn(table_of(cell), tests)
    expected = f"{p_text(tests['p_holm'].iloc[0])} (Holm)\nAUROC = 1.00 (0.75 to 1.00)"
    assert texts(figure).count(expected) == 3
    fewer = table_of(cell.iloc[1:])
    with pytest.raises(BadInput, match="on 7 good and 5 bad cases, found 8 and 5"):
        drawn(fewer, tests)


@pytest.mark.parametrize(("level", "says"), [(0.95, "No difference"), (0.9, "more uncertain")])
def test_a_difference_is_seen_at_the_level_of_the_config(level, says, table_of):
    ranks = no_tests().assign(n_right=3, n_wrong=3, p_holm=0.07, auroc=0.9)
    table = table_of(classification_cell(3, 3))
    figure = draw(table, ranks, dice_threshold=0.8, level=level)
    title = " ".join(figure.get_suptitle().split())
    assert says in title
    assert f"(Holm’s p < {1 - level:g})" in title


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

"""The selected cell is written with what it was selected by, and read back."""

import pandas as pd
import pytest
from test_selection import NLL, SETTLING

from glioma_uq.statistics.selected_cell import at_cell, at_passes, read_selected_cell
from glioma_uq.statistics.selection import COLUMNS, selection_table
from glioma_uq.tables import write_table

PATHS = [f"r/csnet/dropout-{r}/passes-{t}/validation.csv" for r in ("0.20", "0.40") for t in
         ("010", "020")]  # fmt: skip


def measures():
    columns = ["rate", "passes", "task", "measure", "value"]
    return pd.DataFrame(NLL + SETTLING, columns=columns).assign(network="csnet")


def test_a_rule_names_its_ranks_and_where_it_was_read(tmp_path):
    table = selection_table(measures(), "nll", (0.6, 10))
    assert table.columns.tolist() == COLUMNS
    assert set(table["cases"]) == {"validation"}
    ranks = table[table["item"] == "mean_rank"].set_index("rate")["value"]
    assert ranks.to_dict() == {0.2: 2.5, 0.4: 1.5, 0.6: 2.0}
    write_table(table, tmp_path / "selection.csv")
    assert read_selected_cell(tmp_path / "selection.csv") == (0.4, 20)


def test_a_fixed_choice_stays_and_says_whether_it_has_settled():
    for passes, settled in ((10, 0.0), (20, 1.0), (30, 1.0)):
        table = selection_table(measures(), "fixed", (0.6, passes))
        choice = table[table["item"] == "selected"].iloc[0]
        assert (choice["rate"], choice["passes"], choice["value"]) == (0.6, passes, settled)
        assert "mean_rank" not in set(table["item"])
        assert not table["exploratory"].any()


def test_the_papers_rule_is_exploratory():
    on_test = measures().replace({"measure": {"nll": "ece"}})
    table = selection_table(on_test, "paper", (0.2, 10))
    assert table["exploratory"].all()
    assert set(table["cases"]) == {"test"}
    assert table.loc[table["item"] == "selected", "rate"].item() == 0.4


def test_every_uncertainty_says_where_it_settles():
    settled = selection_table(measures(), "nll", (0.2, 10)).query("item == 'stabilised_at'")
    assert settled["value"].tolist() == [20.0] * 3
    assert settled["rate"].tolist() == [0.2, 0.4, 0.6]


@pytest.mark.parametrize(("passes", "n"), [(10, 2), (30, 0)])
def test_cells_are_picked_by_their_paths(passes, n):
    assert len(at_passes(PATHS, passes)) == n
    assert len(at_cell(PATHS, "csnet", 0.4, passes)) == n // 2
    assert at_cell(PATHS, "other", 0.4, passes) == []

"""Long tables of differences, of subgroups, and with bca intervals."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from test_measures import cell_path, classification_table, segmentation_table

from glioma_uq.errors import BadInput
from glioma_uq.grid import ALL_SEEDS
from glioma_uq.statistics.long_tables import (
    COLUMNS,
    DIFFERENCE_COLUMNS,
    SUBGROUP_COLUMNS,
    THESE_NETWORKS,
    compare_rates,
    given_networks,
    measure_cells,
    measure_subgroups,
)
from glioma_uq.statistics.measures import (
    DEFAULT_ECE,
    classification_measures,
    segmentation_measures,
)
from glioma_uq.statistics.subgroups import subgroups
from glioma_uq.study_tables import by_seed

OPTIONS = {"resamples": 200, "level": 0.95, "interval": "percentile"}
CLASSIFICATION = partial(classification_measures, seed=1)


def options(**changes):
    return OPTIONS | {"rng": np.random.default_rng(0)} | changes


def written(folder, cells, name="classification"):
    paths = []
    for (rate, passes), table in cells.items():
        paths.append(cell_path(folder, rate, passes, name))
        table.to_csv(paths[-1], index=False)
    return paths


def row_of(table, **names):
    for name, value in names.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_a_difference_is_of_the_values_and_narrower_than_they_vary(tmp_path):
    table = segmentation_table()
    better = table.assign(dice=table["dice"] + 0.1)
    paths = written(tmp_path, {(0.2, 10): table, (0.4, 10): better}, "segmentation")
    found = compare_rates(paths, segmentation_measures, reference_rate=0.2, **options())
    assert found.columns.tolist() == DIFFERENCE_COLUMNS
    row = row_of(found, measure="dice")
    assert (row["rate"], row["reference_rate"]) == ("0.40", "0.20")
    assert row[["value", "low", "high"]].tolist() == pytest.approx([0.1] * 3)


def test_intervals_of_one_seed_or_of_an_ensemble_are_given_these_networks(tmp_path):
    one = segmentation_table().assign(seed=1)
    both = pd.concat([one, one.assign(seed=2)])
    ensemble = one.assign(seed=ALL_SEEDS)
    for tables, given in (([one], True), ([both], False), ([ensemble], True), ([both, one], True),
                          ([one.drop(columns="seed")], True),
                          ([both, one[:0]], False)):  # fmt: skip
        assert given_networks(dict(enumerate(tables))) is given
    paths = written(tmp_path, {(0.2, 10): both, (0.4, 10): one}, "segmentation")
    for table, expected in (
        (measure_cells(paths, segmentation_measures, **options()), ["", THESE_NETWORKS]),
        (compare_rates(paths, segmentation_measures, reference_rate=0.2, **options()),
         [THESE_NETWORKS]),
    ):  # fmt: skip
        assert table[table["measure"] == "dice"]["given"].tolist() == expected


def test_a_rate_without_its_partner_is_refused(tmp_path):
    paths = written(tmp_path, {(0.4, 10): segmentation_table()}, "segmentation")
    with pytest.raises(BadInput, match="expected a cell at the reference rate 0.20"):
        compare_rates(paths, segmentation_measures, reference_rate=0.2, **options())


@pytest.mark.parametrize("kind", ["basic", "bca", "expanded"])
def test_other_intervals_keep_the_value_and_move_the_limits(tmp_path, kind):
    paths = written(tmp_path, {(0.2, 10): classification_table()})
    plain = measure_cells(paths, CLASSIFICATION, **options())
    moved = measure_cells(paths, CLASSIFICATION, **options(interval=kind))
    assert moved.columns.tolist() == COLUMNS
    assert (moved["value"] == plain["value"]).all()
    assert (moved[moved["measure"] != "ece_null"]["low"] != plain["low"][
        moved["measure"] != "ece_null"]).mean() > 0.8  # fmt: skip
    null = moved["measure"] == "ece_null"
    assert (moved[null]["low"] == plain[null]["low"]).all()


def test_the_subgroups_of_a_cell_divide_its_cases(tmp_path):
    table = classification_table().assign(source=["A"] * 25 + ["B"] * 15)
    volumes = pd.DataFrame({"case": table["case"], "tumour_volume_mm3": np.arange(40.0)})
    paths = written(tmp_path, {(0.2, 10): table})
    found = measure_subgroups(paths, CLASSIFICATION, subgroups(table, volumes), **options())
    assert found.columns.tolist() == SUBGROUP_COLUMNS
    assert found.groupby("subgroup")["member"].unique().map(sorted).to_dict() == {
        "size": ["large", "medium", "small"],
        "source": ["A", "B"],
    }
    whole = measure_cells(paths, CLASSIFICATION, **options())
    for subgroup in ("source", "size"):
        parts = found[(found["subgroup"] == subgroup) & (found["measure"] == "nll")]
        for task, part in parts.groupby("task"):
            row = row_of(whole, task=task, measure="nll")
            assert part["n"].sum() == row["n"]
            assert np.average(part["value"], weights=part["n"]) == pytest.approx(row["value"])


def test_a_subgroup_of_one_class_has_no_auc_and_says_so(tmp_path):
    table = classification_table().assign(source=["A"] * 25 + ["B"] * 15)
    table.loc[table["source"] == "B", "idh_label"] = 1
    paths = written(tmp_path, {(0.2, 10): table})
    found = measure_subgroups(paths, CLASSIFICATION, subgroups(table), **options())
    row = row_of(found, member="B", task="idh", measure="auc")
    assert np.isnan([row["value"], row["low"]]).all()
    assert "a class or spread is missing" in row["reason"]


def test_several_seeds_widen_the_intervals_by_what_they_differ(tmp_path):
    one = segmentation_table()
    one["dice"] /= 2
    two = pd.concat([one.assign(seed=1), one.assign(seed=2, dice=one["dice"] + 0.5)])
    spread = {}
    for name, table in {"one": one.assign(seed=1), "two": two}.items():
        paths = written(tmp_path, {(0.2, 10): table}, "segmentation")
        row = row_of(measure_cells(paths, segmentation_measures, **options()), measure="dice")
        spread[name] = row["high"] - row["low"]
        assert row["n"] == 40
    assert spread["two"] > 0.5 > 3 * spread["one"]


def test_each_seed_is_measured_by_itself_and_an_ensemble_is_no_seed(tmp_path):
    one = segmentation_table().assign(seed=1)
    both = pd.concat([one, one.assign(seed=2, dice=one["dice"] - 0.1)], ignore_index=True)
    cells = {(0.2, 10): both, (0.4, 10): one.assign(seed=ALL_SEEDS)}
    paths = written(tmp_path, cells, "segmentation")
    given = {"intervals": OPTIONS, "rng": partial(np.random.default_rng, 0)}
    given |= {"ece": DEFAULT_ECE, "auc_average": "ovo"}
    table = by_seed.tabulate(classification=[], segmentation=paths, **given)
    dice = table[table["measure"] == "dice"]
    assert dice[["rate", "seed"]].to_numpy().tolist() == [["0.20", x] for x in (1, 2, "all")]
    means = one["dice"].mean() - np.array([0, 0.1, 0.05])
    assert dice["value"].tolist() == pytest.approx(means)
    assert dice["n"].tolist() == [one["case"].nunique()] * 3
    assert set(table["given"]) == {THESE_NETWORKS}
    alone = measure_cells(
        written(tmp_path / "alone", {(0.2, 10): one}, "segmentation"),
        segmentation_measures,
        **options(),
    )
    numbers = ["value", "low", "high"]
    mine = row_of(alone, measure="dice")[numbers].to_numpy(dtype=float)
    for row, shift in ((0, 0), (2, 0.05)):  # seeds that differ by a constant: the cases vary alone
        found = dice.iloc[row][numbers].to_numpy(dtype=float)
        assert found == pytest.approx(mine - shift)


def test_a_task_without_labels_is_not_in_the_table_of_seeds(tmp_path):
    one = classification_table().assign(seed=1, **{"1p19q_label": -1})
    both = pd.concat([one, one.assign(seed=2)], ignore_index=True)
    given = {"intervals": OPTIONS, "rng": partial(np.random.default_rng, 0)}
    given |= {"ece": DEFAULT_ECE, "auc_average": "ovo", "segmentation": []}
    paths = written(tmp_path, {(0.2, 10): both})
    table = by_seed.tabulate(classification=paths, **given)
    assert set(table["task"]) == {"idh", "grade"}

"""The paper's tables: what was typed from it, and our rows beside."""

import numpy as np
import pandas as pd
import pytest
from test_overlap_groups import FIRST, OPTIONS, SECOND, overlap_table

import make_table
from glioma_uq.statistics.long_tables import long_table
from glioma_uq.statistics.overlap_groups import resample_groups
from glioma_uq.statistics.quoted_results import NAMES, PAPER, QUOTED, TABLES, paper_table

NETWORKS = ["umodule", "dmfnet"]


def overlap():
    tables = {FIRST: overlap_table(), SECOND: overlap_table(1)}
    placed = resample_groups(tables, **OPTIONS, rng=np.random.default_rng(0))
    return long_table(placed, ["group", "rule"], level=0.95, interval="percentile")


@pytest.mark.parametrize(
    ("table", "network", "printed"),
    [
        ("table_1", "DMFNet", (0.2720, 0.2316, 0)),
        ("table_1", PAPER, (0.4499, 0.4269, 0.0001)),
        ("table_2", "No New-Net", (0.2147, 0.2751, 0.0001)),
        ("table_2", PAPER, (0.3854, 0.3963, 0.0001)),
        ("table_3", "3D-ESPNet", (0.7370, 0.8830, 0.8140)),
        ("table_3", PAPER, (0.8182, 0.8975, 0.8405)),
    ],
)
def test_numbers_are_those_printed(table, network, printed):
    assert QUOTED[table][network] == printed


def test_the_text_agrees_with_what_the_paper_claims_of_its_tables():
    for table in ("table_1", "table_2"):
        dice = {network: values[0] for network, values in QUOTED[table].items()}
        assert max(dice, key=dice.get) == PAPER
    assert [len(rows) for rows in QUOTED.values()] == [4, 4, 9]
    et = {network: values[0] for network, values in QUOTED["table_3"].items()}
    assert round(et[PAPER] - et["DMFNet"], 4) == 0.0170


@pytest.mark.parametrize("name", TABLES)
def test_quoted_rows_come_first_and_have_no_interval(name):
    table = paper_table(name, overlap(), NETWORKS, "phantom")
    assert table["origin"].tolist() == ["quoted"] * len(QUOTED[name]) + ["measured"] * 4
    limits = [column for column in table if column.endswith(("_low", "_high"))]
    assert len(limits) == 6
    assert table[table["origin"] == "quoted"][limits].isna().all(axis=None)
    measured = table[table["origin"] == "measured"]
    assert measured[limits].notna().all(axis=None)
    assert measured["network"].tolist() == ["umodule"] * 2 + ["dmfnet"] * 2
    assert measured["rule"].tolist() == ["none", "et500"] * 2


def test_measured_rows_are_those_of_the_long_table(tmp_path):
    long = overlap()
    long.to_csv(tmp_path / "overlap.csv", index=False)
    outputs = {name: tmp_path / f"{name}.csv" for name in TABLES}
    given = {"overlap": tmp_path / "overlap.csv", "networks": NETWORKS, "cohort": "phantom"}
    for name, path in outputs.items():
        make_table.main(table=name, output=path, **given)

    def value(network, **names):
        mine = long[(long["network"] == network) & (long["rule"] == "none")]
        for column, name in names.items():
            mine = mine[mine[column] == name]
        return mine["value"].item()

    small, every = (pd.read_csv(outputs[name]) for name in ("table_2", "table_3"))
    row = small[(small["network"] == "dmfnet") & (small["rule"] == "none")].iloc[0]
    for measure in ("dice", "tpr", "fpr"):
        assert row[measure] == value("dmfnet", task="et", measure=measure, group="below_1000")
    assert (row["n"], row["cases"]) == (3, "phantom")
    row = every[(every["network"] == "umodule") & (every["rule"] == "none")].iloc[0]
    for region in ("et", "wt", "tc"):
        assert row[region] == value("umodule", task=region, measure="dice", group="all")
    assert every.columns[: len(NAMES)].tolist() == NAMES

"""Uncertainty by size of the enhancing tumour, and whether it finds what was missed."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from test_overlap_groups import (
    FIRST,
    INTERVALS,
    OPTIONS,
    SECOND,
    VOLUMES,
    overlap_table,
    write_cells,
)

import make_table
from glioma_uq.statistics.overlap_groups import in_group
from glioma_uq.statistics.size_uncertainty import (
    BASE,
    GROUPS,
    NO_HISTOGRAMS,
    SCORES,
    resample_by_size,
    size_measures,
    with_overlap,
)

N = len(VOLUMES)


def segmentation_table(seed=0, seeds=1, epistemic=True, scores=SCORES):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"case": [f"P-{i}" for i in range(N)] * seeds, "dice": 0.5})
    table["seed"] = np.repeat(np.arange(1, seeds + 1), N)
    for column in (*scores, "tumour_or_top_aleatoric"):
        table[column] = rng.uniform(0.1, 1, len(table))
    if not epistemic:
        table["tumour_or_top_epistemic"] = 0.0
    return table


def overlap_with(tpr):
    table = overlap_table()
    of_et = table["region"] == "et"
    return table.assign(tpr=table["tpr"].where(~of_et, table["case"].map(tpr)))


def missing_small():
    """Return a table of overlap whose ET below 1000 mm3 is missed, and empty ones have none."""
    tpr = {f"P-{i}": np.nan if v == 0 else 0.05 if v < 1000 else 0.6 for i, v in enumerate(VOLUMES)}
    return overlap_with(tpr)


def measured(table):
    found = size_measures(table, np.ones((1, len(table))))
    return {(task, name): (draws[0], n) for task, name, draws, n in found}


def voxel_table(cases):
    rows = [
        {"case": case, "fold": 1, "seed": 1, "histogram": histogram, "bin": b, "n": 10,
         "confidence": 9.0 if histogram == "brain" else np.nan, "right": 8}
        for case in cases for histogram in ("brain", "inside") for b in range(3)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_the_groups_are_those_of_overlap_and_the_large():
    volume = np.array(VOLUMES)
    assert volume[in_group(volume, "from_2000")].tolist() == [2000, 9000]
    assert volume[in_group(volume, "below_1000")].tolist() == [500, 700, 999]
    parts = sum(in_group(volume, group).sum() for group in ("from_2000", "below_2000", "empty"))
    assert parts == N


def test_the_auroc_of_missed_tumours_is_that_of_scikit_learn():
    table = with_overlap(segmentation_table(), missing_small())
    found = measured(table)
    known = table[table["et_tpr"].notna()]
    missed = known["et_tpr"] < 0.1
    assert found["et", "missed"] == (pytest.approx(missed.mean()), 7)
    area = {score: roc_auc_score(missed, known[score]) for score in SCORES}
    for score in SCORES:
        assert found["et", f"missed_auroc_{score}"] == (pytest.approx(area[score]), 7)
    gain = found["et", "missed_auroc_gain_rim_mass_mm3"][0]
    assert gain == pytest.approx(area["rim_mass_mm3"] - area[BASE])
    assert ("et", f"missed_auroc_gain_{BASE}") not in found


def test_uncertainty_that_is_the_loss_has_no_excess():
    table = with_overlap(segmentation_table(), missing_small())
    table["brain_predictive"] = 1 - table["et_dice"]
    found = measured(table)
    assert found["et", "excess_aurc_brain_predictive"][0] == pytest.approx(0, abs=1e-12)
    assert found["et", f"excess_aurc_{BASE}"][0] > 0


def test_the_epistemic_share_is_a_mean_of_shares_and_none_of_one_pass():
    table = with_overlap(segmentation_table(), missing_small())
    share = (table["tumour_or_top_epistemic"] / table[BASE]).mean()
    assert measured(table)["segmentation", "epistemic_share"] == (pytest.approx(share), N)
    once = with_overlap(segmentation_table(epistemic=False), missing_small())
    assert ("segmentation", "epistemic_share") not in measured(once)


def test_a_case_without_a_rim_is_the_most_uncertain_one():
    segmentation = segmentation_table()
    segmentation.loc[2, "rim_mass_mm3"] = np.nan
    table = with_overlap(segmentation, missing_small())
    assert table["rim_mass_mm3"][2] == segmentation["rim_mass_mm3"].max()
    assert measured(table)["et", "aurc_rim_mass_mm3"][1] == N


def test_a_network_without_reconstruction_has_no_rows_of_its_error():
    table = with_overlap(segmentation_table(scores=SCORES[:-1]), missing_small())
    names = {name for _, name in measured(table)}
    assert not any("reconstruction" in name for name in names)
    assert "missed_auroc_rim_mass_mm3" in names


def test_a_group_holds_its_cases_and_their_voxels():
    tables = {FIRST: segmentation_table()}, {FIRST: missing_small()}
    voxels = {FIRST: voxel_table([f"P-{i}" for i in range(N)])}
    placed = resample_by_size((*tables, voxels), **OPTIONS, rng=np.random.default_rng(0))
    n = {(result.place[0], result.measure): result.n for result in placed}
    assert [n[group, "dice"] for group in GROUPS] == [9, 2, 5, 3, 2]
    assert n["below_1000", "voxel_ece_brain"] == 3
    assert n["empty", f"missed_auroc_{BASE}"] == 0
    (ece,) = (r.replicates for r in placed if r.place == ("all",) and "ece" in r.measure)
    assert ece == pytest.approx(np.full(41, 0.1))


def test_the_step_says_why_there_is_no_calibration_and_compares_networks(tmp_path):
    cells = {FIRST: segmentation_table(), SECOND: segmentation_table(1)}
    given = {
        "segmentation": write_cells(tmp_path, "segmentation", cells),
        "overlap": write_cells(tmp_path, "overlap", dict.fromkeys(cells, missing_small())),
        "voxels": [], "seed": 1, "intervals": INTERVALS, "network": "dmfnet",
    }  # fmt: skip
    names = ("uncertainty_by_size", "uncertainty_by_size_differences")
    for name in names:
        make_table.main(table=name, output=tmp_path / f"{name}.csv", **given)
    long, differences = (pd.read_csv(tmp_path / f"{name}.csv") for name in names)
    unknown = long[long["measure"].str.startswith("voxel_ece")]
    assert len(unknown) == 2 * 2
    assert set(unknown["reason"]) == {NO_HISTOGRAMS}
    assert differences["network"].unique().tolist() == ["umodule"]

    def value(network):
        row = long[(long["network"] == network) & (long["measure"] == "epistemic")]
        return row[row["group"] == "below_2000"]["value"].item()

    row = differences[(differences["measure"] == "epistemic")].set_index("group")
    assert row.loc["below_2000", "value"] == pytest.approx(value("umodule") - value("dmfnet"))

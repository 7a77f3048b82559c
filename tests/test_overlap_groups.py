"""Overlap by groups of cases, and networks compared case by case."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata, wilcoxon

import make_table
from glioma_uq.errors import BadInput
from glioma_uq.predictions import Cell
from glioma_uq.statistics.long_tables import from_reference, long_table
from glioma_uq.statistics.overlap_groups import et_volumes, in_group, resample_groups
from glioma_uq.statistics.paired_tests import COLUMNS, FAMILY, OF_RULES, signed_rank
from glioma_uq.statistics.paired_tests import compare_networks as compare
from glioma_uq.statistics.rank_tests import holm

VOLUMES = [0, 0, 500, 700, 999, 1000, 1500, 2000, 9000]
OPTIONS = {"resamples": 40, "interval": "percentile"}
INTERVALS = OPTIONS | {"level": 0.95}
FIRST, SECOND = (Cell(network, 0.0, 1) for network in ("dmfnet", "umodule"))


def overlap_table(seed=0, better=0.0, seeds=1, volumes=VOLUMES):
    """Return a cell's table whose Dice is random, and higher by `better` without a rule."""
    rng = np.random.default_rng(seed)
    rows = [
        {
            "case": f"P-{i}", "source": "phantom", "fold": 1 + i % 2, "seed": s + 1,
            "region": region, "rule": rule, "fp": rng.integers(0, 40),
            "dice": rng.uniform(0.2, 0.5) + (better if rule == "none" else 0),
            "tpr": np.nan if region == "et" and volume == 0 else rng.uniform(0.2, 0.8),
            "fpr": rng.uniform(0, 1e-4), "fpr_in_brain": rng.uniform(0, 1e-3),
            "reference_volume_mm3": volume if region == "et" else 20000.0,
            "lesion_tp": 2, "lesion_fp": 1, "lesion_fn": 0, "lesion_dice": 0.7,
        }
        for s in range(seeds)
        for i, volume in enumerate(volumes)
        for region in ("et", "tc", "wt")
        for rule in ("none", "et500")
    ]  # fmt: skip
    return pd.DataFrame(rows)


def rng():
    return np.random.default_rng(0)


def only(table, **names):
    for name, value in names.items():
        table = table[table[name] == value]
    return table


def test_small_is_more_than_nothing_and_less_than_the_limit():
    volume = np.array(VOLUMES)
    members = {g: volume[in_group(volume, g)].tolist() for g in ("below_2000", "below_1000")}
    assert members == {"below_2000": [500, 700, 999, 1000, 1500], "below_1000": [500, 700, 999]}
    assert volume[in_group(volume, "empty")].tolist() == [0, 0]
    assert in_group(volume, "all").all()


def test_a_case_belongs_to_its_group_with_all_regions_and_seeds():
    table = overlap_table(seeds=2)
    found = long_table(
        resample_groups({FIRST: table}, **OPTIONS, rng=rng()), ["group", "rule"],
        level=0.95, interval="percentile",
    )  # fmt: skip
    small = table["case"].isin(["P-2", "P-3", "P-4"])
    for region in ("et", "wt", "tc"):
        row = only(found, task=region, measure="dice", group="below_1000", rule="et500").iloc[0]
        mine = only(table[small], region=region, rule="et500")
        assert row["value"] == pytest.approx(mine["dice"].mean())
        assert row["n"] == 3
    empty = only(found, task="et", measure="tpr", group="empty", rule="none").iloc[0]
    assert (empty["n"], empty["reason"] != "") == (0, True)
    assert only(found, task="et", measure="tpr", group="all", rule="none")["n"].item() == 7
    assert et_volumes(table).tolist() == VOLUMES


def test_a_resection_cavity_has_rows_of_its_own_and_changes_no_other():
    table = overlap_table()
    cavity = table[table["region"] == "tc"].assign(region="rc", dice=0.25)
    names = {"level": 0.95, "interval": "percentile"}
    plain, more = (
        long_table(resample_groups({FIRST: t}, **OPTIONS, rng=rng()), ["group", "rule"], **names)
        for t in (table, pd.concat([table, cavity], ignore_index=True))
    )
    mine = more["task"] == "rc"
    pd.testing.assert_frame_equal(more[~mine].reset_index(drop=True), plain, check_exact=True)
    assert only(more[mine], measure="dice", group="all")["value"].tolist() == [0.25, 0.25]


def test_a_difference_is_from_the_partner_at_the_same_cell():
    tables = {FIRST: overlap_table(), SECOND: overlap_table(better=0.2)}
    placed = resample_groups(tables, **OPTIONS, rng=rng())
    differences = from_reference(placed, network="dmfnet")
    assert len(differences) == len(placed) / 2
    for result in differences:
        group, rule = result.place
        if result.measure == "dice" and group == "all":
            expected = 0.2 if rule == "none" else 0
            assert result.replicates == pytest.approx(np.full(41, expected))


@pytest.mark.parametrize(
    ("differences", "expected"), [([], (np.nan, 0)), ([0, 0, 0], (1.0, 0)), ([1, 2, 3], (0.25, 3))]
)
def test_the_signed_rank_test_of_few_pairs(differences, expected):
    assert signed_rank(differences, np.zeros(len(differences))) == pytest.approx(
        expected, nan_ok=True
    )


def test_pairs_that_differ_by_rounding_alone_are_equal():
    """The same three seeds in another order: their means differ in the last digit."""
    one, other = (0.1 + 0.2 + 0.3) / 3, (0.3 + 0.2 + 0.1) / 3
    assert one != other
    assert signed_rank([one, 0.5, 0.6, 0.7], [other, 0.4, 0.4, 0.4]) == (0.25, 3)
    assert signed_rank([one], [other]) == (1.0, 0)
    assert signed_rank([1e-5 * one], [1e-5 * other]) == (1.0, 0)  # whatever the unit


def test_means_over_shuffled_seeds_are_equal_and_the_smallest_true_difference_is_not():
    rng = np.random.default_rng(0)
    seeds = rng.random((500, 30))
    sums = [[sum(row) / 30 for row in rows] for rows in (seeds, rng.permuted(seeds, axis=1))]
    assert (np.subtract(*sums) != 0).sum() > 100
    assert signed_rank(*sums) == (1.0, 0)
    dice = 2 * 150_000 / 400_001  # two masks of a whole tumour at 1 mm, and one voxel more
    assert signed_rank([dice], [2 * 150_000 / 400_002])[1] == 1


@pytest.mark.parametrize("n", [12, 200])
def test_without_rounding_the_test_is_that_of_scipy(n):
    one, other = np.random.default_rng(n).random((2, n))
    one[:3] = other[:3]
    found = signed_rank(one, other)
    p = wilcoxon((one - other)[3:]).pvalue
    assert found == (pytest.approx(p, rel=1e-12), n - 3)


def enumerated(differences):
    """Return p of the signed-rank test by all choices of the signs."""
    ranks = rankdata(np.abs(differences))
    sums = np.array(list(product([0, 1], repeat=len(ranks)))) @ ranks
    found = ranks[np.asarray(differences) > 0].sum()
    return min(1.0, 2 * min((sums <= found).mean(), (sums >= found).mean()))


@pytest.mark.parametrize("n", range(1, 13))
@pytest.mark.parametrize("largest", [2, 4, 1000])
def test_few_pairs_are_tested_exactly_with_ties_or_not(n, largest):
    rng = np.random.default_rng(n)
    differences = rng.integers(1, largest, n) * rng.choice([-1, 1], n, p=[0.2, 0.8])
    p, different = signed_rank(differences / 1000, np.zeros(n))
    assert (p, different) == (pytest.approx(enumerated(differences), rel=1e-12), n)


def test_equal_pairs_leave_the_test_of_the_others_exact():
    """14 of 19 pairs differ; the normal approximation, which scipy takes beside zeros, is .0092."""
    differences = np.r_[np.zeros(5), -4, -7, np.setdiff1d(np.arange(1, 15), [4, 7])]
    found = signed_rank(differences / 100, np.zeros(19))
    assert found == (pytest.approx(enumerated(differences[5:])), 14)
    assert found[0] == pytest.approx(0.00671, abs=5e-6)
    assert wilcoxon(differences).pvalue == pytest.approx(0.00918, abs=5e-6)


def test_magnitudes_that_differ_by_rounding_alone_are_tied():
    """Means over three seeds of counts: every difference is two thirds."""
    one, other = np.array([7, 4, 5, 100_004]) / 3, np.array([5, 2, 7, 100_002]) / 3
    assert len(set(np.abs(one - other))) > 1
    assert signed_rank(one, other) == (pytest.approx(enumerated([1, 1, -1, 1])), 4)


def test_the_tests_are_paired_by_case_over_seeds_and_corrected_in_their_family():
    volumes = np.linspace(0, 3000, 30).tolist()
    tables = {
        FIRST: overlap_table(1, seeds=2, volumes=volumes),
        SECOND: overlap_table(2, 0.05, seeds=2, volumes=volumes),
        Cell("other", 0.0, 1): overlap_table(3, seeds=2, volumes=volumes),
    }
    found = compare(tables, "dmfnet", **INTERVALS, rng=rng())
    assert found.columns.tolist() == COLUMNS
    row = only(found, network="umodule", task="et", group="all", rule="none", measure="dice")
    one, other = (
        only(tables[cell], region="et", rule="none").groupby("case")["dice"].mean()
        for cell in (SECOND, FIRST)
    )
    assert row["difference"].item() == pytest.approx((one - other).mean())
    assert row["p"].item() == pytest.approx(wilcoxon(one - other).pvalue, rel=1e-12)
    assert (row["n"].item(), row["n_different"].item()) == (30, 30)
    family = only(found, task="et", rule="none", measure="dice")
    assert len(family) == 2 * 4
    assert family["p_holm"].tolist() == pytest.approx(holm(family["p"]).tolist(), nan_ok=True)
    assert found.groupby(FAMILY)["network"].nunique().max() == 3  # of the rules: each network


def test_the_rule_is_compared_with_no_rule_within_a_network():
    found = compare({FIRST: overlap_table(better=0.1)}, "dmfnet", **INTERVALS, rng=rng())
    assert found["rule"].unique().tolist() == [OF_RULES]
    table = only(overlap_table(better=0.1), region="et").pivot(
        index="case", columns="rule", values="dice"
    )
    row = only(found, group="all", measure="dice").iloc[0]
    assert row["difference"] == pytest.approx((table["et500"] - table["none"]).mean())
    assert (found["network"] == found["reference"]).all()


def test_other_cases_and_a_missing_partner_are_refused():
    short = overlap_table().query("case != 'P-3'")
    with pytest.raises(BadInput, match="found P-3 in one of them only"):
        compare({FIRST: overlap_table(), SECOND: short}, "dmfnet", **INTERVALS, rng=rng())
    with pytest.raises(BadInput, match="expected the cell of dmfnet beside"):
        compare({SECOND: short}, "dmfnet", **INTERVALS, rng=rng())


def write_cells(folder, name, tables):
    paths = []
    for cell, table in tables.items():
        place = folder / cell.network / f"dropout-{cell.rate:.2f}" / f"passes-{cell.passes:03d}"
        place.mkdir(parents=True, exist_ok=True)
        table.to_csv(place / f"{name}.csv", index=False)
        paths.append(str(place / f"{name}.csv"))
    return paths


def lesion_table(cases=("P-2", "P-3")):
    """Return the lesions of a cell: one found, one missed and one false in each case."""
    rows = [
        {
            "case": case, "seed": 1, "fold": 1, "region": region, "rule": rule,
            "lesion": number, "volume_mm3": volume,
            "found": number == 1, "dice": 0.5 if number == 1 else 0.0, "score_mm3": score,
        }
        for case in cases
        for region in ("et", "tc", "wt")
        for rule in ("none", "et500")
        for number, volume, score in ((1, 800.0, 600.0), (2, 100.0, None), (None, 50.0, 50.0))
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_the_steps_write_their_tables(tmp_path):
    tables = {FIRST: overlap_table(), SECOND: overlap_table(1)}
    cells = write_cells(tmp_path, "overlap", tables)
    lesions = write_cells(tmp_path, "lesions", dict.fromkeys(tables, lesion_table()))
    paths = {n: tmp_path / f"{n}.csv" for n in ("overlap", "lesions", "froc", "overlap_tests")}
    given = {"overlap": cells, "lesions": lesions, "network": "dmfnet", "intervals": INTERVALS}
    for name, path in paths.items():
        make_table.main(table=name, output=path, seed=1, **given)
    found = {name: pd.read_csv(path) for name, path in paths.items()}
    assert found["overlap"].columns.tolist() == [
        "network", "rate", "passes", "task", "measure", "value", "low", "high", "n", "given",
        "group", "rule", "reason",
    ]  # fmt: skip
    assert len(found["overlap"]) == 2 * 3 * 2 * 4 * 5
    row = only(found["lesions"], network="dmfnet", task="et", rule="none", group="all")
    assert row.set_index("measure")["value"]["sensitivity"] == 0.5
    assert row["n_lesions"].unique().tolist() == [4]
    assert len(only(found["froc"], network="dmfnet", task="et", rule="none")) == 2
    assert len(found["overlap_tests"]) == 3 * 2 * 4 * 5 + 2 * 4 * 5

"""One tumour at several scales: every difference is within lesion groups."""

import numpy as np
import pandas as pd
import pytest
from test_overlap_groups import FIRST, INTERVALS, OPTIONS, SECOND, write_cells

import make_table
from glioma_uq.errors import BadInput
from glioma_uq.statistics.size_sensitivity import compare_sizes

SCALES = (1.0, 0.6, 0.3)
GROUPS = 6


def truth(groups=GROUPS):
    return pd.DataFrame(
        [{"case": f"P-{f}-{s}", "lesion_group": f"P-{f}", "scale": s} for f in range(groups)
         for s in SCALES]
    )  # fmt: skip


def table(better=0.0, empty=(), seeds=1):
    """Return a cell's overlap whose Dice is .5 scale + .01 group + `better`."""
    rows = [
        {
            "case": f"P-{f}-{scale}", "seed": s, "region": region, "rule": rule,
            "dice": 0.5 * scale + 0.01 * f + better, "tpr": scale,
            "reference_volume_mm3": 0 if (f, scale) in empty else 100 * scale,
        }
        for s in range(1, seeds + 1)
        for f in range(GROUPS)
        for scale in SCALES
        for region in ("et", "tc", "wt")
        for rule in ("none", "et500")
    ]  # fmt: skip
    return pd.DataFrame(rows)


def placed(tables, interval="percentile"):
    options = OPTIONS | {"interval": interval, "rng": np.random.default_rng(0)}
    found = compare_sizes(tables, truth(), "dmfnet", **options)
    return {(r.cell.network, r.task, r.measure, *r.place): r for r in found}


def test_a_scale_is_compared_with_the_largest_within_groups():
    found = placed({FIRST: table(seeds=2)})
    level = found["dmfnet", "et", "dice", "none", 0.6, ""]
    assert level.replicates[0] == pytest.approx(0.3 + 0.025)
    assert np.ptp(level.replicates) > 0
    smaller = found["dmfnet", "et", "dice", "none", 0.3, "scale 1"]
    assert smaller.replicates == pytest.approx(np.full(41, -0.35))
    assert (smaller.n, level.n) == (GROUPS, GROUPS)


def test_networks_are_compared_at_each_scale():
    found = placed({FIRST: table(), SECOND: table(better=0.1)}, "bca")
    for scale in SCALES:
        gain = found["umodule", "wt", "dice", "et500", scale, "dmfnet"]
        assert gain.replicates == pytest.approx(np.full(41, 0.1))
    assert len(gain.jackknife) == GROUPS


def test_a_family_without_the_region_at_some_scale_takes_no_part():
    found = placed({FIRST: table(empty={(2, 0.3)})})
    for scale in SCALES:
        assert found["dmfnet", "et", "tpr", "none", scale, ""].n == GROUPS - 1


def test_a_cohort_without_groups_is_refused():
    plain = truth().drop(columns="lesion_group")
    with pytest.raises(
        BadInput, match="expected the columns lesion_group and scale .* found no lesion_group;"
    ):
        compare_sizes(
            {FIRST: table()}, plain, "dmfnet", **OPTIONS, rng=np.random.default_rng(0)
        )  # fmt: skip


def test_the_step_writes_levels_and_differences(tmp_path):
    truth().to_csv(tmp_path / "truth.csv", index=False)
    cells = write_cells(tmp_path, "overlap", {FIRST: table(), SECOND: table(0.1)})
    make_table.main(
        table="size_sensitivity", overlap=cells, truth=tmp_path / "truth.csv", network="dmfnet",
        seed=1, intervals=INTERVALS, output=tmp_path / "size_sensitivity.csv",
    )  # fmt: skip
    found = pd.read_csv(tmp_path / "size_sensitivity.csv", keep_default_na=False)
    assert found["minus"].value_counts().to_dict() == {"": 48, "scale 1": 32, "dmfnet": 24}
    assert found["n"].unique().tolist() == [GROUPS]

"""Every value lies in its interval, and every limit in the range of its measure."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from test_measures import classification_table, segmentation_table
from test_overlap_groups import overlap_table

from glioma_uq.predictions import Cell
from glioma_uq.statistics.intervals import KINDS, interval
from glioma_uq.statistics.long_tables import from_reference, long_table, resample_measures
from glioma_uq.statistics.measures import classification_measures, segmentation_measures
from glioma_uq.statistics.overlap_groups import overlap_measures
from glioma_uq.statistics.ranges import EVERYTHING, range_of
from glioma_uq.statistics.size_uncertainty import SCORES

pytest.importorskip("hypothesis", reason="hypothesis is installed by `make test`")

from hypothesis import example, given, settings
from hypothesis import strategies as st

VALUES = st.floats(-1, 1).map(lambda x: round(x, 3))


def two_seeds(table):
    """Return the table of two seeds in two folds, the second seed with other predictions."""
    folds = table.assign(fold=1 + np.arange(len(table)) % 2)
    numbers = [c for c in table if c.endswith(("predictive", "aleatoric", "epistemic", "dice"))]
    return pd.concat(
        [folds.assign(seed=1), folds.assign(seed=2, **{c: 0.8 * folds[c] for c in numbers})],
        ignore_index=True,
    )


CELLS = [Cell("csnet", rate, 10) for rate in (0.2, 0.4)]
STUDIES = {
    "classification": (
        [classification_table(seed=seed) for seed in (0, 1)],
        partial(classification_measures, seed=1),
    ),
    "segmentation": (
        [segmentation_table(seed=seed).assign(tumour_volume_mm3=9.0 + np.arange(40), hd95_mm=4.0)
         for seed in (0, 1)],
        segmentation_measures,
    ),
    "overlap": ([overlap_table(seed) for seed in (0, 1)], partial(overlap_measures, region="et")),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seeds", [1, 2])
@pytest.mark.parametrize("name", STUDIES)
def test_limits_hold_the_value_and_stay_in_the_range_of_the_measure(name, seeds, kind):
    tables, measures = STUDIES[name]
    tables = [two_seeds(table) if seeds == 2 else table.assign(seed=1) for table in tables]
    results = resample_measures(
        dict(zip(CELLS, tables, strict=True)), measures, resamples=100, interval=kind,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    for found, span in ((results, 1), (from_reference(results, rate=0.2), 2)):
        table = long_table(found, level=0.95, interval=kind).dropna(subset=["low", "high"])
        assert len(table) > 0.7 * len(found)
        assert (table["low"] <= table["value"]).all()
        assert (table["value"] <= table["high"]).all()
        pairs = zip(table["measure"], table["task"], strict=True)
        least, most = np.array([range_of(*pair) for pair in pairs], dtype=float).T
        if span == 2:
            least, most = least - most, most - least
        assert (table["low"] >= np.minimum(least, table["value"])).all()
        assert (table["high"] <= most).all()
        below = table["low"] < least
        assert set(table["measure"][below]) <= {"ece_debiased"}


def test_every_measure_of_the_tables_has_its_range():
    names = {
        result.measure
        for tables, measures in STUDIES.values()
        for result in resample_measures(
            {CELLS[0]: tables[0]}, measures, resamples=2, interval="percentile",
            rng=np.random.default_rng(0),
        )
    }  # fmt: skip
    names |= {f"{name}_{score}" for score in SCORES for name in ("aurc", "missed_auroc")}
    names |= {"voxel_ece_brain", "sensitivity_at_0.5_false", "lesion_dice_with_false", "true_ece"}
    assert [name for name in names if range_of(name) == EVERYTHING] == []
    assert len(names) > 60
    assert range_of("predictive", "grade") == (0, np.log(3))
    assert range_of("predictive_tumour", "segmentation") == (0, np.inf)
    assert all(range_of(part) == (0, np.inf) for part in ("epistemic", "aleatoric_error"))


@settings(max_examples=150, deadline=None)
@example(0.0, [0.0, 0.0, 1.0], [0.0] * 5, "expanded", 1, False, [0] * 5)  # t of 18
@given(
    value=VALUES,
    resampled=st.lists(VALUES, min_size=3, max_size=30),
    jackknife=st.lists(VALUES, min_size=5, max_size=5),
    kind=st.sampled_from(KINDS),
    n=st.integers(1, 9),
    is_inflated=st.booleans(),
    strata=st.sampled_from([[0] * 5, [0, 0, 0, 1, 1], [0, 1, 1, 2, 2]]),
)
def test_any_replicates_give_an_interval_around_the_value_in_the_range(
    value, resampled, jackknife, kind, n, is_inflated, strata
):
    found, low, high, reason = interval(
        np.array([value, *resampled]), 0.95, kind, np.array(jackknife), n,
        strata=np.array(strata), bounds=(-1, 1), is_inflated=is_inflated,
    )  # fmt: skip
    assert found == value
    assert np.isnan([low, high]).all() if reason else -1 <= low <= value <= high <= 1

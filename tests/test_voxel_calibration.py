"""Histograms of voxels say what the voxels say."""

import numpy as np
import pandas as pd
import pytest

from glioma_uq.sampling.voxel_histograms import (
    COLUMNS,
    case_histograms,
    confidence_histogram,
    histogram_rows,
    probability_histogram,
)
from glioma_uq.statistics.bootstrap import resample_weights
from glioma_uq.statistics.calibration import ece
from glioma_uq.statistics.measures import voxel_measures
from glioma_uq.statistics.voxel_calibration import counts_by_case, voxel_ece


def volume(seed, decimals=8):
    rng = np.random.default_rng(seed)
    probability = rng.beta(0.4, 0.6, size=(6, 7, 8)).round(decimals)
    return probability, rng.random((6, 7, 8)) < probability**2, rng.random((6, 7, 8)) < 0.7


def counted(p, truth, region, **options):
    """Return the histogram of two classes, of which the more probable is predicted."""
    return confidence_histogram(p, p > 0.5, truth, region, **options)


def stacked(histograms):
    return [np.stack(part) for part in zip(*(h.values() for h in histograms), strict=True)]


@pytest.mark.parametrize("decimals", [1, 8])
def test_pooled_histograms_give_the_ece_of_all_voxels(decimals):
    cases = [volume(seed, decimals) for seed in range(4)]
    counts = stacked(counted(*case) for case in cases)
    p = np.concatenate([p[region] for p, _, region in cases])
    labels = np.concatenate([truth[region] for _, truth, region in cases]).astype(int)
    expected = ece(np.column_stack([1 - p, p]), labels, np.ones((1, len(p))))
    assert voxel_ece(*counts, np.ones((1, 4))) == pytest.approx(expected, abs=1e-12)


def test_histograms_add_up():
    p, truth, region = volume(0)
    left = region & (np.indices(region.shape)[0] < 3)
    whole = counted(p, truth, region)
    parts = [counted(p, truth, part) for part in (left, region & ~left)]
    for total, one, other in zip(*(h.values() for h in (whole, *parts)), strict=True):
        assert total == pytest.approx(one + other)
    assert whole["n"].sum() == region.sum()


def test_certain_voxels_lie_in_the_last_bin_and_an_empty_region_in_none():
    p = np.array([0.0, 1.0, 1.0])
    found = counted(p, np.array([False, True, False]), np.ones(3, dtype=bool))
    assert found["n"][-1] == 3
    assert found["right"][-1] == 2
    nothing = counted(p, p > 0, np.zeros(3, dtype=bool))
    assert nothing["n"].sum() == 0
    assert np.isnan(voxel_ece(*(part[None] for part in nothing.values()), np.ones((1, 1))))


def test_background_may_be_predicted_where_the_tumours_classes_are_together_more_probable():
    """.4 against .3 and .3: background is right with a confidence of .4."""
    found = confidence_histogram(
        np.array([0.6]), np.array([False]), np.array([False]), np.array([True]), bins=10
    )
    assert found["n"].tolist() == found["right"].tolist() == [0, 0, 0, 1, *[0] * 6]
    assert found["confidence"].sum() == pytest.approx(0.4)


def test_probabilities_are_counted_from_zero_to_one():
    p = np.array([0.0, 0.24, 0.25, 0.99, 1.0])
    counts = probability_histogram(p, np.ones(5, dtype=bool), bins=4)
    assert counts.tolist() == [2, 1, 0, 2]


def test_a_case_counts_every_voxel_inside_or_outside_its_tumour():
    p, truth, region = volume(0)
    found = case_histograms(p, p > 0.5, truth, {"brain": region, "dilated": region & (p > 0.5)})
    rows = pd.DataFrame(histogram_rows([{"case": "a", "passes": 2, **h} for h in found]))
    assert rows.columns.tolist() == COLUMNS
    n = rows.groupby("histogram")["n"].sum()
    assert (n["inside"], n["outside"], n["brain"]) == (truth.sum(), (~truth).sum(), region.sum())
    assert rows.groupby("histogram")["bin"].count().to_dict() == {
        "brain": 15, "dilated": 15, "inside": 100, "outside": 100,
    }  # fmt: skip
    assert rows.loc[rows["histogram"] == "outside", "confidence"].isna().all()


def test_the_table_of_a_cell_is_resampled_by_case():
    cases, rng = [volume(seed) for seed in range(5)], np.random.default_rng(0)
    counts = [counted(*case, bins=10) for case in cases]
    rows = [
        {"case": f"P-{i}", "seed": 1, "histogram": "brain", "bin": b,
         **{name: values[b] for name, values in c.items()}}
        for i, c in enumerate(counts) for b in range(10)
    ]  # fmt: skip
    rows.append({"case": "P-0", "seed": 1, "histogram": "inside", "bin": 0, "n": 1})
    table = pd.DataFrame(rows).sample(frac=1, random_state=1).reset_index(drop=True)
    drawn = np.vstack([np.ones(5), resample_weights(5, 6, rng)])
    table = counts_by_case(table)
    assert len(table) == 5
    by_row = drawn[:, table["case"].str[-1].astype(int)]
    [(task, measure, draws, n)] = voxel_measures(table, by_row)
    assert (task, measure, n) == ("segmentation", "voxel_ece_brain", 5)
    assert draws == pytest.approx(voxel_ece(*stacked(counts), drawn))

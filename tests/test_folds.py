"""Folds: every case is tested once, nobody is in two splits, strata are dealt evenly."""

import numpy as np
import pandas as pd
import pytest

from glioma_uq.errors import BadInput
from glioma_uq.folds import assign_folds, cases_of


@pytest.fixture
def cases():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "case": [f"P{i:03d}" for i in range(103)],
            "source": rng.choice(["A", "B"], 103),
            "idh": rng.choice([-1, 0, 1], 103),
            "1p19q": 0,
            "grade": rng.choice([2, 3, 4], 103),
        }
    )


@pytest.mark.parametrize("number", [2, 5])
def test_every_case_is_tested_in_exactly_one_fold(cases, number):
    folds = assign_folds(cases, number, 0.2, seed=1)
    assert len(folds) == number * len(cases)
    assert (folds[folds["split"] == "test"]["case"].value_counts() == 1).all()
    assert set(folds[folds["split"] == "test"]["case"]) == set(cases["case"])


def test_a_case_has_one_split_in_each_fold(cases):
    folds = assign_folds(cases, 5, 0.2, seed=1)
    assert not folds.duplicated(["case", "fold"]).any()
    splits = [set(cases_of(folds, 1, split)) for split in ("training", "validation", "test")]
    assert sum(map(len, splits)) == len(set.union(*splits)) == len(cases)


def test_folds_and_strata_are_even(cases):
    folds = assign_folds(cases, 5, 0.2, seed=1).merge(cases, on="case")
    tested = folds[folds["split"] == "test"]
    assert tested["fold"].value_counts().agg(["min", "max"]).tolist() == [20, 21]
    for column in ("grade", "idh", "source"):
        table = pd.crosstab(tested["fold"], tested[column])
        assert (table.max() - table.min()).max() <= 4
    shares = folds[folds["split"] != "test"].groupby("fold")["split"].value_counts(normalize=True)
    assert shares.xs("validation", level="split").between(0.19, 0.21).all()


def test_the_seed_decides_and_the_order_of_rows_within_it_is_kept(cases):
    same = assign_folds(cases, 3, 0.2, seed=1)
    pd.testing.assert_frame_equal(same, assign_folds(cases, 3, 0.2, seed=1))
    assert not same.equals(assign_folds(cases, 3, 0.2, seed=2))


def test_too_few_cases_are_refused(cases):
    with pytest.raises(BadInput, match="expected at least 15 cases for 5 folds, found 9"):
        assign_folds(cases.head(9), 5, 0.2, seed=1)

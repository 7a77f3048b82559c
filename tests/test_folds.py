"""Folds: every case is tested once, no patient is in two splits, strata are spread evenly."""

import re

import numpy as np
import pandas as pd
import pytest
from manifest import write_case, write_manifest

import assign_folds as step
from glioma_uq.errors import BadInput
from glioma_uq.folds import (
    ABOVE,
    assign_folds,
    assign_test_folds,
    cases_of,
    evenly_spread,
    size_strata,
    with_et_size,
)
from glioma_uq.split_sizes import check_enough
from glioma_uq.volumes import Manifest


@pytest.fixture
def cases():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "case": [f"P{i:03d}" for i in range(103)],
            "patient": [f"P{i:03d}" for i in range(103)],
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
    with pytest.raises(BadInput, match="expected at least 15 patients for 5 folds, found 9"):
        assign_folds(cases.head(9), 5, 0.2, seed=1)


# The share that validates


@pytest.mark.parametrize("share", [*np.arange(1, 11) / 20, 1 / 3, 0.29])
def test_a_share_is_exact_to_within_one_whatever_the_number_and_wherever(share):
    for n in range(10, 201):
        chosen = evenly_spread(n, share, ABOVE)
        assert abs(chosen.sum() - n * share) < 1
        assert chosen[0]
        runs = np.convolve(chosen, np.ones(10), "valid")
        assert np.all(abs(runs - 10 * share) < 1 + 1e-9)


@pytest.mark.parametrize("k", [2, 3, 4, 5, 7, 10, 20])
def test_a_share_of_one_in_k_is_every_kth_case(k):
    for n in range(1, 201):
        assert np.flatnonzero(evenly_spread(n, 1 / k, ABOVE)).tolist() == list(range(0, n, k))


@pytest.mark.parametrize("share", [0.05, 0.1, 0.3, 0.4, 0.45, 0.5])
def test_each_stratum_validates_the_same_share(cases, share):
    folds = assign_folds(cases, 5, share, seed=1).merge(cases, on="case")
    rest = folds[folds["split"] != "test"]
    groups = rest["split"].eq("validation").groupby([rest["fold"], rest["grade"]])
    assert ((groups.sum() - share * groups.size()).abs() < 1).all()


def test_without_validation_all_other_cases_train(cases):
    folds = assign_folds(cases, 5, 0, seed=1)
    assert folds["split"].value_counts().to_dict() == {"training": 4 * 103, "test": 103}


# A holdout


def test_a_holdout_tests_its_share_once_and_the_others_never(cases):
    folds = assign_folds(cases, 1, 0.2, seed=1, test_share=0.2)
    assert folds["case"].tolist() == cases["case"].tolist()
    assert folds["split"].value_counts().to_dict() == {
        "training": 65, "validation": 17, "test": 21,
    }  # fmt: skip
    table = pd.crosstab(folds["split"], cases["grade"], normalize="columns")
    assert (table.loc["test"] - 0.2).abs().max() < 0.05


@pytest.mark.parametrize("share", [0.05, 0.2, 0.29, 0.5])
def test_a_holdout_tests_its_share_to_within_half_a_case(share):
    for n in range(3, 120):
        assert abs(assign_test_folds(n, 1, share).sum() - n * share) <= 0.5 + 1e-6


def test_too_small_a_holdout_is_refused(cases):
    sentence = "expected at least 15 patients for a holdout with a test share of 0.2, found 14"
    with pytest.raises(BadInput, match=sentence):
        assign_folds(cases.head(14), 1, 0.2, seed=1, test_share=0.2)
    assert len(assign_folds(cases.head(15), 1, 0.2, seed=1, test_share=0.2)) == 15


# Several cases of a patient


def repeated(cases, times=4):
    """Return each case several times, as cases of one patient."""
    rows = [cases.assign(case=cases["case"] + f"_{i}") for i in range(times)]
    return pd.concat(rows).sort_values("case", ignore_index=True)


@pytest.mark.parametrize("options", [{"number": 5}, {"number": 1, "test_share": 0.3}])
def test_no_patient_is_in_two_splits(cases, options):
    table = repeated(cases)
    folds = assign_folds(table, validation_share=0.2, seed=1, **options)
    assert folds["case"].tolist() == table["case"].tolist() * options["number"]
    splits = folds.assign(patient=folds["case"].str[:4]).groupby(["fold", "patient"])["split"]
    assert (splits.nunique() == 1).all()
    assert (splits.size() == 4).all()


def test_a_patients_cases_are_assigned_as_the_first_would_be(cases):
    together = assign_folds(repeated(cases), 5, 0.2, seed=1)
    alone = assign_folds(cases, 5, 0.2, seed=1)
    assert together["split"][::4].tolist() == alone["split"].tolist()


def test_too_few_patients_are_refused_however_many_cases_they_have(cases):
    with pytest.raises(BadInput, match="expected at least 15 patients for 5 folds, found 9"):
        assign_folds(repeated(cases.head(9)), 5, 0.2, seed=1)


# Size of the enhancing tumour


def test_size_strata_are_tertiles_beside_none_and_unknown():
    assert size_strata([0, 50, 900, np.nan, 10, 0]).tolist() == [0, 2, 3, -1, 1, 0]
    counts = np.bincount(size_strata(np.random.default_rng(0).uniform(1, 9, 100)))
    assert counts.tolist() == [0, 34, 33, 33]
    assert size_strata([0.0, 0.0]).tolist() == [0, 0]


def test_a_patient_has_one_stratum_by_the_largest_case():
    table = pd.DataFrame({"case": list("abcd"), "patient": list("ppqr")})
    volumes = {"a": 500, "b": 0, "c": 20, "d": np.nan}
    assert with_et_size(table, volumes)["et_size"].tolist() == [2, 2, 1, -1]


def test_no_enhancing_tumour_at_all_is_refused(cases):
    with pytest.raises(BadInput, match="found none in 103 cases: leave it out of folds"):
        with_et_size(cases, dict.fromkeys(cases["case"], 0.0))


def test_the_step_stratifies_by_the_size_in_the_segmentations(cases, tmp_path):
    """30 cases with 0, 1 .. 14 voxels of 8 mm3 of ET, each twice; one without a segmentation."""
    table = cases.head(31).assign(grade=2)
    for i, case in enumerate(table["case"]):
        labels = np.ones((4, 4, 4), np.uint8)
        labels.flat[: i // 2] = 3
        segmentation = labels if i < 30 else None
        write_case(tmp_path, case, np.diag([2, 2, 2, 1]), segmentation=segmentation)
    manifest = Manifest(write_manifest(tmp_path, **table.to_dict("list")))
    assert manifest.volume_mm3(table["case"].iloc[7], "et") == 3 * 8
    assert np.isnan(manifest.volume_mm3(table["case"].iloc[30], "et"))
    step.main(
        volumes=manifest.path, number=2, validation_share=0.2, seed=1, strata=["et_size", "grade"],
        output=tmp_path / "folds.csv",
    )  # fmt: skip
    folds = pd.read_csv(tmp_path / "folds.csv")
    volumes = np.append(np.arange(30) // 2 * 8.0, np.nan)
    strata = dict(zip(table["case"], size_strata(volumes), strict=True))
    tested = folds[folds["split"] == "test"]
    counts = pd.crosstab(tested["case"].map(strata), tested["fold"])
    assert counts.index.tolist() == [-1, 0, 1, 2, 3]
    assert (counts.max(axis=1) - counts.min(axis=1)).max() <= 1


@pytest.mark.parametrize("n", range(1, 40))
@pytest.mark.parametrize(
    ("number", "test_share"), [(2, None), (5, None), (9, None), (1, 0.2), (1, 0.1), (1, 0.07)]
)
def test_what_a_refusal_advises_can_be_followed(n, number, test_share):
    """The number of folds or the share that it names is accepted; where none is, it says so."""
    try:
        check_enough(n, number, test_share, "in labels.csv")
    except BadInput as refused:
        text = str(refused)
        if n < 6:
            assert text.endswith("add patients, every split needs 6.")
            for split in ((2, None), (1, 0.5)):
                with pytest.raises(BadInput):
                    check_enough(n, *split, "in labels.csv")
        elif test_share is None:
            advised = int(re.search(r"folds.number to at most (\d+)", text)[1])
            assert advised >= 2
            check_enough(n, advised, None, "in labels.csv")
        else:
            advised = float(re.search(r"test_share to at least (0\.\d+)", text)[1])
            assert advised <= 0.5
            check_enough(n, 1, advised, "in labels.csv")
    else:
        assert n >= (3 * number if test_share is None else 3 / test_share - 1e-6)

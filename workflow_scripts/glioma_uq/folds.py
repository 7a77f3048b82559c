"""Training, validation and test cases of each fold: by patient, stratified, seeded."""

import numpy as np
import pandas as pd

from glioma_uq.errors import BadInput
from glioma_uq.plurals import counted
from glioma_uq.split_sizes import check_enough

STRATA = ["grade", "idh", "1p19q", "source"]
SPLITS = ("training", "validation", "test")
ET_SIZE = "et_size"  # the stratum of enhancing tumour (ET) size
# Offsets for `evenly_spread`, which round the number of cases to the nearest, or up. The 1e-9
# allows for shares such as 0.1, which are not exact in binary.
NEAREST, ABOVE = 0.5 + 1e-9, 1 - 1e-9


def assignment_order(cases, rng, strata=STRATA):
    """Return the rows shuffled and then sorted by stratum: assigning them in turn then
    gives each fold the same share of each stratum, to within one case."""
    shuffled = cases.iloc[rng.permutation(len(cases))]
    return shuffled.sort_values(list(strata), kind="stable")


def size_strata(volumes):
    """Return the stratum of each volume in mm3: its tertile 1-3, 0 if empty, -1 if unknown (NaN).

    Tertiles are of the volumes above 0.
    """
    volumes = np.asarray(volumes, float)
    strata = np.where(np.isnan(volumes), -1, 0)
    some = np.flatnonzero(volumes > 0)
    ranks = np.argsort(np.argsort(volumes[some], kind="stable"), kind="stable")
    strata[some] = 1 + 3 * ranks // max(len(some), 1)
    return strata


def with_et_size(cases, et_mm3):
    """Return the table with the column `et_size`, the stratum of each case's ET.

    Args:
        cases: one row for each case, with `case` and `patient`.
        et_mm3: {case: volume of its ET in mm3}, NaN without a reference segmentation.

    Raises:
        BadInput: no case has ET.
    """
    largest = cases["case"].map(et_mm3).groupby(cases["patient"]).max()
    if not (largest > 0).any():
        raise BadInput(
            f"expected enhancing tumour in some segmentation to stratify by {ET_SIZE}, found none "
            f"in {counted(len(cases), 'case')}: leave it out of folds.stratify_by."
        )
    strata = dict(zip(largest.index, size_strata(largest), strict=True))
    return cases.assign(**{ET_SIZE: cases["patient"].map(strata)})


def assign_folds(cases, number, validation_share, seed, *, strata=STRATA, test_share=None):
    """Return case, fold, split: each case is in the test set of one fold only.

    Args:
        cases: one row for each case: case, patient and the columns of `strata`. All cases of a
            patient are in one split; the first gives the strata.
        number: number of folds.
        validation_share: share of each fold's other cases on which the best weights are selected,
            0 for none.
        seed: integer.
        strata: columns to stratify by; the first is balanced the most exactly.
        test_share: for a single holdout test set of this share; then `number` is 1.

    Raises:
        BadInput: there are too few patients for so many folds, or for so small a test share.
    """
    patients = cases.drop_duplicates("patient")
    check_enough(len(patients), number, test_share, "that can take part")
    rng = np.random.default_rng(seed)
    ordered = assignment_order(patients, rng, strata)
    test_fold = assign_test_folds(len(ordered), number, test_share)
    folds = []
    for fold in range(1, number + 1):
        rest = assignment_order(ordered[test_fold != fold], rng, strata)["patient"]
        validates = evenly_spread(len(rest), validation_share, ABOVE)
        split_of = dict.fromkeys(rest, "training")
        split_of |= dict.fromkeys(rest[validates], "validation")
        split_of |= dict.fromkeys(ordered["patient"][test_fold == fold], "test")
        splits = cases["patient"].map(split_of)
        folds.append(pd.DataFrame({"case": cases["case"], "fold": fold, "split": splits}))
    return pd.concat(folds, ignore_index=True)


def assign_test_folds(n, number, test_share=None):
    """Return the fold [n] in which each of `n` ordered cases is tested: 1 to `number` in turn.

    In a holdout, 1 for round(n * test_share) evenly spread cases, and 0 for the others.
    """
    if test_share is None:
        return np.arange(n) % number + 1
    return evenly_spread(n, test_share, NEAREST).astype(int)


def evenly_spread(n, share, start):
    """Return the mask [n] of a share of `n` ordered cases, exact in any run of them to within one.

    It holds floor(i * share + start) of the first i cases. A share of 1 / k with `ABOVE`
    gives every k-th case, starting with the first.
    """
    return np.diff(np.floor(np.arange(n + 1) * share + start)) > 0


def cases_of(folds, fold, split):
    """Return the ids of one fold's `training`, `validation` or `test` cases, in table order."""
    return folds.query("fold == @fold and split == @split")["case"].tolist()


def check_splits(folds, cases):
    """Raise BadInput unless each case has one split in each fold.

    `folds` has the columns case, fold, split; `cases` are the ids of the cohort's cases.
    """
    invalid = folds.loc[~folds["split"].isin(SPLITS), "split"]
    if len(invalid):
        raise BadInput(
            f"expected the splits {', '.join(SPLITS)} in folds.csv, found {invalid.iloc[0]!r}, "
            "remove the file and run again"
        )
    twice = folds[folds.duplicated(["case", "fold"], keep=False)]
    if len(twice):
        first = twice.iloc[0]
        rows = twice[(twice["case"] == first["case"]) & (twice["fold"] == first["fold"])]
        raise BadInput(
            f"expected each case in one split of a fold, found {first['case']} in "
            f"{' and '.join(rows['split'])} of fold {first['fold']} in folds.csv, remove the file "
            "and run again"
        )
    lost = sorted(set(folds["case"]) - set(cases))
    if lost:
        raise BadInput(
            f"expected the cohort's cases in folds.csv, found {lost[0]}, which is not in "
            "volumes.csv, remove the file and run again"
        )

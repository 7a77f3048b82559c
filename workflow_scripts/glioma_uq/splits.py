"""The table of folds as it is read again: nobody is in two splits, and everybody is somebody."""

from glioma_uq.errors import BadInput

SPLITS = ("training", "validation", "test")


def check_splits(folds, cases):
    """Raise BadInput unless each case has one split in each fold.

    Args:
        folds: table of case, fold, split.
        cases: ids of the cohort's cases.
    """
    strange = folds.loc[~folds["split"].isin(SPLITS), "split"]
    if len(strange):
        raise BadInput(
            f"expected the splits {', '.join(SPLITS)} in folds.csv, found {strange.iloc[0]!r}, "
            "remove the file and let it be assigned again"
        )
    twice = folds[folds.duplicated(["case", "fold"], keep=False)]
    if len(twice):
        first = twice.iloc[0]
        rows = twice[(twice["case"] == first["case"]) & (twice["fold"] == first["fold"])]
        raise BadInput(
            f"expected each case in one split of a fold, found {first['case']} in "
            f"{' and '.join(rows['split'])} of fold {first['fold']} in folds.csv, remove the file "
            "and let it be assigned again"
        )
    lost = sorted(set(folds["case"]) - set(cases))
    if lost:
        raise BadInput(
            f"expected the cohort's cases in folds.csv, found {lost[0]}, who is not in "
            "volumes.csv, remove the file and let it be assigned again"
        )

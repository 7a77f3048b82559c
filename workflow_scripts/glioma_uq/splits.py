"""Checks of the table of folds when it is read: one split for each case of the cohort."""

from glioma_uq.errors import BadInput

SPLITS = ("training", "validation", "test")


def check_splits(folds, cases):
    """Raise BadInput unless each case has one split in each fold.

    Args:
        folds: table of case, fold, split.
        cases: ids of the cohort's cases.
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

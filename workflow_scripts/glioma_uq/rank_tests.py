"""Is the doubt about wrong cases larger than about right ones: Mann-Whitney U with Holm."""

import numpy as np
import pandas as pd
from scipy.stats import mannwhitneyu

from glioma_uq.predictions import cell_of, known_rows
from glioma_uq.tables import read_table
from glioma_uq.tasks import TASKS

COLUMNS = ["network", "rate", "passes", "task", "n_right", "n_wrong", "u", "p", "p_holm", "auroc"]


def compare(right, wrong):
    """Return (u, p, auroc): does uncertainty differ between `right` and `wrong` cases?

    U counts the pairs in which the wrong case is the more uncertain one, ties half; p is
    two-sided (Mann and Whitney 1947): exact without ties when a side has at most 8 cases,
    otherwise normal with corrections for ties and continuity. auroc = U / (n_right n_wrong).
    All NaN when a side is empty.
    """
    if len(right) == 0 or len(wrong) == 0:
        return np.nan, np.nan, np.nan
    u, p = mannwhitneyu(wrong, right, alternative="two-sided", method="auto")
    return float(u), float(p), float(u) / (len(right) * len(wrong))


def holm(p):
    """Return Holm's step-down adjustment of the p values of one family; NaN ones do not count.

    Sorted p_(1) <= ... <= p_(m): adjusted p_(i) = max over j <= i of min(1, (m - j + 1) p_(j)).
    """
    p = np.asarray(p, dtype=float)
    order = np.argsort(p, kind="stable")[: np.count_nonzero(~np.isnan(p))]
    steps = np.arange(len(order), 0, -1) * p[order]
    adjusted = np.full(len(p), np.nan)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted


def one_row_per_case(table):
    """Return `table` with the numbers of a case's seeds averaged, so that rows are independent."""
    if table["case"].is_unique:
        return table
    return table.groupby("case", as_index=False).mean(numeric_only=True)


def classification_groups(table, task):
    """Return the predictive uncertainty of the cases that `task` gets right, and of the wrong."""
    known, labels, probabilities = known_rows(one_row_per_case(table), task)
    uncertainty = known[f"{task}_predictive"].to_numpy(dtype=float)
    is_right = probabilities.argmax(axis=1) == labels
    return uncertainty[is_right], uncertainty[~is_right]


def segmentation_groups(table, dice_threshold):
    """Return the tumour's predictive uncertainty of cases with Dice > threshold, and <= it.

    Cases without reference or with an empty predicted tumour take no part.
    """
    known = one_row_per_case(table).dropna(subset=["dice", "tumour_predictive"])
    uncertainty = known["tumour_predictive"].to_numpy(dtype=float)
    is_right = known["dice"].to_numpy() > dice_threshold
    return uncertainty[is_right], uncertainty[~is_right]


def compare_cells(classification, segmentation, *, dice_threshold):
    """Return the table of rank tests of the cells at the given paths.

    A family, within which Holm's correction holds, is all tasks of one cell. Rows are
    sorted by network, rate and passes; columns are `COLUMNS`.
    """
    groups = {}
    for path in classification:
        table = read_table(path)
        groups[cell_of(path)] = {task: classification_groups(table, task) for task in TASKS}
    for path in segmentation:
        pair = segmentation_groups(read_table(path), dice_threshold)
        groups.setdefault(cell_of(path), {})["segmentation"] = pair
    rows = [row for cell in sorted(groups) for row in _family(cell, groups[cell])]
    return pd.DataFrame(rows, columns=COLUMNS)


def _family(cell, groups):
    """Return the rows of one cell: one test for each task, corrected together."""
    tests = [compare(right, wrong) for right, wrong in groups.values()]
    corrected = holm([p for _, p, _ in tests])
    return [
        (
            cell.network,
            f"{cell.rate:.2f}",
            cell.passes,
            task,
            len(right),
            len(wrong),
            u,
            p,
            p_holm,
            auroc,
        )
        for (task, (right, wrong)), (u, p, auroc), p_holm in zip(
            groups.items(), tests, corrected, strict=True
        )
    ]

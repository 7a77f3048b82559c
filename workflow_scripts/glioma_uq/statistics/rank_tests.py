"""Are wrong cases more uncertain than right ones? Mann-Whitney U with Holm's correction."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import mannwhitneyu

from glioma_uq.predictions import cell_of, known_rows
from glioma_uq.statistics.bootstrap import draw_resamples
from glioma_uq.statistics.discrimination import error_auroc
from glioma_uq.statistics.intervals import interval as interval_of
from glioma_uq.tables import read_table
from glioma_uq.tasks import TASKS

COLUMNS = ["network", "rate", "passes", "task", "n_right", "n_wrong", "u", "p", "p_holm",
           "auroc", "auroc_low", "auroc_high",
           "rank_biserial", "rank_biserial_low", "rank_biserial_high", "reason"]  # fmt: skip


class CaseUncertainty(NamedTuple):
    """The uncertainty [N] of the `cases` [N] of one test, and which of them are wrong [N]."""

    cases: np.ndarray
    uncertainty: np.ndarray
    is_wrong: np.ndarray


def compare(right, wrong):
    """Return (u, p, auroc): does uncertainty differ between `right` and `wrong` cases?

    U counts the pairs in which the wrong case is more uncertain, ties as half; p is
    two-sided (Mann and Whitney 1947): exact without ties if a group has at most 8 cases,
    otherwise normal with corrections for ties and continuity. auroc = U / (n_right n_wrong).
    All NaN if a group is empty.
    """
    if len(right) == 0 or len(wrong) == 0:
        return np.nan, np.nan, np.nan
    u, p = mannwhitneyu(wrong, right, alternative="two-sided", method="auto")
    return float(u), float(p), float(u) / (len(right) * len(wrong))


def holm(p):
    """Return Holm's step-down adjustment of the p values of one family; NaNs are ignored.

    Sorted p_(1) <= ... <= p_(m): adjusted p_(i) = max over j <= i of min(1, (m - j + 1) p_(j)).
    """
    p = np.asarray(p, dtype=float)
    order = np.argsort(p, kind="stable")[: np.count_nonzero(~np.isnan(p))]
    steps = np.arange(len(order), 0, -1) * p[order]
    adjusted = np.full(len(p), np.nan)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted


def one_row_per_case(table):
    """Return `table` averaged over the seeds of each case, so that rows are independent."""
    if table["case"].is_unique:
        return table
    return table.groupby("case", as_index=False).mean(numeric_only=True)


def classification_uncertainty(table, task):
    """Return the `CaseUncertainty` of one task: predictive uncertainty, wrong = wrong class."""
    known, labels, probabilities = known_rows(one_row_per_case(table), task)
    uncertainty = known[f"{task}_predictive"].to_numpy(dtype=float)
    is_wrong = probabilities.argmax(axis=1) != labels
    return CaseUncertainty(known["case"].to_numpy(str), uncertainty, is_wrong)


def segmentation_uncertainty(table, dice_threshold):
    """Return the `CaseUncertainty` of the predicted tumours, wrong = Dice <= threshold.

    Cases without reference or with an empty predicted tumour are left out.
    """
    known = one_row_per_case(table).dropna(subset=["dice", "tumour_predictive"])
    uncertainty = known["tumour_predictive"].to_numpy(dtype=float)
    is_wrong = known["dice"].to_numpy() <= dice_threshold
    return CaseUncertainty(known["case"].to_numpy(str), uncertainty, is_wrong)


def compare_cells(
    classification,
    segmentation,
    *,
    dice_threshold,
    resamples=0,
    level=0.95,
    interval="percentile",
    rng=None,
):
    """Return the table of rank tests of the cells at the given paths.

    A family of tests, within which Holm's correction holds, is all tasks of one cell. Rows are
    sorted by network, rate and passes; columns are `COLUMNS`. The intervals of the effect
    sizes are from `resamples` of cases that `rng` draws; 0 gives none, and `reason` says so.
    """
    tables, groups = [], {}
    for path in classification:
        tables.append(read_table(path))
        of_tasks = {task: classification_uncertainty(tables[-1], task) for task in TASKS}
        groups[cell_of(path)] = of_tasks
    for path in segmentation:
        tables.append(read_table(path))
        group = segmentation_uncertainty(tables[-1], dice_threshold)
        groups.setdefault(cell_of(path), {})["segmentation"] = group

    drawn = draw_resamples([t[["case"]] for t in tables], resamples, rng) if resamples else None

    def effect(group):
        return effect_interval(group, drawn, level, interval)

    rows = [row for cell in sorted(groups) for row in _family(cell, groups[cell], effect)]
    return pd.DataFrame(rows, columns=COLUMNS)


def effect_interval(group, resamples, level=0.95, kind="percentile"):
    """Return (low, high, reason) of the AUROC of a `CaseUncertainty`; `resamples` may be None."""
    if resamples is None:
        return np.nan, np.nan, "no resamples were requested"
    cases = pd.DataFrame({"case": group.cases})
    both = [resamples.of(cases), resamples.without_one(cases)]
    replicates, jackknife = (error_auroc(group.uncertainty, group.is_wrong, w) for w in both)
    return interval_of(replicates, level, kind, jackknife, len(group.cases))[1:]


def rank_biserial(auroc):
    """Return 2 auroc - 1: the share of pairs in which the wrong case is more uncertain
    minus the share in which it is less uncertain, from -1 to 1.
    """
    return 2 * auroc - 1


def _family(cell, groups, effect):
    """Return the rows of one cell: one test for each task, corrected together."""
    tests = [
        compare(g.uncertainty[~g.is_wrong], g.uncertainty[g.is_wrong]) for g in groups.values()
    ]
    corrected = holm([p for _, p, _ in tests])
    rows = []
    for (task, group), (u, p, auroc), p_holm in zip(groups.items(), tests, corrected, strict=True):
        n_wrong = int(group.is_wrong.sum())
        low, high, reason = effect(group)
        name = (cell.network, f"{cell.rate:.2f}", cell.passes, task)
        sizes = (auroc, low, high)
        test = (len(group.cases) - n_wrong, n_wrong, u, p, p_holm)
        rows.append((*name, *test, *sizes, *map(rank_biserial, sizes), reason))
    return rows

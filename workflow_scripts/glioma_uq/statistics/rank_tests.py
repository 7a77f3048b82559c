"""Are wrong cases more uncertain than right ones? Mann-Whitney U with Holm's correction."""

import numpy as np
import pandas as pd
from scipy.stats import mannwhitneyu

from glioma_uq.grid import format_cell
from glioma_uq.statistics.bootstrap import draw_resamples
from glioma_uq.statistics.discrimination import error_auroc
from glioma_uq.statistics.intervals import interval as interval_of
from glioma_uq.statistics.long_tables import CELL, THESE_NETWORKS, read_cells
from glioma_uq.statistics.risk_coverage import classification_risk, segmentation_risk
from glioma_uq.tasks import TASKS

COLUMNS = [*CELL, "task", "n_right", "n_wrong", "u", "p", "p_holm",
           "auroc", "auroc_low", "auroc_high",
           "rank_biserial", "rank_biserial_low", "rank_biserial_high",
           "given", "reason"]  # fmt: skip


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


def judged_cases(table, task, dice_threshold):
    """Return (rows, uncertainty, is_wrong) of a cell's cases, for a task or the segmentation.

    A case is wrong if its class is, or if its Dice is at most `dice_threshold`; cases without
    reference or with an empty predicted tumour are left out.
    """
    table = one_row_per_case(table)
    if task != "segmentation":
        return classification_risk(table, task)
    known, uncertainty, _ = segmentation_risk(table, "tumour_predictive")
    return known, uncertainty, (known["dice"] <= dice_threshold).to_numpy()


def compare_cells(classification, segmentation, *, dice_threshold, resamples, level, interval, rng):
    """Return the table of rank tests of the cells at the given paths.

    A family of tests, within which Holm's correction holds, is all tasks of one cell. Rows are
    sorted by network, rate and passes; columns are `COLUMNS`. The intervals of the effect sizes
    are from `resamples` of cases, and given the networks, whose values are averaged.
    """
    groups = [(read_cells(classification), TASKS), (read_cells(segmentation), ["segmentation"])]
    tables = [(cell, table[["case"]]) for cells, _ in groups for cell, table in cells.items()]
    drawn = draw_resamples(tables, resamples, rng)
    tests = [
        (cell, task, *judged_cases(table, task, dice_threshold))
        for cells, tasks in groups
        for cell, table in cells.items()
        for task in tasks
    ]
    rows = []
    for cell, task, known, uncertainty, is_wrong in sorted(tests, key=lambda test: test[0]):
        u, p, auroc = compare(uncertainty[~is_wrong], uncertainty[is_wrong])
        low, high, reason = effect_interval(known, uncertainty, is_wrong, drawn, level, interval)
        rank_biserial = (2 * effect - 1 for effect in (auroc, low, high))
        name = (*format_cell(cell), task, (~is_wrong).sum(), is_wrong.sum())
        rows.append((*name, u, p, auroc, low, high, *rank_biserial, THESE_NETWORKS, reason))
    table = pd.DataFrame(rows, columns=[name for name in COLUMNS if name != "p_holm"])
    table["p_holm"] = table.groupby(CELL)["p"].transform(holm)
    return table[COLUMNS]


def effect_interval(rows, uncertainty, is_wrong, resamples, level=0.95, kind="percentile"):
    """Return (low, high, reason) of the AUROC of `uncertainty` [N] for `is_wrong` [N] of `rows`."""
    both = [drawn.of_cases(rows) for drawn in (resamples, resamples.left_out())]
    replicates, jackknife = (error_auroc(uncertainty, is_wrong, weights) for weights in both)
    return interval_of(replicates, level, kind, jackknife, len(rows), bounds=(0, 1))[1:]

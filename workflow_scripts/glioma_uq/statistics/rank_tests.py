"""Are wrong cases more uncertain than right ones? Mann-Whitney U with Holm's correction."""

import numpy as np
import pandas as pd
from scipy.special import ndtr
from scipy.stats import mannwhitneyu, rankdata

from glioma_uq.grid import format_cell
from glioma_uq.statistics.bootstrap import draw_resamples
from glioma_uq.statistics.discrimination import error_auroc
from glioma_uq.statistics.intervals import interval as interval_of
from glioma_uq.statistics.long_tables import CELL, THESE_NETWORKS, read_cells
from glioma_uq.statistics.measures import labelled_tasks
from glioma_uq.statistics.patients import count_cases, patients_of
from glioma_uq.statistics.risk_coverage import classification_risk, segmentation_risk

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


def compare_patients(uncertainty, is_wrong, patients):
    """Return (u, p, auroc) of `compare` for cases [N] of which a patient may have several.

    A patient's cases are alike, whether right or wrong, so that p then is of the same U under
    permutations that exchange the right and wrong of whole patients with equally many cases (in
    the order of their rows), as of Rosner, Glynn and Lee (2003): normal, with the permutations'
    mean and variance (Hoeffding 1951) and a correction for continuity. With one case of each
    patient this is the Mann-Whitney test. NaN if nothing can be exchanged.
    """
    u, p, auroc = compare(uncertainty[~is_wrong], uncertainty[is_wrong])
    if patients.is_unique or np.isnan(u):
        return u, p, auroc
    ranks, mean, variance = rankdata(uncertainty), 0.0, 0.0
    rows = pd.Series(np.arange(len(patients))).groupby(patients.to_numpy()).agg(list)
    for _, of_size in rows.groupby(rows.map(len)):
        places = np.stack(of_size.to_numpy())  # [patients, cases]
        sums = ranks[places] @ is_wrong[places].T.astype(float)  # ranks of one, errors of another
        mean += sums.mean() * len(sums)
        apart = sums - sums.mean(axis=0) - sums.mean(axis=1)[:, None] + sums.mean()
        variance += (apart**2).sum() / max(len(sums) - 1, 1)
    if np.isclose(variance, 0):
        return u, np.nan, auroc
    distance = max(abs(ranks[is_wrong].sum() - mean) - 0.5, 0)
    return u, float(2 * ndtr(-distance / np.sqrt(variance))), auroc


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
    """Return `table` averaged over the seeds of each case, with case and patient as text."""
    if table["case"].is_unique:
        return table
    who = [*table.filter(items=["case", "patient"])]
    return table.groupby(who, as_index=False).mean(numeric_only=True)


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
    are from `resamples` of patients, and given the networks, whose values are averaged. A task
    without known labels has no row.
    """
    tables = [(*item, labelled_tasks(item[1])) for item in read_cells(classification).items()]
    tables += [(*item, ["segmentation"]) for item in read_cells(segmentation).items()]
    who = [(cell, table.filter(items=["case", "patient"])) for cell, table, _ in tables]
    drawn = draw_resamples(who, resamples, rng)
    tests = [
        (cell, task, *judged_cases(table, task, dice_threshold))
        for cell, table, tasks in tables
        for task in tasks
    ]
    rows = []
    for cell, task, known, uncertainty, is_wrong in sorted(tests, key=lambda test: test[0]):
        u, p, auroc = compare_patients(uncertainty, is_wrong, patients_of(known))
        low, high, reason = effect_interval(known, uncertainty, is_wrong, drawn, level, interval)
        rank_biserial = (2 * effect - 1 for effect in (auroc, low, high))
        name = (*format_cell(cell), task, (~is_wrong).sum(), is_wrong.sum())
        rows.append((*name, u, p, auroc, low, high, *rank_biserial, THESE_NETWORKS, reason))
    table = pd.DataFrame(rows, columns=[name for name in COLUMNS if name != "p_holm"])
    table["p_holm"] = table.groupby(CELL)["p"].transform(holm)
    return table[COLUMNS]


def effect_interval(rows, uncertainty, is_wrong, resamples, level=0.95, kind="percentile"):
    """Return (low, high, reason) of the AUROC of `uncertainty` [N] for `is_wrong` [N] of `rows`."""
    both = [drawn.of_patients(rows) for drawn in (resamples, resamples.left_out())]
    replicates, jackknife = (error_auroc(uncertainty, is_wrong, weights) for weights in both)
    return interval_of(replicates, level, kind, jackknife, count_cases(rows), bounds=(0, 1))[1:]

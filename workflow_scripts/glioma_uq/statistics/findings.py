"""The paper's claims beside our results: each a statistic with an interval, and a verdict by rule.

A claim says in which range a statistic of the study lies. It is `seen` if the statistic's
whole interval lies in the range, `not seen` if the interval lies outside it, and `undecided at
this n` if the interval crosses its border. A claim that cannot be tested on the study's grid is
`undecided`, and `reason` says why.
"""

from functools import partial

import numpy as np
import pandas as pd

from glioma_uq.statistics.claims import claims
from glioma_uq.statistics.discrimination import error_auroc
from glioma_uq.statistics.grid_statistics import SEGMENTATION, CannotJudge, Grid
from glioma_uq.statistics.intervals import CORRECTED
from glioma_uq.statistics.intervals import interval as interval_of
from glioma_uq.statistics.long_tables import measure_known, resample_measures
from glioma_uq.statistics.measures import key_measures, segmentation_measures
from glioma_uq.tasks import TASKS

COLUMNS = ["claim", "task", "theirs", "ours", "low", "high", "verdict", "n", "how", "reason"]
MEASURES = ("ece", "ece_debiased", "nll", "auc")


def judge(claim, draws, jackknife, *, level, interval):
    """Return the row `COLUMNS` of a claim, from a `Grid` of replicates and of the jackknife."""
    n = number_of_cases(draws, claim.task)
    kind = claim.kind or interval
    try:
        left = claim.statistic(jackknife) if kind in CORRECTED else None
        ours, low, high, reason = interval_of(claim.statistic(draws), level, kind, left, n)
    except CannotJudge as missing:
        ours, low, high, reason = np.nan, np.nan, np.nan, str(missing)
    verdict = "undecided" if reason else verdict_of(low, high, claim.range)
    name = (claim.claim, claim.task, claim.theirs)
    return (*name, ours, low, high, verdict, n, claim.how, reason)


def number_of_cases(grid, task):
    """Return the number of cases behind a task's measures at the selected cell; 0 without any."""
    tasks = TASKS if task == "all" else [task]
    return max((n for (of, _), n in grid.n_of.items() if of in tasks), default=0)


def verdict_of(low, high, allowed):
    """Return the verdict of an interval on a claim's range (lowest, highest)."""
    least, greatest = allowed
    if least <= low and high <= greatest:
        return "seen"
    return "not seen" if high < least or greatest < low else "undecided at this n"


def segmentation_findings(table, weights, dice_threshold):
    """Yield the measures of a cell's segmentation and error_auroc; a low Dice counts as wrong."""
    yield from segmentation_measures(table, weights)

    def low_dice_auroc(predictive, dice, mine):
        return error_auroc(predictive, dice <= dice_threshold, mine)

    known = table["tumour_predictive"], table["dice"]
    yield measure_known(table, weights, SEGMENTATION, "error_auroc", low_dice_auroc, *known)


def findings_table(classification, segmentation, *, rate, passes, ece, auc_average,
                   dice_threshold, tolerance, resamples, level, interval, rng_of):  # fmt: skip
    """Return the table of findings, columns `COLUMNS`.

    Args:
        classification, segmentation: {cell: table} of one network, for the selected T at all
            rates and the selected rate at all T.
        rate, passes: the selected cell.
        ece: a `measures.Ece`.
        rng_of: function without arguments that returns the generator of the study's resamples.
    """
    of_classes = partial(key_measures, ece=ece, auc_average=auc_average, names=MEASURES)
    of_regions = partial(segmentation_findings, dice_threshold=dice_threshold)
    drawn = []
    for tables, measures in ((classification, of_classes), (segmentation, of_regions)):
        if tables:
            drawn += resample_measures(
                tables, measures, resamples=resamples, interval=interval, rng=rng_of()
            )
    grids = [Grid(drawn, rate, passes, part) for part in ("replicates", "jackknife")]
    rows = [judge(claim, *grids, level=level, interval=interval) for claim in claims(tolerance)]
    return pd.DataFrame(rows, columns=COLUMNS)

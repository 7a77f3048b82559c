"""The paper's claims beside our results: each a statistic with an interval, and a verdict by rule.

A claim says in which range a statistic of the study lies. It is `seen` if the statistic's
whole interval lies in the range, `not seen` if the interval lies outside it, and `undecided at
this n` if the interval crosses its border. A claim that cannot be tested by the study is
`undecided`, and `reason` says why: cells are missing, or it compares dropout rates, and with one
seed of training a difference between networks may be that of their seeds.

`python benchmarks/claims.py` simulates how often a verdict is wrong.
"""

from functools import partial

import numpy as np
import pandas as pd
from scipy.special import ndtri

from glioma_uq.statistics.calibration import true_ece_limits
from glioma_uq.statistics.claims import claims
from glioma_uq.statistics.discrimination import error_auroc
from glioma_uq.statistics.grid_statistics import SEGMENTATION, CannotJudge, Grid
from glioma_uq.statistics.intervals import interval as interval_of
from glioma_uq.statistics.long_tables import (
    THESE_NETWORKS,
    given_networks,
    measure_known,
    resample_measures,
)
from glioma_uq.statistics.measures import key_measures, known_cases, segmentation_measures
from glioma_uq.statistics.patients import patients_of
from glioma_uq.statistics.ranges import EVERYTHING
from glioma_uq.tasks import TASKS

COLUMNS = [
    "claim", "task", "theirs", "least", "greatest", "ours", "low", "high", "verdict", "n", "given",
    "could_see", "note", "how", "reason",
]  # fmt: skip
MEASURES = ("ece", "nll", "auc")
ONE_SEED = "given these networks: one seed of training"
# The intervals of verdicts, whatever those of other tables: with limits at .95, up to 4.4 % of
# verdicts on 64 cases were wrong on one side in benchmarks/claims.py, and 2.5 % may be.
INTERVAL, LEVEL = "expanded", 0.98
NO_TEST = "no test of such a claim errs in at most 2.5 % of studies"


def judge(claim, draws, jackknife, given):
    """Return the row `COLUMNS` of a claim, from a `Grid` of replicates and of the jackknife.

    `given`: {whether rates are compared: whether results hold for these networks only}, see
    `long_tables.given_networks`.
    """
    n, note, width = number_of_cases(draws, claim.task), "", np.nan
    try:
        ours, low, high, reason, n, width = limits(claim, draws, jackknife)
        note = in_words(claim.best(draws)) if claim.best else ""
    except CannotJudge as missing:
        ours, low, high, reason = np.nan, np.nan, np.nan, str(missing)
    if not reason:
        reason = ONE_SEED if claim.over_rates and given[True] else claim.unjudged
    verdict = "undecided" if reason else verdict_of(low, high, claim.range)
    of_these = THESE_NETWORKS if given[claim.over_rates] or claim.of == "limits" else ""
    names = (claim.claim, claim.task, claim.theirs, *shown_range(claim.range))
    visible = could_see(width, names[-2:], claim.bounds)
    found = (ours, low, high, verdict, n, of_these, "" if reason else visible)
    return (*names, *found, note, claim.how, reason)


def shown_range(allowed):
    """Return a range with NaN for no limit, and with 0 for the numbers next to it."""
    return [np.nan if np.isinf(limit) else float(np.round(limit, 9)) + 0.0 for limit in allowed]


def could_see(width, allowed, bounds=EVERYTHING):
    """Return which true values four of five such studies would call seen, as text.

    Those farther than (z_.99 + z_.8) standard errors from the border, if the interval has
    2 z_.99 standard errors; a true value lies between `bounds`.
    """
    margin = width * (1 + ndtri(0.8) / ndtri((1 + LEVEL) / 2)) / 2
    least, greatest = allowed[0] + margin, allowed[1] - margin
    if np.isnan(margin) or least > greatest or greatest < bounds[0] or least > bounds[1]:
        return "nothing"
    texts = [f"{words} {limit:z.2g}" for words, limit in (("from", least), ("to", greatest))
             if not np.isnan(limit)]  # fmt: skip
    return " ".join(texts)


def limits(claim, draws, jackknife):
    """Return (value, low, high, reason, n, width) of a claim's statistic.

    The least of K contrasts is above a limit if each is (an intersection-union test, whose level
    is that of one contrast), and below it if any is, with limits by Bonferroni for K contrasts. So
    each side of the interval errs in at most (1 - LEVEL) / 2. The same with sides exchanged for the
    greatest. `n` is the number of cases, `width` that of `uncut_width`.
    """
    if claim.of == "limits":
        found = np.clip(claim.statistic(draws), *claim.bounds).tolist()
        return *found, "", number_of_cases(draws, claim.task), uncut_width(*found, claim.bounds)
    if claim.of == "share":
        return claim.statistic(draws), np.nan, np.nan, NO_TEST, draws.n_used(), np.nan
    draws.n_used()
    contrasts = np.atleast_2d(claim.statistic(draws))
    left = np.atleast_2d(claim.statistic(jackknife))
    n = draws.n_used() or number_of_cases(draws, claim.task)
    strata = draws.strata_of.get(tasks_of(claim.task)[0])
    bounds = claim.bounds if len(contrasts) == 1 else EVERYTHING
    single, joint = (
        [
            interval_of(values, at, INTERVAL, without, n, strata=strata, bounds=bounds)
            for values, without in zip(contrasts, left, strict=True)
        ]
        for at in (LEVEL, 1 - (1 - LEVEL) / len(contrasts))
    )
    reason = next((r for *_, r in (*single, *joint) if r), "")
    if reason:
        return np.nan, np.nan, np.nan, reason, n, np.nan
    least = claim.of != "greatest"
    extreme, (lows, highs) = (min, (single, joint)) if least else (max, (joint, single))
    value = extreme(value for value, *_ in single)
    ends = extreme(low for _, low, _, _ in lows), extreme(high for *_, high, _ in highs)
    low, high = np.clip(ends, *claim.bounds).tolist()
    return value, low, high, reason, n, uncut_width(value, low, high, claim.bounds)


def uncut_width(value, low, high, bounds):
    """Return the width of an interval, twice the other side where one is cut at its bound."""
    is_cut = np.array([low <= bounds[0], high >= bounds[1]])
    sides = np.array([value - low, high - value])[~is_cut]
    return 2 * float(sides.mean()) if len(sides) else np.nan


def in_words(shares):
    """Return {rate: share of resamples} as text, the most frequent first.

    >>> in_words({0.2: 0.3, 0.25: 0.7, 0.3: 0.0})
    'best at p = 0.25 in 70 % of the resamples, at 0.20 in 30 %'
    """
    found = sorted((-share, rate) for rate, share in shares.items() if share >= 0.005)
    texts = [f"{rate:.2f} in {-100 * share:.0f} %" for share, rate in found]
    first = [f"best at p = {text} of the resamples" for text in texts[:1]]
    return ", at ".join([*first, *texts[1:]])


def number_of_cases(grid, task):
    """Return the number of cases behind a task's measures at the selected cell; 0 without any."""
    return max((n for (of, _), n in grid.n_of.items() if of in tasks_of(task)), default=0)


def tasks_of(task):
    """Return the tasks that a claim's task stands for."""
    return list(TASKS) if task == "all" else [task]


def verdict_of(low, high, allowed):
    """Return the verdict of an interval on a claim's range (lowest, highest)."""
    least, greatest = allowed
    if least <= low and high <= greatest:
        return "seen"
    return "not seen" if high < least or greatest < low else "undecided at this n"


def calibration_limits(table, ece, rng_of):
    """Return {(task, "true_ece"): `calibration.true_ece_limits`} of a cell's classification.

    Every task has the same random numbers, so that its limits do not depend on other tasks.
    """
    found = {}
    for task in TASKS:
        known, labels, probabilities, *_ = known_cases(table, np.ones((1, len(table))), task)
        found[task, "true_ece"] = true_ece_limits(
            probabilities,
            labels,
            patients_of(known),
            rng_of(),
            LEVEL,
            **ece._asdict(),
            seeds=known.get("seed"),
        )
    return found


def segmentation_findings(table, weights, dice_threshold):
    """Yield the measures of a cell's segmentation and error_auroc; a low Dice counts as wrong."""
    yield from segmentation_measures(table, weights)

    def low_dice_auroc(predictive, dice, mine):
        return error_auroc(predictive, dice <= dice_threshold, mine)

    known = table["tumour_predictive"], table["dice"]
    yield measure_known(table, weights, SEGMENTATION, "error_auroc", low_dice_auroc, *known)


def findings_table(classification, segmentation, *, rate, passes, ece, auc_average,
                   dice_threshold, tolerance, resamples, rng_of):  # fmt: skip
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
                tables, measures, resamples=resamples, interval=INTERVAL, rng=rng_of()
            )
    grids = [Grid(drawn, rate, passes, part) for part in ("replicates", "jackknife")]
    for cell, table in classification.items():
        if cell[1:] == (rate, passes):
            grids[0].limits = calibration_limits(table, ece, rng_of)
    given = {
        over_rates: any(
            given_networks({c: t for c, t in tables.items() if over_rates or c.rate == rate})
            for tables in (classification, segmentation)
        )
        for over_rates in (False, True)
    }
    rows = [judge(claim, *grids, given) for claim in claims(tolerance)]
    return pd.DataFrame(rows, columns=COLUMNS)

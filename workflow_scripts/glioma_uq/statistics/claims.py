"""The claims of the paper's abstract and results, each as a range in which a statistic must lie."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from glioma_uq.statistics import grid_statistics as over
from glioma_uq.statistics.grid_statistics import SEGMENTATION, uncertainty
from glioma_uq.statistics.ranges import EVERYTHING, POSITIVE, SHARE, SIGNED, range_of
from glioma_uq.tasks import TASKS

EVERYWHERE = (SEGMENTATION, *TASKS)
ABOVE_ZERO = (np.nextafter(0, 1), np.inf)
BELOW_ZERO = (-np.inf, -np.nextafter(0, 1))
LOWEST_ECE = {"idh": 0.25, "1p19q": 0.2, "grade": 0.25}
RHO = {"brain": (-0.1, 0.2), "tumour": (-0.55, -0.15)}
# ASSUME: "well calibrated" in the abstract means a calibration error of at most .05.
WELL_CALIBRATED = 0.05
# Not from the paper but from the published predictions of the network it builds upon, which has
# no Monte Carlo dropout (van der Voort et al. 2023).
AUC = {"idh": 0.90, "1p19q": 0.85, "grade": 0.81}
# ASSUME: AUCs of another cohort and network agree if they differ by at most .1.
SAME_AUC = 0.1
NOT_THEIRS = "for comparison only: the paper prints no AUC"


class Claim(NamedTuple):
    """One claim; its first three fields are texts of the table's columns."""

    claim: str
    task: str
    theirs: str
    range: tuple  # the lowest and the highest value that the claim allows
    # From a `Grid` to [B], or to contrasts [K, B] of which all must lie in the range; for `limits`,
    # to (value, low, high) themselves; for `share`, which has no verdict, to a share of resamples.
    statistic: Callable
    how: str  # the rule in one sentence
    of: str = "value"  # value | least | greatest of the contrasts | limits | share
    bounds: tuple = EVERYTHING  # the lowest and the highest value that the statistic can have
    over_rates: bool = False  # compares networks of several rates, so that one seed cannot tell
    unjudged: str = ""  # why it has no verdict
    best: Callable | None = None  # from a `Grid` to {rate: share of resamples where it is best}


def claims(tolerance=0.01):
    """Return the claims, in the paper's order; `tolerance` says when uncertainty has settled."""
    of_uncertainty = [*settling(tolerance), *rising_uncertainty(), *dominating_uncertainty()]
    return [*of_uncertainty, *calibration(), *segmentation(), *discrimination()]


def settling(tolerance):
    """Yield: uncertainty settles with 20 to 30 samples, and p matters more than T."""
    how = (
        "Largest relative change of mean predictive, aleatoric and epistemic uncertainty from a T "
        "of 30 (or the last one before) or more to the largest T, at the selected rate: below "
        f"{tolerance:.0%}. Of classification, without the bias of few passes."
    )
    for task in EVERYWHERE:
        statistic = partial(over.changes_after, task=task)
        claim, allowed = "uncertainty settles with 20 to 30 samples", (-np.inf, tolerance)
        yield Claim(
            claim, task, f"< {tolerance:g}", allowed, statistic, how, of="greatest", bounds=POSITIVE
        )
    how = (
        "Rise of the mean predictive uncertainty from the lowest to the highest rate, minus its "
        "change, up or down, from the smallest to the largest T: above 0."
    )
    claim = "the dropout rate matters more than the number of samples"
    for task in EVERYWHERE:
        statistic = partial(over.rise_beyond_passes, task=task)
        yield Claim(claim, task, "p > T", ABOVE_ZERO, statistic, how, of="least", over_rates=True)


def rising_uncertainty():
    """Yield: which uncertainties rise with the dropout rate, and where the epistemic one peaks."""
    rising = [(task, part) for part in ("predictive", "aleatoric") for task in EVERYWHERE]
    for task, part in [*rising, (SEGMENTATION, "epistemic")]:
        claim = f"{part} uncertainty rises with the dropout rate"
        statistic = partial(over.slope, task=task, measure=uncertainty(task, part))
        how = "Slope of the mean over the rates at the selected T, in nats per unit of p: above 0."
        yield Claim(claim, task, "rises", ABOVE_ZERO, statistic, how, over_rates=True)
    for task in TASKS:
        yield _peak(task, 0.55)


def dominating_uncertainty():
    """Yield: which component is larger in segmentation and in classification."""
    for task in EVERYWHERE:
        parts = ("epistemic", "aleatoric") if task == SEGMENTATION else ("aleatoric", "epistemic")
        where = "segmentation" if task == SEGMENTATION else "classification"
        claim = f"{parts[0]} uncertainty dominates {where}"
        statistic = partial(over.dominance, task=task, greater=parts[0], smaller=parts[1])
        how = f"Mean {parts[0]} minus mean {parts[1]} uncertainty at the selected cell: above 0."
        most = range_of("predictive", task)[1]
        yield Claim(
            claim, task, " > ".join(parts), ABOVE_ZERO, statistic, how, bounds=(-most, most)
        )


def calibration():
    """Yield: the ECE is small; its best rate; the trends of NLL and AUC with p; the best rate."""
    for task in TASKS:
        statistic = partial(over.Grid.limits_at, task=task, measure="true_ece")
        how = (
            f"ECE without the part of chance, at the selected cell: at most {WELL_CALIBRATED:g}. "
            "Its limits invert tests: no true ECE beyond one is likely to give such an ECE."
        )
        claim, allowed = "uncertainty is well calibrated when tuned", (-np.inf, WELL_CALIBRATED)
        theirs = f"≤ {WELL_CALIBRATED:g}"
        yield Claim(claim, task, theirs, allowed, statistic, how, of="limits", bounds=SHARE)
    for task, rate in LOWEST_ECE.items():
        yield _lowest_ece("the calibration error is lowest", (task,), rate)
    trends = {"nll": ("the negative log likelihood", "rises", "above", ABOVE_ZERO),
              "auc": ("the ROC-AUC", "falls", "below", BELOW_ZERO)}  # fmt: skip
    for measure, (name, goes, side, allowed) in trends.items():
        for task in TASKS:
            statistic = partial(over.slope, task=task, measure=measure)
            how = f"Slope over the rates at the selected T: {side} 0."
            claim = f"{name} {goes} with the dropout rate"
            yield Claim(claim, task, goes, allowed, statistic, how, over_rates=True)
    yield _lowest_ece("the mean calibration error is lowest", tuple(TASKS), 0.25)


def segmentation():
    """Yield: the correlation of uncertainty with Dice, and the effect of the rate on Dice."""
    for region, (low, high) in RHO.items():
        claim = f"correlation of uncertainty with Dice, {region}"
        how = f"Pearson's rho at the selected cell: between {low:g} and {high:g}."
        statistic = partial(over.Grid.at, task=SEGMENTATION, measure=f"rho_{region}")
        yield Claim(
            claim, SEGMENTATION, f"{low:g} to {high:g}", (low, high), statistic, how, bounds=SIGNED
        )
    claim = "the correlation is stronger in the predicted tumour than in the brain"
    how = "Rho of the predicted tumour minus rho of the brain at the selected cell: below 0."
    yield Claim(
        claim, SEGMENTATION, "tumour < brain", BELOW_ZERO, over.rho_difference, how, bounds=(-2, 2)
    )
    claim = "Dice at p = 0.6 is below that at moderate rates"
    how = "Mean Dice at 0.6 minus the mean Dice at 0.2, 0.25 and 0.3: below 0."
    statistic = over.dice_at_high_rate
    yield Claim(
        claim, SEGMENTATION, "lower", BELOW_ZERO, statistic, how, over_rates=True, bounds=SIGNED
    )


def discrimination():
    """Yield: wrong cases are more uncertain, and the AUCs of the network built upon."""
    how = "AUROC of predictive uncertainty for wrong predictions at the selected cell: above 0.5."
    for task in EVERYWHERE:
        claim = "wrong predictions are more uncertain than right ones"
        statistic = partial(over.Grid.at, task=task, measure="error_auroc")
        allowed = (np.nextafter(0.5, 1), 1.0)
        yield Claim(claim, task, "AUROC > 0.5", allowed, statistic, how, bounds=SHARE)
    how = f"ROC-AUC at the selected cell: within {SAME_AUC:g} of theirs."
    for task, auc in AUC.items():
        claim = f"the ROC-AUC is {auc:.2f}, as of the network that theirs builds upon"
        allowed = (auc - SAME_AUC, auc + SAME_AUC)
        statistic = partial(over.Grid.at, task=task, measure="auc")
        yield Claim(
            claim, task, f"{auc:.2f}", allowed, statistic, how, bounds=SHARE, unjudged=NOT_THEIRS
        )


def _peak(task, rate):
    """Return the claim that the epistemic uncertainty of a task is largest at `rate`."""
    where = {"measure": "epistemic", "sign": -1, "tasks": (task,)}
    how = (
        f"Mean epistemic uncertainty at {rate:g} minus the largest at another rate, at the "
        "selected T: above 0."
    )
    claim = f"epistemic uncertainty peaks at p = {rate:g}"
    statistic, best = partial(over.margins, wanted=rate, **where), partial(over.best_rates, **where)
    return Claim(claim, task, "largest", ABOVE_ZERO, statistic, how, of="least", over_rates=True,
                 best=best)  # fmt: skip


def _lowest_ece(words, tasks, rate):
    """Return the claim that the mean ECE over `tasks` is lowest at `rate`; it has no verdict."""
    where = {"measure": "ece", "sign": 1, "tasks": tasks}
    how = (
        f"Share of the resamples in which the ECE at the selected T is lowest at {rate:g}. Chance "
        "raises an ECE the more, the less sure a network is, so ECEs of rates differ by chance."
    )
    claim, task = f"{words} at p = {rate:g}", "all" if len(tasks) > 1 else tasks[0]
    statistic, best = (
        partial(over.share_best, wanted=rate, **where),
        partial(over.best_rates, **where),
    )
    return Claim(claim, task, f"p = {rate:.2f}", (np.nan, np.nan), statistic, how, of="share",
                 over_rates=True, best=best)  # fmt: skip

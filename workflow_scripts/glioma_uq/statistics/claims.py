"""The claims of the paper's abstract and results, each as a range in which a statistic must lie."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from glioma_uq.statistics import grid_statistics as over
from glioma_uq.statistics.grid_statistics import SEGMENTATION, uncertainty
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


class Claim(NamedTuple):
    """One claim; its first three fields are texts of the table's columns."""

    claim: str
    task: str
    theirs: str
    range: tuple  # the lowest and the highest value that the claim allows
    statistic: Callable  # from a `Grid` to [B]
    how: str  # the rule in one sentence
    # Kind of interval, if not the study's: a statistic that is one of the grid's rates or passes
    # has percentile intervals, since bca needs a smooth statistic.
    kind: str | None = None


def claims(tolerance=0.01):
    """Return the claims, in the paper's order; `tolerance` says when uncertainty has settled."""
    of_uncertainty = [*settling(tolerance), *rising_uncertainty(), *dominating_uncertainty()]
    return [*of_uncertainty, *calibration(), *segmentation(), *discrimination()]


def settling(tolerance):
    """Yield: uncertainty settles with 20 to 30 samples, and p matters more than T."""
    how = (
        "Lowest T at the selected rate from which predictive, aleatoric and epistemic uncertainty "
        f"stay within {tolerance:.0%} of those at the largest T: at most 30."
    )
    for task in EVERYWHERE:
        statistic = partial(over.settled, task=task, tolerance=tolerance)
        claim = "uncertainty settles with 20 to 30 samples"
        yield Claim(claim, task, "T = 20-30", (0, 30), statistic, how, kind="percentile")
    how = "Range of the mean predictive uncertainty over p minus its range over T: above 0."
    claim = "the dropout rate matters more than the number of samples"
    for task in EVERYWHERE:
        statistic = partial(over.range_excess, task=task)
        yield Claim(claim, task, "p > T", ABOVE_ZERO, statistic, how)


def rising_uncertainty():
    """Yield: which uncertainties rise with the dropout rate, and where the epistemic one peaks."""
    rising = [(task, part) for part in ("predictive", "aleatoric") for task in EVERYWHERE]
    for task, part in [*rising, (SEGMENTATION, "epistemic")]:
        claim = f"{part} uncertainty rises with the dropout rate"
        statistic = partial(over.slope, task=task, measure=uncertainty(task, part))
        how = "Slope of the mean over the rates at the selected T, in nats per unit of p: above 0."
        yield Claim(claim, task, "rises", ABOVE_ZERO, statistic, how)
    for task in TASKS:
        yield _extreme("epistemic uncertainty peaks", "epistemic", task, 0.55, sign=-1)


def dominating_uncertainty():
    """Yield: which component is larger in segmentation and in classification."""
    for task in EVERYWHERE:
        parts = ("epistemic", "aleatoric") if task == SEGMENTATION else ("aleatoric", "epistemic")
        where = "segmentation" if task == SEGMENTATION else "classification"
        claim = f"{parts[0]} uncertainty dominates {where}"
        statistic = partial(over.dominance, task=task, greater=parts[0], smaller=parts[1])
        how = f"Mean {parts[0]} minus mean {parts[1]} uncertainty at the selected cell: above 0."
        yield Claim(claim, task, " > ".join(parts), ABOVE_ZERO, statistic, how)


def calibration():
    """Yield: the ECE is small; its best rate; the trends of NLL and AUC with p; the best rate."""
    for task in TASKS:
        statistic = partial(over.Grid.at, task=task, measure="ece_debiased")
        how = f"Debiased ECE at the selected cell: at most {WELL_CALIBRATED:g}."
        allowed = (-np.inf, WELL_CALIBRATED)
        claim = "uncertainty is well calibrated when tuned"
        yield Claim(claim, task, "well calibrated", allowed, statistic, how, kind="basic")
    for task, rate in LOWEST_ECE.items():
        yield _extreme("the calibration error is lowest", "ece", task, rate, sign=1)
    trends = {"nll": ("the negative log likelihood", "rises", "above", ABOVE_ZERO),
              "auc": ("the ROC-AUC", "falls", "below", BELOW_ZERO)}  # fmt: skip
    for measure, (name, goes, side, allowed) in trends.items():
        for task in TASKS:
            statistic = partial(over.slope, task=task, measure=measure)
            how = f"Slope over the rates at the selected T: {side} 0."
            claim = f"{name} {goes} with the dropout rate"
            yield Claim(claim, task, goes, allowed, statistic, how)
    how = "Rate with the lowest mean rank of the ECE over the classification tasks: 0.25."
    statistic, claim = partial(over.best_rate, wanted=(0.25,)), "the best dropout rate is 0.25"
    yield Claim(claim, "all", "p = 0.25", (0.25, 0.25), statistic, how, kind="percentile")


def segmentation():
    """Yield: the correlation of uncertainty with Dice, and the effect of the rate on Dice."""
    for region, (low, high) in RHO.items():
        claim = f"correlation of uncertainty with Dice, {region}"
        how = f"Pearson's rho at the selected cell: between {low:g} and {high:g}."
        statistic = partial(over.Grid.at, task=SEGMENTATION, measure=f"rho_{region}")
        yield Claim(claim, SEGMENTATION, f"{low:g} to {high:g}", (low, high), statistic, how)
    claim = "the correlation is stronger in the predicted tumour than in the brain"
    how = "Rho of the predicted tumour minus rho of the brain at the selected cell: below 0."
    yield Claim(claim, SEGMENTATION, "tumour < brain", BELOW_ZERO, over.rho_difference, how)
    claim = "Dice at p = 0.6 is below that at moderate rates"
    how = "Mean Dice at 0.6 minus the mean Dice at 0.2, 0.25 and 0.3: below 0."
    yield Claim(claim, SEGMENTATION, "lower", BELOW_ZERO, over.dice_at_high_rate, how)


def discrimination():
    """Yield: wrong cases are more uncertain, and the AUCs of the network built upon."""
    how = "AUROC of predictive uncertainty for wrong predictions at the selected cell: above 0.5."
    for task in EVERYWHERE:
        claim = "wrong predictions are more uncertain than right ones"
        statistic = partial(over.Grid.at, task=task, measure="error_auroc")
        yield Claim(claim, task, "AUROC > 0.5", (np.nextafter(0.5, 1), 1.0), statistic, how)
    how = f"ROC-AUC at the selected cell: within {SAME_AUC:g} of theirs."
    for task, auc in AUC.items():
        claim, allowed = f"the ROC-AUC is {auc:.2f}", (auc - SAME_AUC, auc + SAME_AUC)
        statistic = partial(over.Grid.at, task=task, measure="auc")
        yield Claim(claim, task, f"{auc:.2f}", allowed, statistic, how)


def _extreme(words, measure, task, rate, sign):
    """Return the claim that a measure is lowest (sign 1) or highest (-1) at `rate`."""
    statistic = partial(over.rate_of_extreme, task=task, measure=measure, wanted=(rate,), sign=sign)
    extreme = "lowest" if sign > 0 else "largest"
    how = f"Rate with the {extreme} value at the selected T: {rate:g}."
    claim = f"{words} at p = {rate:g}"
    return Claim(claim, task, f"p = {rate:.2f}", (rate, rate), statistic, how, kind="percentile")

"""How often each verdict of the findings is wrong, and how often it is reached, in simulations.

    python benchmarks/claims.py [--cohorts 1000] [--cases 64] [--folds 2] [--seeds 1] [--quick]

Each claim is judged in cohorts whose truth is known, by the code that judges a study. At a border
of its range the claim is both just true and just false: "seen" there is the largest rate of false
"seen" (the least favourable truth), "not seen" the largest rate of false "not seen". Inside the
range, "seen" is what such a study could have seen. Where there are several seeds, networks vary by
--network-sd standard deviations of the cases; with one seed, claims about rates have no verdict.
One process, one thread.

The exit status is 1 where more verdicts are wrong than 2.5 % and chance (in 999 of 1,000) allow, at
one border or at all together. With --quick, the borders alone.

Last line: `24 borders of 12 claims: false seen at most 2.4 %, false not seen at most 2.2 %`
"""

from typing import NamedTuple

import harness
import numpy as np
import pandas as pd
from scipy.special import expit, ndtri
from scipy.stats import binom

from glioma_uq.predictions import Cell
from glioma_uq.statistics import correlation, discrimination
from glioma_uq.statistics.bootstrap import weighted_mean
from glioma_uq.statistics.calibration import bin_members, true_ece_limits
from glioma_uq.statistics.claims import WELL_CALIBRATED, claims
from glioma_uq.statistics.findings import COLUMNS, INTERVAL, LEVEL, judge
from glioma_uq.statistics.grid_statistics import SEGMENTATION, Grid
from glioma_uq.statistics.long_tables import given_networks, measure_known, resample_measures
from glioma_uq.statistics.measures import DEFAULT_ECE, known_cases, probability_measures
from glioma_uq.tasks import TASKS

LARGEST = 0.025  # share of wrong verdicts
CASE_SD, SKEW = 0.1, 0.5  # of uncertainties over cases; of their logarithm, so they are skewed
PASS_SD = 0.5  # of the uncertainty of one pass, as a share of the case's
MISSED, DICE = 0.05, (8.0, 2.0)  # share of missed tumours; Beta distribution of the others' Dice
DISTANCE = 1.8  # between the classes' means, in standard deviations


class Design(NamedTuple):
    """What a study has of cases, folds, seeds, rates and passes."""

    cases: int
    folds: int
    seeds: int
    network_sd: float
    rates: tuple = (0.2, 0.25, 0.3, 0.4, 0.55, 0.6)
    passes: tuple = (10, 20, 30, 40, 50)
    rate: float = 0.25
    chosen: int = 30

    def rows(self):
        """Return case, fold and seed of a cell's rows: each case once for each seed."""
        case, seed = (
            np.arange(self.cases).repeat(self.seeds),
            np.tile(range(self.seeds), self.cases),
        )
        names = np.char.mod("P-%04d", case)
        return pd.DataFrame({"case": names, "fold": case % self.folds, "seed": seed + 1})

    def by_case(self, values):
        """Return values [cases, ...] as [rows, ...]."""
        return np.repeat(values, self.seeds, axis=0)

    def by_network(self, rng):
        """Return a standard normal number for each row, equal for those of one network."""
        drawn, rows = rng.normal(size=(self.folds, self.seeds)), self.rows()
        sd = self.network_sd * (self.seeds > 1)
        return sd * drawn[rows["fold"], rows["seed"] - 1]


class Simulation(NamedTuple):
    """A claim, and truths at which it is judged: `draw(design, truth, rng)` gives {cell: table}."""

    claim: str
    task: str
    draw: callable
    borders: tuple
    true: object
    false: object


def uncertainties(design, rng):
    """Return skewed uncertainties of the cases [rows], with mean .3 and a sd of `CASE_SD`."""
    skewed = np.exp(SKEW * rng.normal(size=design.cases))
    mean, sd = np.exp(SKEW**2 / 2), np.sqrt((np.exp(SKEW**2) - 1) * np.exp(SKEW**2))
    return design.by_case(0.3 + CASE_SD * (skewed - mean) / sd)


def over_rates(columns):
    """Return a `draw` of all rates at the selected T; `columns(design, k, truth, base, rng)`.

    k is the rate's index; `base` [rows] are uncertainties of the cases, the same at all rates.
    """

    def draw(design, truth, rng):
        base, found = uncertainties(design, rng), {}
        for k, rate in enumerate(design.rates):
            values = columns(design, k, truth, base, rng)
            found[Cell("csnet", rate, design.chosen)] = design.rows().assign(**values)
        return found

    return draw


def noisy(design, base, rng):
    """Return uncertainties of the networks of one rate: of the cases, the networks, the rest."""
    own = CASE_SD / 2 * rng.normal(size=len(base))
    return base + own + CASE_SD * design.by_network(rng)


def sloped(name):
    """Return a `draw` of a mean uncertainty with the slope `truth` over the rates."""

    def columns(design, k, slope, base, rng):
        return {name: noisy(design, base, rng) + slope * design.rates[k]}

    return over_rates(columns)


def peaked(design, k, truth, base, rng):
    """The wanted rate .55 exceeds the first by truth[0] and all others by truth[1]."""
    lower = 0 if design.rates[k] == 0.55 else truth[0] if k == 0 else truth[1]
    return {"idh_epistemic": noisy(design, base, rng) - lower}


def dice_by_rate(design, k, truth, base, rng):
    """Dice with missed tumours; at .6 lower by `truth`."""
    found = rng.beta(*DICE, size=len(base)) * (rng.random(len(base)) >= MISSED)
    found = found + CASE_SD * design.by_network(rng)
    return {"dice": found - truth * (design.rates[k] == 0.6)}


def beyond_passes(design, truth, rng):
    """Predictive uncertainty: truth[0] from the lowest to the highest rate, truth[1] over T."""
    base, found = uncertainties(design, rng), {}
    first, last = design.rates[0], design.rates[-1]
    network = {rate: noisy(design, base, rng) for rate in design.rates}
    for rate, passes in {(r, design.chosen) for r in design.rates} | {
        (design.rate, t) for t in design.passes
    }:
        of_passes = (passes - design.passes[0]) / (design.passes[-1] - design.passes[0])
        values = network[rate] + truth[0] * (rate - first) / (last - first) + truth[1] * of_passes
        found[Cell("csnet", rate, passes)] = design.rows().assign(idh_predictive=values)
    return found


def settled(design, truth, rng):
    """Uncertainties below the largest T are off by the share `truth`; passes are noisy."""
    base = np.abs(uncertainties(design, rng) + CASE_SD * design.by_network(rng))
    steps = rng.normal(size=(design.passes[-1], len(base))).cumsum(axis=0)
    found = {}
    for passes in design.passes:
        noise = 1 + PASS_SD * steps[passes - 1] / passes
        values = base * noise * (1 + truth * (passes < design.passes[-1]))
        parts = {f"idh_{part}": values for part in ("predictive", "aleatoric", "epistemic")}
        found[Cell("csnet", design.rate, passes)] = design.rows().assign(**parts)
    return found


def at_cell(columns):
    """Return a `draw` of the selected cell alone; `columns(design, truth, rng)`."""

    def draw(design, truth, rng):
        cell = Cell("csnet", design.rate, design.chosen)
        return {cell: design.rows().assign(**columns(design, truth, rng))}

    return draw


def dominating(design, truth, rng):
    """Mean aleatoric minus mean epistemic uncertainty is `truth`."""
    more, less = uncertainties(design, rng), uncertainties(design, rng)
    network = CASE_SD * design.by_network(rng)
    return {"idh_aleatoric": more + network + truth, "idh_epistemic": less}


def correlated(design, truth, rng):
    """Uncertainties of brain and tumour with the correlations `truth` with Dice; all are normal."""
    dice = design.by_case(rng.normal(size=design.cases))
    found = {"dice": dice}
    for region, rho in zip(("brain", "tumour"), truth, strict=True):
        own = np.clip(rho + 0.1 * design.by_network(rng), -0.99, 0.99)
        rest = design.by_case(rng.normal(size=design.cases))
        found[region] = own * dice + np.sqrt(1 - own**2) * rest
    return found


def separated(design, auc, rng, task="idh"):
    """Return labels and probabilities of two normal classes with the area `auc`."""
    distance = np.sqrt(2) * ndtri(auc) + design.by_network(rng)
    return classes(design, distance, 1.0, rng, task)


def classes(design, distance, sharpened, rng, task):
    """Return the columns of a task of two classes, `distance` apart; log odds times `sharpened`.

    Half of the spread within a class is that of the cases, half that of the networks.
    """
    label = rng.random(design.cases) < 0.5
    x = np.sqrt(0.5) * (design.by_case(rng.normal(size=design.cases))
                        + rng.normal(size=design.cases * design.seeds))  # fmt: skip
    truth = design.by_case(label)
    p = expit(sharpened * distance * (x + distance * (truth - 0.5)))
    no, yes, *others = TASKS[task]
    columns = {f"{task}_label": np.where(truth, yes, no)}
    columns |= {f"{task}_probability_{other}": np.zeros(len(p)) for other in others}
    return columns | {f"{task}_probability_{no}": 1 - p, f"{task}_probability_{yes}": p}


def sharper(design, k, truth, base, rng):
    """The logarithm of the factor of the log odds rises by `truth` per unit of p, from 0.3."""
    factor = np.exp(0.3 + truth * (design.rates[k] - design.rates[0]) + design.by_network(rng))
    return classes(design, DISTANCE, factor, rng, "idh")


def less_separated(design, k, truth, base, rng):
    """The AUC falls by `truth` per unit of p from .9."""
    return separated(design, 0.9 - truth * (design.rates[k] - design.rates[0]), rng)


def off_by(design, truth, rng):
    """Confidences of truth[1] shape, and accuracies with a true ECE of truth[0]; see `true_ece`."""
    error, shape, gaps = truth
    n = design.cases
    p = rng.beta(*shape, size=n)
    confidence, predicted = np.maximum(p, 1 - p), p > 0.5
    in_bin = bin_members(confidence, DEFAULT_ECE.bins)
    sign = {"above": 1, "below": -1, "both": 1 - 2.0 * (in_bin.argmax(axis=1) % 2)}[gaps]
    size, ours, accuracy = 0.0, 0.0, confidence
    while ours < error and size < 1:
        size += 0.002
        accuracy = (confidence + size * sign).clip(0, 1)
        ours = np.abs((accuracy - confidence) @ in_bin).sum() / n
    right = rng.random(n) < accuracy
    no, yes = TASKS["idh"]
    p, label = design.by_case(p), design.by_case(np.where(right == predicted, yes, no))
    return {"idh_label": label, f"idh_probability_{no}": 1 - p, f"idh_probability_{yes}": p}


def warned(design, auroc, rng):
    """Uncertainties with the area `auroc` for a quarter of cases that are wrong."""
    wrong = rng.random(design.cases) < 0.25
    shift = np.sqrt(2) * ndtri(auroc) + design.by_network(rng)
    uncertainty = design.by_case(rng.normal(size=design.cases)) + shift * design.by_case(wrong)
    return {"uncertainty": uncertainty, "wrong": design.by_case(wrong)}


SURE, UNSURE, CERTAIN = (0.3, 0.3), (3.0, 3.0), (60.0, 1.0)  # Beta distributions of P(1)
SIMULATIONS = (
    Simulation("uncertainty settles with 20 to 30 samples", "idh", settled, (-0.01, 0.01),
               0.0, 0.05),
    Simulation("the dropout rate matters more than the number of samples", "idh", beyond_passes,
               ((0, 0), (0.05, 0.05), (0.05, -0.05)), (0.2, 0.02), (0.0, 0.1)),
    Simulation("predictive uncertainty rises with the dropout rate", "idh",
               sloped("idh_predictive"), (0.0,), 0.5, -0.5),
    Simulation("epistemic uncertainty peaks at p = 0.55", "idh", over_rates(peaked),
               ((0, 0), (0, 0.2)), (0.1, 0.1), (-0.1, 0.1)),
    Simulation("aleatoric uncertainty dominates classification", "idh", at_cell(dominating),
               (0.0,), 0.1, -0.1),
    Simulation("uncertainty is well calibrated when tuned", "idh", at_cell(off_by),
               (*((WELL_CALIBRATED, shape, gaps) for shape in (SURE, UNSURE)
                  for gaps in ("above", "below", "both")), (WELL_CALIBRATED, CERTAIN, "below")),
               (0, SURE, "below"), (0.2, UNSURE, "below")),
    Simulation("the negative log likelihood rises with the dropout rate", "idh",
               over_rates(sharper), (0.0,), 2.0, -1.0),
    Simulation("the ROC-AUC falls with the dropout rate", "idh", over_rates(less_separated),
               (0.0,), 0.5, -0.2),
    Simulation("correlation of uncertainty with Dice, tumour", SEGMENTATION, at_cell(correlated),
               ((0, -0.55), (0, -0.15)), (0, -0.35), (0, 0.3)),
    Simulation("the correlation is stronger in the predicted tumour than in the brain",
               SEGMENTATION, at_cell(correlated), ((-0.35, -0.35), (0, 0)), (0, -0.5), (-0.5, 0)),
    Simulation("Dice at p = 0.6 is below that at moderate rates", SEGMENTATION,
               over_rates(dice_by_rate), (0.0,), 0.1, -0.1),
    Simulation("wrong predictions are more uncertain than right ones", "idh", at_cell(warned),
               (0.5,), 0.75, 0.3),
)  # fmt: skip


def measures(table, weights):
    """Yield the measures of the columns that a simulated table has."""
    for name in table:
        task, _, part = name.partition("_")
        if part in ("predictive", "aleatoric", "epistemic"):
            yield measure_known(table, weights, task, part, weighted_mean, table[name])
    if "dice" in table:
        dice = table["dice"]
        yield measure_known(table, weights, SEGMENTATION, "dice", weighted_mean, dice)
        for region in {"brain", "tumour"} & {*table}:
            pair = table[region], dice
            name = f"rho_{region}"
            yield measure_known(table, weights, SEGMENTATION, name, correlation.pearson, *pair)
    if "wrong" in table:

        def auroc(uncertainty, wrong, mine):
            return discrimination.error_auroc(uncertainty, wrong > 0, mine)

        pair = table["uncertainty"], table["wrong"].astype(float)
        yield measure_known(table, weights, "idh", "error_auroc", auroc, *pair)
    for task in [task for task in TASKS if f"{task}_label" in table]:
        _, labels, probabilities, mine, n = known_cases(table, weights, task)
        for name in ("nll", "auc"):
            yield task, name, probability_measures()[name](probabilities, labels, mine), n


def verdict(claim, tables, design, resamples, rng):
    """Return the verdict on a claim in one simulated study, {cell: table}."""
    drawn = resample_measures(tables, measures, resamples=resamples, interval=INTERVAL, rng=rng)
    grids = [Grid(drawn, design.rate, design.chosen, part) for part in ("replicates", "jackknife")]
    if claim.of == "limits":
        (table,) = tables.values()
        known, labels, probabilities, *_ = known_cases(table, np.ones((1, len(table))), claim.task)
        found = true_ece_limits(
            probabilities, labels, known["case"], rng, LEVEL, resamples, seeds=known["seed"]
        )
        grids[0].limits = {(claim.task, "true_ece"): found}
    given = dict.fromkeys((False, True), given_networks(tables))
    row = judge(claim, *grids, given)
    return row[COLUMNS.index("verdict")]


def characteristics(simulation, design, cohorts, resamples, is_quick):
    """Return (counts [borders, 2] of "seen" and of "not seen" at the borders, share of "seen" where
    true, share of "not seen" where false); None where there is no verdict.
    """
    tasks = (simulation.task, "all")
    (claim,) = [c for c in claims() if c.claim == simulation.claim and c.task in tasks]
    if claim.over_rates and design.seeds < 2:
        return None
    if claim.of == "limits":  # which hold given the networks, however many
        design = design._replace(seeds=1)

    def counted(truth):
        rng = np.random.default_rng(2026)
        verdicts = [
            verdict(claim, simulation.draw(design, truth, rng), design, resamples, rng)
            for _ in range(cohorts)
        ]
        return [verdicts.count(v) for v in ("seen", "not seen")]

    borders = np.array([counted(truth) for truth in simulation.borders])
    inside = (simulation.true, simulation.false)
    right = [np.nan] * 2 if is_quick else [counted(inside[i])[i] / cohorts for i in range(2)]
    return borders, *right


def main():
    sizes = {"cohorts": (1000, 8), "resamples": (1000, 200), "cases": (64, 64),
             "folds": (2, 2), "seeds": (1, 2), "network-sd": (0.6, 0.6)}  # fmt: skip
    options = harness.parser_of(__doc__, **sizes).parse_args()
    cohorts, error = options.cohorts, 100 * np.sqrt(LARGEST * (1 - LARGEST) / options.cohorts)
    design = Design(options.cases, options.folds, options.seeds, options.network_sd)
    print(f"{design}\n{cohorts} cohorts, standard error of {LARGEST:.1%}: {error:.1f}\n\n"
          "      false       false     seen, if   not seen,\n"
          "       seen    not seen         true    if false  (%)")  # fmt: skip
    found = []
    for simulation in SIMULATIONS:
        each = characteristics(simulation, design, cohorts, options.resamples, options.quick)
        if each is None:
            print(f"{'no verdict: one seed of training':>48}  {simulation.claim}")
            continue
        borders, *right = each
        shares = *(borders.max(axis=0) / cohorts), *right
        print("".join(f"{100 * share:12.1f}" for share in shares), simulation.claim, flush=True)
        found.append(borders)
    all_borders = np.concatenate(found)
    is_chance = (all_borders <= binom.ppf(0.999, cohorts, LARGEST)).all() and (
        all_borders.sum(axis=0) <= binom.ppf(0.999, cohorts * len(all_borders), LARGEST)
    ).all()
    seen, not_seen = 100 * all_borders.max(axis=0) / cohorts
    print(f"{len(all_borders)} borders of {len(found)} claims: "
          f"false seen at most {seen:.1f} %, false not seen at most {not_seen:.1f} %")  # fmt: skip
    return 0 if is_chance else 1


if __name__ == "__main__":
    harness.run(main)

"""Coverage of 95 % bootstrap intervals in simulated cohorts with known true values.

    python benchmarks/coverage.py [--cohorts 2000] [--resamples 1000] [--quick]

One process, one thread, a few minutes. The tables are those of docs/intervals.md: intervals of one
network's measures over cases, of its calibration error, of a mean over patients with several cases
each, and of a method's expected value over cases and networks. The last lines are the coverage, in
per cent, of the default method for each measure.

Last line: `spearman: 96.1 (N = 50), 94.9 (N = 240)`
"""

from functools import cache, partial
from typing import NamedTuple

import harness
import numpy as np
import pandas as pd
import yaml
from scipy.special import expit
from scipy.stats import norm

from glioma_uq.predictions import Cell
from glioma_uq.statistics.bootstrap import draw_resamples, resample_weights, weighted_mean
from glioma_uq.statistics.calibration import ece, ece_debiased, ece_if_perfect
from glioma_uq.statistics.correlation import pearson, spearman
from glioma_uq.statistics.discrimination import auc
from glioma_uq.statistics.intervals import KINDS, interval
from glioma_uq.statistics.long_tables import from_reference, numbers, resample_cell
from glioma_uq.statistics.scoring import brier, nll

SIZES, BINS = (50, 240), 15
PREVALENCE, DISTANCE = 0.4, 1.8  # of the positive class; between the classes' means, in sd
SHARPENED = {"calibrated": 1.0, "overconfident": 1.8}  # factor of the true log odds
MISSED, DICE = 0.05, (8.0, 2.0)  # share of missed tumours; Beta distribution of the others' Dice
NETWORK_SD, CASE_SD = (0, 0.01, 0.03, 0.06, 0.1), 0.1
BETWEEN_RATES = 0.8  # correlation of the values of a case at two dropout rates
DESIGNS = ((2, 1), (5, 1), (2, 2), (2, 4), (2, 8), (5, 3))  # (folds, seeds) of a study of 64 cases
CASES_OF_PATIENT, ALIKE = 4, 0.8  # at most; share of the variance that cases of one patient share
RHO, SKEW = -0.4, 0.5  # correlation of two normal numbers; sd of the logarithm of the skewed one


@cache
def default_interval():
    """Return the default kind of interval of a study."""
    schema = yaml.safe_load((harness.ROOT / "rules" / "config.schema.yaml").read_text())
    return schema["properties"]["statistics"]["properties"]["interval"]["default"]


class Simulation(NamedTuple):
    """A measure, a function that draws a cohort of n cases (its arguments), and its true value."""

    measure: callable
    draw: callable
    truth: float


def draw_classes(n, rng, sharpened):
    """Return (probabilities [n, 2], labels [n]) of two normal classes, and the true P(1) [n]."""
    labels = (rng.random(n) < PREVALENCE).astype(int)
    x = rng.normal(labels * DISTANCE)
    log_odds = DISTANCE * (x - DISTANCE / 2) + np.log(PREVALENCE / (1 - PREVALENCE))
    p = expit(sharpened * log_odds)
    return np.column_stack([1 - p, p]), labels, expit(log_odds)


def draw_dice(n, rng):
    return (np.where(rng.random(n) < MISSED, 0.0, rng.beta(*DICE, size=n)),)


def draw_pair(n, rng):
    """Return (uncertainty [n], quality [n]): log-normal and normal, skewed like tumour means."""
    quality = rng.normal(size=n)
    uncertainty = RHO * quality + np.sqrt(1 - RHO**2) * rng.normal(size=n)
    return np.exp(SKEW * uncertainty), quality


def simulations(draws):
    """Return {name: Simulation}. True values are closed forms, except those of the proper
    scores, which are means over `draws` cases.
    """

    def overconfident(n, rng):
        return draw_classes(n, rng, SHARPENED["overconfident"])[:2]

    many = overconfident(draws, np.random.default_rng(0))
    of_truth = many[0][np.arange(draws), many[1]]
    return {
        "auc": Simulation(auc, overconfident, norm.cdf(DISTANCE / np.sqrt(2))),
        "nll": Simulation(nll, overconfident, -np.log(np.maximum(of_truth, 1e-12)).mean()),
        "brier": Simulation(brier, overconfident, 2 * ((1 - of_truth) ** 2).mean()),
        "dice": Simulation(weighted_mean, draw_dice, (1 - MISSED) * DICE[0] / sum(DICE)),
        "rho": Simulation(pearson, draw_pair, RHO * SKEW / np.sqrt(np.exp(SKEW**2) - 1)),
        "spearman": Simulation(spearman, draw_pair, 6 / np.pi * np.arcsin(RHO / 2)),
    }


def cover(simulation, n, cohorts, resamples, rng):
    """Return {kind: (shares of intervals below, covering and above the truth, width, number)}."""
    weights = np.vstack([np.ones(n), resample_weights(n, resamples, rng), 1 - np.eye(n)])
    limits = {kind: [] for kind in KINDS}
    for _ in range(cohorts):
        replicates = simulation.measure(*simulation.draw(n, rng), weights)
        for kind in KINDS:
            found = interval(
                replicates[: resamples + 1], 0.95, kind, replicates[resamples + 1 :], n
            )
            limits[kind].append(found[1:3])
    table = {}
    for kind, pairs in limits.items():
        low, high = np.array([pair for pair in pairs if not np.isnan(pair[0])]).T
        below, above = (high < simulation.truth).mean(), (low > simulation.truth).mean()
        table[kind] = below, 1 - below - above, above, (high - low).mean(), len(low)
    return table


def tabulate_intervals(cohorts, resamples, draws):
    """Print the coverage of each measure, N and kind; return {measure: {N: {kind: share}}}."""
    print(f"{cohorts} cohorts, {resamples} resamples, standard error of a coverage of 95 %: "
          f"{100 * np.sqrt(0.95 * 0.05 / cohorts):.1f}\n")  # fmt: skip
    print("measure   truth    N  kind         below cover %  above   width  cohorts")
    coverage = {}
    for name, simulation in simulations(draws).items():
        for n in SIZES:
            table = cover(simulation, n, cohorts, resamples, np.random.default_rng(n))
            for kind, (below, inside, above, width, counted) in table.items():
                print(f"{name:8} {simulation.truth:6.3f} {n:4}  {kind:10} {100 * below:7.1f} "
                      f"{100 * inside:7.1f} {100 * above:6.1f} {width:7.3f} "
                      f"{counted:8}")  # fmt: skip
            coverage.setdefault(name, {})[n] = {kind: table[kind][1] for kind in KINDS}
    return coverage


def true_calibration_error(sharpened, draws, rng):
    """Return the ECE without sampling error: 15 equal-width bins of `draws` cases and true P(1)."""
    probabilities, _, posterior = draw_classes(draws, rng, sharpened)
    confidence = probabilities.max(axis=1)
    right = np.where(probabilities[:, 1] > 0.5, posterior, 1 - posterior)
    index = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return np.abs(np.bincount(index, right - confidence)).sum() / draws


def tabulate_ece(cohorts, resamples, draws):
    """Print the bias of the ECE, its null band, and the coverage of its intervals."""
    print(f"\nECE of {BINS} bins over {cohorts} cohorts: means, and coverage of the intervals, %")
    print("model          truth    N     ECE  debiased       null band  " + "  ".join(KINDS)
          + "  as in the tables: ece, ece_debiased")  # fmt: skip
    for name, sharpened in SHARPENED.items():
        truth = true_calibration_error(sharpened, draws, np.random.default_rng(0))
        for n in SIZES:
            rng = np.random.default_rng(n)
            weights = np.vstack([np.ones(n), resample_weights(n, resamples, rng), 1 - np.eye(n)])
            rows = [ece_of_cohort(n, sharpened, weights, truth, rng) for _ in range(cohorts)]
            raw, debiased, low, high, *inside = np.array(rows).mean(axis=0)
            shares = "".join(f"{100 * share:9.1f}" for share in inside)
            print(f"{name:13} {truth:6.3f} {n:4} {raw:7.3f} {debiased:9.3f}  "
                  f"[{low:.3f}, {high:.3f}] {shares}")  # fmt: skip


def ece_of_cohort(n, sharpened, weights, truth, rng):
    """Return ECE, debiased ECE, the null band's limits, and which intervals cover the truth.

    A missing interval counts as not covering it.
    """
    probabilities, labels, _ = draw_classes(n, rng, sharpened)
    replicates, debiased = (f(probabilities, labels, weights) for f in (ece, ece_debiased))
    null = interval(ece_if_perfect(probabilities, 200, rng))[1:3]
    raw, jackknife = replicates[:-n], replicates[-n:]
    found = [interval(raw, 0.95, kind, jackknife, n) for kind in KINDS]
    found += [
        interval(part[:-n], 0.95, default_interval(), part[-n:], n, bounds=(0, 1), is_inflated=True)
        for part in (replicates, debiased)
    ]
    inside = [low <= truth <= high for _, low, high, _ in found]
    return raw[0], debiased[0], *null, *inside


def cover_patients(n, kind, cohorts, resamples, rng):
    """Return the coverage of the interval of a mean by resamples of patients, and of cases.

    Each of `n` patients has one to `CASES_OF_PATIENT` cases, all as likely.
    """
    found = []
    for _ in range(cohorts):
        patient = np.repeat(np.arange(n), rng.integers(1, CASES_OF_PATIENT + 1, n))
        of_case = rng.normal(size=len(patient))
        values = np.sqrt(ALIKE) * rng.normal(size=n)[patient] + np.sqrt(1 - ALIKE) * of_case
        for units in (patient, np.arange(len(patient))):
            number = units[-1] + 1
            drawn = resample_weights(number, resamples, rng)
            weights = np.vstack([np.ones(number), drawn, 1 - np.eye(number)])[:, units]
            means = weighted_mean(values, weights)
            *_, low, high, _ = interval(means[:-number], 0.95, kind, means[-number:], number)
            found.append(low <= 0 <= high)
    return np.reshape(found, (cohorts, 2)).mean(axis=0)


def tabulate_patients(kind, cohorts, resamples):
    """Print the coverage of a mean over cases by number of patients."""
    print(f"\nCoverage of a mean, one to {CASES_OF_PATIENT} cases of a patient, alike by {ALIKE}, "
          f"{cohorts} cohorts, {resamples} resamples, {kind}, in per cent")  # fmt: skip
    for n in (30, 100):
        of_patients, of_cases = cover_patients(
            n, kind, cohorts, resamples, np.random.default_rng(n)
        )
        print(f"{n} patients: {100 * of_patients:.1f} of patients, {100 * of_cases:.1f} of cases")


def cover_networks(folds, seeds, sd, kind, cohorts, resamples, rng, *, cases=64):
    """Return the coverage [2] and mean width [2] of the interval of a method's expected value,
    and of that of the difference between two dropout rates of the same expected value.

    A case's value is its own normal number, sd `CASE_SD`, correlated between rates, plus that of
    the network that tests it, sd `sd`, one for each rate, fold and seed.
    """
    fold, seed = np.arange(cases) % folds, np.arange(seeds)
    table = pd.DataFrame(
        {"case": np.tile([f"{case:03d}" for case in range(cases)], seeds),
         "fold": np.tile(fold, seeds), "seed": np.repeat(seed, cases)}
    )  # fmt: skip
    rates = [Cell("csnet", rate, 1) for rate in (0.2, 0.5)]
    drawn = draw_resamples([(cell, table) for cell in rates], resamples, rng)
    covariance = CASE_SD**2 * np.array([[1, BETWEEN_RATES], [BETWEEN_RATES, 1]])
    of_cases, results = rng.multivariate_normal([0, 0], covariance, (cohorts, 1, cases)), []
    for cell, of_case in zip(rates, np.moveaxis(of_cases, 3, 0), strict=True):
        of_network = rng.normal(scale=sd, size=(cohorts, folds, seeds))
        values = of_case + of_network[:, fold].swapaxes(1, 2)  # [cohorts, seeds, cases]
        means = partial(cohort_means, values=values.reshape(cohorts, -1))
        results += resample_cell(cell, table, means, drawn, kind)
    found = [results[:cohorts], from_reference(results, rate=rates[0].rate)]
    limits = [[numbers(result, 0.95, kind)[3:5] for result in part] for part in found]
    low, high = np.moveaxis(limits, 2, 0)  # [2, cohorts]
    return np.mean((low <= 0) & (high >= 0), axis=1), np.mean(high - low, axis=1)


def cohort_means(table, weights, values):
    """Yield the mean of each cohort of `values` [cohorts, rows], as so many measures."""
    for number, mine in enumerate(values):
        yield "task", str(number), weighted_mean(mine, weights), table["case"].nunique()


def tabulate_networks(kind, cohorts, resamples):
    """Print the coverage of a method's expected value by network sd, folds and seeds."""
    print(f"\nCoverage of a method's expected value, N = 64, sd of cases {CASE_SD}, {cohorts} "
          f"cohorts a cell, {resamples} resamples, {kind}, in per cent (with one seed the interval "
          "is given these networks), in brackets that of a difference of two rates, and "
          "the mean width")  # fmt: skip
    print("network sd  " + "  ".join(f"{f} folds, {s} seeds".rjust(18) for f, s in DESIGNS))
    for sd in NETWORK_SD:
        cells = []
        for number, (folds, seeds) in enumerate(DESIGNS):
            rng = np.random.default_rng(number)
            shares, (width, _) = cover_networks(folds, seeds, sd, kind, cohorts, resamples, rng)
            cells.append("{:5.1f} ({:.1f}) {:.3f}".format(*100 * shares, width))
        print(f"{sd:10.2f}  " + "  ".join(f"{cell:>18}" for cell in cells))


def main():
    sizes = {"cohorts": (2000, 20), "resamples": (1000, 50), "draws": (4_000_000, 100_000)}
    options = harness.parser_of(__doc__, **sizes).parse_args()
    resamples, draws = options.resamples, options.draws
    coverage = tabulate_intervals(options.cohorts, resamples, draws)
    tabulate_ece(max(options.cohorts // 4, 1), resamples, draws)
    kind = default_interval()
    tabulate_patients(kind, max(options.cohorts // 4, 1), resamples)
    tabulate_networks(kind, options.cohorts, resamples)
    print(f"\nCoverage in per cent of the default method ({kind}):")
    for name, by_size in coverage.items():
        shares = (f"{100 * kinds[kind]:.1f} (N = {n})" for n, kinds in by_size.items())
        print(f"{name}: {', '.join(shares)}")


if __name__ == "__main__":
    harness.run(main)

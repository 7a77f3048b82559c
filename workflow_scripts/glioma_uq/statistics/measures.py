"""The measures of one cell of the grid: each function yields (task, measure, replicates [B], n).

`table` is a cell's table, `weights` [B, rows of the table] how often each row counts in each
resample, the first row ones; n is the number of cases.
"""

from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from glioma_uq.predictions import known_rows
from glioma_uq.seeds import seed_for
from glioma_uq.statistics import calibration, correlation, discrimination, risk_coverage, scoring
from glioma_uq.statistics.bootstrap import weighted_mean
from glioma_uq.statistics.long_tables import measure_known
from glioma_uq.statistics.patients import count_cases, patients_of
from glioma_uq.statistics.voxel_calibration import voxel_ece
from glioma_uq.tasks import TASKS, UNKNOWN
from glioma_uq.uncertainty import CORRECTED, UNCERTAINTY_COMPONENTS

REGIONS = ("brain", "tumour")


class Ece(NamedTuple):
    """Bins, binning and norm of the calibration error, see `calibration`."""

    bins: int = 15
    binning: str = "equal-width"
    norm: float = 1

    @classmethod
    def of_config(cls, bins, binning, norm):
        """Return the settings of a config, which writes `max` for the largest gap."""
        return cls(bins, binning, np.inf if norm == "max" else norm)


DEFAULT_ECE = Ece()


def labelled_tasks(table):
    """Return the tasks of which at least one label in the table is known."""
    return [task for task in TASKS if (table[f"{task}_label"] != UNKNOWN).any()]


def known_cases(table, weights, task):
    """Return the rows with a known label of a task: (rows, labels [N], probabilities [N, C],
    weights [B, N], `Count` of the cases).
    """
    known, labels, probabilities = known_rows(table, task)
    mine = weights[:, table.index.get_indexer(known.index)]
    return known, labels, probabilities, mine, count_cases(known)


def classification_measures(table, weights, *, seed, ece=DEFAULT_ECE, auc_average="ovo"):
    """Yield the measures of one cell's classification table, task by task.

    All measures of a task, including uncertainties, are over the cases with a known label; a task
    without any has none. `ece_null` is the ECE of a perfectly calibrated model at this n, from
    labels drawn by `seed`.
    """
    for task in labelled_tasks(table):
        known, labels, probabilities, mine, n = known_cases(table, weights, task)
        for name, measure in probability_measures(ece, auc_average, known).items():
            yield task, name, measure(probabilities, labels, mine), n
        parts = scoring.brier_decomposition(probabilities, labels, mine, ece.bins, ece.binning)
        for part, values in parts.items():
            yield task, f"brier_{part}", values, n
        rng = np.random.default_rng(seed_for(seed, "ece_null", task))
        chance = calibration.ece_if_perfect(
            probabilities, len(weights) - 1, rng, *ece, patients_of(known), known.get("seed")
        )
        yield task, "ece_null", chance, n
        yield from uncertainty_measures(known, mine, task, n)


def key_measures(table, weights, *, ece=DEFAULT_ECE, auc_average="ovo",
                 names=("ece", "nll", "brier"), uncertainties=True):  # fmt: skip
    """Yield the measures `names` of one cell: the basis of selection and findings.

    With `uncertainties` also those of `uncertainty_measures`.
    """
    for task in labelled_tasks(table):
        known, labels, probabilities, mine, n = known_cases(table, weights, task)
        measures = probability_measures(ece, auc_average, known)
        for name in [name for name in names if name in measures]:
            yield task, name, measures[name](probabilities, labels, mine), n
        if uncertainties:
            yield from uncertainty_measures(known, mine, task, n)


def uncertainty_measures(known, weights, task, n):
    """Yield how well predictive uncertainty finds wrong cases, and the mean uncertainties.

    The mean of a part that was not measured is NaN, of 0 cases. Names of means of another model's
    uncertainties begin with `given`, since their unit and range are not those of entropies.
    """
    _, predictive, wrong = risk_coverage.classification_risk(known, task)
    yield task, "error_auroc", discrimination.error_auroc(predictive, wrong, weights), n
    yield task, "aurc", risk_coverage.aurc(predictive, wrong, weights), n
    prefix = "given_" if f"{task}_unit" in known else ""
    for part in (*UNCERTAINTY_COMPONENTS, *CORRECTED):
        values = known.get(f"{task}_{part}")
        is_measured = values is not None and values.notna().any()
        if part not in CORRECTED or is_measured:
            yield task, prefix + part, weighted_mean(values, weights), n if is_measured else 0


def probability_measures(ece=DEFAULT_ECE, auc_average="ovo", rows=None):
    """Return {name: f(probabilities, labels, weights) -> [B]} of the measures of probabilities.

    `rows` are those of a cell's table: a calibration error is the mean of those of their seeds, and
    chance is that between their patients. There is no debiased estimate for norm inf.
    """
    options = ece._asdict() | {"seeds": None if rows is None else rows.get("seed")}
    patients = None if rows is None else patients_of(rows)
    debiased = {"ece_debiased": partial(calibration.ece_debiased, **options, patients=patients)}
    return {
        "ece": partial(calibration.ece, **options),
        "ece_equal_mass": partial(calibration.ece, **options | {"binning": "equal-mass"}),
        **({} if np.isinf(ece.norm) else debiased),
        "nll": scoring.nll,
        "auc": partial(discrimination.auc, average=auc_average),
        "accuracy": discrimination.accuracy,
        "balanced_accuracy": discrimination.balanced_accuracy,
        "brier": scoring.brier,
    }


def segmentation_measures(table, weights):
    """Yield the measures of one cell's segmentation table.

    rho is Pearson's, spearman Spearman's and partial_rho Pearson's given log tumour volume, each
    between a region's predictive uncertainty and Dice; aurc has the loss 1 - Dice. A case counts
    if all values that a measure needs are known.

    Folds and seeds are tested by different networks, whose means differ: where there are several,
    rho_{region}_within_folds is Pearson's of the deviations from the mean of the same network
    (`correlation.pearson_within`), and rho_{region}_minus_within is rho minus that.
    """
    measure = partial(measure_known, table, weights, "segmentation")
    dice, tumour, networks = table["dice"], table["tumour_predictive"], network_numbers(table)
    yield measure("dice", weighted_mean, dice)
    if "hd95_mm" in table:
        yield measure("hd95_mm", weighted_mean, table["hd95_mm"])
    if "background_probability" in table:
        yield measure("background_probability", weighted_mean, table["background_probability"])
    for region in REGIONS:
        predictive = table[f"{region}_predictive"]
        yield measure(f"rho_{region}", correlation.pearson, predictive, dice)
        if networks.nunique() > 1:
            of_networks = predictive, dice, networks
            yield measure(f"rho_{region}_within_folds", correlation.pearson_within, *of_networks)
            shift = correlation.pearson_minus_within
            yield measure(f"rho_{region}_minus_within", shift, *of_networks)
        yield measure(f"spearman_{region}", correlation.spearman, predictive, dice)
        if "tumour_volume_mm3" in table:
            volume = table["tumour_volume_mm3"]
            log_volume = np.log(volume.where(volume > 0))
            name = f"partial_rho_{region}"
            yield measure(name, correlation.partial_pearson, predictive, dice, log_volume)
        yield measure(f"aurc_{region}", risk_coverage.aurc, predictive, 1 - dice)
        for part in (*UNCERTAINTY_COMPONENTS, *CORRECTED):
            values = table.get(f"{region}_{part}")
            if part not in CORRECTED or (values is not None and values.notna().any()):
                yield measure(f"{part}_{region}", weighted_mean, values)
    yield measure("empty_tumour", weighted_mean, tumour.isna().astype(float))
    # ASSUME: a tumour that was not found is as uncertain as the most uncertain one that was.
    filled = tumour.fillna(tumour.max())
    yield measure("rho_tumour_with_empty", correlation.pearson, filled, dice)


def network_numbers(table):
    """Return the number of the network, by fold and seed, that tested each row, a Series."""
    names = [name for name in ("fold", "seed") if name in table]
    return table.groupby(names).ngroup() if names else pd.Series(0, table.index)


def voxel_measures(table, weights):
    """Yield the ECE of the pooled voxels of each region of a table of `counts_by_case`."""
    for region, part in table.groupby("histogram"):
        counts = np.stack(part["counts"], axis=1)
        error = voxel_ece(*counts, weights[:, table.index.get_indexer(part.index)])
        yield "segmentation", f"voxel_ece_{region}", error, count_cases(part)

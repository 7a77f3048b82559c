"""The measures of every cell of the grid, each with its interval, as one long table."""

from functools import partial

import numpy as np
import pandas as pd

from glioma_uq import bootstrap, calibration, discrimination
from glioma_uq.predictions import cell_of, known_rows
from glioma_uq.seeds import seed_for
from glioma_uq.tables import read_table, write_table
from glioma_uq.tasks import TASKS

COLUMNS = ["network", "rate", "passes", "task", "measure", "value", "low", "high", "n"]
WITHOUT_ESTIMATE = {"ece_null"}  # a band of pure chance: its quantiles are never mirrored
PARTS = ("predictive", "aleatoric", "epistemic")


def classification_measures(table, weights, *, seed, ece_bins=15, auc_average="ovo"):
    """Yield (task, measure, draws [B], n cases) of one cell's classification table.

    `weights` is [B, rows of the table]. All measures of a task, the uncertainties too, are
    over the cases whose label is known. `ece_null` is the ECE that perfect probabilities
    would show at this n, from labels drawn by `seed`.
    """
    measures = {
        "ece": partial(calibration.ece, bins=ece_bins),
        "nll": calibration.nll,
        "auc": partial(discrimination.auc, average=auc_average),
        "accuracy": discrimination.accuracy,
        "balanced_accuracy": discrimination.balanced_accuracy,
        "brier": calibration.brier,
    }
    positions = pd.Series(np.arange(len(table)), index=table.index)
    for task in TASKS:
        known, labels, probabilities = known_rows(table, task)
        mine, n = weights[:, positions[known.index]], known["case"].nunique()
        for name, measure in measures.items():
            yield task, name, measure(probabilities, labels, mine), n
        rng = np.random.default_rng(seed_for(seed, "ece_null", task))
        chance = calibration.ece_if_perfect(probabilities, len(weights) - 1, rng, ece_bins)
        yield task, "ece_null", chance if n else np.full(len(weights), np.nan), n
        for part in PARTS:
            yield task, part, bootstrap.weighted_mean(known[f"{task}_{part}"], mine), n


def segmentation_measures(table, weights):
    """Yield (task, measure, draws [B], n cases) of one cell's segmentation table.

    rho is Pearson's and spearman Spearman's correlation of a region's predictive
    uncertainty with Dice. A case counts where both numbers of a measure exist.
    """
    dice, tumour = table["dice"], table["tumour_predictive"]
    yield _segmentation("dice", bootstrap.weighted_mean, table, weights, dice)
    for name, correlation in (
        ("rho", discrimination.pearson),
        ("spearman", discrimination.spearman),
    ):
        for region in ("brain", "tumour"):
            doubt = table[f"{region}_predictive"]
            yield _segmentation(f"{name}_{region}", correlation, table, weights, doubt, dice)
    for region in ("brain", "tumour"):
        for part in PARTS:
            doubt = table[f"{region}_{part}"]
            yield _segmentation(f"{part}_{region}", bootstrap.weighted_mean, table, weights, doubt)
    empty = tumour.isna().astype(float)
    yield _segmentation("empty_tumour", bootstrap.weighted_mean, table, weights, empty)
    # ASSUME: a tumour that was not found is as doubtful as the most doubtful one that was.
    filled = tumour.fillna(tumour.max())
    name = "rho_tumour_with_empty"
    yield _segmentation(name, discrimination.pearson, table, weights, filled, dice)


def _segmentation(name, measure, table, weights, *columns):
    """Return one segmentation measure over the rows where all its `columns` hold numbers."""
    exists = np.logical_and.reduce([column.notna() for column in columns])
    values = [column.to_numpy(dtype=float)[exists] for column in columns]
    n = table["case"][exists].nunique()
    return "segmentation", name, measure(*values, weights[:, exists]), n


def measure_cells(paths, measures, *, resamples, level, interval, rng):
    """Return the long table of `measures(table, weights)` over the cells at `paths`.

    One matrix of resamples of all cases of the study serves every cell: differences between
    cells are paired. Rows are sorted by network, rate and passes; the columns are `COLUMNS` and
    `reason`, which says why an interval was refused.
    """
    tables = {cell_of(path): read_table(path) for path in paths}
    ids = np.concatenate(
        [np.array([], dtype=str), *(t["case"].to_numpy(str) for t in tables.values())]
    )
    cases, weights = bootstrap.case_weights(ids, resamples, rng)
    rows = []
    for cell in sorted(tables):
        table = tables[cell]
        mine = bootstrap.row_weights(table["case"], cases, weights)
        for task, measure, draws, n in measures(table, mine):
            value, low, high, reason = bootstrap.interval(
                draws, level, "percentile" if measure in WITHOUT_ESTIMATE else interval
            )
            name = (cell.network, f"{cell.rate:.2f}", cell.passes, task, measure)
            rows.append((*name, value, low, high, n, reason))
    return pd.DataFrame(rows, columns=[*COLUMNS, "reason"])


def write_measures(table, path):
    """Write the long table of `measure_cells`; print which intervals were refused and why."""
    write_table(table[COLUMNS], path)
    refused = table[table["reason"] != ""]
    print(f"{len(table)} measures, {len(refused)} intervals refused")
    if len(refused):
        print(refused.drop(columns=["low", "high"]).to_string(index=False))

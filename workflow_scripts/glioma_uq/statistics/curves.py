"""The tables of curves: reliability diagrams and risk-coverage curves, with their bands."""

import numpy as np
import pandas as pd

from glioma_uq.predictions import cell_of, known_rows
from glioma_uq.seeds import seed_for
from glioma_uq.statistics.bootstrap import draw_resamples
from glioma_uq.statistics.calibration import reliability
from glioma_uq.statistics.measures import REGIONS
from glioma_uq.statistics.risk_coverage import risk_coverage
from glioma_uq.tables import read_table
from glioma_uq.tasks import TASKS

CELL = ["network", "rate", "passes", "task"]
RELIABILITY = [*CELL, "low", "high", "n", "confidence", "accuracy", "null_low", "null_high"]
RISK_COVERAGE = [*CELL, "doubt", "coverage", "risk", "low", "high", "n"]


def reliability_table(paths, *, ece, resamples, level, seed):
    """Return the bins of the reliability diagrams of the cells at `paths`, a row for each.

    Columns are `RELIABILITY`; `ece` is a `measures.Ece`. The null band of a task is drawn from
    `seed`, with the same random numbers for every cell.
    """
    parts = []
    for path in sorted(paths, key=cell_of):
        table, cell = read_table(path), cell_of(path)
        for task in TASKS:
            _, labels, probabilities = known_rows(table, task)
            rng = np.random.default_rng(seed_for(seed, "reliability", task))
            bins = reliability(probabilities, labels, rng, ece.bins, ece.binning, resamples, level)
            parts.append(bins.assign(**_name(cell), task=task))
    return _together(parts, RELIABILITY)


def risk_coverage_table(classification, segmentation, *, resamples, level, rng):
    """Return the risk-coverage curves of the cells at the given paths, a row for each coverage.

    Columns are `RISK_COVERAGE`. The column `doubt` names the uncertainty that orders the cases:
    that of a task, or the mean of a region. The loss is 1 for a wrong class, or 1 - Dice. `low`
    and `high` are pointwise percentiles of the resamples.
    """
    paths = {path: read_table(path) for path in [*classification, *segmentation]}
    drawn = draw_resamples(paths.values(), resamples, rng)
    parts = []
    for path in sorted(classification, key=cell_of):
        for task in TASKS:
            rows, *curve = classification_risk(paths[path], task)
            parts.append(_curve(cell_of(path), task, "predictive", rows, *curve, drawn, level))
    for path in sorted(segmentation, key=cell_of):
        for region in REGIONS:
            rows, *curve = segmentation_risk(paths[path], f"{region}_predictive")
            name = f"{region}_predictive"
            parts.append(_curve(cell_of(path), "segmentation", name, rows, *curve, drawn, level))
    return _together(parts, RISK_COVERAGE)


def classification_risk(table, task):
    """Return (rows with a known label, predictive uncertainty [n], 1 for a wrong class [n])."""
    known, labels, probabilities = known_rows(table, task)
    wrong = (probabilities.argmax(axis=1) != labels).astype(float)
    return known, known[f"{task}_predictive"].to_numpy(dtype=float), wrong


def segmentation_risk(table, score):
    """Return (rows with Dice and the column `score`, that column [n], 1 - Dice [n])."""
    known = table.dropna(subset=["dice", score])
    return known, known[score].to_numpy(dtype=float), 1 - known["dice"].to_numpy(dtype=float)


def _curve(cell, task, name, rows, uncertainty, loss, resamples, level):
    curve, replicates = risk_coverage(uncertainty, loss, resamples.of(rows))
    if len(curve):
        band = np.nanquantile(replicates, [(1 - level) / 2, (1 + level) / 2], axis=0)
        curve["low"], curve["high"] = band
    return curve.assign(**_name(cell), task=task, doubt=name, n=rows["case"].nunique())


def _name(cell):
    return {"network": cell.network, "rate": f"{cell.rate:.2f}", "passes": cell.passes}


def _together(parts, columns):
    parts = [part for part in parts if len(part)]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    return table[columns]

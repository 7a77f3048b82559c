"""The tables of curves: reliability diagrams and risk-coverage curves, with their bands."""

import numpy as np
import pandas as pd

from glioma_uq.grid import format_cell
from glioma_uq.predictions import known_rows
from glioma_uq.seeds import seed_for
from glioma_uq.statistics.bootstrap import draw_resamples
from glioma_uq.statistics.calibration import reliability
from glioma_uq.statistics.long_tables import (
    CELL,
    THESE_NETWORKS,
    concat_nonempty,
    given_networks,
    read_cells,
)
from glioma_uq.statistics.measures import REGIONS
from glioma_uq.statistics.patients import patients_of
from glioma_uq.statistics.risk_coverage import (
    classification_risk,
    risk_coverage,
    segmentation_risk,
)
from glioma_uq.tasks import TASKS

BINS = ["low", "high", "n", "confidence", "accuracy", "null_low", "null_high"]
RELIABILITY = [*CELL, "task", *BINS]
RISK_COVERAGE = [*CELL, "task", "uncertainty", "coverage", "risk", "low", "high", "n", "given"]


def reliability_table(paths, *, ece, resamples, level, seed):
    """Return the bins of the reliability diagrams of the cells at `paths`, a row for each.

    Columns are `RELIABILITY`; `n` is the number of cases in the bin, the mean over the seeds of
    training. `ece` is a `measures.Ece`. The null band of a task is drawn from
    `seed`, with the same random numbers for every cell.
    """
    parts = [pd.DataFrame(columns=RELIABILITY)]
    for cell, table in sorted(read_cells(paths).items()):
        for task in TASKS:
            known, labels, probabilities = known_rows(table, task)
            rng = np.random.default_rng(seed_for(seed, "reliability", task))
            predicted = probabilities, labels, rng, ece.bins, ece.binning
            bins = reliability(*predicted, resamples, level, cases=patients_of(known))
            if len(known) > (n := known["case"].nunique()):
                bins["n"] *= n / len(known)
            parts.append(bins.assign(**_name(cell, task)))
    return concat_nonempty(parts)[RELIABILITY]


def risk_coverage_table(classification, segmentation, *, resamples, level, rng):
    """Return the risk-coverage curves of the cells at the given paths, a row for each coverage.

    Columns are `RISK_COVERAGE`. The column `uncertainty` names what orders the cases: that of a
    task, or the mean of a region. The loss is 1 for a wrong class, or 1 - Dice. `low` and `high`
    are pointwise percentiles of the resamples.
    """
    classification, segmentation = read_cells(classification), read_cells(segmentation)
    drawn = draw_resamples([*classification.items(), *segmentation.items()], resamples, rng)
    risks = [
        (cell, task, "predictive", *classification_risk(table, task))
        for cell, table in sorted(classification.items())
        for task in TASKS
    ]
    risks += [
        (cell, "segmentation", score, *segmentation_risk(table, score))
        for cell, table in sorted(segmentation.items())
        for score in (f"{region}_predictive" for region in REGIONS)
    ]
    parts = [pd.DataFrame(columns=RISK_COVERAGE)]
    for cell, task, score, rows, uncertainty, loss in risks:
        curve, replicates = risk_coverage(uncertainty, loss, drawn.of(cell, rows))
        if len(curve):
            band = np.nanquantile(replicates, [(1 - level) / 2, (1 + level) / 2], axis=0)
            curve["low"], curve["high"] = band
        given = THESE_NETWORKS if given_networks({cell: rows}) else ""
        named = _name(cell, task) | {"uncertainty": score, "given": given}
        parts.append(curve.assign(**named, n=rows["case"].nunique()))
    return concat_nonempty(parts)[RISK_COVERAGE]


def _name(cell, task):
    return dict(zip([*CELL, "task"], (*format_cell(cell), task), strict=True))

"""Correlations of uncertainty with Dice that differences between folds make or hide."""

import numpy as np

from glioma_uq.report.verdict import with_interval

REGIONS = {"brain": "the brain", "tumour": "the predicted tumour"}


def warnings(segmentation, rate, passes):
    """Return a sentence on each network and region whose pooled correlation misleads.

    Pooled over folds and within them (`measures.segmentation_measures`) it has opposite signs, or
    the interval of the difference leaves 0 out. `segmentation` is the long table, or None.
    """
    if segmentation is None:
        return []
    here = np.isclose(segmentation["rate"], rate) & (segmentation["passes"] == passes)
    numbers = {
        (row.network, row.measure): (row.value, row.low, row.high)
        for row in segmentation[here].itertuples()
    }
    texts = []
    for network in segmentation["network"].unique():
        for region, name in REGIONS.items():
            names = [f"rho_{region}{end}" for end in ("", "_within_folds", "_minus_within")]
            found = [numbers.get((network, measure)) for measure in names]
            if None not in found and disagree(*found):
                texts.append(
                    f"{network}, uncertainty of {name}: its correlation with Dice is "
                    f"{with_interval(*found[0])} pooled over folds and {with_interval(*found[1])} "
                    "within them. Each fold is tested by networks of its own, whose means differ; "
                    "only the correlation within folds tells which cases of a network are worse."
                )
    return texts


def disagree(pooled, within, difference):
    """Return whether two correlations (value, low, high) differ in sign or beyond chance."""
    return pooled[0] * within[0] < 0 or difference[1] > 0 or difference[2] < 0

"""Calibration, discrimination and uncertainty of every cell, with intervals."""

from functools import partial

from glioma_uq.statistics.long_tables import measure_cells
from glioma_uq.statistics.measures import classification_measures


def tabulate(*, cells, seed, intervals, ece, auc_average, rng):
    measures = partial(classification_measures, seed=seed, ece=ece, auc_average=auc_average)
    return measure_cells(cells, measures, **intervals, rng=rng())

"""Probabilities and uncertainty against the true posterior, known for the phantom alone."""

from functools import partial

from glioma_uq.statistics.long_tables import measure_cells
from glioma_uq.statistics.posterior_truth import truth_measures
from glioma_uq.statistics.selected_cell import at_passes, read_selected_cell
from glioma_uq.tables import read_table


def tabulate(*, cells, truth, selection, intervals, ece, auc_average, rng):
    _, passes = read_selected_cell(selection)
    options = {"truth": read_table(truth), "ece": ece, "auc_average": auc_average}
    measures = partial(truth_measures, **options)
    return measure_cells(at_passes(cells, passes), measures, rng=rng(), **intervals)

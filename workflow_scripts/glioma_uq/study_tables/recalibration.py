"""Probabilities recalibrated on validation cases, measured beside the raw ones."""

from glioma_uq.statistics.fitted_tables import recalibration_table
from glioma_uq.statistics.selected_cell import cells_at_selected_passes


def tabulate(*, cells, validation, selection, methods, intervals, ece, rng):
    tables = cells_at_selected_passes(selection, cells, validation)
    return recalibration_table(*tables, methods=methods, ece=ece, rng_of=rng, **intervals)

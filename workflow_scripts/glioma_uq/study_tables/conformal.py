"""Conformal prediction sets, calibrated on validation cases: coverage and size."""

from glioma_uq.statistics.fitted_tables import conformal_table
from glioma_uq.statistics.selected_cell import cells_at_selected_passes


def tabulate(*, cells, validation, selection, alpha, class_conditional, intervals, rng):
    tables = cells_at_selected_passes(selection, cells, validation)
    options = {"alpha": alpha, "class_conditional": class_conditional}
    return conformal_table(*tables, rng_of=rng, **options, **intervals)

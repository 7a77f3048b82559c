"""The tumour threshold that limits missed tumour on validation cases, and its result."""

from glioma_uq.statistics.fitted_tables import mask_control_table
from glioma_uq.statistics.selected_cell import cells_at_selected_passes


def tabulate(*, voxels, validation, selection, alpha, intervals, rng):
    tables = cells_at_selected_passes(selection, voxels, validation)
    return mask_control_table(*tables, alpha=alpha, rng=rng(), **intervals)

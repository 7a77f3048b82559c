"""Overlap, uncertainty and their association in every cell, with intervals."""

from glioma_uq.predictions import cell_of
from glioma_uq.statistics.long_tables import COLUMNS, concat_nonempty, measure_tables, read_cells
from glioma_uq.statistics.measures import segmentation_measures, voxel_measures
from glioma_uq.statistics.voxel_calibration import counts_by_case
from glioma_uq.tables import read_table


def tabulate(*, cells, voxels, intervals, rng):
    counted = {cell_of(path): counts_by_case(read_table(path)) for path in voxels}
    parts = [
        measure_tables(read_cells(cells), segmentation_measures, **intervals, rng=rng()),
        measure_tables(counted, voxel_measures, **intervals, rng=rng()),
    ]
    return concat_nonempty(parts).sort_values(COLUMNS[:3], kind="stable")
